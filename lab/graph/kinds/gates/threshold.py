"""The neuron of McCulloch and Pitts."""

from __future__ import annotations

from typing import Any, ClassVar

from lab.graph.kinds.gates.gate import GATES, IN, OUT, Gate, Part, weighted_sum
from lab.params import Described, param


class Threshold(Described):
    """A threshold gate: 1 where the weighted sum reaches the threshold."""

    owner: ClassVar[str] = "threshold gate"
    threshold: float = param(1.0, lo=-1000, hi=1000, doc="The gate gives 1 where sum w x is at least this.", main=True)


def _told(value: Any, parts: tuple[Part, ...], own: float) -> str:
    total = sum(w * v for _, w, v in parts)
    return f"[{weighted_sum(parts)} ≥ {value.threshold:g}]\n= [{total:g} ≥ {value.threshold:g}] = {own:g}"


KINDS = (
    Gate(
        "threshold", "Threshold gate", Threshold, IN, OUT, "1 where the weighted sum reaches the threshold", "mdi6.stairs", GATES, "G",
        place=20, caption=lambda value: f"Σ ≥ {value.threshold:g}", weighted=True, told=_told,
        value=lambda value, x, w: ((x * w).sum(0) >= value.threshold).astype(float),
    ),
)  # fmt: skip
