"""Pictures of files that are no tables: a waveform, words with their numbers, a network, tiles, the first lines of a text."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.data.dataset import Dataset
from lab.data.graphs import Net
from lab.data.recognise import Found
from lab.data.signals import Recording
from lab.data.vectors import Named
from lab.data.words import brief
from lab.units import number
from lab.widgets import theme

TILES = 60
NODES = 400


class Preview(QWidget):
    """Shows what a file holds at a glance."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.found: Found | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(200)

    def show_found(self, found: Found) -> None:
        """Another file."""
        self.found = found
        self.setAccessibleDescription(found.said or found.problem)
        self.update()

    def paintEvent(self, event: Any) -> None:
        """By what it is."""
        found = self.found
        if found is None or found.content is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(20, 12, -20, -12)
        content = found.content
        if isinstance(content, Recording):
            _waveform(painter, area, content)
        elif isinstance(content, Named):
            _vectors(painter, area, content)
        elif isinstance(content, Net):
            _network(painter, area, content)
        elif isinstance(content, Dataset) and content.picture is not None:
            _tiles(painter, area, content)
        elif isinstance(content, np.ndarray):
            _image(painter, area, content)
        elif isinstance(content, str):
            _lines(painter, area, content)
        painter.end()


def _text(painter: QPainter, box: QRectF, text: str, token: str = "muted", *, right: bool = False) -> None:
    painter.setPen(QColor(theme.colour(token)))
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(
        box, side | Qt.AlignmentFlag.AlignVCenter, painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    )


def _waveform(painter: QPainter, area: QRectF, found: Recording) -> None:
    values = found.values
    times = found.times if len(found.times) else found.start + found.interval * np.arange(len(values))
    low, high = float(values.min()), float(values.max())
    if high <= low:
        low, high = low - 1, high + 1
    plot = area.adjusted(64, 8, -8, -28)
    span = max(1e-12, float(times[-1] - times[0]))
    columns = int(plot.width())
    if len(values) > 4 * columns:  # the lowest and highest value of each column of pixels
        at = np.minimum(((times - times[0]) / span * columns).astype(int), columns - 1)
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        x = np.repeat(times[starts], 2)
        y = np.stack([lows, highs], 1).ravel()
    else:
        x, y = times, values
    px = plot.left() + (x - times[0]) / span * plot.width()
    py = plot.bottom() - (y - low) / (high - low) * plot.height()
    painter.setPen(QPen(theme.colour("grid"), 1))
    for share in (0.0, 0.5, 1.0):
        painter.drawLine(
            QPointF(plot.left(), plot.bottom() - share * plot.height()), QPointF(plot.right(), plot.bottom() - share * plot.height())
        )
    painter.setPen(QPen(theme.colour("series0"), 1.5))
    painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(px.tolist(), py.tolist(), strict=True)]))
    painter.setFont(theme.mono_font(theme.current().caption))
    for share, value in ((0.0, low), (0.5, (low + high) / 2), (1.0, high)):
        _text(painter, QRectF(area.left(), plot.bottom() - share * plot.height() - 9, 56, 18), number(value), right=True)
    _text(painter, QRectF(plot.left(), plot.bottom() + 6, 160, 18), f"{number(times[0], 6)} ms")
    _text(painter, QRectF(plot.right() - 160, plot.bottom() + 6, 160, 18), f"{number(times[-1], 6)} ms", right=True)


def _vectors(painter: QPainter, area: QRectF, found: Named) -> None:
    """The first words, and their numbers as colours: blue below zero, orange above."""
    rows = max(1, min(len(found.words), int(area.height() // 24)))
    columns = min(found.matrix.shape[1], 64)
    block = np.asarray(found.matrix[:rows, :columns], float)
    most = float(np.abs(block).max()) or 1.0
    tokens = theme.current().tokens
    wide = (area.width() - 190) / columns
    painter.setFont(theme.sans_font())
    for i in range(rows):
        y = area.top() + 24 * i
        name = found.words[i]
        _text(
            painter,
            QRectF(area.left(), y, 176, 24),
            name if name.strip() else "(empty)" if not name else "(a space)",
            "text" if name.strip() else "muted",
        )
        painter.setPen(Qt.PenStyle.NoPen)
        for j in range(columns):
            value = block[i, j] / most
            tint = tokens.series[1] if value > 0 else tokens.series[0]
            painter.setBrush(QColor(theme.mix(tokens.surface, tint, min(1.0, abs(value)))))
            painter.drawRect(QRectF(area.left() + 190 + j * wide, y + 3, max(1.0, wide - 1), 18))


def _network(painter: QPainter, area: QRectF, net: Net) -> None:
    """Nodes where the file has them, else on a circle; edges that inhibit are dashed."""
    dots = net.dots[:NODES]
    if not dots:
        return
    places = [d.place for d in dots]
    if any(p is None for p in places):
        angle = np.linspace(0, 2 * np.pi, len(dots), endpoint=False) - np.pi / 2
        at = np.stack([np.cos(angle), np.sin(angle)], 1)
    else:
        at = np.array(places, float)
    span = np.ptp(at, axis=0)
    scale = min((area.width() - 160) / max(span[0], 1e-9), (area.height() - 60) / max(span[1], 1e-9))
    scale = scale if np.isfinite(scale) and span.max() > 0 else 1.0
    spots = (at - (at.min(0) + at.max(0)) / 2) * scale
    where = {d.id: QPointF(area.center().x() + x, area.center().y() + y) for d, (x, y) in zip(dots, spots.tolist(), strict=True)}
    for link in net.links[:4000]:
        if link.source in where and link.target in where:
            negative = (link.weight or 0) < 0
            pen = QPen(
                theme.colour("series1" if negative else "series0", 0.7), 1.4, Qt.PenStyle.DashLine if negative else Qt.PenStyle.SolidLine
            )
            painter.setPen(pen)
            one, other = where[link.source], where[link.target]
            painter.drawLine(one, other)
            if link.directed and len(dots) <= 60:
                _head(painter, one, other, theme.colour("series1" if negative else "series0"))
    painter.setFont(theme.sans_font())
    small = len(dots) > 60
    for d in dots:
        painter.setPen(QPen(theme.colour("surface"), 2))
        painter.setBrush(theme.colour("text"))
        radius = 3 if small else 6
        painter.drawEllipse(where[d.id], radius, radius)
        if not small:
            words = brief(d.title, 24)
            wide = painter.fontMetrics().horizontalAdvance(words) + 8
            box = QRectF(where[d.id].x() - wide / 2, where[d.id].y() - 30, wide, 20)
            painter.fillRect(box, theme.colour("surface", 0.85))
            _text(painter, box.adjusted(4, 0, -2, 0), words, "text")


def _head(painter: QPainter, one: QPointF, other: QPointF, colour: QColor) -> None:
    along = other - one
    length = (along.x() ** 2 + along.y() ** 2) ** 0.5
    if length < 20:
        return
    unit = along / length
    tip = other - unit * 9
    side = QPointF(-unit.y(), unit.x())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([tip, tip - unit * 9 + side * 4, tip - unit * 9 - side * 4]))


def _tiles(painter: QPainter, area: QRectF, data: Dataset) -> None:
    """The first pictures of each class, a row for each class."""
    assert data.picture is not None
    classes = data.classes[:12]
    painter.setFont(theme.sans_font())
    size = min(52.0, area.height() / max(1, len(classes)) - 4)
    across = max(1, int((area.width() - 130) // (size + 4)))
    for i, name in enumerate(classes):
        y = area.top() + i * (size + 4)
        _text(painter, QRectF(area.left(), y, 120, size), brief(name, 16), "text")
        for j, row in enumerate(np.flatnonzero(data.t == i)[:across].tolist()):
            _paint_grey(painter, QRectF(area.left() + 130 + j * (size + 4), y, size, size), data.x[row].reshape(data.picture))


def _paint_grey(painter: QPainter, box: QRectF, grey: np.ndarray) -> None:
    pixels = np.ascontiguousarray(np.clip(grey * 255, 0, 255).astype(np.uint8))
    image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_Grayscale8)
    painter.drawImage(box, image.copy())


def _image(painter: QPainter, area: QRectF, grey: np.ndarray) -> None:
    scale = min(area.width() / grey.shape[1], area.height() / grey.shape[0], 4.0)
    _paint_grey(painter, QRectF(area.left(), area.top(), grey.shape[1] * scale, grey.shape[0] * scale), grey)


def _lines(painter: QPainter, area: QRectF, text: str) -> None:
    painter.setFont(theme.mono_font(theme.current().caption))
    for i, line in enumerate(text.splitlines()[: int(area.height() // 20)]):
        _text(painter, QRectF(area.left(), area.top() + 20 * i, area.width(), 20), line.expandtabs(4), "text")
