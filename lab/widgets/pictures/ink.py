"""The item that draws lines, areas and ticks: on the screen by a compiled kernel into one image, in exports as vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from lab.display import strokes as drawn
from lab.display.strokes import AREA, EVERYWHERE, LINE, NOWHERE, TICKS, Batch, Canvas, premultiplied

KINDS = {"line": LINE, "area": AREA, "ticks": TICKS}
SOLID: tuple[float, ...] = ()


@dataclass(frozen=True)
class Stroke:
    """One thing to draw, in drawn coordinates; NaN breaks a line.

    area   fill between the line and `level`; ticks: upright strokes of half height `level` at each point
    width  in pixels; dashes: lengths on and off in pixels
    """

    x: np.ndarray
    y: np.ndarray
    colour: QColor
    width: float = 2.0
    dashes: tuple[float, ...] = SOLID
    kind: Literal["line", "area", "ticks"] = "line"
    level: float = 0.0


class Ink(pg.GraphicsObject):
    """Draws strokes, the first at the back; on the screen only the columns of pixels in which something is different."""

    def __init__(self) -> None:
        super().__init__()
        self.strokes: tuple[Stroke, ...] = ()
        self._batch = Batch.of(())
        self._area = QRectF()
        self._canvas: Canvas | None = None
        self._scale: tuple[float, ...] = ()  # of the pixels that are kept
        self._ratio = 1.0
        self._stale = EVERYWHERE  # between which places they are not what should be seen
        self._exporting = False

    def set_strokes(self, strokes: Sequence[Stroke], area: QRectF) -> None:
        """Other strokes; `area` is the range that is shown."""
        self.strokes = tuple(strokes)
        batch = Batch.of([(s.x, s.y, KINDS[s.kind], _ink(s.colour), s.width, s.level, s.dashes) for s in self.strokes])
        low, high = drawn.changed(self._batch, batch)
        self._batch = batch
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
            low, high = EVERYWHERE
        if (low, high) == NOWHERE:
            return
        self._stale = min(low, self._stale[0]), max(high, self._stale[1])
        if self._scale and math.isfinite(low) and math.isfinite(high):
            beside = (batch.reach + 1.0) * self._ratio / (abs(self._scale[0]) or 1.0)
            self.update(QRectF(low - beside, area.top(), high - low + 2.0 * beside, area.height()))
        else:
            self.update()

    def boundingRect(self) -> QRectF:
        """The shown range."""
        return self._area

    def setExportMode(self, export: bool, opts: Any = None) -> None:
        """Vectors instead of pixels."""
        self._exporting = export

    def paint(self, painter: QPainter, *_: Any) -> None:
        """All strokes."""
        if not self.strokes:
            return
        transform = QTransform(painter.transform())
        painter.resetTransform()
        (self._vectors if self._exporting else self._pixels)(painter, transform)
        painter.setTransform(transform)

    # -- pixels --

    def _pixels(self, painter: QPainter, transform: QTransform) -> None:
        ratio = painter.device().devicePixelRatioF()
        seen = transform.mapRect(self._area)
        left, top = math.floor(seen.left() * ratio), math.floor(seen.top() * ratio)
        wide, tall = math.ceil(seen.right() * ratio) - left, math.ceil(seen.bottom() * ratio) - top
        if wide < 1 or tall < 1:
            return
        if self._canvas is None or (self._canvas.width, self._canvas.height) != (wide, tall):
            self._canvas, self._scale = Canvas(wide, tall), ()
        canvas = self._canvas
        scale = (transform.m11() * ratio, transform.dx() * ratio - left, transform.m22() * ratio, transform.dy() * ratio - top)
        if scale != self._scale:
            self._scale, self._ratio, self._stale = scale, ratio, EVERYWHERE
        if self._stale != NOWHERE:
            ends = sorted(scale[0] * x + scale[1] for x in self._stale)
            beside = self._batch.reach * ratio
            canvas.draw(self._batch, scale, ratio, (ends[0] - beside, ends[1] + beside))
            self._stale = NOWHERE
        image = QImage(canvas.pixels.data, canvas.width, canvas.height, 4 * canvas.width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(left / ratio, top / ratio), image)

    # -- vectors --

    def _vectors(self, painter: QPainter, transform: QTransform) -> None:
        own = abs(self.sceneTransform().m11())
        zoom = abs(transform.m11()) / own if own else 1.0  # exports scale everything, so widths as well
        painter.save()
        painter.setClipRect(transform.mapRect(self._area))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in self.strokes:
            x = stroke.x * transform.m11() + transform.dx()
            y = stroke.y * transform.m22() + transform.dy()
            if stroke.kind == "area":
                painter.fillPath(_under(x, y, stroke.level * transform.m22() + transform.dy()), stroke.colour)
                continue
            pen = QPen(stroke.colour, stroke.width * zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            if stroke.dashes:
                pen.setDashPattern([d / stroke.width for d in stroke.dashes])
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if stroke.kind == "ticks":
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                half = abs(stroke.level * transform.m22())
                path = QPainterPath()
                for a, b in zip(x.tolist(), y.tolist(), strict=True):
                    path.moveTo(a, b - half)
                    path.lineTo(a, b + half)
            else:
                path = _path(x, y)
            painter.strokePath(path, pen)
        painter.restore()


def _ink(colour: QColor) -> int:
    return premultiplied(colour.red(), colour.green(), colour.blue(), colour.alphaF())


def _pieces(x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parts of a line between its gaps."""
    good = np.isfinite(x) & np.isfinite(y)
    if good.all():
        return [(x, y)] if len(x) else []
    edges = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
    return [(a, b) for a, b, g in zip(np.split(x, edges), np.split(y, edges), np.split(good, edges), strict=True) if g[0]]


def _path(x: np.ndarray, y: np.ndarray) -> QPainterPath:
    path = QPainterPath()
    for a, b in _pieces(x, y):
        path.addPolygon(QPolygonF([QPointF(px, py) for px, py in zip(a.tolist(), b.tolist(), strict=True)]))
    return path


def _under(x: np.ndarray, y: np.ndarray, level: float) -> QPainterPath:
    path = QPainterPath()
    for a, b in _pieces(x, y):
        points = [QPointF(px, py) for px, py in zip(a.tolist(), b.tolist(), strict=True)]
        path.addPolygon(QPolygonF([QPointF(a[0], level), *points, QPointF(a[-1], level)]))
        path.closeSubpath()
    return path
