"""Why the non-linearity: a deep network without one is a single layer in disguise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from lab.data import sets as data
from lab.errors import ModelError
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param
from lab.tape import Tape, adam
from lab.tape.interpreter import STEP

ROWS = 400
SIDE = 40  # of the decision surface
FULL = 12  # rows and columns of a matrix whose numbers are shown
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@cache
def program(depth: int, width: int, activation: str):
    """Tape program: `depth` hidden layers of `width`, two classes."""
    t = Tape()
    h = t.input("x", (2,))
    for k in range(depth):
        h = t.affine(h, width, init="xavier", name=f"hidden{k + 1}")
        if activation != "identity":
            h = {"tanh": t.tanh, "ReLU": t.relu}[activation](h)
    y = t.affine(h, 2, init="xavier", name="output")
    labels = t.labels("t", 2)
    t.record("accuracy", t.accuracy(y, labels))
    t.minimise(t.cross_entropy(y, labels, name="loss"), adam(1e-2), name="optimiser")
    return t.compile(batch=32)


def collapse(layers: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """(W*, b*) of one layer that equals the chain of layers h -> h W + b without activations between them."""
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = W @ V, b @ V + c
    return W, b


class LinearCollapse(Model):
    """Stack as many linear layers as you like: `W_1 (W_0 x + b_0) + b_1` is again `W* x + b*`, one straight line.

    A network of several layers with the identity as activation learns to tell two moons apart, and cannot: its decision
    line stays straight. Press "Collapse into one layer": the product of all matrices does exactly the same. Then choose a
    real activation and watch the line bend.
    """

    name = "linear-collapse"
    title = "Why the non-linearity"
    group = "Gates and layers"
    icon = "mdi6.layers-outline"
    order = 50
    also = "linear network; deep linear network; linear layers; nonlinearity; why activation functions; why do we need activation functions; nonlinear; collapse of linear layers"
    equations = (r"W_1 (W_0 x + b_0) + b_1 = W^* x + b^*", r"W^* = W_1 W_0, \quad b^* = W_1 b_0 + b_1")
    source = "Minsky and Papert, Perceptrons (1969); Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.1"
    presets = {
        "Three linear layers": Preset({}, shows="difference < 0.000000000001 and accuracy = accuracy of one layer and accuracy < 0.95"),
        "Two layers of two: every number": Preset(
            {"depth": 1, "width": 2}, shows="difference < 0.000000000001 and greatest error of W*, b* < 0.000000000001"
        ),
        "The same with tanh": Preset({"activation": "tanh"}, shows="accuracy > 0.95"),
        "Circles, linear: hopeless": Preset({"data": "circles"}, shows="accuracy < 0.7 and difference < 0.000000000001"),
        "Circles with ReLU": Preset({"data": "circles", "activation": "ReLU"}, shows="accuracy > 0.85"),
    }

    activation: str = param("identity", choices=("identity", "tanh", "ReLU"), live=False, main=True, doc="Activation between the layers.")
    data: str = param("moons", choices=tuple(data.PLANES), live=False, main=True, doc="Points to tell apart (two classes are used).")
    depth: int = param(3, lo=1, hi=8, live=False, main=True, doc="Hidden layers.")
    width: int = param(8, lo=1, hi=64, live=False, doc="Neurons of each.")
    noise: float = param(0.15, lo=0.0, hi=1.0, live=False, group="Data", doc="Noise of the points.")
    rate: float = param(0.01, lo=0.00001, hi=1.0, log=True, doc="Learning rate of Adam.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "minibatch", physical=True)

    @property
    def speed(self) -> float:
        return 150.0

    @property
    def default_steps(self) -> int:
        return 2000

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("loss", "trace", "nats", "Cross-entropy of each minibatch.", every=1),
            Stream("surface", "image", "", "Probability of the second class over the plane (deep network)."),
            Stream("single", "image", "", "The same by the one collapsed layer."),
            Stream("points", "cloud", "", "The points."),
            Stream("boundary", "curve", "", "Where the deep network decides.", channels=("deep network",)),
            Stream("line", "curve", "", "Where the collapsed layer decides.", channels=("one layer",)),
            Stream("numbers", "matrices", "", "Weights and biases of all layers, and of the one layer that they multiply out to."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("plane", "Decision", (Layer("points", style="points"), Layer("boundary", label="deep network", series=(2,)), Layer("line", style="dashed", label="one layer", series=(4,))), x="x", y="y", equal=True, figures=("accuracy",), weight=1.6, front=True),
            Picture("surface", "Deep network", (Layer("surface"),), levels=(0, 1), colours="diverging", front=True),
            Picture("single", "As one layer", (Layer("single"),), levels=(0, 1), colours="diverging", figures=("difference",)),
            Picture("numbers", "Numbers and product W*", (Layer("numbers"),), colours="diverging", figures=("greatest error of W*, b*",) if self.activation == "identity" else (), front=True, doc="Here rows times matrices are written: h W + b, so W* = W₀ W₁ … and b* = (b₀ W₁ + b₁) W₂ + …"),
            Picture("loss", "Loss", (Layer("loss"),), y="loss (nats)"),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The line large; beside it both surfaces, below every number of the layers and of their product."""
        return Stage("plane", companions=("surface", "single"), below=("numbers",), drawers=(("Over time", ("loss",)),))

    def build(self, seed):
        found = data.load(self.data, n=ROWS, noise=self.noise, seed=seed)
        t = np.minimum(found.t, 1)
        made = program(self.depth, self.width, self.activation)
        pad = 0.4
        lo, hi = found.x.min(0) - pad, found.x.max(0) + pad
        gx, gy = np.meshgrid(np.linspace(lo[0], hi[0], SIDE), np.linspace(lo[1], hi[1], SIDE))
        grid = np.column_stack([gx.ravel(), gy.ravel()]).astype(np.float32)
        return made, made.data(x=found.x, t=t), found.x, t, grid

    def start(self, constants, seed):
        return constants[0].start(seed, rows=ROWS) | {"collapsed": np.zeros((3, 2)), "asked": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return constants[0].state_bounds(state) | {"asked": Bound(0, 1)}

    def advance(self, constants, state, n, out):
        made, samples, *_ = constants
        made.set(state, "optimiser.rate", self.rate)
        report = made.train(state, samples, n, batch=32).check()
        if out.wanted("loss"):
            out["loss"][:n] = report["optimiser.loss"]
        return n

    def remedy(self, stream):
        return "lower the learning rate"

    def layers(self, constants, state) -> list[tuple[np.ndarray, np.ndarray]]:
        """(weights, bias) of every layer in float64, first to last."""
        values = constants[0].parameters(state)
        names = [*(f"hidden{k + 1}" for k in range(self.depth)), "output"]
        return [(values[f"{n}.weight"].astype(float), values[f"{n}.bias"].astype(float)) for n in names]

    def _logits(self, constants, state, x):
        h = x.astype(float)
        *hidden, (V, c) = self.layers(constants, state)
        curves: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "identity": lambda z: z,
            "tanh": np.tanh,
            "ReLU": lambda z: np.maximum(z, 0),
        }
        act = curves[self.activation]
        for W, b in hidden:
            h = act(h @ W + b)
        return h @ V + c

    def _single(self, constants, state):
        if state["asked"][0]:
            return state["collapsed"][:2], state["collapsed"][2]
        return collapse(self.layers(constants, state))

    def observe(self, constants, state, stream):
        _, _, x, t, grid = constants
        if stream == "numbers":
            return self._numbers(constants, state)
        if stream == "points":
            return np.column_stack([x, t]).astype(float)
        if stream in ("surface", "boundary"):
            z = self._logits(constants, state, grid)
        else:
            W, b = self._single(constants, state)
            z = grid.astype(float) @ W + b
        p = 1 / (1 + np.exp(np.clip(z[:, 0] - z[:, 1], -500, 500))).reshape(SIDE, SIDE)
        if stream in ("surface", "single"):
            return p[::-1]
        if stream in ("boundary", "line"):
            return level((z[:, 1] - z[:, 0]).reshape(SIDE, SIDE), grid.reshape(SIDE, SIDE, 2).astype(float))
        return super().observe(constants, state, stream)

    def _read_off(self, constants, state):
        """W* and b* against what the deep network says to nought and to the unit vectors: its answers there are b* and the rows of W*."""
        W, b = collapse(self.layers(constants, state))
        at_0, *at_units = self._logits(constants, state, np.vstack([np.zeros(2), np.eye(2)]))
        scale = max(1.0, float(np.abs(W).max()), float(np.abs(b).max()))
        return (
            max(float(np.abs(at_0 - b).max()), *(float(np.abs(at - at_0 - row).max()) for at, row in zip(at_units, W, strict=True))) / scale
        )

    def _numbers(self, constants, state):
        """Weights of each layer with the bias as a row below, and W*, b* at the end; what is wider than a page is cut, and said so."""
        found: list[dict[str, Any]] = []
        for k, (W, b) in enumerate([*self.layers(constants, state), self._single(constants, state)]):
            last = k == self.depth + 1
            if last and self.activation != "identity":
                found.append(
                    {
                        "name": "W*",
                        "values": None,
                        "note": "with an activation between them the layers do not multiply into one",
                        "at": (0, k),
                    }
                )
                continue
            sign = "*" if last else str(k).translate(SUBSCRIPTS)
            cut = "" if max(W.shape) <= FULL else f"; the first {FULL} of {max(W.shape)}"
            at = (0, k)
            found.append(
                {
                    "name": f"W{sign}",
                    "values": W[:FULL, :FULL],
                    "at": at,
                    "lit": last,
                    "note": f"{W.shape[0]} inputs (rows), {W.shape[1]} neurons (columns){cut}",
                }
            )
            found.append(
                {"name": f"b{sign}", "values": b[None, :FULL], "at": (1, k), "lit": last, "note": f"bias of {len(b)} neurons{cut}"}
            )
        return found

    def summary(self, constants, state):
        _, _, x, t, _ = constants
        z = self._logits(constants, state, x)
        W, b = self._single(constants, state)
        single = x.astype(float) @ W + b
        out = {"accuracy": float((z.argmax(1) == t).mean()), "accuracy of one layer": float((single.argmax(1) == t).mean())}
        if self.activation == "identity":
            out["difference"] = float(np.abs(z - single).max() / max(1.0, np.abs(z).max()))
            out["greatest error of W*, b*"] = self._read_off(constants, state)
        return out | {"minibatches": int(state["counters"][STEP])}

    @action("Collapse into one layer")
    def collapse_now(self, constants, state):
        """Multiply all layers into one and keep it, to compare with the deep network as that learns on."""
        if self.activation != "identity":
            raise ModelError("linear-collapse: layers with an activation between them do not multiply into one; choose the identity.")
        W, b = collapse(self.layers(constants, state))
        state["collapsed"][:2], state["collapsed"][2] = W, b
        state["asked"][0] = 1

    @classmethod
    def figures(cls):
        def difference(run):
            return max(run(cls(depth=d), steps=500, seed=d, record={}).summary["difference"] for d in (1, 3, 6))

        def straight(run):
            # A straight boundary: its pieces have one direction.
            model = cls()
            result = run(model, steps=1500, record={})
            xy = result.observe("boundary")
            keep = np.isfinite(xy).all(0)
            x, y = xy[:, keep] - xy[:, keep].mean(1, keepdims=True)
            return float(np.linalg.svd(np.array([x, y]), compute_uv=False)[1] / np.sqrt(keep.sum()))

        def accuracy(activation, which):
            def measure(run):
                return float(
                    np.median(
                        [run(cls(data=which, activation=activation), steps=3000, seed=s, record={}).summary["accuracy"] for s in range(3)]
                    )
                )

            return measure

        def numbers(run):
            return max(run(cls(depth=d, width=2), steps=200, seed=d, record={}).summary["greatest error of W*, b*"] for d in (1, 2, 5))

        yield Figure(
            "numbers of W* and b* against the deep network's answers to nought and to unit vectors, worst",
            1e-12,
            numbers,
            bound="at_most",
            source="W* = W_1 W_0, b* = W_1 b_0 + b_1",
        )
        yield Figure(
            "deep linear network against its single layer, relative",
            1e-12,
            difference,
            bound="at_most",
            source="associativity of the matrix product",
        )
        yield Figure("bend of the decision line of a deep linear network", 1e-6, straight, bound="at_most", source="it is one line")
        yield Figure(
            "accuracy on circles, linear", 0.75, accuracy("identity", "circles"), bound="at_most", source="no line separates circles"
        )
        yield Figure(
            "accuracy on circles, ReLU", 0.95, accuracy("ReLU", "circles"), bound="at_least", source="the same network with a non-linearity"
        )


def level(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """(2, n) pieces of the line on which `values` (rows, columns) over `grid` (rows, columns, 2) is 0, separated by NaN."""
    parts = []
    for (a, b), (p, q) in (
        ((values[:, :-1], values[:, 1:]), (grid[:, :-1], grid[:, 1:])),
        ((values[:-1], values[1:]), (grid[:-1], grid[1:])),
    ):
        crosses = (a < 0) != (b < 0)
        share = (a[crosses] / (a[crosses] - b[crosses]))[:, None]
        parts.append(p[crosses] + share * (q[crosses] - p[crosses]))
    points = np.concatenate(parts)
    if not len(points):
        return np.full((2, 1), np.nan)
    # Walk from each point to the nearest one not yet visited; a jump of more than two cells starts a new piece.
    cell = float(np.hypot(*(grid[1, 1] - grid[0, 0])))
    left = list(range(1, len(points)))
    order, at = [points[0]], 0
    while left:
        distance = np.hypot(*(points[left] - points[at]).T)
        nearest = int(distance.argmin())
        if distance[nearest] > 2 * cell:
            order.append(np.full(2, np.nan))
        at = left.pop(nearest)
        order.append(points[at])
    return np.array(order).T
