"""Questions: the constants of one student, the answer that the lab computes for them, and what a person typed."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab import catalog
from lab.engine.conditions import holds
from lab.errors import LabError
from lab.lessons.document import SEED, Ask, Lesson, numeral
from lab.lessons.playing import play
from lab.params.arithmetic import OF_SERIES, FormulaError, parse
from lab.units import MINUS, typeset

KEPT = 4096  # answers that stay in memory
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


def drawn(lesson: Lesson, number: int, student: str) -> dict[str, float]:
    """The constants of question `number` (from 0) for a student: the same word, the same constants, on every machine."""
    ask = lesson.steps[number].ask
    found = {}
    for name, values in (ask.draw if ask else {}).items():
        # The seed hides what is asked about (a cell), which stays the same through a lesson.
        step = "" if name == SEED else str(number)
        word = "\0".join((" ".join(student.casefold().split()), lesson.name, step, name))
        found[name] = values.value(int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big") % values.count)
    return found


def question(lesson: Lesson, number: int, student: str) -> str:
    """The question as this student reads it, with the constants and their units."""
    ask = lesson.steps[number].ask
    assert ask is not None
    constants = drawn(lesson, number, student)
    specs = catalog.load(lesson.experiment(number, constants).model).specs()

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        unit = specs[name].unit if name in specs else ""
        return typeset(f"{numeral(constants[name]).replace('-', MINUS)} {unit}".strip())

    return re.sub(r"\{(.*?)\}", value, ask.question)


@dataclass(frozen=True)
class Truth:
    """What the lab found: the number, or which choice holds, and all that the remarks on wrong numbers may name."""

    number: float
    choice: int
    known: Mapping[str, Any]


_truths: OrderedDict[tuple, Truth] = OrderedDict()


def truth(lesson: Lesson, number: int, constants: Mapping[str, float]) -> Truth:
    """Derive the answer of question `number`: the step is played, and the formula worked out at its end.

    Raises a LabError where the step does not run, the answer is no number, or not exactly one choice holds.
    """
    step = lesson.steps[number]
    ask = step.ask
    assert ask is not None
    key = (lesson.name, lesson.place, hash(lesson.steps), number, tuple(sorted(constants.items())))
    if key in _truths:
        _truths.move_to_end(key)
        return _truths[key]
    known: dict[str, Any] = {}
    bench = play(step, lesson.experiment(number, constants)).bench
    for text in (ask.answer, *(c.when for c in ask.choices), *(w.when for w in ask.wrong)):
        known |= bench.known(text)
    if ask.choices:
        right = [k for k, choice in enumerate(ask.choices) if holds(choice.when, known)]
        if len(right) != 1:
            said = "none" if not right else "more than one: " + ", ".join(f"'{ask.choices[k].text}'" for k in right)
            raise LabError(f"exactly one choice must be right in the run, and {said} is.")
        found = Truth(float("nan"), right[0], {})
    else:
        formula = parse(ask.answer, list(known), OF_SERIES)
        value = np.asarray(formula(**{name: known[name] for name in formula.names}), float)
        if value.ndim or not np.isfinite(value):
            raise LabError(f"the answer '{ask.answer}' must be one number (got {str(value)[:40]}): use mean(...), max(...) or last(...).")
        found = Truth(float(value), -1, {name: v for name, v in known.items() if np.ndim(v) == 0})
    _truths[key] = found
    while len(_truths) > KEPT:
        _truths.popitem(last=False)
    return found


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and what is said about it."""

    right: bool
    says: str


def typed_number(ask: Ask, text: str) -> float:
    """The number that a person typed, with its unit or without; a LabError that says what is wanted."""
    found = _NUMBER.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-").replace(",", "."))
    unit = typeset(ask.unit)
    if found is None:
        raise LabError(f"Write a number{f' in {unit}' if unit else ''}.")
    given = found.group(2).strip()
    if given and typeset(given) not in (unit, ""):
        raise LabError(f"Write the number in {unit}." if unit else "Write the number alone: it has no unit.")
    return float(found.group(1))


def typed_choice(ask: Ask, text: str) -> int:
    """The choice that a person typed: its letter (a, b, ...) or its words."""
    bare = text.strip().casefold()
    for k, choice in enumerate(ask.choices):
        if bare in (chr(ord("a") + k), choice.text.casefold()):
            return k
    raise LabError(f"Choose one of {', '.join(chr(ord('a') + k) for k in range(len(ask.choices)))}.")


def judge(lesson: Lesson, number: int, constants: Mapping[str, float], text: str) -> Verdict:
    """Judge what a person typed; a LabError where it is no answer at all."""
    ask = lesson.steps[number].ask
    assert ask is not None
    if ask.choices:
        chosen = typed_choice(ask, text)
        right = chosen == truth(lesson, number, constants).choice
        return Verdict(right, ask.choices[chosen].says or ("" if right else "Not this one."))
    given = typed_number(ask, text)
    found = truth(lesson, number, constants)
    if abs(given - found.number) <= max(ask.tolerance, ask.relative * abs(found.number)) * (1 + 1e-9):
        return Verdict(True, "")
    known = {**found.known, "answer": given, "truth": found.number}
    for wrong in ask.wrong:
        try:
            if holds(wrong.when, known):
                return Verdict(False, wrong.says)
        except FormulaError:
            continue
    way = "less" if given > found.number else "more"
    return Verdict(False, f"It is {way}.")
