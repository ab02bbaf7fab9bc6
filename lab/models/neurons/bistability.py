"""Hysteresis of firing: the same neuron led up and down in current, and where rest and firing exist side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab.cells.neuron import Bench, Neuron
from lab.cells.phase_plane import along_equilibria, equilibria, holding_current, hopf_voltages
from lab.cells.protocol import Protocol
from lab.model import (
    COUNT,
    INFINITE,
    Bound,
    Clock,
    Events,
    Figure,
    Layer,
    Out,
    Picture,
    Preset,
    State,
    Stream,
    action,
    index_or_none,
    param,
)

SLICE = 10.0  # ms in one step
KEPT = 1200  # samples of the end of each stair that are kept
SHOWN = 150.0  # ms of them
UP, DOWN, REST = 0, 1, 5  # colours
WAYS = ("up", "down")  # the cell that climbs and the one that descends


@dataclass(frozen=True)
class Setup:
    """Constants: the cell, the stairs, and what linearisation says of the equilibria."""

    cell: Neuron
    bench: Bench
    currents: np.ndarray  # (n,) from the lowest
    branch: np.ndarray  # (3, m) current; V of stable and of unstable equilibria
    hopf: np.ndarray  # (2, h) current and V of Hopf points within the range


class Bistability(Protocol):
    r"""Lead one neuron up in current and another down, and see them do different things at the same current.

    Both carry their state from stair to stair, so history counts. Hodgkin and Huxley's membrane, raised from rest, stays at
    rest until its equilibrium loses stability at a Hopf point (9.78 uA/cm2); lowered while it fires, it goes on firing
    down to where the stable and the unstable cycle meet and vanish (6.26). Between the two, **rest and firing coexist**:
    which one you see is the neuron's memory (in the bench of the cell a pulse switches it). A neuron whose rate begins at
    zero because its rest vanishes on the cycle itself (SNIC) has no such window; where a cycle ends in a saddle instead (saddle
    loop) there is one, though the rate falls towards zero there, too.

    The line is the equilibrium, solid where it is stable, dashed where it is not: its eigenvalues are computed along the
    curve, and Hopf points are where a complex pair crosses the imaginary axis. Points are measured: the highest and
    lowest voltage of the last half of each stair.

    **Try:** click a point inside the window: both cells' voltage at that one current. Give stairs less time: the
    way up ends late, because just past the Hopf point the oscillation grows slowly.
    """

    name = "bistability"
    title = "Rest and firing side by side"
    group = "Single cells"
    icon = "mdi6.swap-vertical"
    order = 86
    also = "hysteresis; bistable; rest and firing; two stable states; coexistence; history dependence; subcritical Hopf"
    equations = (
        r"I_\infty(V) = -\,f(V, x_\infty(V))\,C,\qquad \dot y = J y,\quad J = \partial(\dot V, \dot x)/\partial(V, x)",
        r"\text{Hopf point:}\quad \Re\,\lambda_{1,2} = 0,\quad \Im\,\lambda_{1,2} \neq 0",
    )
    symbols = r"f: slope of the voltage over time without current; x: other variables of the cell; y: small distance from the fixed point; J: Jacobian matrix; \lambda: eigenvalues of J"
    source = (
        "Hassard 1978, J Theor Biol 71:401; Rinzel and Miller 1980, Math Biosci 49:27; Guttman, Lewis and Rinzel 1980, J Physiol 305:377"
    )
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Hodgkin-Huxley: the window": Preset(
            {"lowest": 5.5, "highest": 11.0}, shows="fires from > 9.7 and fires down to < 6.4 and window > 3"
        ),
        "The end of firing in detail": Preset(
            {"lowest": 6.2, "highest": 6.6, "points": 81}, shows="abs(fires down to - 6.26) < 0.02 and rate at its end > 50"
        ),
        "Morris-Lecar, class II": Preset(
            {"neuron": "morris-lecar", "lowest": 84.0, "highest": 98.0, "stair": 1000.0},
            shows="window > 5 and rate at its end > 5",
            slow=True,
        ),
        "Morris-Lecar, saddle loop": Preset(
            {"neuron": "morris-lecar", "settings": "g_Ca=4, V_3=12, V_4=17.4, phi=0.23", "lowest": 33.0, "highest": 40.5, "stair": 1000.0},
            shows="window > 4 and fires down to < 35.5",
            slow=True,
        ),
        "Morris-Lecar, class I: no window": Preset(
            {"neuron": "morris-lecar", "settings": "g_Ca=4, V_3=12, V_4=17.4, phi=0.067", "lowest": 36.0, "highest": 46.0, "stair": 2000.0},
            shows="window = 0 and rate at its end < 3",
            slow=True,
        ),
        "FitzHugh-Nagumo: hardly any": Preset(
            {"neuron": "fitzhugh-nagumo", "lowest": 0.2, "highest": 0.5}, shows="window < 0.02 and window > 0"
        ),
    }

    range: str = param(
        "chosen", choices=("chosen", "of the neuron"), live=False, doc="Which currents: those chosen here or the neuron's own range."
    )
    lowest: float = param(
        4.0, lo=-10_000, hi=10_000, live=False, when=("range", "chosen"), main=True, doc="Lowest current, in the neuron's unit."
    )
    highest: float = param(
        12.0, lo=-10_000, hi=10_000, live=False, when=("range", "chosen"), main=True, doc="Highest current, in the neuron's unit."
    )
    points: int = param(81, lo=3, hi=400, live=False, doc="Stairs from the lowest to the highest current.")
    stair: float = param(
        500.0,
        "ms",
        lo=20,
        hi=60_000,
        live=False,
        log=True,
        main=True,
        label="Time on a stair",
        doc="How long each current lasts; the last half is measured.",
    )

    def check(self) -> None:
        if self.range == "chosen" and self.highest <= self.lowest:
            raise self.refuse("highest", f"must be above the lowest ({self.lowest:g})")

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(SLICE, "ms", physical=False, name="slice")

    @property
    def slices(self) -> int:
        """Steps of one stair."""
        return max(2, round(self.stair / SLICE))

    @property
    def length(self) -> int:
        return self.points * self.slices

    @property
    def speed(self) -> float | None:
        return 8000.0

    @property
    def streams(self) -> tuple[Stream, ...]:
        cell = self.cell()
        V, unit = cell.units[0], cell.drive_unit
        return (
            Stream(
                "equilibria", "curve", V, "Voltage of the equilibria against current.", channels=("I", "stable", "unstable"), x_unit=unit
            ),
            Stream("hopf", "curve", V, "Hopf points.", channels=("I", "V"), x_unit=unit),
            Stream("up_V", "curve", V, "Highest and lowest voltage of each stair on the way up.", channels=("I", "V"), x_unit=unit),
            Stream("down_V", "curve", V, "Highest and lowest voltage of each stair on the way down.", channels=("I", "V"), x_unit=unit),
            Stream(
                "rates", "curve", "Hz", "Rate of each stair on the way up and on the way down.", channels=("I", "up", "down"), x_unit=unit
            ),
            Stream("window", "curve", "Hz", "Ends of the window in which rest and firing coexist.", channels=("I", "end"), x_unit=unit),
            Stream(
                "chosen",
                "curve",
                V,
                "Both cells at the end of their stairs of the chosen current.",
                channels=("time", "coming from below", "coming from above"),
                x_unit="ms",
            ),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        cell = self.cell()
        name = f"current ({cell.drive_unit})" if cell.drive_unit else "current"
        V = f"V ({cell.units[0]})".replace(" ()", "")
        return (
            Picture(
                "branches", "Rest and firing",
                (
                    Layer("equilibria", channel=0, label="rest, stable", series=(REST,)),
                    Layer("equilibria", channel=1, style="dashed", label="rest, unstable", series=(REST,)),
                    Layer("up_V", style="points", label="way up", series=(UP,)), Layer("down_V", style="points", label="way down", series=(DOWN,)),
                    Layer("hopf", style="marker", label="Hopf point"),
                ),
                x=name, y=V, figures=("fires from", "fires down to", "Hopf point"), weight=2.0, front=True, pick="pick",
                doc="Equilibria with their stability, and the highest and lowest voltage of two cells, one led up in current and one down.",
            ),
            Picture(
                "rates", "Rate, up and down",
                (
                    Layer("rates", channel=0, style="points", label="way up", series=(UP,)), Layer("rates", channel=1, style="points", label="way down", series=(DOWN,)),
                    Layer("window", style="dotted", label="ends of the window", series=(REST,)),
                ),
                x=name, y="rate (Hz)", figures=("window", "rate at its end (Hz)"), front=True, pick="pick",
            ),
            Picture("chosen", "Two lives", (Layer("chosen", series=(UP, DOWN)),), x="time (ms)", y=V, figures=("chosen current",), front=True,
                doc="Both cells at one current, once both have been there; click a point of the curves to choose another.",
            ),
        )  # fmt: skip

    # -- behaviour --

    def memory(self) -> int:
        return 8 * KEPT * self.points + 2_000_000

    def build(self, seed: int) -> Setup:
        cell = self.cell().silent()
        lo, hi = cell.sweep_range if self.range == "of the neuron" else (self.lowest, self.highest)
        return Setup(cell, cell.build(0), np.linspace(lo, hi, self.points), equilibria_between(cell, lo, hi), hopf_between(cell, lo, hi))

    def start(self, constants: Setup, seed: int) -> State:
        cell = constants.cell
        steps = self.slices * cell.steps_for(SLICE)
        every = max(1, math.ceil(SHOWN / cell.dt / KEPT))
        kept = min(steps, cell.steps_for(SHOWN)) // every
        shape = (2, self.points)
        moving = {}
        for way in WAYS:
            for name, value in cell.start(constants.bench, 0).items():
                moving[f"{way} {name}"] = value
        # The way up begins at rest under its first current: switched on at once, it might fire already.
        at_rest = [e for e in equilibria(cell, float(constants.currents[0])) if e.stable]
        for name, value in zip(cell.variables, at_rest[0].point if at_rest else (), strict=bool(at_rest)):
            moving[f"up {name}"][:] = value
        return moving | {
            "slice": np.zeros(1, np.int64),
            "spikes": np.zeros(shape, np.int64),  # in the last half of each stair
            "first": np.zeros(shape),  # and when the first and the last of them were (ms of the whole run)
            "last": np.zeros(shape),
            "highest_V": np.full(shape, -math.inf),
            "lowest_V": np.full(shape, math.inf),
            "trace": np.zeros((2, self.points, kept), np.float32),
            "picked": np.array([-1], np.int64),
        }

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        found: dict[str, Bound] = {}
        for way in WAYS:
            cell = {name.removeprefix(f"{way} "): value for name, value in state.items() if name.startswith(f"{way} ")}
            own = constants.cell.state_bounds(constants.bench, cell, 0) | {"step": COUNT}
            found |= {f"{way} {name}": bound for name, bound in own.items()}
        extremes = {"highest_V": INFINITE, "lowest_V": INFINITE}
        return found | extremes | {"slice": Bound(0, self.length), "spikes": COUNT, "picked": index_or_none(self.points)}

    def advance(self, constants: Setup, state: State, n: int, out: Out) -> int:
        cell = constants.cell
        length = cell.steps_for(SLICE)
        samples = {s.name: np.empty((0, *s.shape), s.dtype) for s in cell.streams if s.form == "samples"}
        cells = [{name.removeprefix(f"{way} "): value for name, value in state.items() if name.startswith(f"{way} ")} for way in WAYS]
        V = np.empty(length)
        events = Events(4096)
        n = min(n, self.length - int(state["slice"][0]))
        slices = self.slices
        for _ in range(n):
            stair, part = divmod(int(state["slice"][0]), slices)
            for way, at in enumerate((stair, self.points - 1 - stair)):
                moving = cells[way]
                constants.bench.own[:] = constants.currents[at]
                done = 0
                while done < length:
                    base = int(moving["step"][0])
                    done += cell.advance(constants.bench, moving, length - done, Out(samples | {"V": V[done:]}, {"spikes": events}))
                    count = int(events.count[0])
                    if count and part >= slices // 2:
                        times = (base + events.steps[:count] + events.value[:count]) * cell.dt
                        if state["spikes"][way, at] == 0:
                            state["first"][way, at] = times[0]
                        state["last"][way, at] = times[-1]
                        state["spikes"][way, at] += count
                    events.count[0] = 0
                if part >= slices // 2:
                    state["highest_V"][way, at] = max(state["highest_V"][way, at], V.max())
                    state["lowest_V"][way, at] = min(state["lowest_V"][way, at], V.min())
                self._keep(constants, state["trace"][way, at], part, V)
            state["slice"] += 1
        return max(0, n)

    def _keep(self, constants: Setup, trace: np.ndarray, part: int, V: np.ndarray) -> None:
        """Keep what of this slice belongs to the shown end of the stair."""
        every = max(1, math.ceil(SHOWN / constants.cell.dt / KEPT))
        into = part * len(V) - (self.slices * len(V) - len(trace) * every)  # steps since the kept end of the stair began
        first = max(-into, -into % every)
        if first < len(V):
            kept = V[first::every]
            trace[(into + first) // every :][: len(kept)] = kept

    def finished(self, constants: Setup, state: State) -> str:
        return "both ways are complete"

    # -- what is found --

    def rates(self, constants: Setup, state: State) -> np.ndarray:
        """Rate (Hz) of each stair on the way up and down; NaN where a cell has not been yet; 0 where firing did not last."""
        done = int(state["slice"][0]) // self.slices
        count, first, last = state["spikes"], state["first"], state["last"]
        span = np.where(count > 1, last - first, 1.0)
        mean = span / np.maximum(1, count - 1)
        # A cell that fell silent on this stair does not fire at this current.
        whole = self.slices * constants.cell.steps_for(SLICE) * constants.cell.dt
        turn = np.stack([np.arange(self.points), np.arange(self.points)[::-1]])  # when each cell was on each stair
        lasted = (turn + 1) * whole - last < 2.0 * mean
        rates = np.where((count > 1) & lasted, 1000.0 / mean, 0.0)
        return np.where(turn < done, rates, math.nan)

    def window(self, constants: Setup, state: State) -> tuple[float, float]:
        """Current at which firing ends on the way down, and at which it begins on the way up; NaN while unknown."""
        up, down = self.rates(constants, state)
        fires = np.flatnonzero(up > 0)
        silent = np.flatnonzero(down == 0)
        above = constants.currents[silent[-1] + 1 :] if len(silent) else constants.currents[:0]
        return float(above[0]) if len(above) else math.nan, float(constants.currents[fires[0]]) if len(fires) else math.nan

    def _chosen(self, constants: Setup, state: State) -> int:
        """The stair clicked; before any click the middle of the window, or of all."""
        picked = int(state["picked"][0])
        if picked >= 0:
            return min(picked, self.points - 1)
        down, up = self.window(constants, state)
        middle = 0.5 * (down + up) if math.isfinite(down + up) else float(constants.currents.mean())
        return int(np.abs(constants.currents - middle).argmin())

    def observe(self, constants: Setup, state: State, stream: str) -> Any:
        currents = constants.currents
        if stream == "equilibria":
            return constants.branch
        if stream == "hopf":
            return constants.hopf
        rates = self.rates(constants, state)
        if stream == "rates":
            return np.vstack([currents, rates])
        if stream in ("up_V", "down_V"):
            which = WAYS.index(stream.removesuffix("_V"))
            known = np.isfinite(rates[which])
            V = np.stack([state["highest_V"][which], state["lowest_V"][which]])
            return np.vstack([np.tile(currents, 2), np.where(known, V, math.nan).ravel()])
        if stream == "window":
            top = float(np.nanmax(rates)) if np.isfinite(rates).any() else 0.0
            ends = [end for end in self.window(constants, state) if math.isfinite(end)]
            return np.array([[x for end in ends for x in (end, end, math.nan)], [y for _ in ends for y in (0.0, top, math.nan)]])
        if stream == "chosen":
            k = self._chosen(constants, state)
            every = max(1, math.ceil(SHOWN / constants.cell.dt / KEPT))
            traces = np.where(np.isfinite(rates[:, k])[:, None], state["trace"][:, k].astype(float), math.nan)
            return np.vstack([np.arange(traces.shape[1]) * every * constants.cell.dt, traces])
        return super().observe(constants, state, stream)

    def summary(self, constants: Setup, state: State) -> dict[str, Any]:
        out: dict[str, Any] = {
            "stairs": int(state["slice"][0]) // self.slices,
            "chosen current": float(constants.currents[self._chosen(constants, state)]),
        }
        down, up = self.window(constants, state)
        if math.isfinite(up):
            out["fires from"] = up
        if math.isfinite(down):
            out["fires down to"] = down
            out["rate at its end (Hz)"] = float(self.rates(constants, state)[1, int(np.searchsorted(constants.currents, down))])
        if math.isfinite(up + down):
            out["window"] = max(0.0, up - down)
        if constants.hopf.shape[1]:
            out["Hopf point"] = float(constants.hopf[0, 0])
        return out

    @action(
        "Show both cells at a current",
        hidden=True,
        index=(int, param(0, lo=0, hi=799, doc="Number of the stair, from the lowest current.")),
    )
    def pick(self, constants: Setup, state: State, index: int) -> None:
        """Show what both cells did at one current."""
        state["picked"][0] = index % self.points  # highest and lowest voltages are drawn one after the other

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        def summary(key: str, **values: Any):
            return lambda run: float(run(cls(**values), record=[]).summary[key])

        end = {"lowest": 6.2, "highest": 6.5, "points": 61, "stair": 1000.0, "settings": "dt=0.02"}
        hopf = {"lowest": 9.0, "highest": 10.5, "points": 31, "stair": 2000.0, "settings": "dt=0.02"}
        return (
            Figure("Hodgkin-Huxley: firing ends on the way down at", 6.260, summary("fires down to", **end), tolerance=0.01, unit="uA/cm2", source="where the multiplier of the cycle reaches 1, by an adaptive solution of eighth order"),
            Figure("rest ends on the way up at", 9.775, summary("fires from", **hopf), tolerance=0.1, unit="uA/cm2", source="Hopf point, by eigenvalues"),
            Figure("Hopf point of the picture", 9.775, summary("Hopf point"), tolerance=0.001, unit="uA/cm2", source="eigenvalues"),
            Figure("rate at the end of firing", 50.0, summary("rate at its end (Hz)", **end), bound="at_least", unit="Hz", source="type II: the rate jumps"),
        )  # fmt: skip


def equilibria_between(cell: Neuron, lo: float, hi: float, points: int = 6001) -> np.ndarray:
    """Current, V where stable and V where unstable of the equilibria at currents lo..hi: shape (3, m), pieces parted by NaN.

    V runs along the curve, which may turn back in current. Where a spike resets the cell there is no equilibrium above it.
    """
    bottom, top = cell.plane_range[0]
    span = top - bottom
    V = np.linspace(bottom - span, top + span, points)
    if cell.after_spike(cell.rest()) is not None:
        V = V[V < cell.crossing]
    currents = holding_current(cell, V)
    inside = np.flatnonzero(np.isfinite(currents) & (currents >= lo) & (currents <= hi))
    if not len(inside):
        return np.empty((3, 0))
    # A few more points where the range holds only a small part of the curve.
    pieces = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
    found = []
    for piece in pieces:
        fine = np.linspace(V[max(0, piece[0] - 1)], V[min(len(V) - 1, piece[-1] + 1)], 200)
        at, values = along_equilibria(cell, fine)
        keep = (at >= lo) & (at <= hi)
        stable = (values.real < 0.0).all(axis=1)
        found += [np.stack([at, np.where(stable, fine, math.nan), np.where(stable, math.nan, fine)])[:, keep], np.full((3, 1), math.nan)]
    return np.concatenate(found[:-1], axis=1)


def hopf_between(cell: Neuron, lo: float, hi: float) -> np.ndarray:
    """Current and V (2, h) of the Hopf points at currents lo..hi."""
    V = hopf_voltages(cell)
    currents = holding_current(cell, V)
    keep = (currents >= lo) & (currents <= hi)
    return np.stack([currents[keep], V[keep]])
