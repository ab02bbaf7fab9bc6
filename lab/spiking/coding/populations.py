"""Populations of neurons tuned to a value: encoders, gains and biases, and the rates that follow from them.

The principle is that of Eliasmith and Anderson (Neural Engineering, 2003, chapters 2 and 4): neuron i gets the current
J_i(x) = gain_i (e_i . x) + bias_i and answers with the rate G(J_i). Gain and bias are not chosen but follow from two numbers that
a person can see in a tuning curve: the value where the neuron begins to fire (intercept) and its rate where the value lies on its
encoder (highest rate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

TAU, REFRACTORY = 0.02, 0.002  # s
Kind = Literal["LIF", "sigmoid"]


@dataclass(frozen=True)
class Population:
    """`size` neurons over `dimensions` values: encoders (size, dimensions), gain (size,), bias (size,)."""

    kind: Kind
    encoders: np.ndarray
    gain: np.ndarray
    bias: np.ndarray
    tau: float = TAU
    refractory: float = REFRACTORY

    @property
    def size(self) -> int:
        """How many neurons."""
        return len(self.gain)

    @property
    def dimensions(self) -> int:
        """How many numbers a value has."""
        return self.encoders.shape[1]

    def currents(self, x: np.ndarray) -> np.ndarray:
        """(points, size) currents at values x (points, dimensions); 1 is the least that makes a LIF neuron fire."""
        return x @ self.encoders.T * self.gain + self.bias

    def rates(self, x: np.ndarray) -> np.ndarray:
        """(points, size) firing rates in Hz at values x (points, dimensions)."""
        return rate(self.kind, self.currents(x), self.tau, self.refractory)


def rate(kind: Kind, J: np.ndarray, tau: float = TAU, refractory: float = REFRACTORY) -> np.ndarray:
    """Rate in Hz at current J: the LIF neuron's 1 / (t_ref - tau ln(1 - 1/J)) above 1, or a logistic curve up to 1 / t_ref."""
    J = np.asarray(J, float)
    if kind == "sigmoid":
        return 1.0 / refractory / (1.0 + np.exp(-np.clip(J, -500.0, 500.0)))
    above = J > 1.0
    safe = np.where(above, J, 2.0)
    return np.where(above, 1.0 / (refractory - tau * np.log1p(-1.0 / safe)), 0.0)


def gain_and_bias(
    kind: Kind, highest: ArrayLike, intercepts: ArrayLike, tau: float = TAU, refractory: float = REFRACTORY
) -> tuple[np.ndarray, np.ndarray]:
    """Gain and bias of neurons that begin to fire at `intercepts` (a sigmoid: at rate 0.12 / t_ref) and reach `highest` Hz at 1.

    LIF at 100 Hz and intercept 0 (tau 20 ms, t_ref 2 ms): gain 2.03324, bias 1.
    """
    highest, intercepts = np.asarray(highest, float), np.asarray(intercepts, float)
    if kind == "sigmoid":
        start = -2.0
        top = -np.log(1.0 / (refractory * highest) - 1.0)
    else:
        start = 1.0
        top = -1.0 / np.expm1((refractory - 1.0 / highest) / tau)
    gain = (top - start) / (1.0 - intercepts)
    return gain, start - gain * intercepts


def sphere(rng: np.random.Generator, points: int, dimensions: int) -> np.ndarray:
    """(points, dimensions) directions, uniform on the unit sphere."""
    drawn = rng.normal(size=(points, dimensions))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def ball(rng: np.random.Generator, points: int, dimensions: int) -> np.ndarray:
    """(points, dimensions) values, uniform in the unit ball."""
    return sphere(rng, points, dimensions) * rng.uniform(size=(points, 1)) ** (1.0 / dimensions)


def scattered(rng: np.random.Generator, points: int, dimensions: int) -> np.ndarray:
    """(points, dimensions) directions spread evenly over the unit sphere, in a random order.

    The additive sequence of the generalised golden ratio (Roberts 2018), shifted at random, taken through the normal distribution.
    """
    if dimensions == 1:
        return rng.permutation(np.where(np.arange(points) % 2 == 0, 1.0, -1.0))[:, None]
    if dimensions == 2:
        angle = 2.0 * np.pi * (rng.permutation(points) + rng.uniform()) / points
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    from scipy.special import ndtri

    ratio = 2.0
    for _ in range(40):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = (1.0 / ratio) ** np.arange(1, dimensions + 1)
    drawn = ndtri(np.clip((rng.uniform(size=dimensions) + np.arange(1, points + 1)[:, None] * steps) % 1.0, 1e-9, 1.0 - 1e-9))
    drawn = rng.permutation(drawn)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def diagonals(rng: np.random.Generator, points: int, dimensions: int) -> np.ndarray:
    """(points, dimensions) directions, each coordinate +1 or -1 over the root of `dimensions`: what products want."""
    return rng.choice([-1.0, 1.0], (points, dimensions)) / np.sqrt(dimensions)


def population(
    rng: np.random.Generator,
    size: int,
    dimensions: int = 1,
    *,
    kind: Kind = "LIF",
    rates: tuple[float, float] = (200.0, 400.0),
    intercepts: tuple[float, float] | np.ndarray = (-1.0, 0.9),
    encoders: np.ndarray | None = None,
    tau: float = TAU,
    refractory: float = REFRACTORY,
) -> Population:
    """A population drawn at random: highest rates and intercepts uniform within bounds (or intercepts given), encoders on the sphere."""
    highest = rng.uniform(*rates, size)
    begin = rng.uniform(*intercepts, size) if isinstance(intercepts, tuple) else np.asarray(intercepts, float)
    if encoders is None:
        encoders = rng.choice([-1.0, 1.0], (size, 1)) if dimensions == 1 else sphere(rng, size, dimensions)
    gain, bias = gain_and_bias(kind, highest, begin, tau, refractory)
    return Population(kind, np.ascontiguousarray(encoders, float), gain, bias, tau, refractory)
