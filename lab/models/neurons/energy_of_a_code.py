"""The energy of a code: one task done by a network of rates and by a network of spikes, every operation counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lab.kernels import kernel, seed_state, uniform
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, arrays, param

PIXELS, CLASSES = 64, 10
LONGEST = 500  # ms of a presentation
COUNTERS = (
    "images", "rate correct", "spiking correct", "multiply-accumulates", "of them with a zero input", "input spikes", "hidden spikes", "synaptic events", "neuron updates",
)  # fmt: skip
IMAGES, RATE_CORRECT, SPIKE_CORRECT, MACS, ZERO, IN_SPIKES, HIDDEN_SPIKES, EVENTS, UPDATES = range(len(COUNTERS))


@dataclass(frozen=True)
class Networks:
    """One set of weights for both networks, and the digits that neither has learnt from.

    w1 (hidden, 64), b1 (hidden,): hidden activity between 0 and about 1; w2 (10, hidden), b2 (10,): evidence for each digit
    """

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    x: np.ndarray
    t: np.ndarray


@kernel
def rate_network(x, w1, b1, w2, b2, hidden, out, counted):
    """One pass of rates: out = w2 relu(w1 x + b1) + b2; counts each multiplication by a weight that is there."""
    for j in range(len(hidden)):
        total = b1[j]
        for i in range(len(x)):
            if w1[j, i] != 0.0:
                total += w1[j, i] * x[i]
                counted[3] += 1
                if x[i] == 0.0:
                    counted[4] += 1
        hidden[j] = max(total, 0.0)
    for c in range(len(out)):
        total = b2[c]
        for j in range(len(hidden)):
            if w2[c, j] != 0.0:
                total += w2[c, j] * hidden[j]
                counted[3] += 1
                if hidden[j] == 0.0:
                    counted[4] += 1
        out[c] = total


@kernel
def _best(evidence):
    best = 0
    for c in range(1, len(evidence)):
        if evidence[c] > evidence[best]:
            best = c
    return best


class Moving(NamedTuple):
    """What moves: both networks, the clock and the counts."""

    u: np.ndarray
    phase: np.ndarray
    evidence: np.ndarray
    hidden: np.ndarray
    rates: np.ndarray
    clock: np.ndarray
    rng: np.ndarray
    counted: np.ndarray
    right_by: np.ndarray
    events_by: np.ndarray
    fired: np.ndarray
    spoken: np.ndarray


class Learned(NamedTuple):
    """Weights and biases of the two layers."""

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray


@kernel
def _advance(moving, learned, x, t, length, p, threshold, random, n, events):
    """n steps of 1 ms: at the first of a presentation the rate network answers, then the spiking one goes on step by step.

    A hidden cell adds up its input, fires at the threshold and keeps what is above it; so its spikes count its activity.
    """
    u, phase, evidence, hidden, rates, clock, rng, counted, right_by, events_by, fired, spoken = moving
    w1, b1, w2, b2 = learned
    steps, index, value, count = events
    inputs, cells = len(phase), len(u)
    for k in range(n):
        if count[0] + inputs + cells > len(steps):
            return k
        picture = (clock[0] // length) % len(t)
        at = clock[0] % length
        if at == 0:
            rate_network(x[picture], w1, b1, w2, b2, hidden, rates, counted)
            counted[0] += 1
            counted[1] += _best(rates) == t[picture]
            u[:] = 0.0
            evidence[:] = 0.0
            spoken[:] = 0
            for i in range(inputs):
                phase[i] = uniform(rng)
        for j in range(cells):
            u[j] += b1[j] * p
        for c in range(len(evidence)):
            evidence[c] += b2[c] * p
        counted[8] += cells + len(evidence)
        happened = 0
        for i in range(inputs):
            if random:
                fires = uniform(rng) < p * x[picture, i]
            else:
                phase[i] += p * x[picture, i]
                fires = phase[i] >= 1.0
                if fires:
                    phase[i] -= 1.0
            if fires:
                counted[5] += 1
                steps[count[0]], index[count[0]], value[count[0]] = k, i, 0.0
                count[0] += 1
                for j in range(cells):
                    if w1[j, i] != 0.0:
                        u[j] += w1[j, i]
                        happened += 1
        for j in range(cells):
            fired[j] = u[j] >= threshold
            if fired[j]:
                u[j] -= threshold
                counted[6] += 1
                spoken[j] += 1
                steps[count[0]], index[count[0]], value[count[0]] = k, inputs + j, 0.0
                count[0] += 1
                for c in range(len(evidence)):
                    if w2[c, j] != 0.0:
                        evidence[c] += w2[c, j] * threshold
                        happened += 1
        counted[7] += happened
        events_by[at, 0] += happened
        events_by[at, 1] += 1
        correct = _best(evidence) == t[picture]
        right_by[at] += correct
        clock[0] += 1
        if clock[0] % length == 0:
            counted[2] += correct
    return n


class EnergyOfACode(Model):
    """What does an answer cost? A network of rates multiplies every weight; a network of spikes adds a weight when a spike comes.

    Both networks have the same weights and name the same handwritten digits, which they have not seen before. The first
    passes numbers once and multiplies 11,100 times. The second turns pixels into spike trains; its cells add up weights and
    fire, and the longer it looks the surer it is. Each addition is cheaper than a multiplication, but there may be many of
    them. The bars show joules under the constants that you set: find the presentation time, input rate and threshold at
    which spikes are cheaper at equal accuracy. Often they are not: what decides is how many events a spike causes.

    A unit of the first network stands for a cell of the second: *Units and their cells* lays the number of each hidden unit beside the rate
    at which its own cell fires. Bits cost, too, without anything being done: in volatile memory each is refreshed or leaks as long as it
    is held, and a network that waits for its next digit goes on paying. *Holding the weights* sets that beside what an answer costs.

    The constants of digital circuits are those of Horowitz for 45 nm and 0.9 V (32-bit float: multiplication 3.7 pJ,
    addition 0.9 pJ; reading 32 bits from a small memory about 5 pJ); those of grey matter are the ATP counts of Attwell
    and Laughlin (action potential 3.84e8, transmitter vesicle 1.64e5) at about 50 kJ/mol. In the equations N counts
    multiply-accumulates, synaptic events (a spike at a synapse), updates of a cell's potential (one a cell and step) and
    spikes; e is the energy of a multiplication, an addition, a memory access and an ATP molecule; a the molecules that a
    spike and an event take.
    """

    name = "energy-of-a-code"
    title = "Energy of a code"
    group = "Rates and codes"
    icon = "mdi6.lightning-bolt-outline"
    order = 50
    also = "neuromorphic; power; joules; spiking against rate network; energy efficiency; sparse coding; Loihi; multiply accumulate"
    equations = (
        r"E_{rate} = N_{MAC}\,(e_\times + e_+ + e_{mem})",
        r"E_{spike} = N_{events}\,(e_+ + e_{mem}) + N_{updates}\,e_+",
        r"r_j = f_{in}\, h_j / \theta \qquad E_{hold} = 32\, N_{weights}\, P_{bit}\, t",
        r"E_{brain} = (N_{spikes}\,a_{spike} + N_{events}\,a_{event})\,e_{ATP}",
    )
    symbols = r"E: energy; N: how many of a kind there are; e: energy of one operation; a: number of ATP molecules of one spike or event; r_j: firing rate of unit j; h_j: activation of unit j; \theta: threshold; f_{in}: firing rate of an input of one; P_{bit}: power that holds one bit; t: time"
    source = "Horowitz, IEEE ISSCC (2014), p. 10; Attwell and Laughlin, J. Cereb. Blood Flow Metab. 21:1133 (2001)"
    presets = {
        "Same answers, 100 ms of spikes": Preset({}, shows="abs(rates correct - spikes correct) <= 4 and spikes over rates > 2"),
        "A short look: cheaper and less sure": Preset(
            {"presentation": 15}, shows="spikes over rates < 1 and spikes correct < rates correct"
        ),
        "A long look: as good as rates, and dearer": Preset(
            {"presentation": 300}, shows="abs(rates correct - spikes correct) <= 4 and spikes over rates > 8", after=20000.0
        ),
        "Few, strong spikes": Preset({"threshold": 3.0, "input_rate": 100.0}, shows="hidden spikes < 10000 and spikes correct > 85"),
        "Half of the synapses removed": Preset({"pruned": 0.5}, shows="multiply-accumulates < 600000 and spikes correct > 90"),
    }

    presentation: int = param(
        100, "ms", lo=5, hi=LONGEST, live=False, log=True, main=True, doc="How long the spiking network looks at each digit."
    )
    input_rate: float = param(
        200.0, "Hz", lo=10.0, hi=1000.0, log=True, live=False, main=True, doc="Rate of the spike train of a white pixel."
    )
    threshold: float = param(
        1.0,
        lo=0.2,
        hi=10.0,
        log=True,
        live=False,
        main=True,
        doc="Threshold of the hidden cells: a higher one makes fewer spikes that mean more.",
    )
    code: str = param("regular", choices=("regular", "Poisson"), live=False, doc="Whether pixels make regular or Poisson spike trains.")
    hidden: int = param(150, lo=10, hi=400, live=False, builds=True, group="Network", doc="Hidden cells of both networks.")
    pruned: float = param(
        0.0,
        lo=0.0,
        hi=0.95,
        live=False,
        builds=True,
        group="Network",
        doc="Part of the weights, the smallest ones, that are removed from both networks.",
    )
    multiply: float = param(
        3.7, "pJ", lo=0.0, hi=100.0, group="Digital circuit", doc="Energy of a multiplication (32-bit float, 45 nm: Horowitz 2014)."
    )
    add: float = param(
        0.9, "pJ", lo=0.0, hi=100.0, group="Digital circuit", doc="Energy of an addition (32-bit float, 45 nm: Horowitz 2014)."
    )
    fetch: float = param(
        5.0,
        "pJ",
        lo=0.0,
        hi=2000.0,
        group="Digital circuit",
        doc="Energy of reading a weight of 32 bits (8 kB memory: 10 pJ per 64 bits; from DRAM about 640 pJ: Horowitz 2014).",
    )
    skip_zeros: bool = param(False, group="Digital circuit", doc="The rate network's circuit leaves out products with a zero activity.")
    storage: str = param(
        "volatile",
        choices=("volatile", "non-volatile"),
        group="Digital circuit",
        doc="Whether the bits of the weights cost energy while they are held.",
    )
    static: float = param(
        10.0, "pW", lo=0.0, hi=100_000.0, soft=(0, 100), when=("storage", "volatile"), group="Digital circuit", label="To hold a bit",
        doc="Power that a bit takes while it is held: about 10 pW in a DRAM that refreshes itself (some 12 mA at 1.5 V for 2 Gbit, from data sheets); leakage of SRAM may be far more.",
    )  # fmt: skip
    atp_spike: float = param(
        3.84e8, "ATP", lo=0.0, hi=1e12, group="Grey matter", doc="ATP for an action potential (Attwell and Laughlin 2001)."
    )
    atp_event: float = param(
        1.64e5,
        "ATP",
        lo=0.0,
        hi=1e10,
        group="Grey matter",
        doc="ATP for a vesicle of transmitter and what it causes (Attwell and Laughlin 2001).",
    )
    atp: float = param(8.3e-8, "pJ", lo=0.0, hi=1e-6, group="Grey matter", doc="Energy of one ATP: 50 kJ/mol.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "ms")

    @property
    def speed(self) -> float:
        return 400.0

    @property
    def default_steps(self) -> int:
        return 100 * self.presentation

    @property
    def streams(self) -> tuple[Stream, ...]:
        names = ("rates", "spikes", "spikes in grey matter")
        return (
            Stream("spikes", "raster", "", "Spikes of the 64 pixels, then of the hidden cells.", shape=(PIXELS + self.hidden,)),
            Stream("energy", "bars", "nJ", "Energy for one digit.", channels=names),
            Stream(
                "operations",
                "bars",
                "",
                "Operations for one digit.",
                channels=("multiply-accumulates", "synaptic events", "neuron updates", "spikes"),
            ),
            Stream(
                "accuracy",
                "curve",
                "%",
                "Correct answers of the spiking network if it had to answer after so long.",
                channels=("spiking network",),
                x_unit="ms",
            ),
            Stream("rate_accuracy", "curve", "%", "Correct answers of the rate network.", channels=("rate network",), x_unit="ms"),
            Stream("cost", "curve", "nJ", "Energy of the spiking network up to a time.", channels=("spiking network",), x_unit="ms"),
            Stream("rate_cost", "curve", "nJ", "Energy of the rate network.", channels=("rate network",), x_unit="ms"),
            Stream(
                "units",
                "curve",
                "Hz",
                "Rate of each hidden cell over the number of its unit, for the digit that is shown.",
                channels=("cells",),
            ),
            Stream("units_theory", "curve", "Hz", "The rate that a number stands for.", channels=("number × input rate / threshold",)),
            Stream(
                "holding",
                "curve",
                "nJ",
                "Energy of holding the weights for so long.",
                channels=("volatile memory", "non-volatile memory"),
                x_unit="ms",
            ),
            Stream("answer", "curve", "nJ", "Energy of computing one answer.", channels=("one answer by rates",), x_unit="ms"),
            Stream("digit", "image", "", "The digit that is shown."),
            Stream("evidence", "bars", "", "Evidence for each digit: rate network, spiking network."),
            Stream("constants", "table", "", "What was counted and what it costs."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("energy", "Energy for one digit", (Layer("energy", style="bars"),), y="energy (nJ)", y_log=True, figures=("spikes over rates",), front=True),
            Picture("accuracy", "Accuracy over time", (Layer("accuracy", label="spiking network"), Layer("rate_accuracy", style="dashed", label="rate network")), x="time looked (ms)", y="correct (%)", y_range=(0.0, 100.0), figures=("rates correct (%)", "spikes correct (%)"), front=True),
            Picture("cost", "Energy over time", (Layer("cost", label="spiking network"), Layer("rate_cost", style="dashed", label="rate network")), x="time looked (ms)", y="energy (nJ)", figures=("break-even (ms)",)),
            Picture("units", "Units and their cells", (Layer("units_theory", theory=True), Layer("units", style="points", label="150 cells" if self.hidden == 150 else "cells")), x="number of the unit", y="rate of its cell (Hz)", figures=("units and cells, correlation",), front=True),
            Picture("holding", "Holding the weights", (Layer("holding"), Layer("answer", style="dashed")), x="time held (ms)", y="energy (nJ)", figures=("bits held", "held for a digit (nJ)")),
            Picture("digit", "Digit", (Layer("digit"),), colours="grey", levels=(0.0, 1.0), equal=True, weight=0.5),
            Picture("evidence", "Evidence", (Layer("evidence", style="bars"),), x="digit", y="evidence", labels=("rates", "spikes"), weight=0.8),
            Picture("spikes", "Spikes", (Layer("spikes"),), y="pixels, then hidden cells", window=float(3 * self.presentation)),
            Picture("constants", "Counts and constants", (Layer("constants"),)),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """What an answer costs, and below it what it is worth and how the two codes do it."""
        return Stage("energy", below=("accuracy", "units", "cost"))

    def build(self, seed):
        """Random hidden features of the digits, and the read-out that fits them best (ridge regression) on 80 % of them."""
        from lab.data import sets as data

        digits = data.load("digits").split(seed=seed)
        (x, t), (held_x, held_t) = digits.part("train"), digits.part("test")
        x = x.astype(float)
        rng = np.random.default_rng(seed)
        w1 = rng.normal(size=(self.hidden, PIXELS)) / np.sqrt(PIXELS)
        _prune(w1, self.pruned)
        # Half a standard deviation below the mean input: about a third of the cells are active.
        b1 = -w1 @ x.mean(axis=0) - 0.5 * (x @ w1.T).std(axis=0)
        most = np.quantile(np.maximum(x @ w1.T + b1, 0.0), 0.999, axis=0)
        most = np.where(most > 0, most, 1.0)
        w1, b1 = w1 / most[:, None], b1 / most
        features = np.column_stack([np.maximum(x @ w1.T + b1, 0.0), np.ones(len(x))])
        ridge = np.diag([1.0] * self.hidden + [1e-6])
        fitted = np.linalg.solve(features.T @ features + ridge, features.T @ np.eye(CLASSES)[t])
        w2 = fitted[:-1].T.copy()
        _prune(w2, self.pruned)
        return Networks(w1, b1, w2, fitted[-1].copy(), held_x.astype(float), held_t.astype(np.int64))

    def start(self, constants, seed):
        return {
            "u": np.zeros(self.hidden),
            "phase": np.zeros(PIXELS),
            "evidence": np.zeros(CLASSES),
            "hidden": np.zeros(self.hidden),
            "rates": np.zeros(CLASSES),
            "clock": np.zeros(1, np.int64),
            "rng": seed_state(seed),
            "counted": np.zeros(len(COUNTERS), np.int64),
            "right_by": np.zeros(self.presentation, np.int64),
            "events_by": np.zeros((self.presentation, 2), np.int64),
            "fired": np.zeros(self.hidden, np.bool_),
            "spoken": np.zeros(self.hidden, np.int64),
        }

    @property
    def _chance(self) -> float:
        """Spikes of a white pixel in a step."""
        return self.input_rate / 1000.0

    def state_bounds(self, constants, state, step):
        return {"clock": COUNT, "counted": COUNT, "right_by": COUNT, "events_by": COUNT, "spoken": COUNT}

    def advance(self, constants, state, n, out):
        c = constants
        return _advance(
            arrays(Moving, state),
            Learned(c.w1, c.b1, c.w2, c.b2),
            c.x,
            c.t,
            self.presentation,
            self._chance,
            self.threshold,
            self.code == "Poisson",
            n,
            out.events["spikes"].columns,
        )

    def joules(self, state) -> tuple[float, float, float]:
        """Energy (nJ) for one digit: rate network, spiking network, the same spikes in grey matter."""
        counted = state["counted"]
        images, shown = max(1, int(counted[IMAGES])), max(1.0, float(state["clock"][0]) / self.presentation)
        macs = int(counted[MACS]) - (int(counted[ZERO]) if self.skip_zeros else 0)
        rate = macs * (self.multiply + self.add + self.fetch) / images
        spiking = (int(counted[EVENTS]) * (self.add + self.fetch) + int(counted[UPDATES]) * self.add) / shown
        spikes = int(counted[IN_SPIKES] + counted[HIDDEN_SPIKES])
        brain = (spikes * self.atp_spike + int(counted[EVENTS]) * self.atp_event) * self.atp / shown
        return rate / 1000, spiking / 1000, brain / 1000

    def _cost(self, state) -> np.ndarray:
        """(presentation,) energy (nJ) of the spiking network from the onset up to the end of each ms."""
        events, shown = state["events_by"].T.astype(float)
        per_step = np.divide(events, shown, out=np.zeros(len(shown)), where=shown > 0)
        return np.cumsum(per_step * (self.add + self.fetch) + (self.hidden + CLASSES) * self.add) / 1000

    def _looked(self, state) -> int:
        """ms of the present presentation that are over."""
        return max(1, int(state["clock"][0] - 1) % self.presentation + 1)

    def _bits(self, constants) -> int:
        """Bits of all weights and biases that are there, 32 for each."""
        return 32 * int(sum(np.count_nonzero(w) for w in (constants.w1, constants.b1, constants.w2, constants.b2)))

    def _held(self, constants) -> float:
        """Energy (nJ) of holding them for one presentation."""
        return self._bits(constants) * self.static * self.presentation * 1e-6 if self.storage == "volatile" else 0.0

    def observe(self, constants, state, stream):
        counted = state["counted"]
        shown = max(1.0, float(state["clock"][0]) / self.presentation)
        ms = np.arange(1, self.presentation + 1.0)
        ends = np.array([0.0, self.presentation])
        picture = max(0, int(state["clock"][0]) - 1) // self.presentation % len(constants.t)
        if stream == "energy":
            return np.array(self.joules(state))
        if stream == "operations":
            images = max(1, int(counted[IMAGES]))
            return np.array(
                [
                    counted[MACS] / images,
                    counted[EVENTS] / shown,
                    counted[UPDATES] / shown,
                    (counted[IN_SPIKES] + counted[HIDDEN_SPIKES]) / shown,
                ]
            )
        if stream == "accuracy":
            times = state["events_by"][:, 1]
            return np.array([ms, np.where(times > 0, 100.0 * state["right_by"] / np.maximum(times, 1), np.nan)])
        if stream == "rate_accuracy":
            return np.array([ends, np.full(2, 100.0 * counted[RATE_CORRECT] / max(1, counted[IMAGES]))])
        if stream == "cost":
            return np.array([ms, np.where(state["events_by"][:, 1] > 0, self._cost(state), np.nan)])
        if stream == "rate_cost":
            return np.array([ends, np.full(2, self.joules(state)[0])])
        if stream == "units":
            return np.array([state["hidden"], state["spoken"] * 1000.0 / self._looked(state)])
        if stream == "units_theory":
            top = max(1.0, float(state["hidden"].max()))
            return np.array([[0.0, top], [0.0, top * self.input_rate / self.threshold]])
        if stream in ("holding", "answer"):
            t = np.array([0.0, 10.0 * self.presentation])
            if stream == "answer":
                return np.array([t, np.full(2, self.joules(state)[0])])
            return np.array([t, self._bits(constants) * self.static * t * 1e-6, np.zeros(2)])
        if stream == "digit":
            return constants.x[picture].reshape(8, 8)
        if stream == "evidence":
            return np.array([state["rates"], state["evidence"] / (self._chance * self._looked(state))])
        if stream == "constants":
            macs = float(counted[MACS] - (counted[ZERO] if self.skip_zeros else 0)) / max(1, int(counted[IMAGES]))
            events, updates = float(counted[EVENTS]) / shown, float(counted[UPDATES]) / shown
            spikes = float(counted[IN_SPIKES] + counted[HIDDEN_SPIKES]) / shown
            rows = (
                ("multiplication", macs, 0.0, self.multiply, "Horowitz 2014"),
                ("addition", macs, events + updates, self.add, "Horowitz 2014"),
                ("reading a weight", macs, events, self.fetch, "Horowitz 2014"),
                ("action potential", 0.0, spikes, self.atp_spike * self.atp, "Attwell and Laughlin 2001"),
                ("synaptic vesicle", 0.0, events, self.atp_event * self.atp, "Attwell and Laughlin 2001"),
            )
            return [
                dict(zip(("operation", "rates, for a digit", "spikes, for a digit", "pJ each", "source of the default"), row, strict=True))
                for row in rows
            ]
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        counted = {name: int(n) for name, n in zip(COUNTERS, state["counted"], strict=True)}
        rate, spiking, brain = self.joules(state)
        whole = int(state["clock"][0]) // self.presentation
        out: dict[str, float | None] = {
            "digits": counted["images"],
            "rates correct (%)": 100.0 * counted["rate correct"] / max(1, counted["images"]),
            "spikes correct (%)": 100.0 * counted["spiking correct"] / max(1, whole),
        }
        out |= {name: counted[name] for name in COUNTERS[MACS:]}
        out |= {"rates (nJ)": rate, "spikes (nJ)": spiking, "spikes in grey matter (nJ)": brain}
        if rate > 0:
            out["spikes over rates"] = spiking / rate
        above = np.flatnonzero(self._cost(state) > rate)
        numbers, spoken = state["hidden"], state["spoken"]
        if numbers.std() and spoken.std():
            out["units and cells, correlation"] = float(np.corrcoef(numbers, spoken)[0, 1])
        out |= {"bits held": self._bits(constants), "held for a digit (nJ)": self._held(constants)}
        out["break-even (ms)"] = int(above[0]) + 1 if len(above) and whole else None
        return out

    @classmethod
    def figures(cls):
        def told(run, **values):
            model = cls(**values)
            return model, run(model, steps=100 * model.presentation, seed=1, record={"spikes": 1})

        def recount(key):
            def measure(run):
                # The raster knows which cell fired, the matrices how many synapses that cell has.
                worst = 0
                for values in ({}, {"pruned": 0.5}, {"code": "Poisson", "threshold": 0.5}):
                    model, result = told(run, **values)
                    net, fired = result.simulation.constants, np.bincount(result.recorded("spikes").index, minlength=PIXELS + model.hidden)
                    synapses = np.concatenate([(net.w1 != 0).sum(axis=0), (net.w2 != 0).sum(axis=0)])
                    recounted = {
                        "synaptic events": fired @ synapses,
                        "multiply-accumulates": 100 * ((net.w1 != 0).sum() + (net.w2 != 0).sum()),
                        "input spikes": fired[:PIXELS].sum(),
                        "hidden spikes": fired[PIXELS:].sum(),
                    }
                    worst = max(worst, abs(int(recounted[key]) - result.summary[key]))
                return float(worst)

            return measure

        def matrix_form(run):
            result = told(run)[1]
            net = result.simulation.constants
            guess = (np.maximum(net.x[:100] @ net.w1.T + net.b1, 0) @ net.w2.T + net.b2).argmax(axis=1)
            return float(abs(100.0 * (guess == net.t[:100]).mean() - result.summary["rates correct (%)"]))

        def alike(run):
            """Correlation of numbers and rates over all hidden units, mean of 20 digits looked at for 300 ms."""
            found = [
                run(cls(presentation=300), steps=300 * (k + 1), seed=1, record={}).summary["units and cells, correlation"]
                for k in range(0, 20, 4)
            ]
            return float(np.mean(found))

        def held(run):
            """Joules of a second written out: weights and biases that are there, 32 bits each, 10 pW a bit."""
            result = told(run, storage="volatile", static=10.0)[1]
            net = result.simulation.constants
            bits = 32 * (net.w1.size + net.b1.size + net.w2.size + net.b2.size)
            return (
                abs(result.summary["held for a digit (nJ)"] - bits * 10e-12 * 0.1 * 1e9)
                + told(run, storage="non-volatile")[1].summary["held for a digit (nJ)"]
            )

        yield Figure(
            "numbers of hidden units and rates of their cells: correlation after 300 ms",
            0.97,
            alike,
            bound="at_least",
            source="a cell fires in proportion to what it is given",
        )
        yield Figure(
            "energy of holding all weights for a digit against power times time",
            0.0,
            held,
            tolerance=1e-9,
            unit="nJ",
            source="32 bits a weight; nothing where memory is not volatile",
        )
        for key in ("multiply-accumulates", "synaptic events", "input spikes", "hidden spikes"):
            yield Figure(
                f"{key}: counter against a recount from raster and matrices", 0.0, recount(key), source="raster and weight matrices"
            )
        yield Figure(
            "correct answers of the rate network against the matrix form", 0.0, matrix_form, tolerance=1e-9, unit="%", source="NumPy"
        )
        yield Figure(
            "multiply-accumulates for a digit",
            64 * 150 + 150 * 10,
            lambda run: told(run)[1].summary["multiply-accumulates"] / 100,
            source="64 x 150 + 150 x 10",
        )
        yield Figure(
            "correct answers of the rate network",
            94.0,
            lambda run: run(cls(presentation=5), steps=1800, seed=1, record={}).summary["rates correct (%)"],
            bound="at_least",
            unit="%",
            source="held-out digits",
        )
        yield Figure(
            "correct answers lost by 300 ms of spikes",
            2.0,
            lambda run: (lambda s: s["rates correct (%)"] - s["spikes correct (%)"])(
                run(cls(presentation=300), steps=60_000, seed=1, record={}).summary
            ),
            bound="at_most",
            unit="%",
            source="held-out digits",
        )


def _prune(weights: np.ndarray, part: float) -> None:
    """Set the smallest weights to 0, in place."""
    count = round(part * weights.size)
    if count:
        weights.flat[np.argsort(np.abs(weights), axis=None)[:count]] = 0.0
