"""The small pictures of lessons: grabbed when a step is done, and drawn once, in a process of its own, for lessons nobody has begun."""

from __future__ import annotations

import os
import time
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QRectF, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap

from lab.display.plots import Source
from lab.lessons.document import Lesson
from lab.widgets import theme
from lab.widgets.gallery import cache_folder
from lab.widgets.pictures import PictureView
from lab.widgets.thumbnails import begin_drawing

SIZE = QSize(168, 84)
RATIO = 2
COMMAND = "from lab.widgets.course.pictures import draw; sys.exit(draw(*sys.argv[2:5]))"
PATIENCE = 40.0  # seconds of running after which the picture is taken however little there is


def file_of(lesson: str) -> Path:
    """Where the picture of a lesson is kept, in the theme in force."""
    return cache_folder() / f"lesson-{Path(lesson).name}-{theme.current().tokens.name}.png"


def keep(lesson: str, view: PictureView, source: Source) -> None:
    """Draw what a view shows as the picture of a lesson; a folder that cannot be written to is no reason to stop."""
    try:
        file_of(lesson).parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    small(view, source).save(str(file_of(lesson)))


def small(view: PictureView, source: Source) -> QImage:
    """What a picture shows, at the size of a card of the path."""
    image = QImage(SIZE * RATIO, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(RATIO)
    image.fill(theme.colour("surface"))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    view.thumbnail(painter, QRectF(6, 6, SIZE.width() - 12, SIZE.height() - 12), source)
    painter.end()
    return image


def pixmap(lesson: str) -> QPixmap | None:
    """The picture of a lesson, None while there is none."""
    found = QPixmap(str(file_of(lesson)))
    found.setDevicePixelRatio(RATIO)
    return None if found.isNull() else found


class Drawing(QObject):
    """Draws the pictures that lack, one after the other, while the start page is open."""

    drawn = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._process: QProcess | None = None
        self._lesson = ""
        self._todo: list[str] = []
        self._failed: set[str] = set()

    def ask(self, lessons: list[str]) -> None:
        """Draw these, as far as there is none."""
        self._todo = [name for name in lessons if name not in self._failed and not file_of(name).is_file()]
        self._next()

    def stop(self) -> None:
        """End; a drawing that is going on is given up."""
        self._todo = []
        if self._process is not None:
            self._process.finished.disconnect(self._done)
            self._process.kill()
            self._process.waitForFinished(2000)
            self._process.deleteLater()
            self._process = None

    def _next(self) -> None:
        if self._process is not None or not self._todo:
            return
        self._lesson = self._todo.pop(0)
        path = file_of(self._lesson)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        self._process = begin_drawing(self, self._done, COMMAND, self._lesson, str(path), theme.current().tokens.name)

    def _done(self, *_: object) -> None:
        assert self._process is not None
        self._process.deleteLater()
        self._process = None
        if not file_of(self._lesson).is_file():
            self._failed.add(self._lesson)
        self.drawn.emit(self._lesson)
        self._next()


def telling(lesson: Lesson) -> int:
    """The step whose picture stands for a lesson: the first that is solved and shows one."""
    return next((k for k, s in enumerate(lesson.steps) if s.pictures and s.solution and not s.slow), 0)


def draw(name: str, path: str, look: str = "light") -> int:
    """Run the telling step of a lesson with its solution and write its picture; the exit code."""
    from lab.display.plots import LiveSource
    from lab.engine.runner import Act, RunFor, Runner
    from lab.errors import LabError
    from lab.lessons.playing import steps
    from lab.lessons.shelf import shelf
    from lab.widgets.application import application
    from lab.widgets.pictures import make

    if hasattr(os, "nice"):
        os.nice(15)
    theme.apply(application(), look)
    lesson = shelf().lesson(name)
    number = telling(lesson)
    step = lesson.steps[number]
    experiment = lesson.experiment(number)
    changes: dict[str, object] = {}
    for doing in step.solution:
        changes |= doing.changes
    try:
        experiment = experiment.with_parameters(**changes)
    except LabError:
        pass
    value = experiment.build()
    picture = next((p for p in value.pictures if p.name in step.pictures), value.pictures[0])
    view = make(picture, value)
    view.resize(420, 210)
    runner = Runner(experiment, playing=False, pace=None, watch=view.wanted).start()
    end = time.monotonic() + PATIENCE

    def reach(step: int) -> None:
        while (
            runner.alive
            and runner.status.phase in ("preparing", "paused", "running")
            and runner.status.step < step
            and time.monotonic() < end
        ):
            time.sleep(0.02)

    total = steps(step, value)
    first = max(1, total // 4)
    runner.send(RunFor(first))
    reach(first)
    for doing in step.solution:
        if doing.action:
            runner.send(Act(doing.action, doing.arguments))
    runner.send(RunFor(max(1, total - first)))
    reach(total)
    runner.stop(30.0)
    if not runner.status.step:
        return 1
    source = LiveSource.of(runner)
    view.refresh(source, force=True)
    return 0 if small(view, source).save(path) else 1
