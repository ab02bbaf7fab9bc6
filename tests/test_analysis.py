"""Analyses of spike trains against closed forms and against slow, obvious references."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis import loops
from lab.analysis import trains as analysis
from lab.errors import ModelError


def poisson(rate: float, seconds: float, cells: int, seed: int = 0, dead: float = 0.0) -> analysis.Trains:
    """Poisson trains of `rate` (Hz) after a dead time (ms), in ms."""
    rng = np.random.default_rng(seed)
    length, free = 1000.0 * seconds, 1000.0 / rate - dead
    times, index = [], []
    for c in range(cells):
        at = np.cumsum(dead + rng.exponential(free, int(seconds * rate * 1.5) + 100))
        at = at[at < length]
        times.append(at)
        index.append(np.full(len(at), c))
    time, cell = np.concatenate(times), np.concatenate(index)
    order = np.argsort(time)
    return analysis.group(time[order], cell[order], cells=cells, span=(0.0, length))


def clocks(period: float, jitter: float, seconds: float, cells: int, seed: int = 1) -> analysis.Trains:
    """Clocks of random phase whose ticks are shifted independently."""
    rng = np.random.default_rng(seed)
    length = 1000.0 * seconds
    ticks = np.arange(0, length + 20 * period, period)[None, :] - 10 * period + rng.uniform(0, period, (cells, 1))
    time = ticks + jitter * rng.normal(size=ticks.shape)
    index = np.broadcast_to(np.arange(cells)[:, None], time.shape)
    keep = (time >= 0) & (time < length)
    return analysis.group(time[keep], index[keep], cells=cells, span=(0.0, length))


POISSON = poisson(20.0, 400.0, 20)  # 160,000 spikes
RATE = 20.0


def test_poisson_has_cv_1_and_cv2_1():
    figures = analysis.cv(POISSON).figures
    assert figures["CV"] == pytest.approx(1.0, abs=0.01)
    assert figures["CV2"] == pytest.approx(1.0, abs=0.01)


def test_poisson_has_fano_factor_1_at_every_window():
    curve = analysis.fano(POISSON, [5.0, 50.0, 500.0, 2000.0])
    np.testing.assert_allclose(curve.y, 1.0, atol=0.05)


def test_intervals_of_poisson_are_exponential():
    curve = analysis.isi(POISSON, width=5.0, longest=200.0)
    np.testing.assert_allclose(curve.y, curve.theory, atol=0.05 * curve.theory[0])
    assert curve.y.sum() * 5.0 == pytest.approx(1 - np.exp(-200.0 / 50.0), abs=0.005)


def test_correlograms_and_spectra_of_poisson_are_flat_at_the_rate():
    auto = analysis.correlogram(POISSON, 100.0, 5.0)
    np.testing.assert_allclose(auto.y, RATE, rtol=0.06)
    cross = analysis.correlogram(POISSON.select([0, 1, 2]), 100.0, 10.0, POISSON.select([7, 8]))
    np.testing.assert_allclose(cross.y, RATE, rtol=0.06)
    for of in ("cells", "population"):
        power = analysis.spectrum(POISSON, 2.0, of=of).y
        assert power.mean() == pytest.approx(RATE, rel=0.02)
        # Means over eight stretches of frequency: each as high as the others.
        np.testing.assert_allclose([p.mean() for p in np.array_split(power, 8)], RATE, rtol=0.08)


@pytest.mark.parametrize("dead", [2.0, 5.0, 12.0])
def test_dead_time_lowers_cv_to_1_less_rate_times_dead_time(dead):
    trains = poisson(40.0, 300.0, 10, seed=3, dead=dead)
    expected = 1 - 0.040 * dead
    assert analysis.cv(trains).figures["CV"] == pytest.approx(expected, abs=0.01)
    # Over long windows the Fano factor of a renewal process is the square of its CV (Cox, Renewal Theory, 1962).
    assert analysis.fano(trains, [500.0]).y[0] == pytest.approx(expected**2, abs=0.06)


def test_dead_time_has_its_own_correlogram_and_spectrum():
    dead, rate = 5.0, 0.04
    trains = poisson(40.0, 400.0, 20, seed=4, dead=dead)
    auto = analysis.correlogram(trains, 100.0, 1.0)
    middle = len(auto.x) // 2
    assert auto.y[middle + 1 : middle + 5].max() == 0.0
    np.testing.assert_allclose(auto.y[-40:].mean(), 40.0, rtol=0.02)
    curve = analysis.spectrum(trains, 1.0)
    beta = 1 / (1 / rate - dead)
    omega = 2 * np.pi * curve.x / 1000
    interval = np.exp(-1j * omega * dead) * beta / (beta + 1j * omega)
    expected = 40.0 * (1 - np.abs(interval) ** 2) / np.abs(1 - interval) ** 2  # Gerstner et al. (2014), equation 7.57
    wide = slice(4, 150)  # bins of 1 ms fold and damp what lies above
    np.testing.assert_allclose(curve.y[wide], expected[wide], rtol=0.15)


def test_regular_clock_has_cv_0_and_a_line_at_its_frequency():
    trains = clocks(25.0, 0.0, 100.0, 3)
    assert analysis.cv(trains).figures["CV"] < 1e-9
    assert analysis.spectrum(trains, 1.0).figures["peak at (Hz)"] == pytest.approx(40.0, abs=1.0)
    assert analysis.fano(trains, [1000.0]).y[0] < 0.01


def test_jitter_of_a_clock_gives_cv_and_widens_the_correlogram():
    jitter, period = 1.5, 25.0
    trains = clocks(period, jitter, 400.0, 20)
    # Interval = period + difference of two jitters.
    assert analysis.cv(trains).figures["CV"] == pytest.approx(np.sqrt(2) * jitter / period, rel=0.01)
    curve = analysis.correlogram(trains, 60.0, 0.5)
    near = np.abs(curve.x - period) < 12
    peak = np.exp(-((curve.x[near] - period) ** 2) / (4 * jitter**2)) / np.sqrt(4 * np.pi * jitter**2) * 1000
    np.testing.assert_allclose(curve.y[near], peak, atol=0.03 * peak.max())


def test_a_common_drive_shows_in_the_cross_correlogram_at_its_delay():
    rng = np.random.default_rng(5)
    one = np.sort(rng.uniform(0, 100_000, 2000))
    both = analysis.group(np.concatenate([one, one + 7.0]), np.repeat([0, 1], 2000), span=(0.0, 100_010.0))
    curve = analysis.correlogram(both.select([0]), 30.0, 1.0, both.select([1]))
    assert curve.figures["highest at (ms)"] == pytest.approx(7.0)
    assert curve.figures["highest (Hz)"] == pytest.approx(1000.0, rel=0.05)


def test_population_spectrum_counts_synchrony():
    rng = np.random.default_rng(6)
    common = np.sort(rng.uniform(0, 100_000, 2000))
    trains = analysis.group(np.tile(common, 10), np.repeat(np.arange(10), 2000), span=(0.0, 100_000.0))
    assert analysis.spectrum(trains, 2.0, of="population").y.mean() == pytest.approx(10 * 20.0, rel=0.05)
    assert analysis.spectrum(trains, 2.0, of="cells").y.mean() == pytest.approx(20.0, rel=0.05)


def test_psth_is_the_rate_that_drove_the_spikes():
    rng = np.random.default_rng(7)
    # Thinned from 80 Hz: 20 Hz, but all 80 Hz from 30 to 50 ms of each trial of 100 ms.
    time = np.sort(rng.uniform(0, 200_000, 160_000))
    rate = np.where((time % 100 >= 30) & (time % 100 < 50), 80.0, 20.0)
    keep = rng.uniform(size=len(time)) < rate / 80.0
    trains = analysis.group(time[keep], rng.integers(0, 10, keep.sum()), cells=10, span=(0.0, 200_000.0))
    curve = analysis.psth(trains, np.arange(0, 200_000, 100.0), 20.0, 80.0, 10.0)
    expected = np.where((curve.x > 30) & (curve.x < 50), 80.0, 20.0)
    assert (np.abs(curve.y - expected) < 5 * curve.others["standard error (Hz)"]).all()
    assert curve.figures["trials"] == 1999  # the first one begins before the observation
    assert 30 < curve.figures["peak at (ms)"] < 50


def test_psth_of_locked_spikes_puts_each_in_the_bin_that_it_begins():
    events = np.arange(0, 1000) * 7.3
    trains = analysis.group(events + 2 * 0.73, span=(0.0, 7300.0))
    curve = analysis.psth(trains, events, 0.0, 7.3, 0.73)
    assert np.flatnonzero(curve.y).tolist() == [2]


def test_spike_triggered_average_of_white_noise_is_the_filter_that_made_the_spikes():
    rng = np.random.default_rng(8)
    n = 200_000
    x = rng.normal(size=n)
    kernel = np.exp(-np.arange(30) / 8.0) * np.sin(np.arange(30) / 5.0)
    drive = np.convolve(x, kernel)[:n]
    spikes = np.flatnonzero(rng.uniform(size=n) < 0.02 * np.exp(0.3 * drive))
    curve = analysis.spike_triggered_average(analysis.group(spikes * 0.5), np.arange(n) * 0.5, x, 20.0, 5.0)
    before = curve.x <= 0
    # For an exponential rate the average is the filter itself, times the gain (Bussgang).
    np.testing.assert_allclose(curve.y[before][::-1][:30], 0.3 * kernel, atol=0.06)
    assert np.abs(curve.y[~before]).max() < 0.06


def test_smoothed_rate_of_one_spike_is_the_kernel():
    trains = analysis.group(np.array([500.0]), span=(0.0, 1000.0))
    curve = analysis.smooth_rate(trains, 20.0)
    expected = np.exp(-((curve.x - 501.0) ** 2) / 800.0) / np.sqrt(2 * np.pi * 400.0) * 1000  # the bin begins at the spike
    np.testing.assert_allclose(curve.y, expected, atol=0.002 * expected.max())
    causal = analysis.smooth_rate(trains, 20.0, shape="exponential")
    assert causal.y[causal.x < 500].max() == 0.0
    assert np.trapezoid(causal.y, causal.x) / 1000 == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("shape", ["gaussian", "exponential"])
def test_smoothed_rate_is_not_pulled_down_at_the_ends(shape):
    curve = analysis.smooth_rate(poisson(200.0, 5.0, 200, seed=9), 50.0, shape=shape)
    # Without the correction the ends would show a half, or a tenth; 200 spikes in a bin vary by 7 %.
    np.testing.assert_allclose(curve.y, 200.0, rtol=0.25)


# -- slow references --

trains_of = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=0, max_size=60)


def made(pairs) -> analysis.Trains:
    time = np.array([p[0] * 0.25 for p in pairs], float)
    return analysis.group(time, np.array([p[1] for p in pairs], np.int32), cells=4, span=(0.0, 101.0))


@given(trains_of)
@settings(max_examples=50, deadline=None)
def test_grouping_sorts_by_cell_and_time(pairs):
    trains = made(pairs)
    for c in range(4):
        assert trains[c].tolist() == sorted(p[0] * 0.25 for p in pairs if p[1] == c)
    assert trains.index().tolist() == sorted(p[1] for p in pairs)


@given(trains_of)
@settings(max_examples=50, deadline=None)
def test_regularity_equals_numpy(pairs):
    trains = made(pairs)
    curve = analysis.cv(trains)
    for c in range(4):
        intervals = np.diff(trains[c])
        if len(intervals) < analysis.FEWEST or intervals.mean() == 0:
            assert np.isnan(curve.y[c])
            continue
        assert curve.y[c] == pytest.approx(intervals.std(ddof=1) / intervals.mean())
        a, b = intervals[:-1], intervals[1:]
        with np.errstate(all="ignore"):
            assert curve.others["CV2"][c] == pytest.approx(np.nanmean(2 * np.abs(b - a) / (a + b)))


@given(trains_of, st.sampled_from([3.0, 7.5, 20.0]))
@settings(max_examples=50, deadline=None)
def test_fano_factor_equals_numpy(pairs, width):
    trains = made(pairs)
    if not pairs:
        return
    windows = int(101.0 // width)
    edges = np.arange(windows + 1) * width
    each = []
    for c in range(4):
        counts = np.array([((trains[c] >= a) & (trains[c] < b)).sum() for a, b in pairwise(edges)])
        if counts.sum():
            each.append(counts.var(ddof=1) / counts.mean())
    found = analysis.fano(trains, [width]).y[0]
    assert found == pytest.approx(np.mean(each)) if each else np.isnan(found)


@given(trains_of, st.sampled_from([1.0, 2.5]))
@settings(max_examples=50, deadline=None)
def test_correlograms_equal_the_count_of_all_pairs(pairs, width):
    trains = made(pairs)
    if not pairs:
        return
    reach = 8

    def pairs_of(one, two, same):
        counts = np.zeros(2 * reach + 1, int)
        for i, a in enumerate(one):
            for j, b in enumerate(two):
                if same and i == j:
                    continue
                # A lag half-way between two bins belongs to the outer one in an autocorrelogram, else to the later one.
                lag = (b - a) / width
                k = int(np.sign(lag) * np.floor(abs(lag) + 0.5)) if same else int(np.floor(lag + 0.5))
                if abs(k) <= reach and (not same or abs(lag) < reach + 0.5) and (same or -reach - 0.5 <= lag < reach + 0.5):
                    counts[k + reach] += 1
        return counts

    auto = sum(pairs_of(trains[c], trains[c], True) for c in range(4))
    np.testing.assert_array_equal(analysis.correlogram(trains, reach * width, width).others["pairs"], auto)
    one, two = trains.select([0, 1]), trains.select([2, 3])
    if len(one.time):
        expected = pairs_of(np.sort(one.time), np.sort(two.time), False)
        np.testing.assert_array_equal(analysis.correlogram(one, reach * width, width, two).others["pairs"], expected)


def test_every_nth_reference_spike_gives_the_same_correlogram_in_the_mean(monkeypatch):
    whole = analysis.correlogram(POISSON, 100.0, 10.0)
    monkeypatch.setattr(analysis, "MOST_PAIRS", 50_000)
    some = analysis.correlogram(POISSON, 100.0, 10.0)
    assert some.figures["reference spikes"] < whole.figures["reference spikes"] / 5
    np.testing.assert_allclose(some.y, whole.y, rtol=0.15)


@given(trains_of)
@settings(max_examples=30, deadline=None)
def test_spike_triggered_average_equals_the_mean_of_stretches(pairs):
    trains = made(pairs)
    time = np.arange(405) * 0.25
    values = np.sin(time) + 0.1 * time
    curve = analysis.spike_triggered_average(trains, time, values, 2.0, 3.0)
    stretches = [values[k - 8 : k + 13] for t in trains.time if (k := round(t / 0.25)) >= 8 and k + 12 < 405]
    if stretches:
        np.testing.assert_allclose(curve.y, np.mean(stretches, axis=0), atol=1e-12)
    else:
        assert len(curve.y) == 0


def test_rate_counts_every_spike_once():
    curve = analysis.rate(POISSON, 100.0)
    assert curve.others["spikes"].sum() == len(POISSON.time)
    np.testing.assert_array_equal(curve.others["spikes"], np.histogram(POISSON.time, np.arange(0, 400_001, 100.0))[0])


def test_selection_keeps_the_chosen_cells_and_stretch():
    part = POISSON.select([3, 0], (1000.0, 2000.0))
    np.testing.assert_array_equal(part[0], [t for t in POISSON[3] if 1000 <= t < 2000])
    np.testing.assert_array_equal(part[1], [t for t in POISSON[0] if 1000 <= t < 2000])
    assert part.duration == 1000.0


def test_what_is_prepared_needs_no_compilation_later():
    analysis.prepare()
    compiled = {name: len(loop.signatures) for name, loop in vars(loops).items() if getattr(loop, "signatures", None) is not None}
    if not compiled:
        pytest.skip("kernels are interpreted here")
    analysis.spike_triggered_average(POISSON, np.arange(0.0, 400_000.0, 2.0), np.ones(200_000))
    for call in (analysis.rate, analysis.smooth_rate, analysis.isi, analysis.cv, analysis.fano, analysis.correlogram, analysis.spectrum):
        call(POISSON)
    analysis.correlogram(POISSON.select([0, 3]), other=POISSON.select([1]))
    analysis.psth(POISSON, np.array([100.0, 300.0]))
    assert compiled == {name: len(loop.signatures) for name, loop in vars(loops).items() if getattr(loop, "signatures", None) is not None}
    assert len(compiled) > 8


def test_no_spikes_is_no_error():
    none = analysis.group(np.empty(0), cells=3, span=(0.0, 1000.0))
    for analyse in (analysis.rate, analysis.smooth_rate, analysis.isi, analysis.cv, analysis.fano, analysis.correlogram, analysis.spectrum):
        assert not np.nan_to_num(analyse(none).y).any()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: analysis.group(np.array([1.0, np.nan])), "finite"),
        (lambda: analysis.group(np.array([1.0]), np.array([4]), cells=3), "from 0 to 2"),
        (lambda: POISSON.select([99]), "from 0 to 19"),
        (lambda: POISSON.select(between=(5.0, 5.0)), "end after it begins"),
        (lambda: analysis.rate(POISSON, 0.0), "above 0 ms"),
        (lambda: analysis.rate(POISSON, 1e-9), "choose a wider one"),
        (lambda: analysis.fano(POISSON, [3e5]), "choose a shorter one"),
        (lambda: analysis.psth(POISSON, np.array([0.0]), 1.0, 1.0), "no event"),
        (lambda: analysis.correlogram(POISSON, 1e6), "must be shorter"),
        (lambda: analysis.spectrum(POISSON, 1.0, 3.0), "at least 8 bins"),
        (lambda: analysis.spike_triggered_average(POISSON, np.array([0.0, 1.0, 5.0]), np.zeros(3)), "not sampled evenly"),
    ],
)
def test_impossible_requests_are_refused_in_words(call, said):
    with pytest.raises(ModelError, match=said):
        call()
