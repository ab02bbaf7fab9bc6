"""Recorded waveforms that drive a cell: tables of numbers, arrays and sounds, with the time of each sample."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from lab.data import arrays, door, sounds, tables
from lab.data.columns import Column
from lab.data.words import found_as
from lab.errors import FileError
from lab.units import number as printed

_TIME = re.compile(r"^(t|time|zeit|temps|tiempo|sec|seconds?|ms)(?![^\W_])", re.I)
MAX_SAMPLES = 20_000_000
MAX_BYTES = 400 << 20
TIME_UNITS = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "msec": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "min": 6e4}
UNITS = ("automatic", "ms", "s", "us")


@dataclass(frozen=True)
class Recording:
    """A sampled waveform: values[i] at start + i interval (ms), or at times[i] where samples are not evenly spaced.

    Two samples at the same time are a jump. `said` is one paragraph about where it comes from.
    """

    values: np.ndarray
    interval: float = 1.0
    start: float = 0.0
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    said: str = ""

    @property
    def length(self) -> float:
        """Time from the first to the last sample (ms)."""
        return float(self.times[-1] - self.times[0]) if len(self.times) else (len(self.values) - 1) * self.interval

    @cached_property
    def ends(self) -> float:
        """Time (ms) from which it is zero for good; infinite where its last value stays on."""
        if self.values[-1] != 0.0:
            return math.inf
        last = min(int(np.flatnonzero(self.values)[-1]) + 1, len(self.values) - 1) if self.values.any() else 0
        return float(self.times[last]) if len(self.times) else self.start + last * self.interval


def read(path: str | Path, sample_rate: float = 0.0, column: int = 1, time_unit: str = "automatic") -> Recording:
    """Read a recorded waveform from a table as text, an array (.npy, .npz) or a sound (WAV, FLAC, Ogg, AIFF).

    sample_rate  samples per second of a file that does not say; 0: the first column of a table is time, and a sound's own
                 rate counts
    column       which column holds the values, counted from 0 (a sound: which channel, counted from 1)
    time_unit    ms, s or us; automatic: as the heading of the time says, else ms

    Samples of a sound come as -1..1. Raises FileError naming file, row and column.
    """
    if not str(path).strip():
        raise FileError("The stimulus 'file' needs a file: give the path of a table, an array (.npy) or a sound.")
    place = door.regular(path, limit=MAX_BYTES, what="a table, an array (.npy) or a sound")
    start = door.read_start(place, 12)
    if sounds.is_sound(start) or place.suffix.lower() in (".wav", ".wave"):
        found = _sound(place, sample_rate, column)
    elif start.startswith(arrays.MAGIC) or place.suffix.lower() == ".npy":
        found = _array(place, arrays.read_npy(place), sample_rate, column, time_unit)
    elif place.suffix.lower() == ".npz":
        found = _named_arrays(place, sample_rate, column, time_unit)
    else:
        found = _table(place, sample_rate, column, time_unit)
    if len(found.values) < 2:
        raise FileError(f"The recording {place} holds {len(found.values)} samples: at least two are needed.")
    if len(found.values) > MAX_SAMPLES:
        raise FileError(f"The recording {place} holds more than {printed(MAX_SAMPLES)} samples: cut it or sample it more coarsely.")
    if not np.isfinite(found.values).all():
        bad = int(np.argmin(np.isfinite(found.values)))
        raise FileError(f"The recording {place} has a value that is not a finite number at sample {bad + 1}: repair it.")
    return found


def _interval(place: Path, sample_rate: float) -> float:
    if sample_rate <= 0:
        raise FileError(f"The recording {place} does not say how fast it was sampled: say its samples per second (sample_rate).")
    return 1000.0 / sample_rate


def _sound(place: Path, sample_rate: float, column: int) -> Recording:
    sound = sounds.read(place)
    channels = sound.samples.shape[1]
    if not 1 <= column <= channels:
        raise FileError(f"The sound file {place} has {channels} channel(s): column must be 1 to {channels} (got {column}).")
    rate = sample_rate or sound.rate
    values = np.ascontiguousarray(sound.samples[:, column - 1])
    said = f"{place.name}: {printed(len(values))} samples at {rate:g} Hz ({printed(len(values) / rate)} s; {sound.form})"
    said += f", channel {column} of {channels}" if channels > 1 else ""
    if len(values):
        said += f", from {printed(values.min())} to {printed(values.max())} of full scale"
    return Recording(values, 1000.0 / rate, said=said + ("; the file ends before the sound does." if sound.cut else "."))


def _named_arrays(place: Path, sample_rate: float, column: int, time_unit: str) -> Recording:
    """The arrays of a .npz file: one as a .npy file has it, or several of one length as columns, time first where one is called so."""
    found = arrays.read_npz(place, texts=False)
    if len(found) == 1:
        return _array(place, next(iter(found.values())), sample_rate, column, time_unit)
    if not columns_of(found):
        raise FileError(f"{place} holds arrays of several shapes: a recording is one array, or columns of one length.")
    if not any(map(is_time, found)):
        _interval(place, sample_rate)
    names = sorted(found, key=lambda n: not is_time(n))  # a stable order: the others stay as they are
    columns = [np.asarray(found[n], float) for n in names]
    return _columns(place, columns, names, [""] * len(names), sample_rate, column, time_unit, None)


def columns_of(found: Mapping[str, np.ndarray]) -> bool:
    """Whether arrays are the columns of one table: of one dimension and one length, more than one value each."""
    return (
        bool(found)
        and all(a.ndim == 1 and a.dtype.kind in arrays.KINDS for a in found.values())
        and len({a.shape for a in found.values()}) == 1
        and len(next(iter(found.values()))) > 1
    )


def is_time(name: str) -> bool:
    """Whether a heading says that its column is time."""
    return _TIME.match(name.strip()) is not None


def _array(place: Path, table: np.ndarray, sample_rate: float, column: int, time_unit: str) -> Recording:
    if table.ndim not in (1, 2):
        raise FileError(f"The array in {place} must hold real numbers in one or two dimensions.")
    with np.errstate(invalid="ignore"):
        table = np.asarray(table, float)
    if table.ndim == 2 and table.shape[1] == 1:
        table = table[:, 0]
    if table.ndim == 2 and table.shape[0] < table.shape[1] and table.shape[0] <= 3:
        table = np.ascontiguousarray(table.T)  # as np.save([times, values]) writes it
    names = [f"column {k + 1}" for k in range(table.shape[1])] if table.ndim == 2 else ["values"]
    columns = [table[:, k] for k in range(table.shape[1])] if table.ndim == 2 else [table]
    return _columns(place, columns, names, [""] * len(names), sample_rate, column, time_unit, None)


def _table(place: Path, sample_rate: float, column: int, time_unit: str) -> Recording:
    table = tables.read(place, kinds={"": "number"})
    if table.uneven:
        raise FileError(
            f"{place}, row {table.uneven[0]} has another number of values than the {table.layout.width} of the others: mend the row."
        )
    used = list(table.columns)
    for k, each in enumerate(used):
        if each.slipped and (k == column or (k == 0 and sample_rate <= 0)):
            row, text = each.slips[0]
            raise FileError(f"{place}, row {table.records[row]}, column {k + 1}: '{text[:30]}' is not a number.")
    while len(used) > 1 and used[-1].missing.all() and not used[-1].slipped:
        used.pop()  # rows that end in a separator
    return _columns(
        place, [_numbers(c) for c in used], [c.name for c in used], [c.unit for c in used], sample_rate, column, time_unit, table
    )


def _numbers(column: Column) -> np.ndarray:
    return column.numbers if column.numbers is not None else np.full(len(column.missing), np.nan)


def _columns(
    place: Path,
    columns: list[np.ndarray],
    names: list[str],
    units: list[str],
    sample_rate: float,
    column: int,
    time_unit: str,
    table: tables.Table | None,
) -> Recording:
    """Values and times of columns: one, or several with time in the first when no rate is given."""
    form = f" ({found_as(table)})" if table is not None else ""
    if len(columns) == 1:
        interval = _interval(place, sample_rate)
        return Recording(
            np.ascontiguousarray(columns[0]),
            interval,
            said=_said(place, columns[0], names[0], units[0], f"one each {printed(interval, 6)} ms", form),
        )
    if not 0 <= column < len(columns):
        raise FileError(f"{place} has {len(columns)} columns: column must be 0 to {len(columns) - 1} (got {column}).")
    values = np.ascontiguousarray(columns[column])
    if sample_rate > 0:
        return Recording(
            values,
            1000.0 / sample_rate,
            said=_said(place, values, names[column], units[column], f"one each {printed(1000.0 / sample_rate, 6)} ms", form),
        )
    unit = time_unit if time_unit != "automatic" else units[0].strip().lower() if units[0].strip().lower() in TIME_UNITS else "ms"
    times = np.ascontiguousarray(columns[0]) * TIME_UNITS[unit]
    if not np.isfinite(times).all():
        raise FileError(f"{place}, row {int(np.argmin(np.isfinite(times))) + 1} of the numbers: the time is not a finite number.")
    if len(times) > 1 and not (np.diff(times) >= 0).all():
        row = int(np.argmin(np.diff(times) >= 0)) + 2
        raise FileError(f"{place}, row {row} of the numbers: times in the first column must increase (or set sample_rate).")
    if len(times) > 1 and times[0] == times[-1]:
        raise FileError(f"{place}: all times in the first column are the same; they must increase (or set sample_rate).")
    jumps = int((np.diff(times) == 0).sum())
    span = f"from {printed(times[0], 6)} to {printed(times[-1], 6)} ms by '{names[0]}' in {unit}" if len(times) else ""
    span += f" with {printed(jumps)} jump{'s' if jumps > 1 else ''} at equal times" if jumps else ""
    return Recording(
        values,
        start=float(times[0]) if len(times) else 0.0,
        times=times,
        said=_said(place, values, names[column], units[column], span, form),
    )


def _said(place: Path, values: np.ndarray, name: str, unit: str, when: str, form: str) -> str:
    with np.errstate(invalid="ignore"):
        reach = (
            f"from {printed(np.nanmin(values), 6)} to {printed(np.nanmax(values), 6)}{' ' + unit if unit else ''}"
            if len(values) and not np.isnan(values).all()
            else ""
        )
    return f"{place.name}: {printed(len(values))} samples of '{name}' {reach}, {when}{form}."
