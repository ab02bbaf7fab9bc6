"""The health of a training in words: one sentence for each thing one looks at, with its figure and a sign before it.

The most serious finding of `lab.training.diagnosis` stands first; the others say what is in order, or how far it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lab.training.diagnosis import FINE, SEEN, Signs, examine
from lab.units import counted, number

GOOD, CARE, BAD = "✓", "!", "✗"
STREAM = "verdicts"
FADES, EXPLODES = 1e-3, 100.0  # of what comes back to the first hidden layer over the last, and of the norm of a gradient
SLOW, FAST = 1e-5, 3e-2  # updates over weights


def rows(signs: Signs, evaluated: bool, pieces: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """One row for each thing: a sign, what was looked at, and the verdict.

    pieces   into how many pieces the first layer cuts the plane, the first two, and so on; of a network that has no plane none
    """
    if not evaluated:
        return [{"": "…", "verdict": "The first evaluation has not come."}]
    found = [(*_whole(signs),), (*_border(pieces),), (*_gradient(signs),), (*_units(signs),), (*_updates(signs),), (*_fit(signs),)]
    return [
        {"": mark, "verdict": f"{what.capitalize()}: {verdict[0].lower()}{verdict[1:]}" if what != "whole" else verdict}
        for mark, what, verdict in found
        if verdict
    ]


def _whole(s: Signs) -> tuple[str, str, str]:
    finding, sentence = examine(s)
    return (BAD if finding else GOOD, "whole", sentence if finding else FINE)


def _border(pieces: Sequence[int] | None) -> tuple[str, str, str]:
    """What the depth of a network is good for, in the plane: how often the border between the classes can bend."""
    if pieces is None:
        return "", "border", ""
    if not pieces or pieces[-1] < 2:
        return GOOD, "border", "One straight line: no layer folds the plane."
    said = f"The first layer cuts the plane into {counted(pieces[0], 'pieces')} with straight edges"
    if len(pieces) > 1:
        said += f", the next into {number(pieces[-1])}" if len(pieces) == 2 else f", the others into {number(pieces[-1])}"
    return GOOD, "border", f"{said}; it bends from one to the next."


def _gradient(s: Signs) -> tuple[str, str, str]:
    what = "gradients"
    if s.layers < 3 or s.ratio <= 0:
        size = f"norm {number(s.gradient, 2)}"
        return (CARE, what, f"Large: {size}.") if s.gradient > EXPLODES else (GOOD, what, f"In order, {size}.")
    if s.ratio < FADES:
        return BAD, what, f"They vanish: the first layer gets {number(s.ratio, 1)} of what the last one gets."
    if s.ratio > 1 / FADES or s.gradient > EXPLODES:
        return (
            BAD,
            what,
            f"They explode: norm {number(s.gradient, 2)}, the first layer gets {number(s.ratio, 2)} times what the last one gets.",
        )
    return GOOD, what, f"None vanishes: the first layer gets {number(s.ratio, 2)} times what the last one gets."


def _units(s: Signs) -> tuple[str, str, str]:
    if s.layers < 2:
        return "", "units", ""
    if s.seen < SEEN:
        return CARE, "units", "Too few examples to tell which units are dead."
    share = f"{100 * s.dead:.0f} %"
    if s.dead >= 0.4:
        return BAD, "units", f"{share} of the hidden units answer no example: they are dead."
    return (CARE, "units", f"{share} of the hidden units answer no example.") if s.dead > 0.05 else (GOOD, "units", "All are at work." if s.dead == 0 else f"{share} silent.")  # fmt: skip


def _updates(s: Signs) -> tuple[str, str, str]:
    size = f"{number(s.update, 1)} of the weights in a step"
    if s.update > FAST:
        return CARE, "steps", f"Large: {size}."
    if 0 < s.update < SLOW:
        return CARE, "steps", f"Tiny: {size}."
    return GOOD, "steps", f"In order: {size}."


def _fit(s: Signs) -> tuple[str, str, str]:
    train, test = s.scores
    both = f"{s.what} {train:.3f} in training, {test:.3f} in the test"
    if not math.isfinite(train) or not math.isfinite(test):
        return "", "fit", ""
    if train - test > max(s.doubt, 0.05):
        return BAD, "fit", f"Over-fitting: {both}."
    if not s.learns:
        return CARE, "fit", f"Under-fitting so far: the loss is {number(s.smooth, 2)}, a guess has {number(s.start, 2)}."
    return GOOD, "fit", f"{both[0].upper()}{both[1:]}."
