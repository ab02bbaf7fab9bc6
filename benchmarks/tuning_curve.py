"""How long the tuning curve of the Hodgkin-Huxley neuron takes: 20 points under 1 s is the aim.

python benchmarks/tuning_curve.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from lab.engine.simulation import run
from lab.models.neurons.tuning_curve import TuningCurve


def seconds(points: int, rounds: int) -> float:
    """Median over rounds of a whole sweep at the default settings."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        run(TuningCurve(points=points), record=[])
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    run(TuningCurve(points=2), 1, record=[])  # compile
    found = {points: seconds(points, given.rounds) for points in (20, 200)}
    if given.json:
        print(json.dumps({f"{points} points (s)": took for points, took in found.items()}))
    else:
        for points, took in found.items():
            print(f"{points:4d} points: {took:.3f} s")


if __name__ == "__main__":
    main()
