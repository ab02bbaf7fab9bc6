"""The Izhikevich neuron."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Neuron
from lab.cells.phase_plane import equilibria, hopf_points
from lab.cells.planar import PlanarNeuron, integrator
from lab.cells.shadow import spike_times
from lab.kernels import kernel
from lab.model import CellTerms, Figure, Preset, param
from lab.params import redeclared


@kernel
def _slope(V, u, current, p):
    """Equations 1 and 2 of the paper; p = (a, b)."""
    return 0.04 * V * V + 5.0 * V + 140.0 - u + current, p[0] * (p[1] * V - u)


class Izhikevich(PlanarNeuron):
    r"""Two variables, a reset and four numbers that make most firing patterns of the cortex.

    `V` is the membrane potential, `u` a recovery that pulls it back: `a` says how fast, `b` how sensitive it is to V below
    threshold, `c` is the voltage after a spike and `d` what a spike adds to u. The current is a voltage per time (mV/ms),
    the capacitance being 1. The spike is cut at 30 mV.

    **Try:** go through the presets and look where the reset puts the cell in the phase plane: outside the parabola it
    fires once and waits, inside it goes on at once, which is a burst. Drive the resonator with a sine of 0.2 and sweep its
    frequency: a weak input makes it fire only near the frequency at which it oscillates by itself.

    **Numerics.** Fourth order, the crossing of 30 mV found within the step: the original paper's Euler step of 1 ms changes
    spike counts by tens of percent.
    """

    name = "izhikevich"
    title = "Izhikevich neuron"
    group = "Single cells"
    icon = "mdi6.chart-timeline-variant"
    order = 30
    also = "Izhikevich; Izhikevic; bursting; chattering; resonator; fast spiking; regular spiking; thalamo-cortical; firing patterns; quadratic integrate and fire"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (r"\dot V = 0.04 V^2 + 5 V + 140 - u + I", r"\dot u = a\,(b V - u)", r"V \ge V_{peak}:\quad V \to c,\quad u \to u + d")
    source = "Izhikevich 2003, IEEE Trans Neural Networks 14:1569, equations 1 to 3 and figure 2"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Regular spiking (RS)": Preset({"current": 10.0}, shows="spikes > 5 and rate > 20 and rate < 25", after=500.0),
        "Intrinsically bursting (IB)": Preset(
            {"c": -55.0, "d": 4.0, "current": 10.0}, shows="min(intervals(stream spikes)) < 8 and last interval > 25", after=500.0
        ),
        "Chattering (CH)": Preset({"c": -50.0, "d": 2.0, "current": 10.0}, shows="CV > 1 and spikes > 20", after=500.0),
        "Fast spiking (FS)": Preset({"a": 0.1, "d": 2.0, "current": 10.0}, shows="rate > 130 and CV < 0.1", after=300.0),
        "Low-threshold spiking (LTS)": Preset(
            {"b": 0.25, "d": 2.0, "current": 10.0}, shows="rate > 70 and first(intervals(stream spikes)) < last interval / 1.5", after=300.0
        ),
        "Thalamo-cortical (TC)": Preset({"b": 0.25, "d": 0.05, "current": 2.0}, shows="rate > 40 and rate < 60", after=500.0),
        "Thalamo-cortical, rebound burst": Preset(
            {"b": 0.25, "d": 0.05, "stimulus": "pulses", "current": -20.0, "onset": 50.0, "width": 100.0, "period": 400.0},
            shows="spikes > 3 and first(stream spikes) > 150", after=400.0,
        ),
        "Resonator (RZ): 20 Hz make it fire, 10 and 40 do not": Preset(
            {"a": 0.1, "b": 0.26, "d": 2.0, "stimulus": "sine", "current": 0.2, "frequency": 20.0}, shows="rate > 15 and rate < 21"
        ),
        "Resonator, a chirp from 5 to 80 Hz: it answers near 20": Preset(
            {"a": 0.1, "b": 0.26, "d": 2.0, "stimulus": "chirp", "current": 0.2, "frequency": 5.0, "last_frequency": 80.0},
            shows="spikes > 3 and first(stream spikes) > 300 and last(stream spikes) < 700",
        ),
    }  # fmt: skip

    variables = ("V", "u")
    units = ("mV", "mV/ms")
    plane = ("V", "u")
    plane_range = ((-90.0, 40.0), (-25.0, 20.0))
    nullcline_range = (-200.0, 400.0)
    swing = (2.0, 2.0)
    integrator = integrator(_slope)

    current: float = redeclared(Neuron, "current", 10.0, unit="mV/ms", soft=None)
    offset: float = redeclared(Neuron, "offset", 0.0, unit="mV/ms", soft=None)
    sigma: float = param(
        3.0,
        "mV/ms",
        lo=0,
        hi=500,
        when=("stimulus", "noise"),
        group="Stimulus",
        symbol=r"\sigma",
        label="Noise",
        doc="Standard deviation of the noise.",
    )
    scale: float = redeclared(Neuron, "scale", 10.0, unit="mV/ms")
    spread: float = redeclared(Neuron, "spread", 0.0, unit="mV/ms")
    a: float = param(
        0.02, "1/ms", lo=0.0001, hi=2, log=True, main=True, group="Membrane", symbol="a", label="Recovery rate", doc="How fast u recovers."
    )
    b: float = param(
        0.2,
        "1/ms",
        lo=-5,
        hi=5,
        main=True,
        group="Membrane",
        symbol="b",
        label="Pull of V on u",
        doc="How much u follows V below threshold.",
    )
    c: float = param(-65.0, "mV", lo=-120, hi=0, main=True, group="Membrane", symbol="c", label="V after a spike", doc="V after a spike.")
    d: float = param(8.0, "mV/ms", lo=0, hi=200, main=True, group="Membrane", symbol="d", label="Jump of u", doc="What a spike adds to u.")
    V_peak: float = param(
        30.0, "mV", lo=1, hi=100, group="Numerics", symbol="V_{peak}", label="Peak", doc="Where a spike is cut and counted."
    )

    @property
    def numbers(self) -> np.ndarray:
        return np.array([self.a, self.b])

    @property
    def crossing(self) -> float:
        return self.V_peak

    @property
    def reset(self) -> tuple[float, float]:
        return self.c, self.d

    @property
    def sweep_range(self) -> tuple[float, float]:
        return 0.0, 20.0

    def terms(self) -> CellTerms:
        changes = (("V", "0.04 * V^2 + 5 * V + 140 - u + I"), ("u", "a * (b * V - u)"))
        numbers = {"a": self.a, "b": self.b, "c": self.c, "d": self.d, "V_peak": self.V_peak}
        return CellTerms("Izhikevich", changes, numbers, reset=(("V", "c"), ("u", "u + d")))

    def steady(self, V: np.ndarray) -> np.ndarray:
        V = np.asarray(V, float)
        return np.stack([V, self.b * V])

    def saddle_node(self) -> float:
        """Current at which the two equilibria meet: the discriminant of the parabola less the line vanishes."""
        return (5.0 - self.b) ** 2 / 0.16 - 140.0

    def hopf(self) -> float:
        """Current at which the lower equilibrium loses its stability while both exist: the trace vanishes."""
        V = (self.a - 5.0) / 0.08
        return -(0.04 * V * V + (5.0 - self.b) * V + 140.0)

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def spikes(steps: float, **values):
            def measure(run) -> float:
                cell = cls(**values)
                return float(run(cell, steps=cell.steps_for(steps), record=["spikes"]).summary["spikes"])

            return measure

        def bursts(run) -> float:
            cell = cls(**cls.presets["Chattering (CH)"])
            times = run(cell, steps=cell.steps_for(1000.0), record=["spikes"])["spikes"]
            intervals = np.diff(times[times > 200.0])
            return float(intervals.max() / intervals.min())

        def against_adaptive(run) -> float:
            cell = cls()
            times = run(cell, steps=cell.steps_for(300.0), record=["spikes"])["spikes"]
            return float(np.abs(times - spike_times(cell, 10.0, 300.0)).max())

        cell = cls()
        return (
            Figure("spikes of RS in 900 ms at 10, step 0.01 ms", 21, spikes(900.0, dt=0.01), source="Izhikevich 2003 with a step of 0.01 ms"),
            Figure("spikes of RS in 900 ms at 10, step 0.1 ms", 21, spikes(900.0, dt=0.1), source="the count does not depend on the step"),
            Figure("spike times against an adaptive solution, worst", 1e-6, against_adaptive, unit="ms", bound="at_most", source="DOP853 at tolerance 1e-11"),
            Figure("rest of RS", -70.0, lambda run: float(cls().rest()[0]), tolerance=1e-9, unit="mV", source="0.04 V^2 + 4.8 V + 140 = 0"),
            Figure("threshold of RS", -50.0, lambda run: float(equilibria(cls(), 0.0)[1].point[0]), tolerance=1e-9, unit="mV", source="0.04 V^2 + 4.8 V + 140 = 0"),
            Figure("Hopf point of RS", cell.hopf(), lambda run: hopf_points(cls())[0], tolerance=1e-6, unit="mV/ms", source="trace of the linearisation: V = (a - 5)/0.08"),
            Figure(
                "equilibria of RS at and above the saddle-node", 2.0,
                lambda run: float(len(equilibria(cls(), cell.saddle_node() - 1e-4)) - len(equilibria(cls(), cell.saddle_node() + 1e-4))),
                source="discriminant: I = (5 - b)^2/0.16 - 140",
            ),
            Figure("longest over shortest interval of CH", 4.0, bursts, bound="at_least", source="Izhikevich 2003, figure 2: bursts"),
            Figure("spikes of TC after release from -20", 3.0, spikes(400.0, **cls.presets["Thalamo-cortical, rebound burst"]), bound="at_least", source="Izhikevich 2003, figure 2: rebound burst"),
        )  # fmt: skip

    def remedy(self, stream: str) -> str:
        return "use a smaller step or values of a, b and d nearer to a preset"
