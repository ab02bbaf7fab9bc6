"""Pictures for the gallery, a thumb's nail large."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

LARGER = 4  # times its size at which a picture is drawn first, so that marks and lines are as strong as they can be


def without(items: Iterable[Any], paint: Callable[[QPainter, QRectF], None], painter: QPainter, area: QRectF) -> None:
    """Paint a picture small without some items of it, such as names and numbers that could not be read."""
    large = QImage(round(LARGER * area.width()), round(LARGER * area.height()), QImage.Format.Format_ARGB32_Premultiplied)
    large.fill(Qt.GlobalColor.transparent)
    hidden = [item for item in items if item.isVisible()]
    for item in hidden:
        item.setVisible(False)
    on = QPainter(large)
    on.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        paint(on, QRectF(large.rect()))
    finally:
        on.end()
        for item in hidden:
            item.setVisible(True)
    painter.drawImage(area, large)
