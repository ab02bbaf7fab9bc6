"""Random programs of all operations: values and gradients against plain arithmetic, and against PyTorch where there is one."""

from importlib.util import find_spec

import numpy as np
import pytest
from tape_programs import MAKERS, SAMPLES, Plain, Program, Torch

from lab.tape import descent
from lab.tape.registry import OPERATIONS

SHORT, LONG = 20, 200
AWAY = 1e-6  # of the central differences


def compiled(program):
    """The compiled program, its state, the values of all leaves, and what plain arithmetic makes of them."""
    compiled = program.tape.compile(SAMPLES, "float64")
    state = compiled.start(3)
    state["parameters"][:] += 0.3 * program.random.normal(size=state["parameters"].size)  # a bias of exactly 0 sits on kinks
    inputs = {name: value for name, value in program.leaves.items() if program.tape.find(name).kind == "input"}
    drawn = [v.node for v in program.values if v.form is None and v.node.kind == "value"]
    nodes = [v.node for v in program.values if v.form is not None] + drawn
    found = dict(zip([node.name for node in nodes], compiled.forward(state, nodes, train=program.train, **inputs), strict=True))
    leaves = {**program.leaves, **compiled.parameters(state), **{node.name: found[node.name] for node in drawn}}
    return compiled, state, inputs, leaves, found


def check(seed):
    program = Program(seed)
    tape, loss = program.tape, program.loss.node
    compiled_program, state, inputs, leaves, found = compiled(program)
    plain = Plain(program.train)
    expected = program.evaluate(plain, leaves)
    for value, array in zip(program.values, expected, strict=True):
        if value.form is not None:
            assert found[value.node.name].shape == np.shape(array), value.node.name
            np.testing.assert_allclose(found[value.node.name], array, rtol=1e-9, atol=1e-9, err_msg=value.node.name)
    wanted = [name for name in leaves if not tape.find(name).classes and tape.find(name).kind in ("input", "parameter", "constant")]
    random = np.random.default_rng(seed)
    weights = random.normal(size=SAMPLES)
    # What was drawn must be drawn alike, so both calls run the same instructions.
    gradients = dict(
        zip(wanted, compiled_program.gradients(state, loss, wanted, weights=weights, train=program.train, **inputs), strict=True)
    )
    compare = against_torch if find_spec("torch") else against_differences
    compare(program, leaves, weights, gradients, plain)
    for some in (wanted[::2], wanted[1::2]):
        if some:
            again = compiled_program.gradients(state, loss, some, weights=weights, train=program.train, **inputs)
            for name, gradient in zip(some, again, strict=True):
                np.testing.assert_allclose(gradient, gradients[name], rtol=1e-9, atol=1e-12, err_msg=name)
    if {tape.nodes[i].kind for i in tape.ancestors([loss])} >= {"parameter"}:
        tape.minimise(loss, descent(0.0))
        trained = tape.compile(SAMPLES, "float64")
        state = trained.start(3)
        before = state["parameters"].tobytes()
        assert trained.step(state, **inputs).done == 1
        assert state["parameters"].tobytes() == before


def against_torch(program, leaves, weights, gradients, plain):
    import torch

    m = Torch(program.train)
    tensors = {name: torch.tensor(np.array(value, float), requires_grad=name in gradients) for name, value in leaves.items()}
    (program.evaluate(m, tensors)[-1] * torch.tensor(weights)).sum().backward()
    for name, gradient in gradients.items():
        expected = np.zeros_like(gradient) if tensors[name].grad is None else tensors[name].grad.numpy()
        np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-10, err_msg=name)


def against_differences(program, leaves, weights, gradients, plain):
    """Along one random direction for each array: all its entries in two evaluations."""
    random = np.random.default_rng(1)
    for name, gradient in gradients.items():
        along = random.normal(size=np.shape(leaves[name]))
        ends = [(program.evaluate(plain, {**leaves, name: leaves[name] + h * along})[-1] * weights).sum() for h in (AWAY, -AWAY)]
        assert (gradient * along).sum() == pytest.approx((ends[0] - ends[1]) / (2 * AWAY), rel=1e-5, abs=1e-8), name


@pytest.mark.parametrize("seed", range(SHORT))
def test_a_random_program_has_the_values_and_gradients_of_plain_arithmetic(seed):
    check(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SHORT, LONG + SHORT))
def test_another_random_program_has_them_too(seed):
    check(seed)


def test_the_random_programs_cover_every_operation():
    assert set(MAKERS) == set(OPERATIONS)
    used = set().union(*(Program(seed).used for seed in range(SHORT)))
    assert set(MAKERS) - used == set()
