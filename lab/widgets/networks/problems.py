"""What is wrong with the network on the canvas, as a list below it: Enter or a click goes there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from lab.graph.document import Problem
from lab.widgets import theme

MOST, TALL = 20, 92

Row = tuple[str, tuple[str, ...], bool]  # a sentence, what it is about, and whether nothing can run


def rows(found: Sequence[Problem], refused: str) -> list[Row]:
    """What is listed: why a model refuses the network comes first, unless something found says already that it cannot run."""
    listed: list[Row] = [(p.sentence, (*p.nodes, *p.edges), p.fatal) for p in found]
    if refused and not any(fatal for _, _, fatal in listed):
        listed.insert(0, (refused.partition(" (got '{")[0], (), True))
    return listed[:MOST]


class ProblemList(QListWidget):
    """Shown while there are any. wanted(ids): a person wants to see what one is about."""

    wanted = Signal(tuple)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setAccessibleName("Problems of the network: press Enter to go to one")
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMaximumHeight(TALL)
        self.itemActivated.connect(self._go)
        self.itemClicked.connect(self._go)
        self.hide()

    def show_rows(self, listed: Sequence[Row]) -> None:
        """List these."""
        self.clear()
        for sentence, ids, fatal in listed:
            icon = theme.icon("mdi6.alert-circle-outline" if fatal else "mdi6.information-outline", "bad" if fatal else "warn")
            item = QListWidgetItem(icon, f"{sentence}  Show" if ids else sentence)
            item.setData(Qt.ItemDataRole.UserRole, ids)
            item.setToolTip("Click to go there" if ids else sentence)
            self.addItem(item)
        self.setVisible(bool(listed))
        self.setFixedHeight(min(TALL, 12 + 30 * len(listed)))

    def _go(self, item: QListWidgetItem) -> None:
        ids = tuple(item.data(Qt.ItemDataRole.UserRole) or ())
        if ids:
            self.wanted.emit(ids)
