"""How a squid membrane is shown: the rig, gates and currents over time, curves of the gates, the rate against current."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lab.cells.firing import FiringNeuron
from lab.cells.neuron import FIXED_POINTS, Bench
from lab.cells.squid import gating
from lab.errors import ModelError
from lab.model import Handle, Layer, Picture, Stage, State, Stream, Strips

NA, K, GATES = 1, 2, (3, 4, 2)  # colours of what belongs together: sodium, potassium, and the gates m, h, n


class SquidShown(FiringNeuron):
    """Streams, pictures and stage of a cell with the squid's gates."""

    variables = ("V", "m", "h", "n")
    units = ("mV", "", "", "")
    plane = ("V", "n")
    plane_range = ((-90.0, 50.0), (0.2, 0.9))

    def time_constants(self, V: np.ndarray) -> np.ndarray:
        """Time constants (ms) of m, h and n at voltages V: shape (3, len(V))."""
        raise ModelError(f"{self._owner()} does not implement time_constants().")

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

    def observe(self, constants: Bench, state: State, stream: str) -> Any:
        V = np.linspace(-100.0, 60.0, 161)
        if stream == "steady_gates":
            return np.vstack([V, gating(V)[:3]])
        if stream == "time_constants":
            return np.vstack([V, self.time_constants(V)])
        if stream == "present_V":
            top = float(self.time_constants(V).max())
            return np.array([[state["V"][0]] * 2, [0.0, 1.0], [0.0, top]])
        return super().observe(constants, state, stream)
