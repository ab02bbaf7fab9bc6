"""Bookmarks of a map: kept views with what was shown, coloured and asked."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from lab.embedding import exploration as explore
from lab.embedding.exploration import Bookmark
from lab.widgets.embeddings.panel import Panel


class Places(QObject):
    """The bookmarks of an explorer.

    changed  (all bookmarks as text, what was done), so that the document can undo it
    went     a bookmark that a person wants to look at
    """

    changed = Signal(str, str)
    went = Signal(object)

    def __init__(self, panel: Panel, parent: QObject):
        super().__init__(parent)
        self._panel = panel
        self.marks: tuple[Bookmark, ...] = ()
        panel.went.connect(self.go)
        panel.renamed.connect(self.rename)
        panel.removed.connect(self.remove)

    def set_text(self, text: str) -> None:
        """Those that the document holds."""
        self.marks = explore.bookmarks_from_text(text)
        self._panel.set_bookmarks(self.marks)

    def keep(self, mark: Bookmark) -> None:
        """Keep a view under its name, or under that name with a number where it is taken."""
        taken, title = {m.name for m in self.marks}, mark.name
        name = title if title not in taken else next(f"{title} {k}" for k in range(2, 1000) if f"{title} {k}" not in taken)
        self._change((*self.marks, replace(mark, name=name)), f"Bookmark {name}")

    def go(self, number: int) -> None:
        """Look as a bookmark says."""
        if 0 <= number < len(self.marks):
            self.went.emit(self.marks[number])

    def rename(self, number: int, name: str) -> None:
        """Give a bookmark another name."""
        name = name.strip()
        if name and 0 <= number < len(self.marks) and name != self.marks[number].name:
            marks = tuple(replace(m, name=name) if k == number else m for k, m in enumerate(self.marks))
            self._change(marks, f"Rename the bookmark {self.marks[number].name}")

    def remove(self, number: int) -> None:
        """Forget a bookmark."""
        if 0 <= number < len(self.marks):
            self._change(tuple(m for k, m in enumerate(self.marks) if k != number), f"Remove the bookmark {self.marks[number].name}")

    def _change(self, marks: tuple[Bookmark, ...], done: str) -> None:
        self.marks = marks
        self._panel.set_bookmarks(marks)
        self.changed.emit(explore.bookmarks_to_text(marks), done)
