"""One of some choices: side by side while they are few and short, a list otherwise."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QComboBox, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from lab import catalog
from lab.display.plots import typeset
from lab.params import Spec
from lab.widgets.fields.base import Field, edits

SEGMENTS = 4  # so many short choices are shown side by side
SEGMENT_LETTERS = 26


def choice_text(choice: str) -> str:
    """A choice as words: `small_world` becomes `small world`."""
    return typeset(choice.replace("_", " "))


def choice_texts(spec: Spec) -> list[str]:
    """The choices as a person reads them; names of models are their titles."""
    titles = {entry.name: entry.title for entry in catalog.entries()}
    models = all(choice in titles for choice in spec.choices)
    said = dict(spec.said)
    return [titles[choice] if models else said.get(choice, choice_text(choice)) for choice in spec.choices]


class SegmentField(Field):
    """A few short choices side by side; the chosen one is underlined and heavier."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        frame = QFrame(self)
        frame.setObjectName("segments")
        row = QHBoxLayout(frame)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.group = QButtonGroup(self)
        for number, choice in enumerate(choice_texts(spec)):
            button = QPushButton(choice, frame)
            button.setCheckable(True)
            button.setProperty("segment", "true")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.group.addButton(button, number)
            row.addWidget(button)
        self.group.idClicked.connect(self._chosen)
        self.row.addWidget(frame)

    @property
    def target(self) -> QWidget:
        return self.group.checkedButton() or self.group.buttons()[0]

    def set_value(self, value: Any) -> None:
        self.group.button(self.spec.choices.index(value)).setChecked(True)

    def _chosen(self, number: int) -> None:
        self.committed.emit(self.spec.choices[number])


class Combo(QComboBox):
    """A list of choices that the wheel does not change while it only passes over."""

    def wheelEvent(self, event: Any) -> None:
        """Only when focused: scrolling through the form must not change what it passes over."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ComboField(Field):
    """Many or long choices."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.combo = Combo(self)
        self.combo.addItems(choice_texts(spec))
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(6)
        self.combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.combo.activated.connect(self._chosen)
        self.row.addWidget(self.combo)

    @property
    def target(self) -> QWidget:
        return self.combo

    def set_value(self, value: Any) -> None:
        self.combo.setCurrentIndex(self.spec.choices.index(value))

    def _chosen(self, number: int) -> None:
        self.committed.emit(self.spec.choices[number])


@edits("choice")
def choice_field(spec: Spec) -> Field:
    """The field that has room for the choices."""
    short = len(spec.choices) <= SEGMENTS and sum(len(text) + 2 for text in choice_texts(spec)) <= SEGMENT_LETTERS + 8
    return SegmentField(spec) if short else ComboField(spec)
