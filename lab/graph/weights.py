"""Trained weights inside a graph document, so that they travel with it: to the training monitor, into files, through undo."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from lab.graph.document import Graph, GraphError, Weights
from lab.units import number as printed

MOST = 500_000  # numbers that a graph carries: 2.7 MB of text


def carry(graph: Graph, arrays: Mapping[str, np.ndarray]) -> Graph:
    """The graph with these arrays (by names that begin with a node's identity and a dot) as its weights, in single precision."""
    count = sum(a.size for a in arrays.values())
    if count > MOST:
        raise GraphError(
            f"A graph carries at most {printed(MOST)} weights, and these are {printed(count)}: write them to a file with 'lab weights' instead."
        )
    made = []
    for name, array in arrays.items():
        data = base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")
        made.append(Weights(name, array.shape, data))
    return replace(graph, weights=tuple(made))


def carried(graph: Graph) -> dict[str, np.ndarray]:
    """Arrays that a graph carries, by name; damaged ones are refused with a sentence."""
    found = {}
    for w in graph.weights:
        try:
            array = np.frombuffer(base64.b64decode(w.data, validate=True), "<f4")
        except (binascii.Error, ValueError):
            array = np.empty(0, "<f4")
        if len(array) != prod(w.shape) or min(w.shape, default=0) < 0 or not np.isfinite(array).all():
            raise GraphError(f"The weights '{w.name}' in the graph are damaged: train the network again.")
        found[w.name] = array.reshape(w.shape)
    return found
