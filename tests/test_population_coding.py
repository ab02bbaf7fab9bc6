"""A population that holds a value: decoders against LAPACK, rates against their formula, and what a person does to it."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.models.networks.population_coding import PopulationCoding
from lab.spiking.coding import decoders as solvers
from lab.spiking.coding.populations import diagonals, gain_and_bias, population, rate, sphere


@pytest.mark.parametrize("kind", ["LIF", "sigmoid"])
def test_neurons_reach_their_highest_rate_at_one_and_begin_at_their_intercept(kind):
    highest, begin = np.array([80.0, 200.0, 400.0]), np.array([-0.9, 0.0, 0.8])
    gain, bias = gain_and_bias(kind, highest, begin)
    np.testing.assert_allclose(rate(kind, gain + bias), highest, rtol=1e-12)
    at = rate(kind, gain * begin + bias)
    assert (at == 0.0).all() if kind == "LIF" else np.allclose(at, 500.0 / (1.0 + np.exp(2.0)))
    assert (rate(kind, gain * (begin + 0.01) + bias) > at).all()


def test_directions_lie_on_the_sphere():
    rng = np.random.default_rng(0)
    for drawn in (sphere(rng, 50, 3), diagonals(rng, 50, 3)):
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0, rtol=1e-12)


def test_least_squares_is_the_smallest_solution_also_where_neurons_are_silent_or_stand_twice():
    rng = np.random.default_rng(1)
    of = population(rng, 40)
    x = np.linspace(-1, 1, 200)[:, None]
    H = np.hstack([of.rates(x), of.rates(x)[:, :10], np.zeros((200, 2))])
    np.testing.assert_allclose(solvers.least_squares(H, x), np.linalg.lstsq(H, x, rcond=None)[0], atol=1e-9)
    with pytest.raises(LabError, match="has no inverse: 52 neurons"):
        solvers.normal_equations(H, x)


@pytest.mark.parametrize("points", [30, 200])
def test_regularised_decoders_minimise_error_plus_noise(points):
    of = population(np.random.default_rng(2), 60)
    x = np.linspace(-1, 1, points)[:, None]
    H = of.rates(x)
    sigma = 0.1 * H.max()
    # The same as least squares on rows that ask each decoder to be small.
    more = np.vstack([H, np.sqrt(points) * sigma * np.eye(60)])
    expected = np.linalg.lstsq(more, np.vstack([x, np.zeros((60, 1))]), rcond=None)[0]
    np.testing.assert_allclose(solvers.regularised(H, x), expected, rtol=1e-6, atol=1e-12)


def test_killing_bends_the_sum_and_fitting_anew_mends_it():
    simulation = Simulation(PopulationCoding())
    whole = simulation.summary()["distortion"]
    simulation.act("kill", share=30.0)
    bent = simulation.summary()
    simulation.act("refit")
    mended = simulation.summary()
    assert bent["alive"] == mended["alive"] == 70
    assert bent["distortion"] > 10 * whole and mended["distortion"] < 3 * whole
    simulation.act("revive")
    assert simulation.summary()["distortion"] == whole


def test_a_silent_population_says_nothing():
    simulation = Simulation(PopulationCoding())
    simulation.act("kill", share=100.0)
    simulation.act("refit")
    simulation.advance(200)
    assert np.abs(simulation.state["heard"][0]) < 1e-8 and simulation.summary()["alive"] == 0


def test_the_function_is_read_and_never_run():
    with pytest.raises(LabError, match=r"population-coding\.function"):
        PopulationCoding(function="__import__('os')")
    with pytest.raises(LabError, match="no finite value at x = "):
        Simulation(PopulationCoding(function="log(x)"))
    square = run(PopulationCoding(function="x^2", drive="by hand", x=-0.8), steps=2000, record={"value": 1})
    np.testing.assert_allclose(square["value"][500:].mean(axis=0), 0.64, atol=0.02)
