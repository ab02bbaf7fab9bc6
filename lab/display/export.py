"""Data of a recorded stream as CSV or NPZ."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from lab.display import tokens
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
    unit = f" ({stream.unit})" if stream.unit else ""
    when = f"time ({clock.unit})"
    if stream.form == "samples":
        flat = found.values.reshape(len(found.time), -1)
        names = _channel_names(stream.channels, name, flat.shape[1])
        return {when: found.time, **{f"{n}{unit}": flat[:, k] for k, n in enumerate(names)}}
    if stream.form == "events":
        assert found.index is not None
        out = {when: found.time, "index": found.index}
        return out if stream.kind == "raster" else out | {f"{name}{unit}": found.values}
    if not len(found.values):
        raise ModelError(f"{name} was not recorded in this run.")
    last = found.values[-1]
    if stream.kind == "matrices":
        cells = [
            (e["name"], i, j, v)
            for e in last
            if e.get("values") is not None
            for (i, j), v in np.ndenumerate(np.atleast_2d(np.asarray(e["values"], float)))
        ]
        return {k: np.array([cell[n] for cell in cells]) for n, k in enumerate(("matrix", "row", "column", "value"))}
    if stream.kind == "tokens":
        return tokens.columns(tokens.read(last, name, run.model._owner()), stream.channels)
    if isinstance(last, list):  # a table: rows of column -> value
        keys = list(dict.fromkeys(k for row in last for k in row))
        return {k: np.array([row.get(k, "") for row in last]) for k in keys}
    if isinstance(last, dict):
        raise ModelError(f"{name} is a graph: export it from the canvas as GraphML, JSON or an edge list.")
    array = np.asarray(last, float)
    if stream.kind == "curve":
        names = _channel_names(stream.channels, name, len(array) - 1)
        return {f"x ({stream.x_unit})" if stream.x_unit else "x": array[0], **{f"{n}{unit}": array[k + 1] for k, n in enumerate(names)}}
    table = array.reshape(array.shape[0], -1) if array.ndim != 1 else array[:, None]
    channels = stream.channels or (("x", "y", "dx", "dy", "class")[: table.shape[1]] if stream.kind == "arrows" else ())
    names = _channel_names(channels, name, table.shape[1])
    return {"row": np.arange(len(table)), **{f"{n}{unit}": table[:, k] for k, n in enumerate(names)}}


def _channel_names(channels: tuple[str, ...], name: str, count: int) -> list[str]:
    if len(channels) == count:
        return list(channels)
    return [name] if count == 1 else [f"{name}[{k}]" for k in range(count)]


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
