"""Steps of spiking populations that hold values: leaky integrate-and-fire neurons, decoded and encoded again.

A population keeps voltage and refractory time per neuron; what it says is the filtered sum of its decoders at each spike:
tau_s ds/dt = -s + sum of D_i at the spikes of i. Weights between populations are never multiplied out: W = gain E D costs N d + d M
operations a step where the full matrix costs N M.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import expm1, kernel, log
from lab.spiking.coding.populations import Population


class Cells(NamedTuple):
    """A population as a kernel takes it."""

    encoders: np.ndarray  # (N, d), times the gain
    bias: np.ndarray  # (N,)
    alive: np.ndarray  # (N,) 1 or 0: a killed neuron neither fires nor is heard
    tau: float
    refractory: float


def cells(of: Population, alive: np.ndarray | None = None) -> Cells:
    """The population for kernels; the gain goes into the encoders."""
    return Cells(of.encoders * of.gain[:, None], of.bias, np.ones(of.size) if alive is None else alive, of.tau, of.refractory)


@kernel
def fire(cells, v, rest, x, dt, spikes):
    """One step of dt seconds at value x (d,): voltages v (N,), refractory time left rest (N,) in s; returns how many fired.

    Indices of those that fired go into `spikes`. The membrane is solved exactly over the part of the step in which it may move, and
    a spike is dated by where it crosses within the step: counting the refractory time from the end of the step instead would
    lower every rate.
    """
    encoders, bias, alive, tau, refractory = cells
    N, d = encoders.shape
    decay = -expm1(-dt / tau)
    fired = 0
    for i in range(N):
        if alive[i] == 0.0:
            continue
        J = bias[i]
        for j in range(d):
            J += encoders[i, j] * x[j]
        free = min(max(dt - rest[i], 0.0), dt)
        part = decay if free == dt else -expm1(-free / tau)
        u = v[i] + (J - v[i]) * part
        rest[i] -= dt
        if u > 1.0:
            since = -tau * log(1.0 - (u - 1.0) / (J - 1.0))  # time since it crossed
            rest[i] = refractory - since
            u = 0.0
            spikes[fired] = i
            fired += 1
        v[i] = max(u, 0.0)
    return fired


@kernel
def say(spikes, fired, decoders, total):
    """Sum of the decoders (N, k) of those that fired, into total (k,)."""
    for j in range(len(total)):
        total[j] = 0.0
    for s in range(fired):
        i = spikes[s]
        for j in range(len(total)):
            total[j] += decoders[i, j]


@kernel
def listen(cells, x, decoders, total):
    """The same for neurons that answer with rates: sum of rate times decoder at value x, into total (k,) per second."""
    encoders, bias, alive, tau, refractory = cells
    N, d = encoders.shape
    for j in range(len(total)):
        total[j] = 0.0
    for i in range(N):
        J = bias[i]
        for j in range(d):
            J += encoders[i, j] * x[j]
        if J > 1.0 and alive[i] != 0.0:
            r = 1.0 / (refractory - tau * log(1.0 - 1.0 / J))
            for j in range(len(total)):
                total[j] += r * decoders[i, j]
