"""The explorer: a map of a run's vectors with questions, colours, lasso, axes and bookmarks; live or in the past of a run.

source --draw--> vectors, points --> Scene --> MapCanvas
                      |                 ^
                 Answer, Colouring -----+        a click, a lasso, a question, a bookmark
                      |
                 one thread: how true the map is, clusters
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QSizePolicy, QVBoxLayout, QWidget

from lab.display.plots import Overlay, Source
from lab.embedding import exploration as explore
from lab.embedding.exploration import Answer, Bookmark, Colouring
from lab.embedding.files import ENDINGS, save_vectors
from lab.embedding.pca import align
from lab.embedding.raster import SHAPES, View
from lab.embedding.streams import COUNT, FRAMES, INPUTS, NAME, NAMES, VECTORS
from lab.embedding.vectors import Vectors
from lab.errors import LabError
from lab.model import Model, Picture
from lab.widgets import theme
from lab.widgets.embeddings.canvas import LASSO, MOVE, PATH, MapCanvas
from lab.widgets.embeddings.drawing import Scene, paint_legend, ramp, series
from lab.widgets.embeddings.exchange import format_of, question_dialog, save_dialog, with_ending
from lab.widgets.embeddings.judging import Judged, judge, worker
from lab.widgets.embeddings.panel import Legend, Panel, Tiles
from lab.widgets.embeddings.places import Places
from lab.widgets.embeddings.toolbar import AXES, LAY_OUT, LAYOUTS, RUN, SOLID, Toolbar
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.settings import data_folder

CLUSTER, FREQUENCY, FALSE, CLASS = "cluster", "frequency", "how false", "class"
JUDGE_EVERY = 0.5  # seconds between two looks at how true the map is
EDGES, MOST_EDGES = 5, 400  # neighbours joined to each of so many selected points
LEAST = 400  # and one narrower than this none
NARROW = 560  # a card narrower than this has a narrow panel
ALONG = "decoded path"  # the stream that shows what lies along the path drawn
EARLY = "No vectors were kept so early in the run: move the bar of recorded time on."
DEFAULT_AXES = "she - he; paris - france"


@draws("map")
class ExplorerView(PictureView):
    """A map of vectors that can be asked."""

    def __init__(self, picture: Picture, model: Model, parent: QWidget | None = None):
        super().__init__(picture, model, parent)
        self._stream = picture.layers[0].stream
        self.vectors: Vectors | None = None
        self.points = np.empty((0, 2), np.float32)
        self.layout_kind = RUN
        self.colour = ""
        self.asked = ""
        self.answer: Answer | None = None
        self.chosen: np.ndarray | None = None
        self.visible: np.ndarray | None = None
        self.judged: Judged | None = None
        self._names: tuple[Any, tuple[str, ...], np.ndarray | None, dict[str, tuple[str, ...]]] | None = None
        self._raw = np.empty((0, 3))
        self._pending: Future[Judged] | None = None
        self._reading: Future[Answer] | None = None  # a file of questions that is being answered
        self._read_for: tuple[Any, ...] = ()
        self._judged_at = 0.0
        self._judged_for: tuple[Any, ...] = ()
        self._stale = False
        self._inks: tuple[Any, np.ndarray, np.ndarray | None] | None = None
        self._order = np.empty(0, np.int64)
        self._answered = 0.0
        self._coloured = False  # whether a person has chosen the colours
        self._own = False  # whether a person has asked something here: what a model asks of itself may have no answer in another text
        self._said = ""  # the caption as it was said below the map
        self._noted = ""  # what is said below the map until something else is done
        self._question_of_model = getattr(model, "question", "")
        self.asked = self._question_of_model
        self._build()

    # -- putting together --

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(3)
        self.bar = Toolbar(
            not any(t["what"] == "vectors" for t in type(self.model).takes), "decode_path" in type(self.model).actions(), self
        )
        self.layouts, self.colours, self.buttons = self.bar.layouts, self.bar.colours, self.bar.buttons
        self.layouts.activated.connect(self._layout_chosen)
        self.colours.activated.connect(self._colour_chosen)
        calls = {
            "move": self._move_key, "lasso": self._lasso_key, "path": self._path_key, "isolate": self.isolate, "clear": self.clear,
            "labels": self._labels_key, "edges": self._edges_key, "fit": self.fit, "panel": self._panel_key,
        }  # fmt: skip
        for name, call in calls.items():
            self.buttons[name].clicked.connect(call)
        left.addWidget(self.bar)
        self.axes = QLineEdit(DEFAULT_AXES, self)
        self.axes.setToolTip("Two formulas divided by a semicolon: across; upwards. Words are placed by their cosine with each.")
        self.axes.setAccessibleName("Concept axes")
        self.axes.editingFinished.connect(self._lay_out_again)
        self.axes.hide()
        self.canvas = MapCanvas(self)
        self.canvas.picked.connect(self.pick)
        self.canvas.chosen.connect(self.choose)
        self.canvas.walked.connect(self._walked)
        self.canvas.placed.connect(self._placed)
        self.legend = Legend(self)
        self.legend.chosen.connect(self._choose_class)
        self.state = QLabel(self)
        self.state.setProperty("role", "caption")
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        left.addWidget(self.axes)
        left.addWidget(self.canvas, 1)
        self.tiles = Tiles(self)
        left.addWidget(self.tiles)
        left.addWidget(self.state)
        left.addWidget(self.legend)
        self.panel = Panel(self)
        self.panel.asked.connect(self.ask)
        self.panel.file_wanted.connect(self._ask_for_file)
        self.panel.picked.connect(self.pick)
        self.places = Places(self.panel, self)
        self.places.changed.connect(self.bookmarked)
        self.places.went.connect(self.look_at)
        self.panel.kept.connect(self.keep)
        self.panel.pin_toggled.connect(self._pin)
        row.addLayout(left, 1)
        row.addWidget(self.panel)
        self.column.addLayout(row, 1)
        for keys, call in (
            ("Ctrl+F", self.search),
            ("Ctrl+D", self.keep),
            ("L", self._lasso_key),
            ("I", self.isolate),
            ("X", self.clear),
            ("E", self._edges_key),
            ("T", self._labels_key),
        ):
            QShortcut(QKeySequence(keys), self, call, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._fill_choices()

    def _fill_choices(self) -> None:
        """What points can be coloured by; kept as it is if it is still there."""
        names = list(self._names[3]) if self._names else []
        classes = self._raw[:, self._dimensions] if self._raw.shape[1] > self._dimensions and not names else np.empty(0)
        wanted = names or ([CLASS] if len(classes) and (classes != classes[0]).any() else [])
        wanted = [*wanted, *([FREQUENCY] if self._names and self._names[2] is not None else []), CLUSTER, FALSE]
        if [self.colours.itemData(k) for k in range(self.colours.count())] != wanted:
            self.colours.clear()
            for name in wanted:
                self.colours.addItem(theme.icon("mdi6.palette-outline"), name, name)
            self.colour = self.colour if self.colour in wanted and self._coloured else wanted[0]
        self.colours.setCurrentIndex(max(0, self.colours.findData(self.colour)))

    # -- for the shell --

    @property
    def wanted(self) -> frozenset[str]:
        """The map, its vectors, and their names until they are known."""
        names = {s.name for s in self.model.streams}
        found = {self._stream, VECTORS} | ({NAMES} if self._names is None else set())
        if INPUTS in names and (self._names is None or (self.answer is not None and self.answer.kind == "word")):
            found.add(INPUTS)
        if ALONG in names and len(self.canvas.path):
            found.add(ALONG)
        return frozenset(found)

    @property
    def caption(self) -> str:
        """How many of how many, and how true."""
        return " · ".join(self._facts())

    def _facts(self) -> list[str]:
        n, shown = len(self.points), self._shown()
        if not n:
            return []
        words = [f"all {n:,} shown" if shown == n else f"{shown:,} of {n:,} shown"]
        if self.vectors is not None and len(self.vectors) > n:
            words = [f"{shown:,} of {len(self.vectors):,} shown"]
        if self.judged is not None and np.isfinite(self.judged.trustworthiness):
            words.append(f"trustworthiness {self.judged.trustworthiness:.3f}")
            words.append(f"recall {self.judged.recall:.2f}")
        return [w.replace(",", "\u202f") for w in words]

    def _shown(self) -> int:
        return len(self.points) if self.visible is None else int(self.visible.sum())

    def refresh(self, source: Source, overlays: Sequence[Overlay] = (), *, force: bool = False) -> bool:
        """Draw what is new in the source, or what the thread has found out."""
        if not force and self.window().isVisible() and not self.isVisible():
            return False
        came = self._pending is not None and self._pending.done()
        if self._reading is not None and self._reading.done():
            self._take_file()
            self._stale = True
        if came:
            self._take()
        elif len(self._raw):
            self._judge()  # the last frame of a run comes before the time for the next look
        stale, self._stale = self._stale, False
        return super().refresh(source, overlays, force=force or came or stale)

    def set_model(self, model: Model) -> None:
        """Take over changed parameters; a new question of the model is asked here, too."""
        super().set_model(model)
        question = getattr(model, "question", "")
        if question != self._question_of_model:
            self._own = True
            self._question_of_model = question
            self.asked = question

    def go_on_from(self, before: Any) -> None:
        """Ask, colour and lay out as the explorer that stood here, where the same model got other pictures."""
        self.asked, self._own = before.asked, before._own
        self.colour, self._coloured = before.colour, before._coloured
        self.axes.setText(before.axes.text())
        self.set_layout(before.layout_kind)
        for name in ("labels", "edges", "panel"):
            self.buttons[name].setChecked(before.buttons[name].isChecked())

    # -- reading the source --

    @property
    def nearness(self) -> str:
        """How near is measured: as the model says, else by the cosine."""
        return str(getattr(self.model, "metric", "cosine"))

    @property
    def _dimensions(self) -> int:
        channels = [c.lower() for c in self.model.stream(self._stream).channels]
        return 3 if len(channels) > 2 and channels[2] == "z" else 2

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Read map and vectors, answer again, and show it."""
        raw = source.snapshot(self._stream)
        if raw is None or not len(raw):
            self._forget()
            return False
        raw = np.asarray(raw)
        if len(raw) != len(self._raw):
            self.chosen = self.visible = self.judged = None
            self._inks = None
        self._raw = raw
        self._read(source)
        self._lay_out()
        self._ask_again()
        self._judge()
        self._show()
        self.tiles.set_values(
            source.snapshot(ALONG) if len(self.canvas.path) and any(s.name == ALONG for s in self.model.streams) else None
        )
        return True

    def _forget(self) -> None:
        """Another run is in front that has nothing to show yet: neither map nor answers of the last one."""
        if not len(self._raw):
            return
        self._raw, self.points = np.empty((0, 3)), np.empty((0, 2), np.float32)
        self.vectors = self._names = self.answer = self.judged = self.chosen = self.visible = None
        self._answered = 0.0
        self._show_answer()
        self.tiles.set_values(None)
        self.canvas.path = np.empty((0, 2))
        self.canvas.show_scene(Scene(self.points, np.empty((0, 3), np.uint8)))

    def _read(self, source: Source) -> None:
        """Names once, vectors whenever they are others."""
        if self._names is None or self._names[0] is not source:
            table = source.last(NAMES)
            if table:
                columns = {key: tuple(str(row.get(key, "")) for row in table) for key in table[0]}
                words, counts = columns.pop(NAME), columns.pop(COUNT, None)
                known = np.array([float(c) for c in counts]) if counts else None
                if self._names is None and self._pictures(source) is not None:
                    self.buttons["labels"].setChecked(False)  # numbers of examples say little: their pictures do
                if self._names is None or self._names[1] != words or self._names[3] != columns:
                    self.vectors = None
                    self._inks = None
                    self.panel.set_words(words)
                self._names = (source, words, known, columns)
                self._fill_choices()
            else:
                self._names = self.vectors = None  # those of another run would be wrong
        matrix = source.snapshot(VECTORS)
        early = False
        if matrix is None and any(s.name == FRAMES for s in self.model.streams):
            matrix = source.snapshot(FRAMES)
            early = matrix is None and source.last(FRAMES) is not None
        self._noted = EARLY if early else "" if self._noted == EARLY else self._noted
        if early:
            self.vectors = None  # those of the end would be wrong
            return
        if matrix is None:
            matrix = source.last(VECTORS)
        if matrix is None or self._names is None:
            return
        if self.vectors is None or matrix is not self.vectors.matrix:
            words = self._names[1]
            if len(matrix) <= len(words):
                self.vectors = Vectors(words[: len(matrix)], matrix, None, {}, "This space")
        if len(self._order) != len(self._raw):
            self._order = np.arange(len(self._raw))

    def _lay_out(self) -> None:
        before, n = self.points, len(self._raw)
        try:
            if self.layout_kind == RUN or self.vectors is None:
                self.points = np.ascontiguousarray(self._raw[:, : self._dimensions], np.float32)
            elif self.layout_kind == AXES:
                self.points = np.ascontiguousarray(explore.on_axes(self.vectors, n, self.axes.text()), np.float32)
            else:
                found = explore.components(self.vectors, n, 3 if self.layout_kind == SOLID else 2)
                # The signs and turns of components mean nothing: each frame is turned to lie nearest to the last.
                self.points = np.ascontiguousarray(align(found, before) if before.shape == found.shape else found, np.float32)
            self.state.setText(self._noted)
        except LabError as error:
            self.state.setText(str(error))
            self.points = np.ascontiguousarray(self._raw[:, : self._dimensions], np.float32)

    # -- questions --

    def ask(self, text: str) -> None:
        """Ask something typed; the first word asked about comes into view."""
        self.asked, self._own = text.strip(), True
        self._answered = 0.0
        self._ask_again()
        self._show()
        if self.answer is not None and self.answer.kind == "word":
            self.canvas.centre_on(self.answer.rows[0])
        elif self.answer is not None and self.answer.kind == "formula":
            # The words of an analogy often lie close together: near enough to see the walk.
            rows = [r for r in self.answer.rows if r < len(self.points)]
            self.canvas.frame(
                np.concatenate([self.points[rows], self.canvas.scene.trail]) if len(self.canvas.scene.trail) else self.points[rows]
            )
        elif not self.asked:
            self.canvas.fit()
        self._stale = True

    def pick(self, row: int) -> None:
        """Ask for the neighbours of a point; beside all points, ask nothing."""
        if self.vectors is None or row >= len(self.vectors):
            return
        self.asked = self.vectors.words[row] if row >= 0 else ""
        self._answered = 0.0
        self._ask_again()
        self._show()
        self._stale = True

    def search(self) -> None:
        """Type a word."""
        self.buttons["panel"].setChecked(True)
        self._panel_key()
        self.panel.field.setFocus()
        self.panel.field.selectAll()

    def _ask_again(self) -> None:
        """Answer with the vectors as they are now; not at each frame where that takes long."""
        now = time.monotonic()
        if self.vectors is None:
            self.answer, self._answered = None, 0.0
            self._show_answer()
            return
        if now < self._answered:
            return
        self.panel.set_question(self.asked)
        if explore.is_file(self.asked):
            self._ask_file()
            return
        if not self.asked:
            self.answer = None
            self.panel.say("")
        else:
            try:
                self.answer = explore.answer(self.vectors, self.asked, metric=self.nearness)
                self.panel.say("")
            except LabError as error:
                self.answer = None
                self.panel.say(str(error) if self._own else "")
                if not self._own:
                    self.panel.set_question("")
        self._answered = now + 10 * (time.monotonic() - now)
        self._show_answer()

    def _ask_for_file(self) -> None:
        dialog = question_dialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.ask)
        dialog.open()

    def _ask_file(self) -> None:
        """Let the thread answer a file of questions, which may take long, whenever the vectors are others."""
        if self._reading is not None:
            return
        assert self.vectors is not None
        if self._read_for and self._read_for[0] == self.asked and self._read_for[1] is self.vectors:
            return
        if self.answer is not None and not self.answer.said:
            self.answer = None
        self._read_for = (self.asked, self.vectors)
        self._answered = time.monotonic() + JUDGE_EVERY
        self._reading = worker().submit(explore.answer_file, self.vectors, self.asked)
        self._show_answer()

    def _take_file(self) -> None:
        assert self._reading is not None
        future, self._reading = self._reading, None
        if self._read_for[0] != self.asked:  # something else was asked meanwhile
            return
        try:
            self.answer = future.result()
            self.panel.say("")
        except (LabError, OSError) as error:
            self.answer = None
            self.panel.say(str(error))
        self._show_answer()

    def _show_answer(self) -> None:
        panel, found, vectors = self.panel, self.answer, self.vectors
        shown = found is not None and vectors is not None
        for widget in (panel.title, panel.answers, panel.note):
            widget.setVisible(shown)
        single = found.rows[0] if found is not None and found.kind == "word" else -1
        panel.pin.setVisible(single >= 0 and "pin" in type(self.model).actions())
        self._show_point(single)
        if found is None or vectors is None:
            return
        panel.title.setText(found.title)
        rows = [(row, vectors.words[row], value) for row, value in found.found] or [(-1, text, value) for text, value in found.lines]
        panel.answers.set_rows(rows, found.kind == "odd", found.metric == "euclidean")
        whole = f"{len(vectors):,}".replace(",", "\u202f")
        panel.note.setText(found.note if found.said else f"{found.note}; all {whole} asked")

    def _show_point(self, row: int) -> None:
        facts = []
        if row >= 0 and self._names is not None:
            if self._names[2] is not None:
                facts.append(f"count {self._names[2][row]:.0f}")
            facts += [f"{name} {texts[row]}" for name, texts in self._names[3].items() if texts[row]]
        self.panel.facts.setText(" · ".join(facts))
        self.panel.facts.setVisible(bool(facts))
        pictures = self._pictures(self._source) if row >= 0 and self._source is not None else None
        self.panel.picture.set_values(pictures[row] if pictures is not None and row < len(pictures) else None)

    def _pictures(self, source: Source) -> np.ndarray | None:
        found = source.last(INPUTS) if any(s.name == INPUTS for s in self.model.streams) else None
        return found if found is not None and len(found) else None

    def _edges(self) -> np.ndarray:
        """Pairs of a point and each of its true neighbours: of the selection, or of what was asked."""
        if not self.buttons["edges"].isChecked() or self.vectors is None:
            return np.empty((0, 2), np.int64)
        n = len(self.points)
        rows = (
            np.flatnonzero(self.chosen)[:MOST_EDGES]
            if self.chosen is not None
            else np.array(self.answer.rows if self.answer else (), np.int64)
        )
        rows = rows[rows < n]
        if not len(rows):
            return np.empty((0, 2), np.int64)
        count = min(EDGES if len(rows) > 1 else 12, n - 1)
        near = explore.near_rows(self.vectors, rows, n, count, self.nearness)
        return np.column_stack([np.repeat(rows, count), near.ravel()])

    # -- how true, and clusters --

    def _judge(self) -> None:
        """Let the thread look, if the last look is old and something is new."""
        now = time.monotonic()
        key = (
            self._source.version if self._source is not None else 0,
            self.layout_kind,
            self.axes.text(),
            self.colour if self.colour in (CLUSTER, FALSE) else "",
        )
        if self.vectors is None or self._pending is not None or key == self._judged_for or now - self._judged_at < JUDGE_EVERY:
            return
        if len(self.points) < 5 or not np.isfinite(self.points).all():
            return
        self._judged_for, self._judged_at = key, now
        known = self.judged.truth if self.judged is not None else None
        clustered = self.colour == CLUSTER
        self._pending = worker().submit(
            judge, self.vectors, self.points.astype(np.float64), self.nearness, known, clustered, self.colour == FALSE
        )

    def _take(self) -> None:
        assert self._pending is not None
        future, self._pending = self._pending, None
        found = future.result()
        if len(found.falseness) == len(self._raw):
            self.judged = found
            if self.colour in (FALSE, CLUSTER):
                self._inks = None

    def finish_judging(self) -> None:
        """Wait for the thread (tests and exports)."""
        if self._pending is not None:  # perhaps of what was asked before
            self._pending.result()
            self._take()
        self._judged_at, self._judged_for = 0.0, ()
        self._judge()
        if self._pending is not None:
            self._pending.result()
            self._take()
            self._show()

    # -- colours --

    def _colouring(self) -> Colouring | None:
        n, names = len(self._raw), self._names
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
        if self.colour == FREQUENCY and names is not None and names[2] is not None:
            return explore.by_frequency(names[2][:n])
        if names is not None and self.colour in names[3]:
            return explore.by_column(self.colour, names[3][self.colour][:n])
        if self._raw.shape[1] > self._dimensions:
            return explore.by_column(CLASS, [f"{v:g}" for v in self._raw[:, self._dimensions]])
        return None

    def _ink(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Colours (n, 3) and shapes (n,) of the points; made again only when they are others."""
        look = theme.current()
        key = (self.colour, look.tokens.name, len(self._raw), id(self._names) if self._names else 0)
        if self._inks is not None and self._inks[0] == key:
            return self._inks[1], self._inks[2]
        found = self._colouring()
        n = len(self._raw)
        shapes: np.ndarray | None = None
        if found is None:
            colours = np.repeat(series(1), n, 0)
            self.legend.show_classes(())
        elif found.classes is not None:
            colours = series(len(found.names))[found.classes]
            shapes = (found.classes % len(SHAPES)).astype(np.uint8)
            tokens = look.tokens.series
            self.legend.show_classes(
                tuple((name or "none", k % len(SHAPES), tokens[k % len(tokens)]) for k, name in enumerate(found.names))
            )
        else:
            assert found.values is not None
            known = np.isfinite(found.values)
            colours = ramp(np.where(known, found.values, np.nanmin(found.values) if known.any() else 0.0))
            muted = theme.colour("line")
            colours[~known] = (muted.red(), muted.green(), muted.blue())
            part = found.values[known]
            self.legend.show_scale(found.name, float(part.min()) if len(part) else 0.0, float(part.max()) if len(part) else 0.0)
        self._inks = (key, colours, shapes)
        return colours, shapes

    def _choose_class(self, number: int) -> None:
        found = self._colouring()
        if found is not None and found.classes is not None:
            self.choose(found.classes == number)

    def _colour_chosen(self, *_: Any) -> None:
        self.set_colour(str(self.colours.currentData()))

    def set_colour(self, name: str) -> None:
        """Colour by something else."""
        if self.colours.findData(name) < 0:
            return
        self.colour, self._coloured = name, True
        self.colours.setCurrentIndex(self.colours.findData(name))
        self._inks = None
        if name in (CLUSTER, FALSE):
            self._judged_at = 0.0
            self._judge()
        self._show()
        self._stale = True

    # -- showing --

    def _show(self) -> None:
        if not len(self._raw):
            return
        n = len(self.points)
        colours, shapes = self._ink()
        focus: tuple[int, ...] = ()
        marked: tuple[int, ...] = ()
        pairs: tuple[tuple[int, int], ...] = ()
        walk = np.empty((0, self.points.shape[1]))
        if self.answer is not None and self.vectors is not None:
            focus = tuple(r for r in self.answer.rows if r < n)
            marked = tuple(r for r, _ in self.answer.found if r < n and r not in focus)[: 1 if self.answer.kind == "formula" else 12]
            walk = explore.trail(self.vectors, self.points, self.answer)
            pairs = tuple((a, b) for a, b in explore.exchanged(self.answer) if max(a, b) < n)
        held = self._raw[:, self._dimensions + 1] > 1 if self._raw.shape[1] > self._dimensions + 1 else np.zeros(n, bool)
        pinned = tuple(np.flatnonzero(held)[:MOST_EDGES].tolist())
        names = self._names[1] if self._names is not None and len(self._names[1]) >= n else ()
        scene = Scene(
            self.points,
            colours,
            names,
            shapes,
            self.visible,
            self.chosen,
            self._order[:n],
            focus,
            marked,
            pinned,
            walk,
            pairs,
            self._edges(),
            self.buttons["labels"].isChecked(),
            explore.axis_ends(self._axes_shown()),
        )
        self.canvas.show_scene(scene)
        if self.chosen is not None:
            count = int(self.chosen.sum())
            some = [names[k] for k in np.flatnonzero(self.chosen)[:12]] if names else []
            self.state.setText(f"{count} selected: {', '.join(some)}{' …' if count > len(some) else ''}")
        elif self._noted or self.layout_kind != AXES or self.state.text() == self._said:
            self.state.setText(self._noted)
        if not self.state.text() and self.width() < NARROW:
            self._said = self.caption
            self.state.setText(self._said)  # which has no room in the title line of a narrow card
        self.state.setVisible(bool(self.state.text()))
        self.buttons["isolate"].setEnabled(self.chosen is not None)
        self.buttons["clear"].setEnabled(self.chosen is not None or self.visible is not None or bool(self.asked))

    def _axes_shown(self) -> str:
        """The axes of meaning that the map has now: chosen here, or by the run."""
        if self.layout_kind == AXES:
            return self.axes.text()
        if self.layout_kind != RUN:
            return ""
        if getattr(self.model, "method", "") == "own axes":
            return str(getattr(self.model, "axes", ""))
        return str(getattr(self.model, "plane", ""))

    def choose(self, inside: np.ndarray) -> None:
        """Select points (n,) bool; none of them clears the selection."""
        self._noted = ""
        self.chosen = inside if len(inside) == len(self.points) and inside.any() else None
        self._show()
        self._stale = True

    def isolate(self) -> None:
        """Show only what is selected."""
        if self.chosen is None:
            return
        self.visible, self.chosen = self.chosen, None
        self._show()
        self.canvas.fit()
        self._stale = True

    def clear(self) -> None:
        """No selection, no question, all points."""
        self._noted = ""
        self.visible = self.chosen = None
        self.canvas.path = np.empty((0, 2))
        self.ask("")

    def _tool(self, name: str) -> None:
        self.canvas.set_tool(name)
        for tool in (MOVE, LASSO, PATH):
            self.buttons[tool].setChecked(tool == name)

    def _move_key(self) -> None:
        self._tool(MOVE)

    def _lasso_key(self) -> None:
        self._tool(MOVE if self.canvas.tool == LASSO and self.sender() is not self.buttons["lasso"] else LASSO)

    def _path_key(self) -> None:
        self._tool(PATH)

    def _labels_key(self) -> None:
        self._toggled("labels")

    def _edges_key(self) -> None:
        self._toggled("edges")

    def _toggled(self, name: str) -> None:
        if self.sender() is not self.buttons[name]:
            self.buttons[name].toggle()
        self._show()

    def _panel_key(self) -> None:
        self.panel.setVisible(self.buttons["panel"].isChecked())
        self.updateGeometry()

    def _walked(self, path: np.ndarray) -> None:
        if "decode_path" in type(self.model).actions() and self.layout_kind == RUN:
            self.acted.emit("decode_path", {"path": [[float(x), float(y)] for x, y in path]})

    def _placed(self, x: float, y: float) -> None:
        if self.picture.click and self.layout_kind == RUN:
            self.acted.emit(self.picture.click, {"x": x, "y": y})

    def _pin(self) -> None:
        if self.answer is not None and self.answer.kind == "word":
            self.acted.emit("pin", {"index": self.answer.rows[0]})

    # -- where the points lie --

    def _layout_chosen(self, *_: Any) -> None:
        chosen = str(self.layouts.currentData())
        if chosen.startswith(LAY_OUT):
            self.layouts.setCurrentIndex(self.layouts.findData(self.layout_kind))
            self.lay_out_by(chosen.removeprefix(LAY_OUT))
        else:
            self.set_layout(chosen)

    def lay_out_by(self, method: str) -> None:
        """Ask for a map of the vectors as they are now by another method; they are kept in a file for it."""
        whole = self._with_names()
        if whole is None:
            return
        digest = hashlib.sha256(whole.matrix.tobytes() + "\n".join(whole.words).encode()).hexdigest()[:12]
        try:
            folder = data_folder() / "vectors"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{type(self.model).name} {digest}.npz"
            if not path.exists():
                save_vectors(whole, path)
        except (LabError, OSError) as error:
            self.panel.say(f"The vectors could not be kept for the map: {error}")
            return
        self.mapped.emit(str(path), method)

    def _with_names(self) -> Vectors | None:
        """The vectors as they are now with all that is known of them."""
        if self.vectors is None or self._names is None:
            return None
        _, words, counts, metadata = self._names
        n = len(self.vectors)
        known = {name: texts[:n] for name, texts in metadata.items()}
        return Vectors(
            words[:n], np.asarray(self.vectors.matrix, np.float32), None if counts is None else counts[:n].astype(np.int64), known
        )

    def set_layout(self, kind: str) -> None:
        """Another map of the same vectors."""
        self._noted = ""
        at = self.layouts.findData(kind)
        if at < 0:
            return
        self.layouts.setCurrentIndex(at)
        self.layout_kind = kind
        self.axes.setVisible(kind == AXES)
        self.canvas.zoomed = False
        self._lay_out_again()
        self.canvas.fit()

    def _lay_out_again(self) -> None:
        if not len(self._raw):
            return
        self._lay_out()
        self._judged_at = 0.0
        self._judge()
        self._show()
        self._stale = True

    # -- bookmarks --

    def set_bookmarks(self, text: str) -> None:
        """Those that the document holds."""
        self.places.set_text(text)

    def keep(self) -> None:
        """Keep the present view as a bookmark, named after what is asked."""
        view = self.canvas.view
        title = self.answer.title if self.answer is not None else dict(LAYOUTS)[self.layout_kind]
        only = tuple(np.flatnonzero(self.visible).tolist()) if self.visible is not None else ()
        axes = self.axes.text() if self.layout_kind == AXES else ""
        mark = Bookmark(title, self.layout_kind, colour=self.colour, axes=axes, asked=self.asked, only=only)
        if self.canvas.zoomed:
            mark = replace(
                mark, centre=tuple(float(v) for v in view.centre), scale=float(view.scale), yaw=float(view.yaw), pitch=float(view.pitch)
            )
        self.places.keep(mark)

    def look_at(self, mark: Bookmark) -> None:
        """Look as a bookmark says."""
        if mark.axes:
            self.axes.setText(mark.axes)
        if mark.layout != self.layout_kind:
            self.set_layout(mark.layout)
        self.set_colour(mark.colour)
        n = len(self.points)
        self.chosen, self.visible = None, None
        kept = [k for k in mark.only if k < n]
        if kept:
            self.visible = np.zeros(n, bool)
            self.visible[kept] = True
        self.asked, self._answered = mark.asked, 0.0
        self._ask_again()
        self._show()
        if mark.scale > 0 and len(mark.centre) == self.points.shape[1]:
            self.canvas.look(View(1, 1, mark.centre, mark.scale, mark.yaw, mark.pitch))
        else:
            self.canvas.fit()
        self._stale = True

    # -- look, copy, export --

    def menu(self) -> QMenu:
        """The menu of every picture, and to save the vectors."""
        menu = super().menu()
        entry = QAction(theme.icon("mdi6.content-save-outline"), "Save vectors as…", menu)
        entry.setEnabled(self.vectors is not None)
        entry.triggered.connect(self._ask_save)
        menu.addAction(entry)
        return menu

    def _ask_save(self) -> None:
        self._saving = save_dialog(self, type(self.model).name)
        self._saving.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._saving.fileSelected.connect(self._save_chosen)
        self._saving.open()

    def _save_chosen(self, path: str) -> None:
        self.save(path, format_of(self._saving.selectedNameFilter()))

    def save(self, path: str, kind: str) -> None:
        """Save the vectors as they are now, or of an isolated selection only those; what was written is said below the map."""
        whole = self._with_names()
        if whole is None:
            return
        of = len(whole)
        if self.visible is not None:
            rows = np.flatnonzero(self.visible)
            metadata = {name: tuple(texts[k] for k in rows) for name, texts in whole.metadata.items()}
            whole = Vectors(
                tuple(whole.words[k] for k in rows), whole.matrix[rows], None if whole.counts is None else whole.counts[rows], metadata
            )
        try:
            path = with_ending(path, kind)
            fits = Path(path).suffix.lower() in ENDINGS[kind]  # the ending decides, whatever the filter of the dialog said
            written = save_vectors(whole, path, kind=kind if fits else "")
        except (LabError, OSError) as error:
            self.panel.say(str(error))
            return
        self._noted = f"{len(whole)} of {of} vectors saved: {' and '.join(p.name for p in written)}"
        self._show()

    def fit(self) -> None:
        """Show everything."""
        self.canvas.fit()

    def set_theme(self) -> None:
        """Colours and icons again."""
        self.bar.set_theme()
        self.panel.set_theme()
        self._inks = None
        self._fit_panel()
        super().set_theme()

    def resizeEvent(self, event: Any) -> None:
        """The panel gives way to the map."""
        self._fit_panel()
        super().resizeEvent(event)

    def showEvent(self, event: Any) -> None:
        """Icons are made when they are first seen."""
        if self.buttons["move"].icon().isNull():
            self.bar.set_theme()
        super().showEvent(event)

    def _fit_panel(self) -> None:
        wide = 250 if self.width() >= 700 else 210 if self.width() >= NARROW else 160
        self.panel.setVisible(self.buttons["panel"].isChecked() and self.width() >= LEAST)
        self.bar.set_narrow(self.width() < NARROW)
        self.panel.setFixedWidth(round(1.3 * wide) if theme.current().projector else wide)

    def table(self) -> Table:
        """Name, place and what is known of each point shown."""
        keep = slice(None) if self.visible is None else self.visible
        names: list[str] = list("xyz"[: self.points.shape[1]])
        columns: list[Any] = list(self.points[keep].T)
        rows = np.arange(len(self.points))[keep]
        if self._names is not None:
            _, words, counts, metadata = self._names
            names, columns = (
                [NAME, *names, *metadata],
                [[words[k] for k in rows], *columns, *([texts[k] for k in rows] for texts in metadata.values())],
            )
            if counts is not None:
                names.append(COUNT)
                columns.append(counts[rows])
        return names, columns

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The map with its legend."""
        classes = self.legend.classes
        below = 24.0 if classes else 0.0
        self.canvas.paint_on(painter, area.adjusted(0, 0, 0, -below))
        if classes:
            colours = series(len(classes))
            paint_legend(
                painter, [name for name, _, _ in classes], colours, QPointF(area.left() + 8, area.bottom() - below + 4), area.width() - 16
            )
