"""A number with its unit and a slider: the pair that most parameters are changed with. Its arithmetic knows no widget."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QSlider, QStyle, QStyleOptionSlider, QWidget

from lab.display.plots import nice_ceiling, typeset
from lab.params import Spec
from lab.widgets import theme

TICKS = 1000
SETTLE = 400  # ms without a further key or turn of the wheel until a change counts as made


class Scale:
    """Maps a parameter's bounds to slider places 0..1, linear or logarithmic, and knows sensible steps.

    A logarithmic scale that begins at 0 reaches down to a millionth of its end; its very first place is 0.
    """

    def __init__(self, spec: Spec):
        self.whole = spec.kind == "int"
        self.lo = float(spec.lo) if spec.lo is not None else -math.inf
        self.hi = float(spec.hi) if spec.hi is not None else math.inf
        self.bounded = math.isfinite(self.lo) and math.isfinite(self.hi) and self.hi > self.lo
        self.log = bool(spec.log) and self.bounded and self.hi > 0 and self.lo >= 0
        self._bottom = (self.lo or self.hi * 1e-6) if self.log else self.lo
        default = abs(float(spec.default)) if isinstance(spec.default, (int, float)) else 1.0
        span = self.hi - self.lo if self.bounded else 20 * (default or 1.0)
        self.step = max(1.0, nice_ceiling(span / 200)) if self.whole else nice_ceiling(span / 200)
        # A whole number that merely names something (a seed) has no meaningful place on a line.
        self.slides = self.bounded and not (self.whole and span > 1e6 and not self.log)

    def place(self, value: float) -> float:
        """Place 0..1 of a value."""
        if self.log:
            if value <= self._bottom:
                return 0.0
            return min(1.0, math.log(value / self._bottom) / math.log(self.hi / self._bottom))
        return min(1.0, max(0.0, (value - self.lo) / (self.hi - self.lo)))

    def value(self, place: float) -> float | int:
        """The rounded value at a place 0..1; the ends are exact."""
        if place <= 0 or place >= 1:
            return self.tidy(self.lo if place <= 0 else self.hi)
        if self.log:
            return self.tidy(_digits(self._bottom * (self.hi / self._bottom) ** place, 3))
        unit = nice_ceiling((self.hi - self.lo) / TICKS)
        return self.tidy(round((self.lo + place * (self.hi - self.lo)) / unit) * unit)

    def tidy(self, value: float) -> float | int:
        """Within the bounds, whole where it must be, without digits of rounding."""
        value = min(self.hi, max(self.lo, value))
        return round(value) if self.whole else float(f"{value:.12g}")

    def stepped(self, value: float, steps: float) -> float | int:
        """The value some steps further; on a logarithmic scale twenty steps are a factor of ten."""
        if self.log and value > 0:
            moved = _digits(value * 10 ** (steps / 20), 3)
            return self.tidy(moved if not self.whole or round(moved) != value else value + math.copysign(1, steps))
        if self.log:
            return self.tidy(self._bottom if steps > 0 else 0.0)
        step = max(1.0, self.step * abs(steps)) if self.whole else self.step * abs(steps)
        return self.tidy(round((value + math.copysign(step, steps)) / step) * step)


def _digits(value: float, count: int) -> float:
    return float(f"{value:.{count}g}")


def number_text(value: float | int) -> str:
    """A number as a person writes it: up to seven digits, no trailing zeros."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.7g}"


class NumberBox(QLineEdit):
    """A number with its unit, typed or stepped: arrows one step, page keys ten, with Shift a tenth; wheel when focused.

    typed    text was entered (the form parses and judges it)
    stepped  the value moved by a key or the wheel
    settled  some time passed since the last step
    """

    typed = Signal(str)
    stepped = Signal(object)
    settled = Signal()

    def __init__(self, spec: Spec, scale: Scale, parent: QWidget | None = None):
        super().__init__(parent)
        self.spec = spec
        self.scale = scale
        self.unit = typeset(spec.unit)
        self.value: Any = spec.default
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SETTLE)
        self._pause.timeout.connect(self.settled)
        self.textEdited.connect(self._touched)
        self.editingFinished.connect(self._finish)
        self._dirty = False

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self.value = value
        self._dirty = False
        shown = f"{number_text(value)} {self.unit}".strip() if isinstance(value, (int, float)) else str(value)
        if shown != self.text():
            self.setText(shown)
            self.setCursorPosition(0)

    def restore(self) -> None:
        """Drop what was typed."""
        self.set_value(self.value)

    def _touched(self) -> None:
        self._dirty = True

    def _finish(self) -> None:
        if self._dirty:
            self._dirty = False
            text = self.text().strip()
            self.typed.emit(text.removesuffix(self.unit).strip() if self.unit else text)
        elif self._pause.isActive():
            self._pause.stop()
            self.settled.emit()

    def _step(self, steps: float) -> None:
        if not isinstance(self.value, (int, float)):
            return
        moved = self.scale.stepped(float(self.value), steps)
        if moved != self.value:
            self.set_value(moved)
            self.stepped.emit(moved)
            self._pause.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Steps, Escape, or typing."""
        fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}.get(Qt.Key(event.key()))
        if steps is not None:
            self._step(steps * fine)
        elif event.key() == Qt.Key.Key_Escape and (self._dirty or self.property("invalid")):
            self.restore()
            self.typed.emit(number_text(self.value) if isinstance(self.value, (int, float)) else str(self.value))
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only when focused: scrolling through the form must not change what it passes over."""
        if self.hasFocus() and event.angleDelta().y():
            self._step(math.copysign(1, event.angleDelta().y()))
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: Any) -> None:
        """Select the number, so that typing replaces it."""
        super().focusInEvent(event)
        QTimer.singleShot(0, self, self._select)

    def _select(self) -> None:
        if self.hasFocus() and not self._dirty:
            self.setSelection(0, len(self.text()) - (len(self.unit) + 1 if self.unit else 0))

    def set_theme(self) -> None:
        """Numbers are monospaced."""
        look = theme.current()
        self.setFont(theme.mono_font())
        self.setStyleSheet(f'QLineEdit {{ font-family: "{theme.load_fonts()[theme.MONO]}"; }}')
        self.setFixedWidth(168 if look.projector else 128)


class LineSlider(QSlider):
    """A slider that jumps to where it is pressed and listens to the wheel only when focused.

    slid     the place while it is dragged, each time it moves
    dropped  it was let go
    nudged   a key or the wheel asks for so many steps
    """

    slid = Signal(float)
    dropped = Signal()
    nudged = Signal(float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, TICKS)

    def show_place(self, place: float) -> None:
        """Stand at a place 0..1, unless it is in somebody's hand."""
        if not self.isSliderDown():
            self.setValue(round(place * TICKS))

    def _at(self, x: float) -> float:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self)
        return min(1.0, max(0.0, (x - handle.width() / 2) / max(1, self.width() - handle.width())))

    def mousePressEvent(self, event: Any) -> None:
        """Jump there and take hold."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(self._at(event.position().x()))
            event.accept()

    def mouseMoveEvent(self, event: Any) -> None:
        """Drag."""
        if self.isSliderDown():
            self._go(self._at(event.position().x()))

    def mouseReleaseEvent(self, event: Any) -> None:
        """Let go."""
        if self.isSliderDown() and event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)
            self.dropped.emit()

    def _go(self, place: float) -> None:
        self.setValue(round(place * TICKS))
        self.slid.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and page keys step; Home and End go to the bounds."""
        key = Qt.Key(event.key())
        fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        steps = {
            Qt.Key.Key_Up: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_Left: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10,
        }.get(key)  # fmt: skip
        if steps is not None:
            self.nudged.emit(steps * fine)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(0.0 if key == Qt.Key.Key_Home else 1.0)
            self.dropped.emit()
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only when focused."""
        if self.hasFocus() and event.angleDelta().y():
            self.nudged.emit(math.copysign(1, event.angleDelta().y()))
            event.accept()
        else:
            event.ignore()
