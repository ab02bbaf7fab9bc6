"""From an experiment to scripts in a folder, and from those to the table of agreement."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.analysis.passport.agreement import Agreement, Line, markdown
from lab.analysis.passport.cell import LONGEST, CellRun
from lab.analysis.passport.populations import LONGEST as NETWORK_LONGEST
from lab.analysis.passport.populations import NetworkRun
from lab.analysis.passport.program import Failed, Program, figures_of, interpreter, program, programs, version_of
from lab.analysis.passport.writing import Script, Untold
from lab.display.export import new_folder
from lab.engine.experiment import Experiment
from lab.engine.simulation import Simulation, run
from lab.errors import FileError, LabError, ModelError
from lab.model import CellTerms, Happened, LayerTerms, Model, PopulationTerms, Portable

LIMIT = 120.0  # seconds that a program may take


def passport(
    experiment: Experiment,
    folder: str | Path,
    *,
    only: Sequence[str] = (),
    start: bool = True,
    limit: float = LIMIT,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Agreement]:
    """Write an experiment for other programs into a new folder, run those that are installed, and compare their figures with ours.

    only    names of programs (default: all); start=False: write the scripts and run none
    Raises ModelError where nothing of the model can be said anywhere, FileError where the folder cannot be written.
    """
    chosen = [program(name) for name in dict.fromkeys(only)] or list(programs().values())
    if not 0 < limit <= 86_400:
        raise ModelError(f"limit must be above 0 and at most 86,400 s (got {limit:g}).")
    told = tell(experiment)
    folder = Path(folder)
    new_folder(folder)
    found = {}
    for each in chosen:
        if progress is not None:
            progress(each.title)
        found[each.name] = _one(each, told, folder, start, limit)
    _write(folder / "agreement.md", markdown(found))
    _write(folder / "agreement.json", json.dumps([a.to_dict() for a in found.values()], indent=1) + "\n")
    return found


def serve() -> int:
    """Do what standard input asks for, as JSON, and answer with a line of JSON: what is said of it, or why it was not done."""
    asked = json.loads(sys.stdin.read())
    try:
        found = passport(Experiment.from_dict(asked["experiment"]), asked["folder"])
    except LabError as problem:
        print(json.dumps({"error": str(problem)}))
        return 1
    print(json.dumps({"said": said(found), "agrees": all(a.agrees for a in found.values() if a.state in ("ran", "failed"))}))
    return 0


def said(found: Mapping[str, Agreement]) -> str:
    """What came of it in a sentence for each kind of end."""
    kinds = {
        "agree": [a.title for a in found.values() if a.agrees],
        "differ": [a.title for a in found.values() if a.state == "ran" and not a.agrees],
        "failed": [a.title for a in found.values() if a.state == "failed"],
        "are told and not installed": [a.title for a in found.values() if a.state == "not installed"],
        "cannot be told it": [a.title for a in found.values() if a.state == "not told"],
    }
    return " ".join(f"{', '.join(names)}: {what}." for what, names in kinds.items() if names)


def _one(of: Program, told: Any, folder: Path, start: bool, limit: float) -> Agreement:
    try:
        script = of.tell(told)
    except Untold as problem:
        return Agreement(of.name, of.title, "not told", str(problem))
    path = folder / f"{of.name}_run.py"
    files = _files(script, path)
    if not start:
        return Agreement(of.name, of.title, "told", f"written to {path.name}.", files=files)
    python = interpreter(of)
    if python is None:
        sentence = f"not installed here; {path.name} runs where it is."
        return Agreement(of.name, of.title, "not installed", sentence, files=files)
    try:
        theirs, seconds = figures_of(python, path, limit)
        lines = tuple(Line(e, theirs.get(e.name, math.nan)) for e in script.expected)
    except (Failed, OSError) as problem:
        return Agreement(of.name, of.title, "failed", str(problem), version_of(of, python), files=files)
    return Agreement(of.name, of.title, "ran", "", version_of(of, python), seconds, lines, files)


def _files(script: Script, path: Path) -> tuple[str, ...]:
    """Write a script and what lies beside it; names of the files."""
    written = [path.name]
    _write(path, script.text)
    for name, text in script.sources.items():
        _write(path.with_name(name), text)
        written.append(name)
    if script.arrays:
        beside = path.with_suffix(".npz")
        try:
            np.savez_compressed(beside, **script.arrays)  # type: ignore[arg-type]
        except OSError as problem:
            raise FileError(f"{beside} cannot be written ({problem.strerror}): choose another place.") from None
        written.append(beside.name)
    return tuple(written)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise FileError(f"{path} cannot be written ({problem.strerror}): choose another place.") from None


def tell(experiment: Experiment) -> Any:
    """The run as programs are told it; raises ModelError saying why it is told to none."""
    model = experiment.build()
    simulation = Simulation(model, experiment.seed)
    terms = model.portable(simulation.constants, simulation.state)
    return KINDS[type(terms)](experiment, model, terms)


def _cell(experiment: Experiment, model: Model, terms: Portable) -> CellRun:
    assert isinstance(terms, CellTerms)
    specs = type(model).specs()
    for event in experiment.schedule:
        wrong = _beyond_the_stimulus(event, specs)
        if wrong:
            when = f"{event.step * model.clock.dt:g} {model.clock.unit}"
            raise ModelError(f"{wrong} at {when} of this run, and only a stimulus that changes is told: make a run without it.")
    steps = model.default_steps if experiment.steps is None else experiment.steps
    if not steps:
        raise ModelError("The run has no steps, so there is nothing to compare: run it first.")
    steps = min(steps, model.steps_for(LONGEST))
    done = run(model, steps, seed=experiment.seed, record={"V": 1, "current": 1, "spikes": 1}, schedule=experiment.schedule)
    spikes = done.recorded("spikes")
    assert spikes.index is not None
    return CellRun(model.title, terms, model.clock.dt, done["current"], done["V"], spikes.time[spikes.index == 0])


def _network(experiment: Experiment, model: Model, terms: Portable) -> NetworkRun:
    assert isinstance(terms, PopulationTerms)
    if experiment.schedule:
        raise ModelError("The network was changed while it ran, which is not told: make a run without it.")
    steps = model.default_steps if experiment.steps is None else experiment.steps
    if not steps:
        raise ModelError("The run has no steps, so there is nothing to compare: run it first.")
    steps = min(steps, model.steps_for(NETWORK_LONGEST))
    spikes = run(model, steps, seed=experiment.seed, record={"spikes": 1}).recorded("spikes")
    assert spikes.index is not None
    dt = model.clock.dt
    ends = dt * (np.floor(spikes.time / dt + 1e-6) + 1)
    return NetworkRun(model.title, terms, steps * dt, ends, terms.recorded[spikes.index])


def _layers(experiment: Experiment, model: Model, terms: Portable) -> LayerTerms:
    """The network as the run leaves it."""
    done = run(model, experiment.steps, seed=experiment.seed, record={}, schedule=experiment.schedule)
    found = done.model.portable(done.simulation.constants, done.state)
    assert isinstance(found, LayerTerms)
    return found


def _beyond_the_stimulus(event: Happened, specs: Any) -> str:
    """What an entry of a log does to more than the stimulus; "" where that is all."""
    if event.kind == "change":
        other = [name for name in event.values if specs[name].group != "Stimulus"]
        return f"{other[0]} was changed" if other else ""
    return "" if event.name in ("pulse", "recount") else f"'{event.name}' was done"


KINDS: dict[type, Callable[[Experiment, Model, Any], Any]] = {CellTerms: _cell, PopulationTerms: _network, LayerTerms: _layers}
