"""Passes of a program: seeded evaluations, replaced nodes, gradients in blocks; and weights that keep the sign of their neuron."""

import numpy as np
import pytest

from lab.errors import LabError, ModelError, ParameterError
from lab.tape import Tape, adam, descent


def variational(dtype="float64", pixels=6, codes=2):
    t = Tape()
    x = t.input("x", pixels)
    h = t.relu(t.affine(x, 8, init="he", name="encoder"))
    m, v = t.affine(h, codes, name="mean"), t.affine(h, codes, init="small", name="logvar")
    z = t.add(m, t.exp(t.scale(v, 0.5)) * t.gaussian((codes,), name="noise"), name="z")
    y = t.affine(t.relu(t.affine(z, 8, init="he", name="decoder")), pixels, name="y")
    t.record("kl", t.kl_gaussian(m, v, name="kl"))
    t.minimise(t.add(t.bernoulli(y, x, name="reconstruction"), t.find("kl"), name="loss"), adam(1e-2))
    return t.compile(16, dtype)


def bars(n=200):
    random = np.random.default_rng(0)
    return (random.random((n, 1)) < [[0.9, 0.9, 0.9, 0.1, 0.1, 0.1]]) * (random.random((n, 6)) < 0.8) * 1.0


# Seeds -----------------------------------------------------------------------------------------------------------------


def test_an_evaluation_draws_its_samples():
    """A generator of zeros draws nothing but zeros: a trained autoencoder was then judged at the mean of its code, 1.8 nats too well."""
    program = variational()
    state = program.start(1)
    state["parameters"][:] += 0.5  # variances that matter
    data = program.data(x=bars(50))
    z, mean, noise = program.sweep(state, data, ["z", "mean", "noise"])
    assert abs(noise.mean()) < 0.3 and abs(noise.std() - 1) < 0.2 and not np.allclose(z, mean)
    np.testing.assert_array_equal(noise, program.sweep(state, data, ["noise"])[0])
    assert (noise != program.sweep(state, data, ["noise"], seed=1)[0]).any()


def test_an_evaluation_gives_the_bytes_of_a_forward_pass_of_its_seed():
    program = variational("float32")
    state, x = program.start(1), bars(50)
    for seed in (0, 7):
        for one, other in zip(
            program.sweep(state, program.data(x=x), ["loss", "z", "kl"], seed=seed),
            program.forward(state, ["loss", "z", "kl"], x=x, seed=seed),
            strict=True,
        ):
            assert one.tobytes() == other.tobytes()


def test_the_evaluated_bound_is_that_of_the_samples_not_of_the_mean():
    program = variational()
    state, x = program.start(1, 200), bars(200)
    program.train(state, program.data(x=x), 400)
    evaluated = program.sweep(state, program.data(x=x), ["loss"])[0].mean()
    passes = [program.forward(state, "loss", x=x, seed=seed).mean() for seed in range(1, 6)]
    at_the_mean = program.forward(state, "loss", x=x, replace={"noise": 0.0}).mean()
    assert abs(evaluated - np.mean(passes)) < 0.1
    assert evaluated - at_the_mean > 3 * abs(evaluated - np.mean(passes))


# Replaced nodes --------------------------------------------------------------------------------------------------------


def gated(dtype="float64"):
    t = Tape()
    x = t.input("x", 4)
    h = t.tanh(t.affine(x, 6, name="hidden"), name="h")
    both = t.concatenate([h, t.reshape(t.affine(h, 6, name="gate"), (6,), name="flat"), x], name="both")
    t.sum(t.square(t.affine(both, 3, name="output")), name="loss")
    t.batch_norm(h, name="norm")
    return t.compile(5, dtype)


def by_hand(program, state, x, silence=(), gate=None):
    p = program.parameters(state)
    h = np.tanh(x @ p["hidden.weight"] + p["hidden.bias"])
    h[:, list(silence)] = 0
    g = h @ p["gate.weight"] + p["gate.bias"] if gate is None else np.broadcast_to(gate, h.shape)
    return np.concatenate([h, g, x], 1) @ p["output.weight"] + p["output.bias"]


def silenced(*units):
    def change(value):
        value[:, list(units)] = 0
        return value

    return change


def test_a_silenced_neuron_acts_on_all_that_reads_it_and_the_clean_pass_stands_beside():
    program = gated()
    state, x = program.start(2), np.random.default_rng(0).normal(size=(12, 4))  # three blocks
    clean = program.forward(state, "output", x=x)
    np.testing.assert_allclose(clean, by_hand(program, state, x), rtol=1e-12)
    patched, h = program.forward(state, ["output", "h"], x=x, replace={"h": silenced(1, 4)})
    np.testing.assert_allclose(patched, by_hand(program, state, x, (1, 4)), rtol=1e-12)
    assert not h[:, [1, 4]].any() and h[:, 0].any()
    np.testing.assert_array_equal(program.forward(state, "output", x=x), clean)


@pytest.mark.parametrize("gate", [1.0, np.arange(6.0), np.random.default_rng(1).normal(size=(12, 6))])
@pytest.mark.parametrize("name", ["gate", "flat"])
def test_an_array_takes_the_place_of_a_node(gate, name):
    program = gated()
    state, x = program.start(2), np.random.default_rng(0).normal(size=(12, 4))
    patched, seen = program.forward(state, ["output", name], x=x, replace={name: gate})
    np.testing.assert_allclose(patched, by_hand(program, state, x, gate=gate), rtol=1e-12)
    np.testing.assert_array_equal(seen, np.broadcast_to(gate, (12, 6)))
    together = program.forward(state, "output", x=x, replace={name: gate, "h": silenced(0)})
    np.testing.assert_allclose(together, by_hand(program, state, x, (0,), gate), rtol=1e-12)


def test_inputs_parameters_and_joined_values_are_replaced_for_one_pass():
    program = gated()
    state, x = program.start(2), np.random.default_rng(0).normal(size=(5, 4))
    clean = program.forward(state, "output", x=x)
    np.testing.assert_allclose(program.forward(state, "output", x=x, replace={"x": 2 * x}), by_hand(program, state, 2 * x), rtol=1e-12)
    np.testing.assert_allclose(program.forward(state, "output", replace={"x": 2 * x}), by_hand(program, state, 2 * x), rtol=1e-12)
    np.testing.assert_allclose(program.forward(state, "output", x=x, replace={"x": lambda v: -v}), by_hand(program, state, -x), rtol=1e-12)
    bias = program.parameters(state)["output.bias"]
    np.testing.assert_allclose(program.forward(state, "output", x=x, replace={"output.weight": 0.0}), np.tile(bias, (5, 1)), atol=1e-15)
    np.testing.assert_allclose(program.forward(state, "output", x=x, replace={"both": lambda v: 0 * v}), np.tile(bias, (5, 1)), atol=1e-15)
    np.testing.assert_array_equal(program.forward(state, "output", x=x), clean)


def test_a_constant_comes_back_after_the_pass():
    t = Tape()
    y = t.add(t.input("x", 2), t.constant("shift", [1.0, 2.0]), name="y")
    program, x = t.compile(2, "float64"), np.zeros((2, 2))
    assert y.shape == (2,)
    np.testing.assert_array_equal(program.forward(program.start(), "y", x=x, replace={"shift": [5.0, 5.0]}), x + 5)
    np.testing.assert_array_equal(program.forward(program.start(), "y", x=x, replace={"shift": lambda v: 0 * v}), x)
    np.testing.assert_array_equal(program.forward(program.start(), "y", x=x), x + np.array([1, 2]))


def test_a_decoder_runs_from_codes_alone():
    program = variational()
    state = program.start(3)
    z = np.random.default_rng(0).normal(size=(40, 2))
    p = program.parameters(state)
    expected = np.maximum(z @ p["decoder.weight"] + p["decoder.bias"], 0) @ p["y.weight"] + p["y.bias"]
    np.testing.assert_allclose(program.forward(state, "y", replace={"z": z}), expected, rtol=1e-12)
    with pytest.raises(ModelError, match="input 'x'"):
        program.forward(state, "loss", replace={"z": z})


def test_random_numbers_fall_as_in_the_clean_pass():
    program = variational()
    state, x = program.start(3), bars(20)
    noise, z = program.forward(state, ["noise", "z"], x=x, seed=4)
    np.testing.assert_array_equal(program.forward(state, "noise", x=x, seed=4, replace={"mean": 1.0}), noise)
    np.testing.assert_array_equal(program.forward(state, "z", x=x, seed=4, replace={"mean": lambda v: v}), z)


def test_what_cannot_be_replaced_is_refused_with_its_shape():
    program = gated()
    state, x = program.start(2), np.zeros((5, 4))
    for replace, words in [
        ({"hh": 0.0}, "hidden|'h'"),
        ({"h": np.zeros(5)}, r"shape \(6,\) per sample"),
        ({"h": lambda v: np.zeros(3)}, "return its shape"),
        ({"norm.running": 0.0}, "statistic"),
        ({"h": np.zeros((4, 6))}, "number of samples"),
    ]:
        with pytest.raises(LabError, match=words):
            program.forward(state, "output", x=x, replace=replace)
    t = Tape()
    t.one_hot(t.labels("c", 3), name="y")
    labelled = t.compile(2)
    for wrong in (np.array([0, 3]), lambda v: v + 7):
        with pytest.raises(ModelError, match="whole numbers"):
            labelled.forward(labelled.start(), "y", c=[0, 1], replace={"c": wrong})


# Gradients in blocks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 5, 6, 12])
def test_gradients_of_more_samples_than_the_batch_are_done_in_blocks(count):
    program = gated()
    t2 = program.tape.compile(count, "float64")
    state, x = program.start(2), np.random.default_rng(0).normal(size=(count, 4))
    names = ["x", "h", "hidden.weight", "output.bias"]
    weights = np.random.default_rng(1).normal(size=(count,))
    for marks in ({}, {"mean": False}, {"weights": weights}):
        for found, whole in zip(
            program.gradients(state, "loss", names, x=x, **marks), t2.gradients(state, "loss", names, x=x, **marks), strict=True
        ):
            assert found.shape == whole.shape
            np.testing.assert_allclose(found, whole, rtol=1e-11, atol=1e-14)


def test_the_gradient_of_what_has_no_batch_axis_counts_once():
    t = Tape()
    x, w = t.input("x", 2), t.parameter("w", 2, np.array([1.0, 3.0]))
    t.sum(t.square(w), name="norm")
    program = t.compile(4, "float64")
    dw, dx = program.gradients(program.start(), "norm", ["w", "x"], x=np.ones((10, 2)))
    np.testing.assert_array_equal(dw, [2.0, 6.0])
    assert x.batched and w.shape == (2,) and dx.shape == (10, 2) and not dx.any()


# Signs -----------------------------------------------------------------------------------------------------------------

SIGNS = np.array([1.0, -1.0, 1.0, 0.0, -1.0])


def dale(signs=SIGNS, rate=0.3, dtype="float32"):
    t = Tape()
    y = t.affine(t.relu(t.affine(t.input("x", 4), 5, init="he")), 3, signs=signs, init="normal", name="output")
    t.minimise(t.cross_entropy(y, t.labels("t", 3)), adam(rate))
    return t.compile(10, dtype)


def test_no_weight_has_the_wrong_sign_before_or_after_any_step():
    program = dale()
    random = np.random.default_rng(0)
    state, data = program.start(1, 60), program.data(x=random.normal(size=(60, 4)), t=random.integers(0, 3, 60))
    free, zeros = [], 0
    for _ in range(60):
        w = program.parameters(state)["output.weight"]
        assert (w * SIGNS[:, None] >= 0).all()  # not the sign bit: there is a negative zero
        free.append(w[3].copy())
        zeros += (w == 0).sum()
        program.train(state, data, 1)
    assert zeros > 0 and (np.array(free) < 0).any() and (np.array(free) > 0).any()


def test_signs_start_as_the_size_of_what_would_be_drawn():
    signed, free = dale(), dale(signs=None)
    ours, theirs = signed.parameters(signed.start(4))["output.weight"], free.parameters(free.start(4))["output.weight"]
    np.testing.assert_array_equal(np.abs(ours), np.abs(theirs))
    np.testing.assert_array_equal(np.sign(ours[:3]), np.tile(SIGNS[:3, None], (1, 3)))
    np.testing.assert_array_equal(ours[3], theirs[3])
    t = Tape()
    t.parameter("w", (2, 2), "zeros", signs=[1, -1])
    assert not np.signbit(t.compile(1).start()["parameters"]).any()


def test_positive_weights_with_the_sign_in_the_activation_are_the_same_weights():
    signs = np.where(SIGNS == 0, 1.0, SIGNS)
    program = dale(signs)
    t = Tape()
    h = t.relu(t.affine(t.input("x", 4), 5, init="he"))
    first = np.abs(program.parameters(program.start(1))["output.weight"])
    weight = t.parameter("output.weight", (5, 3), first, constraint="nonnegative")
    bias = t.parameter("output.bias", 3, "zeros", decay=False)
    t.minimise(t.cross_entropy(t.affine(h * t.constant("signs", signs), weight=weight, bias=bias), t.labels("t", 3)), adam(0.3))
    other = t.compile(10, "float32")
    random = np.random.default_rng(0)
    data = {"x": random.normal(size=(60, 4)), "t": random.integers(0, 3, 60)}
    one, two = program.start(1, 60), other.start(1, 60)
    for name in ("affine1.weight", "affine1.bias"):
        np.testing.assert_array_equal(program.parameters(one)[name], other.parameters(two)[name])
    program.train(one, program.data(**data), 100)
    other.train(two, other.data(**data), 100)
    np.testing.assert_array_equal(program.parameters(one)["output.weight"], other.parameters(two)["output.weight"] * signs[:, None])
    assert (program.parameters(one)["output.weight"] == 0).any()


def test_signs_that_do_not_fit_are_refused():
    for signs in ([1, -1], [1, -1, 2, 0, 1], np.ones((5, 3))):
        with pytest.raises(ParameterError, match="signs"):
            dale(signs)
    t = Tape()
    x = t.input("x", 3)
    t.affine(x, 2, name="a")
    with pytest.raises(ModelError, match=r"a\.weight"):
        t.affine(x, weight=t.find("a.weight"), signs=[1, 1, 1])


# Several objectives ----------------------------------------------------------------------------------------------------


def test_a_group_that_no_objective_moves_stays_and_groups_keep_their_own_optimisers():
    t = Tape()
    x = t.input("x", 3)
    y = t.affine(x, 2, name="a") + t.affine(x, 2, name="b") + t.affine(x, 2, name="still")
    goal = t.input("t", 2)
    loss = t.mse(y, goal)
    t.minimise(loss, descent(0.05), ["a.weight", "a.bias"], name="A", turn=(2, True))
    t.minimise(loss, adam(0.05), ["b.weight", "b.bias"], name="B", turn=(1, False))
    program = t.compile(8, "float64")
    state = program.start(1, 8)
    random = np.random.default_rng(0)
    data = program.data(x=random.normal(size=(8, 3)), t=random.normal(size=(8, 2)))
    before = {name: value.copy() for name, value in program.parameters(state).items()}
    report = program.train(state, data, 6)
    after = program.parameters(state)
    assert {name for name in after if (after[name] != before[name]).any()} == {"a.weight", "a.bias"}
    assert np.isfinite(report["A.loss"]).sum() == 3 and np.isfinite(report["B.loss"]).all()  # A every second step; B pauses and is measured
    program.set(state, "B.active", 1.0)
    program.set(state, "A.every", 100.0)
    program.train(state, data, 1)
    assert {name for name in after if (after[name] != before[name]).any()} == {"a.weight", "a.bias", "b.weight", "b.bias"}
    assert not state["moments"][:, state["parameters"].size - 8 :].any()  # what nobody moves has no memory either
