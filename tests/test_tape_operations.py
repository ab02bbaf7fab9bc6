"""Every operation against its NumPy oracle and its gradient against central differences."""

import numpy as np
import pytest

from lab.tape.check import case_program, check_case
from lab.tape.registry import CASES, OPCODE, OPCODES

named = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@named
def test_value_equals_the_oracle(case):
    program, state, root, arrays = case_program(case)
    found = program.forward(state, root, train=case.train, **arrays)
    if case.oracle is None:
        pytest.skip("a random operation: its statistics are tested on their own")
    values = {name.replace(".", "_"): value for name, value in (program.parameters(state) | program.statistics(state)).items()}
    expected = case.oracle(**arrays, **values)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=lambda case: case.name)
def test_gradient_equals_central_differences(case):
    rows = check_case(case)
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_every_opcode_has_a_case():
    numbers = set()
    for case in CASES:
        program, _, root, _ = case_program(case)
        numbers |= {int(row[OPCODE]) for row in program.layout.forward_rows([root])}
    assert {name for name, known in OPCODES.items() if 2 * known.number in numbers} == set(OPCODES)
