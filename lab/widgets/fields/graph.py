"""A network: it is edited on the canvas, to which a button leads."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QPushButton, QWidget

from lab.params import Spec
from lab.widgets import theme
from lab.widgets.fields.base import Field, edits


@edits("graph")
class GraphField(Field):
    """A network document: it is edited on the canvas, which the shell opens."""

    wide = True

    def __init__(self, spec: Spec, parent: QWidget | None = None):
        super().__init__(spec, parent)
        self.button = QPushButton("Open the canvas", self)
        self.button.clicked.connect(self.opened)
        self.row.addWidget(self.button, 1)

    @property
    def target(self) -> QWidget:
        return self.button

    def set_value(self, value: Any) -> None:
        """The canvas shows the value."""

    def set_theme(self) -> None:
        self.button.setIcon(theme.icon("mdi6.graph-outline"))
