"""Layers that slide over a picture: kernels, and windows of which one value is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from lab.data.windows import places
from lab.graph.document import GraphError, Node
from lab.graph.kinds.layers.dense import initialiser
from lab.graph.kinds.layers.layer import ACTIVATIONS, IN, LAYERS, OUT, Count, Incoming, Layer, Shape, text
from lab.params import Described, param


class Convolution(Described):
    """Kernels slide over a picture."""

    owner: ClassVar[str] = "convolution"
    filters: int = param(8, lo=1, hi=4096, live=False, doc="Kernels, each giving one channel.", main=True)
    size: int = param(3, lo=1, hi=15, live=False, doc="Rows and columns of a kernel.", main=True)
    activation: str = param("relu", choices=ACTIVATIONS, live=False, doc="Activation of the units.")
    stride: int = param(1, lo=1, hi=16, live=False, doc="How far the window moves.")
    same: bool = param(
        True, live=False, label="Same size", doc="As many zeros around the picture as keep its size (stride 1, odd kernels)."
    )
    padding: int = param(0, lo=0, hi=14, live=False, when=("same", False), doc="Rows and columns of zeros around the picture.")
    bias: bool = param(True, live=False, doc="A number added at each place; before a batch norm it does nothing.")


class Pool(Described):
    """The largest value of each window, or the mean."""

    owner: ClassVar[str] = "pool"
    size: int = param(2, lo=2, hi=16, live=False, doc="Rows and columns of a window.", main=True)
    stride: int = param(0, lo=0, hi=16, live=False, doc="How far the window moves; 0: by its own size.")
    padding: int = param(0, lo=0, hi=8, live=False, doc="Rows and columns around the picture.")
    of: str = param("largest", choices=("largest", "mean"), live=False, doc="What is kept of a window.")


def slid(what: str, given: Incoming, size: int, stride: int, padding: int) -> tuple[int, int]:
    """Rows and columns of places; refused where the window does not fit."""
    source, _, target = given.ends.partition(" to ")
    if padding >= size:
        raise GraphError(
            f"{target}: a padding of {padding} is as large as its {size} × {size} {what}, which would then see nothing: make it smaller."
        )
    rows, columns = (places(n, size, stride, padding) for n in given.shape[:2])
    if not rows or not columns:
        raise GraphError(
            f"{given.ends}: {source} gives pictures of {text(given.shape)}, which are smaller than the {size} × {size} {what} of {target}: pool less."
        )
    return rows, columns


def _convolved(value: Convolution, given: Incoming) -> Shape:
    if value.same and (value.stride > 1 or value.size % 2 == 0):
        raise GraphError(
            f"{given.ends.partition(' to ')[2]}: only an odd kernel that moves by 1 keeps the size of a picture (this one has {value.size} rows and "
            f"moves by {value.stride}): take Same size off and say a padding."
        )
    return (*slid("kernels", given, value.size, value.stride, _padding(value)), value.filters)


def _padding(value: Convolution) -> int:
    return (value.size - 1) // 2 if value.same else value.padding


def _write_convolution(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Convolution)
    linear = tape.conv2d(
        sources[0], value.filters, size=value.size, stride=value.stride, padding=_padding(value), bias=value.bias, init=initialiser(value.activation),
        name=f"{node.id}.sum",
    )  # fmt: skip
    return tape.activation(linear, value.activation, name=node.id)


def _count_filters(value: Convolution, before: Shape, after: Shape) -> Count:
    synapses = value.filters * before[2] * value.size**2
    return Count(value.filters, synapses, synapses + value.filters * value.bias)


def _pooled(value: Pool, given: Incoming) -> Shape:
    return (*slid("windows", given, value.size, value.stride or value.size, value.padding), given.shape[2])


def _write_pool(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Pool)
    pool = tape.max_pool if value.of == "largest" else tape.average_pool
    return pool(sources[0], value.size, stride=value.stride or value.size, padding=value.padding, name=node.id)


def _caption(value: Convolution) -> str:
    moved = f" by {value.stride}" if value.stride > 1 else ""
    return f"{value.filters} of {value.size} × {value.size}{moved} · {value.activation}"


KINDS = (
    Layer(
        "convolution", "Convolution", Convolution, IN, OUT, "Kernels slide over a picture", "mdi6.grid", LAYERS, "C",
        takes="pictures", shape=_convolved, write=_write_convolution, count=_count_filters, weights="convolution", cells="shared", caption=_caption, place=21,
    ),
    Layer(
        "pool", "Pool", Pool, IN, OUT, "The largest value of each window, or the mean", "mdi6.arrow-collapse", LAYERS, "P",
        takes="pictures", shape=_pooled, write=_write_pool, cells="shared",
        caption=lambda value: f"{value.of} of {value.size} × {value.size}", place=22,
    ),
)  # fmt: skip
