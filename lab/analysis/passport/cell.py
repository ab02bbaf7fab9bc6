"""A run of one cell as other programs are told it: its terms, the current step by step, and what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

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

    def compared(self, step: float, late: float = 0.0) -> tuple[dict[str, Any], tuple[Expected, ...]]:
        """What every script is given, and the figures that are expected.

        A program that steps by `step` ms and dates spikes to its steps, and `late` ms later than ours, may be that far off. A spike so near
        to the end that the other program may have it after the end is not counted.
        """
        each = 2 * step
        spikes, until = self.spikes, self.duration
        edge = late + each * (1 + len(spikes))
        if len(spikes) and until - spikes[-1] < edge:
            until = max(0.0, float(spikes[-1]) - edge)
            spikes = spikes[spikes <= until]
        found = [Expected("spikes", float(len(spikes)), 0.0)]
        if len(spikes):
            found.append(Expected("first spike", float(spikes[0]), each + late, "ms"))
        if len(spikes) > 1:
            found.append(Expected("mean interval", float(np.diff(spikes).mean()), each, "ms"))
        span = float(np.ptp(self.potential))
        at = float(self.potential[round(self.probe / self.dt) - 1])
        found.append(Expected("potential before the first spike", at, 1e-3 * span + 1e-6, self.terms.unit))
        given = {
            "cell": self.title, "duration (ms)": self.duration, "spikes are counted until (ms)": until,
            "potential is compared at (ms)": self.probe, "step of the current (ms)": self.dt,
        }  # fmt: skip
        return given, tuple(found)

    @property
    def widest(self) -> float:
        """The longest time (ms) that a spike stays above its level."""
        above = np.concatenate([[False], self.potential > self.terms.level, [False]])
        edges = np.flatnonzero(np.diff(above.astype(int)))
        return float((edges[1::2] - edges[::2]).max(initial=0)) * self.dt


FIGURES = """
times = [t for t in times if t <= GIVEN["spikes are counted until (ms)"]]
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
