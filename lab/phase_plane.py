"""Phase plane of a cell: equilibria with their stability, Hopf points, roots of many functions at once.

A cell is anything with `drift(y, current)`, `steady(V)` and `plane_range`, as `lab.neuron.Neuron` describes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np


class Cell(Protocol):
    """What the functions here need of a cell."""

    plane_range: ClassVar[tuple[tuple[float, float], tuple[float, float]]]

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Time derivative of the variables y (variables, points)."""

    def steady(self, V: np.ndarray) -> np.ndarray:
        """All variables at which everything but V stands still."""


@dataclass(frozen=True)
class Equilibrium:
    """A point at which a cell stands still, with the eigenvalues (1/ms) of its linearisation."""

    point: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether small disturbances die out."""
        return bool((self.eigenvalues.real < 0).all())


def bisect(f, lo: float | np.ndarray, hi: float | np.ndarray, points: int, rounds: int = 60) -> np.ndarray:
    """Roots of `points` functions at once between lo and hi (numbers, or one for each), NaN where f has the same sign at both ends."""
    a, b = np.full(points, lo, float), np.full(points, hi, float)
    fa, fb = f(a), f(b)
    found = np.sign(fa) != np.sign(fb)
    for _ in range(rounds):
        middle = 0.5 * (a + b)
        fm = f(middle)
        same = np.sign(fm) == np.sign(fa)
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    return np.where(found, 0.5 * (a + b), np.nan)


def jacobian(cell: Cell, point: np.ndarray, current: float) -> np.ndarray:
    """Linearisation of the cell's equations at a point, by central differences of fourth order."""
    k = len(point)
    size = 1e-3 * np.maximum(1e-2, np.abs(point))
    steps = np.array([1.0, -1.0, 2.0, -2.0])
    weights = np.array([8.0, -8.0, -1.0, 1.0]) / 12.0
    y = np.tile(np.asarray(point, float)[:, None], 4 * k)
    for j in range(k):
        y[j, 4 * j : 4 * j + 4] += steps * size[j]
    d = cell.drift(y, np.full(4 * k, float(current)))
    return np.stack([d[:, 4 * j : 4 * j + 4] @ weights / size[j] for j in range(k)], axis=1)


def holding_current(cell: Cell, V: np.ndarray) -> np.ndarray:
    """Constant current at which the cell stands still at V: dV/dt is linear in the current for every cell of the panel."""
    y = cell.steady(V)
    zero = cell.drift(y, np.zeros(len(V)))[0]
    # Where dV/dt is huge (the upstroke of an exponential cell), a current of one would be lost in rounding.
    probe = np.where(np.abs(zero) < 1e6, 1.0, np.abs(zero))
    return -zero / ((cell.drift(y, probe)[0] - zero) / probe)


def equilibria(cell: Cell, current: float, points: int = 1200) -> list[Equilibrium]:
    """Every equilibrium under a constant current, from the lowest voltage up, with its eigenvalues."""
    lo, hi = cell.plane_range[0]
    span = hi - lo
    V = np.linspace(lo - span, hi + span, points)
    f = holding_current(cell, V) - current
    brackets = np.flatnonzero(np.sign(f[:-1]) * np.sign(f[1:]) <= 0)
    found: list[Equilibrium] = []
    roots = bisect(lambda v: holding_current(cell, v) - current, V[brackets], V[brackets + 1], len(brackets))
    for root in roots[np.isfinite(roots)]:
        if not (found and abs(found[-1].point[0] - root) < 1e-9):
            point = cell.steady(np.array([root]))[:, 0]
            found.append(Equilibrium(point, np.linalg.eigvals(jacobian(cell, point, current))))
    return found


def hopf_points(cell: Cell, points: int = 600) -> list[float]:
    """Currents at which a pair of complex eigenvalues crosses the imaginary axis along the curve of equilibria."""
    lo, hi = cell.plane_range[0]

    def growth(v: float) -> tuple[float, float]:
        at = np.array([v])
        current = float(holding_current(cell, at)[0])
        values = np.linalg.eigvals(jacobian(cell, cell.steady(at)[:, 0], current))
        pair = values[np.abs(values.imag) > 1e-9]
        return (float(pair.real.max()) if len(pair) else math.nan), current

    V = np.linspace(lo, hi, points)
    real = np.array([growth(v)[0] for v in V])
    found = []
    for k in np.flatnonzero(np.sign(real[:-1]) * np.sign(real[1:]) < 0):
        a, b = V[k], V[k + 1]
        for _ in range(50):
            middle = 0.5 * (a + b)
            a, b = (middle, b) if np.sign(growth(middle)[0]) == np.sign(real[k]) else (a, middle)
        found.append(growth(0.5 * (a + b))[1])
    return sorted(found)
