"""The door through which the vectors of a run are asked, mapped and saved: streams that any model may offer.

    vectors        image (V, d): one vector a row
    names          table of V rows: the name of each vector, its count where known, and further columns (category, class ...)
    map            cloud (n <= V): a map of the first n vectors; any name of `MAPS` will do
    frames         image (n, d), recorded now and then: the vectors of the map, so that a past run can be asked too
    vector inputs  image (V, h, w): what each vector was made from

A model with `vectors` and `names` is read by `lab embed`; with a map as well, the window shows the map as an explorer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.embedding.vectors import Vectors

VECTORS, NAMES, FRAMES, INPUTS = "vectors", "names", "frames", "vector inputs"
MAPS = ("map", "latent", "features")
NAME, COUNT = "name", "count"


def has_vectors(model: Any) -> bool:
    """Whether a model offers named vectors."""
    return {(VECTORS, "image"), (NAMES, "table")} <= {(s.name, s.kind) for s in model.streams}


def is_map(model: Any, stream: str) -> bool:
    """Whether a cloud is a map of the model's vectors, in their order."""
    return stream in MAPS and has_vectors(model) and model.stream(stream).kind == "cloud"


def table_of(vectors: Vectors) -> list[dict[str, Any]]:
    """What the stream `names` shows of named vectors."""
    columns: dict[str, Any] = {NAME: vectors.words}
    if vectors.counts is not None:
        columns[COUNT] = vectors.counts.tolist()
    columns |= {name: texts for name, texts in vectors.metadata.items() if name not in columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def assemble(matrix: np.ndarray, names: list[dict[str, Any]], title: str = "") -> Vectors:
    """Named vectors from what both streams show. Raises LabError where they differ in length."""
    texts = {key: tuple(str(row.get(key, "")) for row in names) for key in (names[0] if names else {NAME: ""})}
    words = texts.pop(NAME)
    counts = texts.pop(COUNT, None)
    known = np.array([int(c) for c in counts], np.int64) if counts and all(c.isdigit() for c in counts) else None
    return Vectors(words, np.asarray(matrix), known, texts, title)
