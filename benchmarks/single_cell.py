"""How fast the benches of single cells run without a window, and how long families of sweeps take.

    python benchmarks/single_cell.py [--rounds N] [--cpu] [--json]

Each bench is to run at least 100 times real time at its default settings; a tuning curve of 200 points, or a voltage-clamp
family of 200 commands, is to take less than a second. Rounds go through all benches in turns; medians are printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from lab import catalog
from lab.engine.simulation import Simulation, run
from lab.model import Model

SECONDS = {"ms": 1e-3, "s": 1.0}
BENCHES = (
    "hodgkin-huxley", "leaky-integrate-and-fire", "izhikevich", "adaptive-exponential", "fitzhugh-nagumo", "morris-lecar",
    "membrane-pump", "synapse", "wired-neurons", "rate-code", "temporal-code", "plasticity", "identify-cell",
)  # fmt: skip
CELLS = BENCHES[:6]
LEAST = 0.2  # seconds that a round of one bench takes at least


def ready(model: Model) -> tuple[Simulation, int]:
    """A simulation that is compiled, and the steps after which a round of it has taken long enough to be measured."""
    simulation, steps = Simulation(model), 1000
    simulation.advance(2)
    while True:
        began = time.perf_counter()
        simulation.advance(steps)
        if time.perf_counter() - began > LEAST:
            return simulation, steps
        steps *= 2


def times_real(rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Model time over the clock's time of each bench."""
    benches = {name: ready(catalog.load(name)()) for name in BENCHES}
    found: dict[str, list[float]] = {name: [] for name in benches}
    for _ in range(rounds):
        for name, (simulation, steps) in benches.items():
            began = clock()
            simulation.advance(steps)
            unit = simulation.model.clock
            found[name].append(steps * unit.dt * SECONDS[unit.unit] / (clock() - began))
    return {name: statistics.median(values) for name, values in found.items()}


def families(rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Seconds of a tuning curve of 200 points for each cell, and of a family of 200 voltage-clamp sweeps."""
    curve, clamp = catalog.load("tuning-curve"), catalog.load("voltage-clamp")
    models = {f"tuning curve, {name}": curve(neuron=name, points=200) for name in CELLS}
    models["voltage-clamp family"] = clamp(first=-80.0, last=79.2, increment=0.8)
    found: dict[str, list[float]] = {name: [] for name in models}
    for round_ in range(rounds + 1):
        for name, model in models.items():
            began = clock()
            run(model, record=[])
            if round_:  # the first compiles
                found[name].append(clock() - began)
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="the processor's time instead of the wall's, for a busy machine")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    speed, took = times_real(given.rounds, clock), families(given.rounds, clock)
    if given.json:
        print(json.dumps({"times real time": speed, "seconds": took}, indent=2))
        return
    print("times real time (at least 100)")
    for name, value in speed.items():
        print(f"  {name:40s} {value:8.0f}")
    print("200 sweeps, seconds (below 1)")
    for name, value in took.items():
        print(f"  {name:40s} {value:8.3f}")


if __name__ == "__main__":
    main()
