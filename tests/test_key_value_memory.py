"""The key-value memory: two readings, a weight in hand, silence, and one neuron as gate, memory and cell."""

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.networks.key_value_memory import KeyValueMemory, by_neurons, by_vectors, normed


def plates(simulation, stream):
    return {entry["name"]: np.asarray(entry["values"]) for entry in simulation.observe(stream)}


def test_both_readings_are_matrix_products():
    random = np.random.default_rng(1)
    x, keys, b, values, c = (random.standard_normal(shape) for shape in ((5,), (7, 5), (7,), (3, 7), (3,)))
    expected = values @ np.maximum(keys @ x + b, 0) + c
    np.testing.assert_allclose(by_neurons(x, keys, b, values, c, "ReLU"), expected, atol=1e-13)
    np.testing.assert_allclose(by_vectors(x, keys, b, values, c, "ReLU"), expected, atol=1e-13)


def test_a_clicked_number_follows_the_slider_in_both_readings_and_replays():
    simulation = Simulation(KeyValueMemory(), 1)
    n, m, k = 3, 8, 2
    places = {
        "keys k": (4, 5 * n + 1, (5, 1)),
        "b": (-0.5, n * m + 6, (6, 0)),
        "values v": (2.5, n * m + m + 6 * k + 1, (6, 1)),
        "bias c": (0.7, n * m + m + m * k + 1, (0, 1)),
    }
    for name, (value, place, at) in places.items():
        before = plates(simulation, "vectors")[name][at]
        simulation.act("choose", index=place)
        assert simulation.model.weight == before
        simulation.change(weight=float(value))
        assert plates(simulation, "vectors")[name][at] == value
    assert plates(simulation, "neurons")["W: a row is an output neuron"][1, 6] == 2.5
    np.testing.assert_allclose(
        plates(simulation, "vectors")["y: their sum + c"][0], plates(simulation, "neurons")["y: the sum of a row + c"][0], atol=1e-12
    )


def test_the_walk_ends_at_the_output_and_silence_takes_one_arrow():
    simulation = Simulation(KeyValueMemory(example="3-8-2 at random", activation="gelu"), 2)
    simulation.advance(8)
    arrows, y = simulation.observe("walk"), plates(simulation, "vectors")["y: their sum + c"][0]
    np.testing.assert_allclose(arrows[-1, :2] + arrows[-1, 2:4], y, atol=1e-12)
    np.testing.assert_allclose(arrows[1:, :2], arrows[:-1, :2] + arrows[:-1, 2:4], atol=1e-12)
    i = simulation.summary()["chosen neuron"] - 1
    simulation.act("silence")
    silent = plates(simulation, "vectors")["y: their sum + c"][0]
    np.testing.assert_allclose(silent, y - arrows[i, 2:4], atol=1e-12)
    assert simulation.summary()["off the plain change"] < 1e-12
    simulation.change(norm=True)
    assert simulation.summary()["off the plain change"] > 0.01
    np.testing.assert_allclose(plates(simulation, "vectors")["y, normed"][0], normed(silent))


def test_one_neuron_as_a_gate_is_its_threshold_and_as_a_cell_fires_as_the_bench_says():
    simulation = Simulation(KeyValueMemory(x1=1.0, x2=1.0, x3=1.0), 1)
    assert simulation.summary()["chosen neuron"] == 8
    assert [row["fires"] for row in simulation.observe("gate")] == ["0"] * 7 + ["1"]
    found = simulation.summary()
    cell = Simulation(catalog.load("leaky-integrate-and-fire")(current=found["current on the bench (nA)"], V_reset=-70.0), 1)
    cell.advance(40_000)  # 2 s
    assert found["rate as a cell (Hz)"] == pytest.approx(1000.0 / cell.summary()["last interval (ms)"], rel=1e-3)
    line, rates = simulation.observe("cell")
    assert rates[line < 0].max() == 0 and (np.diff(rates[line > 0.05]) > 0).all()


def test_the_drawing_has_every_weight_and_a_dragged_wire_moves_both_readings():
    simulation = Simulation(KeyValueMemory(), 1)
    drawn = simulation.observe("network")
    np.testing.assert_array_equal(drawn["wires"][0]["weights"].T, plates(simulation, "vectors")["keys k"])
    np.testing.assert_array_equal(drawn["wires"][1]["weights"], plates(simulation, "vectors")["values v"])
    assert [len(layer["values"]) for layer in drawn["layers"]] == [3, 8, 2] and all(wire["numbers"] for wire in drawn["wires"])
    for wire, source, target in ((0, 2, 5), (1, 5, 1)):
        simulation.act("set_weight", wire=wire, source=source, target=target, value=2.5)
        assert simulation.model.weight == 2.5 and simulation.summary()["chosen neuron"] == 6
        assert simulation.observe("network")["wires"][wire]["weights"][source, target] == 2.5
        assert simulation.summary()["difference of the readings"] < 1e-12
    assert plates(simulation, "vectors")["keys k"][5, 2] == plates(simulation, "vectors")["values v"][5, 1] == 2.5
    simulation.change(weight=1.0)
    assert plates(simulation, "vectors")["values v"][5, 1] == 1.0
    simulation.act("choose_node", index=3 + 1)
    assert simulation.summary()["chosen neuron"] == 2
    with pytest.raises(LabError, match="there is no wire from 7 to 0"):
        simulation.act("set_weight", wire=0, source=7, target=0, value=1.0)


def test_of_a_large_block_the_keys_that_answer_most_are_drawn():
    simulation = Simulation(KeyValueMemory(example="64-256-64 at random", activation="gelu"), 1)
    simulation.act("choose", index=17 * 64)  # a weight of the key neuron 18
    drawn = simulation.observe("network")
    answers = plates(simulation, "vectors")["m"][:, 0]
    assert [len(layer["values"]) for layer in drawn["layers"]] == [8, 8, 8] and not any(wire["numbers"] for wire in drawn["wires"])
    kept = [int(name[1:]) - 1 for name in drawn["layers"][1]["names"]]
    assert 17 in kept and set(np.argsort(-np.abs(answers))[:7]) <= set(kept)
    simulation.act("set_weight", wire=1, source=kept.index(17), target=3, value=-2.0)
    assert simulation.state["values"][3, 17] == -2.0


def test_numbers_at_arrows_do_not_cover_each_other():
    from lab.widgets.pictures.layered import Drawing

    shown = Simulation(KeyValueMemory(), 1).observe("network")
    drawing = Drawing.of(shown)
    places = drawing.places(0.0, 20.0, 520.0, 300.0, 12.0, (20.0, 20.0))
    sizes = [np.full(wire["weights"].size, 30.0) for wire in shown["wires"]]
    at = np.concatenate(drawing.labels(drawing.curves(places), sizes, 17.0))
    gap = np.abs(at[:, None] - at[None])
    near = (gap[..., 0] < 30.0 - 1e-9) & (gap[..., 1] < 17.0 - 1e-9)
    assert len(at) == 40 and near.sum() == 40  # each only with itself


def test_on_the_bench_the_weights_are_synapses_and_the_mean_input_is_the_pre_activation():
    simulation = Simulation(KeyValueMemory(x1=1.5, x2=-0.2, x3=-1.0), 1)
    model, i = simulation.model, simulation.model._neuron(simulation.state)
    values = model.on_the_bench(simulation.constants, simulation.state)
    bench = catalog.load("wired-neurons")(**values)
    rates = bench.measured(0.0, 4000.0)[:3] / 1000.0  # spikes in a millisecond
    np.testing.assert_allclose(rates, 0.1 * np.abs([1.5, -0.2, -1.0]), rtol=0.02)
    key, b = simulation.state["keys"][i], simulation.state["b"][i]
    found = bench.matrix[3, :3] @ (0.1 * np.abs([1.5, -0.2, -1.0])) + bench.drives[3] - 1.0
    assert found == pytest.approx(key @ [1.5, -0.2, -1.0] + b, abs=1e-12)
    assert not bench.matrix[:3].any()


def test_the_rate_that_is_counted_stands_beside_the_activation():
    simulation = Simulation(KeyValueMemory(), 1)
    assert np.isnan(simulation.observe("measured")).all() and "counted on the bench (Hz)" not in simulation.summary()
    simulation.act("measure_cell")
    simulation.change(x3=-0.2)
    simulation.act("measure_cell")
    (pre, rate), found = simulation.observe("measured"), simulation.summary()
    np.testing.assert_allclose(pre, [1.0, 0.2], atol=1e-12)
    assert rate[0] > rate[1] > 0 and found["counted on the bench (Hz)"] == rate[1]
    assert abs(rate[1] - found["rate as a cell (Hz)"]) < 3.0


def test_of_many_inputs_the_strongest_are_cells_and_the_others_part_of_the_drive():
    simulation = Simulation(KeyValueMemory(example="64-256-64 at random"), 1)
    bench = catalog.load("wired-neurons")(**simulation.model.on_the_bench(simulation.constants, simulation.state))
    i, x = simulation.model._neuron(simulation.state), simulation.model._input(simulation.constants)
    most = np.sort(np.argsort(-np.abs(simulation.state["keys"][i] * x))[:9])
    mean = bench.matrix[9, :9] @ (0.1 * np.abs(x[most])) + bench.drives[9] - 1.0
    assert bench.neurons == 10 and mean == pytest.approx(simulation.state["keys"][i] @ x + simulation.state["b"][i], abs=1e-12)


def test_a_neuron_saved_for_the_bench_runs_there(tmp_path):
    from lab.engine.experiment import read

    simulation = Simulation(KeyValueMemory(), 1)
    simulation.act("save_bench", file=str(tmp_path / "cell.toml"))
    experiment = read(tmp_path / "cell.toml")
    assert experiment.build() == catalog.load("wired-neurons")(**simulation.model.on_the_bench(simulation.constants, simulation.state))
    with pytest.raises(LabError, match="cannot be written"):
        simulation.act("save_bench", file=str(tmp_path / "nowhere" / "cell.toml"))


def test_the_button_puts_the_neuron_on_the_bench_of_the_neurons(open_window, qtbot):
    window = open_window("key-value-memory")
    window.side.actions_box.press("hand over")
    qtbot.waitUntil(lambda: window.document.model == "wired-neurons", timeout=60_000)
    bench = window.document.experiment().build()
    assert bench.neurons == 4
    assert bench.matrix[3].tolist() == [10.0, 10.0, 10.0, 0.0] and bench.drives[3] == -1.0
    window.history.stack.undo()
    assert window.document.model == "key-value-memory"
