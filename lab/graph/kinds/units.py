"""Units that are -1 or +1, joined by symmetric synapses: the network of Hopfield, unit by unit.

All obey one rule: +1 where the weighted sum of the others and the bias is positive. A further kind of unit brings parameters of its own
from which its `bias` and the state in which it `begins` follow: `lab.graph.document.extend("units", kind)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lab.graph.document import Census, Edge, Family, Graph, Kind, Port, Problem, Template, register
from lab.params import Described, param

GAP = 130.0


class Synapse(Described):
    """A symmetric synapse: it acts both ways with the same weight."""

    owner: ClassVar[str] = "synapse"
    weight: float = param(1.0, lo=-100, hi=100, doc="How much the two units want to be alike (negative: to differ).", main=True)


class Unit(Described):
    """A unit: +1 where the weighted sum of the others and its bias is positive, else -1."""

    owner: ClassVar[str] = "unit"
    first: str = param("+1", choices=("+1", "-1"), live=False, doc="State at the beginning.", main=True)
    bias: float = param(0.0, lo=-100, hi=100, doc="Added to the weighted sum.", main=True)

    @property
    def begins(self) -> float:
        """State at the beginning as a number."""
        return float(self.first)


IN, OUT = (Port("in"),), (Port("out", carries=Synapse),)
KINDS = (
    Kind(
        "unit", "Unit", Unit, IN, OUT, "Either -1 or +1", "mdi6.circle-half-full", "Units", "U",
        caption=lambda value: f"bias {value.bias:g}" if value.bias else "",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Symmetric:
    """Weights (n, n), symmetric with zero diagonal; biases (n,); first states (n,)."""

    W: np.ndarray
    bias: np.ndarray
    first: np.ndarray


def matrix(graph: Graph) -> Symmetric:
    """The network as arrays, units in the order of the graph; two synapses between the same units add up."""
    place = {n.id: k for k, n in enumerate(graph.nodes)}
    W = np.zeros((len(place), len(place)))
    for e in graph.edges:
        a, b = place[e.source], place[e.target]
        W[a, b] += e.properties.weight  # type: ignore[attr-defined]
        W[b, a] += e.properties.weight  # type: ignore[attr-defined]
    values = [n.parameters for n in graph.nodes]
    return Symmetric(W, np.array([v.bias for v in values], float), np.array([v.begins for v in values], float))  # type: ignore[attr-defined]


def stored(graph: Graph, pattern: Sequence[float]) -> Graph:
    """The graph after Hebb's rule: each synapse grows by x_i x_j / n; missing ones are made, those that become 0 removed."""
    x = np.asarray(pattern, float)
    ids = [n.id for n in graph.nodes]
    wires = {frozenset((e.source, e.target)): e for e in graph.edges}
    for i in range(len(ids)):
        for j in range(i + 1, len(ids)):
            grown = float(x[i] * x[j]) / len(ids)
            wire = wires.get(frozenset((ids[i], ids[j])))
            if wire is None:
                graph, _ = graph.connect(ids[i], ids[j], weight=grown)
                continue
            weight = wire.properties.weight + grown  # type: ignore[attr-defined]
            graph = graph.remove((wire.id,)) if abs(weight) < 1e-12 else graph.set(wire.id, weight=weight)
    return graph


def check(graph: Graph) -> Iterable[Problem]:
    """Synapses that stand twice."""
    seen: dict[frozenset[str], str] = {}
    for e in graph.edges:
        pair = frozenset((e.source, e.target))
        if pair in seen:
            names = " and ".join(sorted(graph.node(n).title for n in pair))
            yield Problem(
                f"{names} are joined twice, and a synapse acts both ways here: their weights add up.", (), (seen[pair], e.id), fatal=False
            )
        seen[pair] = e.id


def arithmetic(graph: Graph, id: str, values: Mapping[str, float]) -> str:
    """What a unit hears and what it would become."""
    node = graph.node(id)
    parts = [(e.properties.weight, e.target if e.source == id else e.source) for e in graph.edges if id in (e.source, e.target)]  # type: ignore[attr-defined]
    terms = [f"{w:.3g}·{values.get(other, math.nan):g}" for w, other in parts]
    h = sum(w * values.get(other, math.nan) for w, other in parts) + node.parameters.bias  # type: ignore[attr-defined]
    listed = " + ".join(terms[:12]) + (f" + {len(terms) - 12} more" if len(terms) > 12 else "") or "0"
    becomes = "stays as it is" if abs(h) < 1e-12 else f"wants to be {'+1' if h > 0 else '-1'}"
    return f"{node.title} = {values.get(id, math.nan):g}\nhears {listed} + {node.parameters.bias:g}\n= {h:.4g}: {becomes}"  # type: ignore[attr-defined]


def size(graph: Graph, edge: Edge) -> float:
    """The weight."""
    return float(edge.properties.weight)  # type: ignore[attr-defined]


def words(graph: Graph, edge: Edge) -> str:
    """What the weight of a wire means."""
    return "It acts both ways. Its weight is a pure number: positive pulls the two units alike, negative apart."


def label(graph: Graph, edge: Edge) -> str:
    """The weight, while the wires are few."""
    return f"{size(graph, edge):g}" if len(graph.edges) <= 12 else ""


def census(graph: Graph) -> Census:
    """Every unit is a neuron, and every synapse counts for both ways."""
    return Census(len(graph.nodes), 2 * len(graph.edges), "units; each wire acts both ways")


def totals(graph: Graph) -> str:
    """Units, synapses, and how many patterns Hebb's rule holds."""
    n = len(graph.nodes)
    return f"{n} units · {len(graph.edges)} symmetric synapses · Hebb's rule holds about {0.138 * n:.1f} random patterns"


# -- templates --


def units(count: int, columns: int) -> Graph:
    """Units on a grid, not joined."""
    graph = Graph("units")
    for k in range(count):
        graph, _ = graph.add_node("unit", GAP * (k % columns), GAP * (k // columns), f"{k // columns + 1}.{k % columns + 1}")
    return graph


CROSS = (1, -1, -1, 1, -1, 1, 1, -1, -1, 1, 1, -1, 1, -1, -1, 1)
BARS = (1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1)


def hopfield(patterns: Sequence[Sequence[float]] = (CROSS, BARS)) -> Graph:
    """Sixteen units that hold a cross and two bars, begun with a cross in which three units are wrong."""
    graph = units(16, 4)
    for pattern in patterns:
        graph = stored(graph, pattern)
    wrong = {0, 6, 11}
    for k, node in enumerate(graph.nodes):
        graph = graph.set(node.id, first="+1" if CROSS[k] * (-1 if k in wrong else 1) > 0 else "-1")
    return graph


def triangle() -> Graph:
    """Three units that all want to differ: whatever they do, one pair is alike."""
    graph, ids = Graph("units"), []
    for title, x, y in (("a", 0, 160), ("b", 140, 0), ("c", 280, 160)):
        graph, id = graph.add_node("unit", x, y, title)
        ids.append(id)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        graph, _ = graph.connect(ids[one], ids[other], weight=-1.0)
    return graph


TEMPLATES = {
    "Hopfield": Template(hopfield, "Sixteen units hold a cross and two bars in their synapses: units that are alike in both patterns are joined by positive weights, "
                         "units that differ by negative ones (dashed). Run it: the spoilt cross mends itself while the energy falls."),
    "Three that want to differ": Template(triangle, "Each synapse is negative, so each pair wants to differ; three units cannot all. The energy has six equal lowest "
                                          "states, and which one is reached depends on chance."),
    "Nine empty units": Template(lambda: units(9, 3), "Nothing is stored yet. Click units in the picture below to draw a pattern, press 'Store this pattern', and "
                                 "watch the wires appear; then spoil it and let it recall."),
}  # fmt: skip
register(
    Family(
        "units",
        "Binary units",
        KINDS,
        cycles=True,
        directed=False,
        check=check,
        templates=TEMPLATES,
        label=label,
        size=size,
        totals=totals,
        census=census,
        arithmetic=arithmetic,
        words=words,
    )
)
