"""What one person has done in the course: steps, tries, answers. Kept with the person, and in the session that is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from typing import Any

from lab.lessons.document import Lesson
from lab.params import frozen

IN_SESSION = "course"  # the key of a session's document
MOST_LESSONS, MOST_STEPS, MOST_ANSWERS = 500, 20, 50
LONGEST = 200  # characters of an answer or of a student's word


@dataclass(frozen=True)
class StepRecord:
    """Of one step: whether it is done, the answers in the order they were given, whether the last was right, seconds in front of it."""

    done: bool = False
    answers: tuple[str, ...] = ()
    right: bool = False
    seconds: float = 0.0

    @property
    def tries(self) -> int:
        """How often an answer was given."""
        return len(self.answers)


@dataclass(frozen=True)
class LessonRecord:
    """Of one lesson: the step in front (from 0), and each step."""

    at: int = 0
    steps: Mapping[int, StepRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", frozen(self.steps))

    def step(self, number: int) -> StepRecord:
        """The record of a step (from 0)."""
        return self.steps.get(number, StepRecord())

    def with_step(self, number: int, **changes: Any) -> LessonRecord:
        """The same with something else known of one step."""
        return dataclass_replace(self, steps={**self.steps, number: dataclass_replace(self.step(number), **changes)})

    def complete(self, lesson: Lesson) -> bool:
        """Whether every step of a lesson is done."""
        return all(self.step(k).done for k in range(len(lesson.steps)))


@dataclass(frozen=True)
class Course:
    """Everything that is known of one person: the word that draws their constants, and their lessons."""

    student: str = ""
    lessons: Mapping[str, LessonRecord] = field(default_factory=dict)
    last: str = ""  # the lesson in front last

    def __post_init__(self) -> None:
        object.__setattr__(self, "lessons", frozen(self.lessons))

    def lesson(self, name: str) -> LessonRecord:
        """The record of a lesson."""
        return self.lessons.get(name, LessonRecord())

    def with_lesson(self, name: str, record: LessonRecord) -> Course:
        """The same with another record of one lesson, which is then the last."""
        return dataclass_replace(self, lessons={**self.lessons, name: record}, last=name)

    def with_student(self, student: str) -> Course:
        """The same for another word."""
        return dataclass_replace(self, student=student[:LONGEST])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, inverse of `from_dict`."""
        lessons = {
            name: {
                "at": record.at,
                "steps": {
                    str(k): {"done": s.done, "answers": list(s.answers), "right": s.right, "seconds": round(s.seconds, 1)}
                    for k, s in record.steps.items()
                },
            }
            for name, record in self.lessons.items()
        }
        return {"student": self.student, "last": self.last, "lessons": lessons}

    @classmethod
    def from_dict(cls, data: Any) -> Course:
        """Read what a stranger may have written; what is no record is left out."""
        if not isinstance(data, Mapping):
            return cls()
        found = {}
        lessons = data.get("lessons")
        for name, record in list(lessons.items())[:MOST_LESSONS] if isinstance(lessons, Mapping) else ():
            if not isinstance(name, str) or not isinstance(record, Mapping):
                continue
            steps = record.get("steps")
            kept = {}
            for key, step in steps.items() if isinstance(steps, Mapping) else ():
                if isinstance(key, str) and key.isdecimal() and len(key) < 3 and int(key) < MOST_STEPS and isinstance(step, Mapping):
                    kept[int(key)] = _step(step)
            at = record.get("at")
            found[name[:LONGEST]] = LessonRecord(at if type(at) is int and 0 <= at < MOST_STEPS else 0, kept)
        student, last = data.get("student"), data.get("last")
        return cls(student[:LONGEST] if isinstance(student, str) else "", found, last if isinstance(last, str) and last in found else "")


def _step(data: Mapping[str, Any]) -> StepRecord:
    answers, seconds = data.get("answers"), data.get("seconds")
    return StepRecord(
        data.get("done") is True,
        tuple(a[:LONGEST] for a in answers[-MOST_ANSWERS:] if isinstance(a, str)) if isinstance(answers, list) else (),
        data.get("right") is True,
        float(seconds) if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < 1e7 else 0.0,
    )
