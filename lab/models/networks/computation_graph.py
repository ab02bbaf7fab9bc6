"""Computation as a graph without loops: units wired freely, evaluated one after the other, differentiated backwards."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph.document import Graph
from lab.graph.kinds.gates import Input, Program, compiled, composed
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

COMPOSED = composed().to_json()


def _deep(units: int = 6) -> Graph:
    """A chain of tanh units: the derivative by the input shrinks with each."""
    graph = Graph("gates")
    graph, last = graph.add_node("input", 0, 0, "x", value=0.5)
    for k in range(units):
        graph, unit = graph.add_node("unit", 150 * (k + 1), 0, f"h{k + 1}", function="tanh")
        graph, _ = graph.connect(last, unit, weight=0.8)
        last = unit
    graph, y = graph.add_node("output", 150 * (units + 1), 0, "y")
    return graph.connect(last, y)[0]


@lru_cache(maxsize=16)
def _compiled(text: str) -> tuple[Graph, Program, np.ndarray]:
    """Graph, program, and the inputs as a column."""
    graph = Graph.from_json(text)
    if graph.family != "gates":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes gates and units.")
    program = compiled(graph)
    given = [graph.node(program.rows[k].id).parameters for k in program.inputs]
    return graph, program, np.array([[v.value] for v in given if isinstance(v, Input)], float).reshape(-1, 1)


class ComputationGraph(Model):
    """A network is a graph of functions: units are evaluated in an order in which every unit comes after those it reads, each once.

    One step evaluates one unit; the table shows the value of each and, once the output is known, the derivative of the
    output by every unit, computed backwards along the same wires: the derivative by a unit is the sum over its
    readers of their derivative times their slope. Change a weight, an input or a function on the canvas and step again.

    In the first preset f2 is read twice and evaluated once. In the chain each unit multiplies the derivative by its weight,
    0.8, and by the slope of its tanh, which is below one: after six of them less than a fifth is left. Here the weights take most
    of it (0.8 six times is 0.26, and 0.18 is left); with larger weights the slopes would, because tanh is flat there.
    """

    name = "computation-graph"
    title = "Computation as a graph"
    group = "Units and gates"
    icon = "mdi6.sitemap-outline"
    order = 15
    also = "computational graph; autodiff; automatic differentiation; chain rule; micrograd; forward and backward pass; directed acyclic graph; DAG"
    equations = (
        r"x_i = f_i\left(\textstyle\sum_j w_{ij} x_j + b_i\right)",
        r"\frac{\partial g}{\partial x_j} = \sum_i \frac{\partial g}{\partial x_i}\, f_i'\, w_{ij}",
    )
    symbols = r"x_i: value of node i; w_{ij}: weight of the edge from j to i; b_i: bias of node i; g: the output that is differentiated"
    source = "Linnainmaa, BIT 16:146 (1976); Rumelhart, Hinton and Williams, Nature 323:533 (1986)"
    presets = {
        "A unit that is read twice": Preset({}, shows="evaluated = units"),
        "A chain of six: the derivative vanishes": Preset(
            {"graph": _deep().to_json()}, shows="evaluated = units and abs(y - 0.1159) < 0.001"
        ),
    }

    graph: str = param(COMPOSED, kind="graph", builds=True, doc="Inputs, units and outputs (JSON text of the canvas).", group="Network")
    pace: float = param(2.0, "1/s", lo=0.1, hi=100, log=True, doc="Units evaluated in a second.", group="Network")

    def check(self) -> None:
        try:
            _compiled(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "unit", physical=False)

    @property
    def speed(self) -> float:
        return self.pace

    @property
    def default_steps(self) -> int:
        return max(1, len(_compiled(self.graph)[1].rows))

    @property
    def streams(self):
        return (
            Stream(
                "activity",
                "graph",
                "",
                "Every unit with its value so far (a fourth column is 1 where it has been evaluated).",
                canvas="activity",
            ),
            Stream("table", "table", "", "Units in the order of evaluation, with value and derivative of the output."),
            Stream(
                "derivatives", "bars", "", "Derivative of the output by every unit in the order of evaluation.", channels=("derivative",)
            ),
        )

    @property
    def pictures(self):
        return (
            Picture("table", "Forward, then backward", (Layer("table"),), front=True, weight=1.4),
            Picture(
                "derivatives",
                "Derivatives",
                (Layer("derivatives", style="bars"),),
                x="unit, as evaluated",
                y="of the output, by the unit",
                front=True,
            ),
            Picture("network", "Network", (Layer("activity"),), colours="diverging"),
        )

    def build(self, seed: int):
        return _compiled(self.graph)[1]

    def start(self, constants, seed: int):
        return {"done": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return {"done": Bound(0, len(constants.rows))}

    def advance(self, constants, state, n: int, out) -> int:
        state["done"][0] = (state["done"][0] + n) % (len(constants.rows) + 1)
        return n

    def changed_live(self, before, constants, state) -> None:
        state["done"][0] = min(int(state["done"][0]), len(_compiled(self.graph)[1].rows))

    def _now(self, state) -> tuple[Graph, Program, np.ndarray, np.ndarray]:
        """Graph, program, values so far (NaN: not yet) and derivatives of the first output (NaN until it is known)."""
        graph, program, given = _compiled(self.graph)
        values = program.evaluate(given, int(state["done"][0]))
        output = program.outputs[0] if program.outputs else len(program.rows) - 1
        known = bool(program.rows) and not np.isnan(values[: output + 1]).any()
        slopes = program.gradient(values, output) if known else np.full_like(values, math.nan)
        return graph, program, values[:, 0], slopes[:, 0]

    def observe(self, constants, state, stream: str):
        graph, program, values, slopes = self._now(state)
        if stream == "activity":
            place = {row.id: k for k, row in enumerate(program.rows)}
            number = {n.id: k for k, n in enumerate(graph.nodes)}
            known = np.isfinite(values)
            shown = np.where(known, values, 0.0)
            nodes = np.array([(n.x, -n.y, shown[place[n.id]], float(known[place[n.id]])) for n in graph.nodes], float).reshape(-1, 4)
            edges = np.array(
                [(number[e.source], number[e.target], getattr(e.properties, "weight", 1.0)) for e in graph.edges], float
            ).reshape(-1, 3)
            return {"nodes": nodes, "edges": edges}
        if stream == "table":
            rows = []
            for k, row in enumerate(program.rows):
                readers = ", ".join(graph.node(program.rows[s].id).title for s in row.sources)
                value, slope = ("" if math.isnan(v) else float(v) for v in (values[k], slopes[k]))
                rows.append(
                    {
                        "step": k + 1,
                        "unit": graph.node(row.id).title,
                        "function": row.function,
                        "reads": readers,
                        "value": value,
                        "d output / d unit": slope,
                    }
                )
            return rows
        if stream == "derivatives":
            return np.nan_to_num(slopes, nan=0.0)
        return super().observe(constants, state, stream)

    def labels(self, constants, stream: str):
        graph, program, _ = _compiled(self.graph)
        if stream == "derivatives":  # in the order of evaluation
            return tuple(graph.node(row.id).title for row in program.rows)
        return tuple(n.title for n in graph.nodes) if stream == "activity" else ()

    def summary(self, constants, state):
        graph, program, values, _ = self._now(state)
        found = {graph.node(program.rows[k].id).title: float(values[k]) for k in program.outputs if math.isfinite(values[k])}
        return {"evaluated": int(state["done"][0]), "units": len(program.rows), **found}

    @action("Evaluate everything")
    def evaluate(self, constants, state):
        """Evaluate all units at once."""
        state["done"][0] = len(_compiled(self.graph)[1].rows)

    @action("Begin again")
    def clear(self, constants, state):
        """Forget all values."""
        state["done"][0] = 0

    @classmethod
    def figures(cls):
        """Back-propagation against central differences, and a shared unit evaluated once."""

        def worst(run):
            error = 0.0
            for text in (COMPOSED, _deep().to_json()):
                _, program, given = _compiled(text)
                error = max(error, difference(program, given))
            return error

        yield Figure("gradient against finite differences, relative", 0.0, worst, 1e-8, source="central differences")
        yield Figure(
            "evaluations of a graph of nine units",
            9,
            lambda run: float(len(_compiled(COMPOSED)[1].rows)),
            source="each unit once, f2 shared",
        )


def difference(program: Program, given: np.ndarray, step: float = 1e-5) -> float:
    """Largest difference between back-propagation and central differences of the first output by each input, relative."""
    output = program.outputs[0]
    slopes = program.gradient(program.evaluate(given), output)[list(program.inputs), 0]
    n = len(given)
    nudged = np.repeat(given, 2 * n, axis=1)
    nudged[:, :n] += step * np.eye(n)
    nudged[:, n:] -= step * np.eye(n)
    values = program.evaluate(nudged)[output]
    measured = (values[:n] - values[n:]) / (2 * step)
    return float((np.abs(slopes - measured) / (1 + np.abs(measured))).max())
