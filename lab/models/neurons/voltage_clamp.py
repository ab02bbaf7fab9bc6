"""The voltage-clamp family: membrane currents at many commanded voltages, and the curves read off them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab import catalog
from lab.cells.squid_shown import GATES, NA
from lab.cells.squid_shown import K as POTASSIUM
from lab.model import Bound, Clock, Figure, Handle, Layer, Model, Out, Picture, Preset, State, Stream, action, index, param
from lab.units import number as printed

STEPS, INACTIVATION, TAILS = "command steps", "inactivation", "tail currents"
TOTAL, CHOSEN, LEAK = 0, 3, 5  # colours; those of the ions are the same as in the neuron
ROWS = 800  # points in time of a drawn trace
FINE = 201  # voltages of a drawn theory
MOST_COMMANDS, MOST_SAMPLES = 400, 8_000_000


@dataclass(frozen=True)
class Family:
    """What a family is made of: the voltage of each stretch of time (rows) for each command (columns), and its closed form."""

    cell: Any  # the neuron whose channels are studied
    commands: np.ndarray  # (K,) mV, what differs between the sweeps
    levels: np.ndarray  # (S, K) mV
    ends: np.ndarray  # (S + 1,) steps at which the stretches begin and end
    test: int  # number of the stretch that is measured
    closed: np.ndarray  # (2, steps + 1, K) open fractions of Na and K in closed form
    fine: np.ndarray  # (5, FINE) command; peak, first Na and first, last K open fraction of the test, in closed form


class VoltageClamp(Model):
    r"""A family of voltage-clamp sweeps: what an electrode that holds the voltage measures, split by ion.

    The amplifier holds the membrane, jumps to a command and supplies whatever current flows. All commands run together
    as one population of Hodgkin and Huxley's membrane; the current-voltage curve builds itself as they do. Three protocols:
    **command steps** (how channels open), **inactivation** (a conditioning voltage first: how many sodium channels are left
    to open), **tail currents** (open the channels, then jump: the current at the jump is a straight line whose zero is
    the ion's reversal potential).

    **Try:** block sodium (TTX) or potassium (TEA) and see the other ion's current alone: it acts on the sweeps already
    taken too, because the gates of a clamped cell do not feel the current. Drag V_Na in the I-V curve: the sodium current
    turns around there. Click a point to see its sweep by ion.

    **Theory.** While the voltage is held each gate is an exponential, so the whole family has a closed form. It is
    drawn dashed, and the largest difference of any open fraction is shown. The steady potassium current is
    `g_K n_inf^4 (V - V_K)`, drawn dotted: a short step has not reached it yet. The current that charges the capacitance is
    over at once and not drawn.
    """

    name = "voltage-clamp"
    title = "Voltage-clamp family"
    group = "Single cells"
    icon = "mdi6.stairs"
    order = 82
    also = (
        "patch clamp; I-V curve; current-voltage relation; tail currents; clamp; electrode; voltage steps; command potential; space clamp"
    )
    equations = (
        r"I = g_{Na} m^3 h (V - V_{Na}) + g_K n^4 (V - V_K) + g_L (V - V_L)",
        r"x(t) = x_\infty(V) + [x(0) - x_\infty(V)]\, e^{-t/\tau_x(V)},\quad x \in \{m, h, n\}",
        r"I_K(\infty) = g_K\, n_\infty(V)^4 (V - V_K)",
    )
    symbols = r"m: activation of sodium; x: one of the gates; t: time since the step; \tau_x: time constant of a gate"
    source = "Hodgkin, Huxley and Katz 1952, J Physiol 116:424; Hodgkin and Huxley 1952, J Physiol 116:449, 473, 497 and 117:500"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Command steps": Preset({}, shows="inward Na current < -1000 and outward K current > 3000 and abs(Na reverses at - 50) < 0.1"),
        "Potassium alone (TTX)": Preset({"block_Na": 100.0}, shows="inward Na current = 0 and outward K current > 3000"),
        "Sodium alone (TEA)": Preset(
            {"block_K": 100.0, "width": 10.0},
            shows="outward K current = 0 and inward Na current < -1000 and abs(Na reverses at - 50) < 0.1",
        ),
        "Sodium inactivation": Preset(
            {"protocol": INACTIVATION, "first": -120.0, "last": -20.0, "increment": 5.0, "width": 10.0},
            shows="inward Na current < -2000 and protocol = 'inactivation'",
        ),
        "Tail currents: where potassium reverses": Preset(
            {"protocol": TAILS, "block_Na": 100.0, "first": -120.0, "last": 0.0, "width": 10.0}, shows="abs(K reverses at + 77) < 0.1"
        ),
        "Instantaneous sodium current": Preset(
            {"protocol": TAILS, "block_K": 100.0, "conditioning_width": 0.5, "first": -60.0, "last": 80.0, "width": 5.0},
            shows="abs(Na reverses at - 50) < 0.1",
        ),
    }

    protocol: str = param(
        STEPS,
        choices=(STEPS, INACTIVATION, TAILS),
        live=False,
        main=True,
        group="Family",
        doc="What differs from sweep to sweep: the command, the voltage before it, or the voltage after.",
    )
    hold: float = param(
        -65.0, "mV", lo=-200, hi=200, live=False, group="Family", doc="Voltage before and after; the gates start at rest there."
    )
    first: float = param(-80.0, "mV", lo=-200, hi=200, live=False, group="Family", label="From", doc="First command.")
    last: float = param(80.0, "mV", lo=-200, hi=200, live=False, group="Family", label="To", doc="Last command.")
    increment: float = param(10.0, "mV", lo=0.25, hi=100, live=False, group="Family", label="Step", doc="From one command to the next.")
    before: float = param(3.0, "ms", lo=0, hi=100, live=False, group="Family", doc="Time at the holding voltage before anything.")
    conditioning: float = param(
        0.0,
        "mV",
        lo=-200,
        hi=200,
        live=False,
        when=("protocol", TAILS),
        group="Family",
        doc="Voltage that opens the channels before the tails.",
    )
    conditioning_width: float = param(
        30.0,
        "ms",
        lo=0.1,
        hi=500,
        live=False,
        when=("protocol", (INACTIVATION, TAILS)),
        group="Family",
        doc="How long the conditioning voltage lasts.",
    )
    test: float = param(
        -10.0,
        "mV",
        lo=-200,
        hi=200,
        live=False,
        when=("protocol", INACTIVATION),
        group="Family",
        label="Test voltage",
        doc="Voltage that shows how many channels can still open.",
    )
    width: float = param(
        30.0, "ms", lo=0.5, hi=500, live=False, group="Family", label="Command lasts", doc="How long the measured voltage lasts."
    )
    after: float = param(7.0, "ms", lo=0, hi=100, live=False, group="Family", doc="Time at the holding voltage at the end.")

    block_Na: float = param(
        0.0, "%", lo=0, hi=100, main=True, group="Drugs", label="Block of Na (TTX)", doc="Sodium channels blocked by tetrodotoxin."
    )
    block_K: float = param(
        0.0, "%", lo=0, hi=100, main=True, group="Drugs", label="Block of K (TEA)", doc="Potassium channels blocked by tetraethylammonium."
    )
    g_Na: float = param(
        120.0, "mS/cm2", lo=0, hi=1000, group="Membrane", symbol="g_{Na}", label="Na channels", doc="Largest sodium conductance."
    )
    g_K: float = param(
        36.0, "mS/cm2", lo=0, hi=1000, group="Membrane", symbol="g_K", label="K channels", doc="Largest potassium conductance."
    )
    g_L: float = param(0.3, "mS/cm2", lo=0, hi=100, group="Membrane", symbol="g_L", label="Leak", doc="Leak conductance.")
    V_Na: float = param(
        50.0,
        "mV",
        lo=-200,
        hi=200,
        main=True,
        group="Membrane",
        symbol="V_{Na}",
        label="Na reversal",
        doc="Sodium reversal potential; drag it in the I-V curve.",
    )
    V_K: float = param(
        -77.0,
        "mV",
        lo=-200,
        hi=200,
        group="Membrane",
        symbol="V_K",
        label="K reversal",
        doc="Potassium reversal potential; drag it in the I-V curve.",
    )
    V_L: float = param(
        -54.387,
        "mV",
        lo=-200,
        hi=200,
        group="Membrane",
        symbol="V_L",
        label="Leak reversal",
        doc="Leak reversal potential (sources differ: -54.387, -54.4, -54.3).",
    )
    temperature: float = param(
        6.3, "°C", lo=-2, hi=45, live=False, group="Membrane", symbol="T", doc="Speeds up the gates threefold for ten degrees (Q10 = 3)."
    )
    dt: float = param(
        0.02,
        "ms",
        lo=0.001,
        hi=0.5,
        live=False,
        log=True,
        group="Numerics",
        symbol=r"\Delta t",
        label="Time step",
        doc="Time between samples; the gates are exact at any.",
    )

    def check(self) -> None:
        if self.last < self.first:
            raise self.refuse("last", f"must be at least the first command ({self.first:g} mV)")
        if self.number > MOST_COMMANDS:
            raise self.refuse("increment", f"must leave at most {MOST_COMMANDS} commands (these are {self.number})")
        if self.length * self.number > MOST_SAMPLES:
            raise self.refuse(
                "dt",
                f"must leave at most {printed(MOST_SAMPLES)} samples in the family: these are {printed(self.length * self.number)}, take longer steps or fewer commands",
            )

    # -- the family --

    @property
    def number(self) -> int:
        """How many commands there are."""
        return 1 + math.floor((self.last - self.first) / self.increment + 1e-9)

    @property
    def stretches(self) -> list[float]:
        """How long each stretch of constant voltage lasts (ms)."""
        conditioned = [] if self.protocol == STEPS else [self.conditioning_width]
        return [self.before, *conditioned, self.width, self.after]

    def levels(self, commands: np.ndarray) -> np.ndarray:
        """Voltage of each stretch (rows) for each of the commands (columns)."""
        held = np.full_like(commands, self.hold)
        if self.protocol == STEPS:
            return np.stack([held, commands, held])
        if self.protocol == INACTIVATION:
            return np.stack([held, commands, np.full_like(commands, self.test), held])
        return np.stack([held, np.full_like(commands, self.conditioning), commands, held])

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def length(self) -> int:
        return sum(max(0, round(t / self.dt)) for t in self.stretches)

    @property
    def speed(self) -> float | None:
        return 10.0

    @property
    def streams(self) -> tuple[Stream, ...]:
        names = tuple(f"{v:g} mV" for v in self.first + self.increment * np.arange(self.number))
        unit = "uA/cm2"
        across = ("V", "Na", "K", "total")
        return (
            Stream("command", "curve", "mV", "Commanded voltage of each sweep.", channels=names, x_unit="ms"),
            Stream("I_total", "curve", unit, "Ionic current of each sweep, outward positive.", channels=names, x_unit="ms"),
            Stream("I_Na", "curve", unit, "Sodium current of each sweep.", channels=names, x_unit="ms"),
            Stream("I_K", "curve", unit, "Potassium current of each sweep.", channels=names, x_unit="ms"),
            Stream("chosen", "curve", unit, "Currents of the chosen sweep.", channels=("Na", "K", "leak", "total"), x_unit="ms"),
            Stream("I_V", "curve", unit, "Current against command, as far as measured.", channels=across, x_unit="mV"),
            Stream(
                "I_V_theory",
                "curve",
                unit,
                "The same in closed form, and the steady potassium current.",
                channels=(*across[:3], "K at last"),
                x_unit="mV",
            ),
            Stream("g_V", "curve", "mS/cm2", "Conductance against command, as far as measured.", channels=across[:3], x_unit="mV"),
            Stream("g_V_theory", "curve", "mS/cm2", "The same in closed form.", channels=across[:3], x_unit="mV"),
            Stream(
                "available",
                "curve",
                "",
                "Sodium current of the test as a fraction of the largest.",
                channels=("V", "fraction"),
                x_unit="mV",
            ),
            Stream(
                "available_theory", "curve", "", "The same in closed form, and h_inf.", channels=("V", "closed form", "h_inf"), x_unit="mV"
            ),
            Stream("chosen_point", "curve", unit, "The chosen sweep in the I-V curve.", channels=("V", "I"), x_unit="mV"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        V, t, unit = "command (mV)", "time (ms)", "I (uA/cm2)"
        span = (0.0, self.length * self.dt)
        K = {STEPS: "K at the end", INACTIVATION: "K at the end", TAILS: "K at the jump"}[self.protocol]
        Na = "Na at the jump" if self.protocol == TAILS else "peak Na"
        sodium, potassium, own = (NA,), (POTASSIUM,), (NA, POTASSIUM, LEAK, TOTAL)
        steady = () if self.protocol == TAILS else (Layer("I_V_theory", channel=2, style="dotted", label="K, steady", series=potassium),)
        I_V = Picture(
            "I_V", "I-V curve",
            (
                Layer("I_V", channel=0, style="points", label=Na, series=sodium),
                Layer("I_V_theory", channel=0, theory=True, style="dashed", label="Na, closed form", series=sodium),
                Layer("I_V", channel=1, style="points", label=K, series=potassium),
                Layer("I_V_theory", channel=1, theory=True, style="dashed", label="K, closed form", series=potassium),
                *steady,
                Layer("chosen_point", style="marker", label="chosen"),
            ),
            x="voltage before (mV)" if self.protocol == INACTIVATION else V, y=unit, pick="pick", weight=2.0, front=True,
            handles=() if self.protocol == INACTIVATION else (Handle("V_Na", "x"), Handle("V_K", "x")),
            figures=("Na reverses at (mV)", "K reverses at (mV)", "difference to closed form"),
            doc="Peak or first sodium current and potassium current of each sweep; click a point to see its sweep.",
        )  # fmt: skip
        conductance = Picture(
            "g_V", "Conductances",
            (
                Layer("g_V", channel=0, style="points", label=Na, series=sodium),
                Layer("g_V_theory", channel=0, theory=True, style="dashed", label="Na, closed form", series=sodium),
                Layer("g_V", channel=1, style="points", label=K, series=potassium),
                Layer("g_V_theory", channel=1, theory=True, style="dashed", label="K, closed form", series=potassium),
            ),
            x=V, y="g (mS/cm2)", pick="pick",
        )  # fmt: skip
        available = Picture(
            "available", "Sodium channels left",
            (
                Layer("available", style="points", label="test current", series=sodium),
                Layer("available_theory", channel=0, theory=True, style="dashed", label="closed form", series=sodium),
                Layer("available_theory", channel=1, style="dotted", label="h_inf", series=(GATES[1],)),
            ),
            x="voltage before (mV)", y="fraction of the largest", y_range=(0.0, 1.0), pick="pick",
        )  # fmt: skip
        return (
            I_V,
            Picture(
                "I_total",
                "Total current",
                (Layer("I_total", label="all commands", series=(TOTAL,)), Layer("chosen", channel=3, label="chosen", series=(CHOSEN,))),
                x=t,
                y=unit,
                x_range=span,
                front=True,
            ),
            Picture(
                "chosen",
                "One sweep by ion",
                (Layer("chosen", series=own),),
                x=t,
                y=unit,
                x_range=span,
                figures=("chosen command (mV)",),
                front=True,
            ),
            available if self.protocol == INACTIVATION else conductance,
            *(
                Picture(
                    name,
                    f"{ion} current",
                    (Layer(name, label="all commands", series=colour), Layer("chosen", channel=channel, label="chosen", series=(CHOSEN,))),
                    x=t,
                    y=unit,
                    x_range=span,
                )
                for channel, (name, ion, colour) in enumerate((("I_Na", "Sodium", sodium), ("I_K", "Potassium", potassium)))
            ),
            Picture("command", "Command", (Layer("command"),), x=t, y="V (mV)", x_range=span, weight=0.6),
        )

    # -- behaviour --

    def memory(self) -> int:
        return 32 * self.number * (self.length + 1) + 16 * FINE * self.length

    def build(self, seed: int) -> Family:
        kind: Any = catalog.load("hodgkin-huxley")
        cell = kind(mode="voltage clamp", temperature=self.temperature)
        commands = self.first + self.increment * np.arange(self.number)
        ends = np.concatenate([[0], np.cumsum([round(t / self.dt) for t in self.stretches])])
        levels = self.levels(commands)
        test = len(levels) - 2
        fine = np.linspace(self.first, self.last, FINE)
        over = closed_form(cell, self.levels(fine), ends, self.dt)[:, ends[test] : ends[test + 1] + 1]
        curves = np.stack([fine, over[0].max(axis=0), over[0, 0], over[1, 0], over[1, -1]])
        return Family(cell, commands, levels, ends, test, closed_form(cell, levels, ends, self.dt), curves)

    def start(self, constants: Family, seed: int) -> State:
        gates = np.ascontiguousarray(constants.cell.steady(constants.levels[0])[1:])
        opened = np.zeros((2, self.length + 1, self.number))
        opened[:, 0] = gates[0] ** 3 * gates[1], gates[2] ** 4
        # The sweep shown first is the one with the largest sodium current of the usual family.
        picked = int(np.abs(constants.commands + 10.0).argmin())
        return {"gates": gates, "open": opened, "step": np.zeros(1, np.int64), "apart": np.zeros(1), "picked": np.array([picked], np.int64)}

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"step": Bound(0, self.length), "picked": index(self.number)}

    def advance(self, constants: Family, state: State, n: int, out: Out) -> int:
        begin = int(state["step"][0])
        stop = min(begin + n, self.length)
        at = begin
        while at < stop:
            stretch = int(np.searchsorted(constants.ends, at, side="right")) - 1
            to = min(stop, int(constants.ends[stretch + 1]))
            rows = slice(at + 1, to + 1)
            state["open"][:, rows] = constants.cell.clamp(state["gates"], constants.levels[stretch], to - at, self.dt)
            apart = np.abs(state["open"][:, rows] - constants.closed[:, rows]).max()
            state["apart"][0] = max(state["apart"][0], apart)
            at = to
        state["step"][0] = stop
        return stop - begin

    def finished(self, constants: Family, state: State) -> str:
        return "the family is complete"

    @property
    def free(self) -> tuple[float, float]:
        """Sodium and potassium conductance (mS/cm2) that is not blocked, with every channel open."""
        return self.g_Na * (1.0 - self.block_Na / 100.0), self.g_K * (1.0 - self.block_K / 100.0)

    def currents(self, opened: np.ndarray, V: np.ndarray) -> np.ndarray:
        """Na, K, leak and total current (uA/cm2) at open fractions (2, ...) and voltages V (...)."""
        (g_Na, g_K), leak = self.free, self.g_L * (V - self.V_L)
        Na, K = g_Na * opened[0] * (V - self.V_Na), g_K * opened[1] * (V - self.V_K)
        return np.stack([Na, K, leak, Na + K + leak])

    def measured(self, constants: Family, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Open fractions (2, K) and currents (4, K) of the test so far; no columns before it has begun.

        Sodium at its peak and potassium at its last value; in tail currents both at the jump.
        """
        begin, end = constants.ends[constants.test], min(int(constants.ends[constants.test + 1]), int(state["step"][0]))
        if end < begin:
            return np.empty((2, 0)), np.empty((4, 0))
        over = state["open"][:, begin : end + 1]
        opened = over[:, 0] if self.protocol == TAILS else np.stack([over[0].max(axis=0), over[1, -1]])
        return opened, self.currents(opened, constants.levels[constants.test])

    def predicted(self, constants: Family) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fine commands, open fractions (2, FINE) and currents (4, FINE) of the whole test in closed form."""
        fine, peak, first, K_first, K_last = constants.fine
        opened = np.stack([first, K_first] if self.protocol == TAILS else [peak, K_last])
        return fine, opened, self.currents(opened, self.levels(fine)[constants.test])

    def observe(self, constants: Family, state: State, stream: str) -> Any:
        if stream in ("command", "I_total", "I_Na", "I_K", "chosen"):
            return self._sweeps(constants, state, stream)
        commands = constants.commands
        opened, currents = self.measured(constants, state)
        n = opened.shape[1]
        if stream == "I_V":
            return np.vstack([commands[:n], currents[[0, 1, 3]]])
        if stream == "g_V":
            return np.vstack([commands[:n], opened * np.array(self.free)[:, None]])
        if stream == "available":
            return np.vstack([commands[:n], _fraction(opened[0])])
        if stream == "chosen_point":
            k = int(state["picked"][0])
            return np.array([commands[k : k + 1][:n], currents[0, k : k + 1]])
        fine, open_fine, flows = self.predicted(constants)
        if stream == "I_V_theory":
            V = self.levels(fine)[constants.test]
            return np.vstack([fine, flows[:2], self.free[1] * constants.cell.steady(V)[3] ** 4 * (V - self.V_K)])
        if stream == "g_V_theory":
            return np.vstack([fine, open_fine * np.array(self.free)[:, None]])
        if stream == "available_theory":
            return np.vstack([fine, _fraction(open_fine[0]), constants.cell.steady(fine)[2]])
        return super().observe(constants, state, stream)

    def _sweeps(self, constants: Family, state: State, stream: str) -> np.ndarray:
        """Time and one row for each sweep (or for each ion of the chosen one), up to the present."""
        step, ends = int(state["step"][0]), constants.ends
        rows = np.unique(np.append(np.arange(0, step + 1, max(1, math.ceil(self.length / ROWS))), ends[ends <= step]))
        # A row stands for the voltage of the stretch that ends with it; a jump is drawn by a second row at its time.
        jumps = ends[1:-1][ends[1:-1] < step]
        rows = np.sort(np.append(rows, jumps))
        stretch = np.clip(np.searchsorted(ends, rows, side="left") - 1, 0, len(ends) - 2)
        again = np.flatnonzero(np.diff(rows) == 0) + 1
        stretch[again] += 1
        one = slice(int(state["picked"][0]), int(state["picked"][0]) + 1) if stream == "chosen" else slice(None)
        V = constants.levels[stretch, one]
        time = rows * self.dt
        if stream == "command":
            return np.vstack([time, V.T])
        currents = self.currents(state["open"][:, rows, one], V)
        return np.vstack([time, currents[:, :, 0] if stream == "chosen" else currents[{"I_Na": 0, "I_K": 1, "I_total": 3}[stream]].T])

    def reversals(self, constants: Family, state: State) -> tuple[float, float]:
        """Voltages (mV) at which the measured sodium and potassium currents turn around; NaN where that is not to be read.

        Potassium turns around where its channels are shut: only its tails show it.
        """
        if self.protocol == INACTIVATION:
            return math.nan, math.nan
        currents = self.measured(constants, state)[1]
        commands = constants.commands[: currents.shape[1]]
        return turnaround(commands, currents[0]), turnaround(commands, currents[1]) if self.protocol == TAILS else math.nan

    def summary(self, constants: Family, state: State) -> dict[str, Any]:
        out: dict[str, Any] = {"commands": self.number, "chosen command (mV)": float(constants.commands[int(state["picked"][0])])}
        currents = self.measured(constants, state)[1]
        if currents.shape[1]:
            k = int(currents[0].argmin())
            out["inward Na current (uA/cm2)"], out["at command (mV)"] = float(min(0.0, currents[0, k])), float(constants.commands[k])
            out["outward K current (uA/cm2)"] = float(max(0.0, currents[1].max()))
        for name, value in zip(("Na", "K"), self.reversals(constants, state), strict=True):
            if math.isfinite(value):
                out[f"{name} reverses at (mV)"] = value
        out["difference to closed form"] = float(state["apart"][0])
        return out

    @action("Show one sweep", hidden=True, index=(int, param(0, lo=0, hi=MOST_COMMANDS - 1, doc="Number of the command, from 0.")))
    def pick(self, constants: Family, state: State, index: int) -> None:
        """Show the currents of one command by ion."""
        state["picked"][0] = min(index, self.number - 1)

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def summary(key: str, **values: Any):
            return lambda run: float(run(cls(**values), record=[]).summary[key])

        def steady_K(V: float):
            """g_K n_inf^4 (V - V_K) as the paper writes it."""
            alpha, beta = 0.01 * (V + 55.0) / (1.0 - math.exp(-(V + 55.0) / 10.0)), 0.125 * math.exp(-(V + 65.0) / 80.0)
            return 36.0 * (alpha / (alpha + beta)) ** 4 * (V + 77.0)

        def K_at_end(V: float):
            return lambda run: float(run(cls(first=V, last=V, width=100.0), record=[]).observe("I_V")[2, 0])

        tails = {"protocol": TAILS, "first": -117.0, "last": 0.0, "width": 5.0}
        return (
            Figure("open fractions of the whole family against closed form, worst", 1e-12, summary("difference to closed form"), bound="at_most", source="exponentials"),
            *(Figure(f"steady K current at {V:g} mV", steady_K(V), K_at_end(V), relative=1e-6, unit="uA/cm2", source="g_K n_inf^4 (V - V_K)") for V in (-20.0, 0.0, 60.0)),
            Figure("strongest inward Na current of command steps of 5 mV", -1461.62017, summary("inward Na current (uA/cm2)", increment=5.0), relative=2e-4, unit="uA/cm2", source="maximum of m^3 h in closed form"),
            Figure("Na current reverses, read off steps of 7 mV", 50.0, summary("Na reverses at (mV)", first=-81.0, increment=7.0), tolerance=0.02, unit="mV", source="V_Na"),
            Figure("Na current reverses at another V_Na", 20.0, summary("Na reverses at (mV)", V_Na=20.0, first=-81.0, increment=7.0), tolerance=0.05, unit="mV", source="V_Na"),
            Figure("K tail current reverses", -77.0, summary("K reverses at (mV)", **tails), tolerance=1e-9, unit="mV", source="V_K"),
        )  # fmt: skip


def closed_form(cell: Any, levels: np.ndarray, ends: np.ndarray, dt: float) -> np.ndarray:
    """Open fractions of Na and K at every step of a family, shape (2, steps + 1, K): each gate an exponential per stretch.

    levels (S, K) voltages, ends (S + 1,) steps at which the stretches begin and end; the gates start at rest at the first.
    """
    out = np.empty((2, int(ends[-1]) + 1, levels.shape[1]))
    x = cell.steady(levels[0])[1:]
    out[:, 0] = x[0] ** 3 * x[1], x[2] ** 4
    for k, V in enumerate(levels):
        begin, end = int(ends[k]), int(ends[k + 1])
        time = dt * np.arange(1, end - begin + 1)[:, None]
        limit, tau = cell.steady(V)[1:], cell.time_constants(V)
        m, h, n = (limit[g] + (x[g] - limit[g]) * np.exp(-time / tau[g]) for g in range(3))
        out[0, begin + 1 : end + 1], out[1, begin + 1 : end + 1] = m**3 * h, (n * n) ** 2
        if end > begin:
            x = np.stack([m[-1], h[-1], n[-1]])
    return out


def turnaround(V: np.ndarray, current: np.ndarray) -> float:
    """Voltage at which a measured current turns from inward to outward; NaN if it does not.

    Voltage as a cubic in the current through the two points on either side, kept between the nearest two.
    """
    inward = np.flatnonzero((current[:-1] < 0.0) & (current[1:] >= 0.0))
    if not len(inward):
        return math.nan
    k = int(inward[-1])
    near = np.arange(max(0, k - 1), min(len(V), k + 3))
    x, y = V[near], current[near]
    if (np.diff(y) > 0.0).all():
        weights = [np.prod([y[j] / (y[j] - y[i]) for j in range(len(y)) if j != i]) for i in range(len(y))]
        found = float(np.dot(weights, x))
        if V[k] <= found <= V[k + 1]:
            return found
    return float(V[k] - current[k] * (V[k + 1] - V[k]) / (current[k + 1] - current[k]))


def _fraction(opened: np.ndarray) -> np.ndarray:
    """Values as a fraction of the largest."""
    most = float(opened.max()) if len(opened) else 0.0
    return opened / most if most > 0.0 else np.zeros_like(opened)
