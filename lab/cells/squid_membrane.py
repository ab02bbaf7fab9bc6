"""The squid's whole membrane in kernels: voltage and gates of one cell, and of cells whose voltage is held.

Gates and voltage are staggered by half a step, each advanced by the trapezoid rule (Hines 1984). `c` are the constants of a cell:
C, g_Na, g_K, g_L, V_Na, V_K, V_L and phi, which speeds up the gates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.cells.spikes import CROSSED, NO_SPIKE, PEAKING, record_spike, rising_spike, spike_fraction, turning
from lab.cells.squid import gates_after, rates_at
from lab.kernels import exp, kernel

PEAK, RISE = -40.0, 10.0  # mV: a shrunken action potential is one that peaks above PEAK after rising by RISE


class Cells(NamedTuple):
    """What moves: voltages and gates, of each cell or of each step."""

    V: np.ndarray
    m: np.ndarray
    h: np.ndarray
    n: np.ndarray


class Climb(NamedTuple):
    """How spikes are found: their level, and whether each cell climbs and from which trough (`rising_spike`)."""

    level: float
    climb: np.ndarray
    trough: np.ndarray


class Looks(NamedTuple):
    """What is recorded, step by step or empty: of the first cell, and V of the first cells."""

    V: np.ndarray
    current: np.ndarray
    gates: np.ndarray
    currents: np.ndarray
    conductances: np.ndarray
    cells: np.ndarray


class Membrane(NamedTuple):
    """The constants of the membrane as numbers: from an array the compiler would have to read them again at each step."""

    C: float
    g_Na: float
    g_K: float
    g_L: float
    V_Na: float
    V_K: float
    V_L: float


@kernel
def _gates_then(m, h, n, V, dt):
    """gates_after as a function of its own, for places that need not become vector instructions: compiled once for all of them."""
    return gates_after(m, h, n, V, dt)


@kernel
def _gates_exactly(m, h, n, V, dt):
    """Gates after time dt at voltage V, exactly: dx/dt is linear while V is held (the voltage clamp)."""
    a_m, d_m, b_m, a_h, d_h, a_n, d_n, b_n = rates_at(V)
    m_inf, h_inf, n_inf = a_m / (a_m + b_m * d_m), a_h * d_h / (a_h * d_h + 1.0), a_n / (a_n + b_n * d_n)
    after_m = m_inf + (m - m_inf) * exp(-dt * (a_m / d_m + b_m))
    after_h = h_inf + (h - h_inf) * exp(-dt * (a_h + 1.0 / d_h))
    after_n = n_inf + (n - n_inf) * exp(-dt * (a_n / d_n + b_n))
    return after_m, after_h, after_n


@kernel(inline=True)
def voltage_after(V, m, h, n, current, membrane, dt):
    """Voltage after one step with the gates at its middle, by the trapezoid rule (its steady value where dt g > 2 C)."""
    n2 = n * n
    open_Na = membrane.g_Na * (m * m * m * h)
    open_K = membrane.g_K * (n2 * n2)
    z = dt * (open_Na + open_K + membrane.g_L)
    p = max(membrane.C - 0.5 * z, 0.0)
    return (V * p + dt * (current + open_Na * membrane.V_Na + open_K * membrane.V_K + membrane.g_L * membrane.V_L)) / (p + z)


@kernel(inline=True)
def _ionic(V, m, h, n, c):
    n2 = n * n
    g_Na, g_K = c[1] * (m * m * m * h), c[2] * (n2 * n2)
    return g_Na, g_K, g_Na * (V - c[4]), g_K * (V - c[5]), c[3] * (V - c[6])


@kernel
def step_gates(V, m, h, n, dt):
    """One step of the gates of many cells, or of one cell at many times."""
    for i in range(len(V)):
        m[i], h[i], n[i] = gates_after(m[i], h[i], n[i], V[i], dt)


@kernel(inline=True)
def surely_rising(V, m, h, n, total, c, dt):
    """Whether V above PEAK rises at the end of a step whatever its gates have done since the middle, without their exponentials.

    x / (1 - exp(-x)) is at most 1 + x for positive x, and the closing rates of m and h are below 1 there: in half a step m and h lose
    at most the share `lost`, and n gains at most 0.1 (1 + (V + 55) / 10) times the time. Asked at each step of an upstroke.
    """
    lost = 0.5 * c[7] * dt
    m, h = m * max(1.0 - lost, 0.0), h * max(1.0 - lost, 0.0)
    n = min(n + lost * (0.1 + 0.01 * (V + 55.0)), 1.0)
    n2 = n * n
    sodium = c[1] * (m * m * m * h * max(c[4] - V, 0.0) - max(V - c[4], 0.0))
    return dt * (total + sodium - c[2] * (n2 * n2 * max(V - c[5], 0.0)) - c[3] * (V - c[6])) > 1e-6 * c[0]


@kernel
def fraction(found, before, V, m, h, n, total, c, dt, level):
    """Where in a step from `before` to V its spike lies, or -1 where there is none. Numbers nearly alone: each array costs a call more."""
    if found == NO_SPIKE:
        return -1.0
    g_m, g_h, g_n = _gates_then(m, h, n, V, 0.5 * c[7] * dt)
    _, _, i_Na, i_K, i_L = _ionic(V, g_m, g_h, g_n, c)
    change = dt * (total - i_Na - i_K - i_L) / c[0]
    return spike_fraction(found, before, V, change, level)


@kernel(inline=True)
def counted(found, climb):
    """How a cell climbs once its spike is written down: no second one on the same rise."""
    return 2 if found == CROSSED or found == PEAKING else climb


@kernel
def _write(k, V, a, b, d, c, out):
    """Gates a, b, d at the voltage's own time and the currents that flow through them, of step k."""
    open_Na, open_K, i_Na, i_K, i_L = _ionic(V, a, b, d, c)
    if len(out.gates) > 0:
        out.gates[k, 0], out.gates[k, 1], out.gates[k, 2] = a, b, d
    if len(out.currents) > 0:
        out.currents[k, 0], out.currents[k, 1], out.currents[k, 2], out.currents[k, 3] = i_Na, i_K, i_L, i_Na + i_K + i_L
    if len(out.conductances) > 0:
        out.conductances[k, 0], out.conductances[k, 1] = open_Na, open_K


@kernel
def look_back(V, m, h, n, c, dt, out_gates, out_currents, out_g):
    """Write what is recorded of all steps of a block, whose V, m, h and n were kept. One call: each way back into Python may
    have to wait for the window."""
    g_Na, g_K, g_L, V_Na, V_K, V_L = c[1], c[2], c[3], c[4], c[5], c[6]
    step_gates(V, m, h, n, 0.5 * c[7] * dt)
    for k in range(len(out_gates)):
        out_gates[k, 0], out_gates[k, 1], out_gates[k, 2] = m[k], h[k], n[k]
    for k in range(len(V) if len(out_currents) + len(out_g) > 0 else 0):
        n2 = n[k] * n[k]
        open_Na, open_K = g_Na * (m[k] * m[k] * m[k] * h[k]), g_K * (n2 * n2)
        if len(out_g) > 0:
            out_g[k, 0], out_g[k, 1] = open_Na, open_K
        if len(out_currents) > 0:
            i_Na, i_K, i_L = open_Na * (V[k] - V_Na), open_K * (V[k] - V_K), g_L * (V[k] - V_L)
            out_currents[k, 0], out_currents[k, 1], out_currents[k, 2], out_currents[k, 3] = i_Na, i_K, i_L, i_Na + i_K + i_L


@kernel
def look(k, V, m, h, n, current, c, dt, out):
    """Write what is recorded of the first cell after step k. Its gates lie half a step back: they are taken forward."""
    if len(out.V) > 0:
        out.V[k] = V
    if len(out.current) > 0:
        out.current[k] = current
    if len(out.gates) + len(out.currents) + len(out.conductances) > 0:
        a, b, d = _gates_then(m, h, n, V, 0.5 * c[7] * dt)
        _write(k, V, a, b, d, c, out)


# Two ways through time, each compiled only when it is needed: one cell and the voltage clamp (many cells: `squid_population`).


@kernel
def advance_one(cells, drive, own, c, dt, climb, step, now, into, kept):
    """One cell: the population's arithmetic without the preparations of a vector loop, which take longer than the step.

    What moves is kept in numbers: written to arrays at each step, the compiler could not know that they do not overlap
    with the others, and the step would take three times as long.
    """
    membrane, phi = Membrane(c[0], c[1], c[2], c[3], c[4], c[5], c[6]), c[7]
    first = len(cells.V) - 1  # 0, but a written 0 would be a type of its own and compile what is called again
    full = into.used[0] >= len(into.step)
    v, a, b, d, climbing, total = cells.V[0], cells.m[0], cells.h[0], cells.n[0], climb.climb[0], now[0]
    done = 0
    while done < len(drive) and not full:
        before = v
        total = drive[done] + own[0]
        a, b, d = _gates_then(a, b, d, v, phi * dt)
        v = voltage_after(v, a, b, d, total, membrane, dt)
        if turning(before, v, PEAK, climbing):
            found = rising_spike(before, v, climb.level, PEAK, RISE, first, climb.climb, climb.trough)
            if found == PEAKING and surely_rising(v, a, b, d, total, c, dt):
                found = NO_SPIKE
            s = fraction(found, before, v, a, b, d, total, c, dt, climb.level)
            if s >= 0.0:
                climb.climb[first] = counted(found, climb.climb[first])
                record_spike(done, first, s, step, dt, into)
                full = into.used[0] >= len(into.step)
            climbing = climb.climb[0]
        if len(kept.V) > 0:
            kept.V[done] = v
        if len(kept.m) > 0:
            kept.m[done], kept.h[done], kept.n[done] = a, b, d
        done += 1
    cells.V[0], cells.m[0], cells.h[0], cells.n[0], now[0] = v, a, b, d, total
    return done


@kernel
def advance_clamped(cells, drive, c, dt, now, out):
    """All cells at the commanded voltage: half of the gates' step at the last command, half at this one."""
    V, m, h, n = cells
    half = 0.5 * c[7] * dt
    for k in range(len(drive)):
        for i in range(len(V)):
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], V[i], half)
            V[i] = drive[k]
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], drive[k], half)
        now[0] = drive[k]
        if len(out.V) > 0:
            out.V[k] = V[0]
        if len(out.current) > 0:
            out.current[k] = drive[k]
        if len(out.gates) + len(out.currents) + len(out.conductances) > 0:
            a, b, d = _gates_exactly(m[0], h[0], n[0], V[0], half)
            _write(k, V[0], a, b, d, c, out)
        for j in range(out.cells.shape[1] if len(out.cells) > 0 else 0):
            out.cells[k, j] = V[j]
    return len(drive)


@kernel
def hold(m, h, n, V, dt, open_Na, open_K):
    """Every cell held at its own voltage V[i]; dt is in the gates' own time. Rows of the open fractions follow each step."""
    for k in range(len(open_Na)):
        for i in range(len(V)):
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], V[i], dt)
            n2 = n[i] * n[i]
            open_Na[k, i], open_K[k, i] = m[i] * m[i] * m[i] * h[i], n2 * n2
