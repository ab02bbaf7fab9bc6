"""How a wire runs from an output to an input: a curve forward, and around the nodes where it leads back."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

BEND = 26.0
LANE = 16.0


def route(start: QPointF, end: QPointF, one: QRectF, other: QRectF, lane: int = 0, own: bool = False) -> QPainterPath:
    """Path from an output at `start` of the node `one` to an input at `end` of the node `other`.

    lane   number of this wire among those between the same nodes; each runs a little aside.
    own    the wire leads back to the node it begins at: it runs above it.
    """
    path = QPainterPath(start)
    if own:
        top = one.top() - 30 - LANE * lane
        _around(path, start, end, top)
        return path
    if end.x() - start.x() > 12:
        pull = max(40.0, (end.x() - start.x()) * 0.5)
        bow = LANE * lane
        path.cubicTo(start + QPointF(pull, bow), end + QPointF(-pull, bow), end)
        return path
    if abs(end.y() - start.y()) > one.height() / 2 + other.height() / 2 + 20:
        # Room between the two: pass there.
        middle = (one.bottom() + other.top()) / 2 if other.top() > one.bottom() else (one.top() + other.bottom()) / 2
        _around(path, start, end, middle + LANE * lane)
        return path
    low = max(one.bottom(), other.bottom()) + 28 + LANE * lane
    _around(path, start, end, low)
    return path


def _around(path: QPainterPath, start: QPointF, end: QPointF, level: float) -> None:
    """Out to the right, along `level`, and in from the left, with round corners."""
    right, left = start.x() + BEND, end.x() - BEND
    path.cubicTo(QPointF(right + 6, start.y()), QPointF(right + 6, level), QPointF(start.x() - 2, level))
    path.lineTo(QPointF(end.x() + 2, level))
    path.cubicTo(QPointF(left - 6, level), QPointF(left - 6, end.y()), end)


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
