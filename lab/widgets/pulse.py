"""The one display timer: everything that moves is looked at here, about sixty times a second.

Nothing is pushed from the worker; at each beat whoever connected reads what there is. When looking takes long, the next
beat comes later, so that the person's clicks and the simulation always get their share.
"""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Signal

BEAT_MS = 16
LARGEST_SHARE = 0.6  # most of the time of the window's thread that looking may take


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

    def start(self) -> None:
        """Begin to beat."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()

    def _tick(self) -> None:
        began = time.perf_counter()
        self.gaps.append(began - self._last)
        self._last = began
        self.beat.emit()
        took = (time.perf_counter() - began) * 1000
        interval = max(BEAT_MS, round(took / LARGEST_SHARE))
        if interval != self._timer.interval() and self._timer.isActive():
            self._timer.setInterval(interval)
