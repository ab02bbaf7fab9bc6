"""A space of vectors: words (or other names) with one row each, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lab.errors import LabError, near


@dataclass(frozen=True)
class Vectors:
    """Named rows of a matrix.

    words     (V,) names, each once, most frequent first where that is known
    matrix    (V, d) float32 or float64
    counts    (V,) occurrences, or None
    metadata  column name -> V texts (category, class, ...)
    title     where it comes from; said  one paragraph about the file that it was read from
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    counts: np.ndarray | None = None
    metadata: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    said: str = ""

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix):
            raise LabError(
                f"{self.title or 'vectors'}: {len(self.words)} words need a matrix of as many rows (got shape {self.matrix.shape})."
            )

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {w: i for i, w in enumerate(self.words)}

    @cached_property
    def unit(self) -> np.ndarray:
        """The rows at length 1 in float32, contiguous: cosine is one product with it. A zero row stays zero."""
        return unit_rows(self.matrix)

    def __len__(self) -> int:
        return len(self.words)

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return self.matrix.shape[1]

    def row(self, word: str) -> int:
        """Row of a word; as it stands, or in lower case."""
        for name in (word, word.lower()):
            if name in self.index:
                return self.index[name]
        known = [w for w in self.words[:50000] if w[:1].lower() == word[:1].lower()]
        raise LabError(f"{self.title or 'The space'} has no word '{word}': {near(word, known) if known else 'no word begins like it.'}")


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Rows divided by their length, float32; zero rows stay zero."""
    length = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    return np.ascontiguousarray(matrix / np.where(length > 0, length, 1)[:, None], np.float32)
