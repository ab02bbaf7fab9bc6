"""The adaptive exponential integrate-and-fire neuron."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Neuron, Start
from lab.cells.phase_plane import equilibria, hopf_points
from lab.cells.planar import PlanarNeuron, integrator
from lab.cells.shadow import spike_times
from lab.kernels import exp, kernel
from lab.model import CellTerms, Figure, Preset, State, action, param
from lab.params import redeclared


@kernel
def _slope(V, w, current, p):
    """Equations 1 and 2 of the paper; p = (C, g_L, E_L, V_T, Delta_T, a, tau_w). The exponent stops at 20: the rest of the upstroke takes nanoseconds."""
    climb = p[1] * p[4] * exp(min((V - p[3]) / p[4], 20.0))
    return (current - p[1] * (V - p[2]) + climb - w) / p[0], (p[5] * (V - p[2]) - w) / p[6]


def _pattern(C, g_L, E_L, a, tau_w, b, V_reset, current, **more) -> dict[str, Any]:
    """A row of the table of firing patterns: V_T = -50 and Delta_T = 2 mV in all of them."""
    row = dict(C=C, g_L=g_L, E_L=E_L, a=a, tau_w=tau_w, b=b, V_reset=V_reset, current=current, V_T=-50.0, Delta_T=2.0, V_peak=0.0)
    return row | more


class AdaptiveExponential(PlanarNeuron):
    r"""An integrate-and-fire neuron whose spike starts as an exponential, with a current that adapts it.

    Below threshold the leak wins; near `V_T` the sodium channels' opening is an exponential of sharpness `Delta_T`, and from
    there V runs away until it is cut at `V_peak` and put to `V_reset`. The adaptation w follows V with strength `a` and time
    `tau_w`, and each spike adds `b` to it. Capacitance, leak and its reversal can be measured in a cell; the rest is fitted to its
    responses.

    **Try:** go through the firing patterns and look in the phase plane where the reset puts the cell: above the V-nullcline
    it has to swing around (a broad reset), below it fires on at once (a sharp one): bursts begin with sharp resets and end with a broad one.

    **Numerics.** Fourth order; the run-away is cut into parts of an eighth of Delta_T, so a spike is right within a step of any size.
    """

    name = "adaptive-exponential"
    title = "Adaptive exponential neuron"
    group = "Single cells"
    icon = "mdi6.chart-line-variant"
    order = 40
    also = "AdEx; aEIF; exponential integrate and fire; EIF; spike-frequency adaptation; adaptation; Brette-Gerstner; adapting neuron"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (
        r"C \dot V = -g_L (V - E_L) + g_L \Delta_T\, e^{(V - V_T)/\Delta_T} - w + I",
        r"\tau_w \dot w = a\,(V - E_L) - w",
        r"V \ge V_{peak}:\quad V \to V_{reset},\quad w \to w + b",
    )
    symbols = r"C: capacitance; \Delta_T: sharpness of the onset of a spike; \tau_w: time constant of adaptation"
    source = "Brette and Gerstner 2005, J Neurophysiol 94:3637, equations 1 to 3; patterns: Naud et al. 2008, Biol Cybern 99:335, table 1"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Brette and Gerstner's cell": Preset({}, shows="first(intervals(stream spikes)) < last interval / 2", after=500.0),
        "Tonic": Preset(_pattern(200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0), shows="rate > 90 and CV < 0.05", after=300.0),
        "Adapting": Preset(
            _pattern(200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0), shows="last interval > 3 first(intervals(stream spikes))", after=700.0
        ),
        "Initial burst": Preset(
            _pattern(130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0),
            shows="first(intervals(stream spikes)) < 10 and last interval > 5 first(intervals(stream spikes))", after=500.0,
        ),
        "Regular bursting": Preset(_pattern(200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0), shows="CV > 0.8 and spikes > 10"),
        "Delayed accelerating": Preset(
            _pattern(200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0), shows="first(intervals(stream spikes)) > 1.5 last interval", after=700.0
        ),
        "Delayed regular bursting": Preset(
            _pattern(100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0), shows="first(stream spikes) > 50 and CV > 0.8 and spikes > 20"
        ),
        "Transient": Preset(
            _pattern(100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0), shows="spikes > 0 and spikes < 5 and rate = 0", after=500.0
        ),
        "Irregular": Preset(_pattern(100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 165.0), shows="CV > 0.5 and spikes > 30"),
    }  # fmt: skip

    variables = ("V", "w")
    units = ("mV", "pA")
    plane = ("V", "w")
    plane_range = ((-90.0, 0.0), (-200.0, 1000.0))
    plane_shown = (-90.0, 30.0)  # with the spike, where the field would lead far away
    nullcline_range = (-1e4, 1e4)
    integrator = integrator(_slope)

    current: float = redeclared(Neuron, "current", 1000.0, unit="pA", lo=-5000, hi=5000, soft=None)
    offset: float = redeclared(Neuron, "offset", 0.0, unit="pA", lo=-5000, hi=5000, soft=None)
    sigma: float = param(
        200.0,
        "pA",
        lo=0,
        hi=5000,
        when=("stimulus", "noise"),
        group="Stimulus",
        symbol=r"\sigma",
        label="Noise",
        doc="Standard deviation of the noise.",
    )
    scale: float = redeclared(Neuron, "scale", 1000.0, unit="pA")
    spread: float = redeclared(Neuron, "spread", 0.0, unit="pA", hi=2000)
    C: float = param(281.0, "pF", lo=10, hi=2000, log=True, group="Membrane", symbol="C", label="Capacitance", doc="Membrane capacitance.")
    g_L: float = param(30.0, "nS", lo=0.5, hi=500, log=True, group="Membrane", symbol="g_L", label="Leak", doc="Leak conductance.")
    E_L: float = param(-70.6, "mV", lo=-120, hi=0, group="Membrane", symbol="E_L", label="Leak reversal", doc="Leak reversal potential.")
    V_T: float = param(
        -50.4,
        "mV",
        lo=-80,
        hi=0,
        main=True,
        group="Spike",
        symbol="V_T",
        label="Threshold",
        doc="Where the exponential's slope equals the leak's: about the threshold.",
    )
    Delta_T: float = param(
        2.0, "mV", lo=0.1, hi=20, log=True, group="Spike", symbol=r"\Delta_T", label="Sharpness", doc="Sharpness of the spike's start."
    )
    V_reset: float = param(
        -70.6, "mV", lo=-120, hi=-20, main=True, group="Spike", symbol="V_{reset}", label="Reset", doc="V after a spike."
    )
    V_peak: float = param(
        20.0, "mV", lo=-20, hi=100, group="Spike", symbol="V_{peak}", label="Peak", doc="Where a spike is cut and counted."
    )
    a: float = param(
        4.0, "nS", lo=-50, hi=200, main=True, group="Adaptation", symbol="a", label="Pull of V on w", doc="How strongly w follows V."
    )
    b: float = param(80.5, "pA", lo=0, hi=2000, main=True, group="Adaptation", symbol="b", label="Jump of w", doc="What a spike adds to w.")
    tau_w: float = param(
        144.0, "ms", lo=1, hi=5000, log=True, group="Adaptation", symbol=r"\tau_w", label="Time constant of w", doc="Time constant of w."
    )

    def check(self) -> None:
        super().check()
        if self.V_peak <= self.V_reset:
            raise self.refuse("V_peak", f"must be above V_reset ({self.V_reset:g} mV)")
        if self.V_peak <= self.V_T:
            raise self.refuse("V_peak", f"must be above V_T ({self.V_T:g} mV)")

    @property
    def numbers(self) -> np.ndarray:
        return np.array([self.C, self.g_L, self.E_L, self.V_T, self.Delta_T, self.a, self.tau_w])

    @property
    def crossing(self) -> float:
        return self.V_peak

    @property
    def reset(self) -> tuple[float, float]:
        return self.V_reset, self.b

    @property
    def present_swing(self) -> tuple[float, float]:
        return 0.125 * self.Delta_T, 1e9

    @property
    def sweep_range(self) -> tuple[float, float]:
        return 0.0, max(10.0, 2.0 * self.rheobase_theory())

    def terms(self) -> CellTerms:
        names = ("C", "g_L", "E_L", "V_T", "Delta_T", "a", "tau_w", "b", "V_reset", "V_peak")
        changes = (
            ("V", "(g_L * Delta_T * exp(clip((V - V_T) / Delta_T, -1000, 20)) - g_L * (V - E_L) - w + I) / C"),
            # V is never above V_peak, but a program of fixed steps works out what would be, and w must not follow it there.
            ("w", "(a * (clip(V, -1000, V_peak) - E_L) - w) / tau_w"),
        )
        numbers = {name: getattr(self, name) for name in names}
        return CellTerms("adaptive exponential", changes, numbers, reset=(("V", "V_reset"), ("w", "w + b")))

    def steady(self, V: np.ndarray) -> np.ndarray:
        V = np.asarray(V, float)
        return np.stack([V, self.a * (V - self.E_L)])

    def beginning(self) -> tuple[np.ndarray, Start]:
        """Where the patterns of Naud et al. start: V at the leak's reversal, no adaptation (there need not be an equilibrium)."""
        return np.array([self.E_L, 0.0]), Start.LEAK

    def rheobase_theory(self) -> float:
        """Current (pA) above which no equilibrium is left: the saddle-node, where dI/dV of the steady current vanishes."""
        steep = 1.0 + self.a / self.g_L
        if steep <= 0.0:
            return 0.0
        return (self.g_L + self.a) * (self.V_T - self.E_L - self.Delta_T + self.Delta_T * math.log(steep))

    def hopf(self) -> float:
        """Current (pA) at which the resting point loses its stability by oscillating: zero trace (it exists where a tau_w > C)."""
        V = self.V_T + self.Delta_T * math.log(1.0 + self.C / (self.g_L * self.tau_w))
        return (self.g_L + self.a) * (V - self.E_L) - self.g_L * self.Delta_T * math.exp((V - self.V_T) / self.Delta_T)

    @action("Inject a pulse", shortcut="P", height=(float, param(8000.0, "pA", lo=-10000, hi=10000, doc="Current added to the stimulus.")),
            length=(float, param(1.0, "ms", lo=0.01, hi=1000, doc="How long it lasts.")))  # fmt: skip
    def pulse(self, constants: Any, state: State, height: float, length: float) -> None:
        """Add a pulse of current to the stimulus of all cells, now: the one given makes a cell at rest fire."""
        super().pulse(constants, state, height, length)

    def remedy(self, stream: str) -> str:
        return "use a smaller step, or values of C, a and b nearer to a preset"

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def times(run, preset: str, duration: float) -> np.ndarray:
            cell = cls(**cls.presets[preset])
            return run(cell, steps=cell.steps_for(duration), record=["spikes"])["spikes"]

        def worst(preset: str):
            def measure(run) -> float:
                cell = cls(**cls.presets[preset])
                found, exact = times(run, preset, 400.0), spike_times(cell, cell.current, 400.0)
                return float(np.abs(found - exact).max()) if len(found) == len(exact) > 3 else float("nan")

            return measure

        def ratio(preset: str, duration: float = 1000.0):
            def measure(run) -> float:
                intervals = np.diff(times(run, preset, duration))
                return float(intervals.max() / intervals.min())

            return measure

        def bursts(run) -> float:
            late = times(run, "Regular bursting", 1500.0)
            intervals = np.diff(late[late > 500.0])
            return float(intervals.max() / intervals.min())

        def accelerates(run) -> float:
            intervals = np.diff(times(run, "Delayed accelerating", 2000.0))
            return float(intervals[0] / intervals[-1])

        def tonic(run) -> float:
            late = times(run, "Tonic", 1000.0)
            intervals = np.diff(late[late > 500.0])
            return float(intervals.max() / intervals.min())

        def returns(run) -> float:
            """Least change of the late intervals after 1 to 20 spikes: nothing where the firing repeats itself."""
            late = times(run, "Irregular", 4000.0)
            intervals = np.diff(late[late > 1000.0])
            return min(float(np.abs(intervals[p:] - intervals[:-p]).max()) for p in range(1, 21))

        cell, adaptive = cls(), "DOP853 at tolerance 1e-11"
        class_1 = cls(a=0.5, tau_w=30.0)  # fast, weak adaptation: the equilibria meet before the trace vanishes
        naud = "Naud et al. 2008, figure 4"
        return (
            Figure("lowest equilibrium without current", cell._rest_theory(), lambda run: float(equilibria(cls(), 0.0)[0].point[0]), tolerance=1e-8, unit="mV", source="(g_L + a)(V - E_L) = g_L Delta_T exp((V - V_T)/Delta_T)"),
            Figure("Hopf point", cell.hopf(), lambda run: hopf_points(cls())[0], relative=1e-7, unit="pA", source="zero trace: exp((V - V_T)/Delta_T) = 1 + C/(g_L tau_w)"),
            Figure(
                "equilibria below and above the saddle-node", 2.0,
                lambda run: float(len(equilibria(class_1, class_1.rheobase_theory() - 0.5)) - len(equilibria(class_1, class_1.rheobase_theory() + 0.5))),
                source="Naud et al. 2008: I = (g_L + a)(V_T - E_L - Delta_T + Delta_T ln(1 + a/g_L))",
            ),
            Figure("spike times against an adaptive solution, worst", 1e-5, worst("Brette and Gerstner's cell"), unit="ms", bound="at_most", source=adaptive),
            Figure("spike times of the adapting cell, worst", 1e-5, worst("Adapting"), unit="ms", bound="at_most", source=adaptive),
            Figure("tonic: longest over shortest interval", 1.0, tonic, tolerance=0.001, source=naud),
            Figure("adapting: longest over shortest interval", 3.0, ratio("Adapting"), bound="at_least", source=naud),
            Figure("regular bursting: longest over shortest interval, late", 3.0, bursts, bound="at_least", source=naud),
            Figure("delayed accelerating: first over last interval", 1.5, accelerates, bound="at_least", source=naud),
            Figure("irregular: intervals that come back, nearest", 5.0, returns, bound="at_least", unit="ms", source="Naud et al. 2008: chaos; at 160 pA the same ten intervals come back for ever"),
            Figure("transient: spikes in 2 s", 5.0, lambda run: float(len(times(run, "Transient", 2000.0))), bound="at_most", source=naud),
        )  # fmt: skip

    def _rest_theory(self) -> float:
        """Lower equilibrium without current, by iterating its equation, which contracts below V_T."""
        V = self.E_L
        for _ in range(200):
            V = self.E_L + self.g_L * self.Delta_T * math.exp((V - self.V_T) / self.Delta_T) / (self.g_L + self.a)
        return V
