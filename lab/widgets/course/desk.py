"""The desk: a lesson of one's own, written from what is in front, tried and kept. It stands beside the window, which goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from lab.engine.experiment import Experiment
from lab.errors import LabError
from lab.lessons.checking import Checked, check
from lab.lessons.document import CHAPTERS, Ask, Lesson, Step
from lab.lessons.reading import LessonError, parse_text
from lab.lessons.shelf import own_folder
from lab.lessons.writing import known_model, name_of, proposals, solved, step_from, to_toml
from lab.model import Happened
from lab.widgets import theme
from lab.widgets.course.leading import Leading
from lab.widgets.data_sheet.reading import Reading

WIDE, HIGH = 460, 760
LINES = 2


class Text(QPlainTextEdit):
    """Two lines of text."""

    def __init__(self, name: str, hint: str, parent: QWidget):
        super().__init__(parent)
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setFixedHeight(round(LINES * self.fontMetrics().lineSpacing() + 18))

    def text(self) -> str:
        """What was written, in one line."""
        return " ".join(self.toPlainText().split())

    def setText(self, text: str) -> None:
        """Show another text."""
        self.setPlainText(text)


class Desk(QDialog):
    """Writes one lesson.

    Every change makes a new value (`lesson`), which is written as a file and read again: what a file could not say, no field can.
    """

    def __init__(self, place: Leading):
        super().__init__(place.shell.frame)
        self.place = place
        self.setWindowTitle("Write a lesson")
        self.setModal(False)
        self.setObjectName("desk")
        self.lesson = Lesson("lesson", "", "own", ())
        self._started: list[
            tuple[Experiment, dict[str, Any], int, object]
        ] = []  # of each step: what was in front, its figures, entries of the log, its run
        self._marks: dict[int, Checked] = {}
        self._showing = False
        self._reading = Reading(self)
        self._reading.done.connect(self._checked)
        self._build()
        theme.changes().changed.connect(self._show_problem)

    # -- putting together --

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        inside = QWidget(scroll)
        inside.setObjectName("side")
        inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        scroll.setWidget(inside)
        outer.addWidget(scroll, 1)
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 14, 16, 10)
        column.setSpacing(8)
        form = QFormLayout()
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.title = self._line("Title", "What the start page calls it")
        self.about = self._line("About", "One sentence: what one will understand")
        self.source = self._line("Source", "Where it comes from: a paper, a book")
        self.chapter = QComboBox(inside)
        self.chapter.setAccessibleName("Chapter")
        for key, words in CHAPTERS.items():
            self.chapter.addItem(words, key)
        self.chapter.setCurrentIndex(list(CHAPTERS).index("own"))
        self.chapter.currentIndexChanged.connect(self._typed)
        for words, part in (("Title", self.title), ("About", self.about), ("Source", self.source), ("Chapter", self.chapter)):
            form.addRow(words, part)
        column.addLayout(form)
        row = QHBoxLayout()
        row.addWidget(self._heading("Steps"), 1)
        for words, call in (("Add from the screen", self.add_step), ("Up", partial(self.shift, -1)), ("Remove", self.remove_step)):
            row.addWidget(self._button(words, call))
        column.addLayout(row)
        self.list = QListWidget(inside)
        self.list.setAccessibleName("Steps")
        self.list.setFixedHeight(112)
        self.list.currentRowChanged.connect(self._show_step)
        column.addWidget(self.list)
        self.editor = QWidget(inside)
        column.addWidget(self.editor)
        self._build_step(QVBoxLayout(self.editor))
        column.addStretch(1)
        foot = QWidget(self)
        foot.setObjectName("bar")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        below = QVBoxLayout(foot)
        below.setContentsMargins(16, 8, 16, 12)
        self.problem = QLabel(foot)
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        below.addWidget(self.problem)
        row = QHBoxLayout()
        self.try_button = self._button("Check", self.check)
        self.preview_button = self._button("Preview", self.preview)
        self.session_button = self._button("Put into this session", self.into_session)
        self.save_button = self._button("Save", self.save)
        self.save_button.setProperty("role", "primary")
        for button in (self.try_button, self.preview_button, self.session_button, self.save_button):
            row.addWidget(button)
        below.addLayout(row)
        outer.addWidget(foot)

    def _build_step(self, column: QVBoxLayout) -> None:
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        form = QFormLayout()
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.do = Text("Do", "One thing to do: Raise the current until it fires.", self.editor)
        self.look = Text("Look", "Where to look, and what will be seen there.", self.editor)
        self.why = Text("Why", "The reason, in one or two sentences.", self.editor)
        self.hint = self._line("Hint", "For whoever is stuck (may stay empty)")
        self.front = QLabel(self.editor)
        self.front.setWordWrap(True)
        self.front.setProperty("role", "caption")
        self.front.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        for part in (self.do, self.look, self.why):
            part.textChanged.connect(self._typed)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Do", self.do), ("Look", self.look), ("Why", self.why), ("Hint", self.hint), ("In front", self.front),
        )  # fmt: skip
        for words, row_of in rows:
            form.addRow(words, row_of)
        form.addRow("", self._button("Take again what is in front", self.take_again))
        self.condition = self._line("Done when", "rate (Hz) > 50 and block_Na = 0")
        self.propose = self._button("Propose…", self._propose)
        row = QHBoxLayout()
        row.addWidget(self.condition, 1)
        row.addWidget(self.propose)
        form.addRow("Done when", row)
        self.solution = QLabel(self.editor)
        self.solution.setWordWrap(True)
        self.solution.setProperty("role", "caption")
        self.solution.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        form.addRow("Solved by", self.solution)
        form.addRow("", self._button("I have done it: this is the solution", self.take_solution))
        self.question = self._line("Question", "A question (may stay empty)")
        self.answer = self._line("Answer", "A formula over the run: (V_th - V_rest) / R")
        self.relative = self._line("Tolerance", "5")
        self.unit = self._line("Unit", "nA")
        small = QHBoxLayout()
        for words, field, width in (("±", self.relative, 48), ("%   unit", self.unit, 80)):
            small.addWidget(QLabel(words, self.editor))
            field.setFixedWidth(width)
            small.addWidget(field)
        small.addStretch(1)
        form.addRow("Question", self.question)
        form.addRow("Answer", self.answer)
        form.addRow("", small)
        column.addLayout(form)

    def _line(self, name: str, hint: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(hint)
        field.setAccessibleName(name)
        field.textEdited.connect(self._typed)
        return field

    def _button(self, words: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(words, self)
        button.setAutoDefault(False)
        button.clicked.connect(call)
        return button

    def _heading(self, words: str) -> QLabel:
        label = QLabel(words, self)
        label.setProperty("role", "heading")
        return label

    # -- opening --

    def come(self) -> None:
        """Come to the front, with a first step from what is there if there is none yet."""
        if not self.lesson.steps:
            self.add_step()
        frame = self.place.shell.frame
        self.resize(WIDE, min(HIGH, frame.height() - 40))
        self.move(frame.mapToGlobal(frame.rect().topLeft()).x() + 20, frame.mapToGlobal(frame.rect().topLeft()).y() + 60)
        self.show()
        self.raise_()
        self.title.setFocus()

    # -- what a person does --

    @property
    def number(self) -> int:
        """The step that is written on."""
        return self.list.currentRow()

    def _captured(self) -> Step:
        """What is in front, as a step; a LabError where it is a model that no lesson can show."""
        shell = self.place.shell
        experiment = shell.document.experiment()
        if not known_model(experiment.model):
            raise LabError("A lesson shows models of the catalogue: this one is a file of your own.")
        status = shell.player.status
        shown = [card.view.picture.name for card in shell.workspace.visible_cards()]
        parts = [p.picture.name for card in shell.workspace.visible_cards() for p in card.view.parts()]
        return step_from(experiment, [*parts[:1], *shown], status.time if status is not None else 0.0)

    def _standing(self) -> tuple[Experiment, dict[str, Any], int, object]:
        shell = self.place.shell
        status = shell.player.status
        return shell.document.experiment(), dict(status.summary) if status else {}, len(status.log) if status else 0, shell.player.runner

    def add_step(self) -> None:
        """A step from what is in front now."""
        try:
            step = self._captured()
        except LabError as error:
            self._say(str(error), "bad")
            return
        at = self.number + 1
        steps = list(self.lesson.steps)
        steps.insert(at, step)
        self._started.insert(at, self._standing())
        self._put(steps, at)

    def take_again(self) -> None:
        """The step puts in front what is in front now; its words stay."""
        if self.number < 0:
            return
        try:
            taken = self._captured()
        except LabError as error:
            self._say(str(error), "bad")
            return
        self._started[self.number] = self._standing()
        front = {k: getattr(taken, k) for k in ("model", "preset", "changes", "seed", "pictures", "controls", "after")}
        self._change(**front, solution=())

    def take_solution(self) -> None:
        """What was done since the step was taken is its solution; a condition that it made true is proposed."""
        if self.number < 0:
            return
        started, before, logged, run = self._started[self.number]
        shell = self.place.shell
        now = shell.document.experiment()
        if now.model != started.model:
            self._say("Another model is in front: go back to that of the step, and do there what solves it.", "warn")
            return
        status = shell.player.status
        log = self._since(logged, run)
        step = solved(self.lesson.steps[self.number], started, now, log)
        if not step.solution:
            self._say("Nothing was changed or done since the step was taken: do what solves it, then press again.", "warn")
            return
        if not step.done and status is not None:
            found = proposals(status.model, before, status.summary, log)
            step = replace(step, done=found[0] if found else "")
        self._change(solution=step.solution, controls=step.controls, done=step.done)

    def _since(self, logged: int, run: object) -> list[Happened]:
        status = self.place.shell.player.status
        if status is None:
            return []
        return list(status.log[logged:] if self.place.shell.player.runner is run else status.log)

    def _propose(self) -> None:
        """A menu of conditions that hold now and did not when the step was taken."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        status = self.place.shell.player.status
        if self.number >= 0 and status is not None:
            _, before, logged, run = self._started[self.number]
            for text in proposals(status.model, before, status.summary, self._since(logged, run))[:12]:
                menu.addAction(text).triggered.connect(partial(self._take_condition, text))
        if menu.isEmpty():
            menu.addAction("No figure has moved since the step was taken").setEnabled(False)
        menu.popup(self.propose.mapToGlobal(self.propose.rect().bottomLeft()))

    def _take_condition(self, text: str) -> None:
        self._change(done=text)

    def remove_step(self) -> None:
        """Take the step away."""
        at = self.number
        if at >= 0:
            del self._started[at]
            self._put([s for k, s in enumerate(self.lesson.steps) if k != at], max(0, at - 1))

    def shift(self, by: int) -> None:
        """Exchange the step with its neighbour."""
        at, to = self.number, self.number + by
        steps = list(self.lesson.steps)
        if 0 <= to < len(steps):
            steps[at], steps[to] = steps[to], steps[at]
            self._started[at], self._started[to] = self._started[to], self._started[at]
            self._put(steps, to)

    def _typed(self, *_: object) -> None:
        if self._showing:
            return
        title = self.title.text().strip()
        self.lesson = self.lesson.replace(
            name=name_of(title),
            title=title,
            about=self.about.text().strip(),
            source=self.source.text().strip(),
            chapter=self.chapter.currentData(),
        )
        if self.number >= 0:
            hint = self.hint.text().strip()
            self._change(
                do=self.do.text(), look=self.look.text(), why=self.why.text(), done=self.condition.text().strip(), hints=(hint,) if hint else (), ask=self._asked(),
                again=False,
            )  # fmt: skip
        else:
            self._judge()

    def _asked(self) -> Ask | None:
        if not self.question.text().strip():
            return None
        before = self.lesson.steps[self.number].ask
        try:
            relative = float(self.relative.text().replace(",", ".") or 5.0) / 100.0
        except ValueError:
            relative = 0.05
        asked = before or Ask("")
        return replace(
            asked,
            question=self.question.text().strip(),
            answer=self.answer.text().strip(),
            unit=self.unit.text().strip(),
            relative=relative,
        )

    def _change(self, *, again: bool = True, **changes: Any) -> None:
        """Another value of the step that is written on; `again` shows it anew."""
        at = self.number
        steps = list(self.lesson.steps)
        steps[at] = replace(steps[at], **changes)
        if again:
            self._put(steps, at)
            return
        self.lesson = self.lesson.replace(steps=tuple(steps))
        self._marks = {}
        self._name_steps()
        self._judge()

    def _put(self, steps: list[Step], at: int) -> None:
        self.lesson = self.lesson.replace(steps=tuple(steps))
        self._marks = {}
        self._showing = True
        self.list.clear()
        for _ in steps:
            self.list.addItem(QListWidgetItem())
        self._name_steps()
        self.list.setCurrentRow(min(at, len(steps) - 1))
        self._showing = False
        self._show_step(self.number)
        self._judge()

    # -- what it shows --

    def _name_steps(self) -> None:
        for k, step in enumerate(self.lesson.steps):
            found = self._marks.get(k)
            item = self.list.item(k)
            item.setText(f"{k + 1}. {step.do or '(no words yet)'}" + ("" if found is None else "  ✓" if found.passed else "  ✗"))
            item.setToolTip(found.why if found is not None else "")

    def _show_step(self, number: int) -> None:
        if self._showing:
            return
        self.editor.setEnabled(0 <= number < len(self.lesson.steps))
        if not self.editor.isEnabled():
            return
        step = self.lesson.steps[number]
        self._showing = True
        for field, text in (
            (self.do, step.do), (self.look, step.look), (self.why, step.why), (self.hint, step.hints[0] if step.hints else ""), (self.condition, step.done),
            (self.question, step.ask.question if step.ask else ""), (self.answer, step.ask.answer if step.ask else ""),
            (self.relative, f"{100 * step.ask.relative:g}" if step.ask else ""), (self.unit, step.ask.unit if step.ask else ""),
        ):  # fmt: skip
            if field.text() != text:
                field.setText(text)
        values = ", ".join(f"{k} = {v}" for k, v in step.changes.items() if len(str(v)) < 40)
        start = f"preset '{step.preset}'" if step.preset and step.preset != "Defaults" else values or "its defaults"
        self.front.setText(f"{step.model}: {start}; pictures {', '.join(step.pictures) or 'as they stand'}")
        self.solution.setText(
            "; ".join(d.action or ", ".join(f"{k} = {v}" for k, v in d.changes.items()) for d in step.solution) or "not yet"
        )
        self._showing = False

    def _judge(self) -> Lesson | None:
        """Read what was written as a file is read: problems are marked where they are. The lesson, if there are none."""
        for field in (self.title, self.do, self.look, self.why, self.condition, self.question, self.answer):
            self._mark(field, False)
        try:
            lesson = parse_text(to_toml(self.lesson), self.lesson.name, "This lesson")
        except LessonError as error:
            self._mark_where(error)
            self._say((f"Step {error.step}: " if error.step else "") + error.sentence, "warn")
            return None
        except LabError as error:
            self._say(str(error), "warn")
            return None
        failed = next(((k, c) for k, c in self._marks.items() if not c.passed), None)
        if failed is not None:
            self._say(f"Step {failed[0] + 1}: {failed[1].why}", "bad")
        elif self._marks:
            self._say("Every step plays as it says.", "good")
        else:
            self._say("It can be read. Check plays every step: not done before its solution, done after it.", "muted")
        return lesson

    def _mark_where(self, error: LessonError) -> None:
        fields: dict[str, QWidget] = {"title": self.title, "do": self.do, "look": self.look, "why": self.why, "done": self.condition}
        fields |= {"ask": self.answer, "ask.question": self.question, "ask.answer": self.answer}
        field = fields.get(error.key)
        if error.step and error.step - 1 != self.number:
            self.list.item(error.step - 1).setText(f"{error.step}. {self.lesson.steps[error.step - 1].do or '(no words yet)'}  ✗")
        elif field is not None:
            self._mark(field, True)

    def _mark(self, field: QWidget, wrong: bool) -> None:
        field.setStyleSheet(f"border: 1px solid {theme.current().tokens.bad};" if wrong else "")

    def _say(self, text: str, token: str) -> None:
        self.problem.setText(text)
        self.problem.setProperty("token", token)
        self._show_problem()

    def _show_problem(self) -> None:
        token = self.problem.property("token") or "muted"
        self.problem.setStyleSheet(f"color: {theme.current().tokens.readable(token, 'surface')};")

    # -- trying and keeping --

    def check(self) -> None:
        """Play every step beside the window, and mark what does not play as it says."""
        lesson = self._judge()
        if lesson is not None:
            self._say("Every step is being played…", "muted")
            self._reading.ask(partial(_all, lesson))

    def _checked(self, found: Any) -> None:
        if isinstance(found, BaseException):
            self._say(str(found), "bad")
            return
        self._marks = {c.step - 1: c for c in found}
        self._name_steps()
        self._judge()

    def preview(self) -> None:
        """Go through it as a student would; nothing of it is kept."""
        lesson = self._judge()
        if lesson is not None:
            self.place.begin(lesson, max(0, self.number), preview=True)

    def save(self) -> None:
        """Ask where to keep it: by default among one's own lessons, which the start page lists."""
        if self._judge() is None:
            return
        try:
            own_folder().mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._say(f"The folder {own_folder()} cannot be made ({error.strerror}): save it elsewhere.", "bad")
        dialog = QFileDialog(self, "Save the lesson", str(own_folder()), "Lessons (*.toml)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setDefaultSuffix("toml")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{self.lesson.name}.toml")
        dialog.fileSelected.connect(self.save_to)
        dialog.open()

    def save_to(self, path: str) -> None:
        """Write the file."""
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(to_toml(self.lesson))
        except OSError as error:
            self._say(f"{path} cannot be written ({error.strerror}): choose another folder.", "bad")
            return
        self.place.read_again()
        self._say(f"Saved as {path}.", "good")

    def into_session(self) -> None:
        """The session carries it along: whoever opens the file finds it on the start page."""
        lesson = self._judge()
        if lesson is not None:
            self.place.bring(lesson.name, to_toml(lesson))
            self._say("The session carries this lesson now; save it and hand it on.", "good")


def _all(lesson: Lesson) -> list[Checked]:
    return list(check(lesson))
