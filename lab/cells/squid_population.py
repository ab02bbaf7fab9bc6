"""A population of squid membranes: many cells through many steps, a few hundred cells at a time.

The cells know nothing of each other. So a group of them is taken through all steps of a block before the next, in arrays of its
own that a processor keeps at hand, and groups may be shared among threads: neither changes what any cell does. What it leaves
open is the order of the spikes, so each range of cells notes its own, and they are written down afterwards, step by step.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lab.cells.spikes import NO_SPIKE, PEAKING, record_spike, rising_spike
from lab.cells.squid_group import BEFORE, CLIMB, DOUBLE, GROUP, LINE, OWN, SIZE, TOTAL, H, M, N, V, on_a_line
from lab.cells.squid_membrane import PEAK, RISE, Cells, Climb, Looks, Membrane, counted, fraction, look, surely_rising
from lab.cells.squid_single import SINGLE
from lab.kernels import first_mark, kernel, marks

STEPS = 512  # steps of a block, more of few cells:
TOGETHER = 1 << 18  # cells times steps from which on the way here and back no longer counts
NOISES = 1 << 16  # numbers of noise that are drawn ahead
WORTH = 1 << 20  # cells times steps (some 5 ms) from which on a second thread gains more than it costs
CORES = os.cpu_count() or 1


class Found(NamedTuple):
    """Spikes of a range of cells: step of the block, cell and place within the step; how many, or one more than fit."""

    step: np.ndarray
    cell: np.ndarray
    part: np.ndarray
    used: np.ndarray


class Currents(NamedTuple):
    """What flows into the cells: into all step by step, into each all the time, and each one's noise step by step or without rows."""

    drive: np.ndarray
    own: np.ndarray
    noise: np.ndarray


@kernel
def draw_noise(move_noise, noise, rng, decay, increment, rows):
    """The noise of each cell at each step of a block."""
    for k in range(len(rows)):
        move_noise(noise, rng, decay, increment)
        for i in range(len(noise)):
            rows[k, i] = noise[i]


@kernel
def advance_range(begin, end, cells, currents, group_gates, group_voltages, c, dt, climb, now, found, out):
    """Cells from `begin` to before `end` through all steps of the drive. False where their spikes do not fit: nothing counts then.

    The steps are those of double or of single precision, as the currents of the cells are.
    """
    drive, own, noise = currents
    groups = (end - begin + GROUP - 1) // GROUP
    size = ((end - begin + groups - 1) // groups + 7) // 8 * 8
    single = own.dtype.type
    w = on_a_line(np.empty(SIZE + LINE, own.dtype))
    climbing, trough, turned = w[CLIMB : CLIMB + size], np.empty(size), np.zeros(GROUP, np.uint8)
    membrane = Membrane(single(c[0]), single(c[1]), single(c[2]), single(c[3]), single(c[4]), single(c[5]), single(c[6]))
    level, peak, gates_dt, V_dt = climb.level, single(PEAK), single(c[7] * dt), single(dt)
    steps, cell, part, spikes, room = found.step, found.cell, found.part, 0, len(found.step)
    for first in range(begin, end, size):
        count = min(size, end - first)
        for i in range(size):  # the last group is filled with its last cell: whole vectors
            j = first + min(i, count - 1)
            w[V + i], w[M + i], w[H + i], w[N + i] = cells.V[j], cells.m[j], cells.h[j], cells.n[j]
            climbing[i], trough[i], w[OWN + i] = climb.climb[j], climb.trough[j], own[j]
        shown = min(count, out.cells.shape[1] - first) if len(out.cells) > 0 else 0
        for k in range(len(drive)):
            group_gates(w, size, single(drive[k]), gates_dt)
            if len(noise) > 0:
                for i in range(count):
                    w[TOTAL + i] = single(drive[k]) + w[OWN + i] + single(noise[k, first + i])
            group_voltages(w, size, turned, membrane, V_dt, peak)
            for word in range((count + 63) // 64):
                marked = marks(turned, word)
                while marked != 0:
                    i = 64 * word + first_mark(marked)
                    marked &= marked - np.uint64(1)
                    if i >= count:
                        break
                    old, new, total = np.float64(w[BEFORE + i]), np.float64(w[V + i]), np.float64(w[TOTAL + i])
                    which = rising_spike(old, new, level, PEAK, RISE, i, climbing, trough)
                    if which == NO_SPIKE or (which == PEAKING and surely_rising(new, w[M + i], w[H + i], w[N + i], w[TOTAL + i], c, dt)):
                        continue
                    m, h, n = np.float64(w[M + i]), np.float64(w[H + i]), np.float64(w[N + i])
                    s = fraction(which, old, new, m, h, n, total, c, dt, level)
                    if s >= 0.0:
                        climbing[i] = counted(which, climbing[i])
                        if spikes == room:
                            found.used[0] = room + 1
                            return False
                        steps[spikes], cell[spikes], part[spikes] = k, first + i, s
                        spikes += 1
            if first == 0:
                now[0] = w[TOTAL]
                look(k, np.float64(w[V]), np.float64(w[M]), np.float64(w[H]), np.float64(w[N]), now[0], c, dt, out)
            for j in range(shown):
                out.cells[k, first + j] = w[V + j]
        for i in range(count):
            j = first + i
            cells.V[j], cells.m[j], cells.h[j], cells.n[j] = w[V + i], w[M + i], w[H + i], w[N + i]
            climb.climb[j], climb.trough[j] = climbing[i], trough[i]
    found.used[0] = spikes
    return True


@kernel
def _write_down(order, found, done, step, dt, into):
    """Write spikes, in this order, and add up what is kept of them; `done` steps of the block came before."""
    for j in order:
        record_spike(done + found.step[j], found.cell[j], found.part[j], step, dt, into)


def _ranges(count: int, steps: int) -> list[tuple[int, int]]:
    """The cells in whole groups, shared evenly among as many threads as are worth it."""
    threads = max(1, min(CORES, count // GROUP, count * steps // WORTH))
    bounds = [count * i // threads // GROUP * GROUP for i in range(threads)] + [count]
    return list(pairwise(bounds))


def _together(ranges: list[tuple[int, int]], call: Callable[[int, int, Found], Any], found: list[Found]) -> None:
    """All ranges at once, the first of them in this thread."""
    threads = [threading.Thread(target=call, args=(*cells, spikes)) for cells, spikes in zip(ranges[1:], found[1:], strict=True)]
    for thread in threads:
        thread.start()
    try:
        call(*ranges[0], found[0])
    finally:
        for thread in threads:
            thread.join()


def advance_many(cells, move_noise, supply, c, dt, climb, step, now, into, out, precision="double"):
    """A population, each cell with its own constant current and noise; returns the steps done before no more spikes fit.

    A block whose spikes do not fit is forgotten and begun anew with half as many steps.
    """
    count, total, done, before, most = len(cells.V), len(supply.drive), 0, 0, max(STEPS, TOGETHER // len(cells.V))
    noisy = supply.increment != 0.0 or bool(supply.noise.any())
    if noisy:
        most = max(1, min(most, NOISES // count))
    own, how = (supply.own.astype(np.float32), SINGLE) if precision == "single" else (supply.own, DOUBLE)
    while done < total:
        room = len(into.step) - int(into.used[0])
        if room < count or (done and room < 2 * before):
            break
        steps = min(most, total - done)
        noise, rng, rows = supply.noise.copy(), supply.rng.copy(), np.empty((steps if noisy else 0, count))
        if noisy:
            draw_noise(move_noise, noise, rng, supply.decay, supply.increment, rows)
        ahead, climbing = Cells(*(array.copy() for array in cells)), Climb(climb.level, climb.climb.copy(), climb.trough.copy())
        currents = Currents(supply.drive[done : done + steps], own, rows)
        looks = Looks(*(array[done : done + steps] for array in out))
        ranges = _ranges(count, steps)
        found = [Found(np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room), np.zeros(1, np.int64)) for _ in ranges]
        _together(ranges, partial(_through, ahead, currents, how, c, dt, climbing, now, looks), found)
        before = sum(int(spikes.used[0]) for spikes in found)
        if before > room:
            most = steps // 2  # never 0: there is room for a spike of every cell
            continue
        noted = [(f.step[: f.used[0]], f.cell[: f.used[0]], f.part[: f.used[0]]) for f in found]
        which, who, where = (np.concatenate(columns) for columns in zip(*noted, strict=True))
        spikes = Found(which, who, where, found[0].used)
        _write_down(np.argsort(spikes.step, kind="stable"), spikes, done, step, dt, into)
        for new, old in zip((*ahead, *climbing[1:], noise, rng), (*cells, *climb[1:], supply.noise, supply.rng), strict=True):
            old[:] = new
        done += steps
    return done


def _through(cells, currents, how, c, dt, climb, now, out, begin, end, found):
    """`advance_range` with its range last."""
    advance_range(begin, end, cells, currents, *how, c, dt, climb, now, found, out)
