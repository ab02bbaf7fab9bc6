"""`lab sweep`: the same experiment at many values and seeds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from lab.commands.options import ModelFile, app, say, trust
from lab.commands.running import Assignments, assignment, free_name, given_experiment, steps_of
from lab.errors import ModelError
from lab.units import number, typeset

if TYPE_CHECKING:
    from lab.analysis.sweeps.table import Table

FAILED = 5  # points that went wrong and are named


@app.command
def sweep(
    what: Annotated[str | None, Parameter(help="Model name, experiment.toml or session.lab; not needed with --resume.")] = None,
    *,
    vary: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="parameter=low:high:count (:log for equal ratios) or parameter=value,value; repeatable."),
    ] = (),
    set_: Assignments = (),
    seeds: Annotated[int, Parameter(help="So many seeds at each place, from that of the experiment on.")] = 1,
    random: Annotated[int, Parameter(help="So many places at random between the ends of the ranges, instead of all combinations.")] = 0,
    for_: Annotated[str | None, Parameter(name="--for", help="How long each: 500ms, 2s, 3 epochs, 1000 steps.")] = None,
    workers: Annotated[int | None, Parameter(help="Processes of this machine (default: one for each core; 0: none but this one).")] = None,
    cluster: Annotated[str, Parameter(help="Address of a Dask scheduler, or 'local' (extra 'cluster').")] = "",
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Session file for the table.")] = None,
    table: Annotated[str | None, Parameter(help="Write the table, too: .csv, or .parquet (extra 'parquet').")] = None,
    csv: Annotated[bool, Parameter(negative="", help="Print the table as CSV.")] = False,
    resume: Annotated[str | None, Parameter(help="Session file of a sweep that was interrupted: do what it lacks.")] = None,
    again: Annotated[bool, Parameter(negative="", help="With --resume: do the points again that went wrong.")] = False,
    show: Annotated[str | None, Parameter(help="A figure whose mean over the seeds is printed for each place.")] = None,
    model_file: ModelFile = None,
    quiet: Annotated[bool, Parameter(negative="", help="No progress.")] = False,
) -> int:
    """Run an experiment at all combinations of values and seeds, on all cores or on a cluster, into one table.

    The table is the same whoever did the points. A worker that dies is replaced; a point that goes wrong is named and the rest goes on;
    Ctrl-C, or a kill, keeps what is done, and --resume does the rest.
    """
    from lab.analysis.sweeps import driving
    from lab.analysis.sweeps.plan import Plan

    trust(model_file)
    progress = None if quiet else _progress
    if resume is not None:
        if what is not None or vary:
            raise ModelError("--resume goes on with the plan of a file: name neither an experiment nor --vary.")
        path = Path(resume)
        found = driving.resume(path, workers_=workers, cluster=cluster, again=again, progress=progress)
    else:
        if what is None:
            raise ModelError("lab sweep needs a model or an experiment, such as: lab sweep hodgkin-huxley --vary current=0:20:41")
        experiment = given_experiment(what, None)
        kind = type(experiment.build())
        if set_:
            experiment = experiment.with_parameters(**dict(assignment(kind, text) for text in set_))
        model = experiment.build()
        steps = steps_of(model, for_) if for_ is not None else model.default_steps if experiment.steps is None else experiment.steps
        if seeds < 1:
            raise ModelError(f"--seeds must be at least 1 (got {seeds}).")
        experiment = experiment.replace(steps=steps, record={})
        numbers = tuple(range(experiment.seed, experiment.seed + seeds))
        plan = Plan(experiment, driving.axes_of(experiment, vary), numbers, random)
        path = Path(output) if output else free_name(f"{experiment.model}-sweep", ".lab")
        found = driving.run_plan(plan, workers_=workers, cluster=cluster, file=path, progress=progress)
    if not quiet:
        say("")
    if show is not None and not csv:
        _print(found, show)
    if csv:
        found.write_csv(sys.stdout)
    if table is not None:
        say(f"table: {found.write(table)}")
    return _say(found, path)


def _progress(done: int, total: int, left: float) -> None:
    from lab.analysis.sweeps.driving import time_left

    say(f"\r{number(done)} of {number(total)} points, {time_left(left)} left   ", end="")


def _print(found: Table, figure: str) -> None:
    """A line for each place: its values, the mean over the seeds and their standard deviation."""
    for values, middle, spread, count in found.mean(figure):
        place = ", ".join(f"{name} {number(value, 6)}" for name, value in values.items())
        more = f" ± {number(spread, 3)} ({count} seeds)" if count > 1 else ""
        print(f"{place}: {typeset(figure)} {number(middle, 6)}{more}")


def _say(found: Table, path: Path) -> int:
    wrong = [row for row in found.rows if row.state != "finished"]
    for row in wrong[:FAILED]:
        values = ", ".join(f"{name}={number(value, 6)}" for name, value in row.point.values.items())
        say(f"point {row.point.number} ({values}, seed {row.point.seed}) {row.state}: {row.error}")
    if len(wrong) > FAILED:
        say(f"and {len(wrong) - FAILED} more; the table names them.")
    say(
        f"{number(len(found.rows) - len(wrong))} of {number(len(found.plan))} points finished{f', {len(wrong)} went wrong' if wrong else ''}; session: {path}"
    )
    return 1 if wrong and len(wrong) == len(found.rows) else 0
