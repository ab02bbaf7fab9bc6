"""The card of a finished run: what came out, and where one can go from here. Play opens it and never begins anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.engine.status import Status
from lab.widgets import theme
from lab.widgets.labels import ElidedLabel, figure_rows, figures, sentence
from lab.widgets.laid import Laid

MOST = 5  # figures
WIDE = 330
NARROW, LOW = 760, 560  # px: over a stage that is less wide or less high the card is two lines along its lower edge
AWAY = 16

Way = tuple[str, Callable[[], object]]


class FinishCard(Laid):
    """Lies over the lower right corner of its parent, or of the part of it that `home` says: a drawer rather than a result."""

    def __init__(self, parent: QWidget, home: Callable[[], QRect | None] = lambda: None):
        super().__init__(parent)
        self._home = home
        self.setObjectName("card")
        self.setAccessibleName("The run is finished")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 14)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(10)
        self.title = QLabel("Finished", self)
        self.title.setProperty("role", "title")
        self._close = QToolButton(self)
        self._close.setToolTip("Close (Escape)")
        self._close.setAccessibleName("Close")
        self._close.clicked.connect(self.hide)
        head.addWidget(self.title)
        head.addWidget(self._close)
        column.addLayout(head)
        self.reason = QLabel(self)
        self.reason.setProperty("role", "caption")
        self.reason.setWordWrap(True)
        self.reason.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column.addWidget(self.reason)
        self._figures = QGridLayout()
        self._figures.setHorizontalSpacing(12)
        self._figures.setVerticalSpacing(3)
        self._figures.setColumnStretch(0, 1)
        column.addLayout(self._figures)
        self._line = ElidedLabel("", self, role="mono")
        head.insertWidget(1, self._line, 1)
        self._ways = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._ways.setSpacing(6)
        column.addLayout(self._ways)
        self.buttons: list[QPushButton] = []
        self._labels: list[QLabel] = []
        theme.changes().changed.connect(self.set_theme)
        self.hide()

    def show_run(self, status: Status, ways: Sequence[Way]) -> None:
        """What came out of a run, why it ended, and what can be done now; the first way is the one that is meant."""
        self.reason.setText(sentence(status.reason))
        for old in [*self._labels, *self.buttons]:
            old.hide()
            old.deleteLater()
        self._labels, self.buttons = [], []
        self._line.setText(figures(dict(list(status.summary.items())[:MOST])))
        for row, (name, value) in enumerate(figure_rows(status.summary)[:MOST]):
            label, number = QLabel(name, self), QLabel(value, self)
            label.setProperty("role", "caption")
            number.setProperty("role", "mono")
            self._figures.addWidget(label, row, 0)
            self._figures.addWidget(number, row, 1, Qt.AlignmentFlag.AlignRight)
            self._labels += [label, number]
        for k, (words, call) in enumerate(ways):
            button = QPushButton(words, self)
            button.setProperty("role", "primary" if k == 0 else "")
            button.clicked.connect(call)
            button.clicked.connect(self.hide)
            self._ways.addWidget(button)
            self.buttons.append(button)
        self.set_theme()
        self.show()
        self.place()
        self.raise_()

    def place(self) -> None:
        """Into the lower right corner of the stage. It is as large as a small picture: anywhere else it would lie on a result."""
        stage = self.parentWidget()
        if stage is None or self.isHidden():
            return
        small = stage.width() < NARROW or stage.height() < LOW
        width = min(stage.width() if small else round(WIDE * theme.current().text / 13), stage.width() - 2 * AWAY)
        self.setFixedWidth(width)
        for label in self._labels:
            label.setVisible(not small)
        self._line.setVisible(small)
        self.reason.setHidden(small or self.reason.text().rstrip(".") == self.title.text() or not self.reason.text())
        self._ways.setDirection(QBoxLayout.Direction.LeftToRight if small else QBoxLayout.Direction.TopToBottom)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.setContentsMargins(*((12, 4, 8, 8) if small else (16, 12, 12, 14)))
        layout.setSpacing(2 if small else 8)
        layout.activate()
        height = min(
            layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height(), stage.height() - 2 * AWAY
        )
        self.setFixedHeight(height)
        home = self._home() or stage.rect()
        self.move(max(AWAY, home.right() - width - AWAY), max(AWAY, stage.rect().bottom() - height - AWAY))

    def set_theme(self) -> None:
        """Icon of the look in force."""
        self._close.setIcon(theme.icon("mdi6.close"))
        self.place()
