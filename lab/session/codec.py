"""Arrays as little-endian blobs with a checksum, and JSON with a size limit. Nothing is pickled."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any

import numpy as np

from lab.errors import FileError, ModelError
from lab.units import number as printed

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
MAX_BLOB = 512_000_000  # bytes of one array: with it in memory the program stays below a gigabyte
MAX_JSON = 20_000_000  # characters
MAX_TEXT = 64_000_000  # bytes of one text or small blob that SQLite hands over in one piece
MAX_UNPACKED = 300_000_000  # bytes that JSON may take as Python values, as far as its punctuation tells
MAX_NAME = 500
MAX_DIMENSIONS = 8
MAX_STEP = 2**62
MAX_EVERY = 2**31


def stored_dtype(name: str) -> np.dtype:
    """The little-endian dtype that belongs to a name of DTYPES."""
    return np.dtype(name).newbyteorder("<")


def checksum(head: str, *parts: bytes) -> int:
    """crc32 over where the data belongs and the data itself, so that blobs which changed places are noticed too."""
    crc = zlib.crc32(head.encode("utf-8", "replace"))  # what was no text in a damaged file has another checksum, and is no reason to fail
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def row_checksum(*values: Any) -> int:
    """crc32 over the values of a row of the tables that hold no arrays: a text, number or nothing each."""
    return zlib.crc32(repr(values).encode("utf-8", "replace"))


class Budget:
    """How much memory what is read in one go may take; a file of lists in lists asks for fifty times its length."""

    def __init__(self, limit: int = MAX_UNPACKED):
        self.left = limit

    def take(self, text: str, owner: str) -> None:
        """Count a JSON text that is about to be read; raises FileError when that is too much."""
        self.left -= len(text) + 40 * text.count(",") + 120 * (text.count("[") + text.count("{") + text.count(":"))
        if self.left < 0:
            raise FileError(f"{owner} holds more than fits into memory at once; it may be damaged, restore the file from a copy.")


def pack(array: Any, dtype: str, owner: str) -> tuple[tuple[int, ...], bytes]:
    """The shape of an array and a copy of its values as little-endian bytes in C order.

    Raises ModelError when the values do not fit the dtype without changing kind (a complex into a float, text, objects).
    """
    values = np.asarray(array)
    target = stored_dtype(dtype)
    if not np.can_cast(values.dtype, target, "same_kind"):
        raise ModelError(f"{owner}: values of type {values.dtype} cannot be recorded as {dtype}; declare a dtype that holds them.")
    if values.size * target.itemsize > MAX_BLOB:
        raise ModelError(
            f"{owner}: {printed(values.size * target.itemsize)} bytes at once is above the limit of {printed(MAX_BLOB)}; record fewer values or more rarely."
        )
    return values.shape, values.astype(target, copy=False).tobytes()


def unpack(data: Any, dtype: str, shape: tuple[int, ...], owner: str) -> np.ndarray:
    """The array a blob holds, read-only and in the machine's byte order; the shape is checked against the length first."""
    target = stored_dtype(dtype)
    if not isinstance(data, (bytes, bytearray)) or math.prod(shape) * target.itemsize != len(data):
        raise FileError(
            f"{owner} is damaged: its shape {shape} of {dtype} does not fit the stored bytes; the other streams can still be read."
        )
    if dtype == "bool":  # a byte other than 0 or 1 is no valid bool
        return (np.frombuffer(data, np.uint8) != 0).reshape(shape)
    return np.frombuffer(data, target).reshape(shape).astype(np.dtype(dtype), copy=False)


def whole_array(data: Any, dtype: str, shape: tuple[int, ...], owner: str) -> np.ndarray:
    """The same as an array of one's own that may be written to, without a second copy of a large one."""
    found = unpack(data, dtype, shape, owner)
    return found if found.flags.writeable else found.copy()


def write_json(value: Any, owner: str) -> str:
    """JSON text of a value; NumPy scalars and arrays become numbers and lists."""
    try:
        text = json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as problem:
        raise ModelError(f"{owner} cannot be stored as JSON ({problem}); use only text, numbers, lists and dictionaries.") from problem
    if len(text) > MAX_JSON:
        raise ModelError(
            f"{owner} has {printed(len(text))} characters of JSON, above the limit of {printed(MAX_JSON)}; store large data as arrays."
        )
    try:
        Budget().take(text, owner)
    except FileError:
        raise ModelError(
            f"{owner} is too large for JSON ({printed(len(text))} characters of lists and numbers); store large data as arrays."
        ) from None
    return text


def read_json(text: Any, kind: type, owner: str, budget: Budget | None = None) -> Any:
    """The value of a JSON text, refused when it is too large, damaged or not of the kind expected."""
    if not isinstance(text, str) or len(text) > MAX_JSON:
        raise FileError(f"{owner} is damaged: it is no JSON text of at most {printed(MAX_JSON)} characters; restore the file from a copy.")
    (budget or Budget()).take(text, owner)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise FileError(f"{owner} is damaged: its JSON cannot be read; restore the file from a copy.") from problem
    if not isinstance(value, kind):
        raise FileError(
            f"{owner} is damaged: it holds a {type(value).__name__} instead of a {kind.__name__}; restore the file from a copy."
        )
    return value


def read_shape(text: Any, owner: str, *, open_ended: bool) -> tuple[int, ...]:
    """The shape in a JSON text, within the limits; -1 (any length) only where open_ended."""
    shape = tuple(read_json(text, list, owner))
    check_shape(shape, owner, FileError, open_ended=open_ended)
    return shape


def check_shape(shape: tuple[Any, ...], owner: str, error: type, *, open_ended: bool) -> None:
    """Raise error when a shape is not a sane one: few dimensions, no negative length, product below the blob limit."""
    smallest = -1 if open_ended else 0
    whole = all(type(n) is int and n >= smallest for n in shape)
    if not whole or len(shape) > MAX_DIMENSIONS or math.prod(max(n, 1) for n in shape) > MAX_BLOB:
        shown = repr(shape) if len(repr(shape)) < 80 else repr(shape)[:80] + "..."
        raise error(f"{owner}: the shape {shown} is not possible; at most {MAX_DIMENSIONS} dimensions and {printed(MAX_BLOB)} values.")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is no JSON value")
