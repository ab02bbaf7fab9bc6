"""The one display timer: everything that moves is looked at here, about sixty times a second.

Nothing is pushed from the worker; at each beat whoever connected reads what there is. Drawing a picture costs the
window's thread some milliseconds, most of them after the beat, when Qt paints. The pulse measures what all of it costs and
says how many pictures may be drawn at a beat, so that the beat keeps its time and pictures take turns instead: time that
pictures may have is saved up from beat to beat, because three pictures in two beats are more than one in each.
"""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Signal

BEAT_MS = 16
SHARE = 0.9  # of the window's thread that may go into pictures
SHARE_FLAT_OUT = 0.5  # of a run that goes as fast as it can and needs the interpreter itself
AT_ONCE = 0.020  # seconds that the pictures of one beat may take; a single one may always
REMEMBER = 0.9
WORST = 0.05  # seconds: what else a picture seems to have cost was a window that opened or a model that changed


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
        self.flat_out = False  # the run goes as fast as it can, and pictures give way to it
        self._cost = 0.0  # seconds of this thread per drawn picture
        self._saved = 0.0  # seconds that pictures may take now

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
        self._saved = min(self._saved + (now - self._last) * (SHARE_FLAT_OUT if self.flat_out else SHARE), AT_ONCE)
        self._last = now
        busy = time.thread_time()
        if self._drew:
            cost = min(WORST, (busy - self._busy) / self._drew)
            self._cost = REMEMBER * self._cost + (1 - REMEMBER) * cost if self._cost else cost
        self._busy, self._drew = busy, 0
        self.beat.emit()

    @property
    def most(self) -> int:
        """How many pictures may be drawn at this beat."""
        return max(1, int(self._saved / self._cost)) if self._cost else 2

    def drew(self, pictures: int) -> None:
        """That many were drawn at this beat."""
        self._drew = pictures
        self._saved = max(0.0, self._saved - pictures * self._cost)
