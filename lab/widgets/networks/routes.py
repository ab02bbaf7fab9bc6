"""Ways of wires as Qt draws them (`lab.graph.ways` finds them), with their ends."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF


def path(way: np.ndarray) -> QPainterPath:
    """The path of a way."""
    pieces = way.tolist()
    drawn = QPainterPath(QPointF(*pieces[0][0]))
    for _, b, c, d in pieces:
        drawn.cubicTo(QPointF(*b), QPointF(*c), QPointF(*d))
    return drawn


def head(path: QPainterPath, size: float) -> QPolygonF:
    """An arrow head at the end of a path."""
    tip = path.pointAtPercent(1.0)
    back = path.pointAtPercent(path.percentAtLength(max(0.0, path.length() - size * 1.6)))
    x, y = tip.x() - back.x(), tip.y() - back.y()
    length = math.hypot(x, y) or 1.0
    x, y = x / length * size, y / length * size
    foot = tip - QPointF(x * 1.4, y * 1.4)
    return QPolygonF([tip, foot + QPointF(-y * 0.7, x * 0.7), foot + QPointF(y * 0.7, -x * 0.7)])


def bar(path: QPainterPath, size: float) -> tuple[QPointF, QPointF]:
    """The flat end of a wire that inhibits: the two ends of a stroke across it, just before the port."""
    at = path.percentAtLength(max(0.0, path.length() - 9.0))
    foot, tip = path.pointAtPercent(at), path.pointAtPercent(1.0)
    x, y = tip.x() - foot.x(), tip.y() - foot.y()
    length = math.hypot(x, y) or 1.0
    return foot + QPointF(-y, x) * (size / length), foot + QPointF(y, -x) * (size / length)
