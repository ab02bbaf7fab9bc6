"""The one place where an exception that a model did not mean becomes a sentence.

A model answers wrong input with a LabError. Anything else that it raises (an index beyond an array, a shape that does not fit) is a
fault of its program; a person gets a sentence that says so, and what to send, instead of a traceback. Where faults are looked for
the exception itself is wanted: tests set `plain`, and LAB_DEBUG=1 shows it at the command line.
"""

from __future__ import annotations

import os
from typing import NoReturn

from lab.errors import FaultError, LabError

plain = bool(os.environ.get("LAB_DEBUG"))


def told(model: str, doing: str, problem: Exception) -> NoReturn:
    """Raise what a person is told of an exception that came out of a model; LabErrors are told already."""
    if isinstance(problem, LabError) or plain:
        raise problem
    if isinstance(problem, MemoryError):
        raise FaultError(f"{model}: there is not enough memory while it {doing}: choose fewer cells, examples or points.") from problem
    what = " ".join(str(problem).split())
    raise FaultError(
        f"{model}: a fault of the program while it {doing} ({type(problem).__name__}{': ' + what[:200] if what else ''}). What is recorded is safe. "
        "Please report it with the session or experiment file that led here; LAB_DEBUG=1 shows where it happened."
    ) from problem
