"""The network canvas: palette, view, problems and totals around one immutable graph; every edit replaces it by another.

a person --> view, scene, palette, inspector --> edit(graph, what) --graph_changed(json, what, key, final)--> the document
                                                                                                                 |
scene <-- show_text(json) <--------------------------------------------------------------------------------------+
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.errors import LabError
from lab.graph.document import GRID, Graph, Problem
from lab.units import signed
from lab.widgets import theme
from lab.widgets.labels import ElidedLabel
from lab.widgets.networks import edits, floating, menus, walking
from lab.widgets.networks.edits import Edit, same_network
from lab.widgets.networks.exchange import Exchange
from lab.widgets.networks.floating import Floating, Panel, Zoom
from lab.widgets.networks.inspector import Inspector
from lab.widgets.networks.items import TALL
from lab.widgets.networks.kinds import KindList
from lab.widgets.networks.problems import ProblemList, rows
from lab.widgets.networks.scene import NetworkScene
from lab.widgets.networks.view import FEW, NetworkView
from lab.widgets.networks.wire_field import WireNumbers

KEPT = 64  # graphs whose text is known already: undo shows them without reading
CHECK_MS = 120
NARROW = 620  # a canvas narrower than this begins without its palette: K brings it
PANEL_WORDS = "Show or hide parameters and what is selected (Shift+P)"
HINT = "drag from a port to connect · F fits · ? lists the keys"


class NetworkEditor(QWidget):
    """Edits one graph.

    graph_changed(json, what, key, final)  a person changed the graph; changes with one key are one step of undo
    replaced(json, what, values)           a template took the graph's place; values are those of the model's parameters that fit it
    handed_over                            a person wants the other model that works with this graph
    elsewhere(model)                       a person wants this graph in another model
    foreign(family, title)                 a person chose a template of another family
    closed                                 a person closed the canvas
    tapped                                 Space was tapped: play or pause
    filled, turned, floated                a person wants the whole place for the canvas, or back; the results at the other side; the panel over the canvas, or beside it
    settled                                a drag ended where it was: what follows is another step
    kept(name, open)                       a person opened or closed the palette, or the panel at the right
    """

    graph_changed = Signal(str, str, str, bool)
    replaced = Signal(str, str, dict)
    handed_over = Signal()
    elsewhere = Signal(str)
    foreign = Signal(str, str)
    closed = Signal()
    tapped = Signal()
    filled = Signal()
    turned = Signal()
    floated = Signal()
    selected = Signal(tuple)
    kept = Signal(str, bool)
    settled = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network-editor")
        self.graph = Graph("populations")
        self.found: tuple[Problem, ...] = ()
        self.takers: dict[str, str] = {}  # models that take any graph, and what they do with it
        self.refused = ""  # why the document cannot run, said by the model
        self._known: OrderedDict[str, Graph] = OrderedDict()
        self._text = ""
        self._values: dict[str, float] = {}
        self._pasted = 0
        self._totals = ""  # what the line below says when there is nothing else to say
        self._aim = self._around = ""  # the node that a wire is led to by key, and the one whose wires are gone through
        self._loose = ("", "", 0.0, 0.0)  # the wire that ends nowhere: source, output, place
        self._ground: QPointF | None = None  # where the empty canvas was clicked last
        self._narrow = self._placing = False
        self.open = {"palette": True, "panel": True}  # what a person wants to see
        self.scene = NetworkScene(self)
        self.view = NetworkView(self.scene, self)
        self.kinds = KindList(self.view)
        self.inspector = Inspector(self)
        self.inspector.hide()
        self.keys = self._keys()
        self._build()
        self.files = Exchange(self, self.scene, lambda: self.graph, self.load, self.say, lambda: self.graph.kinds.title)
        self._check = QTimer(self)
        self._check.setSingleShot(True)
        self._check.setInterval(CHECK_MS)
        self._check.timeout.connect(self.check_now)
        self.scene.moved.connect(self._moved)
        self.scene.wired.connect(self.connect_ports)
        self.scene.loose.connect(self._offer_kinds)
        self.scene.selectionChanged.connect(self._chosen)
        self.view.keyed.connect(self._key)
        self.view.asked.connect(self._claim)
        self.view.dropped.connect(self.add)
        self.view.grounded.connect(self._clicked_at)
        self.view.opened.connect(self._open)
        self.view.tapped.connect(self.tapped)
        self.view.menu_wanted.connect(self._menu)
        self.kinds.chosen.connect(self.add)
        self.inspector.edited.connect(self._edited)
        self.inspector.aligned.connect(self.align)
        self.inspector.asked.connect(self._command)
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.bar = Panel(self.view)
        self.over = QPushButton("", self.bar)
        self.over.clicked.connect(self.handed_over)
        self.over.hide()
        self.bar.row.addWidget(self.over)
        self._buttons: list[tuple[QToolButton, str]] = []
        for text, icon, call in (
            ("Templates", "mdi6.shape-plus-outline", self._templates),
            ("Show or hide the kinds of nodes (Shift+K)", "mdi6.palette-outline", self.toggle_kinds),
            ("Tidy up: columns from sources to sinks (Ctrl+L)", "mdi6.auto-fix", self.tidy),
            ("Align the selected nodes", "mdi6.format-align-left", self._sides),
            ("Fit the whole network (F)", "mdi6.fit-to-page-outline", self.view.fit),
            ("Import, export, count, analyse", "mdi6.folder-swap-outline", self._files),
            ("Keys of the canvas (?)", "mdi6.keyboard-outline", self.show_keys),
            (PANEL_WORDS, "mdi6.tune-variant", self.toggle_panel),
            ("The panel at the right over the canvas, or beside it (Ctrl+J)", "mdi6.picture-in-picture-top-right", self._float),
            ("The canvas alone, or the results with it (J)", "mdi6.dock-window", self._fill),
            ("Results below or at the right (Shift+J)", "mdi6.dock-right", self._turn),
            ("Close the canvas (Escape)", "mdi6.close", self._close),
        ):
            button = QToolButton(self.bar)
            button.setToolTip(text)
            button.setAccessibleName(text.split(" (")[0])
            button.setIconSize(QSize(18, 18))
            button.clicked.connect(call)
            self._buttons.append((button, icon))
            self.bar.row.addWidget(button)
            if text is PANEL_WORDS:
                self._panel_button = button
                button.hide()
        self.problems = ProblemList(self.view)
        self.problems.wanted.connect(self._go_to)
        self.foot = Panel(self.view)
        self.zoom = Zoom(self.foot, self.view.zoom_by)
        self._buttons += self.zoom.buttons
        self.totals = ElidedLabel("", self.foot, role="figure")
        self.totals.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.totals.setContentsMargins(4, 2, 8, 2)
        self.foot.row.addWidget(self.zoom)
        self.foot.row.addWidget(self.totals, 1)
        self.panel = Panel(self.view, upright=True)
        self.panel.hide()
        self.soon = Panel(self.view)
        soon = QLabel("a new run begins in a moment", self.soon)
        soon.setProperty("role", "caption")
        self.soon.row.setContentsMargins(10, 4, 10, 4)
        self.soon.row.addWidget(soon)
        self.soon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.soon.hide()
        self.numbers = WireNumbers(self.view, self.do, lambda: self.graph)
        self.floating = Floating(self.view, self.kinds, self.bar, self.problems, self.foot, self.panel, self.soon)
        self.view.covered = self.floating.covers
        self.view.seen.connect(self._show_zoom)
        self.view.resized.connect(self.floating.place)
        self.view.settled.connect(self._uncover)
        self.empty = QLabel("An empty canvas: drag a kind of node here from the left, or begin with a template.", self.view)
        self.empty.setProperty("role", "caption")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.empty.hide()

    def set_theme(self) -> None:
        """Icons."""
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon))
        self._show_problems()

    def resizeEvent(self, event: Any) -> None:
        """What stands on the canvas follows its size."""
        super().resizeEvent(event)
        self.empty.setGeometry(self.view.rect().adjusted(40, 20, -40, -20))
        self._give_way()

    def _give_way(self) -> None:
        """The palette goes where there is little room, and comes back with it."""
        narrow = self.width() - (0 if self.panel.isHidden() else self.panel.sizeHint().width()) < NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            self.kinds.setVisible(not narrow and self.open["palette"])
            self.view.keep_fitted()  # the view was fitted before the palette came or went

    # -- the graph --

    def show_text(self, text: str) -> None:
        """Show the graph of a document; nothing happens if it is the one that is shown."""
        if text == self._text:
            return
        fresh = not self._text or self.graph.family not in text
        try:
            graph = self._known.get(text) or Graph.from_json(text)
        except LabError as error:
            self.say(str(error))
            return
        self._remember(text, graph)
        self._put(graph, text)
        if fresh:
            self.view.fit()
        else:
            self.view.keep_all_seen()

    def _remember(self, text: str, graph: Graph) -> None:
        self._known[text] = graph
        self._known.move_to_end(text)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def _put(self, graph: Graph, text: str) -> None:
        before, self.graph, self._text = self.graph, graph, text
        if before.family != graph.family or self.kinds.family is None:
            self.kinds.show_family(graph.kinds)
            self.floating.place()
        self.scene.show_graph(graph)
        self.empty.setVisible(not graph.nodes and not graph.comments)
        self._show_selection()
        if not same_network(before, graph) or not self.totals.text():
            self._check.start()

    def edit(self, graph: Graph, what: str, key: str = "", final: bool = True) -> None:
        """Put another graph in place, as a step called `what`."""
        if graph is self.graph or graph == self.graph:
            if final:
                self.settled.emit()
            return
        self.say("")
        text = graph.to_json()
        self._remember(text, graph)
        self._put(graph, text)
        self.graph_changed.emit(text, what, key, final)

    def do(self, change: Callable[[], Edit | None]) -> bool:
        """Do an edit, or say why it cannot be; whether it was done."""
        try:
            made = change()
        except LabError as error:
            self.say(str(error))
            self.inspector.show_error(str(error))
            return False
        if made is None:
            return False
        self.edit(made.graph, made.words, made.key, made.final)
        if made.chosen is not None:
            self._placing = True  # what a person has just put down stays where it is
            self.scene.choose(made.chosen)
            self._placing = False
        return True

    def say(self, sentence: str) -> None:
        """Say something on the line below, or the totals again."""
        self.totals.setProperty("role", "error" if sentence else "figure")
        self.totals.style().unpolish(self.totals)
        self.totals.style().polish(self.totals)
        self.totals.setText(sentence or self._totals)
        self.floating.place()

    def show_handover(self, words: str, about: str = "") -> None:
        """Offer to go on with this network in another model, or not."""
        self.over.setText(words)
        self.over.setToolTip(about)
        self.over.setVisible(bool(words))
        self.floating.place()

    def show_waiting(self, waits: bool) -> None:
        """Edits are settling, and a run of the network as it is now begins in a moment; or none does."""
        self.soon.setVisible(waits)
        if waits:
            self.floating.place()

    def show_refusal(self, sentence: str) -> None:
        """Why the model cannot run this graph; it stays on the canvas as a draft."""
        self.refused = sentence
        self._show_problems()

    # -- what is wrong, and how much there is --

    def check_now(self) -> None:
        """Look for problems and count."""
        self._check.stop()
        self.found = self.graph.problems()
        hint = f"K adds a node · {HINT}" if self.kinds.isHidden() else HINT
        self._totals = f"{self.graph.kinds.totals(self.graph)}  ·  {hint}"
        self.say("")
        self.scene.show_problems(self.found)
        self._show_problems()

    def _show_problems(self) -> None:
        self.problems.show_rows(rows(self.found, self.refused))
        self.floating.place()

    def _go_to(self, ids: tuple[str, ...]) -> None:
        self.scene.choose(ids)
        self.view.show_items(ids)

    # -- edits --

    def add(self, kind: str, x: float | None = None, y: float | None = None) -> str:
        """Add a node of a kind: where one says, else near the place that was clicked last, else in the middle of what can be seen."""
        if x is None or y is None:
            free = floating.free_of(QRectF(self.view.viewport().rect()), self.floating.covers())
            seen = self.view.mapToScene(free.toRect()).boundingRect()
            near = self._ground if self._ground is not None and seen.contains(self._ground) else seen.center()
            room = seen.adjusted(TALL.width() / 2, TALL.height() / 2, -TALL.width() / 2, -TALL.height() / 2).normalized()
            x, y = edits.free_place(
                self.graph, near.x(), near.y(), (room.left(), room.top(), room.right(), room.bottom()), self.scene.wires.points()
            )
        if not self.do(lambda: edits.add(self.graph, kind, x, y)):
            return ""
        self.view.setFocus()
        return self.scene.chosen()[0]

    def _clicked_at(self, at: QPointF) -> None:
        self._ground = at

    def connect_ports(self, source: str, output: str, target: str, input: str) -> None:
        """Join two ports."""
        self.do(lambda: edits.connect(self.graph, source, output, target, input))

    def _offer_kinds(self, source: str, output: str, x: float, y: float) -> None:
        """A wire that ends nowhere asks what it should lead to."""
        menu = menus.ends_of_a_wire(self, self.graph, source, output)
        self._loose = (source, output, x, y)
        menu.triggered.connect(self._add_joined)
        if not menu.isEmpty():
            menu.popup(self.view.mapToGlobal(self.view.mapFromScene(QPointF(x, y))))

    def _add_joined(self, entry: Any) -> None:
        kind, port = entry.data()
        source, output, x, y = self._loose
        self.do(lambda: edits.add_joined(self.graph, source, output, kind, port, x, y))

    def remove(self) -> None:
        """Remove what is selected."""
        self.do(lambda: edits.remove(self.graph, self.scene.chosen()))

    def copy(self) -> bool:
        """Put the selected nodes, with the wires between them, on the clipboard as text."""
        text = edits.copy(self.graph, self.scene.chosen())
        if text:
            QGuiApplication.clipboard().setText(text)
            self._pasted = 0
        return bool(text)

    def cut(self) -> None:
        """Copy and remove."""
        if self.copy():
            self.remove()

    def paste(self) -> None:
        """Paste nodes from the clipboard, each time a little further."""
        text = QGuiApplication.clipboard().text()
        self._pasted += 1
        self.do(lambda: edits.paste(self.graph, text, 2 * GRID * self._pasted))

    def duplicate(self) -> None:
        """A copy of what is selected beside it."""
        self.do(lambda: edits.duplicate(self.graph, self.scene.chosen()))

    def align(self, side: str) -> None:
        """Put the selected nodes on one line."""
        self.do(lambda: edits.align(self.graph, self.scene.chosen(), side))

    def tidy(self) -> None:
        """Columns from sources to sinks."""
        self.do(lambda: edits.tidy(self.graph))
        self.view.fit()

    def group(self) -> None:
        """Group the selected nodes."""
        self.do(lambda: edits.group(self.graph, self.scene.chosen()))

    def ungroup(self) -> None:
        """Dissolve the groups that are selected or hold what is."""
        self.do(lambda: edits.ungroup(self.graph, self.scene.chosen()))

    def fold(self) -> None:
        """Fold the chosen groups, or those of the chosen nodes, to single cards; or unfold them."""
        if edits.groups_of(self.graph, self.scene.chosen()):
            self.do(lambda: edits.fold(self.graph, self.scene.chosen()))
        else:
            self.say("Select a group, or a node of one, to fold it to a single card; Ctrl+G groups what is selected.")

    def comment(self) -> None:
        """Write on the canvas."""
        at = self.view.mapToScene(self.view.viewport().rect().center())
        if self.do(lambda: edits.comment(self.graph, at.x(), at.y() - 100)):
            self.inspector.focus_name()

    def nudge(self, x: float, y: float) -> None:
        """Move what is selected by key; up and down, the number of a selected wire."""
        if x or not self.numbers.step(-4.0 * y / GRID):
            self.do(lambda: edits.nudge(self.graph, self.scene.chosen(), x, y))

    def _moved(self, places: dict[str, tuple[float, float]]) -> None:
        self.do(lambda: edits.move(self.graph, places))

    def _edited(self, id: str, name: str, value: Any, final: bool) -> None:
        self.do(lambda: edits.set_value(self.graph, id, name, value, final))

    def load(self, graph: Graph, what: str, values: Mapping[str, Any] | None = None) -> None:
        """Another graph altogether; a template brings values of the model that fit it."""
        if values is None:
            self.edit(graph, what)
        else:
            self.say("")
            text = graph.to_json()
            self._remember(text, graph)
            self._put(graph, text)
            self.replaced.emit(text, what, dict(values))
        self.view.fit()

    def lettering(self) -> list[QRect]:
        """Where words and tools stand in the view: what floats over it, and the cards and numbers of a network that is not large."""
        found = [area.toRect() for area in self.floating.covers()]
        if len(self.scene.nodes) + len(self.scene.edges) <= FEW:
            areas = [i.mapRectToScene(i.body) for i in self.scene.nodes.values() if i.isVisible()]
            areas += [i.words_at for i in self.scene.edges.values() if i.isVisible() and not i.words_at.isNull()]
            found += [self.view.mapFromScene(area).boundingRect() for area in areas]
        return found

    def places(self, size: QSize) -> list[QRect]:
        """Where a sentence may lie over the network, from above to below: in the middle of what is free, or at a side of it."""
        free = floating.free_of(QRectF(self.view.rect()), self.floating.covers()).toRect()
        lefts = (free.center().x() - size.width() // 2, free.left(), free.right() - size.width())
        tops = range(free.top(), max(free.top(), free.bottom() - size.height()) + 1, 6)
        return [QRect(QPoint(max(0, left), top), size) for top in tops for left in lefts]

    # -- selection --

    def _chosen(self) -> None:
        self._show_selection()
        self.selected.emit(self.scene.chosen())
        self._uncover()
        self.view.map.update()

    def _uncover(self) -> None:
        """What is selected comes out from under what floats, its ends of wires with it; not while the hand is on it."""
        if not (self.view.held or self._placing):
            self.view.uncover(self.scene.chosen())

    def _show_zoom(self) -> None:
        self.zoom.show_zoom(self.view.zoom)

    def _show_selection(self) -> None:
        self.inspector.show_selection(self.graph, self.scene.chosen())
        self._show_numbers()

    def _open(self, id: str) -> None:
        self.scene.choose((id,))
        if id in self.scene.groups:
            self.fold()
            return
        if id not in self.scene.edges or not self.numbers.type_on(id):
            self.edit_chosen()

    def _command(self, name: str) -> None:
        {"duplicate": self.duplicate, "group": self.group, "remove": self.remove, "fold": self.fold, "ungroup": self.ungroup}[name]()

    def step_selection(self, by: int) -> None:
        """Select the next node, or aim the wire that is drawn at it."""
        ids = walking.in_order(self.graph, {id for id, item in self.scene.nodes.items() if item.isVisible()})
        if not ids:
            return
        if self.scene.wiring:
            self._aim = walking.after(ids, (self._aim,), by)
            self.scene.aim_wire(self._aim)
            self.view.show_items((self._aim,))
        else:
            self._go_to((walking.after(ids, self.scene.chosen(), by),))

    def tab(self, by: int) -> None:
        """On to the next node, and from the last one out of the canvas: the keyboard is never caught in it."""
        ids = walking.in_order(self.graph, {id for id, item in self.scene.nodes.items() if item.isVisible()})
        if ids and not self.scene.wiring and self.scene.chosen() == (ids[-1 if by > 0 else 0],):
            self.scene.clearSelection()
            self.view.go_on(by > 0)
        else:
            self.step_selection(by)

    def step_wire(self) -> None:
        """Select the next wire of the selected node, or the next one after the selected wire."""
        wire, self._around = walking.next_wire(self.graph, self.scene.chosen(), self._around)
        if wire:
            self.scene.choose((wire,))

    def wire_by_key(self) -> None:
        """Begin a wire at the selected node: Tab aims, Enter joins, Escape gives up."""
        chosen = [i for i in self.scene.chosen() if i in self.scene.nodes]
        outputs = self.graph.kind_of(chosen[0]).outputs if len(chosen) == 1 else ()
        if outputs:
            self._aim = chosen[0]
            self.scene.begin_wire(chosen[0], outputs[0].name)
            self.step_selection(1)
        else:
            self.say("Select one node that has an output, then press W to lead a wire from it.")

    def enter(self) -> None:
        """Join the wire that is aimed, or edit what is selected."""
        if self.scene.wiring:
            self.scene.end_wire()
        elif chosen := self.scene.chosen():
            if len(chosen) != 1 or chosen[0] not in self.scene.edges or not self.numbers.type_on(chosen[0]):
                self.edit_chosen()

    def edit_chosen(self) -> None:
        """Bring the form of what is selected, and type another name."""
        if self.held is not None:
            self.panel.show()
        self.inspector.focus_name()

    def _fill(self) -> None:
        self.filled.emit()

    def _fold_or_fill(self) -> None:
        if edits.groups_of(self.graph, self.scene.chosen()):
            self.fold()
        else:
            self._fill()

    def _turn(self) -> None:
        self.turned.emit()

    def _float(self) -> None:
        self.floated.emit()

    def _close(self) -> None:
        self.closed.emit()

    def leave(self) -> bool:
        """Escape: the palette, the wire, then the selection; whether there was something to leave."""
        if self.kinds.isAncestorOf(self.focusWidget() or self):
            self.view.setFocus()
            self.kinds.setVisible(self.open["palette"] and not self._narrow)
            return True
        if self.numbers.let_go():
            return True
        if self.scene.wiring:
            self.scene.cancel_wire()
            return True
        if self.scene.chosen():
            self.scene.clearSelection()
            return True
        return False

    # -- keys --

    def _keys(self) -> dict[str, tuple[str, Callable[[], Any]]]:
        """Keys of the canvas by name, with what they do; keys of kinds come from the family."""
        step, small = GRID, GRID / 4
        table: dict[str, tuple[str, Callable[[], Any]]] = {
            "Shift+J": ("Results below or at the right", self._turn),
            "Ctrl+J": ("The panel at the right over the canvas, or beside it", self._float),
            "Tab": ("Select the next node; behind the last one leave the canvas", lambda: self.tab(1)),
            "Shift+Tab": ("Select the node before; before the first one leave the canvas", lambda: self.tab(-1)),
            "Shift+Backtab": ("Select the node before; before the first one leave the canvas", lambda: self.tab(-1)),
            "E": ("Select the next wire of the node", self.step_wire),
            "W": ("Lead a wire from the node: Tab aims, Enter joins", self.wire_by_key),
            "Return": ("Join, or edit what is selected", self.enter),
            "Enter": ("Join, or edit what is selected", self.enter),
            "F2": ("Rename", self.edit_chosen),
            "Del": ("Remove what is selected", self.remove),
            "Backspace": ("Remove what is selected", self.remove),
            "Ctrl+C": ("Copy", self.copy),
            "Ctrl+X": ("Cut", self.cut),
            "Ctrl+V": ("Paste", self.paste),
            "Ctrl+D": ("Duplicate", self.duplicate),
            "Ctrl+A": ("Select everything", lambda: self.scene.choose((*self.scene.nodes, *self.scene.edges, *self.scene.comments))),
            "Ctrl+G": ("Group", self.group),
            "Ctrl+Shift+G": ("Dissolve the group", self.ungroup),
            "J": ("The canvas alone, or the results with it; a selected group: fold it to a card, or unfold it", self._fold_or_fill),
            "Ctrl+L": ("Tidy up", self.tidy),
            "T": ("Write a comment", self.comment),
            "F": ("Fit the whole network", self.view.fit),
            "+": ("Zoom in", lambda: self.view.zoom_by(1.25)),
            "=": ("Zoom in", lambda: self.view.zoom_by(1.25)),
            "-": ("Zoom out", lambda: self.view.zoom_by(0.8)),
            "K": ("Find a kind of node to add", self.find_kind),
            "Shift+K": ("Show or hide the kinds of nodes", self.toggle_kinds),
            "Shift+P": ("Show or hide parameters and what is selected, where they float", self.toggle_panel),
            "?": ("List the keys", self.show_keys),
        }
        for name, x, y in (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1)):
            table[name] = (f"Move {name.lower()}", partial(self.nudge, x * step, y * step))
            table[f"Shift+{name}"] = (f"Move {name.lower()} a little", partial(self.nudge, x * small, y * small))
        return table

    def _call(self, event: Any) -> Callable[[], Any] | None:
        name = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText)
        name = event.text() if event.text() in ("?", "+", "=", "-") else name
        if name in self.keys:
            return self.keys[name][1]
        if name == "Esc":
            return self.leave if self.scene.wiring or self.scene.chosen() else None
        kind = next((k for k in self.graph.kinds.kinds if k.key and k.key == name), None)
        return (lambda: self.add(kind.name)) if kind is not None else None

    def _claim(self, event: Any) -> None:
        if self._call(event) is not None:
            event.accept()

    def _key(self, event: Any) -> None:
        call = self._call(event)
        if call is not None:
            call()
            event.accept()

    def find_kind(self) -> None:
        """Type which kind to add."""
        self.kinds.show()
        self.kinds.search.setFocus()
        self.kinds.search.selectAll()

    def toggle_kinds(self) -> None:
        """Show or hide the palette."""
        self._keep("palette", self.kinds.isHidden(), self.kinds)

    def toggle_panel(self) -> None:
        """Show or hide the panel that floats at the right."""
        if self.held is not None:
            self._keep("panel", self.panel.isHidden(), self.panel)

    def _keep(self, name: str, open: bool, widget: QWidget) -> None:
        if not open and widget.isAncestorOf(self.focusWidget() or self):
            self.view.setFocus()
        widget.setVisible(open)
        self.open[name] = open
        if widget is self.panel:
            self._give_way()
        self.kept.emit(name, open)
        self.view.keep_fitted()

    def recall(self, palette: bool, panel: bool) -> None:
        """What a person left open the last time."""
        self.open = {"palette": palette, "panel": panel}
        self.kinds.setVisible(palette and not self._narrow)

    @property
    def held(self) -> QWidget | None:
        """What floats at the right."""
        item = self.panel.row.itemAt(0)
        return item.widget() if item is not None else None

    def hold(self, widget: QWidget) -> None:
        """Let a panel of the window float at the right."""
        self.panel.row.addWidget(widget)
        widget.show()
        self.panel.setVisible(self.open["panel"])
        self._panel_button.show()
        self._give_way()
        self.floating.place()
        self.view.keep_fitted()

    def let_go(self) -> None:
        """Nothing floats at the right; who wanted the panel back has taken it."""
        self.panel.hide()
        self._panel_button.hide()
        self._give_way()
        self.floating.place()
        self.view.keep_fitted()

    # -- menus --

    def _popup(self, menu: QMenu, at: QPoint | None = None) -> None:
        button = self.sender()
        if at is None and isinstance(button, QToolButton):
            at = button.mapToGlobal(QPoint(0, button.height()))
        menu.popup(at or self.mapToGlobal(self.rect().center()))
        self.menu_open = menu

    def _templates(self) -> None:
        menu = menus.templates(self, self.graph)
        menu.triggered.connect(self._template)
        self._popup(menu)

    def _template(self, entry: Any) -> None:
        title = entry.data()
        if isinstance(title, tuple):
            self.foreign.emit(*title)
        elif title:
            template = self.graph.kinds.templates[title]
            self.load(template.explained(), f"Template {title}", template.values)
        else:
            self.load(Graph(self.graph.family), "Empty the canvas")

    def _sides(self) -> None:
        menu = menus.sides(self, len(self.scene.chosen()) > 1)
        menu.triggered.connect(self._side)
        self._popup(menu)

    def _side(self, entry: Any) -> None:
        self.align(entry.data())

    def _files(self) -> None:
        rows = (
            ("Import a graph (JSON, GraphML, CSV)…", self.files.ask_import, True),
            ("Export the graph (JSON, GraphML, CSV)…", self.files.ask_export, True),
            ("Export as picture (SVG, PNG, PDF)…", self.files.ask_picture, True),
        )
        menu = menus.calls(self, rows, self.takers)
        menu.triggered.connect(self._go_elsewhere)
        self._popup(menu)

    def _go_elsewhere(self, entry: Any) -> None:
        if entry.data():
            self.elsewhere.emit(entry.data())

    def _menu(self, at: QPoint) -> None:
        some, groups = bool(self.scene.chosen()), bool(self.graph.groups)
        rows = (
            ("Rename", self.edit_chosen, some), ("Duplicate", self.duplicate, some), ("Copy", self.copy, some), ("Cut", self.cut, some),
            ("Paste", self.paste, True), ("Remove", self.remove, some), ("Group", self.group, some), ("Dissolve the group", self.ungroup, groups),
            ("Fold or unfold the group", self.fold, groups), ("Comment", self.comment, True), ("Tidy up", self.tidy, True), ("Fit", self.view.fit, True),
        )  # fmt: skip
        self._popup(menus.calls(self, rows), at)

    def show_keys(self) -> None:
        """A list of the keys."""
        self._popup(menus.keys(self, self.graph, self.keys))

    # -- a run --

    def show_run(
        self,
        values: Mapping[str, float],
        histories: Mapping[str, np.ndarray],
        unit: str = "",
        spikes: Mapping[str, np.ndarray] | None = None,
        maps: Mapping[str, tuple[np.ndarray, str]] | None = None,
    ) -> None:
        """Numbers of the run by node: the activity of units; (times, channels) the latest rates of populations or values of ensembles; spikes; maps of units.

        Values of wires, by their identity, are the weights that a run has learned.
        """
        self._values = dict(values)
        flowing, graph = self.graph.kinds.flowing, self.graph
        flows = {e.id: flowing(graph, e, values) for e in graph.edges if self.scene.edges[e.id].label} if flowing and values else {}
        self.scene.show_activity(values, histories, unit, spikes, flows, maps)
        self._show_numbers()

    def _show_numbers(self) -> None:
        chosen = self.scene.chosen()
        explain = self.graph.kinds.arithmetic
        one = len(chosen) == 1 and chosen[0] in self.scene.nodes
        self.inspector.show_numbers(signed(explain(self.graph, chosen[0], self._values)) if explain and one and self._values else "")
