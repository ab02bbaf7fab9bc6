"""Phase plane of a cell: equilibria with their stability, Hopf points, roots of many functions at once.

A cell is anything with `drift(y, current)`, `steady(V)` and `plane_range`, as `lab.cells.neuron.Neuron` describes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.cells.cell import Flow


@dataclass(frozen=True)
class Equilibrium:
    """A point at which a cell stands still, with the eigenvalues (1/ms) of its linearisation."""

    point: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether small disturbances die out."""
        return bool((self.eigenvalues.real < 0).all())

    @property
    def kind(self) -> str:
        """What the flow around it looks like: node, focus or saddle, stable or not.

        Decided by the eigenvalues that grow fastest (decay slowest); a saddle is left along some directions only, and
        real ones lead away.
        """
        leading = self.eigenvalues[self.eigenvalues.real.argmax()]
        turns = abs(leading.imag) > 1e-9 * abs(leading)
        if self.stable:
            return "stable focus" if turns else "stable node"
        if turns:
            return "unstable focus"
        return "saddle" if (self.eigenvalues.real < 0).any() else "unstable node"

    @property
    def spectrum(self) -> str:
        """The eigenvalues in words, slowest first: `-0.0345 ± 0.567i, -0.135, -4.69`."""
        words = []
        for value in sorted(self.eigenvalues, key=lambda v: (-v.real, -v.imag)):
            if abs(value.imag) <= 1e-9 * abs(value):
                words.append(f"{value.real:.3g}")
            elif value.imag > 0:
                words.append(f"{value.real:.3g} ± {value.imag:.3g}i")
        return ", ".join(words).replace("-", "\N{MINUS SIGN}")


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


def narrow(f, lo: np.ndarray, hi: np.ndarray, parts: int = 32, rounds: int = 9) -> np.ndarray:
    """One root of an elementwise function in each bracket lo..hi, NaN where it does not change its sign.

    Each round cuts all brackets into parts at once: f takes long per call and little per point.
    """
    cuts, each = np.linspace(0.0, 1.0, parts + 1)[:, None], np.arange(len(lo))
    found = np.ones(len(lo), bool)
    for _ in range(rounds if len(lo) else 0):
        x = lo + (hi - lo) * cuts
        signs = np.sign(f(x.ravel())).reshape(x.shape)
        change = signs[:-1] * signs[1:] <= 0
        found &= change.any(axis=0)
        part = change.argmax(axis=0)
        lo, hi = x[part, each], x[part + 1, each]
    return np.where(found, 0.5 * (lo + hi), np.nan)


def jacobian(cell: Flow, point: np.ndarray, current: float) -> np.ndarray:
    """Linearisation of the cell's equations at a point, by central differences of fourth order."""
    return jacobians(cell, np.asarray(point, float)[:, None], np.array([float(current)]))[0]


def jacobians(cell: Flow, points: np.ndarray, currents: np.ndarray) -> np.ndarray:
    """Linearisations at many points (variables, n), each under its own current (n,): shape (n, variables, variables)."""
    k, n = points.shape
    size = 1e-3 * np.maximum(1e-2, np.abs(points))
    steps = np.array([1.0, -1.0, 2.0, -2.0])
    weights = np.array([8.0, -8.0, -1.0, 1.0]) / 12.0
    y = np.broadcast_to(points[:, :, None, None], (k, n, k, 4)).copy()
    for j in range(k):
        y[j, :, j, :] += steps * size[j][:, None]
    d = cell.drift(y.reshape(k, -1), np.repeat(currents, 4 * k)).reshape(k, n, k, 4) @ weights
    return np.moveaxis(d / size.T, 1, 0)


def holding_current(cell: Flow, V: np.ndarray) -> np.ndarray:
    """Constant current at which the cell stands still at V: dV/dt is linear in the current for every cell of the panel."""
    y = cell.steady(V)
    zero = cell.drift(y, np.zeros(len(V)))[0]
    # Where dV/dt is huge (the upstroke of an exponential cell), a current of one would be lost in rounding.
    probe = np.where(np.abs(zero) < 1e6, 1.0, np.abs(zero))
    return -zero / ((cell.drift(y, probe)[0] - zero) / probe)


def equilibria(cell: Flow, current: float, points: int = 1200) -> list[Equilibrium]:
    """Every equilibrium under a constant current, from the lowest voltage up, with its eigenvalues."""
    lo, hi = cell.plane_range[0]
    span = hi - lo
    V = np.linspace(lo - span, hi + span, points)
    f = holding_current(cell, V) - current
    brackets = np.flatnonzero(np.sign(f[:-1]) * np.sign(f[1:]) <= 0)
    found: list[Equilibrium] = []
    roots = narrow(lambda v: holding_current(cell, v) - current, V[brackets], V[brackets + 1])
    for root in roots[np.isfinite(roots)]:
        if not (found and abs(found[-1].point[0] - root) < 1e-9):
            point = cell.steady(np.array([root]))[:, 0]
            found.append(Equilibrium(point, np.linalg.eigvals(jacobian(cell, point, current))))
    return found


def along_equilibria(cell: Flow, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Current (n,) that makes each voltage an equilibrium, and the eigenvalues (n, variables) there, in 1/ms."""
    currents = holding_current(cell, V)
    return currents, np.linalg.eigvals(jacobians(cell, cell.steady(V), currents))


def hopf_voltages(cell: Flow, points: int = 600) -> np.ndarray:
    """Voltages at which a pair of complex eigenvalues crosses the imaginary axis along the curve of equilibria."""

    def growth(V: np.ndarray) -> np.ndarray:
        """Real part of the complex pair that grows fastest at each voltage; NaN where all eigenvalues are real."""
        values = along_equilibria(cell, V)[1]
        pair = np.where(np.abs(values.imag) > 1e-9, values.real, -math.inf).max(axis=1)
        return np.where(np.isfinite(pair), pair, math.nan)

    V = np.linspace(*cell.plane_range[0], points)
    real = growth(V)
    crossed = np.flatnonzero(np.sign(real[:-1]) * np.sign(real[1:]) < 0)
    return bisect(growth, V[crossed], V[crossed + 1], len(crossed))


def hopf_points(cell: Flow) -> list[float]:
    """Currents of the Hopf points, from the lowest."""
    return sorted(float(current) for current in holding_current(cell, hopf_voltages(cell)))
