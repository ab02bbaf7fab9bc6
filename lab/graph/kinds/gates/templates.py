"""Circuits to begin with."""

from __future__ import annotations

from functools import partial
from typing import Any

from lab.graph.document import Graph, Template
from lab.graph.kinds.gates.logical import LOGIC


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
