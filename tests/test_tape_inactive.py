"""No gradient is written that nobody wants: every case with each of its inputs inactive in turn, and with the arena guarded."""

import os
import subprocess
import sys

import numpy as np
import pytest

from lab.errors import ModelError
from lab.tape import Tape, descent
from lab.tape.check import case_program, check_gradients
from lab.tape.registry import CASES

SMOOTH = [case for case in CASES if case.smooth]
by_name = {"argnames": "case", "argvalues": SMOOTH, "ids": [case.name for case in SMOOTH]}


def samples_of(case):
    """Inputs of a case with their shape per sample, labels left out: nobody wants their gradient."""
    arrays = case_program(case)[3]
    return {name: array.shape[1:] for name, array in arrays.items() if name != "labels"}


@pytest.mark.parametrize(**by_name)
def test_gradients_are_the_same_whichever_others_are_wanted(case):
    program, state, root, arrays = case_program(case)
    names = [name for name in arrays if name != "labels"] + list(program.parameters(state))
    weights = np.random.default_rng(12).normal(size=(len(next(iter(arrays.values()))), *root.shape))
    found = dict(zip(names, program.gradients(state, root, names, weights=weights, train=case.train, **arrays), strict=True))
    for left in names:
        for kept in ([name for name in names if name != left], [left]):
            alone = program.gradients(state, root, kept, weights=weights, train=case.train, **arrays)
            for name, value in zip(kept, alone, strict=True):
                np.testing.assert_allclose(value, found[name], rtol=1e-12, atol=1e-13, err_msg=f"{name} without {left}")


def stopped(case, silent):
    """The case with every input times a trained number, except the `silent` one, which is behind a stop of the gradient."""
    t = Tape()
    arrays = case_program(case)[3]
    given = {}
    for name, array in arrays.items():
        if name == "labels":
            given[name] = case_program(case)[0].tape.find(name)
            given[name] = t.labels(name, given[name].classes, array.shape[1:]) if given[name].classes else t.input(name, array.shape[1:])
        else:
            node = t.input(name, array.shape[1:])
            given[name] = t.stop_gradient(node) if name == silent else node * t.parameter(f"{name}.factor", (), 1.0)
    root = case.build(t, **given)
    return t, t.sum(root) if root.size > 1 else root, arrays


@pytest.mark.parametrize(**by_name)
def test_a_step_at_rate_zero_leaves_every_byte_of_the_parameters(case):
    for silent in samples_of(case):
        t, loss, arrays = stopped(case, silent)
        if not any(t.nodes[index].kind == "parameter" for index in t.ancestors([loss])):
            continue
        t.minimise(loss, descent(0.0))
        program = t.compile(3, "float64")
        state = program.start(5)
        state["parameters"][:] += 0.1
        before = state["parameters"].tobytes()
        report = program.step(state, **arrays)
        report = program.step(state, **arrays) if report.done else report
        assert report.done == 1 and np.isfinite(report.values).all()
        assert state["parameters"].tobytes() == before


@pytest.mark.parametrize(**by_name)
def test_the_gradient_is_right_with_one_input_stopped(case):
    for silent in samples_of(case):
        t, loss, arrays = stopped(case, silent)
        program = t.compile(3, "float64")
        names = [name for name in arrays if name not in (silent, "labels")] + list(program.parameters(program.start()))
        names = [name for name in names if t.find(name).index in t.ancestors([loss])]
        rows = (
            check_gradients(program, program.start(5), loss, arrays, wrt=names, train=case.train, kinks=case.kinks, most=4) if names else []
        )
        assert [row for row in rows if not row.passed] == []
        assert not program.gradients(program.start(5), loss, [silent], train=case.train, **arrays)[0].any()


def test_a_skip_from_an_input_and_a_class_beside_it_train():
    """[x, h] of a recurrent network, [z, c] of a conditional generator: at rate zero all parameters moved, then the process aborted."""
    t = Tape()
    x, c = t.input("x", 3), t.labels("c", 4)
    h = t.tanh(t.affine(t.concatenate([x, t.one_hot(c)]), 5))
    h = t.stack([h, t.stop_gradient(h), t.concatenate([x, t.slice(h, 0, 2)])])
    loss = t.mse(t.affine(t.concatenate([t.flatten(h), x]), 2), t.input("t", 2))
    t.minimise(loss, descent(0.0))
    program = t.compile(8, "float64")
    random = np.random.default_rng(0)
    inputs = {"x": random.normal(size=(8, 3)), "c": random.integers(0, 4, 8), "t": random.normal(size=(8, 2))}
    state = program.start(1)
    before = state["parameters"].tobytes()
    for _ in range(20):
        program.step(state, **inputs)
    assert state["parameters"].tobytes() == before
    assert all(row.passed for row in check_gradients(program, state, loss, inputs, wrt=["affine2.weight", "affine2.bias"]))
    program.set(state, "optimiser.rate", 0.1)
    losses = [program.step(state, **inputs)["loss"][0] for _ in range(30)]
    assert losses[-1] < 0.3 * losses[0]


def test_parts_of_a_stack_that_want_no_gradient_are_left_alone():
    t = Tape()
    x, w = t.input("x", (2, 3)), t.parameter("w", (2, 3), "normal")
    loss = t.sum(t.square(t.stack([x, x * w, x])))
    program = t.compile(4, "float64")
    rows = check_gradients(program, program.start(1), loss, {"x": np.random.default_rng(0).normal(size=(4, 2, 3))}, wrt=["w"])
    assert rows[0].passed


def test_the_gradient_of_a_stopped_node_is_zero():
    t = Tape()
    x = t.input("x", 3)
    y = t.stop_gradient(t.square(x * t.parameter("w", 3, 1.0)), name="still")
    program = t.compile(2, "float64")
    assert not any(g.any() for g in program.gradients(program.start(), y, ["x", "w"], x=np.ones((2, 3))))
    with pytest.raises(ModelError, match="stop of the gradient"):
        t.minimise(t.stop_gradient(t.sum(y)), descent(0.1))


# What kernels believe --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda t: t.affine(t.input("x", 3), weight=t.input("w", (3, 2)), bias=False), ("'w'", "one per sample")),
        (lambda t: t.affine(t.input("x", 3), 2, bias=t.input("b", 2)), ("'b'", "one per sample")),
        (lambda t: t.embedding(t.labels("x", 3), weight=t.input("w", (3, 2))), ("'w'", "one per sample")),
        (lambda t: t.cross_entropy(t.parameter("w", 4), t.labels("digit", 4)), ("'w'", "'digit'", "no batch axis")),
        (lambda t: t.mse(t.input("x", 1), t.constant("goal", [1.0])), ("'goal'", "'x'", "no batch axis")),
        (lambda t: t.concatenate([t.input("x", 2), t.parameter("w", 2)]), ("'w'", "no batch axis")),
        (lambda t: t.matmul(t.input("x", (3, 2, 2)), t.parameter("w", (3, 2, 2))), ("'x'", "'w'")),
        (lambda t: t.cross_entropy(t.input("x", 4), t.input("goal", ())), ("'goal'", "labels")),
    ],
)
def test_a_missing_or_extra_batch_axis_is_the_reason_that_is_given(build, words):
    with pytest.raises(ModelError) as caught:
        build(Tape())
    assert all(word in str(caught.value) for word in words), caught.value
    assert "make them equal" not in str(caught.value)


def test_losses_without_a_batch_axis_on_either_side_work():
    t = Tape()
    w = t.parameter("w", 2, np.array([1.0, 2.0]))
    loss = (
        t.mse(w, t.constant("goal", [0.0, 0.0]))
        + t.kl_gaussian(w, t.constant("v", [0.0, 0.0]))
        + t.bernoulli(w, t.constant("p", [1.0, 0.0]))
    )
    program = t.compile(8, "float64")
    value = 2.5 + 2.5 + np.logaddexp(0, [1.0, 2.0]).sum() - 1.0
    np.testing.assert_allclose(program.forward(program.start(), loss), value, rtol=1e-12)
    assert all(row.passed for row in check_gradients(program, program.start(), loss, {}))


def labelled():
    t = Tape()
    y = t.affine(t.embedding(t.labels("x", 5), 3), 4, name="y")
    t.minimise(t.cross_entropy(y, t.labels("t", 4), name="loss"), descent(0.1))
    return t.compile(4)


def test_labels_outside_of_their_classes_never_reach_a_kernel():
    program = labelled()
    state = program.start(1, 4)
    for wrong in (-1, 5, 1.5, np.nan, 10**12):
        with pytest.raises(ModelError, match="'x'"):
            program.forward(state, "y", x=[wrong, 0])
        with pytest.raises(ModelError, match="'x'"):
            program.gradients(state, "loss", ["y.weight"], x=[wrong, 0], t=[0, 0])


def test_samples_and_states_of_another_program_are_refused():
    t = Tape()
    t.minimise(t.mse(t.affine(t.input("x", 100), 1), t.input("t", 1)), descent(0.1))
    other = t.compile(4)
    strangers = other.data(x=np.zeros((4, 100)), t=np.zeros((4, 1)))
    program = labelled()
    with pytest.raises(ModelError, match="packed for another program"):
        program.train(program.start(1, 4), strangers, 1)
    data = program.data(x=[0, 1, 2, 3], t=[0, 1, 2, 3])
    for part, value in (("order", np.array([0, 1, 2, 4])), ("order", np.array([0, 1, 2, -1]))):
        with pytest.raises(ModelError, match="order"):
            program.train({**program.start(1, 4), part: value}, data, 1)
    for place in (-1, 4):
        state = program.start(1, 4)
        state["counters"][2] = place
        with pytest.raises(ModelError, match="order"):
            program.train(state, data, 1)
    for part in ("hyper", "moments", "statistics"):
        state = program.start(1, 4)
        state[part] = np.zeros(77)
        with pytest.raises(ModelError, match=part):
            program.train(state, data, 1)


def test_interpreted_kernels_touch_nothing_but_their_operands():
    """Every case forward and backward without the compiler, on an arena that refuses every index outside of the instruction's operands."""
    code = "import sys; sys.path.insert(0, 'tests'); import tape_guard; print(*tape_guard.check_all(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == []
