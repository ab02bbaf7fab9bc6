"""How far a generator's distribution is from the data's: masses in bins, divergences, modes found; plain and exact where that can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.training.makers import Points, density, generator

LEAST = 1e-9  # a bin without mass is taken to hold so much, where a logarithm is asked for
REFERENCE = 400_000  # points that stand for a distribution without a closed form
_erf = np.vectorize(math.erf, otypes=[float])


@dataclass(frozen=True)
class Bins:
    """Edges along each axis: one axis for points on a line, two in the plane."""

    edges: tuple[np.ndarray, ...]

    @classmethod
    def over(cls, low: tuple[float, ...], high: tuple[float, ...], count: int) -> Bins:
        """As many bins along each axis."""
        return cls(tuple(np.linspace(a, b, count + 1) for a, b in zip(low, high, strict=True)))

    def counted(self, points: np.ndarray) -> np.ndarray:
        """Share of the points in each bin; what lies outside belongs to the nearest bin."""
        clipped = np.stack([np.clip(points[:, k], e[0] + 1e-9, e[-1] - 1e-9) for k, e in enumerate(self.edges)], 1)
        return np.histogramdd(clipped, self.edges)[0].ravel() / max(1, len(points))


def normal_mass(edges: np.ndarray, mean: np.ndarray | float, deviation: float) -> np.ndarray:
    """Mass of a normal distribution between neighbouring edges, (..., bins); both tails belong to the last bins."""
    z = (edges - np.asarray(mean, float)[..., None]) / (max(deviation, 1e-12) * math.sqrt(2))
    below = 0.5 * (1 + _erf(z))
    below[..., 0], below[..., -1] = 0.0, 1.0
    return np.diff(below, axis=-1)


def real_masses(maker: Points, bins: Bins) -> np.ndarray:
    """Mass of the data in each bin: in closed form for clouds and on the line, else of very many points."""
    modes = maker.modes()
    if maker.kind == "Gaussian":
        return normal_mass(bins.edges[0], maker.radius, maker.noise)
    if maker.kind == "density":
        fine = np.concatenate([np.linspace(a, b, 9)[:-1] for a, b in zip(bins.edges[0][:-1], bins.edges[0][1:], strict=True)])
        mass = density(maker.drawn, fine).reshape(-1, 8).mean(1) * np.diff(bins.edges[0])
        return mass / mass.sum()
    if modes is not None and len(modes):
        across, up = (normal_mass(bins.edges[k], modes[:, k], maker.noise) for k in (0, 1))
        return np.einsum("mi,mj->ij", across, up).ravel() / len(modes)
    return bins.counted(maker.draw(generator(0, 0), REFERENCE)["x"])


def pushed(z: np.ndarray, x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mass between neighbouring edges of x = G(z) for z from the standard normal distribution: G known at many sorted places z.

    Between two of them G is taken to be straight, so that their mass lies evenly between both values: exact as they come close.
    """
    mass = np.diff(0.5 * (1 + _erf(z / math.sqrt(2))))
    low, high = np.minimum(x[:-1], x[1:]), np.maximum(x[:-1], x[1:])
    part = np.clip((edges[:, None] - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    below = part @ mass / mass.sum()
    below[0], below[-1] = 0.0, 1.0
    return np.diff(below)


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) in nats; where q has no mass it is taken to have `LEAST`, because the true answer would be infinite."""
    there = p > 0
    return float((p[there] * np.log(p[there] / np.where(q[there] > 0, q[there], LEAST))).sum())


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """JS(p, q) in nats: from 0 (alike) to ln 2 (nowhere together)."""
    middle = 0.5 * (p + q)
    return 0.5 * (kullback_leibler(p, middle) + kullback_leibler(q, middle))


def shares(points: np.ndarray, modes: np.ndarray, near: float) -> tuple[np.ndarray, float]:
    """(share of all points that lie within `near` of each mode and of no nearer one, share near any)."""
    if not len(modes) or not len(points):
        return np.zeros(len(modes)), 0.0
    apart = np.hypot(*(points[:, None, :2] - modes[None]).transpose(2, 0, 1))
    nearest, close = apart.argmin(1), apart.min(1) <= near
    return np.bincount(nearest[close], minlength=len(modes)) / len(points), float(close.mean())
