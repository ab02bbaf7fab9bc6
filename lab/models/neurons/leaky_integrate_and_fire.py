"""The leaky integrate-and-fire neuron."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.cells.neuron import Bench, Neuron, Start
from lab.cells.spikes import record_spike
from lab.kernels import kernel
from lab.model import CellTerms, Figure, Handle, Layer, Model, Out, Picture, Preset, State, Stream, param
from lab.params import redeclared

MOST = 8  # spikes of one cell in one step that are followed; more need a smaller step
NEVER = -1e300  # mV: a level that no membrane tends to
DRAWN = 0.5  # ms for which a spike is drawn, as high above threshold as threshold is above rest
BRUNEL_SERGI = 1.4603545088095868 / math.sqrt(2.0)  # |zeta(1/2)| / sqrt(2)


class LeakyIntegrateAndFire(Neuron):
    r"""A leaky capacitor with a threshold: the simplest neuron that fires.

    The membrane relaxes to `V_rest + R I` with time constant `tau_m`; when it reaches `V_th` the cell spikes, is put to
    `V_reset` and held there for `t_ref`. In the **normalised** form everything is measured from rest in units of the
    distance to threshold: `v = (V - V_rest) / (V_th - V_rest)` and `v_in = R I / (V_th - V_rest)`, so the cell spikes at
    1, is reset to 0 and only tau_m and t_ref remain. Both are the same cell and are drawn side by side.

    Books write the membrane in two ways. As a circuit it is a capacitance `C` beside a leak conductance `g_L`; as a filter it
    has a resistance `R = 1/g_L` and a time constant `tau_m = C/g_L`. Choose which pair you set; the other is told below. As long
    as the input stays the same the membrane follows one exponential, `v = v_in (1 - e^(-t/tau_m))` from rest: that closed form,
    begun anew where the input changed or the cell was reset, is drawn dashed over the normalised trace.

    **Try:** drag the threshold in the plot below the level that the membrane tends to. Give noise at a mean below
    threshold: the cell fires irregularly, at the rate that Siegert's formula says.

    **Numerics.** The stimulus is constant over a step, so a step is exact, and the crossing inside it is solved in closed
    form: intervals under constant current are right to rounding at any step.
    """

    name = "leaky-integrate-and-fire"
    title = "Leaky integrate-and-fire neuron"
    group = "Single cells"
    icon = "mdi6.battery-charging-50"
    order = 20
    also = "LIF; integrate and fire; IF neuron; I&F; Lapicque neuron; RC circuit; leaky integrator; simple neuron"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (
        r"\tau_m \dot V = -(V - V_{rest}) + R I,\quad \tau_m = R C,\qquad V \ge V_{th}:\ \text{spike},\ V \to V_{reset}\ \text{for}\ t_{ref}",
        r"C \dot V = I - g_L (V - V_{rest}),\qquad R = \frac{1}{g_L},\quad \tau_m = \frac{C}{g_L}",
        r"v(t) = v_{in}\,(1 - e^{-t/\tau_m})\quad (v_{in}\ \mathrm{constant},\ v(0) = 0)",
        r"\tau_m \dot v = v_{in} - v,\qquad v = \frac{V - V_{rest}}{V_{th} - V_{rest}},\quad v_{in} = \frac{R I}{V_{th} - V_{rest}}",
        r"T = t_{ref} + \tau_m \ln \frac{R I + V_{rest} - V_{reset}}{R I + V_{rest} - V_{th}}",
    )
    symbols = r"T: time from one spike to the next; \tau_m: time constant of the membrane"
    source = "Lapicque 1907; Siegert 1951, Phys Rev 81:617; coloured noise: Brunel and Sergi 1998, J Theor Biol 195:87"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Regular firing": Preset({"current": 2.5}, shows="abs(last interval - 13.09035) < 0.0001 and CV < 0.000001", after=300.0),
        "At threshold exactly": Preset({"current": 2.0}, shows="spikes = 0 and last(V) > -50.001 and last(V) < -50", after=200.0),
        "Noise below threshold": Preset({"stimulus": "noise", "current": 1.8, "sigma": 1.0}, shows="spikes > 10 and CV > 0.3"),
        "As a circuit: capacitance and leak": Preset(
            {"membrane": "C and g_L", "current": 2.5}, shows="R (MOhm) = 10 and tau_m (ms) = 8 and abs(last interval - 13.09035) < 0.0001", after=300.0
        ),
        "Normalised": Preset({"form": "normalised", "v_in": 1.5}, shows="abs(rate - theory rate) < 0.001 and max(v) < 1.001", after=300.0),
        "Filter of a sine": Preset(
            {"stimulus": "sine", "current": 1.0, "frequency": 20.0},
            shows="spikes = 0 and abs(max(V) + 70 - theory gain (mV per unit)) < 0.5", after=300.0,
        ),
    }  # fmt: skip
    plane = None

    current: float = redeclared(
        Neuron,
        "current",
        2.5,
        unit="nA",
        lo=-1000,
        hi=1000,
        soft=(0, 10),
        doc="Height of a step, pulse or ramp, amplitude of an oscillation, mean of noise (physical form).",
    )
    offset: float = redeclared(
        Neuron,
        "offset",
        0.0,
        unit="nA",
        lo=-1000,
        hi=1000,
        soft=None,
        doc="Constant current added to every stimulus (v_in in the normalised form).",
    )
    sigma: float = param(
        0.5,
        "nA",
        lo=0,
        hi=1000,
        soft=(0, 5),
        when=("stimulus", "noise"),
        group="Stimulus",
        symbol=r"\sigma",
        label="Noise",
        doc="Standard deviation of the noise.",
    )
    spread: float = redeclared(Neuron, "spread", 0.0, unit="nA")
    scale: float = redeclared(Neuron, "scale", 2.0, unit="nA")
    dt: float = param(
        0.05, "ms", lo=0.001, hi=1.0, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Time step."
    )

    form: str = param(
        "physical",
        choices=("physical", "normalised"),
        main=True,
        group="Membrane",
        doc="Drive the cell in physical or in normalised units.",
    )
    v_in: float = param(
        1.5,
        lo=-1000,
        hi=1000,
        when=("form", "normalised"),
        group="Membrane",
        symbol="v_{in}",
        label="Input",
        doc="Normalised input: the stimulus in units of threshold.",
    )
    V_th: float = param(
        -50.0,
        "mV",
        lo=-200,
        hi=200,
        soft=(-65, -30),
        main=True,
        group="Membrane",
        symbol="V_{th}",
        label="Threshold",
        doc="Threshold; drag it in the plot.",
    )
    V_rest: float = param(-70.0, "mV", lo=-200, hi=200, group="Membrane", symbol="V_{rest}", label="Rest", doc="Voltage without input.")
    V_reset: float = param(
        -65.0,
        "mV",
        lo=-200,
        hi=200,
        when=("form", "physical"),
        group="Membrane",
        symbol="V_{reset}",
        label="Reset",
        doc="Voltage after a spike (normalised form: rest).",
    )
    membrane: str = param(
        "R and tau_m",
        choices=("R and tau_m", "C and g_L"),
        said={"R and tau_m": "resistance and time constant", "C and g_L": "capacitance and leak"},
        group="Membrane",
        doc="Set resistance and time constant, or capacitance and leak conductance.",
    )
    R: float = param(
        10.0, "MOhm", lo=0.01, hi=10_000, log=True, when=("membrane", "R and tau_m"), group="Membrane", symbol="R", label="Resistance",
        doc="Membrane resistance (physical form).",
    )  # fmt: skip
    tau_m: float = param(
        8.0,
        "ms",
        lo=0.1,
        hi=1000,
        log=True,
        when=("membrane", "R and tau_m"),
        group="Membrane",
        symbol=r"\tau_m",
        label="Time constant",
        doc="Membrane time constant.",
    )
    C: float = param(
        0.8, "nF", lo=0.001, hi=100, soft=(0.1, 10), log=True, symbol="C", when=("membrane", "C and g_L"), group="Membrane", label="Capacitance",
        doc="Membrane capacitance.",
    )  # fmt: skip
    g_L: float = param(
        100.0, "nS", lo=0.1, hi=100_000, soft=(10, 1000), log=True, symbol="g_L", when=("membrane", "C and g_L"), group="Membrane", label="Leak",
        doc="Leak conductance.",
    )  # fmt: skip
    t_ref: float = param(
        2.0,
        "ms",
        lo=0,
        hi=100,
        group="Membrane",
        symbol="t_{ref}",
        label="Refractory time",
        doc="Time after a spike during which the cell is held at reset.",
    )

    def check(self) -> None:
        super().check()
        if self.V_th <= self.V_rest:
            raise self.refuse("V_th", f"must be above V_rest ({self.V_rest:g} mV)")
        if self.reset >= self.V_th:
            raise self.refuse("V_reset", f"must be below V_th ({self.V_th:g} mV)")

    # -- physics --

    @property
    def amplitude(self) -> float:
        return self.current if self.form == "physical" else self.v_in

    @property
    def drive_unit(self) -> str:
        return "nA" if self.form == "physical" else ""

    @property
    def resistance(self) -> float:
        """R of the membrane (MOhm), whichever pair is set."""
        return self.R if self.membrane == "R and tau_m" else 1000.0 / self.g_L

    @property
    def tau(self) -> float:
        """Time constant of the membrane (ms), whichever pair is set."""
        return self.tau_m if self.membrane == "R and tau_m" else 1000.0 * self.C / self.g_L

    @property
    def gain(self) -> float:
        """Steady voltage above rest per unit of the stimulus (mV)."""
        return self.resistance if self.form == "physical" else self.V_th - self.V_rest

    @property
    def reset(self) -> float:
        """Voltage after a spike (mV)."""
        return self.V_reset if self.form == "physical" else self.V_rest

    @property
    def sweep_range(self) -> tuple[float, float]:
        """Currents of the tuning curve: from nothing to five times threshold."""
        return 0.0, 5.0 * (self.V_th - self.V_rest) / self.gain

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        return (self.V_rest + self.gain * np.asarray(current) - y) / self.tau

    def terms(self) -> CellTerms:
        numbers = {"V_rest": self.V_rest, "R": self.gain, "tau_m": self.tau_m, "V_reset": self.reset, "V_th": self.V_th}
        return CellTerms("leaky integrate-and-fire", (("V", "(V_rest - V + R * I) / tau_m"),), numbers, reset=(("V", "V_reset"),))

    def steady(self, V: np.ndarray) -> np.ndarray:
        return np.asarray(V, float)[None, :]

    def beginning(self) -> tuple[np.ndarray, Start]:
        return np.array([self.V_rest]), Start.REST

    @property
    def crossing(self) -> float:
        return self.V_th

    @property
    def held(self) -> float:
        return self.t_ref

    def after_spike(self, y: np.ndarray) -> np.ndarray:
        return np.array([self.reset])

    def silent(self, **more: Any) -> LeakyIntegrateAndFire:
        return super().silent(**{"v_in": 0.0} | more)

    def interval_theory(self, current: float) -> float:
        """Interval (ms) between spikes under a constant stimulus; infinite where the membrane does not pass threshold."""
        target = self.V_rest + self.gain * current
        if target <= self.V_th:
            return math.inf
        return self.t_ref + self.tau * math.log((target - self.reset) / (target - self.V_th))

    def rate_theory(self, currents: np.ndarray) -> np.ndarray:
        return np.array(
            [
                1000.0 / self.interval_theory(float(i)) if math.isfinite(self.interval_theory(float(i))) else 0.0
                for i in np.atleast_1d(currents)
            ]
        )

    def threshold_theory(self, widths: np.ndarray) -> np.ndarray:
        return (self.V_th - self.V_rest) / self.gain / -np.expm1(-np.asarray(widths, float) / self.tau)

    def siegert_rate(self) -> float:
        """Rate (Hz) under Ornstein-Uhlenbeck current of mean `amplitude + offset`, standard deviation sigma, time noise_time.

        1/r = t_ref + tau_m sqrt(pi) int_a^b exp(x^2) (1 + erf x) dx, a and b being reset and threshold in units of the
        free membrane's fluctuation (Siegert 1951), both raised for the noise's memory (Brunel and Sergi 1998, equation 4.26):
        good while noise_time is well below tau_m.
        """
        mean = self.V_rest + self.gain * (self.amplitude + self.offset)
        width = self.gain * self.sigma * math.sqrt(2.0 * self.noise_time / self.tau)
        if width <= 0.0:
            return float(self.rate_theory(np.array([self.amplitude + self.offset]))[0])
        lift = BRUNEL_SERGI * math.sqrt(self.noise_time / self.tau)
        a, b = (self.reset - mean) / width + lift, (self.V_th - mean) / width + lift
        if b > 25.0:
            return 0.0
        x, weight = np.polynomial.legendre.leggauss(64)
        edges = np.linspace(a, b, 1 + max(1, math.ceil((b - a) / 2.0)))[: 1 + 5000]
        total = 0.0
        for lo, hi in pairwise(edges):
            total += 0.5 * (hi - lo) * sum(w * _tilted(0.5 * (lo + hi + (hi - lo) * s)) for s, w in zip(x, weight, strict=True))
        return 1000.0 / (self.t_ref + self.tau * math.sqrt(math.pi) * total)

    def filter_theory(self) -> tuple[float, float]:
        """Gain (mV per unit of stimulus) and phase (radians) of the sub-threshold response to a sine."""
        w = 2.0 * math.pi * self.frequency / 1000.0 * self.tau
        return self.gain / math.sqrt(1.0 + w * w), -math.atan(w)

    # -- declarations --

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            *super().streams,
            Stream(
                "drawn_spikes",
                "trace",
                "mV",
                "Membrane potential with a spike drawn for half a millisecond at each threshold crossing.",
                every=self._coarse(),
            ),
            Stream("v", "trace", "", "Normalised membrane potential of the first cell: 0 at rest, 1 at threshold.", every=self._coarse()),
            Stream(
                "v_closed", "trace", "", "Closed form of v since the input last changed or the cell was last reset.", every=self._coarse()
            ),
            Stream("f_I", "curve", "Hz", "Rate against constant stimulus, in closed form.", channels=("I", "rate"), x_unit=self.drive_unit),
            Stream(
                "measured",
                "curve",
                "Hz",
                "The present stimulus and the rate of the last intervals.",
                channels=("I", "rate"),
                x_unit=self.drive_unit,
            ),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        _, stimulus, *rest = super().pictures
        name = f"I ({self.drive_unit})" if self.drive_unit else "v_in"
        return (
            Picture(
                "voltage", "Membrane potential, spikes drawn", (Layer("drawn_spikes"),), y="V (mV)", window=100.0, figures=("last interval (ms)", "interval - theory (ms)"),
                handles=(Handle("V_th"),), weight=2.0, front=True,
            ),
            Picture("normalised", "Normalised: v = (V - V_rest)/(V_th - V_rest)", (Layer("v", label="v"), Layer("v_closed", theory=True, label="closed form")), y="v", window=100.0),
            stimulus,
            Picture(
                "f_I", "Rate against stimulus", (Layer("f_I", theory=True, style="dashed", label="theory"), Layer("measured", style="points", label="measured")),
                x=name, y="rate (Hz)", figures=("rate (Hz)", "theory rate (Hz)"),
            ),
            *rest,
        )  # fmt: skip

    rig = ("voltage", "stimulus", "normalised")

    # -- behaviour --

    def start(self, constants: Bench, seed: int) -> State:
        # closed: when the closed form begins, V there, the level that V tends to, and V at the end of the last step. It begins anew where
        # one of the last two is not what it was, so at the first step in any case.
        return super().start(constants, seed) | {"refractory": np.zeros(self.cells), "closed": np.array([0.0, 0.0, NEVER, 0.0])}

    def changed_live(self, before: Model, constants: Bench, state: State) -> None:
        super().changed_live(before, constants, state)
        state["closed"][2] = NEVER  # another time constant is another curve, too

    def carried(self) -> tuple[str, ...]:
        return ("V", "refractory")

    def integrate(self, bench: Bench, state: State, drive: np.ndarray, out: Out) -> int:
        move_noise, supply = self.supply(bench, state, drive)
        p = np.array([self.V_rest, self.gain, self.reset, self.V_th, self.tau, self.t_ref, math.exp(-self.dt / self.tau)])
        many = out["V_cells"] if self.cells > 1 else np.empty((0, 1))
        looks = Looks(out["V"], out["drawn_spikes"], out["v"], out["v_closed"], out["current"], many)
        return _advance(
            state["V"],
            state["refractory"],
            state["closed"],
            move_noise,
            supply,
            p,
            self.dt,
            state["step"][0],
            state["now"],
            self.spikes(state, out),
            looks,
        )

    def observe(self, constants: Bench, state: State, stream: str) -> Any:
        if stream == "f_I":
            currents = np.linspace(*self.sweep_range, 201)
            return np.vstack([currents, self.rate_theory(currents)])
        if stream == "measured":
            return np.array([[self.amplitude + self.offset], [self.present_rate(constants, state)]])
        return super().observe(constants, state, stream)

    def summary(self, constants: Bench, state: State) -> dict[str, Any]:
        out = super().summary(constants, state)
        told = {
            "R (MOhm)": self.resistance,
            "C (nF)": self.tau / self.resistance,
            "g_L (nS)": 1000.0 / self.resistance,
            "tau_m (ms)": self.tau,
        }
        out |= {name: float(f"{value:.10g}") for name, value in told.items()}
        if self.stimulus == "step" and self.width == 0.0:
            theory = self.interval_theory(self.amplitude + self.offset)
            out["theory interval (ms)"] = theory
            out["theory rate (Hz)"] = 1000.0 / theory
            if "last interval (ms)" in out and math.isfinite(theory) and self.spread == 0.0:
                out["interval - theory (ms)"] = out["last interval (ms)"] - theory
        elif self.stimulus == "noise":
            out["theory rate (Hz)"] = self.siegert_rate()
        elif self.stimulus == "sine":
            gain, phase = self.filter_theory()
            out["theory gain (mV per unit)"], out["theory phase (degrees)"] = gain, math.degrees(phase)
        return out

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def interval(run, **values) -> float:
            cell = cls(**values)
            return float(np.diff(run(cell, steps=cell.steps_for(500.0), record=["spikes"])["spikes"]).mean())

        def closed(run) -> float:
            """From rest in a normalised cell, up to its first spike: by v_in (1 - e^(-t/tau)) written here, and by the stream."""
            cell = cls(form="normalised", v_in=1.5)
            r = run(cell, steps=cell.steps_for(60.0), record={"v": 1, "v_closed": 1})
            t = r.recorded("v").time
            first = t < cell.interval_theory(1.5) - cell.t_ref
            plain = 1.5 * -np.expm1(-t[first] / cell.tau)
            return float(max(np.abs(r["v"][first] - plain).max(), np.abs(r["v"] - r["v_closed"]).max()))

        def silent(run) -> float:
            cell = cls(current=2.0)
            return float(len(run(cell, steps=cell.steps_for(2000.0), record=["spikes"])["spikes"]))

        def response(run) -> complex:
            """Complex response of the sub-threshold membrane to a sine of 20 Hz, from 20 whole periods."""
            cell = cls(stimulus="sine", current=1.0, frequency=20.0, dt=0.01)
            r = run(cell, steps=cell.steps_for(1200.0), record={"V": 1}).recorded("V")
            late = r.time > 200.0 + 1e-9
            angle = 2.0 * math.pi * 0.02 * r.time[late]
            V = r.values[late] - cell.V_rest
            return complex(2.0 * np.mean(V * np.sin(angle)), 2.0 * np.mean(V * np.cos(angle)))

        def noisy(run) -> float:
            cell = cls(stimulus="noise", current=1.9, sigma=2.0, noise_time=0.1, cells=200, dt=0.02)
            result = run(cell, steps=cell.steps_for(2000.0), record=[])
            return result.summary["mean rate (Hz)"] / cell.siegert_rate()

        gain, phase = cls(stimulus="sine", frequency=20.0).filter_theory()
        return (
            Figure("interval at 2.5 nA", 13.09035, lambda run: interval(run), tolerance=5e-6, unit="ms", source="closed form"),
            Figure(
                "interval against theory", cls().interval_theory(2.5), lambda run: interval(run, current=2.5), tolerance=1e-9, unit="ms", source="closed form"
            ),
            Figure(
                "normalised interval against theory", 2.0 + 8.0 * math.log(1.5 / 0.5), lambda run: interval(run, form="normalised", v_in=1.5),
                tolerance=1e-9, unit="ms", source="t_ref + tau_m ln(v_in / (v_in - 1))",
            ),
            Figure("trace of v against its closed form under a constant input, worst", 1e-9, closed, bound="at_most", source="v_in (1 - exp(-t/tau))"),
            Figure(
                "interval at 2.5 nA with 0.8 nF and 100 nS", 13.09035, lambda run: interval(run, membrane="C and g_L"), tolerance=5e-6, unit="ms",
                source="R = 1/g_L, tau = C/g_L",
            ),
            Figure("spikes at 2.0 nA exactly", 0.0, silent, source="closed form"),
            Figure("rate under noise / Siegert rate", 1.0, noisy, tolerance=0.03, source="Siegert 1951 with Brunel and Sergi 1998"),
            Figure("gain at 20 Hz", gain, lambda run: abs(response(run)), relative=1e-5, unit="mV/nA", source="R / sqrt(1 + (w tau)^2)"),
            Figure(
                "phase at 20 Hz", phase, lambda run: math.atan2(response(run).imag, response(run).real), tolerance=1e-5, unit="rad", source="-atan(w tau)"
            ),
        )  # fmt: skip


def _tilted(x: float) -> float:
    """exp(x^2) (1 + erf x), by its asymptotic series where the factors would underflow."""
    if x < -10.0:
        return (1.0 - 0.5 / (x * x)) / (-x * math.sqrt(math.pi))
    return math.exp(x * x) * math.erfc(-x)


# ---------------------------------------------------------------------------------------------------------------------
# Kernels


class Looks(NamedTuple):
    """What is recorded, step by step or empty: of the first cell (V, with spikes drawn, normalised, its closed form, the current), V of the first cells."""

    V: np.ndarray
    drawn: np.ndarray
    v: np.ndarray
    closed: np.ndarray
    current: np.ndarray
    cells: np.ndarray


@kernel
def _advance(V, refractory, since, move_noise, supply, p, dt, step, now, into, out):
    drive, own, noise, rng, decay, increment = supply
    cells = len(V)
    rest, gain, reset, threshold, tau, t_ref, relax = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
    for k in range(len(drive)):
        if into.used[0] + MOST * cells > len(into.step):
            return k
        before, seen = V[0], into.last[0]
        move_noise(noise, rng, decay, increment)
        for i in range(cells):
            target = rest + gain * (drive[k] + own[i] + noise[i])
            v = V[i]
            after = target + (v - target) * relax
            if refractory[i] <= 0.0 and v <= threshold and (after < threshold or target <= threshold):
                V[i] = after
                continue
            left = dt
            spikes = 0
            while True:
                if refractory[i] > 0.0:
                    held = min(refractory[i], left)
                    refractory[i] -= held
                    left -= held
                    if refractory[i] > 0.0 or left <= 0.0:
                        break
                if v > threshold:
                    wait = 0.0  # the threshold was lowered below the membrane
                elif target > threshold:
                    wait = tau * math.log((target - v) / (target - threshold))
                else:
                    wait = np.inf
                if wait > left:
                    v = target + (v - target) * math.exp(-left / tau)
                    break
                left -= wait
                v = reset
                refractory[i] = t_ref
                record_spike(k, i, 1.0 - left / dt, step, dt, into)
                spikes += 1
                if spikes == MOST:
                    break
            V[i] = v
        now[0] = drive[k] + own[0] + noise[0]
        if len(out.V) > 0:
            out.V[k] = V[0]
        if len(out.drawn) > 0:
            fresh = into.last[0] >= 0.0 and (step + k + 1) * dt - into.last[0] < DRAWN
            out.drawn[k] = 2.0 * threshold - rest if fresh else V[0]
        if len(out.v) > 0:
            out.v[k] = (V[0] - rest) / (threshold - rest)
        end = (step + k + 1) * dt
        target = rest + gain * now[0]
        if into.last[0] > seen:
            since[0], since[1] = into.last[0] + t_ref, reset
        elif target != since[2] or before != since[3]:
            since[0], since[1] = max(since[0], end - dt), before
        since[2], since[3] = target, V[0]
        if len(out.closed) > 0:
            out.closed[k] = (target + (since[1] - target) * math.exp(-max(end - since[0], 0.0) / tau) - rest) / (threshold - rest)
        if len(out.current) > 0:
            out.current[k] = now[0]
        for j in range(out.cells.shape[1] if len(out.cells) > 0 else 0):
            out.cells[k, j] = V[j]
    return len(drive)
