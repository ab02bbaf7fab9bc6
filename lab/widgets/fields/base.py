"""What every field is, and the registry: which kind of parameter is edited by which field.

A field shows a value and says what a person makes of it; it judges nothing.

edited     the value at each moment of a drag or key
committed  the value that a person settled on
typed      text that the form has to read (`Described.from_text`)
opened     the place where such a value is edited, the canvas, should open
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lab.params import Spec

FIELDS: dict[str, Callable[[Spec], Field]] = {}  # kind of parameter -> what makes its field


def edits(*kinds: str) -> Callable[[Any], Any]:
    """Register a field (or what chooses one) for kinds of parameters; the last one registered for a kind counts."""

    def register(make: Any) -> Any:
        FIELDS.update(dict.fromkeys(kinds, make))
        return make

    return register


class Field(QWidget):
    """Base: `editor` stands beside the label, or (wide) below it; `below` is what stands under both."""

    edited = Signal(object)
    committed = Signal(object)
    typed = Signal(str)
    opened = Signal()
    wide = False

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(parent)
        self.spec = spec
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)
        self.below: QWidget | None = None

    def set_value(self, value: Any) -> None:
        """Show a value without saying so."""
        raise NotImplementedError

    @property
    def target(self) -> QWidget:
        """The widget that takes the focus."""
        return self

    def set_marks(self, marks: Mapping[str, float]) -> None:
        """Show named ticks, where a value has a place on a line."""

    def set_invalid(self, invalid: bool) -> None:
        """Mark the editor; the words stand under it."""
        if bool(self.target.property("invalid")) != invalid:
            self.target.setProperty("invalid", invalid)
            self.target.style().unpolish(self.target)
            self.target.style().polish(self.target)

    def set_theme(self) -> None:
        """Fonts, icons and sizes that no style sheet reaches."""
