"""Settling of value and error nodes that are wired one by one: a graph as arrays, and the kernels that move and teach them.

    mu_e  = sum_w M_w sigma(x_source) + b_e              what the wires of prediction say of the value of error node e
    eps_e = (x_of - mu_e) / nu_e                         at once, or following at the rate of the values
    dx_j  = - sum eps of its own error nodes + sigma'(x_j) sum_w W_w eps_target
    dM_w  = sigma(x_source) eps_target,  db_e = eps_e    once it has settled

`lab.training.predictive` does the same for whole layers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lab.errors import ModelError
from lab.graph.document import Edge, Graph
from lab.graph.kinds.predictions import ACTIVATIONS, judged, predicting
from lab.kernels import kernel, sigmoid, tanh

MOST = 64  # nodes
TANH, LOGISTIC, RELU = (ACTIVATIONS.index(n) for n in ("tanh", "logistic", "ReLU"))


class Circuit(NamedTuple):
    """The network as arrays: of each value its activation; of each error its value and precision; of each wire its ends and whether it has a weight back."""

    kind: np.ndarray
    of: np.ndarray
    precision: np.ndarray
    source: np.ndarray
    target: np.ndarray
    own: np.ndarray


class Moving(NamedTuple):
    """What moves while it settles: values, errors, predictions."""

    x: np.ndarray
    eps: np.ndarray
    mu: np.ndarray


class Learned(NamedTuple):
    """What is learned: weights forward and back of each wire, bias of each error node."""

    M: np.ndarray
    W: np.ndarray
    b: np.ndarray


@kernel(fast=False)
def bend(kind, x, f, d):
    """sigma(x) of every value, and its slope."""
    for i in range(x.size):
        f[i], d[i] = x[i], 1.0
        if kind[i] == TANH:
            f[i] = tanh(x[i])
            d[i] = 1.0 - f[i] * f[i]
        elif kind[i] == LOGISTIC:
            f[i] = sigmoid(x[i])
            d[i] = f[i] * (1.0 - f[i])
        elif kind[i] == RELU and x[i] <= 0.0:
            f[i], d[i] = 0.0, 0.0


@kernel(fast=False)
def predict(c, w, f, mu):
    """What is predicted of the value of every error node."""
    mu[:] = w.b
    for k in range(c.source.size):
        mu[c.target[k]] += w.M[k] * f[c.source[k]]


@kernel(fast=False)
def measure(c, w, m, rate, follow, f, d):
    """Predictions and errors as the values stand (or one step towards them), and the energy."""
    bend(c.kind, m.x, f, d)
    predict(c, w, f, m.mu)
    energy = 0.0
    for k in range(c.of.size):
        off = m.x[c.of[k]] - m.mu[k]
        if follow:
            m.eps[k] += rate * (off - m.eps[k] / c.precision[k])
        else:
            m.eps[k] = c.precision[k] * off
        energy += 0.5 * m.eps[k] * m.eps[k] / c.precision[k]
    return energy


@kernel(fast=False)
def settle(c, w, m, free, rate, follow, energies):
    """As many sweeps as there are energies: free values move by their own errors and those of what they predict, then errors are measured."""
    n = m.x.size
    f, d, told, own = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    bend(c.kind, m.x, f, d)
    for sweep in range(energies.size):
        told[:], own[:] = 0.0, 0.0
        for k in range(c.source.size):
            told[c.source[k]] += (w.W[k] if c.own[k] else w.M[k]) * m.eps[c.target[k]]
        for k in range(c.of.size):
            own[c.of[k]] += m.eps[k]
        for i in range(n):
            if free[i]:
                m.x[i] += rate * (d[i] * told[i] - own[i])
        energies[sweep] = measure(c, w, m, rate, follow, f, d)


@kernel(fast=False)
def foretell(c, w, m, free, order):
    """Free values where they are predicted, in the order of the wires: the mean of several predictions weighs by their precision."""
    n = m.x.size
    f, d = np.empty(n), np.empty(n)
    for at in range(order.size):
        i = order[at]
        if not free[i]:
            continue
        bend(c.kind, m.x, f, d)
        predict(c, w, f, m.mu)
        total, weight = 0.0, 0.0
        for k in range(c.of.size):
            if c.of[k] == i:
                total += c.precision[k] * m.mu[k]
                weight += c.precision[k]
        if weight > 0.0:
            m.x[i] = total / weight


@kernel(fast=False)
def learn(c, w, m, rate):
    """Each weight moves by the activity before it times the error after it; W by the same product."""
    n = m.x.size
    f, d = np.empty(n), np.empty(n)
    bend(c.kind, m.x, f, d)
    for k in range(c.source.size):
        step = rate * f[c.source[k]] * m.eps[c.target[k]]
        w.M[k] += step
        w.W[k] += step
    for k in range(c.of.size):
        w.b[k] += rate * m.eps[k]


class Wired(NamedTuple):
    """What a graph says: its circuit, ids of values, errors and wires, first weights, first values, what is held how, order of prediction."""

    graph: Graph
    circuit: Circuit
    values: tuple[str, ...]
    errors: tuple[str, ...]
    wires: tuple[str, ...]
    first: Learned
    x: np.ndarray
    held: tuple[str, ...]
    order: np.ndarray


@lru_cache(maxsize=16)
def wired(text: str) -> Wired:
    """The graph as arrays; refused in words where it is no network of values and errors."""
    graph = Graph.from_json(text)
    if graph.family != "predictions":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes value and error nodes.")
    for problem in graph.problems():
        if problem.fatal:
            raise ModelError(problem.sentence)
    if len(graph.nodes) > MOST:
        raise ModelError(
            f"The graph holds {len(graph.nodes)} nodes and may hold {MOST}: use the model 'predictive-coding' for whole layers."
        )
    values = [n for n in graph.nodes if n.kind == "value"]
    errors = [n for n in graph.nodes if n.kind == "error"]
    place = {n.id: k for nodes in (values, errors) for k, n in enumerate(nodes)}
    wires, own = predicting(graph), [n.parameters for n in values]
    said: list[Any] = [e.properties for e in wires]
    circuit = Circuit(
        np.array([ACTIVATIONS.index(v.activation) for v in own], np.int64),  # type: ignore[attr-defined]
        np.array([place[judged(graph, n.id)] for n in errors], np.int64),
        np.array([n.parameters.precision for n in errors], float),  # type: ignore[attr-defined]
        np.array([place[e.source] for e in wires], np.int64),
        np.array([place[e.target] for e in wires], np.int64),
        np.array([p.own for p in said], np.bool_),
    )
    first = Learned(
        np.array([p.weight for p in said], float),
        np.array([p.back if p.own else p.weight for p in said], float),
        np.array([n.parameters.bias for n in errors], float),  # type: ignore[attr-defined]
    )
    order = [place[id] for id in _order(graph) if graph.node(id).kind == "value"]
    return Wired(
        graph, circuit, tuple(n.id for n in values), tuple(n.id for n in errors), tuple(e.id for e in wires), first,
        np.array([v.value for v in own], float), tuple(v.held for v in own), np.array(order, np.int64),  # type: ignore[attr-defined]
    )  # fmt: skip


def _order(graph: Graph) -> tuple[str, ...]:
    """Nodes so that every prediction leads forward: an error node comes before the value it is about."""
    return Graph(graph.family, graph.nodes, tuple(_turned(e) for e in graph.edges)).order()


def _turned(edge: Edge) -> Edge:
    return replace(edge, source=edge.target, target=edge.source) if edge.input == "of" else edge
