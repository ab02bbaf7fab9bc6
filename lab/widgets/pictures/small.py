"""Pictures for the gallery, a thumb's nail large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from lab.widgets.pictures.texts import Texts

if TYPE_CHECKING:
    from lab.widgets.pictures.plot import PlotView

LARGER = 4  # times its size at which a picture is drawn first, so that marks and lines are as strong as they can be


def between_axes(view: PlotView, painter: QPainter, area: QRectF) -> None:
    """What a picture shows between its axes, without the names and numbers, which could not be read."""
    large = QImage(round(LARGER * area.width()), round(LARGER * area.height()), QImage.Format.Format_ARGB32_Premultiplied)
    large.fill(Qt.GlobalColor.transparent)
    texts: list[Any] = [item for item in view.canvas.scene().items() if isinstance(item, Texts)]
    unread = [item for item in [view.across, view.up, *texts] if item.isVisible()]
    for item in unread:
        item.setVisible(False)
    view.seen = view.field.sceneBoundingRect()
    on = QPainter(large)
    on.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        view.paint_on(on, QRectF(large.rect()))
    finally:
        on.end()
        view.seen = None
        for item in unread:
            item.setVisible(True)
    painter.drawImage(area, large)
