"""The door through which the vectors of a run are asked, mapped and saved: two streams that any model may offer.

    vectors   image (V, d): one vector a row
    points    table of V rows: the name of each vector, its count where known, and further columns (category, class ...)

A model with both streams has an explorer in the window, and its sessions are read by `lab embed`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.embedding.vectors import Vectors

VECTORS, POINTS = "vectors", "points"
NAME, COUNT = "name", "count"


def table_of(vectors: Vectors) -> list[dict[str, Any]]:
    """What the stream `points` shows of named vectors."""
    columns: dict[str, Any] = {NAME: vectors.words}
    if vectors.counts is not None:
        columns[COUNT] = vectors.counts.tolist()
    columns |= {name: texts for name, texts in vectors.metadata.items() if name not in columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def assemble(matrix: np.ndarray, points: list[dict[str, Any]], title: str = "") -> Vectors:
    """Named vectors from what both streams show. Raises LabError where they differ in length."""
    texts = {key: tuple(str(row.get(key, "")) for row in points) for key in (points[0] if points else {NAME: ""})}
    words = texts.pop(NAME)
    counts = texts.pop(COUNT, None)
    known = np.array([int(c) for c in counts], np.int64) if counts and all(c.isdigit() for c in counts) else None
    return Vectors(words, np.asarray(matrix), known, texts, title)
