"""What a view sees of a running model: the latest stretch of every stream, overwritten as it goes.

The worker writes, the display timer reads; a lock is held for a copy only. Recording is elsewhere and lossless.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.engine.simulation import Block
from lab.model import Model

RING_BYTES = 8 << 20  # per sampled stream
RING_ROWS = 64  # but at least so many samples, however large one is
RING_EVENTS = 1 << 18


@dataclass
class _Columns:
    """A circular table: `columns` share capacity; rows are numbered from 0 since the start of the ring."""

    columns: tuple[np.ndarray, ...]
    written: int = 0

    def put(self, rows: tuple[np.ndarray, ...]) -> None:
        capacity = len(self.columns[0])
        n = len(rows[0])
        keep = min(n, capacity)
        at = (self.written + n - keep) % capacity
        first = min(keep, capacity - at)
        for column, row in zip(self.columns, rows, strict=True):
            tail = row[n - keep :]
            column[at : at + first] = tail[:first]
            column[: keep - first] = tail[first:]
        self.written += n

    def last(self, n: int) -> tuple[np.ndarray, ...]:
        return self.part(max(0, self.written - n), self.written)

    def part(self, begin: int, end: int) -> tuple[np.ndarray, ...]:
        """Rows from number `begin` to before number `end`, as far as they are kept."""
        capacity = len(self.columns[0])
        end = min(end, self.written)
        n = max(0, end - max(begin, self.written - capacity, 0))
        at = (end - n) % capacity
        first = min(n, capacity - at)
        return tuple(c[at : at + n].copy() if first == n else np.concatenate([c[at:], c[: n - first]]) for c in self.columns)


@dataclass
class Ring:
    """Latest samples, events and snapshots of one run.

    `reset(model, step)` empties it; `put(block)` is the worker's; the rest is for readers on other threads.
    """

    model: Model
    _lock: Any = field(default_factory=threading.RLock)
    _samples: dict[str, _Columns] = field(default_factory=dict)
    _ends: dict[str, int] = field(default_factory=dict)
    _events: dict[str, _Columns] = field(default_factory=dict)
    _latest: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _version: int = 0
    began: int = 0  # the step at which it was emptied: what came before is not in it
    resets: int = 0  # how often it was emptied
    looks: int = 0  # and how often it was told what per-block streams show

    def __post_init__(self) -> None:
        self.reset(self.model, 0)

    def reset(self, model: Model, step: int) -> None:
        """Forget everything; the run stands at `step` (a restart, a seek)."""
        with self._lock:
            self.model = model
            self._samples.clear()
            self._events.clear()
            self._latest.clear()
            self._ends = {}
            self.began = step
            self._version += 1
            self.resets += 1

    def put(self, block: Block) -> None:
        """Take over what a block produced (copied)."""
        with self._lock:
            for name, rows in block.samples.items():
                if not len(rows):
                    continue
                columns = self._samples.get(name)
                if columns is None or self._ends.get(name) != block.start:
                    # First rows, or a gap because nobody was looking: a stretch must be unbroken to have a time axis.
                    row_bytes = max(1, rows[0:1].nbytes)
                    room = max(RING_ROWS, RING_BYTES // row_bytes)
                    columns = self._samples[name] = _Columns((np.empty((room, *rows.shape[1:]), rows.dtype),))
                columns.put((rows,))
                self._ends[name] = block.end
            for name, triple in block.events.items():
                if name not in self._events:
                    self._events[name] = _Columns((np.empty(RING_EVENTS, np.int64), np.empty(RING_EVENTS, np.int32), np.empty(RING_EVENTS)))
                if len(triple[0]):
                    self._events[name].put(triple)
            for name, value in block.snapshots.items():
                self._latest[name] = (block.end, value)
            self._version += 1

    def show(self, step: int, snapshots: dict[str, Any]) -> None:
        """Take over per-block streams observed for viewing at `step`."""
        with self._lock:
            for name, value in snapshots.items():
                self._latest[name] = (step, value)
            self._version += 1
            self.looks += 1

    def still(self) -> AbstractContextManager[Any]:
        """`with ring.still():` nothing is written meanwhile; what the worker writes within it is seen as a whole or not at all."""
        return self._lock

    @property
    def room(self) -> int:
        """Steps after which a sample has been overwritten: of the trace of which the fewest are kept."""
        with self._lock:
            return min((len(c.columns[0]) for c in self._samples.values()), default=1 << 62)

    def shown(self) -> dict[str, tuple[int, Any]]:
        """(step, value) of every per-block stream as last observed."""
        with self._lock:
            return dict(self._latest)

    @property
    def version(self) -> int:
        """Grows with every write: a view that saw this version has nothing to draw."""
        return self._version

    def samples(self, name: str, steps: int) -> tuple[int, np.ndarray]:
        """(absolute step of the first row, rows) of at most the last `steps` samples of a trace."""
        with self._lock:
            columns = self._samples.get(name)
            if columns is None:
                stream = self.model.stream(name)
                return 0, np.empty((0, *stream.shape), stream.dtype)
            (rows,) = columns.last(steps)
            return self._ends[name] - len(rows) + 1, rows

    def stretch(self, name: str, first: int, last: int) -> tuple[int, np.ndarray]:
        """(absolute step of the first row, rows) of the samples of a trace from step `first` to `last`, both included, as far as kept."""
        with self._lock:
            columns = self._samples.get(name)
            if columns is None:
                stream = self.model.stream(name)
                return 0, np.empty((0, *stream.shape), stream.dtype)
            before = self._ends[name] - columns.written  # the step before the first row that was ever written
            end = min(max(0, last - before), columns.written)
            (rows,) = columns.part(max(0, first - before - 1), end)
            return before + end - len(rows) + 1, rows

    def events(self, name: str, from_step: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(step, index, value) of the kept events not before `from_step`."""
        with self._lock:
            columns = self._events.get(name)
            if columns is None:
                return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)
            steps, index, value = columns.last(RING_EVENTS)
        first = int(np.searchsorted(steps, from_step))
        return steps[first:], index[first:], value[first:]

    def latest(self, name: str) -> tuple[int, Any] | None:
        """(step, value) of a per-block stream as last observed."""
        with self._lock:
            return self._latest.get(name)
