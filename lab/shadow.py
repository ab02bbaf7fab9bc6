"""The shadow of a cell: the same equations by SciPy's eighth-order method (DOP853) at tight tolerance, spike by spike.

Nothing of the cell's own integration is used but its equations (`drift`), what counts as a spike (`crossing`) and what
follows it (`after_spike`, `held`): so the difference between a run and its shadow is the error of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lab.neuron import Neuron


@dataclass(frozen=True)
class Shadow:
    """Where a shadow stands: time (ms), variables, and until when the cell is held after its last spike."""

    time: float
    point: np.ndarray
    held_until: float = 0.0

    def advance(self, cell: Neuron, current: float, end: float, tolerance: float = 1e-11) -> tuple[Shadow, np.ndarray]:
        """Go on to time `end` under a constant current; returns where it stands then, and the spikes on the way (ms)."""
        from scipy.integrate import solve_ivp

        now = np.array([float(current)])

        def equations(t: float, y: np.ndarray) -> np.ndarray:
            return cell.drift(y[:, None], now)[:, 0]

        def crossing(t: float, y: np.ndarray) -> float:
            return y[0] - cell.crossing

        crossing.direction = 1.0  # type: ignore[attr-defined]
        resets = cell.after_spike(self.point) is not None
        crossing.terminal = resets  # type: ignore[attr-defined]
        at, times = self, []
        while at.time < end:
            if at.held_until > at.time:
                at = replace(at, time=min(at.held_until, end))
                continue
            found = solve_ivp(equations, (at.time, end), at.point, method="DOP853", rtol=tolerance, atol=0.1 * tolerance, events=crossing)
            times.extend(found.t_events[0])
            after = cell.after_spike(found.y_events[0][-1]) if resets and len(found.t_events[0]) else None
            t = float(found.t[-1])
            at = Shadow(t, found.y[:, -1] if after is None else after, at.held_until if after is None else t + cell.held)
        return at, np.array(times)


def spike_times(cell: Neuron, current: float, duration: float, tolerance: float = 1e-11) -> np.ndarray:
    """Times (ms) of the spikes of a cell under a constant current switched on at rest."""
    return Shadow(0.0, np.asarray(cell.rest(), float)).advance(cell, current, duration, tolerance)[1]
