"""What the explorer looks into beside the window: how true a map is, clusters, files of questions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from lab.embedding import exploration as explore
from lab.embedding.neighbours import Truth, honesty, truth
from lab.embedding.vectors import Vectors

JUDGED = 10


@cache
def worker() -> ThreadPoolExecutor:
    """One thread for all explorers: what takes long must not hold up the window."""
    return ThreadPoolExecutor(1)


@dataclass(frozen=True)
class Judged:
    """How true a map is, and the clusters of the vectors where they were asked for."""

    truth: tuple[np.ndarray, str, Truth]
    trustworthiness: float
    recall: float
    falseness: np.ndarray  # (n,); of a large map NaN where it was not measured, or that of the nearest measured point
    measured: int
    clusters: np.ndarray | None


def judge(
    vectors: Vectors, points: np.ndarray, metric: str, known: tuple[np.ndarray, str, Truth] | None, clustered: bool, spread: bool
) -> Judged:
    """Compare a map (n, 2 or 3) with the first n vectors; `spread` gives what was measured to all points, `clustered` finds clusters."""
    n = len(points)
    if known is None or known[0] is not vectors.matrix or known[1] != metric or known[2].ranks.shape[1] != n:
        known = (vectors.matrix, metric, truth((vectors.unit if metric == "cosine" else vectors.matrix)[:n]))
    found = honesty(points, known[2], JUDGED)
    falseness = found.falseness
    if not known[2].whole and not spread:
        falseness = np.full(n, np.nan)
        falseness[known[2].probes] = found.falseness
    elif not known[2].whole:
        from scipy.spatial import cKDTree

        falseness = falseness[cKDTree(points[known[2].probes]).query(points)[1]]
    groups = explore.clusters(vectors.unit[:n]) if clustered else None
    return Judged(known, found.trustworthiness, found.recall, falseness, len(known[2].probes), groups)
