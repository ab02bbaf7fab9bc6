"""How long the analyses of a large run take: medians of several rounds, each on spikes that were grouped anew, and the sum.

python benchmarks/analysis.py [--spikes N] [--cells N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from lab.analysis import trains as analysis


def population(spikes: int, cells: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Times (ms, in rising order), cells, and length of independent Poisson trains of 10 Hz."""
    rng = np.random.default_rng(1)
    length = 100.0 * spikes / cells
    return np.sort(rng.uniform(0, length, spikes)), rng.integers(0, cells, spikes).astype(np.int32), length


def measured(
    when: np.ndarray, index: np.ndarray, cells: int, length: float, trace: np.ndarray, clock: Callable[[], float]
) -> dict[str, float]:
    """Seconds of each analysis of one run, one after the other: what one has prepared, the next may use."""
    at = np.arange(len(trace), dtype=float)
    took: dict[str, float] = {}

    def timed(name: str, call: Callable) -> object:
        begin = clock()
        found = call()
        took[name] = clock() - begin
        return found

    trains = timed("group", lambda: analysis.group(when, index, cells=cells, span=(0.0, length)))
    assert isinstance(trains, analysis.Trains)
    half = trains.select(range(cells // 2)), trains.select(range(cells // 2, cells))
    timed("rate, 1000 bins", lambda: analysis.rate(trains, length / 1000))
    timed("rate, Gaussian kernel", lambda: analysis.smooth_rate(trains))
    timed("interspike intervals", lambda: analysis.isi(trains))
    timed("CV and CV2 of every cell", lambda: analysis.cv(trains))
    timed("Fano factor, 13 windows", lambda: analysis.fano(trains))
    timed("PSTH, an event each second", lambda: analysis.psth(trains, np.arange(0.0, length, 1000.0)))
    timed("autocorrelogram", lambda: analysis.correlogram(trains, 200.0, 2.0))
    timed("cross-correlogram of two halves", lambda: analysis.correlogram(half[0], 50.0, 1.0, half[1]))
    timed("spectrum of the cells", lambda: analysis.spectrum(trains))
    timed("spectrum of the population", lambda: analysis.spectrum(trains, of="population"))
    timed("spike-triggered average", lambda: analysis.spike_triggered_average(trains, at, trace))
    return took


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--spikes", type=int, default=10_000_000)
    options.add_argument("--cells", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cpu", action="store_true", help="the processor's time instead of the wall's, for a busy machine")
    given = options.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    when, index, length = population(given.spikes, given.cells)
    trace = np.random.default_rng(2).standard_normal(int(length))
    small = population(20_000, 10)
    measured(*small[:2], 10, small[2], trace[: int(small[2])], clock)  # compiles
    rounds = [measured(when, index, given.cells, length, trace, clock) for _ in range(given.rounds)]
    print(f"{given.spikes:,} spikes of {given.cells:,} cells")
    for name in rounds[0]:
        print(f"{name:<34} {statistics.median(r[name] for r in rounds):7.3f} s")
    print(f"{'all together':<34} {statistics.median(sum(r.values()) for r in rounds):7.3f} s")


if __name__ == "__main__":
    main()
