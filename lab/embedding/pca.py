"""Principal components of vectors, and the rotation that keeps one frame of a map near another."""

from __future__ import annotations

import numpy as np


def principal_components(matrix: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores (n, count), directions (count, d) and the share of the variance that each explains.

    The sign of a direction is such that its entry of greatest size is positive. Fewer directions than asked for come back as zeros.
    """
    values = np.asarray(matrix, np.float64)
    centred = values - values.mean(0)
    n, d = centred.shape
    small = centred.T @ centred if d <= n else centred @ centred.T
    eigenvalues, eigenvectors = np.linalg.eigh(small)
    order = np.argsort(-eigenvalues, kind="stable")[:count]
    power = np.maximum(eigenvalues[order], 0)
    if d <= n:
        directions = eigenvectors[:, order].T
    else:
        directions = (centred.T @ eigenvectors[:, order]).T / np.sqrt(np.maximum(power, 1e-300))[:, None]
    directions[power <= 1e-14 * max(eigenvalues.max(), 1e-300)] = 0
    if len(directions) < count:
        directions = np.concatenate([directions, np.zeros((count - len(directions), d))])
        power = np.concatenate([power, np.zeros(count - len(power))])
    peaks = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1)
    directions = directions * np.where(peaks < 0, -1.0, 1.0)
    whole = float(np.trace(small))
    return centred @ directions.T, directions, power / whole if whole > 0 else power


def align(points: np.ndarray, reference: np.ndarray, *, scale: bool = False) -> np.ndarray:
    """Points rotated, reflected and shifted (and with `scale` resized) to lie nearest to a reference of the same shape.

    The orthogonal Procrustes problem (Schönemann 1966): R = U V^T of the singular value decomposition of X^T Y.
    Distances within the map stay as they are (times one number with `scale`).
    """
    x, y = np.asarray(points, float), np.asarray(reference, float)
    a, b = x - x.mean(0), y - y.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    size = float((a * a).sum())
    factor = s.sum() / size if scale and size > 0 else 1.0
    return factor * (a @ (u @ vt)) + y.mean(0)
