"""Bytes of a text file as text: UTF-8 and UTF-16 with and without a mark, UTF-32, and what old programs write, with a word."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from lab.errors import FileError

OLD = "cp1252"  # what western programs write that do not write UTF-8; Latin-1 is part of it
NAMES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16 (big end first)",
    "utf-32": "UTF-32", "cp1252": "Windows-1252", "iso8859-1": "Latin-1",
}  # fmt: skip
_MARKS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Text:
    """A decoded file: its text, the encoding, and whether that was guessed because the bytes do not say it."""

    text: str
    encoding: str
    guessed: bool = False

    @property
    def name(self) -> str:
        """The encoding as people call it."""
        return NAMES.get(self.encoding, self.encoding.upper())


def decode(raw: bytes, place: Path, encoding: str = "") -> Text:
    """The text of some bytes, in the encoding that is said or in the one that they show; what is no text is refused."""
    guessed = not encoding
    if encoding:
        try:
            found = codecs.lookup(encoding.strip()).name
            if not getattr(codecs.lookup(found), "_is_text_encoding", True):
                raise LookupError
        except (LookupError, ValueError):
            raise FileError(
                f"There is no encoding '{encoding[:40]}': there are utf-8, utf-16, latin-1, cp1252, cp1250, cp1251 and others."
            ) from None
        if found == "utf-8" and raw.startswith(codecs.BOM_UTF8):
            found = "utf-8-sig"
    else:
        found = _shown(raw)
        guessed = found == OLD
    try:
        text = raw.decode(found)
    except UnicodeDecodeError as error:
        if not encoding and found == "utf-8":
            found, guessed = OLD, True
            text = raw.decode(OLD, "replace")
        else:
            line = raw.count(b"\n", 0, error.start) + 1
            raise FileError(
                f"{place}, line {line}: the bytes are not {NAMES.get(found, found)} text; say another encoding, such as latin-1."
            ) from None
    if "\0" in text[:65536] or "\0" in text:
        raise FileError(f"{place} is not a text file: it holds zero bytes.")
    start = text[:4096]
    if sum(c < " " and c not in "\t\n\r\f\v" for c in start) > 0.02 * len(start):
        raise FileError(f"{place} is not a text file: it holds bytes that stand for no letters.")
    return Text(text, found, guessed)


def _shown(raw: bytes) -> str:
    """The encoding that the first bytes show: a mark, or the zeros of UTF-16 without one."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    start = raw[:4096]
    if len(start) >= 4 and b"\0" in start:
        even, odd = start[0::2].count(0), start[1::2].count(0)
        half = len(start) // 2
        if odd > 0.3 * half and even < 0.05 * half:
            return "utf-16-le"
        if even > 0.3 * half and odd < 0.05 * half:
            return "utf-16-be"
    return "utf-8"
