"""The form made from a model's parameters: groups, most used first; a change is tried, judged in place and passed on.

form.edited(name, value)     each moment of a drag, already valid
form.committed(name, value)  what a person settled on: one step of undo
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QGridLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.display.plots import typeset
from lab.display.symbols import markup
from lab.errors import ParameterError
from lab.model import Model
from lab.params import Described, Spec
from lab.units import number
from lab.widgets import theme
from lab.widgets.fields import Field, make_field
from lab.widgets.labels import TwoLines, tip
from lab.widgets.ticks import Ticks

OPEN_ROWS = 12  # groups are open until so many rows are shown; the rest is folded
PROJECTED = 3
LEAST = 20  # px of a button in a row
SYMBOL = re.compile(r"dt|([A-Za-z]|tau|alpha|beta|sigma|theta|lambda|eta|phi|epsilon|kappa|gamma)(_[A-Za-z]{1,5}|_[0-9])?")


class Dot(QAbstractButton):
    """Filled when the value differs from the default; a click goes back to it."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.changed = False

    def set_changed(self, changed: bool, default: str, label: str) -> None:
        """Show or hide the mark."""
        self.changed = changed
        self.setEnabled(changed)
        self.setToolTip(f"Changed; click for the default, {default}" if changed else "")
        self.setAccessibleName(f"Reset {label} to {default}")
        self.setCursor(Qt.CursorShape.PointingHandCursor if changed else Qt.CursorShape.ArrowCursor)
        self.update()

    def sizeHint(self) -> QSize:
        """Always there, so that labels do not move."""
        return QSize(14, 20)

    def paintEvent(self, event: Any) -> None:
        """A dot, with a ring while it has the focus or the cursor."""
        if not self.changed:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.colour("accent"))
        painter.setPen(theme.colour("text") if self.hasFocus() or self.underMouse() else QColor(0, 0, 0, 0))
        painter.drawEllipse(1, self.height() // 2 - 4, 8, 8)
        painter.end()


class Row(QWidget):
    """One parameter: mark, label, editor, slider, and the sentence that says what is wrong."""

    def __init__(self, spec: Spec, field: Field, parent: QWidget | None = None):
        super().__init__(parent)
        self.spec = spec
        self.field = field
        self._marked = False
        self.name = shown_name(spec)
        self.setToolTip(tip(_tip(spec)))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(2)
        self.dot = Dot(self)
        self.label = TwoLines(self.name, self)
        self.label.setBuddy(field.target)
        self.symbol = QLabel(markup(spec.symbol), self)
        self.symbol.setTextFormat(Qt.TextFormat.RichText)
        self.symbol.setProperty("role", "symbol")
        self.symbol.hide()
        self.restarts = QLabel(self)
        self.restarts.setVisible(not spec.live)
        self.restarts.setToolTip("Changing this restarts the run")
        self.restarts.setAccessibleName("restarts the run")
        grid.addWidget(self.dot, 0, 0)
        grid.addWidget(self.symbol, 0, 1)
        grid.addWidget(self.label, 0, 2)
        grid.addWidget(self.restarts, 0, 3)
        grid.setColumnStretch(2, 1)
        if field.wide:
            grid.addWidget(field, 1, 1, 1, 4)
        else:
            grid.addWidget(field, 0, 4)
        if field.below is not None:
            field.below.setParent(self)
            field.below.setToolTip(self.toolTip())
            (getattr(field, "slider", None) or field.below).setAccessibleName(f"{self.name} slider")
            grid.addWidget(field.below, 1, 1, 1, 4)
        self.words = QLabel(self)
        self.words.setProperty("role", "error")
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.words.hide()
        grid.addWidget(self.words, 2, 1, 1, 4)
        for button in field.findChildren(QToolButton):
            button.setMinimumHeight(LEAST)  # a row that is just being shown may be a few pixels high: an icon of none cannot be painted
        field.target.setAccessibleName(self.name)
        field.target.setAccessibleDescription(spec.doc)

    def set_marked(self, marked: bool) -> None:
        """A lesson is about this parameter: a ground of its own with a bar at its left."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def paintEvent(self, event: Any) -> None:
        """The bar of a marked row."""
        if self._marked:
            painter = QPainter(self)
            painter.fillRect(self.rect(), theme.colour("accent", 0.1))
            painter.fillRect(0, 0, 2, self.height(), theme.colour("accent"))
            painter.end()

    def set_error(self, sentence: str) -> None:
        """Mark the row and explain, or neither."""
        self.field.set_invalid(bool(sentence))
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    def show_value(self, value: Any) -> None:
        """Show a value and whether it differs from the default."""
        self.field.set_value(value)
        default = self.spec.default
        text = typeset(self.spec.text(default))
        self.dot.set_changed(value != default, text if len(text) < 60 else "as first shown", self.name)

    @property
    def symbol_width(self) -> int:
        """Pixels that the symbol needs."""
        self.symbol.ensurePolished()  # in the letters that the style sheet gives it
        self.symbol.setMinimumWidth(0)  # a label asks for no less than it was given: after a look with large letters it would stay wide
        return self.symbol.sizeHint().width() if self.spec.symbol else 0

    def show_symbol(self, width: int) -> None:
        """Give the symbol its column: once one parameter of a group has a symbol, all names of it begin beside it."""
        self.symbol.setFixedWidth(width)
        self.symbol.show()

    def set_theme(self) -> None:
        """Icons and fonts."""
        self.field.set_theme()
        look = theme.current()
        self.symbol.setStyleSheet(f"color: {look.tokens.muted}; font-size: {look.text}px;")
        self.restarts.setPixmap(theme.icon("mdi6.restart").pixmap(theme.current().caption, theme.current().caption))


def shown_name(spec: Spec) -> str:
    """A parameter's name as a person reads it: words with a capital, symbols such as dt, t_ref and tau_m as the equations have them."""
    unnamed = not spec.symbol and spec.label == spec.name.replace("_", " ").capitalize()
    symbol = unnamed and SYMBOL.fullmatch(spec.name)
    return typeset(spec.name if symbol else spec.label)


def _tip(spec: Spec) -> str:
    limits = (
        f" From {number(spec.lo, 6)} to {number(spec.hi, 6)}{' ' + typeset(spec.unit) if spec.unit else ''}."
        if spec.lo is not None and spec.hi is not None
        else ""
    )
    if spec.soft:
        limits += f" The slider covers {number(spec.soft[0], 6)} to {number(spec.soft[1], 6)}; Shift drags finely."
    restart = "" if spec.live else " Changing it restarts the run."
    return f"{spec.doc}{limits}{restart} ({spec.name})"


class Group(QWidget):
    """A heading that folds its rows away; folded, it says how many of them are changed."""

    def __init__(self, title: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.title = title
        self.rows: list[Row] = []
        self.open = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        self.heading = QToolButton(self)
        self.heading.setObjectName("fold")
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.setVisible(bool(title))
        self.heading.clicked.connect(self.toggle)
        column.addWidget(self.heading)
        self.body = QWidget(self)
        self.inner = QVBoxLayout(self.body)
        self.inner.setContentsMargins(0, 0, 0, 0)
        self.inner.setSpacing(4)
        column.addWidget(self.body)

    def add(self, row: Row) -> None:
        """Put a row at the end."""
        self.rows.append(row)
        self.inner.addWidget(row)

    def toggle(self) -> None:
        """Fold or unfold."""
        self.set_open(not self.open)

    def set_open(self, is_open: bool) -> None:
        """Unfold or fold."""
        self.open = is_open
        self.body.setVisible(is_open)
        self.show_heading()

    def show_heading(self) -> None:
        """Arrow, title and number of changes."""
        changed = sum(row.dot.changed for row in self.rows)
        note = f"  ·  {changed} changed" if changed and not self.open else ""
        self.heading.setText(typeset(self.title).upper() + note)
        self.heading.setIcon(theme.icon("mdi6.chevron-down" if self.open else "mdi6.chevron-right"))
        self.heading.setAccessibleName(f"{self.title}, {'open' if self.open else 'folded'}{note}")


class ParameterForm(QScrollArea):
    """Edits a model (or any `Described` value). It keeps the last valid value; `set_model` replaces it from outside.

    edited        (name, value) while it is dragged; the value is valid
    committed     (name, value) when a person settled on it
    graph_wanted  (name) the canvas of a graph parameter should open
    vary_wanted   (name) a parameter of a model should be swept
    """

    edited = Signal(str, object)
    committed = Signal(str, object)
    graph_wanted = Signal(str)
    vary_wanted = Signal(str)

    def __init__(self, described: type[Described] | Described, parent: QWidget | None = None):
        super().__init__(parent)
        kind = described if isinstance(described, type) else type(described)
        self.kind: type[Described] = kind
        self.model: Described = kind() if isinstance(described, type) else described
        self.rows: dict[str, Row] = {}
        self.groups: list[Group] = []
        self._settled = dict(self.model.values())
        self._ticks = Ticks(kind, self)
        self._ticks.found.connect(self._show_ticks)
        self._projector = False
        self._filter = ""
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 10, 0)
        column.setSpacing(4)
        for title, names in self._arranged():
            group = Group(title, inside)
            for name in names:
                group.add(self._row(kind.specs()[name], group))
            self.groups.append(group)
            column.addWidget(group)
        column.addStretch(1)
        self.setWidget(inside)
        shown = 0
        for group in self.groups:
            changed = any(self._settled[row.spec.name] != row.spec.default for row in group.rows)
            group.set_open(not group.title or shown < OPEN_ROWS or changed)
            shown += len(group.rows) if group.open else 0
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()
        self._show_all()

    def _arranged(self) -> list[tuple[str, list[str]]]:
        specs = self.kind.specs()
        groups: dict[str, list[str]] = {}
        for spec in specs.values():
            groups.setdefault("" if spec.main else spec.group or "", []).append(spec.name)
        # Without a heading come the main ones, then those that belong to no group.
        first = sorted(groups.pop("", []), key=lambda n: not specs[n].main)
        return ([("", first)] if first else []) + list(groups.items())

    def _row(self, spec: Spec, parent: QWidget) -> Row:
        field = make_field(spec)
        row = Row(spec, field, parent)
        field.setParent(row)
        # The name is bound as a property of the sender: a lambda would keep the form alive.
        field.setProperty("parameter", spec.name)
        row.dot.setProperty("parameter", spec.name)
        field.edited.connect(self._edited)
        field.committed.connect(self._committed)
        field.typed.connect(self._typed)
        row.dot.clicked.connect(self._reset)
        field.opened.connect(self._graph)
        self.rows[spec.name] = row
        return row

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the parameter under the mouse."""
        row = next((r for r in self.rows.values() if r.isVisible() and r.rect().contains(r.mapFromGlobal(event.globalPos()))), None)
        if row is not None:
            self.menu(row.spec).popup(event.globalPos())

    def menu(self, spec: Spec) -> QMenu:
        """Back to the default; of a model also: run it at many values."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        back = menu.addAction(theme.icon("mdi6.backup-restore"), "Back to the default")
        back.setEnabled(self.rows[spec.name].dot.changed)
        back.triggered.connect(self.rows[spec.name].dot.click)
        if issubclass(self.kind, Model) and (spec.choices or spec.kind in ("int", "float", "bool")):
            vary = menu.addAction(theme.icon("mdi6.chart-bell-curve"), "Vary this…")
            vary.setProperty("parameter", spec.name)
            vary.triggered.connect(self._vary)
        return menu

    def _vary(self) -> None:
        self.vary_wanted.emit(self._name())

    # -- what comes from outside --

    def set_model(self, model: Described) -> None:
        """Show another value of the same kind; says nothing, clears errors."""
        self.model = model
        self._settled = dict(model.values())
        self._show_all()

    def show_error(self, names: Iterable[str], sentence: str) -> None:
        """Mark the rows with these names and put the sentence under the first of them."""
        first = True
        for name in names:
            if name in self.rows:
                self.rows[name].set_error(sentence if first else "see above")
                for group in self.groups:
                    if self.rows[name] in group.rows and not group.open:
                        group.set_open(True)
                first = False

    def clear_errors(self) -> None:
        """Take all marks away."""
        for row in self.rows.values():
            row.set_error("")

    def set_projector(self, on: bool) -> None:
        """Only the two or three parameters a lesson is about."""
        self._projector = on
        self._arrange_visible()

    def set_filter(self, text: str) -> None:
        """Only rows whose name, label, group or description contains the text."""
        self._filter = text.strip().lower()
        self._arrange_visible()

    def mark(self, names: Iterable[str], one: str = "") -> None:
        """Mark the rows that a lesson is about, and bring the first into view (or `one`, if it is a row)."""
        names = [n for n in names if n in self.rows]
        for name, row in self.rows.items():
            row.set_marked(name in names or name == one)
        first = one if one in self.rows else next(iter(names), "")
        if first:
            for group in self.groups:
                if self.rows[first] in group.rows and not group.open:
                    group.set_open(True)
            self.ensureWidgetVisible(self.rows[first])

    def focus_parameter(self, name: str) -> None:
        """Bring a parameter into view and give it the focus."""
        row = self.rows[name]
        for group in self.groups:
            if row in group.rows and not group.open:
                group.set_open(True)
        self.ensureWidgetVisible(row)
        row.field.target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # -- what a person does --

    def _name(self) -> str:
        return str(self.sender().property("parameter"))

    def _edited(self, value: Any) -> None:
        self._try(self._name(), value, final=False)

    def _committed(self, value: Any) -> None:
        self._try(self._name(), value, final=True)

    def _typed(self, text: str) -> None:
        name = self._name()
        try:
            value = self.kind.from_text(name, text)
        except ParameterError as error:
            self.rows[name].set_error(error.said)
            return
        self._try(name, value, final=True)

    def _reset(self) -> None:
        name = self._name()
        if self.rows[name].dot.changed:
            self._try(name, self.kind.specs()[name].default, final=True)

    def _graph(self) -> None:
        self.graph_wanted.emit(self._name())

    def _try(self, name: str, value: Any, *, final: bool) -> None:
        """Judge a change: pass it on if it is valid, explain it in place if not."""
        try:
            changed = self.model.replace(**{name: value})
        except ParameterError as error:
            self.show_error(error.names or (name,), error.said)
            return
        self.model = changed
        self.clear_errors()
        self.rows[name].show_value(getattr(changed, name))
        self._ticks.ask(changed)
        self._arrange_visible()
        value = getattr(changed, name)
        if not final:
            self.edited.emit(name, value)
        elif value != self._settled[name]:
            self._settled[name] = value
            self.edited.emit(name, value)
            self.committed.emit(name, value)

    # -- showing --

    def _show_all(self) -> None:
        for name, row in self.rows.items():
            row.show_value(getattr(self.model, name))
        self._ticks.ask(self.model)
        self.clear_errors()
        self._arrange_visible()

    def applies(self, spec: Spec) -> bool:
        """Whether a parameter has a meaning with the present values of the others."""
        if spec.when is None:
            return True
        other, values = spec.when
        return getattr(self.model, other) in values and self.applies(self.kind.specs()[other])

    def _show_ticks(self, name: str, marks: dict[str, float]) -> None:
        self.rows[name].field.set_marks(marks)

    def _arrange_visible(self) -> None:
        specs = self.kind.specs()
        mains = {n for n, s in specs.items() if s.main} or set(list(specs)[:PROJECTED])
        for group in self.groups:
            found = 0
            for row in group.rows:
                spec = row.spec
                text = f"{spec.name} {spec.label} {spec.group} {spec.doc}".lower()
                shown = self.applies(spec) and (not self._projector or spec.name in mains) and self._filter in text
                row.setVisible(shown)
                found += shown
            group.setVisible(found > 0)
            group.body.setVisible(group.open or bool(self._filter) or self._projector)
            group.show_heading()

    def set_theme(self) -> None:
        """Icons and fonts of every row."""
        look = theme.current()
        for row in self.rows.values():
            row.set_theme()
        width = max((row.symbol_width for row in self.rows.values()), default=0)
        for group in self.groups:
            if any(row.spec.symbol for row in group.rows):
                for row in group.rows:
                    row.show_symbol(max(width, round(2.2 * look.text)))
            group.heading.setStyleSheet(
                f"QToolButton {{ color: {look.tokens.muted}; font-size: {look.caption}px; font-weight: 500; padding: 4px 0; text-align: left; }}"
                f"QToolButton:hover {{ color: {look.tokens.text}; background: transparent; }}"
            )
            group.show_heading()
