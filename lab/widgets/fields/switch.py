"""Yes or no: a switch."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from lab.params import Spec
from lab.widgets import theme
from lab.widgets.fields.base import Field, edits


class Switch(QAbstractButton):
    """On or off; the knob's side and a tick in it tell the state, not colour alone."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        unit = theme.current().text + 7
        return QSize(round(unit * 1.9), unit)

    def paintEvent(self, event: Any) -> None:
        """A pill with a knob."""
        tokens = theme.current().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hint = self.sizeHint()
        area = QRectF(1, (self.height() - hint.height()) / 2 + 1, hint.width() - 2, hint.height() - 2)
        on = self.isChecked()
        painter.setPen(QPen(QColor(tokens.text if self.hasFocus() else tokens.accent if on else tokens.muted), 1.5))
        painter.setBrush(QColor(tokens.accent if on else tokens.raised))
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
        size = area.height() - 6
        knob = QRectF(area.right() - size - 3 if on else area.left() + 3, area.top() + 3, size, size)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.on_accent if on else tokens.muted))
        painter.drawEllipse(knob)
        if on:
            painter.setPen(QPen(QColor(tokens.accent), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            c = knob.center()
            corner = QPointF(c.x() - 1, c.y() + 2.5)
            painter.drawLine(QPointF(c.x() - 3, c.y()), corner)
            painter.drawLine(corner, QPointF(c.x() + 3, c.y() - 2.5))
        painter.end()


@edits("bool")
class BoolField(Field):
    """A switch."""

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.switch = Switch(self)
        self.row.addStretch(1)
        self.row.addWidget(self.switch)
        self.switch.clicked.connect(self._clicked)

    @property
    def target(self) -> QWidget:
        return self.switch

    def set_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))

    def _clicked(self, on: bool) -> None:
        self.committed.emit(bool(on))

    def set_theme(self) -> None:
        self.switch.updateGeometry()
