"""What every single-cell model shares: stimulus, population, spikes and their statistics, phase plane, equilibria, sweeps.

A cell's file declares its parameters and implements

    drift(y, current)                    -> dy/dt          y (variables, points), current (points,): for all analyses
    steady(V)                            -> (variables, points)   every other variable at rest with V held
    steady_under(V, current)             -> the same, only for a cell in which more than V feels the current
    beginning()                          -> (variables,), Start   where a run starts: the stable rest, else V at `initial`
    integrate(bench, state, drive, out)  -> steps done     advance all cells through the steps of `drive`

and inherits everything else. Every cell of a population gets the stimulus plus its own constant part (`spread`) plus, for
noise, its own realisation. A spike's time is interpolated within its step.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from lab.cells import abreast, accuracy, recent, stimulus
from lab.cells.driven import Driven
from lab.cells.noise import Supply, advance_noise, no_noise, normals
from lab.cells.phase_plane import Equilibrium, at_rest, bisect, equilibria, jacobian
from lab.cells.spikes import Spikes
from lab.cells.sweeps import Sweep
from lab.errors import ModelError
from lab.kernels import seed_state
from lab.model import COUNT, Bound, CellTerms, Clock, Handle, Layer, Model, Out, Picture, Stage, State, Stream, Strips, action, param

CHUNK = 1 << 16  # steps whose stimulus is laid out at a time


class Start(enum.IntEnum):
    """Why a cell begins where it begins."""

    REST = 0
    UNSTABLE = 1
    HELD = 2
    LEAK = 3

    @property
    def words(self) -> str:
        """For the summary of a run."""
        return ("stable rest", "no stable rest: usual start", "held by the clamp", "reversal of the leak")[self]


FIXED_POINTS = Picture(
    "fixed_points", "Fixed points", (Layer("fixed_points"),), doc="Where the cell would stand still under the present current, and what small disturbances do there."
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Constants of a run: the recording that drives it, the cells' places in the spread, and currents of their own (sweeps)."""

    recording: stimulus.Recording
    place: np.ndarray  # (cells,) standard normal numbers
    own: np.ndarray  # (cells,) current added to each cell


class Neuron(Driven):
    """Base of every single-cell model: stimulus, population, spikes, phase plane and sweeps."""

    variables: ClassVar[tuple[str, ...]] = ("V",)
    units: ClassVar[tuple[str, ...]] = ("mV",)
    plane: ClassVar[tuple[str, str] | None] = None  # the two variables of the phase plane
    plane_range: ClassVar[tuple[tuple[float, float], tuple[float, float]]] = ((-90.0, 50.0), (0.0, 1.0))
    plane_shown: ClassVar[tuple[float, float] | None] = None  # what the plane shows across, if more than where equilibria are looked for
    nullcline_range: ClassVar[tuple[float, float] | None] = None  # where nullclines are looked for, if not around the plane
    initial: ClassVar[float] = -65.0  # V at which a cell without a stable rest begins

    cells: int = param(1, lo=1, hi=100_000, live=False, group="Population", doc="Number of cells, each on its own.")
    spread: float = param(
        0.0,
        "uA/cm2",
        lo=0,
        hi=100,
        builds=True,
        group="Population",
        doc="Standard deviation over the cells of a constant current of their own.",
    )
    shown: int = param(5, lo=1, hi=100, live=False, group="Population", doc="Cells of a population whose voltage is recorded.")
    dt: float = param(
        0.01, "ms", lo=0.001, hi=0.1, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Time step."
    )
    shadow: bool = param(
        False, live=False, group="Numerics", label="Accuracy dial",
        doc="Integrate the same cell beside it by an eighth-order method and show how far the spikes are apart (takes some seconds for each second of model time).",
    )  # fmt: skip

    def check(self) -> None:
        super().check()
        if self.shadow and (self.cells > 1 or self.clamped):
            raise self.refuse("shadow", "follows one cell in current clamp: choose one cell, or turn the dial off")

    # -- hooks of a cell --

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Time derivative of the variables y (variables, points) under `current` (points,)."""
        raise ModelError(f"{self._owner()} does not implement drift().")

    def motion(self) -> Callable[[np.ndarray, float], Sequence[float] | np.ndarray]:
        """`drift` as a function of one point y (variables,) and its current, for a solver that asks for one after the other."""
        now = np.empty(1)

        def at(y: np.ndarray, current: float) -> np.ndarray:
            now[0] = current
            return self.drift(y[:, None], now)[:, 0]

        return at

    def steady(self, V: np.ndarray) -> np.ndarray:
        """All variables (variables, points) at which everything but V stands still while V is held."""
        raise ModelError(f"{self._owner()} does not implement steady().")

    def steady_under(self, V: np.ndarray, current: np.ndarray) -> np.ndarray | None:
        """`steady` of a cell in which more than V feels the current (a compartment of its own, say): with each V its own current.

        None, as here, says that dV/dt alone depends on the current, and on nothing else of it than linearly: then equilibria are
        found through the current that holds each V, which is exact and quick.
        """
        return None

    def equilibria(self, current: float) -> tuple[Equilibrium, ...]:
        """Every equilibrium under a constant current, from the lowest voltage up; found once for equal equations."""
        return _equilibria(Equations(self), current)

    def beginning(self) -> tuple[np.ndarray, Start]:
        """Where every cell starts, and why: at the stable equilibrium of lowest voltage without stimulus, as a cell is found.

        A cell put exactly on an unstable one would stay there for ever; without a stable one it begins at `initial`.
        """
        for found in self.equilibria(0.0):
            if found.stable:
                return found.point, Start.REST
        return at_rest(self, np.array([self.initial]), np.zeros(1))[:, 0], Start.UNSTABLE

    def rest(self) -> np.ndarray:
        """Where every cell starts: the variables alone."""
        return self.beginning()[0]

    def integrate(self, bench: Bench, state: State, drive: np.ndarray, out: Out) -> int:
        """Advance all cells through the steps of `drive`; returns the steps done."""
        raise ModelError(f"{self._owner()} does not implement integrate().")

    def rate_theory(self, currents: np.ndarray) -> np.ndarray | None:
        """Closed-form rate (Hz) at constant currents, where there is one."""
        return None

    def threshold_theory(self, widths: np.ndarray) -> np.ndarray | None:
        """Closed-form amplitude of the least pulse of each width (ms) that makes a spike, where there is one."""
        return None

    @property
    def sweep_range(self) -> tuple[float, float]:
        """Lowest and highest constant stimulus of the tuning curve."""
        return 0.0, 20.0

    @property
    def crossing(self) -> float:
        """Value of V whose upward crossing is a spike."""
        raise ModelError(f"{self._owner()} does not say what it calls a spike (crossing).")

    @property
    def clamped(self) -> bool:
        """Whether the voltage is commanded."""
        return False

    @property
    def held(self) -> float:
        """Time after a spike during which the cell is held (ms)."""
        return 0.0

    def terms(self) -> CellTerms:
        """Kind, changes, numbers and reset in words that other programs understand; the rest of the terms is known here."""
        raise ModelError(f"{self.title}: it says its equations in no words of other programs.")

    def portable(self, constants: Bench, state: State) -> CellTerms:
        """The equations of the first cell, from where it stands."""
        if self.clamped:
            raise ModelError("Under a voltage clamp the cell has no spikes to compare: tell a run in current clamp.")
        start = {name: float(state[name][0]) for name in self.variables}
        return replace(self.terms(), start=start, level=self.crossing, unit=self.units[0], current_unit=self.drive_unit, held=self.held)

    @property
    def small_spike(self) -> tuple[float, float] | None:
        """Lowest peak, and least rise to it, of spikes that stay below `crossing`; None for a cell that has none."""
        return None

    def after_spike(self, y: np.ndarray) -> np.ndarray | None:
        """Where a spike at the variables y puts the cell; None for a cell that comes back by itself."""
        return None

    def silent(self, **more: Any) -> Self:
        """This cell without any stimulus, and with whatever else is given: one value, however much changes."""
        return self.replace(**{"stimulus": "step", "current": 0.0, "offset": 0.0, "spread": 0.0, "onset": 0.0, "width": 0.0} | more)

    # -- the contract --

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def default_steps(self) -> int:
        drawn = max(p[0] for p in self.drawn) if self.stimulus == "drawn" else 0.0
        return self.steps_for(max(1000.0, drawn))

    @property
    def speed(self) -> float | None:
        return 50.0

    @property
    def streams(self) -> tuple[Stream, ...]:
        found = [
            Stream("V", "trace", self.units[0], "Membrane potential of the first cell.", every=self._coarse()),
            Stream("current", "trace", self.drive_unit, "Stimulus of the first cell.", every=self._coarse()),
            Stream("spikes", "raster", "", "Spikes of all cells, timed within the step.", (self.cells,)),
        ]
        if self.cells > 1:
            r = min(self.cells, self.shown)
            found.append(
                Stream(
                    "V_cells",
                    "trace",
                    self.units[0],
                    "Membrane potential of the first cells.",
                    (r,),
                    tuple(f"cell {i}" for i in range(r)),
                    every=self._coarse(),
                )
            )
        if self.plane:
            x, y = self.plane
            unit = dict(zip(self.variables, self.units, strict=True))
            still = f"Where {x} and where {y} stands still."
            found.append(Stream("nullclines", "curve", unit[y], still, channels=(x, f"d{x}/dt = 0", f"d{y}/dt = 0"), x_unit=unit[x]))
            rest = "Equilibria under the present current."
            found.append(Stream("equilibria", "curve", unit[y], rest, channels=(x, "stable", "unstable"), x_unit=unit[x]))
            found.append(Stream("fixed_points", "table", "", "Equilibria under the present current, with their kind and eigenvalues."))
        if self.shadow:
            found.append(accuracy.STREAM)
        return tuple(found)

    def _coarse(self) -> int:
        """Recording interval that keeps the shape of a spike: 0.1 ms."""
        return max(1, round(0.1 / self.dt))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        voltage = Picture(
            "voltage", "Membrane potential", (Layer("V"),), y=f"V ({self.units[0]})".replace(" ()", ""), window=100.0, figures=("spikes", "rate (Hz)"), weight=2.0, front=True
        )  # fmt: skip
        found = [
            voltage,
            Picture(
                "stimulus",
                "Stimulus",
                (Layer("current", style="fill"),),
                y=f"I ({self.drive_unit})".replace(" ()", ""),
                window=100.0,
                weight=0.6,
                handles=self.stimulus_handles,
                doc="Drag the level or an edge, draw it by hand, or drop a file on it.",
            ),
        ]
        if self.cells > 1:
            found.append(Picture("raster", "Spikes", (Layer("spikes"),), y="cell", window=200.0, front=True))
            found.append(Picture("cells", "Several cells", (Layer("V_cells"),), y=f"V ({self.units[0]})".replace(" ()", ""), window=100.0))
        if self.shadow:
            found.append(accuracy.PICTURE)
        return tuple(found)

    @property
    def stimulus_handles(self) -> tuple[Handle, ...]:
        """What is taken hold of in the strip of the stimulus."""
        level = (Handle("current", "y", "offset"),)
        return (*level, Handle("onset", "x"), Handle("width", "x", "onset"), Handle("drawn", "draw", "onset"), Handle("file", "file"))

    rig: ClassVar[tuple[str, ...]] = ("voltage", "stimulus")  # pictures on one axis of time

    @property
    def stage(self) -> Stage:
        """The rig, and beside it what explains it."""
        strips = (*self.rig, *(("raster",) if self.cells > 1 else ()))
        known = {p.name for p in self.pictures}
        beside = tuple(name for name in ("plane", "f_I") if name in known)
        several = (("Several cells", ("cells",)),) if self.cells > 1 else ()
        return Stage(Strips("rig", "Rig", strips), beside, drawers=several)

    def plane_picture(self, trajectory: Layer, present: Layer, **more: Any) -> Picture:
        """The phase plane: nullclines, equilibria, the trajectory so far and the moving point."""
        assert self.plane
        x, y = self.plane
        layers = (
            Layer("nullclines", channel=0, style="dashed", label=f"{x} still", series=(1,)),
            Layer("nullclines", channel=1, style="dashed", label=f"{y} still", series=(2,)),
            Layer("equilibria", channel=0, style="points", label="stable", meaning="a small push dies out", series=(5,)),
            Layer("equilibria", channel=1, style="rings", label="unstable", meaning="a small push grows", series=(5,)),
            replace(trajectory, series=(0,)),
            present,
        )
        unit = dict(zip(self.variables, self.units, strict=True))
        names = [f"{v} ({unit[v]})" if unit[v] else v for v in (x, y)]
        return Picture(
            "plane",
            "Phase plane",
            layers,
            x=names[0],
            y=names[1],
            window=100.0,
            x_range=self.plane_shown or self.plane_range[0],
            y_range=self.plane_range[1],
            **more,
        )

    def memory(self) -> int:
        return 8 * self.cells * (len(self.variables) + 8 + recent.KEPT)

    def build(self, seed: int) -> Bench:
        place = np.zeros(self.cells)
        if self.spread > 0.0:  # a single cell does not wait for the compilation of random numbers
            normals(seed_state(seed, 1), place)
        return Bench(self.sampled_waveform(), place, np.zeros(self.cells))

    def start(self, constants: Bench, seed: int) -> State:
        point, why = self.beginning()
        state: State = {name: np.full(self.cells, point[i]) for i, name in enumerate(self.variables)}
        state |= stimulus.memory(seed_state(seed, 2))
        state |= {
            "step": np.zeros(1, np.int64),
            "noise": np.zeros(self.cells),
            "cell_rng": seed_state(seed, 3),
            "now": np.zeros(1),
            "spike_count": np.zeros(self.cells, np.int64),
            "last_spike": np.full(self.cells, -1.0),
            "intervals": np.zeros(4),
            "began": np.array([point[0], float(why)]),
            "recent": recent.none(self.cells),
            "since": np.zeros(1, np.int64),
        }
        return state | accuracy.begin(self) if self.shadow else state

    def state_bounds(self, constants: Bench, state: State, step: int) -> dict[str, Bound]:
        """What is counted, why it began where it did, and where its shadow stands; a cell is at step `step` of its stimulus."""
        found = {
            "step": Bound(step, step), "spike_count": COUNT, "since": COUNT,
            "began": Bound((-math.inf, 0), (math.inf, len(Start) - 1)),
        }  # fmt: skip
        return found | accuracy.state_bounds(self, step) if self.shadow else found

    def advance(self, constants: Bench, state: State, n: int, out: Out) -> int:
        n = min(n, accuracy.room(state, self.dt) if self.shadow else CHUNK)
        names = ("phase", "shared_noise", "noise_rng", "pulse")
        before = [state[name].copy() for name in names]
        seen = int(out.events["spikes"].count[0])
        drive = self._drive(constants, state, n)
        done = self.integrate(constants, state, drive, out)
        if done < n:
            # The spikes of a step did not fit: take the stimulus back to the step that was reached.
            for name, value in zip(names, before, strict=True):
                state[name][:] = value
            self._drive(constants, state, done)
        events = out.events["spikes"]
        new = slice(seen, int(events.count[0]))
        times = (state["step"][0] + events.steps[new] + events.value[new]) * self.dt
        recent.remember(state["recent"], events.index[new], times)
        if self.shadow:
            accuracy.follow(self, state, drive[:done] + self.cell_currents(constants)[0], times, out)
        state["step"] += done
        return done

    def drive_of_one(self, constants: Bench, state: State, n: int) -> np.ndarray:
        """Stimulus (n,) of a cell that is alone, of the next n steps; it moves what the stimulus remembers."""
        return self._drive(constants, state, n) + self.cell_currents(constants)[0]

    def _drive(self, constants: Bench, state: State, n: int) -> np.ndarray:
        return self.stimulate(constants.recording, state, n, self.dt, self.cells == 1 or self.same_noise)

    def noise_step(self) -> tuple[Callable, float, float]:
        """Kernel that moves each cell's own noise current by a step, with its decay and increment."""
        if self.stimulus != "noise" or self.cells == 1 or self.same_noise or self.sigma == 0.0:
            return no_noise, 0.0, 0.0
        decay = math.exp(-self.dt / self.noise_time)
        return advance_noise, decay, self.sigma * math.sqrt(1.0 - decay * decay)

    def supply(self, bench: Bench, state: State, drive: np.ndarray) -> tuple[Callable, Supply]:
        """The kernel that moves each cell's own noise current, and everything that makes up the cells' currents."""
        move, decay, increment = self.noise_step()
        return move, Supply(drive, self.cell_currents(bench), state["noise"], state["cell_rng"], decay, increment)

    def spikes(self, state: State, out: Out) -> Spikes:
        """Where a kernel writes the spikes of a block."""
        return Spikes(*out.events["spikes"].columns, state["spike_count"], state["last_spike"], state["intervals"])

    def cell_currents(self, constants: Bench) -> np.ndarray:
        """Constant current of each cell besides the stimulus."""
        return constants.own + self.spread * constants.place

    def changed_live(self, before: Model, constants: Bench, state: State) -> None:
        assert isinstance(before, Neuron)
        if self.stimulus != before.stimulus:
            state["noise"][:] = 0.0
            state["shared_noise"][:] = 0.0
        if self.shadow:
            accuracy.changed(before, state)
        if self.cells == 1 and not self.clamped:
            self._leave_the_edge(state)

    def _leave_the_edge(self, state: State) -> None:
        """Push a cell that a change has left exactly on an unstable equilibrium by a little: no real cell could balance there.

        Time constants do not move an equilibrium but decide whether it is stable; in exact arithmetic it would hold for ever.
        """
        point, current = np.array([state[name] for name in self.variables]), float(state["now"][0])
        (lo, hi), _ = self.plane_range
        if not (np.abs(self.drift(point, np.array([current]))) < 1e-7 * (hi - lo)).all():
            return
        if (np.linalg.eigvals(jacobian(self, point[:, 0], current)).real > 0).any():
            for voltage in (state["V"], state["shadow_point"][:1]) if self.shadow else (state["V"],):
                voltage += 1e-4 * (hi - lo)

    def observe(self, constants: Bench, state: State, stream: str) -> Any:
        if stream == "nullclines":
            return self.nullclines(state)
        if stream == "equilibria" and self.plane:
            i, j = (self.variables.index(v) for v in self.plane)
            found = self._present_equilibria(state)
            rows = [(e.point[i], e.point[j] if e.stable else math.nan, math.nan if e.stable else e.point[j]) for e in found]
            return np.array(rows).reshape(-1, 3).T
        if stream == "fixed_points" and self.plane:
            found = self._present_equilibria(state)
            shown = [
                (self.variables.index(v), f"{v} ({u})" if u else v)
                for v, u in zip(self.variables, self.units, strict=True)
                if v in self.plane
            ]
            return [{"kind": e.kind, **{name: float(e.point[i]) for i, name in shown}, "eigenvalues (1/ms)": e.spectrum} for e in found]
        return super().observe(constants, state, stream)

    def _present_equilibria(self, state: State) -> Sequence[Equilibrium]:
        """Equilibria under the present current."""
        return self.equilibria(float(state["now"][0]))

    def nullclines(self, state: State, points: int = 201) -> np.ndarray:
        """Where each variable of the phase plane stands still, the others as they are (rows x, x-nullcline, y-nullcline)."""
        assert self.plane
        (x0, x1), (y0, y1) = self.plane_range
        i, j = (self.variables.index(v) for v in self.plane)
        x = np.linspace(x0, x1, points)
        y = np.tile(np.array([[state[v][0]] for v in self.variables]), 2 * points)
        y[i] = np.tile(x, 2)
        current = np.full(2 * points, float(state["now"][0]))

        def change(value: np.ndarray) -> np.ndarray:
            """Of the horizontal variable in the first half, of the vertical one in the second."""
            y[j] = value
            change = self.drift(y, current)
            return np.concatenate([change[i, :points], change[j, points:]])

        lo, hi = self.nullcline_range or (2 * y0 - y1, 2 * y1 - y0)
        return np.stack([x, *bisect(change, lo, hi, 2 * points, 32).reshape(2, points)])

    def present_rate(self, constants: Bench, state: State) -> float:
        """How fast the cells fire now (Hz): 0 once they have stopped, by themselves or because the drive is over."""
        return recent.rate(state["recent"], float(state["step"][0]) * self.dt, self.drive_ends(constants.recording))

    def summary(self, constants: Bench, state: State) -> dict[str, Any]:
        time = float(state["step"][0] - state["since"][0]) * self.dt
        spikes = int(state["spike_count"].sum())
        out: dict[str, Any] = {"spikes": spikes, "rate (Hz)": self.present_rate(constants, state)}
        if out["rate (Hz)"] == 0.0 and (before := recent.fired(state["recent"])):
            out["rate until the last spike (Hz)"], out["last spike (ms)"] = before
        out["mean rate (Hz)"] = 1000.0 * spikes / (self.cells * time) if time else 0.0
        count, total, squares, last = state["intervals"]
        if count:
            mean = total / count
            out["mean interval (ms)"] = float(mean)
            out["CV"] = float(math.sqrt(max(0.0, squares / count - mean * mean)) / mean)
            out["last interval (ms)"] = float(last)
        V, why = state["began"]
        out["start"] = f"{self.variables[0]} = {V:.6g} {self.units[0]}".strip() + f" ({Start(int(why)).words})"
        return out | accuracy.figures(self, state) if self.shadow else out

    def may_differ(self) -> frozenset[str]:
        """The currents, where they are constant from the first step on."""
        return abreast.may_differ(self)

    def summaries(self, others: Sequence[Model], steps: int) -> list[dict[str, Any]] | None:
        """All of them as one population."""
        cells = [cell for cell in others if isinstance(cell, Neuron)]
        states = abreast.finals(cells, steps)
        return None if states is None else self.summaries_of(cells, states)

    def summaries_of(self, cells: Sequence[Neuron], states: Sequence[State]) -> list[dict[str, Any]]:
        """The summary of each cell from its state; a hook for cells that measure something for each, better done for all at once."""
        return [cell.summary(cell.build(0), state) for cell, state in zip(cells, states, strict=True)]

    # -- actions --

    @action("Back to rest", shortcut="R")
    def to_rest(self, constants: Bench, state: State) -> None:
        """Put every cell back to where it started; time goes on."""
        fresh = self.start(constants, 0)
        if self.shadow:
            accuracy.to_rest(self, state)
        for name in self.carried():
            state[name][:] = fresh[name]

    @action("Count anew")
    def recount(self, constants: Bench, state: State) -> None:
        """Forget what was counted so far: spikes, rates, intervals and CV start again."""
        state["intervals"][:] = 0.0
        state["last_spike"][:] = -1.0
        state["spike_count"][:] = 0
        state["recent"][:] = -1.0
        state["since"][:] = state["step"]

    def carried(self) -> tuple[str, ...]:
        """State that belongs to the cells (not to stimulus or counters)."""
        return self.variables

    # -- protocols --

    def sweep(self, currents: np.ndarray, duration: float, transient: float = 0.0, **more: Any) -> Sweep:
        """Start a sweep: one population, one cell for each constant current, spikes counted after `transient` ms; `more` is changed of the cell."""
        return Sweep(self, np.asarray(currents, float), duration, transient, **more)

    def response(self, current: float, duration: float) -> np.ndarray:
        """Time (ms) and V of this cell after a constant current is switched on at rest: rows of a curve."""
        one = Sweep(self, np.array([current]), duration, 0.0)
        state = one.start()
        V = np.empty(one.steps)
        one.advance(state, one.steps, V)
        return np.vstack([one.cell.dt * np.arange(one.steps + 1), [one.start()["V"][0], *V]])


class Equations:
    """A cell as far as its equations go: equal for cells that differ in what `Neuron` itself declares (stimulus, number, step)."""

    def __init__(self, cell: Neuron):
        self.cell = cell
        self._key = (type(cell), *(getattr(cell, name) for name in type(cell).model_fields if name not in Neuron.model_fields))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equations) and self._key == other._key


@lru_cache(128)
def _equilibria(equations: Equations, current: float) -> tuple[Equilibrium, ...]:
    found = tuple(equilibria(equations.cell, current))
    for one in found:
        one.point.flags.writeable = False
    return found
