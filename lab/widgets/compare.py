"""Runs side by side: what was different, and what came out."""

from __future__ import annotations

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
    QVBoxLayout,
    QWidget,
)

from lab import catalog
from lab.units import number
from lab.widgets import theme
from lab.widgets.shell import Shell


def rows_of(runs: list[tuple[str, dict[str, Any], dict[str, Any]]], defaults: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """(row name, a text per run): parameters in which the runs differ, then their figures.

    runs      (name, parameters that are not at their default, summary) of each
    defaults  the default of each parameter
    """
    names = [n for n in defaults if len({repr(r[1].get(n, defaults[n])) for r in runs}) > 1]
    rows = [(n, [number(r[1].get(n, defaults[n])) for r in runs]) for n in names]
    keys = dict.fromkeys(k for r in runs for k in r[2])
    return rows + [(k, [number(r[2][k]) if k in r[2] else "–" for r in runs]) for k in keys]


class Compare(QDialog):
    """The table; it is not modal, so runs can go on beside it."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("compare")
        self.setWindowTitle("Compare runs")
        self.resize(720, 420)
        self._texts: list[list[str]] = []
        column = QVBoxLayout(self)
        self.words = QLabel("", self)
        self.words.setProperty("role", "caption")
        self.words.setWordWrap(True)
        self.table = QTableWidget(self)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = QPushButton("Copy as text", self)
        copy.clicked.connect(self.copy)
        box.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.close)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)
        column.addWidget(box)

    def show_runs(self, shell: Shell) -> None:
        """Show the runs that are overlaid or in front; all of the list when there are fewer than two."""
        rows = list(shell.run_rows())
        chosen = [r for r in rows if r.overlaid or r.current]
        chosen = chosen if len(chosen) > 1 else rows[:8]
        kind = catalog.load(shell.document.model)
        specs = kind.specs()
        runs = []
        for row in chosen:
            info = shell.session.run(row.id)
            status = shell.player.status
            summary = dict(status.summary) if status is not None and row.current else info.summary
            runs.append((row.name, dict(info.experiment.get("parameters", {})), summary))
        found = rows_of(runs, {n: s.default for n, s in specs.items()}) if len(runs) > 1 else []
        self.words.setText(
            "Parameters in which the runs differ, then their figures. Runs that are laid behind the present one are compared; without any, the newest."
            if found else "There is nothing to compare yet: make a second run, with another value of a parameter."
        )  # fmt: skip
        self.table.clear()
        self.table.setColumnCount(len(runs))
        self.table.setRowCount(len(found))
        self.table.setHorizontalHeaderLabels([r[0] for r in runs])
        self.table.setVerticalHeaderLabels(
            [
                f"{specs[n].label} ({specs[n].unit})" if n in specs and specs[n].unit else specs[n].label if n in specs else n
                for n, _ in found
            ]
        )
        self._texts = [["", *(r[0] for r in runs)], *([n, *texts] for n, texts in found)]
        for y, (_, texts) in enumerate(found):
            for x, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setFont(theme.mono_font())
                self.table.setItem(y, x, item)
        self.table.resizeColumnsToContents()
        self.show()
        self.raise_()

    def copy(self) -> None:
        """The table as tab-separated text."""
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in self._texts))
