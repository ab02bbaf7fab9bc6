"""Layers over sequences, (time × features): what a transformer is made of.

A picture is read row by row, a row of numbers place by place; recurrent layers and attention then train like any other. A text comes as Tokens
through an Embedding, and a Token head says which token is next.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lab.graph.document import GraphError, Node, Plain, Port
from lab.graph.kinds.layers.dense import initialiser
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
    first: str = param("0.1", choices=("0.1", "0.02"), live=False, label="First weights",
                       doc="Standard deviation of the first weights: 0.1 where a head is tied to them.")  # fmt: skip


BY_SIZE, SMALL = "by size", "0.02"
FIRST = "How weights are drawn first: by the numbers that come in and go out (Xavier, He), or all with a standard deviation of 0.02, as in GPT-2."


class Attention(Described):
    """Every place looks at those before it, once for each head."""

    owner: ClassVar[str] = "attention"
    heads: int = param(4, lo=1, hi=1024, live=False, doc="Heads; the features must be a multiple.", main=True)
    causal: bool = param(True, live=False, doc="A place sees itself and what came before, not what comes after.")
    first: str = param(BY_SIZE, choices=(BY_SIZE, SMALL), live=False, label="First weights", doc=FIRST)


class Sequence(Described):
    """A picture as a sequence of its rows, or numbers as a sequence of a few at a time."""

    owner: ClassVar[str] = "sequence"
    features: int = param(
        1, lo=1, hi=100_000, live=False, doc="Numbers of each place; of a picture all of a row, whatever stands here.", main=True
    )


class Recurrent(Described):
    """Units that read a place and their own last values; gives their values at every place."""

    owner: ClassVar[str] = "recurrent"
    units: int = param(16, lo=1, hi=1024, live=False, doc="Units.", main=True)
    activation: str = param("tanh", choices=ACTIVATIONS, live=False, doc="Activation of the units.")


class Memory(Described):
    """A long short-term memory: cells guarded by gates; gives its outputs at every place."""

    owner: ClassVar[str] = "lstm"
    units: int = param(16, lo=1, hi=1024, live=False, doc="Cells.", main=True)
    forget: float = param(
        1.0, lo=-10.0, hi=10.0, live=False, label="Forget bias", doc="First bias of the forget gate: above 0 it begins open."
    )


class Gated(Described):
    """Gated recurrent units: two gates say what is kept of their last values; gives their values at every place."""

    owner: ClassVar[str] = "gru"
    units: int = param(16, lo=1, hi=1024, live=False, doc="Units.", main=True)


class OutOfTime(Described):
    """One row of numbers for a whole sequence."""

    owner: ClassVar[str] = "out-of-time"
    keep: str = param("last place", choices=("last place", "mean"), live=False, doc="What is kept of the places.", main=True)


class PerPlace(Described):
    """The same dense layer at every place."""

    owner: ClassVar[str] = "dense-per-place"
    units: int = param(256, lo=1, hi=1_000_000, live=False, doc="Units at each place.", main=True)
    activation: str = param("gelu", choices=ACTIVATIONS, live=False, doc="Activation of the units.", main=True)
    first: str = param(BY_SIZE, choices=(BY_SIZE, SMALL), live=False, label="First weights", doc=FIRST)


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
            f"{given.ends}: {source} gives {text(given.shape)}, but {target} takes a sequence (time × features): put an Embedding behind tokens, or a Sequence behind numbers or a picture, before it."
        )
    return given.shape[0], given.shape[1]


def _embedded(value: Embedding, given: Incoming) -> Shape:
    if len(given.shape) != 1:
        source, target = _ends(given)
        raise GraphError(
            f"{given.ends}: {source} gives {text(given.shape)}, but {target} takes tokens, one number for each place: wire Tokens to it."
        )
    return (given.shape[0], value.features)


def _in_time(value: Sequence, given: Incoming) -> Shape:
    source, target = _ends(given)
    if len(given.shape) == 3:
        return given.shape[0], given.shape[1] * given.shape[2]
    if len(given.shape) != 1:
        raise GraphError(f"{given.ends}: {source} gives a sequence already ({text(given.shape)}): take {target} away.")
    if given.shape[0] % value.features:
        raise GraphError(
            f"{given.ends}: {given.shape[0]} numbers cannot be cut into places of {value.features}: choose a number that divides them."
        )
    return given.shape[0] // value.features, value.features


def _unrolled(value: Recurrent | Memory | Gated, given: Incoming) -> Shape:
    return _sequence(given)[0], value.units


def _count_recurrent(value: Recurrent | Memory, before: Shape, after: Shape) -> Count:
    rows = value.units * (4 if isinstance(value, Memory) else 1)  # three gates and the candidate of each cell are neurons, too
    synapses = rows * (before[-1] + value.units)
    return Count(rows, synapses, synapses + rows)


def _count_gated(value: Gated, before: Shape, after: Shape) -> Count:
    rows = 3 * value.units  # two gates and the candidate of each unit; the candidate has a bias for what it recalls, too
    synapses = rows * (before[-1] + value.units)
    return Count(rows, synapses, synapses + rows + value.units)


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


def misread(graph: Any) -> Any:
    """What is wrong with where tokens are read and said: sentences, and the nodes concerned."""
    begins, ends = ([n for n in graph.nodes if graph.kind_of(n).role == role] for role in ("begin", "end"))
    for begin, end in zip(begins[:1], ends[:1], strict=False):
        if graph.kind_of(begin).of != graph.kind_of(end).of:
            yield (
                f"{begin.title} and {end.title} do not go together: a text is read from Tokens and said by a Token head, numbers come from an Input and end in an Output.",
                (begin.id, end.id),
            )
    tables = [n for n in graph.nodes if isinstance(n.parameters, Embedding)]
    for node in tables:
        for edge in graph.incoming(node.id):
            source = graph.node(edge.source)
            if not isinstance(source.parameters, Tokens):
                yield (
                    f"{source.title} to {node.title}: {node.title} looks up the rows of tokens, which only Tokens gives: wire Tokens to it.",
                    (source.id, node.id),
                )
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


def _write_sequence(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    return tape.reshape(sources[0], shape, name=node.id)


def _write_recurrent(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Recurrent)
    drive = tape.affine(sources[0], value.units, name=f"{node.id}.sum")
    w = tape.parameter(f"{node.id}.recurrent", (value.units, value.units), init="xavier")
    hidden: list[Any] = []
    for k in range(shape[0]):
        total = tape.select(drive, k)
        total = tape.add(total, tape.affine(hidden[-1], weight=w, bias=False)) if hidden else total
        hidden.append(tape.activation(total, value.activation, name=f"{node.id}.{k}"))
    return tape.stack(hidden, name=node.id)


def _write_memory(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Memory)
    bias = np.zeros(4 * value.units)
    bias[value.units : 2 * value.units] = value.forget  # gates i f g o
    drive = tape.affine(
        sources[0],
        4 * value.units,
        bias=tape.parameter(f"{node.id}.sum.bias", (4 * value.units,), bias, decay=False),
        name=f"{node.id}.sum",
    )
    w = tape.parameter(f"{node.id}.recurrent", (value.units, 4 * value.units), init="xavier")
    state, hidden = None, []
    for k in range(shape[0]):
        state = tape.lstm_cell(drive, state, w, step=k, name=f"{node.id}.{k}")
        hidden.append(tape.select(state, 0))
    return tape.stack(hidden, name=node.id)


def _write_gated(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Gated)
    drive = tape.affine(sources[0], 3 * value.units, name=f"{node.id}.sum")
    w = tape.parameter(f"{node.id}.recurrent", (value.units, 3 * value.units), init="xavier")
    recalled = tape.parameter(f"{node.id}.recalled", (value.units,), init="zeros", decay=False)
    hidden: list[Any] = []
    for k in range(shape[0]):
        hidden.append(tape.gru_cell(drive, hidden[-1] if hidden else None, w, recalled, step=k, name=f"{node.id}.{k}"))
    return tape.stack(hidden, name=node.id)


def _write_out(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    assert isinstance(node.parameters, OutOfTime)
    if node.parameters.keep == "mean":
        return tape.mean(sources[0], axis=0, name=node.id)
    return tape.select(sources[0], sources[0].shape[0] - 1, name=node.id)


def _write_positions(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    return tape.add(sources[0], tape.parameter(f"{node.id}.weight", shape, init="small"), name=node.id)


def _write_attention(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Attention)
    T, d = shape
    init = "small" if value.first == SMALL else "xavier"
    three = tape.affine(sources[0], 3 * d, init=init, name=f"{node.id}.sum")
    split = tape.transpose(tape.reshape(three, (T, 3, value.heads, d // value.heads)), (1, 2, 0, 3))
    q, k, v = (tape.select(split, part) for part in range(3))
    return tape.affine(tape.attention(q, k, v, causal=value.causal, name=f"{node.id}.looks"), d, init=init, name=node.id)


def _write_each(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, PerPlace)
    init = "small" if value.first == SMALL else initialiser(value.activation)
    return tape.activation(tape.affine(sources[0], value.units, init=init, name=f"{node.id}.sum"), value.activation, name=node.id)


def _write_embedding(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Embedding)
    init = "small" if value.first == SMALL else "tied"
    table = tape.parameter(f"{node.id}.sum.weight", (value.vocabulary, value.features), init=init)
    return tape.embedding(sources[0], weight=table, name=node.id)


def _write_head(tape: Any, node: Node, sources: list[Any], shape: Shape) -> Any:
    value = node.parameters
    assert isinstance(value, Head)
    if not value.tied:
        return tape.affine(sources[0], value.vocabulary, init="small", name=f"{node.id}.sum")
    (lookup,) = (i for i in tape.instructions if i.opcode == "embedding")  # `tied` has seen to it that there is one
    table = tape.nodes[lookup.inputs[1]]
    return tape.affine(sources[0], weight=table, bias=False, transposed=True, name=f"{node.id}.sum")


KINDS = (
    Layer(
        "tokens", "Tokens", Tokens, (), (Port("out", "values"),), "A text as whole numbers", "mdi6.alphabetical-variant", ENDS,
        shape=lambda value, given: (value.places,), caption=lambda value: f"{value.places} places", role="begin", of="tokens", place=13,
    ),
    Layer(
        "token-head", "Token head", Head, IN, (), "A logit for each token, at every place", "mdi6.format-letter-matches", ENDS,
        shape=_readout, write=_write_head, count=_count_head, weights="head", cells="shared", role="end", of="tokens", place=14,
        caption=lambda value: f"{value.vocabulary} tokens{' · tied' * value.tied}",
    ),
    Layer(
        "embedding", "Embedding", Embedding, IN, OUT, "A row of numbers for each token", "mdi6.view-array", LAYERS,
        shape=_embedded, write=_write_embedding, count=_count_embedding, weights="embedding", cells="shared", place=25,
        caption=lambda value: f"{value.vocabulary} × {value.features}",
    ),
    Layer(
        "sequence", "Sequence", Sequence, IN, OUT, "A picture row by row, or numbers one after the other", "mdi6.view-sequential", LAYERS,
        shape=_in_time, write=_write_sequence, caption=lambda value: "time × features", cells="shared", place=25,
    ),
    Layer(
        "recurrent", "Recurrent", Recurrent, IN, OUT, "Units that read a place and their own last values", "mdi6.reload", LAYERS,
        shape=_unrolled, write=_write_recurrent, count=_count_recurrent, weights="recurrent layer", cells="shared", place=25,
        caption=lambda value: f"{value.units} units · {value.activation}",
    ),
    Layer(
        "lstm", "LSTM", Memory, IN, OUT, "Cells guarded by gates", "mdi6.memory", LAYERS,
        shape=_unrolled, write=_write_memory, count=_count_recurrent, weights="LSTM layer", cells="shared", place=25,
        caption=lambda value: f"{value.units} cells",
    ),
    Layer(
        "gru", "GRU", Gated, IN, OUT, "Units with two gates over what they keep", "mdi6.gate", LAYERS,
        shape=_unrolled, write=_write_gated, count=_count_gated, weights="GRU layer", cells="shared", place=25,
        caption=lambda value: f"{value.units} units",
    ),
    Layer(
        "out-of-time", "Out of time", OutOfTime, IN, OUT, "The last place of a sequence, or the mean of all", "mdi6.timer-stop-outline", LAYERS,
        shape=lambda value, given: (_sequence(given)[1],), write=_write_out, cells="shared", place=29, caption=lambda value: value.keep,
    ),
    Layer(
        "positions", "Positions", Plain, IN, OUT, "Adds a learned row for each place", "mdi6.numeric", LAYERS,
        shape=_as_it_came, write=_write_positions, count=lambda value, before, after: Count(parameters=after[0] * after[1]), cells="shared", place=26,
    ),
    Layer(
        "attention", "Attention", Attention, IN, OUT, "Every place looks at those before it", "mdi6.eye-outline", LAYERS,
        shape=_attended, write=_write_attention, count=_count_attention, weights="attention layer", cells="shared", place=27,
        caption=lambda value: f"{value.heads} heads{' · causal' * value.causal}",
    ),
    Layer(
        "dense-per-place", "Dense per place", PerPlace, IN, OUT, "The same dense layer at every place", "mdi6.code-brackets", LAYERS,
        shape=_at_each, write=_write_each, count=_count_each, weights="dense layer", cells="shared", place=28,
        caption=lambda value: f"{value.units} units · {value.activation}",
    ),
    Layer(
        "layer-norm", "Layer norm", Plain, IN, OUT, "Mean 0 and variance 1 over the features of a place", "mdi6.tune-vertical", LAYERS,
        shape=_as_it_came, write=lambda tape, node, sources, shape: tape.layer_norm(sources[0], name=node.id),
        count=lambda value, before, after: Count(parameters=2 * after[-1]), cells="shared", place=29,
    ),
)  # fmt: skip
