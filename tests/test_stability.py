"""Linear response of LIF neurons and the borders of steady firing in Brunel's network."""

import numpy as np
import pytest

from lab.graph.kinds.populations import brunel, network
from lab.spiking import stability
from lab.spiking.stability import borders, loop_gain, response
from lab.spiking.theory import siegert

CELL = network(brunel()).populations[0][1]
BRUNEL = (CELL, 0.1, 1.0, (1000.0, 250.0, 1000.0), 1.5)


def test_the_response_to_slow_changes_is_the_slope_of_siegerts_rate(monkeypatch):
    monkeypatch.setattr(stability, "STEPS", 6000)

    mu, sigma, h = np.array([15.0, 18.0, 22.0, -10.0]), np.array([5.0, 4.0, 6.0, 12.0]), 1e-3

    def rate(mu, sigma):
        return siegert(mu, sigma, CELL.tau, CELL.threshold, CELL.reset, CELL.refractory) / 1000

    found, by_mean, by_variance = response(mu, sigma, np.array([0.01]), CELL)
    assert found == pytest.approx(rate(mu, sigma), rel=5e-3)
    assert by_mean[:, 0].real == pytest.approx((rate(mu + h, sigma) - rate(mu - h, sigma)) / (2 * h), rel=5e-3)
    assert by_variance[:, 0].real == pytest.approx((rate(mu, np.sqrt(sigma**2 + h)) - rate(mu, np.sqrt(sigma**2 - h))) / (2 * h), rel=5e-3)


def test_the_response_to_fast_changes_of_the_mean_falls_with_the_square_root_of_the_frequency(monkeypatch):
    monkeypatch.setattr(stability, "STEPS", 6000)
    # A white-noise LIF neuron follows the variance at any frequency, and the mean as 1 / sqrt(w), 45 degrees late (Brunel et al. 2001).
    _, by_mean, by_variance = response(np.array([18.0]), np.array([5.0]), np.array([2e3, 8e3]), CELL)
    assert abs(by_mean[0, 0] / by_mean[0, 1]) == pytest.approx(2.0, rel=0.1)
    assert abs(by_variance[0, 0] / by_variance[0, 1]) == pytest.approx(1.0, rel=0.15)


def test_the_network_oscillates_at_the_frequency_that_is_measured_where_it_is_unstable(monkeypatch):
    frequencies = np.arange(100.0, 300.0, 2.0)
    monkeypatch.setattr(stability, "FREQUENCIES", frequencies)
    _, gain = loop_gain(np.array([53.0]), np.array([6.0]), *BRUNEL)
    loop = gain[0]
    crossing = np.flatnonzero((np.diff(np.sign(loop.imag)) != 0) & (loop.real[:-1] > 0))
    # g 6, drive 4: about 185 Hz is seen in simulations.
    assert len(crossing) == 1 and loop.real[crossing[0]] > 1 and 175 < frequencies[crossing[0]] < 195


def test_brunels_four_states_lie_on_their_sides_of_the_borders():
    g, slow, fast = borders(*BRUNEL, 10.0)

    def at(value):
        return int(np.argmin(np.abs(g - value)))

    assert fast[at(6.0)] < 4.0  # g 6, drive 4: fast oscillation
    assert fast[at(5.0)] > 2.0 and slow[at(5.0)] < 2.0  # g 5, drive 2: steady
    assert slow[at(4.5)] == pytest.approx(0.9, abs=0.03)  # g 4.5, drive 0.9: slow oscillation, at its border
    assert (np.diff(fast[np.isfinite(fast)]) < 0).all()  # the stronger the inhibition, the less drive it takes
