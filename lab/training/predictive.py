"""Predictive coding: value and error nodes that settle, and local rules for the weights, beside back-propagation.

A network of layers 0..L for a minibatch of B examples. Everything lies layer after layer in flat arrays; within a layer a row is an example.

    mu_l     = sigma(x_{l-1}) M_{l-1} + b_{l-1}                    what the layer below predicts
    deps_l   = x_l - mu_l - nu_l eps_l                             error nodes, or at once where that is at rest: eps = (x - mu) / nu
    dx_l     = sigma'(x_l) * (eps_{l+1} W_l) - eps_l               value nodes; W = M^T where the weights are tied
    dM_l     = sigma(x_l)^T eps_{l+1},  dW_l = eps_{l+1}^T sigma(x_l)

The energy F = sum_l nu_l |eps_l|^2 / 2 falls along dx (Whittington and Bogacz 2017). All in double precision: what is shown is whether two
ways of computing a weight's step agree to the last digit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lab.kernels import kernel, sigmoid, tanh

ACTIVATIONS = ("tanh", "linear", "ReLU", "logistic")
LINEAR, RELU, LOGISTIC = 1, 2, 3
TRAIN, TEST, GENERATE = range(3)  # which ends are held: both, the input, the output
STRICT, FIXED, ZERO = range(3)  # predictions follow the states, stay, or each layer learns when its error arrives (Z-IL)


class Layout(NamedTuple):
    """Where everything lies: units of each layer, first unit, first weight and first bias of each; all int64."""

    sizes: np.ndarray
    units: np.ndarray
    weights: np.ndarray
    biases: np.ndarray


class Nodes(NamedTuple):
    """What moves while states settle: values, errors, predictions, sigma(x) and sigma'(x); flat."""

    x: np.ndarray
    eps: np.ndarray
    mu: np.ndarray
    f: np.ndarray
    d: np.ndarray


class Weights(NamedTuple):
    """Forward weights, biases, and the weights along which errors go back (not used where they are tied); flat."""

    M: np.ndarray
    b: np.ndarray
    W: np.ndarray


class How(NamedTuple):
    """Numbers of the settling: B, activation, what is clamped, form, tied, whether errors follow; dt/tau; variances; prior of a free input."""

    batch: int
    activation: int
    clamp: int
    form: int
    tied: bool
    follow: bool
    rate: float
    nu: np.ndarray
    prior: float
    mean: np.ndarray


def layout(sizes: tuple[int, ...]) -> Layout:
    """The places of a network with so many units in each layer."""
    products = [a * b for a, b in pairwise(sizes)]
    return Layout(*(np.array(v, np.int64) for v in (sizes, np.cumsum([0, *sizes]), np.cumsum([0, *products]), np.cumsum([0, *sizes[1:]]))))


def first_weights(net: Layout, random: np.random.Generator, tied: bool) -> Weights:
    """Weights by Glorot's rule, biases 0; feedback weights are drawn on their own, or the transposed ones."""
    M, W = [], []
    for a, b in pairwise(net.sizes.tolist()):
        reach = np.sqrt(6.0 / (a + b))
        M.append(random.uniform(-reach, reach, (a, b)))
        W.append(M[-1].T if tied else random.uniform(-reach, reach, (b, a)))
    return Weights(*(np.concatenate([m.ravel() for m in part]) for part in (M, [np.zeros(net.biases[-1])], W)))


def matrices(net: Layout, flat: np.ndarray, *, turned: bool = False) -> list[np.ndarray]:
    """Views of the weight matrices, from the input on; `turned` for those along which errors go back."""
    shapes = [(b, a) if turned else (a, b) for a, b in pairwise(net.sizes.tolist())]
    return [flat[net.weights[k] : net.weights[k + 1]].reshape(shape) for k, shape in enumerate(shapes)]


def layers(net: Layout, flat: np.ndarray, batch: int) -> list[np.ndarray]:
    """Views (batch, units) of the layers of some nodes."""
    return [flat[batch * a : batch * b].reshape(batch, -1) for a, b in pairwise(net.units.tolist())]


def empty(net: Layout, batch: int) -> Nodes:
    """Nodes at rest at zero."""
    return Nodes(*(np.zeros(batch * int(net.units[-1])) for _ in Nodes._fields))


@kernel(fast=False)  # sums in the written order: reordered ones followed the place of the arrays in memory
def activate(kind, x, f, d):
    """sigma(x) and its slope."""
    if kind == LINEAR:
        for i in range(x.size):
            f[i] = x[i]
            d[i] = 1.0
    elif kind == RELU:
        for i in range(x.size):
            f[i] = x[i] if x[i] > 0.0 else 0.0 * x[i]
            d[i] = 1.0 if x[i] > 0.0 else 0.0
    elif kind == LOGISTIC:
        for i in range(x.size):
            f[i] = sigmoid(x[i])
            d[i] = f[i] * (1.0 - f[i])
    else:
        for i in range(x.size):
            f[i] = tanh(x[i])
            d[i] = 1.0 - f[i] * f[i]


@kernel(fast=False)
def predict(net, M, b, f, mu, k, batch):
    """Predictions of layer k + 1 from sigma(x) of layer k."""
    n, m = net.sizes[k], net.sizes[k + 1]
    below = f[batch * net.units[k] : batch * net.units[k + 1]].reshape((batch, n))
    out = mu[batch * net.units[k + 1] : batch * net.units[k + 2]].reshape((batch, m))
    np.dot(below, M[net.weights[k] : net.weights[k + 1]].reshape((n, m)), out)
    bias = b[net.biases[k] : net.biases[k + 1]]
    for i in range(batch):
        row = out[i]
        for j in range(m):
            row[j] += bias[j]


@kernel(fast=False)
def forward(net, M, b, kind, nodes, batch):
    """Every layer where the one below predicts it to be."""
    for k in range(len(net.sizes) - 1):
        here = slice(batch * net.units[k], batch * net.units[k + 1])
        activate(kind, nodes.x[here], nodes.f[here], nodes.d[here])
        predict(net, M, b, nodes.f, nodes.mu, k, batch)
        for i in range(batch * net.units[k + 1], batch * net.units[k + 2]):
            nodes.x[i] = nodes.mu[i]


@kernel(fast=False)
def squares(x):
    """Sum of squares in four sums, each in the written order: one alone would wait for every addition."""
    a, b, c, d, whole = 0.0, 0.0, 0.0, 0.0, x.size - x.size % 4
    for i in range(0, whole, 4):
        a += x[i] * x[i]
        b += x[i + 1] * x[i + 1]
        c += x[i + 2] * x[i + 2]
        d += x[i + 3] * x[i + 3]
    for i in range(whole, x.size):
        a += x[i] * x[i]
    return (a + b) + (c + d)


@kernel(fast=False)
def measure(net, weights, nodes, how, energy, moved, again):
    """Predictions, errors and the energy (mean of the examples) of each layer, its sum first.

    moved  0 or 1: error nodes that follow take their step; again: states have moved, so predictions are made again.
    """
    last = len(net.sizes) - 1
    if again and (how.form != FIXED or how.clamp != TRAIN):
        for k in range(last):
            if k > 0 or how.clamp == GENERATE:  # an input that is held predicts the same again
                here = slice(how.batch * net.units[k], how.batch * net.units[k + 1])
                activate(how.activation, nodes.x[here], nodes.f[here], nodes.d[here])
                predict(net, weights.M, weights.b, nodes.f, nodes.mu, k, how.batch)
    energy[0] = 0.0
    if how.clamp == GENERATE:
        for i in range(how.batch):
            for j in range(net.sizes[0]):
                at = i * net.sizes[0] + j
                nodes.eps[at] = how.prior * (nodes.x[at] - how.mean[j])
                energy[0] += 0.5 * nodes.eps[at] * (nodes.x[at] - how.mean[j]) / how.batch
    for k in range(1, last + 1):
        nu, here = how.nu[k], slice(how.batch * net.units[k], how.batch * net.units[k + 1])
        x, mu, eps = nodes.x[here], nodes.mu[here], nodes.eps[here]
        if how.follow:
            step = how.rate * moved
            for i in range(x.size):
                eps[i] += step * (x[i] - mu[i] - nu * eps[i])
        elif nu == 1.0:
            for i in range(x.size):
                eps[i] = x[i] - mu[i]
        else:
            for i in range(x.size):
                eps[i] = (x[i] - mu[i]) / nu
        energy[k] = 0.5 * nu * squares(eps) / how.batch
        energy[0] += energy[k]


@kernel(fast=False)
def move(net, weights, nodes, how, room):
    """One step of the value nodes that are free: towards what explains the errors above, away from their own."""
    last = len(net.sizes) - 1
    first = 0 if how.clamp == GENERATE else 1
    for k in range(first, last + 1 if how.clamp == TEST else last):
        n, here = net.sizes[k], slice(how.batch * net.units[k], how.batch * net.units[k + 1])
        x, d, eps, rate = nodes.x[here], nodes.d[here], nodes.eps[here], how.rate
        if k == last:
            for i in range(x.size):
                x[i] -= rate * eps[i]
            continue
        m = net.sizes[k + 1]
        above = nodes.eps[how.batch * net.units[k + 1] : how.batch * net.units[k + 2]].reshape((how.batch, m))
        told = room[: how.batch * n].reshape((how.batch, n))
        if how.tied:
            np.dot(above, weights.M[net.weights[k] : net.weights[k + 1]].reshape((n, m)).T, told)
        else:
            np.dot(above, weights.W[net.weights[k] : net.weights[k + 1]].reshape((m, n)), told)
        for i in range(x.size):
            x[i] += rate * (d[i] * room[i] - eps[i])


@kernel(fast=False)
def step_of(net, f, eps, k, batch, scale, M, b):
    """The local rule: scale sigma(x_k)^T eps_{k+1}, and scale times the sum of eps_{k+1}, into M and b."""
    n, m = net.sizes[k], net.sizes[k + 1]
    below = f[batch * net.units[k] : batch * net.units[k + 1]].reshape((batch, n))
    above = eps[batch * net.units[k + 1] : batch * net.units[k + 2]].reshape((batch, m))
    out = M[net.weights[k] : net.weights[k + 1]].reshape((n, m))
    np.dot(below.T, above, out)
    for i in range(net.weights[k], net.weights[k + 1]):
        M[i] *= scale
    total = b[net.biases[k] : net.biases[k + 1]]
    for j in range(m):
        total[j] = 0.0
    for i in range(batch):  # examples in their order, all units at once
        row = above[i]
        for j in range(m):
            total[j] += row[j]
    for j in range(m):
        total[j] *= scale


@kernel(fast=False)
def steps_of(net, nodes, how, step, at):
    """The steps of all weights as the nodes stand; Z-IL: of those alone whose error has come at sweep `at`."""
    last = len(net.sizes) - 1
    # In units of the output's own error: its variance would otherwise be one more learning rate.
    scale = how.nu[last] / how.batch
    for k in range(last):
        if how.form != ZERO or k == last - 1 - at:
            step_of(net, nodes.f, nodes.eps, k, how.batch, scale, step.M, step.b)


@kernel(fast=False)
def settle(net, weights, nodes, how, step, energies, at, sweeps):
    """Sweeps number at + 1 to at + `sweeps`; energies (sweeps, layers + 1)."""
    widest = 0
    for size in net.sizes:
        widest = max(widest, size)
    room = np.empty(how.batch * widest)
    for k in range(sweeps):
        move(net, weights, nodes, how, room)
        measure(net, weights, nodes, how, energies[k], 1, True)
        if how.form == ZERO and how.clamp == TRAIN:
            steps_of(net, nodes, how, step, at + k + 1)


@kernel(fast=False)
def begin(net, weights, nodes, how, given, wanted, part, zero, energy, step):
    """Clamp a minibatch and start the free states from the prediction, or from zero; the output is held at `part` of its error.

    given (B, inputs) is clamped, or is where a free input starts; wanted (B, outputs).
    """
    last = len(net.sizes) - 1
    top = how.batch * net.units[last]
    for i in range(how.batch):
        for j in range(net.sizes[0]):
            nodes.x[i * net.sizes[0] + j] = given[i, j]
    forward(net, weights.M, weights.b, how.activation, nodes, how.batch)
    nodes.eps[:] = 0.0
    if zero:
        for i in range(how.batch * net.sizes[0], top):
            nodes.x[i] = 0.0
    if how.clamp == TEST:
        if zero:
            nodes.x[top:] = 0.0
    else:
        share = part if how.clamp == TRAIN else 1.0
        for i in range(how.batch):
            for j in range(net.sizes[last]):
                at = top + i * net.sizes[last] + j
                nodes.x[at] = nodes.mu[at] + share * (wanted[i, j] - nodes.mu[at])
    measure(net, weights, nodes, how, energy, 0, zero)
    if how.form == ZERO and how.clamp == TRAIN:
        steps_of(net, nodes, how, step, 0)


@kernel(fast=False)
def carry_back(net, M, nodes, batch, step):
    """The errors of the output carried back layer by layer, and the step of every weight that follows from them."""
    for k in range(len(net.sizes) - 2, -1, -1):
        step_of(net, nodes.f, nodes.eps, k, batch, 1.0 / batch, step.M, step.b)
        if k > 0:
            n, m = net.sizes[k], net.sizes[k + 1]
            above = nodes.eps[batch * net.units[k + 1] : batch * net.units[k + 2]].reshape((batch, m))
            here = nodes.eps[batch * net.units[k] : batch * net.units[k + 1]]
            np.dot(above, M[net.weights[k] : net.weights[k + 1]].reshape((n, m)).T, here.reshape((batch, n)))
            for i in range(batch * n):
                here[i] *= nodes.d[batch * net.units[k] + i]


@kernel(fast=False)
def back_propagate(net, M, b, kind, nodes, given, wanted, step):
    """Minus the gradient of |y - y^|^2 / 2 (mean of the examples) with respect to every weight, into step."""
    last, batch = len(net.sizes) - 1, given.shape[0]
    for i in range(batch):
        for j in range(net.sizes[0]):
            nodes.x[i * net.sizes[0] + j] = given[i, j]
    forward(net, M, b, kind, nodes, batch)
    top = batch * net.units[last]
    for i in range(batch):
        for j in range(net.sizes[last]):
            at = top + i * net.sizes[last] + j
            nodes.eps[at] = wanted[i, j] - nodes.mu[at]
    carry_back(net, M, nodes, batch, step)


@kernel(fast=False)
def learn(net, weights, step, rate, decay, tied):
    """Take the step: M and W by the same product of two activities, each from its own side; both decay."""
    for i in range(weights.M.size):
        weights.M[i] += rate * (step.M[i] - decay * weights.M[i])
    for i in range(weights.b.size):
        weights.b[i] += rate * step.b[i]
    if not tied:
        for k in range(len(net.sizes) - 1):
            n, m, at = net.sizes[k], net.sizes[k + 1], net.weights[k]
            for i in range(n):
                for j in range(m):
                    w = at + j * n + i
                    weights.W[w] += rate * (step.M[at + i * m + j] - decay * weights.W[w])


@kernel(fast=False)
def apart(one, other):
    """(largest difference over the largest of `other`, cosine) of two steps."""
    most, largest, dot, a, b = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(one.size):
        most = max(most, abs(one[i] - other[i]))
        largest = max(largest, abs(other[i]))
        dot += one[i] * other[i]
        a += one[i] * one[i]
        b += other[i] * other[i]
    length = np.sqrt(a) * np.sqrt(b)
    return most / largest if largest > 0.0 else 0.0, dot / length if length > 0.0 else 1.0


class Lesson(NamedTuple):
    """What whole minibatches are taught with: examples and wanted outputs, how long each settles and from where, how weights move.

    most: the energy above which a state ran away; beside: whether the twin learns by back-propagation.
    """

    x: np.ndarray
    y: np.ndarray
    turns: int
    part: float
    zero: bool
    learning: float
    decay: float
    most: float
    beside: bool


FINE, RAN_AWAY, NO_NUMBER = range(3)  # how the minibatches went


@kernel(fast=False)
def all_finite(x):
    """Whether no value is infinite or not a number."""
    for i in range(x.size):
        if not abs(x[i]) < np.inf:
            return False
    return True


@kernel(fast=False)
def take(net, weights, nodes, how, step, twin, room, back, lesson, order, report):
    """Settle and learn from whole minibatches, one after the other, without returning to Python; what a sweep at a time does, to the last bit.

    order (minibatches, B): their examples; report: trace (sweeps + 1, layers + 1) of the last one, energies (all sweeps, layers + 1) or empty,
    told (minibatches, 3): difference and cosine of both steps, and how far the weights are apart; rise (1,), the largest so far.
    Returns (minibatches done, how it went, sweep of the last one at which it went wrong).
    """
    trace, energies, told, rise = report
    given, wanted = np.empty((how.batch, lesson.x.shape[1])), np.empty((how.batch, lesson.y.shape[1]))
    scaled = np.empty_like(step.M)
    for k in range(order.shape[0]):
        for i in range(how.batch):
            for j in range(given.shape[1]):
                given[i, j] = lesson.x[order[k, i], j]
            for j in range(wanted.shape[1]):
                wanted[i, j] = lesson.y[order[k, i], j]
        begin(net, weights, nodes, how, given, wanted, lesson.part, lesson.zero, trace[0], step)
        settle(net, weights, nodes, how, step, trace[1 : lesson.turns + 1], 0, lesson.turns)
        for i in range(lesson.turns):
            if not trace[i + 1, 0] < lesson.most:
                return k, RAN_AWAY, i
        if not all_finite(nodes.x):
            return k, RAN_AWAY, 0
        for i in range(lesson.turns):
            rise[0] = max(rise[0], trace[i + 1, 0] - trace[i, 0])
            if energies.size:
                for j in range(energies.shape[1]):
                    energies[k * lesson.turns + i, j] = trace[i + 1, j]
        if how.form != ZERO:
            steps_of(net, nodes, how, step, 0)
        if lesson.beside:
            back_propagate(net, weights.M, weights.b, how.activation, room, given, wanted, back)
            for i in range(scaled.size):
                scaled[i] = step.M[i] / lesson.part
            told[k, 0], told[k, 1] = apart(scaled, back.M)
            back_propagate(net, twin.M, twin.b, how.activation, room, given, wanted, back)
            learn(net, twin, back, lesson.learning, lesson.decay, True)
            told[k, 2] = 0.0
            for i in range(scaled.size):
                told[k, 2] = max(told[k, 2], abs(weights.M[i] - twin.M[i]))
        learn(net, weights, step, lesson.learning / lesson.part, lesson.decay, how.tied)
        if not (all_finite(weights.M) and all_finite(twin.M)):
            return k + 1, NO_NUMBER, 0
    return order.shape[0], FINE, 0


def closed_form(net: Layout, M: np.ndarray, d: list[np.ndarray], nu: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Error nodes of the output at rest, (y - y^) S^-1 with S = nu_L + sum_l nu_l J_l^T J_l; J_l from layer l to the output.

    d are the slopes of the layers for one example: exact in a linear network, its tangent at the prediction in a curved one.
    """
    parts = matrices(net, M)
    outputs = int(net.sizes[-1])
    total, J = nu[-1] * np.eye(outputs), np.eye(outputs)
    for k in range(len(parts) - 1, 0, -1):
        J = d[k][:, None] * (parts[k] @ J)
        total += nu[k] * J.T @ J
    return np.linalg.solve(total.T, error)
