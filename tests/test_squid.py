"""The squid's gates stand in three forms: in NumPy for pictures, in plain numbers for a solver, in fewer operations for kernels."""

import ast
from pathlib import Path

import numpy as np

import lab
from lab.cells.squid import gate_changes, gates_after, gating, rates, rates_at
from lab.kernels import kernel


@kernel
def _table(V, out):
    for k in range(len(V)):
        a_m, d_m, b_m, a_h, d_h, a_n, d_n, b_n = rates_at(V[k])
        out[0, k], out[1, k], out[2, k], out[3, k], out[4, k], out[5, k] = a_m / d_m, b_m, a_h, 1.0 / d_h, a_n / d_n, b_n


@kernel
def _settle(V, out):
    for k in range(len(V)):
        out[0, k], out[1, k], out[2, k] = gates_after(0.0, 1.0, 0.5, V[k], 1e6)


def test_rates_of_kernels_and_of_pictures_are_the_same():
    V = np.concatenate([np.linspace(-150.0, 150.0, 601), [-40.0, -55.0, -40.0 + 1e-9, -55.0 - 1e-9]])
    out = np.empty((6, len(V)))
    _table(V, out)
    for found, expected in zip(out, rates(V)):
        np.testing.assert_allclose(found, expected, rtol=2e-9, atol=0)


def test_a_long_step_puts_gates_to_their_steady_values():
    V = np.linspace(-120.0, 60.0, 181)
    out = np.empty((3, len(V)))
    _settle(V, out)
    np.testing.assert_allclose(out, gating(V)[:3], rtol=1e-9)


def test_the_solvers_gates_move_as_the_rates_say():
    for V in [*np.linspace(-150.0, 150.0, 301), -40.0, -55.0, 700.0, -700.0]:
        a_m, b_m, a_h, b_h, a_n, b_n = (float(r) for r in rates(np.float64(V)))
        m, h, n = 0.2, 0.7, 0.4
        expected = a_m * (1 - m) - b_m * m, a_h * (1 - h) - b_h * h, a_n * (1 - n) - b_n * n
        np.testing.assert_allclose(gate_changes(float(V), m, h, n), expected, rtol=1e-12, atol=1e-300)


def factors_of_exponentials(path: Path) -> set[float]:
    """Numbers by which the exponentials of a file are multiplied."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, ast.Constant) and isinstance(other, ast.Call) and ast.unparse(other.func).endswith("exp"):
                    found.add(one.value)
    return found


def test_the_rates_stand_in_no_other_file():
    """Of a cell with these gates: the populations of the spiking canvas have the rates of Traub and Miles."""
    house = Path(lab.__file__).parent
    assert {0.07, 0.125, 4.0} <= factors_of_exponentials(house / "cells" / "squid.py")
    # One acceptance figure writes out the steady potassium current as the paper does, and compares the two.
    apart = {"squid.py", "voltage_clamp.py"}
    assert not [p for p in house.rglob("*.py") if p.name not in apart and factors_of_exponentials(p) & {0.07, 0.125}]
