"""Spike-timing dependent plasticity: the window measured by pairing spikes, and what it makes of many synapses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.cells import recent
from lab.kernels import kernel, seed_state, uniform
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, arrays, param

SYNAPSES = 100
RANGE = 60.0  # ms of the window on each side
PAIRINGS = 121  # one pairing per ms of difference


def window(difference: np.ndarray, plus: float, minus: float, tau_plus: float, tau_minus: float) -> np.ndarray:
    """Weight change of one pair, difference = t_post - t_pre in ms: A+ e^(-d/tau+) for d > 0, -A- e^(d/tau-) for d < 0, 0 at 0."""
    d = np.asarray(difference, float)
    return np.where(d > 0, plus * np.exp(-np.abs(d) / tau_plus), np.where(d < 0, -minus * np.exp(-np.abs(d) / tau_minus), 0.0))


@kernel
def pair(traces, w, dt_to_event, pre, post, plus, minus, tau_plus, tau_minus, w_max, bounded):
    """Let the traces decay, then apply an event at one synapse; traces = (pre, post). Returns the new weight.

    A post-synaptic spike strengthens by the pre trace, a pre-synaptic one weakens by the post trace; simultaneous ones do
    nothing to each other because both read the traces before either adds to them.
    """
    traces[0] *= np.exp(-dt_to_event / tau_plus)
    traces[1] *= np.exp(-dt_to_event / tau_minus)
    change = 0.0
    if post:
        change += plus * traces[0]
    if pre:
        change -= minus * traces[1]
    if pre:
        traces[0] += 1.0
    if post:
        traces[1] += 1.0
    w += change
    return min(max(w, 0.0), w_max) if bounded else w


@kernel
def _measure(place, measured, differences, plus, minus, tau_plus, tau_minus, n):
    """Pair one pre- with one post-synaptic spike at each difference in turn, from silence."""
    traces = np.zeros(2)
    for _ in range(n):
        k = place[0] % len(differences)
        d = differences[k]
        traces[:] = 0.0
        if d == 0:
            w = pair(traces, 0.5, 0.0, True, True, plus, minus, tau_plus, tau_minus, 1.0, False)
        else:
            w = pair(traces, 0.5, 0.0, d > 0, d < 0, plus, minus, tau_plus, tau_minus, 1.0, False)
            w = pair(traces, w, abs(d), d < 0, d > 0, plus, minus, tau_plus, tau_minus, 1.0, False)
        measured[k] = w - 0.5
        place[0] += 1


# The rows of the raster as they are told apart.
CELLS = (*(f"correlated {i + 1}" for i in range(SYNAPSES // 2)), *(f"independent {i + 1}" for i in range(SYNAPSES // 2)), "neuron 1")


class Learner(NamedTuple):
    """What moves: weights, traces, the membrane and the counts."""

    w: np.ndarray
    pre_trace: np.ndarray
    scalars: np.ndarray
    counts: np.ndarray
    rng: np.ndarray
    fires: np.ndarray


class Rule(NamedTuple):
    """How a pair of spikes changes a weight."""

    plus: float
    minus: float
    tau_plus: float
    tau_minus: float


@kernel
def _learn(learner, rule, rate, shared, together, tau_m, gain, dt, rows, events):
    """A leaky neuron driven by many plastic synapses; returns the steps done.

    scalars = (membrane, post trace, time to the next shared event). The first `together` synapses share events: each of
    them takes a shared event with probability `shared` and has events of its own at the remaining rate.
    """
    w, pre_trace, scalars, counts, rng, fires = learner
    plus, minus, tau_plus, tau_minus = rule
    steps, index, value, count = events
    m = len(w)
    down_plus, down_minus, leak = np.exp(-dt / tau_plus), np.exp(-dt / tau_minus), np.exp(-dt / tau_m)
    p_own, p_alone = rate * dt * 1e-3 * (1.0 - shared), rate * dt * 1e-3
    for k in range(len(rows)):
        if count[0] + m + 1 > len(steps):
            return k
        v = scalars[0] * leak
        event = uniform(rng) < p_alone
        for i in range(m):
            pre_trace[i] *= down_plus
            if i < together:
                fires[i] = (event and uniform(rng) < shared) or uniform(rng) < p_own
            else:
                fires[i] = uniform(rng) < p_alone
            if fires[i]:
                v += gain * w[i]
                counts[0] += 1
                if i < 20 or (together <= i < together + 20):
                    steps[count[0]], index[count[0]], value[count[0]] = k, i, 0.0
                    count[0] += 1
        scalars[1] *= down_minus
        post = v >= 1.0
        for i in range(m):
            if fires[i]:
                # Within a step the inputs come first: they are what made the neuron fire.
                w[i] = max(0.0, w[i] - minus * scalars[1])
                pre_trace[i] += 1.0
            if post:
                w[i] = min(1.0, w[i] + plus * pre_trace[i])
        if post:
            v = 0.0
            scalars[1] += 1.0
            counts[1] += 1
            steps[count[0]], index[count[0]], value[count[0]] = k, m, 0.0
            count[0] += 1
        scalars[0] = v
        scalars[2] += dt
        a, b = 0.0, 0.0
        for i in range(m):
            if i < together:
                a += w[i]
            else:
                b += w[i]
        rows[k, 0] = a / max(1, together)
        rows[k, 1] = b / max(1, m - together)
    return len(rows)


class Plasticity(Model):
    """Synapses that learn from the order of spikes: pre before post strengthens, post before pre weakens.

    First the lab measures the rule as an experimenter would: it pairs one spike on each side at every difference of time
    and plots the change of the weight over it, with the formula behind. Then a hundred synapses with this rule drive one
    neuron. Half of them fire partly together; those make the neuron fire, come just before its spikes and win, while the
    others fade. Without any correlation neither half wins: each synapse drifts to one end or the other by chance. Change the
    two amplitudes and see when everything grows or nearly everything dies.
    """

    name = "plasticity"
    title = "Spike-timing dependent plasticity"
    group = "Synapses"
    icon = "mdi6.swap-horizontal"
    order = 30
    also = "STDP; spike timing; Hebbian plasticity; LTP; LTD; long-term potentiation; long-term depression; synaptic plasticity; learning window; Bi and Poo; Song Miller Abbott"
    equations = (r"\Delta w = A_+ e^{-\Delta t/\tau_+} \quad (\Delta t > 0)", r"\Delta w = -A_- e^{\Delta t/\tau_-} \quad (\Delta t < 0)")
    symbols = r"w: weight of the synapse; \Delta t: time of the spike after the synapse less that of the spike before it; \tau: time constants of the two sides of the window"
    source = "Bi and Poo, J. Neurosci. 18:10464 (1998); Song, Miller, Abbott, Nat. Neurosci. 3:919 (2000)"
    presets = {
        "Correlated inputs win": Preset({}, shows="correlated > 0.9 and independent < 0.4 and output > 10"),
        "Potentiation dominates: all grow": Preset({"A_minus": 0.004}, shows="correlated > 0.95 and independent > 0.95"),
        "Depression dominates: only some of the correlated stay": Preset(
            {"A_minus": 0.02}, shows="independent < 0.05 and correlated > 0.15 and output > 1"
        ),
        "No correlation, no winner": Preset({"shared": 0.0}, shows="abs(correlated - independent) < 0.2 and output > 10"),
    }

    A_plus: float = param(
        0.01,
        lo=0.0,
        hi=0.1,
        main=True,
        symbol="A_+",
        label="Strengthening",
        doc="Largest strengthening by one pair, as part of the largest weight.",
    )
    A_minus: float = param(0.0105, lo=0.0, hi=0.1, main=True, symbol="A_-", label="Weakening", doc="Largest weakening by one pair.")
    tau_plus: float = param(
        20.0, "ms", lo=1.0, hi=100.0, log=True, symbol=r"\tau_+", label="Its time constant", doc="Time constant of strengthening."
    )
    tau_minus: float = param(
        20.0, "ms", lo=1.0, hi=100.0, log=True, symbol=r"\tau_-", label="Its time constant", doc="Time constant of weakening."
    )
    shared: float = param(
        0.3, lo=0.0, hi=1.0, main=True, group="Inputs", doc="Part of the correlated half's spikes that comes from shared events."
    )
    rate: float = param(30.0, "Hz", lo=0.1, hi=200.0, log=True, group="Inputs", doc="Firing rate of every input.")
    gain: float = param(0.06, lo=0.0, hi=1.0, group="Neuron", doc="Jump of the membrane (threshold 1) by a spike at a synapse of weight 1.")
    tau_m: float = param(
        30.0, "ms", lo=1.0, hi=100.0, log=True, group="Neuron", symbol=r"\tau_m", label="Membrane", doc="Time constant of the membrane."
    )
    dt: float = param(
        0.5, "ms", lo=0.05, hi=1.0, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.dt / 1000.0, "s")

    @property
    def speed(self) -> float:
        return 10.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(100.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        names = (*tuple(f"synapse {i}" for i in range(SYNAPSES)), "neuron")
        return (
            Stream(
                "weights_over_time",
                "trace",
                "",
                "Mean weight of both halves of the synapses.",
                shape=(2,),
                channels=("correlated", "independent"),
                every=20,
            ),
            Stream("spikes", "raster", "", "Spikes of twenty inputs of each half, and of the neuron.", channels=names),
            Stream("measured", "curve", "", "Weight change measured by pairing, over t_post - t_pre.", channels=("measured",), x_unit="ms"),
            Stream("formula", "curve", "", "The two exponentials.", channels=("formula",), x_unit="ms"),
            Stream("weights", "bars", "", "Weights of all synapses; the first half is correlated."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("window", "STDP window", (Layer("formula", theory=True, label="formula"), Layer("measured", style="points", label="measured")), x="time of post − time of pre (ms)", y="change of weight", figures=("window error",), front=True),
            Picture("weights_over_time", "Mean weights", (Layer("weights_over_time"),), y="weight", y_range=(0, 1), figures=("correlated", "independent"), front=True),
            Picture("weights", "Weights", (Layer("weights", style="bars"),), x="synapse", y="weight", y_range=(0, 1)),
            Picture("spikes", "Spikes of twenty of each half", (Layer("spikes"),), window=1.0, figures=("output (Hz)",), labels=CELLS),
        )  # fmt: skip

    @property
    def differences(self) -> np.ndarray:
        """(PAIRINGS,) differences of time in ms."""
        return np.linspace(-RANGE, RANGE, PAIRINGS)

    def start(self, constants, seed):
        rng = seed_state(seed)
        return {
            "w": np.full(SYNAPSES, 0.5),
            "pre_trace": np.zeros(SYNAPSES),
            "scalars": np.zeros(3),
            "counts": np.zeros(2, np.int64),
            "rng": rng,
            "fires": np.zeros(SYNAPSES, np.bool_),
            "place": np.zeros(1, np.int64),
            "measured": np.zeros(PAIRINGS),
            "recent": recent.none(1),
        }

    def state_bounds(self, constants, state, step):
        return {"counts": COUNT, "place": COUNT}

    def advance(self, constants, state, n, out):
        rows = out["weights_over_time"] if out.wanted("weights_over_time") else np.empty((n, 2))
        events, begin = out.events["spikes"], float(state["scalars"][2])
        seen = int(events.count[0])
        done = _learn(
            arrays(Learner, state),
            Rule(self.A_plus, self.A_minus, self.tau_plus, self.tau_minus),
            self.rate,
            self.shared,
            SYNAPSES // 2,
            self.tau_m,
            self.gain,
            self.dt,
            rows[:n],
            events.columns,
        )
        new = slice(seen, int(events.count[0]))
        own = events.index[new] == SYNAPSES  # the neuron's, not those of its inputs
        recent.remember(state["recent"], np.zeros(int(own.sum()), np.int32), begin + (events.steps[new][own] + 1) * self.dt)
        _measure(state["place"], state["measured"], self.differences, self.A_plus, self.A_minus, self.tau_plus, self.tau_minus, done)
        return done

    def _formula(self, d):
        return window(d, self.A_plus, self.A_minus, self.tau_plus, self.tau_minus)

    def observe(self, constants, state, stream):
        if stream == "measured":
            return np.array([self.differences, np.where(np.arange(PAIRINGS) < state["place"][0], state["measured"], np.nan)])
        if stream == "formula":
            d = np.concatenate([np.linspace(-RANGE, -0.01, 200), [np.nan], np.linspace(0.01, RANGE, 200)])
            return np.array([d, self._formula(d)])
        if stream == "weights":
            return state["w"].copy()
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        half = SYNAPSES // 2
        error = np.abs(state["measured"] - self._formula(self.differences))[: int(state["place"][0])]
        return {
            "correlated": float(state["w"][:half].mean()),
            "independent": float(state["w"][half:].mean()),
            "output (Hz)": recent.rate(state["recent"], float(state["scalars"][2])),  # as it fires now
            "window error": float(error.max()) if len(error) else 0.0,
        }

    def changed_live(self, before, constants, state):
        """A changed rule is measured again."""
        if (before.A_plus, before.A_minus, before.tau_plus, before.tau_minus) != (self.A_plus, self.A_minus, self.tau_plus, self.tau_minus):
            state["place"][0] = 0

    @action("Reset the weights")
    def reset_weights(self, constants, state):
        """All weights back to one half; the rule stays."""
        state["w"][:] = 0.5

    @classmethod
    def figures(cls):
        def worst(run):
            result = run(cls(tau_plus=17.0, tau_minus=34.0), steps=PAIRINGS, record={})
            return result.summary["window error"]

        def at(difference):
            return lambda run: float(run(cls(), steps=PAIRINGS, record={}).state["measured"][int(difference + RANGE)])

        def winners(run):
            summary = run(cls(), steps=cls().steps_for(200.0), seed=1, record={}).summary
            return summary["correlated"] - summary["independent"]

        yield Figure("measured window against the formula, worst", 1e-9, worst, bound="at_most", source="pair rule")
        yield Figure("change at +10 ms", 0.0060653, at(10), tolerance=5e-8, source="0.01 e^(-1/2)")
        yield Figure("change at -10 ms", -0.0063686, at(-10), tolerance=5e-8, source="-0.0105 e^(-1/2)")
        yield Figure(
            "correlated minus independent weights after 200 s", 0.6, winners, bound="at_least", source="Song, Miller, Abbott (2000)"
        )
