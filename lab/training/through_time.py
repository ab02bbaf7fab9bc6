"""Back-propagation through time, step by step: what reaches a time step of a recurrent network, and what it leaves there.

s_k = x_k U + b + h_(k-1) W        h_k = tanh(s_k)
dE/dh_k = (what its own output says) + dE/ds_(k+1) W^T
dE/ds_k = dE/dh_k (1 - h_k^2)
dE/dW   = sum over k of h_(k-1)^T dE/ds_k
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.tape import Program


@dataclass(frozen=True)
class Unrolled:
    """One sequence gone through a recurrent network and back: all in double precision.

    hidden (T, H) states; drive (T, H) x_k U + b; gradient (T, H) dE/dh_k; W (H, H); cut: steps whose past gets nothing (truncation)
    """

    hidden: np.ndarray
    drive: np.ndarray
    gradient: np.ndarray
    W: np.ndarray
    cut: frozenset[int]

    def before(self, k: int) -> np.ndarray:
        """The state that step k starts from."""
        return self.hidden[k - 1] if k else np.zeros(len(self.W))

    def slope(self, k: int) -> np.ndarray:
        """dh_k/ds_k."""
        return 1.0 - self.hidden[k] ** 2

    def into(self, k: int) -> np.ndarray:
        """dE/ds_k."""
        return self.gradient[k] * self.slope(k)

    def passed(self, k: int) -> np.ndarray:
        """What step k hands back to step k - 1."""
        return np.zeros(len(self.W)) if k in self.cut or k == 0 else self.into(k) @ self.W.T

    def own(self, k: int) -> np.ndarray:
        """What the output of step k itself says of h_k."""
        return self.gradient[k] - (self.passed(k + 1) if k + 1 < len(self.hidden) else 0.0)

    def share(self, k: int) -> np.ndarray:
        """(H, H) what step k adds to dE/dW."""
        return np.outer(self.before(k), self.into(k))

    def since(self, k: int) -> np.ndarray:
        """(H, H) dE/dW of step k and all after it."""
        return sum((self.share(j) for j in range(k, len(self.hidden))), np.zeros_like(self.W))


def unrolled(
    program: Program, tape: Any, one: dict[str, Any], who: str, loss: str, span: int, cut: frozenset[int] = frozenset()
) -> Unrolled:
    """A sequence of the program's network `who`, there and back."""
    nodes = [f"{who}.{k}" for k in range(span)]
    *hidden, drive = program.forward(tape, [*nodes, f"{who}.drive"], **one)
    slopes = program.gradients(tape, loss, nodes, mean=False, **one)
    W = program.parameters(tape)[f"{who}.recurrent"].astype(float)
    return Unrolled(
        np.stack([h[0] for h in hidden]).astype(float), drive[0].astype(float), np.stack([g[0] for g in slopes]).astype(float), W, cut
    )


def walked(found: Unrolled, k: int) -> list[dict[str, Any]]:
    """Every matrix of one step on the way back."""

    def row(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, float)[None]

    def long(values: np.ndarray) -> str:
        return f"length {np.linalg.norm(values):.2g}"

    last = len(found.hidden) - 1
    stop = ", where truncation stops it" if k in found.cut else ""
    return [
        {"name": "", "values": None, "at": (0, 0), "note": f"Step {k} of {last}: forward on the left, back on the right; the gradient goes on to step {k - 1 if k else 'none'}{stop}."},
        {"name": "h before", "values": row(found.before(k)), "at": (0, 0), "note": "the state that the step starts from"},
        {"name": "x U + b", "values": row(found.drive[k]), "at": (1, 0), "note": "what the input brings"},
        {"name": "h before W", "values": row(found.before(k) @ found.W), "at": (2, 0), "note": "what the past brings"},
        {"name": "h = tanh of the sum", "values": row(found.hidden[k]), "at": (3, 0), "lit": True},
        {"name": f"from its own output, {long(found.own(k))}", "values": row(found.own(k)), "at": (0, 1)},
        {"name": f"from the step after, {long(found.gradient[k] - found.own(k))}", "values": row(found.gradient[k] - found.own(k)), "at": (1, 1)},
        {"name": f"dE/dh, {long(found.gradient[k])}", "values": row(found.gradient[k]), "at": (2, 1), "lit": True, "note": "their sum"},
        {"name": "slope 1 - h h", "values": row(found.slope(k)), "at": (3, 1)},
        {"name": f"dE/ds, {long(found.into(k))}", "values": row(found.into(k)), "at": (4, 1), "lit": True, "note": "dE/dh times the slope"},
        {"name": f"to the step before: dE/ds W', {long(found.passed(k))}", "values": row(found.passed(k)), "at": (5, 1), "lit": True},
        {"name": "W", "values": found.W, "at": (6, 0)},
        {"name": f"this step's part of dE/dW, {long(found.share(k))}", "values": found.share(k), "at": (6, 1), "lit": True, "note": "h before, times dE/ds"},
        {"name": f"dE/dW so far, {long(found.since(k))}", "values": found.since(k), "at": (6, 2), "note": "of this step and all after it"},
    ]  # fmt: skip


def fed_back(program: Program, tape: Any, start: np.ndarray, target: np.ndarray, output: str, count: int) -> np.ndarray:
    """(count,) outputs of a network that reads its own last output as the next input, `start` (T, 1) being what it read first."""
    window, made = np.array(start, np.float32), []
    for _ in range(count):
        value = float(program.forward(tape, output, x=window[None], t=target[None])[0, -1, 0])
        value = float(np.clip(value, -1e6, 1e6)) if np.isfinite(value) else 0.0
        made.append(value)
        window = np.concatenate([window[1:], [[value]]]).astype(np.float32)
    return np.array(made)
