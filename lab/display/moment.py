"""A run as it stood at one moment: what header, pictures, nodes and status line of a window all read, whatever the worker does meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.display.sources import LiveSource

if TYPE_CHECKING:
    from lab.engine.ring import Ring
    from lab.engine.status import Status

LONGEST = 0.25  # seconds that a moment may be shown, at most
RECENT = 0.1  # seconds: figures that old still go with the curves; beyond, curves do not wait for a model that is costly to look at


class Moment(LiveSource):
    """Answers for the moment that was taken last; `take` takes the present one.

    Curves end at the step whose figures are shown. Pictures that take turns to be drawn all draw the same moment. Only curves of a run so
    fast that it soon overwrites them are read as they are.
    """

    def __init__(self, ring: Ring, status: Callable[[], Status]):
        super().__init__(ring, lambda: self.status)
        self._now = status
        self.status, self._step = status(), 0
        self._shown: dict[str, tuple[int, Any]] = {}
        self._fleeting = False  # the curves are overwritten before they could be drawn
        self._key: tuple[int, ...] = ()
        self._took = 0
        self._before: tuple[int, float] = (0, 0.0)  # the look before the last one
        self._last: tuple[int, float] = (0, 0.0)
        self.take()

    def take(self) -> None:
        """From now on it is the present moment. Nothing new: the version stays."""
        with self._ring.still():
            status = self._now()
            looked, when = status.looked
            if when != self._last[1]:
                self._before, self._last = self._last, status.looked
            pace = (looked - self._before[0]) / max(when - self._before[1], 1e-9) if self._before[1] else math.inf  # steps a second
            self._fleeting = status.phase == "running" and pace * LONGEST > self._ring.room
            fresh = status.phase == "running" and not self._fleeting and time.perf_counter() - when < RECENT
            step = looked if fresh else status.step
            key = (step, self._ring.looks, self._ring.resets)
            self.status, self._step = status if step == status.step else replace(status, step=step), step
            if key != self._key:
                self._key, self._took = key, self._took + 1
                self._shown = self._ring.shown()

    @property
    def over(self) -> bool:
        """Whether what it tells of is gone: a person changed the run, put it back, or made a branch of it."""
        return self._key[2] != self._ring.resets or self._now().model is not self.status.model

    @property
    def version(self) -> Hashable:
        """Another one for another moment."""
        return (self._took, self._ring.version) if self._fleeting else self._took

    @property
    def step(self) -> int:
        """Steps done then."""
        return self._now().step if self._fleeting else self._step

    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and rows of a trace, as far as it went then."""
        return super().samples(stream, first, last if self._fleeting else min(last, self._step))

    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The events until then."""
        steps, index, value = super().events(stream, first)
        until = len(steps) if self._fleeting else int(np.searchsorted(steps, self._step))
        return steps[:until], index[:until], value[:until]

    def snapshot(self, stream: str) -> Any:
        """What a per-block stream showed then; None before."""
        found = self._shown.get(stream)
        return None if found is None else found[1]
