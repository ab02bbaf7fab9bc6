"""A run of one cell as other programs are told it: its terms, the current step by step, and what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from lab.analysis.passport.writing import Expected
from lab.model import CellTerms

LONGEST = 1000.0  # ms that are told
INLINE = 100  # pieces of a current that stand in the script; more lie beside it


@dataclass(frozen=True)
class CellRun:
    """The terms, and from a run of ours: the current (steps,) during each step, the potential (steps,) after it, the spikes (ms)."""

    title: str
    terms: CellTerms
    dt: float
    current: np.ndarray
    potential: np.ndarray
    spikes: np.ndarray

    @property
    def duration(self) -> float:
        """How long it is told (ms)."""
        return len(self.current) * self.dt

    @cached_property
    def pieces(self) -> list[list[float]]:
        """The current as [steps, value], one behind the other."""
        edges = np.flatnonzero(np.diff(self.current)) + 1
        bounds = [0, *edges.tolist(), len(self.current)]
        return [[b - a, float(self.current[a])] for a, b in pairwise(bounds)]

    def current_given(self, unit_factor: float = 1.0) -> tuple[list[list[float]] | str, dict[str, np.ndarray]]:
        """What stands in the script for the current, and the arrays beside it where it has many pieces."""
        pieces = [[steps, unit_factor * value] for steps, value in self.pieces]
        if len(pieces) <= INLINE:
            return pieces, {}
        return "pieces of current.npz", {"pieces": np.array(pieces)}

    @property
    def probe(self) -> float:
        """A time (ms) on the grid at which the potential is compared: half way to the first spike, or the end where there is none."""
        if not len(self.spikes):
            return self.duration
        return max(1, round(0.5 * self.spikes[0] / self.dt)) * self.dt

    def expected(self, step: float, late: float = 0.0) -> tuple[Expected, ...]:
        """Figures of the run; a program that steps by `step` ms and dates spikes to its steps, and `late` ms later than ours, may be that far off."""
        found = [Expected("spikes", float(len(self.spikes)), 0.0)]
        if len(self.spikes):
            found.append(Expected("first spike", float(self.spikes[0]), 2 * step + late, "ms"))
        if len(self.spikes) > 1:
            found.append(Expected("mean interval", float(np.diff(self.spikes).mean()), 2 * step, "ms"))
        span = float(np.ptp(self.potential))
        at = float(self.potential[round(self.probe / self.dt) - 1])
        return (*found, Expected("potential before the first spike", at, 1e-3 * span + 1e-6, self.terms.unit))

    @property
    def widest(self) -> float:
        """The longest time (ms) that a spike stays above its level."""
        above = np.concatenate([[False], self.potential > self.terms.level, [False]])
        edges = np.flatnonzero(np.diff(above.astype(int)))
        return float((edges[1::2] - edges[::2]).max(initial=0)) * self.dt


FIGURES = """
found = {"spikes": len(times), "potential before the first spike": potential}
if len(times):
    found["first spike"] = times[0]
if len(times) > 1:
    found["mean interval"] = (times[-1] - times[0]) / (len(times) - 1)
found = {name: found.get(name, -1.0) for name in EXPECTED}  # -1: there were too few spikes for it
"""
PIECES = """
if isinstance(GIVEN["current"], str):
    with numpy.load(Path(__file__).with_suffix(".npz"), allow_pickle=False) as file:
        pieces = file["pieces"].tolist()
else:
    pieces = GIVEN["current"]  # [steps, value]
"""
