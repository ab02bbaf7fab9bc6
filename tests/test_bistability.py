"""The window in which rest and firing coexist, against eigenvalues and an adaptive solver."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab import catalog
from lab.cells.phase_plane import equilibria, hopf_points
from lab.cells.shadow import Shadow
from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.neurons.bistability import Bistability, equilibria_between, hopf_between
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley


def led(**values):
    return run(Bistability(**values), record=[])


@pytest.fixture(scope="module")
def window():
    """Hodgkin and Huxley's membrane led through the window in coarse stairs."""
    return led(lowest=6.0, highest=10.5, points=10, stair=600.0, settings="dt=0.02")


@pytest.mark.parametrize("figure", Bistability.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_inside_the_window_history_decides_and_outside_it_does_not(window):
    currents, up, down = window.observe("rates")
    inside = (currents > 6.3) & (currents < 9.7)
    assert not up[inside].any() and (down[inside] > 50.0).all()
    assert up[0] == down[0] == 0.0
    assert up[-1] == pytest.approx(down[-1], rel=1e-3) and up[-1] > 60.0


def test_both_lives_of_one_current_are_those_of_an_adaptive_solver(window):
    cell = HodgkinHuxley()
    at_rest = equilibria(cell, 8.0)[0]
    assert at_rest.stable
    _, none = Shadow(0.0, at_rest.point + np.array([0.5, 0.0, 0.0, 0.0])).advance(cell, 8.0, 60.0)
    assert len(none) == 0
    _, times = Shadow(0.0, cell.rest()).advance(cell, 8.0, 160.0)  # switched on at once: it fires on
    currents, _, down = window.observe("rates")
    assert down[np.abs(currents - 8.0).argmin()] == pytest.approx(1000.0 / np.diff(times)[-3:].mean(), rel=1e-3)


def test_the_extremes_measured_at_rest_are_the_equilibrium(window):
    currents, V = window.observe("up_V")
    branch = window.observe("equilibria")
    half = len(currents) // 2
    for current, highest, lowest in zip(currents[1:4], V[1:4], V[half + 1 : half + 4], strict=True):
        rest = equilibria(HodgkinHuxley(), float(current))[0].point[0]
        assert highest == pytest.approx(rest, abs=0.02) and lowest == pytest.approx(rest, abs=0.02)
        assert np.interp(current, branch[0], np.fmax(branch[1], branch[2])) == pytest.approx(rest, abs=1e-3)


def test_stability_along_the_curve_changes_at_the_hopf_point():
    cell = HodgkinHuxley()
    branch = equilibria_between(cell, 5.0, 12.0)
    hopf = hopf_between(cell, 5.0, 12.0)
    assert list(hopf[0]) == pytest.approx([hopf_points(cell)[0]])
    assert branch[0, np.isfinite(branch[1])].max() == pytest.approx(hopf[0, 0], abs=0.05)
    assert branch[0, np.isfinite(branch[2])].min() == pytest.approx(hopf[0, 0], abs=0.05)


def test_three_equilibria_are_drawn_where_there_are_three():
    kind = catalog.load("morris-lecar")
    cell = kind(**kind.presets["Class I: saddle-node on the cycle (SNIC)"])
    branch = equilibria_between(cell, 35.0, 45.0)
    found = sorted(e.point[0] for e in equilibria(cell, 37.0))
    near = np.isfinite(branch[0]) & (np.abs(branch[0] - 37.0) < 0.2)
    V = np.fmax(branch[1], branch[2])[near]
    assert len(found) == 3 and all(np.abs(V - point).min() < 1.0 for point in found)


def test_a_type_one_cell_has_no_window_and_a_saddle_loop_has_one():
    loop = led(**(Bistability.presets["Morris-Lecar, saddle loop"] | {"points": 16, "stair": 600.0}))
    assert loop.summary["window"] > 3.0
    snic = led(**(Bistability.presets["Morris-Lecar, class I: no window"] | {"points": 6}))
    assert snic.summary["window"] == 0.0


def test_stairs_not_reached_yet_are_not_shown():
    simulation = Simulation(Bistability(points=4, stair=40.0))
    simulation.advance(2 * simulation.model.slices + 1)
    _, up, down = simulation.observe("rates")
    assert list(np.isnan(up)) == [False, False, True, True] and list(np.isnan(down)) == [True, True, False, False]


def test_the_kept_trace_is_the_end_of_the_stair():
    simulation = Simulation(Bistability(points=3, stair=300.0, lowest=9.0, highest=12.0))
    simulation.advance(simulation.model.length)
    simulation.act("pick", index=2)
    time, _, above = simulation.observe("chosen")
    assert time[-1] < 150.0 and len(time) > 1000
    peaks = np.flatnonzero((above[1:-1] > 0) & (above[1:-1] >= above[:-2]) & (above[1:-1] > above[2:]))
    rate = simulation.observe("rates")[2, 2]
    assert 1000.0 / np.diff(time[1:-1][peaks]).mean() == pytest.approx(rate, rel=0.02)


@pytest.mark.long
def test_firing_ends_where_the_multiplier_of_the_cycle_reaches_one():
    cell = HodgkinHuxley()
    at, _ = Shadow(0.0, cell.rest()).advance(cell, 10.0, 60.0)
    for current in (9.0, 8.0, 7.5, 7.0, 6.7, 6.5, 6.4):
        at, _ = at.advance(cell, current, at.time + 60.0)
    ends = []
    for current in (6.28, 6.27):
        at, times = at.advance(cell, current, at.time + 700.0)
        change = np.diff(np.diff(times))
        ratio = change[1:] / change[:-1]
        ends.append((current, math.log(np.median(ratio[(np.abs(change[1:]) > 1e-7) & (np.abs(change[1:]) < 1e-3)])) ** 2))
    (a, la), (b, lb) = ends
    assert b - lb * (a - b) / (la - lb) == pytest.approx(6.260, abs=0.003)


def test_an_empty_range_is_refused():
    with pytest.raises(ParameterError, match="highest"):
        Bistability(lowest=5.0, highest=5.0)


@pytest.mark.parametrize("neuron", Bistability.specs()["neuron"].choices)
def test_every_cell_is_led_through_its_range_and_before_the_first_step_all_can_be_looked_at(neuron):
    model = Bistability(neuron=neuron, points=3, stair=20.0, lowest=0.0, highest=1e-9)
    for steps in (0, None):
        result = run(model, steps=steps, record=[])
        for stream in model.streams:
            result.observe(stream.name)
    assert result.simulation.over or result.simulation.step == model.length
