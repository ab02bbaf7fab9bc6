"""Two kinds of feedback for one network that names a class: the answer, or only whether what it said was right.

Told the answer t, the output learns from [k = t] - p_k. Told only a reward R for having said a, which was drawn from p, it learns from
(R - b)([k = a] - p_k): the same product, and its mean over what might have been said is the slope of the expected reward (Williams 1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import exp, kernel, log, uniform
from lab.training.predictive import Layout, Nodes, Weights, carry_back, forward

BETA1, BETA2 = 0.9, 0.999


class Told(NamedTuple):
    """What is said of an example: the answers, what was said, the reward for it; counts of right ones, of examples; running mean of rewards."""

    answers: np.ndarray
    said: np.ndarray
    paid: np.ndarray
    mean: np.ndarray  # (2,): mean of the rewards so far, and how many there were


@kernel(fast=False)
def softmax_rows(logits, into):
    """Chances from logits, row by row."""
    for i in range(logits.shape[0]):
        top = logits[i, 0]
        for k in range(logits.shape[1]):
            top = max(top, logits[i, k])
        total = 0.0
        for k in range(logits.shape[1]):
            into[i, k] = exp(logits[i, k] - top)
            total += into[i, k]
        for k in range(logits.shape[1]):
            into[i, k] /= total


@kernel(fast=False)
def taught(net, weights, kind, nodes, given, told, pay, rng, step):
    """Step of all weights on one minibatch, and the share that was said rightly.

    pay = (for right, for wrong, 1 with a baseline, 1 where the answer is told, for the entropy of the chances): what is said is drawn from the
    chances, for both kinds.
    """
    last, batch = len(net.sizes) - 1, given.shape[0]
    for i in range(batch):
        for j in range(net.sizes[0]):
            nodes.x[i * net.sizes[0] + j] = given[i, j]
    forward(net, weights.M, weights.b, kind, nodes, batch)
    classes = net.sizes[last]
    top = batch * net.units[last]
    error = nodes.eps[top : top + batch * classes].reshape((batch, classes))
    softmax_rows(nodes.mu[top : top + batch * classes].reshape((batch, classes)), error)
    right, total, base = 0, 0.0, told.mean[0]
    for i in range(batch):
        u, a, sum_ = uniform(rng), 0, error[i, 0]
        while u >= sum_ and a < classes - 1:
            a += 1
            sum_ += error[i, a]
        told.said[i] = a
        good = a == told.answers[i]
        right += good
        told.paid[i] = pay[0] if good else pay[1]
        total += told.paid[i]
        aim, praise = a, told.paid[i] - (base if pay[2] > 0.0 else 0.0)
        if pay[3] > 0.0:
            aim, praise = told.answers[i], 1.0
        spread = 0.0
        for k in range(classes):
            spread -= error[i, k] * log(error[i, k] + 1e-300)
        chance = 0.0 if pay[3] > 0.0 else pay[4]
        for k in range(classes):
            p = error[i, k]
            error[i, k] = praise * ((1.0 if k == aim else 0.0) - p) - chance * p * (log(p + 1e-300) + spread)
    # The mean of the last thousand or so: a baseline that lags behind would blame what is no longer bad.
    told.mean[1] = min(told.mean[1] + batch, 1000.0)
    told.mean[0] += (total - batch * told.mean[0]) / max(told.mean[1], float(batch))
    carry_back(net, weights.M, nodes, batch, step)
    return right / batch


@kernel(fast=False)
def adam(values, slope, first, second, update, rate):
    """One step of Adam up the slope."""
    a, b = 1.0 - BETA1**update, 1.0 - BETA2**update
    for i in range(values.size):
        first[i] = BETA1 * first[i] + (1.0 - BETA1) * slope[i]
        second[i] = BETA2 * second[i] + (1.0 - BETA2) * slope[i] * slope[i]
        values[i] += rate * (first[i] / a) / (np.sqrt(second[i] / b) + 1e-8)


def right(net: Layout, weights: Weights, kind: int, nodes: Nodes, x: np.ndarray, t: np.ndarray) -> float:
    """Share of examples whose likeliest class is the right one."""
    nodes.x[: x.size] = x.ravel()
    forward(net, weights.M, weights.b, kind, nodes, len(x))
    said = nodes.mu[len(x) * int(net.units[-2]) :].reshape(len(x), -1)
    return float((said.argmax(1) == t).mean())
