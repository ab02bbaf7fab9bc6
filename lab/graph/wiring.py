"""How a graph is wired: what follows what, and what is wrong with it in every family."""

from __future__ import annotations

from collections.abc import Iterable

from lab.graph.blocks import seams
from lab.graph.parts import Graph, GraphError, Problem


def reaches(graph: Graph, start: str, goal: str) -> bool:
    seen, todo = set(), [start]
    following: dict[str, list[str]] = {}
    for e in graph.edges:
        following.setdefault(e.source, []).append(e.target)
    while todo:
        here = todo.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            todo += following.get(here, ())
    return False


def order(graph: Graph) -> tuple[str, ...]:
    """Kahn's order; where only circles are left, the first node drawn goes next."""
    waiting = {n.id: 0 for n in graph.nodes}
    following: dict[str, list[str]] = {n.id: [] for n in graph.nodes}
    for e in graph.edges:
        if e.source != e.target:
            waiting[e.target] += 1
            following[e.source].append(e.target)
    done: list[str] = []
    ready = [n for n, k in waiting.items() if k == 0]
    while waiting:
        here = ready.pop(0) if ready else next(iter(waiting))
        if here not in waiting:
            continue
        del waiting[here]
        done.append(here)
        for other in following[here]:
            if other in waiting:
                waiting[other] -= 1
                if waiting[other] == 0:
                    ready.append(other)
    return tuple(done)


def wiring(graph: Graph) -> Iterable[Problem]:
    """Problems that every family has: empty, doubled names, circles, ports left open or overfull."""
    known = graph.kinds
    if not graph.nodes:
        yield Problem(f"The graph is empty: drag {known.title.lower()} from the palette.")
        return
    titles: dict[str, str] = {}
    for n in graph.nodes:
        if n.title in titles:
            yield Problem(f"Two nodes are called '{n.title}': rename one.", (titles[n.title], n.id))
        titles[n.title] = n.id
        for port in graph.kind_of(n).inputs:
            edges = graph.incoming(n.id, port.name)
            if port.needed and not edges:
                yield Problem(f"Nothing leads to '{port.name}' of {n.title}: wire an output to it, or remove {n.title}.", (n.id,))
            if len(edges) > 1 and not port.many:
                names = " and ".join(graph.node(e.source).title for e in edges)
                yield Problem(
                    f"'{port.name}' of {n.title} takes one wire but has {len(edges)}, from {names}: remove all but one.",
                    (n.id,),
                    tuple(e.id for e in edges),
                )
    joined: dict[tuple, str] = {}
    for e in graph.edges:
        one, other = graph.node(e.source), graph.node(e.target)
        begin, end = graph.kind_of(one).port(e.output, "output"), graph.kind_of(other).port(e.input, "input")
        if begin.signal != end.signal:
            yield Problem(
                f"{one.title} to {other.title}: '{begin.name}' gives {begin.signal}, but '{end.name}' takes {end.signal}: remove this wire.",
                (),
                (e.id,),
            )
        key = (e.source, e.output, e.target, e.input)
        if key in joined and not known.parallel:
            yield Problem(f"{one.title} to {other.title}: two wires join the same ports: remove one.", (), (joined[key], e.id))
        joined[key] = e.id
        if e.source == e.target and not graph.kind_of(one).loops:
            yield Problem(
                f"{one.title} leads back to itself, which a {graph.kind_of(one).title} cannot: remove this wire.", (e.source,), (e.id,)
            )
    if not known.cycles:
        place = {id: k for k, id in enumerate(graph.order())}
        back = [e for e in graph.edges if e.source != e.target and place[e.source] > place[e.target]]
        if back:
            one, other = graph.node(back[0].source), graph.node(back[0].target)
            yield Problem(
                f"{one.title} to {other.title} closes a circle, and values must flow one way here: remove one wire of the circle.",
                (),
                tuple(e.id for e in back),
            )
    for g in graph.groups:
        if g.repeat > 1 and not known.blocks:
            yield Problem(
                f"{g.title} is repeated {g.repeat} times, but {known.title.lower()} know no repeated blocks: set it to once and copy the nodes.",
                g.nodes,
            )
        elif g.repeat > 1:
            try:
                seams(graph, g)
            except GraphError as error:
                yield Problem(str(error), g.nodes)
