"""A map of points on any paint device: dots from the rasteriser, labels that do not collide, a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from lab.embedding.raster import SHAPES, View, fit_view, place_labels, project, rasterise, spot
from lab.embedding.vectors import Vectors
from lab.units import number as printed
from lab.widgets import theme
from lab.widgets.application import offscreen_application
from lab.widgets.embeddings.thumbs import Sheet, paint_tiles, thinned
from lab.widgets.pictures.colours import lookup
from lab.widgets.pictures.export import draw_file
from lab.widgets.pictures.texts import outline

MOST_LABELS = 120
AREA = 3600  # square pixels of the map for each label
ROOM = 4000  # so many points are tried for labels
LEGEND = 12
MOST_CLASSES = 12  # that have their names on the map
SMOOTH = 6000  # so many points are drawn at twice the pixels, so that their edges are smooth
SHAPED = 20_000  # so many points have a shape for each class


def series(count: int) -> np.ndarray:
    """Colours (count, 3) uint8 of classes; they come again after the last."""
    table = [theme.colour(f"class{k}") for k in range(max(1, count))]
    return np.array([(c.red(), c.green(), c.blue()) for c in table], np.uint8)


def class_names(
    points: np.ndarray, visible: np.ndarray | None, classes: np.ndarray, names: Sequence[str]
) -> tuple[tuple[str, int, np.ndarray, str], ...]:
    """Name, number of points, middle and colour of each class of the visible points; nothing where there are too many classes."""
    if not 1 < len(names) <= MOST_CLASSES:
        return ()
    inks = series(len(names))
    seen = np.asarray(np.isfinite(points).all(1))
    if visible is not None:
        seen = seen & visible
    own = [points[seen & (classes[: len(points)] == k)] for k in range(len(names))]
    return tuple(
        (name, len(own[k]), np.median(own[k], axis=0), QColor(*(int(v) for v in inks[k])).name())
        for k, name in enumerate(names)
        if name and len(own[k])
    )


def ramp_table() -> np.ndarray:
    """Colours (m, 3) uint8 from least (blue) to greatest (yellow); the end that the ground would swallow is left out."""
    table = np.ascontiguousarray(lookup("sequential")[:, :3], np.uint8)
    dark = QColor(theme.current().tokens.surface).lightness() < 128
    return table[len(table) // 4 :] if dark else table[: -len(table) // 8]


def ramp(values: np.ndarray) -> np.ndarray:
    """Colours (n, 3) uint8 of numbers from least (blue) to greatest (yellow)."""
    table = ramp_table()
    values = np.nan_to_num(np.asarray(values, float))
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    place = (values - low) * ((len(table) - 1) / (high - low)) if high > low else np.zeros(len(values))
    return np.ascontiguousarray(table[place.astype(int)])


def dot_size(count: int) -> float:
    """Diameter of a dot in pixels of the screen for so many points."""
    return 8.0 if count < 400 else 6.0 if count < 2000 else 4.0 if count < 20_000 else 2.0


def points_image(
    points: np.ndarray,
    view: View,
    colours: np.ndarray,
    size: float,
    *,
    visible: np.ndarray | None = None,
    faded: np.ndarray | None = None,
    shapes: np.ndarray | None = None,
    dense: float = 1.0,
) -> QImage:
    """Dots as an image of `dense` pixels for each pixel of the view; `faded` points are drawn first, in a pale grey."""
    sharp = replace(view, width=max(1, round(view.width * dense)), height=max(1, round(view.height * dense)), scale=view.scale * dense)
    if faded is not None and faded.any():
        pale = theme.colour("line")
        colours = np.array(np.broadcast_to(colours, (len(points), 3)))
        colours[faded] = (pale.red(), pale.green(), pale.blue())
        if points.shape[1] == 2:
            # Later points lie above: the pale ones go first.
            order = np.argsort(~faded, kind="stable")
            points, colours = points[order], colours[order]
            visible = None if visible is None else visible[order]
            shapes = None if shapes is None else shapes[order]
    ground = QColor(theme.current().tokens.surface)
    paper = (ground.red(), ground.green(), ground.blue(), 255)
    pixels = rasterise(points, sharp, colours, size=size * dense, background=paper, visible=visible, shapes=shapes)
    # The image made from a buffer does not own it: the copy does.
    return QImage(pixels.data, sharp.width, sharp.height, 4 * sharp.width, QImage.Format.Format_RGBA8888).copy()


def paint_points(
    painter: QPainter,
    points: np.ndarray,
    view: View,
    colours: np.ndarray,
    size: float,
    visible: np.ndarray | None,
    faded: np.ndarray | None,
    dense: float,
) -> None:
    """Dots into the place (0, 0, view.width, view.height); `faded` points are drawn first in a pale grey; `dense` pixels a unit."""
    image = points_image(points, view, colours, size, visible=visible, faded=faded, dense=dense)
    painter.drawImage(QRectF(0, 0, view.width, view.height), image)


def paint_labels(
    painter: QPainter,
    points: np.ndarray,
    names: Sequence[str],
    order: np.ndarray,
    view: View,
    *,
    always: Sequence[int] = (),
    gap: float = 7.0,
) -> list[int]:
    """Names beside their points, those of `always` first, then by `order`; returns the rows that found room."""
    font = theme.sans_font(theme.current().caption)
    measure = QFontMetricsF(font)
    known = set(always)
    rows = np.array([*always, *(k for k in order[:ROOM].tolist() if k not in known)], np.int64)
    if not len(rows):
        return []
    pixels = project(points[rows], view)
    inside = (pixels[:, 0] >= 0) & (pixels[:, 0] < view.width) & (pixels[:, 1] >= 0) & (pixels[:, 1] < view.height)
    rows, pixels = rows[inside][: 8 * MOST_LABELS], pixels[inside][: 8 * MOST_LABELS]
    widths = np.array([_advance(names[k], font.pixelSize()) for k in rows])
    most = max(len(known), min(MOST_LABELS, view.width * view.height // AREA))
    kept, corners = place_labels(pixels, widths, measure.height(), view, gap=gap, most=most)
    if isinstance(painter.device(), (QImage, QPixmap, QWidget)):
        look = theme.current()
        for k, (left, top) in zip(kept.tolist(), corners.tolist(), strict=True):
            drawn = _stamp(names[rows[k]], font.pixelSize(), look.tokens.text, look.tokens.surface)
            painter.drawImage(QPointF(left, top - 1), drawn)
        return [int(rows[k]) for k in kept]
    halo = QPen(theme.colour("surface", 0.85), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    ink = theme.colour("text")
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for k, (left, top) in zip(kept.tolist(), corners.tolist(), strict=True):
        path = outline(names[rows[k]], font.pixelSize()).translated(left + 2, top)
        painter.strokePath(path, halo)
        painter.fillPath(path, ink)
    return [int(rows[k]) for k in kept]


@lru_cache(20_000)
def _advance(text: str, pixels: int) -> float:
    return QFontMetricsF(theme.sans_font(pixels)).horizontalAdvance(text) + 4


@lru_cache(4000)
def _stamp(text: str, pixels: int, ink: str, paper: str) -> QImage:
    """A name with a halo as a picture: a map that moves draws the same names again and again, and outlines are dear."""
    font = theme.sans_font(pixels)
    measure = QFontMetricsF(font)
    dense = 2
    image = QImage(
        dense * (math.ceil(measure.horizontalAdvance(text)) + 6),
        dense * (math.ceil(measure.height()) + 2),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.setDevicePixelRatio(dense)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(font)
    ground = QColor(paper)
    ground.setAlphaF(0.5)
    painter.setPen(ground)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)):
        painter.drawText(QPointF(2 + dx, 1 + measure.ascent() + dy), text)
    painter.setPen(QColor(ink))
    painter.drawText(QPointF(2, 1 + measure.ascent()), text)
    painter.end()
    return image


def paint_legend(painter: QPainter, texts: Sequence[str], colours: np.ndarray, at: QPointF, most: float) -> float:
    """One row of class names with their colours, cut where the width `most` ends; returns its height."""
    font = theme.sans_font(theme.current().caption)
    measure = QFontMetricsF(font)
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    x = at.x()
    for number, text in enumerate(texts):
        wide = measure.horizontalAdvance(text) + 26
        rest = f"+ {len(texts) - number}"
        if number == LEGEND or x + wide > at.x() + most - measure.horizontalAdvance(rest):
            painter.setPen(theme.colour("muted"))
            painter.drawText(QPointF(x, at.y() + measure.ascent()), rest)
            break
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*(int(v) for v in colours[number])))
        painter.drawEllipse(QPointF(x + 4, at.y() + measure.height() / 2), 4, 4)
        painter.setPen(theme.colour("muted"))
        painter.drawText(QPointF(x + 12, at.y() + measure.ascent()), text)
        x += wide
    return measure.height()


@dataclass
class Scene:
    """All that is drawn of a map.

    points   (n, 2 or 3) float32;  colours (n, 3) uint8;  shapes (n,) numbers of shapes, or None for discs
    visible  (n,) bool, None for all;  chosen (n,) bool: what a person has selected, the rest is faded
    focus    rows asked about;  marked: rows answered;  pinned: rows that are held where they are
    trail    (m, 2 or 3) places that a formula walks through;  exchanged: pairs of rows, taken away and added
    edges    (e, 2) rows to be joined
    order    rows by how much their names matter
    classes  names of classes at the middles of their points;  sheet: the pictures that stand for points
    axes     names of both ends (least, greatest) of each axis through zero, where the map has axes of meaning
    """

    points: np.ndarray
    colours: np.ndarray
    names: Sequence[str] = ()
    shapes: np.ndarray | None = None
    visible: np.ndarray | None = None
    chosen: np.ndarray | None = None
    order: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    focus: tuple[int, ...] = ()
    marked: tuple[int, ...] = ()
    pinned: tuple[int, ...] = ()
    trail: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    exchanged: tuple[tuple[int, int], ...] = ()
    edges: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))
    labels: bool = True
    axes: tuple[tuple[str, str], ...] = ()
    classes: tuple[tuple[str, int, np.ndarray, str], ...] = ()  # name, number of points, where its name stands, colour
    sheet: Sheet | None = None  # pictures of the points, drawn in their places as far as there is room

    def tiled(self, view: View) -> np.ndarray:
        """Rows that are drawn as pictures."""
        if self.sheet is None:
            return np.empty(0, np.int64)
        return thinned(self.points, view, self.visible, (*self.focus, *self.marked))

    @property
    def shown(self) -> int:
        """How many points are drawn."""
        return len(self.points) if self.visible is None else int(self.visible.sum())

    def image(self, view: View, dense: float) -> QImage:
        """The points alone."""
        count = self.shown
        look = theme.current()
        dense = 2 * dense if count <= SMOOTH else dense
        faded = None if self.chosen is None else ~self.chosen
        shapes = self.shapes if count <= SHAPED else None
        size = dot_size(count) * (1.4 if look.projector else 1.0)
        visible, tiled = self.visible, self.tiled(view)
        if len(tiled):
            visible = np.ones(len(self.points), bool) if visible is None else visible.copy()
            visible[tiled] = False
            size *= 0.5  # what has no room as a picture is a small mark
        return points_image(self.points, view, self.colours, size, visible=visible, faded=faded, shapes=shapes, dense=dense)


def paint_scene(painter: QPainter, scene: Scene, view: View, image: QImage | None = None, dense: float = 1.0) -> None:
    """A map with everything on it into the place (0, 0, view.width, view.height); `image` is that of the points, if it is known."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(0, 0, view.width, view.height), scene.image(view, dense) if image is None else image)
    if not len(scene.points):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(QRectF(0, 0, view.width, view.height))
    _paint_axes(painter, scene, view)
    if scene.sheet is not None:
        faded = None if scene.chosen is None else ~scene.chosen
        paint_tiles(painter, scene.sheet, scene.points, scene.tiled(view), view, faded)
    _paint_edges(painter, scene, view)
    _paint_rings(painter, scene, view)
    always = [*scene.focus, *scene.marked]
    if scene.names and (scene.labels or always):
        order = scene.order if scene.labels else np.empty(0, np.int64)
        keep = scene.visible if scene.chosen is None else scene.chosen if scene.visible is None else scene.visible & scene.chosen
        if keep is not None:
            order = order[keep[order]] if len(order) else order
        paint_labels(painter, scene.points, scene.names, order, view, always=always)
    _paint_trail(painter, scene, view)
    _paint_classes(painter, scene, view)
    painter.setClipping(False)


def _paint_classes(painter: QPainter, scene: Scene, view: View) -> None:
    """Names of classes with a halo at the middles of their points, and how many there are; the largest first, none over another."""
    if not scene.classes:
        return
    look = theme.current()
    large, small = round(1.4 * look.text), look.caption
    wide, tall = QFontMetricsF(theme.sans_font(large)), QFontMetricsF(theme.sans_font(small))
    halo = QPen(theme.colour("surface", 0.9), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    taken: list[QRectF] = []
    for name, count, at, colour in sorted(scene.classes, key=lambda each: -each[1]):
        x, y = project(np.asarray(at, np.float32)[None, :], view)[0, :2].tolist()
        box = QRectF(0, 0, wide.horizontalAdvance(name) + 6, wide.height() + tall.height())
        box.moveCenter(QPointF(x, y))
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        for text, size, ink, top in (
            (name, large, look.tokens.text, box.top()),
            (printed(count), small, colour, box.top() + wide.height() - 2),
        ):
            across = QFontMetricsF(theme.sans_font(size)).horizontalAdvance(text)
            path = outline(text, size).translated(x - across / 2, top)
            painter.strokePath(path, halo)
            painter.fillPath(path, QColor(ink))


def _places(rows: Sequence[int] | np.ndarray, scene: Scene, view: View) -> list[QPointF]:
    at = project(scene.points[np.asarray(rows, np.int64)], view)
    return [QPointF(x, y) for x, y in at[:, :2].tolist()]


def _paint_axes(painter: QPainter, scene: Scene, view: View) -> None:
    """Lines through zero with the names of their ends at the border; of a solid map the three directions in a corner."""
    if scene.points.shape[1] == 3:
        _paint_directions(painter, view)
    if not scene.axes or scene.points.shape[1] != 2:
        return
    x, y = project(np.zeros((1, 2), np.float32), view)[0, :2].tolist()
    font = theme.sans_font(theme.current().caption)
    measure = QFontMetricsF(font)
    tall = measure.height()
    painter.setFont(font)
    for across, (least, greatest) in zip((True, False), scene.axes, strict=False):
        painter.setPen(QPen(theme.colour("line"), theme.current().stroke))
        painter.drawLine(QPointF(0, y), QPointF(view.width, y)) if across else painter.drawLine(QPointF(x, 0), QPointF(x, view.height))
        low, high = (
            (f"\u2190 {least}" if least else "", f"{greatest} \u2192")
            if across
            else (f"\u2193 {least}" if least else "", f"{greatest} \u2191")
        )
        painter.setPen(theme.colour("accent"))
        wide = measure.horizontalAdvance(high) + 4
        if across:
            top = min(max(2.0, y - tall - 2), view.height - tall - 2)
            painter.drawText(QPointF(4, top + measure.ascent()), low)
            painter.drawText(QPointF(view.width - wide, top + measure.ascent()), high)
        else:
            left = min(max(4.0, x + 6), view.width - wide)
            painter.drawText(QPointF(left, 2 + measure.ascent()), high)
            painter.drawText(QPointF(left, view.height - 4 - measure.descent()), low)


def _paint_directions(painter: QPainter, view: View) -> None:
    """Where the three axes point as the map is turned now."""
    look = theme.current()
    painter.setFont(theme.sans_font(look.caption))
    reach = 2.2 * look.text
    middle = QPointF(reach + 14, view.height - reach - 14)
    rows = np.asarray(view.matrix())
    for k, (name, colour) in enumerate(zip("123", look.tokens.series, strict=False)):
        tip = middle + QPointF(float(rows[0][k]), -float(rows[1][k])) * reach
        painter.setPen(QPen(QColor(colour), look.stroke + 0.5))
        painter.drawLine(middle, tip)
        painter.drawText(tip + QPointF(3, 3), name)


def _paint_edges(painter: QPainter, scene: Scene, view: View) -> None:
    if not len(scene.edges):
        return
    ends = _places(scene.edges.ravel(), scene, view)
    painter.setPen(QPen(theme.colour("accent", 0.55), max(1.0, 0.8 * theme.current().stroke)))
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        painter.drawLine(a, b)


def _paint_trail(painter: QPainter, scene: Scene, view: View) -> None:
    if len(scene.trail) < 2:
        return
    pen = QPen(theme.colour("warn", 0.7), theme.current().stroke)
    pen.setDashPattern([1.0, 3.0])
    painter.setPen(pen)
    for pair in scene.exchanged:
        _paint_arrow(painter, *_places(pair, scene, view))
    places = [QPointF(x, y) for x, y in project(np.asarray(scene.trail, np.float32), view)[:, :2].tolist()]
    pen = QPen(theme.colour("warn"), theme.current().stroke + 0.7)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    for number, (a, b) in enumerate(pairwise(places)):
        if number == len(places) - 2:
            pen.setDashPattern([3.0, 3.0])  # the last stretch is the answer: near to the sum, not part of it
        painter.setPen(pen)
        _paint_arrow(painter, a, b)


def _paint_arrow(painter: QPainter, a: QPointF, b: QPointF) -> None:
    painter.drawLine(a, b)
    length = math.hypot(b.x() - a.x(), b.y() - a.y())
    if length > 16:
        along = QPointF((b.x() - a.x()) / length, (b.y() - a.y()) / length)
        across = QPointF(-along.y(), along.x())
        tip = b - along * 7
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("warn"))
        painter.drawPolygon(QPolygonF([tip, tip - along * 9 + across * 4.5, tip - along * 9 - across * 4.5]))
        painter.restore()


def _paint_rings(painter: QPainter, scene: Scene, view: View) -> None:
    radius = dot_size(scene.shown) / 2 + 4
    stroke = theme.current().stroke
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("text", 0.8), stroke))
    for at in _places(scene.marked, scene, view) if scene.marked else ():
        painter.drawEllipse(at, radius, radius)
    painter.setPen(QPen(theme.colour("surface"), 1.0))
    painter.setBrush(theme.colour("text"))
    for at in _places(scene.pinned, scene, view) if scene.pinned else ():
        # A drawing pin, its point in the dot.
        painter.drawPolygon(QPolygonF([at, at + QPointF(-3.5, -9), at + QPointF(3.5, -9)]))
        painter.drawEllipse(at + QPointF(0, -11), 4.5, 4.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("warn"), stroke + 0.5))
    for at in _places(scene.focus, scene, view) if scene.focus else ():
        painter.drawEllipse(at, radius, radius)
        if len(scene.focus) == 1:
            painter.drawEllipse(at, radius + 4, radius + 4)


def paint_symbol(painter: QPainter, at: QPointF, shape: int, colour: QColor, size: float = 9.0) -> None:
    """One dot as it is drawn on the map, smooth."""
    dense = 4
    dx, dy = spot(SHAPES[shape % len(SHAPES)], size * dense)
    side = int(1.3 * size * dense) | 1
    pixels = np.zeros((side, side, 4), np.uint8)
    middle = side // 2
    inside = (np.abs(dx) <= middle) & (np.abs(dy) <= middle)
    pixels[middle + dy[inside], middle + dx[inside]] = (colour.red(), colour.green(), colour.blue(), 255)
    image = QImage(pixels.data, side, side, 4 * side, QImage.Format.Format_RGBA8888)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    wide = side / dense
    painter.drawImage(
        QRectF(at.x() - wide / 2, at.y() - wide / 2, wide, wide),
        image.scaled(round(2 * wide), round(2 * wide), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation),
    )


def classes_of(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The number of the class of each text, and the classes in order."""
    known = sorted(set(texts))
    number = {text: k for k, text in enumerate(known)}
    return np.array([number[t] for t in texts], np.int64), known


def draw_map(vectors: Vectors, points: np.ndarray, path: Path, *, labels: bool, title: str, size: tuple[int, int] = (1200, 900)) -> Path:
    """Write a map of named vectors as .png, .svg or .pdf without a screen, coloured by their first metadata."""
    app = offscreen_application()
    theme.apply(app, "light", sheet=False)
    classes, known = classes_of(next(iter(vectors.metadata.values()), ("",) * len(vectors)))
    palette = series(len(known))

    def draw(painter: QPainter, area: QRectF) -> None:
        painter.setFont(theme.sans_font(theme.current().title))
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(16, 8, area.width() - 32, 28), Qt.AlignmentFlag.AlignVCenter, title)
        top = 44.0
        if len(known) > 1:
            top += paint_legend(painter, known, palette, QPointF(16, 40), area.width() - 32) + 4
        painter.translate(0, top)
        view = fit_view(points, int(area.width()), int(area.height() - top))
        paint_points(painter, points, view, palette[classes], dot_size(len(points)), None, None, 2.0)
        if labels:
            paint_labels(painter, points, vectors.words, np.arange(len(points)), view)

    return draw_file(path, QSize(*size), draw, title)
