"""How a squid membrane is shown: the rig, gates and currents over time, curves of the gates, the rate against current."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lab.cells.firing import FiringNeuron
from lab.cells.neuron import FIXED_POINTS, Bench
from lab.cells.squid import gating, rates
from lab.errors import ModelError
from lab.model import Handle, Layer, Picture, Stage, State, Stream, Strips

NA, K, GATES = 1, 2, (3, 4, 2)  # colours of what belongs together: sodium, potassium, and the gates m, h, n
LEAST_AND_MOST = 0.001, 30.0  # 1/ms: what the picture of the rates shows


class SquidShown(FiringNeuron):
    """Streams, pictures and stage of a cell with the squid's gates."""

    variables = ("V", "m", "h", "n")
    units = ("mV", "", "", "")
    plane = ("V", "n")
    plane_range = ((-90.0, 50.0), (0.2, 0.9))

    def gate_rates(self, V: np.ndarray) -> np.ndarray:
        """alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n (1/ms) at voltages V and this temperature: shape (6, len(V))."""
        return np.stack(rates(V)) * (gating(V)[3] / self.time_constants(V)[0])

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
                "opening",
                "curve",
                "1/ms",
                "Rates at which closed gates open, against voltage.",
                channels=tuple(f"α {g}" for g in "mhn"),
                x_unit="mV",
            ),
            Stream(
                "closing",
                "curve",
                "1/ms",
                "Rates at which open gates close, against voltage.",
                channels=tuple(f"β {g}" for g in "mhn"),
                x_unit="mV",
            ),
            Stream("rates_now", "curve", "1/ms", "The present voltage as a line across the rates.", channels=("present V",), x_unit="mV"),
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
            drawers=(
                ("Rate", ("f_I",)),
                ("Fixed points", ("fixed_points",)),
                ("Opening and closing", ("rates",)),
                ("Conductances", ("conductances",)),
                *several,
            ),
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
                "rates",
                "Rates of opening and closing",
                (
                    Layer("opening", series=GATES),
                    Layer("closing", style="dashed", series=GATES),
                    Layer("rates_now", style="dotted", label=" ", series=(0,)),
                ),
                x=x,
                y="rate (1/ms)",
                y_log=True,
                y_range=LEAST_AND_MOST,
                follows="V",
                doc="Full lines: α, how fast closed gates open; dashed: β, how fast open ones close. Where the two of one gate cross, half of its gates are open.",
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
        if stream in ("opening", "closing"):
            return np.vstack([V, self.gate_rates(V)[stream == "closing" :: 2]])
        if stream == "rates_now":
            return np.array([[state["V"][0]] * 2, LEAST_AND_MOST])
        if stream == "present_V":
            top = float(self.time_constants(V).max())
            return np.array([[state["V"][0]] * 2, [0.0, 1.0], [0.0, top]])
        return super().observe(constants, state, stream)
