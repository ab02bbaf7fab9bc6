"""How a cell fires under constant currents, found once for equal equations."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lab.cells.neuron import Bench, Equations, Neuron
from lab.cells.sweeps import Sweep
from lab.errors import ModelError
from lab.model import State


class FiringNeuron(Neuron):
    """A cell that shows its rate against the current (`f_I`), and where the present current lies on that curve."""

    def f_I(self) -> np.ndarray:
        """Constant currents and the rate (Hz) that each makes, two rows."""
        raise ModelError(f"{self._owner()} does not implement f_I().")

    def observe(self, constants: Bench, state: State, stream: str) -> Any:
        if stream == "f_I":
            return self.f_I()
        if stream == "present_f_I":
            curve, now = self.f_I(), float(state["now"][0])
            return np.array([[now], [np.interp(now, curve[0], curve[1])]])
        return super().observe(constants, state, stream)


@lru_cache(64)
def rates_under(equations: Equations) -> np.ndarray:
    """Rate (Hz) at 41 constant currents of the cell's range, from rest, in two rows: one population of this cell."""
    currents = np.linspace(*equations.cell.sweep_range, 41)
    state = equations.cell.sweep(currents, 500.0, 300.0, dt=0.04).run()
    return np.vstack([currents, Sweep.rates(state)])


@lru_cache(64)
def interval_error(equations: Equations, current: float, dt: float) -> float:
    """How much too long the intervals of a cell are at step dt (%), under a constant current."""
    return float(interval_errors(equations, np.array([current]), dt)[0])


def interval_errors(equations: Equations, currents: np.ndarray, dt: float) -> np.ndarray:
    """`interval_error` for each of several constant currents: measured at dt and at half of it, and extrapolated.

    NaN where the cell does not fire on.
    """
    found, fires = [], np.ones(len(currents), bool)
    for step in (dt, dt / 2.0):
        state = equations.cell.sweep(currents, 250.0, 100.0, dt=max(step, 0.001)).run()
        fires &= (state["swept"] >= 3) & (state["last"] >= 200.0)
        found.append((state["last"] - state["first"]) / np.maximum(state["swept"] - 1, 1))
        if not fires.any():
            return np.full(len(currents), math.nan)
    exact = np.where(fires, found[1] + (found[1] - found[0]) / 3.0, math.nan)
    return np.asarray(100.0 * (found[0] / exact - 1.0))
