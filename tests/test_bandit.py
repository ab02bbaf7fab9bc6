"""Arms of a bandit: the rule, the baseline, and a state of a stranger."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.kernels import seed_state
from lab.models.learning.bandit import TOLD, WITH, WITHOUT, pull

MODEL = catalog.load("bandit")
SMALL = {"bandits": 6, "arms": 3, "pulls": 50}


def test_one_pull_moves_preferences_as_the_rule_says():
    worth, preferences, mean = np.array([[1.0, 3.0, 2.0]]), np.zeros((3, 1, 3)), np.array([2.5])
    chosen = np.zeros((3, 1), np.int64)
    rows = np.empty((1, 2, 3))
    pull(worth, preferences, mean, np.array([4.0]), chosen, seed_state(1), 0.5, 0.0, rows)
    a = int(chosen[WITH, 0])
    slope = np.eye(3)[a] - 1 / 3
    np.testing.assert_allclose(preferences[WITH, 0], 0.5 * (worth[0, a] - 2.5) * slope)
    np.testing.assert_allclose(preferences[WITHOUT, 0], 0.5 * worth[0, a] * slope)
    np.testing.assert_allclose(preferences[TOLD, 0], 0.5 * (np.eye(3)[1] - 1 / 3))
    assert mean[0] == pytest.approx(2.5 + (worth[0, a] - 2.5) / 5)
    np.testing.assert_allclose(rows[0, 0], 2 / 3)
    np.testing.assert_allclose(rows[0, 1], 1 / 3)


def test_the_first_reward_is_its_own_mean():
    preferences, mean = np.zeros((3, 1, 3)), np.zeros(1)
    pull(np.ones((1, 3)) * 4, preferences, mean, np.zeros(1), np.zeros((3, 1), np.int64), seed_state(1), 0.5, 0.0, np.empty((1, 2, 3)))
    assert (preferences[WITH] == 0).all() and mean[0] == 4.0


def test_all_learners_of_a_bandit_pull_the_same_arm_at_first_and_see_the_same_noise():
    s = Simulation(MODEL(**SMALL), 3)
    s.advance(1)
    chosen = s.state["chosen"]
    assert (chosen[WITH] == chosen[WITHOUT]).all() and (chosen[WITH] == chosen[TOLD]).all()


def test_pictures_and_other_arms():
    s = Simulation(MODEL(**SMALL), 3)
    s.advance(20)
    for stream in s.model.streams:
        if stream.form == "snapshots":
            shown = s.observe(stream.name)
            assert shown.shape == (3,) and (stream.name == "worth" or shown.sum() == pytest.approx(1.0))
    before = s.state["worth"].copy()
    s.act("other")
    assert (s.state["worth"] != before).all()


def test_arms_that_pay_nothing_at_all_divide_nothing():
    s = Simulation(MODEL(level=0.0, spread=0.0, **SMALL), 1)
    s.advance(20)
    assert s.summary()["reward without"] == 1.0


@pytest.mark.parametrize("name", ["worth", "preferences", "mean", "chosen", "rng"])
def test_a_state_of_other_bandits_is_refused(name):
    s = Simulation(MODEL(**SMALL), 1)
    point = s.checkpoint()
    point.state[name] = point.state[name][:-1]
    with pytest.raises(LabError, match=name):
        s.restore(point)
