"""Two to ten spiking neurons wired by hand, with every weight live."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.cells import recent
from lab.kernels import exp, exprel, kernel, seed_state, uniform
from lab.model import COUNT, MOST_STEPS, Bound, Clock, Events, Figure, Layer, Model, Picture, Preset, Stream, action, arrays, index, param

MOST = 10
WAITING = 4096  # spikes under way: more than ten neurons can fire within the longest delay
SHORTEST = 0.2  # ms of refractory time: with it the number of spikes in a step is bounded
RECENT = 60.0  # ms over which a node of the graph stays bright


@kernel
def _ahead(v, s, drive, h, tau_m, tau_s):
    """v after h: the solution of tau_m v' = s + drive - v with tau_s s' = -s, also where both constants agree."""
    leak = exp(-h / tau_m)
    return drive + (v - drive) * leak + s * (h / tau_m) * leak * exprel(h * (1.0 / tau_m - 1.0 / tau_s))


@kernel
def _slope(v, s, drive, h, tau_m, tau_s):
    return s * exp(-h / tau_s) + drive - _ahead(v, s, drive, h, tau_m, tau_s)


@kernel
def crossing(v, s, drive, h, tau_m, tau_s):
    """Time within h at which v rises to 1, or -1: v has at most one extremum there, so a maximum in between is looked at too."""
    if v >= 1.0:
        return 0.0
    high = h
    if _ahead(v, s, drive, h, tau_m, tau_s) < 1.0:
        if not (s + drive - v > 0.0 and _slope(v, s, drive, h, tau_m, tau_s) < 0.0):
            return -1.0
        low = 0.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            if _slope(v, s, drive, middle, tau_m, tau_s) > 0.0:
                low = middle
            else:
                high = middle
        if _ahead(v, s, drive, high, tau_m, tau_s) < 1.0:
            return -1.0
    low = 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _ahead(v, s, drive, middle, tau_m, tau_s) < 1.0:
            low = middle
        else:
            high = middle
    return high


class Circuit(NamedTuple):
    """What moves: the neurons, their counts and clock, and the spikes on their way."""

    v: np.ndarray
    s: np.ndarray
    held: np.ndarray
    bright: np.ndarray
    counts: np.ndarray
    clock: np.ndarray
    queue_time: np.ndarray
    queue_from: np.ndarray
    ends: np.ndarray


@kernel
def _advance(circuit, weights, drive, tau_m, tau_s, t_ref, delay, dt, rows_v, rows_s, events):
    """All neurons through len(rows_v) steps; returns the steps done.

    Within a step time runs from event to event (threshold, end of a refractory time, arrival of a delayed spike), and
    between events the equations are solved exactly: spike times do not depend on dt. held: refractory time left.
    """
    v, s, held, bright, counts, clock, queue_time, queue_from, ends = circuit
    steps, index, value, count = events
    n = len(v)
    room = n * (2 + int(dt / t_ref))
    for k in range(len(rows_v)):
        if count[0] + room > len(steps):
            return k
        begin = clock[0] * dt
        at = 0.0
        while True:
            h = dt - at
            kind, who = 0, -1
            if ends[0] < ends[1]:
                until = max(0.0, queue_time[ends[0] % len(queue_time)] + delay - begin - at)
                if until <= h:
                    h, kind = until, 1
            for i in range(n):
                if held[i] > 0.0 and held[i] < h:
                    h, kind = held[i], 2
            for i in range(n):
                if held[i] <= 0.0:
                    found = crossing(v[i], s[i], drive[i], h, tau_m, tau_s)
                    if 0.0 <= found and (found < h or kind != 3):
                        h, kind, who = found, 3, i
            for i in range(n):
                if held[i] > 0.0:
                    held[i] = held[i] - h if held[i] > h else 0.0
                elif i != who:
                    v[i] = _ahead(v[i], s[i], drive[i], h, tau_m, tau_s)
                s[i] *= exp(-h / tau_s)
                bright[i] *= exp(-h / RECENT)
            at += h
            if kind == 0:
                break
            source = -1
            if kind == 3:
                v[who] = 0.0
                held[who] = t_ref
                bright[who] += 1.0
                counts[who] += 1
                steps[count[0]], index[count[0]], value[count[0]] = k, who, min(at / dt, 0.9999999999999999)
                count[0] += 1
                if delay > 0.0:
                    queue_time[ends[1] % len(queue_time)] = begin + at
                    queue_from[ends[1] % len(queue_time)] = who
                    ends[1] += 1
                else:
                    source = who
            elif kind == 1:
                source = queue_from[ends[0] % len(queue_time)]
                ends[0] += 1
            if source >= 0:
                for i in range(n):
                    s[i] += weights[i, source] / tau_s
        clock[0] += 1
        for i in range(n):
            rows_v[k, i] = v[i]
            rows_s[k, i] = s[i]
    return len(rows_v)


@kernel
def _scatter(rng, v):
    for i in range(len(v)):
        v[i] = 0.9 * uniform(rng)


def reference(
    weights: np.ndarray, drive: np.ndarray, v0: np.ndarray, duration: float, tau_m: float, tau_s: float, t_ref: float, delay: float
):
    """Spike times and neurons from an adaptive solver of order 8 that stops at every event: slow, and independent of the kernel."""
    from scipy.integrate import solve_ivp

    n = len(v0)
    v, s, free = v0.astype(float).copy(), np.zeros(n), np.zeros(n)
    arrivals: list[tuple[float, int]] = []
    spikes: list[tuple[float, int]] = []
    t = 0.0
    while t < duration - 1e-12:
        active = free <= t + 1e-12
        stops = [duration, *(a for a, _ in arrivals), *(f for f in free if f > t + 1e-12)]
        end = min(stops)
        if end > t:

            def change(_, y, active=active):
                return np.concatenate([np.where(active, (y[n:] + drive - y[:n]) / tau_m, 0.0), -y[n:] / tau_s])

            events = []
            for i in np.flatnonzero(active):

                def meets(_, y, i=i):
                    return y[i] - 1.0

                meets.terminal, meets.direction = True, 1.0  # type: ignore[attr-defined]
                events.append(meets)
            found = solve_ivp(
                change, (t, end), np.concatenate([v, s]), "DOP853", rtol=1e-11, atol=1e-13, events=events or None, max_step=0.5
            )
            t, v, s = float(found.t[-1]), found.y[:n, -1].copy(), found.y[n:, -1].copy()
        arrived = [a for a in arrivals if a[0] <= t + 1e-12]
        arrivals = [a for a in arrivals if a[0] > t + 1e-12]
        for i in np.flatnonzero(active & (v >= 1.0 - 1e-10)):
            spikes.append((t, int(i)))
            v[i], free[i] = 0.0, t + t_ref
            (arrived if delay == 0 else arrivals).append((t + delay, int(i)))
        for _, source in arrived:
            s += weights[:, source] / tau_s
    return np.array([a for a, _ in spikes]), np.array([b for _, b in spikes], int)


Rows = tuple[tuple[float, ...], ...]


def _cycle(n: int, weight: float) -> Rows:
    return tuple(tuple(weight if j == (i - 1) % n else 0.0 for j in range(n)) for i in range(n))


class WiredNeurons(Model):
    """A handful of neurons that you wire yourself: what they do together follows from who excites and who inhibits whom.

    Each neuron leaks towards its synaptic input and drive, and fires at 1. A spike of neuron j adds `w_ij / tau_s` to the
    input of neuron i, which is an area of `w_ij`. Drag from one neuron to another in the circuit to make a synapse: the first
    drag excites, the next inhibits, the third removes it. Change any weight in the matrix while it runs (rows receive,
    columns send), or click a neuron in the circuit to make it fire. Two that inhibit each other at once take turns, spike by
    spike; inhibition everywhere leaves one winner; a ring passes a spike around for ever; with Dale's law each neuron either
    excites or inhibits. Where a spike takes its time (`delay`), it is inhibition that brings two neurons in step, and excitation
    that drives them apart.
    """

    name = "wired-neurons"
    title = "Neurons wired by hand"
    group = "Circuits"
    icon = "mdi6.graph-outline"
    order = 10
    also = "small circuit; half-centre; central pattern generator; CPG; microcircuit; mutual inhibition; lateral inhibition; synchronisation; pacemaker; coupled neurons"
    equations = (
        r"\tau_m \frac{dv_i}{dt} = s_i + I_i - v_i",
        r"\tau_s \frac{ds_i}{dt} = -s_i",
        r"\mathrm{spike\ of\ } j: \quad s_i \leftarrow s_i + \frac{w_{ij}}{\tau_s}",
    )
    symbols = r"v_i: potential of the membrane of neuron i; t: time; \tau_m: time constant of the membrane; \tau_s: time constant of the synapses; w_{ij}: strength of the wire from j to i"
    source = "Gerstner et al., Neuronal Dynamics (2014), section 1.3; Van Vreeswijk et al., J. Comput. Neurosci. 1:313 (1994)"
    presets = {
        "Two that inhibit each other: they take turns, spike by spike": Preset(
            {},
            shows="abs(count(spikes neuron 1) - count(spikes neuron 2)) <= 1 and abs(2 abs(last(spikes neuron 1) - last(spikes neuron 2)) "
            "- last(intervals(spikes neuron 1))) < 1",
        ),
        "Winner takes all": Preset(
            {
                "neurons": 4,
                "weights": tuple(tuple(0.0 if i == j else -30.0 for j in range(4)) for i in range(4)),
                "drive": ((1.5, 1.45, 1.4, 1.35),),
            },
            shows="silent = 3 and spikes > 30",
        ),
        "Ring: one spike goes around": Preset(
            {"neurons": 8, "weights": _cycle(8, 45.0), "drive": ((0.0,) * 8,), "kicked": True, "delay": 5.0},
            shows="silent = 0 and max(intervals(stream spikes)) < 10 and min(intervals(stream spikes)) > 6",
        ),
        "Chain: a clock drives its followers": Preset(
            {
                "neurons": 5,
                "weights": tuple(tuple(45.0 if j == i - 1 else 0.0 for j in range(5)) for i in range(5)),
                "drive": ((1.3, 0.0, 0.0, 0.0, 0.0),),
            },
            shows="silent = 0 and count(spikes neuron 1) - count(spikes neuron 5) <= 1 and first(spikes neuron 1) < first(spikes neuron 2)",
        ),
        "Two that excite each other: one rate, but not in step": Preset(
            {"weights": ((0.0, 3.0), (3.0, 0.0)), "drive": ((1.2, 1.25),)},
            shows="abs(count(spikes neuron 1) - count(spikes neuron 2)) <= 1 and abs(last(spikes neuron 1) - last(spikes neuron 2)) > 2",
            after=2000.0,
        ),
        "Two that inhibit each other with a delay: in step": Preset(
            {"weights": ((0.0, -8.0), (-8.0, 0.0)), "drive": ((1.5, 1.5),), "tau_s": 10.0, "delay": 6.0},
            shows="abs(last(spikes neuron 1) - last(spikes neuron 2)) < 0.5 and spikes > 40", after=2000.0,
        ),
        "Two that excite each other with a delay: out of step": Preset(
            {"weights": ((0.0, 4.0), (4.0, 0.0)), "drive": ((1.2, 1.2),), "tau_s": 10.0, "delay": 6.0},
            shows="abs(2 abs(last(spikes neuron 1) - last(spikes neuron 2)) - last(intervals(spikes neuron 1))) < 1 and spikes > 40", after=2000.0,
        ),
        "Feedback inhibition: one inhibits three": Preset(
            {
                "neurons": 4,
                "dale": True,
                "weights": ((0.0, 0.0, 0.0, -25.0), (0.0, 0.0, 0.0, -25.0), (0.0, 0.0, 0.0, -25.0), (9.0, 9.0, 9.0, 0.0)),
                "drive": ((1.3, 1.35, 1.4, 0.5),),
            },
            shows="silent = 0 and abs(count(spikes neuron 4) - count(spikes neuron 1)) <= 2",
        ),
    }  # fmt: skip

    neurons: int = param(
        2,
        lo=2,
        hi=MOST,
        live=False,
        main=True,
        doc="Number of neurons: of a larger matrix the first rows and columns count, a smaller one is filled with zeros.",
    )
    weights: Rows = param(
        ((0.0, -12.0), (-12.0, 0.0)),
        "ms",
        kind="matrix",
        main=True,
        doc="Weights w_ij: row i receives, column j sends; negative inhibits. An area: the current of a spike adds up to it.",
    )
    drive: Rows = param(
        ((1.5, 1.5),), kind="matrix", main=True, doc="Constant input I of each neuron, in one row; above 1 it fires by itself."
    )
    dale: bool = param(False, doc="Dale's law: all weights of one column must have one sign; a matrix that breaks it is refused.")
    strength: float = param(
        12.0,
        "ms",
        lo=0.1,
        hi=1000.0,
        log=True,
        group="Synapses",
        label="New synapses",
        doc="Size of the weight of a synapse that is drawn in the circuit.",
    )
    delay: float = param(0.0, "ms", lo=0.0, hi=50.0, group="Synapses", doc="Time from a spike to its arrival.")
    tau_s: float = param(
        5.0, "ms", lo=0.5, hi=200.0, log=True, group="Synapses", symbol=r"\tau_s", label="Synapses", doc="Time constant of the synapses."
    )
    tau_m: float = param(
        20.0, "ms", lo=1.0, hi=200.0, log=True, group="Neurons", symbol=r"\tau_m", label="Membranes", doc="Time constant of the membranes."
    )
    t_ref: float = param(
        2.0, "ms", lo=SHORTEST, hi=50.0, group="Neurons", symbol="t_{ref}", label="Refractory time", doc="Refractory time."
    )
    kicked: bool = param(
        False, live=False, group="Start", doc="All begin at rest but the first, which fires at once; otherwise they begin at random."
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
        doc="Step at which the traces are written; spikes are found between steps, so they do not depend on it.",
    )

    def check(self) -> None:
        for name in ("weights", "drive"):
            rows = getattr(self, name)
            if any(len(row) > MOST for row in rows) or len(rows) > (MOST if name == "weights" else 1):
                raise self.refuse(
                    name, f"must be at most {MOST} x {MOST}" if name == "weights" else f"must be one row of at most {MOST} numbers"
                )
            if any(not math.isfinite(w) or abs(w) > 1000 for row in rows for w in row):
                raise self.refuse(name, "must hold numbers from -1000 to 1000")
        if self.dale:
            mixed = [j + 1 for j, column in enumerate(self.matrix.T) if (column > 0).any() and (column < 0).any()]
            if mixed:
                raise self.refuse(
                    "weights",
                    f"with Dale's law a neuron either excites or inhibits, but column {mixed[0]} does both: give it one sign or switch dale off",
                )

    @property
    def matrix(self) -> np.ndarray:
        """(neurons, neurons) weights in ms."""
        out = np.zeros((self.neurons, self.neurons))
        for i, row in enumerate(self.weights[: self.neurons]):
            row = row[: self.neurons]
            out[i, : len(row)] = row
        return out

    @property
    def drives(self) -> np.ndarray:
        """(neurons,) constant inputs."""
        out = np.zeros(self.neurons)
        row = (self.drive[0] if self.drive else ())[: self.neurons]
        out[: len(row)] = row
        return out

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(f"neuron {i + 1}" for i in range(self.neurons))

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 100.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(1000.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        shape = (self.neurons,)
        return (
            Stream(
                "v", "trace", "", "Membrane variable of each neuron (threshold 1, reset 0).", shape=shape, channels=self._names, every=1
            ),
            Stream("s", "trace", "", "Synaptic input of each neuron.", shape=shape, channels=self._names, every=5),
            Stream("spikes", "raster", "", "Spikes.", shape=shape, channels=self._names),
            Stream("graph", "graph", "", "Neurons, bright after a spike, and their synapses."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("graph", "Circuit", (Layer("graph"),), x_range=(-1.4, 1.4), y_range=(-1.25, 1.25), levels=(0.0, 2.0), pick="kick", drag="wire", front=True),
            Picture("v", "Membranes", (Layer("v"),), y="v (threshold 1)", window=200.0, weight=1.4, front=True),
            Picture("spikes", "Spikes", (Layer("spikes"),), window=400.0, figures=("rates (Hz)",)),
            Picture("s", "Synaptic input", (Layer("s"),), y="s", window=200.0),
        )  # fmt: skip

    def labels(self, constants, stream):
        return tuple(str(i + 1) for i in range(self.neurons)) if stream == "graph" else ()

    def start(self, constants, seed):
        n, rng = self.neurons, seed_state(seed)
        v = np.zeros(n)
        if self.kicked:
            v[0] = 1.0
        else:
            _scatter(rng, v)
        return {
            "v": v, "s": np.zeros(n), "held": np.zeros(n), "bright": np.zeros(n), "counts": np.zeros(n, np.int64), "clock": np.zeros(1, np.int64),
            "queue_time": np.zeros(WAITING), "queue_from": np.zeros(WAITING, np.int64), "ends": np.zeros(2, np.int64),
            "recent": recent.none(n),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        return {"counts": COUNT, "clock": COUNT, "queue_from": index(self.neurons), "ends": Bound(0, MOST_STEPS, span=WAITING)}

    def advance(self, constants, state, n, out):
        v = out["v"] if out.wanted("v") else np.empty((n, self.neurons))
        s = out["s"] if out.wanted("s") else np.empty((n, self.neurons))
        events = out.events["spikes"]
        begin, seen = int(state["clock"][0]), int(events.count[0])
        done = _advance(
            arrays(Circuit, state),
            self.matrix,
            self.drives,
            self.tau_m,
            self.tau_s,
            self.t_ref,
            self.delay,
            self.dt,
            v[:n],
            s[:n],
            events.columns,
        )
        new = slice(seen, int(events.count[0]))
        recent.remember(state["recent"], events.index[new], (begin + events.steps[new] + events.value[new]) * self.dt)
        return done

    def measured(self, settle: float, duration: float, seed: int = 0) -> np.ndarray:
        """(neurons,) rates in Hz over a duration, after so long to settle (ms); nothing of a run is touched."""
        state, n = self.start(None, seed), self.steps_for(100.0)
        circuit, blank = arrays(Circuit, state), np.empty((n, self.neurons))
        before = np.zeros(self.neurons)
        for k in range(round((settle + duration) / 100.0)):
            if k == round(settle / 100.0):
                before = state["counts"].astype(float)
            done = 0
            while done < n:
                events = Events(8192)
                done += _advance(
                    circuit, self.matrix, self.drives, self.tau_m, self.tau_s, self.t_ref, self.delay, self.dt, blank[done:], blank[done:].copy(), events.columns
                )  # fmt: skip
        return 1000.0 * (state["counts"] - before) / duration

    def observe(self, constants, state, stream):
        if stream == "graph":
            angle = np.pi / 2 - 2 * np.pi * np.arange(self.neurons) / self.neurons
            to, source = np.nonzero(self.matrix)
            edges = np.column_stack([source, to, self.matrix[to, source]]).astype(float)
            return {"nodes": np.column_stack([np.cos(angle), np.sin(angle), state["bright"]]), "edges": edges}
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        now = int(state["clock"][0]) * self.dt
        rates = np.array([recent.rate(state["recent"][k : k + 1], now) for k in range(self.neurons)])  # as they fire now
        return {
            "rates (Hz)": ", ".join(f"{r:.3g}" for r in rates),
            "spikes": int(state["counts"].sum()),
            "fastest": f"neuron {int(rates.argmax()) + 1}" if rates.any() else "none",
            "silent": int((state["counts"] == 0).sum()),
        }

    @action("Make a neuron fire", index=(int, param(0, lo=0, hi=MOST - 1, doc="Which neuron, from 0.")))
    def kick(self, constants, state, index):
        """The neuron fires at once, unless it is refractory."""
        if index < self.neurons and state["held"][index] <= 0:
            state["v"][index] = max(1.0, float(state["v"][index]))

    @action(
        "Wire",
        hidden=True,
        source=(int, param(0, lo=0, hi=MOST - 1, doc="Neuron that sends, from 0.")),
        target=(int, param(1, lo=0, hi=MOST - 1, doc="Neuron that receives, from 0.")),
    )
    def wire(self, constants, state, source, target):
        """Make a synapse that excites, one that inhibits out of it, and none out of that; with Dale's law the sign is that of the neuron's others."""
        if max(source, target) >= self.neurons or source == target:
            return None
        matrix = self.matrix
        others = np.delete(matrix[:, source], target)
        present = matrix[target, source]
        if self.dale and others.any():
            new = math.copysign(self.strength, others.sum()) if present == 0 else 0.0
        else:
            new = self.strength if present == 0 else -self.strength if present > 0 else 0.0
        matrix[target, source] = new
        return {"weights": tuple(map(tuple, matrix.tolist()))}

    @action("Scatter", seed=(int, param(1, lo=0, hi=1_000_000, doc="Seed of the membranes.")))
    def scatter(self, constants, state, seed):
        """All membranes to random places below threshold."""
        _scatter(seed_state(seed, 1), state["v"])

    @classmethod
    def figures(cls):
        def against_reference(**values):
            def measure(run):
                model = cls(**values)
                start = model.start(None, 3)["v"]
                result = run(model, steps=model.steps_for(300.0), seed=3, record={"spikes": 1})
                times, who = reference(model.matrix, model.drives, start, 300.0, model.tau_m, model.tau_s, model.t_ref, model.delay)
                found = result.recorded("spikes")
                order = np.lexsort([found.index, found.time.round(6)])
                if len(found.time) != len(times) or (found.index[order] != who[np.lexsort([who, times.round(6)])]).any():
                    return math.inf
                return float(np.abs(np.sort(found.time) - np.sort(times)).max())

            return measure

        def steps(run):
            coarse, fine = (
                run(
                    cls(**cls.presets["Feedback inhibition: one inhibits three"], dt=dt),
                    steps=round(500 / dt),
                    seed=1,
                    record={"spikes": 1},
                )
                for dt in (1.0, 0.05)
            )
            a, b = coarse["spikes"], fine["spikes"]
            return float(np.abs(a - b).max()) if len(a) == len(b) else math.inf

        def turns(run):
            found = run(cls(), steps=20_000, seed=2, record={"spikes": 1}).recorded("spikes")
            late = found.index[found.time > 500.0]
            return float((np.diff(late) != 0).mean())

        def losers(run):
            model = cls(**cls.presets["Winner takes all"])
            found = run(model, steps=20_000, seed=2, record={"spikes": 1}).recorded("spikes")
            return float(len(set(found.index[found.time > 1000.0].tolist())))

        def interval(run):
            found = run(cls(weights=(), drive=((1.4, 0.0),), kicked=True), steps=5000, record={"spikes": 1})
            return float(np.diff(found["spikes"])[-1])

        mixed = {"neurons": 5, "weights": ((0.0, 8.0, -6.0, 0.0, 3.0), (5.0, -3.0, 0.0, 9.0, 0.0), (-7.0, 4.0, 0.0, 0.0, 6.0), (2.0, 0.0, 11.0, 0.0, -9.0), (0.0, -5.0, 6.0, 4.0, 0.0)), "drive": ((1.2, 0.9, 1.1, 0.7, 1.3),)}  # fmt: skip
        yield Figure(
            "spikes against an adaptive solver of order 8, worst",
            1e-6,
            against_reference(**mixed),
            bound="at_most",
            unit="ms",
            source="DOP853 with event detection",
        )
        yield Figure(
            "the same with delays and equal time constants, worst",
            1e-6,
            against_reference(**mixed, delay=1.7, tau_s=20.0),
            bound="at_most",
            unit="ms",
            source="DOP853 with event detection",
        )
        yield Figure(
            "spikes at a step of 1 ms against 0.05 ms, worst",
            1e-9,
            steps,
            bound="at_most",
            unit="ms",
            source="events are found between steps",
        )
        yield Figure("two that inhibit each other: share of spikes that alternate", 1.0, turns, source="Van Vreeswijk et al. (1994)")
        yield Figure("winner takes all: neurons that fire after 1 s", 1.0, losers, source="mutual inhibition")
        yield Figure(
            "interval of a neuron with drive 1.4",
            2.0 + 20.0 * math.log(1.4 / 0.4),
            interval,
            tolerance=1e-9,
            unit="ms",
            source="t_ref + tau ln(I / (I - 1))",
        )
