"""Every lesson plays as it says, or sentences why not: what `lab lesson check`, `lab verify` and the tests run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import LabError
from lab.lessons.answers import judge, truth
from lab.lessons.document import Lesson, numeral
from lab.lessons.playing import play

ENDS = 2  # of each range that constants are drawn from


@dataclass(frozen=True)
class Checked:
    """What became of one step: passed, or the sentence why not; the answer that was derived, if it asks."""

    lesson: str
    step: int
    what: str
    passed: bool
    seconds: float
    answer: str = ""
    why: str = ""


def check(lesson: Lesson, *, slow: bool = True) -> Iterator[Checked]:
    """Play every step of a lesson (without the slow ones, if they are not wanted)."""
    for number, step in enumerate(lesson.steps):
        if step.slow and not slow:
            continue
        began = time.perf_counter()
        why = answer = ""
        try:
            why = _played(lesson, number)
            if not why and step.ask is not None:
                answer, why = _asked(lesson, number)
        except LabError as error:
            why = str(error)
        yield Checked(
            lesson.name,
            number + 1,
            step.done or (step.ask.question if step.ask else step.do),
            not why,
            time.perf_counter() - began,
            answer,
            why,
        )


def _played(lesson: Lesson, number: int) -> str:
    step = lesson.steps[number]
    constants = {name: values.lo for name, values in step.ask.draw.items()} if step.ask else None
    if not step.done and not step.solution and step.ask is not None:
        return ""  # its run is that of the question
    found = play(step, lesson.experiment(number, constants))
    if found.before:
        return f"'{step.done}' is true before anything is done."
    if not found.after:
        return f"'{step.done}' is not true after the solution ({found.why})."
    return ""


def _asked(lesson: Lesson, number: int) -> tuple[str, str]:
    """The answers at both ends of what is drawn, each of which must be judged right, and what is wrong with them."""
    ask = lesson.steps[number].ask
    assert ask is not None
    shown = []
    for end in range(ENDS if ask.draw else 1):
        constants = {name: values.value((values.count - 1) * end) for name, values in ask.draw.items()}
        found = truth(lesson, number, constants)
        text = chr(ord("a") + found.choice) if ask.choices else repr(found.number)
        if not judge(lesson, number, constants, text).right:
            return text, f"the derived answer {text} is not judged right."
        if not ask.choices and abs(found.number) <= ask.tolerance:
            return text, f"the answer {found.number:.3g} is within the tolerance of nothing at all: 0 would be right, too."
        where = ", ".join(f"{name} {numeral(value)}" for name, value in constants.items())
        shown.append(
            (ask.choices[found.choice].text if ask.choices else f"{found.number:.5g} {ask.unit}".strip())
            + (f" at {where}" if where else "")
        )
    return "; ".join(shown), ""
