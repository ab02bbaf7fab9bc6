"""The one door for people's files: a regular file, bounded before anything is allocated, decoded, or one sentence why not.

    regular        what a path names, if it is a file that may be read; folders, devices, pipes and sockets are refused
    open_binary    the open file (never waits for a pipe's writer), checked again on what was really opened
    read_bytes     the whole file, at most `limit` bytes; gz is unpacked, at most `limit` bytes too
    read_text      the same as text of one encoding
    open_text      lines of a text file, for readers that stop early

A file may grow while it is read and may say it has no size at all (those under /proc), so every reading counts for itself.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO, TextIO

from lab.errors import FileError
from lab.units import number as printed

MAX_BYTES = 512 << 20  # of a file that a person brings
GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def size_text(size: int) -> str:
    """Bytes as a person reads them: 512 bytes, 18.4 kB, 3.2 GB."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{size} bytes" if unit == "bytes" else f"{printed(value, 3)} {unit}"


def place_of(path: str | Path, what: str = "a file") -> Path:
    """The path a person gave, `~` being their home; empty ones and ones that no system can hold are refused."""
    text = str(path)
    if not text.strip() or text == ".":
        raise FileError(f"No file is named: give the path of {what}.")
    if "\0" in text:
        raise FileError(f"{text[:60]!r} cannot be a file's name: it holds a zero character.")
    place = Path(path)
    if text.startswith("~"):
        try:
            place = place if os.path.lexists(place) else place.expanduser()
        except (RuntimeError, OSError):
            pass
    return place


def regular(path: str | Path, *, limit: int = MAX_BYTES, what: str = "a file") -> Path:
    """The path of a regular file of at most `limit` bytes; `what` says in the sentence what is wanted."""
    place = place_of(path, what)
    try:
        found = os.stat(place)
    except OSError as error:
        raise _unreadable(place, error, what) from None
    _check(place, found, limit, what)
    return place


def open_binary(path: str | Path, *, limit: int = MAX_BYTES, what: str = "a file") -> BinaryIO:
    """Open a regular file for reading; the caller closes it and reads no more than `limit`."""
    place = regular(path, limit=limit, what=what)
    # Without O_NONBLOCK opening a pipe that took the file's place since would wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        number = os.open(place, flags | getattr(os, "O_NOCTTY", 0))
    except OSError as error:
        raise _unreadable(place, error, what) from None
    try:
        _check(place, os.fstat(number), limit, what)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_start(path: str | Path, size: int = 4096, *, what: str = "a file") -> bytes:
    """The first bytes of a regular file of any size, to see what it is."""
    place = place_of(path, what)
    with open_binary(place, limit=1 << 62, what=what) as file:
        return _taken(file, size, place, what)


def read_bytes(path: str | Path, *, limit: int = MAX_BYTES, what: str = "a file", packed: bool = False) -> bytes:
    """The whole file; with `packed`, one packed by gzip is unpacked, which must not make more than `limit` bytes either."""
    place = place_of(path, what)
    with open_binary(place, limit=limit, what=what) as file:
        raw = _taken(file, limit + 1, place, what)
    if len(raw) > limit:
        raise _too_large(place, "more than " + size_text(limit), limit)
    return unpack(raw, place, limit) if packed and raw.startswith(GZIP) else raw


def unpack(raw: bytes, place: Path, limit: int = MAX_BYTES) -> bytes:
    """What gzip packed (all its members), at most `limit` bytes of it."""
    parts, total = [], 0
    while raw:
        machine = zlib.decompressobj(31)
        try:
            while raw and not machine.eof:
                part = machine.decompress(raw, min(_CHUNK, limit + 1 - total))
                raw = machine.unconsumed_tail
                total += len(part)
                parts.append(part)
                if total > limit:
                    raise _too_large(place, "unpacked more than " + size_text(limit), limit)
        except zlib.error:
            raise FileError(f"{place} is packed by gzip and damaged: pack or fetch it again.") from None
        if not machine.eof:
            raise FileError(f"{place} is packed by gzip and was cut short: fetch it again.")
        raw = machine.unused_data.lstrip(b"\0")  # gzip allows zeros behind a member
    return b"".join(parts)


def read_text(
    path: str | Path, *, limit: int = MAX_BYTES, what: str = "a text file", encoding: str = "utf-8-sig", packed: bool = False
) -> str:
    """The whole file as text of one encoding; what is not is refused with the byte where it stops being it."""
    place = place_of(path, what)
    raw = read_bytes(place, limit=limit, what=what, packed=packed)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileError(f"{place} is not {name} text (line {line}, byte {error.start + 1}): save it as {name} and try again.") from None


def open_text(
    path: str | Path, *, limit: int = MAX_BYTES, what: str = "a text file", encoding: str = "utf-8-sig", newline: str | None = None
) -> TextIO:
    """A text file for readers that stop early; what is not `encoding` is shown by the replacement character."""
    binary = open_binary(path, limit=limit, what=what)
    return io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline=newline)


def _taken(file: BinaryIO, size: int, place: Path, what: str) -> bytes:
    try:
        found: bytes | None = file.read(size)
        if found is None:  # some files of the system have nothing now and would wait for it
            raise BlockingIOError(errno.EAGAIN, "there is nothing in it now")
    except OSError as error:
        raise _unreadable(place, error, what) from None
    return found


def _check(place: Path, found: os.stat_result, limit: int, what: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "no regular file")
        raise FileError(f"{place} is {kind}, and {what} is wanted: give the path of a file.")
    if found.st_size > limit:
        raise _too_large(place, size_text(found.st_size), limit)


def _too_large(place: Path, has: str, limit: int) -> FileError:
    return FileError(f"{place} has {has}; at most {size_text(limit)} can be read here: cut it down first.")


def _unreadable(place: Path, error: OSError, what: str) -> FileError:
    shown = str(place) if len(str(place)) <= 200 else str(place)[:197] + "..."
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return FileError(f"There is no file {shown}: give the path of {what}.")
    return FileError(f"{shown} cannot be read ({error.strerror or error}): give {what} that you may read.")
