"""What a screen reader is told beside the names of the controls: numbers with their units, and what is read in a picture.

Nothing is made for nobody: words are put together only while a reader is active.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget


def listening() -> bool:
    """Whether a screen reader is active."""
    return QAccessible.isActive()


def describe(widget: QWidget, words: Callable[[], str]) -> None:
    """Say of a widget what it holds now, for a reader that comes to it."""
    if listening():
        widget.setAccessibleDescription(words())


def announce(widget: QWidget, words: str) -> None:
    """Speak at once: what a key has changed or come to in a widget that is no text."""
    if words and listening():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))
