"""The sigmoid neuron, its activation functions with derivatives, and the softmax."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import kernel, seed_state, uniform
from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

FUNCTIONS = ("logistic", "tanh", "ReLU", "step", "identity", "softplus", "GELU")
INPUTS = np.linspace(-6.0, 6.0, 601)
READ = ("as a rate", "as a chance")
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


@kernel
def _read(y, owed, shares, rng, read, rows, events):
    """Read each output as a rate (a spike whenever one is due) and as a chance (yes with that chance); returns the steps done."""
    steps, index, value, count = events
    for k in range(len(y)):
        if count[0] + 2 > len(steps):
            return k
        owed[0] += y[k]
        spike = owed[0] >= 1.0 - 1e-9
        if spike:
            owed[0] = max(0.0, owed[0] - 1.0)
        yes = uniform(rng) < y[k]
        for j in range(2):
            happened = spike if j == 0 else yes
            if happened:
                steps[count[0]], index[count[0]], value[count[0]] = k, j, 0.0
                count[0] += 1
                read[j] += 1
            shares[j] = min(1.0, shares[j] + (happened - shares[j]) * 0.02)
            rows[k, j] = shares[j]
        read[2] += 1
        rows[k, 2] = y[k]
    return len(y)


class ActivationFunctions(Model):
    """A neuron one can look into: inputs times weights, their sum, and the activation function that the sum passes: `y = sigma(w . x + b)`.

    The first input sweeps back and forth, the others stand where you put them. Drag a wire of the drawn neuron up or down to
    change its weight, drag in the curve to move its middle: that changes the bias. The weight of the first input makes the
    curve steeper, everything else moves it sideways. The dots on the curve and on its derivative are where the neuron is
    now; the derivative is what learning sees. Compare the functions: the logistic one never passes more than a quarter of
    the weight on, and the step none at all.

    What does an output of 0.3 say? Time is not in it, so it may be read as a firing rate, three tenths of the largest, or as a chance, yes in
    three of ten trials. *Rate or chance* does both with the same number: the spikes come evenly, the answers by chance, and counted for long
    enough they agree. That holds for outputs from 0 to 1 only; what lies beyond is cut off there.

    The bars are a softmax, which turns any numbers (logits) into probabilities: the drawer *Softmax* has its steps. The
    temperature sharpens or flattens them: near 0 the largest takes all, at high temperature all become equal.
    """

    name = "activation-functions"
    title = "Sigmoid neuron and softmax"
    group = "Rates and codes"
    icon = "mdi6.sigma"
    order = 10
    also = "sigmoid; softmax; logistic function; ReLU; tanh; transfer function; artificial neuron; temperature; Boltzmann distribution; threshold unit"
    equations = (r"y = \sigma\left(\sum_i w_i x_i + b\right)", r"\mathrm{softmax}(z)_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}")
    symbols = r"\sigma: activation function"
    source = "Goodfellow, Bengio, Courville, Deep Learning (2016), sections 6.2 and 6.3; Hendrycks and Gimpel (2016) for GELU"
    presets = {
        "Logistic neuron": Preset({}, shows="abs(max(slope dy/dx) - 0.25) < 0.001"),
        "A hard threshold: nothing to learn from": Preset({"function": "step"}, shows="max(curve y) = 1 and max(slope dy/dx) = 0"),
        "Steep tanh": Preset({"function": "tanh", "weight": 5.0}, shows="abs(max(slope dy/dx) - 5) < 0.01"),
        "Cold softmax": Preset({"temperature": 0.1}, shows="max(probabilities) > 0.999"),
    }

    function: str = param("logistic", choices=FUNCTIONS, main=True, doc="Activation function sigma.")
    weight: float = param(
        1.0, lo=-10.0, hi=10.0, main=True, symbol="w_1", doc="Weight of the first input, which sweeps: the steepness of the curve."
    )
    bias: float = param(0.0, lo=-100.0, hi=100.0, soft=(-10.0, 10.0), main=True, symbol="b", doc="Bias: shifts the curve along the input.")
    x2: float = param(1.0, lo=-10.0, hi=10.0, group="Other inputs", symbol="x_2", label="Second input", doc="The second input.")
    w2: float = param(1.5, lo=-10.0, hi=10.0, group="Other inputs", symbol="w_2", label="Weight of x₂", doc="Weight of the second input.")
    x3: float = param(1.0, lo=-10.0, hi=10.0, group="Other inputs", symbol="x_3", label="Third input", doc="The third input.")
    w3: float = param(-1.5, lo=-10.0, hi=10.0, group="Other inputs", symbol="w_3", label="Weight of x₃", doc="Weight of the third input.")
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
            Stream("slope now", "trace", "", "Derivative of the output by the input, where the neuron is."),
            Stream(
                "read",
                "raster",
                "",
                "The output read twice: spikes of a cell with that rate, and answers of a unit that says yes with that chance.",
                channels=READ,
            ),
            Stream(
                "read share",
                "trace",
                "",
                "Part of the steps with a spike, and with a yes, of the last half second; and the output.",
                shape=(3,),
                channels=(*READ, "output"),
                every=1,
            ),
            Stream("neuron", "network", "", "Inputs, weights, their sum and the output."),
            Stream("arithmetic", "table", "", "Every product, their sum, and what becomes of it."),
            Stream("curve", "curve", "", "The output over the input.", channels=("y",)),
            Stream("slope", "curve", "", "Derivative of the output by the input.", channels=("dy/dx",)),
            Stream("probabilities", "bars", "", "Softmax of the logits."),
            Stream("softmax steps", "table", "", "From the logits to the probabilities."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("neuron", "Neuron", (Layer("neuron"),), drag="set_weight", front=True, weight=1.2, doc="Drag a wire up or down to change its weight."),
            Picture(
                "function", "Activation", (Layer("curve", label="y"), Layer("output", x="input", style="marker")),
                x="input x₁", y="output y", x_range=(-6, 6), figures=("y",), front=True, drag="shift",
            ),
            Picture("derivative", "Derivative", (Layer("slope", label="dy/dx"), Layer("slope now", x="input", style="marker")), x="input x₁", y="dy/dx₁", x_range=(-6, 6), figures=("dy/dx",), front=True),
            Picture("read", "One number, read twice", (Layer("read"),), window=4.0, doc="As a rate, of up to 100 spikes a second; as a chance, by a unit that is thrown a hundred times a second. Only an output from 0 to 1 can be both."),
            Picture("read_share", "Rate and chance, counted", (Layer("read share", channel=0, label="rate / 100 Hz"), Layer("read share", channel=1, label="part of yes"), Layer("read share", channel=2, theory=True, label="output y")), y="0 to 1", window=4.0, y_range=(-0.05, 1.05)),
            Picture("softmax", "Softmax", (Layer("probabilities", style="bars"),), x="class", y="probability", y_range=(0, 1), figures=("entropy (nats)",)),
            Picture("arithmetic", "Arithmetic", (Layer("arithmetic"),)),
            Picture("time", "Over time", (Layer("input", label="x"), Layer("output", label="y")), y="x₁, y", window=4.0),
            Picture("softmax_steps", "Softmax, step by step", (Layer("softmax steps"),)),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The neuron with its numbers, beside it what its sum passes and the slope there; the softmax stands by itself."""
        return Stage(
            "neuron",
            ("function", "derivative"),
            below=("arithmetic", "softmax"),
            drawers=(("Rate or chance", ("read", "read_share")), ("Softmax", ("softmax_steps",))),
        )

    def start(self, constants, seed):
        return {
            "phase": np.zeros(1, np.int64), "shift": np.zeros(1), "rng": seed_state(seed), "owed": np.zeros(1), "shares": np.zeros(2),
            "read": np.zeros(3, np.int64),
        }  # fmt: skip

    def _x(self, phase: np.ndarray) -> np.ndarray:
        """A triangle between -6 and 6 with period 2 SWEEP steps."""
        return 6.0 - 12.0 * np.abs((phase % (2 * SWEEP)) / SWEEP - 1.0)

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT, "read": COUNT, "owed": Bound(0.0, 1.0), "shares": Bound(0.0, 1.0)}

    def advance(self, constants, state, n, out):
        phase = state["phase"][0] + 1 + np.arange(n)
        x = self._x(phase)
        if out.wanted("input"):
            out["input"][:n] = x
        if out.wanted("output"):
            out["output"][:n] = value(self.function, self._z(state, x))
        if out.wanted("slope now"):
            out["slope now"][:n] = self.weight * derivative(self.function, self._z(state, x))
        y = value(self.function, self._z(state, x))
        shares = out["read share"] if out.wanted("read share") else np.empty((n, 3))
        n = _read(np.clip(y, 0.0, 1.0), state["owed"], state["shares"], state["rng"], state["read"], shares[:n], out.events["read"].columns)
        state["phase"][0] += n
        return n

    @property
    def _others(self) -> float:
        """What the inputs that stand still add to the sum."""
        return self.w2 * self.x2 + self.w3 * self.x3

    def _z(self, state, x):
        return self.weight * x + self._others + self.bias + state["shift"][0]

    def _wires(self, state) -> tuple[tuple[str, float, float], ...]:
        """Name, value and weight of each input; the bias is the weight of an input that is always 1."""
        x = float(self._x(state["phase"])[0])
        return (
            ("x₁", x, self.weight),
            ("x₂", self.x2, self.w2),
            ("x₃", self.x3, self.w3),
            ("1", 1.0, self.bias + float(state["shift"][0])),
        )

    def observe(self, constants, state, stream):
        if stream == "curve":
            return np.array([INPUTS, value(self.function, self._z(state, INPUTS))])
        if stream == "slope":
            return np.array([INPUTS, self.weight * derivative(self.function, self._z(state, INPUTS))])
        if stream == "probabilities":
            return softmax(np.array(self.logits[0]), self.temperature)
        if stream == "neuron":
            wires = self._wires(state)
            z = sum(x * w for _, x, w in wires)
            y = float(value(self.function, np.array([z]))[0])
            layers = [
                dict(
                    name="inputs",
                    units=4,
                    values=np.array([x for _, x, _ in wires]),
                    names=[name for name, _, _ in wires],
                    numbers=True,
                    scale=6.0,
                ),
                dict(name="sum z", units=1, values=np.array([z]), names=["z"], numbers=True, words="sum z", scale=6.0),
                dict(name="outputs", units=1, values=np.array([y]), names=["y"], numbers=True, words=self.function, scale=1.0),
            ]
            weights = np.array([[w] for _, _, w in wires])
            return dict(
                layers=layers,
                wires=[
                    dict(source=0, target=1, weights=weights, numbers=True),
                    dict(source=1, target=2, weights=np.ones((1, 1)), fixed=True),
                ],
            )
        if stream == "arithmetic":
            wires = self._wires(state)
            z = sum(x * w for _, x, w in wires)
            rows: list[dict[str, object]] = [{"": name if name != "1" else "bias", "x": x, "w": w, "w x": w * x} for name, x, w in wires]
            y, slope = (float(f(self.function, np.array([z]))[0]) for f in (value, derivative))
            return [*rows, {"": "sum z", "w x": z}, {"": "output σ(z)", "w x": y}, {"": "slope σ'(z)", "w x": slope}]
        if stream == "softmax steps":
            logits = np.array(self.logits[0])
            e = np.exp((logits - logits.max()) / self.temperature)
            return [
                {"class": k, "z": float(logits[k]), "z / T": float(logits[k] / self.temperature), "e^((z - max z) / T)": float(e[k]), "probability": float(e[k] / e.sum())}
                for k in range(len(logits))
            ]  # fmt: skip
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        x = float(self._x(state["phase"])[0])
        p = softmax(np.array(self.logits[0]), self.temperature)
        z = self._z(state, np.array([x]))
        return {
            "x": x,
            "y": float(value(self.function, z)[0]),
            "dy/dx": float(self.weight * derivative(self.function, z)[0]),
            "spikes": int(state["read"][0]),
            "yes": int(state["read"][1]),
            "entropy (nats)": float(-(p * np.log(np.maximum(p, 1e-300))).sum()),
        }

    @action(
        "Shift the curve",
        hidden=True,
        x=(float, param(0.0, lo=-100.0, hi=100.0, doc="Input at which the sum shall be 0.")),
        y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Not used.")),
    )
    def shift(self, constants, state, x, y):
        """Move the middle of the curve to where the person drags, by the bias."""
        state["shift"][0] = 0.0
        return {"bias": float(np.clip(-self.weight * x - self._others, -100.0, 100.0))}

    @action(
        "Set a weight",
        hidden=True,
        wire=(int, param(0, lo=0, hi=0, doc="Which wires: those of the inputs.")),
        source=(int, param(0, lo=0, hi=3, doc="The input; 3 is the bias.")),
        target=(int, param(0, lo=0, hi=0, doc="The sum.")),
        value=(float, param(0.0, lo=-100.0, hi=100.0, doc="Its weight from now on.")),
    )
    def set_weight(self, constants, state, wire, source, target, value):
        """Drag a wire: the weight of an input, or the bias."""
        if source == 3:
            state["shift"][0] = 0.0
            return {"bias": value}
        return {("weight", "w2", "w3")[source]: max(-10.0, min(10.0, value))}

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

        def drawn(run):
            model = cls(weight=0.7, bias=-0.3, x2=2.0, w2=0.4, x3=-1.0, w3=1.1, function="tanh")
            result = run(model, steps=123)
            shown = model.observe(None, result.state, "neuron")
            x, w = np.asarray(shown["layers"][0]["values"]), np.asarray(shown["wires"][0]["weights"])[:, 0]
            return float(abs(np.tanh(w @ x) - result["output"][-1]))

        def read(which):
            def measure(run):
                """Rate (in units of the largest) or part of yes over 20,000 steps of a neuron whose output stands still at 0.3."""
                told = run(cls(weight=0.0, w2=0.0, w3=0.0, bias=math.log(0.3 / 0.7)), steps=20_000, seed=3, record={}).summary
                return told[which] / 20_000

            return measure

        yield Figure(
            "an output of 0.3 read as a rate: spikes over steps", 0.3, read("spikes"), tolerance=1e-4, source="a spike whenever one is due"
        )
        yield Figure(
            "an output of 0.3 read as a chance: part of yes", 0.3, read("yes"), tolerance=0.01, source="binomial, three standard errors"
        )
        yield Figure("drawn inputs times drawn weights against the output", 1e-15, drawn, bound="at_most", source="y = tanh(w . x)")
        yield Figure(
            "derivative against central difference, worst", 1e-8, slope_error, bound="at_most", source="central difference, h = 1e-5"
        )
        yield Figure("softmax of 1000 logits of size 1e6 is finite and sums to 1", 1.0, big, source="definition")
        yield Figure("output over the sweep equals tanh(w x + b), worst", 1e-15, marker, bound="at_most", source="closed form")
