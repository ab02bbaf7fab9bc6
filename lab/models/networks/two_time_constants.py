"""Synapses and membranes: a network with two time constants, and its three limits."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import root

from lab.kernels import kernel, tanh
from lab.model import Bound, Clock, Figure, Layer, Model, Out, Picture, Preset, Stage, State, Stream, Strips, action, param

LIMITS = ("fast membranes", "fast synapses", "both fast")
SIDE = 17


@kernel
def _slopes(y, W, b, gain, tau_s, tau_m, into):
    """dy/dt for y = (s1, s2, v1, v2) in 1/ms."""
    for i in range(2):
        s = b[i] + W[i, 0] * y[2] + W[i, 1] * y[3]
        into[i] = (s - y[i]) / tau_s
    for i in range(2):
        into[2 + i] = (tanh(gain * y[i]) - y[2 + i]) / tau_m


@kernel
def _settle(y, W, b, gain, limit):
    """Put what has no state of its own in a limit to its value at once."""
    if limit == 1:
        for i in range(2):
            y[2 + i] = tanh(gain * y[i])
    elif limit == 2:
        for i in range(2):
            y[i] = b[i] + W[i, 0] * y[2] + W[i, 1] * y[3]


@kernel
def _step(y, W, b, gain, tau_s, tau_m, limit, dt):
    """One step of fourth-order Runge and Kutta of the full system (0) or of a limit (1, 2); limit 3 maps once per longer time constant."""
    if limit == 3:
        # Neither moves on its own time: the network is the map v <- sigma(W v + b), which is shown as going there within one step.
        for i in range(2):
            y[i] = b[i] + W[i, 0] * y[2] + W[i, 1] * y[3]
        for i in range(2):
            y[2 + i] = tanh(gain * y[i])
        return
    first, k, at, total = y.copy(), np.empty(4), y.copy(), np.zeros(4)
    for stage in range(4):
        _settle(at, W, b, gain, limit)
        _slopes(at, W, b, gain, tau_s, tau_m, k)
        weight = 1.0 if stage == 0 or stage == 3 else 2.0
        ahead = dt if stage == 2 else 0.5 * dt
        for i in range(4):
            total[i] += weight * k[i]
            at[i] = first[i] + ahead * k[i]
    for i in range(4):
        y[i] = first[i] + dt / 6.0 * total[i]
    _settle(y, W, b, gain, limit)


@kernel
def _advance(full, simple, W, b, gain, tau_s, tau_m, limit, dt, sums, rows):
    """Both systems in lockstep; rows (steps, 8): s and v of the full one, then of the limit. sums: squared distance, steps."""
    for k in range(len(rows)):
        _step(full, W, b, gain, tau_s, tau_m, 0, dt)
        _step(simple, W, b, gain, tau_s, tau_m, limit, dt)
        for i in range(4):
            rows[k, i], rows[k, 4 + i] = full[i], simple[i]
        sums[0] += (full[2] - simple[2]) ** 2 + (full[3] - simple[3]) ** 2
        sums[1] += 1.0


def _beside_limit(stream: str) -> tuple[Layer, ...]:
    """Both variables of the full system, and those of the limit dashed in the same colours."""
    full = (Layer(stream, channel=k, series=(k,)) for k in range(2))
    return (*full, *(Layer(stream, channel=2 + k, style="dashed", label="limit", series=(k,)) for k in range(2)))


class TwoTimeConstants(Model):
    r"""A synapse filters, and a membrane filters what the synapse says. Which of the two may be forgotten?

    Currents s follow their input with the synapse's time constant, rates v follow the currents with the membrane's. Where one
    of the two is much faster it has no history of its own: it is where it is driven to, and half of the equations become plain
    functions. With fast membranes only currents move; with fast synapses only rates; with both fast nothing moves in between and the
    network jumps to its equilibrium, if it has one. The distance to the full system is a number, and it is proportional to the ratio of
    the two constants.

    **Try:** choose a limit and bring the two constants together: the paths part. Move the weights until the resting point loses
    its stability: with delays in both, synapse and membrane, a network can swing that would rest with either of them alone.
    Click into the phase plane to begin elsewhere.

    **Equilibrium** is the same for the full system and for all its limits; whether it is stable is not.
    """

    name = "two-time-constants"
    title = "Two time constants, three limits"
    group = "Coding"
    icon = "mdi6.timer-sand"
    order = 40
    also = "time constants; synaptic and membrane time constant; Ricciardi; Siegert; fast synapses; slow synapses; diffusion approximation; quasi-static"
    equations = (
        r"\tau_s\,\dot s = -s + W v + b,\qquad \tau_m\,\dot v = -v + \sigma(s)",
        r"\tau_m \ll \tau_s:\quad v = \sigma(s)",
        r"\tau_s \ll \tau_m:\quad s = W v + b",
        r"\mathrm{both} \to 0:\quad v = \sigma(W v + b)",
    )
    symbols = r"\sigma: activation function"
    source = "Dayan and Abbott 2001, Theoretical Neuroscience, chapter 7.2; Wilson and Cowan 1972, Biophys J 12:1; Ermentrout 1994, Neural Comput 6:679"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Fast membranes": Preset({}, shows="distance < 0.1", after=150.0),
        "Fast synapses": Preset({"limit": "fast synapses", "tau_s": 2.0, "tau_m": 20.0}, shows="distance < 0.1", after=150.0),
        "Equal constants: no limit holds": Preset({"tau_m": 20.0}, shows="distance > 0.1", after=150.0),
        "It swings": Preset(
            {"W": [[2.0, -2.0], [2.0, 0.0]], "gain": 1.5, "tau_m": 10.0}, shows="max(rates v1) > 0.5 and min(rates v1) < -0.5", after=400.0
        ),
        "Two memories": Preset({"W": [[1.6, 0.0], [0.0, 1.6]], "b1": 0.0}, shows="abs(v1) > 0.5", after=200.0),
    }

    limit: str = param("fast membranes", choices=LIMITS, main=True, doc="Which of the three limits runs beside the full system.")
    tau_s: float = param(
        20.0, "ms", lo=0.5, hi=200, log=True, main=True, symbol=r"\tau_s", label="Synapse", doc="Time constant of the currents."
    )
    tau_m: float = param(
        2.0, "ms", lo=0.5, hi=200, log=True, main=True, symbol=r"\tau_m", label="Membrane", doc="Time constant of the rates."
    )
    W: list[list[float]] = param(
        [[0.8, -1.2], [1.2, 0.3]],
        kind="matrix",
        group="Network",
        symbol="W",
        label="Weights",
        doc="Weights: row i holds those onto neuron i.",
    )
    b1: float = param(0.3, lo=-5, hi=5, soft=(-2, 2), group="Network", symbol="b_1", label="Input to 1", doc="Constant input to neuron 1.")
    b2: float = param(0.0, lo=-5, hi=5, soft=(-2, 2), group="Network", symbol="b_2", label="Input to 2", doc="Constant input to neuron 2.")
    gain: float = param(1.0, lo=0.05, hi=20, log=True, group="Network", doc="Steepness of sigma, a hyperbolic tangent.")
    v1: float = param(0.9, lo=-1, hi=1, live=False, group="Start", symbol="v_1", label="Start of 1", doc="Where rate 1 begins.")
    v2: float = param(-0.6, lo=-1, hi=1, live=False, group="Start", symbol="v_2", label="Start of 2", doc="Where rate 2 begins.")
    dt: float = param(
        0.05, "ms", lo=0.005, hi=0.2, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    def check(self) -> None:
        shape = [len(row) for row in self.W]
        if shape != [2, 2] or not all(math.isfinite(w) and abs(w) <= 100 for row in self.W for w in row):
            raise self.refuse("W", "must be two rows of two numbers from -100 to 100")

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 25.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(400.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        every = max(1, round(0.25 / self.dt))
        return (
            Stream(
                "rates", "trace", "", "Rates of the full system, and in the limit.", (4,), ("v1", "v2", "limit v1", "limit v2"), every=every
            ),
            Stream(
                "currents",
                "trace",
                "",
                "Currents of the full system, and in the limit.",
                (4,),
                ("s1", "s2", "limit s1", "limit s2"),
                every=every,
            ),
            Stream(
                "nullclines",
                "curve",
                "",
                "Where v1 and where v2 would stand still if the other were held.",
                channels=("v2 where v1 rests", "v2 where v2 rests"),
            ),
            Stream("equilibria", "curve", "", "Where everything stands still: stable, and not.", channels=("stable", "unstable")),
            Stream("field", "arrows", "", "Where the rates go from each place, with the currents that belong to it."),
            Stream("law", "curve", "", "Distance of the limit over the ratio of the constants.", channels=("distance",), x_unit="ratio"),
            Stream("law_here", "curve", "", "The present ratio.", channels=("here",), x_unit="ratio"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        ends = (-1.1, 1.1)
        return (
            Picture("rates", "Rates", _beside_limit("rates"),
                    y="v", window=200.0, y_range=(-1.1, 1.1), figures=("distance",), weight=1.2, front=True),
            Picture("currents", "Currents", _beside_limit("currents"),
                    y="s", window=200.0),
            Picture("phase", "Phase plane", (Layer("nullclines", style="dashed"), Layer("rates", x="rates", channel=1, label="full"), Layer("rates", x="rates", channel=1, style="marker", label="now"),
                    Layer("equilibria", style="points")), x="v₁", y="v₂", x_range=ends, y_range=ends, click="begin", weight=1.5, front=True, doc="Click to begin elsewhere."),
            Picture("field", "Where it goes", (Layer("field"),), x="v₁", y="v₂", x_range=ends, y_range=ends, equal=True, click="begin"),
            Picture("law", "Distance by ratio", (Layer("law"), Layer("law_here", style="points", label="so far")), x="fast / slow", y="distance (rms)", x_log=True, y_log=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        return Stage(
            "phase", companions=(Strips("time", "Full system and limit", ("rates", "currents")), "law"), drawers=(("Curves", ("field",)),)
        )

    # -- behaviour --

    @property
    def _numbers(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.W, float), np.array([self.b1, self.b2])

    def start(self, constants: Any, seed: int) -> State:
        y = self.at(np.array([self.v1, self.v2]))
        return {"full": y, "simple": y.copy(), "sums": np.zeros(2)}

    def at(self, v: np.ndarray) -> np.ndarray:
        """(4,) the state whose rates are v and whose currents make them: it suits the full system and the first two limits."""
        return np.concatenate([np.arctanh(np.clip(v, -0.999, 0.999)) / self.gain, np.clip(v, -0.999, 0.999)])

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"sums": Bound(0.0)}

    def advance(self, constants: Any, state: State, n: int, out: Out) -> int:
        rows = np.empty((n, 8))
        W, b = self._numbers
        _advance(
            state["full"],
            state["simple"],
            W,
            b,
            self.gain,
            self.tau_s,
            self.tau_m,
            1 + LIMITS.index(self.limit),
            self.dt,
            state["sums"],
            rows,
        )
        if out.wanted("rates"):
            out["rates"][:n] = rows[:, [2, 3, 6, 7]]
        if out.wanted("currents"):
            out["currents"][:n] = rows[:, [0, 1, 4, 5]]
        return n

    def equilibria(self) -> list[tuple[np.ndarray, bool]]:
        """(v, stable) of every resting point found from a grid of beginnings; stability by the eigenvalues of the full system."""
        W, b = self._numbers
        found: list[np.ndarray] = []
        for first in np.stack(np.meshgrid(np.linspace(-0.95, 0.95, 5), np.linspace(-0.95, 0.95, 5)), axis=-1).reshape(-1, 2):
            solved = root(lambda v: np.tanh(self.gain * (W @ v + b)) - v, first, tol=1e-12)
            rest = np.abs(np.tanh(self.gain * (W @ solved.x + b)) - solved.x).max()
            if solved.success and rest < 1e-9 and all(np.abs(solved.x - other).max() > 1e-5 for other in found):
                found.append(solved.x)
        return [(v, bool(np.linalg.eigvals(self.jacobian(v)).real.max() < 0.0)) for v in found]

    def jacobian(self, v: np.ndarray) -> np.ndarray:
        """(4, 4) Jacobian (1/ms) of the full system at the resting rates v."""
        W, _ = self._numbers
        steep = self.gain * (1.0 - v**2)
        return np.block([[-np.eye(2) / self.tau_s, W / self.tau_s], [np.diag(steep) / self.tau_m, -np.eye(2) / self.tau_m]])

    def observe(self, constants: Any, state: State, stream: str) -> Any:
        W, b = self._numbers
        line = np.linspace(-0.999, 0.999, 201)
        need = np.arctanh(line) / self.gain
        if stream == "nullclines":
            # v1 rests where W11 v1 + W12 v2 + b1 makes it: solved for v2 over v1; and v2 over v1 from the second row, along v2.
            with np.errstate(divide="ignore", invalid="ignore"):
                first = (need - W[0, 0] * line - b[0]) / W[0, 1] if W[0, 1] else np.full(len(line), np.nan)
                over = (need - W[1, 1] * line - b[1]) / W[1, 0] if W[1, 0] else np.full(len(line), np.nan)
            x = np.concatenate([line, [np.nan], np.where(np.abs(over) < 1.1, over, np.nan)])
            blank = np.full(len(line) + 1, np.nan)
            return np.stack([x, np.concatenate([np.where(np.abs(first) < 1.1, first, np.nan), blank]), np.concatenate([blank, line])])
        if stream == "equilibria":
            rows = [(v[0], v[1] if stable else np.nan, np.nan if stable else v[1]) for v, stable in self.equilibria()]
            return np.array(rows or [(np.nan,) * 3]).T
        if stream == "field":
            side = np.linspace(-0.95, 0.95, SIDE)
            grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
            go = np.tanh(self.gain * (grid @ W.T + b)) - grid
            return np.hstack([grid, go * (0.1 / max(1e-9, float(np.hypot(*go.T).max())))])
        if stream == "law":
            return self.law()
        if stream == "law_here":
            return np.array([[self.ratio], [self._distance(state) if state["sums"][1] else np.nan]])
        return super().observe(constants, state, stream)

    @property
    def ratio(self) -> float:
        """The constant that the limit neglects over the other one."""
        return self.tau_s / self.tau_m if self.limit == "fast synapses" else self.tau_m / self.tau_s

    def law(self) -> np.ndarray:
        """(2, 9): ratios of the constants from 0.003 to 1, and the distance of the limit over 10 of the slower ones."""
        return _law(tuple(map(tuple, self.W)), self.b1, self.b2, self.gain, self.v1, self.v2, self.limit)

    def _distance(self, state: State) -> float:
        squares, steps = state["sums"]
        return math.sqrt(squares / steps) if steps else 0.0

    def summary(self, constants: Any, state: State) -> dict[str, Any]:
        points = self.equilibria()
        return {
            "distance": self._distance(state),
            "v1": float(state["full"][2]),
            "v2": float(state["full"][3]),
            "resting points": len(points),
            "stable": sum(stable for _, stable in points),
        }

    @action("Begin here", x=(float, param(0.0, lo=-1e9, hi=1e9, doc="Rate 1.")), y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Rate 2.")))
    def begin(self, constants: Any, state: State, x: float, y: float) -> None:
        """Put both systems to these rates, with the currents that make them."""
        fresh = self.at(np.clip(np.array([x, y]), -1.0, 1.0))
        state["full"][:] = state["simple"][:] = fresh
        state["sums"][:] = 0.0

    @classmethod
    def figures(cls):
        def slope(limit: str):
            def measure(run):
                ratios, distance = cls(limit=limit).law()
                keep = ratios < 0.1
                return float(np.polyfit(np.log(ratios[keep]), np.log(distance[keep]), 1)[0])

            return measure

        def rests(run):
            model = cls(W=[[0.5, -0.8], [0.8, 0.2]])
            (point, stable), *others = model.equilibria()
            state = run(model, steps=model.steps_for(800.0), record={}).state
            return float(np.abs(state["full"][2:] - point).max()) if stable and not others else math.nan

        yield Figure(
            "slope of the distance over the ratio, fast membranes",
            1.0,
            slope("fast membranes"),
            tolerance=0.05,
            source="first order of singular perturbation: 1",
        )
        yield Figure(
            "slope of the distance over the ratio, fast synapses",
            1.0,
            slope("fast synapses"),
            tolerance=0.05,
            source="first order of singular perturbation: 1",
        )
        yield Figure("end of the run against the equilibrium", 1e-9, rests, bound="at_most", source="root of v = sigma(W v + b)")


@lru_cache(16)
def _law(W: tuple, b1: float, b2: float, gain: float, v1: float, v2: float, limit: str) -> np.ndarray:
    ratios = np.geomspace(0.003, 1.0, 9)
    found = []
    for ratio in ratios:
        slow, fast = 20.0, 20.0 * ratio
        tau_s, tau_m = (fast, slow) if limit == "fast synapses" else (slow, fast)
        model = TwoTimeConstants(W=[list(row) for row in W], b1=b1, b2=b2, gain=gain, v1=v1, v2=v2, limit=limit)
        numbers = model._numbers
        y = model.at(np.array([v1, v2]))
        simple, sums = y.copy(), np.zeros(2)
        dt = min(0.05, 0.4 * fast)
        kind = 1 + LIMITS.index(limit)
        _advance(y, simple, *numbers, gain, tau_s, tau_m, kind, dt, sums, np.empty((round(200.0 / dt), 8)))
        found.append(math.sqrt(sums[0] / sums[1]))
    return np.array([ratios, found])
