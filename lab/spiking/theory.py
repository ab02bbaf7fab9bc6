"""Mean-field theory of networks of LIF neurons: the rate of one neuron in noise, and the rates that a network agrees on."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lab.spiking.cells import LIF, PoissonPopulation
from lab.spiking.network import Network, Scales
from lab.spiking.projections import Drive, Noise

# sqrt(2) |zeta(1/2)|: synaptic filtering shifts threshold and reset by this times half sqrt(tau_s / tau) (Brunel and Sergi 1998).
FILTER = math.sqrt(2) * 1.4603545088095868
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def siegert(mu, sigma, tau, threshold, reset, refractory, tau_synapse=0.0):
    """Rate (Hz) of a LIF neuron driven by white noise (Siegert 1951; Brunel 2000, equation 21).

    1 / rate = refractory + tau sqrt(pi) int_a^b exp(u^2) (1 + erf u) du with a = (reset - mu) / sigma, b = (threshold - mu) / sigma.

    mu, sigma in mV as in tau dV/dt = mu - V + sigma sqrt(tau) noise; times in ms; arrays broadcast. With filtered input
    both bounds move by FILTER/2 sqrt(tau_synapse / tau) (Fourcaud and Brunel 2002), valid for tau_synapse below tau.
    """
    from scipy.special import erfcx

    mu, sigma = np.broadcast_arrays(np.asarray(mu, float), np.maximum(np.asarray(sigma, float), 1e-6))
    shift = 0.5 * FILTER * math.sqrt(tau_synapse / tau)
    low, high = (reset - mu) / sigma + shift, (threshold - mu) / sigma + shift
    # Beyond 26 exp(u^2) overflows; the rate is below 1e-290 Hz there.
    low, high = np.minimum(low, 26.0), np.minimum(high, 26.0)
    total = np.zeros(mu.shape)
    # Below 0 the integrand is smooth and decays as 1/u: pieces whose lengths grow keep the nodes where it bends.
    for a, b in ((-1e9, -300.0), (-300.0, -30.0), (-30.0, -3.0), (-3.0, 0.0)):
        left, right = np.clip(low, a, b), np.clip(high, a, b)
        if a < -1e8:
            with np.errstate(divide="ignore"):
                total += np.log(left / right) / math.sqrt(math.pi)
            continue
        half, middle = (right - left) / 2, (right + left) / 2
        total += half * (_WEIGHTS * erfcx(-(middle[..., None] + half[..., None] * _NODES))).sum(axis=-1)
    for piece in range(4):
        left, right = (np.maximum(low, 0.0) + (np.maximum(high, 0.0) - np.maximum(low, 0.0)) * (piece + k) / 4 for k in (0, 1))
        half, middle = (right - left) / 2, (right + left) / 2
        u = middle[..., None] + half[..., None] * _NODES
        total += half * (_WEIGHTS * (2 * np.exp(u * u) - erfcx(u))).sum(axis=-1)
    return 1000 / (refractory + tau * math.sqrt(math.pi) * total)


def charge(cell: LIF, sign: str) -> float:
    """The instantaneous jump (mV) that carries the same charge as one synapse of weight 1 mV."""
    tau_s = cell.tau_inhibitory if sign == "inhibitory" else cell.tau_excitatory
    return {"delta": 1.0, "exponential": tau_s / cell.tau, "alpha": math.e * tau_s / cell.tau}[cell.synapses]


def known(net: Network) -> bool:
    """Whether there is a mean-field prediction: LIF neurons only, with Poisson input, fixed weights and no place on a ring."""
    cells = all(isinstance(p, (LIF, PoissonPopulation)) for _, p in net.populations) and any(isinstance(p, LIF) for _, p in net.populations)
    plain = all(
        not k.projection.plastic and not k.projection.profile and k.projection.rule not in ("matrix", "distance", "one to one")
        for k in net.links
    )
    return cells and plain


def driven(net: Network, scales: Scales) -> np.ndarray:
    """Which populations something outside reaches: drive, noise, a rate of their own, a rest above threshold, or one of these through links.

    Recurrent excitation alone may hold itself up near the limit of the refractory time, but nothing ever takes it there: a
    prediction of 495 Hz stood over a population at rest.
    """
    moved = np.array(
        [
            (isinstance(p, PoissonPopulation) and p.rate > 0) or (isinstance(p, LIF) and p.rest + p.bias >= p.threshold)
            for _, p in net.populations
        ]
    )
    for given in net.inputs:
        if isinstance(given.source, Drive):
            strong = given.source.sign != "inhibitory" and given.source.rate * given.source.weight * scales.drive > 0
        else:
            strong = given.source.strength > 0
        moved[net.index(given.target)] |= strong
    for _ in net.populations:  # through as many links as there may be one after the other
        for link in net.links:
            if link.projection.sign != "inhibitory" and link.projection.weight > 0 and moved[net.index(link.source)]:
                moved[net.index(link.target)] = True
    return moved


def moments(net: Network, rates: np.ndarray, scales: Scales, own: tuple[float, ...] = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation (mV) of every population's input at given rates (Hz), and the synaptic time constant that its noise has."""
    n = len(net.populations)
    mean, variance, filtered = np.zeros(n), np.zeros(n), np.zeros(n)

    def add(g: int, sign: str, weight: float, count: float, rate: float, spread: float = 0.0) -> None:
        cell = net.populations[g][1]
        assert isinstance(cell, LIF)
        jump = weight * charge(cell, sign) * (-1 if sign == "inhibitory" else 1)
        mean[g] += cell.tau * count * jump * rate / 1000
        power = cell.tau * count * jump * jump * (1 + spread * spread) * rate / 1000
        variance[g] += power
        filtered[g] += power * (cell.tau_inhibitory if sign == "inhibitory" else cell.tau_excitatory)

    for g, (_, p) in enumerate(net.populations):
        if isinstance(p, LIF):
            mean[g] = p.rest + p.bias
    for q, link in enumerate(net.links):
        made, g = link.projection, net.index(link.target)
        source, target = net.population(link.source), net.population(link.target)
        count = made.expected(source.size, target.size, link.source == link.target) / target.size
        factor = (scales.inhibition if made.sign == "inhibitory" else scales.excitation) * (own[q] if q < len(own) else 1.0)
        add(g, made.sign, made.weight * factor, count, rates[net.index(link.source)], made.weight_spread)
    for given in net.inputs:
        g = net.index(given.target)
        if isinstance(given.source, Drive):
            add(g, given.source.sign, given.source.weight, given.source.sources, given.source.rate * scales.drive)
        elif isinstance(given.source, Noise):
            cell = net.populations[g][1]
            assert isinstance(cell, LIF)
            variance[g] += cell.tau * given.source.strength**2
    tau = np.divide(filtered, variance, out=np.zeros(n), where=variance > 0)
    tau = np.where([isinstance(p, LIF) and p.synapses != "delta" for _, p in net.populations], tau, 0.0)
    return mean, np.sqrt(variance), tau


@lru_cache(maxsize=64)
def predicted(net: Network, scales: Scales, own: tuple[float, ...] = (), silent: tuple[int, ...] = ()) -> tuple[float, ...] | None:
    """Stationary rates (Hz) that reproduce themselves through `siegert`; None where there is no theory, nothing drives it or no rest is found.

    A population that nothing reaches is silent. Follows d rate/ds = F(rate) - rate from 10 Hz with steps that shrink while they overshoot.
    """
    if not known(net):
        return None
    reached = driven(net, scales)
    if not reached.any():
        return None
    rates = np.where(reached, [p.rate if isinstance(p, PoissonPopulation) else 10.0 for _, p in net.populations], 0.0)
    step, before = 0.2, math.inf
    for _ in range(3000):
        mean, sigma, tau_s = moments(net, rates, scales, own)
        wanted = rates.copy()
        for g, (_, p) in enumerate(net.populations):
            if (silent and silent[g]) or not reached[g]:
                wanted[g] = 0.0
            elif isinstance(p, LIF):
                wanted[g] = float(siegert(mean[g], sigma[g], p.tau, p.threshold, p.reset, p.refractory, tau_s[g]))
        off = float(np.abs(wanted - rates).max())
        if off < 1e-6 * (1 + float(rates.max())):
            return tuple(float(r) for r in wanted)
        step = max(step * 0.7, 1e-3) if off > before else min(step * 1.05, 0.5)
        before = off
        rates = rates + step * (wanted - rates)
    return None


@lru_cache(maxsize=64)
def compensation(
    whole: Network, part: Network, scales: Scales, own: tuple[float, ...] = (), silent: tuple[int, ...] = ()
) -> tuple[float, ...]:
    """Constant input (mV) that gives each population of a scaled-down network the mean input of the whole one at its predicted rates."""
    rates = predicted(whole, scales, own, silent)
    if rates is None:
        return ()
    full, _, _ = moments(whole, np.array(rates), scales, own)
    left, _, _ = moments(part, np.array(rates), scales, own)
    return tuple(float(m) for m in full - left)


def outside_rate(
    rate: float | np.ndarray, g: np.ndarray, cell: LIF, weight: float, excitation: float, degrees: tuple[float, float, float]
) -> np.ndarray:
    """Rate of each outside neuron (Hz) at which Brunel's network of identical neurons rests at `rate` (Hz), for each relative inhibition g.

    weight (mV) is that of the outside synapses; recurrent ones have it times `excitation` or g. degrees: recurrent excitatory,
    inhibitory and outside synapses of a neuron. NaN where recurrent input alone gives more.
    """
    excites, inhibits, outside = degrees
    k = cell.tau * weight / 1000

    def fires(nu: np.ndarray) -> np.ndarray:
        mu = cell.rest + cell.bias + k * (outside * nu + rate * (excitation * excites - g * inhibits))
        variance = k * weight * (outside * nu + rate * (excitation**2 * excites + g * g * inhibits))
        return siegert(mu, np.sqrt(variance), cell.tau, cell.threshold, cell.reset, cell.refractory)

    low, high = np.zeros(g.shape), np.full(g.shape, 1e4)
    never = fires(low) > rate
    for _ in range(40):
        middle = (low + high) / 2
        above = fires(middle) > rate
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(never, np.nan, high)
