"""Units that do what one likes with their input, and have a slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from lab.graph.kinds.gates.gate import IN, OUT, UNITS, Gate, Part, weighted_sum
from lab.params import Described, param

FUNCTIONS = ("identity", "logistic", "tanh", "ReLU", "square", "sine", "cosine", "exponential", "product")


class Free(Described):
    """A free unit: f(sum w x + bias), or bias plus the product of all w x."""

    owner: ClassVar[str] = "unit"
    function: str = param("tanh", choices=FUNCTIONS, doc="What the unit does with its input.", main=True)
    bias: float = param(0.0, lo=-1000, hi=1000, doc="Added to the weighted sum (to the result of a product).", main=True)


def _logistic(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * z))


_APPLY: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "identity": (lambda z: z, np.ones_like),
    "logistic": (_logistic, lambda z: _logistic(z) * (1 - _logistic(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "ReLU": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0).astype(float)),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sine": (np.sin, np.cos),
    "cosine": (np.cos, lambda z: -np.sin(z)),
    "exponential": (lambda z: np.exp(np.minimum(z, 500.0)), lambda z: np.exp(np.minimum(z, 500.0))),
}


def _value(value: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    weighted = x * w
    if value.function == "product":
        return value.bias + weighted.prod(0)
    return _APPLY[value.function][0](weighted.sum(0) + value.bias)


def _slope(value: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    if value.function == "product":
        weighted = w * x
        return np.array([w[k] * np.delete(weighted, k, 0).prod(0) for k in range(len(x))])
    return w * _APPLY[value.function][1]((w * x).sum(0) + value.bias)


def _told(value: Any, parts: tuple[Part, ...], own: float) -> str:
    if value.function == "product":
        return f"{' · '.join(f'{w:g}·{v:g}' for _, w, v in parts) or '1'} + {value.bias:g} = {own:g}"
    total = sum(w * v for _, w, v in parts)
    return f"{value.function}({weighted_sum(parts)} + {value.bias:g})\n= {value.function}({total + value.bias:g}) = {own:.6g}"


KINDS = (
    Gate(
        "unit", "Free unit", Free, IN, OUT, "A function of the weighted sum", "mdi6.function-variant", UNITS, "U",
        place=30, caption=lambda value: value.function, weighted=True, value=_value, slope=_slope, told=_told, word=lambda value: value.function,
    ),
)  # fmt: skip
