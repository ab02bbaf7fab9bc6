"""The hairlines between the parts of the window."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lab.widgets import theme


class Hairline(QWidget):
    """One pixel in the colour of lines."""

    def __init__(self, parent: QWidget, vertical: bool = False):
        super().__init__(parent)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("line"))
        painter.end()
