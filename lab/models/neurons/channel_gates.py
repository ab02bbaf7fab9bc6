"""Channels of four gates: each gate opens and closes at random, and a channel conducts while all of its four are open."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lab.cells.squid import rates
from lab.kernels import kernel, seed_state, uniform
from lab.model import COUNT, Bound, Clock, Figure, Handle, Layer, Model, Picture, Preset, Stage, Stream, Strips, arrays, param

GATES = 4
CHANNELS = {"potassium: n n n n": ("n", (2, 2, 2, 2), -77.0), "sodium: m m m h": ("m h", (0, 0, 0, 1), 50.0)}  # which rates; reversal (mV)
SHOWN = 48  # channels whose gates are drawn


class Gates(NamedTuple):
    """What moves: each gate of each channel, the expected values of the four gates, the generator, the time."""

    gates: np.ndarray
    expected: np.ndarray
    rng: np.ndarray
    step: np.ndarray


class Rows(NamedTuple):
    """What is recorded of each step: voltage, gates and channels that are open, and the first channel."""

    V: np.ndarray
    gates: np.ndarray
    open: np.ndarray
    first: np.ndarray
    current: np.ndarray


@kernel
def _advance(moving, kind, chances, levels, marks, conductance, reversal, rows):
    """Every gate through len(rows.V) steps: an open one is open after a step with chance `stay`, a closed one with chance `rise`.

    chances  (two voltages, two, four gates): rise and stay; marks: onset, end and period of the command in steps
    """
    gates, expected, rng, step = moving
    count, kinds = len(gates), rows.gates.shape[1] // 2
    for k in range(len(rows.V)):
        at = (step[0] % marks[2]) if marks[2] > 0 else step[0]
        held = 1 if marks[0] <= at < marks[1] else 0
        rise, stay = chances[held, 0], chances[held, 1]
        found = np.zeros(4)
        opened = 0
        for i in range(count):
            total = 0
            for g in range(4):
                gates[i, g] = uniform(rng) < (stay[g] if gates[i, g] else rise[g])
                found[g] += gates[i, g]
                total += gates[i, g]
            opened += total == 4
        chance = 1.0
        for g in range(4):
            expected[g] = rise[g] + (stay[g] - rise[g]) * expected[g]
            chance *= expected[g]
        step[0] += 1
        rows.V[k] = levels[held]
        for j in range(kinds):
            total_open, of = 0.0, 0
            for g in range(4):
                if kind[g] == kind[0 if j == 0 else 3]:
                    total_open += found[g]
                    of += 1
            rows.gates[k, j] = total_open / (of * count)
            rows.gates[k, kinds + j] = expected[0 if j == 0 else 3]
        rows.open[k, 0], rows.open[k, 1] = opened / count, chance
        n = gates[0, 0] + gates[0, 1] + gates[0, 2] + gates[0, 3]
        rows.first[k] = n
        rows.current[k] = conductance * (levels[held] - reversal) / 1000.0 if n == 4 else 0.0


class ChannelGates(Model):
    """What n to the fourth means: single channels with four gates each, and all four have to be open.

    Hodgkin and Huxley's n is the chance that one gate is open. A potassium channel has four that move without regard to each other,
    so all are open with chance n^4; a sodium channel has three that open fast (m) and one that shuts (h), so m^3 h. Here every
    gate of every channel is thrown by its own dice, at the rates of the squid axon, while the voltage is held: the equation
    is the mean of what they do. Look at one channel: it only ever conducts or does not. Take a hundred, then ten thousand: the
    ragged curve of what is counted becomes the smooth curve of the equation, its standard deviation falls as one over the root of their number.

    After a step of the voltage n rises at once, n^4 hesitates first, because four gates have to be waited for.
    """

    name = "channel-gates"
    title = "Channels of four gates"
    group = "Single cells"
    icon = "mdi6.gate-open"
    order = 15
    also = "single channel; channel gates; open and closed; gating; gate; Markov process; channel noise; n to the fourth; stochastic Hodgkin-Huxley; open probability; channel kinetics; ion channel kinetics; Markov model"
    equations = (
        r"\mathrm{closed}\ \underset{\beta(V)}{\overset{\alpha(V)}{\rightleftharpoons}}\ \mathrm{open}, \qquad \dot n = \alpha (1 - n) - \beta n",
        r"P(\mathrm{all\ four\ open}) = n^4 \quad (\mathrm{sodium:}\ m^3 h)",
        r"\mathrm{sd} = \sqrt{p (1 - p) / N}, \quad p = n^4",
    )
    symbols = r"V: voltage; \alpha: rate of opening; \beta: rate of closing; P: probability; p: probability that a channel is open"
    source = (
        "Hodgkin and Huxley, J. Physiol. 117:500 (1952), equations 6 to 26; Hille, Ion Channels of Excitable Membranes (2001), chapter 12"
    )
    presets = {
        "A hundred potassium channels": Preset({}, shows="max(open counted) > 0.4 and last(open expected) < 0.2", after=40.0),
        "One channel: it conducts or does not": Preset({"channels": 1}, shows="max(first) = 4 and max(current) > 1", after=60.0),
        "Ten thousand: the law": Preset({"channels": 10_000}, shows="standard deviation < 0.006", after=40.0),
        "Sodium: three open, one shuts": Preset(
            {"kind": "sodium: m m m h", "channels": 1000, "command": -10.0}, shows="max(open counted) > 0.2 and max(open counted) < 0.5", after=40.0
        ),
        "Held near rest: hardly ever all four": Preset({"command": -65.0, "channels": 1000}, shows="max(open counted) < 0.04", after=40.0),
    }  # fmt: skip

    kind: str = param("potassium: n n n n", choices=tuple(CHANNELS), live=False, main=True, doc="Whose gates they are.")
    channels: int = param(
        100, lo=1, hi=10_000, soft=(1, 1000), log=True, live=False, main=True, symbol="N", doc="How many channels there are."
    )
    command: float = param(0.0, "mV", lo=-150.0, hi=100.0, main=True, doc="Voltage during the command.")
    hold: float = param(-65.0, "mV", lo=-150.0, hi=100.0, main=True, doc="Voltage before and after it.")
    onset: float = param(5.0, "ms", lo=0.0, hi=1000.0, group="Command", doc="When the command begins.")
    width: float = param(15.0, "ms", lo=0.0, hi=1000.0, group="Command", doc="How long it lasts.")
    period: float = param(40.0, "ms", lo=0.0, hi=10_000.0, group="Command", doc="After how long it comes again; 0: never.")
    temperature: float = param(
        6.3, "°C", lo=-2.0, hi=45.0, group="Membrane", symbol="T", doc="Speeds up the gates threefold for ten degrees."
    )
    conductance: float = param(20.0, "pS", lo=0.1, hi=500.0, log=True, group="Membrane", doc="Conductance of one open channel.")
    dt: float = param(0.02, "ms", lo=0.001, hi=0.2, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time; the chances of a gate are exact at any.")  # fmt: skip

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 8.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(200.0)

    @property
    def letters(self) -> tuple[str, ...]:
        """Names of the different gates: n, or m and h."""
        return tuple(CHANNELS[self.kind][0].split())

    @property
    def streams(self) -> tuple[Stream, ...]:
        kinds = len(self.letters)
        names = (*(f"{g} counted" for g in self.letters), *(f"{g} expected" for g in self.letters))
        return (
            Stream("V", "trace", "mV", "Voltage at which the membrane is held.", every=1),
            Stream("gates", "trace", "", "Open gates of each kind, as a part of all: counted, and what the equation expects.", (2 * kinds,), names, every=1),
            Stream("open", "trace", "", "Channels with all four gates open, as a part of all.", (2,), ("counted", "expected"), every=1),
            Stream("first", "trace", "", "Open gates of the first channel.", every=1),
            Stream("current", "trace", "pA", "Current through the first channel, outward positive.", every=1),
            Stream("mosaic", "image", "", "Gates of the first channels: a column for each channel, dark shut, bright open, brightest where all four are."),
            Stream("numbers", "bars", "", "Channels with 0, 1, 2, 3, 4 open gates, as a part of all.", channels=("counted", "expected")),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        kinds, span = len(self.letters), 80.0
        counted = tuple(Layer("gates", channel=j, label=f"{g} counted", series=(2 + j,)) for j, g in enumerate(self.letters))
        expected = tuple(
            Layer("gates", channel=kinds + j, theory=True, label=f"{g} expected", series=(2 + j,)) for j, g in enumerate(self.letters)
        )
        law = " ".join(self.letters) if kinds == 1 else "m³h"
        return (
            Picture("V", "Held voltage", (Layer("V"),), y="V (mV)", window=span, weight=0.6, handles=(Handle("command"), Handle("hold"))),
            Picture("gates", "One gate", (*counted, *expected), y="open", window=span, y_range=(0.0, 1.0)),
            Picture("open", "Channels", (Layer("open", channel=0, label="counted", series=(1,)), Layer("open", channel=1, theory=True, label="n⁴" if kinds == 1 else law, series=(1,))), y="all four open", window=span, y_range=(0.0, 1.0), weight=1.4, figures=("open now", "expected now")),
            Picture("first", "Open gates of the first channel", (Layer("first"),), y="open gates", window=span, y_range=(-0.2, 4.2), weight=0.7),
            Picture("current", "Its current", (Layer("current"),), y="i (pA)", window=span, weight=0.7),
            Picture("mosaic", "Gates of single channels", (Layer("mosaic"),), x="channel", y="gate", levels=(0.0, 1.0), x_range=(0.5, min(SHOWN, self.channels) + 0.5), y_range=(0.5, GATES + 0.5), key=((0.0, "shut"), (0.55, "open"), (1.0, "conducts")), front=True, doc="A column is a channel, its four cells are its gates: a channel conducts only where all four are open."),
            Picture("numbers", "How many of the four are open", (Layer("numbers", style="bars"),), x="open gates", y="part of the channels", labels=tuple(map(str, range(GATES + 1))), front=True),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """From the voltage to the channels on one axis of time; beside it the gates themselves."""
        return Stage(Strips("rig", "Gates and channels", ("V", "gates", "open", "first", "current")), ("mosaic", "numbers"))

    def gate_rates(self, V: float) -> np.ndarray:
        """(2, 4): alpha and beta (1/ms) of the four gates at voltage V and this temperature."""
        found = np.array([float(rate) for rate in rates(np.array(V))]).reshape(3, 2)[list(CHANNELS[self.kind][1])].T
        return found * 3.0 ** ((self.temperature - 6.3) / 10.0)

    def steady(self, V: float) -> np.ndarray:
        """Chance that each of the four gates is open after long at voltage V."""
        alpha, beta = self.gate_rates(V)
        return alpha / (alpha + beta)

    def _chances(self) -> np.ndarray:
        """(held or commanded, rise and stay, gate): chance to be open after a step for a gate that is shut, and for an open one."""
        out = np.empty((2, 2, GATES))
        for k, V in enumerate((self.hold, self.command)):
            alpha, beta = self.gate_rates(V)
            kept = np.exp(-(alpha + beta) * self.dt)
            out[k, 0] = alpha / (alpha + beta) * (1.0 - kept)
            out[k, 1] = out[k, 0] + kept
        return out

    def start(self, constants, seed):
        # At the held voltage, as if it had been held for long.
        from_rest = np.random.default_rng([abs(int(seed)), 94])
        steady = self.steady(self.hold)
        return {
            "gates": (from_rest.random((self.channels, GATES)) < steady).astype(np.int8),
            "expected": steady,
            "rng": seed_state(seed),
            "step": np.zeros(1, np.int64),
        }

    def state_bounds(self, constants, state, step):
        return {"gates": Bound(0, 1), "expected": Bound(0.0, 1.0), "step": COUNT}

    def advance(self, constants, state, n, out):
        kinds = 2 * len(self.letters)
        shapes = (("V", ()), ("gates", (kinds,)), ("open", (2,)), ("first", ()), ("current", ()))
        rows = Rows(*((out[name] if out.wanted(name) else np.empty((n, *shape)))[:n] for name, shape in shapes))
        _, which, reversal = CHANNELS[self.kind]
        marks = np.array([round(self.onset / self.dt), round((self.onset + self.width) / self.dt), round(self.period / self.dt)], np.int64)
        _advance(
            arrays(Gates, state),
            np.array(which),
            self._chances(),
            np.array([self.hold, self.command]),
            marks,
            self.conductance,
            reversal,
            rows,
        )
        return n

    def observe(self, constants, state, stream):
        gates = state["gates"]
        if stream == "mosaic":
            shown = gates[:SHOWN].astype(float)
            return (0.55 * shown + 0.45 * shown.all(1, keepdims=True)).T
        if stream == "numbers":
            expected = np.ones(1)
            for chance in state["expected"]:
                expected = np.convolve(expected, [1.0 - chance, chance])
            return np.array([np.bincount(gates.sum(1), minlength=GATES + 1) / len(gates), expected])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        chance = float(state["expected"].prod())
        found = {
            "open now": float(state["gates"].all(1).mean()),
            "expected now": chance,
            "standard deviation": math.sqrt(chance * (1.0 - chance) / self.channels),
        }
        for letter, which in zip(self.letters, (0, 3), strict=False):
            found[letter] = float(state["expected"][which])
        return found

    @classmethod
    def figures(cls):
        def held(kind, channels, V, seed, steps=60_000):
            """Open parts of the channels, every 1 ms of a membrane that is held."""
            model = cls(kind=kind, channels=channels, hold=V, command=V)
            return lambda run: run(model, steps=steps, seed=seed, record={"open": 50})["open"][:, 0]

        def mean_of(measure):
            return lambda run: float(measure(run).mean())

        def chance(kind, V):
            return float(cls(kind=kind).steady(V).prod())

        def after_step(run):
            """Twenty thousand channels 3 ms after a step from rest, against n(t)^4 written out."""
            model = cls(channels=10_000, onset=0.0, width=10.0)
            found = [run(model, steps=model.steps_for(3.0), seed=s, record={}).summary["open now"] for s in (1, 2)]
            (alpha, *_), (beta, *_) = model.gate_rates(0.0)
            n_inf, n_0 = alpha / (alpha + beta), model.steady(-65.0)[0]
            n = n_inf + (n_0 - n_inf) * math.exp(-3.0 * (alpha + beta))
            return float(np.mean(found) - n**4)

        for kind, V in (("potassium: n n n n", 0.0), ("sodium: m m m h", -50.0)):
            p = chance(kind, V)
            yield Figure(
                f"open channels at {V:g} mV, {kind.split(':')[0]}, against {'n^4' if V == 0 else 'm^3 h'}",
                p,
                mean_of(held(kind, 500, V, 3)),
                tolerance=0.004 if V == 0 else 0.001,
                source="independent gates",
            )
        yield Figure(
            "open channels 3 ms after a step, less n(t)^4",
            0.0,
            after_step,
            tolerance=0.01,
            source="solution of the rate equation; 20,000 channels",
        )
        p = chance("potassium: n n n n", 0.0)
        yield Figure(
            "standard deviation of 100 channels over the root of p (1 - p) / N",
            1.0,
            lambda run: float(held("potassium: n n n n", 100, 0.0, 5, 150_000)(run).std() / math.sqrt(p * (1 - p) / 100)),
            tolerance=0.06,
            source="binomial distribution",
        )
