"""A window that slides over a picture: how many places it has, what each reads, the same as a matrix, and pooling of what it says."""

from __future__ import annotations

import numpy as np


def places(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Places of a window along one side: floor((N + 2p - d(F - 1) - 1) / s) + 1; 0 where it does not fit."""
    free = size + 2 * padding - dilation * (kernel - 1) - 1
    return free // stride + 1 if free >= 0 else 0


def read_by(size: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """(places, k) row of the picture that each place reads with each row of the kernel; -1 where that lies outside."""
    at = np.arange(places(size, kernel, stride, padding, dilation))[:, None] * stride + np.arange(kernel) * dilation - padding
    return np.where((at >= 0) & (at < size), at, -1)


def matrix(
    shape: tuple[int, int, int], weights: np.ndarray, stride: int, padding: int, dilation: int, rows: slice = slice(None)
) -> np.ndarray:
    """The same map as a matrix (places, pixels x channels): each row is the kernel, laid where the window is.

    rows  which places (counted along the rows of the map) to make
    """
    height, width, channels = shape
    k = weights.shape[0]
    down, across = (read_by(n, k, stride, padding, dilation) for n in (height, width))
    chosen = np.arange(len(down) * len(across))[rows]
    out = np.zeros((len(chosen), height * width * channels))
    for m in range(k):
        for n in range(k):
            y, x = down[chosen // len(across), m], across[chosen % len(across), n]
            there = (y >= 0) & (x >= 0)
            for c in range(channels):
                out[np.flatnonzero(there), ((y * width + x) * channels + c)[there]] = weights[m, n, c]
    return out


def pooled(values: np.ndarray, how: str) -> np.ndarray:
    """2 x 2 places become one: their largest, or their mean; an odd last row or column is left out."""
    rows, columns = values.shape[0] // 2, values.shape[1] // 2
    if how == "none" or not rows or not columns:
        return values
    four = values[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return four.max((1, 3)) if how == "max" else four.mean((1, 3))
