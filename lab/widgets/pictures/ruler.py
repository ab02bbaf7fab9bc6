"""Two markers on a line of a picture, and what lies between them: time, height, and the rate that it would be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel

from lab import units
from lab.display.plots import Line, Plot
from lab.widgets import theme
from lab.widgets.pictures.dots import Marks
from lab.widgets.pictures.moving import MovingLine
from lab.widgets.pictures.plot import PlotView

HELP = "Shift-click, or M, puts a marker; a second one measures. Drag them, or move the last with Left and Right (ten times as far with Shift). Delete removes both."
NAMES = "AB"


def unit_of(label: str) -> str:
    """The unit in an axis' name: `time before now (ms)` gives `ms`."""
    return label.rsplit("(", 1)[1].rstrip(")").strip() if label.endswith(")") and "(" in label else ""


def between(a: tuple[float, float], b: tuple[float, float], x: str, y: str, timed: bool) -> str:
    """What two points (x, y) have between them, in words, with the units x and y; a rate where x is time."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    sign = "t" if timed else "x"
    words = [f"Δ{sign} {units.number(dx)} {x}".rstrip(), f"Δ{'V' if y == 'mV' else 'y'} {units.number(dy)} {y}".rstrip()]
    if timed and dx:
        per = {"ms": 1000.0, "s": 1.0}.get(x)
        words.append(f"1/Δt {units.number(abs(per / dx))} Hz" if per else f"1/Δt {units.number(abs(1.0 / dx))} per {x or 'unit'}")
    elif dx:
        words.append(f"Δy/Δx {units.number(dy / dx)}")
    return "   ".join(words)


class Ruler:
    """The markers of one picture. Times are kept as time since the start of the run, so that they move with what they mark."""

    def __init__(self, view: PlotView, plot: Callable[[], Plot | None]):
        self.view = view
        self._plot = plot  # the lines that are drawn now
        self.points: list[tuple[float, float]] = []  # in data: x since the start, y
        self.keys: list[tuple[int, int, int]] = []  # the line that each is on
        self.lines: list[pg.InfiniteLine] = []
        self.dots = Marks()
        self.dots.setZValue(60)
        self.words = QLabel(view)
        self.words.setProperty("role", "figure")
        self.words.setToolTip(HELP)
        self.words.hide()

    # -- placing --

    def put(self, at: QPointF) -> None:
        """A marker at the line nearest to a drawn place; a third takes the place of the older."""
        plot, x = self._plot(), self.view.unplace(at)[0]
        line = self._nearest(plot, at) if plot else None
        if plot is None or line is None:
            return
        point = self._snap(plot, line, at, x)
        if len(self.points) == 2:
            del self.points[0], self.keys[0]
        self.points.append(point)
        self.keys.append(line.key)
        self.show()

    def move(self, by: int) -> None:
        """Move the last marker along its line: by pixels, or by points where the line is not a function of x."""
        plot = self._plot()
        line = next((each for each in plot.lines if each.key == self.keys[-1]), None) if plot and self.points else None
        if plot is None or line is None or not len(line.x):
            return
        x, y = self.points[-1]
        px, py = self.view.place(np.array([x - self._origin(plot)]), np.array([y]))
        if _function(line):
            place = QPointF(float(px[0]) + by * self.view.field.viewPixelSize()[0], float(py[0]))
            self.points[-1] = self._snap(plot, line, place, self.view.unplace(place)[0])
        else:
            k = int(np.nanargmin(self._gaps(line, QPointF(float(px[0]), float(py[0])))))
            k = min(len(line.x) - 1, max(0, k + by))
            self.points[-1] = (float(line.x[k]) + self._origin(plot), float(line.y[k]))
        self.show()

    def clear(self) -> None:
        """Remove both markers."""
        self.points, self.keys = [], []
        self.show()

    def dragged(self, line: Any) -> None:
        """A marker's upright line is being dragged: it stays on its curve."""
        number, plot = self.lines.index(line), self._plot()
        if plot is None or number >= len(self.points):
            return
        own = next((each for each in plot.lines if each.key == self.keys[number]), None)
        if own is None:
            return
        place = QPointF(float(line.getPos()[0]), float(self.view.place(np.zeros(1), np.array([self.points[number][1]]))[1][0]))
        self.points[number] = self._snap(plot, own, place, self.view.unplace(place)[0])
        self.show()

    # -- drawing --

    def show(self) -> None:
        """Draw the markers where they are now, and say what lies between."""
        plot = self._plot()
        while len(self.lines) < len(self.points):
            self._add_line()
        for number, line in enumerate(self.lines):
            line.setVisible(number < len(self.points))
        if not self.points or plot is None:
            self.words.hide()
            self.dots.set_points(np.empty(0), np.empty(0), self.view.field.viewRect())
            return
        x, y = self.view.place(np.array([p[0] - self._origin(plot) for p in self.points]), np.array([p[1] for p in self.points]))
        for line, at in zip(self.lines, x, strict=False):
            if not line.moving:
                line.setPos(float(at))
        if self.dots.scene() is None:
            self.view.canvas.addItem(self.dots, ignoreBounds=True)
        self.dots.set_points(x, y, self.view.field.viewRect())
        self._say(plot)

    def set_colours(self) -> None:
        """Take the tokens in force."""
        look = theme.current()
        for line in self.lines:
            line.setPen(pg.mkPen(look.tokens.accent, width=1.2))
            line.setHoverPen(pg.mkPen(look.tokens.accent, width=3))
            line.label.setColor(theme.colour("text"))
        self.dots.set_look("d", 13.0 if look.projector else 9.0, theme.colour("accent"), pg.mkPen(look.tokens.surface, width=1))
        self.words.setStyleSheet(
            f"QLabel {{ background: {look.tokens.raised}; border: 1px solid {look.tokens.accent}; border-radius: 6px; padding: 3px 8px; color: {look.tokens.text}; }}"
        )

    def _say(self, plot: Plot) -> None:
        x, y = unit_of(plot.x.label), unit_of(plot.y.label)
        if len(self.points) == 2:
            a, b = sorted(self.points) if plot.stretch else self.points
            words = between(a, b, x, y, plot.stretch is not None or plot.x.label.startswith("time"))
        else:
            words = f"{units.number(self.points[0][0], 5)} {x}   {units.number(self.points[0][1])} {y}   (Shift-click again to measure)"
        self.words.setText(words)
        self.words.adjustSize()
        corner = self.view.canvas.mapFromScene(self.view.field.sceneBoundingRect().topLeft())
        self.words.move(self.view.canvas.mapTo(self.view, corner).x() + 8, self.view.canvas.mapTo(self.view, corner).y() + 6)
        self.words.show()
        self.words.raise_()

    def _add_line(self) -> None:
        line = MovingLine(angle=90, movable=True, label=NAMES[len(self.lines)], labelOpts=dict(position=0.06, movable=False))
        line.setZValue(55)
        line.setCursor(Qt.CursorShape.SizeHorCursor)
        line.setToolTip(HELP)
        line.sigDragged.connect(self.dragged)
        self.view.canvas.addItem(line, ignoreBounds=True)
        self.lines.append(line)
        self.set_colours()

    # -- which line, and where on it --

    def _origin(self, plot: Plot) -> float:
        return plot.stretch.origin * plot.dt if plot.stretch else 0.0

    def _nearest(self, plot: Plot, at: QPointF) -> Line | None:
        """The line that passes nearest to a place, in pixels."""
        best, found = math.inf, None
        lines = [line for line in plot.lines if not line.key[0] and not line.many and len(line.x)]
        # What was measured lies on the theory: it is what is meant.
        for line in [line for line in lines if not line.theory] or lines:
            gap = self._gaps(line, at)
            if np.isfinite(gap).any() and float(np.nanmin(gap)) < best:
                best, found = float(np.nanmin(gap)), line
        return found

    def _gaps(self, line: Line, at: QPointF) -> np.ndarray:
        """Squared distance in pixels of each point of a line from a place; of a line that is a function of x, at that x alone."""
        x, y = self.view.place(np.asarray(line.x, float), np.asarray(line.y, float))
        wide, tall = self.view.field.viewPixelSize()
        if _function(line):
            near = float(np.interp(at.x(), x, y))
            outside = max(0.0, x[0] - at.x(), at.x() - x[-1])
            return np.array([(outside / wide) ** 2 + ((near - at.y()) / tall) ** 2])
        return ((x - at.x()) / wide) ** 2 + ((y - at.y()) / tall) ** 2

    def _snap(self, plot: Plot, line: Line, at: QPointF, x: float) -> tuple[float, float]:
        """The place on a line that belongs to a place: the same x on a function of x, else the nearest point."""
        xs, ys = np.asarray(line.x, float), np.asarray(line.y, float)
        if _function(line):
            x = min(max(x, float(xs[0])), float(xs[-1]))
            return x + self._origin(plot), float(np.interp(x, xs, ys))
        px, py = self.view.place(xs, ys)
        wide, tall = self.view.field.viewPixelSize()
        k = int(np.nanargmin(((px - at.x()) / wide) ** 2 + ((py - at.y()) / tall) ** 2))
        return float(xs[k]) + self._origin(plot), float(ys[k])


def _function(line: Line) -> bool:
    """Whether a line is joined and has one y for each x."""
    return line.style not in ("points", "marker") and not line.against and len(line.x) > 1 and bool((np.diff(line.x) >= 0).all())
