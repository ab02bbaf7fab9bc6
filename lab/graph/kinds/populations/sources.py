"""What drives populations from outside."""

from __future__ import annotations

from lab import units
from lab.graph.document import Kind, Port
from lab.graph.kinds.populations.population import SOURCES
from lab.spiking.projections import Drive, Noise

_OUT = (Port("drive", "drive"),)

KINDS = (
    Kind(
        "drive", "Poisson drive", Drive, (), _OUT, "Independent Poisson input to every neuron", "mdi6.arrow-right-bold", SOURCES, "D",
        place=20, caption=lambda value: f"{units.number(value.rate)} Hz × {units.number(value.sources)}",
    ),
    Kind(
        "noise", "Noise current", Noise, (), _OUT, "White noise to every neuron", "mdi6.waveform", SOURCES, "N",
        place=21, caption=lambda value: f"{value.strength:g} mV/√ms",
    ),
)  # fmt: skip
