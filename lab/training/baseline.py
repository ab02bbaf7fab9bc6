"""What is reached without any learning: by always guessing the commonest class, and by asking the nearest neighbours.

A diagnosis needs both: a network that does no better than a guess has learned nothing, and one that does worse than the
neighbours of each example could have learned more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.kernels.threads import one_thread

TAUGHT, ASKED = 2000, 256  # examples that neighbours are sought among, and test examples that are asked


@dataclass(frozen=True)
class Baseline:
    """guess: score of the commonest class (regression: of the mean, 0). chance: loss of knowing no more than the classes' shares
    (NaN where the loss is of another kind). near: score of the nearest neighbours on the test part (NaN: not asked).
    shares: of each class in the training part."""

    guess: float
    chance: float
    near: float
    shares: np.ndarray


def baseline(task: str, x: np.ndarray, t: np.ndarray, test_x: np.ndarray, test_t: np.ndarray, outputs: int) -> Baseline:
    """The baseline of a training part and a test part."""
    if task == "reconstruction":
        return Baseline(0.0, float(x.var(0).mean(dtype=float)), math.nan, np.empty(0))
    if task == "classification":
        shares = np.bincount(t, minlength=outputs) / max(1, len(t))
        chance = float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())
        guess = float((test_t == shares.argmax()).mean()) if len(test_t) else 0.0
    else:
        shares, guess, chance = np.empty(0), 0.0, float(t.var(0).mean(dtype=float))
    return Baseline(guess, chance, _near(task, x[:TAUGHT], t[:TAUGHT], test_x[:ASKED], test_t[:ASKED], outputs), shares)


def _near(task: str, x: np.ndarray, t: np.ndarray, test_x: np.ndarray, test_t: np.ndarray, outputs: int) -> float:
    """Score of the nearest neighbours: enough of them that single wrong labels do not count."""
    if len(x) < 4 or len(test_x) < 4:
        return math.nan
    k = max(1, min(15, round(math.sqrt(len(x)) / 2)))
    x, test_x = (np.asarray(part, np.float32).reshape(len(part), -1) for part in (x, test_x))
    with one_thread:
        far = (x * x).sum(1) - 2.0 * test_x @ x.T
    rows = np.argpartition(far, k - 1, axis=1)[:, :k] if k < len(x) else np.tile(np.arange(len(x)), (len(test_x), 1))
    if task == "classification":
        votes = np.zeros((len(test_x), outputs))
        for column in rows.T:
            np.add.at(votes, (np.arange(len(test_x)), t[column]), 1.0)
        return float((votes.argmax(1) == test_t).mean())
    found, spread = t[rows].mean(1), float(((test_t - test_t.mean(0)) ** 2).mean(dtype=float))
    return 1.0 - float(((found - test_t) ** 2).mean(dtype=float)) / spread if spread > 0 else math.nan


def missed(output: np.ndarray, aim: np.ndarray, shares: np.ndarray, least: int = 5) -> tuple[int, float]:
    """(class, its share) of the commonest class with at least `least` examples of which none or hardly one is found; (-1, 0) if there is none."""
    found, true = output.argmax(1), aim.ravel().astype(int)
    count = np.bincount(true, minlength=len(shares))
    right = np.bincount(true[found == true], minlength=len(shares))
    lost = np.flatnonzero((count >= least) & (right <= 0.1 * count))
    if not len(lost):
        return -1, 0.0
    worst = int(lost[shares[lost].argmax()])
    return worst, float(shares[worst])


def deltas(program: Any, tape: dict, nodes: list[str], loss: str, samples: dict[str, np.ndarray]) -> np.ndarray:
    """Norm of the gradient of the mean loss by the values of each layer, per example: what comes back to it (delta)."""
    found = program.gradients(tape, loss, nodes, train=True, **samples)
    return np.array([float(np.sqrt((g.astype(float) ** 2).sum() / max(1, len(g)))) for g in found])
