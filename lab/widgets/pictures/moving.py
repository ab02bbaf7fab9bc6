"""A line across a plot that moves without leaving anything behind."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg


class MovingLine(pg.InfiniteLine):
    """An infinite line whose old place is repainted whatever else is painted first.

    Qt forgets where an item was painted last as soon as any part of the view is painted with the item at its new place, which happens when
    a label over the view moves along: the old line, which lies elsewhere, would stay on the screen.
    """

    def setPos(self, pos: Any) -> None:
        """Move, and have the place from before painted again."""
        scene = self.scene()
        if scene is not None and self.isVisible():
            area = self.mapRectToScene(self.boundingRect() | self.childrenBoundingRect())
            for view in scene.views():
                view.viewport().update(view.mapFromScene(area).boundingRect().adjusted(-3, -3, 3, 3))
        super().setPos(pos)
