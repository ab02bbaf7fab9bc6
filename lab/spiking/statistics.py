"""What the state of a running network says: rates, regularity of intervals, synchrony and rhythm."""

from __future__ import annotations

import numpy as np

from lab.model import State
from lab.spiking import program
from lab.spiking.network import Built

FEWEST = 5  # intervals of a cell from which its regularity is told


def intervals(built: Built, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Mean interspike interval (ms) and its coefficient of variation for every neuron; NaN with fewer than FEWEST intervals."""
    count = np.maximum(state["spikes"] - 1, 0)
    enough = count >= FEWEST
    n = np.where(enough, count, 1)
    mean = state["interval"] / n
    variance = np.maximum(state["interval2"] / n - mean * mean, 0.0)
    cv = np.sqrt(variance) / np.where(mean > 0, mean, 1.0)
    return np.where(enough, mean * built.dt, np.nan), np.where(enough, cv, np.nan)


def population_statistics(built: Built, state: State) -> list[dict[str, float]]:
    """Rate (Hz), mean CV and synchrony of each population since the statistics began.

    Synchrony is the variance of the spikes counted in bins of 3 ms over their mean, less 1, over the number of cells:
    near 0 for independent Poisson cells, and the larger the more of the cells fire together.
    """
    seconds = max(int(state["clock"][0] - state["since"][0]) * built.dt / 1000, 1e-9)
    cv = intervals(built, state)[1]
    counts = _binned(built, state)
    wide = max(1, round(3.0 / (built.bin_steps * built.dt)))
    found = []
    for g in range(len(built.wiring.pop)):
        first, size = built.wiring.pop[g, program.FIRST], built.wiring.pop[g, program.SIZE]
        own = cv[first : first + size]
        sums = counts[g, : counts.shape[1] // wide * wide].reshape(-1, wide).sum(axis=1)
        mean = sums.mean() if len(sums) else 0.0
        found.append(
            {
                "rate": float(state["spikes"][first : first + size].sum() / size / seconds),
                "cv": float(own[np.isfinite(own)].mean()) if np.isfinite(own).any() else 0.0,
                "synchrony": float((sums.var() / mean - 1) / size) if mean > 0 else 0.0,
            }
        )
    return found


def _binned(built: Built, state: State) -> np.ndarray:
    """Spikes of each population in complete bins of `bin_steps`, oldest first, since the statistics began."""
    now = int(state["clock"][0]) // built.bin_steps
    since = -(-int(state["since"][0]) // built.bin_steps)
    n = max(0, min(now - since, program.BINS - 1))
    return state["activity"][:, np.arange(now - n, now) % program.BINS]


def spectrum(built: Built, state: State) -> np.ndarray:
    """Rows frequency (Hz), then the power of each population's activity, averaged over half-overlapping Hann windows.

    Power is that of the spike count over its mean: 1 for independent Poisson cells at every frequency (Welch 1967). NaN
    until the first window of 1024 bins is full.
    """
    counts = _binned(built, state).astype(float)
    bin_seconds = built.bin_steps * built.dt / 1000
    width = 1024
    frequencies = np.fft.rfftfreq(width, bin_seconds)[1:]
    total = np.zeros((len(counts), len(frequencies)))
    window = np.hanning(width)
    pieces = 0
    for a in range(0, counts.shape[1] - width + 1, width // 2):
        piece = counts[:, a : a + width]
        mean = piece.mean(axis=1, keepdims=True)
        power = np.abs(np.fft.rfft((piece - mean) * window, axis=1)) ** 2 / (window**2).sum()
        total += np.divide(power[:, 1:], mean, out=np.zeros_like(power[:, 1:]), where=mean > 0)
        pieces += 1
    return np.vstack([frequencies, total / pieces if pieces else np.full_like(total, np.nan)])
