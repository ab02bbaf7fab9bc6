"""Universal approximation: build or train a network with one hidden layer that follows any curve, and see where it fails."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from lab.data import sets as data
from lab.errors import ModelError
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param
from lab.tape.interpreter import STEP
from lab.training.approximation import ACTIVATIONS, activated, follow, least_error, program

GRID = np.linspace(0.0, 1.0, 1001)
SAMPLES = 400
WIDEST = 64
AROUND = np.linspace(-1.0, 2.0, 1201)  # the interval and as much again on either side
FOLDS = 9  # layers of the deepest network that is made by folding
SINE_SLOPE, SINE_BEND = 2 * math.pi, (2 * math.pi) ** 2  # of sin(2 pi x)


def steps(f, width: int, x: np.ndarray) -> np.ndarray:
    """Network of `width` threshold neurons H(x - k/width) whose steps take f's value in the middle of each piece."""
    middle = f((np.arange(width) + 0.5) / width)
    rises = np.diff(middle)
    places = np.arange(1, width) / width
    return middle[0] + (np.heaviside(x[:, None] - places[None, :], 1.0) * rises[None, :]).sum(1)


def knots(f, width: int, x: np.ndarray) -> np.ndarray:
    """Network of `width` ReLU neurons with knots at k/width that meets f at every knot."""
    at = np.arange(width + 1) / width
    values = f(at)
    slopes = np.diff(values) * width
    changes = np.diff(slopes, prepend=0.0)
    return values[0] + (np.maximum(x[:, None] - at[None, :-1], 0.0) * changes[None, :]).sum(1)


def boxes(f, width: int, x: np.ndarray) -> np.ndarray:
    """Network of `width` threshold neurons, two for each box H(x - b) - H(x - b - delta); boxes side by side, each as high as f in its middle."""
    count = max(1, width // 2)
    edges = np.arange(count + 1) / count
    edges[-1] += 1e-9  # so that the last box holds its end
    values = f((np.arange(count) + 0.5) / count)
    up, down = (np.heaviside(x[:, None] - at[None, :], 1.0) for at in (edges[:-1], edges[1:]))
    return ((up - down) * values[None, :]).sum(1)


def folds(layers: int, x: np.ndarray) -> np.ndarray:
    """Network of `layers` layers of three ReLU neurons for (2x - 1)^2 on 0..1.

    Two neurons fold the interval on itself, g -> 2 relu(g) - 4 relu(g - 1/2), so that k layers make 2^k straight pieces; the third carries
    x - g_1/4 - g_2/16 - ..., which is x^2 but for 4^-(layers + 1) (Yarotsky 2017).
    """
    g, carried = x, np.maximum(x, 0.0)
    for k in range(1, layers + 1):
        first, second = np.maximum(g, 0.0), np.maximum(g - 0.5, 0.0)
        g = 2.0 * first - 4.0 * second
        carried = np.maximum(carried - g / 4.0**k, 0.0)
    return 4.0 * carried - 4.0 * x + 1.0


CONSTRUCTED = {"bends": knots, "steps": steps, "boxes": boxes}


def polynomial_floor(f, degree: int = 2) -> float:
    """Least greatest error of any polynomial of this degree on the grid: no width goes below it."""
    return least_error(f(GRID[::5]), np.vander(2 * GRID[::5] - 1, degree + 1))


class UniversalApproximation(Model):
    """One hidden layer can follow any continuous curve, as long as its neurons are not polynomials.

    Constructed by hand, each threshold neuron adds one step and each ReLU neuron one bend, and the greatest error falls
    as theory says: like 1/H with steps, like 1/H^2 with bends. Trained by gradient descent the same network has to find
    the places itself. With the square as activation, a layer of any width is still a parabola, and the error stays above
    a floor that the lab computes. Choose or draw the curve; compare deep with wide: on the sine there is no difference, on
    the chirp four layers of six follow the fast end where one layer of 48, with as many parameters, has not learnt it after
    the same 5000 minibatches.

    A box is two steps of opposite sign, up at b and down at b + delta; boxes side by side are the oldest proof. An activation that is
    affine is a polynomial too, and leaves a straight line. All of it holds on the interval only: outside nothing was
    promised, and *Outside the interval* shows what the network does there. *Depth in place of width* lets layers fold the interval on
    itself: each doubles the pieces, so the error for a parabola falls like 4^-layers, where one wide layer gets 1/H^2. The same for
    functions of two numbers is `surface-approximation`.
    """

    name = "universal-approximation"
    title = "Universal approximation"
    group = "Gates and layers"
    icon = "mdi6.chart-bell-curve"
    order = 60
    also = "universal approximation theorem; Cybenko; Hornik; function approximation; approximate a function; deep against wide; width and depth; wide or deep; UAT"
    equations = (
        r"h(x) = W_1\,\sigma(W_0 x + b_0) + b_1",
        r"P(x; b, \delta) = H(x - b) - H(x - b - \delta), \quad H(x - b) = \lim_{w \to \infty} \sigma(w (x - b))",
        r"\mathrm{layers\ of\ three,\ parabola:}\ \max|f - h| = 4^{-\mathrm{layers}}",
        r"\max|f - h| \le \frac{\max|f''|}{8 H^2} \; (\mathrm{bends}), \quad \frac{\max|f'|}{2 H} \; (\mathrm{steps})",
    )
    symbols = r"h: output of the network; x: input; W: weights; w: weight of the steps; \sigma: activation function; P: a pulse; \delta: its width"
    source = "Cybenko, Math. Control Signals Syst. 2:303 (1989); Leshno et al., Neural Networks 6:861 (1993); Yarotsky, Neural Networks 94:103 (2017) for depth"
    presets = {
        "Bends by construction": Preset({}, shows="greatest error <= bound and greatest error > 0.8 bound"),
        "Steps by construction": Preset({"method": "steps"}, shows="greatest error <= bound and greatest error > 0.8 bound"),
        "Boxes of two steps": Preset({"method": "boxes", "width": 32}, shows="greatest error <= bound and greatest error > 0.8 bound"),
        "Outside the interval": Preset(
            {"method": "trained", "width": 32, "activation": "tanh"}, shows="greatest error < 0.1 and greatest error outside > 0.5"
        ),
        "Trained": Preset({"method": "trained", "width": 16}, shows="greatest error < 0.05"),
        "A polynomial fails": Preset(
            {"method": "trained", "activation": "polynomial", "width": 64}, shows="greatest error > floor and floor > 0.5"
        ),
        "An affine activation fails as well": Preset(
            {"method": "trained", "activation": "identity", "width": 64}, shows="greatest error > floor and floor > 0.6"
        ),
        "A chirp, wide: one layer of 48, 145 parameters": Preset(
            {"function": "chirp", "method": "trained", "width": 48, "activation": "tanh"}, shows="greatest error > 0.5"
        ),
        "A chirp, deep: four layers of six, 145 parameters": Preset(
            {"function": "chirp", "method": "trained", "width": 6, "depth": 4, "activation": "tanh"}, shows="greatest error < 0.3"
        ),
        "A chirp by construction, with 48 bends": Preset({"function": "chirp", "width": 48}, shows="greatest error <= bound"),
    }

    function: str = param("sine", choices=(*data.FUNCTIONS, "drawn"), live=False, main=True, doc="Curve f on the interval from 0 to 1.")
    drawn: tuple[tuple[float, float], ...] = param(
        ((0.0, 0.0), (0.3, 0.8), (0.6, -0.5), (1.0, 0.3)),
        kind="drawn",
        live=False,
        when=("function", "drawn"),
        doc="The curve drawn by hand.",
    )
    method: str = param(
        "bends",
        choices=("bends", "steps", "boxes", "trained"),
        live=False,
        main=True,
        doc="Constructed from ReLU neurons (bends) or threshold neurons (steps, or boxes of two), or trained.",
    )
    width: int = param(16, lo=1, hi=WIDEST, live=False, main=True, doc="Neurons H of a hidden layer.")
    depth: int = param(1, lo=1, hi=4, live=False, when=("method", "trained"), doc="Hidden layers.")
    activation: str = param(
        "tanh",
        choices=ACTIVATIONS,
        live=False,
        when=("method", "trained"),
        main=True,
        doc="Activation of the trained network; polynomial is the square, identity is affine.",
    )
    rate: float = param(0.01, lo=0.00001, hi=1.0, log=True, when=("method", "trained"), doc="Learning rate of Adam.")

    def check(self) -> None:
        if len(self.drawn) < 2 or len({p[0] for p in self.drawn}) < 2:
            raise self.refuse("drawn", "must hold at least two points at different x")

    @property
    def trains(self) -> bool:
        """Whether the network is trained, not constructed."""
        return self.method == "trained"

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "minibatch", physical=False) if self.trains else Clock(1.0, "neuron", physical=True)

    @property
    def speed(self) -> float | None:
        return None if self.trains else 3.0

    @property
    def length(self) -> int | None:
        return None if self.trains else self.width

    @property
    def default_steps(self) -> int:
        return 5000 if self.trains else self.width

    def f(self, x: np.ndarray) -> np.ndarray:
        """The curve at x (any shape)."""
        if self.function == "drawn":
            points = np.array(sorted(self.drawn))
            return np.interp(x, points[:, 0], points[:, 1])
        return data.FUNCTIONS[self.function](np.asarray(x, float))

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("error", "trace", "", "Greatest error of the network.", every=1),
            Stream("target", "curve", "", "The curve f.", channels=("f",)),
            Stream("network", "curve", "", "What the network computes.", channels=("network",)),
            Stream("pieces", "curve", "", "What the neurons of the first hidden layer contribute."),
            Stream(
                "widths",
                "curve",
                "",
                "Greatest error of the construction over the width.",
                channels=("bends", "steps", "boxes"),
                x_unit="neurons",
            ),
            Stream(
                "bounds",
                "curve",
                "",
                "Bounds of theory.",
                channels=("bound of bends", "bound of steps", "bound of boxes"),
                x_unit="neurons",
            ),
            Stream(
                "beyond", "curve", "", "What the network computes in the interval and as far again on either side.", channels=("network",)
            ),
            Stream("beyond_target", "curve", "", "The curve f there.", channels=("f",)),
            Stream("interval", "curve", "", "The ends of the interval.", channels=("ends of K",)),
            Stream(
                "deep",
                "curve",
                "",
                "Greatest error for a parabola: layers of three neurons, and one layer of as many.",
                channels=("layers of three", "one layer"),
                x_unit="neurons",
            ),
            Stream("deep_bounds", "curve", "", "What theory says.", channels=("4^-layers", "1/H²"), x_unit="neurons"),
            Stream("here", "curve", "", "This network.", channels=("this network",), x_unit="neurons"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("fit", "Curve and network", (Layer("target", theory=True, label="f"), Layer("network", label="network")), x="x", y="f(x)", figures=("greatest error", "bound", "floor"), weight=2, front=True),
            Picture("widths", "Error against width", (Layer("widths", style="points", series=(0, 1, 2)), *(Layer("bounds", channel=k, theory=True, label=" ", series=(k,)) for k in range(3)), Layer("here", style="marker", label="this network")), x="hidden neurons H", y="greatest error", x_log=True, y_log=True, front=True, doc="Dashed: the bound that theory gives for each way of construction."),
            Picture("beyond", "Outside the interval", (Layer("beyond_target", theory=True, label="f"), Layer("beyond", label="network"), Layer("interval", style="dotted", label="ends of K")), x="x", y="f(x)", y_range=(-3.0, 3.0), figures=("greatest error", "greatest error outside"), doc="The network was made for x from 0 to 1; beyond the dotted lines nothing is promised."),
            Picture("depth", "Depth in place of width: a parabola", (Layer("deep_bounds", theory=True), Layer("deep", style="points")), x="neurons", y="greatest error", x_log=True, y_log=True, doc="Each layer of three folds the interval once more: error 4^-layers. One layer of H bends: 1/H²."),
            Picture("pieces", "Neurons of the first layer", (Layer("pieces"),), x="x", y="weighted output"),
            Picture("error", "Greatest error", (Layer("error"),), y="greatest error", y_log=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The curve large; beside it what it is made of and the law of its error; what lies outside, and depth, in a drawer."""
        return Stage(
            "fit", companions=("widths", "pieces"), drawers=(("Outside, and depth", ("beyond", "depth")), ("Over time", ("error",)))
        )

    def build(self, seed):
        """(curve on the grid, widths, their errors, bounds, floor of a parabola, tape program, its data)."""
        target = self.f(GRID)
        fine = np.linspace(0, 1, 4001)
        values = self.f(fine)
        slope = float(np.abs(np.diff(values)).max() * 4000)
        bend = float(np.abs(np.diff(values, 2)).max() * 4000**2)
        if self.function == "sine":
            slope, bend = SINE_SLOPE, SINE_BEND
        widths = np.array([1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64])
        errors = np.array([[np.abs(build(self.f, int(h), GRID) - target).max() for h in widths] for build in CONSTRUCTED.values()])
        bounds = np.array([bend / (8.0 * widths**2), slope / (2.0 * widths), slope / (2.0 * np.maximum(1, widths // 2))])
        degree = {"polynomial": 2**self.depth, "identity": 1}.get(self.activation, 0) if self.trains else 0
        floor = polynomial_floor(self.f, degree) if degree else 0.0
        made = samples = None
        if self.trains:
            made = program(self.width, self.depth, self.activation)
            x = np.random.default_rng(seed).random((SAMPLES, 1)).astype(np.float32)
            samples = made.data(x=2 * x - 1, t=self.f(x).astype(np.float32))
        return target, widths, errors, bounds, floor, made, samples

    def start(self, constants, seed):
        if not self.trains:
            return {"neurons": np.zeros(1, np.int64)}
        made = constants[5]
        state = made.start(seed, rows=SAMPLES)
        # Spread the bends over the interval: with tiny first weights every neuron would begin as the same straight line.
        rng = np.random.default_rng([seed, 7])
        weights, bias = made.parameters(state)["hidden1.weight"], made.parameters(state)["hidden1.bias"]
        weights[:] = rng.choice([-1.0, 1.0], weights.shape) * (
            1.0 if self.activation == "polynomial" else rng.uniform(2.0, 6.0, weights.shape)
        )
        bias[:] = -weights[0] * rng.uniform(-1, 1, bias.shape)
        if self.activation == "polynomial":
            made.parameters(state)["output.weight"][:] *= 0.1
        return state | {"level": np.zeros(1)}

    def _output(self, constants, state, x):
        if not self.trains:
            h = max(1, int(state["neurons"][0]))
            return CONSTRUCTED[self.method](self.f, h, x)
        return constants[5].forward(state, "output", x=(2 * x[:, None] - 1).astype(np.float32))[:, 0].astype(float)

    def state_bounds(self, constants, state, step):
        return constants[5].state_bounds(state) | {"level": Bound(0.0, 1e300)} if self.trains else {"neurons": Bound(0, 1000)}

    def advance(self, constants, state, n, out):
        rows = out["error"]
        if not self.trains:
            for k in range(n):
                state["neurons"][0] += 1
                if len(rows):
                    rows[k] = self._error(constants, state)
            return n
        made, samples = constants[5], constants[6]
        made.set(state, "optimiser.rate", self.rate)
        if state["counters"][STEP] and not state["level"][0]:  # a checkpoint of an earlier version did not keep it
            state["level"][0] = self._error(constants, state)
        follow(made, state, samples, n, out["error"], lambda: self._error(constants, state))
        return n

    def _error(self, constants, state):
        return float(np.abs(self._output(constants, state, GRID) - constants[0]).max())

    def observe(self, constants, state, stream):
        target, widths, errors, bounds, *_ = constants
        if stream == "target":
            return np.array([GRID, target])
        if stream == "network":
            return np.array([GRID, self._output(constants, state, GRID)])
        if stream == "beyond":
            return np.array([AROUND, self._output(constants, state, AROUND)])
        if stream == "beyond_target":
            return np.array([AROUND, self.f(AROUND)])
        if stream == "interval":
            return np.array([[0.0, 0.0, np.nan, 1.0, 1.0], [-3.0, 3.0, np.nan, -3.0, 3.0]])
        if stream in ("deep", "deep_bounds"):
            return _depth_against_width(measured=stream == "deep")
        if stream == "widths":
            return np.vstack([widths, np.maximum(errors, 1e-12)])
        if stream == "bounds":
            return np.vstack([widths, np.maximum(bounds, 1e-12)])
        if stream == "here":
            wide = self.width * self.depth if self.trains else max(1, int(state["neurons"][0]))
            return np.array([[wide], [max(1e-12, self._error(constants, state))]])
        if stream == "pieces":
            x = GRID[::10]
            if self.trains:
                hidden = constants[5].forward(state, "hidden1", x=(2 * x[:, None] - 1).astype(np.float32)).astype(float)
                z = activated(self.activation, hidden)
                if self.depth == 1:
                    z = z * constants[5].parameters(state)["output.weight"][:, 0]
                return np.vstack([x, z.T[:12]])
            h = max(1, int(state["neurons"][0]))
            if self.method == "steps":
                rises = np.diff(self.f((np.arange(h) + 0.5) / h))
                rows = [rise * np.heaviside(x - (k + 1) / h, 1.0) for k, rise in enumerate(rises[:12])]
            elif self.method == "boxes":
                count = max(1, h // 2)
                values = self.f((np.arange(count) + 0.5) / count)
                rows = [
                    value * (np.heaviside(x - k / count, 1.0) - np.heaviside(x - (k + 1) / count, 1.0))
                    for k, value in enumerate(values[:12])
                ]
            else:
                at = np.arange(h + 1) / h
                changes = np.diff(np.diff(self.f(at)) * h, prepend=0.0)
                rows = [c * np.maximum(x - at[k], 0.0) for k, c in enumerate(changes[:12])]
            return np.vstack([x, *rows]) if len(rows) else np.vstack([x, np.zeros_like(x)])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        outside = (AROUND < 0.0) | (AROUND > 1.0)
        apart = np.abs(self._output(constants, state, AROUND[outside]) - self.f(AROUND[outside]))
        out = {"greatest error": self._error(constants, state), "greatest error outside": float(apart.max())}
        if not self.trains:
            h = max(1, int(state["neurons"][0]))
            bound = constants[3][list(CONSTRUCTED).index(self.method)]
            scale = bound[0] / {"bends": h * h, "steps": h, "boxes": max(1, h // 2)}[self.method]
            out |= {"neurons": h, "bound": float(scale)}
        else:
            out |= {"neurons": self.width * self.depth, "minibatches": int(state["counters"][STEP])}
            if constants[4]:
                out["floor"] = constants[4]
        return out

    def remedy(self, stream):
        return "lower the learning rate"

    @action("Shake the weights")
    def shake(self, constants, state):
        """Start the training again from other weights."""
        if not self.trains:
            raise ModelError("universal-approximation: a constructed network has no weights to shake: choose the method 'trained'.")
        fresh = self.start(constants, int(state["counters"][STEP]) + 1)
        for name, array in fresh.items():
            if name != "order":
                state[name][:] = array

    @classmethod
    def figures(cls):
        def over_bound(method):
            def measure(run):
                worst = 0.0
                for h in range(1, WIDEST + 1):
                    f = data.FUNCTIONS["sine"]
                    error = np.abs((knots if method == "bends" else steps)(f, h, GRID) - f(GRID)).max()
                    worst = max(worst, error / (SINE_BEND / (8 * h * h) if method == "bends" else math.pi / h))
                return worst

            return measure

        def reaches(run):
            f, least = data.FUNCTIONS["sine"], np.inf
            fine = np.linspace(0, 1, 100_001)
            for h in range(16, WIDEST + 1):
                least = min(least, np.abs(knots(f, h, fine) - f(fine)).max() / (SINE_BEND / (8 * h * h)))
            return float(least)

        def trained(activation):
            def measure(run):
                model = cls(method="trained", activation=activation, width=32)
                return float(np.median([run(model, steps=6000, seed=s, record={}).summary["greatest error"] for s in range(3)]))

            return measure

        def below_floor(run):
            model = cls(method="trained", activation="polynomial", width=64)
            result = run(model, steps=4000, seed=1, record={})
            return result.summary["greatest error"] - result.summary["floor"]

        yield Figure(
            "bends: greatest error over the bound (2 pi)^2/(8 H^2), widths 1 to 64",
            1.0 + 1e-9,
            over_bound("bends"),
            bound="at_most",
            source="interpolation error",
        )
        yield Figure("bends: the same from width 16, smallest", 0.9, reaches, bound="at_least", source="the bound is tight")
        yield Figure(
            "steps: greatest error over the bound pi/H, widths 1 to 64",
            1.0 + 1e-9,
            over_bound("steps"),
            bound="at_most",
            source="mean value theorem",
        )

        def affine(run):
            result = run(cls(method="trained", activation="identity", width=64), steps=3000, seed=1, record={})
            return result.summary["greatest error"] - result.summary["floor"]

        def outside(run):
            found = [run(cls(method="trained", width=32), steps=6000, seed=s, record={}).summary for s in range(3)]
            return float(np.median([s["greatest error outside"] / s["greatest error"] for s in found]))

        def box(run):
            """Boxes against the midpoint values looked up piece by piece."""
            f, worst = data.FUNCTIONS["sine"], 0.0
            x = (np.arange(1000) + 0.5) / 1000
            for count in (1, 2, 7, 32):
                piece = np.minimum(np.floor(x * count + 1e-12), count - 1)
                worst = max(worst, float(np.abs(boxes(f, 2 * count, x) - f((piece + 0.5) / count)).max()))
            return worst

        def folded(run):
            layers = np.arange(1, FOLDS + 1)
            fine = np.linspace(0.0, 1.0, 2**12 + 1)
            found = np.array([np.abs(folds(int(m), fine) - (2 * fine - 1) ** 2).max() for m in layers])
            return float(np.abs(found * 4.0**layers - 1.0).max())

        yield Figure(
            "boxes of two steps against the value in the middle of each piece, worst",
            1e-12,
            box,
            bound="at_most",
            source="H(x - b) - H(x - b - delta)",
        )
        yield Figure(
            "boxes: greatest error over the bound 2 pi/H, even widths to 64", 1.0 + 1e-9,
            lambda run: max(float(np.abs(boxes(data.FUNCTIONS["sine"], h, GRID) - data.FUNCTIONS["sine"](GRID)).max()) * h / (2 * math.pi) for h in range(2, WIDEST + 1, 2)),
            bound="at_most", source="mean value theorem",
        )  # fmt: skip
        yield Figure(
            "layers of three for a parabola: greatest error times 4^layers less one, worst",
            1e-6,
            folded,
            bound="at_most",
            source="Yarotsky (2017), proposition 2",
        )
        yield Figure(
            "nine layers of three against one layer of 27: how much nearer", 100.0,
            lambda run: (lambda d: float(d[2, -1] / d[1, -1]))(_depth_against_width(measured=True)), bound="at_least", source="4^-9 against 1/27^2",
        )  # fmt: skip
        yield Figure("affine network of 64: error above the floor", -1e-4, affine, bound="at_least", source="Leshno et al. (1993)")
        yield Figure(
            "trained tanh network of 32: error outside the interval over that inside",
            5.0,
            outside,
            bound="at_least",
            source="nothing is promised there",
        )
        yield Figure(
            "trained tanh network of 32: greatest error",
            0.1,
            trained("tanh"),
            bound="at_most",
            source="the floor of a parabola is far above",
        )
        yield Figure("polynomial of 64 neurons: error above the floor", -1e-4, below_floor, bound="at_least", source="Leshno et al. (1993)")
        yield Figure(
            "floor of a parabola for a sine",
            0.5,
            lambda run: polynomial_floor(data.FUNCTIONS["sine"]),
            bound="at_least",
            source="linear programme",
        )


@cache
def _depth_against_width(measured: bool) -> np.ndarray:
    """(3, layers): neurons, greatest error for a parabola of layers of three, and of one layer of as many bends; or what theory says."""
    layers = np.arange(1, FOLDS + 1)
    if not measured:
        return np.array([3.0 * layers, 4.0**-layers, 1.0 / (3.0 * layers) ** 2])
    x = np.linspace(0.0, 1.0, 2**12 * 3 + 1)
    parabola = data.FUNCTIONS["parabola"]
    deep = [np.abs(folds(int(m), x) - parabola(x)).max() for m in layers]
    wide = [np.abs(knots(parabola, int(3 * m), x) - parabola(x)).max() for m in layers]
    return np.array([3.0 * layers, deep, wide])
