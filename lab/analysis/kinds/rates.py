"""How fast spikes come: in bins, smoothed, and after events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.analysis import trains as of
from lab.analysis.of_run import stretch_after
from lab.analysis.registry import BIN, Analysis, Option, Request, Spikes, register
from lab.analysis.trains import Curve, Trains
from lab.errors import ModelError


@register
class Rate(Analysis):
    """Spikes per second in bins; see `lab.analysis.trains.rate`."""

    name, title, order = "rate", "Firing rate", 20.0
    x, y = "time ({unit})", "rate (Hz)"
    style, theory = "steps", "mean"
    option = Option("--rate", "length", "Rate in bins of this length.", "WIDTH")

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(width=None)"""
        return of.rate(trains, *arguments, **named)


@register
class SmoothRate(Analysis):
    """The rate smoothed by a Gaussian; see `lab.analysis.trains.smooth_rate`."""

    name, title, order = "smooth-rate", "Firing rate, smoothed", 30.0
    x, y = "time ({unit})", "rate (Hz)"
    theory = "mean"
    option = Option("--smooth", "length", "Rate smoothed by a Gaussian of this standard deviation.", "DEVIATION")

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(deviation=None, shape="gaussian")"""
        return of.smooth_rate(trains, *arguments, **named)


@register
class AfterTheStimulus(Analysis):
    """Peri-stimulus time histogram; see `lab.analysis.trains.psth`.

    A single number for `events` means one each so many time units, and a stretch of that length. Without events they are those of
    the run's own stimulus, and the stretch is the time from one to the next.
    """

    name, title, order = "psth", "After the stimulus", 40.0
    x, y = "time after the event ({unit})", "rate (Hz)"
    style, theory = "steps", "mean"
    asks = frozenset({"events"})
    option = Option(
        "--psth", "events", "Rate after events that come each so often, or `stimulus`: after each onset of the run's own.", "EVERY"
    )
    more = (BIN,)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(events, before=0.0, after=100.0, width=None)"""
        return of.psth(trains, *arguments, **named)

    def of_run(self, run: Spikes, *arguments: Any, **named: Any) -> Curve:
        """(events=None, before=0.0, after=None, width=None)"""
        return self._around(run, *arguments, **named)

    @staticmethod
    def _around(
        run: Spikes,
        events: Sequence[float] | float | None = None,
        before: float = 0.0,
        after: float | None = None,
        width: float | None = None,
    ) -> Curve:
        trains = run.trains
        if events is None:
            own = run.events
            own = own[(own >= trains.start) & (own < trains.stop)]
            if not len(own):
                raise ModelError(
                    f"analysis: no stimulus begins in this run of {run.run.model._owner()}: say when events are, or how often."
                )
            return of.psth(trains, own, before, stretch_after(own, trains.stop) if after is None else after, width)
        if isinstance(events, (int, float)):
            every = float(events)
            if not every > 0:
                raise ModelError(f"analysis: the time between events must be above 0 {trains.unit} (got {every:g}).")
            regular = np.arange(np.ceil(trains.start / every), trains.stop / every) * every
            return of.psth(trains, regular, before, every - before if after is None else after, width)
        return of.psth(trains, np.asarray(events, float), before, 100.0 if after is None else after, width)

    def of_request(self, trains: Trains, request: Request) -> Curve:
        """Around the events that were read."""
        assert request.aligned is not None
        return of.psth(trains, request.aligned[0], 0.0, request.aligned[1])

    def of_options(self, run: Spikes, given: Mapping[str, Any]) -> Curve:
        """After each so often, or after the run's own."""
        return self._around(run, given["--psth"], width=given.get("--bin"))
