"""The Python face: run a model, look at what came out, save it, load it again."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab import catalog
from lab.analysis.sweeps import sweep as sweep
from lab.engine import simulation as engine
from lab.engine.experiment import Experiment
from lab.engine.recording import Recorder, experiment_of
from lab.engine.stand_in import is_known, stand_in
from lab.errors import FileError, LabError, ModelError
from lab.model import MOST_STEPS, Happened, Model, Recorded
from lab.session import Session, SessionReader

if TYPE_CHECKING:
    from lab.analysis.of_run import RunAnalysis


def make(name: str, **parameters: Any) -> Model:
    """The model called `name` of the catalogue, or in the Python file at the path `name`, with these parameters."""
    return catalog.given(name)(**parameters)


class Run:
    """What a run produced: streams by name, events, summary; the same whether it was just run or loaded from a file.

    run.time      (rows,) time of the densest sampled stream, in the clock's unit
    run["V"]      values of a stream: (rows, *shape) for traces, event times for rasters, a list for per-block streams
    run.events    event streams by name as `Recorded` (time, index, values)
    run.summary   figures of the run
    run.analysis  intervals, rates, correlations ... of its spikes
    """

    def __init__(
        self,
        experiment: Experiment,
        model: Model,
        steps: int,
        summary: Mapping[str, Any],
        log: Sequence[Happened],
        streams: Sequence[str],
        read: Callable[[str, int | None, int | None], Recorded],
        result: engine.Result | None = None,
        created: str = "",
    ):
        self.experiment = experiment
        self.model = model
        self.steps = steps
        self.summary = dict(summary)
        self.log = tuple(log)
        self.streams = tuple(streams)
        self._read = read
        self._kept: dict[str, Recorded] = {}
        self._result = result
        self.created = created or datetime.now(UTC).isoformat(timespec="seconds")

    def recorded(self, name: str, start: float | None = None, stop: float | None = None) -> Recorded:
        """Time, values and (for events) index of a stream; of the time from `start` up to `stop` no more is read than that."""
        if name not in self.streams:
            self.model.stream(name)  # a misspelt name gets the near ones
            raise ModelError(
                f"{name} was not recorded in this run; it has: {', '.join(self.streams)}. Record it with record={{'{name}': 1}}."
            )
        if start is not None or stop is not None:
            return self._part(name, -math.inf if start is None else start, math.inf if stop is None else stop)
        if name not in self._kept:
            self._kept[name] = self._read(name, None, None)
        return self._kept[name]

    def _part(self, name: str, start: float, stop: float) -> Recorded:
        dt = self.model.clock.dt
        if not start < stop:
            raise ModelError(f"{name}: a part of a run begins before it ends (got {start:g} to {stop:g}).")
        # Events lie between steps: a step more on either side, of which only what is within is kept.
        steps = [None if math.isinf(at) else min(max(round(at / dt) + off, 0), MOST_STEPS) for at, off in ((start, -2), (stop, 2))]
        found = self._kept[name] if name in self._kept else self._read(name, steps[0], steps[1])
        near = 1e-6 * dt  # 0.1 is no multiple of 0.01 in binary
        inside = (found.time >= start - near) & (found.time < stop - near)
        values = (
            found.values[inside]
            if isinstance(found.values, np.ndarray)
            else [v for v, kept in zip(found.values, inside, strict=True) if kept]
        )
        return Recorded(found.time[inside], values, None if found.index is None else found.index[inside])

    def __getitem__(self, name: str) -> Any:
        found = self.recorded(name)
        return found.time if self.model.stream(name).kind == "raster" else found.values

    @property
    def time(self) -> np.ndarray:
        """(rows,) time of the densest sampled stream, in the clock's unit."""
        sampled = [self.recorded(n).time for n in self.streams if self.model.stream(n).form == "samples"]
        return max(sampled, key=len) if sampled else np.empty(0)

    @property
    def events(self) -> dict[str, Recorded]:
        """Every event stream."""
        return {n: self.recorded(n) for n in self.streams if self.model.stream(n).form == "events"}

    @property
    def analysis(self) -> RunAnalysis:
        """Analyses of the run's spikes: `run.analysis.isi()`, `run.analysis.of(cells=[0, 1]).correlogram(lag=50)`."""
        from lab.analysis.of_run import RunAnalysis

        return RunAnalysis(self)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The final state (only of a run made in this process)."""
        if self._result is None:
            raise LabError("A loaded run has no live state: take it from the session's checkpoint, or run it again.")
        return self._result.state

    def save(self, path: str | Path) -> Path:
        """Write a session file with this run; an existing file is not overwritten."""
        path = Path(path)
        result = self._result
        if result is None:
            raise LabError("This run was loaded from a file: copy that file.")
        with Session.create(path, title=self.experiment.title or self.model.title) as session:
            record_result(session, self.experiment, result)
        return path

    def export(self, path: str | Path, to: str = "") -> Path:
        """Write all of the run for other programs: .h5, .nwb or .nir as the path ends, and without an ending a new folder of CSV files.

        to  npz or tensorboard: of those a new folder
        """
        from lab.analysis.of_run import cells_of
        from lab.display import hdf5, nwb, tensorboard
        from lab.display.export import export_all, format_of_run

        path = Path(path)
        to = format_of_run(path, to)
        if to == "hdf5":
            hdf5.export(self, path, self.created, self.steps, self.log)
        elif to == "nwb":
            nwb.export(self, path, self.created, self.steps, partial(cells_of, self.model))
        elif to == "nir":
            self._export_network(path)
        elif to == "tensorboard":
            tensorboard.export(self, path, self.created)
        else:
            export_all(self, path, to)
        return path

    def _export_network(self, path: Path) -> None:
        """Write the network that was simulated, with the synapses that its seed drew."""
        from lab.graph import nir
        from lab.graph.document import Graph

        drawn = next((name for name, spec in type(self.model).specs().items() if spec.kind == "graph"), None)
        if drawn is None:
            raise LabError(f"'{self.model.name}' has no network that a document says: NIR holds one of spiking populations.")
        if path.exists():
            raise FileError(f"{path} is there already: choose another name.")
        nir.write(Graph.from_json(getattr(self.model, drawn)), path, self.experiment.seed, self.model.clock.dt)

    def __repr__(self) -> str:
        clock = self.model.clock
        figures = ", ".join(f"{k} {_short(v)}" for k, v in self.summary.items())
        return f"<Run of {self.experiment.model}, {clock.said(self.steps)}: {figures}>"

    def _repr_html_(self) -> str:
        rows = {"model": self.model.title, "length": self.model.clock.said(self.steps), **self.summary}
        rows["streams"] = ", ".join(self.streams)
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(str(k))}</th><td>{html.escape(_short(v))}</td></tr>" for k, v in rows.items()
        )
        return f"<table>{body}</table>"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def run(
    name: str | Model | Experiment,
    *,
    duration: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    record: Mapping[str, int] | Iterable[str] | int | None = None,
    schedule: Sequence[Happened] | str = (),
    progress: Callable[[engine.Simulation], None] | None = None,
    **parameters: Any,
) -> Run:
    """Run a model of the catalogue, a model value, or an experiment.

    duration   model time in the clock's unit (steps: the same in steps; default: the model's own)
    record     streams to keep: names, or name -> interval in steps
    schedule   changes and actions by step
    parameters the model's own; one that is called like an argument above is meant where the model has it (the `schedule`
               "cosine" of a training, the `duration` of a tuning curve, the `steps` that a training of text or of a game lasts)

    Raises ParameterError, ModelError, DivergenceError.
    """
    if isinstance(name, Experiment):
        experiment = name
        value = experiment.build()
    else:
        kind = type(name) if isinstance(name, Model) else catalog.given(name)
        if duration is not None and "duration" in kind.specs():
            parameters, duration = {**parameters, "duration": duration}, None
        if steps is not None and "steps" in kind.specs():
            parameters, steps = {**parameters, "steps": steps}, None
        if isinstance(schedule, str) and "schedule" in kind.specs():
            parameters, schedule = {**parameters, "schedule": schedule}, ()
        value = name.replace(**parameters) if isinstance(name, Model) else make(name, **parameters)
        if isinstance(record, int):
            raise ModelError(f"record must name streams, or streams with their intervals in steps (got {record!r}).")
        if isinstance(schedule, str):
            raise ModelError(
                f"schedule must be a list of changes and actions, and {value._owner()} has no parameter of that name (got {schedule!r})."
            )
        if isinstance(record, str):
            record = {record: 1}
        elif record is not None and not isinstance(record, Mapping):
            record = dict.fromkeys(record, 1)
        where = name if isinstance(name, str) else value.name
        experiment = Experiment(where, value.changed(), int(seed), record=record, schedule=tuple(schedule))
        if duration is not None:
            if isinstance(duration, str) or not 0 <= duration < 1e15:
                raise ModelError(f"duration must be a number of {value.clock.unit}, 0 or more (got {duration!r}).")
            steps = value.steps_for(duration)
        experiment = experiment.replace(steps=value.default_steps if steps is None else steps)
    result = engine.run(
        value, experiment.steps, seed=experiment.seed, record=experiment.record, schedule=experiment.schedule, progress=progress
    )
    simulation = result.simulation
    return Run(
        experiment,
        result.model,
        simulation.step,
        result.summary,
        simulation.log,
        result.streams,
        lambda name, *_: result.recorded(name),
        result,
    )


def record_result(session: Session, experiment: Experiment, result: engine.Result, name: str = "") -> int:
    """Write a run that is held in memory into a session; returns the run's id."""
    simulation = result.simulation
    recorder = Recorder(session, name or experiment.title or experiment.model, experiment, simulation, result.collector.record)
    for stream in result.collector.record:
        for part in result.collector.parts(stream):
            form = simulation.model.stream(stream).form
            if form == "samples":
                session.append_samples(recorder.run_id, stream, int(part[0][0]), part[1])
            elif form == "events":
                session.append_events(recorder.run_id, stream, *part)
            else:
                recorder.snapshot(stream, part[0], part[1])
    recorder.finish(simulation, "finished", result.reason)
    return recorder.run_id


def load(path: str | Path, run: int | None = None) -> Run:
    """The run with id `run` (default: the newest) of a session file.

    Raises FileError for a file that is damaged, of another kind, or holds no such run.
    """
    reader = SessionReader(path)
    info = reader.pick(run)
    log = tuple(Happened(e.step, e.kind, e.name, dict(e.payload)) for e in reader.log(info.id))  # type: ignore[arg-type]
    if is_known(info.experiment.get("model")):
        experiment = experiment_of(reader, info, f"run {info.id} of {path}")
        value = experiment.build()
        for h in log:
            if h.kind == "change":
                value = value.replace(**h.values)
    else:  # what was recorded can be read without the program that made it
        value = stand_in(str(info.experiment.get("model")), reader.streams(info.id))
        experiment = Experiment(value.name, steps=info.steps)
    dt = value.clock.dt

    def read(name: str, start: int | None, stop: int | None) -> Recorded:
        stream = value.stream(name)
        if stream.form == "samples":
            steps, rows = reader.samples(info.id, name, start, stop)
            return Recorded(steps * dt, rows)
        if stream.form == "events":
            steps, index, extra = reader.events(info.id, name, start, stop)
            when = (steps + extra) * dt if stream.kind == "raster" else (steps + 1) * dt
            return Recorded(when, extra, index)
        pairs = reader.snapshots(info.id, name, start, stop)
        return Recorded(np.array([p[0] for p in pairs], float) * dt, [p[1] for p in pairs])

    streams = [s.name for s in reader.streams(info.id)]
    return Run(experiment, value, info.steps, info.summary, log, streams, read, created=info.created)
