"""Numbers: a box, and a slider where there are bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.params import Spec
from lab.widgets import spoken
from lab.widgets.fields.base import Field, edits
from lab.widgets.numbers import LineSlider, MarkStrip, NumberBox, Scale


@edits("float", "int")
class NumberField(Field):
    """A number box, with a slider under it where there are bounds."""

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.scale = Scale(spec)
        self.box = NumberBox(spec, self.scale, self)
        self.row.addWidget(self.box)
        self.slider: LineSlider | None = None
        self.strip: MarkStrip | None = None
        if self.scale.slides:
            self.slider = LineSlider()
            self.below = self._with_marks(self.slider) if spec.marks else self.slider
            self.slider.slid.connect(self._slid)
            self.slider.dropped.connect(self._settled)
            self.slider.nudged.connect(self._nudged)
        self.box.typed.connect(self.typed)
        self.box.stepped.connect(self._stepped)
        self.box.settled.connect(self._settled)

    @property
    def target(self) -> QWidget:
        return self.box

    def set_value(self, value: Any) -> None:
        self.box.set_value(value)
        if self.slider and isinstance(value, (int, float)):
            self.slider.show_place(self.scale.place(float(value)))
            self.slider.setAccessibleDescription(self.box.text())

    def _with_marks(self, slider: LineSlider) -> QWidget:
        """The slider with its named ticks under it."""
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.strip = MarkStrip(self.scale, slider, both)
        column.addWidget(slider)
        column.addWidget(self.strip)
        return both

    def set_marks(self, marks: Mapping[str, float]) -> None:
        if self.strip is not None:
            self.strip.set_marks(marks)

    def _slid(self, place: float) -> None:
        value = self.scale.value(place, fine=self.slider is not None and self.slider.fine)
        self.box.set_value(value)
        self.edited.emit(value)

    def _stepped(self, value: Any) -> None:
        if self.slider:
            self.slider.show_place(self.scale.place(float(value)))
            self.slider.setAccessibleDescription(self.box.text())
        spoken.announce(self.slider if self.slider is not None and self.slider.hasFocus() else self.box, self.box.text())
        self.edited.emit(value)

    def _nudged(self, steps: float) -> None:
        self.box._step(steps)

    def _settled(self) -> None:
        self.committed.emit(self.box.value)

    def set_theme(self) -> None:
        self.box.set_theme()
        if self.strip is not None:
            self.strip.set_theme()
