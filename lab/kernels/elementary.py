"""Elementary functions that vectorise: exponential and its relatives, logarithm, tanh and the sigmoid, in double and single precision.

Each is straight-line code (every condition is a select), so that a loop which calls it becomes vector instructions.
x = k ln 2 + r with |r| <= ln(2)/2; ln 2 is split so that k times its upper part is exact; rounding to the integer k
is the addition of 1.5 * 2^52, which leaves k in the low bits, ready to be shifted into an exponent. The polynomials
interpolate (exp(r) - 1 - r) / r^2 and (2 atanh(s) - 2 s) / s^3 at Chebyshev points (relative error 2e-17 and 5e-18;
1e-8 in single precision). 2^k is applied as two factors, because results may be subnormal or k may be 1024.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic

from lab.kernels.compiler import JIT, elementary

if JIT:

    def _bitcast(source, target):
        """Intrinsic that reads the bits of a `source` number as a `target` number."""

        @intrinsic
        def cast(typingctx, value):
            if value != source:
                return None

            def generate(context, builder, signature, arguments):
                return builder.bitcast(arguments[0], context.get_value_type(target))

            return target(source), generate

        return cast

    _bits = _bitcast(types.float64, types.uint64)
    _float = _bitcast(types.uint64, types.float64)
    _bits32 = _bitcast(types.float32, types.uint32)
    _float32 = _bitcast(types.uint32, types.float32)
else:

    def _bits(value):
        return np.float64(value).view(np.uint64)

    def _float(value):
        return value.view(np.float64)

    def _bits32(value):
        return value.view(np.uint32)

    def _float32(value):
        return value.view(np.float32)


_LOG2E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_ROUND = 6755399441055744.0
_BIAS = np.uint64(1023)
_MANTISSA_BITS = np.uint64(52)
_MANTISSA = np.uint64(0xFFFFFFFFFFFFF)


@elementary
def _exponential_tail(r):
    """(exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2."""
    r2 = r * r
    r4 = r2 * r2
    low = (0.5000000000000001 + r * 0.16666666666666669) + r2 * (0.04166666666662399 + r * 0.008333333333330051)
    high = (0.0013888888917281794 + r * 0.00019841269863105968) + r2 * (2.480152119021773e-05 + r * 2.7557268378684192e-06)
    return low + r4 * (high + r4 * (2.7620138719733994e-07 + r * 2.5100424157005067e-08))


@elementary
def _exponential_parts(x):
    """p, a, b with exp(x) = (1 + p) a b, where a and b are powers of two and p = exp(r) - 1."""
    k = (x * _LOG2E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    half = k * 0.5 + _ROUND
    other = (k - (half - _ROUND)) + _ROUND
    a = _float((_bits(half) + _BIAS) << _MANTISSA_BITS)
    b = _float((_bits(other) + _BIAS) << _MANTISSA_BITS)
    return r + r * r * _exponential_tail(r), a, b


@elementary
def exp(x):
    """Exponential of a number, without branches: infinity above 709.78, gradual underflow to 0 below -745.13."""
    x = 710.0 if x > 710.0 else x
    x = -750.0 if x < -750.0 else x
    p, a, b = _exponential_parts(x)
    return (a + a * p) * b


@elementary
def exp_within(x):
    """exp(x) for |x| <= 700, to the same bits as `exp` in fewer operations: nothing overflows, so one power of two is enough."""
    k = x * _LOG2E + _ROUND
    scale = _float((_bits(k) + _BIAS) << _MANTISSA_BITS)
    k = k - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    return scale + scale * (r + r * r * _exponential_tail(r))


@elementary
def expm1(x):
    """exp(x) - 1 without cancellation near 0."""
    bounded = 710.0 if x > 710.0 else x
    bounded = -50.0 if x < -50.0 else bounded
    p, a, b = _exponential_parts(bounded)
    half = a * (0.5 * b)
    value = 2.0 * (half * p + (half - 0.5))
    return x if abs(x) < 1e-290 else value


@elementary
def expm1_quotient(x):
    """x / (exp(x) - 1), which is 1 at 0; the shape of Hodgkin and Huxley's rates alpha_n and alpha_m (1952, equations 12 and 20)."""
    size = -x if x < 0.0 else x
    p, a, b = _exponential_parts(-800.0 if size > 800.0 else -size)
    scale = a * b
    below = -(scale * p + (scale - 1.0))
    bounded = 800.0 if size > 800.0 else size
    above = ((bounded + bounded * p) * a) * b
    top = size if x < 0.0 else above
    top = 1.0 if x == 0.0 else top
    bottom = 1.0 if x == 0.0 else below
    return top / bottom


@elementary
def exprel(x):
    """(exp(x) - 1) / x, which is 1 at 0; the weight of a constant input in an exactly integrated linear equation."""
    top = 1.0 if x == 0.0 else expm1(x)
    bottom = 1.0 if x == 0.0 else x
    bottom = 1e308 if bottom > 1e308 else bottom
    return top / bottom


@elementary
def tanh(x):
    """Hyperbolic tangent, from exp(-2|x|) - 1."""
    size = -x if x < 0.0 else x
    p, a, b = _exponential_parts(-50.0 if size > 25.0 else -2.0 * size)
    scale = a * b
    shrink = scale * p + (scale - 1.0)
    value = -shrink / (2.0 + shrink)
    return -value if x < 0.0 else value


@elementary
def sigmoid(x):
    """1 / (1 + exp(-x)), accurate at both ends."""
    size = -x if x < 0.0 else x
    p, a, b = _exponential_parts(-800.0 if size > 800.0 else -size)
    small = (a + a * p) * b
    top = small if x < 0.0 else 1.0
    return top / (1.0 + small)


_SQRT_HALF = np.uint64(0x3FE6A09E667F3BCD)
_ONE_LESS_SQRT_HALF = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_TWO_52 = np.uint64(0x4330000000000000)


@elementary
def log(x):
    """Natural logarithm: -infinity at 0, NaN below."""
    tiny = x < 2.2250738585072014e-308
    scaled = x * 18014398509481984.0 if tiny else x * 1.0
    shifted = _bits(scaled) + _ONE_LESS_SQRT_HALF
    k = (_float((shifted >> _MANTISSA_BITS) | _TWO_52) - 4503599627370496.0) - (1077.0 if tiny else 1023.0)
    f = _float((shifted & _MANTISSA) + _SQRT_HALF) - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    low = (0.666666666666667 + z * 0.3999999999989924) + z2 * (0.2857142862609589 + z * 0.2222221111514416)
    high = 0.18182890556695602 + z * 0.1533167403016786 + z2 * 0.1461703754879165
    half_square = 0.5 * f * f
    value = k * _LN2_HIGH - ((half_square - (s * (half_square + z * (low + z2 * z2 * high)) + k * _LN2_LOW)) - f)
    value = x if x == np.inf else value
    value = -np.inf if x == 0.0 else value
    return value if x >= 0.0 else np.nan


_LOG2E_32 = np.float32(1.4426950408889634)
_LN2_HIGH_32 = np.float32(0.693115234375)
_LN2_LOW_32 = np.float32(3.1946184945309415e-05)
_ROUND_32 = np.float32(12582912.0)
_BIAS_32 = np.uint32(127)
_MANTISSA_BITS_32 = np.uint32(23)
_HALF_32, _ONE_32, _TWO_32 = np.float32(0.5), np.float32(1), np.float32(2)
_ZERO_32 = np.float32(0)
_C2, _C3, _C4 = np.float32(0.5), np.float32(0.16666576845993977), np.float32(0.04166655443768594)
_C5, _C6 = np.float32(0.008363202971575855), np.float32(0.0013926213466332444)
_EXP_TOP_32, _EXP_BOTTOM_32, _TANH_END_32 = np.float32(89), np.float32(-105), np.float32(20)


@elementary
def _exponential_parts_32(x):
    """p, a, b with exp(x) = (1 + p) a b in single precision."""
    k = (x * _LOG2E_32 + _ROUND_32) - _ROUND_32
    r = (x - k * _LN2_HIGH_32) - k * _LN2_LOW_32
    half = k * _HALF_32 + _ROUND_32
    other = (k - (half - _ROUND_32)) + _ROUND_32
    a = _float32(np.uint32((_bits32(half) + _BIAS_32) << _MANTISSA_BITS_32))
    b = _float32(np.uint32((_bits32(other) + _BIAS_32) << _MANTISSA_BITS_32))
    r2 = r * r
    return r + r2 * ((_C2 + r * _C3) + r2 * ((_C4 + r * _C5) + r2 * _C6)), a, b


@elementary
def exp32(x):
    """Exponential in single precision: infinity above 88.72, gradual underflow to 0 below -103.97."""
    x = np.float32(x)
    x = _EXP_TOP_32 if x > _EXP_TOP_32 else x
    x = _EXP_BOTTOM_32 if x < _EXP_BOTTOM_32 else x
    p, a, b = _exponential_parts_32(x)
    return (a + a * p) * b


@elementary
def exp_within32(x):
    """exp(x) for |x| <= 80 in single precision: nothing overflows, so one power of two is enough."""
    k = x * _LOG2E_32 + _ROUND_32
    scale = _float32(np.uint32((_bits32(k) + _BIAS_32) << _MANTISSA_BITS_32))
    k = k - _ROUND_32
    r = (x - k * _LN2_HIGH_32) - k * _LN2_LOW_32
    r2 = r * r
    return scale + scale * (r + r2 * ((_C2 + r * _C3) + r2 * ((_C4 + r * _C5) + r2 * _C6)))


@elementary
def tanh32(x):
    """Hyperbolic tangent in single precision."""
    x = np.float32(x)
    size = -x if x < _ZERO_32 else x
    p, a, b = _exponential_parts_32(-_TWO_32 * (_TANH_END_32 if size > _TANH_END_32 else size))
    scale = a * b
    shrink = scale * p + (scale - _ONE_32)
    value = -shrink / (_TWO_32 + shrink)
    return -value if x < _ZERO_32 else value


@elementary
def sigmoid32(x):
    """1 / (1 + exp(-x)) in single precision, accurate at both ends."""
    x = np.float32(x)
    size = -x if x < _ZERO_32 else x
    p, a, b = _exponential_parts_32(_EXP_BOTTOM_32 if size > -_EXP_BOTTOM_32 else -size)
    small = (a + a * p) * b
    top = small if x < _ZERO_32 else _ONE_32
    return top / (_ONE_32 + small)


@elementary
def finite(x):
    """Whether x is neither infinite nor NaN, as a comparison: `math.isfinite` compiles to x - x, which reassociation may make 0."""
    return abs(x) < np.inf
