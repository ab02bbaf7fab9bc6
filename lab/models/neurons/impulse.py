"""The impulse: pulses of area one that grow narrower, and the value that they pick out of an integral."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from lab.errors import ModelError
from lab.model import Clock, Figure, Handle, Layer, Model, Picture, Preset, Stage, Stream, index, param

LONGEST = 48  # widths that are tried, each 2^(-1/4) of the one before
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wave": lambda t: np.sin(2 * math.pi * t) + 0.5,
    "bump": lambda t: np.exp(-8.0 * t * t),
    "cubic": lambda t: t**3 - 0.6 * t + 0.4,
    "current of a synapse": lambda t: np.where(t > 0, 8.0 * np.maximum(t, 0) * np.exp(-6.0 * np.maximum(t, 0)), 0.0),
    "step": lambda t: (t >= 0).astype(float),
}
SHAPES = ("box", "triangle", "Gaussian", "exponential")


@cache
def nodes(shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Places u and shares of a pulse of width one: the sum of share f(T + width u) is the integral of f times the pulse. Shares add up to one."""
    x, w = np.polynomial.legendre.leggauss(200)
    if shape == "box":
        return 0.5 * x, 0.5 * w
    if shape == "triangle":
        u = np.concatenate([0.5 * (x - 1.0), 0.5 * (x + 1.0)])
        return u, 0.5 * np.concatenate([w, w]) * (1.0 - np.abs(u))
    if shape == "Gaussian":
        u, v = np.polynomial.hermite.hermgauss(80)
        return math.sqrt(2.0) * u, v / math.sqrt(math.pi)
    u, v = np.polynomial.laguerre.laggauss(80)
    return -u, v


def height(shape: str, u: np.ndarray) -> np.ndarray:
    """The pulse of width one at u: its area is one. A spike that decays lies before T, as what a synapse remembers does."""
    if shape == "box":
        return (np.abs(u) <= 0.5).astype(float)
    if shape == "triangle":
        return np.maximum(0.0, 1.0 - np.abs(u))
    if shape == "Gaussian":
        return np.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi)
    return np.where(u <= 0.0, np.exp(np.minimum(u, 0.0)), 0.0)


class Impulse(Model):
    """An impulse has area one and no width. Under an integral it picks out one value: `∫ f(t) δ(T - t) dt = f(T)`.

    Nothing real is like that, but pulses come as near as one likes. Each step makes the pulse narrower and higher, its
    area stays one. The product of f and the pulse is nothing except around T, and its integral, which is a mean of f near T,
    goes to f(T): that is all that δ means ("infinite at nought" would not say how much). Drag T along and see the other values picked.

    How fast it gets there depends on the pulse: symmetric ones err by the curvature of f, in proportion to the width squared; a
    pulse that lies on one side only, like the decaying one of a synapse, errs by the slope, in proportion to the width. At a jump a symmetric
    pulse settles in the middle, and one that looks back on the value before.

    A spike train is a sum of impulses, so what a synapse makes of it, `∫ h(t - s) Σ δ(s - t_p) ds`, is `Σ h(t - t_p)`.
    """

    name = "impulse"
    title = "Impulse and sifting"
    group = "Synapses"
    icon = "mdi6.pulse"
    order = 15
    also = "delta function; Dirac; delta; sifting property; impulse; sampling; area one; unit impulse; spike as an impulse"
    equations = (
        r"\delta_w(t) = \frac{1}{w}\, p\!\left(\frac{t}{w}\right), \qquad \int \delta_w(t)\, dt = 1",
        r"\int f(t)\, \delta(T - t)\, dt = \lim_{w \to 0} \int f(t)\, \delta_w(t - T)\, dt = f(T)",
        r"\mathrm{symmetric:}\ |\mathrm{error}| \le \tfrac{1}{2} m_2 w^2 \max|f''|, \qquad \mathrm{one\ sided:}\ |\mathrm{error}| \le m_1 w \max|f'|",
    )
    symbols = r"m: moments of the shape p, of the first and second order"
    source = "Bracewell, The Fourier Transform and Its Applications (2000), chapter 5; Dayan and Abbott, Theoretical Neuroscience (2001), section 1.2"
    presets = {
        "Box": Preset({}, shows="abs(integral - f(T)) < 0.00001 and area = 1", after=48.0),
        "The decaying pulse of a synapse": Preset(
            {"shape": "exponential"}, shows="abs(integral - f(T)) < 0.01 and abs(integral - f(T)) > 0", after=48.0
        ),
        "At a jump: the middle": Preset(
            {"function": "step", "T": 0.0, "shape": "Gaussian"}, shows="abs(integral - 0.5) < 0.000001", after=48.0
        ),
        "A synapse's current at 0.3": Preset(
            {"function": "current of a synapse", "T": 0.3}, shows="abs(integral - f(T)) < 0.0001", after=48.0
        ),
    }

    function: str = param("wave", choices=tuple(FUNCTIONS), main=True, doc="The function f that is looked at.")
    T: float = param(0.35, lo=-1.0, hi=1.0, main=True, symbol="T", label="Place", doc="Where the impulse stands; drag it in the plot.")
    shape: str = param("box", choices=SHAPES, main=True, doc="Shape of the pulse; each has area one.")
    widest: float = param(0.8, lo=0.01, hi=2.0, main=True, label="First width", doc="Width w of the first pulse.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "pulse", physical=True)

    @property
    def speed(self) -> float:
        return 3.0

    @property
    def length(self) -> int:
        return LONGEST

    def f(self, t) -> np.ndarray:
        """The function at t."""
        return FUNCTIONS[self.function](np.asarray(t, float))

    def width(self, k) -> np.ndarray:
        """Width of the k-th pulse."""
        return self.widest * 2.0 ** (-np.asarray(k, float) / 4.0)

    def integral(self, width: float) -> float:
        """The integral of f times the pulse of this width at T."""
        u, share = nodes(self.shape)
        return float(share @ self.f(self.T + width * u))

    def bound(self, widths: np.ndarray) -> np.ndarray:
        """How far the integral can be from f(T) at most; NaN where f jumps or bends sharply."""
        if self.function in ("step", "current of a synapse"):
            return np.full(len(widths), np.nan)
        t = np.linspace(-3.0, 3.0, 24001)
        slope, bend = np.gradient(self.f(t), t), np.gradient(np.gradient(self.f(t), t), t)
        reach = np.abs(t) <= 1.0 + 2.0 * self.widest
        u, share = nodes(self.shape)
        if self.shape == "exponential":
            return widths * np.abs(slope[reach]).max()
        return 0.5 * widths**2 * float(share @ (u * u)) * np.abs(bend[reach]).max()

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("integral", "trace", "", "Integral of f times the pulse, and the value f(T).", (2,), ("integral", "f(T)"), every=1),
            Stream("function", "curve", "", "The function f.", channels=("f",)),
            Stream("picked", "curve", "", "The value at T.", channels=("f(T)",)),
            Stream("pulse", "curve", "", "The pulse, and the first one.", channels=("first pulse", "pulse")),
            Stream("product", "curve", "", "f times the pulse.", channels=("f × pulse",)),
            Stream(
                "running",
                "curve",
                "",
                "Integral of the product up to t, and of the pulse alone.",
                channels=("of f × pulse", "of the pulse"),
            ),
            Stream("errors", "curve", "", "How far the integral is from f(T), for every pulse so far.", channels=("error",)),
            Stream("bounds", "curve", "", "What theory says it is at most.", channels=("bound",)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        t, across = "t", (-1.0, 1.0)
        return (
            Picture("function", "The function, and the value that is picked", (Layer("function"), Layer("picked", style="points", label="f(T)")), x=t, y="f", x_range=across, handles=(Handle("T", "x"),), figures=("f(T)",), front=True, weight=1.3),
            Picture("pulse", "Pulse of area one", (Layer("pulse", channel=0, style="dotted", label="first"), Layer("pulse", channel=1, label="pulse")), x=t, y="height", x_range=across, figures=("width", "area"), front=True),
            Picture("product", "Function times pulse", (Layer("product", style="fill"),), x=t, y="f × pulse", x_range=across, front=True),
            Picture("running", "Integral up to t", (Layer("running", channel=1, style="dotted", label="of the pulse: to 1"), Layer("running", channel=0, label="of f × pulse: to f(T)")), x=t, y="integral", x_range=across, figures=("integral",), front=True),
            Picture("errors", "Error against width", (Layer("bounds", theory=True), Layer("errors", style="points", label="error")), x="width w", y="|integral − f(T)|", x_log=True, y_log=True),
            Picture("integral", "Narrower and narrower", (Layer("integral", channel=1, style="dashed", label="f(T)"), Layer("integral", channel=0, label="integral")), y="integral"),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Function, pulse and product above one another as they are multiplied; their integral beside."""
        return Stage("function", companions=("pulse", "running", "product"), below=("integral", "errors"))

    def start(self, constants, seed):
        return {"made": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return {"made": index(LONGEST + 1)}

    def advance(self, constants, state, n, out):
        rows = out["integral"]
        for k in range(n):
            if len(rows):
                rows[k] = self.integral(float(self.width(state["made"][0]))), self.f(self.T)
            state["made"][0] += 1
        return n

    def _now(self, state) -> int:
        """Number of the pulse that is drawn, from 0."""
        return max(0, int(state["made"][0]) - 1)

    def observe(self, constants, state, stream):
        width = float(self.width(self._now(state)))
        t = np.linspace(-1.0, 1.0, 1001)
        # Fine around the pulse, however narrow it is.
        t = np.sort(
            np.concatenate([t, self.T + width * np.linspace(-4.0, 4.0, 401), self.T + width * np.array([-0.5 - 1e-9, 0.5 + 1e-9, 1e-9])])
        )
        pulse = height(self.shape, (t - self.T) / width) / width
        if stream == "function":
            return np.array([t, self.f(t)])
        if stream == "picked":
            return np.array([[self.T], [float(self.f(self.T))]])
        if stream == "pulse":
            return np.array([t, height(self.shape, (t - self.T) / self.widest) / self.widest, pulse])
        if stream == "product":
            return np.array([t, self.f(t) * pulse])
        if stream == "running":
            both = np.array([self.f(t) * pulse, pulse])
            steps = 0.5 * (both[:, 1:] + both[:, :-1]) * np.diff(t)
            return np.vstack([t, np.concatenate([np.zeros((2, 1)), np.cumsum(steps, 1)], 1)])
        if stream in ("errors", "bounds"):
            widths = self.width(np.arange(self._now(state) + 1 if stream == "errors" else LONGEST))
            if stream == "bounds":
                return np.array([widths, self.bound(widths)])
            errors = np.array([abs(self.integral(float(w)) - float(self.f(self.T))) for w in widths])
            return np.array([widths, np.maximum(errors, 1e-12)])
        raise ModelError(f"{self.name} has no stream '{stream}'.")

    def summary(self, constants, state):
        width = float(self.width(self._now(state)))
        _, share = nodes(self.shape)
        return {"width": width, "area": round(float(share.sum()), 12), "integral": self.integral(width), "f(T)": float(self.f(self.T))}

    @classmethod
    def figures(cls):
        def over_bound(shape):
            def measure(run):
                worst = 0.0
                for function in ("wave", "bump", "cubic"):
                    for T in (-0.7, 0.0, 0.35):
                        model = cls(function=function, T=T, shape=shape)
                        widths = model.width(np.arange(28))
                        errors = np.array([abs(model.integral(float(w)) - float(model.f(T))) for w in widths])
                        worst = max(worst, float((errors / model.bound(widths)).max()))
                return worst

            return measure

        def sifted(run):
            """A train of impulses through h by the integral of narrow pulses, against the sum of h(t - t_p)."""
            h = FUNCTIONS["current of a synapse"]
            found, direct = 0.0, 0.0
            for spike in (0.05, 0.2, 0.5):
                found += cls(function="current of a synapse", T=0.9 - spike).integral(1e-4)
                direct += float(h(np.array(0.9 - spike)))
            return abs(found - direct)

        yield Figure(
            "integral of the last pulse less f(T)", 0.0,
            lambda run: (lambda s: s["integral"] - s["f(T)"])(run(cls(), record={}).summary), tolerance=1e-6, source="sifting",
        )  # fmt: skip
        yield Figure(
            "area of every pulse, worst distance from one", 1e-12, lambda run: max(abs(float(nodes(s)[1].sum()) - 1.0) for s in SHAPES), bound="at_most",
            source="definition",
        )  # fmt: skip
        for shape in ("box", "exponential"):
            yield Figure(f"error over its bound, {shape}, worst", 1.001, over_bound(shape), bound="at_most", source="Taylor's theorem")
        yield Figure("three impulses through h against the sum of h(t - t_p)", 1e-6, sifted, bound="at_most", source="sifting")
