"""The sheet: one for every file, laid over the window; what runs goes on behind it.

title, size, whether every row was read                                     another file, close
found:  what it is, separator, decimal mark, encoding, first row, missing
a card for each column with the first rows, or a picture                    what is predicted, gaps, test
what will come out                                                          the verbs that fit
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.data import recognise
from lab.data.door import size_text
from lab.data.learned import Warning, paragraph
from lab.data.recognise import Found
from lab.data.tables import AS_FOUND, Choices
from lab.data.words import count
from lab.errors import LabError
from lab.units import number as printed
from lab.widgets import theme
from lab.widgets.data_sheet.aside import Aside
from lab.widgets.data_sheet.columns import ColumnCards
from lab.widgets.data_sheet.found import FoundBar
from lab.widgets.data_sheet.preview import Preview
from lab.widgets.data_sheet.reading import Reading
from lab.widgets.data_sheet.verbs import Chosen, Purpose, Verb, table_values, verbs
from lab.widgets.settings import Settings

MARGIN = 0.08  # of the window that is left free around the sheet
NUMBERS = ("column", "sample_rate")
TRAINING = {"balance": False, "standardise": True, "test_fraction": 0.2}  # choices that only a training has, at their defaults


class Welcome(QFrame):
    """Where a file may be dropped, before there is one."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("welcome")
        column = QVBoxLayout(self)
        column.addStretch(1)
        self.icon = QLabel(self)
        self.icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = QLabel("Drop a file here, or anywhere on the window", self)
        self.words.setProperty("role", "title")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note = QLabel("A table, a recording, a sound, vectors, a network, pictures, a text or a session", self)
        self.note.setProperty("role", "caption")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton("Choose a file…", self)
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self.chosen)
        column.addWidget(self.icon)
        column.addWidget(self.words)
        column.addWidget(self.note)
        column.addSpacing(12)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(2)
        self.set_theme()

    def set_theme(self) -> None:
        """Colours and icon."""
        tokens = theme.current().tokens
        self.setStyleSheet(f"QFrame#welcome {{ border: 2px dashed {tokens.line}; border-radius: 12px; }}")
        self.icon.setPixmap(theme.icon("mdi6.tray-arrow-down", "accent").pixmap(48, 48))


class DataSheet(QWidget):
    """Shows one file at a time. `verb_chosen` gives the verb and the file; `closed` that it was put away."""

    verb_chosen = Signal(object, object)
    closed = Signal()

    def __init__(self, parent: QWidget, settings: Settings, front: Callable[[], str]):
        super().__init__(parent)
        self.setObjectName("data-sheet")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.settings, self._front, self._ground = settings, front, parent
        self._rules: list[QFrame] = []
        self.path: Path | None = None
        self.kind = ""
        self.choices = AS_FOUND
        self.more: dict[str, Any] = dict(TRAINING)
        self.reading: dict[str, Any] = {}
        self.purpose: Purpose | None = None
        self.found: Found | None = None
        self.remembered = False
        self.buttons: list[QPushButton] = []
        self._verbs: list[Verb] = []
        self.reader = Reading(self)
        self.reader.done.connect(self._read)
        self._build()
        parent.installEventFilter(self)
        theme.changes().changed.connect(self.set_theme)
        self.hide()

    # -- putting together --

    def _build(self) -> None:
        self.card = QFrame(self)
        self.card.setObjectName("card")
        column = QVBoxLayout(self.card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self._rule())
        self.bar = FoundBar(self.card)
        self.bar.said.connect(self._said)
        self.bar.kind_said.connect(self._kind_said)
        strip = QScrollArea(self.card)
        strip.setWidget(self.bar)
        strip.setWidgetResizable(True)
        strip.setFrameShape(QFrame.Shape.NoFrame)
        strip.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        strip.setFixedHeight(theme.current().field + 22)
        self.strip = strip
        column.addWidget(strip)
        self.strip_rule = self._rule()
        column.addWidget(self.strip_rule)
        body = QHBoxLayout()
        body.setSpacing(0)
        left = QVBoxLayout()
        left.setContentsMargins(20, 12, 12, 0)
        self.columns = ColumnCards(self.card)
        self.columns.kind_chosen.connect(self._type_said)
        self.columns.target_chosen.connect(self._target_said)
        self.columns.picked.connect(self._picked)
        self.preview = Preview(self.card)
        self.welcome = Welcome(self.card)
        self.welcome.chosen.connect(self.browse)
        self.sentence = QLabel(self.card)
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("role", "caption")
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setContentsMargins(0, 4, 0, 8)
        left.addWidget(self.sentence)
        for widget in (self.columns, self.preview, self.welcome):
            left.addWidget(widget, 1)
        body.addLayout(left, 1)
        self.aside = Aside(self.card)
        self.aside.target_chosen.connect(self._target_said)
        self.aside.said.connect(self._said)
        self.aside.mended.connect(self._mended)
        self.right = QScrollArea(self.card)
        self.right.setWidget(self.aside)
        self.right.setWidgetResizable(True)
        self.right.setFrameShape(QFrame.Shape.NoFrame)
        self.right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.right.setFixedWidth(370)
        body.addWidget(self.right)
        column.addLayout(body, 1)
        column.addWidget(self._rule())
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 12, 20, 12)
        foot.setSpacing(10)
        self.outcome = QLabel(self.card)
        self.outcome.setWordWrap(True)
        self.outcome.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        foot.addWidget(self.outcome, 1)
        self.foot = foot
        column.addLayout(foot)

    def _rule(self) -> QFrame:
        line = QFrame(self.card)
        line.setFixedHeight(1)
        self._rules.append(line)
        return line

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(20, 14, 16, 12)
        row.setSpacing(12)
        self.icon = QLabel(self.card)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = QLabel("Bring your data", self.card)
        self.title.setProperty("role", "title")
        self.about = QLabel(self.card)
        self.about.setProperty("role", "caption")
        words.addWidget(self.title)
        words.addWidget(self.about)
        self.badge = QLabel(self.card)
        self.badge.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self.other = QPushButton("Another file…", self.card)
        self.other.clicked.connect(self.browse)
        self.close_button = QToolButton(self.card)
        self.close_button.setToolTip("Close (Escape)")
        self.close_button.setAccessibleName("Close")
        self.close_button.clicked.connect(self.leave)
        row.addWidget(self.icon)
        row.addLayout(words, 1)
        row.addWidget(self.badge)
        row.addWidget(self.other)
        row.addWidget(self.close_button)
        return row

    # -- opening and closing --

    def welcome_file(self, purpose: Purpose | None = None) -> None:
        """Open without a file."""
        self.purpose = purpose
        self.path, self.found = None, None
        self.reader.forget()
        self._show()
        self.title.setText("Bring your data" if purpose is None else purpose.words)
        self.about.setText("" if purpose is None else "The file is read here first, and used when you say so.")
        self._arrange(False)
        self._show_verbs([])
        self.outcome.setText("")

    def open(self, path: str | Path, *, purpose: Purpose | None = None, values: dict[str, Any] | None = None) -> None:
        """Show a file; `values` are choices that are already made (those of an experiment), else those remembered for it."""
        self.purpose = purpose if purpose is not None else self.purpose if self.isVisible() and self.path is None else None
        self.path = Path(path).expanduser()
        self.kind, self.found, self.reading = "", None, {}
        kept = values if values is not None else self._remembered()
        names = set(vars(AS_FOUND))
        try:
            self.choices = replace(AS_FOUND, **{n: v for n, v in kept.items() if n in names and isinstance(v, str)})
        except TypeError:
            self.choices = AS_FOUND
        self.more = {name: kept[name] if isinstance(kept.get(name), type(default)) else default for name, default in TRAINING.items()}
        self.reading = {n: kept[n] for n in ("column", "sample_rate", "time_unit", "scale") if n in kept and self.purpose is not None}
        self.remembered = bool(kept) and values is None
        self._show()
        self.title.setText("Bring your data")
        self.about.setText(f"{self.path.name}: reading …")
        self._read_again()

    def browse(self) -> None:
        """Ask for a file; the window goes on meanwhile."""
        folder = str(self.path.parent) if self.path is not None else ""
        dialog = QFileDialog(self, "Bring your data", folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setModal(False)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open)
        dialog.show()

    def leave(self) -> None:
        """Put the sheet away."""
        if self.isVisible():
            self.reader.forget()
            self.purpose = None
            self.hide()
            self.closed.emit()

    def _show(self) -> None:
        self._place()
        self.set_theme()
        self.show()
        self.raise_()
        self.setFocus()

    # -- reading --

    def _read_again(self) -> None:
        if self.path is None:
            return
        call = partial(recognise.look, self.path, self.choices, self.kind, **{k: v for k, v in self.reading.items() if k != "scale"})
        self.about.setText(f"{self.path.name}: reading …")
        self.reader.ask(call)

    def _read(self, found: Any) -> None:
        if isinstance(found, LabError):
            found = Found(self.path or Path(), "", problem=str(found))
        elif isinstance(found, BaseException):
            raise found
        self.found = found
        self._show_found(found)

    def _show_found(self, found: Found) -> None:
        plan = found.plan
        size = f"{size_text(found.size)}" if found.size else ""
        about = [found.place.name]
        if plan is not None:
            about += [count(plan.table.rows, "row"), count(len(plan.table.columns), "column")]
        elif found.kind:
            about.append(found.title)
        self.about.setText(", ".join([*about, size] if size else about))
        self.about.setToolTip(str(found.place))
        problem = found.problem.removeprefix(str(found.place)).lstrip(",: ")
        self.sentence.setText(found.said if not found.problem or plan is not None else problem[:1].upper() + problem[1:])
        self._arrange(plan is not None)
        self.bar.show_found(found, self.choices, self.reading)
        self._place()
        if plan is not None:
            self.columns.show_plan(plan)
            self.aside.show_plan(plan, self.more, self.remembered)
            self.sentence.setText(paragraph(plan))
        else:
            self.preview.show_found(found)
        self._badge(found)
        self._show_outcome(found)
        self._offer()

    def _arrange(self, table: bool) -> None:
        empty = self.path is None
        self.welcome.setVisible(empty)
        self.columns.setVisible(table)
        self.right.setVisible(table)
        self.preview.setVisible(not table and not empty)
        self.sentence.setVisible(not empty)
        self.strip.setVisible(
            not empty
            and self.found is not None
            and bool(self.found.kind)
            and (table or len(self.found.kinds) > 1 or self.found.kind in ("recording", "sound"))
        )
        self.strip_rule.setVisible(self.strip.isVisibleTo(self.card))
        self.badge.setVisible(not empty)
        self.other.setVisible(not empty)

    def _badge(self, found: Found) -> None:
        tokens = theme.current().tokens
        plan = found.plan
        if found.problem:
            words, token = "△ look at this first", "warn"
        elif plan is not None and (plan.unknown or plan.gappy or plan.table.uneven):
            lost = plan.unknown + plan.gappy + len(plan.table.uneven)
            words, token = f"△ {count(lost, 'row')} left out", "warn"
        else:
            words, token = "✓ every row read" if plan is not None else "✓ read", "good"
        colour = getattr(tokens, token)
        self.badge.setText(words)
        self.badge.setStyleSheet(
            f"background: {theme.mix(tokens.surface, colour, 0.18)}; color: {tokens.readable(token, 'surface')}; border-radius: 10px; padding: 3px 10px;"
        )

    def _show_outcome(self, found: Found) -> None:
        plan = found.plan
        if plan is None or plan.problem:
            self.outcome.setText("")
            return
        rows = len(plan.kept) - round(self.more["test_fraction"] * len(plan.kept))
        if self.more["balance"] and plan.classes:
            rows = len(plan.classes) * (
                max(n for _, n in plan.classes) - round(self.more["test_fraction"] * max(n for _, n in plan.classes))
            )
        what = (
            f"{printed(len(plan.classes))} classes"
            if plan.task == "classification"
            else f"numbers of {plan.table.columns[plan.target or 0].name}"
        )
        made = f"{count(len(plan.inputs), 'column makes', 'columns make')} {count(plan.features, 'input')}"
        self.outcome.setText(f"{made}, {what}, {count(rows, 'row')} to learn from")

    # -- verbs --

    def chosen(self) -> Chosen:
        """What was chosen on the sheet."""
        more = {name: value for name, value in self.more.items() if value != TRAINING[name]}
        return Chosen(
            table_values(self.choices, more), dict(self.reading), self.columns.current if self.found and self.found.plan else None
        )

    def _offer(self) -> None:
        found = self.found
        if found is None:
            self._show_verbs([])
            return
        offered = verbs(found, self.chosen(), self._front(), self.purpose)
        if found.plan is not None and found.problem:
            offered = [
                v
                for v in offered
                if v.name not in ("table",) and not (v.name == "purpose" and "data" in (self.purpose.values if self.purpose else {}))
            ]
        elif found.problem:
            offered = []
        self._show_verbs(offered)

    def _show_verbs(self, offered: list[Verb]) -> None:
        self._verbs = offered
        for button in self.buttons:
            self.foot.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        for k, verb in enumerate(reversed(offered)):  # the likeliest stands at the right end
            button = QPushButton(f"{verb.words} {verb.note}".strip(), self.card)
            button.setProperty("verb", verb.name)
            if k == len(offered) - 1:
                button.setProperty("role", "primary")
            button.setIcon(
                theme.icon(verb.icon, "on_accent" if k == len(offered) - 1 else "muted")
                if k < len(offered) - 1
                else theme.icon(verb.icon, theme.current().tokens.on_accent)
            )
            button.clicked.connect(self._verb_clicked)
            self.foot.addWidget(button)
            self.buttons.append(button)

    def _verb_clicked(self) -> None:
        name = self.sender().property("verb")
        self.do(name)

    def do(self, name: str) -> None:
        """What a verb's button does."""
        verb = next((v for v in self._verbs if v.name == name), None)
        if verb is not None and self.found is not None:
            self._remember()
            self.verb_chosen.emit(verb, self.found)

    # -- what a person says --

    def _said(self, name: str, value: Any) -> None:
        if name == "remember":
            self.remembered = bool(value)
            self._remember()
        elif name in TRAINING:
            self.more[name] = value
            if self.found is not None:
                self._show_outcome(self.found)
            self._offer()
        elif self.found is not None and self.found.kind in ("recording", "sound") and name in ("column", "sample_rate", "time_unit"):
            try:
                self.reading[name] = int(value) if name == "column" else float(value) if name == "sample_rate" else value
            except ValueError:
                self.sentence.setText(f"'{value}' is not a number: give one for {name.replace('_', ' ')}.")
                return
            self._read_again()
        else:
            self.choices = replace(self.choices, **{name: value})
            self._read_again()

    def _kind_said(self, kind: str) -> None:
        self.kind = kind
        self.reading = {}
        self._read_again()

    def _target_said(self, name: str) -> None:
        types = [(n, k) for n, k in _types(self.choices.types) if not (n == name and k == "ignore")]
        self.choices = replace(self.choices, target=name, types=_written(types))
        self._read_again()

    def _type_said(self, name: str, kind: str) -> None:
        types = [(n, k) for n, k in _types(self.choices.types) if n != name] + ([(name, kind)] if kind else [])
        target = "" if kind == "ignore" and self.choices.target == name else self.choices.target
        self.choices = replace(self.choices, types=_written(types), target=target)
        self._read_again()

    def _mended(self, warning: Warning, on: bool) -> None:
        for name, value in warning.changes:
            if name in TRAINING:
                self._said(name, value if on else TRAINING[name])
            elif name == "missing":
                words = [w.strip() for w in self.choices.missing.split(",") if w.strip()]
                words = [w for w in words if w != value] + ([str(value)] if on else [])
                self._said("missing", ", ".join(words))
            else:
                self._said(name, value if on else "")

    def _picked(self, k: int) -> None:
        self._offer()

    # -- remembering --

    def _key(self) -> str:
        return str(self.path.absolute()) if self.path is not None else ""

    def _remembered(self) -> dict[str, Any]:
        kept = self.settings.get("data", {}).get(self._key(), {})
        return kept if isinstance(kept, dict) else {}

    def _remember(self) -> None:
        kept = dict(self.settings.get("data", {}))
        kept.pop(self._key(), None)
        if self.remembered:
            kept[self._key()] = {**{n: v for n, v in vars(self.choices).items() if v != getattr(AS_FOUND, n)}, **self.more}
        self.settings.put("data", json.loads(json.dumps(dict(list(kept.items())[-200:]))))

    # -- Qt --

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """The sheet is as large as the window lets it be."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        parent = self._ground
        self.setGeometry(parent.rect())
        across = max(12, int(parent.width() * MARGIN)) if parent.width() > 1000 else 12
        down = max(12, int(parent.height() * 0.06)) if parent.height() > 640 else 8
        self.card.setGeometry(across, down, parent.width() - 2 * across, parent.height() - 2 * down)
        crowded = self.bar.minimumSizeHint().width() > self.card.width()  # then the choices scroll
        self.strip.setFixedHeight(theme.current().field + (34 if crowded else 22))

    def paintEvent(self, event: Any) -> None:
        """The window behind is dimmed; it goes on."""
        painter = QPainter(self)
        dim = QColor(theme.current().tokens.background)
        dim.setAlphaF(0.72)
        painter.fillRect(self.rect(), dim)
        painter.end()

    def mousePressEvent(self, event: Any) -> None:
        """Beside the sheet: put it away."""
        if not self.card.geometry().contains(event.position().toPoint()):
            self.leave()

    def keyPressEvent(self, event: Any) -> None:
        """Return does the first verb, Escape closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._verbs:
            self.do(self._verbs[0].name)
        elif event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def set_theme(self) -> None:
        """Icons and colours."""
        self.icon.setPixmap(theme.icon("mdi6.table-large", "accent").pixmap(24, 24))
        for line in self._rules:
            line.setStyleSheet(f"background: {theme.current().tokens.line};")
        self.close_button.setIcon(theme.icon("mdi6.close"))
        self.welcome.set_theme()
        self.columns.set_theme()
        self.aside.set_theme()
        if self.found is not None:
            self._badge(self.found)
            self._offer()
        self.update()


def _types(text: str) -> list[tuple[str, str]]:
    """The corrections in a text such as "age=number, id=ignore"."""
    out = []
    for part in next(csv.reader([text], skipinitialspace=True), []):
        name, equals, kind = part.rpartition("=")
        if equals:
            out.append((name.strip(), kind.strip()))
    return out


def _written(types: list[tuple[str, str]]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{name}={kind}" for name, kind in types])
    return line.getvalue().replace(",", ", ") if '"' not in line.getvalue() else line.getvalue()


__all__ = ["Choices", "DataSheet", "Purpose", "Verb"]
