"""Convolution of pictures: the sum under a window, at every place of a map."""

from __future__ import annotations

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
