"""When a cell fires: kernels that find spikes within a step, note them, and keep the statistics of their intervals."""

from __future__ import annotations

import math

from lab.kernels import kernel


@kernel
def record_spike(k, i, fraction, step, dt, steps, index, value, count, spike_count, last_spike, intervals):
    """Write one spike of cell i, at `fraction` of step k of the block, and add its interval to the statistics."""
    c = count[0]
    steps[c] = k
    index[c] = i
    value[c] = fraction
    count[0] = c + 1
    t = (step + k + fraction) * dt
    spike_count[i] += 1
    if last_spike[i] >= 0.0:
        interval = t - last_spike[i]
        intervals[0] += 1.0
        intervals[1] += interval
        intervals[2] += interval * interval
        if i == 0:
            intervals[3] = interval
    last_spike[i] = t


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
