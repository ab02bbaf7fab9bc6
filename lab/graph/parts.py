"""What graph documents are made of: ports, kinds and their families, nodes, edges, comments, groups, weights."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lab import units
from lab.errors import LabError, near
from lab.params import Described

FAMILIES = ("layers", "populations", "ensembles", "gates", "units", "predictions")
Graph = Any  # lab.graph.document.Graph, which is made of what stands here


class GraphError(LabError):
    """An edit or a document that cannot be."""


class Plain(Described):
    """An edge without properties."""

    owner = "edge"


@dataclass(frozen=True)
class Port:
    """Where edges begin or end.

    signal    what passes; an edge joins ports of the same signal.
    many      an input that takes more than one edge (outputs always may).
    needed    a graph with nothing at this port is not complete.
    carries   for outputs: the properties of the edges that begin here.
    """

    name: str
    signal: str = "value"
    many: bool = True
    needed: bool = False
    carries: type[Described] = Plain


@dataclass(frozen=True)
class Kind:
    """A kind of node; a family whose nodes do more describes that with fields of its own.

    loops     an edge may lead from a node of this kind back to itself
    place     where it stands in the palette
    tall      its card has room for what its cells do
    caption   (parameters) -> a few words for its card; without it, its title
    """

    name: str
    title: str
    parameters: type[Described]
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    about: str = ""
    icon: str = "mdi6.circle-outline"
    group: str = ""
    key: str = ""
    loops: bool = False
    place: int = 50
    tall: bool = False
    caption: Callable[[Any], str] | None = None

    def port(self, name: str, side: str) -> Port:
        """The input or output called `name`; an empty name means the first."""
        ports = self.inputs if side == "input" else self.outputs
        for port in ports:
            if port.name == name or not name:
                return port
        if not ports:
            raise GraphError(f"A {self.title} has no {side}: end the wire at another node.")
        raise GraphError(f"A {self.title} has no {side} '{name}': {near(name, [p.name for p in ports])}")


@dataclass(frozen=True)
class Problem:
    """What is wrong in one sentence with what to do, and where: the canvas marks these nodes and edges."""

    sentence: str
    nodes: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    fatal: bool = True


@dataclass(frozen=True)
class Template:
    """A graph to begin with.

    about    what it shows, in two or three sentences that stand below it on the canvas.
    values   other parameters of the model that fit it (the data it learns), by name.
    counted  it is too large to be trained here, and opens where networks are counted.
    """

    make: Callable[[], Graph]
    about: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    counted: bool = False

    def __call__(self) -> Graph:
        """The graph alone."""
        return self.make()

    def explained(self) -> Graph:
        """The graph with its explanation as a comment below it."""
        graph = self.make()
        if not self.about:
            return graph
        width, left = 460.0, min(n.x for n in graph.nodes) - 90
        lines = 1 + len(self.about) // 72 + self.about.count("\n")
        graph, id = graph.comment(self.about, left, max(n.y for n in graph.nodes) + 110)
        return graph.set(id, width=width, height=24.0 + 17.0 * lines)


@dataclass(frozen=True)
class Census:
    """Numbers of neurons and synapses, what was counted, and of layers all parameters, biases and scales included."""

    neurons: int
    synapses: int
    how: str
    parameters: int = 0

    @property
    def per_neuron(self) -> float:
        """Mean synapses of a neuron."""
        return self.synapses / self.neurons if self.neurons else 0.0


def caption(graph: Graph, node: Node) -> str:
    """A few words about a node, as its kind says them."""
    kind = graph.kind_of(node)
    return kind.title if kind.caption is None else kind.caption(node.parameters)


def weight_of(graph: Graph, edge: Edge) -> tuple[str, str] | None:
    """The weight among the properties of an edge, if it has one."""
    return (edge.id, "weight") if "weight" in type(edge.properties).specs() else None


@dataclass(frozen=True)
class Family:
    """Kinds that can stand on one canvas together.

    cycles, parallel   whether edges may form circles, and join the same two ports more than once.
    blocks             whether a group may stand for several copies in a row.
    directed           whether an edge leads one way; otherwise it is drawn straight and without a head.
    check              further problems of a graph whose wiring is sound.
    templates          graphs to begin with, by title.
    caption, label     a few words about a node, and about an edge, as the canvas writes them.
    words              a sentence about an edge, where its form is shown (what its weight means).
    size               weight of an edge, drawn as width and sign; 1 where edges have none.
    totals             the counts of the whole graph in a few words.
    census             neurons and synapses; where not given, every node is a neuron and every edge a synapse.
    wired              every neuron's name and the synapses between them, of at most so many neurons; where not given, as for census.
    joined             properties of a wire that is drawn from one node to another.
    fitted             the graph after a wire was drawn: numbers of a new source that suit what it leads to.
    handle             whose number stands on a wire (identity of the edge or of a node) and its name: it is dragged and typed there.
    arithmetic         how a node's value comes from present values (by node): where given, nodes are drawn as single units.
    flowing            what flows on a wire at present values: where given, its words say it while it runs (as wide as its label).
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    cycles: bool = False
    parallel: bool = False
    blocks: bool = False
    directed: bool = True
    check: Callable[[Graph], Iterable[Problem]] = lambda graph: ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    caption: Callable[[Graph, Node], str] = caption
    label: Callable[[Graph, Edge], str] = lambda graph, edge: ""
    words: Callable[[Graph, Edge], str] = lambda graph, edge: ""
    size: Callable[[Graph, Edge], float] = lambda graph, edge: 1.0
    totals: Callable[[Graph], str] = lambda graph: (
        f"{units.counted(len(graph.nodes), 'nodes')} · {units.counted(len(graph.edges), 'wires')}"
    )
    census: Callable[[Graph], Census] | None = None
    wired: Callable[[Graph, int, int], tuple[tuple[str, ...], Any]] | None = None
    joined: Callable[[Graph, str, str], Mapping[str, Any]] = lambda graph, source, target: {}
    fitted: Callable[[Graph, Edge], Graph] = lambda graph, edge: graph
    handle: Callable[[Graph, Edge], tuple[str, str] | None] = weight_of
    arithmetic: Callable[[Graph, str, Mapping[str, float]], str] | None = None
    flowing: Callable[[Graph, Edge, Mapping[str, float]], str] | None = None

    def kind(self, name: str) -> Kind:
        """The kind called `name`."""
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise GraphError(f"There is no kind '{name}' of {self.title.lower()}: {near(name, [k.name for k in self.kinds])}")


_families: dict[str, Family] = {}


def register(made: Family) -> Family:
    """Make a family known; its module in `lab.graph.kinds` calls this once."""
    _families[made.name] = made
    return made


def family(name: str) -> Family:
    """The family called `name`, imported when first asked for."""
    if name not in _families:
        try:
            importlib.import_module(f"lab.graph.kinds.{name}")
        except ModuleNotFoundError as error:
            if error.name not in (f"lab.graph.kinds.{name}", "lab.graph.kinds"):
                raise
    if name not in _families:
        raise GraphError(f"There is no family of graphs '{name}': {near(name, {*FAMILIES, *_families})}")
    return _families[name]


def extend(name: str, kind: Kind) -> None:
    """Add a kind of node to a family; a person's own file may do so, too."""
    known = family(name)
    if any(kind.name == other.name for other in known.kinds):
        raise GraphError(f"{known.title} have a kind '{kind.name}' already: give the new one another name.")
    _families[name] = replace(known, kinds=(*known.kinds, kind))


def said(value: Described) -> dict[str, Any]:
    """What a document says of parameters or properties: those that differ from their defaults."""
    changed = value.changed()
    return {"values": changed} if changed else {}


@dataclass(frozen=True)
class Node:
    """A node: its identity, kind, name for people, parameters and place on the canvas."""

    id: str
    kind: str
    title: str
    parameters: Described
    x: float = 0.0
    y: float = 0.0

    @cached_property
    def said(self) -> dict[str, Any]:
        """What the document says of its parameters; kept, because an edit writes thousands of nodes and changes one."""
        return said(self.parameters)


@dataclass(frozen=True)
class Edge:
    """An edge from an output to an input."""

    id: str
    source: str
    output: str
    target: str
    input: str
    properties: Described

    @cached_property
    def said(self) -> dict[str, Any]:
        """What the document says of its properties; kept, as for nodes."""
        return said(self.properties)


@dataclass(frozen=True)
class Comment:
    """Text on the canvas."""

    id: str
    text: str
    x: float = 0.0
    y: float = 0.0
    width: float = 200.0
    height: float = 80.0


@dataclass(frozen=True)
class Group:
    """Nodes that belong together; a group with `repeat` above 1 is a block that stands for that many copies in a row."""

    id: str
    title: str
    nodes: tuple[str, ...]
    repeat: int = 1
    folded: bool = False


@dataclass(frozen=True)
class Weights:
    """One array of trained weights that a graph carries: its name begins with the node's identity and a dot; see `lab.graph.weights`."""

    name: str
    shape: tuple[int, ...]
    data: str

    @property
    def node(self) -> str:
        """The node they belong to."""
        return self.name.partition(".")[0]


def fresh(letter: str, items: tuple) -> str:
    return f"{letter}{1 + max((int(i.id[1:]) for i in items if i.id[1:].isdigit()), default=0)}"
