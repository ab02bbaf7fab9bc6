"""Spiking networks against Brian2 (C++ standalone) and NEST, one thread each, taking turns; medians and ratios.

    python benchmarks/spiking.py [--rounds N] [--only current conductance brunel build size large live] [--peers brian2 nest] [--plot FILE.svg]

Both peers get our connectivity and initial state where they can take it (Brunel's 15.6 million synapses NEST draws for
itself, by the same rule). Times are processor time of the loop over steps alone, so that a busy machine does not change
the ratios much.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from peer import row
from spiking_peers import interpreter, run_peer

from lab.graph.kinds.populations import brunel, network, vogels_abbott
from lab.model import Events
from lab.spiking.cells import LIF
from lab.spiking.network import Input, Link, Network, Scales
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
    row(f"{title}, {duration / 1000:g} s", "s", mine, **{name: statistics.median(found) for name, found in times.items() if name != "ours"})
    for name, found in times.items():
        middle = statistics.median(found)
        print(
            f"  {name:8} {middle:8.3f} s   {middle / mine:6.2f} times ours   {rates[name]:6.2f} Hz   ({min(found):.3f} to {max(found):.3f})",
            flush=True,
        )
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


SIZES = (1000, 2000, 5000, 10_000, 20_000, 50_000)


def sizes(rounds: int, plot: str = "") -> None:
    """Cost of a synaptic event against the number of neurons, at the same number of synapses (80) per neuron and rate.

    Small networks run for longer, so that each has about as many events; the sizes take turns, and the least of the rounds
    counts, because whatever else runs on the machine only adds to it.
    """
    print("Cost per synaptic event (whole loop over events delivered), Vogels-Abbott with 80 synapses per cell")
    base = network(vogels_abbott())
    costs, rates = dict.fromkeys(SIZES, float("inf")), {}
    for seed in range(rounds + 1):
        for size in SIZES:
            populations = tuple((name, p.replace(size=p.size * size // 4000, record=100)) for name, p in base.populations)
            links = tuple(
                Link(k.source, k.target, k.projection.replace(rule="fixed in-degree", in_degree=64 if k.source == "E" else 16))
                for k in base.links
            )
            net = Network(populations, links)
            built = net.build(DT, seed)
            state = net.start(built, seed)
            net.advance(built, state, 200)
            before = int(state["delivered"][0])
            duration = 100.0 * max(1.0, 50_000 / size)
            begin = time.process_time()
            net.advance(built, state, round(duration / DT))
            costs[size] = min(costs[size], (time.process_time() - begin) / (state["delivered"][0] - before) * 1e9)
            rates[size] = state["spikes"].mean() / (duration + 20) * 1000
    for size in SIZES:
        print(f"  {size:7,} neurons  {costs[size]:7.1f} ns per event   {rates[size]:5.2f} Hz", flush=True)
    print(f"  largest over smallest: {max(costs.values()) / min(costs.values()):.2f}")
    if plot:
        Path(plot).write_text(drawn(costs), "utf-8")
        print(f"  plotted in {plot}")


def drawn(costs: dict[int, float]) -> str:
    """The costs over the sizes as an SVG picture, the number of neurons on a logarithmic axis."""
    wide, high, left, bottom = 560, 300, 60, 40
    top = max(20.0, 20 * np.ceil(max(costs.values()) / 20))
    x = {n: left + (np.log10(n) - 3) / (np.log10(50_000) - 3) * (wide - left - 40) for n in costs}
    y = {n: high - bottom - c / top * (high - bottom - 20) for n, c in costs.items()}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" font-family="sans-serif" font-size="12" text-anchor="middle">'
    ]
    parts.append(f'<rect width="{wide}" height="{high}" fill="white"/>')
    for value in np.arange(0, top + 1, 20):
        at = high - bottom - value / top * (high - bottom - 20)
        parts.append(
            f'<line x1="{left}" x2="{wide - 20}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/><text x="{left - 18}" y="{at + 4:.1f}">{value:.0f}</text>'
        )
    parts.append(
        '<polyline fill="none" stroke="#0072b2" stroke-width="2" points="' + " ".join(f"{x[n]:.1f},{y[n]:.1f}" for n in costs) + '"/>'
    )
    parts += [
        f'<circle cx="{x[n]:.1f}" cy="{y[n]:.1f}" r="4" fill="#0072b2"/><text x="{x[n]:.1f}" y="{high - 22}">{n:,}</text>' for n in costs
    ]
    parts.append(
        f'<text x="{wide / 2}" y="{high - 4}">neurons</text><text x="{left}" y="14" text-anchor="start">ns per synaptic event</text></svg>\n'
    )
    return "\n".join(parts)


def large() -> None:
    """A hundred million synapses: memory that was stated and memory that was taken, time to build and to run."""
    net = network(brunel(100_000))
    links = tuple(Link(k.source, k.target, k.projection.replace(in_degree=800 if k.source == "E" else 200)) for k in net.links)
    net = Network(net.populations, links, tuple(Input(given.target, given.source.replace(sources=800)) for given in net.inputs))
    scales = Scales(inhibition=5.0, drive=2.0)
    ours(network(brunel(1000)), 1.0, 1, scales)
    before = resident()
    begin = time.process_time()
    built = net.build(DT, 1)
    building = time.process_time() - begin
    state = net.start(built, 1)
    begin = time.process_time()
    net.advance(built, state, 2000, scales)
    running = time.process_time() - begin
    print(f"Brunel with {net.neurons:,} cells and {built.synapses:,} synapses, g 5, eta 2")
    print(
        f"  built in {building:.1f} s, {building / built.synapses * 1e6:.4f} us per synapse; {net.memory() / 1e9:.2f} GB stated, {(resident() - before) / 1e9:.2f} GB taken"
    )
    print(
        f"  0.2 s of model time in {running:.1f} s, {running / state['delivered'][0] * 1e9:.1f} ns per event, {state['spikes'].mean() / 0.2:.1f} Hz",
        flush=True,
    )


def resident() -> int:
    """Bytes of memory that this process holds, where the system tells."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def live(rounds: int) -> None:
    """How much faster than real time the model of the catalogue runs through the engine in blocks, with its raster and rates."""
    from lab import catalog
    from lab.engine.simulation import Simulation, simulate

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
    parser.add_argument("--only", nargs="*", default=["current", "conductance", "brunel", "build", "size", "large", "live"])
    parser.add_argument("--peers", nargs="*", default=["brian2", "nest"])
    parser.add_argument("--plot", default="", help="write the cost over the size to this SVG file")
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
        against(
            "Brunel, 12,500 cells, g 5, eta 2",
            net,
            200.0,
            given.rounds,
            {"nest": ()},
            scales,
            connectivity=False,
            drive=2.0,
            inhibition=5.0,
        )
    if "build" in given.only:
        building(given.rounds)
    if "size" in given.only:
        sizes(given.rounds, given.plot)
    if "large" in given.only:
        large()
    if "live" in given.only:
        live(given.rounds)
    print(f"NumPy {np.__version__}, step {DT} ms; spikes of all cells recorded in every program.")


if __name__ == "__main__":
    main()
