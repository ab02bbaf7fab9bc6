"""Traces over time, traces against traces, and curves: everything made of polylines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QCursor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QMenu

from lab.display import plots as view
from lab.display.labels import APART, clearest_height, level
from lab.display.plots import Line, Overlay, Plot, Source, typeset
from lab.display.symbols import numbered
from lab.model import Layer
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.dots import Marks, Points
from lab.widgets.pictures.ends import End
from lab.widgets.pictures.ink import Ink, Stroke
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import MARKS, PlotView
from lab.widgets.pictures.pointing import along, on_screen
from lab.widgets.pictures.ruler import HELP, Ruler
from lab.widgets.pictures.texts import Texts

THEORY = (5.0, 4.0)
DASHES: dict[str, tuple[float, ...]] = {"dashed": (6.0, 4.0), "dotted": (1.0, 3.0)}
MOST_NAMED = 6  # lines that are named at their ends; more have a legend
STRIP = 0.8  # of the width of a strip is what its names at the right have their share of
MARKS_ACROSS = 6  # markers on a line, so that it can be told without its colour
FAINT = {"pale": 0.65, "ghost": 0.7}  # share of the ground in the colour of what lies behind
GRIP = 0.12  # of the height of a strip: half of a grip
GRIP_TALL = 8.0  # px: half of a grip; in a low strip it is more than that share
ALONG = 160  # points of a line that labels keep away from
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
    """Draws a `view.Plot`: all its lines by one item, points and markers by items of their own; names at the ends of the lines."""

    measures = True

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.ink = Ink()
        self.canvas.addItem(self.ink, ignoreBounds=True)
        self.names = Texts()
        self.names.setZValue(30)
        self.canvas.addItem(self.names, ignoreBounds=True)
        self._spots: dict[tuple[int, int, int], Points | Marks] = {}
        self._cursor = Marks()
        self._cursor.setZValue(40)
        self.canvas.addItem(self._cursor, ignoreBounds=True)
        self._cursor_step: int | None = None
        self._handles_at: tuple = ()
        self._plot: Plot | None = None
        self.ruler = Ruler(self, self.drawn_plot)
        self.ruler.set_colours()

    def drawn_plot(self) -> Plot | None:
        """The lines that are drawn now."""
        return self._plot

    @property
    def caption(self) -> str:
        """How much time is shown, and what lies pale behind."""
        if self._plot is None:
            return ""
        words = [f"pale: {line.label}" for line in self._plot.lines if line.style == "pale" and not line.key[0]]
        if self._plot.stretch and self.picture.window:
            unit = self.model.clock.unit
            plural = "s" if len(unit) > 3 and not unit.endswith("s") else ""  # 100 ms, but 1000 updates
            words.insert(0, f"last {number(self.picture.window, 6)} {unit}{plural}")
        return " · ".join(words)

    def set_theme(self) -> None:
        """Colours are looked up at each drawing; the ruler keeps its own."""
        self.ruler.set_colours()
        super().set_theme()

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Resolve and feed the items."""
        width = max(64, int(self.field.width()) or self.width())
        plot = self._plot = view.lines(self.picture, self.model, source, width, overlays, self.paged)
        self.difference = plot.difference
        self.y_fit.hasty = plot.stretch is None
        drawn = [line for line in plot.lines if len(line.x)]
        own = [line for line in drawn if line.style != "ghost"]
        xs, ys = (math.nan, math.nan), (math.nan, math.nan)
        if plot.x.lo is None:
            xs = view.extent([line.x for line in drawn], plot.x.log)
        if plot.y.lo is None:
            ys = view.extent([line.y for line in drawn], plot.y.log)
            if not plot.y.log and any(line.style in ("fill", "bars") for line in drawn):  # an area stands on zero
                ys = (min(ys[0], 0.0), max(ys[1], 0.0))
            ys = self._with_grips(ys)
        if self.picture.labels and not plot.stretch:
            self.across.names = tuple(typeset(name) for name in self.picture.labels)
        self.margin = plot.stretch is None and any(line.style == "marker" for line in plot.lines)
        self.show_axes(plot.x, plot.y, xs, ys)
        # What went before it on the page is the same line again, no second theory.
        several = sum(line.theory and line.style != "ghost" for line in plot.lines) > 1
        direct = self._name(plot, several)
        strokes: list[tuple[tuple, Stroke]] = []
        alive = set()
        for line in plot.lines:
            if _single(line):  # of which no line can be drawn
                line = replace(line, style="points", key=(*line.key[:2], -1 - line.key[2]))
            if line.style in ("marker", "points", "rings"):
                alive.add(line.key)
                self._spot(line, several)
            elif len(line.x):
                depth = (line.style != "ghost", line.key[0] == 0, line.style != "pale", line.theory, line.key[1])
                strokes += [(depth, stroke) for stroke in self._strokes(line, several)]
                if _marked(line) and not direct:
                    alive.add(line.key)
                    self._mark(line)
        strokes.sort(key=lambda pair: pair[0])
        self.ink.set_strokes([stroke for _, stroke in strokes], self.field.viewRect())
        for key in set(self._spots) - alive:
            self.canvas.removeItem(self._spots.pop(key))
        self._clear_handles()
        self.ruler.show()
        self._place_cursor()
        return any(np.isfinite(line.y).any() for line in own)

    def _clear_handles(self) -> None:
        """The words of upright lines to a height at which no curve runs through them."""
        upright = [line for line in self.handles.values() if line.angle == 90 and line.isVisible()]
        area = self.field.viewRect()
        many = tuple(len(line.x) for line in self._plot.lines) if self._plot else ()
        where = (tuple(line.value() for line in upright), area, self.field.size(), many)
        if not upright or where == self._handles_at or not area.width():
            return
        self._handles_at = where
        wide, tall = self.field.width() / area.width(), self.field.height() / area.height()
        points = (self._along(area) - (area.left(), area.top())) * (wide, tall)
        for line in upright:
            words, x = line.label.boundingRect(), (line.value() - area.left()) * wide
            side = -1.0 if line.value() > area.center().x() else 1.0
            share = clearest_height(points, x, side * words.width(), words.height(), self.field.height())
            if share != line.label.orthoPos:
                line.label.setPosition(share)

    def _with_grips(self, ends: tuple[float, float]) -> tuple[float, float]:
        """The extent with the levels that can be dragged, and room for their grips: half of one at the end would stand outside the strip."""
        specs = type(self.model).specs()
        levels = [h for h in self.picture.handles if h.axis == "y"]
        levels = [h for h in levels if (when := specs[h.param].when) is None or getattr(self.model, when[0]) in when[1]]
        at = [float(getattr(self.model, h.param)) + (float(getattr(self.model, h.base)) if h.base else 0.0) for h in levels]
        if not self.led or not at or not math.isfinite(ends[0]):
            return ends
        lo, hi = min(ends[0], *at), max(ends[1], *at)
        tall = self.field.height()
        room = max(GRIP, min(1.0, GRIP_TALL / (tall - GRIP_TALL)) if tall > 2 * GRIP_TALL else 0.0) * (hi - lo)
        return min([lo, *(a - room for a in at)]), max([hi, *(a + room for a in at)])

    def _strokes(self, line: Line, several: bool) -> list[Stroke]:
        """A line as it is drawn, with the area under it where it has one."""
        x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
        if line.style in ("steps", "bars") and len(x) > 1:
            x, y = _stairs(x, y)
        if len(x) > 2.2 * max(200.0, self.field.width()):
            x, y = self._thin(x, y)
        look, behind = theme.current(), line.key[0] > 0
        ink = theme.colour(_colour(line, several))
        if behind or line.style in FAINT:
            ink = theme.colour(theme.mix(ink.name(), look.tokens.surface, 0.35 if behind else FAINT[line.style]))
        wide = look.stroke * (0.5 if line.style in FAINT or line.many else 0.7 if behind else 1.0)
        found = [Stroke(x, y, ink, max(1.0, wide), tuple(d * look.stroke / 2.0 for d in _dashes(line)))]
        if line.style in ("fill", "bars"):
            found.insert(0, Stroke(x, y, theme.colour(_colour(line, several), 0.25), kind="area"))
        return found

    def _thin(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Leave out points that share a pixel with the one before."""
        (x0, x1), (y0, y1) = self.field.viewRange()
        wide, tall = max(1.0, self.field.width()), max(1.0, self.field.height())
        across, up = (x - x0) * (wide / ((x1 - x0) or 1.0)), (y - y0) * (tall / ((y1 - y0) or 1.0))
        keep = np.ones(len(x), bool)
        keep[1:-1] = ((np.diff(np.floor(across)) != 0) | (np.diff(np.floor(up)) != 0))[:-1]
        return x[keep], y[keep]

    def _spot(self, line: Line, several: bool) -> None:
        """Points of a measurement, or the one that marks where a line is now."""
        item = self._spots.get(line.key)
        if item is None:
            item = Marks() if line.style == "marker" else Points(pxMode=True)
            item.setZValue((20 if line.style == "marker" else 5) - 20 * (line.key[0] > 0) - 0.01 * line.key[1])
            self.canvas.addItem(item, ignoreBounds=True)
            self._spots[line.key] = item
        x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
        look = theme.current()
        colour = _colour(line, several)
        if isinstance(item, Marks):
            fill = theme.colour(colour if line.colour or line.key[0] else "warn")
            item.set_look("o", 16.0 if look.projector else 11.0, fill, QPen(theme.colour("surface"), 1.5))
            item.set_points(x, y, self.field.viewRect())
            return
        known = np.isfinite(x) & np.isfinite(y)
        size, ink = 9 if look.projector else 6, theme.colour(colour, 0.6 if line.key[0] else 1.0)
        if line.style == "rings":
            size, pen, brush = size + 3, pg.mkPen(ink, width=look.stroke), pg.mkBrush(look.tokens.surface)
        else:
            pen, brush = pg.mkPen(look.tokens.surface, width=0.5), pg.mkBrush(ink)
        item.show_points(x[known], y[known], size=size, brush=brush, pen=pen, symbol="o" if line.style == "rings" else _symbol(line))

    def _mark(self, line: Line) -> None:
        """A few markers along a line that only a legend names; on a moving time axis they move with it."""
        item = self._spots.get(line.key)
        if item is None:
            item = self._spots[line.key] = Marks()
            item.setZValue(1)
            self.canvas.addItem(item, ignoreBounds=True)
        x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
        (lo, hi), _ = self.field.viewRange()
        apart = (hi - lo) / MARKS_ACROSS or 1.0
        stretch = self._plot.stretch if self._plot else None
        origin = stretch.origin * self._plot.dt if stretch and self._plot else 0.0
        shift = apart * (line.series % 5 + 0.5) / 5 - origin
        places = np.arange(math.ceil((lo - shift) / apart), math.floor((hi - shift) / apart) + 1) * apart + shift
        at = np.searchsorted(x, places[(places >= x[0]) & (places <= x[-1])]) if len(x) else np.empty(0, int)
        size = 10.0 if theme.current().projector else 7.0
        assert isinstance(item, Marks)
        item.set_look(_symbol(line), size, theme.colour(f"series{line.series}"), QPen(theme.colour("surface"), 0.5))
        item.set_points(x[at], y[at], self.field.viewRect())

    # -- a moment that is pointed at --

    @property
    def wanted(self) -> frozenset[str]:
        """Also the trace that a cursor in time follows along the horizontal axis."""
        return super().wanted | (frozenset((self.picture.follows,)) if self.picture.follows else frozenset())

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """From sample to sample along the axis, or by pixels where samples lie closer; it begins with the newest, of a curve in its middle."""
        plot = self._plot
        if up or plot is None:
            return None
        (x0, x1), _ = self.field.viewRange()
        lines = [line for line in plot.lines if not line.key[0] and line.style not in FAINT and len(line.x)]
        placed = [self.place(np.asarray(line.x, float), np.asarray(line.y, float)) for line in lines]
        xs = np.unique(np.concatenate([x for x, _ in placed])) if placed else np.empty(0)
        xs = xs[np.isfinite(xs) & (xs >= x0) & (xs <= x1)]
        if not len(xs):
            return None
        pixel = self.field.viewPixelSize()[0]
        if plot.stretch is not None:  # between the samples of a level that is held something is read, too
            every = max(1.0, round(pixel / plot.dt)) * plot.dt
            at_x = xs[-1] if at is None else at.x() + across * every
            x = min(max(float(at_x), float(xs[0])), float(xs[-1]))
        else:
            x = float(xs[len(xs) // 2]) if at is None else along(xs.tolist(), at.x(), across, pixel)
        return QPointF(x, self._height_at(x, placed))

    def _height_at(self, x: float, placed: list[tuple[np.ndarray, np.ndarray]]) -> float:
        """Where a line or a point is at a place of the axis: there a click or a marker means it."""
        heights = self._cross(x)[1] or [float(ys[k]) for xs, ys in placed for k in np.flatnonzero(xs == x)[:1] if np.isfinite(ys[k])]
        area = self.field.viewRect()
        return next((y for y in heights if area.top() <= y <= area.bottom()), area.center().y())

    def told_at(self, at: QPointF) -> str:
        """The place on the axis and the value of each line there."""
        plot = self._plot
        if plot is None or plot.stretch is not None:
            return self.under_cursor(at)
        x = self.unplace(at)[0]
        names = self.across.names
        place = names[int(x)] if float(x).is_integer() and 0 <= int(x) < len(names) else f"{_name(plot.x.label)} {number(x)}"
        return "  ".join(words for words in (place, self.read_at(x)) if words)

    def hold_at(self, at: QPointF) -> None:
        """The lines have a dot where they are read, and the words stand above them."""
        super().hold_at(at)
        if not self.led:
            self._dot(*self._cross(at.x()))
            top = on_screen(self, QPointF(at.x(), self.field.viewRect().bottom()))
            self.read_out(self.told_at(at), top + QPoint(0, 22))

    def point_at(self, x: float | None) -> None:
        """The lines have a dot where they are read."""
        super().point_at(x)
        self._dot(*self._cross(x) if x is not None else ([], []))

    def read_at(self, x: float) -> str:
        """The value of each line, by name where there are several."""
        lines = [line for line in self._plot.lines if not line.key[0] and not line.many and line.style != "marker"] if self._plot else []
        words = []
        for line in lines[-6:]:
            if len(line.x) and line.x[0] <= x <= line.x[-1]:
                value = float(line.y[min(int(np.searchsorted(line.x, x)), len(line.y) - 1)])
                words.append(f"{line.label} {number(value, 3)}".replace("-", "−") if len(lines) > 1 else number(value))
        return "  ".join(words)

    def _cross(self, x: float) -> tuple[list[float], list[float]]:
        """Where the present lines cross a drawn place of the horizontal axis."""
        xs, ys = [], []
        for line in self._plot.lines if self._plot else ():
            if line.key[0] or line.many or line.against or line.style in ("points", "rings", "marker", *FAINT) or len(line.x) < 2:
                continue
            across, up = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
            k = int(np.searchsorted(across, x))
            if 0 < k < len(across) and across[0] <= x <= across[-1]:
                share = (x - across[k - 1]) / ((across[k] - across[k - 1]) or 1.0)
                xs.append(x)
                ys.append(float(up[k - 1] + share * (up[k] - up[k - 1])))
        return xs, ys

    def _dot(self, xs: list[float], ys: list[float]) -> None:
        if not xs and not self._cursor.points():
            return
        look = theme.current()
        self._cursor.set_look("o", 12.0 if look.projector else 8.0, theme.colour("text"), QPen(theme.colour("surface"), 1.5))
        self._cursor.set_points(np.array(xs), np.array(ys), self.field.viewRect())

    def show_cursor(self, step: int | None) -> None:
        """The point of the trajectory, or the place on the curves, that belongs to a step."""
        if step != self._cursor_step:
            self._cursor_step = step
            self._place_cursor()

    def _place_cursor(self) -> None:
        step, source = self._cursor_step, self._source
        if self.led or source is None:
            return
        if step is None:
            if self._cursor.points() and not self.canvas.underMouse():
                self._dot([], [])
                self.hair.hide()
            return
        if self.picture.follows:
            _, rows = source.samples(self.picture.follows, step, step)
            if len(rows):
                x = float(np.ravel(rows)[0])
                self.hair.setPos(x)
                self.hair.show()
                self._dot(*self._cross(x))
            return
        at = [self._moment(source, layer, step) for layer in self.picture.layers if layer.x and layer.style != "marker"]
        known = np.array([place for place in at if math.isfinite(sum(place))]).reshape(-1, 2)
        if at:
            across, up = self.place(known[:, 0], known[:, 1])
            self._dot(across.tolist(), up.tolist())

    def _moment(self, source: Source, layer: Layer, step: int) -> tuple[float, float]:
        """The two traces of a phase plane at a step."""
        assert layer.x is not None
        _, across = source.samples(layer.x, step, step)
        _, up = source.samples(layer.stream, step, step)
        if not len(across) or not len(up):
            return math.nan, math.nan
        return float(np.ravel(across)[0]), float(np.ravel(up)[layer.channel or 0])

    # -- names --

    def _name(self, plot: Plot, several: bool) -> bool:
        """Write the names of the lines at their ends, in a phase plane beside them; else a legend. Whether they are direct."""
        own = [line for line in plot.lines if not line.key[0] and line.style not in ("pale", "marker") and line.label.strip()]
        behind = {line.key[0]: line for line in reversed(plot.lines) if line.key[0] > 0 and line.style != "marker"}  # one name for each run
        named = [*own, *(behind.values() if len(own) < 2 else ())]
        _, (low, high) = self.field.viewRange()
        levels = [end for end in self.levels if low <= end.at <= high]
        if len(named) < 2 or any(line.against for line in own):
            self.gutter.set_ends(levels, False)
            self.strip.set_entries(())
            self._name_in_place([line for line in named if len(named) > 1], several)
            return True
        moving = bool(plot.stretch and plot.stretch.origin)
        ends = self._together([(line, end) for line in named if (end := self._end(line, several, moving)) is not None])
        short = len(ends) <= MOST_NAMED and not any(line.many for line in own)
        ends += levels
        # In a narrow card the line below a name says only what the dashes are: better than a legend that leaves out names.
        said = [ends, [replace(end, meaning=end.meaning.removeprefix("dashed: ")) for end in ends]]
        if self.led:  # a strip has no legend, and names to its left as well
            said.append([replace(end, meaning="") for end in ends])
        wide, tall = (STRIP * self.width(), math.inf) if self.led else (self.width(), max(self.field.height(), 1.0))
        for known in said if short else ():
            if self.gutter.fits(known, wide, tall) or (self.led and known is said[-1]):
                self.strip.set_entries(())
                self.gutter.set_ends(known, moving)
                return True
        self.gutter.set_ends(levels, False)
        self._legend(plot, several)
        return False

    def _together(self, named: Sequence[tuple[Line, End]]) -> list[End]:
        """The names, where a dashed line runs into the one of its colour only one for both: two would look like two things."""
        tall = self.field.viewRect().height() / max(1.0, self.field.height()) * APART
        kept: list[End] = []
        lines: list[Line] = []
        for line, end in named:
            k = next(
                (
                    k
                    for k, (other, its) in enumerate(zip(lines, kept, strict=True))
                    if _dashes(line) and not _dashes(other) and line.series == other.series and line.key[0] == other.key[0] == 0
                    and not its.meaning and abs(its.at - end.at) < tall
                ),
                None,
            )  # fmt: skip
            if k is None:
                kept.append(end)
                lines.append(line)
            else:
                dashes = "dotted" if line.style == "dotted" and not line.theory else "dashed"
                kept[k] = replace(kept[k], meaning=f"{dashes}: {end.text.rpartition(', ')[2]}")
        return kept

    def _end(self, line: Line, several: bool, moving: bool) -> End | None:
        if not len(line.x):
            return None
        (x0, x1), _ = self.field.viewRange()
        x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
        seen = y[(x >= x0) & (x <= x1)]
        at = level(seen if np.isfinite(seen).any() else y, moving)
        # A run that is laid behind says its name once: what is drawn of it is that of the line beside it.
        text = line.label.partition(" · ")[2] if line.key[0] and " · " in line.label else line.label
        return End(line.key, at, numbered(text), _colour(line, several), line.meaning) if math.isfinite(at) else None

    def _name_in_place(self, lines: list[Line], several: bool) -> None:
        """Names inside a plane: of a point beside it, of a line at that end of it that is seen and lies higher."""
        area = self.field.viewRect()
        at, texts, inks = [], [], []
        for line in lines:
            x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
            seen = np.flatnonzero(
                np.isfinite(x) & np.isfinite(y) & (x >= area.left()) & (x <= area.right()) & (y >= area.top()) & (y <= area.bottom())
            )
            if not len(seen) or line.against:
                continue  # the trajectory is what the plane is about: it needs no name
            k = seen[0] if line.style != "points" and y[seen[0]] > y[seen[-1]] else seen[-1]
            at.append((float(x[k]), float(y[k])))
            texts.append(numbered(f"{line.label}\n{line.meaning}" if line.meaning else line.label))
            inks.append(_colour(line, several))
        self.names.set_texts(
            np.array(at).reshape(-1, 2), texts, area, inks=tuple(inks), avoid=partial(self._along, area) if texts else None
        )

    def _along(self, area: QRectF) -> np.ndarray:
        """Points along all lines that are shown, a few pixels apart."""
        found = []
        wide, tall = area.width() or 1.0, area.height() or 1.0
        for line in self._plot.lines if self._plot else ():
            if line.key[0] or line.style in ("points", "rings", "marker") or len(line.x) < 2:
                continue
            x, y = self.place(np.asarray(line.x, float), np.asarray(line.y, float))
            known = np.isfinite(x) & np.isfinite(y)
            x, y = x[known], y[known]
            if len(x) < 2:
                continue
            way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x) / wide, np.diff(y) / tall))])
            at = np.linspace(0.0, way[-1], min(ALONG, max(2, round(way[-1] * ALONG / 2))))
            found.append(np.stack([np.interp(at, way, x), np.interp(at, way, y)], axis=1))
        return np.concatenate(found) if found else np.empty((0, 2))

    def _legend(self, plot: Plot, several: bool) -> None:
        self.names.set_texts(np.empty((0, 2)), (), self.field.viewRect())
        shown = [line for line in plot.lines if line.label.strip() and (line.style not in FAINT or line.key[0] > 0)]
        entries = tuple(
            Entry(
                numbered(line.label),
                "warn" if line.style == "marker" and not line.colour and not line.key[0] else _colour(line, several), _dashes(line),
                _symbol(line) if _marked(line) or line.style in ("points", "marker") else "",
                line.style in ("points", "marker"),
            )
            for line in shown
        )  # fmt: skip
        self.strip.set_entries(entries if len(shown) > 1 else ())

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
        """Put a marker at the cursor of the keys or of the mouse, or where nothing is pointed at, two a third from either side."""
        held = self.pointing.at if self.pointing.held else None
        if held is not None:
            self.ruler.put(self.step_from(held, 0, 0) or held)
            return
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
        """Left and Right move the last marker unless the keys hold the cursor, Delete removes both."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self.ruler.points and not self.pointing.held:
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
            return f"{_name(plot.x.label)} {number(x)}  {_name(plot.y.label)} {number(y)}"
        words = [f"{number(x + plot.stretch.origin * plot.dt, 6)} {clock.unit}"]
        for line in [line for line in plot.lines if line.style != "ghost"][-6:]:
            if not line.many and len(line.x) and line.x[0] <= x <= line.x[-1]:
                k = min(int(np.searchsorted(line.x, x)), len(line.y) - 1)
                words.append(f"{line.label} {number(line.y[k])}")
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
            if line.style == "ghost":
                continue
            if across is None or not np.array_equal(across, line.x, equal_nan=True):
                across = line.x
                names.append(plot.x.label.replace(" before now", "") or "x")
                columns.append(line.x + (plot.stretch.origin * plot.dt if plot.stretch else 0.0))
            names.append(line.label)
            columns.append(line.y)
        return names, columns


def _single(line: Line) -> bool:
    """Whether a line has one point only, as a curve has that grows by one with each epoch."""
    return line.style not in ("marker", "points", "rings", "ghost") and np.count_nonzero(np.isfinite(line.x) & np.isfinite(line.y)) == 1


def _name(label: str) -> str:
    return label.split(" (")[0] or "x"
