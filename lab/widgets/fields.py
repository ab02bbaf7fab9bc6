"""One editor for each kind of parameter. A field shows a value and says what a person makes of it; it judges nothing.

edited     the value at each moment of a drag or key
committed  the value that a person settled on
typed      text that the form has to read (`Described.from_text`)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.display.plots import typeset
from lab.params import Spec
from lab.widgets import theme
from lab.widgets.numbers import LineSlider, MarkStrip, NumberBox, Scale

SEGMENTS = 4  # so many short choices are shown side by side
SEGMENT_LETTERS = 26


class Field(QWidget):
    """Base: `editor` stands beside the label, or (wide) below it; `below` is what stands under both."""

    edited = Signal(object)
    committed = Signal(object)
    typed = Signal(str)
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

    def set_invalid(self, invalid: bool) -> None:
        """Mark the editor; the words stand under it."""
        if bool(self.target.property("invalid")) != invalid:
            self.target.setProperty("invalid", invalid)
            self.target.style().unpolish(self.target)
            self.target.style().polish(self.target)

    def set_theme(self) -> None:
        """Fonts, icons and sizes that no style sheet reaches."""


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
        """Show named ticks."""
        if self.strip is not None:
            self.strip.set_marks(marks)

    def _slid(self, place: float) -> None:
        value = self.scale.value(place, fine=self.slider is not None and self.slider.fine)
        self.box.set_value(value)
        self.edited.emit(value)

    def _stepped(self, value: Any) -> None:
        if self.slider:
            self.slider.show_place(self.scale.place(float(value)))
        self.edited.emit(value)

    def _nudged(self, steps: float) -> None:
        self.box._step(steps)

    def _settled(self) -> None:
        self.committed.emit(self.box.value)

    def set_theme(self) -> None:
        self.box.set_theme()
        if self.strip is not None:
            self.strip.set_theme()


class Switch(QAbstractButton):
    """On or off; the knob's side and a tick in it tell the state, not colour alone."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        unit = theme.current().text + 7
        return QSize(round(unit * 1.9), unit)

    def paintEvent(self, event: Any) -> None:
        """A pill with a knob."""
        tokens = theme.current().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hint = self.sizeHint()
        area = QRectF(1, (self.height() - hint.height()) / 2 + 1, hint.width() - 2, hint.height() - 2)
        on = self.isChecked()
        painter.setPen(QPen(QColor(tokens.text if self.hasFocus() else tokens.accent if on else tokens.muted), 1.5))
        painter.setBrush(QColor(tokens.accent if on else tokens.raised))
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
        size = area.height() - 6
        knob = QRectF(area.right() - size - 3 if on else area.left() + 3, area.top() + 3, size, size)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.on_accent if on else tokens.muted))
        painter.drawEllipse(knob)
        if on:
            painter.setPen(QPen(QColor(tokens.accent), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            c = knob.center()
            corner = QPointF(c.x() - 1, c.y() + 2.5)
            painter.drawLine(QPointF(c.x() - 3, c.y()), corner)
            painter.drawLine(corner, QPointF(c.x() + 3, c.y() - 2.5))
        painter.end()


class BoolField(Field):
    """A switch."""

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.switch = Switch(self)
        self.row.addStretch(1)
        self.row.addWidget(self.switch)
        self.switch.clicked.connect(self._clicked)

    @property
    def target(self) -> QWidget:
        return self.switch

    def set_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))

    def _clicked(self, on: bool) -> None:
        self.committed.emit(bool(on))

    def set_theme(self) -> None:
        self.switch.updateGeometry()


def choice_text(choice: str) -> str:
    """A choice as words: `small_world` becomes `small world`."""
    return typeset(choice.replace("_", " "))


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
        for number, choice in enumerate(spec.choices):
            button = QPushButton(choice_text(choice), frame)
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


class _Combo(QComboBox):
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
        self.combo = _Combo(self)
        self.combo.addItems([choice_text(c) for c in spec.choices])
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


class TextField(Field):
    """A line of text."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.line = QLineEdit(self)
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


class FileField(TextField):
    """A path: typed, chosen in a dialog, or a file dropped here."""

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.line.setPlaceholderText("drop a file here, or choose one")
        self.line.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self.button = QToolButton(self)
        self.button.setToolTip("Choose a file")
        self.button.setAccessibleName(f"Choose a file for {spec.label}")
        self.button.clicked.connect(self._ask)
        self.row.addWidget(self.button)
        self.folder: QToolButton | None = None
        if "folder" in spec.doc.lower():
            self.folder = QToolButton(self)
            self.folder.setToolTip("Choose a folder")
            self.folder.setAccessibleName(f"Choose a folder for {spec.label}")
            self.folder.clicked.connect(self._ask_folder)
            self.row.addWidget(self.folder)

    def _ask_folder(self) -> None:
        self._ask(folder=True)

    def _ask(self, _checked: bool = False, *, folder: bool = False) -> None:
        dialog = QFileDialog(self, self.spec.label, str(Path(self._value).parent) if self._value else "")
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, path: str) -> None:
        self.line.setText(path)
        self._finish()

    def dragEnterEvent(self, event: Any) -> None:
        """Welcome one local file."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Take the file."""
        self._take(event.mimeData().urls()[0].toLocalFile())
        event.acceptProposedAction()

    def set_theme(self) -> None:
        self.button.setIcon(theme.icon("mdi6.file-outline" if self.folder else "mdi6.folder-open-outline"))
        if self.folder is not None:
            self.folder.setIcon(theme.icon("mdi6.folder-open-outline"))


def make_field(spec: Spec, parent: QWidget | None = None) -> Field:
    """The field for a parameter's kind."""
    from lab.widgets import fields_curve, fields_table

    if spec.kind in ("float", "int"):
        return NumberField(spec, parent)
    if spec.kind == "bool":
        return BoolField(spec, parent)
    if spec.kind == "choice":
        short = len(spec.choices) <= SEGMENTS and sum(len(choice_text(c)) + 2 for c in spec.choices) <= SEGMENT_LETTERS + 8
        return SegmentField(spec, parent) if short else ComboField(spec, parent)
    if spec.kind == "file":
        return FileField(spec, parent)
    if spec.kind in ("drawn", "points"):
        return fields_curve.CurveField(spec, parent)
    if spec.kind == "matrix":
        return fields_table.MatrixField(spec, parent)
    if spec.kind == "graph":
        return fields_table.GraphField(spec, parent)
    return TextField(spec, parent)
