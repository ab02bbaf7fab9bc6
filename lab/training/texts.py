"""Texts that are learned from, by where they come from, and what counting says of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lab.data import door
from lab.errors import FileError
from lab.training.language import Counts
from lab.training.makers import Text
from lab.training.pieces import Pieces

LONGEST = 4_000_000  # characters of an own text


@lru_cache(1)
def help_pages() -> str:
    """The language topics of Python's own help, ASCII only: half a million letters that every Python has."""
    from pydoc_data.topics import topics

    return "".join(letter for letter in "\n".join(topics[name] for name in sorted(topics)) if ord(letter) < 128)


@lru_cache(2)
def _file_text(path: str, modified: float, size: int) -> str:
    text = door.read_text(path, limit=4 * LONGEST, packed=True)
    if len(text) > LONGEST:
        raise FileError(f"{path} has {len(text)} characters; at most {LONGEST} are learned from: take a part of it.")
    return text


def _whole(source: str) -> str:
    """The text of a source ("" for the help pages)."""
    if not source:
        return help_pages()
    try:
        facts = Path(source).stat()
    except OSError as error:
        raise FileError(f"{source} cannot be read: {error.strerror}. Give the path of a text file.") from None
    return _file_text(source, facts.st_mtime, facts.st_size)


@lru_cache(4)
def text_of(source: str, context: int, vocabulary: int = 0) -> Text:
    """The text of a source in windows of characters, or of so many byte pairs where a vocabulary is wanted."""
    text = _whole(source)
    return Pieces(text, context, vocabulary=vocabulary) if vocabulary else Text(text, context)


@lru_cache(4)
def counts_of(source: str, context: int, vocabulary: int = 0) -> tuple[Counts, tuple[float, float, float, float]]:
    """What counting tokens says of a text, and its losses on the part held out, in nats per character."""
    text = text_of(source, context, vocabulary)
    counts, held = Counts(text.tokens(text.text[: text.cut]), len(text.alphabet)), text.tokens(text.text[text.cut :])
    chance, one, two, three = counts.losses(held)
    each = float(text.lengths[held].mean())
    return counts, (chance / each, one / each, two / each, three / each)
