"""Decoders: the weights with which rates are summed so that the sum is the value, or a function of it.

H (points, neurons) holds rates at evaluation points, T (points, outputs) what shall come out; all solvers find D (neurons,
outputs) with H D near T. The normal equations (H'H)^-1 H'T fail where neurons are silent or stand twice; the singular value
decomposition gives the smallest of all solutions there, and regularisation makes the sum robust against noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from lab.errors import LabError
from lab.spiking.coding import SOLVERS


def regularised(H: np.ndarray, T: np.ndarray, amount: float = 0.1) -> np.ndarray:
    """(H'H + P s^2 I)^-1 H'T with s = amount times the highest rate: least squares for rates with noise of deviation s."""
    return regularising(H, amount)(T)


def regularising(H: np.ndarray, amount: float = 0.1) -> Callable[[np.ndarray], np.ndarray]:
    """`regularised` for many T: the matrix is factored once."""
    sigma = amount * (H.max() or 1.0)
    P, N = H.shape
    if N <= P:
        factor = cho_factor(H.T @ H + P * sigma**2 * np.eye(N))
        return lambda T: cho_solve(factor, H.T @ T)
    factor = cho_factor(H @ H.T + P * sigma**2 * np.eye(P))
    return lambda T: H.T @ cho_solve(factor, T)


def least_squares(H: np.ndarray, T: np.ndarray) -> np.ndarray:
    """The smallest least-squares solution by singular value decomposition, also where H is singular."""
    U, s, V = np.linalg.svd(H, full_matrices=False)
    keep = s > s[0] * max(H.shape) * np.finfo(float).eps
    return V[keep].T @ ((U[:, keep].T @ T) / s[keep, None])


def normal_equations(H: np.ndarray, T: np.ndarray) -> np.ndarray:
    """(H'H)^-1 H'T as written; refused where H'H cannot be inverted."""
    gram = H.T @ H
    if np.linalg.matrix_rank(gram) < len(gram):
        raise LabError(
            f"H'H has no inverse: {len(gram)} neurons, but only {np.linalg.matrix_rank(gram)} of them say something of their own "
            "(silent or equal neurons). Use least squares (SVD) or some regularisation."
        )
    return np.linalg.solve(gram, H.T @ T)


def steepest(H: np.ndarray) -> float:
    """Largest eigenvalue of H'H / P: gradient descent converges for rates below 2 over it."""
    return float(np.linalg.svd(H, compute_uv=False)[0] ** 2 / len(H))


def gradient_descent(H: np.ndarray, T: np.ndarray, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps d <- d - rate H'(H d - T) / P from zero; returns d and the mean squared error before each step and after the last."""
    P = len(H)
    G, b = H.T @ H / P, H.T @ T / P
    mean = float((T**2).sum() / P)
    d = np.zeros((H.shape[1], T.shape[1]))
    errors = np.empty(steps + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps + 1):
            slope = G @ d
            errors[k] = (d * (slope - 2.0 * b)).sum() + mean
            if k < steps:
                d = d - rate * (slope - b)
    return d, errors


def solve(H: np.ndarray, T: np.ndarray, solver: str, amount: float = 0.1) -> np.ndarray:
    """Decoders by one of `SOLVERS` (gradient descent: 2000 steps at the best single rate)."""
    if solver == "regularised":
        return regularised(H, T, amount) if amount > 0.0 else least_squares(H, T)
    if solver == "least squares":
        return least_squares(H, T)
    if solver == "normal equations":
        return normal_equations(H, T)
    if solver == "gradient descent":
        return gradient_descent(H, T, 1.0 / steepest(H), 2000)[0]
    raise LabError(f"There is no solver '{solver}': it is one of {', '.join(SOLVERS)}.")


def distortion(H: np.ndarray, T: np.ndarray, D: np.ndarray) -> float:
    """Root mean squared error of the decoded function over the evaluation points, without noise."""
    return float(np.sqrt(np.mean(((H @ D - T) ** 2).sum(axis=1))))


def noise(D: np.ndarray, deviation: float) -> float:
    """Root mean squared error that independent noise of this deviation (Hz) in each rate adds."""
    return deviation * float(np.sqrt((D**2).sum()))
