"""The accuracy dial: what a shadow says of a run, and that the run does not notice it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lab import catalog
from lab.__main__ import main
from lab.cells import accuracy
from lab.cells.shadow import spike_times, stretches
from lab.engine.simulation import Simulation, run, simulate
from lab.errors import ParameterError
from lab.model import Happened

NAMES = ("hodgkin-huxley", "leaky-integrate-and-fire", "izhikevich", "adaptive-exponential", "fitzhugh-nagumo", "morris-lecar")


def cell(name: str, **values):
    return catalog.load(name)(**values)


@pytest.mark.parametrize(
    "name, values", [("hodgkin-huxley", {"stimulus": "noise", "dt": 0.05}), ("leaky-integrate-and-fire", {}), ("izhikevich", {"dt": 0.2})]
)
def test_the_run_is_the_same_with_and_without_the_dial(name, values):
    plain, watched = cell(name, **values), cell(name, **values, shadow=True)
    steps = plain.steps_for(60.0)
    one, other = (run(c, steps=steps, seed=3, record={"V": 1, "spikes": 1}) for c in (plain, watched))
    assert one["V"].tobytes() == other["V"].tobytes()
    assert one["spikes"].tobytes() == other["spikes"].tobytes()
    assert not [k for k in one.state if k.startswith("shadow")], "without the dial nothing of it is there"
    assert all(one.state[k].tobytes() == other.state[k].tobytes() for k in one.state)


@pytest.mark.parametrize("name", NAMES)
def test_the_error_is_the_spike_time_less_that_of_an_independent_solution(name):
    watched = cell(name, shadow=True, dt=cell(name).specs()["dt"].hi)
    duration = 120.0 if name == "morris-lecar" else 60.0
    result = run(watched, steps=watched.steps_for(duration), record=["spikes", "spike_error"])
    exact = spike_times(watched, watched.current, duration)
    assert len(exact) >= 2
    n = len(result["spike_error"])
    assert n >= len(exact) - 1
    np.testing.assert_allclose(result["spike_error"].ravel(), result["spikes"][:n] - exact[:n], atol=2e-6)
    assert result.summary["spike-time error (ms)"] == pytest.approx(result["spikes"][n - 1] - exact[n - 1], abs=2e-6)


def test_the_error_of_a_hodgkin_huxley_cell_falls_with_the_square_of_the_step():
    found = []
    for dt in (0.08, 0.04):
        watched = cell("hodgkin-huxley", shadow=True, dt=dt)
        found.append(run(watched, steps=watched.steps_for(80.0), record=[]).summary["spike-time error (%)"])
    assert math.log2(found[0] / found[1]) == pytest.approx(2.0, abs=0.15)


def schedule(watched):
    at = watched.steps_for
    return [
        Happened(at(23.0), "change", "", {"current": 15.0}),
        Happened(at(31.0), "act", "to_rest", {}),
        Happened(at(42.0), "act", "pulse", {"height": 20.0, "length": 2.0}),
    ]


def test_the_shadow_takes_part_in_changes_pulses_and_resets():
    watched = cell("hodgkin-huxley", shadow=True, dt=0.02)
    result = run(watched, steps=watched.steps_for(80.0), record=["spikes", "spike_error"], schedule=schedule(watched))
    assert len(result["spike_error"]) >= len(result["spikes"]) - 1 >= 3
    assert np.abs(result["spike_error"]).max() < 0.02


def test_the_dial_does_not_depend_on_how_the_run_is_cut():
    watched = cell("hodgkin-huxley", shadow=True, dt=0.1, stimulus="sine", current=20.0)
    states = []
    for block in (800, 37):
        simulation = Simulation(watched, 1)
        for _ in simulate(simulation, 800, record={}, schedule=schedule(watched), block=block):
            pass
        states.append(simulation.state)
    half = Simulation(watched, 1)
    for _ in simulate(half, 333, record={}, schedule=schedule(watched), block=100):
        pass
    point = half.checkpoint()
    again = Simulation(watched, 1)
    again.restore(point)
    for _ in simulate(again, 800, record={}, schedule=schedule(watched), block=90):
        pass
    for other in (states[1], again.state):
        for key, array in states[0].items():
            assert array.tobytes() == other[key].tobytes(), key


def test_action_potentials_that_peak_below_the_level_are_counted_by_both():
    watched = cell("hodgkin-huxley", shadow=True, dt=0.05, current=100.0)
    summary = run(watched, steps=watched.steps_for(100.0), record=[]).summary
    assert abs(summary["spikes"] - summary["shadow spikes"]) <= 1 and summary["spikes"] > 10
    assert summary["spike-time error (%)"] < 1.0


def test_the_named_step_keeps_the_error_below_one_per_cent_and_a_longer_one_does_not():
    warm = cell("hodgkin-huxley", temperature=25.0, current=20.0)
    step, error = accuracy.step_within(warm)
    longest = warm.specs()["dt"].hi
    assert step < longest and error < 1.0
    exact = spike_times(warm, 20.0, 16.0)

    def off(dt: float) -> float:
        tried = warm.replace(dt=dt)
        found = run(tried, steps=tried.steps_for(20.0), record=["spikes"])["spikes"][: len(exact)]
        return 100.0 * np.abs(np.diff(found, prepend=0.0) - np.diff(exact, prepend=0.0)).sum() / exact[-1]

    assert off(step) < 1.0
    assert off(longest) > 1.0


def test_a_cell_that_is_exact_at_any_step_is_told_the_longest():
    step, error = accuracy.step_within(cell("leaky-integrate-and-fire"))
    assert step == 1.0 and error < 1e-6


def test_a_silent_cell_names_no_step():
    assert math.isnan(accuracy.step_within(cell("hodgkin-huxley", current=0.0))[0])


def test_the_dial_follows_one_cell_in_current_clamp_only():
    with pytest.raises(ParameterError, match="shadow"):
        cell("izhikevich", shadow=True, cells=2)
    with pytest.raises(ParameterError, match="current clamp"):
        cell("hodgkin-huxley", shadow=True, mode="voltage clamp")


def test_a_stimulus_is_cut_at_its_edges_and_is_a_curve_between_them():
    dt = 0.1
    middle = (np.arange(100) + 0.5) * dt
    wave = np.where(middle < 5.0, 0.0, np.sin(middle))
    cuts = [(first, last, current) for first, last, current in stretches(wave, dt, 0.0, True)]
    assert [c[:2] for c in cuts] == [(0, 50), (50, 100)]
    assert cuts[0][2] == 0.0
    assert cuts[1][2](7.77) == pytest.approx(math.sin(7.77), abs=1e-6)
    held = list(stretches(np.repeat([1.0, 3.0, 2.0], [4, 1, 5]), dt, 0.0, False))
    assert held == [(0, 4, 1.0), (4, 5, 3.0), (5, 10, 2.0)]


def test_headless_the_dial_is_a_parameter(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "hodgkin-huxley", "--set", "shadow=true", "--set", "dt=0.05", "--for", "60ms", "-o", "a.lab", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert 0.001 < summary["spike-time error (%)"] < 0.1
    assert summary["step for 1 % (ms)"] == 0.1 and summary["error at that step (%)"] < 1.0
    assert summary["shadow cost (evaluations per step)"] > 1.0
