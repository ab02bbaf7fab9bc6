"""What one takes hold of in a strip: the level of a stimulus, its edges, a pen that draws it freehand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from lab.display.plots import nice_ceiling, typeset
from lab.model import Handle, Model
from lab.widgets import theme
from lab.widgets.pictures.ends import End
from lab.widgets.pictures.ink import Ink, Stroke
from lab.widgets.pictures.moving import MovingLine
from lab.widgets.pictures.plot import PlotView

LEVEL_AT = 0.58  # of the width: where the grip of a level stands
FINE = 10
STEPS = 400  # steps over the height or width of the strip that a grip is dragged in
POINTS = 240  # of a curve drawn by hand, at most


class Grip(pg.GraphicsObject):
    """A small handle at a place of the plot, as large whatever the zoom."""

    def __init__(self, upright: bool, moved: Callable[[QPointF, bool, bool], None]):
        super().__init__()
        self.setFlag(self.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(60)
        self.upright = upright  # the grip of an edge, moved sideways
        self._moved = moved
        self.held = self._hovered = False
        self.setCursor(Qt.CursorShape.SizeHorCursor if upright else Qt.CursorShape.SizeVerCursor)

    def boundingRect(self) -> QRectF:
        """A little more than is drawn, so that it is easy to take."""
        return QRectF(-9, -13, 18, 26) if self.upright else QRectF(-14, -10, 28, 20)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """A rounded handle with two lines across it."""
        tokens = theme.current().tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QRectF(-5, -9, 10, 18) if self.upright else QRectF(-10, -6, 20, 12)
        lit = self.held or self._hovered
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        painter.setBrush(QColor(tokens.accent if lit else theme.mix(tokens.accent, tokens.surface, 0.55)))
        painter.drawRoundedRect(shape, 3, 3)
        painter.setPen(QPen(QColor(tokens.on_accent if lit else tokens.text), 1.2))
        for k in (-1.8, 1.8):
            painter.drawLine(*((QPointF(k, -4), QPointF(k, 4)) if self.upright else (QPointF(-4.5, k), QPointF(4.5, k))))

    def hoverEvent(self, ev: Any) -> None:
        """Light up, and take drags before the plot does."""
        over = not ev.isExit() and ev.acceptDrags(Qt.MouseButton.LeftButton)
        if over != self._hovered:
            self._hovered = over
            self.update()

    def mouseDragEvent(self, ev: Any) -> None:
        """Move."""
        if ev.button() != Qt.MouseButton.LeftButton:
            ev.ignore()
            return
        ev.accept()
        self.held = not ev.isFinish()
        view = self.getViewBox()
        self._moved(view.mapSceneToView(ev.scenePos()), bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier), ev.isFinish())
        self.update()


class Grips(QObject):
    """The grips of one strip, from the handles that its picture declares.

    moved   (parameter, value, final)
    wanted  ({parameter: value}, begin anew)
    said    words for what is being done, or none
    """

    moved = Signal(str, object, bool)
    wanted = Signal(dict, bool)
    said = Signal(str)

    def __init__(self, view: PlotView):
        super().__init__(view)
        self.view = view
        self.grips: dict[str, Grip] = {}
        self._handles: dict[str, Handle] = {}
        self._levels: dict[str, Any] = {}
        self._stroke: list[tuple[float, float]] = []
        self._trace = Ink()
        self._trace.setZValue(50)
        view.canvas.addItem(self._trace, ignoreBounds=True)

    # -- which there are --

    def _of(self, axis: str) -> Handle | None:
        return next((h for h in self.view.picture.handles if h.axis == axis and self._applies(h)), None)

    def _applies(self, handle: Handle) -> bool:
        """Whether its parameter means something now: there is no width of a ramp. Drawing and files are always offered."""
        when = type(self.view.model).specs()[handle.param].when
        return handle.axis in ("draw", "file") or when is None or getattr(self.view.model, when[0]) in when[1]

    @property
    def draws(self) -> bool:
        """Whether a curve may be drawn here."""
        return self._of("draw") is not None

    @property
    def takes_files(self) -> bool:
        """Whether a file may be dropped here."""
        return self._of("file") is not None

    def show(self) -> None:
        """Put the grips where the values of the model are; one that is held stays in the hand."""
        self._handles = {h.param: h for h in self.view.picture.handles if h.axis in ("x", "y") and self._applies(h)}
        for name in set(self.grips) - set(self._handles):
            self.view.canvas.removeItem(self.grips.pop(name))
        for name in set(self._levels) - set(self._handles):
            self.view.canvas.removeItem(self._levels.pop(name))
        (x0, x1), (y0, y1) = self.view.field.viewRange()
        for name, handle in self._handles.items():
            grip = self.grips.get(name)
            if grip is None:
                grip = self.grips[name] = Grip(handle.axis == "x", partial(self._drag, name))
                self.view.canvas.addItem(grip, ignoreBounds=True)
            if grip.held:
                continue
            at = self._value(handle)
            if handle.axis == "y":
                self._show_level(name, at)
                grip.setPos(x0 + LEVEL_AT * (x1 - x0), at)
                grip.setVisible(y0 <= at <= y1)
            else:
                grip.setPos(at, self._edge_height(y0, y1))
                nothing = bool(handle.base) and not getattr(self.view.model, handle.param)  # a width of 0: it has no end
                grip.setVisible(x0 <= at <= x1 and not nothing)

    def names(self) -> tuple[End, ...]:
        """Levels that stand for themselves, such as a threshold: they are named in the gutter, where no curve runs through the name."""
        specs = type(self.view.model).specs()
        levels = [h for h in self.view.picture.handles if h.axis == "y" and not h.base and self._applies(h)]
        return tuple(End(("level", h.param), self._value(h), typeset(specs[h.param].label), "muted") for h in levels)

    def _show_level(self, name: str, at: float) -> None:
        """A dotted line at the level."""
        line = self._levels.get(name)
        if line is None:
            line = MovingLine(angle=0, movable=False)
            line.setZValue(-5)
            self.view.canvas.addItem(line, ignoreBounds=True)
            self._levels[name] = line
        pen = pg.mkPen(theme.current().tokens.muted, width=1, style=Qt.PenStyle.DotLine)
        if line.pen != pen:  # to set it draws the line again
            line.setPen(pen)
        line.setPos(at)

    def _value(self, handle: Handle) -> float:
        """Where a handle stands: its parameter, and that of its base."""
        model = self.view.model
        return float(getattr(model, handle.param)) + (float(getattr(model, handle.base)) if handle.base else 0.0)

    def _edge_height(self, y0: float, y1: float) -> float:
        """Half way up the step."""
        level = next((h for h in self._handles.values() if h.axis == "y"), None)
        if level is None:
            return 0.5 * (y0 + y1)
        rest = float(getattr(self.view.model, level.base)) if level.base else 0.0
        return min(y1, max(y0, 0.5 * (rest + self._value(level))))

    # -- dragging --

    def _drag(self, name: str, at: QPointF, fine: bool, final: bool) -> None:
        handle = self._handles[name]
        spec = type(self.view.model).specs()[name]
        (x0, x1), (y0, y1) = self.view.field.viewRange()
        span, place = (x1 - x0, at.x()) if handle.axis == "x" else (y1 - y0, at.y())
        base = float(getattr(self.view.model, handle.base)) if handle.base else 0.0
        unit = nice_ceiling(span / STEPS / (FINE if fine else 1))
        value = round((place - base) / unit) * unit
        lo, hi = spec.lo if spec.lo is not None else value, spec.hi if spec.hi is not None else value
        value = min(hi, max(lo, float(f"{value:.10g}")))
        grip = self.grips[name]
        if handle.axis == "x":
            grip.setPos(base + value, grip.pos().y())
        else:
            self._show_level(name, base + value)
            grip.setPos(grip.pos().x(), base + value)
        self.said.emit("" if final else typeset(f"{spec.label} {spec.text(value)}"))
        self.moved.emit(name, round(value) if spec.kind == "int" else value, final)

    # -- drawing --

    def set_drawing(self, on: bool) -> None:
        """Take up the pen, or put it down."""
        self.view.pen = self._pen if on else None
        self.view.canvas.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        self._show_stroke(())

    def _pen(self, at: QPointF, start: bool, finish: bool, shift: bool) -> bool:
        # In time since the left edge: a page that is turned while one draws would take what was drawn along.
        x = at.x() - self.view.field.viewRange()[0][0]
        if start:
            self._stroke = []
        # Drawn to and fro, what comes later counts.
        if self._stroke and x < self._stroke[-1][0]:
            self._stroke = [p for p in self._stroke if p[0] < x]
        self._stroke.append((x, at.y()))
        self._show_stroke(self._stroke)
        if finish:
            self.finish()
        return True

    def finish(self) -> None:
        """Make the stroke the stimulus: the run begins anew with it."""
        handle, stroke = self._of("draw"), self._stroke
        self._stroke = []
        if handle is None or len(stroke) < 2 or stroke[-1][0] <= stroke[0][0]:
            self._show_stroke(())
            return
        chosen = self._chosen(handle)
        start = float(getattr(self.view.model, handle.base)) if handle.base else 0.0
        if stroke[0][0] < start:  # begun before the stimulus does: what was drawn counts, from the left edge on
            start = chosen[handle.base] = 0.0
        x = np.array([p[0] for p in stroke]) - start
        y = np.array([p[1] for p in stroke])
        at = np.linspace(max(0.0, x[0]), x[-1], min(POINTS, max(2, len(x))))
        points = [[float(f"{a:.6g}"), float(f"{b:.4g}")] for a, b in zip(at, np.interp(at, x, y), strict=True)]
        self.wanted.emit({handle.param: points, **chosen}, True)

    def take_file(self, path: str) -> None:
        """Make a file the stimulus."""
        handle = self._of("file")
        if handle is not None:
            self.wanted.emit({handle.param: path, **self._chosen(handle)}, True)

    def _chosen(self, handle: Handle) -> dict[str, Any]:
        """The choice under which the parameter of a handle means something."""
        when = type(self.view.model).specs()[handle.param].when
        return {when[0]: when[1][0]} if when else {}

    def _show_stroke(self, stroke: Any) -> None:
        points = np.array(stroke, float).reshape(-1, 2)
        ink = Stroke(points[:, 0] + self.view.field.viewRange()[0][0], points[:, 1], theme.colour("warn"), theme.current().stroke)
        self._trace.set_strokes((ink,) if len(points) > 1 else (), self.view.field.viewRect())

    def set_model(self, model: Model) -> None:
        """Another model has other values."""
        self.show()
