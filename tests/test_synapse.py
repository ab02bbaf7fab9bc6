"""The post-synaptic current against its closed form."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.neurons.synapse import Synapse, psc


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
