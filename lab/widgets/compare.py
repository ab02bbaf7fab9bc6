"""Runs side by side: a table of what was different and what came out, and the same picture of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lab import catalog
from lab.display.plots import typeset
from lab.units import number
from lab.widgets import theme
from lab.widgets.multiples import Multiples, Shown, swatch
from lab.widgets.notebook import table
from lab.widgets.runs import RunRow
from lab.widgets.shell import Shell

MOST = 8  # runs compared where none is laid behind the present one


class Compare(QDialog):
    """The table and the pictures; not modal, so runs can go on beside it."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("compare")
        self.setWindowTitle("Compare runs")
        self.resize(820, 560)
        self._texts: list[list[str]] = []
        self.shown: tuple[int, ...] = ()  # the runs that were compared last
        column = QVBoxLayout(self)
        self.words = QLabel("", self)
        self.words.setProperty("role", "caption")
        self.words.setWordWrap(True)
        self.tabs = QTabWidget(self)
        self.table = QTableWidget(self)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.multiples = Multiples(self)
        self.tabs.addTab(self.table, "Table")
        self.tabs.addTab(self.multiples, "Pictures")
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = QPushButton("Copy as text", self)
        copy.clicked.connect(self.copy)
        box.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.close)
        column.addWidget(self.words)
        column.addWidget(self.tabs, 1)
        column.addWidget(box)

    def show_runs(self, shell: Shell) -> None:
        """Show the runs that are overlaid or in front; all of the list when there are fewer than two."""
        rows = list(shell.marks.rows())
        chosen = [r for r in rows if r.overlaid or r.current]
        chosen = chosen if len(chosen) > 1 else rows[:MOST]
        self.shown = tuple(row.id for row in chosen)
        specs = catalog.load(shell.document.model).specs()
        status = shell.player.status
        runs = []
        for row in chosen:
            info = shell.session.run(row.id)
            runs.append((row.name, shell.marks.told(info), dict(status.summary) if status is not None and row.current else info.summary))
        found = table(runs, specs, _text) if len(runs) > 1 else []
        self.words.setText(
            "What differs between the runs, also what was changed while they ran (before → after), then their figures. Runs that are laid behind the present one are compared; without any, the newest."
            if found else "There is nothing to compare yet: make a second run, with another value of a parameter."
        )  # fmt: skip
        self._fill(chosen, [(_label(specs, n), texts) for n, texts in found])
        model = shell.document.experiment().build()
        self.multiples.show_runs(
            model,
            [
                Shown(row.name, row.colour, partial(shell.player.source_of, row.id), partial(shell.marks.look, row.id))
                for row in (chosen if len(chosen) > 1 else [])
            ],
        )
        self.show()
        self.raise_()

    def _fill(self, runs: Sequence[RunRow], found: list[tuple[str, list[str]]]) -> None:
        self.table.clear()
        self.table.setColumnCount(len(runs))
        self.table.setRowCount(len(found))
        for x, run in enumerate(runs):
            self.table.setHorizontalHeaderItem(x, QTableWidgetItem(swatch(run.colour), run.name))
        self.table.setVerticalHeaderLabels([name for name, _ in found])
        self._texts = [["", *(r.name for r in runs)], *([n, *texts] for n, texts in found)]
        for y, (_, texts) in enumerate(found):
            for x, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setFont(theme.mono_font())
                self.table.setItem(y, x, item)
        self.table.resizeColumnsToContents()

    def copy(self) -> None:
        """The table as tab-separated text."""
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in self._texts))


def _text(value: Any) -> str:
    return number(value, 6)


def _label(specs: Any, name: str) -> str:
    if name not in specs:
        return name
    spec = specs[name]
    return typeset(f"{spec.label} ({spec.unit})") if spec.unit else spec.label
