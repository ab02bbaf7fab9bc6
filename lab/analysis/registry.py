"""The registry of analyses: each says once what it is, and the command, the window's card and Python derive from it.

A file of `lab/analysis/kinds/` registers its own; one that comes from elsewhere is one more

    @register
    class Bursts(Analysis):
        '''How many spikes follow each other at once.'''
        name, title = "bursts", "Bursts"
        x, y = "spikes of a burst", "bursts"
        option = Option("--bursts", "length", "Bursts whose spikes lie closer than this.", "GAP")

        def compute(self, trains, gap=None):
            return Curve(self.name, self.title, self.x, self.y, ...)

before a run is analysed. `lab analyse FILE --bursts 5ms`, `run.analysis.bursts(5.0)` and the card's chooser then have it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from lab.analysis.trains import Curve, Trains
from lab.errors import ModelError, near
from lab.model import Happened, Model, Recorded

FEWEST_SPIKES = 3


class Spoken(Protocol):
    """What an experiment says of a run: the model as it began."""

    def build(self) -> Model:
        """The model value."""


class Run(Protocol):
    """A run whose recording is analysed; `lab.api.Run` is one."""

    model: Model
    steps: int
    log: tuple[Happened, ...]
    streams: tuple[str, ...]

    @property
    def experiment(self) -> Spoken:
        """What was run."""

    def recorded(self, name: str) -> Recorded:
        """Time, values and index of a stream."""


@runtime_checkable
class Spikes(Protocol):
    """The spikes of a run that are analysed; `lab.analysis.of_run.RunAnalysis` is this."""

    run: Run

    @property
    def trains(self) -> Trains:
        """The spike trains."""

    @property
    def events(self) -> np.ndarray:
        """Times at which the stimulus began."""

    def with_cells(self, cells: Sequence[int]) -> Spikes:
        """Other cells in the same stretch of time."""


@dataclass(frozen=True)
class Option:
    """An option of `lab analyse`, which several analyses may share.

    kind   `flag`, `length` (5ms: a number in the unit of the run's clock), `events` (one each so often, or None where `stimulus` is
           written: the run's own), `cells` (0,3-5) or `text`
    value  what is written after it, as a help page names it: LAG
    """

    name: str
    kind: Literal["flag", "length", "events", "cells", "text"]
    help: str
    value: str = ""


BIN = Option("--bin", "length", "Width of bins where the option itself does not say.", "WIDTH")


@dataclass(frozen=True)
class Request:
    """What an analysis of the window needs, read from a view and copied, so that any thread may do it.

    other   the cell whose spikes a cross-correlogram shows around those of `cell` (None: of all others)
    aligned times of the events of a peri-stimulus time histogram, and how long to look after each
    """

    kind: str
    time: np.ndarray
    index: np.ndarray
    span: tuple[float, float]
    cells: int | None
    cell: int | None
    second: float
    unit: str
    trace: tuple[np.ndarray, np.ndarray, str] | None = None
    other: int = 1
    aligned: tuple[np.ndarray, float] | None = None


class Analysis:
    """One analysis of spike trains.

    name     of its card and its columns (`smooth-rate`; in Python `smooth_rate`)
    x, y     words of the axes; {unit} is the unit of the run's clock, {trace} the trace that is averaged
    theory   what is drawn beside it: `Poisson`, a process of the same rate, or the `mean`
    asks     what the card asks besides cell and stretch: a `trace`, an `other` cell, `events`
    cells    how many cells there must be
    option   how `lab analyse` asks for it (None: not by itself), and which further options it reads
    order    of the chooser, the columns and the options
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    x: ClassVar[str] = ""
    y: ClassVar[str] = ""
    style: ClassVar[str] = "line"
    x_log: ClassVar[bool] = False
    theory: ClassVar[str] = "Poisson"
    asks: ClassVar[frozenset[str]] = frozenset()
    cells: ClassVar[int] = 1
    option: ClassVar[Option | None] = None
    more: ClassVar[tuple[Option, ...]] = ()
    order: ClassVar[float] = 1000.0

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """The analysis itself; its arguments are those of Python."""
        raise ModelError(f"The analysis '{self.name}' does not implement compute().")

    def of_run(self, run: Spikes, *arguments: Any, **named: Any) -> Curve:
        """What `run.analysis.NAME(...)` gives; override where more of the run is needed than its spikes."""
        return self.compute(run.trains, *arguments, **named)

    def of_request(self, trains: Trains, request: Request) -> Curve:
        """What the card shows of the chosen cells; override where it `asks` for something."""
        return self.compute(trains)

    def of_options(self, run: Spikes, given: Mapping[str, Any]) -> Curve:
        """What the command prints: `given` holds the values of its options that were given (a flag: True)."""
        assert self.option is not None
        width = {"width": given["--bin"]} if "--bin" in given else {}
        return self.of_run(run, **width) if self.option.kind == "flag" else self.of_run(run, given[self.option.name], **width)


_known: dict[str, Analysis] = {}
Kind = TypeVar("Kind", bound=type[Analysis])


def register(kind: Kind) -> Kind:
    """Add an analysis; the last one registered under a name counts."""
    _known[kind.name] = kind()
    return kind


@cache
def _own() -> None:
    """Register what lies in `lab/analysis/kinds/`."""
    folder = importlib.import_module("lab.analysis.kinds")
    for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(found.name)


def analyses() -> dict[str, Analysis]:
    """All analyses by name, in their order."""
    _own()
    return dict(sorted(_known.items(), key=lambda item: item[1].order))


def analysis(name: str) -> Analysis:
    """The analysis of this name, written with - or _; raises ModelError where there is none."""
    known = analyses()
    found = known.get(name) or known.get(name.replace("_", "-"))
    if found is None:
        raise ModelError(f"There is no analysis '{name}': {near(name, list(known))}")
    return found


def options() -> dict[str, Option]:
    """The options of `lab analyse` by name: that of each analysis, then what several of them read."""
    known = analyses().values()
    own = {a.option.name: a.option for a in known if a.option is not None}
    return own | {o.name: o for a in known for o in a.more if o.name not in own}
