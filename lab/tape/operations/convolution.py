"""Convolution and pooling of pictures (height, width, channels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.data.windows import places
from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.listing import Listing, Node
from lab.tape.products import product, product_left, product_right
from lab.tape.registry import AUX, DOUT, DX, DY, DZ, FRESH, INTS, OUT, X, Y, Z, case, opcode, operation

# Integers of these instructions: height, width, channels in, height, width, channels out, kernel height, width, stride, padding.


@kernel
def gather_patches(a, x, columns, r, n):
    """Write the patch under each output pixel as one row of `columns` (zeros outside of the picture)."""
    height, width, depth, rows, cols = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3], r[INTS + 4]
    tall, wide, stride, pad = r[INTS + 6], r[INTS + 7], r[INTS + 8], r[INTS + 9]
    line = wide * depth
    to = columns
    for s in range(n):
        for i in range(rows):
            for j in range(cols):
                left = j * stride - pad
                for u in range(tall):
                    row = i * stride - pad + u
                    here = a[to : to + line]
                    to += line
                    if row < 0 or row >= height:
                        here[:] = 0
                        continue
                    start = x + ((s * height + row) * width + left) * depth
                    if left >= 0 and left + wide <= width:
                        source = a[start : start + line]
                        for k in range(line):
                            here[k] = source[k]
                    else:
                        for v in range(wide):
                            inside = 0 <= left + v < width
                            for c in range(depth):
                                here[v * depth + c] = a[start + v * depth + c] if inside else a.dtype.type(0)


@kernel
def scatter_patches(a, dx, columns, r, n):
    """Add each row of `columns` to the patch it was gathered from."""
    height, width, depth, rows, cols = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3], r[INTS + 4]
    tall, wide, stride, pad = r[INTS + 6], r[INTS + 7], r[INTS + 8], r[INTS + 9]
    line = wide * depth
    source = columns
    for s in range(n):
        for i in range(rows):
            for j in range(cols):
                left = j * stride - pad
                first, last = max(0, -left), min(wide, width - left)
                for u in range(tall):
                    row = i * stride - pad + u
                    if 0 <= row < height and last > first:
                        start = dx + ((s * height + row) * width + left) * depth
                        here, there = a[source + first * depth : source + last * depth], a[start + first * depth : start + last * depth]
                        for k in range(here.size):
                            there[k] += here[k]
                    source += line


@kernel
def conv2d_forward(a, r, f, n, train, random):
    pixels, filters, patch = n * r[INTS + 3] * r[INTS + 4], r[INTS + 5], r[INTS + 6] * r[INTS + 7] * r[INTS + 2]
    gather_patches(a, r[X], r[AUX], r, n)
    product(a, r[AUX], r[Y], r[OUT], pixels, patch, filters, np.int64(1))
    if r[Z] >= 0:
        bias, y = a[r[Z] : r[Z] + filters], a[r[OUT] : r[OUT] + pixels * filters].reshape((pixels, filters))
        for p in range(pixels):
            for c in range(filters):
                y[p, c] += bias[c]


@kernel
def conv2d_backward(a, r, f, n, train, random):
    pixels, filters, patch = n * r[INTS + 3] * r[INTS + 4], r[INTS + 5], r[INTS + 6] * r[INTS + 7] * r[INTS + 2]
    if r[DY] >= 0:
        product_left(a, r[AUX], r[DOUT], r[DY], pixels, patch, filters, r[FRESH] & 2)
    if r[Z] >= 0 and r[DZ] >= 0:
        dbias, dy = a[r[DZ] : r[DZ] + filters], a[r[DOUT] : r[DOUT] + pixels * filters].reshape((pixels, filters))
        if r[FRESH] & 4:
            dbias[:] = 0
        for p in range(pixels):
            for c in range(filters):
                dbias[c] += dy[p, c]
    if r[DX] >= 0:
        if r[FRESH] & 1:
            a[r[DX] : r[DX] + n * r[INTS] * r[INTS + 1] * r[INTS + 2]] = 0
        # The patches have served; their memory takes the gradient of the patches.
        product_right(a, r[DOUT], r[Y], r[AUX], pixels, filters, patch, np.int64(1))
        scatter_patches(a, r[DX], r[AUX], r, n)


@kernel
def max_pool_forward(a, r, f, n, train, random):
    height, width, depth, rows, cols = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3], r[INTS + 4]
    stride, pad = r[INTS + 8], r[INTS + 9]
    for s in range(n):
        for i in range(rows):
            for j in range(cols):
                top, left = i * stride - pad, j * stride - pad
                at = ((s * rows + i) * cols + j) * depth
                y, chosen = a[r[OUT] + at : r[OUT] + at + depth], a[r[AUX] + at : r[AUX] + at + depth]
                fresh = True
                for u in range(max(0, top), min(height, top + r[INTS + 6])):
                    for v in range(max(0, left), min(width, left + r[INTS + 7])):
                        pixel = u * width + v
                        x = a[r[X] + (s * height * width + pixel) * depth : r[X] + (s * height * width + pixel + 1) * depth]
                        for c in range(depth):
                            if fresh or x[c] > y[c] or x[c] != x[c]:  # a NaN must pass, not vanish
                                y[c] = x[c]
                                chosen[c] = pixel
                        fresh = False


@kernel
def max_pool_backward(a, r, f, n, train, random):
    depth, pixels = r[INTS + 2], r[INTS] * r[INTS + 1]
    outputs = r[INTS + 3] * r[INTS + 4]
    for s in range(n):
        for p in range(outputs):
            for c in range(depth):
                at = (s * outputs + p) * depth + c
                a[r[DX] + (s * pixels + int(a[r[AUX] + at])) * depth + c] += a[r[DOUT] + at]


@kernel
def average_pool_forward(a, r, f, n, train, random):
    height, width, depth, rows, cols = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3], r[INTS + 4]
    stride, pad = r[INTS + 8], r[INTS + 9]
    share = a.dtype.type(1.0 / (r[INTS + 6] * r[INTS + 7]))
    for s in range(n):
        for i in range(rows):
            for j in range(cols):
                top, left = i * stride - pad, j * stride - pad
                at = r[OUT] + ((s * rows + i) * cols + j) * depth
                y = a[at : at + depth]
                y[:] = 0
                for u in range(max(0, top), min(height, top + r[INTS + 6])):
                    for v in range(max(0, left), min(width, left + r[INTS + 7])):
                        start = r[X] + ((s * height + u) * width + v) * depth
                        x = a[start : start + depth]
                        for c in range(depth):
                            y[c] += share * x[c]


@kernel
def average_pool_backward(a, r, f, n, train, random):
    height, width, depth, rows, cols = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3], r[INTS + 4]
    stride, pad = r[INTS + 8], r[INTS + 9]
    share = a.dtype.type(1.0 / (r[INTS + 6] * r[INTS + 7]))
    for s in range(n):
        for i in range(rows):
            for j in range(cols):
                top, left = i * stride - pad, j * stride - pad
                at = r[DOUT] + ((s * rows + i) * cols + j) * depth
                dy = a[at : at + depth]
                for u in range(max(0, top), min(height, top + r[INTS + 6])):
                    for v in range(max(0, left), min(width, left + r[INTS + 7])):
                        start = r[DX] + ((s * height + u) * width + v) * depth
                        dx = a[start : start + depth]
                        for c in range(depth):
                            dx[c] += share * dy[c]


opcode("conv2d", conv2d_forward, conv2d_backward, fresh=True, shared=(1, 2))
opcode("max_pool", max_pool_forward, max_pool_backward)
opcode("average_pool", average_pool_forward, average_pool_backward)


def _geometry(tape, kind, name, x, size, stride, padding):
    """Integers of the instruction, without the number of channels out."""
    tape.expect_axes(name, x, 3, 3)
    if size < 1 or stride < 1:
        raise ModelError(f"tape: {kind} '{name}' has size {size} and stride {stride}; both must be at least 1.")
    if padding == "same" and (stride != 1 or size % 2 == 0):
        raise ModelError(f"tape: {kind} '{name}' with padding 'same' needs stride 1 and an odd size (got {stride}, {size}); give a number.")
    pad = (size - 1) // 2 if padding == "same" else 0 if padding == "valid" else int(padding)
    height, width, depth = x.shape
    rows, cols = (places(n, size, stride, pad) for n in (height, width))
    if not 0 <= pad < size or not rows or not cols:
        raise ModelError(
            f"tape: {kind} '{name}' of size {size} with padding {pad} does not fit '{x.name}' of shape {x.shape}; "
            "choose a smaller size, or a padding from 0 to size - 1."
        )
    return [height, width, depth, rows, cols, depth, size, size, stride, pad]


@operation
def conv2d(
    tape: Listing,
    x: Node,
    filters: int | None = None,
    *,
    size: int = 3,
    stride: int = 1,
    padding: int | str = "same",
    weight: Node | None = None,
    bias: bool | Node = True,
    init: Any = "he",
    name: str | None = None,
) -> Node:
    """Cross-correlation of pictures with `filters` kernels of size x size x channels; weight (size, size, channels, filters).

    padding: "same" (stride 1, odd size), "valid" (none) or a number of zero pixels on every side.
    """
    name = tape.free_name(name, "conv2d")
    size = size if weight is None else weight.shape[0]
    ints = _geometry(tape, "conv2d", name, x, size, stride, padding)
    if weight is None:
        if filters is None:
            raise ModelError(f"tape: conv2d '{name}' needs a number of filters or a weight; give one of them.")
        weight = tape.parameter(f"{name}.weight", (size, size, x.shape[2], int(filters)), init=init)
    if len(weight.shape) != 4 or weight.shape[:3] != (size, size, x.shape[2]):
        raise ModelError(
            f"tape: conv2d '{name}' cannot move '{weight.name}' of shape {weight.shape} over '{x.name}' of shape {x.shape}; "
            f"it must have the shape (size, size, {x.shape[2]}, filters)."
        )
    ints[5] = weight.shape[3]
    made = tape.parameter(f"{name}.bias", (ints[5],), init="zeros", decay=False) if bias is True else None
    added = bias if isinstance(bias, Node) else made
    if added is not None and added.shape != (ints[5],):
        raise ModelError(
            f"tape: conv2d '{name}' has {ints[5]} filters, but the bias '{added.name}' has the shape {added.shape}; give it ({ints[5]},)."
        )
    pixels, patch = ints[3] * ints[4], size * size * x.shape[2]
    return tape.emit(
        "conv2d",
        [x, weight, added],
        (ints[3], ints[4], ints[5]),
        name=name,
        ints=ints,
        scratch=pixels * patch,
        macs=pixels * patch * ints[5],
    )


@operation
def max_pool(tape: Listing, x: Node, size: int = 2, *, stride: int | None = None, padding: int | str = 0, name: str | None = None) -> Node:
    """Largest value under each window (stride: the size); the gradient goes to the first of equals."""
    name = tape.free_name(name, "max_pool")
    ints = _geometry(tape, "max_pool", name, x, size, stride or size, padding)
    shape = (ints[3], ints[4], ints[5])
    return tape.emit("max_pool", [x], shape, name=name, ints=ints, scratch=int(np.prod(shape)))


@operation
def average_pool(
    tape: Listing, x: Node, size: int = 2, *, stride: int | None = None, padding: int | str = 0, name: str | None = None
) -> Node:
    """Mean under each window (stride: the size); outside pixels count as 0."""
    name = tape.free_name(name, "average_pool")
    ints = _geometry(tape, "average_pool", name, x, size, stride or size, padding)
    return tape.emit("average_pool", [x], (ints[3], ints[4], ints[5]), name=name, ints=ints)


def _windows(x, size, stride, pad, fill=0.0):
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=fill)
    found = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
    return found[:, ::stride, ::stride]  # samples, rows, columns, channels, size, size


def _convolved(stride, pad):
    return lambda x, c_weight, c_bias: np.einsum("nijcuv,uvcf->nijf", _windows(x, c_weight.shape[0], stride, pad), c_weight) + c_bias


case("conv2d", {"x": (5, 4, 2)}, lambda t, x: t.conv2d(x, 3, name="c"), _convolved(1, 1))
case("conv2d, stride 2, padding 2", {"x": (6, 5, 2)}, lambda t, x: t.conv2d(x, 4, size=3, stride=2, padding=2, name="c"), _convolved(2, 2))
case("conv2d, valid, even size", {"x": (5, 5, 1)}, lambda t, x: t.conv2d(x, 2, size=2, padding="valid", name="c"), _convolved(1, 0))
case("conv2d, two in a row", {"x": (6, 6, 1)}, lambda t, x: t.conv2d(t.tanh(t.conv2d(x, 2, name="c")), 2, name="d"),
     lambda x, c_weight, c_bias, d_weight, d_bias:
         _convolved(1, 1)(np.tanh(_convolved(1, 1)(x, c_weight, c_bias)), d_weight, d_bias))  # fmt: skip
case("max pool", {"x": (6, 5, 2)}, lambda t, x: t.max_pool(x, 2), lambda x: _windows(x, 2, 2, 0).max((-1, -2)), kinks=True)
case("max pool, overlapping, padded", {"x": (5, 5, 2)}, lambda t, x: t.max_pool(x, 3, stride=2, padding=1),
     lambda x: _windows(x, 3, 2, 1, -np.inf).max((-1, -2)), kinks=True)  # fmt: skip
case("average pool", {"x": (6, 5, 2)}, lambda t, x: t.average_pool(x, 2), lambda x: _windows(x, 2, 2, 0).mean((-1, -2)))
case("average pool, overlapping, padded", {"x": (5, 5, 2)}, lambda t, x: t.average_pool(x, 3, stride=2, padding=1),
     lambda x: _windows(x, 3, 2, 1).mean((-1, -2)))  # fmt: skip
