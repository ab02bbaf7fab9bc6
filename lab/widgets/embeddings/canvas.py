"""The map one moves about in: drag, turn, zoom, hover, click, draw a lasso or a path."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from lab.embedding.raster import View, fit_view, lasso, pick, project
from lab.widgets import spoken, theme
from lab.widgets.embeddings.drawing import Scene, paint_scene
from lab.widgets.pictures.pointing import ENTER, that_way

MOVE, LASSO, PATH = "move", "lasso", "path"
SLACK = 0.15  # a map that moves is fitted anew only when it leaves the place or fills too little of it
NEAR = 12.0


class MapCanvas(QWidget):
    """Shows a `Scene`.

    picked   a point was clicked (-1: beside all of them)
    chosen   a lasso was drawn: which points (n,) bool are inside
    walked   a path was drawn: its corners (m, 2) on the map
    placed   a place (x, y) of a flat map beside all points was clicked
    hovered  the point under the mouse, -1 for none
    over     where the mouse is while nothing is pressed, None once it is elsewhere
    """

    picked = Signal(int)
    chosen = Signal(object)
    walked = Signal(object)
    placed = Signal(float, float)
    hovered = Signal(int)
    over = Signal(object)
    moved = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.scene = Scene(np.empty((0, 2), np.float32), np.empty((0, 3), np.uint8))
        self.view = View(1, 1)
        self.tool = MOVE
        self.path = np.empty((0, 2))  # the path drawn last, on the map
        self.zoomed = False
        self.seconds = 0.0  # what the last drawing of the points took
        self.under = -1
        self._image: QImage | None = None
        self._stroke: list[QPointF] = []
        self._from: tuple[QPointF, View] | None = None
        self._pressed: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(120, 96)
        self.setAccessibleName("Map")

    # -- what is shown --

    def show_scene(self, scene: Scene) -> None:
        """Draw another scene; the view follows it unless a person has moved it."""
        other = scene.points.shape[1] != self.scene.points.shape[1] or not len(self.scene.points)
        if other:
            self.zoomed = False
        self.scene = scene
        if not self.zoomed:
            self._follow(scene, force=other)
        self.redraw()

    def redraw(self) -> None:
        """Forget the drawn points."""
        self._image = None
        self.update()

    def fit(self) -> None:
        """Show everything that is visible."""
        self.zoomed = False
        self._follow(self.scene, force=True)
        self.redraw()
        self.moved.emit()

    def _finite(self, scene: Scene) -> np.ndarray:
        points = scene.points if scene.visible is None else scene.points[scene.visible]
        finite = np.isfinite(points).all(1)
        return points if finite.all() else points[finite]

    def _follow(self, scene: Scene, force: bool = False) -> None:
        points = self._finite(scene)
        if not len(points):
            return
        aim = fit_view(points, max(1, self.width()), max(1, self.height()))
        old = self.view
        if len(aim.centre) > 2 and len(old.centre) > 2:
            aim = replace(aim, yaw=old.yaw, pitch=old.pitch)
        same = (old.width, old.height, len(old.centre)) == (aim.width, aim.height, len(aim.centre))
        off = np.abs(np.subtract(aim.centre, old.centre)).max() * old.scale if same else np.inf
        # A map that grows is followed sooner than one that shrinks: nothing may be cut off.
        if force or not same or not (0.97 < aim.scale / old.scale < 1 + SLACK) or off > 0.04 * min(aim.width, aim.height):
            self.view = aim

    def look(self, view: View) -> None:
        """Look from somewhere."""
        self.view = replace(view, width=max(1, self.width()), height=max(1, self.height()))
        self.zoomed = True
        self.redraw()
        self.moved.emit()

    def centre_on(self, row: int) -> None:
        """Bring a point into the middle, a little nearer."""
        if not 0 <= row < len(self.scene.points):
            return
        whole = fit_view(self._finite(self.scene), max(1, self.width()), max(1, self.height()))
        at = tuple(float(v) for v in self.scene.points[row])
        self.look(replace(self.view, centre=at, scale=max(self.view.scale, 1.8 * whole.scale)))

    def frame(self, places: np.ndarray) -> None:
        """Come near enough to see some places (m, 2 or 3) of the map apart; show everything where one of them is out of sight."""
        places = np.asarray(places, np.float32)
        places = places[np.isfinite(places).all(1)]
        if len(places) < 2:
            return
        wide, tall = max(1, self.width()), max(1, self.height())
        pixels = project(places, self.view)[:, :2]
        span = float(np.ptp(pixels, axis=0).max())
        outside = (pixels < 0).any() or (pixels > (wide, tall)).any()
        if span < 0.4 * min(wide, tall):
            whole = fit_view(self._finite(self.scene), wide, tall)
            scale = min(self.view.scale * 0.6 * min(wide, tall) / max(span, 1.0), 8 * whole.scale)
            self.look(replace(self.view, centre=tuple(float(v) for v in (places.min(0) + places.max(0)) / 2), scale=scale))
        elif outside:
            self.fit()

    def set_tool(self, tool: str) -> None:
        """move, lasso or path."""
        self.tool = tool
        self._stroke = []
        self.setCursor(Qt.CursorShape.CrossCursor if tool != MOVE else Qt.CursorShape.ArrowCursor)
        self.update()

    # -- drawing --

    def resizeEvent(self, event: Any) -> None:
        """The same place in another size."""
        old = self.view
        wide, tall = max(1, self.width()), max(1, self.height())
        ratio = min(wide, tall) / max(1, min(old.width, old.height))
        self.view = replace(old, width=wide, height=tall, scale=old.scale * (ratio if self.zoomed else 1.0))
        if not self.zoomed:
            self._follow(self.scene, force=True)
        self.redraw()

    def paintEvent(self, event: Any) -> None:
        """Points from the rasteriser, the rest with Qt."""
        began = time.perf_counter()
        painter = QPainter(self)
        if self._image is None:
            self._image = self.scene.image(self.view, self.devicePixelRatioF())
        paint_scene(painter, self.scene, self.view, self._image)
        self._paint_path(painter)
        self._paint_hover(painter)
        painter.end()
        self.seconds = time.perf_counter() - began

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The same map on any paint device."""
        ratio = min(area.width() / max(1, self.width()), area.height() / max(1, self.height()))
        view = replace(self.view, width=max(1, int(area.width())), height=max(1, int(area.height())), scale=self.view.scale * ratio)
        painter.save()
        painter.translate(area.topLeft())
        paint_scene(painter, self.scene, view, dense=2.0)
        painter.restore()

    def _paint_path(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.colour("accent"), theme.current().stroke + 0.5)
        if len(self.path) > 1 and self.scene.points.shape[1] == 2:
            places = project(np.asarray(self.path, np.float32), self.view)[:, :2].tolist()
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in places]))
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(QPointF(*places[0]), 4, 4)
        if len(self._stroke) > 1:
            painter.setBrush(theme.colour("accent", 0.12) if self.tool == LASSO else Qt.BrushStyle.NoBrush)
            pen.setDashPattern([4.0, 3.0])
            painter.setPen(pen)
            shape = QPolygonF(self._stroke)
            if self.tool == LASSO:
                painter.drawPolygon(shape)
            else:
                painter.drawPolyline(shape)

    def _paint_hover(self, painter: QPainter) -> None:
        if not 0 <= self.under < len(self.scene.points):
            return
        x, y, _ = project(self.scene.points[[self.under]], self.view)[0].tolist()
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("text"), look.stroke))
        painter.drawEllipse(QPointF(x, y), 8, 8)
        name = self.scene.names[self.under] if self.under < len(self.scene.names) else f"point {self.under}"
        font = theme.sans_font(look.text)
        measure = QFontMetricsF(font)
        wide, tall = measure.horizontalAdvance(name) + 16, measure.height() + 8
        left = min(max(4.0, x + 14), self.width() - wide - 4)
        top = min(max(4.0, y - tall - 6), self.height() - tall - 4)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(QColor(look.tokens.raised))
        painter.drawRoundedRect(QRectF(left, top, wide, tall), 6, 6)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left, top, wide, tall), Qt.AlignmentFlag.AlignCenter, name)

    # -- what a person does --

    def at(self, place: QPointF) -> int:
        """The point at a place of the widget, -1 where there is none."""
        if not len(self.scene.points):
            return -1
        return pick(self.scene.points, self.view, place.x(), place.y(), reach=NEAR, visible=self.scene.visible)

    def mousePressEvent(self, event: Any) -> None:
        """Begin a drag, a lasso or a path; a click only if nothing moves."""
        if event.button() == Qt.MouseButton.RightButton:
            event.ignore()
            return
        self._pressed = event.position()
        if self.tool == MOVE or event.button() == Qt.MouseButton.MiddleButton:
            self._from = (event.position(), self.view)
        else:
            self._stroke = [event.position()]

    def mouseMoveEvent(self, event: Any) -> None:
        """Drag the view, or go on with what is drawn."""
        place = event.position()
        self.over.emit(None if event.buttons() else place)
        if self._stroke:
            if (place - self._stroke[-1]).manhattanLength() > 3:
                self._stroke.append(place)
                self.update()
            return
        if self._from is not None and self._pressed is not None:
            if (place - self._pressed).manhattanLength() < 4 and not self.zoomed:
                return
            start, view = self._from
            d = place - start
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) or bool(event.buttons() & Qt.MouseButton.MiddleButton)
            self.under = -1
            self.look(self._panned(view, d.x(), d.y()) if len(view.centre) < 3 or shifted else view.turned(0.008 * d.x(), 0.008 * d.y()))
            return
        under = self.at(place)
        if under != self.under:
            self.under = under
            self.setCursor(
                Qt.CursorShape.CrossCursor
                if self.tool != MOVE
                else Qt.CursorShape.PointingHandCursor
                if under >= 0
                else Qt.CursorShape.ArrowCursor
            )
            self.hovered.emit(under)
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        """End of a drag, or a click."""
        stroke, self._stroke = self._stroke, []
        pressed, self._pressed, self._from = self._pressed, None, None
        still = pressed is not None and (event.position() - pressed).manhattanLength() < 4
        if event.button() == Qt.MouseButton.LeftButton and still:
            row = self.at(event.position())
            self.picked.emit(row)
            if row < 0 and self.scene.points.shape[1] == 2:
                self.placed.emit(*self.place(event.position()))
        elif len(stroke) > 2 and self.tool == LASSO:
            inside = lasso(self.scene.points, self.view, np.array([(p.x(), p.y()) for p in stroke]))
            self.chosen.emit(inside if self.scene.visible is None else inside & self.scene.visible)
        elif len(stroke) > 1 and self.tool == PATH and self.scene.points.shape[1] == 2:
            self.path = np.array([self.place(p) for p in stroke])
            self.walked.emit(self.path)
        self.update()

    def place(self, at: QPointF) -> tuple[float, float]:
        """The place on a flat map under a pixel."""
        v = self.view
        return v.centre[0] + (at.x() - v.width / 2) / v.scale, v.centre[1] + (v.height / 2 - at.y()) / v.scale

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Show everything again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: Any) -> None:
        """Zoom about the mouse."""
        turned = event.angleDelta().y()
        if turned:
            self.look(self.view.zoomed(1.0015**turned, event.position().x(), event.position().y()))
        event.accept()

    def leaveEvent(self, event: Any) -> None:
        """The mouse left."""
        self.over.emit(None)
        if self.under >= 0:
            self.under = -1
            self.hovered.emit(-1)
            self.update()

    def keyPressEvent(self, event: Any) -> None:
        """Arrows move or turn, with Shift they go from point to point, Enter picks one; plus and minus zoom, Home shows everything."""
        arrows = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        key = event.key()
        if key in arrows and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._go_to_point(-arrows[key][0], arrows[key][1])
        elif key in ENTER and self.under >= 0:
            self.picked.emit(self.under)
        elif key in arrows:
            x, y = arrows[key]
            self.look(self._panned(self.view, 40 * x, 40 * y) if len(self.view.centre) < 3 else self.view.turned(0.12 * x, 0.12 * y))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.look(self.view.zoomed(1 / 1.25 if key == Qt.Key.Key_Minus else 1.25, self.width() / 2, self.height() / 2))
        elif key == Qt.Key.Key_Home:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _go_to_point(self, across: int, up: int) -> None:
        """The nearest point that way from the one that is pointed at, or from the middle; as if the mouse were on it."""
        where = project(self.scene.points, self.view)[:, :2]
        seen = (where >= 0).all(axis=1) & (where[:, 0] < self.width()) & (where[:, 1] < self.height())
        rows = np.flatnonzero(seen if self.scene.visible is None else seen & self.scene.visible)
        if not len(rows):
            return
        here = where[self.under] if 0 <= self.under < len(where) else np.array([self.width() / 2, self.height() / 2])
        k = that_way((where[rows] - here) * (1, -1), across, up)
        if k >= 0:
            self.under = int(rows[k])
            self.hovered.emit(self.under)
            names = self.scene.names
            spoken.announce(self, names[self.under] if self.under < len(names) else f"point {self.under}")
            self.update()

    @staticmethod
    def _panned(view: View, dx: float, dy: float) -> View:
        if len(view.centre) < 3:
            return replace(view, centre=(view.centre[0] - dx / view.scale, view.centre[1] + dy / view.scale))
        rows = view.matrix()
        centre = np.array(view.centre) - rows[0] * dx / view.scale + rows[1] * dy / view.scale
        return replace(view, centre=tuple(centre.tolist()))
