"""Sums, products, scaling and reductions of values."""

from __future__ import annotations

import math

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.listing import Listing, Node
from lab.tape.registry import DOUT, DX, DY, FLOATS, INTS, OUT, SIZE, X, Y, case, opcode, operation


@kernel
def _loops(r, n):
    """(samples, outer, period, repeats) of a broadcast: x[s, o, p, q] meets y[s, p], or y[p] where y has no batch axis."""
    outer, period, repeats = r[INTS], r[INTS + 1], r[INTS + 2]
    if not r[INTS + 3]:
        return 1, n * outer, period, repeats
    if outer == 1:
        return 1, 1, n * period, repeats
    return n, outer, period, repeats


@kernel
def add_forward(a, r, f, n, train, random):
    samples, outer, period, repeats = _loops(r, n)
    sign = a.dtype.type(r[INTS + 4])
    block = period * repeats
    for s in range(samples):
        y = a[r[Y] + s * period : r[Y] + (s + 1) * period]
        for o in range(s * outer, (s + 1) * outer):
            x, out = a[r[X] + o * block : r[X] + (o + 1) * block], a[r[OUT] + o * block : r[OUT] + (o + 1) * block]
            if repeats == 1:
                for p in range(period):
                    out[p] = x[p] + sign * y[p]
            else:
                for p in range(period):
                    for q in range(p * repeats, (p + 1) * repeats):
                        out[q] = x[q] + sign * y[p]


@kernel
def add_backward(a, r, f, n, train, random):
    samples, outer, period, repeats = _loops(r, n)
    sign = a.dtype.type(r[INTS + 4])
    block = period * repeats
    if r[DX] >= 0:
        dx, dout = a[r[DX] : r[DX] + n * r[SIZE]], a[r[DOUT] : r[DOUT] + n * r[SIZE]]
        for i in range(dx.size):
            dx[i] += dout[i]
    if r[DY] >= 0:
        for s in range(samples):
            dy = a[r[DY] + s * period : r[DY] + (s + 1) * period]
            for o in range(s * outer, (s + 1) * outer):
                dout = a[r[DOUT] + o * block : r[DOUT] + (o + 1) * block]
                if repeats == 1:
                    for p in range(period):
                        dy[p] += sign * dout[p]
                else:
                    for p in range(period):
                        for q in range(p * repeats, (p + 1) * repeats):
                            dy[p] += sign * dout[q]


@kernel
def multiply_forward(a, r, f, n, train, random):
    samples, outer, period, repeats = _loops(r, n)
    block = period * repeats
    for s in range(samples):
        y = a[r[Y] + s * period : r[Y] + (s + 1) * period]
        for o in range(s * outer, (s + 1) * outer):
            x, out = a[r[X] + o * block : r[X] + (o + 1) * block], a[r[OUT] + o * block : r[OUT] + (o + 1) * block]
            if repeats == 1:
                for p in range(period):
                    out[p] = x[p] * y[p]
            else:
                for p in range(period):
                    for q in range(p * repeats, (p + 1) * repeats):
                        out[q] = x[q] * y[p]


@kernel
def multiply_backward(a, r, f, n, train, random):
    samples, outer, period, repeats = _loops(r, n)
    block = period * repeats
    for s in range(samples):
        y = a[r[Y] + s * period : r[Y] + (s + 1) * period]
        for o in range(s * outer, (s + 1) * outer):
            dout = a[r[DOUT] + o * block : r[DOUT] + (o + 1) * block]
            if r[DX] >= 0:
                dx = a[r[DX] + o * block : r[DX] + (o + 1) * block]
                for p in range(period):
                    for q in range(p * repeats, (p + 1) * repeats):
                        dx[q] += dout[q] * y[p]
            if r[DY] >= 0:
                dy = a[r[DY] + s * period : r[DY] + (s + 1) * period]
                x = a[r[X] + o * block : r[X] + (o + 1) * block]
                for p in range(period):
                    for q in range(p * repeats, (p + 1) * repeats):
                        dy[p] += dout[q] * x[q]


@kernel
def scale_forward(a, r, f, n, train, random):
    x, y = a[r[X] : r[X] + n * r[SIZE]], a[r[OUT] : r[OUT] + n * r[SIZE]]
    factor, offset = a.dtype.type(f[r[FLOATS]]), a.dtype.type(f[r[FLOATS] + 1])
    for i in range(x.size):
        y[i] = factor * x[i] + offset


@kernel
def scale_backward(a, r, f, n, train, random):
    dx, dy = a[r[DX] : r[DX] + n * r[SIZE]], a[r[DOUT] : r[DOUT] + n * r[SIZE]]
    factor = a.dtype.type(f[r[FLOATS]])
    for i in range(dx.size):
        dx[i] += factor * dy[i]


@kernel
def sum_forward(a, r, f, n, train, random):
    axis, inner = r[INTS], r[INTS + 1]
    factor = a.dtype.type(1.0 / axis if r[INTS + 2] else 1.0)
    for o in range(n * (r[SIZE] // inner)):
        x = a[r[X] + o * axis * inner : r[X] + (o + 1) * axis * inner]
        if inner == 1:
            total = a.dtype.type(0)
            for k in range(axis):
                total += x[k]
            a[r[OUT] + o] = factor * total
        else:
            y = a[r[OUT] + o * inner : r[OUT] + (o + 1) * inner]
            for i in range(inner):
                y[i] = 0
            for k in range(axis):
                for i in range(inner):
                    y[i] += factor * x[k * inner + i]


@kernel
def sum_backward(a, r, f, n, train, random):
    axis, inner = r[INTS], r[INTS + 1]
    factor = a.dtype.type(1.0 / axis if r[INTS + 2] else 1.0)
    for o in range(n * (r[SIZE] // inner)):
        dx = a[r[DX] + o * axis * inner : r[DX] + (o + 1) * axis * inner]
        if inner == 1:
            share = factor * a[r[DOUT] + o]
            for k in range(axis):
                dx[k] += share
        else:
            dy = a[r[DOUT] + o * inner : r[DOUT] + (o + 1) * inner]
            for k in range(axis):
                for i in range(inner):
                    dx[k * inner + i] += factor * dy[i]


opcode("add", add_forward, add_backward, either=(1,))
opcode("multiply", multiply_forward, multiply_backward, either=(1,))
opcode("scale", scale_forward, scale_backward)
opcode("sum", sum_forward, sum_backward)


def _broadcast(kind, name, x, y):
    """Integers of `_loops` for y against x, after NumPy's rule; only ones on either side of a common middle are allowed."""
    padded = (1,) * (len(x.shape) - len(y.shape)) + y.shape
    solid = [k for k, size in enumerate(padded) if size != 1]
    first, end = (solid[0], solid[-1] + 1) if solid else (len(padded), len(padded))
    if len(padded) != len(x.shape) or padded[first:end] != x.shape[first:end] or (y.batched and not x.batched):
        raise ModelError(
            f"tape: {kind} '{name}' cannot combine '{x.name}' of shape {x.shape} with '{y.name}' of shape {y.shape}; give them one shape, "
            "or the second a shape that fits the first with ones in front or behind."
        )
    return math.prod(x.shape[:first]), math.prod(x.shape[first:end]), math.prod(x.shape[end:]), int(y.batched)


def _swap(x, y):
    """Whether y is the larger of the two (or has more axes), so that they change places."""
    return (y.batched and not x.batched) or (y.batched == x.batched and (y.size, len(y.shape)) > (x.size, len(x.shape)))


@operation
def add(tape: Listing, x: Node, y: Node, *, name: str | None = None) -> Node:
    """Sum of two values; the smaller is repeated along axes of 1 (NumPy's rule)."""
    name = tape.free_name(name, "add")
    x, y = (y, x) if _swap(x, y) else (x, y)
    return tape.emit("add", [x, y], x.shape, name=name, ints=(*_broadcast("add", name, x, y), 1))


@operation
def subtract(tape: Listing, x: Node, y: Node, *, name: str | None = None) -> Node:
    """Difference x - y; the smaller is repeated along axes of 1."""
    name = tape.free_name(name, "subtract")
    if _swap(x, y):
        return add(tape, scale(tape, y, -1.0), x, name=name)
    return tape.emit("add", [x, y], x.shape, name=name, ints=(*_broadcast("subtract", name, x, y), -1))


@operation
def multiply(tape: Listing, x: Node, y: Node, *, name: str | None = None) -> Node:
    """Product value by value; the smaller is repeated along axes of 1."""
    name = tape.free_name(name, "multiply")
    x, y = (y, x) if _swap(x, y) else (x, y)
    return tape.emit("multiply", [x, y], x.shape, name=name, ints=_broadcast("multiply", name, x, y))


@operation
def scale(tape: Listing, x: Node, factor: float = 1.0, offset: float = 0.0, *, name: str | None = None) -> Node:
    """factor x + offset; both are live (`<name>.factor`, `<name>.offset`)."""
    limit = float("inf")
    floats = {"factor": (float(factor), -limit, limit), "offset": (float(offset), -limit, limit)}
    return tape.emit("scale", [x], x.shape, name=name, floats=floats)


@operation
def shift(tape: Listing, x: Node, offset: float, *, name: str | None = None) -> Node:
    """x + offset, a live number."""
    return scale(tape, x, 1.0, offset, name=tape.free_name(name, "shift"))


def _reduce(tape, kind, x, axis, keep, name):
    name = tape.free_name(name, kind)
    if axis is None:
        count, inner, shape = x.size, 1, (1,) * len(x.shape) if keep else ()
    else:
        if not -len(x.shape) <= axis < len(x.shape):
            raise ModelError(f"tape: {kind} '{name}' over axis {axis} of '{x.name}', which has the shape {x.shape}; choose an axis it has.")
        axis %= len(x.shape)
        count, inner = x.shape[axis], math.prod(x.shape[axis + 1 :])
        shape = (*x.shape[:axis], *((1,) if keep else ()), *x.shape[axis + 1 :])
    return tape.emit("sum", [x], shape, name=name, ints=(count, inner, int(kind == "mean")))


@operation
def sum(tape: Listing, x: Node, axis: int | None = None, *, keep: bool = False, name: str | None = None) -> Node:
    """Sum over an axis of a sample, or over all its values; keep=True leaves an axis of 1."""
    return _reduce(tape, "sum", x, axis, keep, name)


@operation
def mean(tape: Listing, x: Node, axis: int | None = None, *, keep: bool = False, name: str | None = None) -> Node:
    """Mean over an axis of a sample, or over all its values; keep=True leaves an axis of 1."""
    return _reduce(tape, "mean", x, axis, keep, name)


_TWO = {"x": (3, 4), "y": (3, 4)}
case("add", _TWO, lambda t, x, y: t.add(x, y), lambda x, y: x + y)
case("add, the same value twice", {"x": (4,)}, lambda t, x: t.add(x, x), lambda x: x + x)
case("subtract", _TWO, lambda t, x, y: t.subtract(x, y), lambda x, y: x - y)
case("subtract, the larger one", {"x": (4,), "y": (3, 4)}, lambda t, x, y: t.subtract(x, y), lambda x, y: x[:, None] - y)
case("add a parameter", {"x": (3, 4)}, lambda t, x: t.add(x, t.parameter("p", (3, 4))), lambda x, p: x + p)
case("add a row", {"x": (3, 4)}, lambda t, x: t.subtract(x, t.parameter("p", (4,), "zeros")), lambda x, p: x - p)
case("add a column per sample", {"x": (3, 4), "y": (3, 1)}, lambda t, x, y: t.add(x, y), lambda x, y: x + y)
case("add a row per sample", {"x": (3, 4), "y": (4,)}, lambda t, x, y: t.add(x, y), lambda x, y: x + y[:, None])
case("subtract, one axis more", {"x": (4,), "y": (1, 4)}, lambda t, x, y: t.subtract(x, y), lambda x, y: x[:, None] - y)
case("multiply", _TWO, lambda t, x, y: t.multiply(x, y), lambda x, y: x * y)
case("multiply, a square", {"x": (4,)}, lambda t, x: t.multiply(x, x), lambda x: x * x)
case("multiply a parameter", {"x": (3, 4)}, lambda t, x: t.multiply(x, t.parameter("p", (3, 1))), lambda x, p: x * p)
case("multiply a row per sample", {"x": (3, 4), "y": (4,)}, lambda t, x, y: t.multiply(x, y), lambda x, y: x * y[:, None])
case("multiply a number per sample", {"x": (3, 4), "y": ()}, lambda t, x, y: t.multiply(x, y), lambda x, y: x * y[:, None, None])
case("scale", {"x": (5,)}, lambda t, x: t.scale(x, -2.5, 0.5), lambda x: 0.5 - 2.5 * x)
case("operators", _TWO, lambda t, x, y: 1 - x * 2 + y * x - (-y), lambda x, y: 1 - 2 * x + y * x + y)
case("sum", {"x": (3, 4)}, lambda t, x: t.sum(x), lambda x: x.sum((1, 2)))
case("sum over the first axis", {"x": (3, 4)}, lambda t, x: t.sum(x, 0), lambda x: x.sum(1))
case("mean over a middle axis", {"x": (2, 3, 4)}, lambda t, x: t.mean(x, 1, keep=True), lambda x: x.mean(2, keepdims=True))
case("mean of a parameter", {"x": (4,)}, lambda t, x: t.add(x, t.mean(t.square(t.parameter("p", (3, 4))))),
     lambda x, p: x + np.mean(p * p))  # fmt: skip
