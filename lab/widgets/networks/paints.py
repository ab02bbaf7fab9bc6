"""Colours, pens and fonts of the canvas, made once for each theme: making them at every paint costs more than drawing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPen

from lab.widgets import theme

GROUPS = (0, 5, 2, 3, 4)  # series colours of the groups of kinds, in their order; 1 is kept for inhibition


class Paints:
    """Everything that items need to paint themselves."""

    def __init__(self) -> None:
        look = theme.current()
        tokens = look.tokens
        self.stroke = look.stroke
        self.ground, self.surface, self.raised = QColor(tokens.background), QColor(tokens.surface), QColor(tokens.raised)
        self.line, self.grid, self.text, self.muted = QColor(tokens.line), QColor(tokens.grid), QColor(tokens.text), QColor(tokens.muted)
        self.accent, self.good, self.warn, self.bad = QColor(tokens.accent), QColor(tokens.good), QColor(tokens.warn), QColor(tokens.bad)
        self.on_accent = QColor(tokens.on_accent)
        self.series = [QColor(c) for c in tokens.series]
        self.title = theme.sans_font(look.title, QFont.Weight.DemiBold)
        self.small = theme.sans_font(look.caption)
        self.mono = theme.mono_font(look.caption)
        self.title_size, self.mono_size = QFontMetricsF(self.title), QFontMetricsF(self.mono)
        self._elided: dict[tuple[str, float, bool], str] = {}

    def elided(self, text: str, width: float, mono: bool = False) -> str:
        """A text cut to a width, remembered: measuring hundreds of titles at each frame costs more than drawing them."""
        key = text, width, mono
        if key not in self._elided:
            if len(self._elided) > 4000:
                self._elided.clear()
            self._elided[key] = (self.mono_size if mono else self.title_size).elidedText(text, Qt.TextElideMode.ElideRight, width)
        return self._elided[key]

    def group(self, number: int) -> QColor:
        """Colour of a group of kinds."""
        return self.series[GROUPS[number % len(GROUPS)]]

    def wire(self, colour: QColor, width: float, dashed: bool) -> QPen:
        """Pen of an edge."""
        pen = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.RoundCap)
        if dashed:
            pen.setDashPattern([5.0 / max(1.0, width / 2), 3.0 / max(1.0, width / 2)])
        return pen
