"""Layers over sequences, (time × features): what a transformer is made of.

They are wired, checked and counted here. The examples of the canvas are rows of numbers and pictures, so such a network is trained in `gpt`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lab.graph.document import GraphError, Node, Plain, Port
from lab.graph.kinds.layers.layer import ACTIVATIONS, ENDS, IN, LAYERS, OUT, Count, Incoming, Layer, Shape, text
from lab.params import Described, param


class Tokens(Described):
    """A text as whole numbers, one for each place."""

    owner: ClassVar[str] = "tokens"
    places: int = param(32, lo=1, hi=1_000_000, live=False, doc="Tokens that are read at once.", main=True)


class Embedding(Described):
    """A row of numbers for each token of a vocabulary."""

    owner: ClassVar[str] = "embedding"
    vocabulary: int = param(64, lo=1, hi=10_000_000, live=False, doc="Tokens that there are.", main=True)
    features: int = param(64, lo=1, hi=100_000, live=False, doc="Numbers of each row.", main=True)


class Attention(Described):
    """Every place looks at those before it, once for each head."""

    owner: ClassVar[str] = "attention"
    heads: int = param(4, lo=1, hi=1024, live=False, doc="Heads; the features must be a multiple.", main=True)
    causal: bool = param(True, live=False, doc="A place sees itself and what came before, not what comes after.")


class PerPlace(Described):
    """The same dense layer at every place."""

    owner: ClassVar[str] = "dense-per-place"
    units: int = param(256, lo=1, hi=1_000_000, live=False, doc="Units at each place.", main=True)
    activation: str = param("gelu", choices=ACTIVATIONS, live=False, doc="Activation of the units.", main=True)


class Head(Described):
    """A logit for each token of the vocabulary, at every place."""

    owner: ClassVar[str] = "token-head"
    vocabulary: int = param(64, lo=1, hi=10_000_000, live=False, doc="Tokens that there are.", main=True)
    tied: bool = param(True, live=False, doc="Read out with the rows of the embedding itself: no weights of its own.")


def _ends(given: Incoming) -> tuple[str, str]:
    source, _, target = given.ends.partition(" to ")
    return source, target


def _sequence(given: Incoming) -> tuple[int, int]:
    """Places and features; refused where what comes in is no sequence."""
    if len(given.shape) != 2:
        source, target = _ends(given)
        raise GraphError(
            f"{given.ends}: {source} gives {text(given.shape)}, but {target} takes a sequence (time × features): put an Embedding before."
        )
    return given.shape[0], given.shape[1]


def _embedded(value: Embedding, given: Incoming) -> Shape:
    if len(given.shape) != 1:
        source, target = _ends(given)
        raise GraphError(
            f"{given.ends}: {source} gives {text(given.shape)}, but {target} takes tokens, one number for each place: wire Tokens to it."
        )
    return (given.shape[0], value.features)


def _as_it_came(value: Any, given: Incoming) -> Shape:
    return _sequence(given)


def _attended(value: Attention, given: Incoming) -> Shape:
    places, features = _sequence(given)
    if features % value.heads:
        raise GraphError(
            f"{given.ends}: {features} features cannot be shared out among {value.heads} heads: choose heads that divide them."
        )
    return places, features


def _at_each(value: PerPlace, given: Incoming) -> Shape:
    return (_sequence(given)[0], value.units)


def _count_attention(value: Attention, before: Shape, after: Shape) -> Count:
    d = before[-1]
    return Count(4 * d, 4 * d * d, 4 * d * d + 4 * d)  # queries, keys, values and what joins the heads


def _count_each(value: PerPlace, before: Shape, after: Shape) -> Count:
    inputs, units = before[-1], value.units
    return Count(units, inputs * units, inputs * units + units)


def _count_head(value: Head, before: Shape, after: Shape) -> Count:
    synapses = before[-1] * value.vocabulary
    return Count(value.vocabulary, 0 if value.tied else synapses, 0 if value.tied else synapses)


def _count_embedding(value: Embedding, before: Shape, after: Shape) -> Count:
    size = value.vocabulary * value.features
    return Count(value.features, size, size)


def tied(graph: Any) -> Any:
    """What is wrong with heads that read out with the rows of the embedding: sentences, and the nodes concerned."""
    tables = [n for n in graph.nodes if isinstance(n.parameters, Embedding)]
    for node in graph.nodes:
        value = node.parameters
        if not isinstance(value, Head) or not value.tied:
            continue
        if len(tables) != 1:
            yield f"{node.title} is tied to the embedding, and there are {len(tables)}: keep one, or take Tied off.", (node.id,)
        elif tables[0].parameters.vocabulary != value.vocabulary:
            yield (
                f"{node.title} has {value.vocabulary} tokens, but {tables[0].title}, to which it is tied, has {tables[0].parameters.vocabulary}: make both alike.",
                (tables[0].id, node.id),
            )


def _readout(value: Head, given: Incoming) -> Shape:
    return (_sequence(given)[0], value.vocabulary)


def _written(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    raise GraphError(UNTRAINED.format(node.title))


UNTRAINED = "{} works on a sequence of tokens: such a network is counted here and trained in the model 'gpt'."

KINDS = (
    Layer(
        "tokens", "Tokens", Tokens, (), (Port("out", "values"),), "A text as whole numbers", "mdi6.alphabetical-variant", ENDS,
        shape=lambda value, given: (value.places,), caption=lambda value: f"{value.places} places", role="begin", place=13, counted=True,
    ),
    Layer(
        "token-head", "Token head", Head, IN, (), "A logit for each token, at every place", "mdi6.format-letter-matches", ENDS,
        shape=_readout, write=_written, count=_count_head, weights="head", cells="shared", role="end", place=14, counted=True,
        caption=lambda value: f"{value.vocabulary} tokens{' · tied' * value.tied}",
    ),
    Layer(
        "embedding", "Embedding", Embedding, IN, OUT, "A row of numbers for each token", "mdi6.view-array", LAYERS,
        shape=_embedded, write=_written, count=_count_embedding, weights="embedding", cells="shared", place=25, counted=True,
        caption=lambda value: f"{value.vocabulary} × {value.features}",
    ),
    Layer(
        "positions", "Positions", Plain, IN, OUT, "Adds a learned row for each place", "mdi6.numeric", LAYERS,
        shape=_as_it_came, write=_written, count=lambda value, before, after: Count(parameters=after[0] * after[1]), cells="shared", place=26, counted=True,
    ),
    Layer(
        "attention", "Attention", Attention, IN, OUT, "Every place looks at those before it", "mdi6.eye-outline", LAYERS,
        shape=_attended, write=_written, count=_count_attention, weights="attention layer", cells="shared", place=27, counted=True,
        caption=lambda value: f"{value.heads} heads{' · causal' * value.causal}",
    ),
    Layer(
        "dense-per-place", "Dense per place", PerPlace, IN, OUT, "The same dense layer at every place", "mdi6.code-brackets", LAYERS,
        shape=_at_each, write=_written, count=_count_each, weights="dense layer", cells="shared", place=28, counted=True,
        caption=lambda value: f"{value.units} units · {value.activation}",
    ),
    Layer(
        "layer-norm", "Layer norm", Plain, IN, OUT, "Mean 0 and variance 1 over the features of a place", "mdi6.tune-vertical", LAYERS,
        shape=_as_it_came, write=_written, count=lambda value, before, after: Count(parameters=2 * after[-1]), cells="shared", place=29, counted=True,
    ),
)  # fmt: skip
