"""A canvas to draw on, and what a network sees of it."""

from __future__ import annotations

import numpy as np

FINE = 4  # canvas cells per pixel of a small picture: what is drawn is averaged, as scanned digits were


def blank(picture: tuple[int, int] | None) -> np.ndarray:
    """An empty canvas for pictures of this shape; one cell where there are none."""
    if picture is None:
        return np.zeros((1, 1))
    fine = FINE if max(picture) <= 16 else 1
    return np.zeros((picture[0] * fine, picture[1] * fine))


def stroke(canvas: np.ndarray, row: int, column: int, value: float) -> None:
    """Set a round spot as thick as a pen is on such a picture."""
    radius = max(canvas.shape) / 16
    rows, columns = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    canvas[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = value


def enlarged(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A picture blown up to the canvas, cell by cell."""
    return np.kron(image, np.ones((shape[0] // image.shape[0], shape[1] // image.shape[1])))


def reduced(canvas: np.ndarray, picture: tuple[int, int], drawn: bool) -> np.ndarray:
    """What the network sees: block means. A drawing is first moved and scaled to fill the height, as scanned digits are."""
    if drawn and canvas.any():
        canvas = _fitted(canvas)
    rows, columns = canvas.shape[0] // picture[0], canvas.shape[1] // picture[1]
    return canvas.reshape(picture[0], rows, picture[1], columns).mean((1, 3)).astype(np.float32)


def _fitted(canvas: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(canvas.any(1)), np.flatnonzero(canvas.any(0))
    part = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = canvas.shape
    scale = min(height / part.shape[0], width / part.shape[1])
    tall, wide = max(1, round(part.shape[0] * scale)), max(1, round(part.shape[1] * scale))
    r = np.minimum((np.arange(tall) / scale).astype(int), part.shape[0] - 1)
    c = np.minimum((np.arange(wide) / scale).astype(int), part.shape[1] - 1)
    out = np.zeros_like(canvas)
    top, left = (height - tall) // 2, (width - wide) // 2
    out[top : top + tall, left : left + wide] = part[np.ix_(r, c)]
    return out
