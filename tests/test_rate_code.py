"""The rate code: variance of counts, and what the live estimates show."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.neurons.rate_code import RateCode, count_variance


@pytest.mark.parametrize("length", [3.0, 25.0, 400.0])
def test_count_variance_of_gamma_trains_equals_a_simulation(length):
    rng = np.random.default_rng(1)
    rate, order, many = 40.0, 3, 20_000
    gaps = rng.gamma(order, 1000 / rate / order, (many, 60))
    # A train seen from a time far from its beginning.
    times = np.cumsum(gaps, axis=1) - 500.0 - rng.uniform(0, 25.0, (many, 1))
    counts = ((times >= 0) & (times < length)).sum(axis=1)
    assert counts.var() == pytest.approx(count_variance(rate, length, "gamma", order), rel=0.05)


def test_count_variance_has_its_limits():
    assert count_variance(40.0, 100.0, "gamma", 1) == pytest.approx(4.0)
    # A gamma train of high order is nearly a clock.
    assert count_variance(30.0, 50.0, "gamma", 5000) == pytest.approx(count_variance(30.0, 50.0, "regular", 1), rel=0.05)
    assert count_variance(40.0, 100.0, "regular", 1) == 0.0


@pytest.mark.parametrize("values", [{"train": "Poisson"}, {"train": "regular"}, {"train": "gamma", "regularity": 5}])
def test_every_kind_of_train_has_the_rate_asked_for(values):
    model = RateCode(rate=80.0, trains=50, **values)
    result = engine.run(model, model.steps_for(10_000.0), seed=2)
    assert len(result["spikes"]) / 50 / 10 == pytest.approx(80.0, rel=0.02)


def test_a_varying_rate_is_followed_by_the_spikes():
    model = RateCode(rate=60.0, depth=0.8, frequency=2.0, trains=200)
    result = engine.run(model, model.steps_for(10_000.0), seed=3)
    phase = np.histogram(result["spikes"] % 500.0, 10, (0, 500.0))[0] / (200 * 20 * 0.05)
    edges = np.linspace(0, 2 * np.pi, 11)
    expected = 60.0 * (1 + 0.8 * (np.cos(edges[:-1]) - np.cos(edges[1:])) / np.diff(edges))
    np.testing.assert_allclose(phase, expected, rtol=0.05)
    np.testing.assert_allclose(engine.run(model, 1000, record=["rate"])["rate"].mean(), 60.0, rtol=1e-9)


def test_making_the_window_longer_brings_spikes_back():
    model = RateCode(rate=100.0, window=50.0, trains=1)
    simulation = engine.Simulation(model, 7)
    block = simulation.advance(4000, ["estimate"])
    spikes = (block.events["spikes"][0] + block.events["spikes"][2]) * 0.5
    simulation.change(window=1000.0)
    rows = simulation.advance(1, ["estimate"]).samples["estimate"]
    now = 2000.5
    assert rows[0, 0] == pytest.approx(((spikes > now - 1000.0) & (spikes <= now)).sum(), abs=1)


def test_changing_the_trains_measures_anew():
    simulation = engine.Simulation(RateCode(), 1)
    simulation.advance(4000)
    simulation.change(train="regular")
    assert simulation.state["done"].sum() == 0
    simulation.advance(4001)
    assert simulation.summary()["CV"] < 1e-6


def test_theory_needs_four_times_as_long_for_half_the_error():
    theory = RateCode().theory(np.array([100.0, 400.0]))
    assert np.sqrt(theory[0] / theory[1]) == pytest.approx(2.0)
