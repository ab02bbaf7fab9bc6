"""From one population to another: a function of values on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.kernels import kernel
from lab.model import COUNT, Bound, Figure, Layer, Model, Out, Picture, Preset, Stage, State, Stream, Strips, action, param
from lab.params import redeclared
from lab.spiking.coding import decoders as solvers
from lab.spiking.coding.model import Decoded, noise_share, synapse, wanted
from lab.spiking.coding.parts import Ensemble
from lab.spiking.coding.populations import Population, diagonals, population
from lab.spiking.coding.spiking import Cells, cells, fire, say

SIDE = 21  # points along a side of the square in pictures
SHOWN = 24  # neurons of each population whose weights are shown


class Wire(NamedTuple):
    """From A to B: factors, or the full matrix, and what moves."""

    decoders: np.ndarray  # (N, 1) of the function
    back: np.ndarray  # (N, 2) of x and y, to see what A holds
    out: np.ndarray  # (M, 1) of B
    full: np.ndarray  # (N, M) weights, or (0, 0) where the factors are used
    v: np.ndarray  # (N + M,)
    rest: np.ndarray  # (N + M,)
    heard: np.ndarray  # (4,) x and y in A, what goes over the wire, what B says
    currents: np.ndarray  # (M,) filtered currents into B, for the full matrix


@kernel
def _advance(wire, A, B, x, dt, tau_s, said, e_step, e_index, e_value, e_count):
    """As many steps as x (steps, 2) has; what is heard after each goes into said (steps, 4). Returns the steps done."""
    decoders, back, out, full, v, rest, heard, currents = wire
    N, M = len(decoders), len(out)
    spikes = np.empty(max(N, M), np.int64)
    two, one, value = np.empty(2), np.empty(1), np.empty(1)
    keep = math.exp(-dt / tau_s)
    for k in range(len(x)):
        if e_count[0] + N + M > len(e_step):
            return k
        fired = fire(A, v[:N], rest[:N], x[k], dt, spikes)
        for s in range(fired):
            at = e_count[0]
            e_step[at], e_index[at], e_value[at] = k, spikes[s], 0.0
            e_count[0] += 1
        say(spikes, fired, back, two)
        say(spikes, fired, decoders, one)
        heard[0] += (1.0 - keep) * (two[0] / dt - heard[0])
        heard[1] += (1.0 - keep) * (two[1] / dt - heard[1])
        heard[2] += (1.0 - keep) * (one[0] / dt - heard[2])
        if len(full) > 0:
            # Every weight by itself: the current of each neuron of B is summed over the spikes of A.
            for j in range(M):
                arrived = 0.0
                for s in range(fired):
                    arrived += full[spikes[s], j]
                currents[j] += (1.0 - keep) * (arrived / dt - currents[j])
            fired = fire_driven(B, currents, v[N:], rest[N:], dt, spikes)
        else:
            value[0] = heard[2]
            fired = fire(B, v[N:], rest[N:], value, dt, spikes)
        for s in range(fired):
            at = e_count[0]
            e_step[at], e_index[at], e_value[at] = k, N + spikes[s], 0.0
            e_count[0] += 1
        say(spikes, fired, out, one)
        heard[3] += (1.0 - keep) * (one[0] / dt - heard[3])
        said[k, 0], said[k, 1], said[k, 2], said[k, 3] = heard[0], heard[1], heard[2], heard[3]
    return len(x)


@kernel
def fire_driven(of, currents, v, rest, dt, spikes):
    """`fire` for neurons whose currents are given one by one: each is a population of its own bias."""
    return fire((np.zeros((len(v), 1)), of.bias + currents, of.alive, of.tau, of.refractory), v, rest, np.zeros(1), dt, spikes)


@dataclass(frozen=True)
class Built:
    """Both populations, the points at which the function was fitted, and all weights."""

    A: Population
    B: Population
    points: np.ndarray  # (P, 2)
    H: np.ndarray  # (P, N)
    T: np.ndarray  # (P, 1)
    D: np.ndarray  # (N, 1)
    back: np.ndarray  # (N, 2)
    out: np.ndarray  # (M, 1)

    @property
    def weights(self) -> np.ndarray:
        """(N, M) full matrix: decoder times encoder times gain, of rank one."""
        return self.D @ (self.B.encoders * self.B.gain[:, None]).T


ROOT2 = math.sqrt(2.0)
PAIR = ("x", "y")


def _wanted(function: str, points: np.ndarray) -> np.ndarray:
    return wanted("population-transformation", function, PAIR, points)


@lru_cache(4)
def _by_size(function: str, amount: float, encoders: str, region: str) -> np.ndarray:
    """(2, sizes): neurons, and the error over the square, median of three populations."""
    sizes, found = (25, 50, 100, 200, 400), []
    for N in sizes:
        errors = [_fitted(np.random.default_rng(s), N, function, amount, encoders, region) for s in range(3)]
        found.append(np.median([_error(A, D, function) for A, _, _, _, D in errors]))
    return np.array([sizes, found], float)


def _points(rng: np.random.Generator, region: str, many: int) -> np.ndarray:
    """(many, 2) evaluation points in the square, in the disc, or near the diagonal only."""
    square = rng.uniform(-1.0, 1.0, (many, 2))
    if region == "disc":
        return square[(square**2).sum(axis=1) <= 1.0]
    if region == "near x = y":
        return np.clip(square[:, :1] + np.array([[0.0, 1.0]]) * rng.normal(0.0, 0.1, (many, 1)), -1.0, 1.0)
    return square


def _fitted(rng, N, function, amount, encoders, region) -> tuple[Population, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    # The population's ball reaches the corners of the square: its radius is the root of two.
    A = population(rng, N, 2, encoders=diagonals(rng, N, 2) if encoders == "along the diagonals" else None)
    points = _points(rng, region, 1500)
    H, T = A.rates(points / ROOT2), _wanted(function, points)
    return A, points, H, T, solvers.regularised(H, T, amount) if amount > 0.0 else solvers.least_squares(H, T)


def _error(A: Population, D: np.ndarray, function: str) -> float:
    side = np.linspace(-1.0, 1.0, 41)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return solvers.distortion(A.rates(grid / ROOT2), _wanted(function, grid), D)


class PopulationTransformation(Decoded):
    r"""Neurons compute on the way from one population to the next.

    Population A holds two numbers, x and y. The wire to population B does not carry them but a function of them, the product if you
    like: decoders are found for the function instead of the value, and B encodes what arrives. Nothing in A knows the function, and the
    same spikes can go over other wires with other functions. That is how a brain can multiply without a neuron that multiplies.

    A wire needs no matrix. Weights from each neuron of A to each of B are the product of a decoder and an encoder: the matrix has
    **rank one**, whatever its size, and two thin factors do its work with N + M operations in place of N M.

    **Try:** type another function on the wire: x^2 + y, sin(3 x) y, x. Let the encoders of A point along the diagonals: the product
    becomes a third more precise, because along a diagonal it is a parabola. Fit the decoders near x = y only, then let x and y part.
    Compute with the full matrix: the same currents, more slowly.
    """

    name = "population-transformation"
    title = "A population computes"
    group = "Coding"
    icon = "mdi6.function-variant"
    order = 20
    variables = PAIR
    also = "computing with neurons; multiplication by neurons; multiply; product; transformation; NEF computation; square; neurons compute a function"
    equations = (
        r"W = \alpha_B\, E_B D_A,\qquad J_B = W a + \beta_B = \alpha_B E_B (D_A a) + \beta_B",
        r"D_A = (H^T H + P \sigma^2 I)^{-1} H^T f(x, y)",
    )
    symbols = r"a: firing rates of A; \alpha_B: gains of B; \beta_B: bias currents of B; E_B: encoders of B; D_A: decoders of A; W: weights from A to B; J_B: currents into B; f: function that is computed; H: firing rates at the sample points, one row each; P: number of sample points; I: identity matrix; \sigma: noise of the rates"
    source = "Eliasmith and Anderson 2003, Neural Engineering, chapters 3 and 6; Gosmann 2015, tech. report, University of Waterloo (encoders for products)"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "The product of two values": Preset({}, shows="error over the square < 0.035", after=4.0),
        "Encoders along the diagonals": Preset({"encoders": "along the diagonals"}, shows="error over the square < 0.025", after=4.0),
        "A sum costs nothing": Preset({"function": "(x + y) / 2"}, shows="error over the square < 0.02", after=4.0),
        "Fitted near x = y only": Preset({"region": "near x = y"}, shows="error over the square > 0.1", after=4.0),
        "With the full matrix": Preset({"form": "full matrix"}, shows="error over the square < 0.035 and operations > 10000", after=2.0),
        "Few neurons": Preset({"neurons": 30, "second": 30}, shows="error over the square > 0.04", after=4.0),
    }

    function: str = param("x y", main=True, builds=True, doc="What the wire carries: a function of x and y.")
    x: float = param(0.7, lo=-1, hi=1, main=True, symbol="x", when=("drive", "by hand"), label="First value", doc="First value.")
    y: float = param(-0.6, lo=-1, hi=1, main=True, symbol="y", when=("drive", "by hand"), label="Second value", doc="Second value.")
    drive: str = param(
        "waves", choices=("by hand", "waves"), group="Values", doc="What moves the values: two waves whose periods do not fit."
    )
    period: float = param(3.0, "s", lo=0.1, hi=60, log=True, group="Values", when=("drive", "waves"), doc="Period of the slower wave.")
    neurons: int = param(
        200, lo=5, hi=1000, live=False, log=True, main=True, symbol="N", label="Neurons of A", doc="Neurons that hold x and y."
    )
    second: int = param(100, lo=5, hi=1000, live=False, log=True, symbol="M", label="Neurons of B", doc="Neurons that hold the function.")
    encoders: str = redeclared(Ensemble, "encoders", "all directions", label="Encoders of A", doc="Directions that neurons of A prefer.")
    region: str = param(
        "square",
        choices=("square", "disc", "near x = y"),
        group="Decoding",
        builds=True,
        label="Fitted over",
        doc="Where the evaluation points lie.",
    )
    regularisation: float = noise_share()
    form: str = param(
        "factors",
        choices=("factors", "full matrix"),
        group="Decoding",
        label="Computed with",
        doc="Decoders and encoders, or every weight by itself.",
    )
    tau_s: float = synapse(20.0)
    dt: float = param(1.0, "ms", lo=0.05, hi=2, live=False, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time.")

    # -- declarations --

    @property
    def default_steps(self) -> int:
        return self.steps_for(6.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("result", "trace", "", "The function of the values, and what population B says.", (2,), ("wanted", "B says"), every=5),
            Stream("values", "trace", "", "The values, and what population A says.", (4,), ("x", "y", "A says x", "A says y"), every=5),
            Stream("spikes", "raster", "", "Spikes of A, then of B.", every=1),
            Stream("plane", "cloud", "", "The values on their square: given, and as A says them.", channels=("x", "y", "which")),
            Stream("surface", "image", "", "What the wire carries over the square."),
            Stream("error", "image", "", "Carried less wanted, over the square."),
            Stream("weights", "image", "", "Weights from neurons of A (down) to neurons of B (across)."),
            Stream("walk", "matrices", "", "From spikes to currents: every matrix."),
            Stream("operations", "bars", "", "Multiplications for one step of all neurons.", channels=("operations",)),
            Stream("sizes", "curve", "", "Error over the number of neurons of A.", channels=("error",), x_unit="neurons"),
            Stream("rank", "bars", "", "Largest singular values of the weights, as a share of the first.", channels=("singular value",)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        ends = (-1.0, 1.0)
        return (
            Picture("result", "What arrives in B", (Layer("result", channel=0, style="dashed"), Layer("result", channel=1)), y=self.function, window=3.0,
                    figures=("error now",), weight=1.4, front=True),
            Picture("values", "What A holds", (
                    Layer("values", channel=2, series=(2,)), Layer("values", channel=3, series=(3,)),
                    Layer("values", channel=0, style="dashed", series=(2,)), Layer("values", channel=1, style="dashed", series=(3,)),
                ), y="x, y", window=3.0),
            Picture("spikes", "Spikes", (Layer("spikes"),), y="neuron", window=3.0),
            Picture("plane", "The two values", (Layer("plane"),), x="x", y="y", x_range=ends, y_range=ends, equal=True, drag="put", click="put", labels=("given", "as A says"),
                    doc="Drag the point: the values are then moved by hand.", weight=0.9, front=True),
            Picture("surface", "Carried over the square", (Layer("surface"),), x="x", y="y", x_range=ends, y_range=ends, colours="diverging", equal=True),
            Picture("error", "Carried less wanted", (Layer("error"),), x="x", y="y", x_range=ends, y_range=ends, colours="diverging", equal=True,
                    figures=("error over the square",)),
            Picture("walk", "Step by step", (Layer("walk"),), weight=1.3),
            Picture("weights", "The full matrix", (Layer("weights"),), x="neuron of B", y="neuron of A", colours="diverging"),
            Picture("rank", "Its singular values", (Layer("rank"),), y="share of the first", labels=tuple(str(k + 1) for k in range(8))),
            Picture("operations", "Multiplications a step", (Layer("operations"),), labels=("factors", "full matrix"), y="operations", y_log=True),
            Picture("sizes", "Error and number of neurons", (Layer("sizes"),), x="neurons", y="error (rms)", x_log=True, y_log=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        return Stage(
            Strips("time", "A, the wire, B", ("result", "values", "spikes")),
            companions=("plane", "surface"),
            drawers=(("Error", ("error", "sizes")), ("Step by step", ("walk",)), ("Weights", ("weights", "rank", "operations"))),
        )

    # -- behaviour --

    def build(self, seed: int) -> Built:
        rng = np.random.default_rng(seed)
        A, points, H, T, D = _fitted(rng, self.neurons, self.function, self.regularisation, self.encoders, self.region)
        B = population(np.random.default_rng(seed + 1), self.second, 1)
        line = np.linspace(-1.0, 1.0, 500)[:, None]
        return Built(A, B, points, H, T, D, solvers.regularised(H, points), solvers.regularised(B.rates(line), line))

    def start(self, constants: Built, seed: int) -> State:
        N, M = self.neurons, self.second
        v = np.random.default_rng(seed + 2).uniform(size=N + M)
        return {
            "v": v, "rest": np.zeros(N + M), "heard": np.zeros(4), "currents": np.zeros(M), "steps": np.zeros(1, np.int64), "error": np.zeros(2),
        }  # fmt: skip

    def given(self, t: np.ndarray) -> np.ndarray:
        """(len(t), 2) values of x and y at times t (s)."""
        if self.drive == "by hand":
            return np.repeat([[self.x, self.y]], len(t), axis=0)
        turn = 2.0 * np.pi * t / self.period
        return np.stack([np.sin(turn), np.sin(1.618 * turn + 1.0)], axis=1)

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"steps": COUNT, "error": Bound(0.0)}

    def advance(self, constants: Built, state: State, n: int, out: Out) -> int:
        first = int(state["steps"][0])
        x, said = self.given((np.arange(first, first + n) + 1) * self.clock.dt), np.empty((n, 4))
        full = constants.weights if self.form == "full matrix" else np.empty((0, 0))
        wire = Wire(constants.D, constants.back, constants.out, full, state["v"], state["rest"], state["heard"], state["currents"])
        A, B = cells(constants.A), cells(constants.B)
        A = Cells(A.encoders / ROOT2, *A[1:])
        done = int(_advance(wire, A, B, x, self.clock.dt, self.tau_s * 1e-3, said, *out.events["spikes"].columns))
        wanted = _wanted(self.function, x)[:, 0]
        if out.wanted("result"):
            out["result"][:done, 0], out["result"][:done, 1] = wanted[:done], said[:done, 3]
        if out.wanted("values"):
            out["values"][:done, :2], out["values"][:done, 2:] = x[:done], said[:done, :2]
        for k in range(done):
            state["error"] += (said[k, 3] - wanted[k]) ** 2, 1.0
        state["steps"][0] += done
        return done

    def changed_live(self, before: Model, constants: Built, state: State) -> None:
        state["error"][:] = 0.0
        if self.form != getattr(before, "form", self.form) or self.function != getattr(before, "function", self.function):
            # The other form goes on from the same currents.
            state["currents"][:] = state["heard"][2] * constants.B.encoders[:, 0] * constants.B.gain

    def observe(self, constants: Built, state: State, stream: str) -> Any:
        now = self.given(np.array([state["steps"][0] * self.clock.dt]))[0]
        side = np.linspace(-1.0, 1.0, SIDE)
        grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        few_A, few_B = (np.linspace(0, n - 1, min(n, SHOWN)).round().astype(int) for n in (self.neurons, self.second))
        if stream == "plane":
            return np.array([[*now, 0.0], [*np.clip(state["heard"][:2], -1.5, 1.5), 1.0]])
        if stream in ("surface", "error"):
            carried = constants.A.rates(grid / ROOT2) @ constants.D
            return (carried - (_wanted(self.function, grid) if stream == "error" else 0.0)).reshape(SIDE, SIDE)
        if stream == "weights":
            return constants.weights[np.ix_(few_A, few_B)]
        if stream == "rank":
            values = np.linalg.svd(constants.weights[: min(200, self.neurons), : min(200, self.second)], compute_uv=False)
            shares = np.zeros(8)
            shares[: min(8, len(values))] = values[:8] / (values[0] or 1.0)
            return np.where(shares > 1e-12, shares, 0.0)
        if stream == "operations":
            return np.array(self._operations, float)
        if stream == "sizes":
            return _by_size(self.function, self.regularisation, self.encoders, self.region)
        if stream == "walk":
            rates = constants.A.rates(now[None] / ROOT2)
            carried = rates @ constants.D
            encoders = (constants.B.encoders * constants.B.gain[:, None]).T
            currents = carried @ encoders + constants.B.bias
            few = few_B[:12]
            return [
                {"name": "rates a", "values": rates[:, few_A][:, :12], "at": (0, 0)},
                {
                    "name": "D",
                    "values": constants.D[few_A][:12],
                    "at": (0, 1),
                    "note": "decoders of the function; the sum runs over all neurons, not only these",
                },
                {"name": "D a", "values": carried, "at": (0, 2), "lit": True},
                {"name": "E", "values": encoders[:, few], "at": (1, 0)},
                {"name": "E D a + bias", "values": currents[:, few], "at": (1, 1), "lit": True},
            ]
        return super().observe(constants, state, stream)

    @property
    def _operations(self) -> tuple[int, int]:
        return self.neurons + self.second, self.neurons * self.second

    def summary(self, constants: Built, state: State) -> dict[str, Any]:
        squares, steps = state["error"]
        return {
            "error over the square": _error(constants.A, constants.D, self.function),
            "error now": math.sqrt(squares / steps) if steps else math.nan,
            "operations": self._operations[self.form == "full matrix"],
        }

    @action(
        "Put the values here",
        hidden=True,
        x=(float, param(0.0, lo=-1e9, hi=1e9, doc="First value.")),
        y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Second value.")),
    )
    def put(self, constants: Built, state: State, x: float, y: float) -> dict[str, Any]:
        """Move both values by hand to this place of the square."""
        return {"drive": "by hand", "x": min(max(x, -1.0), 1.0), "y": min(max(y, -1.0), 1.0)}

    @classmethod
    def figures(cls):
        def error(**values):
            def measure(run):
                found = []
                for seed in range(5):
                    model = cls(**values)
                    built = model.build(seed)
                    found.append(_error(built.A, built.D, model.function))
                return float(np.median(found))

            return measure

        def currents(run):
            built = cls().build(1)
            rates = built.A.rates(_points(np.random.default_rng(2), "square", 50) / ROOT2)
            full = rates @ built.weights
            factored = (rates @ built.D) @ (built.B.encoders * built.B.gain[:, None]).T
            return float(np.abs(full - factored).max())

        def spikes(run):
            one, other = (run(cls(form=form), steps=2000, record={"spikes": 1}) for form in ("factors", "full matrix"))
            return float(np.array_equal(one["spikes"], other["spikes"]))

        yield Figure(
            "product of two values, 200 neurons",
            0.035,
            error(),
            bound="at_most",
            source="Eliasmith and Anderson 2003, root mean square over the square",
        )
        yield Figure(
            "the same with encoders along the diagonals, of it",
            0.8,
            lambda run: error(encoders="along the diagonals")(run) / error()(run),
            bound="at_most",
            source="Gosmann 2015",
        )
        yield Figure("currents by factors and by the full matrix, apart", 1e-10, currents, bound="at_most", source="W = E D")
        yield Figure("the same spikes from both", 1.0, spikes, source="W = E D")
        yield Figure(
            "operations of 1000 and 1000, full matrix", 1_000_000, lambda run: cls(neurons=1000, second=1000)._operations[1], source="N M"
        )
        yield Figure("the same by factors", 2000, lambda run: cls(neurons=1000, second=1000)._operations[0], source="N + M")
