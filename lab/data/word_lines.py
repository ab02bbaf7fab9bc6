"""Lines of a file of words and their numbers, plain or packed, with a bound on what they may take of the memory."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lab.data import door
from lab.errors import FileError
from lab.units import number as printed

MOST_LINES = 10_000_000  # of a file of words and their numbers; the largest known ones have nine millions
MEMORY = 850_000_000  # bytes that its words and numbers may take, or three times what the file has on the disk if that is more
LINE_BYTES = 200  # of memory that a word takes beside its letters and numbers: in lists, and where names are made unique
LONGEST_WORD = 2000  # bytes
LONGEST_LINE = 1 << 24
UNKNOWN = "\ufffd"


class WordLines:
    """A file of text lines, plain or packed, with the number of bytes that may lie in it; counts words that cannot be decoded."""

    def __init__(self, place: Path):
        self.place = place
        self.file: BinaryIO = door.open_binary(place, limit=1 << 62, what="a file of vectors")
        self.size = place.stat().st_size
        self.packed = self.file.read(2) == door.GZIP
        self.file.seek(0)
        if self.packed:
            self.file = gzip.GzipFile(fileobj=self.file)  # type: ignore[assignment]
        self.undecodable = 0
        self.memory = max(MEMORY, 3 * self.size)
        self.held = 0

    def __enter__(self) -> WordLines:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.file, gzip.GzipFile) and self.file.fileobj is not None:
            self.file.fileobj.close()
        self.file.close()

    def lines(self) -> Iterator[tuple[int, str]]:
        """Numbered lines without their ends; only a newline ends a line, because words may hold any other space."""
        number, most = 0, min(MOST_LINES, self.memory // LINE_BYTES)
        self._count(most)
        while True:
            try:
                raw = self.file.readline(LONGEST_LINE + 1)
            except (OSError, EOFError, zlib.error) as error:
                raise FileError(f"{self.place} cannot be read to its end ({error}): it was cut short or is damaged.") from None
            if not raw:
                return
            number += 1
            if number > most:
                raise self._too_many(most)
            if len(raw) > LONGEST_LINE:
                raise FileError(f"{self.place}, line {number} is over 16 MB long: this is not a file of vectors.")
            raw = raw.rstrip(b"\r\n")
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                yield number, raw.decode("utf-8")
            except UnicodeDecodeError:
                if b"\0" in raw:
                    raise FileError(
                        f"{self.place}, line {number} is not UTF-8 text: if the file is binary word2vec, name that format or end its name in .bin."
                    ) from None
                self.undecodable += 1
                yield number, raw.decode("utf-8", "replace")

    def _too_many(self, most: int) -> FileError:
        return FileError(
            f"{self.place} has more than {printed(most)} lines, the most that can be read of a file of its size: cut it down first."
        )

    def _count(self, most: int) -> None:
        """Refuse too many lines before the first is taken apart, which takes a hundred times as long as to count them."""
        if self.room() <= most:
            return
        lines = 0
        try:
            while lines <= most and (block := self.file.read(1 << 20)):
                lines += block.count(b"\n")
            self.file.seek(0)
        except (OSError, EOFError, zlib.error):
            return  # reading line by line says where
        if lines > most:
            raise self._too_many(most)

    def hold(self, number: int, word: str, size: int) -> None:
        """Count what a word and its numbers take; refused beyond what a file of this size can need."""
        if len(word) > LONGEST_WORD:
            raise FileError(f"{self.place}, line {number}: a word of {len(word)} letters: this is not a file of vectors.")
        self.held += sys.getsizeof(word) + 4 * size + LINE_BYTES - 50
        if self.held > self.memory:
            raise FileError(
                f"{self.place}, line {number}: up to here its words and numbers take {door.size_text(self.held)}, more than a file of "
                f"{door.size_text(self.size)} can need: cut it down first."
            )

    def notes(self, total: int) -> tuple[str, ...]:
        """What is to be said of words that cannot be decoded."""
        return undecoded(self.undecodable, total)

    def room(self) -> int:
        """Bytes of text that the file can hold: what gzip packs is at most a thousand times as long."""
        return self.size * 1040 if self.packed else self.size


def undecoded(count: int, total: int) -> tuple[str, ...]:
    """What is said of words that are no UTF-8."""
    if not count:
        return ()
    words = "1 word is no UTF-8 text and is" if count == 1 else f"{printed(count)} words are no UTF-8 text and are"
    return (f"{words} shown with the mark {UNKNOWN}; {printed(total - count)} of {printed(total)} can be asked for by their name.",)
