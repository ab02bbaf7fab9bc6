"""Neural Lab: from the ion channels of one neuron to a language model.

import lab
run = lab.run("hodgkin-huxley", current=10.0, duration=1000.0, seed=1)
run.time, run["V"], run.events["spikes"], run.summary
run.save("first.lab")
again = lab.load("first.lab")
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("neural-lab")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0.2.0"

if TYPE_CHECKING:
    from lab.api import Run, load, make, run, sweep

__all__ = ["Run", "__version__", "load", "make", "run", "sweep"]


def __getattr__(name: str) -> Any:
    # NumPy and Numba are imported when something is run, not when the command line prints its help.
    if name in __all__:
        from lab import api

        return getattr(api, name)
    raise AttributeError(f"module 'lab' has no attribute {name!r}")
