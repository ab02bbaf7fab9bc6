"""Bars: one group per place, one bar per series; hatching tells series apart without colour.

On a logarithmic axis there is no height that stands for nothing, so a bar would be as long as the axis happens to begin: values are marks
there, with their numbers beside them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPen

from lab.display import plots as view
from lab.display.plots import Axis, Overlay, Source, typeset
from lab.errors import ModelError
from lab.units import number as number_text
from lab.widgets import theme
from lab.widgets.pictures.axis import widest_pair
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.dots import Marks
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import PlotView
from lab.widgets.pictures.texts import Texts

HATCH = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense4Pattern,
    Qt.BrushStyle.FDiagPattern,
    Qt.BrushStyle.DiagCrossPattern,
)
NUMBERED = re.compile(r"(\D*?)\s*(\d+)")
SYMBOLS = ("o", "s", "d", "t1", "t")  # of several series
MARK = 5.0  # px: half of a mark
WRITTEN = 12  # values on a logarithmic axis that have their numbers beside them
MOST_LINES = 3  # of a name below a bar
LEAST = 110  # px of height of a card from which on names may take several lines
MANY = 160  # more bars are drawn as one outline


@draws("bars")
class BarsView(PlotView):
    """Draws the layers of a picture of bars; theory is a dashed line at each bar."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._items: dict[tuple[int, int], Any] = {}
        self._series: list[tuple[str, np.ndarray, bool, str]] = []
        self._dressed: dict[tuple[int, int], Any] = {}
        self._along: list[pg.TextItem] = []
        self._named: tuple = ()
        self._places: tuple[str, ...] = ()  # names of the places, each in one line
        self._numbers = Texts()
        self._numbers.setZValue(30)
        self.canvas.addItem(self._numbers, ignoreBounds=True)
        self.across.whole = True

    def set_theme(self) -> None:
        """Brushes are made anew."""
        self._dressed.clear()
        super().set_theme()

    def _read(self, source: Source, overlays: tuple[Overlay, ...]) -> list[tuple[str, np.ndarray, bool, str]]:
        """(name, heights, theory, colour) of each series."""
        found: list[tuple[str, np.ndarray, bool, str]] = []
        for over in (None, *overlays):
            origin = over.source if over else source
            for layer in self.picture.layers:
                stream = self.model.stream(layer.stream)
                value = origin.snapshot(layer.stream) if over is None or any(s.name == layer.stream for s in origin.model.streams) else None
                if value is None or (over and layer.theory):
                    continue
                table = np.atleast_2d(np.asarray(value, float))
                if table.ndim != 2:
                    raise ModelError(
                        f"{self.model._owner()}: the bars '{stream.name}' must have shape (n,) or (k, n) (got {np.shape(value)})."
                    )
                table = table if layer.channel is None else table[layer.channel : layer.channel + 1]
                own = self.picture.labels if len(self.picture.labels) == len(table) else stream.channels
                names = own if len(own) == len(table) > 1 else ()
                for k, row in enumerate(table):
                    name = typeset(names[k] if names else layer.label or stream.name) + (
                        f" {k + 1}" if len(table) > 1 and not names else ""
                    )
                    found.append((f"{name} · {over.name}" if over else name, row, layer.theory, over.colour if over else ""))
        return found

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Read the snapshots and feed the items."""
        series = self._series = self._read(source, overlays)
        count = max((len(row) for _, row, _, _ in series), default=0)
        measured = [entry for entry in series if not entry[2]]
        lo, hi = view.extent([row for _, row, _, _ in series])
        first = self.model.stream(self.picture.layers[0].stream)
        x = Axis(typeset(self.picture.x), -0.6, max(count, 1) - 0.4)
        low, high = self.picture.y_range or (None, None)
        y = Axis(
            typeset(self.picture.y or (f"{first.name} ({first.unit})" if first.unit else first.name)), low, high, self.picture.y_log is True
        )
        known = [v for _, row, _, _ in series for v in row if math.isfinite(v) and v > 0]
        if self.picture.y_log is True and known:  # whole decades, so that numbers are written at both ends however alike the bars are
            lo, hi = min(known), max(known)
            lo, hi = 10.0 ** math.floor(math.log10(lo) - 1e-9), 10.0 ** math.ceil(math.log10(hi) + 1e-9)
        self.show_axes(x, y, (0.0, 1.0), (lo if self.picture.y_log is True else min(0.0, lo), max(0.0, hi)))
        names = (
            first.channels
            if len(first.channels) == count
            else self.picture.labels
            if len(self.picture.labels) == count
            else source.labels(first.name)
        )
        self._places = tuple(typeset(n) for n in names) if len(names) == count and count <= 40 else ()
        if self._places and not self._have_room(self._places):
            self._places = without_common(self._places)
        self.across.names = self._parted(self._places)
        self.across.set_lines(max((name.count("\n") + 1 for name in self.across.names), default=1))
        self._name_places()
        alive = set()
        theories = 0
        for k, (_, row, theory, colour) in enumerate(series):
            key = (k, int(len(row) > MANY))
            alive.add(key)
            if theory:
                self._theory(key, row)
                theories += 1
            elif key[1]:
                self._outline(key, row, k, colour)
            elif self.picture.y_log is True:
                self._marks(key, row, k - theories, len(measured), colour)
            else:
                self._bars(key, row, k - theories, len(measured), colour)
        for key in set(self._items) - alive:
            self.canvas.removeItem(self._items.pop(key))
            self._dressed.pop(key, None)
        self._write(measured)
        entries = tuple(
            Entry(name, "text" if theory else colour or f"series{k}", (5.0, 4.0) if theory else (), "s" if not theory else "", not theory)
            for k, (name, _, theory, colour) in enumerate(series)
        )
        self.strip.set_entries(entries if len(series) > 1 else ())
        return count > 0

    def _name_places(self) -> None:
        """Names below the bars; where they would overlap there, each along its bar, and of numbers only some."""
        names = self.across.names
        along = sum(not _is_number(n) for n in names) > 1 and not self._have_room(names)
        foot = self.field.viewRange()[1][0] if self.picture.y_log is True else 0.0  # on a log axis 0 is a height among others
        for item in self._along:
            item.setPos(item.pos().x(), foot)
        wanted = (names, along, theme.current().tokens)
        if wanted == self._named:
            return
        self._named = wanted
        self.across.setTicks([[]] if along else None)
        for item in self._along:
            self.canvas.removeItem(item)
        self._along = []
        for k, name in enumerate(names if along else ()):
            item = pg.TextItem(name, color=theme.colour("text"), fill=theme.colour("surface", 0.5), anchor=(0, 0.5), angle=90)
            item.setFont(theme.sans_font(theme.current().caption))
            item.setPos(k, foot)
            item.setZValue(20)
            self.canvas.addItem(item, ignoreBounds=True)
            self._along.append(item)

    def _have_room(self, names: tuple[str, ...]) -> bool:
        measure = QFontMetricsF(self.across.style["tickFont"] or theme.mono_font())
        widths = [max(map(measure.horizontalAdvance, name.split("\n"))) for name in names]
        return widest_pair(widths) <= self.field.width() / len(names) - 4

    def _parted(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names in lines of their own words where they have no room in one and have it in several; else as they are."""
        if not names or self._have_room(names) or self.height() < LEAST:
            return names
        measure = QFontMetricsF(self.across.style["tickFont"] or theme.mono_font())
        width = self.field.width() / len(names) - 8
        found = [parted(name, lambda text: measure.horizontalAdvance(text) <= width) for name in names]
        return tuple("\n".join(lines) for lines in found) if max(map(len, found)) <= MOST_LINES and all(found) else names

    def _item(self, key: tuple[int, int], make: Any) -> Any:
        if key not in self._items:
            self._items[key] = make()
            self.canvas.addItem(self._items[key], ignoreBounds=True)
        return self._items[key]

    def _bars(self, key: tuple[int, int], row: np.ndarray, number: int, of: int, colour: str) -> None:
        item = self._item(key, lambda: pg.BarGraphItem(x=[0], height=[0], width=0.8))
        width = 0.8 / max(of, 1)
        ink = theme.colour(colour or f"series{number}")
        x = np.arange(len(row)) - 0.4 + width * (number + 0.5)
        _, height = self.place(np.zeros(1), row)
        base = self.field.viewRange()[1][0] if self.picture.y_log is True else 0.0
        brush = QBrush(ink, HATCH[number % len(HATCH)])
        item.setOpts(x=x, y0=base, height=np.nan_to_num(height) - base, width=width * 0.92, brush=brush, pen=pg.mkPen(ink, width=1))

    def _marks(self, key: tuple[int, int], row: np.ndarray, number: int, of: int, colour: str) -> None:
        item = self._item(key, Marks)
        x, y = self.place(*_middles(row, number, of))
        item.set_look(
            SYMBOLS[number % len(SYMBOLS)],
            16.0 if theme.current().projector else 11.0,
            theme.colour(colour or f"series{number}"),
            QPen(theme.colour("surface"), 0.5),
        )
        item.set_points(x, y, self.field.viewRect())

    def _write(self, measured: list[tuple[str, np.ndarray, bool, str]]) -> None:
        """The numbers of marks on a logarithmic axis, where they are few."""
        values = [_middles(row, k, len(measured)) for k, (_, row, _, _) in enumerate(measured)] if self.picture.y_log is True else []
        x, y = (np.concatenate(parts) for parts in zip(*values, strict=True)) if values else (np.empty(0), np.empty(0))
        known = np.isfinite(y) & (y > 0)
        if self._along or not 0 < known.sum() <= WRITTEN:  # names along the bars stand where the numbers would
            x, y, known = np.empty(0), np.empty(0), np.empty(0, bool)
        at = np.stack(self.place(x[known], y[known]), axis=1)
        self._numbers.set_texts(at, [number_text(v, 3) for v in y[known]], self.field.viewRect(), clear=9.0, avoid=lambda: at, spare=MARK)

    def _outline(self, key: tuple[int, int], row: np.ndarray, number: int, colour: str) -> None:
        item = self._item(key, pg.PlotCurveItem)
        ink = colour or f"series{number}"
        item.setPen(pg.mkPen(theme.colour(ink), width=1))
        item.setBrush(theme.colour(ink, 0.35))
        item.setFillLevel(0.0)
        edges = np.repeat(np.arange(len(row) + 1) - 0.5, 2)[1:-1]
        item.setData(*self.place(edges, np.repeat(row, 2)))

    def _theory(self, key: tuple[int, int], row: np.ndarray) -> None:
        item = self._item(key, pg.PlotCurveItem)
        pen = QPen(theme.colour("text"), theme.current().stroke)
        pen.setCosmetic(True)
        pen.setDashPattern([5.0, 4.0])
        item.setPen(pen)
        item.setZValue(10)
        at = np.arange(len(row))
        x = np.stack([at - 0.45, at + 0.45], axis=1).ravel()
        item.setData(*self.place(x, np.repeat(row, 2)), connect="pairs")

    def clicked(self, at: QPointF) -> None:
        """A click picks the bar of its place."""
        if self.picture.pick and self._series and 0 <= round(at.x()) < len(self._series[0][1]):
            self.acted.emit(self.picture.pick, {"index": round(at.x())})
        super().clicked(at)

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """From bar to bar."""
        count = max((len(row) for _, row, _, _ in self._series), default=0)
        if up or not count:
            return None
        place = 0 if at is None else min(max(round(at.x() + min(max(across, -count), count)), 0), count - 1)
        return QPointF(float(place), self.field.viewRect().center().y())

    def under_cursor(self, at: QPointF) -> str:
        """The heights at a place."""
        place = round(at.x())
        words = [f"{name} {number_text(row[place])}" for name, row, _, _ in self._series[:6] if 0 <= place < len(row)]
        if not words:
            return ""
        return "  ".join([self._places[place] if self._places else str(place), *words])

    def table(self) -> Table:
        """Places and heights."""
        count = max((len(row) for _, row, _, _ in self._series), default=0)
        places: list[Any] = list(self._places or range(count))
        return [typeset(self.picture.x) or "place", *(s[0] for s in self._series)], [places, *(s[1] for s in self._series)]


def _middles(row: np.ndarray, number: int, of: int) -> tuple[np.ndarray, np.ndarray]:
    """Middle and height of the bars of one series among several."""
    return np.arange(len(row)) - 0.4 + 0.8 / max(of, 1) * (number + 0.5), np.asarray(row, float)


def parted(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The lines of a name that is parted after spaces and hyphens; none where one of its words is too long."""
    lines: list[str] = []
    for word in re.findall(r"[^\s-]+-?|-\S*", text):
        glue = "" if lines and lines[-1].endswith("-") else " "
        if lines and fits(lines[-1] + glue + word):
            lines[-1] += glue + word
        elif fits(word):
            lines.append(word)
        else:
            return []
    return lines


def _is_number(name: str) -> bool:
    """Whether a place is named by a number; of a long row only some are, and the others have no name."""
    try:
        float(name or 0)
    except ValueError:
        return False
    return True


def without_common(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that differ in a number alone without the word that they share: hidden1, hidden2, hidden3, output as 1, 2, 3, output."""
    parts = [NUMBERED.fullmatch(name) for name in names]
    words = [part.group(1) for part in parts if part]
    shared = max(set(words), key=words.count, default="")
    if words.count(shared) < 3:
        return names
    return tuple(part.group(2) if part and part.group(1) == shared else name for name, part in zip(names, parts, strict=True))
