"""The learner: several objectives that take turns, samples made anew, measures, phases, the gradient check of single weights."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import DivergenceError, FileError, ModelError
from lab.model import Layer, Picture, Stream, param
from lab.tape import Tape, adam, descent
from lab.training import Learner, Measure, Objective, Phase, Stage, makers


class Duel(Learner):
    """Two numbers: one pulls at the product of both, the other pushes."""

    name = "duel"
    title = "Duel"
    group = "Tests"
    optimiser: str = param("SGD", choices=("SGD", "Adam"), builds=True, doc="Rule.")
    evaluate: float = param(10.0, lo=0.0, hi=100.0, doc="Interval.")
    looking: float = param(10.0, lo=0.1, hi=10.0, doc="Share.")
    rate: float = param(0.1, lo=0.0, hi=1e3, doc="Rate of the first.")
    second: float = param(0.05, lo=0.0, hi=1e3, doc="Rate of the second.")
    every: int = param(1, lo=1, hi=10, doc="Turns of the second.")
    pause: bool = param(False, doc="Whether the first pauses.")
    batch: int = param(4, lo=1, hi=64, live=False, doc="Points of a minibatch.")
    slow_motion = True
    measures = (Measure("size", "Distance from the middle.", better="lower"),)

    @property
    def length(self):
        return 200

    @property
    def objectives(self):
        return (
            Objective("pull", "pull", self.rule(self.rate), ("a",), active=not self.pause),
            Objective("push", "push", self.rule(self.second), ("b",), every=self.every),
        )

    @property
    def maker(self):
        return makers.Points(rows=40, kind="Gaussian", radius=0.0)

    def write(self, tape):
        x = tape.input("x", (1,))
        a, b = (
            tape.affine(x * 0.0, 1, init=0.0, bias=tape.parameter(f"{n}.bias", (1,), init=v), name=n) for n, v in (("a", 0.5), ("b", 0.3))
        )
        product = a * b
        tape.sum(product + x * 0.01, name="pull")
        tape.sum(product * -1.0, name="push")
        return (Stage("a", "a.weight", "a"),)

    def measure(self, constants, state, tape):
        p = constants.program.parameters(state)
        return {"size": math.hypot(float(p["a.bias"][0]), float(p["b.bias"][0]))}

    def phases(self, constants):
        return (Phase("look"), Phase("pull", ("a",), learns=("pull",)), Phase("push", ("b",), learns=("push",)))

    def own_streams(self, shape):
        return (Stream("place", "curve", "", "Where both are."),)

    def own_pictures(self, shape):
        return (Picture("place", "Place", (Layer("place"),)),)

    def look(self, constants, state, tape, stream):
        p = constants.program.parameters(state)
        return np.array([[p["a.bias"][0]], [p["b.bias"][0]]])


def numbers(s):
    p = s.constants.program.parameters(s.state)
    return float(p["a.bias"][0]), float(p["b.bias"][0])


def test_two_objectives_move_their_own_parameters_in_turn():
    s = Simulation(Duel(), 1)
    a, b = numbers(s)
    for _ in range(5):
        s.advance(1)
        a -= 0.1 * b  # the first moves, then the second sees where it went
        b += 0.05 * a
        assert numbers(s) == pytest.approx((a, b), rel=1e-5)


def test_an_objective_with_fewer_turns_holds_its_loss_and_one_that_pauses_goes_on_measuring_it():
    s = Simulation(Duel(every=3), 1)
    a, b = numbers(s)
    block = s.advance(6, ["loss", "gradient"])
    for k in range(1, 7):
        a -= 0.1 * b
        b += 0.05 * a if k % 3 == 0 else 0.0
    assert numbers(s) == pytest.approx((a, b), rel=1e-5)
    push = block.samples["loss"][:, 1]
    assert (push[:2] == 0).all() and push[2] == push[3] == push[4] != push[5]
    before = numbers(s)
    s.change(pause=True, every=1)
    block = s.advance(2, ["loss"])
    assert numbers(s)[0] == before[0] and numbers(s)[1] != before[1]
    assert len(set(block.samples["loss"][:, 0])) == 2  # measured on each minibatch, though it does not learn


def test_turns_do_not_depend_on_how_a_run_is_cut():
    def after(blocks):
        s = Simulation(Duel(every=3, optimiser="Adam"), 4)
        for n in blocks:
            s.advance(n, ["loss", "smoothed", "rate"])
        return s.state

    one, other = after([60]), after([1, 2, 7, 25, 25])
    assert all(one[k].tobytes() == other[k].tobytes() for k in one)


def test_every_epoch_of_a_fresh_maker_is_new_and_follows_from_the_seed():
    maker = makers.Points(rows=40, kind="ring")
    first, second = (maker.training(3, epoch)["x"] for epoch in (0, 1))
    assert not np.array_equal(first, second) and np.array_equal(first, makers.Points(rows=40, kind="ring").training(3, 0)["x"])
    s = Simulation(Duel(), 3)
    s.advance(25)
    assert s.state["counters"][1] == 2
    assert np.array_equal(s.model.samples_of(s.constants, s.state)["x"], s.model.maker.training(3, 2)["x"])
    assert np.array_equal(s.model.training_data(s.constants, s.state).flat, s.model.maker.training(3, 2)["x"].ravel())


def test_measures_are_events_and_the_best_weights_are_those_of_the_first_that_says_so():
    found = engine.run(Duel(), 60, seed=1, record={"measures": 1})
    times, values = found.recorded("measures").time, found["measures"]
    assert list(times) == [10, 20, 30, 40, 50, 60] and found.summary["size"] == pytest.approx(values[-1])
    s = found.simulation
    s.act("restore_best")
    assert math.hypot(*numbers(s)) == pytest.approx(min(values), rel=1e-6)


def test_phases_are_those_declared_and_weights_move_when_a_phase_in_which_they_learn_is_left():
    s = Simulation(Duel(), 1)
    a, b = numbers(s)
    assert s.summary()["phase"] == "1 of 3: look" and [row["learns"] for row in s.observe("phases")] == ["", "pull", "push"]
    s.act("next_phase")
    assert numbers(s) == (a, b)
    s.act("next_phase")
    assert numbers(s) == pytest.approx((a - 0.1 * b, b))
    s.act("next_phase")
    assert numbers(s) == pytest.approx((a - 0.1 * b, b + 0.05 * (a - 0.1 * b)))
    assert s.step == 0 and s.state["counters"][0] == 0 and s.state["counters"][2] == 4  # the next minibatch


def test_gradients_are_checked_for_each_objective_and_for_single_weights():
    s = Simulation(Duel(), 1)
    s.act("check_gradients")
    rows = s.observe("gradient check")
    assert {row["array"] for row in rows} == {"a.weight (pull)", "a.bias (pull)", "inputs x (pull)", "b.weight (push)", "b.bias (push)", "inputs x (push)"}  # fmt: skip
    assert {row[""] for row in rows} == {"agrees"}
    place = s.constants.program.layout.offsets[s.constants.program.tape.find("b.bias").index]
    s.act("check_parameter", index=place)
    (row,) = s.observe("gradient check")
    assert row["derivative"] == "d push / d b.bias[0]" and float(row["back-propagation"]) == pytest.approx(-0.5)
    assert float(row["central difference"]) == pytest.approx(-0.5, rel=1e-8) and "central difference" in s.summary()["gradient check"]
    with pytest.raises(ModelError, match="number of weights"):
        s.act("check_parameter", index=99)


def test_a_game_that_diverges_names_the_step_and_a_smaller_rate():
    s = Simulation(Duel(rate=900.0, second=900.0), 1)
    with pytest.raises(DivergenceError, match="lower the learning rate to 90") as caught:
        s.advance(200)
    assert caught.value.model == "duel" and caught.value.step > 1


def test_turns_of_the_tape_need_no_model():
    t = Tape()
    x = t.input("x", (1,))
    y = t.affine(x, 1, name="w")
    t.minimise(t.sum(t.square(y)), descent(0.1), name="one", turn=(2, True))
    program = t.compile(4)
    state, data = program.start(1), program.data(x=np.ones((4, 1)))
    report = program.train(state, data, 4)
    assert np.isnan(report["one.loss"]).tolist() == [True, False, True, False] and state["counters"][3] == 2
    program.set(state, "one.active", 0.0)
    before = state["parameters"].copy()
    report = program.train(state, data, 2)
    assert np.isfinite(report["one.loss"][1]) and np.array_equal(before, state["parameters"])
    plain = Tape()
    x = plain.input("x", (1,))
    plain.minimise(plain.sum(plain.square(plain.affine(x, 1))), adam())
    assert [h.name for h in plain.hypers][-1] == "optimiser.final"  # nothing is added where nobody takes turns


def test_points_lie_where_their_distribution_says():
    ring = makers.Points(rows=4000, kind="ring", noise=0.05)
    x = ring.held_out(1, 4000)["x"]
    near = np.hypot(*(x[:, None] - ring.modes()[None]).transpose(2, 0, 1)).argmin(1)
    assert np.bincount(near).min() > 400 and np.hypot(*(x - ring.modes()[near]).T).std() == pytest.approx(0.05 * math.sqrt(2 - math.pi / 2), rel=0.05)  # fmt: skip
    line = makers.Points(kind="Gaussian", radius=4.0, noise=0.5).held_out(0, 20_000)["x"]
    assert line.shape == (20_000, 1) and line.mean() == pytest.approx(4.0, abs=0.02) and line.std() == pytest.approx(0.5, abs=0.02)
    drawn = ((0.0, 0.0), (1.0, 2.0), (2.0, 0.0))
    made = makers.Points(kind="density", drawn=drawn).held_out(0, 20_000)["x"]
    assert made.mean() == pytest.approx(1.0, abs=0.01) and made.std() == pytest.approx(math.sqrt(1 / 6), abs=0.01)
    fine = np.linspace(0, 2, 5)
    assert makers.density(drawn, fine) == pytest.approx([0, 0.5, 1, 0.5, 0])
    assert len(makers.Points(kind="grid", centres=25).modes()) == 25
    with pytest.raises(ModelError, match="Paint at least one point"):
        makers.Points(kind="painted").training(0, 0)


@pytest.mark.parametrize("kind", list(makers.SEQUENCES))
def test_sequences_are_what_their_task_says(kind):
    maker = makers.Sequences(rows=50, kind=kind, length=20, delay=3)
    made = maker.training(2, 0)
    x, t = made["x"], made["t"]
    assert {name: array.shape[1:] for name, array in made.items()} == maker.shapes() and len(x) == 50
    if kind == "adding":
        assert x[..., 1].sum(1).tolist() == [2.0] * 50 and t[:, 0] == pytest.approx((x[..., 0] * x[..., 1]).sum(1), rel=1e-6)
        assert (x[:, :10, 1].sum(1) == 1).all()
    elif kind == "sine":
        assert np.array_equal(x[:, 1:], t[:, :-1])
    elif kind == "Dyck":
        for word, wanted in zip(x, t[..., 0], strict=True):
            opened: list[float] = []
            for (which, opens), told in zip(word, wanted, strict=True):
                opened.append(which) if opens > 0 else opened.pop()
                assert told == (opened[-1] if opened else 0.0)
            assert not set(word[:, 0]) - {1.0, -1.0} and not set(word[:, 1]) - {1.0, -1.0}
    else:
        before = np.concatenate([np.zeros((50, 3)), x[:, :-3, 0]], 1).astype(int)
        assert np.array_equal(t[..., 0], before if kind == "echo" else before ^ x[..., 0].astype(int))


def test_windows_of_a_text_never_overlap_the_part_held_out():
    text = "the quick brown fox jumps over the lazy dog. " * 30
    maker = makers.Text(text, context=8, held=0.2)
    t = Tape()
    t.labels("x", len(maker.alphabet), 8)
    t.labels("t", len(maker.alphabet), 8)
    data = maker.pack(t.compile(4), 0, 0)
    made = maker.training(0, 0)
    assert data.count == maker.rows == len(made["x"]) and np.array_equal(made["x"][:, 1:], made["t"][:, :-1])
    assert int(made["t"][-1, -1]) == maker.alphabet.index(text[maker.cut - 1])
    held = maker.held_out(0, 1000)
    assert (
        "".join(maker.alphabet[k] for k in held["x"][0]) == text[maker.cut : maker.cut + 8]
        and len(held["x"]) == (len(text) - maker.cut - 1) // 8
    )
    with pytest.raises(ModelError, match="does not occur"):
        maker.tokens("Ω")
    with pytest.raises(FileError, match="take a longer text"):
        makers.Text("short", context=32)
