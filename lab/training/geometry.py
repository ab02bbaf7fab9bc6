"""Shapes on maps and planes: principal planes, lattices, tiles, ellipses, contours."""

from __future__ import annotations

import numpy as np

AROUND = 33  # points of an ellipse


def principal(x: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and the first `count` principal directions (count, features) of rows."""
    mean = x.mean(0, dtype=float)
    return mean, np.linalg.svd(x - mean, full_matrices=False)[2][:count]


def plane(codes: np.ndarray) -> np.ndarray:
    """Two directions (2, d) in which codes are drawn: the codes themselves if there are two, else the principal ones."""
    if codes.shape[1] <= 2:
        return np.eye(2)[:, : codes.shape[1]]
    directions = principal(codes, 2)[1]
    return directions * np.sign(directions.sum(1, keepdims=True) + 1e-12)


def tiled(pictures: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows * columns, height, width) as one image with gaps between its tiles."""
    _, height, width = pictures.shape
    tiles = np.pad(pictures.reshape(rows, columns, height, width), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]


def lattice(low: tuple[float, float], high: tuple[float, float], side: int) -> np.ndarray:
    """(side^2, 2) places over a rectangle, from the upper left one row by row."""
    x, y = np.meshgrid(np.linspace(low[0], high[0], side), np.linspace(high[1], low[1], side))
    return np.stack([x.ravel(), y.ravel()], 1)


def ellipse(centre: np.ndarray, covariance: np.ndarray, deviations: float = 1.0) -> np.ndarray:
    """(2, points) of the ellipse so many standard deviations around a centre, closed and ended by NaN."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0, 2 * np.pi, AROUND)
    ring = vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * deviations * np.stack([np.cos(angle), np.sin(angle)]))
    return np.column_stack([centre[:, None] + ring, [np.nan, np.nan]])


def contours(values: np.ndarray, x: np.ndarray, y: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(2, n) line segments of the contours of values (rows y, columns x), separated by NaN: marching squares with interpolation."""
    parts = []
    for level in levels:
        d = values - level
        a, b, c, e = d[:-1, :-1], d[:-1, 1:], d[1:, 1:], d[1:, :-1]  # corners: lower left, lower right, upper right, upper left
        left, lower = x[:-1][None, :], y[:-1][:, None]
        dx, dy = x[1] - x[0], y[1] - y[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            edges = [
                (a * b < 0, left + dx * a / (a - b), lower + 0 * left),
                (b * c < 0, left + dx + 0 * lower, lower + dy * b / (b - c)),
                (e * c < 0, left + dx * e / (e - c), lower + dy + 0 * left),
                (a * e < 0, left + 0 * lower, lower + dy * a / (a - e)),
            ]
        hits = np.stack([np.broadcast_to(h, a.shape) for h, _, _ in edges])
        px = np.stack([np.broadcast_to(q, a.shape) for _, q, _ in edges])
        py = np.stack([np.broadcast_to(q, a.shape) for _, _, q in edges])
        for pair in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
            both = hits[pair[0]] & hits[pair[1]] & (hits.sum(0) == 2)
            if both.any():
                xs = np.stack([px[pair[0]][both], px[pair[1]][both], np.full(both.sum(), np.nan)], 1)
                ys = np.stack([py[pair[0]][both], py[pair[1]][both], np.full(both.sum(), np.nan)], 1)
                parts.append(np.array([xs.ravel(), ys.ravel()]))
    return np.concatenate(parts, axis=1) if parts else np.full((2, 1), np.nan)
