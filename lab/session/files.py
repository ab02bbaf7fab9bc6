"""Making, copying and closing session files as files."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import FileError
from lab.session import schema
from lab.session.lock import SessionLock
from lab.session.opening import Connection, connect, explain
from lab.session.reader import SessionReader

PAGE_SIZE = 16384  # bytes; larger ones record a little faster and make every small commit and file larger
COPIED = "The copy was saved while this run was being recorded."
SIDE_FILES = ("-wal", "-shm", "-journal")  # SQLite's, named after the file they belong to


def create_file(path: Path, title: str) -> None:
    """Make a new session file with empty tables; refuses when the name is taken."""
    for left_over in (path.with_name(path.name + ending) for ending in ("-wal", "-journal")):
        if left_over.exists() and not path.exists():  # SQLite would take it for ours
            raise FileError(f"Beside '{path.name}' lies '{left_over.name}' of an earlier file; move it away or choose another name.")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as problem:
        raise FileError(f"'{path}' already exists; choose another name or open it.") from problem
    except OSError as problem:
        raise FileError(f"'{path}' cannot be made ({problem.strerror}); choose another folder.") from problem
    connection = None
    try:
        connection = connect(path, writable=True, checked=False)
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        schema.migrate(connection, 0)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        settings = [("title", title), ("notes", ""), ("document", "{}"), ("created", created), ("clean", "1")]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO session(key, value) VALUES(?,?)", settings)
        connection.execute("COMMIT")
    except (FileError, sqlite3.Error) as problem:
        if connection is not None:
            connection.close()
            connection = None
        path.unlink(missing_ok=True)
        raise problem if isinstance(problem, FileError) else explain(path, problem) from problem
    finally:
        if connection is not None:
            connection.close()


def start_writing(connection: Connection, path: Path) -> int:
    """Switch to write-ahead logging, so that a killed program loses nothing, and return the highest checkpoint number."""
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise FileError(
                f"The disk with '{path.name}' does not allow recording (journal mode {mode}); copy the session to a local disk."
            )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        return connection.execute("SELECT coalesce(max(id), 0) FROM checkpoints").fetchone()[0]
    except sqlite3.Error as problem:
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


def copy_file(reader: SessionReader, source: Path, target: Path) -> None:
    """Write a complete, closed copy of an open session; the target appears or is replaced in one go."""
    if target == source or (target.exists() and os.path.samefile(source, target)):
        raise FileError(f"'{source.name}' cannot be saved as a copy over itself; choose another name.")
    if target.is_dir():
        raise FileError(f"'{target}' is a folder; name a .lab file in it.")
    lock = SessionLock(target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        reader.write_copy(part)
        copy = connect(part, writable=True, checked=False)
        try:
            copy.execute("UPDATE session SET value='1' WHERE key='clean'")  # the copy was never open
            copy.execute("UPDATE runs SET state='stopped', reason=? WHERE state='running'", (COPIED,))
        except sqlite3.Error as problem:
            raise explain(target, problem) from problem
        finally:
            copy.close()
        for ending in SIDE_FILES:  # a left-over log of the file replaced would be taken for one of the copy
            target.with_name(target.name + ending).unlink(missing_ok=True)
        os.replace(part, target)
    except OSError as problem:
        raise FileError(f"'{target}' cannot be written ({problem.strerror}); choose another name or folder.") from problem
    finally:
        for ending in ("", *SIDE_FILES):
            part.with_name(part.name + ending).unlink(missing_ok=True)
        lock.release()
