"""Training against attacks: what is minimised, where the worst neighbour lies, how it is judged, the frontier, the boundary."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.training.attacks import Climb, withstood

ROBUST = catalog.load("adversarial-training")
DEFENCES = ("none", "adversarial training", "TRADES", "TRADES, hinge")
SMALL = {"data": "moons", "n": 160, "noise": 0.1, "hidden": "12", "rate": 0.01, "eps": 0.2, "judged_at": 0.2, "epochs": 20, "inner": 5}


def trained(steps=20, seed=1, **values):
    s = Simulation(ROBUST(**SMALL | values), seed)
    s.advance(s.model.length if steps is None else steps)
    return s


def forward(s, names, **more):
    m = s.constants.material
    return s.constants.program.forward(s.model.tape_state(s.constants, s.state), names, x=m.test_x, t=m.test_t, **more)


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("norm", ["infinity", "2"])
@pytest.mark.parametrize("defence", DEFENCES[1:])
def test_the_worst_neighbour_of_training_lies_in_the_ball_and_the_loss_is_its_formula(defence, norm):
    s = trained(defence=defence, norm=norm, beta=3.0, share=0.75)
    loss, output, near, trace = forward(s, ["loss", s.constants.output, "near", "attack"], seed=2)
    m, x = s.constants.material, s.constants.material.test_x
    assert s.model.ball(s.constants, 0.2).size(near.astype(float) - x).max() <= 0.2 + 1e-6
    assert (trace[:, 5] >= trace[:, 0] - 1e-5).mean() > 0.95
    z = s.constants.extra["attack"].logits(s.model.weights(s.constants, s.state), near).astype(float)
    p, q, rows = softmax(output.astype(float)), softmax(z), np.arange(len(x))
    if defence == DEFENCES[1]:
        expected = -0.25 * np.log(p[rows, m.test_t]) - 0.75 * np.log(q[rows, m.test_t])
    elif defence == DEFENCES[2]:
        expected = -np.log(p[rows, m.test_t]) + 3 * (p * np.log(p / q)).sum(1)
    else:
        f, g = output[:, 1] - output[:, 0], z[:, 1] - z[:, 0]
        expected = np.maximum(0, 1 - f * (2 * m.test_t - 1)) + np.maximum(0, 1 - 3 * f * g)
    np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-5)


def test_pictures_stay_in_their_range_and_dropout_does_not_reach_the_inner_steps():
    s = Simulation(ROBUST(hidden="16", dropout=0.5, epochs=1), 1)
    s.advance(5)
    m, tape, program = s.constants.material, s.model.tape_state(s.constants, s.state), s.constants.program
    held = {"near": m.test_x[:40]}
    near = program.forward(tape, "near", x=m.test_x[:40], t=m.test_t[:40])
    assert np.abs(near - m.test_x[:40]).max() <= 0.1 + 1e-6 and near.min() >= 0 and near.max() <= 1
    one, two = (program.forward(tape, "near.output", x=m.test_x[:40], t=m.test_t[:40], replace=held, train=True, seed=k) for k in (1, 2))
    assert (one != two).any()  # outside of the loop dropout is on in training
    clean = program.forward(tape, s.constants.output, x=m.test_x[:40], t=m.test_t[:40])
    np.testing.assert_allclose(program.forward(tape, "near.output", x=m.test_x[:40], t=m.test_t[:40], replace=held), clean, atol=1e-6)


@pytest.mark.parametrize("defence", DEFENCES)
def test_clean_and_attacked_examples_share_every_weight(defence):
    s = trained(defence=defence, hidden="12-8", steps=0)
    assert {n.split(".")[0] for n in s.constants.program.parameters(s.state)} == {"hidden1", "hidden2", "output"}
    if defence == "none":
        assert not s.constants.program.tape.settlings


def test_convolutions_are_shared_too():
    s = Simulation(ROBUST(layers="convolutional", filters="4", inner=2, epochs=1), 1)
    s.advance(2)
    assert set(s.constants.program.parameters(s.state)) == {"conv1.weight", "conv1.bias", "output.weight", "output.bias"}
    held = {"near": s.constants.material.test_x}
    again, clean = forward(s, ["near.output", s.constants.output], replace=held)
    np.testing.assert_allclose(again, clean, atol=1e-5)


def test_gradients_are_right_through_both_arguments():
    s = trained()
    s.act("check_gradients")
    assert "arrays agree" in s.summary()["gradient check"], s.summary()["gradient check"]


def test_the_judge_is_stronger_than_the_attack_of_training():
    s = trained(None, defence="adversarial training", inner=3)
    attack, weights, (x, t) = s.constants.extra["attack"], s.model.weights(s.constants, s.state), s.model.judged_examples(s.constants, 1000)
    ball = s.model.ball(s.constants)
    weak = withstood(attack, weights, x, t, ball, Climb(3, 0.25, True))
    judged = withstood(attack, weights, x, t, ball, s.model.judging(), s.model.restarts)
    assert judged <= weak and s.summary()["robust accuracy"] == pytest.approx(judged)
    assert s.model.judging().steps == 20 and ROBUST(inner=30).judging().steps == 60


def test_a_defence_withstands_and_can_be_dropped_and_taken_up_while_it_runs():
    plain, robust = (
        trained(None, defence=d, n=300, epochs=120, eps=0.3, judged_at=0.3, beta=3.0, evaluate=120.0) for d in ("none", "TRADES")
    )
    assert robust.summary()["robust accuracy"] > plain.summary()["robust accuracy"]
    before = robust.state["parameters"].copy()
    for defence in ("none", "adversarial training", "TRADES, hinge"):
        robust.change(defence=defence, epochs=robust.model.epochs + 2)
        np.testing.assert_array_equal(robust.state["parameters"], before)
        robust.advance(4)
        before = robust.state["parameters"].copy()


def test_each_setting_leaves_one_point_on_the_frontier():
    s = trained(None, evaluate=5.0, looking=10.0)
    rows = s.state["frontier"]
    assert len(rows) == 1 and rows[0, 1] == 6.0
    s.change(beta=1.0, epochs=30)
    s.advance(s.model.length - int(s.state["counters"][0]))
    assert list(s.state["frontier"][:, 1]) == [6.0, 1.0]
    assert s.observe("frontier").shape == (2, 3) and s.observe("frontier line").shape == (2, 2)
    np.testing.assert_array_equal(s.observe("trail")[:, -1], s.state["robust"][:2])
    table = s.observe("settings")
    assert [row["beta"] for row in table] == ["6", "1"] and float(table[1]["robust"]) == pytest.approx(s.state["robust"][1], abs=1e-3)
    point = s.checkpoint()
    again = Simulation(s.model, 1)
    again.restore(point)
    np.testing.assert_array_equal(again.state["frontier"], s.state["frontier"])
    for wrong in (np.zeros((2, 3)), np.full((1, 7), 1e9)):  # of a stranger's file
        point.state["frontier"] = wrong
        with pytest.raises(LabError, match="'frontier"):
            again.restore(point)


def test_beta_rises_by_itself_whatever_the_blocks():
    values = {"betas": "0-2-7", "epochs": 15, "evaluate": 100.0}
    ends = []
    for size in (1000, 1, 7):
        s = trained(0, **values)
        while (left := s.model.length - int(s.state["counters"][0])) > 0:
            s.advance(min(size, left))
        ends.append({name: array.tobytes() for name, array in s.state.items()})
        assert list(s.state["frontier"][:, 1]) == [0.0, 2.0, 7.0] and s.summary()["beta now"] == 7.0
    assert ends[0] == ends[1] == ends[2]
    length = s.model.length
    assert [s.model.beta_at(k) for k in (0, length // 3 - 1, length // 3 + 1, length - 1, length)] == [0.0, 0.0, 2.0, 7.0, 7.0]


def test_the_boundary_and_the_balls_are_drawn(tmp_path):
    s = trained(None)
    line, balls, arrows = s.observe("line"), s.observe("balls"), s.observe("pushes")
    assert line.shape[0] == 2 and balls.shape[0] == 2 and np.abs(arrows[:, 2:4]).max() <= 0.2 + 1e-6
    first = balls[:, :5] - s.constants.material.natural(s.constants.material.x[:1]).T
    np.testing.assert_allclose(np.abs(first).max(1), 0.2, atol=1e-6)
    before = line
    s.change(beta=0.0, epochs=60)
    s.advance(s.model.length - int(s.state["counters"][0]))
    assert s.observe("line").shape != before.shape or (s.observe("line") != before).any()


@pytest.mark.parametrize(
    "values, words",
    [
        ({"defence": "TRADES, hinge"}, "two classes apart, and digits has 10"),
        ({"normalise": "batch"}, "share the layers"),
        ({"dale": "positive weights"}, "signed columns"),
        ({"shift": 1}, "shift"),
        ({"input_noise": 0.1}, "input_noise"),
        ({"betas": "0-x"}, "betas"),
        ({"betas": "0-1e9"}, "from 0 to 100"),
        ({"data": "sine"}, "must have classes"),
    ],
)
def test_what_cannot_be_defended_is_refused_by_name(values, words):
    with pytest.raises(LabError, match=words):
        ROBUST(**values)


def test_signed_columns_hold_through_both_passes():
    s = trained(dale="signed columns")
    assert s.summary()["weights of the wrong sign"] == 0
