"""Gates, truth tables, and what one gate can do."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import ParameterError
from lab.graph import logic
from lab.graph.document import Graph
from lab.graph.kinds.gates import LOGIC, arithmetic, compiled, half_adder, parity
from lab.graph.kinds.gates import logic as one_gate
from lab.models.networks.boolean_network import BooleanNetwork


def table_of(graph: Graph) -> tuple[int, ...]:
    program = compiled(graph)
    return tuple(program.evaluate(logic.patterns(len(program.inputs)).T)[program.outputs[0]].astype(int).tolist())


@pytest.mark.parametrize(
    ("kind", "table"),
    [("and", (0, 0, 0, 1)), ("or", (0, 1, 1, 1)), ("nand", (1, 1, 1, 0)), ("nor", (1, 0, 0, 0)), ("xor", (0, 1, 1, 0)), ("not", (1, 0))],
)
def test_each_gate_has_its_truth_table(kind, table):
    assert kind in LOGIC and table_of(one_gate(kind, 1 if kind == "not" else 2)) == table


def test_half_adder_adds():
    program = compiled(half_adder())
    values = program.evaluate(logic.patterns(2).T)
    total, carry = (values[k] for k in program.outputs)
    assert (total + 2 * carry == logic.patterns(2).sum(1)).all()


@pytest.mark.parametrize(
    ("text", "table", "names"),
    [
        ("0110", (0, 1, 1, 0), ("x1", "x2")),
        ("a and not b", (0, 0, 1, 0), ("a", "b")),
        ("a ^ b ^ c", (0, 1, 1, 0, 1, 0, 0, 1), ("a", "b", "c")),
        ("~(p | q) & 1", (1, 0, 0, 0), ("p", "q")),
    ],
)
def test_formulas_and_digits_are_read_and_compiled(text, table, names):
    assert logic.read(text) == (table, names)
    graph = logic.circuit(table, names)
    assert table_of(graph) == table and [n.title for n in graph.nodes if n.kind == "input"] == list(names)


@pytest.mark.parametrize("text", ["", "011", "a +", "a + b", "__import__('os')", "1", "a.b", "f(a)"])
def test_what_is_no_formula_is_refused_in_one_sentence(text):
    with pytest.raises(ParameterError, match=r"^text: "):
        logic.read(text)


def test_random_functions_of_four_inputs_compile_to_circuits_that_equal_their_tables():
    rng = np.random.default_rng(1)
    for _ in range(30):
        table = tuple(rng.integers(0, 2, 16).tolist())
        assert table_of(logic.circuit(table)) == table


def test_the_reason_why_xor_needs_a_hidden_gate_names_points_that_mix_alike():
    words = logic.why_not((0, 1, 1, 0))
    assert "(0.5, 0.5)" in words and logic.single_gate((0, 1, 1, 0)) is None and logic.why_not((0, 0, 0, 1)) == ""


def test_the_line_of_a_single_gate_parts_the_patterns():
    table = (0, 0, 1, 0)
    weights, threshold = logic.single_gate(table)
    assert ((logic.patterns(2) @ weights >= threshold) == np.array(table)).all()


def test_simplification_merges_patterns_that_differ_in_one_input():
    assert logic.implicants((0, 0, 0, 0, 1, 1, 1, 1)) == [(1, None, None)]


def test_parity_of_n_takes_n_hidden_gates():
    for n in (2, 3, 5):
        graph = parity(n)
        assert sum(x.kind == "threshold" for x in graph.nodes) == n + 1
        assert table_of(graph) == tuple((logic.patterns(n).sum(1) % 2).astype(int).tolist())


def test_compiling_a_formula_replaces_the_graph_of_a_run():
    simulation = engine.Simulation(BooleanNetwork())
    simulation.act("compile", text="a and b and c")
    graph = Graph.from_json(simulation.model.graph)
    assert table_of(graph) == (0,) * 7 + (1,)
    assert len(simulation.model.observe(simulation.constants, simulation.state, "table")) == 8


def test_a_step_shows_the_next_pattern_and_a_click_changes_an_input():
    simulation = engine.Simulation(BooleanNetwork())
    simulation.act("toggle", index=0)
    shown = simulation.model.observe(simulation.constants, simulation.state, "activity")
    graph = Graph.from_json(simulation.model.graph)
    value = dict(zip([n.title for n in graph.nodes], shown["nodes"][:, 2].tolist(), strict=True))
    assert (value["x1"], value["x2"], value["y"]) == (1.0, 0.0, 1.0)


def test_the_arithmetic_of_a_gate_is_written_with_its_numbers():
    graph = parity(2)
    values = {n.id: 1.0 for n in graph.nodes}
    values[graph.named("parity").id] = 0.0
    words = arithmetic(graph, graph.named("parity").id, values)
    assert words == "parity = [1·1 + -1·1 ≥ 1]\n= [0 ≥ 1] = 0"


def test_the_plane_of_a_gate_with_three_inputs_parts_the_corners_of_the_cube():
    for table in ((0, 0, 0, 1, 0, 1, 1, 1), (0, 0, 0, 0, 0, 0, 0, 1), (1, 0, 1, 0, 1, 0, 1, 0)):
        model = BooleanNetwork(graph=logic.circuit(table).to_json())
        cube = engine.run(model, steps=0, record={}).observe("cube")
        corners, plane = cube[cube[:, 3] < 2], cube[cube[:, 3] == 2][:, :3]
        assert len(corners) == 8 and tuple(corners[:, 3].astype(int)) == table
        # The plane through the drawn dots: all ones lie on its one side, all zeros on the other.
        middle = plane.mean(0)
        normal = np.linalg.svd(plane - middle)[2][2]
        side = np.sign((corners[:, :3] - middle) @ normal)
        assert len(set(zip(side, corners[:, 3], strict=True))) == 2


def test_where_no_gate_can_there_is_no_plane_and_two_inputs_have_no_cube():
    parity3 = engine.run(BooleanNetwork(graph=parity(3).to_json()), steps=0, record={}).observe("cube")
    assert not (parity3[:, 3] == 2).any()
    assert not any(s.name == "cube" for s in BooleanNetwork().streams)
