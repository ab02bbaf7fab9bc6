"""One window of a convolution, number by number: where it stands, what lies under it, the kernel, and the cell of the map it makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.model import Layer, Picture, Stream
from lab.units import number

STREAMS = (
    Stream("looked at", "image", "", "The picture as the network reads it."),
    Stream("window", "curve", "", "The pixels that the kernel reads now."),
    Stream("sum", "matrices", "", "Window times kernel, added up: one cell of the map."),
    Stream("map now", "image", "", "The map of the chosen kernel."),
    Stream("here", "curve", "", "The cell that the window makes."),
)


def pictures() -> tuple[Picture, ...]:
    """The window on the picture, the arithmetic, and the cell on the map: the same frame in all."""
    frame: dict[str, Any] = {"series": (1,)}
    return (
        Picture("looked at", "Window", (Layer("looked at"), Layer("window", **frame)), colours="grey", levels=(0.0, 1.0), drag="move_window", click="move_window",
                front=True, weight=0.74, doc="Drag the window over the picture."),
        Picture("sum", "Window times kernel", (Layer("sum"),), front=True, weight=1.6, figures=("kernel",)),
        Picture("map now", "Map of the kernel", (Layer("map now"), Layer("here", **frame)), pick="stand", front=True, doc="Click a cell: the window goes where it was made."),
    )  # fmt: skip


def box(row: float, column: float, side: int) -> np.ndarray:
    """(2, 5) outline of a square of cells, x is the column."""
    x, y = column - 0.5, row - 0.5
    return np.array([[x, x + side, x + side, x, x], [y, y, y + side, y + side, y]])


def shown(
    stream: str, picture: np.ndarray, kernel: np.ndarray, bias: float, mapped: np.ndarray, place: tuple[int, int], follows: str
) -> Any:
    """What a stream of STREAMS shows: `mapped` is the whole map, after what `follows` the sum."""
    (row, column), half = place, len(kernel) // 2
    if stream == "looked at":
        return picture
    if stream == "window":
        return box(row - half, column - half, len(kernel))
    if stream == "map now":
        return mapped
    if stream == "here":
        return box(row, column, 1)
    window = np.pad(picture, half)[row : row + len(kernel), column : column + len(kernel)]
    products = window * kernel
    total = float(products.sum())
    note = f"Row {row}, column {column}: the {products.size} products add up to {number(total, 3)}; with the bias {number(bias, 3)} that is {number(total + bias, 3)}"
    return [
        {"name": "", "values": None, "note": f"{note}{follows}."},
        {"name": "window", "at": (0, 0), "values": window, "note": "what lies under the window; zeros beyond the edge"},
        {"name": "kernel", "at": (0, 1), "values": kernel, "note": "the same weights at every place"},
        {"name": "products", "at": (1, 0), "values": products, "lit": True, "note": "each pixel times its weight"},
        {"name": "cell", "at": (1, 1), "values": mapped[row : row + 1, column : column + 1], "lit": True, "note": "one cell of the map"},
    ]
