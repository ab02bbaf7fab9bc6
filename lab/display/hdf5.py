"""A recorded run as one plain HDF5 file: what was recorded as arrays, what was asked and found as attributes.

/             attributes: model, title, seed, steps, dt, time_unit, created
/experiment   the experiment as TOML
/parameters   an attribute for each parameter as the run began with it; what is too long for one is an array of that name
/summary      an attribute for each figure
/streams/X    time and values, of events index too; attributes: name, kind, form, unit, description, channels.
              Snapshots that are not of one shape are arrays values/0, values/1 ..., tables and graphs are JSON
/log          what was changed and done on the way: step, time, kind (change or act), name, values (JSON)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import hdf5
from lab.display.export import Run
from lab.engine.experiment import to_toml
from lab.errors import FileError
from lab.model import Happened, Stream

MOST_IN_ATTRIBUTE = 60_000  # bytes: HDF5 holds 64 KiB in one
SMALL = 100  # values that are not worth being compressed


def export(run: Run, path: Path, created: str, steps: int, log: Sequence[Happened]) -> Path:
    """Write a run of so many steps, made at the moment `created` (ISO 8601), with what happened on its way; an existing file is kept."""
    text = hdf5.library("HDF5").string_dtype("utf-8")
    if path.exists():
        raise FileError(f"{path} is there already: choose another name.")
    with hdf5.new(path, "HDF5") as file:
        _File(run, file, text).write(created, steps, log)
    return path


class _File:
    """An HDF5 file while it is written."""

    def __init__(self, run: Run, file: Any, text: Any):
        self.run, self.file, self.text = run, file, text

    def write(self, created: str, steps: int, log: Sequence[Happened]) -> None:
        """Everything."""
        run, model, clock = self.run, self.run.model, self.run.model.clock
        self.file.attrs.update(
            model=model.name, title=run.experiment.title or model.title, seed=run.experiment.seed, steps=steps, dt=clock.dt,
            time_unit=clock.unit, created=created,
        )  # fmt: skip
        self.array(self.file, "experiment", to_toml(run.experiment))
        changed = any(happened.kind == "change" for happened in log)
        first = type(model)(**run.experiment.parameters) if changed else model
        self.attributes(self.file.create_group("parameters"), first.values())
        self.attributes(self.file.create_group("summary"), run.summary)
        self.file.create_group("streams")
        for name in run.streams:
            self.stream(model.stream(name))
        group = self.file.create_group("log")
        self.array(group, "step", np.array([h.step for h in log], np.int64))
        self.array(group, "time", np.array([h.step * clock.dt for h in log], float), unit=clock.unit)
        for key, words in (("kind", [h.kind for h in log]), ("name", [h.name for h in log]), ("values", [_json(h.values) for h in log])):
            self.array(group, key, words)

    def stream(self, stream: Stream) -> None:
        """A stream as a group of arrays."""
        found = self.run.recorded(stream.name)
        group = self.file.create_group(f"streams/{stream.name.replace('/', ' ')}")
        group.attrs.update(name=stream.name, kind=stream.kind, form=stream.form, unit=stream.unit, description=stream.doc)
        if stream.channels:
            group.attrs.create("channels", list(stream.channels), dtype=self.text)
        self.array(group, "time", found.time, unit=self.run.model.clock.unit)
        if found.index is not None:
            self.array(group, "index", found.index)
        values = found.values
        if not isinstance(values, np.ndarray):
            if not all(isinstance(v, np.ndarray) for v in values):
                values = [_json(v) for v in values]
            elif len({v.shape for v in values}) == 1:
                values = np.stack(values)
            else:
                apart = group.create_group("values")
                apart.attrs["unit"] = stream.unit
                for k, v in enumerate(values):
                    self.array(apart, str(k), v)
                return
        self.array(group, "values", values, unit=stream.unit)

    def attributes(self, group: Any, values: Any) -> None:
        """Numbers, words and rows of numbers as they are; everything else as JSON."""
        for name, value in values.items():
            numbers = np.asarray(value) if isinstance(value, (bool, int, float, np.generic)) or _row(value) else None
            if numbers is None or numbers.dtype.kind not in "biuf":  # a whole number beyond 64 bits, too
                value = value if isinstance(value, str) else _json(value)
                fits = len(value.encode("utf-8", "replace")) <= MOST_IN_ATTRIBUTE
            else:
                value, fits = numbers, numbers.nbytes <= MOST_IN_ATTRIBUTE
            key = name.replace("/", " ")
            if fits:
                group.attrs[key] = value
            else:
                self.array(group, key, value)

    def array(self, group: Any, name: str, data: Any, **attributes: str) -> None:
        """An array of numbers, a text, or a list of texts."""
        if isinstance(data, np.ndarray):
            made = group.create_dataset(name, data=data, compression="gzip" if data.size > SMALL else None)
        else:
            made = group.create_dataset(name, data=data, dtype=self.text)
        made.attrs.update(attributes)


def _row(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(type(v) in (int, float) for v in value)


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return dict(value) if isinstance(value, Mapping) else str(value)
