"""The rate code: how well a number can be read from a spike train, and how long that takes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lab.kernels import below, exponential, kernel, seed_state, uniform
from lab.model import COUNT, MOST_STEPS, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, arrays, param

TRAINS = ("Poisson", "regular", "gamma")
WINDOWS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # ms
KEPT = 8192  # spikes of the first train that the sliding window may still hold


@kernel
def _interval(rng, kind, order):
    """Interval of mean 1: exponential, constant, or the mean of `order` exponential stages."""
    if kind == 1:
        return 1.0
    stages = order if kind == 2 else 1
    total = 0.0
    for _ in range(stages):
        total += exponential(rng)
    return total / stages


@kernel
def begin(rng, kind, order, coming):
    """Time to the first spike of trains that have been running for ever: a uniform part of what an interval is made of."""
    for i in range(len(coming)):
        if kind == 1:
            coming[i] = uniform(rng)
        else:
            stages = order if kind == 2 else 1
            total = 0.0
            for _ in range(1 + below(rng, stages)):
                total += exponential(rng)
            coming[i] = total / stages


class Trains(NamedTuple):
    """What moves: every train, and what is counted of it."""

    rng: np.ndarray
    clock: np.ndarray
    coming: np.ndarray
    expected: np.ndarray
    recent: np.ndarray
    ends: np.ndarray
    filtered: np.ndarray
    last: np.ndarray
    intervals: np.ndarray
    held: np.ndarray
    squares: np.ndarray
    done: np.ndarray


class Process(NamedTuple):
    """How the trains are drawn: kind and order of the intervals, rate, and its modulation."""

    kind: int
    order: int
    rate: float
    depth: float
    frequency: float


@kernel
def _advance(trains_, process, windows, window, dt, rows, truth, events):
    """All trains through len(rows) steps; returns the steps done.

    Every train is a process of rate 1 in its own time, which runs at the rate: coming[i] is what is left until the next
    spike. held[j, i] counts train i in the present window j, expected[j] is what should have been counted.
    """
    rng, clock, coming, expected, recent, ends, filtered, last, intervals, held, squares, done = trains_
    kind, order, rate, depth, frequency = process
    steps, index, value, count = events
    trains = len(coming)
    tau = 0.5 * window
    decay = np.exp(-dt / tau)
    for k in range(len(rows)):
        # At most the spikes of this step, and one more for each train that just begins an interval.
        if count[0] + trains * (2 + int(2e-3 * rate * (1.0 + depth) * dt)) * 8 > len(steps):
            return k
        t = clock[0] * dt
        # Spikes expected in this step: the integral of rate (1 + depth sin(2 pi f t)).
        share = 1e-3 * rate * dt
        if depth > 0.0:
            omega = 2e-3 * np.pi * frequency
            share += 1e-3 * rate * depth * (np.cos(omega * t) - np.cos(omega * (t + dt))) / omega
        filtered[0] *= decay
        for i in range(trains):
            before = 0.0
            while coming[i] < share - before:
                before += coming[i]
                part = before / share
                coming[i] = _interval(rng, kind, order)
                when = t + part * dt
                steps[count[0]], index[count[0]], value[count[0]] = k, i, part
                count[0] += 1
                if last[i] >= 0.0:
                    gap = when - last[i]
                    intervals[0] += 1.0
                    intervals[1] += gap
                    intervals[2] += gap * gap
                last[i] = when
                for j in range(len(windows)):
                    held[j, i] += 1
                if i == 0:
                    recent[ends[1] % len(recent)] = when
                    ends[1] += 1
                    filtered[0] += np.exp(-(1.0 - part) * dt / tau) / tau
            coming[i] -= share - before
        clock[0] += 1
        now = clock[0] * dt
        # The window may have been made longer: spikes that had left it are taken back.
        while ends[0] > max(0, ends[1] - len(recent)) and recent[(ends[0] - 1) % len(recent)] > now - window:
            ends[0] -= 1
        while ends[0] < ends[1] and recent[ends[0] % len(recent)] <= now - window:
            ends[0] += 1
        rows[k, 0] = 1e3 * (ends[1] - ends[0]) / min(window, now)
        rows[k, 1] = 1e3 * filtered[0]
        truth[k] = 1e3 * share / dt
        for j in range(len(windows)):
            expected[j] += share
            if (clock[0] - clock[1]) % windows[j] == 0:
                for i in range(trains):
                    off = 1e3 * (held[j, i] - expected[j]) / (windows[j] * dt)
                    squares[j] += off * off
                    held[j, i] = 0
                done[j] += trains
                expected[j] = 0.0
    return len(rows)


@lru_cache(maxsize=1024)
def count_variance(rate: float, length: float, kind: str, order: int) -> float:
    """Variance of the number of spikes in a window of `length` ms of a train that has been running for ever, rate in Hz.

    Poisson: the mean itself. Regular: p (1 - p) with p the fractional part of the mean. Gamma intervals of shape k:
    m - m^2 + 2 r sum_n integral_0^T F_n(u) du with F_n the distribution of the n-th spike (Cox, Renewal Theory, 1962, 4.5).
    """
    mean = 1e-3 * rate * length
    if kind == "Poisson" or (kind == "gamma" and order == 1):
        return mean
    if kind == "regular":
        part = mean - math.floor(mean)
        return part * (1 - part)
    from scipy.special import gammainc

    n = np.arange(1, int(mean + 12 * math.sqrt(mean) + 12))
    area = mean * gammainc(n * order, order * mean) - n * gammainc(n * order + 1, order * mean)
    return float(mean - mean * mean + 2 * area.sum())


class RateCode(Model):
    """A number sent as a firing rate, and read back by counting spikes: the longer one counts, the better one knows.

    Many trains of the same rate are counted in windows of different length. For Poisson trains the variance of the
    estimate falls as `rate / T`: to halve the error takes four times as long. Regular trains are read much faster, gamma
    trains lie between. Below, the first train is read live: by a sliding window, and by an exponential kernel of half its
    length, which has the same variance. Let the rate vary and choose the window: a short one is noisy, a long one late.
    """

    name = "rate-code"
    title = "Rate code"
    group = "Rates and codes"
    icon = "mdi6.counter"
    order = 20
    also = "rate coding; firing rate; spike count; Poisson neuron; Poisson process; Poisson spike train; Fano factor; decoding time"
    equations = (
        r"\hat r = \frac{n}{T}",
        r"\mathrm{Var}(\hat r) = \frac{r}{T} \quad \mathrm{(Poisson)}",
        r"\tau = T/2 \quad \mathrm{(kernel\ of\ equal\ variance)}",
    )
    symbols = r"n: number of spikes counted; \tau: time constant of the kernel"
    source = "Dayan and Abbott, Theoretical Neuroscience (2001), section 1.2; Cox, Renewal Theory (1962)"
    presets = {
        "Poisson trains": Preset({}, shows="abs(CV - 1) < 0.1 and abs(slope + 1) < 0.2"),
        "Regular trains are read much faster": Preset(
            {"train": "regular", "rate": 37.3}, shows="CV < 0.001 and error of theory in T < 3 and slope < -1.7"
        ),
        "Between the two: gamma intervals of order 4": Preset(
            {"train": "gamma", "regularity": 4}, shows="abs(CV - 0.5) < 0.05 and error of theory in T < 8"
        ),
        "A rate that varies": Preset(
            {"depth": 0.8, "frequency": 0.5, "rate": 60.0, "window": 200.0}, shows="std(estimate sliding window) > 0.8 std(stream rate)"
        ),
        "Faster than the window can follow": Preset(
            {"depth": 0.8, "frequency": 4.0, "rate": 60.0, "window": 500.0}, shows="std(estimate sliding window) < 0.6 std(stream rate)"
        ),
    }

    rate: float = param(40.0, "Hz", lo=0.5, hi=500.0, log=True, main=True, doc="Mean firing rate r of every train.")
    train: str = param(
        "Poisson",
        choices=TRAINS,
        main=True,
        doc="How spikes follow each other: at random, like a clock, or with gamma-distributed intervals.",
    )
    regularity: int = param(4, lo=1, hi=50, when=("train", "gamma"), doc="Order k of the gamma distribution: 1 is Poisson, CV = 1/sqrt(k).")
    window: float = param(
        200.0,
        "ms",
        lo=5.0,
        hi=5000.0,
        log=True,
        main=True,
        group="Estimate",
        doc="Length T of the sliding window; the kernel's time constant is T/2.",
    )
    depth: float = param(0.0, lo=0.0, hi=1.0, group="Stimulus", doc="How much of the rate varies in time.")
    frequency: float = param(0.5, "Hz", lo=0.05, hi=20.0, log=True, group="Stimulus", doc="How fast the rate varies.")
    trains: int = param(40, lo=1, hi=500, live=False, group="Stimulus", doc="Number of trains: the error is measured over all of them.")
    dt: float = param(
        0.5,
        "ms",
        lo=0.1,
        hi=1.0,
        live=False,
        log=True,
        group="Numerics",
        symbol=r"\Delta t",
        label="Time step",
        doc="Step at which the estimates are written; spikes fall anywhere within it.",
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 1000.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(10_000.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("estimate", "trace", "Hz", "Rate of the first train as read by both estimates.", shape=(2,), channels=("sliding window", "exponential kernel"), every=1),
            Stream("rate", "trace", "Hz", "The rate that makes the spikes.", every=1),
            Stream("spikes", "raster", "", "Spikes of all trains.", shape=(self.trains,)),
            Stream("error", "curve", "Hz²", "Variance of the counted rate over windows of each length.", channels=("measured",), x_unit="ms"),
            Stream("theory", "curve", "Hz²", "Variance that theory predicts.", channels=("theory",), x_unit="ms"),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("estimate", "Rate of the first train", (Layer("estimate"), Layer("rate", theory=True, label="true rate")), y="rate (Hz)", window=4000.0, weight=1.4, figures=("error of theory in T (Hz)",), front=True),
            Picture("error", "Error against window", (Layer("error", style="points", label="measured"), Layer("theory", theory=True)), x="window T (ms)", y="variance of the estimate (Hz²)", x_log=True, y_log=True, x_range=(8.0, 6000.0), figures=("slope",), front=True),
            Picture("spikes", "Spike trains", (Layer("spikes"),), y="train", window=1000.0, figures=("CV", "CV of theory")),
        )  # fmt: skip

    @property
    def _kind(self) -> int:
        return TRAINS.index(self.train)

    @property
    def _windows(self) -> np.ndarray:
        """(windows,) lengths in steps."""
        return np.array([max(1, round(w / self.dt)) for w in WINDOWS], np.int64)

    def start(self, constants, seed):
        rng, coming = seed_state(seed), np.empty(self.trains)
        begin(rng, self._kind, self.regularity, coming)
        many = len(WINDOWS)
        return {
            "rng": rng,
            "clock": np.zeros(2, np.int64),  # steps done, and the step at which the measurement began
            "coming": coming,
            "expected": np.zeros(many),
            "recent": np.zeros(KEPT),
            "ends": np.zeros(2, np.int64),
            "filtered": np.zeros(1),
            "last": np.full(self.trains, -1.0),
            "intervals": np.zeros(3),
            "held": np.zeros((many, self.trains), np.int64),
            "squares": np.zeros(many),
            "done": np.zeros(many, np.int64),
        }

    def state_bounds(self, constants, state, step):
        return {"clock": COUNT, "coming": Bound(0.0), "ends": Bound(0, MOST_STEPS, span=10**7), "held": COUNT, "done": COUNT}

    def advance(self, constants, state, n, out):
        rows = out["estimate"] if out.wanted("estimate") else np.empty((n, 2))
        truth = out["rate"] if out.wanted("rate") else np.empty(n)
        return _advance(
            arrays(Trains, state),
            Process(self._kind, self.regularity, self.rate, self.depth, self.frequency),
            self._windows,
            self.window,
            self.dt,
            rows[:n],
            truth[:n],
            out.events["spikes"].columns,
        )

    def changed_live(self, before, constants, state):
        """Other trains are measured anew."""
        if (before.rate, before.train, before.regularity, before.depth, before.frequency) != (
            self.rate,
            self.train,
            self.regularity,
            self.depth,
            self.frequency,
        ):
            for name in ("expected", "intervals", "held", "squares", "done"):
                state[name][:] = 0
            state["last"][:] = -1.0
            state["clock"][1] = state["clock"][0]
        if (before.train, before.regularity) != (self.train, self.regularity):
            begin(state["rng"], self._kind, self.regularity, state["coming"])

    def variance(self, state) -> np.ndarray:
        """(windows,) measured variance of the estimate in Hz²; NaN before a window was complete."""
        return np.where(state["done"] > 0, state["squares"] / np.maximum(state["done"], 1), np.nan)

    def theory(self, lengths: np.ndarray) -> np.ndarray:
        """Variance of the rate counted in windows of these lengths (ms), in Hz²."""
        return np.array([count_variance(self.rate, float(t), self.train, self.regularity) * (1000.0 / t) ** 2 for t in lengths])

    def observe(self, constants, state, stream):
        if stream == "error":
            found = self.variance(state)
            # A regular train may be counted without any error, which has no place on a logarithmic axis.
            return np.array([self._windows * self.dt, np.where(found > 0, found, np.nan)])
        if stream == "theory":
            lengths = np.geomspace(10.0, 5000.0, 121)
            found = self.theory(lengths)
            return np.array([lengths, np.where(found > 1e-9, found, np.nan)])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        measured, lengths = self.variance(state), self._windows * self.dt
        n, total, squares = state["intervals"].tolist()
        out: dict[str, float] = {}
        if n > 1 and total > 0:
            mean = total / n
            out["rate (Hz)"] = 1000.0 / mean
            out["CV"] = math.sqrt(max(0.0, squares / n - mean * mean)) / mean
            if self.depth == 0:
                out["CV of theory"] = {"Poisson": 1.0, "regular": 0.0, "gamma": 1 / math.sqrt(self.regularity)}[self.train]
        told = (state["done"] >= 100) & (measured > 0)
        if told.sum() >= 3:
            # Exponent of the variance over the window: -1 for Poisson.
            out["slope"] = float(np.polyfit(np.log(lengths[told]), np.log(measured[told]), 1)[0])
        at = int(np.abs(np.log(lengths / self.window)).argmin())
        if state["done"][at]:
            out[f"error in {lengths[at]:g} ms (Hz)"] = math.sqrt(measured[at])
        out["error of theory in T (Hz)"] = math.sqrt(max(0.0, float(self.theory(np.array([self.window]))[0])))
        return out

    @classmethod
    def figures(cls):
        def long(run, **values):
            model = cls(**{"trains": 100, **values})
            return model, run(model, steps=model.steps_for(50_000.0), seed=1, record={})

        def worst(**values):
            def measure(run):
                model, result = long(run, **values)
                told = result.state["done"] >= 1000
                expected = model.theory(model._windows[told] * model.dt)
                return float(np.abs(model.variance(result.state)[told] / expected - 1).max())

            return measure

        def kernel_variance(run):
            model = cls(window=100.0, trains=1)
            rows = run(model, steps=model.steps_for(400_000.0), seed=4, record={"estimate": 1})["estimate"][2000:]
            return float(rows[:, 1].var() / rows[:, 0].var())

        def recount(run):
            model = cls(window=130.0, trains=3)
            result = run(model, steps=8000, seed=5, record={"estimate": 1, "spikes": 1})
            spikes, own = result.recorded("spikes"), result.recorded("spikes").index == 0
            now = result.recorded("estimate").time
            inside = np.searchsorted(np.sort(spikes.time[own]), now, "right") - np.searchsorted(
                np.sort(spikes.time[own]), now - 130.0, "right"
            )
            return float(np.abs(result["estimate"][:, 0] - 1000 * inside / np.minimum(130.0, now)).max())

        yield Figure(
            "exponent of the variance over the window, Poisson",
            -1.0,
            lambda run: long(run)[1].summary["slope"],
            tolerance=0.03,
            source="variance r / T",
        )
        yield Figure("variance against r / T, Poisson, worst", 0.08, worst(), bound="at_most", source="Poisson count")
        yield Figure(
            "variance against renewal theory, gamma of order 4, worst",
            0.1,
            worst(train="gamma", regularity=4),
            bound="at_most",
            source="Cox (1962)",
        )
        yield Figure(
            "variance against p (1 - p) / T², regular, worst",
            0.02,
            worst(train="regular", rate=37.3),
            bound="at_most",
            source="a clock of random phase",
        )
        yield Figure("CV of Poisson trains", 1.0, lambda run: long(run)[1].summary["CV"], tolerance=0.01, source="exponential intervals")
        yield Figure(
            "CV of gamma trains of order 9",
            1 / 3,
            lambda run: long(run, train="gamma", regularity=9)[1].summary["CV"],
            tolerance=0.005,
            source="1/sqrt(k)",
        )
        yield Figure(
            "variance of the kernel estimate over that of the window", 1.0, kernel_variance, tolerance=0.05, source="r / (2 tau) = r / T"
        )
        yield Figure(
            "sliding window against a recount of the raster, worst",
            1e-9,
            recount,
            bound="at_most",
            unit="Hz",
            source="count of spikes in (t - T, t]",
        )
