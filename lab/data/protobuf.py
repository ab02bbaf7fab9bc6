"""Protocol-buffer messages as bytes: the little that writing files of other programs needs.

A message is the concatenation of its fields; each is a key (number of the field, kind of coding) and a value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5  # how a value is coded


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits, lowest first; negative ones as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def whole(field: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return varint(field << 3 | VARINT) + varint(value)


def single(field: int, value: float) -> bytes:
    """A field that holds a float of four bytes."""
    return varint(field << 3 | FOUR) + struct.pack("<f", value)


def double(field: int, value: float) -> bytes:
    """A field that holds a float of eight bytes."""
    return varint(field << 3 | EIGHT) + struct.pack("<d", value)


def text(field: int, value: str | bytes) -> bytes:
    """A field that holds text, bytes or another message."""
    held = value.encode("utf-8") if isinstance(value, str) else value
    return varint(field << 3 | BYTES) + varint(len(held)) + held


def packed(field: int, values: Iterable[int]) -> bytes:
    """A repeated field of whole numbers in one piece."""
    return text(field, b"".join(map(varint, values)))
