"""What the arrays of a state may hold: checked before any kernel sees a state that came out of a file.

A kernel that trusts an index reads what is not there, and one that trusts a count goes on for ever. So a model says of each
array of whole numbers, and of each number that a kernel turns into one, how far it may go (`Model.state_bounds`), and the
engine checks all of them wherever a checkpoint is restored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import StateError

MOST_STEPS = 2**48  # steps and events that are counted: nine years of ten million a second, and a time in ms that still has digits
MOST_ROWS = 100_000_000

Shapes = Mapping[str, tuple[np.dtype, tuple[int, ...]]]


@dataclass(frozen=True, eq=False)
class Bound:
    """How far the values of one array of a state may go.

    lo, hi    least and largest value: numbers, or sequences that NumPy spreads over the array (one for each of its columns)
    shape     how long each of its axes is, where that differs from the start: a number, or (least, most)
    span      most by which its values may differ (the ends of a queue)
    infinite  infinity has a meaning in it (the lowest value so far, before there was one)
    """

    lo: Any = -math.inf
    hi: Any = math.inf
    shape: tuple[int | tuple[int, int], ...] | None = None
    span: float = math.inf
    infinite: bool = False


COUNT = Bound(0, MOST_STEPS)  # steps, events, epochs
COUNT_OR_NONE = Bound(-1, MOST_STEPS)
INFINITE = Bound(infinite=True)


def index(size: Any) -> Bound:
    """The place of one of `size` things."""
    return Bound(0, np.maximum(np.asarray(size) - 1, 0))


def index_or_none(size: Any) -> Bound:
    """The place of one of `size` things, or -1."""
    return Bound(-1, np.asarray(size) - 1)


def shapes(state: Mapping[str, np.ndarray]) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Type and shape of each array of a state."""
    return {name: (array.dtype, array.shape) for name, array in state.items()}


def check_kinds(owner: str, state: Mapping[str, np.ndarray], like: Shapes) -> None:
    """Raise a StateError that names the first array of another type or number of axes than `like` says."""
    for name, array in state.items():
        dtype, shape = like[name]
        if array.dtype != dtype or array.ndim != len(shape):
            raise StateError(
                f"{owner}: '{name}' holds {array.dtype} in {array.ndim} dimensions instead of {dtype} in {len(shape)}; use an earlier one, or run it again."
            )


def check(owner: str, state: Mapping[str, np.ndarray], like: Shapes, bounds: Mapping[str, Bound]) -> None:
    """Raise a StateError that names the first array of another shape than `like` or its bound says, or a value out of its bounds."""
    for name, array in state.items():
        bound = bounds.get(name, Bound())
        wanted = like[name][1] if bound.shape is None else bound.shape
        if not _fits(array.shape, wanted):
            raise StateError(
                f"{owner}: '{name}' has the shape {array.shape} instead of {_words(wanted)}; use an earlier one, or run it again."
            )
        _check_values(owner, name, array, bound)


def _fits(shape: tuple[int, ...], wanted: tuple[int | tuple[int, int], ...]) -> bool:
    limits = [(w, w) if isinstance(w, int) else w for w in wanted]
    return len(shape) == len(wanted) and all(low <= n <= high for n, (low, high) in zip(shape, limits, strict=True))


def _words(wanted: tuple[int | tuple[int, int], ...]) -> str:
    texts = [str(w) if isinstance(w, int) else f"{w[0]} to {w[1]}" for w in wanted]
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def _check_values(owner: str, name: str, array: np.ndarray, bound: Bound) -> None:
    if not array.size or array.dtype == bool:
        return
    if array.dtype == np.uint64 and array.shape[-1] == 4:  # a generator; one of zeros draws nothing but zeros
        if not array.any(axis=-1).all():
            raise StateError(f"{owner}: the random generator '{name}' holds zeros only; use an earlier one, or run it again.")
        return
    floating = array.dtype.kind == "f"
    # A sum is finite unless something in it is not (or it overflows, which the exact look then clears).
    with np.errstate(over="ignore", invalid="ignore"):
        doubtful = floating and not np.isfinite(array.sum())
    if doubtful and np.isnan(array).any():
        raise StateError(f"{owner}: {_place(name, array, np.isnan(array))}, no number; use an earlier one, or run it again.")
    if doubtful and not bound.infinite and np.isinf(array).any():
        raise StateError(f"{owner}: {_place(name, array, np.isinf(array))} and may not be infinite; use an earlier one, or run it again.")
    for limit, above in ((bound.lo, False), (bound.hi, True)):
        if np.ndim(limit) == 0 and math.isinf(limit):
            continue
        wrong = (array > limit if above else array < limit) & (~np.isinf(array) if bound.infinite and floating else True)
        if wrong.any():
            most = np.broadcast_to(limit, array.shape)[tuple(np.argwhere(wrong)[0])]
            raise StateError(
                f"{owner}: {_place(name, array, wrong)} and may be {'at most' if above else 'at least'} {most:.12g}; use an earlier one, or run it again."
            )

    with np.errstate(over="ignore", invalid="ignore"):
        if math.isfinite(bound.span) and float(array.max()) - float(array.min()) > bound.span:
            raise StateError(
                f"{owner}: the values of '{name}' differ by {float(array.max()) - float(array.min()):.12g} and may by at most {bound.span:.12g}; "
                "use an earlier one, or run it again."
            )


def _place(name: str, array: np.ndarray, wrong: np.ndarray) -> str:
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f"[{', '.join(map(str, at))}]" if array.size > 1 else ""
    return f"'{name}{where}' is {array[at]:.12g}"
