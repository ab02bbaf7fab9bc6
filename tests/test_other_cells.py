"""Izhikevich, adaptive exponential, FitzHugh-Nagumo and Morris-Lecar cells against SciPy's solver and their own linearisation.

Their published and analytic figures are checked with the whole catalogue's in test_contract.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.cells.phase_plane import equilibria, holding_current, jacobian
from lab.cells.shadow import Shadow, spike_times
from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError

NAMES = ("izhikevich", "adaptive-exponential", "fitzhugh-nagumo", "morris-lecar")
CASES = [(name, preset) for name in NAMES for preset in catalog.load(name).presets]


def spikes(cell, duration: float) -> np.ndarray:
    return run(cell, cell.steps_for(duration), record=["spikes"])["spikes"]


@pytest.mark.parametrize("name, preset", [c for c in CASES if "Irregular" not in c[1]])
def test_every_preset_spikes_where_an_adaptive_solver_of_eighth_order_says(name, preset):
    kind = catalog.load(name)
    cell = kind(**{**kind.presets[preset], "stimulus": "step", "onset": 0.0, "width": 0.0})  # its current from the start on
    exact = spike_times(cell, cell.current + cell.offset, 150.0)
    found = spikes(cell, 150.0)
    assert len(found) == len(exact)
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_error_of_the_path_between_spikes_falls_with_the_fourth_power_of_the_step(name):
    kind = catalog.load(name)
    cell = kind()
    exact = Shadow(0.0, cell.rest()).advance(cell, 0.3 * cell.current, 6.4)[0].point
    errors = []
    for dt in (0.2, 0.1):
        slow = cell.replace(dt=dt, current=0.3 * cell.current)
        simulation = Simulation(slow)
        simulation.advance(slow.steps_for(6.4))
        errors.append(abs(simulation.state["V"][0] - exact[0]))
    assert errors[0] / max(errors[1], 1e-13) > 12.0 or errors[0] < 1e-11


@pytest.mark.parametrize("name", NAMES)
def test_the_drift_vanishes_at_every_equilibrium_and_its_eigenvalues_are_the_jacobian_s(name):
    cell = catalog.load(name)()
    for current in np.linspace(*cell.sweep_range, 7):
        for e in equilibria(cell, current):
            assert np.abs(cell.drift(e.point[:, None], np.array([current]))).max() < 1e-6
            A = jacobian(cell, e.point, current)
            assert e.eigenvalues.sum().real == pytest.approx(np.trace(A), rel=1e-9, abs=1e-12)
            assert np.prod(e.eigenvalues).real == pytest.approx(np.linalg.det(A), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_pushed_from_an_equilibrium_comes_back_or_leaves_as_its_eigenvalues_say(name):
    cell = catalog.load(name)()
    for current in np.linspace(*cell.sweep_range, 4):
        for e in equilibria(cell, current):
            growth = float(e.eigenvalues.real.max())
            pace = min(abs(growth), float(np.abs(e.eigenvalues.real).min())) if growth < 0 else growth
            alone = cell.replace(current=float(current), onset=0.0, width=0.0)
            simulation = Simulation(alone)
            for k, variable in enumerate(alone.variables):
                simulation.state[variable][0] = e.point[k] + 1e-5 * max(1.0, abs(e.point[k]))
            pushed = [1e-5 * max(1.0, abs(v)) for v in e.point]
            simulation.advance(alone.steps_for(min(4.0 / pace, 2000.0)))
            left = [abs(simulation.state[variable][0] - e.point[k]) for k, variable in enumerate(alone.variables)]
            assert (max(left) < 0.5 * max(pushed)) == e.stable, (name, current, e)


@pytest.mark.parametrize("name", NAMES)
def test_the_nullclines_are_where_each_variable_stands_still(name):
    cell = catalog.load(name)()
    simulation = Simulation(cell)
    simulation.advance(20)
    x, first, second = simulation.observe("nullclines")
    now = np.full(len(x), simulation.state["now"][0])
    for row, which in ((first, 0), (second, 1)):
        seen = np.isfinite(row) & (np.abs(row) < 1e4)
        assert seen.sum() > 50
        slopes = cell.drift(np.stack([x, row]), now)[which][seen]
        near = np.abs(cell.drift(np.stack([x, row + 1e-3 * (1 + np.abs(row))]), now)[which][seen])
        assert (np.abs(slopes) < 0.01 * near + 1e-9).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_f_I_curve_is_the_rate_of_the_cell_run_alone(name):
    cell = catalog.load(name)(dt=0.1)
    currents, rates = cell.f_I()
    transient, duration = cell.f_I_times
    for k in np.flatnonzero(rates)[[0, len(np.flatnonzero(rates)) // 2]]:
        times = spikes(cell.replace(current=float(currents[k])), duration)
        times = times[times >= transient]
        assert rates[k] == pytest.approx(1000.0 * (len(times) - 1) / (times[-1] - times[0]), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_population_is_the_same_as_its_cells_alone(name):
    cell = catalog.load(name)()
    currents = np.linspace(*cell.sweep_range, 5)
    crowd = cell.sweep(currents, 100.0)
    state = crowd.run()
    for k, current in enumerate(currents):
        alone = Simulation(cell.replace(current=float(current)))
        alone.advance(crowd.steps)
        assert state["V"][k] == pytest.approx(alone.state["V"][0], abs=1e-9)
        assert state["spike_count"][k] == alone.state["spike_count"][0]


def test_the_reset_is_applied_where_the_crossing_is_and_the_rest_of_the_step_goes_on():
    cell = catalog.load("izhikevich")(dt=0.2)
    exact = spike_times(cell, 10.0, 200.0)
    np.testing.assert_allclose(spikes(cell, 200.0), exact, atol=2e-3)


def test_morris_lecar_class_two_rests_or_fires_at_the_same_current():
    """Between the fold of cycles and the Hopf point the start decides (Rinzel and Ermentrout 1989, figure 7.2)."""
    kind = catalog.load("morris-lecar")
    cell = kind(current=91.0)
    simulation = Simulation(cell)
    simulation.state["V"][0], simulation.state["w"][0] = [float(v) for v in equilibria(cell, 91.0)[0].point]
    simulation.advance(cell.steps_for(2000.0))
    assert simulation.state["spike_count"][0] == 0
    simulation.act("pulse", height=100.0, length=10.0)
    simulation.advance(cell.steps_for(2000.0))
    assert simulation.state["spike_count"][0] > 10


def test_the_cells_refuse_a_peak_below_the_reset():
    with pytest.raises(ParameterError, match="V_peak"):
        catalog.load("adaptive-exponential")(V_peak=-20.0, V_T=-10.0)


def test_the_holding_current_is_exact_even_on_the_upstroke():
    cell = catalog.load("adaptive-exponential")()
    V = np.array([-70.0, -40.0, 0.0])
    at = cell.drift(cell.steady(V), holding_current(cell, V))[0]
    scale = np.abs(cell.drift(cell.steady(V), np.zeros(3))[0]) + 1.0
    assert (np.abs(at) < 1e-12 * scale).all()
