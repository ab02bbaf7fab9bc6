"""Where the keyboard is, and what Space and Enter mean there.

- Space plays and pauses, wherever the keyboard is, unless somebody is writing text; a number is no text: it is taken over first.
- Enter in a field takes its value over and hands the keyboard back to the stage, or to what had it there before; on a button it
  presses it, on a list of choices it opens it (Space plays).
- F6 goes from part to part of the window, on the stage to its main picture; Tab goes on from the stage to that picture, too.
- Keys of one letter belong to the stage: they do something only while the keyboard is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

from lab.widgets.numbers import NumberBox
from lab.widgets.pictures.base import PictureView

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Focus(QObject):
    """Listens to the one widget that has the keyboard, and knows which part of the stage had it last."""

    def __init__(self, window: QWidget, stage: QWidget, parts: Sequence[QWidget] = ()):
        super().__init__(window)
        self._window, self._stage = window, stage
        self._parts = tuple(parts) or (stage,)  # of the window, in the order in which F6 goes through them
        self._watched: QWidget | None = None
        self._entering: QObject | None = None  # the field in which Enter was pressed
        self._before: QWidget | None = None  # what had the keyboard on the stage
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._changed)
        self._listening = True

    def _changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None and isValid(self._watched):  # it may be gone: a window that closes takes its widgets first
            self._watched.removeEventFilter(self)
        self._watched = new if new is not None and new.window() is self._window else None
        if self._watched is not None:
            self._watched.installEventFilter(self)
            if self._stage.isAncestorOf(self._watched) and not writes(self._watched):
                self._before = self._watched

    def let_go(self) -> None:
        """The window is closed: nothing is listened to any more, so that nobody is told of a focus in a window that is being deleted."""
        if self._listening:
            self._listening = False
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            application.focusChanged.disconnect(self._changed)
            self._changed(None, None)

    def go_to_part(self, by: int) -> None:
        """Give the keyboard to the next part of the window that is shown, or with -1 to the one before."""
        drawers = self._stage.findChildren(QWidget, "drawer-words")  # those of the model in front
        parts = [p for part in self._parts for p in ((part, *drawers) if part is self._stage else (part,))]
        shown = [part for part in parts if part.isVisible() and first_of(part) is not None]
        within = [k for k, p in enumerate(shown) if self._watched is not None and (p is self._watched or p.isAncestorOf(self._watched))]
        here = within[-1] if within else None
        if self._watched is self._stage and self._stage in shown:
            here = shown.index(self._stage) - by  # the stage itself is only the ground of its pictures
        if not shown:
            return
        part = shown[(here + by) % len(shown) if here is not None else 0]
        goal = first_of(part)
        if goal is not None:
            goal.setFocus(Qt.FocusReason.TabFocusReason)

    def hand_back(self) -> None:
        """Give the keyboard to what had it on the stage, or to the stage."""
        before = self._before
        if before is not None and isValid(before) and before.isVisible() and before.window() is self._window:
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._stage.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Space and Enter of the widget that has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Space and not event.modifiers() and isinstance(watched, (NumberBox, QAbstractSpinBox)):
                if isinstance(watched, NumberBox):
                    watched.take_over()
                else:
                    watched.interpretText()
                event.ignore()
                return True
        elif (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and watched is self._stage
            and (goal := first_of(self._stage)) is not None
        ):
            goal.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in ENTER and not event.modifiers():
            if isinstance(watched, QAbstractButton):
                watched.click()
                return True
            if isinstance(watched, QComboBox) and not watched.isEditable():
                watched.showPopup()
                return True
            if isinstance(watched, (QLineEdit, QAbstractSpinBox)):
                self._entering = watched
                QTimer.singleShot(0, self, self._entered)  # after the field has taken its value over
        return False

    def _entered(self) -> None:
        field, self._entering = self._entering, None
        if isinstance(field, QWidget) and field is self._watched and not field.property("invalid"):
            self.hand_back()


def writes(widget: QWidget) -> bool:
    """Whether text is written in a widget."""
    return isinstance(widget, (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit))


def first_of(part: QWidget) -> QWidget | None:
    """What the keyboard comes to first in a part of the window: its largest picture or canvas, else what it has at the top."""
    usable = [w for w in part.findChildren(QWidget) if w.isVisible() and w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    usable = [w for w in usable if _in_sight(part, w)]
    if part.focusPolicy() & Qt.FocusPolicy.TabFocus and not usable:
        return part
    pictures = [w for w in usable if isinstance(w, (PictureView, QGraphicsView))]
    if pictures:
        return max(pictures, key=lambda w: w.width() * w.height())
    chosen = [w for w in usable if not (isinstance(w, QAbstractButton) and w.autoExclusive() and not w.isChecked())]
    return min(chosen, key=lambda w: (w.mapTo(part, QPoint()).y(), w.mapTo(part, QPoint()).x()), default=None)


def _in_sight(part: QWidget, widget: QWidget) -> bool:
    """Whether nothing lies over the middle of a widget, nor is it scrolled away."""
    over = part.childAt(widget.mapTo(part, widget.rect().center()))
    return over is not None and (over is widget or widget.isAncestorOf(over) or over.isAncestorOf(widget))
