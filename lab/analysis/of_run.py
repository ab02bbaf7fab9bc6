"""The analyses of the registry for the spikes of a recorded run, with its units and its length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from lab.analysis import registry
from lab.analysis import trains as analysis
from lab.analysis.registry import Run
from lab.analysis.trains import Curve, Trains
from lab.errors import ModelError, near
from lab.model import Happened, Model


def rasters(model: Model) -> tuple[str, ...]:
    """Names of a model's spike streams."""
    return tuple(s.name for s in model.streams if s.kind == "raster")


def cells_of(model: Model, stream: str) -> int | None:
    """How many cells a raster has, where the model says; None: as many as were seen."""
    declared = model.stream(stream)
    return max(declared.shape[0] if declared.shape else 0, len(declared.channels)) or None


@runtime_checkable
class Stimulated(Protocol):
    """A model that says when its stimulus begins.

    stimuli   names of the actions that are stimuli
    """

    stimuli: ClassVar[tuple[str, ...]]

    def onsets(self, begin: float, end: float) -> np.ndarray:
        """Times from `begin` to before `end` at which the stimulus, or a pulse of it, begins."""


def stimulus_events(model: Model, log: Iterable[Happened], steps: int) -> np.ndarray:
    """Times (clock units) at which the stimulus began in a run: from the model as the run began, and what was done to it since.

    Onsets of steps, of each pulse of a train, and pulses that a person gave; none for a model that has no stimulus.
    """
    dt, begin = model.clock.dt, 0
    found = []
    for happened in sorted(log, key=lambda h: h.step):
        if happened.step > begin:
            found.append(_onsets(model, begin, min(happened.step, steps)))
            begin = happened.step
        if happened.kind == "change":
            model = model.replace(**happened.values)
        elif isinstance(model, Stimulated) and happened.name in model.stimuli and happened.step < steps:
            found.append(np.array([happened.step * dt]))
    found.append(_onsets(model, begin, steps))
    return np.unique(np.concatenate(found))


def _onsets(model: Model, begin: int, end: int) -> np.ndarray:
    dt = model.clock.dt
    return model.onsets(begin * dt, end * dt) if isinstance(model, Stimulated) and end > begin else np.empty(0)


def stretch_after(events: np.ndarray, stop: float) -> float:
    """How long after each event a histogram looks: up to the next one, or after a single one to the end."""
    return float(np.median(np.diff(events))) if len(events) > 1 else float(stop - events[0])


class RunAnalysis:
    """Spike trains of one run, and what they say; times are in the clock's unit and rates in Hz.

    run.analysis.isi().figures["CV"]
    run.analysis.of(cells=[0, 1], between=(500, 1000)).correlogram(lag=50)
    """

    def __init__(self, run: Run, stream: str = "", cells: Sequence[int] | None = None, between: tuple[float, float] | None = None):
        recorded = [n for n in rasters(run.model) if n in run.streams]
        if not stream:
            if not recorded:
                raise ModelError(f"{run.model._owner()} recorded no spikes in this run: it has {', '.join(run.streams) or 'no streams'}.")
            stream = "spikes" if "spikes" in recorded else recorded[0]
        elif stream not in recorded:
            raise ModelError(f"{run.model._owner()} has no recorded spike stream '{stream}': {near(stream, recorded)}")
        self.run = run
        self.stream = stream
        self._chosen = (cells, between)
        self._trains: Trains | None = None

    def of(self, stream: str = "", cells: Sequence[int] | None = None, between: tuple[float, float] | None = None) -> RunAnalysis:
        """The same for another raster, some cells only, or a stretch of time."""
        return RunAnalysis(self.run, stream or self.stream, cells, between)

    @property
    def trains(self) -> Trains:
        """The spike trains that are analysed."""
        if self._trains is None:
            found, clock = self.run.recorded(self.stream), self.run.model.clock
            seen = 1 + int(found.index.max()) if found.index is not None and len(found.index) else 1
            cells = max(seen, cells_of(self.run.model, self.stream) or 0)
            whole = analysis.group(
                found.time,
                found.index,
                cells=cells,
                span=(0.0, self.run.steps * clock.dt),
                second=analysis.SECONDS.get(clock.unit, 1.0),
                unit=clock.unit,
            )
            self._trains = whole.select(*self._chosen)
        return self._trains

    def __getattr__(self, name: str) -> Callable[..., Curve]:
        """Every analysis of the registry as a method: `isi(width=...)`, `smooth_rate(20.0)`."""
        known = registry.analyses()
        found = known.get(name.replace("_", "-"))
        if found is None or name.startswith("_"):
            raise AttributeError(f"There is no analysis '{name}': {near(name, [n.replace('-', '_') for n in known])}")
        return partial(found.of_run, self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(n.replace("-", "_") for n in registry.analyses())]

    @property
    def events(self) -> np.ndarray:
        """Times at which the stimulus began: see `stimulus_events`."""
        run = self.run
        return stimulus_events(run.experiment.build(), run.log, run.steps)

    def with_cells(self, cells: Sequence[int]) -> RunAnalysis:
        """Other cells of the same raster in the same stretch of time."""
        return self.of(cells=cells, between=self._chosen[1])

    def save_sound(self, path: str | Path, slower: float = 1.0) -> float:
        """Write the spikes as clicks into a WAV file; returns its length in seconds. See `hearing.save_sound`."""
        from lab.analysis.sound import save_sound

        return save_sound(self.trains, path, slower)

    @property
    def figures(self) -> dict[str, float]:
        """What is said when nobody asks for anything in particular: spikes, cells, rate, regularity, variability."""
        trains = self.trains
        out: dict[str, float] = {"spikes": len(trains.time), "cells": trains.cells, "rate (Hz)": trains.mean_rate}
        out |= {k: v for k, v in analysis.cv(trains).figures.items() if k != "cells told"}
        if len(trains.time) > 20:
            found = analysis.fano(trains).figures
            out |= dict([list(found.items())[-1]])
        return out

    def __repr__(self) -> str:
        return f"<Analysis of {self.stream}: {', '.join(f'{k} {v:.6g}' for k, v in self.figures.items())}>"
