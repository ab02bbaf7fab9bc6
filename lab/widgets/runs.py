"""The runs of this session: colour, name, a figure of each; click to lay one behind the present one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.widgets import theme
from lab.widgets.labels import elided

ROW = Qt.ItemDataRole.UserRole
GAP, APART = 8, 5  # px between the name and what stands at its right, and from sign to sign


@dataclass(frozen=True)
class RunRow:
    """What the list shows of a run."""

    id: int
    name: str
    figure: str = ""
    brief: str = ""  # the same without its name, where there is no room
    colour: str = "series0"
    state: str = "stopped"
    current: bool = False
    overlaid: bool = False
    pinned: bool = False
    starred: bool = False
    hint: str = ""
    bare: str = ""  # the number without even its unit


@dataclass(frozen=True)
class Other:
    """A heading below the runs: another model that has runs in this session."""

    model: str
    title: str
    count: int


def shortest_told(row: RunRow, measure: QFontMetrics, free: int, room: int, sign: str = "") -> str:
    """As much of the figure of a run as leaves its name whole, which can say what differs: named, its value with the unit, or the number."""
    told = next((f for f in (row.figure, row.brief) if measure.horizontalAdvance(f + sign) <= min(room, free)), "")
    if not told:
        told = next((f for f in (row.brief, row.bare) if measure.horizontalAdvance(f + sign) <= room), row.bare or row.brief)
    return told + sign


class _Row(QStyledItemDelegate):
    def __init__(self, runs: Runs):
        super().__init__(runs)
        self._runs = runs

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, theme.current().text + 15)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        row: RunRow | Other = index.data(ROW)
        look = theme.current()
        area = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, Other):
            self._paint_other(painter, row, area, bool(option.state & QStyle.StateFlag.State_MouseOver))
            painter.restore()
            return
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
        sign = " ▲" if row.state == "diverged" else ""
        named = QFontMetrics(theme.sans_font(look.text, QFont.Weight.DemiBold)).horizontalAdvance(row.name)
        edge = look.caption + 1
        signs = [] if row.current else ["mdi6.eye-outline" if row.overlaid else "mdi6.eye-off-outline"]
        signs += [*(["mdi6.pin"] if row.pinned else []), *(["mdi6.star"] if row.starred else [])]
        free = right - left - named - GAP - len(signs) * (edge + APART)
        room = max((right - left) // 2, free)  # a short name leaves more to the figure
        figure = shortest_told(row, painter.fontMetrics(), free, room, sign)
        wide = min(painter.fontMetrics().horizontalAdvance(figure), room)
        painter.setPen(theme.colour("muted"))
        words = elided(figure, painter.fontMetrics(), wide)
        painter.drawText(
            QRect(right - wide, area.top(), wide, area.height()), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words
        )
        right -= wide + GAP
        for name in signs:
            theme.icon(name, "warn" if name == "mdi6.star" else "muted").paint(
                painter, QRect(right - edge, area.center().y() - edge // 2, edge, edge)
            )
            right -= edge + APART
        painter.setFont(theme.sans_font(look.text, QFont.Weight.DemiBold if row.current else QFont.Weight.Normal))
        painter.setPen(theme.colour("text"))
        text = elided(row.name, painter.fontMetrics(), right - left)
        painter.drawText(
            QRect(left, area.top(), right - left, area.height()), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text
        )
        painter.restore()

    def _paint_other(self, painter: QPainter, row: Other, area: QRect, hovered: bool) -> None:
        painter.setFont(theme.sans_font(theme.current().caption))
        painter.setPen(theme.colour("text" if hovered else "muted"))
        words = f"{row.title} · {row.count} run{'' if row.count == 1 else 's'}"
        room = area.adjusted(20, 0, -12, 0)
        painter.drawText(
            room,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width()),
        )

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QWidget:
        editor = QLineEdit(parent)
        editor.setText(index.data(ROW).name)
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        assert isinstance(editor, QLineEdit)
        editor.setText(index.data(ROW).name)
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | QPersistentModelIndex) -> None:
        assert isinstance(editor, QLineEdit)
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
    copy_wanted = Signal(int, str)
    passport_wanted = Signal(int)
    star_toggled = Signal(int)
    model_chosen = Signal(str)

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
        self._others: list[Other] = []
        self.audible = False  # whether the runs have spikes
        theme.changes().changed.connect(self.set_theme)

    def show_runs(self, rows: Sequence[RunRow], others: Sequence[Other] = ()) -> None:
        """Show these runs, newest first, and below them the other models that have some; nothing is touched that did not change."""
        rows, others = list(rows), list(others)
        if (rows, others) == (self._rows, self._others) or self.state() == QAbstractItemView.State.EditingState:
            return
        if [r.id for r in rows] != [r.id for r in self._rows] or others != self._others:
            focused = self.current()
            self.clear()
            for row in rows:
                item = QListWidgetItem()
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable)
                self.addItem(item)
                if row.id == focused:
                    self.setCurrentItem(item)
            for other in others:
                item = QListWidgetItem()
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                item.setData(ROW, other)
                item.setToolTip(f"Open {other.title}")
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{other.title}, {other.count} runs")
                self.addItem(item)
        self._rows, self._others = rows, others
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
        row = item.data(ROW) if item is not None else None
        return row.id if isinstance(row, RunRow) else None

    def set_theme(self) -> None:
        """Other sizes and colours."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def rename(self) -> None:
        """Edit the name of the focused run in place."""
        if self.current() is not None:
            self.editItem(self.currentItem())

    def _clicked(self, item: QListWidgetItem) -> None:
        row: RunRow | Other = item.data(ROW)
        if isinstance(row, Other):
            self.model_chosen.emit(row.model)
        elif not row.current:
            self.overlay_toggled.emit(row.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 renames, Delete deletes, Enter opens, O overlays."""
        number = self.current()
        here = self.currentItem().data(ROW) if self.currentItem() is not None else None
        if isinstance(here, Other) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.model_chosen.emit(here.model)
            return
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

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the run: look at its recording."""
        item = self.itemAt(event.position().toPoint())
        row = item.data(ROW) if item is not None else None
        if isinstance(row, RunRow) and not row.current:
            self.opened.emit(row.id)

    def _menu(self, at: QPoint) -> None:
        item = self.itemAt(at)
        row = item.data(ROW) if item is not None else None
        if item is None or not isinstance(row, RunRow):
            return
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
            ("Copy as a command", "mdi6.console", partial(self._copy, "command"), True),
            ("Copy as an experiment file", "mdi6.content-copy", partial(self._copy, "toml"), True),
            ("Copy as Python", "mdi6.language-python", partial(self._copy, "python"), True),
            ("Write for other programs…", "mdi6.passport", self._passport, True),
            ("Unpin" if row.pinned else "Pin to the top", "mdi6.pin-outline", self._pin, True),
            ("Take the star away" if row.starred else "Star as a good one", "mdi6.star-outline", self._star, True),
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

    def _copy(self, form: str, *_: object) -> None:
        self.copy_wanted.emit(self._chosen, form)

    def _passport(self) -> None:
        self.passport_wanted.emit(self._chosen)

    def _pin(self) -> None:
        self.pin_toggled.emit(self._chosen)

    def _star(self) -> None:
        self.star_toggled.emit(self._chosen)

    def _delete(self) -> None:
        self.deleted.emit(self._chosen)


class RunsPanel(QWidget):
    """The list with its heading, or a sentence while there are no runs."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(2)
        head = QWidget(self)
        line = QHBoxLayout(head)
        line.setContentsMargins(12, 0, 8, 0)
        self.title = QLabel("Runs", head)
        self.title.setProperty("role", "heading")
        self.compare = QToolButton(head)
        self.compare.setText("Compare")
        self.compare.setToolTip("The runs side by side, as a table and as pictures (Ctrl+M)")
        line.addWidget(self.title, 1)
        line.addWidget(self.compare)
        self.list = Runs(self)
        self.compare.clicked.connect(self.list.compared)
        self.empty = QLabel("Each run you make is listed here, named by what differs: click one to lay it behind the present one.", self)
        self.empty.setProperty("role", "caption")
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(12, 0, 12, 0)
        self.empty.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        for widget, stretch in ((head, 0), (self.empty, 1), (self.list, 1)):
            column.addWidget(widget, stretch)

    def show_runs(self, rows: Sequence[RunRow], others: Sequence[Other] = (), *, audible: bool) -> None:
        """Show these runs, and the other models that have some; audible: they have spikes."""
        self.list.show_runs(rows, others)
        self.title.setText(f"Runs  {len(rows)}" if rows else "Runs")
        self.compare.setVisible(len(rows) > 1)
        self.list.audible = audible
        self.empty.setVisible(not rows and not others)
        self.list.setVisible(bool(rows or others))
