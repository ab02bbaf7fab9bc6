"""Cycles of objects are cleared away in the window's thread only.

Python clears them in whatever thread happens to make an object. Where that is the worker's, what goes may be connected to Qt: disconnecting
it takes a lock of Qt's and then waits for Python's, while the window's thread, which has Python's, waits for the other, for ever.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 200
MOST = (700, 10, 50)  # new objects, and collections of the generation before, after which a generation is collected


class Garbage(QObject):
    """Collects in the thread that made it, in place of Python's own collections, until it is stopped."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        gc.disable()
        gc.freeze()  # what is there now stays: it need not be gone through again
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due."""
        counts = gc.get_count()
        due = next((k for k in (2, 1, 0) if counts[k] > MOST[k]), None)
        if due is not None:
            gc.collect(due)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
