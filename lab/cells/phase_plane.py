"""Phase plane of a cell: equilibria with their stability, Hopf points, roots of many functions at once.

A cell is anything with `drift(y, current)`, `steady(V)`, `steady_under(V, current)` and `plane_range`, as `lab.cells.neuron.Neuron`
describes them. Every equilibrium is looked for along V, within the range of the plane and as far again on either side, with the
other variables where they stand still. Two things are assumed of a cell whose `steady_under` gives None: that they do so at the
same values whatever the current is, and that dV/dt, and no other derivative, depends on the current, linearly. A cell of another
make says in `steady_under` where its other variables come to rest. A point at which something still moves is never called an
equilibrium: it raises a ModelError that says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.cells.cell import Flow
from lab.errors import ModelError

STILL = 1e-6  # part of the size of its variables by which an equilibrium may be off


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


def at_rest(cell: Flow, V: np.ndarray, current: np.ndarray) -> np.ndarray:
    """All variables (variables, points) at which everything but V stands still, each V under its own current."""
    found = cell.steady_under(V, current)
    return cell.steady(V) if found is None else found


def holding_current(cell: Flow, V: np.ndarray) -> np.ndarray:
    """Constant current (points,) at which the cell stands still at each V; NaN where none is found."""
    none = np.zeros(len(V))
    if cell.steady_under(V, none) is not None:
        return _secant(lambda current: cell.drift(at_rest(cell, V, current), current)[0], none)
    y = cell.steady(V)
    zero = cell.drift(y, none)[0]
    # Where dV/dt is huge (the upstroke of an exponential cell), a current of one would be lost in rounding.
    probe = np.where(np.abs(zero) < 1e6, 1.0, np.abs(zero))
    slope = (cell.drift(y, probe)[0] - zero) / probe
    if len(V) and not slope.any():  # of no voltage at all (a curve without a Hopf point) there is nothing to hold
        raise ModelError(
            f"{type(cell).__name__}: no current reaches V itself, so none holds it by steady() alone: implement steady_under()."
        )
    return -zero / slope


def _secant(f, start: np.ndarray, rounds: int = 40) -> np.ndarray:
    """A root of each element of f, by secants from `start` and `start` + 1; exact at once where f is linear; NaN where there is none."""
    a, b = start, start + 1.0
    fa, fb = f(a), f(b)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(rounds):
            step = fb * (b - a) / (fb - fa)
            a, fa = b, fb
            b = np.where(np.isfinite(step), b - step, b)
            fb = f(b)
            if not (np.abs(step) > 1e-12 * (1.0 + np.abs(b))).any():
                break
        return np.where(np.abs(step) <= 1e-9 * (1.0 + np.abs(b)), b, np.where(fb == 0.0, b, np.nan))


def equilibria(cell: Flow, current: float, points: int = 1200) -> list[Equilibrium]:
    """Every equilibrium under a constant current, from the lowest voltage up, with its eigenvalues."""
    lo, hi = cell.plane_range[0]
    span = hi - lo
    V = np.linspace(lo - span, hi + span, points)

    def out_of_balance(v: np.ndarray) -> np.ndarray:
        """Changes its sign where a cell held at v would stand still."""
        now = np.full(len(v), float(current))
        if cell.steady_under(v, now) is None:
            return holding_current(cell, v) - current
        return cell.drift(at_rest(cell, v, now), now)[0]

    f = out_of_balance(V)
    brackets = np.flatnonzero(np.sign(f[:-1]) * np.sign(f[1:]) <= 0)
    found: list[Equilibrium] = []
    roots = narrow(out_of_balance, V[brackets], V[brackets + 1])
    for root in roots[np.isfinite(roots)]:
        if not (found and abs(found[-1].point[0] - root) < 1e-9):
            point = at_rest(cell, np.array([root]), np.array([float(current)]))[:, 0]
            slopes = jacobian(cell, point, current)
            _check_still(cell, point, current, slopes)
            found.append(Equilibrium(point, np.linalg.eigvals(slopes)))
    return found


def _check_still(cell: Flow, point: np.ndarray, current: float, slopes: np.ndarray) -> None:
    """Raise a ModelError if a cell still moves at what is taken for an equilibrium, by more than a tiny shift of it explains."""
    moves = cell.drift(point[:, None], np.array([float(current)]))[:, 0]
    allowed = STILL * (np.abs(slopes) @ np.maximum(np.abs(point), 1.0))
    off = np.flatnonzero(np.abs(moves) > allowed)
    if len(off):
        k = int(off[np.abs(moves[off]).argmax()])
        raise ModelError(
            f"{type(cell).__name__} does not stand still at V = {point[0]:.4g} under a current of {current:.4g}: variable {k} "
            f"changes by {moves[k]:.3g} per ms there. The current reaches more than V, or what is at rest depends on it: implement steady_under()."
        )


def along_equilibria(cell: Flow, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Current (n,) that makes each voltage an equilibrium, and the eigenvalues (n, variables) there, in 1/ms."""
    currents = holding_current(cell, V)
    return currents, np.linalg.eigvals(jacobians(cell, at_rest(cell, V, currents), currents))


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
