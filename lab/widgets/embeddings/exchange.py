"""Files of vectors in the window: save what is on the map, open a file as a map."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from lab.embedding.files import DESCRIBED, FORMATS

FILTERS = {kind: f"{words} (*.{ending})" for kind, (words, ending) in DESCRIBED.items()}


def format_of(filter_: str) -> str:
    """The format that a filter of the dialog stands for."""
    return next((name for name, text in FILTERS.items() if text == filter_), FORMATS[0])


def with_ending(path: str, kind: str) -> str:
    """The path with the ending of the format, where it has none."""
    return path if Path(path).suffix else f"{path}.{DESCRIBED[kind][1]}"


def save_dialog(parent: QWidget, name: str) -> QFileDialog:
    """Asks where to save vectors; the filter is the format."""
    dialog = QFileDialog(parent, "Save vectors", f"{name}.txt", ";;".join(FILTERS.values()))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    return dialog


def question_dialog(parent: QWidget) -> QFileDialog:
    """Asks for a file of questions."""
    dialog = QFileDialog(parent, "Ask a file", "", "Questions or judged pairs (*.txt *.csv *.tsv);;All files (*)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return dialog
