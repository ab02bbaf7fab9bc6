"""The line above the map: where the points lie, what they are coloured by, and the tools."""

from __future__ import annotations

from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from lab.widgets import theme
from lab.widgets.embeddings.state import LAYOUTS

LAY_OUT = "by "
TOOLS = (
    ("move", "mdi6.cursor-move", "Drag moves the map (3-D: turns it; Shift moves); wheel zooms, double click fits", True),
    ("lasso", "mdi6.lasso", "Draw around points to select them (L)", True),
    ("path", "mdi6.vector-polyline", "Draw a path that is decoded place by place", True),
    ("isolate", "mdi6.filter-outline", "Show only the selected points (I)", False),
    ("clear", "mdi6.filter-off-outline", "Clear selection and question, show all points (X)", False),
    ("labels", "mdi6.label-outline", "Names beside the points; else the names of their classes (T)", True),
    ("pictures", "mdi6.image-multiple-outline", "Pictures as points (P)", True),
    ("edges", "mdi6.graph-outline", "Join points to their true neighbours (E)", True),
    ("points", "mdi6.table", "Table of the points: sort and filter what is known of each (A)", True),
    ("fit", "mdi6.fit-to-page-outline", "Show everything (Home)", False),
    ("panel", "mdi6.dock-right", "Questions and bookmarks", True),
)


class Toolbar(QWidget):
    """Two choosers and the tools, which go below the choosers in a narrow card.

    others   whether the vectors can be laid out by t-SNE or UMAP as a run of their own;  paths: whether a path can be decoded
    """

    def __init__(self, others: bool, paths: bool, parent: QWidget):
        super().__init__(parent)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 0, 0, 2)
        self._line.setSpacing(3)
        choosers, tools = QHBoxLayout(), QHBoxLayout()
        choosers.setSpacing(2)
        tools.setSpacing(2)
        self._line.addLayout(choosers, 1)
        self._line.addLayout(tools)
        self.layouts = _combo("Where the points lie", self)
        for name, title in LAYOUTS:
            self.layouts.addItem(title, name)
        if others:
            self.layouts.insertSeparator(len(LAYOUTS))
            for method in ("t-SNE", "UMAP"):
                self.layouts.addItem(f"Lay out by {method}…", f"{LAY_OUT}{method}")
        self.colours = _combo("Colour by", self)
        choosers.addWidget(self.layouts, 5)
        choosers.addWidget(self.colours, 4)
        self.buttons: dict[str, QToolButton] = {}
        for name, icon, tip, checkable in TOOLS:
            button = QToolButton(self)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setCheckable(checkable)
            button.setProperty("icon-name", icon)
            self.buttons[name] = button
            tools.addWidget(button)
        tools.addStretch(0)
        for name in ("move", "labels", "pictures", "panel"):
            self.buttons[name].setChecked(True)
        self.buttons["pictures"].hide()
        self.buttons["path"].setVisible(paths)

    def set_narrow(self, narrow: bool) -> None:
        """Tools below the choosers, or beside them."""
        self._line.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)

    def set_theme(self) -> None:
        """Icons are pictures of their own: made anew."""
        for button in self.buttons.values():
            button.setIcon(theme.icon(str(button.property("icon-name"))))
        for k in range(self.colours.count()):
            self.colours.setItemIcon(k, theme.icon("mdi6.palette-outline"))


def _combo(name: str, parent: QWidget) -> QComboBox:
    combo = QComboBox(parent)
    combo.setAccessibleName(name)
    combo.setToolTip(name)
    combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    combo.setMinimumWidth(84)
    combo.setMaximumWidth(220)
    return combo
