"""Going back in a run: the states to come back to, and doing again what was done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from lab.engine.recording import Recorder, restore_point
from lab.engine.simulation import Checkpoint, Simulation, simulate
from lab.model import Happened, Model

GOOD_SECONDS = 1.0  # a state to come back to after a divergence, kept in memory
GOOD_SHARE = 0.02  # most of the run's time that keeping it may take


class Past:
    """Where a run may go back to: the last good state, in memory, and the checkpoints of its recording."""

    def __init__(self) -> None:
        self._good: Checkpoint | None = None
        self._kept_at = 0.0
        self._cost = 0.0

    def keep(self, simulation: Simulation) -> None:
        """The present state is good."""
        began = time.perf_counter()
        self.take(simulation.checkpoint())
        self._cost = self._kept_at - began

    def take(self, point: Checkpoint) -> None:
        """This state is good."""
        self._good, self._kept_at = point, time.perf_counter()

    def keep_when_due(self, simulation: Simulation) -> None:
        """Keep the present state each second, less often where that is expensive."""
        if time.perf_counter() - self._kept_at > max(GOOD_SECONDS, self._cost / GOOD_SHARE):
            self.keep(simulation)

    def nearest(self, within: int, recorder: Recorder | None, log: list[Happened]) -> Checkpoint | None:
        """The last checkpoint at or before a step: the one in memory or one of the recording, which begins with one."""
        points = [self._good] if self._good is not None and self._good.step <= within else []
        if recorder is not None:
            recorder.take_log(log)
            recorder.session.flush()
            with recorder.session.reader() as reader:
                stored = restore_point(reader, recorder.run_id, within)
            points += [stored] if stored else []
        return max(points, key=lambda p: (p.step, p.done), default=None)


def replay(simulation: Simulation, point: Checkpoint, log: list[Happened], place: int, schedule: Sequence[Happened]) -> None:
    """Stand at `place`: from the checkpoint on, do again what the log says was done, and what the schedule has ahead."""
    simulation.restore(point)
    simulation.log = log[: point.done]
    again = [h for h in log[point.done :] if h.step <= place]
    ahead = still_ahead(schedule, [*simulation.log, *again])
    for _ in simulate(simulation, place, record={}, schedule=[*again, *ahead]):
        pass


def complete_schedule(model: Model, schedule: Sequence[Happened]) -> tuple[Happened, ...]:
    """The schedule in order, with the defaults of left out arguments, as the log will show it."""
    known = type(model).actions()
    full = [replace(h, values=known[h.name].arguments(**h.values).values()) if h.kind == "act" and h.name in known else h for h in schedule]
    return tuple(sorted(full, key=lambda h: h.step))


def still_ahead(schedule: Sequence[Happened], done: Sequence[Happened]) -> list[Happened]:
    """What of the schedule is not in the log: each entry of the log stands for one of the schedule."""
    left = list(done)
    ahead = []
    for planned in schedule:
        if planned in left:
            left.remove(planned)
        else:
            ahead.append(planned)
    return ahead
