"""The axes of pictures: numbers and names as far as there is room for them, and a faint grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from lab import units
from lab.widgets import theme

ROWS_APART = 1.15  # heights of a number from one to the next above it
BEYOND, BELOW_NAME = 20, 4  # px that a number may stick out over the end of its axis, and where the name of the axis stands
COLUMNS_APART = 10  # px between numbers beside one another


class TickAxis(pg.AxisItem):
    """An axis with monospaced labels, faint grid lines and no tick marks; `before` shows times before now without sign."""

    _name = ""  # in full
    _lines = 1
    quiet = False  # numbers and name stand under another plot with the same axis
    bare = False  # numbers without the name, which would take the room of what is drawn
    _fitted: tuple[str, float, int] | None = None
    _spaced: tuple[float, list[tuple[float, float]]] = (0.0, [])  # length in pixels and levels of the grid as it was drawn last
    _bounds: QRectF | None = None  # Qt asks for it a dozen times in each frame

    def __init__(self, side: str):
        super().__init__(side, showValues=True)
        self.before = False
        self.names: tuple[str, ...] = ()
        self.whole = False  # of things that are counted: there is nothing between two of them
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=0, tickTextOffset=6, autoReduceTextSpace=False, maxTickLevel=0, hideOverlappingLabels=BEYOND)
        self.setTickDensity(1.3)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """Of names as many as have room; on a log axis powers of ten, with 2 and 5 between them where there is room."""
        if self.names:
            return [self._named_places(minVal, maxVal, size)]
        if not self.logMode:
            return super().tickValues(minVal, maxVal, size)
        lo, hi = sorted((minVal, maxVal))
        every = max(1, math.ceil((hi - lo) * 22 / max(size, 1.0)))
        powers = [float(k) for k in range(math.ceil(lo), math.floor(hi) + 1) if k % every == 0]
        if (hi - lo) * 66 > size or len(powers) > 3:
            return [(float(every), powers)]
        between = [k + math.log10(m) for k in range(math.floor(lo), math.ceil(hi) + 1) for m in (1, 2, 5)]
        return [(1.0, [v for v in between if lo <= v <= hi])]

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Levels of an axis whose numbers have room: a low strip or a narrow plot has two or three of them, not five in one place."""
        levels = super().tickSpacing(minVal, maxVal, size)
        self._spaced = size, levels
        if not levels or self.logMode:
            return levels
        measure = QFontMetricsF(self.style["tickFont"] or theme.mono_font())
        if self.orientation in ("left", "right"):
            need = ROWS_APART * measure.height()
        else:
            need = COLUMNS_APART + max(map(measure.horizontalAdvance, units.ticks([minVal, maxVal], levels[0][0])))
        least = need * abs(maxVal - minVal) / max(size, 1.0)
        least = max(least, 1.0) if self.whole else least
        levels = [(_round_step(spacing, least), offset) for spacing, offset in levels]
        self._spaced = size, levels
        return levels

    def _named_places(self, lo: float, hi: float, size: float) -> tuple[float, list[float]]:
        """Every place that has a name, or every second, fifth, tenth ... of them where the names would overlap."""
        lo, hi = sorted((lo, hi))
        measure = QFontMetricsF(self.style["tickFont"] or theme.mono_font())
        upright = self.orientation in ("left", "right")
        widths = [max(map(measure.horizontalAdvance, name.split("\n"))) for name in self.names]
        named = [k for k, name in enumerate(self.names) if name]
        pixels = size / max(hi - lo, 1e-9)

        def room(chosen: list[int]) -> bool:
            needs = [measure.height() if upright else (widths[a] + widths[b]) / 2 + 4 for a, b in pairwise(chosen)]
            return all(need <= (b - a) * pixels for need, (a, b) in zip(needs, pairwise(chosen), strict=True))

        shown = next((named[::every] for every in (1, 2, 5, 10, 20, 50) if room(named[::every])), named[::100])
        return float(shown[1] - shown[0] if len(shown) > 1 else 1), [float(k) for k in shown if lo <= k <= hi]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Numbers with a real minus sign, powers of ten on a log axis, or the names of places."""
        if self.names:
            return [self.names[int(v)] if float(v).is_integer() and 0 <= int(v) < len(self.names) else "" for v in values]
        if self.logMode:
            return units.log_ticks(values)
        if self.before:
            values = [abs(v) for v in values]
        return units.ticks([v * scale for v in values], spacing * scale)

    def set_colours(self) -> None:
        """Take the tokens in force."""
        look = theme.current()
        self.setPen(pg.mkPen(look.tokens.line))
        self.setTextPen(pg.mkPen(look.tokens.muted))
        self.setTickPen(pg.mkPen(look.tokens.grid))
        self.setTickFont(theme.mono_font(max(10, look.caption - 1)))
        self.setTickDensity(1.3 * min(1.0, 18 / look.caption))  # large numbers stand further apart
        self.setGrid(255)
        self.labelStyle = {"color": look.tokens.muted, "font-size": f"{look.caption}px", "font-family": theme.load_fonts()[theme.SANS]}
        self._fitted = None
        self.show_label(self._name)

    def set_lines(self, lines: int) -> None:
        """How many lines the longest name of a place takes."""
        if lines != self._lines:
            self._lines = lines
            self.show_label(self._name)

    def show_label(self, text: str) -> None:
        """Name the axis; a horizontal one takes just the room that its lines of text need."""
        self._name = text
        if self.orientation == "bottom":
            look = theme.current()
            numbers = round(1.35 * (look.caption - 1) * self._lines) + 8
            self.setHeight(2 if self.quiet else numbers + (round(1.25 * look.caption) if text and not self.bare else 0))
        self._fit_label()

    def _fit_label(self) -> None:
        """The name as far as there is room for it, in the middle of the axis; times before now keep their unit."""
        text, width = "" if self.quiet or self.bare else self._name, self.size().width()
        width += 2 * self._overhang() if width > 0 else 0
        if (text, width, theme.current().caption) == self._fitted:
            return
        self._fitted = (text, width, theme.current().caption)
        measure = QFontMetricsF(theme.sans_font(theme.current().caption))
        if self.orientation == "bottom" and width > 0 and measure.horizontalAdvance(text) > width:
            unit = text.rpartition("(")[2].rstrip(")")
            text = f"{unit} ago" if self.before and text.endswith(")") else measure.elidedText(text, Qt.TextElideMode.ElideRight, width)
        self.setLabel(text or None)
        super().resizeEvent(None)  # a name is put into the middle only when the axis changes its size

    def _overhang(self) -> float:
        """How far the name of a horizontal axis may reach over both of its ends: below the numbers and the names beside the plot is nothing."""
        plot = self.parentItem()
        if self.orientation != "bottom" or not isinstance(plot, pg.GraphicsWidget):
            return 0.0
        return max(0.0, min(self.pos().x(), plot.size().width() - self.pos().x() - self.size().width()) - 2)

    def updateAutoSIPrefix(self) -> None:
        """Names say their units: nothing is to be written anew with another range."""
        self.picture = None
        self.update()

    def setRange(self, mn: float, mx: float) -> None:
        """Another range; grid lines without numbers that stand where they stood, such as those of the next page, are not drawn again."""
        size, levels = self._spaced
        if self.quiet and levels and not self.names and not self.logMode and self.picture is not None:
            lo, hi = self.range
            pages = (mn - lo) / levels[0][0]
            if (
                math.isclose(mx - mn, hi - lo, rel_tol=1e-9)
                and abs(pages - round(pages)) < 1e-6 * max(1.0, abs(mn / levels[0][0]))
                and self.tickSpacing(mn, mx, size) == levels
            ):
                self.range = [mn, mx]
                return
        super().setRange(mn, mx)

    def boundingRect(self) -> QRectF:
        """The axis with its grid, which reaches over the plot, and room for the numbers at its very ends; known until either has another size."""
        if self._bounds is None:
            self._bounds = super().boundingRect()
            plot = self.parentItem()
            if plot is not None and not self.quiet:  # numbers stick out over both ends, but never out of the plot
                upright = self.orientation in ("left", "right")  # above it stands its name
                more = self._bounds.adjusted(0, -BELOW_NAME, 0, BEYOND) if upright else self._bounds.adjusted(-BEYOND, 0, BEYOND, 0)
                self._bounds |= more & self.mapRectFromItem(plot, plot.boundingRect())
        return self._bounds

    def linkedViewChanged(self, view: Any, newRange: Any = None) -> None:
        """The plot has another size, or another range."""
        self._bounds = None
        super().linkedViewChanged(view, newRange)

    def setGrid(self, grid: Any) -> None:
        """With a grid or without."""
        self._bounds = None
        super().setGrid(grid)

    def resizeEvent(self, ev: Any = None) -> None:
        """Another width may have room for more of the name, or for less."""
        self._bounds = None
        self._fit_label()
        super().resizeEvent(ev)


def widest_pair(widths: Sequence[float]) -> float:
    """What two neighbours need from middle to middle, where names of these widths stand side by side: a wide one beside a narrow one has room."""
    if len(widths) < 2:
        return max(widths, default=0.0)
    return max((one + other) / 2 for one, other in pairwise(widths))


def _round_step(spacing: float, least: float) -> float:
    """The spacing, or the next larger one of 1, 2 or 5 times a power of ten that is at least `least`."""
    if spacing >= least or not math.isfinite(least):
        return spacing
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))
