"""Reads files in a thread of its own; what was found is handed over in the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

LOOK = 25  # milliseconds between looks at whether it is done


@cache
def worker() -> ThreadPoolExecutor:
    """One thread for all sheets: the last thing asked for is what counts."""
    return ThreadPoolExecutor(1)


class Reading(QObject):
    """Does one thing at a time beside the window; of several only the last one asked for is answered.

    done    what the call gave, or the exception that it raised
    """

    done = Signal(object)

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._future: Future[Any] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether something is being read."""
        return self._future is not None

    def ask(self, call: Callable[[], Any]) -> None:
        """Do this instead of what was asked before."""
        if self._future is not None:
            self._future.cancel()
        self._future = worker().submit(call)
        self._timer.start()

    def forget(self) -> None:
        """The answer is no longer wanted."""
        if self._future is not None:
            self._future.cancel()
        self._future = None
        self._timer.stop()

    def _look(self) -> None:
        future = self._future
        if future is None or not future.done():
            return
        self.forget()
        if not future.cancelled():
            error = future.exception()
            self.done.emit(error if error is not None else future.result())
