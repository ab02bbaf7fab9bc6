"""The names of lines at their ends, in the gutter to the right of a plot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from lab.display.labels import APART, CALM, NEAR, spread
from lab.display.symbols import runs
from lab.widgets import theme

NUMBERED = re.compile(r"([A-Za-z])(\d\d?)")  # x1 is the first x
LOWERED = re.compile(r"(\w)_(\w+)|([α-ω]) (\w)")  # α m is the rate of m
EDGE = 8.0
WIDEST = 132.0  # px that names may take
CLOSE = 0.85  # of the height of a name, from one to the next where there is little room
SHARE, ROOMY = 0.3, 0.36  # of the width of the picture, at most; of one that keeps room enough for its lines
ENOUGH = 180.0  # px


@dataclass(frozen=True)
class End:
    """A name: where its line ends (in drawn coordinates), its colour, and what is said under it."""

    key: object
    at: float
    text: str
    colour: str
    meaning: str = ""


class Gutter(pg.GraphicsWidget):
    """Writes the names beside the ends of the lines of a view; they glide where the lines move along."""

    def __init__(self, field: pg.ViewBox) -> None:
        super().__init__()
        self.field = field
        self.ends: tuple[End, ...] = ()
        self.least = 0.0  # px that a neighbour wants, so that gutters above one another are equally wide
        self._moving = False
        self._shown: dict[object, float] = {}
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)
        self.setFixedWidth(0)

    # -- what stands there --

    def _font(self) -> QFont:
        return theme.sans_font(theme.current().caption, QFont.Weight.DemiBold)

    def needed(self, ends: Sequence[End]) -> float:
        """Width of the gutter for these names."""
        if not ends:
            return 0.0
        size, bold = theme.current().caption, QFont.Weight.DemiBold
        return EDGE + max(max(theme.text_width(e.text, size, bold), theme.text_width(e.meaning, size)) for e in ends) + 4

    def fits(self, ends: Sequence[End], width: float, height: float) -> bool:
        """Whether these names have room beside a picture of this size."""
        share = ROOMY if width >= ENOUGH else SHARE
        return self.needed(ends) <= min(WIDEST * theme.current().caption / 12, share * width) and len(ends) * APART <= height

    def set_ends(self, ends: Sequence[End], moving: bool) -> None:
        """Other names or places; `moving`: the lines go along, so the names follow calmly."""
        ends = tuple(ends)
        width = round(max(self.needed(ends), self.least if ends or self.least else 0.0))
        if width != self.minimumWidth():
            self.setFixedWidth(width)
        same = [(e.key, e.text, e.colour, e.meaning) for e in ends] == [(e.key, e.text, e.colour, e.meaning) for e in self.ends]
        self._moving = moving
        self.ends = ends
        if self._glide() or not same:
            self.update()

    def set_least(self, width: float) -> None:
        """Be at least so wide."""
        self.least = width
        self.set_ends(self.ends, self._moving)

    def _glide(self) -> bool:
        """Move the names towards their places; whether any moved by a pixel."""
        moved = False
        height, area = self.size().height(), self.field.viewRect()
        if height <= 0 or area.height() == 0:
            return False
        found = {}
        for end in self.ends:
            wanted = height * (area.bottom() - end.at) / area.height()
            wanted = min(max(wanted, 0.0), height)
            before = self._shown.get(end.key)
            now = wanted if before is None or not self._moving else before + CALM * (wanted - before)
            if before is not None and abs(now - before) < NEAR / 10:
                now = before
            moved |= before is None or round(now) != round(before)
            found[end.key] = now
        self._shown = found
        return moved

    def resizeEvent(self, event: Any) -> None:
        """Another height has other places."""
        super().resizeEvent(event)
        self._shown = {}
        self._glide()
        self.update()

    def placed(self) -> list[tuple[End, float, bool]]:
        """Names with the middle of each in pixels from the top, and whether its meaning has room under it.

        Where there is room for a few of them only, the first ones are written: on one another none could be read, and the cursor
        names them all.
        """
        one = max(APART, QFontMetricsF(self._font()).height() - 1)
        most = max(1, int(self.size().height() / (one * CLOSE)))
        known = [end for end in self.ends if end.key in self._shown][:most]
        heights = [2 * one if end.meaning else one for end in known]
        said = [bool(end.meaning) for end in known]
        room = self.size().height()
        if sum(heights) > room:
            heights, said = [one] * len(known), [False] * len(known)
        middles = spread([self._shown[end.key] for end in known], heights, 0.0, room)
        return list(zip(known, middles, said, strict=True))

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Names in the colours of their lines, meanings muted."""
        look = theme.current()
        one = max(APART, QFontMetricsF(self._font()).height() - 1)
        vertical = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextDontClip
        for end, middle, said in self.placed():
            area = QRectF(EDGE, middle - one / 2 - (one / 2 if said else 0), self.size().width() - EDGE, one)
            painter.setFont(self._font())
            painter.setPen(QColor(_readable(end.colour)))
            write(painter, area, end.text, self._font())
            if said:
                painter.setFont(theme.sans_font(look.caption))
                painter.setPen(QColor(look.tokens.muted))
                painter.drawText(area.translated(QPointF(0, one)), vertical, end.meaning)


def write(painter: QPainter, area: QRectF, text: str, font: QFont) -> float:
    """A name in the middle of a line; a symbol such as τ_m or n as books set it. How wide it is."""
    text = symbol_of(text)
    symbol = " " not in text and ("_" in text or (len(text) == 1 and text.islower()))
    if not symbol:
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextDontClip, text)
        return QFontMetricsF(font).horizontalAdvance(text)
    x, line = area.left(), area.center().y() + 0.36 * font.pixelSize()
    for run in runs(text):
        own = QFont(font)
        own.setItalic(run.italic)
        if run.level:
            own.setPixelSize(max(8, round(0.78 * font.pixelSize())))
        painter.setFont(own)
        painter.drawText(QPointF(x, line - 0.3 * run.level * font.pixelSize()), run.text)
        x += QFontMetricsF(own).horizontalAdvance(run.text)
    painter.setFont(font)
    return x - area.left()


def symbol_of(text: str) -> str:
    """A name such as x1, tau_m or `α m` as a symbol with its letter or number below it."""
    lowered = NUMBERED.fullmatch(text) or LOWERED.fullmatch(text)
    if lowered is None:
        return text
    letter, below = (part for part in lowered.groups() if part is not None)
    return f"{letter}_{{{below}}}"


def _readable(colour: str) -> str:
    """A series colour moved towards the text colour until it can be read as text on the surface."""
    tokens = theme.current().tokens
    name = theme.colour(colour).name()
    for share in range(0, 101, 10):
        moved = theme.mix(name, tokens.text, share / 100)
        if theme.contrast(moved, tokens.surface) >= 4.5:
            return moved
    return tokens.text
