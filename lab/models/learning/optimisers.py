"""Gradient descent and its relatives, racing over a surface."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lab.kernels import kernel, normal, seed_state
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param
from lab.training.geometry import contours

OPTIMISERS = ("gradient descent", "momentum", "Nesterov", "RMSprop", "Adam")
SURFACES = ("quadratic", "Rosenbrock", "saddle", "Himmelblau", "ripples")
RANGES = {"quadratic": 2.0, "Rosenbrock": 2.0, "saddle": 2.0, "Himmelblau": 5.5, "ripples": 3.0}
STARTS = {"quadratic": (1.7, 1.5), "Rosenbrock": (-1.4, 1.6), "saddle": (1.5, 0.02), "Himmelblau": (-0.3, -0.9), "ripples": (2.3, 1.9)}
MINIMA = {
    "quadratic": ((0.0, 0.0),),
    "Rosenbrock": ((1.0, 1.0),),
    "saddle": ((0.0, math.sqrt(2.0)), (0.0, -math.sqrt(2.0))),
    "Himmelblau": ((3.0, 2.0), (-2.805118086953, 3.131312518250), (-3.779310253378, -3.283185991286), (3.584428340330, -1.848126526964)),
    "ripples": ((0.0, 0.0),),
}
TALL = 1.35  # height of the map over its width, about that of its card
KEPT = 400  # places of a path, the start among them
TINY = 1e-8
LOWEST = 1e-12  # height of a path that has arrived: below it only rounding is left


@kernel
def surface(kind, condition, x, y):
    """(value, d/dx, d/dy) of surface number `kind` at (x, y)."""
    if kind == 0:
        return 0.5 * (x * x / condition + y * y), x / condition, y
    if kind == 1:
        a, b = 1.0 - x, y - x * x
        return a * a + 20.0 * b * b, -2.0 * a - 80.0 * x * b, 40.0 * b
    if kind == 2:
        # A saddle that falls away and then holds, so that a path has somewhere to go.
        return x * x - y * y + 0.25 * y**4 + 1.0, 2.0 * x, -2.0 * y + y**3
    if kind == 3:
        a, b = x * x + y - 11.0, x + y * y - 7.0
        return a * a + b * b, 4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b
    return (0.5 * (x * x + y * y) + 1.5 * (2.0 - np.cos(3.0 * x) - np.cos(3.0 * y)), x + 4.5 * np.sin(3.0 * x), y + 4.5 * np.sin(3.0 * y))


@kernel
def update(which, rate, beta, beta2, k, x, v, m, g):
    """One step of one optimiser for one coordinate; returns (x, v, m). k counts steps from 1.

    v is the velocity (or Adam's first moment), m the mean square of the gradient.
    """
    if which == 0:
        return x - rate * g, v, m
    if which == 1 or which == 2:
        v = beta * v + g
        return x - rate * (g + beta * v if which == 2 else v), v, m
    m = beta2 * m + (1.0 - beta2) * g * g
    if which == 3:
        return x - rate * g / (np.sqrt(m) + TINY), v, m
    v = beta * v + (1.0 - beta) * g
    return x - rate * (v / (1.0 - beta**k)) / (np.sqrt(m / (1.0 - beta2**k)) + TINY), v, m


class Paths(NamedTuple):
    """What moves: the five optimisers' places and memories."""

    place: np.ndarray
    velocity: np.ndarray
    square: np.ndarray
    history: np.ndarray
    steps: np.ndarray
    rng: np.ndarray


@kernel
def spacing(count, most):
    """Steps between two kept places after `count` steps, where there is room for `most`: the smallest power of two that will do."""
    apart = 1
    while count > most * apart:
        apart *= 2
    return apart


@kernel
def _advance(paths, kind, condition, rates, beta, beta2, memory, noise, n, rows):
    place, velocity, square, history, count, rng = paths
    for k in range(n):
        count[0] += 1
        for i in range(5):
            kept = memory if i == 3 else beta2
            f, gx, gy = surface(kind, condition, place[i, 0], place[i, 1])
            if noise > 0:
                gx += noise * normal(rng[i])
                gy += noise * normal(rng[i])
            place[i, 0], velocity[i, 0], square[i, 0] = update(
                i, rates[i], beta, kept, count[0], place[i, 0], velocity[i, 0], square[i, 0], gx
            )
            place[i, 1], velocity[i, 1], square[i, 1] = update(
                i, rates[i], beta, kept, count[0], place[i, 1], velocity[i, 1], square[i, 1], gy
            )
            for d in range(2):
                # A path that leaves the earth stays where it was last finite, at the border.
                if not abs(place[i, d]) < 1e6:
                    place[i, d] = 1e6
                    velocity[i, d] = 0.0
            f, gx, gy = surface(kind, condition, place[i, 0], place[i, 1])
            rows[k, i] = min(max(f, LOWEST), 1e30)  # within what a logarithmic axis can show
        # Row 0 stays the start. A history that is full keeps every second place: a path is seen whole, however long it gets.
        most = len(history) - 1
        apart = spacing(count[0], most)
        if count[0] > 1 and apart > spacing(count[0] - 1, most):
            for row in range(1, most // 2 + 1):
                history[row] = history[2 * row]
        if count[0] % apart == 0:
            history[count[0] // apart] = place


@lru_cache(maxsize=8)
def ground(kind: int, condition: float, side: float) -> tuple[np.ndarray, np.ndarray]:
    """Height above the lowest place as log10(1 + 100 E), rows upwards, and the lines of equal height."""
    x, y = np.linspace(-side, side, 81), np.linspace(-TALL * side, TALL * side, 97)
    values = np.array([[surface(kind, condition, a, b)[0] for a in x] for b in y])
    low = values.min()
    levels = low + (values.max() - low) * np.linspace(0.03, 0.95, 14) ** 2.5
    return np.log10(1.0 + 100.0 * values), contours(values, x, y, levels)


class Optimisers(Model):
    """Five ways downhill from the same place: gradient descent, momentum, Nesterov, RMSprop and Adam.

    In a long valley plain descent zigzags or creeps, momentum gathers speed, and the adaptive methods rescale the axes. On
    a quadratic bowl whose axes differ by the condition number theory gives the best rates: with a condition of 100 the
    error shrinks by 0.980 per step for descent and by 0.818 with momentum. RMSprop's first step is three rates long (the root of
    1/(1 - memory): its mean of squares begins at zero), Adam corrects that. Click to start from another place, add noise
    to the gradient, raise the learning rate until they fly off.
    """

    name = "optimisers"
    title = "Optimisers on a surface"
    group = "Learning itself"
    icon = "mdi6.slope-downhill"
    order = 40
    also = "optimizer; optimizers; Adam; momentum; Nesterov; RMSprop; gradient descent; saddle point; Rosenbrock; loss surface; loss landscape; local minimum; steepest descent"
    equations = (
        r"v \leftarrow \beta v + \nabla E, \quad W \leftarrow W - \kappa v",
        r"\rho_{GD} = \frac{c - 1}{c + 1}, \quad \rho_{momentum} = \frac{\sqrt{c} - 1}{\sqrt{c} + 1}",
    )
    symbols = r"W: weights; v: velocity; \beta: momentum; \kappa: learning rate; c: condition number, largest over smallest curvature; \rho: factor by which the distance shrinks in a step"
    source = "Polyak, USSR Comp. Math. 4:1 (1964); Nesterov (1983); Kingma and Ba, arXiv 1412.6980 (2014); Goh, Distill (2017)"
    presets = {
        "Long valley": Preset({}, shows="E, momentum < 0.001 E, gradient descent"),
        "Best rates of theory": Preset({"tuned": True}, shows="E, momentum < 0.000001 E, gradient descent"),
        "Rosenbrock's banana": Preset({"surface": "Rosenbrock", "rate": 0.002}, shows="E, momentum < 0.01 and E, gradient descent > 1"),
        "Leaving a saddle": Preset({"surface": "saddle", "rate": 0.02}, shows="E, gradient descent < 0.01 and E, Adam < 0.01"),
        "Four valleys": Preset({"surface": "Himmelblau", "rate": 0.004}, shows="max(E, gradient descent, E, momentum, E, Adam) < 0.01"),
        "Noisy gradient": Preset({"noise": 0.5}, shows="min(E, gradient descent, E, momentum, E, Nesterov) > 0.000001"),
        "Too large a step": Preset({"rate": 2.2}, shows="E, gradient descent > 1000000"),
    }  # fmt: skip

    surface: str = param("quadratic", choices=SURFACES, live=False, main=True, doc="Surface to descend.")
    condition: float = param(
        100.0,
        lo=1.0,
        hi=10000.0,
        log=True,
        soft=(1.0, 1000.0),
        live=False,
        when=("surface", "quadratic"),
        main=True,
        doc="Condition number of the quadratic bowl.",
    )
    rate: float = param(
        0.5, lo=0.00001, hi=10.0, log=True, main=True, soft=(0.001, 3.0), doc="Learning rate of descent, momentum and Nesterov."
    )
    adaptive_rate: float = param(0.05, lo=0.00001, hi=10.0, log=True, soft=(0.001, 1.0), doc="Learning rate of RMSprop and Adam.")
    beta: float = param(0.9, lo=0.0, hi=0.999, doc="Momentum beta (Adam: beta 1).")
    beta2: float = param(0.999, lo=0.5, hi=0.99999, label="β₂", soft=(0.9, 0.9999), doc="Memory of the squared gradient (Adam).")
    rms_memory: float = param(
        0.9,
        lo=0.5,
        hi=0.99999,
        label="RMSprop's memory",
        before="beta2",
        doc="Memory of the squared gradient (RMSprop, which does not correct its start).",
    )
    tuned: bool = param(
        False, when=("surface", "quadratic"), doc="Give descent and momentum the rates that theory calls best for this bowl."
    )
    noise: float = param(
        0.0,
        lo=0.0,
        hi=10.0,
        main=True,
        soft=(0.0, 2.0),
        doc="Standard deviation of noise added to each gradient, as a small minibatch would.",
    )
    x: float = param(
        0.0,
        lo=-10.0,
        hi=10.0,
        live=False,
        group="Start",
        soft=(-2.0, 2.0),
        doc="Where all start; with x = y = 0 each surface has its own place.",
    )
    y: float = param(0.0, lo=-10.0, hi=10.0, live=False, group="Start", soft=(-2.0, 2.0), doc="Where all start.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "step", physical=True)

    @property
    def speed(self) -> float:
        return 20.0

    @property
    def default_steps(self) -> int:
        return 500

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("loss", "trace", "", "Height of each optimiser.", shape=(5,), channels=OPTIMISERS, every=1),
            Stream("contours", "curve", "", "Lines of equal height.", channels=("height",)),
            Stream("height", "image", "", "Height over the plane: log10(1 + 100 E)."),
            Stream("places", "cloud", "", "Where each is now, where all started, and the minima.", channels=("x", "y", "label")),
            *(Stream(f"path{i}", "curve", "", f"Path of {name}.", channels=(name,)) for i, name in enumerate(OPTIMISERS)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        side = RANGES[self.surface]
        height, _ = ground(self.kind, self.condition, side)
        return (
            Picture(
                "surface", "Paths: click to start elsewhere",
                (Layer("height"), Layer("contours", style="pale", series=(5,)),
                 *(Layer(f"path{i}", label=name, series=(i,)) for i, name in enumerate(OPTIMISERS)), Layer("places")),
                x="x", y="y", x_range=(-side, side), y_range=(-TALL * side, TALL * side), levels=(0.0, float(height.max())),
                labels=("minimum",) * len(MINIMA[self.surface]) + ("start",) + ("",) * len(OPTIMISERS),
                click="start_at", drag="start_at", equal=True, weight=1.7, front=True,
                doc="Colour is height, from dark (low) to bright, logarithmic; a mark on each path is where it is now.",
            ),
            Picture("loss", "Height over steps", (Layer("loss"),), y="E", y_log=True, front=True,
                    doc="Heights below 1e-12 are drawn as that: where a path has arrived, only rounding is left."),
        )  # fmt: skip

    @property
    def kind(self) -> int:
        """Number of the surface."""
        return SURFACES.index(self.surface)

    @property
    def rates(self) -> tuple[np.ndarray, float]:
        """(5,) learning rates and the momentum; by theory where asked: 2/(L + mu), and 4/(sqrt L + sqrt mu)^2 with beta = rho^2."""
        rates = np.array([self.rate] * 3 + [self.adaptive_rate] * 2)
        beta = self.beta
        if self.tuned and self.surface == "quadratic":
            low = 1.0 / self.condition
            rates[0] = 2.0 / (1.0 + low)
            rates[1] = 4.0 / (1.0 + math.sqrt(low)) ** 2
            beta = ((math.sqrt(self.condition) - 1) / (math.sqrt(self.condition) + 1)) ** 2
            rates[2] = 1.0
        return rates, beta

    def start(self, constants, seed):
        place = np.tile(STARTS[self.surface] if self.x == self.y == 0 else (self.x, self.y), (5, 1)).astype(float)
        return {
            "place": place,
            "velocity": np.zeros((5, 2)),
            "square": np.zeros((5, 2)),
            "history": np.tile(place, (KEPT, 1, 1)),
            "count": np.zeros(1, np.int64),
            "began": np.zeros(1, np.int64),
            "rng": np.array([seed_state(seed, i) for i in range(5)]),
        }

    def state_bounds(self, constants, state, step):
        return {"count": COUNT, "began": COUNT}

    def advance(self, constants, state, n, out):
        rows = out["loss"] if out.wanted("loss") else np.empty((n, 5))
        rates, beta = self.rates
        _advance(
            Paths(state["place"], state["velocity"], state["square"], state["history"], state["count"], state["rng"]),
            self.kind,
            self.condition,
            rates,
            beta,
            self.beta2,
            self.rms_memory,
            self.noise,
            n,
            rows,
        )
        return n

    def observe(self, constants, state, stream):
        if stream in ("height", "contours"):
            return ground(self.kind, self.condition, RANGES[self.surface])[stream == "contours"]
        if stream == "places":
            still = [*MINIMA[self.surface], state["history"][0, 0]]
            return np.array([*((x, y, 5) for x, y in still), *((*place, k) for k, place in enumerate(state["place"]))])
        if stream.startswith("path"):
            done, which = int(state["count"][0]), int(stream[4:])
            kept = state["history"][: done // spacing(done, KEPT - 1) + 1, which]
            now = state["place"][which]
            return np.concatenate((kept, now[None]) if done and not np.array_equal(kept[-1], now) else (kept,)).T.copy()
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        heights = [float(surface(self.kind, self.condition, *p)[0]) for p in state["place"]]
        # Of those that have arrived, which one is lowest is rounding.
        arrived = [name for name, height in zip(OPTIMISERS, heights) if height <= LOWEST]
        out = {
            "steps": int(state["count"][0]),
            "lowest": ", ".join(arrived) + " (arrived)" if arrived else OPTIMISERS[int(np.argmin(heights))],
        }
        return out | {f"E, {name}": h for name, h in zip(OPTIMISERS, heights)}

    @action(
        "Start here",
        hidden=True,
        x=(float, param(0.0, lo=-1e3, hi=1e3, doc="Place.")),
        y=(float, param(0.0, lo=-1e3, hi=1e3, doc="Place.")),
    )
    def start_at(self, constants, state, x, y):
        """Put all five at this place, at rest."""
        state["place"][:] = x, y
        state["velocity"][:] = 0.0
        state["square"][:] = 0.0
        state["count"][0] = state["began"][0] = 0
        state["history"][:] = x, y

    @classmethod
    def figures(cls):
        def rate(which):
            def measure(run):
                model = cls(tuned=True)
                a, b = (run(model, steps=s, record={}).state["place"][which] for s in (200, 400))
                return float((np.linalg.norm(b) / np.linalg.norm(a)) ** (1 / 200))

            return measure

        def slopes(run):
            worst = 0.0
            rng, h = np.random.default_rng(0), 1e-6
            for kind in range(len(SURFACES)):
                for x, y in rng.uniform(-2, 2, (20, 2)):
                    _, gx, gy = surface(kind, 10.0, x, y)
                    nx = (surface(kind, 10.0, x + h, y)[0] - surface(kind, 10.0, x - h, y)[0]) / (2 * h)
                    ny = (surface(kind, 10.0, x, y + h)[0] - surface(kind, 10.0, x, y - h)[0]) / (2 * h)
                    worst = max(worst, abs(nx - gx) / (1 + abs(gx)), abs(ny - gy) / (1 + abs(gy)))
            return worst

        yield Figure("rate of descent, condition 100", 0.9802, rate(0), tolerance=0.01, source="(c - 1)/(c + 1)")
        yield Figure("rate of momentum, condition 100", 0.8182, rate(1), tolerance=0.01, source="(sqrt c - 1)/(sqrt c + 1), Polyak (1964)")
        yield Figure(
            "gradients of the surfaces against central differences, worst", 1e-7, slopes, bound="at_most", source="central difference"
        )
