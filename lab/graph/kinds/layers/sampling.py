"""What adds a term of its own to the loss: a code drawn from a cloud, and a second thing that is asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from lab.graph.document import Node
from lab.graph.kinds.layers.dense import counted
from lab.graph.kinds.layers.layer import BETWEEN, ENDS, IN, OUT, Count, Labels, Layer, Shape
from lab.params import Described, param


class Sample(Described):
    """Numbers drawn from a normal distribution whose mean and deviation the layer computes: the code of a variational autoencoder.

    The loss gets beta times the divergence of that distribution from the standard one.
    """

    owner: ClassVar[str] = "sample"
    numbers: int = param(2, lo=1, hi=512, live=False, doc="Numbers that are drawn.", main=True)
    beta: float = param(1.0, lo=0.0, hi=1000.0, live=False, doc="Weight of the divergence in the loss.", main=True)


class SecondLoss(Described):
    """The class is asked for here as well: the loss gets the cross-entropy, times a weight; nothing is passed on."""

    owner: ClassVar[str] = "second loss"
    classes: int = param(2, lo=2, hi=1000, live=False, doc="Classes.", main=True)
    weight: float = param(0.3, lo=0.0, hi=1000.0, live=False, doc="Weight of this loss beside the first.", main=True)


def _write_sample(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    mean = tape.affine(sources[0], shape[0], init="xavier", name=f"{node.id}.sum")
    spread = tape.affine(sources[0], shape[0], init="small", name=f"{node.id}.spread")
    sigma = tape.exp(tape.scale(spread, 0.5), name=f"{node.id}.sigma")
    return tape.add(mean, tape.multiply(tape.gaussian(shape, name=f"{node.id}.epsilon"), sigma), name=node.id)


def _divergence(tape: Any, node: Node, labels: Labels) -> tuple[Any, float]:
    value = node.parameters
    assert isinstance(value, Sample)
    return tape.kl_gaussian(tape.find(f"{node.id}.sum"), tape.find(f"{node.id}.spread"), name=f"{node.id}.divergence"), value.beta


def _write_second(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    return tape.scale(tape.affine(sources[0], shape[0], init="small", name=f"{node.id}.sum"), 1.0, name=node.id)


def _asked(tape: Any, node: Node, labels: Labels) -> tuple[Any, float]:
    value = node.parameters
    assert isinstance(value, SecondLoss)
    return tape.cross_entropy(tape.find(f"{node.id}.sum"), labels(value.classes), name=f"{node.id}.loss"), value.weight


def _twice(value: Any, before: Shape, after: Shape) -> Count:
    one = counted(value, before, after)
    return Count(2 * one.neurons, 2 * one.synapses, 2 * one.parameters)


KINDS = (
    Layer(
        "sample", "Sample", Sample, IN, OUT, "A code drawn from a cloud; the loss gets its divergence", "mdi6.blur", BETWEEN, "M",
        takes="numbers", shape=lambda value, given: (value.numbers,), write=_write_sample, count=_twice, weights="sampled layer", cells="each",
        caption=lambda value: f"{value.numbers} drawn · β {value.beta:g}", place=43, term=_divergence, random=True,
    ),
    Layer(
        "second-loss", "Second loss", SecondLoss, IN, (), "The class is asked for here as well", "mdi6.plus-circle-multiple-outline", ENDS, "Q",
        takes="numbers", shape=lambda value, given: (value.classes,), write=_write_second, count=counted, weights="dense layer", cells="each",
        caption=lambda value: f"{value.classes} classes · × {value.weight:g}", place=13, term=_asked,
    ),
)  # fmt: skip
