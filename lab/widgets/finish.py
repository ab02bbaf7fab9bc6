"""The card of a finished run: what came out, and where one can go from here. Play opens it and never begins anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.engine.status import Status
from lab.widgets import theme
from lab.widgets.drawers import Drawers
from lab.widgets.labels import BETWEEN, ElidedLabel, figure_rows, figures, sentence
from lab.widgets.laid import Drawn, Laid

MOST, FOREMOST = 5, 2  # figures, and those of one line
CARD, STRIP, LINE = "card", "strip", "line"
WIDTHS = {CARD: 330, STRIP: 620}
CLEAR = 0.01  # of its own area may lie over something drawn where it is said to cover nothing
RESTED = 150  # ms
LOOKS = 20  # times that it waits for pictures that are not yet drawn
NARROW, LOW = 760, 560  # px: over a stage that is less wide or less high the card is a strip
AWAY, EDGE = 16, 6  # px from the edges of the stage, and from its foot, where the words of closed drawers lie

Way = tuple[str, Callable[[], object]]


class FinishCard(Laid):
    """Lies over its parent where it covers nothing that is drawn on `beneath`, a child of the same parent, else as one line at the foot.

    settled   whether what lies beneath is drawn as it will stay: before that there is nothing to find a place among
    """

    def __init__(self, parent: QWidget, beneath: QWidget, settled: Callable[[], bool] = lambda: True):
        super().__init__(parent)
        self._beneath = beneath
        self._settled = settled
        self._looks = 0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(RESTED)
        self._rest.timeout.connect(self._rested)
        self.setObjectName("card")
        self.setAccessibleName("The run is finished")
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 14)
        column.setSpacing(8)
        self._head = head = QHBoxLayout()
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
            button.show()  # beside an open card a layout shows it only later, and until then it would count as no height
            self.buttons.append(button)
        self.set_theme()
        self.show()
        self.place()
        self.raise_()

    def place(self) -> None:
        """Where it covers nothing, as a card or a strip of two lines, over a small stage as neither; else as one line at the foot."""
        stage = self.parentWidget()
        if stage is None or self.isHidden():
            return
        drawers = [w for w in self._beneath.findChildren(Drawers) if w.isVisible() and w.opened]
        drawn = Drawn(self._beneath, [QRect(w.mapTo(self._beneath, QPoint(0, 0)), w.size()) for w in drawers])
        small = stage.width() < NARROW or stage.height() < LOW
        within = stage.rect().adjusted(0, AWAY, 0, -EDGE) if small else stage.rect().adjusted(AWAY, AWAY, -AWAY, -EDGE)
        for form in () if small else (CARD, STRIP):
            size = self._form(form, within.width())
            covers, place = drawn.clearest(size, within)
            if covers <= CLEAR * math.prod(Drawn.across(size)):
                break
        else:  # the names of closed drawers are less than any picture
            size = self._form(LINE if self._line_needs() <= within.width() else STRIP, within.width())
            place = drawn.clearest(size, QRect(within.left(), within.bottom() + 1 - size.height(), within.width(), size.height()))[1]
        self.move(place.topLeft())

    def _look_again(self) -> None:
        """Find the place again when what lies beneath is drawn."""
        self._looks = 0
        self._rest.start()

    def _rested(self) -> None:
        self._looks += 1
        before, settled = self.geometry(), self._settled()
        if settled or self._looks == LOOKS:  # at last among what there is: where the pictures come slowly the place is of another stage
            self.place()
        if (not settled or self.geometry() != before) and self._looks < LOOKS and not self.isHidden():
            self._rest.start()  # until it finds the same place twice

    def _line_needs(self) -> int:
        """Width of the buttons beside each other."""
        return sum(b.sizeHint().width() + 6 for b in self.buttons) + self._close.sizeHint().width() + 50

    def _form(self, form: str, room: int) -> QSize:
        """Become a card, a strip or a line, as wide as there is room for; how large it is then."""
        strip = form != CARD
        if form != LINE:
            across = round(WIDTHS[form] * theme.current().text / 13)
        else:  # not wider than its first figures: the words of closed drawers stay in sight beside it
            said = BETWEEN.join(self._line.text().split(BETWEEN)[:FOREMOST])
            across = self._line_needs() + self.title.sizeHint().width() + self._line.fontMetrics().horizontalAdvance(said) + 32
        width = min(room, max(across, sum(b.sizeHint().width() + 6 for b in self.buttons) + 24) if strip else across)
        self.setFixedWidth(width)
        if (self._ways.parent() is self._head) != (form == LINE):
            (self._head if form != LINE else self._column).removeItem(self._ways)
            if form == LINE:
                self._head.insertLayout(2, self._ways)
            else:
                self._column.addLayout(self._ways)
        for label in self._labels:
            label.setVisible(not strip)
        self._line.setVisible(strip)
        figure = self._line.fontMetrics().horizontalAdvance(self._line.text().split(BETWEEN)[0])  # the buttons say that it is finished, too
        self.title.setVisible(form != LINE or self._line_needs() + self.title.sizeHint().width() + figure + 16 <= width)
        self.reason.setHidden(strip or self.reason.text().rstrip(".") == self.title.text() or not self.reason.text())
        self._ways.setDirection(QBoxLayout.Direction.LeftToRight if strip else QBoxLayout.Direction.TopToBottom)
        layout = self._column
        layout.setContentsMargins(*((12, 3, 8, 3) if form == LINE else (12, 4, 8, 8) if strip else (16, 12, 12, 14)))
        layout.setSpacing(2 if strip else 8)
        layout.activate()
        tall = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height()
        stage = self.parentWidget()
        assert stage is not None
        self.setFixedHeight(min(tall, stage.height() - 2 * AWAY))
        return QSize(width, self.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """On a stage that changes its size stay in sight at once, and look for a clear place when it has come to rest."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget() and not self.isHidden():
            stage = self.parentWidget()
            assert stage is not None
            self.move(max(0, min(self.x(), stage.width() - self.width())), max(0, min(self.y(), stage.height() - self.height())))
            self._look_again()
        return False

    def set_theme(self) -> None:
        """Icon of the look in force."""
        self._close.setIcon(theme.icon("mdi6.close"))
        self.place()
        self._look_again()  # the last frame of a run comes after its end, and a new look picture by picture
