"""Runs of points of a sweep for their pictures: a table holds figures only, so what is to be seen is run again, one after the other, beside the window."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lab.display.plots import RecordedSource, Source
from lab.engine.experiment import Experiment
from lab.errors import LabError
from lab.session import Session


class Enough(Exception):
    """Nobody wants these runs any more."""


class PointRuns(QObject):
    """Runs experiments into a session of their own, which goes with them. `made`: one more can be read, or has failed."""

    made = Signal()
    _done = Signal(int, int, int, str)  # which order, number of the experiment, its run, or why there is none

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._folder: Path | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._order = 0
        self._runs: dict[int, int] = {}
        self._refused: dict[int, str] = {}
        self._session: Session | None = None
        self._sources: dict[int, Source] = {}
        self._done.connect(self._take)

    def begin(self, experiments: Sequence[Experiment]) -> None:
        """Run these; what was run before is let go."""
        self.let_go()
        if not experiments:
            return
        self._order += 1
        self._folder = Path(tempfile.mkdtemp(prefix="neural-lab-"))
        session = self._session = Session.create(self._folder / "points.lab", "Points of a sweep")
        stop = self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._work, args=(tuple(experiments), session, stop, self._order), name="pictures", daemon=True
        )
        self._thread.start()

    def _work(self, experiments: Sequence[Experiment], session: Session, stop: threading.Event, order: int) -> None:
        from lab import api
        from lab.engine.simulation import run

        def still_wanted(_simulation: object) -> None:
            if stop.is_set():
                raise Enough

        for k, experiment in enumerate(experiments):
            number, sentence = -1, ""
            try:
                still_wanted(None)
                result = run(
                    experiment.build(), experiment.steps, seed=experiment.seed, schedule=experiment.schedule, progress=still_wanted
                )
                number = api.record_result(session, experiment, result)
                session.flush()
            except Enough:
                return
            except LabError as problem:
                sentence = str(problem)
            if not stop.is_set():
                self._done.emit(order, k, number, sentence)

    def _take(self, order: int, k: int, number: int, sentence: str) -> None:
        if order != self._order:
            return
        if sentence:
            self._refused[k] = sentence
        else:
            self._runs[k] = number
        self.made.emit()

    def source(self, k: int) -> Source | None:
        """Where pictures of the experiment of this number read from; None while it has not been run; raises what it failed with."""
        if k in self._refused:
            raise LabError(self._refused[k])
        if k not in self._runs or self._session is None:
            return None
        if k not in self._sources:
            self._sources[k] = RecordedSource(self._session.reader(), self._runs[k])
        return self._sources[k]

    @property
    def running(self) -> bool:
        """Whether some are still to come."""
        return self._thread is not None and self._thread.is_alive()

    def let_go(self, timeout: float = 10.0) -> None:
        """End what runs, and remove what was made."""
        self._order += 1
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)
        self._thread = None
        self._runs, self._refused, self._sources = {}, {}, {}
        if self._session is not None:
            self._session.close(discard=True)
        self._session = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
