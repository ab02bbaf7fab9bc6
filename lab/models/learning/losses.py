"""Loss functions: what an error costs, and the slope that learning follows."""

from __future__ import annotations

import numpy as np

from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, param

LOSSES = ("mean squared error", "Bernoulli cross-entropy", "categorical cross-entropy", "squared distance of two outputs")
PRODUCTS = LOSSES[1:3]  # those that are minus the logarithm of a likelihood
SWEEP = 240
SPAN = 8.0


def squared(y: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """(value, slope) of 1/2 (y - t)^2 by the output y."""
    return 0.5 * (y - t) ** 2, y - t


def bernoulli(z: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """(value, slope) by the logit z of -t ln s(z) - (1-t) ln(1 - s(z)), written so that no z of any size overflows."""
    z = np.asarray(z, float)
    value = np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))
    small = np.exp(-np.abs(z))
    return value, np.where(z >= 0, 1 / (1 + small), small / (1 + small)) - t


def categorical(z: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
    """(value (...), slope (..., classes)) by the logits z (..., classes) of -ln softmax(z)_t."""
    z = np.asarray(z, float)
    top = z.max(-1, keepdims=True)
    e = np.exp(z - top)
    total = e.sum(-1, keepdims=True)
    p = e / total
    # ln softmax from the logits, not from p: an exponential that underflows must not become an infinite loss.
    value = np.log(total[..., 0]) + top[..., 0] - z[..., t]
    slope = p.copy()
    slope[..., t] -= 1
    return value, slope


class Losses(Model):
    """What an error costs decides what is learnt: squared error, and cross-entropy for yes or no and for many classes.

    The output sweeps from wrong to right; see the loss and its slope, which is all that gradient descent feels. The
    squared error of a saturated sigmoid is nearly flat where it is most wrong, while cross-entropy from logits keeps a
    slope of one there. Move the target, compare the three, and read value and gradient of the present sample.

    A cross-entropy is minus the logarithm of a **likelihood**, the chance that the network gave to what came about: `y^t (1-y)^(1-t)` for a
    yes or no, the product of all `y_k^t_k` for classes. It stands beside its logarithm, and the table has each factor. With two
    numbers to say, the squared error is half the square of the distance (the 2-norm) between what is said and what is right.
    """

    name = "losses"
    title = "Losses"
    group = "Learning itself"
    icon = "mdi6.chart-line-variant"
    order = 20
    also = "loss function; loss functions; cost function; cross-entropy; cross entropy; mean squared error; MSE; log loss; error function; negative log likelihood; Kullback-Leibler"
    equations = (
        r"E = \frac{1}{2}(y - t)^2",
        r"E = -t \ln\sigma(z) - (1 - t)\ln(1 - \sigma(z)), \quad \frac{dE}{dz} = \sigma(z) - t",
        r"p = y^t (1 - y)^{1 - t}, \quad p = \prod_k y_k^{t_k}, \quad E = -\ln p",
        r"E = \frac{1}{2}\|y - t\|^2 = \frac{1}{2}\sum_k (y_k - t_k)^2",
        r"E = -\ln\mathrm{softmax}(z)_t, \quad \frac{dE}{dz_i} = \mathrm{softmax}(z)_i - [i = t]",
    )
    symbols = r"E: loss; \sigma: logistic function; p: likelihood"
    source = "Bishop, Pattern Recognition and Machine Learning (2006), sections 1.5.5 and 4.3"
    presets = {
        "Cross-entropy of a yes or no": Preset(
            {}, shows="first(slope cross-entropy) < -0.99 and abs(first(slope squared error of a sigmoid)) < 0.01", after=6.0
        ),
        "Squared error": Preset({"loss": LOSSES[0]}, shows="abs(min(curve loss)) < 0.001 and abs(max(slope slope) - 7) < 7", after=6.0),
        "Three classes": Preset({"loss": LOSSES[2]}, shows="loss > 0 and max(surface) > 8", after=6.0),
        "Two numbers: the square of a distance": Preset(
            {"loss": LOSSES[3]}, shows="abs(min(curve loss) - 0.08) < 0.001 and loss > 0", after=6.0
        ),
        "A soft target": Preset({"target": 0.8}, shows="min(curve loss) > 0.49 and min(curve loss) < 0.51", after=6.0),
    }

    loss: str = param(LOSSES[1], choices=LOSSES, main=True, doc="Which loss.")
    target: float = param(1.0, lo=0.0, hi=1.0, main=True, when=("loss", (*LOSSES[:2], LOSSES[3])), doc="Target t.")
    second: float = param(
        1.0,
        lo=-SPAN,
        hi=SPAN,
        main=True,
        when=("loss", LOSSES[2]),
        doc="Logit of the second class; the first sweeps, the third is 0. The first is right.",
    )

    output_2: float = param(
        0.9,
        lo=-1.0,
        hi=2.0,
        main=True,
        when=("loss", LOSSES[3]),
        label="Second output",
        symbol="y_2",
        doc="What the second output says; the first sweeps.",
    )
    target_2: float = param(
        0.5, lo=0.0, hi=1.0, main=True, when=("loss", LOSSES[3]), label="Second target", symbol="t_2", doc="What it should say."
    )

    @property
    def numeric(self) -> bool:
        """Whether the outputs are numbers rather than chances."""
        return self.loss in (LOSSES[0], LOSSES[3])

    @property
    def clock(self) -> Clock:
        return Clock(0.025, "s")

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def default_steps(self) -> int:
        return SWEEP

    @property
    def streams(self) -> tuple[Stream, ...]:
        axis, unit = ("y", "") if self.numeric else ("z", "nats")
        return (
            Stream("place", "trace", "", "Output or logit of the sweeping sample.", every=1),
            Stream("value", "trace", unit, "Its loss.", every=1),
            Stream("gradient", "trace", unit, "Slope of its loss.", every=1),
            Stream("curve", "curve", unit, f"Loss over {axis}.", channels=("loss",)),
            Stream("slope", "curve", unit, f"Slope of the loss over {axis}.", channels=("slope" if self.numeric else "cross-entropy", "squared error of a sigmoid")[: 1 if self.loss != LOSSES[1] else 2]),
            Stream("surface", "image", "", "Loss over two logits or outputs (the first across, the second up)."),
            Stream("likelihood", "curve", "", f"Chance given to what came about, over {axis}.", channels=("likelihood",)),
            Stream("chance", "trace", "", "Likelihood of the sweeping sample.", every=1),
            Stream("terms", "table", "", "Each factor of the likelihood, or each square, and what becomes of them."),
            Stream("dot", "cloud", "", "The present outputs, and the targets.", channels=("x", "y", "label")),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        x, nats = ("output y", "") if self.numeric else ("logit z", " (nats)")
        slopes: tuple[Layer, ...] = (
            Layer("slope", channel=0),
            Layer("gradient", x="place", style="marker", label="now"),
        )  # the dot has the colour of its curve
        slopes += (Layer("slope", channel=1),) if self.loss == LOSSES[1] else ()
        found: tuple[Picture, ...] = (
            Picture("curve", "Loss", (Layer("curve"), Layer("value", x="place", style="marker")), x=x, y=f"E{nats}", figures=("loss", "slope"), weight=1.5, front=True),
            Picture("slope", "Slope: what learning feels", slopes, x=x, y="dE/dy" if self.numeric else "dE/dz (nats)", front=True),
        )  # fmt: skip
        if self.loss in PRODUCTS:
            found += (Picture("likelihood", "Likelihood", (Layer("likelihood"), Layer("chance", x="place", style="marker")), x=x, y="p", y_range=(0.0, 1.02), front=True,
                              doc="The loss is minus its logarithm: where it is near nothing the loss is high."),)  # fmt: skip
        if self.loss == LOSSES[2]:
            found += (Picture("surface", "Loss surface", (Layer("surface"), Layer("dot")), x="logit of class 1", y="logit of class 2", x_range=(-SPAN, SPAN), y_range=(-SPAN, SPAN)),)  # fmt: skip
        if self.loss == LOSSES[3]:
            found += (Picture("surface", "Half the squared distance", (Layer("surface"), Layer("dot")), x="output 1", y="output 2", x_range=(-1.0, 2.0), y_range=(-1.0, 2.0),
                              labels=("now", "target"), equal=True, front=True, doc="The same loss all around the target: only the distance counts."),)  # fmt: skip
        if self.loss != LOSSES[0]:
            title = "The square of the 2-norm" if self.loss == LOSSES[3] else "The likelihood, factor by factor"
            found += (Picture("terms", title, (Layer("terms"),), front=True, formulas=True, weight=0.8),)
        return (
            *found,
            Picture(
                "time",
                "Over time",
                (Layer("value", label="loss"), Layer("gradient", label="slope")),
                y=f"E, dE/d{'y' if self.numeric else 'z'}{nats}",
                window=6.0,
            ),
        )

    @property
    def stage(self) -> Stage:
        """The loss large, its slope beside; below what it is made of."""
        if self.loss == LOSSES[3]:
            return Stage("surface", companions=("curve", "slope"), below=("terms",))
        beside = {LOSSES[1]: ("slope", "likelihood"), LOSSES[2]: ("slope", "surface")}
        below = {LOSSES[1]: ("terms",), LOSSES[2]: ("likelihood", "terms")}
        return Stage("curve", companions=beside.get(self.loss, ("slope", "time")), below=below.get(self.loss, ()))

    def start(self, constants, seed):
        return {"phase": np.zeros(1, np.int64)}

    def _places(self, phase):
        """A triangle over the range of the axis."""
        half = 1.0 - np.abs((phase % SWEEP) / (SWEEP / 2) - 1.0)
        return -1.0 + 3.0 * half if self.numeric else -SPAN + 2 * SPAN * half

    def at(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(value, slope) of the chosen loss at outputs or logits of any shape."""
        if self.loss == LOSSES[0]:
            return squared(place, self.target)
        if self.loss == LOSSES[1]:
            return bernoulli(place, self.target)
        if self.loss == LOSSES[3]:
            value, slope = squared(place, self.target)
            return value + squared(np.asarray(self.output_2), self.target_2)[0], slope
        z = np.stack([place, np.full_like(place, self.second), np.zeros_like(place)], -1)
        value, slope = categorical(z, 0)
        return value, slope[..., 0]

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT}

    def advance(self, constants, state, n, out):
        place = self._places(state["phase"][0] + 1 + np.arange(n)).astype(float)
        value, slope = self.at(place)
        for name, rows in (("place", place), ("value", value), ("gradient", slope), ("chance", np.exp(-value))):
            if out.wanted(name):
                out[name][:n] = rows
        state["phase"][0] += n
        return n

    def observe(self, constants, state, stream):
        x = np.linspace(-1.0, 2.0, 301) if self.numeric else np.linspace(-SPAN, SPAN, 321)
        if stream == "curve":
            return np.array([x, self.at(x)[0]])
        if stream == "slope":
            rows = [x, self.at(x)[1]]
            if self.loss == LOSSES[1]:
                y = bernoulli(x, 0.0)[1]  # the sigmoid itself
                rows.append((y - self.target) * y * (1 - y))
            return np.array(rows)
        if stream == "likelihood":
            return np.array([x, self.likelihood(x)])
        if stream == "terms":
            return self._terms(float(self._places(state["phase"])[0]))
        if stream == "dot":
            place = float(self._places(state["phase"])[0])
            return (
                np.array([[place, self.output_2, 0], [self.target, self.target_2, 1]])
                if self.loss == LOSSES[3]
                else np.array([[place, self.second, 0]])
            )
        if stream == "surface" and self.loss == LOSSES[3]:
            a, b = np.meshgrid(np.linspace(-1.0, 2.0, 96), np.linspace(-1.0, 2.0, 96))
            return squared(a, self.target)[0] + squared(b, self.target_2)[0]
        if stream == "surface":
            grid = np.linspace(-SPAN, SPAN, 64)
            a, b = np.meshgrid(grid, grid)
            return categorical(np.stack([a, b, np.zeros_like(a)], -1), 0)[0]
        return super().observe(constants, state, stream)

    def likelihood(self, place: np.ndarray) -> np.ndarray:
        """Chance given to what came about, multiplied out of its factors, at logits of any shape."""
        y, t = self._said(place)
        with np.errstate(under="ignore"):
            return np.prod(y**t, axis=-1)

    def _said(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(chances y (..., k), targets t (k,)): of yes and no, or of three classes."""
        if self.loss == LOSSES[2]:
            z = np.stack([place, np.full_like(place, self.second), np.zeros_like(place)], -1)
            e = np.exp(z - z.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True), np.array([1.0, 0.0, 0.0])
        yes = bernoulli(place, 0.0)[1]
        return np.stack([yes, bernoulli(-place, 0.0)[1]], -1), np.array([self.target, 1.0 - self.target])

    def _terms(self, place: float) -> list[dict[str, str]]:
        """What the loss is made of: squares that add up, or factors that multiply and their logarithms that add up."""
        if self.numeric:
            y = np.array([place, self.output_2])[: 2 if self.loss == LOSSES[3] else 1]
            t = np.array([self.target, self.target_2])[: len(y)]
            rows = [
                {"output": f"y{k + 1}", "says": f"{a:.4f}", "target": f"{b:.4f}", "y - t": f"{a - b:+.4f}", "square": f"{(a - b) ** 2:.6f}"}
                for k, (a, b) in enumerate(zip(y, t, strict=True))
            ]
            total = float(((y - t) ** 2).sum())
            rows.append({"output": "sum: the square of the 2-norm", "square": f"{total:.6f}"})
            rows.append({"output": "its root: the 2-norm, a distance", "square": f"{np.sqrt(total):.6f}"})
            rows.append({"output": "half the sum: the loss", "square": f"{total / 2:.6f}"})
            return [{"output": "", "says": "", "target": "", "y - t": "", "square": ""} | row for row in rows]
        (y, t), names = self._said(np.array(place)), ("yes", "no") if self.loss == LOSSES[1] else ("class 1", "class 2", "class 3")
        rows = [
            {"answer": name, "y": f"{a:.6f}", "t": f"{b:g}", "y^t": f"{a**b:.6f}", "-t ln y": f"{-b * np.log(a) if b else 0.0:.6f}"}
            for name, a, b in zip(names, y, t, strict=True)
        ]
        p = float(np.prod(y**t))
        rows.append({"answer": "product, sum", "y": "", "t": "", "y^t": f"{p:.6f}", "-t ln y": f"{self.at(np.array(place))[0]:.6f}"})
        return rows

    def summary(self, constants, state):
        place = np.array([float(self._places(state["phase"])[0])])
        value, slope = self.at(place)
        out: dict[str, float | str] = {
            "output" if self.numeric else "logit": float(place[0]),
            "loss": float(value[0]),
            "slope": float(slope[0]),
        }
        if self.loss in PRODUCTS:
            out["likelihood"] = float(self.likelihood(place)[0])
        if self.loss == LOSSES[3]:
            out["2-norm"] = float(np.sqrt(2.0 * value[0]))
        if self.loss == LOSSES[2]:
            _, full = categorical(np.array([place[0], self.second, 0.0]), 0)
            out["gradient by all logits"] = ", ".join(f"{g:+.4f}" for g in full)
        return out

    @classmethod
    def figures(cls):
        def slopes(run):
            z, h, worst = np.linspace(-6, 6, 50), 1e-5, 0.0
            for t in (0.0, 0.3, 1.0):
                for f in (squared, bernoulli):
                    numeric = (f(z + h, t)[0] - f(z - h, t)[0]) / (2 * h)
                    worst = max(worst, float(np.abs(numeric - f(z, t)[1]).max()))
            logits = np.random.default_rng(0).standard_normal((20, 5))
            for i in range(5):
                step = np.zeros(5)
                step[i] = h
                numeric = (categorical(logits + step, 2)[0] - categorical(logits - step, 2)[0]) / (2 * h)
                worst = max(worst, float(np.abs(numeric - categorical(logits, 2)[1][:, i]).max()))
            return worst

        def extreme(run):
            values = [*bernoulli(np.array([-1e6, 1e6]), 1.0), *categorical(np.array([[1e6, -1e6, 0.0], [-1e6, 1e6, 0.0]]), 0)]
            exact = np.allclose(values[0], [1e6, 0.0]) and np.allclose(values[2], [0.0, 2e6])
            return float(exact and all(np.isfinite(v).all() for v in values))

        def product(run):
            """Minus the logarithm of the product of all factors, against the loss: yes or no, soft targets, and classes."""
            z, worst = np.linspace(-SPAN, SPAN, 81), 0.0
            for values in ({"target": 1.0}, {"target": 0.0}, {"target": 0.3}, {"loss": LOSSES[2], "second": 2.0}):
                model = cls(**values)
                worst = max(worst, float(np.abs(-np.log(model.likelihood(z)) - model.at(z)[0]).max()))
            return worst

        def norm(run):
            """Twice the loss of two outputs against the square of the 2-norm that NumPy computes."""
            model, y = cls(loss=LOSSES[3]), np.linspace(-1.0, 2.0, 31)
            gaps = np.stack([y - model.target, np.full_like(y, model.output_2 - model.target_2)])
            return float(np.abs(2.0 * model.at(y)[0] - np.linalg.norm(gaps, axis=0) ** 2).max())

        yield Figure(
            "minus the logarithm of the product of the factors against the loss, worst",
            1e-9,
            product,
            bound="at_most",
            unit="nats",
            source="likelihood",
        )
        yield Figure("twice the loss of two outputs against the square of the 2-norm", 1e-12, norm, bound="at_most", source="definition")
        yield Figure("slopes against central differences, worst", 1e-9, slopes, bound="at_most", source="central difference, h = 1e-5")
        yield Figure("logits of a million give the exact finite loss", 1.0, extreme, source="limits of the closed form")
        yield Figure(
            "cross-entropy of ten equal logits",
            float(np.log(10)),
            lambda run: float(categorical(np.zeros(10), 3)[0]),
            tolerance=1e-12,
            unit="nats",
            source="ln 10",
        )
