"""What networks that follow a function share: their program, their activations in NumPy, and what no polynomial gets below."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from lab.model import State
from lab.tape import Program, Tape, adam
from lab.tape.data import Data
from lab.tape.interpreter import STEP

MEASURED = 20  # minibatches between two looks at the greatest error
ACTIVATIONS = ("logistic", "tanh", "ReLU", "polynomial", "identity")

_CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "logistic": lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
    "polynomial": np.square,
    "identity": lambda z: z,
}


def activated(activation: str, z: np.ndarray) -> np.ndarray:
    """The activation of z, element by element."""
    return _CURVES[activation](z)


@cache
def program(width: int, depth: int, activation: str, numbers: int = 1) -> Program:
    """`depth` hidden layers for as many outputs as inputs (`numbers`), Adam on the mean squared error."""
    t = Tape()
    h = t.input("x", (numbers,))
    for k in range(depth):
        z = t.affine(h, width, init="uniform" if k == 0 else "xavier", name=f"hidden{k + 1}")
        if activation == "polynomial":
            h = t.multiply(z, z)
        elif activation == "identity":
            h = z
        else:
            h = {"logistic": t.logistic, "tanh": t.tanh, "ReLU": t.relu}[activation](z)
    y = t.affine(h, numbers, name="output")
    t.minimise(t.mse(y, t.input("t", (numbers,))), adam(1e-2), name="optimiser")
    return t.compile(batch=64)


def follow(made: Program, state: State, samples: Data, n: int, rows: np.ndarray, error: Callable[[], float]) -> None:
    """Train n minibatches; state["level"] and the rows of the stream hold the greatest error.

    It is over the whole domain, so it is measured every MEASURED minibatches and held between, whatever the blocks.
    """
    done = 0
    while done < n:
        ahead = MEASURED - (int(state["counters"][STEP]) - 1) % MEASURED
        count = min(ahead, n - done)
        made.train(state, samples, count, batch=64).check()
        if len(rows):
            rows[done : done + count] = state["level"][0]
        done += count
        if count == ahead:
            state["level"][0] = error()
            if len(rows):
                rows[done - 1] = state["level"][0]


def least_error(values: np.ndarray, powers: np.ndarray) -> float:
    """Least greatest error of any sum of the columns of `powers` (n, k) at the n values, by linear programming."""
    from scipy.optimize import linprog

    count = powers.shape[1]
    one = np.ones((len(powers), 1))
    A = np.vstack([np.hstack([powers, -one]), np.hstack([-powers, -one])])
    found = linprog(np.r_[np.zeros(count), 1.0], A_ub=A, b_ub=np.r_[values, -values], bounds=[(None, None)] * (count + 1))
    return float(found.fun)
