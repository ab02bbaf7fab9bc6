"""The sigmoid neuron, its activation functions with derivatives, and the softmax."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels import kernel, seed_state, uniform
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

CHANCES = ("logistic", "step")  # those whose values lie between 0 and 1
FUNCTIONS = ("logistic", "tanh", "ReLU", "step", "identity", "softplus", "GELU")
TRIALS = 20  # of either reading
ASKED = 10  # steps from one yes or no to the next
MOST_SPIKES = 30.0  # spikes per second of a cell whose number is 1
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


@kernel
def _read(y, phase, rng, spike, found):
    """Marks (n, 2 TRIALS): a yes with the chance y, asked every ASKED steps; a spike in a step with the chance `spike` times y."""
    for k in range(len(y)):
        for i in range(TRIALS):
            found[k, i] = (phase + k) % ASKED == 0 and uniform(rng) < y[k]
        for i in range(TRIALS, 2 * TRIALS):
            found[k, i] = uniform(rng) < spike * y[k]


class ActivationFunctions(Model):
    """A neuron one can look into: inputs times weights, their sum, and the activation function that the sum passes: `y = sigma(w . x + b)`.

    The first input sweeps back and forth, the others stand where you put them. Drag a wire of the drawn neuron up or down to
    change its weight, drag in the curve to move its middle: that changes the bias. The weight of the first input makes the
    curve steeper, everything else moves it sideways. The dots on the curve and on its derivative are where the neuron is
    now; the derivative is what learning sees. Compare the functions: the logistic one never passes more than a quarter of
    the weight on, and the step none at all.

    A number between 0 and 1 can be read in two ways: as the chance of a yes, or as the rate of a cell that fires more or less often. *Read twice* does
    both with the present output. And the bias is minus a threshold: the output passes the middle where the weighted sum of the inputs passes
    minus the bias, as the arithmetic says.

    The bars are a softmax, which turns any numbers (logits) into probabilities: the drawer *Softmax* has its steps. The
    temperature sharpens or flattens them: near 0 the largest takes all, at high temperature all become equal.
    """

    name = "activation-functions"
    title = "Sigmoid neuron and softmax"
    group = "Rates and codes"
    icon = "mdi6.sigma"
    order = 10
    also = "sigmoid; softmax; logistic function; ReLU; tanh; transfer function; artificial neuron; temperature; Boltzmann distribution; threshold unit"
    equations = (
        r"y = \sigma\left(\sum_i w_i x_i + b\right)",
        r"w \cdot x + b > 0 \;\Leftrightarrow\; w \cdot x > \theta = -b",
        r"\mathrm{softmax}(z)_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}",
    )
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
            Stream("neuron", "network", "", "Inputs, weights, their sum and the output."),
            Stream("arithmetic", "table", "", "Every product, their sum, and what becomes of it."),
            Stream("curve", "curve", "", "The output over the input.", channels=("y",)),
            Stream("slope", "curve", "", "Derivative of the output by the input.", channels=("dy/dx",)),
            Stream("probabilities", "bars", "", "Softmax of the logits."),
            Stream(
                "read",
                "raster",
                "",
                f"The output read twice: {TRIALS} rows of yes, asked ten times a second; {TRIALS} cells that fire at up to {MOST_SPIKES:g} spikes a second.",
            ),
            Stream(
                "reading",
                "trace",
                "",
                "Share of yes when last asked, and spikes of the cells of late over the most there can be.",
                shape=(2,),
                channels=("share of yes", "rate of the cells"),
                every=1,
            ),
            Stream("softmax steps", "table", "", "From the logits to the probabilities."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        twice = (
            Picture("read", "Read twice", (Layer("read"),), window=4.0, y="answers, cells", doc=f"Below: a yes with the chance y, {TRIALS} times. Above: {TRIALS} cells whose rate is y times {MOST_SPIKES:g} spikes a second."),
            Picture("reading", "As a chance, and as a rate", (Layer("reading"), Layer("output", theory=True, label="y")), y="y", y_range=(0.0, 1.0), window=4.0, figures=("y",)),
        )  # fmt: skip
        return (
            Picture("neuron", "Neuron", (Layer("neuron"),), drag="set_weight", front=True, weight=1.2, doc="Drag a wire up or down to change its weight."),
            Picture(
                "function", "Activation", (Layer("curve", label="y"), Layer("output", x="input", style="marker")),
                x="input x₁", y="output y", x_range=(-6, 6), figures=("y",), front=True, drag="shift",
            ),
            Picture("derivative", "Derivative", (Layer("slope", label="dy/dx"), Layer("slope now", x="input", style="marker")), x="input x₁", y="dy/dx₁", x_range=(-6, 6), figures=("dy/dx",), front=True),
            Picture("softmax", "Softmax", (Layer("probabilities", style="bars"),), x="class", y="probability", y_range=(0, 1), figures=("entropy (nats)",)),
            Picture("arithmetic", "Arithmetic", (Layer("arithmetic"),)),
            Picture("time", "Over time", (Layer("input", label="x"), Layer("output", label="y")), y="x₁, y", window=4.0),
            Picture("softmax_steps", "Softmax, step by step", (Layer("softmax steps"),)),
            *(twice if self.function in CHANCES else ()),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The neuron with its numbers, beside it what its sum passes and the slope there; the softmax stands by itself."""
        return Stage(
            "neuron",
            ("function", "derivative"),
            below=("arithmetic", "softmax"),
            drawers=(("Softmax", ("softmax_steps",)), *((("Read twice", ("reading", "read")),) if self.function in CHANCES else ())),
        )

    def start(self, constants, seed):
        return {"phase": np.zeros(1, np.int64), "shift": np.zeros(1), "rng": seed_state(seed), "late": np.zeros(2)}

    def _x(self, phase: np.ndarray) -> np.ndarray:
        """A triangle between -6 and 6 with period 2 SWEEP steps."""
        return 6.0 - 12.0 * np.abs((phase % (2 * SWEEP)) / SWEEP - 1.0)

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT}

    def advance(self, constants, state, n, out):
        events, keep = out.events["read"], 0.8  # of late: a time constant of five steps
        n = min(n, (len(events.steps) - int(events.count[0])) // (2 * TRIALS))
        phase = state["phase"][0] + 1 + np.arange(n)
        x = self._x(phase)
        y = np.clip(value(self.function, self._z(state, x)), 0.0, 1.0)
        marks = np.zeros((n, 2 * TRIALS), np.bool_)
        if n:
            _read(y, int(phase[0]), state["rng"], MOST_SPIKES * self.clock.dt, marks)
        for step, index in zip(*np.nonzero(marks), strict=True):
            events.append(int(step), int(index), 0.5)
        late = state["late"]
        for k in range(n):
            if phase[k] % ASKED == 0:
                late[0] = marks[k, :TRIALS].mean()
            late[1] = keep * late[1] + (1.0 - keep) * marks[k, TRIALS:].mean() / (MOST_SPIKES * self.clock.dt)
            if out.wanted("reading"):
                out["reading"][k] = late
        if out.wanted("input"):
            out["input"][:n] = x
        if out.wanted("output"):
            out["output"][:n] = value(self.function, self._z(state, x))
        if out.wanted("slope now"):
            out["slope now"][:n] = self.weight * derivative(self.function, self._z(state, x))
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
            bias = wires[-1][2]
            found = [
                ("sum z", z),
                ("output σ(z)", y),
                ("slope σ'(z)", slope),
                ("weighted sum w·x", z - bias),
                ("threshold θ = −b", 0.0 - bias),
            ]
            return [*rows, *({"": name, "w x": number} for name, number in found)]
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

        def threshold(run):
            """Patterns of three inputs in which the step neuron differs from a gate whose threshold is minus the bias."""
            rng, wrong = np.random.default_rng(0), 0
            for _ in range(200):
                w, b, x = rng.standard_normal(3), rng.standard_normal(), rng.standard_normal(3)
                model = cls(function="step", weight=w[0], w2=w[1], w3=w[2], x2=x[1], x3=x[2], bias=b)
                y = value("step", model._z({"shift": np.zeros(1)}, np.array([x[0]])))[0]
                wrong += bool(y) != (w @ x >= -b)
            return float(wrong)

        def twice(run):
            """Yes and spikes over five sweeps against what the output led to expect, the larger in standard errors."""
            result = run(cls(), steps=10 * SWEEP, seed=3, record={"output": 1, "read": 1})
            y, events = result["output"], result.recorded("read")
            asked = y[(np.arange(1, len(y) + 1) % ASKED) == 0]
            spike = MOST_SPIKES * cls().clock.dt * y
            yes, spikes = int((events.index < TRIALS).sum()), int((events.index >= TRIALS).sum())
            errors = [
                abs(yes - TRIALS * asked.sum()) / np.sqrt(TRIALS * (asked * (1 - asked)).sum()),
                abs(spikes - TRIALS * spike.sum()) / np.sqrt(TRIALS * (spike * (1 - spike)).sum()),
            ]
            return float(max(errors))

        def drawn(run):
            model = cls(weight=0.7, bias=-0.3, x2=2.0, w2=0.4, x3=-1.0, w3=1.1, function="tanh")
            result = run(model, steps=123)
            shown = model.observe(None, result.state, "neuron")
            x, w = np.asarray(shown["layers"][0]["values"]), np.asarray(shown["wires"][0]["weights"])[:, 0]
            return float(abs(np.tanh(w @ x) - result["output"][-1]))

        yield Figure(
            "step neurons that differ from a gate of threshold minus b, of 200", 0.0, threshold, source="w x + b >= 0 is w x >= -b"
        )
        yield Figure(
            "output read as chances and as rates, standard errors off, larger", 4.0, twice, bound="at_most", source="binomial counts"
        )
        yield Figure("drawn inputs times drawn weights against the output", 1e-15, drawn, bound="at_most", source="y = tanh(w . x)")
        yield Figure(
            "derivative against central difference, worst", 1e-8, slope_error, bound="at_most", source="central difference, h = 1e-5"
        )
        yield Figure("softmax of 1000 logits of size 1e6 is finite and sums to 1", 1.0, big, source="definition")
        yield Figure("output over the sweep equals tanh(w x + b), worst", 1e-15, marker, bound="at_most", source="closed form")
