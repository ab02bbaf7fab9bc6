"""A parameter of a slide: its name, a slider with what lies on it and the value, large; or the values one may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from lab.display.plots import typeset
from lab.params import Spec
from lab.widgets import theme
from lab.widgets.numbers import SETTLE, LineSlider, MarkStrip, Scale


class Knob(QWidget):
    """Moves one number.

    moved  (value, final) at each moment of a drag or key, and once more when it is settled on
    """

    moved = Signal(object, bool)

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(parent)
        self.spec = spec
        self.scale = Scale(spec)
        self.setAccessibleName(spec.label)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self.label = QLabel(typeset(spec.label), self)
        self.slider = LineSlider(self)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setAccessibleName(f"{spec.label} slider")
        self.strip = MarkStrip(self.scale, self.slider, self)
        self.strip.share = 0.75
        self.number = QLabel(self)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.label, 0, 0)
        grid.addWidget(self.slider, 0, 1)
        grid.addWidget(self.number, 0, 2)
        grid.addWidget(self.strip, 1, 1)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(2)
        self.value: Any = None
        self.slider.slid.connect(self._slid)
        self.slider.dropped.connect(self._settled)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SETTLE)
        self._pause.timeout.connect(self._settled)
        self.set_theme()

    def show_value(self, value: Any) -> None:
        """Show a value, unless it is in somebody's hand."""
        if value != self.value and not self.slider.isSliderDown() and not self._pause.isActive():
            self._show(value)

    def set_marks(self, marks: Mapping[str, float]) -> None:
        """Named ticks, and the ends of the slider."""
        self.strip.set_marks({" ": self.scale.left, "": self.scale.right, **marks})

    def nudge(self, steps: float) -> None:
        """So many steps up or down."""
        value = self.scale.stepped(float(self.value), steps) if self.value is not None else None
        if value is not None and value != self.value:
            self._show(value)
            self.moved.emit(value, False)
            self._pause.start()

    def _show(self, value: Any) -> None:
        self.value = value
        self.slider.show_place(self.scale.place(float(value)))
        self.number.setText(typeset(self.spec.text(value)))
        self.slider.setAccessibleDescription(self.number.text())

    def _slid(self, place: float) -> None:
        self._show(self.scale.value(place, fine=self.slider.fine))
        self.moved.emit(self.value, False)

    def _settled(self) -> None:
        self._pause.stop()
        self.moved.emit(self.value, True)

    def set_theme(self) -> None:
        """Sizes of the look in force."""
        look = theme.current()
        self.label.setFont(theme.sans_font(look.text))
        self.label.setStyleSheet(f"font-size: {look.text}px; font-weight: 600;")
        mono = theme.load_fonts()[theme.MONO]
        self.number.setStyleSheet(f'font-family: "{mono}"; font-size: {round(1.25 * look.text)}px; font-weight: 600;')
        self.number.setMinimumWidth(round(6 * look.text))
        self.strip.set_theme()


class Choice(QWidget):
    """Chooses one of several values, with the mouse or by the keys of a slider.

    moved  (value, True) when another is chosen
    """

    moved = Signal(object, bool)

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(parent)
        self.spec = spec
        self.setAccessibleName(spec.label)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.label = QLabel(typeset(spec.label), self)
        self.box = QComboBox(self)
        self.box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.box.setAccessibleName(spec.label)
        for value in spec.choices:
            self.box.addItem(typeset(spec.text(value)), value)
        row.addWidget(self.label)
        row.addWidget(self.box)
        row.addStretch(1)
        self.value: Any = None
        self.box.activated.connect(self._chosen)
        self.set_theme()

    def show_value(self, value: Any) -> None:
        """Show a value, unless the list is open."""
        if value != self.value and not self.box.view().isVisible():
            self.value = value
            self.box.setCurrentIndex(self.box.findData(value))

    def set_marks(self, marks: Mapping[str, float]) -> None:
        """Choices have no ticks."""

    def nudge(self, steps: float) -> None:
        """The value before (up) or after it (down), as they stand in the list."""
        at = self.box.currentIndex() - (1 if steps > 0 else -1)
        if 0 <= at < self.box.count():
            self.box.setCurrentIndex(at)
            self._chosen(at)

    def _chosen(self, at: int) -> None:
        self.value = self.box.itemData(at)
        self.moved.emit(self.value, True)

    def set_theme(self) -> None:
        """Sizes of the look in force."""
        size = theme.current().text
        self.label.setFont(theme.sans_font(size))
        self.label.setStyleSheet(f"font-size: {size}px; font-weight: 600;")
        self.box.setStyleSheet(f"font-size: {size}px; padding: {round(0.2 * size)}px {round(0.4 * size)}px;")
