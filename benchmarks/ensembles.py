"""Networks of ensembles beside Nengo's reference simulator: the product of two waves and an oscillator, at the same step, size and points.

    python benchmarks/ensembles.py [--rounds N] [--json]

Rounds alternate; CPU seconds for five simulated seconds, medians of steps alone (building is not counted). The error is that of the
output, root mean square after half a second: of the product against the exact product of the waves through the same synapses, of the
oscillator its turns a second less one.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import numpy as np
from peer import ask, peer, row, say

from lab.engine.simulation import Simulation
from lab.graph.kinds.ensembles import oscillator, product
from lab.models.networks.ensemble_network import EnsembleNetwork

SECONDS = 5.0
NEURONS = {"product": 200, "oscillator": 300}


def ours(name: str, seed: int) -> tuple[float, np.ndarray]:
    """CPU seconds and what was decoded each 5 ms."""
    graph = {"product": product, "oscillator": oscillator}[name]()
    held = next(n for n in graph.nodes if n.kind == "ensemble")
    graph = graph.set(held.id, encoders="all directions", neurons=NEURONS[name])
    simulation = Simulation(EnsembleNetwork(graph=graph.to_json()), seed)
    simulation.advance(10)
    simulation = Simulation(simulation.model, seed)
    began = time.process_time()
    rows = [simulation.advance(500, ["outputs"]).samples["outputs"] for _ in range(round(SECONDS * 2))]
    took = time.process_time() - began
    return took, np.concatenate(rows)[::5]


def error(name: str, out: np.ndarray) -> float:
    """How far what was decoded each 5 ms is from what it should be."""
    out = out[100:]
    if name == "oscillator":
        turned = np.unwrap(np.arctan2(out[:, 1], out[:, 0]))
        return abs((turned[-1] - turned[0]) / (2.0 * math.pi * (len(out) - 1) * 5e-3) - 1.0)
    t = np.arange(1, round(SECONDS * 1000) + 1) * 1e-3
    x = [np.sin(2 * math.pi * 0.4 * t), np.sin(2 * math.pi * (0.25 * t + 0.25))]
    smooth = lambda v, tau: _smooth(v, math.exp(-1e-3 / tau))  # noqa: E731
    exact = smooth(smooth(x[0], 5e-3) * smooth(x[1], 5e-3), 20e-3)[::5][100:]
    return float(np.sqrt(np.mean((out[: len(exact), 0] - exact[: len(out)]) ** 2)))


def _smooth(v: np.ndarray, keep: float) -> np.ndarray:
    out, last = np.empty(len(v)), 0.0
    for k, value in enumerate(v):
        last = keep * last + (1.0 - keep) * value
        out[k] = last
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    python = peer("nengo")
    found: dict[str, float | str] = {}
    for name in ("product", "oscillator"):
        took: dict[str, list[float]] = {"ours": [], "nengo": []}
        off: dict[str, list[float]] = {"ours": [], "nengo": []}
        for seed in range(given.rounds):
            seconds, out = ours(name, seed)
            took["ours"].append(seconds)
            off["ours"].append(error(name, out))
            if python:
                told = ask(
                    python,
                    "nengo_ensembles.py",
                    "--network",
                    name,
                    "--neurons",
                    str(NEURONS[name]),
                    "--seconds",
                    str(SECONDS),
                    "--seed",
                    str(seed),
                )
                took["nengo"] += told["seconds"]
                off["nengo"].append(error(name, np.array(told["out"])))
        for who in ("ours", "nengo") if python else ("ours",):
            found[f"{name}, {who} (CPU s)"] = statistics.median(took[who])
            found[f"{name}, {who}, error"] = statistics.median(off[who])
        if python:
            row(f"{name} of spiking ensembles, {SECONDS:g} s", "s", statistics.median(took["ours"]), Nengo=statistics.median(took["nengo"]))
            found[f"{name}, ratio"] = statistics.median(took["nengo"]) / statistics.median(took["ours"])
    if not python:
        found["nengo"] = "is not installed"
    say(found, given.json)


if __name__ == "__main__":
    main()
