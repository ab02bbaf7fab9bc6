"""Memory by connections."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.models.networks.hopfield import Hopfield, energy, hebb, projection
from lab.models.networks.hopfield_capacity import theory_overlap


def test_hebb_weights_are_symmetric_without_diagonal():
    X = np.random.default_rng(0).choice([-1.0, 1.0], (5, 30))
    W = hebb(X)
    assert (W == W.T).all() and (np.diag(W) == 0).all()
    assert W[0, 1] == pytest.approx((X[:, 0] * X[:, 1]).sum() / 30)


def test_pseudo_inverse_holds_correlated_patterns():
    X = np.sign(np.random.default_rng(1).standard_normal((6, 40)) + 1.0)
    assert (np.sign(projection(X) @ X.T) == X.T).all()


def test_recall_of_a_spoilt_letter():
    found = engine.run(Hopfield(flips=0.15, rule="pseudo-inverse", count=4), steps=2000, seed=4, record={})
    assert found.summary["best match"] == pytest.approx(1.0) and found.summary["pattern"] == 0


def test_gradient_rule_taught_by_showing_becomes_hebbs_rule():
    model = Hopfield(rule="gradient", teaching=True, k=0.01, count=3)
    result = engine.run(model, steps=300, record={})
    X, _ = model.build(0)
    np.testing.assert_allclose(result.state["W"], hebb(X) * 64 * 0.01 * 100, rtol=1e-9)


def test_painting_and_storing_keep_the_energy_right():
    simulation = engine.Simulation(Hopfield())
    simulation.act("paint", row=2, column=3, value=1.0)
    simulation.act("store")
    assert simulation.summary()["patterns"] == 5
    assert simulation.state["E"][0] == pytest.approx(energy(simulation.state["W"], np.zeros(64), simulation.state["x"]))


def test_dense_network_recalls_a_grey_digit():
    found = engine.run(Hopfield(patterns="digits", count=30, rule="dense", flips=0.2, beta=20.0), steps=5, seed=1, record={})
    assert found.summary["best match"] > 0.99


def test_theory_falls_with_load_and_ends():
    assert theory_overlap(0.02) > theory_overlap(0.12) > 0.9 and theory_overlap(0.16) == 0.0


def test_biases_that_are_learnt_grow_by_what_is_shown_and_count_in_the_energy():
    simulation = Simulation(Hopfield(rule="gradient", teaching=True, biases=True, bias=0.1), 1)
    simulation.advance(8)
    shown = simulation.constants[0]
    np.testing.assert_allclose(simulation.observe("learnt biases").ravel(), 2 * simulation.model.k * shown.sum(0), atol=1e-15)
    x, b = simulation.state["x"], 0.1 + simulation.state["own"]
    assert simulation.summary()["energy"] == pytest.approx(energy(simulation.state["W"], b, x))
    np.testing.assert_array_equal(simulation.observe("slope by biases").ravel(), -x)
    np.testing.assert_array_equal(simulation.observe("slope by weights"), np.diag(np.ones(64)) - np.outer(x, x))


def test_one_pattern_has_one_singular_value_and_the_sum_as_many_as_there_are_patterns():
    simulation = Simulation(Hopfield(), 1)
    one, all_ = simulation.observe("ranks")
    assert (one > 0).sum() == 1 and (all_ > 0).sum() == 4 == simulation.summary()["rank of the sum"]
    patterns = simulation.constants[0]
    np.testing.assert_allclose(all_[:4], np.linalg.svd(patterns.T @ patterns / 64)[1][:4])
    assert np.linalg.matrix_rank(simulation.observe("outer")) == 1


def test_a_checkpoint_without_learnt_biases_begins_with_none():
    simulation = Simulation(Hopfield(), 1)
    simulation.advance(5)
    point = simulation.checkpoint()
    del point.state["own"]
    simulation.restore(point)
    assert not simulation.state["own"].any()
