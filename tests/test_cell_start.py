"""Where a cell begins: at its stable rest; a cell that has none fires by itself from the first moment."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lab
from lab import catalog
from lab.cells.neuron import Neuron
from lab.cells.phase_plane import equilibria
from lab.engine.simulation import Simulation

UNSTABLE = [
    ("hodgkin-huxley", dict(g_Na=240.0)),
    ("hodgkin-huxley", dict(block_K=50.0)),
    ("hodgkin-huxley", dict(reversal="concentrations", K_out=30.0)),
    ("fitzhugh-nagumo", dict(a=0.3)),
    ("izhikevich", dict(a=0.1, b=0.265)),
    ("izhikevich", dict(b=0.3)),
    ("morris-lecar", dict(V_L=-10.0)),
]


def at_rest(name: str) -> dict[str, float]:
    return {"current": 0.0, "offset": 0.0} if "offset" in catalog.load(name).specs() else {"current": 0.0}


@pytest.mark.parametrize(("name", "values"), UNSTABLE, ids=str)
def test_a_cell_without_a_stable_rest_fires_by_itself(name, values):
    run = lab.run(name, duration=1000.0, record=["spikes"], **at_rest(name), **values)
    assert run.summary["spikes"] >= 10
    assert "no stable rest" in run.summary["start"]


@pytest.mark.parametrize(("name", "values"), UNSTABLE, ids=str)
def test_it_fires_when_it_is_made_unstable_while_it_rests(name, values):
    cell = catalog.load(name)(**at_rest(name), **({"reversal": values["reversal"]} if "reversal" in values else {}))
    simulation = Simulation(cell, 1)
    simulation.advance(cell.steps_for(200.0))
    assert simulation.summary()["spikes"] == 0
    simulation.change(**values)
    simulation.advance(cell.steps_for(800.0))
    assert simulation.summary()["spikes"] >= 8
    assert "(stable rest)" in simulation.summary()["start"], "the summary says where it began, not where it would begin now"
    simulation.act("to_rest")
    spikes = simulation.summary()["spikes"]
    simulation.advance(cell.steps_for(300.0))
    assert simulation.summary()["spikes"] > spikes, "back to rest puts it on no equilibrium that it would leave"


def test_doubled_sodium_fires_as_often_as_an_independent_integration_says():
    run = lab.run("hodgkin-huxley", current=0.0, g_Na=240.0, duration=1000.0, record=["spikes"])
    assert run.summary["spikes"] == 52


def test_initial_burst_of_the_adaptive_cell_spike_by_spike():
    values = dict(
        current=65.0, onset=10.0, width=241.0, C=10.0, g_L=2.0, E_L=-70.0, V_T=-50.0, Delta_T=2.0,
        V_reset=-51.0, V_peak=-20.0, a=0.5, b=7.0, tau_w=100.0,
    )  # fmt: skip
    exact = [16.471, 19.108, 22.658, 28.288, 42.723, 79.117, 115.714, 152.303, 188.891, 225.480]  # DOP853, rtol 1e-9
    run = lab.run("adaptive-exponential", duration=400.0, record=["spikes"], **values)
    np.testing.assert_allclose(run["spikes"], exact, atol=0.001)


def test_every_preset_begins_where_its_cell_is_found():
    for name in catalog.names("neuron"):
        kind = catalog.load(name)
        for values in kind.presets.values():
            cell = kind(**values)
            simulation = Simulation(cell, 1)
            began = simulation.summary()["start"]
            if "(stable rest)" in began:
                stable = [e for e in equilibria(cell, 0.0) if e.stable]
                assert not stable or abs(stable[0].point[0] - simulation.state["V"][0]) < 1e-9, (name, values)


def test_a_time_constant_that_makes_rest_unstable_lets_the_cell_go():
    cell = catalog.load("morris-lecar")(current=0.0, V_L=-10.0, phi=0.4)
    simulation = Simulation(cell, 1)
    simulation.advance(cell.steps_for(3000.0))
    assert simulation.summary()["spikes"] == 0
    simulation.change(phi=0.02)  # the equilibrium stays where it is; in exact arithmetic the cell would stay on it
    simulation.advance(cell.steps_for(500.0))
    assert simulation.summary()["spikes"] >= 2


def test_a_checkpoint_of_an_earlier_version_goes_on():
    cell = catalog.load("fitzhugh-nagumo")()
    simulation = Simulation(cell, 1)
    simulation.advance(100)
    point = simulation.checkpoint()
    del point.state["began"]
    simulation.restore(point)
    simulation.advance(100)
    assert simulation.step == 200 and simulation.state["began"].shape == (2,)


def test_rate_is_of_the_last_intervals_and_nothing_over_a_flat_line():
    cell = catalog.load("hodgkin-huxley")(current=10.0)
    simulation = Simulation(cell, 1)
    simulation.advance(cell.steps_for(500.0))
    assert simulation.summary()["rate (Hz)"] == pytest.approx(68.32, rel=1e-3)
    simulation.change(current=0.0)
    simulation.advance(cell.steps_for(110.0))
    assert simulation.summary()["rate (Hz)"] == 0.0
    assert simulation.summary()["mean rate (Hz)"] > 50.0
    simulation.change(current=10.0)
    simulation.advance(cell.steps_for(200.0))
    assert simulation.summary()["rate (Hz)"] == pytest.approx(68.3, rel=0.02), "the pause is forgotten"
    simulation.act("recount")
    assert simulation.summary()["spikes"] == 0 and simulation.summary()["rate (Hz)"] == 0.0
    simulation.advance(cell.steps_for(100.0))
    assert simulation.summary()["mean rate (Hz)"] == pytest.approx(68.0, abs=12.0), "counted since it was counted anew"


def test_rate_of_a_population_is_the_mean_over_its_cells():
    one = lab.run("leaky-integrate-and-fire", current=3.0, duration=400.0, record=[])
    many = lab.run("leaky-integrate-and-fire", current=3.0, cells=20, duration=400.0, record=[])
    assert many.summary["rate (Hz)"] == pytest.approx(one.summary["rate (Hz)"], rel=1e-12)
    noisy = lab.run("leaky-integrate-and-fire", stimulus="noise", current=1.8, sigma=1.0, cells=200, duration=3000.0, record=[]).summary
    assert noisy["rate (Hz)"] == pytest.approx(noisy["mean rate (Hz)"], rel=0.2)


STRONG = {"hodgkin-huxley": 12.0, "leaky-integrate-and-fire": 3.0, "izhikevich": 12.0, "adaptive-exponential": 700.0, "fitzhugh-nagumo": 0.6, "morris-lecar": 110.0}  # fmt: skip


@pytest.mark.parametrize("name", STRONG)
def test_the_rate_of_a_drive_that_is_over_is_said_as_what_it_was(name):
    """A cell that is silent at the end fires at 0 Hz now; how it fired until then stands beside it, with the time of its last spike."""
    cell = catalog.load(name)(current=STRONG[name], width=500.0)
    simulation = Simulation(cell, 1)
    simulation.advance(cell.steps_for(500.0))
    driven = simulation.summary()
    assert driven["rate (Hz)"] > 0.0 and "rate until the last spike (Hz)" not in driven
    over = Simulation(cell, 1)
    over.advance(cell.steps_for(1400.0))
    after = over.summary()
    assert after["rate (Hz)"] == 0.0
    assert after["rate until the last spike (Hz)"] == pytest.approx(driven["rate (Hz)"], rel=0.1)
    assert 300.0 < after["last spike (ms)"] < 520.0


def test_a_drive_that_ends_shortly_before_the_run_is_not_told_as_going_on():
    found = lab.run("hodgkin-huxley", current=10.0, width=950.0, record=[]).summary
    assert found["rate (Hz)"] == 0.0 and found["rate until the last spike (Hz)"] == pytest.approx(68.3, rel=0.01)
    assert found["mean rate (Hz)"] == found["spikes"], "of the whole second"
    by_itself = lab.run("hodgkin-huxley", current=10.0, g_Na=240.0, width=450.0, duration=500.0, record=[]).summary
    assert by_itself["rate (Hz)"] > 40.0, "what goes on firing is not called silent"


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ({}, math.inf), ({"width": 30.0, "onset": 20.0}, 50.0), ({"stimulus": "ramp", "rise": 10.0}, math.inf),
        ({"stimulus": "ramp", "rise": 10.0, "fall": 5.0, "onset": 1.0}, 16.0), ({"stimulus": "pulses", "width": 2.0}, math.inf),
        ({"stimulus": "drawn", "drawn": ((0.0, 0.0), (40.0, 9.0), (60.0, 0.0), (90.0, 0.0)), "onset": 5.0}, 65.0),
        ({"stimulus": "drawn", "drawn": ((0.0, 0.0), (40.0, 9.0))}, math.inf),
        ({"stimulus": "drawn", "drawn": ((0.0, 0.0), (40.0, 0.0))}, 0.0),
        ({"stimulus": "drawn", "drawn": ((0.0, 1.0), (40.0, 0.0)), "repeat": True}, math.inf), ({"stimulus": "noise"}, math.inf),
    ],
)  # fmt: skip
def test_every_stimulus_knows_when_it_is_over(values, ends):
    cell = catalog.load("hodgkin-huxley")(**values)
    assert cell.drive_ends(cell.sampled_waveform()) == ends


def test_no_cell_is_left_out():
    assert {name for name in catalog.names() if issubclass(catalog.load(name), Neuron)} == set(STRONG)
