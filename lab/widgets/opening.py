"""What to show when a session opens: worked out from what lies in it, without a window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import catalog
from lab.engine.experiment import Experiment
from lab.errors import LabError, OwnModelError
from lab.session import RECOVERED, RunInfo
from lab.widgets.document import Document


@dataclass(frozen=True)
class Opening:
    """The document to begin with, the recording to look at (None: a new run), what is to be said, model files to ask about."""

    document: Document
    run: int | None = None
    problems: tuple[str, ...] = ()
    foreign: tuple[Path, ...] = ()


def opening(
    stored: Mapping[str, Any], notes: str, runs: Sequence[RunInfo], *, model: str | None = None, recovered: bool = False
) -> Opening:
    """How to open a session that holds a stored document, notes and runs; `model` is one that a person wants in front."""
    try:
        document, problems = Document.from_dict(stored, notes)
    except LabError as error:
        document, problems = Document(), [str(error)]
    foreign = own_files([*(e.get("model") for e in document.unread), *(r.experiment.get("model") for r in runs)])
    shown = [r for r in runs if r.steps and not document.mark(r.id).deleted]
    wanted = model or document.model or _newest(shown, problems) or first_model()
    last = next((r for r in reversed(shown) if r.experiment.get("model") == wanted), None)
    if wanted != document.model or wanted not in document.experiments:
        known = wanted in document.experiments
        document = document.with_model(wanted, catalog.panel_of(wanted))
        if last is not None and model is None and not known:
            try:
                document = document.with_experiment(Experiment.from_dict(last.experiment, f"Run '{last.name}'"))
            except LabError as error:
                problems.append(str(error))
                last = None
    if recovered:
        problems.insert(0, RECOVERED)
    return Opening(document, last.id if last is not None and model is None else None, tuple(problems), tuple(foreign))


def _newest(runs: Sequence[RunInfo], problems: list[str]) -> str:
    """The model of the newest run that can be shown; says which runs are passed over."""
    for run in reversed(runs):
        name = run.experiment.get("model")
        try:
            catalog.load(str(name))
            return str(name)
        except OwnModelError:  # the window asks about it
            pass
        except LabError:
            problems.append(
                f"Run '{run.name}' was made with the model '{name}', which is not there: its data can be taken out with lab export."
            )
    return ""


def first_model() -> str:
    """The model that a window begins with."""
    names = catalog.names()
    return catalog.FIRST if catalog.FIRST in names else names[0] if names else ""


def own_files(names: Iterable[Any]) -> list[Path]:
    """Model files among the names that nobody has opened."""
    found: list[Path] = []
    for name in names:
        try:
            if isinstance(name, str) and name.endswith(".py"):
                catalog.load(name)
        except OwnModelError as error:
            found.append(error.path)
    return found


def asked(path: Path) -> tuple[str, bool]:
    """What is said of a Python file that a session names as a model, and whether it can be run at all."""
    if not path.is_file():
        return f"The model file {path} is not there: what was recorded with it can be taken out with lab export.", False
    return (
        f"This session was made with the model file {path}, a Python program that is not part of the lab. "
        "It has not been run: run it only if you know where it comes from.",
        True,
    )


def name_of(path: Path, document: Document, runs: Sequence[RunInfo]) -> str:
    """The name under which a session knows a model file: that of its last run, or of an experiment, or else where it lies."""
    named = [*(e.get("model") for e in document.unread), *(r.experiment.get("model") for r in runs)]
    return next((n for n in reversed(named) if isinstance(n, str) and n.endswith(path.name)), str(path))
