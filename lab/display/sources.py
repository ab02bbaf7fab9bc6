"""Where pictures read from: what runs (`LiveSource`) or a recording (`RecordedSource`); they cannot tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lab.engine import kinds
from lab.errors import LabError, ModelError
from lab.model import Happened, Model

if TYPE_CHECKING:
    from lab.engine.ring import Ring
    from lab.engine.runner import Runner
    from lab.engine.status import Status
    from lab.session.reader import SessionReader


class Source(Protocol):
    """Where pictures read from. `version` changes whenever there is something new to draw."""

    @property
    def model(self) -> Model: ...
    @property
    def version(self) -> Hashable: ...
    @property
    def step(self) -> int: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...
    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]: ...
    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
    def snapshot(self, stream: str) -> Any: ...
    def last(self, stream: str) -> Any: ...
    def history(self) -> tuple[Model, Sequence[Happened]]: ...
    def labels(self, stream: str) -> tuple[str, ...]: ...


MOST_LEFT = 100  # runs, each a branch of the next, whose curves are joined


def _joined(old: tuple[np.ndarray, ...], new: tuple[np.ndarray, ...]) -> Any:
    """Columns of what came before and since; only what came since where another model made them."""
    if not len(old[0]) or any(a.shape[1:] != b.shape[1:] for a, b in zip(old, new, strict=True)):
        return new
    return tuple(np.concatenate(pair) for pair in zip(old, new, strict=True))


class LiveSource:
    """Reads what runs: its ring, and its status asked for anew each time (`status` is a function).

    labels   a function of a stream's name giving the texts of its points, nodes or tiles; by default what the model says
    """

    def __init__(self, ring: Ring, status: Callable[[], Status], labels: Callable[[str], tuple[str, ...]] | None = None):
        self._ring = ring
        self._status = status
        self._labels = labels
        self.before: RecordedSource | None = None  # where the run goes on from, with the place: the ring holds what came since

    @classmethod
    def of(cls, runner: Runner) -> LiveSource:
        """The source of a runner."""
        return cls(runner.ring, lambda: runner.status)

    @property
    def model(self) -> Model:
        """The model with its present parameters."""
        return self._status().model

    @property
    def version(self) -> Hashable:
        """Grows with every write of the worker."""
        return self._ring.version

    @property
    def step(self) -> int:
        """Steps done."""
        return self._status().step

    @property
    def summary(self) -> Mapping[str, Any]:
        """Figures of the run so far."""
        return self._status().summary

    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and rows of a trace from step `first` to `last`, both included, as far as they are kept."""
        start, rows = self._ring.stretch(stream, first, last)
        steps = np.arange(start, start + len(rows))
        before, began = self.before, self._ring.began
        if before is not None and before.recorded(stream) and first <= began == before.step:
            steps, rows = _joined(before.samples(stream, first, min(last, began)), (steps, rows))
        return steps, rows

    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step, index and value of the kept events from step `first` on."""
        found = self._ring.events(stream, first)
        before, began = self.before, self._ring.began
        if before is not None and before.recorded(stream) and first < began == before.step:
            found = _joined(before.events(stream, first), found)
        return found

    def snapshot(self, stream: str) -> Any:
        """What a per-block stream showed last; None before."""
        found = self._ring.latest(stream)
        return None if found is None else found[1]

    def history(self) -> tuple[Model, Sequence[Happened]]:
        """The model as the run began, and the changes and actions since."""
        status = self._status()
        return status.first or status.model, status.log

    def last(self, stream: str) -> Any:
        """The same: what is newest is last."""
        return self.snapshot(stream)

    def labels(self, stream: str) -> tuple[str, ...]:
        """Texts of points, nodes or tiles."""
        if self._labels is not None:
            return self._labels(stream)
        status = self._status()
        return status.model.labels(status.constants, stream) if status.prepared else ()


class RecordedSource:
    """Reads a recorded run as it stood at step `place` (None: at its end). Reads a stretch ahead and keeps it.

    What a branch shows of the time before it began is read from the run that it left.
    last_look  where a run that still goes on shows curves now: theory and nullclines are stored only at its end
    again      the step at which a run that still goes on was looked at again, and what was seen: what was not recorded then
    """

    def __init__(
        self,
        reader: SessionReader,
        run_id: int,
        place: int | None = None,
        model: Model | None = None,
        labels: Callable[[str], tuple[str, ...]] | None = None,
        last_look: Callable[[str], Any] | None = None,
        again: Callable[[], tuple[int, Mapping[str, Any]]] | None = None,
        known: frozenset[int] = frozenset(),
    ):
        self._again = again
        self._reader = reader
        self.run = run_id
        self._last_look = last_look
        self._labels = labels
        info = next((r for r in reader.runs(deleted=True) if r.id == run_id), None)
        if info is None:
            raise ModelError(f"The session '{reader.path.name}' has no run {run_id}: choose one of its runs.")
        if model is None:
            from lab.engine.recording import experiment_of

            model = experiment_of(reader, info).build()
        self._model = model
        self._summary = info.summary
        extent = reader.extent(run_id)
        self.end = max(info.steps, extent[1] if extent else 0)
        self.place = place
        self._known = {s.name: s for s in reader.streams(run_id)}
        self._kept: dict[str, tuple[int, int, Any]] = {}
        self._snapshots: dict[str, tuple[int, Any]] = {}
        self._ends: dict[str, Any] = {}
        self._left: RecordedSource | None = None
        # A damaged file may hold a circle, or a line without an end.
        if info.parent is not None and info.parent_step is not None and info.parent not in known and len(known) < MOST_LEFT:
            try:
                self._left = RecordedSource(reader, info.parent, info.parent_step, known=known | {run_id, info.parent})
            except LabError:  # the run was taken out, or is damaged: what came since can be read
                pass

    @property
    def model(self) -> Model:
        """The model the run was made with."""
        return self._model

    @property
    def version(self) -> Hashable:
        """Changes only when another place is looked at, or more of it is seen."""
        return ("recorded", self.run, self.step, tuple(self._seen_again()))

    @property
    def step(self) -> int:
        """The place looked at."""
        return self.end if self.place is None else self.place

    @property
    def summary(self) -> Mapping[str, Any]:
        """Figures of the whole run."""
        return self._summary

    def recorded(self, stream: str) -> bool:
        """Whether there is anything of a stream; a file may name as parent a run of quite another model."""
        return stream in self._known

    def _before(self, stream: str) -> RecordedSource | None:
        """Where a stream is read of the time before this run began."""
        return self._left if self._left is not None and self._left.recorded(stream) else None

    def _stretch(self, stream: str, first: int, last: int, read: Callable) -> Any:
        kept = self._kept.get(stream)
        if kept is None or first < kept[0] or last > kept[1]:
            span = last - first + 1
            low, high = max(0, first - span), last + 2 * span
            kept = self._kept[stream] = (low, high, read(self.run, stream, low, high + 1))
        return kept[2]

    def samples(self, stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and rows of a recorded trace; empty where it was not recorded."""
        if stream not in self._known:
            declared = self._model.stream(stream)
            return np.empty(0, np.int64), np.empty((0, *declared.shape), declared.dtype)
        steps, rows = self._stretch(stream, first, last, self._reader.samples)
        low, high = np.searchsorted(steps, [first, last + 1])
        found = steps[low:high], rows[low:high]
        left = self._before(stream)
        return _joined(left.samples(stream, first, min(last, left.step)), found) if left is not None and first <= left.step else found

    def events(self, stream: str, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step, index and value of recorded events from step `first` to the place looked at."""
        if stream not in self._known:
            return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)
        columns = self._stretch(stream, first, self.step, self._reader.events)
        low, high = np.searchsorted(columns[0], [first, self.step])
        found = tuple(column[low:high] for column in columns)
        left = self._before(stream)
        return _joined(left.events(stream, first), found) if left is not None and first < left.step else found

    def _seen_again(self) -> Mapping[str, Any]:
        step, seen = self._again() if self._again is not None else (-1, {})
        return seen if step == self.step else {}

    def snapshot(self, stream: str) -> Any:
        """What was seen again at the place, or the last recorded look at or before it; of a curve that was only looked at later, that look."""
        seen = self._seen_again()
        if stream in seen:
            return seen[stream]
        curve = self._model.stream(stream).kind == "curve"
        kept = self._snapshots.get(stream)
        if kept is None or kept[0] != self.step:
            found = self._reader.latest_snapshot(self.run, stream, self.step) if stream in self._known else None
            if found is None and curve and stream in self._known:
                found = self._reader.latest_snapshot(self.run, stream)
            kept = self._snapshots[stream] = (self.step, None if found is None else self._checked(stream, found[1]))
        if kept[1] is None and curve and self._last_look is not None:
            return self._last_look(stream)
        return kept[1]

    def _checked(self, stream: str, shown: Any) -> Any:
        """What a file says was shown: checked like what a model shows, since a file may come from anywhere."""
        return kinds.checked(self._model._owner(), self._model.stream(stream), shown)

    def history(self) -> tuple[Model, Sequence[Happened]]:
        """The model as the run began, and the changes and actions since."""
        from lab.engine.recording import experiment_of

        info = next(r for r in self._reader.runs(deleted=True) if r.id == self.run)
        log = [Happened(e.step, e.kind, e.name, dict(e.payload)) for e in self._reader.log(self.run)]  # type: ignore[arg-type]
        return experiment_of(self._reader, info).build(), log

    def last(self, stream: str) -> Any:
        """What a per-block stream showed at the end of the run, for what never changes in it (names, inputs)."""
        if stream not in self._ends:
            found = self._reader.latest_snapshot(self.run, stream) if stream in self._known else None
            if found is not None:
                shown = self._checked(stream, found[1])
            else:
                shown = self._last_look(stream) if self._last_look is not None else None
            if shown is None:
                return None
            self._ends[stream] = shown
        return self._ends[stream]

    def labels(self, stream: str) -> tuple[str, ...]:
        """Texts of points, nodes or tiles: those of the run in motion, or those it was recorded with."""
        if self._labels is not None and (found := self._labels(stream)):
            return found
        stored = self._known[stream].meta.get("labels") if stream in self._known else None
        return tuple(stored) if isinstance(stored, list) and all(isinstance(text, str) for text in stored) else ()


@dataclass(frozen=True)
class Overlay:
    """An earlier run drawn behind the present one: its name, a colour ('#rrggbb' or a token) and where it is read."""

    name: str
    colour: str
    source: Source
