"""A matrix in a small grid."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.params import Spec
from lab.units import plain
from lab.widgets import theme
from lab.widgets.fields.base import Field, edits
from lab.widgets.numbers import number_text

SIDE = 64  # most rows or columns that the grid makes by hand


def matrix_text(value: Any) -> str:
    """A matrix in a few words: its size, or its numbers while they are few."""
    rows = [list(r) for r in value or ()]
    if not rows:
        return "empty"
    if len(rows) == 1 and len(rows[0]) <= 5:
        return "[" + "  ".join(number_text(v) for v in rows[0]) + "]"
    return f"{len(rows)} × {len(rows[0])}"


class MatrixDialog(QDialog):
    """A grid of numbers; cells that are no number are marked and keep the dialog open."""

    def __init__(self, spec: Spec, value: Any, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(spec.label)
        self.resize(440, 340)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        size = QHBoxLayout()
        rows = [list(r) for r in value or ()]
        self.counts: list[QSpinBox] = []
        for text, number in (("rows", len(rows)), ("columns", len(rows[0]) if rows else 0)):
            box = QSpinBox(self)
            box.setRange(0, SIDE)
            box.setValue(number)
            box.setSuffix(f" {text}")
            box.valueChanged.connect(self._resized)
            size.addWidget(box)
            self.counts.append(box)
        size.addStretch(1)
        column.addLayout(size)
        self.grid = QTableWidget(len(rows), len(rows[0]) if rows else 0, self)
        self.grid.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.grid.horizontalHeader().setMinimumSectionSize(56)
        self.grid.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.grid.setFont(theme.mono_font())
        for r, row in enumerate(rows):
            for c, number in enumerate(row):
                self.grid.setItem(r, c, self._item(number_text(number)))
        column.addWidget(self.grid, 1)
        self.words = QLabel(self)
        self.words.setProperty("role", "error")
        self.words.setWordWrap(True)
        self.words.hide()
        column.addWidget(self.words)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        leave = QPushButton("Cancel", self)
        leave.clicked.connect(self.reject)
        take = QPushButton("Use it", self)
        take.setProperty("role", "primary")
        take.clicked.connect(self._take)
        buttons.addWidget(leave)
        buttons.addWidget(take)
        column.addLayout(buttons)
        self.value: tuple[tuple[float, ...], ...] = ()

    def _item(self, text: str) -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _resized(self) -> None:
        self.grid.setRowCount(self.counts[0].value())
        self.grid.setColumnCount(self.counts[1].value())
        for r in range(self.grid.rowCount()):
            for c in range(self.grid.columnCount()):
                if self.grid.item(r, c) is None:
                    self.grid.setItem(r, c, self._item("0"))

    def _take(self) -> None:
        rows: list[tuple[float, ...]] = []
        for r in range(self.grid.rowCount()):
            row = []
            for c in range(self.grid.columnCount()):
                item = self.grid.item(r, c)
                text = item.text() if item else ""
                try:
                    row.append(float(plain(text)))
                except ValueError:
                    self.words.setText(f"Row {r + 1}, column {c + 1} must be a number (got {text!r}).")
                    self.words.show()
                    self.grid.setCurrentCell(r, c)
                    return
            rows.append(tuple(row))
        self.value = tuple(rows)
        self.accept()


@edits("matrix")
class MatrixField(Field):
    """A button with the matrix in a few words; it opens the grid."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.button = QPushButton(self)
        self.button.clicked.connect(self.open)
        self.row.addWidget(self.button, 1)
        self._value: Any = spec.default
        self.dialog: MatrixDialog | None = None

    @property
    def target(self) -> QWidget:
        return self.button

    def set_value(self, value: Any) -> None:
        self._value = value
        self.button.setText(matrix_text(value))

    def open(self) -> None:
        """Open the grid; nothing waits for it."""
        self.dialog = MatrixDialog(self.spec, self._value, self)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.accepted.connect(self._take)
        self.dialog.open()

    def _take(self) -> None:
        if self.dialog is not None:
            self.committed.emit(self.dialog.value)
            self.dialog = None
