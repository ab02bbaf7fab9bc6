"""A card for each column of a table, with its kind, distribution, range and gaps, above the first rows as they stand in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QToolTip, QWidget

from lab.data.columns import Column
from lab.data.learned import Plan, uses
from lab.data.numerals import tidy
from lab.data.words import brief
from lab.units import number
from lab.units import number as printed
from lab.widgets import theme

GAP, INSET = 6, 9
ROW = 28
HEAD = 146
NARROW, WIDE = 86, 190
BINS = 12
SAMPLE = 20_000  # cells that a distribution is drawn from
KINDS = (("number", "number"), ("class", "category"), ("ignore", "leave out"))
TINTS = {"number": "series0", "category": "series4", "yes or no": "series3", "left out": "muted"}


@dataclass(frozen=True)
class Card:
    """What is shown of one column."""

    column: Column
    label: str
    role: str
    why: str
    left: float
    width: float
    bars: np.ndarray
    spread: str
    gaps: str


def distribution(column: Column) -> np.ndarray:
    """Heights 0..1: a histogram of numbers, or the commonest classes, most first."""
    if column.numbers is not None:
        values = column.numbers[~column.missing][:SAMPLE]
        if not len(values) or column.values < 2:
            return np.zeros(0)
        counts = np.histogram(values, BINS)[0].astype(float)
    else:
        assert column.codes is not None
        codes = column.codes[:SAMPLE]
        counts = np.sort(np.bincount(codes[codes >= 0]))[::-1][:4].astype(float)
    return counts / counts.max() if len(counts) and counts.max() else np.zeros(0)


def spread(column: Column) -> str:
    """Its range, or its classes, in a few letters."""
    if column.numbers is not None:
        present = column.numbers[~column.missing]
        if not len(present):
            return ""
        low, high = _short(float(present.min())), _short(float(present.max()))
        return low if low == high else f"{low} to {high}"
    assert column.codes is not None
    codes = column.codes[:SAMPLE]
    commonest = np.argsort(-np.bincount(codes[codes >= 0]), kind="stable")[:4]  # as the bars above stand
    words = [brief(column.words[k], 12) for k in commonest if k < len(column.words)]
    more = column.values - len(words)
    return ", ".join(words) + (f" … {number(column.values)}" if more > 0 else "")


def _short(value: float) -> str:
    """A number in a few letters."""
    return number(round(value)) if 1000 <= abs(value) < 1e7 else number(value)


def _of_classes(plan: Plan) -> tuple[np.ndarray, str]:
    """Heights and names of the commonest classes of numbers that are classes."""
    commonest = sorted(plan.classes, key=lambda c: -c[1])
    counts = np.array([n for _, n in commonest[:4]], float)
    more = f" … {printed(len(commonest))}" if len(commonest) > 4 else ""
    return counts / counts.max(), ", ".join(brief(name, 12) for name, _ in commonest[:4]) + more


class ColumnCards(QAbstractScrollArea):
    """The table; a click on a card's kind corrects it, one on its name makes it the target.

    kind_chosen    a column and what it shall hold ("" as found)
    target_chosen  a column that shall be predicted
    """

    kind_chosen = Signal(str, str)
    target_chosen = Signal(str)
    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Columns of the table")
        self.plan: Plan | None = None
        self.cards: list[Card] = []
        self.current = 0
        self._over: tuple[int, str] = (-1, "")

    # -- what is shown --

    def show_plan(self, plan: Plan) -> None:
        """Show the columns of a plan and the first rows of its table."""
        same = self.plan is not None and [c.name for c in self.plan.table.columns] == [c.name for c in plan.table.columns]
        self.plan = plan
        small = QFontMetricsF(theme.sans_font(theme.current().caption))
        measure, mono = QFontMetricsF(theme.sans_font()), QFontMetricsF(theme.mono_font(theme.current().caption))
        self.cards = []
        left = 0.0
        for k, (column, use) in enumerate(zip(plan.table.columns, uses(plan), strict=True)):
            label = "left out" if use.role == "left out" else "pixel" if use.holds == "pixel" else column.label
            if use.role == "target":
                label = "category" if plan.task == "classification" else "number"
            texts = [row[k] for row in plan.table.preview[:40] if k < len(row)]
            widest = max([mono.horizontalAdvance(brief(t, 22)) for t in texts] + [0.0])
            bars, words = distribution(column), spread(column) if use.role != "left out" else use.why
            if use.role == "target" and column.numbers is not None and plan.classes:
                bars, words = _of_classes(plan)
            reach = small.horizontalAdvance(words) if use.role != "left out" else 0.0
            needed = max(min(reach, 124.0), measure.horizontalAdvance(column.name[:24]) + 2, widest, measure.horizontalAdvance(label) + 24)
            width = float(min(WIDE, max(NARROW, needed + 2 * INSET)))
            gaps = int(column.missing.sum()) - column.slipped
            self.cards.append(Card(
                column, label, use.role, use.why, left, width, bars, words,
                f"{printed(gaps)} missing" if gaps else "complete" if not column.slipped else f"{printed(column.slipped)} wrong",
            ))  # fmt: skip
            left += width + GAP
        if not same:
            self.current = plan.target or 0
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)
        self._arrange()
        self.viewport().update()
        if not same and plan.target is not None:
            self._reveal(plan.target)

    @property
    def rows(self) -> int:
        """Rows that are shown."""
        return len(self.plan.table.preview) if self.plan else 0

    def _arrange(self) -> None:
        size = self.viewport().size()
        whole = self.cards[-1].left + self.cards[-1].width if self.cards else 0
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setRange(0, max(0, int(whole + 2 - size.width())))
        across.setPageStep(size.width())
        across.setSingleStep(40)
        down.setRange(0, max(0, HEAD + self.rows * ROW + 8 - size.height()))
        down.setPageStep(size.height())
        down.setSingleStep(ROW)

    def resizeEvent(self, event: Any) -> None:
        """More or fewer cards fit."""
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Everything is painted where it is now."""
        self.viewport().update()

    def set_theme(self) -> None:
        """Other colours and sizes."""
        if self.plan is not None:
            self.show_plan(self.plan)

    # -- painting --

    def paintEvent(self, event: Any) -> None:
        """The cards that can be seen."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, y = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        height = self.viewport().height()
        for k, card in enumerate(self.cards):
            if card.left + card.width < x or card.left > x + self.viewport().width():
                continue
            painter.save()
            painter.translate(card.left - x, 0)
            self._paint(painter, k, card, y, height)
            painter.restore()
        painter.end()

    def _paint(self, painter: QPainter, k: int, card: Card, scrolled: int, height: int) -> None:
        look = theme.current()
        tokens = look.tokens
        target, out = card.role == "target", card.role == "left out"
        area = QRectF(0.5, 0.5, card.width - 1, height - 1)
        shape = QPainterPath()
        shape.addRoundedRect(area, 8, 8)
        ground = theme.mix(tokens.surface, tokens.good, 0.16) if target else tokens.background if out else tokens.surface
        painter.fillPath(shape, QColor(ground))
        painter.setClipPath(shape)
        self._paint_rows(painter, k, card, scrolled, height, ground)
        painter.fillRect(QRectF(0, 0, card.width, HEAD), QColor(ground))
        self._paint_head(painter, k, card)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawLine(QPointF(0, HEAD), QPointF(card.width, HEAD))
        painter.setClipping(False)
        edge = tokens.good if target else tokens.accent if k == self.current and self.hasFocus() else tokens.line
        painter.setPen(QPen(QColor(edge), 1.5 if target or edge == tokens.accent else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, 8, 8)

    def _paint_head(self, painter: QPainter, k: int, card: Card) -> None:
        look = theme.current()
        tokens = look.tokens
        out = card.role == "left out"
        inner = card.width - 2 * INSET
        font = theme.sans_font(weight=theme.sans_font().Weight.DemiBold)
        font.setStrikeOut(out)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted if out else tokens.text))
        painter.drawText(QRectF(INSET, 8, inner, 20), Qt.AlignmentFlag.AlignVCenter, _cut(card.column.name, font, inner))
        # The kind, as a button.
        chip = self._chip(card)
        tint = tokens.good if card.role == "target" else theme.colour(TINTS.get(card.label, "accent")).name()
        over = self._over == (k, "kind")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.mix(tokens.surface, tint, 0.32 if over else 0.18)))
        painter.drawRoundedRect(chip, 9, 9)
        small = theme.sans_font(look.caption)
        painter.setFont(small)
        painter.setPen(QColor(tokens.text if not out else tokens.muted))
        painter.drawText(chip.adjusted(8, 0, -16, 0), Qt.AlignmentFlag.AlignVCenter, _cut(card.label, small, chip.width() - 24))
        self._paint_arrow(painter, chip)
        plot = QRectF(INSET, 62, inner, 34)
        if not out:
            self._paint_bars(painter, plot, card, tint)
        painter.setFont(small)
        painter.setPen(QColor(tokens.muted))
        where = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        if out:
            painter.drawText(QRectF(INSET, 60, inner, 66), where, card.why)
            return
        painter.drawText(QRectF(INSET, 102, inner, 18), Qt.AlignmentFlag.AlignVCenter, _cut(card.spread, small, inner))
        gaps = card.gaps != "complete"
        painter.setPen(QColor(tokens.readable("warn", "surface") if gaps else tokens.muted))
        painter.drawText(
            QRectF(INSET, 120, inner, 18), Qt.AlignmentFlag.AlignVCenter, _cut(("△ " if gaps else "") + card.gaps, small, inner)
        )

    def _chip(self, card: Card) -> QRectF:
        small = QFontMetricsF(theme.sans_font(theme.current().caption))
        return QRectF(INSET - 2, 33, min(card.width - 2 * INSET + 4, small.horizontalAdvance(card.label) + 30), 20)

    def _paint_arrow(self, painter: QPainter, chip: QRectF) -> None:
        x, y = chip.right() - 12, chip.center().y()
        painter.setPen(QPen(QColor(theme.current().tokens.muted), 1.4))
        painter.drawPolyline([QPointF(x - 3, y - 1.5), QPointF(x, y + 1.5), QPointF(x + 3, y - 1.5)])

    def _paint_bars(self, painter: QPainter, plot: QRectF, card: Card, tint: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tint))
        n = len(card.bars)
        if card.column.numbers is not None and card.label != "category":
            step = plot.width() / max(1, n)
            for i, value in enumerate(card.bars):
                high = max(1.0 if value else 0.0, value * plot.height())
                painter.drawRect(QRectF(plot.left() + i * step + 0.5, plot.bottom() - high, max(1.0, step - 1.5), high))
            return
        step = min(10.0, plot.height() / max(1, n))
        for i, value in enumerate(card.bars):
            painter.drawRoundedRect(QRectF(plot.left(), plot.top() + i * (step + 1.5), max(2.0, value * plot.width()), step - 1), 2, 2)

    def _paint_rows(self, painter: QPainter, k: int, card: Card, scrolled: int, height: int, ground: str) -> None:
        assert self.plan is not None
        look, table = theme.current(), self.plan.table
        tokens = look.tokens
        font, small = theme.mono_font(look.caption), theme.sans_font(look.caption)
        out = card.role == "left out"
        first = max(0, scrolled // ROW)
        line = QPen(QColor(theme.mix(tokens.line, ground, 0.5)), 1)
        slips = {row for row, _ in card.column.slips}
        for i in range(first, min(len(table.preview), first + (height - HEAD) // ROW + 2)):
            y = HEAD + i * ROW - scrolled
            box = QRectF(0, y, card.width, ROW)
            text = table.preview[i][k] if k < len(table.preview[i]) else ""
            gap = bool(card.column.missing[i]) and i not in slips and not out
            if gap or i in slips:
                painter.fillRect(box, QColor(theme.mix(ground, tokens.bad if i in slips else tokens.warn, 0.2)))
            painter.setPen(line)
            painter.drawLine(QPointF(0, y + ROW), QPointF(card.width, y + ROW))
            inner = box.adjusted(INSET, 0, -INSET, 0)
            right = card.column.numbers is not None and not out
            painter.setFont(small if gap else font)
            painter.setPen(QColor(tokens.muted if out else tokens.readable("warn", "surface") if gap else tokens.text))
            shown = "missing" if gap else brief(tidy(text), 60)
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, _cut(shown, small if gap else font, inner.width()))

    # -- what a person does --

    def _hit(self, place: QPointF) -> tuple[int, str]:
        x = place.x() + self.horizontalScrollBar().value()
        for k, card in enumerate(self.cards):
            if card.left <= x < card.left + card.width:
                inside = QPointF(x - card.left, place.y())
                if place.y() < HEAD:
                    return k, "kind" if self._chip(card).contains(inside) else "head"
                return k, "rows"
        return -1, ""

    def mouseMoveEvent(self, event: Any) -> None:
        """What is under the mouse can be seen and is said."""
        over = self._hit(event.position())
        if over != self._over:
            self._over = over
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over[1] in ("kind", "head") else Qt.CursorShape.ArrowCursor)
            self.viewport().update()
            if over[0] >= 0:
                card = self.cards[over[0]]
                told = {"kind": "What the column holds: click to correct it", "head": f"{card.column.name}: click to predict it"}.get(
                    over[1], ""
                )
                QToolTip.showText(event.globalPosition().toPoint(), told, self)

    def mousePressEvent(self, event: Any) -> None:
        """A kind is corrected, a name chosen as the target, a column picked."""
        k, part = self._hit(event.position())
        if k < 0:
            return
        self.current = k
        self.picked.emit(k)
        if part == "kind":
            self.ask_kind(k)
        elif part == "head":
            self.target_chosen.emit(self.cards[k].column.name)
        self.viewport().update()

    def ask_kind(self, k: int) -> None:
        """The menu of what a column may hold."""
        card = self.cards[k]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for kind, words in KINDS:
            entry = menu.addAction(words.capitalize())
            entry.setCheckable(True)
            entry.setChecked((card.role != "left out" and card.column.kind == kind) or (card.role == "left out" and kind == "ignore"))
            entry.setData(("kind", kind))
        menu.addSeparator()
        for words, data in (("As found", ("kind", "")), ("Predict this column", ("target", ""))):
            menu.addAction(words).setData(data)
        menu.triggered.connect(self._menu_chosen)
        self._asked = card.column.name
        chip = self._chip(card).translated(card.left - self.horizontalScrollBar().value(), 2)
        menu.popup(self.viewport().mapToGlobal(chip.bottomLeft().toPoint()))

    def _menu_chosen(self, entry: Any) -> None:
        what, kind = entry.data()
        if what == "target":
            self.target_chosen.emit(self._asked)
        else:
            self.kind_chosen.emit(self._asked, kind)

    def keyPressEvent(self, event: Any) -> None:
        """Left and right walk over the columns, Return corrects one, T predicts it, Delete leaves it out."""
        key = event.key()
        if not self.cards:
            return
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
            last = len(self.cards) - 1
            to = {Qt.Key.Key_Left: self.current - 1, Qt.Key.Key_Right: self.current + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: last}[
                Qt.Key(key)
            ]
            self.current = min(last, max(0, to))
            self.picked.emit(self.current)
            self._reveal(self.current)
            self.viewport().update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.ask_kind(self.current)
        elif key == Qt.Key.Key_T:
            self.target_chosen.emit(self.cards[self.current].column.name)
        elif key == Qt.Key.Key_Delete:
            self.kind_chosen.emit(self.cards[self.current].column.name, "ignore")
        else:
            super().keyPressEvent(event)

    def _reveal(self, k: int) -> None:
        card, bar, width = self.cards[k], self.horizontalScrollBar(), self.viewport().width()
        if card.left < bar.value():
            bar.setValue(int(card.left))
        elif card.left + card.width > bar.value() + width:
            bar.setValue(int(card.left + card.width - width + 4))

    def viewport_rect(self, k: int) -> QRect:
        """Where a card stands in the viewport."""
        card = self.cards[k]
        return QRect(int(card.left - self.horizontalScrollBar().value()), 0, int(card.width), self.viewport().height())


def _cut(text: str, font: QFont, width: float) -> str:
    return QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
