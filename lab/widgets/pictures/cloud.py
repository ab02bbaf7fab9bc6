"""Clouds of points in two or three dimensions, with class colours and labels that do not collide."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt

from lab import units
from lab.display import plots as view
from lab.display.contour import smoothed, zero_line
from lab.display.plots import Axis, Overlay, Range, Source, typeset
from lab.embedding.raster import SHAPES, View, rasterise
from lab.errors import ModelError
from lab.model import Layer
from lab.units import number as printed
from lab.widgets import theme
from lab.widgets.pictures.arrows import ArrowsItem, arrows_of
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.colours import levels_of, lookup, tinted
from lab.widgets.pictures.dots import Canvas, DotsItem, Points, rgba
from lab.widgets.pictures.ink import Ink, Stroke
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import PlotView
from lab.widgets.pictures.pointing import next_point
from lab.widgets.pictures.texts import Texts

POINTS = 3000  # so many are drawn one by one; more become an image
SYMBOLS = ("o", "s", "t1", "d", "x", "t", "+", "o")  # as the rasteriser's shapes
NEAR = 14  # px within which a click picks a point
LEGEND = 10
MARKS = 8  # points of a class that are marks of their own, such as two goals, and no cloud
NAMED = 5  # from so many classes on their names stand at their middles: a legend of ten would take the room of the points
FEW = 12
KINDS = 10  # of points that have colours of their own
THEORY = (5.0, 4.0)


def columns_of(stream_channels: tuple[str, ...], width: int) -> dict[str, int]:
    """Which column of a cloud is what: x, y, then z if it is named so (or all five are there), then label and size."""
    named = {name.lower(): k for k, name in enumerate(stream_channels[:width])}
    third = stream_channels[2].lower() if len(stream_channels) > 2 and width > 2 else ""
    solid = width == 5 or third == "z" or (width > 2 and third not in ("", "label", "class", "size") and "z" in named)
    order = ["x", "y", *(["z"] if solid else []), "label", "size"][:width]
    found = {what: k for k, what in enumerate(order)}
    if third == "size" and "label" in found:
        found["size"] = found.pop("label")
    return found


def turned(points: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """(n, 3) points seen from a direction: columns across, up and towards the eye."""
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    turn = np.array([[cy, sy, 0.0], [-sy * sp, cy * sp, cp], [sy * cp, -cy * cp, sp]])
    return points @ turn.T


def _ends_of(arrows: dict[int, np.ndarray]) -> list[np.ndarray]:
    """Tails and tips of arrows."""
    return [part for data in arrows.values() for part in (data[:, :2], data[:, :2] + data[:, 2:4])]


def middle_of(points: np.ndarray) -> np.ndarray:
    """Where the name of a class stands: at the median of its points; of a few, which may lie far apart, at the one nearest to it."""
    middle = np.nanmedian(points, axis=0)
    if len(points) > MARKS:
        return middle
    away = np.abs(points - middle).sum(1)
    return points[np.nanargmin(away)] if np.isfinite(away).any() else middle


def _line_colour(layer: Layer) -> str:
    """Colour of a line over a cloud: that of its series where it names one."""
    return f"series{layer.series[0]}" if layer.series else "text" if layer.theory or layer.style == "pale" else "warn"


@draws("cloud", "arrows")
class CloudView(PlotView):
    """Draws cloud layers, with curves over them and an image behind them where a picture has such layers."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._ground = pg.ImageItem(axisOrder="row-major")
        self._ground.setZValue(-20)
        self._dots = DotsItem()
        self._scatter = Points(pxMode=True)
        self._rings = Points(pxMode=True)  # of layers in the style `rings`
        self._hollow = np.empty((0, 3))
        self._texts = Texts()
        self._texts.setZValue(30)
        for item in (self._ground, self._dots, self._rings, self._scatter, self._texts):
            self.canvas.addItem(item, ignoreBounds=True)
        self._curves: dict[int, Stroke] = {}
        self.ink = Ink()
        self.ink.setZValue(10)
        self.canvas.addItem(self.ink, ignoreBounds=True)
        self._arrows: dict[int, ArrowsItem] = {}
        self._points = np.empty((0, 2))
        self._data = np.empty((0, 2))
        self._what: dict[str, int] = {}
        self._names: tuple[str, ...] = ()
        self._middles_of: np.ndarray | None = None  # the points that the middles of the classes are of
        self._middles: tuple[np.ndarray, np.ndarray] = (np.empty(0, int), np.empty((0, 2)))
        self.yaw, self.pitch = 0.6, 0.5
        self._drag_from: tuple[QPointF, float, float] | None = None
        self.hair.setOpacity(0.0)
        if not (self.picture.x or self.picture.y):
            self.plot.hideAxis("left")
            self.plot.hideAxis("bottom")
        self.field.sigRangeChanged.connect(self._again)

    @property
    def caption(self) -> str:
        """How many points, where one would not count them."""
        return f"{printed(len(self._data))} points" if len(self._data) > FEW else ""

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Read points, curves and ground."""
        clouds, arrows = [], {}
        self._curves.clear()
        for number, layer in enumerate(self.picture.layers):
            kind = self.model.stream(layer.stream).kind
            value = source.snapshot(layer.stream) if kind in ("cloud", "curve", "image", "arrows") else None
            if value is None:
                continue
            if kind == "cloud":
                clouds.append((layer, np.asarray(value, float)))
            elif kind == "curve":
                self._curve(number, layer, np.asarray(value, float))
            elif kind == "arrows":
                arrows[number] = arrows_of(value, layer.stream, self.model._owner())
            else:
                self._background(np.asarray(value, float))
        if not clouds:
            return self._arrows_alone(arrows)
        rings = [np.asarray(value, float) for layer, value in clouds if layer.style == "rings"]
        clouds = [each for each in clouds if each[0].style != "rings"] or clouds
        layer, data = clouds[0]
        self._hollow = np.concatenate(rings) if rings and len(clouds) and clouds[0][0].style != "rings" else np.empty((0, 3))
        if data.ndim != 2 or not 2 <= data.shape[1] <= 5:
            raise ModelError(f"{self.model._owner()}: the cloud '{layer.stream}' must have shape (n, 2..5) (got {data.shape}).")
        self._data = data
        self._what = columns_of(self.model.stream(layer.stream).channels, data.shape[1])
        # Labels are asked for once per number of points: a vocabulary of thousands is not rebuilt each frame.
        if len(self._names) != len(data):
            self._names = tuple(self.picture.labels) if len(self.picture.labels) == len(data) else tuple(source.labels(layer.stream))
        self._points = turned(data[:, :3], self.yaw, self.pitch) if "z" in self._what else data[:, :2]
        ends = [] if "z" in self._what else _ends_of(arrows)  # an arrow is seen from its tail to its tip
        xs, ys = (view.extent([part[:, k] for part in (self._points, *ends)]) for k in (0, 1))
        if "z" in self._what:
            # The extent of a turning cloud is that of its sphere, or it would breathe.
            middle = data[:, :3].mean(axis=0)
            reach = float(np.sqrt(((data[:, :3] - middle) ** 2).sum(axis=1).max())) or 1.0
            seen = turned(middle[None, :], self.yaw, self.pitch)[0]
            xs, ys = (seen[0] - reach, seen[0] + reach), (seen[1] - reach, seen[1] + reach)
        x = Axis(typeset(self.picture.x), *(self.picture.x_range or (None, None)))
        y = Axis(typeset(self.picture.y), *(self.picture.y_range or (None, None)))
        self.show_axes(x, y, xs, ys)
        self._show_arrows(arrows)
        self._paint()
        return len(data) > 0

    def _arrows_alone(self, arrows: dict[int, np.ndarray]) -> bool:
        """A field of arrows without points: their tails and tips are what must be seen."""
        ends = _ends_of(arrows)
        x = Axis(typeset(self.picture.x), *(self.picture.x_range or (None, None)))
        y = Axis(typeset(self.picture.y), *(self.picture.y_range or (None, None)))
        self.show_axes(x, y, view.extent([e[:, 0] for e in ends]), view.extent([e[:, 1] for e in ends]))
        self._show_arrows(arrows)
        return any(len(data) for data in arrows.values())

    def _show_arrows(self, arrows: dict[int, np.ndarray]) -> None:
        self.ink.set_strokes(self._strokes(), self.field.viewRect())
        for number in set(self._arrows) - set(arrows):
            self.canvas.removeItem(self._arrows.pop(number))
        for number, data in arrows.items():
            if number not in self._arrows:
                self._arrows[number] = ArrowsItem()
                self._arrows[number].setZValue(15)
                self.canvas.addItem(self._arrows[number], ignoreBounds=True)
            self._arrows[number].set_arrows(data, self.field.viewRect())

    def _ends(self, axis: Axis, fit: Range, data: tuple[float, float], *, pad: bool) -> tuple[float, float]:
        return super()._ends(axis, fit, data, pad=False)

    def _classes(self) -> np.ndarray:
        if "label" not in self._what:
            return np.zeros(len(self._data), int)
        return np.nan_to_num(self._data[:, self._what["label"]]).astype(int)

    def _sizes(self) -> np.ndarray | None:
        return self._data[:, self._what["size"]] if "size" in self._what else None

    def _again(self, *_: Any) -> None:
        self.ink.set_strokes(self._strokes(), self.field.viewRect())
        if len(self._points):
            self._paint()

    def _paint(self) -> None:
        points, classes = self._points, self._classes()
        known = np.unique(classes)
        self._legend(known)
        many = len(points) > POINTS
        self._scatter.setVisible(not many)
        self._dots.setVisible(many)
        self._rings.setVisible(not many)
        order = np.argsort(points[:, 2]) if points.shape[1] == 3 else np.arange(len(points))
        look = theme.current()
        if many:
            self._dots.show_canvas(self._raster(points, classes))
        else:
            size = 9 if len(points) < 400 else 7 if len(points) < 1500 else 5
            sizes = self._sizes()
            wide = np.full(len(points), float(size)) if sizes is None else np.clip(np.nan_to_num(sizes, nan=1.0), 0.3, 4.0) * size
            wide = wide * (1.5 if look.projector else 1.0)
            brushes = np.array([pg.mkBrush(theme.colour(f"class{k}")) for k in range(KINDS)], object)
            shapes = np.array(SYMBOLS, object)
            self._draw_rings(size)
            self._scatter.setData(
                x=points[order, 0], y=points[order, 1], size=wide[order], symbol=shapes[classes[order] % len(shapes)],
                brush=brushes[classes[order] % len(brushes)], pen=pg.mkPen(look.tokens.surface, width=0.8),
            )  # fmt: skip
        (x0, x1), (y0, y1) = self.field.viewRange()
        if len(self._names) == len(points):
            sizes = self._sizes()
            first = np.arange(len(points)) if sizes is None else np.argsort(-np.nan_to_num(sizes), kind="stable")
            self._texts.set_texts(points[first, :2], [self._names[k] for k in first], QRectF(x0, y0, x1 - x0, y1 - y0))

    def _draw_rings(self, size: float) -> None:
        """Points of other clouds as hollow marks: in the shape and colour of their class, filled with the ground."""
        look, data = theme.current(), self._hollow
        classes = np.nan_to_num(data[:, 2]).astype(int) if data.shape[1] > 2 else np.zeros(len(data), int)
        pens = np.array([pg.mkPen(theme.colour(f"class{k}"), width=1.6) for k in range(KINDS)], object)
        shapes = np.array(SYMBOLS, object)
        self._rings.setData(
            x=data[:, 0], y=data[:, 1], size=(size - 0.5) * (1.5 if look.projector else 1.0), symbol=shapes[classes % len(shapes)],
            brush=pg.mkBrush(theme.colour("surface", 0.65)), pen=pens[classes % len(pens)],
        )  # fmt: skip

    def _raster(self, points: np.ndarray, classes: np.ndarray) -> Canvas:
        """Many points through the rasteriser; one unit of its view is a pixel, because the two axes have scales of their own."""
        canvas = Canvas(self.field, self.devicePixelRatioF())
        across, up = canvas.width / (canvas.x1 - canvas.x0), canvas.height / (canvas.y1 - canvas.y0)
        scale = (across, up) if points.shape[1] == 2 else (across, up, across)
        middle = ((canvas.x0 + canvas.x1) / 2, (canvas.y0 + canvas.y1) / 2, 0.0)[: points.shape[1]]
        placed = (points - middle) * scale
        palette = np.array([rgba(f"class{k}", 1.0) for k in range(KINDS)])
        ground = theme.colour("surface")
        size = (5 if len(points) < 20_000 else 3) * canvas.ratio
        view = View(canvas.width, canvas.height, (0.0,) * points.shape[1])
        paper = (ground.red(), ground.green(), ground.blue(), 0)
        # Row 0 of the canvas is at the lower end.
        canvas.pixels = rasterise(
            placed, view, palette[classes % len(palette)], size=size, background=paper, shapes=(classes % len(SHAPES)).astype(np.uint8)
        )[::-1]
        return canvas

    def _legend(self, known: np.ndarray) -> None:
        names = self.picture.labels
        lines = tuple(
            Entry(typeset(layer.label), _line_colour(layer), THEORY if layer.theory or layer.style == "dashed" else ())
            for number, layer in enumerate(self.picture.layers)
            if number in self._curves and layer.label
        )
        if not 1 < len(known) <= LEGEND or len(names) == len(self._data):
            self.strip.set_entries(lines)
            return
        told = [typeset(names[k]) if 0 <= k < len(names) else str(k) for k in known.tolist()]
        if len(known) >= NAMED and len(self._names) != len(self._data):
            self._name_classes(known, told)
            self.strip.set_entries(lines)
            return
        if self._middles_of is not None:  # there were more classes before, with their names in the plane
            self._middles_of = None
            self._texts.set_texts(np.empty((0, 2)), (), QRectF())
        marks = zip(known.tolist(), told, strict=True)
        named = tuple(Entry(name, f"class{k}", marker=SYMBOLS[k % len(SYMBOLS)], dot=True) for k, name in marks if name)
        self.strip.set_entries((*named, *lines))

    def _name_classes(self, known: np.ndarray, names: list[str]) -> None:
        """The name of each class at the middle of its points, the largest class first."""
        if self._middles_of is not self._points:  # not again while one only moves over the plane
            classes = self._classes()
            order = np.argsort([-(classes == k).sum() for k in known], kind="stable")
            middles = np.array([middle_of(self._points[classes == known[k], :2]) for k in order])
            self._middles_of, self._middles = self._points, (order, middles)
        order, middles = self._middles
        (x0, x1), (y0, y1) = self.field.viewRange()
        self._texts.set_texts(middles, [names[k] for k in order], QRectF(x0, y0, x1 - x0, y1 - y0), 2.0, scale=1.5)

    def _curve(self, number: int, layer: Layer, table: np.ndarray) -> None:
        """A line over the cloud: all rows of a curve, or one."""
        rows = table[1:] if layer.channel is None else table[1 + layer.channel : 2 + layer.channel]
        gap = np.array([np.nan])
        x = np.concatenate([part for _ in rows for part in (table[0], gap)]) if len(rows) else gap
        y = np.concatenate([part for row in rows for part in (row, gap)]) if len(rows) else gap
        dashes = THEORY if layer.theory or layer.style == "dashed" else ()
        look, ink = theme.current(), theme.colour(_line_colour(layer))
        if layer.style == "pale":
            self._curves[number] = Stroke(x, y, theme.colour(theme.mix(ink.name(), look.tokens.surface, 0.5)), look.stroke * 0.5, dashes)
        else:
            self._curves[number] = Stroke(x, y, ink, look.stroke + 0.5, dashes)

    def _strokes(self) -> tuple[Stroke, ...]:
        """The lines; among points of its own brightness one could not be seen without an edge in the colour of the ground.

        A pale one stays behind the rest. Over an image the edge would be a second line, darker than what it lies on: walls looked doubled;
        and of few points, such as where a path is now, it would hide one.
        """
        if len(self._data) <= FEW or any(self.model.stream(layer.stream).kind == "image" for layer in self.picture.layers):
            return tuple(self._curves.values())
        ground, pale = theme.colour("surface"), {k for k, layer in enumerate(self.picture.layers) if layer.style == "pale"}
        bold = [line for k, line in self._curves.items() if k not in pale and not line.dashes]
        return (*(replace(line, colour=ground, width=line.width + 3.0) for line in bold), *self._curves.values())

    def _background(self, values: np.ndarray) -> None:
        if values.ndim != 2:
            return
        kinds = len(self.picture.labels)
        regions = kinds > 2 and self.picture.levels is None
        tint = self.picture.colours == "diverging" and not regions
        if regions:  # regions of classes have the colours of their points
            colours = [theme.colour(f"class{k}") for k in range(kinds)]
            inks = np.array([(ink.red(), ink.green(), ink.blue()) for ink in colours], np.uint8)
            self._ground.setImage(values, autoLevels=False, levels=(-0.5, kinds - 0.5), lut=inks)
        else:
            self._ground.setImage(
                smoothed(values),
                autoLevels=False,
                levels=levels_of(values, self.picture.colours, self.picture.levels),
                lut=tinted() if tint else lookup(self.picture.colours),
            )
        # Where points are of more kinds than two, zero divides no classes: a map of values has no such line.
        if kinds <= 2 and self.picture.levels is not None and self.picture.levels[0] < 0 < self.picture.levels[1]:
            self._contour(values)
        self._ground.setOpacity(1.0 if tint else 0.35)
        (x0, x1), (y0, y1) = self.picture.x_range or (0.0, 1.0), self.picture.y_range or (0.0, 1.0)
        self._ground.setRect(QRectF(x0, y0, x1 - x0, y1 - y0))

    def _contour(self, values: np.ndarray) -> None:
        """The line on which a surface is zero: where two classes are equally likely."""
        (x0, x1), (y0, y1) = self.picture.x_range or (0.0, 1.0), self.picture.y_range or (0.0, 1.0)
        x, y = zero_line(values)
        rows, columns = values.shape
        at = x0 + (x + 0.5) / columns * (x1 - x0), y0 + (y + 0.5) / rows * (y1 - y0)
        self._curves[-1] = Stroke(*at, theme.colour("text"), 0.8 * theme.current().stroke)

    # -- what a person does --

    def nearest(self, at: QPointF) -> int | None:
        """The point within reach of a place."""
        if not len(self._points):
            return None
        wide, tall = self.field.viewPixelSize()
        gap = ((self._points[:, 0] - at.x()) / wide) ** 2 + ((self._points[:, 1] - at.y()) / tall) ** 2
        k = int(np.nanargmin(gap))
        return k if gap[k] <= NEAR * NEAR else None

    def clicked(self, at: QPointF) -> None:
        """Pick the nearest point, or act at the place."""
        k = self.nearest(at)
        if self.picture.pick and k is not None:
            self.acted.emit(self.picture.pick, {"index": k})
            return
        super().clicked(at)

    def dragged(self, at: QPointF, start: bool, finish: bool, shift: bool) -> bool:
        """A solid cloud turns; a flat one does the picture's drag."""
        if "z" not in self._what or shift:
            return super().dragged(at, start, finish, shift)
        scene = self.field.mapViewToScene(at)
        if start or self._drag_from is None:
            self._drag_from = (scene, self.yaw, self.pitch)
        origin, yaw, pitch = self._drag_from
        self.yaw = yaw + (scene.x() - origin.x()) * 0.01
        self.pitch = max(-math.pi / 2, min(math.pi / 2, pitch + (scene.y() - origin.y()) * 0.01))
        if finish:
            self._drag_from = None
        self._points = turned(self._data[:, :3], self.yaw, self.pitch)
        self._paint()
        return True

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """To the next point that way, of those that are seen."""
        return next_point(self, self._points, at, across, up) or super().step_from(at, across, up)

    def under_cursor(self, at: QPointF) -> str:
        """The nearest point: its label, class and place."""
        k = self.nearest(at)
        self.canvas.setCursor(Qt.CursorShape.PointingHandCursor if k is not None and self.picture.pick else Qt.CursorShape.ArrowCursor)
        if k is None:
            return ""
        words = [self._names[k]] if k < len(self._names) else [f"point {k}"]
        if "label" in self._what:
            label = int(self._classes()[k])
            words.append(self.picture.labels[label] if 0 <= label < len(self.picture.labels) != len(self._data) else f"class {label}")
        words.append(", ".join(units.number(v, 3) for v in self._data[k, : 3 if "z" in self._what else 2]))
        return "  ".join(words)

    def table(self) -> Table:
        """All columns, with the labels."""
        if not len(self._data) and self._arrows:
            data = next(iter(self._arrows.values())).data
            return ["x", "y", "dx", "dy", "class"][: data.shape[1]], list(data.T)
        names = [what for what, _ in sorted(self._what.items(), key=lambda pair: pair[1])]
        columns: list[Any] = list(self._data.T)
        if len(self._names) == len(self._data):
            names, columns = ["name", *names], [list(self._names), *columns]
        return names, columns
