"""Noise of the cells: each one's own Ornstein-Uhlenbeck current, step by step."""

from __future__ import annotations

from lab.kernels import kernel, normal


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
