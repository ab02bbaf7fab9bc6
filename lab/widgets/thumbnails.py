"""Small pictures of models: of one in front what its first picture shows after a while, of the others a short run of each.

That run is made in a process of its own, while nothing else is going on. The process is given the lowest priority and one model at a time. It compiles the model's kernels on the way, so opening
the model later is quick.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer
from PySide6.QtWidgets import QWidget

from lab import catalog
from lab.sources import child_command
from lab.widgets import theme
from lab.widgets.application import application
from lab.widgets.gallery import Gallery, small_picture, worth_keeping
from lab.widgets.player import Player
from lab.widgets.workspace import Workspace

COMMAND = "from lab.widgets.thumbnails import draw; sys.exit(draw(*sys.argv[2:5]))"
RUNNING_SECONDS = 4.0  # until what is in front is worth keeping
IDLE_SECONDS = 20.0
PATIENCE = 60.0  # seconds of running after which the picture is taken however little there is


class Thumbnails(QObject):
    """Keeps what is in front, and draws what else the gallery lacks, one after the other, whenever there is time."""

    def __init__(self, gallery: Gallery, player: Player, workspace: Workspace, frame: QWidget):
        super().__init__(frame)
        self._gallery, self._player, self._workspace, self._frame = gallery, player, workspace, frame
        self._since = 0.0  # when the run in front began
        self._due = False  # it has not been kept yet
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

    # -- of what is in front --

    def begin(self) -> None:
        """A run has begun: its picture is kept in a while."""
        self._since, self._due = time.monotonic(), True

    def look(self) -> None:
        """Keep the picture of the run in front once it has run for a while."""
        if self._due and time.monotonic() - self._since > RUNNING_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Keep what the first picture shows as the model's small picture, once for each run."""
        cards, source, model = self._workspace.visible_cards(), self._player.source, self._workspace.model
        if self._due and cards and source is not None and model is not None and source.step:
            made = small_picture(cards[0].view, source)
            self._due = not worth_keeping(made)
            self._since = time.monotonic()
            if not self._due:
                self._gallery.keep_thumbnail(type(model).name, made)

    # -- of the others --

    def _idle(self) -> bool:
        """Whether there is time for something in the background: nothing runs as fast as it can."""
        status = self._player.status
        busy = status is not None and (status.phase == "preparing" or (status.phase == "running" and status.pace is None))
        return not self._frame.isMinimized() and not busy

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
        self._process = begin_drawing(self, self._done, COMMAND, model, str(path), theme.current().tokens.name)

    def _done(self, *_: object) -> None:
        self._process = None
        self._gallery.forget_thumbnail(self._model)
        if self._gallery.thumbnail(self._model) is None:
            self._failed.add(self._model)
        self._timer.setInterval(2000)  # once there is time, the others follow soon


def begin_drawing(parent: QObject, done: Callable[..., object], code: str, *arguments: str) -> QProcess:
    """Start a process of ours that draws what nobody looks at yet, and ends with the window."""
    process = QProcess(parent)
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("QT_QPA_PLATFORM", "offscreen")
    process.setProcessEnvironment(environment)
    process.finished.connect(done)
    if hasattr(QProcess, "UnixProcessFlag"):  # without a copy of the tables of this process' memory, which takes milliseconds of a frame
        process.setUnixProcessParameters(QProcess.UnixProcessFlag.UseVFork)
    program, *rest = child_command(f"from lab.sources import end_with_parent; end_with_parent(); {code}", *arguments)
    process.start(program, rest)
    return process


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
    made = small_picture(view, source)
    return 0 if worth_keeping(made) and made.save(path) else 1
