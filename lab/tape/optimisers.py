"""Optimisers: gradient descent, momentum, Nesterov, Adam, AdamW; weight decay, clipping and schedules of the learning rate.

With gradient g (of the loss plus decay/2 |w|^2, except in AdamW), learning rate k and step t:

    gradient descent   w <- w - k g                              (with minibatches: stochastic gradient descent)
    momentum           v <- b v + g;  w <- w - k v               (Polyak 1964)
    Nesterov           v <- b v + g;  w <- w - k (g + b v)       (Sutskever et al. 2013, in the look-ahead variable)
    Adam               m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g^2
                       w <- w - k m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)    (Kingma and Ba 2015, algorithm 1)
    AdamW              as Adam, and w <- w - k decay w           (Loshchilov and Hutter 2019, algorithm 2)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.errors import ParameterError, near
from lab.kernels import kernel

KINDS = {"descent": 0, "momentum": 1, "nesterov": 2, "adam": 3, "adamw": 4}
SCHEDULES = {"constant": 0, "step": 1, "exponential": 2, "cosine": 3, "linear": 4}
RATE, MOMENTUM, SECOND, EPSILON, DECAY, CLIP, WARMUP, SPAN, FINAL = range(9)  # places of an optimiser's live numbers


@dataclass(frozen=True)
class Optimiser:
    """One of the update rules above with its live numbers.

    clip: largest norm of the whole gradient (0: none). The schedule multiplies the rate by a factor of the number of
    updates t: "step" final^floor(t/span), "exponential" final^(t/span), "cosine" and "linear" from 1 to final over span
    updates after the warm-up, which rises linearly over `warmup` updates.
    """

    kind: str
    rate: float
    momentum: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    clip: float = 0.0
    schedule: str = "constant"
    warmup: float = 0.0
    span: float = 1000.0
    final: float = 0.1

    def __post_init__(self) -> None:
        for value, known, what in ((self.kind, KINDS, "optimiser"), (self.schedule, SCHEDULES, "schedule")):
            if value not in known:
                raise ParameterError(f"tape: there is no {what} '{value}'; {near(value, known)}", names=(what,))

    def floats(self) -> dict[str, tuple[float, float, float]]:
        """Live numbers with their bounds, in the order of the kernel's columns."""
        return {
            "rate": (self.rate, 0.0, 1e6),
            "momentum": (self.momentum, 0.0, 1.0),
            "second": (self.second, 0.0, 1.0),
            "epsilon": (self.epsilon, 0.0, 1.0),
            "decay": (self.decay, 0.0, 1e6),
            "clip": (self.clip, 0.0, math.inf),
            "warmup": (self.warmup, 0.0, math.inf),
            "span": (self.span, 1.0, math.inf),
            "final": (self.final, 0.0, 1.0),
        }


def descent(rate: float = 0.1, **more) -> Optimiser:
    """Gradient descent; stochastic where the batch is smaller than the data."""
    return Optimiser("descent", rate, **more)


def momentum(rate: float = 0.01, momentum: float = 0.9, **more) -> Optimiser:
    """Gradient descent with Polyak's momentum."""
    return Optimiser("momentum", rate, momentum, **more)


def nesterov(rate: float = 0.01, momentum: float = 0.9, **more) -> Optimiser:
    """Nesterov's accelerated gradient."""
    return Optimiser("nesterov", rate, momentum, **more)


def adam(rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, **more) -> Optimiser:
    """Adam; its weight decay is the L2 term of the loss."""
    return Optimiser("adam", rate, beta1, beta2, **more)


def adamw(rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, decay: float = 0.01, **more) -> Optimiser:
    """Adam with decoupled weight decay."""
    return Optimiser("adamw", rate, beta1, beta2, decay=decay, **more)


@kernel
def scheduled_rate(f, at, schedule, t):
    """Learning rate of update t = 1, 2, ..."""
    rate, warmup, span, final = f[at + RATE], f[at + WARMUP], f[at + SPAN], f[at + FINAL]
    if warmup > 0 and t <= warmup:
        return rate * t / warmup
    done = t - 1 - warmup
    if schedule == 1:
        return rate * final ** math.floor(done / span)
    if schedule == 2:
        return rate * final ** (done / span)
    part = min(1.0, done / span)
    if schedule == 3:
        return rate * (final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * part)))
    if schedule == 4:
        return rate * (1.0 - (1.0 - final) * part)
    return rate


@kernel
def scheduled_rates(f, at, schedule, first, out):
    """Learning rates of the updates first, first + 1, ..."""
    for i in range(out.size):
        out[i] = scheduled_rate(f, at, schedule, first + i)


@kernel
def update(kind, w, g, m, v, f, at, rate, t, factor, decays, constraint):
    """One update in place of the weights w from their gradient g (times `factor`, from clipping), with moments m and v."""
    real = w.dtype.type
    one, k, c, b1 = real(1), real(rate), real(factor), real(f[at + MOMENTUM])
    decay = real(f[at + DECAY] if decays else 0.0)
    # A moment whose gradient stays 0 (a dead unit) fades into subnormal numbers, which made this loop nine times slower.
    faint = real(1e-30)
    if kind == 0:
        for i in range(w.size):
            w[i] -= k * (c * g[i] + decay * w[i])
    elif kind == 1:
        for i in range(w.size):
            moment = b1 * m[i] + c * g[i] + decay * w[i]
            m[i] = moment if abs(moment) > faint else real(0)
            w[i] -= k * m[i]
    elif kind == 2:
        for i in range(w.size):
            total = c * g[i] + decay * w[i]
            moment = b1 * m[i] + total
            m[i] = moment if abs(moment) > faint else real(0)
            w[i] -= k * (total + b1 * m[i])
    else:
        b2 = real(f[at + SECOND])
        first = real(rate / (1.0 - f[at + MOMENTUM] ** t))
        second = real(1.0 / math.sqrt(1.0 - f[at + SECOND] ** t))
        epsilon = real(f[at + EPSILON])
        inside = decay if kind == 3 else real(0)
        outside = one - (k * decay if kind == 4 else real(0))
        for i in range(w.size):
            total = c * g[i] + inside * w[i]
            moment = b1 * m[i] + (one - b1) * total
            square = b2 * v[i] + (one - b2) * total * total
            m[i] = moment if abs(moment) > faint else real(0)
            v[i] = square if square > faint else real(0)
            w[i] = outside * w[i] - first * m[i] / (math.sqrt(v[i]) * second + epsilon)
    if constraint == 1:
        for i in range(w.size):
            w[i] = max(w[i], real(0))


@kernel
def keep_signs(w, signs, width):
    """Set to 0 what has the wrong sign: w (..., units, width) belongs to units with a sign of 1, -1 or 0. A NaN stays one."""
    for i in range(w.size):
        if w[i] * signs[(i // width) % signs.size] < 0:
            w[i] = 0
