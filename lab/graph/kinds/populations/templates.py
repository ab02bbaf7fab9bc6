"""Spiking networks to begin with."""

from __future__ import annotations

from typing import Any

from lab.graph.document import Graph, Template


def _balanced(excitatory: tuple[str, dict], inhibitory: tuple[str, dict], weights: tuple[float, float], **rule: Any) -> Graph:
    """E and I populations, each joined to both."""
    graph = Graph("populations")
    graph, e = graph.add_node(excitatory[0], 0, 0, "E", **excitatory[1])
    graph, i = graph.add_node(inhibitory[0], 420, 0, "I", **inhibitory[1])
    for source, sign, weight in ((e, "excitatory", weights[0]), (i, "inhibitory", weights[1])):
        for target in (e, i):
            graph, _ = graph.connect(source, target, sign=sign, weight=weight, **rule)
    return graph


def vogels_abbott(kind: str = "current") -> Graph:
    """The self-sustained balanced network of Vogels and Abbott (2005) as the benchmark of Brette et al. (2007): 4000 cells, p = 0.02."""
    rule = dict(probability=0.02, delay=0.0)
    if kind == "current":
        cell = dict(tau=20.0, rest=-49.0, threshold=-50.0, reset=-60.0, refractory=5.0, start_low=-60.0, start_high=-50.0)
        return _balanced(("lif", cell | dict(size=3200)), ("lif", cell | dict(size=800)), (1.62, 9.0), **rule)
    name = "conductance-lif" if kind == "conductance" else "hodgkin-huxley"
    graph = _balanced((name, dict(size=3200)), (name, dict(size=800)), (6.0, 67.0), **rule)
    # Begun all at once, the cells fire together and then never again: the activity is kindled by 50 ms of random input.
    graph, spark = graph.add_node("drive", -340, 0, "Kindling", rate=3.0, sources=100, weight=6.0, until=50.0)
    for n in graph.nodes[:2]:
        graph, _ = graph.connect(spark, n.id, input="drive")
    return graph


def brunel(size: int = 12_500) -> Graph:
    """Brunel's sparse network (2000): J = 0.1 mV and an inhibitory weight equal to it, so that the factor g is set while it runs."""
    cell = dict(tau=20.0, rest=0.0, threshold=20.0, reset=10.0, refractory=2.0, synapses="delta", start_low=0.0, start_high=10.0)
    part = size // 5
    graph = Graph("populations")
    graph, e = graph.add_node("lif", 340, 0, "E", size=4 * part, **cell)
    graph, i = graph.add_node("lif", 760, 0, "I", size=part, **cell)
    graph, outside = graph.add_node("drive", 0, 0, "Outside", rate=10.0, sources=4 * part // 10, weight=0.1)
    for source, sign, degree in ((e, "excitatory", 4 * part // 10), (i, "inhibitory", part // 10)):
        for target in (e, i):
            graph, _ = graph.connect(source, target, sign=sign, weight=0.1, rule="fixed in-degree", in_degree=degree, delay=1.5)
    for target in (e, i):
        graph, _ = graph.connect(outside, target, input="drive")
    return graph


def winner_take_all() -> Graph:
    """Two groups that excite themselves and inhibit each other through shared inhibitory cells: one of them wins."""
    cell = dict(tau=20.0, rest=0.0, threshold=20.0, reset=10.0, refractory=2.0, tau_excitatory=5.0, tau_inhibitory=5.0)
    graph = Graph("populations")
    graph, a = graph.add_node("lif", 300, -140, "A", size=200, **(cell | dict(tau_excitatory=50.0)))
    graph, b = graph.add_node("lif", 300, 140, "B", size=200, **(cell | dict(tau_excitatory=50.0)))
    graph, i = graph.add_node("lif", 600, 0, "I", size=100, **cell)
    for n, to in (("Drive A", a), ("Drive B", b)):
        graph, d = graph.add_node("drive", 0, graph.node(to).y, n, rate=10.0, sources=100, weight=0.44)
        graph, _ = graph.connect(d, to, input="drive")
        graph, _ = graph.connect(to, to, weight=0.12, rule="fixed probability", probability=0.5, delay=1.0)
        graph, _ = graph.connect(to, i, weight=2.0, rule="fixed probability", probability=0.2, delay=1.0)
        graph, _ = graph.connect(i, to, sign="inhibitory", weight=2.6, rule="fixed probability", probability=0.5, delay=1.0)
    return graph


def ring_attractor() -> Graph:
    """Cells on a ring excite their neighbours and inhibit all: a bump of activity stays where it was put."""
    cell = dict(tau=20.0, rest=0.0, threshold=20.0, reset=10.0, refractory=2.0)
    graph = Graph("populations")
    graph, e = graph.add_node("lif", 300, 0, "Ring", size=512, record=256, **(cell | dict(tau_excitatory=80.0)))
    graph, i = graph.add_node("lif", 600, 0, "I", size=128, **(cell | dict(tau_inhibitory=5.0)))
    graph, d = graph.add_node("drive", 0, 0, "Outside", rate=10.0, sources=100, weight=0.18)
    graph, _ = graph.connect(d, e, input="drive")
    graph, _ = graph.connect(e, e, weight=0.16, rule="all to all", profile=True, width=0.08, delay=1.0)
    graph, _ = graph.connect(e, i, weight=0.25, rule="all to all", delay=1.0)
    graph, _ = graph.connect(i, e, sign="inhibitory", weight=4.0, rule="all to all", delay=1.0)
    return graph


def competition() -> Graph:
    """A few inputs of one rate compete for each cell: spike-timing-dependent plasticity makes some synapses strong and the rest weak (Song, Miller and Abbott 2000)."""
    cell = dict(tau=20.0, rest=0.0, threshold=20.0, reset=10.0, refractory=2.0, tau_excitatory=5.0)
    graph = Graph("populations")
    graph, inputs = graph.add_node("poisson", 0, 0, "Inputs", size=40, rate=20.0, record=40)
    graph, cells = graph.add_node("lif", 420, 0, "Cells", size=250, record=40, **cell)
    return graph.connect(
        inputs,
        cells,
        weight=5.0,
        rule="all to all",
        delay=1.0,
        weight_spread=0.3,
        plastic=True,
        potentiation=0.15,
        depression=0.19,
        largest=2.0,
    )[0]


_PLAIN = {"inhibition": 1.0, "excitation": 1.0, "drive": 1.0, "scale": 1.0}  # factors of the model that leave a network as it is drawn
TEMPLATES = {
    "Vogels-Abbott, current synapses": Template(vogels_abbott, "Four thousand cells, four fifths of them excitatory, each reading about 80 others. Nothing drives "
        "them: the network keeps itself firing at about 5 Hz, irregularly, because strong inhibition balances excitation.", _PLAIN),
    "Vogels-Abbott, conductance synapses": Template(lambda: vogels_abbott("conductance"), "The same network with conductances. It is kindled by 50 ms of random "
        "input and then keeps itself going at about 19 Hz; in some runs it dies out by chance.", _PLAIN),
    "Vogels-Abbott, Hodgkin-Huxley cells": Template(lambda: vogels_abbott("Hodgkin-Huxley"), "The same wiring with cells that have sodium and potassium channels. "
        "It fires at about 37 Hz and costs the most to compute.", _PLAIN),
    "Brunel": Template(brunel, "Brunel's sparse network: inhibition g times as strong as excitation, and outside drive. Move 'inhibition' and 'drive': below g = 4 all "
        "cells fire near their limit; above it they fire irregularly, and with strong drive the whole network oscillates.", _PLAIN | {"inhibition": 5.0, "drive": 2.0}),
    "Winner-take-all": Template(winner_take_all, "A and B excite themselves and inhibit each other through I. Chance makes one of them a little stronger, "
        "and it silences the other. Drag over rows of the raster of the loser to help it to win.", _PLAIN),
    "Ring attractor": Template(ring_attractor, "Cells on a ring excite their neighbours and, through I, inhibit all. It is silent until you drag over rows of the "
        "raster: then a bump of activity stays there, a memory of a direction, until you put it elsewhere.", _PLAIN),
    "Plastic synapses (STDP)": Template(competition, "Forty inputs fire at 20 Hz, each cell reads all of them. A synapse that fires just before its cell grows, one that comes too late "
        "shrinks: within five seconds of model time the weights part into strong and weak. Watch 'Plastic weights'.", _PLAIN),
}  # fmt: skip
