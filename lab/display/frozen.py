"""What a source held at one moment, kept to be drawn behind what it holds now: the picture before a change."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from lab.display.sources import Source
from lab.model import Happened, Model


class Frozen:
    """A source that answers for ever what it was told first; stretches of time move along with the axis.

    The first question about a stream is passed on and its answer kept. A later question about another stretch gets the same
    rows, moved by the distance of the two stretches, so that the kept curve stays where it stood on the page.
    """

    def __init__(self, source: Source):
        self._source = source
        self._model, self._step, self._summary = source.model, source.step, dict(source.summary)
        self._samples: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}
        self._events: dict[str, tuple[int, np.ndarray, np.ndarray, np.ndarray]] = {}
        self._shown: dict[str, Any] = {}

    @property
    def model(self) -> Model:
        """The model as it was."""
        return self._model

    @property
    def version(self) -> Hashable:
        """Nothing new is ever to be drawn."""
        return ("frozen", id(self))

    @property
    def step(self) -> int:
        """Steps done then."""
        return self._step

    @property
    def summary(self) -> Mapping[str, Any]:
        """Figures then."""
        return self._summary

    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows kept, on the page asked for."""
        if stream not in self._samples:
            steps, rows = self._source.samples(stream, first, last)
            self._samples[stream] = first, np.array(steps), np.array(rows)
        began, steps, rows = self._samples[stream]
        return steps + (first - began), rows

    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The events kept, on the page asked for."""
        if stream not in self._events:
            steps, index, value = self._source.events(stream, first)
            self._events[stream] = first, np.array(steps), np.array(index), np.array(value)
        began, steps, index, value = self._events[stream]
        return steps + (first - began), index, value

    def snapshot(self, stream: str) -> Any:
        """What was shown then."""
        if stream not in self._shown:
            self._shown[stream] = self._source.snapshot(stream)
        return self._shown[stream]

    def last(self, stream: str) -> Any:
        """What was shown then."""
        return self.snapshot(stream)

    def history(self) -> tuple[Model, Sequence[Happened]]:
        """What had been changed up to then is told by the source."""
        return self._source.history()

    def labels(self, stream: str) -> tuple[str, ...]:
        """Texts of points, nodes or tiles."""
        return self._source.labels(stream)
