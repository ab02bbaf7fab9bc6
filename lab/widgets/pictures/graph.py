"""Networks: neurons as circles filled by their activity, synapses as lines whose width and dashes tell weight and sign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from lab.display import plots as view
from lab.display.plots import Axis, Overlay, Range, Source
from lab.errors import ModelError
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.boxes import Boxes
from lab.widgets.pictures.colours import levels_of, lookup
from lab.widgets.pictures.dots import Canvas, DotsItem, Points
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import PlotView
from lab.widgets.pictures.pointing import next_point
from lab.widgets.pictures.texts import Texts

EDGES = 20_000  # the strongest are drawn
ARROWS = 150
NODES = 2500
FEW = 6  # nodes that are drawn large
NAMED = 60  # neurons whose names are shown; of more, the one under the cursor
WIDTHS = (0.7, 1.4, 2.4, 3.8)
NEAR = 16
ALONG = 80  # points of a synapse that numbers keep away from
BAR = 5.0  # px: half of the bar at the end of an inhibitory synapse
WEIGHED, LONG = 8, 64  # so many edges, none shorter in px, have their weights written beside them


@draws("graph")
class GraphView(PlotView):
    """Draws dict(nodes=(n, 3+): x, y, activity; edges=(m, 3): from, to, weight); in the style `boxes` a scheme of named parts.

    Where the picture names an action for drags, a drag from one node to another does it with source=... and target=..., and
    the weights of the few edges of such a picture are written beside them.
    """

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self.field.setAspectLocked(self.picture.equal)
        self._lines: dict[tuple[int, int], pg.PlotCurveItem] = {}
        self._nodes = Points(pxMode=True)
        self._nodes.setZValue(10)
        self._dots = DotsItem()
        self._dots.setZValue(9)
        self._texts = Texts()
        self._texts.setZValue(20)
        self._weights = Texts()
        self._weights.setZValue(15)
        self._wire = pg.PlotCurveItem()  # the synapse being drawn
        self._wire.setZValue(8)
        self._wire_from: int | None = None
        self._boxes = Boxes()
        for item in (self._nodes, self._dots, self._texts, self._weights, self._wire, self._boxes):
            self.canvas.addItem(item, ignoreBounds=True)
        self._where = np.empty((0, 3))
        self._edges = np.empty((0, 3))
        self._names: tuple[str, ...] = ()
        self._span = Range(pad=0.0)
        self.hair.setOpacity(0.0)

    @property
    def caption(self) -> str:
        """Numbers of neurons and synapses, and how many of them are drawn."""
        count, synapses = len(self._where), len(self._edges)
        if not count or self.picture.layers[0].style == "boxes":  # of a scheme nobody counts the boxes
            return ""
        drawn = f", the {number(EDGES)} strongest drawn" if synapses > EDGES else ""
        nodes, ways = self.model.stream(self.picture.layers[0].stream).meanings or ("neurons", "synapses")
        words = f"{number(count)} {nodes} · {number(synapses)} {ways}" if synapses else f"{number(count)} {nodes}"
        if self.picture.drag:
            words = f"{count} neurons · drag to wire"
        return f"{words}{drawn}".replace(",", " ").replace("  the", ", the")

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Read nodes and edges."""
        layer = self.picture.layers[0]
        value = source.snapshot(layer.stream)
        if value is None:
            return False
        try:
            nodes = np.asarray(value["nodes"], float)
            edges = np.asarray(value["edges"], float).reshape(-1, 3)
        except (KeyError, TypeError, ValueError):
            nodes = edges = np.empty((0, 0))
        if nodes.ndim != 2 or nodes.shape[1] < 2:
            raise ModelError(f"{self.model._owner()}: the graph '{layer.stream}' must be dict(nodes=(n, 3+), edges=(m, 3)).")
        if nodes.shape[1] == 2:
            nodes = np.column_stack([nodes, np.zeros(len(nodes))])
        ends = edges[:, :2].astype(np.intp)
        if len(ends) and (ends.min() < 0 or ends.max() >= len(nodes)):
            raise ModelError(
                f"{self.model._owner()}: the graph '{layer.stream}' has an edge to node {ends.max()}, but only {len(nodes)} nodes."
            )
        self._where, self._edges = nodes, edges
        # Names of boxes hold sizes, which are others in another run.
        if layer.style == "boxes" or len(self._names) != len(nodes):
            self._names = tuple(self.picture.labels) if len(self.picture.labels) == len(nodes) else tuple(source.labels(layer.stream))
        x = Axis("", *(self.picture.x_range or (None, None)))
        y = Axis("", *(self.picture.y_range or (None, None)))
        self.show_axes(x, y, _wider(view.extent([nodes[:, 0]])), _wider(view.extent([nodes[:, 1]])))
        if layer.style == "boxes":
            (x0, x1), (y0, y1) = self.field.viewRange()
            names = self._names if len(self._names) == len(nodes) else ("",) * len(nodes)  # a file may hold as many as it likes
            self._boxes.set_boxes(nodes[:, :2], names, nodes[:, 2] > 0, ends, QRectF(x0, y0, x1 - x0, y1 - y0))
            return len(nodes) > 0
        self._draw_edges(nodes, edges)
        self._draw_nodes(nodes)
        return len(nodes) > 0

    def _draw_edges(self, nodes: np.ndarray, edges: np.ndarray) -> None:
        weight = edges[:, 2]
        if len(edges) > EDGES:
            keep = np.sort(np.argpartition(-np.abs(weight), EDGES)[:EDGES])
            edges, weight = edges[keep], weight[keep]
        top = float(np.abs(weight).max()) if len(weight) else 1.0
        share = np.abs(weight) / (top or 1.0)
        # Where all weigh the same, width tells nothing and thin lines are easier to follow.
        band = (
            np.full(len(share), 1)
            if len(share) > 200 and (weight == weight[0]).all()
            else np.minimum((share * len(WIDTHS)).astype(int), len(WIDTHS) - 1)
        )
        thin = 1.0 if len(edges) < 500 else 0.6 if len(edges) < 5000 else 0.35
        ends = edges[:, :2].astype(np.intp)
        self._twins = np.zeros(len(ends), bool)
        if 0 < len(ends) <= ARROWS:  # two that go both ways lie side by side
            here, back = ends[:, 0] * len(nodes) + ends[:, 1], ends[:, 1] * len(nodes) + ends[:, 0]
            self._twins = np.isin(here, back) & (here != back)
        self._name_weights(nodes, ends, weight)
        used = set()
        for sign in (0, 1):
            for width in range(len(WIDTHS)):
                chosen = (band == width) & ((weight < 0) == bool(sign)) & (weight != 0)
                if not chosen.any():
                    continue
                used.add((sign, width))
                self._edge_item(sign, width, nodes, ends[chosen], thin, len(edges) <= ARROWS, self._twins[chosen])
        for key, item in self._lines.items():
            item.setVisible(key in used)
        signs = {sign for sign, _ in used}
        names = (Entry("excitatory", "series0"), Entry("inhibitory", "series1", (4.0, 3.0)))
        self.strip.set_entries(tuple(names[s] for s in sorted(signs)) if len(signs) > 1 else ())

    def _name_weights(self, nodes: np.ndarray, ends: np.ndarray, weight: np.ndarray) -> None:
        """The weight of each synapse at its arrow, where synapses are drawn by hand and few."""
        (x0, x1), (y0, y1) = self.field.viewRange()
        wide, tall = self.field.viewPixelSize()
        start, end = nodes[ends[:, 0], :2], nodes[ends[:, 1], :2]
        long = np.hypot(*((end - start) / (wide, tall)).T) if len(ends) else np.empty(0)
        if not self.picture.drag or not 0 < len(ends) <= WEIGHED or (long < LONG).any():
            self._weights.set_texts(np.empty((0, 2)), (), QRectF(x0, y0, x1 - x0, y1 - y0))
            return
        at = start + 0.5 * (end - start) + _aside(start, end, wide, tall) * np.where(self._twins, 16.0, 12.0)[:, None]

        def ways() -> np.ndarray:
            """Points along all synapses, which no number should cover."""
            aside = _aside(start, end, wide, tall) * (5.0 * self._twins)[:, None]
            return np.concatenate([start + aside + part * (end - start) for part in np.linspace(0.0, 1.0, ALONG)])

        self._weights.set_texts(at, [number(w, 3) for w in weight], QRectF(x0, y0, x1 - x0, y1 - y0), avoid=ways)

    def _edge_item(self, sign: int, width: int, nodes: np.ndarray, ends: np.ndarray, thin: float, arrows: bool, twins: np.ndarray) -> None:
        item = self._lines.get((sign, width))
        if item is None:
            item = self._lines[sign, width] = pg.PlotCurveItem()
            item.setZValue(width)
            self.canvas.addItem(item, ignoreBounds=True)
        alpha = (0.25 + 0.25 * width) * (1.0 if thin == 1.0 else 0.7)
        pen = QPen(
            theme.colour(f"series{sign}", min(1.0, alpha)), max(0.5, WIDTHS[width] * thin) * (1.5 if theme.current().projector else 1.0)
        )
        pen.setCosmetic(True)
        if sign and thin == 1.0:
            pen.setDashPattern([4.0, 3.0])
        item.setPen(pen)
        start, end = nodes[ends[:, 0], :2], nodes[ends[:, 1], :2]
        if twins.any():
            aside = _aside(start, end, *self.field.viewPixelSize()) * (5.0 * twins)[:, None]
            start, end = start + aside, end + aside
        parts = [np.stack([start, end], axis=1).reshape(-1, 2)]
        loops = (ends[:, 0] == ends[:, 1]).nonzero()[0]
        wide, tall = self.field.viewPixelSize()
        if arrows and len(ends):
            parts.append(_bars(start, end, wide, tall, self._size(len(nodes)) / 2 + 6) if sign else _arrows(start, end, wide, tall))
        if len(loops) and arrows:
            parts += [_loop(start[k], wide, tall) for k in loops]
        xy = np.concatenate(parts)
        item.setData(x=xy[:, 0], y=xy[:, 1], connect="pairs")

    def _draw_nodes(self, nodes: np.ndarray) -> None:
        activity = nodes[:, 2]
        lo, hi = levels_of(activity, self.picture.colours, self.picture.levels)
        if self.picture.levels is None and len(activity):
            lo, hi = self._span.follow(lo, hi)
        place = np.nan_to_num((activity - lo) / ((hi - lo) or 1.0) * 255).clip(0, 255).astype(int)
        many = len(nodes) > NODES
        self._nodes.setVisible(not many)
        self._dots.setVisible(many)
        table = lookup(self.picture.colours)
        tokens = theme.current().tokens
        if many:
            canvas = Canvas(self.field, self.devicePixelRatioF())
            canvas.stamp(nodes[:, 0], nodes[:, 1], table[place], 3)
            self._dots.show_canvas(canvas)
            return
        size = self._size(len(nodes))
        used = np.unique(place)
        made = {int(k): pg.mkBrush(*(int(v) for v in table[k])) for k in used}
        # Active neurons are larger too: activity can be read without colour.
        swell = 0.75 + 0.5 * place / 255
        self._nodes.setData(
            x=nodes[:, 0], y=nodes[:, 1], size=size * swell * (1.4 if theme.current().projector else 1.0), symbol="o",
            brush=[made[int(k)] for k in place], pen=pg.mkPen(tokens.text, width=1.0 if size > 8 else 0.5),
        )  # fmt: skip
        (x0, x1), (y0, y1) = self.field.viewRange()
        if len(self._names) == len(nodes) <= NAMED:
            self._texts.set_texts(nodes[:, :2], self._names, QRectF(x0, y0, x1 - x0, y1 - y0), 0.75 * size)

    def _size(self, count: int) -> float:
        """Diameter of so many nodes in pixels."""
        size = 44 if count <= FEW else 26 if count <= 30 else 16 if count <= 150 else 9 if count <= 800 else 6
        share = 0.14 if count <= FEW else 0.09
        return min(size, max(5.0, share * min(self.field.width(), self.field.height())))

    def nearest(self, at: QPointF) -> int | None:
        """The node within reach of a place."""
        if not len(self._where):
            return None
        wide, tall = self.field.viewPixelSize()
        gap = ((self._where[:, 0] - at.x()) / wide) ** 2 + ((self._where[:, 1] - at.y()) / tall) ** 2
        k = int(np.nanargmin(gap))
        return k if gap[k] <= NEAR * NEAR else None

    def clicked(self, at: QPointF) -> None:
        """Pick the neuron under the cursor."""
        k = self.nearest(at)
        if self.picture.pick and k is not None:
            self.acted.emit(self.picture.pick, {"index": k})
            return
        super().clicked(at)

    def dragged(self, at: QPointF, start: bool, finish: bool, shift: bool) -> bool:
        """A drag that begins on a neuron draws a synapse, made where it ends on another."""
        if not self.picture.drag:
            return super().dragged(at, start, finish, shift)
        if start:
            self._wire_from = self.nearest(at)
        if self._wire_from is None:
            return False
        over = self.nearest(at)
        origin = self._where[self._wire_from, :2]
        end = self._where[over, :2] if over is not None else (at.x(), at.y())
        pen = QPen(theme.colour("accent"), theme.current().stroke + 1.0)
        pen.setCosmetic(True)
        self._wire.setPen(pen)
        self._wire.setData(x=[origin[0], end[0]], y=[origin[1], end[1]])
        self._wire.setVisible(not finish)
        if finish:
            source, self._wire_from = self._wire_from, None
            if over is not None and over != source:
                self.acted.emit(self.picture.drag, {"source": source, "target": over})
        return True

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """To the next point that way, of those that are seen."""
        return next_point(self, self._where, at, across, up) or super().step_from(at, across, up)

    def under_cursor(self, at: QPointF) -> str:
        """The neuron's name, activity and numbers of synapses."""
        k = self.nearest(at)
        self.canvas.setCursor(Qt.CursorShape.PointingHandCursor if k is not None and self.picture.pick else Qt.CursorShape.ArrowCursor)
        if k is None:
            return ""
        name = self._names[k] if k < len(self._names) else f"neuron {k}"
        incoming, outgoing = int((self._edges[:, 1] == k).sum()), int((self._edges[:, 0] == k).sum())
        return f"{name}  {number(self._where[k, 2])}  in {incoming}  out {outgoing}"

    def table(self) -> Table:
        """The edges."""
        return ["from", "to", "weight"], [self._edges[:, 0].astype(int), self._edges[:, 1].astype(int), self._edges[:, 2]]


def _wider(ends: tuple[float, float]) -> tuple[float, float]:
    margin = 0.06 * (ends[1] - ends[0])
    return ends[0] - margin, ends[1] + margin


def _aside(start: np.ndarray, end: np.ndarray, wide: float, tall: float) -> np.ndarray:
    """One pixel to the right of the way of each edge, in the units of the axes."""
    along = (end - start) / (wide, tall)
    length = np.hypot(along[:, 0], along[:, 1])
    along = along / np.where(length > 0, length, 1.0)[:, None]
    return np.stack([along[:, 1] * wide, -along[:, 0] * tall], axis=1)


def _arrows(start: np.ndarray, end: np.ndarray, wide: float, tall: float) -> np.ndarray:
    """Pairs of points that make an arrow head two thirds along each edge, 7 pixels long whatever the axes' scales."""
    along = (end - start) / (wide, tall)
    length = np.hypot(along[:, 0], along[:, 1])
    along = along / np.where(length > 0, length, 1.0)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    tip = start + 0.66 * (end - start)
    out = np.empty((len(tip), 4, 2))
    out[:, 0] = out[:, 2] = tip
    out[:, 1] = tip + (-7 * along + 4 * side) * (wide, tall)
    out[:, 3] = tip + (-7 * along - 4 * side) * (wide, tall)
    return out[length > 20].reshape(-1, 2)


def _bars(start: np.ndarray, end: np.ndarray, wide: float, tall: float, before: float) -> np.ndarray:
    """Pairs of points that make a bar across each edge, `before` pixels from its end: such a synapse inhibits."""
    along = (end - start) / (wide, tall)
    length = np.hypot(along[:, 0], along[:, 1])
    along = along / np.where(length > 0, length, 1.0)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    foot = end - before * along * (wide, tall)
    out = np.stack([foot + BAR * side * (wide, tall), foot - BAR * side * (wide, tall)], axis=1)
    return out[length > before + 14].reshape(-1, 2)


def _loop(at: np.ndarray, wide: float, tall: float) -> np.ndarray:
    """A small circle above a node for a synapse onto itself, as pairs of points."""
    angle = np.linspace(0, 2 * math.pi, 25)
    circle = at + np.stack([12 * wide * np.cos(angle), 20 * tall + 12 * tall * np.sin(angle)], axis=1)
    return np.stack([circle[:-1], circle[1:]], axis=1).reshape(-1, 2)
