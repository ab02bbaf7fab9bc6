"""The named ticks of sliders, computed beside the window: a threshold may take a model tens of milliseconds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from PySide6.QtCore import QObject, QTimer, Signal

from lab.engine import preparation
from lab.errors import LabError
from lab.params import Described

QUIET = 200  # ms without a further change until thresholds are computed again
LOOK = 40  # ms between looks at what is being computed


@cache
def _bench() -> ThreadPoolExecutor:
    """One thread for all forms: nobody waits for a threshold, and the run keeps its core."""
    return ThreadPoolExecutor(1)


class Ticks(QObject):
    """Asks a described value for the marks of its parameters once it has come to rest.

    found  (parameter, marks) for each parameter that has any
    """

    found = Signal(str, dict)

    def __init__(self, kind: type[Described], parent: QObject):
        super().__init__(parent)
        self.names = tuple(name for name, spec in kind.specs().items() if spec.marks)
        self._value: Described | None = None
        self._work: tuple[Described, Future] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    def ask(self, value: Described) -> None:
        """Compute the marks of this value, unless another one follows at once."""
        if self.names and value != self._value:
            self._value = value
            self._timer.start(QUIET)

    def _look(self) -> None:
        if preparation.busy():  # a threshold compiled here and now would keep the first picture waiting
            self._timer.start(QUIET)
            return
        if self._work is None or (self._work[0] is not self._value and self._work[1].cancel()):
            assert self._value is not None
            self._work = (self._value, _bench().submit(_marks, self._value, self.names))
        value, work = self._work
        if not work.done():
            self._timer.start(LOOK)
            return
        self._work = None
        for name, marks in work.result().items():
            self.found.emit(name, marks)
        if value is not self._value:
            self._timer.start(LOOK)


def _marks(value: Described, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    found = {}
    for name in names:
        try:
            found[name] = value.marks(name)
        except (LabError, ArithmeticError, ValueError):
            found[name] = {}  # a value at the edge of its bounds may have no threshold: a slider without ticks says so
    return found
