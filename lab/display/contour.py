"""A surface on a grid, made smooth, and the line on which it is zero."""

from __future__ import annotations

import numpy as np

FINER = 4


def smoothed(values: np.ndarray) -> np.ndarray:
    """The surface on a grid so many times as fine, with straight lines between the middles of the cells."""
    for axis in (0, 1):
        count = values.shape[axis]
        at = np.clip((np.arange(FINER * count) + 0.5) / FINER - 0.5, 0, count - 1)
        low = np.minimum(at.astype(int), max(0, count - 2))
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        values = values.take(low, axis) * (1 - share) + values.take(np.minimum(low + 1, count - 1), axis) * share
    return values


def zero_line(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y (columns and rows, whole numbers at the middles of cells) of pieces of the line, NaN between them.

    Between four neighbours the line enters and leaves by the sides whose ends differ in sign; where all four sides do (a saddle)
    it is drawn as two pieces.
    """
    v = np.nan_to_num(np.asarray(values, float))
    a, b, c, d = v[:-1, :-1], v[:-1, 1:], v[1:, 1:], v[1:, :-1]  # around each square: corners in order
    rows, columns = np.indices(a.shape)
    sides = []
    for p, q, (i0, j0), (i1, j1) in ((a, b, (0, 0), (0, 1)), (b, c, (0, 1), (1, 1)), (c, d, (1, 1), (1, 0)), (d, a, (1, 0), (0, 0))):
        differ = (p > 0) != (q > 0)
        share = np.divide(p, p - q, out=np.zeros_like(p), where=differ)
        sides.append((differ, columns + j0 + share * (j1 - j0), rows + i0 + share * (i1 - i0)))
    crossed = np.stack([side[0] for side in sides])
    xs, ys = np.stack([side[1] for side in sides]), np.stack([side[2] for side in sides])
    count = crossed.sum(0)
    order = np.argsort(~crossed, axis=0, kind="stable")
    pieces = []
    for first, second, where in ((0, 1, count >= 2), (2, 3, count == 4)):
        i, j = np.nonzero(where)
        k, m = order[first][i, j], order[second][i, j]
        gap = np.full(len(i), np.nan)
        pieces.append((np.stack([xs[k, i, j], xs[m, i, j], gap], 1).ravel(), np.stack([ys[k, i, j], ys[m, i, j], gap], 1).ravel()))
    return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])
