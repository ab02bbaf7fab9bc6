"""What was done last, with the way back: undo, redo, and the sentence with the button that takes the last step back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from lab import catalog
from lab.widgets.banner import Banner
from lab.widgets.history import History


class Steps(QObject):
    """Undo never leaves the model in front by itself: a step that was made in another one is offered, with the way there (`go_to`)."""

    def __init__(self, history: History, toast: Banner, go_to: Callable[[str], object]):
        super().__init__(history)
        self._history, self._toast, self._go_to = history, toast, go_to
        self._did_at = -1  # the step that the toast tells of
        history.stack.indexChanged.connect(self._moved)

    def undo(self) -> None:
        """Take the last step back, or say in which model it was made."""
        self._step(redo=False)

    def redo(self) -> None:
        """Do the step that was taken back again."""
        self._step(redo=True)

    def did(self, words: str) -> None:
        """Say what was done, with the way back; nothing while it is undone or redone."""
        if self._history.back:
            return
        self._toast.say("good", words, [("Undo", self.undo)], key="act")
        self._did_at = self._history.stack.index()

    def _step(self, redo: bool) -> None:
        stack, where = self._history.stack, self._history.elsewhere(redo)
        if where:
            title = next((e.title for e in catalog.entries() if e.name == where), where)
            text = stack.redoText() if redo else stack.undoText()
            way = ("Go there and redo" if redo else "Go there and undo", partial(self._step_there, where, redo))
            self._toast.say("accent", f"'{text}' was done in {title}.", [way], key="elsewhere")
        elif redo:
            stack.redo()
        else:
            stack.undo()

    def _step_there(self, where: str, redo: bool) -> None:
        self._go_to(where)
        self._step(redo)

    def _moved(self, index: int) -> None:
        """What was done last is no longer the last step: the button would take back something else."""
        if index != self._did_at:
            self._toast.take_back("act")
