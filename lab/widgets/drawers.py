"""Drawers: everything that is not on the stage, in groups under a word; one of them is open at a time, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QTabBar, QToolButton, QVBoxLayout, QWidget

from lab.widgets import theme
from lab.widgets.pictures import PictureCard

LEAST = 232  # px that a card in a drawer needs; where there is less, the drawer scrolls
QWIDGETSIZE_MAX = (1 << 24) - 1  # Qt's own: no limit


def pages(needs: Sequence[int], room: int, gap: int) -> list[tuple[int, int]]:
    """First and last card of each page: as many as have room, so that none is seen in half."""
    found, first, taken = [], 0, 0
    for k, need in enumerate(needs):
        if k > first and taken + need > room:
            found.append((first, k))
            first, taken = k, 0
        taken += need + gap
    return [*found, (first, len(needs))]


class Words(QTabBar):
    """The words of the drawers; the open one is underlined, and a click on it closes it."""

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("drawer-words")
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("More pictures")
        self.tabBarClicked.connect(self.clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens and closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Words give way, they never widen the window."""
        return QSize(60, super().minimumSizeHint().height())

    def fit(self, room: int, rest: int) -> list[int]:
        """Show as many words as there is room for, the current one among them; those that are left, which need `rest` pixels for their button."""
        wide = [self.tabSizeHint(k).width() for k in range(self.count())]
        if sum(wide) <= room:
            left: list[int] = []
        else:
            shown, free = {self.currentIndex()}, room - rest - wide[self.currentIndex()]
            for k in range(self.count()):
                if k not in shown and wide[k] > free:
                    break
                if k not in shown:
                    shown.add(k)
                    free -= wide[k]
            left = [k for k in range(self.count()) if k not in shown]
        for k in range(self.count()):
            if self.isTabVisible(k) == (k in left):
                self.setTabVisible(k, k not in left)
        return left


class Drawers(QFrame):
    """The words, and below them the cards of the open drawer side by side.

    toggled  (word) a drawer was opened, or ("") the open one closed
    """

    toggled = Signal(str)

    def __init__(self, groups: Mapping[str, tuple[str, ...]], build: Callable[[str], PictureCard], parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("drawers")
        self.groups = dict(groups)
        self.opened = ""
        self.only = ""  # a card that fills the place
        self.cards: dict[str, PictureCard] = {}
        self._build = build
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 0, 8, 0)
        column.setSpacing(4)
        self.header = QWidget(self)
        row = QHBoxLayout(self.header)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words = Words(self.header)
        for word in self.groups:
            self.words.addTab(word)
        self.words.clicked.connect(self._clicked)
        self.arrow = QToolButton(self.header)
        self.arrow.clicked.connect(self._turn)
        self.more = QToolButton(self.header)
        self.more.setText("…")
        self.more.setToolTip("More drawers")
        self.more.setAccessibleName("More drawers")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        row.addWidget(self.words, 1)
        row.addWidget(self.more)
        row.addWidget(self.arrow)
        column.addWidget(self.header)
        self.body = QScrollArea(self)  # a drawer may hold more than there is room for
        self.body.setAccessibleName("Pictures of the open drawer")
        self.body.setWidgetResizable(True)
        self.body.setFrameShape(QFrame.Shape.NoFrame)
        self.body.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.setMinimumHeight(60)
        inside = QWidget(self.body)
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self.body.setWidget(inside)
        self.body.hide()
        column.addWidget(self.body, 1)
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    @property
    def closed_height(self) -> int:
        """Pixels that the words alone take."""
        return self.header.sizeHint().height() + 2

    def of(self, name: str) -> str:
        """The drawer that a picture lies in, or nothing."""
        return next((word for word, names in self.groups.items() if name in names), "")

    def card(self, name: str) -> PictureCard:
        """The card of a picture in a drawer, made when it is first asked for."""
        if name not in self.cards:
            self.cards[name] = self._build(name)
        return self.cards[name]

    def open(self, word: str) -> None:
        """Open a drawer, or with no word close the open one."""
        self.opened, self.only = word, ""
        self._lay()
        self.body.setVisible(bool(word))
        self.set_theme()

    def fill(self, name: str) -> None:
        """Show one card of the open drawer alone, or with no name all of them."""
        self.only = name
        self._lay()

    def _lay(self) -> None:
        names = [n for n in self.groups.get(self.opened, ()) if not self.only or n == self.only]
        for name in names:
            self.card(name)
        for name, card in self.cards.items():
            self._row.removeWidget(card)
            card.setVisible(name in names)
        for name in names:
            self._row.addWidget(self.cards[name], max(1, round(10 * self.cards[name].view.picture.weight)))
        self._share()

    def _share(self) -> None:
        """Cards beside each other as wide as they like; where they have no room, as many as have it fill the drawer, and the rest follow by scrolling."""
        shown = [self.cards[n] for n in self.groups.get(self.opened, ()) if n in self.cards and (not self.only or n == self.only)]
        gap, room = self._row.spacing(), self.width() - self._beside()
        needs = [min(max(LEAST, card.view.breadth), max(LEAST, room)) for card in shown]
        fitting = sum(needs) + gap * (len(needs) - 1) <= room
        for first, last in [(0, len(needs))] if fitting else pages(needs, room, gap):
            spare = max(0, room - sum(needs[first:last]) - gap * (last - first - 1)) // max(1, last - first)
            for card, need in zip(shown[first:last], needs[first:last], strict=True):
                card.setMinimumWidth(need if fitting else need + spare)
                card.setMaximumWidth(QWIDGETSIZE_MAX if fitting else need + spare)

    def _beside(self) -> int:
        margins = self.contentsMargins() if (layout := self.layout()) is None else layout.contentsMargins()
        return margins.left() + margins.right() + 2 * self.frameWidth()

    def _clicked(self, number: int) -> None:
        if number < 0:
            return
        word = list(self.groups)[number]
        self.toggled.emit("" if word == self.opened else word)

    def resizeEvent(self, event: Any) -> None:
        """Words that have no room wait behind a button: none is cut."""
        super().resizeEvent(event)
        self._fit_words()
        self._share()

    def _fit_words(self) -> None:
        margins = self.contentsMargins() if (layout := self.layout()) is None else layout.contentsMargins()
        room = self.width() - margins.left() - margins.right() - self.arrow.sizeHint().width() - 8
        left = self.words.fit(room, self.more.sizeHint().width() + 8)
        self.more.setVisible(bool(left))
        menu = self.more.menu()
        menu.clear()
        for k in left:
            menu.addAction(list(self.groups)[k]).triggered.connect(partial(self._clicked, k))

    def _turn(self) -> None:
        self.toggled.emit("" if self.opened else list(self.groups)[max(0, self.words.currentIndex())])

    def set_theme(self) -> None:
        """Icons, and which word is lit."""
        words = list(self.groups)
        if self.opened in words:
            self.words.setCurrentIndex(words.index(self.opened))
        self.words.setProperty("open", bool(self.opened))
        self.arrow.setIcon(theme.icon("mdi6.chevron-down" if self.opened else "mdi6.chevron-up"))
        self.arrow.setToolTip("Close the drawer" if self.opened else "Open the drawer")
        self.arrow.setAccessibleName(self.arrow.toolTip())
        look = theme.current()
        ink = look.tokens.text if self.opened else look.tokens.muted
        mark = look.tokens.accent if self.opened else "transparent"
        self.words.setStyleSheet(
            f"QTabBar::tab {{ background: transparent; border: none; padding: 7px 2px 6px 2px; margin-right: 18px; color: {look.tokens.muted}; "
            f"font-size: {look.text}px; }}"
            f"QTabBar::tab:selected {{ color: {ink}; border-bottom: 2px solid {mark}; }}"
            f"QTabBar::tab:hover {{ color: {look.tokens.text}; }}"
        )
        self._fit_words()
