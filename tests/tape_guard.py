"""An arena that refuses every index outside of the operands of the instruction that runs; for interpreted kernels."""

import numpy as np

from lab.tape import interpreter
from lab.tape.check import case_program
from lab.tape.registry import AUX, BATCHED, CASES, DOUT, DX, DY, DZ, OPCODE, OUT, STATISTICS, X, Y, Z


class Outside(IndexError):
    """An index that NumPy would have wrapped or cut without a word, or that belongs to somebody else."""


class Guarded(np.ndarray):
    """An array whose indices are neither negative nor beyond the end; at the root also inside one of `spans`."""

    spans = None

    def _check(self, index):
        index = index if isinstance(index, tuple) else (index,)
        for axis, i in enumerate(index):
            size = self.shape[axis]
            if isinstance(i, slice):
                start, stop = 0 if i.start is None else int(i.start), size if i.stop is None else int(i.stop)
            else:
                start, stop = int(i), int(i) + 1
            if not 0 <= start <= stop <= size:
                raise Outside(f"{start}:{stop} of {size}")
            if axis == 0 and self.spans is not None and start < stop and not any(a <= start and stop <= b for a, b in self.spans):
                raise Outside(f"{start}:{stop} outside of {sorted(self.spans)}")

    def __array_finalize__(self, source):
        self.spans = None

    def __getitem__(self, index):
        self._check(index)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        self._check(index)
        super().__setitem__(index, value)


def spans_of(layout, row, samples):
    """Where the operands of an instruction lie: offset -> end, for this number of samples."""
    rooms = {}
    for node in layout.tape.nodes:
        if node.base == node.index:
            room = node.size * (samples if node.batched else 1)
            for offset in (layout.offsets[node.index], layout.gradients[node.index]):
                if offset >= 0:
                    rooms[offset] = max(room, rooms.get(offset, 0))
    return [(int(row[k]), int(row[k]) + rooms[int(row[k])]) for k in (OUT, DOUT, X, DX, Y, DY, Z, DZ, AUX, STATISTICS) if row[k] >= 0]


def execute(layout, rows, a, f, samples, train):
    """Run instructions one by one, each with its own operands open."""
    entries = interpreter.table(str(a.dtype), np.unique(rows[:, OPCODE]))
    random = np.array([1, 2, 3, 4], np.uint64)
    for row in rows[rows[:, OPCODE] >= 0]:  # an inner loop is run through once
        a.spans = spans_of(layout, row, samples)
        entries[row[OPCODE]](a, row, f, samples if row[BATCHED] else 1, train, random)
        a.spans = None


def check_case(case):
    """Forward and backward of a case for each input alone and for all but one; yields what went outside."""
    program, state, root, arrays = case_program(case)
    layout = program.layout
    names = [name for name in arrays if name != "labels"] + list(program.parameters(state)) if case.smooth else []
    wanted = {frozenset(names), *(frozenset([n]) for n in names), *(frozenset(names) - {n} for n in names)}
    whole = frozenset(names)
    for wrt, samples, train in [(w, 2, 1) for w in sorted(wanted - {whole}, key=sorted)] + [(whole, 3, 0), (whole, 2, 1)]:
        a = np.full(layout.length, 0.5).view(Guarded)
        np.asarray(a)[:] = program._load(state)
        for name, array in arrays.items():
            at = layout.offset(program.tape.find(name))
            value = np.asarray(array, float)[:samples].ravel()
            np.asarray(a)[at : at + value.size] = value
        forward = layout.forward_rows([root])
        backward = layout.backward_rows(root, {program.tape.find(name).index for name in wrt}) if wrt else []
        try:
            execute(layout, layout.table(forward + backward), a, state["hyper"], samples, train)
        except Outside as error:
            yield f"{case.name}, gradient of {sorted(wrt)}, {samples} samples: {error}"


def check_all():
    """What went outside, over all cases."""
    return [line for case in CASES for line in check_case(case)]
