"""How long the analyses of a large run take: medians of several rounds, and the sum.

    python benchmarks/analysis.py [--spikes N] [--cells N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from lab import analysis


def population(spikes: int, cells: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Times (ms, in rising order), cells, and length of independent Poisson trains of 10 Hz."""
    rng = np.random.default_rng(1)
    length = 100.0 * spikes / cells
    return np.sort(rng.uniform(0, length, spikes)), rng.integers(0, cells, spikes).astype(np.int32), length


def timed(call: Callable, rounds: int) -> float:
    """Median seconds of a call, after one that compiles."""
    call()
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--spikes", type=int, default=10_000_000)
    options.add_argument("--cells", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    when, index, length = population(given.spikes, given.cells)
    trains = analysis.group(when, index, cells=given.cells, span=(0.0, length))
    trace = np.random.default_rng(2).standard_normal(int(length))
    half = trains.select(range(given.cells // 2)), trains.select(range(given.cells // 2, given.cells))
    calls: dict[str, Callable] = {
        "group": lambda: analysis.group(when, index, cells=given.cells, span=(0.0, length)),
        "rate, 1000 bins": lambda: analysis.rate(trains, length / 1000),
        "rate, Gaussian kernel": lambda: analysis.smooth_rate(trains),
        "interspike intervals": lambda: analysis.isi(trains),
        "CV and CV2 of every cell": lambda: analysis.cv(trains),
        "Fano factor, 13 windows": lambda: analysis.fano(trains),
        "PSTH, an event each second": lambda: analysis.psth(trains, np.arange(0.0, length, 1000.0)),
        "autocorrelogram": lambda: analysis.correlogram(trains, 200.0, 2.0),
        "cross-correlogram of two halves": lambda: analysis.correlogram(half[0], 50.0, 1.0, half[1]),
        "spectrum of the cells": lambda: analysis.spectrum(trains),
        "spectrum of the population": lambda: analysis.spectrum(trains, of="population"),
        "spike-triggered average": lambda: analysis.spike_triggered_average(trains, np.arange(len(trace), dtype=float), trace),
    }
    print(f"{given.spikes:,} spikes of {given.cells:,} cells")
    total = 0.0
    for name, call in calls.items():
        took = timed(call, given.rounds)
        total += took
        print(f"{name:<34} {took:7.3f} s")
    print(f"{'all together':<34} {total:7.3f} s")


if __name__ == "__main__":
    main()
