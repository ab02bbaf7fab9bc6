"""t-SNE: exact, or with repulsion by a tree of cells or by interpolation on a grid, one iteration at a time.

Neighbours attract by p_ij, the symmetric Gaussian affinities at a given perplexity; all points repel by the Student kernel:
dC/dy_i = 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2)  (van der Maaten and Hinton 2008, equation 5).
The repulsive sums are convolutions. On a grid they cost a fast Fourier transform instead of n^2 pairs (Linderman et al. 2019);
the exact sums vectorise so well that they win up to a few thousand points. In three dimensions, where a grid would be too large,
many points are summed over a tree (`lab.embedding.barnes_hut`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.embedding.barnes_hut import repel_tree
from lab.embedding.neighbours import nearest_neighbours
from lab.errors import LabError
from lab.kernels import kernel

EARLY = 250  # iterations with exaggerated attraction
GRID_COST = 85.0  # pairs that take as long as one cell of the padded grid: 65 ns against 0.76 ns, measured
NODES = 3  # interpolation points in each box of the grid
FEWEST_BOXES = 50
AUTOMATIC, EXACT, TREE, GRID = REPULSIONS = ("automatic", "exact", "Barnes-Hut", "grid")
THETA = 0.5
TREE_FROM = 15_000  # points in three dimensions from which the tree is faster than all pairs: 0.52 s against 0.74 s at 30,000, measured


@dataclass(frozen=True)
class Affinities:
    """Symmetric sparse p_ij, sum 1, as compressed rows: starts (n + 1,), columns and values (E,)."""

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def conditional(squares: np.ndarray, perplexity: float) -> np.ndarray:
    """Gaussian weights (n, k) of the neighbours, each row with sum 1 and entropy log(perplexity); by bisection of the precision."""
    n = len(squares)
    # Only differences to the nearest matter, and only in units of their size.
    squares = squares - squares[:, :1]
    squares = squares / np.maximum(squares.mean(1, keepdims=True), 1e-300)
    beta, low, high = np.ones(n), np.zeros(n), np.full(n, np.inf)
    for _ in range(60):
        weights = np.exp(-beta[:, None] * squares)
        total = weights.sum(1)
        entropy = np.log(total) + beta * np.einsum("ij,ij->i", weights, squares) / total
        error = entropy - np.log(perplexity)
        if np.abs(error).max() < 1e-8:
            break
        low, high = np.where(error > 0, beta, low), np.where(error > 0, high, beta)
        beta = np.where(np.isfinite(high), (low + high) / 2, 2 * beta)
    return weights / total[:, None]


def affinities(points: np.ndarray, perplexity: float) -> Affinities:
    """p_ij = (p_j|i + p_i|j) / 2n over the 3 x perplexity nearest neighbours."""
    from scipy.sparse import csr_array

    n = len(points)
    k = min(n - 1, int(3 * perplexity))
    if perplexity > k:
        raise LabError(f"t-SNE.perplexity: must be at most {k} for {n} points (got {perplexity:g}).")
    near, distance = nearest_neighbours(points, k)
    weights = conditional(distance * distance, perplexity)
    one = csr_array((weights.ravel(), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    both = (one + one.T).tocsr()
    both.sort_indices()
    return Affinities(both.indptr.astype(np.int64), both.indices.astype(np.int32), (both.data / both.data.sum()).astype(np.float32))


@kernel
def _attract(starts, columns, values, y, force):
    """Attraction of each point by its neighbours, sum_j p_ij (y_i - y_j) / (1 + d^2)."""
    n, dimensions = y.shape
    if dimensions == 2:
        for i in range(n):
            a, b = y[i, 0], y[i, 1]
            fa, fb = 0.0, 0.0
            for e in range(starts[i], starts[i + 1]):
                j = columns[e]
                da, db = a - y[j, 0], b - y[j, 1]
                w = values[e] / (1.0 + da * da + db * db)
                fa += w * da
                fb += w * db
            force[i, 0], force[i, 1] = fa, fb
    else:
        for i in range(n):
            a, b, c = y[i, 0], y[i, 1], y[i, 2]
            fa, fb, fc = 0.0, 0.0, 0.0
            for e in range(starts[i], starts[i + 1]):
                j = columns[e]
                da, db, dc = a - y[j, 0], b - y[j, 1], c - y[j, 2]
                w = values[e] / (1.0 + da * da + db * db + dc * dc)
                fa += w * da
                fb += w * db
                fc += w * dc
            force[i, 0], force[i, 1], force[i, 2] = fa, fb, fc


@kernel
def _repel_exact(y, force):
    """Unnormalised repulsion sum_j (y_i - y_j) / (1 + d^2)^2 of every pair; returns Z = sum_{i != j} 1 / (1 + d^2)."""
    n, dimensions = y.shape
    a, b = np.ascontiguousarray(y[:, 0]), np.ascontiguousarray(y[:, 1])
    z = 0.0
    if dimensions == 2:
        for i in range(n):
            ai, bi = a[i], b[i]
            fa, fb, row = 0.0, 0.0, 0.0
            for j in range(n):
                da, db = ai - a[j], bi - b[j]
                q = 1.0 / (1.0 + da * da + db * db)
                row += q
                q *= q
                fa += q * da
                fb += q * db
            z += row
            force[i, 0], force[i, 1] = fa, fb
    else:
        c = np.ascontiguousarray(y[:, 2])
        for i in range(n):
            ai, bi, ci = a[i], b[i], c[i]
            fa, fb, fc, row = 0.0, 0.0, 0.0, 0.0
            for j in range(n):
                da, db, dc = ai - a[j], bi - b[j], ci - c[j]
                q = 1.0 / (1.0 + da * da + db * db + dc * dc)
                row += q
                q *= q
                fa += q * da
                fb += q * db
                fc += q * dc
            z += row
            force[i, 0], force[i, 1], force[i, 2] = fa, fb, fc
    return z - n


@kernel
def _spread(y, low, width, boxes, place, weight, grid):
    """Charges 1, x, y of every point onto the three nodes by three of its box, by Lagrange's polynomials."""
    half, one = 0.5, 1.0
    for i in range(len(y)):
        for c in range(2):
            t = (y[i, c] - low[c]) / width
            box = min(max(np.int64(t), 0), boxes - 1)
            # Nodes at 1/6, 3/6 and 5/6 of the box; s is the distance from the middle one in node spacings.
            s = 3.0 * (t - box) - 1.5
            place[i, c] = 3 * box
            weight[i, c, 0] = half * s * (s - one)
            weight[i, c, 1] = one - s * s
            weight[i, c, 2] = half * s * (s + one)
        a, b = y[i, 0], y[i, 1]
        for p in range(3):
            row = place[i, 0] + p
            for q in range(3):
                w = weight[i, 0, p] * weight[i, 1, q]
                column = place[i, 1] + q
                grid[0, row, column] += w
                grid[1, row, column] += w * a
                grid[2, row, column] += w * b


@kernel
def _gather(y, place, weight, potential, near, force):
    """Repulsion and Z from the four potentials on the grid; `near` (3, 3) is the first kernel at the smallest distances.

    What a point contributes to its own sum is not quite 1 after two interpolations, and late in a run, when Z is hardly more
    than the number of points, that error would be a large part of Z: it is computed and taken out.
    """
    z = 0.0
    own = np.zeros((2, 3))
    for i in range(len(y)):
        first, charge, alongs, acrosses = 0.0, 0.0, 0.0, 0.0
        for p in range(3):
            row = place[i, 0] + p
            for q in range(3):
                w = weight[i, 0, p] * weight[i, 1, q]
                column = place[i, 1] + q
                first += w * potential[0, row, column]
                charge += w * potential[1, row, column]
                alongs += w * potential[2, row, column]
                acrosses += w * potential[3, row, column]
        for c in range(2):
            w = weight[i, c]
            own[c, 0] = w[0] * w[0] + w[1] * w[1] + w[2] * w[2]
            own[c, 1] = 2.0 * (w[0] * w[1] + w[1] * w[2])
            own[c, 2] = 2.0 * w[0] * w[2]
        for p in range(3):
            for q in range(3):
                first -= own[0, p] * own[1, q] * near[p, q]
        z += first
        force[i, 0] = y[i, 0] * charge - alongs
        force[i, 1] = y[i, 1] * charge - acrosses
    return z


@kernel
def _kernels(step, length, out):
    """Both kernels, 1/(1 + d^2) and its square, on the circle of `length` nodes; even in both directions."""
    one = np.float32(1)
    for i in range(length):
        di = np.float32(min(i, length - i)) * step
        for j in range(length):
            dj = np.float32(min(j, length - j)) * step
            q = one / (one + di * di + dj * dj)
            out[0, i, j] = q
            out[1, i, j] = q * q


def _repel_grid(y: np.ndarray, force: np.ndarray) -> float:
    """Repulsion as in `_repel_exact`, by interpolation on a grid of unit boxes (2-D only)."""
    from scipy import fft

    # The coordinates are charges too: taken from the middle of the map they lose the fewest digits.
    low, high = y.min(0), y.max(0)
    y = y - (low + high) / 2
    low, span = y.min(0), float((high - low).max())
    boxes = max(FEWEST_BOXES, int(np.ceil(span)))
    width = np.float32(max(span, 1e-12) / boxes * (1 + 1e-6))
    nodes = NODES * boxes
    length = fft.next_fast_len(2 * nodes - 1, real=True)
    grid = np.zeros((3, nodes, nodes), np.float32)
    place, weight = np.empty((len(y), 2), np.int64), np.empty((len(y), 2, 3), np.float32)
    _spread(y, low, width, boxes, place, weight, grid)
    kernels = np.empty((2, length, length), np.float32)
    _kernels(np.float32(width / NODES), length, kernels)
    # Even kernels have real transforms; half of the rows of the charges are known to be zero.
    shape = fft.rfft2(kernels).real
    charges = fft.fft(fft.rfft(grid, length, axis=2), length, axis=1)
    filtered = np.empty((4, *charges.shape[1:]), np.complex64)
    filtered[0] = charges[0] * shape[0]
    filtered[1:] = charges * shape[1]
    potential = fft.irfft(fft.ifft(filtered, axis=1)[:, :nodes], length, axis=2)
    return float(_gather(y, place, weight, np.ascontiguousarray(potential[:, :, :nodes]), kernels[0, :3, :3], force))


def _repel(y: np.ndarray, push: np.ndarray, repulsion: str, theta: float) -> float:
    """Repulsion as asked for; `AUTOMATIC` takes what is fastest for so many points: the same map takes the same way on every machine."""
    flat = y.shape[1] == 2
    if repulsion == AUTOMATIC:
        # The grid grows with the map.
        side = 2 * NODES * max(FEWEST_BOXES, float((y.max(0) - y.min(0)).max()))
        repulsion = EXACT if len(y) ** 2 < GRID_COST * side**2 else GRID
        if not flat:
            repulsion = EXACT if len(y) < TREE_FROM else TREE
    if repulsion == TREE:
        return repel_tree(y, push, theta)
    return _repel_grid(y, push) if repulsion == GRID and flat else _repel_exact(y, push)


@kernel
def _descend(y, velocity, gains, pull, push, exaggeration, z, rate, momentum):
    """One step of descent with momentum and a gain for each coordinate (Jacobs 1988), then centre the map."""
    n, dimensions = y.shape
    a, b = 4.0 * exaggeration, 4.0 / z
    for i in range(n):
        for c in range(dimensions):
            gradient = a * pull[i, c] - b * push[i, c]
            gain = gains[i, c]
            gain = gain + 0.2 if (gradient > 0) != (velocity[i, c] > 0) else gain * 0.8
            gain = max(gain, 0.01)
            gains[i, c] = gain
            velocity[i, c] = momentum * velocity[i, c] - rate * gain * gradient
        size = 0.0
        for c in range(dimensions):
            size += velocity[i, c] * velocity[i, c]
        # No point jumps further than 5 at once: a pair that starts in the same place would be thrown off the map.
        if size > 25.0:
            shrink = 5.0 / np.sqrt(size)
            for c in range(dimensions):
                velocity[i, c] *= shrink
        for c in range(dimensions):
            y[i, c] += velocity[i, c]
    for c in range(dimensions):
        total = 0.0
        for i in range(n):
            total += y[i, c]
        middle = total / n
        for i in range(n):
            y[i, c] -= middle


def iterate(
    p: Affinities,
    y: np.ndarray,
    velocity: np.ndarray,
    gains: np.ndarray,
    *,
    exaggeration: float,
    rate: float,
    momentum: float,
    repulsion: str = AUTOMATIC,
    theta: float = THETA,
) -> None:
    """One iteration in place; y, velocity, gains (n, 2 or 3) float64.

    repulsion  one of `REPULSIONS`; in three dimensions there is no grid, and all pairs are taken in its place
    theta      coarseness of the tree, 0 exact
    """
    pull, push = np.empty_like(y), np.empty_like(y)
    _attract(p.starts, p.columns, p.values, y, pull)
    z = _repel(y, push, repulsion, theta)
    _descend(y, velocity, gains, pull, push, exaggeration, max(z, 1e-12), float(rate), float(momentum))


def divergence(p: Affinities, y: np.ndarray) -> float:
    """The cost KL(P || Q) in nats of a map."""
    push = np.empty_like(y)
    z = _repel(y, push, AUTOMATIC, THETA)
    return float(_divergence(p.starts, p.columns, p.values, y, max(z, 1e-12)))


@kernel
def _divergence(starts, columns, values, y, z):
    total = 0.0
    for i in range(len(y)):
        for e in range(starts[i], starts[i + 1]):
            square = 0.0
            for c in range(y.shape[1]):
                d = y[i, c] - y[columns[e], c]
                square += d * d
            w = values[e]
            if w > 0:
                total += w * (np.log(w) + np.log1p(square))
    return total + np.log(z)


def automatic_rate(n: int, exaggeration: float) -> float:
    """Learning rate n / exaggeration, at least 200 (Belkina et al. 2019)."""
    return max(200.0, n / exaggeration)
