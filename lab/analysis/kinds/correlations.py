"""What comes around spikes: other spikes, and a trace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.analysis import trains as of
from lab.analysis.registry import BIN, FEWEST_SPIKES, Analysis, Option, Request, Spikes, register
from lab.analysis.trains import Curve, Trains
from lab.errors import ModelError

WITH = Option("--with", "cells", "Cells to correlate with (default: each cell with itself).", "CELLS")
AROUND = Option("--around", "length", "Time before and after a spike for --sta (default: 50 ms).", "LENGTH")


@register
class Correlogram(Analysis):
    """Spikes around spikes; see `lab.analysis.trains.correlogram`. `other` may be the cells to correlate with."""

    name, title, order = "correlogram", "Autocorrelogram", 50.0
    x, y = "lag ({unit})", "rate (Hz)"
    style = "steps"
    option, more = Option("--correlogram", "length", "Correlogram up to this lag.", "LAG"), (BIN, WITH)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(lag=None, width=None, other=None)"""
        return of.correlogram(trains, *arguments, **named)

    def of_run(self, run: Spikes, *arguments: Any, **named: Any) -> Curve:
        """(lag=None, width=None, other=None)"""
        return self._with(run, *arguments, **named)

    @staticmethod
    def _with(run: Spikes, lag: float | None = None, width: float | None = None, other: Spikes | Sequence[int] | None = None) -> Curve:
        if other is not None and not isinstance(other, Spikes):
            other = run.with_cells(other)
        return of.correlogram(run.trains, lag, width, None if other is None else other.trains)

    def of_options(self, run: Spikes, given: Mapping[str, Any]) -> Curve:
        """Up to a lag, with some cells or with itself."""
        return self._with(run, given["--correlogram"], given.get("--bin"), given.get("--with"))


@register
class CrossCorrelogram(Analysis):
    """Spikes of the other cell around those of the chosen one, or of all the rest."""

    name, title, order = "cross", "Cross-correlogram", 60.0
    x, y = "lag ({unit})", "rate (Hz)"
    style = "steps"
    asks, cells = frozenset({"other"}), 2

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(lag=None, width=None, other=None)"""
        return of.correlogram(trains, *arguments, **named)

    def of_run(self, run: Spikes, *arguments: Any, **named: Any) -> Curve:
        """(lag=None, width=None, other=cells)"""
        return Correlogram().of_run(run, *arguments, **named)

    def of_request(self, trains: Trains, request: Request) -> Curve:
        """All cells are given: the chosen one is correlated with the other."""
        if trains.cells < 2:
            raise ModelError("A cross-correlogram needs two cells with spikes.")
        other = min(request.other, trains.cells - 1)
        first = [c for c in range(trains.cells) if c != other] if request.cell is None else [min(request.cell, trains.cells - 1)]
        one, two = trains.select(first), trains.select([other])
        if min(len(one.time), len(two.time)) < FEWEST_SPIKES:
            raise ModelError("Too few spikes yet.")
        return of.correlogram(one, other=two)


@register
class SpikeTriggeredAverage(Analysis):
    """Mean of a trace around spikes; see `lab.analysis.trains.spike_triggered_average`. `channel` of a trace of many."""

    name, title, order = "sta", "Spike-triggered average", 110.0
    x, y = "time after the spike ({unit})", "{trace}"
    theory = "mean"
    asks = frozenset({"trace"})
    option = Option("--sta", "text", "Spike-triggered average of this trace, or channel, as V or V[2].", "TRACE")
    more = (AROUND,)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(time, values, before=50.0, after=50.0, name="")"""
        return of.spike_triggered_average(trains, *arguments, **named)

    def of_run(self, run: Spikes, *arguments: Any, **named: Any) -> Curve:
        """(trace, before=50.0, after=50.0, channel=0)"""
        return self._of_trace(run, *arguments, **named)

    @staticmethod
    def _of_trace(run: Spikes, trace: str, before: float = 50.0, after: float = 50.0, channel: int = 0) -> Curve:
        model = run.run.model
        stream = model.stream(trace)
        if stream.form != "samples":
            known = ", ".join(s.name for s in model.streams if s.form == "samples")
            raise ModelError(f"{trace} is no sampled trace: choose one of {known or 'none'}.")
        found = run.run.recorded(trace)
        values = found.values.reshape(len(found.values), int(np.prod(found.values.shape[1:])))
        if not 0 <= channel < values.shape[1]:
            raise ModelError(f"{trace} has channels 0 to {values.shape[1] - 1} (got {channel}).")
        name = stream.channels[channel] if channel < len(stream.channels) else trace
        words = f"{name} ({stream.unit})" if stream.unit else name
        return of.spike_triggered_average(run.trains, found.time, values[:, channel], before, after, words)

    def of_request(self, trains: Trains, request: Request) -> Curve:
        """Around the spikes that are seen, a fifth of the stretch at most."""
        if request.trace is None or len(request.trace[0]) < 16:
            raise ModelError("The trace is not recorded yet.")
        time, values, name = request.trace
        side = min(50.0 * request.second / 1000, 0.2 * (time[-1] - time[0]))
        return of.spike_triggered_average(trains, time, values, side, side, name)

    def of_options(self, run: Spikes, given: Mapping[str, Any]) -> Curve:
        """A trace, or a channel of it in brackets."""
        match = re.fullmatch(r"(.*?)(?:\[(\d+)\])?", given["--sta"])
        assert match
        side = given.get("--around", 50.0 * run.trains.second / 1000)
        return self._of_trace(run, match.group(1), side, side, int(match.group(2) or 0))
