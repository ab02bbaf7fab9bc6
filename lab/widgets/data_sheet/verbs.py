"""What fits a file: each verb is an experiment that some model can make of it, or something to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import catalog
from lab.data.recognise import Found
from lab.data.tables import AS_FOUND
from lab.engine.experiment import Experiment

LARGE = 20e6  # bytes from which vectors are laid out in the way that is there at once
WHOLE = 1000.0  # samples per second of a table's column that has no times: one each millisecond


@dataclass(frozen=True)
class Verb:
    """Something to do with a file: words of the button, a muted note behind them, an icon, and what it makes."""

    name: str
    words: str
    note: str = ""
    icon: str = "mdi6.arrow-right"
    experiment: Experiment | None = None
    done: str = ""  # the name of the step that undo takes back


@dataclass(frozen=True)
class Purpose:
    """What a file is wanted for: these parameters of the model in front, one of which holds its path."""

    model: str
    words: str
    file: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """What a person has chosen on the sheet: `table` as parameters that differ from what is found; `recording` likewise; the column that drives."""

    table: Mapping[str, Any] = field(default_factory=dict)
    recording: Mapping[str, Any] = field(default_factory=dict)
    column: int | None = None


_ICONS = {
    "table": "mdi6.chart-line", "rows": "mdi6.scatter-plot-outline", "vectors": "mdi6.scatter-plot-outline", "recording": "mdi6.pulse", "sound": "mdi6.pulse",
    "pictures": "mdi6.chart-line", "text": "mdi6.text-box-search-outline", "writing": "mdi6.script-text-outline", "network": "mdi6.graph-outline", "graph": "mdi6.sitemap-outline",
}  # fmt: skip
_WORDS = {
    "table": ("Train a network", ""), "rows": ("Map", "the rows"), "vectors": ("Map", "the vectors"), "recording": ("Drive a cell", ""), "sound": ("Drive a cell", "with the sound"),
    "pictures": ("Train a network", "on the pictures"), "text": ("Learn its words", ""), "writing": ("Learn to write", "letter by letter"), "network": ("Analyse", "who reaches whom"), "graph": ("Put on the canvas", ""),
}  # fmt: skip


def verbs(found: Found, chosen: Chosen, front: str, purpose: Purpose | None = None) -> list[Verb]:
    """All that fits, the likeliest first; `front` is the model in front, which is preferred where it takes the file."""
    out: list[Verb | None] = []
    if purpose is not None:
        values = {**purpose.values, purpose.file: str(found.place), **_own(purpose.model, {**chosen.table, **chosen.recording})}
        out.append(Verb("purpose", purpose.words, found.place.name, "mdi6.check", Experiment(purpose.model, values), purpose.words))
    if found.kind == "table":
        out += [
            _verb("table", found, front, chosen.table),
            _verb("rows", found, front, chosen.table),
            _drive_by_column(found, front, chosen),
        ]
    elif found.kind == "vectors":
        out += [_verb("vectors", found, front, {})]
    elif found.kind in ("recording", "sound"):
        out += [_verb(found.kind, found, front, chosen.recording)]
    elif found.kind == "network":
        out += [Verb("graph", *_WORDS["graph"], _ICONS["graph"]), _verb("network", found, front, {})]
    elif found.kind == "pictures":
        out += [_verb("pictures", found, front, {})]
    elif found.kind == "text":
        writes = any(t.model == front for t in catalog.takers("writing"))
        ways = ("writing", "text") if writes else ("text", "writing")
        out += [_verb(what, found, front, {}) for what in ways if what == "text" or found.place.is_file()]  # of a folder words are learned
    elif found.kind in ("session", "experiment", "model"):
        out += [Verb("open", "Open", "", "mdi6.folder-open-outline")]
    return [verb for verb in out if verb is not None]


def _own(model: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of some values those that are parameters of a model."""
    specs = catalog.load(model).specs()
    return {name: value for name, value in values.items() if name in specs}


def _verb(what: str, found: Found, front: str, values: Mapping[str, Any]) -> Verb | None:
    takers = catalog.takers(what)
    if not takers:
        return None
    taking = next((t for t in takers if t.model == front), takers[0])
    parameters = taking.parameters(str(found.place), large=found.size > LARGE, **_own(taking.model, values))
    words, note = _WORDS[what]
    title = next(e.title for e in catalog.entries() if e.name == taking.model)
    return Verb(
        what,
        words,
        note or (f"· {title}" if what == "recording" else ""),
        _ICONS[what],
        Experiment(taking.model, parameters),
        f"{taking.words} {found.place.name}",
    )


def _drive_by_column(found: Found, front: str, chosen: Chosen) -> Verb | None:
    """A column of numbers as a current, one row each millisecond."""
    plan = found.plan
    if plan is None:
        return None
    numbers = [k for k, column in enumerate(plan.table.columns) if column.kind == "number"]
    if not numbers:
        return None
    k = chosen.column if chosen.column in numbers else numbers[0]
    made = _verb("recording", found, front, {"column": k, "sample_rate": WHOLE})
    if made is None:
        return None
    name = plan.table.columns[k].name
    return Verb("recording", "Drive a cell", f"with {name if len(name) < 18 else name[:16] + '…'}", made.icon, made.experiment, made.done)


def table_values(choices: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that choices of a table stand for: those that differ from what is found."""
    said = {name: value for name, value in vars(choices).items() if value != getattr(AS_FOUND, name)}
    return {**said, **more}


def opened(path: Path) -> bool:
    """Whether a file is opened without a question: a session."""
    return path.suffix.lower() == ".lab"
