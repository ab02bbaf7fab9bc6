"""Random numbers whose whole state is an array: xoshiro256++ and what is drawn from it.

All constants of the generators are uint64: Numba turns uint64 combined with a signed integer into float64. None of
these kernels lets the compiler fuse a * b + c, so compiled and interpreted runs draw the same bytes; the shared exp,
which may be fused, only ever decides between accepting and rejecting.
"""

from __future__ import annotations

import decimal
import math

import numpy as np

from lab.kernels.compiler import strict
from lab.kernels.elementary import exp, log

_WORD = (1 << 64) - 1


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def seed_state(seed: int, stream: int = 0) -> np.ndarray:
    """State of a random generator: four words (uint64) that the drawing kernels advance in place.

    The words are SplitMix64's sequence, the expansion that the authors of xoshiro recommend, started at
    seed + mix(stream); stream 0 is the plain expansion of the seed. Different streams of one seed are independent.
    """
    start = int(seed) + _mix(int(stream) & _WORD)
    return np.array([_mix((start + (i + 1) * 0x9E3779B97F4A7C15) & _WORD) for i in range(4)], np.uint64)


_U11, _U12, _U17, _U19, _U23, _U32, _U41, _U45 = (np.uint64(n) for n in (11, 12, 17, 19, 23, 32, 41, 45))
_ONE = np.uint64(1)


@strict
def next_bits(s):
    """Next 64 random bits (uint64) of xoshiro256++ (Blackman and Vigna 2021, figure 6)."""
    s0, s1, s2, s3 = s[0], s[1], s[2], s[3]
    total = s0 + s3
    s2 ^= s0
    s3 ^= s1
    s[1] = s1 ^ s2
    s[0] = s0 ^ s3
    s[2] = s2 ^ (s1 << _U17)
    s[3] = (s3 << _U45) | (s3 >> _U19)
    return ((total << _U23) | (total >> _U41)) + s0


@strict
def uniform(s):
    """Uniform number in [0, 1) with 53 random bits."""
    return np.float64(np.int64(next_bits(s) >> _U11)) * 1.1102230246251565e-16


@strict
def _inside(s):
    """Uniform number strictly between 0 and 1: (n + 1/2) / 2^52."""
    return (np.float64(np.int64(next_bits(s) >> _U12)) + 0.5) * 2.220446049250313e-16


_log = strict(getattr(log, "py_func", log))


@strict
def exponential(s):
    """Exponentially distributed number with mean 1, by inversion."""
    return -_log(_inside(s))


def _ziggurat() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges x, ratios x[i + 1] / x[i] and heights exp(-x^2 / 2) of 256 layers of equal area under the normal density.

    Computed in decimal arithmetic, so that every machine draws from the same tables.
    """
    with decimal.localcontext(decimal.Context(prec=28)):
        start, area = decimal.Decimal("3.65415288536100877164542972"), decimal.Decimal("0.004928673233974655347361775402")
        two = decimal.Decimal(2)
        heights = [(-start * start / two).exp()]
        edges = [area / heights[0], start]
        for _ in range(254):
            heights.append(heights[-1] + area / edges[-1])
            edges.append((-two * heights[-1].ln()).sqrt())
        edges.append(decimal.Decimal(0))
        heights.append(decimal.Decimal(1))
        ratios = [float(edges[i + 1] / edges[i]) for i in range(256)]
    return np.array(edges[:256], float), np.array(ratios), np.array([0.0, *heights], float)


_EDGES, _RATIOS, _HEIGHTS = _ziggurat()
_TAIL = float(_EDGES[1])
_LAYER, _SIGN, _U32_MASK = np.uint64(255), np.uint64(256), np.uint64(0xFFFFFFFF)


@strict
def _normal_tail(s):
    """|x| beyond the last edge of the ziggurat (Marsaglia 1964)."""
    while True:
        x = -_log(_inside(s)) / _TAIL
        if -2.0 * _log(_inside(s)) > x * x:
            return _TAIL + x


@strict
def normal(s):
    """Standard normal number, by the ziggurat of 256 layers (Marsaglia and Tsang 2000); all state is in s."""
    while True:
        bits = next_bits(s)
        layer = np.int64(bits & _LAYER)
        fraction = np.float64(np.int64(bits >> _U12)) * 2.220446049250313e-16
        x = fraction * _EDGES[layer]
        inside = fraction < _RATIOS[layer]
        if not inside:
            if layer == 0:
                x = _normal_tail(s)
                inside = True
            else:
                height = _HEIGHTS[layer] + uniform(s) * (_HEIGHTS[layer + 1] - _HEIGHTS[layer])
                inside = height < exp(-0.5 * x * x)
        if inside:
            return -x if bits & _SIGN else x


@strict
def _stirling_rest(k):
    """log(k!) - log(sqrt(2 pi k) (k / e)^k) for k >= 10, from Stirling's series."""
    square = k * k
    series = 1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360360.0 / square) / square) / square
    return (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / k


@strict
def _deviance(k, mean):
    """k log(k / mean) + mean - k without cancellation (Loader 2000)."""
    v = (k - mean) / (k + mean)
    if abs(v) >= 0.1:
        return k * _log(k / mean) + mean - k
    total = (k - mean) * v
    term = 2.0 * k * v
    for n in range(1, 20):
        term *= v * v
        total += term / (2.0 * n + 1.0)
    return total


@strict
def _log_poisson(k, mean):
    """Logarithm of the Poisson probability of k."""
    if k < 10.0:
        product = 1.0
        for n in range(2, int(k) + 1):
            product *= n
        return k * _log(mean) - mean - _log(product)
    return -_stirling_rest(k) - _deviance(k, mean) - 0.5 * _log(6.283185307179586 * k)


@strict(paste=False)
def poisson(s, lam):
    """Poisson count (int64) of mean lam: 0 for lam <= 0, and -1 where no count exists (NaN, or lam above 2^60).

    Below 10 by the product of uniforms (Knuth); else by transformed rejection (Hoermann 1993, PTRS) with the
    probabilities in Loader's form, which stays accurate where k log(lam) - log(k!) has cancelled. Above 2^53 counts
    are spaced as float64 numbers are.
    """
    if lam <= 0.0:
        return np.int64(0)
    if not lam <= 1152921504606846976.0:
        return np.int64(-1)
    if lam < 10.0:
        limit = exp(-lam)
        product = _inside(s)
        count = np.int64(0)
        while product > limit:
            product *= _inside(s)
            count += 1
        return count
    b = 0.931 + 2.53 * math.sqrt(lam)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = _inside(s) - 0.5
        v = _inside(s)
        distance = 0.5 - abs(u)
        k = math.floor((2.0 * a / distance + b) * u + lam + 0.43)
        if distance >= 0.07 and v <= quick:
            return np.int64(k)
        if k < 0 or k > 4e18 or (distance < 0.013 and v > distance):
            continue
        k = np.float64(k)
        if _log(v * inverse_alpha / (a / (distance * distance) + b)) <= _log_poisson(k, lam):
            return np.int64(k)


@strict
def below(s, n):
    """Unbiased integer (int64) from 0 to n - 1, for n >= 1 (Lemire 2019 below 2^32, rejection above)."""
    size = np.uint64(n)
    if size <= _U32_MASK:
        product = (next_bits(s) >> _U32) * size
        if product & _U32_MASK < size:
            threshold = ((_U32_MASK - size) + _ONE) % size
            while product & _U32_MASK < threshold:
                product = (next_bits(s) >> _U32) * size
        return np.int64(product >> _U32)
    threshold = (~size + _ONE) % size
    bits = next_bits(s)
    while bits < threshold:
        bits = next_bits(s)
    return np.int64(bits % size)
