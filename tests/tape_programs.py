"""Random programs that mix all operations of the tape, each written down twice: on the tape, and in plain array arithmetic.

The second form runs on NumPy (values, and gradients by central differences) or on PyTorch (gradients by its own machine).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.tape import Tape

SAMPLES = 3


class Plain:
    """What the plain forms are written with, on NumPy."""

    exp, log, tanh, abs, matmul = np.exp, np.log, np.tanh, np.abs, np.matmul
    where, stack = staticmethod(np.where), staticmethod(np.stack)

    def __init__(self, train: bool):
        self.train = train
        self.frozen: dict[int, Any] = {}  # values behind a stop of the gradient, so that central differences do not see through it
        self.place = 0

    def array(self, value):
        return np.asarray(value, float)

    def index(self, value):
        return np.asarray(value).astype(int)

    def stop(self, value):
        self.place += 1
        return self.frozen.setdefault(self.place, value)

    def sum(self, x, axis, keep=False):
        return x.sum(axis=axis, keepdims=keep)

    def largest(self, x, axis):
        return x.max(axis=axis, keepdims=True)

    def concatenate(self, parts, axis):
        return np.concatenate(parts, axis)

    def permute(self, x, axes):
        return x.transpose(axes)

    def pad(self, x, p, fill):
        return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), constant_values=fill)

    def begin(self):
        self.place = 0


class Torch(Plain):
    """The same on PyTorch, in float64."""

    def __init__(self, train: bool):
        import torch

        super().__init__(train)
        self.torch = torch
        self.exp, self.log, self.tanh, self.abs, self.where, self.matmul = (
            torch.exp,
            torch.log,
            torch.tanh,
            torch.abs,
            torch.where,
            torch.matmul,
        )  # type: ignore[misc]

    def array(self, value):
        return value if isinstance(value, self.torch.Tensor) else self.torch.tensor(np.asarray(value, float))

    def index(self, value):
        return self.array(value).long()

    def stop(self, value):
        return value.detach()

    def sum(self, x, axis, keep=False):
        return x.sum(dim=axis, keepdim=keep)

    def largest(self, x, axis):
        return x.amax(dim=axis, keepdim=True)

    def stack(self, parts, axis):  # type: ignore[override]
        return self.torch.stack(list(parts), axis)

    def concatenate(self, parts, axis):
        return self.torch.cat(list(parts), axis)

    def permute(self, x, axes):
        return x.permute(*axes)

    def pad(self, x, p, fill):
        return self.torch.nn.functional.pad(x, (0, 0, p, p, p, p), value=fill)


@dataclass(frozen=True, eq=False)
class Value:
    """A node of the tape and how the plain form computes it from earlier values (leaves have no form)."""

    node: Any
    form: Any = None
    sources: tuple[int, ...] = ()


class Program:
    """A random program: `steps` operations, three of them in turn by the seed, then a loss in which everything has a part."""

    def __init__(self, seed: int, steps: int = 12):
        self.random = np.random.default_rng(seed)
        self.tape, self.values, self.used = Tape(), [], set()
        names = sorted(MAKERS)
        sure = [names[(3 * seed + k) % len(names)] for k in range(3)]
        self.train = bool(self.random.integers(2)) and not set(sure) & set(TRAINING_ONLY)
        self.leaves: dict[str, np.ndarray] = {}  # inputs and constants; parameters are started by the program
        names = [name for name in names if not (self.train and name in TRAINING_ONLY)]
        self.leaf(self.shape(2))
        for kind in self.random.permutation([*sure, *self.random.choice(names, steps - len(sure))]):
            self.grow(str(kind))
        self.loss = self.total()

    def grow(self, kind: str) -> None:
        MAKERS[kind](self)
        self.used.add(kind)
        value = self.values[-1]
        if not value.node.classes and self.random.random() < 0.12:
            self.put(self.tape.stop_gradient(value.node), lambda m, x: m.stop(x), value)

    # Leaves and choices ------------------------------------------------------------------------------------------------

    def shape(self, axes: int) -> tuple[int, ...]:
        return tuple(int(n) for n in self.random.integers(1, 5, axes))

    def put(self, node, form, *sources: Value) -> Value:
        self.values.append(Value(node, form, tuple(self.values.index(source) for source in sources)))
        return self.values[-1]

    def leaf(self, shape, batched: bool | None = None, positive: bool = False) -> Value:
        """A new input, parameter or constant of a shape."""
        name, t = f"leaf{len(self.values)}", self.tape
        batched = bool(self.random.random() < 0.7) if batched is None else batched
        array = self.random.normal(size=((SAMPLES, *shape) if batched else shape))
        array = np.abs(array) + 0.1 if positive else array
        if batched:
            self.leaves[name] = array
            return self.put(t.input(name, shape), None)
        if self.random.random() < 0.6:
            return self.put(t.parameter(name, shape, array), None)
        self.leaves[name] = array
        return self.put(t.constant(name, array), None)

    def labels(self, classes: int, shape=()) -> Value:
        name = f"labels{len(self.values)}"
        self.leaves[name] = self.random.integers(0, classes, (SAMPLES, *shape)).astype(float)
        return self.put(self.tape.labels(name, classes, shape), None)

    def pick(self, axes: tuple[int, int] = (0, 3), batched: bool | None = None, shape=None) -> Value:
        """A value with that many axes, made anew where there is none."""
        fitting = [
            v for v in self.values
            if not v.node.classes and axes[0] <= len(v.node.shape) <= axes[1] and v.node.size <= 80
            and (batched is None or v.node.batched == batched) and (shape is None or v.node.shape == shape)
        ]  # fmt: skip
        if fitting and self.random.random() < 0.85:
            return fitting[self.random.integers(len(fitting))]
        return self.leaf(self.shape(int(self.random.integers(max(axes[0], 1), axes[1] + 1))) if shape is None else shape, batched)

    def tame(self, x: Value) -> Value:
        """The value between -1 and 1, for operations that grow fast."""
        return self.put(self.tape.tanh(x.node), lambda m, v: m.tanh(v), x)

    # Evaluation --------------------------------------------------------------------------------------------------------

    def evaluate(self, m: Plain, leaves: dict[str, Any]) -> list[Any]:
        """All values in plain arithmetic, from the values of leaves and of what was drawn."""
        m.begin()
        found: list[Any] = []
        for value in self.values:
            found.append(leaves[value.node.name] if value.form is None else value.form(m, *(found[k] for k in value.sources)))
        return found

    def total(self) -> Value:
        """One value per sample in which every end of the program has a part."""
        t, read = self.tape, set(itertools.chain.from_iterable(v.sources for v in self.values))
        ends = [v for k, v in enumerate(self.values) if k not in read and not v.node.classes and v.form is not None]
        whole = None
        for end in ends:
            part = self.put(t.mean(self.tame(end).node), lambda m, x, node=end.node: _mean(m, x, node), self.values[-1])
            weight = float(self.random.normal())
            part = self.put(t.scale(part.node, weight), lambda m, x, w=weight: x * w, part)
            whole = part if whole is None else self.put(t.add(whole.node, part.node), lambda m, x, y: x + y, whole, part)
        if not whole.node.batched:
            x = self.leaf((), True)
            whole = self.put(t.add(whole.node, x.node), lambda m, x, y: x + y, whole, x)
        return whole


def _mean(m, x, node):
    axes = tuple(range(int(node.batched), len(node.shape) + int(node.batched)))
    return m.sum(x, axes) / node.size if axes else x


def _axis(node, axis):
    """Axis of the array for an axis of a sample."""
    return axis % len(node.shape) + int(node.batched)


def _aligned(m, x, y, nx, ny):
    """y with as many axes as x."""
    if nx.batched and ny.batched:
        return y.reshape((y.shape[0],) + (1,) * (len(nx.shape) - len(ny.shape)) + tuple(y.shape[1:]))
    return y


def _softmax(m, x, causal=False):
    if causal:
        seen = m.array(np.tril(np.ones(x.shape[-2:])))
        x = m.where(seen > 0, x, m.array(-1e30))
    e = m.exp(x - m.largest(x, -1))
    return e / m.sum(e, -1, True)


def _log_softmax(m, x):
    top = m.largest(x, -1)
    return x - top - m.log(m.sum(m.exp(x - top), -1, True))


def _softplus(m, x):
    return m.where(x > 0, x, x * 0) + m.log(1 + m.exp(-m.abs(x)))


def _logistic(m, x):
    return 0.5 * (1 + m.tanh(0.5 * x))


def _gelu(m, x):
    return 0.5 * x * (1 + m.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def _normalised(m, x, gain, bias, axes, epsilon=1e-5):
    count = math.prod(x.shape[k] for k in axes)
    mean = m.sum(x, axes, True) / count
    variance = m.sum((x - mean) * (x - mean), axes, True) / count
    return gain * (x - mean) / (variance + epsilon) ** 0.5 + bias


# One maker per operation -----------------------------------------------------------------------------------------------

MAKERS: dict[str, Any] = {}
TRAINING_ONLY = ("dropout", "noise", "label_noise", "augment")  # the identity in evaluation, which is where they are compared


def maker(function):
    MAKERS[function.__name__.strip("_")] = function
    return function


def elementwise(name, form, tamed=False):
    def make(p):
        x = p.pick()
        x = p.tame(x) if tamed else x
        p.put(getattr(p.tape, name)(x.node), form, x)

    MAKERS[name] = make


elementwise("identity", lambda m, x: x)
elementwise("tanh", lambda m, x: m.tanh(x))
elementwise("logistic", _logistic)
elementwise("softplus", _softplus)
elementwise("gelu", _gelu)
elementwise("exp", lambda m, x: m.exp(x), tamed=True)
elementwise("square", lambda m, x: x * x, tamed=True)
elementwise("relu", lambda m, x: m.where(x > 0, x, x * 0))
elementwise("step", lambda m, x: m.stop(m.where(x > 0, x * 0 + 1, x * 0)))
elementwise("dropout", lambda m, x: x)
elementwise("noise", lambda m, x: x)


@maker
def log(p):
    x = p.pick()
    y = p.put(p.tape.softplus(x.node), _softplus, x)
    y = p.put(p.tape.shift(y.node, 0.5), lambda m, x: x + 0.5, y)
    p.put(p.tape.log(y.node), lambda m, x: m.log(x), y)


@maker
def log_softmax(p):
    x = p.pick((1, 3))
    p.put(p.tape.log_softmax(x.node), _log_softmax, x)


@maker
def leaky(p):
    x = p.pick()
    p.put(p.tape.leaky(x.node, 0.2), lambda m, x: m.where(x > 0, x, 0.2 * x), x)


@maker
def activation(p):
    x = p.pick()
    p.put(p.tape.activation(x.node, "softplus"), _softplus, x)


@maker
def softmax(p):
    if p.random.random() < 0.5:
        n = int(p.random.integers(2, 5))
        x = p.pick(shape=(n, n))
        p.put(p.tape.softmax(x.node, causal=True), lambda m, x: _softmax(m, x, True), x)
    else:
        x = p.pick((1, 3))
        p.put(p.tape.softmax(x.node), _softmax, x)


def _two(p, name, form):
    """x with another value of its shape, or with a smaller one that is repeated."""
    x = p.pick((1, 3))
    way, shape = p.random.integers(4), x.node.shape
    if way == 0:
        y = p.pick(shape=shape, batched=x.node.batched)
    elif way == 1:
        y = p.leaf(shape, None if x.node.batched else False)
    elif way == 2:
        y = p.leaf(shape[p.random.integers(len(shape)) :], None if x.node.batched else False)
    else:
        k = int(p.random.integers(len(shape)))
        y = p.leaf((*shape[:k], *(1,) * (len(shape) - k)), None if x.node.batched else False)
    first, second = x.node, y.node
    if p.random.random() < 0.3:
        p.put(getattr(p.tape, name)(second, first), lambda m, x, y: form(_aligned(m, x, y, first, second), x), x, y)
    else:
        p.put(getattr(p.tape, name)(first, second), lambda m, x, y: form(x, _aligned(m, x, y, first, second)), x, y)


MAKERS["add"] = lambda p: _two(p, "add", lambda x, y: x + y)
MAKERS["subtract"] = lambda p: _two(p, "subtract", lambda x, y: x - y)
MAKERS["multiply"] = lambda p: _two(p, "multiply", lambda x, y: x * y)


@maker
def scale(p):
    x = p.pick()
    p.put(p.tape.scale(x.node, -1.5, 0.25), lambda m, x: 0.25 - 1.5 * x, x)


@maker
def shift(p):
    x = p.pick()
    p.put(p.tape.shift(x.node, 0.75), lambda m, x: x + 0.75, x)


def _reduced(p, name):
    x = p.pick((1, 3))
    node = x.node
    if p.random.random() < 0.3:
        p.put(getattr(p.tape, name)(node), lambda m, x: _mean(m, x, node) * (1 if name == "mean" else node.size), x)
        return
    axis, keep = int(p.random.integers(len(node.shape))), bool(p.random.integers(2))
    share = 1 / node.shape[axis] if name == "mean" else 1.0
    p.put(getattr(p.tape, name)(node, axis, keep=keep), lambda m, x: m.sum(x, _axis(node, axis), keep) * share, x)


MAKERS["sum"] = lambda p: _reduced(p, "sum")
MAKERS["mean"] = lambda p: _reduced(p, "mean")


@maker
def affine(p):
    x = p.pick((1, 3))
    inputs, units = x.node.shape[-1], int(p.random.integers(1, 6))
    transposed = bool(p.random.integers(2))
    w = p.leaf((units, inputs) if transposed else (inputs, units), False)
    turned = lambda m, w: m.permute(w, (1, 0)) if transposed else w  # noqa: E731
    if p.random.random() < 0.5:
        p.put(p.tape.affine(x.node, weight=w.node, transposed=transposed, bias=False), lambda m, x, w: m.matmul(x, turned(m, w)), x, w)
    else:
        b = p.leaf((units,), False)
        p.put(
            p.tape.affine(x.node, weight=w.node, transposed=transposed, bias=b.node),
            lambda m, x, w, b: m.matmul(x, turned(m, w)) + b,
            x,
            w,
            b,
        )


@maker
def matmul(p):
    x = p.pick((2, 3))
    inner = x.node.shape[-1]
    outer, transposed = int(p.random.integers(1, 5)), bool(p.random.integers(2))
    y = p.pick(shape=(*x.node.shape[:-2], *((outer, inner) if transposed else (inner, outer))), batched=x.node.batched)
    lead = tuple(range(len(y.node.shape) - 2 + int(y.node.batched)))
    turned = lambda m, y: m.permute(y, (*lead, len(lead) + 1, len(lead))) if transposed else y  # noqa: E731
    p.put(p.tape.matmul(x.node, y.node, transposed=transposed), lambda m, x, y: m.matmul(x, turned(m, y)), x, y)


@maker
def attention(p):
    """Queries of a shape of their own, keys and values of as many places."""
    heads, places, size, wide = (int(n) for n in p.random.integers(1, 4, 4))
    causal = bool(p.random.integers(2))
    asked = places if causal else int(p.random.integers(1, 4))
    batched = bool(p.random.integers(2))
    q = p.leaf((heads, asked, size), batched)
    k, v = (p.leaf((heads, places, n), batched) for n in (size, wide))

    def heard(m, q, k, v):
        first = len(q.shape) - 3
        lead = tuple(range(first + 1))
        scores = m.matmul(q, m.permute(k, (*lead, first + 2, first + 1))) * size**-0.5
        found = m.matmul(_softmax(m, scores, causal), v)
        turned = m.permute(found, (*range(first), first + 1, first, first + 2))
        return turned.reshape((*found.shape[:first], asked, heads * wide))

    p.put(p.tape.attention(q.node, k.node, v.node, causal=causal), heard, q, k, v)


@maker
def reshape(p):
    x = p.pick((1, 3))
    batch = SAMPLES if x.node.batched else None
    shape = (x.node.size, 1) if p.random.integers(2) else (1, x.node.size)
    p.put(p.tape.reshape(x.node, shape), lambda m, x: x.reshape(shape if batch is None else (batch, *shape)), x)


@maker
def flatten(p):
    x = p.pick((1, 3))
    node = x.node
    p.put(p.tape.flatten(node), lambda m, x: x.reshape((SAMPLES, node.size) if node.batched else (node.size,)), x)


@maker
def stop_gradient(p):
    x = p.pick()
    p.put(p.tape.stop_gradient(x.node), lambda m, x: m.stop(x), x)


@maker
def slice_(p):
    x = p.pick((1, 3))
    axis = int(p.random.integers(len(x.node.shape)))
    stop = int(p.random.integers(1, x.node.shape[axis] + 1))
    start = int(p.random.integers(stop))
    where = (slice(None),) * _axis(x.node, axis) + (slice(start, stop),)
    p.put(p.tape.slice(x.node, start, stop, axis=axis), lambda m, x: x[where], x)


@maker
def select(p):
    x = p.pick((1, 3))
    axis = int(p.random.integers(len(x.node.shape)))
    index = int(p.random.integers(x.node.shape[axis]))
    where = (slice(None),) * _axis(x.node, axis) + (index,)
    p.put(p.tape.select(x.node, index, axis=axis), lambda m, x: x[where], x)


@maker
def concatenate(p):
    x = p.pick((1, 3))
    axis = int(p.random.integers(len(x.node.shape)))
    parts = [x]
    for _ in range(int(p.random.integers(1, 4))):
        if p.random.random() < 0.4:
            parts.append(parts[0])
        else:
            shape = list(x.node.shape)
            shape[axis] = int(p.random.integers(1, 4))
            parts.append(p.pick(shape=tuple(shape), batched=x.node.batched))
    p.random.shuffle(parts)
    along = _axis(x.node, axis)
    p.put(p.tape.concatenate([v.node for v in parts], axis=axis), lambda m, *parts: m.concatenate(parts, along), *parts)


@maker
def stack(p):
    x = p.pick((1, 2))
    parts = [x] + [p.pick(shape=x.node.shape, batched=x.node.batched) for _ in range(int(p.random.integers(1, 3)))]
    p.random.shuffle(parts)
    p.put(p.tape.stack([v.node for v in parts]), lambda m, *parts: m.stack(parts, int(x.node.batched)), *parts)


@maker
def transpose(p):
    x = p.pick((2, 3))
    axes = tuple(int(k) for k in p.random.permutation(len(x.node.shape)))
    order = (0, *(k + 1 for k in axes)) if x.node.batched else axes
    p.put(p.tape.transpose(x.node, axes), lambda m, x: m.permute(x, order), x)


def _windows(m, x, size, stride, pad, fill=0.0):
    """(samples, rows, columns, size * size, channels)."""
    x = m.pad(x, pad, fill)
    rows, cols = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    parts = [
        x[:, u : u + (rows - 1) * stride + 1 : stride, v : v + (cols - 1) * stride + 1 : stride] for u in range(size) for v in range(size)
    ]
    return m.stack(parts, 3)


def _picture(p):
    """A picture without equal pixels, so that the largest is one."""
    shape = (int(p.random.integers(3, 6)), int(p.random.integers(3, 6)), int(p.random.integers(1, 3)))
    x = p.pick(shape=shape, batched=True)
    y = p.leaf(shape, True)
    return p.put(p.tape.add(x.node, y.node), lambda m, x, y: x + y, x, y)


@maker
def conv2d(p):
    x = _picture(p)
    size, stride, pad, filters = 2 + int(p.random.integers(2)), 1 + int(p.random.integers(2)), int(p.random.integers(2)), 2
    w, b = p.leaf((size, size, x.node.shape[2], filters), False), p.leaf((filters,), False)

    def form(m, x, w, b):
        patches = _windows(m, x, size, stride, pad)
        return m.matmul(patches.reshape(*patches.shape[:3], -1), w.reshape(-1, filters)) + b

    p.put(p.tape.conv2d(x.node, size=size, stride=stride, padding=pad, weight=w.node, bias=b.node), form, x, w, b)


@maker
def max_pool(p):
    x = _picture(p)
    stride, pad = 1 + int(p.random.integers(2)), int(p.random.integers(2))
    p.put(
        p.tape.max_pool(x.node, 2, stride=stride, padding=pad),
        lambda m, x: m.largest(_windows(m, x, 2, stride, pad, -1e30), 3)[:, :, :, 0],
        x,
    )


@maker
def average_pool(p):
    x = _picture(p)
    stride, pad = 1 + int(p.random.integers(2)), int(p.random.integers(2))
    p.put(p.tape.average_pool(x.node, 2, stride=stride, padding=pad), lambda m, x: m.sum(_windows(m, x, 2, stride, pad), 3) / 4, x)


@maker
def augment(p):
    x = _picture(p)
    p.put(p.tape.augment(x.node), lambda m, x: m.stop(x), x)


@maker
def embedding(p):
    classes, shape = int(p.random.integers(2, 5)), p.shape(int(p.random.integers(0, 3)))
    tokens, w = p.labels(classes, shape), p.leaf((classes, int(p.random.integers(1, 4))), False)
    p.put(p.tape.embedding(tokens.node, weight=w.node), lambda m, k, w: w[m.index(k)], tokens, w)


@maker
def one_hot(p):
    classes = int(p.random.integers(2, 5))
    tokens = p.labels(classes, p.shape(int(p.random.integers(0, 2))))
    p.put(p.tape.one_hot(tokens.node), lambda m, k: m.array(np.eye(classes))[m.index(k)], tokens)


@maker
def label_noise(p):
    classes = int(p.random.integers(2, 5))
    tokens = p.labels(classes)
    moved = p.put(p.tape.label_noise(tokens.node, 0.5), lambda m, k: k, tokens)
    p.put(p.tape.one_hot(moved.node), lambda m, k: m.array(np.eye(classes))[m.index(k)], moved)


def _pair(p, name, form):
    x = p.pick((1, 3), batched=True)
    y = p.pick(shape=x.node.shape, batched=True)
    first, second = p.tame(x), p.tame(y)
    axes = tuple(range(1, len(x.node.shape) + 1))
    p.put(getattr(p.tape, name)(first.node, second.node), lambda m, x, y: m.sum(form(m, x, y), axes) * (1 / first.node.size if name == "mse" else 1),
          first, second)  # fmt: skip


MAKERS["mse"] = lambda p: _pair(p, "mse", lambda m, x, y: (x - y) * (x - y))
MAKERS["squared_error"] = lambda p: _pair(p, "squared_error", lambda m, x, y: 0.5 * (x - y) * (x - y))
MAKERS["bernoulli"] = lambda p: _pair(p, "bernoulli", lambda m, x, y: _softplus(m, x) - x * y)
MAKERS["kl_gaussian"] = lambda p: _pair(p, "kl_gaussian", lambda m, x, y: 0.5 * (m.exp(y) + x * x - y - 1))


@maker
def cross_entropy(p):
    x = p.pick((1, 3), batched=True)
    shape, classes = x.node.shape[:-1], x.node.shape[-1]
    if p.random.random() < 0.5:
        labels = p.labels(classes, shape)
        p.put(p.tape.cross_entropy(x.node, labels.node),
              lambda m, x, k: -m.sum(_log_softmax(m, x) * m.array(np.eye(classes))[m.index(k)], -1), x, labels)  # fmt: skip
    else:
        y = p.leaf(x.node.shape, True, positive=True)
        shares = p.put(p.tape.softmax(y.node), _softmax, y) if p.random.random() < 0.5 else y
        p.put(p.tape.cross_entropy(x.node, shares.node), lambda m, x, y: -m.sum(_log_softmax(m, x) * y, -1), x, shares)


@maker
def accuracy(p):
    x = p.leaf((int(p.random.integers(2, 5)),), True)
    labels = p.labels(x.node.shape[0])
    p.put(
        p.tape.accuracy(x.node, labels.node),
        lambda m, x, k: m.stop(m.array((np.asarray(_number(x)).argmax(-1) == np.asarray(_number(k))).astype(float))),
        x,
        labels,
    )


def _number(x):
    return x.detach().numpy() if hasattr(x, "detach") else x


def _spread(p, shape):
    """Values that differ: where all are nearly equal a normalisation divides by almost nothing, and differences are noise."""
    x, y = p.pick(shape=shape, batched=True), p.leaf(shape, True)
    return p.put(p.tape.add(x.node, y.node), lambda m, x, y: x + y, x, y)


@maker
def batch_norm(p):
    x = _spread(p, (2, int(p.random.integers(1, 4))))
    y = p.tape.batch_norm(x.node, keep=0.5)
    gain, bias = (p.put(p.tape.find(f"{y.name}.{part}"), None) for part in ("gain", "bias"))
    axes = tuple(range(len(x.node.shape)))

    def form(m, x, gain, bias):  # in evaluation the running mean is 0 and the running variance 1
        return _normalised(m, x, gain, bias, axes) if m.train else gain * x / math.sqrt(1 + 1e-5) + bias

    p.put(y, form, x, gain, bias)


@maker
def layer_norm(p):
    x = _spread(p, (*p.shape(int(p.random.integers(0, 2))), int(p.random.integers(3, 6))))
    y = p.tape.layer_norm(x.node)
    gain, bias = (p.put(p.tape.find(f"{y.name}.{part}"), None) for part in ("gain", "bias"))
    p.put(y, lambda m, x, gain, bias: _normalised(m, x, gain, bias, (len(x.shape) - 1,)), x, gain, bias)


@maker
def gaussian(p):
    """What was drawn is told to the plain form as a leaf."""
    drawn = p.put(p.tape.gaussian(p.shape(1)), None)
    x = p.leaf(drawn.node.shape, False)
    p.put(p.tape.multiply(drawn.node, x.node), lambda m, x, y: x * y, drawn, x)


@maker
def uniform(p):
    drawn = p.put(p.tape.uniform(p.shape(1), -1.0, 2.0), None)
    x = p.leaf(drawn.node.shape, False)
    p.put(p.tape.multiply(drawn.node, x.node), lambda m, x, y: x * y, drawn, x)


@maker
def kl_categorical(p):
    x = p.pick((1, 3), batched=True)
    y = p.pick(shape=x.node.shape, batched=True)

    def form(m, x, y):
        return m.sum(m.exp(_log_softmax(m, x)) * (_log_softmax(m, x) - _log_softmax(m, y)), -1)

    p.put(p.tape.kl_categorical(x.node, y.node), form, x, y)


@maker
def free(p):
    x = p.pick((1, 2))
    p.put(p.tape.free(f"free{len(p.values)}", x.node.shape, start=x.node), lambda m, x: m.stop(x), x)


@maker
def settle(p):
    """Where the free value comes to rest is told to the plain form; what was computed from it before must fit."""
    x, w = p.pick((1, 2), batched=True), p.leaf((), False)
    v = p.put(p.tape.free(f"free{len(p.values)}", x.node.shape, start=x.node), None)
    y = p.put(p.tape.multiply(v.node, w.node), lambda m, v, w: v * w, v, w)
    loss = p.put(p.tape.mean(p.tape.softplus(y.node)), lambda m, y: _mean(m, _softplus(m, y), y_node), y)
    y_node = y.node
    p.put(p.tape.settle(loss.node, [v.node], steps=3, rate=0.2, rule=["gradient", "sign"][p.random.integers(2)], ball=(x.node, 0.5)), None)


def _lstm_step(m, z, state):
    n = z.shape[-1] // 4
    i, f, g, o = (z[..., k * n : (k + 1) * n] for k in range(4))
    c = _logistic(m, i) * m.tanh(g)
    if state is not None:
        c = c + _logistic(m, f) * state[..., 1, :]
    return m.stack([_logistic(m, o) * m.tanh(c), c], -2)


@maker
def lstm_cell(p):
    units = int(p.random.integers(1, 4))
    if p.random.random() < 0.5:
        z = p.pick(shape=(4 * units,), batched=True)
        state = p.pick(shape=(2, units), batched=True) if p.random.random() < 0.7 else None
        sources = [z] if state is None else [z, state]
        p.put(p.tape.lstm_cell(*(v.node for v in sources)), lambda m, z, s=None: _lstm_step(m, z, s), *sources)
    else:
        z, state, w = p.pick(shape=(3, 4 * units), batched=True), p.pick(shape=(2, units), batched=True), p.leaf((units, 4 * units), False)
        row = int(p.random.integers(3))
        p.put(
            p.tape.lstm_cell(z.node, state.node, w.node, step=row),
            lambda m, z, s, w: _lstm_step(m, z[:, row] + m.matmul(s[:, 0], w), s),
            z, state, w,
        )  # fmt: skip


@maker
def lstm(p):
    steps, values, units = (int(n) for n in p.random.integers(1, 4, 3))
    x = p.pick(shape=(steps, values), batched=True)
    outputs = p.tape.lstm(x.node, units)
    name = outputs[0].name.split(".")[0]
    u, w, b = (p.put(p.tape.find(f"{name}.{part}"), None) for part in ("input", "recurrent", "bias"))

    def form(m, x, u, w, b):
        state = None
        for k in range(steps):
            z = m.matmul(x[:, k], u) + b
            state = _lstm_step(m, z if state is None else z + m.matmul(state[:, 0], w), state)
        return state[:, 0]

    p.put(outputs[-1], form, x, u, w, b)


def _gru_step(m, z, state, w=None, c=None):
    n = z.shape[-1] // 3
    past = None if state is None or w is None else m.matmul(state, w)
    r, k = (_logistic(m, z[..., i * n : (i + 1) * n] + (0 if past is None else past[..., i * n : (i + 1) * n])) for i in (0, 1))
    heard = 0 if past is None else past[..., 2 * n :]
    new = m.tanh(z[..., 2 * n :] + r * (heard if c is None else heard + c))
    return new + k * ((0 if state is None else state) - new)


@maker
def gru_cell(p):
    units = int(p.random.integers(1, 4))
    z, state, w = p.pick(shape=(3 * units,), batched=True), p.pick(shape=(units,), batched=True), p.leaf((units, 3 * units), False)
    if p.random.random() < 0.3:
        p.put(p.tape.gru_cell(z.node), lambda m, z: _gru_step(m, z, None), z)
    else:
        p.put(p.tape.gru_cell(z.node, state.node, w.node), lambda m, z, s, w: _gru_step(m, z, s, w), z, state, w)


@maker
def gru(p):
    steps, values, units = (int(n) for n in p.random.integers(1, 4, 3))
    x = p.pick(shape=(steps, values), batched=True)
    outputs = p.tape.gru(x.node, units)
    name = outputs[0].name.rpartition(".")[0]
    parts = ("drive.weight", "drive.bias", "recurrent", "recalled") if steps > 1 else ("drive.weight", "drive.bias", "recalled")
    found = [p.put(p.tape.find(f"{name}.{part}"), None) for part in parts]

    def form(m, x, u, b, *rest):
        w, c = rest if len(rest) > 1 else (None, rest[0])
        state = None
        for k in range(steps):
            state = _gru_step(m, m.matmul(x[:, k], u) + b, state, w, c)
        return state

    p.put(outputs[-1], form, x, *found)
