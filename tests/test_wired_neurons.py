"""Neurons wired by hand: what the circuits do, and that every spike is where independent programs put it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine import simulation as engine
from lab.errors import ParameterError
from lab.models.neurons.wired_neurons import MOST, WiredNeurons, crossing, reference

BRIAN2 = Path(__file__).parent.parent / ".peers" / "brian2" / "bin" / "python"
MIXED = {
    "neurons": 4,
    "weights": ((0.0, 9.0, -6.0, 3.0), (7.0, -3.0, 0.0, 9.0), (-7.0, 4.0, 0.0, 6.0), (5.0, 0.0, 11.0, 0.0)),
    "drive": ((2.0, 1.6, 1.8, 1.5),),
}

SCRIPT = """
import json, sys
import numpy as np
from brian2 import *
prefs.codegen.target = "numpy"
p = json.loads(sys.argv[1])
defaultclock.dt = p["dt"] * ms
tau_m, tau_s = p["tau_m"] * ms, p["tau_s"] * ms
n = len(p["v0"])
cells = NeuronGroup(n, '''dv/dt = (s + drive - v) / tau_m : 1 (unless refractory)
ds/dt = -s / tau_s : 1
drive : 1''', threshold="v >= 1", reset="v = 0", refractory=p["t_ref"] * ms, method="exact")
cells.v, cells.drive = p["v0"], p["drive"]
w = np.array(p["weights"])
synapses = Synapses(cells, cells, "w : 1", on_pre="s_post += w", delay=p["delay"] * ms)
to, source = np.nonzero(w)
synapses.connect(i=source, j=to)
synapses.w = w[to, source] / p["tau_s"]
spikes = SpikeMonitor(cells)
run(p["duration"] * ms)
print(json.dumps([(spikes.t / ms).tolist(), spikes.i[:].tolist()]))
"""


@pytest.mark.skipif(not BRIAN2.exists(), reason="Brian2 is not installed in .peers/brian2")
@pytest.mark.parametrize("values", [MIXED, MIXED | {"delay": 1.5, "tau_s": 12.0}], ids=["at once", "delayed"])
def test_spikes_are_those_of_brian2_and_its_steps_explain_the_rest(values):
    model = WiredNeurons(**values)
    duration, seed = 120.0, 4
    found = engine.run(model, model.steps_for(duration), seed=seed).recorded("spikes")
    setting = dict(
        tau_m=model.tau_m, tau_s=model.tau_s, t_ref=model.t_ref, delay=model.delay, weights=model.matrix.tolist(), drive=model.drives.tolist(),
        v0=model.start(None, seed)["v"].tolist(), duration=duration,
    )  # fmt: skip
    worst = []
    for dt in (0.04, 0.01):
        done = subprocess.run(
            [str(BRIAN2), "-W", "ignore", "-c", SCRIPT, json.dumps(setting | {"dt": dt})], capture_output=True, text=True, timeout=170
        )
        assert done.returncode == 0, done.stderr[-2000:]
        times, who = (np.array(column) for column in json.loads(done.stdout.splitlines()[-1]))
        assert len(times) == len(found.time) > 20
        apart = [np.abs(times[who == i] - np.sort(found.time[found.index == i])).max() for i in range(model.neurons)]
        worst.append(max(apart))
    # Brian2 puts a spike on its grid and counts the refractory time from there: an error of the order of the step.
    assert worst[1] < 0.25
    assert worst[1] < 0.4 * worst[0]


weight = st.floats(-15.0, 15.0)


@given(
    st.lists(st.lists(weight, min_size=3, max_size=3), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 1.8), min_size=3, max_size=3),
    st.sampled_from([0.0, 2.3]),
    st.integers(0, 99),
)
@settings(max_examples=12, deadline=None)
def test_any_circuit_has_the_spikes_of_an_adaptive_solver(weights, drive, delay, seed):
    model = WiredNeurons(neurons=3, weights=weights, drive=(tuple(drive),), delay=delay, dt=0.5)
    found = engine.run(model, model.steps_for(80.0), seed=seed).recorded("spikes")
    times, _ = reference(model.matrix, model.drives, model.start(None, seed)["v"], 80.0, model.tau_m, model.tau_s, model.t_ref, delay)
    assert len(found.time) == len(times)
    np.testing.assert_allclose(np.sort(found.time), np.sort(times), atol=1e-6)


def test_a_maximum_between_two_steps_is_a_spike_too():
    # The current of a spike lifts v above threshold and lets it fall again within the stretch that is looked at.
    time = crossing(0.0, 10.0, 0.0, 60.0, 10.0, 3.0)
    assert 0 < time < 60.0
    late = 10.0 * 3.0 / (3.0 - 10.0) * (np.exp(-60.0 / 3.0) - np.exp(-60.0 / 10.0))
    assert late < 1.0
    assert 10.0 * 3.0 / (3.0 - 10.0) * (np.exp(-time / 3.0) - np.exp(-time / 10.0)) == pytest.approx(1.0, abs=1e-12)
    assert crossing(0.0, 0.5, 0.0, 60.0, 10.0, 3.0) == -1.0


def test_a_ring_passes_one_spike_around_for_ever():
    model = WiredNeurons(**WiredNeurons.presets["Ring: one spike goes around"])
    found = engine.run(model, model.steps_for(2000.0)).recorded("spikes")
    np.testing.assert_array_equal(found.index, np.arange(len(found.index)) % 8)
    assert len(found.index) > 100


def test_a_chain_follows_its_first_neuron_spike_by_spike():
    model = WiredNeurons(**WiredNeurons.presets["Chain: a clock drives its followers"])
    counts = engine.run(model, model.steps_for(2000.0), seed=1).state["counts"]
    assert (np.abs(counts - counts[0]) <= 1).all() and counts[0] > 30


def test_two_that_excite_each_other_fire_at_one_rate():
    model = WiredNeurons(**WiredNeurons.presets["Two that excite each other: one rate, but not in step"])
    counts = engine.run(model, model.steps_for(4000.0), seed=1).state["counts"]
    alone = engine.run(model.replace(weights=()), model.steps_for(4000.0), seed=1).state["counts"]
    assert abs(counts[0] - counts[1]) <= 1
    assert abs(alone[0] - alone[1]) > 5


def test_dales_law_refuses_a_column_of_two_signs_and_names_it():
    with pytest.raises(ParameterError, match="column 2 does both"):
        WiredNeurons(dale=True, weights=((0.0, 3.0), (-2.0, -3.0)))
    assert WiredNeurons(dale=True, weights=((0.0, -3.0), (2.0, -3.0))).dale


@pytest.mark.parametrize("values", [{"weights": ((0.0,) * (MOST + 1),)}, {"weights": ((2000.0,),)}, {"drive": ((1.0,), (1.0,))}])
def test_matrices_out_of_bounds_are_refused(values):
    with pytest.raises(ParameterError):
        WiredNeurons(**values)


def test_a_weight_changed_live_acts_from_then_on():
    simulation = engine.Simulation(WiredNeurons(weights=(), drive=((1.5, 0.0),)), 1)
    simulation.advance(5000)
    assert simulation.state["counts"][1] == 0
    simulation.change(weights=((0.0, 0.0), (45.0, 0.0)))
    simulation.advance(5000)
    assert simulation.state["counts"][1] > 5


def test_a_click_in_the_graph_makes_that_neuron_fire():
    model = WiredNeurons(drive=((0.0, 0.0),), weights=())
    assert next(p for p in model.pictures if p.name == "graph").pick == "kick"
    simulation = engine.Simulation(model, 1)
    simulation.act("kick", index=1)
    steps, index, _ = simulation.advance(10).events["spikes"]
    assert steps.tolist() == [0] and index.tolist() == [1]
    simulation.act("kick", index=1)  # still refractory
    assert len(simulation.advance(10).events["spikes"][0]) == 0


def test_a_smaller_matrix_is_filled_with_zeros_and_a_larger_one_cut():
    np.testing.assert_array_equal(WiredNeurons(neurons=3, weights=((0.0, 1.0),)).matrix, [[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert WiredNeurons(neurons=2, weights=((1.0,) * 5,) * 5).matrix.shape == (2, 2)


def test_shortening_the_delay_loses_no_spike():
    simulation = engine.Simulation(WiredNeurons(weights=((0.0, 0.0), (45.0, 0.0)), drive=((0.0, 0.0),), delay=40.0, kicked=True), 1)
    simulation.advance(100)
    simulation.change(delay=1.0)
    simulation.advance(400)
    assert simulation.state["counts"].tolist() == [1, 1]


def drawn(simulation, *pairs):
    for source, target in pairs:
        simulation.act("wire", source=source, target=target)
    return simulation.model.matrix


def test_a_drawn_synapse_excites_then_inhibits_then_is_gone():
    simulation = engine.Simulation(WiredNeurons(neurons=3, weights=(), strength=7.0))
    assert drawn(simulation, (0, 2))[2, 0] == 7.0
    assert drawn(simulation, (0, 2))[2, 0] == -7.0
    assert not drawn(simulation, (0, 2)).any()
    assert not drawn(simulation, (1, 1), (0, 5)).any()  # neither onto itself nor to a neuron that is not there


def test_with_dale_s_law_drawn_synapses_have_the_sign_of_the_neuron_s_others():
    simulation = engine.Simulation(WiredNeurons(neurons=3, weights=((0.0, 0.0, 0.0), (-5.0, 0.0, 0.0), (0.0, 0.0, 0.0)), dale=True))
    assert drawn(simulation, (0, 2))[2, 0] == -12.0
    assert drawn(simulation, (0, 2))[2, 0] == 0.0
    again = engine.Simulation(WiredNeurons(neurons=3, weights=((0.0, 0.0, 0.0), (-5.0, 0.0, 0.0), (0.0, 0.0, 0.0)), dale=True))
    for entry in simulation.log:
        again.happen(entry)
    assert again.model == simulation.model


def test_a_silent_neuron_fires_once_it_is_wired_to_one_that_fires():
    simulation = engine.Simulation(WiredNeurons(neurons=2, weights=(), drive=((1.5, 0.0),), strength=60.0))
    simulation.advance(2000)
    assert simulation.state["counts"][1] == 0
    drawn(simulation, (0, 1))
    simulation.advance(2000)
    assert simulation.state["counts"][1] > 2


def test_a_drag_from_neuron_to_neuron_in_the_circuit_asks_for_a_synapse(qtbot):
    pytest.importorskip("PySide6")
    from PySide6.QtCore import QPointF
    from test_view import run

    from lab.widgets.pictures import make

    model = WiredNeurons(neurons=3, weights=())
    circuit = make(model.pictures[0], model)
    qtbot.addWidget(circuit)
    circuit.resize(300, 300)
    circuit.show()
    circuit.refresh(run(2, model))
    asked = []
    circuit.acted.connect(lambda *what: asked.append(what))
    at = [QPointF(*circuit._where[k, :2]) for k in range(3)]
    for start, end in ((at[0], at[2]), (at[1], at[1]), (QPointF(0.0, 0.0), at[1]), (at[1], QPointF(0.0, 0.0))):
        circuit.dragged(start, True, False, False)
        circuit.dragged(end, False, True, False)
    assert asked == [("wire", {"source": 0, "target": 2})]


def test_rates_are_those_of_now_and_none_of_a_neuron_that_fell_silent():
    simulation = engine.Simulation(WiredNeurons(weights=(), drive=((1.5, 1.5),)), 0)
    simulation.advance(simulation.model.steps_for(600.0))
    first = [float(r) for r in simulation.summary()["rates (Hz)"].split(", ")]
    assert first[0] == pytest.approx(first[1], rel=0.02) and first[0] > 20
    simulation.change(drive=((1.5, 0.0),))
    simulation.advance(simulation.model.steps_for(600.0))
    after = [float(r) for r in simulation.summary()["rates (Hz)"].split(", ")]
    assert after[0] == pytest.approx(first[0], rel=0.02) and after[1] == 0.0, "a mean since the start is half of it"
