"""A bench with a hidden cell: find its parameters from a few sweeps of current, hand them in, and get them marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab import catalog
from lab.cells.neuron import Bench, Neuron
from lab.errors import ModelError
from lab.model import Bound, Clock, Figure, Happened, Layer, Model, Out, Picture, Preset, Stage, State, Stream, action, index_or_none, param

LIF, EIF, BLOCKED = "integrate-and-fire", "exponential", "one channel blocked"
LEVELS = (LIF, EIF, BLOCKED)
BEFORE, AFTER = 20.0, 30.0  # ms of a sweep before and after the step of current
SAMPLE = 0.1  # ms from one sample of a stored sweep to the next
MOST = 12
REST, RESET = -70.0, -65.0  # mV: known of the first two cells
PEAK = 20.0  # mV at which a spike that is reset is drawn
FULL, NONE = 2.0, 20.0  # per cent of error up to which an answer has full marks, and from which it has none
HIDDEN = 7919  # stream of the seed from which a cell is drawn


@dataclass(frozen=True)
class Asked:
    """One number that is asked for: the answer's parameter, its name and unit, and what its error is a percentage of.

    of   `truth`, `rest` (distance of the truth from rest), or `points` (the number is a percentage itself)
    """

    answer: str
    name: str
    unit: str
    of: str = "truth"

    def error(self, answer: float, truth: float) -> float:
        """Error in per cent."""
        scale = {"truth": abs(truth), "rest": abs(truth - REST), "points": 100.0}[self.of]
        return 100.0 * abs(answer - truth) / scale


ASKED = {
    LIF: (
        Asked("my_R", "R", "MOhm"),
        Asked("my_tau", "tau_m", "ms"),
        Asked("my_V_th", "V_th", "mV", "rest"),
        Asked("my_t_ref", "t_ref", "ms"),
    ),
    EIF: (
        Asked("my_R", "R", "MOhm"),
        Asked("my_tau", "tau_m", "ms"),
        Asked("my_V_T", "V_T", "mV", "rest"),
        Asked("my_Delta_T", "Delta_T", "mV"),
    ),
    BLOCKED: (Asked("my_block_Na", "block of Na", "%", "points"), Asked("my_block_K", "block of K", "%", "points")),
}
STEPS = {LIF: 0.05, EIF: 0.05, BLOCKED: 0.02}


@dataclass(frozen=True)
class Hidden:
    """Constants of a run: the hidden cell, its bench, room for what it need not record, whether it has a reset, and the numbers asked for."""

    cell: Neuron
    bench: Bench
    unrecorded: dict[str, np.ndarray]
    resets: bool
    truth: tuple[float, ...]


def drawn(level: str, seed: int) -> tuple[dict[str, float], tuple[float, ...]]:
    """Parameters of the cell that a seed hides, and the numbers that are asked for, in the order of `ASKED`."""
    rng = np.random.default_rng([seed, HIDDEN, LEVELS.index(level)])

    def between(lo: float, hi: float) -> float:
        return float(rng.uniform(lo, hi))

    def ratio(lo: float, hi: float) -> float:
        return float(math.exp(rng.uniform(math.log(lo), math.log(hi))))

    if level == LIF:
        R, tau, V_th, t_ref = ratio(5.0, 40.0), ratio(5.0, 40.0), between(-58.0, -42.0), between(1.0, 6.0)
        return {"V_rest": REST, "V_reset": RESET, "R": R, "tau_m": tau, "V_th": V_th, "t_ref": t_ref}, (R, tau, V_th, t_ref)
    if level == EIF:
        R, tau, V_T, Delta_T = ratio(25.0, 200.0), between(8.0, 30.0), between(-55.0, -45.0), between(1.0, 4.0)
        g_L = 1000.0 / R
        cell = {
            "g_L": g_L,
            "C": tau * g_L,
            "E_L": REST,
            "V_reset": RESET,
            "V_T": V_T,
            "Delta_T": Delta_T,
            "a": 0.0,
            "b": 0.0,
            "V_peak": PEAK,
        }
        return cell, (R, tau, V_T, Delta_T)
    sodium = bool(rng.integers(2))
    block = between(10.0, 40.0) if sodium else between(15.0, 60.0)
    return {"block_Na": block if sodium else 0.0, "block_K": 0.0 if sodium else block}, (block, 0.0) if sodium else (0.0, block)


def mark_of(error: float) -> float:
    """Marks (0 to 10) of an answer with this error in per cent."""
    return 10.0 * min(1.0, max(0.0, (NONE - error) / (NONE - FULL)))


class IdentifyCell(Model):
    r"""A hidden cell, an electrode and a few sweeps: find out what the cell is made of.

    The seed hides a cell. Choose a current and **record a sweep**: the cell, at rest, gets a step of 200 ms. Sweeps are laid
    over each other, and the budget is small, so think before you press. Then write your numbers into **Your answer** and
    **hand in**: the report says answer, truth, error and mark of each, and is kept with the run. A voltage's error counts
    against its distance from rest. Errors to 2 % have full marks, from 20 % on none. Another seed hides another cell.

    **How to.** *Integrate-and-fire* (rest -70 mV, reset -65 mV): from a sweep below threshold, the resistance is the
    steady change of V over the current, and the time constant is that of its rise. Then the time to the first spike
    tells the threshold, and an interval is longer than the way up from the reset by the refractory time. *Exponential* (E_L = -70 mV,
    no adaptation): R and tau as before; then what is missing from `tau dV/dt = R I - (V - E_L)` on the way to a spike is
    `Delta_T exp((V - V_T)/Delta_T)`: a straight line on a logarithmic scale. *One channel blocked*: a Hodgkin-Huxley cell at its
    defaults except that some of its sodium or some of its potassium channels are blocked; compare peak and undershoot of a spike with
    those of the Hodgkin-Huxley bench.
    """

    name = "identify-cell"
    title = "Identify this cell"
    group = "Single cells"
    icon = "mdi6.magnify-scan"
    order = 95
    also = "fit a neuron; fit a cell; parameter fitting; parameter estimation; black box; system identification; hidden cell; puzzle; guess the parameters"
    equations = (
        r"V_\infty - V_{rest} = R I,\qquad V(t) = V_\infty - R I\, e^{-t/\tau_m}",
        r"t_1 = \tau_m \ln \frac{R I}{R I + V_{rest} - V_{th}},\qquad T = t_{ref} + \tau_m \ln \frac{R I + V_{rest} - V_{reset}}{R I + V_{rest} - V_{th}}",
        r"\tau_m \dot V + (V - E_L) - R I = \Delta_T\, e^{(V - V_T)/\Delta_T}",
    )
    symbols = r"\tau_m: time constant of the membrane; \Delta_T: sharpness of the onset of a spike"
    source = "Lapicque 1907; dynamic I-V curve: Badel et al. 2008, J Neurophysiol 99:656; Hodgkin and Huxley 1952, J Physiol 117:500"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Integrate-and-fire: four numbers": Preset({}, shows="sweeps = 1 and sweeps left = 7", do=((10.0, "sweep", {}),)),
        "Exponential: how sharp is the spike's start?": Preset({"level": EIF}, shows="sweeps = 1", do=((10.0, "sweep", {}),)),
        "One channel blocked: which, and how much?": Preset({"level": BLOCKED}, shows="sweeps = 1", do=((10.0, "sweep", {}),)),
    }

    level: str = param(LIF, choices=LEVELS, live=False, main=True, doc="What kind of cell is hidden.")
    current: float = param(-1.0, "nA", lo=-10, hi=30, when=("level", LIF), main=True, label="Current", doc="Current of the next sweep.")
    current_pA: float = param(
        -100.0, "pA", lo=-500, hi=3000, when=("level", EIF), main=True, label="Current", doc="Current of the next sweep."
    )
    density: float = param(
        10.0, "uA/cm2", lo=-20, hi=60, when=("level", BLOCKED), main=True, label="Current", doc="Current of the next sweep."
    )
    budget: int = param(8, lo=1, hi=MOST, live=False, doc="Sweeps that may be recorded.")
    width: float = param(200.0, "ms", lo=20, hi=400, live=False, label="Length of the step", doc="How long the current of a sweep lasts.")
    my_R: float = param(
        100.0,
        "MOhm",
        lo=0.1,
        hi=1000,
        log=True,
        when=("level", (LIF, EIF)),
        group="Your answer",
        symbol="R",
        label="Resistance",
        doc="Membrane resistance.",
    )
    my_tau: float = param(
        50.0,
        "ms",
        lo=0.1,
        hi=500,
        log=True,
        when=("level", (LIF, EIF)),
        group="Your answer",
        symbol=r"\tau_m",
        label="Time constant",
        doc="Membrane time constant.",
    )
    my_V_th: float = param(
        -30.0, "mV", lo=-100, hi=50, when=("level", LIF), group="Your answer", symbol="V_{th}", label="Threshold", doc="Threshold."
    )
    my_t_ref: float = param(
        10.0,
        "ms",
        lo=0,
        hi=100,
        when=("level", LIF),
        group="Your answer",
        symbol="t_{ref}",
        label="Refractory time",
        doc="Refractory time.",
    )
    my_V_T: float = param(
        -30.0,
        "mV",
        lo=-100,
        hi=50,
        when=("level", EIF),
        group="Your answer",
        symbol="V_T",
        label="Threshold",
        doc="Where the exponential's slope equals the leak's.",
    )
    my_Delta_T: float = param(
        10.0,
        "mV",
        lo=0.05,
        hi=50,
        log=True,
        when=("level", EIF),
        group="Your answer",
        symbol=r"\Delta_T",
        label="Sharpness",
        doc="Sharpness of the spike's start.",
    )
    my_block_Na: float = param(
        50.0, "%", lo=0, hi=100, when=("level", BLOCKED), group="Your answer", label="Block of Na", doc="Sodium channels that are blocked."
    )
    my_block_K: float = param(
        50.0,
        "%",
        lo=0,
        hi=100,
        when=("level", BLOCKED),
        group="Your answer",
        label="Block of K",
        doc="Potassium channels that are blocked.",
    )

    # -- the bench --

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The numbers that are asked for."""
        return ASKED[self.level]

    @property
    def chosen(self) -> float:
        """Current of the next sweep, in the unit of the level."""
        return {LIF: self.current, EIF: self.current_pA, BLOCKED: self.density}[self.level]

    @property
    def unit(self) -> str:
        """Unit of the current."""
        return {LIF: "nA", EIF: "pA", BLOCKED: "uA/cm2"}[self.level]

    @property
    def clock(self) -> Clock:
        return Clock(STEPS[self.level], "ms")

    @property
    def speed(self) -> float | None:
        return 200.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(self.sweep_time)

    @property
    def sweep_time(self) -> float:
        """How long a sweep lasts (ms)."""
        return BEFORE + self.width + AFTER

    @property
    def streams(self) -> tuple[Stream, ...]:
        every = round(SAMPLE / self.clock.dt)
        currents = (f"I ({self.unit})",)
        return (
            Stream("V", "trace", "mV", "Membrane potential now.", every=every),
            Stream("current", "trace", self.unit, "Current through the electrode now.", every=every),
            Stream("spikes", "raster", "", "Spikes, timed within the step."),
            Stream(
                "sweeps",
                "curve",
                "mV",
                "The sweeps so far, laid over each other.",
                channels=("time", *(f"sweep {k + 1}" for k in range(self.budget))),
                x_unit="ms",
            ),
            Stream("rates", "curve", "Hz", "Rate between first and last spike of a sweep.", channels=(*currents, "rate"), x_unit=self.unit),
            Stream("log", "table", "", "Of each sweep: voltage at the end of the step, spikes, time to the first, first interval."),
            Stream("report", "table", "", "Answers and, once they are handed in, truth, errors and marks."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture(
                "sweeps",
                "Recorded sweeps",
                (Layer("sweeps"),),
                x="time (ms)",
                y="V (mV)",
                figures=("sweeps left",),
                weight=1.7,
                front=True,
                doc="Choose a current and press Record a sweep: the cell's answers are laid over each other here.",
            ),
            Picture("report", "Report", (Layer("report"),), figures=("mark (%)",), weight=1.6, front=True),
            Picture(
                "log",
                "What the sweeps say",
                (Layer("log"),),
                weight=2.0,
                front=True,
                doc="Of each finished sweep: voltage at the end of the step, spikes, time to the first, first interval. From these follow the numbers that you answer.",
            ),
            Picture("voltage", "The electrode now", (Layer("V"),), y="V (mV)", window=self.sweep_time, front=True, weight=0.8),
            Picture(
                "rates",
                "Rate against current",
                (Layer("rates", style="points", label="sweeps"),),
                x=f"I ({self.unit})",
                y="rate (Hz)",
                weight=0.7,
                doc="A point for each finished sweep.",
            ),
        )

    @property
    def stage(self) -> Stage:
        """What was recorded large; the electrode, what is read off and the report beside it."""
        return Stage("sweeps", companions=("voltage", "log", "report"), drawers=(("Curves", ("rates",)),))

    # -- behaviour --

    def build(self, seed: int) -> Hidden:
        values, truth = drawn(self.level, seed)
        kind = catalog.load({LIF: "leaky-integrate-and-fire", EIF: "adaptive-exponential", BLOCKED: "hodgkin-huxley"}[self.level])
        cell = kind(**(values | {"current": 0.0, "dt": self.clock.dt}))
        assert isinstance(cell, Neuron)
        unrecorded = {s.name: np.empty((0, *s.shape), s.dtype) for s in cell.streams if s.form == "samples"}
        return Hidden(cell, cell.build(seed), unrecorded, cell.after_spike(cell.rest()) is not None, truth)

    def start(self, constants: Hidden, seed: int) -> State:
        samples = round(self.sweep_time / SAMPLE)
        return constants.cell.start(constants.bench, seed) | {
            "position": np.full(1, -1, np.int64),  # step within the present sweep, -1 between sweeps
            "recorded": np.zeros(1, np.int64),  # sweeps begun
            "currents": np.zeros(self.budget),
            "sweeps": np.zeros((self.budget, samples)),
            "fired": np.zeros((self.budget, 4)),  # spikes, time of the first, second and last after the step began (ms)
            "answers": np.zeros(len(self.asked)),
            "handed_in": np.zeros(1, np.int64),
        }

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        own = {"position": index_or_none(self.steps_for(self.sweep_time)), "recorded": Bound(0, self.budget), "handed_in": Bound(0, 1)}
        return constants.cell.state_bounds(constants.bench, state, step) | own

    def advance(self, constants: Hidden, state: State, n: int, out: Out) -> int:
        cell, dt, position = constants.cell, self.clock.dt, int(state["position"][0])
        edges = [self.steps_for(t) for t in (BEFORE, BEFORE + self.width, self.sweep_time)]
        if position >= 0:
            n = min(n, next(e for e in edges if e > position) - position)
            if position == edges[0]:
                cell.pulse(constants.bench, state, float(state["currents"][state["recorded"][0] - 1]), self.width)
        else:
            n = min(n, 1 << 16)
        V, current = np.empty(n), np.empty(n)
        events = out.events["spikes"]
        seen = int(events.count[0])
        done = cell.advance(constants.bench, state, n, Out({**constants.unrecorded, "V": V, "current": current}, {"spikes": events}))
        steps, parts = events.steps[seen : int(events.count[0])], events.value[seen : int(events.count[0])]
        if constants.resets:
            V[steps] = PEAK  # a spike that is reset within the step would not be seen
        if position >= 0 and done:
            self._store(state, position, V[:done], (position + steps + parts) * dt - BEFORE)
            state["position"][0] = position + done if position + done < edges[2] else -1
        for name, values in (("V", V), ("current", current)):
            if out.wanted(name):
                out[name][:done] = values[:done]
        return done

    def _store(self, state: State, position: int, V: np.ndarray, spikes: np.ndarray) -> None:
        """Keep a stretch of the present sweep: samples at the end of every `SAMPLE` ms, and when it fired."""
        sweep, every = int(state["recorded"][0]) - 1, round(SAMPLE / self.clock.dt)
        first = -(position + 1) % every
        taken = V[first::every]
        begin = (position + first + 1) // every - 1
        state["sweeps"][sweep, begin : begin + len(taken)] = taken
        fired = state["fired"][sweep]
        for t in spikes:
            fired[0] += 1
            if fired[0] <= 2:
                fired[int(fired[0])] = t
            fired[3] = t

    def measured(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """The sweeps so far: time from the start of the step (samples,) and V (sweeps, samples), NaN where the last one is not there yet."""
        count, samples = int(state["recorded"][0]), state["sweeps"].shape[1]
        V = state["sweeps"][:count].copy()
        if count and state["position"][0] >= 0:
            V[-1, int(state["position"][0]) // round(SAMPLE / self.clock.dt) :] = math.nan
        return SAMPLE * np.arange(1, samples + 1) - BEFORE, V

    def observe(self, constants: Hidden, state: State, stream: str) -> Any:
        time, V = self.measured(state)
        if stream == "sweeps":
            if not len(V):
                return np.empty((self.budget + 1, 0))
            return np.vstack([time, V, np.full((self.budget - len(V), len(time)), math.nan)])
        if stream == "report":
            return self.report(constants, state)
        whole = len(V) - (state["position"][0] >= 0)
        V, currents, fired = V[:whole], state["currents"][:whole], state["fired"][:whole]
        end = V[:, np.searchsorted(time, self.width - 1e-6) - 1]
        rate = np.where(
            fired[:, 0] > 1, 1000.0 * (fired[:, 0] - 1) / np.where(fired[:, 3] > fired[:, 1], fired[:, 3] - fired[:, 1], 1.0), 0.0
        )
        if stream == "rates":
            return np.vstack([currents, rate])
        if stream == "log":
            return [
                {
                    f"I ({self.unit})": f"{currents[k]:g}",
                    "V (mV)": "—" if fired[k, 0] else f"{end[k]:.2f}",
                    "spikes": int(fired[k, 0]),
                    "first (ms)": f"{fired[k, 1]:.3f}" if fired[k, 0] else "—",
                    "interval (ms)": f"{fired[k, 2] - fired[k, 1]:.3f}" if fired[k, 0] > 1 else "—",
                }
                for k in range(whole)
            ]
        return super().observe(constants, state, stream)

    def report(self, constants: Hidden, state: State) -> list[dict[str, Any]]:
        """A row for each number that is asked for; truth, error and mark only after handing in."""
        rows: list[dict[str, Any]] = []
        marked = bool(state["handed_in"][0])
        for k, asked in enumerate(self.asked):
            unit = f" ({asked.unit})"
            answer = float(state["answers"][k]) if marked else float(getattr(self, asked.answer))
            row: dict[str, Any] = {"parameter": asked.name + unit, "answer": f"{answer:.4g}", "truth": "—", "error (%)": "—", "mark": "—"}
            if marked:
                error = asked.error(answer, constants.truth[k])
                row |= {"truth": f"{constants.truth[k]:.4g}", "error (%)": f"{error:.3g}", "mark": f"{mark_of(error):.1f} / 10"}
            rows.append(row)
        return rows

    def summary(self, constants: Hidden, state: State) -> dict[str, Any]:
        out: dict[str, Any] = {"sweeps": int(state["recorded"][0]), "sweeps left": self.budget - int(state["recorded"][0])}
        if state["handed_in"][0]:
            errors = [a.error(float(x), t) for a, x, t in zip(self.asked, state["answers"], constants.truth, strict=True)]
            out["mark (%)"] = 10.0 * sum(map(mark_of, errors)) / len(errors)
            for asked, answer, truth, error in zip(self.asked, state["answers"], constants.truth, errors, strict=True):
                out |= {
                    f"{asked.name} answered ({asked.unit})": float(answer),
                    f"{asked.name} true ({asked.unit})": truth,
                    f"{asked.name} error (%)": error,
                }
        return out

    # -- actions --

    @action("Record a sweep", shortcut="S")
    def sweep(self, constants: Hidden, state: State) -> None:
        """Put the cell to rest and give it a step of the chosen current."""
        if state["position"][0] >= 0:
            raise ModelError("identify-cell: a sweep is being recorded: wait for its end.")
        if state["handed_in"][0]:
            raise ModelError("identify-cell: the answer is handed in: choose another seed for another cell.")
        if state["recorded"][0] == self.budget:
            raise ModelError(f"identify-cell: all {self.budget} sweeps are used: hand in what you know, or begin again.")
        constants.cell.to_rest(constants.bench, state)
        state["currents"][state["recorded"][0]] = self.chosen
        state["recorded"][0] += 1
        state["position"][0] = 0

    @action("Hand in")
    def hand_in(self, constants: Hidden, state: State) -> None:
        """Hand in the answer: it is marked against the truth, once."""
        if state["handed_in"][0]:
            raise ModelError("identify-cell: the answer is handed in already: choose another seed for another cell.")
        state["answers"][:] = [getattr(self, asked.answer) for asked in self.asked]
        state["handed_in"][0] = 1

    def remedy(self, stream: str) -> str:
        return "use a smaller current"

    # -- is it fair? --

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def worst(level: str):
            return lambda run: max(_worst_error(cls, run, level, seed) for seed in (1, 2, 3))

        def marks(off: float):
            def measure(run) -> float:
                """Mark of numbers that are off by this part of what errors count against."""
                answer = {
                    a.answer: t + off * (t if a.of == "truth" else t - REST) for a, t in zip(ASKED[LIF], drawn(LIF, 5)[1], strict=True)
                }
                return float(_handed_in(cls(), run, 5, [], answer)["mark (%)"])

            return measure

        return (
            Figure(
                "integrate-and-fire cells found by the closed forms, worst error",
                3.0,
                worst(LIF),
                unit="%",
                bound="at_most",
                source="closed form of the membrane",
            ),
            Figure(
                "exponential cells found by the dynamic I-V curve, worst error",
                3.0,
                worst(EIF),
                unit="%",
                bound="at_most",
                source="Badel et al. 2008",
            ),
            Figure(
                "blocked channels found by peak and undershoot, worst error",
                3.0,
                worst(BLOCKED),
                unit="%",
                bound="at_most",
                source="comparison with the known cell",
            ),
            Figure("mark of the truth", 100.0, marks(0.0), tolerance=1e-9, unit="%", source="definition"),
            Figure("mark of numbers that are 11 % off", 50.0, marks(0.11), tolerance=1e-9, unit="%", source="definition"),
            Figure("mark of numbers that are a quarter off", 0.0, marks(0.25), tolerance=1e-9, unit="%", source="definition"),
        )


# ---------------------------------------------------------------------------------------------------------------------
# The standard procedures by which the figures show that a careful person can find the numbers, from what the bench shows.


def _schedule(model: IdentifyCell, currents: list[float]) -> list[Happened]:
    """Sweeps of these currents, one after the other."""
    name = {LIF: "current", EIF: "current_pA", BLOCKED: "density"}[model.level]
    steps = model.steps_for(model.sweep_time)
    return [
        h
        for k, current in enumerate(currents)
        for h in (Happened(k * steps, "change", "", {name: current}), Happened(k * steps, "act", "sweep", {}))
    ]


def _handed_in(model: IdentifyCell, run, seed: int, schedule: list[Happened], answer: dict[str, float]) -> dict[str, Any]:
    """The summary after handing in these numbers."""
    end = max((h.step for h in schedule), default=0) + model.steps_for(model.sweep_time)
    return run(
        model,
        steps=end + 1,
        seed=seed,
        record=[],
        schedule=[*schedule, Happened(end, "change", "", answer), Happened(end, "act", "hand_in", {})],
    ).summary


def _worst_error(kind: type[IdentifyCell], run, level: str, seed: int) -> float:
    model = kind(level=level)
    currents = {LIF: [-1.0, 16.0], EIF: [-500.0, 100.0, 200.0, 400.0, 1000.0], BLOCKED: [15.0]}[level]
    schedule = _schedule(model, currents)
    seen = run(model, steps=len(currents) * model.steps_for(model.sweep_time), seed=seed, record={"V": 1, "spikes": 1}, schedule=schedule)
    V = seen["V"].reshape(len(currents), -1)
    whole = model.sweep_time
    spikes = [
        seen["spikes"][(seen["spikes"] >= k * whole) & (seen["spikes"] < (k + 1) * whole)] - k * whole - BEFORE
        for k in range(len(currents))
    ]
    find = {LIF: _find_integrate_and_fire, EIF: _find_exponential, BLOCKED: _find_block}[level]
    answer = find(model, np.array(currents), V, spikes, run)
    summary = _handed_in(model, run, seed, schedule, dict(zip((a.answer for a in model.asked), answer, strict=True)))
    return max(v for k, v in summary.items() if k.endswith("error (%)"))


def _passive(model: IdentifyCell, current: float, V: np.ndarray) -> tuple[float, float]:
    """R and tau from a sweep below threshold: V at one sample is a line of V at the sample before."""
    dt = model.clock.dt
    rise = V[model.steps_for(BEFORE) : model.steps_for(BEFORE + model.width)]
    slope, shift = np.polyfit(rise[:-1], rise[1:], 1)
    return (shift / (1.0 - slope) - REST) / current, -dt / math.log(slope)


def _find_integrate_and_fire(model: IdentifyCell, currents: np.ndarray, V: np.ndarray, spikes: list[np.ndarray], run) -> tuple[float, ...]:
    R, tau = _passive(model, currents[0], V[0])
    target = R * currents[1]
    threshold = REST + target * (1.0 - math.exp(-spikes[1][0] / tau))
    way_up = tau * math.log((target + REST - RESET) / (target + REST - threshold))
    return R, tau, threshold, float(np.diff(spikes[1]).mean()) - way_up


def _find_exponential(model: IdentifyCell, currents: np.ndarray, V: np.ndarray, spikes: list[np.ndarray], run) -> tuple[float, ...]:
    R, tau = _passive(model, currents[0], V[0])  # mV per pA
    k = next(k for k, times in enumerate(spikes) if len(times))
    dt, begin = model.clock.dt, model.steps_for(BEFORE) + 2
    way = V[k, begin : model.steps_for(BEFORE + spikes[k][0]) - 1]
    slope = (way[2:] - way[:-2]) / (2.0 * dt)
    missing = tau * slope + (way[1:-1] - REST) - R * currents[k]
    use = (missing > 0.3) & (slope * dt < 0.3)  # above what rounding and the leak's own error leave, below where a sample is too coarse
    line = np.polyfit(way[1:-1][use], np.log(missing[use]), 1)
    Delta_T = 1.0 / line[0]
    return 1000.0 * R, tau, Delta_T * (math.log(Delta_T) - line[1]), Delta_T


def _find_block(model: IdentifyCell, currents: np.ndarray, V: np.ndarray, spikes: list[np.ndarray], run) -> tuple[float, ...]:
    kind = catalog.load("hodgkin-huxley")

    def shape(trace: np.ndarray) -> np.ndarray:
        """Peak and undershoot of the first spike."""
        top = int(trace.argmax())
        return np.array([trace[top], trace[top:].min()])

    begin, length = model.steps_for(BEFORE), model.steps_for(25.0)
    seen = shape(V[0, begin : begin + length])

    def apart(**block: float) -> np.ndarray:
        known = kind(**(block | {"current": float(currents[0]), "dt": model.clock.dt}))
        return shape(run(known, steps=length, record={"V": 1})["V"]) - seen

    found = []
    for name, which in (("block_Na", 0), ("block_K", 1)):
        lo, hi = 0.0, 70.0
        low = apart(**{name: lo})[which]
        for _ in range(9):
            middle = 0.5 * (lo + hi)
            lo, hi = (middle, hi) if np.sign(apart(**{name: middle})[which]) == np.sign(low) else (lo, middle)
        block = 0.5 * (lo + hi)
        found.append((float(np.abs(apart(**{name: block})).sum()), block, which))
    _, block, which = min(found)
    return (block, 0.0) if which == 0 else (0.0, block)
