"""Where lessons lie: those of the lab, those in a person's folder, and those that a session brings along."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.data.assets import assets_folder
from lab.errors import LabError, near
from lab.lessons import reading
from lab.lessons.document import CHAPTERS, Lesson
from lab.lessons.reading import LessonError

MOST = 500  # lessons of one place
OWN = "lessons"  # a folder under the data of a person
IN_SESSION = "lessons"  # the key of a session's document: name -> text


def data_folder() -> Path:
    """Where the lab keeps what belongs to a person; LAB_DATA overrides it."""
    given = os.environ.get("LAB_DATA")
    if given:
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("neural-lab", appauthor=False)


def own_folder() -> Path:
    """Where a person's own lessons lie."""
    return data_folder() / OWN


@dataclass(frozen=True)
class Shelf:
    """Lessons by name in the order of the path, and a sentence for each file that is none."""

    lessons: Mapping[str, Lesson]
    problems: tuple[LabError, ...] = ()

    def lesson(self, name: str) -> Lesson:
        """The lesson called `name`; a LabError that names what is near."""
        if name not in self.lessons:
            said = next((p for p in self.problems if isinstance(p, LessonError) and Path(str(p).split(" (")[0]).stem == name), None)
            raise said or LabError(f"There is no lesson '{name[:60]}': {near(name, self.lessons)}")
        return self.lessons[name]

    def of_model(self, model: str) -> list[Lesson]:
        """The lessons that show a model."""
        return [lesson for lesson in self.lessons.values() if model in lesson.models]

    def chapters(self) -> dict[str, list[Lesson]]:
        """The lessons by chapter, without chapters that have none."""
        found: dict[str, list[Lesson]] = {chapter: [] for chapter in CHAPTERS}
        for lesson in self.lessons.values():
            found[lesson.chapter].append(lesson)
        return {chapter: lessons for chapter, lessons in found.items() if lessons}


_read: dict[tuple[str, int, int], Lesson] = {}  # files of the lab that were read in this process


def bundled() -> list[Path]:
    """The files of the lab's own lessons."""
    return sorted((assets_folder() / "lessons").glob("*.toml"))


def shelf(document: Mapping[str, Any] | None = None) -> Shelf:
    """All lessons: the lab's, then a person's own, then those that the document of a session holds."""
    found: dict[str, Lesson] = {}
    problems: list[LabError] = []
    own = own_folder()
    for path in [*bundled(), *sorted(own.glob("*.toml"))[:MOST]]:
        try:
            lesson = _kept(path)
            if path.parent == own and lesson.name in found:
                lesson = lesson.replace(name=f"own-{lesson.name}")  # the course stays as it is
            found[lesson.name] = lesson
        except LabError as error:
            problems.append(error)
    texts = (document or {}).get(IN_SESSION)
    for name, text in list(texts.items())[:MOST] if isinstance(texts, Mapping) else ():
        if isinstance(text, str) and name not in found:
            try:
                found[name] = reading.parse_text(text, name, f"lesson '{name}' of this session")
            except LabError as error:
                problems.append(error)
    order = list(CHAPTERS)
    ranked = sorted(found.values(), key=lambda lesson: (order.index(lesson.chapter), lesson.order, lesson.title))
    return Shelf({lesson.name: lesson for lesson in ranked}, tuple(problems))


def given(name: str) -> Lesson:
    """The lesson that a person names: of the shelf, or in the TOML file at this path."""
    return reading.read(name) if name.endswith(".toml") else shelf().lesson(name)


def _kept(path: Path) -> Lesson:
    """A lesson of a file, read once while the file stays as it is."""
    found = path.stat()
    key = (str(path), found.st_mtime_ns, found.st_size)
    if key not in _read:
        _read[key] = reading.read(path)
    return _read[key]
