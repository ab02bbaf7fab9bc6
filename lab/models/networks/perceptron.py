"""The perceptron: one neuron that learns a line from points, and says when no line will do."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.kernels import below, kernel, seed_state, sigmoid
from lab.model import MOST_STEPS, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

SEPARABLE = tuple((x, y, label) for x, y, label in [
    (0.4, 0.2, 0), (1.1, 0.7, 0), (0.2, -0.9, 0), (1.4, -0.2, 0), (0.8, -1.4, 0), (2.1, 0.6, 0),
    (3.5, -2.1, 1), (2.8, -2.6, 1), (3.8, -0.8, 1), (2.6, -1.5, 1), (3.1, -0.4, 1), (1.9, -2.4, 1),
])  # fmt: skip
XOR = ((0.0, 0.0, 0), (1.0, 1.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1))
OVERLAP = (
    (0.2, 0.4, 0), (1.0, 0.1, 0), (0.6, 1.2, 0), (1.5, 0.9, 0), (1.9, 1.6, 0), (0.9, 1.9, 0), (2.2, 0.5, 0), (1.2, -0.4, 0),
    (1.6, 2.1, 1), (2.3, 1.3, 1), (2.8, 2.2, 1), (1.1, 1.0, 1), (3.1, 1.0, 1), (2.6, 3.0, 1), (3.4, 1.9, 1), (1.8, 0.7, 1),
)  # fmt: skip
LINE = tuple(
    (x / 4.0, 0.6 * x / 4.0 - 0.3 + d, 0)
    for x, d in zip(range(-8, 9), [0.2, -0.1, 0.3, -0.3, 0.0, 0.15, -0.2, 0.1, -0.05, 0.25, -0.3, 0.1, 0.2, -0.1, 0.0, -0.25, 0.1])
)


def augmented(points: np.ndarray) -> np.ndarray:
    """(n, 3) rows [1, x, y]: the bias is the weight of a constant input."""
    return np.column_stack([np.ones(len(points)), points[:, :2]])


def margin(points: np.ndarray) -> float:
    """Largest margin gamma of a line through the augmented points (x, y, label 0/1), 0 where no line separates them.

    max over unit w of min_i t_i w . [1, x_i, y_i] with t = +-1; the w of least length with t w . x >= 1 has length 1/gamma.
    """
    from scipy.optimize import linprog, minimize

    A = augmented(points) * np.where(points[:, 2] > 0, 1.0, -1.0)[:, None]
    feasible = linprog(np.zeros(3), A_ub=-A, b_ub=-np.ones(len(A)), bounds=[(None, None)] * 3)
    if feasible.status != 0:
        return 0.0
    best = minimize(
        lambda w: 0.5 * w @ w,
        feasible.x,
        jac=lambda w: w,
        constraints=[{"type": "ineq", "fun": lambda w: A @ w - 1, "jac": lambda w: A}],
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    w = best.x / (A @ best.x).min()  # back onto the constraints exactly
    return float(1 / np.linalg.norm(w))


def novikoff(points: np.ndarray) -> float:
    """Most updates the perceptron rule can need, (R/gamma)^2; infinite where no line separates the points."""
    gamma = margin(points)
    radius = np.linalg.norm(augmented(points), axis=1).max()
    return float("inf") if gamma == 0 else float((radius / gamma) ** 2)


def least_squares(points: np.ndarray) -> np.ndarray:
    """(b, w) of the line y = w x + b with the least squared error."""
    A = np.column_stack([np.ones(len(points)), points[:, 0]])
    return np.linalg.lstsq(A, points[:, 1], rcond=None)[0]


def likeliest(points: np.ndarray) -> np.ndarray | None:
    """(3,) weights of the least mean cross-entropy, by Newton's method; None where a line separates the points, and there is no least."""
    if margin(points) > 0:
        return None
    A, t, w = augmented(points), (points[:, 2] > 0).astype(float), np.zeros(3)
    for _ in range(100):
        y = 1.0 / (1.0 + np.exp(-A @ w))
        curve = (A * (y * (1 - y))[:, None]).T @ A + 1e-12 * np.eye(3)
        step = np.linalg.solve(curve, A.T @ (y - t))
        w = w - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    return w


def cross_entropy(points: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(n,) -t ln y - (1 - t) ln(1 - y) of each point, y the logistic function of w . [1, x, y]."""
    z = augmented(points) @ w
    return np.maximum(z, 0) - z * (points[:, 2] > 0) + np.log1p(np.exp(-np.abs(z)))


@kernel
def _logistic(w, counts, points, rate, n, rows, rng, batch):
    """Gradient descent on the mean cross-entropy: of all points (batch) or of one drawn at random."""
    m = len(points)
    for k in range(n):
        g0, g1, g2, loss = 0.0, 0.0, 0.0, 0.0
        one = below(rng, m)
        for i in range(m):
            z = w[0] + w[1] * points[i, 0] + w[2] * points[i, 1]
            t = 1.0 if points[i, 2] > 0 else 0.0
            loss += max(z, 0.0) - z * t + np.log1p(np.exp(-abs(z)))
            e = sigmoid(z) - t
            if batch:
                g0 += e / m
                g1 += e * points[i, 0] / m
                g2 += e * points[i, 1] / m
            elif i == one:
                g0 += e
                g1 += e * points[i, 0]
                g2 += e * points[i, 1]
        w[0] -= rate * g0
        w[1] -= rate * g1
        w[2] -= rate * g2
        counts[0] += 1
        counts[1] += 1
        rows[k] = loss / m


@kernel
def _perceptron(w, counts, points, rate, n, rows):
    """One point after the other; counts = (presented, updates, mistakes of this round, mistakes of the last round)."""
    m = len(points)
    for k in range(n):
        i = counts[0] % m
        if i == 0:
            counts[3] = counts[2] if counts[0] > 0 else -1
            counts[2] = 0
        y = 1.0 if w[0] + w[1] * points[i, 0] + w[2] * points[i, 1] > 0 else 0.0
        t = 1.0 if points[i, 2] > 0 else 0.0
        if y != t:
            d = rate * (t - y)
            w[0] += d
            w[1] += d * points[i, 0]
            w[2] += d * points[i, 1]
            counts[1] += 1
            counts[2] += 1
        counts[0] += 1
        wrong = 0
        for j in range(m):
            out = w[0] + w[1] * points[j, 0] + w[2] * points[j, 1] > 0
            wrong += out != (points[j, 2] > 0)
        rows[k] = wrong / m


@kernel
def _regression(w, counts, points, rate, n, rows, rng, batch):
    """Gradient descent on the mean squared error: of all points (batch) or of one drawn at random."""
    m = len(points)
    for k in range(n):
        g0, g1, loss = 0.0, 0.0, 0.0
        one = below(rng, m)
        for i in range(m):
            e = w[0] + w[1] * points[i, 0] - points[i, 1]
            loss += e * e
            if batch:
                g0 += 2 * e / m
                g1 += 2 * e * points[i, 0] / m
            elif i == one:
                g0 += 2 * e
                g1 += 2 * e * points[i, 0]
        w[0] -= rate * g0
        w[1] -= rate * g1
        counts[0] += 1
        counts[1] += 1
        rows[k] = loss / m


class Perceptron(Model):
    """One neuron, one line: `y = f(w . x + b)`, taught by examples.

    With a step as its function it sorts points into two classes and is corrected whenever it errs; if any line separates
    the points, it finds one after at most `(R/gamma)^2` corrections, a number that the lab computes from the points. If
    none does, as for XOR, it never comes to rest, and the lab proves it. With the identity as its function the same
    neuron fits a line through points, as least squares does. With the logistic function its one output is the chance of class 1 (logistic
    regression): it descends on the mean of the cross-entropy over all points, and the line is where the chance is one half. Click to add points
    while it learns.
    """

    name = "perceptron"
    title = "Perceptron"
    group = "Gates and layers"
    icon = "mdi6.vector-line"
    order = 20
    also = "Rosenblatt; single-layer perceptron; delta rule; ADALINE; linear classifier; decision boundary; linear separability; linear regression; logistic regression; one neuron"
    equations = (
        r"y = f(w \cdot x + b)",
        r"\Delta w = \eta\,(t - y)\,x",
        r"E = -\frac{1}{N}\sum_n \left(t_n \ln y_n + (1 - t_n)\ln(1 - y_n)\right), \quad y = \sigma(w \cdot x + b)",
        r"\mathrm{updates} \le (R/\gamma)^2",
    )
    symbols = r"\Delta: change by one example; \eta: learning rate; t: target; E: loss; N: number of examples; \sigma: logistic function; \gamma: margin of the best line"
    source = "Rosenblatt, Psychol. Rev. 65:386 (1958); Novikoff (1962); Widrow and Hoff (1960)"
    presets = {
        "Separable points": Preset(
            {}, shows="wrong = 0 and updates <= Novikoff bound and updates > 3 and verdict = 'separated'", after=100.0
        ),
        "XOR: no line will do": Preset({"points": XOR}, shows="wrong > 0 and updates > 50", after=150.0),
        "Linear regression": Preset(
            {"function": "identity", "points": LINE, "rate": 0.1}, shows="difference to least squares < 0.001", after=600.0
        ),
        "Logistic regression: one output, two classes": Preset(
            {"function": "logistic", "points": OVERLAP, "rate": 1.0}, shows="difference to the least < 0.01 and wrong > 0", after=2000.0
        ),
        "Regression, one point at a time": Preset(
            {"function": "identity", "points": LINE, "rate": 0.02, "batch": False},
            shows="difference to least squares < 0.1 and difference to least squares > 0.0001",
            after=1000.0,
        ),
    }

    function: str = param(
        "step",
        choices=("step", "identity", "logistic"),
        main=True,
        live=False,
        doc="Step: a classifier of two classes. Identity: linear regression of y on x. Logistic: the chance of class 1.",
    )
    points: tuple[tuple[float, float, int], ...] = param(
        SEPARABLE, kind="points", main=True, doc="Points (x, y, class). For regression the class does not matter."
    )
    label: int = param(1, lo=0, hi=1, main=True, doc="Class of the next point that is added by a click.")
    rate: float = param(0.1, lo=0.0001, hi=1.0, log=True, doc="Learning rate eta.")
    batch: bool = param(
        True, when=("function", ("identity", "logistic")), doc="Use all points at each step instead of one drawn at random."
    )

    def check(self) -> None:
        if not 2 <= len(self.points) <= 5000:
            raise self.refuse("points", "must be 2 to 5000 points")
        if any(abs(p[0]) > 1e6 or abs(p[1]) > 1e6 for p in self.points):
            raise self.refuse("points", "must lie within a million of zero")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "example", physical=True)

    @property
    def speed(self) -> float:
        return 5.0 if self.function == "step" else 60.0  # each correction is seen

    @property
    def default_steps(self) -> int:
        return 2000

    @property
    def _classifies(self) -> bool:
        return self.function != "identity"

    @property
    def _chance(self) -> bool:
        return self.function == "logistic"

    @property
    def streams(self) -> tuple[Stream, ...]:
        error = {"step": "Part of the points on the wrong side of the line.", "identity": "Mean squared error."}
        more = (
            Stream("read", "cloud", "", "Of each point: its sum z, its target, its class.", channels=("z", "t", "class")),
            Stream("chance", "curve", "", "Output over the sum z: the chance of class 1.", channels=("y",)),
            Stream("costs", "table", "", "Of each point: sum, output, target and cross-entropy; and their mean."),
        )
        return (
            Stream(
                "error", "trace", "nats" if self._chance else "", error.get(self.function, "Cross-entropy, mean over all points."), every=1
            ),
            *(more if self._chance else ()),
            Stream("points", "cloud", "", "The points with their classes."),
            Stream("line", "curve", "", "Where the neuron decides, or the line it fits.", channels=("neuron",)),
            Stream("best", "curve", "", "Least squares line.", channels=("least squares",)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        layers: tuple[Layer, ...] = (Layer("points", style="points"), Layer("line"))
        if not self._classifies:
            layers = (Layer("points", style="points"), Layer("best", theory=True), Layer("line"))
        named = {
            "step": ("updates", "Novikoff bound"),
            "identity": ("difference to least squares",),
            "logistic": ("cross-entropy (nats)", "wrong"),
        }
        figures = named[self.function]
        error = {"step": "part wrong", "identity": "mean squared error", "logistic": "mean cross-entropy (nats)"}[self.function]
        more = (
            Picture("chance", "One output: the chance of class 1", (Layer("chance"), Layer("read", style="points")), x="z = w · x + b", y="y", y_range=(-0.1, 1.1), front=True,
                    doc="Every point stands at its sum, at the height of its target."),
            Picture("costs", "The mean over the points", (Layer("costs"),), figures=("cross-entropy (nats)",)),
        )  # fmt: skip
        return (
            Picture("plane", "Points and line: paint more", layers, x="x", y="y", click="add_point", drag="paint_points", figures=figures, equal=True, weight=2, front=True,
                    doc="Click to add a point of the class chosen by 'label', or drag to paint several."),
            Picture("error", "Error", (Layer("error"),), y=error, front=True),
            *(more if self._chance else ()),
        )  # fmt: skip

    @property
    def table(self) -> np.ndarray:
        """(n, 3) points as numbers."""
        return np.array(self.points, float).reshape(-1, 3)

    def start(self, constants, seed):
        rng = np.random.default_rng(seed)
        return {"w": 0.1 * rng.standard_normal(3), "counts": np.zeros(4, np.int64), "rng": seed_state(seed, 1)}

    def state_bounds(self, constants, state, step):
        return {"counts": Bound((0, 0, 0, -1), MOST_STEPS)}

    def advance(self, constants, state, n, out):
        rows = out["error"] if out.wanted("error") else np.empty(n)
        if self._chance:
            _logistic(state["w"], state["counts"], self.table, self.rate, n, rows, state["rng"], self.batch)
        elif self._classifies:
            _perceptron(state["w"], state["counts"], self.table, self.rate, n, rows)
        else:
            _regression(state["w"], state["counts"], self.table, self.rate, n, rows, state["rng"], self.batch)
        return n

    def remedy(self, stream):
        return "use a smaller learning rate"

    def _ends(self):
        x = self.table[:, 0]
        pad = 0.3 * max(1e-3, float(np.ptp(x)))
        return np.array([x.min() - pad, x.max() + pad])

    def observe(self, constants, state, stream):
        if stream == "points":
            return self.table
        if stream in ("read", "chance", "costs"):
            return self._read(state["w"], stream)
        x, w = self._ends(), state["w"]
        if stream == "best":
            b, slope = least_squares(self.table)
            return np.array([x, b + slope * x])
        if not self._classifies:
            return np.array([x, w[0] + w[1] * x])
        y = self.table[:, 1]
        pad = 0.3 * max(1e-3, float(np.ptp(y)))
        lo, hi = y.min() - pad, y.max() + pad
        if abs(w[2]) < 1e-12 and abs(w[1]) < 1e-12:
            return np.array([x, [np.nan, np.nan]])
        if abs(w[2]) >= abs(w[1]) * (hi - lo) / (x[1] - x[0]):
            return np.array([x, -(w[0] + w[1] * x) / w[2]])
        ends = np.array([lo, hi])
        return np.array([-(w[0] + w[2] * ends) / w[1], ends])

    def _read(self, w, stream):
        """What the logistic neuron makes of each point."""
        table = self.table
        z, t = augmented(table) @ w, (table[:, 2] > 0).astype(float)
        if stream == "read":
            return np.column_stack([z, t, t])
        if stream == "chance":
            reach = max(4.0, 1.1 * float(np.abs(z).max()))
            x = np.linspace(-reach, reach, 201)
            return np.array([x, 1.0 / (1.0 + np.exp(-x))])
        costs = cross_entropy(table, w)
        rows = [
            {
                "point": str(k + 1),
                "z": f"{a:+.4f}",
                "y": f"{1 / (1 + np.exp(-a)):.4f}",
                "t": f"{b:g}",
                "-t ln y - (1 - t) ln(1 - y)": f"{c:.5f}",
            }
            for k, (a, b, c) in enumerate(zip(z[:40], t, costs))
        ]
        return [{"point": "mean of all", "z": "", "y": "", "t": "", "-t ln y - (1 - t) ln(1 - y)": f"{costs.mean():.5f}"}, *rows]

    def summary(self, constants, state):
        counts, table, w = state["counts"], self.table, state["w"]
        if not self._classifies:
            b, slope = least_squares(table)
            return {
                "steps": int(counts[1]),
                "intercept": float(w[0]),
                "slope": float(w[1]),
                "difference to least squares": float(max(abs(w[0] - b), abs(w[1] - slope))),
            }
        wrong = int((((augmented(table) @ w) > 0) != (table[:, 2] > 0)).sum())
        if self._chance:
            said: dict[str, Any] = {"cross-entropy (nats)": float(cross_entropy(table, w).mean()), "wrong": wrong, "steps": int(counts[1])}
            best = likeliest(table)
            if best is None:
                return said | {"verdict": "a line separates these points: the weights grow without end"}
            return said | {"difference to the least": float(np.abs(w - best).max())}
        bound = novikoff(table)
        out: dict[str, Any] = {"updates": int(counts[1]), "wrong": wrong}
        if np.isfinite(bound):
            out["Novikoff bound"] = bound
            out["verdict"] = "separated" if wrong == 0 else "a separating line exists; it will be found"
        else:
            out["verdict"] = "no line separates these points"
        return out

    @action(
        "Add a point",
        hidden=True,
        x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Place.")),
        y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Place.")),
    )
    def add_point(self, constants, state, x, y):
        """Add a point of the class `label` where the person clicks."""
        if len(self.points) >= 5000:
            raise ModelError("perceptron: there are 5000 points, which is the limit: remove some.")
        return {"points": (*self.points, (x, y, self.label))}

    @action(
        "Paint points",
        hidden=True,
        x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Place.")),
        y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Place.")),
    )
    def paint_points(self, constants, state, x, y):
        """Add a point of the class `label` where the person drags, unless one of that class is near already."""
        table = self.table
        near = 0.03 * max(float(np.ptp(table[:, 0])), float(np.ptp(table[:, 1])), 1e-6)
        same = table[table[:, 2] == self.label]
        if len(self.points) >= 5000 or (len(same) and np.hypot(same[:, 0] - x, same[:, 1] - y).min() < near):
            return None
        return {"points": (*self.points, (x, y, self.label))}

    @action("Forget the weights")
    def forget(self, constants, state):
        """Start again from weights of zero; the points stay."""
        state["w"][:] = 0.0
        state["counts"][:] = 0

    @classmethod
    def figures(cls):
        def regression(run):
            return run(cls(**cls.presets["Linear regression"]), steps=3000, record={}).summary["difference to least squares"]

        def entropy(run):
            """Weights of logistic regression after 20,000 steps against Newton's method."""
            values = cls.presets["Logistic regression: one output, two classes"]
            return run(cls(**values), steps=20_000, record={}).summary["difference to the least"]

        def undecided(run):
            """Mean cross-entropy of XOR, where the best that one line can do is to say one half."""
            return run(cls(function="logistic", points=XOR, rate=1.0), steps=5000, record={}).summary["cross-entropy (nats)"]

        def updates(run):
            worst = 0.0
            for seed in range(5):
                rng = np.random.default_rng(seed)
                normal = rng.standard_normal(3)
                x = rng.uniform(-1, 1, (60, 2))
                score = np.column_stack([np.ones(60), x]) @ normal / np.linalg.norm(normal)
                keep = np.abs(score) > 0.1
                points = tuple((float(a), float(b), int(s > 0)) for (a, b), s in zip(x[keep], score[keep]))
                model = cls(points=points, rate=1.0)
                # From zero weights, as the theorem assumes.
                state = model.start(None, 0)
                state["w"][:] = 0.0
                _perceptron(state["w"], state["counts"], model.table, 1.0, 100_000, np.empty(100_000))
                wrong = int((((augmented(model.table) @ state["w"]) > 0) != (model.table[:, 2] > 0)).sum())
                worst = max(worst, state["counts"][1] / novikoff(model.table) if wrong == 0 else np.inf)
            return worst

        yield Figure("logistic regression against Newton's method", 1e-6, entropy, bound="at_most", source="least mean cross-entropy")
        yield Figure(
            "mean cross-entropy of XOR", float(np.log(2)), undecided, tolerance=1e-9, unit="nats", source="ln 2: one half for all four"
        )
        yield Figure("regression against least squares after 3000 steps", 1e-6, regression, bound="at_most", source="normal equations")
        yield Figure(
            "updates until separated over the Novikoff bound, worst of 5 sets", 1.0, updates, bound="at_most", source="Novikoff (1962)"
        )
        yield Figure("XOR is recognised as not separable", 0.0, lambda run: margin(np.array(XOR, float)), source="linear programme")
