"""The middle: the stage of a model, its cards as docks that can be moved, resized, hidden, torn off or made to fill the place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QChildEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabBar, QTabWidget, QToolButton, QWidget

from lab.display import stage
from lab.display.plots import Overlay, Source
from lab.engine.status import Answer
from lab.model import Model, Strips
from lab.widgets.arrangement import Arrangement, Node, Place, Rect, Split, names_of, read, seen
from lab.widgets.docks import DRAWERS, CardDock, DrawerDock
from lab.widgets.drawers import Drawers
from lab.widgets.pictures import PictureCard, PictureView, make
from lab.widgets.pictures.strips import StripsView, view_of_card

ANALYSIS = "analysis"  # the card that models with spikes have besides their pictures
GAP = 12


class Workspace(QMainWindow):
    """The stage of one model: its pictures as cards, and drawers for what is not on it.

    acted, asked, handle_moved, values_wanted  as of `PictureView`
    bookmarked, mapped                  as of the explorer of vectors
    done, lecture_wanted                as of `PictureView`
    layout_changed                      a card was moved, resized, hidden or shown
    """

    acted = Signal(str, dict)
    asked = Signal(object)
    handle_moved = Signal(str, object, bool)
    values_wanted = Signal(dict, bool)
    bookmarked = Signal(str, str)
    mapped = Signal(str, str)
    watched = Signal(frozenset)
    done = Signal(str, dict, dict, str)
    lecture_wanted = Signal(str)
    layout_changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent, Qt.WindowType.Widget)
        self.setObjectName("workspace")
        self.setContentsMargins(GAP, GAP, GAP, GAP)
        self.setDockNestingEnabled(True)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, _north())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.docks: dict[str, CardDock] = {}
        self.drawers: DrawerDock | None = None
        self._places: dict[str, QDockWidget] = {}  # the cards, and the drawers
        self._bookmarks = ""
        self._wanted: frozenset[str] = frozenset()
        self._before_fill: Arrangement | None = None
        self._pending: Arrangement | None = None  # taken over before the window had a size
        self.filled = ""
        self.model: Model | None = None
        self._turn = self._last = 0
        self._arranged_for: tuple[str, ...] = ()
        self._cursor: int | None = None
        self._chosen = False  # the person opened or closed a drawer
        self._own = False  # the person moved something: the arrangement is kept
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._arrange_unless_own)

    # -- cards --

    def show_model(self, model: Model, kept: object = None) -> None:
        """Put a model on the stage; `kept` is an arrangement as `state` gave it, or as a file says it."""
        same = type(self.model) is type(model)  # other parameters may mean other pictures
        before = {view.picture.name: view for view in self.views()} if same else {}
        opened = self.drawers.drawers.opened if same and self._chosen and self.drawers is not None else None
        self._chosen = self._chosen and same
        own = self._own
        self.clear()
        self.model = model
        shown = stage.arrange(model, *self._inside())
        for card in _cards_of(shown):
            view = self.connected(view_of_card(card, model))
            if type(before.get(card.name)) is type(view):
                view.go_on_from(before[card.name])
            self._add(PictureCard(view, self))
        groups = _groups(model, shown)
        if groups:
            self.drawers = DrawerDock(Drawers(groups, self._build), self)
            self.drawers.drawers.toggled.connect(self._toggled)
            self._places[DRAWERS] = self.drawers
        if self.drawers is not None:
            wanted = shown.opened if opened is None else opened
            self.drawers.drawers.open(wanted if wanted in groups else "")
        self._own = False
        if not self.restore(kept) or (same and not own and not kept):
            self.arrange()
            if not self.isVisible():
                self._soon.start()  # sizes are known only once the window is shown

    def connected(self, view: PictureView) -> PictureView:
        """A picture whose wishes are those of the workspace."""
        view.acted.connect(self.acted)
        view.asked.connect(self.asked)
        view.handle_moved.connect(self.handle_moved)
        view.values_wanted.connect(self.values_wanted)
        view.pointed_at.connect(self._point)
        view.bookmarked.connect(self.bookmarked)
        view.mapped.connect(self.mapped)
        view.done.connect(self.done)
        view.lecture_wanted.connect(self.lecture_wanted)
        view.set_bookmarks(self._bookmarks)
        return view

    def _build(self, name: str) -> PictureCard:
        """The card of a picture that lies in a drawer."""
        assert self.model is not None
        if name == ANALYSIS:
            from lab.widgets.analysis_card import AnalysisCard  # with its compiled loops, which other models do without

            card: PictureCard = AnalysisCard(self.model, self)
        else:
            picture = next(p for p in self.model.pictures if p.name == name)
            card = PictureCard(self.connected(make(picture, self.model)), self)
        card.fill_wanted.connect(lambda: self.fill(name))
        return card

    def _add(self, card: PictureCard) -> None:
        dock = CardDock(card, self)
        dock.fill_wanted.connect(self.fill)
        dock.visibilityChanged.connect(self._something_moved)
        dock.dragged.connect(self._moved)
        dock.toggleViewAction().triggered.connect(self._moved)
        self.docks[card.view.picture.name] = self._places[card.view.picture.name] = dock

    def card(self, name: str) -> PictureCard | None:
        """The card of a picture, on the stage or in a drawer; None where there is no such picture of its own."""
        if name in self.docks:
            return self.docks[name].card
        if self.drawers is not None and self.drawers.drawers.of(name):
            return self.drawers.drawers.card(name)
        return None

    def lettering(self, on: QWidget) -> list[QRect]:
        """Where words stand in `on`, of the cards that are seen."""
        return [rect for card in self.visible_cards() for rect in card.lettering(on)]

    def view(self, name: str) -> PictureView | None:
        """What draws a picture: a card's view, or one strip of several."""
        card = self.card(name)
        if card is not None:
            return card.view
        return next((child for each in self.views() if isinstance(each, StripsView) and (child := each.child(name))), None)

    def titles(self) -> list[tuple[str, str, str]]:
        """Name, title and description of everything that can be brought to the front."""
        if self.model is None:
            return []
        found = [(p.name, p.title, p.doc) for p in self.model.pictures]
        if self.drawers is not None and self.drawers.drawers.of(ANALYSIS):
            found.append((ANALYSIS, "Analysis", "Intervals, rates, correlations and spectra of the spikes."))
        return found

    def has(self, name: str) -> bool:
        """Whether there is a card of this name."""
        return name in self.docks or (self.drawers is not None and bool(self.drawers.drawers.of(name)))

    def fits(self, model: Model) -> bool:
        """Whether this is the stage of a model; the pictures of some models depend on their parameters."""
        if type(model) is not type(self.model):
            return False
        shown = stage.arrange(model, *self._inside())
        return _kept(shown) == self._cards() and _groups(model, shown) == (self.drawers.drawers.groups if self.drawers is not None else {})

    def _cards(self) -> list[tuple[str, Strips | None]]:
        """The cards on the stage, with the strips of those that have some."""
        return [(n, d.card.view.strips if isinstance(d.card.view, StripsView) else None) for n, d in self.docks.items()]

    def clear(self) -> None:
        """Remove all cards."""
        self.filled, self._before_fill, self._pending = "", None, None
        for dock in self.docks.values():
            dock.visibilityChanged.disconnect(self._something_moved)
        for place in self._places.values():
            self.removeDockWidget(place)
            place.hide()
            place.setObjectName("")
            place.deleteLater()
        self.docks, self._places, self.drawers = {}, {}, None
        self.model = None

    def arrange(self) -> None:
        """The stage as the model says, for the present size."""
        if self.model is None or not self.docks:
            return
        inner, tall = self._inside()
        shown = stage.arrange(self.model, inner, tall)
        if _kept(shown) != self._cards():
            self.show_model(self.model)  # another size has room for other cards
            return
        self.filled, self._before_fill, self._pending = "", None, None
        self._own = False
        if self.drawers is not None and not self._chosen and shown.opened != self.drawers.drawers.opened:
            self.drawers.drawers.open(
                shown.opened if shown.opened in self.drawers.drawers.groups else ""
            )  # another size has room for it, or none
        open_now = self.drawers is not None and bool(self.drawers.drawers.opened)
        closed = self.drawers.drawers.closed_height + GAP if self.drawers is not None and not open_now else 0
        rows: list[Node] = []
        heights: list[int] = []
        if shown.below is not None or open_now:
            free = tall - closed
            low = round(free * stage.UNDER / (1 + stage.UNDER))
            top, under = free - low, low
        else:
            top, under = tall - closed, 0
        rows.append(_tree(shown.top, inner, top))
        heights.append(top)
        if open_now and shown.below is not None:
            left = round(inner * OPEN_SHARE)
            rows.append(
                Split(
                    True, (Place((DRAWERS,), DRAWERS), _fewer(_tree(shown.below, inner - left, under), inner - left)), (left, inner - left)
                )
            )
            heights.append(under)
        elif shown.below is not None:
            rows.append(_tree(shown.below, inner, under))
            heights.append(under)
        if self.drawers is not None and not (open_now and shown.below is not None):
            rows.append(Place((DRAWERS,), DRAWERS))
            heights.append(under if open_now else closed)
        tree = Split(False, tuple(rows), tuple(max(1, h) for h in heights)) if len(rows) > 1 else rows[0]
        self._stand(Arrangement((inner, tall), tree))
        self._arranged_for = self._class()
        self._something_moved()

    def _toggled(self, word: str) -> None:
        self.open_drawer(word)

    def open_drawer(self, word: str) -> None:
        """Open a drawer, or with no word close the open one."""
        if self.drawers is None:
            return
        self._chosen = True
        if self.filled:
            self.fill("")
        was = bool(self.drawers.drawers.opened)
        self.drawers.drawers.open(word)
        if was == bool(word):
            self._something_moved()
            return
        if not self._own:
            self.arrange()
            return
        self.drawers.fit_height()  # what a person arranged stays; the drawer takes its height from it
        tall = self._inside()[1]
        self.resizeDocks([self.drawers], [round(tall * stage.UNDER / (1 + stage.UNDER))], Qt.Orientation.Vertical)
        self._something_moved()

    def _inside(self) -> tuple[int, int]:
        return max(200, self.width() - 2 * GAP), max(200, self.height() - 2 * GAP)

    def _stand(self, arrangement: Arrangement) -> None:
        """Put every card where an arrangement says; those that it does not name wait behind the last."""
        floating = arrangement.floating or {}
        tree = arrangement.tree
        named = {*names_of(tree), *floating}
        left = tuple(name for name in self._places if name not in named)
        for dock in self._places.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        if self.drawers is not None:
            self.drawers.fit_height()
        if tree is None:
            tree, left = (Place(left, left[0]), ()) if left else (None, ())
        if tree is not None:
            first = self._places[names_of(tree)[0]]
            self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, first)
            first.show()
            self._divide(tree)
            for name in left:
                self.tabifyDockWidget(self._places[names_of(tree)[-1]], self._places[name])
                self._places[name].show()
            if left:
                self._places[_last_place(tree).front].raise_()
            (wide, tall), (width, height) = arrangement.size, self._inside()
            self._give_sizes(tree, width / wide, height / tall)
        for name, place in floating.items():
            dock = self._places[name]
            self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
            dock.setFloating(True)
            dock.setGeometry(_on_screen(QRect(*place)))
            dock.show()
        for name in arrangement.hidden:
            self._places[name].hide()

    def _divide(self, node: Node) -> None:
        """Give the parts of a node the place in which its first card stands."""
        if isinstance(node, Place):
            for name in node.tabs[1:]:
                self.tabifyDockWidget(self._places[node.tabs[0]], self._places[name])
                self._places[name].show()
            if len(node.tabs) > 1:
                self._places[node.front].raise_()
            return
        firsts = [self._places[names_of(part)[0]] for part in node.parts]
        way = Qt.Orientation.Horizontal if node.columns else Qt.Orientation.Vertical
        for before, after in pairwise(firsts):
            self.splitDockWidget(before, after, way)
            after.show()
        for part in node.parts:
            self._divide(part)

    def _give_sizes(self, node: Node, across: float, down: float) -> None:
        if isinstance(node, Place):
            return
        way, scale = (Qt.Orientation.Horizontal, across) if node.columns else (Qt.Orientation.Vertical, down)
        firsts = [self._places[names_of(part)[0]] for part in node.parts]
        self.resizeDocks(firsts, [max(1, round(size * scale)) for size in node.sizes], way)
        for part in node.parts:
            self._give_sizes(part, across, down)

    def _seen(self) -> Arrangement:
        """Where the cards stand now."""
        places: list[tuple[Place, Rect]] = []
        done: set[str] = set()
        names = {id(dock): name for name, dock in self._places.items()}
        for name, dock in self._places.items():
            if name in done or dock.isFloating() or dock.isHidden():
                continue
            group = [name, *(names[id(d)] for d in self.tabifiedDockWidgets(dock) if id(d) in names and not d.isHidden())]
            done |= set(group)
            ordered = tuple(n for n in self._places if n in group)
            front = next((n for n in ordered if not self._places[n].visibleRegion().isEmpty()), ordered[0])
            places.append((Place(ordered, front), self._with_tabs(_rect(self._places[front]), len(ordered))))
        floating = {name: _rect(dock) for name, dock in self._places.items() if dock.isFloating()}
        hidden = tuple(name for name, dock in self._places.items() if dock.isHidden())
        return Arrangement(self._inside(), seen(places), hidden, floating)

    def bring(self, name: str) -> None:
        """Show one picture: in front of those it shares its place with, or in its drawer, opened."""
        if self.drawers is not None and (word := self.drawers.drawers.of(name)):
            if self.filled and self.filled != name:
                self.fill("")
            if self.drawers.drawers.opened != word:
                self.open_drawer(word)
            self.drawers.drawers.body.ensureWidgetVisible(self.drawers.drawers.card(name))
            return
        dock = self.docks.get(name) or next(
            (d for d in self.docks.values() if isinstance(d.card.view, StripsView) and d.card.view.child(name)), None
        )
        if dock is None:
            return
        if self.filled and self.docks.get(self.filled) is not dock:
            self.fill("")
        dock.show()
        dock.raise_()
        self._something_moved()

    def _with_tabs(self, rect: Rect, cards: int) -> Rect:
        """The place of a card with the tabs above it."""
        x, y, width, height = rect
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly) if cards > 1 else ():
            above = bar.geometry()
            if bar.isVisible() and above.left() < x + width and above.right() > x and 0 <= y - above.top() <= above.height() + 4:
                return x, above.top(), width, height + y - above.top()
        return rect

    def _arrange_unless_own(self) -> None:
        if not self._own:
            self.arrange()
        elif self._pending is not None:
            pending, self._pending = self._pending, None
            self._stand(pending)
            self._something_moved()

    def fill(self, name: str) -> None:
        """Give one card the whole place, or take it back."""
        if self.filled:
            before, self._before_fill, self.filled = self._before_fill, None, ""
            if self.drawers is not None:
                self.drawers.drawers.fill("")
            if before is not None:
                self._stand(before)
            self._something_moved()
            return
        strips = (n for n, d in self.docks.items() if isinstance(d.card.view, StripsView) and d.card.view.child(name))
        name = name if name in self.docks else next(strips, name)  # a strip fills the place with those it belongs to
        if self.drawers is not None and self.drawers.drawers.of(name):
            self.bring(name)
            self._before_fill = self._seen()
            self.drawers.drawers.fill(name)
            alone = DRAWERS
        elif name in self.docks and len(self._places) > 1:
            self._before_fill = self._seen()
            alone = name
        else:
            return
        for other, dock in self._places.items():
            dock.setVisible(other == alone)
        self.filled = name
        self._something_moved()

    def front_only(self, on: bool) -> None:
        """Projector mode: only the pictures the lesson is about, or the arrangement from before."""
        if self.model is None:
            return
        if self.filled:
            self.fill("")
        if on:
            self._before_fill = self._seen()
            front = list(self.docks)[:2]
            for name, dock in self._places.items():
                dock.setVisible(name in front)
        elif self._before_fill is not None:
            self._stand(self._before_fill)
            self._before_fill = None
        self._something_moved()

    def state(self) -> dict[str, Any]:
        """The arrangement a person made, without a card filling it; empty while it is the default one."""
        if not self._own or not self.docks:
            return {}
        opened = self.drawers.drawers.opened if self.drawers is not None else ""
        return (self._before_fill or self._pending or self._seen()).to_dict() | {"opened": opened}

    def restore(self, kept: object) -> bool:
        """Take over an arrangement, which may come out of a file; False if it is none, or not one of this stage."""
        arrangement = read(kept, self._places)
        if arrangement is None or set(self.docks) <= set(arrangement.hidden):
            return False
        if not set(self.docks) <= {*names_of(arrangement.tree), *(arrangement.floating or {}), *arrangement.hidden}:
            return False  # of an earlier version, or of another size: the main picture would wait behind the others
        if self.drawers is not None and isinstance(kept, dict):
            opened = kept.get("opened")
            self.drawers.drawers.open(opened if isinstance(opened, str) and opened in self.drawers.drawers.groups else "")
        self._stand(arrangement)
        self._own = True
        if not self.isVisible():
            self._pending = arrangement
            self._soon.start()
        self._something_moved()
        return True

    def menu(self, parent: QWidget) -> QMenu:
        """Which cards are shown."""
        menu = QMenu(parent)
        for dock in self.docks.values():
            menu.addAction(dock.toggleViewAction())
        if self.drawers is not None:
            menu.addSeparator()
            for word in self.drawers.drawers.groups:
                entry = QAction(word, menu)
                entry.setCheckable(True)
                entry.setChecked(word == self.drawers.drawers.opened)
                entry.triggered.connect(lambda on, word=word: self.open_drawer(word if on else ""))
                menu.addAction(entry)
        menu.addSeparator()
        again = QAction("Arrange as at first", menu)
        again.triggered.connect(self.arrange)
        menu.addAction(again)
        return menu

    def show_bookmarks(self, text: str) -> None:
        """Give the views that keep some the bookmarks of the document."""
        self._bookmarks = text
        for view in self.views():
            view.set_bookmarks(text)

    # -- what is drawn --

    def cards(self) -> list[PictureCard]:
        """All cards that were made: of the stage, and of drawers that were open once."""
        found = [dock.card for dock in self.docks.values()]
        return [*found, *self.drawers.drawers.cards.values()] if self.drawers is not None else found

    def views(self) -> list[PictureView]:
        """What draws in them."""
        return [card.view for card in self.cards()]

    def visible_cards(self) -> list[PictureCard]:
        """Cards that can be seen now (not those hidden, nor behind a tab)."""
        return [card for card in self.cards() if card.isVisible() and not card.visibleRegion().isEmpty()]

    def at_rest(self) -> bool:
        """Whether each card that is seen is drawn at its size."""
        return all(card.view.at_rest for card in self.visible_cards())

    def _point(self, step: int | None) -> None:
        """A moment is pointed at in one picture: the others show what belongs to it."""
        self._cursor = step
        for card in self.visible_cards():
            if card.view is not self.sender():
                card.view.show_cursor(step)

    def leave_cursor(self) -> bool:
        """Let go of the cursors that are held in pictures; whether there were any."""
        left = [view.leave_cursor() for card in self.visible_cards() for view in (card.view, *card.view.parts())]
        return any(left)

    def show_answer(self, answer: Answer) -> None:
        """What was asked under a cursor stands in the picture that asked."""
        for card in self.visible_cards():
            card.view.show_answer(answer)

    def refresh(self, source: Source, overlays: Sequence[Overlay], most: int) -> int:
        """Feed up to `most` of the visible cards that have something new, taking turns; how many drew."""
        cards = self.visible_cards()
        drew = 0
        for k in range(len(cards)):
            if drew >= most:
                break
            self._last = (self._turn + k) % len(cards)
            drew += cards[self._last].refresh(source, overlays)
        if cards and drew:
            self._turn = (self._last + 1) % len(cards)
        return drew

    @property
    def watched_streams(self) -> frozenset[str]:
        """Streams that the visible cards read."""
        return self._wanted

    def check_watched(self) -> None:
        """Say which streams the visible cards read, if that changed."""
        wanted = frozenset().union(*(card.view.wanted for card in self.visible_cards()))
        if wanted != self._wanted:
            self._wanted = wanted
            self.watched.emit(wanted)

    def _class(self) -> tuple[str, ...]:
        """What the arrangement of a stage depends on: which cards have room, and how they stand."""
        if self.model is None:
            return ()
        shown = stage.arrange(self.model, *self._inside())
        return (str(_shape(shown.top)), str(_shape(shown.below)))

    def _moved(self, *_: object) -> None:
        self._own = True

    def childEvent(self, event: QChildEvent) -> None:
        """Tabs of cards that share a place are made by Qt, without a name."""
        super().childEvent(event)
        tabs = event.child()
        if event.polished() and isinstance(tabs, QTabBar):  # only now it is one: while it is being made it is any widget
            tabs.setAccessibleName("Pictures that share this place")
            for button in tabs.findChildren(QToolButton):
                button.setAccessibleName("More pictures that share this place")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The gap between two cards was dragged."""
        super().mouseReleaseEvent(event)
        self._own = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size may ask for another arrangement, unless the person made one."""
        super().resizeEvent(event)
        if self.model is not None and not self._own and not self.filled and self._class() != self._arranged_for:
            self._soon.start()

    def _something_moved(self, *_: object) -> None:
        self.layout_changed.emit()


LEAST = 190  # px of a card beside an open drawer: in less its numbers and words would be cut
OPEN_SHARE = 0.6  # of the width: an open drawer beside what stands below


def _cards_of(shown: stage.Arrangement) -> list[stage.Card]:
    return [*stage.cards(shown.top), *stage.cards(shown.below)]


def _kept(shown: stage.Arrangement) -> list[tuple[str, Strips | None]]:
    return [(card.name, card.strips) for card in _cards_of(shown)]


def _groups(model: Model, shown: stage.Arrangement) -> dict[str, tuple[str, ...]]:
    """The drawers, with one more for the analyses of a model that has spikes."""
    groups = {word: tuple(names) for word, names in shown.drawers if names}
    return groups | {"Analysis": (ANALYSIS,)} if _spikes(model) else groups


def _tree(part: stage.Split | stage.Card, width: int, height: int) -> Node:
    """A part of the stage as docks, with sizes for a place of so many pixels."""
    if isinstance(part, stage.Card):
        return Place((part.name,), part.name)
    total = sum(part.shares)
    sizes = [max(1, round((width if part.across else height) * share / total)) for share in part.shares]
    nodes = [
        _tree(each, size if part.across else width, height if part.across else size) for each, size in zip(part.parts, sizes, strict=True)
    ]
    return Split(part.across, tuple(nodes), tuple(sizes))


def _fewer(node: Node, width: int) -> Node:
    """As many cards of a row as have room in this width; the others lie behind the last of them."""
    names, most = names_of(node), max(1, width // LEAST)
    if len(names) <= most:
        return node
    parts = (*(Place((name,), name) for name in names[: most - 1]), Place(tuple(names[most - 1 :]), names[most - 1]))
    return parts[0] if most == 1 else Split(True, parts, (1,) * most)


def _shape(part: stage.Split | stage.Card | None) -> object:
    """How a part divides its place, without shares."""
    if part is None or isinstance(part, stage.Card):
        return (part.name, part.pictures) if part else None
    return part.across, tuple(_shape(each) for each in part.parts)


def _last_place(node: Node) -> Place:
    return node if isinstance(node, Place) else _last_place(node.parts[-1])


def _rect(dock: QDockWidget) -> Rect:
    place = dock.geometry()
    return place.x(), place.y(), place.width(), place.height()


def _on_screen(place: QRect) -> QRect:
    """The place of a window of its own, moved and cut so that a screen of this machine shows it."""
    screen = QGuiApplication.screenAt(place.center()) or QGuiApplication.primaryScreen()
    room = screen.availableGeometry()
    found = QRect(place.topLeft(), place.size().boundedTo(room.size()).expandedTo(QSize(120, 80)))
    found.moveLeft(max(room.left(), min(found.left(), room.right() - found.width() + 1)))
    found.moveTop(max(room.top(), min(found.top(), room.bottom() - found.height() + 1)))
    return found


def _spikes(model: Model) -> bool:
    return any(stream.kind == "raster" for stream in model.streams)


def _north() -> QTabWidget.TabPosition:

    return QTabWidget.TabPosition.North
