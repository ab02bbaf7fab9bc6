"""The synapse: a spike train filtered by the post-synaptic current h(t) = k t^n exp(-t/tau)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.cells import recent
from lab.kernels import exponential, kernel, seed_state
from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, arrays, param

STAGES = 6  # n is at most STAGES - 1


def psc(t: np.ndarray, n: int, tau: float) -> np.ndarray:
    """Post-synaptic current h(t) = t^n e^(-t/tau) / (n! tau^(n+1)) in 1/(unit of tau) for t >= 0, else 0: its integral is 1."""
    t = np.asarray(t, float)
    late = np.maximum(t, 0.0)
    return np.where(t >= 0, (late / tau) ** n * np.exp(-late / tau) / (math.factorial(n) * tau), 0.0)


class Chain(NamedTuple):
    """What moves: the filter's stages, its clock and what drives it."""

    stages: np.ndarray
    clock: np.ndarray
    rng: np.ndarray
    spikes_done: np.ndarray
    pending: np.ndarray


@kernel
def _filter(chain, n, tau, weight, dt, regular, interval, off, out, events):
    """Advance the filter through len(out) steps; returns the steps done.

    h is a chain of n + 1 equal first-order low-pass filters, each with its exact propagator, so the only error is rounding.
    clock = (time, time of the next spike).
    """
    stages, clock, rng, spikes_done, pending = chain
    steps, index, value, count = events
    for k in range(len(out)):
        end = clock[0] + dt
        if count[0] + 64 > len(steps):
            return k
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
        out[k] = stages[n]
    return len(out)


class Synapse(Model):
    """What one spike does to the next cell: a current that rises and dies away, `h(t) = k t^n e^(-t/tau)`.

    With `n = 0` it jumps and decays, with larger `n` it rises first; the factor `k = 1/(n! tau^(n+1))` makes the area
    under it 1 whatever `n` and `tau`, so that the mean current is the firing rate times the weight. Some programs scale
    the curve to a peak of 1 instead: the summary gives both numbers. Fire single spikes with the button, or let a
    Poisson or regular train run, and see the current sum up and become smooth as `tau` grows.
    """

    name = "synapse"
    title = "Post-synaptic current"
    group = "Synapses"
    icon = "mdi6.wave"
    order = 20
    also = "PSC; EPSC; IPSC; EPSP; IPSP; PSP; post-synaptic potential; alpha function; alpha synapse; synaptic current; synaptic filter; neurotransmitter; AMPA; NMDA"
    equations = (
        r"h(t) = \frac{t^n e^{-t/\tau_s}}{n!\,\tau_s^{n+1}}",
        r"s(t) = \sum_p w\, h(t - t_p)",
        r"\tau_s \frac{ds}{dt} = -s \quad (n = 0)",
    )
    source = "Eliasmith and Anderson, Neural Engineering (2003), chapter 4; Rotter and Diesmann, Biol. Cybern. 81:381 (1999) for exact propagation"
    presets = {
        "Exponential, Poisson train": Preset({}, shows="spikes > 15 and peak at = 0 and abs(mean - 1000 spikes / time) < 3"),
        "Alpha function (n = 1)": Preset({"n": 1}, shows="abs(peak at - 5) < 0.01 and abs(peak (1/s) - 73.58) < 0.1"),
        "Slow and smooth": Preset(
            {"n": 2, "tau": 30.0, "rate": 100.0}, shows="abs(peak at - 60) < 0.1 and abs(mean delay - 90) < 0.1 and spikes > 50"
        ),
        "Fire it yourself (F)": Preset(
            {"train": "by hand"}, shows="spikes = 2 and did fire = 2", after=300.0, do=((50.0, "fire", {}), (150.0, "fire", {}))
        ),
    }

    n: int = param(
        0, lo=0, hi=STAGES - 1, main=True, live=False, doc="Order n of the current: 0 jumps and decays, 1 is the alpha function."
    )
    tau: float = param(5.0, "ms", lo=0.1, hi=200.0, log=True, main=True, doc="Time constant tau_s of the synapse.")
    weight: float = param(1.0, lo=-10.0, hi=10.0, doc="Weight w: the area under the current of one spike; negative inhibits.")
    train: str = param("Poisson", choices=("Poisson", "regular", "by hand"), main=True, doc="Where spikes come from.")
    rate: float = param(
        40.0, "Hz", lo=0.1, hi=1000.0, log=True, when=("train", ("Poisson", "regular")), doc="Mean firing rate of the train."
    )
    dt: float = param(
        0.1,
        "ms",
        lo=0.01,
        hi=1.0,
        live=False,
        log=True,
        group="Numerics",
        doc="Step at which the current is shown; the result does not depend on it.",
    )

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
            Stream("mean", "curve", "1/s", "Mean that theory predicts: rate times weight.", channels=("rate x weight",), x_unit="ms"),
            Stream("h", "curve", "1/s", "The current of a single spike.", channels=("h(t)",), x_unit="ms"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("filtered", "Filtered spike train", (Layer("s"),), y="s (1/s)", window=400.0, figures=("mean (1/s)", "theory (1/s)"), weight=2, front=True),
            Picture("spikes", "Spike train", (Layer("spikes"),), window=400.0, figures=("spikes",), weight=0.6),
            Picture("kernel", "Current of one spike", (Layer("h"),), x="time after the spike (ms)", y="h (1/s)", figures=("peak (1/s)", "peak at (ms)"), front=True),
        )  # fmt: skip

    def start(self, constants, seed):
        return {
            "stages": np.zeros(STAGES),
            "clock": np.array([0.0, self.dt * 0.5]),
            "rng": seed_state(seed),
            "spikes_done": np.zeros(1, np.int64),
            "pending": np.zeros(1, np.int64),
            "total": np.zeros(2),
            "recent": recent.none(1),
        }

    def state_bounds(self, constants, state, step):
        now = step * self.dt
        near = 1.0 + 1e-6 * now
        return {"clock": Bound(now - near, (now + near, math.inf)), "spikes_done": COUNT, "pending": Bound(0, 10**6)}

    def advance(self, constants, state, n, out):
        rows = out["s"] if out.wanted("s") else np.empty(n)
        off = self.train == "by hand"
        if off:
            state["clock"][1] = max(state["clock"][1], state["clock"][0])
        events, begin = out.events["spikes"], float(state["clock"][0])
        seen = int(events.count[0])
        done = _filter(
            arrays(Chain, state),
            self.n,
            self.tau,
            self.weight * 1000.0,
            self.dt,
            self.train == "regular",
            1000.0 / self.rate,
            off,
            rows[:n],
            events.columns,
        )
        new = slice(seen, int(events.count[0]))
        recent.remember(state["recent"], events.index[new], begin + (events.steps[new] + events.value[new]) * self.dt)
        # One by one, so that the sum does not depend on how time is cut into blocks.
        _add_up(rows[:done], state["total"])
        return done

    def observe(self, constants, state, stream):
        t = np.linspace(0, (self.n + 6) * self.tau, 400)
        if stream == "h":
            return np.array([t, 1000.0 * self.weight * psc(t, self.n, self.tau)])
        if stream == "mean":
            return np.array([t[[0, -1]], np.full(2, self.weight * self.rate)])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        total, rows = state["total"]
        out = {"spikes": int(state["spikes_done"][0]), "mean (1/s)": float(total / rows) if rows else 0.0}
        if self.train != "by hand":
            out["theory (1/s)"] = self.weight * self.rate
        peak = self.n * self.tau
        out["peak (1/s)"] = 1000.0 * self.weight * float(psc(np.array([peak]), self.n, self.tau)[0])
        out["peak at (ms)"] = peak
        out["mean delay (ms)"] = (self.n + 1) * self.tau
        out["area"] = self.weight
        out["firing rate (Hz)"] = recent.rate(state["recent"], float(state["clock"][0]))
        return out

    def changed_live(self, before, constants, state):
        """The mean is of what theory speaks of: it begins anew where that is another."""
        if (before.train, before.rate, before.weight) != (self.train, self.rate, self.weight):
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

        for n in (0, 1, 2):
            yield Figure(f"area under h, n = {n}", 1.0, area(n), tolerance=1e-6, source="normalisation k = 1/(n! tau^(n+1))")
            yield Figure(
                f"filter against convolution, n = {n}, worst", 1e-9, convolution(n), bound="at_most", source="direct sum of h(t - t_p)"
            )
        for n, expected in ((0, 200.0), (1, 73.576), (2, 54.134)):
            yield Figure(f"peak of h, n = {n}, tau = 5 ms", expected, peak(n), relative=1e-5, unit="1/s", source="h(n tau)")


@kernel(fast=False)
def _add_up(rows, total):
    for value in rows:
        total[0] += value
        total[1] += 1
