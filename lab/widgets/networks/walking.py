"""Going through a network by key: (graph, selection) -> the next selection. Pure: no window is known here."""

from __future__ import annotations

from collections.abc import Container, Sequence

from lab.graph.document import Graph

COLUMN = 80  # nodes nearer than this across stand in one column


def in_order(graph: Graph, visible: Container[str]) -> list[str]:
    """The nodes that can be seen, column by column from the left, each from above."""
    return [n.id for n in sorted(graph.nodes, key=lambda n: (round(n.x / COLUMN), n.y)) if n.id in visible]


def after(ids: Sequence[str], chosen: Sequence[str], by: int) -> str:
    """The node `by` places after the last of those chosen; the first where none is; nothing where there are none."""
    last = next((i for i in reversed(ids) if i in chosen), None)
    if not ids:
        return ""
    return ids[0] if last is None else ids[(ids.index(last) + by) % len(ids)]


def next_wire(graph: Graph, chosen: Sequence[str], around: str) -> tuple[str, str]:
    """The next wire of the chosen node, or after the chosen wire of the node `around`; with that node. Nothing: ("", around)."""
    nodes = {n.id for n in graph.nodes}
    around = next((i for i in chosen if i in nodes), around)
    ids = [e.id for e in graph.edges if around in (e.source, e.target)]
    if not ids:
        return "", around
    at = next((ids.index(i) for i in chosen if i in ids), -1)
    return ids[(at + 1) % len(ids)], around
