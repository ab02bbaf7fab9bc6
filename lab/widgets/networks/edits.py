"""What a person may do to a graph on the canvas: (graph, selection, ...) -> the next graph, the words of the step, the next selection.

Every function is pure and knows no window. Nothing to do is None; what cannot be done raises a LabError with its sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.graph.document import GRID, Comment, Graph, GraphError, Node
from lab.params import Described

UNITS, CARDS = (170.0, 120.0), (300.0, 150.0)  # distances of columns and rows when a graph is tidied up
ROOM = 11 * GRID, 7 * GRID  # what a card needs, wires beside it included


@dataclass(frozen=True)
class Edit:
    """One step: the graph after it, what it is called, and what is selected then (None: as before).

    key    steps of one key that follow each other quickly are one step of undo
    final  False: a drag is going on
    """

    graph: Graph
    words: str
    chosen: tuple[str, ...] | None = None
    key: str = ""
    final: bool = True


def grid(value: float) -> float:
    """The nearest line of the grid."""
    return GRID * round(value / GRID)


def free_place(
    graph: Graph, x: float, y: float, within: tuple[float, float, float, float] | None = None, wires: np.ndarray | None = None
) -> tuple[float, float]:
    """The place on the grid nearest to (x, y) where a new card covers no other, below before above before beside it.

    within  left, top, right, bottom of what can be seen: a place in it is taken before a nearer one outside
    wires   (n, 2) points on them: where there is room in view, a card does not stand on a wire
    """
    nodes = np.array([(n.x, n.y) for n in graph.nodes]).reshape(-1, 2)
    at = np.array([grid(x), grid(y)]) + _NEAR
    free = np.ones(len(at), bool)
    for node in nodes[(abs(nodes - at[0]) < np.array(ROOM) + _FAR).all(axis=1)]:
        free &= (abs(at - node) >= ROOM).any(axis=1)
    if within is not None:
        seen = free & (at >= within[:2]).all(axis=1) & (at <= within[2:]).all(axis=1)
        free = seen if seen.any() else free
    if wires is not None and len(wires):
        off = free.copy()
        for point in np.unique(np.round(wires / GRID), axis=0) * GRID:
            off &= (abs(at - point) >= (ROOM[0] / 2, ROOM[1] / 2)).any(axis=1)
        free = off if off.any() else free
    if not free.any():  # thousands of cards side by side: below all of them
        return grid(x), grid(float(nodes[:, 1].max())) + ROOM[1]
    found = at[int(free.argmax())]
    return float(found[0]), float(found[1])


_FAR = 40 * GRID  # how far away a place is looked for


def _near() -> np.ndarray:
    """Places around one, the nearest first (n, 2)."""
    steps = np.arange(-_FAR, _FAR + 1, GRID)
    found = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    down, right = found[:, 1], found[:, 0]
    order = np.lexsort((-right, -down, np.hypot(right, down)))
    return np.asarray(found[order])


_NEAR = _near()


def with_inside(graph: Graph, chosen: Sequence[str]) -> tuple[str, ...]:
    """What is selected, with the nodes inside folded groups."""
    inside = [id for g in graph.groups if g.folded and g.id in chosen for id in g.nodes]
    return (*chosen, *(id for id in inside if id not in chosen))


def named(graph: Graph, ids: Sequence[str]) -> str:
    """One thing by its name, several by their number."""
    if len(ids) != 1:
        return f"{len(ids)} things"
    return next((n.title for n in graph.nodes if n.id == ids[0]), {"e": "a wire", "c": "a comment"}.get(ids[0][:1], "a group"))


def add(graph: Graph, kind: str, x: float, y: float) -> Edit:
    """A node of a kind."""
    after, id = graph.add_node(kind, grid(x), grid(y))
    return Edit(after, f"Add {graph.kinds.kind(kind).title}", (id,))


def connect(graph: Graph, source: str, output: str, target: str, input: str) -> Edit:
    """A wire between two ports."""
    after, id = graph.connect(source, target, output, input, **_like(graph, source), **graph.kinds.joined(graph, source, target))
    after = after.kinds.fitted(after, after.edge(id))
    return Edit(after, f"Join {graph.node(source).title} to {graph.node(target).title}", (id,))


def add_joined(graph: Graph, source: str, output: str, kind: str, input: str, x: float, y: float) -> Edit:
    """A node of a kind at the end of a wire."""
    after, id = graph.add_node(kind, grid(x), grid(y))
    after, wire = after.connect(source, id, output, input, **_like(graph, source), **graph.kinds.joined(after, source, id))
    after = after.kinds.fitted(after, after.edge(wire))
    return Edit(after, f"Add {graph.kinds.kind(kind).title}", (id,))


def _like(graph: Graph, source: str) -> dict[str, Any]:
    """A new wire from a population has the sign of its others: what inhibits goes on to inhibit."""
    signs = {e.properties.values().get("sign") for e in graph.outgoing(source)} - {None}
    return {"sign": signs.pop()} if len(signs) == 1 else {}


def remove(graph: Graph, chosen: Sequence[str]) -> Edit | None:
    """Without what is selected."""
    ids = with_inside(graph, chosen)
    return Edit(graph.remove(ids), f"Remove {named(graph, chosen)}", ()) if ids else None


def copy(graph: Graph, chosen: Sequence[str]) -> str:
    """The selected nodes with the wires between them as text; nothing if there are none."""
    part = graph.part(with_inside(graph, chosen))
    return part.to_json() if part.nodes or part.comments else ""


def paste(graph: Graph, text: str, away: float, words: str = "Paste") -> Edit:
    """Nodes out of a text, moved away from where they were copied."""
    after, ids = graph.paste(Graph.from_json(text), away, away)
    return Edit(after, words, ids)


def duplicate(graph: Graph, chosen: Sequence[str]) -> Edit | None:
    """A copy of what is selected beside it."""
    text = copy(graph, chosen)
    if not text:
        return None
    ids = [n.id for n in graph.part(with_inside(graph, chosen)).nodes]
    return paste(graph, text, 2 * GRID, f"Duplicate {named(graph, ids)}")


def align(graph: Graph, chosen: Sequence[str], side: str) -> Edit:
    """The selected nodes on one line."""
    return Edit(graph.align(tuple(chosen), side), "Align")


def tidy(graph: Graph) -> Edit:
    """Columns from sources to sinks."""
    return Edit(graph.layout(*(UNITS if graph.kinds.arithmetic is not None else CARDS)), "Tidy up")


def group(graph: Graph, chosen: Sequence[str]) -> Edit:
    """A group of the selected nodes."""
    after, id = graph.group([n.id for n in graph.nodes if n.id in chosen])
    return Edit(after, "Group", (id,))


def groups_of(graph: Graph, chosen: Sequence[str]) -> list[Any]:
    """The groups that are selected, or hold a selected node."""
    return [g for g in graph.groups if g.id in chosen or set(chosen) & set(g.nodes)]


def ungroup(graph: Graph, chosen: Sequence[str]) -> Edit | None:
    """Dissolve the groups of what is selected."""
    ids = [g.id for g in groups_of(graph, chosen)]
    return Edit(graph.remove(ids), "Dissolve the group") if ids else None


def fold(graph: Graph, chosen: Sequence[str]) -> Edit | None:
    """Fold the groups of what is selected to single cards, or unfold them."""
    groups = groups_of(graph, chosen)
    if not groups:
        return None
    folded = not groups[0].folded
    after = graph
    for each in groups:
        after = after.set(each.id, folded=folded)
    whom = groups[0].title if len(groups) == 1 else f"{len(groups)} groups"
    return Edit(after, f"{'Fold' if folded else 'Unfold'} {whom}", tuple(g.id for g in groups))


def comment(graph: Graph, x: float, y: float) -> Edit:
    """A comment to be written."""
    after, id = graph.comment("Comment", grid(x), grid(y))
    return Edit(after, "Comment", (id,))


def nudge(graph: Graph, chosen: Sequence[str], x: float, y: float) -> Edit | None:
    """What is selected, moved by (x, y)."""
    ids = set(with_inside(graph, chosen))
    things: list[Node | Comment] = [*graph.nodes, *graph.comments]
    places = {t.id: (t.x + x, t.y + y) for t in things if t.id in ids}
    return Edit(graph.move(places), f"Move {named(graph, tuple(places))}", key="move") if places else None


def move(graph: Graph, places: Mapping[str, tuple[float, float]]) -> Edit:
    """Nodes and comments at other places."""
    return Edit(graph.move(dict(places)), f"Move {named(graph, tuple(places))}")


def set_value(graph: Graph, id: str, name: str, value: Any, final: bool = True) -> Edit | None:
    """A parameter, property or text of one thing; None while a drag moves what would be another network for every pixel."""
    node, edge = next((n for n in graph.nodes if n.id == id), None), next((e for e in graph.edges if e.id == id), None)
    described = node.parameters if node is not None else edge.properties if edge is not None else None
    if not final and described is not None and name in type(described).specs() and not type(described).specs()[name].live:
        return None
    if name == "title":
        words = f"Rename the group to {value}" if id.startswith("g") else f"Rename to {value}"
    else:
        words = f"{name.replace('_', ' ').capitalize()} of {_whose(graph, id)}"
    return Edit(graph.set(id, **{name: value}), words, key=f"{id}.{name}", final=final)


@dataclass(frozen=True)
class Grip:
    """The number that stands on a wire: whose it is, its name, and its value with the sign that the wire shows."""

    id: str
    name: str
    value: Any
    signed: bool  # its sign is another parameter, `sign`
    whole: Described


def grip(graph: Graph, wire: str) -> Grip | None:
    """What a hand takes on a wire, if there is anything."""
    edge = graph.edge(wire)
    found = graph.kinds.handle(graph, edge)
    if found is None:
        return None
    id, name = found
    whole = edge.properties if id == edge.id else graph.node(id).parameters
    value = getattr(whole, name)
    signed = "sign" in type(whole).specs() and isinstance(value, float)
    return Grip(id, name, -value if signed and whole.sign == "inhibitory" else value, signed, whole)  # type: ignore[attr-defined]


def pulled(held: Grip, pixels: float, fine: bool = False) -> float:
    """The value after a pull of so many pixels upwards: eighty double it, or make it 0; a sign of its own is never changed by a pull."""
    begun = float(held.value)
    scale = (abs(begun) or 1.0) / 80.0 * (0.1 if fine else 1.0)
    digits = 1 - math.floor(math.log10(scale))
    value = round(begun + pixels * scale, digits)
    if held.signed and begun:
        value = max(0.0, value) if begun > 0 else min(0.0, value)
    spec = type(held.whole).specs()[held.name]
    least = -math.inf if spec.lo is None else spec.lo
    most = math.inf if spec.hi is None else spec.hi
    return max(-most, min(most, value)) if held.signed else max(least, min(most, value))


def set_grip(graph: Graph, held: Grip, value: Any, final: bool = True) -> Edit | None:
    """Another number on a wire; a sign that is a parameter of its own follows the sign of what was typed."""
    if not held.signed:
        return set_value(graph, held.id, held.name, value, final)
    sign = "inhibitory" if value < 0 else "excitatory" if value > 0 else held.whole.sign  # type: ignore[attr-defined]
    if sign != held.whole.sign:  # type: ignore[attr-defined]
        after = graph.set(held.id, sign=sign, **{held.name: abs(value)})
        return Edit(after, f"{held.name.capitalize()} of {_whose(graph, held.id)}", key=f"{held.id}.{held.name}", final=final)
    return set_value(graph, held.id, held.name, abs(value), final)


def typed(held: Grip, text: str) -> Any:
    """What was typed on a wire: a number where it holds one, else the text itself."""
    if not isinstance(held.value, float):
        return text.strip()
    try:
        value = float(text.strip().replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        raise GraphError(f"A wire takes a number here (got '{text.strip()[:40]}'): type one such as 1.5, or press Escape.") from None
    if not math.isfinite(value):
        raise GraphError("A wire takes a finite number: type one such as 1.5, or press Escape.")
    return value


def _whose(graph: Graph, id: str) -> str:
    edge = next((e for e in graph.edges if e.id == id), None)
    return f"{graph.node(edge.source).title} to {graph.node(edge.target).title}" if edge else named(graph, (id,))


def same_network(one: Graph, other: Graph) -> bool:
    """Whether two graphs describe one network and differ in places, comments and plain groups only."""
    if one is other:
        return True
    if one.family != other.family or len(one.nodes) != len(other.nodes) or one.edges != other.edges:
        return False
    blocks = [[(g.nodes, g.repeat) for g in graph.groups if g.repeat > 1] for graph in (one, other)]
    return (
        one.weights == other.weights
        and blocks[0] == blocks[1]
        and all(
            a is b or (a.id, a.kind, a.title, a.parameters) == (b.id, b.kind, b.title, b.parameters)
            for a, b in zip(one.nodes, other.nodes, strict=True)
        )
    )
