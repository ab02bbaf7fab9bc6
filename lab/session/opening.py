"""Opening a session file that may come from a stranger, and saying in one sentence what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from lab.errors import FileError
from lab.session import schema
from lab.session.codec import MAX_BLOB

QUICK_CHECK_BYTES = 32_000_000  # larger files are checked chunk by chunk as they are read: opening must not scan a gigabyte
BUSY_SECONDS = 5.0

# POSIX drops every lock a process has on a file when it closes ANY descriptor of that file. Looking at the header of a file
# that is open here as a database would let another program take our write-ahead log away, so such files are not looked at.
_open_here: Counter[tuple[int, int]] = Counter()
_open_here_lock = threading.Lock()


class Connection(sqlite3.Connection):
    """A connection that is counted while it is open."""

    identity: tuple[int, int] | None = None

    def close(self) -> None:
        super().close()
        with _open_here_lock:
            if self.identity is not None:
                _open_here[self.identity] -= 1
                self.identity = None


def connect(path: Path, *, writable: bool, checked: bool = True) -> Connection:
    """Open a session file with everything switched off that a hostile file could use.

    A file that is not open here already has its header looked at first, before SQLite touches it.
    """
    try:
        with _open_here_lock:
            stat = os.stat(path)
            identity = (stat.st_dev, stat.st_ino)
            if checked and _open_here[identity] == 0:
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
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BLOB + 1_000_000)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)  # VACUUM INTO needs the one
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "secure_delete=OFF", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        if not writable:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as problem:
        if connection is not None:
            connection.close()
        else:
            with _open_here_lock:
                _open_here[identity] -= 1
        raise explain(path, problem) from problem
    return connection


def check_header(path: Path) -> None:
    """Raise FileError unless the first hundred bytes are those of a session file of a version known here."""
    if path.is_dir():
        raise FileError(f"'{path}' is a folder, not a session; name a .lab file.")
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
    """Open a file and check identity, version and the exact schema; small files are checked page by page as well."""
    connection = connect(path, writable=writable)
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
        if version < schema.current_version():
            if not writable:
                raise FileError(f"'{path.name}' has the older file version {version}; open it once for writing to bring it up to date.")
            schema.migrate(connection, version)
    except BaseException as problem:
        connection.close()
        if isinstance(problem, (sqlite3.Error, MemoryError)):
            raise explain(path, problem) from problem
        raise
    return connection


def explain(path: Path, problem: BaseException) -> FileError:
    """One sentence for what SQLite reports: what, where, remedy."""
    code = getattr(problem, "sqlite_errorname", "") or ""
    name = f"'{path.name}'"
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
    elif isinstance(problem, MemoryError) or code.startswith(("SQLITE_NOMEM", "SQLITE_TOOBIG")):
        sentence = f"{name} asks for more memory than there is or is allowed, it may be damaged; restore it from a copy."
    else:
        sentence = f"{name} is damaged ({_first_line((str(problem),))}); restore it from a copy."
    return FileError(sentence)


def _first_line(row: tuple | None) -> str:
    text = str(row[0]).strip() if row else "no answer"
    lines = [line for line in text.splitlines() if not line.startswith("***")] or [text]
    return lines[0][:120]


def _uri(path: Path, mode: str) -> str:
    text = path.as_posix()
    return "file://" + quote(os.fsencode(text if text.startswith("/") else "/" + text), safe="/:") + f"?mode={mode}"
