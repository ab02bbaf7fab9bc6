"""Labels of points that do not collide: placed greedily, most important first, left out where there is no room."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QTransform

from lab.widgets import theme

MOST = 250
HALO = 3.0  # px
STILL = 3.0  # px that a place may move before its label follows
STEPS = (1.0, 1.8, 2.6, 3.4, 4.2, 5.0)  # times its usual distance that a label may stand from its point rather than on a line
LOW = 4.0  # times the height of a label: in a lower picture one that would lie on a line is left out
EDGE = 1.5  # px around a label that a line may not cross either
PATIENCE = 2.0  # s after which a label that a line has come to run through looks for another place


def place_labels(
    points: np.ndarray,
    sizes: np.ndarray,
    area: tuple[float, float, float, float],
    clear: float = 5.0,
    avoid: np.ndarray | None = None,
    spare: float = 0.0,
) -> list[tuple[int, float, float]]:
    """Where labels go: (number, left, top) in pixels for those that fit.

    points (n, 2) in pixels, in order of importance; sizes (n, 2) width and height; area left, top, right, bottom; avoid (m, 2)
    are points of lines. Each label is tried right, left, above, below and at the corners of its point; it may overlap neither
    another label nor the area's edge. Beside lines it is also tried further away, and takes the place that covers least of them; in a
    low picture one that would have to cover a line is left out. With `spare` the points to avoid are marks of that
    radius, and a label that would cover one is left out.
    """
    return [(k, left, top) for k, left, top, _ in place_in_full(points, [[size] for size in sizes], area, clear, avoid, spare)]


def place_in_full(
    points: np.ndarray,
    forms: Sequence[Sequence[Sequence[float]]],
    area: tuple[float, float, float, float],
    clear: float = 5.0,
    avoid: np.ndarray | None = None,
    spare: float = 0.0,
) -> list[tuple[int, float, float, int]]:
    """The same for labels that have a shorter form each, for where the longer one would lie on a line: (number, left, top, form)."""
    taken = np.empty((0, 4))
    out = []
    for k in range(len(points)):
        x, y = points[k]
        best: tuple[int, float, float, int] | None = None
        for form, (w, h) in enumerate(forms[k]):
            for left, top in _sides(x, y, w, h, clear, avoid is not None, STEPS[:1] if avoid is None or spare else STEPS):
                if left < area[0] or top < area[1] or left + w > area[2] or top + h > area[3]:
                    continue
                if len(taken) and ((taken[:, 0] < left + w) & (taken[:, 2] > left) & (taken[:, 1] < top + h) & (taken[:, 3] > top)).any():
                    continue
                edge = spare or EDGE
                covered = 0 if avoid is None else _inside(avoid, left - edge, top - edge, left + w + edge, top + h + edge)
                if covered and spare:
                    continue
                if best is None or covered < best[0]:
                    best = covered, left, top, form
                if not covered:
                    break
            if best is not None and not best[0]:
                break
        if best is not None and not (best[0] and area[3] - area[1] < LOW * h):
            _, left, top, form = best
            w, h = forms[k][form]
            taken = np.vstack([taken, (left - 2, top - 1, left + w + 2, top + h + 1)])
            out.append((k, left, top, form))
    return out


def _sides(x: float, y: float, w: float, h: float, clear: float, lines: bool, steps: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    """Left and top of a label around its point, at these times its usual distance; among lines also at the corners."""
    for far in steps:
        away = far * clear
        yield from ((x + away, y - h / 2), (x - away - w, y - h / 2), (x - w / 2, y - away - h), (x - w / 2, y + away))
        if lines:
            near = 0.6 * away
            yield from ((left, top) for left in (x + near, x - near - w) for top in (y - near - h, y + near))


def _inside(points: np.ndarray, left: float, top: float, right: float, bottom: float) -> int:
    """How many points lie in a box."""
    x, y = points[:, 0], points[:, 1]
    return int(((x > left) & (x < right) & (y > top) & (y < bottom)).sum())


@lru_cache(maxsize=4096)
def outline(text: str, pixels: int) -> QPainterPath:
    """The outline of a text in the font of the window, its upper left corner at the origin; made once.

    Made anew it would not be the same: Qt moves the outlines of a font by up to a sixty-fourth of a pixel once the same letters
    were drawn as ordinary text, so that a picture changed without a reason.
    """
    font = theme.sans_font(pixels)
    path = QPainterPath()
    path.addText(QPointF(0.0, QFontMetricsF(font).ascent()), font, text)
    return path


@lru_cache(maxsize=512)
def _written(text: str, pixels: int, ratio: float, ink: str, ground: str) -> tuple[QImage, QPointF]:
    """A text with its halo as an image, and where it lies beside the corner of the text: letters with a halo are dear to draw."""
    path = outline(text, pixels)
    box = path.boundingRect().adjusted(-HALO, -HALO, HALO, HALO).toAlignedRect()
    made = QImage(max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio)), QImage.Format.Format_ARGB32_Premultiplied)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(-box.topLeft())
    _write(painter, path, 1.0, QColor(ink), QColor(ground))
    painter.end()
    return made, QPointF(box.topLeft())


def _write(painter: QPainter, path: QPainterPath, zoom: float, ink: QColor, ground: QColor) -> None:
    halo = QColor(ground)
    halo.setAlphaF(0.85)
    painter.strokePath(path, QPen(halo, HALO * zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, ink)


def zoom_of(item: pg.GraphicsObject, transform: Any) -> float:
    """How much larger a device draws than the widget (exports and dense screens scale everything)."""
    own = abs(item.sceneTransform().m11())
    return abs(transform.m11()) / own if own else 1.0


class Texts(pg.GraphicsObject):
    """Labels at data coordinates, drawn in the size of the screen with a halo of the ground's colour."""

    def __init__(self) -> None:
        super().__init__()
        self._at = np.empty((0, 2))
        self._texts: Sequence[str] = ()
        self._inks: Sequence[str] = ()
        self._area = QRectF()
        self._clear = 6.0
        self._look: object = None
        self._avoid: np.ndarray | None = None
        self._boxes = np.empty((0, 4))  # where the labels stand, in pixels: left, top, right, bottom
        self._placed = 0.0  # when they were placed
        self._scale = 1.0
        self._spare = 0.0
        self._exporting = False
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)  # letters with a halo cost more than all lines of a picture

    def set_texts(
        self,
        at: np.ndarray,
        texts: Sequence[str],
        area: QRectF,
        clear: float = 6.0,
        inks: Sequence[str] = (),
        avoid: Callable[[], np.ndarray] | None = None,
        scale: float = 1.0,
        spare: float = 0.0,
    ) -> None:
        """Points (n, 2) in order of importance with their labels, `clear` pixels beside them; `area` is what is shown.

        inks are colours of the labels by token; a label may have a second line, which is muted; avoid gives points (m, 2) of lines
        that labels should not cover, asked for only where labels are placed anew, with `spare` marks of that many pixels that none may
        cover; scale is of the letters.
        """
        look = theme.current()
        same = (
            (area, clear) == (self._area, self._clear)
            and tuple(texts) == tuple(self._texts)
            and tuple(inks) == tuple(self._inks)
            and look == self._look
        )
        if same and self._near(at) and not self._struck(avoid):
            return
        self._look = look  # halos and letters are kept as an image: in another theme they are drawn anew
        self.prepareGeometryChange()
        self._at, self._texts, self._area, self._clear, self._inks = at, texts, area, clear, inks
        self._avoid, self._scale, self._spare = avoid() if avoid is not None else None, scale, spare
        self._placed = time.monotonic()
        self.update()

    def _struck(self, avoid: Callable[[], np.ndarray] | None) -> bool:
        """Whether a line runs through a label that was placed some time ago, when the line did not: the orbit of a run begins later."""
        if avoid is None or not len(self._boxes) or time.monotonic() - self._placed < PATIENCE:
            return False
        self._placed = time.monotonic()
        lines = avoid()
        if self._avoid is not None and lines.shape == self._avoid.shape and (lines == self._avoid).all():
            return False
        points = _mapped(self.sceneTransform(), lines)
        return any(_inside(points, *box) for box in self._boxes)

    def _near(self, at: np.ndarray) -> bool:
        """Whether no label would move by more than a pixel or two: they are dear to draw, and need not tremble."""
        if not len(at):
            return True
        box = self.getViewBox()
        if len(at) != len(self._at) or box is None:
            return False
        wide, tall = box.viewPixelSize()
        return bool((np.abs(at - self._at) <= (STILL * wide, STILL * tall)).all())

    def boundingRect(self) -> QRectF:
        """The shown range."""
        return self._area

    def setExportMode(self, export: bool, opts: Any = None) -> None:
        """Outlines instead of images."""
        self._exporting = export

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Place and draw."""
        if not len(self._texts):
            return
        transform = painter.transform()
        painter.resetTransform()
        zoom = zoom_of(self, transform)
        font: QFont = theme.sans_font(max(8, round(theme.current().caption * self._scale * zoom)))
        measure = QFontMetricsF(font)
        inside = np.flatnonzero(
            (self._at[:, 0] >= self._area.left()) & (self._at[:, 0] <= self._area.right())
            & (self._at[:, 1] >= self._area.top()) & (self._at[:, 1] <= self._area.bottom())
        )[:MOST]  # fmt: skip
        if len(inside):
            points = _mapped(transform, self._at[inside])
            lines = {int(k): self._texts[k].split("\n") for k in inside}
            forms = [
                [
                    (max(map(measure.horizontalAdvance, lines[k][:count])), count * measure.height())
                    for count in ((len(lines[k]), 1) if len(lines[k]) > 1 and self._avoid is not None else (len(lines[k]),))
                ]
                for k in inside.tolist()
            ]
            corner = transform.mapRect(self._area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            tokens, ratio = theme.current().tokens, painter.device().devicePixelRatioF()
            avoid = None if self._avoid is None else _mapped(transform, self._avoid)
            within = (corner.left(), corner.top(), corner.right(), corner.bottom())
            placed = place_in_full(points, forms, within, self._clear * zoom, avoid, self._spare * zoom)
            if not self._exporting:
                boxes = [(left, top, left + forms[k][form][0], top + forms[k][form][1]) for k, left, top, form in placed]
                self._boxes = np.array(boxes).reshape(-1, 4) / ratio
            for number, left, top, form in placed:
                which = int(inside[number])
                ink = theme.colour(self._inks[which]).name() if which < len(self._inks) else tokens.text
                for row, text in enumerate(lines[which][: 1 if form else None]):
                    at = QPointF(left, top + row * measure.height())
                    colour = tokens.muted if row else ink
                    if self._exporting:
                        path = outline(text, font.pixelSize()).translated(at)
                        _write(painter, path, zoom, QColor(colour), QColor(tokens.surface))
                        continue
                    made, corner_of = _written(text, font.pixelSize(), ratio, colour, tokens.surface)
                    at += corner_of
                    painter.drawImage(QPointF(round(at.x() * ratio) / ratio, round(at.y() * ratio) / ratio), made)
        painter.setTransform(transform)


def _mapped(transform: QTransform, points: np.ndarray) -> np.ndarray:
    """Points (n, 2) as a transform without perspective puts them."""
    x, y = points[:, 0], points[:, 1]
    return np.stack(
        [transform.m11() * x + transform.m21() * y + transform.dx(), transform.m12() * x + transform.m22() * y + transform.dy()], axis=1
    )
