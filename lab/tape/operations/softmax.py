"""Softmax and log-softmax over the last axis, with a causal mask for attention."""

from __future__ import annotations

import math

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.elementary import exp_in, largest
from lab.tape.listing import Listing, Node
from lab.tape.registry import DOUT, DX, FRESH, INTS, OUT, SIZE, X, case, opcode, operation


@kernel
def softmax_forward(a, r, f, n, train, random):
    # In three passes, so that the exponentials of all rows, of masked values too, are one long loop.
    width = r[INTS]
    rows = n * r[SIZE] // width
    whole = a[r[OUT] : r[OUT] + rows * width]
    for s in range(rows):
        # With a mask, position i of a square of scores sees the positions 0 to i.
        seen = s % r[INTS + 1] + 1 if r[INTS + 1] else width
        x, y = a[r[X] + s * width : r[X] + (s + 1) * width], whole[s * width : (s + 1) * width]
        top = largest(x[:seen])
        for i in range(width):
            y[i] = x[i] - top
    exp_in(whole)
    for s in range(rows):
        seen = s % r[INTS + 1] + 1 if r[INTS + 1] else width
        y = whole[s * width : (s + 1) * width]
        total = a.dtype.type(0)
        for i in range(seen):
            total += y[i]
        share = a.dtype.type(1) / total
        for i in range(seen):
            y[i] *= share
        for i in range(seen, width):
            y[i] = 0


@kernel
def softmax_backward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n * r[SIZE] // width):
        y, dy = a[r[OUT] + s * width : r[OUT] + (s + 1) * width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
        dx = a[r[DX] + s * width : r[DX] + (s + 1) * width]
        total = a.dtype.type(0)
        for i in range(width):
            total += y[i] * dy[i]
        if r[FRESH] & 1:
            for i in range(width):
                dx[i] = y[i] * (dy[i] - total)
        else:
            for i in range(width):
                dx[i] += y[i] * (dy[i] - total)


@kernel
def log_softmax_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n * r[SIZE] // width):
        x, y = a[r[X] + s * width : r[X] + (s + 1) * width], a[r[OUT] + s * width : r[OUT] + (s + 1) * width]
        top = largest(x)
        for i in range(width):
            y[i] = x[i] - top
        exp_in(y)
        total = a.dtype.type(0)
        for i in range(width):
            total += y[i]
        top += a.dtype.type(math.log(total))
        for i in range(width):
            y[i] = x[i] - top


@kernel
def log_softmax_backward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n * r[SIZE] // width):
        y, dy = a[r[OUT] + s * width : r[OUT] + (s + 1) * width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
        dx = a[r[DX] + s * width : r[DX] + (s + 1) * width]
        total = a.dtype.type(0)
        for i in range(width):
            total += dy[i]
        for i in range(width):
            dx[i] += dy[i] - a.dtype.type(math.exp(y[i])) * total


opcode("softmax", softmax_forward, softmax_backward, fresh=True)
opcode("log_softmax", log_softmax_forward, log_softmax_backward)


@operation
def softmax(tape: Listing, x: Node, *, causal: bool = False, name: str | None = None) -> Node:
    """Softmax over the last axis; causal=True lets row i of the last two axes see the columns 0 to i only."""
    name = tape.free_name(name, "softmax")
    tape.expect_axes(name, x, 2 if causal else 1)
    if causal and x.shape[-1] != x.shape[-2]:
        raise ModelError(f"tape: causal softmax '{name}' needs as many rows as columns, but '{x.name}' has the shape {x.shape}.")
    return tape.emit("softmax", [x], x.shape, name=name, ints=(x.shape[-1], x.shape[-1] if causal else 0))


@operation
def log_softmax(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Logarithm of the softmax over the last axis, without overflow."""
    name = tape.free_name(name, "log_softmax")
    tape.expect_axes(name, x, 1)
    return tape.emit("log_softmax", [x], x.shape, name=name, ints=(x.shape[-1],))


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


case("softmax", {"x": (3, 5)}, lambda t, x: t.softmax(x), _softmax)
case("softmax, causal", {"x": (2, 4, 4)}, lambda t, x: t.softmax(x, causal=True),
     lambda x: _softmax(np.where(np.tril(np.ones((4, 4))) > 0, x, -np.inf)))  # fmt: skip
case("log-softmax", {"x": (3, 5)}, lambda t, x: t.log_softmax(x), lambda x: np.log(_softmax(x)))
