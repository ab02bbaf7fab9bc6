"""Making, copying and closing session files as files."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import DiskError, FileError
from lab.session import schema
from lab.session.lock import SessionLock
from lab.session.opening import MALFORMED, Connection, connect, explain
from lab.session.reader import MAX_ID

PAGE_SIZE = 16384  # bytes; larger ones record a little faster and make every small commit and file larger
COPIED = "The copy was saved while this run was being recorded."
SET = "INSERT OR REPLACE INTO session(key, value, crc) VALUES(?1, ?2, row_checksum(?1, ?2))"
SIDE_FILES = ("-wal", "-shm", "-journal")  # SQLite's, named after the file they belong to


def part_of(path: Path) -> Path:
    """The file under which a session is made or copied before it gets its name; whoever holds the lock may remove one left over."""
    return path.with_name(f".{path.name}.part")


def clear_part(path: Path) -> None:
    """Remove what a program that was killed while it made or copied this session has left."""
    for ending in ("", *SIDE_FILES):
        try:
            part = part_of(path)
            part.with_name(part.name + ending).unlink(missing_ok=True)
        except OSError:
            pass


def create_file(path: Path, title: str) -> None:
    """Make a new session file with empty tables; refuses when the name is taken.

    It is made whole under another name first: a program that is killed meanwhile leaves no half file with this name.
    """
    if os.path.lexists(path):
        raise FileError(f"'{path}' already exists; choose another name or open it.")
    for left_over in (path.with_name(path.name + ending) for ending in ("-wal", "-journal")):
        if os.path.lexists(left_over):  # SQLite would take it for ours
            raise FileError(f"Beside '{path.name}' lies '{left_over.name}' of an earlier file; move it away or choose another name.")
    clear_part(path)
    part = part_of(path)
    try:
        # Only for the person: what others may read is for the person to say.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except OSError as problem:
        raise _refused(path, problem) from problem
    connection = None
    try:
        connection = connect(part, writable=True, checked=False)
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        schema.migrate(connection, 0)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        settings = [("title", title), ("notes", ""), ("document", "{}"), ("created", created), ("clean", "1")]
        connection.execute("BEGIN")
        connection.executemany(SET, settings)
        connection.execute("COMMIT")
        connection.close()
        connection = None
        _publish(part, path)
    except MALFORMED as problem:
        raise explain(path, problem) from problem
    except OSError as problem:
        raise _refused(path, problem) from problem
    finally:
        if connection is not None:
            connection.close()
        clear_part(path)


def _publish(part: Path, path: Path) -> None:
    """Give a finished file its name, which must still be free."""
    try:
        os.link(part, path)
    except FileExistsError as problem:
        raise FileError(f"'{path}' already exists; choose another name or open it.") from problem
    except OSError:  # a disk that knows no second names
        if os.path.lexists(path):
            raise FileError(f"'{path}' already exists; choose another name or open it.") from None
        os.rename(part, path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # the name, too, is there after the power failed
        except OSError:
            pass
        finally:
            os.close(folder)


def _refused(path: Path, problem: OSError) -> FileError:
    if problem.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", -1)):
        return DiskError(f"The disk with '{path.name}' is full; make room and try again, nothing already recorded is lost.")
    return FileError(f"'{path}' cannot be made ({problem.strerror}); choose another folder.")


def start_writing(connection: Connection, path: Path) -> tuple[int, int, int]:
    """Switch to write-ahead logging, so that a killed program loses nothing; the highest numbers of runs, streams and checkpoints."""
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise FileError(
                f"The disk with '{path.name}' does not allow recording (journal mode {mode}); copy the session to a local disk."
            )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")  # the thread that writes does it, when it is worth it
        connection.execute("PRAGMA journal_size_limit=4000000")  # a log that was large once does not stay so
        highest = [
            connection.execute(f"SELECT coalesce(max(id), 0) FROM {table} WHERE id<?", (MAX_ID,)).fetchone()[0]
            for table in ("runs", "streams", "checkpoints")
        ]
        return highest[0], highest[1], highest[2]
    except MALFORMED as problem:
        raise explain(path, problem) from problem


def close_file(connection: Connection, path: Path) -> None:
    """Move the write-ahead log into the file, return to a single file and close the connection."""
    try:
        connection.execute("PRAGMA busy_timeout=500")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorname", "") or ""
        if not code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):  # then somebody else still reads, and the last to close tidies up
            raise FileError(
                f"'{path.name}' is saved, but in two files because the disk failed on closing ({problem}); "
                f"keep '{path.name}-wal' beside it until it was opened again."
            ) from problem
    finally:
        connection.close()


def copy_file(write: Callable[[Path], None], source: Path, target: Path) -> None:
    """Give a complete, closed copy of an open session, which `write` writes, a name; the target appears or is replaced in one go."""
    if target == source or (target.exists() and source.exists() and os.path.samefile(source, target)):
        raise FileError(f"'{source.name}' cannot be saved as a copy over itself; choose another name.")
    if target.is_dir():
        raise FileError(f"'{target}' is a folder; name a .lab file in it.")
    lock = SessionLock(target)
    try:
        write_part(write, target)
        for ending in SIDE_FILES:  # a left-over log of the file replaced would be taken for one of the copy
            target.with_name(target.name + ending).unlink(missing_ok=True)
        os.replace(part_of(target), target)
    except OSError as problem:
        raise FileError(f"'{target}' cannot be written ({problem.strerror}); choose another name or folder.") from problem
    finally:
        clear_part(target)
        lock.release()


def begin_rescue(write: Callable[[Path], None], path: Path) -> None:
    """Write a session again, under the name of its part, whose file was moved or deleted while it was open; its lock is held."""
    try:
        write_part(write, path)
    except OSError as problem:
        raise FileError(
            f"'{path}' was moved or deleted, and it cannot be written again ({problem.strerror}); save a copy elsewhere."
        ) from problem


def end_rescue(path: Path, logs: Mapping[str, tuple[int, int]]) -> Path:
    """Give what was written again its name, or one beside it if that is taken, once the connection is closed.

    logs   which files beside the old one were SQLite's: they would be taken for the new one's
    """
    for ending, identity in logs.items():
        beside = path.with_name(path.name + ending)
        if identity_of(beside) == identity:
            beside.unlink(missing_ok=True)
    names = [path, path.with_name(f"{path.stem} (rescued){path.suffix}")]
    names += [path.with_name(f"{path.stem} (rescued {number}){path.suffix}") for number in range(2, 1000)]
    free = next((name for name in names if not os.path.lexists(name)), part_of(path))
    os.rename(part_of(path), free)
    return free


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file a name leads to; None for none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def write_part(write: Callable[[Path], None], target: Path) -> None:
    """Write a complete, closed copy as the part of `target`."""
    clear_part(target)
    part = part_of(target)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600))
    write(part)
    copy = connect(part, writable=True, checked=False)
    try:
        copy.execute("BEGIN")
        copy.execute(SET, ("clean", "1"))  # the copy was never open
        sound = f"WHERE state='running' AND crc IS row_checksum({schema.RUN_COLUMNS})"  # a damaged row is not signed anew
        for (number,) in copy.execute(f"SELECT id FROM runs {sound}").fetchall():
            copy.execute("UPDATE runs SET state='stopped', reason=? WHERE id=?", (COPIED, number))
            copy.execute(schema.sign("runs", "WHERE id=?"), (number,))
        copy.execute("COMMIT")
    except MALFORMED as problem:
        raise explain(target, problem) from problem
    finally:
        copy.close()
