"""Curves drawn by hand and labelled points: a small sheet to draw on, and the field that opens it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QDialog, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from lab.display.plots import nice_ceiling, typeset
from lab.params import Spec
from lab.widgets import theme
from lab.widgets.fields.base import Field, edits

SAMPLES = 200
MARK_PATHS = 4


def merge_stroke(curve: dict[int, float], start: tuple[float, float], end: tuple[float, float]) -> None:
    """Write a stroke of the pen into a curve kept as place (0..SAMPLES) -> height, replacing what lies under it."""
    (x0, y0), (x1, y1) = sorted((start, end))
    first, last = round(x0 * SAMPLES), round(x1 * SAMPLES)
    for place in range(max(0, first), min(SAMPLES, last) + 1):
        share = 0.0 if last == first else (place - first) / (last - first)
        curve[place] = y1 if last == first else y0 + share * (y1 - y0)


class Sheet(QWidget):
    """Draw with the left button; in points mode a click adds a point, the right button takes the nearest away."""

    changed = Signal()

    def __init__(self, points: bool, parent: QWidget | None = None):
        super().__init__(parent)
        self.points_mode = points
        self.points: list[tuple[float, float, float]] = []
        self.curve: dict[int, float] = {}
        self.ends = (0.0, 1.0, -1.0, 1.0)
        self.label = 0.0
        self._last: tuple[float, float] | None = None
        self.setMinimumSize(420, 260)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Sheet to draw on")

    def load(self, value: Any) -> None:
        """Take over ((x, y), ...) or ((x, y, label), ...); the axes are made to hold them."""
        rows = [tuple(float(v) for v in row) for row in value or ()]
        if rows:
            xs, ys = [r[0] for r in rows], [r[1] for r in rows]
            top = nice_ceiling(max(abs(y) for y in ys) or 1.0)
            low = min(0.0, min(xs)) if not self.points_mode else min(-nice_ceiling(-min(xs)) if min(xs) < 0 else 0.0, 0.0)
            self.ends = (low, nice_ceiling(max(xs)) if max(xs) > 0 else 1.0, -top, top)
        if self.points_mode:
            self.points = [(r[0], r[1], r[2] if len(r) > 2 else 0.0) for r in rows]
        else:
            self.curve = {}
            for one, two in pairwise(rows):
                merge_stroke(self.curve, self._share(one), self._share(two))
        self.update()

    def value(self) -> tuple[tuple[float, ...], ...]:
        """What is on the sheet, as a parameter."""
        x0, x1, y0, y1 = self.ends
        if self.points_mode:
            return tuple(self.points)
        tidy = lambda v: float(f"{v:.6g}")  # noqa: E731
        return tuple((tidy(x0 + k / SAMPLES * (x1 - x0)), tidy(y0 + self.curve[k] * (y1 - y0))) for k in sorted(self.curve))

    def set_ends(self, ends: tuple[float, float, float, float]) -> None:
        """Other axes: what is drawn keeps its place on the paper."""
        self.ends = ends
        self.update()

    def clear(self) -> None:
        """An empty sheet."""
        self.curve, self.points = {}, []
        self.changed.emit()
        self.update()

    def _share(self, point: Any) -> tuple[float, float]:
        x0, x1, y0, y1 = self.ends
        return ((point[0] - x0) / ((x1 - x0) or 1.0), (point[1] - y0) / ((y1 - y0) or 1.0))

    def _under(self, at: QPointF) -> tuple[float, float]:
        return (min(1.0, max(0.0, at.x() / self.width())), min(1.0, max(0.0, 1 - at.y() / self.height())))

    def mousePressEvent(self, event: Any) -> None:
        """Begin a stroke, add or take away a point."""
        at = self._under(event.position())
        x0, x1, y0, y1 = self.ends
        if not self.points_mode:
            if event.button() == Qt.MouseButton.LeftButton:
                self._last = at
                merge_stroke(self.curve, at, at)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.points.append((float(f"{x0 + at[0] * (x1 - x0):.4g}"), float(f"{y0 + at[1] * (y1 - y0):.4g}"), self.label))
        elif self.points:
            shares = [self._share(p) for p in self.points]
            del self.points[min(range(len(shares)), key=lambda k: (shares[k][0] - at[0]) ** 2 + (shares[k][1] - at[1]) ** 2)]
        self.changed.emit()
        self.update()

    def mouseMoveEvent(self, event: Any) -> None:
        """Go on with the stroke."""
        if self._last is not None:
            at = self._under(event.position())
            merge_stroke(self.curve, self._last, at)
            self._last = at
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        """End the stroke."""
        if self._last is not None:
            self._last = None
            self.changed.emit()

    def paintEvent(self, event: Any) -> None:
        """Paper, zero line, curve or points."""
        tokens = theme.current().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(tokens.surface))
        painter.setPen(QPen(QColor(tokens.grid), 1))
        for k in range(1, 10):
            painter.drawLine(QPointF(k / 10 * self.width(), 0), QPointF(k / 10 * self.width(), self.height()))
            painter.drawLine(QPointF(0, k / 10 * self.height()), QPointF(self.width(), k / 10 * self.height()))
        zero = 1 - self._share((0, 0))[1]
        painter.setPen(QPen(QColor(tokens.muted), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, zero * self.height()), QPointF(self.width(), zero * self.height()))
        paint_value(painter, QRectF(self.rect()), [(*self._share(p), *p[2:]) for p in self.points], self.curve, 2.0, 5.0)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()


def paint_value(painter: QPainter, area: QRectF, points: Any, curve: dict[int, float], width: float, radius: float) -> None:
    """Draw a curve and labelled points given in shares 0..1 of the area; labels differ in shape and colour."""
    place = lambda x, y: QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())  # noqa: E731
    if curve:
        path = QPainterPath()
        before = None
        for k in sorted(curve):
            at = place(k / SAMPLES, curve[k])
            path.lineTo(at) if before == k - 1 else path.moveTo(at)
            before = k
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent"), width))
        painter.drawPath(path)
    for x, y, label in points:
        number = int(label) % MARK_PATHS
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(f"series{int(label)}"))
        at = place(x, y)
        square = QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
        if number == 0:
            painter.drawEllipse(square)
        elif number == 1:
            painter.drawRect(square.adjusted(1, 1, -1, -1))
        else:
            painter.save()
            painter.translate(at)
            painter.rotate(45 if number == 2 else 0)
            painter.drawRect(QRectF(-radius, -radius / 2.5, 2 * radius, radius / 1.25))
            painter.drawRect(QRectF(-radius / 2.5, -radius, radius / 1.25, 2 * radius))
            painter.restore()


class CurveDialog(QDialog):
    """The sheet with its axes and buttons; `accepted` means that its value is wanted."""

    def __init__(self, spec: Spec, value: Any, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(spec.label)
        self.sheet = Sheet(spec.kind == "points", self)
        self.sheet.load(value)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        words = (
            "Click to add a point, right click to take one away."
            if spec.kind == "points"
            else "Draw with the mouse; drawing again replaces."
        )
        hint = QLabel(words, self)
        hint.setProperty("role", "caption")
        column.addWidget(hint)
        column.addWidget(self.sheet, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.boxes = []
        for text, number in (
            ("from", self.sheet.ends[0]),
            ("to", self.sheet.ends[1]),
            ("low", self.sheet.ends[2]),
            ("high", self.sheet.ends[3]),
        ):
            box = QDoubleSpinBox(self)
            box.setRange(-1e9, 1e9)
            box.setDecimals(4)
            box.setValue(number)
            box.setAccessibleName(f"{text} end of the axis")
            if text in ("low", "high") and spec.unit:
                box.setSuffix(" " + typeset(spec.unit))
            box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            box.editingFinished.connect(self._axes)
            label = QLabel(text, self)
            label.setProperty("role", "caption")
            row.addWidget(label)
            row.addWidget(box)
            self.boxes.append(box)
        column.addLayout(row)
        buttons = QHBoxLayout()
        if spec.kind == "points":
            self.label = QDoubleSpinBox(self)
            self.label.setDecimals(0)
            self.label.setRange(-1, 9)
            self.label.setPrefix("label ")
            self.label.valueChanged.connect(self._label)
            buttons.addWidget(self.label)
        clear = QPushButton("Clear", self)
        clear.clicked.connect(self.sheet.clear)
        buttons.addWidget(clear)
        buttons.addStretch(1)
        leave = QPushButton("Cancel", self)
        leave.clicked.connect(self.reject)
        take = QPushButton("Use it", self)
        take.setProperty("role", "primary")
        take.setDefault(True)
        take.clicked.connect(self.accept)
        buttons.addWidget(leave)
        buttons.addWidget(take)
        column.addLayout(buttons)

    def _axes(self) -> None:
        x0, x1, y0, y1 = (box.value() for box in self.boxes)
        if x1 > x0 and y1 > y0:
            self.sheet.set_ends((x0, x1, y0, y1))

    def _label(self, value: float) -> None:
        self.sheet.label = value


class Thumbnail(QToolButton):
    """The value in small; pressing it opens the sheet."""

    def __init__(self, points: bool, parent: QWidget | None = None):
        super().__init__(parent)
        self.sheet = Sheet(points, self)
        self.sheet.hide()
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """A low strip."""
        return QSize(160, 52)

    def paintEvent(self, event: Any) -> None:
        """Frame, and the curve or an invitation."""
        tokens = theme.current().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent if self.hasFocus() or self.underMouse() else tokens.line), 1))
        painter.setBrush(QColor(tokens.raised))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, 6, 6)
        if not self.sheet.curve and not self.sheet.points:
            painter.setPen(QColor(tokens.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Set points…" if self.sheet.points_mode else "Draw…")
        shares = [(*self.sheet._share(p), p[2]) for p in self.sheet.points]
        paint_value(painter, area.adjusted(6, 6, -6, -6), shares, self.sheet.curve, 1.5, 2.5)
        painter.end()


@edits("drawn", "points")
class CurveField(Field):
    """A drawn curve or labelled points."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.thumbnail = Thumbnail(spec.kind == "points", self)
        self.thumbnail.setToolTip("Draw by hand")
        self.thumbnail.clicked.connect(self.open)
        self.row.addWidget(self.thumbnail, 1)
        self._value: Any = spec.default
        self.dialog: CurveDialog | None = None

    @property
    def target(self) -> QWidget:
        return self.thumbnail

    def set_value(self, value: Any) -> None:
        self._value = value
        self.thumbnail.sheet.load(value)
        self.thumbnail.update()

    def open(self) -> None:
        """Open the sheet; nothing waits for it."""
        self.dialog = CurveDialog(self.spec, self._value, self)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.accepted.connect(self._take)
        self.dialog.open()

    def _take(self) -> None:
        if self.dialog is not None:
            self.committed.emit(self.dialog.sheet.value())
            self.dialog = None
