"""Excitation, inhibition and gating: a balanced network beside its twin, which inhibition can switch off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lab.kernels import below, exp, kernel, seed_state, uniform
from lab.model import COUNT, COUNT_OR_NONE, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, arrays, param

GATES = 50  # cells of the gate
GATED_BY = 20  # of them that each cell of the second network listens to
THRESHOLD, RESET = 20.0, 10.0  # mV above rest
BIN = 5.0  # ms over which spikes of a population are counted for its synchrony
SMOOTH = 10.0  # ms over which rates and currents are drawn
BARS = 20  # of the histogram of CVs, from 0 to 2
NAMES = ("network", "gated network", "gate")


@dataclass(frozen=True)
class Wiring:
    """Synapses by source: cell k sends to targets[starts[k]:starts[k + 1]]; sign[k] is +1 (excitatory) or -1 for all of them."""

    starts: np.ndarray
    targets: np.ndarray
    sign: np.ndarray


@kernel
def _choose(rng, first, size, count, own, taken, out):
    """`count` different cells of first..first+size-1 other than `own`."""
    found = 0
    while found < count:
        k = below(rng, size)
        if not taken[k] and first + k != own:
            taken[k] = True
            out[found] = first + k
            found += 1
    for j in range(count):
        taken[out[j] - first] = False


@kernel
def _wire(rng, excitatory, inhibitory, from_e, from_i, sources):
    """(cells, inputs) sources of every cell of both networks: fixed in-degrees, each network within itself."""
    size = excitatory + inhibitory
    taken = np.zeros(size + GATES, np.bool_)
    for net in range(2):
        first = net * size
        for k in range(size):
            row = sources[first + k]
            _choose(rng, first, excitatory, from_e, first + k, taken, row[:from_e])
            _choose(rng, first + excitatory, inhibitory, from_i, first + k, taken, row[from_e : from_e + from_i])
            if net == 1:
                _choose(rng, 2 * size, GATES, GATED_BY, -1, taken, row[from_e + from_i :])


class Moving(NamedTuple):
    """What moves: the cells, what is on its way to them, and the counts."""

    v: np.ndarray
    held: np.ndarray
    arriving: np.ndarray
    first_cell: np.ndarray
    clock: np.ndarray
    rng: np.ndarray
    last: np.ndarray
    intervals: np.ndarray
    binned: np.ndarray
    filtered: np.ndarray
    spent: np.ndarray


class Synapses(NamedTuple):
    """Who reaches whom, the sign of each cell, and the size of a population."""

    starts: np.ndarray
    targets: np.ndarray
    sign: np.ndarray
    size: int


class Strength(NamedTuple):
    """Weights, drive and the gate, as they are now."""

    weight: float
    g: float
    drive: float
    gate: float
    gate_weight: float


@kernel
def _advance(moving, synapses, strength, tau, t_ref, delay, dt, rates, inputs, events):
    """All cells through len(rates) steps; returns the steps done.

    arriving[slot, cell] is what reaches a cell delay steps after the spikes; first_cell the same for cell 0, by sign.
    """
    v, held, arriving, first_cell, clock, rng, last, intervals, binned, filtered, spent = moving
    starts, targets, sign, size = synapses
    weight, g, drive, gate, gate_weight = strength
    steps, index, value, count = events
    cells = len(v)
    slots = len(arriving)
    leak, fade, fade_input = exp(-dt / tau), exp(-dt / SMOOTH), exp(-dt / SMOOTH)
    # External spikes of the weight of an excitatory synapse, of a mean that alone would hold v at `drive` thresholds.
    quiet = exp(-drive * THRESHOLD / weight * dt / tau)
    quiet_gate = exp(-1.5 * gate * THRESHOLD / weight * dt / tau)
    period = max(1, round(BIN / dt))
    for k in range(len(rates)):
        if count[0] + cells > len(steps):
            return k
        slot = clock[0] % slots
        into = (clock[0] + delay) % slots
        for p in range(3):
            filtered[p] *= fade
        outside = 0.0
        for i in range(cells):
            limit = quiet_gate if i >= 2 * size else quiet
            external = 0.0
            if limit < 1.0:
                product = uniform(rng)
                while product > limit:
                    external += weight
                    product *= uniform(rng)
            if i == 0:
                outside = external
            came = arriving[slot, i] + external
            arriving[slot, i] = 0.0
            if held[i] > 0:
                held[i] -= 1
                continue
            v[i] = v[i] * leak + came
            if v[i] < THRESHOLD:
                continue
            v[i] = RESET
            held[i] = round(t_ref / dt)
            population = i // size
            steps[count[0]], index[count[0]], value[count[0]] = k, i, 0.0
            count[0] += 1
            spent[population] += 1
            binned[population, 0] += 1
            filtered[population] += 1.0
            if last[i] >= 0:
                gap = float(clock[0] - last[i])
                intervals[i, 0] += 1.0
                intervals[i, 1] += gap
                intervals[i, 2] += gap * gap
            last[i] = clock[0]
            size_of = weight if sign[i] > 0 else (-gate_weight if population == 2 else -g * weight)
            for s in range(starts[i], starts[i + 1]):
                arriving[into, targets[s]] += size_of
                if targets[s] == 0:
                    first_cell[into, 0 if sign[i] > 0 else 1] += size_of
        # Charge per time, over what lifts v by one threshold when it lasts.
        scale = tau / THRESHOLD / SMOOTH
        filtered[3] = filtered[3] * fade_input + (first_cell[slot, 0] + outside) * scale
        filtered[4] = filtered[4] * fade_input + first_cell[slot, 1] * scale
        first_cell[slot, 0] = 0.0
        first_cell[slot, 1] = 0.0
        clock[0] += 1
        if gate > 0.0:
            clock[1] += 1
        if clock[0] % period == 0:
            for p in range(3):
                binned[p, 1] += 1
                binned[p, 2] += binned[p, 0]
                binned[p, 3] += binned[p, 0] * binned[p, 0]
                binned[p, 0] = 0
        for p in range(3):
            rates[k, p] = filtered[p] * 1000.0 / SMOOTH / (size if p < 2 else GATES)
        inputs[k, 0], inputs[k, 1], inputs[k, 2] = filtered[3], filtered[4], filtered[3] + filtered[4]
    return len(rates)


@kernel
def _scatter(rng, v):
    for i in range(len(v)):
        v[i] = THRESHOLD * uniform(rng)


class ExcitationInhibition(Model):
    """What inhibition does for a circuit: it balances excitation, and it switches parts of the circuit off.

    Two networks of the same kind, each of excitatory and inhibitory cells wired at random (Dale's law: all synapses of a
    cell have one sign). Strong excitation and strong inhibition nearly cancel; what is left are fluctuations, so every
    cell fires irregularly (CV near 1) and independently of the others. Lower the inhibition and the cells fire several times
    faster and ever more like clocks, driven by their mean input. In the equation, *external* are spikes from outside at random
    times, whose mean alone would lift a cell to `drive` thresholds. The second network also listens to a gate of inhibitory cells: raise the gate and it falls silent, while its
    twin goes on. The difference of their spikes, less those of the gate, is what gating saves.
    """

    name = "excitation-inhibition"
    title = "Excitation, inhibition, gating"
    group = "Circuits"
    icon = "mdi6.gate"
    order = 20
    also = "E-I balance; balanced input; gating; shunting; disinhibition; balanced excitation and inhibition; GABA; glutamate"
    equations = (
        r"\tau \frac{dv_i}{dt} = -v_i + \tau \sum_j J_{ij} \sum_p \delta(t - t_j^p - d) + \mathrm{external}",
        r"J_{ij} = J \ (j\ \mathrm{excitatory}), \quad -gJ \ (j\ \mathrm{inhibitory})",
    )
    symbols = r"v_i: potential of cell i; t: time; \tau: time constant of the membrane; g: strength of inhibition over that of excitation; t_j^p: time of spike p of cell j; d: delay; \delta: unit impulse"
    source = "Van Vreeswijk and Sompolinsky, Science 274:1724 (1996); Brunel, J. Comput. Neurosci. 8:183 (2000); Vogels and Abbott, Nat. Neurosci. 12:483 (2009)"
    presets = {
        "Balanced: asynchronous and irregular": Preset(
            {}, shows="CV > 0.9 and synchrony < 0.03 and network (Hz) > 15 and network (Hz) < 35"
        ),
        "The gate closes: one network is silent": Preset(
            {"gate": 1.0}, shows="gated network (Hz) < 1 and network (Hz) > 15 and saved by gating > 50"
        ),
        "Too little inhibition: fast and regular": Preset({"g": 2.5}, shows="network (Hz) > 90 and CV < 0.4"),
        "Weak synapses: regular firing": Preset({"weight": 0.1, "drive": 1.3, "g": 4.0}, shows="CV < 0.25 and network (Hz) > 30"),
        "Driven below threshold: fluctuations fire": Preset({"drive": 0.9}, shows="CV > 0.7 and network (Hz) > 5"),
    }

    gate: float = param(
        0.0,
        lo=0.0,
        hi=1.0,
        main=True,
        doc="How strongly the gate's inhibitory cells are driven: 0 leaves the second network free, 1 silences it.",
    )
    g: float = param(
        10.0,
        lo=0.0,
        hi=15.0,
        main=True,
        symbol="g",
        label="Inhibition",
        doc="How much stronger an inhibitory synapse is than an excitatory one.",
    )
    weight: float = param(
        0.8,
        "mV",
        lo=0.05,
        hi=5.0,
        log=True,
        main=True,
        symbol="J",
        label="Weight",
        doc="Jump J of the membrane by an excitatory spike (threshold is 20 mV).",
    )
    drive: float = param(1.3, lo=0.0, hi=5.0, doc="External excitation in thresholds: above 1 it would make a lone cell fire.")
    gate_weight: float = param(3.0, "mV", lo=0.0, hi=20.0, group="Gate", doc="Size of the jump by a spike of the gate.")
    cells: int = param(
        500, lo=100, hi=4000, live=False, log=True, group="Network", doc="Cells of each of the two networks; four of five are excitatory."
    )
    connected: float = param(
        0.06,
        lo=0.02,
        hi=0.5,
        live=False,
        group="Network",
        doc="Part of its network that each cell listens to; the number is the same for all.",
    )
    delay: float = param(1.5, "ms", lo=0.1, hi=10.0, live=False, group="Network", doc="Time from a spike to its arrival.")
    tau: float = param(
        20.0,
        "ms",
        lo=2.0,
        hi=100.0,
        log=True,
        group="Cells",
        symbol=r"\tau_m",
        label="Time constant",
        doc="Time constant of the membranes.",
    )
    t_ref: float = param(2.0, "ms", lo=0.1, hi=20.0, group="Cells", symbol="t_{ref}", label="Refractory time", doc="Refractory time.")
    dt: float = param(
        0.1, "ms", lo=0.02, hi=0.5, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    @property
    def excitatory(self) -> int:
        """Excitatory cells of each network."""
        return round(0.8 * self.cells)

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 200.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(2000.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("spikes", "raster", "", "Spikes of the network, the gated network and the gate.", shape=(2 * self.cells + GATES,)),
            Stream("rates", "trace", "Hz", "Rates of the three groups, smoothed over 10 ms.", shape=(3,), channels=NAMES, every=10),
            Stream("inputs", "trace", "thresholds", "Input of one cell, smoothed over 10 ms.", shape=(3,), channels=("excitation", "inhibition", "sum"), every=10),
            Stream("regularity", "bars", "cells", "Cells of the network by the CV of their intervals, from 0 to 2."),
            Stream("spent", "bars", "spikes", "Spikes so far.", channels=NAMES),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        ticks = tuple(f"{2 * k / BARS:.1f}" if k % 5 == 0 else "" for k in range(BARS))
        return (
            Picture("spikes", "Spikes", (Layer("spikes"),), y="cell", window=500.0, weight=1.5, figures=("CV", "synchrony"), front=True),
            Picture("rates", "Rates", (Layer("rates"),), y="rate (Hz)", window=1000.0, front=True),
            Picture("inputs", "Input of one cell", (Layer("inputs"),), y="input (thresholds)", window=300.0),
            Picture("regularity", "Irregularity", (Layer("regularity", style="bars"),), x="CV of the intervals (from)", y="cells", labels=ticks, figures=("CV",)),
            Picture("spent", "What gating saves", (Layer("spent", style="bars"),), y="spikes", figures=("spikes saved",), front=True),
        )  # fmt: skip

    @property
    def _inputs(self) -> tuple[int, int]:
        """Excitatory and inhibitory inputs of every cell."""
        return max(1, round(self.connected * self.excitatory)), max(1, round(self.connected * (self.cells - self.excitatory)))

    def memory(self) -> int:
        """Bytes of the wiring."""
        return 2 * self.cells * (sum(self._inputs) + GATED_BY) * 24

    def build(self, seed):
        """Wire both networks and the gate."""
        from_e, from_i = self._inputs
        sources = np.full((2 * self.cells, from_e + from_i + GATED_BY), -1, np.int64)
        _wire(seed_state(seed, 1), self.excitatory, self.cells - self.excitatory, from_e, from_i, sources)
        to = np.broadcast_to(np.arange(2 * self.cells)[:, None], sources.shape)[sources >= 0]
        source = sources[sources >= 0]
        order = np.argsort(source, kind="stable")
        starts = np.zeros(2 * self.cells + GATES + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=len(starts) - 1), out=starts[1:])
        sign = np.full(len(starts) - 1, -1, np.int8)
        for first in (0, self.cells):
            sign[first : first + self.excitatory] = 1
        return Wiring(starts, to[order].astype(np.int32), sign)

    def start(self, constants, seed):
        many, rng = 2 * self.cells + GATES, seed_state(seed)
        v = np.zeros(many)
        _scatter(rng, v)
        slots = max(1, round(self.delay / self.dt)) + 1
        return {
            "v": v,
            "held": np.zeros(many, np.int64),
            "arriving": np.zeros((slots, many)),
            "first_cell": np.zeros((slots, 2)),
            "clock": np.zeros(2, np.int64),
            "rng": rng,
            "last": np.full(many, -1, np.int64),
            "intervals": np.zeros((many, 3)),
            "binned": np.zeros((3, 4), np.int64),
            "filtered": np.zeros(5),
            "spent": np.zeros(3, np.int64),
        }

    def state_bounds(self, constants, state, step):
        return {"held": COUNT, "clock": COUNT, "last": COUNT_OR_NONE, "binned": COUNT, "spent": COUNT}

    def advance(self, constants, state, n, out):
        rates = out["rates"] if out.wanted("rates") else np.empty((n, 3))
        inputs = out["inputs"] if out.wanted("inputs") else np.empty((n, 3))
        return _advance(
            arrays(Moving, state),
            Synapses(constants.starts, constants.targets, constants.sign, self.cells),
            Strength(self.weight, self.g, self.drive, self.gate, self.gate_weight),
            self.tau,
            self.t_ref,
            len(state["arriving"]) - 1,
            self.dt,
            rates[:n],
            inputs[:n],
            out.events["spikes"].columns,
        )

    def changed_live(self, before, constants, state):
        """What is measured begins anew, except the spikes that are compared."""
        state["intervals"][:] = 0
        state["last"][:] = -1
        state["binned"][:] = 0
        if (before.gate > 0) != (self.gate > 0):
            state["spent"][:] = 0

    def regularity(self, state) -> np.ndarray:
        """CV of the intervals of each cell of the first network that has ten or more."""
        n, total, squares = state["intervals"][: self.cells].T
        told = n >= 10
        mean = total[told] / n[told]
        return np.sqrt(np.maximum(squares[told] - n[told] * mean * mean, 0.0) / (n[told] - 1)) / mean

    def synchrony(self, state, population: int = 0) -> float:
        """Mean correlation of the spike counts of two cells in bins of 5 ms: (variance / mean of the sum, less 1) / (cells - 1)."""
        _, bins, total, squares = (float(x) for x in state["binned"][population])
        size = self.cells if population < 2 else GATES
        if bins < 2 or total == 0:
            return 0.0
        mean = total / bins
        return ((squares / bins - mean * mean) / mean - 1) / (size - 1)

    def observe(self, constants, state, stream):
        if stream == "regularity":
            return np.histogram(self.regularity(state), BARS, (0.0, 2.0))[0].astype(float)
        if stream == "spent":
            return state["spent"].astype(float)
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        _, bins, *_ = state["binned"][0]
        seconds = float(bins) * BIN / 1000
        total = state["binned"][:, 2]
        rates = [float(total[p]) / (self.cells if p < 2 else GATES) / seconds if seconds else 0.0 for p in range(3)]
        each = self.regularity(state)
        out = {f"{NAMES[p]} (Hz)": rates[p] for p in range(3)}
        if len(each):
            out["CV"] = float(each.mean())
        out["synchrony"] = self.synchrony(state)
        network, gated, gate = (int(x) for x in state["spent"])
        if self.gate > 0:
            # The twin says what the gated network would have fired.
            out["spikes saved"] = network - gated - gate
            out["saved by gating (%)"] = 100.0 * (network - gated - gate) / network if network else 0.0
        return out

    @action(
        "Kick the network",
        share=(float, param(0.2, lo=0.0, hi=1.0, doc="Part of the excitatory cells of both networks that are made to fire.")),
    )
    def kick(self, constants, state, share):
        """Lift some excitatory cells above threshold: a balanced network forgets it within milliseconds."""
        for first in (0, self.cells):
            state["v"][first : first + round(share * self.excitatory)] = THRESHOLD + 1.0

    @classmethod
    def figures(cls):
        def figure(key, **values):
            return lambda run: run(cls(**values), steps=cls(**values).steps_for(5000.0), seed=1, record={}).summary[key]

        def gated_rate(run):
            model = cls(gate=1.0)
            found = run(model, steps=model.steps_for(2000.0), seed=1, record={"spikes": 1}).recorded("spikes")
            gated = (found.index >= model.cells) & (found.index < 2 * model.cells) & (found.time > 200.0)
            return float(gated.sum() / model.cells / 1.8)

        def twins(run):
            summary = run(cls(), steps=cls().steps_for(5000.0), seed=1, record={}).summary
            return summary["gated network (Hz)"] / summary["network (Hz)"]

        def recount(run):
            model = cls(gate=1.0)
            result = run(model, steps=model.steps_for(1000.0), seed=2, record={"spikes": 1})
            index = result.recorded("spikes").index
            network, gated = (index < model.cells).sum(), ((index >= model.cells) & (index < 2 * model.cells)).sum()
            return float(result.summary["spikes saved"] - (network - gated - (index >= 2 * model.cells).sum()))

        def dale(run):
            wiring = cls().build(1)
            own = np.repeat(wiring.sign, np.diff(wiring.starts))
            kinds = np.arange(len(wiring.sign)) < cls().excitatory
            return float((own == 0).sum() + (wiring.sign[: cls().cells] != np.where(kinds[: cls().cells], 1, -1)).sum())

        yield Figure("CV of the intervals, balanced", 1.0, figure("CV"), tolerance=0.1, source="asynchronous irregular state")
        yield Figure(
            "correlation of two cells in 5 ms, balanced", 0.02, figure("synchrony"), bound="at_most", source="asynchronous irregular state"
        )
        yield Figure(
            "CV with weak synapses and drive above threshold",
            0.5,
            figure("CV", **cls.presets["Weak synapses: regular firing"]),
            bound="at_most",
            source="mean-driven firing",
        )
        yield Figure(
            "rate of the gated network with the gate on", 0.0, gated_rate, tolerance=0.01, unit="Hz", source="inhibition by the gate"
        )
        yield Figure("rate of the gated network over its twin's with the gate off", 1.0, twins, tolerance=0.05, source="equal construction")
        yield Figure("spikes saved, against a recount of the raster", 0.0, recount, source="raster")
        yield Figure("cells that break Dale's law", 0.0, dale, source="construction")
