"""The accuracy dial: a shadow follows a run, and the difference of their spike times is the error of the run.

The shadow (`lab.cells.shadow`) has the run's own stimulus, step by step, and goes on in stretches of `STRETCH` ms that do not
depend on how the run is cut into blocks; everything that it remembers lies in arrays of the run's state, so a run with the
dial can be interrupted and replayed like any other, and the cell itself never reads them.

    state["shadow"]          numbers, in the order of the names below
    state["shadow_point"]    (variables,) where the shadow stands
    state["shadow_drive"]    (steps of a stretch,) stimulus since then
    state["shadow_waiting"]  (2, ROOM) spikes of the run, and of the shadow, whose counterpart has not come yet

The k-th spike of the run is compared with the k-th of the shadow.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np

from lab.cells.cell import Followed
from lab.cells.shadow import Shadow
from lab.errors import ModelError
from lab.model import MOST_STEPS, Bound, Events, Layer, Out, Picture, State, Stream

TOLERANCE = 1e-10
STRETCH = 5.0  # ms that the shadow goes at a time
ROOM = 256
SMOOTH = ("sine", "chirp", "ramp", "drawn", "file")  # kinds of stimulus whose steps stand for a curve
GOAL = 1.0  # per cent of an interval
TRIED = 6  # spikes over which steps are tried
LONGEST = 400.0  # ms within which these spikes must come

# Places in state["shadow"].
DONE, HELD, COST, LOW, COUNTED, OWN, ITS, COMPARED, APART, WHOLE, LAST, WORST, LAST_OWN, LAST_ITS, STEADY, LOST = range(16)

STREAM = Stream("spike_error", "trace", "ms", "Spike time of the run less that of its shadow.", (1,), ("error",), events=True, every=1)
PICTURE = Picture(
    "accuracy", "Accuracy", (Layer("spike_error", style="points", label="error"),), y="error (ms)",
    figures=("spike-time error (%)", "step for 1 % (ms)"), weight=0.8, front=True,
    doc="Each point is one spike: how much later it comes than the same spike of the same cell integrated by DOP853.",
)  # fmt: skip


def stretch_steps(dt: float) -> int:
    """Steps of one stretch of the shadow."""
    return max(1, round(STRETCH / dt))


def begin(cell: Followed) -> State:
    """What a run with the dial has in its state besides."""
    numbers = np.zeros(16)
    numbers[LOW] = cell.rest()[0]
    return {
        "shadow": numbers,
        "shadow_point": np.array(cell.rest(), float),
        "shadow_drive": np.zeros(stretch_steps(cell.dt)),
        "shadow_waiting": np.zeros((2, ROOM)),
    }


def state_bounds(cell: Followed, step: int) -> dict[str, Bound]:
    """How far its numbers may go: where the shadow stands is within a stretch of the run, and not more spikes wait than there is room for."""
    least, most = np.full(16, -np.inf), np.full(16, np.inf)
    least[[DONE, HELD, COST, COUNTED, OWN, ITS, COMPARED, STEADY, LOST]] = 0
    least[DONE], most[DONE] = max(0, step - stretch_steps(cell.dt)), step
    most[[COST, OWN, ITS, COMPARED, STEADY]] = MOST_STEPS
    most[[COUNTED, LOST]] = 1, 2
    return {"shadow": Bound(least, most)}


def room(state: State, dt: float) -> int:
    """Steps until the shadow goes on: a run with the dial advances no further at a time."""
    return stretch_steps(dt) - int(state["step"][0] - state["shadow"][DONE])


def follow(cell: Followed, state: State, drive: np.ndarray, spikes: np.ndarray, out: Out) -> None:
    """Take note of steps that the run has just done (state["step"] is still before them), and go on when a stretch is full.

    drive   (steps,) stimulus of the cell; spikes (n,) its spike times in them (ms)
    """
    numbers = state["shadow"]
    if numbers[LOST]:
        return
    filled = int(state["step"][0] - numbers[DONE])
    state["shadow_drive"][filled : filled + len(drive)] = drive
    _wait(state, OWN, spikes)
    if filled + len(drive) == len(state["shadow_drive"]):
        catch_up(cell, state, filled + len(drive))
    for error in _compare(state):
        out.events[STREAM.name].append(len(drive) - 1, 0, error)


def catch_up(cell: Followed, state: State, steps: int | None = None) -> None:
    """Let the shadow do the steps that the run has done since it stopped last: at the end of a stretch, or before something changes."""
    numbers = state["shadow"]
    steps = int(state["step"][0] - numbers[DONE]) if steps is None else steps
    if numbers[LOST] or steps == 0:
        return
    now = Shadow(
        numbers[DONE] * cell.dt, state["shadow_point"].copy(), numbers[HELD], int(numbers[COST]), numbers[LOW], bool(numbers[COUNTED])
    )
    try:
        then, spikes = now.through(cell, state["shadow_drive"][:steps], cell.dt, smooth=cell.stimulus in SMOOTH, tolerance=TOLERANCE)
    except ModelError:
        numbers[LOST] = 1.0
        return
    state["shadow_point"][:] = then.point
    numbers[HELD], numbers[COST], numbers[LOW], numbers[COUNTED] = then.held_until, then.evaluations, then.low, then.counted
    numbers[DONE] += steps
    _wait(state, ITS, spikes)


def changed(before: Followed, state: State) -> None:
    """Before parameters change: go on to now with the old ones, and tell steps anew after the next spikes."""
    catch_up(before, state)
    state["shadow"][STEADY] = state["shadow"][COMPARED]


def to_rest(cell: Followed, state: State) -> None:
    """The cell is put back to rest: so is its shadow."""
    catch_up(cell, state)
    state["shadow_point"][:] = cell.rest()
    state["shadow"][HELD] = 0.0


def _wait(state: State, whose: int, spikes: np.ndarray) -> None:
    """Add spikes to those that wait for their counterpart."""
    numbers, row = state["shadow"], state["shadow_waiting"][whose - OWN]
    count = int(numbers[whose] - numbers[COMPARED])
    if count + len(spikes) > ROOM:
        numbers[LOST] = 2.0  # the one fires where the other does not
        return
    row[count : count + len(spikes)] = spikes
    numbers[whose] += len(spikes)


def _compare(state: State) -> list[float]:
    """Pair the waiting spikes; returns the errors (ms) of the new pairs."""
    numbers, waiting = state["shadow"], state["shadow_waiting"]
    n = int(min(numbers[OWN], numbers[ITS]) - numbers[COMPARED])
    if n <= 0:
        return []
    own, its = np.concatenate([[numbers[LAST_OWN]], waiting[0, :n]]), np.concatenate([[numbers[LAST_ITS]], waiting[1, :n]])
    errors = own[1:] - its[1:]
    numbers[APART] += np.abs(np.diff(own) - np.diff(its)).sum()
    numbers[WHOLE] += np.diff(its).sum()
    numbers[LAST], numbers[LAST_OWN], numbers[LAST_ITS] = errors[-1], own[-1], its[-1]
    numbers[WORST] = max(numbers[WORST], np.abs(errors).max())
    numbers[COMPARED] += n
    waiting[:, : ROOM - n] = waiting[:, n:].copy()
    return [float(e) for e in errors]


def figures(cell: Followed, state: State) -> dict[str, Any]:
    """What the dial says: errors, the step that keeps them below 1 %, and what the shadow costs."""
    numbers = state["shadow"]
    steps = max(1.0, numbers[DONE])
    out: dict[str, Any] = {"shadow spikes": int(numbers[ITS])}
    if numbers[COMPARED]:
        out["spike-time error (ms)"] = float(numbers[LAST])
        out["worst spike-time error (ms)"] = float(numbers[WORST])
        out["spike-time error (%)"] = float(100.0 * numbers[APART] / numbers[WHOLE]) if numbers[WHOLE] > 0 else math.nan
    if numbers[COMPARED] >= numbers[STEADY] + 2:
        step, error = step_within(cell)
        if math.isfinite(step):
            out["step for 1 % (ms)"] = step
            out["error at that step (%)"] = error
    out["shadow cost (evaluations per step)"] = float(numbers[COST] / steps)
    if numbers[LOST]:
        out["shadow"] = f"lost at {numbers[DONE] * cell.dt:.6g} ms: " + (
            "the equations are too stiff" if numbers[LOST] == 1 else "run and shadow do not fire together"
        )
    return out


# ---------------------------------------------------------------------------------------------------------------------
# The step that keeps the error below 1 %


def step_within(cell: Followed, percent: float = GOAL) -> tuple[float, float]:
    """The longest step (ms) at which this cell's intervals are right to `percent`, and the error there (%): found by trying.

    The cell is run from its start under its stimulus at the longest step allowed, at half of it, and so on, and its first
    spikes are compared with those of the shadow. Between the last step that is too long and the first that is not, the
    order that these two show says where the error is `percent`; that step is tried in turn and named if it keeps what it
    promises. Noise is replaced by its mean, since a realisation belongs to its step. NaN where there are less than two
    spikes to compare.
    """
    plain = cell.replace(shadow=False, spread=0.0, **({"stimulus": "step", "width": 0.0} if cell.stimulus == "noise" else {}))
    return _step_within(type(plain), json.dumps(plain.values(), default=float), percent)


@lru_cache(64)
def _step_within(kind: type[Followed], values: str, percent: float) -> tuple[float, float]:
    cell = kind(**json.loads(values))
    spec = kind.specs()["dt"]
    hi, lo = float(spec.hi or cell.dt), float(spec.lo or cell.dt)  # type: ignore[arg-type]
    first = _spikes(cell, LONGEST)[:TRIED]
    if len(first) < 2:
        return math.nan, math.nan
    duration = float(first[-1]) + 0.3 * float(first[-1] - first[-2])
    exact = _exact(cell, duration)[: len(first)]

    def error(dt: float) -> float:
        found = _spikes(cell.replace(dt=dt), 1.5 * duration)[: len(exact)]
        if len(found) < len(exact) or len(exact) < 2:
            return math.inf
        pairs = np.diff(found, prepend=0.0), np.diff(exact, prepend=0.0)
        return float(100.0 * np.abs(pairs[0] - pairs[1]).sum() / pairs[1].sum())

    longer, too_much = math.nan, math.inf
    step = hi
    while step >= lo:
        off = error(step)
        if off < percent:
            if not math.isfinite(too_much):
                return step, off
            order = math.log(too_much / max(off, 1e-12)) / math.log(longer / step)
            between = float(f"{min(longer, step * (percent / max(off, 1e-12)) ** (1.0 / max(order, 0.5))):.2g}")
            tried = error(between) if step < between < longer else math.inf
            return (between, tried) if tried < percent else (step, off)
        longer, too_much = step, off
        step = max(lo, 0.5 * step) if step > lo else 0.0
    return math.nan, math.nan


def _spikes(cell: Followed, duration: float) -> np.ndarray:
    """Spike times (ms) of a cell run by itself."""
    bench = cell.build(0)
    state = cell.start(bench, 0)
    out = Out({s.name: np.empty((0, *s.shape), s.dtype) for s in cell.streams if s.form == "samples"}, {"spikes": Events(4096)})
    times, end = [np.empty(0)], cell.steps_for(duration)
    while state["step"][0] < end:
        base = int(state["step"][0])
        cell.advance(bench, state, min(end - base, stretch_steps(cell.dt)), out)
        events = out.events["spikes"]
        count = int(events.count[0])
        times.append((base + events.steps[:count] + events.value[:count]) * cell.dt)
        events.count[0] = 0
        if sum(map(len, times)) > 4 * ROOM:
            break
    return np.concatenate(times)


def _exact(cell: Followed, duration: float) -> np.ndarray:
    """Spike times (ms) of the cell's shadow alone."""
    bench = cell.build(0)
    state = cell.start(bench, 0)
    at = Shadow(0.0, np.array(cell.rest(), float))
    times, size = [np.empty(0)], stretch_steps(cell.dt)
    while at.time < duration:
        drive = cell.drive_of_one(bench, state, size)
        try:
            at, found = at.through(cell, drive, cell.dt, smooth=cell.stimulus in SMOOTH, tolerance=TOLERANCE)
        except ModelError:
            break
        times.append(found)
        state["step"] += size
    return np.concatenate(times)
