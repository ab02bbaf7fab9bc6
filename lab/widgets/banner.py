"""Sentences laid over the stage: what happened, with the way out as buttons. Nothing moves when one comes or goes.

A `Banner` shows one sentence at a time. The window has two: `banner` for what stays until it is mended, answered or taken
back, and under it `toast` for what passes by itself, with Undo where it was an act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.widgets import theme
from lab.widgets.laid import Laid, clearest, covered

ICONS = {
    "bad": "mdi6.alert-octagon-outline",
    "warn": "mdi6.alert-outline",
    "good": "mdi6.check-circle-outline",
    "accent": "mdi6.information-outline",
}
WORDS = {"bad": "Error", "warn": "Warning", "good": "Done", "accent": "Note"}
PASSING = 6.0  # seconds that a sentence stays that passes by itself
HELD = 1500  # ms more while the mouse or the keyboard is on it: what one is about to press must not vanish
AWAY = 10  # px from the upper edge of the stage
LOWER = 72  # px that it may lie lower than that, to keep off the words below it
SIDE = 24  # px left free at either side
WIDEST = 860  # px


class Banner(Laid):
    """One sentence at a time, over its parent; `below` another one while that is shown."""

    def __init__(self, parent: QWidget, below: Banner | None = None, passing: bool = False):
        super().__init__(parent)
        self.setObjectName("banner")
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 8, 7)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._icon = QLabel(self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._progress = QProgressBar(self)
        self._progress.setRange(0, 0)
        self._progress.setFixedWidth(96)
        self._progress.setTextVisible(False)
        self._beside, self._below = QHBoxLayout(), QHBoxLayout()  # where the buttons are: next to the words, or under them
        self._beside.setSpacing(8)
        self._below.setSpacing(8)
        self._close = QToolButton(self)
        self._close.setToolTip("Dismiss (Escape)")
        self._close.setAccessibleName("Dismiss")
        self._close.clicked.connect(self.dismiss)
        row.addWidget(self._icon)
        row.addWidget(self.words, 1)
        row.addWidget(self._progress)
        row.addLayout(self._beside)
        row.addWidget(self._close)
        self._below.addStretch(1)
        column.addLayout(row)
        column.addLayout(self._below)
        self._ways: list[QPushButton] = []
        self._key: object = None
        self._token = "accent"
        self.lettering: Callable[[], Sequence[QRect]] = tuple  # where words stand on the stage
        self.elsewhere: Callable[[QSize], Iterable[QRect]] = lambda size: ()  # where it may lie if it covers words at the upper edge
        self._above = below
        self._followers: list[Banner] = []
        if below is not None:
            below._followers.append(self)
        self._time = QTimer(self)
        self._time.setSingleShot(True)
        self._time.timeout.connect(self._pass)
        self._passing = passing
        theme.changes().changed.connect(self.set_theme)
        self.hide()

    def say(
        self,
        token: str,
        sentence: str,
        remedies: Sequence[tuple[str, Callable[[], object]]] = (),
        *,
        key: object = None,
        busy: bool = False,
        passes: float = 0.0,
    ) -> None:
        """Show a sentence. `key` names what it is about, so that only that can take it back; it `passes` by itself after so many seconds, if any."""
        passes = passes or (PASSING if self._passing else 0.0)
        if passes:
            self._time.start(round(passes * 1000))
        else:
            self._time.stop()
        if self.isVisible() and (sentence, key) == (self.words.text(), self._key):
            return
        self._key, self._token = key, token
        self.words.setText(sentence)
        self.setAccessibleName(f"{WORDS[token]}: {sentence}")
        for old in self._ways:
            self._put(old, None)
            old.hide()
            old.deleteLater()
        self._ways = []
        for text, call in remedies:
            button = QPushButton(text, self)
            button.setProperty("whole", text)
            button.clicked.connect(call)
            button.clicked.connect(self.dismiss)
            self._ways.append(button)
        self._progress.setVisible(busy)
        self._close.setVisible(not busy)
        self.set_theme()
        self.show()
        self.place()
        for button in self._ways:
            button.show()

    def reword(self, sentence: str) -> None:
        """Other words about the same thing; the buttons stay."""
        if sentence != self.words.text():
            self.words.setText(sentence)
            self.setAccessibleName(f"{WORDS[self._token]}: {sentence}")
            self.place()

    # -- where it lies --

    def place(self) -> None:
        """In the middle of the upper edge, off the words below it; its own words keep the larger part of the width, buttons that would take it go below."""
        stage = self.parentWidget()
        if stage is None or self.isHidden():
            return
        room = min(WIDEST, max(160, stage.width() - 2 * SIDE))
        for button in self._ways:
            button.setText(button.property("whole"))
            button.setToolTip("")
        buttons = sum(b.sizeHint().width() + 8 for b in self._ways)
        under = buttons > 0.5 * room
        for button in self._ways:
            self._put(button, self._below if under else self._beside)
        self._shorten(buttons + 24 - room if under else 0)
        rest = (
            20 + 20 + self._icon.sizeHint().width() + self._close.sizeHint().width() + 16 + (104 if self._progress.isVisibleTo(self) else 0)
        )
        rest += 0 if under else buttons
        words = self.words.fontMetrics().horizontalAdvance(self.words.text()) + 8
        width = min(room, max(rest + words, buttons + 28 if under else 0, 160))
        self.words.setFixedHeight(max(20, self.words.heightForWidth(max(80, width - rest))))
        self._column.activate()
        height = self._column.minimumSize().height()
        left = (stage.width() - width) // 2
        if self._above is None or self._above.isHidden():
            tops = range(AWAY, max(AWAY, min(AWAY + LOWER, stage.height() - height - AWAY)) + 1, 2)
            below = self.lettering()
            place = clearest((QRect(left, top, width, height) for top in tops), below)
            if covered(place, below):
                place = clearest((place, *self.elsewhere(place.size())), below)
            self.setGeometry(place)
        else:
            self.setGeometry(left, self._above.geometry().bottom() + 7, width, height)
        self.raise_()
        for follower in self._followers:
            follower.place()

    def _shorten(self, lacking: int) -> None:
        """Cut the longest button where all of them together are wider than the stage; the whole is in its tool tip."""
        if lacking <= 0:
            return
        longest = max(self._ways, key=lambda b: b.sizeHint().width())
        measure, whole = longest.fontMetrics(), longest.property("whole")
        room = max(40, measure.horizontalAdvance(whole) - lacking - 12)
        longest.setText(measure.elidedText(whole, Qt.TextElideMode.ElideRight, room))
        longest.setToolTip(whole)

    def _put(self, button: QPushButton, layout: QHBoxLayout | None) -> None:
        self._beside.removeWidget(button)
        self._below.removeWidget(button)
        if layout is not None:
            layout.addWidget(button)

    # -- going away --

    def take_back(self, key: object) -> None:
        """Hide what was said about `key`."""
        if self._key == key:
            self.dismiss()

    @property
    def key(self) -> object:
        """What the present sentence is about."""
        return self._key if not self.isHidden() else None

    def dismiss(self) -> None:
        """Put the sentence away."""
        self._key = None
        self._time.stop()
        self.hide()
        for follower in self._followers:
            follower.place()

    def _pass(self) -> None:
        if self.underMouse() or self.isAncestorOf(self.window().focusWidget() or self.window()):
            self._time.start(HELD)
        else:
            self.dismiss()

    def set_theme(self) -> None:
        """Colours of the look in force."""
        tokens = theme.current().tokens
        colour = getattr(tokens, self._token)
        quiet = self._token in ("good", "accent")
        ground = tokens.surface if quiet else theme.mix(tokens.surface, colour, 0.12)
        edge = theme.mix(tokens.line, tokens.muted if quiet else colour, 0.5)
        self.setStyleSheet(f"QFrame#banner {{ background: {ground}; border: 1px solid {edge}; border-radius: 8px; }}")
        self._icon.setPixmap(theme.icon(ICONS[self._token], self._token).pixmap(20, 20))
        self._close.setIcon(theme.icon("mdi6.close"))
        self.place()
