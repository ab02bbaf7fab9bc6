"""What is laid over the stage: a sentence, the card of a finished run. It keeps its place there, off what there is to read below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFrame, QWidget

from lab.widgets import theme

COARSE = 4  # px of the stage in one cell of what is drawn there
FAINT = 40  # of 255: what differs less from every ground counts as one
GROUNDS = ("background", "surface", "raised", "grid", "line")
LESSER = 0.3  # of what is drawn on the stage itself counts what is drawn in a drawer: it is looked up, not followed
FAR = 0.03  # cells of drawing that a place may cover more, for each cell that it is nearer to where it is looked for first


class Laid(QFrame):
    """A frame over its parent; `place` puts it where it belongs, now and whenever the parent changes its size."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        parent.installEventFilter(self)

    def place(self) -> None:
        """Into its place on the parent."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place on a stage that changes its size."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self.place()
        return False


def clearest(places: Iterable[QRect], words: Sequence[QRect]) -> QRect:
    """The place that covers the least of the words; of several, the first."""
    return min(places, key=lambda place: covered(place, words))


def covered(place: QRect, words: Sequence[QRect]) -> int:
    """Pixels of words under a place."""
    return sum(both.width() * both.height() for word in words if not (both := place.intersected(word)).isEmpty())


class Drawn:
    """Where something is drawn on a widget, cell by cell: lines, letters, points, and what is next to them; grounds and grids are nothing.

    What is drawn in the places named `lesser`, in the widget's own pixels, may rather be covered than the rest.
    """

    def __init__(self, widget: QWidget, lesser: Iterable[QRect] = ()):
        picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        wide, tall = max(1, widget.width() // COARSE), max(1, widget.height() // COARSE)
        picture = picture.scaled(2 * wide, 2 * tall)
        values = np.frombuffer(picture.constBits(), np.uint8).reshape(2 * tall, picture.bytesPerLine())[:, : 8 * wide]
        values = values.reshape(2 * tall, 2 * wide, 4)[..., 2::-1].astype(np.int16)
        ink = np.ones((2 * tall, 2 * wide), bool)
        for name in GROUNDS:
            ground = QColor(getattr(theme.current().tokens, name))
            ink &= np.abs(values - np.array([ground.red(), ground.green(), ground.blue()], np.int16)).max(2) > FAINT
        drawn = ink.reshape(tall, 2, wide, 2).any((1, 3))
        around = np.pad(drawn, 1)  # a word half covered is lost, and so is a curve of few pixels: its neighbours count as it does
        full = np.maximum.reduce([around[j : j + tall, k : k + wide] for j in range(3) for k in range(3)]).astype(float)
        for place in lesser:
            left, top, right, bottom = (max(0, edge // COARSE) for edge in (place.left(), place.top(), place.right(), place.bottom()))
            full[top:bottom, left:right] *= LESSER
        self.at = widget.geometry().topLeft()
        self.sums = np.pad(full.cumsum(0).cumsum(1), ((1, 0), (1, 0)))

    @staticmethod
    def across(size: QSize) -> tuple[int, int]:
        """Cells in the width and the height of a size."""
        return size.width() // COARSE + 1, size.height() // COARSE + 1

    def clearest(self, size: QSize, within: QRect) -> tuple[float, QRect]:
        """The place of a size inside a rectangle that covers least, the lower right one of equals; and how much it covers, in cells."""
        sums = self.sums
        wide, tall = Drawn.across(size)
        lefts = np.arange(within.left(), max(within.left(), within.right() + 1 - size.width()) + 1, COARSE)
        tops = np.arange(within.top(), max(within.top(), within.bottom() + 1 - size.height()) + 1, COARSE)
        x0 = np.clip((lefts - self.at.x()) // COARSE, 0, sums.shape[1] - 1)
        y0 = np.clip((tops - self.at.y()) // COARSE, 0, sums.shape[0] - 1)
        x1, y1 = np.minimum(x0 + wide, sums.shape[1] - 1), np.minimum(y0 + tall, sums.shape[0] - 1)
        covers = sums[np.ix_(y1, x1)] - sums[np.ix_(y0, x1)] - sums[np.ix_(y1, x0)] + sums[np.ix_(y0, x0)]
        away = np.add.outer(tops[-1] - tops, lefts[-1] - lefts) / COARSE
        j, k = np.unravel_index(int((covers + FAR * away).argmin()), covers.shape)
        return float(covers[j, k]), QRect(QPoint(int(lefts[k]), int(tops[j])), size)
