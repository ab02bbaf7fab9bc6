"""A recorded run as a file of Neurodata Without Borders (NWB 2): traces, spikes, and the intervals in which they were observed.

NWB is HDF5 with names that are agreed upon; h5py writes it, the extra `hdf5`. The subject says that nothing lived.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import hdf5
from lab.display.export import Run
from lab.engine.experiment import to_toml
from lab.errors import FileError, ModelError
from lab.model import Stream

VERSION = "2.7.0"
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
POTENTIAL = ("V", "mV")  # stream and unit of a membrane potential: what a current clamp records


def export(run: Run, path: Path, created: str, steps: int, cells: Callable[[str], int | None]) -> Path:
    """Write a run of so many steps, made at the moment `created` (ISO 8601), as an NWB file; `cells` says how many a raster has."""
    h5py = hdf5.library("NWB")
    clock = run.model.clock
    if clock.unit not in SECONDS:
        raise ModelError(f"An NWB file counts in seconds, and a run of '{run.model.name}' counts in {clock.unit}: export it as csv.")
    if path.exists():
        raise FileError(f"{path} is there already: choose another name.")
    with hdf5.new(path, "NWB") as file:
        _File(run, file, h5py, SECONDS[clock.unit], cells).write(created, steps * clock.dt)
    return path


class _File:
    """An NWB file while it is written."""

    def __init__(self, run: Run, file: Any, h5py: Any, seconds: float, cells: Callable[[str], int | None]):
        self.run, self.file, self.h5py, self.seconds, self.cells = run, file, h5py, seconds, cells
        self.text = h5py.string_dtype("utf-8")
        self.space = uuid.uuid4()  # of the identifiers of this file's objects

    def write(self, created: str, length: float) -> None:
        """Everything."""
        file, run = self.file, self.run
        self.typed(file, "NWBFile")
        file.attrs["nwb_version"] = VERSION
        moment = _moment(created)
        title = run.experiment.title or run.model.title
        for name, value in dict(
            identifier=str(self.space), session_description=f"A simulation: {title}.", session_start_time=moment, timestamps_reference_time=moment
        ).items():  # fmt: skip
            file.create_dataset(name, data=value, dtype=self.text)
        file.create_dataset("file_create_date", data=[_now()], dtype=self.text, maxshape=(None,))
        for group in ("acquisition", "analysis", "processing", "stimulus/presentation", "stimulus/templates", "general"):
            file.create_group(group)
        subject = self.typed(file.create_group("general/subject"), "Subject")
        said = "A simulated system of Neural Lab, no animal: " + run.model.title
        for name, value in (("subject_id", run.model.name), ("description", said), ("sex", "U")):
            subject.create_dataset(name, data=value, dtype=self.text)
        script = file.create_dataset("general/source_script", data=to_toml(run.experiment), dtype=self.text)
        script.attrs["file_name"] = "experiment.toml"
        streams = [run.model.stream(name) for name in run.streams]
        for stream in streams:
            if stream.form == "samples" and len(run.recorded(stream.name).time):
                self.trace(stream)
        rasters = [stream for stream in streams if stream.kind == "raster"]
        if rasters:
            self.units(rasters, length)

    def typed(self, group: Any, kind: str, namespace: str = "core") -> Any:
        """Say what a group or array is."""
        group.attrs["namespace"], group.attrs["neurodata_type"] = namespace, kind
        group.attrs["object_id"] = str(uuid.uuid5(self.space, group.name))
        return group

    def trace(self, stream: Stream) -> None:
        """A trace as a time series; a membrane potential as what a current clamp records."""
        found = self.run.recorded(stream.name)
        clamped = (stream.name, stream.unit) == POTENTIAL and not stream.shape
        group = self.typed(
            self.file.create_group(f"acquisition/{stream.name.replace('/', ' ')}"), "CurrentClampSeries" if clamped else "TimeSeries"
        )
        group.attrs["description"] = stream.doc or stream.name
        group.attrs["comments"] = "Channels: " + ", ".join(stream.channels) if stream.channels else "no comments"
        data = group.create_dataset("data", data=np.asarray(found.values))
        data.attrs["unit"] = "volts" if clamped else stream.unit or "n/a"
        data.attrs["conversion"], data.attrs["offset"] = np.float32(1e-3 if clamped else 1.0), np.float32(0)
        data.attrs["resolution"] = np.float32(-1.0)
        times = np.asarray(found.time, float) * self.seconds
        gaps = np.diff(times)
        if len(gaps) and np.allclose(gaps, gaps[0], rtol=1e-6, atol=0):
            start = group.create_dataset("starting_time", data=times[0])
            start.attrs["rate"], start.attrs["unit"] = np.float32(1.0 / gaps[0]), "seconds"
        else:  # the interval of recording was changed on the way
            stamps = group.create_dataset("timestamps", data=times)
            stamps.attrs["interval"], stamps.attrs["unit"] = np.int32(1), "seconds"
        if clamped:
            group.attrs["stimulus_description"] = "the current of the experiment"
            group["electrode"] = self.h5py.SoftLink(self.electrode())

    def electrode(self) -> str:
        """Where the one electrode is described: an ideal one, of a device that is this program."""
        place = "/general/intracellular_ephys/electrode"
        if place not in self.file:
            device = self.typed(self.file.create_group("general/devices/simulator"), "Device")
            device.attrs["description"] = "Neural Lab"
            electrode = self.typed(self.file.create_group(place), "IntracellularElectrode")
            electrode.create_dataset("description", data="An ideal electrode in a simulated cell.", dtype=self.text)
            electrode["device"] = self.h5py.SoftLink("/general/devices/simulator")
        return place

    def units(self, rasters: Sequence[Stream], length: float) -> None:
        """Spike times of every cell of every raster, silent ones too, each observed for the whole run."""
        trains, cells, owners = [], [], []
        for stream in rasters:
            found = self.run.recorded(stream.name)
            index = np.zeros(len(found.time), int) if found.index is None else found.index
            for cell in range(max(int(index.max(initial=-1)) + 1, self.cells(stream.name) or 0)):
                trains.append(np.sort(found.time[index == cell]) * self.seconds)
                cells.append(cell)
                owners.append(stream.name)
        table = self.typed(self.file.create_group("units"), "Units")
        table.attrs["description"] = "Cells of the simulation."
        table.attrs.create("colnames", ["spike_times", "obs_intervals", "cell", "stream"], dtype=self.text)
        self.typed(table.create_dataset("id", data=np.arange(len(trains))), "ElementIdentifiers", "hdmf-common")
        spikes = np.concatenate([*trains, np.empty(0)])
        self.column(table, "spike_times", spikes, "Times of spikes, in seconds.", np.cumsum([len(t) for t in trains]))
        observed = np.tile([0.0, length * self.seconds], (len(trains), 1))
        self.column(table, "obs_intervals", observed, "When the cell was observed, in seconds.", np.arange(1, len(trains) + 1))
        self.column(table, "cell", np.array(cells, int), "Number of the cell in its stream.")
        self.column(table, "stream", owners, "Name of the stream of spikes.")

    def column(self, table: Any, name: str, data: Any, description: str, ends: np.ndarray | None = None) -> None:
        """A column; `ends` says where the values of each row end."""
        values = table.create_dataset(name, data=data, dtype=self.text if isinstance(data, list) else None)
        self.typed(values, "VectorData", "hdmf-common").attrs["description"] = description
        if ends is None:
            return
        index = self.typed(table.create_dataset(f"{name}_index", data=np.asarray(ends, np.uint64)), "VectorIndex", "hdmf-common")
        index.attrs["description"] = f"Where the values of each row of {name} end."
        index.attrs["target"] = values.ref


def _moment(created: str) -> str:
    """A date with its zone; a session of a stranger's may say anything."""
    try:
        found = datetime.fromisoformat(created)
    except ValueError:
        found = datetime.fromtimestamp(0, UTC)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
