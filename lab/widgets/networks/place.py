"""Where the canvas stands in the window: above or beside the pictures of a model that has a graph, which can be closed.

An edit becomes one step of the window's undo. A graph that the model can run is its parameter; one that it cannot run yet
is kept in the document as a draft, so that a person can go on building and undo still covers every step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QWidget

from lab import catalog
from lab.catalog import Taking
from lab.display.plots import Source
from lab.errors import LabError
from lab.graph.document import Graph, family
from lab.model import Model
from lab.widgets.networks.editor import NetworkEditor
from lab.widgets.networks.edits import same_network
from lab.widgets.shell import Shell

CANVAS_SHARE = 0.54
CELLS, MOST_SPIKES = 10, 300  # rows of spikes in a card, and how many of them
HISTORY = 120  # points of a small curve in a card
STRETCH = {"rates": 400.0, "values": 4.0}  # model time that it shows: ms of spikes, s of values


def graph_parameter(model: Model | type[Model]) -> str:
    """Name of the parameter that is a graph, or nothing."""
    return next((n for n, s in model.specs().items() if s.kind == "graph"), "")


def latest_spikes(source: Source, stream: str, steps: int) -> dict[str, np.ndarray]:
    """By population: when (0 to 1, over the last `steps`) and in which row (0 to 1) its first cells fired last, (n, 2)."""
    names = source.labels(stream)
    first = source.step - steps
    at, cell, _ = source.events(stream, max(0, first))
    whose: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        whose.setdefault(name.rpartition(" ")[0], []).append(row)
    found: dict[str, np.ndarray] = {}
    for title, rows in whose.items():
        begin, many = rows[0], min(CELLS, len(rows))
        own = (cell >= begin) & (cell < begin + many)
        found[title] = np.column_stack([(at[own] - first) / max(1, steps), (cell[own] - begin + 0.5) / many])[-MOST_SPIKES:]
    return found


class CanvasPlace(QSplitter):
    """The canvas above the workspace; it is there while the model in front has a graph and nobody closed it."""

    def __init__(self, shell: Shell, workspace: QWidget):
        super().__init__(Qt.Orientation.Vertical, shell.frame)
        self.lab = shell
        self.setChildrenCollapsible(False)
        self.editor = NetworkEditor(self)
        self.addWidget(self.editor)
        self.addWidget(workspace)
        self.setStretchFactor(0, 5)
        self.setStretchFactor(1, 4)
        self.workspace = workspace
        self._closed: set[str] = set()  # models whose canvas a person closed
        self._parameter = ""
        self.filling = False  # the canvas stands alone: no results, no list of models, and the panel at the right floats over it
        self.aside = not shell.settings.get("canvas.float", False)  # else that panel floats over the canvas always
        self._seen: tuple = ()
        self._handing: tuple | None = None  # the graph goes over to another model as soon as its weights are read
        self._drawn = False  # whether a person moved the line between canvas and pictures
        self.splitterMoved.connect(self._line_drawn)
        self.editor.hide()
        self.editor.graph_changed.connect(self._changed)
        self.editor.replaced.connect(self._replaced)
        self.editor.handed_over.connect(self.hand_over)
        self.editor.elsewhere.connect(self.take_elsewhere)
        self.editor.foreign.connect(self.open_template)
        self.editor.closed.connect(self.close_canvas)
        self.editor.filled.connect(self.toggle_filling)
        self.editor.turned.connect(self.turn_results)
        self.editor.floated.connect(self.float_panel)
        self.editor.tapped.connect(shell.driver.toggle)
        self.editor.kept.connect(self._keep)
        self.editor.settled.connect(shell.history.seal)
        self.editor.recall(shell.settings.get("canvas.palette", True), shell.settings.get("canvas.panel", True))
        self.editor.selected.connect(self._selected)

    # -- what is shown --

    def _share(self) -> None:
        """Half of the place for the canvas, unless a person drew the line elsewhere."""
        if not self._drawn and not self.editor.isHidden():
            whole = self.height() if self.orientation() == Qt.Orientation.Vertical else self.width()
            self.setSizes([round(CANVAS_SHARE * whole), round((1 - CANVAS_SHARE) * whole)])

    def _line_drawn(self, *_: int) -> None:
        self._drawn = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The same shares of another height."""
        super().resizeEvent(event)
        self._share()

    def showEvent(self, event: QShowEvent) -> None:
        """The size is known now."""
        super().showEvent(event)
        self._share()

    def lettering(self, on: QWidget) -> list[QRect]:
        """Where words and tools stand in `on`: what floats over the canvas, and the cards on it."""
        if not self.editor.isVisible():
            return []
        corner = self.editor.view.mapTo(on, QPoint(0, 0))
        return [area.translated(corner) for area in self.editor.lettering()]

    def places(self, size: QSize) -> list[QRect]:
        """Where a sentence of this size may lie over the canvas, in what the canvas stands on: the upper ones first."""
        stage = self.parentWidget()
        if stage is None or not self.editor.isVisible():
            return []
        corner = self.editor.view.mapTo(stage, QPoint(0, 0))
        return [area.translated(corner) for area in self.editor.places(size)]

    @property
    def wanted(self) -> frozenset[str]:
        """Streams that the canvas reads while it is open."""
        model = self.lab.player.model
        if model is None:
            return frozenset()
        # A model without a canvas of its own may still hand its network over to one.
        return frozenset(
            s.name for s in model.streams if s.canvas and (self._handing if s.canvas == "carried" else self.editor.isVisible())
        )

    def show_document(self) -> None:
        """Agree with the document: the graph of the model in front, or no canvas."""
        document = self.lab.document
        if not document.model:
            return
        try:
            kind = catalog.load(document.model)
        except LabError:
            return
        self._parameter = graph_parameter(kind)
        tabs, inspector = self.lab.side.tabs, self.editor.inspector
        there = tabs.indexOf(inspector)
        if self._parameter and not self._in_use(kind):
            self._parameter = ""
        open_here = bool(self._parameter) and document.model not in self._closed
        if self.editor.isHidden() == open_here:
            self.editor.setVisible(open_here)
            self._share()
            if self.filling and not open_here:
                self.toggle_filling()
            elif not self.aside:
                self.lab.fit_panels()
        if not self._parameter:
            if there >= 0:
                if tabs.currentIndex() == there:
                    tabs.setCurrentIndex(0)  # else the notes come to the front, and the actions are out of sight
                tabs.removeTab(there)
                inspector.setParent(self.editor)
                inspector.hide()
            return
        if there < 0:
            tabs.insertTab(1, inspector, "Selected")
        self.editor.show_handover(kind.hands_over.get("words", ""), kind.hands_over.get("about", ""))
        draft = document.drafts.get(document.model)
        try:
            text = draft or getattr(document.experiment().build(), self._parameter)
        except LabError:
            return
        self.editor.show_text(text)
        begins = {"", *(n.kind for n in self.editor.graph.nodes)}
        self.editor.takers = {
            t.model: t.words for t in catalog.takers("graph") if t.words and t.model != document.model and t.begins in begins
        }
        self.editor.show_refusal(self._refusal(draft) if draft else "")

    def _in_use(self, kind: type[Model]) -> bool:
        """Whether the graph has a meaning with the other parameters as they are."""
        when = kind.specs()[self._parameter].when
        try:
            return when is None or getattr(self.lab.document.experiment().build(), when[0]) in when[1]
        except LabError:
            return True

    def _refusal(self, draft: str) -> str:
        try:
            self.lab.document.experiment().with_parameters(**{self._parameter: draft})
        except LabError as error:
            return str(error)
        return ""

    def open_canvas(self, _name: str = "") -> None:
        """Open the canvas of the model in front."""
        self._closed.discard(self.lab.document.model)
        self.show_document()
        self.editor.view.setFocus()

    def close_canvas(self) -> None:
        """Give the pictures the whole place."""
        self._closed.add(self.lab.document.model)
        self.show_document()

    @property
    def floats(self) -> bool:
        """Whether the panel of the window at the right stands over the canvas."""
        return not self.editor.isHidden() and (self.filling or not self.aside)

    def float_panel(self) -> None:
        """The panel at the right over the canvas, or beside it; beside a canvas alone is no room for it."""
        if self.editor.isHidden():
            return
        if self.filling:
            self.editor.toggle_panel()
            return
        self.aside = not self.aside
        self.lab.settings.put("canvas.float", not self.aside)
        self.lab.fit_panels()

    def toggle_filling(self) -> None:
        """All but the canvas away, so that it has the whole place, or back."""
        if not self.filling and self.editor.isHidden():
            return
        self.filling = not self.filling
        self.workspace.setVisible(not self.filling)
        self.lab.fit_panels()

    def _keep(self, name: str, open: bool) -> None:
        self.lab.settings.put(f"canvas.{name}", open)

    def turn_results(self) -> None:
        """The results to the right of the canvas, or below it; closed ones are opened."""
        if self.editor.isHidden():
            return
        below = self.orientation() == Qt.Orientation.Horizontal
        self.setOrientation(Qt.Orientation.Vertical if below else Qt.Orientation.Horizontal)
        self._drawn = False
        if self.filling:
            self.toggle_filling()
        self._share()

    def leave(self) -> bool:
        """Escape: whether there was something to leave."""
        if self.filling:
            self.toggle_filling()
            return True
        return self.editor.isVisible() and self.editor.isAncestorOf(self.lab.frame.focusWidget() or self.lab.frame) and self.editor.leave()

    def _selected(self, ids: tuple[str, ...]) -> None:
        tabs = self.lab.side.tabs
        at = tabs.indexOf(self.editor.inspector)
        if at >= 0 and (ids or tabs.currentIndex() == at):
            tabs.setCurrentIndex(at if ids else 0)

    # -- edits --

    def _changed(self, text: str, what: str, key: str, final: bool) -> None:
        """One edit of a person: one step of the document."""
        document, history = self.lab.document, self.lab.history
        drafts = {k: v for k, v in document.drafts.items() if k != document.model}
        try:
            experiment = document.experiment().with_parameters(**{self._parameter: text})
            after = document.with_experiment(experiment).replace(drafts=drafts)
        except LabError:
            after = document.replace(drafts={**drafts, document.model: text})
        history.replace(after, what, f"{document.model}.{key}" if key else "", held=not final)
        if final and key != "move":
            history.seal()

    def _replaced(self, text: str, what: str, values: dict) -> None:
        """A template: its graph and the values that fit it are one step; one that begins otherwise than this model's opens in its own."""
        document = self.lab.document
        home = self._home(Graph.from_json(text))
        if home is not None and home.model != document.model:
            self._put_into(home.model, text, values, what)
            return
        drafts = {k: v for k, v in document.drafts.items() if k != document.model}
        known = catalog.load(document.model).specs()
        try:
            experiment = document.experiment().with_parameters(**{self._parameter: text}, **{k: v for k, v in values.items() if k in known})
            after = document.with_experiment(experiment).replace(drafts=drafts)
        except LabError:
            after = document.replace(drafts={**drafts, document.model: text})
        self.lab.history.replace(after, what)
        self.lab.history.seal()
        self.lab.driver.settle()  # a whole network is no edit that another one follows

    def _home(self, graph: Graph) -> Taking | None:
        """The model that a graph of the present family goes to; none where it may stay."""
        takes = catalog.entry(self.lab.document.model).takes if self.lab.document.model in catalog.names() else ()
        if not graph.nodes or any(t.what == "graph" and not t.family for t in takes):
            return None
        home = catalog.home(graph.family, {n.kind for n in graph.nodes})
        return home if home.begins or any(t.begins for t in takes) else None

    def open_template(self, family_name: str, title: str) -> None:
        """A template of another family, or to be counted: in this model if it takes any graph, else in the model of that family, or in the one that counts."""
        template = family(family_name).templates[title]
        anything = [t for t in catalog.takers("graph") if not t.family]
        if any(t.model == self.lab.document.model for t in anything):
            self.editor.load(template.explained(), f"Template {title}", {})
        elif template.counted:
            home = next(t for t in anything if t.counts)
            self._put_into(home.model, template.explained().to_json(), home.values, f"Template {title}")
        else:
            graph = template.explained()
            home = catalog.home(family_name, {n.kind for n in graph.nodes})
            self._put_into(home.model, graph.to_json(), dict(template.values), f"Template {title}")

    def take_elsewhere(self, name: str) -> None:
        """Count or analyse the network of the canvas, in the model that does it."""
        taking = next(t for t in catalog.takers("graph") if t.model == name)
        self._put_into(name, self.editor.graph.to_json(), taking.values, taking.words)

    def _put_into(self, name: str, text: str, values: Mapping[str, Any], what: str) -> None:
        """Another model in front, with this graph; one step of undo."""
        document = self.lab.document
        kind = catalog.load(name)
        known = kind.specs()
        entry = next(e for e in catalog.entries() if e.name == name)
        try:
            experiment = document.experiment(name).with_parameters(
                **{graph_parameter(kind): text}, **{k: v for k, v in values.items() if k in known}
            )
        except LabError as error:
            self.editor.say(str(error))
            return
        drafts = {k: v for k, v in document.drafts.items() if k != name}
        self._closed.discard(name)
        self.lab.history.replace(document.with_experiment(experiment).with_model(name, entry.panel).replace(drafts=drafts), what)
        self.lab.history.seal()

    def hand_over(self) -> None:
        """Go on with the same network in the other model, as soon as the present weights are known."""
        self.lab.driver.settle()
        model, source = self.lab.player.model, self.lab.player.source
        if model is None or self.lab.player.runner is None or source is None or self.lab.player.status is None:
            self._go_over("")
            return
        self._handing = (self._carried(source),)
        self.lab.watch_again()

    def _carried(self, source: Source) -> Any:
        """The network with its present weights, where the model shows it."""
        name = next((s.name for s in source.model.streams if s.canvas == "carried"), "")
        return source.snapshot(name) if name else None

    def _read_weights(self, source: Source) -> None:
        shown = self._carried(source)
        if self._handing is None or shown is None or shown is self._handing[0]:
            return
        self._handing = None
        self.lab.watch_again()
        if shown[0]["refusal"]:
            self.editor.say(shown[0]["refusal"])
        else:
            self._go_over(shown[0]["graph"], json.loads(shown[0].get("values") or "{}"))

    def _go_over(self, text: str, given: Mapping[str, Any] | None = None) -> None:
        document = self.lab.document
        before = document.experiment().build()
        target = catalog.load(type(before).hands_over["to"])
        # Parameters of one name mean the same where both models take the same graph.
        values = {n: v for n, v in before.values().items() if n in target.specs()} if self._parameter else {}
        values |= given or {}
        if text:
            values[graph_parameter(target)] = text
        entry = next(e for e in catalog.entries() if e.name == target.name)
        try:
            experiment = document.experiment(target.name).replace(parameters=target(**values).changed(), seed=document.experiment().seed)
        except LabError as error:
            self.editor.say(str(error))
            return
        drafts = {k: v for k, v in document.drafts.items() if k != target.name}
        after = document.with_experiment(experiment).with_model(target.name, entry.panel).replace(drafts=drafts)
        self.lab.history.replace(after, type(before).hands_over["words"])
        self.lab.history.seal()

    def only_looks(self, name: str, before: str, after: str) -> bool:
        """Whether a change of parameter `name` moved nodes and nothing else: a run need not hear of it."""
        if name != self._parameter:
            return False
        known = self.editor._known
        try:
            return same_network(*(known.get(t) or Graph.from_json(t) for t in (before, after)))
        except LabError:
            return False

    # -- a run --

    def show_run(self, source: Source) -> None:
        """Show the present numbers of the run, if there are new ones."""
        self._read_weights(source)
        if not self.editor.isVisible():
            return
        seen = (id(source), source.version, self.editor._text)
        if seen == self._seen:
            return
        self._seen = seen
        model = source.model
        nodes = self.editor.graph.nodes
        values: dict[str, float] = {}
        histories: dict[str, np.ndarray] = {}
        unit = ""
        spikes: dict[str, np.ndarray] = {}
        maps: dict[str, tuple[np.ndarray, str]] = {}
        shows = {s.canvas: s for s in model.streams}
        if "maps" in shows:
            drawn = source.snapshot(shows["maps"].name) or {"layers": []}
            maps = {
                layer["node"]: (layer["maps"], str(layer.get("colours") or "diverging"))
                for layer in drawn["layers"]
                if layer.get("node") and layer.get("maps") is not None
            }
        if "activity" in shows:
            shown = source.snapshot(shows["activity"].name)
            if shown is not None and len(shown["nodes"]) == len(nodes):
                rows = np.asarray(shown["nodes"], float)
                known = rows[:, 3] > 0 if rows.shape[1] > 3 else np.ones(len(rows), bool)  # units not evaluated yet have no value
                values = {n.id: float(row[2]) for n, row, k in zip(nodes, rows, known, strict=True) if k}
                wires = np.asarray(shown["edges"], float)
                if self.editor.graph.kinds.flowing is not None and len(wires) == len(self.editor.graph.edges):
                    values |= {e.id: float(row[2]) for e, row in zip(self.editor.graph.edges, wires, strict=True)}
        elif stream := shows.get("rates") or shows.get("values"):
            steps = model.steps_for(STRETCH[stream.canvas])
            _, rows = source.samples(stream.name, max(0, source.step - steps), source.step)
            thin = np.asarray(rows[:: max(1, len(rows) // HISTORY)], float)
            unit = stream.unit
            channels: dict[str, list[int]] = {}
            for k, name in enumerate(stream.channels):
                whose = name.rpartition(" · ")[0] if stream.canvas == "values" else ""
                channels.setdefault(whose or name, []).append(k)
            if thin.ndim == 2 and thin.shape[1] == len(stream.channels):
                histories = {n.id: thin[:, channels[n.title]] for n in nodes if n.title in channels}
            if "spikes" in shows:
                fired = latest_spikes(source, shows["spikes"].name, steps)
                spikes = {n.id: fired[n.title] for n in nodes if n.title in fired}
        self.editor.show_run(values, histories, unit, spikes, maps)
