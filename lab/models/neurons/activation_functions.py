"""The sigmoid neuron, its activation functions with derivatives, and the softmax."""

from __future__ import annotations

import math

import numpy as np

from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

FUNCTIONS = ("logistic", "tanh", "ReLU", "step", "identity", "softplus", "GELU")
INPUTS = np.linspace(-6.0, 6.0, 601)
SWEEP = 200  # steps from the left end of the input to the right and back


def _erf(z: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return erf(z)


def value(name: str, z: np.ndarray) -> np.ndarray:
    """Activation function `name` of z (any shape), finite for every finite z."""
    z = np.asarray(z, float)
    match name:
        case "logistic":
            return np.exp(-np.logaddexp(0.0, -z))
        case "tanh":
            return np.tanh(z)
        case "ReLU":
            return np.maximum(z, 0.0)
        case "step":
            return (z >= 0).astype(float)
        case "identity":
            return z.copy()
        case "softplus":
            return np.logaddexp(0.0, z)
        case "GELU":
            return z * 0.5 * (1 + _erf(z / math.sqrt(2)))
    raise ValueError(name)


def derivative(name: str, z: np.ndarray) -> np.ndarray:
    """Derivative of activation function `name` at z; at a kink the mean of both sides, for the step 0 (it has none at 0)."""
    z = np.asarray(z, float)
    match name:
        case "logistic":
            y = value("logistic", z)
            return y * value("logistic", -z)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "ReLU":
            return np.heaviside(z, 0.5)
        case "step":
            return np.zeros_like(z)
        case "identity":
            return np.ones_like(z)
        case "softplus":
            return value("logistic", z)
        case "GELU":
            return 0.5 * (1 + _erf(z / math.sqrt(2))) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    raise ValueError(name)


def softmax(z: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """e^(z_i/T) / sum_j e^(z_j/T); the largest is subtracted first, so logits of any size stay finite."""
    scaled = (np.asarray(z, float) - np.max(z)) / temperature
    e = np.exp(scaled)
    return e / e.sum()


class ActivationFunctions(Model):
    """A neuron that adds up its weighted inputs and passes the sum through an activation function: `y = sigma(w x + b)`.

    The weight makes the curve steeper, the bias moves it sideways: drag the bias in the picture, change the weight while
    the input sweeps back and forth. Compare the derivative, which is what learning sees, between the functions: the
    logistic one never passes more than a quarter of the weight on, and the step none at all.

    The bars are a softmax, which turns any numbers (logits) into probabilities. The temperature sharpens or flattens
    them: near 0 the largest takes all, at high temperature all become equal.
    """

    name = "activation-functions"
    title = "Sigmoid neuron and softmax"
    group = "Rates and codes"
    icon = "mdi6.sigma"
    order = 10
    also = "sigmoid; softmax; logistic function; ReLU; tanh; transfer function; artificial neuron; temperature; Boltzmann distribution; threshold unit"
    equations = (r"y = \sigma\left(\sum_i w_i x_i + b\right)", r"\mathrm{softmax}(z)_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}")
    source = "Goodfellow, Bengio, Courville, Deep Learning (2016), sections 6.2 and 6.3; Hendrycks and Gimpel (2016) for GELU"
    presets = {
        "Logistic neuron": Preset({}, shows="abs(max(slope dy/dx) - 0.25) < 0.001"),
        "A hard threshold: nothing to learn from": Preset({"function": "step"}, shows="max(curve y) = 1 and max(slope dy/dx) = 0"),
        "Steep tanh": Preset({"function": "tanh", "weight": 5.0}, shows="abs(max(slope dy/dx) - 5) < 0.01"),
        "Cold softmax": Preset({"temperature": 0.1}, shows="max(probabilities) > 0.999"),
    }

    function: str = param("logistic", choices=FUNCTIONS, main=True, doc="Activation function sigma.")
    weight: float = param(1.0, lo=-10.0, hi=10.0, main=True, doc="Weight w of the input: the steepness of the curve.")
    bias: float = param(0.0, lo=-10.0, hi=10.0, main=True, doc="Bias b: shifts the curve along the input.")
    temperature: float = param(1.0, lo=0.01, hi=100.0, log=True, group="Softmax", doc="Temperature T of the softmax.")
    logits: tuple[tuple[float, ...], ...] = param(
        ((2.0, 1.0, 0.5, 0.0, -1.0),), group="Softmax", kind="matrix", doc="Numbers z that the softmax turns into probabilities."
    )

    def check(self) -> None:
        if len(self.logits) != 1 or not 1 <= len(self.logits[0]) <= 1000:
            raise self.refuse("logits", "must be one row of 1 to 1000 numbers")

    @property
    def clock(self) -> Clock:
        return Clock(0.01, "s")

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def default_steps(self) -> int:
        return 2 * SWEEP

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("input", "trace", "", "The input x, which sweeps back and forth.", every=1),
            Stream("output", "trace", "", "The output y of the neuron.", every=1),
            Stream("curve", "curve", "", "The output over the input.", channels=("y",)),
            Stream("slope", "curve", "", "Derivative of the output by the input.", channels=("dy/dx",)),
            Stream("probabilities", "bars", "", "Softmax of the logits."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture(
                "function", "Activation", (Layer("curve", label="y"), Layer("output", x="input", style="marker")),
                x="input x", y="output y", x_range=(-6, 6), figures=("y",), front=True, weight=2, drag="shift",
            ),
            Picture("derivative", "Derivative", (Layer("slope", label="dy/dx"),), x="input x", y="dy/dx", x_range=(-6, 6), figures=("dy/dx",)),
            Picture("softmax", "Softmax", (Layer("probabilities", style="bars"),), x="class", y="probability", y_range=(0, 1), figures=("entropy (nats)",)),
            Picture("time", "Over time", (Layer("input", label="x"), Layer("output", label="y")), y="x, y", window=4.0),
        )  # fmt: skip

    def start(self, constants, seed):
        return {"phase": np.zeros(1, np.int64), "shift": np.zeros(1)}

    def _x(self, phase: np.ndarray) -> np.ndarray:
        """A triangle between -6 and 6 with period 2 SWEEP steps."""
        return 6.0 - 12.0 * np.abs((phase % (2 * SWEEP)) / SWEEP - 1.0)

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT}

    def advance(self, constants, state, n, out):
        phase = state["phase"][0] + 1 + np.arange(n)
        x = self._x(phase)
        if out.wanted("input"):
            out["input"][:n] = x
        if out.wanted("output"):
            out["output"][:n] = value(self.function, self.weight * x + self.bias + state["shift"][0])
        state["phase"][0] += n
        return n

    def _z(self, state, x):
        return self.weight * x + self.bias + state["shift"][0]

    def observe(self, constants, state, stream):
        if stream == "curve":
            return np.array([INPUTS, value(self.function, self._z(state, INPUTS))])
        if stream == "slope":
            return np.array([INPUTS, self.weight * derivative(self.function, self._z(state, INPUTS))])
        if stream == "probabilities":
            return softmax(np.array(self.logits[0]), self.temperature)
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        x = float(self._x(state["phase"])[0])
        p = softmax(np.array(self.logits[0]), self.temperature)
        z = self._z(state, np.array([x]))
        return {
            "x": x,
            "y": float(value(self.function, z)[0]),
            "dy/dx": float(self.weight * derivative(self.function, z)[0]),
            "entropy (nats)": float(-(p * np.log(np.maximum(p, 1e-300))).sum()),
        }

    @action(
        "Shift the curve",
        hidden=True,
        x=(float, param(0.0, lo=-100.0, hi=100.0, doc="Input at which the sum shall be 0.")),
        y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Not used.")),
    )
    def shift(self, constants, state, x, y):
        """Move the middle of the curve to where the person drags (added to the bias)."""
        state["shift"][0] = -self.weight * x - self.bias

    @classmethod
    def figures(cls):
        def slope_error(run):
            h, worst = 1e-5, 0.0
            for name in FUNCTIONS:
                z = INPUTS[np.abs(INPUTS) > 1e-3]  # not at the kinks
                numeric = (value(name, z + h) - value(name, z - h)) / (2 * h)
                worst = max(worst, float(np.abs(numeric - derivative(name, z)).max()))
            return worst

        def big(run):
            z = 1e6 * np.random.default_rng(0).standard_normal(1000)
            p = softmax(z)
            return float(np.isfinite(p).all() and abs(p.sum() - 1) < 1e-12)

        def marker(run):
            result = run(cls(function="tanh", weight=2.0, bias=0.5), steps=300)
            return float(np.abs(result["output"] - np.tanh(2 * result["input"] + 0.5)).max())

        yield Figure(
            "derivative against central difference, worst", 1e-8, slope_error, bound="at_most", source="central difference, h = 1e-5"
        )
        yield Figure("softmax of 1000 logits of size 1e6 is finite and sums to 1", 1.0, big, source="definition")
        yield Figure("output over the sweep equals tanh(w x + b), worst", 1e-15, marker, bound="at_most", source="closed form")
