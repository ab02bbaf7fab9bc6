"""How many units each layer of a network has: a box for each, a plus and a minus for their number. Long rows of equal ones are said in words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QIntValidator
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from lab.params import Spec
from lab.units import counted
from lab.widgets import theme
from lab.widgets.fields.base import Field, edits

ACROSS = 4  # boxes beside each other
WIDEST = 8192  # units
FIRST = 16  # units of the first layer of a network that had none


def units_of(text: str) -> list[int] | None:
    """Units of `64-32`; None of what is no such list."""
    parts = [part.strip() for part in text.replace(",", "-").split("-") if part.strip()]
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else None


class Units(QLineEdit):
    """The units (or kernels: `what`) of one layer; arrows change them."""

    def __init__(self, what: str, number: int, parent: QWidget):
        super().__init__(parent)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setValidator(QIntValidator(1, WIDEST, self))
        self.setAccessibleName(f"{what} of layer {number}")
        self.setToolTip(f"{what} of layer {number}: type, or Up and Down")
        self.setMinimumWidth(40)
        self.units = 1  # as the network has them

    def show_units(self, units: int) -> None:
        """As the network has them now."""
        self.units = units
        if self.text() != str(units):
            self.setText(str(units))

    @property
    def meant(self) -> int:
        """What is written, or what was before, where nothing is."""
        return int(self.text()) if self.text().isdecimal() and int(self.text()) else self.units

    def focusOutEvent(self, event: Any) -> None:
        """An empty box says again what it was."""
        if not self.hasAcceptableInput():
            self.setText(str(self.units))
        super().focusOutEvent(event)

    def keyPressEvent(self, event: Any) -> None:
        """One unit more or less."""
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(event.key())
        if step and self.text().isdecimal():
            self.setText(str(min(WIDEST, max(1, int(self.text()) + step))))
        else:
            super().keyPressEvent(event)


@edits("layers")
class LayersField(Field):
    """A box for each layer, and buttons for a layer less or more."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self._units: list[int] = []
        first = spec.doc.split(" ", 1)[0].lower()
        self.what = first if first.endswith("s") else "units"  # what a layer has many of, as its description begins
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.grid = QGridLayout()
        self.grid.setSpacing(4)
        column.addLayout(self.grid)
        self.words = QLabel(self)
        self.words.setProperty("role", "caption")
        self.boxes: list[Units] = []
        self.fewer, self.more = QToolButton(self), QToolButton(self)
        for button, sign, words, call in ((self.fewer, "−", "A layer less", self._take), (self.more, "+", "A layer more", self._add)):
            button.setText(sign)
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(call)
        self.row.addLayout(column, 1)
        foot = QGridLayout()
        foot.setSpacing(4)
        foot.addWidget(self.words, 0, 0)
        foot.addWidget(self.fewer, 0, 1)
        foot.addWidget(self.more, 0, 2)
        foot.setColumnStretch(0, 1)
        column.addLayout(foot)

    @property
    def units(self) -> list[int]:
        """What the boxes say."""
        return [box.meant for box in self.boxes]

    def set_value(self, value: Any) -> None:
        self._units = units_of(str(value)) or []
        while len(self.boxes) > len(self._units):
            gone = self.boxes.pop()
            self.grid.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.boxes) < len(self._units):
            box = Units(self.what.capitalize(), len(self.boxes) + 1, self)
            box.editingFinished.connect(self._finish)
            self.grid.addWidget(box, len(self.boxes) // ACROSS, len(self.boxes) % ACROSS)
            self.boxes.append(box)
            box.show()
        for box, units in zip(self.boxes, self._units, strict=True):
            box.show_units(units)
        for k in range(ACROSS):
            self.grid.setColumnStretch(k, 1)
        self.words.setText(self.said())
        self.fewer.setEnabled(bool(self._units))
        self.setAccessibleDescription(self.said())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """To the first layer. A proxy would make all of this one stop, and Tab would pass the other layers and the buttons by."""
        super().focusInEvent(event)
        (self.boxes[0] if self.boxes else self.more).setFocus(event.reason())

    def said(self) -> str:
        """In words: 8 layers of 64 units."""
        if not self._units:
            return "no layer"
        layers = counted(len(self._units), "layers")
        return f"{layers} of {counted(self._units[0], self.what)}" if len(set(self._units)) == 1 else layers

    def _say(self, units: list[int]) -> None:
        if units != self._units:
            self.typed.emit("-".join(map(str, units)))

    def _finish(self) -> None:
        self._say(self.units)

    def _add(self) -> None:
        units = self.units
        self._say([*units, units[-1] if units else FIRST])

    def _take(self) -> None:
        self._say(self.units[:-1])

    def set_theme(self) -> None:
        for box in self.boxes:
            box.setFont(theme.mono_font())
