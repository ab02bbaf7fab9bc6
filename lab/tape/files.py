"""Weights in and out: safetensors and NPZ, by the names of the parameters."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from lab.data import door
from lab.errors import FileError
from lab.tape.program import Program

# Names of the safetensors format against NumPy's little-endian ones (those that hold weights).
_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1"}
_HEADER_LIMIT = 100_000_000  # the format's own limit


MAX_BYTES = 256 << 20  # of a file of weights, packed or unpacked


def save_weights(path: str | Path, program: Program, state: dict[str, np.ndarray]) -> None:
    """Write all parameters and running values; the ending (.safetensors or .npz) chooses the format."""
    path = Path(path)
    arrays = {name: np.ascontiguousarray(value) for name, value in (program.parameters(state) | program.statistics(state)).items()}
    write = {".safetensors": write_safetensors, ".npz": _write_npz}.get(path.suffix)
    if write is None:
        raise FileError(f"Weights are saved as .safetensors or .npz, not as '{path.name}'; change the ending.")
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary, arrays)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"The weights could not be written to '{path}': {error.strerror or error}; choose another place.") from None


def load_weights(path: str | Path, program: Program, state: dict[str, np.ndarray], *, partial: bool = False) -> None:
    """Set the parameters and running values of `state` from a file; names and shapes must be those of the program."""
    path = Path(path)
    if not path.is_file():
        raise FileError(f"There is no file {path} to load weights from.")
    if path.suffix not in (".npz", ".safetensors"):
        raise FileError(f"Weights are loaded from .safetensors or .npz files, not from '{path.name}'.")
    arrays = read_npz(path) if path.suffix == ".npz" else read_safetensors(path)
    wrong = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if wrong:
        raise FileError(f"'{path.name}' holds a value in '{wrong[0]}' that is not finite; train these weights again.")
    program.load(state, arrays, partial=partial)


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays in the safetensors format: length of the header (u64), JSON header, raw little-endian data."""
    header, blobs, place = {}, [], 0
    for name, array in arrays.items():
        kind = next(key for key, code in _KINDS.items() if np.dtype(code) == array.dtype)
        blob = array.astype(_KINDS[kind], copy=False).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + len(blob)]}
        place += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(blobs)


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a safetensors file; a damaged or hostile one is refused with a sentence."""
    path = Path(path)

    def refuse(why: str) -> FileError:
        return FileError(f"'{path.name}' is not a sound safetensors file: {why}; export it again.")

    content = door.read_bytes(path, limit=MAX_BYTES, what="a file of weights")
    if len(content) < 8:
        raise refuse("it is shorter than its header's length")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(_HEADER_LIMIT, len(content) - 8):
        raise refuse(f"its header is said to have {length} bytes")
    try:
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise refuse("its header is not JSON") from None
    if not isinstance(header, dict):
        raise refuse("its header is not a table")
    data, found, covered = memoryview(content)[8 + length :], {}, []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        except (TypeError, KeyError, ValueError):
            raise refuse(f"the entry '{name}' lacks its type, shape or place") from None
        if kind not in _KINDS:
            raise refuse(f"'{name}' has the type {kind}, which holds no weights here")
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in [*shape, start, stop]):
            raise refuse(f"'{name}' has a shape or place that is not made of whole numbers")
        size = np.dtype(_KINDS[kind]).itemsize
        for n in shape:
            size *= n
        if not start <= stop <= len(data) or stop - start != size:
            raise refuse(f"'{name}' of shape {shape} does not fit its {stop - start} bytes from {start} of {len(data)}")
        covered.append((start, stop))
        found[name] = np.frombuffer(data[start:stop], _KINDS[kind]).reshape(shape)
    covered.sort()
    if any(before[1] > after[0] for before, after in pairwise(covered)):
        raise refuse("two of its arrays overlap")
    return found


def _write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with open(path, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Arrays of an NPZ file; objects inside are refused."""
    place = door.regular(path, limit=MAX_BYTES, what="a file of weights")
    try:
        with zipfile.ZipFile(place) as packed:
            claimed = sum(info.file_size for info in packed.infolist())
        if claimed > MAX_BYTES:
            raise FileError(f"'{place.name}' unpacks to {claimed / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB of weights can be read.")
        with np.load(place, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError, AttributeError) as error:
        raise FileError(f"'{Path(path).name}' could not be read as NPZ ({type(error).__name__}); save it again with numpy.savez.") from None
