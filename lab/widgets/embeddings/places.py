"""Bookmarks of a map: kept views with what was shown, coloured and asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from lab.embedding import exploration as explore
from lab.embedding.exploration import Bookmark
from lab.widgets.embeddings.toolbar import AXES, LAYOUTS

if TYPE_CHECKING:
    from lab.widgets.embeddings.explorer import ExplorerView


class Places(QObject):
    """The bookmarks of an explorer; each change is told by its signal `bookmarked`, so that the document can undo it."""

    def __init__(self, view: ExplorerView):
        super().__init__(view)
        self._view = view
        self.marks: tuple[Bookmark, ...] = ()
        panel = view.panel
        panel.went.connect(self.go)
        panel.kept.connect(self.keep)
        panel.renamed.connect(self.rename)
        panel.removed.connect(self.remove)

    def set_text(self, text: str) -> None:
        """Those that the document holds."""
        self.marks = explore.bookmarks_from_text(text)
        self._view.panel.set_bookmarks(self.marks)

    def keep(self) -> None:
        """Keep the present view, named after what is asked."""
        look, view = self._view, self._view.canvas.view
        taken = {m.name for m in self.marks}
        title = look.answer.title if look.answer is not None else dict(LAYOUTS)[look.layout_kind]
        name = title if title not in taken else next(f"{title} {k}" for k in range(2, 1000) if f"{title} {k}" not in taken)
        only = tuple(np.flatnonzero(look.visible).tolist()) if look.visible is not None else ()
        axes = look.axes.text() if look.layout_kind == AXES else ""
        mark = Bookmark(name, look.layout_kind, colour=look.colour, axes=axes, asked=look.asked, only=only)
        if look.canvas.zoomed:
            mark = replace(
                mark, centre=tuple(float(v) for v in view.centre), scale=float(view.scale), yaw=float(view.yaw), pitch=float(view.pitch)
            )
        self._changed((*self.marks, mark), f"Bookmark {name}")

    def go(self, number: int) -> None:
        """Look as a bookmark says."""
        if 0 <= number < len(self.marks):
            self._view.look_at(self.marks[number])

    def rename(self, number: int, name: str) -> None:
        """Give a bookmark another name."""
        name = name.strip()
        if name and 0 <= number < len(self.marks) and name != self.marks[number].name:
            marks = tuple(replace(m, name=name) if k == number else m for k, m in enumerate(self.marks))
            self._changed(marks, f"Rename the bookmark {self.marks[number].name}")

    def remove(self, number: int) -> None:
        """Forget a bookmark."""
        if 0 <= number < len(self.marks):
            self._changed(tuple(m for k, m in enumerate(self.marks) if k != number), f"Remove the bookmark {self.marks[number].name}")

    def _changed(self, marks: tuple[Bookmark, ...], done: str) -> None:
        self.marks = marks
        self._view.panel.set_bookmarks(marks)
        self._view.bookmarked.emit(explore.bookmarks_to_text(marks), done)
