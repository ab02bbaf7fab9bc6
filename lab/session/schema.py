"""The tables of a session file, their version and the way from one version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import lru_cache

from lab.session.codec import row_checksum

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


def _second_version(connection: sqlite3.Connection) -> None:
    """A checksum in each row of the tables without arrays, and with each run what it was made on."""
    connection.execute("ALTER TABLE session ADD COLUMN crc INTEGER")
    connection.execute("ALTER TABLE runs ADD COLUMN made TEXT NOT NULL DEFAULT '{}'")
    connection.execute("ALTER TABLE runs ADD COLUMN crc INTEGER")
    connection.execute("ALTER TABLE streams ADD COLUMN crc INTEGER")
    for table in SIGNED:
        connection.execute(sign(table))


LET_GO = ',"let_go":true}'  # so ends what a checkpoint says whose arrays were let go: nothing can go on from it
SETTING_COLUMNS = "key,value"
RUN_COLUMNS = "id,name,experiment,created,steps,state,reason,parent,parent_step,colour,pinned,visible,deleted,summary,bytes,made"
STREAM_COLUMNS = "id,run,name,form,dtype,shape,every,unit,meta,first,last,rows,bytes"
SIGNED = {"session": SETTING_COLUMNS, "runs": RUN_COLUMNS, "streams": STREAM_COLUMNS}  # rows whose checksum covers these


def sign(table: str, where: str = "") -> str:
    """The statement that writes the checksum of rows as they stand; `row_checksum` is ours (see `Connection`)."""
    return f"UPDATE {table} SET crc=row_checksum({SIGNED[table]}) {where}"


# Version v is what the first v entries make, one after the other; a new file goes the same way as an old one, so that there
# is exactly one text of the schema per version to compare with. Entries are only ever added, and use CREATE and ADD COLUMN.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_version, _second_version)


def current_version() -> int:
    """The version this program writes."""
    return len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring an open file from a version to the current one, all of the way or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(f"PRAGMA user_version={current_version()}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def allow_signing(connection: sqlite3.Connection) -> None:
    """Give a connection the function that rows are signed with."""
    connection.create_function("row_checksum", -1, row_checksum, deterministic=True)


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
        allow_signing(blank)
        for step in steps:
            step(blank)
        return tuple(actual(blank))
    finally:
        blank.close()
