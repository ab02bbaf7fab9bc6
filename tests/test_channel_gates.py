"""Channels of four gates against the binomial distribution and the equations of the squid axon."""

import math

import numpy as np
import pytest

from lab.engine.simulation import run
from lab.models.neurons.channel_gates import ChannelGates
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley


@pytest.mark.parametrize("figure", list(ChannelGates.figures()), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


@pytest.mark.parametrize("kind", ["potassium: n n n n", "sodium: m m m h"])
def test_expected_values_are_those_of_the_clamped_squid_axon(kind):
    model = ChannelGates(kind=kind, onset=0.0, width=100.0, period=0.0, command=-20.0)
    cell = HodgkinHuxley(mode="voltage clamp")
    gates = cell.steady(np.array([-65.0]))[1:].copy()
    opened = cell.clamp(gates, np.array([-20.0]), 200, 0.02)[0 if kind.startswith("sodium") else 1, :, 0]
    found = run(model, steps=200, record={"open": 1})["open"][:, 1]
    np.testing.assert_allclose(found, opened, rtol=1e-9)


def test_a_channel_conducts_only_while_all_four_gates_are_open():
    result = run(ChannelGates(channels=1), steps=4000, seed=2, record={"first": 1, "current": 1})
    np.testing.assert_array_equal(result["current"] != 0.0, result["first"] == 4.0)
    assert 0 < (result["first"] == 4).mean() < 1


def test_numbers_of_open_gates_are_binomial_and_add_up_to_one():
    result = run(ChannelGates(channels=50), steps=10)
    counted, expected = result.observe("numbers")
    n = float(result.state["expected"][0])
    assert expected == pytest.approx([math.comb(4, k) * n**k * (1 - n) ** (4 - k) for k in range(5)])
    assert counted.sum() == pytest.approx(1.0) and result.observe("mosaic").shape == (4, 48)
