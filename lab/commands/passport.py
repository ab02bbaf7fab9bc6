"""`lab passport`: the same experiment in other simulators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lab.commands.options import Json, ModelFile, RunId, app, say, trust
from lab.commands.running import given_experiment


@app.command
def passport(
    what: Annotated[str, Parameter(help="session.lab (its newest run), experiment.toml or a model's name.")],
    *,
    folder: Annotated[
        str | None, Parameter(name=["--folder", "-o"], help="New folder for the scripts (default: named after the run).")
    ] = None,
    only: Annotated[tuple[str, ...], Parameter(negative="", help="One program: neuron, brian2, nest, nengo or pytorch; repeatable.")] = (),
    start: Annotated[
        bool, Parameter(name="--start", negative="--write-only", help="Run the programs that are installed, or write alone.")
    ] = True,
    limit: Annotated[float, Parameter(help="Seconds that a program may take.")] = 120.0,
    run_id: RunId = None,
    model_file: ModelFile = None,
    json_: Json = False,
) -> int:
    """Write a run for NEURON, Brian2, NEST, Nengo and PyTorch, run those that are installed, and compare their figures with ours.

    Each script holds the numbers of the run and the figures that are expected, and needs nothing of this program. What a program cannot say
    is said in one sentence. The exit code is 1 if a figure of a program that ran is further off than is allowed.
    """
    from lab.analysis.passport import agreement, told

    trust(model_file)
    experiment = given_experiment(what, run_id)
    place = Path(folder) if folder else Path(f"{Path(what).stem}-passport")
    found = told.passport(experiment, place, only=only, start=start, limit=limit, progress=lambda title: say(f"{title} ..."))
    if json_:
        print(json.dumps([each.to_dict() for each in found.values()], indent=1, ensure_ascii=False))
    else:
        print(agreement.plain_table(found))
        say(f"written to {place}")
    ran = [each for each in found.values() if each.state in ("ran", "failed")]
    return 0 if all(each.agrees for each in ran) else 1
