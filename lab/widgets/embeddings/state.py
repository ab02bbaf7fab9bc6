"""What an explorer knows and is asked, without a window: vectors, places, selection, question, colours.

source --read--> names, vectors, raw places
                     |
  lay_out, answer_again, judge --> points, answer, judged      `wait` lets go of the thread; `came` takes what it found
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.display.sources import Source
from lab.embedding import exploration as explore
from lab.embedding.attributes import Attributes, column_of
from lab.embedding.exploration import Answer, Bookmark, Colouring
from lab.embedding.neighbours import neighbours_true
from lab.embedding.pca import align
from lab.embedding.streams import COUNT, FRAMES, INPUTS, NAME, NAMES, VECTORS
from lab.embedding.vectors import Vectors
from lab.errors import LabError
from lab.model import Model
from lab.units import number
from lab.units import number as printed
from lab.widgets.embeddings.judging import Judged, judge, worker

RUN, FLAT, SOLID, AXES = "map", "pca2", "pca3", "axes"
LAYOUTS = ((RUN, "Map of the run"), (FLAT, "Principal components"), (SOLID, "Components in 3-D"), (AXES, "Concept axes"))
CLUSTER, FREQUENCY, FALSE, CLASS = "cluster", "frequency", "how false", "class"
JUDGE_EVERY = 0.5  # seconds between two looks at how true the map is
EDGES, MOST_EDGES = 5, 400  # neighbours joined to each of so many selected points
ALONG = "decoded path"  # the stream that shows what lies along the path drawn
EARLY = "No vectors were kept so early in the run: move the bar of recorded time on."
DEFAULT_AXES = "she - he; paris - france"


@dataclass(frozen=True)
class Named:
    """The names of the points, how often each occurs where that is known, and further columns; of one source."""

    source: Any
    words: tuple[str, ...]
    counts: np.ndarray | None
    columns: dict[str, tuple[str, ...]]


class Exploration:
    """A map of a run's vectors and what is asked of it. The widget shows it and tells it what a person does."""

    def __init__(self, model: Model, stream: str):
        self.model, self.stream = model, stream
        self.raw = np.empty((0, 3))  # the map as the run has it: x, y, [z], class, size
        self.points = np.empty((0, 2), np.float32)  # where points lie now
        self.vectors: Vectors | None = None
        self.names: Named | None = None
        self.layout, self.axes = RUN, DEFAULT_AXES
        self.colour, self.coloured = "", False  # what colours mean, and whether a person chose that
        self.asked = model.asks.question
        self.own = False  # whether a person has asked: what a model asks of itself may have no answer in another text
        self.answer: Answer | None = None
        self.complaint = ""  # why there is no answer
        self.chosen: np.ndarray | None = None
        self.visible: np.ndarray | None = None
        self.judged: Judged | None = None
        self.order = np.empty(0, np.int64)
        self.note = ""  # what is said below the map until something else is done
        self.answered = 0.0  # until then the answer holds
        self.pending: Future[Judged] | None = None
        self.reading: Future[Answer] | None = None  # a file of questions that is being answered
        self._read_for: tuple[Any, ...] = ()
        self.judged_at = 0.0
        self._judged_for: tuple[Any, ...] = ()
        self._own: tuple[Named | None, np.ndarray, Attributes] | None = None  # of which names and map, and what is known of them
        self._whole: tuple[Judged | None, Attributes, Attributes] | None = None  # with what the thread has found

    # -- the model and its streams --

    @property
    def metric(self) -> str:
        """How near is measured: as the model says."""
        return self.model.asks.metric

    @property
    def dimensions(self) -> int:
        """Numbers of a place in the map of the run."""
        channels = [c.lower() for c in self.model.stream(self.stream).channels]
        return 3 if len(channels) > 2 and channels[2] == "z" else 2

    def offers(self, stream: str) -> bool:
        """Whether the model has a stream of this name."""
        return any(s.name == stream for s in self.model.streams)

    def wanted(self, along: bool) -> frozenset[str]:
        """Streams to look at: the map, its vectors, their names until they are known, what lies along a path that was drawn."""
        found = {self.stream, VECTORS} | ({NAMES} if self.names is None else set())
        if self.offers(INPUTS) and (self.names is None or (self.answer is not None and self.answer.kind == "word")):
            found.add(INPUTS)
        if along and self.offers(ALONG):
            found.add(ALONG)
        return frozenset(found)

    def set_model(self, model: Model) -> None:
        """Take over changed parameters; a new question of the model is asked here, too."""
        before, self.model = self.model, model
        if model.asks.question != before.asks.question:
            self.own, self.asked = True, model.asks.question

    def go_on_from(self, other: Exploration) -> None:
        """Ask and colour as another exploration."""
        self.asked, self.own = other.asked, other.own
        self.colour, self.coloured = other.colour, other.coloured
        self.axes = other.axes

    # -- reading --

    def read(self, source: Source) -> bool:
        """Take over map, names and vectors; False where the source has nothing to show."""
        raw = source.snapshot(self.stream)
        if raw is None or not len(raw):
            return False
        raw = np.asarray(raw)
        if len(raw) != len(self.raw):
            self.chosen = self.visible = self.judged = None
        self.raw = raw
        self._read_names(source)
        self._read_vectors(source)
        return True

    def forget(self) -> bool:
        """Another run is in front that has nothing to show yet: neither map nor answers of the last one; whether there were any."""
        if not len(self.raw):
            return False
        self.raw, self.points = np.empty((0, 3)), np.empty((0, 2), np.float32)
        self.vectors = self.names = self.answer = self.judged = self.chosen = self.visible = None
        self.answered = 0.0
        return True

    def _read_names(self, source: Source) -> None:
        if self.names is not None and self.names.source is source:
            return
        table = source.last(NAMES)
        if not table:
            self.names = self.vectors = None  # those of another run would be wrong
            return
        columns = {key: tuple(str(row.get(key, "")) for row in table) for key in table[0]}
        words, counts = columns.pop(NAME), columns.pop(COUNT, None)
        if self.names is None or self.names.words != words or self.names.columns != columns:
            self.vectors = None
        self.names = Named(source, words, np.array([float(c) for c in counts]) if counts else None, columns)

    def _read_vectors(self, source: Source) -> None:
        """The vectors, whenever they are others."""
        matrix = source.snapshot(VECTORS)
        early = False
        if matrix is None and self.offers(FRAMES):
            matrix = source.snapshot(FRAMES)
            early = matrix is None and source.last(FRAMES) is not None
        self.note = EARLY if early else "" if self.note == EARLY else self.note
        if early:
            self.vectors = None  # those of the end would be wrong
            return
        if matrix is None:
            matrix = source.last(VECTORS)
        if matrix is None or self.names is None:
            return
        words = self.names.words
        if (self.vectors is None or matrix is not self.vectors.matrix) and len(matrix) <= len(words):
            self.vectors = Vectors(words[: len(matrix)], matrix, None, {}, "This space")
        if len(self.order) != len(self.raw):
            self.order = np.arange(len(self.raw))

    def whole(self) -> Vectors | None:
        """The vectors as they are now with all that is known of them."""
        if self.vectors is None or self.names is None:
            return None
        n, counts = len(self.vectors), self.names.counts
        known = {name: texts[:n] for name, texts in self.names.columns.items()}
        return Vectors(
            self.names.words[:n],
            np.asarray(self.vectors.matrix, np.float32),
            None if counts is None else counts[:n].astype(np.int64),
            known,
        )

    def shown_vectors(self) -> Vectors | None:
        """The vectors of an isolated selection, or all."""
        whole = self.whole()
        if whole is None or self.visible is None:
            return whole
        rows = np.flatnonzero(self.visible)
        metadata = {name: tuple(texts[k] for k in rows) for name, texts in whole.metadata.items()}
        return Vectors(
            tuple(whole.words[k] for k in rows), whole.matrix[rows], None if whole.counts is None else whole.counts[rows], metadata
        )

    def pictures(self, source: Source) -> np.ndarray | None:
        """What each vector was made from, where the model shows it."""
        found = source.last(INPUTS) if self.offers(INPUTS) else None
        return found if found is not None and len(found) else None

    # -- where the points lie --

    def lay_out(self) -> str:
        """Place the points; a sentence where the layout cannot be, and the map of the run is shown instead."""
        before, n = self.points, len(self.raw)
        own = np.ascontiguousarray(self.raw[:, : self.dimensions], np.float32)
        self.points = own
        try:
            if self.layout == AXES and self.vectors is not None:
                self.points = np.ascontiguousarray(explore.on_axes(self.vectors, n, self.axes), np.float32)
            elif self.layout in (FLAT, SOLID) and self.vectors is not None:
                found = explore.components(self.vectors, n, 3 if self.layout == SOLID else 2)
                # The signs and turns of components mean nothing: each frame is turned to lie nearest to the last.
                self.points = np.ascontiguousarray(align(found, before) if before.shape == found.shape else found, np.float32)
        except LabError as error:
            return str(error)
        return self.note

    @property
    def axes_shown(self) -> str:
        """The axes of meaning that the map has now: chosen here, or by the run."""
        if self.layout == AXES:
            return self.axes
        return self.model.asks.axes if self.layout == RUN else ""

    # -- questions --

    def ask(self, text: str) -> None:
        """Something that a person typed."""
        self.asked, self.own = text.strip(), True
        self.answered = 0.0
        self.answer_again()

    def pick(self, row: int) -> bool:
        """Ask for the neighbours of a point, or nothing beside all points; whether there is such a point."""
        if self.vectors is None or row >= len(self.vectors):
            return False
        self.asked = self.vectors.words[row] if row >= 0 else ""
        self.answered = 0.0
        self.answer_again()
        return True

    def answer_again(self) -> bool:
        """Answer with the vectors as they are now; not at each frame where that takes long. Whether it was done."""
        now = time.monotonic()
        if self.vectors is None:
            self.answer, self.answered = None, 0.0
            return True
        if now < self.answered:
            return False
        if explore.is_file(self.asked):
            self._ask_file(self.vectors)
            return True
        self.answer, self.complaint = None, ""
        if self.asked:
            try:
                self.answer = explore.answer(self.vectors, self.asked, metric=self.metric)
            except LabError as error:
                self.complaint = str(error) if self.own else ""
        self.answered = now + 10 * (time.monotonic() - now)
        return True

    def _ask_file(self, vectors: Vectors) -> None:
        """Let the thread answer a file of questions, which may take long, whenever the vectors are others."""
        if self.reading is not None or (self._read_for and self._read_for[0] == self.asked and self._read_for[1] is vectors):
            return
        if self.answer is not None and not self.answer.said:
            self.answer = None
        self._read_for = (self.asked, vectors)
        self.answered = time.monotonic() + JUDGE_EVERY
        self.reading = worker().submit(explore.answer_file, vectors, self.asked)

    def take_file(self) -> bool:
        """Take the answer to a file of questions, if the thread has one."""
        if self.reading is None or not self.reading.done():
            return False
        future, self.reading = self.reading, None
        if self._read_for[0] == self.asked:  # nothing else was asked meanwhile
            self.complaint = ""
            try:
                self.answer = future.result()
            except (LabError, OSError) as error:
                self.answer, self.complaint = None, str(error)
        return True

    def facts_of(self, row: int) -> list[str]:
        """What is known of a point beside its name."""
        if row < 0 or self.names is None:
            return []
        facts = [f"count {self.names.counts[row]:.0f}"] if self.names.counts is not None else []
        return facts + [f"{name} {texts[row]}" for name, texts in self.names.columns.items() if texts[row]]

    def edges(self) -> np.ndarray:
        """Pairs of a point and each of its true neighbours: of the selection, or of what was asked."""
        n = len(self.points)
        none = np.empty((0, 2), np.int64)
        if self.vectors is None:
            return none
        rows = (
            np.flatnonzero(self.chosen)[:MOST_EDGES]
            if self.chosen is not None
            else np.array(self.answer.rows if self.answer else (), np.int64)
        )
        rows = rows[rows < n]
        if not len(rows):
            return none
        count = min(EDGES if len(rows) > 1 else 12, n - 1)
        near = explore.near_rows(self.vectors, rows, n, count, self.metric)
        return np.column_stack([np.repeat(rows, count), near.ravel()])

    # -- selection --

    def choose(self, inside: np.ndarray) -> None:
        """Select points (n,) bool; none of them clears the selection."""
        self.note = ""
        self.chosen = inside if len(inside) == len(self.points) and inside.any() else None

    def isolate(self) -> bool:
        """Show only what is selected; whether anything was."""
        if self.chosen is None:
            return False
        self.visible, self.chosen = self.chosen, None
        return True

    def shown(self) -> int:
        """How many points are shown."""
        return len(self.points) if self.visible is None else int(self.visible.sum())

    # -- how true the map is --

    def judge(self, version: Any) -> None:
        """Let the thread look, if the last look is old and something is new (`version` of the source)."""
        now = time.monotonic()
        key = (version, self.layout, self.axes, self.colour if self.colour in (CLUSTER, FALSE) else "")
        if self.vectors is None or self.pending is not None or key == self._judged_for or now - self.judged_at < JUDGE_EVERY:
            return
        if len(self.points) < 5 or not np.isfinite(self.points).all():
            return
        self._judged_for, self.judged_at = key, now
        known = self.judged.truth if self.judged is not None else None
        self.pending = worker().submit(
            judge, self.vectors, self.points.astype(np.float64), self.metric, known, self.colour == CLUSTER, self.colour == FALSE
        )

    def judge_soon(self) -> None:
        """The next look need not wait."""
        self.judged_at = 0.0

    def take_judgement(self, wait: bool = False) -> bool:
        """Take what the thread found (`wait`: until it did); whether there was something."""
        if self.pending is None or not (wait or self.pending.done()):
            return False
        future, self.pending = self.pending, None
        found = future.result()
        if len(found.falseness) == len(self.raw):
            self.judged = found
        return True

    def judge_now(self, version: Any) -> None:
        """Wait until the thread has judged what is shown (tests and exports)."""
        self.take_judgement(wait=True)  # perhaps of what was asked before
        self.judged_at, self._judged_for = 0.0, ()
        self.judge(version)
        self.take_judgement(wait=True)

    def facts(self) -> list[str]:
        """How many of how many, and how true."""
        n, shown = len(self.points), self.shown()
        if not n:
            return []
        words = [f"all {printed(n)} shown" if shown == n else f"{printed(shown)} of {printed(n)} shown"]
        if self.vectors is not None and len(self.vectors) > n:
            words = [f"{printed(shown)} of {printed(len(self.vectors))} shown"]
        if self.judged is not None and np.isfinite(self.judged.trustworthiness):
            words.append(f"trustworthiness {self.judged.trustworthiness:.3f}")
            words.append(neighbours_true(self.judged.recall))
        return [w.replace(",", "\u202f") for w in words]

    # -- colours --

    def colourings(self) -> list[str]:
        """What points can be coloured by, the best first."""
        names = list(self.names.columns) if self.names else []
        classes = self.raw[:, self.dimensions] if self.raw.shape[1] > self.dimensions and not names else np.empty(0)
        found = names or ([CLASS] if len(classes) and (classes != classes[0]).any() else [])
        return [*found, *([FREQUENCY] if self.names is not None and self.names.counts is not None else []), CLUSTER, FALSE]

    def colouring(self) -> Colouring | None:
        """Classes or values of the points, by what is chosen; None where it is not known yet."""
        n, names = len(self.raw), self.names
        if self.colour == CLUSTER:
            found = self.judged.clusters if self.judged is not None else None
            return None if found is None else Colouring(CLUSTER, found, tuple(f"cluster {k + 1}" for k in range(int(found.max()) + 1)))
        if self.colour == FALSE:
            if self.judged is None:
                return None
            some = (
                f" (measured at {self.judged.measured} points, others as the nearest of them)"
                if self.judged.measured < n
                else " its neighbourhood is"
            )
            return Colouring(f"how false{some}", values=self.judged.falseness)
        if self.colour == FREQUENCY and names is not None and names.counts is not None:
            return explore.by_frequency(names.counts[:n])
        if names is not None and self.colour in names.columns:
            return explore.by_column(self.colour, names.columns[self.colour][:n])
        if self.raw.shape[1] > self.dimensions:
            return explore.by_column(CLASS, [number(v, 6) for v in self.raw[:, self.dimensions]])
        return None

    # -- bookmarks and tables --

    def bookmark(self) -> Bookmark:
        """The present view, named after what is asked; where one looks is the canvas' matter."""
        title = self.answer.title if self.answer is not None else dict(LAYOUTS)[self.layout]
        only = tuple(np.flatnonzero(self.visible).tolist()) if self.visible is not None else ()
        axes = self.axes if self.layout == AXES else ""
        return Bookmark(title, self.layout, colour=self.colour, axes=axes, asked=self.asked, only=only)

    def go_to(self, mark: Bookmark) -> None:
        """Show and ask as a bookmark says; layout and colours are chosen by whoever calls."""
        n = len(self.points)
        self.chosen, self.visible = None, None
        kept = [k for k in mark.only if k < n]
        if kept:
            self.visible = np.zeros(n, bool)
            self.visible[kept] = True
        self.asked, self.answered = mark.asked, 0.0
        self.answer_again()

    def attributes(self) -> Attributes:
        """What is known of each point of the map: name, count, own columns or class, how false its neighbourhood is, its cluster."""
        own, n = self._own, len(self.raw)
        if own is None or own[0] is not self.names or len(own[1]) != n or (self.names is None and own[1] is not self.raw):
            own = self._own = (self.names, self.raw, self._own_attributes())
        whole = self._whole
        if whole is None or whole[0] is not self.judged or whole[1] is not own[2]:
            more: dict[str, Any] = {}
            if self.judged is not None and len(self.judged.falseness) == n:
                more[FALSE] = np.round(self.judged.falseness, 3)
                if self.judged.clusters is not None:
                    more[CLUSTER] = self.judged.clusters + 1.0
            whole = self._whole = (self.judged, own[2], own[2].joined(more))
        return whole[2]

    def _own_attributes(self) -> Attributes:
        n, names = len(self.raw), self.names
        found: dict[str, Any] = {}
        if names is not None:
            found[NAME] = names.words[:n]
            if names.counts is not None:
                found[COUNT] = np.asarray(names.counts[:n], float)
            found |= {name: column_of(texts[:n]) for name, texts in names.columns.items()}
        if (names is None or not names.columns) and n and self.raw.shape[1] > self.dimensions:
            classes = np.asarray(self.raw[:, self.dimensions], float)
            if (classes != classes[0]).any():
                found[CLASS] = classes
        return Attributes(found)

    def table(self) -> tuple[list[str], list[Any]]:
        """Name, place and what is known of each point shown."""
        keep = slice(None) if self.visible is None else self.visible
        names: list[str] = list("xyz"[: self.points.shape[1]])
        columns: list[Any] = list(self.points[keep].T)
        rows = np.arange(len(self.points))[keep]
        if self.names is not None:
            words, counts, metadata = self.names.words, self.names.counts, self.names.columns
            names = [NAME, *names, *metadata]
            columns = [[words[k] for k in rows], *columns, *([texts[k] for k in rows] for texts in metadata.values())]
            if counts is not None:
                names.append(COUNT)
                columns.append(counts[rows])
        return names, columns


def placed(mark: Bookmark, centre: Any, scale: float, yaw: float, pitch: float) -> Bookmark:
    """A bookmark of a zoomed view."""
    return replace(mark, centre=tuple(float(v) for v in centre), scale=float(scale), yaw=float(yaw), pitch=float(pitch))
