"""Small multiples: the same picture of several runs in a grid, on the same axes. One widget for runs that are compared and for points of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from lab.display.plots import Source
from lab.errors import LabError
from lab.model import Model
from lab.widgets import theme
from lab.widgets.labels import ElidedLabel
from lab.widgets.pictures import PictureView, make
from lab.widgets.pictures.plot import PlotView

TALL = 210  # px of a picture
NONE = "This run has no such picture."


@dataclass(frozen=True)
class Shown:
    """One run of the grid: its name and colour, where its pictures read from (None: not yet), and what brings it to the front."""

    name: str
    colour: str
    source: Callable[[], Source | None]
    open: Callable[[], object]


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


class _Card(QWidget):
    """One run: a line with its name and the button that opens it, and its picture."""

    def __init__(self, shown: Shown, parent: QWidget):
        super().__init__(parent)
        self.shown = shown
        self.view: PictureView | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        mark = QLabel(self)
        mark.setPixmap(swatch(shown.colour).pixmap(QSize(12, 12)))
        self.open = QToolButton(self)
        self.open.setIcon(theme.icon("mdi6.open-in-app"))
        self.open.setToolTip("Open this run")
        self.open.setAccessibleName(f"Open the run {shown.name}")
        self.open.clicked.connect(self._open)
        head.addWidget(mark)
        head.addWidget(ElidedLabel(shown.name, self), 1)
        head.addWidget(self.open)
        self._column.addLayout(head)
        self.words = QLabel("", self)
        self.words.setProperty("role", "caption")
        self.words.setMinimumHeight(TALL)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setWordWrap(True)
        self._column.addWidget(self.words)

    def _open(self) -> None:
        self.shown.open()

    def fill(self, name: str) -> None:
        """Draw the picture of this name, if there is anything to draw it from."""
        try:
            source = self.shown.source()
        except LabError as error:
            self.words.setText(str(error))
            return
        if source is None:
            self.words.setText("…")
            return
        picture = next((p for p in source.model.pictures if p.name == name), None)
        if picture is None:
            self.words.setText(NONE)
            return
        self.view = make(picture, source.model, self)
        self.view.setMinimumHeight(TALL)
        self.view.setAccessibleName(f"{picture.title} of the run {self.shown.name}")
        self.view.refresh(source, force=True)
        self.words.hide()
        self._column.addWidget(self.view)


class Multiples(QWidget):
    """A choice of pictures above the grid. `chosen`: another picture is wanted."""

    chosen = Signal(str)

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
        self._area.setAccessibleName("The same picture of each run")
        column.addWidget(self._area, 1)
        self.choice.activated.connect(self._show)
        self._runs: tuple[Shown, ...] = ()
        self.cards: list[_Card] = []

    @property
    def views(self) -> list[PictureView]:
        """The pictures that are there."""
        return [card.view for card in self.cards if card.view is not None]

    def show_runs(self, model: Model, runs: Sequence[Shown]) -> None:
        """Show these runs of a model; the picture that was chosen stays chosen."""
        self._runs = tuple(runs)
        before = self.choice.currentData()
        self.choice.clear()
        for picture in model.pictures:
            self.choice.addItem(picture.title, picture.name)
        self.choice.setCurrentIndex(max(0, self.choice.findData(before)))
        self._show()

    def _show(self, *_: object) -> None:
        inside = QWidget(self)
        grid = QGridLayout(inside)
        across = 2 if len(self._runs) < 5 else 3 if len(self._runs) < 10 else 4
        self.cards = [_Card(run, inside) for run in self._runs]
        for k, card in enumerate(self.cards):
            grid.addWidget(card, k // across, k % across)
        self._area.setWidget(inside)
        self.fill()
        self.chosen.emit(self.choice.currentData() or "")

    def fill(self) -> None:
        """Draw what can be drawn by now."""
        for card in self.cards:
            if card.view is None:
                card.fill(self.choice.currentData())
        self._align()

    def _align(self) -> None:
        """The same axes for all: as wide and as high as the widest and the highest needs."""
        plots = [v for v in self.views if isinstance(v, PlotView)]
        if len(plots) < 2:
            return
        ranges = np.array([v.field.viewRange() for v in plots])  # (views, axis, end)
        lo, hi = ranges[:, :, 0].min(0), ranges[:, :, 1].max(0)
        for view in plots:
            view.field.setRange(xRange=(float(lo[0]), float(hi[0])), yRange=(float(lo[1]), float(hi[1])), padding=0)
