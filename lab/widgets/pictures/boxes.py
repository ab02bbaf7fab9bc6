"""A scheme: named boxes and the ways between them; what is at work is lit, and a way that leads back is dashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from lab.widgets import theme
from lab.widgets.pictures.texts import zoom_of

PAD, ROUND, HEAD = 12.0, 6.0, 7.0  # px


class Boxes(pg.GraphicsObject):
    """Boxes at data coordinates in the size of the screen; the second line of a name is muted."""

    def __init__(self) -> None:
        super().__init__()
        self._at, self._ways, self._lit = np.empty((0, 2)), np.empty((0, 2), int), np.empty(0, bool)
        self._names: Sequence[str] = ()
        self._area = QRectF()

    def set_boxes(self, at: np.ndarray, names: Sequence[str], lit: np.ndarray, ways: np.ndarray, area: QRectF) -> None:
        """Places (n, 2) with their names, which of them are lit (n,), and ways (m, 2) from box to box; `area` is what is shown."""
        self.prepareGeometryChange()
        self._at, self._names, self._lit, self._ways, self._area = at, names, lit, ways, area
        self.update()

    def boundingRect(self) -> QRectF:
        """The shown range."""
        return self._area

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Ways first, boxes over them."""
        if not len(self._names):
            return
        transform = painter.transform()
        painter.resetTransform()
        zoom = zoom_of(self, transform)
        look = theme.current()
        large: QFont = theme.sans_font(round(look.text * zoom), QFont.Weight.DemiBold)
        small: QFont = theme.sans_font(round(look.caption * zoom))
        corner = transform.mapRect(self._area).adjusted(3 * zoom, 3 * zoom, -3 * zoom, -3 * zoom)
        boxes = [self._box(k, transform, large, small, zoom, corner) for k in range(len(self._names))]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for source, target in self._ways:
            self._draw_way(painter, boxes[source], boxes[target], zoom)
        for box, name, lit in zip(boxes, self._names, self._lit, strict=True):
            painter.setPen(QPen(theme.colour("accent" if lit else "line"), (2.0 if lit else 1.0) * zoom))
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(box, ROUND * zoom, ROUND * zoom)
            if lit:
                painter.setBrush(theme.colour("accent", 0.18))
                painter.drawRoundedRect(box, ROUND * zoom, ROUND * zoom)
            first, *more = name.split("\n")
            rows = [(first, large, "text"), *((each, small, "muted") for each in more)]
            heights = [QFontMetricsF(font).height() for _, font, _ in rows]
            top = box.center().y() - sum(heights) / 2
            for (words, font, ink), height in zip(rows, heights, strict=True):
                painter.setFont(font)
                painter.setPen(theme.colour(ink))
                painter.drawText(QRectF(box.left(), top, box.width(), height), Qt.AlignmentFlag.AlignCenter, words)
                top += height
        painter.setTransform(transform)

    def _box(self, k: int, transform: Any, large: QFont, small: QFont, zoom: float, corner: QRectF) -> QRectF:
        """Where a box stands: around its place, but inside of what is shown."""
        first, _, second = self._names[k].partition("\n")
        wide = max(QFontMetricsF(large).horizontalAdvance(first), QFontMetricsF(small).horizontalAdvance(second))
        tall = QFontMetricsF(large).height() + (QFontMetricsF(small).height() if second else 0.0)
        box = QRectF(0.0, 0.0, wide + 2 * PAD * zoom, tall + PAD * zoom)
        box.moveCenter(transform.map(QPointF(*map(float, self._at[k]))))
        box.translate(max(0.0, corner.left() - box.left()) + min(0.0, corner.right() - box.right()), 0.0)
        box.translate(0.0, max(0.0, corner.top() - box.top()) + min(0.0, corner.bottom() - box.bottom()))
        return box

    def _draw_way(self, painter: QPainter, source: QRectF, target: QRectF, zoom: float) -> None:
        back = source.center().x() > target.center().x()
        start = QPointF(source.left() if back else source.right(), source.center().y())
        end = QPointF(target.right() if back else target.left(), target.center().y())
        pen = QPen(theme.colour("accent" if back else "muted"), (2.0 if back else 1.4) * zoom)
        if back:
            pen.setDashPattern([4.0, 3.0])
        toward = -1.0 if back else 1.0
        foot = QPointF(end.x() - toward * HEAD * zoom, end.y())
        bend = 0.5 * (foot.x() - start.x())
        way = QPainterPath(start)
        way.cubicTo(QPointF(start.x() + bend, start.y()), QPointF(foot.x() - bend, foot.y()), foot)
        painter.strokePath(way, pen)
        head = QPainterPath(end)
        head.lineTo(foot.x(), end.y() - 0.6 * HEAD * zoom)
        head.lineTo(foot.x(), end.y() + 0.6 * HEAD * zoom)
        head.closeSubpath()
        painter.fillPath(head, theme.colour("accent" if back else "muted"))
