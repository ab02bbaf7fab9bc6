"""Drives a sweep: gives points that are not done yet to workers, and keeps what they answer."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol

from lab.analysis.sweeps import table
from lab.analysis.sweeps.plan import Axis, Plan, axis, checked
from lab.analysis.sweeps.pool import Pool, cores
from lab.analysis.sweeps.work import measure
from lab.engine.experiment import Experiment
from lab.errors import FileError
from lab.session import Session


class Workers(Protocol):
    """Who does the points."""

    def work(self, tasks: Iterable[str]) -> Iterator[str]:
        """One answer (a list of what came of its points) for each task, as they come."""

    def end(self) -> None:
        """Let go of what was begun."""


class Here:
    """This process, one point after the other."""

    def work(self, tasks: Iterable[str]) -> Iterator[str]:
        """Answers in the order of the tasks."""
        return map(measure, tasks)

    def end(self) -> None:
        """Nothing was begun."""


Progress = Callable[[int, int, float], None]  # points done, points in all, seconds left


def time_left(seconds: float) -> str:
    """What is still to come, in the unit a person would say it in."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def workers(count: int | None, cluster: str, plan: Plan) -> Workers:
    """Processes of this machine (0: this one), or those of a Dask scheduler; not told how many, what is done at once is done here."""
    if cluster:
        from lab.analysis.sweeps.cluster import Cluster

        return Cluster(cluster, count or cores())
    if count is None:
        tasks = plan.groups()
        next(tasks)
        count = 0 if next(tasks, None) is None else cores()
    return Pool(count) if count else Here()


def drive(
    plan: Plan,
    session: Session,
    who: Workers,
    *,
    run: int | None = None,
    done: frozenset[int] = frozenset(),
    progress: Progress | None = None,
    seen: Callable[[dict[str, Any]], object] | None = None,
) -> int:
    """Do what is not done of a plan; returns the run of the session. Ctrl-C keeps what is done, and is raised again.

    seen  is given each answer as it comes; what it or `progress` raises ends the sweep, too
    """
    store = table.Store(session, plan, run)
    tasks = (plan.task(group) for group in plan.groups() if not done.issuperset(point.number for point in group))
    total, count, began = len(plan), len(done), time.monotonic()
    reason = "interrupted"
    try:
        for answers in who.work(tasks):
            for answer in json.loads(answers):
                if answer["number"] in done:
                    continue  # its group was not done to the end
                store.put(answer)
                count += 1
                if seen is not None:
                    seen(answer)
                if progress is not None:
                    spent = time.monotonic() - began
                    progress(count, total, spent / (count - len(done)) * (total - count))
        reason = ""
    finally:
        who.end()
        with suppress(FileError):  # a full disk has been said already
            store.finish(reason)
    return store.run


def axes_of(experiment: Experiment, vary: Mapping[str, Any] | Sequence[str]) -> tuple[Axis, ...]:
    """Axes from texts (`current=0:20:41`), or from names with values, `low:high:count` or an `Axis`."""
    kind = type(experiment.build())
    if not isinstance(vary, Mapping):
        return tuple(axis(kind, text) for text in vary)
    found = []
    for name, values in vary.items():
        if isinstance(values, str):
            found.append(axis(kind, f"{name}={values}"))
            continue
        if name not in kind.specs():
            axis(kind, f"{name}=0")  # says what is near
        values = values.values if isinstance(values, Axis) else values
        found.append(checked(kind, Axis(name, tuple(v.item() if hasattr(v, "item") else v for v in values))))
    return tuple(found)


def sweep(
    what: str | Experiment,
    vary: Mapping[str, Any] | Sequence[str] = (),
    *,
    seeds: int | Sequence[int] = 1,
    random: int = 0,
    duration: float | None = None,
    steps: int | None = None,
    workers: int | None = None,
    cluster: str = "",
    file: str | Path | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> table.Table:
    """Run a model (its name, or an experiment) at all combinations of values; returns the table.

    vary      {"current": "0:20:41", "g_Na": [100, 120, 140]}, or texts as on the command line
    seeds     how many (0, 1, ...), or which
    random    so many places drawn at random between the ends of the ranges, instead of all combinations
    workers   processes (default: one for each core; 0: this process); cluster: the address of a Dask scheduler, or "local"
    file      session to write the table to; one that holds an unfinished sweep of the same plan is gone on with

    The table has the same rows whoever did the points. Raises ParameterError, ModelError, FileError.
    """
    if isinstance(what, Experiment):
        experiment = what.with_parameters(**parameters)
    else:
        experiment = Experiment(what).with_parameters(**parameters)
    model = experiment.build()
    if steps is None and duration is not None:
        steps = model.steps_for(duration)
    if steps is not None or experiment.steps is None:
        experiment = experiment.replace(steps=model.default_steps if steps is None else steps)
    first = experiment.seed
    numbers = tuple(range(first, first + seeds)) if isinstance(seeds, int) else tuple(int(s) for s in seeds)
    return run_plan(
        Plan(experiment.replace(record={}), axes_of(experiment, vary), numbers, int(random)),
        workers_=workers,
        cluster=cluster,
        file=file,
        progress=progress,
    )


def run_plan(
    plan: Plan, *, workers_: int | None = None, cluster: str = "", file: str | Path | None = None, progress: Progress | None = None
) -> table.Table:
    """Do a plan, or what a file lacks of it."""
    with ExitStack() as stack:
        if file is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            session, run, done = stack.enter_context(Session.create(Path(folder) / "sweep.lab", "Sweep")), None, frozenset[int]()
        elif Path(file).exists():
            session = stack.enter_context(Session.open(file))
            with session.reader() as reader:
                run = table.find(reader).id
                before = table.read(reader, run)
            if json.dumps(before.plan.to_dict()) != json.dumps(plan.to_dict()):
                raise FileError(f"{file} holds a sweep of another plan: give another name, or go on with lab sweep --resume {file}.")
            done = frozenset(row.point.number for row in before.rows)
        else:
            if Path(file).suffix != ".lab":
                raise FileError(f"{file}: a session file's name ends in .lab.")
            session, run, done = stack.enter_context(Session.create(file, f"Sweep of {plan.experiment.model}")), None, frozenset[int]()
        run = drive(plan, session, workers(workers_, cluster, plan), run=run, done=done, progress=progress)
        session.flush()
        with session.reader() as reader:
            return table.read(reader, run)


def resume(
    file: str | Path, *, workers_: int | None = None, cluster: str = "", again: bool = False, progress: Progress | None = None
) -> table.Table:
    """Do what a sweep of a file lacks; `again` also does the points that failed."""
    with Session.open(file) as session:
        with session.reader() as reader:
            run = table.find(reader).id
            before = table.read(reader, run)
        done = frozenset(row.point.number for row in before.rows if not again or row.state == "finished")
        if len(done) == len(before.plan):
            return before
        drive(before.plan, session, workers(workers_, cluster, before.plan), run=run, done=done, progress=progress)
        session.flush()
        with session.reader() as reader:
            return table.read(reader, run)
