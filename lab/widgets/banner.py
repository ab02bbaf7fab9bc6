"""A line in the window that says what happened, with the way out as buttons; never in the way of the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from lab.widgets import theme

ICONS = {"bad": "mdi6.alert-octagon-outline", "warn": "mdi6.alert-outline", "good": "mdi6.check-circle-outline", "accent": "mdi6.information-outline"}
WORDS = {"bad": "Error", "warn": "Warning", "good": "Done", "accent": "Note"}


class Banner(QFrame):
    """One sentence at a time."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("banner")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
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
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._close = QToolButton(self)
        self._close.setToolTip("Dismiss (Escape)")
        self._close.setAccessibleName("Dismiss")
        self._close.clicked.connect(self.dismiss)
        row.addWidget(self._icon)
        row.addWidget(self.words, 1)
        row.addWidget(self._progress)
        row.addLayout(self._buttons)
        row.addWidget(self._close)
        self._ways: list[QPushButton] = []
        self._key: object = None
        self._token = "accent"
        theme.changes().changed.connect(self.set_theme)
        self.hide()

    def say(self, token: str, sentence: str, remedies: Sequence[tuple[str, Callable[[], object]]] = (), *, key: object = None, busy: bool = False) -> None:
        """Show a sentence. `key` names what it is about, so that only that can take it back."""
        if self.isVisible() and (sentence, key) == (self.words.text(), self._key):
            return
        self._key, self._token = key, token
        self.words.setText(sentence)
        self.setAccessibleName(f"{WORDS[token]}: {sentence}")
        for old in self._ways:
            self._buttons.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._ways = []
        for text, call in remedies:
            button = QPushButton(text, self)
            button.clicked.connect(call)
            button.clicked.connect(self.dismiss)
            self._buttons.addWidget(button)
            self._ways.append(button)
        self._progress.setVisible(busy)
        self._close.setVisible(not busy)
        self.set_theme()
        self.show()

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
        self.setStyleSheet(f"QFrame#banner {{ background: {ground}; border: 1px solid {theme.mix(tokens.line, colour, 0.5)}; border-radius: 8px; margin: 0 12px 12px 12px; }}")
        self._icon.setPixmap(theme.icon(ICONS[self._token], self._token).pixmap(20, 20))
        self._close.setIcon(theme.icon("mdi6.close"))
