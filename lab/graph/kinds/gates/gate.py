"""What a kind of gate or unit is: how its value comes about, its slope, how it is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from lab.graph.document import Kind, Port
from lab.params import Described, param

ENDS, GATES, UNITS = "Inputs and outputs", "Gates", "Units"  # headings of the palette
Part = tuple[str, float, float]  # of what comes in: title of the node, weight of the wire, present value


class Weight(Described):
    """The weight of a wire."""

    owner: ClassVar[str] = "wire"
    weight: float = param(
        1.0, lo=-1000, hi=1000, doc="Factor of the value that passes; gates named AND, OR, NOT, XOR ignore it.", main=True
    )


IN, OUT = (Port("in"),), (Port("out", carries=Weight),)


def weighted_sum(parts: tuple[Part, ...]) -> str:
    """The sum of what comes in with the present numbers."""
    return " + ".join(f"{w:g}·{v:g}" for _, w, v in parts) or "0"


def _passed(value: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return (w * x).sum(0)


def _said(value: Any, parts: tuple[Part, ...], own: float) -> str:
    return f"{weighted_sum(parts)} = {own:g}"


@dataclass(frozen=True)
class Gate(Kind):
    """A kind of gate or unit, described by functions of its parameters.

    value      (parameters, values that come in (sources, samples), weights (sources, 1)) -> its values (samples,)
    slope      the same -> derivative of its value by each source (sources, samples); without one it is a step, and passes nothing back
    told       (parameters, what comes in, its value) -> the right-hand side of its arithmetic with the present numbers
    word       (parameters) -> what it does in one word, for tables
    weighted   whether weights of wires count
    role       `begin`: its value is given from outside; `inner`: it is a neuron; `end`: it is looked at
    """

    value: Callable[[Any, np.ndarray, np.ndarray], np.ndarray] = _passed
    slope: Callable[[Any, np.ndarray, np.ndarray], np.ndarray] | None = None
    told: Callable[[Any, tuple[Part, ...], float], str] = _said
    word: Callable[[Any], str] | None = None
    weighted: bool = False
    role: Literal["begin", "inner", "end"] = "inner"
