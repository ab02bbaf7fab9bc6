"""The strip above the stage: one step of a lesson, its question, and the way on. Closing it changes nothing else."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.lessons.document import Lesson, Step
from lab.lessons.progress import LessonRecord
from lab.units import typeset
from lab.widgets import theme
from lab.widgets.labels import ElidedLabel

TWO_COLUMNS = 640  # px of the words from which the reason stands beside what is to be done
WITH_TITLE = 620  # px of the strip from which the title has a place of its own
AWAY = 12  # px to the edges of the stage, as between its cards


class Dashes(QWidget):
    """A dash for each step: done, in front, to come; told apart without colour by height."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._steps: list[bool] = []
        self._at = 0
        self.setFixedHeight(10)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changes().changed.connect(self.update)

    def show_steps(self, done: list[bool], at: int) -> None:
        """Which steps are done, and which is in front."""
        self._steps, self._at = done, at
        self.setAccessibleName(f"Step {at + 1} of {len(done)}, {sum(done)} done")
        self.update()

    def sizeHint(self) -> QSize:
        """Twenty pixels for each."""
        return QSize(24 * max(1, len(self._steps)), 10)

    def _rect(self, k: int) -> QRectF:
        width = min(22.0, self.width() / max(1, len(self._steps)) - 4)
        return QRectF(k * (width + 4), 2.0 if k == self._at else 3.0, width, 5.0 if k == self._at else 3.0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click goes to a step."""
        at = int(event.position().x() // (self._rect(0).width() + 4))
        if 0 <= at < len(self._steps):
            self.chosen.emit(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for k, done in enumerate(self._steps):
            painter.setPen(QPen(Qt.PenStyle.NoPen))
            painter.setBrush(theme.colour("accent" if k == self._at else "good" if done else "line"))
            painter.drawRoundedRect(self._rect(k), 1.5, 1.5)
        painter.end()


class Words(QWidget):
    """A word with its icon, and the sentence beside it."""

    def __init__(self, word: str, icon: str, token: str, parent: QWidget):
        super().__init__(parent)
        self._icon, self._token = icon, token
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.mark = QLabel(self)
        self.word = QLabel(word, self)
        self.word.setFixedWidth(36)
        self.text = QLabel(self)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        if token == "muted":
            self.text.setProperty("role", "caption")
        for part in (self.mark, self.word):
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1, Qt.AlignmentFlag.AlignTop)
        self.set_theme()

    def set_text(self, text: str) -> None:
        """Show a sentence, or nothing at all."""
        self.text.setText(typeset(text))
        self.setVisible(bool(text))

    def height_for(self, width: int) -> int:
        """How high the sentence is in this width."""
        return max(18, self.text.heightForWidth(max(60, width - self.mark.sizeHint().width() - 36 - 12)))

    def set_theme(self) -> None:
        """Colours of the look in force."""
        tokens = theme.current().tokens
        self.mark.setPixmap(theme.icon(self._icon, self._token).pixmap(14, 14))
        self.mark.setContentsMargins(0, 2, 0, 0)
        self.word.setStyleSheet(f"color: {tokens.readable(self._token, 'surface')}; font-weight: 600;")


class Strip(QFrame):
    """One step of a lesson.

    next_wanted, back_wanted, step_wanted(int), closed, hinted, lectured   where a person wants to go
    answered(str)   an answer was given
    """

    next_wanted = Signal()
    back_wanted = Signal()
    step_wanted = Signal(int)
    closed = Signal()
    hinted = Signal()
    lectured = Signal()
    answered = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Lesson")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 10, 10, 10)
        outer.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.head = QWidget(self)
        self.head.setFixedWidth(150)
        column = QVBoxLayout(self.head)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.title = QLabel(self.head)
        self.title.setProperty("role", "title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.count = QLabel(self.head)
        self.count.setProperty("role", "figure")
        self.dashes = Dashes(self.head)
        self.dashes.chosen.connect(self.step_wanted)
        above: tuple[QWidget, ...] = (self.title, self.count, self.dashes)
        for each in above:
            column.addWidget(each)
        column.addStretch(1)
        self.short = ElidedLabel("", self, role="heading")  # where the title has no place of its own
        self.grid_holder = QWidget(self)
        self._grid = QGridLayout(self.grid_holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self.do = Words("Do", "mdi6.lightning-bolt-outline", "accent", self.grid_holder)
        self.look = Words("Look", "mdi6.eye-outline", "muted", self.grid_holder)
        self.why = Words("Why", "mdi6.creation-outline", "muted", self.grid_holder)
        self.do.text.setProperty("role", "")
        self.look.text.setProperty("role", "")
        buttons = QVBoxLayout()
        buttons.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(4)
        self.back = QToolButton(self)
        self.hint = QToolButton(self)
        self.lecture = QToolButton(self)
        self.close_button = QToolButton(self)
        for button, words, signal in (
            (self.back, "The step before", self.back_wanted),
            (self.hint, "A hint", self.hinted),
            (self.lecture, "Give this lesson as a lecture (Shift+F5)", self.lectured),
            (self.close_button, "Close the lesson; the model stays as it is", self.closed),
        ):
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(signal)
            top.addWidget(button)
        self.next = QPushButton("Next", self)
        self.next.clicked.connect(self.next_wanted)
        self.next.setFixedWidth(112)
        buttons.addLayout(top)
        buttons.addWidget(self.next)
        buttons.addStretch(1)
        row.addWidget(self.head)
        row.addWidget(self.grid_holder, 1)
        row.addLayout(buttons)
        outer.addWidget(self.short)
        outer.addLayout(row)
        self.asking = QWidget(self)
        below = QVBoxLayout(self.asking)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(6)
        self.question = Words("Ask", "mdi6.help-circle-outline", "accent", self.asking)
        self._choices = QHBoxLayout()
        self._choices.setSpacing(6)
        self._choices.setContentsMargins(56, 0, 0, 0)
        self.field = QLineEdit(self.asking)
        self.field.setFixedWidth(120)
        self.field.setAccessibleName("Your answer")
        self.field.returnPressed.connect(self._typed)
        self.unit = QLabel(self.asking)
        self.give = QPushButton("Answer", self.asking)
        self.give.clicked.connect(self._typed)
        for part in (self.field, self.unit, self.give):
            self._choices.addWidget(part)
        self._choices.addStretch(1)
        below.addWidget(self.question)
        below.addLayout(self._choices)
        outer.addWidget(self.asking)
        self.remark = QLabel(self)
        self.remark.setWordWrap(True)
        self.remark.setTextFormat(Qt.TextFormat.PlainText)
        self.remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        outer.addWidget(self.remark)
        self.buttons: list[QPushButton] = []
        self._columns = 0
        self._seen = False
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()
        self.hide()

    # -- what it shows --

    def show_step(self, lesson: Lesson, number: int, record: LessonRecord, question: str) -> None:
        """A step of a lesson as a person finds it."""
        step = lesson.steps[number]
        self.title.setText(lesson.title)
        self.count.setText(f"{number + 1} of {len(lesson.steps)}")
        self.short.setText(f"{lesson.title} · {number + 1} of {len(lesson.steps)}")
        self.do.set_text(step.do)
        self.look.set_text(step.look)
        self.why.set_text(step.why)
        self.back.setEnabled(number > 0)
        self.hint.setVisible(bool(step.hints))
        self._show_question(step, question, record)
        self.say("", "muted")
        self.show_record(lesson, number, record)
        self.show()
        self.fit()

    def _show_question(self, step: Step, question: str, record: LessonRecord) -> None:
        for old in self.buttons:
            self._choices.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = []
        ask = step.ask
        self.asking.setVisible(ask is not None)
        for part in (self.field, self.unit, self.give):
            part.setVisible(ask is not None and not ask.choices)
        if ask is None:
            return
        self.question.set_text(question)
        self.field.clear()
        self.unit.setText(typeset(ask.unit))
        for k, choice in enumerate(ask.choices):
            button = QPushButton(typeset(choice.text), self.asking)
            button.setToolTip(typeset(choice.text))
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(40)
            button.clicked.connect(partial(self._chose, chr(ord("a") + k)))
            self._choices.insertWidget(k, button)
            self.buttons.append(button)

    def show_record(self, lesson: Lesson, number: int, record: LessonRecord) -> None:
        """What is done, and whether this step is."""
        done = record.step(number).done
        step = lesson.steps[number]
        self.dashes.show_steps([record.step(k).done for k in range(len(lesson.steps))], number)
        last = number + 1 == len(lesson.steps)
        word = "Finish" if last else "Next"
        waits = bool(step.done or step.ask) and not done
        self._seen = not waits
        self.fit()
        self.next.setText(("Found, " + word.lower() if step.done else word) if done else "Skip" if waits else word)
        self.next.setProperty("role", "" if waits else "primary")
        self.next.style().unpolish(self.next)
        self.next.style().polish(self.next)
        self.next.setIcon(theme.icon("mdi6.check", "on_accent") if done and not waits else theme.icon("mdi6.chevron-right", "text"))
        self.next.setToolTip(
            "The next step (Alt+Right)" if done or not waits else "This step is not done yet; go on without it (Alt+Right)"
        )

    def say(self, text: str, token: str) -> None:
        """A remark under the step: a hint, or what became of an answer."""
        self.remark.setText(typeset(text))
        self.remark.setVisible(bool(text))
        self.remark.setStyleSheet(f"color: {theme.current().tokens.readable(token, 'surface')}; padding-left: 56px;")
        self.fit()

    # -- how it stands --

    def fit(self) -> None:
        """As high as its words are in this width; the reason stands beside what is to be done where there is room."""
        wide = self.width()
        self.head.setVisible(wide > WITH_TITLE)
        self.short.setVisible(wide <= WITH_TITLE)
        # Where room is dear the reason waits until it has been seen what it explains.
        self.why.setVisible(bool(self.why.text.text()) and (wide > WITH_TITLE or self._seen))
        inner = wide - 24 - 112 - 12 - (150 + 12 if wide > WITH_TITLE else 0)
        columns = 2 if inner > TWO_COLUMNS and self.why.text.text() else 1
        if columns != self._columns:
            self._columns = columns
            for part in (self.do, self.look, self.why):
                self._grid.removeWidget(part)
            self._grid.addWidget(self.do, 0, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(self.look, 1, 0, Qt.AlignmentFlag.AlignTop)
            if columns == 2:
                self._grid.addWidget(self.why, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
            else:
                self._grid.addWidget(self.why, 2, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.setColumnStretch(0, 1)
            self._grid.setColumnStretch(1, 1 if columns == 2 else 0)
            self._grid.setRowStretch(3, 1)
        width = (inner - 16) // 2 if columns == 2 else inner
        shown = [w.height_for(width) for w in (self.do, self.look) if w.text.text()]
        reason = self.why.height_for(width) if self.why.isVisibleTo(self) else 0
        words = sum(shown) + 4 * max(0, len(shown) - 1)
        words = max(words, reason) if columns == 2 else words + (reason + 4 if reason else 0)
        head = self.title.heightForWidth(150) + self.count.sizeHint().height() + 10 + 8 if wide > WITH_TITLE else 0
        total = max(words, head, 62) + 22 + (self.short.sizeHint().height() + 8 if wide <= WITH_TITLE else 0)
        if self.asking.isVisibleTo(self):
            total += self.question.height_for(wide - 40) + 6 + theme.current().field + 2 + 8
        if self.remark.isVisibleTo(self):
            total += self.remark.heightForWidth(max(100, wide - 30)) + 8
        self.setFixedHeight(total)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has other lines."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def set_theme(self) -> None:
        """Colours and icons of the look in force."""
        for words in (self.do, self.look, self.why, self.question):
            words.set_theme()
        for button, icon in (
            (self.back, "mdi6.chevron-left"),
            (self.lecture, "mdi6.presentation-play"),
            (self.hint, "mdi6.lightbulb-on-outline"),
            (self.close_button, "mdi6.close"),
        ):
            button.setIcon(theme.icon(icon))
        if self.isVisible():
            self.fit()

    # -- what a person does --

    def _typed(self) -> None:
        if self.field.text().strip():
            self.answered.emit(self.field.text())

    def _chose(self, letter: str) -> None:
        self.answered.emit(letter)
