"""How fast a cell fires now: the rate of its last intervals, and none once it has fallen silent."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import kernel

KEPT = 9  # spikes of each cell that are remembered: eight intervals
SILENT = 100.0  # ms without a spike, and four times the longest of the last intervals, is silence


def none(cells: int) -> np.ndarray:
    """Times (cells, KEPT) of the last spikes; -1 where there were none yet."""
    return np.full((cells, KEPT), -1.0)


def remember(recent: np.ndarray, index: np.ndarray, times: np.ndarray) -> None:
    """Take over spikes (cell and ms), in the order in which they happened."""
    if len(recent) > 1:
        _remember(recent, index, times)
    elif len(times):  # a single cell does not wait for a compilation
        row = recent[0]
        row[:] = np.concatenate([row, times])[-KEPT:]


@kernel
def _remember(recent, index, times):
    for k in range(len(times)):
        row = recent[index[k]]
        for j in range(KEPT - 1):
            row[j] = row[j + 1]
        row[KEPT - 1] = times[k]


def rate(recent: np.ndarray, now: float, ended: float = math.inf) -> float:
    """Rate (Hz) at time `now` (ms), the mean over the cells: of each the rate of its last intervals, 0 where it has fallen silent.

    A mean since the start says 57 Hz over a flat line, and 35 beside a cell that fires at 68. Once the drive is over, at `ended`,
    a cell that has not gone on firing is silent as soon as two intervals have passed.
    """
    count, total, longest = _last(recent)
    since = now - recent[:, -1]
    stopped = (now > ended) & (recent[:, -1] <= ended + longest) & (since > 2.0 * longest)
    fires = (count > 0) & (total > 0) & (since <= np.maximum(SILENT, 4.0 * longest)) & ~stopped
    return float(np.where(fires, 1000.0 * count / np.where(total > 0, total, 1.0), 0.0).mean())


def fired(recent: np.ndarray) -> tuple[float, float] | None:
    """The rate (Hz, mean over the cells) of the last intervals however long ago, and the time (ms) of the very last spike; None without an interval."""
    count, total, _ = _last(recent)
    if not (total > 0).any():
        return None
    return float(np.where(total > 0, 1000.0 * count / np.where(total > 0, total, 1.0), 0.0).mean()), float(recent[:, -1].max())


def _last(recent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each cell the number of its last intervals that are known, their sum and the longest."""
    intervals, known = np.diff(recent, axis=1), recent[:, :-1] >= 0.0
    return known.sum(axis=1), np.where(known, intervals, 0.0).sum(axis=1), np.where(known, intervals, 0.0).max(axis=1)
