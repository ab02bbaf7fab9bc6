"""A population of neurons that holds one value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.kernels import kernel
from lab.model import COUNT, Bound, Figure, Handle, Layer, Model, Out, Picture, Preset, Stage, State, Stream, Strips, action, arrays, param
from lab.params import redeclared
from lab.spiking.coding import decoders as solvers
from lab.spiking.coding.model import Decoded, noise_share, synapse, wanted
from lab.spiking.coding.parts import Ensemble, check_tuning
from lab.spiking.coding.populations import Kind, Population, gain_and_bias, population
from lab.spiking.coding.spiking import Cells, cells, fire, listen, say

GRID = np.linspace(-1.0, 1.0, 201)
BINS = 25  # of x, in which rates are counted
SIZES = (10, 20, 40, 80, 160, 320, 640)


class Body(NamedTuple):
    """What moves: voltages, refractory times, and what is heard of the spikes."""

    v: np.ndarray
    rest: np.ndarray
    heard: np.ndarray  # (1,) the decoded value
    counts: np.ndarray  # (1 + N, BINS): steps spent in each bin of x, then spikes of each neuron there


@kernel
def _advance(body, of, decoders, x, dt, tau_s, spiking, step, said, events):
    """As many steps as x has; the decoded value after each goes into `said`. Returns the steps done."""
    e_step, e_index, e_value, e_count = events
    v, rest, heard, counts = body
    N = len(v)
    spikes, total, value = np.empty(N, np.int64), np.empty(1), np.empty(1)
    keep = math.exp(-dt / tau_s)
    for k in range(len(x)):
        if spiking and e_count[0] + N > len(e_step):
            return k
        value[0] = x[k]
        if spiking:
            fired = fire(of, v, rest, value, dt, spikes)
            say(spikes, fired, decoders, total)
            total[0] /= dt
            b = min(max(int((x[k] + 1.0) * 0.5 * counts.shape[1]), 0), counts.shape[1] - 1)
            counts[0, b] += 1
            for s in range(fired):
                counts[1 + spikes[s], b] += 1
                at = e_count[0]
                e_step[at], e_index[at], e_value[at] = k, spikes[s], 0.0
                e_count[0] += 1
        else:
            listen(of, value, decoders, total)
        heard[0] += (1.0 - keep) * (total[0] - heard[0])
        said[k] = heard[0]
    return len(x)


@dataclass(frozen=True)
class Built:
    """The population, its rates at the evaluation points, and what shall come out there."""

    of: Population
    points: np.ndarray  # (P, 1)
    H: np.ndarray  # (P, N)
    T: np.ndarray  # (P, 1)
    order: np.ndarray  # in which neurons are killed
    known: dict[Any, Any]  # descents that were worked out, by rate and neurons alive: a decomposition takes longer than a picture may


@lru_cache(8)
def _law(kind: Kind, lowest: float, highest: float, first: float, last: float, amount: float, function: str) -> np.ndarray:
    """(4, sizes): size, distortion, part of the noise, and both, each the median of three populations."""
    rows = []
    for N in SIZES if amount > 0.0 else SIZES[:-1]:  # singular values of 6400 x 640 numbers take seconds
        found = []
        for seed in range(3):
            of = population(np.random.default_rng(seed), N, kind=kind, rates=(lowest, highest), intercepts=(first, last))
            x = np.linspace(-1.0, 1.0, max(500, 10 * N if amount == 0.0 else 0))[:, None]
            H, T = of.rates(x), _values(function, x)
            D = solvers.regularised(H, T, amount) if amount > 0.0 else solvers.least_squares(H, T)
            found.append((solvers.distortion(H, T, D), solvers.noise(D, 0.1 * H.max())))
        rows.append([N, *np.median(found, axis=0)])
    sizes, bare, rough = np.array(rows).T
    return np.stack([sizes, bare, rough, np.hypot(bare, rough)])


def _values(function: str, x: np.ndarray) -> np.ndarray:
    return wanted("population-coding", function, Decoded.variables, x)


class PopulationCoding(Decoded):
    r"""Many imprecise neurons hold one value precisely.

    Each neuron is tuned: it prefers one sign of the value x, begins to fire at its own place, and rises to its own highest rate.
    None of them says what x is. A weighted sum of all their rates does, and the weights, the *decoders*, follow from least
    squares: they make the sum of the tuning curves lie as near as can be to the line x, or to any other function of x.

    What is left is the error. Its *distortion*, the wiggles of the sum around the line, is there without any noise and falls fast with
    the number of neurons; the part that comes from noise in the rates falls only as one over the root of their number. With
    regularisation the decoders give up a little of the first for much of the second.

    **Try:** move the value and see who fires. Kill neurons and watch the sum bend, then fit the decoders anew. Let half of the
    neurons stand twice and take the normal equations: they have no inverse, and least squares by singular values does not mind.
    Drag the rate of the descent across 100 %: just above it diverges. Decode x^2 from the very same spikes.

    **Noise** in the picture of errors is independent in each neuron, a tenth of the highest rate. The dashed law is the measured part
    of the noise at the smallest population, divided by the root of how many more there are.
    """

    name = "population-coding"
    title = "A population holds a value"
    group = "Coding"
    icon = "mdi6.account-group-outline"
    order = 10
    also = "population code; NEF; neural engineering framework; encoders and decoders; encoder; decoder; Nengo; decoding; representation; population vector; Eliasmith"
    equations = (
        r"a_i(x) = G\left(\alpha_i\, e_i x + \beta_i\right),\qquad \hat{x} = \sum_i d_i\, a_i(x)",
        r"d = (H^T H + P \sigma^2 I)^{-1} H^T x",
        r"d \leftarrow d - \kappa\,\frac{1}{P} H^T (H d - x),\qquad \kappa < \frac{2}{\lambda_{max}}",
        r"E_{noise} = \sigma \sqrt{\sum_i d_i^2} \propto \frac{1}{\sqrt{N}}",
    )
    symbols = r"a_i: firing rate of neuron i; G: firing rate over current of one neuron; \alpha_i: gain; \beta_i: bias current; e_i: encoder; d_i: decoder; H: firing rates at the sample points, one row each; P: number of sample points; I: identity matrix; \sigma: noise of the rates; \kappa: step; \lambda_{max}: largest eigenvalue of HᵀH / P; E_{noise}: error by noise"
    source = (
        "Eliasmith and Anderson 2003, Neural Engineering, chapters 2 and 4; Salinas and Abbott 1994, J Comput Neurosci 1:89; "
        "Georgopoulos, Schwartz and Kettner 1986, Science 233:1416"
    )
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Follow a slow wave": Preset({}, shows="decoding error < 0.15 and distortion < 0.02", after=2.0),
        "Twenty neurons": Preset({"neurons": 20}, shows="distortion > 0.01", after=1.0),
        "The square of it": Preset({"function": "x^2"}, shows="distortion < 0.05", after=1.0),
        "Rates without spikes": Preset({"neurons_are": "LIF, as rates"}, shows="decoding error < 0.15", after=2.0),
        "Every neuron twice": Preset({"twice": 100.0, "regularisation": 0.0}, shows="distortion < 0.02", after=1.0),
        "No regularisation": Preset({"regularisation": 0.0, "solver": "least squares"}, shows="distortion < 0.005", after=1.0),
        "Descent above its limit": Preset({"descent": 101.0}, shows="descent / closed form > 1.5", after=0.5),
    }

    x: float = param(
        0.5, lo=-1, hi=1, main=True, symbol="x", when=("drive", "by hand"), label="Value", doc="The value that the population is given."
    )
    drive: str = param("wave", choices=("by hand", "wave", "steps", "drawn"), main=True, group="Value", doc="What moves the value.")
    period: float = param(
        2.0, "s", lo=0.05, hi=60, log=True, group="Value", when=("drive", ("wave", "steps")), doc="Period of the wave or of the steps."
    )
    drawn: tuple[tuple[float, ...], ...] = param(
        ((0.0, -1.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)),
        "s",
        kind="drawn",
        group="Value",
        when=("drive", "drawn"),
        doc="The value over time, drawn by hand; it repeats.",
    )
    neurons: int = param(100, lo=2, hi=2000, live=False, log=True, main=True, symbol="N", doc="Neurons of the population.")
    neurons_are: str = redeclared(Ensemble, "neurons_are", "LIF")
    lowest: float = redeclared(Ensemble, "lowest", 200.0)
    highest: float = redeclared(Ensemble, "highest", 400.0)
    first: float = redeclared(Ensemble, "first", -1.0, doc="Least intercept: where along its own direction a neuron begins to fire.")
    last: float = redeclared(Ensemble, "last", 0.9, doc="Greatest intercept.")
    twice: float = param(
        0.0, "%", lo=0, hi=100, live=False, group="Neurons", label="Stand twice", doc="Share of the neurons that are copies of others."
    )
    function: str = param("x", group="Decoding", builds=True, main=True, doc="What is decoded: x, x^2, sin(3 x), any function of x.")
    solver: str = param("regularised", choices=solvers.SOLVERS, group="Decoding", builds=True, doc="How the decoders are found.")
    regularisation: float = noise_share()
    points: int = param(
        500,
        lo=10,
        hi=5000,
        log=True,
        live=False,
        group="Decoding",
        label="Evaluation points",
        doc="Values at which the decoders are fitted.",
    )
    tau_s: float = synapse(10.0)
    descent: float = param(
        50.0,
        "%",
        lo=1,
        hi=120,
        group="Descent",
        label="Rate of the descent",
        marks={"limit": 100.0},
        doc="Rate of gradient descent, of the greatest that converges (2 / lambda_max).",
    )
    dt: float = param(1.0, "ms", lo=0.05, hi=2, live=False, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time.")

    def check(self) -> None:
        super().check()
        check_tuning(self, self.neurons_are, self.lowest)

    @property
    def kind(self) -> Kind:
        """Which curve its neurons have."""
        return "sigmoid" if self.neurons_are == "sigmoid" else "LIF"

    @property
    def spiking(self) -> bool:
        """Whether its neurons fire spikes."""
        return self.neurons_are == "LIF"

    # -- declarations --

    @property
    def default_steps(self) -> int:
        return self.steps_for(4.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("value", "trace", "", "The function of the value, and what is decoded.", (2,), ("true", "decoded"), every=5),
            Stream("x", "trace", "", "The value.", every=5),
            Stream("spikes", "raster", "", "Spikes of all neurons.", every=1),
            Stream("tuning", "curve", "Hz", "Rate of each neuron over the value.", channels=tuple(f"neuron {i}" for i in range(self.neurons))),
            Stream("measured", "curve", "Hz", "Rates counted so far, of four neurons.", channels=tuple(f"neuron {i} counted" for i in self._shown)),
            Stream("here", "curve", "Hz", "The present value.", channels=("now",)),
            Stream("decoding", "curve", "", "What is decoded over the value, and what should be.", channels=("wanted", "decoded")),
            Stream("error", "curve", "", "Decoded less wanted.", channels=("error",)),
            Stream("law", "curve", "", "Error over the number of neurons.", channels=("distortion", "noise"), x_unit="neurons"),
            Stream("law_theory", "curve", "", "One over the root of the number.", channels=("noise by theory",), x_unit="neurons"),
            Stream("law_here", "curve", "", "This population.", channels=("distortion here", "noise here"), x_unit="neurons"),
            Stream("descent", "curve", "", "Squared error of the descent over its steps.", channels=("descent",), x_unit="steps"),
            Stream("descent_end", "curve", "", "Squared error of the closed form.", channels=("closed form",), x_unit="steps"),
            Stream("weights", "bars", "1/Hz", "Decoders of the neurons, in the order in which they begin to fire.", channels=("decoder",)),
        )  # fmt: skip

    @property
    def _shown(self) -> tuple[int, ...]:
        return tuple(sorted({round(k * (self.neurons - 1) / 3) for k in range(4)}))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        hand = (Handle("x", "y"),) if self.drive == "by hand" else (Handle("drawn", "draw"),) if self.drive == "drawn" else ()
        raster = (Picture("spikes", "Spikes", (Layer("spikes"),), y="neuron", window=2.0, weight=1.2),) if self.spiking else ()
        # One name for the four of them: which neuron is which says the cursor.
        counted = tuple(
            Layer("measured", channel=k, style="points", label=" " if k else "counted", series=(1,))
            for k in range(len(self._shown) if self.spiking else 0)
        )
        return (
            Picture("value", "True and decoded value", (Layer("value", channel=0, style="dashed"), Layer("value", channel=1)), y=self.function, window=2.0, handles=hand,
                    figures=("decoding error",), weight=1.5, front=True),
            *raster,
            Picture("tuning", "Tuning curves", (Layer("tuning", style="pale", label="each neuron"), Layer("here", style="dotted", series=(2,)), *counted), x="x", y="rate (Hz)", x_range=(-1.0, 1.0), weight=1.3, front=True,
                    doc="Points are rates counted while it runs."),
            Picture("decoding", "Sum of all curves", (Layer("decoding", channel=0, style="dashed"), Layer("decoding", channel=1)), x="x", y=self.function, x_range=(-1.0, 1.0),
                    figures=("distortion",)),
            Picture("error", "What is left", (Layer("error"),), x="x", y="decoded − wanted", x_range=(-1.0, 1.0)),
            Picture("law", "Error and number of neurons", (Layer("law"), Layer("law_theory", theory=True), Layer("law_here", style="points")), x="neurons", y="error (rms)",
                    x_log=True, y_log=True),
            Picture("descent", "Decoders by descent", (Layer("descent"), Layer("descent_end", style="dashed")), x="steps", y="squared error", y_log=True,
                    figures=("descent / closed form",)),
            Picture("weights", "Decoders", (Layer("weights"),), y="decoder (1/Hz)"),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        strips = Strips("time", "Value and spikes", ("value", "spikes")) if self.spiking else "value"
        return Stage(strips, companions=("tuning", "decoding"), drawers=(("Error", ("law", "error")), ("Decoders", ("descent", "weights"))))

    # -- behaviour --

    def build(self, seed: int) -> Built:
        rng = np.random.default_rng(seed)
        copies = int(self.neurons // 2 * self.twice / 100.0)
        own = population(rng, self.neurons - copies, kind=self.kind, rates=(self.lowest, self.highest), intercepts=(self.first, self.last))
        again = np.concatenate([np.arange(own.size), np.arange(copies)])
        of = Population(own.kind, own.encoders[again], own.gain[again], own.bias[again])
        points = np.linspace(-1.0, 1.0, self.points)[:, None]
        return Built(of, points, of.rates(points), _values(self.function, points), rng.permutation(self.neurons), {})

    def fit(self, constants: Built, alive: np.ndarray) -> np.ndarray:
        """(N, 1) decoders of those that live; the dead have none."""
        D = np.zeros((self.neurons, 1))
        on = alive > 0.0
        if on.any():
            D[on] = solvers.solve(constants.H[:, on], constants.T, self.solver, self.regularisation)
        return D

    def start(self, constants: Built, seed: int) -> State:
        N = self.neurons
        alive = np.ones(N)
        D = self.fit(constants, alive)
        # A population is found in the middle of its life: voltages anywhere below threshold.
        v = np.random.default_rng(seed + 1).uniform(size=N)
        first = float((constants.of.rates(np.array([[self.given(np.zeros(1))[0]]])) @ D)[0, 0])
        return {
            "v": v, "rest": np.zeros(N), "heard": np.array([first]), "counts": np.zeros((1 + N, BINS)), "alive": alive, "decoders": D,
            "steps": np.zeros(1, np.int64), "error": np.zeros(2),
        }  # fmt: skip

    def given(self, t: np.ndarray) -> np.ndarray:
        """The value at times t (s)."""
        if self.drive == "wave":
            return np.sin(2.0 * np.pi * t / self.period)
        if self.drive == "steps":
            return np.sin(2.4 * np.floor(2.0 * t / self.period) + 0.5)
        if self.drive == "drawn":
            points = np.array(self.drawn, float).reshape(-1, 2)
            if len(points) < 2:
                return np.zeros(len(t))
            span = points[-1, 0] - points[0, 0]
            return np.clip(np.interp(points[0, 0] + (t % span if span > 0 else 0 * t), *points.T), -1.0, 1.0)
        return np.full(len(t), self.x)

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"steps": COUNT, "error": Bound(0.0), "alive": Bound(0.0, 1.0)}

    def advance(self, constants: Built, state: State, n: int, out: Out) -> int:
        body = arrays(Body, state)
        first = int(state["steps"][0])
        x, said = self.given((np.arange(first, first + n) + 1) * self.clock.dt), np.empty(n)
        done = n
        if self.kind == "LIF":
            of: Cells = cells(constants.of, state["alive"])
            done = int(
                _advance(
                    body,
                    of,
                    state["decoders"],
                    x,
                    self.clock.dt,
                    self.tau_s * 1e-3,
                    self.spiking,
                    first,
                    said,
                    out.events["spikes"].columns,
                )
            )
        else:
            keep = math.exp(-self.clock.dt / (self.tau_s * 1e-3))
            sums = (constants.of.rates(x[:, None]) * state["alive"] @ state["decoders"])[:, 0]
            for k in range(n):
                state["heard"][0] += (1.0 - keep) * (sums[k] - state["heard"][0])
                said[k] = state["heard"][0]
        wanted = _values(self.function, x[:, None])[:, 0]
        if out.wanted("value"):
            out["value"][:done, 0], out["value"][:done, 1] = wanted[:done], said[:done]
        if out.wanted("x"):
            out["x"][:done] = x[:done]
        # Step by step, so that the sums do not depend on how the steps are cut into blocks.
        for k in range(done):
            state["error"] += (said[k] - wanted[k]) ** 2, 1.0
        state["steps"][0] += done
        return done

    def observe(self, constants: Built, state: State, stream: str) -> Any:
        alive, D = state["alive"], state["decoders"]
        if stream == "tuning":
            return np.vstack([GRID, (constants.of.rates(GRID[:, None]) * alive).T])
        if stream == "here":
            x = float(self.given(np.array([state["steps"][0] * self.clock.dt]))[0])
            return np.array([[x, x], [0.0, self.highest]])
        if stream == "measured":
            middles = (np.arange(BINS) + 0.5) * 2.0 / BINS - 1.0
            seconds = state["counts"][0] * self.clock.dt
            counted = np.array([state["counts"][1 + i] for i in self._shown])
            return np.vstack([middles, np.where(seconds > 0.05, counted / np.maximum(seconds, 1e-9), np.nan)])
        if stream in ("decoding", "error"):
            wanted = _values(self.function, GRID[:, None])[:, 0]
            said = (constants.of.rates(GRID[:, None]) * alive @ D)[:, 0]
            return np.stack([GRID, wanted, said]) if stream == "decoding" else np.stack([GRID, said - wanted])
        if stream in ("law", "law_theory"):
            found = _law(self.kind, self.lowest, self.highest, self.first, self.last, self.regularisation, self.function)
            return found[:3] if stream == "law" else np.stack([found[0], found[2, 0] * np.sqrt(found[0, 0] / found[0])])
        if stream == "law_here":
            distortion, noise = self.errors(constants, state)
            return np.array([[max(1.0, alive.sum())], [distortion], [noise]])
        if stream in ("descent", "descent_end"):
            steps = np.arange(301.0)
            errors, end = self._descent(constants, alive)
            return np.stack([steps, errors]) if stream == "descent" else np.array([[0.0, 300.0], [end, end]])
        if stream == "weights":
            order = np.argsort(np.where(constants.of.encoders[:, 0] > 0, 1, -1) * self._begin(constants))
            return D[order, 0]
        return super().observe(constants, state, stream)

    def _begin(self, constants: Built) -> np.ndarray:
        """Where along its own direction each neuron begins to fire."""
        return ((1.0 if self.kind == "LIF" else -2.0) - constants.of.bias) / constants.of.gain

    def _descent(self, constants: Built, alive: np.ndarray) -> tuple[np.ndarray, float]:
        key = (self.descent, alive.tobytes())
        if key not in constants.known:
            constants.known.clear()
            H, T = constants.H * alive, constants.T
            steepest = solvers.steepest(H) if alive.any() else 0.0
            rate = self.descent / 100.0 * 2.0 / steepest if steepest > 0.0 else 0.0
            _, errors = solvers.gradient_descent(H, T, rate, 300)
            constants.known[key] = np.minimum(errors, 1e12), solvers.distortion(H, T, solvers.least_squares(H, T)) ** 2
        return constants.known[key]

    def errors(self, constants: Built, state: State) -> tuple[float, float]:
        """Distortion over the evaluation points, and the part that noise of a tenth of the highest rate would add."""
        H = constants.H * state["alive"]
        return solvers.distortion(H, constants.T, state["decoders"]), solvers.noise(state["decoders"], 0.1 * constants.H.max())

    def changed_live(self, before: Model, constants: Built, state: State) -> None:
        fitted = ("function", "solver", "regularisation")
        if any(getattr(self, name) != getattr(before, name) for name in fitted):
            state["decoders"][...] = self.fit(constants, state["alive"])
            state["error"][:] = 0.0

    def summary(self, constants: Built, state: State) -> dict[str, Any]:
        distortion, noise = self.errors(constants, state)
        squares, steps = state["error"]
        errors, end = self._descent(constants, state["alive"])
        found = {"alive": int(state["alive"].sum()), "distortion": distortion, "noise part": noise}
        found["decoding error"] = math.sqrt(squares / steps) if steps else math.nan
        found["descent / closed form"] = (
            float(errors[-1] / errors[0]) if self.descent > 100.0 else float(errors[-1] / end) if end else math.nan
        )
        return found

    @action("Kill neurons", share=(float, param(10.0, "%", lo=0, hi=100, doc="Share of those that live.")))
    def kill(self, constants: Built, state: State, share: float) -> None:
        """Silence a share of the neurons for good; the decoders stay as they were."""
        alive = state["alive"]
        living = constants.order[alive[constants.order] > 0.0]
        alive[living[: math.ceil(len(living) * share / 100.0)]] = 0.0
        state["error"][:] = 0.0

    @action("Fit the decoders anew")
    def refit(self, constants: Built, state: State) -> None:
        """Find the best decoders for the neurons that live."""
        state["decoders"][...] = self.fit(constants, state["alive"])
        state["error"][:] = 0.0

    @action("Revive all")
    def revive(self, constants: Built, state: State) -> None:
        """All neurons live again, with the first decoders."""
        state["alive"][:] = 1.0
        state["decoders"][...] = self.fit(constants, state["alive"])
        state["error"][:] = 0.0

    @classmethod
    def figures(cls):
        def part(which: int, N: int, amount: float = 0.1):
            return lambda run: _law("LIF", 200.0, 400.0, -1.0, 0.9, amount, "x")[which, SIZES.index(N)]

        def singular(run):
            model = cls(twice=100.0, solver="least squares")
            H, T = (built := model.build(1)).H, built.T
            H[:, 3] = 0.0
            return float(np.abs(solvers.least_squares(H, T) - np.linalg.lstsq(H, T, rcond=None)[0]).max())

        def above(share):
            def measure(run):
                built = cls().build(1)
                _, errors = solvers.gradient_descent(built.H, built.T, share * 2.0 / solvers.steepest(built.H), 3000)
                falling = bool((np.diff(errors[1:]) <= 1e-15).all())
                return falling if share < 1.0 else bool(errors[-1] > errors[1500] > errors[500])

            return measure

        def counted(run):
            result = run(cls(drive="by hand", x=0.5), steps=20_000, record={})
            built = cls().build(0)
            rates = built.of.rates(np.array([[0.5]]))[0]
            counts = result.state["counts"]
            return float(np.abs(counts[1:].sum(axis=1) / (counts[0].sum() * 1e-3) - rates).max())

        yield Figure(
            "gain at 100 Hz, intercept 0",
            2.03324,
            lambda run: float(gain_and_bias("LIF", 100.0, 0.0)[0]),
            tolerance=1e-5,
            source="Eliasmith and Anderson 2003",
        )
        yield Figure(
            "bias", 1.0, lambda run: float(gain_and_bias("LIF", 100.0, 0.0)[1]), tolerance=1e-12, source="Eliasmith and Anderson 2003"
        )
        yield Figure(
            "noise part of 80 neurons times the root of 80",
            0.26,
            lambda run: part(2, 80)(run) * math.sqrt(80),
            relative=0.15,
            source="sigma |d|",
        )
        yield Figure(
            "noise part of 320 neurons over that of 80",
            0.5,
            lambda run: part(2, 320)(run) / part(2, 80)(run),
            relative=0.1,
            source="1 / sqrt(N)",
        )
        yield Figure("distortion of 80 neurons", 0.006, part(1, 80), tolerance=0.002, source="Eliasmith and Anderson 2003")
        yield Figure(
            "distortion of 320 over 80, nothing regularised",
            0.25,
            lambda run: part(1, 320, 0.0)(run) / part(1, 80, 0.0)(run),
            bound="at_most",
            source="as 1 / N or faster",
        )
        yield Figure("decoders of a singular H against lstsq", 1e-9, singular, bound="at_most", source="LAPACK")
        yield Figure("descent falls at 99 % of 2 / lambda_max", 1.0, above(0.99), source="quadratic")
        yield Figure("descent diverges at 101 %", 1.0, above(1.01), source="quadratic")
        yield Figure(
            "counted rates against 1/(t_ref - tau ln(1 - 1/J)), worst", 0.1, counted, bound="at_most", unit="Hz", source="closed form"
        )
