"""The cell in space against linear algebra, closed forms, NEURON, and what a person sees."""

import numpy as np
import pytest
from scipy.linalg import solveh_banded
from test_neuron_peers import ask

from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.models.neurons.cell_in_space import REST, CellInSpace, _solve


def after(duration: float, **values) -> tuple[CellInSpace, Simulation]:
    model = CellInSpace(**values)
    simulation = Simulation(model)
    simulation.advance(model.steps_for(duration))
    return model, simulation


def test_elimination_solves_the_tridiagonal_system():
    rng = np.random.default_rng(1)
    coupling = rng.uniform(0.1, 2.0, 40)
    sums = np.append(coupling, 0.0) + np.insert(coupling, 0, 0.0) + rng.uniform(0.1, 1.0, 41)
    right, V = rng.normal(size=41), np.empty(41)
    _solve(V, sums, right, coupling, np.empty(41))
    np.testing.assert_allclose(V, solveh_banded(np.stack([np.insert(-coupling, 0, 0.0), sums]), right), rtol=1e-12)


def test_conductances_of_a_passive_cell_add_up_to_its_input_resistance():
    # A cell much shorter than its length constant is one point: V = I / (g_L area).
    model, simulation = after(60.0, membrane="passive", axon=1.0, width=1000.0, amplitude=10.0, onset=0.0, dt=0.02)
    expected = 1e-3 * 10.0 / (model.g_L * model.geometry.area.sum())
    np.testing.assert_allclose(simulation.state["V"] - REST, expected, rtol=0.01)


def test_a_blocked_stretch_stops_the_spike_and_a_short_one_does_not():
    _, stopped = after(9.0, **CellInSpace.presets["A blocked stretch stops it"])
    _, jumped = after(9.0, **CellInSpace.presets["A short block is jumped"])
    assert stopped.summary()["passed A"] == jumped.summary()["passed A"] == 1
    assert (stopped.summary()["passed B"], jumped.summary()["passed B"]) == (0, 1)


def test_spikes_that_meet_die():
    _, simulation = after(15.0, second=True, period=0.0)
    assert simulation.summary()["passed A"] == simulation.summary()["passed B"] == 1
    assert simulation.state["V"].max() < -40.0


def test_a_click_in_the_middle_sends_a_spike_both_ways():
    model = CellInSpace(amplitude=0.0)
    simulation = Simulation(model)
    simulation.change(amplitude=12_000.0, onset=1000.0)
    simulation.act("stimulate", x=55.0, y=0.0)
    simulation.advance(model.steps_for(6.0))
    assert simulation.summary()["passed A"] == simulation.summary()["passed B"] == 1
    for _ in range(8):
        simulation.act("stimulate", x=55.0, y=0.0)
    with pytest.raises(LabError, match="pulses are going on"):
        simulation.act("stimulate", x=55.0, y=0.0)


def test_a_spike_leaps_from_node_to_node_under_myelin():
    model, simulation = after(4.0, **CellInSpace.presets["Myelin: from node to node"])
    passed, bare = simulation.state["passed"], model.geometry.channels > 0.0
    inside = (model.geometry.x > 5.0) & (model.geometry.x < 25.0)
    assert (passed[bare & inside] > 0.0).all()
    steps = np.diff(passed[bare & inside])
    assert (steps > 0).all() and steps.max() < 1.05 * steps.min()
    _, slow = after(17.0, **CellInSpace.presets["The same axon without myelin"])
    assert simulation.summary()["speed (m/s)"] > 5 * slow.summary()["speed (m/s)"]


def test_the_spike_begins_in_the_axon_when_the_dendrite_is_stimulated():
    model, simulation = after(10.0, **CellInSpace.presets["Dendrite, soma and axon"])
    passed = simulation.state["passed"]
    soma = int(np.argmax(model.geometry.diameter))
    axon = np.arange(soma + 1, model.compartments)
    first = axon[np.argmin(np.where(passed[axon] > 0.0, passed[axon], np.inf))]
    assert 0.0 < passed[first] < passed[soma]


def test_cold_bends_the_line_of_arrivals():
    model, simulation = after(9.0, **CellInSpace.presets["A cold stretch slows it"])
    passed, x = simulation.state["passed"], model.geometry.x

    def speed(first, last):
        return (x[model.at(last)] - x[model.at(first)]) / (passed[model.at(last)] - passed[model.at(first)])

    assert speed(48, 65) < 0.75 * speed(15, 35)


def test_too_many_compartments_are_refused_with_the_remedy():
    with pytest.raises(LabError, match="at most 4000 can be; take longer compartments"):
        CellInSpace(axon=500.0, compartment=0.01)


def test_voltages_agree_with_neuron_on_the_same_compartments():
    found = np.array(ask("neuron", "cable_neuron.py", "--record", "--dt", "0.001")["V"])
    model = CellInSpace(dt=0.001, period=0.0)
    ours = run(model, steps=model.steps_for(10.0), record={"V": 1})["V"].T
    assert np.abs(ours - found[:, : ours.shape[1]]).max() < 0.02


def test_the_injected_current_is_recorded_with_pulses_given_by_hand():
    model = CellInSpace(axon=2.0, period=0.0)
    simulation = Simulation(model)
    first = simulation.advance(model.steps_for(2.0), ("I",)).samples["I"].copy()
    simulation.act("stimulate", x=1.0)
    second = simulation.advance(model.steps_for(1.0), ("I",)).samples["I"].copy()
    on = round(model.width / model.dt)
    for found in (first, second):
        assert np.count_nonzero(found) == on and set(np.unique(found)) == {0.0, model.amplitude}
