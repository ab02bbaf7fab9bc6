"""The page of a lecture: sentence, question, picture, slider, the place among the slides, and the keys, which fade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lab.display.plots import Overlay, Source
from lab.model import Model
from lab.widgets import theme
from lab.widgets.labels import BETWEEN
from lab.widgets.lecture.knob import Choice, Knob
from lab.widgets.lecture.slides import Slide
from lab.widgets.pictures import PictureView
from lab.widgets.pictures.base import figures_text
from lab.widgets.sheet import style_sheet

FADE = 5000  # ms that the keys are named
HEIGHT, TEXT = 900.0, 33.0  # text of so many px in a window of this height: 24 points, on the axes too
LEAST = 15.0
HINTS = (
    ("← →", "step"), ("Space", "run"), ("↑ ↓", "slider"), ("Enter", "press"), ("F", "freeze"), ("B", "black"), ("D", "dark"), ("R", "again"), ("Esc", "leave"),
)  # fmt: skip
K = Qt.Key
STEPS = {K.Key_Right: 1, K.Key_PageDown: 1, K.Key_Left: -1, K.Key_PageUp: -1}
ENTER = (K.Key_Return, K.Key_Enter)
NUDGES = {K.Key_Up: 1.0, K.Key_Down: -1.0}


class Page(QWidget):
    """Fills the window. It shows what it is given and says what a person wants.

    stepped  (+1 or -1) the next slide, or the one before
    played, frozen, restarted, darkened   a key asks for it
    changed  (parameter, value, final)
    acted    (action, arguments) one of its buttons was pressed
    resized  text should have another size
    """

    stepped = Signal(int)
    played = Signal()
    frozen = Signal()
    restarted = Signal()
    darkened = Signal()
    changed = Signal(str, object, bool)
    acted = Signal(str, object)
    resized = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("lecture")
        self.setAccessibleName("Lecture")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._upper = QVBoxLayout()
        self.title, self.question, self.figures, self.message = (QLabel(self) for _ in range(4))
        for label in (self.title, self.question, self.message):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        row = QHBoxLayout()
        row.addWidget(self.question, 1)
        row.addWidget(self.figures)
        self._upper.addWidget(self.title)
        self._upper.addLayout(row)
        self._upper.addWidget(self.message)
        self._place = QVBoxLayout()
        self._upper.addLayout(self._place, 1)
        column.addLayout(self._upper, 1)
        self._foot = QFrame(self)
        self._foot.setObjectName("lecture-foot")
        self._low = QVBoxLayout(self._foot)
        self._row = QHBoxLayout()
        self._knobs = QHBoxLayout()
        self._steps = Steps(self._foot)
        self._row.addLayout(self._knobs, 1)
        self._row.addWidget(self._steps, 0, Qt.AlignmentFlag.AlignTop)
        self._hints = Hints(self._foot)
        self._low.addLayout(self._row)
        self._low.addWidget(self._hints)
        column.addWidget(self._foot)
        self.black = Black(self)
        self.view: PictureView | None = None
        self.slide: Slide | None = None
        self.knobs: dict[str, Knob | Choice] = {}
        self.buttons: dict[str, QPushButton] = {}
        self.chosen = 0  # the knob that the keys move
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(60)
        self._soon.timeout.connect(self.resized)
        theme.changes().changed.connect(self.set_theme)

    # -- what it shows --

    def show_slide(self, slide: Slide, view: PictureView, model: Model) -> None:
        """Another slide with the picture of it."""
        self.slide = slide
        self.clear()
        self.view = view
        for widget in (view, *view.findChildren(QWidget)):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys are those of the page
        for tool in (tool for side in view.tools() for tool in side):
            tool.hide()  # they belong to the title line of a card
        self._place.addWidget(view, 1)
        view.show()
        specs = type(model).specs()
        for name in slide.parameters:
            knob = (Choice if specs[name].choices else Knob)(specs[name], self._foot)
            knob.setProperty("parameter", name)
            knob.moved.connect(self._moved)
            knob.set_marks({})
            self.knobs[name] = knob
            self._knobs.addWidget(knob, 1)
        for name, _ in slide.actions:
            button = QPushButton(type(model).actions()[name].label, self._foot)
            button.setProperty("role", "primary")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("action", name)
            button.clicked.connect(self._pressed)
            self.buttons[name] = button
            self._knobs.addWidget(button)
        if not slide.parameters:
            self._knobs.addStretch(1)
        self.title.setText(slide.title)
        self.question.setText(slide.sentence)
        self._steps.set_steps(slide.at, slide.of)
        self.say("")
        self.set_theme()
        self.name_keys()

    def clear(self) -> None:
        """Let go of the picture, the sliders and the buttons."""
        old: list[QWidget] = [*self.knobs.values(), *self.buttons.values(), *([self.view] if self.view is not None else [])]
        for widget in old:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        self.view, self.knobs, self.buttons, self.chosen = None, {}, {}, 0
        for at in reversed(range(self._knobs.count())):
            item = self._knobs.itemAt(at)
            if item is not None and item.spacerItem() is not None:
                self._knobs.takeAt(at)  # the room beside buttons

    def refresh(self, source: Source, overlays: Sequence[Overlay], marks: Callable[[str], Mapping[str, float]]) -> bool:
        """Draw what the source holds; whether there was anything new."""
        if self.view is None or self.black.isVisible():
            return False
        for name, knob in self.knobs.items():
            knob.show_value(getattr(source.model, name))
            knob.set_marks(marks(name))
        drew = self.view.refresh(source, overlays)
        if drew:
            self.figures.setText(figures_text(self.view, source.summary).partition(BETWEEN)[0])
        return drew

    def say(self, words: str) -> None:
        """A message in the place of the question's second line, or none."""
        if words != self.message.text() or bool(words) == self.message.isHidden():
            self.message.setText(words)
            self.message.setVisible(bool(words))

    def name_keys(self) -> None:
        """Name the keys for a moment."""
        self._hints.appear()

    # -- what a person does --

    def _moved(self, value: object, final: bool) -> None:
        self.changed.emit(str(self.sender().property("parameter")), value, final)

    def _pressed(self) -> None:
        name = str(self.sender().property("action"))
        if self.slide is not None:
            self.acted.emit(name, dict(self.slide.actions)[name])

    def event(self, event: QEvent) -> bool:
        """The keys of the page are not those of the window, and Tab goes to the next slider."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._means(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._means(event):
            self.keyPressEvent(event)
            return True
        return super().event(event)

    @staticmethod
    def _means(event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        letters = (K.Key_F, K.Key_B, K.Key_D, K.Key_R, K.Key_Space, K.Key_Tab, K.Key_Backtab, K.Key_Period, *ENTER)
        return plain and event.key() in (*STEPS, *NUDGES, *letters)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Presenter keys."""
        if not self._means(event):
            self.name_keys()
            super().keyPressEvent(event)
            return
        key = K(event.key())
        was_black = self.black.isVisible()
        if was_black or key in (K.Key_B, K.Key_Period):
            self.black.setVisible(not was_black)
            self.black.raise_()
            if key in (K.Key_B, K.Key_Period) or key not in STEPS:
                return
        if key in STEPS:
            self.stepped.emit(STEPS[key])
        elif key in NUDGES:
            fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            if self.knobs:
                list(self.knobs.values())[self.chosen % len(self.knobs)].nudge(NUDGES[key] * fine)
        elif key in (K.Key_Tab, K.Key_Backtab):
            self.chosen = (self.chosen + (1 if key == K.Key_Tab else -1)) % max(1, len(self.knobs))
            self._mark_chosen()
        elif key in ENTER:
            if self.buttons:
                next(iter(self.buttons.values())).click()
        elif key == K.Key_Space:
            self.played.emit()
        elif key == K.Key_F:
            self.frozen.emit()
        elif key == K.Key_R:
            self.restarted.emit()
        elif key == K.Key_D:
            self.darkened.emit()

    def mouseMoveEvent(self, event: Any) -> None:
        """The mouse names the keys again."""
        self.name_keys()
        super().mouseMoveEvent(event)

    # -- sizes --

    @property
    def text(self) -> float:
        """Pixels of text at this height."""
        return max(LEAST, min(TEXT * self.height() / HEIGHT, TEXT * self.width() / 1300.0))

    def resizeEvent(self, event: Any) -> None:
        """Text grows with the window."""
        super().resizeEvent(event)
        self.black.setGeometry(self.rect())
        self._soon.start()

    def set_theme(self) -> None:
        """Sizes and colours of the look in force."""
        look = theme.current()
        if not look.lecture:
            return
        tokens, size = look.tokens, look.lecture
        knob, groove = round(0.95 * size), max(4, round(0.25 * size))
        self.setStyleSheet(
            style_sheet(look, theme.assets_folder() / "marks", theme.load_fonts()[theme.MONO])
            + f"QWidget#lecture {{ background: {tokens.surface}; }}"
            + f"QFrame#lecture-foot {{ background: {tokens.background}; border: none; border-top: 2px solid {tokens.line}; }}"
            + f"QSlider {{ min-height: {knob + 6}px; }}"
            + f"QSlider::groove:horizontal, QSlider::sub-page:horizontal {{ height: {groove}px; border-radius: {groove // 2}px; }}"
            + f"QSlider::handle:horizontal {{ width: {knob}px; height: {knob}px; margin: -{(knob - groove) // 2}px 0; border-radius: {knob // 2}px; }}"
        )
        self.title.setStyleSheet(f"font-size: {round(1.35 * size)}px; font-weight: 700;")
        self.question.setStyleSheet(f"font-size: {round(size)}px; color: {tokens.muted};")
        self.figures.setStyleSheet(f'font-family: "{theme.load_fonts()[theme.MONO]}"; font-size: {round(size)}px; color: {tokens.muted};')
        self.message.setStyleSheet(f"font-size: {round(0.85 * size)}px; color: {tokens.readable('warn', 'surface')};")
        edge = round(1.5 * size)
        self._upper.setContentsMargins(edge, round(0.8 * size), edge, round(0.4 * size))
        self._upper.setSpacing(round(0.2 * size))
        self._low.setContentsMargins(edge, round(0.5 * size), edge, round(0.3 * size))
        self._low.setSpacing(round(0.25 * size))
        self._row.setSpacing(round(1.5 * size))
        self._knobs.setSpacing(round(1.5 * size))
        for part in self.view.parts() if self.view is not None else ():
            part.setMinimumHeight(round(5 * size))  # a strip with its numbers under it
        for each in self.knobs.values():
            each.set_theme()
        for button in self.buttons.values():
            button.setStyleSheet(f"font-size: {round(size)}px; font-weight: 600; padding: {round(0.2 * size)}px {round(0.6 * size)}px;")
        self._mark_chosen()
        self._steps.set_theme()
        self._hints.set_theme()

    def _mark_chosen(self) -> None:
        """Where there are several sliders, that of the keys is underlined."""
        accent = theme.current().tokens.readable("accent")
        for k, knob in enumerate(self.knobs.values()):
            lit = len(self.knobs) > 1 and k == self.chosen
            knob.label.setStyleSheet(f"font-size: {theme.current().text}px; font-weight: 600;" + (f"color: {accent};" if lit else ""))


class Black(QWidget):
    """A black page, so that everybody looks at who speaks."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setAccessibleName("Black page; B shows the picture again")
        self.hide()

    def paintEvent(self, event: Any) -> None:
        """Black."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.end()


MOST_BARS = 8.0  # width of all bars, in heights of a letter


class Steps(QWidget):
    """Which slide of how many, as a row of bars; beyond a dozen as numbers."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.at, self.of = 0, 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_steps(self, at: int, of: int) -> None:
        """Another place."""
        self.at, self.of = at, of
        self.setVisible(of > 1)
        self.setAccessibleName(f"Slide {at + 1} of {of}")
        self.set_theme()

    def set_theme(self) -> None:
        """Other sizes and colours."""
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Bars beside each other."""
        size = theme.current().text
        if self.of > 12:
            return QSize(round(5 * size), round(1.3 * size))
        return QSize(round(min(1.4 * max(1, self.of), MOST_BARS) * size), round(1.3 * size))  # the slider needs the room

    def paintEvent(self, event: Any) -> None:
        """What was shown is green, what is shown in the accent, the rest a line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = theme.current().text
        if self.of > 12:
            painter.setFont(theme.mono_font(round(0.85 * size)))
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{self.at + 1} of {self.of}")
        else:
            wide, high = self.width() / max(1, self.of), max(4.0, 0.25 * size)
            painter.setPen(Qt.PenStyle.NoPen)
            for k in range(self.of):
                painter.setBrush(theme.colour("good" if k < self.at else "accent" if k == self.at else "line"))
                painter.drawRoundedRect(
                    round(k * wide), round(self.height() / 2 - high / 2), round(0.8 * wide), round(high), high / 2, high / 2
                )
        painter.end()


class Hints(QWidget):
    """The keys and what they do, for a few seconds."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.shown = True
        self._time = QTimer(self)
        self._time.setSingleShot(True)
        self._time.setInterval(FADE)
        self._time.timeout.connect(self._vanish)

    def appear(self) -> None:
        """Show the keys for a while."""
        self._time.start()
        if not self.shown:
            self.shown = True
            self.update()

    def _vanish(self) -> None:
        self.shown = False
        self.update()

    def set_theme(self) -> None:
        """Another size."""
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """One line; it keeps its place when the words fade, so that nothing moves."""
        return QSize(100, round(1.5 * self._size))

    @property
    def _size(self) -> int:
        return max(12, round(0.5 * theme.current().text))

    def paintEvent(self, event: Any) -> None:
        """Keys in boxes, words beside them."""
        if not self.shown:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size, x = self._size, 0.0
        mono, sans = theme.mono_font(size), theme.sans_font(size)
        for key, words in HINTS:
            wide = QFontMetrics(mono).horizontalAdvance(key) + size
            painter.setPen(theme.colour("line"))
            painter.setBrush(theme.colour("surface"))
            painter.drawRoundedRect(round(x), 1, wide, self.height() - 2, 4, 4)
            painter.setPen(theme.colour("text"))
            painter.setFont(mono)
            painter.drawText(round(x), 0, wide, self.height(), Qt.AlignmentFlag.AlignCenter, key)
            x += wide + 0.5 * size
            painter.setPen(theme.colour("muted"))
            painter.setFont(sans)
            room = QFontMetrics(sans).horizontalAdvance(words) + 4
            painter.drawText(round(x), 0, room, self.height(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x += room + 1.4 * size
        painter.end()
