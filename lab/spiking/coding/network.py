"""Networks of ensembles compiled into flat arrays, and their steps: thousands of neurons in one kernel.

Everything that is decoded is a column: what an ensemble holds, then each wire that leaves it; behind them, each number that a
value sends. A step smooths what values send, sums columns into what nodes are given, lets all neurons answer, and smooths what was
decoded: an ensemble hears another one step later, whatever the order in which they were drawn.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lab.errors import LabError
from lab.kernels import exp, kernel, log
from lab.spiking.coding import decoders as solvers
from lab.spiking.coding.parts import Ensemble, Feed, Value, apply
from lab.spiking.coding.populations import Population, ball, diagonals, population, scattered
from lab.spiking.coding.spiking import fire
from lab.spiking.coding.wiring import Led, Net, Part, WiringError, decoders_of

OWN = 20.0  # ms with which pictures smooth what an ensemble holds
CLIP = 1e6  # values beyond this are cut: a function without a value somewhere must not end the run
KINDS = {"LIF": 0, "LIF, as rates": 1, "sigmoid": 2}


class Layout(NamedTuple):
    """Where things lie in the arrays, by the identity of node or wire: neurons of ensembles, columns of what they hold, columns of wires."""

    neurons: dict[str, slice]
    held: dict[str, slice]
    wires: dict[str, slice]

    @property
    def sizes(self) -> tuple[int, int]:
        """How many neurons and columns there are."""
        return max((s.stop for s in self.neurons.values()), default=0), max(
            (s.stop for s in (*self.held.values(), *self.wires.values())), default=0
        )


class Built(NamedTuple):
    """The compiled network: what never moves.

    table     (E, 9) of each ensemble: first neuron, how many, dimensions, kind, place of its encoders, place of what it is given,
              first column, how many, place of its decoders
    encoders  all encoders times gain over radius, one ensemble after another; bias (N,)
    decoders  of all columns of an ensemble, neuron by neuron, one ensemble after another
    columns   (C,) of each column: the number given that it is added to, or -1
    keep      (C,) what is left of a column's smoothed value after a step
    shown     (E,) neurons of each ensemble whose spikes are shown
    """

    table: np.ndarray
    encoders: np.ndarray
    bias: np.ndarray
    decoders: np.ndarray
    columns: np.ndarray
    keep: np.ndarray
    shown: np.ndarray
    net: Net
    laid: Layout
    populations: tuple[Population, ...]
    places: dict[str, slice]  # of each ensemble or output: its numbers among those given
    wires: tuple[tuple[Led, slice], ...]  # each wire with its columns
    errors: dict[str, float]  # rms error of what each wire of an ensemble decodes, over its evaluation points
    recorded: dict[str, Any]  # times and values of values that are curves or recordings


class Moving(NamedTuple):
    """What moves: voltages, refractory times, who lives (all N,), and the smoothed value of each column (C,)."""

    v: np.ndarray
    rest: np.ndarray
    alive: np.ndarray
    smoothed: np.ndarray


@kernel
def smooth(x, keep, last, out):
    """First-order smoothing of x (n,) from the value `last` on, into out (n,)."""
    for k in range(len(x)):
        last = keep * last + (1.0 - keep) * x[k]
        out[k] = last


@kernel
def advance(moving, built, given, dt, tau, refractory, rows, events):
    """As many steps as given (steps, columns of values) has; returns the steps done.

    rows (steps, columns) gets the smoothed value of every column after each step.
    """
    table, encoders, bias, decoders, columns, keep, shown = built
    v, rest, alive, smoothed = moving
    e_step, e_index, e_value, e_count = events
    C, sent = len(columns), given.shape[1]
    spikes = np.empty(len(v), np.int64)
    room = 0
    for e in range(len(shown)):
        room += shown[e]
    width = 0
    for c in range(C):
        width = max(width, columns[c] + 1)
    inputs, raw = np.empty(width), np.empty(C)
    for k in range(len(given)):
        if e_count[0] + room > len(e_step):
            return k
        for j in range(sent):
            c = C - sent + j
            smoothed[c] = keep[c] * smoothed[c] + (1.0 - keep[c]) * given[k, j]
        for i in range(width):
            inputs[i] = 0.0
        for c in range(C):
            if columns[c] >= 0:
                inputs[columns[c]] += smoothed[c]
        row = 0
        for e in range(len(table)):
            a, n, d, kind, begin = table[e, 0], table[e, 1], table[e, 2], table[e, 3], table[e, 4]
            x = inputs[table[e, 5] : table[e, 5] + d]
            c, many = table[e, 6], table[e, 7]
            E = encoders[begin : begin + n * d].reshape(n, d)
            D = decoders[table[e, 8] : table[e, 8] + n * many].reshape(n, many)
            for j in range(many):
                raw[c + j] = 0.0
            if kind == 0:
                of = (E, bias[a : a + n], alive[a : a + n], tau, refractory)
                fired = fire(of, v[a : a + n], rest[a : a + n], x, dt, spikes)
                for s in range(fired):
                    i = spikes[s]
                    for j in range(many):
                        raw[c + j] += D[i, j]
                    if i < shown[e]:
                        at = e_count[0]
                        e_step[at], e_index[at], e_value[at] = k, row + i, 0.0
                        e_count[0] += 1
                for j in range(many):
                    raw[c + j] /= dt
            else:
                for i in range(n):
                    J = bias[a + i]
                    for j in range(d):
                        J += E[i, j] * x[j]
                    r = 0.0
                    if kind == 2:
                        r = 1.0 / (refractory * (1.0 + exp(-min(max(J, -500.0), 500.0))))
                    elif J > 1.0:
                        r = 1.0 / (refractory - tau * log(1.0 - 1.0 / J))
                    r *= alive[a + i]
                    if r > 0.0:
                        for j in range(many):
                            raw[c + j] += r * D[i, j]
            row += shown[e]
        for c in range(C - sent):
            smoothed[c] = keep[c] * smoothed[c] + (1.0 - keep[c]) * raw[c]
        for c in range(C):
            rows[k, c] = smoothed[c]
    return len(given)


# -- building --


@lru_cache(256)
def drawn(kind: Ensemble, key: int, seed: int) -> tuple[Population, np.ndarray]:
    """The neurons of an ensemble and the points (P, d) at which its decoders are found, drawn with the run's seed."""
    rng = np.random.default_rng([seed, key, kind.draw])
    N, d, by_itself = kind.neurons, kind.dimensions, kind.region == "each dimension"
    encoders = diagonals(rng, N, d) if kind.encoders == "along the diagonals" and d > 1 else scattered(rng, N, d)
    of = population(
        rng,
        N,
        d,
        kind="sigmoid" if kind.neurons_are == "sigmoid" else "LIF",
        rates=(kind.lowest, kind.highest),
        intercepts=(kind.first, kind.last),
        encoders=encoders,
    )
    # Neurons reach their highest rates on the ball that holds all values; where each dimension reaches the radius, its corners lie further out.
    reach = kind.radius * (math.sqrt(d) if by_itself else 1.0)
    many = max(min(500 * max(d, 2), 2500), 2 * N) if d > 1 else max(750, 2 * N)
    if d == 1:
        points = np.linspace(-kind.radius, kind.radius, many)[:, None]
    else:
        points = rng.uniform(-kind.radius, kind.radius, (many, d)) if by_itself else kind.radius * ball(rng, many, d)
    return Population(of.kind, of.encoders / reach, of.gain, of.bias), points


@lru_cache(3)
def rates_of(kind: Ensemble, key: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rates (P, N) of an ensemble at its evaluation points (P, d); kept for the wires that leave it."""
    of, points = drawn(kind, key, seed)
    return of.rates(points), points


@lru_cache(3)
def _factored(kind: Ensemble, key: int, seed: int, amount: float) -> Callable[[np.ndarray], np.ndarray]:
    """Regularised decoders of one ensemble for any targets: the matrix is factored once for all wires that leave it."""
    return solvers.regularising(rates_of(kind, key, seed)[0], amount)


@lru_cache(512)
def fitted(kind: Ensemble, key: int, seed: int, function: str, solver: str, amount: float) -> tuple[np.ndarray, float]:
    """Decoders (N, outputs) of a function of what an ensemble holds, and their rms error over its evaluation points."""
    H, points = rates_of(kind, key, seed)
    T = apply(Feed(function=function).formulas(kind.dimensions), points)
    if not np.isfinite(T).all():
        bad = points[~np.isfinite(T).all(axis=1)][0]
        where = ", ".join(f"{x:.3g}" for x in bad)
        raise LabError(f"{function} has no finite value at {where}: the ensemble holds values from {-kind.radius:g} to {kind.radius:g}.")
    D = _factored(kind, key, seed, amount)(T) if solver == "regularised" and amount > 0.0 else solvers.solve(H, T, solver, amount)
    return np.ascontiguousarray(D), solvers.distortion(H, T, D)


def key_of(part: Part[Ensemble]) -> int:
    """A number that stays with a node: other nodes leave its neurons as they are."""
    return zlib.crc32(part.id.encode())


def build(net: Net, seed: int, dt: float, most_shown: int) -> Built:
    """Compile a network for steps of dt seconds; at most so many neurons of each ensemble are shown."""
    laid, ensembles = layout(net), net.ensembles
    neurons, many = laid.sizes
    places, at = {}, 0
    for id in (p.id for group in (ensembles, net.outputs) for p in group):
        places[id] = slice(at, at + net.dimensions[id])
        at += net.dimensions[id]
    columns, keep, bias = np.full(many, -1, np.int64), np.empty(many), np.empty(neurons)
    for led in net.led:
        where, synapse = laid.wires[led.link.id], led.link.carries.synapse * 1e-3
        columns[where] = places[led.link.target].start + led.into + np.arange(led.size)
        keep[where] = math.exp(-dt / synapse) if synapse > 0.0 else 0.0
    table = np.zeros((len(ensembles), 9), np.int64)
    encoders, decoders, populations, errors = [np.empty(0)], [np.empty(0)], [], {}
    begin = stored = 0
    for e, part in enumerate(ensembles):
        kind, held = part.kind, laid.held[part.id]
        of, _ = drawn(kind, key_of(part), seed)
        D = [fitted(kind, key_of(part), seed, "", "regularised", 0.1)[0]]
        for led in (w for w in net.led if w.link.source == part.id):
            try:
                found, errors[led.link.id] = fitted(kind, key_of(part), seed, *decoders_of(led))
            except LabError as error:
                raise WiringError(f"{part.title} to {net.by_id[led.link.target].title}: {error}", led.link.id) from None
            D.append(found)
        whole = np.hstack(D)
        table[e] = (
            laid.neurons[part.id].start, kind.neurons, kind.dimensions, KINDS[kind.neurons_are], begin, places[part.id].start, held.start, whole.shape[1], stored,
        )  # fmt: skip
        begin, stored = begin + of.encoders.size, stored + whole.size
        keep[held] = math.exp(-dt / (OWN * 1e-3))
        bias[laid.neurons[part.id]] = of.bias
        encoders.append((of.encoders * of.gain[:, None]).ravel())
        decoders.append(whole.ravel())
        populations.append(of)
    shown = np.array([min(most_shown, p.kind.neurons) if p.kind.neurons_are == "LIF" else 0 for p in ensembles], np.int64)
    recorded = {p.id: p.kind.recorded() for p in net.parts if isinstance(p.kind, Value)}
    wires = tuple((led, laid.wires[led.link.id]) for led in net.led)
    return Built(
        table,
        np.concatenate(encoders),
        bias,
        np.concatenate(decoders),
        columns,
        keep,
        shown,
        net,
        laid,
        tuple(populations),
        places,
        wires,
        errors,
        recorded,
    )


def sent(built: Built, t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(steps, columns of values) numbers that wires of values carry at times t, and each value itself by identity."""
    given = {p.id: p.kind.given(t, built.recorded[p.id]) for p in built.net.parts if isinstance(p.kind, Value)}
    found = [tame(apply(led.formulas, given[led.link.source][:, None])) for led, _ in built.wires if led.link.source in given]
    return (np.concatenate(found, axis=1) if found else np.empty((len(t), 0))), given


def tame(x: np.ndarray) -> np.ndarray:
    """Values cut to what can be computed with; 0 where a function has none."""
    return np.clip(np.nan_to_num(x, nan=0.0, posinf=CLIP, neginf=-CLIP), -CLIP, CLIP)


def kernel_part(built: Built) -> tuple[np.ndarray, ...]:
    """What the kernel takes of the compiled network."""
    return built[:7]


def exactly(built: Built, given: dict[str, np.ndarray], smoothed: np.ndarray, many: int) -> dict[str, np.ndarray]:
    """What nodes would be given by exact functions in the place of neurons: (many, dimensions) by identity, of nodes no circle leads to.

    smoothed (C,) of the wires' columns is moved to the end of the steps.
    """
    net = built.net
    known: dict[str, np.ndarray] = {id: x[:, None] for id, x in given.items()}
    into: dict[str, list[tuple[Led, slice]]] = {}
    for wire in built.wires:
        into.setdefault(wire[0].link.target, []).append(wire)
    for id in net.order:
        if id in known:
            continue
        total = np.zeros((many, net.dimensions[id]))
        for led, columns in into.get(id, ()):
            x = tame(apply(led.formulas, known[led.link.source]))
            heard = np.empty((many, led.size))
            late = isinstance(net.by_id[led.link.source].kind, Ensemble) and isinstance(net.by_id[id].kind, Ensemble)
            for j, c in enumerate(range(columns.start, columns.stop)):
                before, after = smoothed[c], np.empty(many)
                smooth(np.ascontiguousarray(x[:, j]), built.keep[c], before, after)
                heard[:, j] = np.concatenate([[before], after[:-1]]) if late else after
                smoothed[c] = after[-1]
            total[:, led.into : led.into + led.size] += heard
        known[id] = total
    return known


def layout(net: Net) -> Layout:
    """Where things of a network lie: columns of an ensemble, then of the wires that leave it; those of values come last."""
    made = Layout({}, {}, {})
    first = column = 0
    for part in net.ensembles:
        kind = part.kind
        made.neurons[part.id] = slice(first, first + kind.neurons)
        made.held[part.id] = slice(column, column + kind.dimensions)
        first, column = first + kind.neurons, column + kind.dimensions
        for led in (w for w in net.led if w.link.source == part.id):
            made.wires[led.link.id] = slice(column, column + led.size)
            column += led.size
    for led in (w for w in net.led if isinstance(net.by_id[w.link.source].kind, Value)):
        made.wires[led.link.id] = slice(column, column + led.size)
        column += led.size
    return made


def carried_over(old: Net, new: Net, before: dict[str, np.ndarray], fresh: dict[str, np.ndarray]) -> None:
    """Into the state of a network what it shares with the one before: ensembles with as many neurons, wires with as many numbers."""
    a, b = layout(old), layout(new)
    for names, ones, others in (
        (("v", "rest", "alive"), a.neurons, b.neurons),
        (("smoothed", "ideal"), {**a.held, **a.wires}, {**b.held, **b.wires}),
    ):
        for id, where in others.items():
            was = ones.get(id)
            if was is not None and was.stop - was.start == where.stop - where.start:
                for name in names:
                    fresh[name][where] = before[name][was]


@kernel
def squares(wanted, said, sums):
    """Add squared differences of (steps, d) step by step to sums (d,): they do not depend on how steps are cut into blocks."""
    for k in range(len(wanted)):
        for j in range(wanted.shape[1]):
            sums[j] += (wanted[k, j] - said[k, j]) ** 2


def outputs(built: Built, rows: np.ndarray) -> dict[str, np.ndarray]:
    """(steps, dimensions) of each output by identity: the sum of the columns that reach it."""
    found = {p.id: np.zeros((len(rows), built.net.dimensions[p.id])) for p in built.net.outputs}
    for led, where in built.wires:
        if led.link.target in found:
            found[led.link.target][:, led.into : led.into + led.size] += rows[:, where]
    return found
