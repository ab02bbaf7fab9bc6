"""What floats over the canvas, and how much of the view it leaves free. The geometry is pure: rectangles in, rectangles out.

+--[ palette ]-----------------[ bar ]--[ panel ]--+
|      |                                    |      |      the view lies under all of them, from edge to edge;
|      |             free                   |      |      a network is fitted to the largest rectangle that none covers
|      [ problems ]                         |      |
+------[ zoom, totals ]-------------[ map ]--------+
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lab.widgets import theme

EDGE = 10  # pixels between what floats and the edges of the view
LEAST = 140  # a view that panels leave less of than this is fitted as if they were not there
LOW = 350  # a view that is less high has what floats in one row
PANEL = 560  # the panel at the right is at most as high as this


def free_of(view: QRectF, panels: Sequence[QRectF]) -> QRectF:
    """A rectangle of the view that no panel covers: each panel cuts a strip off on the side where most remains."""
    free = QRectF(view)
    for panel in sorted(panels, key=lambda p: -p.width() * p.height()):
        hit = panel.adjusted(-EDGE, -EDGE, EDGE, EDGE)
        if not free.intersects(hit):
            continue
        left, right, top, bottom = free.left(), free.right(), free.top(), free.bottom()
        sides = (
            QRectF(QPointF(left, top), QPointF(max(left, hit.left()), bottom)),
            QRectF(QPointF(min(right, hit.right()), top), QPointF(right, bottom)),
            QRectF(QPointF(left, top), QPointF(right, max(top, hit.top()))),
            QRectF(QPointF(left, min(bottom, hit.bottom())), QPointF(right, bottom)),
        )
        free = max(sides, key=lambda side: side.width() * side.height())
    return free if free.width() >= LEAST and free.height() >= LEAST / 2 else QRectF(view)


def fitting(area: QRectF, free: QRectF, most: float) -> tuple[float, QPointF]:
    """(zoom, shift): `area` of the scene as large as it can be in the middle of `free`; a place p of the scene is seen at p zoom + shift."""
    zoom = min(most, free.width() / max(1.0, area.width()), free.height() / max(1.0, area.height()))
    return zoom, free.center() - area.center() * zoom


def best(area: QRectF, things: Sequence[QRectF], view: QRectF, panels: Sequence[QRectF], most: float) -> tuple[float, QPointF]:
    """The largest zoom, and its shift, at which all of `area` is in view and none of `things` in it lies under a panel.

    A panel in a corner where the network has nothing need not cut a strip off the whole view.
    """
    found = fitting(area, free_of(view, panels), most)
    for count in range(len(panels)):
        for some in combinations(panels, count):
            zoom, shift = fitting(area, free_of(view, some), most)
            if zoom > found[0] * 1.001 and not any(
                QRectF(t.x() * zoom + shift.x(), t.y() * zoom + shift.y(), t.width() * zoom, t.height() * zoom).intersects(p)
                for p in panels
                for t in things
            ):
                found = zoom, shift
    return found


def aside(thing: QRectF, free: QRectF) -> QPointF:
    """By how much something has to move to lie inside `free`; where it is larger, its upper left part does."""
    x = max(0.0, free.left() - thing.left()) or min(0.0, max(free.right() - thing.right(), free.left() - thing.left()))
    y = max(0.0, free.top() - thing.top()) or min(0.0, max(free.bottom() - thing.bottom(), free.top() - thing.top()))
    return QPointF(x, y)


class Panel(QFrame):
    """A card that floats over the canvas."""

    def __init__(self, parent: QWidget, upright: bool = False):
        super().__init__(parent)
        self.row = QVBoxLayout(self) if upright else QHBoxLayout(self)
        self.row.setContentsMargins(4, 4, 4, 4)
        self.row.setSpacing(2)
        theme.changes().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A ground with a border and round corners."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()


class Zoom(QWidget):
    """Minus, the zoom in per cent, plus."""

    def __init__(self, parent: QWidget, by: Callable[[float], object]):
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._by = by
        self.share = QLabel("100 %", self)
        self.share.setProperty("role", "figure")
        self.share.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.share.setMinimumWidth(44)
        self.buttons: list[tuple[QToolButton, str]] = []
        for text, icon, call in (("Zoom out (-)", "mdi6.minus", self._out), ("Zoom in (+)", "mdi6.plus", self._in)):
            button = QToolButton(self)
            button.setToolTip(text)
            button.setAccessibleName(text.split(" (")[0])
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(call)
            self.buttons.append((button, icon))
        row.addWidget(self.buttons[0][0])
        row.addWidget(self.share)
        row.addWidget(self.buttons[1][0])

    def show_zoom(self, zoom: float) -> None:
        """Say how large things are."""
        self.share.setText(f"{100 * zoom:.0f} %")

    def _in(self) -> None:
        self._by(1.25)

    def _out(self) -> None:
        self._by(0.8)


class Floating(QObject):
    """Keeps palette, bar, problems, footer and the panel at the right in their places over a view."""

    def __init__(self, view: QWidget, palette: QWidget, bar: QWidget, problems: QWidget, foot: Panel, panel: QWidget, soon: QWidget):
        super().__init__(view)
        self.view, self.palette, self.bar, self.problems, self.foot, self.panel = view, palette, bar, problems, foot, panel
        self.soon = soon  # a passing word beside the footer: it moves nothing, and nothing makes room for it
        for widget in (palette, problems, panel):
            widget.installEventFilter(self)  # they come and go

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What comes or goes makes room for the others."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self.place()
        return False

    def place(self) -> None:
        """Put everything in its place."""
        wide, high = self.view.width(), self.view.height()
        left, right = EDGE, wide - EDGE
        if not self.panel.isHidden():
            size = self.panel.sizeHint().width()
            self.panel.setGeometry(max(EDGE, right - size), EDGE, size, min(PANEL, high - 2 * EDGE))
            right = self.panel.x() - EDGE
        if not self.palette.isHidden():
            self.palette.setGeometry(left, EDGE, self.palette.width(), min(self.palette.sizeHint().height(), high - 2 * EDGE))
            left = self.palette.geometry().right() + 1 + EDGE
        bar = self.bar.sizeHint()
        low = (
            high < LOW
        )  # the bar stands beside the zoom, and what the network counts gives way: the network has the height of one of them more
        for k in range(1, self.foot.row.count()):
            item = self.foot.row.itemAt(k)
            widget = item.widget() if item is not None else None
            if widget is not None and widget.isHidden() != low:
                widget.setVisible(not low)
        foot = self.foot.sizeHint()
        low = low and foot.width() + bar.width() + EDGE <= right - left
        y = high - bar.height() - EDGE if low else EDGE
        self.bar.setGeometry(max(left, right - bar.width()), y, min(bar.width(), max(60, right - left)), bar.height())
        end = self.bar.x() - EDGE if low else right
        under = self.palette.geometry().bottom() if not self.palette.isHidden() else 0
        x = left if under > high - foot.height() - 2 * EDGE else EDGE
        self.foot.setGeometry(x, high - foot.height() - EDGE, max(60, min(foot.width(), end - x)), foot.height())
        if not self.problems.isHidden():
            tall = self.problems.height()
            self.problems.setGeometry(left, self.foot.y() - 6 - tall, max(60, min(520, right - left)), tall)
        soon = self.soon.sizeHint()
        beside = self.foot.geometry().right() + 1 + EDGE
        above = beside + soon.width() > end
        self.soon.setGeometry(
            max(EDGE, min(x if above else beside, right - soon.width())),
            self.foot.y() - soon.height() - 6 if above else self.foot.y() + (self.foot.height() - soon.height()) // 2,
            soon.width(),
            soon.height(),
        )
        for widget in (self.palette, self.bar, self.problems, self.foot, self.panel, self.soon):
            widget.raise_()

    def covers(self) -> list[QRectF]:
        """The rectangles of the view that are covered."""
        return [QRectF(QRect(w.geometry())) for w in (self.palette, self.bar, self.problems, self.foot, self.panel) if not w.isHidden()]
