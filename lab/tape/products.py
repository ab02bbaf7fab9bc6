"""Matrix products inside the arena: plain loops for small ones, BLAS for large ones, chosen by measured size."""

from __future__ import annotations

import numpy as np

from lab.kernels import Laid, kernel, multiply_add

# Multiply-adds from which a call to BLAS (0.5 us) wins over the plain loops, measured on shapes from (10, 2, 8) to (64, 784, 256).
LARGE = 1000
# Sums so long BLAS makes in one piece, so that it adds them to what is there as a pass of one's own would; a vector it sums otherwise.
SHORT = 256


@kernel
def product(a, x, w, y, n, k, m, fresh):
    """Y = X W (fresh) or Y += X W, with X (n, k), W (k, m) and Y (n, m) row by row at offsets x, w and y."""
    X = a[x : x + n * k].reshape((n, k))
    W = a[w : w + k * m].reshape((k, m))
    Y = a[y : y + n * m].reshape((n, m))
    if n * k * m >= LARGE:
        if not fresh and k <= SHORT and min(n, m) > 1:
            multiply_add(a, Laid(x, k, 0), Laid(w, m, 0), Laid(y, m, 0), n, k, m, 1)
            return
        T = Y if fresh else np.empty_like(Y)
        np.dot(X, W, T)
        if not fresh:
            for i in range(n):
                for j in range(m):
                    Y[i, j] += T[i, j]
        return
    for i in range(n):
        if fresh:
            for j in range(m):
                Y[i, j] = 0
        for p in range(k):
            s = X[i, p]
            for j in range(m):
                Y[i, j] += s * W[p, j]


@kernel
def product_right(a, x, w, y, n, k, m, fresh):
    """Y = X W^T (fresh) or Y += X W^T, with X (n, k), W (m, k) and Y (n, m)."""
    X = a[x : x + n * k].reshape((n, k))
    W = a[w : w + m * k].reshape((m, k))
    Y = a[y : y + n * m].reshape((n, m))
    if n * k * m >= LARGE:
        if not fresh and k <= SHORT and min(n, m) > 1:
            multiply_add(a, Laid(x, k, 0), Laid(w, k, 1), Laid(y, m, 0), n, k, m, 1)
            return
        T = Y if fresh else np.empty_like(Y)
        np.dot(X, W.T, T)
        if not fresh:
            for i in range(n):
                for j in range(m):
                    Y[i, j] += T[i, j]
        return
    for i in range(n):
        for j in range(m):
            s = X[i, 0] * W[j, 0]
            for p in range(1, k):
                s += X[i, p] * W[j, p]
            if fresh:
                Y[i, j] = s
            else:
                Y[i, j] += s


@kernel
def product_left(a, x, w, y, n, k, m, fresh):
    """Y = X^T W (fresh) or Y += X^T W, with X (n, k), W (n, m) and Y (k, m)."""
    X = a[x : x + n * k].reshape((n, k))
    W = a[w : w + n * m].reshape((n, m))
    Y = a[y : y + k * m].reshape((k, m))
    if n * k * m >= LARGE:
        if not fresh and n <= SHORT and min(k, m) > 1:
            multiply_add(a, Laid(x, k, 1), Laid(w, m, 0), Laid(y, m, 0), k, n, m, 1)
            return
        T = Y if fresh else np.empty_like(Y)
        np.dot(X.T, W, T)
        if not fresh:
            for p in range(k):
                for j in range(m):
                    Y[p, j] += T[p, j]
        return
    if fresh:
        for p in range(k):
            for j in range(m):
                Y[p, j] = 0
    for i in range(n):
        for p in range(k):
            s = X[i, p]
            for j in range(m):
                Y[p, j] += s * W[i, j]


@kernel
def product_apart(a, x, w, y, n, k, m, add):
    """Y = X W, or Y += X W where `add` is not 0, of matrices whose rows lie apart, each a `Laid`; X and W may be turned."""
    if n * k * m >= LARGE:
        multiply_add(a, x, w, y, n, k, m, add)
        return
    down, along = (1, x.apart) if x.turned else (x.apart, 1)
    below, beside = (1, w.apart) if w.turned else (w.apart, 1)
    for i in range(n):
        out = a[y.start + i * y.apart : y.start + i * y.apart + m]
        for j in range(m):
            s = a[x.start + i * down] * a[w.start + j * beside]
            for p in range(1, k):
                s += a[x.start + i * down + p * along] * a[w.start + p * below + j * beside]
            out[j] = out[j] + s if add else s


@kernel
def product_left_part(a, x, w, y, n, k, m, fresh, start, stop):
    """Rows start to stop of `product_left` (start below 0: all of them)."""
    if start < 0:
        product_left(a, x, w, y, n, k, m, fresh)
    else:
        product_apart(a, Laid(x + start, k, 1), Laid(w, m, 0), Laid(y + start * m, m, 0), stop - start, n, m, 0 if fresh else 1)
