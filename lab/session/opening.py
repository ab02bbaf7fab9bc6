"""Opening a session file that may come from a stranger, and saying in one sentence what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from lab.errors import DiskError, FileError
from lab.session import schema
from lab.session.codec import MAX_BLOB, MAX_TEXT
from lab.session.lock import SessionLock

MALFORMED = (sqlite3.Error, MemoryError, UnicodeDecodeError)  # SQLite's own message may quote what is no text
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
QUICK_CHECK_BYTES = 32_000_000  # larger files are checked chunk by chunk as they are read: opening must not scan a gigabyte
BUSY_SECONDS = 5.0

# POSIX drops every lock a process has on a file when it closes ANY descriptor of that file. Looking at the header of a file
# that is open here as a database would let another program take our write-ahead log away, so such files are not looked at.
_open_here: Counter[tuple[int, int]] = Counter()
_open_here_lock = threading.Lock()


class Connection(sqlite3.Connection):
    """A connection that is counted while it is open."""

    identity: tuple[int, int] | None = None

    def in_place(self, path: Path) -> bool:
        """Whether `path` still leads to the file that this connection writes to."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.identity

    def close(self) -> None:
        super().close()
        with _open_here_lock:
            if self.identity is not None:
                _open_here[self.identity] -= 1
                self.identity = None


def real_path(path: str | os.PathLike) -> Path:
    """The file that a path leads to; raises FileError for one that no system can hold."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as problem:
        raise FileError(f"{str(path)[:100]!r} cannot be the name of a session; choose another.") from problem


def connect(path: Path, *, writable: bool, checked: bool = True) -> Connection:
    """Open a session file with everything switched off that a hostile file could use.

    A file that is not open here already has its header, and what lies beside it, looked at first, before SQLite touches it.
    """
    try:
        return _connect(path, writable=writable, checked=checked)
    except MALFORMED as problem:
        raise explain(path, problem) from problem


def _connect(path: Path, *, writable: bool, checked: bool = True) -> Connection:
    """The same, with SQLite's own errors."""
    try:
        with _open_here_lock:
            found = os.stat(path)
            check_regular(path, found)
            identity = (found.st_dev, found.st_ino)
            if _open_here[identity] == 0:
                check_beside(path)
                if checked:
                    check_header(path)
            _open_here[identity] += 1
    except OSError as problem:
        raise FileError(f"'{path}' cannot be opened ({problem.strerror}); check the name and the folder.") from problem
    connection = None
    try:
        connection = sqlite3.connect(
            _uri(path, "rw" if writable else "ro"), uri=True, timeout=BUSY_SECONDS, isolation_level=None,
            check_same_thread=False, cached_statements=64, factory=Connection,
        )  # fmt: skip
        connection.identity = identity
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BLOB + 1_000_000 if writable else MAX_TEXT)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)  # VACUUM INTO needs the one
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "secure_delete=OFF", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.text_factory = _text  # a row with a text that is none is then left out, not all rows
        if writable:
            schema.allow_signing(connection)
        else:
            connection.execute("PRAGMA query_only=ON")
    except BaseException:
        if connection is not None:
            connection.close()
        else:
            with _open_here_lock:
                _open_here[identity] -= 1
        raise
    return connection


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def check_regular(path: Path, found: os.stat_result) -> None:
    """Raise FileError for a folder, a pipe or a device."""
    if stat.S_ISDIR(found.st_mode):
        raise FileError(f"'{path}' is a folder, not a session; name a .lab file.")
    if not stat.S_ISREG(found.st_mode):
        raise FileError(f"'{path}' is a pipe or a device, not a session; name a .lab file.")


def check_beside(path: Path) -> None:
    """Raise FileError for what must not lie beside a file that SQLite opens.

    Rolling a journal back that names another file can delete that file; ours never name one. And a link, or a pipe, in place
    of one of SQLite's own files is no accident.
    """
    for ending in ("-journal", "-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        try:
            found = os.lstat(beside)
        except OSError:
            continue
        if not stat.S_ISREG(found.st_mode):
            raise FileError(f"Beside '{path.name}' lies '{beside.name}', which is no regular file; remove it if you do not know it.")
        if ending == "-journal" and found.st_size >= 8:
            with open(beside, "rb") as file:
                file.seek(-8, os.SEEK_END)
                if file.read(8) == JOURNAL_MAGIC:
                    raise FileError(
                        f"'{beside.name}' beside '{path.name}' names another file, which ours never do; remove it if you do not know it."
                    )


def check_header(path: Path) -> None:
    """Raise FileError unless the first hundred bytes are those of a session file of a version known here."""
    with open(path, "rb") as file:
        header = file.read(100)
    if not header:
        raise FileError(f"'{path.name}' is empty, not a session; restore it from a copy.")
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise FileError(f"'{path.name}' is not a session file; name a file that was saved as .lab.")
    check_identity(path, int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big"))


def check_identity(path: Path, application_id: int, version: int) -> None:
    """Raise FileError for another program's database and for a version that is newer than this program."""
    if application_id != schema.APPLICATION_ID:
        raise FileError(f"'{path.name}' is a database of another program, not a session; name a file that was saved as .lab.")
    if version > schema.current_version():
        raise FileError(
            f"'{path.name}' was saved by a newer version of the lab (file version {version}, this program knows up to "
            f"{schema.current_version()}); update the program to open it."
        )
    if version < 1:
        raise FileError(f"'{path.name}' is damaged: its version {version} does not exist; restore it from a copy.")


def open_checked(path: Path, *, writable: bool) -> Connection:
    """Open a file and check identity, version and the exact schema; small files are checked page by page as well.

    A file whose program was killed in the middle of a change is restored first. An older version is brought up to date when
    it is opened for writing, and read as it is otherwise.
    """
    try:
        return _open_checked(path, writable=writable)
    except MALFORMED as problem:
        name = getattr(problem, "sqlite_errorname", "") or ""
        if writable or not name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")) or not _left_over(path):
            raise explain(path, problem) from problem
    _restore(path)
    try:
        return _open_checked(path, writable=writable)
    except MALFORMED as problem:
        raise explain(path, problem) from problem


def _left_over(path: Path) -> list[str]:
    """Files that a killed program left beside a session and without which it is not whole."""
    return [path.name + ending for ending in ("-journal", "-wal") if path.with_name(path.name + ending).exists()]


def _restore(path: Path) -> None:
    """Let SQLite undo or finish what a killed program had begun, which takes writing; nothing that was committed changes."""
    beside = " and ".join(f"'{name}'" for name in _left_over(path))
    try:
        lock = SessionLock(path)
    except FileError as problem:
        raise FileError(
            f"'{path.name}' was being written when its program ended, and {beside} beside it holds what must be put in order first: "
            f"copy both to a folder that you may write to and open it there ({problem})"
        ) from problem
    try:
        connection = _connect(path, writable=True)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        finally:
            connection.close()
    except MALFORMED as problem:
        raise explain(path, problem) from problem
    finally:
        lock.release()


def _open_checked(path: Path, *, writable: bool) -> Connection:
    connection = _connect(path, writable=writable)
    try:
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        check_identity(path, application_id, version)
        if schema.actual(connection) != schema.expected(version):
            raise FileError(f"'{path.name}' has other tables than a session has, so it is not opened; restore it from a copy you trust.")
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size <= QUICK_CHECK_BYTES:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found is None or found[0] != "ok":
                raise FileError(f"'{path.name}' is damaged ({_first_line(found)}); restore it from a copy.")
        if version < schema.current_version() and writable:
            schema.migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def explain(path: Path, problem: BaseException) -> FileError:
    """One sentence for what SQLite reports: what, where, remedy."""
    code = getattr(problem, "sqlite_errorname", "") or ""
    name = f"'{path.name}'"
    kind = DiskError if code.startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR")) else FileError
    if code.startswith("SQLITE_FULL"):
        sentence = f"The disk with {name} is full; make room and try again, nothing already recorded is lost."
    elif code.startswith("SQLITE_READONLY"):
        sentence = f"{name} or its folder '{path.parent}' is read-only; copy it to a folder of your own, nothing already recorded is lost."
    elif code.startswith("SQLITE_IOERR"):
        sentence = f"The disk with {name} reports an error ({code}); check it and try again, nothing already recorded is lost."
    elif code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        sentence = f"{name} is in use by another program; close it there and try again."
    elif code.startswith("SQLITE_CANTOPEN"):
        sentence = f"{name} cannot be opened in '{path.parent}'; check the folder and whether it may be written to."
    elif isinstance(problem, MemoryError) or code.startswith(("SQLITE_NOMEM", "SQLITE_TOOBIG")) or isinstance(problem, sqlite3.DataError):
        sentence = f"{name} asks for more memory than there is or is allowed, it may be damaged; restore it from a copy."
    elif isinstance(problem, UnicodeDecodeError):
        sentence = f"{name} is damaged (a name in it is no text); restore it from a copy."
    else:
        sentence = f"{name} is damaged ({_first_line((str(problem),))}); restore it from a copy."
    return kind(sentence)


def _first_line(row: tuple | None) -> str:
    text = str(row[0]).strip() if row else "no answer"
    lines = [line for line in text.splitlines() if not line.startswith("***")] or [text]
    return lines[0][:120].encode("utf-8", "replace").decode()


def _uri(path: Path, mode: str) -> str:
    text = path.as_posix()
    return "file://" + quote(os.fsencode(text if text.startswith("/") else "/" + text), safe="/:") + f"?mode={mode}"
