"""One task by rates and by spikes: both give answers, and every operation is counted."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.neurons.energy_of_a_code import PIXELS, EnergyOfACode, rate_network


@pytest.fixture(scope="module")
def shown():
    """Forty digits through the default networks."""
    model = EnergyOfACode()
    return model, engine.run(model, steps=40 * model.presentation, seed=1)


def test_the_rate_network_is_the_matrix_product_and_counts_its_products(shown):
    _, result = shown
    net = result.simulation.constants
    hidden, out, counted = np.zeros(150), np.zeros(10), np.zeros(9, np.int64)
    rate_network(net.x[3], net.w1, net.b1, net.w2, net.b2, hidden, out, counted)
    expected = np.maximum(net.w1 @ net.x[3] + net.b1, 0)
    np.testing.assert_allclose(hidden, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(out, net.w2 @ expected + net.b2, rtol=1e-12, atol=1e-14)
    assert counted[3] == 64 * 150 + 150 * 10
    assert counted[4] == (net.x[3] == 0).sum() * 150 + (expected == 0).sum() * 10


def test_hidden_spikes_count_the_activity_of_the_rate_network():
    model = EnergyOfACode(presentation=500, input_rate=500.0)
    result = engine.run(model, steps=500, seed=1)
    net = result.simulation.constants
    spikes = np.bincount(result.recorded("spikes").index, minlength=PIXELS + 150)[PIXELS:]
    expected = np.maximum(net.w1 @ net.x[0] + net.b1, 0)
    # A cell may fire before its inhibition has come, so counts lie a little above; active cells are within a few spikes.
    strong = expected > 0.3
    np.testing.assert_allclose(spikes[strong] / 250.0, expected[strong], rtol=0.1)
    assert spikes[expected == 0].mean() < 0.05 * spikes[strong].mean()


def test_joules_are_counts_times_constants(shown):
    model, result = shown
    s = result.summary
    assert s["rates (nJ)"] == pytest.approx(s["multiply-accumulates"] / 40 * (3.7 + 0.9 + 5.0) / 1000)
    assert s["spikes (nJ)"] == pytest.approx((s["synaptic events"] * 5.9 + s["neuron updates"] * 0.9) / 40 / 1000)
    spikes = s["input spikes"] + s["hidden spikes"]
    assert s["spikes in grey matter (nJ)"] == pytest.approx((spikes * 3.84e8 + s["synaptic events"] * 1.64e5) * 8.3e-8 / 40 / 1000)
    frugal = model.replace(skip_zeros=True).joules(result.state)[0]
    assert frugal == pytest.approx((s["multiply-accumulates"] - s["of them with a zero input"]) / 40 * 9.6 / 1000)


def test_the_table_adds_up_to_the_bars(shown):
    _, result = shown
    digital, grey = result.observe("constants")[:3], result.observe("constants")[3:]
    rates = sum(row["rates, for a digit"] * row["pJ each"] for row in digital) / 1000
    spikes, brain = (sum(row["spikes, for a digit"] * row["pJ each"] for row in part) / 1000 for part in (digital, grey))
    np.testing.assert_allclose([rates, spikes, brain], result.observe("energy"))


def test_constants_may_change_while_it_runs_and_counts_stay(shown):
    model = EnergyOfACode()
    simulation = engine.Simulation(model, 1)
    simulation.advance(500)
    before = simulation.summary()
    simulation.change(multiply=0.0, add=0.0, fetch=0.0)
    after = simulation.summary()
    assert after["synaptic events"] == before["synaptic events"] and after["spikes (nJ)"] == 0.0


def test_energy_over_time_ends_at_the_energy_of_a_digit(shown):
    model, result = shown
    assert model._cost(result.state)[-1] == pytest.approx(result.summary["spikes (nJ)"])
    cost = model._cost(result.state)
    at = result.summary["break-even (ms)"]
    assert cost[at - 2] <= result.summary["rates (nJ)"] < cost[at - 1]


def test_looking_longer_makes_the_answer_surer_and_dearer(shown):
    model, result = shown
    right = result.state["right_by"]
    assert right[5] < right[-1]
    assert (np.diff(model._cost(result.state)) > 0).all()


def test_half_of_the_weights_is_half_of_the_products():
    result = engine.run(EnergyOfACode(pruned=0.5), steps=100, seed=1)
    assert result.summary["multiply-accumulates"] == 11_100 // 2


def test_digits_shown_are_not_those_learnt_from():
    from lab.data import sets as data

    net = EnergyOfACode().build(4)
    split = data.load("digits").split(seed=4)
    np.testing.assert_array_equal(net.t, split.part("test")[1])
