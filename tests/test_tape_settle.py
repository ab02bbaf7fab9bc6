"""Values that a pass moves by itself: attacks, states that settle, inside a training step and alone."""

import math
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from lab.errors import LabError
from lab.tape import Tape, adam, descent
from lab.tape.check import check_gradients
from lab.tape.registry import OPCODES, reads_mode


def attacked(batch=8, dtype="float64", dropout=0.0, norm=False, steps=6, rule="sign", kind=math.inf, eps=0.1, beta=6.0):
    """Training against the worst neighbour (Zhang et al. 2019): the inner loss is a part of the outer one."""
    t = Tape()
    x, labels = t.input("x", 4), t.labels("t", 3)
    w = [t.parameter("w1", (4, 10), "he"), t.parameter("w2", (10, 3), "he")]
    gain = [t.parameter(f"b{k}", n, "zeros", decay=False) for k, n in ((1, 10), (2, 3))]
    k = 0

    def network(x):
        nonlocal k
        k += 1
        h = t.affine(x, weight=w[0], bias=gain[0])
        h = t.relu(t.batch_norm(h, name=f"norm{k}") if norm else h)
        h = t.dropout(h, dropout, name=f"dropout{k}") if dropout else h
        return t.affine(h, weight=w[1], bias=gain[1], name=f"logits{k}")

    clean = network(x)
    near = t.free("near", 4, start=t.add(x, t.scale(t.gaussian((4,), name="noise"), 1e-3)))
    other = network(near)
    divergence = t.kl_categorical(clean, other, name="divergence")
    t.settle(
        divergence, [near], steps=steps, rate=eps / 3, rule=rule, ascend=True, ball=(x, eps), norm=kind, low=-1.0, high=1.0, name="attack"
    )
    loss = t.add(t.cross_entropy(clean, labels), t.scale(divergence, beta, name="beta"), name="loss")
    t.minimise(loss, adam(1e-2))
    return t.compile(batch, dtype)


def samples(n=40, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    return np.clip(random.normal(size=(n, 4)) * 0.3 + np.eye(4)[labels] * 0.6, -1, 1), labels


@pytest.mark.parametrize("rule", ["gradient", "sign", "normalised"])
@pytest.mark.parametrize("kind", [2, math.inf])
def test_the_inner_steps_are_those_of_a_loop_over_gradients(rule, kind):
    program = attacked(rule=rule, kind=kind)
    state, (x, _) = program.start(1), samples(20)
    noise, clean = program.forward(state, ["noise", "logits1"], x=x, seed=3)
    v, losses = x + 1e-3 * noise, []

    def confined(v):
        d = v - x
        d = np.clip(d, -0.1, 0.1) if kind != 2 else d * np.minimum(1, 0.1 / np.sqrt((d * d).sum(1, keepdims=True)))
        return np.clip(x + d, -1, 1)

    v = confined(v)
    for step in range(7):
        held = {"near": v, "noise": noise}
        losses.append(program.forward(state, "divergence", x=x, replace=held))
        if step < 6:
            g = gradient_at(state, program, x, v)
            g = np.sign(g) if rule == "sign" else g / np.sqrt((g * g).sum(1, keepdims=True)) if rule == "normalised" else g
            v = confined(v + 0.1 / 3 * g)
    near, trace, other = program.forward(state, ["near", "attack", "logits2"], x=x, seed=3)
    np.testing.assert_allclose(near, v, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(trace, np.stack(losses, 1), rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(other, program.forward(state, "logits2", x=x, replace={"near": v}), rtol=1e-8)
    assert (trace[:, -1] > trace[:, 0]).all() and clean.shape == other.shape


def gradient_at(state, program, x, v):
    """Gradient of the divergence with respect to its second argument, from a program that knows of no inner loop."""
    t = Tape()
    logits = [t.affine(t.relu(t.affine(t.input(name, 4), weight=w, bias=b)), weight=u, bias=c) for name, w, b, u, c in _shared(t)]
    loss = t.kl_categorical(*logits)
    plain = t.compile(64, "float64")
    other = plain.start()
    for name, value in program.parameters(state).items():
        plain.parameters(other)[name][...] = value
    return plain.gradients(other, loss, ["v"], mean=False, x=x, v=v)[0]


def _shared(t):
    w, b = t.parameter("w1", (4, 10)), t.parameter("b1", 10)
    u, c = t.parameter("w2", (10, 3)), t.parameter("b2", 3)
    return [("x", w, b, u, c), ("v", w, b, u, c)]


@pytest.mark.parametrize("kind", [2, math.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_found_lies_in_the_ball_and_in_the_range(kind, dtype):
    program = attacked(dtype=dtype, kind=kind, eps=0.3)
    state, (x, _) = program.start(2), samples(40)
    for steps in (0, 1, 6):  # the start is confined, too
        program.set(state, "attack.steps", steps)
        near = program.forward(state, "near", x=x)
        d = near - x
        size = np.abs(d).max(1) if kind != 2 else np.sqrt((d * d).sum(1))
        assert size.max() <= 0.3 + 1e-6 and np.abs(near).max() <= 1.0
    assert size.max() > 0.29


def test_training_against_the_inner_loop_learns_and_its_blocks_give_the_same_bytes():
    program = attacked(dtype="float32", dropout=0.2, norm=True)
    x, t = samples(40)
    data, ends = program.data(x=x, t=t), []
    for blocks in ([60], [1] * 10 + [25] * 2):
        state = program.start(1, 40)
        losses = np.concatenate([program.train(state, data, n).check()["loss"] for n in blocks])
        ends.append((losses, state))
    assert ends[0][0].tobytes() == ends[1][0].tobytes()
    assert all(ends[0][1][key].tobytes() == ends[1][1][key].tobytes() for key in state)
    assert losses[-5:].mean() < 0.8 * losses[:5].mean()


def test_the_outer_gradient_takes_the_place_of_rest_as_given():
    program = attacked(batch=6)
    state, (x, t) = program.start(1), samples(6)
    rows = check_gradients(program, state, "loss", {"x": x, "t": t}, wrt=["w1", "b1", "w2", "b2"], kinks=True)
    assert [row for row in rows if not row.passed] == []
    dx = program.gradients(state, "loss", ["near"], x=x, t=t)[0]
    assert np.abs(dx).max() > 0


def test_inner_steps_run_in_evaluation_mode_and_the_mode_is_given_back():
    program = attacked(dropout=0.5, norm=True)
    state, (x, t) = program.start(1), samples(8)
    names = ["near", "attack", "logits1", "logits2", "noise"]
    program.parameters(state)["b1"][:] = 1.0
    still = dict(zip(names, program.forward(state, names, x=x), strict=True))
    # In a training pass the clean logits have dropout, which draws before the noise does: both are held to compare.
    held = {"logits1": still["logits1"], "noise": still["noise"]}
    for train in (False, True):
        near, trace, other = program.forward(state, ["near", "attack", "logits2"], x=x, replace=held, train=train)
        np.testing.assert_allclose(near, still["near"], rtol=1e-12)
        np.testing.assert_allclose(trace, still["attack"], rtol=1e-12)
        assert np.allclose(other, still["logits2"]) == (not train)  # with dropout again once the loop is left
    after = program.start(1, 8)
    program.step(after, x=x, t=t)
    keep = 0.9
    first = np.stack([np.zeros(10), np.ones(10)])
    h = x @ program.parameters(program.start(1))["w1"]
    expected = keep * first + (1 - keep) * np.stack([h.mean(0), h.var(0, ddof=1)])
    np.testing.assert_allclose(program.statistics(after)["norm1.running"], expected, rtol=1e-10)
    moved = program.statistics(after)["norm2.running"]  # once, not once for each inner step
    assert np.abs(moved - first).max() <= 0.11 * np.abs(np.stack([h.mean(0), h.var(0, ddof=1)]) - first).max() + 0.05


def test_a_free_node_can_be_held_and_its_steps_cut():
    program = attacked()
    state, (x, _) = program.start(1), samples(8)
    held, logits = program.forward(state, ["near", "logits2"], x=x, replace={"near": -x})
    np.testing.assert_array_equal(held, -x)
    np.testing.assert_allclose(logits, program.forward(state, "logits1", x=-x), rtol=1e-12)
    program.set(state, "attack.steps", 2)
    trace = program.forward(state, "attack", x=x)
    assert trace.shape == (8, 7) and (trace[:, 2:] == trace[:, 2:3]).all() and (trace[:, 1] != trace[:, 2]).all()
    with pytest.raises(LabError, match="logits2"):
        program.forward(state, "loss", x=x, t=np.zeros(8), replace={"logits2": lambda v: v})
    program.forward(state, "loss", x=x, t=np.zeros(8), replace={"logits1": lambda v: 2 * v})


def test_samples_are_attacked_alike_alone_and_in_any_company():
    program = attacked(batch=8)
    state, (x, _) = program.start(1), samples(21)
    noise = program.forward(state, "noise", x=x)
    whole = program.forward(state, ["near", "attack"], x=x, replace={"noise": noise})
    for i in (0, 9, 20):
        alone = program.forward(state, ["near", "attack"], x=x[i : i + 1], replace={"noise": noise[i : i + 1]})
        for one, other in zip(alone, whole, strict=True):
            np.testing.assert_allclose(one[0], other[i], rtol=1e-9, atol=1e-12)


# States that settle ----------------------------------------------------------------------------------------------------


def coding(steps=200, rate=0.05, activation="identity", dtype="float64"):
    """Predictive coding: states between a clamped input and a clamped output, each predicted by the layer below."""
    t = Tape()
    x, y = t.input("x", 3), t.input("y", 2)
    sizes = (3, 4, 4, 2)
    w = [t.parameter(f"w{k}", (a, b), "xavier") for k, (a, b) in enumerate(pairwise(sizes))]
    predicted, start = [], x
    for weight in w[:-1]:
        start = t.activation(t.affine(start, weight=weight, bias=False), activation)
        predicted.append(start)
    states = [t.free(f"s{k}", node.shape, start=node) for k, node in enumerate(predicted)]
    layers = [x, *states, y]
    errors = [
        t.squared_error(
            layers[k + 1], t.activation(t.affine(layers[k], weight=w[k], bias=False), activation if k < 2 else "identity"), name=f"e{k}"
        )
        for k in range(3)
    ]
    energy = t.add(t.add(errors[0], errors[1]), errors[2], name="energy")
    t.settle(energy, states, steps=steps, rate=rate, name="settling")
    t.minimise(energy, descent(0.05))
    return t.compile(5, dtype)


def test_energy_never_rises_and_a_linear_network_comes_to_its_closed_form():
    program = coding(2000, 0.1)
    state, random = program.start(1), np.random.default_rng(0)
    x, y = random.normal(size=(5, 3)), random.normal(size=(5, 2))
    trace, energy, s0, s1 = program.forward(state, ["settling", "energy", "s0", "s1"], x=x, y=y)
    assert (np.diff(trace, axis=1) <= 1e-12).all()
    np.testing.assert_array_equal(trace[:, -1], energy)
    w0, w1, w2 = (program.parameters(state)[f"w{k}"] for k in range(3))
    total = np.eye(2) + w2.T @ w2 + w2.T @ w1.T @ w1 @ w2
    output_error = (y - x @ w0 @ w1 @ w2) @ np.linalg.inv(total)
    np.testing.assert_allclose(y - s1 @ w2, output_error, rtol=1e-8, atol=1e-10)
    assert s0.shape == (5, 4)


def test_small_steps_of_a_curved_network_never_raise_the_energy_and_learning_lowers_it():
    program = coding(60, 0.05, "tanh")
    random = np.random.default_rng(0)
    x, y = random.normal(size=(5, 3)), random.normal(size=(5, 2))
    state = program.start(1)
    trace = program.forward(state, "settling", x=x, y=y)
    assert (np.diff(trace, axis=1) <= 1e-12).all() and (trace[:, -1] < 0.9 * trace[:, 0]).all()
    first, last = program.step(state, x=x, y=y)["loss"], [program.step(state, x=x, y=y)["loss"] for _ in range(100)][-1]
    assert last < 0.3 * first


def test_learning_in_a_settled_state_is_the_local_rule():
    """The gradient of the energy with respect to a weight: the error above times the activity below."""
    program = coding(50, 0.05)
    state, random = program.start(1), np.random.default_rng(0)
    x, y = random.normal(size=(5, 3)), random.normal(size=(5, 2))
    s0, s1 = program.forward(state, ["s0", "s1"], x=x, y=y)
    w = program.parameters(state)
    found = program.gradients(state, "energy", ["w0", "w1", "w2"], mean=False, x=x, y=y)
    for gradient, below, above, name in zip(found, (x, s0, s1), (s0, s1, y), ("w0", "w1", "w2"), strict=True):
        np.testing.assert_allclose(gradient, -below.T @ (above - below @ w[name]), rtol=1e-9, atol=1e-12)


def test_one_loop_goes_on_where_another_ended():
    t = Tape()
    x = t.input("x", 2)
    v = t.free("v", 2, start=x)
    near = t.squared_error(v, x * 0.0, name="near")
    t.settle(near, [v], steps=3, rate=0.5, name="first")
    far = t.squared_error(v, x * 3.0)
    u = t.free("u", 2, start=v)
    both = t.squared_error(u, v)
    t.settle(far, [v], steps=2, rate=0.5, name="second")
    t.settle(both, [u], steps=1, rate=1.0, name="third")
    program = t.compile(4, "float64")
    x = np.random.default_rng(0).normal(size=(6, 2))
    first = x / 8
    second = 3 * x + (first - 3 * x) / 4
    v, u, near = program.forward(program.start(), ["v", "u", "near"], x=x)
    np.testing.assert_allclose(v, second, rtol=1e-12)
    np.testing.assert_allclose(u, second, rtol=1e-12)
    np.testing.assert_allclose(near, 0.5 * (v * v).sum(1), rtol=1e-12)


def test_one_value_for_all_samples_can_be_free():
    t = Tape()
    x = t.input("x", 2)
    shared = t.free("shared", 2, start=t.constant("zero", [0.0, 0.0]))
    loss = t.squared_error(x, t.add(x * 0.0, shared))
    t.settle(loss, [shared], steps=1, rate=0.25)
    program = t.compile(4, "float64")
    x = np.random.default_rng(0).normal(size=(4, 2))
    np.testing.assert_allclose(program.forward(program.start(), "shared", x=x), 0.25 * x.sum(0), rtol=1e-12)


# Refused, interpreted --------------------------------------------------------------------------------------------------


def test_what_cannot_settle_is_refused():
    t = Tape()
    x = t.input("x", 2)
    v, still = t.free("v", 2, start=x), t.free("still", 2)
    loss = t.squared_error(v, x)
    good = {"steps": 3, "rate": 0.1}
    for wrong, words in [
        (lambda: t.settle(loss, [v], steps=3, rate=0.1, rule="signs"), "sign"),
        (lambda: t.settle(loss, [v], steps=2.5, rate=0.1), "whole number"),
        (lambda: t.settle(loss, [v], steps=3, rate=-1.0), "rate"),
        (lambda: t.settle(loss, [x], **good), "no free node"),
        (lambda: t.settle(loss, [still], **good), "does not depend"),
        (lambda: t.settle(loss, [], **good), "no free node"),
        (lambda: t.settle(t.square(v), [v], **good), "sum it first"),
        (lambda: t.settle(loss, [v], ball=(t.input("z", 3), 0.1), **good), r"\(3,\)"),
        (lambda: t.settle(loss, [v], ball=(t.scale(v), 0.1), **good), "moves with"),
        (lambda: t.settle(loss, [v], ball=(x, 0.1), norm=1, **good), "norm"),
        (lambda: t.settle(loss, [v], low=1.0, high=0.0, **good), "range"),
        (lambda: t.free("w", 3, start=x), r"\(3,\)"),
    ]:
        with pytest.raises(LabError, match=words):
            wrong()


SCRIPT = """
import sys, numpy as np
sys.path.insert(0, 'tests')
from test_tape_settle import attacked, samples
program = attacked(dropout=0.3, steps=3)
x, t = samples(8)
state = program.start(3, 8)
losses = program.train(state, program.data(x=x, t=t), 3)['loss']
near, trace = program.forward(state, ['near', 'attack'], x=x)
np.savez(sys.argv[1], losses=losses, near=near, trace=trace, **state)
"""


def test_the_interpreted_loop_equals_the_compiled_one(tmp_path):
    found = []
    for name, disabled in (("compiled", "0"), ("interpreted", "1")):
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / f"{name}.npz")], check=True, env={**os.environ, "NUMBA_DISABLE_JIT": disabled}
        )
        found.append(dict(np.load(tmp_path / f"{name}.npz")))
    for key in found[0]:
        np.testing.assert_allclose(found[0][key], found[1][key], rtol=1e-8, atol=1e-9)


def test_the_operations_whose_value_depends_on_mode_or_chance_are_known():
    names = {name for name, known in OPCODES.items() if reads_mode(known)}
    assert names - {"settle_move"} == {"batch_norm", "dropout", "noise", "label_noise", "augment", "gaussian", "uniform"}


# Figures ---------------------------------------------------------------------------------------------------------------


def test_with_fixed_predictions_the_settled_errors_are_those_of_back_propagation():
    """Each state meets the prediction of the first pass and pulls through its slope there: exact after one sweep per hidden layer."""
    sizes = (6, 8, 8, 8, 3)
    t = Tape()
    x, y = t.input("x", 6), t.input("y", 3)
    w = [t.parameter(f"w{k}", pair) for k, pair in enumerate(pairwise(sizes))]

    def layer(k, h):
        z = t.affine(h, weight=w[k], bias=False)
        return t.tanh(z) if k < 3 else z

    fixed = [x]
    for k in range(4):
        fixed.append(layer(k, fixed[-1]))
    states = [t.free(f"s{k}", node.shape, start=node) for k, node in enumerate(fixed[1:-1])]
    values = [x, *states, y]
    inner, learned = [], []
    for k in range(4):
        error = t.stop_gradient(values[k + 1] - t.stop_gradient(fixed[k + 1]))
        # The value of the first pass, with the slope of the state.
        here = x if k == 0 else t.stop_gradient(fixed[k]) + (values[k] - t.stop_gradient(values[k]))
        inner.append(t.squared_error(values[k + 1], t.stop_gradient(fixed[k + 1])) - t.sum(error * layer(k, here)))
        learned.append(t.sum(error * layer(k, t.stop_gradient(fixed[k]))) * -1.0)
    t.settle(inner[0] + inner[1] + inner[2] + inner[3], states, steps=5, rate=1.0, name="sweeps")
    local = t.add(learned[0] + learned[1], learned[2] + learned[3], name="local")
    t.squared_error(fixed[-1], y, name="loss")
    program = t.compile(16, "float64")
    state, random = program.start(1), np.random.default_rng(0)
    given = {"x": random.normal(size=(16, 6)), "y": random.normal(size=(16, 3))}
    names = [node.name for node in w]
    back = program.gradients(state, "loss", names, **given)
    for sweeps, exact in ((1, False), (2, False), (3, True), (5, True)):
        program.set(state, "sweeps.steps", sweeps)
        apart = max(np.abs(a - b).max() for a, b in zip(program.gradients(state, local, names, **given), back, strict=True))
        assert apart < 1e-12 if exact else apart > 1e-3


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_digits_that_were_trained_against_attacks_withstand_a_stronger_one(seed):
    """Clean accuracy, one step of size 0.1, random signs of that size, and 40 steps with five restarts, with and without TRADES."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, digits = load_digits(return_X_y=True)
    x, held, t, aim = train_test_split(pixels / 16, digits, test_size=360, stratify=digits, random_state=0)
    found = {}
    for beta in (0.0, 1.0, 6.0):
        program = robust_digits(beta)
        state = program.start(seed, len(x))
        program.train(state, program.data(x=x, t=t), 23 * 60).check()
        clean, quick, chance = (program.forward(state, name, x=held, t=aim).mean() for name in ("clean", "quick", "chance"))
        worst = []
        for eps in (0.1, 0.2):
            program.set(state, "judge.eps", eps)
            program.set(state, "judge.rate", eps / 10)
            worst.append(np.min([program.forward(state, "judged", x=held, t=aim, seed=k) for k in range(5)], 0).mean())
        found[beta] = clean, quick, chance, *worst
    clean, quick, chance, worst, _ = found[0.0]
    assert clean > 0.96 and 0.35 < quick < 0.57 and worst <= quick and chance > 0.94
    clean, _, _, worst, far = found[6.0]
    assert clean >= 0.95 and worst >= 0.78
    assert far > found[1.0][4] + 0.1 and clean <= found[1.0][0] + 0.005  # a larger beta buys distance, and not for nothing


def robust_digits(beta):
    """A classifier of digits, trained by TRADES at 0.1 (beta 0: as ever), and what judges it."""
    widths = (64, 128, 128, 10)
    t = Tape()
    x, labels = t.input("x", 64), t.labels("t", 10)
    w = [t.parameter(f"w{k}", pair, "he") for k, pair in enumerate(pairwise(widths))]
    b = [t.parameter(f"b{k}", width, "zeros", decay=False) for k, width in enumerate(widths[1:])]

    def network(h):
        for k in range(3):
            h = t.affine(h, weight=w[k], bias=b[k])
            h = t.relu(h) if k < 2 else h
        return h

    def pushed(name, start, steps, rate, loss):
        near = t.free(name, 64, start=start)
        inner = loss(network(near))
        t.settle(
            inner, [near], steps=steps, rate=rate, rule="sign", ascend=True, ball=(x, 0.1), low=0.0, high=1.0, name=name.removesuffix("'s")
        )
        return near, inner

    clean = network(x)
    t.accuracy(clean, labels, name="clean")
    loss = t.cross_entropy(clean, labels)
    if beta:
        start = x + t.scale(t.gaussian((64,)), 1e-3)
        loss = loss + t.scale(pushed("trained's", start, 10, 0.025, lambda y: t.kl_categorical(clean, y))[1], beta)
    for name, outcome, start, steps, rate in (
        ("one's", "quick", x, 1, 0.1),
        ("judge's", "judged", x + t.uniform((64,), -0.1, 0.1), 40, 0.01),
    ):
        t.accuracy(network(pushed(name, start, steps, rate, lambda y: t.cross_entropy(y, labels))[0]), labels, name=outcome)
    t.accuracy(network(x + t.scale(t.step(t.gaussian((64,))), 0.2, -0.1)), labels, name="chance")
    t.minimise(loss, adam(1e-3))
    return t.compile(64)
