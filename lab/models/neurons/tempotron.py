"""One task, learnt by times or by rates: a cell that hears when spikes come, and one of as many synapses that counts them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lab.kernels import below, kernel, seed_state
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, arrays, index, param

NAMES = ("by times", "by counts")
SPIKES = ("one spike each", "random numbers of spikes")
GRID = 2.0  # ms between two looks at the membrane
MOST = 12  # spikes of an input in a pattern


class Learner(NamedTuple):
    """What moves: weights of the cell that hears times; weights and bias of the one that counts; the generator, the order, the epochs."""

    times: np.ndarray
    counts: np.ndarray
    rng: np.ndarray
    order: np.ndarray
    epochs: np.ndarray


@kernel(fast=False)
def _epoch(learner, heard, counted, labels, rate, count_rate, scores):
    """One pass over all patterns in random order, each cell corrected after each mistake; scores: right answers of each as the pass met them.

    heard  (patterns, looks, inputs): what a synapse of weight one would have added to the membrane at each look
    """
    times, counts, rng, order, epochs = learner
    patterns, looks, inputs = heard.shape
    for k in range(patterns - 1, 0, -1):
        j = below(rng, k + 1)
        order[k], order[j] = order[j], order[k]
    scores[0], scores[1] = 0.0, 0.0
    for k in range(patterns):
        p = order[k]
        highest, when = -1e300, 0
        for t in range(looks):
            V = 0.0
            for i in range(inputs):
                V += times[i] * heard[p, t, i]
            if V > highest:
                highest, when = V, t
        said = highest >= 1.0
        if said == labels[p]:
            scores[0] += 1.0
        else:
            sign = rate if labels[p] else -rate
            for i in range(inputs):
                times[i] += sign * heard[p, when, i]
        total = counts[inputs]
        for i in range(inputs):
            total += counts[i] * counted[p, i]
        if (total >= 0.0) == labels[p]:
            scores[1] += 1.0
        else:
            sign = count_rate if labels[p] else -count_rate
            for i in range(inputs):
                counts[i] += sign * counted[p, i]
            counts[inputs] += sign
    epochs[0] += 1


class Tempotron(Model):
    """A task that cannot be told by counts: random patterns of spikes, each to be answered with a spike or with silence.

    Two cells hear the same inputs through as many synapses. The first is a leaky membrane that may fire once: it hears *when* spikes come,
    because those that come together add up. After a mistake each weight moves by what its synapse gave at the moment when the membrane
    stood highest (the tempotron rule). The second sees *how many* spikes each input sent, and learns by the perceptron rule.

    With one spike for each input in each pattern all counts are alike. Nothing can be learned from them: half of the answers are right.
    The times tell all patterns apart. With random numbers of spikes both can learn; put in more and more patterns for each synapse and see
    who gives up first: the perceptron's limit is two patterns for each weight, the tempotron's lies near three.
    """

    name = "tempotron"
    title = "A task for times or for rates"
    group = "Rates and codes"
    icon = "mdi6.timer-star-outline"
    order = 35
    also = "temporal code learnt; learning spike times; Gütig and Sompolinsky; rate against time; classify spike patterns; spike latency code; supervised spike learning"
    equations = (
        r"V(t) = \sum_i w_i \sum_{t_i < t} K(t - t_i), \qquad K(t) = V_0\, (e^{-t/\tau_m} - e^{-t/\tau_s})",
        r"\Delta w_i = \pm \eta \sum_{t_i < t_{max}} K(t_{max} - t_i) \quad \mathrm{after\ a\ mistake}",
        r"\mathrm{counts:}\ \Delta u_i = \pm \eta\, n_i",
    )
    symbols = r"V: potential; K: potential after one spike of unit weight; V_0: scale that makes the peak of K one; w_i: weight of input i; t_i: times of its spikes; t_{max}: time of the highest potential; \tau_m: time constant of the membrane; \tau_s: time constant of the synapses; n_i: number of spikes of input i; u_i: weight of that number, for the neuron that counts; \Delta: change"
    source = "Gütig and Sompolinsky, Nat. Neurosci. 9:420 (2006); Cover, IEEE Trans. Electron. Comput. EC-14:326 (1965) for the perceptron's limit"
    presets = {
        "One spike each: counts say nothing": Preset({}, shows="right by times > 85 and right by counts = 50", after=150.0),
        "Random numbers of spikes: both can": Preset(
            {"spikes": SPIKES[1], "patterns": 60}, shows="right by times > 95 and right by counts > 90", after=200.0
        ),
        "Two and a half patterns for each synapse": Preset(
            {"spikes": SPIKES[1], "patterns": 200, "inputs": 80}, shows="right by times > right by counts", after=300.0, slow=True
        ),
    }

    spikes: str = param(SPIKES[0], choices=SPIKES, live=False, main=True, doc="What an input sends in a pattern.")
    patterns: int = param(100, lo=2, hi=400, soft=(10, 300), live=False, main=True, symbol="P", doc="Random patterns to be learned; half of them are to be answered with a spike.")  # fmt: skip
    inputs: int = param(100, lo=2, hi=200, soft=(10, 200), live=False, main=True, symbol="N", doc="Inputs, and synapses of each cell.")
    duration: float = param(500.0, "ms", lo=50.0, hi=1000.0, live=False, group="Patterns", doc="How long a pattern lasts.")
    mean: float = param(
        3.0, lo=0.2, hi=6.0, live=False, when=("spikes", SPIKES[1]), group="Patterns", doc="Mean number of spikes of an input."
    )
    tau_m: float = param(
        15.0,
        "ms",
        lo=2.0,
        hi=200.0,
        log=True,
        live=False,
        group="Cell",
        symbol=r"\tau_m",
        label="Membrane",
        doc="Time constant of the membrane.",
    )
    tau_s: float = param(
        3.75,
        "ms",
        lo=0.5,
        hi=150.0,
        log=True,
        live=False,
        group="Cell",
        symbol=r"\tau_s",
        label="Synapses",
        doc="Time constant of the synapses.",
    )
    rate: float = param(
        0.005,
        lo=0.00001,
        hi=1.0,
        log=True,
        main=True,
        symbol=r"\eta",
        label="Learning rate",
        doc="Learning rate of the weights that hear times.",
    )

    def check(self) -> None:
        if self.tau_s >= self.tau_m:
            raise self.refuse("tau_s", f"must be below the time constant of the membrane ({self.tau_m:g} ms)")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "epoch", physical=False)

    @property
    def speed(self) -> float:
        return 10.0

    @property
    def default_steps(self) -> int:
        return 200

    def memory(self) -> int:
        return 24 * self.patterns * self.inputs * int(self.duration / GRID)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("accuracy", "trace", "%", "Right answers of an epoch, as it met the patterns.", (2,), NAMES, every=1),
            Stream(
                "membrane",
                "curve",
                "",
                "Membrane of the cell that hears times, for a pattern to be answered and one to be left.",
                channels=("to be answered", "to be left"),
                x_unit="ms",
            ),
            Stream("threshold", "curve", "", "Its threshold.", channels=("threshold",), x_unit="ms"),
            Stream("shown", "cloud", "", "The spikes of both patterns.", channels=("time", "input", "pattern")),
            Stream("weights", "bars", "", "Weights of the cell that hears times."),
            Stream(
                "tops",
                "bars",
                "",
                "How high the membrane comes in each pattern: those to be answered, those to be left.",
                channels=("to be answered", "to be left"),
            ),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("accuracy", "Right answers", (Layer("accuracy"),), y="right (%)", y_range=(0.0, 102.0), figures=("right by times (%)", "right by counts (%)"), front=True, weight=1.5),
            Picture("membrane", "The membrane in two patterns", (Layer("threshold", style="dashed", label="threshold", series=(4,)), Layer("membrane", series=(1, 0))), x="time (ms)", y="V", front=True),
            Picture("shown", "Their spikes", (Layer("shown", style="points"),), x="time (ms)", y="input", labels=("to be left", "to be answered"), pick="", front=True, doc="As many spikes from each input in both, where one spike each is set: only their times differ."),
            Picture("tops", "How high the membrane comes", (Layer("tops", style="bars"),), x="pattern", y="highest V"),
            Picture("weights", "Weights", (Layer("weights", style="bars"),), x="input", y="w"),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The race large; beside it two patterns and what the membrane makes of them."""
        return Stage("accuracy", companions=("membrane", "shown"), drawers=(("Weights", ("weights", "tops")),))

    def response(self, t: np.ndarray) -> np.ndarray:
        """K(t): what a spike of weight one adds to the membrane after t ms, 1 at its highest."""
        t = np.asarray(t, float)
        top = self.tau_m * self.tau_s / (self.tau_m - self.tau_s) * math.log(self.tau_m / self.tau_s)
        height = math.exp(-top / self.tau_m) - math.exp(-top / self.tau_s)
        late = np.maximum(t, 0.0)
        return np.where(t >= 0, np.exp(-late / self.tau_m) - np.exp(-late / self.tau_s), 0.0) / height

    def build(self, seed):
        """(spike times (patterns, inputs, most), inf where there is none; what each look hears; counts; labels)."""
        rng = np.random.default_rng(seed)
        most = 1 if self.spikes == SPIKES[0] else MOST
        when = rng.uniform(0.0, self.duration, (self.patterns, self.inputs, most))
        if most > 1:
            many = np.minimum(rng.poisson(self.mean, (self.patterns, self.inputs)), most)
            when = np.where(np.arange(most) < many[:, :, None], when, np.inf)
        labels = rng.permutation(np.arange(self.patterns) % 2 == 0)
        looks = np.arange(0.0, self.duration, GRID)
        heard = np.zeros((self.patterns, len(looks), self.inputs))
        for k in range(most):
            since = looks[None, :, None] - when[:, None, :, k]
            heard += self.response(np.where(np.isfinite(since), since, -1.0))
        return when, heard, np.isfinite(when).sum(2).astype(float), labels

    def start(self, constants, seed):
        weights = 0.1 * np.random.default_rng([abs(int(seed)), 72]).standard_normal(self.inputs)
        return {
            "times": weights, "counts": np.zeros(self.inputs + 1), "rng": seed_state(seed), "order": np.arange(self.patterns),
            "epochs": np.zeros(1, np.int64), "scores": np.zeros(2), "looked": np.zeros(1, np.int64),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        return {"order": index(self.patterns), "epochs": COUNT, "looked": COUNT}

    def advance(self, constants, state, n, out):
        _, heard, counted, labels = constants
        rows = out["accuracy"]
        for k in range(n):
            _epoch(arrays(Learner, state), heard, counted, labels, self.rate, 0.1, state["scores"])
            if len(rows):
                rows[k] = 100.0 * state["scores"] / self.patterns
        return n

    def highest(self, constants, state) -> np.ndarray:
        """How high the membrane comes in each pattern."""
        return (constants[1] @ state["times"]).max(1)

    def _pair(self, constants, state) -> tuple[int, int]:
        """The patterns that are drawn: one to be answered, one to be left."""
        k, labels = int(state["looked"][0]), constants[3]
        return tuple(int(np.flatnonzero(labels == kind)[k % int((labels == kind).sum())]) for kind in (True, False))  # type: ignore[return-value]

    def observe(self, constants, state, stream):
        when, heard, _, labels = constants
        looks = np.arange(0.0, self.duration, GRID)
        if stream == "membrane":
            return np.vstack([looks, *(heard[p] @ state["times"] for p in self._pair(constants, state))])
        if stream == "threshold":
            return np.array([[0.0, self.duration], [1.0, 1.0]])
        if stream == "shown":
            dots = []
            for kind, p in zip((1.0, 0.0), self._pair(constants, state), strict=True):
                i, k = np.nonzero(np.isfinite(when[p]))
                dots.append(np.column_stack([when[p][i, k], i, np.full(len(i), kind)]))
            return np.concatenate(dots).astype(float)
        if stream == "weights":
            return state["times"].copy()
        if stream == "tops":
            tops = self.highest(constants, state)
            one, other = np.sort(tops[labels]), np.sort(tops[~labels])
            return np.array([one[: len(other)], other[: len(one)]])
        return super().observe(constants, state, stream)

    def summary(self, constants, state) -> dict[str, Any]:
        _, _, counted, labels = constants
        by_times = (self.highest(constants, state) >= 1.0) == labels
        by_counts = (counted @ state["counts"][:-1] + state["counts"][-1] >= 0.0) == labels
        return {
            "epochs": int(state["epochs"][0]),
            "right by times (%)": 100.0 * float(by_times.mean()),
            "right by counts (%)": 100.0 * float(by_counts.mean()),
            "patterns for each synapse": self.patterns / self.inputs,
        }

    @action("Look at the next two patterns", shortcut="N")
    def following(self, constants, state):
        """Draw another pattern to be answered and another to be left."""
        state["looked"][0] += 1

    @classmethod
    def figures(cls):
        def after(what, epochs=150, **values):
            return lambda run: float(np.median([run(cls(**values), steps=epochs, seed=s, record={}).summary[what] for s in (1, 2, 3)]))

        def slope(run):
            """The rule's direction against how the highest point of the membrane changes with each weight, by central differences."""
            model = cls(patterns=6, inputs=10)
            constants = model.build(4)
            state = model.start(constants, 4)
            top, worst, h = constants[1] @ state["times"], 0.0, 1e-6
            for i in range(model.inputs):
                ends = []
                for sign in (1.0, -1.0):
                    moved = state["times"].copy()
                    moved[i] += sign * h
                    ends.append((constants[1] @ moved).max(1))
                told = constants[1][np.arange(6), top.argmax(1), i]
                worst = max(worst, float(np.abs((ends[0] - ends[1]) / (2 * h) - told).max()))
            return worst

        yield Figure(
            "one spike each, 100 patterns, 100 synapses: right by times",
            97.0,
            after("right by times (%)"),
            bound="at_least",
            unit="%",
            source="Gütig and Sompolinsky (2006): up to three patterns a synapse",
        )
        yield Figure(
            "the same: right by counts", 50.0, after("right by counts (%)", 20), tolerance=1e-9, unit="%", source="all counts are alike"
        )
        yield Figure("random numbers, 2.5 patterns a synapse: times over counts", 3.0,
                     lambda run: after("right by times (%)", 300, spikes=SPIKES[1], patterns=200, inputs=80)(run) - after("right by counts (%)", 300, spikes=SPIKES[1], patterns=200, inputs=80)(run),
                     bound="at_least", unit="%", source="Cover (1965): two patterns a weight", slow=True)  # fmt: skip
        yield Figure(
            "direction of learning against central differences, worst", 1e-6, slope, bound="at_most", source="gradient of the highest point"
        )
