"""Small pictures of models nobody has opened yet: a short run of each, in a process of its own, while nothing else is going on.

The process is given the lowest priority and one model at a time. It compiles the model's kernels on the way, so opening
the model later is quick.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer

from lab import catalog
from lab.sources import child_command
from lab.widgets import theme
from lab.widgets.application import application
from lab.widgets.gallery import Gallery, small_picture

COMMAND = "from lab.widgets.thumbnails import draw; sys.exit(draw(*sys.argv[2:5]))"
IDLE_SECONDS = 20.0
PATIENCE = 60.0  # seconds of running after which the picture is taken however little there is


class Thumbnails(QObject):
    """Draws what the gallery lacks, one after the other, whenever `idle()` says there is time."""

    def __init__(self, gallery: Gallery, idle: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._gallery = gallery
        self._idle = idle
        self._process: QProcess | None = None
        self._model = ""
        self._failed: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setObjectName("thumbnails")
        self._timer.setInterval(round(IDLE_SECONDS * 1000))
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Begin to look for models without a picture."""
        self._timer.start()

    def stop(self) -> None:
        """End; a drawing that is going on is given up."""
        self._timer.stop()
        if self._process is not None:
            self._process.finished.disconnect(self._done)
            self._process.kill()
            self._process.waitForFinished(2000)
            self._process = None

    def _look(self) -> None:
        if self._process is not None or not self._idle():
            return
        for entry in catalog.entries():
            if entry.panel == self._gallery.panel and entry.name not in self._failed and self._gallery.thumbnail(entry.name) is None:
                self._draw(entry.name)
                return

    def _draw(self, model: str) -> None:
        path = self._gallery.file_of(model)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            self._timer.stop()
            return
        self._model = model
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("QT_QPA_PLATFORM", "offscreen")
        self._process.setProcessEnvironment(environment)
        self._process.finished.connect(self._done)
        program, *arguments = child_command(COMMAND, model, str(path), theme.current().tokens.name)
        self._process.start(program, arguments)

    def _done(self, *_: object) -> None:
        self._process = None
        self._gallery.forget_thumbnail(self._model)
        if self._gallery.thumbnail(self._model) is None:
            self._failed.add(self._model)
        self._timer.setInterval(2000)  # once there is time, the others follow soon


def draw(model: str, path: str, name: str = "dark") -> int:
    """Run a model for a short while and write its small picture; the exit code."""
    from lab.display.plots import LiveSource
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner
    from lab.widgets.pictures import make

    if hasattr(os, "nice"):
        os.nice(15)
    theme.apply(application(), name)
    catalog.given(model)  # the window names models of the catalogue, and files that a person opened in it
    experiment = Experiment(model)
    value = experiment.build()
    if not value.pictures:
        return 1
    view = make(value.pictures[0], value)
    view.resize(360, 240)
    runner = Runner(experiment, playing=True, pace=None, watch=view.wanted).start()
    enough = max(2, round(value.pictures[0].window / value.clock.dt))
    began = 0.0
    while runner.alive and runner.status.phase in ("preparing", "running"):
        time.sleep(0.02)
        if runner.status.step:
            began = began or time.monotonic()
            if (runner.status.step >= enough and time.monotonic() - began > 0.5) or time.monotonic() - began > PATIENCE:
                break
    runner.stop(60.0)
    if not runner.status.step:
        return 1
    source = LiveSource.of(runner)
    view.refresh(source, force=True)
    return 0 if small_picture(view, source).save(path) else 1
