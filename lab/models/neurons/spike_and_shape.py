"""A spike and its shape: the squid's four equations and a leaky cell with a threshold, driven by one current, and what each costs."""

from __future__ import annotations

import ast
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lab.cells import squid
from lab.cells.squid import gates_after, gating
from lab.kernels import kernel, normal, seed_state
from lab.model import COUNT, Bound, Clock, EventColumns, Figure, Handle, Layer, Model, Picture, Preset, Stage, Stream, Strips, arrays, param

CELLS = ("Hodgkin-Huxley", "leaky cell")
STEP = 0.1  # ms: one step of the leaky cell, which is exact at any, and of the noise
DRAWN, HEIGHT = 0.4, 40.0  # ms and mV of the mark that is drawn for a spike of the leaky cell
REST = -65.0
EXPONENTIAL = 20  # elementary operations that an exponential stands for


class Pair(NamedTuple):
    """What moves: the squid's V, m, h, n; the leaky cell's V, time since its spike; the noise; times of last spikes that are free; counts."""

    squid: np.ndarray
    leaky: np.ndarray
    noise: np.ndarray
    rng: np.ndarray
    free: np.ndarray
    counts: np.ndarray
    step: np.ndarray


class Leaky(NamedTuple):
    """The leaky cell: mV above rest per uA/cm2, time constant (ms), threshold, reset (mV), refractory time (ms)."""

    R: float
    tau: float
    threshold: float
    reset: float
    held: float


class Rows(NamedTuple):
    """What is recorded: both voltages, the current, spikes."""

    V: np.ndarray
    drive: np.ndarray
    spikes: EventColumns


@kernel(inline=True)
def squid_voltage(V, m, h, n, current, dt):
    """Voltage of the squid's membrane after dt with the gates at its middle (trapezoid rule, Hines 1984)."""
    open_Na = 120.0 * (m * m * m * h)
    n2 = n * n
    open_K = 36.0 * (n2 * n2)
    z = dt * (open_Na + open_K + 0.3)
    return (V * (1.0 - 0.5 * z) + dt * (current + open_Na * 50.0 + open_K * -77.0 + 0.3 * -54.387)) / (1.0 + 0.5 * z)


@kernel(inline=True)
def leaky_voltage(V, target, relax):
    """Voltage of the leaky cell after a step, exactly; relax = exp(-step / tau) is worked out once for all steps."""
    return target + (V - target) * relax


@kernel
def _advance(pair, cell, mean, sigma, decay, kick, substeps, window, rows):
    """Both cells through len(rows.V) steps: the squid's in `substeps` small ones, the leaky one in one; spikes that fall together are counted."""
    moving, leaky, noise, rng, free, counts, step = pair
    steps, index, value, count = rows.spikes
    dt, relax = STEP / substeps, math.exp(-STEP / cell.tau)
    for k in range(len(rows.V)):
        if count[0] + 4 > len(steps):
            return k
        now = (step[0] + 1) * STEP
        noise[0] = noise[0] * decay + kick * normal(rng)
        current = mean + sigma * noise[0]
        V, m, h, n = moving[0], moving[1], moving[2], moving[3]
        fired = False
        for _ in range(substeps):
            m, h, n = gates_after(m, h, n, V, dt)
            before = V
            V = squid_voltage(V, m, h, n, current, dt)
            fired = fired or (before < 0.0 and V >= 0.0)
        moving[0], moving[1], moving[2], moving[3] = V, m, h, n
        leaky[1] += STEP
        answered = False
        if leaky[1] > cell.held:
            leaky[0] = leaky_voltage(leaky[0], REST + cell.R * current, relax)
            if leaky[0] >= cell.threshold:
                leaky[0], leaky[1], answered = cell.reset, 0.0, True
        for who in range(2):
            if fired if who == 0 else answered:
                steps[count[0]], index[count[0]], value[count[0]] = k, who, 1.0
                count[0] += 1
                counts[who] += 1
                # Together with the last spike of the other one, if that has no partner yet.
                if now - free[1 - who] <= window:
                    counts[2] += 1
                    free[1 - who] = free[who] = -1e9
                else:
                    free[who] = now
        rows.V[k, 0] = V
        rows.V[k, 1] = HEIGHT if leaky[1] < DRAWN and counts[1] > 0 else leaky[0]
        rows.drive[k] = current
        step[0] += 1
    return len(rows.V)


def _fixed(node: ast.AST) -> bool:
    """Whether an expression holds numbers only: the compiler works it out once."""
    if isinstance(node, ast.UnaryOp):
        return _fixed(node.operand)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.BinOp) and _fixed(node.left) and _fixed(node.right))


class _Operations(ast.NodeVisitor):
    """Counts what a kernel's source does: arithmetic that is not of constants alone, and exponentials."""

    def __init__(self) -> None:
        self.arithmetic = self.exponentials = 0

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.arithmetic += not _fixed(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.exponentials += isinstance(node.func, ast.Name) and node.func.id.startswith("exp")
        self.generic_visit(node)


@cache
def operations(cell: str) -> tuple[int, int]:
    """(additions, multiplications and divisions; exponentials) of one step of a cell, counted in the source of its kernels."""
    here, there = Path(__file__), Path(squid.__file__)
    wanted = {CELLS[0]: ((there, "rates_at"), (there, "gates_after"), (here, "squid_voltage")), CELLS[1]: ((here, "leaky_voltage"),)}[cell]
    found = _Operations()
    for path, name in wanted:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                found.visit(node)
    # The leaky cell's target is one product and one sum, in the loop.
    return found.arithmetic + (2 if cell == CELLS[1] else 0), found.exponentials


class SpikeAndShape(Model):
    """Does the shape of a spike matter? Two cells get the same current: one makes each spike by four equations, one only says when.

    Hodgkin and Huxley's cell follows V, m, h and n through the whole of every spike, in steps so short that its upstroke is not lost.
    The leaky integrate-and-fire cell has one variable and a threshold; what happens above it is left out and drawn as a mark.
    Four in five of its spikes fall within two milliseconds of the other's, for less than a hundredth of the work: for whoever hears only
    that a spike came, the shape is spent effort. Its five numbers were fitted to that under the noise that is set here.

    The operations are counted in the source of both kernels, an exponential as twenty. How many spikes fall together is told as the
    coincidence factor, which is one where all do and nought where as many do as by chance.

    **Try:** where do they part? Make the noise weak: then the squid axon, which answers to changes, is silent where the leaky cell still adds
    up. Give a constant current only: both fire regularly, each at its own rate, and their spikes drift past each other.
    """

    name = "spike-and-shape"
    title = "A spike and its shape"
    group = "Single cells"
    icon = "mdi6.scale-unbalanced"
    order = 25
    also = "simplified neuron; reduction of Hodgkin-Huxley; cost of a model; coincidence factor; which model of a neuron; HH against LIF; FLOPS"
    equations = (
        r"\Gamma = \frac{N_{coinc} - 2 \nu \Delta N_{HH}}{\frac{1}{2} (N_{HH} + N_{LIF})}\, \frac{1}{1 - 2 \nu \Delta}",
        r"\mathrm{HH:}\ \dot V, \dot m, \dot h, \dot n \qquad \mathrm{LIF:}\ \tau \dot V = -(V - V_{rest}) + R I,\ V \ge V_{th}:\ \mathrm{spike}",
    )
    symbols = r"\Gamma: coincidence factor; N: number of spikes, or of coincidences; \nu: firing rate of the simple cell; \Delta: largest distance of two spikes that coincide; \tau: time constant of the membrane; I: current"
    source = "Kistler, Gerstner and van Hemmen, Neural Comput. 9:1015 (1997); Jolivet, Rauch, Luescher and Gerstner, J. Comput. Neurosci. 21:35 (2006); Izhikevich, IEEE Trans. Neural Netw. 15:1063 (2004)"
    presets = {
        "Strong noise: most spikes fall together": Preset({}, shows="coincidence > 0.6 and operations over > 100", after=2400.0),
        "Weak noise: they part": Preset({"mean": 3.0, "sigma": 3.0}, shows="coincidence < 0.5", after=2400.0),
        "Constant current: each at its own rate": Preset({"mean": 12.0, "sigma": 0.0}, shows="abs(coincidence) < 0.5", after=2400.0),
    }

    mean: float = param(5.0, "uA/cm2", lo=-50.0, hi=200.0, soft=(0, 20), main=True, doc="Mean current into both cells.")
    sigma: float = param(15.0, "uA/cm2", lo=0.0, hi=200.0, soft=(0, 40), main=True, label="Noise", doc="Standard deviation of the current.")
    noise_time: float = param(2.0, "ms", lo=0.1, hi=100.0, log=True, group="Current", doc="Correlation time of the noise.")
    substeps: int = param(
        10, lo=2, hi=100, log=True, group="Hodgkin-Huxley", label="Steps in 0.1 ms", doc="Small steps of the four equations in 0.1 ms."
    )
    R: float = param(0.86, "mV cm2/uA", lo=0.01, hi=20.0, group="Leaky cell", symbol="R", label="Gain", doc="How far a constant current lifts the leaky cell.")  # fmt: skip
    tau: float = param(1.1, "ms", lo=0.5, hi=100.0, log=True, group="Leaky cell", symbol=r"\tau", label="Time constant", doc="Its time constant.")  # fmt: skip
    threshold: float = param(-59.0, "mV", lo=-64.0, hi=0.0, main=True, group="Leaky cell", doc="Its threshold.")
    reset: float = param(-85.0, "mV", lo=-200.0, hi=-64.0, group="Leaky cell", doc="Where it is put after a spike.")
    held: float = param(9.3, "ms", lo=0.1, hi=50.0, group="Leaky cell", label="Refractory", doc="How long it is held there.")
    window: float = param(2.0, "ms", lo=0.1, hi=20.0, group="Counting", doc="How near two spikes must be to count as one.")

    def check(self) -> None:
        if self.reset >= self.threshold:
            raise self.refuse("reset", f"must be below the threshold ({self.threshold:g} mV)")

    @property
    def clock(self) -> Clock:
        return Clock(STEP, "ms")

    @property
    def speed(self) -> float:
        return 60.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(2400.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream(
                "V", "trace", "mV", "Membrane potential of both cells; a spike of the leaky one is drawn as a mark.", (2,), CELLS, every=1
            ),
            Stream("drive", "trace", "uA/cm2", "The current into both.", every=1),
            Stream("spikes", "raster", "", "Spikes of both cells.", channels=CELLS),
            Stream("cost", "bars", "", "Operations for one millisecond of a cell."),
            Stream("counted", "table", "", "What is counted."),
            Stream("matched", "bars", "", "Spikes of each, and how many fell together."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        span = 200.0
        return (
            Picture("V", "Two cells, one current", (Layer("V"),), y="V (mV)", window=span, y_range=(-105.0, 55.0), handles=(Handle("threshold"),), weight=2.0, figures=("coincidence",)),
            Picture("spikes", "Spike times", (Layer("spikes"),), window=span, weight=0.7),
            Picture("drive", "Current", (Layer("drive"),), y="I (uA/cm2)", window=span, weight=0.8),
            Picture("cost", "Operations for one ms", (Layer("cost", style="bars"),), y="operations", y_log=True, labels=CELLS, figures=("operations over",), front=True),
            Picture("matched", "Spikes", (Layer("matched", style="bars"),), y="spikes", labels=(*CELLS, "together"), front=True),
            Picture("counted", "What is counted", (Layer("counted"),)),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Both voltages, spikes and current on one axis of time; beside them cost and coincidence."""
        return Stage(
            Strips("rig", "Two cells, one current", ("V", "spikes", "drive")), ("cost", "matched"), drawers=(("Counted", ("counted",)),)
        )

    def start(self, constants, seed):
        m, h, n = gating(np.array([REST]))[:3, 0]
        return {
            "squid": np.array([REST, m, h, n]), "leaky": np.array([REST, 1e3]), "noise": np.zeros(1), "rng": seed_state(seed),
            "free": np.full(2, -1e9), "counts": np.zeros(3, np.int64), "step": np.zeros(1, np.int64),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        return {"counts": COUNT, "step": Bound(step, step)}

    def advance(self, constants, state, n, out):
        V = out["V"] if out.wanted("V") else np.empty((n, 2))
        drive = out["drive"] if out.wanted("drive") else np.empty(n)
        decay = math.exp(-STEP / self.noise_time)
        return _advance(
            arrays(Pair, state), Leaky(self.R, self.tau, self.threshold, self.reset, self.held), self.mean, self.sigma, decay,
            math.sqrt(1.0 - decay * decay), self.substeps, self.window, Rows(V[:n], drive[:n], out.events["spikes"].columns),
        )  # fmt: skip

    def _cost(self) -> tuple[float, float]:
        """Operations for one ms of each cell."""
        steps = (self.substeps / STEP, 1.0 / STEP)
        sums = [arithmetic + EXPONENTIAL * exponentials for arithmetic, exponentials in map(operations, CELLS)]
        return sums[0] * steps[0], sums[1] * steps[1]

    def observe(self, constants, state, stream):
        if stream == "cost":
            return np.array(self._cost())
        if stream == "matched":
            return state["counts"].astype(float)
        if stream == "counted":
            rows = []
            for cell, steps, cost in zip(CELLS, (self.substeps / STEP, 1.0 / STEP), self._cost(), strict=True):
                arithmetic, exponentials = operations(cell)
                rows.append(
                    {"cell": cell, "variables": 4 if cell == CELLS[0] else 1, "+ − × ÷ in a step": arithmetic, "exponentials in a step": exponentials,
                     "steps in a ms": round(steps), "operations in a ms": round(cost)}
                )  # fmt: skip
            return rows
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        many, few, both = (int(c) for c in state["counts"])
        out: dict[str, float] = {}
        time = max(STEP, float(state["step"][0]) * STEP)
        chance = 2.0 * few / time * self.window
        if many + few and chance < 1.0:
            out["coincidence"] = (both - chance * many) / (0.5 * (many + few)) / (1.0 - chance)
        out |= {"spikes, Hodgkin-Huxley": many, "spikes, leaky cell": few, "together": both}
        squid_cost, leaky_cost = self._cost()
        out["operations over"] = squid_cost / leaky_cost
        return out

    @classmethod
    def figures(cls):
        def told(key, seeds=(1, 2, 3), **values):
            return lambda run: float(np.median([run(cls(**values), steps=50_000, seed=s, record={}).summary[key] for s in seeds]))

        def steady(run):
            """Interval of the squid's part under 10 uA/cm2, to a tenth of a millisecond."""
            found = run(cls(mean=10.0, sigma=0.0), steps=6000, record={"spikes": 1}).recorded("spikes")
            times = found.time[found.index == 0]
            return float(np.diff(times)[-20:].mean())

        def closed(run):
            """Interval of the leaky one under a constant current against t_ref + tau ln, which it may overshoot by a step."""
            model = cls(mean=20.0, sigma=0.0)
            found = run(model, steps=6000, record={"spikes": 1}).recorded("spikes")
            times = found.time[found.index == 1]
            lifted = REST + model.R * 20.0
            return float(
                np.diff(times)[-20:].mean() - model.held - model.tau * math.log((lifted - model.reset) / (lifted - model.threshold))
            )

        yield Figure(
            "interval of the squid's cell at 10 uA/cm2", 14.636, steady, tolerance=0.02, unit="ms", source="hodgkin-huxley, steady interval"
        )
        yield Figure(
            "interval of the leaky cell less its closed form",
            0.1,
            closed,
            tolerance=0.11,
            unit="ms",
            source="t_ref + tau ln((RI - reset)/(RI - threshold)), steps of 0.1 ms",
        )
        yield Figure(
            "coincidence of both cells under strong noise",
            0.65,
            told("coincidence"),
            bound="at_least",
            source="Kistler et al. (1997): threshold models keep most spikes",
        )
        yield Figure(
            "operations of Hodgkin-Huxley over those of the leaky cell",
            100.0,
            lambda run: run(cls(), steps=10, record={}).summary["operations over"],
            bound="at_least",
            source="counted in the source; Izhikevich (2004) has 1200 against 5",
        )
