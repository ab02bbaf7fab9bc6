"""The analyses of the registry as pictures of the spikes that a view holds, live or recorded; no window is needed.

request = ask(source, "isi")        # what is to be analysed: copied, so that another thread may do it
curve = answer(request)             # a lab.analysis.trains.Curve
shown = Shown(analysed, curve)      # a source that an ordinary picture of `Analysed` draws
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from lab.analysis.of_run import cells_of, rasters, stimulus_events, stretch_after
from lab.analysis.registry import FEWEST_SPIKES, Request, analyses, analysis
from lab.analysis.trains import SECONDS, Curve, group
from lab.display.plots import Source
from lab.errors import ModelError
from lab.model import Clock, Happened, Layer, Model, Picture, Stream, param


class Analysed(Model):
    """The pictures of the analyses of another model's spikes."""

    unit: str = param("ms", doc="Unit of the other model's clock.")
    trace: str = param("trace", doc="Name, with unit, of the trace that is averaged around spikes.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, self.unit)

    @property
    def streams(self) -> tuple[Stream, ...]:
        known = analyses().values()
        found = [Stream(a.name, "curve", doc=a.title, channels=("measured",)) for a in known]
        words = {"Poisson": "a Poisson process of the same rate", "mean": "the mean"}
        return (*found, *(Stream(f"{a.name} of theory", "curve", doc=f"{a.title} of {words.get(a.theory, a.theory)}.") for a in known))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(
            Picture(
                a.name,
                a.title,
                (Layer(f"{a.name} of theory", theory=True, label=a.theory), Layer(a.name, style=a.style, label="measured")),
                x=a.x.format(unit=self.unit, trace=self.trace),
                y=a.y.format(unit=self.unit, trace=self.trace),
                x_log=a.x_log,
            )
            for a in analyses().values()
        )


def traces(model: Model) -> tuple[tuple[str, int, str], ...]:
    """(stream, channel, name with unit) of every trace that can be averaged around spikes."""
    found = []
    for stream in model.streams:
        if stream.kind != "trace" or stream.form != "samples":
            continue
        unit = f" ({stream.unit})" if stream.unit else ""
        for k in range(min(int(np.prod(stream.shape, dtype=int)), 100)):
            name = stream.name if not stream.shape else stream.channels[k] if k < len(stream.channels) else f"{stream.name}[{k}]"
            found.append((stream.name, k, f"{stream.name}: {name}{unit}" if stream.shape else f"{name}{unit}"))
    return tuple(found)


def analysed(model: Model, trace: str = "") -> Analysed:
    """The pictures for a model's spikes."""
    return Analysed(unit=model.clock.unit, trace=trace or "trace")


def pictures_for(model: Model) -> tuple[Picture, ...]:
    """Pictures of the analyses that the model's spikes allow; none for a model without spikes."""
    if not rasters(model):
        return ()
    alone = all(cells_of(model, stream) == 1 for stream in rasters(model))
    known = analyses()
    return tuple(
        p
        for p in analysed(model).pictures
        if ("trace" not in known[p.name].asks or traces(model)) and (known[p.name].cells < 2 or not alone)
    )


def ask(
    source: Source,
    kind: str,
    stream: str = "",
    *,
    cell: int | None = None,
    last: float = 0.0,
    trace: tuple[str, int] | None = None,
    other: int = 1,
    every: float = 0.0,
) -> Request:
    """Read what an analysis needs from a source; `last` time units only, 0 for all that is kept.

    other   second cell of a cross-correlogram; every: time between the events of a histogram, 0: those of the stimulus

    Raises ModelError for a model without spikes.
    """
    model = source.model
    known = rasters(model)
    if not known:
        raise ModelError(f"{model._owner()} has no spikes to analyse.")
    stream = stream if stream in known else "spikes" if "spikes" in known else known[0]
    clock = model.clock
    first = max(0, source.step - round(last / clock.dt)) if last > 0 else 0
    steps, index, part = source.events(stream, first)
    if len(steps) and first == 0 and source.step * clock.dt > 0:
        # The view may have forgotten the beginning; the observation then begins with what it kept.
        kept = int(steps[0])
        first = kept if kept > 0.1 * source.step else 0
    read = None
    asks = analysis(kind).asks
    if "trace" in asks and trace is not None:
        at, rows = source.samples(trace[0], first, source.step)
        values = rows.reshape(len(rows), int(np.prod(rows.shape[1:])))
        name = next((t[2] for t in traces(model) if t[:2] == trace), trace[0])
        if len(at) and trace[1] < values.shape[1]:
            read = (at * clock.dt, values[:, trace[1]].astype(float), name)
    span = (first * clock.dt, max(source.step, first + 1) * clock.dt)
    aligned = _events(source, span, every) if "events" in asks else None
    second = SECONDS.get(clock.unit, 1.0)
    return Request(kind, (steps + part) * clock.dt, index, span, cells_of(model, stream), cell, second, clock.unit, read, other, aligned)


def _events(source: Source, span: tuple[float, float], every: float) -> tuple[np.ndarray, float]:
    """Events in the stretch and how long to look after each; raises ModelError where there are none."""
    if every > 0:
        return np.arange(np.ceil(span[0] / every), span[1] / every) * every, every
    model, log = source.history()
    events = stimulus_events(model, log, source.step)
    events = events[(events >= span[0]) & (events < span[1])]
    if not len(events):
        raise ModelError("No stimulus begins in this stretch: choose one with pulses, or an event each so often.")
    return events, stretch_after(events, span[1])


def answer(request: Request) -> Curve:
    """Do the analysis; raises ModelError with a sentence where the spikes do not allow it."""
    seen = int(request.index.max()) + 1 if len(request.index) else 1
    trains = group(
        request.time, request.index, cells=max(seen, request.cells or 0), span=request.span, second=request.second, unit=request.unit
    )
    found = analysis(request.kind)
    if "other" not in found.asks:
        if request.cell is not None:
            trains = trains.select([min(request.cell, trains.cells - 1)])
        if len(trains.time) < FEWEST_SPIKES:
            raise ModelError("Too few spikes yet.")
    return found.of_request(trains, request)


def observe(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The measured and the theoretical curve as pictures take them, (2, n) each; steps begin at the left edge of their bin."""
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    theory = np.empty((2, 0)) if curve.theory is None else np.array([x, curve.theory])
    if curve.style == "steps" and len(x) > 1:
        x = np.append(x, 2 * x[-1] - x[-2]) - 0.5 * (x[1] - x[0])
        y = np.append(y, y[-1])
    return np.array([x, y]), theory


class Shown:
    """A source that holds one curve, for an ordinary picture of `Analysed` to draw."""

    def __init__(self, model: Model, kind: str, curve: Curve, number: int, step: int):
        self.model = model
        self.version: Hashable = ("analysis", kind, number)
        self.step = step
        self.summary: Mapping[str, Any] = curve.figures
        measured, theory = observe(curve)
        self._values = {kind: measured, f"{kind} of theory": theory}

    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """There are no traces."""
        return np.empty(0, np.int64), np.empty(0)

    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """There are no events."""
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)

    def snapshot(self, stream: str) -> Any:
        """The curve."""
        return self._values.get(stream)

    def last(self, stream: str) -> Any:
        """The same."""
        return self.snapshot(stream)

    def history(self) -> tuple[Model, Sequence[Happened]]:
        """Nothing was done to it."""
        return self.model, ()

    def labels(self, stream: str) -> tuple[str, ...]:
        """There are none."""
        return ()
