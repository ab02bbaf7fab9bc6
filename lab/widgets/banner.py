"""A line in the window that says what happened, with the way out as buttons; never in the way of the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.widgets import theme

ICONS = {
    "bad": "mdi6.alert-octagon-outline",
    "warn": "mdi6.alert-outline",
    "good": "mdi6.check-circle-outline",
    "accent": "mdi6.information-outline",
}
WORDS = {"bad": "Error", "warn": "Warning", "good": "Done", "accent": "Note"}


class Banner(QFrame):
    """One sentence at a time."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("banner")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
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
        self._progress.setFixedWidth(120)
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
        self._under: bool | None = None
        self._key: object = None
        self._token = "accent"
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
    ) -> None:
        """Show a sentence. `key` names what it is about, so that only that can take it back."""
        if self.isVisible() and (sentence, key) == (self.words.text(), self._key):
            return
        self._key, self._token = key, token
        self.words.setText(sentence)
        self.setAccessibleName(f"{WORDS[token]}: {sentence}")
        for old in self._ways:
            self._place(old, None)
            old.hide()
            old.deleteLater()
        self._ways = []
        for text, call in remedies:
            button = QPushButton(text, self)
            button.setProperty("whole", text)
            button.clicked.connect(call)
            button.clicked.connect(self.dismiss)
            self._ways.append(button)
        self._under = None
        self._progress.setVisible(busy)
        self._close.setVisible(not busy)
        self.set_theme()
        self.show()
        self._arrange()
        for button in self._ways:
            button.show()

    def reword(self, sentence: str) -> None:
        """Other words about the same thing; the buttons stay."""
        if sentence != self.words.text():
            self.words.setText(sentence)
            self.setAccessibleName(f"{WORDS[self._token]}: {sentence}")

    def resizeEvent(self, event) -> None:
        """The words keep the larger part of the width; buttons that would take it go below."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        for button in self._ways:
            button.setText(button.property("whole"))
        under = sum(b.sizeHint().width() + 8 for b in self._ways) > 0.5 * self.width()
        if under != self._under:
            self._under = under
            for button in self._ways:
                self._place(button, self._below if under else self._beside)
        lacking = sum(b.sizeHint().width() + 8 for b in self._ways) + 24 - self.width()
        if under and lacking > 0:
            longest = max(self._ways, key=lambda b: b.sizeHint().width())
            measure, whole = longest.fontMetrics(), longest.property("whole")
            longest.setText(
                measure.elidedText(whole, Qt.TextElideMode.ElideRight, max(40, measure.horizontalAdvance(whole) - lacking - 12))
            )
            longest.setToolTip(whole)
        # Wrapped words are as tall as they need to be, even where the pictures above would not give way.
        self.words.setMinimumHeight(max(0, self.words.heightForWidth(max(80, self._room()))))

    def _room(self) -> int:
        """Width that is left for the words."""
        margins = (
            24 + 20 + 20 + self._icon.sizeHint().width() + self._close.sizeHint().width() + (128 if self._progress.isVisibleTo(self) else 0)
        )
        return self.width() - margins - (0 if self._under else sum(b.sizeHint().width() + 8 for b in self._ways))

    def _place(self, button: QPushButton, layout: QHBoxLayout | None) -> None:
        self._beside.removeWidget(button)
        self._below.removeWidget(button)
        if layout is not None:
            layout.addWidget(button)

    def take_back(self, key: object) -> None:
        """Hide what was said about `key`."""
        if self._key == key:
            self.dismiss()

    @property
    def key(self) -> object:
        """What the present sentence is about."""
        return self._key if self.isVisible() else None

    def dismiss(self) -> None:
        """Put the sentence away."""
        self._key = None
        self.hide()

    def set_theme(self) -> None:
        """Colours of the look in force."""
        tokens = theme.current().tokens
        colour = getattr(tokens, self._token)
        ground = theme.mix(tokens.surface, colour, 0.10)
        self.setStyleSheet(
            f"QFrame#banner {{ background: {ground}; border: 1px solid {theme.mix(tokens.line, colour, 0.5)}; border-radius: 8px; margin: 0 12px 12px 12px; }}"
        )
        self._icon.setPixmap(theme.icon(ICONS[self._token], self._token).pixmap(20, 20))
        self._close.setIcon(theme.icon("mdi6.close"))
