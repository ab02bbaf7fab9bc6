"""Logic gates and free units wired without a loop; evaluated in topological order, each node once, and differentiated backwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from lab.graph.document import Census, Edge, Family, Graph, GraphError, Kind, Node, Plain, Port, Problem, Template, register
from lab.params import Described, param

FUNCTIONS = ("identity", "logistic", "tanh", "ReLU", "square", "sine", "cosine", "exponential", "product")
MOST_INPUTS = 12


class Weight(Described):
    """The weight of a wire."""

    owner: ClassVar[str] = "wire"
    weight: float = param(
        1.0, lo=-1000, hi=1000, doc="Factor of the value that passes; gates named AND, OR, NOT, XOR ignore it.", main=True
    )


class Input(Described):
    """A value from outside."""

    owner: ClassVar[str] = "input"
    value: float = param(0.0, lo=-1000, hi=1000, doc="The value; in a truth table every combination of 0 and 1 takes its place.", main=True)


class Threshold(Described):
    """A threshold gate: 1 where the weighted sum reaches the threshold."""

    owner: ClassVar[str] = "threshold gate"
    threshold: float = param(1.0, lo=-1000, hi=1000, doc="The gate gives 1 where sum w x is at least this.", main=True)


class Free(Described):
    """A free unit: f(sum w x + bias), or bias plus the product of all w x."""

    owner: ClassVar[str] = "unit"
    function: str = param("tanh", choices=FUNCTIONS, doc="What the unit does with its input.", main=True)
    bias: float = param(0.0, lo=-1000, hi=1000, doc="Added to the weighted sum (to the result of a product).", main=True)


_IN, _OUT = (Port("in"),), (Port("out", carries=Weight),)
_ENDS, _GATES, _UNITS = "Inputs and outputs", "Gates", "Units"
LOGIC: dict[str, tuple[str, Callable[[np.ndarray], Any]]] = {
    "and": ("AND", lambda x: x.all(0)),
    "or": ("OR", lambda x: x.any(0)),
    "nand": ("NAND", lambda x: ~x.all(0)),
    "nor": ("NOR", lambda x: ~x.any(0)),
    "xor": ("XOR", lambda x: x.sum(0) % 2 == 1),
    "not": ("NOT", lambda x: ~x.any(0)),
}
_KEYS = {"and": "A", "or": "O", "nand": "D", "nor": "R", "xor": "X", "not": "N"}

KINDS = (
    Kind("input", "Input", Input, (), _OUT, "A value from outside", "mdi6.arrow-right-bold-circle-outline", _ENDS, "I"),
    Kind("output", "Output", Plain, (Port("in", many=False),), (), "A value that is looked at", "mdi6.arrow-right-bold-circle", _ENDS, "Y"),
    Kind("threshold", "Threshold gate", Threshold, _IN, _OUT, "1 where the weighted sum reaches the threshold", "mdi6.stairs", _GATES, "G"),
    *(
        Kind(
            name,
            title,
            Plain,
            (Port("in", many=name != "not"),),
            _OUT,
            f"Logical {title} of its inputs",
            f"mdi6.gate-{name}",
            _GATES,
            _KEYS[name],
        )
        for name, (title, _) in LOGIC.items()
    ),
    Kind("unit", "Free unit", Free, _IN, _OUT, "A function of the weighted sum", "mdi6.function-variant", _UNITS, "U"),
)


@dataclass(frozen=True)
class Row:
    """One node of a program: what it computes from which earlier rows with which weights."""

    id: str
    kind: str
    function: str
    constant: float
    sources: tuple[int, ...]
    weights: tuple[float, ...]


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
            values[k] = inputs[place[k]] if k in place else _value(row, values[list(row.sources)])
        return values

    def gradient(self, values: np.ndarray, output: int) -> np.ndarray:
        """Derivative of row `output` by every row, (rows, samples), by back-propagation; gates are steps and pass nothing."""
        back = np.zeros_like(values)
        back[output] = 1.0
        for k in range(output, -1, -1):
            row = self.rows[k]
            if row.sources and back[k].any():
                for source, part in zip(row.sources, _slopes(row, values[list(row.sources)]), strict=True):
                    back[source] += back[k] * part
        return back


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
        value = node.parameters
        function = value.function if isinstance(value, Free) else node.kind
        constant = value.bias if isinstance(value, Free) else value.threshold if isinstance(value, Threshold) else 0.0
        weights = tuple(float(e.properties.weight) if isinstance(e.properties, Weight) else 1.0 for e in wires)
        rows.append(Row(id, node.kind, function, constant, tuple(place[e.source] for e in wires), weights))
    ends = {kind: tuple(place[n.id] for n in graph.nodes if n.kind == kind) for kind in ("input", "output")}
    return Program(tuple(rows), ends["input"], ends["output"])


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


def _value(row: Row, x: np.ndarray) -> np.ndarray:
    if row.kind in LOGIC:
        return LOGIC[row.kind][1](x >= 0.5).astype(float)
    weighted = x * np.array(row.weights)[:, None]
    if row.function == "product":
        return row.constant + weighted.prod(0)
    total = weighted.sum(0)
    if row.kind == "threshold":
        return (total >= row.constant).astype(float)
    return _APPLY[row.function][0](total + row.constant)


def _slopes(row: Row, x: np.ndarray) -> np.ndarray:
    """Derivative of a row by each of its sources, (sources, samples)."""
    w = np.array(row.weights)[:, None]
    if row.kind in LOGIC or row.kind == "threshold":
        return np.zeros_like(x)
    if row.function == "product":
        weighted = w * x
        return np.array([w[k] * np.delete(weighted, k, 0).prod(0) for k in range(len(x))])
    total = (w * x).sum(0) + row.constant
    return w * _APPLY[row.function][1](total)


def _logistic(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * z))


_identity = (lambda z: z, np.ones_like)
_APPLY: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "identity": _identity, "output": _identity, "input": _identity,
    "logistic": (_logistic, lambda z: _logistic(z) * (1 - _logistic(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "ReLU": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0).astype(float)),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sine": (np.sin, np.cos),
    "cosine": (np.cos, lambda z: -np.sin(z)),
    "exponential": (lambda z: np.exp(np.minimum(z, 500.0)), lambda z: np.exp(np.minimum(z, 500.0))),
}  # fmt: skip


# -- how the canvas writes it --


def caption(graph: Graph, node: Node) -> str:
    """What a node does, in a few letters."""
    value = node.parameters
    if isinstance(value, Threshold):
        return f"Σ ≥ {value.threshold:g}"
    if isinstance(value, Free):
        return value.function
    return LOGIC[node.kind][0] if node.kind in LOGIC else ""


def size(graph: Graph, edge: Edge) -> float:
    """The weight."""
    return (
        float(edge.properties.weight)
        if isinstance(edge.properties, Weight) and graph.node(edge.target).kind in ("threshold", "unit")
        else 1.0
    )


def label(graph: Graph, edge: Edge) -> str:
    """The weight where it has an effect and is not 1."""
    weight = size(graph, edge)
    return "" if weight == 1.0 else f"{weight:g}"


def words(graph: Graph, edge: Edge) -> str:
    """What the weight of a wire means."""
    if graph.node(edge.target).kind not in ("threshold", "unit"):
        return f"{graph.node(edge.target).title} takes values as they are and ignores the weight."
    return "Its weight is a pure number: the value that passes is multiplied by it."


def arithmetic(graph: Graph, id: str, values: Mapping[str, float]) -> str:
    """How a node comes to its value, with the present numbers."""
    node = graph.node(id)
    own = values.get(id, math.nan)
    if node.kind == "input":
        return f"{node.title} = {own:g}, given from outside."
    parts = [(graph.node(e.source).title, size(graph, e), values.get(e.source, math.nan)) for e in graph.incoming(id)]
    waits = [title for title, _, v in parts if math.isnan(v)]
    if waits:
        return f"{node.title} has no value yet: it waits for {', '.join(dict.fromkeys(waits))}."
    if math.isnan(own):
        return f"{node.title} has no value yet: all it reads is known, and it is among the next to be evaluated."
    if node.kind in LOGIC:
        return f"{node.title} = {LOGIC[node.kind][0]}({', '.join(f'{t} = {v:g}' for t, _, v in parts)}) = {own:g}"
    if node.kind == "output":
        return f"{node.title} = {', '.join(t for t, _, _ in parts) or 'nothing'} = {own:g}"
    value = node.parameters
    if isinstance(value, Free) and value.function == "product":
        return f"{node.title} = {' · '.join(f'{w:g}·{v:g}' for _, w, v in parts) or '1'} + {value.bias:g} = {own:g}"
    terms = " + ".join(f"{w:g}·{v:g}" for _, w, v in parts) or "0"
    total = sum(w * v for _, w, v in parts)
    if isinstance(value, Threshold):
        return f"{node.title} = [{terms} ≥ {value.threshold:g}]\n= [{total:g} ≥ {value.threshold:g}] = {own:g}"
    assert isinstance(value, Free)
    return f"{node.title} = {value.function}({terms} + {value.bias:g})\n= {value.function}({total + value.bias:g}) = {own:.6g}"


def check(graph: Graph) -> Iterable[Problem]:
    """What gives nothing or goes nowhere."""
    if not any(n.kind == "output" for n in graph.nodes):
        yield Problem("There is no output: wire a unit to one to see its value in the table.", fatal=False)
    for n in graph.nodes:
        if n.kind != "input" and not graph.incoming(n.id):
            yield Problem(f"Nothing leads to {n.title}: its weighted sum is 0 until something is wired to it.", (n.id,), fatal=False)


def census(graph: Graph) -> Census:
    """Gates and units are neurons, wires into them synapses; inputs and outputs lead in and out."""
    inner = {n.id for n in graph.nodes if n.kind not in ("input", "output")}
    return Census(len(inner), sum(e.target in inner for e in graph.edges), "gates and units")


def totals(graph: Graph) -> str:
    """Nodes and wires, and how many of them are neurons and synapses."""
    count = census(graph)
    each = f" · {count.per_neuron:.3g} per neuron" if count.neurons else ""
    return f"{len(graph.nodes)} nodes · {count.neurons} neuron{'s' * (count.neurons != 1)} · {count.synapses} synapses{each}"


# -- templates --


def logic(kind: str, inputs: int = 2) -> Graph:
    """One gate with its inputs and output."""
    graph = Graph("gates")
    graph, gate = graph.add_node(kind, 200, (inputs - 1) * 60, LOGIC[kind][0])
    graph, y = graph.add_node("output", 400, (inputs - 1) * 60, "y")
    for k in range(inputs):
        graph, x = graph.add_node("input", 0, 120 * k, f"x{k + 1}")
        graph, _ = graph.connect(x, gate)
    return graph.connect(gate, y)[0]


def half_adder() -> Graph:
    """Sum and carry of two bits."""
    graph = Graph("gates")
    graph, a = graph.add_node("input", 0, 0, "a")
    graph, b = graph.add_node("input", 0, 140, "b")
    graph, s = graph.add_node("xor", 200, 0, "XOR")
    graph, c = graph.add_node("and", 200, 140, "AND")
    for one, name in ((s, "sum"), (c, "carry")):
        graph, out = graph.add_node("output", 400, graph.node(one).y, name)
        for source in (a, b):
            graph, _ = graph.connect(source, one)
        graph, _ = graph.connect(one, out)
    return graph


def parity(inputs: int = 4) -> Graph:
    """Parity with as many hidden threshold gates as inputs: gate k counts to k, and their signs alternate."""
    graph = Graph("gates")
    xs, top = [], (inputs - 1) * 60
    for k in range(inputs):
        graph, x = graph.add_node("input", 0, 120 * k, f"x{k + 1}")
        xs.append(x)
    graph, last = graph.add_node("threshold", 440, top, "parity", threshold=1.0)
    for k in range(inputs):
        graph, h = graph.add_node("threshold", 220, 120 * k, f"at least {k + 1}", threshold=k + 1.0)
        for x in xs:
            graph, _ = graph.connect(x, h)
        graph, _ = graph.connect(h, last, weight=1.0 if k % 2 == 0 else -1.0)
    graph, y = graph.add_node("output", 640, top, "y")
    return graph.connect(last, y)[0]


def composed() -> Graph:
    """g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)): f2 is used twice and computed once."""
    graph = Graph("gates")
    ids: dict[str, str] = {}
    for name, kind, x, y, values in (
        ("x1", "input", 0, 0, dict(value=0.5)), ("x2", "input", 0, 140, dict(value=-0.8)), ("x3", "input", 0, 280, dict(value=1.2)),
        ("f1", "unit", 180, 0, dict(function="sine")), ("f2", "unit", 180, 140, dict(function="tanh", bias=0.3)), ("f3", "unit", 180, 280, dict(function="square")),
        ("f4", "unit", 360, 60, dict(function="product")), ("f5", "unit", 540, 150, dict(function="logistic")), ("g", "output", 720, 150, {}),
    ):  # fmt: skip
        graph, ids[name] = graph.add_node(kind, x, y, name, **values)
    for a, b, weight in (
        ("x1", "f1", 1.5),
        ("x2", "f2", 2.0),
        ("x3", "f3", 1.0),
        ("f1", "f4", 1.0),
        ("f2", "f4", 1.0),
        ("f4", "f5", 2.0),
        ("f2", "f5", -1.0),
        ("f3", "f5", 0.5),
        ("f5", "g", 1.0),
    ):
        weighted: dict[str, Any] = {} if b == "g" else {"weight": weight}
        graph, _ = graph.connect(ids[a], ids[b], **weighted)
    return graph


def perceptron() -> Graph:
    """One threshold gate with weights: the neuron of McCulloch and Pitts, and of Rosenblatt."""
    graph = Graph("gates")
    graph, gate = graph.add_node("threshold", 240, 70, "neuron", threshold=0.5)
    graph, y = graph.add_node("output", 460, 70, "y")
    for k, weight in enumerate((1.0, -1.0)):
        graph, x = graph.add_node("input", 0, 140 * k, f"x{k + 1}", value=1.0 - k)
        graph, _ = graph.connect(x, gate, weight=weight)
    return graph.connect(gate, y)[0]


_SAYS = {
    "and": "1 only where all inputs are 1: a threshold gate with weights 1 and threshold n.",
    "or": "1 where any input is 1: a threshold gate with weights 1 and threshold 1.",
    "nand": "0 only where all inputs are 1. Every circuit can be built of this gate alone.",
    "nor": "1 only where all inputs are 0. Every circuit can be built of this gate alone.",
    "xor": "1 where an odd number of inputs is 1. No single threshold gate can do it: no line parts the two ones from the two zeros.",
    "not": "The opposite of its one input: a threshold gate with weight -1 and threshold 0.",
}
TEMPLATES = {
    **{title: Template(partial(logic, kind, 1 if kind == "not" else 2), _SAYS[kind]) for kind, (title, _) in LOGIC.items()},
    "Perceptron": Template(perceptron, "One neuron: 1 where the weighted sum of its inputs reaches the threshold. Change the weights on its wires and the threshold, "
                           "and see which row of the truth table changes; the model 'Perceptron' learns them from points."),
    "XOR with a hidden gate": Template(lambda: parity(2), "The first gate sees whether any input is 1, the second whether both are; the last takes the second away "
                                       "from the first. One hidden layer does what no single gate can."),
    "Half adder": Template(half_adder, "Two bits are added: XOR gives the sum, AND the carry. Two of these make a full adder."),
    "Parity of 4": Template(parity, "Gate k fires where at least k inputs are 1, and their signs alternate: n hidden gates tell whether the number of ones is odd."),
    "Free units": Template(composed, "g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)). f2 is read twice and computed once; click a unit to read its arithmetic."),
}  # fmt: skip

register(
    Family(
        "gates",
        "Gates and units",
        KINDS,
        check=check,
        templates=TEMPLATES,
        caption=caption,
        label=label,
        size=size,
        totals=totals,
        census=census,
        arithmetic=arithmetic,
        words=words,
    )
)
