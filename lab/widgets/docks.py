"""The places of the stage: a card that can be moved, torn off or made to fill it, and the drawers at its lower edge."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDockWidget, QWidget

from lab.widgets import theme
from lab.widgets.drawers import Drawers
from lab.widgets.pictures import PictureCard

DRAWERS = "drawers"  # the place of what is not on the stage


class DrawerDock(QDockWidget):
    """The place of the drawers: it stays at the lower edge of the stage, as high as its words while none is open."""

    def __init__(self, drawers: Drawers, parent: QWidget):
        super().__init__(parent)
        self.drawers = drawers
        self.setObjectName(f"dock-{DRAWERS}")
        self.setWindowTitle("More")
        self.setAllowedAreas(Qt.DockWidgetArea.TopDockWidgetArea)
        self.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.setTitleBarWidget(QWidget(self))
        self.setWidget(drawers)
        theme.changes().changed.connect(self.update)

    def fit_height(self) -> None:
        """Fixed while closed; free while open."""
        closed = self.drawers.closed_height
        self.setMinimumHeight(closed if not self.drawers.opened else 120)
        self.setMaximumHeight(closed if not self.drawers.opened else 16_777_215)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground of a card."""
        paint_card(self)


class CardDock(QDockWidget):
    """A picture card as a dock; its header is the handle to move it by."""

    fill_wanted = Signal(str)
    dragged = Signal()

    def __init__(self, card: PictureCard, parent: QWidget):
        super().__init__(parent)
        name = card.view.picture.name
        self.card = card
        self.setObjectName(f"dock-{name}")
        self.setWindowTitle(card.view.picture.title)
        self.setAllowedAreas(
            Qt.DockWidgetArea.TopDockWidgetArea
            | Qt.DockWidgetArea.BottomDockWidgetArea
            | Qt.DockWidgetArea.LeftDockWidgetArea
            | Qt.DockWidgetArea.RightDockWidgetArea
        )
        # The card's header becomes the title bar, so that Qt moves the dock by it; the frame is drawn around both.
        card.setObjectName("card-body")
        layout = card.layout()
        assert layout is not None
        layout.setContentsMargins(10, 0, 8, 8)
        card.header.setContentsMargins(12, 8, 8, 2)
        card.header.setCursor(Qt.CursorShape.ArrowCursor)
        self.setTitleBarWidget(card.header)
        self.setWidget(card)
        theme.changes().changed.connect(self.update)

    def event(self, event: QEvent) -> bool:
        """A double click on the header fills the workspace instead of tearing the card off."""
        if event.type() in (QEvent.Type.MouseButtonDblClick, QEvent.Type.NonClientAreaMouseButtonDblClick):
            self.fill_wanted.emit(self.card.view.picture.name)
            return True
        if event.type() == QEvent.Type.MouseMove:
            self.dragged.emit()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The card: a ground with a border and round corners."""
        paint_card(self)


def paint_card(widget: QWidget) -> None:
    """The ground of a card."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.setBrush(theme.colour("surface"))
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    painter.end()
