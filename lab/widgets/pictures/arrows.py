"""Arrows at places of a plane: forces, gradients, a policy. Heads keep their size on the screen, shafts have that of the data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from lab.errors import ModelError
from lab.widgets import theme
from lab.widgets.pictures.texts import zoom_of

HEAD = 7.0  # px
STUB = 1.5  # px: a shorter arrow has no direction to be seen, it is a dot


def arrows_of(value: Any, stream: str, owner: str) -> np.ndarray:
    """The arrows (n, 4 or 5) of a snapshot; raises ModelError with the shape that it has."""
    data = np.asarray(value, float)
    if data.size == 0:
        return np.empty((0, 4))
    if data.ndim != 2 or data.shape[1] not in (4, 5):
        raise ModelError(f"{owner}: the arrows '{stream}' must have shape (n, 4 or 5): x, y, dx, dy, class (got {data.shape}).")
    return data


class ArrowsItem(pg.GraphicsObject):
    """Draws arrows (n, 4 or 5) in data coordinates."""

    def __init__(self) -> None:
        super().__init__()
        self.data = np.empty((0, 4))
        self._area = QRectF()

    def set_arrows(self, data: np.ndarray, area: QRectF) -> None:
        """Other arrows; `area` is the range that is shown."""
        self.data = data
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        self.update()

    def boundingRect(self) -> QRectF:
        """The shown range."""
        return self._area

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Shafts and heads, in pixels."""
        if not len(self.data):
            return
        transform = painter.transform()
        zoom = zoom_of(self, transform)
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.current()
        classes = np.nan_to_num(self.data[:, 4]).astype(int) if self.data.shape[1] == 5 else np.full(len(self.data), -1)
        for k in np.unique(classes).tolist():
            ink = theme.colour("text" if k < 0 else f"series{k}")
            shafts, heads = QPainterPath(), QPainterPath()
            for x, y, dx, dy in self.data[classes == k, :4].tolist():
                if math.isfinite(x + y + dx + dy):
                    _one(shafts, heads, transform.map(QPointF(x, y)), transform.map(QPointF(x + dx, y + dy)), zoom)
            painter.strokePath(shafts, QPen(ink, look.stroke * zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.fillPath(heads, ink)
        painter.setTransform(transform)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _one(shafts: QPainterPath, heads: QPainterPath, tail: QPointF, tip: QPointF, zoom: float) -> None:
    across, down = tip.x() - tail.x(), tip.y() - tail.y()
    length = math.hypot(across, down)
    if length < STUB * zoom:
        heads.addEllipse(tail, 1.2 * zoom, 1.2 * zoom)
        return
    head = min(HEAD * zoom, 0.6 * length)
    ux, uy = across / length, down / length
    neck = QPointF(tip.x() - head * ux, tip.y() - head * uy)
    shafts.moveTo(tail)
    shafts.lineTo(neck)
    wide = 0.5 * head
    heads.addPolygon(
        QPolygonF([tip, QPointF(neck.x() - wide * uy, neck.y() + wide * ux), QPointF(neck.x() + wide * uy, neck.y() - wide * ux)])
    )
    heads.closeSubpath()
