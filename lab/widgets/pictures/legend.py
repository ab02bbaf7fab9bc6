"""The strip above a plot: the name of the vertical axis at the left, what each line is at the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPen

from lab.widgets import theme


@dataclass(frozen=True)
class Entry:
    """One line of the legend: its text, pen and marker ('' none; `dot` draws only the marker)."""

    text: str
    colour: str
    dashes: tuple[float, ...] = ()
    marker: str = ""
    dot: bool = False


class Strip(pg.GraphicsWidget):
    """Axis name and legend in one line; as many entries as there is room for, then their number."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.entries: tuple[Entry, ...] = ()
        self.scale: tuple[str, float, float] | None = None
        self.set_colours()

    def set_scale(self, scale: tuple[str, float, float] | None) -> None:
        """A colour map with its ends instead of entries."""
        if scale != self.scale:
            self.scale = scale
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

    def set_colours(self) -> None:
        """Take fonts and colours in force."""
        self._font = theme.sans_font(theme.current().caption)
        self._resize()

    def _resize(self) -> None:
        height = QFontMetricsF(self._font).height() + 4 if self.name or self.entries or self.scale else 4
        self.setMinimumHeight(height)
        self.setMaximumHeight(height)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Draw the name from the left and the entries from the right."""
        tokens = theme.current().tokens
        area = self.boundingRect()
        if self.scale:
            self._map(painter, area)
        measure = QFontMetricsF(self._font)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.muted))
        sample = 1.7 * measure.height()
        widths = [sample + 6 + measure.horizontalAdvance(e.text) + 14 for e in self.entries]
        room = area.width() - 8
        name = measure.elidedText(self.name, Qt.TextElideMode.ElideRight, max(0.0, room * (0.5 if self.entries else 1.0)))
        painter.drawText(QRectF(area.left() + 8, area.top(), room, area.height()), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        room -= measure.horizontalAdvance(name) + 20
        count = len(widths)
        rest = ""
        while count and sum(widths[:count]) + (measure.horizontalAdvance(rest) + 8 if rest else 0) > room:
            count -= 1
            rest = f"+{len(widths) - count}"
        at = area.right() - 8 - sum(widths[:count]) + 14 - (measure.horizontalAdvance(rest) + 8 if rest else 0)
        middle = area.center().y()
        for entry, width in zip(self.entries[:count], widths[:count], strict=True):
            self._sample(painter, entry, at, sample, middle)
            painter.setPen(QColor(tokens.text))
            painter.drawText(QRectF(at + sample + 6, area.top(), width, area.height()), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, entry.text)
            at += width
        if rest:
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QRectF(at - 6, area.top(), 60, area.height()), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, rest)

    def _map(self, painter: QPainter, area: QRectF) -> None:
        """The ends in numbers, the map between them."""
        from lab.widgets.pictures.colours import lookup

        assert self.scale is not None
        name, lo, hi = self.scale
        tokens = theme.current().tokens
        font = theme.mono_font(theme.current().caption - 1)
        measure = QFontMetricsF(font)
        painter.setFont(font)
        low, high = (f"{v:.3g}".replace("-", "−") for v in (lo, hi))
        right = area.right() - 8
        width = 72.0
        left = right - measure.horizontalAdvance(high) - 6 - width
        bar = QRectF(left, area.center().y() - 4, width, 8)
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
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawPath(Symbols[entry.marker or "o"])
            painter.restore()
