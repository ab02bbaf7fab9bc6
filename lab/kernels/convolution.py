"""Convolution of pictures: sizes, the map of a kernel, the same as a matrix, pooling."""

from __future__ import annotations

import numpy as np

from lab.kernels.compiler import kernel


@kernel
def correlate(padded, weights, bias, stride, dilation, out):
    # padded (C, P, Q), weights (C, k, k), out (O, R): each row of `out` is a sum of shifted rows, which the processor adds many at a time.
    for i in range(out.shape[0]):
        out[i, :] = bias
        for c in range(weights.shape[0]):
            for m in range(weights.shape[1]):
                row = padded[c, i * stride + m * dilation]
                for n in range(weights.shape[2]):
                    w = weights[c, m, n]
                    first = n * dilation
                    for j in range(out.shape[1]):
                        out[i, j] += w * row[first + j * stride]


def places(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Places of a window along one side: floor((N + 2p - d(F - 1) - 1) / s) + 1; 0 where it does not fit."""
    free = size + 2 * padding - dilation * (kernel - 1) - 1
    return free // stride + 1 if free >= 0 else 0


def convolve(
    picture: np.ndarray, weights: np.ndarray, bias: float = 0.0, stride: int = 1, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """The map (O, R) of one kernel: S(i, j) = b + sum_mnc X(s i + d m - p, s j + d n - p, c) K(m, n, c).

    picture  (rows, columns, channels); zero outside
    weights  (k, k, channels), as they are laid over the window: not flipped
    """
    X = np.zeros((picture.shape[2], picture.shape[0] + 2 * padding, picture.shape[1] + 2 * padding))
    X[:, padding : padding + picture.shape[0], padding : padding + picture.shape[1]] = picture.transpose(2, 0, 1)
    k = weights.shape[0]
    out = np.empty(tuple(places(n, k, stride, padding, dilation) for n in picture.shape[:2]))
    correlate(X, np.ascontiguousarray(weights.transpose(2, 0, 1), float), float(bias), stride, dilation, out)
    return out


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
