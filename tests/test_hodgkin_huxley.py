"""The Hodgkin-Huxley neuron against closed forms, a slow reference, SciPy's eighth-order solver and its own figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.cells.phase_plane import equilibria, holding_current, jacobian
from lab.cells.squid import gating
from lab.cells.squid_membrane import _gates_exactly
from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.model import Happened
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley

INTERVAL = 14.63620999  # ms at 10 uA/cm2: DOP853, tolerance 1e-11


def rates(V: float) -> tuple[float, ...]:
    """alpha and beta of m, h, n written as in the paper (modern sign)."""
    a_m = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10))
    a_n = 0.01 * (V + 55) / (1 - math.exp(-(V + 55) / 10))
    b_h = 1 / (1 + math.exp(-(V + 35) / 10))
    return a_m, 4 * math.exp(-(V + 65) / 18), 0.07 * math.exp(-(V + 65) / 20), b_h, a_n, 0.125 * math.exp(-(V + 65) / 80)


def slow_step(V, m, h, n, current, dt):
    """One step of the staggered trapezoid rule, term by term."""
    g_Na, g_K, g_L = 120 * m**3 * h, 36 * n**4, 0.3
    g = g_Na + g_K + g_L
    J = current + g_Na * 50 + g_K * -77 + g_L * -54.387
    V = (V * (1 - dt * g / 2) + dt * J) / (1 + dt * g / 2)
    a_m, b_m, a_h, b_h, a_n, b_n = rates(V)
    out = [V]
    for x, a, b in ((m, a_m, b_m), (h, a_h, b_h), (n, a_n, b_n)):
        z = dt * (a + b) / 2
        out.append((x * (1 - z) + dt * a) / (1 + z))
    return out


def spikes(cell, duration):
    return run(cell, cell.steps_for(duration), record=["spikes"])["spikes"]


@pytest.mark.parametrize("figure", HodgkinHuxley.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_a_step_equals_the_slow_reference():
    cell = HodgkinHuxley(dt=0.02)
    result = run(cell, 2000, record={"V": 1})
    point = [float(x) for x in cell.rest()]
    expected = []
    for _ in range(2000):
        point = slow_step(*point, 10.0, 0.02)
        expected.append(point[0])
    assert expected[-1] != expected[0] and max(expected) > 30
    np.testing.assert_allclose(result["V"], expected, rtol=0, atol=1e-7)


def test_drift_is_the_paper_s_equations():
    V, m, h, n = -30.0, 0.2, 0.5, 0.4
    a_m, b_m, a_h, b_h, a_n, b_n = rates(V)
    expected = [
        7.0 - 120 * m**3 * h * (V - 50) - 36 * n**4 * (V + 77) - 0.3 * (V + 54.387),
        a_m * (1 - m) - b_m * m,
        a_h * (1 - h) - b_h * h,
        a_n * (1 - n) - b_n * n,
    ]
    found = HodgkinHuxley().drift(np.array([[V], [m], [h], [n]]), np.array([7.0]))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_the_method_converges_with_the_second_order_to_an_eighth_order_solution():
    integrate = pytest.importorskip("scipy.integrate")
    cell = HodgkinHuxley()

    def equations(t, y):
        return cell.drift(y[:, None], np.array([10.0]))[:, 0]

    def crossing(t, y):
        return y[0]

    crossing.direction = 1
    exact = integrate.solve_ivp(equations, (0, 35), cell.rest(), method="DOP853", rtol=1e-11, atol=1e-12, events=crossing).t_events[0]
    errors = [abs(spikes(HodgkinHuxley(dt=dt), 35.0)[2] - exact[2]) for dt in (0.04, 0.02, 0.01)]
    assert errors[2] < 6e-4
    assert 3.6 < errors[0] / errors[1] < 4.4 and 3.6 < errors[1] / errors[2] < 4.4


def test_rates_are_finite_and_smooth_where_the_formulas_are_0_over_0():
    for V in (-40.0, -55.0):
        near = gating(np.array([V - 1e-2, V - 1e-3, V - 1e-8, V, V + 1e-8, V + 1e-3, V + 1e-2]))
        assert np.isfinite(near).all()
        slope = np.diff(near, axis=1) / np.diff([-1e-2, -1e-3, -1e-8, 0.0, 1e-8, 1e-3, 1e-2])
        assert np.ptp(slope[:, [0, 1, 4, 5]], axis=1).max() < 1e-3
    V = np.linspace(-120, 60, 181) + 0.3
    table = gating(V)
    for k, v in enumerate(V):
        a_m, b_m, a_h, b_h, a_n, b_n = rates(v)
        expected = [a_m / (a_m + b_m), a_h / (a_h + b_h), a_n / (a_n + b_n), 1 / (a_m + b_m), 1 / (a_h + b_h), 1 / (a_n + b_n)]
        np.testing.assert_allclose(table[:, k], expected, rtol=1e-12)


def test_a_population_is_the_same_as_its_cells_alone():
    currents = np.linspace(2.0, 30.0, 9)
    crowd = HodgkinHuxley().sweep(currents, 40.0)
    state = crowd.run()
    for k, current in enumerate(currents):
        alone = Simulation(HodgkinHuxley(current=float(current)))
        alone.advance(crowd.steps)
        assert abs(state["V"][k] - alone.state["V"][0]) < 1e-6
        assert state["spike_count"][k] == alone.state["spike_count"][0]
        assert abs(state["last_spike"][k] - alone.state["last_spike"][0]) < 1e-8


@pytest.mark.parametrize("current", [20.0, 64.0, 66.0, 80.0, 100.0, 130.0])
def test_no_action_potential_is_missed_under_strong_current(current):
    cell = HodgkinHuxley(current=current)
    result = run(cell, cell.steps_for(300.0), record={"V": 1, "spikes": 1})
    V = result["V"]
    peaks = np.flatnonzero((V[1:-1] > V[:-2]) & (V[1:-1] >= V[2:])) + 1
    peaks = peaks[V[peaks] > -40.0]
    assert len(peaks) > 15
    assert len(result["spikes"]) == len(peaks)
    assert np.abs(result["spikes"] - (peaks + 1) * cell.dt).max() < 1.0


def test_above_the_upper_hopf_point_the_cell_falls_silent():
    assert len(spikes(HodgkinHuxley(current=170.0), 500.0)) < 10
    assert not spikes(HodgkinHuxley(current=170.0), 500.0)[-1] > 200.0


def test_the_interval_error_shown_is_the_true_one():
    for dt in (0.01, 0.02, 0.04):
        cell = HodgkinHuxley(dt=dt)
        true = 100.0 * (np.diff(spikes(cell, 500.0))[-10:].mean() / INTERVAL - 1.0)
        assert cell.interval_error() == pytest.approx(true, rel=0.05)
    assert HodgkinHuxley().interval_error() < 0.02
    assert math.isnan(HodgkinHuxley(current=0.0).interval_error())


def test_the_error_is_shown_for_the_cell_that_runs():
    assert HodgkinHuxley(temperature=16.3).interval_error() != HodgkinHuxley().interval_error()
    summary = run(HodgkinHuxley(), 6000).summary
    assert summary["interval error (%)"] == HodgkinHuxley().interval_error()
    assert "interval error (%)" not in run(HodgkinHuxley(mode="voltage clamp"), 100).summary


def test_blocked_sodium_channels_end_the_spikes_and_blocked_potassium_channels_broaden_them():
    assert len(spikes(HodgkinHuxley(block_Na=100.0), 100.0)) == 0

    def width(block):
        cell = HodgkinHuxley(block_K=block)
        V = run(cell, cell.steps_for(12.0), record={"V": 1})["V"]
        return np.count_nonzero(V > 0.0) * cell.dt

    assert width(50.0) > width(0.0) + 0.2


def test_ten_degrees_make_the_gates_three_times_as_fast():
    cell = HodgkinHuxley(mode="voltage clamp", temperature=16.3)
    warm, cold = Simulation(cell), Simulation(cell.replace(temperature=6.3))
    np.testing.assert_allclose(cold.observe("time_constants")[1:] / warm.observe("time_constants")[1:], 3.0, rtol=1e-12)


def test_concentrations_give_nernst_s_potentials():
    cell = HodgkinHuxley(reversal="concentrations")
    assert cell.reversals[0] == pytest.approx(52.37, abs=0.005)
    assert cell.reversals[1] == pytest.approx(-72.14, abs=0.005)
    assert cell.replace(K_out=400.0).reversals[1] == 0.0


def test_voltage_clamp_follows_the_exponentials_of_each_gate():
    cell = HodgkinHuxley(mode="voltage clamp", hold=-65.0, command=0.0, onset=1.0, width=5.0)
    result = run(cell, cell.steps_for(6.0), record={"gates": 1, "V": 1, "currents": 1})
    time = result.recorded("gates").time - 1.0
    before, after = gating(np.array([-65.0]))[:3, 0], gating(np.array([0.0]))[:, 0]
    late = time > 1e-9
    expected = after[:3] + (before - after[:3]) * np.exp(-time[late][:, None] / after[3:])
    np.testing.assert_allclose(result["gates"][late], expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(result["V"][late], 0.0)
    m, h, _ = result["gates"][late].T
    np.testing.assert_allclose(result["currents"][late][:, 0], 120 * m**3 * h * -50.0, rtol=1e-12)
    np.testing.assert_allclose(result["currents"][late][:, 3], result["currents"][late][:, :3].sum(axis=1), rtol=1e-12)
    assert result["currents"][late][:, 0].min() < -500 and result["currents"][late][-1, 1] > 500


def test_the_electrode_can_change_from_current_to_voltage_clamp_and_back_while_it_runs():
    changes = [
        Happened(500, "change", "", {"mode": "voltage clamp", "hold": -80.0, "command": -80.0}),
        Happened(1500, "change", "", {"mode": "current clamp"}),
    ]
    V = run(HodgkinHuxley(), 3000, record={"V": 1}, schedule=changes)["V"]
    assert np.all(V[500:1500] == -80.0) and V[1500] > -80.0 and V[1500:].max() > 0


def test_the_gates_that_are_shown_belong_to_the_time_of_the_voltage():
    """At a crossing of V the gates must agree with the eighth-order solution at that time, not half a step later."""
    integrate = pytest.importorskip("scipy.integrate")
    cell = HodgkinHuxley(dt=0.02)
    result = run(cell, 150, record={"gates": 1})
    exact = integrate.solve_ivp(lambda t, y: cell.drift(y[:, None], np.array([10.0]))[:, 0], (0, 3), cell.rest(), method="DOP853", rtol=1e-10, atol=1e-12,
                                t_eval=result.recorded("gates").time)  # fmt: skip
    error = np.abs(result["gates"] - exact.y[1:].T).max()
    half_a_step = np.abs(np.diff(result["gates"], axis=0)).max() / 2
    assert error < half_a_step / 5


@given(
    C=st.sampled_from([0.05, 1.0, 20.0]), g_Na=st.sampled_from([0.0, 120.0, 1000.0]), g_K=st.sampled_from([0.0, 36.0, 1000.0]),
    g_L=st.sampled_from([0.0, 0.3, 100.0]), current=st.sampled_from([-500.0, 0.0, 10.0, 500.0]), temperature=st.sampled_from([-2.0, 6.3, 45.0]),
    dt=st.sampled_from([0.001, 0.01, 0.1]),
)  # fmt: skip
@settings(max_examples=60, deadline=None, derandomize=True)
def test_gates_stay_between_0_and_1_and_voltage_finite_at_every_corner(**values):
    simulation = Simulation(HodgkinHuxley(**values))
    block = simulation.advance(400, ["V", "gates"])
    assert np.isfinite(block.samples["V"]).all()
    assert block.samples["gates"].min() >= -1e-12 and block.samples["gates"].max() <= 1.0 + 1e-12


def test_release_from_hyperpolarisation_fires_the_cell():
    cell = HodgkinHuxley(current=-10.0, onset=5.0, width=40.0)
    times = spikes(cell, 80.0)
    assert len(times) == 1 and 45.0 < times[0] < 55.0


def test_equilibria_are_where_nothing_moves_and_lose_stability_at_the_hopf_point():
    cell = HodgkinHuxley()
    for current, stable in ((0.0, True), (9.7, True), (9.85, False), (154.0, False), (155.0, True)):
        (point,) = equilibria(cell, current)
        assert np.abs(cell.drift(point.point[:, None], np.array([current]))).max() < 1e-9
        assert point.stable is stable
    assert holding_current(cell, np.array([point.point[0]]))[0] == pytest.approx(155.0, abs=1e-9)


def test_the_jacobian_equals_the_derivative_by_the_voltage():
    cell = HodgkinHuxley()
    point = np.array([-50.0, 0.1, 0.4, 0.4])
    m, h, n = point[1:]
    J = jacobian(cell, point, 3.0)
    assert J[0, 0] == pytest.approx(-(120 * m**3 * h + 36 * n**4 + 0.3), rel=1e-9)
    assert J[0, 1] == pytest.approx(-120 * 3 * m**2 * h * (-50.0 - 50.0), rel=1e-9)
    a_m, b_m, *_ = rates(-50.0)
    assert J[1, 1] == pytest.approx(-(a_m + b_m), rel=1e-9)


def test_nullclines_pass_through_the_equilibrium():
    simulation = Simulation(HodgkinHuxley(current=0.0, stimulus="step"))
    simulation.advance(100)
    V, first, second = simulation.observe("nullclines")
    (x, y, unstable) = simulation.observe("equilibria")[:, 0]
    assert np.interp(x, V, second) == pytest.approx(y, abs=1e-3)
    assert np.interp(x, V, first) == pytest.approx(y, abs=1e-3)
    assert math.isnan(unstable)
    simulation.change(current=20.0)
    simulation.advance(10)
    assert math.isnan(simulation.observe("equilibria")[1, 0])
    np.testing.assert_allclose(second, gating(V)[2], atol=1e-9)


def test_an_injected_pulse_fires_a_resting_cell_and_rest_is_found_again():
    simulation = Simulation(HodgkinHuxley(current=0.0))
    simulation.advance(500)
    simulation.act("pulse", height=30.0, length=0.5)
    simulation.advance(500)
    assert simulation.state["spike_count"][0] == 1
    simulation.act("to_rest")
    simulation.advance(500)
    np.testing.assert_allclose(simulation.state["V"], simulation.model.rest()[0], atol=1e-6)


def test_the_rate_jumps_from_silence():
    currents, rate = Simulation(HodgkinHuxley()).observe("f_I")
    assert np.all(rate[currents < 6.2] == 0) and np.all(rate[currents > 6.3] > 50)


def test_every_cell_of_a_noisy_population_has_noise_of_its_own_unless_it_is_frozen():
    own = HodgkinHuxley(stimulus="noise", cells=3, current=5.0, sigma=5.0)
    V = run(own, 500, record={"V_cells": 1})["V_cells"]
    assert np.abs(V[-1] - V[-1, 0])[1:].min() > 1e-3
    V = run(own.replace(same_noise=True), 500, record={"V_cells": 1})["V_cells"]
    np.testing.assert_allclose(V, V[:, :1].repeat(3, 1), rtol=1e-12)


def test_a_wrong_value_is_explained():
    with pytest.raises(ParameterError, match=r"hodgkin-huxley\.period: must be at least 0.1 ms"):
        HodgkinHuxley(stimulus="pulses", period=0.0)


def test_the_rates_of_pictures_and_of_kernels_are_the_same():
    V = np.array([-600.0, -120.0, -65.0, -55.0, -40.0, -39.9999, 0.0, 60.0, 600.0])
    steady, past = gating(V)[:3], np.empty((3, len(V)))
    for j, v in enumerate(V):  # a gate left at its steady value stays there, and one far away comes to it at its time constant
        past[:, j] = _gates_exactly(*steady[:, j], v, 5.0)
        moved = np.array(_gates_exactly(*(steady[:, j] + 0.1), v, 0.3)) - steady[:, j]
        assert moved == pytest.approx(0.1 * np.exp(-0.3 / gating(V)[3:, j]), rel=1e-9, abs=1e-14)
    assert past == pytest.approx(steady, rel=1e-12, abs=1e-300)


def test_concentrations_are_told_as_reversal_potentials_and_act_while_it_runs():
    simulation = Simulation(HodgkinHuxley(reversal="concentrations", current=0.0))
    simulation.advance(20_000)
    rest = float(simulation.state["V"][0])
    assert simulation.summary()["V_K (mV)"] == pytest.approx(-72.14, abs=0.01)
    simulation.change(K_out=50.0)
    simulation.advance(20_000)
    assert simulation.summary()["V_K (mV)"] == pytest.approx(-50.08, abs=0.01)
    assert float(simulation.state["V"][0]) > rest + 15.0
    assert "V_K (mV)" not in Simulation(HodgkinHuxley()).summary()
