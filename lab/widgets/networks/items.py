"""What stands on the canvas: cards of nodes, wires, comments, groups. They paint themselves and know where their ports are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem

from lab import units
from lab.graph.document import Comment, Edge, Group, Kind, Node, Port
from lab.widgets import theme
from lab.widgets.networks import routes
from lab.widgets.networks.paints import Paints
from lab.widgets.pictures.network import tiles_of

WIDTH, HEIGHT = 184.0, 80.0
UNIT = 58.0
PORT = 6.0
DETAIL = 0.35  # smaller than this, cards are drawn without text
WORDS = 0.42  # smaller than this, wires are drawn without theirs
CIRCLE = QRectF(-UNIT / 2, -UNIT / 2, UNIT, UNIT)
CARD = QRectF(-WIDTH / 2, -HEIGHT / 2, WIDTH, HEIGHT)
CIRCLE_ROOM = CIRCLE.adjusted(-46, -12, 46, 46)
TALL = CARD.adjusted(0, -16, 0, 16)
TILE, TILES = 25.0, 5  # side and number of the pictures of units in a card
RASTER = 30.0  # height of the spikes in a tall card


class Canvas(Protocol):
    """What items ask of the scene they stand in."""

    paints: Paints
    units: bool  # nodes are single units: circles
    directed: bool
    plain: bool  # so many wires that the scene draws them itself
    loud: set[str]  # wires that draw themselves even so
    hot: tuple[str, str, str] | None  # the port under the cursor: node, port, side

    @property
    def nodes(self) -> Mapping[str, NodeItem]:
        """The nodes by identity."""

    def anchor(self, node: str, port: str, side: str) -> tuple[QPointF, QRectF]:
        """Where a wire begins or ends, and the body that it must go around."""

    def node_moved(self, id: str) -> None:
        """A node stands elsewhere."""

    def wire_colour(self, edge: Edge) -> QColor:
        """Colour of a wire."""


class NodeItem(QGraphicsItem):
    """A card for a population or a layer, a circle for a single unit; its place is the middle."""

    def __init__(self, scene: Canvas, node: Node, kind: Kind):
        super().__init__()
        self.network = scene
        self.node, self.kind = node, kind
        self.unit = scene.units
        self.setFlags(
            QGraphicsItem.GraphicsItemFlag.ItemIsMovable
            | QGraphicsItem.GraphicsItemFlag.ItemIsSelectable
            | QGraphicsItem.GraphicsItemFlag.ItemSendsGeometryChanges
        )
        self.setZValue(10)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # text is what a card costs, and a card seldom changes
        self.caption = ""
        self.colour = 0
        self.inhibits = False
        self.problem = ""
        self.activity = math.nan
        self.history = np.empty(0)  # (times,) or (times, channels)
        self.unit_of_history = ""
        self.tiles: list[QImage] = []  # what the first of its units answer, each a picture
        self._maps: np.ndarray | None = None
        self.spikes = np.empty((0, 2))  # when and in which row, both 0 to 1
        self.allowed: bool | None = None  # while a wire is drawn: whether it may end here
        self.setPos(node.x, node.y)

    def show_maps(self, found: tuple[np.ndarray, str] | None) -> None:
        """What its units answer over all inputs (units, rows, columns) and in which colours, as small pictures; none: it has no such."""
        maps, colours = found or (None, "")
        if maps is self._maps:
            return
        self._maps = maps
        self.tiles = [tile for tile in tiles_of(maps[:TILES], colours) if tile is not None] if maps is not None else []
        self.update()

    @property
    def body(self) -> QRectF:
        """The card without ports and marks."""
        return CIRCLE if self.unit else TALL if self.kind.tall else CARD

    def boundingRect(self) -> QRectF:
        """Body, ports, marks, and the title under a unit."""
        return CIRCLE_ROOM if self.unit else self.body.adjusted(-12, -12, 12, 12)

    def shape(self) -> QPainterPath:
        """Where it can be taken: the body; ports are the scene's matter."""
        path = QPainterPath()
        if self.unit:
            path.addEllipse(self.body)
        else:
            path.addRoundedRect(self.body, 8, 8)
        return path

    def port_place(self, name: str, side: str) -> QPointF:
        """Middle of a port, in coordinates of the node."""
        ports = self.kind.inputs if side == "input" else self.kind.outputs
        number = next((k for k, p in enumerate(ports) if p.name == name), 0)
        body = self.body
        y = 0.0 if len(ports) < 2 else (number + 0.5) / len(ports) * body.height() * 0.8 - body.height() * 0.4
        return QPointF(body.left() if side == "input" else body.right(), y)

    def port_at(self, at: QPointF, reach: float) -> tuple[Port, str] | None:
        """The port within reach of a place in coordinates of the node, and its side."""
        best: tuple[float, Port, str] | None = None
        for side, ports in (("output", self.kind.outputs), ("input", self.kind.inputs)):
            for port in ports:
                gap = self.port_place(port.name, side) - at
                distance = math.hypot(gap.x(), gap.y())
                if distance <= reach and (best is None or distance < best[0]):
                    best = distance, port, side
        return best[1:] if best else None

    def itemChange(self, change: Any, value: Any) -> Any:
        """Wires follow."""
        if change == QGraphicsItem.GraphicsItemChange.ItemPositionHasChanged:
            self.network.node_moved(self.node.id)
        return super().itemChange(change, value)

    # -- painting --

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        """The card or the circle, its marks and its ports."""
        detail = option.levelOfDetailFromTransform(painter.worldTransform())
        paints = self.network.paints
        colour = paints.series[1] if self.inhibits else paints.group(self.colour)
        if self.allowed is False:
            painter.setOpacity(0.45)
        if self.unit:
            self._paint_unit(painter, detail, colour)
        else:
            self._paint_card(painter, detail, colour)
        if detail >= DETAIL:
            self._paint_ports(painter, colour)
        if self.isSelected():
            self._paint_chosen(painter)

    def _paint_card(self, painter: QPainter, detail: float, colour: Any) -> None:
        paints, body = self.network.paints, self.body
        edge = paints.bad if self.problem else paints.accent if self.isSelected() else paints.line
        painter.setPen(QPen(edge, 2 if self.isSelected() or self.problem else 1))
        painter.setBrush(paints.surface)
        if detail < DETAIL:
            painter.drawRect(body)
            # The strip of a population that inhibits is broken: colour alone would not tell.
            for top, share in ((0.0, 0.35), (0.65, 0.35)) if self.inhibits else ((0.0, 1.0),):
                painter.fillRect(QRectF(body.left(), body.top() + top * body.height(), 16, share * body.height()), colour)
            return
        painter.drawRoundedRect(body, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(body.left(), body.top() + 1, 6, body.height() - 2), 3, 3)
        text = QRectF(body.left() + 20, body.top() + 10, body.width() - 36, 20)
        painter.setFont(paints.title)
        painter.setPen(paints.text)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, paints.elided(self.node.title, text.width()))
        painter.setFont(paints.mono)
        painter.setPen(paints.muted)
        text.translate(0, 21)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, paints.elided(self.caption, text.width(), mono=True))
        if self.problem:
            self._paint_mark(painter, QPointF(body.right() - 14, body.top() + 14))
        if self.tiles:
            self._paint_tiles(painter, QPointF(text.left(), body.bottom() - TILE - 7))
        elif math.isfinite(self.activity):
            self._paint_level(painter, QRectF(text.left(), body.bottom() - 24, text.width() - 52, 8), colour)
        elif len(self.history) > 1:
            top = body.bottom() - 28 if self.caption else text.top() - 1
            if self.kind.tall:
                self._paint_spikes(painter, QRectF(text.left(), top - RASTER - 3, body.right() - 12 - text.left(), RASTER), colour)
            self._paint_history(painter, QRectF(text.left(), top, text.width() - 44, body.bottom() - 8 - top), colour)

    def _paint_tiles(self, painter: QPainter, at: QPointF) -> None:
        """A picture for each of the first units, and how many more there are."""
        assert self._maps is not None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(self.network.paints.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for k, tile in enumerate(self.tiles):
            box = QRectF(at.x() + k * (TILE + 3), at.y(), TILE, TILE)
            painter.drawImage(box, tile)
            painter.drawRect(box)
        if len(self._maps) > len(self.tiles):
            painter.setPen(self.network.paints.muted)
            painter.setFont(self.network.paints.mono)
            rest = QRectF(at.x() + len(self.tiles) * (TILE + 3), at.y(), 40, TILE)
            painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, f"+{len(self._maps) - len(self.tiles)}")

    def _paint_level(self, painter: QPainter, area: QRectF, colour: Any) -> None:
        """The mean size of a layer's values as a bar from 0 to 1, and as a number."""
        paints = self.network.paints
        painter.setPen(QPen(paints.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)
        painter.fillRect(QRectF(area.left(), area.top(), area.width() * min(1.0, abs(self.activity)), area.height()), colour)
        painter.setPen(paints.text)
        painter.setFont(paints.mono)
        painter.drawText(
            QRectF(area.right() + 4, area.top() - 8, 56, 24),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            f"{self.activity:.2f}",
        )

    def _paint_history(self, painter: QPainter, area: QRectF, colour: Any) -> None:
        """The latest numbers of this node as curves, one for each channel, and the last one where there is but one."""
        paints, values = self.network.paints, self.history.reshape(len(self.history), -1)
        many = values.shape[1]
        if many > 1:
            area = area.adjusted(0, 0, 40, 0)
        top, low = max(0.0, float(values.max())), min(0.0, float(values.min()))
        if not self.unit_of_history:  # a value that rests at 0 is no storm of noise
            top, low = max(top, 0.1), min(low, -0.1)
        x = area.left() + np.linspace(0, 1, len(values)) * area.width()
        y = area.bottom() - (values - low) / ((top - low) or 1.0) * area.height()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if low < 0.0:
            painter.setPen(QPen(paints.line, 1))
            zero = area.bottom() + low / (top - low) * area.height()
            painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))
        for k in range(many):
            painter.setPen(QPen(colour if many == 1 else paints.series[k % len(paints.series)], 1.4))
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y[:, k].tolist(), strict=True)]))
        if many == 1:
            last = (
                f"{units.number(values[-1, 0], 3)} {self.unit_of_history}"
                if self.unit_of_history
                else f"{values[-1, 0]:.2f}".replace("-", units.MINUS)
            )
            painter.setPen(paints.muted)
            painter.setFont(paints.mono)
            painter.drawText(
                QRectF(area.right() + 2, area.center().y() - 12, 52, 24), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, last
            )

    def _paint_spikes(self, painter: QPainter, area: QRectF, colour: Any) -> None:
        """The latest spikes of a few cells, a row for each."""
        painter.fillRect(area, self.network.paints.raised)
        if len(self.spikes):
            x, y = area.left() + self.spikes[:, 0] * area.width(), area.top() + self.spikes[:, 1] * area.height()
            painter.setPen(QPen(colour, 2))
            painter.drawPoints([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])

    def _paint_unit(self, painter: QPainter, detail: float, colour: Any) -> None:
        paints, body = self.network.paints, self.body
        edge = paints.bad if self.problem else colour
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paints.surface)
        painter.drawEllipse(body)
        known = math.isfinite(self.activity)
        if known:
            # The level of the filling tells the activity, as the number does: 0 empty, 1 full.
            level = min(1.0, abs(self.activity)) * body.height()
            painter.save()
            clip = QPainterPath()
            clip.addEllipse(body)
            painter.setClipPath(clip, Qt.ClipOperation.IntersectClip)
            filling = paints.series[1] if self.activity < 0 else colour
            painter.setOpacity(painter.opacity() * 0.4)
            painter.fillRect(QRectF(body.left(), body.bottom() - level, body.width(), level), filling)
            painter.restore()
        painter.setPen(QPen(edge, 3 if self.isSelected() else 2, Qt.PenStyle.DashLine if self.problem else Qt.PenStyle.SolidLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(body)
        if detail < DETAIL:
            return
        painter.setPen(paints.text)
        painter.setFont(paints.title)
        if known:
            painter.drawText(body, Qt.AlignmentFlag.AlignCenter, number(self.activity))
        painter.setFont(paints.small)
        under = QRectF(body.left() - 40, body.bottom() + 2, body.width() + 80, 16)
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, self.node.title)
        painter.setPen(paints.muted)
        painter.drawText(under.translated(0, 15), Qt.AlignmentFlag.AlignCenter, self.caption)
        if self.problem:
            self._paint_mark(painter, QPointF(body.right() - 6, body.top() + 6))

    def _paint_mark(self, painter: QPainter, at: QPointF) -> None:
        paints = self.network.paints
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paints.bad)
        painter.drawEllipse(at, 8, 8)
        painter.setPen(paints.surface)
        painter.setFont(paints.title)
        painter.drawText(QRectF(at.x() - 8, at.y() - 9, 16, 18), Qt.AlignmentFlag.AlignCenter, "!")

    def _paint_ports(self, painter: QPainter, colour: Any) -> None:
        paints = self.network.paints
        hot = self.network.hot
        for side, ports in (("input", self.kind.inputs), ("output", self.kind.outputs)):
            for port in ports:
                at = self.port_place(port.name, side)
                wide = PORT + (2 if hot == (self.node.id, port.name, side) else 0)
                painter.setPen(QPen(paints.accent if hot == (self.node.id, port.name, side) else colour, 2))
                painter.setBrush(paints.surface)
                if port.signal == "drive":
                    # Another shape for another signal: a wire of spikes does not fit here.
                    painter.drawRect(QRectF(at.x() - wide + 1, at.y() - wide + 1, 2 * wide - 2, 2 * wide - 2))
                else:
                    painter.drawEllipse(at, wide, wide)

    def _paint_chosen(self, painter: QPainter) -> None:
        """Four corners around what is selected: not colour alone."""
        paints = self.network.paints
        frame = self.body.adjusted(-8, -8, 8, 8)
        painter.setPen(QPen(paints.accent, 2.5))
        arm = 10.0
        for x, sx in ((frame.left(), 1), (frame.right(), -1)):
            for y, sy in ((frame.top(), 1), (frame.bottom(), -1)):
                painter.drawPolyline(QPolygonF([QPointF(x + sx * arm, y), QPointF(x, y), QPointF(x, y + sy * arm)]))


class EdgeItem(QGraphicsItem):
    """A wire with its words; inhibition is dashed, of another colour and ends in a bar."""

    def __init__(self, scene: Canvas, edge: Edge, lane: int):
        super().__init__()
        self.network = scene
        self.edge = edge
        self.lane = lane
        self.label = ""
        self.flows = ""  # said in place of the label while it runs, as wide
        self.size = 1.0
        self.width = 1.6
        self.problem = ""
        self.path = QPainterPath()
        self.way: np.ndarray | None = None  # (k, 4, 2) chain of curves
        self._line = (QPointF(), QPointF())
        self._shape: QPainterPath | None = None
        self._label_at = QRectF()
        self._bounds = QRectF()
        self._head = QPolygonF()
        self._bar = (QPointF(), QPointF())
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(1)

    def put(self, start: QPointF, end: QPointF, words: tuple[float, float, float, float] | None = None) -> None:
        """Lie on its way, or straight between two ends where thousands do; the words in their rectangle."""
        self.prepareGeometryChange()
        start, end = start + QPointF(PORT, 0), end - QPointF(PORT + 1, 0)
        self._line = (start, end)
        self._shape = None
        self._label_at = QRectF()
        # Thousands of wires are drawn by the scene in one stroke; here they can only be taken.
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, self.network.plain and self.edge.id not in self.network.loud)
        if self.network.plain or self.way is None:
            self.path = QPainterPath(start)
            self.path.lineTo(end)
            self._head, self._bar = QPolygonF(), (QPointF(), QPointF())
            self._bounds = QRectF(start, end).normalized().adjusted(-8, -8, 8, 8)
            return
        self.path = routes.path(self.way)
        # A wire that acts both ways has no end to mark.
        marked = self.network.directed
        self._bar = routes.bar(self.path, 7 + self.width / 2) if marked and self.size < 0 else (QPointF(), QPointF())
        self._head = routes.head(self.path, 6.0 + self.width) if marked and self.size >= 0 else QPolygonF()
        self._bounds = self.path.controlPointRect().adjusted(-14, -14, 14, 14)
        if words is not None:
            self._label_at = QRectF(QPointF(*words[:2]), QPointF(*words[2:]))
            self._bounds = self._bounds.united(self._label_at.adjusted(-3, -3, 3, 3))

    @property
    def words_at(self) -> QRectF:
        """Where its words stand."""
        return self._label_at

    @property
    def line(self) -> tuple[QPointF, QPointF]:
        """Its two ends."""
        return self._line

    def boundingRect(self) -> QRectF:
        """Path, head and words."""
        return self._bounds

    def shape(self) -> QPainterPath:
        """Where it can be taken: a band around the path, and its words."""
        if self._shape is None:
            stroker = QPainterPathStroker()
            stroker.setWidth(12)
            self._shape = stroker.createStroke(self.path)
            if not self._label_at.isNull():
                self._shape.addRect(self._label_at)
                self._shape.setFillRule(Qt.FillRule.WindingFill)
        return self._shape

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        """The wire, its end and its words."""
        detail = option.levelOfDetailFromTransform(painter.worldTransform())
        paints = self.network.paints
        chosen, inhibits = self.isSelected(), self.size < 0
        colour = paints.bad if self.problem else self.network.wire_colour(self.edge)
        if detail < DETAIL and not chosen:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(paints.wire(colour, 0, inhibits))
            painter.drawLine(*self._line)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if chosen:
            # A band beside the wire and rings at its ends: told without colour, too.
            painter.setPen(QPen(paints.accent, self.width + 8))
            painter.setOpacity(0.3)
            painter.drawPath(self.path)
            painter.setOpacity(1.0)
        painter.setPen(paints.wire(colour, self.width + (1 if chosen else 0), inhibits))
        painter.drawPath(self.path)
        if inhibits:
            painter.setPen(QPen(colour, 3))
            painter.drawLine(*self._bar)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawPolygon(self._head)
        if chosen:
            painter.setPen(QPen(paints.accent, 2))
            painter.setBrush(paints.surface)
            for share in (0.0, 1.0):
                painter.drawEllipse(self.path.pointAtPercent(share), 4.5, 4.5)
        if not self._label_at.isNull() and (detail >= WORDS or chosen):
            painter.setPen(QPen(paints.accent if chosen else paints.line, 2 if chosen else 1))
            painter.setBrush(paints.raised)
            painter.drawRoundedRect(self._label_at, 6, 6)
            painter.setFont(paints.mono)
            painter.setPen(paints.bad if self.problem else paints.text)
            painter.drawText(self._label_at, Qt.AlignmentFlag.AlignCenter, self.flows or self.label)


class CommentItem(QGraphicsItem):
    """Text on the canvas."""

    def __init__(self, scene: Canvas, comment: Comment):
        super().__init__()
        self.network = scene
        self.comment = comment
        self.setFlags(QGraphicsItem.GraphicsItemFlag.ItemIsMovable | QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setPos(comment.x, comment.y)
        self.setZValue(5)

    def boundingRect(self) -> QRectF:
        """Its frame."""
        return QRectF(-3, -3, self.comment.width + 6, self.comment.height + 6)

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        """A ruled note."""
        paints = self.network.paints
        area = QRectF(0, 0, self.comment.width, self.comment.height)
        painter.setPen(QPen(paints.accent if self.isSelected() else paints.line, 2.5 if self.isSelected() else 1, Qt.PenStyle.DashLine))
        painter.setBrush(paints.raised)
        painter.drawRoundedRect(area, 6, 6)
        painter.setPen(paints.text)
        painter.setFont(paints.small)
        painter.drawText(area.adjusted(10, 8, -10, -8), int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap), self.comment.text)


class GroupItem(QGraphicsItem):
    """A frame around nodes that belong together, with its title and how often it is repeated; folded, a card that stands for them."""

    def __init__(self, scene: Canvas, group: Group):
        super().__init__()
        self.network = scene
        self.shown = group  # `group` is a method of Qt's
        self._area = QRectF()
        self.setFlags(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable | QGraphicsItem.GraphicsItemFlag.ItemSendsGeometryChanges)
        self.lay()

    def lay(self) -> None:
        """Stand around the members, or in the middle of them."""
        self.prepareGeometryChange()
        area = QRectF()
        for id in self.shown.nodes:
            item = self.network.nodes.get(id)
            if item is not None:
                area = area.united(item.body.translated(item.pos()))
        if self.shown.folded:
            middle = area.center()
            self._area = QRectF(middle.x() - WIDTH / 2, middle.y() - HEIGHT / 2, WIDTH, HEIGHT)
        else:
            self._area = area.adjusted(-24, -44, 24, 24 + (24 if self.network.units else 0))
        self.setPos(0.0, 0.0)
        self.setZValue(10 if self.shown.folded else -5)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsMovable, self.shown.folded)

    @property
    def card(self) -> QRectF:
        """The card of a folded group, in coordinates of the scene."""
        return self._area.translated(self.pos())

    def itemChange(self, change: Any, value: Any) -> Any:
        """Wires follow a folded group."""
        if change == QGraphicsItem.GraphicsItemChange.ItemPositionHasChanged and self.shown.folded:
            for id in self.shown.nodes:
                self.network.node_moved(id)
        return super().itemChange(change, value)

    def boundingRect(self) -> QRectF:
        """The frame, or the card with the ones behind it."""
        return self._area.adjusted(-9, -9, 15, 15)

    def shape(self) -> QPainterPath:
        """The title line: inside the frame a rubber band may begin. Folded, the whole card."""
        path = QPainterPath()
        path.addRect(self._area if self.shown.folded else QRectF(self._area.left(), self._area.top(), self._area.width(), 28))
        return path

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        """Frame and title, or a pile of cards."""
        paints, area = self.network.paints, self._area
        chosen = self.isSelected()
        times = f"  × {self.shown.repeat}" if self.shown.repeat > 1 else ""
        if self.shown.folded:
            painter.setPen(QPen(paints.accent if chosen else paints.line, 2 if chosen else 1))
            painter.setBrush(paints.surface)
            for away in (10.0, 5.0, 0.0):
                painter.drawRoundedRect(area.translated(away, away), 8, 8)
            painter.setFont(paints.title)
            painter.setPen(paints.text)
            text = QRectF(area.left() + 20, area.top() + 10, area.width() - 36, 20)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, paints.elided(self.shown.title + times, text.width()))
            painter.setFont(paints.mono)
            painter.setPen(paints.muted)
            painter.drawText(text.translated(0, 21), Qt.AlignmentFlag.AlignVCenter, f"{len(self.shown.nodes)} nodes inside")
            painter.drawText(text.translated(0, 40), Qt.AlignmentFlag.AlignVCenter, "J unfolds")
            return
        painter.setPen(QPen(paints.accent if chosen else paints.muted, 2 if chosen else 1, Qt.PenStyle.DashLine))
        painter.setBrush(theme.colour("raised", 0.35))
        painter.drawRoundedRect(area, 10, 10)
        painter.setFont(paints.title)
        painter.setPen(paints.muted)
        painter.drawText(
            QRectF(area.left() + 14, area.top() + 6, area.width() - 28, 22), Qt.AlignmentFlag.AlignVCenter, self.shown.title + times
        )


def number(value: float) -> str:
    """A value short enough for a circle."""
    if 0.005 <= abs(value) < 10 and value != round(value):
        return f"{value:.2f}".replace("-", units.MINUS)
    if abs(value) < 0.005:
        return "0"
    return units.number(round(value) if value == round(value) and abs(value) < 1e5 else value, 3)
