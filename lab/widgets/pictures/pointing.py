"""The cursor of a picture under the keys: arrows move it, Enter does what a click there does, Escape lets it go.

It stays where the keys put it until the mouse comes into the picture, and what is read there follows the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from lab.widgets import spoken

T = TypeVar("T")
PlotView = Any  # the pictures on two axes, which make one `Pointing` each
FAR = 10  # places that an arrow with Shift goes
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, -1), Qt.Key.Key_Up: (0, 1)}
ENDS = {Qt.Key.Key_Home: (-math.inf, 0), Qt.Key.Key_End: (math.inf, 0)}
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -math.inf, Qt.Key.Key_End: math.inf}
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Pointing:
    """Where the cursor of one picture stands, in drawn coordinates, and whether the keys hold it there."""

    def __init__(self, view: PlotView):
        self.view = view
        self.at: QPointF | None = None
        self.held = False

    def keyed(self, event: QKeyEvent) -> bool:
        """Move, act or do nothing; whether the key was meant for the cursor."""
        key, view = Qt.Key(event.key()), self.view
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier) or view.words:
            return False
        if key in ENTER:
            if self.at is None or not self.held:
                return False
            view.act_at(self.at)
            return True
        way = ARROWS.get(key) or ENDS.get(key)
        if way is None:
            return False
        far = FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        begun = self.at if self.at is not None or key not in ENDS else view.step_from(None, 0, 0)
        place = view.step_from(begun, way[0] * far, way[1] * far)
        if place is None:
            return False
        self.at, self.held = place, True
        view.hold_at(place)
        spoken.describe(view, view.told)
        spoken.announce(view, view.told())
        return True

    def newest(self) -> float | None:
        """Where the cursor would begin."""
        place = self.view.step_from(None, 0, 0)
        return None if place is None else float(place.x())

    def moved(self, place: QPointF | None) -> None:
        """The mouse took the cursor along, or left with it."""
        self.at, self.held = place, False

    def again(self) -> None:
        """What is read under a held cursor, after a drawing; its place may be out of sight by now."""
        if self.held and self.at is not None:
            if self.view.words or not self.view.field.viewRect().contains(self.at):
                self.let_go()
            else:
                self.view.hold_at(self.at)

    def let_go(self) -> bool:
        """Take a held cursor away; whether there was one."""
        held, self.held = self.held, False
        if held:
            self.at = None
            self.view.point_at(None)
            self.view.foresee(None)
        return held


def inside(view: PlotView, at: QPointF) -> QPointF:
    """The place nearest to `at` that is seen."""
    area = view.field.viewRect()
    x = min(max(at.x(), area.left()), area.right())
    y = min(max(at.y(), area.top()), area.bottom())
    return QPointF(x, y)


def on_screen(view: PlotView, at: QPointF) -> QPoint:
    """Where a drawn place is in the widget of the picture."""
    return view.canvas.viewport().mapTo(view, view.canvas.mapFromScene(view.field.mapViewToScene(at)))


def along(places: list[float], at: float, steps: float, pixel: float) -> float:
    """The place some steps further among those that can be read: from one to the next, or by pixels where they lie closer."""
    if math.isinf(steps):
        return places[0] if steps < 0 else places[-1]
    if len(places) > 1 and (places[-1] - places[0]) / (len(places) - 1) < pixel:
        target = min(max(at + steps * pixel, places[0]), places[-1])
        return min(places, key=lambda place: abs(place - target))
    here = min(range(len(places)), key=lambda k: abs(places[k] - at))
    if steps > 0 and places[here] > at + 1e-9 * abs(at):  # the next one is not passed over
        here -= 1
    elif steps < 0 and places[here] < at - 1e-9 * abs(at):
        here += 1
    return places[min(max(here + round(steps), 0), len(places) - 1)]


def next_point(view: PlotView, points: np.ndarray, at: QPointF | None, across: float, up: float) -> QPointF | None:
    """The nearest of many points in a direction on the screen, or the last one that way; with no place to go from, the one in the middle."""
    area = view.field.viewRect()
    known = np.asarray(points[:, :2], float) if len(points) else np.empty((0, 2))
    seen = known[np.isfinite(known).all(axis=1)]
    seen = seen[(seen[:, 0] >= area.left()) & (seen[:, 0] <= area.right()) & (seen[:, 1] >= area.top()) & (seen[:, 1] <= area.bottom())]
    if not len(seen):
        return None
    wide, tall = view.field.viewPixelSize()
    rising = -tall if view.field.yInverted() else tall
    here = at if at is not None else area.center()
    way = np.stack([(seen[:, 0] - here.x()) / wide, (seen[:, 1] - here.y()) / rising], axis=1)
    if at is None:
        k = int(np.argmin((way**2).sum(axis=1)))
    else:
        k = that_way(way, across, up)
        if k < 0:
            return QPointF(at)
    return QPointF(float(seen[k, 0]), float(seen[k, 1]))


def that_way(way: np.ndarray, across: float, up: float) -> int:
    """Number of the nearest point in a direction, or of the last one that is far; `way` is pixels right and up to each. -1: there is none."""
    forward, aside = (way[:, 0] * np.sign(across), way[:, 1]) if across else (way[:, 1] * np.sign(up), way[:, 0])
    if abs(across) > 1 or abs(up) > 1:  # far, or to the end
        reach = FAR * 10 if math.isfinite(across + up) else math.inf
        ahead = np.where((forward > 0.5) & (forward <= reach), -forward, math.inf)
    else:
        ahead = np.where(forward > 0.5, forward + 2.0 * np.abs(aside), math.inf)
    k = int(np.argmin(ahead)) if len(ahead) else 0
    return k if len(ahead) and np.isfinite(ahead[k]) else -1


def stepped(event: QKeyEvent, order: Sequence[T], here: T | None) -> T | None:
    """The one of many things in a row that a key goes to from the one that is pointed at; None: it is no key of the cursor, or there is nothing."""
    key = Qt.Key(event.key())
    steps = STEPS.get(key)
    plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    if steps is None or not order or not plain:
        return None
    if math.isinf(steps) or here is None:
        return order[-1 if key == Qt.Key.Key_End else 0]
    far = FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
    return order[min(max(order.index(here) + int(steps) * far, 0), len(order) - 1)]
