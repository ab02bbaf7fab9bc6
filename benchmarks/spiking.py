"""Spiking networks against Brian2 (C++ standalone) and NEST, one thread each, taking turns; medians and ratios.

    python benchmarks/spiking.py [--rounds N] [--only current conductance brunel build size live] [--peers brian2 nest]

Both peers get our connectivity and initial state where they can take it (Brunel's 15.6 million synapses NEST draws for
itself, by the same rule). Times are processor time of the loop over steps alone, so that a busy machine does not change
the ratios much.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from spiking_peers import interpreter, run_peer

from lab.graph_kinds.populations import brunel, network, vogels_abbott
from lab.model import Events
from lab.spiking.cells import LIF
from lab.spiking.network import Link, Network, Scales
from lab.spiking.projections import Projection

DT = 0.1
REPEATS = 3  # runs of ours and of Brian2's program in each round


def ours(net: Network, duration: float, seed: int, scales: Scales | None = None) -> tuple[float, float, float]:
    """Seconds of the loop, seconds to build, and mean rate (Hz), with every cell recorded as the peers do."""
    begin = time.perf_counter()
    built = net.build(DT, seed)
    building = time.perf_counter() - begin
    state = net.start(built, seed)
    begin = time.process_time()
    done, steps = 0, round(duration / DT)
    while done < steps:
        done += net.advance(built, state, steps - done, scales, events=Events(1 << 20))
    return time.process_time() - begin, building, state["spikes"].mean() / duration * 1000


def recorded(net: Network, delay: float | None = None) -> Network:
    """The same network with every cell recorded and, if given, another delay."""
    links = net.links if delay is None else tuple(Link(k.source, k.target, k.projection.replace(delay=delay)) for k in net.links)
    return Network(tuple((name, p.replace(record=min(p.size, 5000))) for name, p in net.populations), links, net.inputs)


def against(title: str, net: Network, duration: float, rounds: int, peers: dict[str, tuple], scales: Scales | None = None, **how) -> None:
    """Print medians of our loop and the peers', taking turns."""
    ours(net, 10.0, 0, scales)
    times: dict[str, list[float]] = {"ours": []} | {peer: [] for peer in peers if interpreter(peer)}
    rates: dict[str, float] = {}
    for seed in range(1, rounds + 1):
        for _ in range(REPEATS):
            seconds, _, rates["ours"] = ours(net, duration, seed, scales)
            times["ours"].append(seconds)
        built = net.build(DT, seed)
        state = net.start(built, seed)
        for peer in list(times)[1:]:
            with tempfile.TemporaryDirectory() as folder:
                steps, _, seconds = run_peer(peer, net, built, state, duration, folder, *peers[peer], **how)
            times[peer] += seconds
            rates[peer] = len(steps) / net.neurons / duration * 1000
    mine = statistics.median(times["ours"])
    print(f"{title}, {duration / 1000:g} s of model time, {rounds} rounds")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"  {name:8} {middle:8.3f} s   {middle / mine:6.2f} times ours   {rates[name]:6.2f} Hz   ({min(found):.3f} to {max(found):.3f})", flush=True)
    for peer in peers:
        if not interpreter(peer):
            print(f"  {peer:8} not installed in .peers/{peer}")


def building(rounds: int) -> None:
    """Time to build per synapse, for each rule."""
    print("Building, microseconds per synapse")
    cell = LIF(size=5000)
    rules = {
        "fixed probability 0.02": dict(probability=0.02),
        "fixed probability 0.1": dict(probability=0.1),
        "fixed in-degree 1000": dict(rule="fixed in-degree", in_degree=1000),
        "all to all": dict(rule="all to all"),
        "distance, width 0.05": dict(rule="distance", probability=0.5, width=0.05),
        "0.1 with spread weights and delays": dict(probability=0.1, weight_spread=0.2, delay_spread=1.0),
    }
    for title, rule in rules.items():
        net = Network((("E", cell),), (Link("E", "E", Projection(**rule)),))
        found = []
        for seed in range(rounds + 1):
            begin = time.process_time()
            built = net.build(DT, seed)
            found.append((time.process_time() - begin) / built.synapses * 1e6)
        print(f"  {title:36} {statistics.median(found[1:]):6.4f}   ({built.synapses:,} synapses)", flush=True)


def sizes(rounds: int) -> None:
    """Cost of a synaptic event against the number of neurons, at the same number of synapses (80) per neuron and rate."""
    print("Cost per synaptic event (whole loop over events delivered), Vogels-Abbott with 80 synapses per cell")
    costs = []
    for size in (1000, 2000, 5000, 10_000, 20_000, 50_000):
        base = network(vogels_abbott())
        populations = tuple((name, p.replace(size=p.size * size // 4000, record=100)) for name, p in base.populations)
        links = tuple(Link(k.source, k.target, k.projection.replace(rule="fixed in-degree", in_degree=64 if k.source == "E" else 16)) for k in base.links)
        net = Network(populations, links)
        found = []
        duration = 500.0
        for seed in range(rounds + 1):
            built = net.build(DT, seed)
            state = net.start(built, seed)
            begin = time.process_time()
            net.advance(built, state, round(duration / DT))
            found.append((time.process_time() - begin) / state["delivered"][0] * 1e9)
        costs.append(statistics.median(found[1:]))
        print(f"  {size:7,} neurons  {costs[-1]:7.1f} ns per event   {state['spikes'].mean() / duration * 1000:5.2f} Hz", flush=True)
    print(f"  largest over smallest: {max(costs) / min(costs):.2f}")


def live(rounds: int) -> None:
    """How much faster than real time the model of the catalogue runs through the engine in blocks, with its raster and rates."""
    from lab import catalog
    from lab.engine import Simulation, simulate

    model = catalog.load("spiking-network")()
    found = []
    for seed in range(rounds + 1):
        simulation = Simulation(model, seed)
        begin = time.perf_counter()
        for _ in simulate(simulation, 10_000, record={"spikes": 1, "rates": 10}, wanted=("membrane", "prediction"), block_seconds=0.008):
            pass
        found.append(1.0 / (time.perf_counter() - begin))
    print(f"4000 cells through the engine with raster, rates and membranes: {statistics.median(found[1:]):.1f} times real time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["current", "conductance", "brunel", "build", "size", "live"])
    parser.add_argument("--peers", nargs="*", default=["brian2", "nest"])
    given = parser.parse_args()
    known = {"brian2": ("cpp", str(REPEATS)), "nest": ()}
    both = {peer: known[peer] for peer in given.peers}
    if "current" in given.only:
        against("Vogels-Abbott, current synapses, 4000 cells", recorded(network(vogels_abbott()), DT), 2000.0, given.rounds, both)
    if "conductance" in given.only:
        net = recorded(network(vogels_abbott("conductance")), DT)
        against("Vogels-Abbott, conductance synapses, 4000 cells", net, 1000.0, given.rounds, both)
    if "brunel" in given.only:
        net, scales = recorded(network(brunel())), Scales(inhibition=5.0, drive=2.0)
        against("Brunel, 12,500 cells, g 5, eta 2", net, 200.0, given.rounds, {"nest": ()}, scales, connectivity=False, drive=2.0, inhibition=5.0)
    if "build" in given.only:
        building(given.rounds)
    if "size" in given.only:
        sizes(given.rounds)
    if "live" in given.only:
        live(given.rounds)
    print(f"NumPy {np.__version__}, step {DT} ms; spikes of all cells recorded in every program.")


if __name__ == "__main__":
    main()
