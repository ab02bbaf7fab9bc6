"""The temporal code: two inputs of equal rate, told apart by when their spikes come."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.kernels import kernel
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, arrays, param

CONDITIONS = ("even", "packed")
INPUTS = 2


def bits(slots: int, spikes: int) -> float:
    """log2 of the number of ways to put spikes into slots, at most one into each."""
    return (math.lgamma(slots + 1) - math.lgamma(spikes + 1) - math.lgamma(slots - spikes + 1)) / math.log(2.0)


class Pair(NamedTuple):
    """What moves: both neurons, their clocks and counts."""

    v: np.ndarray
    s: np.ndarray
    clock: np.ndarray
    counts: np.ndarray


@kernel
def _advance(pair, times, weight, tau_m, tau_s, t_ref, period, dt, rows_v, rows_s, events):
    """Both neurons through len(rows_v) steps; spikes 0..3 are inputs (2 condition + input), 4 and 5 the outputs."""
    v, s, clock, counts = pair
    steps, index, value, count = events
    per_train = times.shape[2]
    decay_s, decay_v = np.exp(-dt / tau_s), np.exp(-dt / tau_m)
    # v after dt from s: the solution of tau_m v' = s - v with s decaying; its limit where both constants agree.
    if abs(tau_s - tau_m) < 1e-6 * tau_m:
        mix = dt / tau_m * decay_v
    else:
        mix = tau_s / (tau_s - tau_m) * (decay_s - decay_v)
    for k in range(len(rows_v)):
        if count[0] + 2 * 2 * per_train + 2 > len(steps):
            return k
        # Counted in steps, not added up, so that a trial begins at exactly the same step for ever.
        at = clock[0] % period
        for c in range(2):
            if clock[1 + c] > 0:
                clock[1 + c] -= 1
                v[c] = 0.0
            else:
                v[c] = v[c] * decay_v + s[c] * mix
            s[c] *= decay_s
            for i in range(2):
                for p in range(per_train):
                    if times[c, i, p] == at:
                        s[c] += weight / tau_s
                        counts[c, i] += 1
                        steps[count[0]], index[count[0]], value[count[0]] = k, 2 * c + i, 0.0
                        count[0] += 1
            if v[c] >= 1.0:
                v[c] = 0.0
                clock[1 + c] = round(t_ref / dt)
                counts[c, 2] += 1
                steps[count[0]], index[count[0]], value[count[0]] = k, 4 + c, 0.0
                count[0] += 1
            rows_v[k, c] = v[c]
            rows_s[k, c] = s[c]
        clock[0] += 1
    return len(rows_v)


class TemporalCode(Model):
    """Same rates, other times, other answer: what a neuron says depends on when its spikes come, not only on how many.

    Two identical neurons receive two inputs each; every input fires N spikes in a trial of 100 ms. For the first neuron
    both inputs spread their spikes evenly: they coincide, pair by pair, but the membrane has forgotten a pair when the next
    one comes, and stays silent. For the second, one input packs its spikes into the first 20 ms and the other into the last
    20 ms: no two of them coincide, but spikes of one burst add up and the neuron fires. The spike counts of the trial are
    equal in both conditions, so a rate that is counted over the whole trial is blind to the difference (one that is counted
    over 20 ms is not). Change the packing, the weight or the time constants and find where the difference goes: with strong
    synapses even a single pair is enough, and a slow membrane adds up everything that comes within the trial.

    How much more could be said by times is counted in bits. Cut the trial into slots as short as the reader can tell apart: N spikes
    of one neuron can lie in them in "slots choose N" ways, each a word of its own, while the count is N for all of them. A reader of
    counts alone, to whom anything from no spike up to N may be said, tells N + 1 words apart.
    """

    name = "temporal-code"
    title = "Temporal code"
    group = "Rates and codes"
    icon = "mdi6.timer-outline"
    order = 30
    also = "temporal coding; spike timing; coincidence detection; coincidence detector; timing code; synchrony"
    equations = (
        r"\mathrm{times:}\ \log_2 \binom{T/\Delta}{N}\ \mathrm{bits} \qquad \mathrm{counts\ up\ to}\ N\mathrm{:}\ \log_2 (N + 1)",
        r"\tau_m \frac{dv}{dt} = s - v",
        r"\tau_s \frac{ds}{dt} = -s + \sum_p w\,\delta(t - t_p)",
    )
    symbols = r"t_p: time of spike p; v: potential; \tau_m: time constant of the membrane; \tau_s: time constant of the synapse; \delta: unit impulse; T: length of a trial; N: spikes in a trial; s: synaptic input; w: weight"
    source = "Rieke et al., Spikes (1997), chapter 2; Gerstner et al., Neuronal Dynamics (2014), section 7.6"
    presets = {
        "Even against packed": Preset(
            {}, shows="output, even = 0 and output, packed >= 4 and input rate, even = input rate, packed", after=1000.0
        ),
        "Strong synapses: both fire alike": Preset({"weight": 12.0}, shows="output, even = 10 and output, packed = 10", after=1000.0),
        "Slow membrane: no difference is left": Preset(
            {"tau_m": 80.0, "weight": 30.0}, shows="output, even = 5 and output, packed = 5", after=1000.0
        ),
    }  # fmt: skip

    spikes: int = param(10, lo=1, hi=100, builds=True, main=True, doc="Spikes N of each input in a trial.")
    packed: float = param(
        20.0,
        "ms",
        lo=1.0,
        hi=50.0,
        builds=True,
        main=True,
        doc="Length of the first and last stretch into which the second condition packs its spikes.",
    )
    weight: float = param(
        4.0, "ms", lo=0.0, hi=200.0, main=True, doc="Weight w of both inputs: area of the current that one spike causes (threshold is 1)."
    )
    resolution: float = param(
        1.0,
        "ms",
        lo=0.1,
        hi=50.0,
        log=True,
        group="Words",
        symbol=r"\Delta",
        doc="How far apart two spike times must lie to be told apart: a slot.",
    )
    tau_m: float = param(
        10.0, "ms", lo=1.0, hi=200.0, log=True, group="Neuron", symbol=r"\tau_m", label="Membrane", doc="Time constant of the membrane."
    )
    tau_s: float = param(
        3.0, "ms", lo=0.2, hi=100.0, log=True, group="Neuron", symbol=r"\tau_s", label="Synapses", doc="Time constant of the synapses."
    )
    t_ref: float = param(2.0, "ms", lo=0.0, hi=20.0, group="Neuron", symbol="t_{ref}", label="Refractory time", doc="Refractory time.")
    trial: float = param(100.0, "ms", lo=100.0, hi=100.0, live=False, group="Trial", doc="Length of the stimulus in a trial.")
    pause: float = param(100.0, "ms", lo=0.0, hi=500.0, live=False, group="Trial", doc="Silence between two trials.")
    dt: float = param(
        0.1, "ms", lo=0.01, hi=0.5, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 100.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(5 * (self.trial + self.pause))

    @property
    def streams(self) -> tuple[Stream, ...]:
        names = tuple(f"{c}, input {i + 1}" for c in CONDITIONS for i in range(INPUTS)) + tuple(f"{c}, output" for c in CONDITIONS)
        return (
            Stream("v", "trace", "", "Membrane variable of both neurons (threshold 1).", shape=(2,), channels=CONDITIONS, every=1),
            Stream("s", "trace", "", "Synaptic current of both neurons.", shape=(2,), channels=CONDITIONS, every=5),
            Stream("spikes", "raster", "", "Spikes of the inputs and outputs.", channels=names),
            Stream(
                "words",
                "curve",
                "bits",
                "Words that one neuron can say in a trial, by the number of its spikes.",
                channels=("times of N", "count ≤ N", "count of N"),
                x_unit="spikes",
            ),
            Stream("word_now", "curve", "bits", "The trains of this trial.", channels=("times, here",), x_unit="spikes"),
            Stream("counts", "bars", "per trial", "Input and output spikes per trial.", channels=CONDITIONS),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        span = 2 * (self.trial + self.pause)
        return (
            Picture("spikes", "Spikes", (Layer("spikes"),), window=span, front=True),
            Picture("v", "Membrane", (Layer("v"),), y="v (threshold 1)", window=span, y_range=(-0.05, 1.1), front=True),
            Picture("counts", "Spikes per trial", (Layer("counts", style="bars"),), y="spikes per trial", labels=("input 1", "input 2", "output"), figures=("difference",)),
            Picture("words", "Words that can be told apart", (Layer("words"), Layer("word_now", style="points", label="here")), x="spikes N in a trial", y="bits", figures=("bits by times", "bits by a count up to N"), front=True),
            Picture("s", "Synaptic input", (Layer("s"),), y="s", window=span),
        )  # fmt: skip

    def build(self, seed):
        """Steps (condition, input, spike) within a trial in which spikes fall, each in the middle of its share of the stretch."""
        places = (np.arange(self.spikes) + 0.5) / self.spikes
        even = places * self.trial
        times = np.array([[even, even], [places * self.packed, self.trial - self.packed + places * self.packed]])
        return np.floor(times / self.dt + 1e-6).astype(np.int64)

    def start(self, constants, seed):
        # clock: step, and the steps that each neuron is still refractory
        return {"v": np.zeros(2), "s": np.zeros(2), "clock": np.zeros(3, np.int64), "counts": np.zeros((2, 3), np.int64)}

    @property
    def period(self) -> int:
        """Steps from one trial to the next."""
        return max(1, round((self.trial + self.pause) / self.dt))

    def state_bounds(self, constants, state, step):
        return {"clock": COUNT, "counts": COUNT}

    def advance(self, constants, state, n, out):
        v = out["v"] if out.wanted("v") else np.empty((n, 2))
        s = out["s"] if out.wanted("s") else np.empty((n, 2))
        return _advance(
            arrays(Pair, state),
            constants,
            self.weight,
            self.tau_m,
            self.tau_s,
            self.t_ref,
            self.period,
            self.dt,
            v[:n],
            s[:n],
            out.events["spikes"].columns,
        )

    def _per_trial(self, state):
        trials = max(1, -(-int(state["clock"][0]) // self.period))
        return state["counts"] / trials

    @property
    def slots(self) -> int:
        """Places in a trial that a reader can tell apart."""
        return max(1, int(self.trial / self.resolution + 1e-9))

    def observe(self, constants, state, stream):
        if stream == "words":
            n = np.arange(self.slots + 1)
            return np.array([n, [bits(self.slots, int(k)) for k in n], np.log2(n + 1.0), np.zeros(len(n))])
        if stream == "word_now":
            return np.array([[min(self.spikes, self.slots)], [bits(self.slots, min(self.spikes, self.slots))]], float)
        if stream == "counts":
            return self._per_trial(state)
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        rates = self._per_trial(state)
        return {
            "difference": float(rates[1, 2] - rates[0, 2]),
            "input rate, even (per trial)": float(rates[0, :2].mean()),
            "input rate, packed (per trial)": float(rates[1, :2].mean()),
            "output, even": float(rates[0, 2]),
            "output, packed": float(rates[1, 2]),
            "bits by times": bits(self.slots, min(self.spikes, self.slots)),
            "bits by a count up to N": math.log2(self.spikes + 1),
            "verdict": "equal input rates, different outputs" if rates[0, 2] != rates[1, 2] else "equal input rates, equal outputs",
        }

    @classmethod
    def figures(cls):
        def trials(run):
            return run(cls(), steps=cls().period * 20, record={}).state["counts"]

        def exact(run):
            # The first 30 ms of the even neuron without spikes (weight below threshold) against the closed form of the filtered train.
            model = cls(weight=3.0)
            result = run(model, steps=300, record={"v": 1})
            t = result.recorded("v").time
            into = np.zeros(300)
            for when in np.concatenate(list(model.build(0)[0])):
                # v counts a spike from the end of the step in which it falls.
                gone = t - (when + 1) * model.dt
                into += np.where(
                    gone >= -1e-9, 3.0 / (model.tau_s - model.tau_m) * (np.exp(-gone / model.tau_s) - np.exp(-gone / model.tau_m)), 0.0
                )
            return float(np.abs(into - result["v"][:, 0]).max())

        def listed(run):
            """All patterns of 12 slots, listed one by one and sorted by their number of spikes, against the formula."""
            counted = np.bincount([bin(word).count("1") for word in range(2**12)], minlength=13)
            return float(max(abs(math.log2(counted[k]) - bits(12, k)) for k in range(13)))

        yield Figure(
            "words of 12 slots: listed one by one against the formula, worst",
            1e-9,
            listed,
            unit="bits",
            bound="at_most",
            source="binomial coefficient",
        )
        yield Figure(
            "bits of ten spikes in a hundred slots of 1 ms",
            math.log2(17_310_309_456_440),
            lambda run: cls().summary(None, cls().start(None, 0))["bits by times"],
            tolerance=1e-6,
            unit="bits",
            source="100 choose 10; the count of them says nothing",
        )
        yield Figure(
            "difference of the input counts of both conditions",
            0.0,
            lambda run: float(np.abs(trials(run)[0, :2] - trials(run)[1, :2]).max()),
            source="construction of the trains",
        )
        yield Figure(
            "output spikes per trial, packed minus even",
            1.0,
            lambda run: float((trials(run)[1, 2] - trials(run)[0, 2]) / 20),
            bound="at_least",
            source="spikes of a burst add up on a membrane of 10 ms, pairs 10 ms apart do not",
        )
        yield Figure(
            "membrane below threshold against closed form, worst",
            1e-12,
            exact,
            bound="at_most",
            source="solution of the two linear equations",
        )
