"""Universal approximation of functions of two numbers: sums of sigmoidal ridges that follow a surface, and what cannot."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param
from lab.tape.interpreter import STEP
from lab.training.approximation import ACTIVATIONS, activated, follow, least_error, program

SIDE = 48  # of the pictures of a surface
SAMPLES = 2000
RIDGES = 12
DEGREE = {"polynomial": 2, "identity": 1}
# Two components each: f maps the unit square into the plane.
SURFACES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "waves": lambda x, y: (np.sin(2 * math.pi * x) * np.cos(math.pi * y), np.cos(2 * math.pi * (x - y))),
    "hill and ring": lambda x, y: (2 * np.exp(-12 * ((x - 0.35) ** 2 + (y - 0.4) ** 2)) - 1, np.cos(9 * np.hypot(x - 0.5, y - 0.5))),
    "saddle and ridge": lambda x, y: (4 * (x - 0.5) * (y - 0.5), np.tanh(8 * (x + y - 1))),
    "swirl": lambda x, y: (
        -2 * (y - 0.5) * np.exp(1 - 4 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)),
        2 * (x - 0.5) * np.exp(1 - 4 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)),
    ),
}


def grid() -> np.ndarray:
    """(SIDE^2, 2) points of the unit square, row by row from y = 0."""
    at = np.linspace(0.0, 1.0, SIDE)
    x, y = np.meshgrid(at, at)
    return np.column_stack([x.ravel(), y.ravel()])


def floor(values: np.ndarray, points: np.ndarray, degree: int) -> float:
    """Least greatest error of any polynomial of this degree in two variables: no width goes below it."""
    x, y = (2 * points - 1).T
    return least_error(values, np.column_stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]))


class SurfaceApproximation(Model):
    """One hidden layer can follow any continuous function of several numbers, with several answers, not only a curve.

    Here two numbers go in and two come out, so the function is a pair of surfaces over the unit square. Each hidden unit sees one
    direction only: it is a ridge, the same along lines across its weights `w`. Yet sums of sigmoidal ridges `a σ(w·x + θ)` come as near
    to any continuous function as one likes (Cybenko). Watch the ridges turn and move until their sum is right.

    With the square as activation every sum of any number of units is one polynomial of second degree, with the identity one plane: the
    error stays above a floor, which the lab computes as the best polynomial's.
    """

    name = "surface-approximation"
    title = "Approximating a surface"
    group = "Gates and layers"
    icon = "mdi6.chart-scatter-plot-hexbin"
    order = 61
    also = "Cybenko; sums of sigmoids; ridge functions; function of two variables; approximate a surface; UAT in two dimensions"
    equations = (
        r"G(x) = \sum_j a_j\, \sigma(w_j \cdot x + \theta_j), \qquad x \in [0, 1]^2,\ a_j \in \mathbb{R}^2",
        r"\sigma\ \mathrm{no\ polynomial} \iff \forall f \in C(K, \mathbb{R}^m),\ \varepsilon > 0\ \exists G: \sup_K |f - G| < \varepsilon",
    )
    symbols = r"G: output of the network; \theta_j: bias of unit j; C: continuous functions; K: a bounded, closed set; f: function that is approximated; m: number of outputs; \varepsilon: largest error allowed"
    source = "Cybenko, Math. Control Signals Syst. 2:303 (1989); Leshno et al., Neural Networks 6:861 (1993)"
    presets = {
        "Logistic ridges": Preset({}, shows="greatest error < 0.35", slow=True),
        "A swirl": Preset({"surface": "swirl", "activation": "tanh"}, shows="greatest error < 0.25", slow=True),
        "The square fails": Preset({"activation": "polynomial"}, shows="greatest error > floor and floor > 0.5", slow=True),
        "An affine activation fails": Preset({"activation": "identity"}, shows="greatest error > floor and floor > 0.9", slow=True),
    }

    surface: str = param("waves", choices=tuple(SURFACES), live=False, main=True, doc="The two functions of two numbers.")
    activation: str = param("logistic", choices=ACTIVATIONS, live=False, main=True, doc="Activation σ of the hidden units.")
    width: int = param(64, lo=1, hi=256, soft=(1, 128), live=False, main=True, doc="Hidden units d.")
    rate: float = param(0.01, lo=0.00001, hi=1.0, log=True, doc="Learning rate of Adam.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "minibatch", physical=True)

    @property
    def speed(self) -> float:
        return 400.0

    @property
    def default_steps(self) -> int:
        return 8000

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("error", "trace", "", "Greatest error over the square, of both answers.", every=1),
            Stream("target", "image", "", "The two functions over the unit square."),
            Stream("network", "image", "", "The two answers of the network."),
            Stream("difference", "image", "", "Network less function."),
            Stream("ridges", "image", "", "What single hidden units give to the first answer."),
            Stream("cut", "curve", "", "Function and network along the diagonal of the square.", channels=("f₁", "f₂")),
            Stream("cut_network", "curve", "", "The network there.", channels=("network, first", "network, second")),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("network", "What the network answers", (Layer("network"),), levels=(-1.2, 1.2), colours="diverging", figures=("greatest error", "floor"), front=True, weight=1.4),
            Picture("target", "The functions f₁ and f₂", (Layer("target"),), levels=(-1.2, 1.2), colours="diverging", front=True, weight=1.4),
            Picture("difference", "Difference", (Layer("difference"),), levels=(-0.5, 0.5), colours="diverging"),
            Picture("ridges", "Single units: ridges", (Layer("ridges"),), colours="diverging", front=True, doc="a σ(w·x + θ) of twelve hidden units, for the first answer: each is the same along lines across its w."),
            Picture("cut", "Along the diagonal", (Layer("cut", theory=True), Layer("cut_network")), x="x = y", y="f", front=True),
            Picture("error", "Greatest error", (Layer("error"),), y="greatest error", y_log=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Functions above the network's answers; its ridges and a cut beside."""
        return Stage("network", companions=("target", "ridges"), below=("cut", "error"), drawers=(("Difference", ("difference",)),))

    def f(self, points: np.ndarray) -> np.ndarray:
        """(n, 2): both functions at points (n, 2)."""
        return np.column_stack(SURFACES[self.surface](*np.asarray(points, float).T))

    def build(self, seed):
        """(points, functions there, program, its data, floor)."""
        points, rng = grid(), np.random.default_rng(seed)
        x = rng.random((SAMPLES, 2))
        made = program(self.width, 1, self.activation, 2)
        samples = made.data(x=(2 * x - 1).astype(np.float32), t=self.f(x).astype(np.float32))
        target, degree = self.f(points), DEGREE.get(self.activation, 0)
        some = (np.arange(SIDE) % 3 == 0)[:, None] & (np.arange(SIDE) % 3 == 0)[None, :]
        least = max(floor(column[some.ravel()], points[some.ravel()], degree) for column in target.T) if degree else 0.0
        return points, target, made, samples, least

    def start(self, constants, seed):
        made = constants[2]
        state = made.start(seed, rows=SAMPLES)
        # Ridges in all directions, spread over the square.
        rng = np.random.default_rng([abs(int(seed)), 7])
        weights, bias = made.parameters(state)["hidden1.weight"], made.parameters(state)["hidden1.bias"]
        angle, steep = rng.uniform(0, 2 * math.pi, self.width), rng.uniform(1.0, 5.0, self.width)
        if self.activation in DEGREE:
            steep = np.ones(self.width)
        weights[:] = steep * np.array([np.cos(angle), np.sin(angle)])
        bias[:] = -(weights * rng.uniform(-1, 1, (2, self.width))).sum(0)
        if self.activation in DEGREE:
            made.parameters(state)["output.weight"][:] *= 0.1
        return state | {"level": np.zeros(1)}

    def state_bounds(self, constants, state, step):
        return constants[2].state_bounds(state) | {"level": Bound(0.0, 1e300)}

    def _output(self, constants, state, points):
        return constants[2].forward(state, "output", x=(2 * points - 1).astype(np.float32)).astype(float)

    def _error(self, constants, state) -> float:
        return float(np.abs(self._output(constants, state, constants[0]) - constants[1]).max())

    def advance(self, constants, state, n, out):
        made, samples = constants[2], constants[3]
        made.set(state, "optimiser.rate", self.rate)
        if not state["level"][0]:
            state["level"][0] = self._error(constants, state)
        follow(made, state, samples, n, out["error"], lambda: self._error(constants, state))
        return n

    def observe(self, constants, state, stream):
        points, target, made, _, _ = constants

        def tiles(values):
            """Columns of values over the square as pictures, y upward."""
            return np.ascontiguousarray(values.T.reshape(-1, SIDE, SIDE)[:, ::-1])

        if stream == "target":
            return tiles(target)
        if stream == "network":
            return tiles(self._output(constants, state, points))
        if stream == "difference":
            return tiles(self._output(constants, state, points) - target)
        if stream == "ridges":
            values = made.parameters(state)
            z = (2 * points - 1) @ values["hidden1.weight"].astype(float) + values["hidden1.bias"]
            return tiles((activated(self.activation, z) * values["output.weight"][:, 0])[:, :RIDGES])
        if stream in ("cut", "cut_network"):
            at = np.linspace(0.0, 1.0, 201)
            line = np.column_stack([at, at])
            return np.vstack([at, (self.f(line) if stream == "cut" else self._output(constants, state, line)).T])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        found = {"greatest error": self._error(constants, state)} | ({"floor": constants[4]} if constants[4] else {})
        return found | {"minibatches": int(state["counters"][STEP])}

    def remedy(self, stream):
        return "lower the learning rate"

    @action("Shake the weights")
    def shake(self, constants, state):
        """Start the training again from other weights."""
        fresh = self.start(constants, int(state["counters"][STEP]) + 1)
        for name, array in fresh.items():
            if name != "order":
                state[name][:] = array

    @classmethod
    def figures(cls):
        def trained(run, **values):
            return run(cls(**values), steps=8000, seed=1, record={}).summary

        def above(activation):
            return lambda run: (lambda s: s["greatest error"] - s["floor"])(
                run(cls(activation=activation), steps=3000, seed=1, record={}).summary
            )

        def summed(run):
            """All ridges and the bias added up in float64 against the program's answer."""
            model = cls()
            result = run(model, steps=200, seed=2, record={})
            constants, values = result.simulation.constants, result.simulation.constants[2].parameters(result.state)
            z = (2 * constants[0] - 1) @ values["hidden1.weight"].astype(float) + values["hidden1.bias"]
            by_hand = activated("logistic", z) @ values["output.weight"].astype(float) + values["output.bias"]
            return float(np.abs(by_hand - model._output(constants, result.state, constants[0])).max())

        yield Figure(
            "sum of all ridges against the network, worst",
            1e-4,
            summed,
            bound="at_most",
            source="G(x) = sum of a_j sigma(w_j . x + theta_j)",
        )
        yield Figure(
            "64 logistic units, two functions of two numbers: greatest error", 0.25, lambda run: trained(run)["greatest error"], bound="at_most",
            source="the best parabola is above 0.5", slow=True,
        )  # fmt: skip
        yield Figure("polynomial units: error above the floor", -1e-3, above("polynomial"), bound="at_least", source="Leshno et al. (1993)")
        yield Figure("affine units: error above the floor", -1e-3, above("identity"), bound="at_least", source="Leshno et al. (1993)")
        yield Figure(
            "floor of parabolas for the waves",
            0.5,
            lambda run: cls(activation="polynomial").build(0)[4],
            bound="at_least",
            source="linear programme",
        )
