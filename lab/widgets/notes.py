"""The notes of a session: Markdown, written or read."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QStackedWidget, QTextBrowser, QVBoxLayout, QWidget

from lab.widgets import theme


class Notes(QWidget):
    """An editor and the page it makes; `edited` carries the whole text."""

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        self.editor = QPlainTextEdit(self)
        self.editor.setPlaceholderText("What did you see, and why? Markdown: # title, **bold**, - list.")
        self.editor.setAccessibleName("Notes")
        self.editor.setTabChangesFocus(True)
        # The document has its own undo, which covers the notes: two histories would contradict each other.
        self.editor.setUndoRedoEnabled(False)
        self.page = QTextBrowser(self)
        self.page.setOpenExternalLinks(True)
        self.page.setAccessibleName("Notes as a page")
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.editor)
        self._stack.addWidget(self.page)
        self.switch = QPushButton("Show as a page", self)
        self.switch.setCheckable(True)
        self.switch.toggled.connect(self._switch)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.switch)
        column.addWidget(self._stack, 1)
        column.addLayout(row)
        self.editor.textChanged.connect(self._typed)
        theme.changes().changed.connect(self._draw)

    def set_text(self, text: str) -> None:
        """Show another text, after an undo or another session; says nothing."""
        if text == self.editor.toPlainText():
            return
        cursor = self.editor.textCursor().position()
        self.editor.blockSignals(True)
        self.editor.setPlainText(text)
        self.editor.blockSignals(False)
        moved = self.editor.textCursor()
        moved.setPosition(min(cursor, len(text)))
        self.editor.setTextCursor(moved)
        self._draw()

    def _typed(self) -> None:
        self.edited.emit(self.editor.toPlainText())

    def _switch(self, page: bool) -> None:
        self.switch.setText("Write" if page else "Show as a page")
        self._draw()
        self._stack.setCurrentWidget(self.page if page else self.editor)
        if not page:
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _draw(self) -> None:
        self.page.setMarkdown(self.editor.toPlainText() or "*No notes yet.*")
