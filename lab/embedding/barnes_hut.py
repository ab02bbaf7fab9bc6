"""Repulsion of t-SNE by a tree of cells: a cell far enough away acts as one heavy point (Barnes and Hut 1986; van der Maaten 2014).

A cell of side s at the distance d is far enough where s / d < theta. With theta 0 every pair is taken, as the exact sums do; the
usual 0.5 looks at about n log n pairs. It works in three dimensions, where the grid of `lab.embedding.tsne` does not.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import kernel

DEEPEST = 40  # halvings of the map after which points count as one place
ROOM = 5  # cells for each point that are set aside; where they run out, the last cells hold several points


@kernel
def _repel_tree(a, b, c, eights, theta, children, mass, middle, side, force):
    """Unnormalised repulsion and Z of points (a, b, c) over an octree, or a quadtree where c is all zero and `eights` false.

    children (m, 8) int32, 0 for none;  mass (m,) points in a cell;  middle (m, 3) their sum, then their mean;  side (m,) its square.
    """
    n, most = len(a), len(mass)
    low = min(a.min(), b.min(), c.min())
    width = max(a.max(), b.max(), c.max()) - low
    half = 0.5 * width * (1.0 + 1e-9) + 1e-300
    leaf = np.zeros(most, np.bool_)
    cells = 1
    leaf[0] = True
    side[0] = 4.0 * half * half
    for i in range(n):
        node, depth, h = 0, 0, half
        x, y, z = low + half, low + half, low + half
        while True:
            if leaf[node] and (mass[node] == 0.0 or depth == DEEPEST or cells + 2 > most):
                mass[node] += 1.0
                middle[node, 0] += a[i]
                middle[node, 1] += b[i]
                middle[node, 2] += c[i]
                break
            if leaf[node]:
                # Two places in one cell: what it held goes one cell down.
                m = mass[node]
                k = int(middle[node, 0] > m * x) + 2 * int(middle[node, 1] > m * y) + (4 * int(middle[node, 2] > m * z) if eights else 0)
                children[node, k] = cells
                leaf[node], leaf[cells] = False, True
                mass[cells] = m
                middle[cells] = middle[node]
                side[cells] = 0.25 * side[node]
                cells += 1
            mass[node] += 1.0
            middle[node, 0] += a[i]
            middle[node, 1] += b[i]
            middle[node, 2] += c[i]
            k = int(a[i] > x) + 2 * int(b[i] > y) + (4 * int(c[i] > z) if eights else 0)
            if children[node, k] == 0:
                children[node, k] = cells
                leaf[cells] = True
                side[cells] = 0.25 * side[node]
                cells += 1
            h *= 0.5
            x += h if a[i] > x else -h
            y += h if b[i] > y else -h
            if eights:
                z += h if c[i] > z else -h
            node = children[node, k]
            depth += 1
    for node in range(cells):
        if mass[node] > 0.0:
            middle[node] /= mass[node]
    stack = np.empty(8 * DEEPEST + 16, np.int32)
    near = theta * theta
    total = 0.0
    for i in range(n):
        fa, fb, fc, row = 0.0, 0.0, 0.0, 0.0
        stack[0], top = 0, 1
        while top > 0:
            top -= 1
            node = stack[top]
            da, db, dc = a[i] - middle[node, 0], b[i] - middle[node, 1], c[i] - middle[node, 2]
            square = da * da + db * db + dc * dc
            if leaf[node] or side[node] < near * square:
                q = 1.0 / (1.0 + square)
                w = mass[node] * q
                row += w
                w *= q
                fa += w * da
                fb += w * db
                fc += w * dc
            else:
                for k in range(8 if eights else 4):
                    if children[node, k] > 0:
                        stack[top] = children[node, k]
                        top += 1
        total += row
        force[i, 0], force[i, 1] = fa, fb
        if eights:
            force[i, 2] = fc
    return total - n


def repel_tree(y: np.ndarray, force: np.ndarray, theta: float) -> float:
    """Repulsion (n, 2 or 3) of a map into `force`; returns Z. `theta` from 0 (exact) to 1 (coarse)."""
    n, dimensions = y.shape
    most = ROOM * n + 64
    a, b = np.ascontiguousarray(y[:, 0], np.float64), np.ascontiguousarray(y[:, 1], np.float64)
    # In the plane the third coordinate lies in the middle of the others, so that it widens nothing.
    c = np.ascontiguousarray(y[:, 2], np.float64) if dimensions > 2 else np.full(n, float(a.mean()))
    children, mass = np.zeros((most, 8), np.int32), np.zeros(most)
    return float(_repel_tree(a, b, c, dimensions > 2, float(theta), children, mass, np.zeros((most, 3)), np.zeros(most), force))
