"""Tables: rows of numbers and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from lab.display.plots import Overlay, Source, typeset
from lab.errors import ModelError
from lab.units import MINUS, cell, formula, number
from lab.widgets import theme
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.pictures.ends import write

ALIGN_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ALIGN_TEXT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
NARROWEST = 36  # px of a column that gives way
WIDEST_WORD = 170  # px: longer words are cut
Index = QModelIndex | QPersistentModelIndex
MOST_LINES = 3  # that a sentence is broken into, as long as it is no longer than so many of the widest words
WRAPPED = 60  # rows that are measured
PADDING = 24  # of a cell
INDENT = 11  # px of its text
BAR, SHORTEST_BAR = 130, 36  # px of a column of bars, and what it gives way to
FILLED, TICK = "█", "│"
NAMED = re.compile(r"([^\W\d_]{1,5}(?:_\w{1,4})?)( \([^()]+\))")  # a symbol with its unit, such as tau_m (ms)
WORDS = Qt.TextFlag.TextWordWrap
# A text that is nothing but a number stands as numbers do, and so does the dash of one that is not known yet.
NUMERAL = re.compile(r"[−+-]?\d[\d\u202f.,]*( × 10[⁻⁰¹²³⁴-⁹]+)?( ?%)?|[–—]")


def cell_text(value: Any) -> str:
    """A cell as a person reads it."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else ("yes" if value else "no")
    if isinstance(value, int):
        return number(value)
    if isinstance(value, (float, np.generic, np.ndarray)):
        return number(float(value), 5)
    text = str(value)
    if NAMED.fullmatch(text):  # of other words nothing is a symbol: a text may be about the letter beta
        return typeset(text)
    return f"{MINUS}{text[1:]}" if text[:1] == "-" and text[1:2].isdigit() and " " not in text else cell(text)


def bar_of(value: Any) -> tuple[float, float | None] | None:
    """The share that a text of blocks shows, and where its tick stands; None for other texts."""
    if not isinstance(value, str) or len(value) < 8 or set(value) - {FILLED, TICK, " "}:
        return None
    return (value.rfind(FILLED) + 1) / len(value), value.find(TICK) / (len(value) - 1) if TICK in value else None


class Bars(QStyledItemDelegate):
    """Draws texts of blocks as bars that are as long as their column lets them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A bar has no words that could be broken into lines."""
        return QSize(BAR, 1) if bar_of(index.data()) is not None else super().sizeHint(option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Ground as ever; then the bar, and its tick as an upright line."""
        text = index.data()
        bar, named = bar_of(text), _lowered(text)
        if bar is None and named is None:
            super().paint(painter, option, index)
            return
        bare = QStyleOptionViewItem(option)
        self.initStyleOption(bare, index)
        bare.text = ""  # type: ignore[attr-defined]
        view = self.parent()
        assert isinstance(view, QTableView)
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, view)
        if bar is not None:
            paint_bar(painter, QRectF(option.rect), *bar)  # type: ignore[attr-defined]
        elif named is not None:
            paint_named(painter, QRectF(option.rect).adjusted(INDENT, 0, 0, 0), *named)  # type: ignore[attr-defined]


def _lowered(text: Any) -> tuple[str, str] | None:
    """The symbol and the unit of a text such as V_th (mV), whose letters are set one below the other; None for other texts."""
    found = NAMED.fullmatch(text) if isinstance(text, str) else None
    return (found.group(1), found.group(2)) if found and "_" in text else None


def paint_named(painter: QPainter, cell: QRectF, symbol: str, unit: str) -> None:
    """A symbol as books print it, and its unit."""
    font = theme.sans_font()
    painter.save()
    painter.setFont(font)
    painter.setPen(theme.colour("text"))
    wide = write(painter, cell, symbol, font)
    painter.drawText(cell.adjusted(wide, 0, 0, 0), ALIGN_TEXT, unit)
    painter.restore()


def paint_bar(painter: QPainter, cell: QRectF, share: float, tick: float | None) -> None:
    """A bar in a cell, with a tick where something else would put it."""
    room = cell.adjusted(8, 0.28 * cell.height(), -8, -0.28 * cell.height())
    painter.fillRect(QRectF(room.left(), room.top(), room.width() * share, room.height()), theme.colour("series0"))
    if tick is not None:
        painter.fillRect(QRectF(room.left() + tick * room.width() - 1, room.top() - 3, 2, room.height() + 6), theme.colour("text"))


class Rows(QAbstractTableModel):
    """Rows as Qt reads them."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.formulas = False  # its words are formulas of plain letters
        self.names: list[str] = []
        self.rows: list[Mapping[str, Any]] = []

    def set_rows(self, rows: list[Mapping[str, Any]]) -> None:
        """Other rows; the selection stays while their number does."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        if names != self.names or len(rows) != len(self.rows):
            self.beginResetModel()
            self.names, self.rows = names, rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(max(0, len(rows) - 1), max(0, len(names) - 1)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self.names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment and font of a cell."""
        value = self.rows[index.row()].get(self.names[index.column()])
        if role == Qt.ItemDataRole.DisplayRole:
            return formula(value) if self.formulas and isinstance(value, str) else cell_text(value)
        number = not isinstance(value, (str, bool)) and value is not None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return ALIGN_NUMBER if number or (isinstance(value, str) and NUMERAL.fullmatch(value)) else ALIGN_TEXT
        if role == Qt.ItemDataRole.FontRole and number:
            return theme.mono_font()
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column names."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return formula(self.names[section]) if self.formulas else typeset(self.names[section])
        if role == Qt.ItemDataRole.TextAlignmentRole and self.rows:
            return self.data(self.index(0, section), role)
        return None


class Grid(QTableView):
    """A table that stays where it is when a row is clicked: only keys bring what they choose into view."""

    pressed_now = False

    def mousePressEvent(self, event: Any) -> None:
        """Choose without scrolling."""
        self.pressed_now = True
        super().mousePressEvent(event)
        self.pressed_now = False

    def scrollTo(self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible) -> None:
        """What is clicked is in sight already."""
        if not self.pressed_now:
            super().scrollTo(index, hint)


@draws("table")
class TableView(PictureView):
    """Shows a list of rows, each a dict of column -> text or number."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.rows = Rows(self)
        self.rows.formulas = self.picture.formulas
        self.grid = Grid(self)
        self.grid.setModel(self.rows)
        self.grid.setItemDelegate(Bars(self.grid))
        self.grid.verticalHeader().hide()
        self.grid.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.grid.horizontalHeader().setStretchLastSection(True)
        self.grid.horizontalHeader().setHighlightSections(False)
        self.grid.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.grid.setShowGrid(False)
        self.grid.setAlternatingRowColors(True)
        self.grid.setAccessibleName(self.picture.title)
        self.grid.clicked.connect(self._clicked)
        self.grid.activated.connect(self._clicked)
        self.column.addWidget(self.grid)
        self._fitted: tuple[int, ...] = ()
        self._wrapped: tuple = ()
        self._fit_rows()

    def _fit_rows(self) -> None:
        self.grid.verticalHeader().setDefaultSectionSize(theme.current().text + 13)
        self._wrapped = ()

    def _wrap(self) -> None:
        """Rows as high as their longest text needs, measured again only when widths or lengths of texts have changed."""
        header, rows = self.grid.horizontalHeader(), self.rows.rows
        lengths = tuple(len(value) for row in rows[:WRAPPED] for value in row.values() if isinstance(value, str) and bar_of(value) is None)
        seen = (tuple(header.sectionSize(k) for k in range(self.rows.columnCount())), len(rows), lengths)
        if seen != self._wrapped:
            self._wrapped = seen
            least = theme.current().text + 13
            measure, wide = QFontMetricsF(theme.sans_font()), dict(zip(self.rows.names, seen[0], strict=True))
            for k in range(min(len(rows), WRAPPED)):
                words = [(name, v) for name, v in rows[k].items() if isinstance(v, str) and bar_of(v) is None]
                # Measured here: the grid's own hint does not know the padding of cells, and is a line too high or too low.
                cells = [QRectF(0, 0, max(1.0, wide[name] - PADDING + 2), 10_000) for name, _ in words]
                lines = [measure.boundingRect(cell, WORDS, v).height() for cell, (_, v) in zip(cells, words, strict=True)]
                self.grid.setRowHeight(k, least + max(0, round(max(lines, default=0.0) - measure.height())))

    def _fit_columns(self) -> None:
        """Each column as wide as its contents, and a share of what is left; where there is too little, the widest give way."""
        count = self.rows.columnCount()
        if not count:
            return
        header = self.grid.horizontalHeader()
        needed = [max(self.grid.sizeHintForColumn(k), header.sectionSizeHint(k)) for k in range(count)]
        bars = [any(bar_of(row.get(name)) for row in self.rows.rows[:WRAPPED]) for name in self.rows.names]
        needed = [min(width, BAR) if bar else width for width, bar in zip(needed, bars, strict=True)]
        room = self.grid.viewport().width()
        if (room, *needed) != self._fitted:
            self._fitted = (room, *needed)
            # Sentences can be broken into lines down to their longest word; where even that is too wide, the table scrolls: half a number says nothing.
            # Nor are they broken into more than a few lines: rows as high as the card would show one of them.
            widths, least = (
                list(needed),
                [SHORTEST_BAR if bars[k] else min(max(self._longest_word(k), needed[k] // MOST_LINES), WIDEST_WORD) for k in range(count)],
            )
            narrow = [low if bars[k] else min(low, self._longest_word(k)) for k, low in enumerate(least)]
            if sum(least) > room >= sum(narrow):  # rather some lines more than a sentence that is cut
                least = narrow
            limit = max(needed)
            while sum(widths) > room and limit > NARROWEST:
                limit -= 4
                widths = [max(min(width, limit), min(width, low)) for width, low in zip(widths, least, strict=True)]
            growing = [k for k in range(count) if bars[k]] or list(range(count))  # a bar says more the longer it is
            spare = max(0, room - sum(widths)) // len(growing)
            for k, width in enumerate(widths):
                header.resizeSection(k, width + (spare if k in growing else 0))
        self._wrap()

    def _longest_word(self, column: int) -> int:
        """Width that a column needs when its sentences are broken into lines."""
        name = self.rows.names[column]
        texts = [cell_text(row.get(name)) for row in self.rows.rows[:WRAPPED]]
        if any(not isinstance(row.get(name), (str, type(None))) for row in self.rows.rows[:WRAPPED]):
            measure, words = QFontMetricsF(theme.mono_font()), texts
        else:
            measure, words = QFontMetricsF(theme.sans_font()), [w for t in texts for w in t.split(" ")]
        widest = max(words, key=len, default="")
        return (
            round(
                max(
                    measure.horizontalAdvance(widest),
                    QFontMetricsF(theme.sans_font(theme.current().caption)).horizontalAdvance(typeset(name)),
                )
            )
            + PADDING
        )

    def resizeEvent(self, event: Any) -> None:
        """Columns follow the width."""
        super().resizeEvent(event)
        self._fit_columns()

    def set_theme(self) -> None:
        """Row heights follow the type."""
        self._fit_rows()
        super().set_theme()

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Show the rows."""
        value = source.snapshot(self.picture.layers[0].stream)
        rows = [] if value is None else list(value)
        if any(not isinstance(row, Mapping) for row in rows):
            raise ModelError(f"{self.model._owner()}: the table '{self.picture.layers[0].stream}' must be a list of rows, each a dict.")
        self.rows.set_rows(rows)
        self._fit_columns()
        return bool(rows)

    def _clicked(self, index: QModelIndex) -> None:
        if self.picture.pick:
            self.acted.emit(self.picture.pick, {"index": index.row()})

    def table(self) -> Table:
        """The columns."""
        return list(self.rows.names), [[row.get(name, "") for row in self.rows.rows] for name in self.rows.names]

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Header and as many rows as fit, as text."""
        look = theme.current()
        names, rows = self.rows.names, self.rows.rows
        if not names:
            return
        width = area.width() / len(names)
        height = look.text + 13
        for k, name in enumerate(names):
            number = any(not isinstance(row.get(name), (str, bool)) and row.get(name) is not None for row in rows)
            flags = ALIGN_NUMBER if number else ALIGN_TEXT
            font = theme.mono_font() if number else theme.sans_font()
            measure = QFontMetricsF(font)
            painter.setFont(theme.sans_font(look.caption))
            painter.setPen(QColor(look.tokens.muted))
            painter.drawText(QRectF(area.left() + k * width + 8, area.top(), width - 16, height), flags, typeset(name))
            painter.setFont(font)
            painter.setPen(QColor(look.tokens.text))
            for r, row in enumerate(rows):
                top = area.top() + (r + 1) * height
                if top + height > area.bottom():
                    break
                bar = bar_of(row.get(name))
                if bar is not None:
                    paint_bar(painter, QRectF(area.left() + k * width, top, width, height), *bar)
                    continue
                named = _lowered(cell_text(row.get(name)))
                if named is not None:
                    paint_named(painter, QRectF(area.left() + k * width + 8, top, width - 16, height), *named)
                    continue
                text = measure.elidedText(cell_text(row.get(name)), Qt.TextElideMode.ElideRight, width - 16)
                painter.drawText(QRectF(area.left() + k * width + 8, top, width - 16, height), flags, text)
        painter.setPen(QColor(look.tokens.line))
        painter.drawLine(QPointF(area.left(), area.top() + height), QPointF(area.right(), area.top() + height))
