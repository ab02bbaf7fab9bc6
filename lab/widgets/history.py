"""The undo of every change of the document.

Document --replace--> Document          a change is: before, after, a name
             |
   QUndoStack of `Replace(before, after, text)`; undo and redo put the other value back,
   and whoever listens to `changed(before, after)` does what is different.

Going from model to model is no change and no step: undo never leaves the model in front by it. A step that was made in another
model waits until that one is in front again (`elsewhere`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from lab.widgets.document import Document

MERGE_SECONDS = 1.5  # pauses longer than this end a drag or a stretch of typing
UNDO_LIMIT = 500


class Replace(QUndoCommand):
    """Replace one document by another; neighbours with the same key that follow each other quickly become one."""

    def __init__(self, owner: History, before: Document, after: Document, text: str, key: str, held: bool = False):
        super().__init__(text)
        self._owner = owner
        self.before = before
        self.after = after
        self.key = key
        self.at = time.monotonic()
        self.held = held  # a hand has not let go yet: however long it rests, what follows is the same step
        self._done = False

    @property
    def moves(self) -> bool:
        """Whether the step itself brought another model to the front."""
        return self.before.model != self.after.model

    @property
    def own(self) -> bool:
        """Whether the step is about the model that was in front, and not about notes or runs."""
        return self.moves or self.before.experiment(self.after.model) != self.after.experiment() or self.before.drafts != self.after.drafts

    def redo(self) -> None:
        """Put the new value in place."""
        again, self._done = self._done, True
        self._owner._put(self.after, self.moves, back=again)

    def undo(self) -> None:
        """Put the old value back."""
        self._owner._put(self.before, self.moves, back=True)

    def id(self) -> int:
        """Commands of one key may merge."""
        return hash(self.key) & 0x7FFFFFFF if self.key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a later command of the same key in."""
        if not isinstance(other, Replace) or other.key != self.key or not (self.held or other.at - self.at <= MERGE_SECONDS):
            return False
        self.after = other.after
        self.at, self.held = other.at, other.held
        self.setText(other.text())
        if self.after == self.before:
            self.setObsolete(True)
        return True


class Deed(QUndoCommand):
    """Something that was done to a run, and is taken back or done again by a call."""

    def __init__(self, text: str, back: Callable[[], object], again: Callable[[], object]):
        super().__init__(text)
        self._back, self._again = back, again
        self._done = False

    def redo(self) -> None:
        """Do it again; the first time it has been done already."""
        if self._done:
            self._again()
        self._done = True

    def undo(self) -> None:
        """Take it back."""
        self._back()


class History(QObject):
    """The present document and the way back.

    changed(before, after) is emitted after every replacement, by a command, an undo or a redo alike.
    """

    changed = Signal(object, object)

    def __init__(self, document: Document, parent: QObject | None = None):
        super().__init__(parent)
        self.document = document
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(UNDO_LIMIT)
        self.back = False  # while `changed` is emitted: whether a step is undone or redone

    def replace(self, after: Document, text: str, key: str = "", held: bool = False) -> None:
        """Make `after` the document, as a step called `text`; steps with the same `key` in quick succession, or while it is `held`, are one."""
        if after == self.document:
            return
        self.stack.push(Replace(self, self.document, after, text, key, held))

    def did(self, text: str, back: Callable[[], object], again: Callable[[], object]) -> None:
        """A step that has happened in a run and not in the document."""
        self.stack.push(Deed(text, back, again))

    def go(self, document: Document) -> None:
        """Another model in front: no step."""
        self._put(document, True)

    def elsewhere(self, redo: bool = False) -> str:
        """The model in which the next step to undo (or redo) was made, if it is not in front."""
        command = (
            self.stack.command(self.stack.index() - (0 if redo else 1))
            if (self.stack.canRedo() if redo else self.stack.canUndo())
            else None
        )
        if not isinstance(command, Replace) or not command.own:
            return ""
        where = command.before.model if redo else command.after.model
        return where if where != self.document.model else ""

    def seal(self) -> None:
        """The next change does not merge with the last one (a drag has ended)."""
        index = self.stack.index()
        command = self.stack.command(index - 1) if index else None
        if isinstance(command, Replace):
            command.at, command.held = -MERGE_SECONDS, False

    def began_with(self, key: str) -> Document | None:
        """The document before the stretch of `key` that a change now would join; None if it would be a new step."""
        index = self.stack.index()
        command = self.stack.command(index - 1) if index and not self.stack.canRedo() else None
        if isinstance(command, Replace) and command.key == key and (command.held or time.monotonic() - command.at <= MERGE_SECONDS):
            return command.before
        return None

    def load(self, document: Document) -> None:
        """Start anew with a document that was opened: nothing to undo, nobody told."""
        self.stack.clear()
        self.document = document

    def _put(self, document: Document, moves: bool, back: bool = False) -> None:
        if not moves:
            document = document.replace(model=self.document.model, chosen=self.document.chosen)
        before, self.document = self.document, document
        if before != document:
            self.back = back
            try:
                self.changed.emit(before, document)
            finally:
                self.back = False
