"""Cells of two variables: one integrator, one phase plane and one f-I curve for every cell that says its equations.

A cell's file writes its equations once, as a kernel `slope(V, w, current, p)` of numbers, makes an integrator of them, and
names the variables:

    @kernel
    def _slope(V, w, current, p):
        return V - V * V * V / 3.0 - w + current, p[0] * (V + p[1] - p[2] * w)

    class FitzHughNagumo(PlanarNeuron):
        integrator = integrator(_slope)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np

from lab.cells.firing import FiringNeuron
from lab.cells.neuron import FIXED_POINTS, Bench
from lab.cells.spikes import record_spike
from lab.cells.sweeps import Sweep
from lab.kernels import kernel
from lab.model import Layer, Out, Picture, State, Stream, param

MOST = 3  # spikes of one cell in one step that are followed; more need a smaller step
GENTLE = 160  # parts of a step, or of a step after a spike in it, that keep to the swing; from there on it doubles


class Firing(NamedTuple):
    """When a cell fires, where that puts it, and how far each variable may move in one part of a step."""

    resets: bool
    crossing: float
    V_reset: float
    jump: float
    swing_V: float
    swing_w: float


class Traces(NamedTuple):
    """What is recorded of a block, each step by step or empty: of the first cell, and V of the first cells."""

    V: np.ndarray
    w: np.ndarray
    current: np.ndarray
    cells: np.ndarray


@dataclass(frozen=True)
class Integrator:
    """Two kernels made from a cell's equations: their values at many points, and the cells' way through time."""

    field: Callable
    advance: Callable


class PlanarNeuron(FiringNeuron):
    """Base of cells with two variables, with or without a reset after the spike.

    Classical Runge-Kutta of fourth order. A step in which a variable moves further than `swing` is cut into parts, so the
    steep end of a spike is as accurate as the rest. A spike is an upward crossing of `crossing`, found within the part by
    the cubic through its ends; a cell with a reset goes on from there for the rest of the step.
    """

    integrator: ClassVar[Integrator]
    swing: ClassVar[tuple[float, float]]  # how far each variable may move in one part of a step
    rig = ("voltage", "stimulus", "second")
    f_I_times: ClassVar[tuple[float, float]] = (300.0, 1000.0)  # ms of the f-I curve: before counting, and in all

    dt: float = param(
        0.05, "ms", lo=0.001, hi=0.2, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Time step."
    )

    # -- hooks --

    @property
    def numbers(self) -> np.ndarray:
        """Parameters as the equations take them."""
        raise NotImplementedError

    @property
    def reset(self) -> tuple[float, float] | None:
        """V after a spike, and what a spike adds to the second variable; None for a cell that comes back by itself."""
        return None

    @property
    def present_swing(self) -> tuple[float, float]:
        """How far each variable may move in one part of a step, now."""
        return self.swing

    # -- the bench --

    def after_spike(self, y: np.ndarray) -> np.ndarray | None:
        return np.array([self.reset[0], y[1] + self.reset[1]]) if self.reset else None

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        y = np.ascontiguousarray(y, float)
        out = np.empty_like(y)
        self.integrator.field(y, np.ascontiguousarray(current, float), self.numbers, out)
        return out

    @property
    def streams(self) -> tuple[Stream, ...]:
        axis = ("I", "rate")
        return (
            *super().streams,
            Stream(self.variables[1], "trace", self.units[1], "Second variable of the first cell.", every=self._coarse()),
            Stream("f_I", "curve", "Hz", "Rate against constant current of this very cell.", channels=axis, x_unit=self.drive_unit),
            Stream("present_f_I", "curve", "Hz", "Where the present current lies.", channels=axis, x_unit=self.drive_unit),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        first, second, *rest = super().pictures
        w = self.variables[1]
        unit = f" ({self.units[1]})" if self.units[1] else ""
        current = f"I ({self.drive_unit})" if self.drive_unit else "I"
        return (
            first,
            self.plane_picture(Layer(w, x="V", label="trajectory"), Layer(w, x="V", style="marker", label="now"), front=True),
            replace(FIXED_POINTS, weight=1.4),
            Picture("second", "Recovery", (Layer(w),), y=f"{w}{unit}", window=first.window),
            second,
            Picture(
                "f_I", "Rate against current", (Layer("f_I"), Layer("present_f_I", style="points", label="now")), x=current, y="rate (Hz)"
            ),
            *rest,
        )

    def integrate(self, bench: Bench, state: State, drive: np.ndarray, out: Out) -> int:
        move_noise, supply = self.supply(bench, state, drive)
        second = self.variables[1]
        V_reset, jump = self.reset or (0.0, 0.0)
        firing = Firing(self.reset is not None, self.crossing, V_reset, jump, *self.present_swing)
        traces = Traces(out["V"], out[second], out["current"], out["V_cells"] if self.cells > 1 else np.empty((0, 1)))
        spikes = self.spikes(state, out)
        return self.integrator.advance(
            state["V"], state[second], move_noise, supply, self.numbers, firing, self.dt, state["step"][0], state["now"], spikes, traces
        )

    def f_I(self) -> np.ndarray:
        """Rate (Hz) at 41 constant currents of the cell's range, from rest: one population of this cell."""
        specs = type(self).specs()
        own = {
            name: value for name, value in self.changed().items() if specs[name].group not in ("Stimulus", "Population") and name != "dt"
        }
        return _rates(type(self), json.dumps(own, sort_keys=True))

    def remedy(self, stream: str) -> str:
        return "use a smaller step or parameters nearer to a preset"


@lru_cache(64)
def _rates(kind: type[PlanarNeuron], changed: str) -> np.ndarray:
    cell = kind(**json.loads(changed), dt=0.1)
    currents = np.linspace(*cell.sweep_range, 41)
    transient, duration = kind.f_I_times
    sweep = cell.sweep(currents, duration, transient)
    state = sweep.start()
    for _ in range(20):
        sweep.advance(state, sweep.steps // 20)
        # A reset above threshold fires as fast as steps allow: a rate beyond 1000 Hz is counted, and not for long.
        if state["spike_count"].sum() > duration * len(currents):
            return np.vstack([currents, 1000.0 * state["spike_count"] / (float(state["step"][0]) * cell.dt)])
        if not (np.abs(state["V"]) < 1e5).all():
            break  # equations without a way back, such as an adaptation that pulls the cell down: nothing more will come
    return np.vstack([currents, Sweep.rates(state)])


# ---------------------------------------------------------------------------------------------------------------------
# Kernels


@kernel
def _hermite(s, a, b, da, db):
    """Cubic through a at s = 0 and b at s = 1 with slopes da and db."""
    t = 1.0 - s
    return a * t * t * (1.0 + 2.0 * s) + b * s * s * (3.0 - 2.0 * s) + s * t * (da * t - db * s)


@kernel
def _when(level, a, b, da, db):
    """Where in 0..1 the cubic through a < level <= b crosses the level upward: bisection, so nothing can go wrong."""
    lo, hi = 0.0, 1.0
    for _ in range(50):
        middle = 0.5 * (lo + hi)
        if _hermite(middle, a, b, da, db) < level:
            lo = middle
        else:
            hi = middle
    return hi


def integrator(slope: Callable) -> Integrator:
    """The integrator of a cell whose equations are the kernel `slope(V, w, current, p) -> (dV/dt, dw/dt)`."""

    @kernel
    def field(y, current, p, out):
        for j in range(y.shape[1]):
            out[0, j], out[1, j] = slope(y[0, j], y[1, j], current[j], p)

    @kernel
    def advance(V, w, move_noise, supply, p, firing, dt, step, now, into, out):
        drive, own, noise, rng, decay, increment = supply
        resets, crossing, V_reset, jump, swing_V, swing_w = firing
        cells = len(V)
        for k in range(len(drive)):
            if into.used[0] + MOST * cells > len(into.step):
                return k
            move_noise(noise, rng, decay, increment)
            before = into.used[0]
            for i in range(cells):
                current = drive[k] + own[i] + noise[i]
                v, u, left = V[i], w[i], dt
                spikes, parts, wide = 0, 0, 1.0
                while left > 0.0 and spikes < MOST:
                    if resets and v >= crossing:  # the crossing was lowered below the membrane
                        record_spike(k, i, 1.0 - left / dt, step, dt, into)
                        spikes += 1
                        v = V_reset
                        u += jump
                    a, c = slope(v, u, current, p)
                    h = left
                    moves = max(abs(a) / swing_V, abs(c) / swing_w) * left
                    if parts > GENTLE:
                        wide *= 2.0
                    if moves > wide:
                        h = left * wide / moves
                    parts += 1
                    a2, c2 = slope(v + 0.5 * h * a, u + 0.5 * h * c, current, p)
                    a3, c3 = slope(v + 0.5 * h * a2, u + 0.5 * h * c2, current, p)
                    a4, c4 = slope(v + h * a3, u + h * c3, current, p)
                    v1 = v + h / 6.0 * (a + 2.0 * a2 + 2.0 * a3 + a4)
                    u1 = u + h / 6.0 * (c + 2.0 * c2 + 2.0 * c3 + c4)
                    left = left - h if h < left else 0.0
                    if v < crossing and v1 >= crossing:
                        b, d = slope(v1, u1, current, p)
                        s = _when(crossing, v, v1, h * a, h * b)
                        back = (1.0 - s) * h if resets else 0.0
                        fraction = 1.0 - (left + (1.0 - s) * h) / dt
                        record_spike(k, i, fraction, step, dt, into)
                        spikes += 1
                        if resets:
                            u1 = _hermite(s, u, u1, h * c, h * d) + jump
                            v1 = V_reset
                            left += back
                            parts, wide = 0, 1.0
                    v, u = v1, u1
                V[i] = v
                w[i] = u
            now[0] = drive[k] + own[0] + noise[0]
            if len(out.V) > 0:
                out.V[k] = V[0]
                # The sample of a step with a spike shows its top: the trace would else end anywhere on the way up.
                if resets and into.used[0] > before and into.cell[before] == 0:
                    out.V[k] = crossing
            if len(out.w) > 0:
                out.w[k] = w[0]
            if len(out.current) > 0:
                out.current[k] = now[0]
            for j in range(out.cells.shape[1] if len(out.cells) > 0 else 0):
                out.cells[k, j] = V[j]
        return len(drive)

    return Integrator(field, advance)
