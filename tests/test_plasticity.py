"""STDP against its formula, and what it does to a population."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.neurons.hebbian_learning import HebbianLearning
from lab.models.neurons.plasticity import PAIRINGS, Plasticity, window


def test_simultaneous_spikes_change_nothing():
    assert window(np.zeros(1), 1.0, 1.0, 10.0, 10.0)[0] == 0.0


def test_a_changed_rule_is_measured_again():
    simulation = engine.Simulation(Plasticity())
    simulation.advance(PAIRINGS)
    simulation.change(A_plus=0.05)
    assert np.isnan(simulation.observe("measured")[1]).all()
    simulation.advance(PAIRINGS)
    assert simulation.summary()["window error"] < 1e-12


def test_weights_stay_between_0_and_1():
    w = engine.run(Plasticity(A_plus=0.1, A_minus=0.1), steps=20_000, record={}).state["w"]
    assert w.min() >= 0 and w.max() <= 1


@pytest.mark.parametrize("direction", [-70.0, 10.0, 85.0])
def test_oja_finds_every_direction(direction):
    found = engine.run(HebbianLearning(direction=direction, rate=0.003), steps=20_000, record={}).summary
    assert found["angle to the principal component (°)"] < 4


def test_the_output_rate_is_that_of_now_not_a_mean_since_the_start():
    simulation = engine.Simulation(Plasticity(shared=0.0, A_plus=0.0, A_minus=0.0))
    whole = simulation.advance(20_000, ["spikes"]).events["spikes"]
    mine = whole[0][whole[1] == 100]  # row 100 is the neuron
    last = (mine + 1)[-9:] * 0.5
    assert simulation.summary()["output (Hz)"] == pytest.approx(8000.0 / (last[-1] - last[0]))
    simulation.change(rate=0.1)  # hardly any input: it falls silent
    simulation.advance(2000)
    assert simulation.summary()["output (Hz)"] == 0.0
