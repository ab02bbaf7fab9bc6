"""How regular spikes are: intervals between them, and the regularity of each cell."""

from __future__ import annotations

from typing import Any

from lab.analysis import trains as of
from lab.analysis.registry import BIN, Analysis, Option, register
from lab.analysis.trains import Curve, Trains


@register
class Intervals(Analysis):
    """Density of the intervals between spikes of a cell; see `lab.analysis.trains.isi`."""

    name, title, order = "isi", "Interspike intervals", 10.0
    x, y = "interval ({unit})", "density (1/{unit})"
    style = "steps"
    option, more = Option("--isi", "flag", "Interspike intervals."), (BIN,)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(width=None, longest=None)"""
        return of.isi(trains, *arguments, **named)


@register
class Regularity(Analysis):
    """CV and CV2 of each cell; see `lab.analysis.trains.cv`."""

    name, title, order = "cv", "Regularity of each cell", 80.0
    x, y = "cell", "CV"
    style = "points"
    option = Option("--cv", "flag", "Regularity of each cell: CV and CV2.")

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """()"""
        return of.cv(trains, *arguments, **named)


@register
class Variability(Analysis):
    """Variance over mean of the counts in windows; see `lab.analysis.trains.fano`."""

    name, title, order = "fano", "Fano factor", 70.0
    x, y = "window ({unit})", "Fano factor"
    x_log = True
    option = Option("--fano", "flag", "Fano factor against window length.")

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(windows=None)"""
        return of.fano(trains, *arguments, **named)
