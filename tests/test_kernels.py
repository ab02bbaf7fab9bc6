"""Elementary functions, random numbers and the cache of compiled kernels."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import mpmath
import numba
import numpy as np
import pytest

from lab import kernels
from lab.kernels import below, cache, compiler, exponential, finite, kernel, next_bits, normal, poisson, random, seed_state, uniform
from lab.sources import source_digest

ROOT = Path(kernels.__file__).parents[2]
compiled = pytest.mark.skipif(not kernels.JIT, reason="needs the compiler: NUMBA_DISABLE_JIT is set")


def over(function):
    """A kernel that applies a scalar function to a whole array."""

    @kernel(fast=False)
    def run(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def apply(x):
        out = np.empty_like(x)
        run(x, out)
        return out

    return apply


def ulps(got, exact):
    """Largest error in units of the last place of the exact result (mpmath numbers), subnormal results included."""
    info = np.finfo(got.dtype)
    worst = 0.0
    for value, truth in zip(got, exact, strict=True):
        if value == truth:
            continue
        assert np.isfinite(value), (value, truth)
        spacing = float(np.spacing(got.dtype.type(abs(truth)))) or float(info.smallest_subnormal)
        worst = max(worst, float(abs(mpmath.mpf(float(value)) - truth) / mpmath.mpf(spacing)))
    return worst


def quotient(x):
    return x / mpmath.expm1(x) if x else mpmath.mpf(1)


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


def relative(x):
    return mpmath.expm1(x) / x if x else mpmath.mpf(1)


def grid(low, high, count=4001):
    """Even points, points crowding towards zero on both sides, and the neighbours of multiples of ln(2) / 2."""
    even = np.linspace(low, high, count)
    small = np.logspace(-300, math.log10(min(abs(low), abs(high)) or max(abs(low), abs(high))), count // 4)
    edges = np.arange(-2200, 2200) * (math.log(2) / 2)
    edges = edges[(edges > low) & (edges < high)][:: max(1, int((high - low) / 150))]
    both = np.concatenate([even, small, -small, edges, np.nextafter(edges, 1e9), np.nextafter(edges, -1e9), [0.0]])
    return both[(both >= low) & (both <= high)]


DOUBLE = {
    "exp": (mpmath.exp, [(-40, 40), (-745.1, 709.78)]),
    "exp_within": (mpmath.exp, [(-40, 40), (-700, 700)]),
    "expm1": (mpmath.expm1, [(-40, 40), (-700, 709.78)]),
    "expm1_quotient": (quotient, [(-40, 40), (-1e3, 750)]),
    "exprel": (relative, [(-40, 40), (-1e3, 709.78)]),
    "tanh": (mpmath.tanh, [(-3, 3), (-30, 30)]),
    "sigmoid": (logistic, [(-40, 40), (-745, 745)]),
    "log": (mpmath.log, [(1e-300, 4), (1e-300, 1e3)]),
}
SINGLE = {
    "exp32": (mpmath.exp, [(-10, 10), (-103.9, 88.72)]),
    "tanh32": (mpmath.tanh, [(-2, 2), (-12, 12)]),
    "sigmoid32": (logistic, [(-12, 12), (-103, 103)]),
}


@pytest.mark.parametrize("name", DOUBLE)
def test_double_precision_functions_are_within_4_ulp_of_the_exact_value(name):
    truth, ranges = DOUBLE[name]
    for low, high in ranges:
        x = grid(low, high)
        with mpmath.workdps(60):
            assert ulps(over(getattr(kernels, name))(x), [truth(mpmath.mpf(float(v))) for v in x]) <= 4


def test_the_bounded_exponential_has_the_bits_of_the_other():
    x = np.concatenate([grid(-700, 700), grid(-40, 40)])
    np.testing.assert_array_equal(over(kernels.exp_within)(x), over(kernels.exp)(x))


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_functions_are_within_4_ulp_and_stay_single(name):
    truth, ranges = SINGLE[name]
    function = getattr(kernels, name)
    result = function(np.float32(0.5))
    assert float(result) == float(np.float32(result))
    if kernels.JIT:
        assert all(overload.signature.return_type.bitwidth == 32 for overload in function.overloads.values())
    for low, high in ranges:
        x = grid(low, high).astype(np.float32)
        x = x[(x >= low) & (x <= high)]
        with mpmath.workdps(40):
            assert ulps(over(getattr(kernels, name))(x), [truth(mpmath.mpf(float(v))) for v in x]) <= 4


def test_logarithm_is_within_4_ulp_over_every_magnitude_and_near_one():
    x = np.concatenate(
        [
            np.exp(np.linspace(-744, 709, 6001)),
            1 + np.linspace(-0.3, 0.42, 3001),
            1 + np.logspace(-15.9, -1, 200),
            1 - np.logspace(-15.9, -1, 200),
            [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308],
        ]
    )
    with mpmath.workdps(60):
        assert ulps(over(kernels.log)(x), [mpmath.log(mpmath.mpf(float(v))) for v in x]) <= 4


EDGES = {
    "exp": [(-np.inf, 0), (-1e308, 0), (-746.0, 0), (-745.0, 5e-324), (0.0, 1), (709.79, np.inf), (1e308, np.inf), (np.inf, np.inf)],
    "expm1": [(-np.inf, -1), (-1e308, -1), (0.0, 0), (5e-324, 5e-324), (1e-300, 1e-300), (709.79, np.inf), (np.inf, np.inf)],
    "expm1_quotient": [(-np.inf, np.inf), (-1e308, 1e308), (0.0, 1), (-0.0, 1), (5e-324, 1), (-5e-324, 1), (1e308, 0), (np.inf, 0)],
    "exprel": [(-np.inf, 0), (0.0, 1), (-0.0, 1), (5e-324, 1), (-5e-324, 1), (1e308, np.inf), (np.inf, np.inf)],
    "tanh": [(-np.inf, -1), (-1e308, -1), (0.0, 0), (5e-324, 5e-324), (-1e-300, -1e-300), (1e308, 1), (np.inf, 1)],
    "sigmoid": [(-np.inf, 0), (-1e308, 0), (0.0, 0.5), (1e308, 1), (np.inf, 1)],
    "log": [(0.0, -np.inf), (-0.0, -np.inf), (1.0, 0), (np.inf, np.inf)],
    "exp32": [(-np.inf, 0), (-3e38, 0), (0.0, 1), (88.8, np.inf), (3e38, np.inf), (np.inf, np.inf)],
    "tanh32": [(-np.inf, -1), (-3e38, -1), (0.0, 0), (1e-40, 1e-40), (3e38, 1), (np.inf, 1)],
    "sigmoid32": [(-np.inf, 0), (-3e38, 0), (0.0, 0.5), (3e38, 1), (np.inf, 1)],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_are_exact_and_nan_stays_nan(name):
    dtype = np.float32 if name.endswith("32") else np.float64
    x, expected = (np.array(column, dtype) for column in zip(*EDGES[name], strict=True))
    np.testing.assert_array_equal(over(getattr(kernels, name))(x), expected)
    assert np.isnan(over(getattr(kernels, name))(np.array([np.nan], dtype))).all()


def test_logarithm_of_a_negative_number_is_nan():
    assert np.isnan(over(kernels.log)(np.array([-1.0, -5e-324, -np.inf]))).all()


@compiled
@pytest.mark.parametrize("name", [*DOUBLE, *SINGLE])
def test_a_number_gives_the_same_bytes_alone_and_anywhere_in_a_vector(name):
    x = np.abs(np.random.default_rng(0).normal(0, 5, 67)).astype(np.float32 if name.endswith("32") else np.float64)
    apply = over(getattr(kernels, name))
    whole = apply(x)
    alone = np.concatenate([apply(x[i : i + 1].copy()) for i in range(x.size)])
    assert whole.tobytes() == alone.tobytes()


@compiled
@pytest.mark.parametrize("name", [*DOUBLE, *SINGLE])
def test_loops_over_elementary_functions_become_vector_instructions(name):
    @kernel
    def run(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    function = getattr(kernels, name)
    dtype = np.float32 if name.endswith("32") else np.float64
    # A kernel that comes from the cache has no text to look at: this one is compiled afresh.
    fresh = numba.njit(nogil=True, error_model="numpy", fastmath=compiler.FAST)(run.py_func)
    fresh(np.ones(4, dtype), np.empty(4, dtype))
    (text,) = fresh.inspect_llvm().values()
    multiplications = re.findall(r"fmul (?:\w+ )*<(\d+) x (float|double)>", text)
    assert multiplications and all(kind == ("float" if dtype is np.float32 else "double") for _, kind in multiplications)


@compiled
def test_a_function_first_called_from_a_fast_kernel_is_still_rounded_as_written():
    # Numba lets a callee inherit fast-math flags; reassociation would delete the rounding inside exp.
    program = """
        import numpy as np
        from lab.kernels import exp, kernel, exponential, seed_state
        @kernel(fast=True)
        def first(x, s):
            return exp(x) + 0.0 * exponential(s)
        print(repr(first(0.3, seed_state(1))))
    """
    assert float(run_python(program)) == pytest.approx(math.exp(0.3), rel=1e-15)


def run_python(program, **environment):
    """What a fresh interpreter prints for a program."""
    place = {"PYTHONPATH": str(ROOT), **{k: v for k, v in environment.items() if v is not None}}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# -- random numbers ---------------------------------------------------------------------------------------------------


@kernel
def draw(s, kind, parameter, out):
    """Fill `out` with one kind of random number."""
    for i in range(out.size):
        if kind == 0:
            out[i] = uniform(s)
        elif kind == 1:
            out[i] = normal(s)
        elif kind == 2:
            out[i] = exponential(s)
        elif kind == 3:
            out[i] = poisson(s, parameter)
        else:
            out[i] = below(s, np.int64(parameter))


def sample(kind, count, parameter=0.0, seed=1):
    out = np.empty(count)
    draw(seed_state(seed), kind, parameter, out)
    return out


WORD = (1 << 64) - 1


def splitmix(x, count):
    """SplitMix64 in plain integers, as its author states it."""
    words = []
    for _ in range(count):
        x = (x + 0x9E3779B97F4A7C15) & WORD
        z = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        words.append(z ^ (z >> 31))
    return words


def xoshiro(state, count):
    """xoshiro256++ in plain integers, in the order of the paper's figure."""
    rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & WORD  # noqa: E731
    words = []
    for _ in range(count):
        words.append((rotate((state[0] + state[3]) & WORD, 23) + state[0]) & WORD)
        t = (state[1] << 17) & WORD
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= t
        state[3] = rotate(state[3], 45)
    return words


def test_seed_expansion_is_splitmix64_with_its_published_outputs():
    assert splitmix(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(word) for word in seed_state(1234567)] == splitmix(1234567, 4)
    assert seed_state(3).dtype == np.uint64


def test_next_bits_is_xoshiro256_plus_plus_with_its_published_outputs():
    state = np.array([1, 2, 3, 4], np.uint64)
    assert [int(next_bits(state)) for _ in range(4)] == [41943041, 58720359, 3588806011781223, 3591011842654386]
    state = seed_state(99, 7)
    expected = xoshiro([int(word) for word in state], 2000)
    assert [int(next_bits(state)) for _ in range(2000)] == expected


def test_streams_and_seeds_give_different_states_and_any_integer_is_a_seed():
    states = {seed_state(seed, stream).tobytes() for seed in (-1, 0, 1, 2, 2**63, 2**64 - 2) for stream in range(50)}
    assert len(states) == 300
    assert seed_state(2**64 + 5).tobytes() == seed_state(5).tobytes()


def test_uniform_is_the_upper_53_bits_of_the_word():
    s, t = seed_state(4), seed_state(4)
    for _ in range(100):
        assert uniform(s) == (int(next_bits(t)) >> 11) / 2**53


COUNT = 400_000 if kernels.JIT else 3000


@pytest.mark.parametrize("kind, name", [(0, "uniform"), (1, "norm"), (2, "expon")])
def test_continuous_draws_follow_their_distribution(kind, name):
    from scipy import stats

    x = sample(kind, COUNT, seed=20)
    assert stats.kstest(x, getattr(stats, name).cdf).pvalue > 1e-3


def test_normal_moments_and_tails_are_those_of_the_normal_distribution():
    from scipy import stats

    x = sample(1, COUNT, seed=5)
    for power, value, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)]:
        assert abs((x**power).mean() - value) < 4.5 * math.sqrt(variance / COUNT)
    for edge in (1.0, 2.0, 3.0, random._TAIL, 4.0):
        expected = 2 * stats.norm.sf(edge)
        assert abs((np.abs(x) > edge).mean() - expected) < 4.5 * math.sqrt(expected / COUNT) + 1 / COUNT


def test_normal_tail_beyond_the_last_edge_follows_the_conditional_normal():
    from scipy import stats

    s = seed_state(8)
    x = np.array([random._normal_tail(s) for _ in range(3000)])
    edge = stats.norm.sf(random._TAIL)
    assert stats.kstest(x, lambda v: 1 - stats.norm.sf(v) / edge).pvalue > 1e-3


def test_ziggurat_layers_have_equal_area():
    x, height = random._EDGES, random._HEIGHTS
    edge = x[1]
    area = height[1] * edge + math.sqrt(math.pi / 2) * math.erfc(edge / math.sqrt(2))
    np.testing.assert_allclose(x[1:] * np.diff(height)[1:], area, rtol=1e-13)
    np.testing.assert_allclose(height[1:256], np.exp(-(x[1:] ** 2) / 2), rtol=1e-13)
    assert x[0] * height[1] == pytest.approx(area, rel=1e-13)
    assert height[256] == 1 and x.size == 256


@pytest.mark.parametrize("mean", [0.01, 0.7, 3.0, 9.99, 10.0, 11.5, 30.0, 400.0, 1e6])
def test_poisson_counts_follow_the_exact_probabilities(mean):
    from scipy import stats

    x = sample(3, COUNT // 4, mean, seed=int(mean * 100) + 3)
    low, high = int(stats.poisson.ppf(0.002, mean)), int(stats.poisson.ppf(0.998, mean))
    edges = np.unique(np.linspace(low, high, 25).astype(int))
    cumulative = np.concatenate([[0], stats.poisson.cdf(edges, mean), [1]])
    observed = np.histogram(x, np.concatenate([[-1], edges + 0.5, [np.inf]]))[0]
    expected = np.diff(cumulative) * x.size
    kept = expected > 5
    observed, expected = np.append(observed[kept], observed[~kept].sum()), np.append(expected[kept], expected[~kept].sum())
    kept = expected > 0
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(statistic, kept.sum() - 1) > 1e-3


@pytest.mark.parametrize("mean", [1e9, 1e14, 1e17])
def test_poisson_of_a_huge_mean_keeps_its_variance(mean):
    z = (sample(3, COUNT // 10, mean, seed=6) - mean) / math.sqrt(mean)
    assert abs(z.mean()) < 4.5 / math.sqrt(z.size)
    assert abs(z.var() - 1) < 4.5 * math.sqrt(2 / z.size)


def test_log_poisson_agrees_with_exact_arithmetic():
    with mpmath.workdps(50):
        for mean in (10.0, 37.5, 1e3, 1e9, 1e15):
            for z in (-3, -1, -0.01, 0, 0.5, 2, 6):
                k = max(0.0, float(round(mean + z * math.sqrt(mean))))
                exact = mpmath.mpf(k) * mpmath.log(mean) - mpmath.mpf(mean) - mpmath.loggamma(mpmath.mpf(k) + 1)
                assert random._log_poisson(k, mean) == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


def test_poisson_without_a_mean_draws_nothing_and_ends():
    s = seed_state(1)
    assert [poisson(s, mean) for mean in (0.0, -1.0, -math.inf)] == [0, 0, 0]
    assert [poisson(s, mean) for mean in (math.nan, math.inf, 1e30)] == [-1, -1, -1]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 2**31 + 1, 2**32 - 1, 2**32, 2**32 + 1, 3 * 2**61])
def test_below_is_uniform_over_its_range(n):
    from scipy import stats

    x = sample(4, COUNT // 8, float(n), seed=9)
    assert x.min() >= 0 and x.max() < n
    cells = n if n <= 100 else 24
    observed = np.bincount(x.astype(int), minlength=n) if n <= 100 else np.histogram(x, np.linspace(0, n, cells + 1))[0]
    assert observed.size == cells
    assert cells == 1 or stats.chisquare(observed).pvalue > 1e-3


def test_below_rejects_the_words_that_would_bias_it():
    # Of 2^64 words, 2^62 are left over by n = 3 * 2^61: the remainder alone would fall below n / 3 with probability 3/8.
    x = sample(4, COUNT // 8, float(3 * 2**61), seed=2)
    assert abs((x < 2**61).mean() - 1 / 3) < 4.5 * math.sqrt(2 / 9 / x.size)


DIGEST = """
    import hashlib, json
    import numpy as np
    from lab import kernels
    from lab.kernels import *
    from lab.kernels import kernel, uniform, normal, exponential, poisson, below, seed_state
    s = seed_state(7, 3)
    draws = []
    for _ in range(1500):
        draws += [uniform(s), normal(s), exponential(s)]
        draws += [float(poisson(s, m)) for m in (0.3, 8.0, 12.0, 1e3, 1e12)]
        draws += [float(below(s, n)) for n in (6, 2**40 + 1)]
    x = np.concatenate([np.linspace(-700, 700, 141), np.linspace(-3, 3, 61), [0.0, 1e-300]])
    values = {}
    for name in "exp expm1 expm1_quotient exprel tanh sigmoid log exp32 tanh32 sigmoid32".split():
        points = abs(x) if name == "log" else x
        if name.endswith("32"):
            points = np.clip(points, -87, 87).astype(np.float32)
        values[name] = [float(getattr(kernels, name)(v)) for v in points]
    print(json.dumps([kernels.JIT, hashlib.sha256(np.array(draws).tobytes() + s.tobytes()).hexdigest(), values]))
"""


@compiled
def test_interpreted_kernels_draw_the_same_bytes_and_agree_within_4_ulp():
    jit, drawn, values = json.loads(run_python(DIGEST, NUMBA_DISABLE_JIT="0"))
    plain, drawn_plain, values_plain = json.loads(run_python(DIGEST, NUMBA_DISABLE_JIT="1"))
    assert (jit, plain) == (True, False)
    assert drawn == drawn_plain
    for name, compiled_values in values.items():
        dtype = np.float32 if name.endswith("32") else np.float64
        a, b = np.array(compiled_values), np.array(values_plain[name])
        finite = np.isfinite(a)
        np.testing.assert_array_equal(a[~finite], b[~finite])
        assert (np.abs(a[finite] - b[finite]) <= 4 * np.spacing(np.abs(b[finite]).astype(dtype))).all(), name


# -- the cache --------------------------------------------------------------------------------------------------------


MODULE = """
    from lab.kernels import kernel
    from neighbour import CONSTANT, twice

    @kernel
    def scaled(x):
        return twice(x) * CONSTANT

    def made(factor, inner):
        @kernel
        def product(x):
            return inner(x) * factor
        return product

    triple, fifth = made(3.0, twice), made(0.2, scaled)
    one, two = kernel(lambda x: x + 1.0), kernel(lambda x: x + 2.0)
"""
NEIGHBOUR = """
    from lab.kernels import kernel

    CONSTANT = {constant}

    @kernel
    def twice(x):
        return x * {factor}
"""
REPORT = """
    import outside
    values = [f(1.0) for f in (outside.scaled, outside.triple, outside.fifth, outside.one, outside.two)]
    hits = [sum(f.stats.cache_hits.values()) for f in (outside.scaled, outside.triple, outside.fifth, outside.one, outside.two)]
    print(values, hits)
"""


@pytest.fixture
def outside(tmp_path):
    """A module of a person's own and its neighbour; calling the fixture runs them in a fresh process."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "outside.py").write_text(textwrap.dedent(MODULE))

    def run(constant=10.0, factor=2.0, cache=tmp_path / "cache"):
        (folder / "neighbour.py").write_text(textwrap.dedent(NEIGHBOUR.format(constant=constant, factor=factor)))
        return run_python(REPORT, PYTHONPATH=f"{ROOT}{os.pathsep}{folder}", LAB_CACHE=str(cache), PYTHONDONTWRITEBYTECODE="1")

    return run


@compiled
def test_kernels_are_found_again_by_the_next_process_closures_and_lambdas_included(outside):
    assert outside() == "[20.0, 6.0, 4.0, 2.0, 3.0] [0, 0, 0, 0, 0]"
    assert outside() == "[20.0, 6.0, 4.0, 2.0, 3.0] [1, 1, 1, 1, 1]"


@compiled
def test_a_kernel_that_takes_a_kernel_is_read_once_from_the_cache_however_often_it_is_called(tmp_path):
    (tmp_path / "takes.py").write_text(
        "from lab.kernels import kernel\n\n\n@kernel\ndef twice(x):\n    return 2.0 * x\n\n\n@kernel\ndef apply(f, x):\n    return f(x) + 1.0\n"
    )
    program = "import takes\nprint([takes.apply(takes.twice, 3.0) for _ in range(4)], len(takes.apply.overloads), sum(takes.apply.stats.cache_hits.values()))"
    environment = dict(PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}", LAB_CACHE=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1")
    assert run_python(program, **environment) == "[7.0, 7.0, 7.0, 7.0] 1 0"
    assert run_python(program, **environment) == "[7.0, 7.0, 7.0, 7.0] 1 1"


@compiled
def test_an_edit_in_an_imported_file_recompiles_what_depends_on_it(outside):
    outside()
    assert outside(constant=7.0) == "[14.0, 6.0, 2.8000000000000003, 2.0, 3.0] [0, 0, 0, 0, 0]"
    assert outside(factor=4.0) == "[40.0, 12.0, 8.0, 2.0, 3.0] [0, 0, 0, 0, 0]"
    assert outside() == "[20.0, 6.0, 4.0, 2.0, 3.0] [1, 1, 1, 1, 1]"


@compiled
def test_a_cache_that_is_not_a_folder_costs_only_the_compilation(outside, tmp_path):
    (tmp_path / "blocked").write_text("a file where the folder should be")
    assert outside(cache=tmp_path / "blocked") == "[20.0, 6.0, 4.0, 2.0, 3.0] [0, 0, 0, 0, 0]"


@compiled
def test_a_damaged_cache_is_compiled_over(outside, tmp_path):
    outside()
    files = sorted((tmp_path / "cache").rglob("*.nbc"))
    assert len(files) >= 5
    for i, file in enumerate(files):
        content = file.read_bytes()
        file.write_bytes([b"", content[: len(content) // 2], b"\0" * len(content)][i % 3])
    assert outside() == "[20.0, 6.0, 4.0, 2.0, 3.0] [0, 0, 0, 0, 0]"
    assert outside() == "[20.0, 6.0, 4.0, 2.0, 3.0] [1, 1, 1, 1, 1]"


@compiled
def test_processes_that_compile_other_signatures_at_once_do_not_take_each_others_code(tmp_path):
    (tmp_path / "shared.py").write_text(
        textwrap.dedent("""
        from lab.kernels import kernel

        @kernel
        def add(x, y):
            return x + y
    """)
    )
    program = "import sys; from shared import add; print(add({0}(3), {0}(4)), sum(add.stats.cache_hits.values()))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "LAB_CACHE": str(tmp_path / "cache")}

    def together(types):
        running = [
            subprocess.Popen([sys.executable, "-c", program.format(t)], env=environment, text=True, stdout=subprocess.PIPE) for t in types
        ]
        return [process.communicate(timeout=120)[0].split() for process in running]

    types, sums = ["int", "float", "complex"], ["7", "7.0", "(7+0j)"]
    assert [answer for answer, _ in together(types)] == sums
    assert together(types) == [[answer, "1"] for answer in sums]


@compiled
def test_kernels_typed_at_a_prompt_work_without_a_cache():
    assert run_python("from lab.kernels import kernel\nprint(kernel(lambda x: x + 1.0)(2.0))") == "3.0"


def test_digest_follows_every_way_of_importing_and_nothing_else(tmp_path):
    (tmp_path / "a.py").write_text(
        textwrap.dedent("""
        \"\"\"A text may say
        from there import what it likes.
        \"\"\"
        import numpy as np
        from b import (  # a comment (with a bracket)
            one,
            two,
        )
        def later():
            import c as other, lab.errors
    """)
    )
    for name in "bcd":
        (tmp_path / f"{name}.py").write_text("from d import three\n" if name == "b" else "three = 3\n")
    (tmp_path / "e.py").write_text("unrelated = 1\n")
    before = source_digest(tmp_path / "a.py")
    assert source_digest(tmp_path / "a.py") == before
    (tmp_path / "e.py").write_text("unrelated = 2222\n")
    assert source_digest(tmp_path / "a.py") == before
    seen = {before}
    for name in "abcd":
        file = tmp_path / f"{name}.py"
        file.write_text(file.read_text() + f"# edited {name}\n")
        seen.add(source_digest(tmp_path / "a.py"))
    assert len(seen) == 5


def test_digest_follows_relative_imports_within_the_package(tmp_path, monkeypatch):
    from lab import sources

    package = tmp_path / "lab"
    (package / "tape").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "kernels": "k = 1\n",
        "tape/__init__": "",
        "tape/rows": "from ..kernels import k\n",
        "tape/run": "from . import rows\n",
    }.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(sources, "PACKAGE", package)
    before = sources.source_digest(package / "tape" / "run.py")
    (package / "__init__.py").write_text("face = 1\n")
    assert sources.source_digest(package / "tape" / "run.py") == before
    (package / "kernels.py").write_text("k = 22\n")
    assert sources.source_digest(package / "tape" / "run.py") != before


def test_digest_does_not_depend_on_where_the_package_lies(tmp_path, monkeypatch):
    from lab import sources

    found = []
    for home in ("one", "another"):
        package = tmp_path / home / "lab"
        package.mkdir(parents=True)
        (package / "kernels.py").write_text("k = 1\n")
        (package / "near.py").write_text("from lab.kernels import k\n")
        monkeypatch.setattr(sources, "PACKAGE", package)
        found.append((sources.source_digest(package / "near.py"), sources.place_of(package / "near.py")))
    assert found[0] == found[1]
    assert sources.place_of(tmp_path / "one.py") == str(tmp_path / "one.py")


def test_digest_follows_the_face_of_the_package_only_where_something_is_taken_from_it(tmp_path, monkeypatch):
    from lab import sources

    package = tmp_path / "lab"
    package.mkdir()
    (package / "__init__.py").write_text("version = 1\n")
    (package / "kernels.py").write_text("k = 1\n")
    (package / "near.py").write_text("from lab import kernels\nimport lab.kernels\n")
    (package / "far.py").write_text("from lab import version\n")
    monkeypatch.setattr(sources, "PACKAGE", package)
    before = [sources.source_digest(package / name) for name in ("near.py", "far.py")]
    (package / "__init__.py").write_text("version = 22\n")
    after = [sources.source_digest(package / name) for name in ("near.py", "far.py")]
    assert after[0] == before[0] and after[1] != before[1]


def test_cache_folder_is_named_by_the_environment_and_may_be_unwritable(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "here"))
    kernels.cache_writable.cache_clear()
    try:
        assert kernels.cache_folder() == tmp_path / "here" / "kernels"
        assert kernels.cache_writable()
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("LAB_CACHE", str(tmp_path / "file"))
        kernels.cache_writable.cache_clear()
        assert not kernels.cache_writable()
    finally:
        kernels.cache_writable.cache_clear()


@compiled
def test_old_versions_of_a_source_are_removed_after_a_week(tmp_path):
    old, recent, other, now = (tmp_path / name for name in ("model-1a-old", "model-1a-recent", "other-2b-old", "model-1a-now"))
    for folder in (old, recent, other, now):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1e9, 1e9))
    cache._forget_old(now)
    assert [folder.exists() for folder in (old, recent, other, now)] == [False, True, True, True]


def test_kernels_release_the_interpreter_and_keep_nan_and_infinity_detectable():
    @kernel
    def is_broken(x):
        for i in range(x.size - 1):
            if not finite(x[i] / x[i + 1]):
                return True
        return False

    assert is_broken(np.array([0.0, 0.0]))
    assert is_broken(np.array([1.0, 0.0]))
    assert is_broken(np.array([np.inf, 1.0]))
    assert is_broken(np.array([np.nan, 1.0]))
    assert not is_broken(np.array([1.0, 2.0]))
    if kernels.JIT:
        assert is_broken.targetoptions["nogil"]
    assert is_broken.py_func(np.array([1.0, 2.0])) is False


@pytest.mark.parametrize("number", [np.float64, np.float32])
def test_sums_and_quotients_of_fast_kernels_are_seen_to_be_infinite(number):
    """In the places where the compiler may reorder most: a sum, its mean, a root of squares, and a loop that becomes vector instructions."""

    @kernel
    def checks(x, out):
        total, square = number(0), number(0)
        for i in range(x.size):
            total += x[i]
            square += x[i] * x[i]
            out[i] = 1.0 if finite(x[i]) else 0.0
        return finite(total), finite(total / number(x.size)), finite(math.sqrt(square))

    for bad in (np.inf, -np.inf, np.nan):
        x = np.ones(17, number)
        x[5], out = bad, np.empty(17)
        assert checks(x, out) == (False, False, False)
        assert (out == (x == 1)).all()
    assert checks(np.ones(17, number), out) == (True, True, True)
    assert finite(np.finfo(number).max) and not finite(number(np.inf)) and not finite(number(np.nan))


def test_exact_kernels_keep_compensated_sums():
    @kernel(fast=False)
    def neumaier(x):
        total, lost = 0.0, 0.0
        for value in x:
            new = total + value
            lost += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
            total = new
        return total + lost

    assert neumaier(np.array([1.0, 1e100, 1.0, -1e100])) == 2.0
