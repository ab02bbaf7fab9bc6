"""Blocks: groups of nodes that are repeated, and what stands in their place when they are written out."""

from __future__ import annotations

from dataclasses import replace

from lab.graph.parts import Edge, Graph, GraphError, Group, fresh


def seams(graph: Graph, block: Group) -> tuple[list[Edge], list[Edge]]:
    """Edges into and out of a block; all that leave must come from one output, because copies are joined in a row."""
    inside = set(block.nodes)
    entering = [e for e in graph.edges if e.target in inside and e.source not in inside]
    leaving = [e for e in graph.edges if e.source in inside and e.target not in inside]
    if not entering:
        raise GraphError(
            f"The block {block.title} is repeated {block.repeat} times, but nothing leads into it: wire something to its first node."
        )
    if len({(e.source, e.output) for e in leaving}) != 1:
        what = "nothing leaves it" if not leaving else "wires leave it from several outputs"
        raise GraphError(f"The block {block.title} is repeated {block.repeat} times, but {what}: let one output lead out of it.")
    if len({(e.source, e.output) for e in entering}) != 1:
        raise GraphError(
            f"The block {block.title} is repeated {block.repeat} times, but wires enter it from several outputs: let one lead into it."
        )
    return entering, leaving


def unrolled(graph: Graph, block: Group) -> Graph:
    entering, leaving = seams(graph, block)
    inner = graph.part(block.nodes)
    plain = replace(graph, groups=tuple(g for g in graph.groups if g.id != block.id))
    plain = replace(plain, edges=tuple(e for e in plain.edges if e not in leaving))
    width = max(n.x for n in inner.nodes) - min(n.x for n in inner.nodes) + 220.0
    last = {n.id: n.id for n in inner.nodes}
    for k in range(1, block.repeat):
        pasted, ids = plain.paste(replace(inner, comments=(), groups=()), width * k, 0.0)
        copy = dict(zip([n.id for n in inner.nodes], ids, strict=True))
        edges = [Edge("", last[leaving[0].source], leaving[0].output, copy[e.target], e.input, e.properties) for e in entering]
        plain = with_edges(pasted, edges)
        last = copy
    return with_edges(plain, [replace(e, source=last[e.source]) for e in leaving])


def with_edges(graph: Graph, edges: list[Edge]) -> Graph:
    for e in edges:
        graph = replace(graph, edges=(*graph.edges, replace(e, id=fresh("e", graph.edges))))
    return graph
