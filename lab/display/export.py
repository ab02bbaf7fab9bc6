"""Data of a recorded stream, or of all of a run, as CSV or NPZ."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from lab.engine import kinds
from lab.engine.experiment import Experiment, to_toml
from lab.errors import FileError, ModelError
from lab.model import Model, Recorded

FORMATS = ("csv", "npz")  # of a stream, or of a folder with all of them
WHOLE_RUN = ("hdf5", "nwb", "nir", "tensorboard")  # formats that hold a run, not a stream
ENDINGS = {".h5": "hdf5", ".hdf5": "hdf5", ".nwb": "nwb", ".nir": "nir"}  # of their files; the events of TensorBoard are a folder


class Run(Protocol):
    """A run that is exported; `lab.api.Run` is one."""

    model: Model
    experiment: Experiment

    @property
    def summary(self) -> Mapping[str, Any]:
        """Its figures."""

    @property
    def streams(self) -> Sequence[str]:
        """What was recorded."""

    def recorded(self, name: str, start: float | None = None, stop: float | None = None) -> Recorded:
        """Time, values and index of a stream, or of a part of it."""


Part = tuple[float | None, float | None]  # from when on, and until when, in the clock's unit
WHOLE: Part = (None, None)


def columns(run: Run, name: str, part: Part = WHOLE) -> dict[str, np.ndarray]:
    """The stream, or a part of it, as named columns of equal length, units in the names.

    Traces: time and one column per channel. Events: time, index, value. Per-block numbers: the last snapshot's rows.
    """
    stream, clock = run.model.stream(name), run.model.clock
    found = run.recorded(name, *part)
    when = f"time ({clock.unit})"
    if stream.form == "samples":
        return {when: found.time, **kinds.of_channels(stream, found.values)}
    if stream.form == "events":
        assert found.index is not None
        out = {when: found.time, "index": found.index}
        if stream.channels:  # train and test by their names, not by 0 and 1
            names = np.array([*stream.channels, ""])
            out["channel"] = names[np.where((found.index >= 0) & (found.index < len(stream.channels)), found.index, len(stream.channels))]
        unit = f" ({stream.unit})" if stream.unit else ""
        return out if stream.kind == "raster" else out | {f"{name}{unit}": found.values}
    if not len(found.values):
        raise ModelError(f"{name} was not recorded in this {'run' if part == WHOLE else 'part of the run'}.")
    return kinds.of(run.model._owner(), stream).columns(stream, found.values[-1])


def format_of(path: Path | None, to: str = "") -> str:
    """The format in which a stream is written to a file of this name: its ending decides, or is refused."""
    ending = path.suffix.lower().lstrip(".") if path is not None else ""
    if to and to not in FORMATS:
        raise ModelError(f"--to {to}: a stream is exported as csv or npz.")
    if path is not None and ending and ending not in FORMATS:
        raise FileError(f"{path.name}: a stream is written to files that end in .csv or .npz (got '{path.suffix}').")
    if to and ending and to != ending:
        raise FileError(f"{path}: a {to} file ends in .{to}: choose another name or format.")
    return to or ending or "csv"


def format_of_run(path: Path, to: str = "") -> str:
    """The format in which a whole run is written at this place: the ending decides, without one it is a folder of CSV files; or it is refused."""
    ending = path.suffix.lower()
    if to not in ("", *FORMATS, *WHOLE_RUN):
        raise ModelError(f"to={to!r}: a run is exported as {', '.join((*WHOLE_RUN, *FORMATS))}.")
    endings = [e for e, format_ in ENDINGS.items() if format_ == to]
    if endings and ending not in endings:
        raise FileError(f"{path}: the name of an {to.upper()} file ends in {' or '.join(endings)}.")
    if ending in ENDINGS and to not in ("", ENDINGS[ending]):
        raise FileError(f"{path}: the ending says {ENDINGS[ending]} and not {to}: choose another name or format.")
    if not to and ending and ending not in ENDINGS:
        raise FileError(
            f"{path.name}: a run is written to files that end in {', '.join(ENDINGS)}, or into a new folder of CSV files (got '{ending}')."
        )
    return to or ENDINGS.get(ending, "csv")


def export_all(run: Run, folder: Path, to: str = "csv") -> list[Path]:
    """Write everything that was recorded into a new folder: a file for each stream, with names and units in it.

    summary.csv holds the figures, experiment.toml what was run, contents.csv what each file is.
    """
    to = format_of(None, to)
    new_folder(folder)
    written, contents = [], []
    for name in run.streams:
        stream = run.model.stream(name)
        path = folder / f"{_file_name(name)}.{to}"
        try:
            export_stream(run, name, to, path, io.StringIO())
        except ModelError:  # what has no numbers in it, as a table of words, or nothing recorded yet
            path = path.with_suffix(".csv")
            try:
                export_stream(run, name, "csv", path, io.StringIO())
            except ModelError as error:
                contents.append(("", name, stream.unit, str(error)))
                continue
        written.append(path)
        contents.append((path.name, name, stream.unit, stream.doc))
    tables: dict[str, list[tuple[Any, ...]]] = {
        "summary.csv": [("figure", "value"), *run.summary.items()],
        "contents.csv": [("file", "stream", "unit", "what it is"), *contents],
    }
    try:
        for file_name, rows in tables.items():
            with (folder / file_name).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
            written.append(folder / file_name)
        (folder / "experiment.toml").write_text(to_toml(run.experiment), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{folder} cannot be written ({error.strerror}): choose another place.") from None
    return [*written, folder / "experiment.toml"]


def new_folder(folder: Path) -> None:
    """Make a folder to write into; one that holds something already is refused."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileError(f"{folder} is there already and not empty: name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder} cannot be made ({error.strerror}): choose another place.") from None


def _file_name(stream: str) -> str:
    return re.sub(r"[^\w.-]+", "-", stream).strip("-.") or "stream"


def export_stream(run: Run, name: str, to: str, path: Path | None, out: TextIO, part: Part = WHOLE) -> None:
    """Write a stream of a run, or a part of it, as `csv` (to `path` or the open text file `out`) or `npz` (to `path`)."""
    if to not in FORMATS:
        raise ModelError(f"--to {to}: a stream is exported as csv or npz.")
    if to == "npz":
        assert path is not None
        found = run.recorded(name, *part)
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
        if run.model.stream(name).channels:
            arrays["channels"] = np.array(run.model.stream(name).channels)
        try:
            with path.open("wb") as file:
                np.savez_compressed(file, **arrays)
        except OSError as error:
            raise FileError(f"{path} cannot be written: {error.strerror}.") from None
        return
    table = columns(run, name, part)
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
