"""Text in byte pairs: windows of tokens that a vocabulary of its own training part cuts it into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lab.data import byte_pairs
from lab.errors import FileError
from lab.training.makers import Text


@lru_cache(4)
def _learned(text: str, size: int) -> byte_pairs.BytePairs:
    return byte_pairs.learn(text, size)


@dataclass(frozen=True)
class Pieces(Text):
    """Windows of a text of `context` tokens each; the vocabulary of `vocabulary` byte pairs is learnt on the training part alone."""

    vocabulary: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(len(self._parts[0]), len(self._parts[1])) <= self.context + 1:
            raise FileError(
                f"The text has {len(self._parts[0])} tokens to learn from and {len(self._parts[1])} held out: windows of {self.context} need more than "
                f"{self.context + 1} in each; take a longer text, a shorter context or a smaller vocabulary."
            )

    @cached_property
    def pairs(self) -> byte_pairs.BytePairs:
        """The tokens."""
        return _learned(self.text[: self.cut], self.vocabulary)

    @cached_property
    def alphabet(self) -> tuple[str, ...]:  # type: ignore[override]
        """Every token as text; bytes that are no whole letter by number."""
        return tuple(piece.decode("utf-8", "backslashreplace") for piece in self.pairs.pieces)

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        return self.tokens(self.text[: self.cut]), self.tokens(self.text[self.cut :])

    @property
    def rows(self) -> int:
        """Training windows."""
        return len(self._parts[0]) - self.context

    def tokens(self, text: str) -> np.ndarray:
        """Numbers of the tokens of a text."""
        return np.array(self.pairs.encode(text), np.int64)

    def known(self, text: str) -> np.ndarray:
        """The same: no text is unknown."""
        return self.tokens(text)

    def written(self, tokens: np.ndarray) -> str:
        """The text of tokens."""
        return self.pairs.decode(map(int, tokens))

    @cached_property
    def lengths(self) -> np.ndarray:
        """(V,) characters of each token; the bytes of one character count for it together."""
        return np.array([sum(byte & 0xC0 != 0x80 for byte in piece) for piece in self.pairs.pieces], float)

    @property
    def each(self) -> float:
        """Characters of a token, on average over the training part."""
        return self.cut / len(self._parts[0])
