"""The scene of a graph: makes items agree with an immutable graph, and turns drags into edits.

graph --show()--> items            only what differs between two graphs is touched
items --moved, wired--> editor     the editor makes the next graph, and shows it here again
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsScene, QGraphicsSimpleTextItem

from lab.graph.document import GRID, Graph, Problem
from lab.units import signed
from lab.widgets import theme
from lab.widgets.networks.items import CommentItem, EdgeItem, GroupItem, NodeItem
from lab.widgets.networks.paints import Paints
from lab.widgets.networks.wires import ROUTED, Wires

REACH = 14.0
TAKEN = 4  # pixels that a hand moves before it drags a number: a click moves a little, too
NO_SPIKES = np.empty((0, 2))
PLAIN = 400  # graphs with more wires are drawn without words and heads


class NetworkScene(QGraphicsScene):
    """Items of one graph.

    moved(places)                             nodes and comments were dragged: id -> (x, y)
    wired(source, output, target, input)      a wire was drawn between two ports that can be joined
    loose(source, output, x, y)               a wire was let go over an empty place
    pulled(wire, pixels, fine, final)         the number on a wire is dragged: so many pixels upwards from where it was taken
    """

    moved = Signal(dict)
    wired = Signal(str, str, str, str)
    loose = Signal(str, str, float, float)
    pulled = Signal(str, float, bool, bool)

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.paints = Paints()
        self.graph = Graph("populations")
        self.units = False
        self.directed = True
        self.plain = False
        self.nodes: dict[str, NodeItem] = {}
        self.edges: dict[str, EdgeItem] = {}
        self.comments: dict[str, CommentItem] = {}
        self.groups: dict[str, GroupItem] = {}
        self._touching: dict[str, list[str]] = {}
        self._inside: dict[str, str] = {}  # node -> the folded group it is in
        self._dirty: set[str] = set()
        self._moved: set[str] = set()  # nodes that stand elsewhere than when wires were laid
        self.wires = Wires(self)
        self._lines: dict[str, QLineF] = {}
        self._batches: list[tuple[list[QLineF], np.ndarray]] | None = None
        self.version = 0  # counts what changes the small map
        self.loud: set[str] = set()
        self.selectionChanged.connect(self._choose_loud)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.flush)
        self.hot: tuple[str, str, str] | None = None
        self._wire_from: tuple[str, str] | None = None
        self._wire_to: tuple[str, str] | None = None
        self._wire = QGraphicsPathItem()
        self._wire.setZValue(50)
        self._words = QGraphicsSimpleTextItem()
        self._words.setZValue(60)
        self._words_ground = QGraphicsPathItem()
        self._words_ground.setZValue(59)
        for item in (self._wire, self._words, self._words_ground):
            item.hide()
            self.addItem(item)
        self._pressed: dict[str, tuple[float, float]] = {}
        self._pull: tuple[str, int] | None = None  # the wire whose number a hand took, and the height on the screen
        self._pulling = False
        theme.changes().changed.connect(self.set_theme)

    # -- agreeing with a graph --

    def show_graph(self, graph: Graph) -> None:
        """Make the items those of another graph; what is selected stays so."""
        self.cancel_wire()
        before, self.graph = self.graph, graph
        if before.family != graph.family:
            self._remove_all()
        self.units = graph.kinds.arithmetic is not None
        self.directed = graph.kinds.directed
        plain = len(graph.edges) > PLAIN
        relay = plain != self.plain
        self.plain = plain
        kinds = {k.name: k for k in graph.kinds.kinds}
        headings = list(dict.fromkeys(k.group for k in graph.kinds.kinds))
        known_nodes, known_edges = {n.id: n for n in graph.nodes}, {e.id: e for e in graph.edges}
        for id in [
            i
            for i, item in self.edges.items()
            if i not in known_edges or (known_edges[i].source, known_edges[i].target) != (item.edge.source, item.edge.target)
        ]:
            self.removeItem(self.edges.pop(id))
        self.loud &= set(self.edges)
        self._moved |= {i for i in self.nodes if i not in known_nodes}
        self._lines = {i: line for i, line in self._lines.items() if plain and i in self.edges}
        for id in [i for i, item in self.nodes.items() if i not in known_nodes or known_nodes[i].kind != item.node.kind]:
            self.removeItem(self.nodes.pop(id))
        changed: set[str] = set()
        for node in graph.nodes:
            item = self.nodes.get(node.id)
            if item is None:
                item = self.nodes[node.id] = NodeItem(self, node, kinds[node.kind])
                item.colour = headings.index(item.kind.group)
                self.addItem(item)
                changed.add(node.id)
            elif item.node is not node:
                item.node = node
                if (item.x(), item.y()) != (node.x, node.y):
                    item.setPos(node.x, node.y)
                changed.add(node.id)
        self._touching = defaultdict(list)
        lanes: dict[frozenset[str], int] = defaultdict(int)
        inhibits: dict[str, bool] = defaultdict(bool)
        for edge in graph.edges:
            pair = frozenset((edge.source, edge.target))
            lane = lanes[pair]
            lanes[pair] += 1
            self._touching[edge.source].append(edge.id)
            if edge.target != edge.source:
                self._touching[edge.target].append(edge.id)
            wire = self.edges.get(edge.id)
            if wire is None:
                wire = self.edges[edge.id] = EdgeItem(self, edge, lane)
                self.addItem(wire)
            elif wire.edge is edge and wire.lane == lane and edge.source not in changed and edge.target not in changed and not relay:
                inhibits[edge.source] |= wire.size < 0
                continue
            wire.edge, wire.lane = edge, lane
            wire.label, wire.size = signed(graph.kinds.label(graph, edge)), graph.kinds.size(graph, edge)
            inhibits[edge.source] |= wire.size < 0
            self._dirty.add(edge.id)
        self._widths()
        for id, item in self.nodes.items():
            if id in changed:
                item.caption = signed(graph.kinds.caption(graph, item.node))
            if item.inhibits != inhibits[id] or id in changed:
                item.inhibits = inhibits[id] and not self.units
                item.update()
        self._batches = None
        self._show_notes(graph)
        self._fold(graph)
        self.flush()

    def _fold(self, graph: Graph) -> None:
        """Hide what is inside folded groups, and lead wires that cross their border to their cards."""
        inside = {id: g.id for g in graph.groups if g.folded for id in g.nodes}
        changed = {id for id in {*inside, *self._inside} if inside.get(id) != self._inside.get(id)}
        self._inside = inside
        for id in changed & set(self.nodes):
            self.nodes[id].setVisible(id not in inside)
            self.node_moved(id)
        for edge in graph.edges:
            one, other = inside.get(edge.source), inside.get(edge.target)
            self.edges[edge.id].setVisible(one is None or one != other)

    def standing(self, node: str) -> str:
        """What stands for a node: itself, or the folded group it is in."""
        return self._inside.get(node, node)

    def anchor(self, node: str, port: str, side: str) -> tuple[QPointF, QRectF]:
        """Where a wire begins or ends, and the body that it must go around: that of the node, or of the folded group it is in."""
        group = self.groups.get(self._inside.get(node, ""))
        if group is not None:
            card = group.card
            return QPointF(card.left() if side == "input" else card.right(), card.center().y()), card
        item = self.nodes[node]
        return item.pos() + item.port_place(port, side), item.body.translated(item.pos())

    def _widths(self) -> None:
        """In graphs of units the weight is the width of a wire; between populations units differ, and all are alike."""
        top = max((abs(e.size) for e in self.edges.values()), default=1.0) or 1.0
        for id, item in self.edges.items():
            width = (0.8 + 2.2 * abs(item.size) / top) if self.units else 2.0
            if abs(width - item.width) > 0.05:
                item.width = width
                self._dirty.add(id)

    def _show_notes(self, graph: Graph) -> None:
        for gone in self.comments.keys() - {c.id for c in graph.comments}:
            self.removeItem(self.comments.pop(gone))
        for gone in self.groups.keys() - {g.id for g in graph.groups}:
            self.removeItem(self.groups.pop(gone))
        for comment in graph.comments:
            if comment.id not in self.comments:
                self.comments[comment.id] = CommentItem(self, comment)
                self.addItem(self.comments[comment.id])
            written = self.comments[comment.id]
            written.comment = comment
            written.prepareGeometryChange()
            written.setPos(comment.x, comment.y)
            written.update()
        for group in graph.groups:
            if group.id not in self.groups:
                self.groups[group.id] = GroupItem(self, group)
                self.addItem(self.groups[group.id])
            around = self.groups[group.id]
            around.shown = group
            around.lay()
            around.update()

    def _remove_all(self) -> None:
        for items in (self.edges, self.nodes, self.comments, self.groups):
            for item in items.values():
                self.removeItem(item)
            items.clear()
        self._dirty.clear()
        self._inside = {}

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Mark nodes and wires of what is wrong."""
        nodes: dict[str, str] = {}
        edges: dict[str, str] = {}
        for problem in problems:
            if problem.fatal:
                nodes.update(dict.fromkeys(problem.nodes if not problem.edges else (), problem.sentence))
                edges.update(dict.fromkeys(problem.edges, problem.sentence))
        for items, words in ((self.nodes, nodes), (self.edges, edges)):
            for id, item in items.items():
                sentence = words.get(id, "")
                if item.problem != sentence:
                    item.problem = sentence
                    item.setToolTip(sentence)
                    item.update()

    def show_activity(
        self,
        values: Mapping[str, float],
        histories: Mapping[str, np.ndarray],
        unit: str = "",
        spikes: Mapping[str, np.ndarray] | None = None,
        flows: Mapping[str, str] | None = None,
        maps: Mapping[str, tuple[np.ndarray, str]] | None = None,
    ) -> None:
        """Numbers of a run: the activity of units, the latest rates and spikes of populations, the latest values of ensembles, words on wires.

        maps (units, rows, columns) are what the units of a layer answer over all inputs, each with the name of its colours.
        """
        for id, wire in self.edges.items():
            words = (flows or {}).get(id, "")
            if wire.flows != words:
                wire.flows = words
                wire.update()
        for id, item in self.nodes.items():
            item.show_maps((maps or {}).get(id))
            value = values.get(id, float("nan"))
            if value != item.activity and not (value != value and item.activity != item.activity):
                item.activity = value
                item.update()
            history = histories.get(id)
            if history is not None:
                item.history, item.unit_of_history = history, unit
                item.spikes = (spikes or {}).get(id, NO_SPIKES)
                item.update(item.body.adjusted(10, 30, 0, 0))
            elif len(item.history):
                item.history, item.spikes = np.empty(0), NO_SPIKES
                item.update()

    def wire_colour(self, edge: Any) -> QColor:
        """Colour of a wire: that of its source, or of inhibition."""
        item, wire = self.nodes[edge.source], self.edges[edge.id]
        return self.paints.series[1] if wire.size < 0 else self.paints.group(item.colour if not self.units else 0)

    def node_moved(self, id: str) -> None:
        """Wires of a node are laid again before the next frame, once however many of its ends moved."""
        self._dirty.update(self._touching.get(id, ()))
        self._moved.add(self._inside.get(id, id))
        if not self._soon.isActive():
            self._soon.start()

    def flush(self) -> None:
        """Lay the wires that need it."""
        self.version += 1
        known = self._dirty & set(self.edges)
        if self.plain:
            for id in known:
                wire = self.edges[id]
                start, _ = self.anchor(wire.edge.source, wire.edge.output, "output")
                wire.put(start, self.anchor(wire.edge.target, wire.edge.input, "input")[0])
                wire.update()
                if wire.isVisible():
                    self._lines[id] = QLineF(*wire.line)
                else:
                    self._lines.pop(id, None)
        elif known or self._moved:
            dragging = self.mouseGrabberItem() is not None
            all_over = bool(self._moved) and not dragging and len(self.edges) <= ROUTED
            anew = set(self.edges) if all_over else known | self.wires.touched(self._moved)
            self.wires.lay(anew, dragging)
            for id in anew:
                self.edges[id].update()
        self._moved.clear()
        if self.plain and not self._dirty <= self.loud:
            self._draw_ground_again()
        if self._dirty:
            for group in self.groups.values():
                if not group.shown.folded:  # a folded one moves by itself, or its members do when the graph says so
                    group.lay()
        self._dirty.clear()

    def extent(self) -> QRectF:
        """The place that all items take."""
        area = QRectF()
        for items in (self.nodes, {} if self.plain else self.edges, self.comments, self.groups):
            for item in items.values():
                if item.isVisible():
                    area = area.united(item.sceneBoundingRect())
        return area

    def keep_pictures(self, kept: bool) -> None:
        """Whether cards are kept as pictures of the screen between one paint and the next."""
        mode = QGraphicsItem.CacheMode.DeviceCoordinateCache if kept else QGraphicsItem.CacheMode.NoCache
        for item in self.nodes.values():
            item.setCacheMode(mode)

    def things(self) -> list[QRectF]:
        """Where cards, comments, frames and wires stand."""
        return [
            item.sceneBoundingRect()
            for items in (self.nodes, {} if self.plain else self.edges, self.comments, self.groups)
            for item in items.values()
            if item.isVisible()
        ]

    def chosen(self) -> tuple[str, ...]:
        """What is selected: nodes, wires, comments, groups."""
        return tuple(i for items in (self.nodes, self.edges, self.comments, self.groups) for i, item in items.items() if item.isSelected())

    def choose(self, ids: Sequence[str]) -> None:
        """Select these and nothing else."""
        wanted = set(ids)
        self.blockSignals(True)
        for items in (self.nodes, self.edges, self.comments, self.groups):
            for id, item in items.items():
                if item.isSelected() != (id in wanted):
                    item.setSelected(id in wanted)
        self.blockSignals(False)
        self.selectionChanged.emit()

    def set_theme(self) -> None:
        """Other colours and fonts."""
        self.paints = Paints()
        self._dirty.update(self.edges)
        self.flush()
        for items in (self.nodes, self.edges, self.comments, self.groups):
            for item in items.values():
                item.update()  # a card that is kept as a picture keeps its old colours otherwise
        self._draw_ground_again()

    # -- the ground --

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """A ground of dots."""
        painter.fillRect(rect, self.paints.ground)
        if self.plain:
            self._draw_lines(painter, QRectF(rect))
            return
        step = GRID * 2
        if painter.worldTransform().m11() < 0.5:
            return
        painter.setPen(QPen(self.paints.grid, 2))
        xs = np.arange(np.floor(rect.left() / step) * step, rect.right() + step, step)
        ys = np.arange(np.floor(rect.top() / step) * step, rect.bottom() + step, step)
        painter.drawPoints([QPointF(x, y) for x in xs.tolist() for y in ys.tolist()])

    def _draw_lines(self, painter: QPainter, rect: QRectF) -> None:
        """All wires of a large graph but the loud ones, thin, those that inhibit dashed; the view keeps this picture until something in it moves.

        Only wires that may cross `rect` are drawn: where the view was scrolled, that is a strip.
        """
        if self._batches is None:
            self._batches = [self._batch(False), self._batch(True)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for inhibits, (lines, ends) in enumerate(self._batches):
            crossing = (
                (ends[:, 0] <= rect.right()) & (ends[:, 2] >= rect.left()) & (ends[:, 1] <= rect.bottom()) & (ends[:, 3] >= rect.top())
            )
            chosen = lines if crossing.all() else [lines[k] for k in np.flatnonzero(crossing)]
            colour = QColor(theme.mix(self.paints.series[inhibits].name(), self.paints.ground.name(), 0.65))
            pen = QPen(colour, 0)
            if inhibits:
                pen.setDashPattern([5.0, 4.0])
            painter.setPen(pen)
            painter.drawLines(chosen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _batch(self, inhibits: bool) -> tuple[list[QLineF], np.ndarray]:
        """Lines of one sign, and the rectangle of each: (n, 4) left, top, right, bottom."""
        lines = [line for id, line in self._lines.items() if id not in self.loud and (self.edges[id].size < 0) == inhibits]
        ends = np.array([(line.x1(), line.y1(), line.x2(), line.y2()) for line in lines]).reshape(-1, 2, 2)
        return lines, np.concatenate([ends.min(1), ends.max(1)], axis=1)

    def _choose_loud(self) -> None:
        """Wires of what is selected draw themselves in a large graph, so that dragging does not draw all the others again."""
        touching = {e for id, item in self.nodes.items() if item.isSelected() for e in self._touching.get(id, ())} if self.plain else set()
        loud = (
            (touching if len(touching) <= PLAIN else set()) | {id for id, item in self.edges.items() if item.isSelected()}
            if self.plain
            else set()
        )
        if loud == self.loud:
            return
        for id in self.loud ^ loud:
            if id in self.edges:
                self.edges[id].setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, id not in loud)
        self.loud = loud
        self._draw_ground_again()

    def _draw_ground_again(self) -> None:
        self._batches = None
        for view in self.views():
            view.resetCachedContent()
        self.update()

    # -- what a person does with the mouse --

    def port_under(self, at: QPointF, side: str = "") -> tuple[str, str, str] | None:
        """(node, port, side) of the port near a place."""
        for item in self.items(QRectF(at.x() - REACH, at.y() - REACH, 2 * REACH, 2 * REACH)):
            if isinstance(item, NodeItem):
                found = item.port_at(at - item.pos(), REACH)
                if found and side in ("", found[1]):
                    return item.node.id, found[0].name, found[1]
        return None

    def node_under(self, at: QPointF) -> NodeItem | None:
        """The node at a place."""
        return next((i for i in self.items(at) if isinstance(i, NodeItem)), None)

    def words_under(self, at: QPointF) -> EdgeItem | None:
        """The wire whose words stand at a place."""
        for item in self.items(at):
            if isinstance(item, NodeItem):
                return None
            if isinstance(item, EdgeItem) and item.words_at.contains(at):
                return item
        return None

    @property
    def pulling(self) -> bool:
        """Whether the number of a wire is being dragged."""
        return self._pulling

    def stop_pull(self) -> None:
        """The hand that drags a number has no effect any more."""
        self._pull, self._pulling = None, False

    @property
    def wiring(self) -> bool:
        """Whether a wire is being drawn."""
        return self._wire_from is not None

    def begin_wire(self, node: str, output: str) -> None:
        """Draw a wire from an output."""
        self._wire_from, self._wire_to = (node, output), None
        begin = self.nodes[node].kind.port(output, "output")
        for id, item in self.nodes.items():
            item.allowed = any(p.signal == begin.signal for p in item.kind.inputs) and not self.graph.refusal(
                node, id, output, self._fitting(id, begin.signal)
            )
            item.update()
        self._wire.show()

    def _fitting(self, node: str, signal: str) -> str:
        """The input of a node that takes a signal; its first where none does, so that the refusal can say so."""
        return next((p.name for p in self.nodes[node].kind.inputs if p.signal == signal), "")

    def drag_wire(self, at: QPointF) -> str:
        """Lead the wire to a place; returns what the wire says there."""
        assert self._wire_from is not None
        node, output = self._wire_from
        found = self.port_under(at, "input")
        under = self.node_under(at)
        if found is None and under is not None:
            signal = self.nodes[node].kind.port(output, "output").signal
            found = (under.node.id, self._fitting(under.node.id, signal), "input")
        return self._lead(at, found)

    def aim_wire(self, target: str) -> str:
        """Lead the wire to a node by key."""
        assert self._wire_from is not None
        signal = self.nodes[self._wire_from[0]].kind.port(self._wire_from[1], "output").signal
        port = self._fitting(target, signal)
        item = self.nodes[target]
        return self._lead(item.pos() + item.port_place(port, "input"), (target, port, "input"))

    def _lead(self, at: QPointF, found: tuple[str, str, str] | None) -> str:
        assert self._wire_from is not None
        node, output = self._wire_from
        source = self.nodes[node]
        before, self.hot = self.hot, found
        for each in (before, found):
            if each is not None and each[0] in self.nodes:
                self.nodes[each[0]].update()
        refusal = self.graph.refusal(node, found[0], output, found[1]) if found else ""
        self._wire_to = (found[0], found[1]) if found and not refusal else None
        if found is None:
            words, colour, mark = "End the wire at an input, or let go for a new node; Escape gives up.", self.paints.muted, ""
        elif refusal:
            words, colour, mark = refusal, self.paints.bad, "✕  "
        else:
            words, colour, mark = f"{source.node.title} to {self.nodes[found[0]].node.title}: let go to join them.", self.paints.good, "✓  "
        if self._wire_to:
            at = self.nodes[self._wire_to[0]].pos() + self.nodes[self._wire_to[0]].port_place(self._wire_to[1], "input")
        start = source.pos() + source.port_place(output, "output")
        path = QPainterPath(start)
        pull = max(40.0, abs(at.x() - start.x()) * 0.5)
        path.cubicTo(start + QPointF(pull, 0), at - QPointF(pull, 0), at)
        self._wire.setPath(path)
        self._wire.setPen(QPen(colour, 2.5, Qt.PenStyle.DashLine if refusal else Qt.PenStyle.SolidLine))
        self._say(mark + words, at, colour)
        return words

    def _say(self, words: str, at: QPointF, colour: QColor) -> None:
        scale = self.views()[0].transform().m11() if self.views() else 1.0
        lines, line = [], ""
        for word in words.split(" "):
            if len(line) + len(word) > 56:
                lines.append(line)
                line = ""
            line = f"{line} {word}" if line else word
        self._words.setText("\n".join([*lines, line]))
        self._words.setFont(self.paints.small)
        self._words.setBrush(self.paints.text)
        for item in (self._words, self._words_ground):
            item.setTransform(QTransform.fromScale(1 / scale, 1 / scale))
            item.setPos(at + QPointF(18 / scale, 14 / scale))
            item.show()
        ground = QPainterPath()
        ground.addRoundedRect(self._words.boundingRect().adjusted(-8, -6, 8, 6), 6, 6)
        self._words_ground.setPath(ground)
        self._words_ground.setBrush(self.paints.raised)
        self._words_ground.setPen(QPen(colour, 1.5))

    def end_wire(self, at: QPointF | None = None) -> bool:
        """Let the wire go: join, offer a new node over an empty place, or nothing; whether it joined."""
        start, end, found = self._wire_from, self._wire_to, self.hot
        self.cancel_wire()
        if start and end:
            self.wired.emit(*start, *end)
        elif start and found is None and at is not None:
            self.loose.emit(*start, at.x(), at.y())
        return bool(start and end)

    def cancel_wire(self) -> None:
        """Give the wire up."""
        if self._wire_from is None:
            return
        self._wire_from = self._wire_to = self.hot = None
        for item in (self._wire, self._words, self._words_ground):
            item.hide()
        for node in self.nodes.values():
            node.allowed = None
            node.update()

    def mousePressEvent(self, event: Any) -> None:
        """A port begins a wire; an item is taken; anything else begins a rubber band."""
        at = event.scenePos()
        if event.button() == Qt.MouseButton.LeftButton:
            found = self.port_under(at)
            if found and found[2] == "output":
                self.begin_wire(found[0], found[1])
                self.drag_wire(at)
                event.accept()
                return
            words = self.words_under(at)
            if words is not None:
                self._pull, self._pulling = (words.edge.id, event.screenPos().y()), False
        super().mousePressEvent(event)
        group = next((i for i in self.selectedItems() if isinstance(i, GroupItem)), None)
        if group is not None and self.itemAt(at, QTransform()) is group:
            for id in group.shown.nodes:
                self.nodes[id].setSelected(True)
        self._pressed = self._places()

    def mouseMoveEvent(self, event: Any) -> None:
        """Lead the wire, or drag what was taken."""
        if self.wiring:
            self.drag_wire(event.scenePos())
            event.accept()
            return
        if self._pull is not None:
            up = self._pull[1] - event.screenPos().y()
            self._pulling = self._pulling or abs(up) >= TAKEN
            if self._pulling:
                self.pulled.emit(self._pull[0], float(up), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier), False)
            event.accept()
            return
        if not event.buttons():
            found = self.port_under(event.scenePos())
            if found != self.hot:
                for each in (self.hot, found):
                    if each is not None and each[0] in self.nodes:
                        self.nodes[each[0]].update()
                self.hot = found
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: Any) -> None:
        """Join, or say where things are now."""
        if self.wiring and event.button() == Qt.MouseButton.LeftButton:
            self.drag_wire(event.scenePos())
            self.end_wire(event.scenePos())
            event.accept()
            return
        if self._pulling and self._pull is not None:
            up = self._pull[1] - event.screenPos().y()
            self.pulled.emit(self._pull[0], float(up), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier), True)
        self.stop_pull()
        super().mouseReleaseEvent(event)
        before, self._pressed = self._pressed, {}
        after = self._places()
        for group in self.groups.values():
            if group.shown.folded and (group.x(), group.y()) != (0.0, 0.0):
                after |= {id: (self.nodes[id].x() + group.x(), self.nodes[id].y() + group.y()) for id in group.shown.nodes}
                before |= {id: (self.nodes[id].x(), self.nodes[id].y()) for id in group.shown.nodes}
        moved = {
            i: (GRID / 2 * round(x / (GRID / 2)), GRID / 2 * round(y / (GRID / 2)))
            for i, (x, y) in after.items()
            if before.get(i, (x, y)) != (x, y)
        }
        if moved:
            self.moved.emit(moved)

    def _places(self) -> dict[str, tuple[float, float]]:
        return {i: (item.x(), item.y()) for items in (self.nodes, self.comments) for i, item in items.items() if item.isSelected()}
