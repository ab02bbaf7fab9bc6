"""One thread for matrix products while the lab computes.

Two reasons. A sum that is cut among threads has other last digits, so a figure would depend on the machine's number of cores
(a score of word vectors read 48.80 or 48.84). And the products of a minibatch are small: shared among the threads of BLAS they
spend their time waiting for each other; on two cores that others use as well, a training with two layers of 256 took seventy
times as long. The command `lab` tells BLAS so before it is loaded; this is for everybody who imports the lab, perhaps after NumPy.
"""

from __future__ import annotations

import os
import sys
from threading import Lock, get_ident
from types import TracebackType
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
ANOTHER = "scipy.linalg"  # brings a BLAS of its own, perhaps long after NumPy's


class _OneThread:
    """`with one_thread:` around whatever computes; threads may enter it together, the last to leave gives back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._threads: dict[int, int] = {}  # those inside, and how deep
        self._looked: bool | None = None  # whether the other BLAS was there when the libraries were looked for
        self._libraries: list[tuple[Any, int]] = []  # those that use several threads, with their number
        self._said: dict[str, str | None] = {}  # what the environment said before, while it says one thread

    def _look(self) -> None:
        """Find the BLAS libraries of this process; those found before are kept with the number they came with."""
        from threadpoolctl import ThreadpoolController

        self._looked = ANOTHER in sys.modules
        known = {library.filepath for library, _ in self._libraries}
        controller = ThreadpoolController().select(user_api="blas")
        fresh = [(lib, lib.num_threads) for lib in controller.lib_controllers if lib.filepath not in known and lib.num_threads > 1]
        if self._inside:
            for library, _ in fresh:
                library.set_num_threads(1)
        self._libraries = self._libraries + fresh

    def __enter__(self) -> None:
        with self._lock:
            if self._looked is not (ANOTHER in sys.modules):
                self._look()
            self._inside += 1
            self._threads[get_ident()] = self._threads.get(get_ident(), 0) + 1
            if self._inside == 1:
                for library, _ in self._libraries:
                    library.set_num_threads(1)
                if ANOTHER not in sys.modules:  # it may be imported by what computes, and reads this as it is loaded
                    self._said = {name: os.environ.get(name) for name in VARIABLES}
                    os.environ.update(dict.fromkeys(VARIABLES, "1"))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._inside -= 1
            depth = self._threads.pop(get_ident(), 1) - 1
            if depth:
                self._threads[get_ident()] = depth
            if self._inside == 0:
                for library, threads in self._libraries:
                    library.set_num_threads(threads)
                for name, value in self._said.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value
                self._said = {}

    def alone(self) -> bool:
        """Whether no other thread of this process computes."""
        return len(self._threads) < 2


one_thread = _OneThread()


def cores() -> int:
    """Cores that this process may use: those it is bound to, and no more than NUMBA_NUM_THREADS, which says 1 in the workers of a sweep."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = os.environ.get("NUMBA_NUM_THREADS", "")
    return min(found, int(said)) if said.isdecimal() and int(said) else found


def running() -> int:
    """Threads of the whole machine that run, or wait for a core, at this moment; 1, this one, where the system does not say."""
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            return int(file.read().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 1


def spare_core() -> bool:
    """Whether there is a core for a helper: more than one, nobody else in this process computes, and no more threads are at work than there are cores.

    A helper that is taken off its core in the middle of its share keeps the other waiting for as long as the system likes.
    """
    return cores() > 1 and one_thread.alone() and running() <= cores()
