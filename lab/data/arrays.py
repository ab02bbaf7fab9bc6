"""Arrays of NumPy: .npy and .npz files, whose headers are checked against their length before anything is allocated."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np

from lab.data import door
from lab.errors import FileError
from lab.units import number

MAGIC = b"\x93NUMPY"
MAX_BYTES = 512 << 20
KINDS = "biuf"  # what an array of numbers may hold; `U` texts where they are asked for


def read_npy(path: Path, *, texts: bool = False) -> np.ndarray:
    """The array of a .npy file; Python objects in it, which could run a program, are refused."""
    return decoded(door.read_bytes(path, limit=MAX_BYTES, what="an array (.npy)"), str(path), texts=texts)


def decoded(raw: bytes, where: str, *, texts: bool = False) -> np.ndarray:
    """The array that the bytes of a .npy file hold."""
    try:
        shape, column_order, dtype, start = _header(raw)
    except Exception as error:  # NumPy parses the header as Python text, and so anything that a parser raises may come
        raise FileError(
            f"{where} cannot be read as an array of NumPy ({str(error).splitlines()[0][:80] if str(error) else 'damaged'})."
        ) from None
    if dtype.hasobject:
        raise FileError(
            f"{where} holds pickled Python objects, which could run a program and are refused: save numbers only (dtype float32)."
        )
    if dtype.kind not in KINDS + ("U" if texts else ""):
        raise FileError(f"{where} holds values of kind {dtype}; numbers are wanted.")
    count = math.prod(shape)
    if dtype.itemsize == 0 or count * dtype.itemsize != len(raw) - start:
        raise FileError(
            f"{where} says that it holds {' x '.join(map(str, shape)) or 'one'} values of {dtype.itemsize} bytes, and {number(len(raw) - start)} bytes follow: "
            "it was cut short or is damaged."
        )
    array = np.frombuffer(raw, dtype, count, start).reshape(shape, order="F" if column_order else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(raw: bytes) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    file = io.BytesIO(raw[: 1 << 17])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"version {version[0]}.{version[1]} is not known")
        shape, column_order, dtype = read(file)
    if any(n < 0 for n in shape):
        raise ValueError("a size is below zero")
    return shape, column_order, dtype, file.tell()


def read_npz(path: Path, limit: int = MAX_BYTES, *, texts: bool = True) -> dict[str, np.ndarray]:
    """The arrays of a .npz file by name, of numbers and, with `texts`, of texts; packed ones may unpack to at most `limit` bytes in all."""
    raw = door.read_bytes(path, limit=limit, what="arrays (.npz)")
    out: dict[str, np.ndarray] = {}
    room = limit
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for info in archive.infolist():
                if not info.filename.endswith(".npy"):
                    continue
                if info.file_size > room:
                    raise FileError(f"{path} unpacks to more than {door.size_text(limit)}: it is too large or damaged.")
                with archive.open(info) as file:
                    content = file.read(info.file_size + 1)  # what a member says of its size need not be true
                if len(content) != info.file_size:
                    raise FileError(f"{path}: the array '{info.filename[:-4]}' is not as long as it says: the file is damaged.")
                room -= len(content)
                out[info.filename[:-4]] = decoded(content, f"{path}, array '{info.filename[:-4]}',", texts=texts)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        raise FileError(f"{path} is not a whole NPZ file ({str(error)[:80]}).") from None
    return out
