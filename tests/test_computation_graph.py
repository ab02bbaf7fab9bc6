"""Units evaluated in order, and differentiated backwards."""

import json

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import ParameterError
from lab.graph.document import Graph, GraphError
from lab.graph.kinds.gates import FUNCTIONS, arithmetic, compiled, composed, loop
from lab.models.networks.computation_graph import COMPOSED, ComputationGraph, difference


def one_unit(function: str) -> Graph:
    graph = Graph("gates")
    graph, a = graph.add_node("input", title="a", value=0.7)
    graph, b = graph.add_node("input", title="b", value=-0.4)
    graph, u = graph.add_node("unit", title="u", function=function, bias=0.2)
    graph, y = graph.add_node("output", title="y")
    graph, _ = graph.connect(a, u, weight=1.3)
    graph, _ = graph.connect(b, u, weight=-0.6)
    return graph.connect(u, y)[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_gradient_of_every_function_equals_finite_differences(function):
    assert difference(compiled(one_unit(function)), np.array([[0.7], [-0.4]])) < 1e-8


def test_the_composed_function_has_the_value_of_its_formula():
    result = engine.run(ComputationGraph(), steps=9, record={})
    f1, f2, f3 = np.sin(0.75), np.tanh(-1.3), 1.44
    assert result.summary["g"] == pytest.approx(1 / (1 + np.exp(-(2 * f1 * f2 - f2 + 0.5 * f3))))


def test_a_shared_unit_is_evaluated_once_and_collects_both_derivatives():
    program = compiled(Graph.from_json(COMPOSED))
    assert len({row.id for row in program.rows}) == len(program.rows) == 9


def loop_text() -> str:
    graph = Graph("gates")
    ids = []
    for name in "abc":
        graph, id = graph.add_node("unit", title=name)
        ids.append(id)
    graph, _ = graph.connect(ids[0], ids[1])
    graph, _ = graph.connect(ids[1], ids[2])
    body = json.loads(graph.to_json())
    body["edges"].append({"id": "e9", "from": [ids[2], "out"], "to": [ids[0], "in"]})
    return json.dumps(body)


def test_a_loop_is_refused_with_its_nodes_named():
    graph = Graph.from_json(loop_text())
    assert len(loop(graph)) == 3
    with pytest.raises(GraphError, match="a to b to c to a"):
        compiled(graph)
    with pytest.raises(ParameterError, match="a to b to c to a"):
        ComputationGraph(graph=loop_text())


def test_one_step_evaluates_one_unit_and_derivatives_wait_for_the_output():
    simulation = engine.Simulation(ComputationGraph())
    for done in range(1, 10):
        table = simulation.model.observe(simulation.constants, {"done": np.array([done])}, "table")
        assert sum(row["value"] != "" for row in table) == done
        assert (table[0]["d output / d unit"] != "") == (done == 9)


def test_a_unit_that_waits_says_for_whom():
    graph = composed()
    ids = {n.title: n.id for n in graph.nodes}
    known = {ids["x1"]: 0.5, ids["x2"]: -0.8, ids["x3"]: 1.2, ids["f2"]: -0.86}
    assert arithmetic(graph, ids["f5"], known) == "f5 has no value yet: it waits for f4, f3."
    assert "next to be evaluated" in arithmetic(graph, ids["f1"], known)
