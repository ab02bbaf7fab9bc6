"""The gates of the squid giant axon (Hodgkin and Huxley 1952): rates, steady values, and one step of them.

They stand here alone, for the point cell and the cell in space, in three forms: in plain NumPy for pictures and equilibria, in plain
numbers for a solver that asks for one point at a time, and in fewer operations for the kernels, where the six exponentials of the
rates are two and the others powers of exp(-(V+65)/80). A test compares the three.
"""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import exp_within, kernel


def rates(V: np.ndarray) -> tuple[np.ndarray, ...]:
    """alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n (1/ms at 6.3 C) at voltages V (Hodgkin and Huxley 1952, table 3).

    In plain NumPy, for pictures and equilibria: the first picture need not wait for a compilation. The kernels below hold
    the same rates in fewer operations.
    """
    u = np.clip(np.asarray(V, float), -500.0, 500.0) + 65.0

    def quotient(x):
        """x / (exp(x) - 1), 1 at 0."""
        at_0 = x == 0.0
        return np.where(at_0, 1.0, x / np.expm1(np.where(at_0, 1.0, x)))

    return (
        quotient((25.0 - u) / 10.0),
        4.0 * np.exp(-u / 18.0),
        0.07 * np.exp(-u / 20.0),
        1.0 / (1.0 + np.exp((30.0 - u) / 10.0)),
        0.1 * quotient((10.0 - u) / 10.0),
        0.125 * np.exp(-u / 80.0),
    )


def gating(V: np.ndarray) -> np.ndarray:
    """m_inf, h_inf, n_inf and tau_m, tau_h, tau_n (ms at 6.3 C) at voltages V: shape (6, len(V))."""
    a_m, b_m, a_h, b_h, a_n, b_n = rates(V)
    sums = np.stack([a_m + b_m, a_h + b_h, a_n + b_n])
    return np.concatenate([np.stack([a_m, a_h, a_n]) / sums, 1.0 / sums])


def gate_changes(V: float, m: float, h: float, n: float) -> tuple[float, float, float]:
    """dm/dt, dh/dt, dn/dt (1/ms at 6.3 C) in numbers instead of arrays: one point at a time is ten times as quick."""
    u = min(max(V, -500.0), 500.0) + 65.0
    x, z = 2.5 - 0.1 * u, 1.0 - 0.1 * u
    a_m = x / math.expm1(x) if x else 1.0
    a_n = 0.1 * z / math.expm1(z) if z else 0.1
    return (
        a_m * (1.0 - m) - 4.0 * math.exp(u / -18.0) * m,
        0.07 * math.exp(u / -20.0) * (1.0 - h) - h / (1.0 + math.exp(3.0 - 0.1 * u)),
        a_n * (1.0 - n) - 0.125 * math.exp(u / -80.0) * n,
    )


@kernel(inline=True)
def rates_at(V):
    """(A_m, D_m, B_m, A_h, D_h, A_n, D_n, B_n): alpha_m = A_m/D_m, beta_m = B_m, beta_h = 1/D_h and so on; every D > 0.

    Fractions are left undivided because the trapezoid rule divides once anyway. Beyond 500 mV no gate changes any more.
    """
    u = min(max(V, -500.0), 500.0) + 65.0
    e80 = exp_within(u * (-1.0 / 80.0))
    e40 = e80 * e80
    e20 = e40 * e40
    e10 = e20 * e20
    x = (u - 25.0) * 0.1
    y = (u - 10.0) * 0.1
    d_m = abs(1.0 - e10 * 12.182493960703473)  # exp(2.5)
    d_n = abs(1.0 - e10 * 2.718281828459045)
    a_m, a_n = abs(x), 0.1 * abs(y)
    # x / (1 - exp(-x)) is 0/0 at -40 mV, and so it is for n at -55 mV: their series take over.
    near = a_m < 1e-3
    d_m = 1.0 - 0.5 * x + x * x * (1.0 / 6.0) if near else d_m
    a_m = 1.0 if near else a_m
    near = abs(y) < 1e-3
    d_n = 1.0 - 0.5 * y + y * y * (1.0 / 6.0) if near else d_n
    a_n = 0.1 if near else a_n
    return a_m, d_m, 4.0 * exp_within(u * (-1.0 / 18.0)), 0.07 * e20, 1.0 + e10 * 20.085536923187668, a_n, d_n, 0.125 * e80


@kernel(inline=True)
def gates_after(m, h, n, V, dt):
    """Gates after time dt at voltage V, by the trapezoid rule; dt is in units of the gates' own time (phi dt)."""
    a_m, d_m, b_m, a_h, d_h, a_n, d_n, b_n = rates_at(V)
    # z is dt times the gate's total rate, times its denominator: from z > 2 the gate goes to its steady value.
    z_m = dt * (a_m + b_m * d_m)
    z_h = dt * (a_h * d_h + 1.0)
    z_n = dt * (a_n + b_n * d_n)
    p_m = max(d_m - 0.5 * z_m, 0.0)
    p_h = max(d_h - 0.5 * z_h, 0.0)
    p_n = max(d_n - 0.5 * z_n, 0.0)
    return (m * p_m + dt * a_m) / (p_m + z_m), (h * p_h + dt * a_h * d_h) / (p_h + z_h), (n * p_n + dt * a_n) / (p_n + z_n)
