"""Loss functions: what an error costs, and the slope that learning follows."""

from __future__ import annotations

import numpy as np

from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, param

LOSSES = ("mean squared error", "Bernoulli cross-entropy", "categorical cross-entropy")
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
        r"E = -\ln\mathrm{softmax}(z)_t, \quad \frac{dE}{dz_i} = \mathrm{softmax}(z)_i - [i = t]",
    )
    source = "Bishop, Pattern Recognition and Machine Learning (2006), sections 1.5.5 and 4.3"
    presets = {
        "Cross-entropy of a yes or no": Preset(
            {}, shows="first(slope cross-entropy) < -0.99 and abs(first(slope squared error of a sigmoid)) < 0.01", after=6.0
        ),
        "Squared error": Preset({"loss": LOSSES[0]}, shows="abs(min(curve loss)) < 0.001 and abs(max(slope slope) - 7) < 7", after=6.0),
        "Three classes": Preset({"loss": LOSSES[2]}, shows="loss > 0 and max(surface) > 8", after=6.0),
        "A soft target": Preset({"target": 0.8}, shows="min(curve loss) > 0.49 and min(curve loss) < 0.51", after=6.0),
    }

    loss: str = param(LOSSES[1], choices=LOSSES, main=True, doc="Which loss.")
    target: float = param(1.0, lo=0.0, hi=1.0, main=True, when=("loss", LOSSES[:2]), doc="Target t.")
    second: float = param(
        1.0,
        lo=-SPAN,
        hi=SPAN,
        main=True,
        when=("loss", LOSSES[2]),
        doc="Logit of the second class; the first sweeps, the third is 0. The first is right.",
    )

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
        axis, unit = ("y", "") if self.loss == LOSSES[0] else ("z", "nats")
        return (
            Stream("place", "trace", "", "Output or logit of the sweeping sample.", every=1),
            Stream("value", "trace", unit, "Its loss.", every=1),
            Stream("gradient", "trace", unit, "Slope of its loss.", every=1),
            Stream("curve", "curve", unit, f"Loss over {axis}.", channels=("loss",)),
            Stream("slope", "curve", unit, f"Slope of the loss over {axis}.", channels=("cross-entropy" if self.loss != LOSSES[0] else "slope", "squared error of a sigmoid")[: 1 if self.loss != LOSSES[1] else 2]),
            Stream("surface", "image", "", "Loss over two logits (first class across, second class up)."),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        x, nats = ("output y", "") if self.loss == LOSSES[0] else ("logit z", " (nats)")
        found: tuple[Picture, ...] = (
            Picture("curve", "Loss", (Layer("curve"), Layer("value", x="place", style="marker")), x=x, y=f"E{nats}", figures=("loss", "slope"), weight=1.5, front=True),
            Picture("slope", "Slope: what learning feels", (Layer("slope"), Layer("gradient", x="place", style="marker")), x=x, y=f"dE/dz{nats}", front=True),
        )  # fmt: skip
        if self.loss == LOSSES[2]:
            found += (Picture("surface", "Loss surface", (Layer("surface"),), x="logit of class 1", y="logit of class 2"),)
        return (
            *found,
            Picture("time", "Over time", (Layer("value", label="loss"), Layer("gradient", label="slope")), y=f"E, dE/dz{nats}", window=6.0),
        )

    def start(self, constants, seed):
        return {"phase": np.zeros(1, np.int64)}

    def _places(self, phase):
        """A triangle over the range of the axis."""
        half = 1.0 - np.abs((phase % SWEEP) / (SWEEP / 2) - 1.0)
        return -1.0 + 3.0 * half if self.loss == LOSSES[0] else -SPAN + 2 * SPAN * half

    def at(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(value, slope) of the chosen loss at outputs or logits of any shape."""
        if self.loss == LOSSES[0]:
            return squared(place, self.target)
        if self.loss == LOSSES[1]:
            return bernoulli(place, self.target)
        z = np.stack([place, np.full_like(place, self.second), np.zeros_like(place)], -1)
        value, slope = categorical(z, 0)
        return value, slope[..., 0]

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT}

    def advance(self, constants, state, n, out):
        place = self._places(state["phase"][0] + 1 + np.arange(n)).astype(float)
        value, slope = self.at(place)
        for name, rows in (("place", place), ("value", value), ("gradient", slope)):
            if out.wanted(name):
                out[name][:n] = rows
        state["phase"][0] += n
        return n

    def observe(self, constants, state, stream):
        x = np.linspace(-1.0, 2.0, 301) if self.loss == LOSSES[0] else np.linspace(-SPAN, SPAN, 321)
        if stream == "curve":
            return np.array([x, self.at(x)[0]])
        if stream == "slope":
            rows = [x, self.at(x)[1]]
            if self.loss == LOSSES[1]:
                y = bernoulli(x, 0.0)[1]  # the sigmoid itself
                rows.append((y - self.target) * y * (1 - y))
            return np.array(rows)
        if stream == "surface":
            grid = np.linspace(-SPAN, SPAN, 64)
            a, b = np.meshgrid(grid, grid)
            return categorical(np.stack([a, b, np.zeros_like(a)], -1), 0)[0][::-1]
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        place = np.array([float(self._places(state["phase"])[0])])
        value, slope = self.at(place)
        out: dict[str, float | str] = {
            "output" if self.loss == LOSSES[0] else "logit": float(place[0]),
            "loss": float(value[0]),
            "slope": float(slope[0]),
        }
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
