"""Small labels that never widen the window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lab.units import figure, number, split

TIP = 70  # letters of a tool tip in one line
NUMBER = re.compile(r"(.*?) ([−∞\d].*)")  # of a figure: its name, and its number with what belongs to it, such as 24.85 nats
BETWEEN = " · "  # what parts the figures of a line


def elided(text: str, measure: QFontMetrics, width: int) -> str:
    """A text, cut with an ellipsis where it is wider than `width`.

    Qt compares with fractions of a pixel that its own measure rounds away, and would cut a text that is exactly as wide as its place.
    """
    return text if measure.horizontalAdvance(text) <= width else measure.elidedText(text, Qt.TextElideMode.ElideRight, max(0, width))


def shortened(text: str, measure: QFontMetrics, width: int) -> str:
    """As many of the figures in a line as fit, of the last one fewer words rather than a cut number; other text is cut with an ellipsis."""
    parts = text.split(BETWEEN)
    figures = len(parts) > 1
    while len(parts) > 1 and measure.horizontalAdvance(BETWEEN.join(parts)) > width:
        parts.pop()
    if figures and measure.horizontalAdvance(parts[0]) > width:
        said, number = found.groups() if (found := NUMBER.match(parts[0])) else parts[0].rpartition(" ")[::2]
        name = said.split(" ") if said else []
        fewer = [f"{' '.join(name[:k]).rstrip(',')} {number}".strip() for k in range(len(name), -1, -1)]
        return next((text for text in fewer if measure.horizontalAdvance(text) <= width), "")
    return elided(BETWEEN.join(parts), measure, width)


def broken(text: str, measure: QFontMetrics, width: int, most: int = 2) -> list[str]:
    """A text in up to so many lines, parted between words; what has no room in the last of them is cut with an ellipsis."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most - 1 and measure.horizontalAdvance(rest) > width:
        words = rest.split(" ")
        count = next((k for k in range(len(words) - 1, 0, -1) if measure.horizontalAdvance(" ".join(words[:k])) <= width), 0)
        if not count:
            break
        lines.append(" ".join(words[:count]))
        rest = " ".join(words[count:])
    return [*lines, elided(rest, measure, width)]


class ElidedLabel(QLabel):
    """A line of text, or of figures, that is cut where there is no room; the whole is in the tool tip."""

    def __init__(self, text: str = "", parent: QWidget | None = None, role: str = ""):
        super().__init__(parent)
        if role:
            self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show another text."""
        if text == self.text():
            return
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        area = self.contentsRect()
        text = shortened(self.text(), self.fontMetrics(), area.width())
        painter.drawText(area, int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()


class TwoLines(ElidedLabel):
    """A name that is parted between its words where it does not fit into one line, and cut only where two are not enough."""

    def __init__(self, text: str = "", parent: QWidget | None = None, role: str = ""):
        super().__init__(text, parent, role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw one line or two, in the middle."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        area, measure = self.contentsRect(), self.fontMetrics()
        lines = broken(self.text(), measure, area.width())
        # Two lines stand in the height of a field, the second with its descenders.
        one = max(measure.ascent(), min(measure.height() - 1, area.height() - measure.height())) if len(lines) > 1 else measure.height()
        top = area.top() + (area.height() - one * (len(lines) - 1) - measure.height()) // 2
        for row, line in enumerate(lines):
            painter.drawText(area.left(), top + row * one + measure.ascent(), line)
        painter.end()


def figures(summary: Mapping[str, Any]) -> str:
    """The figures of a run in one line: '684 spikes · rate 68.3 Hz · CV 0'."""
    return BETWEEN.join(figure(key, value) for key, value in summary.items() if key != "data")  # a paragraph, which has a place of its own


def figure_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of a run, a name and a number with its unit each: ('loss', '0.31 nats')."""
    named = ((*split(key), value) for key, value in summary.items())
    return [(name, f"{number(value)} {unit}".strip()) for name, unit, value in named]


def tip(text: str) -> str:
    """Words for a tool tip: long ones are broken into lines, which Qt does only for rich text."""
    return f"<p>{escape(text)}</p>".replace("\n", "<br>") if len(text) > TIP else text


def sentence(words: str) -> str:
    """Words as a sentence: a capital and a full stop."""
    words = words.strip()
    return f"{words[0].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}" if words else ""


def size(octets: int) -> str:
    """Bytes as a person reads them."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
