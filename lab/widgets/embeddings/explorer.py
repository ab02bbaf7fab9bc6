"""The explorer: a map of a run's vectors with questions, colours, lasso, axes and bookmarks; live or in the past of a run.

source --draw--> Exploration (lab.widgets.embeddings.state) --> Scene --> MapCanvas
                      ^
     a click, a lasso, a question, a bookmark
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from lab.display.plots import Overlay, Source
from lab.embedding import exploration as explore
from lab.embedding.exploration import Bookmark
from lab.embedding.files import ENDINGS, save_vectors
from lab.embedding.raster import SHAPES, View
from lab.errors import LabError
from lab.model import Model, Picture
from lab.units import number as printed
from lab.widgets import theme
from lab.widgets.embeddings.canvas import LASSO, MOVE, PATH, MapCanvas
from lab.widgets.embeddings.drawing import Scene, class_names, paint_legend, ramp, series
from lab.widgets.embeddings.exchange import format_of, question_dialog, save_dialog, with_ending
from lab.widgets.embeddings.panel import Legend, Panel, Tiles
from lab.widgets.embeddings.places import Places
from lab.widgets.embeddings.points import Points
from lab.widgets.embeddings.state import ALONG, AXES, CLUSTER, DEFAULT_AXES, FALSE, MOST_EDGES, RUN, Exploration, placed
from lab.widgets.embeddings.thumbs import MOST, Sheet, lost, sheet_of
from lab.widgets.embeddings.toolbar import LAY_OUT, Toolbar
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.settings import data_folder

LEAST = 400  # a card narrower than this has no panel
ONE_LINE = 540  # px that choosers and tools need beside each other
NARROW = 560  # a card narrower than this has a narrow panel, and only one that is asked for: the map is what it is about


@draws("map")
class ExplorerView(PictureView):
    """A map of vectors that can be asked."""

    def __init__(self, picture: Picture, model: Model, parent: QWidget | None = None):
        super().__init__(picture, model, parent)
        self.state = Exploration(model, picture.layers[0].stream)
        self._stale = False  # whether something but the source is new
        self._inks: tuple[Any, np.ndarray, np.ndarray | None] | None = None
        self._pictured: tuple[np.ndarray, Sheet] | None = None
        self._said = ""  # the caption as it was said below the map
        self._fitted: tuple = ()  # what the panel was fitted to
        self._panel_chosen = False  # the person opened or closed the panel
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
            "labels": self._labels_key, "pictures": self._pictures_key, "edges": self._edges_key, "fit": self.fit, "panel": self._panel_key,
            "points": self._points_key,
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
        self.canvas.over.connect(self._foresee)
        self.legend = Legend(self)
        self.legend.chosen.connect(self._choose_class)
        self.line = QLabel(self)
        self.line.setProperty("role", "caption")
        self.line.setWordWrap(True)
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        left.addWidget(self.axes)
        self.points = Points(self)
        self.points.chosen.connect(self.choose)
        self.points.picked.connect(self.ask_about)
        self.points.hide()
        self.halves = QSplitter(Qt.Orientation.Vertical, self)
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.canvas)
        self.halves.addWidget(self.points)
        self.halves.setStretchFactor(0, 1)
        self.halves.setSizes([300, 200])  # shares: the map keeps three fifths
        left.addWidget(self.halves, 1)
        self.tiles = Tiles(self)
        left.addWidget(self.tiles)
        left.addWidget(self.line)
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
            ("P", self._pictures_key),
            ("A", self._points_key),
        ):
            QShortcut(QKeySequence(keys), self, call, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._fill_choices()

    def _fill_choices(self) -> None:
        """What points can be coloured by; kept as it is if it is still there."""
        wanted = self.state.colourings()
        if [self.colours.itemData(k) for k in range(self.colours.count())] != wanted:
            self.colours.clear()
            for name in wanted:
                self.colours.addItem(theme.icon("mdi6.palette-outline"), name, name)
            self.state.colour = self.state.colour if self.state.colour in wanted and self.state.coloured else wanted[0]
        self.colours.setCurrentIndex(max(0, self.colours.findData(self.state.colour)))

    # -- for the shell --

    @property
    def wanted(self) -> frozenset[str]:
        """The map, its vectors, and their names until they are known."""
        return self.state.wanted(along=bool(len(self.canvas.path)))

    @property
    def caption(self) -> str:
        """How many of how many, and how true; in a narrow card the latter stands below the map."""
        facts = self.state.facts()
        return " · ".join(facts[:1] if self.width() < NARROW else facts)

    def refresh(self, source: Source, overlays: Sequence[Overlay] = (), *, force: bool = False) -> bool:
        """Draw what is new in the source, or what the thread has found out."""
        if not force and self.window().isVisible() and not self.isVisible():
            return False
        state = self.state
        came = False
        if state.take_file():
            self._show_answer()
            self._stale = True
        if state.take_judgement():
            came = True
            if state.colour in (FALSE, CLUSTER):
                self._inks = None
        elif len(state.raw):
            self._judge()  # the last frame of a run comes before the time for the next look
        stale, self._stale = self._stale, False
        return super().refresh(source, overlays, force=force or came or stale)

    def set_model(self, model: Model) -> None:
        """Take over changed parameters; a new question of the model is asked here, too."""
        super().set_model(model)
        self.state.set_model(model)

    def go_on_from(self, before: PictureView) -> None:
        """Ask, colour and lay out as the explorer that stood here, where the same model got other pictures."""
        assert isinstance(before, ExplorerView)
        self.state.go_on_from(before.state)
        self.axes.setText(self.state.axes)
        self.set_layout(before.state.layout)
        for name in ("labels", "pictures", "edges", "panel", "points"):
            self.buttons[name].setChecked(before.buttons[name].isChecked())
        self._panel_chosen = before._panel_chosen
        self.points.setVisible(self.buttons["points"].isChecked())
        self.points.field.setText(before.points.field.text())

    # -- reading the source --

    def keyPressEvent(self, event: Any) -> None:
        """The keys of the map."""
        self.canvas.keyPressEvent(event)

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Read map and vectors, answer again, and show it."""
        state = self.state
        known, points = state.names, len(state.raw)
        if not state.read(source):
            if state.forget():
                self._show_answer()
                self.tiles.set_values(None)
                self.canvas.path = np.empty((0, 2))
                self.canvas.show_scene(Scene(state.points, np.empty((0, 3), np.uint8)))
                self._show_points()
            return False
        if len(state.raw) != points:
            self._inks = None
        if state.names is not known and state.names is not None:
            if known is None and state.pictures(source) is not None:
                self.buttons["labels"].setChecked(False)  # numbers of examples say little: their pictures do
            if known is None or known.words != state.names.words or known.columns != state.names.columns:
                self._inks = None
                self.panel.set_words(state.names.words)
            self._fill_choices()
        self.line.setText(state.lay_out())
        self._ask_again()
        self._judge()
        self._show()
        self.tiles.set_values(source.snapshot(ALONG) if len(self.canvas.path) and state.offers(ALONG) else None)
        return True

    # -- questions --

    def ask(self, text: str) -> None:
        """Ask something typed; the first word asked about comes into view."""
        state = self.state
        state.ask(text)
        self._show_answer()
        self._show()
        answer = state.answer
        if answer is not None and answer.kind == "word":
            self.canvas.centre_on(answer.rows[0])
        elif answer is not None and answer.kind == "formula":
            # The words of an analogy often lie close together: near enough to see the walk.
            rows, trail = [r for r in answer.rows if r < len(state.points)], self.canvas.scene.trail
            self.canvas.frame(np.concatenate([state.points[rows], trail]) if len(trail) else state.points[rows])
        elif not state.asked:
            self.canvas.fit()
        self._stale = True

    def pick(self, row: int) -> None:
        """Ask for the neighbours of a point; beside all points, ask nothing."""
        if self.state.pick(row):
            self._show_answer()
            self._show()
            self._stale = True

    def ask_about(self, row: int) -> None:
        """Ask for the neighbours of a point that may be out of sight, and let go of what was selected."""
        self.state.choose(np.zeros(len(self.state.points), bool))
        self.pick(row)
        if self.canvas.zoomed:
            self.canvas.centre_on(row)

    def search(self) -> None:
        """Type a word."""
        self.buttons["panel"].setChecked(True)
        self._panel_key()
        self.panel.field.setFocus()
        self.panel.field.selectAll()

    def _ask_again(self) -> None:
        if self.state.answer_again():
            self._show_answer()

    def _ask_for_file(self) -> None:
        dialog = question_dialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.ask)
        dialog.open()

    def _show_answer(self) -> None:
        panel, state = self.panel, self.state
        found, vectors = state.answer, state.vectors
        # What a model asks of itself may have no answer in another text: then nothing is asked.
        panel.set_question("" if found is None and not state.own and not explore.is_file(state.asked) else state.asked)
        panel.say(state.complaint)
        shown = found is not None and vectors is not None
        for widget in (panel.title, panel.answers, panel.note):
            widget.setVisible(shown)
        single = found.rows[0] if found is not None and found.kind == "word" else -1
        panel.pin.setVisible(single >= 0 and "pin" in type(self.model).actions())
        facts = state.facts_of(single)
        panel.facts.setText(" · ".join(facts))
        panel.facts.setVisible(bool(facts))
        pictures = state.pictures(self._source) if single >= 0 and self._source is not None else None
        panel.picture.set_values(pictures[single] if pictures is not None and single < len(pictures) else None)
        near = list(found.found) if pictures is not None and found is not None else []
        near = [(row, value) for row, value in near if row < len(state.points)]
        away = lost(state.points, single, [row for row, _ in near]) if near and single < len(state.points) else set()
        panel.neighbours.show_neighbours(near, pictures, away)
        if near:
            panel.answers.hide()  # what the pictures say
        if found is None or vectors is None:
            return
        panel.title.setText(found.title)
        rows = [(row, vectors.words[row], value) for row, value in found.found] or [(-1, text, value) for text, value in found.lines]
        panel.answers.set_rows(rows, found.kind == "odd", found.metric == "euclidean")
        whole = f"{printed(len(vectors))}"
        panel.note.setText(found.note if found.said else f"{found.note}; all {whole} asked")

    # -- how true, and clusters --

    def _judge(self) -> None:
        self.state.judge(self._source.version if self._source is not None else 0)

    def finish_judging(self) -> None:
        """Wait for the thread (tests and exports)."""
        self.state.judge_now(self._source.version if self._source is not None else 0)
        self._inks = None
        self._show()

    # -- colours --

    def _ink(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Colours (n, 3) and shapes (n,) of the points; made again only when they are others."""
        look = theme.current()
        key = (self.state.colour, look.tokens.name, len(self.state.raw), id(self.state.names) if self.state.names else 0)
        if self._inks is not None and self._inks[0] == key:
            return self._inks[1], self._inks[2]
        found = self.state.colouring()
        n = len(self.state.raw)
        shapes: np.ndarray | None = None
        if found is None:
            colours = np.repeat(series(1), n, 0)
            self.legend.show_classes(())
        elif found.classes is not None:
            colours = series(len(found.names))[found.classes]
            shapes = (found.classes % len(SHAPES)).astype(np.uint8)
            inks = [QColor(*(int(v) for v in ink)).name() for ink in series(len(found.names))]
            self.legend.show_classes(tuple((name or "none", k % len(SHAPES), inks[k]) for k, name in enumerate(found.names)))
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
        found = self.state.colouring()
        if found is not None and found.classes is not None:
            self.choose(found.classes == number)

    def _colour_chosen(self, *_: Any) -> None:
        self.set_colour(str(self.colours.currentData()))

    def set_colour(self, name: str) -> None:
        """Colour by something else."""
        if self.colours.findData(name) < 0:
            return
        self.state.colour, self.state.coloured = name, True
        self.colours.setCurrentIndex(self.colours.findData(name))
        self._inks = None
        if name in (CLUSTER, FALSE):
            self.state.judge_soon()
            self._judge()
        self._show()
        self._stale = True

    # -- showing --

    def _show(self) -> None:
        state = self.state
        if not len(state.raw):
            return
        n, raw, points = len(state.points), state.raw, state.points
        colours, shapes = self._ink()
        focus: tuple[int, ...] = ()
        marked: tuple[int, ...] = ()
        pairs: tuple[tuple[int, int], ...] = ()
        walk = np.empty((0, points.shape[1]))
        if state.answer is not None and state.vectors is not None:
            focus = tuple(r for r in state.answer.rows if r < n)
            marked = tuple(r for r, _ in state.answer.found if r < n and r not in focus)[: 1 if state.answer.kind == "formula" else 12]
            walk = explore.trail(state.vectors, points, state.answer)
            pairs = tuple((a, b) for a, b in explore.exchanged(state.answer) if max(a, b) < n)
        held = raw[:, state.dimensions + 1] > 1 if raw.shape[1] > state.dimensions + 1 else np.zeros(n, bool)
        pinned = tuple(np.flatnonzero(held)[:MOST_EDGES].tolist())
        names = state.names.words if state.names is not None and len(state.names.words) >= n else ()
        edges = state.edges() if self.buttons["edges"].isChecked() else np.empty((0, 2), np.int64)
        found = state.colouring() if not self.buttons["labels"].isChecked() else None
        classes = class_names(points, state.visible, found.classes, found.names) if found is not None and found.classes is not None else ()
        scene = Scene(
            points, colours, names, shapes, state.visible, state.chosen, state.order[:n], focus, marked, pinned, walk, pairs, edges,
            self.buttons["labels"].isChecked(), explore.axis_ends(state.axes_shown), classes, self._sheet(colours),
        )  # fmt: skip
        self.canvas.show_scene(scene)
        self.legend.show_named(bool(classes) and self.width() < NARROW)
        self._fit_panel()
        if state.chosen is not None:
            count = int(state.chosen.sum())
            some = [names[k] for k in np.flatnonzero(state.chosen)[:12]] if names else []
            self.line.setText(f"{count} selected: {', '.join(some)}{' …' if count > len(some) else ''}")
        elif state.note or state.layout != AXES or self.line.text() == self._said:
            self.line.setText(state.note)
        if not self.line.text() and self.width() < NARROW:
            self._said = " · ".join(state.facts()[1:])
            self.line.setText(self._said)  # which has no room in the title line of a narrow card
        self.line.setVisible(bool(self.line.text()))
        self._show_points()
        self.buttons["isolate"].setEnabled(state.chosen is not None)
        self.buttons["clear"].setEnabled(state.chosen is not None or state.visible is not None or bool(state.asked))

    def _sheet(self, colours: np.ndarray) -> Sheet | None:
        """The pictures of the points in their colours; made again only when either is another."""
        pictures = self.state.pictures(self._source) if self._source is not None else None
        fits = pictures is not None and pictures.ndim == 3 and len(self.state.points) <= min(len(pictures), MOST)
        self.buttons["pictures"].setVisible(fits)
        if pictures is None or not fits or not self.buttons["pictures"].isChecked():
            return None
        if self._pictured is None or self._pictured[0] is not colours:
            self._pictured = colours, sheet_of(pictures[: len(colours)], colours)
        return self._pictured[1]

    def choose(self, inside: np.ndarray) -> None:
        """Select points (n,) bool; none of them clears the selection."""
        self.state.choose(inside)
        self._show()
        self._stale = True

    def isolate(self) -> None:
        """Show only what is selected."""
        if self.state.isolate():
            self._show()
            self.canvas.fit()
            self._stale = True

    def clear(self) -> None:
        """No selection, no question, all points."""
        self.state.note = ""
        self.state.visible = self.state.chosen = None
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

    def _pictures_key(self) -> None:
        self._toggled("pictures")

    def _edges_key(self) -> None:
        self._toggled("edges")

    def _points_key(self) -> None:
        if self.sender() is not self.buttons["points"]:
            self.buttons["points"].toggle()
        shown = self.buttons["points"].isChecked()
        self.points.setVisible(shown)
        self._show_points()
        if shown:
            self.points.field.setFocus()

    def _show_points(self) -> None:
        """The table with what is known now, and what is chosen or asked about; a hidden one costs nothing."""
        if self.buttons["points"].isChecked():
            self.points.set_attributes(self.state.attributes())
            answer = self.state.answer
            self.points.show_chosen(self.state.chosen, answer.rows if answer is not None else ())

    def _toggled(self, name: str) -> None:
        if self.sender() is not self.buttons[name]:
            self.buttons[name].toggle()
        self._show()

    def _panel_key(self) -> None:
        self._panel_chosen = True
        self.panel.setVisible(self.buttons["panel"].isChecked())
        self.updateGeometry()

    def _walked(self, path: np.ndarray) -> None:
        if "decode_path" in type(self.model).actions() and self.state.layout == RUN:
            self.acted.emit("decode_path", {"path": [[float(x), float(y)] for x, y in path]})

    def _placed(self, x: float, y: float) -> None:
        if self.picture.click and self.state.layout == RUN:
            self.acted.emit(self.picture.click, {"x": x, "y": y})

    def _foresee(self, at: QPointF | None) -> None:
        """The place under the mouse, where the map is the run's own and flat."""
        flat = at is not None and self.state.layout == RUN and self.canvas.scene.points.shape[1] == 2
        if at is None or not flat:
            self.foresee(None)
        else:
            self.foresee(self.canvas.place(at), self.canvas.mapTo(self, at.toPoint()))

    def _pin(self) -> None:
        answer = self.state.answer
        if answer is not None and answer.kind == "word":
            self.acted.emit("pin", {"index": answer.rows[0]})

    # -- where the points lie --

    def _layout_chosen(self, *_: Any) -> None:
        chosen = str(self.layouts.currentData())
        if chosen.startswith(LAY_OUT):
            self.layouts.setCurrentIndex(self.layouts.findData(self.state.layout))
            self.lay_out_by(chosen.removeprefix(LAY_OUT))
        else:
            self.set_layout(chosen)

    def lay_out_by(self, method: str) -> None:
        """Ask for a map of the vectors as they are now by another method; they are kept in a file for it."""
        whole = self.state.whole()
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

    def set_layout(self, kind: str) -> None:
        """Another map of the same vectors."""
        self.state.note = ""
        at = self.layouts.findData(kind)
        if at < 0:
            return
        self.layouts.setCurrentIndex(at)
        self.state.layout = kind
        self.axes.setVisible(kind == AXES)
        self.canvas.zoomed = False
        self._lay_out_again()
        self.canvas.fit()

    def _lay_out_again(self) -> None:
        self.state.axes = self.axes.text()
        if not len(self.state.raw):
            return
        self.line.setText(self.state.lay_out())
        self.state.judge_soon()
        self._judge()
        self._show()
        self._stale = True

    # -- bookmarks --

    def set_bookmarks(self, text: str) -> None:
        """Those that the document holds."""
        self.places.set_text(text)

    def keep(self) -> None:
        """Keep the present view as a bookmark, named after what is asked."""
        mark, view = self.state.bookmark(), self.canvas.view
        self.places.keep(placed(mark, view.centre, view.scale, view.yaw, view.pitch) if self.canvas.zoomed else mark)

    def look_at(self, mark: Bookmark) -> None:
        """Look as a bookmark says."""
        state = self.state
        if mark.axes:
            self.axes.setText(mark.axes)
            state.axes = mark.axes
        if mark.layout != state.layout:
            self.set_layout(mark.layout)
        self.set_colour(mark.colour)
        state.go_to(mark)
        self._show_answer()
        self._show()
        if mark.scale > 0 and len(mark.centre) == state.points.shape[1]:
            self.canvas.look(View(1, 1, mark.centre, mark.scale, mark.yaw, mark.pitch))
        else:
            self.canvas.fit()
        self._stale = True

    # -- look, copy, export --

    def menu(self) -> QMenu:
        """The menu of every picture, and to save the vectors."""
        menu = super().menu()
        entry = QAction(theme.icon("mdi6.content-save-outline"), "Save vectors as…", menu)
        entry.setEnabled(self.state.vectors is not None)
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
        whole = self.state.shown_vectors()
        if whole is None or self.state.vectors is None:
            return
        try:
            path = with_ending(path, kind)
            fits = Path(path).suffix.lower() in ENDINGS[kind]  # the ending decides, whatever the filter of the dialog said
            written = save_vectors(whole, path, kind=kind if fits else "")
        except (LabError, OSError) as error:
            self.panel.say(str(error))
            return
        self.state.note = f"{len(whole)} of {len(self.state.vectors)} vectors saved: {' and '.join(p.name for p in written)}"
        self._show()

    def fit(self) -> None:
        """Show everything."""
        self.canvas.fit()

    def set_theme(self) -> None:
        """Colours and icons again."""
        self.bar.set_theme()
        self.panel.set_theme()
        self.points.set_theme()
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
        if not self._panel_chosen:
            self.buttons["panel"].setChecked(self.width() >= (NARROW if self.state.answer is None else LEAST))
        beside = self.buttons["panel"].isChecked() and self.width() >= LEAST
        if self.isVisible() and (beside, wide, self.width(), theme.current()) == self._fitted:
            return  # asked at each frame
        self._fitted = (beside, wide, self.width(), theme.current())
        self.panel.setVisible(beside)
        self.bar.set_narrow(self.width() - (wide if beside else 0) < ONE_LINE)
        self.panel.setFixedWidth(round(1.3 * wide) if theme.current().projector else wide)
        self.column.activate()  # at once: one frame with the old widths would squeeze the tools until their icons are empty

    def table(self) -> Table:
        """Name, place and what is known of each point shown."""
        return self.state.table()

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
