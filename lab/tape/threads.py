"""One thread for matrix products while a program runs.

The products of a minibatch are small. Shared among the threads of BLAS they spend their time waiting for each other: on two
cores that others use as well, a training with two layers of 256 took seventy times as long. The command `lab` tells BLAS so
before it is loaded; this is for everybody who imports the lab, perhaps after NumPy.
"""

from __future__ import annotations

import os
from threading import Lock
from types import TracebackType
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class _OneThread:
    """`with one_thread:` around a call of the interpreter; threads may enter it together, the last to leave gives back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._libraries: list[tuple[Any, int]] | None = None

    def _found(self) -> list[tuple[Any, int]]:
        """BLAS libraries that use several threads, with their number; none where a person decided by an environment variable."""
        if any(os.environ.get(name) for name in VARIABLES):
            return []
        import scipy.linalg.cython_blas  # noqa: F401  the library that kernels multiply with
        from threadpoolctl import ThreadpoolController

        controller = ThreadpoolController().select(user_api="blas")
        return [(library, library.num_threads) for library in controller.lib_controllers if library.num_threads > 1]

    def __enter__(self) -> None:
        if self._libraries == []:
            return
        with self._lock:
            if self._libraries is None:
                self._libraries = self._found()
            self._inside += 1
            if self._inside == 1:
                for library, _ in self._libraries:
                    library.set_num_threads(1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._libraries == []:
            return
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                for library, threads in self._libraries or []:
                    library.set_num_threads(threads)


one_thread = _OneThread()
