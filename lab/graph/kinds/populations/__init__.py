"""Populations of spiking neurons, joined by projections; a new file in this folder that holds `KINDS` is found by itself.

A file of a person's own adds a kind with `lab.graph.document.extend("populations", population(...))`.
"""

from lab.graph.document import Family, register
from lab.graph.kinds import listed
from lab.graph.kinds.populations.population import population
from lab.graph.kinds.populations.templates import TEMPLATES, brunel, competition, ring_attractor, vogels_abbott, winner_take_all
from lab.graph.kinds.populations.wiring import census, check, fitted, handle, joined, label, network, size, totals, wired, words

__all__ = ["brunel", "competition", "network", "population", "ring_attractor", "vogels_abbott", "winner_take_all"]

register(
    Family(
        "populations", "Spiking populations", listed(__name__, __path__), blocks=True, cycles=True, parallel=True, check=check, templates=TEMPLATES,
        label=label, size=size, totals=totals, census=census, wired=wired, words=words, joined=joined, fitted=fitted, handle=handle,
    )
)  # fmt: skip
