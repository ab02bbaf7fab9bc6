"""The top bar: the workspaces, the search field, and what concerns the whole session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from lab import catalog
from lab.widgets import theme
from lab.widgets.palette import Entry, Palette

ICONS = {
    "neurons": "mdi6.pulse",
    "networks": "mdi6.graph-outline",
    "learning": "mdi6.chart-line",
    "embeddings": "mdi6.scatter-plot-outline",
}


class Bar(QWidget):
    """The top bar."""

    panel_chosen = Signal(str)
    course_wanted = Signal()

    def __init__(self, entries: Callable[[str], Sequence[Entry]], actions: Sequence[tuple[QAction, str]], parent: QWidget):
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(4)
        self.name = QLabel("Neural Lab", self)
        self.name.setProperty("role", "title")
        row.addWidget(self.name)
        row.addSpacing(16)
        self.panels: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        with_models = {e.panel for e in catalog.entries()}
        for number, (panel, title) in enumerate((p, t) for p, t in catalog.PANELS.items() if p in with_models):
            button = QToolButton(self)
            button.setText(title)
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setToolTip(f"{title} (Ctrl+{number + 1})")
            button.setProperty("panel", panel)
            self._group.addButton(button)
            self.panels[panel] = button
            row.addWidget(button)
        self._group.buttonClicked.connect(self._chosen)
        row.addStretch(1)
        self.palette_field = Palette(entries, self)
        self.palette_field.setMinimumWidth(150)
        self.palette_field.setMaximumWidth(380)
        row.addWidget(self.palette_field, 6)
        row.addStretch(1)
        self.course = QToolButton(self)
        self.course.setObjectName("course")
        self.course.setToolTip("The course: all lessons (Ctrl+L)")
        self.course.setAccessibleName("Course")
        self.course.clicked.connect(self.course_wanted)
        self._course_words = ""
        row.addWidget(self.course)
        row.addSpacing(4)
        self.buttons: list[tuple[QToolButton, str]] = []
        for action, icon in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(action.text())
            self.buttons.append((button, icon))
            row.addWidget(button)
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def _chosen(self, button: QToolButton) -> None:
        self.panel_chosen.emit(button.property("panel"))

    def show_panel(self, panel: str) -> None:
        """Mark the workspace in front."""
        if panel in self.panels:
            self.panels[panel].setChecked(True)
        self._colour_panels()

    def show_course(self, words: str) -> None:
        """Where one is in the course."""
        self._course_words = words
        self._fit()

    def _colour_panels(self) -> None:
        for panel, button in self.panels.items():
            button.setIcon(theme.icon(ICONS[panel], "accent" if button.isChecked() else "muted"))

    def set_theme(self) -> None:
        """Sizes and icons of the look in force."""
        look = theme.current()
        self.setFixedHeight(58 if look.projector else 48)
        edge = look.title + 4
        for button, icon in self.buttons:
            button.defaultAction().setIcon(theme.icon(icon, "text"))
            button.setIconSize(QSize(edge, edge))
        tokens = look.tokens
        style = (
            "QToolButton { padding: 6px 12px; font-weight: 500; border: none; border-bottom: 2px solid transparent; border-radius: 6px; }"
            f"QToolButton:hover {{ background: {tokens.raised}; }}"
            f"QToolButton:checked {{ background: {tokens.raised}; color: {tokens.readable('accent')}; font-weight: 600; border-bottom: 2px solid {tokens.accent}; }}"
            f"QToolButton:focus {{ border: 1px solid {tokens.accent}; }}"
        )
        for button in self.panels.values():
            button.setStyleSheet(style)
            button.setIconSize(QSize(edge - 1, edge - 1))
        self.course.setIcon(theme.icon("mdi6.book-open-variant", "text"))
        self.course.setIconSize(QSize(edge - 1, edge - 1))
        self.course.setStyleSheet(f"QToolButton {{ padding: 5px 10px; border: 1px solid {tokens.line}; font-weight: 500; }}")
        self._colour_panels()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words give way before anything is cut."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Narrow: the words of the workspaces give way to their icons."""
        return QSize(560, super().minimumSizeHint().height())

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        icons = sum(button.sizeHint().width() + 4 for button, _ in self.buttons) + 44 + self.palette_field.minimumWidth() + 60
        words = sum(metrics.horizontalAdvance(b.text()) + b.iconSize().width() + 44 for b in self.panels.values())
        name = metrics.horizontalAdvance(self.name.text()) * 1.3 + 60
        self.name.setVisible(self.width() > icons + words + name + 80)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if self.width() > icons + words else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self.panels.values():
            button.setToolButtonStyle(style)
        long = f"Course  {self._course_words}".strip()
        room = self.width() - icons - words - (name if self.name.isVisibleTo(self) else 0)
        fits = [t for t in (long, "Course") if metrics.horizontalAdvance(t) + 60 < room]
        self.course.setText(fits[0] if fits else "")
        self.course.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon if fits else Qt.ToolButtonStyle.ToolButtonIconOnly)
