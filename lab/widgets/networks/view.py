"""The window onto the scene: zoom by wheel, pan by the middle button or Space, fit by a double click, and a small map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QFrame, QGraphicsItem, QGraphicsView, QWidget

from lab.widgets.networks import floating
from lab.widgets.networks.items import PORT, CommentItem, EdgeItem, GroupItem, NodeItem
from lab.widgets.networks.scene import NetworkScene

LEAST, MOST = 0.04, 4.0
KIND_MIME = "application/x-lab-kind"
ROOM = 4000.0
LARGEST = 1.6  # a network is fitted at most so large: letters of a few nodes need not fill a wall
FEW = 120  # of more things, fitting looks at the whole and not at each


class NetworkView(QGraphicsView):
    """Shows the scene.

    keyed(event)        a key that the editor may know; it accepts the event if it does
    dropped(kind, x, y) a kind was dragged here from the palette
    grounded(place)     the empty canvas was clicked
    opened(id)          a node, wire, comment or group was double-clicked
    tapped              Space was pressed and let go without panning
    seen, settled       another zoom or place; the button of the mouse was let go
    """

    keyed = Signal(object)
    asked = Signal(object)
    dropped = Signal(str, float, float)
    grounded = Signal(QPointF)
    opened = Signal(str)
    tapped = Signal()
    menu_wanted = Signal(QPoint)
    seen = Signal()
    settled = Signal()
    resized = Signal()

    def __init__(self, scene: NetworkScene, parent: QWidget | None = None):
        super().__init__(scene, parent)
        self.network = scene
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setDragMode(QGraphicsView.DragMode.RubberBandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheBackground)  # dots, or thousands of wires: drawn again only when they change
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Network canvas")
        self.setMinimumSize(160, 200)
        self._pan: QPoint | None = None
        self._space = self._panned = False
        self.held = False  # the left button is down
        self.covered: Callable[[], list[QRectF]] = list  # what floats over the view
        self._fitted = True  # until a person zooms or pans, the whole graph is kept in view
        self.map = MiniMap(self)

    # -- zoom and pan --

    @property
    def zoom(self) -> float:
        """Pixels of the screen per unit of the scene."""
        return self.transform().m11()

    def zoom_by(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom, keeping the place under `about` (pixels of the view) where it is."""
        factor = min(max(factor, LEAST / self.zoom), MOST / self.zoom)
        about = QPointF(self.viewport().rect().center()) if about is None else about
        before = self.mapToScene(about.toPoint())
        self.scale(factor, factor)
        gone = self.mapToScene(about.toPoint()) - before
        self.translate(gone.x(), gone.y())
        self._fitted = False
        self.seen.emit()
        self.map.update()

    def fit(self) -> None:
        """Bring everything into view."""
        area = self.network.extent()
        if area.isNull():
            area = QRectF(-300, -200, 600, 400)
        area = area.adjusted(-30, -30, 30, 30)
        self.setSceneRect(area.adjusted(-ROOM, -ROOM, ROOM, ROOM))
        seen = QRectF(self.viewport().rect())
        things = self.network.things()
        zoom, shift = floating.best(area, things if len(things) <= FEW else (area,), seen, self.covered(), LARGEST)
        zoom = max(zoom, LEAST)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.centerOn((seen.center() - shift) * (1 / zoom))
        self._fitted = True
        self.seen.emit()
        self.map.update()

    def keep_fitted(self) -> None:
        """Fit again unless a person chose what to see."""
        if self._fitted:
            self.fit()

    def keep_all_seen(self) -> None:
        """Fit if something came to lie outside, unless a person chose what to see."""
        if self._fitted and not self.mapToScene(self.viewport().rect()).boundingRect().contains(self.network.extent()):
            self.fit()

    def show_items(self, ids: tuple[str, ...]) -> None:
        """Bring these nodes and wires into view."""
        items = [i for group in (self.network.nodes, self.network.edges, self.network.comments) for k, i in group.items() if k in ids]
        if not items:
            return
        self.bring(items)

    def bring(self, items: Sequence[QGraphicsItem]) -> None:
        """Scroll as little as brings these items out from under what floats; nothing moves where they can be seen."""
        area = QRectF()
        for item in items:
            area = area.united(item.sceneBoundingRect())
        around = area.adjusted(-ROOM, -ROOM, ROOM, ROOM)
        if not self.sceneRect().contains(around):
            self.setSceneRect(self.sceneRect().united(around))
        free = floating.free_of(QRectF(self.viewport().rect()), self.covered())
        gone = floating.aside(QRectF(self.mapFromScene(area).boundingRect()), free)
        if not gone.isNull():
            self._fitted = False
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - round(gone.x()))
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - round(gone.y()))
        self.map.update()

    def uncover(self, ids: tuple[str, ...]) -> None:
        """Bring what is selected, and the ends of its wires, out from under what floats."""
        if len(ids) != 1:
            return
        wire = self.network.edges.get(ids[0])
        chosen = (wire.edge.source, wire.edge.target) if wire is not None else ids
        items = [self.network.nodes[id] for id in chosen if id in self.network.nodes and self.network.nodes[id].isVisible()]
        seen = [(i, QRectF(self.mapFromScene(i.mapRectToScene(i.body.adjusted(-PORT, 0, PORT, 0))).boundingRect())) for i in items]
        covered = self.covered()
        hidden = [i for i, area in seen if any(p.intersects(area) for p in covered)]
        if hidden:
            self.bring(hidden)

    def wheelEvent(self, event: Any) -> None:
        """Zoom about the cursor."""
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: Any) -> None:
        """The middle button, or Space and the left one, pans."""
        if event.button() == Qt.MouseButton.MiddleButton or (self._space and event.button() == Qt.MouseButton.LeftButton):
            self._pan, self._panned = event.position().toPoint(), True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            event.accept()
            return
        self.held = event.button() == Qt.MouseButton.LeftButton
        if self.itemAt(event.position().toPoint()) is None:
            self.grounded.emit(self.mapToScene(event.position().toPoint()))
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: Any) -> None:
        """Pan, or what the scene does."""
        if self._pan is not None:
            at = event.position().toPoint()
            gone = at - self._pan
            self._pan = at
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - gone.x())
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - gone.y())
            self._fitted = False
            self.map.update()
            event.accept()
            return
        super().mouseMoveEvent(event)
        over = self.network.hot is not None
        words = not over and (self.network.pulling or self.network.words_under(self.mapToScene(event.position().toPoint())) is not None)
        self.viewport().setCursor(
            Qt.CursorShape.CrossCursor
            if over
            else Qt.CursorShape.SizeVerCursor
            if words
            else Qt.CursorShape.OpenHandCursor
            if self._space
            else Qt.CursorShape.ArrowCursor
        )

    def mouseReleaseEvent(self, event: Any) -> None:
        """Stop panning."""
        if self._pan is not None:
            self._pan = None
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.ArrowCursor)
            event.accept()
            return
        super().mouseReleaseEvent(event)
        self.held = False
        self.settled.emit()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Open what is under the cursor, or fit."""
        item = self.itemAt(event.position().toPoint())
        if isinstance(item, NodeItem):
            self.opened.emit(item.node.id)
        elif isinstance(item, EdgeItem):
            self.opened.emit(item.edge.id)
        elif isinstance(item, CommentItem):
            self.opened.emit(item.comment.id)
        elif isinstance(item, GroupItem):
            self.opened.emit(item.shown.id)
        elif item is None:
            self.fit()
        event.accept()

    # -- keys --

    def event(self, event: QEvent) -> bool:
        """Claim the keys of the canvas before the shortcuts of the window take them."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            event.ignore()
            if event.key() == Qt.Key.Key_Space and not event.modifiers():
                event.accept()
            else:
                self.asked.emit(event)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:
        """Space takes the hand; the rest is the editor's."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self._space, self._panned = True, False
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            event.accept()
            return
        event.ignore()
        self.keyed.emit(event)
        if not event.isAccepted():
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        """Space without a drag plays or pauses."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
            if not self._panned:
                self.tapped.emit()
            event.accept()
            return
        super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from node to node while there are any; `go_on` leaves behind the last. What floats over the view asks here, too."""
        return False if self.network.nodes and self.hasFocus() else super().focusNextPrevChild(forward)

    def go_on(self, forward: bool) -> None:
        """The keyboard to what comes after the canvas, or before it."""
        super().focusNextPrevChild(forward)

    # -- the rest --

    def contextMenuEvent(self, event: Any) -> None:
        """Select what is under the cursor and offer what can be done."""
        item = self.itemAt(event.pos())
        if item is not None and item.flags() & item.GraphicsItemFlag.ItemIsSelectable and not item.isSelected():
            self.network.clearSelection()
            item.setSelected(True)
        self.menu_wanted.emit(event.globalPos())

    def dragEnterEvent(self, event: Any) -> None:
        """A kind from the palette is welcome."""
        if event.mimeData().hasFormat(KIND_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:
        """Anywhere."""
        if event.mimeData().hasFormat(KIND_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Put it there."""
        at = self.mapToScene(event.position().toPoint())
        self.dropped.emit(kind_of(event.mimeData()), at.x(), at.y())
        event.acceptProposedAction()
        self.setFocus()

    def resizeEvent(self, event: Any) -> None:
        """Keep the whole graph in view, and what floats in its place."""
        super().resizeEvent(event)
        self.resized.emit()
        self.keep_fitted()
        self.map.place()

    def showEvent(self, event: Any) -> None:
        """The size is known now."""
        super().showEvent(event)
        self.keep_fitted()
        self.map.place()


def mime_of(kind: str) -> QMimeData:
    """A kind on its way from the palette."""
    data = QMimeData()
    data.setData(KIND_MIME, kind.encode("utf-8"))
    return data


def kind_of(data: QMimeData) -> str:
    """The kind that was dragged."""
    return bytes(data.data(KIND_MIME).data()).decode("utf-8")


class MiniMap(QWidget):
    """All nodes as small blocks, and what is in view as a frame; a click or drag goes there. Hidden while all is in view."""

    def __init__(self, view: NetworkView):
        super().__init__(view)
        self.view = view
        self.setFixedSize(150, 96)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Map of the network: click to go there")
        self.setAccessibleName("Map of the network")
        self._known, self._area = -1, QRectF()
        self._blocks = QPixmap()  # the blocks as a picture
        self._drawn: tuple[Any, ...] = ()  # what it was drawn from
        view.seen.connect(self.place)

    def place(self) -> None:
        """Into the lower right corner, if there is something out of view."""
        area = QRectF(self.view.width() - self.width() - 10, self.view.height() - self.height() - 10, self.width(), self.height())
        for panel in self.view.covered():
            if panel.intersects(area):
                area.moveRight(panel.left() - 10)
        self.move(round(area.x()), round(area.y()))
        seen = self.view.mapToScene(self.view.viewport().rect()).boundingRect()
        nodes = self._nodes()
        self.setVisible(not nodes.isNull() and not seen.contains(nodes) and self.view.width() > 320)
        self.update()

    def _nodes(self) -> QRectF:
        if self._known != self.view.network.version:
            self._known, self._area = self.view.network.version, QRectF()
            for item in self.view.network.nodes.values():
                self._area = self._area.united(item.body.translated(item.pos()))
        return self._area

    def _fitting(self) -> tuple[float, QPointF, QRectF]:
        """Scale, origin, and the stretch of the scene that the map shows."""
        seen = self.view.mapToScene(self.view.viewport().rect()).boundingRect()
        area = self._nodes().united(seen)
        scale = min((self.width() - 12) / max(1.0, area.width()), (self.height() - 12) / max(1.0, area.height()))
        origin = QPointF((self.width() - area.width() * scale) / 2, (self.height() - area.height() * scale) / 2)
        return scale, origin - area.topLeft() * scale, seen

    def paintEvent(self, event: Any) -> None:
        """Blocks, which are drawn again only when they change, and the frame."""
        paints = self.view.network.paints
        scale, origin, seen = self._fitting()
        drawn = (
            scale,
            origin.x(),
            origin.y(),
            self.view.network.version,
            id(paints),
            tuple(i.isSelected() for i in self.view.network.nodes.values()),
        )
        if drawn != self._drawn:
            self._draw_blocks(scale, origin)
            self._drawn = drawn
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._blocks)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(paints.text, 1.5))
        painter.drawRect(QRectF(seen.topLeft() * scale + origin, seen.size() * scale))
        painter.end()

    def _draw_blocks(self, scale: float, origin: QPointF) -> None:
        paints, ratio = self.view.network.paints, self.devicePixelRatioF()
        self._blocks = QPixmap(self.size() * ratio)
        self._blocks.setDevicePixelRatio(ratio)
        self._blocks.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._blocks)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(paints.line, 1))
        painter.setBrush(paints.surface)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        for item in self.view.network.nodes.values():
            if item.isVisible():
                body = item.body.translated(item.pos())
                colour = paints.accent if item.isSelected() else paints.series[1] if item.inhibits else paints.group(item.colour)
                painter.fillRect(QRectF(body.topLeft() * scale + origin, body.size() * scale), colour)
        for group in self.view.network.groups.values():
            if group.shown.folded:
                painter.fillRect(QRectF(group.card.topLeft() * scale + origin, group.card.size() * scale), paints.muted)
        painter.end()

    def mousePressEvent(self, event: Any) -> None:
        """Go there."""
        scale, origin, _ = self._fitting()
        self.view._fitted = False
        self.view.centerOn((event.position() - origin) / scale)
        self.update()
        event.accept()

    mouseMoveEvent = mousePressEvent
