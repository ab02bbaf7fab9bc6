"""The one door to Numba: compiled kernels, vectorisable elementary functions, random numbers.

Policy of every kernel: the GIL is released (a held GIL stretches the window's beat from 16 to 100 ms), division
follows NumPy (the default branch at each division stops LLVM from vectorising), fast-math without the two flags that
would let the compiler assume away NaN and infinity (divergence must stay detectable; only x - x, with the same x on
both sides, becomes 0 even where x is infinite), and a cache on disk.

Numba's own cache stamps a function with the file it stands in and does not see edits in other files. Here the stamp is
a digest of that file *and of every file it imports from this package*, so an edit anywhere below recompiles exactly what
depends on it. A compiled function is one file, named by everything that it depends on and replaced in one piece:
Numba numbers its files through an index, and two processes that compile two signatures at once can then take each
other's code.
"""

from __future__ import annotations

import decimal
import hashlib
import math
import os
import shutil
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numba
import numpy as np
from numba import types
from numba.core import caching, typing
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.extending import intrinsic

from lab.sources import code_digest, source_digest

JIT = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
# reassoc lets sums vectorise; nnan and ninf are absent on purpose: they would delete our isfinite checks.
FAST = {"reassoc", "contract", "arcp", "nsz"}
EXACT = {"contract", "nsz"}


def cache_folder() -> Path:
    """Folder of compiled kernels; `LAB_CACHE` overrides the user's cache directory."""
    import platformdirs

    return Path(os.environ.get("LAB_CACHE") or platformdirs.user_cache_dir("neural-lab", appauthor=False)) / "kernels"


@cache
def cache_writable() -> bool:
    """Whether compiled kernels can be kept; without it everything works, but compiles at each start."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_folder()):
            return True
    except OSError:
        return False


class _Locator(caching._CacheLocator):
    """Tells Numba where a kernel's cache lives and what it was compiled from."""

    def __init__(self, function, file):
        self._py_file = str(Path(file).resolve())  # this name and the next are read by Numba's warnings
        self._lineno = function.__code__.co_firstlineno
        text = f"{source_digest(Path(file))} numba {numba.__version__} numpy {np.__version__} python {sys.version}"
        self._stamp = hashlib.sha256(text.encode()).hexdigest()

    def get_cache_path(self):
        return str(cache_folder() / f"{Path(self._py_file).stem}-{self.get_disambiguator()}-{self._stamp[:16]}")

    def get_source_stamp(self):
        return self._stamp

    def get_disambiguator(self):
        return hashlib.sha256(self._py_file.encode()).hexdigest()[:12]

    @classmethod
    def from_function(cls, function, file):
        return cls(function, file)


class _Impl(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Files(caching.IndexDataCacheFile):
    """One file per compiled function, named by its key."""

    def _name(self, key):
        return f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.nbc"

    def save(self, key, data):
        self._save_data(self._name(key), data)

    def load(self, key):
        return self._load_data(self._name(key))

    def flush(self):
        pass


class _KernelCache(caching.FunctionCache):
    """Numba's cache of one function, made safe for closures, concurrent processes and folders that fail."""

    _impl_class = _Impl

    def __init__(self, dispatcher, options):
        super().__init__(dispatcher.py_func)
        self._dispatcher = dispatcher
        self.options = options
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())

    def _index_key(self, sig, codegen):
        return [_describe(t) for t in sig], codegen.magic_tuple(), _identity(self._dispatcher)

    def load_overload(self, sig, target_context):
        try:
            # Compiled code needs only Numba's memory functions. Numba would first make ready to compile, which takes longer than
            # all kernels of a model take to load.
            rtsys.initialize(target_context)
            found = self._load_overload(sig, target_context)
        except Exception:  # absent, or damaged in a way that only its reader finds: compile
            return None
        if found is None or not any(isinstance(t, types.Dispatcher) for t in sig):
            return found
        # A kernel among the arguments comes back from the file as a copy of itself, whose type no later call would have: each
        # call would read the file again. What was asked for takes its place.
        return found._replace(signature=typing.signature(found.signature.return_type, *sig))

    def save_overload(self, sig, data):
        try:
            new = not os.path.isdir(self._cache_path)
            super().save_overload(sig, data)
            if new:
                _forget_old(Path(self._cache_path))
        except OSError:  # a full disk or a read-only folder costs a compilation at the next start, nothing else
            pass


def _forget_old(folder: Path) -> None:
    """Remove what was compiled from earlier versions of a source file, unless it was written in the last week."""
    source = folder.name.rpartition("-")[0]
    for other in folder.parent.glob(f"{source}-*"):
        if other != folder and time.time() - other.stat().st_mtime > 7 * 86400:
            shutil.rmtree(other, ignore_errors=True)


class _Nameless(OSError):
    """Something a kernel depends on has no name that another process would find again."""


def _describe(numba_type) -> str:
    """Name of a Numba type that is the same in every process."""
    if isinstance(numba_type, types.Dispatcher):
        return _identity(numba_type.dispatcher)
    if isinstance(numba_type, (types.Tuple, types.UniTuple)):
        return f"({', '.join(_describe(t) for t in numba_type)})"
    name = str(numba_type)
    if " at 0x" in name:
        raise _Nameless(name)
    return name


def _identity(dispatcher, within=()) -> str:
    """Digest of a kernel, of the sources it was made from and of what it closes over.

    Numba digests a closure by serialising it, which gives a kernel in it a new name in each process: never found again.
    """
    function, compiled_from = dispatcher.py_func, getattr(dispatcher, "_cache", None)
    if not isinstance(compiled_from, _KernelCache):
        raise _Nameless(function.__qualname__)
    if dispatcher in within:
        return function.__qualname__
    stamp = compiled_from._impl.locator.get_source_stamp()
    options = sorted((name, sorted(value) if isinstance(value, set) else value) for name, value in compiled_from.options.items())
    total = hashlib.sha256(f"{stamp} {function.__module__} {function.__qualname__} {function.__defaults__!r} {options}".encode())
    total.update(code_digest(function.__code__))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        total.update(f" {name} ".encode())
        value = cell.cell_contents
        if hasattr(value, "py_func"):
            total.update(_identity(value, (*within, dispatcher)).encode())
        elif isinstance(value, np.ndarray):
            total.update(f"{value.dtype.descr} {value.shape} {value.strides} ".encode() + value.tobytes())
        elif isinstance(value, (int, float, complex, str, bytes, np.generic, type, type(None))):
            total.update(f"{type(value)} {value!r}".encode())
        else:
            total.update(dumps(value))
    return total.hexdigest()


def _compile(function, **options):
    """Numba's dispatcher of a function, with our cache if the function stands in a file."""
    if not JIT:
        # Divisions by zero and overflows are as silent as in the compiled function; random generators overflow always.
        plain = np.errstate(all="ignore")(function)
        plain.py_func = function
        return plain
    dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(function)
    if os.path.isfile(function.__code__.co_filename):
        dispatcher._cache = _KernelCache(dispatcher, options)
    return dispatcher


def kernel(function=None, *, fast=True, inline=False):
    """Compile a function under the policy above.

    fast=False keeps the written order of sums (compensated arithmetic needs it); inline=True pastes the function into
    its callers before type inference. With NUMBA_DISABLE_JIT=1 the plain function is returned, with NumPy's warnings
    silenced. A closure may hold numbers, strings, arrays and other kernels.
    """
    if function is None:
        return lambda f: kernel(f, fast=fast, inline=inline)
    return _compile(function, fastmath=FAST if fast else EXACT, inline="always" if inline else "never")


def _elementary(function):
    """Compile for use in the loops of kernels: pasted in by LLVM so that they vectorise, fused multiply-add allowed."""
    return _compile(function, fastmath=EXACT, forceinline=True)


def _strict(function=None, *, paste=True):
    """Compile with IEEE arithmetic exactly as written, which gives the same bytes as the interpreter.

    Pasted into its callers, because a call even on a rare path keeps the generator's state out of the registers: normal
    numbers took three times as long.
    """
    if function is None:
        return lambda f: _strict(f, paste=paste)
    # fastmath=False must be written: left out, it is inherited from whichever kernel is the first to call this one.
    return _compile(function, fastmath=False, forceinline=paste)


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


# ---------------------------------------------------------------------------------------------------------------------
# Elementary functions
#
# Each is straight-line code (every condition is a select), so that a loop which calls it becomes vector instructions.
# x = k ln 2 + r with |r| <= ln(2)/2; ln 2 is split so that k times its upper part is exact; rounding to the integer k
# is the addition of 1.5 * 2^52, which leaves k in the low bits, ready to be shifted into an exponent. The polynomials
# interpolate (exp(r) - 1 - r) / r^2 and (2 atanh(s) - 2 s) / s^3 at Chebyshev points (relative error 2e-17 and 5e-18;
# 1e-8 in single precision). 2^k is applied as two factors, because results may be subnormal or k may be 1024.
_LOG2E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_ROUND = 6755399441055744.0
_BIAS = np.uint64(1023)
_MANTISSA_BITS = np.uint64(52)
_MANTISSA = np.uint64(0xFFFFFFFFFFFFF)


@_elementary
def _exponential_tail(r):
    """(exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2."""
    r2 = r * r
    r4 = r2 * r2
    low = (0.5000000000000001 + r * 0.16666666666666669) + r2 * (0.04166666666662399 + r * 0.008333333333330051)
    high = (0.0013888888917281794 + r * 0.00019841269863105968) + r2 * (2.480152119021773e-05 + r * 2.7557268378684192e-06)
    return low + r4 * (high + r4 * (2.7620138719733994e-07 + r * 2.5100424157005067e-08))


@_elementary
def _exponential_parts(x):
    """p, a, b with exp(x) = (1 + p) a b, where a and b are powers of two and p = exp(r) - 1."""
    k = (x * _LOG2E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    half = k * 0.5 + _ROUND
    other = (k - (half - _ROUND)) + _ROUND
    a = _float((_bits(half) + _BIAS) << _MANTISSA_BITS)
    b = _float((_bits(other) + _BIAS) << _MANTISSA_BITS)
    return r + r * r * _exponential_tail(r), a, b


@_elementary
def exp(x):
    """Exponential of a number, without branches: infinity above 709.78, gradual underflow to 0 below -745.13."""
    x = 710.0 if x > 710.0 else x
    x = -750.0 if x < -750.0 else x
    p, a, b = _exponential_parts(x)
    return (a + a * p) * b


@_elementary
def expm1(x):
    """exp(x) - 1 without cancellation near 0."""
    bounded = 710.0 if x > 710.0 else x
    bounded = -50.0 if x < -50.0 else bounded
    p, a, b = _exponential_parts(bounded)
    half = a * (0.5 * b)
    value = 2.0 * (half * p + (half - 0.5))
    return x if abs(x) < 1e-290 else value


@_elementary
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


@_elementary
def exprel(x):
    """(exp(x) - 1) / x, which is 1 at 0; the weight of a constant input in an exactly integrated linear equation."""
    top = 1.0 if x == 0.0 else expm1(x)
    bottom = 1.0 if x == 0.0 else x
    bottom = 1e308 if bottom > 1e308 else bottom
    return top / bottom


@_elementary
def tanh(x):
    """Hyperbolic tangent, from exp(-2|x|) - 1."""
    size = -x if x < 0.0 else x
    p, a, b = _exponential_parts(-50.0 if size > 25.0 else -2.0 * size)
    scale = a * b
    shrink = scale * p + (scale - 1.0)
    value = -shrink / (2.0 + shrink)
    return -value if x < 0.0 else value


@_elementary
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


@_elementary
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


@_elementary
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


@_elementary
def exp32(x):
    """Exponential in single precision: infinity above 88.72, gradual underflow to 0 below -103.97."""
    x = np.float32(x)
    x = _EXP_TOP_32 if x > _EXP_TOP_32 else x
    x = _EXP_BOTTOM_32 if x < _EXP_BOTTOM_32 else x
    p, a, b = _exponential_parts_32(x)
    return (a + a * p) * b


@_elementary
def tanh32(x):
    """Hyperbolic tangent in single precision."""
    x = np.float32(x)
    size = -x if x < _ZERO_32 else x
    p, a, b = _exponential_parts_32(-_TWO_32 * (_TANH_END_32 if size > _TANH_END_32 else size))
    scale = a * b
    shrink = scale * p + (scale - _ONE_32)
    value = -shrink / (_TWO_32 + shrink)
    return -value if x < _ZERO_32 else value


@_elementary
def sigmoid32(x):
    """1 / (1 + exp(-x)) in single precision, accurate at both ends."""
    x = np.float32(x)
    size = -x if x < _ZERO_32 else x
    p, a, b = _exponential_parts_32(_EXP_BOTTOM_32 if size > -_EXP_BOTTOM_32 else -size)
    small = (a + a * p) * b
    top = small if x < _ZERO_32 else _ONE_32
    return top / (_ONE_32 + small)


# ---------------------------------------------------------------------------------------------------------------------
# Random numbers
#
# All constants of the generators are uint64: Numba turns uint64 combined with a signed integer into float64. None of
# these kernels lets the compiler fuse a * b + c, so compiled and interpreted runs draw the same bytes; the shared exp,
# which may be fused, only ever decides between accepting and rejecting.
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


@_strict
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


@_strict
def uniform(s):
    """Uniform number in [0, 1) with 53 random bits."""
    return np.float64(np.int64(next_bits(s) >> _U11)) * 1.1102230246251565e-16


@_strict
def _inside(s):
    """Uniform number strictly between 0 and 1: (n + 1/2) / 2^52."""
    return (np.float64(np.int64(next_bits(s) >> _U12)) + 0.5) * 2.220446049250313e-16


_log = _strict(getattr(log, "py_func", log))


@_strict
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


@_strict
def _normal_tail(s):
    """|x| beyond the last edge of the ziggurat (Marsaglia 1964)."""
    while True:
        x = -_log(_inside(s)) / _TAIL
        if -2.0 * _log(_inside(s)) > x * x:
            return _TAIL + x


@_strict
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


@_strict
def _stirling_rest(k):
    """log(k!) - log(sqrt(2 pi k) (k / e)^k) for k >= 10, from Stirling's series."""
    square = k * k
    series = 1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360360.0 / square) / square) / square
    return (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / k


@_strict
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


@_strict
def _log_poisson(k, mean):
    """Logarithm of the Poisson probability of k."""
    if k < 10.0:
        product = 1.0
        for n in range(2, int(k) + 1):
            product *= n
        return k * _log(mean) - mean - _log(product)
    return -_stirling_rest(k) - _deviance(k, mean) - 0.5 * _log(6.283185307179586 * k)


@_strict(paste=False)
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


@_strict
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


# ---------------------------------------------------------------------------------------------------------------------
# Decimation for live plots


@kernel
def minmax_buckets(y, start_step, bucket, out_min, out_max):
    """Smallest and largest sample of each bucket of steps; returns the number of buckets written.

    y[i] belongs to step start_step + i. Buckets are aligned to absolute steps: entry j covers the steps from
    (start_step // bucket + j) * bucket on, so a picture that scrolls does not flicker. The first and the last bucket
    may be incomplete. NaN counts only where a bucket holds nothing else.

    Parameters: y [samples], out_min and out_max [at least the number of buckets].
    Raises ValueError if the outputs are too short.
    """
    first = start_step // bucket
    count = 0 if y.size == 0 else (start_step + y.size - 1) // bucket - first + 1
    if count > out_min.size or count > out_max.size:
        raise ValueError("minmax_buckets: the outputs hold fewer entries than there are buckets")
    for j in range(count):
        begin = max((first + j) * bucket - start_step, 0)
        end = min((first + j + 1) * bucket - start_step, y.size)
        low, high = np.inf, -np.inf
        for i in range(begin, end):
            value = y[i]
            low = value if value < low else low
            high = value if value > high else high
        nothing = low > high
        out_min[j] = np.nan if nothing else low
        out_max[j] = np.nan if nothing else high
    return count


# ---------------------------------------------------------------------------------------------------------------------
# Calls by address
#
# An interpreter that names every instruction's kernel contains them all: LLVM optimises each one again inside its
# callers, and an edit of one compiles everything anew (60 s for forty kernels). With a table of addresses each kernel
# is compiled and cached by itself, and only when a program uses it.


def entry(function, *examples):
    """Address (or, interpreted, the function itself) of a kernel compiled for arguments like `examples`."""
    if not JIT:
        return function
    signature = tuple(numba.typeof(example) for example in examples)
    function.compile(signature)
    compiled = function.overloads[signature]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


if JIT:

    @intrinsic
    def call_at(typingctx, address, a, b, c, d, e, f):
        """Call the kernel at `address` with six arguments, of exactly the types given to `entry`; it returns nothing."""
        arguments_types = (a, b, c, d, e, f)

        def generate(context, builder, signature, arguments):
            kind = context.call_conv.get_function_type(types.none, arguments_types)
            pointer = builder.inttoptr(arguments[0], kind.as_pointer())
            status, _ = context.call_conv.call_function(builder, pointer, types.none, arguments_types, arguments[1:])
            with builder.if_then(status.is_error, likely=False):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.none(types.int64, *arguments_types), generate
else:

    def call_at(address, a, b, c, d, e, f):
        address(a, b, c, d, e, f)
