"""The reading half of a session: its own connection, usable from any thread, checks everything it hands out."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import FileError, ModelError, near
from lab.session import codec, schema
from lab.session.lock import is_locked
from lab.session.opening import MALFORMED, connect, explain, open_checked, real_path
from lab.session.values import RUN_STATES, STREAM_FORMS, LogEntry, RunInfo, StreamInfo
from lab.session.writer import chunk_head
from lab.units import number as printed

MAX_RUNS = 100_000
MAX_STREAMS = 200_000
MAX_LOG = 500_000
MAX_LISTED = 2_000_000  # steps of snapshots and checkpoints
MAX_ID = 1 << 40
MAX_ROWS = 50_000_000  # of one chunk: rows without values take no bytes of the file, and eight each for their steps
WHOLE_BLOB = 8_000_000  # bytes; larger blobs are read in pieces
AT_ONCE = 4_000_000  # bytes of a blob that are read in one piece
DAMAGED_ROWS = 20  # of which more is not said
CHUNK = f"id, first, last, rows, shape, crc, length(data), typeof(data), CASE WHEN length(data)<={WHOLE_BLOB} THEN data END"
Chunk = tuple[int, int, int, Any, Any, str]  # first and last step, rows, shape as JSON, bytes, whose it is
EVENT_BYTES = 8 + 4 + 8  # step int64, index int32, value float64
_WHOLE = f"substr(meta, -{len(schema.LET_GO)})<>'{schema.LET_GO}'"  # checkpoints with the arrays to go on from


class SessionReader:
    """Reads a session file, also one that is being recorded; sees what has been committed.

    Steps are absolute; start is included and stop is not. Raises FileError for a file that is damaged or no session,
    ModelError for a stream that does not exist. A row that is damaged is left out of what is listed, and `damage` names it.
    """

    def __init__(self, path: str | os.PathLike, *, checked: bool = True):
        self.path = real_path(path)
        self._lock = threading.RLock()
        self._closed = False
        self._damage: dict[str, None] = {}
        self._connection = open_checked(self.path, writable=False) if checked else connect(self.path, writable=False, checked=False)
        self.version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]

    def __enter__(self) -> SessionReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the reading connection; closing twice is nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):  # a reader may be dropped without closing it
            self._connection.close()

    @property
    def recovered(self) -> bool:
        """Whether it was not closed properly, and nobody is writing it."""
        return self.settings().get("clean") == "0" and not is_locked(self.path)

    @property
    def damage(self) -> tuple[str, ...]:
        """One sentence for each row that was left out of what was listed so far."""
        return tuple(self._damage)

    def settings(self) -> dict[str, str]:
        """The texts that belong to the whole session: title, notes, document and others."""
        budget = codec.Budget()
        found: dict[str, str] = {}

        def take(row: tuple) -> None:
            key, value = self._text(row[0], "a key", 100), self._text(row[1], f"'{row[0]}'"[:100])
            self._check_row(row, f"'{key}' of the session in '{self.path.name}'")
            budget.take(value[:0] if key == "notes" else value, f"'{self.path.name}'")
            found[key] = value

        self._each("session", "LIMIT 1000", (), take)
        return found

    def runs(self, *, deleted: bool = False) -> list[RunInfo]:
        """All runs in the order they were made; deleted ones only when asked for."""
        budget = codec.Budget()
        found: list[RunInfo] = []
        self._each("runs", f"ORDER BY id LIMIT {MAX_RUNS}", (), lambda row: found.append(self._run(row, budget)))
        return [run for run in found if deleted or not run.deleted]

    def pick(self, run: int | None = None) -> RunInfo:
        """The run with this number, or the newest; a damaged run is never passed over without a word."""
        found = self.runs()
        if run is not None:
            for info in found:
                if info.id == run:
                    return info
        if self._damage and (run is None or any(sentence.startswith(f"Run {run} ") for sentence in self._damage)):
            raise FileError(f"{next(iter(self._damage))} Name a run that is sound (lab info lists them).")
        if not found:
            raise FileError(f"'{self.path.name}' holds no runs yet.")
        if run is None:
            return found[-1]
        raise FileError(f"'{self.path.name}' has no run {run}: {near(str(run), [str(r.id) for r in found])}")

    def streams(self, run: int) -> list[StreamInfo]:
        """The streams of a run in the order they were declared."""
        return self._streams(f"WHERE run=? ORDER BY id LIMIT {MAX_STREAMS}", (_step(run),))

    def all_streams(self) -> list[StreamInfo]:
        """The streams of all runs."""
        return self._streams(f"ORDER BY id LIMIT {MAX_STREAMS}", ())

    def _streams(self, which: str, values: tuple) -> list[StreamInfo]:
        budget = codec.Budget()
        found: list[StreamInfo] = []
        self._each("streams", which, values, lambda row: found.append(self._stream(row, budget)))
        return found

    def _each(self, table: str, which: str, values: tuple, take: Any) -> None:
        """Hand over the rows of a table that are sound, and note the others."""
        with self._rows(f"SELECT {self._columns(table)} FROM {table} {which}", values) as cursor:
            for row in cursor:
                try:
                    take(row)
                except FileError as problem:
                    if len(self._damage) < DAMAGED_ROWS:
                        self._damage[str(problem)] = None

    def _columns(self, table: str) -> str:
        columns = schema.SIGNED[table]
        return columns.replace(",made", ",'{}'") + ",NULL" if self.version == 1 else columns + ",crc"

    def _check_row(self, row: tuple, owner: str) -> None:
        if self.version > 1 and row[-1] != codec.row_checksum(*row[:-1]):
            raise FileError(f"{owner} is damaged: its checksum is wrong; the rest can still be read.")

    def extent(self, run: int) -> tuple[int, int] | None:
        """The first and the last step recorded in any stream of a run, or None when nothing was."""
        ends = [(s.first, s.last) for s in self.streams(run) if s.first is not None and s.last is not None]
        return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None

    def samples(self, run: int, stream: str, start: int | None = None, stop: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Steps (int64, shape (n,)) and rows (shape (n, *stream shape)) of a stream of samples."""
        info = self._find(run, stream, "samples")
        dtype = np.dtype(info.dtype)
        width = dtype.itemsize * math.prod(info.shape)
        end = codec.MAX_STEP if stop is None else _step(stop)
        size = self._all(
            "SELECT coalesce(sum(length(data)), 0) FROM chunks WHERE stream=? AND last>=? AND first<?",
            (info.id, -codec.MAX_STEP if start is None else _step(start), end),
        )[0][0]
        # One array for all of it: pieces that are joined at the end take the memory twice.
        steps, rows, n = [np.empty(0, np.int64)], np.empty((size // width if width else 0, *info.shape), dtype), 0
        for first, last, count, _, data, owner in self._read(info, start, stop):
            if last - first != (count - 1) * info.every:
                raise FileError(f"{owner} is damaged: its steps do not fit its rows; the other streams can still be read.")
            values = codec.unpack(data, info.dtype, (count, *info.shape), owner)
            low = 0 if start is None else max(0, -((first - start) // info.every))
            high = count if stop is None else min(count, -((first - stop) // info.every))
            if low < high:
                steps.append(first + info.every * np.arange(low, high, dtype=np.int64))
                if n + high - low > len(rows):  # recorded meanwhile, or rows without values
                    rows = np.concatenate([rows[:n], np.empty((high - low, *info.shape), dtype)])
                rows[n : n + high - low] = values[low:high]
                n += high - low
        return np.concatenate(steps), rows[:n]

    def events(self, run: int, stream: str, start: int | None = None, stop: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps (int64), indices (int32) and values (float64) of the events of a stream, sorted by step."""
        info = self._find(run, stream, "events")
        columns: tuple[list, list, list] = ([np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.float64)])
        for first, last, count, _, data, owner in self._read(info, start, stop):
            if len(data) != count * EVENT_BYTES or count < 1:
                raise FileError(f"{owner} is damaged: its length does not fit its events; the other streams can still be read.")
            steps = np.frombuffer(data, "<i8", count)
            if steps[0] != first or steps[-1] != last or np.any(steps[1:] < steps[:-1]):
                raise FileError(f"{owner} is damaged: its events are not in the order of their steps; the other streams can still be read.")
            low = 0 if start is None else int(np.searchsorted(steps, start))
            high = count if stop is None else int(np.searchsorted(steps, stop))
            columns[0].append(steps[low:high])
            columns[1].append(np.frombuffer(data, "<i4", count, 8 * count)[low:high])
            columns[2].append(np.frombuffer(data, "<f8", count, 12 * count)[low:high])
        return tuple(np.concatenate(column) for column in columns)  # type: ignore[return-value]

    def snapshots(self, run: int, stream: str, start: int | None = None, stop: int | None = None) -> list[tuple[int, Any]]:
        """Step and value (array, or JSON value) of every snapshot of a stream."""
        info = self._find(run, stream, "snapshots")
        return [(last, self._snapshot(info, shape, data, owner)) for _, last, _, shape, data, owner in self._read(info, start, stop)]

    def snapshot_steps(self, run: int, stream: str) -> list[int]:
        """The steps of the snapshots of a stream, without reading them."""
        info = self._find(run, stream, "snapshots")
        return [
            self._whole(row[0], "a step")
            for row in self._all(f"SELECT last FROM chunks WHERE stream=? ORDER BY last LIMIT {MAX_LISTED}", (info.id,))
        ]

    def latest_snapshot(self, run: int, stream: str, at_step: int | None = None) -> tuple[int, Any] | None:
        """Step and value of the last snapshot at or before a step, or None when there is none."""
        info = self._find(run, stream, "snapshots")
        rows = self._all(
            f"SELECT {CHUNK} FROM chunks WHERE stream=? AND last<=? ORDER BY last DESC, id DESC LIMIT 1",
            (info.id, codec.MAX_STEP if at_step is None else _step(at_step)),
        )
        for row in rows:
            _, last, _, shape, data, owner = self._chunk(info, row)
            return last, self._snapshot(info, shape, data, owner)
        return None

    def log(self, run: int) -> list[LogEntry]:
        """The parameter changes and actions of a run in the order they took effect."""
        entries: list[LogEntry] = []
        owner = f"The log of run {run} in '{self.path.name}'"
        budget = codec.Budget()
        with self._rows("SELECT step, kind, name, payload, crc FROM log WHERE run=? ORDER BY id", (_step(run),)) as cursor:
            for step, kind, name, payload, crc in cursor:
                if crc != codec.checksum(f"{run} {step} {kind} {name} {payload}"):
                    raise FileError(f"{owner} is damaged at step {str(step)[:20]}; the recorded streams can still be read.")
                if len(entries) >= MAX_LOG:
                    raise FileError(f"{owner} has more than {printed(MAX_LOG)} entries; the recorded streams can still be read.")
                kind, name = self._text(kind, "a kind", codec.MAX_NAME), self._text(name, "a name", codec.MAX_NAME)
                entries.append(LogEntry(self._whole(step, "a step"), kind, name, codec.read_json(payload, dict, owner, budget)))
        return entries

    def checkpoints(self, run: int) -> list[int]:
        """The steps at which a run has checkpoints."""
        return [
            self._whole(row[0], "a step")
            for row in self._all(
                f"SELECT step FROM checkpoints WHERE run=? AND {_WHOLE} ORDER BY step, id LIMIT {MAX_LISTED}", (_step(run),)
            )
        ]

    def checkpoint(self, run: int, at_or_before_step: int | None = None) -> tuple[int, dict[str, np.ndarray], dict[str, Any]] | None:
        """Step, arrays and meta of the last checkpoint at or before a step, or None when there is none."""
        found = self._all(
            f"SELECT id, step, meta, crc FROM checkpoints WHERE run=? AND step<=? AND {_WHOLE} ORDER BY step DESC, id DESC LIMIT 1",
            (_step(run), codec.MAX_STEP if at_or_before_step is None else _step(at_or_before_step)),
        )
        if not found:
            return None
        identity, step, meta, crc = found[0]
        owner = f"The checkpoint of run {run} at step {step} in '{self.path.name}'"
        rows = self._all(
            "SELECT id, name, dtype, shape, crc, length(data), typeof(data) FROM arrays WHERE checkpoint=? ORDER BY id LIMIT 10000",
            (identity,),
        )
        names = [self._text(row[1], "an array name", codec.MAX_NAME) for row in rows]
        if crc != codec.checksum(f"{run} {step} {names} {meta}"):
            raise FileError(f"{owner} is damaged; use an earlier one.")
        sizes = [row[5] if row[6] == "blob" else -1 for row in rows]
        if sum(sizes) > codec.MAX_BLOB:
            raise FileError(f"{owner} has {printed(sum(sizes))} bytes, above the limit of {printed(codec.MAX_BLOB)}; use an earlier one.")
        arrays = {}
        for (number, name, dtype, shape, array_crc, _, _), size in zip(rows, sizes, strict=True):
            if dtype not in codec.DTYPES or size < 0:
                raise FileError(f"{owner} is damaged in its array '{name}'; use an earlier one.")
            found_crc, data = self._blob("arrays", number, size, codec.checksum(f"{identity} {name} {dtype} {shape}"))
            if array_crc != found_crc:
                raise FileError(f"{owner} is damaged in its array '{name}'; use an earlier one.")
            arrays[name] = codec.whole_array(data, dtype, codec.read_shape(shape, owner, open_ended=False), owner)
        return self._whole(step, "a step"), arrays, codec.read_json(meta, dict, owner)

    def began_with(self, run: int) -> dict[str, Any] | None:
        """What the first checkpoint before anything was done says besides its arrays: of a run, or of the run that it branched from."""
        parents = {info.id: info.parent for info in self.runs(deleted=True)}
        number: int | None = run
        while number is not None and number in parents:
            for identity, step, meta, crc in self._all(
                "SELECT id, step, meta, crc FROM checkpoints WHERE run=? ORDER BY step, id LIMIT 1", (number,)
            ):
                rows = self._all("SELECT name FROM arrays WHERE checkpoint=? ORDER BY id LIMIT 10000", (identity,))
                names = [self._text(row[0], "an array name", codec.MAX_NAME) for row in rows]
                if crc == codec.checksum(f"{number} {step} {names} {meta}"):
                    found: dict[str, Any] = codec.read_json(meta, dict, f"The first checkpoint of run {number} in '{self.path.name}'")
                    if found.get("done") == 0:
                        return found
            number = parents.pop(number)  # each run once: a damaged file may hold a circle of parents
        return None

    def _blob(self, table: str, number: int, size: int, crc: int) -> tuple[int, bytearray]:
        """The bytes of a blob and its checksum (begun with `crc`), piece by piece: SQLite would hold a second copy of them."""
        data = bytearray(size)
        try:
            with self._lock, self._connection.blobopen(table, "data", number, readonly=True) as blob:
                at = 0
                while at < size and (piece := blob.read(AT_ONCE)):
                    data[at : at + len(piece)] = piece
                    crc = zlib.crc32(piece, crc)
                    at += len(piece)
        except MALFORMED as problem:
            raise explain(self.path, problem) from problem
        return crc, data

    def write_copy(self, path: Path) -> None:
        """Write what is committed at this moment to a new, tightly packed file."""
        with self._lock:
            self._all("PRAGMA query_only=OFF")  # it would forbid writing the other file too; this one is open with mode=ro
            try:
                self._all("VACUUM INTO ?", (str(path),))
            finally:
                self._all("PRAGMA query_only=ON")

    def problems(self) -> list[str]:
        """Read everything once and say in one sentence each what is wrong; an empty list means the file is sound."""
        found: list[str] = []

        def attempt(function: Any, *arguments: Any) -> Any:
            try:
                return function(*arguments)
            except FileError as problem:
                found.append(str(problem))
                return None

        for row in attempt(self._all, "PRAGMA integrity_check(20)") or []:
            if row[0] != "ok":
                found.append(f"'{self.path.name}' is damaged: {str(row[0])[:200]}")
        settings = attempt(self.settings) or {}
        attempt(codec.read_json, settings.get("document", "{}"), dict, f"The document of '{self.path.name}'")
        for owned, owner, column in (("streams", "runs", "run"), ("log", "runs", "run"), ("checkpoints", "runs", "run"),
                                     ("chunks", "streams", "stream"), ("arrays", "checkpoints", "checkpoint")):  # fmt: skip
            if found:
                break  # a damaged index would say more than is true
            lost = attempt(self._all, f"SELECT count(*) FROM {owned} WHERE {column} NOT IN (SELECT id FROM {owner})")
            if lost and lost[0][0]:
                found.append(f"'{self.path.name}' is damaged: {lost[0][0]} rows of {owned} belong to none of its {owner}.")
        for run in attempt(lambda: self.runs(deleted=True)) or []:
            attempt(self.log, run.id)
            for step in attempt(self.checkpoints, run.id) or []:
                attempt(self.checkpoint, run.id, step)
            for stream in attempt(self.streams, run.id) or []:
                attempt(self._read_through, stream)
        return [*found, *(d for d in self.damage if d not in found)]

    def _read_through(self, info: StreamInfo) -> None:
        rows = 0
        with closing(self._chunks(info, None, None)) as chunks:
            for _, _, count, shape, data, owner in chunks:
                rows += count
                if info.form == "snapshots":
                    self._snapshot(info, shape, data, owner)
                elif info.form == "samples":
                    codec.unpack(data, info.dtype, (count, *info.shape), owner)
        self._complete(info, rows)

    def _find(self, run: int, name: str, form: str) -> StreamInfo:
        rows = self._all(f"SELECT {self._columns('streams')} FROM streams WHERE run=? AND name=? LIMIT 1", (_step(run), name))
        if not rows:
            known = [stream.name for stream in self.streams(run)]
            raise ModelError(f"Run {run} in '{self.path.name}' has no stream '{name}'; {near(name, known)}")
        info = self._stream(rows[0], codec.Budget())
        if info.form != form:
            raise ModelError(f"Stream '{name}' of run {run} holds {info.form}, not {form}; read it as {info.form}.")
        return info

    def _read(self, info: StreamInfo, start: int | None, stop: int | None) -> Iterator[Chunk]:
        """The chunks that reach into a stretch, one after the other; a stream that is read whole must be complete."""
        rows = 0
        with closing(self._chunks(info, start, stop)) as chunks:
            for chunk in chunks:
                rows += chunk[2]
                yield chunk
        if start is None and stop is None:
            self._complete(info, rows)

    def _complete(self, info: StreamInfo, rows: int) -> None:
        if rows < info.rows:  # more may have been recorded since info was read
            raise FileError(
                f"Stream '{info.name}' of run {info.run} in '{self.path.name}' is damaged: only {rows} of its {info.rows} rows are left; "
                "read a part of it, or restore the file from a copy."
            )

    def _chunks(self, info: StreamInfo, start: int | None, stop: int | None) -> Generator[Chunk, None, None]:
        end = codec.MAX_STEP if stop is None else _step(stop)
        before = (-codec.MAX_STEP - 1, -1)
        with self._rows(
            f"SELECT {CHUNK} FROM chunks WHERE stream=? AND last>=? ORDER BY last, id",
            (info.id, -codec.MAX_STEP if start is None else _step(start)),
        ) as cursor:
            for row in cursor:
                owner = f"Stream '{info.name}' of run {info.run} in '{self.path.name}'"
                if type(row[1]) is int and row[1] >= end:  # not read in vain: it lies behind the stretch
                    return
                chunk = self._chunk(info, row)
                if (chunk[1], row[0]) <= before:  # a damaged index can lead round in circles
                    raise FileError(f"{owner} is damaged: its chunks are out of order; the other streams can still be read.")
                before = (chunk[1], row[0])
                yield chunk

    def _chunk(self, info: StreamInfo, row: tuple) -> Chunk:
        number, first, last, count, shape, crc, size, kind, data = row
        owner = f"Stream '{info.name}' of run {info.run} in '{self.path.name}'"
        whole = all(type(n) is int for n in (first, last, count)) and kind == "blob" and 0 <= count <= MAX_ROWS and size <= codec.MAX_BLOB
        if whole:
            head = codec.checksum(chunk_head(info.id, first, last, count, shape))
            found, data = self._blob("chunks", number, size, head) if data is None else (zlib.crc32(data, head), data)
        if not whole or found != crc:
            raise FileError(f"{owner} is damaged near step {str(first)[:20]}: its checksum is wrong; the other streams can still be read.")
        return first, last, count, shape, data, owner

    def _snapshot(self, info: StreamInfo, shape: Any, data: Any, owner: str) -> Any:
        if info.dtype == "json":
            return codec.read_json(data.decode("utf-8", "replace"), object, owner)
        return codec.whole_array(data, info.dtype, codec.read_shape(shape, owner, open_ended=False), owner)

    def _run(self, row: tuple, budget: codec.Budget) -> RunInfo:
        owner = f"Run {str(row[0])[:20]} in '{self.path.name}'"
        self._check_row(row, owner)
        (
            identity,
            name,
            experiment,
            created,
            steps,
            state,
            reason,
            parent,
            parent_step,
            colour,
            pinned,
            visible,
            deleted,
            summary,
            size,
            made,
            _,
        ) = row
        if state not in RUN_STATES:
            raise FileError(f"{owner} is damaged: the state {str(state)[:40]!r} does not exist; restore the file from a copy.")
        return RunInfo(
            self._number(identity, "a run number"), self._text(name, "a name", codec.MAX_NAME),
            codec.read_json(experiment, dict, owner, budget), self._text(created, "a date", 100), self._whole(steps, "a step"), state,
            self._text(reason, "a reason"), self._whole(parent, "a parent", optional=True), self._whole(parent_step, "a step", optional=True),
            self._text(colour, "a colour", 100), bool(pinned), bool(visible), bool(deleted),
            codec.read_json(summary, dict, owner, budget), self._whole(size, "a size"), codec.read_json(made, dict, owner, budget),
        )  # fmt: skip

    def _stream(self, row: tuple, budget: codec.Budget) -> StreamInfo:
        identity, run, name, form, dtype, shape, every, unit, meta, first, last, rows, size, _ = row
        name = self._text(name, "a stream name", codec.MAX_NAME)
        owner = f"Stream '{name}' of run {str(run)[:20]} in '{self.path.name}'"
        self._check_row(row, owner)
        every = self._whole(every, "a number of steps")
        if (
            form not in STREAM_FORMS
            or dtype not in (*codec.DTYPES, "json")
            or not 1 <= every <= codec.MAX_EVERY
            or (dtype == "json") > (form == "snapshots")
        ):
            raise FileError(
                f"{owner} is damaged: it declares {str(form)[:20]!r} of {str(dtype)[:20]!r} every {every} steps; restore the file from a copy."
            )
        return StreamInfo(
            self._number(identity, "a number"), self._number(run, "a run number"), name, form, dtype,
            codec.read_shape(shape, owner, open_ended=form == "snapshots"), every, self._text(unit, "a unit", codec.MAX_NAME),
            codec.read_json(meta, dict, owner, budget), self._whole(first, "a step", optional=True), self._whole(last, "a step", optional=True),
            self._whole(rows, "a count"), self._whole(size, "a size"),
        )  # fmt: skip

    def _text(self, value: Any, what: str, limit: int = codec.MAX_JSON) -> str:
        if not isinstance(value, str) or len(value) > limit or not _encodable(value):
            raise FileError(
                f"'{self.path.name}' is damaged: {what} is no text of at most {printed(limit)} characters; restore it from a copy."
            )
        return value

    def _whole(self, value: Any, what: str, *, optional: bool = False) -> Any:
        if value is None and optional:
            return None
        if type(value) is not int or abs(value) > codec.MAX_STEP:
            raise FileError(f"'{self.path.name}' is damaged: {what} is no whole number within limits; restore it from a copy.")
        return value

    def _number(self, value: Any, what: str) -> int:
        if type(value) is not int or not 0 < value < MAX_ID:
            raise FileError(f"'{self.path.name}' is damaged: {what} is not from 1 to {MAX_ID}; restore it from a copy.")
        return value

    @contextmanager
    def _rows(self, sql: str, values: tuple = ()) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            if self._closed:
                raise FileError(f"'{self.path.name}' is closed; open it again to read from it.")
            cursor = None
            try:
                cursor = self._connection.execute(sql, values)
                yield cursor
            except MALFORMED as problem:
                raise explain(self.path, problem) from problem
            finally:
                if cursor is not None:  # an unfinished read would keep the write-ahead log from being emptied
                    cursor.close()

    def _all(self, sql: str, values: tuple = ()) -> list[tuple]:
        with self._rows(sql, values) as cursor:
            return cursor.fetchall()


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that were no text
        return False
    return True


def _step(value: Any) -> int:
    return max(-codec.MAX_STEP, min(codec.MAX_STEP, int(value)))
