"""Strength and duration: the least pulse that makes a neuron fire, for any neuron of the catalogue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Bench, Neuron
from lab.cells.protocol import Protocol
from lab.model import COUNT, INFINITE, Bound, Clock, Events, Figure, Layer, Out, Picture, Preset, State, Stream, action, index, param

SLICE = 2.0  # ms of every cell's time in one step
TRIALS = 7  # amplitudes tried at once for each width: eight times narrower a bracket each round
WIDER = 8.0  # how much further a round looks where nothing has fired yet
FURTHEST = 256.0  # times the cell's usual range: beyond it there is no threshold
FIRE, BREAK = "depolarising", "anode break"
CHARGE_WIDTHS = 6.0  # chronaxies of width over which charge is drawn: beyond, all is a straight line
TRACE_BEFORE = 2.0  # ms of rest drawn before the pulse


@dataclass(frozen=True)
class Setup:
    """Constants of a search: the population (TRIALS cells for each width), widths in steps, and the closed form if there is one."""

    cell: Neuron
    bench: Bench
    steps: np.ndarray  # (K,) width of each pulse in the cell's steps
    widths: np.ndarray  # (K,) ms
    duration: int  # steps of a round
    theory: np.ndarray | None


class StrengthDuration(Protocol):
    r"""How strong must a pulse be to make a neuron fire, and how does that depend on its duration?

    Short pulses must be strong: below a certain width only the charge counts, because the membrane has no time to leak. Long
    pulses need no more than the **rheobase**. The width at which twice the rheobase is needed is the **chronaxie**. For the
    leaky integrate-and-fire neuron the curve is Lapicque's, `I = I_rh / (1 - e^{-w/tau})`, whose chronaxie is tau ln 2;
    Weiss's older law `I = I_rh (1 + chronaxie / w)` is a straight line of charge against width. Both are drawn for every cell,
    from its own rheobase and chronaxie: Hodgkin and Huxley's membrane follows neither exactly, because its gates move.

    **Search.** Seven amplitudes for each width are seven cells of one population. A round runs them all; the threshold lies
    between the strongest that was silent and the weakest that fired, so each round makes the bracket eight times narrower.

    **Try:** click a point to see the pulse that just fails and the one that just succeeds. Choose hyperpolarising
    pulses: a cell with slow gates fires when it is let go (**anode break**), from a least depth that falls with duration;
    the integrate-and-fire neuron never does.

    **Beware:** neurons without a sharp threshold (FitzHugh-Nagumo) pass gradually from no spike to a spike; the curve
    is then where the membrane crosses the level that is called a spike.
    """

    name = "strength-duration"
    title = "Strength-duration curve"
    group = "Single cells"
    icon = "mdi6.arrow-expand-horizontal"
    order = 84
    also = "chronaxie; rheobase; Lapicque; stimulation threshold; shortest pulse; Weiss; excitability; threshold current"
    equations = (
        r"I_{th}(w) = \frac{I_{rh}}{1 - e^{-w/\tau_m}},\quad I_{rh} = \frac{V_{th} - V_{rest}}{R},\quad t_{chr} = \tau_m \ln 2",
        r"\text{Weiss:}\quad I_{th}(w) = I_{rh} (1 + t_{chr}/w),\qquad Q = I_{th}\, w",
    )
    symbols = r"V_{th}: threshold; R: resistance of the membrane; \tau_m: time constant of the membrane; t_{chr}: chronaxie; Q: charge of the pulse"
    source = "Weiss 1901, Arch Ital Biol 35:413; Lapicque 1907, J Physiol Pathol Gen 9:620; anode break: Hodgkin and Huxley 1952, J Physiol 117:500, figure 22"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Hodgkin-Huxley": Preset({"neuron": "hodgkin-huxley"}, shows="abs(rheobase - 2.24) < 0.01 and abs(chronaxie - 1.65) < 0.05"),
        "Integrate-and-fire, with Lapicque's law": Preset(
            {"neuron": "leaky-integrate-and-fire"}, shows="abs(chronaxie - 5.545) < 0.01 and largest difference to closed form < 0.001"
        ),
        "Anode break": Preset({"neuron": "hodgkin-huxley", "polarity": BREAK, "shortest": 0.5}, shows="rheobase < -2"),
        "A warm axon": Preset({"neuron": "hodgkin-huxley", "settings": "temperature=18.5"}, shows="rheobase > 5 and chronaxie < 1"),
    }

    polarity: str = param(
        FIRE,
        choices=(FIRE, BREAK),
        live=False,
        main=True,
        doc="Depolarising pulses, or hyperpolarising ones after which the cell fires when let go (anode break).",
    )
    shortest: float = param(
        0.05,
        "ms",
        lo=0.01,
        hi=1000,
        live=False,
        log=True,
        main=True,
        label="Shortest pulse",
        doc="Width of the shortest pulse (at least one step of the neuron).",
    )
    longest: float = param(
        100.0,
        "ms",
        lo=0.1,
        hi=10_000,
        live=False,
        log=True,
        label="Longest pulse",
        doc="Width of the longest pulse, whose threshold is called the rheobase.",
    )
    points: int = param(30, lo=4, hi=400, live=False, doc="Widths, evenly spaced on a logarithmic axis.")
    wait: float = param(20.0, "ms", lo=1, hi=1000, live=False, doc="How long after the pulse a spike may still come.")
    precision: float = param(
        1e-7, lo=1e-13, hi=0.1, live=False, log=True, doc="Width of the bracket, relative to the threshold, at which the search ends."
    )

    def check(self) -> None:
        if self.longest <= self.shortest:
            raise self.refuse("longest", f"must be above the shortest pulse ({self.shortest:g} ms)")

    @property
    def sign(self) -> float:
        """Direction of the pulses."""
        return 1.0 if self.polarity == FIRE else -1.0

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(SLICE, "ms", physical=False, name="slice")

    @property
    def default_steps(self) -> int:
        return 60 * math.ceil((self.longest + self.wait) / SLICE)

    @property
    def speed(self) -> float | None:
        return 400.0

    @property
    def streams(self) -> tuple[Stream, ...]:
        axis, unit = ("width", "current"), self.cell().drive_unit
        return (
            Stream("threshold", "curve", unit, "Threshold against width of the pulse, as far as known.", channels=axis, x_unit="ms"),
            Stream(
                "bracket",
                "curve",
                unit,
                "Strongest pulse that failed and weakest that succeeded.",
                channels=("width", "failed", "succeeded"),
                x_unit="ms",
            ),
            Stream("theory", "curve", unit, "Threshold in closed form (empty where the neuron has none).", channels=axis, x_unit="ms"),
            Stream(
                "laws",
                "curve",
                unit,
                "Lapicque's and Weiss's law through the measured rheobase and chronaxie.",
                channels=("width", "Lapicque", "Weiss"),
                x_unit="ms",
            ),
            Stream("rheobase", "curve", unit, "The rheobase as a line.", channels=axis, x_unit="ms"),
            Stream("chronaxie", "curve", unit, "The chronaxie, at twice the rheobase.", channels=axis, x_unit="ms"),
            Stream("charge", "curve", f"{unit} ms".strip(), "Threshold times width.", channels=("width", "charge"), x_unit="ms"),
            Stream(
                "charge_laws", "curve", f"{unit} ms".strip(), "Charge by both laws.", channels=("width", "Lapicque", "Weiss"), x_unit="ms"
            ),
            Stream("chosen", "curve", unit, "The width whose traces are shown.", channels=axis, x_unit="ms"),
            Stream(
                "traces",
                "curve",
                self.cell().units[0],
                "Membrane potential for the pulse that just fails and the one that just succeeds.",
                channels=("time", "fails", "succeeds"),
                x_unit="ms",
            ),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        cell = self.cell()
        unit = f" ({cell.drive_unit})" if cell.drive_unit else ""
        charge = f"charge ({cell.drive_unit} ms)" if cell.drive_unit else "charge"
        known = cell.threshold_theory(np.ones(1)) is not None and self.polarity == FIRE
        theory = (Layer("theory", theory=True, style="dashed", label="closed form"),) if known else ()
        laws = () if known else (Layer("laws", channel=0, style="dashed", label="Lapicque", series=(1,)),)
        return (
            Picture(
                "curve", "Strength-duration",
                (
                    Layer("threshold", style="points", label="threshold", series=(0,)), *theory, *laws,
                    Layer("laws", channel=1, style="dotted", label="Weiss", series=(2,)), Layer("rheobase", style="dotted", label="rheobase", series=(3,)),
                    Layer("chronaxie", style="rings", label="chronaxie", series=(4,)), Layer("chosen", style="marker", label="chosen"),
                ),
                x="width of the pulse (ms)", y=f"threshold{unit}", x_log=True, y_log=True, pick="pick", weight=2.0, front=True,
                figures=("rheobase", "chronaxie (ms)", "largest difference to closed form (%)"),
                doc="Least amplitude that makes the neuron fire; click a point to see its traces.",
            ),
            Picture("traces", "Fails, succeeds", (Layer("traces"),), x="time (ms)", y=f"V ({cell.units[0]})".replace(" ()", ""), figures=("chosen width (ms)",), front=True),
            Picture(
                "charge", "Charge against width",
                (
                    Layer("charge", style="points", label="threshold", series=(0,)), Layer("charge_laws", channel=1, style="dotted", label="Weiss", series=(2,)),
                    Layer("charge_laws", channel=0, style="dashed", label="Lapicque", series=(1,)),
                ),
                x="width of the pulse (ms)", y=charge, pick="pick",
            ),
            Picture("bracket", "How far the search is", (Layer("bracket"),), x="width of the pulse (ms)", y=f"amplitude{unit}", x_log=True, y_log=True, figures=("rounds",)),
        )  # fmt: skip

    # -- behaviour --

    def memory(self) -> int:
        return 300 * TRIALS * self.points

    def build(self, seed: int) -> Setup:
        whole = self.cell()
        widths = np.geomspace(self.shortest, self.longest, self.points)
        steps = np.unique(np.maximum(1, np.round(widths / whole.dt)).astype(np.int64))
        cell = whole.silent(cells=TRIALS * len(steps), shown=1)
        duration = int(steps[-1]) + cell.steps_for(self.wait)
        theory = whole.threshold_theory(steps * whole.dt) if self.polarity == FIRE else None
        return Setup(cell, cell.build(0), steps, steps * whole.dt, duration, theory)

    def start(self, constants: Setup, seed: int) -> State:
        count = len(constants.steps)
        top = max(abs(limit) for limit in constants.cell.sweep_range)
        return constants.cell.start(constants.bench, 0) | {
            "failed": np.zeros(count),  # strongest pulse without a spike
            "fired": np.full(count, math.inf),  # weakest pulse with one
            "top": np.full(count, float(top)),  # how far is looked while none fired
            "spiked": np.zeros(TRIALS * count, np.int8),
            "round": np.zeros(1, np.int64),
            "over": np.zeros(1, np.int8),
            "picked": np.array([count // 3], np.int64),
        }

    def trials(self, state: State) -> np.ndarray:
        """Amplitudes of this round (K, TRIALS), without sign: within the bracket, or up to `top` where nothing fired yet."""
        open_end = np.isinf(state["fired"])
        part = np.arange(1, TRIALS + 1)
        width = np.where(
            open_end, (state["top"] - state["failed"]) / TRIALS, (np.where(open_end, 0.0, state["fired"]) - state["failed"]) / (TRIALS + 1)
        )
        return state["failed"][:, None] + width[:, None] * part

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        own = {"fired": INFINITE, "spiked": Bound(0, 1), "round": COUNT, "over": Bound(0, 1), "picked": index(len(constants.widths))}
        return constants.cell.state_bounds(constants.bench, state, 0) | {"step": Bound(0, constants.duration)} | own

    def advance(self, constants: Setup, state: State, n: int, out: Out) -> int:
        length = constants.cell.steps_for(SLICE)
        for k in range(n):
            if state["over"][0]:
                return k
            self._move(constants, state, min(constants.duration, int(state["step"][0]) + length))
            if state["step"][0] >= constants.duration:
                self._narrow(constants, state)
        return n

    def _move(self, constants: Setup, state: State, to: int) -> None:
        """Advance all cells to a step of the round, each with its pulse on while it lasts."""
        cell, steps = constants.cell, constants.steps
        samples = {s.name: np.empty((0, *s.shape), s.dtype) for s in cell.streams if s.form == "samples"}
        events = Events(max(4096, 16 * cell.cells))
        amplitudes = self.sign * self.trials(state)
        begins = 0.0 if self.polarity == FIRE else 1.0  # a break spike comes after the pulse
        earliest = np.repeat(begins * steps, TRIALS)
        while (at := int(state["step"][0])) < to:
            constants.bench.own[:] = np.where((at < steps)[:, None], amplitudes, 0.0).ravel()
            later = steps[steps > at]
            until = min(to, int(later[0])) if len(later) else to
            cell.advance(constants.bench, state, until - at, Out(samples, {"spikes": events}))
            count = int(events.count[0])
            index = events.index[:count]
            late = at + events.steps[:count] + events.value[:count] >= earliest[index]
            state["spiked"][index[late]] = 1
            events.count[0] = 0

    def _narrow(self, constants: Setup, state: State) -> None:
        """End a round: take over what fired and what did not, and put all cells back to rest."""
        amplitudes, spiked = self.trials(state), state["spiked"].reshape(-1, TRIALS) > 0
        some = spiked.any(axis=1)
        first = np.where(some, spiked.argmax(axis=1), TRIALS)  # the weakest that fired
        row = np.arange(len(first))
        lower = np.where(first > 0, amplitudes[row, np.maximum(first - 1, 0)], state["failed"])
        state["fired"][some] = amplitudes[row, np.minimum(first, TRIALS - 1)][some]
        state["failed"][:] = lower
        state["top"][~some & np.isinf(state["fired"])] *= WIDER
        state["round"] += 1
        fresh = constants.cell.start(constants.bench, 0)
        for name, value in fresh.items():
            state[name][:] = value
        state["spiked"][:] = 0
        open_end = np.isinf(state["fired"])
        given_up = open_end & (state["top"] > FURTHEST * max(abs(limit) for limit in constants.cell.sweep_range))
        narrow = ~open_end & (state["fired"] - state["failed"] <= self.precision * state["fired"])
        state["over"][0] = bool((given_up | narrow).all()) or state["round"][0] >= 60

    def finished(self, constants: Setup, state: State) -> str:
        return "every threshold is found"

    # -- what is found --

    def thresholds(self, state: State) -> np.ndarray:
        """Middle of each bracket, with its sign; NaN where nothing has fired."""
        return np.where(
            np.isinf(state["fired"]),
            math.nan,
            self.sign * 0.5 * (state["failed"] + np.where(np.isinf(state["fired"]), 0.0, state["fired"])),
        )

    def landmarks(self, constants: Setup, state: State) -> tuple[float, float]:
        """Rheobase (threshold of the longest pulse) and chronaxie (ms), NaN while unknown."""
        found = np.abs(self.thresholds(state))
        rheobase = float(found[-1])
        good = np.isfinite(found)
        if not good[-1] or good.sum() < 4:
            return self.sign * rheobase, math.nan
        x, y = np.log(constants.widths[good]), np.log(found[good] / (2.0 * rheobase))
        above = np.flatnonzero((y[:-1] >= 0.0) & (y[1:] < 0.0))
        if not len(above):
            return self.sign * rheobase, math.nan
        # The cubic through the four points around it, log width as a function of log threshold.
        k = int(np.clip(above[0] - 1, 0, len(x) - 4))
        x, y = x[k : k + 4], y[k : k + 4]
        if len(np.unique(y)) < 4:
            return self.sign * rheobase, math.nan
        weights = [np.prod([y[j] / (y[j] - y[i]) for j in range(4) if j != i]) for i in range(4)]
        return self.sign * rheobase, float(np.exp(np.dot(weights, x)))

    def observe(self, constants: Setup, state: State, stream: str) -> Any:
        widths, found = constants.widths, self.thresholds(state)
        fine = np.geomspace(widths[0], widths[-1], 300)
        rheobase, chronaxie = self.landmarks(constants, state)
        k = min(int(state["picked"][0]), len(widths) - 1)
        # A logarithmic axis has no place for a sign: depths are drawn as sizes.
        if stream == "threshold":
            return np.vstack([widths, np.abs(found)])
        if stream == "bracket":
            fired = np.where(np.isinf(state["fired"]), math.nan, state["fired"])
            return np.vstack([widths, np.where(state["failed"] > 0.0, state["failed"], math.nan), fired])
        if stream == "theory":
            return (
                np.vstack([fine, np.asarray(constants.cell.threshold_theory(fine))]) if constants.theory is not None else np.empty((2, 0))
            )
        if stream in ("laws", "charge_laws"):
            if not math.isfinite(chronaxie):
                return np.empty((3, 0))
            if stream == "charge_laws":
                fine = np.linspace(widths[0], min(widths[-1], CHARGE_WIDTHS * chronaxie), 100)
            laws = abs(rheobase) * np.stack([1.0 / -np.expm1(-fine * math.log(2.0) / chronaxie), 1.0 + chronaxie / fine])
            return np.vstack([fine, laws if stream == "laws" else laws * fine])
        if stream == "rheobase":
            return np.array([[widths[0], widths[-1]], [abs(rheobase)] * 2])
        if stream == "chronaxie":
            return np.array([[chronaxie], [2.0 * abs(rheobase)]])
        if stream == "charge":
            # Only once the chronaxie is known: the axes would keep the extent of widths that are left out afterwards.
            return np.vstack([widths, np.abs(found) * widths])[:, widths <= CHARGE_WIDTHS * chronaxie]
        if stream == "chosen":
            return np.array([[widths[k]], [abs(found[k])]])
        if stream == "traces":
            return self._traces(constants, state, k)
        return super().observe(constants, state, stream)

    def _traces(self, constants: Setup, state: State, k: int) -> np.ndarray:
        """Time and V of two cells: the strongest pulse of width k that failed and the weakest that succeeded."""
        if math.isinf(state["fired"][k]):
            return np.empty((3, 0))
        cell = constants.cell.replace(cells=2, shown=2)
        bench = cell.build(0)
        moving = cell.start(bench, 0)
        streams = {s.name: s for s in cell.streams if s.form == "samples"}
        width, rest = int(constants.steps[k]), cell.steps_for(self.wait)
        parts = [np.repeat(moving["V"][None, :], 2, axis=0)]
        events = Events(4096)
        for n, current in ((width, self.sign * np.array([state["failed"][k], state["fired"][k]])), (rest, np.zeros(2))):
            bench.own[:] = current
            samples = {name: np.empty((n if name == "V_cells" else 0, *s.shape), s.dtype) for name, s in streams.items()}
            done = 0
            while done < n:
                done += cell.advance(bench, moving, n - done, Out({m: v[done:] for m, v in samples.items()}, {"spikes": events}))
                events.count[0] = 0
            parts.append(samples["V_cells"])
        time = np.concatenate([[-TRACE_BEFORE, 0.0], cell.dt * np.arange(1, width + rest + 1)])
        every = max(1, len(time) // 4000)
        return np.vstack([time, np.concatenate(parts).T])[:, ::every]

    def summary(self, constants: Setup, state: State) -> dict[str, Any]:
        rheobase, chronaxie = self.landmarks(constants, state)
        out: dict[str, Any] = {
            "rounds": int(state["round"][0]),
            "chosen width (ms)": float(constants.widths[min(int(state["picked"][0]), len(constants.widths) - 1)]),
        }
        if math.isfinite(rheobase):
            out["rheobase"] = rheobase
        if math.isfinite(chronaxie):
            out["chronaxie (ms)"] = chronaxie
        if state["round"][0] and not np.isfinite(state["fired"]).any():
            out["threshold"] = "none within reach"
        found = self.thresholds(state)
        if constants.theory is not None and np.isfinite(found).all():
            out["largest difference to closed form (%)"] = float(100.0 * np.abs(found / constants.theory - 1.0).max())
        return out

    @action("Show the traces of a width", hidden=True, index=(int, param(0, lo=0, hi=399, doc="Number of the width, from the shortest.")))
    def pick(self, constants: Setup, state: State, index: int) -> None:
        """Show what the cell does just below and just above the threshold of one width."""
        state["picked"][0] = min(index, len(constants.widths) - 1)

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def summary(key: str, **values: Any):
            return lambda run: float(run(cls(**values), record=[]).summary[key])

        lif = {"neuron": "leaky-integrate-and-fire", "precision": 1e-13, "longest": 400.0}
        axon = {"shortest": 0.5, "points": 12}
        return (
            Figure("integrate-and-fire thresholds against Lapicque, worst", 1e-9, summary("largest difference to closed form (%)", **lif), unit="%", bound="at_most", source="closed form"),
            Figure("integrate-and-fire rheobase", 2.0, summary("rheobase", **lif), tolerance=1e-11, unit="nA", source="(V_th - V_rest) / R"),
            Figure("integrate-and-fire chronaxie", 8.0 * math.log(2.0), summary("chronaxie (ms)", **lif, points=120), relative=1e-5, unit="ms", source="tau_m ln 2"),
            Figure("Hodgkin-Huxley rheobase", 2.240, summary("rheobase", **axon), tolerance=0.001, unit="uA/cm2", source="adaptive solution of eighth order"),
        )  # fmt: skip
