"""A circuit as a whole: gates and units wired without a loop, evaluated in order, each node once, and differentiated backwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lab.graph.document import Census, Edge, Graph, GraphError, Node, Problem
from lab.graph.kinds.gates.gate import Gate, Weight

MOST_INPUTS = 12


FEW = 16  # with more wires, weights of 1 are not written


@dataclass(frozen=True)
class Row:
    """One node of a program: what it computes from which earlier rows with which weights."""

    id: str
    gate: Gate
    parameters: Any
    sources: tuple[int, ...]
    weights: tuple[float, ...]

    @property
    def kind(self) -> str:
        """Name of its kind."""
        return self.gate.name

    @property
    def function(self) -> str:
        """What it does, in one word."""
        return self.gate.word(self.parameters) if self.gate.word else self.gate.name

    @cached_property
    def column(self) -> np.ndarray:
        """The weights (sources, 1)."""
        return np.array(self.weights)[:, None]


@dataclass(frozen=True)
class Program:
    """Rows in topological order; shared nodes stand once, however many read them."""

    rows: tuple[Row, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def evaluate(self, inputs: np.ndarray, upto: int | None = None) -> np.ndarray:
        """Values (rows, samples) for inputs (inputs, samples); rows from `upto` on are NaN."""
        inputs = np.asarray(inputs, float)
        values = np.full((len(self.rows), inputs.shape[1]), math.nan)
        place = {row: k for k, row in enumerate(self.inputs)}
        for k, row in enumerate(self.rows[:upto]):
            values[k] = inputs[place[k]] if k in place else row.gate.value(row.parameters, values[list(row.sources)], row.column)
        return values

    def gradient(self, values: np.ndarray, output: int) -> np.ndarray:
        """Derivative of row `output` by every row, (rows, samples), by back-propagation; gates are steps and pass nothing."""
        back = np.zeros_like(values)
        back[output] = 1.0
        for k in range(output, -1, -1):
            row = self.rows[k]
            if row.sources and row.gate.slope is not None and back[k].any():
                slopes = row.gate.slope(row.parameters, values[list(row.sources)], row.column)
                for source, part in zip(row.sources, slopes, strict=True):
                    back[source] += back[k] * part
        return back


def kind_of(graph: Graph, node: str | Node) -> Gate:
    """The kind of gate or unit that a node is."""
    kind = graph.kind_of(node)
    assert isinstance(kind, Gate)
    return kind


def compiled(graph: Graph) -> Program:
    """The program of a graph; a loop is refused with its nodes named."""
    circle = loop(graph)
    if circle:
        names = " to ".join(graph.node(id).title for id in (*circle, circle[0]))
        raise GraphError(f"These nodes form a loop, and values must flow one way: {names}. Remove one wire of it.")
    order = graph.order()
    place = {id: k for k, id in enumerate(order)}
    rows = []
    for id in order:
        node = graph.node(id)
        wires = graph.incoming(id)
        weights = tuple(float(e.properties.weight) if isinstance(e.properties, Weight) else 1.0 for e in wires)
        rows.append(Row(id, kind_of(graph, node), node.parameters, tuple(place[e.source] for e in wires), weights))
    begin, end = (tuple(place[n.id] for n in graph.nodes if kind_of(graph, n).role == role) for role in ("begin", "end"))
    return Program(tuple(rows), begin, end)


def loop(graph: Graph) -> tuple[str, ...]:
    """Nodes of one loop in the order of its wires, or nothing."""
    following: dict[str, list[str]] = {n.id: [] for n in graph.nodes}
    for e in graph.edges:
        following[e.source].append(e.target)
    state: dict[str, int] = {}
    for first in following:
        trail: list[str] = []
        todo: list[tuple[str, bool]] = [(first, True)]
        while todo:
            here, entering = todo.pop()
            if not entering:
                trail.pop()
                state[here] = 2
            elif state.get(here) == 1:
                return tuple(trail[trail.index(here) :])
            elif here not in state:
                state[here] = 1
                trail.append(here)
                todo.append((here, False))
                todo += [(n, True) for n in following[here] if state.get(n) != 2]
    return ()


# -- how the canvas writes it --


def size(graph: Graph, edge: Edge) -> float:
    """The weight."""
    return float(edge.properties.weight) if isinstance(edge.properties, Weight) and kind_of(graph, edge.target).weighted else 1.0


def label(graph: Graph, edge: Edge) -> str:
    """The weight where it has an effect; weights of 1 only while the wires are few."""
    weight = size(graph, edge)
    return "" if weight == 1.0 and (len(graph.edges) > FEW or not kind_of(graph, edge.target).weighted) else f"{weight:g}"


def handle(graph: Graph, edge: Edge) -> tuple[str, str] | None:
    """The weight where it has an effect."""
    return (edge.id, "weight") if isinstance(edge.properties, Weight) and kind_of(graph, edge.target).weighted else None


def words(graph: Graph, edge: Edge) -> str:
    """What the weight of a wire means."""
    if not kind_of(graph, edge.target).weighted:
        return f"{graph.node(edge.target).title} takes values as they are and ignores the weight."
    return "Its weight is a pure number: the value that passes is multiplied by it."


def arithmetic(graph: Graph, id: str, values: Mapping[str, float]) -> str:
    """How a node comes to its value, with the present numbers."""
    node, kind = graph.node(id), kind_of(graph, id)
    own = values.get(id, math.nan)
    if kind.role == "begin":
        return f"{node.title} = {own:g}, given from outside."
    parts = tuple((graph.node(e.source).title, size(graph, e), values.get(e.source, math.nan)) for e in graph.incoming(id))
    waits = [title for title, _, v in parts if math.isnan(v)]
    if waits:
        return f"{node.title} has no value yet: it waits for {', '.join(dict.fromkeys(waits))}."
    if math.isnan(own):
        return f"{node.title} has no value yet: all it reads is known, and it is among the next to be evaluated."
    return f"{node.title} = {kind.told(node.parameters, parts, own)}"


def check(graph: Graph) -> Iterable[Problem]:
    """What gives nothing or goes nowhere."""
    if not any(kind_of(graph, n).role == "end" for n in graph.nodes):
        yield Problem("There is no output: wire a unit to one to see its value in the table.", fatal=False)
    for n in graph.nodes:
        if kind_of(graph, n).role != "begin" and not graph.incoming(n.id):
            yield Problem(f"Nothing leads to {n.title}: its weighted sum is 0 until something is wired to it.", (n.id,), fatal=False)


def census(graph: Graph) -> Census:
    """Gates and units are neurons, wires into them synapses; inputs and outputs lead in and out."""
    inner = {n.id for n in graph.nodes if kind_of(graph, n).role == "inner"}
    return Census(len(inner), sum(e.target in inner for e in graph.edges), "gates and units")


def totals(graph: Graph) -> str:
    """Nodes and wires, and how many of them are neurons and synapses."""
    count = census(graph)
    each = f" · {count.per_neuron:.3g} per neuron" if count.neurons else ""
    return f"{len(graph.nodes)} nodes · {count.neurons} neuron{'s' * (count.neurons != 1)} · {count.synapses} synapses{each}"
