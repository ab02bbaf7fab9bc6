"""The middle: one card per picture, each a dock that can be moved, resized, hidden, torn off or made to fill the place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabBar, QWidget

from lab.display.plots import Overlay, Source
from lab.model import Model, Picture
from lab.widgets import theme
from lab.widgets.arrangement import Arrangement, Node, Place, Rect, Split, names_of, read, seen
from lab.widgets.pictures import PictureCard, PictureView, make

LOW = 420
ANALYSIS = "analysis"  # the card that models with spikes have besides their pictures
LARGE = 4  # a picture of so much weight has only two others beside it
SMALL = 760  # a place narrower than this shows the front pictures only; the others wait behind them as tabs


def rows_of(pictures: Sequence[Picture], width: int, height: int) -> tuple[list[list[int]], list[int]]:
    """The default arrangement: rows of picture numbers, and those that wait behind the first as tabs.

    Where the place is small only `front` pictures are laid out. Rows are filled in order so that each holds about the
    same sum of weights.
    """
    numbers = list(range(len(pictures)))
    behind: list[int] = []
    small = width < SMALL
    most = (4 if small else 6) if height > LOW else 2
    if any(p.weight >= LARGE for p in pictures):
        most = min(most, 3)
    if small and any(p.front for p in pictures):
        behind = [k for k in numbers if not pictures[k].front]
        numbers = [k for k in numbers if pictures[k].front]
        while behind and len(numbers) < 2:
            numbers.append(behind.pop(0))
    if len(numbers) > most:
        keep = sorted(sorted(numbers, key=lambda k: (not pictures[k].front, -pictures[k].weight, k))[:most])
        behind = [k for k in numbers if k not in keep] + behind
        numbers = keep
    numbers.sort(key=lambda k: pictures[k].weight < LARGE)
    count = len(numbers)
    # Two pictures one above the other where the place is narrow; beside each other where it is low as well, or each would be a slit.
    columns = 1 if small and count <= 2 and (count == 1 or height > LOW) else 2 if small or count <= 2 or count == 4 else 3
    lines = max(1, -(-count // columns))
    if count == 3 and not small:
        lines = 2
    total = sum(pictures[k].weight for k in numbers)
    rows: list[list[int]] = [[]]
    filled = 0.0
    for position, k in enumerate(numbers):
        rest_rows = lines - len(rows)
        must = count - position <= rest_rows
        if rows[-1] and rest_rows and (must or filled + pictures[k].weight / 2 > total * len(rows) / lines):
            rows.append([])
        rows[-1].append(k)
        filled += pictures[k].weight
    return rows, behind


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

    def paintEvent(self, event) -> None:
        """The card: a ground with a border and round corners."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()


class Workspace(QMainWindow):
    """Cards of one model's pictures.

    acted, handle_moved  as of `PictureView`
    bookmarked, mapped   as of the explorer of vectors
    layout_changed       a card was moved, resized, hidden or shown
    """

    acted = Signal(str, dict)
    handle_moved = Signal(str, object, bool)
    bookmarked = Signal(str, str)
    mapped = Signal(str, str)
    watched = Signal(frozenset)
    layout_changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent, Qt.WindowType.Widget)
        self.setObjectName("workspace")
        self.setContentsMargins(12, 12, 12, 12)
        self.setDockNestingEnabled(True)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, _north())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.docks: dict[str, CardDock] = {}
        self._wanted: frozenset[str] = frozenset()
        self._before_fill: Arrangement | None = None
        self._pending: Arrangement | None = None  # taken over before the window had a size
        self.filled = ""
        self.model: Model | None = None
        self._turn = self._last = 0
        self._arranged_for = (False, False)
        self._own = False  # the person moved something: the arrangement is kept
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._arrange_unless_own)

    # -- cards --

    def show_model(self, model: Model, kept: object = None) -> None:
        """Make a card for each picture of a model; `kept` is an arrangement as `state` gave it, or as a file says it."""
        same = type(self.model) is type(model)  # other parameters may mean other pictures
        before = {name: dock.card.view for name, dock in self.docks.items() if same}
        self.clear()
        self.model = model
        for picture in model.pictures:
            view = make(picture, model)
            view.acted.connect(self.acted)
            view.handle_moved.connect(self.handle_moved)
            view.bookmarked.connect(self.bookmarked)
            view.mapped.connect(self.mapped)
            if type(before.get(picture.name)) is type(view):
                view.go_on_from(before[picture.name])
            self._add(PictureCard(view, self))
        if _spikes(model):
            from lab.widgets.analysis_card import AnalysisCard  # with its compiled loops, which other models do without

            self._add(AnalysisCard(model, self))
        self._own = False
        if not self.restore(kept):
            self.arrange()
            if not self.isVisible():
                self._soon.start()  # sizes are known only once the window is shown

    def _add(self, card: PictureCard) -> None:
        dock = CardDock(card, self)
        dock.fill_wanted.connect(self.fill)
        dock.visibilityChanged.connect(self._something_moved)
        dock.dragged.connect(self._moved)
        dock.toggleViewAction().triggered.connect(self._moved)
        self.docks[card.view.picture.name] = dock

    def fits(self, model: Model) -> bool:
        """Whether these are the cards of a model; the pictures of some models depend on their parameters."""
        return [d for d in self.docks if d != ANALYSIS] == [p.name for p in model.pictures] and (ANALYSIS in self.docks) == _spikes(model)

    def clear(self) -> None:
        """Remove all cards."""
        self.filled, self._before_fill, self._pending = "", None, None
        for dock in self.docks.values():
            dock.visibilityChanged.disconnect(self._something_moved)
            self.removeDockWidget(dock)
            dock.hide()
            dock.deleteLater()
        self.docks = {}
        self.model = None

    def arrange(self) -> None:
        """The default arrangement for the present size."""
        if self.model is None or not self.docks:
            return
        self.filled, self._before_fill, self._pending = "", None, None
        self._own = False
        names = list(self.docks)
        weights = [dock.card.view.picture.weight for dock in self.docks.values()]
        rows, behind = rows_of(self.model.pictures, self.width(), self.height())
        behind += range(len(self.model.pictures), len(names))
        inner, tall = self._inside()
        lines: list[Node] = []
        for row in rows:
            # Beside the last card, the smallest: what is in front keeps its place.
            waiting = tuple(names[k] for k in behind) if row is rows[-1] else ()
            parts = tuple(Place((names[k], *(waiting if k == row[-1] else ())), names[k]) for k in row)
            total = sum(weights[k] for k in row)
            lines.append(Split(True, parts, tuple(round(inner * weights[k] / total) for k in row)) if len(parts) > 1 else parts[0])
        heights = [max(weights[k] for k in row) ** 0.5 for row in rows]
        tree = Split(False, tuple(lines), tuple(round(tall * h / sum(heights)) for h in heights)) if len(lines) > 1 else lines[0]
        self._stand(Arrangement((inner, tall), tree))
        self._arranged_for = self._class()
        self._something_moved()

    def _inside(self) -> tuple[int, int]:
        return max(200, self.width() - 24), max(200, self.height() - 24)

    def _stand(self, arrangement: Arrangement) -> None:
        """Put every card where an arrangement says; those that it does not name wait behind the last."""
        floating = arrangement.floating or {}
        tree = arrangement.tree
        named = {*names_of(tree), *floating}
        left = tuple(name for name in self.docks if name not in named)
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        if tree is None:
            tree, left = (Place(left, left[0]), ()) if left else (None, ())
        if tree is not None:
            first = self.docks[names_of(tree)[0]]
            self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, first)
            first.show()
            self._divide(tree)
            for name in left:
                self.tabifyDockWidget(self.docks[names_of(tree)[-1]], self.docks[name])
                self.docks[name].show()
            if left:
                self.docks[_last_place(tree).front].raise_()
            (wide, tall), (width, height) = arrangement.size, self._inside()
            self._give_sizes(tree, width / wide, height / tall)
        for name, place in floating.items():
            dock = self.docks[name]
            self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
            dock.setFloating(True)
            dock.setGeometry(_on_screen(QRect(*place)))
            dock.show()
        for name in arrangement.hidden:
            self.docks[name].hide()

    def _divide(self, node: Node) -> None:
        """Give the parts of a node the place in which its first card stands."""
        if isinstance(node, Place):
            for name in node.tabs[1:]:
                self.tabifyDockWidget(self.docks[node.tabs[0]], self.docks[name])
                self.docks[name].show()
            if len(node.tabs) > 1:
                self.docks[node.front].raise_()
            return
        firsts = [self.docks[names_of(part)[0]] for part in node.parts]
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
        firsts = [self.docks[names_of(part)[0]] for part in node.parts]
        self.resizeDocks(firsts, [max(1, round(size * scale)) for size in node.sizes], way)
        for part in node.parts:
            self._give_sizes(part, across, down)

    def _seen(self) -> Arrangement:
        """Where the cards stand now."""
        places: list[tuple[Place, Rect]] = []
        done: set[str] = set()
        names = {id(dock): name for name, dock in self.docks.items()}
        for name, dock in self.docks.items():
            if name in done or dock.isFloating() or dock.isHidden():
                continue
            group = [name, *(names[id(d)] for d in self.tabifiedDockWidgets(dock) if id(d) in names and not d.isHidden())]
            done |= set(group)
            ordered = tuple(n for n in self.docks if n in group)
            front = next((n for n in ordered if not self.docks[n].visibleRegion().isEmpty()), ordered[0])
            places.append((Place(ordered, front), self._with_tabs(_rect(self.docks[front]), len(ordered))))
        floating = {name: _rect(dock) for name, dock in self.docks.items() if dock.isFloating()}
        hidden = tuple(name for name, dock in self.docks.items() if dock.isHidden())
        return Arrangement(self._inside(), seen(places), hidden, floating)

    def bring(self, name: str) -> None:
        """Show one card, in front of those it shares its place with."""
        dock = self.docks.get(name)
        if dock is None:
            return
        if self.filled and self.filled != name:
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
            if before is not None:
                self._stand(before)
            self._something_moved()
            return
        if name not in self.docks or len(self.docks) < 2:
            return
        self._before_fill = self._seen()
        for other, dock in self.docks.items():
            dock.setVisible(other == name)
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
            front = [p.name for p in self.model.pictures if p.front] or [p.name for p in self.model.pictures[:2]]
            for name, dock in self.docks.items():
                dock.setVisible(name in front)
        elif self._before_fill is not None:
            self._stand(self._before_fill)
            self._before_fill = None
        self._something_moved()

    def state(self) -> dict[str, Any]:
        """The arrangement a person made, without a card filling it; empty while it is the default one."""
        if not self._own or not self.docks:
            return {}
        return (self._before_fill or self._pending or self._seen()).to_dict()

    def restore(self, kept: object) -> bool:
        """Take over an arrangement, which may come out of a file; False if it is none, or shows none of these cards."""
        arrangement = read(kept, self.docks)
        if arrangement is None or set(self.docks) <= set(arrangement.hidden):
            return False
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
        menu.addSeparator()
        again = QAction("Arrange as at first", menu)
        again.triggered.connect(self.arrange)
        menu.addAction(again)
        return menu

    def show_bookmarks(self, text: str) -> None:
        """Give the views that keep some the bookmarks of the document."""
        for view in self.views():
            view.set_bookmarks(text)

    # -- what is drawn --

    def views(self) -> list[PictureView]:
        """All pictures."""
        return [dock.card.view for dock in self.docks.values()]

    def visible_cards(self) -> list[PictureCard]:
        """Cards that can be seen now (not those hidden, nor behind a tab)."""
        return [dock.card for dock in self.docks.values() if dock.card.isVisible() and not dock.card.visibleRegion().isEmpty()]

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

    def _class(self) -> tuple[bool, bool]:
        """What the default arrangement depends on."""
        return self.width() < SMALL, self.height() <= LOW

    def _moved(self, *_: object) -> None:
        self._own = True

    def mouseReleaseEvent(self, event) -> None:
        """The gap between two cards was dragged."""
        super().mouseReleaseEvent(event)
        self._own = True

    def resizeEvent(self, event) -> None:
        """Another size may ask for another arrangement, unless the person made one."""
        super().resizeEvent(event)
        if self.model is not None and not self._own and not self.filled and self._class() != self._arranged_for:
            self._soon.start()

    def _something_moved(self, *_: object) -> None:
        self.layout_changed.emit()


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


def _north():
    from PySide6.QtWidgets import QTabWidget

    return QTabWidget.TabPosition.North
