"""Spikes of many cells over time: ticks while they are few, an image of dots when they are many."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from lab.display import plots as view
from lab.display.plots import Overlay, RasterPlot, Source, Spikes
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.dots import Canvas, DotsItem, rgba
from lab.widgets.pictures.ends import End
from lab.widgets.pictures.ink import Ink, Stroke
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import PlotView

TICKS = 1500  # so many events are drawn as lines
TICK_HEIGHT = 5  # px of a row that a tick needs
CELLS_COLOURED = 6
SMALL = 150  # spikes of a small picture
GROUPS = 6  # so many populations are told apart


@draws("raster")
class RasterView(PlotView):
    """Draws a `view.RasterPlot`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._dots = DotsItem()
        self.canvas.addItem(self._dots, ignoreBounds=True)
        self.ink = Ink()
        self.canvas.addItem(self.ink, ignoreBounds=True)
        self._plot: RasterPlot | None = None
        self._names: tuple[str, ...] = ()
        self._groups: tuple[tuple[int, str], ...] = ()
        self._rows: tuple = ()
        self.field.sigResized.connect(self._again)
        self.field.sigRangeChangedManually.connect(self._again)

    @property
    def caption(self) -> str:
        """How many cells and how much time."""
        if self._plot is None:
            return ""
        words = [f"{number(self._plot.cells)} cells"] if self._plot.cells > 1 else []
        return " · ".join([*words, f"last {number(self.picture.window, 6)} {self.model.clock.unit}"] if self.picture.window else words)

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Resolve, then paint."""
        plot = self._plot = view.raster(self.picture, self.model, source, overlays, self.paged)
        nan = (float("nan"), float("nan"))
        self.show_axes(plot.x, plot.y, nan, nan)
        names = self._cell_names(source)
        few = 1 < len(names) <= 24
        beside = few and self.led and self.gutter.fits(self._row_ends(names, plot.cells), self.width(), max(self.field.height(), 1.0))
        self.up.names = names if few and not beside else ()
        if names != self._names:
            self._names = names
            self._show_groups(groups(names) if len(names) > 24 else (), len(names))
            self._rows = ()
        self._name_rows(plot.cells, beside)
        self.gutter.set_ends(self._row_ends(names, plot.cells) if beside else (), False)
        shown = [s for s in plot.layers if not s.ghost]
        if len(shown) > 1:
            self.strip.set_entries(tuple(Entry(s.label, s.colour or f"series{s.series}", marker="s", dot=True) for s in shown))
        self._paint()
        return any(len(s.time) for s in plot.layers)

    def _cell_names(self, source: Source) -> tuple[str, ...]:
        name = self.picture.layers[0].stream
        return tuple(self.picture.labels or self.model.stream(name).channels or source.labels(name))

    def _show_groups(self, found: tuple[tuple[int, str], ...], cells: int) -> None:
        """Name each population at the middle of its rows and draw a line between two of them."""
        self._groups = found
        starts = [first for first, _ in found]
        middles = [(a + b - 1) / 2 for a, b in zip(starts, [*starts[1:], cells], strict=bool(found))]
        self.up.setTicks(
            [[(at, name if len(name) <= 12 else f"{name[:11]}…") for at, (_, name) in zip(middles, found, strict=True)]] if found else None
        )

    def _row_ends(self, names: tuple[str, ...], cells: int) -> tuple[End, ...]:
        """The names of rows as the names of lines, in the colours of their ticks: a strip has them at its right, as those above it have."""
        colour = "series{}" if cells <= CELLS_COLOURED else "text"
        return tuple(End(("row", k), float(k), name, colour.format(k)) for k, name in enumerate(names))

    def _name_rows(self, cells: int, beside: bool) -> None:
        """Every row by its name where there is room; a single row needs no number, nor do rows that are named at the other end."""
        if self._groups:
            return
        names = self.up.names
        rows = (names, cells == 1, bool(names) and self.field.height() / max(cells, 1) >= 1.4 * theme.current().caption, beside and cells)
        if rows != self._rows:
            self._rows = rows
            lines = [(k, "") for k in range(cells)] if beside else list(enumerate(names))
            self.up.setTicks([[]] if cells == 1 else [lines] if beside or rows[2] else None)

    def _again(self, *_: Any) -> None:
        if self._plot is not None:
            self._paint()

    def _parts(self) -> list[tuple[Spikes, str]]:
        """Layers with their colours; populations, or the few cells, of an only layer have one each."""
        plot = self._plot
        assert plot is not None
        shown = [s for s in plot.layers if not s.ghost]
        if len(shown) == 1 and self._groups:
            only = shown[0]
            group = np.searchsorted([first for first, _ in self._groups], only.cell, side="right") - 1
            return [
                (Spikes(only.time[group == k], only.cell[group == k], k, name), f"series{k}") for k, (_, name) in enumerate(self._groups)
            ]
        if len(shown) == 1 and 1 < plot.cells <= CELLS_COLOURED:
            only = shown[0]
            split = [only.cell == k for k in range(plot.cells)]
            return [(Spikes(only.time[s], only.cell[s], k, ""), f"series{k}") for k, s in enumerate(split)]
        return [(s, s.colour or f"series{s.series}") for s in shown]

    def _paint(self) -> None:
        plot = self._plot
        assert plot is not None
        (_, _), (low, high) = self.field.viewRange()
        row = self.field.height() / max(high - low, 1e-9)
        tokens = theme.current().tokens
        parts = [(s, theme.mix(tokens.muted, tokens.surface, 0.5)) for s in plot.layers if s.ghost] + self._parts()
        few = plot.shown <= TICKS and row >= TICK_HEIGHT
        self._dots.setVisible(not few)
        strokes = self._between()
        if few:
            half, wide = min(0.4, 14 / row), theme.current().stroke
            strokes += [Stroke(s.time, s.cell.astype(float), theme.colour(c), wide, kind="ticks", level=half) for s, c in parts]
        self.ink.set_strokes(strokes, self.field.viewRect())
        if few:
            return
        canvas = Canvas(self.field, self.devicePixelRatioF())
        # Dots touch when there are few rows and shrink to one pixel when there are more rows than pixels.
        size = 3 if row >= 6 else 2 if row > 1.2 or plot.shown < 20_000 else 1
        size += theme.current().projector + (theme.current().lecture > 0)
        for spikes, colour in parts:
            canvas.stamp(spikes.time, spikes.cell.astype(float), rgba(colour), size)
        self._dots.show_canvas(canvas)

    def _between(self) -> list[Stroke]:
        """Lines between the populations."""
        (left, right), _ = self.field.viewRange()
        ends = np.array([left, right])
        return [Stroke(ends, np.full(2, first - 0.5), theme.colour("muted"), 1.0, (2.0, 4.0)) for first, _ in self._groups[1:]]

    def thumbnail(self, painter: QPainter, area: QRectF, source: Source) -> None:
        """Some of the spikes, each large enough to be seen."""
        parts = self._parts() if self._plot is not None else []
        (left, right), (low, high) = self.field.viewRange()
        inner = area.adjusted(2, 2, -2, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        for spikes, colour in parts:
            every = max(1, len(spikes.time) * len(parts) // SMALL)
            painter.setBrush(theme.colour(colour))
            for x, y in zip(spikes.time[::every].tolist(), spikes.cell[::every].tolist(), strict=True):
                across, up = (x - left) / ((right - left) or 1.0), (high - y) / ((high - low) or 1.0)
                if 0 <= across <= 1:
                    painter.drawRect(QRectF(inner.left() + across * inner.width(), inner.top() + up * inner.height() - 1, 1.2, 2))

    def clicked(self, at: QPointF) -> None:
        """A click picks the cell of its row."""
        if self.picture.pick and self._plot and 0 <= round(at.y()) < self._plot.cells:
            self.acted.emit(self.picture.pick, {"index": round(at.y())})
        super().clicked(at)

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """By pixels of time, from cell to cell; it begins with what is newest."""
        plot = self._plot
        if plot is None:
            return None
        (x0, x1), _ = self.field.viewRange()
        stretch, _ = view.time_axis(self.picture, self.model, self._source.step if self._source else 0, self.paged)
        now = ((self._source.step if self._source else 0) - stretch.origin) * self.model.clock.dt
        last = min(max(now, x0), x1)
        if at is None:
            return QPointF(last, 0.0)
        x = min(max(at.x() + across * self.field.viewPixelSize()[0], x0), last)
        return QPointF(x, float(min(max(round(at.y()) + up, 0), max(1, plot.cells) - 1)))

    def under_cursor(self, at: QPointF) -> str:
        """Time and cell."""
        plot = self._plot
        if plot is None or not 0 <= round(at.y()) < max(1, plot.cells):
            return ""
        stretch, _ = view.time_axis(self.picture, self.model, self._source.step if self._source else 0, self.paged)
        clock = self.model.clock
        names = self._names
        cell = names[round(at.y())] if round(at.y()) < len(names) else f"cell {round(at.y())}"
        return f"{number(at.x() + stretch.origin * clock.dt, 6)} {clock.unit}  {cell}"

    def table(self) -> Table:
        """Time, cell and layer of every event shown."""
        if self._plot is None:
            return [], []
        stretch, _ = view.time_axis(self.picture, self.model, self._source.step if self._source else 0, self.paged)
        clock = self.model.clock
        shown = [s for s in self._plot.layers if not s.ghost]
        time = np.concatenate([s.time + stretch.origin * clock.dt for s in shown])
        cell = np.concatenate([s.cell for s in shown])
        layer = [s.label for s in shown for _ in range(len(s.time))]
        return [f"time ({clock.unit})", "cell", "layer"], [time, cell, layer]


def groups(names: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """First row and name of each population where names are such as 'E 1', 'E 9', 'I 1'; nothing if there are not two to six of them."""
    found: list[tuple[int, str]] = []
    for row, name in enumerate(names):
        group, _, number = name.rpartition(" ")
        if not group or not number.isdigit():
            return ()
        if not found or found[-1][1] != group:
            found.append((row, group))
    return tuple(found) if 2 <= len(found) <= GROUPS else ()
