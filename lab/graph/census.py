"""Neurons and synapses of any network document: how many there are, and who reaches whom.

One convention for all families: a row of a weight matrix is a neuron and its columns are its synapses; a filter of a convolution
is one neuron, shared over all places; a gate or unit is a neuron and a wire into it a synapse. Inputs are no neurons, biases no
synapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from lab.graph.document import Graph, GraphError

OUTSIDE = ("input", "output")  # of gates: what leads in and out


@dataclass(frozen=True)
class Census:
    """Numbers of neurons and synapses, and what was counted."""

    neurons: int
    synapses: int
    how: str

    @property
    def per_neuron(self) -> float:
        """Mean synapses of a neuron."""
        return self.synapses / self.neurons if self.neurons else 0.0


def census(graph: Graph) -> Census:
    """Count the neurons and synapses of a network; random projections count with their mean."""
    if graph.family == "layers":
        return _layers(graph.expand())
    if graph.family == "populations":
        from lab.graph.kinds.populations import network

        net = network(graph)
        return Census(net.neurons, round(net.expected_synapses()), f"{len(net.populations)} populations, {len(net.links)} projections")
    graph = graph.expand()
    if graph.family == "units":
        return Census(len(graph.nodes), 2 * len(graph.edges), "units; each wire acts both ways")
    inner = {n.id for n in graph.nodes if n.kind not in OUTSIDE}
    return Census(len(inner), sum(e.target in inner for e in graph.edges), "gates and units")


def _layers(graph: Graph) -> Census:
    from lab.graph.kinds.layers import Convolution, Dense, Output, Reconstruction, shapes

    known = shapes(graph)
    neurons = synapses = dense = convolutions = 0
    for n in graph.nodes:
        before = next((known[e.source] for e in graph.incoming(n.id)), ())
        if isinstance(n.parameters, Convolution) and before:
            neurons += n.parameters.filters
            synapses += n.parameters.filters * before[2] * n.parameters.size**2
            convolutions += 1
        elif isinstance(n.parameters, (Dense, Output, Reconstruction)) and before:
            neurons += known[n.id][0]
            synapses += before[0] * known[n.id][0]
            dense += 1
    words = [f"{count} {name}{'s' * (count > 1)}" for count, name in ((convolutions, "convolution"), (dense, "dense layer")) if count]
    return Census(neurons, synapses, ", ".join(words) or "no layers")


def connections(graph: Graph, most: int, seed: int = 0) -> tuple[tuple[str, ...], np.ndarray]:
    """Every neuron's name and the synapses between them as (m, 2) indices of source and target.

    Of populations with more than `most` neurons together a part of each is taken, with the probabilities of their projections;
    any other network that is too large is refused.
    """
    if graph.family == "populations":
        return _drawn(graph, most, seed)
    graph = graph.expand()
    names, pairs = _wired_layers(graph) if graph.family == "layers" else _wired(graph)
    if len(names) > most:
        raise GraphError(
            f"The network on the canvas has {len(names):,} neurons and up to {most:,} can be analysed one by one: make its layers smaller."
        )
    return names, pairs


def _wired(graph: Graph) -> tuple[tuple[str, ...], np.ndarray]:
    place = {n.id: k for k, n in enumerate(graph.nodes)}
    return tuple(n.title for n in graph.nodes), np.array([(place[e.source], place[e.target]) for e in graph.edges], np.int64).reshape(-1, 2)


def _wired_layers(graph: Graph) -> tuple[tuple[str, ...], np.ndarray]:
    """Inputs are drawn too here: they are where the ways of the network begin."""
    from lab.graph.kinds.layers import Convolution, Dense, Input, Output, Pool, Reconstruction, shapes

    known = shapes(graph)
    names: list[str] = []
    pairs: list[np.ndarray] = []
    carried: dict[str, np.ndarray] = {}  # the neurons whose values a node gives
    for id in graph.order():
        node = graph.node(id)
        before = [carried[e.source] for e in graph.incoming(id) if e.source in carried]
        if isinstance(node.parameters, (Convolution, Pool)):
            raise GraphError(
                f"{node.title} shares its weights over places, so it has no neurons to tell apart: analyse a network of dense layers."
            )
        if isinstance(node.parameters, (Input, Dense, Output, Reconstruction)):
            size = prod(known[id])
            carried[id] = np.arange(len(names), len(names) + size)
            names += [f"{node.title} {k + 1}" for k in range(size)]
            for group in before:
                pairs.append(np.stack(np.meshgrid(group, carried[id], indexing="ij"), -1).reshape(-1, 2))
        else:
            carried[id] = np.concatenate(before) if before else np.empty(0, np.int64)
    return tuple(names), np.concatenate(pairs).astype(np.int64) if pairs else np.empty((0, 2), np.int64)


def _drawn(graph: Graph, most: int, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    from lab.graph.kinds.populations import network
    from lab.spiking import program

    net = network(graph)
    if net.neurons > most:
        net = net.scaled(most / net.neurons)
    built = net.build(0.1, seed)
    found = []
    for row in built.proj:
        starts = built.starts[row[program.STARTS] : row[program.STARTS] + row[program.SOURCES] + 1]
        sources = np.repeat(np.arange(row[program.SOURCES]), np.diff(starts)) + built.pop[row[program.SOURCE], program.FIRST]
        targets = built.targets[row[program.TARGETS] : row[program.TARGETS] + starts[-1]] + built.pop[row[program.TARGET], program.FIRST]
        found.append(np.column_stack([sources, targets]).astype(np.int64))
    names = tuple(f"{name} {k + 1}" for name, p in net.populations for k in range(p.size))
    return names, np.concatenate(found) if found else np.empty((0, 2), np.int64)
