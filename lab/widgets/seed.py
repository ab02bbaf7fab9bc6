"""The group "Run" under the parameters: the seed, which decides every random number of a run, and a die that throws another."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from lab.widgets import theme
from lab.widgets.form import Group

LARGEST = 999_999_999
THROWN = 1_000_000  # a thrown seed stays short enough to be read out in a class


class SeedGroup(Group):
    """Shows the seed and says which one a person wants."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__("Run", parent)
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(18, 2, 0, 2)
        row.setSpacing(6)
        label = QLabel("Seed", line)
        self.spin = QSpinBox(line)
        self.spin.setRange(0, LARGEST)
        self.spin.setKeyboardTracking(False)
        self.spin.setAccessibleName("Seed")
        self.spin.setToolTip("The same seed and the same changes give the same run, to the last bit. Another seed begins a new run.")
        self.spin.valueChanged.connect(self._changed)
        label.setBuddy(self.spin)
        self.dice = QToolButton(line)
        self.dice.setAccessibleName("Another seed")
        self.dice.setToolTip("Begin a new run with another seed")
        self.dice.clicked.connect(self.throw)
        row.addWidget(label, 1)
        row.addWidget(self.spin)
        row.addWidget(self.dice)
        self.inner.addWidget(line)
        self._shown = 0
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()
        self.set_open(True)

    def show_seed(self, seed: int) -> None:
        """Show a seed; says nothing."""
        self._shown = seed
        self.spin.blockSignals(True)
        self.spin.setValue(min(seed, LARGEST))
        self.spin.blockSignals(False)

    def throw(self) -> None:
        """Choose another seed."""
        seed = self._shown
        while seed == self._shown:
            seed = secrets.randbelow(THROWN)
        self.chosen.emit(seed)

    def _changed(self, value: int) -> None:
        if value != self._shown:
            self.chosen.emit(value)

    def set_theme(self) -> None:
        """Icon and colours of the look in force."""
        look = theme.current()
        self.dice.setIcon(theme.icon("mdi6.dice-5-outline", "text"))
        self.dice.setIconSize(QSize(look.text + 5, look.text + 5))
        self.heading.setStyleSheet(
            f"QToolButton {{ color: {look.tokens.muted}; font-size: {look.caption}px; font-weight: 500; padding: 4px 0; text-align: left; }}"
            f"QToolButton:hover {{ color: {look.tokens.text}; background: transparent; }}"
        )
        self.show_heading()
