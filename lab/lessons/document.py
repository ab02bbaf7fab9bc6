"""What a lesson is: frozen values, derived experiments, nothing that runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from typing import Any

from lab import catalog
from lab.engine.experiment import Experiment
from lab.params import frozen

CHAPTERS = {
    "cells": "Cells",
    "codes": "Signals and codes",
    "networks": "From cells to networks",
    "learning": "Learning",
    "words": "Words and sequences",
    "own": "Your own lessons",
}
DEFAULTS = "Defaults"  # the preset of a step that begins at the defaults of its model
SEED = "seed"  # among what is drawn: the seed of the run and not a parameter


@dataclass(frozen=True)
class Doing:
    """One thing a person does to make a step's condition true: parameters to change, or an action; `at` after the one before."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", frozen(self.changes))
        object.__setattr__(self, "arguments", frozen(self.arguments))


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen: it is right where the run makes `when` true; `says` is what is said to somebody who chose it."""

    text: str
    when: str
    says: str = ""


@dataclass(frozen=True)
class Wrong:
    """What a wrong number usually means: a condition over `answer`, `truth` and all that the run knows, and a sentence."""

    when: str
    says: str


@dataclass(frozen=True)
class Range:
    """Values from which a constant of a question is drawn: lo, lo + step, ..., hi."""

    lo: float
    hi: float
    step: float

    @property
    def count(self) -> int:
        """How many values there are."""
        return int((self.hi - self.lo) / self.step + 1e-9) + 1

    def value(self, index: int) -> float:
        """The value with this index, without the dust of adding steps."""
        return float(f"{self.lo + index * self.step:.12g}")


@dataclass(frozen=True)
class Ask:
    """A question whose answer the lab computes, at the end of the step's run (after its solution).

    answer     a number in the lab's own arithmetic over what the run knows; choices: instead of it, exactly one holds
    tolerance  how far a right number may be from it, in its unit; relative: as a part of it
    draw       parameters (or `seed`) that each student has with a value of their own
    """

    question: str
    answer: str = ""
    unit: str = ""
    tolerance: float = 0.0
    relative: float = 0.0
    choices: tuple[Choice, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    draw: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "draw", frozen(self.draw))


@dataclass(frozen=True)
class Step:
    """One idea: what to do, where to look, why it is so, and how the lab sees that it is done.

    model, preset, changes, seed  what it puts in front; without any of them the run in front goes on
    after      model time after which the condition is decided (0: the default length of a run)
    pictures   shown large, first the one it is about; controls: at most three parameters; highlight: one of either
    done       a condition over the run; without one, a person says so
    solution   what makes it true
    slow       its runs take long: left to the long tests
    """

    do: str
    look: str = ""
    why: str = ""
    model: str = ""
    preset: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    after: float = 0.0
    pictures: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    highlight: str = ""
    done: str = ""
    solution: tuple[Doing, ...] = ()
    ask: Ask | None = None
    hints: tuple[str, ...] = ()
    slow: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", frozen(self.changes))

    @property
    def puts(self) -> bool:
        """Whether it puts something in front, in a run of its own."""
        return bool(self.model or self.preset or self.changes or self.seed is not None or (self.ask and self.ask.draw))


@dataclass(frozen=True)
class Lesson:
    """A lesson: three to six steps that end in something understood. `name` is that of its file, `place` where it came from."""

    name: str
    title: str
    chapter: str
    steps: tuple[Step, ...]
    order: int = 500
    minutes: int = 10
    source: str = ""
    about: str = ""
    place: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it shows, in order."""
        return tuple(dict.fromkeys(s.model for s in self.steps if s.model))

    def experiment(self, number: int, drawn: Mapping[str, float] | None = None) -> Experiment:
        """What step `number` (from 0) puts in front: what the steps before it have left, after their solutions, and its own."""
        model, seed, values = "", 0, dict[str, Any]()
        for k, step in enumerate(self.steps[: number + 1]):
            if (step.model and step.model != model) or step.preset:
                model = step.model or model
                preset = catalog.load(model).presets.get(step.preset, {}) if step.preset else {}
                values, seed = dict(preset), 0
            values |= step.changes
            seed = seed if step.seed is None else step.seed
            if k == number:
                constants = dict(drawn or {})
                seed = int(constants.pop(SEED, seed))
                values |= {name: typed(model, name, value) for name, value in constants.items()}
            else:
                for doing in step.solution:
                    values |= doing.changes
        return Experiment(model, catalog.load(model)(**values).changed(), seed)

    def replace(self, **changes: Any) -> Lesson:
        """A new lesson with these fields changed."""
        return dataclass_replace(self, **changes)


def typed(model: str, name: str, value: float) -> Any:
    """A drawn number as the parameter wants it."""
    return round(value) if catalog.load(model).specs()[name].kind == "int" else value


def numeral(value: float) -> str:
    """A drawn number as it stands in a question: 4, 12.5."""
    return f"{value:g}"
