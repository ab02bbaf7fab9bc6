"""A run of a network as other programs are told it: its terms, and the spikes that are expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.analysis.passport.writing import Expected, Script, script
from lab.model import PopulationTerms

LONGEST = 300.0  # ms that are told
FIRST = 200  # spikes of which the last says until when every spike should be the same
CHAOS = 0.1  # a rounding error of a potential moves later spikes: rates over the whole may differ by so much of theirs


@dataclass(frozen=True)
class NetworkRun:
    """The terms, and from a run of ours the spikes of the recorded cells: times (ms, at the end of their steps) and numbers of cells."""

    title: str
    terms: PopulationTerms
    duration: float
    times: np.ndarray
    cells: np.ndarray

    def script(self, about: str, imports: str, body: str) -> Script:
        """A script whose body leaves all spikes as `times` (ms, at the end of their steps) and `cells`."""
        terms = self.terms
        order = np.sort(self.times)
        until = float(order[min(FIRST, len(order)) - 1]) if len(order) else self.duration
        sizes = [p["size"] for p in terms.populations]
        bounds = np.cumsum([0, *sizes])
        first = float((self.times <= until + 0.5 * terms.dt).sum())
        expected = [Expected(f"spikes of the first {until:g} ms", first, 0.01 * first)]
        names = []
        for p, a, b in zip(terms.populations, bounds[:-1], bounds[1:], strict=True):
            recorded = int(((terms.recorded >= a) & (terms.recorded < b)).sum())
            rate = 1000.0 * float(((self.cells >= a) & (self.cells < b)).sum()) / (max(1, recorded) * self.duration)
            names.append(f"rate of {str(p['name'])[:40]}")
            expected.append(Expected(names[-1], rate, CHAOS * rate + 2000.0 / (max(1, recorded) * self.duration), "Hz"))
        given: dict[str, Any] = {
            "network": self.title, "step (ms)": terms.dt, "duration (ms)": self.duration, "every spike should be the same until (ms)": until,
            "figures": [expected[0].name, *names], "populations": [dict(p) for p in terms.populations],
            "projections": [dict(p) for p in terms.projections],
        }  # fmt: skip
        arrays: Mapping[str, np.ndarray] = {**terms.arrays, "recorded": terms.recorded}
        return Script(script(about, imports, given, expected, LOAD + body + FIGURES), tuple(expected), arrays)


LOAD = """
with numpy.load(Path(__file__).with_suffix(".npz"), allow_pickle=False) as file:
    arrays = {name: file[name] for name in file.files}
"""
FIGURES = """
here = numpy.isin(cells, arrays["recorded"])
times, cells = times[here], cells[here]
first, *rates = GIVEN["figures"]
found = {first: float((times <= GIVEN["every spike should be the same until (ms)"] + 0.5 * GIVEN["step (ms)"]).sum())}
begin = 0
for figure, population in zip(rates, GIVEN["populations"]):
    end = begin + population["size"]
    recorded = numpy.count_nonzero((arrays["recorded"] >= begin) & (arrays["recorded"] < end))
    fired = numpy.count_nonzero((cells >= begin) & (cells < end))
    found[figure] = 1000.0 * fired / (max(1, recorded) * GIVEN["duration (ms)"])
    begin = end
"""
