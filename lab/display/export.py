"""Data of a recorded stream as CSV or NPZ."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from lab.engine import kinds
from lab.errors import FileError, ModelError
from lab.model import Model, Recorded


class Run(Protocol):
    """A run that is exported; `lab.api.Run` is one."""

    model: Model

    def recorded(self, name: str) -> Recorded:
        """Time, values and index of a stream."""


def columns(run: Run, name: str) -> dict[str, np.ndarray]:
    """The stream as named columns of equal length, units in the names.

    Traces: time and one column per channel. Events: time, index, value. Per-block numbers: the last snapshot's rows.
    """
    stream, clock = run.model.stream(name), run.model.clock
    found = run.recorded(name)
    when = f"time ({clock.unit})"
    if stream.form == "samples":
        return {when: found.time, **kinds.of_channels(stream, found.values)}
    if stream.form == "events":
        assert found.index is not None
        out = {when: found.time, "index": found.index}
        unit = f" ({stream.unit})" if stream.unit else ""
        return out if stream.kind == "raster" else out | {f"{name}{unit}": found.values}
    if not len(found.values):
        raise ModelError(f"{name} was not recorded in this run.")
    return kinds.of(run.model._owner(), stream).columns(stream, found.values[-1])


def export_stream(run: Run, name: str, to: str, path: Path | None, out: TextIO) -> None:
    """Write a stream of a run as `csv` (to `path` or the open text file `out`) or `npz` (to `path`)."""
    if to not in ("csv", "npz"):
        raise ModelError(f"--to {to}: a stream is exported as csv or npz.")
    if to == "npz":
        assert path is not None
        found = run.recorded(name)
        arrays: dict[str, Any] = {"time": found.time}
        if found.index is not None:
            arrays["index"] = found.index
        if isinstance(found.values, np.ndarray):
            arrays["values"] = found.values
        elif found.values and all(isinstance(v, np.ndarray) and v.shape == found.values[0].shape for v in found.values):
            arrays["values"] = np.stack(found.values)
        elif found.values and isinstance(found.values[-1], np.ndarray):
            arrays |= {f"values_{k}": v for k, v in enumerate(found.values)}
        else:
            raise ModelError(f"{name} is not made of numbers only: export it as csv.")
        arrays["unit"] = np.array(run.model.stream(name).unit)
        try:
            with path.open("wb") as file:
                np.savez_compressed(file, **arrays)
        except OSError as error:
            raise FileError(f"{path} cannot be written: {error.strerror}.") from None
        return
    table = columns(run, name)
    if path is None:
        _write_csv(table, out)
        return
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            _write_csv(table, file)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}.") from None


def _write_csv(table: dict[str, np.ndarray], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table)
    # tolist() gives Python floats, whose shortest repr reads back to the same bits.
    writer.writerows(zip(*(column.tolist() for column in table.values())))
