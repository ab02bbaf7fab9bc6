"""The synapse: a spike train filtered by the post-synaptic current h(t) = k t^n exp(-t/tau), and the cell that it drives."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.cells import recent
from lab.kernels import exponential, kernel, seed_state
from lab.model import (
    COUNT,
    Bound,
    Clock,
    EventColumns,
    Figure,
    Handle,
    Layer,
    Model,
    Picture,
    Preset,
    Stage,
    Stream,
    Strips,
    action,
    arrays,
    param,
)

MADE_OF = ("one number", "its factors")
PER_RECEPTOR = 0.01  # weight that one receptor which binds adds to a spike's
STAGES = 6  # n is at most STAGES - 1
EARLY = 30.0  # of t (1/tau - 1/tau_m): later the membrane has forgotten how the current came


def psc(t: np.ndarray, n: int, tau: float) -> np.ndarray:
    """Post-synaptic current h(t) = t^n e^(-t/tau) / (n! tau^(n+1)) in 1/(unit of tau) for t >= 0, else 0: its integral is 1."""
    t = np.asarray(t, float)
    late = np.maximum(t, 0.0)
    return np.where(t >= 0, (late / tau) ** n * np.exp(-late / tau) / (math.factorial(n) * tau), 0.0)


def psp(t: np.ndarray, n: int, tau: float, tau_m: float) -> np.ndarray:
    """What psc leaves on a membrane that forgets with tau_m: the convolution of h with e^(-t/tau_m) for t >= 0, without a unit.

    It follows from psp' = -psp/tau_m + h order by order. Where both time constants are alike that takes differences of nearly equal
    numbers, so what comes early is a series of positive terms instead.
    """
    from scipy.special import hyp1f1  # here: a catalogue that is only read does not need it

    t = np.maximum(np.asarray(t, float), 0.0)
    rate = 1.0 / tau - 1.0 / tau_m
    early = np.abs(rate * t) <= EARLY
    x = np.where(early, np.abs(rate * t), 0.0)
    series = np.exp(-t / tau) * hyp1f1(1, n + 2, x) if rate >= 0.0 else np.exp(-t / tau_m) * hyp1f1(n + 1, n + 2, x)
    found = (t / tau) ** (n + 1) / math.factorial(n + 1) * series
    if not early.all():
        late = t[~early]
        rest = (np.exp(-late / tau_m) - np.exp(-late / tau)) / rate / tau
        for order in range(1, n + 1):
            rest = (rest / tau - psc(late, order, tau)) / rate
        found[~early] = rest
    return found


class Chain(NamedTuple):
    """What moves: the filter's stages, its clock and what drives it."""

    stages: np.ndarray
    clock: np.ndarray
    rng: np.ndarray
    spikes_done: np.ndarray
    pending: np.ndarray


class Membrane(NamedTuple):
    """The next cell: its potential and spikes so far, and what it is made of (mV, ms; strength: mV for a current of area 1)."""

    potential: np.ndarray
    fired: np.ndarray
    tau_m: float
    strength: float
    rest: float
    threshold: float
    reset: float


class Written(NamedTuple):
    """Where a block is written: current and potential of each step, stages of the filter (or nothing), spikes of the train and of the cell."""

    current: np.ndarray
    potential: np.ndarray
    chain: np.ndarray
    spikes: EventColumns
    fired: EventColumns


NODES, SHARES = np.polynomial.legendre.leggauss(10)


@kernel
def _charge(i, h, tau, tau_m):
    """What (u/tau)^i e^(-u/tau) / i! leaves on the membrane after a time h: an integral over 0..h by ten points."""
    total = 0.0
    for k in range(len(NODES)):
        u = 0.5 * h * (1.0 + NODES[k])
        term = np.exp(-u / tau - (h - u) / tau_m)
        for j in range(i):
            term *= u / tau / (j + 1)
        total += 0.5 * h * SHARES[k] * term
    return total


@kernel
def _filter(chain, n, tau, weight, dt, regular, interval, off, cell, out):
    """Advance filter and cell through len(out.current) steps; returns the steps done.

    h is a chain of n + 1 equal first-order low-pass filters, each with its exact propagator, so the only error is rounding; the
    membrane takes their current by an integral over the step, and fires at the end of the step in which it has reached threshold.
    clock = (time, time of the next spike).
    """
    stages, clock, rng, spikes_done, pending = chain
    steps, index, value, count = out.spikes
    fired_at, fired_index, fired_value, fired_count = out.fired
    leak, per_ms = np.exp(-dt / cell.tau_m), cell.strength / 1000.0
    charges = np.empty(n + 1)
    for i in range(n + 1):
        charges[i] = _charge(i, dt, tau, cell.tau_m)
    for k in range(len(out.current)):
        end = clock[0] + dt
        if count[0] + 64 > len(steps) or fired_count[0] + 1 > len(fired_at):
            return k
        potential = cell.rest + (cell.potential[0] - cell.rest) * leak
        for j in range(n + 1):
            potential += per_ms * stages[j] * charges[n - j]
        decay = np.exp(-dt / tau)
        for i in range(n, -1, -1):
            total, term = 0.0, 1.0
            for j in range(i, -1, -1):
                total += stages[j] * term
                term *= dt / tau / (i - j + 1)
            stages[i] = total * decay
        while pending[0] > 0 or (clock[1] < end and not off):
            if pending[0] > 0:
                when = clock[0]
                pending[0] -= 1
            else:
                when = clock[1]
                clock[1] += interval if regular else exponential(rng) * interval
            left = end - when
            potential += per_ms * weight / tau * _charge(n, left, tau, cell.tau_m)
            term = weight / tau * np.exp(-left / tau)
            for i in range(n + 1):
                stages[i] += term
                term *= left / tau / (i + 1)
            steps[count[0]] = k
            index[count[0]] = 0
            value[count[0]] = (when - clock[0]) / dt
            count[0] += 1
            spikes_done[0] += 1
            if count[0] == len(steps):
                break
        clock[0] = end
        out.current[k] = stages[n]
        if len(out.chain) > 0:
            for i in range(n + 1):
                out.chain[k, i] = stages[i]
        out.potential[k] = potential
        if potential >= cell.threshold:
            potential = cell.reset
            fired_at[fired_count[0]] = k
            fired_index[fired_count[0]] = 0
            fired_value[fired_count[0]] = 1.0
            fired_count[0] += 1
            cell.fired[0] += 1
        cell.potential[0] = potential
    return len(out.current)


class Synapse(Model):
    """What one spike does to the next cell: a current that rises and dies away, `h(t) = k t^n e^(-t/tau)`.

    With `n = 0` it jumps and decays, with larger `n` it rises first; the factor `k = 1/(n! tau^(n+1))` makes the area
    under it 1 whatever `n` and `tau`, so that the mean current is the firing rate times the weight. Some programs scale
    the curve to a peak of 1 instead: the summary gives both numbers. Fire single spikes with the button, or let a
    Poisson or regular train run, and see the current sum up and become smooth as `tau` grows.

    The cell behind the synapse is a leaky membrane: each spike lifts it by a post-synaptic potential, which is lower, later and
    longer than the current, because the membrane filters once more. Where potentials add up to the threshold, it fires and
    begins again. A spike of weight 1 whose current came all at once would lift it by the strength `J`.

    Why does the current rise? A spike releases transmitter into the cleft, receptors bind it, channels open, and only those let
    current through. With `n = 2` the filter is a chain of three such steps, each of which forgets with tau_s, and all three are drawn:
    the simplest picture that gives h(t), not a model of any one receptor. The weight is one number for several things: how many
    contacts there are, how much transmitter a spike releases at each, how many receptors wait for it, and whether the transmitter
    excites or inhibits. Give these one by one and see their product.
    """

    name = "synapse"
    title = "Post-synaptic current"
    group = "Synapses"
    icon = "mdi6.wave"
    order = 20
    also = "PSC; EPSC; IPSC; EPSP; IPSP; PSP; post-synaptic potential; alpha function; alpha synapse; synaptic current; synaptic filter; neurotransmitter; AMPA; NMDA; synaptic integration; temporal summation"
    equations = (
        r"h(t) = \frac{t^n e^{-t/\tau_s}}{n!\,\tau_s^{n+1}}",
        r"s(t) = \sum_p w\, h(t - t_p)",
        r"\tau_s \frac{ds}{dt} = -s \quad (n = 0)",
        r"w = \pm\, n_{contacts} \times \mathrm{transmitter} \times \mathrm{receptors} \times 0.01",
        r"\frac{dV}{dt} = -\frac{V - V_{rest}}{\tau_m} + J\,s(t)",
    )
    source = "Eliasmith and Anderson, Neural Engineering (2003), chapter 4; Rotter and Diesmann, Biol. Cybern. 81:381 (1999) for exact propagation"
    presets = {
        "Exponential, Poisson train": Preset({}, shows="spikes > 15 and peak at = 0 and abs(mean - 1000 spikes / time) < 3"),
        "Alpha function (n = 1)": Preset({"n": 1}, shows="abs(peak at - 5) < 0.01 and abs(peak (1/s) - 73.58) < 0.1"),
        "Transmitter, receptors, channels (n = 2)": Preset(
            {"n": 2, "rate": 15.0}, shows="abs(peak at - 10) < 0.01 and max(chain transmitter) > 190 and max(chain channels open) > 50"
        ),
        "What a weight is made of": Preset(
            {"made": MADE_OF[1], "contacts": 20, "transmitter": 0.5, "receptors": 30}, shows="abs(area - 3) < 0.000001 and mean > 60"
        ),
        "Slow and smooth": Preset(
            {"n": 2, "tau": 30.0, "rate": 100.0}, shows="abs(peak at - 60) < 0.1 and abs(mean delay - 90) < 0.1 and spikes > 50"
        ),
        "Weak spikes add up until the cell fires": Preset(
            {"rate": 150.0, "strength": 6.0},
            shows="cell spikes > 5 and spikes over cell spikes > 3 and highest potential of a spike (mV) < 6",
        ),
        "Inhibition: it never fires": Preset({"weight": -1.0}, shows="cell spikes = 0 and max(V) <= -65 and min(V) < -70"),
        "Fire it yourself (F)": Preset(
            {"train": "by hand"}, shows="spikes = 2 and did fire = 2", after=300.0, do=((50.0, "fire", {}), (150.0, "fire", {}))
        ),
    }

    n: int = param(
        0,
        lo=0,
        hi=STAGES - 1,
        main=True,
        live=False,
        symbol="n",
        label="Order",
        doc="Order n of the current: 0 jumps and decays, 1 is the alpha function.",
    )
    tau: float = param(
        5.0, "ms", lo=0.1, hi=200.0, log=True, main=True, symbol=r"\tau_s", label="Time constant", doc="Time constant tau_s of the synapse."
    )
    made: str = param(MADE_OF[0], choices=MADE_OF, label="Weight given as", doc="The weight as one number, or as what it lumps together.")
    weight: float = param(
        1.0, lo=-10.0, hi=10.0, when=("made", MADE_OF[0]), doc="Weight w: the area under the current of one spike; negative inhibits."
    )
    contacts: int = param(
        10, lo=0, hi=1000, soft=(0, 50), when=("made", MADE_OF[1]), group="What the weight lumps together",
        doc="How many synapses the one neuron makes on the other.",
    )  # fmt: skip
    transmitter: float = param(
        0.5, lo=0.0, hi=20.0, soft=(0, 5), when=("made", MADE_OF[1]), group="What the weight lumps together",
        doc="Vesicles of transmitter that a spike releases at each contact, on average.",
    )  # fmt: skip
    receptors: int = param(
        20, lo=0, hi=1000, soft=(0, 100), when=("made", MADE_OF[1]), group="What the weight lumps together",
        doc="Receptors that bind what one vesicle holds; a hundred make a weight of 1.",
    )  # fmt: skip
    kind: str = param(
        "excites", choices=("excites", "inhibits"), when=("made", MADE_OF[1]), group="What the weight lumps together", label="Transmitter",
        doc="What the transmitter does: glutamate excites most cells, GABA inhibits.",
    )  # fmt: skip
    train: str = param("Poisson", choices=("Poisson", "regular", "by hand"), main=True, doc="Where spikes come from.")
    rate: float = param(
        40.0, "Hz", lo=0.1, hi=1000.0, log=True, when=("train", ("Poisson", "regular")), doc="Mean firing rate of the train."
    )
    strength: float = param(
        10.0, "mV", lo=0.0, hi=100.0, soft=(0.0, 30.0), symbol="J", group="The next cell",
        doc="By how much a spike of weight 1 would lift the membrane if its current came all at once.",
    )  # fmt: skip
    tau_m: float = param(20.0, "ms", lo=0.5, hi=500.0, log=True, symbol=r"\tau_m", label="Membrane", group="The next cell", doc="Time constant of the membrane.")  # fmt: skip
    V_rest: float = param(
        -65.0, "mV", lo=-100.0, hi=0.0, group="The next cell", symbol="V_{rest}", label="Rest", doc="Potential at rest, and after a spike."
    )
    V_th: float = param(
        -50.0,
        "mV",
        lo=-100.0,
        hi=100.0,
        soft=(-64.0, -20.0),
        group="The next cell",
        symbol="V_{th}",
        label="Threshold",
        doc="Potential at which the cell fires.",
    )
    dt: float = param(
        0.1,
        "ms",
        lo=0.01,
        hi=1.0,
        live=False,
        log=True,
        group="Numerics",
        symbol=r"\Delta t",
        label="Time step",
        doc="Step at which current and potential are shown: exact for the train, which begins after half a step. The cell fires at the end of one.",
    )

    def check(self) -> None:
        if self.V_th <= self.V_rest:
            raise self.refuse("V_th", f"must be above V_rest ({self.V_rest:g} mV), or the cell fires at every step")

    @property
    def w(self) -> float:
        """The weight, however it is given."""
        if self.made == MADE_OF[0]:
            return self.weight
        return (1.0 if self.kind == "excites" else -1.0) * self.contacts * self.transmitter * self.receptors * PER_RECEPTOR

    @property
    def steps_between(self) -> tuple[str, ...]:
        """Names of the steps from the spike to the current, one for each stage of the filter."""
        return ("transmitter", "receptors bound", *(f"step {k + 3}" for k in range(self.n - 2)), "channels open")[-(self.n + 1) :]

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 200.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(1000.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("s", "trace", "1/s", "Filtered spike train s(t).", every=1),
            Stream("spikes", "raster", "", "Spikes of the train."),
            Stream(
                "chain",
                "trace",
                "1/s",
                "Steps between a spike and the current, each in units of the current that it will cause.",
                (self.n + 1,),
                self.steps_between,
                every=1,
            ),
            Stream("lumped", "table", "", "What the weight is made of, factor by factor."),
            Stream("V", "trace", "mV", "Membrane potential of the next cell.", every=1),
            Stream("fired", "raster", "", "Spikes of the next cell."),
            Stream("psp", "curve", "mV", "What a single spike does to the next cell at rest.", channels=("V - V_rest",), x_unit="ms"),
            Stream("mean", "curve", "1/s", "Mean that theory predicts: rate times weight.", channels=("rate x weight",), x_unit="ms"),
            Stream("h", "curve", "1/s", "The current of a single spike.", channels=("h(t)",), x_unit="ms"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("spikes", "Spike train", (Layer("spikes"),), y="spikes in", window=400.0, figures=("spikes",), weight=0.6),
            Picture("chain", "From the spike to the current, step by step", (Layer("chain"),), y="steps (1/s)", window=400.0, doc="A spike releases transmitter, receptors bind it, channels open: each follows the one before, and only open channels let current through."),
            Picture("lumped", "What the weight lumps together", (Layer("lumped"),), figures=("area",), weight=0.8),
            Picture("filtered", "Filtered spike train", (Layer("s"),), y="s (1/s)", window=400.0, figures=("mean (1/s)", "theory (1/s)"), weight=1.4, front=True),
            Picture("membrane", "The next cell", (Layer("V"),), y="V (mV)", window=400.0, figures=("cell spikes",), weight=2, front=True, handles=(Handle("V_th"),)),
            Picture("fired", "Its spikes", (Layer("fired"),), y="spikes out", window=400.0, weight=0.6),
            Picture("kernel", "Current of one spike", (Layer("h"),), x="time after the spike (ms)", y="h (1/s)", figures=("peak (1/s)", "peak at (ms)"), front=True),
            Picture("psp", "Potential of one spike", (Layer("psp"),), x="time after the spike (ms)", y="V above rest (mV)", figures=("highest potential of a spike (mV)",), front=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Spikes in, current, membrane, spikes out on one axis of time; beside them what a single spike does."""
        between = ("chain",) if self.n else ()
        beside = ("lumped",) if self.made == MADE_OF[1] else ()
        return Stage(
            Strips("synapse", "Synapse and next cell", ("spikes", *between, "filtered", "membrane", "fired")), ("kernel", "psp", *beside)
        )

    def start(self, constants, seed):
        return {
            "stages": np.zeros(STAGES),
            "clock": np.array([0.0, self.dt * 0.5]),
            "rng": seed_state(seed),
            "spikes_done": np.zeros(1, np.int64),
            "pending": np.zeros(1, np.int64),
            "total": np.zeros(2),
            "recent": recent.none(1),
            "V": np.array([self.V_rest]),
            "fired": np.zeros(1, np.int64),
        }

    def state_bounds(self, constants, state, step):
        now = step * self.dt
        near = 1.0 + 1e-6 * now
        return {"clock": Bound(now - near, (now + near, math.inf)), "spikes_done": COUNT, "fired": COUNT, "pending": Bound(0, 10**6)}

    def advance(self, constants, state, n, out):
        rows, potential = (out[name] if out.wanted(name) else np.empty(n) for name in ("s", "V"))
        off = self.train == "by hand"
        if off:
            state["clock"][1] = max(state["clock"][1], state["clock"][0])
        events, begin = out.events["spikes"], float(state["clock"][0])
        seen = int(events.count[0])
        done = _filter(
            arrays(Chain, state),
            self.n,
            self.tau,
            self.w * 1000.0,
            self.dt,
            self.train == "regular",
            1000.0 / self.rate,
            off,
            Membrane(state["V"], state["fired"], self.tau_m, self.strength, self.V_rest, self.V_th, self.V_rest),
            Written(rows[:n], potential[:n], out["chain"], events.columns, out.events["fired"].columns),
        )
        new = slice(seen, int(events.count[0]))
        recent.remember(state["recent"], events.index[new], begin + (events.steps[new] + events.value[new]) * self.dt)
        # One by one, so that the sum does not depend on how time is cut into blocks.
        _add_up(rows[:done], state["total"])
        return done

    @property
    def _long(self) -> float:
        """How much time (ms) after a spike is drawn: current and potential over the same, until both are nearly gone."""
        return (self.n + 5) * self.tau + 4.0 * self.tau_m

    def observe(self, constants, state, stream):
        t = np.linspace(0, self._long, 400)
        if stream == "h":
            return np.array([t, 1000.0 * self.w * psc(t, self.n, self.tau)])
        if stream == "psp":
            return np.array([t, self.strength * self.w * psp(t, self.n, self.tau, self.tau_m)])
        if stream == "lumped":
            if self.made == MADE_OF[0]:
                return [{"factor": "weight w, as one number", "value": self.weight}]
            return [
                {"factor": "contacts", "value": self.contacts},
                {"factor": "× vesicles a spike releases at each", "value": self.transmitter},
                {"factor": "× receptors that bind a vesicle", "value": self.receptors},
                {
                    "factor": f"× {PER_RECEPTOR:g}, as one receptor's share; the transmitter {self.kind}",
                    "value": PER_RECEPTOR if self.kind == "excites" else -PER_RECEPTOR,
                },
                {"factor": "= weight w", "value": float(f"{self.w:.6g}")},
            ]
        if stream == "mean":
            return np.array([t[[0, -1]], np.full(2, self.w * self.rate)])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        total, rows = state["total"]
        out = {"spikes": int(state["spikes_done"][0]), "mean (1/s)": float(total / rows) if rows else 0.0}
        if self.train != "by hand":
            out["theory (1/s)"] = self.w * self.rate
        peak = self.n * self.tau
        out["peak (1/s)"] = 1000.0 * self.w * float(psc(np.array([peak]), self.n, self.tau)[0])
        out["peak at (ms)"] = peak
        out["mean delay (ms)"] = (self.n + 1) * self.tau
        out["area"] = self.w
        out["cell spikes"] = int(state["fired"][0])
        if out["cell spikes"]:
            out["spikes over cell spikes"] = out["spikes"] / out["cell spikes"]
        lifted = self.strength * self.w * psp(np.linspace(0, self._long, 2000), self.n, self.tau, self.tau_m)
        out["highest potential of a spike (mV)"] = float(lifted[np.abs(lifted).argmax()])
        out["firing rate (Hz)"] = recent.rate(state["recent"], float(state["clock"][0]))
        return out

    def changed_live(self, before, constants, state):
        """The mean is of what theory speaks of: it begins anew where that is another."""
        if (before.train, before.rate, before.w) != (self.train, self.rate, self.w):
            state["total"][:] = 0.0

    @action("Fire a spike", shortcut="F")
    def fire(self, constants, state):
        """One spike now."""
        state["pending"][0] += 1

    @classmethod
    def figures(cls):
        def convolution(n):
            def measure(run):
                result = run(cls(n=n, tau=7.0, rate=80.0), steps=5000, seed=2, record={"s": 1, "spikes": 1})
                t, found = result.recorded("s").time, result.recorded("s").values
                direct = 1000.0 * psc(t[:, None] - result["spikes"][None, :], n, 7.0).sum(1)
                return float(np.abs(found - direct).max() / direct.max())

            return measure

        def area(n):
            def measure(run):
                from scipy.integrate import quad

                return quad(lambda t: float(psc(np.array([t]), n, 5.0)[0]), 0, 400.0, limit=200, points=[1, 5, 20, 60])[0]

            return measure

        def peak(n):
            return lambda run: cls(n=n).summary(None, cls(n=n).start(None, 0))["peak (1/s)"]

        def lifted(n, tau_m):
            def measure(run):
                model = cls(n=n, tau=7.0, tau_m=tau_m, rate=80.0, strength=1.0, V_th=100.0)
                result = run(model, steps=5000, seed=2, record={"V": 1, "spikes": 1})
                t, found = result.recorded("V").time, result.recorded("V").values - model.V_rest
                direct = psp(t[:, None] - result["spikes"][None, :], n, 7.0, tau_m).sum(1)
                return float(np.abs(found - direct).max() / direct.max())

            return measure

        def highest(run):
            t = np.linspace(0, 60, 600_001)
            return float(t[psp(t, 0, 5.0, 20.0).argmax()])

        for n in (0, 3):
            yield Figure(
                f"membrane against a sum of closed forms, n = {n}, worst",
                1e-9,
                lifted(n, 20.0),
                bound="at_most",
                source="h convolved with e^(-t/tau_m)",
            )
        yield Figure(
            "highest point of a potential, n = 0, tau = 5 ms, tau_m = 20 ms", math.log(4.0) / (1 / 5 - 1 / 20), highest, tolerance=2e-4, unit="ms",
            source="ln(tau_m / tau) / (1/tau - 1/tau_m)",
        )  # fmt: skip
        for n in (0, 1, 2):
            yield Figure(f"area under h, n = {n}", 1.0, area(n), tolerance=1e-6, source="normalisation k = 1/(n! tau^(n+1))")
            yield Figure(
                f"filter against convolution, n = {n}, worst", 1e-9, convolution(n), bound="at_most", source="direct sum of h(t - t_p)"
            )

        def chained(run):
            """Steps of a train against sums of h of orders 0, 1 and 2."""
            result = run(cls(n=2, tau=7.0, rate=80.0), steps=3000, seed=2, record={"chain": 1, "spikes": 1})
            t = result.recorded("chain").time[:, None] - result["spikes"][None, :]
            direct = np.stack([1000.0 * psc(t, order, 7.0).sum(1) for order in range(3)], 1)
            return float(np.abs(result["chain"] - direct).max() / direct.max())

        def lumped(run):
            whole = run(cls(weight=3.0), steps=2000, seed=4, record={"s": 1})["s"]
            parts = run(cls(made=MADE_OF[1], contacts=20, transmitter=0.5, receptors=30), steps=2000, seed=4, record={"s": 1})["s"]
            return float(np.abs(whole - parts).max() / np.abs(whole).max())

        yield Figure(
            "transmitter, receptors and channels against h of orders 0, 1, 2, worst",
            1e-9,
            chained,
            bound="at_most",
            source="each step is the one before it, filtered once more",
        )
        yield Figure(
            "20 contacts, half a vesicle, 30 receptors against a weight of 3",
            1e-12,
            lumped,
            bound="at_most",
            source="w = contacts x transmitter x receptors x 0.01",
        )
        for n, expected in ((0, 200.0), (1, 73.576), (2, 54.134)):
            yield Figure(f"peak of h, n = {n}, tau = 5 ms", expected, peak(n), relative=1e-5, unit="1/s", source="h(n tau)")


@kernel(fast=False)
def _add_up(rows, total):
    for value in rows:
        total[0] += value
        total[1] += 1
