"""The one display timer: everything that moves is looked at here, about sixty times a second.

Nothing is pushed from the worker; at each beat whoever connected reads what there is. Drawing a picture costs the
window's thread some milliseconds, most of them after the beat, when Qt paints. The pulse measures what all of it costs and
says how many pictures may be drawn at a beat, so that the beat keeps its time and pictures take turns instead.
"""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Signal

BEAT_MS = 16
BUDGET = 0.008  # seconds of the window's thread per beat that may go into pictures
HURRY = 0.004  # seconds per picture above which a run has pictures without smooth edges
REMEMBER = 0.9


class Pulse(QObject):
    """Emits `beat` at up to 60 Hz while started."""

    beat = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setObjectName("pulse")
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._tick)
        self.gaps: deque[float] = deque(maxlen=600)  # seconds between beats, for the benchmark
        self._last = 0.0
        self._busy = 0.0
        self._drew = 0
        self._hurried = False
        self._cost = 0.0  # seconds of this thread per drawn picture

    def start(self) -> None:
        """Begin to beat."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now
        busy = time.thread_time()
        if self._drew:
            cost = (busy - self._busy) / self._drew
            self._cost = REMEMBER * self._cost + (1 - REMEMBER) * cost if self._cost else cost
        self._busy, self._drew = busy, 0
        self.beat.emit()

    @property
    def most(self) -> int:
        """How many pictures may be drawn at this beat."""
        return max(1, int(BUDGET / self._cost)) if self._cost else 2

    def hurry(self, flat_out: bool) -> bool:
        """Whether pictures of a run that goes as fast as it can should leave out what only pleases, as smooth edges.

        Once they cost too much it stays so until the run rests: a picture that changes its looks in between is worse.
        """
        self._hurried = flat_out and (self._hurried or self._cost > HURRY)
        return self._hurried

    def drew(self, pictures: int) -> None:
        """That many were drawn at this beat."""
        self._drew = pictures
