"""Many points as an image: stamped into an array of pixels, the same on screen, off screen and in exports."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.widgets import theme
from lab.widgets.pictures.texts import zoom_of

SPOTS = {
    1: ((0, 0),),
    2: ((0, 0), (1, 0), (0, 1), (1, 1)),
    3: ((0, -1), (-1, 0), (0, 0), (1, 0), (0, 1)),
    4: tuple((i, j) for i in (-1, 0, 1, 2) for j in (-1, 0, 1, 2) if (i, j) not in ((-1, -1), (2, -1), (-1, 2), (2, 2))),
}


class Canvas:
    """An RGBA array over a rectangle of data coordinates; row 0 is at the lower end of y."""

    def __init__(self, field: pg.ViewBox, ratio: float = 1.0):
        (self.x0, self.x1), (self.y0, self.y1) = field.viewRange()
        self.width = max(8, int(field.width() * ratio))
        self.height = max(8, int(field.height() * ratio))
        self.ratio = ratio
        self.pixels = np.zeros((self.height, self.width, 4), np.uint8)

    @property
    def rect(self) -> QRectF:
        """Where the pixels lie."""
        return QRectF(self.x0, self.y0, self.x1 - self.x0, self.y1 - self.y0)

    def stamp(self, x: np.ndarray, y: np.ndarray, colours: np.ndarray, size: int = 2) -> None:
        """Put a spot of `size` pixels at each point; `colours` is one RGBA row, or one per point. Later ones lie on top."""
        with np.errstate(invalid="ignore", divide="ignore"):
            column = np.floor((x - self.x0) / (self.x1 - self.x0) * self.width)
            row = np.floor((y - self.y0) / (self.y1 - self.y0) * self.height)
            inside = (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
        column, row = column[inside].astype(np.intp), row[inside].astype(np.intp)
        paint = colours[inside] if colours.ndim == 2 else colours
        for i, j in SPOTS[min(4, max(1, round(size * self.ratio)))]:
            c, r = column + i, row + j
            np.clip(c, 0, self.width - 1, out=c)
            np.clip(r, 0, self.height - 1, out=r)
            self.pixels[r, c] = paint


def rgba(colour: QColor | str, alpha: float | None = None) -> np.ndarray:
    """A colour as a row of four bytes."""
    made = theme.colour(colour) if isinstance(colour, str) else colour
    return np.array([made.red(), made.green(), made.blue(), made.alpha() if alpha is None else round(255 * alpha)], np.uint8)


class Points(pg.ScatterPlotItem):
    """Points drawn one by one; a click goes through them to the picture, which knows what it means."""

    def mouseClickEvent(self, ev: Any) -> None:
        """Not mine."""
        ev.ignore()


class Marks(pg.GraphicsObject):
    """A few equal symbols at data coordinates, in pixels; far cheaper to feed each frame than a scatter item."""

    def __init__(self) -> None:
        super().__init__()
        self._at: list[tuple[float, float]] = []
        self._area = QRectF()
        self._shape = Symbols["o"]
        self._size, self._fill, self._edge = 7.0, QColor(), QPen(Qt.PenStyle.NoPen)

    def set_look(self, symbol: str, size: float, fill: QColor, edge: QPen) -> None:
        """Shape, size in pixels, colour and outline (its width in pixels)."""
        self._shape, self._size, self._fill, self._edge = Symbols[symbol], size, fill, edge
        self.update()

    def set_points(self, x: np.ndarray, y: np.ndarray, area: QRectF) -> None:
        """Where the symbols stand; `area` is the range that is shown."""
        self._at = [(px, py) for px, py in zip(x.tolist(), y.tolist(), strict=True) if math.isfinite(px) and math.isfinite(py)]
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        self.update()

    def points(self) -> list[tuple[float, float]]:
        """The places of the symbols."""
        return self._at

    def boundingRect(self) -> QRectF:
        """The shown range."""
        return self._area

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Stamp the symbol at each place, as large as on the screen whatever the zoom."""
        transform = painter.transform()
        zoom = zoom_of(self, transform)
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPen(self._edge)
        edge.setWidthF(self._edge.widthF() / self._size)  # the shape is scaled, its outline with it
        edge.setCosmetic(False)
        painter.setPen(edge)
        painter.setBrush(self._fill)
        for x, y in self._at:
            at = transform.map(QPointF(x, y))
            painter.translate(at)
            painter.scale(self._size * zoom, self._size * zoom)
            painter.drawPath(self._shape)
            painter.resetTransform()
        painter.setTransform(transform)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class DotsItem(pg.ImageItem):
    """Shows a `Canvas`."""

    def show_canvas(self, canvas: Canvas) -> None:
        """Take over its pixels."""
        self.setImage(canvas.pixels, autoLevels=False, levels=None)
        self.setRect(canvas.rect)
