"""The columns in which a network from the canvas is drawn, and what its pluses and minuses make of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from lab.errors import LabError
from lab.graph.document import Graph
from lab.graph.kinds.layers import kind_of, shapes, sized
from lab.training.drawing import COLUMNS, NEW, Column

STEP = 260.0  # between layers on the canvas


@lru_cache(maxsize=16)
def columns_of(document: str, pictures: bool = False) -> tuple[Column, ...]:
    """Columns of the layers whose units are drawn, the input first; none where they are too many. `pictures`: they are what is read."""
    written = Graph.from_json(document)
    graph = written.expand()
    known = shapes(graph)
    rows = [n for n in map(graph.node, graph.order()) if _form(graph, n.id, known, pictures)]
    if len(rows) > COLUMNS or kind_of(graph, rows[0]).role != "begin":
        return ()
    ids, depth = [n.id for n in rows], depths_of(graph)
    found: list[Column] = []
    for node in rows:
        kind, form = kind_of(graph, node), _form(graph, node.id, known, pictures)
        units = known[node.id][-1] if form == "maps" else prod(known[node.id])
        if kind.role == "begin":
            found.append(Column("inputs", units, form=form, after=_grown(written, node.id), depth=depth[node.id], node=node.id))
            continue
        end = kind.role == "end"
        weight = f"{node.id}.sum.weight"
        sources = tuple(
            k
            for k in map(ids.index, _sources(graph, node.id))
            if found[k].form == "maps" or form == "maps" or _reads(graph, known, ids[k], node.id)
        )
        column = Column(
            "outputs" if end else node.title,
            units,
            f"{node.id}.sum" if end else node.id,
            weight,
            sources,
            form,
            depth=depth[node.id],
            node=node.id,
        )
        if not end and node.id in {n.id for n in written.nodes}:
            changed = replace(column, without=_taken(written, node.id), after=_grown(written, node.id))
            size = _size_of(node)
            if size:
                changed = replace(
                    changed, fewer=_sized(written, node.id, {size: units - 1}), more=_sized(written, node.id, {size: units + 1})
                )
            column = changed
        found.append(column)
    return tuple(found)


def _form(graph: Graph, id: str, known: Mapping[str, tuple], pictures: bool) -> Any:
    """How a layer is drawn; nothing where it only passes values on."""
    node = graph.node(id)
    kind = kind_of(graph, node)
    if kind.cells == "none" or (kind.cells == "shared" and not kind.weights):
        return ""
    if kind.cells == "shared":
        return "maps"
    first = next(n for n in graph.nodes if kind_of(graph, n).role == "begin")
    whole = kind.role == "begin" or (kind.role == "end" and prod(known[id]) == prod(known[first.id]))
    return "picture" if pictures and whole else "units"


def depths_of(graph: Graph) -> dict[str, int]:
    """How many wires lie between the input and each node, along the longest way."""
    found: dict[str, int] = {}
    for id in graph.order():
        found[id] = max((found[e.source] + 1 for e in graph.incoming(id)), default=0)
    return found


def activity(
    shown: Graph, graph: Graph, sizes: Mapping[str, float], depth: Mapping[str, int], deep: float = float("inf")
) -> dict[str, np.ndarray]:
    """Nodes of the canvas (of a repeated block its first copy): x, y, mean size of the values, whether they are known.

    A node that is not in `sizes` has the size of what comes in; those deeper than `deep` are not known yet.
    """
    found: dict[str, float] = {}
    for id in graph.order():
        found[id] = sizes[id] if id in sizes else max((found[e.source] for e in graph.incoming(id)), default=0.0)
    number = {n.id: k for k, n in enumerate(shown.nodes)}
    nodes = np.array([(n.x, -n.y, found[n.id] if depth[n.id] <= deep else 0.0, float(depth[n.id] <= deep)) for n in shown.nodes], float)
    edges = np.array([(number[e.source], number[e.target], 1.0) for e in shown.edges], float).reshape(-1, 3)
    return {"nodes": nodes.reshape(-1, 4), "edges": edges}


def _sources(graph: Graph, id: str) -> list[str]:
    """Drawn layers whose values a layer reads, through sums, flattenings, pools and whatever else has no weights of its own."""
    found: list[str] = []
    for e in graph.incoming(id):
        kind = kind_of(graph, graph.node(e.source))
        found += _sources(graph, e.source) if kind.cells == "none" or (kind.cells == "shared" and not kind.weights) else [e.source]
    return list(dict.fromkeys(found))


def _reads(graph: Graph, known: Mapping[str, tuple], source: str, target: str) -> bool:
    """Whether a row of the weights into a layer belongs to each value of the other."""
    before = graph.incoming(target)[0].source
    return prod(known[source]) == prod(known[before])


# -- what a plus or minus makes --


def _size_of(node: Any) -> str:
    """The parameter that is the number of units of a layer."""
    return next((name for name in ("units", "filters", "numbers") if name in type(node.parameters).specs()), "")


def _ran(graph: Graph) -> dict[str, str]:
    """The change to this graph, if it can run."""
    try:
        sized(graph)
    except LabError:
        return {}
    return {"graph": graph.to_json()}


def _sized(graph: Graph, id: str, values: dict[str, int]) -> dict[str, str]:
    try:
        return _ran(graph.set(id, **values))
    except LabError:
        return {}


def _taken(graph: Graph, id: str) -> dict[str, str]:
    """Without a layer: what it read goes where it led."""
    before, behind = graph.incoming(id), graph.outgoing(id)
    if len(before) != 1 or any(id in group.nodes for group in graph.groups):
        return {}
    found = graph.remove((id,))
    try:
        for edge in behind:
            found, _ = found.connect(before[0].source, edge.target)
    except LabError:
        return {}
    return _ran(found)


def _grown(graph: Graph, id: str) -> dict[str, str]:
    """With a dense layer behind another: what lies to the right moves on."""
    if id not in {n.id for n in graph.nodes} or any(id in group.nodes for group in graph.groups):
        return {}
    here, behind = graph.node(id), graph.outgoing(id)
    if len(behind) != 1:
        return {}
    node = graph.node(behind[0].target)
    if node.kind == "flatten":  # a dense layer reads numbers in a row
        return _grown(graph, node.id)
    moved = graph.move({n.id: (n.x + STEP, n.y) for n in graph.nodes if n.x > here.x + 1.0}).remove([e.id for e in behind])
    try:
        found, new = moved.add_node("dense", here.x + STEP, here.y, "", units=NEW)
        found, _ = found.connect(id, new)
        found, _ = found.connect(new, behind[0].target)
    except LabError:
        return {}
    return _ran(found)
