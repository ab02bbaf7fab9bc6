"""Stimulus of a cell: a waveform held constant over each step, from a formula, a drawn curve, a recording or noise.

Each step k takes one value, the mean over the step for waveforms with edges and the value at its middle for smooth ones,
so that an edge inside a step costs no accuracy and a smooth waveform is integrated to second order. Everything that moves
(phase of an oscillation, noise, an injected pulse) lies in arrays of the model's state.
"""

from __future__ import annotations

import math

import numpy as np

from lab.data.signals import UNITS, Recording, read
from lab.kernels import kernel, normal

__all__ = ["KINDS", "SILENCE", "UNITS", "Recording", "drawn", "interpolate", "memory", "read", "waveform"]

KINDS = ("step", "pulses", "ramp", "sine", "chirp", "noise", "drawn", "file")
SILENCE = Recording(np.zeros(2))


def drawn(points) -> Recording:
    """Waveform through hand-drawn points ((t, value), ...), joined by straight lines."""
    table = np.asarray([(float(p[0]), float(p[1])) for p in points])
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Recording(np.ascontiguousarray(table[:, 1]), start=float(table[0, 0]), times=np.ascontiguousarray(table[:, 0]))


def memory(seed_words: np.ndarray) -> dict[str, np.ndarray]:
    """State of a stimulus: phase (cycles) of the oscillation, shared noise (in standard deviations), its generator, injected pulse."""
    return {"phase": np.zeros(1), "shared_noise": np.zeros(1), "noise_rng": seed_words, "pulse": np.zeros(2)}


@kernel
def _covered(a, b, lo, hi):
    """Fraction of the step a..b that lies in lo..hi."""
    if a >= lo and b <= hi:  # exactly 1, as where whole blocks are filled at once
        return 1.0
    left, right = max(a, lo), min(b, hi)
    return max(0.0, right - left) / (b - a)


@kernel
def _triangle(t, onset, rise, fall):
    """Ramp from 0 at `onset` to 1 after `rise`, held there, or back to 0 after `fall` more where fall > 0."""
    u = t - onset
    if u <= 0.0:
        return 0.0
    if u < rise:
        return u / rise
    if fall <= 0.0:
        return 1.0
    return max(0.0, 1.0 - (u - rise) / fall)


@kernel
def interpolate(t, times, values, start, interval, repeat):
    """Linear interpolation of a recording at time t: 0 before it, its last value (or the recording again) after it."""
    last = len(values) - 1
    length = times[last] - times[0] if len(times) > 0 else last * interval
    u = t - start
    if u < 0.0:
        return 0.0
    if u >= length:
        if repeat == 0:
            return values[last]
        u -= math.floor(u / length) * length
    if len(times) == 0:
        x = u / interval
        i = min(int(x), last - 1)
        return values[i] + (x - i) * (values[i + 1] - values[i])
    # Bisection by hand: compiling np.searchsorted takes a second.
    i, above = 0, last
    while above - i > 1:
        middle = (i + above) // 2
        if times[middle] <= u + start:
            i = middle
        else:
            above = middle
    return values[i] + (u + start - times[i]) / (times[i + 1] - times[i]) * (values[i + 1] - values[i])


@kernel
def _with_pulse(value, offset, pulse, dt):
    """The waveform's value with the constant offset and the pulse that a person injected, which is used up."""
    value += offset
    if pulse[1] > 0.0:
        value += pulse[0] * min(pulse[1], dt) / dt
        pulse[1] = max(0.0, pulse[1] - dt)
    return value


@kernel
def _formula(kind, p, step, dt, phase, pulse, out):
    """Steps, pulses, ramps and oscillations."""
    amplitude, offset, onset, width, period = p[0], p[1], p[2], p[3], p[4]
    for k in range(len(out)):
        a = (step + k) * dt
        b = (step + k + 1) * dt
        t = 0.5 * (a + b)
        value = 0.0
        if kind == 0:
            value = amplitude * _covered(a, b, onset, onset + width if width > 0.0 else np.inf)
        elif kind == 1:
            if b > onset:
                first = onset + math.floor((a - onset) / period) * period
                cover = _covered(a, b, max(first, onset), max(first, onset) + width) if first >= onset else 0.0
                cover += _covered(a, b, first + period, first + period + width)
                value = amplitude * min(cover, 1.0)
        elif kind == 2:
            value = amplitude * _triangle(t, onset, p[5], p[6])
        elif t > onset:
            f = p[7]
            if kind == 4:
                into = (t - onset) - math.floor((t - onset) / p[9]) * p[9]
                f += (p[8] - p[7]) * into / p[9]
            cycles = 0.001 * f * dt
            value = amplitude * math.sin(2.0 * math.pi * (phase[0] + 0.5 * cycles))
            phase[0] += cycles
            phase[0] -= math.floor(phase[0])
        out[k] = _with_pulse(value, offset, pulse, dt)


@kernel
def _noisy(p, step, dt, noise, rng, pulse, out):
    """Noise common to all cells, around its mean."""
    for k in range(len(out)):
        t = 0.5 * ((step + k) * dt + (step + k + 1) * dt)
        value = 0.0
        if p[10] >= 0.0:
            noise[0] = noise[0] * p[10] + math.sqrt(1.0 - p[10] * p[10]) * normal(rng)
            value = p[11] * noise[0]
        if t > p[2]:
            value += p[0]
        out[k] = _with_pulse(value, p[1], pulse, dt)


@kernel
def _recorded(p, times, values, start, interval, step, dt, pulse, out):
    """A drawn curve or a recording."""
    for k in range(len(out)):
        t = 0.5 * ((step + k) * dt + (step + k + 1) * dt)
        value = p[12] * interpolate(t - p[2], times, values, start, interval, p[13])
        out[k] = _with_pulse(value, p[1], pulse, dt)


def waveform(kind, p, times, values, start, interval, step, dt, phase, noise, rng, pulse, out) -> None:
    """Fill `out` with the stimulus of steps step, step + 1, ..., advancing phase, noise, generator and pulse.

    kind indexes KINDS; p = (amplitude, offset, onset, width, period, rise, fall, frequency, last frequency, sweep, decay of
    the noise per step, its standard deviation, scale, repeat). Each family is a kernel of its own, so that a step does not
    wait for the compilation of noise and recordings; a step that does not change within `out` needs none at all.
    """
    if kind == 0 and pulse[1] <= 0.0:
        end = p[2] + p[3] if p[3] > 0.0 else math.inf
        first, last = step * dt, (step + len(out)) * dt
        if last <= p[2] or first >= end or (first >= p[2] and last <= end):
            out[:] = (p[0] if first >= p[2] and last <= end else 0.0) + p[1]
            return
    if kind <= KINDS.index("chirp"):
        _formula(kind, p, step, dt, phase, pulse, out)
    elif kind == KINDS.index("noise"):
        _noisy(p, step, dt, noise, rng, pulse, out)
    else:
        _recorded(p, times, values, start, interval, step, dt, pulse, out)
