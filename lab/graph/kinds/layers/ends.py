"""What comes in, and what a network is asked for."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

from lab.graph.document import Node
from lab.graph.kinds.layers.dense import counted
from lab.graph.kinds.layers.layer import ENDS, IN, OUT, Layer, Shape, text
from lab.params import Described, param


class Input(Described):
    """What comes in: numbers, or pictures where height and width are above 1."""

    owner: ClassVar[str] = "input"
    height: int = param(1, lo=1, hi=512, live=False, doc="Rows of a picture; 1 for plain numbers.")
    width: int = param(1, lo=1, hi=512, live=False, doc="Columns of a picture; 1 for plain numbers.")
    channels: int = param(2, lo=1, hi=4096, live=False, doc="Values per pixel, or how many numbers.", main=True)

    @property
    def shape(self) -> Shape:
        """Shape of one sample."""
        return (self.channels,) if self.height == self.width == 1 else (self.height, self.width, self.channels)


class Output(Described):
    """Classes, each with a probability, trained by the cross-entropy; or numbers, trained by the squared error."""

    owner: ClassVar[str] = "output"
    classes: int = param(2, lo=1, hi=1000, live=False, doc="Classes, or how many numbers are predicted.", main=True)


class Reconstruction(Described):
    """The input said again, trained by the mean squared error, or pixel by pixel as black or white with a probability.

    The second is a sum over the pixels: with a Sample on the way it is the bound of a variational autoencoder.
    """

    owner: ClassVar[str] = "reconstruction"
    loss: str = param("squared error", choices=("squared error", "Bernoulli"), live=False, doc="What a difference costs.", main=True)


def _write_again(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Reconstruction)
    total = tape.affine(sources[0], shape[0], init="xavier", name=f"{node.id}.sum")
    return tape.logistic(total, name=node.id) if value.loss == "Bernoulli" else total


def _affine(first: str) -> Callable:
    def write(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
        return tape.affine(sources[0], shape[0], init=first, name=f"{node.id}.sum")

    return write


KINDS = (
    Layer(
        "input", "Input", Input, (), OUT, "What comes in", "mdi6.arrow-right-bold-circle-outline", ENDS, "I",
        shape=lambda value, given: value.shape, caption=lambda value: text(value.shape), cells="each", role="begin", place=10,
    ),
    Layer(
        "output", "Output", Output, IN, (), "Classes, trained by the cross-entropy", "mdi6.arrow-right-bold-circle", ENDS, "Y",
        takes="numbers", shape=lambda value, given: (value.classes,), write=_affine("small"), count=counted, weights="dense layer",
        caption=lambda value: f"{value.classes} classes" if value.classes > 1 else "1 number", cells="each", role="end", place=11,
    ),
    Layer(
        "reconstruction", "Reconstruction", Reconstruction, IN, (), "The input said again, trained by the squared error", "mdi6.arrow-u-left-top", ENDS, "R",
        takes="numbers", shape=lambda value, given: (prod(given.first),), write=_write_again, count=counted, weights="dense layer", cells="each",
        role="end", place=12,
    ),
)  # fmt: skip
