"""The strip above a plot: the name of the vertical axis at the left, what each line is at the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPen

from lab import units
from lab.widgets import theme

APART, CLOSE = 14.0, 9.0  # px between entries, and where all of them have room only so
MAP, LEAST_MAP = 72.0, 16.0  # px: width of a colour map, and what it gives way to


@dataclass(frozen=True)
class Entry:
    """One line of the legend: its text, pen and marker ('' none; `dot` draws only the marker)."""

    text: str
    colour: str
    dashes: tuple[float, ...] = ()
    marker: str = ""
    dot: bool = False


def _sample_width(entry: Entry, measure: QFontMetricsF) -> float:
    """Pixels of the piece of line, or of the mark, before a text."""
    return (0.8 if entry.dot else 1.7) * measure.height()


class Strip(pg.GraphicsWidget):
    """Axis name and legend in one line, or in several below a high picture; as many entries as there is room for, then their number."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.most = 1  # lines
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)  # its texts cost as much as a curve, and rarely change
        self.entries: tuple[Entry, ...] = ()
        self.scale: tuple[str, float, float] | None = None
        self.unit = ""  # of its ends
        self.set_colours()

    def set_scale(self, scale: tuple[str, float, float] | None, unit: str = "") -> None:
        """A colour map with its ends, and their unit, instead of entries."""
        if (scale, unit) != (self.scale, self.unit):
            self.scale, self.unit = scale, unit
            self._resize()

    def set_name(self, name: str) -> None:
        """The vertical axis' name."""
        self.name = name
        self._resize()

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """What is in the legend."""
        if entries != self.entries:
            self.entries = entries
            self._resize()

    def set_most(self, lines: int) -> None:
        """How many lines the legend may take."""
        if lines != self.most:
            self.most = lines
            self._resize()

    def set_colours(self) -> None:
        """Take fonts and colours in force."""
        self._font = theme.sans_font(theme.current().caption)
        self._resize()

    def resizeEvent(self, event: Any) -> None:
        """Another width may need other lines."""
        super().resizeEvent(event)
        self._resize()

    def _resize(self) -> None:
        one = QFontMetricsF(self._font).height() + 4
        height = one * (len(self._lines()) + self._below) if self.name or self.entries or self.scale else 4
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setMinimumHeight(height)
            self.setMaximumHeight(height)
        self.update()

    @property
    def _below(self) -> bool:
        """Whether the colour map has a line of its own, for want of room beside the axis' name."""
        if not (self.scale and self.name) or self.most < 2:
            return False
        return QFontMetricsF(self._font).horizontalAdvance(self.name) + 8 > self._scale_from(self.size().width())

    def _scale_from(self, right: float) -> float:
        """Where the colour map with its numbers begins, in a strip that ends at `right`."""
        assert self.scale is not None
        measure = QFontMetricsF(theme.mono_font(theme.current().caption - 1))
        low, high = map(measure.horizontalAdvance, self._ends())
        return right - 8 - high - 6 - self._map_width(right, low + high) - 6 - low - 8

    def _ends(self) -> tuple[str, str]:
        """The numbers at the ends of the colour map, the second with their unit."""
        assert self.scale is not None
        low, high = (units.number(v, 3) for v in self.scale[1:])
        return low, f"{high} {self.unit}".rstrip()

    @staticmethod
    def _map_width(right: float, numbers: float) -> float:
        """Pixels of the colour map between its numbers: in a narrow picture it gives way, they do not."""
        return max(LEAST_MAP, min(MAP, right - numbers - 32))

    @property
    def _share(self) -> float:
        """How much of the first line the name may take: all of it, where the entries have lines of their own."""
        return 0.5 if self.entries and self.most < 2 else 1.0

    def _lines(self) -> list[tuple[list[tuple[Entry, float]], int]]:
        """Entries of each line with their widths, and how many are left out at the end of the last; the name has the first line's left."""
        measure = QFontMetricsF(self._font)
        room = self.size().width() - 8
        name = min(measure.horizontalAdvance(self.name), room * self._share)
        widths = self._widths(measure, self._apart(measure))
        lines: list[tuple[list[tuple[Entry, float]], int]] = []
        if self.most == 1 and self.name and room - name - 20 < sum(w for _, w in widths) <= room:
            return [([], 0), (widths, 0)]  # all of them below the name say more than some beside it
        left = list(widths)
        while left or not lines:
            free = room - (name + 20 if not lines else 0)
            last = len(lines) + 1 >= self.most
            count = len(left)
            while (
                count
                and sum(w for _, w in left[:count])
                + (measure.horizontalAdvance(f"+{len(left) - count}") + 8 if last and count < len(left) else 0)
                > free
            ):
                count -= 1
            if not (count or lines) and self.name:  # not even one beside the name: how many there are says nothing about what is drawn
                lines.append(([], 0))
                continue
            rest = len(left) - count
            if not count and left:  # not even one: as much of it as there is room for, so that one line at least has a name
                more = measure.horizontalAdvance(f"+{rest - 1}") + 8 if rest > 1 else 0.0
                lines.append(([(left[0][0], max(0.0, free - more))], rest - 1))
                break
            if last or not count:
                lines.append((left[:count], rest))
                break
            lines.append((left[:count], 0))
            left = left[count:]
        return lines

    def _apart(self, measure: QFontMetricsF) -> float:
        """What parts the entries: less where they have one line only, and it is too short for all of them."""
        room = self.size().width() - 8
        name = min(measure.horizontalAdvance(self.name), room * self._share)
        return CLOSE if self.most < 2 and sum(w for _, w in self._widths(measure, APART)) > room - name - 20 else APART

    def _widths(self, measure: QFontMetricsF, apart: float) -> list[tuple[Entry, float]]:
        """Entries with their widths, and what parts each from the next."""
        return [(e, _sample_width(e, measure) + 6 + measure.horizontalAdvance(e.text) + apart) for e in self.entries]

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw the name from the left and the entries from the right."""
        tokens = theme.current().tokens
        area = self.boundingRect()
        below = self._below
        if self.scale:
            self._map(painter, area.adjusted(0, area.height() / 2, 0, 0) if below else area)
        measure = QFontMetricsF(self._font)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.muted))
        room = area.width() - 8
        free = room * self._share if below or not self.scale else self._scale_from(area.width()) - 8
        name = measure.elidedText(self.name, Qt.TextElideMode.ElideRight, max(0.0, free))
        lines = self._lines()
        tall = area.height() / (len(lines) + below)
        apart = self._apart(measure)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(area.left() + 8, area.top(), room, tall), left, name)
        for number, (entries, left_out) in enumerate(lines):
            top = area.top() + number * tall
            rest = f"+{left_out}" if left_out else ""
            at = area.right() - 8 - sum(width for _, width in entries) + apart - (measure.horizontalAdvance(rest) + 8 if rest else 0)
            for entry, width in entries:
                sample = _sample_width(entry, measure)
                self._sample(painter, entry, at, sample, top + tall / 2)
                painter.setPen(QColor(tokens.text))
                text = measure.elidedText(entry.text, Qt.TextElideMode.ElideRight, width - sample - 5 - apart)
                painter.drawText(QRectF(at + sample + 6, top, width, tall), left, text)
                at += width
            if rest:
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QRectF(at - 6, top, 60, tall), left, rest)

    def _map(self, painter: QPainter, area: QRectF) -> None:
        """The ends in numbers, the map between them."""
        from lab.widgets.pictures.colours import lookup

        assert self.scale is not None
        name = self.scale[0]
        tokens = theme.current().tokens
        font = theme.mono_font(theme.current().caption - 1)
        measure = QFontMetricsF(font)
        painter.setFont(font)
        low, high = self._ends()
        right = area.right() - 8
        wide = self._map_width(area.width(), measure.horizontalAdvance(low) + measure.horizontalAdvance(high))
        left = right - measure.horizontalAdvance(high) - 6 - wide
        bar = QRectF(left, area.center().y() - 4, wide, 8)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        table = lookup(name)
        for k in range(17):
            shades.setColorAt(k / 16, QColor(*(int(v) for v in table[round(k * 255 / 16)])))
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(shades)
        painter.drawRect(bar)
        painter.setPen(QColor(tokens.muted))
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left - 90, area.top(), 84, area.height()), vertical | Qt.AlignmentFlag.AlignRight, low)
        painter.drawText(QRectF(bar.right() + 6, area.top(), 90, area.height()), vertical | Qt.AlignmentFlag.AlignLeft, high)

    def _sample(self, painter: QPainter, entry: Entry, at: float, width: float, middle: float) -> None:
        colour = theme.colour(entry.colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not entry.dot:
            pen = QPen(colour, max(2.0, theme.current().stroke))
            if entry.dashes:
                pen.setDashPattern(list(entry.dashes))
            painter.setPen(pen)
            painter.drawLine(QPointF(at, middle), QPointF(at + width, middle))
        if entry.marker or entry.dot:
            painter.save()
            painter.translate(at + width / 2, middle)
            painter.scale(8, 8)
            painter.setPen(QPen(theme.colour("muted"), 0.06))  # a mark as dark as the ground has an edge
            painter.setBrush(colour)
            painter.drawPath(Symbols[entry.marker or "o"])
            painter.restore()
