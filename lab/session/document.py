"""The session a program works with: everything that changes a session file goes through here."""

from __future__ import annotations

import atexit
import json
import os
import sqlite3
import threading
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import FileError, ModelError, ParameterError, near
from lab.session import codec
from lab.session.brief import shorten
from lab.session.files import SET, begin_rescue, clear_part, close_file, copy_file, create_file, end_rescue, identity_of, start_writing
from lab.session.lock import SessionLock, is_locked
from lab.session.opening import check_regular, connect, open_checked, real_path
from lab.session.reader import EVENT_BYTES, MAX_ID, SessionReader
from lab.session.schema import RUN_COLUMNS, STREAM_COLUMNS, sign
from lab.session.values import RUN_STATES, STREAM_FORMS, RunInfo, StreamInfo, WriterStatus
from lab.session.writer import Rows, Statements, Writer
from lab.units import number as printed

CHANGEABLE = ("name", "experiment", "steps", "state", "reason", "colour", "pinned", "visible", "summary")
INTERRUPTED = "The program ended while this run was being recorded; everything up to here was kept."

_open_sessions: set[Session] = set()


class Session:
    """A `.lab` document: one SQLite file with experiments, recordings, logs, checkpoints, notes and layout.

    Made by Session.create and Session.open; one writing thread commits what is handed over about every 250 ms or 8 MB.
    What flush() returned for is acknowledged: it is there after the program was killed. Every method may be called from
    any thread. Appends wait while the disk is slow and raise FileError when writing failed; data of an append that raised
    was not taken, so hand the same data over again after retry(). Everything else never waits and stays queued.
    """

    def __init__(self, path: Path, lock: SessionLock | None, *, writable: bool):
        self.path = path
        self.writable = writable
        self.closed = False
        self._lock_file = lock
        self._readers: weakref.WeakSet[SessionReader] = weakref.WeakSet()
        self._writer: Writer | None = None
        self._mutex: threading.RLock | threading.Condition = threading.RLock()  # type: ignore[valid-type]
        self.first_new_run = MAX_ID  # runs from this number on were made since the session was opened
        self.saved_as = path  # where it is after closing
        self.rescued = ""  # what was done on closing, if the file had been moved or deleted
        with SessionReader(path, checked=not writable) as reader:
            self._settings = reader.settings()
            self._runs = {run.id: run for run in reader.runs(deleted=True)}
            self._streams = {(stream.run, stream.name): stream for stream in reader.all_streams()}
            self.damage = reader.damage  # rows that were left out because they are damaged, in one sentence each
        try:
            self.document()
        except FileError as problem:
            del self._settings["document"]
            self.damage = (*self.damage, str(problem))
        self._last = {stream.id: stream.last for stream in self._streams.values() if stream.last is not None}
        self._sizes: dict[int, int] = {}  # bytes of the checkpoints made since the session was opened
        self._grown: dict[int, list[int]] = {}  # run: last step and bytes appended since its value was made
        self.recovered = self._settings.get("clean") == "0" and (writable or not is_locked(path))
        if writable:
            connection = connect(path, writable=True, checked=False)
            try:
                runs, streams, self._next_checkpoint = start_writing(connection, path)
            except BaseException:
                connection.close()
                raise
            self.first_new_run = self._next_run = max(runs, _number(self._settings.get("last_run"))) + 1
            self._next_stream = max(streams, _number(self._settings.get("last_stream"))) + 1
            self._connection = connection
            found = {ending: identity_of(path.with_name(path.name + ending)) for ending in ("-wal", "-shm")}
            self._logs = {ending: identity for ending, identity in found.items() if identity is not None}
            self._writer = Writer(connection, path)
            self._mutex = self._writer.lock  # one lock: an append changes the run's figures and the queue together
            self._put_setting("clean", "0")
            for run in list(self._runs.values()):
                if run.state == "running":  # nobody can be running it: the lock is ours
                    self.update_run(run.id, state="stopped", reason=INTERRUPTED)
            _open_sessions.add(self)

    @classmethod
    def create(cls, path: str | os.PathLike, title: str = "") -> Session:
        """Make a new session file and open it; an existing file is never overwritten."""
        target = real_path(path)
        lock = SessionLock(target)
        try:
            create_file(target, title)
            return cls(target, lock, writable=True)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: str | os.PathLike, *, writable: bool = True) -> Session:
        """Open a session file, also a stranger's; recovered tells whether it had not been closed properly.

        Raises FileError with one sentence for a file that is missing, damaged, of another program, of a newer version,
        or already open for writing elsewhere.
        """
        target = real_path(path)
        try:
            check_regular(target, os.stat(target))
        except OSError as problem:
            raise FileError(
                f"'{target}' does not exist or cannot be read ({problem.strerror}); check the name and the folder."
            ) from problem
        if not writable:
            return cls(target, None, writable=False)
        lock = SessionLock(target)
        try:
            clear_part(target)
            open_checked(target, writable=True).close()
            return cls(target, lock, writable=True)
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def check(path: str | os.PathLike) -> list[str]:
        """Read a whole session file and return one sentence per problem; an empty list means it is sound."""
        try:
            with SessionReader(path) as reader:
                return reader.problems()
        except FileError as problem:
            return [str(problem)]

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- the document -----------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The title of the session."""
        return self._settings.get("title", "")

    @title.setter
    def title(self, text: str) -> None:
        self._put_setting("title", _text(text, "the title", codec.MAX_NAME))

    @property
    def notes(self) -> str:
        """The notes of the session, as Markdown."""
        return self._settings.get("notes", "")

    @notes.setter
    def notes(self, text: str) -> None:
        self._put_setting("notes", _text(text, "the notes", codec.MAX_JSON))

    def set_document(self, document: dict[str, Any]) -> None:
        """Keep the JSON document of the window: workspaces, experiments, layout; only the latest of quick changes is written."""
        self._put_setting("document", codec.write_json(document, f"The document of '{self.path.name}'"))

    def document(self) -> dict[str, Any]:
        """A copy of the JSON document of the window, empty when there is none yet."""
        return codec.read_json(self._settings.get("document", "{}"), dict, f"The document of '{self.path.name}'")

    # -- runs -------------------------------------------------------------------------------------------------------

    def add_run(
        self, name: str, experiment: dict[str, Any], *, parent: int | None = None, parent_step: int | None = None, colour: str = "",
        made: dict[str, Any] | None = None,
    ) -> int:  # fmt: skip
        """Add a run in the state 'running' and return its number.

        A branch names its parent run and the step it starts from; `made` says on what the run is made (processor, versions).
        """
        writer = self._writing()
        text = codec.write_json(experiment, f"The experiment of '{name}'")
        made_text = codec.write_json(made or {}, f"What '{name}' is made on")
        with self._mutex:
            if parent is not None:
                self._run(parent)
            run = RunInfo(
                self._next_run, _text(name, "the name of a run", codec.MAX_NAME), json.loads(text), datetime.now(UTC).isoformat(timespec="seconds"),
                parent=parent, parent_step=parent_step, colour=_text(colour, "a colour", 100), made=json.loads(made_text),
            )  # fmt: skip
            values = (run.id, run.name, text, run.created, 0, run.state, "", parent, parent_step, colour, 0, 1, 0, "{}", 0, made_text)
            writer.put(Statements([
                (f"INSERT INTO runs({RUN_COLUMNS}) VALUES({','.join('?' * len(values))})", values), _setting("last_run", str(run.id))
            ], len(text), run=run.id))  # fmt: skip
            self._runs[run.id] = run
            self._next_run += 1
        return run.id

    def runs(self, *, deleted: bool = False) -> list[RunInfo]:
        """All runs in the order they were made, as they stand now; deleted ones only when asked for."""
        with self._mutex:
            return [self._run(number) for number, run in list(self._runs.items()) if deleted or not run.deleted]

    def run(self, run_id: int) -> RunInfo:
        """One run as it stands now."""
        with self._mutex:
            return self._run(run_id)

    def update_run(self, run_id: int, **fields: Any) -> None:
        """Change name, experiment, steps, state, reason, colour, pinned, visible or summary of a run."""
        for field in fields:
            if field not in CHANGEABLE:
                raise ParameterError(f"A run has no changeable field '{field}'; {near(field, CHANGEABLE)}", owner="run", names=(field,))
        if fields.get("state", "running") not in RUN_STATES:
            raise ParameterError(
                f"A run cannot be in the state '{fields['state']}'; {near(str(fields['state']), RUN_STATES)}", owner="run", names=("state",)
            )
        for field in ("name", "reason", "colour"):
            if field in fields:
                _text(fields[field], f"the {field} of a run", codec.MAX_NAME if field == "name" else codec.MAX_JSON)
        stored = dict(fields)
        for field in ("experiment", "summary"):
            if field in fields:
                stored[field] = codec.write_json(fields[field], f"The {field} of run {run_id}")
                fields[field] = json.loads(stored[field])
        for field in ("pinned", "visible"):
            if field in fields:
                fields[field] = bool(fields[field])
                stored[field] = int(fields[field])
        if "steps" in fields:
            fields["steps"] = stored["steps"] = _step(fields["steps"], "the steps of a run")
        self._change_run(run_id, fields, stored)

    def delete_run(self, run_id: int) -> None:
        """Hide a run; restore_run brings it back until compact() really removes it."""
        self._change_run(run_id, {"deleted": True}, {"deleted": 1})

    def restore_run(self, run_id: int) -> None:
        """Bring a deleted run back."""
        self._change_run(run_id, {"deleted": False}, {"deleted": 0})

    def remove_run(self, run_id: int) -> None:
        """Remove one run for good; its room in the file is taken by what is recorded next. Branches of it stand by themselves then."""
        writer = self._writing()
        with self._mutex:
            self._run(run_id)
            del self._runs[run_id]
            self._streams = {key: info for key, info in self._streams.items() if key[0] != run_id}
            statements: list[tuple[str, tuple]] = [(sql, (run_id,)) for sql in _PURGE]
            for run in list(self._runs.values()):
                if run.parent == run_id:
                    self._runs[run.id] = replace(run, parent=None, parent_step=None)
                    statements.append((sign("runs", "WHERE id=?"), (run.id,)))
            writer.put(Statements(statements, 64 * len(statements)))

    def shorten_run(self, run_id: int, level: int, streams: int, state: int) -> int:
        """Keep a run that has ended in brief (see `keep_in_brief`): so many bytes of streams and of state; how many it has then.

        `made` of the run says so under "brief": the level, and its bytes.
        """
        writer, found = self._writing(), []
        with self._mutex:
            run = self._run(run_id)
        if run.state == "running":
            raise FileError(f"Run {run_id} is being recorded and cannot be shortened; stop it first.")
        writer.call(lambda connection: found.append(shorten(connection, run, level, streams, state)))
        size, made, gone = found[0]
        with self._mutex:
            self._runs[run_id] = replace(self._run(run_id), bytes=size, made=made)
            for number in gone:
                self._sizes.pop(number, None)
        return size

    # -- recording --------------------------------------------------------------------------------------------------

    def add_stream(
        self, run_id: int, name: str, *, form: str, dtype: str, shape: tuple[int, ...] = (), every: int = 1, unit: str = "",
        meta: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Declare a stream of a run before anything is appended to it.

        form is "samples" (a row of the shape every so many steps), "events" (step, index and value each) or "snapshots"
        (an array of the shape, -1 for any length, or JSON with dtype "json", at any step).
        """
        writer = self._writing()
        owner = f"Stream '{name}'"
        if form not in STREAM_FORMS:
            raise ModelError(f"{owner}: there is no form '{form}'; {near(form, STREAM_FORMS)}")
        dtype = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        if dtype not in codec.DTYPES and not (dtype == "json" and form == "snapshots"):
            raise ModelError(f"{owner}: values of type '{dtype}' cannot be recorded; {near(dtype, codec.DTYPES)}")
        shape = tuple(int(n) for n in shape)
        codec.check_shape(shape, owner, ModelError, open_ended=form == "snapshots")
        if not 1 <= every <= codec.MAX_EVERY:
            raise ModelError(f"{owner}: every must be from 1 to {codec.MAX_EVERY} steps (got {every}); 1 records each step.")
        text = codec.write_json(meta or {}, f"{owner}: its meta")
        with self._mutex:
            self._run(run_id)
            if (run_id, name) in self._streams:
                raise ModelError(f"Run {run_id} already has a stream '{name}'; choose another name.")
            info = StreamInfo(
                self._next_stream, run_id, _text(name, "the name of a stream", codec.MAX_NAME), form, dtype, shape, int(every),
                _text(unit, "a unit", codec.MAX_NAME), json.loads(text),
            )  # fmt: skip
            values = (info.id, run_id, name, form, dtype, json.dumps(shape), info.every, unit, text, None, None, 0, 0)
            writer.put(Statements([
                (f"INSERT INTO streams({STREAM_COLUMNS}) VALUES({','.join('?' * len(values))})", values), _setting("last_stream", str(info.id))
            ], len(text), stream=info.id))  # fmt: skip
            self._streams[run_id, name] = info
            self._next_stream += 1

    def append_samples(self, run_id: int, name: str, first_step: int, array: Any) -> None:
        """Append rows of the steps first_step, first_step + every, ...; array has the shape (rows, *stream shape) and is copied.

        Steps must lie after those already recorded; a gap is allowed. Waits while the disk is slow.
        """
        info = self._stream(run_id, name, "samples")
        owner = f"Stream '{name}' of run {run_id}"
        shape, data = codec.pack(array, info.dtype, owner)
        if not shape or shape[1:] != info.shape:
            raise ModelError(
                f"{owner}: an array of shape {shape} was appended where (rows, *{info.shape}) was declared; make the shapes agree."
            )
        if shape[0] == 0:
            return
        first = _step(first_step, owner)
        last = _step(first + (shape[0] - 1) * info.every, owner)
        self._append(info, first, last, shape[0], (data,), info.every)

    def append_events(self, run_id: int, name: str, steps: Any, index: Any, value: Any) -> None:
        """Append events: step, index (of the neuron, say) and value each, all of shape (n,); a single value serves for all.

        Within one call they may be in any order; the earliest must not lie before those already recorded.
        """
        info = self._stream(run_id, name, "events")
        owner = f"Stream '{name}' of run {run_id}"
        when = np.asarray(steps)
        columns = [
            np.broadcast_to(np.asarray(column), when.shape) if np.ndim(column) == 0 else np.asarray(column) for column in (index, value)
        ]
        if when.ndim != 1 or any(column.shape != when.shape for column in columns):
            raise ModelError(
                f"{owner}: steps, index and value must be equally long lists (got {when.shape}, {columns[0].shape}, {columns[1].shape})."
            )
        if when.size == 0:
            return
        if np.any(when[1:] < when[:-1]):
            order = np.argsort(when, kind="stable")
            when, columns = when[order], [column[order] for column in columns]
        parts = tuple(
            codec.pack(column, dtype, owner)[1] for column, dtype in ((when, "int64"), (columns[0], "int32"), (columns[1], "float64"))
        )
        assert sum(map(len, parts)) == when.size * EVENT_BYTES
        self._append(info, _step(when[0], owner), _step(when[-1], owner), when.size, parts, 0)

    def append_snapshot(self, run_id: int, name: str, step: int, value: Any) -> None:
        """Append one array of the stream's shape, or one JSON value where the stream's dtype is "json"."""
        info = self._stream(run_id, name, "snapshots")
        owner = f"Stream '{name}' of run {run_id}"
        if info.dtype == "json":
            shape_text, data = None, codec.write_json(value, owner).encode()
        else:
            shape, data = codec.pack(value, info.dtype, owner)
            if len(shape) != len(info.shape) or any(n not in (-1, m) for n, m in zip(info.shape, shape, strict=True)):
                raise ModelError(f"{owner}: an array of shape {shape} was appended where {info.shape} was declared; make the shapes agree.")
            shape_text = json.dumps(shape)
        self._append(info, _step(step, owner), _step(step, owner), 1, (data,), None, shape_text)

    def drop_last_snapshot(self, run_id: int, name: str) -> None:
        """Forget the last snapshot of a stream: a look where a run had stopped that now goes on."""
        info = self._stream(run_id, name, "snapshots")
        last = "(SELECT id FROM chunks WHERE stream=?1 ORDER BY last DESC, id DESC LIMIT 1)"

        def drop(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                f"UPDATE streams SET rows=rows-1, bytes=bytes-(SELECT length(data) FROM chunks WHERE id={last}) WHERE id=?1", (info.id,)
            )
            connection.execute(f"DELETE FROM chunks WHERE id={last}", (info.id,))
            connection.execute(
                "UPDATE streams SET first=(SELECT min(first) FROM chunks WHERE stream=?1), last=(SELECT max(last) FROM chunks WHERE stream=?1)"
                " WHERE id=?1", (info.id,)
            )  # fmt: skip
            connection.execute(sign("streams", "WHERE id=?"), (info.id,))
            connection.execute("COMMIT")

        self._writing().call(drop)

    def append_log(self, run_id: int, step: int, kind: str, name: str, payload: dict[str, Any]) -> None:
        """Log a parameter change or an action with the step at which it takes effect; never waits and never fails for the disk."""
        writer = self._writing()
        text = codec.write_json(payload, f"The log entry '{name}' of run {run_id}")
        kind, name, step = _text(kind, "a kind", codec.MAX_NAME), _text(name, "a name", codec.MAX_NAME), _step(step, "a log entry")
        with self._mutex:
            self._run(run_id)
            crc = codec.checksum(f"{run_id} {step} {kind} {name} {text}")
            values = (run_id, step, kind, name, text, crc)
            writer.put(Statements([("INSERT INTO log(run, step, kind, name, payload, crc) VALUES(?,?,?,?,?,?)", values)], len(text)))

    def add_checkpoint(
        self, run_id: int, step: int, arrays: dict[str, np.ndarray], meta: dict[str, Any] | None = None, *, instead_of: int | None = None
    ) -> int:
        """Keep the state of a run at a step: named arrays, copied, and a dictionary; waits while the disk is slow.

        Returns the number of the checkpoint; it takes the place of an earlier one if that number is given.
        """
        writer = self._writing()
        owner = f"The checkpoint of run {run_id} at step {step}"
        step = _step(step, owner)
        text = codec.write_json(meta or {}, owner)
        rows, size = [], len(text)
        for name, array in arrays.items():
            dtype = np.asarray(array).dtype.name
            if dtype not in codec.DTYPES:
                raise ModelError(f"{owner}: array '{name}' of type '{dtype}' cannot be kept; {near(dtype, codec.DTYPES)}")
            shape, data = codec.pack(array, dtype, f"{owner}: array '{name}'")
            codec.check_shape(shape, f"{owner}: array '{name}'", ModelError, open_ended=False)
            rows.append((_text(name, "the name of an array", codec.MAX_NAME), dtype, json.dumps(shape), data))
            size += len(data)
        if size > codec.MAX_BLOB + len(text):
            raise ModelError(
                f"{owner}: {printed(size)} bytes at once are above the limit of {printed(codec.MAX_BLOB)}; choose a smaller model."
            )
        with writer.room(size):
            self._run(run_id)
            self._next_checkpoint = identity = self._next_checkpoint + 1
            crc = codec.checksum(f"{run_id} {step} {[row[0] for row in rows]} {text}")
            statements: list[tuple[str, tuple]] = [
                ("INSERT INTO checkpoints(id, run, step, meta, crc) VALUES(?,?,?,?,?)", (identity, run_id, step, text, crc))
            ]
            for name, dtype, shape_text, data in rows:
                array_crc = codec.checksum(f"{identity} {name} {dtype} {shape_text}", data)
                statements.append((
                    "INSERT INTO arrays(checkpoint, name, dtype, shape, crc, data) VALUES(?,?,?,?,?,?)",
                    (identity, name, dtype, shape_text, array_crc, data),
                ))  # fmt: skip
            gone = 0
            if instead_of is not None:
                gone = self._sizes.pop(instead_of, 0)
                statements += [
                    ("DELETE FROM arrays WHERE checkpoint=?", (instead_of,)), ("DELETE FROM checkpoints WHERE id=? AND run=?", (instead_of, run_id))
                ]  # fmt: skip
            self._sizes[identity] = size
            statements.append(("UPDATE runs SET bytes=bytes+? WHERE id=?", (size - gone, run_id)))
            writer.put(Statements(statements, size, payload=True, run=run_id))
            self._grown.setdefault(run_id, [0, 0])[1] += size - gone
        return identity

    # -- the file ---------------------------------------------------------------------------------------------------

    @property
    def stats(self) -> WriterStatus:
        """What the writing thread is doing: queued and written bytes, whether an append waits, the error if there is one."""
        return self._writer.status if self._writer is not None else WriterStatus()

    def flush(self) -> None:
        """Wait until everything handed over so far is committed; raises FileError when writing failed."""
        if self._writer is not None and not self.closed:
            self._writer.flush()

    def retry(self) -> None:
        """Continue with what is queued after the reason of a writing error was removed; without an error nothing happens."""
        if self._writer is not None:
            self._writer.retry()

    def reader(self) -> SessionReader:
        """A reader with its own connection, for any thread; it sees what is committed and closes with the session."""
        if self.closed:
            raise FileError(f"'{self.path.name}' is closed; open it again to read from it.")
        reader = SessionReader(self.path, checked=False)
        self._readers.add(reader)
        return reader

    def save_copy(self, path: str | os.PathLike) -> None:
        """Write everything handed over so far to another file, which is replaced only once the copy is complete."""
        self.flush()
        target = real_path(path)
        if self._writer is not None and not self._connection.in_place(self.path):  # there is no file to read from any more
            copy_file(self._write_from_here, self.path, target)
            return
        with self.reader() as reader:
            copy_file(reader.write_copy, self.path, target)

    def compact(self) -> None:
        """Remove deleted runs for good and give their space back; needs as much free disk as the file has."""
        writer = self._writing()
        with self._mutex:
            gone = [run.id for run in self._runs.values() if run.deleted]
            for number in gone:
                del self._runs[number]
                self._streams = {key: info for key, info in self._streams.items() if key[0] != number}
            for run in list(self._runs.values()):
                if run.parent in gone:
                    self._runs[run.id] = replace(run, parent=None, parent_step=None)
        writer.call(_purge)

    def close(self, *, discard: bool = False) -> None:
        """Write what is queued, return to a single file and close; closing twice is nothing.

        When writing fails FileError is raised and the session stays open with everything queued; discard=True gives the
        queue up and closes in any case.
        """
        if self.closed:
            return
        astray = False
        if self._writer is not None:
            if not discard:
                self._writer.retry()
                self._writer.flush()
                self._put_setting("clean", "1")
                try:
                    self._writer.flush()
                except FileError:
                    self._put_setting("clean", "0")
                    raise
                astray = not self._connection.in_place(self.path)
                if not astray:
                    try:
                        self._writer.call(_tighten)
                    except (FileError, sqlite3.Error):
                        pass  # a file with empty pages is as good, and only larger
                if astray:
                    begin_rescue(self._write_from_here, self.path)
            self._writer.stop(abandon=discard)
        self.closed = True
        for reader in list(self._readers):
            reader.close()
        _open_sessions.discard(self)
        try:
            if astray:
                self._connection.close()
                found = end_rescue(self.path, self._logs)
                self.saved_as = found
                self.rescued = f"'{self.path.name}' was moved or deleted while it was open; what it held was written again as '{found}'."
            elif self._writer is not None:
                close_file(self._connection, self.path)
        finally:
            if self._lock_file is not None:
                self._lock_file.release()

    def _write_from_here(self, part: Path) -> None:
        """Write a copy from the connection that still holds the file, whatever has become of its name."""
        self._writing().call(lambda connection: connection.execute("VACUUM INTO ?", (str(part),)))

    # -- private ----------------------------------------------------------------------------------------------------

    def _writing(self) -> Writer:
        if self.closed:
            raise FileError(f"'{self.path.name}' is closed; open it again to write to it.")
        if self._writer is None:
            raise FileError(f"'{self.path.name}' is open for reading only; save a copy and change that.")
        return self._writer

    def _run(self, run_id: int) -> RunInfo:
        if run_id not in self._runs:
            numbers = ", ".join(map(str, list(self._runs)[-12:])) or "none"
            raise FileError(f"'{self.path.name}' has no run {run_id}; the runs are: {numbers}.")
        steps, size = self._grown.pop(run_id, (0, 0))
        if steps or size:  # kept apart while appending: making a new value for every block would be half of the cost
            run = self._runs[run_id]
            self._runs[run_id] = replace(run, steps=max(run.steps, steps), bytes=run.bytes + size)
        return self._runs[run_id]

    def _stream(self, run_id: int, name: str, form: str) -> StreamInfo:
        self._writing()
        with self._mutex:
            info = self._streams.get((run_id, name))
            if info is None:
                self._run(run_id)
                known = [stream for run, stream in self._streams if run == run_id]
                raise ModelError(f"Run {run_id} has no stream '{name}'; {near(name, known)}")
        if info.form != form:
            raise ModelError(f"Stream '{name}' of run {run_id} holds {info.form}, not {form}; append to it as {info.form}.")
        return info

    def _append(
        self, info: StreamInfo, first: int, last: int, rows: int, parts: tuple[bytes, ...], every: int | None, shape: str | None = None
    ) -> None:
        size = sum(map(len, parts))
        writer = self._writing()
        with writer.room(size):
            if info.run not in self._runs:
                self._run(info.run)  # removed by compact() while this append waited
            before = self._last.get(info.id)
            if before is not None and first < before + (1 if info.form == "samples" else 0):
                raise ModelError(
                    f"Stream '{info.name}' of run {info.run}: step {first} was appended after step {before}; "
                    "a run only goes forward, continue from an earlier step in a new run."
                )
            writer.put(Rows(info.id, info.run, first, last, rows, parts, every, shape))
            self._last[info.id] = last
            grown = self._grown.setdefault(info.run, [0, 0])
            grown[0] = max(grown[0], last)
            grown[1] += size

    def _put_setting(self, key: str, text: str) -> None:
        writer = self._writing()
        with self._mutex:
            writer.put(Statements([_setting(key, text)], len(text), key=key))
            self._settings[key] = text

    def _change_run(self, run_id: int, fields: dict[str, Any], stored: dict[str, Any]) -> None:
        writer = self._writing()
        with self._mutex:
            run = self._run(run_id)
            if not fields:
                return
            if "steps" in fields:
                fields["steps"] = max(run.steps, fields["steps"])
            columns = ", ".join("steps=max(steps,?)" if column == "steps" else f"{column}=?" for column in stored)
            size = sum(len(value) for value in stored.values() if isinstance(value, str))
            writer.put(Statements([(f"UPDATE runs SET {columns} WHERE id=?", (*stored.values(), run_id))], size, run=run_id))
            self._runs[run_id] = replace(run, **fields)


EMPTY_BYTES = 1_000_000  # so much of a file may stay empty when it is closed
_PURGE = (
    "DELETE FROM chunks WHERE stream IN (SELECT id FROM streams WHERE run=?)",
    "DELETE FROM arrays WHERE checkpoint IN (SELECT id FROM checkpoints WHERE run=?)",
    "DELETE FROM streams WHERE run=?",
    "DELETE FROM checkpoints WHERE run=?",
    "DELETE FROM log WHERE run=?",
    "UPDATE runs SET parent=NULL, parent_step=NULL WHERE parent=?",
    "DELETE FROM runs WHERE id=?",
)


def _purge(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for (number,) in connection.execute("SELECT id FROM runs WHERE deleted=1").fetchall():
        orphans = connection.execute("SELECT id FROM runs WHERE parent=?", (number,)).fetchall()
        for sql in _PURGE:
            connection.execute(sql, (number,))
        for (orphan,) in orphans:
            connection.execute(sign("runs", "WHERE id=?"), (orphan,))
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _tighten(connection: sqlite3.Connection) -> None:
    """Give the room of what was removed back, where it is a good part of the file."""
    pages, free, size = (connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size"))
    if free * size > EMPTY_BYTES and free > pages / 5:
        connection.execute("VACUUM")


def _setting(key: str, text: str) -> tuple[str, tuple]:
    return SET, (key, text)


def _text(value: Any, what: str, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit or not _encodable(value):
        raise ParameterError(f"Session: {what} must be text of at most {printed(limit)} characters (got {repr(value)[:60]}); shorten it.")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return "\0" not in text


def _step(value: Any, owner: str) -> int:
    step = int(value)
    if abs(step) > codec.MAX_STEP:
        raise ModelError(f"{owner}: step {step} is outside of the limit of {codec.MAX_STEP}; start the run again.")
    return step


def _number(text: str | None) -> int:
    number = int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 18 else 0
    return number if number < MAX_ID - 1 else 0


@atexit.register
def close_all() -> None:
    """Lose nothing when a program ends without closing its sessions."""
    for session in list(_open_sessions):
        try:
            session.close()
        except FileError:
            try:
                session.close(discard=True)
            except FileError:  # what is committed is safe, and there is nobody left to tell
                pass
