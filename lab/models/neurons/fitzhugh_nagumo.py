"""The FitzHugh-Nagumo neuron."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Neuron
from lab.cells.phase_plane import equilibria, hopf_points
from lab.cells.planar import PlanarNeuron, integrator
from lab.cells.shadow import spike_times
from lab.kernels import kernel
from lab.model import CellTerms, Figure, Preset, State, action, param
from lab.params import redeclared


@kernel
def _slope(V, w, current, p):
    """The cubic and the line; p = (a, b, epsilon)."""
    return V - V * V * V / 3.0 - w + current, p[2] * (V + p[0] - p[1] * w)


class FitzHughNagumo(PlanarNeuron):
    r"""The action potential as geometry: a cubic and a straight line in the plane, and a point that moves between them.

    V is fast and excites itself, w is slow and pulls it back. Where the nullclines cross on an outer branch of the cubic
    the cell rests; where their only crossing lies on the middle branch it fires for ever; between a Hopf point and the
    other the resting point has lost its stability. With a steep w they cross three times, and the cell rests at either of
    the outer two. V, w and current have no units, and one unit of time is shown as 1 ms.

    **Try:** raise the current slowly and watch the crossing climb over the knee of the cubic. Inject a pulse at rest: the
    point runs around the knee once. Hold the cell at -0.5 and let go: it fires on release.
    """

    name = "fitzhugh-nagumo"
    title = "FitzHugh-Nagumo neuron"
    group = "Single cells"
    icon = "mdi6.chart-bell-curve"
    order = 50
    also = "FHN; FitzHugh; Nagumo; Bonhoeffer-van der Pol; van der Pol; phase plane; nullclines; nullcline; limit cycle; relaxation oscillator; excitable system; phase portrait"
    takes = (
        {"what": "recording", "words": "Drive with", "into": "file", "values": {"stimulus": "file", "scale": 1.0}},
        {"what": "sound", "words": "Drive with", "into": "file", "values": {"stimulus": "file"}},
    )
    role = "neuron"
    equations = (r"\dot V = V - V^3/3 - w + I", r"\dot w = \epsilon\,(V + a - b w)")
    symbols = r"a: shift of the recovery; \epsilon: slowness of the recovery"
    source = "FitzHugh 1961, Biophys J 1:445, equations 1 and 2 (modern sign); Nagumo, Arimoto and Yoshizawa 1962, Proc IRE 50:2061"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Repetitive firing": Preset({"current": 0.5}, shows="rate > 20 and CV < 0.05", after=400.0),
        "Excitable: each pulse makes one spike": Preset(
            {"stimulus": "pulses", "current": 0.5, "onset": 50.0, "width": 5.0, "period": 200.0}, shows="spikes = 3", after=500.0
        ),
        "Just above the Hopf point": Preset({"current": 0.34}, shows="rate > 15 and CV < 0.05", after=500.0),
        "Depolarisation block": Preset({"current": 1.6}, shows="spikes <= 1 and rate = 0 and last(V) > 0.9", after=500.0),
        "Fires on release": Preset(
            {"stimulus": "pulses", "current": -0.5, "onset": 50.0, "width": 100.0, "period": 300.0},
            shows="spikes = 1 and first(stream spikes) > 150", after=300.0,
        ),
        "Two resting points: pulses switch between them": Preset(
            {
                "stimulus": "drawn", "repeat": True, "b": 2.0, "a": 0.0,
                "drawn": [[0.0, 0.0], [100.0, 0.0], [100.1, 1.5], [105.0, 1.5], [105.1, 0.0], [300.0, 0.0], [300.1, -1.5], [305.0, -1.5], [305.1, 0.0], [400.0, 0.0]],
            },
            shows="spikes = 1 and mean(V > 1) > 0.4 and mean(V < -1) > 0.4 and last(V) < -1", after=400.0,
        ),
    }  # fmt: skip

    variables = ("V", "w")
    units = ("", "")
    plane = ("V", "w")
    plane_range = ((-2.5, 2.5), (-1.0, 2.2))
    nullcline_range = (-600.0, 600.0)
    initial = -1.2
    swing = (0.25, 0.25)
    integrator = integrator(_slope)
    f_I_times = (200.0, 800.0)

    current: float = redeclared(Neuron, "current", 0.5, unit="", lo=-10, hi=10, soft=None)
    offset: float = redeclared(Neuron, "offset", 0.0, unit="", lo=-10, hi=10, soft=None)
    sigma: float = param(
        0.3,
        lo=0,
        hi=10,
        when=("stimulus", "noise"),
        group="Stimulus",
        symbol=r"\sigma",
        label="Noise",
        doc="Standard deviation of the noise.",
    )
    scale: float = redeclared(Neuron, "scale", 1.0, unit="", lo=-1e3, hi=1e3)
    spread: float = redeclared(Neuron, "spread", 0.0, unit="", hi=10)
    a: float = param(
        0.7,
        lo=-3,
        hi=3,
        main=True,
        group="Membrane",
        symbol="a",
        label="Shift of the line",
        doc="Where the line crosses the axis: V + a = b w.",
    )
    b: float = param(
        0.8,
        lo=0.05,
        hi=5,
        main=True,
        group="Membrane",
        symbol="b",
        label="Decay of w",
        doc="How strongly w decays: the line has slope 1/b.",
    )
    epsilon: float = param(
        0.08, lo=0.001, hi=2, log=True, main=True, group="Membrane", symbol=r"\epsilon", label="Slowness of w", doc="How slow w is."
    )
    level: float = param(0.5, lo=-1, hi=2, group="Numerics", label="Spike level", doc="Upward crossing that is called a spike.")

    @property
    def numbers(self) -> np.ndarray:
        return np.array([self.a, self.b, self.epsilon])

    @property
    def crossing(self) -> float:
        return self.level

    @property
    def sweep_range(self) -> tuple[float, float]:
        return 0.0, 1.6

    def terms(self) -> CellTerms:
        numbers = {"a": self.a, "b": self.b, "epsilon": self.epsilon}
        return CellTerms("FitzHugh-Nagumo", (("V", "V - V^3 / 3 - w + I"), ("w", "epsilon * (V + a - b * w)")), numbers)

    def steady(self, V: np.ndarray) -> np.ndarray:
        V = np.asarray(V, float)
        return np.stack([V, (V + self.a) / self.b])

    @action("Inject a pulse", shortcut="P", height=(float, param(2.0, lo=-100, hi=100, doc="Current added to the stimulus.")),
            length=(float, param(1.0, "ms", lo=0.01, hi=1000, doc="How long it lasts.")))  # fmt: skip
    def pulse(self, constants: Any, state: State, height: float, length: float) -> None:
        """Add a pulse of current to the stimulus of all cells, now: the one given makes a cell at rest fire."""
        super().pulse(constants, state, height, length)

    def hopf(self) -> tuple[float, float]:
        """Currents at which the trace of the linearisation, 1 - V^2 - epsilon b, vanishes."""
        V = math.sqrt(1.0 - self.epsilon * self.b)
        return tuple((v + self.a) / self.b - v + v**3 / 3.0 for v in (-V, V))  # type: ignore[return-value]

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def worst(run) -> float:
            cell = cls()
            times = run(cell, steps=cell.steps_for(300.0), record=["spikes"])["spikes"]
            return float(np.abs(times - spike_times(cell, 0.5, 300.0)).max())

        def at(current: float):
            return lambda run: float(run(cls(current=current), steps=cls().steps_for(2000.0), record=["spikes"]).summary["spikes"])

        def pair(run) -> float:
            values = equilibria(cls(), 0.0)[0].eigenvalues
            return float(np.abs(values).max())

        lower, upper = cls().hopf()
        trace_and_determinant = "trace 1 - V^2 - epsilon b, determinant epsilon (1 - b + b V^2)"
        rest = float(np.real(min(np.roots([1 / 3, 0.0, 1 / 0.8 - 1.0, 0.7 / 0.8]), key=lambda z: abs(z.imag))))
        return (
            Figure("rest at no current", rest, lambda run: float(cls().rest()[0]), tolerance=1e-9, source="root of V^3/3 + (1/b - 1) V + a/b = 0"),
            Figure("size of its eigenvalues", math.sqrt(0.08 * (1 - 0.8 + 0.8 * rest * rest)), pair, tolerance=1e-7, source=trace_and_determinant),
            Figure("lower Hopf point", lower, lambda run: hopf_points(cls())[0], tolerance=1e-8, source=trace_and_determinant),
            Figure("upper Hopf point", upper, lambda run: hopf_points(cls())[1], tolerance=1e-8, source=trace_and_determinant),
            Figure("spike times against an adaptive solution, worst", 1e-5, worst, unit="ms", bound="at_most", source="DOP853 at tolerance 1e-11"),
            Figure("spikes in 2 s below the lower Hopf point", 1.0, at(lower - 0.02), bound="at_most", source="the equilibrium is stable"),
            Figure("spikes in 2 s above the lower Hopf point", 40.0, at(lower + 0.02), bound="at_least", source="the equilibrium is unstable"),
            Figure("spikes in 2 s above the upper Hopf point", 3.0, at(upper + 0.1), bound="at_most", source="the equilibrium is stable"),
        )  # fmt: skip
