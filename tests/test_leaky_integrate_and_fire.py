"""The leaky integrate-and-fire neuron against its closed forms and an obvious reference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.model import Happened
from lab.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire as Cell


def spikes(cell, duration=300.0, **more):
    return run(cell, cell.steps_for(duration), record=["spikes"], **more)["spikes"]


@pytest.mark.parametrize("figure", Cell.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


@pytest.mark.parametrize("dt", [0.001, 0.05, 0.37, 1.0])
@pytest.mark.parametrize("current", [2.01, 2.5, 30.0])
def test_intervals_are_the_closed_form_s_at_any_step(dt, current):
    cell = Cell(current=current, dt=dt)
    found = np.diff(spikes(cell, 150.0))
    assert len(found) > 1
    np.testing.assert_allclose(found, cell.interval_theory(current), rtol=0, atol=1e-9)


def test_without_a_refractory_time_several_spikes_fit_in_one_step():
    cell = Cell(current=200.0, t_ref=0.0, dt=0.4)
    theory = 8.0 * math.log((2000.0 - 5.0) / (2000.0 - 20.0))
    assert theory < 0.4 / 6
    found = spikes(cell, 20.0)
    np.testing.assert_allclose(np.diff(found), theory, rtol=0, atol=1e-9)


def test_a_fast_slow_comparison_with_tiny_euler_steps():
    cell = Cell(current=2.7, dt=0.1)
    V, t, held, found = -70.0, 0.0, 0.0, []
    h = 1e-4
    for _ in range(400_000):
        t += h
        if held > 0:
            held -= h
            continue
        V += h * (-(V + 70.0) + 27.0) / 8.0
        if V >= -50.0:
            found.append(t)
            V, held = -65.0, 2.0
    assert len(found) > 2
    np.testing.assert_allclose(spikes(cell, 40.0), found, atol=3e-3)


def test_the_membrane_is_held_at_reset_for_the_refractory_time():
    cell = Cell(t_ref=3.0, dt=0.1)
    result = run(cell, 400, record={"V": 1, "spikes": 1})
    first, time = result["spikes"][0], result.recorded("V").time
    held = (time > first) & (time < first + 3.0)
    np.testing.assert_array_equal(result["V"][held], -65.0)
    assert result["V"][time > first + 3.2][0] > -65.0


def test_spikes_are_drawn_where_they_happen_and_nowhere_else():
    result = run(Cell(), 2000, record={"V": 1, "drawn_spikes": 1, "spikes": 1})
    time, since = result.recorded("V").time, np.full(2000, np.inf)
    for t in result["spikes"]:
        since[time >= t] = time[time >= t] - t
    drawn = result["drawn_spikes"] != result["V"]
    assert drawn.any() and np.array_equal(drawn, since < 0.5) and np.all(result["drawn_spikes"][drawn] == -30.0)


def test_no_current_leaves_the_membrane_at_rest_and_the_threshold_itself_is_not_passed():
    assert np.all(run(Cell(current=0.0), 100, record={"V": 1})["V"] == -70.0)
    cell = Cell(current=2.0)
    result = run(cell, cell.steps_for(2000.0), record={"V": 1, "spikes": 1})
    assert len(result["spikes"]) == 0 and result["V"][-1] == pytest.approx(-50.0, abs=1e-9)


def test_a_threshold_dragged_below_the_membrane_makes_it_spike_at_once():
    cell = Cell(current=1.9)
    found = spikes(cell, 60.0, schedule=[Happened(800, "change", "", {"V_th": -60.0})])
    assert found[0] == pytest.approx(40.0, abs=1e-12)
    np.testing.assert_allclose(np.diff(found), 2.0 + 8.0 * math.log((19.0 - 5.0) / (19.0 - 10.0)), atol=1e-9)


def test_both_forms_are_the_same_cell():
    physical = Cell(V_reset=-70.0, current=3.0)
    normalised = Cell(form="normalised", v_in=1.5)
    one, other = (run(c, 2000, record={"V": 1, "v": 1, "spikes": 1}) for c in (physical, normalised))
    np.testing.assert_allclose(one["spikes"], other["spikes"], atol=1e-10)
    np.testing.assert_allclose(one["V"], other["V"], atol=1e-9)
    np.testing.assert_allclose(one["v"], (one["V"] + 70.0) / 20.0, atol=1e-12)
    assert other.model.drive_unit == "" and other.model.drift(np.array([[-60.0]]), np.array([1.5]))[0, 0] == pytest.approx(20.0 / 8.0)


def test_a_population_is_the_same_as_its_cells_alone():
    currents = np.linspace(1.0, 6.0, 7)
    crowd = Cell().sweep(currents, 100.0)
    state = crowd.run()
    for k, current in enumerate(currents):
        alone = Simulation(Cell(current=float(current)))
        alone.advance(crowd.steps)
        assert state["V"][k] == pytest.approx(alone.state["V"][0], abs=1e-9)
        assert state["spike_count"][k] == alone.state["spike_count"][0]
        assert state["last_spike"][k] == pytest.approx(alone.state["last_spike"][0], abs=1e-9)


def test_siegert_s_rate_has_its_limits():
    """Without noise it is the closed form; far below threshold it is Kramers' exponentially small rate."""
    quiet = Cell(stimulus="noise", current=2.5, sigma=0.0)
    assert quiet.siegert_rate() == pytest.approx(1000.0 / 13.09035, rel=1e-6)
    small = quiet.replace(sigma=0.02)
    assert small.siegert_rate() == pytest.approx(quiet.siegert_rate(), rel=0.01)
    rates = [Cell(stimulus="noise", current=1.0, sigma=s).siegert_rate() for s in (0.0, 0.3, 0.6, 1.2)]
    assert rates[0] == 0.0 and rates[1] < rates[2] < rates[3]


def test_siegert_s_integral_equals_a_numerical_one():
    integrate, special = pytest.importorskip("scipy.integrate"), pytest.importorskip("scipy.special")
    cell = Cell(stimulus="noise", current=1.9, sigma=2.0, noise_time=0.1)
    width = 10.0 * 2.0 * math.sqrt(2 * 0.1 / 8.0)
    lift = 1.4603545088095868 / math.sqrt(2.0) * math.sqrt(0.1 / 8.0)  # |zeta(1/2)|
    a, b = (-65.0 + 51.0) / width + lift, (-50.0 + 51.0) / width + lift
    integral = integrate.quad(lambda x: special.erfcx(-x), a, b)[0]
    assert cell.siegert_rate() == pytest.approx(1000.0 / (2.0 + 8.0 * math.sqrt(math.pi) * integral), rel=1e-9)


def test_the_summary_states_theory_and_difference():
    summary = run(Cell(), 10_000).summary
    assert summary["theory interval (ms)"] == pytest.approx(13.09035, abs=5e-6)
    assert abs(summary["interval - theory (ms)"]) < 1e-9
    assert summary["CV"] < 1e-6 and summary["spikes"] == 38


def test_the_theory_curve_is_the_measured_one():
    simulation = Simulation(Cell(current=3.0))
    simulation.advance(20_000)
    current, rate = simulation.observe("measured")[:, 0]
    curve = simulation.observe("f_I")
    assert current == 3.0 and rate == pytest.approx(float(simulation.model.rate_theory(np.array([3.0]))[0]), rel=1e-9)
    assert curve[1, 0] == 0.0 and np.all(np.diff(curve[1]) >= 0)


@pytest.mark.parametrize("values", [{"V_th": -75.0}, {"V_reset": -50.0}, {"V_reset": -40.0}])
def test_a_threshold_that_is_not_above_rest_and_reset_is_refused(values):
    with pytest.raises(ParameterError, match="leaky-integrate-and-fire"):
        Cell(**values)
