"""How much a Hopfield network can hold: overlap after recall against load, beside the theory of infinite size."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import below, kernel, seed_state, uniform
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, param


def theory_overlap(load: float) -> float:
    """Overlap of the retrieval state at load alpha = P/N: m = erf(y), the largest root of y (sqrt(2 alpha) + 2/sqrt(pi) e^(-y^2)) = erf(y).

    0 above the critical load, where only the root y = 0 is left.
    """
    from scipy.optimize import brentq

    def excess(y: float) -> float:
        return math.erf(y) - y * (math.sqrt(2 * load) + 2 / math.sqrt(math.pi) * math.exp(-y * y))

    grid = np.linspace(6.0, 0.3, 2000)
    values = [excess(y) for y in grid]
    for upper, lower, a, b in zip(grid, grid[1:], values, values[1:]):
        if a < 0 <= b:
            return math.erf(brentq(excess, lower, upper))
        if a >= 0:  # root lies beyond the grid: no error at all
            return math.erf(upper)
    return 0.0


def critical_load() -> float:
    """The largest load with a retrieval state (0.1379)."""
    lo, hi = 0.1, 0.2
    for _ in range(40):
        middle = 0.5 * (lo + hi)
        lo, hi = (middle, hi) if theory_overlap(middle) > 0 else (lo, middle)
    return lo


@kernel
def _recall_overlap(patterns, x, field, rng, sweeps):
    """Asynchronous recall with Hebb's weights kept as fields: returns the overlap with pattern 0.

    Weights are never written out: field_i = (1/N) sum_s x^s_i (x^s . x) - (P/N) x_i, updated when a neuron flips.
    """
    count, n = patterns.shape
    dots = np.zeros(count)
    for s in range(count):
        for i in range(n):
            dots[s] += patterns[s, i] * x[i]
    for _ in range(sweeps):
        changed = 0
        for _ in range(n):
            i = below(rng, n)
            total = 0.0
            for s in range(count):
                total += patterns[s, i] * dots[s]
            total -= count * x[i]
            new = 1.0 if total > 0 else (-1.0 if total < 0 else x[i])
            if new != x[i]:
                for s in range(count):
                    dots[s] += patterns[s, i] * (new - x[i])
                x[i] = new
                changed += 1
        if changed == 0:
            break
    return dots[0] / n


@kernel
def _trial(n, count, flips, sweeps, rng):
    patterns = np.empty((count, n))
    for s in range(count):
        for i in range(n):
            patterns[s, i] = 1.0 if uniform(rng) < 0.5 else -1.0
    x = patterns[0].copy()
    for i in range(n):
        if uniform(rng) < flips:
            x[i] = -x[i]
    return _recall_overlap(patterns, x, 0.0, rng, sweeps)


class HopfieldCapacity(Model):
    """Load a memory until it breaks: recall stays nearly perfect up to a critical load and then collapses.

    At each load, fresh random patterns are stored by Hebb's rule, one of them is shown with some neurons turned over, and
    the overlap after recall is measured. The dashed curve is the theory for infinitely many neurons, which breaks down at
    0.138 patterns per neuron. Small networks blur the edge.
    """

    name = "hopfield-capacity"
    title = "Capacity of a Hopfield network"
    group = "Memory"
    icon = "mdi6.chart-bell-curve-cumulative"
    order = 20
    also = "storage capacity; memory capacity; 0.138; 0.138 N; Amit Gutfreund Sompolinsky; phase transition; how many patterns; load"
    equations = (r"y\left(\sqrt{2\alpha} + \frac{2}{\sqrt{\pi}} e^{-y^2}\right) = \mathrm{erf}(y), \quad m = \mathrm{erf}(y)",)
    symbols = r"\alpha: patterns per unit; m: overlap with the pattern; y: signal over noise, divided by √2"
    source = "Amit, Gutfreund, Sompolinsky, Phys. Rev. Lett. 55:1530 (1985)"
    presets = {
        "200 neurons": Preset({}, shows="breaks near > 0.12 and breaks near < 0.22"),
        "1000 neurons: a sharper edge": Preset(
            {"neurons": 1000, "trials": 5}, shows="breaks near > 0.12 and breaks near < 0.17", slow=True
        ),
        "Small": Preset({"neurons": 50}, shows="breaks near > 0.1 and breaks near < 0.3"),
    }

    neurons: int = param(200, lo=20, hi=2000, live=False, main=True, doc="Neurons N of the network.")
    flips: float = param(0.1, lo=0.0, hi=0.5, live=False, main=True, doc="Part of the pattern that is turned over before recall.")
    highest: float = param(0.3, lo=0.05, hi=1.0, live=False, label="Highest load", doc="Highest load of the curve.")
    points: int = param(30, lo=2, hi=200, live=False, label="Loads", doc="Loads measured.")
    trials: int = param(20, lo=1, hi=1000, live=False, main=True, doc="Trials at each load.")
    sweeps: int = param(50, lo=1, hi=1000, live=False, group="Numerics", doc="Most sweeps over all neurons in one recall.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "trial", physical=False)

    @property
    def length(self) -> int:
        return self.points * self.trials

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("overlap", "trace", "", "Overlap after recall of each trial.", every=1),
            Stream("capacity", "curve", "", "Mean overlap over the load.", channels=("measured",), x_unit="P/N"),
            Stream("theory", "curve", "", "Theory for infinitely many neurons.", channels=("theory",), x_unit="P/N"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("capacity", "Overlap against load", (Layer("theory", theory=True, label="theory, N → ∞"), Layer("capacity", style="points", label="measured")), x="load P/N", y="overlap m", y_range=(0, 1.02), figures=("load", "breaks near"), weight=2, front=True),
            Picture("overlap", "Overlap of each trial", (Layer("overlap", style="points"),), y="overlap", y_range=(0, 1.05)),
        )  # fmt: skip

    @property
    def counts(self) -> np.ndarray:
        """(points,) patterns stored at each load."""
        return np.maximum(1, np.round(np.linspace(self.highest / self.points, self.highest, self.points) * self.neurons)).astype(np.int64)

    def build(self, seed):
        """The theory curve up to the highest load."""
        loads = np.linspace(0.005, self.highest, 120)
        return np.array([loads, [theory_overlap(a) for a in loads]])

    def start(self, constants, seed):
        return {"sums": np.zeros(self.points), "done": np.zeros(1, np.int64), "rng": seed_state(seed)}

    def state_bounds(self, constants, state, step):
        return {"done": Bound(0, step)}

    def advance(self, constants, state, n, out):
        rows = out["overlap"]
        counts = self.counts
        for k in range(n):
            point = int(state["done"][0]) // self.trials
            m = _trial(self.neurons, int(counts[point]), self.flips, self.sweeps, state["rng"])
            state["sums"][point] += m
            state["done"][0] += 1
            if len(rows):
                rows[k] = m
        return n

    def measured(self, state) -> tuple[np.ndarray, np.ndarray]:
        """(loads, mean overlaps) of the loads that have trials."""
        done = int(state["done"][0])
        each = np.clip(done - np.arange(self.points) * self.trials, 0, self.trials)
        seen = each > 0
        return self.counts[seen] / self.neurons, state["sums"][seen] / each[seen]

    def observe(self, constants, state, stream):
        if stream == "capacity":
            return np.array(self.measured(state))
        if stream == "theory":
            return constants
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        loads, m = self.measured(state)
        below_edge = np.flatnonzero(m < 0.9)
        out = {"breaks near": float(loads[below_edge[0]])} if len(below_edge) else {}
        return out | ({"load": float(loads[-1])} if len(loads) else {}) | {"trials": int(state["done"][0])}

    @classmethod
    def figures(cls):
        def overlap(load):
            def measure(run):
                model = cls(highest=load, points=2, trials=60)
                result = run(model, seed=1, record={})
                return float(model.measured(result.state)[1][-1])

            return measure

        yield Figure(
            "critical load of the theory",
            0.1379,
            lambda run: critical_load(),
            tolerance=0.0001,
            source="Amit, Gutfreund, Sompolinsky (1985)",
        )
        yield Figure(
            "overlap of the theory there", 0.9677, lambda run: theory_overlap(critical_load() - 1e-7), tolerance=0.002, source="the same"
        )
        yield Figure("overlap at load 0.10, N = 200, 10 % turned over", 0.99, overlap(0.10), bound="at_least", source="retrieval phase")
        yield Figure("overlap at load 0.20, N = 200, 10 % turned over", 0.80, overlap(0.20), bound="at_most", source="beyond capacity")
