"""The right panel: what is in front, its presets, parameters and actions; notes on the other tab."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from lab import catalog
from lab.display.plots import typeset
from lab.errors import LabError
from lab.model import Action, Model
from lab.params import Described
from lab.widgets import theme
from lab.widgets.form import ParameterForm
from lab.widgets.labels import tip
from lab.widgets.notes import Notes
from lab.widgets.seed import SeedGroup

DEFAULTS = "Defaults"
OWN = "Own values"
HAND_OVER, TAKE_OVER, PASS_ON = "hand over", "take over", "pass on "  # asked for like actions; the last with the name of a model
TAKEN = "Go on with the network that another run of this session has trained, or with weights from a file"
ROWS, FEW_ROWS = 3, 2  # of action buttons, in a low window fewer: parameters need the height
LOW = 760  # px: a window less high is low
SHORT = 430  # px: a panel less high has no words about the model


def preset_of(model: Model) -> str:
    """The title of the preset whose values these are, DEFAULTS, or nothing for values of one's own."""
    changed = model.changed()
    if not changed:
        return DEFAULTS
    return next((title for title, values in type(model).preset_changes().items() if values == changed), "")


def _elsewhere(*_: Any) -> None:
    """What hands a network over is no action of the run: the window does it."""


def key_of(action: Action) -> str:
    """The key of an action of a model: its letter with Alt, which does not collide with the keys of the window."""
    return f"Alt+{action.shortcut}"


class Actions(QWidget):
    """The actions of a model as buttons; one with arguments asks for them first. Those beyond `ROWS` rows wait in a menu."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(14, 4, 14, 4)
        self._grid.setSpacing(6)
        self._kind: type[Model] | None = None
        self._last: dict[str, dict[str, Any]] = {}
        self._room = (0, 0)
        self.buttons: dict[str, ActionButton] = {}
        self.more = QPushButton("More actions", self)
        self.more.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.more.setMenu(QMenu(self.more))
        self.more.hide()

    def show_model(self, kind: type[Model]) -> None:
        """Make the buttons of a model."""
        if kind is self._kind:
            return
        self._kind = kind
        for old in self.buttons.values():
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = {}
        shown = [a for a in kind.actions().values() if not a.hidden]
        # Behind what is nearest at hand, and before what the menu holds in a low window.
        shown[1:1] = [Action(PASS_ON + each["to"], each["words"], each["about"], Described, _elsewhere) for each in kind.passes_on]
        if kind.hands_over and all(spec.kind != "graph" for spec in kind.specs().values()):  # on the canvas the button stands there
            shown.append(Action(HAND_OVER, kind.hands_over["words"], kind.hands_over["about"], Described, _elsewhere))
        if kind.takes_over:
            shown.append(Action(TAKE_OVER, kind.takes_over, TAKEN, Described, _elsewhere))
        for action in shown:
            button = ActionButton(action, self)
            button.clicked.connect(partial(self.press, action.name))
            button.asked.connect(self._ask)
            self.buttons[action.name] = button
        self._room = (0, 0)
        self._place()
        self.setVisible(bool(shown))

    def press(self, name: str) -> None:
        """Do an action or ask for its arguments, as a click on its button does."""
        button = self.buttons[name]
        button.press(self.more if button.isHidden() else button)

    def place_of(self, name: str) -> QPoint:
        """Where on the screen a menu of an action opens."""
        button = self.buttons[name] if self.buttons[name].isVisible() else self.more
        return button.mapToGlobal(QPoint(0, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two beside each other only where both fit."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        widest = max((b.fontMetrics().horizontalAdvance(b.text()) for b in self.buttons.values()), default=0)
        columns = 2 if len(self.buttons) > 1 and 2 * (widest + 26) + 34 <= self.width() else 1
        rows = ROWS if self.window().height() >= LOW else FEW_ROWS
        if (columns, rows) != self._room:
            self._room = (columns, rows)
            room = rows * columns
            seen = len(self.buttons) if len(self.buttons) <= room else room - 1
            menu = self.more.menu()
            for entry in self.actions():
                self.removeAction(entry)
            menu.clear()
            for position, (name, button) in enumerate(self.buttons.items()):
                button.setVisible(position < seen)
                if position < seen:
                    self._grid.addWidget(button, position // columns, position % columns)
                    continue
                self._grid.removeWidget(button)
                entry = menu.addAction(button.text())
                entry.setToolTip(button.toolTip())
                if button.action.shortcut:
                    entry.setShortcut(key_of(button.action))
                    self.addAction(entry)  # the key of a button that is hidden does nothing
                entry.triggered.connect(partial(self.press, name))
            self._grid.removeWidget(self.more)
            self.more.setVisible(seen < len(self.buttons))
            if seen < len(self.buttons):
                self._grid.addWidget(self.more, seen // columns, seen % columns)

    def _ask(self, name: str, arguments: dict) -> None:
        self._last[name] = arguments
        self.asked.emit(name, arguments)


class ActionButton(QPushButton):
    """Does an action, or opens the form of its arguments."""

    asked = Signal(str, dict)

    def __init__(self, action: Action, parent: QWidget | None = None):
        specs = action.arguments.specs()
        super().__init__(action.label + ("…" if specs else ""), parent)
        self.action = action
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(tip(action.doc + (f" ({key_of(action)})" if action.shortcut else "")))
        if action.shortcut:
            self.setShortcut(key_of(action))
        self._value = action.arguments()

    def press(self, beside: QWidget) -> None:
        """Do it, or ask in a form below `beside`."""
        if not self.action.arguments.specs():
            self.asked.emit(self.action.name, {})
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        holder = QFrame(menu)
        holder.setFixedWidth(max(260, beside.width()))
        column = QVBoxLayout(holder)
        column.setContentsMargins(12, 8, 12, 12)
        self.form = ParameterForm(self.action.arguments, holder)
        inside = self.form.widget()
        assert inside is not None
        self.form.setFixedHeight(min(360, inside.sizeHint().height() + 4))
        self.form.set_model(self._value)
        self.form.edited.connect(self._edit)
        self.form.committed.connect(self._edit)
        go = QPushButton(self.action.label, holder)
        go.setProperty("role", "primary")
        go.clicked.connect(self._go)
        go.clicked.connect(menu.close)
        column.addWidget(self.form)
        column.addWidget(go)
        entry = QWidgetAction(menu)
        entry.setDefaultWidget(holder)
        menu.addAction(entry)
        menu.popup(beside.mapToGlobal(QPoint(0, beside.height() + 2)))
        self.menu_open = menu

    def _edit(self, name: str, value: Any) -> None:
        try:
            self._value = self._value.replace(**{name: value})
            self.form.set_model(self._value)
        except LabError as error:
            self.form.show_error((name,), error.said)

    def _go(self) -> None:
        self.asked.emit(self.action.name, self._value.values())


class LessonButtons(QToolButton):
    """The lessons that show a model: one opens at a click, several from a menu."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)
        self._model = ""
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def show_model(self, model: str) -> None:
        """Offer the lessons of a model; they are read when the menu is opened."""
        self._model = model
        self.setText("Lessons about this")
        self.setVisible(bool(catalog.panel_of(model)))

    def _fill(self) -> None:
        from lab.lessons.shelf import shelf

        menu = self.menu()
        menu.clear()
        for lesson in shelf().of_model(self._model):
            menu.addAction(f"{lesson.title}  ({lesson.minutes} min)").triggered.connect(partial(self.chosen.emit, lesson.name))
        if menu.isEmpty():
            menu.addAction("No lesson yet: its presets show what it can do").setEnabled(False)

    def set_theme(self) -> None:
        """Icon of the look in force."""
        self.setIcon(theme.icon("mdi6.book-open-variant", "muted"))


class Side(QWidget):
    """The right panel."""

    preset_chosen = Signal(str)
    edited = Signal(str, object)
    committed = Signal(str, object)
    acted = Signal(str, dict)
    handed_over = Signal()
    taking_over = Signal(QPoint)
    passing_on = Signal(str)
    seed_chosen = Signal(int)
    help_asked = Signal()
    graph_wanted = Signal(str)
    vary_wanted = Signal(str)
    lesson_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 8)
        column.setSpacing(4)
        self.title = QLabel("", self)
        self.title.setProperty("role", "title")
        self.title.setWordWrap(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.title.setContentsMargins(16, 0, 16, 0)
        self.about = QLabel("", self)
        self.about.setProperty("role", "caption")
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.about.setContentsMargins(16, 0, 16, 4)
        self.preset = QComboBox(self)
        self.preset.setAccessibleName("Preset")
        self.preset.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.preset.setMinimumContentsLength(1)
        self.preset.activated.connect(self._preset)
        holder = QWidget(self)
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(16, 0, 16, 4)
        inner.addWidget(self.preset)
        self.lessons = LessonButtons(holder)
        self.lessons.chosen.connect(self.lesson_wanted)
        inner.addWidget(self.lessons)
        self._preset_holder = holder
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName("Parameters and notes")
        self.tabs.tabBar().setAccessibleName("Parameters and notes")
        self.tabs.setDocumentMode(True)
        self._body = QWidget(self)
        self._inside = QVBoxLayout(self._body)
        self._inside.setContentsMargins(2, 8, 2, 4)
        self._inside.setSpacing(8)
        self.actions_box = Actions(self._body)
        self.actions_box.asked.connect(self._asked)
        self._inside.addWidget(self.actions_box)
        self.notes = Notes(self)
        self.notes.setContentsMargins(16, 0, 16, 0)
        self.tabs.addTab(self._body, "Parameters")
        self.tabs.addTab(self.notes, "Notes")
        column.addWidget(self.title)
        column.addWidget(self.about)
        column.addWidget(holder)
        column.addWidget(self.tabs, 1)
        self.form: ParameterForm | None = None
        self.run: SeedGroup | None = None
        self._kind: type[Model] | None = None
        self._projector = False

    def show_model(self, model: Model, about: str, seed: int = 0) -> None:
        """Show a model and the seed of its run; the form is made once per class and then only given other values."""
        kind = type(model)
        if kind is not self._kind:
            self._kind = kind
            if self.form is not None:
                self._inside.removeWidget(self.form)
                self.form.hide()
                self.form.deleteLater()
            self.form = ParameterForm(kind, self._body)
            self.form.edited.connect(self.edited)
            self.form.committed.connect(self.committed)
            self.form.graph_wanted.connect(self.graph_wanted)
            self.form.vary_wanted.connect(self.vary_wanted)
            self.form.set_projector(self._projector)
            self._add_seed(self.form)
            self._inside.insertWidget(0, self.form, 1)
            self.actions_box.show_model(kind)
            self.title.setText(kind.title or kind.name)
            self.about.setText(typeset(about))
            self.preset.clear()
            self.preset.addItems([DEFAULTS, *kind.presets])
            self.lessons.show_model(kind.name)
        assert self.form is not None and self.run is not None
        self.run.show_seed(seed)
        if self.form.model != model:
            # Not while it is the form that changed it: a drag that is going on must not be cut in two.
            self.form.set_model(model)
        found = preset_of(model)
        at = self.preset.findText(OWN)
        if found and at >= 0:
            self.preset.removeItem(at)
        elif not found and at < 0:
            self.preset.addItem(OWN)
        self.preset.setCurrentText(found or OWN)

    def _add_seed(self, form: ParameterForm) -> None:
        """Below the parameters, before the empty rest."""
        inside = form.widget()
        column = inside.layout() if inside is not None else None
        assert isinstance(column, QVBoxLayout)
        self.run = SeedGroup(inside)
        self.run.chosen.connect(self.seed_chosen)
        self.run.setVisible(not self._projector)
        column.insertWidget(column.count() - 1, self.run)

    def mark_controls(self, names: tuple[str, ...], one: str) -> None:
        """Mark the parameters a step of a lesson is about, the first of them in sight; `one` may be an action."""
        if self.form is not None:
            self.form.mark(names, one)
        for name, button in self.actions_box.buttons.items():
            button.setProperty("role", "primary" if name == one else "")
            button.style().unpolish(button)
            button.style().polish(button)

    def show_error(self, names: tuple[str, ...], sentence: str) -> None:
        """Explain a refused value in its row."""
        if self.form is not None:
            self.form.show_error(names, sentence)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The values come before the words about the model."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        self.about.setVisible(not self._projector and self.height() >= SHORT)

    def set_projector(self, on: bool) -> None:
        """Fold everything but the parameters of the lesson."""
        self._projector = on
        self._make_room()
        self.tabs.tabBar().setVisible(not on)
        if self.form is not None and self.run is not None:
            self.form.set_projector(on)
            self.run.setVisible(not on)
        self.setFixedWidth(360 if on else 300)

    def _asked(self, name: str, arguments: dict) -> None:
        if name == HAND_OVER:
            self.handed_over.emit()
        elif name.startswith(PASS_ON):
            self.passing_on.emit(name.removeprefix(PASS_ON))
        elif name == TAKE_OVER:
            self.taking_over.emit(self.actions_box.place_of(name))
        else:
            self.acted.emit(name, arguments)

    def _preset(self, at: int) -> None:
        text = self.preset.itemText(at)
        if text != OWN:
            self.preset_chosen.emit(text)
