"""Traces over time, traces against traces, and curves: everything made of polylines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QCursor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QMenu

from lab.display import plots as view
from lab.display.plots import Line, Overlay, Plot, Source, typeset
from lab.widgets import theme
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.dots import Marks, Points
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import MARKS, PlotView
from lab.widgets.pictures.ruler import HELP, Ruler

THEORY = (5.0, 4.0)
DASHES: dict[str, tuple[float, ...]] = {"dashed": (6.0, 4.0), "dotted": (1.0, 3.0)}
CROWDED = 15  # times the size of its place that a line is long when it is drawn without smooth edges
SEGMENTS = 200  # longer lines are drawn segment by segment
MARKS_ACROSS = 6  # markers on a line, so that it can be told without its colour
NEAR = 14  # px within which a click picks a point


def _colour(line: Line, several: bool) -> str:
    if line.colour:
        return line.colour
    return "text" if line.theory and not several else f"series{line.series}"


def _dashes(line: Line) -> tuple[float, ...]:
    return THEORY if line.theory else DASHES.get(line.style, ())


def _marked(line: Line) -> bool:
    """Whether the line carries markers: its pen alone does not tell it from the first one."""
    return bool(line.series) and line.style in ("line", "steps", "fill") and not (line.theory or line.many or line.colour or line.against)


def _symbol(line: Line) -> str:
    return "o" if line.style == "marker" else MARKS[line.series % len(MARKS)] or "o"


def _stairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A value holds until the next one."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


@draws("trace", "phase", "curve")
class LinesView(PlotView):
    """Draws a `view.Plot`: one curve item per line, made once and fed with setData."""

    measures = True

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._items: dict[tuple[int, int, int], pg.PlotCurveItem | Points | Marks] = {}
        self._markers: dict[tuple[int, int, int], Marks] = {}
        self._looks: dict[tuple[int, int, int], tuple] = {}
        self._plot: Plot | None = None
        self.ruler = Ruler(self, self.drawn_plot)
        self.ruler.set_colours()

    def drawn_plot(self) -> Plot | None:
        """The lines that are drawn now."""
        return self._plot

    @property
    def caption(self) -> str:
        """How much time is shown."""
        if self._plot and self._plot.stretch and self.picture.window:
            unit = self.model.clock.unit
            plural = "s" if len(unit) > 3 and not unit.endswith("s") else ""  # 100 ms, but 1000 updates
            return f"last {self.picture.window:g} {unit}{plural}"
        return ""

    def set_theme(self) -> None:
        """Pens are made anew."""
        self._looks.clear()
        self.ruler.set_colours()
        super().set_theme()

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Resolve and feed the items."""
        width = max(64, int(self.field.width()) or self.width())
        plot = self._plot = view.lines(self.picture, self.model, source, width, overlays)
        self.difference = plot.difference
        drawn = [line for line in plot.lines if len(line.x)]
        xs, ys = (math.nan, math.nan), (math.nan, math.nan)
        if plot.x.lo is None:
            xs = view.extent([line.x for line in drawn], plot.x.log)
        if plot.y.lo is None:
            ys = view.extent([line.y for line in drawn], plot.y.log)
        if self.picture.labels and not plot.stretch:
            self.across.names = tuple(typeset(name) for name in self.picture.labels)
            self.across.setTicks([[(k, name) for k, name in enumerate(self.across.names) if name]])
        self.show_axes(plot.x, plot.y, xs, ys)
        several = sum(line.theory for line in plot.lines) > 1
        alive = set()
        for line in plot.lines:
            alive.add(line.key)
            self._feed(line, several)
        for key in set(self._items) - alive:
            self.canvas.removeItem(self._items.pop(key))
            self._looks.pop(key, None)
            if key in self._markers:
                self.canvas.removeItem(self._markers.pop(key))
        self._legend(plot, several)
        self.ruler.show()
        return bool(drawn)

    def _feed(self, line: Line, several: bool) -> None:
        dots = line.style == "points"
        item = self._items.get(line.key)
        if item is None:
            item = Marks() if line.style == "marker" else Points(pxMode=True) if dots else pg.PlotCurveItem()
            item.setZValue({"marker": 20, "points": 5, "pale": -5}.get(line.style, 0) - 20 * (line.key[0] > 0) - 0.01 * line.key[1])
            self.canvas.addItem(item, ignoreBounds=True)
            self._items[line.key] = item
        x, y = self.place(line.x, line.y)
        look = (_colour(line, several), line.style, line.theory, line.key[0] > 0)
        if self._looks.get(line.key) != look:
            self._looks[line.key] = look
            self._dress(item, line, several)
        if isinstance(item, Marks):
            item.set_points(x, y, self.field.viewRect())
            return
        if dots:
            known = np.isfinite(x) & np.isfinite(y)
            x, y = x[known], y[known]
            item.setData(x=x, y=y, **self._dot(line, several))
            return
        if line.style in ("steps", "bars") and len(x) > 1:
            x, y = _stairs(x, y)
        if len(x) > SEGMENTS:
            x, y, crowded = self._thin(x, y)
            # Where the line fills the place there is nothing for smooth edges to show, and they cost the most.
            item.opts["antialias"] = not (crowded or self.hurried)
        else:
            item.opts["antialias"] = not self.hurried
        # Stroked as a path, a noisy trace of 1200 points takes 900 ms; as separate segments 11. Dashes need the path, and
        # few long segments look better as one.
        item.opts["segmentedLineMode"] = "on" if len(x) > SEGMENTS and not _dashes(line) else "off"
        finite = bool(len(y)) and math.isfinite(float(y.sum()) + float(x.sum()))
        item.setData(x=x, y=y, connect="all" if finite else "finite", skipFiniteCheck=finite)
        if _marked(line):
            self._mark(line, x, y)

    def _thin(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
        """Leave out points that share a pixel with the one before; whether the line crosses the place very often."""
        (x0, x1), (y0, y1) = self.field.viewRange()
        wide, tall = max(1.0, self.field.width()), max(1.0, self.field.height())
        across, up = (x - x0) * (wide / ((x1 - x0) or 1.0)), (y - y0) * (tall / ((y1 - y0) or 1.0))
        moved = (np.diff(np.floor(across)) != 0) | (np.diff(np.floor(up)) != 0)
        keep = np.concatenate([[True], moved])
        keep[-1] = True
        length = float(np.nansum(np.abs(np.diff(up)).clip(0, tall)))
        return x[keep], y[keep], length > CROWDED * (wide + tall)

    def _dress(self, item: Any, line: Line, several: bool) -> None:
        look = theme.current()
        behind = line.key[0] > 0
        ink = theme.colour(_colour(line, several))
        if line.style == "pale":
            ink = theme.colour(theme.mix(ink.name(), look.tokens.surface, 0.65))
        if isinstance(item, Marks):
            fill = ink if line.colour or behind else theme.colour("warn")
            item.set_look("o", 16.0 if look.projector else 11.0, fill, QPen(theme.colour("surface"), 1.5))
            return
        if isinstance(item, Points):
            return
        if behind:
            ink = theme.colour(theme.mix(ink.name(), look.tokens.surface, 0.35))
        pen = QPen(ink, 1.0 if line.many or behind else look.stroke)
        pen.setCosmetic(True)
        dashes = _dashes(line)
        if dashes:
            pen.setDashPattern(list(dashes))
        item.setPen(pen)
        if line.style in ("fill", "bars"):
            item.setFillLevel(0.0)
            item.setBrush(theme.colour(_colour(line, several), 0.25))

    def _dot(self, line: Line, several: bool) -> dict[str, Any]:
        size = 9 if theme.current().projector else 6
        colour = theme.colour(_colour(line, several), 0.6 if line.key[0] else 1.0)
        return dict(size=size, brush=colour, pen=pg.mkPen(theme.current().tokens.surface, width=0.5), symbol=_symbol(line))

    def _mark(self, line: Line, x: np.ndarray, y: np.ndarray) -> None:
        """A few markers along the line; on a moving time axis they move with it."""
        item = self._markers.get(line.key)
        if item is None:
            item = self._markers[line.key] = Marks()
            item.setZValue(1)
            self.canvas.addItem(item, ignoreBounds=True)
        (lo, hi), _ = self.field.viewRange()
        apart = (hi - lo) / MARKS_ACROSS or 1.0
        stretch = self._plot.stretch if self._plot else None
        origin = stretch.origin * self._plot.dt if stretch and self._plot else 0.0
        shift = apart * (line.series % 5 + 0.5) / 5 - origin
        places = np.arange(math.ceil((lo - shift) / apart), math.floor((hi - shift) / apart) + 1) * apart + shift
        at = np.searchsorted(x, places[(places >= x[0]) & (places <= x[-1])]) if len(x) else np.empty(0, int)
        size = 10.0 if theme.current().projector else 7.0
        item.set_look(_symbol(line), size, theme.colour(f"series{line.series}"), QPen(theme.colour("surface"), 0.5))
        item.set_points(x[at], y[at], self.field.viewRect())

    def _legend(self, plot: Plot, several: bool) -> None:
        if len(plot.lines) < 2:
            self.strip.set_entries(())
            return
        entries = tuple(
            Entry(
                line.label,
                "warn" if line.style == "marker" and not line.colour and not line.key[0] else _colour(line, several), _dashes(line),
                _symbol(line) if _marked(line) or line.style in ("points", "marker") else "",
                line.style in ("points", "marker"),
            )
            for line in plot.lines
        )  # fmt: skip
        self.strip.set_entries(entries)

    def nearest(self, at: QPointF) -> int | None:
        """Number of the drawn point within reach of a place, among the layers of points."""
        wide, tall = self.field.viewPixelSize()
        found, best = None, float(NEAR * NEAR)
        for line in self._plot.lines if self._plot else ():
            if line.style != "points" or line.key[0] or not len(line.x):
                continue
            x, y = self.place(line.x, line.y)
            gap = ((x - at.x()) / wide) ** 2 + ((y - at.y()) / tall) ** 2
            if np.isfinite(gap).any() and (least := float(np.nanmin(gap))) < best:
                found, best = int(np.nanargmin(gap)), least
        return found

    def clicked(self, at: QPointF) -> None:
        """Pick the nearest point, or act at the place."""
        k = self.nearest(at) if self.picture.pick else None
        if k is not None:
            self.acted.emit(self.picture.pick, {"index": k})
            return
        super().clicked(at)

    # -- measuring --

    def measure(self) -> None:
        """Put a marker under the cursor, or where nothing is pointed at, two a third from either side."""
        place = self.canvas.mapToScene(self.canvas.viewport().mapFromGlobal(QCursor.pos()))
        if self.canvas.underMouse() and self.field.sceneBoundingRect().contains(place):
            self.ruler.put(self.field.mapSceneToView(place))
            return
        (x0, x1), (y0, y1) = self.field.viewRange()
        self.ruler.clear()
        for part in (1 / 3, 2 / 3):
            self.ruler.put(QPointF(x0 + part * (x1 - x0), 0.5 * (y0 + y1)))

    def menu(self) -> QMenu:
        """The common entries and the markers."""
        menu = super().menu()
        first = menu.actions()[0]
        for text, name, call in (
            ("Measure between two markers (M)", "mdi6.ruler", self.measure),
            ("Remove the markers", "mdi6.close", self.ruler.clear),
        ):
            entry = QAction(theme.icon(name), text, menu)
            entry.setToolTip(HELP)
            entry.setEnabled(name == "mdi6.ruler" or bool(self.ruler.points))
            entry.triggered.connect(call)
            menu.insertAction(first, entry)
        menu.insertSeparator(first)
        menu.setToolTipsVisible(True)
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move the last marker, Delete removes both."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self.ruler.points:
            self.ruler.move(step * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1))
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.ruler.points:
            self.ruler.clear()
        else:
            super().keyPressEvent(event)

    def shift_clicked(self, at: QPointF) -> None:
        """A click with Shift puts a marker."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.ruler.put(at)

    def under_cursor(self, at: QPointF) -> str:
        """The value of each line at the cursor's place."""
        if self._plot is None:
            return ""
        if self.picture.pick:
            self.canvas.setCursor(Qt.CursorShape.PointingHandCursor if self.nearest(at) is not None else Qt.CursorShape.ArrowCursor)
        x, y = self.unplace(at)
        plot = self._plot
        clock = self.model.clock
        if plot.stretch is None:
            return f"{_name(plot.x.label)} {x:.4g}  {_name(plot.y.label)} {y:.4g}"
        words = [f"{x + plot.stretch.origin * plot.dt:.6g} {clock.unit}"]
        for line in plot.lines[-6:]:
            if not line.many and len(line.x) and line.x[0] <= x <= line.x[-1]:
                k = min(int(np.searchsorted(line.x, x)), len(line.y) - 1)
                words.append(f"{line.label} {line.y[k]:.4g}")
        return "  ".join(words)

    def thumbnail(self, painter: QPainter, area: QRectF, source: Source) -> None:
        """Curves with thick lines and nothing else."""
        if view.kind(self.picture, self.model) == "phase":
            super().thumbnail(painter, area, source)
            return
        plot = view.lines(self.picture, self.model, source, round(2 * area.width()))
        shown = [line for line in plot.lines if line.style != "marker" and len(line.x) > 1][:4]
        left, right = view.extent([line.x for line in shown])
        low, high = view.extent([line.y for line in shown])
        inner = area.adjusted(2, 3, -2, -3)
        for line in shown if right > left and high > low else ():
            good = np.isfinite(line.x) & np.isfinite(line.y)
            xs = inner.left() + inner.width() * (line.x[good] - left) / (right - left)
            ys = inner.top() + inner.height() * (high - line.y[good]) / (high - low)
            painter.setPen(QPen(theme.colour(f"series{line.series}"), 1.4))
            painter.drawPolyline([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)])

    def table(self) -> Table:
        """x and y of every line as drawn."""
        names: list[str] = []
        columns: list[Any] = []
        across: np.ndarray | None = None
        plot = self._plot
        for line in plot.lines if plot else ():
            assert plot is not None
            if across is None or not np.array_equal(across, line.x, equal_nan=True):
                across = line.x
                names.append(plot.x.label.replace(" before now", "") or "x")
                columns.append(line.x + (plot.stretch.origin * plot.dt if plot.stretch else 0.0))
            names.append(line.label)
            columns.append(line.y)
        return names, columns


def _name(label: str) -> str:
    return label.split(" (")[0] or "x"
