"""What spike trains say: rate, intervals, regularity, variability, alignment, correlation, spectrum.

    trains = group(time, index, second=1000.0)       # times in ms
    isi(trains).figures["CV"]
    fano(trains).y

Every analysis is a pure function of spike times and returns a `Curve`: numbers to draw, what a Poisson process of the
same rate would give, and figures by name. Rates are per second and per cell. `run.analysis` (Python), `lab analyse`
(command line) and the Analysis card of the window are the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lab.analysis import loops
from lab.errors import ModelError

SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "min": 1 / 60, "h": 1 / 3600}
FEWEST = 5  # intervals of a cell from which its regularity is told
MOST_BINS = 20_000_000
MOST_PAIRS = 20_000_000
PIECES = 256  # that are transformed together
MOST_TRANSFORMED = 1 << 22  # samples that go through Fourier transforms for one spectrum


@dataclass(frozen=True)
class Curve:
    """The result of an analysis.

    x, y      what is drawn; `theory` the same for a Poisson process of equal rate (None: there is none)
    others    further columns of the same length, by name with unit
    figures   single numbers by name with unit
    style     `line`, `steps` or `points`
    """

    name: str
    title: str
    x_label: str
    y_label: str
    x: np.ndarray
    y: np.ndarray
    theory: np.ndarray | None = None
    others: dict[str, np.ndarray] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    style: str = "line"
    theory_label: str = "Poisson"

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """All columns by heading, units in the headings."""
        out = {self.x_label: self.x, self.y_label: self.y, **self.others}
        return out if self.theory is None else out | {self.theory_label: self.theory}


@dataclass(frozen=True, eq=False)
class Trains:
    """Spike trains of many cells.

    time          (spikes,) sorted by cell and within a cell by time; cell c is time[starts[c]:starts[c + 1]]
    start, stop   the stretch that was observed; cells without spikes count too
    second, unit  how many time units make a second, and what the unit is called
    """

    time: np.ndarray
    starts: np.ndarray
    start: float
    stop: float
    second: float = 1000.0
    unit: str = "ms"

    @property
    def cells(self) -> int:
        """Number of cells, silent ones included."""
        return len(self.starts) - 1

    @property
    def duration(self) -> float:
        """Length of the observed stretch in time units."""
        return self.stop - self.start

    @property
    def counts(self) -> np.ndarray:
        """(cells,) spikes of each cell."""
        return np.diff(self.starts)

    @property
    def mean_rate(self) -> float:
        """Spikes per second and cell."""
        return len(self.time) * self.second / (self.cells * self.duration) if self.cells and self.duration > 0 else 0.0

    @cached_property
    def regularity(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean interval, CV and CV2 of each cell: one pass for the analyses that need them."""
        mean, cv, cv2 = np.empty((3, self.cells))
        loops.regularity(self.time, self.starts, mean, cv, cv2)
        return mean, cv, cv2

    @cached_property
    def pooled(self) -> np.ndarray:
        """Spike times of all cells together, in rising order."""
        return np.sort(self.time)

    def __getitem__(self, cell: int) -> np.ndarray:
        """Spike times of one cell."""
        return self.time[self.starts[cell] : self.starts[cell + 1]]

    def index(self) -> np.ndarray:
        """(spikes,) cell of each spike."""
        return np.repeat(np.arange(self.cells, dtype=np.int32), self.counts)

    def select(self, cells: Sequence[int] | None = None, between: tuple[float, float] | None = None) -> Trains:
        """Only these cells (numbered anew in the given order), only this stretch of time."""
        found = self
        if cells is not None:
            chosen = [int(c) for c in cells]
            bad = [c for c in chosen if not 0 <= c < self.cells]
            if bad or not chosen:
                raise ModelError(f"analysis: cells are numbered from 0 to {self.cells - 1} (got {bad[0] if bad else 'none'}).")
            parts = [self[c] for c in chosen]
            starts = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
            found = Trains(np.concatenate(parts), starts, self.start, self.stop, self.second, self.unit)
        if between is not None:
            lo, hi = float(between[0]), float(between[1])
            if not lo < hi:
                raise ModelError(f"analysis: the stretch must end after it begins (got {lo:g} to {hi:g} {self.unit}).")
            keep = (found.time >= lo) & (found.time < hi)
            inside = np.concatenate([[0], np.cumsum(keep)])[found.starts].astype(np.int64)
            found = Trains(found.time[keep], inside, max(lo, self.start), min(hi, self.stop), self.second, self.unit)
        return found


def group(
    time: np.ndarray,
    index: np.ndarray | None = None,
    *,
    cells: int | None = None,
    span: tuple[float, float] | None = None,
    second: float = 1000.0,
    unit: str = "ms",
) -> Trains:
    """Spike trains from event times and the cell of each, in any order.

    index     (spikes,) cell numbers from 0; None: all of one cell
    cells     number of cells, silent ones included (default: up to the largest number)
    span      (start, stop) of the observation (default: from 0, or the first spike before it, to the last spike)
    Raises ModelError for times that are no numbers or cells out of range.
    """
    time = np.ascontiguousarray(time, float)
    index = np.zeros(len(time), np.int32) if index is None else np.ascontiguousarray(index)
    if len(time) != len(index):
        raise ModelError(f"analysis: every spike needs a time and a cell (got {len(time)} times and {len(index)} cells).")
    if len(time) and not np.isfinite(time.sum()):
        raise ModelError("analysis: spike times must be finite numbers.")
    last = int(index.max()) if len(index) else -1
    cells = last + 1 if cells is None else int(cells)
    if len(index) and (int(index.min()) < 0 or last >= cells):
        raise ModelError(f"analysis: cells are numbered from 0 to {cells - 1} (got {int(index.min())} to {last}).")
    if span is None:
        span = (min(0.0, float(time.min())), float(time.max())) if len(time) else (0.0, 0.0)
    starts, out = np.zeros(cells + 1, np.int64), np.empty(len(time))
    loops.group(time, index, cells, starts, out)
    return Trains(out, starts, float(span[0]), float(span[1]), float(second), unit)


def _bins(length: float, width: float, what: str, unit: str) -> int:
    """Whole bins in a length; raises ModelError where the width makes no sense."""
    if not width > 0 or not np.isfinite(width):
        raise ModelError(f"analysis: {what} must be above 0 {unit} (got {width:g}).")
    count = int(np.floor(length / width + 1e-9))
    if count > MOST_BINS:
        raise ModelError(
            f"analysis: {what} of {width:g} {unit} makes {count} bins of the {length:g} {unit}: at most {MOST_BINS}, so choose a wider one."
        )
    return count


def _nice(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value`."""
    if not value > 0 or not np.isfinite(value):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (5, 2, 1) if m * power <= value * (1 + 1e-12)))


def _empty(name: str, title: str, x_label: str, y_label: str) -> Curve:
    return Curve(name, title, x_label, y_label, np.empty(0), np.empty(0))


def rate(trains: Trains, width: float | None = None) -> Curve:
    """Firing rate per cell in consecutive bins: counts over bins of `width`.

    The theory is the mean rate. A last incomplete bin is left out.
    """
    unit, length = trains.unit, trains.duration
    width = _nice(length / 100) if width is None else float(width)
    n = _bins(length, width, "the bin", unit)
    counts = np.zeros(n, np.int64)
    if n:
        loops.histogram_times(trains.time, trains.start, width, n * width >= length * (1 - 1e-12), counts)
    y = counts * trains.second / (width * max(1, trains.cells))
    x = trains.start + (np.arange(n) + 0.5) * width
    figures = {"rate (Hz)": trains.mean_rate, "highest (Hz)": float(y.max()) if n else 0.0, f"bin ({unit})": width}
    return Curve(
        "rate",
        "Firing rate",
        f"time ({unit})",
        "rate (Hz)",
        x,
        y,
        np.full(n, trains.mean_rate),
        {"spikes": counts},
        figures,
        "steps",
        "mean",
    )


def smooth_rate(trains: Trains, deviation: float | None = None, *, shape: str = "gaussian") -> Curve:
    """Firing rate per cell as a sum of kernels on the spikes, divided by the part of the kernel inside the observation.

    deviation   standard deviation of a `gaussian`, time constant of an `exponential` (which looks at the past only)
    """
    if shape not in ("gaussian", "exponential"):
        raise ModelError(f"analysis: the kernel is gaussian or exponential (got {shape}).")
    unit, length = trains.unit, trains.duration
    deviation = _nice(length / 50) if deviation is None else float(deviation)
    step = deviation / 10
    n = _bins(length, step, "a tenth of the kernel's width", unit)
    counts, out = np.zeros(n, np.int64), np.zeros(n)
    if shape == "gaussian":
        weights = np.empty(51)
        loops.gaussian_weights(10.0, weights)
        weights /= weights[0] + 2 * weights[1:].sum()
        inside = np.cumsum(np.concatenate([weights[:0:-1], weights]))  # mass up to each lag
        ahead = inside[np.minimum(50 + np.arange(n)[::-1], 100)]
        mass = ahead - (1 - inside[np.minimum(50 + np.arange(n), 100)])
    else:
        weights = np.exp(-np.arange(100) / 10) * (1 - np.exp(-0.1))
        mass = np.cumsum(weights)[np.minimum(np.arange(n), 99)]
    if n:
        loops.histogram_times(trains.time, trains.start, step, False, counts)
        loops.smooth(counts, 1 if shape == "gaussian" else 0, weights, out)
        out *= trains.second / (step * max(1, trains.cells) * mass)
    x = trains.start + (np.arange(n) + 0.5) * step
    figures = {"rate (Hz)": trains.mean_rate, "highest (Hz)": float(out.max()) if n else 0.0, f"kernel ({unit})": deviation}
    return Curve(
        "smooth-rate",
        f"Firing rate, {shape} kernel",
        f"time ({unit})",
        "rate (Hz)",
        x,
        out,
        np.full(n, trains.mean_rate),
        {},
        figures,
        "line",
        "mean",
    )


def isi(trains: Trains, width: float | None = None, longest: float | None = None) -> Curve:
    """Interspike interval density of all cells together, with the exponential density of a Poisson process.

    width, longest   bin and end of the histogram (default: 100 bins up to six mean intervals, or the longest interval)
    """
    unit = trains.unit
    n = int(np.maximum(trains.counts - 1, 0).sum())
    name, title, x_label, y_label = "isi", "Interspike intervals", f"interval ({unit})", f"density (1/{unit})"
    if n == 0:
        return _empty(name, title, x_label, y_label)
    mean, cv, cv2 = trains.regularity
    weights = np.maximum(trains.counts - 1, 0)
    own = weights > 0
    pooled = float((mean[own] * weights[own]).sum() / n)
    if longest is None:
        longest = 6 * pooled if width is None else max(width, 6 * pooled)
    width = (float(longest) / 100 or 1.0) if width is None else float(width)
    bins = max(1, _bins(float(longest), width, "the bin", unit))
    counts = np.zeros(bins, np.int64)
    most = loops.histogram_intervals(trains.time, trains.starts, width, counts)
    x = (np.arange(bins) + 0.5) * width
    theory = np.exp(-x / pooled) / pooled if pooled > 0 else None
    figures = _mean_figures(trains, cv, cv2) | {f"mean interval ({unit})": pooled, f"longest ({unit})": float(most), "intervals": n}
    return Curve(name, title, x_label, y_label, x, counts / (n * width), theory, {"intervals": counts}, figures, "steps")


def _mean_figures(trains: Trains, cv: np.ndarray, cv2: np.ndarray) -> dict[str, float]:
    enough = (trains.counts - 1 >= FEWEST) & np.isfinite(cv)
    if not enough.any():
        return {}
    return {"CV": float(cv[enough].mean()), "CV2": float(np.nanmean(cv2[enough]))}


def cv(trains: Trains) -> Curve:
    """Regularity of each cell: CV = standard deviation over mean of its intervals, and CV2, which ignores slow rate changes.

    CV2 is the mean of 2 |I(n+1) - I(n)| / (I(n+1) + I(n)) (Holt et al., J. Neurophysiol. 75:1806, 1996). Cells with less
    than `FEWEST` intervals show NaN and are left out of the means.
    """
    mean, each, local = trains.regularity
    few = trains.counts - 1 < FEWEST
    each, local = np.where(few, np.nan, each), np.where(few, np.nan, local)
    figures = {"cells told": int((~few).sum())} | _mean_figures(trains, each, local)
    others = {"CV2": local, f"mean interval ({trains.unit})": mean, "spikes": trains.counts}
    return Curve("cv", "Regularity", "cell", "CV", np.arange(trains.cells), each, np.ones(trains.cells), others, figures, "points")


def fano(trains: Trains, windows: Sequence[float] | None = None) -> Curve:
    """Fano factor against window length: variance over mean of the spike count in consecutive windows, averaged over cells.

    windows   lengths in time units (default: from a tenth of the mean interval to a tenth of the observation)
    """
    unit, length = trains.unit, trains.duration
    title, x_label = "Fano factor", f"window ({unit})"
    if not len(trains.time) or length <= 0:
        return _empty("fano", title, x_label, "Fano factor")
    shortest = min(0.1 * trains.second / trains.mean_rate, length / 20)
    lengths = np.geomspace(shortest, length / 10, 13) if windows is None else np.asarray(windows, float)
    squares, totals = np.empty((2, trains.cells), np.int64)
    found = np.full(len(lengths), np.nan)
    for k, width in enumerate(lengths):
        count = _bins(length, width, "the window", unit)
        if count < 2:
            raise ModelError(
                f"analysis: a window of {width:g} {unit} fits less than twice into the {length:g} {unit} observed: choose a shorter one."
            )
        loops.window_counts(trains.time, trains.starts, trains.start, width, count, squares, totals)
        active = totals > 0
        if active.any():
            total, square = totals[active].astype(float), squares[active].astype(float)
            found[k] = ((square - total * total / count) / (count - 1) / (total / count)).mean()
    figures = {f"Fano factor at {lengths[-1]:.4g} {unit}": float(found[-1])}
    near = int(np.abs(np.log(lengths * 10 / trains.second)).argmin())
    figures[f"Fano factor at {lengths[near]:.4g} {unit}"] = float(found[near])
    return Curve("fano", title, x_label, "Fano factor", lengths, found, np.ones(len(lengths)), {}, figures, "line")


def psth(trains: Trains, events: np.ndarray, before: float = 0.0, after: float = 100.0, width: float | None = None) -> Curve:
    """Peri-stimulus time histogram: rate per cell around events, mean over those whose whole stretch was observed.

    events          (trials,) times of the stimuli; before, after: stretch around each; width: of the bins
    others holds the standard error over trials.
    """
    unit = trains.unit
    span = float(before) + float(after)
    width = _nice(span / 50) if width is None else float(width)
    bins = _bins(span, width, "the bin", unit)
    if bins < 1:
        raise ModelError(
            f"analysis: the bin of {width:g} {unit} does not fit into the {span:g} {unit} around an event: choose a narrower one."
        )
    events = np.sort(np.asarray(events, float))
    slack = 1e-9 * max(1.0, abs(trains.stop))
    whole = events[(events - before >= trains.start - slack) & (events - before + bins * width <= trains.stop + slack)]
    if not len(whole):
        raise ModelError(
            f"analysis: no event has its {span:g} {unit} inside the {trains.duration:g} {unit} observed: choose a shorter stretch."
        )
    if len(whole) * bins > MOST_BINS:
        raise ModelError(f"analysis: {len(whole)} trials of {bins} bins are more than {MOST_BINS}: choose a wider bin.")
    counts = np.zeros((len(whole), bins), np.int32)
    loops.align(trains.time, trains.starts, whole, float(before), width, counts)
    scale = trains.second / (width * max(1, trains.cells))
    y = counts.mean(axis=0) * scale
    error = counts.std(axis=0, ddof=1) / np.sqrt(len(whole)) * scale if len(whole) > 1 else np.full(bins, np.nan)
    x = (np.arange(bins) + 0.5) * width - before
    mean = float(y.mean())
    figures = {"trials": len(whole), "mean rate (Hz)": mean, "peak (Hz)": float(y.max()), f"peak at ({unit})": float(x[y.argmax()])}
    others = {"standard error (Hz)": error}
    return Curve(
        "psth",
        "Peri-stimulus time histogram",
        f"time after the event ({unit})",
        "rate (Hz)",
        x,
        y,
        np.full(bins, mean),
        others,
        figures,
        "steps",
        "mean",
    )


def correlogram(trains: Trains, lag: float | None = None, width: float | None = None, other: Trains | None = None) -> Curve:
    """Auto- or cross-correlogram: rate of spikes at each lag from a spike, which is flat at the rate for Poisson trains.

    Auto (other None): spikes of the same cell, pooled over cells, the spike itself left out. Cross: spikes of `other`
    (lag = other - this), both pooled over their cells, per cell of `other`. Lags lost at the ends of the observation are
    corrected for. Of very many pairs every n-th spike serves as reference, and the figures say so.
    """
    unit, length = trains.unit, trains.duration
    if not len(trains.time) or length <= 0:
        return _empty("correlogram", "Correlogram", f"lag ({unit})", "rate (Hz)")
    if lag is None:
        lag = min(_nice(5 * trains.second / trains.mean_rate), length / 4)
    width = float(lag) / 50 if width is None else float(width)
    reach = max(1, _bins(float(lag), width, "the bin", unit))
    if (reach + 0.5) * width >= length:
        raise ModelError(f"analysis: a lag of {lag:g} {unit} must be shorter than the {length:g} {unit} observed.")
    lags = np.arange(-reach, reach + 1) * width
    inside = 1 - np.abs(lags) / length
    if other is None:
        probe = max(1, len(trains.time) // 100_000)
        pairs = loops.count_neighbours(trains.time, trains.starts, (reach + 0.5) * width, probe) * probe
        stride = int(max(1, -(-pairs // MOST_PAIRS)))
        half = np.zeros(reach + 1, np.int64)
        references = loops.auto_pairs(trains.time, trains.starts, width, stride, half)
        half[0] *= 2  # bin 0 lies on both sides of lag 0
        counts = np.concatenate([half[:0:-1], half])
        expected, per = trains.mean_rate, 1
        # A cell that fires more has more references: the mean over spikes weighs rates by themselves.
        rates = trains.counts * trains.second / length
        expected = float((rates * rates).sum() / rates.sum())
        title = "Autocorrelogram"
    else:
        one, two = trains.pooled, other.pooled
        pairs = len(one) * len(two) * (2 * reach + 1) * width / length
        stride = int(max(1, np.ceil(pairs / MOST_PAIRS)))
        counts = np.zeros(2 * reach + 1, np.int64)
        references = loops.cross_pairs(one, two, width, reach, stride, counts)
        per = max(1, other.cells)
        expected, title = other.mean_rate, "Cross-correlogram"
    y = counts * trains.second / (max(1, references) * width * inside * per)
    figures = {
        "rate (Hz)": expected,
        f"bin ({unit})": width,
        "highest (Hz)": float(y.max()),
        f"highest at ({unit})": float(lags[y.argmax()]),
        "reference spikes": int(references),
    }
    return Curve(
        "correlogram", title, f"lag ({unit})", "rate (Hz)", lags, y, np.full(len(y), expected), {"pairs": counts}, figures, "steps"
    )


def spike_triggered_average(
    trains: Trains, time: np.ndarray, values: np.ndarray, before: float = 50.0, after: float = 50.0, name: str = "trace"
) -> Curve:
    """Mean of a trace around the spikes of all cells, at the samples nearest to them; `theory` is the mean of the trace.

    time, values   (samples,) the trace, evenly sampled; spikes whose stretch leaves it do not count
    Sums over spikes are a correlation of the spike counts with the trace, taken piece by piece through Fourier transforms.
    """
    unit = trains.unit
    time, values = np.asarray(time, float), np.asarray(values, float)
    if values.ndim != 1 or len(values) != len(time) or len(time) < 2:
        raise ModelError(
            f"analysis: a spike-triggered average needs a trace of one channel with two samples or more (got shape {values.shape})."
        )
    dt = (time[-1] - time[0]) / (len(time) - 1)
    if np.abs(np.diff(time) - dt).max() > 0.01 * dt:
        raise ModelError(f"analysis: {name} is not sampled evenly: record it without gaps.")
    left, right = round(float(before) / dt), round(float(after) / dt)
    if left < 0 or right < 0 or left + right < 1 or left + right + 1 > len(values):
        raise ModelError(
            f"analysis: {before + after:g} {unit} around a spike do not fit into the {time[-1] - time[0]:g} {unit} of {name}: choose a shorter stretch."
        )
    width = left + right + 1
    counts = np.zeros(len(values) - width + 1, np.int32)
    spikes = int(loops.nearest_counts(trains.time, float(time[0]), 1.0 / dt, left, counts))
    lags = np.arange(-left, right + 1) * dt
    x_label = f"time after the spike ({unit})"
    if not spikes:
        return _empty("sta", f"Spike-triggered average of {name}", x_label, name)
    mean = float(values.mean())
    size = 1 << max(12, int(2 * width - 1).bit_length())
    hop = size - width + 1
    total = np.zeros(size // 2 + 1, complex)
    for a in range(0, len(counts), hop):
        piece = counts[a : a + hop]
        if piece.any():
            total += np.conj(np.fft.rfft(piece, size)) * np.fft.rfft(values[a : a + size] - mean, size)
    y = np.fft.irfft(total, size)[:width] / spikes + mean
    figures = {"spikes": spikes, "mean of the trace": mean, "highest": float(y.max()), "lowest": float(y.min())}
    return Curve(
        "sta", f"Spike-triggered average of {name}", x_label, name, lags, y, np.full(width, mean), {}, figures, "line", "mean of the trace"
    )


def _power(rows: np.ndarray) -> np.ndarray:
    """Sum over rows of their squared Fourier amplitudes."""
    amplitudes = np.fft.rfft(rows, axis=1)
    return np.einsum("ij,ij->j", amplitudes.real, amplitudes.real) + np.einsum("ij,ij->j", amplitudes.imag, amplitudes.imag)


def spectrum(trains: Trains, width: float | None = None, segment: float | None = None, *, of: str = "cells") -> Curve:
    """Power spectrum of the spike trains per second and cell: at every frequency the rate for Poisson trains.

    of       `cells`: mean over the cells' own spectra; `population`: of the summed train, over the number of cells, so that
             independent Poisson cells give the rate and N synchronous ones N times it
    width    bin in time units (default: resolves four times the rate, of a population at most 500 Hz)
    segment  length of the pieces averaged (default: 1024 bins, or an eighth of the observation)
    Welch's method (1967) with half-overlapping Hann windows. The spectra of many cells are taken from evenly chosen pieces.
    """
    if of not in ("cells", "population"):
        raise ModelError(f"analysis: a spectrum is of cells or of the population (got {of}).")
    unit, length = trains.unit, trains.duration
    title = "Power spectrum" if of == "cells" else "Power spectrum of the population"
    if not len(trains.time) or length <= 0:
        return _empty("spectrum", title, "frequency (Hz)", "power (Hz)")
    if width is None:
        # A population may have rhythms far above the rate of its cells.
        width = _nice(0.125 * trains.second / max(trains.mean_rate * (trains.cells if of == "population" else 1), 1e-9))
        width = max(width, trains.second / 1000) if of == "population" else width
    bins = _bins(length, width, "the bin", unit)
    size = min(min(1024, max(64, bins // 8)) if segment is None else round(float(segment) / width), bins)
    if size < 8:
        raise ModelError(
            f"analysis: a segment must hold at least 8 bins of {width:g} {unit} (it holds {size}): choose narrower bins or a longer stretch."
        )
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    scale = trains.second / (width * (window * window).sum())
    hop = max(1, size // 2)
    begins = np.arange(0, bins - size + 1, hop)
    power = np.zeros(size // 2 + 1)
    if of == "population":
        found = np.zeros(bins, np.int32)
        loops.bin_counts(trains.time, trains.start, width, found)
        used = begins[:: max(1, -(-len(begins) * size // MOST_TRANSFORMED))]
        counts = found - found.mean()
        every = np.lib.stride_tricks.sliding_window_view(counts, size)
        for k in range(0, len(used), PIECES):
            power += _power(every[used[k : k + PIECES]] * window)
        power *= scale / (len(used) * trains.cells)
        pieces = len(used)
    else:
        allowed = max(1, MOST_TRANSFORMED // size)
        stride = max(1, -(-len(begins) * trains.cells // allowed))
        chosen = np.arange(0, len(begins) * trains.cells, stride)
        pieces, means = len(chosen), trains.counts * (width / length)
        for k in range(0, pieces, PIECES):
            cells, piece = np.divmod(chosen[k : k + PIECES], len(begins))
            rows = np.empty((len(cells), size))
            rows[:, 0] = means[cells]
            loops.piece_counts(trains.time, trains.starts, cells, trains.start + begins[piece] * width, width, rows)
            power += _power(rows * window)
        power *= scale / pieces
    frequency = np.fft.rfftfreq(size, width / trains.second)[1:]
    y = power[1:]
    peak = int(y.argmax())
    figures = {
        "rate (Hz)": trains.mean_rate,
        "peak at (Hz)": float(frequency[peak]),
        "peak (Hz)": float(y[peak]),
        "resolution (Hz)": float(frequency[0]),
        "segments": pieces,
    }
    return Curve("spectrum", title, "frequency (Hz)", "power (Hz)", frequency, y, np.full(len(y), trains.mean_rate), {}, figures, "line")


def prepare() -> None:
    """Do every analysis once, on a few spikes: their kernels are then compiled."""
    time = np.arange(0.5, 400.5)
    index = np.arange(400, dtype=np.int32) % 2
    trains = group(time, index, span=(0.0, 400.0))
    for call in (rate, smooth_rate, isi, cv, fano, correlogram, spectrum):
        call(trains)
    smooth_rate(trains, shape="exponential")
    psth(trains, np.array([0.0, 200.0]))
    correlogram(trains.select([0]), other=trains.select([1]))
    spectrum(trains, of="population")
    spike_triggered_average(trains, np.arange(400.0), np.zeros(400))
