"""The one graph document behind every network on the canvas: nodes of registered kinds, ports, edges with properties.

    graph = Graph("populations")
    graph, e = graph.add_node("lif", title="E", size=3200)
    graph, i = graph.add_node("lif", title="I", size=800)
    graph, _ = graph.connect(e, i, weight=1.62)
    text = graph.to_json()          # the value of a parameter of kind "graph"

A graph is immutable; every edit returns another graph, so undo, sessions and headless runs need nothing more. Kinds
belong to a family ("layers", "populations", "gates", "units"), whose module in `lab.graph.kinds` registers them and says what
else must hold; that module is imported when its family is first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lab.errors import ParameterError, near
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
    register,
)
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
        return _order(self)

    # -- edits: each returns another graph --

    def add_node(self, kind: str, x: float = 0.0, y: float = 0.0, title: str = "", **parameters: Any) -> tuple[Graph, str]:
        """A graph with one node more, and its identity."""
        known = self.kinds.kind(kind)
        id = _fresh("n", self.nodes)
        node = Node(id, kind, self._free_title(title or known.title), known.parameters(**parameters), float(x), float(y))
        return replace(self, nodes=(*self.nodes, node)), id

    def connect(self, source: str, target: str, output: str = "", input: str = "", **properties: Any) -> tuple[Graph, str]:
        """A graph with one edge more, and its identity; refused in words where it cannot be."""
        reason = self.refusal(source, target, output, input)
        if reason:
            raise GraphError(reason)
        begin, end = self.kind_of(source).port(output, "output"), self.kind_of(target).port(input, "input")
        id = _fresh("e", self.edges)
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
        if not self.kinds.cycles and source != target and _reaches(self, target, source):
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
        id = _fresh("c", self.comments)
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
        id = _fresh("g", self.groups)
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
            id = _fresh("n", graph.nodes)
            names[n.id] = id
            graph = replace(graph, nodes=(*graph.nodes, replace(n, id=id, title=graph._free_title(n.title), x=n.x + dx, y=n.y + dy)))
        for e in other.edges:
            made = replace(e, id=_fresh("e", graph.edges), source=names[e.source], target=names[e.target])
            graph = replace(graph, edges=(*graph.edges, made))
        for c in other.comments:
            names[c.id] = _fresh("c", graph.comments)
            graph = replace(graph, comments=(*graph.comments, replace(c, id=names[c.id], x=c.x + dx, y=c.y + dy)))
        for g in other.groups:
            made_group = replace(g, id=_fresh("g", graph.groups), nodes=tuple(names[n] for n in g.nodes))
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
                graph = _unrolled(graph, g)
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
        found = list(_wiring(self))
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
        except ValueError as error:
            raise GraphError(f"The graph is not JSON text ({error}): open or build another.") from None
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


def _fresh(letter: str, items: tuple) -> str:
    return f"{letter}{1 + max((int(i.id[1:]) for i in items if i.id[1:].isdigit()), default=0)}"


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


def _reaches(graph: Graph, start: str, goal: str) -> bool:
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


def _order(graph: Graph) -> tuple[str, ...]:
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


def _wiring(graph: Graph) -> Iterable[Problem]:
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
                _seams(graph, g)
            except GraphError as error:
                yield Problem(str(error), g.nodes)


def _seams(graph: Graph, block: Group) -> tuple[list[Edge], list[Edge]]:
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


def _unrolled(graph: Graph, block: Group) -> Graph:
    entering, leaving = _seams(graph, block)
    inner = graph.part(block.nodes)
    plain = replace(graph, groups=tuple(g for g in graph.groups if g.id != block.id))
    plain = replace(plain, edges=tuple(e for e in plain.edges if e not in leaving))
    width = max(n.x for n in inner.nodes) - min(n.x for n in inner.nodes) + 220.0
    last = {n.id: n.id for n in inner.nodes}
    for k in range(1, block.repeat):
        pasted, ids = plain.paste(replace(inner, comments=(), groups=()), width * k, 0.0)
        copy = dict(zip([n.id for n in inner.nodes], ids, strict=True))
        edges = [Edge("", last[leaving[0].source], leaving[0].output, copy[e.target], e.input, e.properties) for e in entering]
        plain = _with_edges(pasted, edges)
        last = copy
    return _with_edges(plain, [replace(e, source=last[e.source]) for e in leaving])


def _with_edges(graph: Graph, edges: list[Edge]) -> Graph:
    for e in edges:
        graph = replace(graph, edges=(*graph.edges, replace(e, id=_fresh("e", graph.edges))))
    return graph
