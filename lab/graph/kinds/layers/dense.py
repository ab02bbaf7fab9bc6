"""Layers of which every unit reads everything, and layers that slide over a picture."""

from __future__ import annotations

from typing import Any, ClassVar

from lab.graph.document import GraphError, Node
from lab.graph.kinds.layers.layer import ACTIVATIONS, IN, LAYERS, OUT, Count, Incoming, Layer, Shape, text
from lab.params import Described, param


class Dense(Described):
    """Every unit reads all values."""

    owner: ClassVar[str] = "dense"
    units: int = param(8, lo=1, hi=4096, live=False, doc="Units.", main=True)
    activation: str = param("tanh", choices=ACTIVATIONS, live=False, doc="Activation of the units.", main=True)


class Convolution(Described):
    """Kernels slide over a picture."""

    owner: ClassVar[str] = "convolution"
    filters: int = param(8, lo=1, hi=512, live=False, doc="Kernels, each giving one channel.", main=True)
    size: int = param(3, lo=1, hi=15, live=False, doc="Rows and columns of a kernel.", main=True)
    activation: str = param("relu", choices=ACTIVATIONS, live=False, doc="Activation of the units.")


class Pool(Described):
    """The largest value of each window."""

    owner: ClassVar[str] = "pool"
    size: int = param(2, lo=2, hi=8, live=False, doc="Rows and columns of a window.", main=True)


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


def _write_convolution(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Convolution)
    linear = tape.conv2d(sources[0], value.filters, size=value.size, init=initialiser(value.activation), name=f"{node.id}.sum")
    return tape.activation(linear, value.activation, name=node.id)


def _count_filters(value: Convolution, before: Shape, after: Shape) -> Count:
    synapses = value.filters * before[2] * value.size**2
    return Count(value.filters, synapses, synapses + value.filters)


def _pooled(value: Pool, given: Incoming) -> Shape:
    if value.size > min(given.shape[:2]):
        source, _, target = given.ends.partition(" to ")
        raise GraphError(
            f"{given.ends}: {source} gives pictures of {text(given.shape)}, which are smaller than the {value.size} × {value.size} windows of {target}: pool less."
        )
    return given.shape[0] // value.size, given.shape[1] // value.size, given.shape[2]


def _write_pool(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    assert isinstance(node.parameters, Pool)
    return tape.max_pool(sources[0], node.parameters.size, name=node.id)


KINDS = (
    Layer(
        "dense", "Dense", Dense, IN, OUT, "Every unit reads all values", "mdi6.vector-polyline", LAYERS, "D",
        takes="numbers", shape=lambda value, given: (value.units,), write=_write_dense, count=counted, weights="dense layer", cells="each",
        caption=lambda value: f"{value.units} units · {value.activation}", place=20,
    ),
    Layer(
        "convolution", "Convolution", Convolution, IN, OUT, "Kernels slide over a picture", "mdi6.grid", LAYERS, "C",
        takes="pictures", shape=lambda value, given: (*given.shape[:2], value.filters), write=_write_convolution, count=_count_filters,
        weights="convolution", cells="shared", caption=lambda value: f"{value.filters} of {value.size} × {value.size} · {value.activation}", place=21,
    ),
    Layer(
        "pool", "Pool", Pool, IN, OUT, "The largest value of each window", "mdi6.arrow-collapse", LAYERS, "P",
        takes="pictures", shape=_pooled, write=_write_pool,
        cells="shared", place=22,
    ),
)  # fmt: skip
