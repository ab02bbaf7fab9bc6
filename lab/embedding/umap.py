"""UMAP: a fuzzy graph of neighbours, laid out by sampled attraction and repulsion, one epoch at a time.

Each point's neighbours get weights exp(-(d - rho)/sigma) with the sum of weights log2(k); both directions are joined by the
probabilistic sum w + w' - w w'. The layout lowers the cross-entropy between these weights and 1 / (1 + a d^(2b)), drawing
each edge in proportion to its weight and a few random points against it (McInnes, Healy, Melville 2018, algorithms 3 to 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.embedding.neighbours import nearest_neighbours
from lab.embedding.pca import principal_components
from lab.errors import LabError
from lab.kernels import exp, kernel, log, next_bits

_HIGH = np.uint64(32)


@dataclass(frozen=True)
class FuzzyGraph:
    """Symmetric weighted edges: heads, tails (E,) int32 and how often each is drawn, weights / largest (E,) float32."""

    heads: np.ndarray
    tails: np.ndarray
    shares: np.ndarray
    points: int


def memberships(distance: np.ndarray, target: float) -> np.ndarray:
    """Weights exp(-(d - rho) / sigma), (n, k), of which each row sums to `target`; rho is the least distance that is not zero."""
    rho = np.where(distance > 0, distance, np.inf).min(1)
    beyond = np.maximum(distance - np.where(np.isfinite(rho), rho, 0)[:, None], 0)
    scale = np.maximum(beyond.mean(1), 1e-300)
    sigma, low, high = scale.copy(), np.zeros(len(scale)), np.full(len(scale), np.inf)
    for _ in range(60):
        error = np.exp(-beyond / sigma[:, None]).sum(1) - target
        if np.abs(error).max() < 1e-7:
            break
        low, high = np.where(error > 0, low, sigma), np.where(error > 0, sigma, high)
        sigma = np.where(np.isfinite(high), (low + high) / 2, 2 * sigma)
        # A neighbourhood of equal distances would let sigma vanish (or, where rows are short, grow without end).
        sigma = np.clip(sigma, np.maximum(1e-3 * distance.mean(1), 1e-300), 1e6 * scale)
    return np.exp(-beyond / sigma[:, None])


def fuzzy_graph(points: np.ndarray, neighbours: int, epochs: int) -> FuzzyGraph:
    """The graph of the nearest neighbours, edges that would never be drawn in `epochs` left out.

    `neighbours` counts the point itself, as the published program does.
    """
    from scipy.sparse import csr_array

    n = len(points)
    k = neighbours - 1
    if k >= n:
        raise LabError(f"UMAP.neighbours: must be at most {n} for {n} points (got {neighbours}).")
    near, distance = nearest_neighbours(points, k)
    weights = memberships(distance, np.log2(neighbours))
    one = csr_array((weights.ravel(), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    other = one.T.tocsr()
    joined = (one + other - one.multiply(other)).tocoo()
    largest = joined.data.max()
    kept = joined.data >= largest / epochs
    heads, tails = (np.asarray(c)[kept].astype(np.int32) for c in joined.coords)
    return FuzzyGraph(heads, tails, (joined.data[kept] / largest).astype(np.float32), n)


def curve(spread: float, least: float) -> tuple[float, float]:
    """a and b so that 1 / (1 + a d^(2b)) is nearest to 1 within `least` and exp(-(d - least)/spread) beyond."""
    from scipy.optimize import curve_fit

    d = np.linspace(0, 3 * spread, 300)
    wanted = np.where(d < least, 1.0, np.exp(-(d - least) / spread))
    with np.errstate(all="ignore"):
        (a, b), _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), d, wanted, p0=(1.0, 1.0))
    return float(a), float(b)


def spectral_layout(graph: FuzzyGraph, dimensions: int, points: np.ndarray) -> np.ndarray:
    """Eigenvectors of the graph's normalised Laplacian; principal components where the graph falls into parts."""
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import ArpackError, eigsh

    n = graph.points
    matrix = coo_array((graph.shares.astype(float), (graph.heads, graph.tails)), shape=(n, n)).tocsr()
    if n > dimensions + 2 and connected_components(matrix, directed=False)[0] == 1:
        scale = diags_array(1 / np.sqrt(np.maximum(matrix.sum(1), 1e-12)))
        try:
            # The largest eigenvectors of D^-1/2 W D^-1/2 are the smallest of the Laplacian; the first is trivial.
            values, found = eigsh(scale @ matrix @ scale, k=dimensions + 1, which="LA", v0=np.ones(n), tol=1e-4, maxiter=5 * n)
            found = found[:, np.argsort(-values)][:, 1 : dimensions + 1]
            return found * np.where(np.take_along_axis(found, np.abs(found).argmax(0)[None], 0) < 0, -1.0, 1.0)
        except ArpackError:
            pass
    return principal_components(points, dimensions)[0]


def start_layout(layout: np.ndarray, seed: int) -> np.ndarray:
    """A first map stretched to 0..10 in each direction, with a little noise so that no two points coincide."""
    layout = layout + 1e-4 * np.abs(layout).max() * np.random.default_rng([seed, 3]).standard_normal(layout.shape)
    low, high = layout.min(0), layout.max(0)
    return 10 * (layout - low) / np.where(high > low, high - low, 1)


@kernel(inline=True)
def _clip(x):
    return 4.0 if x > 4.0 else (-4.0 if x < -4.0 else x)


@kernel
def epoch(heads, tails, shares, y, s, number, rate, a, b, negatives, repulsion):
    """One pass over the edges in place: edge e is drawn when number x shares[e] passes a whole number.

    y (n, 2 or 3) float64; s random state; number counts epochs from 0.
    """
    n, dimensions = y.shape
    difference = np.empty(3)
    for e in range(len(heads)):
        w = shares[e]
        if np.int64(w * (number + 1)) == np.int64(w * number):
            continue
        i, j = heads[e], tails[e]
        square = 0.0
        for c in range(dimensions):
            difference[c] = y[i, c] - y[j, c]
            square += difference[c] * difference[c]
        if square > 0:
            power = exp(b * log(square))
            g = -2.0 * a * b * power / (square * (1.0 + a * power))
            for c in range(dimensions):
                move = _clip(g * difference[c]) * rate
                y[i, c] += move
                y[j, c] -= move
        for _ in range(negatives):
            j = np.int64(((next_bits(s) >> _HIGH) * np.uint64(n)) >> _HIGH)
            if j == i:
                continue
            square = 0.0
            for c in range(dimensions):
                difference[c] = y[i, c] - y[j, c]
                square += difference[c] * difference[c]
            if square > 0:
                g = 2.0 * repulsion * b / ((0.001 + square) * (1.0 + a * exp(b * log(square))))
                for c in range(dimensions):
                    y[i, c] += _clip(g * difference[c]) * rate
