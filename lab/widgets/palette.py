"""The one search field: models, presets, parameters, actions, commands and help, found by a few letters of their name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from lab.search import Subject, rank
from lab.widgets import theme

SHOWN = 9
WORDS = ("Search models, commands, parameters", "Search models", "Search")  # in an empty field, where there is room
BESIDE = 44  # px of a field that words cannot have
WEIGHTS = {"preset": 0.8, "picture": 0.8, "session": 0.8, "set": 4.0}  # what is set to a value was asked for in full


@dataclass(frozen=True)
class Entry:
    """Something that can be found: what it is, its name, what happens when it is chosen."""

    kind: str
    text: str
    run: Callable[[], None]
    icon: str = "mdi6.chevron-right"
    note: str = ""
    also: tuple[str, ...] = ()  # what else it is called
    words: str = ""  # more to be found by
    known: Subject | None = None  # as it is found, where that is known already

    @property
    def subject(self) -> Subject:
        """As the search sees it: models before all that is called alike, and each kind at its own weight."""
        return self.known or Subject(self.text, self.also, self.words, self.note, WEIGHTS.get(self.kind, 1.0))


def score(query: str, text: str) -> float:
    """How well the letters of `query` are found in `text` in their order; 0: not at all.

    Letters at the start of a word and letters that follow each other count more; short texts before long ones.
    """
    query, low = query.lower().strip(), text.lower()
    if not query:
        return 1.0
    if query in low:
        at = low.index(query)
        start = at == 0 or not low[at - 1].isalnum()
        return 100.0 + (50.0 if start else 0.0) + (25.0 if at == 0 else 0.0) - len(low) * 0.1
    total, at, last = 0.0, 0, -2
    for letter in query:
        if letter == " ":
            continue
        found = low.find(letter, at)
        # The start of a later word is a better place than the middle of this one.
        word = next((k for k in range(at, len(low)) if low[k] == letter and (k == 0 or not low[k - 1].isalnum())), -1)
        if found != last + 1 and word >= 0:
            found = word
        if found < 0:
            return 0.0
        total += 8.0 if found == last + 1 else 6.0 if found == word else 1.0
        last, at = found, found + 1
    return max(0.1, total - len(low) * 0.05)


def find(query: str, entries: Sequence[Entry], most: int = 60) -> list[Entry]:
    """The entries that fit a query, best first; without a query all in their order."""
    return [entries[k] for k in rank(query, [entry.subject for entry in entries], most)]


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, theme.current().text + 21)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        look = theme.current()
        area = QRect(option.rect).adjusted(4, 1, -4, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("line"))
            painter.drawRoundedRect(area, 6, 6)
        edge = look.text + 4
        theme.icon(entry.icon).paint(painter, QRect(area.left() + 8, area.center().y() - edge // 2, edge, edge))
        left, right = area.left() + 18 + edge, area.right() - 10
        painter.setFont(theme.sans_font(look.caption))
        painter.setPen(theme.colour("muted"))
        kind = entry.kind
        wide = painter.fontMetrics().horizontalAdvance(kind)
        painter.drawText(QRect(right - wide, area.top(), wide, area.height()), Qt.AlignmentFlag.AlignVCenter, kind)
        right -= wide + 12
        painter.setFont(theme.sans_font(look.text, QFont.Weight.Medium))
        painter.setPen(theme.colour("text"))
        text = painter.fontMetrics().elidedText(entry.text, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QRect(left, area.top(), right - left, area.height()), Qt.AlignmentFlag.AlignVCenter, text)
        left += painter.fontMetrics().horizontalAdvance(text) + 10
        if entry.note and right - left > 40:
            painter.setFont(theme.sans_font(look.caption))
            painter.setPen(theme.colour("muted"))
            note = painter.fontMetrics().elidedText(entry.note, Qt.TextElideMode.ElideRight, right - left)
            painter.drawText(QRect(left, area.top(), right - left, area.height()), Qt.AlignmentFlag.AlignVCenter, note)
        painter.restore()


class Palette(QLineEdit):
    """The search field; its results lie over the window below it."""

    def __init__(self, entries: Callable[[str], Sequence[Entry]], parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("palette")
        self.setPlaceholderText(WORDS[0])
        self.setAccessibleName(WORDS[0])
        self.setToolTip("Search and command (Ctrl+K)")
        self.setClearButtonEnabled(True)
        self._entries = entries
        self._known: Sequence[Entry] = ()
        self.results = QFrame(parent.window() if parent else None)
        self.results.setObjectName("results")
        self.results.hide()
        column = QVBoxLayout(self.results)
        column.setContentsMargins(4, 4, 4, 4)
        self.list = QListWidget(self.results)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        column.addWidget(self.list)
        self.textEdited.connect(self._search)
        self.returnPressed.connect(self._enter)
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as has room."""
        super().resizeEvent(event)
        room = self.width() - BESIDE
        self.setPlaceholderText(next((words for words in WORDS if self.fontMetrics().horizontalAdvance(words) <= room), WORDS[-1]))

    def set_theme(self) -> None:
        """The ground of the results."""
        tokens = theme.current().tokens
        self.results.setStyleSheet(
            f"QFrame#results {{ background: {tokens.raised}; border: 1px solid {tokens.line}; border-radius: 8px; }}"
        )

    def ask(self) -> None:
        """Take the keyboard and show what there is."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        self._search(self.text())

    def leave(self) -> None:
        """Put everything away."""
        self.close_results()
        self.clear()
        self.clearFocus()

    def close_results(self) -> None:
        """Put the results away."""
        self.results.hide()

    def _search(self, query: str) -> None:
        self._known = self._entries(query)
        found = find(query, self._known)
        self.list.clear()
        for entry in found:
            item = QListWidgetItem(entry.text)
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.list.addItem(item)
        if not found:
            item = QListWidgetItem("Nothing found")
            item.setData(Qt.ItemDataRole.UserRole, Entry("", f"Nothing is called '{query}'", _nothing, "mdi6.magnify", "try fewer letters"))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._place()

    def _place(self) -> None:
        window = self.results.parentWidget()
        if window is None:
            return
        wide = min(max(self.width(), 480), window.width() - 24)
        at = self.mapTo(window, self.rect().bottomLeft())
        left = min(max(12, at.x() + (self.width() - wide) // 2), window.width() - wide - 12)
        row = self.list.sizeHintForRow(0)
        self.results.setGeometry(left, at.y() + 6, wide, min(self.list.count(), SHOWN) * row + 14)
        self.results.show()
        self.results.raise_()

    def _enter(self) -> None:
        if self.results.isVisible():
            self._choose(self.list.currentItem())
        else:
            self.ask()

    def _choose(self, item: QListWidgetItem | None) -> None:
        self.leave()
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole).run()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk through the results, Escape leaves."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.results.isVisible():
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow((self.list.currentRow() + step) % max(1, self.list.count()))
        elif event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click shows what there is."""
        super().mousePressEvent(event)
        if not self.results.isVisible():
            self._search(self.text())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The results go with the keyboard."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.close_results()


def _nothing() -> None:
    """Chosen where nothing was found."""
