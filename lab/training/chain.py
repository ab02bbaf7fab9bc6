"""The chain rule with every factor by itself: for one weight, for all outputs, for every example of a minibatch.

All of it is arithmetic on what a pass left behind, in the notation of rows: z = x W + b, so W has a column for each unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Weight:
    """One weight or bias: its layer from 1, the unit that it comes from (None: a bias), the unit that it goes to."""

    layer: int
    source: int | None
    target: int

    @property
    def name(self) -> str:
        """W2[0, 1], or b2[1]."""
        return f"b{self.layer}[{self.target}]" if self.source is None else f"W{self.layer}[{self.source}, {self.target}]"


@dataclass(frozen=True)
class Pass:
    """What a pass forward and back found, a row for each example.

    reads   what enters each layer: x, h1, h2 ...
    slopes  derivative of what leaves each layer by its sums z
    above   gradient of the loss at what leaves each layer
    deltas  gradient at its sums
    """

    reads: tuple[np.ndarray, ...]
    slopes: tuple[np.ndarray, ...]
    above: tuple[np.ndarray, ...]
    deltas: tuple[np.ndarray, ...]


def found(index: int, widths: tuple[int, ...]) -> Weight:
    """The weight of a number, counted through W1, b1, W2, b2 ..."""
    for layer, (before, here) in enumerate(pairwise(widths), start=1):
        if index < before * here:
            return Weight(layer, index // here, index % here)
        index -= before * here
        if index < here:
            return Weight(layer, None, index)
        index -= here
    raise IndexError(index)


def slope(activation: str, h: np.ndarray) -> np.ndarray:
    """sigma'(z) from the value h = sigma(z)."""
    return {
        "logistic": lambda: h * (1.0 - h),
        "tanh": lambda: 1.0 - h * h,
        "ReLU": lambda: (h > 0).astype(float),
        "linear": lambda: np.ones_like(h),
    }[activation]()


def read(of: Weight, seen: Pass) -> np.ndarray:
    """(examples,) what the weight multiplies: the third factor."""
    return np.ones(len(seen.reads[0])) if of.source is None else seen.reads[of.layer - 1][:, of.source]


def factors(of: Weight, seen: Pass) -> np.ndarray:
    """(examples, 3) the factors of dE/dw: at the unit's output, through its activation, by the weight."""
    k, unit = of.layer - 1, of.target
    return np.column_stack([seen.above[k][:, unit], seen.slopes[k][:, unit], read(of, seen)])


def rows(of: Weight, seen: Pass, last: int, whole: float) -> list[dict[str, Any]]:
    """The factors as a table, a line for each and their product; a column for each example. `whole`: the gradient that was propagated."""
    k, unit = of.layer, of.target
    out, through = (f"y[{unit}]" if k == last else f"h{k}[{unit}]"), f"z{k}[{unit}]"
    readers = 0 if k == last else seen.deltas[k].shape[1]
    how = (
        "slope of the loss" if k == last else f"delta{k + 1} W{k + 1}^T" + (f": sum over the {readers} that read it" if readers > 1 else "")
    )
    reads = "1, as for every bias" if of.source is None else f"what the weight reads: {'x' if k == 1 else f'h{k - 1}'}[{of.source}]"
    found = factors(of, seen)
    said = [
        (f"dE/d{out}", how, found[:, 0]),
        (f"d{out}/d{through}", f"sigma'({through})", found[:, 1]),
        (f"d{through}/d{of.name}", reads, found[:, 2]),
        ("product", "of the three", found.prod(1)),
    ]
    lines: list[dict[str, Any]] = [{"factor": what, **_columns(values), "which is": why} for what, why, values in said]
    several = len(found) > 1
    result = _columns(np.array([float(found.prod(1).sum()) if several else whole]))
    lines.append({"factor": f"dE/d{of.name}", **result, "which is": "sum over the examples" if several else "by back-propagation"})
    return lines


def _columns(values: np.ndarray) -> dict[str, str]:
    return {"value" if n == 0 else f"example {n + 1}": f"{v:+.6f}" for n, v in enumerate(values)}


def summed(seen: Pass, layer: int) -> list[dict[str, Any]]:
    """Matrices of a layer's gradient as a sum over the rows of a minibatch: H^T delta, and the part of each example."""
    h, delta = seen.reads[layer - 1], seen.deltas[layer - 1]
    parts = h[:, :, None] * delta[:, None, :]
    name = "x" if layer == 1 else f"h{layer - 1}"
    entries: list[dict[str, Any]] = [
        {"name": "", "values": None, "note": f"dE/dW{layer} = {name}^T delta{layer}: a sum over {len(h)} {'examples' if len(h) > 1 else 'example'}"},
        {"name": f"{name}^T", "at": (0, 0), "values": h.T, "note": "what enters the layer, a column for each example"},
        {"name": f"delta{layer}", "at": (0, 1), "values": delta, "note": "gradient at the sums, a row for each example"},
        {"name": f"dE/dW{layer}", "at": (0, 2), "values": h.T @ delta, "lit": True, "note": "their product, and the sum of the parts below"},
    ]  # fmt: skip
    for n, part in enumerate(parts):
        entries.append({"name": f"example {n + 1}", "at": (1 + n // 4, n % 4), "values": part, "note": f"{name}^T delta{layer} of this example alone"})  # fmt: skip
    return entries
