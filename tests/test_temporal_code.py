"""Equal rates, different times."""

import numpy as np

from lab.engine import simulation as engine
from lab.models.neurons.temporal_code import TemporalCode


def test_summary_says_that_rates_are_equal_and_outputs_are_not():
    summary = engine.run(TemporalCode(), steps=TemporalCode().period * 4).summary
    assert summary["input rate, even (per trial)"] == summary["input rate, packed (per trial)"] == 10
    assert summary["verdict"] == "equal input rates, different outputs"


def test_without_weight_nothing_fires():
    assert engine.run(TemporalCode(weight=0.0), steps=4000).summary["output, packed"] == 0


def test_equal_time_constants_are_the_limit_of_unequal_ones():
    same, near = (engine.run(TemporalCode(tau_m=5.0, tau_s=tau, weight=2.0), steps=1000, record=["v"])["v"] for tau in (5.0, 5.001))
    np.testing.assert_allclose(same, near, atol=1e-3)
