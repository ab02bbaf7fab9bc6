"""An operation that stands in a file of one's own (that of docs/tape.md) is checked, trained and refused like any other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lab.errors import ModelError
from lab.tape import Tape, adam, registry
from lab.tape.check import case_program, check_case

PAGE = (Path(__file__).parent.parent / "docs" / "tape.md").read_text("utf-8")
(CODE,) = (code for code in re.findall(r"```py\n(.*?)```", PAGE, re.S) if 'opcode("cube"' in code)


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("own")
    tables, cases = (registry.OPCODES, registry.OPERATIONS), len(registry.CASES)
    before = [dict(table) for table in tables]
    (tmp_path / "cube.py").write_text(CODE, "utf-8")
    exec(compile(CODE, str(tmp_path / "cube.py"), "exec"), {"__name__": "cube"})
    yield registry.CASES[-1]
    del registry.CASES[cases:]
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


def test_its_case_is_proved_as_those_of_the_lab_are(cube):
    program, state, root, arrays = case_program(cube)
    np.testing.assert_allclose(program.forward(state, root, **arrays), cube.oracle(**arrays), rtol=1e-12)
    rows = check_case(cube)
    assert rows and all(row.passed for row in rows)


def test_a_network_learns_through_it(cube):
    tape = Tape()
    x, t = tape.input("x", 1), tape.input("t", 1)
    tape.minimise(tape.mse(tape.cube(tape.affine(x, 1, name="inner")), t), adam(0.02))
    program = tape.compile(batch=16)
    state = program.start(1, 64)
    program.parameters(state)["inner.weight"][:] = 0.4  # near 0 a cube is flat, and nothing is learnt
    x = np.linspace(-1, 1, 64)[:, None]
    program.train(state, program.data(x=x, t=(0.8 * x + 0.1) ** 3), steps=800, batch=16).check()
    found = {name: float(value.ravel()[0]) for name, value in program.parameters(state).items()}
    assert found == pytest.approx({"inner.weight": 0.8, "inner.bias": 0.1}, abs=0.02)


def test_names_that_are_taken_or_unknown_are_refused(cube):
    with pytest.raises(ModelError, match="opcode 'cube' is registered twice"):
        registry.opcode("cube", None)
    with pytest.raises(AttributeError, match=r"no operation 'cub'; did you mean 'cube'"):
        getattr(Tape(), "cub")  # noqa: B009  (a type checker knows that it is not there)
