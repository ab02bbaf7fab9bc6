"""The writing thread: one connection, a bounded queue, group commits, and nothing lost when the disk says no.

hand over -> [queue] -> batch (250 ms or 8 MB) -> one transaction -> committed = acknowledged
                ^                    |
                |   retry()          v  the disk is full, read-only, ...
                +------------- [error]: the batch stays in the queue, appends are refused with a sentence
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import FileError
from lab.session import schema
from lab.session.codec import checksum
from lab.session.opening import MALFORMED, Connection, explain
from lab.session.values import WriterStatus

COMMIT_SECONDS = 0.25
LOOK_SECONDS = 1.0
COMMIT_BYTES = 8_000_000
CHUNK_BYTES = 2_000_000  # neighbouring rows are joined to chunks of about this size
QUEUE_BYTES = 64_000_000
SIGN = {table: schema.sign(table, "WHERE id=?") for table in ("runs", "streams")}
WAL_BYTES = 64_000_000  # the write-ahead log is moved into the file whenever this much was written
WAL_LARGE = (
    4_000_000  # a log file larger than this is, too, where little is written: small commits rewrite whole pages, and it would grow for ever
)
WAL_SECONDS = 5.0  # but not more often than that


@dataclass(slots=True, eq=False)
class Rows:
    """Rows of one stream, first to last step; neighbours are joined unless every is None (a snapshot stands alone)."""

    stream: int
    run: int
    first: int
    last: int
    rows: int
    parts: tuple[bytes, ...]  # one column, or the three of events
    every: int | None  # 0 for events: anything later is a neighbour
    shape: str | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))

    def continues(self, before: Rows) -> bool:
        return self.every is not None and (self.every == 0 or self.first == before.last + self.every)


@dataclass(slots=True, eq=False)
class Statements:
    """Statements that change something other than rows; a later one with the same key takes the place of one still queued.

    run, stream   whose row is changed: it is signed anew with the batch
    """

    statements: list[tuple[str, tuple]]
    size: int
    key: str | None = None
    payload: bool = False  # counts as recorded data
    run: int | None = None
    stream: int | None = None


@dataclass(slots=True, eq=False)
class Call:
    """A function that needs the connection for itself, outside of a transaction; its failure belongs to its caller."""

    function: Callable[[sqlite3.Connection], Any]
    size: int = 0
    done: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None


Item = Rows | Statements | Call


class Writer:
    """Owner of the one writing connection of a session."""

    def __init__(self, connection: Connection, path: Path, queue_bytes: int = QUEUE_BYTES):
        self.lock = threading.Condition(threading.RLock())
        self._connection = connection
        self._path = path
        self._limit = queue_bytes
        self._queue: deque[Item] = deque()
        self._replaceable: dict[str, Statements] = {}
        self._queued = self._written = 0
        self._handed = self._committed = self._urgent = 0  # counts of items
        self._oldest = 0.0
        self._waiting = 0
        self._waited = 0.0
        self._error: FileError | None = None
        self._stopping = self._abandon = False
        self._since_checkpoint = 0
        self._log = path.with_name(f"{path.name}-wal")
        self._log_looked = time.monotonic()
        self._astray = False
        self._looked = 0.0
        self._thread = threading.Thread(target=self._work, name="lab-session-writer", daemon=True)
        self._thread.start()

    @property
    def status(self) -> WriterStatus:
        """What the thread is doing, as a frozen value."""
        with self.lock:
            error = None if self._error is None else str(self._error)
            return WriterStatus(self._queued, self._written, self._waiting > 0, self._waited, error, self._astray)

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold the lock with room for size bytes in the queue; waits while the disk is slow.

        Raises FileError when writing has failed; what the caller wanted to hand over is then not taken.
        """
        with self.lock:
            if self._full(size):
                begin = time.monotonic()
                self._waiting += 1
                try:
                    self.lock.wait_for(lambda: self._error or self._stopping or not self._full(size))
                finally:
                    self._waiting -= 1
                    self._waited += time.monotonic() - begin
            self._raise_error()
            yield

    def put(self, item: Item) -> None:
        """Queue an item at once; room() is what bounds the queue."""
        with self.lock:
            if self._stopping:
                raise FileError(f"'{self._path.name}' is closed; open it again to write to it.")
            key = item.key if isinstance(item, Statements) else None
            if key is not None and key in self._replaceable and isinstance(item, Statements):
                queued = self._replaceable[key]
                self._queued += item.size - queued.size
                queued.statements, queued.size = item.statements, item.size
                return
            if key is not None and isinstance(item, Statements):
                self._replaceable[key] = item
            wake = not self._queue or self._queued < COMMIT_BYTES <= self._queued + item.size
            if not self._queue:
                self._oldest = time.monotonic()
            self._queue.append(item)
            self._queued += item.size
            self._handed += 1
            if wake:  # waking the thread for each of thousands of small appends halved the speed
                self.lock.notify_all()

    def flush(self) -> None:
        """Wait until everything handed over so far is committed, or raise FileError when writing fails."""
        with self.lock:
            target = self._handed
            self._urgent = max(self._urgent, target)
            self.lock.notify_all()
            self.lock.wait_for(lambda: self._committed >= target or self._error or not self._thread.is_alive())
            if self._committed < target:
                self._raise_error()

    def call(self, function: Callable[[sqlite3.Connection], Any]) -> None:
        """Run a function on the writing thread after everything queued so far, and raise here what it raises."""
        call = Call(function)
        self.put(call)
        self.flush()
        call.done.wait()
        if call.failure is not None:
            if isinstance(call.failure, MALFORMED):
                raise explain(self._path, call.failure) from call.failure
            raise call.failure

    def retry(self) -> None:
        """Continue with what is queued after a failure; nothing happens when there was none."""
        with self.lock:
            self._error = None
            self.lock.notify_all()

    def stop(self, *, abandon: bool) -> None:
        """End the thread, after everything queued is written unless abandon."""
        with self.lock:
            self._stopping = True
            self._abandon = abandon
            self.lock.notify_all()
        self._thread.join()

    def _full(self, size: int) -> bool:
        return self._queued > 0 and self._queued + size > self._limit

    def _raise_error(self) -> None:
        if self._error is not None:
            raise type(self._error)(str(self._error))

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                size = self._write(batch)
            except MALFORMED as problem:
                self._fail(problem)
                continue
            with self.lock:
                for item in batch:
                    self._queue.popleft()
                    self._queued -= item.size
                self._committed += len(batch)
                self._written += size
                self._oldest = time.monotonic()
                self.lock.notify_all()
            self._look_for_file()
            self._since_checkpoint += size
            if self._since_checkpoint >= WAL_BYTES or self._log_is_large():
                self._since_checkpoint = 0
                try:
                    self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error as problem:  # what was committed is safe in the write-ahead log
                    self._fail(problem)

    def _log_is_large(self) -> bool:
        """Whether the write-ahead log has grown far beyond what was written; looked at now and then."""
        now = time.monotonic()
        if now - self._log_looked < WAL_SECONDS:
            return False
        self._log_looked = now
        try:
            return self._log.stat().st_size > WAL_LARGE
        except OSError:  # it was moved or deleted
            return False

    def _look_for_file(self) -> None:
        """Notice that the file was moved or deleted: SQLite goes on writing to what has no name any more."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._astray = not self._connection.in_place(self._path)

    def _fail(self, problem: BaseException) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the first problem is the one to report; SQLite has rolled back by itself
        with self.lock:
            self._error = explain(self._path, problem)
            self.lock.notify_all()

    def _next_batch(self) -> list[Item] | None:
        with self.lock:
            while True:
                if self._stopping and (self._abandon or not self._queue):
                    return None
                if self._queue and self._error is None:
                    left = self._oldest + COMMIT_SECONDS - time.monotonic()
                    urgent = self._stopping or self._committed < self._urgent or self._queued >= COMMIT_BYTES
                    if urgent or left <= 0:
                        return self._take()
                    self.lock.wait(left)
                else:
                    self.lock.wait()

    def _take(self) -> list[Item]:
        batch: list[Item] = []
        size = 0
        for item in self._queue:
            if batch and (size + item.size > 2 * COMMIT_BYTES or isinstance(item, Call)):
                break
            batch.append(item)
            size += item.size
            if isinstance(item, Call):
                break
            if isinstance(item, Statements) and item.key is not None:
                self._replaceable.pop(item.key, None)
        return batch

    def _write(self, batch: list[Item]) -> int:
        if isinstance(batch[0], Call):
            call = batch[0]
            try:
                call.function(self._connection)
            except BaseException as problem:
                call.failure = problem
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            call.done.set()
            return 0
        execute = self._connection.execute
        size = 0
        by_stream: dict[int, list[Rows]] = {}
        changed: dict[str, dict[int, None]] = {"runs": {}, "streams": {}}
        execute("BEGIN IMMEDIATE")
        for item in batch:
            if isinstance(item, Rows):
                by_stream.setdefault(item.stream, []).append(item)
                changed["runs"][item.run] = changed["streams"][item.stream] = None
                size += item.size
            elif isinstance(item, Statements):
                for sql, values in item.statements:
                    execute(sql, values)
                if item.run is not None:
                    changed["runs"][item.run] = None
                if item.stream is not None:
                    changed["streams"][item.stream] = None
                if item.payload:
                    size += item.size
        for rows in by_stream.values():
            self._write_rows(rows)
        for table, numbers in changed.items():
            for number in numbers:
                execute(SIGN[table], (number,))
        execute("COMMIT")
        return size

    def _write_rows(self, rows: list[Rows]) -> None:
        execute = self._connection.execute
        begin = 0
        while begin < len(rows):
            end, size = begin + 1, rows[begin].size
            while end < len(rows) and size < CHUNK_BYTES and rows[end].continues(rows[end - 1]):
                size += rows[end].size
                end += 1
            first, last = rows[begin], rows[end - 1]
            count = sum(item.rows for item in rows[begin:end])
            data = b"".join(item.parts[column] for column in range(len(first.parts)) for item in rows[begin:end])
            crc = checksum(chunk_head(first.stream, first.first, last.last, count, first.shape), data)
            execute(
                "INSERT INTO chunks(stream, first, last, rows, shape, crc, data) VALUES(?,?,?,?,?,?,?)",
                (first.stream, first.first, last.last, count, first.shape, crc, data),
            )
            begin = end
        total, size = sum(item.rows for item in rows), sum(item.size for item in rows)
        first, last = rows[0], rows[-1]
        execute(
            "UPDATE streams SET first=coalesce(first,?), last=?, rows=rows+?, bytes=bytes+? WHERE id=?",
            (first.first, last.last, total, size, first.stream),
        )
        execute("UPDATE runs SET steps=max(steps,?), bytes=bytes+? WHERE id=?", (last.last, size, first.run))


def chunk_head(stream: int, first: int, last: int, rows: int, shape: str | None) -> str:
    """What a chunk's checksum covers beside its data."""
    return f"{stream} {first} {last} {rows} {shape}"
