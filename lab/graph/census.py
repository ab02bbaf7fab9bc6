"""Neurons and synapses of any network document: how many there are, and who reaches whom.

One convention for all families: a row of a weight matrix is a neuron and its columns are its synapses; a filter of a convolution
is one neuron, shared over all places; a gate or unit is a neuron and a wire into it a synapse. Inputs are no neurons, biases no
synapses. A family says by itself how it counts.
"""

from __future__ import annotations

import numpy as np

from lab.graph.document import Census, Graph, GraphError
from lab.units import number as printed

__all__ = ["Census", "census", "connections"]


def census(graph: Graph) -> Census:
    """Count the neurons and synapses of a network; random projections count with their mean."""
    count = graph.kinds.census
    return count(graph) if count else Census(len(graph.nodes), len(graph.edges), f"nodes and wires of {graph.kinds.title.lower()}")


def connections(graph: Graph, most: int, seed: int = 0) -> tuple[tuple[str, ...], np.ndarray]:
    """Every neuron's name and the synapses between them as (m, 2) indices of source and target.

    Of populations with more than `most` neurons together a part of each is taken, with the probabilities of their projections;
    any other network that is too large is refused.
    """
    names, pairs = (graph.kinds.wired or _wired)(graph, most, seed)
    if len(names) > most:
        raise GraphError(
            f"The network on the canvas has {printed(len(names))} neurons and up to {printed(most)} can be analysed one by one: make its layers smaller."
        )
    return names, pairs


def _wired(graph: Graph, most: int, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    graph = graph.expand()
    place = {n.id: k for k, n in enumerate(graph.nodes)}
    return tuple(n.title for n in graph.nodes), np.array([(place[e.source], place[e.target]) for e in graph.edges], np.int64).reshape(-1, 2)
