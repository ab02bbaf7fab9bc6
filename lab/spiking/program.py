"""The compiled loop over steps: deliver, update, record, learn, count.

Order of one step from t to t + 1 (a spike found in it belongs to time t + 1, the end of the step):

    1  spikes due now move the inputs of populations with delta synapses, drive and noise too
    2  every population is updated; neurons that fired are written into row t mod L of `fired`
    3  spikes due at t + 1 move the synaptic currents and conductances (they do not act within this step)
    4  plastic synapses learn: first from arrivals, then from the spikes of the targets
    5  counts, rates and streams

A projection with one delay needs no ring of pending input: the spikes of `delay` steps ago are still in `fired`. Only
projections whose synapses differ in delay write into `pending`, a ring of input per step, sign and neuron.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lab.kernels import below, exp, kernel, next_bits, normal, poisson
from lab.spiking.dynamics import (
    step_adex,
    step_alpha,
    step_conductance,
    step_delta,
    step_exponential,
    step_hodgkin_huxley,
    step_izhikevich,
    step_poisson,
)

# Columns of the table of populations.
KIND, FIRST, SIZE, ROWS, HOLD, PORT_E, PORT_I, PENDING = range(8)
# Columns of the table of projections.
SOURCE, TARGET, ROW, EARLY, DELAY, STARTS, TARGETS, WEIGHTS, SPREAD, PORT, PLASTIC, SOURCES = range(12)
# Columns of the table of plastic projections.
HEADS, ORIGIN, TRACE_SOURCE, TRACE_TARGET = range(4)
TABLE = 256  # entries of the alias table of a drive
BINS = 4096  # bins of the kept history of activity


class Wiring(NamedTuple):
    """Populations, projections and synapses: what never changes.

    starts (all sources + projections,) int64, targets (synapses,) uint32, weights float32 relative to the projection's weight.
    """

    pop: np.ndarray
    proj: np.ndarray
    drives: np.ndarray
    starts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    plastic: np.ndarray
    heads: np.ndarray
    origin: np.ndarray
    place: np.ndarray
    shown: np.ndarray  # of each neuron: its row in the raster, or -1
    traced: np.ndarray  # neurons whose membrane is written


class Numbers(NamedTuple):
    """Constants of cells, drives, noise and learning, as live parameters have them now."""

    constants: np.ndarray
    gains: np.ndarray
    drives: np.ndarray
    chance: np.ndarray
    other: np.ndarray
    noise: np.ndarray
    rules: np.ndarray
    keep: np.ndarray


class Moving(NamedTuple):
    """What moves."""

    clock: np.ndarray
    x: np.ndarray
    until: np.ndarray
    fired: np.ndarray
    counts: np.ndarray
    pending: np.ndarray
    random: np.ndarray
    silent: np.ndarray


class Learning(NamedTuple):
    """What plastic projections read and change: their synapses from both ends, weights and traces."""

    starts: np.ndarray
    targets: np.ndarray
    heads: np.ndarray
    origin: np.ndarray
    place: np.ndarray
    learned: np.ndarray
    trace: np.ndarray
    at: np.ndarray


class Tally(NamedTuple):
    """What is counted: of each neuron its last spike, its spikes and intervals; of each population its rate and history."""

    last: np.ndarray
    spikes: np.ndarray
    interval: np.ndarray
    interval2: np.ndarray
    smooth: np.ndarray
    activity: np.ndarray
    delivered: np.ndarray


class Limits(NamedTuple):
    """How far a call goes: steps, room that one step's events may need, and steps in a bin of the history."""

    steps: int
    room: int
    bin_steps: int


class Outlet(NamedTuple):
    """Where a block is written, empty where nobody looks: rates, membranes, and the columns of its spikes."""

    rate: np.ndarray
    v: np.ndarray
    step: np.ndarray
    cell: np.ndarray
    part: np.ndarray
    used: np.ndarray


_INDEX = np.uint64(TABLE - 1)
_ELEVEN = np.uint64(11)


@kernel(fast=False)
def _add(row, targets, gain):
    """Add the same number at all targets."""
    for c in range(len(targets)):
        row[targets[c]] += gain


@kernel(fast=False)
def _add_weighted(row, targets, weights, gain):
    """Add each synapse's weight times gain."""
    for c in range(len(targets)):
        row[targets[c]] += gain * weights[c]


@kernel(fast=False)
def _waiting(p, proj, step, counts):
    """Spikes of projection p that are due now."""
    then = step - proj[p, DELAY]
    return counts[then % len(counts), proj[p, SOURCE]] if then >= 0 else 0


@kernel(fast=False)
def _deliver(p, k, proj, pop, step, x, fired, starts, targets, weights, learned, gain):
    """Bring the k spikes of `delay` steps ago to the targets of projection p."""
    ring = (step - proj[p, DELAY]) % len(fired)
    first, begin, size = pop[proj[p, SOURCE], FIRST], pop[proj[p, TARGET], FIRST], pop[proj[p, TARGET], SIZE]
    row = x[proj[p, ROW], begin : begin + size]
    offset, own, rows = proj[p, TARGETS], proj[p, WEIGHTS], proj[p, STARTS]
    delivered = 0
    for j in range(k):
        i = rows + fired[ring, first + j]
        a, b = starts[i], starts[i + 1]
        delivered += b - a
        if own < 0:
            _add(row, targets[offset + a : offset + b], gain)
        elif proj[p, PLASTIC] >= 0:
            _add_weighted(row, targets[offset + a : offset + b], learned[own + a : own + b], gain)
        else:
            _add_weighted(row, targets[offset + a : offset + b], weights[own + a : own + b], gain)
    return delivered


@kernel(fast=False)
def scatter_spikes(q, pop, step, pending, fired, counts, starts, targets, weights, delays, gain):
    """Write the spikes of this step into the ring of pending input, each synapse after its own delay."""
    ring = step % fired.shape[0]
    depth = pending.shape[0]
    first, begin, port = pop[q[SOURCE], FIRST], pop[q[TARGET], FIRST], q[PORT]
    delivered = 0
    for j in range(counts[ring, q[SOURCE]]):
        i = q[STARTS] + fired[ring, first + j]
        for c in range(starts[i], starts[i + 1]):
            w = gain * weights[q[WEIGHTS] + c] if q[WEIGHTS] >= 0 else gain
            pending[(step + delays[q[SPREAD] + c]) % depth, port, begin + targets[q[TARGETS] + c]] += w
        delivered += starts[i + 1] - starts[i]
    return delivered


@kernel(fast=False)
def _pour(pending, slot, port, row, first, size):
    """Empty one slot of pending input into the row of its port."""
    waiting = pending[slot, port, first : first + size]
    for i in range(size):
        row[i] += waiting[i]
        waiting[i] = 0.0


@kernel(fast=False)
def _drive(row, s, lam, weight, chance, other):
    """Add a Poisson count of mean lam times weight to each neuron.

    Where spikes are rare, one count for all neurons is drawn and its spikes thrown on neurons at random, which is the
    same law. Elsewhere each count is one look-up in an alias table (Walker 1977): 8 of 64 random bits choose a column
    and 53 decide between its two counts.
    """
    n = len(row)
    if lam < 0.2:
        for _ in range(poisson(s, n * lam)):
            row[below(s, n)] += weight
        return
    for i in range(n):
        bits = next_bits(s)
        column = np.int64(bits & _INDEX)
        part = np.float64(np.int64(bits >> _ELEVEN)) * 1.1102230246251565e-16
        row[i] += weight * (column if part < chance[column] else other[column])


@kernel(fast=False)
def _drive_many(row, s, lam, weight):
    """As `_drive`, for means too large for a table."""
    for i in range(len(row)):
        row[i] += weight * poisson(s, lam)


@kernel(fast=False)
def _decayed(trace, at, i, step, rate):
    """Value of trace i, last set at step at[i]."""
    return trace[i] * exp((at[i] - step) * rate)


@kernel(fast=False)
def learn_by_pairs(q, z, rule, pop, step, fired, counts, learning):
    """Pair-based STDP with all pairs: traces of sources jump when a spike arrives, those of targets when they fire."""
    starts, targets, heads, origin, place, learned, trace, at = learning
    ring = (step - q[DELAY]) % fired.shape[0]
    rise, fall, fast, slow, largest = rule[0], rule[1], rule[2], rule[3], rule[4]
    w = learned[q[WEIGHTS] :]
    if step >= q[DELAY]:
        first = pop[q[SOURCE], FIRST]
        for j in range(counts[ring, q[SOURCE]]):
            s = fired[ring, first + j]
            i = q[STARTS] + s
            for c in range(starts[i], starts[i + 1]):
                changed = w[c] - fall * _decayed(trace, at, z[TRACE_TARGET] + targets[q[TARGETS] + c], step, slow)
                w[c] = changed if changed > 0.0 else 0.0
            mark = z[TRACE_SOURCE] + s
            trace[mark] = _decayed(trace, at, mark, step, fast) + 1.0
            at[mark] = step
    ring = step % fired.shape[0]
    first = pop[q[TARGET], FIRST]
    for j in range(counts[ring, q[TARGET]]):
        t = fired[ring, first + j]
        for k in range(heads[z[HEADS] + t], heads[z[HEADS] + t + 1]):
            c = place[z[ORIGIN] + k]
            changed = w[c] + rise * _decayed(trace, at, z[TRACE_SOURCE] + origin[z[ORIGIN] + k], step, fast)
            w[c] = changed if changed < largest else largest
        mark = z[TRACE_TARGET] + t
        trace[mark] = _decayed(trace, at, mark, step, slow) + 1.0
        at[mark] = step


@kernel(fast=False)
def update_simple(kind, x, first, n, until, step, hold, c, s, fired):
    """Update one population of LIF cells with delta or exponential synapses, or of Poisson sources; return how many neurons fired."""
    if kind == 0:
        return step_delta(x, first, n, until, step, hold, c, fired)
    if kind == 1:
        return step_exponential(x, first, n, until, step, hold, c, fired)
    return step_poisson(n, c, s, fired)


@kernel(fast=False)
def update_any(kind, x, first, n, until, step, hold, c, s, fired):
    """Update one population of any kind and return how many neurons fired."""
    if kind == 2:
        return step_alpha(x, first, n, until, step, hold, c, fired)
    if kind == 3:
        return step_conductance(x, first, n, until, step, hold, c, fired)
    if kind == 4:
        return step_izhikevich(x, first, n, c, fired)
    if kind == 5:
        return step_adex(x, first, n, until, step, hold, c, fired)
    if kind == 6:
        return step_hodgkin_huxley(x, first, n, until, step, hold, c, fired)
    return update_simple(kind, x, first, n, until, step, hold, c, s, fired)


SIMPLE = frozenset((0, 1, 7))  # kinds that update_simple knows
OWN = 8  # from here on the populations of a network that bring an update of their own, in the order in which it names them


def _knowing(base, number, own):
    """An update that knows one more kind."""

    @kernel(fast=False)
    def update(kind, x, first, n, until, step, hold, c, s, fired):
        if kind == number:
            return own(x, first, n, until, step, hold, c, s, fired)
        return base(kind, x, first, n, until, step, hold, c, s, fired)

    return update


@lru_cache(maxsize=32)
def update_with(own, simple):
    """The update of a network with these kernels of its own; `simple` where all others are of the kinds that update_simple knows."""
    update = update_simple if simple else update_any
    for k, step in enumerate(own):
        update = _knowing(update, OWN + k, step)
    return update


AFTER, BEFORE = range(2)  # of the update of a step: when something arrives


@kernel(fast=False)
def from_outside(when, step, pop, drives, drive_values, chance, other, x, pending, random, silent):
    """Bring drive, and input that waits in the ring, BEFORE the update (for synapses that move V at once) or AFTER it."""
    early = when == BEFORE
    for g in range(len(pop)):
        if pop[g, PENDING] and (pop[g, PORT_E] == pop[g, PORT_I]) == early:
            first, size = pop[g, FIRST], pop[g, SIZE]
            _pour(pending, step % len(pending), 0, x[pop[g, PORT_E], first : first + size], first, size)
            _pour(pending, step % len(pending), 1, x[pop[g, PORT_I], first : first + size], first, size)
    for d in range(len(drives)):
        g = drives[d, 0]
        if (drives[d, 2] != 0) == early and not silent[g] and step < drives[d, 3]:
            first = pop[g, FIRST]
            row = x[drives[d, 1], first : first + pop[g, SIZE]]
            if drive_values[d, 0] < 100.0:
                _drive(row, random[d], drive_values[d, 0], drive_values[d, 1], chance[d], other[d])
            else:
                _drive_many(row, random[d], drive_values[d, 0], drive_values[d, 1])


@kernel(fast=False)
def _forget(row, first, size):
    """Set a stretch of a row to 0."""
    for i in range(first, first + size):
        row[i] = 0.0


@kernel(fast=False)
def shake_membranes(v, until, first, size, step, strength, s):
    """White noise on the membranes of one population; a membrane is held while refractory."""
    for i in range(first, first + size):
        kick = strength * normal(s)
        if until[i] <= step:
            v[i] += kick


@kernel(fast=False)
def no_outside(when, step, pop, drives, drive_values, chance, other, x, pending, random, silent):
    """In place of `from_outside` where nothing is driven and nothing waits."""


@kernel(fast=False)
def no_scatter(q, pop, step, pending, fired, counts, starts, targets, weights, delays, gain):
    """In place of `scatter_spikes` where all synapses of a projection have one delay."""
    return 0


@kernel(fast=False)
def no_learning(q, z, rule, pop, step, fired, counts, learning):
    """In place of `learn_by_pairs` where no projection is plastic."""


@kernel(fast=False)
def no_shake(v, until, first, size, step, strength, s):
    """In place of `shake_membranes` where there is no noise."""


@kernel(fast=False)
def advance(update, outside, scatter, learn, shake, limits, wiring, numbers, moving, learning, tally, out):
    """Up to so many steps; returns those done, fewer when the events of one more step might not fit.

    The first five arguments are kernels: update_simple where all populations are of its kinds, else update_any or one with kernels of its own; and for what
    a network has none of (drive, delays of their own, plasticity, noise) those that do nothing. What is not used is not compiled.
    """
    steps, room, bin_steps = limits
    pop, proj, drives, starts, targets, weights, delays, plastic, shown, traced = (
        wiring.pop, wiring.proj, wiring.drives, wiring.starts, wiring.targets, wiring.weights, wiring.delays, wiring.plastic, wiring.shown, wiring.traced
    )  # fmt: skip
    constants, gains, drive_values, chance, other, noise, rules, keep = numbers
    clock, x, until, fired, counts, pending, random, silent = moving
    last, spikes, interval, interval2, smooth, activity, events_delivered = tally
    out_rate, out_v, event_step, event_index, event_value, event_count = out
    learned = learning.learned
    populations, projections = len(pop), len(proj)
    length = fired.shape[0]
    given = len(drives) > 0  # whether anything comes from outside or waits in the ring: a call costs more than this question
    for g in range(populations):
        given = given or pop[g, PENDING] != 0
    for done in range(steps):
        if event_count[0] + room > len(event_step):
            return done
        step = clock[0]
        ring = step % length
        # 1: input to delta synapses
        for p in range(projections):
            if proj[p, EARLY] and proj[p, SPREAD] < 0:
                k = _waiting(p, proj, step, counts)
                if k > 0:
                    events_delivered[0] += _deliver(p, k, proj, pop, step, x, fired, starts, targets, weights, learned, gains[p])
        if given:
            outside(np.int64(BEFORE), step, pop, drives, drive_values, chance, other, x, pending, random, silent)
        # 2: update
        for g in range(populations):
            first, size = pop[g, FIRST], pop[g, SIZE]
            if silent[g]:
                # A silenced population stands still and forgets what arrives, or it would explode when let go.
                for r in range(1, pop[g, ROWS]):
                    if r == pop[g, PORT_E] or r == pop[g, PORT_I]:
                        _forget(x[r], first, size)
                counts[ring, g] = 0
                k = 0
            else:
                if noise[g] > 0.0:
                    shake(x[0], until, first, size, step, noise[g], random[len(random) - populations + g])
                k = update(
                    pop[g, KIND], x, first, size, until, step, pop[g, HOLD],
                    constants[g], random[len(random) - populations + g], fired[ring, first : first + size],
                )  # fmt: skip
                counts[ring, g] = k
            smooth[g] = smooth[g] * keep[0] + k * keep[1 + g]
            activity[g, (step // bin_steps) % BINS] += k
            for j in range(k):
                i = first + fired[ring, first + j]
                if last[i] >= 0:
                    gap = np.float64(step - last[i])
                    interval[i] += gap
                    interval2[i] += gap * gap
                last[i] = step
                spikes[i] += 1
                if shown[i] >= 0:
                    e = event_count[0]
                    event_step[e], event_index[e], event_value[e] = done, shown[i], 1.0
                    event_count[0] = e + 1
        # 3: input to synaptic currents and conductances
        for p in range(projections):
            if proj[p, SPREAD] >= 0:
                events_delivered[0] += scatter(proj[p], pop, step, pending, fired, counts, starts, targets, weights, delays, gains[p])
            elif not proj[p, EARLY]:
                k = _waiting(p, proj, step, counts)
                if k > 0:
                    events_delivered[0] += _deliver(p, k, proj, pop, step, x, fired, starts, targets, weights, learned, gains[p])
        if given:
            outside(np.int64(AFTER), step, pop, drives, drive_values, chance, other, x, pending, random, silent)
        # 4: learning
        for p in range(projections):
            z = proj[p, PLASTIC]
            if z >= 0:
                learn(proj[p], plastic[z], rules[z], pop, step, fired, counts, learning)
        # 5: counts and streams; assignments of whole rows would compile NumPy's broadcasting, which takes seconds
        if (step + 1) % bin_steps == 0:
            for g in range(populations):
                activity[g, ((step + 1) // bin_steps) % BINS] = 0
        if len(out_rate):
            for g in range(populations):
                out_rate[done, g] = smooth[g]
        if len(out_v):
            for j in range(len(traced)):
                out_v[done, j] = x[0, traced[j]]
        clock[0] = step + 1
    return steps


@kernel(fast=False)
def alias_table(probabilities, chance, other):
    """Walker's alias table of a discrete law (Vose 1991): column k is k with `chance[k]`, else `other[k]`."""
    n = len(probabilities)
    scaled = probabilities * n
    small, large = np.empty(n, np.int64), np.empty(n, np.int64)
    a = b = 0
    for k in range(n):
        if scaled[k] < 1.0:
            small[a] = k
            a += 1
        else:
            large[b] = k
            b += 1
    while a > 0 and b > 0:
        low, high = small[a - 1], large[b - 1]
        a -= 1
        chance[low] = scaled[low]
        other[low] = high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            b -= 1
            small[a] = high
            a += 1
    for k in range(a):
        chance[small[k]] = 1.0
        other[small[k]] = small[k]
    for k in range(b):
        chance[large[k]] = 1.0
        other[large[k]] = large[k]
