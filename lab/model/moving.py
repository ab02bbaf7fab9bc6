"""What moves and what a run leaves: the state as arrays, where `advance` writes, and what is read back of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lab.errors import ModelError

State = dict[str, np.ndarray]


def arrays(kind: Any, state: Mapping[str, np.ndarray]) -> Any:
    """A named tuple of the arrays of a state that are called as its fields: what moves, as one argument of a kernel."""
    return kind(*(state[name] for name in kind._fields))


class EventColumns(NamedTuple):
    """Room for events as a kernel takes it: step within the block, index and value of each, and how many there are (in used[0])."""

    step: np.ndarray
    cell: np.ndarray
    value: np.ndarray
    used: np.ndarray


class Events:
    """Room for the events of one block: three columns and a count, filled by a kernel.

    steps (capacity,) int64, counted from the start of the block; index (capacity,) int32; value (capacity,) float64;
    count (1,) int64. A kernel that finds no room returns the steps it completed: the engine empties and calls again.
    """

    __slots__ = ("count", "index", "steps", "value")

    def __init__(self, capacity: int):
        self.steps = np.zeros(capacity, np.int64)
        self.index = np.zeros(capacity, np.int32)
        self.value = np.zeros(capacity, np.float64)
        self.count = np.zeros(1, np.int64)

    @property
    def columns(self) -> EventColumns:
        """(steps, index, value, count) as a kernel takes them."""
        return EventColumns(self.steps, self.index, self.value, self.count)

    def append(self, step: int, index: int, value: float) -> None:
        """Add one event from Python (kernels write the columns)."""
        k = int(self.count[0])
        if k == len(self.steps):
            raise ModelError("The event buffer is full: advance must return early when count reaches the capacity.")
        self.steps[k], self.index[k], self.value[k] = step, index, value
        self.count[0] = k + 1


class Out:
    """Where `advance` writes: `out["V"]` an array (steps, *shape), or (0, *shape) when nobody wants it; `out.events["spikes"]`."""

    def __init__(self, samples: Mapping[str, np.ndarray], events: Mapping[str, Events]):
        self.samples = dict(samples)
        self.events = dict(events)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.samples[name]

    def wanted(self, name: str) -> bool:
        """Whether anybody looks at or records this sampled stream."""
        return len(self.samples[name]) > 0


@dataclass(frozen=True)
class Recorded:
    """What a stream holds after a run: `time` in the clock's unit, and `values`; events also have `index`."""

    time: np.ndarray
    values: Any
    index: np.ndarray | None = None
