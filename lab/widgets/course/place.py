"""The course in a window: which step of which lesson is in front, whether it is done, and what a person has answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab import catalog
from lab.display.sources import Source
from lab.engine.status import Status
from lab.errors import LabError
from lab.lessons import live
from lab.lessons.answers import drawn, judge, question
from lab.lessons.document import Lesson, Step
from lab.lessons.progress import IN_SESSION, Course, LessonRecord
from lab.lessons.shelf import IN_SESSION as LESSONS
from lab.lessons.shelf import Shelf, shelf
from lab.model import Happened
from lab.params.kinds import KINDS
from lab.units import typeset
from lab.widgets.course.strip import AWAY, Strip
from lab.widgets.lecture.slides import Slide
from lab.widgets.shell import Shell

KEPT_EVERY = 10.0  # seconds between writings of the time spent
LONGEST = 1.0  # seconds between two looks that count as time in front of a step


class CoursePlace(QObject):
    """Leads a person through lessons in a window.

    shell    the window as its parts see it
    column   the layout above whose first part the strip stands
    shown    called when another lesson is in front, or none (for the button in the bar)
    """

    def __init__(self, shell: Shell, column: QVBoxLayout, stage: QWidget, ground: QWidget, shown: Callable[[], object]):
        super().__init__(shell.frame)
        self.shell, self._ground, self._shown = shell, ground, shown
        self._column, self._stage = column, stage
        self._holder: QWidget | None = None
        self._strip: Strip | None = None
        self._start: Any = None
        self._desk: Any = None
        self._shelf: Shelf | None = None
        self.person = Course.from_dict(shell.settings.get("course", {}))
        self.mine = Course()  # of the session in front
        self._brought: Any = None  # lessons that it holds
        self.lesson: Lesson | None = None
        self.number = 0
        self.wanted: frozenset[str] = frozenset()
        self._preview = False
        self._since = 0
        self._logged = 0
        self._run: object = None
        self._hints = 0
        self._lecture_from: tuple[Lesson, int] | None = None
        self._looked = self._kept = 0.0

    # -- what there is --

    @property
    def shelf(self) -> Shelf:
        """All lessons; read when they are first wanted."""
        if self._shelf is None:
            self._shelf = shelf(self.shell.session.document())
        return self._shelf

    def read_again(self) -> None:
        """A lesson was written, or another session brings others."""
        self._shelf = None

    def use_session(self) -> None:
        """Another session is in front: its own record counts for it."""
        document = self.shell.session.document()
        self.mine = Course.from_dict(document.get(IN_SESSION))
        self._brought = document.get(LESSONS)
        self.read_again()
        self._leave_strip()
        if self._start is not None and self._start.isVisible():
            self._start.show_course()

    @property
    def student(self) -> str:
        """The word that draws the constants of questions."""
        return self.mine.student or self.person.student

    def set_student(self, word: str) -> None:
        """Another word: constants, and answers judged, are others from now on."""
        self.person = self.person.with_student(word)
        self.mine = self.mine.with_student(word)
        self.keep()

    @property
    def strip(self) -> Strip:
        """The strip, made when the first lesson begins."""
        if self._strip is None:
            self._holder = QWidget(self._stage)
            around = QVBoxLayout(self._holder)
            around.setContentsMargins(AWAY, AWAY, AWAY, 0)
            self._strip = Strip(self._holder)
            around.addWidget(self._strip)
            self._column.insertWidget(0, self._holder)
            self._strip.next_wanted.connect(self.next)
            self._strip.back_wanted.connect(self.back)
            self._strip.step_wanted.connect(self.go)
            self._strip.closed.connect(self.leave)
            self._strip.hinted.connect(self.hint)
            self._strip.lectured.connect(self.lecture)
            self._strip.answered.connect(self.answer)
        return self._strip

    @property
    def step(self) -> Step | None:
        """The step in front."""
        return self.lesson.steps[self.number] if self.lesson is not None else None

    @property
    def leading(self) -> bool:
        """Whether a lesson is in front."""
        return self.lesson is not None

    def record(self, name: str) -> LessonRecord:
        """What the person has done of a lesson."""
        return self.person.lesson(name)

    # -- going through a lesson --

    def begin_named(self, name: str) -> None:
        """Put the lesson of a name in front, at the step that is next."""
        self.begin(self.shelf.lesson(name))

    def begin(self, lesson: Lesson, number: int | None = None, *, anew: bool = False, preview: bool = False) -> None:
        """Bring a lesson to the front, where it was left or at a step; `anew` forgets what was done of it."""
        self.hide_start()
        self._preview = preview
        self.lesson = lesson
        if anew:
            self._put(LessonRecord())
        record = self.record(lesson.name)
        at = record.at if number is None else number
        if number is None and record.complete(lesson):
            at = 0
        self.go(min(at, len(lesson.steps) - 1))

    def go(self, number: int) -> None:
        """Bring a step to the front: what it puts there, in a run of its own."""
        lesson = self.lesson
        if lesson is None or not 0 <= number < len(lesson.steps):
            return
        self.number, step = number, lesson.steps[number]
        self._hints = 0
        try:
            experiment = lesson.experiment(number, drawn(lesson, number, self.student))
        except LabError as error:
            self.shell.failed(str(error))
            return
        if step.puts or experiment.model != self.shell.document.model:
            self.shell.show_step(experiment, f"{lesson.title}, step {number + 1}")
        status = self.shell.player.status
        self._run = self.shell.player.runner
        fresh = status is None or step.puts
        self._since = 0 if fresh or status is None else status.step
        self._logged = 0 if fresh or status is None else len(status.log)
        self.wanted = live.wanted(step, experiment.build())
        self.shell.watch_again()
        self._put(replace(self.mine.lesson(lesson.name), at=number))
        self._show_step()

    def _show_step(self) -> None:
        """The words of the step in front, its pictures, and what it is about."""
        lesson, number, step = self.lesson, self.number, self.step
        assert lesson is not None and step is not None
        words = question(lesson, number, self.student) if step.ask is not None else ""
        strip = self.strip
        assert self._holder is not None
        self._holder.show()
        strip.show_step(lesson, number, self.record(lesson.name), words)
        self.show_pictures()
        self.shell.side.mark_controls(step.controls, step.highlight)
        self._looked = time.monotonic()
        self._shown()

    def show_pictures(self) -> None:
        """Bring the pictures of the step to the front, the one it is about last."""
        step = self.step
        for name in reversed(step.pictures if step is not None else ()):
            self.shell.workspace.bring(name)

    def next(self) -> None:
        """The next step, or the end: the start page, where the next lesson waits."""
        if self.lesson is None:
            return
        step = self.lesson.steps[self.number]
        if not step.done and step.ask is None:
            self._put(self.mine.lesson(self.lesson.name).with_step(self.number, done=True))
        if self.number + 1 < len(self.lesson.steps):
            self.go(self.number + 1)
            return
        finished = self.lesson
        self.leave()
        following = self.after(finished)
        ways = [(f"Next: {following.title}", partial(self.begin, following))] if following is not None else []
        left = sum(not self.record(finished.name).step(k).done for k in range(len(finished.steps)))
        words = (
            f"'{finished.title}' is done." if not left else f"'{finished.title}': {left} step{'s are' if left != 1 else ' is'} still open."
        )
        self.shell.toast.say("good", words, [*ways, ("All lessons", self.show_start)], key="course")

    def back(self) -> None:
        """The step before."""
        self.go(self.number - 1)

    def after(self, lesson: Lesson) -> Lesson | None:
        """The lesson that follows on the path."""
        names = list(self.shelf.lessons)
        at = names.index(lesson.name) + 1 if lesson.name in names else len(names)
        return self.shelf.lessons[names[at]] if at < len(names) else None

    def before(self, lesson: Lesson) -> Lesson | None:
        """The lesson before it on the path."""
        names = list(self.shelf.lessons)
        at = names.index(lesson.name) - 1 if lesson.name in names else -1
        return self.shelf.lessons[names[at]] if at >= 0 else None

    def leave(self) -> None:
        """Close the strip; the model stays as it is."""
        if self.lesson is None:
            return
        self.keep()
        self._leave_strip()
        self._shown()

    def _leave_strip(self) -> None:
        self.lesson, self.wanted = None, frozenset()
        if self._strip is not None and self._holder is not None:
            self._strip.hide()
            self._holder.hide()
            self.shell.side.mark_controls((), "")
            self.shell.watch_again()

    def hint(self) -> None:
        """The next hint of the step."""
        step = self.step
        if step is not None and step.hints:
            self.strip.say(step.hints[self._hints % len(step.hints)], "muted")
            self._hints += 1

    def answer(self, text: str) -> None:
        """Judge an answer, say what it means, and keep it."""
        lesson = self.lesson
        if lesson is None or self.step is None or self.step.ask is None:
            return
        try:
            verdict = judge(lesson, self.number, drawn(lesson, self.number, self.student), text)
        except LabError as error:
            self.strip.say(str(error), "warn")
            return
        record = self.mine.lesson(lesson.name)
        kept = record.step(self.number)
        record = record.with_step(self.number, answers=(*kept.answers, text.strip()), right=verdict.right)
        self._put(record)
        self.strip.say(
            f"Right. {verdict.says}".strip() if verdict.right else f"Not right. {verdict.says}", "good" if verdict.right else "warn"
        )
        if verdict.right and (not self.step.done or kept.done or self._met()):
            self._tick()

    # -- in front of a room --

    def lecture(self) -> None:
        """Give the lesson in front as a lecture: the arrows walk its steps, and on to the lesson after it or before it."""
        if self.lesson is None:
            return
        self._lecture_from = (self.lesson, self.number)
        self._slide()

    def _slide(self) -> None:
        lesson, step = self.lesson, self.step
        if lesson is None or step is None:
            return
        kind = catalog.load(self.shell.document.model)
        specs = kind.specs()
        moved = [n for n in (step.highlight, *step.controls) if n in specs and (KINDS[specs[n].kind].number or specs[n].choices)]
        known = {
            step.highlight: {},
            **{d.action: d.arguments for d in reversed(step.solution)},
        }  # with the arguments that the step asks for
        pressed = tuple((n, given) for n, given in known.items() if n in kind.actions() and not kind.actions()[n].hidden)
        shown = question(lesson, self.number, self.student) if step.ask is not None else step.look
        slide = Slide(
            step.do, typeset(shown), next(iter(step.pictures), ""), tuple(dict.fromkeys(moved))[:1], self.number, len(lesson.steps),
            actions=pressed[:2],
        )  # fmt: skip
        last, first = self.number + 1 == len(lesson.steps), self.number == 0
        onward = (lambda: self._lecture_to(self.after(lesson), 0)) if last else (lambda: self._lecture_to(lesson, self.number + 1))
        backward = (lambda: self._lecture_to(self.before(lesson), -1)) if first else (lambda: self._lecture_to(lesson, self.number - 1))
        self.shell.lecture.show(slide, forward=onward, back=backward, left=self._lecture_left)

    def _lecture_to(self, lesson: Lesson | None, number: int) -> None:
        if lesson is None:  # the path ends here
            return
        self.lesson = lesson
        self.go(number % len(lesson.steps))
        self._slide()

    def _lecture_left(self) -> None:
        """The values go back to those before the lecture, and so does the strip."""
        if self._lecture_from is not None:
            (self.lesson, self.number), self._lecture_from = self._lecture_from, None
            self._show_step()

    # -- eight times a second --

    def look(self, status: Status | None, source: Source | None) -> None:
        """See whether the step is done, and count the time in front of it."""
        lesson, step = self.lesson, self.step
        if lesson is None or step is None:
            return
        now = time.monotonic()
        record = self.mine.lesson(lesson.name)
        if self.shell.frame.isActiveWindow():
            spent = min(LONGEST, now - self._looked)
            self._remember(record.with_step(self.number, seconds=record.step(self.number).seconds + spent))
        self._looked = now
        if now - self._kept > KEPT_EVERY:
            self.keep()
        if status is None or source is None or status.phase in ("preparing", "failed") or status.place is not None:
            return
        if self.shell.player.runner is not self._run:  # reset, or a value that begins a new run: all of it counts
            self._run, self._since, self._logged = self.shell.player.runner, 0, 0
        now_known = self.mine.lesson(lesson.name).step(self.number)
        if step.done and not now_known.done and (step.ask is None or now_known.right) and self._met():
            self._tick()

    def _met(self) -> bool:
        status, source, step = self.shell.player.status, self.shell.player.source, self.step
        if status is None or source is None or step is None:
            return False
        log: tuple[Happened, ...] = status.log[self._logged :]
        return live.met(step.done, source, log, self._since)

    def _tick(self) -> None:
        assert self.lesson is not None
        self._put(self.mine.lesson(self.lesson.name).with_step(self.number, done=True))
        self.strip.show_record(self.lesson, self.number, self.record(self.lesson.name))
        if self.shell.lecture.on and self.step is not None and self.step.why:
            self.shell.lecture.tell(typeset(self.step.why))  # it was seen: now it is said why
        self._grab()
        self._shown()

    def _grab(self) -> None:
        """What the step shows becomes the lesson's small picture on the path."""
        from lab.widgets.course.pictures import keep

        step, source = self.step, self.shell.player.source
        view = self.shell.workspace.view(step.pictures[0]) if step is not None and step.pictures else None
        if self.lesson is not None and view is not None and source is not None:
            keep(self.lesson.name, view, source)

    # -- what is kept --

    def _remember(self, record: LessonRecord) -> None:
        """Take over what is known of the lesson in front, for the session and for the person."""
        if self.lesson is None or self._preview:
            return
        name = self.lesson.name
        self.mine = self.mine.with_lesson(name, record)
        own = self.person.lesson(name)
        steps = {k: replace(s, done=s.done or own.step(k).done) for k, s in record.steps.items()}
        self.person = self.person.with_lesson(name, LessonRecord(record.at, {**own.steps, **steps} if record.steps else {}))

    def _put(self, record: LessonRecord) -> None:
        self._remember(record)
        self.keep()

    def keep(self) -> None:
        """Write what is known, with the person and into the session."""
        self._kept = time.monotonic()
        self.shell.settings.put("course", self.person.to_dict())
        if not self.shell.session.closed and (kept := self.kept()):
            self.shell.session.set_document({**self.shell.session.document(), **kept})

    # -- the start page --

    def show_start(self) -> None:
        """Open the start page, or close it."""
        from lab.widgets.course.start import StartPage

        if self._start is None:
            self._start = StartPage(self, self._ground)
        if self._start.isVisible():
            self.hide_start()
        else:
            self._start.open()

    def hide_start(self) -> bool:
        """Put the start page away; whether it was there."""
        if self._start is None or not self._start.isVisible():
            return False
        self._start.leave()
        return True

    def bring(self, name: str, text: str) -> None:
        """The session in front carries a lesson from now on."""
        self._brought = {**(self._brought if isinstance(self._brought, dict) else {}), name: text}
        self.read_again()
        self.keep()

    def write(self) -> None:
        """Open the desk on which a lesson is written, with what is in front as its first step."""
        from lab.widgets.course.desk import Desk

        if self._desk is None:
            self._desk = Desk(self)
        self._desk.come()

    def stop(self) -> None:
        """The window closes."""
        if self.lesson is not None:
            self.keep()
        if self._start is not None:
            self._start.stop()

    @property
    def words(self) -> str:
        """Where one is, for the button in the bar; the shelf is not read for it."""
        if self.lesson is None:
            return ""
        names = list(self.shelf.lessons)
        return f"lesson {names.index(self.lesson.name) + 1} of {len(names)}" if self.lesson.name in names else "your lesson"

    def kept(self) -> Mapping[str, Any]:
        """What the session's document holds of the course, whatever else changes in it."""
        course = replace(self.mine, student=self.student).to_dict() if self.mine.lessons or self.mine.student else None
        return {k: v for k, v in ((IN_SESSION, course), (LESSONS, self._brought)) if v}
