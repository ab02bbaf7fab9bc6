"""Sessions handed in, as one table: steps done, answers judged anew, tries, minutes, what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.lessons.answers import drawn, judge
from lab.lessons.document import Lesson
from lab.lessons.progress import IN_SESSION, Course
from lab.session import SessionReader, codec

COLUMNS = ("file", "student", "lesson", "steps", "answers", "tries", "minutes", "changed", "remark")
MOST_CHANGED = 12  # parameters that are named


@dataclass(frozen=True)
class Marked:
    """One lesson of one session: done and right out of how many, as they are judged here and not as the file says."""

    file: str
    student: str = ""
    lesson: str = ""
    done: int = 0
    steps: int = 0
    right: int = 0
    asked: int = 0
    tries: int = 0
    minutes: float = 0.0
    changed: tuple[str, ...] = ()
    remark: str = ""
    readable: bool = True

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table, as `COLUMNS` names them."""
        counts = (
            f"{self.done} of {self.steps}",
            f"{self.right} of {self.asked}" if self.asked else "",
            str(self.tries),
            f"{self.minutes:.0f}",
        )
        return (self.file, self.student, self.lesson, *(counts if self.steps else ("",) * 4), ", ".join(self.changed), self.remark)


def mark(files: Iterable[str | Path], lessons: Mapping[str, Lesson], only: str = "") -> list[Marked]:
    """A row for each lesson that a session holds; a file that cannot be read is a row that says why."""
    found: list[Marked] = []
    for file in files:
        try:
            found += _of_session(file, lessons, only)
        except LabError as error:
            found.append(Marked(Path(file).name, remark=" ".join(str(error).split()), readable=False))
    return found


def _of_session(file: str | Path, lessons: Mapping[str, Lesson], only: str) -> list[Marked]:
    name = Path(file).name
    with SessionReader(file) as reader:
        settings = reader.settings()
        document = codec.read_json(settings.get("document", "{}"), dict, f"The document of '{name}'")
        changed = _changed(reader)
        damage = reader.damage
    course = Course.from_dict(document.get(IN_SESSION))
    remark = damage[0] if damage else ""
    wanted = [n for n in course.lessons if not only or n == only]
    if not wanted:
        return [Marked(name, course.student, only, remark=remark or ("no lesson was begun" if not only else "this lesson was not begun"))]
    found = []
    for each in wanted:
        lesson = lessons.get(each)
        if lesson is None:
            found.append(Marked(name, course.student, each[:60], remark="this lesson is not known here: give its file with --lesson"))
            continue
        found.append(_row(name, course, lesson, changed, remark))
    return found


def _row(name: str, course: Course, lesson: Lesson, changed: Mapping[str, tuple[str, ...]], remark: str) -> Marked:
    record = course.lesson(lesson.name)
    right = 0
    for number, step in enumerate(lesson.steps):
        given = record.step(number).answers
        if step.ask is not None and given:
            try:
                right += judge(lesson, number, drawn(lesson, number, course.student), given[-1]).right
            except LabError:  # not even a number
                pass
    mine = [p for model in lesson.models for p in changed.get(model, ())]
    shown = (*mine[:MOST_CHANGED], *(("…",) if len(mine) > MOST_CHANGED else ()))
    return Marked(
        name, course.student, lesson.name, sum(record.step(k).done for k in range(len(lesson.steps))), len(lesson.steps),
        right, sum(s.ask is not None for s in lesson.steps), sum(s.tries for s in record.steps.values()),
        sum(s.seconds for s in record.steps.values()) / 60.0, shown, remark,
    )  # fmt: skip


def _changed(reader: SessionReader) -> dict[str, tuple[str, ...]]:
    """Model -> the parameters that its runs have differently, or that were changed in them."""
    found: dict[str, dict[str, None]] = {}
    for run in reader.runs():
        model = run.experiment.get("model")
        if not isinstance(model, str):
            continue
        names: dict[str, None] = found.setdefault(model, {})
        parameters: Any = run.experiment.get("parameters")
        names |= dict.fromkeys(str(n)[:40] for n in parameters) if isinstance(parameters, Mapping) else {}
        for entry in reader.log(run.id):
            if entry.kind == "change":
                names |= dict.fromkeys(str(n)[:40] for n in entry.payload)
    return {model: tuple(names) for model, names in found.items()}
