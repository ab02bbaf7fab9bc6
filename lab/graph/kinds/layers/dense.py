"""Layers of which every unit reads everything."""

from __future__ import annotations

from typing import Any, ClassVar

from lab.graph.document import Node
from lab.graph.kinds.layers.layer import ACTIVATIONS, IN, LAYERS, OUT, Count, Layer, Shape
from lab.params import Described, param


class Dense(Described):
    """Every unit reads all values."""

    owner: ClassVar[str] = "dense"
    units: int = param(8, lo=1, hi=4096, live=False, doc="Units.", main=True)
    activation: str = param("tanh", choices=ACTIVATIONS, live=False, doc="Activation of the units.", main=True)


def initialiser(activation: str) -> str:
    """How the weights before an activation are drawn first."""
    return "he" if activation in ("relu", "leaky", "gelu", "softplus") else "xavier"


def counted(value: Any, before: Shape, after: Shape) -> Count:
    """A neuron for each number that is given, reading all that come in."""
    return Count(after[0], before[0] * after[0], before[0] * after[0] + after[0])


def _write_dense(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Dense)
    linear = tape.affine(sources[0], value.units, init=initialiser(value.activation), name=f"{node.id}.sum")
    return tape.activation(linear, value.activation, name=node.id)


KINDS = (
    Layer(
        "dense", "Dense", Dense, IN, OUT, "Every unit reads all values", "mdi6.vector-polyline", LAYERS, "D",
        takes="numbers", shape=lambda value, given: (value.units,), write=_write_dense, count=counted, weights="dense layer", cells="each",
        caption=lambda value: f"{value.units} units · {value.activation}", place=20,
    ),
)  # fmt: skip
