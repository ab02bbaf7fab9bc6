"""Operations that draw: Gaussian samples, dropout, noise on inputs and labels, shifted and mirrored pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.errors import ModelError
from lab.kernels import below, kernel, normal
from lab.kernels import uniform as evenly
from lab.tape.elementary import move
from lab.tape.listing import Listing, Node
from lab.tape.registry import AUX, DOUT, DX, FLOATS, INTS, OUT, SIZE, X, case, opcode, operation


@kernel
def gaussian_forward(a, r, f, n, train, random):
    for i in range(r[OUT], r[OUT] + n * r[SIZE]):
        a[i] = normal(random)


@kernel
def uniform_forward(a, r, f, n, train, random):
    low, span = f[r[FLOATS]], f[r[FLOATS] + 1] - f[r[FLOATS]]
    for i in range(r[OUT], r[OUT] + n * r[SIZE]):
        a[i] = a.dtype.type(low + span * evenly(random))


@kernel
def dropout_forward(a, r, f, n, train, random):
    x, y = a[r[X] : r[X] + n * r[SIZE]], a[r[OUT] : r[OUT] + n * r[SIZE]]
    mask = a[r[AUX] : r[AUX] + n * r[SIZE]]
    rate = f[r[FLOATS]]
    if not train or rate == 0.0:
        mask[:] = 1
    else:
        scale = a.dtype.type(1.0 / (1.0 - rate))
        for i in range(x.size):
            mask[i] = scale if evenly(random) >= rate else a.dtype.type(0)
    for i in range(x.size):
        y[i] = x[i] * mask[i]


@kernel
def dropout_backward(a, r, f, n, train, random):
    dx, dy = a[r[DX] : r[DX] + n * r[SIZE]], a[r[DOUT] : r[DOUT] + n * r[SIZE]]
    mask = a[r[AUX] : r[AUX] + n * r[SIZE]]
    for i in range(dx.size):
        dx[i] += dy[i] * mask[i]


@kernel
def noise_forward(a, r, f, n, train, random):
    y = a[r[OUT] : r[OUT] + n * r[SIZE]]
    move(a, r[OUT], r[X], n * r[SIZE])
    if train and f[r[FLOATS]] > 0.0:
        for i in range(y.size):
            y[i] += a.dtype.type(f[r[FLOATS]] * normal(random))


@kernel
def noise_backward(a, r, f, n, train, random):
    dx, dy = a[r[DX] : r[DX] + n * r[SIZE]], a[r[DOUT] : r[DOUT] + n * r[SIZE]]
    for i in range(dx.size):
        dx[i] += dy[i]


@kernel
def label_noise_forward(a, r, f, n, train, random):
    for i in range(n * r[SIZE]):
        label = a[r[X] + i]
        if train and evenly(random) < f[r[FLOATS]]:
            label = a.dtype.type(below(random, r[INTS]))
        a[r[OUT] + i] = label


@kernel
def augment_forward(a, r, f, n, train, random):
    height, width, channels = r[INTS], r[INTS + 1], r[INTS + 2]
    size = height * width * channels
    reach = int(f[r[FLOATS]])
    for s in range(n):
        x, y = r[X] + s * size, r[OUT] + s * size
        if not train:
            move(a, y, x, size)
            continue
        down, right = below(random, 2 * reach + 1) - reach, below(random, 2 * reach + 1) - reach
        mirrored = f[r[FLOATS] + 1] > 0.0 and evenly(random) < f[r[FLOATS] + 1]
        for i in range(height):
            for j in range(width):
                row, column = i - down, j - right
                if mirrored:
                    column = width - 1 - column
                for c in range(channels):
                    inside = 0 <= row < height and 0 <= column < width
                    value = a[x + (row * width + column) * channels + c] if inside else a.dtype.type(0)
                    a[y + (i * width + j) * channels + c] = value


opcode("gaussian", gaussian_forward)
opcode("uniform", uniform_forward)
opcode("dropout", dropout_forward, dropout_backward)
opcode("noise", noise_forward, noise_backward)
opcode("label_noise", label_noise_forward)
opcode("augment", augment_forward)


@operation
def gaussian(tape: Listing, shape: int | Sequence[int], *, name: str | None = None) -> Node:
    """Standard normal numbers of the given shape per sample, new at each pass, in training and evaluation alike.

    A sample of a Gaussian layer is `mean + t.exp(t.scale(log_variance, 0.5)) * t.gaussian(mean.shape)`.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return tape.emit("gaussian", [], shape, name=name, batched=True)


@operation
def uniform(tape: Listing, shape: int | Sequence[int], low: float = 0.0, high: float = 1.0, *, name: str | None = None) -> Node:
    """Numbers drawn evenly from low to high (live), new at each pass, in training and evaluation alike."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    limit = float("inf")
    floats = {"low": (float(low), -limit, limit), "high": (float(high), -limit, limit)}
    return tape.emit("uniform", [], shape, name=name, floats=floats, batched=True)


@operation
def dropout(tape: Listing, x: Node, rate: float = 0.5, *, name: str | None = None) -> Node:
    """Inverted dropout (Srivastava et al. 2014): in training each value is 0 with probability `rate`, else divided by 1 - rate."""
    return tape.emit("dropout", [x], x.shape, name=name, floats={"rate": (rate, 0.0, 0.99)}, scratch=x.size)


@operation
def noise(tape: Listing, x: Node, deviation: float = 0.1, *, name: str | None = None) -> Node:
    """In training, x plus Gaussian noise of the live standard deviation `<name>.deviation`."""
    return tape.emit("noise", [x], x.shape, name=name, floats={"deviation": (deviation, 0.0, 1e6)})


@operation
def label_noise(tape: Listing, labels: Node, rate: float = 0.1, *, name: str | None = None) -> Node:
    """In training, each label is drawn anew among all classes with the live probability `<name>.rate`."""
    name = tape.free_name(name, "label_noise")
    if not labels.classes:
        raise ModelError(f"tape: label_noise '{name}' needs labels, but '{labels.name}' has none; make it with labels(name, classes).")
    return tape.emit("label_noise", [labels], labels.shape, name=name, ints=(labels.classes,), floats={"rate": (rate, 0.0, 1.0)},
                     classes=labels.classes)  # fmt: skip


@operation
def augment(tape: Listing, x: Node, shift: int = 1, flip: float = 0.0, *, name: str | None = None) -> Node:
    """In training, each picture (height, width[, channels]) moved by up to `shift` pixels, and mirrored with probability `flip`.

    What moves in from outside is 0. No gradient flows back; use it on inputs.
    """
    name = tape.free_name(name, "augment")
    tape.expect_axes(name, x, 2, 3)
    floats = {"shift": (float(shift), 0.0, float(max(x.shape[:2]))), "flip": (flip, 0.0, 1.0)}
    return tape.emit("augment", [x], x.shape, name=name, ints=(*x.shape[:2], x.shape[2] if len(x.shape) > 2 else 1), floats=floats)


case("gaussian", {"x": (5,)}, lambda t, x: x * t.gaussian((5,)))
case("uniform", {"x": (5,)}, lambda t, x: x * t.uniform((5,), -1.0, 1.0))
case("dropout, evaluation", {"x": (9,)}, lambda t, x: t.dropout(x, 0.5), lambda x: x)
case("dropout, training", {"x": (9,)}, lambda t, x: t.dropout(x, 0.5), train=True)
case("noise, evaluation", {"x": (9,)}, lambda t, x: t.noise(x, 0.5), lambda x: x)
case("noise, training", {"x": (9,)}, lambda t, x: t.square(t.noise(x, 0.5)), train=True)
case("label noise, evaluation", {"labels": np.array([0, 2, 1])}, lambda t, labels: t.label_noise(labels, 0.5), lambda labels: labels,
     smooth=False)  # fmt: skip
case("augment, evaluation", {"x": (4, 4)}, lambda t, x: t.augment(x), lambda x: x, smooth=False)
