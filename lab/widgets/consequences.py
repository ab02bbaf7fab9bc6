"""What a change of an experiment means for the run in front, and the words for it: worked out without a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lab.engine.experiment import Experiment
from lab.model import Model
from lab.params.kinds import KINDS
from lab.units import typeset


@dataclass(frozen=True)
class Consequence:
    """What follows from a change of an experiment.

    way      nothing: the same network drawn elsewhere; live: the run can take the values over; anew: it takes a new run
    changed  the parameters that have another value
    words    what is to be said where a new run is begun; nothing where the canvas says it
    drawn    a network was edited and nothing else: one edit follows the other quickly, and the new run may wait for the last of them
    """

    way: Literal["nothing", "live", "anew"]
    changed: Mapping[str, Any]
    words: str = ""
    drawn: bool = False


def consequence(before: Experiment, after: Experiment, only_looks: Callable[[str, str, str], bool]) -> Consequence:
    """What follows when an experiment of a model takes the place of another; `only_looks(name, old, new)`: two graphs are one network."""
    old, new = before.build(), after.build()
    specs = type(new).specs()
    changed = {n: v for n, v in new.values().items() if v != getattr(old, n)}
    graphs = bool(changed) and all(specs[n].kind == "graph" for n in changed)
    if graphs and before.seed == after.seed and all(only_looks(n, getattr(old, n), v) for n, v in changed.items()):
        return Consequence("nothing", changed)
    live = (
        all(specs[n].live for n in changed)
        and before.replace(parameters={}) == after.replace(parameters={})
        and _recorded(old) == _recorded(new)
    )
    first = next(iter(changed), "")
    what = _said(type(new), changed) if changed else f"Seed {after.seed}"
    quiet = bool(first) and specs[first].kind == "graph"
    return Consequence(
        "live" if live else "anew", changed, "" if quiet else f"{what}: a new run has begun.", graphs and before.seed == after.seed
    )


def step_words(kind: type[Model], name: str, old: Any, value: Any) -> str:
    """The name of the step that gives a parameter another value."""
    spec = kind.specs()[name]
    if not KINDS[spec.kind].brief:
        return f"Change {spec.label}"
    return f"{spec.label} {spec.text(old).removesuffix(typeset(spec.unit)).strip()} → {spec.text(value)}"


def _said(kind: type[Model], changed: Mapping[str, Any]) -> str:
    """What was changed, in a few words."""
    if len(changed) > 1:
        return f"{len(changed)} parameters changed"
    name, value = next(iter(changed.items()))
    spec = kind.specs()[name]
    return f"{spec.label} {spec.text(value)}" if KINDS[spec.kind].brief else f"{spec.label} changed"


def _recorded(model: Model) -> list[tuple]:
    """What a recording of a model consists of: a change that makes it another one (a population more) needs a new run."""
    return [(s.name, s.form, s.shape, s.channels) for s in model.streams]
