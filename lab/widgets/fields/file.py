"""A path of the person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QToolButton, QWidget

from lab.params import Spec
from lab.widgets import theme
from lab.widgets.fields.base import edits
from lab.widgets.fields.text import TextField


@edits("file")
class FileField(TextField):
    """A path: typed, chosen in a dialog, or a file dropped here."""

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.line.setPlaceholderText("drop a file here, or choose one")
        self.line.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self.button = QToolButton(self)
        self.button.setToolTip("Choose a file")
        self.button.setAccessibleName(f"Choose a file for {spec.label}")
        self.button.clicked.connect(self._ask)
        self.row.addWidget(self.button)
        self.folder: QToolButton | None = None
        if "folder" in spec.doc.lower():
            self.folder = QToolButton(self)
            self.folder.setToolTip("Choose a folder")
            self.folder.setAccessibleName(f"Choose a folder for {spec.label}")
            self.folder.clicked.connect(self._ask_folder)
            self.row.addWidget(self.folder)

    def _ask_folder(self) -> None:
        self._ask(folder=True)

    def _ask(self, _checked: bool = False, *, folder: bool = False) -> None:
        dialog = QFileDialog(self, self.spec.label, str(Path(self._value).parent) if self._value else "")
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, path: str) -> None:
        self.line.setText(path)
        self._finish()

    def dragEnterEvent(self, event: Any) -> None:
        """Welcome one local file."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Take the file."""
        self._take(event.mimeData().urls()[0].toLocalFile())
        event.acceptProposedAction()

    def set_theme(self) -> None:
        self.button.setIcon(theme.icon("mdi6.file-outline" if self.folder else "mdi6.folder-open-outline"))
        if self.folder is not None:
            self.folder.setIcon(theme.icon("mdi6.folder-open-outline"))
