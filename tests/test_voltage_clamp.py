"""The voltage-clamp family against rates written as in the paper, an adaptive solver, and the clamp mode of the cell itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley
from lab.models.neurons.voltage_clamp import INACTIVATION, TAILS, VoltageClamp, turnaround


def rates(V: float, phi: float = 1.0) -> np.ndarray:
    """alpha and beta of m, h, n as in the paper (modern sign): shape (3, 2)."""
    a_m = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10)) if V != -40 else 1.0
    a_n = 0.01 * (V + 55) / (1 - math.exp(-(V + 55) / 10)) if V != -55 else 0.1
    a_h, b_h = 0.07 * math.exp(-(V + 65) / 20), 1 / (1 + math.exp(-(V + 35) / 10))
    return phi * np.array([[a_m, 4 * math.exp(-(V + 65) / 18)], [a_h, b_h], [a_n, 0.125 * math.exp(-(V + 65) / 80)]])


def steady(V: float) -> np.ndarray:
    r = rates(V)
    return r[:, 0] / r.sum(axis=1)


def family(**values):
    return run(VoltageClamp(**values), record=[])


@pytest.mark.parametrize("figure", VoltageClamp.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_currents_equal_an_adaptive_solution_of_the_rate_equations():
    from scipy.integrate import solve_ivp

    result = family(first=-20.0, last=-20.0, temperature=10.0, dt=0.01)
    time, Na = result.observe("I_Na")
    K = result.observe("I_K")[1]
    inside = (time > 3.0) & (time <= 33.0) & np.append(True, np.diff(time) > 0)
    r = rates(-20.0, 3.0**0.37)
    solved = solve_ivp(
        lambda t, x: r[:, 0] * (1 - x) - r[:, 1] * x, (0, 30), steady(-65.0), "DOP853", time[inside] - 3.0, rtol=1e-12, atol=1e-13
    )
    m, h, n = solved.y
    np.testing.assert_allclose(Na[inside], 120 * m**3 * h * (-20.0 - 50.0), atol=1e-6)
    np.testing.assert_allclose(K[inside], 36 * n**4 * (-20.0 + 77.0), atol=1e-6)


def test_a_sweep_equals_the_clamp_mode_of_the_cell():
    cell = HodgkinHuxley(mode="voltage clamp", hold=-65.0, command=0.0, onset=3.0, width=30.0, dt=0.02)
    alone = run(cell, 1500, record={"currents": 1})["currents"]
    result = family(first=0.0, last=0.0)
    currents = result.observe("chosen")
    rows = np.round(currents[0] / 0.02).astype(int)
    inside = (rows > 160) & (rows < 1500)
    np.testing.assert_allclose(currents[1:, inside].T, alone[rows[inside] - 1], rtol=1e-9, atol=1e-9)


def test_commands_run_as_one_population_are_those_run_alone():
    together = family(first=-40.0, last=40.0, increment=20.0).observe("I_V")
    for V, *currents in together.T:
        np.testing.assert_array_equal(family(first=V, last=V).observe("I_V")[1:, 0], currents)


def test_the_curve_builds_itself_while_the_family_runs():
    simulation = Simulation(VoltageClamp())
    assert simulation.observe("I_V").shape == (4, 0)
    assert simulation.observe("I_total").shape[0] == 18
    simulation.advance(150)
    peaks = []
    for _ in range(8):
        simulation.advance(5)
        peaks.append(float(simulation.observe("I_V")[1, 7]))
    assert peaks == sorted(peaks, reverse=True) and peaks[-1] < 2.0 * peaks[0] < 0.0, "the peak so far only grows inward"


def test_blockers_act_on_sweeps_already_taken_and_on_one_ion_only():
    simulation = Simulation(VoltageClamp())
    simulation.advance(2000)
    free = simulation.observe("I_V")
    simulation.change(block_Na=40.0)
    blocked = simulation.observe("I_V")
    np.testing.assert_allclose(blocked[1], 0.6 * free[1], rtol=1e-12)
    np.testing.assert_array_equal(blocked[2], free[2])
    simulation.change(block_Na=0.0, block_K=100.0)
    assert not simulation.observe("I_V")[2].any()
    simulation.change(V_Na=30.0)
    assert simulation.summary()["Na reverses at (mV)"] == pytest.approx(30.0, abs=1e-9)


def test_without_sodium_channels_there_is_no_reversal_to_read():
    assert "Na reverses at (mV)" not in family(block_Na=100.0).summary


def test_tail_currents_are_straight_lines_through_the_reversal_potentials():
    result = family(protocol=TAILS, conditioning_width=0.5, first=-60.0, last=80.0, increment=20.0)
    V, Na, K, _ = result.observe("I_V")
    for current, reversal in ((Na, 50.0), (K, -77.0)):
        slope, level = np.polyfit(V, current, 1)
        assert np.abs(current - slope * V - level).max() < 1e-10 * np.abs(current).max()
        assert -level / slope == pytest.approx(reversal)


def test_inactivation_follows_h_inf_where_a_conditioning_voltage_opens_nothing():
    result = family(protocol=INACTIVATION, first=-120.0, last=-70.0, increment=5.0, conditioning_width=200.0, test=0.0, width=10.0)
    V, fraction = result.observe("available")
    h = np.array([steady(v)[1] for v in V])
    np.testing.assert_allclose(fraction, h / h[0], atol=0.01)


def test_turning_points_are_read_only_where_there_are_any():
    V = np.arange(-50.0, 60.0, 10.0)
    assert turnaround(V, 2.0 * (V - 13.0)) == pytest.approx(13.0)
    assert turnaround(V, (1.0 + 0.01 * (V + 50.0)) * (V - 13.0)) == pytest.approx(13.0, abs=0.05)
    assert math.isnan(turnaround(V, V - 100.0)) and math.isnan(turnaround(V, np.zeros(len(V))))
    assert math.isnan(turnaround(V, 5.0 - V)), "outward to inward is no reversal"


def test_a_jump_of_the_command_is_drawn_upright():
    time, V = family(first=0.0, last=0.0).observe("command")
    jump = np.flatnonzero(np.diff(V))
    assert list(V[jump]) == [-65.0, 0.0] and list(V[jump + 1]) == [0.0, -65.0]
    np.testing.assert_allclose(time[jump], [3.0, 33.0])
    np.testing.assert_array_equal(time[jump], time[jump + 1])


@pytest.mark.parametrize(
    "values, named", [({"first": 10.0, "last": 0.0}, "last"), ({"increment": 0.25}, "increment"), ({"dt": 0.001, "width": 500.0}, "dt")]
)
def test_families_that_cannot_be_are_refused_by_name(values, named):
    with pytest.raises(ParameterError, match=named):
        VoltageClamp(**values)
