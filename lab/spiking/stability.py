"""When the steady firing of Brunel's network breaks into oscillations, or jumps: linear response of LIF neurons in noise.

The rate r of a neuron answers a small modulation of the mean or the variance of its input, mu + m exp(i w t) and sigma^2 + s exp(i w t),
with a modulation of its own. Both answers come from the Fokker-Planck equation

    dP/dt = -dJ/dV,   J = (mu - V) / tau P - sigma^2 / (2 tau) dP/dV,

integrated from the threshold downwards at each frequency (threshold integration; Richardson, Phys Rev E 76:021919, 2007).
In a network the modulation comes back after the delay D as the input of the neurons; steady firing is unstable where the loop
gain L(w) is real and larger than 1 at some frequency (Brunel, J Comput Neurosci 8:183, 2000, section 4).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.spiking.cells import LIF
from lab.spiking.theory import outside_rate

STEPS = 300  # of the integration over the potential
FREQUENCIES = np.concatenate([[0.01], np.geomspace(3.0, 300.0, 30)])  # Hz; at 0 itself the modulated flux vanishes
RATES = np.geomspace(1.5, 130.0, 16)  # Hz, of the neurons: each belongs to one drive
G = np.linspace(4.0, 8.0, 17)  # below 4 excitation wins and there is no steady irregular firing


def response(mu: np.ndarray, sigma: np.ndarray, frequency: np.ndarray, cell: LIF) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate (1/ms), and its modulation by a modulation of the mean (1/ms per mV) and of the variance (1/ms per mV^2).

    mu, sigma (mV) of shape (n,), frequency (Hz) of shape (m,); the answers have shapes (n,), (n, m), (n, m).
    """
    mu, sigma = np.asarray(mu, float)[:, None], np.asarray(sigma, float)[:, None]
    omega = 2e-3 * np.pi * np.asarray(frequency, float)[None, :]
    tau, back = cell.tau, np.exp(-1j * omega * cell.refractory)
    low = np.minimum(np.minimum(mu, cell.reset) - 6.0 * sigma, cell.reset - 1.0)
    d = (cell.threshold - low) / STEPS
    v = np.broadcast_to(np.array(cell.threshold), mu.shape).astype(float)
    # For a flux of 1 at the threshold: p0, the density; (p, j) of the answers to the flux itself, to the mean, to the variance.
    shape = np.broadcast_shapes(mu.shape, omega.shape)
    p0, mass = np.zeros(mu.shape), np.zeros(mu.shape)
    p, j = np.zeros((3, *shape), complex), np.zeros((3, *shape), complex)
    j[0] = 1.0
    flux: np.ndarray | float = 1.0
    passed = np.zeros(mu.shape, bool)
    for _ in range(STEPS):
        here = v - 0.5 * d
        crossing = ~passed & (here < cell.reset)
        if crossing.any():
            passed |= crossing
            j[0] -= crossing * back
        flux = np.where(passed, 0.0, 1.0)
        a = 2.0 * (mu - here) / sigma**2
        decay = np.exp(-a * d)
        grow = np.where(np.abs(a * d) > 1e-9, -np.expm1(-a * d) / np.where(a == 0, 1.0, a), d)
        slope = a * p0 - 2.0 * tau * flux / sigma**2  # of p0, at the upper end of the step
        own = np.stack([np.zeros_like(p0), p0 / tau, -slope / (2.0 * tau)])  # the part of the flux that the modulated input makes by itself
        p_next = p * decay + 2.0 * tau / sigma**2 * (j - own) * grow
        j = j + 1j * omega * d * 0.5 * (p + p_next)
        p = p_next
        p0_next = p0 * decay + 2.0 * tau * flux / sigma**2 * grow
        mass += 0.5 * d * (p0 + p0_next)
        p0, v = p0_next, v - d
    rate = 1.0 / (mass + cell.refractory)
    # At the lower end no flux is left: the modulation of the rate is what makes it so.
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, variance = (-rate * j[k] / j[0] for k in (1, 2))
    return rate[:, 0], mean, variance


def loop_gain(
    rate: np.ndarray, g: np.ndarray, cell: LIF, weight: float, excitation: float, degrees: tuple[float, float, float], delay: float
) -> tuple[np.ndarray, np.ndarray]:
    """Outside rate (Hz) at which neurons fire at `rate`, (n,), and the loop gain at FREQUENCIES, (n, m), for pairs of rate and inhibition g, (n,)."""
    excites, inhibits, outside = degrees
    nu = outside_rate(rate, g, cell, weight, excitation, degrees)
    k = cell.tau * weight
    mean = excitation * excites - g * inhibits
    square = excitation**2 * excites + g * g * inhibits
    known = np.nan_to_num(nu)
    mu = cell.rest + cell.bias + k / 1000 * (outside * known + rate * mean)
    sigma = np.sqrt(np.maximum(k * weight / 1000 * (outside * known + rate * square), 1e-6))
    _, by_mean, by_variance = response(mu, sigma, FREQUENCIES, cell)
    late = np.exp(-2e-3j * np.pi * FREQUENCIES * delay)
    return nu, late * (k * mean[:, None] * by_mean + k * weight * square[:, None] * by_variance)


def worst(gain: np.ndarray) -> np.ndarray:
    """The largest real value that the loop gain takes on its way through the frequencies, (n,): above 1 steady firing is unstable."""
    real, imaginary = gain.real, gain.imag
    largest = real[:, 0].copy()  # nearly at frequency 0, where it is real
    for a in range(1, gain.shape[1] - 1):
        crosses = imaginary[:, a] * imaginary[:, a + 1] < 0
        share = np.where(crosses, imaginary[:, a] / np.where(crosses, imaginary[:, a] - imaginary[:, a + 1], 1.0), 0.0)
        there = real[:, a] + share * (real[:, a + 1] - real[:, a])
        largest = np.where(crosses, np.maximum(largest, there), largest)
    return largest


@lru_cache(maxsize=8)
def borders(cell: LIF, weight: float, excitation: float, degrees: tuple[float, float, float], delay: float, rate: float) -> np.ndarray:
    """Where steady firing ends in the plane of inhibition g and drive: rows g, drive below which it oscillates slowly, drive above which fast.

    The drive is in units of `rate` (Hz). NaN where there is no such border among the rates of RATES.
    """
    network = cell, weight, excitation, degrees, delay
    rates, g = (a.ravel() for a in np.meshgrid(RATES, G, indexing="ij"))
    drive, gains = loop_gain(rates, g, *network)
    largest = np.where(np.isfinite(drive), worst(gains), np.nan).reshape(len(RATES), len(G))
    out = np.full((3, len(G)), np.nan)
    out[0] = G
    for row, falls in ((1, True), (2, False)):
        # Between two rates where the largest gain passes 1; a slow oscillation ends as the rate grows, a fast one begins.
        passes = (largest[:-1] > 1) & (largest[1:] <= 1) if falls else (largest[:-1] <= 1) & (largest[1:] > 1) & (RATES[:-1, None] > 10)
        there = np.flatnonzero(passes.any(0))
        at = passes[:, there].argmax(0)
        low, high = RATES[at], RATES[at + 1]
        under, over = largest[at, there] - 1, largest[at + 1, there] - 1
        for _ in range(2):  # regula falsi
            middle = low - under * (high - low) / (over - under)
            found, gain = loop_gain(middle, G[there], *network)
            off = worst(gain) - 1
            same = off * under > 0
            low, under = np.where(same, middle, low), np.where(same, off, under)
            high, over = np.where(same, high, middle), np.where(same, over, off)
        out[row, there] = found / rate
    return out
