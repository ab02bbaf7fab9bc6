"""The tables of a session file, their version and the way from one version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import lru_cache

APPLICATION_ID = 0x6C616231  # "lab1", stored in the SQLite header: how a session is told from any other database


def _first_version(connection: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE session(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE runs(id INTEGER PRIMARY KEY, name TEXT NOT NULL, experiment TEXT NOT NULL, created TEXT NOT NULL,"
        " steps INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, parent INTEGER, parent_step INTEGER,"
        " colour TEXT NOT NULL, pinned INTEGER NOT NULL, visible INTEGER NOT NULL, deleted INTEGER NOT NULL,"
        " summary TEXT NOT NULL, bytes INTEGER NOT NULL)",
        "CREATE TABLE streams(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, form TEXT NOT NULL,"
        " dtype TEXT NOT NULL, shape TEXT NOT NULL, every INTEGER NOT NULL, unit TEXT NOT NULL, meta TEXT NOT NULL,"
        " first INTEGER, last INTEGER, rows INTEGER NOT NULL, bytes INTEGER NOT NULL)",
        "CREATE UNIQUE INDEX streams_by_run ON streams(run, name)",
        "CREATE TABLE chunks(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
        " rows INTEGER NOT NULL, shape TEXT, crc INTEGER NOT NULL, data BLOB NOT NULL)",
        "CREATE INDEX chunks_by_stream ON chunks(stream, last)",
        "CREATE TABLE log(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,"
        " name TEXT NOT NULL, payload TEXT NOT NULL, crc INTEGER NOT NULL)",
        "CREATE INDEX log_by_run ON log(run)",
        "CREATE TABLE checkpoints(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, step INTEGER NOT NULL, meta TEXT NOT NULL,"
        " crc INTEGER NOT NULL)",
        "CREATE INDEX checkpoints_by_run ON checkpoints(run, step)",
        "CREATE TABLE arrays(id INTEGER PRIMARY KEY, checkpoint INTEGER NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL,"
        " shape TEXT NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL)",
        "CREATE INDEX arrays_by_checkpoint ON arrays(checkpoint)",
    ):
        connection.execute(statement)


# Version v is what the first v entries make, one after the other; a new file goes the same way as an old one, so that there
# is exactly one text of the schema per version to compare with. Entries are only ever added, and use CREATE and ADD COLUMN.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_version,)


def current_version() -> int:
    """The version this program writes."""
    return len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring an open file from a version to the current one, each step in its own transaction."""
    for number in range(version, current_version()):
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def actual(connection: sqlite3.Connection) -> list[tuple]:
    """Every entry of the schema of an open file, sorted; a flood of entries is cut short."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 1000").fetchall()
    return sorted(rows, key=repr)


def expected(version: int) -> list[tuple]:
    """Every entry the schema of a version has: no trigger, view or column beside ours can hide behind this comparison."""
    return list(_made_by(MIGRATIONS[:version]))


@lru_cache
def _made_by(steps: tuple[Callable[[sqlite3.Connection], None], ...]) -> tuple[tuple, ...]:
    blank = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for step in steps:
            step(blank)
        return tuple(actual(blank))
    finally:
        blank.close()
