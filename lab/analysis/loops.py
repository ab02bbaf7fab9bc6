"""Loops over spike times behind `lab.analysis.trains`: each visits every spike once, or once for each window length or near neighbour.

Trains come as `time` (spikes,) sorted by cell and within a cell by time, cell c being time[starts[c]:starts[c + 1]].
"""

from __future__ import annotations

import numpy as np

from lab.kernels import exp, kernel

EDGE = 1e-9  # part of a bin by which a spike may miss its edge: steps times dt are not exact


@kernel
def group(time, index, cells, starts, out):
    """Sort spikes by cell, then by time: fills starts (cells + 1,) and out (spikes,)."""
    starts[:] = 0
    for i in index:
        starts[i + 1] += 1
    for c in range(cells):
        starts[c + 1] += starts[c]
    place = starts[:cells].copy()
    for k in range(len(time)):
        c = index[k]
        out[place[c]] = time[k]
        place[c] += 1
    for c in range(cells):
        for k in range(starts[c] + 1, starts[c + 1]):
            if out[k] < out[k - 1]:
                # Events of one step come in no order; a whole run nearly always does.
                out[starts[c] : starts[c + 1]] = np.sort(out[starts[c] : starts[c + 1]])
                break


@kernel
def regularity(time, starts, mean, cv, cv2):
    """Mean interval, coefficient of variation and local variation CV2 of every cell; NaN without enough intervals.

    Sums run over differences to the first interval, so that long regular trains do not cancel.
    """
    for c in range(len(starts) - 1):
        a, b = starts[c], starts[c + 1]
        n = b - a - 1
        mean[c], cv[c], cv2[c] = np.nan, np.nan, np.nan
        if n < 1:
            continue
        first = time[a + 1] - time[a]
        total, squares, local, pairs, before = 0.0, 0.0, 0.0, 0, first
        for k in range(a + 1, b):
            interval = time[k] - time[k - 1]
            off = interval - first
            total += off
            squares += off * off
            if k > a + 1 and interval + before > 0.0:
                local += 2.0 * abs(interval - before) / (interval + before)
                pairs += 1
            before = interval
        mean[c] = first + total / n
        if n > 1 and mean[c] > 0.0:
            cv[c] = np.sqrt(max(squares - total * total / n, 0.0) / (n - 1)) / mean[c]
        if pairs:
            cv2[c] = local / pairs


@kernel
def histogram_intervals(time, starts, width, counts):
    """Count intervals in bins of `width` from 0; the longer ones are not counted. Returns the longest interval."""
    longest = 0.0
    bins, inverse = len(counts), 1.0 / width
    for c in range(len(starts) - 1):
        for k in range(starts[c] + 1, starts[c + 1]):
            interval = time[k] - time[k - 1]
            longest = max(longest, interval)
            at = interval * inverse + EDGE
            if at < bins:
                counts[int(at)] += 1
    return longest


@kernel
def histogram_times(time, begin, width, closed, counts):
    """Count spikes in bins of `width` from `begin`; a spike exactly at the end belongs to the last bin if `closed`."""
    bins, inverse = len(counts), 1.0 / width
    end = bins + (2 * EDGE if closed else EDGE)
    for t in time:
        at = (t - begin) * inverse + EDGE
        if at >= 0.0 and at < end:
            counts[min(int(at), bins - 1)] += 1


@kernel
def window_counts(time, starts, begin, width, windows, squares, totals):
    """Spikes of each cell in consecutive windows of `width`: their sum and the sum of their squares."""
    inverse = 1.0 / width
    # Where many spikes share a window, its end is sought by doubling steps instead of visiting each spike.
    seek = len(time) > 24 * windows * (len(starts) - 1)
    for c in range(len(starts) - 1):
        total, square, count, current = 0, 0, 0, -1
        if seek:
            k, b, count = starts[c], starts[c + 1], 16
            for w in range(windows):
                end = begin + (w + 1 - EDGE) * width
                low, high, stride = k, k, count // 2 + 8
                while high < b and time[high] < end:
                    low = high
                    high += stride
                    stride *= 2
                high = min(high, b)
                while low < high:
                    middle = (low + high) // 2
                    if time[middle] < end:
                        low = middle + 1
                    else:
                        high = middle
                count = low - k
                square += count * count
                total += count
                k = low
            squares[c], totals[c] = square, total
            continue
        for k in range(starts[c], starts[c + 1]):
            at = int((time[k] - begin) * inverse + EDGE)
            if at >= windows:
                break
            if at != current:
                square += count * count
                count, current = 0, at
            count += 1
            total += 1
        squares[c] = square + count * count
        totals[c] = total


@kernel
def smooth(counts, width, weights, out):
    """Counts convolved with weights whose first entry belongs to lag 0; both sides where `width` is above 0, else the past only."""
    n, m = len(counts), len(weights)
    for k in range(n):
        if counts[k] == 0:
            continue
        value = float(counts[k])
        for j in range(min(m, n - k)):
            out[k + j] += value * weights[j]
        if width > 0:
            for j in range(1, min(m, k + 1)):
                out[k - j] += value * weights[j]


@kernel
def align(time, starts, events, before, width, counts):
    """Spikes of all cells around each event: counts (events, bins) from `before` ahead of it. Events in rising order."""
    bins = counts.shape[1]
    for c in range(len(starts) - 1):
        a, b = starts[c], starts[c + 1]
        low = a
        for e in range(len(events)):
            begin = events[e] - before - EDGE * width
            while low < b and time[low] < begin:
                low += 1
            k = low
            while k < b:
                at = (time[k] - begin) / width
                if at >= bins:
                    break
                counts[e, int(at)] += 1
                k += 1


@kernel
def auto_pairs(time, starts, width, stride, counts):
    """Pairs (earlier, later) of spikes of one cell by their lag, bin k around k width; every `stride`-th spike counts. Returns how many did."""
    bins, inverse = len(counts), 1.0 / width
    reach = (bins - 0.5) * width
    references = 0
    for c in range(len(starts) - 1):
        b = starts[c + 1]
        k = starts[c] + (-starts[c]) % stride
        while k < b:
            references += 1
            t = time[k]
            j = k + 1
            while j < b and time[j] - t < reach:
                counts[min(int((time[j] - t) * inverse + 0.5), bins - 1)] += 1
                j += 1
            k += stride
    return references


@kernel
def cross_pairs(one, other, width, reach, stride, counts):
    """Pairs of spikes of two sorted trains by lag = other - one, bin k around (k - reach) width. Returns the references used."""
    bins = len(counts)
    span, inverse = (reach + 0.5) * width, 1.0 / width
    low, references = 0, 0
    for k in range(0, len(one), stride):
        references += 1
        while low < len(other) and other[low] < one[k] - span:
            low += 1
        j = low
        while j < len(other) and other[j] < one[k] + span:
            at = int((other[j] - one[k] + span) * inverse)
            if at < bins:
                counts[at] += 1
            j += 1
    return references


@kernel
def count_neighbours(time, starts, reach, stride):
    """Later spikes of the same cell within `reach`, over every `stride`-th spike: how long `auto_pairs` will take."""
    total = 0
    for c in range(len(starts) - 1):
        b = starts[c + 1]
        low = starts[c]
        for k in range(starts[c], b, stride):
            low = max(low, k)
            while low + 1 < b and time[low + 1] - time[k] < reach:
                low += 1
            total += low - k
    return total


@kernel
def bin_counts(time, begin, width, row):
    """Spikes in the bins of `row` from `begin` on; whole numbers of 32 bits stay in the processor's cache where longer ones do not."""
    bins, inverse = len(row), 1.0 / width
    for t in time:
        at = (t - begin) * inverse + EDGE
        if at >= 0.0 and at < bins:
            row[int(at)] += 1


@kernel
def piece_counts(time, starts, cells, begins, width, rows):
    """Spikes of cell cells[k] in the bins of rows[k] from begins[k] on, for every k; less the cell's mean, given in each row's first bin."""
    bins, inverse = rows.shape[1], 1.0 / width
    for k in range(len(rows)):
        mean = rows[k, 0]
        rows[k, :] = -mean
        low, high, end = starts[cells[k]], starts[cells[k] + 1], starts[cells[k] + 1]
        first = begins[k] - EDGE * width
        while low < high:
            middle = (low + high) // 2
            if time[middle] < first:
                low = middle + 1
            else:
                high = middle
        while low < end:
            at = (time[low] - begins[k]) * inverse + EDGE
            if at >= bins:
                break
            rows[k, max(int(at), 0)] += 1.0
            low += 1


@kernel
def nearest_counts(time, begin, inverse, left, counts):
    """Spikes at the samples nearest to them, counts[0] belonging to sample `left`; returns how many were inside."""
    inside = 0
    for t in time:
        at = int(np.rint((t - begin) * inverse)) - left
        if at >= 0 and at < len(counts):
            counts[at] += 1
            inside += 1
    return inside


@kernel
def gaussian_weights(deviation, weights):
    """Density of a normal distribution at whole multiples of one bin, bins of width 1."""
    for j in range(len(weights)):
        weights[j] = exp(-0.5 * (j / deviation) ** 2) / (deviation * np.sqrt(2.0 * np.pi))
