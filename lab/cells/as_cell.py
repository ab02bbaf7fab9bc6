"""A unit of a network as a cell on the bench: its weights become synapses, the numbers it reads become firing rates.

A number x_j is a cell that fires |x_j| times `ONE` spikes a second; a spike brings the area w_j / ONE, with the other sign where x_j is negative,
because no rate is. Their mean input to the cell is w.x, and a constant drive brings the bias and the rheobase: a sum of 0 is the threshold
of firing, 1 is twice that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ONE = 0.1  # spikes in a millisecond that stand for the number 1
SLOW = 100.0  # ms of the synapses: what comes in as spikes is felt as its mean
LEAST = 1e-3  # a smaller number is a silent cell


def as_synapses(weights: np.ndarray, bias: float, x: np.ndarray, *, tau_m: float, t_ref: float, most: int) -> dict[str, Any]:
    """Parameters of cells wired by hand: the inputs first, the unit last.

    Of more than `most` - 1 inputs those that bring most are cells; the mean of the others is part of the constant drive.
    """
    weights, x = np.asarray(weights, float), np.asarray(x, float)
    order = np.argsort(-np.abs(weights * x), kind="stable")
    kept = np.sort(order[: most - 1])
    n = len(kept) + 1
    rest = float(weights @ x - weights[kept] @ x[kept])
    rates = np.minimum(ONE * np.abs(x[kept]), 0.9 / t_ref)
    fires = rates > ONE * LEAST
    drive = np.zeros(n)
    with np.errstate(divide="ignore"):
        drive[:-1][fires] = 1.0 / -np.expm1(-(1.0 / rates[fires] - t_ref) / tau_m)
    drive[-1] = 1.0 + bias + rest
    matrix = np.zeros((n, n))
    matrix[-1, :-1] = weights[kept] * np.sign(x[kept]) / ONE
    return {
        "neurons": n, "weights": tuple(map(tuple, matrix.tolist())), "drive": (tuple(drive.tolist()),), "tau_m": tau_m, "t_ref": t_ref,
        "tau_s": SLOW, "delay": 0.0,
    }  # fmt: skip
