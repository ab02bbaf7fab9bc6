"""Layers without neurons: what stands between the others and shapes, adds, bends or silences values."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from lab.graph.document import Node, Plain, Port
from lab.graph.kinds.layers.layer import ACTIVATIONS, BETWEEN, IN, LAYERS, OUT, Count, Layer, Shape
from lab.params import Described, param


class Activation(Described):
    """A non-linearity of its own."""

    owner: ClassVar[str] = "activation"
    function: str = param("relu", choices=ACTIVATIONS, live=False, doc="Which.", main=True)


class Dropout(Described):
    """Silences values at random while training."""

    owner: ClassVar[str] = "dropout"
    rate: float = param(0.2, lo=0.0, hi=0.9, live=False, doc="Part of the values that is silenced.", main=True)


def _sum(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    total = sources[0]
    for other in sources[1:]:
        total = total + other
    return total


def _write_activation(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    assert isinstance(node.parameters, Activation)
    return tape.activation(sources[0], node.parameters.function, name=node.id)


def _write_dropout(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    assert isinstance(node.parameters, Dropout)
    return tape.dropout(sources[0], node.parameters.rate, name=node.id)


KINDS = (
    Layer(
        "flatten", "Flatten", Plain, IN, OUT, "A picture as a row of numbers", "mdi6.view-sequential-outline", LAYERS, "L",
        shape=lambda value, given: (prod(given.shape),), write=lambda tape, node, sources, shape: tape.flatten(sources[0], name=node.id), place=23,
    ),
    Layer(
        "add", "Add", Plain, (Port("in", "values", needed=True),), OUT, "The sum of what comes in: a residual connection", "mdi6.plus-circle-outline", LAYERS, "S",
        write=_sum, place=24,
    ),
    Layer(
        "activation", "Activation", Activation, IN, OUT, "A non-linearity of its own", "mdi6.chart-bell-curve-cumulative", BETWEEN, "A",
        write=_write_activation, place=30,
    ),
    Layer(
        "dropout", "Dropout", Dropout, IN, OUT, "Silences values at random while training", "mdi6.dots-grid", BETWEEN, "O",
        write=_write_dropout, place=31,
    ),
    Layer(
        "batch-norm", "Batch norm", Plain, IN, OUT, "Mean 0 and variance 1 over the minibatch", "mdi6.tune-vertical", BETWEEN, "B",
        write=lambda tape, node, sources, shape: tape.batch_norm(sources[0], name=node.id), count=lambda value, before, after: Count(parameters=2 * after[-1]), place=32,
    ),
)  # fmt: skip
