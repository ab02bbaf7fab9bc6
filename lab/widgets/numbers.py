"""A number with its unit and a slider: the pair that most parameters are changed with. Its arithmetic knows no widget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QSlider, QStyle, QStyleOptionSlider, QWidget

from lab.display.plots import nice_ceiling, typeset
from lab.params import Spec
from lab.units import number, unit_for
from lab.widgets import theme

TICKS = 1000
FINE = 10  # a drag with Shift goes so much slower
MOST_LETTERS = 18
LETTERS = 5  # of a number that a box has room for; a longer one makes it wider
PADDING = 8  # px at either side of them
SETTLE = 400  # ms without a further key or turn of the wheel until a change counts as made


class Scale:
    """Maps a parameter's lively range to slider places 0..1, linear or logarithmic, and knows sensible steps.

    `left` and `right` are the ends of the slider, `lo` and `hi` the bounds to which one may type. A logarithmic scale that
    begins at 0 reaches down to a millionth of its end; its very first place is 0.
    """

    def __init__(self, spec: Spec):
        self.whole = spec.kind == "int"
        self.lo = float(spec.lo) if spec.lo is not None else -math.inf
        self.hi = float(spec.hi) if spec.hi is not None else math.inf
        self.bounded = math.isfinite(self.lo) and math.isfinite(self.hi) and self.hi > self.lo
        self.left, self.right = (float(end) for end in spec.soft) if spec.soft else (self.lo, self.hi)
        self.log = bool(spec.log) and self.bounded and self.hi > 0 and self.left >= 0
        self._bottom = (self.left or self.right * 1e-6) if self.log else self.left
        default = abs(float(spec.default)) if isinstance(spec.default, (int, float)) else 1.0
        span = self.right - self.left if self.bounded else 20 * (default or 1.0)
        self.step = max(1.0, nice_ceiling(span / 200)) if self.whole else nice_ceiling(span / 200)
        # A whole number that merely names something (a seed) has no meaningful place on a line.
        self.slides = self.bounded and not (self.whole and span > 1e6 and not self.log)

    def place(self, value: float) -> float:
        """Place 0..1 of a value; one that was typed beyond the slider stands at its end."""
        if self.log:
            if value <= self._bottom:
                return 0.0
            return min(1.0, math.log(value / self._bottom) / math.log(self.right / self._bottom))
        return min(1.0, max(0.0, (value - self.left) / (self.right - self.left)))

    def value(self, place: float, *, fine: bool = False) -> float | int:
        """The rounded value at a place 0..1, to one digit more where it is dragged finely; the ends are exact."""
        if place <= 0 or place >= 1:
            return self.tidy(self.left if place <= 0 else self.right)
        if self.log:
            return self.tidy(_digits(self._bottom * (self.right / self._bottom) ** place, 4 if fine else 3))
        unit = nice_ceiling((self.right - self.left) / (10 * TICKS if fine else TICKS))
        return self.tidy(round((self.left + place * (self.right - self.left)) / unit) * unit)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the slider."""
        return self.left <= value <= self.right

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
    return number(value, 7, nothing=0.0)


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
        said = unit_for(2, spec.unit).lower() == unit_for(2, spec.label.lower())  # "Examples 1000" needs no "examples"
        self.unit = self.shown_unit = "" if said else typeset(spec.unit)
        self.value: Any = spec.default
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SETTLE)
        self._pause.timeout.connect(self.settled)
        self.textEdited.connect(self._touched)
        self.editingFinished.connect(self.take_over)
        self._dirty = False
        self._letters = 0

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self.value = value
        self._dirty = False
        number_of = isinstance(value, (int, float))
        self.shown_unit = unit_for(value, self.unit) if number_of else ""
        shown = f"{number_text(value)} {self.shown_unit}".strip() if number_of else str(value)
        if shown != self.text():
            self.setText(shown)
            self.setCursorPosition(0)
            self._widen()

    def restore(self) -> None:
        """Drop what was typed."""
        self.set_value(self.value)

    def _touched(self) -> None:
        self._dirty = True

    def take_over(self) -> None:
        """Say what was typed, or settle at once on what was stepped to."""
        if self._dirty:
            self._dirty = False
            text = self.text().strip()
            self.typed.emit(text.removesuffix(self.shown_unit).strip() if self.shown_unit else text)
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

    def event(self, event: QEvent) -> bool:
        """Keep Escape while something typed can be dropped: the window's own Escape would leave the box with it, and the error would stay."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._unsettled
        ):
            event.accept()
            return True
        return super().event(event)

    @property
    def _unsettled(self) -> bool:
        return bool(self._dirty or self.property("invalid"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Steps, Escape, or typing."""
        fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}.get(Qt.Key(event.key()))
        if steps is not None:
            self._step(steps * fine)
        elif event.key() == Qt.Key.Key_Escape and self._unsettled:
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

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the number again: the word under the cursor may be the unit, or one half of "9.775"."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._mark()
        else:
            super().mouseDoubleClickEvent(event)

    def _select(self) -> None:
        if self.hasFocus() and not self._dirty:
            self._mark()

    def _mark(self) -> None:
        unit = f" {self.shown_unit}"
        self.setSelection(0, len(self.text().removesuffix(unit) if self.shown_unit else self.text()))

    def set_theme(self) -> None:
        """Numbers are monospaced."""
        self.setFont(theme.mono_font())
        self.setStyleSheet(f'QLineEdit {{ font-family: "{theme.load_fonts()[theme.MONO]}"; }}')
        self._letters = 0
        self._widen()

    def _widen(self) -> None:
        """As wide as its number and its unit need, so that the name beside it keeps the rest; it never becomes narrower again."""
        letters = max(self._letters, LETTERS + (1 + len(self.unit) if self.unit else 0), min(len(self.text()), MOST_LETTERS))
        if letters != self._letters:
            self._letters = letters
            needed = round(QFontMetricsF(theme.mono_font()).horizontalAdvance("0") * letters) + 2 * PADDING + 4
            self.setFixedWidth(max(round(5.5 * theme.current().text), needed))


class LineSlider(QSlider):
    """A slider that jumps to where it is pressed and listens to the wheel only when focused; with Shift it moves finely.

    slid     the place while it is dragged, each time it moves
    dropped  it was let go
    nudged   a key or the wheel asks for so many steps
    fine     whether the drag is one with Shift: a tenth of the way of the mouse
    """

    slid = Signal(float)
    dropped = Signal()
    nudged = Signal(float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, TICKS)
        self.fine = False
        self._held = (0.0, 0.0)  # where the mouse and the slider were when the drag, or its fine part, began
        self._stood = 0.0

    def show_place(self, place: float) -> None:
        """Stand at a place 0..1, unless it is in somebody's hand."""
        if not self.isSliderDown():
            self._stood = place
            self.setValue(round(place * TICKS))

    def handle_width(self) -> int:
        """Pixels that the handle takes: its middle reaches half of that from either end."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self).width()

    def _at(self, x: float) -> float:
        handle = self.handle_width()
        return min(1.0, max(0.0, (x - handle / 2) / max(1, self.width() - handle)))

    def mousePressEvent(self, event: Any) -> None:
        """Jump there and take hold; with Shift take hold without jumping."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._drag(event)
            event.accept()

    def mouseMoveEvent(self, event: Any) -> None:
        """Drag."""
        if self.isSliderDown():
            self._drag(event)

    def _drag(self, event: Any) -> None:
        x, fine = event.position().x(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if fine and not self.fine:
            self._held = (x, self._stood)
        self.fine = fine
        if not fine:
            self._go(self._at(x))
            return
        moved = (x - self._held[0]) / max(1, self.width() - self.handle_width()) / FINE
        self._go(min(1.0, max(0.0, self._held[1] + moved)))

    def mouseReleaseEvent(self, event: Any) -> None:
        """Let go."""
        if self.isSliderDown() and event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)
            self.fine = False
            self.dropped.emit()

    def _go(self, place: float) -> None:
        self._stood = place
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


class MarkStrip(QWidget):
    """The named ticks under a slider, in two lines where their names would touch."""

    def __init__(self, scale: Scale, slider: LineSlider, parent: QWidget | None = None):
        super().__init__(parent)
        self.scale, self.slider = scale, slider
        self.marks: dict[str, float] = {}
        self.share = 1.0  # size of its names, beside other captions
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_marks(self, marks: Mapping[str, float]) -> None:
        """Other ticks; those beyond the slider are left out."""
        shown = {name: value for name, value in marks.items() if self.scale.holds(value)}
        if shown != self.marks:
            self.marks = shown
            self.setVisible(bool(shown))
            self._fit()
            self.update()

    def _font(self) -> Any:
        return theme.sans_font(max(10, round(self.share * (theme.current().caption - 1))))

    def _placed(self) -> list[tuple[float, float, int, str]]:
        """Tick, left end of the text, line and text of each mark; a name that has no room in either line is left out."""
        measure = QFontMetricsF(self._font())
        handle = self.slider.handle_width()
        apart = max(6.0, 0.6 * measure.height())  # in a lecture a number beside a name would be read with it
        ends = [-apart, -apart]
        found = []
        for name, value in sorted(self.marks.items(), key=lambda mark: mark[1]):
            at = handle / 2 + self.scale.place(value) * (self.slider.width() - handle)
            text = typeset(f"{name} {number(value)}".strip())
            wide = measure.horizontalAdvance(text)
            left = min(max(0.0, at - wide / 2), max(0.0, self.width() - wide))
            line = next((k for k in (0, 1) if left >= ends[k] + apart), -1)
            if line >= 0:
                ends[line] = left + wide
            found.append((at, left, line, text))
        return found

    def _fit(self) -> None:
        lines = max((line for _, _, line, _ in self._placed()), default=-1) + 1
        self.setFixedHeight(round(6 + lines * QFontMetricsF(self._font()).height()) if self.marks else 0)

    def resizeEvent(self, event: Any) -> None:
        """Another width may need another line."""
        super().resizeEvent(event)
        self._fit()

    def set_theme(self) -> None:
        """Another size of letters."""
        self._fit()

    def paintEvent(self, event: Any) -> None:
        """Ticks and names."""
        painter = QPainter(self)
        painter.setFont(self._font())
        measure = QFontMetricsF(self._font())
        placed = self._placed()
        upper = [(left - 2, left + measure.horizontalAdvance(text) + 2) for _, left, line, text in placed if line == 0]
        for at, left, line, text in placed:
            painter.setPen(QPen(theme.colour("muted"), 1))
            struck = any(begin < at < end for begin, end in upper)  # a longer tick would go through a name of the first line
            painter.drawLine(QPointF(at, 0), QPointF(at, 3 if struck else 3 + max(0, line) * measure.height()))
            if line >= 0:
                painter.drawText(QPointF(left, 5 + line * measure.height() + measure.ascent()), text)
        painter.end()
