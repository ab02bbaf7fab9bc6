"""A map of points on any paint device: dots from the rasteriser, labels that do not collide, a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from lab.embedding.raster import View, fit_view, place_labels, project, rasterise
from lab.embedding.vectors import Vectors
from lab.widgets import theme

MOST_LABELS = 120
ROOM = 4000  # so many points are tried for labels
LEGEND = 12


def series(count: int) -> np.ndarray:
    """Colours (count, 3) uint8 of classes; they come again after the last."""
    tokens = theme.current().tokens.series
    table = [QColor(tokens[k % len(tokens)]) for k in range(max(1, count))]
    return np.array([(c.red(), c.green(), c.blue()) for c in table], np.uint8)


def ramp(values: np.ndarray) -> np.ndarray:
    """Colours (n, 3) uint8 of numbers from least (blue) to greatest (yellow)."""
    from lab.widgets.pictures.colours import lookup

    values = np.nan_to_num(np.asarray(values, float))
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    place = (values - low) * (255 / (high - low)) if high > low else np.zeros(len(values))
    return np.ascontiguousarray(lookup("sequential")[place.astype(int), :3])


def dot_size(count: int) -> float:
    """Diameter of a dot in pixels of the screen for so many points."""
    return 8.0 if count < 400 else 6.0 if count < 2000 else 4.0 if count < 20_000 else 2.0


def paint_points(
    painter: QPainter, points: np.ndarray, view: View, colours: np.ndarray, size: float, visible: np.ndarray | None, faded: np.ndarray | None, dense: float
) -> None:
    """Dots into the place (0, 0, view.width, view.height); `faded` points are drawn first in a pale grey; `dense` pixels a unit."""
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
    ground = QColor(theme.current().tokens.surface)
    image = rasterise(points, sharp, colours, size=size * dense, background=(ground.red(), ground.green(), ground.blue(), 255), visible=visible)
    drawn = QImage(image.data, sharp.width, sharp.height, 4 * sharp.width, QImage.Format.Format_RGBA8888)
    painter.drawImage(QRectF(0, 0, view.width, view.height), drawn)


def paint_labels(
    painter: QPainter, points: np.ndarray, names: Sequence[str], order: np.ndarray, view: View, *, always: Sequence[int] = (), gap: float = 7.0
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
    widths = np.array([measure.horizontalAdvance(names[k]) + 4 for k in rows])
    kept, corners = place_labels(pixels, widths, measure.height(), view, gap=gap, most=MOST_LABELS)
    halo = QPen(theme.colour("surface", 0.85), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    ink = theme.colour("text")
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for k, (left, top) in zip(kept.tolist(), corners.tolist(), strict=True):
        path = QPainterPath()
        path.addText(QPointF(left + 2, top + measure.ascent()), font, names[rows[k]])
        painter.strokePath(path, halo)
        painter.fillPath(path, ink)
    return [int(rows[k]) for k in kept]


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


def classes_of(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The number of the class of each text, and the classes in order."""
    known = sorted(set(texts))
    number = {text: k for k, text in enumerate(known)}
    return np.array([number[t] for t in texts], np.int64), known


def draw_map(vectors: Vectors, points: np.ndarray, path: Path, *, labels: bool, title: str, size: tuple[int, int] = (1200, 900)) -> Path:
    """Write a map of named vectors as .png, .svg or .pdf without a screen, coloured by their first metadata."""
    from lab.widgets.offscreen import application
    from lab.widgets.pictures.export import draw_file

    app = application()
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
