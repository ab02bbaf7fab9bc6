"""Operations that move values: reshape, transpose, concatenate, slice, and the stop of a gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.elementary import move
from lab.tape.listing import Listing, Node
from lab.tape.registry import DOUT, DX, INTS, OUT, X, case, opcode, operation


@kernel
def copy_forward(a, r, f, n, train, random):
    width = r[INTS + 1]
    for o in range(n * r[INTS]):
        x, y = r[X] + o * r[INTS + 2] + r[INTS + 3], r[OUT] + o * r[INTS + 4] + r[INTS + 5]
        move(a, y, x, width)


@kernel
def copy_backward(a, r, f, n, train, random):
    width = r[INTS + 1]
    for o in range(n * r[INTS]):
        x, y = r[DX] + o * r[INTS + 2] + r[INTS + 3], r[DOUT] + o * r[INTS + 4] + r[INTS + 5]
        dx, dy = a[x : x + width], a[y : y + width]
        for i in range(width):
            dx[i] += dy[i]


@kernel
def transpose_forward(a, r, f, n, train, random):
    d0, d1, d2, d3 = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3]
    out = 0
    for s in range(n):
        for i in range(d0):
            for j in range(d1):
                for k in range(d2):
                    start = r[X] + s * d0 * d1 * d2 * d3 + i * r[INTS + 4] + j * r[INTS + 5] + k * r[INTS + 6]
                    if r[INTS + 7] == 1:
                        move(a, r[OUT] + out, start, d3)
                    else:
                        for m in range(d3):
                            a[r[OUT] + out + m] = a[start + m * r[INTS + 7]]
                    out += d3


@kernel
def transpose_backward(a, r, f, n, train, random):
    d0, d1, d2, d3 = r[INTS], r[INTS + 1], r[INTS + 2], r[INTS + 3]
    out = 0
    for s in range(n):
        for i in range(d0):
            for j in range(d1):
                for k in range(d2):
                    start = r[DX] + s * d0 * d1 * d2 * d3 + i * r[INTS + 4] + j * r[INTS + 5] + k * r[INTS + 6]
                    if r[INTS + 7] == 1:
                        dx, dy = a[start : start + d3], a[r[DOUT] + out : r[DOUT] + out + d3]
                        for m in range(d3):
                            dx[m] += dy[m]
                    else:
                        for m in range(d3):
                            a[start + m * r[INTS + 7]] += a[r[DOUT] + out + m]
                    out += d3


opcode("copy", copy_forward, copy_backward)
opcode("transpose", transpose_forward, transpose_backward)


@operation
def reshape(tape: Listing, x: Node, shape: int | Sequence[int], *, name: str | None = None) -> Node:
    """The same values under another shape per sample; no copy."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if math.prod(shape) != x.size:
        raise ModelError(f"tape: reshape cannot give '{x.name}' of shape {x.shape} the shape {shape}; both must hold {x.size} values.")
    return tape.alias(x, shape, name=name)


@operation
def flatten(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """All values of a sample along one axis; no copy."""
    return tape.alias(x, (x.size,), name=name, prefix="flatten")


@operation
def stop_gradient(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """The same value, through which no gradient flows."""
    return tape.alias(x, x.shape, name=name, stopped=True, prefix="stop")


def _axis(kind, name, x, axis):
    if not -len(x.shape) <= axis < len(x.shape):
        raise ModelError(f"tape: {kind} '{name}' along axis {axis} of '{x.name}', which has the shape {x.shape}; choose an axis it has.")
    return axis % len(x.shape)


@operation
def slice(tape: Listing, x: Node, start: int, stop: int, *, axis: int = -1, name: str | None = None) -> Node:
    """Values start to stop - 1 along an axis of a sample."""
    name = tape.free_name(name, "slice")
    axis = _axis("slice", name, x, axis)
    if not 0 <= start < stop <= x.shape[axis]:
        raise ModelError(
            f"tape: slice '{name}' from {start} to {stop} leaves axis {axis} of '{x.name}' of shape {x.shape}; stay inside it."
        )
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    width = (stop - start) * inner
    ints = (outer, width, x.shape[axis] * inner, start * inner, width, 0)
    return tape.emit("copy", [x], (*x.shape[:axis], stop - start, *x.shape[axis + 1 :]), name=name, ints=ints, classes=x.classes)


@operation
def select(tape: Listing, x: Node, index: int, *, axis: int = 0, name: str | None = None) -> Node:
    """Entry `index` along an axis of a sample, which disappears (one time step of a sequence)."""
    name = tape.free_name(name, "select")
    axis = _axis("select", name, x, axis)
    index = index % x.shape[axis] if -x.shape[axis] <= index < x.shape[axis] else index
    part = slice(tape, x, index, index + 1, axis=axis, name=f"{name}.slice")
    return tape.alias(part, (*x.shape[:axis], *x.shape[axis + 1 :]), name=name)


@operation
def concatenate(tape: Listing, parts: Sequence[Node], *, axis: int = -1, name: str | None = None) -> Node:
    """Several values joined along an axis of a sample."""
    name = tape.free_name(name, "concatenate")
    if not parts:
        raise ModelError(f"tape: concatenate '{name}' was given nothing to join.")
    first = parts[0]
    axis = _axis("concatenate", name, first, axis)
    for part in parts:
        if len(part.shape) != len(first.shape) or any(
            k != axis and p != q for k, (p, q) in enumerate(zip(part.shape, first.shape, strict=False))
        ):
            raise ModelError(
                f"tape: concatenate '{name}' along axis {axis} cannot join '{first.name}' of shape {first.shape} and '{part.name}' of shape "
                f"{part.shape}; they may differ along that axis only."
            )
    if any(part.batched != first.batched for part in parts):
        alone = next(part for part in parts if not part.batched)
        raise ModelError(
            f"tape: concatenate '{name}' joins what is there for every sample with '{alone.name}', which has no batch axis; add it to a value "
            "that has one."
        )
    inner, outer = math.prod(first.shape[axis + 1 :]), math.prod(first.shape[:axis])
    total = int(np.sum([part.shape[axis] for part in parts]))
    classes = first.classes if all(part.classes == first.classes for part in parts) else 0
    out = tape.empty(name, (*first.shape[:axis], total, *first.shape[axis + 1 :]), first.batched, classes)
    place = 0
    for part in parts:
        width = part.shape[axis] * inner
        tape.emit("copy", [part], out.shape, into=out, ints=(outer, width, width, 0, total * inner, place))
        place += width
    return out


@operation
def stack(tape: Listing, parts: Sequence[Node], *, name: str | None = None) -> Node:
    """Several values of one shape along a new first axis of a sample (time steps to a sequence)."""
    return concatenate(tape, [tape.alias(part, (1, *part.shape)) for part in parts], axis=0, name=tape.free_name(name, "stack"))


@operation
def transpose(tape: Listing, x: Node, axes: Sequence[int] | None = None, *, name: str | None = None) -> Node:
    """The axes of a sample in another order (default: reversed), up to four of them."""
    name = tape.free_name(name, "transpose")
    tape.expect_axes(name, x, 1, 4)
    axes = tuple(range(len(x.shape)))[::-1] if axes is None else tuple(axes)
    if sorted(axes) != list(range(len(x.shape))):
        raise ModelError(f"tape: transpose '{name}' has the axes {axes}, but '{x.name}' has the shape {x.shape}; name each axis once.")
    strides = [math.prod(x.shape[k + 1 :]) for k in axes]
    shape = tuple(x.shape[k] for k in axes)
    pad = 4 - len(axes)
    return tape.emit("transpose", [x], shape, name=name, ints=(*(1,) * pad, *shape, *(0,) * pad, *strides))


case("reshape", {"x": (3, 4)}, lambda t, x: t.square(t.reshape(x, (2, 6))), lambda x: x.reshape(-1, 2, 6) ** 2)
case("flatten", {"x": (3, 4)}, lambda t, x: t.square(t.flatten(x)), lambda x: x.reshape(-1, 12) ** 2)
case("slice", {"x": (3, 7)}, lambda t, x: t.slice(x, 2, 5), lambda x: x[..., 2:5])
case("slice along the first axis", {"x": (3, 2)}, lambda t, x: t.slice(x, 1, 3, axis=0), lambda x: x[:, 1:3])
case("select", {"x": (3, 4)}, lambda t, x: t.select(x, -1), lambda x: x[:, -1])
case("concatenate", {"x": (2, 3), "y": (2, 4)}, lambda t, x, y: t.concatenate([x, y, x]), lambda x, y: np.concatenate([x, y, x], -1))
case("stack", {"x": (2, 3), "y": (2, 3)}, lambda t, x, y: t.stack([x, y]), lambda x, y: np.stack([x, y], 1))
case("transpose", {"x": (3, 4)}, lambda t, x: t.transpose(x), lambda x: x.swapaxes(1, 2))
case("transpose of three axes", {"x": (2, 3, 4)}, lambda t, x: t.transpose(x, (1, 0, 2)), lambda x: x.transpose(0, 2, 1, 3))
case("transpose of a parameter", {"x": (3,)}, lambda t, x: t.affine(x, weight=t.transpose(t.parameter("w", (4, 3))), bias=False),
     lambda x, w: x @ w.T)  # fmt: skip
