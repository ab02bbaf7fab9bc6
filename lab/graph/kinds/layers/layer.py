"""What a kind of layer is: what it does to shapes, how it is written on the tape, what it counts for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lab.graph.document import GraphError, Kind, Node, Port
from lab.params import Described

Shape = tuple[int, ...]
Labels = Callable[[int], Any]  # the node of the tape that holds the classes, of which there are so many
IN, OUT = (Port("in", "values", many=False, needed=True),), (Port("out", "values"),)
ENDS, LAYERS, BETWEEN = "Ends", "Layers", "Between layers"  # headings of the palette
ACTIVATIONS = ("identity", "relu", "tanh", "logistic", "leaky", "softplus", "gelu")


def text(shape: Shape) -> str:
    """A shape as a person reads it."""
    return " × ".join(map(str, shape))


@dataclass(frozen=True)
class Incoming:
    """What comes in to a layer, per sample: its shape, both ends of the wire in words, and the shape that the network begins with."""

    shape: Shape
    ends: str
    first: Shape


@dataclass(frozen=True)
class Count:
    """What a layer counts for: a row of weights is a neuron and its columns are synapses; biases and scales are parameters only."""

    neurons: int = 0
    synapses: int = 0
    parameters: int = 0


def _same(value: Any, given: Incoming) -> Shape:
    return given.shape


def _nothing(value: Any, before: Shape, after: Shape) -> Count:
    return Count()


def _first_value(value: Described) -> str:
    return str(next(iter(value.values().values()), ""))


@dataclass(frozen=True)
class Layer(Kind):
    """A kind of layer, described by functions of its parameters.

    shape     (parameters, what comes in) -> shape of what it gives per sample; raises GraphError
    write     (tape, node, values that come in, shape of what it gives) -> node of the tape that holds its values
    count     (parameters, shape that comes in, shape that it gives) -> what it counts for
    caption   (parameters) -> a few words for its card; without it, the first of its parameters
    takes     `numbers` in a row, `pictures` (height, width, channels), or either
    weights   what it is counted as, in the singular, if it has weights ("dense layer"): `write` then calls its weighted sum `identity.sum`
    cells     `each`: its neurons can be told apart; `shared`: weights or windows slide over places; `none`: values only pass
    role      `begin`, `inner` or `end` of a network
    term      (tape, node, labels) -> what it adds to the loss of each sample, and its weight, if it adds something
    of        of a begin or an end: whether it reads or says `numbers` (pictures, classes) or `tokens` of a text
    random    whether it draws random numbers in each pass
    """

    shape: Callable[[Any, Incoming], Shape] = _same
    write: Callable[[Any, Node, list[Any], Shape], Any] = lambda tape, node, sources, shape: sources[0]
    count: Callable[[Any, Shape, Shape], Count] = _nothing
    caption: Callable[[Any], str] | None = _first_value
    takes: Literal["either", "numbers", "pictures"] = "either"
    weights: str = ""
    cells: Literal["each", "shared", "none"] = "none"
    role: Literal["begin", "inner", "end"] = "inner"
    term: Callable[[Any, Node, Labels], tuple[Any, float]] | None = None
    of: Literal["numbers", "tokens"] = "numbers"
    random: bool = False

    def given(self, node: Node, incoming: list[tuple[Node, Shape]], first: Shape) -> Shape:
        """Shape of what a node of this kind gives; an error names both ends of the wire that does not fit."""
        if self.role == "begin":
            return self.shape(node.parameters, Incoming((), "", ()))
        if not incoming:
            return ()
        (source, shape), *others = incoming
        ends = f"{source.title} to {node.title}"
        if self.takes == "pictures" and len(shape) != 3:
            raise GraphError(
                f"{ends}: {source.title} gives {text(shape)} numbers, but {node.title} takes pictures (height × width × channels): put it before the flattening."
            )
        if self.takes != "either" and len(shape) == 2:
            wants = (
                "a row of numbers: put Out of time or a Flatten between"
                if self.takes == "numbers"
                else "pictures: put it before the Sequence"
            )
            raise GraphError(f"{ends}: {source.title} gives a sequence of {text(shape)} (time × features), but {node.title} takes {wants}.")
        if self.takes == "numbers" and len(shape) != 1:
            raise GraphError(
                f"{ends}: {source.title} gives pictures of {text(shape)}, but {node.title} takes a row of numbers: put a Flatten between."
            )
        found = self.shape(node.parameters, Incoming(shape, ends, first))
        for other, another in others:
            if another != shape:
                raise GraphError(
                    f"{other.title} to {node.title}: {other.title} gives {text(another)}, but {source.title} gives {text(shape)} to the same sum: make both alike."
                )
        return found
