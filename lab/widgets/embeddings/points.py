"""The table of the points below a map: what is known of each, sorted by a click on a column, narrowed by a line, chosen on either side."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QLineEdit, QTableView, QVBoxLayout, QWidget

from lab.display.plots import typeset
from lab.embedding.attributes import Attributes
from lab.errors import LabError
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.table import ALIGN_NUMBER, ALIGN_TEXT

RUNS = 500  # stretches of chosen rows up to which Qt's own selection shows them; beyond, only their ground does
Index = QModelIndex | QPersistentModelIndex
NOTHING = Attributes({})


class PointRows(QAbstractTableModel):
    """Attributes as Qt reads them: only the rows `order`, in that order; nothing is copied, whatever their number."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.attributes = NOTHING
        self.order = np.empty(0, np.int64)
        self.chosen: np.ndarray | None = None  # of all points

    def show_rows(self, attributes: Attributes, order: np.ndarray) -> None:
        """Other rows or another order."""
        self.beginResetModel()
        self.attributes, self.order = attributes, order
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of rows shown."""
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self.attributes.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment, font and ground of a cell."""
        name, row = self.attributes.names[index.column()], int(self.order[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return self.attributes.text(name, row)
        if role == Qt.ItemDataRole.BackgroundRole:
            return theme.colour("accent", 0.22) if self.chosen is not None and self.chosen[row] else None
        numbers = self.attributes.numbers(name) is not None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return ALIGN_NUMBER if numbers else ALIGN_TEXT
        if role == Qt.ItemDataRole.FontRole and numbers:
            return theme.mono_font()
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column names."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.attributes.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return typeset(self.attributes.names[section])
        return self.data(self.index(0, section), role) if role == Qt.ItemDataRole.TextAlignmentRole and len(self.order) else None


class Points(QWidget):
    """The line and the table.

    chosen  which points (n,) bool a person has chosen here, none to let go;  picked: the one point that was chosen
    """

    chosen = Signal(object)
    picked = Signal(int)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self._meant: np.ndarray | None = None  # what the line means, None while there is none
        self._sorted: tuple[int, bool] | None = None
        self._shown: tuple[Any, ...] = (None, ())
        self._own = False  # whether the selection is set from outside
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(3)
        top = QHBoxLayout()
        top.setSpacing(6)
        self.field = QLineEdit(self)
        self.field.setClearButtonEnabled(True)
        self.field.setPlaceholderText("class = 3, frequency > 100, or a text")
        self.field.setToolTip(
            "Show and choose only some points: class = 3; frequency > 100 and word ~ ing (contains); not kind = fruit or word = king; or a text that stands in them"
        )
        self.field.setAccessibleName("Filter of the points")
        self.field.textChanged.connect(self._filter)
        self.count = QLabel(self)
        self.count.setProperty("role", "caption")
        top.addWidget(self.field, 1)
        top.addWidget(self.count)
        column.addLayout(top)
        self.complaint = QLabel(self)
        self.complaint.setWordWrap(True)
        self.complaint.setProperty("role", "error")
        self.complaint.hide()
        column.addWidget(self.complaint)
        self.rows = PointRows(self)
        self.grid = QTableView(self)
        self.grid.setModel(self.rows)
        self.grid.setAccessibleName("Points with their attributes")
        self.grid.verticalHeader().hide()
        self.grid.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # one height: no row is measured
        header = self.grid.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        # Of a selection of its own: else it asks at each paint whether a whole column is selected, 1 s for 100,000 chosen rows.
        header.setSelectionModel(QItemSelectionModel(self.rows, header))
        header.sectionClicked.connect(self.sort_by)
        self.grid.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.grid.setShowGrid(False)
        self.grid.setWordWrap(False)
        self.grid.setTabKeyNavigation(False)
        self.grid.selectionModel().selectionChanged.connect(self._selected)
        column.addWidget(self.grid, 1)
        self.setMinimumHeight(120)
        self.set_theme()

    def set_theme(self) -> None:
        """Rows as high as the letters of the look in force want."""
        self.grid.verticalHeader().setDefaultSectionSize(theme.current().text + 11)

    # -- what is shown --

    def set_attributes(self, attributes: Attributes) -> None:
        """Other columns or values; line and order are kept where the columns are."""
        before, same = self.rows.attributes, self.rows.attributes.names == attributes.names
        if before is attributes:
            return
        if not same:
            self._sorted = None
            self.grid.horizontalHeader().setSortIndicatorShown(False)
        if same and len(before) == len(attributes) and not self.field.text():
            self.rows.attributes = attributes  # new values in rows that stay where they are: nothing jumps under the mouse
            self.grid.viewport().update()
            return
        self._understand(attributes)
        self._lay_out(attributes)
        if not same:
            self._fit_columns()

    def _fit_columns(self) -> None:
        wide = max(70, min(190, self.grid.viewport().width() // max(1, self.rows.columnCount())))
        for k in range(self.rows.columnCount() - 1):
            self.grid.setColumnWidth(k, wide)

    def resizeEvent(self, event: Any) -> None:
        """Columns as wide as there is room for."""
        super().resizeEvent(event)
        self._fit_columns()

    def _lay_out(self, attributes: Attributes) -> None:
        order = np.arange(len(attributes))
        if self._sorted is not None:
            order = attributes.order(attributes.names[self._sorted[0]], self._sorted[1])
        if self._meant is not None:
            order = order[self._meant[order]]
        self._own = True
        try:
            self.rows.show_rows(attributes, order)
        finally:
            self._own = False
        whole, shown = number(len(attributes)), number(len(order))
        self.count.setText(f"all {whole}" if self._meant is None else f"{shown} of {whole}")
        self._mark(scroll=False)

    def sort_by(self, column: int) -> None:
        """By a column; the same again: the other way round, and a third time as they came."""
        header = self.grid.horizontalHeader()
        at = self._sorted
        self._sorted = (column, False) if at is None or at[0] != column else (column, True) if not at[1] else None
        header.setSortIndicatorShown(self._sorted is not None)
        if self._sorted is not None:
            header.setSortIndicator(column, Qt.SortOrder.DescendingOrder if self._sorted[1] else Qt.SortOrder.AscendingOrder)
        self._lay_out(self.rows.attributes)

    # -- the line --

    def _understand(self, attributes: Attributes) -> bool:
        """Which rows the line means; whether it was understood."""
        said = ""
        try:
            # Before the first points there are no columns either: the line waits for them.
            self._meant = attributes.meant(self.field.text()) if self.field.text().strip() and len(attributes) else None
        except LabError as error:
            said = str(error)
            if self._meant is not None and len(self._meant) != len(attributes):
                self._meant = None
        self.complaint.setText(said)
        self.complaint.setVisible(bool(said))
        return not said

    def _filter(self) -> None:
        before = self._meant
        if not self._understand(self.rows.attributes):
            return  # while one types, the rows stay those of the last line that meant something
        self._lay_out(self.rows.attributes)
        if self._meant is not None or before is not None:
            self.chosen.emit(self._meant if self._meant is not None else np.zeros(len(self.rows.attributes), bool))

    # -- the selection, on either side --

    def show_chosen(self, chosen: np.ndarray | None, asked: tuple[int, ...] = ()) -> None:
        """What is chosen or asked about on the map; the first of it comes into view."""
        if self._shown[0] is not chosen or self._shown[1] != asked:
            self._shown = (chosen, asked)
            self._mark(scroll=True)

    def _mark(self, scroll: bool) -> None:
        chosen, asked = self._shown
        rows = self.rows
        if chosen is not None and (len(chosen) != len(rows.attributes) or chosen is self._meant):
            chosen = None  # of other points; or just what the line left, where marks would say nothing
        elif chosen is None and asked:
            chosen = np.zeros(len(rows.attributes), bool)
            chosen[[k for k in asked if k < len(chosen)]] = True
        rows.chosen = chosen
        at = np.flatnonzero(chosen[rows.order]) if chosen is not None else np.empty(0, np.int64)
        last, selection = rows.columnCount() - 1, QItemSelection()
        starts = at[np.flatnonzero(np.diff(at, prepend=-2) != 1)]
        if len(starts) <= RUNS:
            for first, end in zip(starts, at[np.flatnonzero(np.diff(at, append=len(rows.order) + 1) != 1)], strict=True):
                selection.append(QItemSelectionRange(rows.index(int(first), 0), rows.index(int(end), last)))
        self._own = True
        try:
            if len(at):
                current = self.grid.currentIndex()
                if not (current.isValid() and chosen is not None and chosen[rows.order[current.row()]]):
                    self.grid.selectionModel().setCurrentIndex(rows.index(int(at[0]), 0), QItemSelectionModel.SelectionFlag.NoUpdate)
            self.grid.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        finally:
            self._own = False
        if scroll and len(at):
            top, bottom = self.grid.rowAt(0), self.grid.rowAt(self.grid.viewport().height() - 1)
            if not ((at >= top) & (at <= (bottom if bottom >= 0 else len(rows.order)))).any():
                self.grid.scrollTo(rows.index(int(at[0]), 0), QAbstractItemView.ScrollHint.PositionAtCenter)
        self.grid.viewport().update()

    def _selected(self, *_: Any) -> None:
        """A person has chosen rows: one is asked about, several are selected on the map."""
        if self._own:
            return
        inside = np.zeros(len(self.rows.attributes), bool)
        chosen = self.grid.selectionModel().selection()
        for part in map(chosen.at, range(chosen.count())):
            inside[self.rows.order[part.top() : part.bottom() + 1]] = True
        if inside.sum() == 1:
            self.picked.emit(int(inside.argmax()))
        else:
            self.chosen.emit(inside)
