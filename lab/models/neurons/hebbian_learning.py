"""Hebbian learning: a neuron that finds the direction in which its inputs vary most."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import kernel, normal, seed_state
from lab.model import COUNT, INFINITE, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

SHOWN = 400


@kernel
def _advance(w, recent, done, rng, direction, major, minor, rate, oja, limit, rows, n):
    """n presentations: y = w x; Hebb w += eta y x, Oja w += eta y (x - y w)."""
    c, s = np.cos(direction), np.sin(direction)
    for k in range(n):
        a, b = major * normal(rng), minor * normal(rng)
        x0, x1 = c * a - s * b, s * a + c * b
        y = w[0] * x0 + w[1] * x1
        if oja:
            w0 = w[0] + rate * y * (x0 - y * w[0])
            w1 = w[1] + rate * y * (x1 - y * w[1])
        else:
            w0, w1 = w[0] + rate * y * x0, w[1] + rate * y * x1
        # Plain Hebb has no end; the synapses of a real cell do.
        w[0], w[1] = min(max(w0, -limit), limit), min(max(w1, -limit), limit)
        recent[done[0] % len(recent), 0] = x0
        recent[done[0] % len(recent), 1] = x1
        done[0] += 1
        rows[k, 0], rows[k, 1] = w[0], w[1]


class HebbianLearning(Model):
    """Cells that fire together wire together: `dw = eta x y`, and what keeps the weights from exploding.

    One neuron receives two inputs that vary together. Hebb's rule turns the weight vector towards the direction of
    largest variance while its length grows by a constant factor, faster and faster, until the synapses saturate: each stops
    at its own limit, and so the direction is lost again, both weights ending at the limit, at 45° whatever the inputs
    were. Oja's rule adds forgetting in proportion to the output and settles at length 1 along the first principal component.
    Turn the direction of the inputs while it runs and watch the weights follow; nearly round inputs have hardly a direction,
    and the weights waver around it.
    """

    name = "hebbian-learning"
    title = "Hebb and Oja"
    group = "Synapses"
    icon = "mdi6.vector-line"
    order = 40
    also = "Hebb; Hebbian learning; Oja; Oja's rule; Hebb's rule; fire together wire together; principal component; PCA neuron; unsupervised learning"
    equations = (r"\Delta w = \eta\, y\, x", r"\Delta w = \eta\, y\, (x - y\, w) \quad \mathrm{(Oja)}")
    symbols = r"\eta: learning rate; \Delta: change in one step"
    source = "Hebb, The Organization of Behavior (1949); Oja, J. Math. Biol. 15:267 (1982)"
    presets = {
        "Oja's rule": Preset({}, shows="abs(length - 1) < 0.1 and angle to the principal component < 8", after=2000.0),
        "Hebb's rule: it grows, and has found the direction": Preset(
            {"rule": "Hebb", "limit": 100.0, "rate": 0.002},
            shows="length > 2 and length < 60 and angle to the principal component < 12",
            after=2500.0,
        ),
        "Hebb's rule: each synapse stops at its limit": Preset(
            {"rule": "Hebb"}, shows="abs(length - 7.07) < 0.01 and abs(angle to the principal component - 15) < 0.1", after=3000.0
        ),
        "Nearly round inputs: it wavers": Preset(
            {"minor": 0.9, "rate": 0.03}, shows="max(weights w2) - min(weights w2) > 0.5 and abs(length - 1) < 0.3"
        ),
    }

    rule: str = param("Oja", choices=("Hebb", "Oja"), main=True, doc="Learning rule.")
    rate: float = param(0.01, lo=0.0001, hi=0.2, log=True, main=True, doc="Learning rate eta.")
    direction: float = param(30.0, "°", lo=-90.0, hi=90.0, main=True, group="Inputs", doc="Direction of largest variance.")
    major: float = param(1.0, lo=0.1, hi=3.0, group="Inputs", doc="Standard deviation along that direction.")
    minor: float = param(0.3, lo=0.0, hi=3.0, group="Inputs", doc="Standard deviation across it.")
    limit: float = param(5.0, lo=1.0, hi=100.0, group="Synapses", doc="Largest size of a weight.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "presentation", physical=True)

    @property
    def speed(self) -> float:
        return 200.0

    @property
    def default_steps(self) -> int:
        return 5000

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("weights", "trace", "", "The two weights.", shape=(2,), channels=("w1", "w2"), every=1),
            Stream("inputs", "cloud", "", f"The last {SHOWN} inputs."),
            Stream("vector", "curve", "", "The weight vector.", channels=("w",)),
            Stream("principal", "curve", "", "The first principal component, length 1.", channels=("principal component",)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("plane", "Inputs and weights", (Layer("inputs", style="points"), Layer("principal", theory=True, label="principal component"), Layer("vector", label="weights")), x="x₁", y="x₂", x_range=(-3, 3), y_range=(-3, 3), equal=True, figures=("angle to the principal component (°)",), front=True, weight=1.8),
            Picture("weights", "Weights", (Layer("weights"),), y="w", window=2000.0, figures=("length",), front=True),
        )  # fmt: skip

    def start(self, constants, seed):
        return {"w": np.array([0.1, -0.1]), "recent": np.full((SHOWN, 2), np.inf), "done": np.zeros(1, np.int64), "rng": seed_state(seed)}

    def state_bounds(self, constants, state, step):
        return {"done": COUNT, "recent": INFINITE}

    def advance(self, constants, state, n, out):
        rows = out["weights"] if out.wanted("weights") else np.empty((n, 2))
        angle = math.radians(self.direction)
        _advance(
            state["w"],
            state["recent"],
            state["done"],
            state["rng"],
            angle,
            self.major,
            self.minor,
            self.rate,
            self.rule == "Oja",
            self.limit,
            rows,
            n,
        )
        return n

    @property
    def principal(self) -> np.ndarray:
        """Unit vector of largest variance."""
        angle = math.radians(self.direction + (90.0 if self.minor > self.major else 0.0))
        return np.array([math.cos(angle), math.sin(angle)])

    def observe(self, constants, state, stream):
        if stream == "inputs":
            return state["recent"][: min(SHOWN, int(state["done"][0]))].copy()
        if stream == "vector":
            return np.array([[0.0, state["w"][0]], [0.0, state["w"][1]]])
        if stream == "principal":
            return np.array([[-self.principal[0], self.principal[0]], [-self.principal[1], self.principal[1]]])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        length = float(np.hypot(*state["w"]))
        cosine = abs(float(state["w"] @ self.principal)) / length if length else 0.0
        return {"length": length, "angle to the principal component (°)": math.degrees(math.acos(min(1.0, cosine)))}

    @action("Start from new weights")
    def shake(self, constants, state):
        """Weights back to a small value off the principal component."""
        state["w"][:] = 0.1 * self.principal[::-1] * np.array([-1.0, 1.0])

    @classmethod
    def figures(cls):
        def end(key):
            return lambda run: float(np.median([run(cls(rate=0.002), steps=20_000, seed=s, record={}).summary[key] for s in range(3)]))

        yield Figure(
            "angle of Oja's weights to the principal component",
            3.0,
            end("angle to the principal component (°)"),
            bound="at_most",
            unit="°",
            source="Oja (1982)",
        )
        yield Figure("length of Oja's weights", 1.0, end("length"), tolerance=0.05, source="Oja (1982)")
        yield Figure(
            "length of Hebb's weights at the limit 5",
            5.0,
            lambda run: run(cls(rule="Hebb", direction=0.0), steps=20_000, record={}).summary["length"],
            bound="at_least",
            source="unbounded growth",
        )
