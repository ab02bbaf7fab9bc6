"""A parameter of a slide: its name, a slider with what lies on it, and the value, large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

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
