"""The squid's gates and voltage in single precision, for large populations: sixteen cells in a vector where double precision has eight.

The same rule as in `squid` and `squid_membrane`, rounded to seven digits at each operation. The exponential of tenths is worked out by
itself: as the eighth power of another it would be eight times as wrong, just where the rates of m and n are quotients of small numbers.
"""

from __future__ import annotations

import numpy as np

from lab.cells.spikes import turning
from lab.cells.squid_group import BEFORE, CLIMB, OWN, TOTAL, H, M, N, V
from lab.kernels import exp_within32, kernel

_0, _HALF, _1 = np.float32(0), np.float32(0.5), np.float32(1)
_END, _REST = np.float32(500), np.float32(65)
_PER_80, _PER_18, _PER_10 = np.float32(-1 / 80), np.float32(-1 / 18), np.float32(-1 / 10)
_TENTH, _25, _10 = np.float32(0.1), np.float32(25), np.float32(10)
_E_2_5, _E_1, _E_3 = np.float32(12.182493960703473), np.float32(2.718281828459045), np.float32(20.085536923187668)
_NEAR, _SIXTH, _24TH = np.float32(0.04), np.float32(1 / 6), np.float32(1 / 24)
_4, _A_H, _B_N = np.float32(4), np.float32(0.07), np.float32(0.125)


@kernel(inline=True)
def gates_after_single(m, h, n, V, dt):
    """`squid.gates_after` in float32."""
    u = min(max(V, -_END), _END) + _REST
    e80, e10 = exp_within32(u * _PER_80), exp_within32(u * _PER_10)
    e40 = e80 * e80
    x, y = (u - _25) * _TENTH, (u - _10) * _TENTH
    d_m, d_n = abs(_1 - e10 * _E_2_5), abs(_1 - e10 * _E_1)
    a_m, a_n = abs(x), _TENTH * abs(y)
    # x / (1 - exp(-x)) by its series sooner than in double precision: the difference has lost more digits.
    near = a_m < _NEAR
    d_m = _1 - x * (_HALF - x * (_SIXTH - x * _24TH)) if near else d_m
    a_m = _1 if near else a_m
    near = abs(y) < _NEAR
    d_n = _1 - y * (_HALF - y * (_SIXTH - y * _24TH)) if near else d_n
    a_n = _TENTH if near else a_n
    a_h, d_h = _A_H * (e40 * e40), _1 + e10 * _E_3
    z_m = dt * (a_m + _4 * exp_within32(u * _PER_18) * d_m)
    z_h = dt * (a_h * d_h + _1)
    z_n = dt * (a_n + _B_N * e80 * d_n)
    p_m, p_h, p_n = max(d_m - _HALF * z_m, _0), max(d_h - _HALF * z_h, _0), max(d_n - _HALF * z_n, _0)
    return (m * p_m + dt * a_m) / (p_m + z_m), (h * p_h + dt * a_h * d_h) / (p_h + z_h), (n * p_n + dt * a_n) / (p_n + z_n)


@kernel
def group_gates_single(w, count, drive, dt):
    """`squid_group.group_gates` in float32."""
    for i in range(count):
        w[TOTAL + i] = drive + w[OWN + i]
        w[M + i], w[H + i], w[N + i] = gates_after_single(w[M + i], w[H + i], w[N + i], w[V + i], dt)


@kernel
def group_voltages_single(w, count, turned, membrane, dt, peak):
    """`squid_group.group_voltages` in float32."""
    C, g_Na, g_K, g_L, V_Na, V_K, V_L = membrane
    for i in range(count):
        n2 = w[N + i] * w[N + i]
        open_Na, open_K = g_Na * (w[M + i] * w[M + i] * w[M + i] * w[H + i]), g_K * (n2 * n2)
        z = dt * (open_Na + open_K + g_L)
        p = max(C - _HALF * z, _0)
        before = w[V + i]
        after = (before * p + dt * (w[TOTAL + i] + open_Na * V_Na + open_K * V_K + g_L * V_L)) / (p + z)
        w[BEFORE + i], w[V + i] = before, after
        turned[i] = turning(before, after, peak, w[CLIMB + i])


SINGLE = group_gates_single, group_voltages_single
