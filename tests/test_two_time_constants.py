"""Two time constants against a general solver, its limits, and its resting points."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.models.networks.two_time_constants import TwoTimeConstants as Model


def test_the_full_system_agrees_with_an_adaptive_solver():
    model = Model()
    W, b = np.array(model.W), np.array([model.b1, model.b2])

    def slopes(t, y):
        return np.concatenate([(W @ y[2:] + b - y[:2]) / model.tau_s, (np.tanh(model.gain * y[:2]) - y[2:]) / model.tau_m])

    exact = solve_ivp(slopes, (0, 100), model.start(None, 0)["full"], rtol=1e-10, atol=1e-12).y[:, -1]
    np.testing.assert_allclose(run(model, steps=2000, record={}).state["full"], exact, atol=1e-8)


@pytest.mark.parametrize("limit, tau_s, tau_m", [("fast membranes", 20.0, 0.5), ("fast synapses", 0.5, 20.0)])
def test_a_limit_is_the_full_system_with_one_constant_gone(limit, tau_s, tau_m):
    near = run(Model(limit=limit, tau_s=tau_s, tau_m=tau_m), steps=4000, record={}).summary["distance"]
    far = run(Model(limit=limit, tau_s=20.0, tau_m=20.0), steps=4000, record={}).summary["distance"]
    assert near < 0.03 < 5 * near < far


def test_both_fast_jumps_to_the_equilibrium():
    simulation = Simulation(Model(limit="both fast", W=[[0.3, -0.4], [0.4, 0.1]]))
    simulation.advance(200)
    (point, stable), *others = simulation.model.equilibria()
    assert stable and not others
    np.testing.assert_allclose(simulation.state["simple"][2:], point, atol=1e-9)


def test_two_memories_have_nine_resting_points_of_which_four_are_stable():
    points = Model(**Model.presets["Two memories"]).equilibria()
    assert len(points) == 9 and sum(stable for _, stable in points) == 4


def test_eigenvalues_tell_what_swings():
    (_, stable), *_ = Model(**Model.presets["It swings"]).equilibria()
    assert not stable


def test_weights_have_two_rows_of_two():
    with pytest.raises(LabError, match="two rows of two numbers"):
        Model(W=[[1.0, 2.0]])
