"""The one graph document behind every network on the canvas: nodes of registered kinds, ports, edges with properties.

    graph = Graph("populations")
    graph, e = graph.add_node("lif", title="E", size=3200)
    graph, i = graph.add_node("lif", title="I", size=800)
    graph, _ = graph.connect(e, i, weight=1.62)
    text = graph.to_json()          # the value of a parameter of kind "graph"

A graph is immutable; every edit returns another graph, so undo, sessions and headless runs need nothing more. Kinds
belong to a family ("layers", "populations", "gates" ...), whose module in `lab.graph.kinds` registers them and says what
else must hold; that module is imported when its family is first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lab.errors import ParameterError, near
from lab.graph.blocks import unrolled
from lab.graph.parts import (
    FAMILIES,
    Census,
    Comment,
    Edge,
    Family,
    GraphError,
    Group,
    Kind,
    Node,
    Plain,
    Port,
    Problem,
    Template,
    Weights,
    extend,
    family,
    fresh,
    register,
)
from lab.graph.wiring import order, reaches, wiring
from lab.params import Described

__all__ = [
    "FAMILIES", "GRID", "VERSION", "Census", "Comment", "Edge", "Family", "Graph", "GraphError", "Group", "Kind", "Node", "Plain", "Port", "Problem", "Template",
    "Weights", "extend", "family", "register",
]  # fmt: skip

VERSION = 1
GRID = 20.0


@dataclass(frozen=True)
class Graph:
    """A network document of one family; layers may carry the weights that they have learned."""

    family: str
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    comments: tuple[Comment, ...] = ()
    groups: tuple[Group, ...] = ()
    weights: tuple[Weights, ...] = ()

    # -- reading --

    @property
    def kinds(self) -> Family:
        """The family with its kinds."""
        return family(self.family)

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {n.id: n for n in self.nodes}

    @cached_property
    def _ends(self) -> tuple[dict[str, list[Edge]], dict[str, list[Edge]]]:
        """Edges by the node they begin at, and by the node they end at."""
        out: dict[str, list[Edge]] = {}
        into: dict[str, list[Edge]] = {}
        for e in self.edges:
            out.setdefault(e.source, []).append(e)
            into.setdefault(e.target, []).append(e)
        return out, into

    def node(self, id: str) -> Node:
        """The node with this identity."""
        return self._nodes.get(id) or _find(self.nodes, id, "node")

    def edge(self, id: str) -> Edge:
        """The edge with this identity."""
        return _find(self.edges, id, "edge")

    def kind_of(self, node: str | Node) -> Kind:
        """Kind of a node."""
        return self.kinds.kind((self.node(node) if isinstance(node, str) else node).kind)

    def named(self, title: str) -> Node:
        """The node that people call `title`."""
        for node in self.nodes:
            if node.title == title:
                return node
        raise GraphError(f"There is no node called '{title}': {near(title, [n.title for n in self.nodes])}")

    def incoming(self, node: str, port: str = "") -> tuple[Edge, ...]:
        """Edges that end at a node (at one of its inputs)."""
        return tuple(e for e in self._ends[1].get(node, ()) if port in ("", e.input))

    def outgoing(self, node: str, port: str = "") -> tuple[Edge, ...]:
        """Edges that begin at a node (at one of its outputs)."""
        return tuple(e for e in self._ends[0].get(node, ()) if port in ("", e.output))

    def order(self) -> tuple[str, ...]:
        """Nodes so that every edge leads forward; where there are circles, edges that close one are passed over."""
        return order(self)

    # -- edits: each returns another graph --

    def add_node(self, kind: str, x: float = 0.0, y: float = 0.0, title: str = "", **parameters: Any) -> tuple[Graph, str]:
        """A graph with one node more, and its identity."""
        known = self.kinds.kind(kind)
        id = fresh("n", self.nodes)
        node = Node(id, kind, self._free_title(title or known.title), known.parameters(**parameters), float(x), float(y))
        return replace(self, nodes=(*self.nodes, node)), id

    def connect(self, source: str, target: str, output: str = "", input: str = "", **properties: Any) -> tuple[Graph, str]:
        """A graph with one edge more, and its identity; refused in words where it cannot be."""
        reason = self.refusal(source, target, output, input)
        if reason:
            raise GraphError(reason)
        begin, end = self.kind_of(source).port(output, "output"), self.kind_of(target).port(input, "input")
        id = fresh("e", self.edges)
        edge = Edge(id, source, begin.name, target, end.name, begin.carries(**properties))
        return replace(self, edges=(*self.edges, edge)), id

    def refusal(self, source: str, target: str, output: str = "", input: str = "") -> str:
        """Why these two ports cannot be joined and what to do; empty where they can. Asked while a wire is being drawn."""
        one, other = self.node(source), self.node(target)
        try:
            begin, end = self.kind_of(one).port(output, "output"), self.kind_of(other).port(input, "input")
        except GraphError as error:
            return str(error)
        both = f"{one.title} to {other.title}"
        if begin.signal != end.signal:
            return f"{both}: '{begin.name}' gives {begin.signal}, but '{end.name}' takes {end.signal}: join ports of the same kind."
        if source == target and not self.kind_of(one).loops:
            return f"{both}: a {self.kind_of(one).title} cannot lead back to itself: put another node between."
        same = [e for e in self.edges if (e.source, e.output, e.target, e.input) == (source, begin.name, target, end.name)]
        if same and not self.kinds.parallel:
            return f"{both}: these ports are joined already: change the wire that is there."
        taken = self.incoming(target, end.name)
        if taken and not end.many:
            return f"{both}: '{end.name}' of {other.title} takes one wire and has one from {self.node(taken[0].source).title}: remove that one first."
        if not self.kinds.cycles and source != target and reaches(self, target, source):
            return f"{both}: this would close a circle, and values must flow one way here: lead the wire to a later node."
        return ""

    def remove(self, ids: Iterable[str]) -> Graph:
        """Without these nodes (and their edges), edges, comments and groups."""
        gone = set(ids)
        known = [i.id for items in (self.nodes, self.edges, self.comments, self.groups) for i in items]  # type: ignore[attr-defined]
        unknown = gone - set(known)
        if unknown:
            raise GraphError(f"There is nothing called '{min(unknown)}' in this graph to remove.")
        groups = tuple(replace(g, nodes=tuple(n for n in g.nodes if n not in gone)) for g in self.groups if g.id not in gone)
        return replace(
            self,
            nodes=tuple(n for n in self.nodes if n.id not in gone),
            edges=tuple(e for e in self.edges if not {e.id, e.source, e.target} & gone),
            comments=tuple(c for c in self.comments if c.id not in gone),
            groups=tuple(g for g in groups if g.nodes),
            weights=tuple(w for w in self.weights if w.node not in gone),
        )

    def set(self, id: str, **values: Any) -> Graph:
        """With parameters of a node or properties of an edge changed; `title` renames a node or group, `text` changes a comment."""
        places: dict[str, tuple] = {"nodes": self.nodes, "edges": self.edges, "comments": self.comments, "groups": self.groups}
        for place, items in places.items():
            for item in items:
                if item.id == id:
                    changed: dict[str, Any] = {place: tuple(self._with(i, values) if i is item else i for i in items)}
                    return replace(self, **changed)
        raise GraphError(f"There is nothing called '{id}' in this graph.")

    def _with(self, item: Any, values: dict[str, Any]) -> Any:
        if isinstance(item, Node):
            own = dict(values)
            title = own.pop("title", item.title)
            if title != item.title and any(n.title == title for n in self.nodes):
                raise GraphError(f"There is a node called '{title}' already: choose another name.")
            return replace(item, title=title, parameters=item.parameters.replace(**own))
        if isinstance(item, Edge):
            return replace(item, properties=item.properties.replace(**values))
        return _changed(item, values)

    def move(self, places: Mapping[str, tuple[float, float]]) -> Graph:
        """With nodes and comments at other places."""

        def put(item: Any) -> Any:
            return replace(item, x=float(places[item.id][0]), y=float(places[item.id][1])) if item.id in places else item

        return replace(self, nodes=tuple(put(n) for n in self.nodes), comments=tuple(put(c) for c in self.comments))

    def comment(self, text: str, x: float = 0.0, y: float = 0.0) -> tuple[Graph, str]:
        """With a comment more."""
        id = fresh("c", self.comments)
        return replace(self, comments=(*self.comments, Comment(id, text, float(x), float(y)))), id

    def group(self, nodes: Iterable[str], title: str = "Group", repeat: int = 1) -> tuple[Graph, str]:
        """With these nodes grouped; `repeat` above 1 makes the group a block of that many copies in a row."""
        members = tuple(n.id for n in self.nodes if n.id in set(nodes))
        for g in self.groups:
            if set(g.nodes) & set(members):
                raise GraphError(
                    f"{self.node((set(g.nodes) & set(members)).pop()).title} belongs to the group {g.title}: dissolve that group first."
                )
        if not members:
            raise GraphError("A group needs nodes: select some first.")
        id = fresh("g", self.groups)
        return replace(self, groups=(*self.groups, _changed(Group(id, title, members), {"repeat": repeat}))), id

    def part(self, ids: Iterable[str]) -> Graph:
        """Only these nodes, the edges between them, and the comments and groups among them: what "copy" takes."""
        chosen = set(ids)
        return replace(
            self,
            nodes=tuple(n for n in self.nodes if n.id in chosen),
            edges=tuple(e for e in self.edges if e.source in chosen and e.target in chosen),
            comments=tuple(c for c in self.comments if c.id in chosen),
            groups=tuple(g for g in self.groups if set(g.nodes) <= chosen),
            weights=(),
        )

    def paste(self, other: Graph, dx: float = 2 * GRID, dy: float = 2 * GRID) -> tuple[Graph, tuple[str, ...]]:
        """With a copy of another graph of this family, moved a little, and the identities of the new nodes and comments."""
        if other.family != self.family:
            raise GraphError(f"A part of a graph of {other.kinds.title.lower()} cannot be pasted among {self.kinds.title.lower()}.")
        graph, names = self, {}
        for n in other.nodes:
            id = fresh("n", graph.nodes)
            names[n.id] = id
            graph = replace(graph, nodes=(*graph.nodes, replace(n, id=id, title=graph._free_title(n.title), x=n.x + dx, y=n.y + dy)))
        for e in other.edges:
            made = replace(e, id=fresh("e", graph.edges), source=names[e.source], target=names[e.target])
            graph = replace(graph, edges=(*graph.edges, made))
        for c in other.comments:
            names[c.id] = fresh("c", graph.comments)
            graph = replace(graph, comments=(*graph.comments, replace(c, id=names[c.id], x=c.x + dx, y=c.y + dy)))
        for g in other.groups:
            made_group = replace(g, id=fresh("g", graph.groups), nodes=tuple(names[n] for n in g.nodes))
            graph = replace(graph, groups=(*graph.groups, made_group))
        return graph, tuple(names.values())

    def align(self, ids: Iterable[str], side: str) -> Graph:
        """With nodes on one line: `left`, `right`, `top` or `bottom` of them, or the middle `row` or `column`."""
        chosen = [n for n in self.nodes if n.id in set(ids)]
        rules: dict[str, tuple[int, Callable]] = {
            "left": (0, min), "right": (0, max), "top": (1, min), "bottom": (1, max), "column": (0, _mean), "row": (1, _mean),
        }  # fmt: skip
        if side not in rules:
            raise GraphError(f"Nodes cannot be aligned to '{side}': {near(side, rules)}")
        axis, pick = rules[side]
        if not chosen:
            return self
        line = pick([(n.x, n.y)[axis] for n in chosen])
        return self.move({n.id: (line, n.y) if axis == 0 else (n.x, line) for n in chosen})

    def layout(self, width: float = 220.0, height: float = 120.0) -> Graph:
        """With nodes in columns from sources to sinks, ordered so that few edges cross."""
        from lab.graph.layout import layered

        pairs = [(e.source, e.target) for e in self.edges if e.source != e.target]
        return self.move({id: (column * width, row * height) for id, (column, row) in layered(self.order(), pairs).items()})

    def expand(self) -> Graph:
        """Blocks written out: each group with `repeat` N becomes N copies in a row, and no block remains."""
        graph = self
        for g in self.groups:
            if g.repeat > 1:
                graph = unrolled(graph, g)
        return graph

    def _free_title(self, title: str) -> str:
        taken = {n.title for n in self.nodes}
        if title not in taken:
            return title
        stem = title.rstrip("0123456789").rstrip() or title
        return next(t for k in range(2, len(taken) + 3) if (t := f"{stem} {k}") not in taken)

    # -- checking --

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, each in one sentence with what to do; empty for a graph that can run."""
        found = list(wiring(self))
        if not any(p.fatal for p in found):
            found += self.kinds.check(self)
        return tuple(found)

    # -- text --

    def to_json(self) -> str:
        """The document as text, the same for equal graphs; only parameters that differ from their defaults are written."""
        body: dict[str, Any] = {"lab-graph": VERSION, "family": self.family}
        body["nodes"] = [{"id": n.id, "kind": n.kind, "title": n.title, "at": [n.x, n.y], **n.said} for n in self.nodes]
        body["edges"] = [{"id": e.id, "from": [e.source, e.output], "to": [e.target, e.input], **e.said} for e in self.edges]
        if self.comments:
            body["comments"] = [{"id": c.id, "text": c.text, "at": [c.x, c.y], "size": [c.width, c.height]} for c in self.comments]
        if self.groups:
            body["groups"] = [
                {"id": g.id, "title": g.title, "nodes": list(g.nodes), "repeat": g.repeat, "folded": g.folded} for g in self.groups
            ]
        if self.weights:
            body["weights"] = {w.name: {"shape": list(w.shape), "data": w.data} for w in self.weights}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph written in `text`; a damaged or foreign document is refused with a sentence."""
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GraphError(f"The graph is not JSON text ({str(error)[:200]}): open or build another.") from None
        try:
            return _read(cls, body)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise GraphError(f"The graph document is incomplete ({type(error).__name__}: {error}): open or build another.") from None


# -- parts of the above --


def _find(items: tuple, id: str, what: str) -> Any:
    for item in items:
        if item.id == id:
            return item
    raise GraphError(f"There is no {what} '{id}' in this graph.")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _changed(item: Any, values: Mapping[str, Any]) -> Any:
    """A comment or group with fields changed."""
    names = set(item.__dataclass_fields__) - {"id"}
    for name in values:
        if name not in names:
            raise GraphError(f"A {type(item).__name__.lower()} has no '{name}': {near(name, names)}")
    made = replace(item, **values)
    if isinstance(made, Group) and not (isinstance(made.repeat, int) and 1 <= made.repeat <= 1000):
        raise GraphError(f"{made.title}: a block is repeated 1 to 1000 times (got {made.repeat}).")
    return made


def _read(cls: type[Graph], body: Any) -> Graph:
    version = body["lab-graph"]
    if version != VERSION:
        raise GraphError(f"The graph was written by another version of the lab (format {version}, known is {VERSION}): update the lab.")
    known = family(body["family"])
    nodes, edges = [], []
    for n in body["nodes"]:
        kind = known.kind(n["kind"])
        nodes.append(
            Node(
                str(n["id"]), kind.name, str(n["title"]), _value(kind.parameters, n, str(n["title"])), float(n["at"][0]), float(n["at"][1])
            )
        )
    if len({n.id for n in nodes}) < len(nodes):
        raise GraphError("The graph document names two nodes alike: open or build another.")
    by_id = {n.id: n for n in nodes}
    for e in body["edges"]:
        (source, output), (target, input) = e["from"], e["to"]
        for end in (source, target):
            if end not in by_id:
                raise GraphError(f"The edge {e['id']} ends at '{end}', which is not in the graph: open or build another.")
        begin = known.kind(by_id[source].kind).port(output, "output")
        end = known.kind(by_id[target].kind).port(input, "input")
        where = f"{by_id[source].title} to {by_id[target].title}"
        edges.append(Edge(str(e["id"]), source, begin.name, target, end.name, _value(begin.carries, e, where)))
    comments = [Comment(str(c["id"]), str(c["text"]), *map(float, (*c["at"], *c["size"]))) for c in body.get("comments", ())]
    groups = [
        _changed(Group(str(g["id"]), str(g["title"]), tuple(g["nodes"])), {"repeat": g["repeat"], "folded": bool(g["folded"])})
        for g in body.get("groups", ())
    ]
    for g in groups:
        if not set(g.nodes) <= set(by_id):
            raise GraphError(f"The group {g.title} holds nodes that are not in the graph: open or build another.")
    weights = tuple(Weights(str(name), tuple(int(n) for n in w["shape"]), str(w["data"])) for name, w in body.get("weights", {}).items())
    return cls(known.name, tuple(nodes), tuple(edges), tuple(comments), tuple(groups), weights)


def _value(kind: type[Described], item: dict, where: str) -> Described:
    try:
        return kind(**item.get("values", {}))
    except ParameterError as error:
        raise GraphError(f"{where}: {error}") from None
