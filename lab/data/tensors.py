"""safetensors files: a JSON header that says name, type, shape and place of each tensor, then the numbers.

The header is bounded and every entry checked against the length of the file before a number is used. `Tensors` maps the file into memory, so that
a file of half a gigabyte is open at once and only the pages that are read take memory.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import door
from lab.errors import FileError

HEADER_LIMIT = 100_000_000  # bytes, the format's own limit
MOST_TENSORS = 100_000
MOST_BYTES = 64 << 30  # of a file that is mapped
# Names of the format against NumPy's little-endian types; NumPy has no BF16, the upper half of a float32.
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1", "BOOL": "|b1"}  # fmt: skip
WEIGHTS = ("F32", "F16", "BF16")


@dataclass(frozen=True)
class Entry:
    """What the header says of one tensor; its bytes lie from start to stop behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    stop: int


def entries(header: bytes, room: int, refuse: Callable[[str], FileError], kinds: Mapping[str, str] = KINDS) -> dict[str, Entry]:
    """Entries of a JSON header whose tensors lie in `room` bytes behind it; `refuse(why)` makes the error."""
    try:
        table = json.loads(bytes(header).decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise refuse("its header is not JSON") from None
    if not isinstance(table, dict):
        raise refuse("its header is not a table")
    if len(table) > MOST_TENSORS:
        raise refuse(f"its header names {len(table)} tensors, more than {MOST_TENSORS}")
    found = {}
    for name, entry in table.items():
        if name == "__metadata__":
            continue
        short = name if len(name) <= 80 else name[:77] + "..."
        try:
            kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        except (TypeError, KeyError, ValueError):
            raise refuse(f"the entry '{short}' lacks its type, shape or place") from None
        if not isinstance(kind, str) or kind not in kinds:
            raise refuse(f"'{short}' has the type {str(kind)[:20]}, which holds no weights here")
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in [*shape, start, stop]):
            raise refuse(f"'{short}' has a shape or place that is not made of whole numbers")
        size = math.prod(shape) * np.dtype(kinds[kind]).itemsize
        if not start <= stop <= room or stop - start != size:
            raise refuse(f"'{short}' of shape {shape} does not fit its {stop - start} bytes from {start} of {room}")
        found[name] = Entry(kind, tuple(shape), start, stop)
    covered = sorted((e.start, e.stop) for e in found.values() if e.stop > e.start)
    if any(before[1] > after[0] for before, after in pairwise(covered)):
        raise refuse("two of its arrays overlap")
    return found


def header_length(start: bytes, total: int, refuse: Callable[[str], FileError]) -> int:
    """Bytes of the header, from the first eight bytes of a file of `total` bytes."""
    if len(start) < 8:
        raise refuse("it is shorter than its header's length")
    (length,) = struct.unpack("<Q", start[:8])
    if length > min(HEADER_LIMIT, total - 8):
        raise refuse(f"its header is said to have {length} bytes")
    return length


class Tensors(Mapping[str, Entry]):
    """A safetensors file mapped into memory: entries by name, numbers by `weights(name)`. The map lives as long as an array of it."""

    def __init__(self, path: str | Path, what: str = "a file of weights (.safetensors)"):
        place = door.place_of(path, what)
        self.place = place
        with door.open_binary(place, limit=MOST_BYTES, what=what) as file:
            total = file.seek(0, 2)
            file.seek(0)
            length = header_length(file.read(8), total, self.refuse)
            self._entries = entries(file.read(length), total - 8 - length, self.refuse)
            self._first = 8 + length
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def refuse(self, why: str) -> FileError:
        """The error for this file."""
        return FileError(f"'{self.place.name}' is not a sound safetensors file: {why}; export or fetch it again.")

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def weights(self, name: str) -> np.ndarray:
        """A tensor in single precision: F32 as it lies in the file, F16 and BF16 converted."""
        entry = self._entries[name]
        if entry.kind not in WEIGHTS:
            raise self.refuse(f"'{name}' has the type {entry.kind}; weights are {', '.join(WEIGHTS)} here")
        raw = np.frombuffer(self._map, KINDS[entry.kind], math.prod(entry.shape), self._first + entry.start).reshape(entry.shape)
        if entry.kind == "F32":
            return raw if raw.flags.aligned else raw.copy()
        return raw.astype(np.float32) if entry.kind == "F16" else (raw.astype(np.uint32) << 16).view(np.float32)


def write(path: str | Path, arrays: Mapping[str, np.ndarray], kinds: Mapping[str, Any] | None = None, note: Mapping[str, str] | None = None) -> None:  # fmt: skip
    """Write arrays under their names: length of the header (u64), header, little-endian numbers; `kinds` names types other than the arrays' own."""
    header: dict[str, Any] = {"__metadata__": dict(note)} if note else {}
    blobs, place = [], 0
    for name, array in arrays.items():
        kind = (kinds or {}).get(name) or next(key for key, code in KINDS.items() if key != "BF16" and np.dtype(code) == array.dtype)
        if kind == "BF16":  # rounded to the nearest, ties to even
            bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
            blob = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
        else:
            blob = np.ascontiguousarray(array).astype(KINDS[kind], copy=False).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + len(blob)]}
        place += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(blobs)
