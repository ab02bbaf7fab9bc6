"""One step of each kind of population: every neuron is updated in vector instructions, then those that fired are collected.

Each update works through chunks that stay in the first-level cache, counts the neurons above threshold while it
updates (which vectorises), and looks for them one by one only where there are any. `until[i]` is the step before which
neuron i is refractory. Indices are unsigned: a signed one is tested for being negative at each access, which costs a
fifth of the whole step. `fired` receives the numbers of the neurons that fired; the update returns how many.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import exp, expm1_quotient, kernel, log, uniform

CHUNK = np.uint64(256)
START = np.uint64(0)


@kernel(fast=False)
def collect(v, until, a, b, step, hold, threshold, reset, fired, k):
    """Reset the neurons from a to b that are at or above threshold and write their numbers."""
    for i in range(a, b):
        if v[i] >= threshold:
            v[i] = reset
            until[i] = step + hold + 1
            fired[k] = i
            k += 1
    return k


@kernel(fast=False)
def step_delta(x, first, n, until, step, hold, c, fired):
    """LIF with delta synapses: V' = P V + drift + input; input that arrives while refractory is lost."""
    leak, drift, threshold, reset = c[0], c[1], c[2], c[3]
    v, arrived, u = x[0, first : first + n], x[1, first : first + n], until[first : first + n]
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            moved = v[i] * leak + drift + arrived[i]
            moved = v[i] if u[i] > step else moved
            v[i] = moved
            arrived[i] = 0.0
            above += 1 if moved >= threshold else 0
        if above:
            k = collect(v, u, a, b, step, hold, threshold, reset, fired, k)
        a = b
    return k


@kernel(fast=False)
def step_exponential(x, first, n, until, step, hold, c, fired):
    """LIF with exponential synaptic currents, exact."""
    leak, drift, threshold, reset = c[0], c[1], c[2], c[3]
    from_e, decay_e, from_i, decay_i = c[4], c[5], c[8], c[9]
    v, ge, gi, u = x[0, first : first + n], x[1, first : first + n], x[2, first : first + n], until[first : first + n]
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            moved = v[i] * leak + drift + ge[i] * from_e + gi[i] * from_i
            moved = v[i] if u[i] > step else moved
            v[i] = moved
            ge[i] *= decay_e
            gi[i] *= decay_i
            above += 1 if moved >= threshold else 0
        if above:
            k = collect(v, u, a, b, step, hold, threshold, reset, fired, k)
        a = b
    return k


@kernel(fast=False)
def step_alpha(x, first, n, until, step, hold, c, fired):
    """LIF with alpha-shaped synaptic currents, exact: dg/dt = -g / tau_s + h, dh/dt = -h / tau_s."""
    leak, drift, threshold, reset = c[0], c[1], c[2], c[3]
    e_level, e_decay, e_rise, e_grow = c[4], c[5], c[6], c[7]
    i_level, i_decay, i_rise, i_grow = c[8], c[9], c[10], c[11]
    v, ge, he, gi, hi, u = (
        x[0, first : first + n],
        x[1, first : first + n],
        x[2, first : first + n],
        x[3, first : first + n],
        x[4, first : first + n],
        until[first : first + n],
    )
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            moved = v[i] * leak + drift + ge[i] * e_level + he[i] * e_rise + gi[i] * i_level + hi[i] * i_rise
            moved = v[i] if u[i] > step else moved
            v[i] = moved
            ge[i] = ge[i] * e_decay + he[i] * e_grow
            gi[i] = gi[i] * i_decay + hi[i] * i_grow
            he[i] *= e_decay
            hi[i] *= i_decay
            above += 1 if moved >= threshold else 0
        if above:
            k = collect(v, u, a, b, step, hold, threshold, reset, fired, k)
        a = b
    return k


@kernel(fast=False)
def step_conductance(x, first, n, until, step, hold, c, fired):
    """LIF with synaptic conductances, exponential Euler."""
    dt, capacitance, leak, rest, bias, decay_e, decay_i, reversal_e, reversal_i = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
    threshold, reset = c[9], c[10]
    constant, scale = leak * rest + bias, -dt / capacitance
    v, ge, gi, u = x[0, first : first + n], x[1, first : first + n], x[2, first : first + n], until[first : first + n]
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            total = leak + ge[i] + gi[i]
            goal = (constant + ge[i] * reversal_e + gi[i] * reversal_i) / total
            moved = goal + (v[i] - goal) * exp(total * scale)
            moved = v[i] if u[i] > step else moved
            v[i] = moved
            ge[i] *= decay_e
            gi[i] *= decay_i
            above += 1 if moved >= threshold else 0
        if above:
            k = collect(v, u, a, b, step, hold, threshold, reset, fired, k)
        a = b
    return k


@kernel(fast=False)
def step_izhikevich(x, first, n, c, fired):
    """Izhikevich's two equations, forward Euler."""
    dt, rate, coupling, reset, jump, bias, decay_e, decay_i = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    v, w, ge, gi = x[0, first : first + n], x[1, first : first + n], x[2, first : first + n], x[3, first : first + n]
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            before = v[i]
            moved = before + dt * (0.04 * before * before + 5.0 * before + 140.0 - w[i] + ge[i] + gi[i] + bias)
            w[i] += dt * rate * (coupling * before - w[i])
            v[i] = moved
            ge[i] *= decay_e
            gi[i] *= decay_i
            above += 1 if moved >= 30.0 else 0
        if above:
            for i in range(a, b):
                if v[i] >= 30.0:
                    v[i] = reset
                    w[i] += jump
                    fired[k] = i
                    k += 1
        a = b
    return k


@kernel(fast=False)
def step_adex(x, first, n, until, step, hold, c, fired):
    """Adaptive exponential integrate-and-fire, forward Euler."""
    dt, capacitance, leak, rest, bias, decay_e, decay_i, reversal_e, reversal_i = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
    peak, reset, soft, sharp, slow, coupling, jump = c[9], c[10], c[11], c[12], c[13], c[14], c[15]
    scale = dt / capacitance
    v, w, ge, gi, u = (
        x[0, first : first + n],
        x[1, first : first + n],
        x[2, first : first + n],
        x[3, first : first + n],
        until[first : first + n],
    )
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            # The exponent is bounded at the peak: beyond it the spike is cut anyway, and exp would overflow.
            before = peak if v[i] > peak else v[i]
            current = leak * (rest - before) + leak * sharp * exp((before - soft) / sharp) - w[i] + bias
            current += ge[i] * (reversal_e - before) + gi[i] * (reversal_i - before)
            moved = before + scale * current
            w[i] += slow * (coupling * (before - rest) - w[i])
            moved = before if u[i] > step else moved
            v[i] = moved
            ge[i] *= decay_e
            gi[i] *= decay_i
            above += 1 if moved >= peak else 0
        if above:
            for i in range(a, b):
                if v[i] >= peak:
                    v[i] = reset
                    w[i] += jump
                    u[i] = step + hold + 1
                    fired[k] = i
                    k += 1
        a = b
    return k


@kernel(fast=False)
def step_hodgkin_huxley(x, first, n, until, step, hold, c, fired):
    """Hodgkin-Huxley cells with the rates of Traub and Miles; gates and V each by their exact solution with the rest held."""
    dt, capacitance, leak, rest, bias, decay_e, decay_i, reversal_e, reversal_i = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
    sodium, potassium, reversal_na, reversal_k, shift, second = c[9], c[10], c[11], c[12], c[13], c[14] > 0.5
    constant, scale = leak * rest + bias, -dt / capacitance
    v, m, h, p, ge, gi, u = (
        x[0, first : first + n],
        x[1, first : first + n],
        x[2, first : first + n],
        x[3, first : first + n],
        x[4, first : first + n],
        x[5, first : first + n],
        until[first : first + n],
    )
    k, a, end = 0, START, np.uint64(n)
    while a < end:
        b = min(a + CHUNK, end)
        above = 0
        for i in range(a, b):
            before = v[i]
            na = sodium * m[i] * m[i] * m[i] * h[i]
            square = p[i] * p[i]
            kal = potassium * square * square
            total = leak + na + kal + ge[i] + gi[i]
            goal = (constant + na * reversal_na + kal * reversal_k + ge[i] * reversal_e + gi[i] * reversal_i) / total
            moved = goal + (before - goal) * exp(total * scale)
            at = (moved if second else before) - shift
            opening = 1.28 * expm1_quotient((13.0 - at) * 0.25)
            closing = 1.4 * expm1_quotient((at - 40.0) * 0.2)
            both = opening + closing
            m[i] = opening / both + (m[i] - opening / both) * exp(-dt * both)
            opening = 0.128 * exp((17.0 - at) / 18.0)
            closing = 4.0 / (1.0 + exp((40.0 - at) * 0.2))
            both = opening + closing
            h[i] = opening / both + (h[i] - opening / both) * exp(-dt * both)
            opening = 0.16 * expm1_quotient((15.0 - at) * 0.2)
            closing = 0.5 * exp((10.0 - at) / 40.0)
            both = opening + closing
            p[i] = opening / both + (p[i] - opening / both) * exp(-dt * both)
            v[i] = moved
            ge[i] *= decay_e
            gi[i] *= decay_i
            above += 1 if (moved > -20.0) & (u[i] <= step) else 0
        if above:
            for i in range(a, b):
                if v[i] > -20.0 and u[i] <= step:
                    u[i] = step + hold
                    fired[k] = i
                    k += 1
        a = b
    return k


@kernel(fast=False)
def step_poisson(n, c, s, fired):
    """Each of n trains fires with its probability: the gaps between firing neurons are geometric, so only spikes cost."""
    if c[1] <= 0.0:
        return 0
    k, i = 0, 0
    while True:
        gap = log(1.0 - uniform(s)) / c[0]
        if gap >= n - i:
            return k
        i += int(gap)
        fired[k] = i
        k += 1
        i += 1
        if i >= n:
            return k
