"""What is laid over the stage: a sentence, the card of a finished run. It keeps its place there; a sentence keeps off the words below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtWidgets import QFrame, QWidget


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
