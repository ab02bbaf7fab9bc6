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
from threading import Lock
from typing import NamedTuple

import numpy as np

from lab.errors import LabError
from lab.kernels import JIT, kernel
from lab.kernels.threads import one_thread

CORES = os.cpu_count() or 1
MOST_PROBES = 2000  # points that the quality of a map is measured at: beyond, an even choice of so many, and it says so
MOST_PRODUCTS = 1 << 20  # at once: 4 MB, which a processor keeps near
STRETCH = 128  # points that are compared with the farthest of the best at once
HIGH, WIDE = 256, 512  # points that are compared with each other at once: their products stay in a core's own cache
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
def _smallest(d, begin, own, best, chosen, have):
    """Put the points from `begin` on, at distances d, among the `have` best so far, nearest first (ties by number), but never `own`.

    Few get among the best: a stretch of points is compared with the farthest of them at once, and looked through only where one
    is nearer. Returns how many the best then are.
    """
    n, k = len(d), len(best)
    done = 0
    while done < n and have < k:
        if begin + done != own:
            have = _take(begin + done, d[done], best, chosen, have)
        done += 1
    if done == n:
        return have
    one, zero = d.dtype.type(1), d.dtype.type(0)
    for first in range(done, n, STRETCH):
        last, nearer, farthest = min(first + STRETCH, n), zero, best[k - 1]
        for j in range(first, last):
            nearer += one if d[j] < farthest else zero  # counted as they are measured: whole vectors
        for j in range(first, last if nearer > zero else first):
            if d[j] < farthest and begin + j != own:
                _take(begin + j, d[j], best, chosen, have)
    return have


class Near(NamedTuple):
    """The k nearest so far of each point, nearest first: squared distances less the point's own length, and who; and the last of each."""

    best: np.ndarray  # (n, k)
    chosen: np.ndarray  # (n, k)
    farthest: np.ndarray  # (n,)


@kernel
def _put(near, point, other, d):
    """Put a point that is nearer than the farthest of the best in its place, behind those at the same distance."""
    best, chosen = near.best[point], near.chosen[point]
    place = len(best) - 1
    while place > 0 and best[place - 1] > d:
        best[place] = best[place - 1]
        chosen[place] = chosen[place - 1]
        place -= 1
    best[place] = d
    chosen[place] = other
    near.farthest[point] = best[len(best) - 1]


@kernel
def _both_ways(products, length, above, begin, near):
    """Look at pairs once for both: products (r, c) of the points from `above` on with those from `begin` on, of which only later ones count.

    The squared distance is length[i] + length[j] - 2 products[i, j]. Points come in the order of their numbers, so of two at the
    same distance the first stays before the second.
    """
    farthest = near.farthest
    two, one, zero = products.dtype.type(2), products.dtype.type(1), products.dtype.type(0)
    for row in range(len(products)):
        i = above + row
        mine = length[i]
        for first in range(max(0, i + 1 - begin), products.shape[1], STRETCH):
            last, nearer, far = min(first + STRETCH, products.shape[1]), zero, farthest[i]
            for c in range(first, last):
                twice = two * products[row, c]
                nearer += one if length[begin + c] - twice < far else zero  # counted as they are measured: whole vectors
                nearer += one if mine - twice < farthest[begin + c] else zero
            for c in range(first, last if nearer > zero else first):
                j, twice = begin + c, two * products[row, c]
                if length[j] - twice < farthest[i]:
                    _put(near, i, j, length[j] - twice)
                if mine - twice < farthest[j]:
                    _put(near, j, i, mine - twice)


@kernel
def _merge(near, other):
    """Put what another thread has found of each point among the best: by distance, then by number."""
    n, k = near.best.shape
    best, chosen = np.empty(k, near.best.dtype), np.empty(k, near.chosen.dtype)
    for i in range(n):
        a, b = 0, 0
        for place in range(k):
            mine, theirs = near.best[i, a], other.best[i, b]
            if mine < theirs or (mine == theirs and near.chosen[i, a] < other.chosen[i, b]):
                best[place], chosen[place] = mine, near.chosen[i, a]
                a += 1
            else:
                best[place], chosen[place] = theirs, other.chosen[i, b]
                b += 1
        near.best[i], near.chosen[i] = best, chosen


def _found(x: np.ndarray, length: np.ndarray, k: int) -> np.ndarray:
    """Numbers (n, k) of the k nearest: each pair is looked at once, strip by strip, and strips are shared by all cores.

    Each thread keeps the best of what it has seen, so it does not matter which strips were its own.
    """
    n = len(x)
    strips, taking = iter(range(0, n, HIGH)), Lock()

    def look(_: int) -> Near:
        near = Near(np.full((n, k), np.inf, np.float32), np.full((n, k), n, np.int32), np.full(n, np.inf, np.float32))
        room = np.empty(HIGH * WIDE, np.float32)
        while True:
            with taking:
                above = next(strips, n)
            if above >= n:
                return near
            rows = x[above : above + HIGH]
            for begin in range(above, n, WIDE):
                columns = x[begin : begin + WIDE]
                products = room[: len(rows) * len(columns)].reshape(len(rows), len(columns))
                with np.errstate(all="ignore"):  # of this thread
                    np.dot(rows, columns.T, out=products)
                _both_ways(products, length, above, begin, near)

    threads = max(1, min(CORES, n // (4 * HIGH)))
    with ThreadPoolExecutor(threads) as pool:
        first, *others = pool.map(look, range(threads))
    for other in others:
        _merge(first, other)
    return first.chosen


def nearest_neighbours(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (n, k) and Euclidean distances of the k nearest other points of each point (n, d), nearest first; every pair is compared."""
    x = np.asarray(points, np.float32)
    n = len(x)
    if not 1 <= k < n:
        raise LabError(f"neighbours: must be from 1 to {n - 1} for {n} points (got {k}).")
    # Squares of distances come from a product; centred data lose fewer digits in the difference.
    x = np.ascontiguousarray(x - x.mean(0))
    length = np.einsum("ij,ij->i", x, x)
    distance = np.empty((n, k), np.float64)

    def measure(row: int) -> None:
        difference = x[chosen[row : row + 128]].astype(np.float64) - x[row : row + 128, None]
        distance[row : row + 128] = np.sqrt(np.einsum("ijk,ijk->ij", difference, difference))

    with one_thread, ThreadPoolExecutor(max(1, min(CORES, n // (4 * HIGH)))) as pool:
        # Keeping a sorted list of the best is quick while it is short, and compiled.
        chosen = _found(x, length, k) if JIT and k <= 150 else np.empty(0, np.int32)
        if not chosen.size or chosen.max() == n:  # squares of single precision may overflow: then some have found nobody
            chosen = _sorted(x, length, k)
        list(pool.map(measure, range(0, n, 128)))
    # The product rounds, so the order is settled by the distances themselves.
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, 1), np.take_along_axis(distance, order, 1)


def _sorted(x: np.ndarray, length: np.ndarray, k: int) -> np.ndarray:
    """Numbers (n, k) of the k nearest, all distances sorted."""
    n = len(x)
    chosen = np.empty((n, k), np.int32)
    block = max(1, MOST_PRODUCTS // n)
    for begin in range(0, n, block):
        part = x[begin : begin + block]
        with np.errstate(all="ignore"):
            squares = length - 2 * (part @ x.T)
        squares[np.arange(len(part)), np.arange(begin, begin + len(part))] = np.inf
        chosen[begin : begin + block] = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return chosen


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
    squares, best = np.empty(n, points.dtype), np.empty(k, points.dtype)
    for i in range(len(probes)):
        p = probes[i]
        for j in range(n):
            dx, dy, dz = x[j] - x[p], y[j] - y[p], z[j] - z[p]
            squares[j] = dx * dx + dy * dy + dz * dz
        _smallest(squares, 0, p, best, chosen[i], 0)


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
