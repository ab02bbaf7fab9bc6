"""Many runs of one cell under constant currents, advanced as one population: what a sweep over a current asks for.

Each run keeps what it would have kept alone, so its summary is that of the run by itself. Cells whose population is advanced by the
arithmetic of the single cell give the same bits; Hodgkin-Huxley's is ordered for speed, and differs in the last digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.cells import recent
from lab.cells.cell import Steady
from lab.kernels import kernel
from lab.model import Events, Out, State

CURRENTS = frozenset({"current", "offset"})


def may_differ(cell: Steady) -> frozenset[str]:
    """Parameters in which runs of this cell may differ: its currents, if they are constant from the first step on."""
    steady = cell.stimulus == "step" and cell.onset == cell.width == cell.spread == 0.0
    return CURRENTS if steady and cell.cells == 1 and not cell.shadow and not cell.clamped else frozenset()


def finals(cells: Sequence[Steady], steps: int) -> list[State] | None:
    """The state of each run after `steps`; None where one of them became infinite or not a number."""
    many = cells[0].silent(cells=len(cells), shown=1)
    bench = many.build(0)
    bench.own[:] = [cell.amplitude + cell.base for cell in cells]
    state, events = many.start(bench, 0), Events(max(4096, 16 * len(cells)))
    samples = {s.name: np.empty((0, *s.shape), s.dtype) for s in many.streams if s.form == "samples"}
    index, times, done = [np.empty(0, events.index.dtype)], [np.empty(0)], 0
    while done < steps:
        base = int(state["step"][0])
        done += many.advance(bench, state, steps - done, Out(samples, {"spikes": events}))
        count = int(events.count[0])
        index.append(events.index[:count].copy())
        times.append((base + events.steps[:count] + events.value[:count]) * many.dt)
        events.count[0] = 0
    if any(array.dtype.kind == "f" and not np.isfinite(array).all() for array in state.values()):
        return None
    who, when = np.concatenate(index), np.concatenate(times)
    order = np.argsort(who, kind="stable")
    each = np.split(when[order], np.searchsorted(who[order], np.arange(1, len(cells))))
    single = cells[0].start(cells[0].build(0), 0)
    own = frozenset(name for name, array in state.items() if array.shape != single[name].shape)  # the rest is the stimulus and the clock
    return [_alone(state, own, i, float(bench.own[i]), each[i]) for i in range(len(cells))]


def _alone(state: State, apart: frozenset[str], i: int, current: float, times: np.ndarray) -> State:
    """What a run by itself would hold where the population holds cell i, which fired at `times`; each cell has of its own what is `apart`."""
    own: State = {name: array[i : i + 1].copy() if name in apart else array.copy() for name, array in state.items()}
    own["now"] = np.array([current])
    own["recent"] = recent.none(1)
    recent.remember(own["recent"], np.zeros(len(times), np.int64), times)
    own["intervals"] = np.zeros(4)
    _add_up(times, own["intervals"])
    return own


@kernel
def _add_up(times, intervals):
    """The statistics of the intervals, by the operations of `record_spike` in its order: NumPy rounds each square, a compiled loop does not."""
    for k in range(1, len(times)):
        interval = times[k] - times[k - 1]
        intervals[0] += 1.0
        intervals[1] += interval
        intervals[2] += interval * interval
        intervals[3] = interval
