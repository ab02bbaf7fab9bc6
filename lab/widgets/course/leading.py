"""What the start page and the desk may ask of the course they stand in."""

from __future__ import annotations

from typing import Protocol

from lab.lessons.document import Lesson
from lab.lessons.progress import Course, LessonRecord
from lab.lessons.shelf import Shelf
from lab.widgets.shell import Shell


class Leading(Protocol):
    """The course as its parts see it."""

    shell: Shell
    person: Course

    @property
    def shelf(self) -> Shelf:
        """All lessons."""

    @property
    def student(self) -> str:
        """The word that draws the constants of questions."""

    def set_student(self, word: str) -> None:
        """Another word."""

    def record(self, name: str) -> LessonRecord:
        """What the person has done of a lesson."""

    def begin(self, lesson: Lesson, number: int | None = None, *, anew: bool = False, preview: bool = False) -> None:
        """Bring a lesson to the front."""

    def write(self) -> None:
        """Open the desk."""

    def bring(self, name: str, text: str) -> None:
        """The session in front carries a lesson from now on."""

    def read_again(self) -> None:
        """A lesson was written."""
