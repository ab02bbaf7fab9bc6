"""How a file was read, as choices: each shows what was found, and says otherwise at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from lab.data.dialect import NAMES
from lab.data.learned import Plan
from lab.data.recognise import KINDS, Found
from lab.data.signals import UNITS
from lab.widgets import theme
from lab.widgets.fields.choice import Combo

MARKS = {
    "comma": ", comma",
    "semicolon": "; semicolon",
    "tab": "⇥ tab",
    "bar": "| bar",
    "space": "␣ spaces",
    "colon": ": colon",
    "none": "one column",
}
DECIMALS = {"point": "3.14 point", "comma": "3,14 comma"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "latin-1": "Latin-1",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
}
HEADERS = {"names": "names", "values": "values"}
MISSINGS = {"": "usual words", "only": "only empty"}


class FoundBar(QWidget):
    """A row of choices. `said` names one and gives its value; `kind_said` is another kind of file."""

    said = Signal(str, object)
    kind_said = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(20, 8, 20, 8)
        self.row.setSpacing(6)
        self.fields: dict[str, Any] = {}
        self._kind = ""

    def clear(self) -> None:
        """No choices."""
        while (item := self.row.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.fields = {}

    def show_found(self, found: Found, choices: Any, reading: dict[str, Any]) -> None:
        """The choices that a file of this kind has; made anew only where they are others than before."""
        shape = f"{found.kind} {' '.join(found.kinds)}"
        if shape != self._kind or not self.fields:
            self._kind = shape
            self.clear()
            self._make(found)
        if found.kind == "table" and found.plan is not None:
            self._show_table(found.plan, choices)
        elif found.kind in ("recording", "sound"):
            self._show_recording(reading)

    def _make(self, found: Found) -> None:
        word = QLabel("Found", self)
        word.setProperty("role", "title")
        self.row.addWidget(word)
        if len(found.kinds) > 1:
            self._combo("as", "", {k: KINDS[k].removeprefix("a ").removeprefix("file of ") for k in found.kinds}, self.kind_said.emit)
            self.fields["as"].setCurrentIndex(0)
        if found.kind == "table":
            for name, label, options in (
                ("separator", "separator", MARKS), ("decimal", "decimal", DECIMALS), ("encoding", "text", ENCODINGS), ("header", "first row", HEADERS),
                ("missing", "missing", MISSINGS),
            ):  # fmt: skip
                self._combo(name, label, options, None)
            missing = self.fields["missing"]
            missing.setEditable(True)
            missing.setMinimumContentsLength(11)
            missing.setInsertPolicy(Combo.InsertPolicy.NoInsert)
            missing.lineEdit().setPlaceholderText("-999, n.d.")
            missing.lineEdit().editingFinished.connect(self._missing_typed)
            missing.setToolTip("Further words for no value, divided by commas; with 'only' first no others count")
        elif found.kind == "recording":
            self._line("column", "column", 44, "Which column holds the values, counted from 0")
            self._combo("time_unit", "times in", {u: "as said, else ms" if u == "automatic" else u for u in UNITS}, None)
            self._line("sample_rate", "samples per second", 70, "Only where no column holds times; 0: the first column is time")
        elif found.kind == "sound":
            self._line("column", "channel", 44, "Which channel, counted from 1")
        self.row.addStretch(1)

    def _label(self, text: str) -> None:
        if text:
            label = QLabel(text, self)
            label.setProperty("role", "caption")
            self.row.addWidget(label)

    def _combo(self, name: str, label: str, options: dict[str, str], call: Any) -> None:
        self._label(label)
        combo = Combo(self)
        combo.setAccessibleName(label or "what it is")
        combo.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToContents)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for value, words in options.items():
            combo.addItem(words, value)
        combo.setProperty("choice", name)
        combo.activated.connect(self._activated)
        combo.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        combo.setStyleSheet(f"QComboBox {{ font-size: {theme.current().caption}px; min-width: 0; padding-left: 8px; }}")
        combo.ensurePolished()
        combo.setMinimumWidth(combo.sizeHint().width())  # where there is no room the row scrolls
        self.fields[name] = combo
        self.row.addWidget(combo)

    def _line(self, name: str, label: str, width: int, tip: str) -> None:
        self._label(label)
        line = QLineEdit(self)
        line.setFixedWidth(width + 16)
        line.setFont(theme.mono_font())
        line.setToolTip(tip)
        line.setAccessibleName(label)
        line.setProperty("choice", name)
        line.editingFinished.connect(self._typed)
        self.fields[name] = line
        self.row.addWidget(line)

    def _activated(self, index: int) -> None:
        combo: Any = self.sender()
        name, value = combo.property("choice"), combo.itemData(index)
        if name == "as":
            self.kind_said.emit(value)
        elif value is not None:
            self.said.emit(name, value)

    def _missing_typed(self) -> None:
        combo = self.fields.get("missing")
        if combo is None:
            return
        text = combo.currentText().strip()
        known = {words: value for value, words in MISSINGS.items()}
        value = known.get(text, text)
        if value != combo.property("shown"):
            combo.setProperty("shown", value)
            self.said.emit("missing", value)

    def _typed(self) -> None:
        line: Any = self.sender()
        if line.text() != line.property("shown"):
            line.setProperty("shown", line.text())
            self.said.emit(line.property("choice"), line.text())

    def _show_table(self, plan: Plan, choices: Any) -> None:
        dialect = plan.table.dialect
        name = next((n for n, mark in NAMES.items() if mark == dialect.separator), dialect.separator)
        self._set("separator", name, f"{dialect.separator} found")
        self._set("decimal", "comma" if dialect.decimal == "," else "point", "")
        text = plan.table.text
        self._set("encoding", text.encoding, text.name.replace("with a mark", "+ mark") + (" (guessed)" if text.guessed else ""))
        self._set("header", "names" if plan.table.layout.named else "values", "")
        missing = self.fields["missing"]
        missing.setProperty("shown", choices.missing)
        missing.setEditText(MISSINGS.get(choices.missing, choices.missing))

    def _set(self, name: str, value: str, words: str) -> None:
        combo = self.fields[name]
        at = combo.findData(value)
        if at < 0:
            combo.addItem(words, value)
            at = combo.count() - 1
        combo.setCurrentIndex(at)

    def _show_recording(self, reading: dict[str, Any]) -> None:
        for name in ("column", "sample_rate"):
            line = self.fields.get(name)
            if line is not None and not line.hasFocus():
                value = reading.get(name, 1 if name == "column" else 0)
                line.setText(f"{value:g}" if isinstance(value, float) else str(value))
                line.setProperty("shown", line.text())
        if "time_unit" in self.fields:
            self._set("time_unit", reading.get("time_unit", "automatic"), "")
