"""The compiled interpreter: one function runs forward, backward and the optimisers over many minibatches.

`execute` calls each instruction's kernel through a table of addresses: a kernel is compiled (and cached) by itself, when a
program first uses it, and an operation stays in one file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from lab.kernels import JIT, below, call_at, entry, exchange, finite, kernel, look, pause, put
from lab.tape import operations, registry  # noqa: F401  (importing registers every operation)
from lab.tape.optimisers import CLIP, keep_signs, scheduled_rate, update
from lab.tape.registry import AUX, BATCHED, END, ENTER, FLOATS, INTS, OPCODE, OUT, SIZE

# Columns of the table of objectives.
FORWARD, FORWARD_END, BACKWARD, BACKWARD_END, ROOT, ROOT_BATCHED, SEGMENT, SEGMENT_END, KIND, SCHEDULE, NUMBERS, TURN = range(12)
FINE, BAD_LOSS, BAD_GRADIENT = range(3)
# Places in the counters of a state. From UPDATES on one per objective, then again one: its updates before its memory was emptied.
STEP, EPOCH, POSITION, UPDATES = range(4)
# Places on the desk of two threads, each in a cache line of its own or written by one of them alone.
OFFER, CLOSED, CREDIT, PATIENCE, LATE, DESK = 0, 16, 32, 33, 34, 48
SPARE = 20_000  # turns of waiting (half a millisecond) that a helper may have saved up from what it is allowed with each part of a step


@kernel
def clear(a, r, f, n, train, random):
    """Set the gradient at r[OUT] to zero."""
    a[r[OUT] : r[OUT] + n * r[SIZE]] = 0


def table(dtype: str, numbers: Iterable[int]) -> np.ndarray | list:
    """Where to find the kernel of every opcode number (2 k forward, 2 k + 1 backward); those named are compiled."""
    numbers = tuple(numbers)
    known = _TABLES[dtype]
    if max(numbers, default=0) >= len(known):
        known = _grown(dtype, max(numbers))
    for number in numbers:
        if number >= 0 and not known[number]:
            with _COMPILING:
                if not known[number]:
                    known[number] = entry(kernel_of(number), *(np.zeros(1, dtype), *_ARGUMENTS))
    return known


def _grown(dtype: str, number: int) -> np.ndarray | list:
    """A table with room for an opcode that was registered later, in a file of a person's own."""
    with _COMPILING:
        known = _TABLES[dtype]
        more = number + 2 - len(known)
        if more > 0:
            known = np.concatenate([known, np.zeros(more, np.int64)]) if JIT else known + [None] * more
            _TABLES[dtype] = known
    return known


def kernel_of(number: int) -> Callable:
    """The function behind an opcode number."""
    if number == 0:
        return clear
    found = next(known for known in registry.OPCODES.values() if known.number == number // 2)
    return found.backward if number % 2 else found.forward  # type: ignore[return-value]


# Types of the arguments that follow the arena: instruction, hyper-parameters, samples, mode, generator.
_ARGUMENTS = (np.zeros(registry.WIDTH, np.int64), np.zeros(1), 1, 1, np.zeros(4, np.uint64))
_SLOTS = 2 * (len(registry.OPCODES) + 1)
_TABLES: dict[str, Any] = {dtype: np.zeros(_SLOTS, np.int64) if JIT else [None] * _SLOTS for dtype in ("float32", "float64")}
_COMPILING = Lock()


@kernel
def execute(entries, rows, start, stop, a, f, n, train, random):
    """Run the instructions start to stop for n samples; those below 0 are the turns of an inner loop (`Layout._settle`)."""
    i, mode = start, train
    while i < stop:
        r = rows[i]
        if r[OPCODE] >= 0:
            call_at(entries[r[OPCODE]], a, r, f, n if r[BATCHED] else 1, mode, random)
            i += 1
        elif r[OPCODE] == ENTER:
            a[r[AUX]] = 0
            mode = 0 if r[INTS] else train
            i += 1
        elif r[OPCODE] == END:
            a[r[AUX]] += 1
            i -= r[INTS]
        elif a[r[AUX]] < f[r[FLOATS]]:  # HEAD
            i += 1
        else:
            mode = train
            i += r[INTS] if train else r[INTS + 1]


@kernel
def together(entries, rows, phases, first, last, a, f, train, random, desk):
    """Run phases of `lab.tape.halves`: offer the other half, do the own one, and what nobody has taken by then as well."""
    desk[CREDIT] = min(desk[CREDIT] + desk[PATIENCE], desk[PATIENCE] + SPARE)
    for p in range(first, last):
        start, stop, other, end, n, m = phases[p]
        offered = end > other and desk[CLOSED] == 0
        if offered:
            put(desk, OFFER, 2 * (p + 1))
        execute(entries, rows, start, stop, a, f, n, train, random)
        if offered and not exchange(desk, OFFER, 2 * (p + 1), 0):
            while look(desk, OFFER) != 0:
                pause()
                desk[CREDIT] -= 1
            if desk[CREDIT] < 0:  # whoever helps is not let run
                desk[LATE] = 1
                put(desk, CLOSED, 1)
        elif end > other:
            execute(entries, rows, other, end, a, f, m, train, random)


@kernel
def assist(entries, rows, phases, a, f, train, random, desk):
    """Do what is offered on the desk until it is closed (True), or nothing has come for a while (False)."""
    idle = 0
    while look(desk, CLOSED) == 0:
        offer = look(desk, OFFER)
        if offer > 0 and offer % 2 == 0 and exchange(desk, OFFER, offer, offer + 1):
            p = offer // 2 - 1
            execute(entries, rows, phases[p, 2], phases[p, 3], a, f, phases[p, 5], train, random)
            put(desk, OFFER, 0)
            idle = 0
        else:
            pause()
            idle += 1
            if idle > 20_000:
                return False
    return True


@kernel
def gather(a, data, stride, layout, order, start, n):
    """Copy n samples, order[start:start + n], into the inputs; layout rows are (place in the sample, size, offset in the arena)."""
    for i in range(layout.shape[0]):
        place, size, offset = layout[i, 0], layout[i, 1], layout[i, 2]
        for s in range(n):
            source = order[start + s] * stride + place
            to = offset + s * size
            x, y = data[source : source + size], a[to : to + size]
            for j in range(size):  # not y[:] = x, which takes seconds to compile
                y[j] = x[j]


@kernel
def sweep(entries, rows, a, f, data, stride, layout, order, batch, random, watched, out):
    """Forward over all samples in evaluation mode; watched (nodes, 3): offset in the arena, values per sample, place in `out`."""
    for start in range(0, order.size, batch):
        n = min(batch, order.size - start)
        gather(a, data, stride, layout, order, start, n)
        execute(entries, rows, 0, rows.shape[0], a, f, n, 0, random)
        for w in range(watched.shape[0]):
            size = watched[w, 1]
            source, to = watched[w, 0], watched[w, 2] + start * size
            x, y = a[source : source + n * size], out[to : to + n * size]
            for j in range(n * size):
                y[j] = x[j]


@kernel
def norms(a, before, places, out):
    """Norms of gradient, value and last change of each parameter; places (parameters, 3): offset, gradient offset, size."""
    for k in range(places.shape[0]):
        w, g = places[k, 0], places[k, 1]
        gradient, weight, change = 0.0, 0.0, 0.0
        for j in range(places[k, 2]):
            gradient += float(a[g + j]) ** 2
            weight += float(a[w + j]) ** 2
            change += (float(a[w + j]) - float(before[w + j])) ** 2
        out[k, 0], out[k, 1], out[k, 2] = math.sqrt(gradient), math.sqrt(weight), math.sqrt(change)


@kernel
def mean_square(g):
    """Sum of squares of a vector."""
    total = g.dtype.type(0)
    for i in range(g.size):
        total += g[i] * g[i]
    return total


class Lesson(NamedTuple):
    """A program as numbers, and what it is taught with.

    entries    where the kernels lie (a list where nothing is compiled)
    rows       instructions; objectives; segments: the parameters of each objective
    scalars    (n, 4) what is recorded: offset, values per sample, batched, objective after which to read
    shared     the instructions for two threads, with phases, spans and the samples they are for (`lab.tape.halves`); the desk is empty for one
    data       packed samples of `stride` numbers each; layout: the inputs they go to; order: in which they come
    """

    entries: np.ndarray | list
    rows: np.ndarray
    objectives: np.ndarray
    segments: np.ndarray
    scalars: np.ndarray
    data: np.ndarray
    stride: int
    layout: np.ndarray
    order: np.ndarray
    batch: int
    shuffle: bool
    shared: np.ndarray
    phases: np.ndarray
    spans: np.ndarray
    whole: int
    desk: np.ndarray


@kernel
def learn(lesson, a, f, moments, counters, random, steps, records, before):
    """Run up to `steps` training steps; returns (steps done, status, samples in the last minibatch).

    Batch means of the scalars go to `records`, followed by the gradient norm of each objective. A step whose loss or gradient is not
    finite is not applied. `before` (as long as the parameters, or empty) receives the parameters as they were before the last step.
    """
    entries, rows, objectives, segments, scalars, data, stride, layout, order, batch, shuffle, shared, phases, spans, whole, desk = lesson
    m, v = moments[0], moments[1]
    count, n = order.size, 0
    for step in range(steps):
        start = counters[POSITION]
        if start == 0 and shuffle:
            for i in range(count - 1, 0, -1):
                j = below(random, i + 1)
                order[i], order[j] = order[j], order[i]
        n = min(batch, count - start)
        gather(a, data, stride, layout, order, start, n)
        if before.size and step == steps - 1:
            for i in range(before.size):
                before[i] = a[i]
        for k in range(objectives.shape[0]):
            o = objectives[k]
            if o[TURN] >= 0 and (counters[STEP] + 1) % int(f[o[TURN]]) != 0:  # not its turn
                for i in range(scalars.shape[0]):
                    if scalars[i, 3] == k:
                        records[step, i] = np.nan
                records[step, scalars.shape[0] + k] = np.nan
                continue
            two = desk.size > 0 and n == whole
            if two:
                together(entries, shared, phases, spans[2 * k], spans[2 * k + 1], a, f, 1, random, desk)
            else:
                execute(entries, rows, o[FORWARD], o[FORWARD_END], a, f, n, 1, random)
            for i in range(scalars.shape[0]):
                if scalars[i, 3] == k:
                    size = scalars[i, 1] * (n if scalars[i, 2] else 1)
                    total = 0.0
                    for j in range(scalars[i, 0], scalars[i, 0] + size):
                        total += a[j]
                    records[step, i] = total / size
            losses = n if o[ROOT_BATCHED] else 1
            if not finite(records[step, scalars.shape[0] - objectives.shape[0] + k]):
                return step, BAD_LOSS, n
            if o[TURN] >= 0 and f[o[TURN] + 1] == 0.0:  # it pauses
                records[step, scalars.shape[0] + k] = np.nan
                continue
            a[o[ROOT] : o[ROOT] + losses] = 1.0 / losses
            if two:
                together(entries, shared, phases, spans[2 * k + 1], spans[2 * k + 2], a, f, 1, random, desk)
            else:
                execute(entries, rows, o[BACKWARD], o[BACKWARD_END], a, f, n, 1, random)
            square = 0.0
            for s in range(o[SEGMENT], o[SEGMENT_END]):
                square += mean_square(a[segments[s, 1] : segments[s, 1] + segments[s, 2]])
            norm = math.sqrt(square)
            records[step, scalars.shape[0] + k] = norm
            if not finite(norm):
                return step, BAD_GRADIENT, n
            clip = f[o[NUMBERS] + CLIP]
            factor = clip / norm if 0.0 < clip < norm else 1.0
            counters[UPDATES + k] += 1
            rate = scheduled_rate(f, o[NUMBERS], o[SCHEDULE], counters[UPDATES + k])
            for s in range(o[SEGMENT], o[SEGMENT_END]):
                w, g, size = segments[s, 0], segments[s, 1], segments[s, 2]
                update(
                    o[KIND], a[w : w + size], a[g : g + size], m[w : w + size], v[w : w + size],
                    f, o[NUMBERS], rate, counters[UPDATES + k] - counters[UPDATES + objectives.shape[0] + k], factor, segments[s, 3], segments[s, 4],
                )  # fmt: skip
                if segments[s, 5] >= 0:
                    keep_signs(a[w : w + size], a[segments[s, 5] : segments[s, 5] + segments[s, 6]], segments[s, 7])
        counters[STEP] += 1
        counters[POSITION] = start + n
        if start + n >= count:
            counters[POSITION] = 0
            counters[EPOCH] += 1
    return steps, FINE, n
