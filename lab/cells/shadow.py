"""The shadow of a cell: the same equations by SciPy's eighth-order method (DOP853) at tight tolerance, spike by spike.

Nothing of the cell's own integration is used but its equations (`motion`), what counts as a spike (`crossing`) and what
follows it (`after_spike`, `held`): so the difference between a run and its shadow is the error of the run. A cell with a
reset is integrated from spike to spike, each found by event location. `lab.cells.accuracy` lets a shadow follow a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lab.cells.cell import Firing
from lab.errors import ModelError

MOST = 10_000  # spikes of one call; a cell that fires more often is not followed
LONG = 8  # steps of equal current that are integrated as one stretch
JUMP = 8.0  # times larger than its neighbours: a change of current from step to step that is an edge


@dataclass(frozen=True)
class Shadow:
    """Where a shadow stands: time (ms), variables, until when the cell is held after its last spike, and what it cost.

    evaluations   how often the equations have been evaluated
    low, counted  lowest V since its last peak, and whether a spike has been counted since: for spikes that stay small
    """

    time: float
    point: np.ndarray
    held_until: float = 0.0
    evaluations: int = 0
    low: float = math.inf
    counted: bool = False

    def advance(
        self, cell: Firing, current: float | Callable[[float], float], end: float, tolerance: float = 1e-11
    ) -> tuple[Shadow, np.ndarray]:
        """Go on to time `end` under a current, constant or smooth in time; returns where it stands then, and the spikes on the way (ms).

        Raises ModelError where the equations run away or the cell fires without end.
        """
        from scipy.integrate import solve_ivp

        motion = cell.motion()

        def equations(t: float, y: np.ndarray) -> Sequence[float] | np.ndarray:
            return motion(y, current(t) if callable(current) else current)

        level = cell.crossing

        def crossing(t: float, y: np.ndarray) -> float:
            return y[0] - level

        crossing.direction = 1.0  # type: ignore[attr-defined]
        resets = cell.after_spike(self.point) is not None
        crossing.terminal = resets  # type: ignore[attr-defined]

        def peak(t: float, y: np.ndarray) -> float:
            return equations(t, y)[0]

        peak.direction = -1.0  # type: ignore[attr-defined]
        small = cell.small_spike
        events = [crossing] if small is None else [crossing, peak]
        at, times = self, []
        while at.time < end:
            if at.held_until > at.time:
                at = replace(at, time=min(at.held_until, end))
                continue
            if resets and at.point[0] >= level:  # the level was lowered below the membrane: the cell fires at once
                after = cell.after_spike(at.point)
                assert after is not None
                times.append(at.time)
                at = replace(at, point=after, held_until=at.time + cell.held)
            else:
                with np.errstate(over="ignore", invalid="ignore"):  # what runs away is told below
                    found = solve_ivp(
                        equations, (at.time, end), at.point, method="DOP853", rtol=tolerance, atol=0.1 * tolerance, events=events
                    )
                t, point = float(found.t[-1]), found.y[:, -1]
                if not found.success or not np.isfinite(point).all():
                    raise ModelError(f"the shadow cannot go on from {at.time:.6g} ms: the equations run away or are too stiff for it.")
                held, low, counted = at.held_until, at.low, at.counted
                if small is None:
                    times.extend(found.t_events[0])
                else:
                    spikes, low, counted = _with_small(found, small, level, low, counted)
                    times.extend(spikes)
                if resets and len(found.t_events[0]):
                    after = cell.after_spike(found.y_events[0][-1])
                    assert after is not None
                    point, held = after, t + cell.held
                at = Shadow(t, point, held, at.evaluations + found.nfev, low, counted)
            if len(times) > MOST:
                raise ModelError(f"the shadow stops at {at.time:.6g} ms: the cell fires without end.")
        return at, np.array(times)

    def through(self, cell: Firing, drive: np.ndarray, dt: float, *, smooth: bool, tolerance: float = 1e-11) -> tuple[Shadow, np.ndarray]:
        """Go on through the steps of a stimulus (steps,), each of length dt; returns where it stands then, and the spikes.

        smooth   the values are those at the middle of each step of a smooth waveform, not held over the step
        """
        at, begin, times = self, self.time, []
        for first, last, current in stretches(drive, dt, begin, smooth):
            end = begin + last * dt
            quick = at.leap(cell, current, end, tolerance) if last - first == 1 and not callable(current) else None
            if quick is not None:
                at = quick
                continue
            at, found = at.advance(cell, current, end, tolerance)
            times.append(found)
        return at, np.concatenate(times) if times else np.empty(0)

    def leap(self, cell: Firing, current: float, end: float, tolerance: float) -> Shadow | None:
        """One step of the same method under a constant current; None where it holds a spike or is not accurate enough.

        Noise has a current of its own in each step, for which a solver would be set up anew.
        """
        from scipy.integrate import DOP853

        level = cell.crossing
        if self.held_until > self.time or (self.point[0] >= level and cell.after_spike(self.point) is not None):
            return None
        h, motion, stages = end - self.time, cell.motion(), np.empty((DOP853.n_stages + 1, len(self.point)))
        with np.errstate(over="ignore", invalid="ignore"):
            stages[0] = motion(self.point, current)
            for k in range(1, DOP853.n_stages):
                stages[k] = motion(self.point + h * (DOP853.A[k, :k] @ stages[:k]), current)
            after = self.point + h * (DOP853.B @ stages[:-1])
            stages[-1] = motion(after, current)
            error = h * np.abs(DOP853.E5 @ stages)
            if not (error <= tolerance * (0.1 + np.maximum(np.abs(self.point), np.abs(after)))).all():
                return None
        if self.point[0] < level <= after[0] or (stages[0, 0] > 0.0 >= stages[-1, 0] and cell.small_spike is not None):
            return None
        return Shadow(end, after, self.held_until, self.evaluations + len(stages), min(self.low, float(after[0])), self.counted)


def _with_small(found: Any, small: tuple[float, float], level: float, low: float, counted: bool) -> tuple[list[float], float, bool]:
    """Spikes of a solution, small ones included; (times, lowest V since the last peak, whether a spike has been counted since)."""
    lowest, rise = small
    times: list[float] = []
    crossings, peaks = found.t_events
    begin = -math.inf
    for top, y in zip(peaks, found.y_events[1], strict=True):
        up = crossings[(crossings > begin) & (crossings <= top)].tolist()
        low = min([low, *found.y[0, (found.t > begin) & (found.t <= top)].tolist()])
        if up:
            times += up
        elif not counted and lowest < y[0] < level and y[0] - low > rise:
            times.append(float(top))
        begin, low, counted = top, float(y[0]), False
    rest = crossings[crossings > begin].tolist()
    return times + rest, min([low, *found.y[0, found.t > begin].tolist()]), counted or bool(rest)


def stretches(drive: np.ndarray, dt: float, begin: float, smooth: bool) -> Iterator[tuple[int, int, float | Callable[[float], float]]]:
    """Cut a stimulus into stretches (first step, step after the last, current): constant, or a spline through the middles of steps.

    A smooth waveform is cut at its edges, where the current jumps, and where it stands still for a while.
    """
    if not len(drive):
        return
    change = np.diff(drive)
    if not smooth:
        cuts = [0, *(np.flatnonzero(change) + 1).tolist(), len(drive)]
        for first, last in pairwise(cuts):
            yield first, last, float(drive[first])
        return
    size = np.abs(change)
    beside = np.maximum(np.concatenate([size[1:], [0.0]]), np.concatenate([[0.0], size[:-1]]))
    edges = (np.flatnonzero(size > JUMP * beside + 1e-9 * (1.0 + np.abs(drive).max())) + 1).tolist() if len(drive) > 2 else []
    for lo, hi in pairwise([0, *edges, len(drive)]):
        start = lo
        moving = np.flatnonzero(np.diff(drive[lo:hi])) + lo + 1
        # Stretches between changes: long ones are constant, what lies between is a curve.
        for first, last in pairwise([lo, *moving.tolist(), hi]):
            if last - first >= LONG:
                if first > start:
                    yield start, first, _curve(drive[start:first], dt, begin + start * dt)
                yield first, last, float(drive[first])
                start = last
        if hi > start:
            yield start, hi, _curve(drive[start:hi], dt, begin + start * dt)


def _curve(values: np.ndarray, dt: float, begin: float) -> float | Callable[[float], float]:
    """The smooth current whose values at the middles of steps are these."""
    if len(values) < 4:
        return float(values.mean())
    from scipy.interpolate import CubicSpline

    return partial(_value, CubicSpline(begin + (np.arange(len(values)) + 0.5) * dt, values))


def _value(spline: Callable, t: float) -> float:
    return float(spline(t))


def spike_times(cell: Firing, current: float, duration: float, tolerance: float = 1e-11) -> np.ndarray:
    """Times (ms) of the spikes of a cell under a constant current switched on at rest."""
    return Shadow(0.0, np.asarray(cell.rest(), float)).advance(cell, current, duration, tolerance)[1]
