"""Connectivity as compressed rows: for each source neuron the sorted list of its targets.

Every rule writes `starts` (sources + 1) and `targets` of one projection. Counting passes draw the same random numbers
as the filling passes, so that no list of pairs is ever held: the cost is that of the draws.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import below, exp, kernel, log, normal, uniform


@kernel(fast=False)
def connect_probability(s, starts, targets, sources, size, p, itself):
    """Each pair with probability p: the gaps between chosen pairs are geometric. Returns the synapses, or -1 if there is no room."""
    k = 0
    if p >= 1.0:
        for i in range(sources):
            starts[i] = k
            for j in range(size):
                if itself or i != j:
                    targets[k] = j
                    k += 1
        starts[sources] = k
        return k
    scale = 1.0 / log(1.0 - p) if p > 0.0 else 0.0
    i, j = 0, 0
    starts[0] = 0
    while p > 0.0:
        # Gaps run on over the ends of rows: the pairs are one long sequence.
        gap = log(1.0 - uniform(s)) * scale
        if gap > 9e15:
            break
        j += int(gap)
        if j >= size:
            rows = j // size
            j -= rows * size
            for _ in range(min(rows, sources - i)):
                i += 1
                starts[i] = k
            if i >= sources:
                break
        if itself or i != j:
            if k == len(targets):
                return -1
            targets[k] = j
            k += 1
        j += 1
    while i < sources:
        i += 1
        starts[i] = k
    return k


@kernel(fast=False)
def _draw_sources(s, mark, chosen, target, sources, degree, itself, repeats):
    """The sources of one target; without repeats a source already marked for this target is drawn again."""
    k = 0
    while k < degree:
        i = below(s, sources)
        if (itself or i != target) and (repeats or mark[i] != target):
            mark[i] = target
            chosen[k] = i
            k += 1


@kernel(fast=False)
def connect_in_degree(s, starts, targets, sources, size, degree, itself, repeats):
    """Each target gets `degree` sources drawn at random; drawn twice from the same seed, once to count and once to fill."""
    mark = np.full(sources, -1, np.int32)
    chosen = np.empty(degree, np.int32)
    again = s.copy()
    starts[:] = 0
    for j in range(size):
        _draw_sources(s, mark, chosen, j, sources, degree, itself, repeats)
        for k in range(degree):
            starts[chosen[k] + 1] += 1
    for i in range(sources):
        starts[i + 1] += starts[i]
    place = starts[:-1].copy()
    mark[:] = -1
    for j in range(size):
        _draw_sources(again, mark, chosen, j, sources, degree, itself, repeats)
        for k in range(degree):
            i = chosen[k]
            targets[place[i]] = j
            place[i] += 1
    return size * degree


@kernel(fast=False)
def _apart(i, j, sources, size, ring):
    """Distance between source i and target j."""
    d = abs((j + 0.5) / size - (i + 0.5) / sources)
    return 1.0 - d if ring and d > 0.5 else d


@kernel(fast=False)
def connect_distance(s, starts, targets, sources, size, p, width, ring, reach, itself):
    """Each pair with probability p exp(-d^2 / 2 width^2); both populations lie evenly on 0..1, closed to a ring or open.

    Pairs further apart than `reach` are left out. The targets are taken in stretches half a width long: within one,
    candidates are drawn with its largest probability by geometric gaps, and kept with what theirs is of it, so that the
    cost is that of the synapses and not of the pairs. Returns the synapses, or -1 if there is no room.
    """
    k = 0
    span = int(np.ceil(reach * size)) + 1
    stretch = max(int(0.5 * width * size), 1)
    for i in range(sources):
        starts[i] = k
        centre = int((i + 0.5) / sources * size)
        low, high = centre - span, centre + span
        if high - low >= size - 1:
            # Once around, with the far side at both ends.
            low = centre - size // 2 if ring else 0
            high = low + size - 1
        elif not ring:
            low, high = max(low, 0), min(high, size - 1)
        begin = k
        at = low
        while at <= high:
            end = min(at + stretch - 1, high)
            nearest = 0.0
            if not at <= centre <= end:
                nearest = min(_apart(i, at % size, sources, size, ring), _apart(i, end % size, sources, size, ring))
                # The source lies between two targets: a target inside may be nearer by part of a cell, never by a whole one.
                nearest = max(nearest - 1.0 / size, 0.0)
            top = p * exp(-0.5 * (nearest / width) * (nearest / width))
            scale = 1.0 / log(1.0 - top) if 0.0 < top < 1.0 else 0.0
            while top > 0.0:
                gap = log(1.0 - uniform(s)) * scale
                if gap >= end - at + 1:
                    break
                at += int(gap)
                j = at % size
                at += 1
                d = _apart(i, j, sources, size, ring)
                if d <= reach and (itself or i != j) and uniform(s) * top < p * exp(-0.5 * (d / width) * (d / width)):
                    if k == len(targets):
                        return -1
                    targets[k] = j
                    k += 1
                if at > end:
                    break
            at = end + 1
        targets[begin:k].sort()
    starts[sources] = k
    return k


@kernel(fast=False)
def profile_weights(starts, targets, weights, sources, size, width, ring):
    """Multiply relative weights by exp(-d^2 / 2 width^2) of the distance between source and target."""
    for i in range(sources):
        for k in range(starts[i], starts[i + 1]):
            d = _apart(i, targets[k], sources, size, ring)
            weights[k] *= exp(-0.5 * (d / width) * (d / width))


@kernel(fast=False)
def draw_weights(s, weights, spread):
    """Multiply relative weights by a normal factor of mean 1 that is drawn again while it is negative (Dale's law)."""
    for k in range(len(weights)):
        factor = 1.0 + spread * normal(s)
        while factor < 0.0:
            factor = 1.0 + spread * normal(s)
        weights[k] *= factor


@kernel(fast=False)
def draw_delays(s, delays, low, high):
    """Whole numbers of steps, uniform from low to high."""
    for k in range(len(delays)):
        delays[k] = low + below(s, high - low + 1)


@kernel(fast=False)
def fill_uniform(s, out):
    """Uniform numbers in [0, 1)."""
    for i in range(len(out)):
        out[i] = uniform(s)


@kernel(fast=False)
def incoming(starts, targets, sources, heads, origin, place):
    """Transpose: for each target the sources and the positions of its synapses, in order of source."""
    heads[:] = 0
    for k in range(starts[sources]):
        heads[targets[k] + 1] += 1
    for j in range(len(heads) - 1):
        heads[j + 1] += heads[j]
    cursor = heads[:-1].copy()
    for i in range(sources):
        for k in range(starts[i], starts[i + 1]):
            j = targets[k]
            origin[cursor[j]] = i
            place[cursor[j]] = k
            cursor[j] += 1
