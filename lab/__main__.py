"""The command `lab`: opens the window, or does one thing without it.

Exit codes: 0 done, 1 a run or a check failed, 2 the command was given wrongly.
"""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    # A number must not depend on how many threads summed it (`lab.kernels.threads`). Read when NumPy is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    from lab.commands import execute

    return execute(sys.argv[1:] if argv is None else argv)


def _look_nowhere_else() -> None:
    """Take the current folder, where `python -m lab` looks first, out of the search: a numpy.py lying there is not NumPy."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # it was deleted
        return
    if sys.path and os.path.realpath(sys.path[0] or here) == here and here != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
        del sys.path[0]


if __name__ == "__main__":
    _look_nowhere_else()
    sys.exit(main())
