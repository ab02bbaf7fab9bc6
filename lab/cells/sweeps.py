"""Many constant currents at once: a population in which each cell has its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab.cells.cell import Swept
from lab.kernels import kernel
from lab.model import COUNT, Bound, Events, Out, State


class Sweep:
    """A population in which each cell has its own constant current, advanced as one.

    `state` holds everything that moves; `rates` (Hz) come from the intervals between the first and last spike after the
    transient, so they do not suffer from counting whole spikes; a cell that fired less than twice has rate 0.
    """

    def __init__(self, cell: Swept, currents: np.ndarray, duration: float, transient: float, **more: Any):
        self.cell = cell.silent(cells=len(currents), shown=1, shadow=False, **more)
        self.currents, self.transient = currents, transient
        self.steps = self.cell.steps_for(duration)
        self.bench = self.cell.build(0)
        self.drive(currents)
        self.streams = self.cell.streams

    def drive(self, currents: np.ndarray) -> None:
        """Other currents for the next start."""
        self.bench.own[:] = currents

    def start(self) -> State:
        """State before the first step."""
        points = len(self.currents)
        counts = {"swept": np.zeros(points, np.int64), "first": np.full(points, -1.0), "last": np.full(points, -1.0)}
        return self.cell.start(self.bench, 0) | counts

    def state_bounds(self, state: State) -> dict[str, Bound]:
        """How far each array of the state may go."""
        return self.cell.state_bounds(self.bench, state, 0) | {"step": Bound(0, self.steps), "swept": COUNT}

    def advance(self, state: State, n: int, V: np.ndarray | None = None) -> int:
        """Advance n steps and count the spikes after the transient; V (n,) receives the first cell's voltage."""
        events = Events(max(4096, 16 * self.cell.cells))
        samples = {s.name: np.empty((0, *s.shape), s.dtype) for s in self.streams if s.form == "samples"}
        done = 0
        while done < n:
            base = int(state["step"][0])
            if V is not None:
                samples["V"] = V[done:]
            moved = self.cell.advance(self.bench, state, n - done, Out(samples, {"spikes": events}))
            count = int(events.count[0])
            times = (base + events.steps[:count] + events.value[:count]) * self.cell.dt
            _tally(events.index[:count], times, self.transient, state["swept"], state["first"], state["last"])
            events.count[0] = 0
            done += moved
        return done

    def run(self) -> State:
        """The whole sweep; returns its final state."""
        state = self.start()
        self.advance(state, self.steps)
        return state

    @staticmethod
    def rates(state: State) -> np.ndarray:
        """Rate of each cell (Hz)."""
        span = state["last"] - state["first"]
        return np.where(state["swept"] > 1, 1000.0 * (state["swept"] - 1) / np.where(span > 0, span, 1.0), 0.0)


@kernel
def _tally(index, times, transient, count, first, last):
    for k in range(len(index)):
        i = index[k]
        if times[k] >= transient:
            if count[i] == 0:
                first[i] = times[k]
            last[i] = times[k]
            count[i] += 1


def least_current(
    cell: Swept, lo: float, hi: float, duration: float, spikes: int = 1, transient: float = 0.0, rounds: int = 3, points: int = 24
) -> float:
    """Smallest constant current, switched on at rest, that makes at least `spikes` spikes after the transient.

    Narrowed by sweeps of `points` cells each; the answer is the middle of the last bracket.
    """
    sweep = Sweep(cell, np.zeros(points), duration, transient)
    for _ in range(rounds):
        currents = np.linspace(lo, hi, points)
        sweep.drive(currents)
        fired = sweep.run()["swept"] >= spikes
        if not fired.any():
            return math.inf
        k = int(fired.argmax())
        lo, hi = currents[max(0, k - 1)], currents[k]
    return 0.5 * (lo + hi)
