"""Pictures that vectors were made from: as the points of a map, and as the neighbours of the chosen one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.embedding.raster import View, project
from lab.units import number
from lab.widgets import theme

SIDE = 20.0  # px of a picture on the map
APART = 0.75  # of its side, from one picture to the next
LEAST = 300  # px: a map that is smaller shows marks
MOST = 20_000  # points of which pictures are kept
ACROSS = 64  # pictures beside each other on a sheet
NEIGHBOURS = 40  # px of a neighbour


def grey_levels(pictures: np.ndarray) -> np.ndarray:
    """(n, h, w) numbers as 0..1, all on one scale."""
    values = np.nan_to_num(np.asarray(pictures, float))
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


@dataclass
class Sheet:
    """Pictures of points on one image, in the colours of their classes on nothing."""

    image: QImage
    wide: int
    tall: int

    def place(self, row: int) -> QRectF:
        """Where the picture of a row lies on the image."""
        return QRectF(row % ACROSS * self.wide, row // ACROSS * self.tall, self.wide, self.tall)


def sheet_of(pictures: np.ndarray, colours: np.ndarray) -> Sheet:
    """The sheet of pictures (n, h, w) with colours (n, 3) uint8."""
    count, tall, wide = pictures.shape
    strength = (255 * grey_levels(pictures)).astype(np.uint8)
    down = math.ceil(count / ACROSS)
    pixels = np.zeros((down, tall, ACROSS, wide, 4), np.uint8)
    rows, columns = np.divmod(np.arange(count), ACROSS)
    pixels[rows, :, columns, :, :3] = colours[:, None, None, :]
    pixels[rows, :, columns, :, 3] = strength
    pixels = np.ascontiguousarray(pixels.reshape(down * tall, ACROSS * wide, 4))
    image = QImage(pixels.data, ACROSS * wide, down * tall, 4 * ACROSS * wide, QImage.Format.Format_RGBA8888)
    return Sheet(image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied), wide, tall)


def thinned(points: np.ndarray, view: View, visible: np.ndarray | None, first: Sequence[int] = ()) -> np.ndarray:
    """Rows that are shown as pictures: in each small square of the screen one, those of `first` before the others."""
    if min(view.width, view.height) < LEAST:
        return np.empty(0, np.int64)
    at = project(points, view)[:, :2]
    seen = np.isfinite(at).all(1) & (at > -SIDE).all(1) & (at < (view.width + SIDE, view.height + SIDE)).all(1)
    if visible is not None:
        seen &= visible
    rows = np.flatnonzero(seen)
    if len(first):
        early = np.isin(rows, np.asarray(first, np.int64))
        rows = np.concatenate([rows[early], rows[~early]])
    cells = np.floor(at[rows] / (APART * SIDE)).astype(np.int64)
    _, chosen = np.unique(cells[:, 0] * 100_003 + cells[:, 1], return_index=True)
    return rows[np.sort(chosen)]


def paint_tiles(painter: QPainter, sheet: Sheet, points: np.ndarray, rows: np.ndarray, view: View, faded: np.ndarray | None) -> None:
    """The pictures of some rows at their places."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    side = SIDE * theme.current().text / 13
    wide, tall = (side, side * sheet.tall / sheet.wide) if sheet.wide >= sheet.tall else (side * sheet.wide / sheet.tall, side)
    for row, (x, y) in zip(rows.tolist(), project(points[rows], view)[:, :2].tolist(), strict=True):
        painter.setOpacity(0.25 if faded is not None and faded[row] else 1.0)
        painter.drawImage(QRectF(x - wide / 2, y - tall / 2, wide, tall), sheet.image, sheet.place(row))
    painter.setOpacity(1.0)


def lost(points: np.ndarray, row: int, neighbours: Sequence[int]) -> set[int]:
    """Which of the true neighbours of a row are not among as many nearest ones on the map."""
    away = ((points - points[row]) ** 2).sum(1)
    away[row] = np.inf
    near = np.argpartition(away, min(len(neighbours), len(away) - 1))[: len(neighbours)]
    return set(neighbours) - set(near.tolist())


class Neighbours(QWidget):
    """True neighbours of a point as pictures with their distances; a cross on each that the map has put elsewhere. A click goes there."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.entries: list[tuple[int, QImage, float, bool]] = []  # row, picture, distance, whether the map lost it
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.setAccessibleName("True neighbours")
        self.hide()

    def show_neighbours(self, found: Sequence[tuple[int, float]], pictures: np.ndarray | None, away: set[int]) -> None:
        """(row, distance) nearest first with the pictures (n, h, w) of all rows; none hides it, as does what is no picture."""
        pictures = pictures if pictures is not None and pictures.ndim == 3 else None
        known = [(row, value) for row, value in found if pictures is not None and row < len(pictures)]
        grey = (255 * grey_levels(pictures[[row for row, _ in known]])).astype(np.uint8) if known and pictures is not None else ()
        self.entries = []
        for (row, value), levels in zip(known, grey, strict=True):
            levels = np.ascontiguousarray(levels)
            image = QImage(levels.data, levels.shape[1], levels.shape[0], levels.shape[1], QImage.Format.Format_Grayscale8).copy()
            self.entries.append((row, image, value, row in away))
        gone = sum(entry[3] for entry in self.entries)
        self.setAccessibleDescription(f"{len(self.entries)} true neighbours, {gone} of them not among the nearest on the map")
        self.setToolTip("A cross: not among as many nearest ones on the map" if gone else "")
        self.setVisible(bool(self.entries))
        self.updateGeometry()
        self.update()

    def _across(self) -> int:
        return max(1, int(self.width() // (NEIGHBOURS + 8)))

    def _box(self, k: int) -> QRectF:
        across, line = self._across(), NEIGHBOURS + theme.current().caption + 10
        return QRectF(2 + k % across * (NEIGHBOURS + 8), 2 + k // across * line, NEIGHBOURS, NEIGHBOURS)

    def resizeEvent(self, event: Any) -> None:
        """Other lines."""
        super().resizeEvent(event)
        self.updateGeometry()

    def _tall(self, lines: int) -> int:
        return lines * (NEIGHBOURS + theme.current().caption + 10) + 4

    def sizeHint(self) -> QSize:
        """All of them."""
        return QSize(4 * (NEIGHBOURS + 8), self._tall(math.ceil(len(self.entries) / self._across())))

    def minimumSizeHint(self) -> QSize:
        """The nearest ones."""
        return QSize(NEIGHBOURS + 8, self._tall(1))

    def _seen(self, k: int) -> bool:
        """Whether one has room with its number: the nearest are shown first."""
        return self._box(k).bottom() + theme.current().caption + 4 <= self.height()

    def paintEvent(self, event: Any) -> None:
        """Pictures, distances, crosses."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.current()
        painter.setFont(theme.mono_font(look.caption - 1))
        for k, (_, image, value, gone) in enumerate(self.entries):
            if not self._seen(k):
                break
            box = self._box(k)
            painter.drawImage(box, image)
            painter.setPen(QPen(theme.colour("warn" if gone else "line"), 2 if gone else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
            if gone:
                middle = QPointF(box.right() - 1, box.top() + 1)
                painter.setBrush(theme.colour("surface"))
                painter.drawEllipse(middle, 6, 6)
                for way in (1, -1):
                    painter.drawLine(middle + QPointF(-2.5, -2.5 * way), middle + QPointF(2.5, 2.5 * way))
            painter.setPen(theme.colour("muted"))
            words = QRectF(box.left() - 4, box.bottom() + 1, box.width() + 8, look.caption + 4)
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, number(value, 3))
        painter.end()

    def mouseReleaseEvent(self, event: Any) -> None:
        """Go to the one that was clicked."""
        row = next((entry[0] for k, entry in enumerate(self.entries) if self._seen(k) and self._box(k).contains(event.position())), -1)
        if row >= 0:
            self.picked.emit(row)
