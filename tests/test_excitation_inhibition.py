"""Balanced networks, Dale's law and the gate."""

import numpy as np
import pytest

from lab.analysis import trains as analysis
from lab.engine import simulation as engine
from lab.models.neurons.excitation_inhibition import GATED_BY, GATES, ExcitationInhibition


@pytest.fixture(scope="module")
def wiring():
    return ExcitationInhibition().build(3)


def pairs(wiring):
    return np.repeat(np.arange(len(wiring.sign)), np.diff(wiring.starts)), wiring.targets


def test_every_cell_has_the_same_number_of_different_inputs_of_its_own_network(wiring):
    model = ExcitationInhibition()
    source, to = pairs(wiring)
    assert len(set(zip(source.tolist(), to.tolist(), strict=True))) == len(source)
    assert (source != to).all()
    size = model.cells
    for net in (0, 1):
        inside = to // size == net
        kind = wiring.sign[source] > 0
        recurrent = inside & (source < 2 * size)
        assert (source[recurrent] // size == net).all()
        assert set(np.bincount(to[recurrent & kind] - net * size, minlength=size)) == {model._inputs[0]}
        assert set(np.bincount(to[recurrent & ~kind] - net * size, minlength=size)) == {model._inputs[1]}
    gate = source >= 2 * size
    assert (to[gate] >= size).all() and gate.sum() == GATED_BY * size


def test_a_spike_lifts_or_lowers_its_targets_by_the_weight_after_the_delay(wiring):
    for cell, change in ((7, 0.8), (450, -8.0), (1020, -3.0)):
        model = ExcitationInhibition(drive=0.0)
        simulation = engine.Simulation(model, 3)
        simulation.state["v"][:] = 5.0
        simulation.state["v"][cell] = 30.0
        steps, index, _ = simulation.advance(1).events["spikes"]
        assert steps.tolist() == [0] and index.tolist() == [cell]
        simulation.advance(15)  # 1.5 ms
        expected = np.full(2 * model.cells + GATES, 5.0 * np.exp(-1.6 / 20))
        expected[wiring.targets[wiring.starts[cell] : wiring.starts[cell + 1]]] += change
        expected[cell] = 10.0  # still refractory
        np.testing.assert_allclose(simulation.state["v"], expected, rtol=1e-12)


def test_a_network_without_weights_has_the_rate_of_its_external_spikes():
    # Without synapses cells are independent; small jumps, because the theory is that of a diffusion.
    model = ExcitationInhibition(drive=1.3, weight=0.1)
    simulation = engine.Simulation(model, 1)
    wiring = simulation.constants
    simulation.constants = type(wiring)(np.zeros_like(wiring.starts), wiring.targets, wiring.sign)
    simulation.advance(20_000)
    summary = simulation.summary()
    from lab.spiking.theory import siegert

    # Jumps J of a mean of 26 mV: sigma^2 = 26 J.
    expected = float(siegert(26.0, np.sqrt(26.0 * 0.1), 20.0, 20.0, 10.0, 2.0))
    assert summary["network (Hz)"] == pytest.approx(expected, rel=0.02)
    assert summary["synchrony"] == pytest.approx(0.0, abs=0.001)


def test_the_library_s_analysis_finds_the_same_cv_and_synchrony():
    model = ExcitationInhibition()
    result = engine.run(model, model.steps_for(3000.0), seed=1)
    spikes = result.recorded("spikes")
    trains = analysis.group(spikes.time, spikes.index, cells=2 * model.cells + GATES, span=(0.0, 3000.0)).select(range(model.cells))
    each = analysis.cv(trains).y[trains.counts - 1 >= 10]
    assert each.mean() == pytest.approx(result.summary["CV"], rel=1e-9)
    counts = analysis.rate(trains, 5.0).others["spikes"]
    expected = (counts.var() / counts.mean() - 1) / (model.cells - 1)
    assert result.summary["synchrony"] == pytest.approx(expected, abs=1e-4)


def test_closing_the_gate_silences_its_network_and_leaves_the_twin_alone():
    model = ExcitationInhibition()
    simulation = engine.Simulation(model, 2)
    simulation.advance(10_000)
    simulation.change(gate=1.0)
    simulation.advance(2000)
    _, index, _ = simulation.advance(8000).events["spikes"]
    gated = (index >= model.cells) & (index < 2 * model.cells)
    twin = index < model.cells
    assert gated.sum() <= 2 and twin.sum() > 5000
    assert simulation.summary()["spikes saved"] > 5000
    simulation.change(gate=0.0)
    simulation.advance(1000)
    _, index, _ = simulation.advance(4000).events["spikes"]
    assert ((index >= model.cells) & (index < 2 * model.cells)).sum() > 1000  # it comes back


def test_a_kick_is_forgotten():
    model = ExcitationInhibition()
    simulation = engine.Simulation(model, 5)
    simulation.advance(5000)
    simulation.act("kick", share=0.3)
    rows = simulation.advance(3000, ["rates"]).samples["rates"][:, 0]
    assert rows[:100].max() > 2 * rows[1500:].mean()
    assert rows[1500:].max() < 3 * rows[1500:].mean()
