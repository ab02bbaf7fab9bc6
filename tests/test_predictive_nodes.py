"""Value and error nodes of the canvas: they settle where theory says, learn by what each hears, and say it on the wires."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import DivergenceError, ModelError, ParameterError
from lab.graph.document import Graph
from lab.graph.kinds.gates import half_adder
from lab.graph.kinds.predictions import FREE, HELD, LEARNING, arithmetic, chain, cues, exclusive, flowing, label, lawn, layered, predicting
from lab.models.networks.predictive_nodes import PREDICT, PredictiveNodes


def settled(model, steps):
    return engine.run(model, steps=steps, seed=0, record={}).simulation


def random_circuit(seed, activation="tanh", **values):
    rng = np.random.default_rng(seed)
    graph = layered((2, 3, 2), rng.normal(0.0, 0.6, 12).tolist(), activation, rng.normal(0.0, 1.0, 4).tolist())
    return PredictiveNodes(graph=graph.to_json(), **values)


@pytest.mark.parametrize("seen, felt", [(4.0, 1.0), (1.0, 1.0), (0.5, 8.0)])
def test_two_cues_settle_at_their_mean_weighted_by_precision(seen, felt):
    graph = cues()
    for title, precision in (("ε seen", seen), ("ε felt", felt)):
        graph = graph.set(graph.named(title).id, precision=precision)
    found = settled(PredictiveNodes(graph=graph.to_json(), rate=0.05), 1500).summary()
    assert found["x of size"] == pytest.approx((3.0 * seen + 1.0 * felt) / (seen + felt), abs=1e-9)
    assert found["from rest"] < 1e-9


def test_a_cause_that_is_known_explains_the_other_away():
    s = settled(PredictiveNodes(graph=lawn().to_json()), 600)
    before = s.summary()["x of rain"]
    graph = Graph.from_json(s.model.graph)
    s.change(graph=graph.set(graph.named("sprinkler").id, held=HELD, value=1.0).to_json())
    s.advance(600, [])
    assert s.summary()["x of rain"] < 0.2 < before


@pytest.mark.parametrize("seed", range(3))
def test_the_energy_never_rises_for_small_steps(seed):
    assert settled(random_circuit(seed, rate=0.02), 300).summary()["largest rise of the energy"] < 1e-12


def test_the_energy_of_a_chain_rises_where_theory_says():
    # Two free values between held ones: the curvature is at most 3, so steps above 2/3 go up.
    rises = [
        settled(PredictiveNodes(graph=chain().to_json(), rate=rate), 60).summary()["largest rise of the energy"] for rate in (0.65, 0.68)
    ]
    assert rises[0] < 1e-12 < 1e-6 < rises[1]


@pytest.mark.parametrize("figure", [f for f in PredictiveNodes.figures() if "exclusive" not in f.name], ids=lambda f: f.name)
def test_the_figures_hold(figure):
    measured = figure.measure(engine.run)
    assert figure.accepts(measured), measured


def test_exclusive_or_is_learned_told_and_kept_on_the_canvas():
    s = settled(PredictiveNodes(graph=exclusive().to_json(), **LEARNING), 0)
    untaught = s.summary()["largest error when predicting"]
    s.advance(10_000, [])
    assert untaught > 0.5 and s.summary()["largest error when predicting"] < 0.05
    rows = s.model.observe(s.constants, s.state, "predictions")
    assert [round(row["x2.1 predicted"]) for row in rows] == [-1, 1, 1, -1]
    s.act("keep")
    s.change(learning=0.0, mode=PREDICT)
    told = settled(s.model, 20 * 3 + 19)  # the fourth pattern, settled by itself from what the canvas carries
    assert told.summary()["x of x2.1"] == pytest.approx(-1.0, abs=0.05)


def test_weights_back_of_their_own_turn_into_those_forward():
    graph = exclusive()
    for e in predicting(graph):
        graph = graph.set(e.id, own=True, back=0.3)
    s = settled(PredictiveNodes(graph=graph.to_json(), **LEARNING), 4000)
    learned = s.state["M"] - s.constants.first.M
    assert np.abs(learned).max() > 0.1 and np.abs(learned - (s.state["W"] - 0.3)).max() < 1e-12


def test_a_click_holds_a_value_where_it_is_and_frees_it_again():
    s = settled(PredictiveNodes(), 200)
    s.act("hold_node", index=0)
    node = Graph.from_json(s.model.graph).named("size")
    assert node.parameters.held == HELD and node.parameters.value == pytest.approx(2.6, abs=1e-5)
    s.act("hold_node", index=0)
    assert Graph.from_json(s.model.graph).named("size").parameters.held == FREE
    with pytest.raises(ModelError, match="is an error node"):
        s.act("hold_node", index=2)


def test_what_was_learned_survives_an_edit_and_a_weight_that_is_typed_counts():
    s = settled(PredictiveNodes(graph=exclusive().to_json(), **LEARNING), 2000)
    graph = Graph.from_json(s.model.graph)
    first, second = predicting(graph)[:2]
    was = s.state["M"].copy()
    graph, _ = graph.set(first.id, weight=0.25).add_node("value", 900, 0, "lonely")
    s.change(graph=graph.to_json())
    assert s.state["M"][0] == 0.25 and s.state["M"][1] == was[1] and second.id == s.constants.wires[1]


def test_wires_say_what_flows_with_the_present_numbers_and_are_always_as_wide():
    graph = cues()
    s = settled(PredictiveNodes(graph=graph.to_json()), 300)
    shown = s.model.observe(s.constants, s.state, "activity")
    values = {n.id: row[2] for n, row in zip(graph.nodes, shown["nodes"], strict=True)}
    wire = predicting(graph)[0]
    assert flowing(graph, wire, values).split() == ["1.00", "→", "2.60", "←", "1.60"]
    assert flowing(graph, wire, values | {wire.id: -2.0}).split() == ["−2.00", "→", "−5.20", "←", "−3.20"]
    assert {len(flowing(graph, wire, {n: v * 7.3 for n, v in values.items()})), len(label(graph, wire))} == {
        len(flowing(graph, wire, values))
    }
    told = arithmetic(graph, graph.named("ε seen").id, values)
    assert "1·2.6 = 2.6" in told and "4·(3 − 2.6)" in told
    assert "moves along: 0 + 1·(1·1.6 + 1·-1.6)" in arithmetic(graph, graph.named("size").id, values)


def test_a_bend_is_in_the_pull_of_a_value():
    s = settled(random_circuit(1), 3)
    own, told = s.model.pulls(s.constants, s.state)
    x, before = s.state["x"].copy(), s.model.free(s.constants)
    s.advance(1, [])
    assert np.abs(s.state["x"] - x - np.where(before, 0.1 * (own + told), 0.0)).max() < 1e-15


@pytest.mark.parametrize("patterns, said", [("x, y; 1", "no such value node"), ("x0.1; 1, 2", "1 numbers"), ("x0.1", "rows of values"), ("x0.1; a", "numbers"), ("x0.1; 1e9", "from -100 to 100")])  # fmt: skip
def test_patterns_that_do_not_fit_are_refused_in_words(patterns, said):
    with pytest.raises(ParameterError, match=said):
        PredictiveNodes(graph=exclusive().to_json(), patterns=patterns)


def test_other_graphs_and_values_that_predict_themselves_are_refused():
    with pytest.raises(ParameterError, match="takes value and error nodes"):
        PredictiveNodes(graph=half_adder().to_json())
    graph = cues()
    graph, _ = graph.connect(graph.named("seen").id, graph.named("ε seen").id)
    with pytest.raises(ParameterError, match="would predict itself"):
        PredictiveNodes(graph=graph.to_json())
    assert "join ports of the same kind" in cues().refusal("n1", "n3", "itself", "prediction")


def test_what_runs_away_is_said_with_a_remedy():
    with pytest.raises(DivergenceError, match="lower the state rate"):
        settled(PredictiveNodes(graph=chain().to_json(), rate=2.0), 400)


def test_the_canvas_shows_numbers_on_nodes_and_wires(qtbot):
    pytest.importorskip("PySide6")
    from lab.widgets.networks import NetworkEditor

    editor = NetworkEditor()
    qtbot.addWidget(editor)
    graph = cues()
    editor.show_text(graph.to_json())
    wire = predicting(graph)[0]
    editor.show_run({n.id: 2.0 for n in graph.nodes} | {wire.id: 3.0}, {})
    assert editor.scene.edges[wire.id].flows.split() == ["3.00", "→", "6.00", "←", "6.00"]
    assert editor.scene.nodes[graph.named("seen").id].caption == "held"
    editor.show_run({}, {})
    assert editor.scene.edges[wire.id].flows == ""
