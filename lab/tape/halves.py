"""A minibatch in two halves, for two threads, with the same bytes as in one.

What an instruction computes for a sample depends on that sample alone, so that its first and its second half can be computed apart: they
are the same rows of integers with other offsets. What sums over samples, the gradients of parameters, does not go in halves (other sums would be
other last digits): these instructions wait until the gradients of all values are known, and are dealt out for all samples, all that add to
one parameter, or to one half of its rows, to the same thread in their old order. What draws random numbers or mixes samples is done alone.

    forward                                    backward
    halves | alone | halves | ...              halves | alone | ...   then   parameters, dealt out

Whether an instruction may be halved is not promised by anybody but tried: once whole and once in halves, on random numbers; a BLAS may choose
another order of sums for a matrix of fewer rows, and then the instruction stays whole. A helper takes what it is offered if it comes in
time, else who offered it does it. So neither the number of threads nor how busy the machine is changes any number.
"""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lab.kernels import JIT
from lab.kernels.threads import spare_core
from lab.tape import interpreter, registry
from lab.tape.registry import (
    AUX,
    BATCHED,
    DOUT,
    DX,
    DY,
    DZ,
    END,
    ENTER,
    FLOATS,
    INTS,
    MACS,
    OPCODE,
    OUT,
    SIZE,
    START,
    STATISTICS,
    STOP,
    X,
    Y,
    Z,
)

if TYPE_CHECKING:
    from lab.tape.layout import Layout

OFFSETS = (OUT, DOUT, X, DX, Y, DY, Z, DZ, AUX)
GRADIENTS = (DX, DY, DZ)
LEAST = 3000.0  # nanoseconds of work from which an offer to the other thread is worth the while
WORTH = 2e6  # and of a whole call, for which a thread is begun
NOTHING = np.zeros(0, np.int64)  # the desk of who works alone


class Halves(NamedTuple):
    """Instructions for two threads.

    rows    all instructions
    phases  (phases, 6): first and last instruction of the one, of the other (none: done alone), and the samples of each
    spans   of each part (forward, backward, forward of the next objective ...) the first phase and the one after its last
    whole   samples for which they are made
    cost    nanoseconds they take in all, roughly
    """

    rows: np.ndarray
    phases: np.ndarray
    spans: np.ndarray
    whole: int
    cost: float


def duration(rows: Iterable[np.ndarray], samples: int, hyper: np.ndarray) -> float:
    """Nanoseconds that instructions take, roughly."""
    total, loop, times = 0.0, 0.0, 0.0
    for row in rows:
        n = samples if row[BATCHED] else 1
        own = 30.0 + n * (0.15 * row[SIZE] + max(0, row[MACS]) / 40)
        if row[OPCODE] == ENTER:
            loop, times = 0.0, max(1.0, float(hyper[row[FLOATS]]))
        elif row[OPCODE] == END:
            total, times = total + loop * times, 0.0
        elif row[OPCODE] >= 0:
            total, loop = (total, loop + own) if times else (total + own, loop)
    return total


class _Maker:
    """Phases from the rows of a layout."""

    def __init__(self, layout: Layout, dtype: str, hyper: np.ndarray, samples: int):
        self.layout, self.dtype, self.hyper = layout, dtype, hyper
        self.whole, self.first = samples, samples // 2
        if self.whole >= 32:
            self.first -= self.first % 16
        self.sizes: dict[int, int] = {}
        for node in layout.tape.nodes:
            if node.base == node.index and node.batched:
                for offset in (layout.offsets[node.index], layout.gradients[node.index]):
                    if offset >= 0:
                        self.sizes[offset] = node.size
        self.counters = {layout.offsets[settling.counter.index] for settling in layout.tape.settlings}
        self.noise = np.random.default_rng(1).random(99_991).astype(dtype)
        self.tried: dict[tuple, bool] = {}
        self.rows: list[np.ndarray] = []
        self.phases: list[tuple[int, ...]] = []
        self.cost = 0.0

    def time(self, rows: Iterable[np.ndarray]) -> float:
        return duration(rows, self.whole, self.hyper)

    # One instruction ---------------------------------------------------------------------------------------------------

    def second(self, row: np.ndarray) -> np.ndarray:
        """The row for the second half: everything that has a batch axis begins further on."""
        row = row.copy()
        for column in OFFSETS:
            if row[column] in self.sizes:
                row[column] += self.first * self.sizes[row[column]]
        if row[AUX] in self.counters:
            row[AUX] += 1
        return row

    def apart(self, row: np.ndarray) -> bool:
        """Whether samples may be halved: nothing shared is written, nothing drawn, and the bytes are the same."""
        if row[OPCODE] < 0:
            return True
        backward = row[OPCODE] % 2
        written = (*GRADIENTS, AUX) if backward else (OUT, AUX)
        if not row[BATCHED] or row[STATISTICS] >= 0 or "random" in registry.loads(interpreter.kernel_of(int(row[OPCODE]))):
            return False
        if any(row[c] >= 0 and row[c] not in self.sizes and row[c] not in self.counters for c in written):
            return False
        whole, half = self.whole, self.first
        return self._same(row, [(row, whole, False)], [(row, half, False), (row, whole - half, True)])

    def separable(self, row: np.ndarray, one: np.ndarray, other: np.ndarray) -> bool:
        """Whether an instruction may be done as these two parts of it, one after the other: what the first leaves the second must not miss."""
        n = self.whole if row[BATCHED] else 1
        return self._same(row, [(row, n, False)], [(one, n, False), (other, n, False)])

    def _same(self, row: np.ndarray, *ways: list[tuple[np.ndarray, int, bool]], gradients: bool = False) -> bool:
        """Whether two ways of doing an instruction leave the same bytes (or gradients), on random numbers between 0 and 1.

        A way is a list of rows (this one, or parts of it), their samples, and whether these are the second half.
        """
        operands = [self.sizes.get(int(row[c]), int(row[c] < 0) - 1) for c in OFFSETS]
        parts = tuple(
            (n, second, *part[[START, STOP]].tolist(), *(part[c] >= 0 for c in OFFSETS)) for way in ways for part, n, second in way
        )
        key = (parts, *operands, *row[[OPCODE, SIZE, FLOATS, registry.FRESH]].tolist(), *row[INTS:START].tolist())
        if key not in self.tried:
            own, end = {-1: -1}, 0  # where each operand lies in an arena of its own
            for column in OFFSETS:
                if int(row[column]) not in own:
                    own[int(row[column])] = end
                    end += self._room(int(row[column])) + 16
            arena, left = np.resize(self.noise, end), []
            entries = interpreter.table(self.dtype, (int(row[OPCODE]),))
            for way in ways:
                a, random = arena.copy(), np.arange(1, 5).astype(np.uint64)
                for part, n, second in way:
                    moved = part.copy()
                    for column in OFFSETS:
                        moved[column] = own[int(part[column])] + (self.first * self.sizes.get(int(part[column]), 0) if second else 0)
                    interpreter.execute(entries, moved[None], 0, 1, a, self.hyper, n, 1, random)
                kept = [own[int(row[c])] for c in GRADIENTS if row[c] >= 0] if gradients else [0]
                left.append(
                    b"".join(a[at : min((v for v in own.values() if v > at), default=end) if gradients else end].tobytes() for at in kept)
                )
            self.tried[key] = left[0] == left[1]
        return self.tried[key]

    def _room(self, offset: int) -> int:
        """Values from an offset to the end of what lies there."""
        if offset in self.sizes:
            return self.sizes[offset] * self.whole
        layout = self.layout
        for node in layout.tape.nodes:
            if node.base == node.index and offset in (layout.offsets[node.index], layout.gradients[node.index]):
                return layout.room(node)
        return 0

    # Phases ------------------------------------------------------------------------------------------------------------

    def _alone(self, rows: list[np.ndarray]) -> None:
        start = len(self.rows)
        self.rows += rows
        self.phases.append((start, len(self.rows), 0, 0, self.whole, 0))
        self.cost += self.time(rows)

    def _two(self, one: list[np.ndarray], other: list[np.ndarray], n: int, m: int) -> None:
        start, between = len(self.rows), len(self.rows) + len(one)
        self.rows += [*one, *other]
        self.phases.append((start, between, between, len(self.rows), n, m))

    def pieces(self, units: list[list[np.ndarray]]) -> None:
        """Phases of units of instructions in their order: neighbours of a kind together."""
        gathered: list[tuple[bool, list[np.ndarray]]] = []
        for unit in units:
            kind = all(self.apart(row) for row in unit)
            if gathered and gathered[-1][0] == kind:
                gathered[-1][1].extend(unit)
            else:
                gathered.append((kind, list(unit)))
        waiting: list[np.ndarray] = []
        for kind, rows in gathered:
            takes = self.time(rows)
            if kind and takes >= LEAST:
                if waiting:
                    self._alone(waiting)
                    waiting = []
                self._two(rows, [self.second(row) for row in rows], self.first, self.whole - self.first)
                self.cost += takes
            else:
                waiting += rows
        if waiting:
            self._alone(waiting)

    def forward(self, rows: list[np.ndarray]) -> None:
        """Phases of a forward pass; what has no batch axis comes first where no inner loop could want it later."""
        if not any(row[OPCODE] < 0 for row in rows):
            rows = [row for row in rows if not row[BATCHED]] + [row for row in rows if row[BATCHED]]
        units: list[list[np.ndarray]] = []
        inside = False
        for row in rows:
            if inside:
                units[-1].append(row)
            else:
                units.append([row])
            inside = row[OPCODE] == ENTER or (inside and row[OPCODE] != END)
        self.pieces(units)

    def backward(self, rows: list[np.ndarray]) -> None:
        """Phases of a backward pass: gradients of values in halves, then those of parameters dealt out."""
        units: list[np.ndarray] = []
        parameters: list[np.ndarray] = []
        for row in rows:
            if row[OPCODE] == 0:
                (units if row[OUT] in self.sizes else parameters).append(row)
                continue
            of_values, of_parameters = row.copy(), row.copy()
            for column in GRADIENTS:
                (of_parameters if row[column] in self.sizes else of_values)[column] = -1
            values, shared = (bool((part[list(GRADIENTS)] >= 0).any()) for part in (of_values, of_parameters))
            if values and shared and not self.separable(row, of_values, of_parameters):
                # Its memory takes something else: before it goes on, the gradients of parameters are dealt out.
                self.pieces([[unit] for unit in units])
                self._deal([*parameters, of_parameters])
                units, parameters, shared = [], [], False
            if values:
                units.append(of_values)
            if shared:
                parameters.append(of_parameters)
        self.pieces([[unit] for unit in units])
        self._deal(parameters)

    def _deal(self, rows: list[np.ndarray]) -> None:
        """Give what shares a parameter, or memory of an operation's own, to one thread, in its order; the longest first."""
        if not rows:
            return
        divided = self._divided(rows)
        groups: list[tuple[set[tuple[int, int]], list[int]]] = []
        for k, (row, part, whole) in enumerate(divided):
            columns = (OUT,) if row[OPCODE] == 0 else (*GRADIENTS, AUX, *(() if row[DOUT] in self.sizes else (DOUT,)))
            # A part belongs to the weight that it is a part of, wherever in it it begins: what clears it comes before what adds to it.
            keys, members = {(int(whole[c]), part) for c in columns if whole[c] >= 0 and row[c] >= 0}, [k]
            for group in [group for group in groups if group[0] & keys]:
                groups.remove(group)
                keys, members = keys | group[0], [*group[1], *members]
            groups.append((keys, members))
        shares: tuple[list[int], list[int]] = ([], [])
        loads = [0.0, 0.0]
        for load, members in sorted(((self.time(divided[k][0] for k in group[1]), group[1]) for group in groups), reverse=True):
            to = int(loads[1] < loads[0])
            shares[to].extend(members)
            loads[to] += load
        if min(loads) < LEAST:
            self._alone(rows)
        else:
            one, other = ([divided[k][0] for k in sorted(share)] for share in shares)
            self._two(one, other, self.whole, self.whole)
            self.cost += sum(loads)

    def _divided(self, rows: list[np.ndarray]) -> list[tuple[np.ndarray, int, np.ndarray]]:
        """The rows, with the gradients of large weights in two parts, numbered 0 and 1 (all else: -1), where all that adds to them allows it.

        With each stands the row that it is, or is a part of.
        """
        touched: dict[int, list[np.ndarray]] = {}
        for row in rows:
            for column in (OUT,) if row[OPCODE] == 0 else (*GRADIENTS, DOUT):
                if row[column] >= 0 and row[column] not in self.sizes:
                    touched.setdefault(int(row[column]), []).append(row)
        cuts = {offset: cut for offset, own in touched.items() if (cut := self._cut(offset, own))}
        found: list[tuple[np.ndarray, int, np.ndarray]] = []
        for row in rows:
            column = OUT if row[OPCODE] == 0 else self._weight(row)
            if column < 0 or int(row[column]) not in cuts:
                found.append((row, -1, row))
                continue
            parts, rest = self._parts(row, column, *cuts[int(row[column])])
            found += [(part, k, row) for k, part in enumerate(parts)]
            if rest is not None:
                found.append((rest, -1, row))
        return found

    @staticmethod
    def _weight(row: np.ndarray) -> int:
        """Column of the gradient that the instruction can compute in parts; -1: none."""
        number = int(row[OPCODE])
        known = next((k for k in registry.OPCODES.values() if number % 2 and k.number == number // 2), None)
        return GRADIENTS[known.divides] if known is not None and known.divides >= 0 else -1

    def _cut(self, offset: int, rows: list[np.ndarray]) -> tuple[int, int, int] | None:
        """(rows of the first part, rows, their width) of a weight whose gradient is worth it, and comes to the same bytes."""
        node = next((n for n in self.layout.tape.nodes if n.base == n.index and self.layout.gradients[n.index] == offset), None)
        if node is None or len(node.shape) != 2 or node.shape[0] < 2 or self.time(rows) < 2 * LEAST:
            return None
        height, width = node.shape
        first = height // 2 if height < 32 else height // 2 - height // 2 % 16
        for row in rows:
            column = OUT if row[OPCODE] == 0 else self._weight(row)
            if column < 0 or row[column] != offset:
                return None
            parts, rest = self._parts(row, column, first, height, width)
            ways = [(part, self.whole, False) for part in (*parts, *([] if rest is None else [rest]))]
            if row[OPCODE] and not self._same(row, [(row, self.whole, False)], ways, gradients=True):
                return None
        return first, height, width

    @staticmethod
    def _parts(row: np.ndarray, column: int, first: int, height: int, width: int) -> tuple[list[np.ndarray], np.ndarray | None]:
        """Two rows, one for each part of the gradient in `column`, and one for what else the instruction gives (or None)."""
        parts = [row.copy(), row.copy()]
        if row[OPCODE] == 0:
            parts[0][SIZE], parts[1][SIZE] = first * width, (height - first) * width
            parts[1][OUT] += first * width
            return parts, None
        rest = row.copy()
        rest[column] = -1
        for part, start, end in ((parts[0], 0, first), (parts[1], first, height)):
            part[START], part[STOP], part[MACS] = start, end, row[MACS] * (end - start) // height
            for other in GRADIENTS:
                if other != column:
                    part[other] = -1
        rest[MACS] = 0
        return parts, rest if (rest[list(GRADIENTS)] >= 0).any() else None


def halved(
    layout: Layout, dtype: str, hyper: np.ndarray, parts: list[tuple[list[np.ndarray], list[np.ndarray]]], samples: int
) -> Halves | None:
    """The instructions of parts (forward, backward), done for so many samples, for two threads; None where nothing of them can be shared."""
    if samples < 2:
        return None
    maker, spans = _Maker(layout, dtype, hyper, samples), [0]
    for forward, backward in parts:
        maker.forward(forward)
        spans.append(len(maker.phases))
        maker.backward(backward)
        spans.append(len(maker.phases))
    if not any(phase[3] > phase[2] for phase in maker.phases):
        return None
    phases = np.array(maker.phases, np.int64).reshape(-1, 6)
    return Halves(layout.table(maker.rows), phases, np.array(spans, np.int64), samples, maker.cost)


class Helper:
    """A second thread for the time of one call: `with Helper(...) as desk`, where the desk is empty if there is none.

    It is begun for each call and not waited for at its end: what comes late finds the desk closed and goes. Where it kept the other
    waiting, because the machine has better to do, the next ones are left out for a while.
    """

    @staticmethod
    def may_come(nanoseconds: float) -> bool:
        """Whether a call that takes so long would get one: compiled, with a spare core, and not just after one was kept from its work."""
        return JIT and nanoseconds >= WORTH and time.monotonic() >= Helper._away and spare_core()

    _away = 0.0  # until when no helper is asked
    _times = 0  # how often one came to nothing, one after the other

    def __init__(self, halves: Halves | None, help: Callable[[np.ndarray], bool]):
        self._help, self._desk = help, NOTHING
        if halves is not None:
            self._desk = np.zeros(interpreter.DESK, np.int64)
            self._desk[interpreter.CLOSED] = 1
            self._help(self._desk)  # compiles it, here and not while the other waits
            self._desk[interpreter.CLOSED] = 0
            self._desk[interpreter.PATIENCE] = int(halves.cost / 125)  # a turn of waiting takes 25 nanoseconds: a fifth of the time

    def __enter__(self) -> np.ndarray:
        if self._desk.size:
            _thread.start_new_thread(self._stay, ())
        return self._desk

    def _stay(self) -> None:
        while not self._help(self._desk):
            time.sleep(5e-4)

    def __exit__(self, *error: object) -> None:
        if self._desk.size:
            late = bool(self._desk[interpreter.LATE])
            self._desk[interpreter.CLOSED] = 1
            Helper._times = min(Helper._times + 1, 5) if late else max(Helper._times - 1, 0)
            Helper._away = time.monotonic() + (0.5 * 2**Helper._times if late else 0.0)
