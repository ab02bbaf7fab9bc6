"""A line of text; also the field of every kind that has none of its own, because each can be typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLineEdit, QWidget

from lab.params import Spec
from lab.widgets.fields.base import Field, edits


@edits("text")
class TextField(Field):
    """A line of text."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.line = QLineEdit(self)
        self.line.setPlaceholderText("none")
        self._value = ""
        self.line.editingFinished.connect(self._finish)
        self.row.addWidget(self.line)

    @property
    def target(self) -> QWidget:
        return self.line

    def set_value(self, value: Any) -> None:
        self._value = str(value)
        if self.line.text() != self._value:
            self.line.setText(self._value)

    def _finish(self) -> None:
        if self.line.text() != self._value:
            self._value = self.line.text()
            self.typed.emit(self._value)
