"""Digits told only right or wrong: the estimate, the same start, and what a person sees of it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import DivergenceError, LabError
from lab.kernels import seed_state
from lab.training import feedback
from lab.training import predictive as pc

MODEL = catalog.load("right-or-wrong")
SMALL = {"hidden": "12", "epochs": 3}


def small(seed=0, sizes=(3, 4, 3), batch=5):
    random = np.random.default_rng(seed)
    net = pc.layout(sizes)
    weights = pc.first_weights(net, random, True)
    weights.M[:] *= 2
    return net, weights, random.normal(size=(batch, sizes[0])), random.integers(0, sizes[-1], batch)


def chances(net, weights, x, kind=0):
    nodes = pc.empty(net, len(x))
    nodes.x[: x.size] = x.ravel()
    pc.forward(net, weights.M, weights.b, kind, nodes, len(x))
    found = np.empty((len(x), int(net.sizes[-1])))
    feedback.softmax_rows(pc.layers(net, nodes.mu, len(x))[-1], found)
    return found


def step(net, weights, x, t, pay, rng, mean=0.0):
    made = pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.M)
    told = feedback.Told(t, np.zeros(len(x), np.int64), np.zeros(len(x)), np.array([mean, 100.0]))
    share = feedback.taught(net, weights, 0, pc.empty(net, len(x)), x, told, np.array(pay, float), rng, made)
    return made, told, share


def test_told_the_answer_it_follows_the_slope_of_the_log_likelihood():
    net, weights, x, t = small()
    made, _, _ = step(net, weights, x, t, (1, 0, 1, 1, 0), seed_state(1))
    h = 1e-6
    for flat, own in ((weights.M, made.M), (weights.b, made.b)):
        for i in range(flat.size):
            kept, ends = flat[i], []
            for sign in (h, -h):
                flat[i] = kept + sign
                ends.append(np.log(chances(net, weights, x)[np.arange(len(x)), t]).mean())
            flat[i] = kept
            assert own[i] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


@pytest.mark.parametrize("baseline, mean", [(0, 0.0), (1, 0.4)])
def test_told_right_or_wrong_its_mean_is_the_slope_of_the_expected_reward(baseline, mean):
    net, weights, x, t = small(1)
    rng, total, count = seed_state(3), 0.0, 20_000
    for _ in range(count):
        total = total + step(net, weights, x, t, (2, -1, baseline, 0, 0.3), rng, mean)[0].M
    h, slope = 1e-6, np.zeros(weights.M.size)
    for i in range(weights.M.size):
        kept, ends = weights.M[i], []
        for sign in (h, -h):
            weights.M[i] = kept + sign
            whole = chances(net, weights, x)
            p = whole[np.arange(len(x)), t]
            ends.append((2 * p - (1 - p) - 0.3 * (whole * np.log(whole)).sum(1)).mean())
        weights.M[i] = kept
        slope[i] = (ends[0] - ends[1]) / (2 * h)
    np.testing.assert_allclose(total / count, slope, atol=0.02 * np.abs(slope).max() + 0.01)


def test_what_is_said_and_paid_is_what_is_counted():
    net, weights, x, t = small(2, batch=50)
    _, told, share = step(net, weights, x, t, (3, -2, 1, 0, 0), seed_state(5))
    good = told.said == t
    assert share == good.mean() and (told.paid == np.where(good, 3, -2)).all()
    assert told.mean[1] == 150 and told.mean[0] == pytest.approx(told.paid.sum() / 150)


def test_both_begin_alike_and_only_the_feedback_differs():
    s = Simulation(MODEL(**SMALL), 1)
    assert (s.state["M"][0] == s.state["M"][1]).all()
    s.advance(5)
    assert (s.state["M"][0] != s.state["M"][1]).any()
    s.act("forget")
    assert (s.state["M"][0] == s.state["M"][1]).all() and (s.state["first_M"] == 0).all()


def test_pictures_and_the_end():
    s = Simulation(MODEL(**SMALL), 1)
    s.advance(1000)
    assert s.step == 3 * 44
    assert len(s.observe("feedback")) == len(s.observe("digits")) == 12
    np.testing.assert_allclose(s.observe("says").sum(1), 1.0)
    assert s.observe("told says").trace() > s.observe("says").trace()
    assert 0 < s.summary()["right or wrong"] < s.summary()["told the answer"]


def test_a_rate_that_is_too_large_is_named():
    s = Simulation(MODEL(rate=1.0, right=10.0, activation="linear", epochs=10_000), 1)
    s.state["M"][:] = 2e6
    with pytest.raises(DivergenceError, match="learning rate 1"):
        s.advance(2)


@pytest.mark.parametrize("name, value", [("M", None), ("said", 10), ("said", -1), ("counters", -1)])
def test_a_state_of_a_stranger_is_refused(name, value):
    s = Simulation(MODEL(**SMALL), 1)
    point = s.checkpoint()
    point.state[name] = point.state[name][:-1] if value is None else np.full_like(point.state[name], value)
    with pytest.raises(LabError, match=name):
        s.restore(point)


def test_wrong_layers_are_refused():
    with pytest.raises(LabError, match="joined by"):
        MODEL(hidden="a")
