"""A network of layers as a whole: shapes along the wires, the tape, the counts, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from lab import units
from lab.graph.document import Census, Edge, Graph, GraphError, Node, Problem
from lab.graph.kinds.layers.layer import Layer, Shape, text
from lab.graph.kinds.layers.sequences import misread


def kind_of(graph: Graph, node: Node) -> Layer:
    """The kind of layer that a node is."""
    kind = graph.kind_of(node)
    assert isinstance(kind, Layer)
    return kind


def weighted(graph: Graph) -> list[Node]:
    """The layers with weights, in the order in which values pass them."""
    return [node for node in map(graph.node, graph.order()) if kind_of(graph, node).weights]


def shapes(graph: Graph) -> dict[str, Shape]:
    """Shape of what every node gives, per sample; an error names both ends of the wire that does not fit."""
    found: dict[str, Shape] = {}
    first: Shape = ()
    for id in graph.order():
        node = graph.node(id)
        incoming = [(graph.node(e.source), found[e.source]) for e in graph.incoming(id) if e.source in found]
        kind = kind_of(graph, node)
        found[id] = kind.given(node, incoming, first)
        if kind.role == "begin" and not first:
            first = found[id]
    return found


def terms(graph: Graph) -> list[Node]:
    """The nodes that add a term of their own to the loss."""
    return [node for node in map(graph.node, graph.order()) if kind_of(graph, node).term is not None]


HOMES = {
    "numbers": "{} takes numbers: such a network learns in the model 'layered-network'.",
    "tokens": "{} reads a text: such a network learns in the model 'text-network'.",
}


def sized(graph: Graph, of: Literal["numbers", "tokens"] = "numbers") -> tuple[Node, Node]:
    """The input and the end of a network of numbers, or of tokens, that can run; otherwise refused with a sentence."""
    if graph.family != "layers":
        raise GraphError(f"The graph holds {graph.kinds.title.lower()}: this model takes layers.")
    for problem in graph.problems():
        if problem.fatal:
            raise GraphError(problem.sentence)
    ends = {kind_of(graph, n).role: n for n in reversed(graph.nodes)}
    if kind_of(graph, ends["begin"]).of != of:
        raise GraphError(HOMES[kind_of(graph, ends["begin"]).of].format(ends["begin"].title))
    return ends["begin"], ends["end"]


def write(tape: Any, graph: Graph, x: Any, dropout: float = 0.0) -> tuple[Any, tuple[tuple[str, str, str], ...]]:
    """Write the layers on a `lab.tape.Tape` from the node `x` on, blocks written out.

    Each node's value is called by its identity, its weighted sum `identity.sum`. `dropout` silences a part of the units of every
    hidden layer. Returns the last node (logits, or numbers) and, for each layer with weights, its title and the names of its
    weights and of its value.
    """
    graph = graph.expand()
    known, values, layers, last = shapes(graph), {}, [], x
    for id in graph.order():
        node = graph.node(id)
        kind = kind_of(graph, node)
        if kind.role == "begin":
            values[id] = x if x.shape == known[id] else tape.reshape(x, known[id])
            continue
        values[id] = kind.write(tape, node, [values[e.source] for e in graph.incoming(id)], known[id])
        if kind.role == "end":
            last = values[id]
        if kind.weights and any(n.name == f"{id}.sum.weight" for n in tape.nodes):  # a head may read out with the weights of another
            layers.append((node.title, f"{id}.sum.weight", f"{id}.sum" if kind.role == "end" else id))
            if dropout and kind.role == "inner":
                values[id] = tape.dropout(values[id], dropout, name=f"{id}.dropout")
    return last, tuple(layers)


def check(graph: Graph) -> Iterable[Problem]:
    """One input, one end, and shapes that fit."""
    for role, title in (("begin", "an input"), ("end", "an output")):
        count = [n.id for n in graph.nodes if kind_of(graph, n).role == role]
        if len(count) != 1:
            yield Problem(
                f"A layered network has {title}, and this one has {len(count) or 'none'}: {'add one' if not count else 'keep one'}.",
                tuple(count),
            )
    for sentence, nodes in misread(graph):
        yield Problem(sentence, nodes)
    try:
        shapes(graph.expand())
    except GraphError as error:
        yield Problem(str(error))


# -- counts --


def census(graph: Graph) -> Census:
    """Neurons and synapses, blocks written out."""
    graph = graph.expand()
    known = shapes(graph)
    neurons = synapses = parameters = 0
    numbers: dict[str, int] = {}
    for node in graph.nodes:
        before = next((known[e.source] for e in graph.incoming(node.id)), ())
        if before:
            kind = kind_of(graph, node)
            count = kind.count(node.parameters, before, known[node.id])
            neurons, synapses, parameters = neurons + count.neurons, synapses + count.synapses, parameters + count.parameters
            if kind.weights:
                numbers[kind.weights] = numbers.get(kind.weights, 0) + 1
    words = [f"{count} {name}{'s' * (count > 1)}" for name, count in sorted(numbers.items())]
    return Census(neurons, synapses, ", ".join(words) or "no layers", parameters)


def wired(graph: Graph, most: int, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Every neuron's name and the synapses between them; inputs are drawn too: they are where the ways of the network begin."""
    graph = graph.expand()
    known = shapes(graph)
    names: list[str] = []
    pairs: list[np.ndarray] = []
    carried: dict[str, np.ndarray] = {}  # the neurons whose values a node gives
    for id in graph.order():
        node = graph.node(id)
        before = [carried[e.source] for e in graph.incoming(id) if e.source in carried]
        cells = kind_of(graph, node).cells
        if cells == "shared":
            raise GraphError(
                f"{node.title} shares its weights over places, so it has no neurons to tell apart: analyse a network of dense layers."
            )
        if cells == "each":
            size = int(np.prod(known[id]))
            carried[id] = np.arange(len(names), len(names) + size)
            names += [f"{node.title} {k + 1}" for k in range(size)]
            for group in before:
                pairs.append(np.stack(np.meshgrid(group, carried[id], indexing="ij"), -1).reshape(-1, 2))
        else:
            carried[id] = np.concatenate(before) if before else np.empty(0, np.int64)
    return tuple(names), np.concatenate(pairs).astype(np.int64) if pairs else np.empty((0, 2), np.int64)


# -- how the canvas writes it --


def caption(graph: Graph, node: Node) -> str:
    """What a layer does, in a few words."""
    kind = kind_of(graph, node)
    return (kind.caption(node.parameters) if kind.caption else "") or kind.title.lower()


def label(graph: Graph, edge: Edge) -> str:
    """The shape that passes."""
    try:
        return text(shapes(graph)[edge.source])
    except (GraphError, KeyError):
        return "?"


def totals(graph: Graph) -> str:
    """Neurons, synapses and parameters, biases included and blocks written out."""
    try:
        count = census(graph)
    except GraphError:
        return f"{len(graph.nodes)} layers"
    carried = " · trained weights on board" if graph.weights else ""
    each = f"{units.number(count.per_neuron)} per neuron"
    return f"{units.counted(count.neurons, 'neurons')} · {units.counted(count.synapses, 'synapses')} · {each} · {units.counted(count.parameters, 'parameters')}{carried}"
