"""Attacks within a ball: what they find lies in it, evaluation mode, their strength, questions counted, the page by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.training.attacks import FGSM, NORMS, Attack, Ball, Climb, flags, fooled, jostled, withstood

ATTACK = catalog.load("adversarial-attack")
SMALL = {"hidden": "16", "epochs": 4, "rate": 0.01}


def trained(**values):
    s = Simulation(ATTACK(**SMALL | values), 1)
    s.advance(s.model.length)
    return s


@pytest.fixture(scope="module")
def digits():
    return trained(epochs=12)


@pytest.fixture(scope="module")
def moons():
    return trained(data="moons", n=200, eps=0.3, epochs=20)


def parts(s, count=64):
    return s.constants.extra["attack"], s.model.weights(s.constants, s.state), *s.model.judged_examples(s.constants, count)


def random_attack(seed, dropout=0.0, norm=False, dtype="float32"):
    """A small network with random weights, some of its layers with dropout or batch norm, and random inputs."""
    random = np.random.default_rng(seed)

    def write(t, x, outputs):
        h = t.affine(x, 7, name="first")
        h = t.batch_norm(h, name="norm") if norm else h
        h = t.relu(h)
        h = t.dropout(h, dropout, name="out") if dropout else h
        return t.affine(h, outputs, name="last")

    attack = Attack(write, 5, 3, 0.0, 1.0, batch=8, dtype=dtype)
    program = attack.programs["2"]
    state = program.start(seed)
    weights = program.parameters(state) | program.statistics(state)
    for array in weights.values():
        array[...] = random.normal(size=array.shape) if array.ndim < 2 or array.shape[0] > 2 else array
    return attack, weights, random.random((20, 5)).astype(dtype), random.integers(0, 3, 20)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(4))
def test_everything_an_attack_finds_lies_in_the_ball_and_in_the_range(seed, norm):
    attack, weights, x, t = random_attack(seed)
    for eps in (0.0, 0.05, 0.7):
        ball = attack.ball(eps, norm)
        for climb in (Climb(0), FGSM, Climb(15, 0.3, seed=seed), Climb(15, 1.7, False, towards=True)):
            near = attack.climb(weights, x, t, ball, climb).x
            assert ball.size(near.astype(float) - x).max() <= eps + 1e-6 and near.min() >= 0.0 and near.max() <= 1.0
        for way in ("finite differences", "NES"):
            near = attack.question(weights, x[:1], int(t[0]), ball, Climb(4, 0.5), way, 6, 0.01).x
            assert ball.size(near.astype(float) - x[:1]).max() <= eps + 1e-6 and near.min() >= 0.0 and near.max() <= 1.0


def test_attacks_run_in_evaluation_mode_and_leave_nothing_behind():
    plain, weights, x, t = random_attack(3, norm=True)
    dropped = random_attack(3, dropout=0.5, norm=True)[0]
    before = {name: array.copy() for name, array in weights.items()}
    for norm in NORMS:
        found = [a.climb(weights, x, t, a.ball(0.2, norm), Climb(8, 0.3, False)) for a in (plain, dropped)]
        np.testing.assert_array_equal(found[0].x, found[1].x)
        np.testing.assert_array_equal(found[0].logits, found[1].logits)
    assert all((weights[name] == before[name]).all() for name in before)
    s = trained(dropout=0.5, normalise="batch", epochs=1)
    bytes_before = {name: array.tobytes() for name, array in s.state.items()}
    for stream in ("inputs", "against eps", "slice", "health of the attack"):
        s.observe(stream)
    assert {name: array.tobytes() for name, array in s.state.items()} == bytes_before
    once, again = s.observe("reads"), s.observe("reads")
    np.testing.assert_array_equal(once, again)


def test_one_step_is_the_sign_of_the_slope_and_the_slope_is_that_of_the_loss():
    attack, weights, x, t = random_attack(1, dtype="float64")
    slope, h = attack.slope(weights, x, t), 1e-6

    def losses(points):
        z = attack.logits(weights, points)
        return np.log(np.exp(z).sum(1)) - z[np.arange(len(t)), t]

    for i in range(5):
        step = h * np.eye(5)[i]
        np.testing.assert_allclose(slope[:, i], (losses(x + step) - losses(x - step)) / (2 * h), rtol=1e-4, atol=1e-7)
    near = attack.climb(weights, x, t, attack.ball(0.01, "infinity"), FGSM).x
    np.testing.assert_allclose(near, np.clip(x + 0.01 * np.sign(slope), 0, 1), atol=1e-12)
    near = attack.climb(weights, x, t, attack.ball(0.01, "2"), FGSM).x
    np.testing.assert_allclose(near, np.clip(x + 0.01 * slope / np.linalg.norm(slope, axis=1, keepdims=True), 0, 1), atol=1e-10)


def test_questions_are_counted_and_differences_find_what_the_slope_finds():
    attack, weights, x, t = random_attack(2, dtype="float64")
    ball = attack.ball(0.02, "infinity")
    right = np.flatnonzero(~fooled(attack.logits(weights, x), t))
    k = next(
        k for k in right if not fooled(attack.climb(weights, x[k : k + 1], t[k : k + 1], ball, Climb(5, 0.2, False)).logits, t[k]).any()
    )
    asked = attack.question(weights, x[k : k + 1], int(t[k]), ball, Climb(5, 0.2, False), "finite differences", 1, 1e-5)
    white = attack.climb(weights, x[k : k + 1], t[k : k + 1], ball, Climb(5, 0.2, False))
    assert asked.asked == 1 + 5 * (2 * 5 + 1) and asked.trace.shape == (1, 6)
    np.testing.assert_allclose(asked.x, white.x, atol=1e-6)
    np.testing.assert_allclose(asked.trace, white.trace, rtol=1e-6)
    wrong = int(np.flatnonzero(fooled(attack.logits(weights, x), t))[0])
    assert attack.question(weights, x[wrong : wrong + 1], int(t[wrong]), ball, Climb(5), "NES", 9, 0.01).asked == 1  # there already


@pytest.mark.parametrize("norm", NORMS)
def test_many_steps_leave_no_more_right_than_one_and_noise_leaves_most(digits, norm):
    attack, weights, x, t = parts(digits, 120)
    for eps in (0.05, 0.15) if norm == "infinity" else (0.3, 0.9):
        ball = attack.ball(eps, norm)
        once, many = withstood(attack, weights, x, t, ball, FGSM), withstood(attack, weights, x, t, ball, Climb(20, 0.2))
        assert many <= once and withstood(attack, weights, x, t, ball, Climb(20, 0.2), restarts=3) <= many
        assert jostled(attack, weights, x, t, ball) > many + 0.1


def test_a_linear_classifier_gives_way_by_eps_times_the_one_norm():
    s = trained(data="wine", hidden="", epochs=10)
    attack, weights, x, t = parts(s)
    other = (t + 1) % 3
    for norm in NORMS:
        near = attack.climb(weights, x, other, attack.ball(0.1, norm), Climb(1, 1.0, False, towards=True))
        assert near.trace.shape == (len(x), 2) and (near.trace[:, 1] < near.trace[:, 0]).all()
    two = trained(data="breast cancer", hidden="", epochs=5)
    attack, weights, x, t = parts(two)
    w = weights["output.weight"].astype(float)
    for norm, size in (("infinity", np.abs(w[:, 1] - w[:, 0]).sum()), ("2", np.linalg.norm(w[:, 1] - w[:, 0]))):
        rows = np.arange(len(t))
        before, after = attack.logits(weights, x), attack.climb(weights, x, t, attack.ball(0.3, norm), FGSM).logits
        fall = (before - after)[rows, t] - (before - after)[rows, 1 - t]
        # Where the network is sure, p - 1 is rounded, and the direction with it; its signs are not.
        np.testing.assert_allclose(fall, 0.3 * size, rtol=1e-4 if norm == "infinity" else 0.02)


def test_flags_find_what_makes_an_attack_worthless(digits):
    attack, weights, x, t = parts(digits)
    marks = lambda *given: [row[""] for row in flags(attack, weights, *given)]  # noqa: E731
    ball = attack.ball(0.15, "infinity")
    assert marks(x, t, ball, Climb(40, 0.1)) == ["✓"] * 4
    assert marks(x, t, ball, Climb(2, 0.05, False))[3] == "✗"
    assert marks(x + 0.2, t, ball, Climb(40, 0.1))[1] == "✗"
    sure = {name: array * (1e4 if name.startswith("output") else 1) for name, array in weights.items()}
    right = ~fooled(attack.logits(weights, x), t)
    rows = flags(attack, sure, x[right], t[right], ball, Climb(5))
    assert rows[0][""] == "✗" and "no slope" not in rows[1]["finding"] and "none" in rows[0]["finding"]


def test_the_random_picture_is_as_far_away_as_the_attacked_one(digits):
    for norm in NORMS:
        digits.change(norm=norm, eps=0.12)
        four = digits.observe("inputs").reshape(4, -1)
        ball = Ball(0.12, norm)
        assert ball.size(four[1:] - four[0]).max() <= 0.12 + 1e-6
        captions = [row["caption"] for row in digits.observe("input captions")]
        assert [c.partition(":")[0] for c in captions] == ["clean", "attacked", "random", "by hand"]
        np.testing.assert_allclose(digits.observe("changes").reshape(3, -1), (four[1:] - four[0]) / 0.12, atol=1e-6)
        np.testing.assert_allclose(digits.observe("reads").sum(1), 1.0, atol=1e-6)


def test_the_hand_stays_in_the_ball_and_the_slice_is_what_it_meets(digits):
    digits.change(norm="infinity", eps=0.15)
    for x, y in ((0.3, -0.4), (5.0, 5.0), (-1.5, 0.1)):
        digits.act("drag_input", x=x, y=y)
        four = digits.observe("inputs").reshape(4, -1)
        assert np.abs(four[3] - four[0]).max() <= 0.15 + 1e-6
        assert abs(digits.model.along) + abs(digits.model.across) <= 1 + 1e-9
    digits.act("drag_input", x=0.0, y=0.0)
    four = digits.observe("inputs")
    np.testing.assert_array_equal(four[3], four[0])
    slice_, reads = digits.observe("slice"), digits.observe("reads")
    t = digits.model.example(digits.constants, digits.state)[1]
    assert slice_[16, 16] == pytest.approx(reads[0, t] - np.delete(reads[0], t).max(), abs=1e-6)
    for attack in ("PGD", "FGSM"):
        digits.change(attack=attack)
        digits.act("drag_input", x=1.0, y=0.0)  # all the way to the attack; with FGSM the way is that of the slope
        four = digits.observe("inputs").reshape(4, -1)
        np.testing.assert_allclose(four[3], four[1], atol=1e-6)
    known, weights, _, _ = parts(digits, 1)
    x, t = digits.model.example(digits.constants, digits.state)
    slope = known.slope(weights, x, np.array([t]))
    np.testing.assert_allclose(four[3], np.clip(four[0] + 0.15 * np.sign(slope[0]), 0, 1), atol=1e-6)
    digits.change(attack="PGD")
    digits.act("drag_input", x=0.0, y=1.0)  # all the way in the random direction is the random picture
    four = digits.observe("inputs")
    np.testing.assert_allclose(four[3], four[2], atol=1e-6)


def test_examples_are_chosen_drawn_and_attacked(digits):
    digits.act("look_at", index=7)
    x, t = digits.model.example(digits.constants, digits.state)
    np.testing.assert_array_equal(x[0], digits.constants.material.test_x[7])
    assert t == digits.constants.material.test_t[7]
    digits.act("next_example")
    assert int(digits.state["chosen"][0]) == 8
    with pytest.raises(LabError, match="below the number of test examples"):
        digits.act("look_at", index=10_000)
    digits.act("clear_canvas")
    for row in range(4, 28):
        digits.act("paint", row=row, column=16, value=1.0)
    x, t = digits.model.example(digits.constants, digits.state)
    assert t == digits.observe("reads")[0].argmax() and x.max() > 0.5
    digits.state["chosen"][0] = -5  # what a file says is never an index
    assert digits.observe("inputs").shape == (4, 8, 8)
    digits.act("look_at", index=0)
    before = digits.observe("inputs")
    digits.act("redraw")
    after = digits.observe("inputs")
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()


def test_a_class_can_be_aimed_at(digits):
    digits.change(aimed=3, eps=0.4, attack="PGD", norm="infinity")
    assert digits.summary()["read as the class aimed at"] > 0.5
    trace = digits.observe("climbing")[1]
    assert trace[-1] < trace[0]
    digits.change(aimed=-1, eps=0.15)
    digits.change(attack="NES")
    assert digits.summary()["queries"] >= 1 and len(digits.observe("climbing")[0]) >= 1
    digits.change(attack="PGD")


def test_in_a_plane_the_ball_and_the_way_are_drawn(moons):
    x, _ = moons.model.example(moons.constants, moons.state)
    ball, way = moons.observe("ball"), moons.observe("way")
    np.testing.assert_allclose(np.abs(ball - x.T).max(1), 0.3, atol=1e-6)
    np.testing.assert_allclose(way[:, 0], x[0], atol=1e-6)
    np.testing.assert_allclose(way[:, -1], moons.model.four(moons.constants, moons.state)[1], atol=1e-6)
    arrows = moons.observe("pushes")
    assert np.abs(arrows[:, 2:4]).max() <= 0.3 + 1e-6
    m = moons.constants.material
    place = m.test_x[5]
    moons.act("choose_nearest", x=float(place[0]), y=float(place[1]))
    assert int(moons.state["chosen"][0]) == 5
    moons.act("drag_input", x=float(place[0]) + 0.1, y=float(place[1]) + 5.0)
    np.testing.assert_allclose(moons.model.four(moons.constants, moons.state)[3], place + np.array([0.1, 0.3]), atol=1e-6)


def test_weights_of_another_run_are_taken_over(tmp_path):
    for name, values in (("mlp", {"hidden": "12"}), ("cnn", {"filters": "4"})):
        s = Simulation(catalog.load(name)(epochs=1, **values), 2)
        s.advance(20)
        s.act("save", file=str(tmp_path / f"{name}.npz"))
        kind = {"layers": "convolutional"} if name == "cnn" else {}
        other = Simulation(ATTACK(start_from=str(tmp_path / f"{name}.npz"), **values, **kind), 5)
        x = s.constants.material.test_x[:5]
        ours = other.model.said(other.constants, other.state, x)
        np.testing.assert_allclose(ours, s.model.predict(s.constants, s.state, x), atol=1e-6)


def test_numbers_to_predict_and_convolutions_of_points_are_refused(tmp_path):
    with pytest.raises(LabError, match="only pictures can be convolved"):
        ATTACK(data="moons", layers="convolutional")
    (tmp_path / "n.csv").write_text("a,b\n" + "".join(f"{k * 0.37:.3f},{k * 1.7 + 0.01:.3f}\n" for k in range(40)))
    with pytest.raises(LabError, match="no classes"):
        Simulation(ATTACK(data="file", file=str(tmp_path / "n.csv"), target="b"), 0)


def test_weak_attacks_are_said_and_mended():
    s = trained(epochs=12, attack="PGD", steps=2, stride=0.05, chance=False)
    advice = s.model.advice(s.constants, s.state)
    assert advice.finding == "weak attack"
    s.change(**advice.remedies[0].changes)
    assert (found := s.model.advice(s.constants, s.state)) is None or found.finding != "weak attack"
    assert math.isfinite(s.summary()["PGD accuracy"])


def test_data_without_classes_are_refused_by_name():
    with pytest.raises(LabError, match="must have classes"):
        ATTACK(data="diabetes")
