"""The tuning curve: firing rate against constant input, for any neuron of the catalogue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Neuron
from lab.cells.protocol import Protocol
from lab.cells.sweeps import Sweep
from lab.model import Bound, Clock, Figure, Layer, Out, Picture, Preset, State, Stream, action, index_or_none, param

SLICE = 5.0  # ms of every cell's time in one step
TRACE = 200.0  # ms of the trace shown for a point


@dataclass(frozen=True)
class Setup:
    """Constants of a sweep: the cell, the sweep over its currents and the closed-form rates where the cell has them."""

    cell: Neuron
    sweep: Sweep
    theory: np.ndarray | None


class TuningCurve(Protocol):
    r"""How fast a neuron fires under constant input: its tuning curve, f-I curve or response function.

    Each point is a cell of one population, all of the chosen kind, each with a constant current of its own switched on at
    rest. All advance together while the curve grows; spikes count once the transient is over. The rate of a point is the
    inverse of its mean interval, so it does not suffer from counting whole spikes. With few points every curve seems to jump.

    **Try:** compare the leaky integrate-and-fire neuron, whose rate grows from zero (with an infinite slope at
    threshold), with Hodgkin and Huxley's, whose rate jumps to over 50 Hz at 6.26 uA/cm2 (type II). Click a point to see
    what its cell did.
    """

    name = "tuning-curve"
    title = "Tuning curve"
    group = "Single cells"
    icon = "mdi6.chart-bell-curve-cumulative"
    order = 80
    also = "f-I curve; fI curve; FI curve; frequency-current curve; response function; gain function; least current that fires; onset of firing"
    equations = (
        r"G(v_{in}) = \frac{1}{t_{ref} - \tau_m \ln(1 - 1/v_{in})},\quad v_{in} > 1,\quad \text{else } 0",
        r"f = 1 / \overline{\mathrm{ISI}}",
    )
    symbols = (
        r"G: firing rate; v_{in}: input relative to the least that fires; \tau_m: time constant of the membrane; t_{ref}: refractory time"
    )
    source = "Closed form: the leaky integrate-and-fire neuron's interval; type I and II: Hodgkin 1948, J Physiol 107:165"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Hodgkin-Huxley jumps": Preset(
            {"neuron": "hodgkin-huxley"}, shows="abs(fires from - 6.26) < 0.4 and rate at onset > 50 and still silent at > 5.8"
        ),
        "Integrate-and-fire, with its theory": Preset(
            {"neuron": "leaky-integrate-and-fire"}, shows="largest difference to theory < 0.001 and fires from < 2.2 and fastest > 250"
        ),
        "The onset in detail": Preset(
            {"neuron": "hodgkin-huxley", "range": "chosen", "lowest": 6.0, "highest": 6.6, "points": 61},
            shows="abs(fires from - 6.26) < 0.011 and rate at onset > 50",
        ),
    }

    range: str = param(
        "of the neuron", choices=("of the neuron", "chosen"), live=False, doc="Which inputs: the neuron's own range or one chosen here."
    )
    lowest: float = param(0.0, lo=-10_000, hi=10_000, live=False, when=("range", "chosen"), doc="First input, in the neuron's unit.")
    highest: float = param(20.0, lo=-10_000, hi=10_000, live=False, when=("range", "chosen"), doc="Last input, in the neuron's unit.")
    points: int = param(60, lo=2, hi=2000, live=False, main=True, doc="Inputs, evenly spaced, each on a cell of its own.")
    transient: float = param(200.0, "ms", lo=0, hi=1e5, live=False, doc="Time after switching on that does not count.")
    duration: float = param(500.0, "ms", lo=10, hi=1e6, live=False, label="Measured time", doc="Time over which spikes count.")

    def check(self) -> None:
        if self.range == "chosen" and self.highest <= self.lowest:
            raise self.refuse("highest", f"must be above the lowest ({self.lowest:g})")

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(SLICE, "ms", physical=False, name="slice")

    @property
    def length(self) -> int:
        return math.ceil((self.transient + self.duration) / SLICE)

    @property
    def speed(self) -> float | None:
        return 500.0

    @property
    def streams(self) -> tuple[Stream, ...]:
        axis, cell = ("input", "rate"), self.cell()
        unit = cell.drive_unit
        return (
            Stream("rates", "curve", "Hz", "Rate against input, measured so far.", channels=axis, x_unit=unit),
            Stream(
                "theory", "curve", "Hz", "Rate against input in closed form (empty where the neuron has none).", channels=axis, x_unit=unit
            ),
            Stream("chosen", "curve", "Hz", "The point whose trace is shown.", channels=axis, x_unit=unit),
            Stream(
                "trace",
                "curve",
                cell.units[0],
                "Membrane potential of the chosen point after its input is switched on.",
                channels=("time", "V"),
                x_unit="ms",
            ),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        cell = self.cell()
        name = f"input ({cell.drive_unit})" if cell.drive_unit else "input"
        layers = (
            Layer("theory", style="dashed", theory=True, label="theory"),
            Layer("rates", style="points", label="simulated"),
            Layer("chosen", style="marker", label="chosen"),
        )
        shown = ("largest difference to theory (%)",) if cell.rate_theory(np.zeros(1)) is not None else ("fires from", "rate at onset (Hz)")
        return (
            Picture("curve", "Tuning curve", layers, x=name, y="rate (Hz)", figures=shown, pick="pick", weight=2.0, front=True),
            Picture("trace", "The chosen point", (Layer("trace"),), x="time (ms)", y=f"V ({cell.units[0]})".replace(" ()", "")),
        )

    # -- behaviour --

    def memory(self) -> int:
        return 200 * self.points

    def build(self, seed: int) -> Setup:
        cell = self.cell()
        lo, hi = cell.sweep_range if self.range == "of the neuron" else (self.lowest, self.highest)
        currents = np.linspace(lo, hi, self.points)
        return Setup(cell, cell.sweep(currents, self.transient + self.duration, self.transient), cell.rate_theory(currents))

    def start(self, constants: Setup, seed: int) -> State:
        return constants.sweep.start() | {"picked": np.array([-1], np.int64)}

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return constants.sweep.state_bounds(state) | {"picked": index_or_none(self.points)}

    def advance(self, constants: Setup, state: State, n: int, out: Out) -> int:
        dt = constants.cell.dt
        done = round(float(state["step"][0]) * dt / SLICE)
        n = min(n, self.length - done)
        if n > 0:
            constants.sweep.advance(state, round((done + n) * SLICE / dt) - int(state["step"][0]))
        return max(0, n)

    def finished(self, constants: Setup, state: State) -> str:
        return "the sweep is complete"

    def observe(self, constants: Setup, state: State, stream: str) -> Any:
        currents, rates = constants.sweep.currents, Sweep.rates(state)
        if stream == "rates":
            return np.vstack([currents, rates])
        if stream == "theory":
            if constants.theory is None:
                return np.empty((2, 0))
            fine = np.linspace(currents[0], currents[-1], 400)
            return np.vstack([fine, np.asarray(constants.cell.rate_theory(fine))])
        k = self._chosen(state, rates)
        if stream == "chosen":
            return np.array([[currents[k]], [rates[k]]])
        if stream == "trace":
            return constants.cell.response(float(currents[k]), TRACE)
        return super().observe(constants, state, stream)

    def _chosen(self, state: State, rates: np.ndarray) -> int:
        """The point clicked; before any click, the first that fires."""
        picked = int(state["picked"][0])
        return picked if picked >= 0 else int((rates > 0).argmax())

    def summary(self, constants: Setup, state: State) -> dict[str, Any]:
        currents, rates = constants.sweep.currents, Sweep.rates(state)
        out: dict[str, Any] = {"points": self.points, "fastest (Hz)": float(rates.max())}
        firing = np.flatnonzero(rates > 0)
        if len(firing):
            k = firing[0]
            out["fires from"] = float(currents[k])
            out["rate at onset (Hz)"] = float(rates[k])
            if k:
                out["still silent at"] = float(currents[k - 1])
        if constants.theory is not None:
            both = (rates > 0) & (constants.theory > 0)
            if both.any():
                out["largest difference to theory (%)"] = float(100.0 * np.abs(rates[both] / constants.theory[both] - 1.0).max())
        return out

    @action("Show the trace of a point", hidden=True, index=(int, param(0, lo=0, hi=1999, doc="Number of the point.")))
    def pick(self, constants: Setup, state: State, index: int) -> None:
        """Show what the cell of one point does."""
        state["picked"][0] = min(index, self.points - 1)

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def curve(run, **values):
            return run(cls(**values), record=[])

        def difference(run) -> float:
            return curve(run, neuron="leaky-integrate-and-fire", points=100).summary["largest difference to theory (%)"]

        def onset(key: str):
            def measure(run) -> float:
                found = curve(run, range="chosen", lowest=6.2, highest=6.3, points=51, transient=1000.0, settings="dt=0.02").summary
                return found[key]

            return measure

        return (
            Figure("integrate-and-fire rates against theory", 1.0, difference, unit="%", bound="at_most", source="closed form"),
            Figure(
                "Hodgkin-Huxley fires on from",
                6.258,
                onset("fires from"),
                tolerance=0.006,
                unit="uA/cm2",
                source="adaptive solution of eighth order",
            ),
            Figure(
                "Hodgkin-Huxley rate at onset",
                50.0,
                onset("rate at onset (Hz)"),
                unit="Hz",
                bound="at_least",
                source="type II: the rate jumps",
            ),
        )
