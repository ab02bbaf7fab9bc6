"""The runs of this session: colour, name, a figure of each; click to lay one behind the present one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from lab.widgets import theme

ROW = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class RunRow:
    """What the list shows of a run."""

    id: int
    name: str
    figure: str = ""
    colour: str = "series0"
    state: str = "stopped"
    current: bool = False
    overlaid: bool = False
    pinned: bool = False
    hint: str = ""


class _Row(QStyledItemDelegate):
    def __init__(self, runs: Runs):
        super().__init__(runs)
        self._runs = runs

    def sizeHint(self, option: QStyleOptionViewItem, index) -> QSize:
        return QSize(0, theme.current().text + 15)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        row: RunRow = index.data(ROW)
        look = theme.current()
        area = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(area.adjusted(8, 1, -8, -1))
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        if row.current or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(box, 6, 6)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        # A full swatch is drawn in the pictures, an empty one is not.
        swatch = QRectF(area.left() + 19, area.center().y() - 4, 10, 10)
        painter.setPen(QPen(theme.colour(row.colour), 2))
        shown = row.current or row.overlaid
        painter.setBrush(theme.colour(row.colour) if shown else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(swatch, 2, 2)
        left = round(swatch.right()) + 10
        right = area.right() - 14
        painter.setFont(theme.mono_font(look.caption))
        figure = row.figure + (" ▲" if row.state == "diverged" else "")
        wide = min(painter.fontMetrics().horizontalAdvance(figure), (right - left) // 2)
        painter.setPen(theme.colour("muted"))
        words = painter.fontMetrics().elidedText(figure, Qt.TextElideMode.ElideRight, wide)
        painter.drawText(
            QRect(right - wide, area.top(), wide, area.height()), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words
        )
        right -= wide + 8
        if row.pinned:
            edge = look.caption
            theme.icon("mdi6.pin").paint(painter, QRect(right - edge, area.center().y() - edge // 2, edge, edge))
            right -= edge + 4
        painter.setFont(theme.sans_font(look.text, QFont.Weight.DemiBold if row.current else QFont.Weight.Normal))
        painter.setPen(theme.colour("text"))
        text = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(
            QRect(left, area.top(), right - left, area.height()), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text
        )
        painter.restore()

    def createEditor(self, parent: QWidget, option, index):
        from PySide6.QtWidgets import QLineEdit

        editor = QLineEdit(parent)
        editor.setText(index.data(ROW).name)
        return editor

    def setEditorData(self, editor, index) -> None:
        editor.setText(index.data(ROW).name)
        editor.selectAll()

    def setModelData(self, editor, model, index) -> None:
        name = editor.text().strip()
        if name and name != index.data(ROW).name:
            self._runs.renamed.emit(index.data(ROW).id, name)


class Runs(QListWidget):
    """The list of runs; what a person wants with one comes out as signals with its number."""

    overlay_toggled = Signal(int)
    opened = Signal(int)
    continued = Signal(int)
    renamed = Signal(int, str)
    pin_toggled = Signal(int)
    deleted = Signal(int)
    compared = Signal()
    sound_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("runs")
        self.setAccessibleName("Runs of this session")
        self.setItemDelegate(_Row(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemClicked.connect(self._clicked)
        self._rows: list[RunRow] = []
        self.audible = False  # whether the runs have spikes
        theme.changes().changed.connect(self.set_theme)

    def show_runs(self, rows: Sequence[RunRow]) -> None:
        """Show these runs, newest first; nothing is touched that did not change."""
        rows = list(rows)
        if rows == self._rows or self.state() == QAbstractItemView.State.EditingState:
            return
        if [r.id for r in rows] != [r.id for r in self._rows]:
            focused = self.current()
            self.clear()
            for row in rows:
                item = QListWidgetItem()
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable)
                self.addItem(item)
                if row.id == focused:
                    self.setCurrentItem(item)
        self._rows = rows
        for position, row in enumerate(rows):
            item = self.item(position)
            if item.data(ROW) != row:
                item.setData(ROW, row)
                item.setToolTip(row.hint)
                shown = ", in front" if row.current else ", overlaid" if row.overlaid else ""
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.name}, {row.figure}{shown}")

    def current(self) -> int | None:
        """The number of the run with the keyboard focus."""
        item = self.currentItem()
        return item.data(ROW).id if item is not None and item.data(ROW) is not None else None

    def set_theme(self) -> None:
        """Other sizes and colours."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def rename(self) -> None:
        """Edit the name of the focused run in place."""
        if self.currentItem() is not None:
            self.editItem(self.currentItem())

    def _clicked(self, item: QListWidgetItem) -> None:
        row: RunRow = item.data(ROW)
        if not row.current:
            self.overlay_toggled.emit(row.id)

    def keyPressEvent(self, event) -> None:
        """F2 renames, Delete deletes, Enter opens, O overlays."""
        number = self.current()
        if number is not None and event.key() == Qt.Key.Key_Delete:
            self.deleted.emit(number)
        elif number is not None and event.key() == Qt.Key.Key_F2:
            self.rename()
        elif number is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(number)
        elif number is not None and event.key() == Qt.Key.Key_O:
            self.overlay_toggled.emit(number)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event) -> None:
        """Open the run: look at its recording."""
        item = self.itemAt(event.position().toPoint())
        if item is not None and not item.data(ROW).current:
            self.opened.emit(item.data(ROW).id)

    def _menu(self, at: QPoint) -> None:
        item = self.itemAt(at)
        if item is None:
            return
        row: RunRow = item.data(ROW)
        self.setCurrentItem(item)
        menu = self.menu(row)
        menu.popup(self.viewport().mapToGlobal(at))

    def menu(self, row: RunRow) -> QMenu:
        """What can be done with a run."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._chosen = row.id
        for text, name, call, usable in (
            (
                "Hide from the pictures" if row.overlaid else "Lay behind the present run",
                "mdi6.layers-outline",
                self._overlay,
                not row.current,
            ),
            ("Look at this run", "mdi6.eye-outline", self._look, not row.current),
            ("Continue from its end", "mdi6.source-branch", self._continue, not row.current),
            ("Compare runs", "mdi6.table", self.compared.emit, len(self._rows) > 1),
            ("Save its spikes as sound…", "mdi6.volume-high", self._sound, self.audible),
            ("Unpin" if row.pinned else "Pin", "mdi6.pin-outline", self._pin, True),
            ("Rename", "mdi6.rename-outline", self.rename, True),
            ("Delete", "mdi6.delete-outline", self._delete, not row.current),
        ):
            entry = QAction(theme.icon(name), text, menu)
            entry.setEnabled(usable)
            entry.triggered.connect(call)
            menu.addAction(entry)
        return menu

    def _overlay(self) -> None:
        self.overlay_toggled.emit(self._chosen)

    def _look(self) -> None:
        self.opened.emit(self._chosen)

    def _continue(self) -> None:
        self.continued.emit(self._chosen)

    def _sound(self) -> None:
        self.sound_wanted.emit(self._chosen)

    def _pin(self) -> None:
        self.pin_toggled.emit(self._chosen)

    def _delete(self) -> None:
        self.deleted.emit(self._chosen)


class RunsPanel(QWidget):
    """The list with its heading, or a sentence while there are no runs."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(2)
        title = QLabel("Runs of this session", self)
        title.setProperty("role", "heading")
        title.setContentsMargins(12, 0, 0, 0)
        self.list = Runs(self)
        self.empty = QLabel("Each run you make is listed here: click one to lay it behind the present one.", self)
        self.empty.setProperty("role", "caption")
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(12, 0, 12, 0)
        self.empty.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        for widget, stretch in ((title, 0), (self.empty, 1), (self.list, 1)):
            column.addWidget(widget, stretch)

    def show_runs(self, rows: Sequence[RunRow], *, audible: bool) -> None:
        """Show these runs; audible: they have spikes."""
        self.list.show_runs(rows)
        self.list.audible = audible
        self.empty.setVisible(not rows)
        self.list.setVisible(bool(rows))
