"""How far a long preparation is: told by whoever reads or computes, heard by whoever waits, who may also cancel it.

with heard(listener):                     the runner, in the thread that prepares
    report("Reading texts", 0.25)         deep inside, without knowing who listens; raises Cancelled if nobody waits any more
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab.errors import LabError

Listener = Callable[[str, float], bool]  # what is done, share from 0 to 1 -> whether to go on

_local = threading.local()


class Cancelled(LabError):
    """Somebody gave up waiting."""


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Within this block what this thread reports goes to `listener`."""
    before = getattr(_local, "listener", None)
    _local.listener = listener
    try:
        yield
    finally:
        _local.listener = before


def report(doing: str, share: float) -> None:
    """Say how far something is; raises Cancelled if the listener wants no more of it."""
    listener = getattr(_local, "listener", None)
    if listener is not None and not listener(doing, share):
        raise Cancelled(f"{doing} was cancelled at {100 * share:.0f} %.")
