"""A network of populations as a whole: compiled to a spiking program, counted, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from lab import units
from lab.errors import LabError
from lab.graph.document import Census, Edge, Graph, Problem
from lab.spiking.cells import Population
from lab.spiking.projections import Drive, Noise, Projection
from lab.units import number as printed

if TYPE_CHECKING:
    from lab.spiking.network import Network


def network(graph: Graph) -> Network:
    """The `lab.spiking.network.Network` that the graph describes; refused with a sentence where it cannot run."""
    from lab.spiking.network import Input, Link, Network  # it loads the compiler, which a canvas that only draws does not need

    graph = graph.expand()
    cells = [n for n in graph.nodes if not isinstance(n.parameters, (Drive, Noise))]
    names = {n.id: n.title for n in graph.nodes}
    links, inputs = [], []
    for e in graph.edges:
        source = graph.node(e.source).parameters
        if isinstance(source, (Drive, Noise)):
            inputs.append(Input(names[e.target], source))
        else:
            assert isinstance(e.properties, Projection)
            links.append(Link(names[e.source], names[e.target], e.properties))
    return Network(tuple((n.title, n.parameters) for n in cells), tuple(links), tuple(inputs))  # type: ignore[misc]


def check(graph: Graph) -> Iterable[Problem]:
    """What the wiring alone does not show: sizes that do not fit, sources without effect, Dale's law."""
    if all(isinstance(n.parameters, (Drive, Noise)) for n in graph.nodes):
        yield Problem("There is no population: drag one from the palette.", tuple(n.id for n in graph.nodes))
        return
    try:
        network(graph)
    except LabError as error:
        yield Problem(str(error))
    for n in graph.nodes:
        out = graph.outgoing(n.id)
        if isinstance(n.parameters, (Drive, Noise)) and not out:
            yield Problem(f"{n.title} drives nothing: wire it to the drive of a population, or remove it.", (n.id,), fatal=False)
        signs = {e.properties.sign for e in out if isinstance(e.properties, Projection)}
        if len(signs) > 1:
            yield Problem(
                f"{n.title} both excites and inhibits, which neurons do not (Dale's law): split it into two populations.",
                (n.id,), tuple(e.id for e in out), fatal=False,
            )  # fmt: skip


def unit(graph: Graph, edge: Edge) -> str:
    """Unit of the weights of a projection or drive: that of its target's synapses."""
    target = graph.node(edge.target).parameters
    return "nS" if isinstance(target, Population) and target.by_conductance else "mV"


def words(graph: Graph, edge: Edge) -> str:
    """What the weight of a wire means."""
    target = graph.node(edge.target).title
    what = (
        "the conductance that one spike opens"
        if unit(graph, edge) == "nS"
        else "what one spike adds to the potential or to the synaptic current"
    )
    return f"Its weight is in {unit(graph, edge)}: {what} of {target}."


def label(graph: Graph, edge: Edge) -> str:
    """Rule, weight and delay of a projection."""
    value = edge.properties
    if not isinstance(value, Projection):
        source = graph.node(edge.source).parameters
        return f"J {source.weight:g} {unit(graph, edge)}" if isinstance(source, Drive) else ""
    rules = {
        "fixed probability": f"p {value.probability:g}", "fixed in-degree": f"{printed(value.in_degree)} each", "distance": f"p {value.probability:g} near",
        "one to one": "1 : 1", "all to all": "all", "matrix": "matrix",
    }  # fmt: skip
    delay = f" · {value.delay:g} ms" if value.delay else ""
    return f"{rules[value.rule]} · J {'-' if value.sign == 'inhibitory' else ''}{value.weight:g} {unit(graph, edge)}{delay}"


def handle(graph: Graph, edge: Edge) -> tuple[str, str] | None:
    """The weight of a projection; the weight of a drive is its own, the same for all its wires."""
    source = graph.node(edge.source).parameters
    if isinstance(edge.properties, Projection):
        return edge.id, "weight"
    return (edge.source, "weight") if isinstance(source, Drive) else (edge.source, "strength")


def joined(graph: Graph, source: str, target: str) -> dict[str, float]:
    """A wire to cells that nothing drives yet is strong enough to make them fire; one that joins driven cells only shapes what they do."""
    cells, whose = graph.node(target).parameters, graph.node(source).parameters
    if not (isinstance(cells, Population) and isinstance(whose, Population)) or source == target or not type(cells).kick:
        return {}
    driven = any(True for _ in graph.incoming(target))
    return {} if driven else {"weight": type(cells).kick}


def fitted(graph: Graph, edge: Edge) -> Graph:
    """A drive that is as it came from the palette takes the weight that makes cells of this kind fire."""
    source, cells = graph.node(edge.source), graph.node(edge.target).parameters
    if source.parameters != Drive() or not isinstance(cells, Population) or not type(cells).push or len(graph.outgoing(source.id)) > 1:
        return graph
    return graph.set(source.id, weight=type(cells).push)


def size(graph: Graph, edge: Edge) -> float:
    """Sign of a projection or drive; weights are in units of their targets, so their widths would not compare."""
    value = edge.properties if isinstance(edge.properties, Projection) else graph.node(edge.source).parameters
    return -1.0 if isinstance(value, (Projection, Drive)) and value.sign == "inhibitory" else 1.0


def census(graph: Graph) -> Census:
    """Neurons of all populations; random projections count with their mean."""
    net = network(graph)
    return Census(net.neurons, round(net.expected_synapses()), f"{len(net.populations)} populations, {len(net.links)} projections")


def wired(graph: Graph, most: int, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Every neuron's name and the synapses between them, drawn as a run draws them; of a large network a part of each population."""
    from lab.spiking import program

    net = network(graph)
    if net.neurons > most:
        net = net.scaled(most / net.neurons)
    wiring = net.build(0.1, seed).wiring
    found = []
    for row in wiring.proj:
        starts = wiring.starts[row[program.STARTS] : row[program.STARTS] + row[program.SOURCES] + 1]
        sources = np.repeat(np.arange(row[program.SOURCES]), np.diff(starts)) + wiring.pop[row[program.SOURCE], program.FIRST]
        targets = wiring.targets[row[program.TARGETS] : row[program.TARGETS] + starts[-1]] + wiring.pop[row[program.TARGET], program.FIRST]
        found.append(np.column_stack([sources, targets]).astype(np.int64))
    names = tuple(f"{name} {k + 1}" for name, p in net.populations for k in range(p.size))
    return names, np.concatenate(found) if found else np.empty((0, 2), np.int64)


def totals(graph: Graph) -> str:
    """Neurons, synapses, synapses per neuron and the memory they take."""
    try:
        net = network(graph)
        neurons, synapses, octets = net.neurons, net.expected_synapses(), net.memory()
    except LabError:
        return f"{units.counted(len(graph.nodes), 'nodes')} · {units.counted(len(graph.edges), 'wires')}"
    each = f" · {units.number(round(synapses / neurons))} per neuron" if neurons else ""
    return f"{units.counted(neurons, 'neurons')} · {_rounded(synapses)} synapses{each} · {units.number(octets / 1e6, 3)} MB"


def _rounded(count: float) -> str:
    for factor, letter in ((1e9, " G"), (1e6, " M")):
        if count >= factor:
            return f"{count / factor:.3g}{letter}"
    return units.number(round(count))
