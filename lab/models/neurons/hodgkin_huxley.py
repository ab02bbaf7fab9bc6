"""The Hodgkin-Huxley neuron."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from lab.cells.firing import interval_error, interval_errors, rates_under
from lab.cells.neuron import Bench, Equations, Neuron, Start
from lab.cells.phase_plane import Equilibrium, hopf_points
from lab.cells.squid import gate_changes, gating, rates
from lab.cells.squid_membrane import PEAK, RISE, Cells, Climb, Looks, advance_clamped, advance_one, hold, look_back
from lab.cells.squid_population import advance_many
from lab.cells.squid_shown import SquidShown
from lab.cells.sweeps import least_current
from lab.model import Bound, CellTerms, Figure, Out, Preset, State, param
from lab.params import redeclared

GAS, FARADAY, ZERO = 8.314462618, 96485.33212, 273.15


class HodgkinHuxley(SquidShown):
    r"""The squid giant axon's membrane: how sodium and potassium channels make an action potential.

    Sodium channels open fast and shut again (m, h), potassium channels open slowly (n); their conductances depend on the
    voltage that they change. The constants are those of 1952 in the modern sign (rest at -65 mV, depolarisation upward),
    at 6.3 C with Q10 = 3. The leak reverses at V_L = **-54.387 mV**, which makes rest very nearly -65 mV; other programs
    use -54.3 or -54.4, and their spikes differ by it.

    **Try:** start at 6 and at 6.5 uA/cm2: switched on, a current below 6.26 makes one spike and one above it makes the cell
    fire on at over 50 Hz at once (type II). What it does depends on where it comes from: raised slowly the current leaves
    the cell silent until its rest loses its stability (at 9.78, and a slow rise runs past even that), lowered it fires on
    down to 6.26. In between both are possible: at 8, *Back to rest* and *Inject a pulse* lead from one to the other.
    Raise g_Na without any current until the cell fires by itself. Block potassium (TEA): spikes grow broad. Warm the cell:
    spikes shrink until none is left. Switch to the voltage clamp and see the sodium current come and go. Hold the cell at a negative
    current and let go: it fires on release (anode break). Give concentrations instead of reversal potentials and raise the
    potassium outside: spikes come faster and shrink, and from about 50 mM the cell falls silent, depolarised.

    **Numerics.** Gates and voltage are staggered by half a step and each advanced by the trapezoid rule, which is second
    order and needs one evaluation per step (Hines 1984). Where a step is longer than twice a variable's time constant, the
    variable is put to its steady value instead, so no step and no parameter makes the run explode and every gate stays in
    0..1. The interval error that is shown is measured: the same cell at half the step, extrapolated. A population may be stepped
    in single precision; what that does to the intervals is measured, too, beside the same cell in double precision.

    **A spike** is an upward crossing of 0 mV. From about 65 uA/cm2 action potentials peak below that, so a peak above
    -40 mV which rose by 10 mV counts as well.
    """

    name = "hodgkin-huxley"
    title = "Hodgkin-Huxley neuron"
    group = "Single cells"
    icon = "mdi6.sine-wave"
    order = 10
    also = "Hodgkin; Huxley; HH; squid giant axon; action potential; ion channels; sodium channel; potassium channel; block sodium; block potassium; TTX; TEA; tetrodotoxin; conductance-based model; gating variables; m h n; anode break; spike; nerve impulse; neuron; refractory period"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (
        r"C \dot V = I - g_L (V - V_L) - g_{Na} m^3 h (V - V_{Na}) - g_K n^4 (V - V_K)",
        r"\dot x = \phi\,[\alpha_x(V)(1 - x) - \beta_x(V)\, x],\quad x \in \{m, h, n\},\quad \phi = 3^{(T - 6.3)/10}",
        r"\alpha_m = \frac{0.1 (V+40)}{1 - e^{-(V+40)/10}},\quad \beta_m = 4 e^{-(V+65)/18}",
        r"\alpha_h = 0.07 e^{-(V+65)/20},\quad \beta_h = \frac{1}{1 + e^{-(V+35)/10}}",
        r"\alpha_n = \frac{0.01 (V+55)}{1 - e^{-(V+55)/10}},\quad \beta_n = 0.125 e^{-(V+65)/80}",
    )
    symbols = r"x: one of the gates; \phi: how many times as fast the gates are at this temperature as at 6.3 °C"
    source = "Hodgkin and Huxley 1952, J Physiol 117:500, equations 12, 13, 20, 21, 23, 24, 26; integration: Hines 1984, Int J Biomed Comput 15:69"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Repetitive firing": Preset({"current": 10.0}, shows="abs(rate - 68.3) < 0.5", after=300.0),
        "Anode break": Preset(
            {"stimulus": "pulses", "current": -10.0, "onset": 20.0, "width": 40.0, "period": 100.0},
            shows="spikes = 2 and first(stream spikes) > 60", after=200.0,
        ),
        "Potassium channels blocked": Preset({"block_K": 80.0}, shows="mean(V > -40) > 0.3 and max(V) > 45", after=300.0),
        "Fires by itself: twice the sodium channels": Preset({"current": 0.0, "g_Na": 240.0}, shows="current = 0 and abs(rate - 51.4) < 1", after=400.0),
        "Voltage clamp": Preset(
            {"mode": "voltage clamp", "stimulus": "pulses", "onset": 5.0, "width": 20.0, "period": 50.0},
            shows="min(currents Na) < -500 and max(currents K) > 500 and max(V) = 0", after=50.0,
        ),
        "Much potassium outside": Preset({"reversal": "concentrations", "K_out": 40.0}, shows="rate > 100 and last(V) < 0", after=300.0),
        "Slow ramp: it stops at less current than it began at": Preset(
            {"stimulus": "drawn", "drawn": [[0.0, 0.0], [200.0, 6.0], [800.0, 14.0], [1400.0, 6.0], [1600.0, 0.0]]},
            shows="first(stream spikes) > 700 and last(stream spikes) > 1300 and last(stream spikes) < 1400", after=1600.0,
        ),
        "Noise": Preset({"stimulus": "noise", "current": 5.0, "sigma": 4.0}, shows="spikes > 20 and CV > 0.1"),
    }  # fmt: skip

    current: float = redeclared(
        Neuron,
        "current",
        10.0,
        soft=(0, 20),
        marks={"rheobase": "rheobase", "fires on": "firing_onset", "Hopf": "hopf"},
        label="Injected current",
    )
    mode: str = param(
        "current clamp", choices=("current clamp", "voltage clamp"), group="Clamp", main=True, doc="What the electrode holds."
    )
    hold: float = param(
        -65.0, "mV", lo=-200, hi=200, soft=(-100, 0), when=("mode", "voltage clamp"), group="Clamp",
        doc="Voltage before and between commands.",
    )  # fmt: skip
    command: float = param(
        0.0, "mV", lo=-200, hi=200, soft=(-100, 60), when=("mode", "voltage clamp"), group="Clamp",
        doc="Voltage at the height of the stimulus waveform.",
    )  # fmt: skip
    C: float = param(
        1.0, "uF/cm2", lo=0.05, hi=20, soft=(0.2, 5), log=True, symbol="C", group="Membrane", label="Capacitance",
        doc="Membrane capacitance.",
    )  # fmt: skip
    g_Na: float = param(
        120.0, "mS/cm2", lo=0, hi=1000, soft=(0, 300), symbol="g_{Na}", group="Membrane", label="Na channels",
        doc="Largest sodium conductance.",
    )  # fmt: skip
    g_K: float = param(
        36.0, "mS/cm2", lo=0, hi=1000, soft=(0, 100), symbol="g_K", group="Membrane", label="K channels",
        doc="Largest potassium conductance.",
    )  # fmt: skip
    g_L: float = param(0.3, "mS/cm2", lo=0, hi=100, soft=(0, 2), symbol="g_L", group="Membrane", label="Leak", doc="Leak conductance.")
    block_Na: float = param(
        0.0, "%", lo=0, hi=100, symbol="TTX", group="Drugs", label="Na block", main=True, doc="Sodium channels blocked by tetrodotoxin."
    )
    block_K: float = param(
        0.0, "%", lo=0, hi=100, symbol="TEA", group="Drugs", label="K block", main=True,
        doc="Potassium channels blocked by tetraethylammonium.",
    )  # fmt: skip
    temperature: float = param(
        6.3, "°C", lo=-2, hi=45, soft=(0, 35), symbol="T", marks={"1952:": 6.3}, group="Membrane",
        doc="Speeds up the gates threefold for ten degrees (Q10 = 3).",
    )  # fmt: skip
    reversal: str = param(
        "potentials", choices=("potentials", "concentrations"), group="Ions", doc="Give reversal potentials, or concentrations (Nernst)."
    )
    V_Na: float = param(
        50.0, "mV", lo=-200, hi=200, soft=(0, 100), symbol="V_{Na}", when=("reversal", "potentials"), group="Ions", label="Na reversal",
        doc="Sodium reversal potential.",
    )  # fmt: skip
    V_K: float = param(
        -77.0, "mV", lo=-200, hi=200, soft=(-110, -40), symbol="V_K", when=("reversal", "potentials"), group="Ions", label="K reversal",
        doc="Potassium reversal potential.",
    )  # fmt: skip
    Na_out: float = param(
        440.0,
        "mM",
        lo=0.01,
        hi=2000,
        log=True,
        when=("reversal", "concentrations"),
        group="Ions",
        label="Na outside",
        doc="Sodium outside.",
    )
    Na_in: float = param(
        50.0, "mM", lo=0.01, hi=2000, log=True, when=("reversal", "concentrations"), group="Ions", label="Na inside", doc="Sodium inside."
    )
    K_out: float = param(
        20.0,
        "mM",
        lo=0.01,
        hi=2000,
        log=True,
        when=("reversal", "concentrations"),
        group="Ions",
        label="K outside",
        doc="Potassium outside.",
    )
    K_in: float = param(
        400.0,
        "mM",
        lo=0.01,
        hi=2000,
        log=True,
        when=("reversal", "concentrations"),
        group="Ions",
        label="K inside",
        doc="Potassium inside.",
    )
    V_L: float = param(
        -54.387, "mV", lo=-200, hi=200, soft=(-80, -40), symbol="V_L", group="Ions", label="Leak reversal",
        doc="Leak reversal potential (sources differ: -54.387, -54.4, -54.3).",
    )  # fmt: skip
    level: float = param(0.0, "mV", lo=-40, hi=60, group="Numerics", label="Spike level", doc="Upward crossing that is called a spike.")

    precision: str = param(
        "double", choices=("double", "single"), group="Numerics",
        doc="Digits of a population under current clamp: single steps more cells at a time; what it costs is measured in the summary.",
    )  # fmt: skip

    # -- physics --

    @property
    def clamped(self) -> bool:
        """Whether the voltage is commanded."""
        return self.mode == "voltage clamp"

    @property
    def amplitude(self) -> float:
        return self.command - self.hold if self.clamped else self.current

    @property
    def base(self) -> float:
        return self.hold if self.clamped else self.offset

    @property
    def drive_unit(self) -> str:
        return "mV" if self.clamped else "uA/cm2"

    def nernst(self, out: float, inside: float) -> float:
        """Potential (mV) at which an ion of charge one is in equilibrium: (RT/F) ln(out/inside)."""
        return 1000.0 * GAS * (ZERO + self.temperature) / FARADAY * math.log(out / inside)

    @property
    def reversals(self) -> tuple[float, float]:
        """Reversal potentials of sodium and potassium (mV)."""
        if self.reversal == "concentrations":
            return self.nernst(self.Na_out, self.Na_in), self.nernst(self.K_out, self.K_in)
        return self.V_Na, self.V_K

    @property
    def constants_now(self) -> np.ndarray:
        """(C, g_Na, g_K, g_L, V_Na, V_K, V_L, phi) with blocked channels left out."""
        V_Na, V_K = self.reversals
        free_Na, free_K = 1.0 - self.block_Na / 100.0, 1.0 - self.block_K / 100.0
        return np.array(
            [self.C, self.g_Na * free_Na, self.g_K * free_K, self.g_L, V_Na, V_K, self.V_L, 3.0 ** ((self.temperature - 6.3) / 10.0)]
        )

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        C, g_Na, g_K, g_L, V_Na, V_K, V_L, phi = self.constants_now
        V, m, h, n = y
        a_m, b_m, a_h, b_h, a_n, b_n = rates(V)
        ionic = g_Na * m**3 * h * (V - V_Na) + g_K * n**4 * (V - V_K) + g_L * (V - V_L)
        gates = (a_m * (1.0 - m) - b_m * m, a_h * (1.0 - h) - b_h * h, a_n * (1.0 - n) - b_n * n)
        return np.stack([(current - ionic) / C, *(phi * change for change in gates)])

    def motion(self) -> Callable[[np.ndarray, float], list[float]]:
        C, g_Na, g_K, g_L, V_Na, V_K, V_L, phi = self.constants_now.tolist()

        def at(y: np.ndarray, current: float) -> list[float]:
            # Numbers instead of arrays: a solver that asks for one point at a time gets its answer ten times sooner.
            V, m, h, n = y.tolist()
            ionic = g_Na * m**3 * h * (V - V_Na) + g_K * n**4 * (V - V_K) + g_L * (V - V_L)
            d_m, d_h, d_n = gate_changes(V, m, h, n)
            return [(current - ionic) / C, phi * d_m, phi * d_h, phi * d_n]

        return at

    def terms(self) -> CellTerms:
        names = ("C", "g_Na", "g_K", "g_L", "V_Na", "V_K", "V_L", "phi")
        defined = (
            ("alpha_m", "1 / exprel(-(V + 40) / 10)"),
            ("beta_m", "4 * exp(-(V + 65) / 18)"),
            ("alpha_h", "0.07 * exp(-(V + 65) / 20)"),
            ("beta_h", "1 / (1 + exp(-(V + 35) / 10))"),
            ("alpha_n", "0.1 / exprel(-(V + 55) / 10)"),
            ("beta_n", "0.125 * exp(-(V + 65) / 80)"),
        )
        ionic = "g_Na * m^3 * h * (V - V_Na) - g_K * n^4 * (V - V_K) - g_L * (V - V_L)"
        gates = tuple((x, f"phi * (alpha_{x} * (1 - {x}) - beta_{x} * {x})") for x in "mhn")
        numbers = dict(zip(names, self.constants_now.tolist(), strict=True))
        return CellTerms("Hodgkin-Huxley", (("V", f"(I - {ionic}) / C"), *gates), numbers, defined)

    def steady(self, V: np.ndarray) -> np.ndarray:
        table = gating(V)
        return np.stack([np.asarray(V, float), table[0], table[1], table[2]])

    def time_constants(self, V: np.ndarray) -> np.ndarray:
        """Time constants (ms) of m, h and n at voltages V and this temperature: shape (3, len(V))."""
        return gating(V)[3:] / self.constants_now[7]

    def clamp(self, gates: np.ndarray, V: np.ndarray, steps: int, dt: float) -> np.ndarray:
        """Hold cells at voltages V (cells,) for `steps` steps: open fractions m^3 h and n^4 after each, shape (2, steps, cells).

        `gates` (3, cells) holds m, h and n and is moved. The current through an open channel is g times its open
        fraction times the driving force, which does not act back on the gates while the voltage is held.
        """
        out = np.empty((2, steps, len(V)))
        hold(*gates, np.ascontiguousarray(V, float), self.constants_now[7] * dt, *out)
        return out

    def nullclines(self, state: State, points: int = 201) -> np.ndarray:
        """In closed form, being drawn often: n_inf(V), and the n at which the potassium current balances all others."""
        _, g_Na, g_K, g_L, V_Na, V_K, V_L, _ = self.constants_now
        V = np.linspace(*self.plane_range[0], points)
        others = state["now"][0] - g_Na * state["m"][0] ** 3 * state["h"][0] * (V - V_Na) - g_L * (V - V_L)
        with np.errstate(divide="ignore", invalid="ignore"):
            n = (others / (g_K * (V - V_K))) ** 0.25  # NaN where no open channel could balance them
        return np.stack([V, np.where(n <= 1.0, n, np.nan), gating(V)[2]])

    def beginning(self) -> tuple[np.ndarray, Start]:
        if self.clamped:
            return self.steady(np.array([self.hold]))[:, 0], Start.HELD
        return super().beginning()

    @property
    def crossing(self) -> float:
        return self.level

    @property
    def small_spike(self) -> tuple[float, float]:
        return PEAK, RISE

    def silent(self, **more: Any) -> HodgkinHuxley:
        return super().silent(**{"mode": "current clamp", "precision": "double"} | more)

    def _present_equilibria(self, state: State) -> Sequence[Equilibrium]:
        return () if self.clamped else super()._present_equilibria(state)

    # -- behaviour --

    def state_bounds(self, constants: Bench, state: State, step: int) -> dict[str, Bound]:
        return super().state_bounds(constants, state, step) | {"climb": Bound(0, 2)}

    def start(self, constants: Bench, seed: int) -> State:
        # Gates lie half a step before the voltage; at rest that is the same.
        return super().start(constants, seed) | {"climb": np.zeros(self.cells, np.int8), "trough": np.zeros(self.cells)}

    def integrate(self, bench: Bench, state: State, drive: np.ndarray, out: Out) -> int:
        cells = Cells(state["V"], state["m"], state["h"], state["n"])
        many = out["V_cells"] if self.cells > 1 else np.empty((0, 1))
        looks = Looks(out["V"], out["current"], out["gates"], out["currents"], out["conductances"], many)
        c = self.constants_now
        if self.clamped:
            return advance_clamped(cells, drive, c, self.dt, state["now"], looks)
        if self.cells == 1:
            return self._integrate_one(bench, cells, drive, state, out)
        move_noise, supply = self.supply(bench, state, drive)
        climb = Climb(self.level, state["climb"], state["trough"])
        into = self.spikes(state, out)
        return advance_many(cells, move_noise, supply, c, self.dt, climb, state["step"][0], state["now"], into, looks, self.precision)

    def _integrate_one(self, bench: Bench, cells: Cells, drive: np.ndarray, state: State, out: Out) -> int:
        """Advance a single cell; what is looked at besides V and current is worked out afterwards, for all steps at once."""
        own, c = self.cell_currents(bench), self.constants_now
        looked = any(out.wanted(name) for name in ("gates", "currents", "conductances"))
        V = out["V"] if out.wanted("V") else np.empty(len(drive) if looked else 0)
        m, h, n = np.empty((3, len(drive) if looked else 0))
        climb = Climb(self.level, state["climb"], state["trough"])
        done = advance_one(cells, drive, own, c, self.dt, climb, state["step"][0], state["now"], self.spikes(state, out), Cells(V, m, h, n))
        if out.wanted("current"):
            out["current"][:done] = drive[:done] + own[0]
        if looked:
            look_back(
                V[:done], m[:done], h[:done], n[:done], c, self.dt, out["gates"][:done], out["currents"][:done], out["conductances"][:done]
            )
        return done

    def f_I(self) -> np.ndarray:
        """Rate (Hz) at 41 constant currents up to 20 uA/cm2: one population of this cell."""
        return rates_under(Equations(self))

    def summary(self, constants: Bench, state: State) -> dict[str, Any]:
        return self._told(constants, state, math.nan if self.clamped else self.interval_error())

    def summaries_of(self, cells: Sequence[Neuron], states: Sequence[State]) -> list[dict[str, Any]]:
        errors = interval_errors(Equations(self), np.array([cell.amplitude + cell.base for cell in cells]), self.dt)
        found = zip(cells, states, errors, strict=True)
        return [cell._told(cell.build(0), state, float(error)) for cell, state, error in found if isinstance(cell, HodgkinHuxley)]

    def _told(self, constants: Bench, state: State, error: float) -> dict[str, Any]:
        out = super().summary(constants, state)
        if not self.clamped:
            if math.isfinite(error):
                out["interval error (%)"] = error
            if self.precision == "single" and self.cells > 1:
                rounded = self.rounding()
                if math.isfinite(rounded):
                    out["interval error of single precision (%)"] = rounded
        if self.reversal == "concentrations":
            out["V_Na (mV)"], out["V_K (mV)"] = self.reversals
        out["V_L (mV)"] = self.V_L
        return out

    def interval_error(self) -> float:
        """How much too long this cell's intervals are at this step (%), under its constant current: measured.

        The same cell is run at this step and at half of it, and the difference extrapolated to no step at all by the
        method's second order (Richardson); NaN where the cell does not fire on.
        """
        return interval_error(Equations(self), self._mean_current, self.dt)

    def rounding(self) -> float:
        """How much too long single precision makes the intervals under the mean current (%), measured beside double; NaN without intervals."""
        found = []
        for precision in ("single", "double"):
            state = self.sweep(np.full(2, self._mean_current), 1000.0, 200.0, dt=self.dt, precision=precision).run()
            found.append(float(state["last"][0] - state["first"][0]) / max(1, int(state["swept"][0]) - 1))
        return 100.0 * (found[0] / found[1] - 1.0) if min(found) > 0.0 else math.nan

    @property
    def _mean_current(self) -> float:
        return (self.current if self.stimulus in ("step", "pulses", "ramp", "noise") else 0.0) + self.offset

    def hopf(self) -> float | None:
        """Constant current at which rest loses its stability (uA/cm2); None where it never does."""
        points = hopf_points(self)
        return points[0] if points else None

    def rheobase(self) -> float:
        """Least constant current from rest that makes one spike (uA/cm2)."""
        return least_current(self, 0.0, 12.0, 60.0, rounds=4)

    def firing_onset(self) -> float:
        """Least constant current from rest that makes the cell fire on for 0.6 s (uA/cm2).

        Just below the onset the cell fires for a while and falls silent, so the figure depends on how long one waits:
        6.2566 after 0.3 s, 6.2595 after 0.6 s, at any step.
        """
        return least_current(self, 0.0, 12.0, 600.0, spikes=3, transient=500.0, rounds=4)

    def remedy(self, stream: str) -> str:
        return "bring the conductances and the capacitance nearer to the defaults"

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        adaptive = "adaptive solution of eighth order"

        def spike(k: int):
            return lambda run: float(run(cls(), steps=cls().steps_for(60.0), record=["spikes"])["spikes"][k])

        def interval(run) -> float:
            times = run(cls(), steps=cls().steps_for(600.0), record=["spikes"])["spikes"]
            return float(np.diff(times)[-10:].mean())

        def peak(k: int, which: str):
            def measure(run) -> float:
                V = run(cls(), steps=cls().steps_for((8.0, 40.0)[k > 0]), record={"V": 1})["V"]
                return float(V.min() if which == "min" else V[cls().steps_for(25.0) :].max() if k else V.max())

            return measure

        def open_at(V: float, which: int):
            return lambda run: float(cls().gate_rates(np.array([V]))[which, 0])

        def gate(V: float, which: int):
            return lambda run: float(gating(np.array([V]))[which, 0])

        return (
            *(Figure(f"spike {k + 1} of a 10 uA/cm2 step", t, spike(k), relative=2e-4, unit="ms", source=adaptive) for k, t in enumerate((1.90123, 16.82265, 31.47189))),
            Figure("steady interval", 14.63621, interval, relative=2e-4, unit="ms", source=adaptive),
            Figure("spikes in 10 s", 684, lambda run: float(run(cls(), steps=cls().steps_for(10_000.0), record=["spikes"]).summary["spikes"]), source=adaptive),
            Figure("rest", -64.9964, lambda run: float(cls().rest()[0]), tolerance=1e-4, unit="mV", source=adaptive),
            Figure("m at -65 mV", 0.052932, gate(-65.0, 0), tolerance=1e-6, source="closed form"),
            Figure("h at -65 mV", 0.596121, gate(-65.0, 1), tolerance=1e-6, source="closed form"),
            Figure("n at -65 mV", 0.317677, gate(-65.0, 2), tolerance=1e-6, source="closed form"),
            Figure("opening rate of n at -65 mV", 0.1 / math.expm1(1.0), open_at(-65.0, 4), relative=1e-12, unit="1/ms", source="0.01 (V + 55) / (1 - exp(-(V + 55)/10))"),
            Figure("closing rate of h at -35 mV", 0.5, open_at(-35.0, 3), relative=1e-12, unit="1/ms", source="1 / (1 + exp(-(V + 35)/10))"),
            Figure("m_inf(-40)", 0.500649, gate(-40.0, 0), tolerance=1e-6, source="limit"),
            Figure("n_inf(-55)", 0.475484, gate(-55.0, 2), tolerance=1e-6, source="limit"),
            Figure("first peak", 40.26, peak(0, "max"), tolerance=0.1, unit="mV", source=adaptive),
            Figure("first minimum", -75.08, peak(0, "min"), tolerance=0.02, unit="mV", source=adaptive),
            Figure("later peaks", 30.43, peak(1, "max"), tolerance=0.15, unit="mV", source=adaptive),
            Figure("rheobase", 2.240, lambda run: cls().rheobase(), tolerance=0.003, unit="uA/cm2", source=adaptive),
            Figure("onset of repetitive firing", 6.258, lambda run: cls().firing_onset(), tolerance=0.006, unit="uA/cm2", source=adaptive),
            Figure("lower Hopf point", 9.775, lambda run: hopf_points(cls())[0], tolerance=0.005, unit="uA/cm2", source="eigenvalues"),
            Figure("upper Hopf point", 154.52, lambda run: hopf_points(cls())[1], tolerance=0.01, unit="uA/cm2", source="eigenvalues"),
        )  # fmt: skip
