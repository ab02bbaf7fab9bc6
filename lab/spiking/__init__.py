"""Spiking networks: populations and projections as values, compiled to flat arrays and one loop over steps."""

from lab.spiking.cells import AdEx, ConductanceLIF, HodgkinHuxley, Izhikevich, LIF, PoissonPopulation, Population
from lab.spiking.network import Built, Input, Link, Network, Scales
from lab.spiking.projections import Drive, Noise, Projection

__all__ = [
    "AdEx", "Built", "ConductanceLIF", "Drive", "HodgkinHuxley", "Input", "Izhikevich", "LIF", "Link", "Network", "Noise", "PoissonPopulation",
    "Population", "Projection", "Scales",
]  # fmt: skip
