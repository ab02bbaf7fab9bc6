"""Points of a sweep: advanced as one population, run one by one in this process, and on two processes; moves in the grid world.

CPU time (its own and its children's) and wall time of each, in turns; what the rows cost over the runs alone.
.venv/bin/python benchmarks/sweeps.py [--points 80] [--repeat 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import lab


def spent() -> float:
    """Seconds of CPU of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of a call."""
    cpu, wall = spent(), time.perf_counter()
    call()
    return spent() - cpu, time.perf_counter() - wall


def main() -> None:
    """Measure in turns and print medians."""
    given = argparse.ArgumentParser()
    given.add_argument("--points", type=int, default=80)
    given.add_argument("--repeat", type=int, default=3)
    asked = given.parse_args()
    currents = f"0:20:{asked.points}"
    # Noise of no strength is the same current, but not one that is known to stand still: such points are run one by one.
    apart = {"stimulus": "noise", "sigma": 0.0}

    def sweep(**more: object) -> Callable[[], object]:
        return lambda: lab.sweep("hodgkin-huxley", {"current": currents}, duration=200.0, **more)  # type: ignore[arg-type]

    def runs() -> None:
        for k in range(asked.points):
            lab.run("hodgkin-huxley", duration=200.0, record={}, current=20.0 * k / (asked.points - 1), **apart)

    moves = 20_000
    ways = {
        f"one population of {asked.points}": sweep(workers=0),
        f"{asked.points} points one by one, this process": sweep(workers=0, **apart),
        f"{asked.points} points one by one, 2 processes": sweep(workers=2, **apart),
        f"{asked.points} runs without a sweep": runs,
        f"{moves} moves in the grid world": lambda: lab.run("grid-world", steps=moves, record={}),
    }
    for way in ways.values():
        way()  # compile
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(asked.repeat):
        for name, way in ways.items():
            found[name].append(timed(way))
    print(f"{'':45s} {'CPU (s)':>9s} {'wall (s)':>9s} {'CPU each (ms)':>14s}")
    for name, times in found.items():
        cpu, wall = (statistics.median(column) for column in zip(*times, strict=True))
        count = moves if "moves" in name else asked.points
        print(f"{name:45s} {cpu:9.3f} {wall:9.3f} {1000.0 * cpu / count:14.3f}")


if __name__ == "__main__":
    main()
