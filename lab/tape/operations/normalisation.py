"""Batch normalisation (Ioffe and Szegedy 2015) and layer normalisation (Ba, Kiros and Hinton 2016)."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import kernel
from lab.tape.listing import Listing, Node
from lab.tape.registry import AUX, DOUT, DX, DY, DZ, FLOATS, INTS, OUT, SIZE, STATISTICS, X, Y, Z, case, opcode, operation


@kernel
def batch_norm_forward(a, r, f, n, train, random):
    width = r[INTS]
    rows = n * r[SIZE] // width
    x, y = a[r[X] : r[X] + rows * width].reshape((rows, width)), a[r[OUT] : r[OUT] + rows * width].reshape((rows, width))
    gain, bias = a[r[Y] : r[Y] + width], a[r[Z] : r[Z] + width]
    mean, inverse = a[r[AUX] : r[AUX] + width], a[r[AUX] + width : r[AUX] + 2 * width]
    running, running_variance = a[r[STATISTICS] : r[STATISTICS] + width], a[r[STATISTICS] + width : r[STATISTICS] + 2 * width]
    one, keep, epsilon = a.dtype.type(1), a.dtype.type(f[r[FLOATS]]), a.dtype.type(f[r[FLOATS] + 1])
    if train:
        share = one / a.dtype.type(rows)
        mean[:] = 0
        inverse[:] = 0
        for s in range(rows):
            for i in range(width):
                mean[i] += share * x[s, i]
        for s in range(rows):
            for i in range(width):
                inverse[i] += share * (x[s, i] - mean[i]) * (x[s, i] - mean[i])
        unbiased = one if rows < 2 else a.dtype.type(rows / (rows - 1.0))
        for i in range(width):
            running[i] = keep * running[i] + (one - keep) * mean[i]
            running_variance[i] = keep * running_variance[i] + (one - keep) * unbiased * inverse[i]
            inverse[i] = one / math.sqrt(inverse[i] + epsilon)
    else:
        for i in range(width):
            mean[i] = running[i]
            inverse[i] = one / math.sqrt(running_variance[i] + epsilon)
    for s in range(rows):
        for i in range(width):
            y[s, i] = gain[i] * (x[s, i] - mean[i]) * inverse[i] + bias[i]


@kernel
def batch_norm_backward(a, r, f, n, train, random):
    width = r[INTS]
    rows = n * r[SIZE] // width
    x, dy = a[r[X] : r[X] + rows * width].reshape((rows, width)), a[r[DOUT] : r[DOUT] + rows * width].reshape((rows, width))
    gain = a[r[Y] : r[Y] + width]
    mean, inverse = a[r[AUX] : r[AUX] + width], a[r[AUX] + width : r[AUX] + 2 * width]
    sums, products = a[r[AUX] + 2 * width : r[AUX] + 3 * width], a[r[AUX] + 3 * width : r[AUX] + 4 * width]
    sums[:] = 0
    products[:] = 0
    for s in range(rows):
        for i in range(width):
            sums[i] += dy[s, i]
            products[i] += dy[s, i] * (x[s, i] - mean[i]) * inverse[i]
    if r[DY] >= 0:
        for i in range(width):
            a[r[DY] + i] += products[i]
    if r[DZ] >= 0:
        for i in range(width):
            a[r[DZ] + i] += sums[i]
    if r[DX] >= 0:
        dx = a[r[DX] : r[DX] + rows * width].reshape((rows, width))
        # In training the mean and the variance depend on x too; in evaluation they are constants.
        share = a.dtype.type(1.0 / rows if train else 0.0)
        for s in range(rows):
            for i in range(width):
                normal = (x[s, i] - mean[i]) * inverse[i]
                dx[s, i] += gain[i] * inverse[i] * (dy[s, i] - share * (sums[i] + normal * products[i]))


@kernel
def layer_norm_forward(a, r, f, n, train, random):
    width = r[INTS]
    share, one = a.dtype.type(1.0 / width), a.dtype.type(1)
    gain, bias = a[r[Y] : r[Y] + width], a[r[Z] : r[Z] + width]
    for s in range(n * r[SIZE] // width):
        x, y = a[r[X] + s * width : r[X] + (s + 1) * width], a[r[OUT] + s * width : r[OUT] + (s + 1) * width]
        mean, variance = a.dtype.type(0), a.dtype.type(0)
        for i in range(width):
            mean += x[i]
        mean *= share
        for i in range(width):
            variance += (x[i] - mean) * (x[i] - mean)
        inverse = one / math.sqrt(variance * share + a.dtype.type(f[r[FLOATS]]))
        a[r[AUX] + 2 * s] = mean
        a[r[AUX] + 2 * s + 1] = inverse
        for i in range(width):
            y[i] = gain[i] * (x[i] - mean) * inverse + bias[i]


@kernel
def layer_norm_backward(a, r, f, n, train, random):
    width = r[INTS]
    share = a.dtype.type(1.0 / width)
    gain = a[r[Y] : r[Y] + width]
    for s in range(n * r[SIZE] // width):
        x, dy = a[r[X] + s * width : r[X] + (s + 1) * width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
        mean, inverse = a[r[AUX] + 2 * s], a[r[AUX] + 2 * s + 1]
        if r[DY] >= 0:
            dgain = a[r[DY] : r[DY] + width]
            for i in range(width):
                dgain[i] += dy[i] * (x[i] - mean) * inverse
        if r[DZ] >= 0:
            dbias = a[r[DZ] : r[DZ] + width]
            for i in range(width):
                dbias[i] += dy[i]
        if r[DX] >= 0:
            dx = a[r[DX] + s * width : r[DX] + (s + 1) * width]
            total, product = a.dtype.type(0), a.dtype.type(0)
            for i in range(width):
                total += gain[i] * dy[i]
                product += gain[i] * dy[i] * (x[i] - mean) * inverse
            for i in range(width):
                dx[i] += inverse * (gain[i] * dy[i] - share * (total + (x[i] - mean) * inverse * product))


opcode("batch_norm", batch_norm_forward, batch_norm_backward, shared=(1, 2))
opcode("layer_norm", layer_norm_forward, layer_norm_backward, shared=(1, 2))


def _gain_and_bias(tape, name, width):
    return (
        tape.parameter(f"{name}.gain", (width,), init="ones", decay=False),
        tape.parameter(f"{name}.bias", (width,), init="zeros", decay=False),
    )


@operation
def batch_norm(tape: Listing, x: Node, *, keep: float = 0.9, epsilon: float = 1e-5, name: str | None = None) -> Node:
    """(x - mean) / sqrt(variance + epsilon) gain + bias, per entry of the last axis, over the batch and all other axes.

    In training mean and variance are the minibatch's and the gradient flows through them; running values move by 1 - keep
    at each step and serve in evaluation, where a sample's result does not depend on its batch.
    """
    name = tape.free_name(name, "batch_norm")
    tape.expect_axes(name, x, 1)
    width = x.shape[-1]
    gain, bias = _gain_and_bias(tape, name, width)
    running = tape.statistic(f"{name}.running", (2, width), np.stack([np.zeros(width), np.ones(width)]))
    floats = {"keep": (keep, 0.0, 1.0), "epsilon": (epsilon, 0.0, 1.0)}
    return tape.emit(
        "batch_norm", [x, gain, bias], x.shape, name=name, ints=(width,), floats=floats,
        scratch=4 * width, scratch_batched=False, statistics=running, macs=x.size,
    )  # fmt: skip


@operation
def layer_norm(tape: Listing, x: Node, *, epsilon: float = 1e-5, name: str | None = None) -> Node:
    """(x - mean) / sqrt(variance + epsilon) gain + bias over the last axis of each sample."""
    name = tape.free_name(name, "layer_norm")
    tape.expect_axes(name, x, 1)
    width = x.shape[-1]
    gain, bias = _gain_and_bias(tape, name, width)
    return tape.emit(
        "layer_norm", [x, gain, bias], x.shape, name=name, ints=(width,), floats={"epsilon": (epsilon, 0.0, 1.0)},
        scratch=2 * (x.size // width), macs=x.size,
    )  # fmt: skip


def _normalised(x, axes, gain, bias):
    return gain * (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5) + bias


case("batch norm, training", {"x": (2, 3)}, lambda t, x: t.batch_norm(x, name="norm"),
     lambda x, norm_gain, norm_bias, norm_running: _normalised(x, (0, 1), norm_gain, norm_bias), train=True)  # fmt: skip
case("batch norm, evaluation", {"x": (3,)}, lambda t, x: t.batch_norm(x, name="norm"),
     lambda x, norm_gain, norm_bias, norm_running:
         norm_gain * (x - norm_running[0]) / np.sqrt(norm_running[1] + 1e-5) + norm_bias)  # fmt: skip
case("layer norm", {"x": (2, 5)}, lambda t, x: t.layer_norm(x, name="norm"),
     lambda x, norm_gain, norm_bias: _normalised(x, -1, norm_gain, norm_bias))  # fmt: skip
