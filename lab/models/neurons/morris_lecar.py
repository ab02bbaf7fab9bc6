"""The Morris-Lecar neuron."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Neuron
from lab.cells.phase_plane import equilibria, holding_current, hopf_points
from lab.cells.planar import PlanarNeuron, integrator
from lab.cells.shadow import spike_times
from lab.kernels import exp, kernel, sigmoid
from lab.model import CellTerms, Figure, Preset, State, action, param
from lab.params import redeclared


@kernel
def _slope(V, w, current, p):
    """p = (C, g_Ca, g_K, g_L, V_Ca, V_K, V_L, V_1, V_2, V_3, V_4, phi). Far outside, the gate's rate stays as at 10 V_4 from V_3.

    (1 + tanh x)/2 is the sigmoid of 2x, and one exponential gives both the potassium gate's aim and its rate.
    """
    m = sigmoid(2.0 * (V - p[7]) / p[8])
    x = min(max((V - p[9]) / p[10], -10.0), 10.0)
    e = exp(0.5 * x)
    up = e * e * e * e
    flow = current - p[1] * m * (V - p[4]) - p[2] * w * (V - p[5]) - p[3] * (V - p[6])
    return flow / p[0], p[11] * 0.5 * (e + 1.0 / e) * (up / (1.0 + up) - w)


class MorrisLecar(PlanarNeuron):
    r"""Calcium in, potassium out: a membrane of two channels whose whole life fits into a plane.

    Calcium channels open at once with the voltage; potassium channels open slowly, their open fraction is w. With one set
    of constants repetitive firing begins at a **Hopf point**, at once with a finite rate (class II); with the other it
    begins where two equilibria meet on the limit cycle (**SNIC**) and the rate grows from zero (class I).

    **Try:** take both presets and compare their f-I curves. In class I watch two of the three equilibria approach each other
    as the current rises, and the time that the point spends there. In class II at 90 uA/cm2 and in the saddle loop a stable
    point and firing exist side by side, and one pulse leads from the one to the other: at 100 the point has lost its stability.
    """

    name = "morris-lecar"
    title = "Morris-Lecar neuron"
    group = "Single cells"
    icon = "mdi6.waves"
    order = 60
    also = "Morris; Lecar; barnacle; muscle fibre; saddle-node; SNIC; calcium; Hopf bifurcation; bifurcation; class I and class II excitability; type 1 type 2"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (
        r"C \dot V = I - g_{Ca} m_\infty(V) (V - V_{Ca}) - g_K w (V - V_K) - g_L (V - V_L)",
        r"\dot w = \phi\, [w_\infty(V) - w] / \tau_w(V)",
        r"m_\infty = \tfrac{1}{2} [1 + \tanh\tfrac{V - V_1}{V_2}],\quad w_\infty = \tfrac{1}{2} [1 + \tanh\tfrac{V - V_3}{V_4}],\quad \tau_w = 1 / \cosh\tfrac{V - V_3}{2 V_4}",
    )
    symbols = r"C: capacitance; m_\infty: open calcium gates; \tau_w: time constant of w; \phi: speed of the potassium gates"
    source = "Morris and Lecar 1981, Biophys J 35:193; constants: Rinzel and Ermentrout 1989, Analysis of neural excitability and oscillations, table 1"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Class II: Hopf point": Preset({"current": 100.0}, shows="rate > 10", after=500.0),
        "Class II: rest and firing side by side": Preset(
            {
                "stimulus": "drawn",
                "drawn": [[0.0, 0.0], [400.0, 90.0], [700.0, 90.0], [700.1, 490.0], [701.1, 490.0], [701.2, 90.0], [1500.0, 90.0]],
            },
            shows="first(stream spikes) > 700 and rate > 9", after=1200.0,
        ),
        "Class II: excitable, a pulse makes one spike": Preset(
            {"stimulus": "pulses", "current": 400.0, "offset": 60.0, "onset": 200.0, "width": 1.0, "period": 400.0}, shows="spikes = 2", after=800.0
        ),
        "Class I: saddle-node on the cycle (SNIC)": Preset(
            {"current": 42.0, "g_Ca": 4.0, "V_3": 12.0, "V_4": 17.4, "phi": 0.067}, shows="rate > 5 and rate < 9"
        ),
        "Class I: just below threshold, a pulse makes one spike": Preset(
            {
                "stimulus": "pulses", "current": 400.0, "offset": 39.0, "onset": 200.0, "width": 1.0, "period": 400.0,
                "g_Ca": 4.0, "V_3": 12.0, "V_4": 17.4, "phi": 0.067,
            },
            shows="spikes = 2", after=800.0,
        ),
        "Saddle loop: rest and firing side by side": Preset(
            {
                "stimulus": "step", "current": 400.0, "offset": 37.0, "onset": 300.0, "width": 1.0,
                "g_Ca": 4.0, "V_3": 12.0, "V_4": 17.4, "phi": 0.23,
            },
            shows="first(stream spikes) > 300 and rate > 20", after=700.0,
        ),
    }  # fmt: skip

    variables = ("V", "w")
    units = ("mV", "")
    plane = ("V", "w")
    plane_range = ((-75.0, 60.0), (0.0, 0.7))
    nullcline_range = (-3.0, 5.0)
    initial = -60.0
    swing = (5.0, 0.1)
    integrator = integrator(_slope)
    f_I_times = (500.0, 2000.0)

    current: float = redeclared(Neuron, "current", 100.0, soft=None)
    sigma: float = param(
        20.0,
        "uA/cm2",
        lo=0,
        hi=500,
        when=("stimulus", "noise"),
        group="Stimulus",
        symbol=r"\sigma",
        label="Noise",
        doc="Standard deviation of the noise.",
    )
    C: float = param(20.0, "uF/cm2", lo=1, hi=100, log=True, group="Membrane", symbol="C", label="Capacitance", doc="Membrane capacitance.")
    g_Ca: float = param(
        4.4, "mS/cm2", lo=0, hi=40, main=True, group="Membrane", symbol="g_{Ca}", label="Ca channels", doc="Largest calcium conductance."
    )
    g_K: float = param(8.0, "mS/cm2", lo=0, hi=80, group="Membrane", symbol="g_K", label="K channels", doc="Largest potassium conductance.")
    g_L: float = param(2.0, "mS/cm2", lo=0, hi=20, group="Membrane", symbol="g_L", label="Leak", doc="Leak conductance.")
    V_Ca: float = param(120.0, "mV", lo=-200, hi=200, group="Ions", symbol="V_{Ca}", label="Ca reversal", doc="Calcium reversal potential.")
    V_K: float = param(-84.0, "mV", lo=-200, hi=200, group="Ions", symbol="V_K", label="K reversal", doc="Potassium reversal potential.")
    V_L: float = param(-60.0, "mV", lo=-200, hi=200, group="Ions", symbol="V_L", label="Leak reversal", doc="Leak reversal potential.")
    V_1: float = param(
        -1.2, "mV", lo=-100, hi=100, group="Gates", symbol="V_1", label="Ca half open", doc="Half of the calcium channels are open here."
    )
    V_2: float = param(
        18.0, "mV", lo=2, hi=100, group="Gates", symbol="V_2", label="Ca gradual", doc="How gradually calcium channels open."
    )
    V_3: float = param(
        2.0,
        "mV",
        lo=-100,
        hi=100,
        main=True,
        group="Gates",
        symbol="V_3",
        label="K half open",
        doc="Half of the potassium channels are open here.",
    )
    V_4: float = param(
        30.0, "mV", lo=2, hi=100, main=True, group="Gates", symbol="V_4", label="K gradual", doc="How gradually potassium channels open."
    )
    phi: float = param(
        0.04,
        "1/ms",
        lo=0.001,
        hi=1,
        log=True,
        main=True,
        group="Gates",
        symbol=r"\phi",
        label="Speed of K",
        doc="How fast potassium channels open.",
    )
    level: float = param(0.0, "mV", lo=-40, hi=40, group="Numerics", label="Spike level", doc="Upward crossing that is called a spike.")

    @property
    def numbers(self) -> np.ndarray:
        names = ("C", "g_Ca", "g_K", "g_L", "V_Ca", "V_K", "V_L", "V_1", "V_2", "V_3", "V_4", "phi")
        return np.array([getattr(self, name) for name in names])

    @property
    def crossing(self) -> float:
        return self.level

    @property
    def sweep_range(self) -> tuple[float, float]:
        return 0.0, 250.0

    def terms(self) -> CellTerms:
        names = ("C", "g_Ca", "g_K", "g_L", "V_Ca", "V_K", "V_L", "V_1", "V_2", "V_3", "V_4", "phi")
        defined = (("m_inf", "0.5 * (1 + tanh((V - V_1) / V_2))"), ("y", "clip((V - V_3) / V_4, -10, 10)"))
        changes = (
            ("V", "(I - g_Ca * m_inf * (V - V_Ca) - g_K * w * (V - V_K) - g_L * (V - V_L)) / C"),
            ("w", "phi * cosh(y / 2) * (0.5 * (1 + tanh(y)) - w)"),
        )
        return CellTerms("Morris-Lecar", changes, {name: getattr(self, name) for name in names}, defined)

    def steady(self, V: np.ndarray) -> np.ndarray:
        V = np.asarray(V, float)
        x = np.clip((V - self.V_3) / self.V_4, -10.0, 10.0)
        return np.stack([V, 1.0 / (1.0 + np.exp(-2.0 * x))])

    @action("Inject a pulse", shortcut="P", height=(float, param(400.0, "uA/cm2", lo=-10000, hi=10000, doc="Current added to the stimulus.")),
            length=(float, param(1.0, "ms", lo=0.01, hi=1000, doc="How long it lasts.")))  # fmt: skip
    def pulse(self, constants: Any, state: State, height: float, length: float) -> None:
        """Add a pulse of current to the stimulus of all cells, now: the one given makes a cell at rest fire."""
        super().pulse(constants, state, height, length)

    def saddle_nodes(self) -> list[float]:
        """Currents at which two equilibria meet: the turning points of the holding current, from the lowest up."""
        from scipy.optimize import brentq

        V = np.linspace(*self.plane_range[0], 400)

        def rise(v: float) -> float:
            h = 1e-4
            at = holding_current(self, np.array([v - h, v + h]))
            return float(at[1] - at[0]) / (2 * h)

        slope = np.array([rise(v) for v in V])
        roots = [brentq(rise, V[k], V[k + 1]) for k in np.flatnonzero(slope[:-1] * slope[1:] < 0)]
        return sorted(float(holding_current(self, np.array([v]))[0]) for v in roots)

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        snic = {k: v for k, v in cls.presets["Class I: saddle-node on the cycle (SNIC)"].items() if k != "current"}

        def worst(current: float, **values):
            def measure(run) -> float:
                cell = cls(current=current, **values)
                times = run(cell, steps=cell.steps_for(800.0), record=["spikes"])["spikes"]
                exact = spike_times(cell, current, 800.0)
                return float(np.abs(times - exact).max()) if len(times) == len(exact) > 3 else float("nan")

            return measure

        def rate(current: float, **values):
            def measure(run) -> float:
                cell = cls(**values, dt=0.1)
                state = cell.sweep(np.array([current]), 6000.0, 1000.0).run()
                return float(cell.sweep(np.array([current]), 0.0).rates(state)[0])

            return measure

        def root_law(run) -> float:
            """Exponent of the rate over the distance from the saddle-node."""
            cell = cls(**snic, dt=0.1)
            above = cell.saddle_nodes()[-1] + np.array([0.004, 0.016])
            sweep = cell.sweep(above, 12000.0, 1000.0)
            rates = sweep.rates(sweep.run())
            return float(np.log(rates[1] / rates[0]) / np.log(4.0))

        bifurcation = "zero trace of the linearisation written out by hand, to ten digits"
        return (
            Figure("class II, lower Hopf point", 93.857618374, lambda run: hopf_points(cls())[0], tolerance=1e-5, unit="uA/cm2", source=bifurcation),
            Figure("class II, upper Hopf point", 212.0188161, lambda run: hopf_points(cls())[1], tolerance=1e-5, unit="uA/cm2", source=bifurcation),
            Figure("class I, saddle-node", 39.963153093, lambda run: cls(**snic).saddle_nodes()[-1], tolerance=1e-5, unit="uA/cm2", source="turning point of the steady current"),
            Figure("class I, equilibria below and above it", 2.0, lambda run: float(len(equilibria(cls(**snic), 39.9)) - len(equilibria(cls(**snic), 40.0))), source="two meet"),
            Figure("class I, exponent of the rate just above it", 0.5, root_law, tolerance=0.03, source="SNIC: the rate grows as the square root"),
            Figure("class II, rate at the onset", 5.0, rate(94.5), bound="at_least", unit="Hz", source="Rinzel and Ermentrout 1989: a jump"),
            Figure("spike times at 100, against an adaptive solution, worst", 1e-5, worst(100.0), unit="ms", bound="at_most", source="DOP853 at tolerance 1e-11"),
            Figure("class I spike times at 42, worst", 1e-5, worst(42.0, **snic), unit="ms", bound="at_most", source="DOP853 at tolerance 1e-11"),
        )  # fmt: skip
