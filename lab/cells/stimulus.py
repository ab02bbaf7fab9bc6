"""Stimulus of a cell: a waveform held constant over each step, from a formula, a drawn curve, a recording or noise.

Each step k takes one value, the mean over the step for waveforms with edges and the value at its middle for smooth ones,
so that an edge inside a step costs no accuracy and a smooth waveform is integrated to second order. Everything that moves
(phase of an oscillation, noise, an injected pulse) lies in arrays of the model's state.
"""

from __future__ import annotations

import csv
import math
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lab.errors import FileError
from lab.kernels import kernel, normal

KINDS = ("step", "pulses", "ramp", "sine", "chirp", "noise", "drawn", "file")
MAX_SAMPLES = 20_000_000  # of a file: 160 MB, 7.5 minutes of sound at 44.1 kHz
MAX_BYTES = 400 << 20


@dataclass(frozen=True)
class Recording:
    """A sampled waveform: values[i] at start + i interval (ms), or at times[i] where samples are not evenly spaced."""

    values: np.ndarray
    interval: float = 1.0
    start: float = 0.0
    times: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def length(self) -> float:
        """Time from the first to the last sample (ms)."""
        return float(self.times[-1] - self.times[0]) if len(self.times) else (len(self.values) - 1) * self.interval


SILENCE = Recording(np.zeros(2))


def drawn(points) -> Recording:
    """Waveform through hand-drawn points ((t, value), ...), joined by straight lines."""
    table = np.asarray([(float(p[0]), float(p[1])) for p in points])
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Recording(np.ascontiguousarray(table[:, 1]), start=float(table[0, 0]), times=np.ascontiguousarray(table[:, 0]))


def read(path: str, sample_rate: float = 0.0, column: int = 1, time_unit: str = "ms") -> Recording:
    """Read a recorded waveform from a WAV, NPY, CSV or text file.

    sample_rate  samples per second of a file that does not say (NPY; CSV without a time column); 0: the first column of
                 a CSV is time in `time_unit`, and a WAV file's own rate counts
    column       which column holds the values, counted from 0 (a WAV file: which channel, counted from 1)

    WAV samples come as -1..1. Raises FileError naming file, row and column.
    """
    place = Path(path).expanduser()
    if not path:
        raise FileError("The stimulus 'file' needs a file: give the path of a WAV, NPY or CSV file.")
    if not place.is_file():
        raise FileError(f"There is no stimulus file {place}: check the path.")
    size = place.stat().st_size
    if size > MAX_BYTES:
        raise FileError(
            f"The stimulus file {place} has {size / 1e6:.0f} MB, more than the {MAX_BYTES >> 20} MB that are read: cut it first."
        )
    readers = {".wav": _read_wav, ".npy": _read_npy}
    found = readers.get(place.suffix.lower(), _read_csv)(place, sample_rate, column, time_unit)
    if len(found.values) < 2:
        raise FileError(f"The stimulus file {place} holds {len(found.values)} samples: at least two are needed.")
    if len(found.values) > MAX_SAMPLES:
        raise FileError(f"The stimulus file {place} holds more than {MAX_SAMPLES:,} samples: cut it or sample it more coarsely.")
    if not np.isfinite(found.values).all():
        bad = int(np.argmin(np.isfinite(found.values)))
        raise FileError(f"The stimulus file {place} has a value that is not a finite number at sample {bad + 1}: repair it.")
    return found


def _interval(place: Path, sample_rate: float) -> float:
    if sample_rate <= 0:
        raise FileError(f"The stimulus file {place} does not say how fast it was sampled: set sample_rate in Hz.")
    return 1000.0 / sample_rate


def _read_wav(place: Path, sample_rate: float, column: int, time_unit: str) -> Recording:
    try:
        with wave.open(str(place), "rb") as file:
            channels, width, rate, frames = file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()
            if not 1 <= column <= channels:
                raise FileError(f"The sound file {place} has {channels} channel(s): column must be 1 to {channels} (got {column}).")
            if frames > MAX_SAMPLES:
                raise FileError(f"The sound file {place} holds more than {MAX_SAMPLES:,} samples: cut it first.")
            raw = file.readframes(frames)
    except (wave.Error, EOFError, OSError) as error:
        raise FileError(f"The sound file {place} cannot be read as WAV with whole-number samples: {error}.") from None
    raw = raw[: len(raw) // (width * channels) * width * channels]
    if width == 1:
        samples = (np.frombuffer(raw, np.uint8).astype(float) - 128) / 128
    elif width == 3:
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
        samples = ((parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16) ^ 0x800000) / 0x800000 - 1.0
    elif width in (2, 4):
        samples = np.frombuffer(raw, f"<i{width}").astype(float) / float(1 << (8 * width - 1))
    else:
        raise FileError(f"The sound file {place} has samples of {8 * width} bits: 8, 16, 24 and 32 are read.")
    return Recording(np.ascontiguousarray(samples.reshape(-1, channels)[:, column - 1]), _interval(place, sample_rate or rate))


def _read_npy(place: Path, sample_rate: float, column: int, time_unit: str) -> Recording:
    try:
        table = np.load(place, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise FileError(f"The file {place} cannot be read as an array of numbers: {str(error).split('.')[0]}.") from None
    if not isinstance(table, np.ndarray) or table.dtype.kind not in "fiu" or table.ndim not in (1, 2):
        raise FileError(f"The array in {place} must hold real numbers in one or two dimensions.")
    return _columns(place, np.asarray(table, float), sample_rate, column, time_unit)


def _read_csv(place: Path, sample_rate: float, column: int, time_unit: str) -> Recording:
    rows: list[list[float]] = []
    try:
        with place.open(newline="", encoding="utf-8-sig") as file:
            head = file.read(4096)
            file.seek(0)
            separator = next((s for s in ";\t," if s in head), ",")
            for number, cells in enumerate(csv.reader(file, delimiter=separator), 1):
                if not cells or not "".join(cells).strip() or cells[0].lstrip().startswith("#"):
                    continue
                try:
                    rows.append([float(c) for c in cells])
                except ValueError:
                    if not rows and number == 1:
                        continue  # one row of titles
                    bad = next(i for i, c in enumerate(cells) if not _is_number(c))
                    raise FileError(f"{place}, row {number}, column {bad + 1}: '{cells[bad][:30]}' is not a number.") from None
                if len(cells) != len(rows[0]):
                    raise FileError(f"{place}, row {number}: {len(cells)} columns where the rows before have {len(rows[0])}.")
                if len(rows) > MAX_SAMPLES:
                    raise FileError(f"{place} holds more than {MAX_SAMPLES:,} rows: cut it or sample it more coarsely.")
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise FileError(f"The file {place} cannot be read as a table of numbers: {error}.") from None
    table = np.array(rows, float) if rows else np.empty((0, 1))
    return _columns(place, table[:, 0] if table.shape[1] == 1 else table, sample_rate, column, time_unit)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(place: Path, table: np.ndarray, sample_rate: float, column: int, time_unit: str) -> Recording:
    """Values and times of a table: one column, or several with time in the first when no rate is given."""
    if table.ndim == 1:
        return Recording(np.ascontiguousarray(table), _interval(place, sample_rate))
    if not 0 <= column < table.shape[1]:
        raise FileError(f"{place} has {table.shape[1]} columns: column must be 0 to {table.shape[1] - 1} (got {column}).")
    values = np.ascontiguousarray(table[:, column])
    if sample_rate > 0:
        return Recording(values, 1000.0 / sample_rate)
    times = np.ascontiguousarray(table[:, 0]) * (1000.0 if time_unit == "s" else 1.0)
    if not np.isfinite(times).all():
        raise FileError(f"{place}, row {int(np.argmin(np.isfinite(times))) + 1} of the numbers: the time is not a finite number.")
    if len(times) > 1 and not (np.diff(times) > 0).all():
        row = int(np.argmin(np.diff(times) > 0)) + 2
        raise FileError(f"{place}, row {row} of the numbers: times in the first column must increase (or set sample_rate).")
    return Recording(values, start=float(times[0]) if len(times) else 0.0, times=times)


def memory(seed_words: np.ndarray) -> dict[str, np.ndarray]:
    """State of a stimulus: phase (cycles) of the oscillation, shared noise (in standard deviations), its generator, injected pulse."""
    return {"phase": np.zeros(1), "shared_noise": np.zeros(1), "noise_rng": seed_words, "pulse": np.zeros(2)}


@kernel
def _covered(a, b, lo, hi):
    """Fraction of the step a..b that lies in lo..hi."""
    if a >= lo and b <= hi:  # exactly 1, as where whole blocks are filled at once
        return 1.0
    left, right = max(a, lo), min(b, hi)
    return max(0.0, right - left) / (b - a)


@kernel
def _triangle(t, onset, rise, fall):
    """Ramp from 0 at `onset` to 1 after `rise`, held there, or back to 0 after `fall` more where fall > 0."""
    u = t - onset
    if u <= 0.0:
        return 0.0
    if u < rise:
        return u / rise
    if fall <= 0.0:
        return 1.0
    return max(0.0, 1.0 - (u - rise) / fall)


@kernel
def interpolate(t, times, values, start, interval, repeat):
    """Linear interpolation of a recording at time t: 0 before it, its last value (or the recording again) after it."""
    last = len(values) - 1
    length = times[last] - times[0] if len(times) > 0 else last * interval
    u = t - start
    if u < 0.0:
        return 0.0
    if u >= length:
        if repeat == 0:
            return values[last]
        u -= math.floor(u / length) * length
    if len(times) == 0:
        x = u / interval
        i = min(int(x), last - 1)
        return values[i] + (x - i) * (values[i + 1] - values[i])
    # Bisection by hand: compiling np.searchsorted takes a second.
    i, above = 0, last
    while above - i > 1:
        middle = (i + above) // 2
        if times[middle] <= u + start:
            i = middle
        else:
            above = middle
    return values[i] + (u + start - times[i]) / (times[i + 1] - times[i]) * (values[i + 1] - values[i])


@kernel
def _with_pulse(value, offset, pulse, dt):
    """The waveform's value with the constant offset and the pulse that a person injected, which is used up."""
    value += offset
    if pulse[1] > 0.0:
        value += pulse[0] * min(pulse[1], dt) / dt
        pulse[1] = max(0.0, pulse[1] - dt)
    return value


@kernel
def _formula(kind, p, step, dt, phase, pulse, out):
    """Steps, pulses, ramps and oscillations."""
    amplitude, offset, onset, width, period = p[0], p[1], p[2], p[3], p[4]
    for k in range(len(out)):
        a = (step + k) * dt
        b = (step + k + 1) * dt
        t = 0.5 * (a + b)
        value = 0.0
        if kind == 0:
            value = amplitude * _covered(a, b, onset, onset + width if width > 0.0 else np.inf)
        elif kind == 1:
            if b > onset:
                first = onset + math.floor((a - onset) / period) * period
                cover = _covered(a, b, max(first, onset), max(first, onset) + width) if first >= onset else 0.0
                cover += _covered(a, b, first + period, first + period + width)
                value = amplitude * min(cover, 1.0)
        elif kind == 2:
            value = amplitude * _triangle(t, onset, p[5], p[6])
        elif t > onset:
            f = p[7]
            if kind == 4:
                into = (t - onset) - math.floor((t - onset) / p[9]) * p[9]
                f += (p[8] - p[7]) * into / p[9]
            cycles = 0.001 * f * dt
            value = amplitude * math.sin(2.0 * math.pi * (phase[0] + 0.5 * cycles))
            phase[0] += cycles
            phase[0] -= math.floor(phase[0])
        out[k] = _with_pulse(value, offset, pulse, dt)


@kernel
def _noisy(p, step, dt, noise, rng, pulse, out):
    """Noise common to all cells, around its mean."""
    for k in range(len(out)):
        t = 0.5 * ((step + k) * dt + (step + k + 1) * dt)
        value = 0.0
        if p[10] >= 0.0:
            noise[0] = noise[0] * p[10] + math.sqrt(1.0 - p[10] * p[10]) * normal(rng)
            value = p[11] * noise[0]
        if t > p[2]:
            value += p[0]
        out[k] = _with_pulse(value, p[1], pulse, dt)


@kernel
def _recorded(p, times, values, start, interval, step, dt, pulse, out):
    """A drawn curve or a recording."""
    for k in range(len(out)):
        t = 0.5 * ((step + k) * dt + (step + k + 1) * dt)
        value = p[12] * interpolate(t - p[2], times, values, start, interval, p[13])
        out[k] = _with_pulse(value, p[1], pulse, dt)


def waveform(kind, p, times, values, start, interval, step, dt, phase, noise, rng, pulse, out) -> None:
    """Fill `out` with the stimulus of steps step, step + 1, ..., advancing phase, noise, generator and pulse.

    kind indexes KINDS; p = (amplitude, offset, onset, width, period, rise, fall, frequency, last frequency, sweep, decay of
    the noise per step, its standard deviation, scale, repeat). Each family is a kernel of its own, so that a step does not
    wait for the compilation of noise and recordings; a step that does not change within `out` needs none at all.
    """
    if kind == 0 and pulse[1] <= 0.0:
        end = p[2] + p[3] if p[3] > 0.0 else math.inf
        first, last = step * dt, (step + len(out)) * dt
        if last <= p[2] or first >= end or (first >= p[2] and last <= end):
            out[:] = (p[0] if first >= p[2] and last <= end else 0.0) + p[1]
            return
    if kind <= KINDS.index("chirp"):
        _formula(kind, p, step, dt, phase, pulse, out)
    elif kind == KINDS.index("noise"):
        _noisy(p, step, dt, noise, rng, pulse, out)
    else:
        _recorded(p, times, values, start, interval, step, dt, pulse, out)
