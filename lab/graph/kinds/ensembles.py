"""Values, ensembles of neurons that hold them, outputs; a wire carries a function of what its source holds, and a synapse."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lab.errors import LabError
from lab.graph.document import Census, Edge, Family, Graph, Kind, Node, Port, Problem, Template, register
from lab.spiking.coding.parts import Decoded, Ensemble, Feed, Output, Value, components
from lab.spiking.coding.wiring import Link, Net, Part
from lab.units import number

_IN = Port("in")
_ENDS, _CELLS = "Values", "Neurons"
KINDS = (
    Kind("value", "Value", Value, (), (Port("out", carries=Feed),), "A number, a wave, a curve drawn by hand or a recording", "mdi6.tune-variant", _ENDS, "V"),
    Kind("output", "Output", Output, (_IN,), (), "What is decoded, as a curve over time", "mdi6.chart-line", _ENDS, "Y"),
    Kind("ensemble", "Ensemble", Ensemble, (_IN,), (Port("out", carries=Decoded),), "Neurons that hold a value together", "mdi6.account-group-outline", _CELLS, "N", True),
)  # fmt: skip


def network(graph: Graph) -> Net:
    """The network that the graph describes, as a value."""
    parts = tuple(Part(n.id, n.title, n.parameters) for n in graph.nodes if isinstance(n.parameters, (Value, Ensemble, Output)))
    links = tuple(Link(e.id, e.source, e.target, e.properties) for e in graph.edges)  # type: ignore[arg-type]
    return Net(parts, links)


def check(graph: Graph) -> Iterable[Problem]:
    """Functions and dimensions that do not fit, files that are not chosen; nodes without effect."""
    net = network(graph)
    broken = False
    for problem in net.problems():
        broken = True
        edges = any(e.id == problem.id for e in graph.edges)
        yield Problem(str(problem), () if edges else (problem.id,), (problem.id,) if edges else ())
    for n in graph.nodes:
        value = n.parameters
        if isinstance(value, Value) and value.signal == "file" and not value.file:
            yield Problem(f"{n.title} is to be read from a file: choose one, or another signal.", (n.id,))
        # Before the first wire everything is still to be joined, and need not be told.
        if isinstance(value, (Ensemble, Output)) and graph.edges and not graph.incoming(n.id):
            yield Problem(f"Nothing leads to {n.title}: drag from the port of a value or an ensemble to it.", (n.id,), fatal=False)
    for id, missing in {} if broken else net.unfilled().items():
        yield Problem(
            f"No wire reaches {' and '.join(missing)} of {graph.node(id).title}: wire another value to it, or give it fewer dimensions.",
            (id,),
            fatal=False,
        )


def joined(graph: Graph, source: str, target: str) -> Mapping[str, Any]:
    """A wire to an output smooths spikes more than one between neurons."""
    kinds = graph.node(source).kind, graph.node(target).kind
    return {"synapse": 20.0} if kinds == ("ensemble", "output") else {}


# -- how the canvas writes it --

LONGEST = 28  # letters of a function on a wire
_SHORT = {"LIF": "LIF", "LIF, as rates": "LIF rates", "sigmoid": "sigmoid"}


def caption(graph: Graph, node: Node) -> str:
    """What a node is, in a few letters."""
    value = node.parameters
    if isinstance(value, Ensemble):
        return f"{number(value.neurons)} {_SHORT[value.neurons_are]}" + (f" · {value.dimensions}-D" if value.dimensions > 1 else "")
    if isinstance(value, Value):
        return {"constant": f"{value.value:g}", "sine": f"{value.amplitude:g} sin · {value.frequency:g} Hz", "pulse": f"{value.amplitude:g} from {value.begin:g} to {value.end:g} s",
                "drawn": "drawn by hand", "file": value.file.replace("\\", "/").rpartition("/")[2] or "no file yet"}[value.signal]  # fmt: skip
    return ""  # the curve of what is decoded takes its place


def label(graph: Graph, edge: Edge) -> str:
    """The function, where it arrives, and the synapse."""
    carries = edge.properties
    assert isinstance(carries, Feed)
    source, target = graph.node(edge.source).parameters, graph.node(edge.target).parameters
    has = source.dimensions if isinstance(source, Ensemble) else 1
    said = carries.function.strip() or ", ".join(components(has) if has > 1 else ("x",))
    said = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
    room = target.dimensions if isinstance(target, Ensemble) else 1
    try:
        led = next(w for w in network(graph).led if w.link.id == edge.id)
        into = f" → {', '.join(components(room)[led.into : led.into + led.size])}" if room > 1 and led.size < room else ""
    except LabError:
        into = ""
    return f"{said}{into} · {carries.synapse:g} ms"


def words(graph: Graph, edge: Edge) -> str:
    """What a wire does."""
    source, target = graph.node(edge.source), graph.node(edge.target)
    has = source.parameters.dimensions if isinstance(source.parameters, Ensemble) else 1
    called = "x" if has == 1 else f"{', '.join(components(has)[:-1])} and {components(has)[-1]}"
    if isinstance(source.parameters, Value):
        return f"It carries a function of {source.title}, which is called {called}, to {target.title}."
    return f"Its decoders find a function of what {source.title} holds, called {called}, and {target.title} is given the sum."


def census(graph: Graph) -> Census:
    """Neurons of all ensembles; a wire between two joins each neuron to each, by decoders and encoders."""
    sizes = {n.id: n.parameters.neurons for n in graph.nodes if isinstance(n.parameters, Ensemble)}
    pairs = [(sizes[e.source], sizes[e.target]) for e in graph.edges if e.source in sizes and e.target in sizes]
    return Census(
        sum(sizes.values()),
        sum(n * m for n, m in pairs),
        f"{len(sizes)} ensembles; a wire joins each neuron to each, with weights that are decoders times encoders",
    )


def wired(graph: Graph, most: int, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Every neuron's name and the synapses between them; of a large network a part of each ensemble."""
    nodes = [n for n in graph.nodes if isinstance(n.parameters, Ensemble)]
    total = sum(n.parameters.neurons for n in nodes)  # type: ignore[attr-defined]
    share = min(1.0, most / total) if total else 1.0
    names: list[str] = []
    place: dict[str, range] = {}
    for n in nodes:
        many = max(1, math.floor(share * n.parameters.neurons))  # type: ignore[attr-defined]
        place[n.id] = range(len(names), len(names) + many)
        names += [f"{n.title} {k + 1}" for k in range(many)]
    pairs = [
        np.stack(np.meshgrid(place[e.source], place[e.target]), -1).reshape(-1, 2)
        for e in graph.edges
        if e.source in place and e.target in place
    ]
    found = np.unique(np.concatenate(pairs), axis=0).astype(np.int64) if pairs else np.empty((0, 2), np.int64)
    return tuple(names[:most]), found[(found < most).all(axis=1)]  # of more ensembles than neurons that are asked for, the first


def totals(graph: Graph) -> str:
    """Ensembles, neurons, and what a step multiplies beside the full matrices."""
    sizes = {n.id: n.parameters for n in graph.nodes if isinstance(n.parameters, Ensemble)}
    neurons, count = sum(p.neurons for p in sizes.values()), len(sizes)
    count_said = f"{count} ensemble{'s' * (count != 1)} · {number(neurons)} neuron{'s' * (neurons != 1)}"
    full = census(graph).synapses
    try:
        net = network(graph)
        factors = sum(
            led.size * (sizes[led.link.source].neurons + sizes[led.link.target].neurons)
            for led in net.led
            if led.link.source in sizes and led.link.target in sizes
        )
    except LabError:
        return count_said
    return f"{count_said} · {number(full)} synapses, computed with {number(factors)} factors" if full else count_said


# -- templates --


def _built(nodes: Iterable[tuple[str, str, float, float, dict]], wires: Iterable[tuple[str, str, dict]]) -> Graph:
    graph = Graph("ensembles")
    for kind, title, x, y, values in nodes:
        graph, _ = graph.add_node(kind, x, y, title, **values)
    for source, target, values in wires:
        graph, _ = graph.connect(graph.named(source).id, graph.named(target).id, **values)
    return graph


def channel() -> Graph:
    """A wave held by one ensemble and read out: the smallest network."""
    return _built(
        (("value", "Value", 0, 0, dict(signal="sine")), ("ensemble", "A", 320, 0, dict(neurons=100)), ("output", "Output", 640, 0, {})),
        (("Value", "A", {}), ("A", "Output", dict(synapse=20.0))),
    )


def product() -> Graph:
    """Two values in one ensemble of two dimensions, and their product on the wire that leaves it."""
    return _built(
        (
            ("value", "x", 0, -100, dict(signal="sine", frequency=0.4)), ("value", "y", 0, 100, dict(signal="sine", frequency=0.25, phase=0.25)),
            ("ensemble", "Both", 340, 0, dict(neurons=200, dimensions=2, encoders="along the diagonals")), ("output", "Product", 680, 0, {}),
        ),
        (("x", "Both", {}), ("y", "Both", {}), ("Both", "Product", dict(function="x y", synapse=20.0))),
    )  # fmt: skip


def chain() -> Graph:
    """A value that is squared on the way from one ensemble to the next."""
    return _built(
        (
            ("value", "Value", 0, 0, dict(signal="sine", frequency=0.4)),
            ("ensemble", "A", 300, 0, dict(neurons=100)),
            ("ensemble", "B", 620, 0, dict(neurons=100)),
            ("output", "Square", 940, 0, {}),
        ),
        (("Value", "A", {}), ("A", "B", dict(function="x^2")), ("B", "Square", dict(synapse=20.0))),
    )


def integrator() -> Graph:
    """An ensemble wired to itself remembers: it is pushed for half a second and holds where it came."""
    return _built(
        (
            ("value", "Push", 0, 0, dict(signal="pulse", amplitude=1.0)),
            ("ensemble", "Memory", 340, 0, dict(neurons=200)),
            ("output", "Held", 680, 0, {}),
        ),
        (
            ("Push", "Memory", dict(function="0.1 x", synapse=5.0)),
            ("Memory", "Memory", dict(synapse=100.0)),
            ("Memory", "Held", dict(synapse=20.0)),
        ),
    )


def oscillator() -> Graph:
    """Two dimensions that turn about each other, once a second; a short push begins it."""
    turn = "x + 0.1 (2 x (0.64 - x^2 - y^2) - 6.283 y), y + 0.1 (2 y (0.64 - x^2 - y^2) + 6.283 x)"
    return _built(
        (("value", "Push", 0, 0, dict(signal="pulse", amplitude=1.0, begin=0.0, end=0.2)), ("ensemble", "Swing", 340, 0, dict(neurons=300, dimensions=2)),
         ("output", "Out", 760, 0, {})),
        (("Push", "Swing", dict(into=1)), ("Swing", "Swing", dict(function=turn, synapse=100.0)), ("Swing", "Out", dict(synapse=20.0))),
    )  # fmt: skip


TEMPLATES = {
    "A value held by neurons": Template(channel, "A hundred neurons hold one value: each fires at its own rate, and the sum of their spikes, weighted by decoders, is the value. "
                                        "Select the ensemble and give it fewer neurons, or draw a signal of your own in 'Value'."),
    "Product of two values": Template(product, "One ensemble holds both values; the wire that leaves it carries x y. No neuron multiplies: decoders of the product "
                                      "are found for the same spikes. Type another function on that wire, such as x^2 or sin(3 x)."),
    "A function on the way": Template(chain, "B is given the square of what A holds. Type any function of x on the wire between them."),
    "Integrator": Template(integrator, "The wire from Memory to itself brings back what is held, so that it stays when the push is over; the push is multiplied by the synapse's "
                           "0.1 s. Take fewer neurons, and it drifts."),
    "Oscillator": Template(oscillator, "The wire back carries x + 0.1 dx/dt with the slopes of a circle: a synapse of 0.1 s makes of it one turn a second. "
                           "Change 6.283 on the wire and it turns faster."),
}  # fmt: skip

register(
    Family(
        "ensembles",
        "Ensembles",
        KINDS,
        cycles=True,
        parallel=True,
        check=check,
        templates=TEMPLATES,
        caption=caption,
        label=label,
        words=words,
        totals=totals,
        census=census,
        wired=wired,
        joined=joined,
        handle=lambda graph, edge: (edge.id, "function"),
    )
)
