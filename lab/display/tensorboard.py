"""The curves of a run as an event file of TensorBoard.

The file is a TFRecord: length, checksum of the length, an event as a protocol-buffer message, checksum of the event, and so on. The
checksums are CRC-32C (Castagnoli), rotated and shifted so that data that hold checksums do not look like one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from lab.data import protobuf as pb
from lab.display.export import Run, new_folder
from lab.engine import kinds
from lab.errors import FileError, ModelError

CASTAGNOLI = 0x82F63B78  # the polynomial, lowest bit first
VERSION = "brain.Event:2"


def _table() -> tuple[int, ...]:
    out = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (CASTAGNOLI if value & 1 else 0)
        out.append(value)
    return tuple(out)


TABLE = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C of bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Bytes as one record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def curves(run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every number that a run recorded over time by a tag: `stream`, or `stream/channel`; (steps, values)."""
    out, dt = {}, run.model.clock.dt
    for name in run.streams:
        stream = run.model.stream(name)
        if stream.form == "snapshots" or stream.kind == "raster":
            continue
        found = run.recorded(name)
        steps = np.rint(found.time / dt).astype(np.int64)
        if stream.form == "samples":
            columns = kinds.of_channels(stream, found.values)
            for column, values in zip(_channels(stream.channels, len(columns)), columns.values(), strict=True):
                out[f"{name}/{column}" if column else name] = steps, values
            continue
        assert found.index is not None
        channels = _channels(stream.channels, int(found.index.max(initial=-1)) + 1)
        for k, column in enumerate(channels):
            own = found.index == k
            if own.any():
                out[f"{name}/{column}" if column else name] = steps[own], found.values[own]
    return out


def _channels(named: tuple[str, ...], count: int) -> list[str]:
    """Names of so many channels; one alone needs none."""
    return [named[k] if k < len(named) else "" if count == 1 else f"{k + 1}" for k in range(count)]


def events(run: Run, wall: float) -> Iterator[bytes]:
    """The records of a run's event file, in the order of their steps."""
    yield record(pb.double(1, wall) + pb.text(3, VERSION))
    found = curves(run)
    if not found:
        raise ModelError("This run recorded no number over time, which is all that TensorBoard would draw: record a trace.")
    tags = list(found)
    steps = np.concatenate([found[tag][0] for tag in tags])
    values = np.concatenate([found[tag][1] for tag in tags]).astype(float)
    owners = np.repeat(np.arange(len(tags)), [len(found[tag][0]) for tag in tags])
    order = np.argsort(steps, kind="stable")
    ends = np.flatnonzero(np.diff(steps[order])) + 1
    headings = [pb.text(1, tag) for tag in tags]
    for piece in np.split(order, ends):
        summary = b"".join(pb.text(1, headings[owners[k]] + pb.single(2, values[k])) for k in piece)
        yield record(pb.double(1, wall) + pb.whole(2, int(steps[piece[0]])) + pb.text(5, summary))


def export(run: Run, folder: Path, created: str) -> Path:
    """Write the curves of a run, made at the moment `created` (ISO 8601), as an event file in a new folder."""
    try:
        wall = datetime.fromisoformat(created).timestamp()
    except ValueError:  # a session of a stranger's may say anything
        wall = 0.0
    content = b"".join(events(run, wall))
    new_folder(folder)
    path = folder / f"events.out.tfevents.{int(wall):010d}.lab"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}): choose another place.") from None
    return path
