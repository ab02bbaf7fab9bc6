"""Affine layers: y = x W + b over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.listing import Listing, Node
from lab.tape.products import product, product_left, product_left_part, product_right
from lab.tape.registry import DOUT, DX, DY, DZ, FRESH, INTS, OUT, SIZE, START, STOP, X, Y, Z, case, opcode, operation


@kernel
def affine_forward(a, r, f, n, train, random):
    k, m = r[INTS], r[INTS + 1]
    rows = n * r[SIZE] // m
    if r[INTS + 2]:
        product_right(a, r[X], r[Y], r[OUT], rows, k, m, np.int64(1))
    else:
        product(a, r[X], r[Y], r[OUT], rows, k, m, np.int64(1))
    if r[Z] >= 0:
        b = a[r[Z] : r[Z] + m]
        y = a[r[OUT] : r[OUT] + rows * m].reshape((rows, m))
        for i in range(rows):
            for j in range(m):
                y[i, j] += b[j]


@kernel
def affine_backward(a, r, f, n, train, random):
    k, m = r[INTS], r[INTS + 1]
    rows = n * r[SIZE] // m
    if r[DX] >= 0:
        if r[INTS + 2]:
            product(a, r[DOUT], r[Y], r[DX], rows, m, k, r[FRESH] & 1)
        else:
            product_right(a, r[DOUT], r[Y], r[DX], rows, m, k, r[FRESH] & 1)
    if r[DY] >= 0:
        if r[INTS + 2]:
            product_left_part(a, r[DOUT], r[X], r[DY], rows, m, k, r[FRESH] & 2, r[START], r[STOP])
        else:
            product_left_part(a, r[X], r[DOUT], r[DY], rows, k, m, r[FRESH] & 2, r[START], r[STOP])
    if r[Z] >= 0 and r[DZ] >= 0:
        db = a[r[DZ] : r[DZ] + m]
        dy = a[r[DOUT] : r[DOUT] + rows * m].reshape((rows, m))
        if r[FRESH] & 4:
            for j in range(m):
                db[j] = 0
        for i in range(rows):
            for j in range(m):
                db[j] += dy[i, j]


opcode("affine", affine_forward, affine_backward, fresh=True, shared=(1, 2), divides=1)


@operation
def affine(
    tape: Listing,
    x: Node,
    units: int | None = None,
    *,
    weight: Node | None = None,
    bias: bool | Node = True,
    transposed: bool = False,
    init: Any = "xavier",
    signs: Sequence[float] | np.ndarray | None = None,
    name: str | None = None,
) -> Node:
    """Affine layer y = x W + b over the last axis; the weight has the shape (inputs, units).

    weight: a parameter to use again (tied weights); with `transposed=True` its transpose is used. bias: True for a new
    one, False for none, or a parameter. New parameters are called `<name>.weight` and `<name>.bias`. signs: of the inputs, as
    for `parameter` (a neuron that excites or inhibits, but not both).
    """
    name = tape.free_name(name, "affine")
    tape.expect_axes(name, x, 1)
    if weight is None:
        if units is None:
            raise ModelError(f"tape: affine '{name}' needs a number of units or a weight; give one of them.")
        weight = tape.parameter(f"{name}.weight", (x.shape[-1], int(units)), init=init, signs=signs)
    elif signs is not None:
        raise ModelError(f"tape: affine '{name}' was given signs for '{weight.name}', which exists; give them where it is made.")
    if len(weight.shape) != 2:
        raise ModelError(
            f"tape: affine '{name}' needs a weight with two axes, but '{weight.name}' has the shape {weight.shape}; reshape it."
        )
    inputs, outputs = weight.shape[::-1] if transposed else weight.shape
    if x.shape[-1] != inputs or (units is not None and units != outputs):
        raise ModelError(
            f"tape: affine '{name}' joins '{x.name}' of shape {x.shape} to '{weight.name}' which maps {inputs} to {outputs} values"
            f"{' (transposed)' if transposed else ''}; make the last axis of '{x.name}' {inputs} or change the weight."
        )
    added: Node | None = None
    if bias is True:
        added = tape.parameter(f"{name}.bias", (outputs,), init="zeros", decay=False)
    elif isinstance(bias, Node):
        added = bias
    if added is not None and added.shape != (outputs,):
        raise ModelError(
            f"tape: affine '{name}' has {outputs} units, but the bias '{added.name}' has the shape {added.shape}; give it ({outputs},)."
        )
    shape = (*x.shape[:-1], outputs)
    return tape.emit(
        "affine", [x, weight, added], shape, name=name, ints=(inputs, outputs, int(transposed)), macs=int(np.prod(shape)) * inputs
    )


@kernel
def matmul_forward(a, r, f, n, train, random):
    i, k, j = r[INTS], r[INTS + 1], r[INTS + 2]
    for b in range(n * r[INTS + 3]):
        x, y, out = r[X] + b * i * k, r[Y] + b * k * j, r[OUT] + b * i * j
        if r[INTS + 4]:
            product_right(a, x, y, out, i, k, j, np.int64(1))
        else:
            product(a, x, y, out, i, k, j, np.int64(1))


@kernel
def matmul_backward(a, r, f, n, train, random):
    i, k, j = r[INTS], r[INTS + 1], r[INTS + 2]
    for b in range(n * r[INTS + 3]):
        x, y, out = r[X] + b * i * k, r[Y] + b * k * j, r[DOUT] + b * i * j
        if r[DX] >= 0:
            dx = r[DX] + b * i * k
            if r[INTS + 4]:
                product(a, out, y, dx, i, j, k, r[FRESH] & 1)
            else:
                product_right(a, out, y, dx, i, j, k, r[FRESH] & 1)
        if r[DY] >= 0:
            dy = r[DY] + b * k * j
            if r[INTS + 4]:
                product_left(a, out, x, dy, i, j, k, r[FRESH] & 2)
            else:
                product_left(a, x, out, dy, i, k, j, r[FRESH] & 2)


opcode("matmul", matmul_forward, matmul_backward, fresh=True)


@operation
def matmul(tape: Listing, x: Node, y: Node, *, transposed: bool = False, name: str | None = None) -> Node:
    """Matrix product x y (or x y^T) over the last two axes, one for each sample and leading index.

    Both have a batch axis, or neither; a matrix without one (a parameter) on the right is `affine(x, weight=y, bias=False)`.
    """
    name = tape.free_name(name, "matmul")
    if not y.batched and x.batched and len(y.shape) == 2:
        return affine(tape, x, weight=y, bias=False, transposed=transposed, name=name)
    inner, outer = (y.shape[-1], y.shape[-2]) if transposed and len(y.shape) > 1 else (y.shape[-2:] if len(y.shape) > 1 else (0, 0))
    fits = len(x.shape) >= 2 and len(x.shape) == len(y.shape) and x.shape[:-2] == y.shape[:-2] and x.shape[-1] == inner
    if not fits or x.batched != y.batched:
        raise ModelError(
            f"tape: matmul '{name}' cannot multiply '{x.name}' of shape {x.shape} by '{y.name}' of shape {y.shape}"
            f"{' transposed' if transposed else ''}; leading axes must be equal and the inner ones must meet."
        )
    count = int(np.prod(x.shape[:-2], dtype=int))
    i, k = x.shape[-2:]
    return tape.emit(
        "matmul", [x, y], (*x.shape[:-1], outer), name=name, ints=(i, k, outer, count, int(transposed)), macs=count * i * k * outer
    )


def _dense(x, dense_weight, dense_bias):
    return x @ dense_weight + dense_bias


case("affine", {"x": (5,)}, lambda t, x: t.affine(x, 4, name="dense"), _dense)
case("affine, long rows", {"x": (40,)}, lambda t, x: t.affine(x, 30, name="dense"), _dense)
case("affine over two axes", {"x": (3, 5)}, lambda t, x: t.affine(x, 4, name="dense"), _dense)
case(
    "affine, one weight used twice, once transposed",
    {"x": (5,)},
    lambda t, x: t.affine(t.tanh(t.affine(x, 3, name="dense")), weight=t.find("dense.weight"), transposed=True, bias=False),
    lambda x, dense_weight, dense_bias: np.tanh(_dense(x, dense_weight, dense_bias)) @ dense_weight.T,
)
case("matmul", {"x": (2, 3, 4), "y": (2, 4, 5)}, lambda t, x, y: t.matmul(x, y), lambda x, y: x @ y)
case(
    "matmul, transposed",
    {"x": (3, 14), "y": (30, 14)},
    lambda t, x, y: t.matmul(x, y, transposed=True),
    lambda x, y: x @ y.swapaxes(-1, -2),
)
