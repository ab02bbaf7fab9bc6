"""A population connected to itself: it remembers, swings, decides, or wanders over Lorenz's attractor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.model import COUNT, Bound, Figure, Handle, Layer, Out, Picture, Preset, Stage, State, Stream, Strips, action, arrays, param
from lab.params import redeclared
from lab.params.arithmetic import FormulaError, parse
from lab.spiking.coding import decoders as solvers
from lab.spiking.coding.model import Populations
from lab.spiking.coding.parts import Ensemble, Value, check_curve, check_tuning, curve, recording, repeated
from lab.spiking.coding.populations import Population, population, sphere
from lab.spiking.coding.spiking import cells, fire, listen, say

SYSTEMS = ("integrator", "oscillator", "two resting points", "Lorenz", "own")
SCALE = np.array([20.0, 28.0, 26.0])  # of Lorenz's axes, so that the attractor fills the ball
MIDDLE = np.array([0.0, 0.0, 25.0])


class Loop(NamedTuple):
    """What moves: voltages, refractory times, the filtered value, and kicks that are on their way."""

    v: np.ndarray  # (N,)
    rest: np.ndarray  # (N,)
    value: np.ndarray  # (d,) filtered synaptic input, which is what the population is given
    said: np.ndarray  # (d,) decoded value


@kernel
def _advance(loop, of, back, out, drive, held, dt, tau, tau_out, spiking, rows, events):
    """As many steps as drive (steps, d) has. `back` decodes tau f(x) + x, `out` decodes x; held (d,): NaN where not clamped."""
    e_step, e_index, e_value, e_count = events
    v, rest, value, said = loop
    N, d = back.shape
    spikes, returned, heard = np.empty(N, np.int64), np.empty(d), np.empty(d)
    keep, keep_out = math.exp(-dt / tau), math.exp(-dt / tau_out)
    for k in range(len(drive)):
        if e_count[0] + N > len(e_step):
            return k
        for j in range(d):
            if held[j] == held[j]:
                value[j] = held[j]
        if spiking:
            fired = fire(of, v, rest, value, dt, spikes)
            say(spikes, fired, back, returned)
            say(spikes, fired, out, heard)
            for s in range(fired):
                at = e_count[0]
                e_step[at], e_index[at], e_value[at] = k, spikes[s], 0.0
                e_count[0] += 1
            for j in range(d):
                returned[j] /= dt
                heard[j] /= dt
        else:
            listen(of, value, back, returned)
            listen(of, value, out, heard)
        for j in range(d):
            value[j] = keep * value[j] + (1.0 - keep) * (returned[j] + tau * drive[k, j])
            said[j] = keep_out * said[j] + (1.0 - keep_out) * heard[j]
            rows[k, j] = said[j]
    return len(drive)


@kernel
def _watch(x, drive, clamped, dt, turns, released):
    """Note upward crossings of zero and the value 0.2 s after the input ended or the clamp was released.

    turns: time of the first crossing, of the last one, how many, whether x was below -0.2 since, time now; released: time of the release,
    value 0.2 s later, whether that is known.
    """
    for k in range(len(x)):
        turns[4] += dt
        if drive[k] != 0.0 or clamped:
            released[0], released[2] = turns[4], 0.0
        elif released[2] == 0.0 and turns[4] - released[0] >= 0.2:
            released[1], released[2] = x[k], 1.0
        # Noise crosses zero to and fro: only a crossing that comes from well below counts.
        if x[k] < -0.2:
            turns[3] = 1.0
        elif x[k] >= 0.0 and turns[3] > 0.0:
            turns[1] = turns[4]
            turns[0] = turns[4] if turns[2] == 0.0 else turns[0]
            turns[2] += 1.0
            turns[3] = 0.0


@dataclass(frozen=True)
class Built:
    """The population and the decoders of its wire to itself and of what it holds."""

    of: Population
    points: np.ndarray
    back: np.ndarray  # (N, d)
    out: np.ndarray  # (N, d)
    driven: tuple[np.ndarray, np.ndarray] | None = None  # times (s) and values of a curve or recording


def lorenz(x: np.ndarray) -> np.ndarray:
    """(P, 3) slopes per second of Lorenz's equations (sigma 10, rho 28, beta 8/3) in scaled coordinates (P, 3)."""
    X, Y, Z = (x * SCALE + MIDDLE).T
    return np.stack([10.0 * (Y - X), X * (28.0 - Z) - Y, X * Y - 8.0 / 3.0 * Z], axis=1) / SCALE


@lru_cache(1)
def _attractor() -> np.ndarray:
    """(8000, 3) points on Lorenz's attractor, scaled: fourth-order Runge-Kutta at 5 ms, the first 10 s left out."""
    x, found = np.array([[0.1, 0.1, 0.0]]), []
    for k in range(10_000):
        a = lorenz(x)
        b = lorenz(x + 0.0025 * a)
        c = lorenz(x + 0.0025 * b)
        e = lorenz(x + 0.005 * c)
        x = x + 0.005 / 6.0 * (a + 2 * b + 2 * c + e)
        if k >= 2000:
            found.append(x[0])
    points = np.array(found)
    points.flags.writeable = False
    return points


class PopulationDynamics(Populations):
    r"""A population connected to itself is a dynamical system: the one you ask for.

    Spikes go back to the population that fired them, through a synapse with the time constant tau. Decoders of the wire are found
    not for the value x but for tau f(x) + x, and then the value obeys dx/dt = f(x) + u: the synapse's own forgetting is cancelled, and
    what remains is f. With f = 0 the population holds whatever it was given, long after the input is gone; with a rotation it swings;
    with a cubic it decides for one of two sides; with Lorenz's equations it wanders over a strange attractor.

    **Try:** clamp the value, release it, and see what becomes of it. Kick the integrator and watch it stay, and drift: what the
    decoders get wrong acts as a slope. Take fewer neurons and it comes to rest at fewer and fewer places. Change the frequency while
    the oscillator swings. Let a curve that you draw, or a recording of your own, drive it: the integrator shows its integral. Write a system of your own in x and y.

    **Lorenz.** Populations fitted all over a cube die there after a while, on some seeds: the attractor fills little of the cube. Here
    evaluation points lie on the attractor, stretched by up to 8 %, and neurons begin to fire where its points are.
    """

    name = "population-dynamics"
    title = "A population remembers and swings"
    group = "Coding"
    icon = "mdi6.rotate-3d-variant"
    order = 30
    also = "neural integrator; integrator; oscillator; working memory; attractor; Lorenz attractor; Lorenz; recurrent population; line attractor; NEF dynamics; eye position"
    equations = (
        r"\tau\,\dot s = -s + \sum_i d_i\, a_i,\qquad d\ \mathrm{decodes}\ \tau f(x) + x",
        r"\Rightarrow\quad \dot x = f(x) + u",
        r"f_{oscillator} = \omega\,(-y,\ x),\qquad f_{Lorenz} = (10 (y - x),\ x (28 - z) - y,\ x y - \frac{8}{3} z)",
    )
    symbols = r"a_i: firing rate of neuron i; d_i: decoder of neuron i; z: third value; \omega: angular frequency"
    source = (
        "Eliasmith and Anderson 2003, Neural Engineering, chapter 8; Eliasmith 2005, Neural Comput 17:1276; Lorenz 1963, J Atmos Sci 20:130"
    )
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Integrator: it holds a value": Preset({}, shows="last(value x) > 0.3 and last(value x) < 0.7", after=3.0),
        "Oscillator of 1 Hz": Preset({"system": "oscillator"}, shows="measured frequency > 0.95 and measured frequency < 1.05", after=6.0),
        "Two resting points": Preset({"system": "two resting points", "input_size": 0.3}, shows="last(value x) > 0.7 or last(value x) < -0.7", after=4.0),
        "Lorenz' attractor": Preset({"system": "Lorenz", "neurons": 600}, shows="max(value x) > 0.4 and min(value x) < -0.4", after=15.0),
        "Few neurons forget": Preset({"neurons": 20}, shows="drift > 0.05", after=3.0, share=0.6),
        "Integrate a curve drawn by hand": Preset({"drive": "drawn"}, shows="max(value x) > 0.3 and max(input) > 0.9 and abs(last(value x)) < 0.3", after=4.0),
        "A cycle of your own": Preset({"system": "own"}, shows="max(value x) > 0.5 and min(value x) < -0.5", after=8.0),
    }  # fmt: skip

    system: str = param("integrator", choices=SYSTEMS, live=False, main=True, doc="Which dynamical system it shall be.")
    frequency: float = param(
        1.0,
        "Hz",
        lo=0.05,
        hi=10,
        log=True,
        soft=(0.2, 3.0),
        builds=True,
        main=True,
        when=("system", "oscillator"),
        doc="How often it swings.",
    )
    own_x: str = param("6 y", builds=True, main=True, when=("system", "own"), label="dx/dt", doc="Slope of x per second, of x and y.")
    own_y: str = param(
        "-6 x + 8 y (0.6 - x^2)", builds=True, main=True, when=("system", "own"), label="dy/dt", doc="Slope of y per second, of x and y."
    )
    drive: str = param(
        "pulse",
        choices=("pulse", "drawn", "file"),
        live=False,  # the input is a stream of its own where it is no pulse
        group="Input",
        label="Driven by",
        doc="What the input to x is: a pulse, a curve drawn by hand, a recording.",
    )
    input_size: float = param(
        1.0,
        "1/s",
        lo=-20,
        hi=20,
        soft=(-2, 2),
        main=True,
        symbol="u",
        label="Input",
        doc="Input to x while it is on; what a curve or recording is multiplied by.",
    )
    input_from: float = param(
        0.2, "s", lo=0, hi=100, group="Input", label="Input from", when=("drive", "pulse"), doc="When the input begins."
    )
    input_to: float = param(0.7, "s", lo=0, hi=100, group="Input", label="Input to", when=("drive", "pulse"), doc="When it ends.")
    drawn: tuple[tuple[float, ...], ...] = redeclared(
        Value,
        "drawn",
        ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0), (1.5, -1.0), (2.0, 0.0)),
        unit="s",
        builds=True,
        group="Input",
        when=("drive", "drawn"),
    )
    file: str = redeclared(Value, "file", "", builds=True, group="Input", when=("drive", "file"))
    sample_rate: float = redeclared(Value, "sample_rate", 0.0, builds=True, group="Input", when=("drive", "file"))
    column: int = redeclared(Value, "column", 1, builds=True, group="Input", when=("drive", "file"))
    clamp: bool = param(False, group="Clamp", doc="Hold the value; release it by switching this off.")
    clamp_x: float = param(0.5, lo=-1, hi=1, group="Clamp", when=("clamp", True), label="x held at", doc="Where x is held.")
    clamp_y: float = param(0.0, lo=-1, hi=1, group="Clamp", when=("clamp", True), label="y held at", doc="Where y is held.")
    neurons: int = param(200, lo=5, hi=2000, live=False, log=True, main=True, symbol="N", doc="Neurons of the population.")
    spiking: bool = param(True, live=False, group="Neurons", label="Spikes", doc="Spiking cells, or the same cells as rates.")
    lowest: float = redeclared(Ensemble, "lowest", 200.0)
    highest: float = redeclared(Ensemble, "highest", 400.0)
    regularisation: float = param(
        0.1,
        lo=0,
        hi=1,
        soft=(0.0, 0.4),
        live=False,
        group="Neurons",
        doc="Noise, as a share of the highest rate, for which the decoders are made.",
    )
    tau: float = param(
        100.0,
        "ms",
        lo=2,
        hi=500,
        log=True,
        live=False,
        group="Synapse",
        symbol=r"\tau",
        doc="Time constant of the synapse back to the population.",
    )
    tau_out: float = param(
        20.0, "ms", lo=1, hi=500, log=True, group="Synapse", label="Smoothing", doc="Time constant with which the pictures read the spikes."
    )
    dt: float = param(1.0, "ms", lo=0.1, hi=2, live=False, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time.")

    def check(self) -> None:
        check_tuning(self, "LIF", self.lowest)
        check_curve(self, self.drawn)
        for name in ("own_x", "own_y"):
            try:
                parse(getattr(self, name), ["x", "y"])
            except FormulaError as error:
                raise self.refuse(name, str(error)) from None

    # -- the system --

    @property
    def dimensions(self) -> int:
        """How many numbers its value has."""
        return {"integrator": 1, "two resting points": 1, "Lorenz": 3}.get(self.system, 2)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """(P, d) slopes per second of the asked-for system at x (P, d), without input."""
        if self.system == "integrator":
            return np.zeros_like(x)
        if self.system == "two resting points":
            return 8.0 * x * (0.8**2 - x**2)
        if self.system == "oscillator":
            turn = 2.0 * math.pi * self.frequency
            # Beyond the circle it is drawn back, within it pushed out: the amplitude would drift otherwise.
            return turn * np.stack([-x[:, 1], x[:, 0]], axis=1) + 2.0 * x * (0.8**2 - (x**2).sum(axis=1, keepdims=True))
        if self.system == "Lorenz":
            return lorenz(x)
        found = np.stack(
            [np.broadcast_to(parse(text, ["x", "y"])(x=x[:, 0], y=x[:, 1]), (len(x),)) for text in (self.own_x, self.own_y)], axis=1
        )
        if not np.isfinite(found).all():
            raise ModelError("population-dynamics.own_x, own_y: the slopes must be finite for x and y from -1.2 to 1.2.")
        return np.clip(np.asarray(found, float), -1000.0, 1000.0)

    # -- declarations --

    @property
    def default_steps(self) -> int:
        return self.steps_for(10.0)

    @property
    def _axes(self) -> tuple[str, ...]:
        return ("x", "y", "z")[: self.dimensions]

    @property
    def streams(self) -> tuple[Stream, ...]:
        found = [
            Stream("value", "trace", "", "What the population holds.", (self.dimensions,), self._axes, every=5),
            Stream("spikes", "raster", "", "Spikes of all neurons.", every=1),
            *((Stream("input", "trace", "1/s", "What drives x.", every=5),) if self.drive != "pulse" else ()),
            Stream(
                "slope",
                "curve",
                "1/s",
                "How the value moves where it is: wanted, and as the decoders make it.",
                channels=("wanted", "decoded"),
                x_unit="",
            ),
            Stream("now", "curve", "1/s", "The present value.", channels=("now",), x_unit=""),
            Stream("field", "arrows", "", "Slopes all over the plane of x and y, as the decoders make them."),
            Stream(
                "tuning",
                "curve",
                "Hz",
                "Rates of the neurons along x.",
                channels=tuple(f"neuron {i}" for i in range(min(60, self.neurons))),
            ),
        ]
        return tuple(found)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        ends = (-1.2, 1.2)
        driven = self.drive != "pulse"
        value = Picture(
            "value",
            "What it holds",
            (Layer("value"), *((Layer("input", style="dotted"),) if driven else ())),
            handles=(Handle("drawn", "draw"),) if self.drive == "drawn" else (Handle("file", "file"),) if self.drive == "file" else (),
            y="x, and input in 1/s" if driven else "x",
            y_range=None if driven else (-1.2, 1.2),  # the noise of a value that is held would fill any range that follows it
            window=6.0,
            weight=1.5,
            front=True,
            figures=("measured frequency (Hz)",) if self.system == "oscillator" else ("drift",) if self.system == "integrator" else (),
        )
        raster = (Picture("spikes", "Spikes", (Layer("spikes"),), y="neuron", window=6.0),) if self.spiking else ()
        slopes = Picture(
            "slope",
            "Slope of x over x",
            (Layer("slope", channel=0, style="dashed"), Layer("slope", channel=1), Layer("now", style="rings")),
            x="x",
            y="dx/dt (1/s)",
            x_range=ends,
            front=self.dimensions == 1,
            doc="Where the solid line crosses zero going down, the value comes to rest.",
        )
        tuning = Picture("tuning", "Tuning curves", (Layer("tuning"),), x="x", y="rate (Hz)", x_range=ends)
        if self.dimensions == 1:
            return (value, *raster, slopes, tuning)
        phase = self._plane("phase", "Phase plane", 0, self.dimensions - 1, weight=1.6, front=True)
        others = (
            (self._plane("y over x", "y over x", 0, 1), self._plane("z over y", "z over y", 1, 2)) if self.dimensions == 3 else ()
        )  # with the first, any two of the three
        field = Picture(
            "field",
            "Slopes as decoded",
            (Layer("field"),),
            x="x",
            y="y",
            x_range=ends,
            y_range=ends,
            equal=True,
            click="put",
            doc="Click to put the value there.",
        )
        return (value, *raster, phase, *others, *((field,) if self.dimensions == 2 else ()), tuning)

    def _plane(self, name: str, title: str, across: int, up: int, **more: Any) -> Picture:
        """One dimension of the state over another."""
        axes, ends = self._axes, (-1.2, 1.2)
        layer = Layer("value", x="value", x_channel=across, channel=up)
        return Picture(name, title, (layer,), x=axes[across], y=axes[up], x_range=ends, y_range=ends, **more)

    @property
    def stage(self) -> Stage:
        names = [p.name for p in self.pictures]
        strips = Strips("time", "Value and spikes", ("value", "spikes")) if self.spiking else "value"
        if self.dimensions == 1:
            return Stage(strips, companions=("slope",), drawers=(("Neurons", ("tuning",)),))
        beside = ("field",) if "field" in names else ()
        planes = (("Other planes", ("y over x", "z over y")),) if self.dimensions == 3 else ()
        return Stage("phase", companions=(strips, *beside), drawers=(*planes, ("Neurons", ("tuning",))))

    # -- behaviour --

    def build(self, seed: int) -> Built:
        rng, d, N = np.random.default_rng(seed), self.dimensions, self.neurons
        rates = (self.lowest, self.highest)
        if self.system == "Lorenz":
            on = _attractor()
            points = on[rng.integers(0, len(on), 3000)] * rng.uniform(0.92, 1.08, (3000, 1))
            encoders = sphere(rng, N, d)
            at = np.clip((encoders * on[rng.integers(0, len(on), N)]).sum(axis=1), -0.98, 0.95)
            of = population(rng, N, d, rates=rates, intercepts=at, encoders=encoders)
        else:
            of = population(rng, N, d, rates=rates)
            radius = 1.2 if d > 1 else 1.0
            points = (
                np.linspace(-1.0, 1.0, 750)[:, None] if d == 1 else sphere(rng, 1500, d) * radius * rng.uniform(size=(1500, 1)) ** (1.0 / d)
            )
        H = of.rates(points)
        T = np.hstack([1e-3 * self.tau * self.slope(points) + points, points])
        D = solvers.regularised(H, T, self.regularisation) if self.regularisation > 0.0 else solvers.least_squares(H, T)
        return Built(of, points, np.ascontiguousarray(D[:, :d]), np.ascontiguousarray(D[:, d:]), self._driven())

    def _driven(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Times from 0 (s) and values of the curve or recording that drives it; nothing for a pulse."""
        if self.drive == "drawn":
            return curve(self.drawn)
        return recording(self.file, self.sample_rate, self.column) if self.drive == "file" else None

    def start(self, constants: Built, seed: int) -> State:
        N = self.neurons
        rng = np.random.default_rng(seed + 1)
        first = {"integrator": [0.0], "two resting points": [0.0], "Lorenz": _attractor()[seed % 8000]}.get(self.system, [0.6, 0.0])
        value = np.array(first, float)
        return {
            "v": rng.uniform(size=N), "rest": np.zeros(N), "value": value, "said": value.copy(), "steps": np.zeros(1, np.int64),
            "turns": np.array([-1.0, -1.0, 0.0, 0.0, 0.0]), "released": np.zeros(3),
        }  # fmt: skip

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"steps": COUNT}

    def advance(self, constants: Built, state: State, n: int, out: Out) -> int:
        d, first = self.dimensions, int(state["steps"][0])
        t = (np.arange(first, first + n) + 1) * self.clock.dt
        drive = np.zeros((n, d))
        if constants.driven is not None:
            drive[:, 0] = self.input_size * repeated(t, *constants.driven)
        else:
            drive[:, 0] = self.input_size * ((t > self.input_from) & (t <= self.input_to))
        held = np.full(d, np.nan)
        if self.clamp:
            held[:2] = (self.clamp_x, self.clamp_y)[: min(d, 2)]
        rows = np.empty((n, d))
        loop = arrays(Loop, state)
        done = int(
            _advance(loop, cells(constants.of), constants.back, constants.out, drive, held, self.clock.dt, 1e-3 * self.tau, 1e-3 * self.tau_out, self.spiking, rows, out.events["spikes"].columns)
        )  # fmt: skip
        if out.wanted("value"):
            out["value"][:done] = rows[:done]
        if "input" in out.samples and out.wanted("input"):
            out["input"][:done] = drive[:done, 0]
        _watch(rows[:done, 0], drive[:done, 0], self.clamp, self.clock.dt, state["turns"], state["released"])
        state["steps"][0] += done
        return done

    def observe(self, constants: Built, state: State, stream: str) -> Any:
        side = np.linspace(-1.2, 1.2, 121)
        d = self.dimensions
        if stream in ("slope", "now"):
            if stream == "now":
                at = state["value"][None]
                return np.array([[at[0, 0]], [self._decoded(constants, at)[0, 0]]])
            line = np.zeros((len(side), d))
            line[:, 0] = side
            line[:, 1:] = state["value"][1:]
            return np.stack([side, self.slope(line)[:, 0], self._decoded(constants, line)[:, 0]])
        if stream == "field":
            few = np.linspace(-1.1, 1.1, 15)
            grid = np.stack(np.meshgrid(few, few), axis=-1).reshape(-1, 2)
            if d != 2:
                return np.empty((0, 4))
            found = self._decoded(constants, grid)
            return np.hstack([grid, found * (0.12 / max(1e-9, float(np.hypot(*found.T).max())))])
        if stream == "tuning":
            line = np.zeros((len(side), d))
            line[:, 0] = side
            return np.vstack([side, constants.of.rates(line)[:, : min(60, self.neurons)].T])
        return super().observe(constants, state, stream)

    def _decoded(self, constants: Built, x: np.ndarray) -> np.ndarray:
        """(P, d) slopes per second as the decoders make them: (decoded - x) / tau."""
        return (constants.of.rates(x) @ constants.back - x) / (1e-3 * self.tau)

    def summary(self, constants: Built, state: State) -> dict[str, Any]:
        first, last, count = state["turns"][:3]
        found: dict[str, Any] = {"x": float(state["said"][0])}
        if self.system in ("oscillator", "own") and count > 1:
            found["measured frequency (Hz)"] = float((count - 1.0) / (last - first))
        if self.system == "integrator" and state["released"][2]:
            found["drift"] = float(abs(state["said"][0] - state["released"][1]))
        if self.dimensions == 2:
            found["amplitude"] = float(np.hypot(*state["said"]))
        return found

    @action(
        "Put the value here",
        x=(float, param(0.5, lo=-1.2, hi=1.2, doc="Where x is put.")),
        y=(float, param(0.0, lo=-1.2, hi=1.2, doc="Where y is put, if there is one.")),
    )
    def put(self, constants: Built, state: State, x: float, y: float) -> None:
        """Set the filtered value; the population goes on from there."""
        state["value"][:2] = (x, y)[: min(2, self.dimensions)]
        state["released"][:] = state["turns"][4], 0.0, 0.0

    @action("Kick", size=(float, param(0.3, lo=-2, hi=2, doc="By how much x is moved.")))
    def kick(self, constants: Built, state: State, size: float) -> None:
        """Move x at once."""
        state["value"][0] += size
        state["released"][:] = state["turns"][4], 0.0, 0.0

    @classmethod
    def figures(cls):
        def drift(run):
            found = []
            for seed in range(5):
                model = cls(input_from=0.0, input_to=0.5)
                found.append(run(model, steps=model.steps_for(0.7 + 1.6), seed=seed, record={}).summary["drift"])
            return float(np.median(found))

        def swing(name):
            def measure(run):
                found = []
                for seed in range(5):
                    model = cls(system="oscillator", input_size=0.0)
                    found.append(run(model, steps=model.steps_for(8.0), seed=seed, record={}).summary[name])
                return float(np.median(found))

            return measure

        def stays(run):
            worst = np.inf
            for seed in range(3):
                model = cls(system="Lorenz", neurons=600, input_size=0.0)
                x = run(model, steps=model.steps_for(40.0), seed=seed, record={"value": 5})["value"][:, 0]
                parts = x[len(x) // 8 :].reshape(7, -1)[:, : len(x) // 8]
                worst = min(worst, min(float(part.max() - part.min()) for part in parts))
            return worst

        yield Figure(
            "integrator of 200 neurons, drift over 1.6 s", 0.05, drift, bound="at_most", source="median of five seeds; exact would be 0"
        )
        yield Figure(
            "oscillator asked for 1 Hz", 1.0, swing("measured frequency (Hz)"), relative=0.02, unit="Hz", source="median of five seeds"
        )
        yield Figure("its amplitude, at least", 0.6, swing("amplitude"), bound="at_least", source="median of five seeds")
        yield Figure("its amplitude, at most", 1.1, swing("amplitude"), bound="at_most", source="median of five seeds")
        yield Figure(
            "Lorenz: least width of x in 5 s of 40 s, three seeds",
            0.8,
            stays,
            bound="at_least",
            source="Lorenz 1963: both wings are visited",
            slow=True,
        )
