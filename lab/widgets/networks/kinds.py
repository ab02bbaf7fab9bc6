"""The palette: kinds of nodes to drag or double-click onto the canvas, in groups, with a search field and their keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDrag, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from lab.graph.document import Family, Kind
from lab.widgets import theme
from lab.widgets.networks.floating import Panel
from lab.widgets.networks.view import mime_of

KIND = Qt.ItemDataRole.UserRole


class _Tree(QTreeWidget):
    """The list, from which kinds are dragged."""

    def startDrag(self, actions: Any) -> None:
        """Take the kind along."""
        item = self.currentItem()
        if item is None or not item.data(0, KIND):
            return
        drag = QDrag(self)
        drag.setMimeData(mime_of(item.data(0, KIND)))
        drag.setPixmap(item.icon(0).pixmap(24, 24))
        drag.exec(Qt.DropAction.CopyAction)


class KindList(Panel):
    """Kinds of one family. `chosen(kind)`: add one of these."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent, upright=True)
        self.family: Family | None = None
        self.setFixedWidth(204)
        self.row.setContentsMargins(8, 8, 4, 8)
        self.row.setSpacing(6)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Find a kind")
        self.search.setAccessibleName("Find a kind of node")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._add_first)
        self.tree = _Tree(self)
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setIconSize(QSize(18, 18))
        self.tree.setDragEnabled(True)
        self.tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.tree.setAccessibleName("Kinds of nodes: drag one onto the canvas")
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setMinimumSectionSize(22)
        self.tree.itemActivated.connect(self._activated)
        self.row.addWidget(self.search)
        self.row.addWidget(self.tree, 1)
        theme.changes().changed.connect(self.set_theme)

    def show_family(self, family: Family) -> None:
        """List the kinds of a family."""
        if family is self.family:
            return
        self.family = family
        self._fill()

    def _fill(self) -> None:
        self.tree.clear()
        if self.family is None:
            return
        heading: QTreeWidgetItem | None = None
        for kind in self.family.kinds:
            if heading is None or heading.text(0) != kind.group.upper():
                heading = QTreeWidgetItem(self.tree, [kind.group.upper()])
                heading.setFirstColumnSpanned(True)
                heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
                heading.setFont(0, theme.sans_font(theme.current().caption - 1))
                heading.setForeground(0, theme.colour("muted"))
            item = QTreeWidgetItem(self.tree, [kind.title.removesuffix(" population"), kind.key])  # the heading says the rest
            item.setData(0, KIND, kind.name)
            item.setIcon(0, theme.icon(kind.icon))
            item.setToolTip(0, f"{kind.about}. Drag it onto the canvas, or double-click" + (f" ({kind.key})" if kind.key else ""))
            item.setForeground(1, theme.colour("muted"))
            item.setFont(1, theme.mono_font(theme.current().caption))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.tree.header().resizeSection(1, 26)
        self.tree.header().resizeSection(0, self.width() - 12 - 26 - 4)
        self._filter(self.search.text())

    def _items(self) -> list[QTreeWidgetItem]:
        return [self.tree.topLevelItem(k) for k in range(self.tree.topLevelItemCount())]  # type: ignore[misc]

    def _filter(self, text: str) -> None:
        """Only kinds whose title, group or description holds the text."""
        words = text.strip().lower()
        kinds: dict[str, Kind] = {k.name: k for k in self.family.kinds} if self.family else {}
        heading: QTreeWidgetItem | None = None
        for item in self._items():
            name = item.data(0, KIND)
            if not name:
                heading = item
                item.setHidden(True)
                continue
            kind = kinds[name]
            shown = words in f"{kind.title} {kind.group} {kind.about} {kind.name}".lower()
            item.setHidden(not shown)
            if shown and heading is not None:
                heading.setHidden(False)
        first = next((i for i in self._items() if i.data(0, KIND) and not i.isHidden()), None)
        if first is not None and words:
            self.tree.setCurrentItem(first)

    def _add_first(self) -> None:
        first = next((i for i in self._items() if i.data(0, KIND) and not i.isHidden()), None)
        if first is not None:
            self.chosen.emit(first.data(0, KIND))

    def _activated(self, item: QTreeWidgetItem) -> None:
        if item.data(0, KIND):
            self.chosen.emit(item.data(0, KIND))

    def sizeHint(self) -> QSize:
        """As high as the list is long."""
        rows = sum(self.tree.sizeHintForIndex(self.tree.indexFromItem(i)).height() for i in self._items())
        return QSize(self.width(), self.search.sizeHint().height() + rows + 30)

    def keyPressEvent(self, event: Any) -> None:
        """Down goes from the field into the list; Escape empties it."""
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.tree.setFocus()
        elif QKeySequence(event.key()) == QKeySequence(Qt.Key.Key_Escape) and self.search.text():
            self.search.clear()
        else:
            super().keyPressEvent(event)

    def set_theme(self) -> None:
        """Icons and colours."""
        self._fill()
