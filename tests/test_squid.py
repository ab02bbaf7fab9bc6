"""The squid's gates stand twice: in NumPy for pictures, and in fewer operations for kernels."""

import numpy as np

from lab.cells.squid import gates_after, gating, rates, rates_at
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
