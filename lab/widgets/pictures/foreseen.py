"""A small picture beside the cursor: what would be shown if one clicked there."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

from lab.engine.status import Answer
from lab.model import Model, Picture
from lab.widgets import theme
from lab.widgets.pictures.colours import levels_of, paint

SIDE, LEAST, SHARE = 7.0, 4.0, 0.2  # of its longer side: heights of the text at most and at least, and of the picture that it lies on
AWAY = 14  # px from the cursor


class Foreseen(QLabel):
    """Follows the cursor over a picture, with the last answer to what was asked there."""

    def __init__(self, owner: QWidget):
        super().__init__(owner)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What this place means")
        self.values: np.ndarray | None = None  # what is shown
        self._at: QPoint | None = None  # the cursor, while it is in the picture
        self.hide()

    def follow(self, at: QPoint) -> None:
        """The cursor is here; what was answered last goes with it until the next answer."""
        self._at = at
        self._stand()

    def leave(self) -> None:
        """The cursor is elsewhere: what is answered now is not shown."""
        self._at = None
        self.hide()

    def show_answer(self, answer: Answer, model: Model) -> None:
        """An image, coloured as the model's own picture of that stream; nothing where there is none."""
        values = None if answer.shown is None else np.asarray(answer.shown, float)
        if self._at is None or values is None or values.ndim != 2 or not values.size:
            self.hide()
            return
        self.values = values
        image = _coloured(values, next((p for p in model.pictures if p.layers[0].stream == answer.question.stream), None))
        room, text = self.parentWidget(), theme.current().text
        share = SHARE * min(room.width(), room.height()) if room is not None else 0.0
        ratio = max(LEAST * text, min(SIDE * text, share)) / max(image.width(), image.height())
        size = QSize(max(1, round(image.width() * ratio)), max(1, round(image.height() * ratio)))
        self.setPixmap(QPixmap.fromImage(image.scaled(size)))
        tokens = theme.current().tokens
        self.setStyleSheet(f"background: {tokens.raised}; border: 1px solid {tokens.line}; border-radius: 6px; padding: 4px;")
        self.adjustSize()
        self._stand()
        self.show()
        self.raise_()

    def _stand(self) -> None:
        """Under the cursor and to its right, or where there is room; above it stands what is read there."""
        room, at = self.parentWidget(), self._at
        if at is None or room is None:
            return
        x = at.x() + AWAY if at.x() + AWAY + self.width() < room.width() else at.x() - AWAY - self.width()
        y = at.y() + AWAY if at.y() + AWAY + self.height() < room.height() else at.y() - 3 * AWAY - self.height()
        self.move(max(0, x), max(0, y))


def _coloured(values: np.ndarray, picture: Picture | None) -> QImage:
    colours, levels = (picture.colours, picture.levels) if picture is not None else ("sequential", None)
    pixels = np.ascontiguousarray(paint(values, *levels_of(values, colours, levels), colours))
    return QImage(pixels.data, values.shape[1], values.shape[0], 4 * values.shape[1], QImage.Format.Format_RGBA8888).copy()
