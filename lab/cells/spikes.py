"""When a cell fires: kernels that find spikes within a step, note them, and keep the statistics of their intervals."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.kernels import kernel


class Spikes(NamedTuple):
    """Where a block's spikes go (columns of a `lab.model.Events`), and what is kept of them.

    fired, last   of each cell: how many, and the time of the last (ms; -1: none)
    intervals     number, sum, sum of squares of all intervals, and the last of the first cell
    """

    step: np.ndarray
    cell: np.ndarray
    part: np.ndarray
    used: np.ndarray
    fired: np.ndarray
    last: np.ndarray
    intervals: np.ndarray


@kernel
def record_spike(k, i, fraction, step, dt, spikes):
    """Write one spike of cell i, at `fraction` of step k of the block, and add its interval to the statistics."""
    c = spikes.used[0]
    spikes.step[c] = k
    spikes.cell[c] = i
    spikes.part[c] = fraction
    spikes.used[0] = c + 1
    t = (step + k + fraction) * dt
    spikes.fired[i] += 1
    if spikes.last[i] >= 0.0:
        interval = t - spikes.last[i]
        spikes.intervals[0] += 1.0
        spikes.intervals[1] += interval
        spikes.intervals[2] += interval * interval
        if i == 0:
            spikes.intervals[3] = interval
    spikes.last[i] = t


NO_SPIKE, CROSSED, PEAKING, PEAKED = 0, 1, 2, 3


@kernel(inline=True)
def turning(a, b, peak, climb):
    """Whether rising_spike has anything to do: V turned around, or rises uncounted above the lowest peak.

    One branch, nearly never taken, instead of several that differ from cell to cell: it halves the cost of a step.
    """
    return ((b > a) != (climb > 0)) | ((climb == 1) & (b > peak))


@kernel(inline=True)
def rising_spike(a, b, level, peak, rise, i, climb, trough):
    """Whether a step that took V from a to b holds a spike, or may hold one.

    A spike is an upward crossing of `level`. Under strong current action potentials shrink and peak below it; so a peak
    above `peak` that rose by `rise` from the trough before it counts as well. climb[i]: 0 falling, 1 rising, 2 rising and
    already counted. `peak` is below `level`. Returns CROSSED, PEAKED (at the start of the step), PEAKING (if dV/dt has turned negative at its end).
    """
    if b > a:
        if climb[i] == 0:
            climb[i] = 1
            trough[i] = a
        if climb[i] == 1:
            if a < level and b >= level:
                return CROSSED
            if b < level and b > peak and b - trough[i] > rise:
                return PEAKING
        return NO_SPIKE
    before = climb[i]
    climb[i] = 0
    if before == 1 and a < level and a > peak and a - trough[i] > rise:
        return PEAKED
    return NO_SPIKE


@kernel
def spike_fraction(found, a, b, change, level):
    """Where in the step the spike is (0..1), or -1: by the parabola through a and b with slope `change` per step at b."""
    if found == PEAKED:
        return 0.0
    bend = a - b + change  # V(s) = b + change (s - 1) + bend (s - 1)^2
    if found == PEAKING:
        if change > 0.0:
            return -1.0
        return min(1.0, max(0.0, 1.0 - change / (2.0 * bend))) if bend < 0.0 else 1.0
    rest = b - level
    inside = change * change - 4.0 * bend * rest
    if inside < 0.0:
        return min(1.0, max(0.0, (level - a) / (b - a)))
    # The root that tends to the chord's as the bend vanishes, in the form without cancellation.
    s = 1.0 - 2.0 * rest / (change + math.sqrt(inside)) if change > 0.0 else (level - a) / (b - a)
    return min(1.0, max(0.0, s))
