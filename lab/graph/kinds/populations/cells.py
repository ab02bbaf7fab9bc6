"""The kinds of populations that come with the lab."""

from __future__ import annotations

from lab.graph.kinds.populations.population import population
from lab.spiking.cells import LIF, AdEx, ConductanceLIF, HodgkinHuxley, Izhikevich, PoissonPopulation

KINDS = (
    population("lif", "LIF population", LIF, "Leaky integrate-and-fire, current synapses", "mdi6.chart-bell-curve", "L", short="LIF", place=10),
    population(
        "conductance-lif", "Conductance LIF", ConductanceLIF, "Leaky integrate-and-fire, conductance synapses", "mdi6.resistor", "G",
        short="LIF, conductances", place=11,
    ),
    population("izhikevich", "Izhikevich population", Izhikevich, "Izhikevich's two equations", "mdi6.sine-wave", "Z", short="Izhikevich", place=12),
    population("adex", "AdEx population", AdEx, "Adaptive exponential integrate-and-fire", "mdi6.chart-line-variant", "A", short="AdEx", place=13),
    population("hodgkin-huxley", "Hodgkin-Huxley population", HodgkinHuxley, "Sodium, potassium, leak", "mdi6.lightning-bolt", "H", short="HH", place=14),
    population(
        "poisson", "Poisson population", PoissonPopulation, "Independent random spike trains", "mdi6.dots-horizontal", "P", short="Poisson", place=15,
    ),
)  # fmt: skip
