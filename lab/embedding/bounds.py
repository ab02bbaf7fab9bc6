"""What a file says of its size, checked against its length before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from lab.errors import FileError

MOST_NUMBERS = 4_000_000_000
MOST_SIZE = 100_000  # numbers in a vector


def check_size(place: Path, words: int, size: int, *, least_bytes: int) -> None:
    """Refuse a file that claims more words and numbers than it can hold, or than the lab takes."""
    actual = place.stat().st_size
    if words < 1 or size < 1:
        raise FileError(f"{place} says that it holds {words} vectors of {size} numbers: the file is damaged or of another format.")
    if size > MOST_SIZE or words * size > MOST_NUMBERS:
        raise FileError(
            f"{place} says that it holds {words} vectors of {size} numbers, above the limit of {MOST_SIZE} a vector and {MOST_NUMBERS:,} in all."
        )
    if least_bytes > actual:
        raise FileError(
            f"{place} says that it holds {words} vectors of {size} numbers, for which its {actual} bytes are too few: it was cut short or is damaged."
        )


def header_numbers(place: Path, line: str) -> tuple[int, int]:
    """Words and size of a first line "words size"."""
    parts = line.split()
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() and len(p) < 13 for p in parts):
        raise FileError(
            f"{place} does not begin with the number of words and of numbers in a vector (got {line[:40]!r}): the file is of another format."
        )
    return int(parts[0]), int(parts[1])


def unique_words(words: list[str], place: Path) -> tuple[str, ...]:
    """The names as a tuple; a name that comes again gets its occurrence behind it, so that every row can be asked for."""
    if len(set(words)) == len(words):
        return tuple(words)
    seen: dict[str, int] = {}
    taken = set(words)
    out = []
    for word in words:
        seen[word] = seen.get(word, 0) + 1
        name = word
        if seen[word] > 1:
            count = seen[word]
            while (name := f"{word}#{count}") in taken:
                count += 1
            taken.add(name)
        out.append(name)
    return tuple(out)
