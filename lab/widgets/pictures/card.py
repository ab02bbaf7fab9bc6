"""The frame of a picture: title, what it shows, figures, menu; a double click on the title asks for the whole place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lab.display.plots import Overlay, Source
from lab.widgets import theme
from lab.widgets.labels import shortened, tip
from lab.widgets.pictures.base import PictureView, figures_text


class Elided(QLabel):
    """Text that gives way: it is cut with an ellipsis and never widens the window."""

    def __init__(self, role: str, parent: QWidget | None = None, least: int = 0, whole: bool = False):
        super().__init__(parent)
        self.setProperty("role", role)
        self._full = ""
        self._whole = whole  # half of a piece of it would say nothing
        self._least = least  # pixels it insists on, if the text is that wide
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        """The whole text; cut to the width there is."""
        if text != self._full:
            self._full = text
            self.setToolTip(text)
            self.updateGeometry()
            self._cut()

    @property
    def whole_text(self) -> str:
        """The text, whatever of it there is room for."""
        return self._full

    def minimumSizeHint(self) -> QSize:
        """Nothing, or `least`: text must never widen the window."""
        return QSize(min(self._least, self.sizeHint().width()), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """As wide as the whole text."""
        return QSize(self.fontMetrics().horizontalAdvance(self._full) + 4, self.fontMetrics().height() + 4)

    def _cut(self) -> None:
        measure = self.fontMetrics()
        text = shortened(self._full, measure, self.width())
        self.setText("" if self._whole and not self._full.startswith(text) else text)

    def resizeEvent(self, event: Any) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()


class PictureCard(QFrame):
    """A picture with its title line.

    fill_wanted  emitted when the title is double-clicked: the shell gives the card the whole place, or takes it back
    """

    fill_wanted = Signal()

    def __init__(self, picture: PictureView, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("card")
        self.view = picture
        self._small = False  # the title is written smaller than usual
        self._usual_width = 0  # of the title
        self._shared: tuple[object, ...] = ()  # what room was given to last
        self.setAccessibleName(picture.picture.title)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        self.header = QWidget(self)
        row = QHBoxLayout(self.header)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        # In a narrow card the caption and the figures give way before the title does. Asked for at each layout, because the
        # title's font is known only once the style sheet has been applied.
        self.title = Elided("title", self.header, least=128)  # three cards beside each other in the smallest window
        self.title.set_text(picture.picture.title)
        self.caption = Elided("caption", self.header, whole=True)
        self.figures = Elided("figure", self.header, whole=True)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.button = QToolButton(self.header)
        self.button.setToolTip("Measure, copy, export, fit" if picture.measures else "Copy, export, fit")
        self.button.setAccessibleName(f"Menu of {picture.picture.title}")
        self.button.clicked.connect(self._open_menu)
        beside, right = picture.tools()
        self.tools = (*beside, *right)
        row.addWidget(self.title)
        for tool in beside:
            row.addWidget(tool)
        row.addWidget(self.caption)
        row.addStretch(1)
        row.addWidget(self.figures)
        for tool in right:
            row.addWidget(tool)
        row.addWidget(self.button)
        column.addWidget(self.header)
        column.addWidget(picture, 1)
        if picture.picture.doc:
            self.title.setToolTip(tip(picture.picture.doc))
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def refresh(self, source: Source, overlays: Sequence[Overlay] = ()) -> bool:
        """Feed the picture and the title line."""
        drew = self.view.refresh(source, overlays)
        if drew:
            self.title.set_text(self.view.picture.title)  # what a picture shows may depend on parameters
            self.caption.set_text(self.view.caption)
            self.set_figures(source.summary)
            words = tuple(each.whole_text for each in (self.title, self.caption, self.figures))
            about = (words, theme.current(), self.title.font(), self.size())
            if about != self._shared:
                self._shared = about
                self._share()
        return drew

    def lettering(self, on: QWidget) -> list[QRect]:
        """Where words stand in `on`: title, figures, controls, and what the axes say."""
        titles = [
            QRect(w.mapTo(on, QPoint(0, 0)), w.size()) for w in (self.title, self.caption, self.figures, *self.tools) if w.isVisible()
        ]
        return [*titles, *(rect.translated(self.view.mapTo(on, QPoint(0, 0))) for rect in self.view.lettering())]

    def set_figures(self, summary: Mapping[str, Any]) -> None:
        """Show the picture's figures from the run's summary, and the difference to theory where it is known."""
        self.figures.set_text(figures_text(self.view, summary))

    def resizeEvent(self, event: Any) -> None:
        """Below a width the controls of the title line go, those at the right end first; the title stays."""
        super().resizeEvent(event)
        if self.tools:
            room = self.width() - self.title.sizeHint().width() - self.button.sizeHint().width() - 60
            for tool in self.tools:
                wide = tool.sizeHint().width()
                room -= wide + 8
                tool.setVisible(room >= 0)
                tool.setFixedWidth(wide)  # the figures beside it give way, not its words
        self._share()

    def _share(self) -> None:
        """The title has what it needs, in smaller letters where it must; the figures have the rest, and the caption what they leave."""
        free = self.width() - self.button.sizeHint().width() - 40
        small = self.title.sizeHint().width() > free if not self._small else self._usual_width > free
        if small != self._small:
            self._usual_width = self.title.sizeHint().width()
            self._small = small
            self.title.setStyleSheet(f"font-size: {theme.current().caption}px;" if small else "")
        taken = sum(tool.sizeHint().width() + 8 for tool in self.tools if not tool.isHidden())
        room = max(0, free - taken - self.title.sizeHint().width() - 20)
        self.figures.setMaximumWidth(room)
        # What is cut away now counts, too: a caption in its place would keep it away, and take the title's room for it.
        self.caption.setMaximumWidth(max(0, room - min(room, self.figures.sizeHint().width() if self.figures.whole_text else 0) - 8))

    def set_theme(self) -> None:
        """Icons are pictures of their own: made anew."""
        self.button.setIcon(theme.icon("mdi6.dots-horizontal"))

    def _open_menu(self) -> None:
        self.view.menu().popup(self.button.mapToGlobal(QPoint(0, self.button.height())))

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """On the title line only; the picture has its own double click."""
        if event.position().y() <= self.header.geometry().bottom() + 4:
            self.fill_wanted.emit()
