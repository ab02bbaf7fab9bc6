"""The Hopfield network of the canvas: patterns are stored in wires."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import ModelError, ParameterError
from lab.graph.document import Graph
from lab.graph.kinds.gates import half_adder
from lab.graph.kinds.units import BARS, CROSS, arithmetic, hopfield, matrix, stored, triangle, units
from lab.models.networks.hopfield_units import HopfieldUnits


def test_storing_patterns_gives_hebbs_weights_on_the_wires():
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], (3, 9))
    graph = units(9, 3)
    for pattern in X:
        graph = stored(graph, pattern)
    aim = X.T @ X / 9
    np.fill_diagonal(aim, 0.0)
    assert matrix(graph).W == pytest.approx(aim, abs=1e-12)
    assert len(graph.edges) == np.count_nonzero(np.triu(np.abs(aim) > 1e-9))  # synapses that came to 0 are gone


@pytest.mark.parametrize("pattern", [CROSS, BARS])
def test_stored_patterns_are_at_rest(pattern):
    network = matrix(hopfield())
    assert (np.sign(network.W @ pattern) == pattern).all()


def test_a_pattern_drawn_by_hand_is_stored_in_the_graph_and_recalled():
    simulation = engine.run(HopfieldUnits(graph=units(9, 3).to_json()), steps=0, record={}).simulation
    for k in (0, 4, 8):
        simulation.act("turn", index=k)
    drawn = simulation.state["x"].copy()
    simulation.act("store")
    assert len(Graph.from_json(simulation.model.graph).edges) == 36
    simulation.act("turn", index=1)
    assert not simulation.summary()["at rest"]
    simulation.advance(200, [])
    assert (simulation.state["x"] == drawn).all() and simulation.summary()["at rest"]
    simulation.act("forget")
    assert not Graph.from_json(simulation.model.graph).edges


def test_three_units_that_want_to_differ_end_in_one_of_six_equal_states():
    ends = {tuple(engine.run(HopfieldUnits(graph=triangle().to_json()), steps=60, seed=s, record={}).state["x"]) for s in range(8)}
    assert all(abs(sum(x)) == 1 for x in ends)


def test_units_that_stay_keep_their_state_when_the_network_is_rebuilt():
    simulation = engine.run(HopfieldUnits(graph=units(4, 2).to_json()), steps=0, record={}).simulation
    simulation.act("turn", index=3)
    graph = Graph.from_json(simulation.model.graph).remove(("n1",))
    graph, _ = graph.add_node("unit", first="-1")
    simulation.change(graph=graph.to_json())
    assert simulation.state["x"].tolist() == [1.0, 1.0, -1.0, -1.0]


def test_the_arithmetic_of_a_unit_says_what_it_wants_to_be():
    graph = triangle()
    words = arithmetic(graph, graph.named("b").id, {n.id: 1.0 for n in graph.nodes})
    assert "= -2: wants to be -1" in words


def test_other_networks_and_too_many_units_are_refused_in_words():
    with pytest.raises(ParameterError, match="takes binary units"):
        HopfieldUnits(graph=half_adder().to_json())
    with pytest.raises(ParameterError, match="may hold 64"):
        HopfieldUnits(graph=units(65, 13).to_json())
    simulation = engine.run(HopfieldUnits(), steps=0, record={}).simulation
    with pytest.raises(ModelError, match="below the number of units, 16"):
        simulation.act("turn", index=16)
