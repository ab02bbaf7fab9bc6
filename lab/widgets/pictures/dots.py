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

FEW = 8  # symbols that are drawn again one by one
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

    _given: tuple[np.ndarray, np.ndarray, dict[str, Any]] | None = None

    def show_points(self, x: np.ndarray, y: np.ndarray, **look: Any) -> None:
        """Put points there, unless they are there already: each time they are made anew, one by one."""
        given = self._given
        if given is None or given[2] != look or not (np.array_equal(given[0], x) and np.array_equal(given[1], y)):
            self._given = (x, y, look)
            self.setData(x=x, y=y, **look)

    def mouseClickEvent(self, ev: Any) -> None:
        """Not mine."""
        ev.ignore()


class Marks(pg.GraphicsObject):
    """A few equal symbols at data coordinates, in pixels; far cheaper to feed each frame than a scatter item."""

    def __init__(self) -> None:
        super().__init__()
        self._at: list[tuple[float, float]] = []
        self._area = QRectF()
        self._look: tuple[str, float, QColor, QPen] = ("o", 7.0, QColor(), QPen(Qt.PenStyle.NoPen))
        self._pixel: tuple[float, float] | None = None  # the size of one where they were drawn last

    def set_look(self, symbol: str, size: float, fill: QColor, edge: QPen) -> None:
        """Shape, size in pixels, colour and outline (its width in pixels)."""
        look = (symbol, size, fill, edge)
        if look != self._look:
            self._look = look
            self.update()

    def set_points(self, x: np.ndarray, y: np.ndarray, area: QRectF) -> None:
        """Where the symbols stand; `area` is the range that is shown."""
        before = self._at
        self._at = [(px, py) for px, py in zip(x.tolist(), y.tolist(), strict=True) if math.isfinite(px) and math.isfinite(py)]
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
            self.update()
        elif self._at != before:
            self._redraw({*before, *self._at})

    def _redraw(self, places: set[tuple[float, float]]) -> None:
        """Draw again, only around these places where they are few: the rest of the picture need not be."""
        if self._pixel is None or len(places) > FEW:
            self.update()
            return
        reach = self._look[1] + self._look[3].widthF() + 2.0
        wide, tall = reach * self._pixel[0], reach * self._pixel[1]
        for x, y in places:
            self.update(QRectF(x - wide, y - tall, 2.0 * wide, 2.0 * tall))

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
        self._pixel = (zoom / (abs(transform.m11()) or 1.0), zoom / (abs(transform.m22()) or 1.0))
        symbol, size, fill, outline = self._look
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPen(outline)
        edge.setWidthF(outline.widthF() / size)  # the shape is scaled, its outline with it
        edge.setCosmetic(False)
        painter.setPen(edge)
        painter.setBrush(fill)
        for x, y in self._at:
            at = transform.map(QPointF(x, y))
            painter.translate(at)
            painter.scale(size * zoom, size * zoom)
            painter.drawPath(Symbols[symbol])
            painter.resetTransform()
        painter.setTransform(transform)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class DotsItem(pg.ImageItem):
    """Shows a `Canvas`."""

    def show_canvas(self, canvas: Canvas) -> None:
        """Take over its pixels."""
        self.setImage(canvas.pixels, autoLevels=False, levels=None)
        self.setRect(canvas.rect)
