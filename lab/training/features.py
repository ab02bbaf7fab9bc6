"""Test examples as vectors: what a layer makes of each of them, with the streams through which they are mapped and asked.

The streams are those of `lab.embedding.streams`: `vectors`, `names`, `vector inputs` and a map of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.embedding.pca import align, principal_components
from lab.embedding.streams import INPUTS, NAMES, VECTORS
from lab.model import Layer, Picture, Stream
from lab.training import readings

MAP = "features"


def streams(shape: Any, every: int = 0) -> tuple[Stream, ...]:
    """Vectors with their names, and the pictures that they were made from where the examples are pictures."""
    found = [
        Stream(VECTORS, "image", "", "What the layer makes of each test example, one a row.", every=every, dtype="f4"),
        Stream(NAMES, "table", "", "Class and number of each test example."),
    ]
    if shape.picture:
        found.append(Stream(INPUTS, "image", "", "The test examples as pictures."))
    return tuple(found)


def map_stream() -> Stream:
    """The map of a layer."""
    return Stream(MAP, "cloud", "", "What the layer makes of the test examples: its principal components.", channels=("x", "y", "class"))


def map_picture() -> Picture:
    """The map of a layer as a picture."""
    return Picture(
        "features",
        "Features",
        (Layer(MAP),),
        equal=True,
        doc="Test examples as the chosen layer sees them: near is what the layer takes to be alike.",
    )


def observe(model: Any, c: Any, stream: str, values: Any) -> Any:
    """One of the streams; `values(x)` gives the vectors (n, d) of examples. None for a stream of another name."""
    m, shape = c.material, c.outline
    x, t = m.test_x[: readings.POINTS], m.test_t[: readings.POINTS]
    if stream == VECTORS:
        return np.ascontiguousarray(values(x).reshape(len(x), -1), np.float32)
    if stream == INPUTS:
        return x.reshape(-1, *shape.picture).astype(np.float32)
    if stream == NAMES:
        return named(shape, t if t.ndim == 1 else m.units(t))
    if stream == MAP:
        found = principal_components(values(x).reshape(len(x), -1))[0]
        # Turned to lie nearest to the map of the inputs, which stays where it is while the layer learns.
        points = align(found, principal_components(x.reshape(len(x), -1))[0])
        return np.column_stack([points - points.mean(0), t if t.ndim == 1 else np.zeros(len(t))]).astype(np.float32)
    return None


def named(shape: Any, t: np.ndarray) -> list[dict[str, Any]]:
    """Name and class, or target, of each example."""
    if t.ndim == 1:
        texts = [shape.classes[int(k)] if int(k) < len(shape.classes) else str(int(k)) for k in t]
        return [{"name": f"{text} (#{i})", "class": text} for i, text in enumerate(texts)]
    return [{"name": f"#{i}", "target": f"{float(v):.4g}"} for i, v in enumerate(t[:, 0])]


def along(path: np.ndarray, count: int) -> np.ndarray:
    """Places (count, 2) at equal distances along a path (m, 2) of straight pieces."""
    path = np.asarray(path, float)
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0.0, length[-1], count)
    return np.column_stack([np.interp(at, length, path[:, k]) for k in range(2)])
