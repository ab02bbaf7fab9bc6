"""Tokens: text whose ground shows a value, and two rows of words joined by links whose width is their weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPainterPath, QPen

from lab import units
from lab.display.plots import Overlay, Source
from lab.engine import tokens as payload
from lab.engine.tokens import SHOWN, Row, Tokens
from lab.widgets import spoken, theme
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.pictures.colours import levels_of, paint
from lab.widgets.pictures.pointing import ENTER, stepped

EDGE = 12.0
WIDEST = 9.0  # px of the heaviest link
FAINT = 0.04  # links below this share of the heaviest one are left out: hundreds of them are only a grey veil
BEHIND = 2  # tokens after the chosen one that stay in sight, to step on to
BAR = 4.0  # height of the second value, a bar under its token


@dataclass(frozen=True)
class Chip:
    """One token as it lies on the picture: its place counted through all rows, its row, its frame and what is written."""

    place: int
    row: int
    frame: QRectF
    text: str


@draws("tokens")
class TokensView(PictureView):
    """Draws a stream of tokens; see `lab.model.Stream`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._keyed: int | None = None  # place of the token that the keys came to
        self._tokens: Tokens | None = None
        self._chips: list[Chip] = []
        self._left_out = self._left_behind = 0
        self.setMouseTracking(True)

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Take over the tokens of the source."""
        name = self.picture.layers[0].stream
        found = source.snapshot(name)
        self._tokens = None if found is None else payload.read(found, name, self.model._owner())
        self.update()
        return self._tokens is not None and any(row.texts for row in self._tokens.rows)

    def sizeHint(self) -> QSize:
        """Room for a few lines."""
        return QSize(480, 240)

    def paintEvent(self, event: Any) -> None:
        """The tokens."""
        if self._tokens is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_on(painter, QRectF(self.rect()))
            painter.end()

    # -- layout --

    def chips(self, area: QRectF) -> list[Chip]:
        """Where every token lies in an area: flowing as text when there is one row, else side by side in two."""
        tokens = self._tokens
        if tokens is None:
            return []
        self._left_out = self._left_behind = 0
        if len(tokens.rows) == 1:
            return self._flow(tokens.rows[0], area)
        look, made = theme.current(), []
        tall = look.text + 13.0
        head = look.caption + 8.0 if any(row.name for row in tokens.rows) else 0.0
        tops = (area.top() + 4 + head, area.bottom() - 4 - head - tall)
        measure = QFontMetricsF(theme.mono_font(look.text))
        for number, row in enumerate(tokens.rows):
            made += self._line(number, row, tokens.first(number), area, tops[number], tall, measure)
        return made

    def _line(self, number: int, row: Row, first: int, area: QRectF, top: float, tall: float, measure: QFontMetricsF) -> list[Chip]:
        """One row in one line; where there is no room for all, those that end a little behind the chosen one, else the last ones."""
        texts = [SHOWN.get(text, text) for text in row.texts]
        widths = [max(tall * 0.8, measure.horizontalAdvance(text) + 10) for text in texts]
        gap, room = 4.0, area.width() - 2 * EDGE
        end = self._end(len(widths))
        start = 0
        while start < end - 1 and sum(widths[start:end]) + gap * (end - start - 1) > room:
            start += 1
        if start == 0:  # room is left behind the chosen one
            while end < len(widths) and sum(widths[: end + 1]) + gap * end <= room:
                end += 1
        self._left_out, self._left_behind = max(self._left_out, start), max(self._left_behind, len(widths) - end)
        spare = max(0.0, room - sum(widths[start:end]) - gap * (end - start - 1)) / max(1, end - start)
        stretch = min(spare, 18.0)
        x, made = area.left() + EDGE, []
        for k in range(start, end):
            made.append(Chip(first + k, number, QRectF(x, top, widths[k] + stretch * 0.5, tall), texts[k]))
            x += widths[k] + gap + stretch
        return made

    def _end(self, length: int) -> int:
        """Where the shown part of a row ends: links come from what stands before the chosen token, so that is what must be seen.

        Rows of one length are one text seen twice and keep the same part."""
        tokens = self._tokens
        assert tokens is not None
        chosen = [
            k - tokens.first(n)
            for n, row in enumerate(tokens.rows)
            if len(row.texts) == length
            for k in tokens.lit
            if 0 <= k - tokens.first(n) < length
        ]
        return min(length, max(chosen) + 1 + BEHIND) if chosen else length

    def _flow(self, row: Row, area: QRectF) -> list[Chip]:
        """Text in lines; where it does not fit, its end."""
        look = theme.current()
        measure = QFontMetricsF(theme.mono_font(look.text + 1))
        padding, gap = (0.0, 0.0) if row.letters else (10.0, 4.0)
        tall = measure.height() + (4.0 if row.values.shape[1] < 2 else 6.0 + BAR)
        made, x, y = [], area.left() + EDGE, area.top() + EDGE / 2
        for k, text in enumerate(row.texts):
            shown = SHOWN.get(text, text)
            shown = " " if row.letters and text == " " else shown
            wide = measure.horizontalAdvance(shown) + padding
            if x + wide > area.right() - EDGE and x > area.left() + EDGE:
                x, y = area.left() + EDGE, y + tall + gap
            made.append(Chip(k, 0, QRectF(x, y, wide, tall), shown))
            x += wide + gap
            if text == "\n":
                x, y = area.left() + EDGE, y + tall + gap
        below = max((chip.frame.bottom() for chip in made), default=0.0) - (area.bottom() - 4)
        if below > 0:  # whole lines go, the first ones; how many tokens went is said above what is left
            head = look.caption + 6.0
            lines = int(np.ceil((below + head) / (tall + gap)))
            made = [Chip(c.place, 0, c.frame.translated(0, head - lines * (tall + gap)), c.text) for c in made]
            self._left_out = sum(c.frame.top() < area.top() + head for c in made)
            made = [c for c in made if c.frame.top() >= area.top() + head]
        return made

    # -- drawing --

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Links first, tokens over them."""
        tokens = self._tokens
        if tokens is None:
            return
        chips = self.chips(area)
        if painter.device() is self:
            self._chips = chips
        look = theme.current()
        at = {chip.place: chip.frame for chip in chips}
        self._links(painter, tokens, at)
        text = look.text + (1 if len(tokens.rows) == 1 else 0)
        painter.setFont(theme.mono_font(text))
        for chip in chips:
            self._chip(painter, tokens, chip)
        painter.setFont(theme.sans_font(look.caption))
        painter.setPen(QColor(look.tokens.muted))
        for number, row in enumerate(tokens.rows if len(tokens.rows) > 1 else ()):
            own = [chip.frame for chip in chips if chip.row == number]
            if row.name and own:
                y = own[0].top() - 6 if number == 0 else own[0].bottom() + look.caption + 4
                painter.drawText(QPointF(area.left() + EDGE, y), row.name)
        if self._left_out or self._left_behind:
            hidden = ((self._left_out, "before"), (self._left_behind, "after"))
            words = ", ".join(f"{count} {where}" for count, where in hidden if count)
            wide = QFontMetricsF(theme.sans_font(look.caption)).horizontalAdvance(words)
            painter.drawText(QPointF(area.right() - EDGE - wide, area.top() + look.caption), words)

    def _links(self, painter: QPainter, tokens: Tokens, at: dict[int, QRectF]) -> None:
        if not len(tokens.links):
            return
        heaviest = float(np.abs(tokens.links[:, 2]).max()) or 1.0
        start = tokens.first(1)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for upper, lower, weight in tokens.links[np.argsort(np.abs(tokens.links[:, 2]))]:
            share = abs(weight) / heaviest
            above, below = at.get(int(upper)), at.get(start + int(lower))
            if share < FAINT or above is None or below is None:
                continue
            one, other = QPointF(above.center().x(), above.bottom()), QPointF(below.center().x(), below.top())
            middle = (one.y() + other.y()) / 2
            path = QPainterPath(one)
            path.cubicTo(QPointF(one.x(), middle), QPointF(other.x(), middle), other)
            pen = QPen(theme.colour("series0" if weight >= 0 else "series1", 0.25 + 0.75 * share), max(0.8, WIDEST * share))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            if weight < 0:
                pen.setDashPattern([2.0, 1.5])
            painter.strokePath(path, pen)

    def _chip(self, painter: QPainter, tokens: Tokens, chip: Chip) -> None:
        look = theme.current()
        row = tokens.rows[chip.row]
        own = row.values[chip.place - tokens.first(chip.row)]
        flowing = len(tokens.rows) == 1 and row.letters
        chosen = chip.place in tokens.lit
        ground, ink = QColor(look.tokens.raised), QColor(look.tokens.text)
        if len(own) and np.isfinite(own[0]):
            lo, hi = levels_of(row.values[:, 0], self.picture.colours, self.picture.levels)
            ground = QColor(*(int(v) for v in paint(own[:1], lo, hi, self.picture.colours)[0]))
            ground = QColor(theme.mix(ground.name(), look.tokens.surface, 0.25))
            ink = QColor(max(("#000000", "#ffffff"), key=lambda c: theme.contrast(c, ground.name())))
        elif flowing:
            ground = QColor(0, 0, 0, 0)
        if chosen and not (len(own) and np.isfinite(own[0])):
            ground, ink = QColor(look.tokens.accent), QColor(look.tokens.on_accent)
        painter.setPen(QPen(QColor(look.tokens.text), 2) if chosen else Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        frame = chip.frame.adjusted(0, 0, 0, -(BAR + 2) if len(own) > 1 else 0)
        if flowing and not chosen:
            painter.drawRect(frame)
        else:
            painter.drawRoundedRect(frame, 4, 4)
        painter.setPen(ink)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, chip.text)
        if len(own) > 1 and np.isfinite(own[1]):
            most = float(np.nanmax(np.abs(row.values[:, 1]))) or 1.0
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("series0" if own[1] >= 0 else "series1"))
            painter.drawRect(QRectF(frame.left() + 1, frame.bottom() + 2, (frame.width() - 2) * abs(own[1]) / most, BAR))

    # -- what a person does --

    def _at(self, place: QPointF) -> Chip | None:
        return next((chip for chip in self._chips if chip.frame.contains(place)), None)

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what lies under the cursor."""
        chip = self._at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if chip and self.picture.pick else Qt.CursorShape.ArrowCursor)
        self._keyed = None
        self._read(chip, event.position())

    def _read(self, chip: Chip | None, at: QPointF) -> None:
        if chip is None or self._tokens is None:
            self.read_out("")
            return
        row = self._tokens.rows[chip.row]
        channels = self.model.stream(self.picture.layers[0].stream).channels
        place = chip.place - self._tokens.first(chip.row)
        words = [repr(row.texts[place])[1:-1] or "␣"]
        for k, value in enumerate(row.values[place]):
            words.append(f"{channels[k]} {units.number(value)}" if k < len(channels) else units.number(value))
        self.read_out("  ".join(words), QPoint(round(at.x()), round(at.y())))

    def mousePressEvent(self, event: Any) -> None:
        """Pick a token."""
        chip = self._at(event.position())
        if chip is not None and self.picture.pick and event.button() == Qt.MouseButton.LeftButton:
            self.acted.emit(self.picture.pick, {"index": chip.place})
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End go from token to token, Enter picks one."""
        chips = {chip.place: chip for chip in self._chips}
        here = self._keyed if self._keyed in chips else None
        if event.key() in ENTER and here is not None and self.picture.pick:
            self.acted.emit(self.picture.pick, {"index": here})
            return
        place = stepped(event, sorted(chips), here)
        if place is None:
            super().keyPressEvent(event)
            return
        self._keyed = place
        self._read(chips[place], chips[place].frame.center())
        spoken.announce(self, self.told())

    def leave_cursor(self) -> bool:
        """Let go of the token that the keys came to."""
        held, self._keyed = self._keyed is not None, None
        if held:
            self.read_out("")
        return held

    def table(self) -> Table:
        """Row, place, text and values."""
        if self._tokens is None:
            return [], []
        found = payload.columns(self._tokens, self.model.stream(self.picture.layers[0].stream).channels)
        return list(found), [column.tolist() for column in found.values()]
