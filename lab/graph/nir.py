"""Networks of leaky integrate-and-fire populations as NIR, the neuromorphic intermediate representation: HDF5 with agreed names.

NIR says a network in continuous time: tau dv/dt = v_leak - v + r I, where a spike is a pulse of area 1 in the input of what follows, and in
CubaLIF tau_syn dI/dt = -I + w_in S. A synapse that moves V by its weight at once is LIF with r = tau; one whose current jumps by its weight and
decays is CubaLIF with w_in = tau_syn: so weights are written as they are. A convolution between populations is read as the matrix that it is. Times are in seconds, potentials in mV. h5py reads and writes it, the
extra `hdf5`; of a stranger's file only arrays of numbers and short words are read, and no link is followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import door, hdf5
from lab.errors import FileError, LabError, ModelError
from lab.graph.document import Graph
from lab.graph.kinds.populations import network
from lab.spiking.cells import LIF, PoissonPopulation
from lab.spiking.network import Network

VERSION = "1.0.8"  # of the format
MOST_WEIGHTS = 4_000_000  # that are written: NIR's matrices are dense
MOST_READ = 250_000  # that are read into a document
MOST_NODES = 500
MOST_TAPS, MOST_PADDING = 128, 1000  # of a convolution, along each axis
MATRICES = ("Linear", "Affine", "Conv2d")
SECOND = 1000.0  # ms


def write(graph: Graph, path: str | Path, seed: int = 0, dt: float = 0.1) -> Path:
    """Write the network of a document, its random synapses drawn by `seed`; refused in a sentence where NIR has no words for it."""
    path, text = Path(path), hdf5.library("NIR").string_dtype("utf-8")
    if graph.family != "populations":
        raise ModelError(
            f"NIR holds networks of spiking cells, and this is a graph of {graph.kinds.title.lower()}: write it as .json or .graphml."
        )
    net = network(graph)
    nodes, edges = _nodes(net, seed, dt)
    with hdf5.new(path, "NIR") as file:
        file.create_dataset("version", data=VERSION, dtype=text)
        top = file.create_group("node")
        top.create_dataset("type", data="NIRGraph", dtype=text)
        top.create_dataset("edges", data=np.array(edges, dtype=object), dtype=text)
        inside = top.create_group("nodes")
        for name, (kind, arrays) in nodes.items():
            group = inside.create_group(name)
            group.create_dataset("type", data=kind, dtype=text)
            for key, value in arrays.items():
                group.create_dataset(key, data=value, compression="gzip" if value.size > 100 else None)
    return path


def _nodes(net: Network, seed: int, dt: float) -> tuple[dict[str, tuple[str, dict[str, np.ndarray]]], list[tuple[str, str]]]:
    if net.inputs:
        raise ModelError(
            "NIR has no random drive or noise: take it away, or put a Poisson population in its place, which becomes an input."
        )
    sizes = sum(net.population(k.source).size * net.population(k.target).size for k in net.links)
    if sizes > MOST_WEIGHTS:
        raise ModelError(
            f"NIR writes every weight of a matrix, here {sizes:,}, and at most {MOST_WEIGHTS:,} are written: make the network smaller."
        )
    built = net.build(dt, seed)
    nodes: dict[str, tuple[str, dict[str, np.ndarray]]] = {}
    edges: list[tuple[str, str]] = []
    names = {
        title: f"p{g}_{''.join(c if c.isascii() and c.isalnum() else '_' for c in title)[:40]}"
        for g, (title, _) in enumerate(net.populations)
    }
    for title, p in net.populations:
        nodes[names[title]] = _population(title, p)
    for q, link in enumerate(net.links):
        each = link.projection
        if each.plastic or each.delay_spread > 0:
            raise ModelError(f"{link.title}: NIR has neither plastic synapses nor spread delays: turn them off.")
        source, target = net.population(link.source), net.population(link.target)
        weights = np.zeros((target.size, source.size))
        for k in range(source.size):
            targets, relative, _ = built.row(q, k)
            np.add.at(weights[:, k], targets.astype(np.int64), each.weight * (1.0 if relative is None else relative.astype(float)))
        nodes[f"w{q}"] = ("Linear", {"weight": -weights if each.sign == "inhibitory" else weights})
        way = [names[link.source], f"w{q}", names[link.target]]
        if each.delay > 0:
            nodes[f"d{q}"] = ("Delay", {"delay": np.full(source.size, each.delay / SECOND)})
            way.insert(1, f"d{q}")
        edges += list(pairwise(way))
    ends = [t for t, _ in net.populations if not any(k.source == t for k in net.links)] or [t for t, p in net.populations if p.ports]
    for title in ends:
        nodes[f"out_{names[title]}"] = ("Output", {"shape": np.array([net.population(title).size])})
        edges.append((names[title], f"out_{names[title]}"))
    return nodes, edges


def _population(title: str, p: Any) -> tuple[str, dict[str, np.ndarray]]:
    if isinstance(p, PoissonPopulation):
        return "Input", {"shape": np.array([p.size])}
    if not isinstance(p, LIF):
        raise ModelError(f"{title}: of the kinds here NIR has the LIF population alone, and this is a {p.owner}.")
    if p.refractory > 0:
        raise ModelError(f"{title}: NIR has no refractory time: set refractory to 0.")
    common = {"v_leak": p.rest + p.bias, "v_threshold": p.threshold, "v_reset": p.reset}
    if p.synapses == "delta":
        own: dict[str, float] = {"tau": p.tau / SECOND, "r": p.tau / SECOND}
        kind = "LIF"
    elif p.synapses == "exponential" and p.tau_excitatory == p.tau_inhibitory:
        own = {"tau_mem": p.tau / SECOND, "tau_syn": p.tau_excitatory / SECOND, "w_in": p.tau_excitatory / SECOND, "r": 1.0}
        kind = "CubaLIF"
    else:
        raise ModelError(
            f"{title}: NIR's cells have one time constant of synapses: choose delta synapses, or exponential ones that decay alike."
        )
    return kind, {key: np.full(p.size, value) for key, value in (common | own).items()}


# -- reading --


def read(path: str | Path) -> Graph:
    """The network of a file as a document of populations; raises FileError naming what has no words here."""
    h5py, path = hdf5.library("NIR"), door.regular(path, what="an NIR file")
    where = f"'{path.name}'"
    try:
        with h5py.File(path, "r") as file:
            return _graph(_Reader(h5py, where), file, where)
    except OSError as problem:
        raise FileError(f"{where} is no HDF5 file that can be read ({str(problem)[:100]}).") from None
    except FileError:
        raise
    except LabError as problem:  # a value that no population may have
        raise FileError(f"{where}: {problem}") from None
    except (KeyError, ValueError, TypeError, RuntimeError, AttributeError, ArithmeticError) as problem:
        raise FileError(f"{where} is no NIR network ({str(problem)[:100]}).") from None


class _Reader:
    """What may be taken out of a stranger's HDF5: groups and small arrays that lie in the file itself."""

    def __init__(self, h5py: Any, where: str):
        self.h5py, self.where = h5py, where

    def child(self, group: Any, name: str) -> Any:
        """A group or an array of a group, which has to lie there itself."""
        link = group.get(name, getlink=True)
        if not isinstance(link, self.h5py.HardLink):
            raise FileError(f"{self.where}: '{name}' is missing, or leads elsewhere; no link of a file is followed.")
        return group[name]

    def array(self, group: Any, name: str, most: int = MOST_READ) -> np.ndarray:
        """Numbers."""
        data = self.child(group, name)
        if not isinstance(data, self.h5py.Dataset) or data.is_virtual or data.external or data.dtype.kind not in "fiu":
            raise FileError(f"{self.where}: '{name}' holds no numbers of this file.")
        if data.size > most:
            raise FileError(f"{self.where}: '{name}' holds {data.size:,} numbers, and at most {most:,} are read.")
        found = np.asarray(data[()], float)
        if not np.isfinite(found).all():
            raise FileError(f"{self.where}: '{name}' holds numbers that are not finite.")
        return found

    def word(self, group: Any, name: str) -> str:
        """A short word."""
        data = self.child(group, name)
        if not isinstance(data, self.h5py.Dataset) or data.shape != () or data.is_virtual or data.external:
            raise FileError(f"{self.where}: '{name}' is no word.")
        value = data[()]
        return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))[:100]

    def one(self, group: Any, name: str, cells: str) -> float:
        """A number that all cells of a population share."""
        found = self.array(group, name)
        if not found.size or np.ptp(found):
            raise FileError(f"{self.where}: the cells of '{cells}' differ in {name}, and cells of a population here are alike.")
        return float(found.flat[0])


def _graph(read: _Reader, file: Any, where: str) -> Graph:
    top = read.child(file, "node")
    if read.word(top, "type") != "NIRGraph":
        raise FileError(f"{where} holds a single node and no network.")
    inside, pairs = read.child(top, "nodes"), read.child(top, "edges")
    names = list(inside)
    if len(names) > MOST_NODES or pairs.size > 4 * MOST_NODES or pairs.is_virtual or pairs.external:
        raise FileError(f"{where} has {len(names):,} nodes and {pairs.size // 2:,} edges, and at most {MOST_NODES:,} nodes are read.")
    edges = [tuple(e.decode("utf-8", "replace") if isinstance(e, bytes) else str(e) for e in pair) for pair in pairs[()].reshape(-1, 2)]
    kinds = {name: read.word(read.child(inside, name), "type") for name in names}
    graph = Graph("populations")
    ids: dict[str, str] = {}
    gains: dict[str, float] = {}
    for name, kind in kinds.items():
        group = read.child(inside, name)
        x, y = 240.0 * (len(ids) % 4), 160.0 * (len(ids) // 4)
        title = name.partition("_")[2] if name[:1] == "p" and name[1:].partition("_")[0].isdigit() else name
        if kind in ("LIF", "CubaLIF"):
            values, gains[name] = _cells(read, group, kind, name)
            graph, ids[name] = graph.add_node("lif", x, y, title, **values)
        elif kind == "Input":
            size = int(np.prod(read.array(group, "shape", 8)))
            graph, ids[name] = graph.add_node("poisson", x, y, title, size=size)
        elif kind not in (*MATRICES, "Delay", "Flatten", "Output"):
            raise FileError(f"{where}: '{name[:60]}' is of the kind {kind}, for which there are no words here.")
    for name, kind in kinds.items():
        if kind in MATRICES:
            graph = _synapses(read, inside, name, kinds, edges, ids, gains, graph)
    if not gains:
        raise FileError(f"{where} holds no LIF and no CubaLIF, so there is no network of spiking cells in it.")
    return graph


def _cells(read: _Reader, group: Any, kind: str, name: str) -> tuple[dict[str, Any], float]:
    """Parameters of a population, and how far a weight of 1 moves V (or its current) at once."""
    v = {key: read.one(group, key, name) for key in ("r", "v_leak", "v_threshold")}
    v["v_reset"] = read.one(group, "v_reset", name) if "v_reset" in group else 0.0
    size = int(read.array(group, "v_threshold").size)
    values: dict[str, Any] = {"size": size, "rest": v["v_leak"], "threshold": v["v_threshold"], "reset": v["v_reset"], "refractory": 0.0}
    values |= {"start_low": v["v_reset"], "start_high": v["v_reset"], "record": min(size, 100)}
    if kind == "LIF":
        tau = read.one(group, "tau", name)
        return values | {"tau": tau * SECOND, "synapses": "delta"}, v["r"] / tau
    tau, decay, gain = (read.one(group, key, name) for key in ("tau_mem", "tau_syn", "w_in"))
    values |= {"tau": tau * SECOND, "synapses": "exponential", "tau_excitatory": decay * SECOND, "tau_inhibitory": decay * SECOND}
    return values, v["r"] * gain / decay


def _synapses(
    read: _Reader,
    inside: Any,
    name: str,
    kinds: Mapping[str, str],
    edges: list[Any],
    ids: Mapping[str, str],
    gains: Mapping[str, float],
    graph: Graph,
) -> Graph:
    """The projections of one matrix, between every population before it and every one behind it."""
    where, group = read.where, read.child(inside, name)
    if kinds[name] != "Linear" and read.array(group, "bias").any():
        raise FileError(f"{where}: '{name[:60]}' has a bias that is not 0, for which a projection has no words: put it into v_leak.")
    weights = _convolution(read, group, name) if kinds[name] == "Conv2d" else read.array(group, "weight")
    if weights.ndim != 2:
        raise FileError(f"{where}: '{name[:60]}' is no matrix of two axes.")
    for before in (a for a, b in edges if b == name):
        delay, source = 0.0, before
        for _ in range(MOST_NODES):  # a stranger's edges may lead round in a circle
            if kinds.get(source) == "Delay":
                delay += SECOND * read.one(read.child(inside, source), "delay", source)
            elif kinds.get(source) != "Flatten":  # neurons lie in the order of their arrays anyhow
                break
            source = next((a for a, b in edges if b == source), "")
        for target in _ends(name, kinds, edges):
            if source not in ids or target not in gains:
                raise FileError(f"{where}: '{name[:60]}' does not lead from spikes to LIF cells, which alone has words here.")
            strength = gains[target] * weights.T
            for sign, part in (("excitatory", np.maximum(strength, 0.0)), ("inhibitory", np.maximum(-strength, 0.0))):
                if part.any():
                    matrix = tuple(map(tuple, part.tolist()))
                    graph, _ = graph.connect(ids[source], ids[target], sign=sign, weight=1.0, rule="matrix", matrix=matrix, delay=delay)
    return graph


def _ends(name: str, kinds: Mapping[str, str], edges: list[Any]) -> list[str]:
    """Where the edges of a node lead, through what only flattens."""
    found, passed = [], [name]
    for node in passed:  # grows on the way
        for end in (b for a, b in edges if a == node):
            if kinds.get(end) != "Flatten":
                found.append(end)
            elif end not in passed:
                passed.append(end)
    return found


def _convolution(read: _Reader, group: Any, name: str) -> np.ndarray:
    """The matrix (targets, sources) of a convolution; neurons in the order (channel, row, column)."""
    where, owner = read.where, name[:60]
    kernel = read.array(group, "weight")
    if kernel.ndim != 4 or not kernel.size or max(kernel.shape[2:]) > MOST_TAPS:
        raise FileError(f"{where}: '{owner}' has no kernels (out, in, rows, columns) of at most {MOST_TAPS} x {MOST_TAPS}.")
    taps = np.array(kernel.shape[2:])

    def pair(key: str, least: int, most: int) -> np.ndarray:
        found = read.array(group, key, 2).ravel()
        if found.size not in (1, 2) or (found != np.round(found)).any() or found.min() < least or found.max() > most:
            raise FileError(f"{where}: {key} of '{owner}' is not one or two whole numbers from {least} to {most:,}.")
        return np.broadcast_to(found, 2).astype(int)

    if "input_shape" not in group:
        raise FileError(f"{where}: '{owner}' does not say its input_shape: write the rows and columns of its input with it.")
    shape, stride, dilation = pair("input_shape", 1, MOST_READ), pair("stride", 1, MOST_READ), pair("dilation", 1, MOST_READ)
    reach = dilation * (taps - 1)
    words = read.child(group, "padding").dtype.kind not in "fiu"
    if not words:
        before = after = pair("padding", 0, MOST_PADDING)
    elif (word := read.word(group, "padding")) == "same" and (stride == 1).all() and reach.max() <= MOST_PADDING:
        before, after = reach // 2, reach - reach // 2
    elif word == "valid":
        before = after = np.zeros(2, int)
    else:
        raise FileError(f"{where}: padding '{word[:20]}' of '{owner}' is none of a stride of {stride.tolist()}.")
    groups = int(pair("groups", 1, len(kernel))[0])
    size = (shape + before + after - reach - 1) // stride + 1
    outputs, each = kernel.shape[:2]
    entries = outputs * max(int(size[0]), 0) * max(int(size[1]), 0) * each * groups * int(shape[0]) * int(shape[1])
    if outputs % groups or not 0 < entries <= MOST_READ:
        raise FileError(f"{where}: '{owner}' is a convolution of {entries:,} weights in {groups} groups, and 1 to {MOST_READ:,} are read.")
    matrix = np.zeros((outputs, *size, each * groups, *shape))
    seen = [np.arange(size[k])[:, None] * stride[k] - before[k] + np.arange(taps[k]) * dilation[k] for k in (0, 1)]
    rows, columns = (np.nonzero((at >= 0) & (at < shape[k])) for k, at in enumerate(seen))
    for o in range(outputs):
        first = o // (outputs // groups) * each
        for y, a in zip(*rows, strict=True):
            x, b = columns
            matrix[o, y, x, first : first + each, seen[0][y, a], seen[1][x, b]] = kernel[o][:, a, b].T
    return matrix.reshape(outputs * int(size.prod()), -1)
