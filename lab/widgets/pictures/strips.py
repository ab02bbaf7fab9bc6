"""Strips: several traces above one another on one axis of time, with one cursor through all of them and the stimulus edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from lab import units
from lab.display import stage
from lab.display.plots import Overlay, Source
from lab.model import Model, Picture, Strips
from lab.widgets import theme
from lab.widgets.pictures.base import PictureView, Table
from lab.widgets.pictures.grips import Grips
from lab.widgets.pictures.kinds import make
from lab.widgets.pictures.plot import PlotView

FOLLOW = "follow"
OWN_FILES = (".lab", ".toml", ".py")  # what the window itself takes


class Choice(QFrame):
    """A few words side by side, one of them chosen."""

    chosen = Signal(int)

    def __init__(self, words: Sequence[str], name: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("segments")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.group = QButtonGroup(self)
        for number, word in enumerate(words):
            button = QPushButton(word, self)
            button.setCheckable(True)
            button.setProperty("segment", "true")
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(f"{name}: {word}")
            self.group.addButton(button, number)
            row.addWidget(button)
        self.group.idClicked.connect(self.chosen)

    def minimumSizeHint(self) -> QSize:
        """None: a title line hides what has no room in it, and is never widened by it."""
        return QSize(0, super().minimumSizeHint().height())

    def show_chosen(self, number: int) -> None:
        """Mark the chosen word."""
        button = self.group.button(number)
        if button is not None:
            button.setChecked(True)


class StripsView(PictureView):
    """Draws the pictures of `Strips`, each by its own view, with one axis and one cursor."""

    def __init__(self, strips: Strips, model: Model, parent: QWidget | None = None):
        super().__init__(_as_picture(strips, model), model, parent)
        self.strips = strips
        self.window_shown = self._usual(model)
        self.following = False
        self.children_shown: list[PlotView] = []
        self.grips: list[Grips] = []
        self._x: float | None = None  # where the cursor stands, as drawn
        self._pinned: int | None = None  # a step
        self._keyed = False  # the keys hold the cursor: it stays when the mouse goes
        self._told: int | None = None  # the step that the pictures beside were told last
        self._left = 0
        pictures = {p.name: p for p in model.pictures}
        for number, name in enumerate(strips.pictures):
            view = make(self._timed(pictures[name]), model, self)
            assert isinstance(view, PlotView)
            view.lead(last=number == len(strips.pictures) - 1)
            view.hovered.connect(self._hovered)
            view.held.connect(self._hold)
            view.pointed.connect(self._pin)
            view.acted.connect(self.acted)
            view.lecture_wanted.connect(self.lecture_wanted)
            view.setMinimumHeight(48)
            self.column.addWidget(view, max(1, round(10 * _height(pictures[name]))))
            self.children_shown.append(view)
            grips = Grips(view)
            grips.moved.connect(self.handle_moved)
            grips.wanted.connect(self.values_wanted)
            grips.said.connect(self._say_grip)
            self.grips.append(grips)
        self._time = QLabel(self)
        self._time.setProperty("role", "figure")
        self._time.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._time.hide()
        self._grip_words = QLabel(self)
        self._grip_words.setProperty("role", "figure")
        self._grip_words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._grip_words.hide()
        self._make_tools()
        self.setAcceptDrops(any(grips.takes_files for grips in self.grips))
        self._style_cursor()

    def thumbnail(self, painter: QPainter, area: QRectF, source: Source) -> None:
        """The highest of them."""
        max(self.children_shown, key=lambda view: view.height()).thumbnail(painter, area, source)

    # -- the title line --

    def _make_tools(self) -> None:
        spec = type(self.model).specs()[self.strips.switch] if self.strips.switch else None
        self.switch = Choice([c[:1].upper() + c[1:] for c in spec.choices], spec.label, self) if spec else None
        if self.switch is not None:
            self.switch.chosen.connect(self._switched)
        usual, unit = self._usual(self.model), self.model.clock.unit
        self.lengths: tuple[float, ...] = (usual, 5 * usual) if usual else ()
        self.choice = (
            Choice([*(f"{units.number(length, 6)} {unit}" for length in self.lengths), FOLLOW], "Time shown", self) if usual else None
        )
        if self.choice is not None:
            self.choice.group.setExclusive(False)
            self.choice.chosen.connect(self._window_chosen)
        self.pencil = QToolButton(self)
        self.pencil.setCheckable(True)
        self.pencil.setToolTip("Draw the stimulus by hand, from the left end on (again to stop)")
        self.pencil.setAccessibleName("Draw the stimulus")
        self.pencil.toggled.connect(self._draw)
        self.pencil.setVisible(False)
        self._show_choice()

    def tools(self) -> tuple[tuple[QWidget, ...], tuple[QWidget, ...]]:
        """The switch beside the title, pencil and stretch of time at the right."""
        pencil = (self.pencil,) if any(grips.draws for grips in self.grips) else ()
        if pencil:
            self._style_pencil()
        return (self.switch,) if self.switch else (), (*pencil, *((self.choice,) if self.choice else ()))

    def _switched(self, number: int) -> None:
        self.values_wanted.emit({self.strips.switch: type(self.model).specs()[self.strips.switch].choices[number]}, False)

    def _window_chosen(self, number: int) -> None:
        if number == len(self.lengths):
            self.following = not self.following
        else:
            self.window_shown = self.lengths[number]
        self._show_choice()
        self._set_pictures()
        if self._source is not None:
            self.refresh(self._source, self._overlays, force=True)

    def follow(self) -> None:
        """Show what lies before the present instead of turning pages."""
        self.following = True
        self._show_choice()
        self._set_pictures()

    def _show_choice(self) -> None:
        if self.choice is not None:
            for number, length in enumerate(self.lengths):
                self.choice.group.button(number).setChecked(length == self.window_shown)
            self.choice.group.button(len(self.lengths)).setChecked(self.following)
        if self.switch is not None:
            choices = type(self.model).specs()[self.strips.switch].choices
            self.switch.show_chosen(choices.index(getattr(self.model, self.strips.switch)))

    def _draw(self, on: bool) -> None:
        for grips in self.grips:
            if grips.draws:
                grips.set_drawing(on)

    @property
    def caption(self) -> str:
        """Nothing: the stretch of time stands in the title line as a choice."""
        return ""

    # -- pictures --

    def _usual(self, model: Model) -> float:
        first = next(p for p in model.pictures if p.name == self.strips.pictures[0])
        return float(self.strips.window or first.window)

    def _timed(self, picture: Picture) -> Picture:
        """A picture over the time of all strips."""
        return replace(picture, window=self.window_shown)

    def _set_pictures(self) -> None:
        pictures = {p.name: p for p in self.model.pictures}
        for view in self.children_shown:
            view.picture = self._timed(pictures.get(view.picture.name, view.picture))
            view.paged = bool(self.window_shown) and not self.following

    def parts(self) -> tuple[PictureView, ...]:
        """The strips."""
        return tuple(self.children_shown)

    def child(self, name: str) -> PlotView | None:
        """The view of one of the pictures."""
        return next((view for view in self.children_shown if view.picture.name == name), None)

    @property
    def wanted(self) -> frozenset[str]:
        """What all strips read."""
        return frozenset().union(*(view.wanted for view in self.children_shown))

    def set_model(self, model: Model) -> None:
        """Take over changed parameters."""
        self.model = model
        for view in self.children_shown:
            view.set_model(model)
        self._set_pictures()
        self._show_choice()

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Draw all strips, with gutters of one width."""
        shown = False
        for view, grips in zip(self.children_shown, self.grips, strict=True):
            view.levels = grips.names()
            view._source, view._overlays = source, overlays
            drew = view.draw(source, overlays)
            view.show_drawing(drew)
            shown |= drew
        self._align()
        for grips in self.grips:
            grips.show()
        self._place_cursor()
        return shown

    def _align(self) -> None:
        """Gutters as wide as the widest one needs."""
        left = max(view.left_needed for view in self.children_shown)
        if left != self._left:
            self._left = left
            for view in self.children_shown:
                view.up.setWidth(left)
        right = max(view.gutter.needed(view.gutter.ends) for view in self.children_shown)
        for view in self.children_shown:
            if view.gutter.least != right:
                view.gutter.set_least(right)

    def fit(self) -> None:
        """Forget zooms."""
        for view in self.children_shown:
            view.fit()

    # -- one cursor through all --

    def _hovered(self, x: float | None) -> None:
        if self._pinned is None and not (x is None and self._keyed):
            self._x, self._keyed = x, False
            self._place_cursor()

    def _hold(self, x: float) -> None:
        """The keys move the cursor, also one that a click held."""
        self._pinned, self._x, self._keyed = None, x, True
        self._place_cursor()

    def _pin(self, x: float) -> None:
        """A click holds the cursor where it is, another one lets it go."""
        self._pinned = None if self._pinned is not None else self._step_of(x)
        self._x, self._keyed = x, False
        self._place_cursor()

    def leave_cursor(self) -> bool:
        """Let a held cursor go; whether there was one."""
        held = self._pinned is not None or self._keyed
        self._pinned, self._keyed = None, False
        if held:
            self._hovered(None)
        return held

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the cursor are those of the first strip."""
        if not self.children_shown[0].pointing.keyed(event):
            super().keyPressEvent(event)

    def told(self) -> str:
        """The moment at the cursor, or the newest, and what each strip reads there."""
        at = self._x
        if at is None:
            newest = [view.pointing.newest() for view in self.children_shown]
            at = max((x for x in newest if x is not None), default=None)
        if at is None:
            return super().told()
        moment = f"{units.number(at + self._origin() * self.model.clock.dt, 5)} {self.model.clock.unit}"
        read = ((view.picture.title, view.read_at(at)) for view in self.children_shown)
        return ", ".join([moment, *(f"{title} {words}" for title, words in read if words)])

    def _origin(self) -> int:
        stretch = next(
            (plot.stretch for view in self.children_shown if (plot := getattr(view, "_plot", None)) and hasattr(plot, "stretch")), None
        )
        return stretch.origin if stretch is not None else 0

    def _step_of(self, x: float) -> int:
        return round(x / self.model.clock.dt) + self._origin()

    def _place_cursor(self) -> None:
        x = self._x
        if self._pinned is not None:
            x = (self._pinned - self._origin()) * self.model.clock.dt
        if x is not None:
            (x0, x1), _ = self.children_shown[0].field.viewRange()
            if not x0 <= x <= x1:  # its page is over, or its run
                self._pinned = self._x = x = None
                self._keyed = False
        step = None if x is None else self._step_of(x)
        if step != self._told:
            self._told = step
            self.pointed_at.emit(step)
        for view in self.children_shown:
            view.pointing.at = None if x is None else QPointF(x, view.field.viewRect().center().y())
            view.pointing.held = self._keyed
            view.point_at(x)
        last = self.children_shown[-1]
        self._time.setVisible(x is not None)
        if x is not None:
            self._time.setText(units.number(x + self._origin() * self.model.clock.dt, 5))
            self._time.adjustSize()
            at = last.canvas.mapFromScene(last.field.mapViewToScene(QPointF(x, last.field.viewRect().top())))
            place = last.canvas.viewport().mapTo(self, at)
            self._time.move(max(0, min(place.x() - self._time.width() // 2, self.width() - self._time.width())), place.y() + 2)
            self._time.raise_()

    def _say_grip(self, words: str) -> None:
        view = getattr(self.sender(), "view", None)
        self._grip_words.setVisible(bool(words))
        if words and view is not None:
            self._grip_words.setText(words)
            self._grip_words.adjustSize()
            place = view.mapTo(self, QPoint(view.width() // 2, 4))
            self._grip_words.move(place)
            self._grip_words.raise_()

    def _style_cursor(self) -> None:
        tokens = theme.current().tokens
        font = theme.mono_font(theme.current().caption)
        for label, ground, ink in ((self._time, tokens.text, tokens.surface), (self._grip_words, tokens.raised, tokens.text)):
            label.setFont(font)
            label.setStyleSheet(f"QLabel {{ background: {ground}; color: {ink}; border-radius: 4px; padding: 1px 5px; }}")

    def _style_pencil(self) -> None:
        self.pencil.setIcon(theme.icon("mdi6.pencil-outline"))

    def set_theme(self) -> None:
        """Colours of what is laid over."""
        if hasattr(self, "_time"):
            self._style_cursor()
            if not self.pencil.icon().isNull():  # a picture without a title line has no pencil: the letters of icons take long to load
                self._style_pencil()
        super().set_theme()

    # -- files dropped on the stimulus --

    def dragEnterEvent(self, event: Any) -> None:
        """Welcome a file that may drive the cell."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile() and Path(urls[0].toLocalFile()).suffix.lower() not in OWN_FILES:
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Make the file the stimulus."""
        event.acceptProposedAction()
        for grips in self.grips:
            if grips.takes_files:
                grips.take_file(event.mimeData().urls()[0].toLocalFile())

    # -- copy and export --

    def table(self) -> Table:
        """The columns of all strips; time once where it is the same."""
        names: list[str] = []
        columns: list[Any] = []
        for view in self.children_shown:
            own, data = view.table()
            for name, column in zip(own, data, strict=True):
                if any(name == n and np.array_equal(column, c) for n, c in zip(names, columns, strict=True)):
                    continue
                names.append(name)
                columns.append(column)
        return names, columns

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The strips from top to bottom, in the shares they have on the screen."""
        total = sum(view.height() for view in self.children_shown) or 1
        top = area.top()
        for view in self.children_shown:
            height = area.height() * view.height() / total
            painter.save()
            own = QRectF(area.left(), top, area.width(), height)
            view.paint_on(painter, own)
            painter.restore()
            self._paint_tag(painter, view, own)
            top += height

    def _paint_tag(self, painter: QPainter, view: PlotView, area: QRectF) -> None:
        """The name in the gutter is a label over the plot: it is written by hand where the plot is drawn elsewhere."""
        from lab.widgets.pictures.plot import strip_name

        look = theme.current()
        scale = area.height() / max(1, view.height())
        name, unit = strip_name(view._axes[1].label, view.picture.title)
        for row, (text, ink) in enumerate(((name, look.tokens.text), (unit, look.tokens.muted))):
            font = theme.sans_font(max(6, round(look.caption * scale)))
            font.setBold(row == 0)
            painter.setFont(font)
            painter.setPen(QColor(ink))
            line = 1.3 * look.caption * scale
            painter.drawText(QRectF(area.left() + 4 * scale, area.top() + 2 + row * line, 200, line), Qt.AlignmentFlag.AlignLeft, text)


def view_of_card(card: stage.Card, model: Model) -> PictureView:
    """What draws a card of the stage."""
    if card.strips is not None:
        return StripsView(card.strips, model)
    return make(next(p for p in model.pictures if p.name == card.name), model)


def _height(picture: Picture) -> float:
    """Share of the height: a tall strip for the heaviest, a low one for a stimulus."""
    return float(min(2.2, max(0.6, picture.weight)))


def _as_picture(strips: Strips, model: Model) -> Picture:
    pictures = {p.name: p for p in model.pictures}
    layers = tuple(layer for name in strips.pictures for layer in pictures[name].layers)
    figures = tuple(dict.fromkeys(key for name in strips.pictures for key in pictures[name].figures))
    return Picture(strips.name, strips.title, layers, doc=strips.doc, figures=figures, front=True)
