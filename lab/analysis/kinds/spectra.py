"""Rhythms: the power of spike trains at each frequency."""

from __future__ import annotations

from typing import Any

from lab.analysis import trains as of
from lab.analysis.registry import BIN, Analysis, Option, register
from lab.analysis.trains import Curve, Trains


@register
class Spectrum(Analysis):
    """Power of single cells, on average; see `lab.analysis.trains.spectrum`."""

    name, title, order = "spectrum", "Power spectrum", 90.0
    x, y = "frequency (Hz)", "power (Hz)"
    option, more = Option("--spectrum", "flag", "Power spectrum, mean over cells."), (BIN,)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(width=None, segment=None, of="cells")"""
        return of.spectrum(trains, *arguments, **named)


@register
class PopulationSpectrum(Analysis):
    """Power of all cells together; see `lab.analysis.trains.spectrum`."""

    name, title, order = "population", "Power spectrum of the population", 100.0
    x, y = "frequency (Hz)", "power (Hz)"
    option, more = Option("--population", "flag", "Power spectrum of all cells together."), (BIN,)

    def compute(self, trains: Trains, *arguments: Any, **named: Any) -> Curve:
        """(width=None, segment=None)"""
        return of.spectrum(trains, *arguments, **named, of="population")
