"""Losses, one value per sample, from logits where that keeps them stable; and accuracy."""

from __future__ import annotations

import math

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.elementary import exp_in, largest, logistic_of
from lab.tape.listing import Listing, Node
from lab.tape.registry import AUX, DOUT, DX, DY, INTS, OUT, SIZE, X, Y, case, opcode, operation


@kernel
def squared_forward(a, r, f, n, train, random):
    width = r[INTS]
    scale = a.dtype.type(1.0 / r[INTS + 1])
    for s in range(n):
        x, t = a[r[X] + s * width : r[X] + (s + 1) * width], a[r[Y] + s * width : r[Y] + (s + 1) * width]
        total = a.dtype.type(0)
        for i in range(width):
            total += (x[i] - t[i]) * (x[i] - t[i])
        a[r[OUT] + s] = total * scale


@kernel
def squared_backward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        x, t = a[r[X] + s * width : r[X] + (s + 1) * width], a[r[Y] + s * width : r[Y] + (s + 1) * width]
        scale = a[r[DOUT] + s] * a.dtype.type(2.0 / r[INTS + 1])
        if r[DX] >= 0:
            dx = a[r[DX] + s * width : r[DX] + (s + 1) * width]
            for i in range(width):
                dx[i] += scale * (x[i] - t[i])
        if r[DY] >= 0:
            dt = a[r[DY] + s * width : r[DY] + (s + 1) * width]
            for i in range(width):
                dt[i] -= scale * (x[i] - t[i])


@kernel
def bernoulli_forward(a, r, f, n, train, random):
    # -t log s(x) - (1 - t) log(1 - s(x)) = max(x, 0) - x t + log(1 + exp(-|x|)): finite for every x.
    width = r[INTS]
    e = a[r[AUX] : r[AUX] + n * width]
    x, t = a[r[X] : r[X] + n * width], a[r[Y] : r[Y] + n * width]
    for i in range(n * width):
        e[i] = -abs(x[i])
    exp_in(e)
    for s in range(n):
        total = 0.0
        for i in range(s * width, (s + 1) * width):
            total += max(x[i], a.dtype.type(0)) - x[i] * t[i] + math.log1p(e[i])
        a[r[OUT] + s] = total


@kernel
def bernoulli_backward(a, r, f, n, train, random):
    width = r[INTS]
    e = a[r[AUX] : r[AUX] + n * width]
    x, t = a[r[X] : r[X] + n * width], a[r[Y] : r[Y] + n * width]
    logistic_of(x, e)
    for s in range(n):
        scale = a[r[DOUT] + s]
        if r[DX] >= 0:
            for i in range(width):
                a[r[DX] + s * width + i] += scale * (e[s * width + i] - t[s * width + i])
        if r[DY] >= 0:
            for i in range(width):
                a[r[DY] + s * width + i] -= scale * x[s * width + i]


@kernel
def categorical_forward(a, r, f, n, train, random):
    # In three passes, so that the exponentials of all rows are one long loop.
    classes, rows = r[INTS], n * r[SIZE]
    x, p = a[r[X] : r[X] + rows * classes], a[r[AUX] : r[AUX] + rows * classes]
    for s in range(rows):
        first = s * classes
        top = largest(x[first : first + classes])
        for i in range(first, first + classes):
            p[i] = x[i] - top
        picked = a.dtype.type(0)  # sum of t (x - top): with it the loss needs no logarithm of a probability
        if r[INTS + 1]:
            picked = p[first + int(a[r[Y] + s])]
        else:
            for i in range(first, first + classes):
                picked += a[r[Y] + i] * p[i]
        a[r[OUT] + s] = picked
    exp_in(p)
    for s in range(rows):
        q = p[s * classes : (s + 1) * classes]
        total = a.dtype.type(0)
        for i in range(classes):
            total += q[i]
        share = a.dtype.type(1) / total
        for i in range(classes):
            q[i] *= share
        weight = a.dtype.type(1)  # sum of t
        if not r[INTS + 1]:
            weight = a.dtype.type(0)
            for i in range(s * classes, (s + 1) * classes):
                weight += a[r[Y] + i]
        a[r[OUT] + s] = weight * a.dtype.type(math.log(total)) - a[r[OUT] + s]


@kernel
def categorical_backward(a, r, f, n, train, random):
    classes, rows = r[INTS], n * r[SIZE]
    for s in range(rows):
        scale = a[r[DOUT] + s]
        if r[DX] >= 0:
            p, dx = a[r[AUX] + s * classes : r[AUX] + (s + 1) * classes], a[r[DX] + s * classes : r[DX] + (s + 1) * classes]
            if r[INTS + 1]:
                for i in range(classes):
                    dx[i] += scale * p[i]
                dx[int(a[r[Y] + s])] -= scale
            else:
                t = a[r[Y] + s * classes : r[Y] + (s + 1) * classes]
                weight = a.dtype.type(0)
                for i in range(classes):
                    weight += t[i]
                for i in range(classes):
                    dx[i] += scale * (weight * p[i] - t[i])
        if r[DY] >= 0 and not r[INTS + 1]:  # of a probability: -log of the softmax, from the logits, so that it stays finite
            x, dt = a[r[X] + s * classes : r[X] + (s + 1) * classes], a[r[DY] + s * classes : r[DY] + (s + 1) * classes]
            top = x[0]
            for i in range(1, classes):
                top = max(top, x[i])
            total = 0.0
            for i in range(classes):
                total += math.exp(x[i] - top)
            top += a.dtype.type(math.log(total))
            for i in range(classes):
                dt[i] += scale * (top - x[i])


@kernel
def gaussian_divergence_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        total = 0.0
        for i in range(width):
            m, v = a[r[X] + s * width + i], a[r[Y] + s * width + i]
            total += 0.5 * (math.exp(v) + m * m - v - 1.0)
        a[r[OUT] + s] = total


@kernel
def gaussian_divergence_backward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        scale = a[r[DOUT] + s]
        for i in range(s * width, (s + 1) * width):
            if r[DX] >= 0:
                a[r[DX] + i] += scale * a[r[X] + i]
            if r[DY] >= 0:
                a[r[DY] + i] += scale * 0.5 * (math.exp(a[r[Y] + i]) - 1.0)


@kernel
def categorical_divergence_forward(a, r, f, n, train, random):
    # Kept: both logarithms of probabilities.
    classes, rows = r[INTS], n * r[SIZE]
    for s in range(rows):
        for k in range(2):
            first = (r[Y] if k else r[X]) + s * classes
            x, out = a[first : first + classes], a[r[AUX] + (2 * s + k) * classes : r[AUX] + (2 * s + k + 1) * classes]
            top = x[0]
            for i in range(1, classes):
                top = max(top, x[i])
            for i in range(classes):
                out[i] = x[i] - top
            exp_in(out)
            total = a.dtype.type(0)
            for i in range(classes):
                total += out[i]
            top += a.dtype.type(math.log(total))
            for i in range(classes):
                out[i] = x[i] - top
        p, q = (
            a[r[AUX] + 2 * s * classes : r[AUX] + (2 * s + 1) * classes],
            a[r[AUX] + (2 * s + 1) * classes : r[AUX] + (2 * s + 2) * classes],
        )
        divergence = 0.0
        for i in range(classes):
            divergence += math.exp(p[i]) * (p[i] - q[i])
        a[r[OUT] + s] = divergence


@kernel
def categorical_divergence_backward(a, r, f, n, train, random):
    classes, rows = r[INTS], n * r[SIZE]
    for s in range(rows):
        p, q = (
            a[r[AUX] + 2 * s * classes : r[AUX] + (2 * s + 1) * classes],
            a[r[AUX] + (2 * s + 1) * classes : r[AUX] + (2 * s + 2) * classes],
        )
        scale, divergence = a[r[DOUT] + s], a[r[OUT] + s]
        for i in range(classes):
            share = a.dtype.type(math.exp(p[i]))
            if r[DX] >= 0:
                a[r[DX] + s * classes + i] += scale * share * (p[i] - q[i] - divergence)
            if r[DY] >= 0:
                a[r[DY] + s * classes + i] += scale * (a.dtype.type(math.exp(q[i])) - share)


@kernel
def accuracy_forward(a, r, f, n, train, random):
    classes, rows = r[INTS], n * r[SIZE]
    for s in range(rows):
        x = a[r[X] + s * classes : r[X] + (s + 1) * classes]
        best = 0
        for i in range(1, classes):
            if x[i] > x[best]:
                best = i
        right = best == a[r[Y] + s] if classes > 1 else (x[0] > 0) == (a[r[Y] + s] > 0.5)
        a[r[OUT] + s] = 1 if right else 0


opcode("mse", squared_forward, squared_backward)
opcode("bernoulli", bernoulli_forward, bernoulli_backward)
opcode("cross_entropy", categorical_forward, categorical_backward)
opcode("kl_gaussian", gaussian_divergence_forward, gaussian_divergence_backward)
opcode("kl_categorical", categorical_divergence_forward, categorical_divergence_backward)
opcode("accuracy", accuracy_forward)


def _same(tape, kind, name, x, y):
    name = tape.free_name(name, kind)
    if x.shape != y.shape:
        raise ModelError(
            f"tape: {kind} '{name}' compares '{x.name}' of shape {x.shape} with '{y.name}' of shape {y.shape}; make them equal."
        )
    return name


@operation
def mse(tape: Listing, x: Node, target: Node, *, name: str | None = None) -> Node:
    """Mean over the values of a sample of (x - target)^2."""
    name = _same(tape, "mse", name, x, target)
    return tape.emit("mse", [x, target], (), name=name, ints=(x.size, x.size))


@operation
def squared_error(tape: Listing, x: Node, target: Node, *, name: str | None = None) -> Node:
    """Half the sum over the values of a sample of (x - target)^2."""
    name = _same(tape, "squared_error", name, x, target)
    return tape.emit("mse", [x, target], (), name=name, ints=(x.size, 2))


@operation
def bernoulli(tape: Listing, logits: Node, target: Node, *, name: str | None = None) -> Node:
    """Bernoulli cross-entropy, summed over the values of a sample, from logits and targets in [0, 1]."""
    name = _same(tape, "bernoulli", name, logits, target)
    return tape.emit("bernoulli", [logits, target], (), name=name, ints=(logits.size,), scratch=logits.size)


@operation
def cross_entropy(tape: Listing, logits: Node, target: Node, *, name: str | None = None) -> Node:
    """Categorical cross-entropy over the last axis, from logits and either labels or target probabilities.

    With logits (..., classes) the target is labels of shape (...) or probabilities of shape (..., classes); the result has
    the shape (...), one value per label. A gradient flows into probabilities that are computed; `stop_gradient` cuts it.
    """
    name = tape.free_name(name, "cross_entropy")
    tape.expect_axes(name, logits, 1)
    labels = target.shape == logits.shape[:-1]
    if not labels and target.shape != logits.shape:
        raise ModelError(
            f"tape: cross_entropy '{name}' compares '{logits.name}' of shape {logits.shape} with '{target.name}' of shape {target.shape}; "
            f"give labels of shape {logits.shape[:-1]} or probabilities of shape {logits.shape}."
        )
    if labels and not target.classes:  # a kernel picks the logit by this number: whatever it is not sure of lies outside
        raise ModelError(
            f"tape: cross_entropy '{name}' needs whole numbers as labels, but '{target.name}' is not made by labels; use labels(name, classes)."
        )
    if labels and target.classes != logits.shape[-1]:
        raise ModelError(
            f"tape: cross_entropy '{name}' has {logits.shape[-1]} logits from '{logits.name}', but the labels '{target.name}' have "
            f"{target.classes} classes; make them equal."
        )
    classes = logits.shape[-1]
    return tape.emit("cross_entropy", [logits, target], logits.shape[:-1], name=name, ints=(classes, int(labels)), scratch=logits.size)


@operation
def kl_gaussian(tape: Listing, mean: Node, log_variance: Node, *, name: str | None = None) -> Node:
    """Divergence of a diagonal Gaussian from the standard one, 1/2 sum(exp(lv) + m^2 - lv - 1) (Kingma and Welling 2014, appendix B)."""
    name = _same(tape, "kl_gaussian", name, mean, log_variance)
    return tape.emit("kl_gaussian", [mean, log_variance], (), name=name, ints=(mean.size,))


@operation
def kl_categorical(tape: Listing, logits: Node, other: Node, *, name: str | None = None) -> Node:
    """Divergence of the distribution softmax(other) from softmax(logits) over the last axis, sum p (log p - log q), p of the first.

    One value per distribution: (..., classes) becomes (...). The gradient flows into both (as TRADES wants it, Zhang et al. 2019).
    """
    name = _same(tape, "kl_categorical", name, logits, other)
    tape.expect_axes(name, logits, 1)
    return tape.emit("kl_categorical", [logits, other], logits.shape[:-1], name=name, ints=(logits.shape[-1],), scratch=2 * logits.size)


@operation
def accuracy(tape: Listing, logits: Node, labels: Node, *, name: str | None = None) -> Node:
    """1 where the largest logit (or, with one logit, its sign) is that of the label, else 0."""
    name = tape.free_name(name, "accuracy")
    single = logits.shape == labels.shape and (not logits.shape or logits.shape[-1] == 1)
    if not single and labels.shape != logits.shape[:-1]:
        raise ModelError(
            f"tape: accuracy '{name}' compares '{logits.name}' of shape {logits.shape} with '{labels.name}' of shape {labels.shape}; "
            f"give labels of shape {logits.shape[:-1]}."
        )
    return tape.emit("accuracy", [logits, labels], labels.shape, name=name, ints=(1 if single else logits.shape[-1],))


def _log_softmax(x):
    return x - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)) - x.max(-1, keepdims=True)


def _picked(x, t):
    return -np.take_along_axis(_log_softmax(x), t.astype(int)[..., None], -1)[..., 0]


_CLASSES = np.array([[0, 3, 1], [2, 2, 0], [3, 0, 1]])
_SHARES = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
case("mse", {"x": (5,), "y": (5,)}, lambda t, x, y: t.mse(x, y), lambda x, y: ((x - y) ** 2).mean(-1))
case("squared error", {"x": (5,), "y": (5,)}, lambda t, x, y: t.squared_error(x, y), lambda x, y: 0.5 * ((x - y) ** 2).sum(-1))
case("bernoulli", {"x": (5,), "y": (5,)}, lambda t, x, y: t.bernoulli(x, y), lambda x, y: (np.logaddexp(0, x) - x * y).sum(-1))
case("cross-entropy, labels", {"x": np.random.default_rng(5).normal(size=(3, 3, 4)), "labels": _CLASSES},
     lambda t, x, labels: t.cross_entropy(x, labels), lambda x, labels: _picked(x, labels))  # fmt: skip
case("cross-entropy, probabilities", {"x": np.random.default_rng(6).normal(size=(2, 3)), "labels": _SHARES},
     lambda t, x, labels: t.cross_entropy(x, labels), lambda x, labels: -(labels * _log_softmax(x)).sum(-1))  # fmt: skip
case("kl_gaussian", {"x": (4,), "y": (4,)}, lambda t, x, y: t.kl_gaussian(x, y), lambda x, y: 0.5 * (np.exp(y) + x**2 - y - 1).sum(-1))
case("kl_categorical", {"x": (3, 4), "y": (3, 4)}, lambda t, x, y: t.kl_categorical(x, y),
     lambda x, y: (np.exp(_log_softmax(x)) * (_log_softmax(x) - _log_softmax(y))).sum(-1))  # fmt: skip
case("accuracy", {"x": np.random.default_rng(7).normal(size=(3, 3, 4)), "labels": _CLASSES}, lambda t, x, labels: t.accuracy(x, labels),
     lambda x, labels: (x.argmax(-1) == labels).astype(float), smooth=False)  # fmt: skip
