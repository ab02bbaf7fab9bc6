"""When a run does its next block, and how large it is."""

from __future__ import annotations

import sys
import time

BLOCK_SECONDS = 0.012
PACED_SECONDS = 0.006  # a run that keeps to the wall clock advances about so often
# A window holds Python's lock for milliseconds while it paints, and each block waits for it: where nobody has asked anything of the run
# for a while, blocks are fewer and longer.
ALONE_SECONDS = 0.024
ALONE_AFTER = 1.0
LONGEST_BLOCK = 0.04  # seconds a block may last by the clock on the wall
# A block waits for Python's lock after each kernel while a window draws. Measured with the wall clock that wait, which does not
# depend on the number of steps, would shrink blocks until nothing but waiting was left. Windows counts a thread's time in ticks
# of 16 ms, too coarse for this.
thread_seconds = time.perf_counter if sys.platform == "win32" else time.thread_time
OBSERVE_SECONDS = 1 / 30
# Pictures show the moment that was looked at last: a run that leaves time is looked at after each of its blocks. Looked at as often as
# a window draws, the two beat against each other, and every third frame would find nothing new. A run that goes as fast as it can
# keeps Python's lock for itself.
OBSERVE_PACED_SECONDS = 0.75 * PACED_SECONDS
OBSERVE_SHARE = 0.1  # most of the run's time that watching may take
SPEED_SECONDS = 0.25  # over which the speed reached is measured


class Pacing:
    """Keeps a run to the wall clock, its blocks short enough to listen between them, and watching to a share of its time."""

    def __init__(self) -> None:
        self.per_step = BLOCK_SECONDS  # seconds
        self._size = 1.0  # steps of a block
        self._from = self._measured_from = (time.perf_counter(), 0)
        self._asked_at = time.perf_counter()
        self._between = OBSERVE_SECONDS  # two looks, at least
        self._watched_at = self._watch_cost = 0.0
        self._watched_for = 0.0  # seconds that the last look took

    def begin(self, step: int) -> None:
        """Keep time from this step on."""
        self._from = self._measured_from = (time.perf_counter(), step)
        self._size = 1.0

    def block(self, step: int, rate: float | None, target: int | None) -> int:
        """Steps for the next block: about 12 ms of work, or 24 where nobody asks anything, not ahead of the wall clock, not past the target; 0: wait.

        rate   steps per second of wall time; None: as fast as it goes
        """
        self._between = OBSERVE_SECONDS if rate is None else OBSERVE_PACED_SECONDS
        n = max(1, int(self._size))
        if target is not None:
            n = min(n, target - step)
        if rate is None:
            return n
        began, first = self._from
        due = first + int((time.perf_counter() - began) * rate) - step
        if due < max(1.0, min(rate * PACED_SECONDS, n)):
            # Little is due: wait for more. Step by step the worker would be at it all the time, and the window, which asks for
            # Python's lock at each of its calls, would hardly get it.
            return 0
        if due > rate * 0.5 + n:
            # More than half a second behind: the machine cannot keep this pace; do not run after it for ever.
            self._from = (time.perf_counter() - n / rate, step)
        return min(n, due)

    def asked(self) -> None:
        """Somebody asks something of the run, and may ask more: listen often."""
        self._asked_at = time.perf_counter()

    @staticmethod
    def clock() -> tuple[float, float]:
        """The time now, on the wall and of this thread, for `did`."""
        return time.perf_counter(), thread_seconds()

    def did(self, began: tuple[float, float], asked: int, steps: int) -> None:
        """A block was done."""
        now = time.perf_counter()
        aim = ALONE_SECONDS if now - self._asked_at > ALONE_AFTER else BLOCK_SECONDS
        took = max(thread_seconds() - began[1], (now - began[0]) * aim / LONGEST_BLOCK)
        if steps:
            self.per_step = took / steps
        if steps == asked:
            self._size = max(1.0, min(asked * aim / max(took, 1e-6), 4.0 * asked, 1 << 24))

    def reached(self, step: int) -> float | None:
        """Steps per second since it was measured last; None where that was a moment ago."""
        now = time.perf_counter()
        then, first = self._measured_from
        if now - then <= SPEED_SECONDS:
            return None
        self._measured_from = (now, step)
        return (step - first) / (now - then)

    # -- watching --

    def watch_due(self) -> bool:
        """Whether it is time to look again."""
        return time.perf_counter() - self._watched_at > max(self._between, self._watch_cost / OBSERVE_SHARE)

    def watched(self, began: float) -> None:
        """A look that began then is over."""
        self._watched_at = time.perf_counter()
        # The lesser of the last two: one that was dear because it had to compile, or the machine was busy, says nothing of the next,
        # and the picture would stand still for twenty seconds after it.
        cost, self._watched_for = self._watched_for, self._watched_at - began
        self._watch_cost = min(cost, self._watched_for)

    @property
    def watching(self) -> float:
        """Share of the run's time that watching takes."""
        period = max(self._between, self._watch_cost / OBSERVE_SHARE)
        return min(1.0, self._watch_cost / (period + self._watch_cost))
