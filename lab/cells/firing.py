"""How a cell fires under constant currents, found once for equal equations."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lab.cells.neuron import Equations
from lab.cells.sweeps import Sweep


@lru_cache(64)
def rates_under(equations: Equations) -> np.ndarray:
    """Rate (Hz) at 41 constant currents of the cell's range, from rest, in two rows: one population of this cell."""
    currents = np.linspace(*equations.cell.sweep_range, 41)
    state = equations.cell.sweep(currents, 500.0, 300.0, dt=0.04).run()
    return np.vstack([currents, Sweep.rates(state)])


@lru_cache(64)
def interval_error(equations: Equations, current: float, dt: float) -> float:
    """How much too long the intervals of a cell are at step dt (%): measured at dt and at half of it, and extrapolated.

    NaN where the cell does not fire on.
    """
    found = []
    for step in (dt, dt / 2.0):
        state = equations.cell.sweep(np.array([current]), 250.0, 100.0, dt=max(step, 0.001)).run()
        if state["swept"][0] < 3 or state["last"][0] < 200.0:
            return math.nan
        found.append(float(state["last"][0] - state["first"][0]) / (int(state["swept"][0]) - 1))
    exact = found[1] + (found[1] - found[0]) / 3.0
    return 100.0 * (found[0] / exact - 1.0)
