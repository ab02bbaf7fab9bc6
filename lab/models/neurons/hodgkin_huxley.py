"""The Hodgkin-Huxley neuron."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.cells.driven import SHAPED
from lab.cells.neuron import FIXED_POINTS, Bench, Equations, Neuron, Start
from lab.cells.phase_plane import Equilibrium, hopf_points
from lab.cells.spikes import CROSSED, NO_SPIKE, PEAKING, record_spike, rising_spike, spike_fraction, turning
from lab.cells.squid import gates_after, gating, rates, rates_at
from lab.cells.sweeps import Sweep, least_current
from lab.kernels import exp, kernel
from lab.model import Bound, Figure, Handle, Layer, Out, Picture, Preset, Stage, State, Stream, Strips, param

PEAK, RISE = -40.0, 10.0  # mV: a shrunken action potential is one that peaks above PEAK after rising by RISE
NA, K, GATES = 1, 2, (3, 4, 2)  # colours of what belongs together: sodium, potassium, and the gates m, h, n
GAS, FARADAY, ZERO = 8.314462618, 96485.33212, 273.15


class HodgkinHuxley(Neuron):
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
    0..1. The interval error that is shown is measured: the same cell at half the step, extrapolated.

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

    variables = ("V", "m", "h", "n")
    units = ("mV", "", "", "")
    plane = ("V", "n")
    plane_range = ((-90.0, 50.0), (0.2, 0.9))

    current: float = param(
        10.0, "uA/cm2", lo=-500, hi=500, soft=(0, 20), symbol="I", marks={"rheobase": "rheobase", "onset": "firing_onset", "Hopf": "hopf"},
        when=("stimulus", SHAPED), main=True, group="Stimulus", label="Injected current",
        doc="Height of a step, pulse or ramp, amplitude of an oscillation, mean of noise.",
    )  # fmt: skip
    mode: str = param(
        "current clamp", choices=("current clamp", "voltage clamp"), group="Clamp", main=True, doc="What the electrode holds."
    )
    hold: float = param(
        -65.0,
        "mV",
        lo=-200,
        hi=200,
        soft=(-100, 0),
        when=("mode", "voltage clamp"),
        group="Clamp",
        doc="Voltage before and between commands.",
    )
    command: float = param(
        0.0,
        "mV",
        lo=-200,
        hi=200,
        soft=(-100, 60),
        when=("mode", "voltage clamp"),
        group="Clamp",
        doc="Voltage at the height of the stimulus waveform.",
    )
    C: float = param(
        1.0,
        "uF/cm2",
        lo=0.05,
        hi=20,
        soft=(0.2, 5),
        log=True,
        symbol="C",
        group="Membrane",
        label="Capacitance",
        doc="Membrane capacitance.",
    )
    g_Na: float = param(
        120.0,
        "mS/cm2",
        lo=0,
        hi=1000,
        soft=(0, 300),
        symbol="g_{Na}",
        group="Membrane",
        label="Na channels",
        doc="Largest sodium conductance.",
    )
    g_K: float = param(
        36.0,
        "mS/cm2",
        lo=0,
        hi=1000,
        soft=(0, 100),
        symbol="g_K",
        group="Membrane",
        label="K channels",
        doc="Largest potassium conductance.",
    )
    g_L: float = param(0.3, "mS/cm2", lo=0, hi=100, soft=(0, 2), symbol="g_L", group="Membrane", label="Leak", doc="Leak conductance.")
    block_Na: float = param(
        0.0, "%", lo=0, hi=100, symbol="TTX", group="Drugs", label="Na block", main=True, doc="Sodium channels blocked by tetrodotoxin."
    )
    block_K: float = param(
        0.0,
        "%",
        lo=0,
        hi=100,
        symbol="TEA",
        group="Drugs",
        label="K block",
        main=True,
        doc="Potassium channels blocked by tetraethylammonium.",
    )
    temperature: float = param(
        6.3,
        "C",
        lo=-2,
        hi=45,
        soft=(0, 35),
        symbol="T",
        marks={"1952:": 6.3},
        group="Membrane",
        doc="Speeds up the gates threefold for ten degrees (Q10 = 3).",
    )
    reversal: str = param(
        "potentials", choices=("potentials", "concentrations"), group="Ions", doc="Give reversal potentials, or concentrations (Nernst)."
    )
    V_Na: float = param(
        50.0,
        "mV",
        lo=-200,
        hi=200,
        soft=(0, 100),
        symbol="V_{Na}",
        when=("reversal", "potentials"),
        group="Ions",
        label="Na reversal",
        doc="Sodium reversal potential.",
    )
    V_K: float = param(
        -77.0,
        "mV",
        lo=-200,
        hi=200,
        soft=(-110, -40),
        symbol="V_K",
        when=("reversal", "potentials"),
        group="Ions",
        label="K reversal",
        doc="Potassium reversal potential.",
    )
    Na_out: float = param(440.0, "mM", lo=0.01, hi=2000, log=True, when=("reversal", "concentrations"), group="Ions", doc="Sodium outside.")
    Na_in: float = param(50.0, "mM", lo=0.01, hi=2000, log=True, when=("reversal", "concentrations"), group="Ions", doc="Sodium inside.")
    K_out: float = param(
        20.0, "mM", lo=0.01, hi=2000, log=True, when=("reversal", "concentrations"), group="Ions", doc="Potassium outside."
    )
    K_in: float = param(400.0, "mM", lo=0.01, hi=2000, log=True, when=("reversal", "concentrations"), group="Ions", doc="Potassium inside.")
    V_L: float = param(
        -54.387,
        "mV",
        lo=-200,
        hi=200,
        soft=(-80, -40),
        symbol="V_L",
        group="Ions",
        label="Leak reversal",
        doc="Leak reversal potential (sources differ: -54.387, -54.4, -54.3).",
    )
    level: float = param(0.0, "mV", lo=-40, hi=60, group="Numerics", label="Spike level", doc="Upward crossing that is called a spike.")

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
        exp = math.exp

        def at(y: np.ndarray, current: float) -> list[float]:
            # Numbers instead of arrays: a solver that asks for one point at a time gets its answer ten times sooner.
            V, m, h, n = y.tolist()
            u = min(max(V, -500.0), 500.0) + 65.0
            x, z = 2.5 - 0.1 * u, 1.0 - 0.1 * u
            a_m = x / math.expm1(x) if x else 1.0
            a_n = 0.1 * z / math.expm1(z) if z else 0.1
            ionic = g_Na * m**3 * h * (V - V_Na) + g_K * n**4 * (V - V_K) + g_L * (V - V_L)
            return [
                (current - ionic) / C,
                phi * (a_m * (1.0 - m) - 4.0 * exp(u / -18.0) * m),
                phi * (0.07 * exp(u / -20.0) * (1.0 - h) - h / (1.0 + exp(3.0 - 0.1 * u))),
                phi * (a_n * (1.0 - n) - 0.125 * exp(u / -80.0) * n),
            ]

        return at

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
        _clamp(*gates, np.ascontiguousarray(V, float), self.constants_now[7] * dt, *out)
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
        return super().silent(**{"mode": "current clamp"} | more)

    def _present_equilibria(self, state: State) -> Sequence[Equilibrium]:
        return () if self.clamped else super()._present_equilibria(state)

    # -- declarations --

    @property
    def streams(self) -> tuple[Stream, ...]:
        every = self._coarse()
        return (
            *super().streams,
            Stream(
                "gates",
                "trace",
                "",
                "Gates of the first cell.",
                (3,),
                ("m", "h", "n"),
                every=every,
                meanings=("Na opens", "Na ready", "K opens"),
            ),
            Stream(
                "currents",
                "trace",
                "uA/cm2",
                "Ionic currents of the first cell, outward positive.",
                (4,),
                ("Na", "K", "leak", "sum"),
                every=every,
            ),
            Stream("conductances", "trace", "mS/cm2", "Conductances of the first cell.", (2,), ("Na", "K"), every=every),
            Stream(
                "steady_gates",
                "curve",
                "",
                "Steady state of the gates against voltage.",
                channels=("V", "m_inf", "h_inf", "n_inf"),
                x_unit="mV",
            ),
            Stream(
                "time_constants",
                "curve",
                "ms",
                "Time constants of the gates against voltage.",
                channels=("V", "tau_m", "tau_h", "tau_n"),
                x_unit="mV",
            ),
            Stream(
                "present_V",
                "curve",
                "",
                "The present voltage as a line across the gating curves.",
                channels=("V", "gate", "time constant"),
                x_unit="mV",
            ),
            Stream("f_I", "curve", "Hz", "Rate against constant current of this very cell.", channels=("I", "rate"), x_unit="uA/cm2"),
            Stream("present_f_I", "curve", "Hz", "Where the present current lies.", channels=("I", "rate"), x_unit="uA/cm2"),
        )

    @property
    def clamp_handles(self) -> tuple[Handle, ...]:
        """In voltage clamp the voltage itself is dragged."""
        return (Handle("hold"), Handle("command"), *self.stimulus_handles[1:]) if self.clamped else ()

    @property
    def stage(self) -> Stage:
        """Clamped, the voltage is the stimulus, and the currents are what one looks at."""
        strips = ("voltage", "currents", "gates") if self.clamped else ("voltage", "stimulus", "gates", "currents")
        several = (("Several cells", ("cells",)),) if self.cells > 1 else ()
        return Stage(
            Strips("rig", "Rig", (*strips, *(("raster",) if self.cells > 1 else ())), switch="mode"),
            ("plane", "steady_gates", "time_constants"),
            drawers=(("Rate", ("f_I",)), ("Fixed points", ("fixed_points",)), ("Conductances", ("conductances",)), *several),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        first, second, *rest = super().pictures
        plane = self.plane_picture(
            Layer("gates", x="V", channel=2, label="trajectory"), Layer("gates", x="V", channel=2, style="marker", label="now")
        )
        x = "V (mV)"
        return (
            replace(first, figures=("rate (Hz)", "interval error (%)"), handles=self.clamp_handles),
            second,
            Picture("gates", "Gates", (Layer("gates", series=GATES),), y="open", window=50.0, y_range=(0.0, 1.0), front=True),
            plane,
            Picture(
                "currents",
                "Ionic currents",
                (
                    Layer("currents", channel=0, label="Na", meaning="in", style="fill", series=(NA,)),
                    Layer("currents", channel=1, label="K", meaning="out", style="fill", series=(K,)),
                    Layer("currents", channel=2, label="leak", series=(5,)),
                ),
                y="ions (uA/cm2)",
                window=50.0,
            ),
            Picture(
                "steady_gates",
                "Steady gates",
                (Layer("steady_gates", series=GATES), Layer("present_V", channel=0, style="dotted", label=" ", series=(0,))),
                x=x,
                y="open fraction",
                follows="V",
            ),
            Picture(
                "time_constants",
                "Time constants",
                (Layer("time_constants", series=GATES), Layer("present_V", channel=1, style="dotted", label=" ", series=(0,))),
                x=x,
                y="tau (ms)",
                follows="V",
            ),
            Picture(
                "f_I",
                "Rate against current",
                (Layer("f_I"), Layer("present_f_I", style="points", label="now")),
                x="I (uA/cm2)",
                y="rate (Hz)",
            ),
            Picture("conductances", "Conductances", (Layer("conductances", series=(NA, K)),), y="g (mS/cm2)", window=50.0),
            FIXED_POINTS,
            *rest,
        )

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
            return _advance_clamped(cells, drive, c, self.dt, state["now"], looks)
        if self.cells == 1:
            return self._integrate_one(bench, cells, drive, state, out)
        move_noise, supply = self.supply(bench, state, drive)
        climb = Climb(self.level, state["climb"], state["trough"])
        return _advance_many(cells, move_noise, supply, c, self.dt, climb, state["step"][0], state["now"], self.spikes(state, out), looks)

    def _integrate_one(self, bench: Bench, cells: Cells, drive: np.ndarray, state: State, out: Out) -> int:
        """Advance a single cell; what is looked at besides V and current is worked out afterwards, for all steps at once."""
        own, c = self.cell_currents(bench), self.constants_now
        looked = any(out.wanted(name) for name in ("gates", "currents", "conductances"))
        V = out["V"] if out.wanted("V") else np.empty(len(drive) if looked else 0)
        m, h, n = np.empty((3, len(drive) if looked else 0))
        climb = Climb(self.level, state["climb"], state["trough"])
        done = _advance_one(
            cells, drive, own, c, self.dt, climb, state["step"][0], state["now"], self.spikes(state, out), Cells(V, m, h, n)
        )
        if out.wanted("current"):
            out["current"][:done] = drive[:done] + own[0]
        if looked:
            _look_back(
                V[:done], m[:done], h[:done], n[:done], c, self.dt, out["gates"][:done], out["currents"][:done], out["conductances"][:done]
            )
        return done

    def observe(self, constants: Bench, state: State, stream: str) -> Any:
        V = np.linspace(-100.0, 60.0, 161)
        if stream == "steady_gates":
            return np.vstack([V, gating(V)[:3]])
        if stream == "time_constants":
            return np.vstack([V, self.time_constants(V)])
        if stream == "present_V":
            top = float(self.time_constants(V).max())
            return np.array([[state["V"][0]] * 2, [0.0, 1.0], [0.0, top]])
        if stream == "f_I":
            return self.f_I()
        if stream == "present_f_I":
            curve, now = self.f_I(), float(state["now"][0])
            return np.array([[now], [np.interp(now, curve[0], curve[1])]])
        return super().observe(constants, state, stream)

    def f_I(self) -> np.ndarray:
        """Rate (Hz) at 41 constant currents up to 20 uA/cm2: one population of this cell."""
        return _rates(tuple(self.constants_now), self.level)

    def summary(self, constants: Bench, state: State) -> dict[str, Any]:
        return self._told(constants, state, math.nan if self.clamped else self.interval_error())

    def summaries_of(self, cells: Sequence[Neuron], states: Sequence[State]) -> list[dict[str, Any]]:
        errors = _interval_errors(Equations(self), np.array([cell.amplitude + cell.base for cell in cells]), self.dt)
        found = zip(cells, states, errors, strict=True)
        return [cell._told(cell.build(0), state, float(error)) for cell, state, error in found if isinstance(cell, HodgkinHuxley)]

    def _told(self, constants: Bench, state: State, error: float) -> dict[str, Any]:
        out = super().summary(constants, state)
        if not self.clamped:
            if math.isfinite(error):
                out["interval error (%)"] = error
        if self.reversal == "concentrations":
            out["V_Na (mV)"], out["V_K (mV)"] = self.reversals
        out["V_L (mV)"] = self.V_L
        return out

    def interval_error(self) -> float:
        """How much too long this cell's intervals are at this step (%), under its constant current: measured.

        The same cell is run at this step and at half of it, and the difference extrapolated to no step at all by the
        method's second order (Richardson); NaN where the cell does not fire on.
        """
        current = (self.current if self.stimulus in ("step", "pulses", "ramp", "noise") else 0.0) + self.offset
        return _interval_error(Equations(self), current, self.dt)

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


def _cell(numbers: tuple[float, ...], level: float, dt: float) -> HodgkinHuxley:
    """The cell with these constants; a temperature stands for phi."""
    names = ("C", "g_Na", "g_K", "g_L", "V_Na", "V_K", "V_L")
    values: dict[str, Any] = dict(zip(names, numbers, strict=False))
    return HodgkinHuxley(**values, temperature=6.3 + 10.0 * math.log(numbers[7], 3.0), level=level, dt=dt)


@lru_cache(64)
def _rates(numbers: tuple[float, ...], level: float) -> np.ndarray:
    currents = np.linspace(0.0, 20.0, 41)
    state = _cell(numbers, level, 0.04).sweep(currents, 500.0, 300.0).run()
    return np.vstack([currents, Sweep.rates(state)])


@lru_cache(64)
def _interval_error(equations: Equations, current: float, dt: float) -> float:
    return float(_interval_errors(equations, np.array([current]), dt)[0])


def _interval_errors(equations: Equations, currents: np.ndarray, dt: float) -> np.ndarray:
    """`interval_error` for each of several constant currents."""
    found, fires = [], np.ones(len(currents), bool)
    for step in (dt, dt / 2.0):
        state = equations.cell.sweep(currents, 250.0, 100.0, dt=max(step, 0.001)).run()
        fires &= (state["swept"] >= 3) & (state["last"] >= 200.0)
        found.append((state["last"] - state["first"]) / np.maximum(state["swept"] - 1, 1))
        if not fires.any():
            return np.full(len(currents), math.nan)
    exact = np.where(fires, found[1] + (found[1] - found[0]) / 3.0, math.nan)
    return np.asarray(100.0 * (found[0] / exact - 1.0))


# ---------------------------------------------------------------------------------------------------------------------
# Kernels.


class Cells(NamedTuple):
    """What moves: voltages and gates, of each cell or of each step."""

    V: np.ndarray
    m: np.ndarray
    h: np.ndarray
    n: np.ndarray


class Climb(NamedTuple):
    """How spikes are found: their level, and whether each cell climbs and from which trough (`rising_spike`)."""

    level: float
    climb: np.ndarray
    trough: np.ndarray


class Looks(NamedTuple):
    """What is recorded, step by step or empty: of the first cell, and V of the first cells."""

    V: np.ndarray
    current: np.ndarray
    gates: np.ndarray
    currents: np.ndarray
    conductances: np.ndarray
    cells: np.ndarray


class Membrane(NamedTuple):
    """The constants of the membrane as numbers: from an array the compiler would have to read them again at each step."""

    C: float
    g_Na: float
    g_K: float
    g_L: float
    V_Na: float
    V_K: float
    V_L: float


@kernel
def _gates_then(m, h, n, V, dt):
    """gates_after as a function of its own, for places that need not become vector instructions: compiled once for all of them."""
    return gates_after(m, h, n, V, dt)


@kernel
def _gates_exactly(m, h, n, V, dt):
    """Gates after time dt at voltage V, exactly: dx/dt is linear while V is held (the voltage clamp)."""
    a_m, d_m, b_m, a_h, d_h, a_n, d_n, b_n = rates_at(V)
    m_inf, h_inf, n_inf = a_m / (a_m + b_m * d_m), a_h * d_h / (a_h * d_h + 1.0), a_n / (a_n + b_n * d_n)
    after_m = m_inf + (m - m_inf) * exp(-dt * (a_m / d_m + b_m))
    after_h = h_inf + (h - h_inf) * exp(-dt * (a_h + 1.0 / d_h))
    after_n = n_inf + (n - n_inf) * exp(-dt * (a_n / d_n + b_n))
    return after_m, after_h, after_n


@kernel(inline=True)
def _voltage_after(V, m, h, n, current, membrane, dt):
    """Voltage after one step with the gates at its middle, by the trapezoid rule (its steady value where dt g > 2 C)."""
    n2 = n * n
    open_Na = membrane.g_Na * (m * m * m * h)
    open_K = membrane.g_K * (n2 * n2)
    z = dt * (open_Na + open_K + membrane.g_L)
    p = max(membrane.C - 0.5 * z, 0.0)
    return (V * p + dt * (current + open_Na * membrane.V_Na + open_K * membrane.V_K + membrane.g_L * membrane.V_L)) / (p + z)


@kernel(inline=True)
def _ionic(V, m, h, n, c):
    n2 = n * n
    g_Na, g_K = c[1] * (m * m * m * h), c[2] * (n2 * n2)
    return g_Na, g_K, g_Na * (V - c[4]), g_K * (V - c[5]), c[3] * (V - c[6])


@kernel
def _step_voltages(V, m, h, n, current, membrane, dt):
    """One step of all voltages. Two loops of few arrays become vector instructions; one loop of many does not, because the
    compiler gives up proving that its arrays do not overlap. For the same reason the constants are numbers."""
    for i in range(len(V)):
        V[i] = _voltage_after(V[i], m[i], h[i], n[i], current[i], membrane, dt)


@kernel
def _step_gates(V, m, h, n, dt):
    """One step of all gates; see _step_voltages."""
    for i in range(len(V)):
        m[i], h[i], n[i] = gates_after(m[i], h[i], n[i], V[i], dt)


@kernel
def _seek_spike(k, i, before, total, cells, c, dt, climb, step, into):
    """Look closer at a step of cell i from `before` to V that may hold a spike, and write it down if it does."""
    V = cells.V[i]
    found = rising_spike(before, V, climb.level, PEAK, RISE, i, climb.climb, climb.trough)
    if found != NO_SPIKE:
        g_m, g_h, g_n = _gates_then(cells.m[i], cells.h[i], cells.n[i], V, 0.5 * c[7] * dt)
        _, _, i_Na, i_K, i_L = _ionic(V, g_m, g_h, g_n, c)
        change = dt * (total - i_Na - i_K - i_L) / c[0]
        s = spike_fraction(found, before, V, change, climb.level)
        if s >= 0.0:
            if found == CROSSED or found == PEAKING:
                climb.climb[i] = 2
            record_spike(k, i, s, step, dt, into)


@kernel
def _write(k, V, a, b, d, c, out):
    """Gates a, b, d at the voltage's own time and the currents that flow through them, of step k."""
    open_Na, open_K, i_Na, i_K, i_L = _ionic(V, a, b, d, c)
    if len(out.gates) > 0:
        out.gates[k, 0], out.gates[k, 1], out.gates[k, 2] = a, b, d
    if len(out.currents) > 0:
        out.currents[k, 0], out.currents[k, 1], out.currents[k, 2], out.currents[k, 3] = i_Na, i_K, i_L, i_Na + i_K + i_L
    if len(out.conductances) > 0:
        out.conductances[k, 0], out.conductances[k, 1] = open_Na, open_K


@kernel
def _look_back(V, m, h, n, c, dt, out_gates, out_currents, out_g):
    """Write what is recorded of all steps of a block, whose V, m, h and n were kept. One call: each way back into Python may
    have to wait for the window."""
    g_Na, g_K, g_L, V_Na, V_K, V_L = c[1], c[2], c[3], c[4], c[5], c[6]
    _step_gates(V, m, h, n, 0.5 * c[7] * dt)
    for k in range(len(out_gates)):
        out_gates[k, 0], out_gates[k, 1], out_gates[k, 2] = m[k], h[k], n[k]
    for k in range(len(V) if len(out_currents) + len(out_g) > 0 else 0):
        n2 = n[k] * n[k]
        open_Na, open_K = g_Na * (m[k] * m[k] * m[k] * h[k]), g_K * (n2 * n2)
        if len(out_g) > 0:
            out_g[k, 0], out_g[k, 1] = open_Na, open_K
        if len(out_currents) > 0:
            i_Na, i_K, i_L = open_Na * (V[k] - V_Na), open_K * (V[k] - V_K), g_L * (V[k] - V_L)
            out_currents[k, 0], out_currents[k, 1], out_currents[k, 2], out_currents[k, 3] = i_Na, i_K, i_L, i_Na + i_K + i_L


@kernel
def _look(k, V, m, h, n, current, c, dt, out):
    """Write what is recorded of the first cell after step k. Its gates lie half a step back: they are taken forward."""
    if len(out.V) > 0:
        out.V[k] = V
    if len(out.current) > 0:
        out.current[k] = current
    if len(out.gates) + len(out.currents) + len(out.conductances) > 0:
        a, b, d = _gates_then(m, h, n, V, 0.5 * c[7] * dt)
        _write(k, V, a, b, d, c, out)


# Three ways through time, each compiled only when it is needed: one cell, a population, the voltage clamp.


@kernel
def _advance_one(cells, drive, own, c, dt, climb, step, now, into, kept):
    """One cell: the population's arithmetic without the preparations of a vector loop, which take longer than the step.

    What moves is kept in numbers: written to arrays at each step, the compiler could not know that they do not overlap
    with the others, and the step would take three times as long.
    """
    membrane, phi = Membrane(c[0], c[1], c[2], c[3], c[4], c[5], c[6]), c[7]
    first = len(cells.V) - 1  # 0, but a written 0 would be a type of its own and compile what is called again
    full = into.used[0] >= len(into.step)
    v, a, b, d, climbing, total = cells.V[0], cells.m[0], cells.h[0], cells.n[0], climb.climb[0], now[0]
    done = 0
    while done < len(drive) and not full:
        before = v
        total = drive[done] + own[0]
        a, b, d = _gates_then(a, b, d, v, phi * dt)
        v = _voltage_after(v, a, b, d, total, membrane, dt)
        if turning(before, v, PEAK, climbing):
            cells.V[0], cells.m[0], cells.h[0], cells.n[0] = v, a, b, d
            _seek_spike(done, first, before, total, cells, c, dt, climb, step, into)
            climbing = climb.climb[0]
            full = into.used[0] >= len(into.step)
        if len(kept.V) > 0:
            kept.V[done] = v
        if len(kept.m) > 0:
            kept.m[done], kept.h[done], kept.n[done] = a, b, d
        done += 1
    cells.V[0], cells.m[0], cells.h[0], cells.n[0], now[0] = v, a, b, d, total
    return done


@kernel
def _advance_many(cells, move_noise, supply, c, dt, climb, step, now, into, out):
    """A population, each cell with its own constant current and noise."""
    V, m, h, n = cells
    drive, own, noise, rng, decay, increment = supply
    count = len(V)
    before, total = np.empty(count), np.empty(count)
    membrane, phi = Membrane(c[0], c[1], c[2], c[3], c[4], c[5], c[6]), c[7]
    for k in range(len(drive)):
        if into.used[0] + count > len(into.step):
            return k
        move_noise(noise, rng, decay, increment)
        for i in range(count):
            before[i] = V[i]
            total[i] = drive[k] + own[i] + noise[i]
        _step_gates(V, m, h, n, phi * dt)
        _step_voltages(V, m, h, n, total, membrane, dt)
        for i in range(count):
            if turning(before[i], V[i], PEAK, climb.climb[i]):
                _seek_spike(k, i, before[i], total[i], cells, c, dt, climb, step, into)
        now[0] = total[0]
        _look(k, V[0], m[0], h[0], n[0], total[0], c, dt, out)
        for j in range(out.cells.shape[1] if len(out.cells) > 0 else 0):
            out.cells[k, j] = V[j]
    return len(drive)


@kernel
def _advance_clamped(cells, drive, c, dt, now, out):
    """All cells at the commanded voltage: half of the gates' step at the last command, half at this one."""
    V, m, h, n = cells
    half = 0.5 * c[7] * dt
    for k in range(len(drive)):
        for i in range(len(V)):
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], V[i], half)
            V[i] = drive[k]
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], drive[k], half)
        now[0] = drive[k]
        if len(out.V) > 0:
            out.V[k] = V[0]
        if len(out.current) > 0:
            out.current[k] = drive[k]
        if len(out.gates) + len(out.currents) + len(out.conductances) > 0:
            a, b, d = _gates_exactly(m[0], h[0], n[0], V[0], half)
            _write(k, V[0], a, b, d, c, out)
        for j in range(out.cells.shape[1] if len(out.cells) > 0 else 0):
            out.cells[k, j] = V[j]
    return len(drive)


@kernel
def _clamp(m, h, n, V, dt, open_Na, open_K):
    """Every cell held at its own voltage V[i]; dt is in the gates' own time. Rows of the open fractions follow each step."""
    for k in range(len(open_Na)):
        for i in range(len(V)):
            m[i], h[i], n[i] = _gates_exactly(m[i], h[i], n[i], V[i], dt)
            n2 = n[i] * n[i]
            open_Na[k, i], open_K[k, i] = m[i] * m[i] * m[i] * h[i], n2 * n2
