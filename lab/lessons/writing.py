"""From a lesson to the text of its file, and from what is in front to a step."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lab import catalog
from lab.engine.conditions import figures
from lab.engine.experiment import Experiment, plain, toml_value
from lab.lessons.document import DEFAULTS, Ask, Doing, Lesson, Range, Step
from lab.model import Happened, Model

MOST_CONTROLS = 3
MOVED = 0.2  # part by which a figure must move to be proposed as a condition


def to_toml(lesson: Lesson) -> str:
    """The text that `reading` understands as this lesson."""
    head = {"title": lesson.title, "chapter": lesson.chapter, "order": lesson.order, "minutes": lesson.minutes}
    head |= {k: v for k, v in (("about", lesson.about), ("source", lesson.source)) if v}
    lines = [f"{key} = {toml_value(value)}" for key, value in head.items()]
    for step in lesson.steps:
        lines += ["", "[[step]]", *(f"{key} = {toml_value(plain(value))}" for key, value in _step(step).items())]
        if step.ask is not None:
            lines += ["[step.ask]", *(f"{key} = {toml_value(plain(value))}" for key, value in _ask(step.ask).items())]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {"do": step.do}
    for key, value in (
        ("look", step.look), ("why", step.why), ("model", step.model), ("preset", step.preset), ("set", dict(step.changes)), ("seed", step.seed),
        ("after", step.after), ("pictures", step.pictures), ("controls", step.controls), ("highlight", step.highlight), ("done", step.done),
        ("solution", [_doing(d) for d in step.solution]), ("hints", step.hints), ("slow", step.slow),
    ):  # fmt: skip
        if value or (key == "seed" and value is not None):
            found[key] = value
    return found


def _doing(doing: Doing) -> dict[str, Any]:
    found: dict[str, Any] = {"do": doing.action} if doing.action else {"set": dict(doing.changes)}
    if doing.arguments:
        found["with"] = dict(doing.arguments)
    return found | ({"at": doing.at} if doing.at else {})


def _ask(ask: Ask) -> dict[str, Any]:
    found: dict[str, Any] = {"question": ask.question}
    for key, value in (
        ("answer", ask.answer), ("unit", ask.unit), ("tolerance", ask.tolerance), ("relative", ask.relative),
        ("choices", [{k: v for k, v in vars(c).items() if v} for c in ask.choices]),
        ("draw", {name: _range(r) for name, r in ask.draw.items()}), ("wrong", [dict(vars(w)) for w in ask.wrong]),
    ):  # fmt: skip
        if value:
            found[key] = value
    return found


def _range(values: Range) -> list[float]:
    return [values.lo, values.hi, values.step]


def name_of(title: str) -> str:
    """The name of the file of a lesson with this title: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:60] or "lesson"


def step_from(experiment: Experiment, pictures: Sequence[str], time: float, do: str = "") -> Step:
    """A step that puts in front what is in front now."""
    model = experiment.build()
    kind = type(model)
    changed = model.changed()
    preset = next((title for title, values in kind.preset_changes().items() if values == changed), "")
    own = {} if preset else changed
    shown = [p for p in pictures if p in {p.name for p in model.pictures}][:2]
    seed = experiment.seed or None
    return Step(
        do, model=kind.name, preset=preset or DEFAULTS, changes=own, seed=seed, pictures=tuple(shown),
        controls=tuple(list(own)[:MOST_CONTROLS]), after=0.0 if model.length is not None else rounded(time),
    )  # fmt: skip


def rounded(value: float) -> float:
    """A number as a person would have chosen it: 1, 2 or 5 times a power of ten, not below it."""
    if value <= 0.0:
        return 0.0
    scale = 10.0 ** math.floor(math.log10(value))
    return next((float(f"{m * scale:.6g}") for m in (1.0, 2.0, 5.0) if m * scale >= value * (1 - 1e-9)), 10.0 * scale)


def solved(step: Step, started: Experiment, now: Experiment, log: Sequence[Happened]) -> Step:
    """The step with what was done since it began as its solution: parameters that differ, and actions."""
    before, after = started.build(), now.build()
    changes = {n: v for n, v in after.values().items() if v != getattr(before, n)}
    doings = [Doing(changes)] if changes else []
    known = type(after).actions()
    doings += [
        Doing(action=h.name, arguments=dict(h.values)) for h in log if h.kind == "act" and h.name in known and not known[h.name].outside
    ]
    controls = tuple(dict.fromkeys([*changes, *step.controls]))[:MOST_CONTROLS]
    return replace(step, solution=tuple(doings), controls=controls)


def proposals(model: Model, before: Mapping[str, Any], after: Mapping[str, Any], log: Sequence[Happened]) -> list[str]:
    """Conditions that what was done has made true: figures that moved, half way between, those that moved most first."""
    found: list[tuple[float, str]] = []
    old, new = figures(before), figures(after)
    for key in after:
        now, was = new.get(key), old.get(key, 0.0)
        if isinstance(now, bool) or not isinstance(now, (int, float)) or not isinstance(was, (int, float)):
            continue
        size = max(abs(now), abs(was))
        if not math.isfinite(size) or size == 0.0 or abs(now - was) < MOVED * size:
            continue
        middle = float(f"{0.5 * (now + was):.2g}")
        found.append((abs(now - was) / size, f"{key} {'>' if now > was else '<'} {middle:g}"))
    did = [f"did {name} >= 1" for name in dict.fromkeys(h.name for h in log if h.kind == "act")]
    return did + [text for _, text in sorted(found, key=lambda one: -one[0])]


def known_model(name: str) -> bool:
    """Whether a lesson may show a model: one of the catalogue."""
    return bool(catalog.panel_of(name))
