"""What stands under the layers of a drawn network: their words, and buttons that let them grow, where the model says how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QToolButton, QWidget

from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.layered import Place, words_of

WAYS = {
    "without": ("×", "Take {} away"),
    "fewer": ("−", "One unit less in {}"),
    "more": ("+", "One unit more in {}"),
    "after": ("+", "A layer after {}"),
}


class LayerControls(QWidget):
    """Under each layer what it is, with a minus and a plus where the model lets it grow; between layers a plus for a new one.

    wanted(values)  parameters of the model that a person asks for
    """

    wanted = Signal(dict)

    def __init__(self, view: QWidget, places: Callable[[], list[Place]]):
        super().__init__(view)
        self._view, self._places = view, places
        self._layers: Sequence[Mapping[str, Any]] = []
        self._made: list[tuple[int, str, QToolButton]] = []
        self._key: tuple = ()
        theme.changes().changed.connect(self.set_theme)

    @property
    def room(self) -> float:
        """Pixels at the lower edge that are theirs."""
        return (3.9 if self._made else 2.0) * theme.current().caption

    def show_layers(self, layers: Sequence[Mapping[str, Any]]) -> None:
        """Other layers, or other numbers of units."""
        key = tuple((words_of(layer), *(tuple((layer.get(way) or {}).items()) for way in WAYS)) for layer in layers)
        self._layers = layers
        if key == self._key:
            return
        self._key = key
        for _, _, old in self._made:
            old.hide()
            old.deleteLater()
        self._made = []
        for k, layer in enumerate(layers):
            for way, (sign, words) in WAYS.items():
                if layer.get(way):
                    button = QToolButton(self)
                    button.setText(sign)
                    button.setToolTip(words.format(layer["name"]))
                    button.setAccessibleName(button.toolTip())
                    button.setProperty("layer", k)
                    button.setProperty("way", way)
                    button.clicked.connect(self._pressed)
                    button.show()
                    self._made.append((k, way, button))
        self.set_theme()

    def _pressed(self) -> None:
        button = self.sender()
        change = self._layers[button.property("layer")].get(button.property("way"))
        if change:
            self.wanted.emit(dict(change))

    def place(self) -> None:
        """Along the lower edge."""
        view = self._view
        self.setGeometry(0, round(view.height() - self.room), view.width(), round(self.room))
        if not self._layers:
            return
        places = self._places()
        step = min((b.x - a.x for a, b in pairwise(places)), default=999.0)
        edge = round(max(9.0, min(1.7 * theme.current().caption, step / 2 - 3)))
        close = step < 3.6 * edge  # no room for a plus between them
        top = self.height() - edge - 4
        tight = step < 4.6 * edge  # then a layer goes with its last unit
        for k, way, button in self._made:
            x = places[k].x - (edge / 2 if not tight else 0.0)
            between = (places[k].x + places[min(k + 1, len(places) - 1)].x) / 2
            left = {"fewer": x - edge - 1, "more": x + 1, "without": x + edge + 3, "after": between - edge / 2}[way]
            button.setGeometry(round(left), top, edge, edge)
            alone = way == "fewer" or not self._layers[k].get("fewer")
            button.setVisible((way != "without" or not tight or alone) and not (way == "after" and close))
            if way == "without" and tight:
                button.move(round(x - edge - 1), top)
        self.update()

    def set_theme(self) -> None:
        """Sizes and colours of the look in force."""
        tokens, size = theme.current().tokens, theme.current().caption
        for _, way, button in self._made:
            accent = way == "after"
            colour = tokens.readable("accent") if accent else tokens.text
            edge = tokens.accent if accent else tokens.line
            button.setStyleSheet(
                f"QToolButton {{ color: {colour}; border: 1px solid {edge}; border-radius: {round(0.95 * size) if accent else 5}px; padding: 0; font-size: {size}px; font-weight: 600; }}"
                f"QToolButton:hover, QToolButton:focus {{ border-color: {tokens.accent}; background: {tokens.raised}; }}"
            )
        self.place()

    def paintEvent(self, event: Any) -> None:
        """How many units each layer has."""
        if not self._layers:
            return
        painter = QPainter(self)
        painter.setFont(theme.sans_font(theme.current().caption))
        painter.setPen(theme.colour("muted"))
        measure = painter.fontMetrics()
        places = self._places()
        step = min((b.x - a.x for a, b in pairwise(places)), default=999.0)
        short = step < max(measure.horizontalAdvance(words_of(layer)) for layer in self._layers) + 8
        for place, layer in zip(places, self._layers, strict=True):
            words = number(int(layer["units"])) if short else words_of(layer)
            wide = measure.horizontalAdvance(words) + 6
            left = min(max(2.0, place.x - wide / 2), self.width() - wide - 2.0)
            painter.drawText(QRectF(left, 0, wide, 1.8 * theme.current().caption), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
