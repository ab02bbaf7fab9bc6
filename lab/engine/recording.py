"""Writes what a run produces into a session file: the sink between the engine and the session.

Lossless: `take` blocks while the disk is slower than the simulation, and raises when the disk refuses.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from lab.engine import provenance
from lab.engine.experiment import Experiment
from lab.engine.simulation import Block, Checkpoint, Simulation, recorded_rows
from lab.errors import FileError
from lab.model import Happened, Stream
from lab.session import RunInfo, Session, SessionReader

CHECKPOINT_SECONDS = 0.5  # a program that is killed goes on from less than a second before
KEPT_SECONDS = 5.0  # between checkpoints that stay, to go back to; the others take each other's place
CHECKPOINT_SHARE = 0.05  # most of the run's time that may go into checkpoints
CHECKPOINT_RATE = 20e6  # bytes a second that they may write
MOST_NAMES = 400_000  # letters of the names of points, nodes or cells that are stored with a stream


class Recorder:
    """Records one run of a simulation into a session.

    session, name     where, and under which name
    record            stream -> interval in steps
    parent            (run id, step) when this run branched from another
    run_id            an existing run to go on with (its own streams and intervals then count)
    """

    def __init__(
        self,
        session: Session,
        name: str,
        experiment: Experiment,
        simulation: Simulation,
        record: Mapping[str, int],
        *,
        parent: tuple[int, int] | None = None,
        colour: str = "",
        run_id: int | None = None,
    ):
        self.session = session
        self.record = dict(record)
        self._looked: dict[str, int] = {}  # streams the session knows of, and the step of their last snapshot
        self._logged = 0
        if run_id is not None:
            self.run_id = run_id
            with session.reader() as reader:
                known = {info.name: info for info in reader.streams(run_id)}
                self._logged = len(reader.log(run_id))
            self._looked = {name: -1 if info.last is None else info.last for name, info in known.items()}
            for name, info in known.items():
                # What was looked at where the run stopped is no look of the run that goes on.
                kept = info.meta.get("recorded", True)
                if info.form == "snapshots" and info.last is not None and (not kept or info.last % info.every):
                    session.drop_last_snapshot(run_id, name)
            self.record = {name: info.every for name, info in known.items() if info.meta.get("recorded", True)}
            session.update_run(run_id, state="running", reason="")
        else:
            self.run_id = session.add_run(
                name,
                experiment.to_dict(),
                parent=parent[0] if parent else None,
                parent_step=parent[1] if parent else None,
                colour=colour,
                made=provenance.here(),
            )
            for stream_name, every in self.record.items():
                self._declare(simulation, stream_name, every)
        self._pending: deque[tuple[Block, str]] = deque()
        self._checkpointed = self._kept = 0.0
        self._cost = 0.0
        self._passing: int | None = None  # the checkpoint whose place the next one takes
        self._at: tuple[int, int] | None = None  # step and length of the log at the last one that stays
        self.checkpoint(simulation)

    def _declare(self, simulation: Simulation, name: str, every: int) -> None:
        """Tell the session about a stream; every 0: only its last snapshot will be stored, for looking at."""
        stream, clock = simulation.model.stream(name), simulation.model.clock
        dtype, shape = np.dtype(stream.dtype).name, stream.shape
        if stream.form == "events":
            dtype, shape = "float64", ()
        elif stream.form == "snapshots":
            shown = storable(simulation.observe(name))
            array = isinstance(shown, np.ndarray)
            dtype, shape = (shown.dtype.name, (-1,) * shown.ndim) if array else ("json", ())
        meta = stream_meta(stream) | {"dt": clock.dt, "clock_unit": clock.unit, "recorded": every > 0}
        names = simulation.model.labels(simulation.constants, name)
        if names and sum(map(len, names)) + 4 * len(names) <= MOST_NAMES:  # a recording that is looked at has no constants to ask
            meta["labels"] = list(names)
        self.session.add_stream(
            self.run_id, name, form=stream.form, dtype=dtype, shape=shape, every=max(1, every), unit=stream.unit, meta=meta
        )
        self._looked[name] = -1

    def take(self, block: Block) -> None:
        """Record a block. After a FileError (full disk) nothing is lost: `drain` goes on where it stopped."""
        self._pending.extend((block, name) for name in self.record)
        self.drain()

    def drain(self) -> None:
        """Hand over what is still waiting."""
        while self._pending:
            block, name = self._pending[0]
            every = self.record[name]
            if name in block.samples:
                first, rows = recorded_rows(block, name, every)
                if len(rows):
                    self.session.append_samples(self.run_id, name, first, rows)
            elif name in block.events:
                steps, index, value = block.events[name]
                if len(steps):
                    self.session.append_events(self.run_id, name, steps, index, value)
            elif name in block.snapshots:
                self.snapshot(name, block.end, block.snapshots[name])
            self._pending.popleft()

    def snapshot(self, name: str, step: int, value: Any) -> None:
        """Record what a per-block stream showed at `step`."""
        self.session.append_snapshot(self.run_id, name, step, storable(value))
        self._looked[name] = step

    def take_log(self, log: list[Happened]) -> None:
        """Record the changes and actions that are new in the simulation's log."""
        while self._logged < len(log):
            h = log[self._logged]
            self.session.append_log(self.run_id, h.step, h.kind, h.name, json.loads(json.dumps(dict(h.values), default=_jsonable)))
            self._logged += 1

    def checkpoint(self, simulation: Simulation, *, passing: bool = False) -> None:
        """Store all that is needed to go on from here, in place of the last one that was only `passing`."""
        began = time.perf_counter()
        point = simulation.checkpoint()
        if (point.step, point.done) == self._at and not passing:
            return  # nothing has happened since the last one: a run that is paused, or at its end, is left
        parameters = json.loads(json.dumps(point.parameters, default=_jsonable))
        meta = {"parameters": parameters, "done": point.done}
        made = self.session.add_checkpoint(self.run_id, point.step, point.state, meta, instead_of=self._passing)
        self._passing = made if passing else None
        self._at = (point.step, point.done) if not passing else None
        self._checkpointed = time.perf_counter()
        if not passing:
            self._kept = self._checkpointed
        self._cost = max((self._checkpointed - began) / CHECKPOINT_SHARE, sum(a.nbytes for a in point.state.values()) / CHECKPOINT_RATE)

    def checkpoint_when_due(self, simulation: Simulation) -> None:
        """A checkpoint every half second, less often where it is expensive."""
        now = time.perf_counter()
        if now - self._checkpointed > max(CHECKPOINT_SECONDS, self._cost):
            self.checkpoint(simulation, passing=now - self._kept < KEPT_SECONDS)

    def finish(self, simulation: Simulation, state: str, reason: str, *, trusted: bool | None = None) -> None:
        """Close the run: last checkpoint and look (if its state is `trusted`: unless it diverged), log, summary, why it ended."""
        self.take_log(simulation.log)
        if state != "diverged" if trusted is None else trusted:
            self.checkpoint(simulation)
            self._store_last_look(simulation)
        summary = json.loads(json.dumps(simulation.summary(), default=_jsonable))
        self.session.update_run(self.run_id, steps=simulation.step, state=state, reason=reason, summary=summary)

    def _store_last_look(self, simulation: Simulation) -> None:
        """What every per-block stream shows at the end, so that a reopened run has all its pictures."""
        for stream in simulation.model.streams:
            if stream.form != "snapshots":
                continue
            if stream.name not in self._looked:
                self._declare(simulation, stream.name, 0)
            if self._looked[stream.name] < simulation.step:
                self.snapshot(stream.name, simulation.step, simulation.observe(stream.name))


def stream_meta(stream: Stream) -> dict[str, Any]:
    """What a reader without the model needs to know to draw or export a stream."""
    return {"kind": stream.kind, "doc": stream.doc, "channels": list(stream.channels), "x_unit": stream.x_unit, "events": stream.events}


def storable(value: Any) -> Any:
    """A snapshot as the session takes it: an array, or JSON."""
    if isinstance(value, np.ndarray):
        return value
    return json.loads(json.dumps(value, default=_jsonable))


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be stored")


def experiment_of(reader: SessionReader, info: RunInfo, where: str = "the experiment") -> Experiment:
    """The experiment of a recorded run, with the defaults that held when it was made.

    A file names only what differed from them, and a later version may have others; the first checkpoint holds all.
    """
    experiment = Experiment.from_dict(info.experiment, where)
    parameters = (reader.began_with(info.id) or {}).get("parameters")
    return experiment.completed(parameters) if isinstance(parameters, Mapping) else experiment


def intervals(reader: SessionReader, run_id: int) -> dict[str, int]:
    """The streams that a run recorded, with their intervals in steps."""
    return {s.name: s.every for s in reader.streams(run_id) if s.meta.get("recorded", True)}


def as_it_went(reader: SessionReader, info: RunInfo, where: str = "the experiment") -> Experiment:
    """The experiment that makes a recorded run again: its log is the schedule, its length and its streams are those it had."""
    found = experiment_of(reader, info, where)
    known = {stream.name for stream in found.build().streams}
    record = {name: every for name, every in intervals(reader, info.id).items() if name in known}
    log = tuple(Happened(e.step, e.kind, e.name, dict(e.payload)) for e in reader.log(info.id))  # type: ignore[arg-type]
    return found.replace(schedule=log, steps=info.steps, record=record if found.record is None else found.record)


def restore_point(session_reader: Any, run_id: int, at_step: int) -> Checkpoint | None:
    """The nearest checkpoint not after `at_step`, of a run or of the runs it branched from; None where there is none.

    A branch knows its whole log, and its parents agree with it up to where it left them, so their checkpoints are its own.
    """
    runs = {run.id: run for run in session_reader.runs(deleted=True)}
    while run_id in runs:
        found = session_reader.checkpoint(run_id, at_step)
        if found is not None:
            step, arrays, meta = found
            done, parameters = meta.get("done"), meta.get("parameters")
            if done is None:
                done = sum(entry.step < step for entry in session_reader.log(run_id))
            if not isinstance(parameters, dict) or type(done) is not int or done < 0 or step < 0:
                raise FileError(
                    f"The checkpoint of run {run_id} at step {step} is damaged: it does not say which parameters it belongs to."
                )
            return Checkpoint(step, parameters, arrays, done, f"run {run_id} in '{session_reader.path.name}'")
        run = runs.pop(run_id)  # each run once: a damaged file may hold a circle of parents
        if run.parent is None:
            return None
        run_id, at_step = run.parent, min(at_step, run.parent_step if run.parent_step is not None else at_step)
    return None
