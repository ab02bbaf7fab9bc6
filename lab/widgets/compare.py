"""Runs side by side: a table of what was different and what came out, and the same picture of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lab import catalog
from lab.display.plots import typeset
from lab.errors import LabError
from lab.units import number
from lab.widgets import theme
from lab.widgets.labels import ElidedLabel
from lab.widgets.notebook import table
from lab.widgets.pictures import PictureView, make
from lab.widgets.pictures.plot import PlotView
from lab.widgets.runs import RunRow
from lab.widgets.shell import Shell

MOST = 8  # runs compared where none is laid behind the present one
TALL = 210  # px of a picture


def swatch(colour: str) -> QIcon:
    """A square in the colour of a run."""
    edge = theme.current().text - 1
    image = QPixmap(edge, edge)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.colour(colour)))
    painter.drawRoundedRect(0, 0, edge, edge, 2, 2)
    painter.end()
    return QIcon(image)


class Compare(QDialog):
    """The table and the pictures; not modal, so runs can go on beside it."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("compare")
        self.setWindowTitle("Compare runs")
        self.resize(820, 560)
        self._texts: list[list[str]] = []
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
        self.multiples.show_runs(shell, chosen if len(chosen) > 1 else [])
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


class Multiples(QWidget):
    """The same picture of each run, on the same axes."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        line = QHBoxLayout()
        label = QLabel("Picture", self)
        self.choice = QComboBox(self)
        self.choice.setAccessibleName("Which picture of each run is shown")
        label.setBuddy(self.choice)
        line.addWidget(label)
        line.addWidget(self.choice)
        line.addStretch(1)
        column.addLayout(line)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        column.addWidget(self._area, 1)
        self.choice.activated.connect(self._show)
        self._shell: Shell | None = None
        self._runs: list[RunRow] = []
        self.views: list[PictureView] = []

    def show_runs(self, shell: Shell, runs: Sequence[RunRow]) -> None:
        """Show these runs; the picture that was chosen stays chosen."""
        self._shell, self._runs = shell, list(runs)
        model = shell.document.experiment().build()
        before = self.choice.currentData()
        self.choice.clear()
        for picture in model.pictures:
            self.choice.addItem(picture.title, picture.name)
        self.choice.setCurrentIndex(max(0, self.choice.findData(before)))
        self._show()

    def _show(self, *_: object) -> None:
        inside = QWidget(self)
        grid = QGridLayout(inside)
        self.views = []
        across = 2 if len(self._runs) < 5 else 3
        for k, run in enumerate(self._runs):
            card = QWidget(inside)
            column = QVBoxLayout(card)
            column.setContentsMargins(0, 0, 0, 0)
            head = QHBoxLayout()
            mark = QLabel(card)
            mark.setPixmap(swatch(run.colour).pixmap(QSize(12, 12)))
            head.addWidget(mark)
            head.addWidget(ElidedLabel(run.name, card), 1)
            column.addLayout(head)
            view = self._view(run, card)
            if view is None:
                column.addWidget(QLabel("This run has no such picture.", card))
            else:
                view.setMinimumHeight(TALL)
                column.addWidget(view)
                self.views.append(view)
            grid.addWidget(card, k // across, k % across)
        self._area.setWidget(inside)
        self._align()

    def _view(self, run: RunRow, parent: QWidget) -> PictureView | None:
        assert self._shell is not None
        try:
            source = self._shell.player.source_of(run.id)
        except LabError:
            return None
        picture = next((p for p in source.model.pictures if p.name == self.choice.currentData()), None)
        if picture is None:
            return None
        view = make(picture, source.model, parent)
        view.refresh(source, force=True)
        return view

    def _align(self) -> None:
        """The same axes for all: as wide and as high as the widest and the highest needs."""
        plots = [v for v in self.views if isinstance(v, PlotView)]
        if len(plots) < 2:
            return
        ranges = np.array([v.field.viewRange() for v in plots])  # (views, axis, end)
        lo, hi = ranges[:, :, 0].min(0), ranges[:, :, 1].max(0)
        for view in plots:
            view.field.setRange(xRange=(float(lo[0]), float(hi[0])), yRange=(float(lo[1]), float(hi[1])), padding=0)
