"""Layers on the canvas: shapes along the wires, learning, the forward pass step by step, and weights that travel with the graph."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import LabError, ParameterError
from lab.graph.document import Graph, GraphError
from lab.graph.kinds.layers import autoencoder, chain, cnn, deep, mlp, perceptron, residual, shapes, sized, totals, write
from lab.graph.weights import carried
from lab.models.learning.canvas_training import CanvasTraining
from lab.models.networks.layered_network import HOLD, LayeredNetwork
from lab.tape import Tape, adam
from lab.units import number


def program_of(graph):
    tape, (given, _) = Tape(), sized(graph)
    output, _ = write(tape, graph, tape.input("x", shapes(graph)[given.id]))
    tape.minimise(tape.mse(output, tape.input("t", output.shape)), adam(1e-2))
    return tape.compile(batch=4)


def test_shapes_run_along_the_wires():
    assert list(shapes(cnn()).values()) == [(8, 8, 1), (8, 8, 8), (4, 4, 8), (128,), (32,), (10,)]
    assert list(shapes(autoencoder()).values()) == [(8, 8, 1), (64,), (32,), (2,), (32,), (64,)]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (
            (("input", "In", {"height": 8, "width": 8}), ("dense", "Dense", {}), ("output", "Out", {})),
            "In to Dense: .* put a Flatten between",
        ),
        ((("input", "In", {}), ("convolution", "Conv", {}), ("output", "Out", {})), "In to Conv: .* takes pictures"),
        (
            (("input", "In", {"height": 3, "width": 3}), ("pool", "Pool", {"size": 4}), ("flatten", "F", {}), ("output", "Out", {})),
            "In to Pool: .* pool less",
        ),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_both_ends(layers, words):
    graph = chain(*layers)
    with pytest.raises(GraphError, match=words):
        shapes(graph)
    with pytest.raises(GraphError, match=words):
        sized(graph)
    assert any(p.fatal for p in graph.problems())


@pytest.mark.parametrize("make", [mlp, cnn, residual, perceptron, autoencoder, deep])
def test_counts_equal_the_program_that_is_compiled(make):
    assert f"{number(program_of(make()).layout.parameters)} parameters" in totals(make())


def test_a_block_repeated_has_weights_of_its_own_in_every_copy():
    once, thrice = (program_of(deep(n)).layout.parameters for n in (1, 3))
    assert thrice - once == 2 * (8 * 8 + 8)


def test_data_that_do_not_fit_the_input_are_refused():
    with pytest.raises(ParameterError, match="takes 2 values, but the examples of digits have 64"):
        LayeredNetwork(data="digits")
    with pytest.raises(ParameterError, match="Output has 2 outputs, but wine has 3 classes"):
        LayeredNetwork(data="wine", graph=mlp(4, inputs=13).to_json())


def test_drawn_units_have_the_activity_of_the_program():
    result = engine.run(LayeredNetwork(), steps=20, record={})
    shown = result.observe("drawing")
    assert [layer["units"] for layer in shown["layers"]] == [2, 6, 6, 2]
    assert [np.shape(wire["weights"]) for wire in shown["wires"]] == [(2, 6), (6, 6), (6, 2)]
    inputs, hidden = (layer["values"] for layer in shown["layers"][:2])
    weights = result.simulation.constants.program.parameters(result.state)
    id = mlp().named("Hidden 1").id
    assert hidden == pytest.approx(np.tanh(inputs @ weights[f"{id}.sum.weight"] + weights[f"{id}.sum.bias"]), abs=1e-5)


def test_units_behind_a_sum_are_joined_to_every_layer_that_is_added():
    shown = engine.run(LayeredNetwork(graph=residual().to_json()), steps=1, record={}).observe("drawing")
    assert [(wire["source"], wire["target"]) for wire in shown["wires"]] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (1, 3),
    ]  # both layers lead to the output
    assert (shown["wires"][2]["weights"] == shown["wires"][3]["weights"]).all()


def test_a_convolution_is_drawn_as_the_maps_that_its_kernels_make():
    simulation = engine.run(LayeredNetwork(**LayeredNetwork.presets["Digits, convolutional"]), steps=2, record={}).simulation
    shown = simulation.observe("drawing")
    assert [(layer["units"], layer["maps"] is not None) for layer in shown["layers"]] == [(64, True), (8, True), (32, False), (10, False)]
    assert shown["layers"][1]["maps"].shape == (8, 8, 8)
    known = simulation.constants.program.parameters(simulation.state)
    kernels, dense = (next(a for n, a in known.items() if n.endswith(".sum.weight") and a.ndim == d) for d in (4, 2))
    kernel = kernels[:, :, 0, 3].astype(float)
    assert shown["wires"][0]["weights"][0, 3] == pytest.approx(np.linalg.norm(kernel) * np.sign(kernel.sum()))
    # What a unit reads of one map: one weight at each of its 16 places.
    part = dense.reshape(4, 4, 8, 32)[:, :, 5, 2].astype(float)
    assert shown["wires"][1]["weights"][5, 2] == pytest.approx(np.linalg.norm(part) * np.sign(part.sum()), rel=1e-6)
    with pytest.raises(LabError, match="a kernel, not one weight"):
        simulation.act("set_weight", wire=0, source=0, target=3, value=1.0)


def test_pluses_and_minuses_change_the_graph():
    layers = engine.run(LayeredNetwork(), steps=0, record={}).observe("drawing")["layers"]
    names = [layer["name"] for layer in layers]
    assert names == ["inputs", "Hidden 1", "Hidden 2", "outputs"] and not layers[0]["more"] and not layers[3]["fewer"]

    def units(change):
        return [layer["units"] for layer in engine.run(LayeredNetwork(**change), steps=0, record={}).observe("drawing")["layers"]]

    assert units(layers[1]["more"]) == [2, 7, 6, 2] and units(layers[2]["fewer"]) == [2, 6, 5, 2]
    assert units(layers[1]["without"]) == [2, 6, 2] and units(layers[0]["after"]) == [2, 8, 6, 6, 2]
    # A sum of two layers needs both alike: what could not run is not offered.
    joined = engine.run(LayeredNetwork(graph=residual().to_json()), steps=0, record={}).observe("drawing")["layers"]
    assert not joined[1]["more"] and not joined[2]["fewer"]


def test_a_drawn_autoencoder_begins_and_ends_with_a_picture():
    simulation = engine.run(LayeredNetwork(graph=autoencoder().to_json(), data="digits"), steps=0, record={}).simulation
    first, *_, last = simulation.observe("drawing")["layers"]
    assert first["maps"].shape == last["maps"].shape == (1, 8, 8)
    again = simulation.model.predict(simulation.constants, simulation.state, simulation.model.shown_example(simulation.constants))
    np.testing.assert_allclose(last["maps"].ravel(), again.ravel())


def test_the_forward_pass_goes_layer_by_layer_and_learns_nothing():
    model = LayeredNetwork(mode="forward pass")
    first = engine.run(model, steps=0, seed=3, record={}).state["parameters"].copy()
    for layers in range(4):
        result = engine.run(model, steps=layers * HOLD, seed=3, record={})
        assert result.observe("activity")["nodes"][:, 3].tolist() == [float(k <= layers) for k in range(4)]
        shown = result.observe("drawing")
        assert [bool(layer["values"].any()) for layer in shown["layers"]] == [k <= layers for k in range(4)]
        assert [wire["faint"] for wire in shown["wires"]] == [k >= layers for k in range(3)]
        assert (result.state["parameters"] == first).all()


def test_next_layer_stops_the_learning_and_steps():
    simulation = engine.run(LayeredNetwork(), steps=10, record={}).simulation
    for layers in range(3):
        simulation.act("next_layer")
        assert simulation.model.mode == "forward pass"
        assert simulation.observe("activity")["nodes"][:, 3].sum() == 1 + layers


def test_the_arithmetic_of_a_large_layer_sums_the_smaller_products():
    simulation = engine.run(LayeredNetwork(**LayeredNetwork.presets["Digits"]), steps=3, record={}).simulation
    simulation.act("look_at_unit", index=64)
    rows = simulation.observe("arithmetic")
    assert rows[16]["from"] == "48 smaller ones"
    assert sum(row["w x"] for row in rows[:-2]) == pytest.approx(rows[-2]["w x"], abs=1e-9)
    assert np.tanh(rows[-2]["w x"]) == pytest.approx(simulation.observe("drawing")["layers"][1]["values"][0], abs=1e-5)


def test_weights_travel_with_the_graph_between_canvas_and_monitor():
    learned = engine.run(LayeredNetwork(), steps=200, seed=1, record={}).simulation
    text = learned.observe("carried weights")[0]["graph"]
    there = engine.run(CanvasTraining(graph=text, noise=0.15), steps=0, seed=1, record={})
    assert (there.state["parameters"] == learned.state["parameters"]).all()
    # The same examples, too: what was learned is worth as much there.
    assert (there.simulation.constants.material.x == learned.constants.material.x).all()
    on = engine.run(CanvasTraining(graph=text, noise=0.15), steps=100, seed=1, record={}).simulation
    back = engine.run(LayeredNetwork(graph=on.observe("carried weights")[0]["graph"]), steps=0, seed=5, record={})
    assert (back.state["parameters"] == on.state["parameters"]).all()


def test_a_layer_that_changed_begins_anew_and_the_others_keep_their_weights():
    learned = engine.run(LayeredNetwork(), steps=50, seed=1, record={}).simulation
    graph = Graph.from_json(learned.observe("carried weights")[0]["graph"])
    second = graph.named("Hidden 2").id
    wider = graph.set(second, units=9)
    weights = engine.run(LayeredNetwork(graph=wider.to_json()), steps=0, seed=2, record={}).simulation
    known = weights.constants.program.parameters(weights.state)
    kept = f"{graph.named('Hidden 1').id}.sum.weight"
    assert (known[kept] == carried(graph)[kept]).all() and known[f"{second}.sum.weight"].shape == (6, 9)
    assert not [w for w in graph.remove((second,)).weights if w.node == second]


def test_damaged_weights_are_refused_in_a_sentence():
    text = engine.run(LayeredNetwork(), steps=1, record={}).observe("carried weights")[0]["graph"]
    with pytest.raises(ParameterError, match=r"weights .* are damaged"):
        LayeredNetwork(graph=text.replace('"data":"', '"data":"AAAA'))


def test_an_autoencoder_learns_to_say_its_input_again():
    model = LayeredNetwork(graph=autoencoder(8).to_json(), data="digits", rate=0.003)
    result = engine.run(model, steps=900, record={})
    assert result.summary["test R2"] > 0.5  # the mean picture alone has 0
    assert result.observe("reconstructions").shape == (8, 17, 8)


def test_a_residual_block_learns_moons():
    # The median: a single minibatch late in training can bend the line for a few steps.
    model = LayeredNetwork(graph=residual().to_json())
    assert np.median([engine.run(model, steps=600, seed=seed, record={}).summary["test accuracy"] for seed in range(3)]) > 0.95
