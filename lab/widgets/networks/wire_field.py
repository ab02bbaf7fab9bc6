"""The number on a wire: a hand drags it up and down, and it is typed in a field that opens where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from lab.graph.document import Graph
from lab.widgets.networks import edits
from lab.widgets.networks.view import NetworkView

LEAST = 72


class WireField(QLineEdit):
    """Return takes what was typed, Escape and a click elsewhere leave it as it was."""

    entered = Signal(str)

    def __init__(self, over: QWidget):
        super().__init__(over)
        self._over = over
        self.setAccessibleName("Number of the wire")
        self.hide()

    def open(self, area: QRect, text: str) -> None:
        """Stand over `area` of the view with a text to be replaced."""
        wide = max(LEAST, area.width(), self.fontMetrics().horizontalAdvance(text) + 30)
        high = max(area.height(), self.sizeHint().height())
        x = min(max(0, area.center().x() - wide // 2), max(0, self._over.width() - wide))
        y = min(max(0, area.center().y() - high // 2), max(0, self._over.height() - high))
        self.setGeometry(x, y, wide, high)
        self.setText(text)
        self.refuse(False)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def refuse(self, refused: bool) -> None:
        """Show that what was typed cannot be."""
        self.setProperty("invalid", refused)
        self.style().unpolish(self)
        self.style().polish(self)

    def close_up(self) -> None:
        """Away, and the keys to the canvas again."""
        had = self.hasFocus()
        self.hide()
        if had:
            self._over.setFocus()

    def keyPressEvent(self, event: Any) -> None:
        """Escape leaves the number as it was; no key goes on to the canvas, which would open the field again."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_up()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(self.text())
        else:
            super().keyPressEvent(event)
        event.accept()

    def focusOutEvent(self, event: Any) -> None:
        """A click elsewhere."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.hide()


class WireNumbers(QObject):
    """Turns what a hand or keys do to the number of a wire into edits: `do` does one, `graph` tells what there is."""

    def __init__(self, view: NetworkView, do: Callable[[Callable[[], edits.Edit | None]], bool], graph: Callable[[], Graph]):
        super().__init__(view)
        self.view, self.scene, self.do, self.graph = view, view.network, do, graph
        self.field = WireField(view)
        self._grip: edits.Grip | None = None  # the number that a hand holds, as it was when it was taken
        self._typing = ""  # the wire whose number is typed
        self.scene.pulled.connect(self._pulled)
        self.field.entered.connect(self._typed)

    def _pulled(self, wire: str, pixels: float, fine: bool, final: bool) -> None:
        if self._grip is None:
            self._grip = edits.grip(self.graph(), wire)
        held = self._grip
        if held is not None and isinstance(held.value, float):
            value = edits.pulled(held, pixels, fine)
            self.do(lambda: edits.set_grip(self.graph(), held, value, final))
        if final:
            self._grip = None

    def let_go(self) -> bool:
        """The number as it was when a hand took it; whether one held any."""
        held, self._grip = self._grip, None
        self.scene.stop_pull()
        if held is None:
            return False
        self.do(lambda: edits.set_grip(self.graph(), held, held.value))
        return True

    def step(self, pixels: float) -> bool:
        """The number of the selected wire by key, as if it were dragged so far; whether there is one."""
        chosen = self.scene.chosen()
        held = edits.grip(self.graph(), chosen[0]) if len(chosen) == 1 and chosen[0] in self.scene.edges else None
        if held is None or not isinstance(held.value, float):
            return False
        value = edits.pulled(held, pixels)
        self.do(lambda: edits.set_grip(self.graph(), held, value))
        return True

    def type_on(self, wire: str) -> bool:
        """Open the field on a wire; whether there is anything to type."""
        held = edits.grip(self.graph(), wire)
        if held is None:
            return False
        item = self.scene.edges[wire]
        area = item.words_at if not item.words_at.isNull() else QRectF(item.path.pointAtPercent(0.5), QSizeF(1, 1))
        self._typing = wire
        text = f"{held.value:g}" if isinstance(held.value, float) else str(held.value)
        self.field.open(self.view.mapFromScene(area).boundingRect(), text)
        return True

    def _typed(self, text: str) -> None:
        held = edits.grip(self.graph(), self._typing) if self._typing in self.scene.edges else None
        if held is not None and not self.do(lambda: edits.set_grip(self.graph(), held, edits.typed(held, text))):
            self.field.refuse(True)
        else:
            self.field.close_up()
