"""Noise of the cells: each one's own Ornstein-Uhlenbeck current, step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import kernel, normal


class Supply(NamedTuple):
    """The current of each cell, step by step: what all get, what each has of its own, and its own noise.

    decay, increment   of the noise in a step, for the kernel that moves it (`Neuron.noise_step`)
    """

    drive: np.ndarray  # (steps,)
    own: np.ndarray  # (cells,)
    noise: np.ndarray  # (cells,)
    rng: np.ndarray
    decay: float
    increment: float


@kernel
def normals(rng, out):
    """Fill an array with standard normal numbers."""
    for i in range(len(out)):
        out[i] = normal(rng)


@kernel
def advance_noise(noise, rng, decay, increment):
    """One step of every cell's own Ornstein-Uhlenbeck current (exact for a step of any size)."""
    for i in range(len(noise)):
        noise[i] = noise[i] * decay + increment * normal(rng)


@kernel
def no_noise(noise, rng, decay, increment):
    """Stands for advance_noise where cells have none: a kernel that takes either as an argument compiles random numbers only when needed."""
