"""The post-synaptic current against its closed form."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import ParameterError
from lab.models.neurons.synapse import Synapse, psc, psp


@pytest.mark.parametrize("n", range(6))
def test_peak_lies_at_n_tau_and_the_mean_delay_is_n_plus_1_tau(n):
    t = np.linspace(0, 400, 400_001)
    h = psc(t, n, 5.0)
    assert t[h.argmax()] == pytest.approx(5.0 * n, abs=1e-3)
    assert np.trapezoid(t * h, t) == pytest.approx(5.0 * (n + 1), rel=1e-3)


def test_a_spike_by_hand_gives_the_kernel_itself():
    model = Synapse(n=1, train="by hand", tau=4.0)
    simulation = engine.Simulation(model)
    simulation.act("fire")
    rows = simulation.advance(300, ["s"]).samples["s"]
    np.testing.assert_allclose(rows, 1000 * psc(0.1 * np.arange(1, 301), 1, 4.0), rtol=1e-9, atol=1e-12)


def test_regular_train_has_the_mean_of_theory():
    summary = engine.run(Synapse(train="regular", rate=50.0, weight=2.0), steps=100_000).summary
    assert summary["mean (1/s)"] == pytest.approx(100.0, rel=0.01)
    assert summary["spikes"] == 500


def test_rate_and_mean_follow_a_rate_that_is_changed():
    simulation = engine.Simulation(Synapse(train="regular", rate=20.0))
    simulation.advance(20_000)
    simulation.change(rate=100.0)
    simulation.advance(10_000)
    summary = simulation.summary()
    assert summary["firing rate (Hz)"] == pytest.approx(100.0)  # 47 since the start
    assert summary["mean (1/s)"] == pytest.approx(summary["theory (1/s)"], rel=0.06)
    simulation.change(train="by hand")
    simulation.advance(20_000)
    assert simulation.summary()["firing rate (Hz)"] == 0.0 and simulation.summary()["spikes"] > 0


@pytest.mark.parametrize(("n", "tau", "tau_m"), [(0, 5.0, 20.0), (2, 8.0, 3.0), (1, 10.0, 10.0)])
def test_the_potential_of_one_spike_solves_the_equation_of_the_membrane(n, tau, tau_m):
    t = np.linspace(0, 120, 120_001)
    found = psp(t, n, tau, tau_m)
    slope = np.gradient(found, t)
    assert np.abs(slope + found / tau_m - psc(t, n, tau))[2:-2].max() < 2e-3 * psc(t, n, tau).max()


@pytest.mark.parametrize("n", [0, 2, 5])
@pytest.mark.parametrize(("tau", "tau_m"), [(20.0, 20.0), (20.0, 20.3), (20.3, 20.0), (2.0, 300.0), (60.0, 1.0)])
def test_the_potential_of_one_spike_is_the_convolution_however_alike_the_time_constants_are(n, tau, tau_m):
    """Of n = 5 and equal time constants nothing but rounding was left: -11.7 where the potential is 0.01."""
    nodes, shares = np.polynomial.legendre.leggauss(200)
    for t in (0.1 * tau, tau, 3.0 * tau, 8.0 * tau):
        u = 0.5 * t * (1 + nodes)
        direct = 0.5 * t * (shares * psc(u, n, tau) * np.exp(-(t - u) / tau_m)).sum()
        assert psp(np.array([t]), n, tau, tau_m)[0] == pytest.approx(direct, rel=1e-9)


def test_weak_spikes_add_up_and_the_cell_begins_again_at_rest():
    result = engine.run(Synapse(train="regular", rate=200.0, strength=8.0), steps=10_000, record={"V": 1, "fired": 1})
    V, fired = result["V"], np.round(result["fired"] / 0.1).astype(int)
    assert len(fired) == result.summary["cell spikes"] > 10
    assert (V[fired - 1] >= -50.0).all() and (V[fired] < -60.0).all()
    assert result.summary["spikes over cell spikes"] > 2


def test_a_threshold_at_rest_is_refused_for_the_cell_would_fire_at_every_step():
    for values in ({"V_th": -65.0}, {"V_rest": -40.0}):
        with pytest.raises(ParameterError, match="must be above V_rest"):
            Synapse(**values)
    simulation = engine.Simulation(Synapse())
    with pytest.raises(ParameterError):
        simulation.change(V_th=-70.0)


@pytest.mark.parametrize("dt", [0.02, 1.0])
def test_current_and_potential_are_exact_at_any_step_and_the_cell_fires_at_the_end_of_one(dt):
    model = Synapse(n=1, dt=dt, rate=80.0, strength=1.0, V_th=100.0)
    result = engine.run(model, steps=round(200 / dt), seed=3, record={"s": 1, "V": 1, "spikes": 1})
    since = dt * np.arange(1, len(result["s"]) + 1)[:, None] - result["spikes"]
    np.testing.assert_allclose(result["s"], 1000 * psc(since, 1, 5.0).sum(1), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(result["V"] + 65.0, psp(since, 1, 5.0, 20.0).sum(1), rtol=1e-9, atol=1e-9)
    result = engine.run(model.replace(train="regular", rate=200.0, strength=10.0, V_th=-50.0), steps=round(60 / dt), record={"fired": 1})
    steps = result["fired"] / dt
    assert len(steps) > 1 and steps == pytest.approx(np.round(steps))


def test_an_inhibitory_synapse_pulls_the_cell_down():
    result = engine.run(Synapse(weight=-1.0), steps=5000, record={"V": 1})
    assert result.summary["cell spikes"] == 0 and result["V"].max() <= -65.0 + 1e-9 and result["V"].min() < -70
