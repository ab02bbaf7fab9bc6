"""A network of integrate-and-fire populations in words that other simulators have: every synapse, and where each cell stands."""

from __future__ import annotations

import numpy as np

from lab.errors import ModelError
from lab.model import PopulationTerms, State
from lab.spiking import program
from lab.spiking.cells import LIF, ConductanceLIF
from lab.spiking.network import Built, Network

MOST = 2_000_000  # synapses


def terms(net: Network, built: Built, state: State, excitation: float = 1.0, inhibition: float = 1.0) -> PopulationTerms:
    """The network from this state on; raises ModelError saying what of it has no such words."""
    if net.inputs:
        raise ModelError("A drive or a noise of the network draws other random numbers elsewhere: tell a network that keeps itself going.")
    if built.synapses > MOST:
        raise ModelError(f"The network has {built.synapses:,} synapses, and at most {MOST:,} are told: make it smaller.")
    populations, projections, arrays = [], [], {}
    for g, (title, p) in enumerate(net.populations):
        if not isinstance(p, (LIF, ConductanceLIF)) or p.values().get("synapses", "exponential") != "exponential" or p.bias:
            raise ModelError(
                f"{title}: only leaky integrate-and-fire cells with exponential synapses and no bias are told to other programs."
            )
        populations.append({"name": title, **p.values(), "kind": type(p).__name__})
        first = int(built.wiring.pop[g, program.FIRST])
        for letter, row in (("v", "V"), ("e", "excitatory"), ("h", "inhibitory")):
            arrays[f"{letter}{g}"] = state["x"][p.row_names.index(row), first : first + p.size].copy()
    for q, link in enumerate(net.links):
        each = link.projection
        if each.plastic or each.varied or each.delay_spread > 0:
            raise ModelError(f"{link.title}: only projections whose synapses are all alike are told to other programs.")
        factor = inhibition if each.sign == "inhibitory" else excitation
        projections.append(
            {
                "source": net.index(link.source),
                "target": net.index(link.target),
                "sign": each.sign,
                "weight": factor * each.weight,
                "delay": each.delay,
            }
        )
        sources = net.population(link.source).size
        targets = [built.row(q, source)[0] for source in range(sources)]
        arrays[f"i{q}"] = np.repeat(np.arange(sources), [len(t) for t in targets]).astype(np.int32)
        arrays[f"j{q}"] = (np.concatenate(targets) if targets else np.empty(0)).astype(np.int32)
    return PopulationTerms(built.dt, tuple(populations), tuple(projections), arrays, built.recorded)
