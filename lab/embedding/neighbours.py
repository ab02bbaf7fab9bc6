"""Exact nearest neighbours, and how true a map is to them.

Trustworthiness (Venna and Kaski 2001) punishes neighbours on the map that are none in the space, by how far down their rank
lies there: T(k) = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j in U_k(i)} (r(i, j) - k). Neighbourhood recall is the share of
the k true neighbours that the map shows as such. Points at the same distance share the rank of the first of them: which of
fifty copies of a point the map shows beside it is no error.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lab.errors import LabError
from lab.kernels import JIT, kernel
from lab.kernels.threads import one_thread

CORES = os.cpu_count() or 1
MOST_PROBES = 2000  # points that the quality of a map is measured at: beyond, an even choice of so many, and it says so
MOST_PRODUCTS = 1 << 20  # at once: 4 MB, which a processor keeps near
WIDE = 4096  # points that a block is compared with at once
MOST_RANKS = 20_000_000  # ranks that are kept at most: of very many points fewer are looked from


@kernel
def _take(j, d, best, chosen, have):
    """Put j at distance d among the `have` best so far; returns how many they then are."""
    k = len(best)
    if have == k and not d < best[k - 1]:
        return have
    place = have if have < k else k - 1
    while place > 0 and best[place - 1] > d:
        best[place] = best[place - 1]
        chosen[place] = chosen[place - 1]
        place -= 1
    best[place] = d
    chosen[place] = j
    return min(k, have + 1)


@kernel
def _smallest(d, begin, own, best, chosen, have, promising):
    """Put the points from `begin` on, at distances d, among the `have` best so far, nearest first (ties by number), but never `own`.

    Few get among the best: all are compared at once with the farthest of them, as bytes, and eight bytes are looked at together.
    `promising` has room for them, in eights. Returns how many the best then are.
    """
    n, k = len(d), len(best)
    done = 0
    while done < n and have < k:
        if begin + done != own:
            have = _take(begin + done, d[done], best, chosen, have)
        done += 1
    if done == n:
        return have
    farthest = best[k - 1]
    for j in range(n):
        promising[j] = d[j] < farthest
    eights = promising.view(np.uint64)
    for eight in range(done // 8, (n + 7) // 8):
        if eights[eight] != 0:
            for j in range(max(done, 8 * eight), min(n, 8 * eight + 8)):
                if promising[j] != 0 and begin + j != own:
                    _take(begin + j, d[j], best, chosen, have)
    return have


@kernel
def _nearest(products, length, begin, own, best, chosen, filled):
    """Put the points from `begin` on among the best of each row, at squared distances length[j] - 2 products[i, j] (less the row's own length).

    products (rows, c); the first row's point is `own`; best and chosen (rows, k) hold filled[i] entries.
    """
    n = products.shape[1]
    two = products.dtype.type(2)
    d, promising = np.empty(n, products.dtype), np.zeros((n + 7) // 8 * 8, np.uint8)
    for i in range(len(products)):
        for j in range(n):
            d[j] = length[begin + j] - two * products[i, j]
        filled[i] = _smallest(d, begin, own + i, best[i], chosen[i], filled[i], promising)


def nearest_neighbours(points: np.ndarray, k: int, block: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (n, k) and Euclidean distances of the k nearest other points of each point (n, d), nearest first.

    Every pair is compared. Points are looked from in blocks that know nothing of each other, so all cores share them.
    """
    x = np.asarray(points, np.float32)
    n = len(x)
    if not 1 <= k < n:
        raise LabError(f"neighbours: must be from 1 to {n - 1} for {n} points (got {k}).")
    # Squares of distances come from a product; centred data lose fewer digits in the difference.
    x = np.ascontiguousarray(x - x.mean(0))
    length = np.einsum("ij,ij->i", x, x)
    chosen = np.zeros((n, k), np.int32)
    distance = np.empty((n, k), np.float64)
    wide = n if k > 150 or not JIT else WIDE
    block = min(block, max(1, MOST_PRODUCTS // min(n, wide)))

    def look(begin: int) -> None:
        part = x[begin : begin + block]
        best, filled = np.empty((len(part), k), np.float32), np.zeros(len(part), np.int64)
        for column in range(0, n, wide):
            products = part @ x[column : column + wide].T
            if JIT and k <= 150:
                _nearest(products, length, column, begin, best, chosen[begin : begin + block], filled)
                continue
            # Keeping a sorted list of the best is quick while it is short, and compiled.
            squares = length - 2 * products
            squares[np.arange(len(part)), np.arange(begin, begin + len(part))] = np.inf
            chosen[begin : begin + block] = np.argsort(squares, axis=1, kind="stable")[:, :k]
        for row in range(0, len(part), 128):
            near = chosen[begin + row : begin + min(row + 128, len(part))]
            difference = x[near].astype(np.float64) - part[row : row + 128, None]
            distance[begin + row : begin + row + len(near)] = np.sqrt(np.einsum("ijk,ijk->ij", difference, difference))

    with one_thread, ThreadPoolExecutor(min(CORES, -(-n // block))) as pool:
        list(pool.map(look, range(0, n, block)))
    # The product rounds, so the order is settled by the distances themselves.
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, 1), np.take_along_axis(distance, order, 1)


@dataclass(frozen=True)
class Truth:
    """Ranks of all points as seen from some of them in the original space.

    probes  (m,) points looked from;  ranks (m, n) int32, 0 for the point itself, 1 for its nearest neighbours
    """

    probes: np.ndarray
    ranks: np.ndarray

    @property
    def whole(self) -> bool:
        """Whether every point is a probe."""
        return len(self.probes) == self.ranks.shape[1]


def truth(points: np.ndarray, most: int = MOST_PROBES) -> Truth:
    """Ranks of the neighbours in the original space; of at most `most` points, evenly chosen."""
    n = len(points)
    x = np.asarray(points, np.float64 if n <= 50_000 else np.float32)
    x = x - x.mean(0)
    most = min(most, max(50, MOST_RANKS // max(1, n)))
    probes = np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, most).astype(np.int64))
    length = np.einsum("ij,ij->i", x, x)
    ranks = np.empty((len(probes), n), np.int32)
    for begin in range(0, len(probes), 256):
        rows = probes[begin : begin + 256]
        squares = length - 2 * (x[rows] @ x.T)
        squares[np.arange(len(rows)), rows] = -np.inf
        order = np.argsort(squares, axis=1, kind="stable")
        along = np.take_along_axis(squares, order, 1)
        # The product rounds: what lies within its last digits is the same distance.
        near = 8 * np.finfo(x.dtype).eps * (length[order] + length[rows, None])
        rank = np.tile(np.arange(n, dtype=np.int32), (len(rows), 1))
        rank[:, 1:][np.diff(along, axis=1) <= near[:, 1:]] = 0
        np.put_along_axis(ranks[begin : begin + len(rows)], order, np.maximum.accumulate(rank, axis=1), 1)
    return Truth(probes, ranks)


@kernel
def _scan_map(points, probes, chosen):
    """The k nearest points on the map (n, 2 or 3) of each probe."""
    n, dimensions = points.shape
    x = np.ascontiguousarray(points[:, 0])
    y = np.ascontiguousarray(points[:, 1])
    z = np.ascontiguousarray(points[:, 2]) if dimensions > 2 else np.zeros(n, points.dtype)
    k = chosen.shape[1]
    squares, best, promising = np.empty(n, points.dtype), np.empty(k, points.dtype), np.zeros((n + 7) // 8 * 8, np.uint8)
    for i in range(len(probes)):
        p = probes[i]
        for j in range(n):
            dx, dy, dz = x[j] - x[p], y[j] - y[p], z[j] - z[p]
            squares[j] = dx * dx + dy * dy + dz * dz
        _smallest(squares, 0, p, best, chosen[i], 0, promising)


def map_neighbours(points: np.ndarray, probes: np.ndarray, k: int) -> np.ndarray:
    """Row numbers (m, k) of the nearest points on a map (n, 2 or 3) of each probe, nearest first."""
    chosen = np.zeros((len(probes), k), np.int32)
    _scan_map(np.ascontiguousarray(points), probes, chosen)
    return chosen


@dataclass(frozen=True)
class Honesty:
    """How true a map is: trustworthiness and neighbourhood recall over all probes, and both point by point.

    falseness (m,) is a point's own part of the punishment, 0 for a true neighbourhood and 1 for the worst possible.
    """

    trustworthiness: float
    recall: float
    falseness: np.ndarray
    recalls: np.ndarray


def honesty(points: np.ndarray, known: Truth, k: int = 10) -> Honesty:
    """Compare the neighbours on a map (n, 2 or 3) with the true ones."""
    n = len(points)
    k = min(k, max(1, (n - 1) // 2))
    chosen = map_neighbours(points, known.probes, k)
    ranks = np.take_along_axis(known.ranks, chosen, 1)
    punished = np.maximum(ranks - k, 0).sum(1)
    worst = k * (2 * n - 3 * k - 1) / 2
    falseness = punished / worst
    recalls = (ranks <= k).mean(1)
    return Honesty(float(1 - falseness.mean()), float(recalls.mean()), falseness, recalls)


def neighbours_true(recall: float) -> str:
    """The share of the neighbours on a map that are neighbours in the space, in words."""
    return f"{100 * recall:.0f} % of neighbours true"


def in_words(trustworthiness: float, recall: float) -> str:
    """What the two numbers of a map say, as a sentence."""
    if recall > 0.995:
        return "Whatever is a neighbour on the map is one in the space."
    where = "from close by" if trustworthiness >= 0.95 else "from not far" if trustworthiness >= 0.85 else "from far away"
    return f"Of the neighbours of a point on the map {100 * recall:.0f} % are neighbours in the space; the others come {where}."


def fold_accuracy(points: np.ndarray, classes: np.ndarray, k: int = 10, folds: int = 5) -> float:
    """Accuracy of a vote of the k nearest points on a map, each fifth of the data judged by the rest.

    The folds are not shuffled: for handwriting they are other writers, which is harder than to leave out single points.
    """
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    return float(cross_val_score(KNeighborsClassifier(k), points, classes, cv=folds).mean())
