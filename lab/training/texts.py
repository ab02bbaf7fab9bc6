"""Texts that are learned from, by where they come from, and what counting says of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lab.data import door
from lab.errors import FileError
from lab.training.language import Counts
from lab.training.makers import Text

LONGEST = 4_000_000  # characters of an own text


@lru_cache(1)
def help_pages() -> str:
    """The language topics of Python's own help, ASCII only: half a million letters that every Python has."""
    from pydoc_data.topics import topics

    return "".join(letter for letter in "\n".join(topics[name] for name in sorted(topics)) if ord(letter) < 128)


@lru_cache(2)
def _file_text(path: str, modified: float, size: int) -> str:
    text = door.read_text(path, limit=4 * LONGEST)
    if len(text) > LONGEST:
        raise FileError(f"{path} has {len(text)} characters; at most {LONGEST} are learned from: take a part of it.")
    return text


@lru_cache(4)
def text_of(source: str, context: int) -> Text:
    """The text of a source ("" for the help pages), in windows."""
    if not source:
        return Text(help_pages(), context)
    place = Path(source)
    try:
        facts = place.stat()
    except OSError as error:
        raise FileError(f"{source} cannot be read: {error.strerror}. Give the path of a text file.") from None
    return Text(_file_text(source, facts.st_mtime, facts.st_size), context)


@lru_cache(4)
def counts_of(source: str, context: int) -> tuple[Counts, tuple[float, float, float, float]]:
    """What counting says of a text, and its losses on the part held out."""
    text = text_of(source, context)
    tokens = text.tokens(text.text)
    counts = Counts(tokens[: text.cut], len(text.alphabet))
    return counts, counts.losses(tokens[text.cut :])
