"""Beside the table: what is predicted and how its classes are balanced, warnings with their remedy as a switch, gaps, the part for testing."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lab.data.learned import Plan, Warning, warnings
from lab.data.tables import FILLS
from lab.data.words import brief
from lab.units import number
from lab.units import number as printed
from lab.widgets import theme
from lab.widgets.data_sheet.columns import distribution
from lab.widgets.fields.choice import Combo
from lab.widgets.fields.switch import Switch
from lab.widgets.numbers import LineSlider

LEAST, MOST = 0.05, 0.5  # of the rows that may be kept for the test here; a form takes more
SHOWN = 10  # classes that have a bar
_FILL_WORDS = {"mean": "column mean", "median": "median", "leave rows out": "leave rows out"}


class Shares(QWidget):
    """A bar for each class, or the distribution of a number."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.rows: list[tuple[str, int, float]] = []
        self.bars = np.zeros(0)
        self.words = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_plan(self, plan: Plan) -> None:
        """The balance of what is predicted."""
        self.rows, self.bars, self.words = [], np.zeros(0), ""
        if plan.target is not None:
            column = plan.table.columns[plan.target]
            if plan.task == "classification":
                total = max(1, sum(n for _, n in plan.classes))
                ordered = sorted(plan.classes, key=lambda c: -c[1])
                self.rows = [(brief(name, 16), n, n / total) for name, n in ordered[:SHOWN]]
                rest = ordered[SHOWN:]
                if rest:
                    self.rows.append((f"{len(rest)} more", sum(n for _, n in rest), sum(n for _, n in rest) / total))
            elif column.numbers is not None and len(plan.kept):
                values = column.numbers[plan.kept]
                self.bars = distribution(column)
                self.words = f"{number(values.min(), 6)} to {number(values.max(), 6)}" + (f" {column.unit}" if column.unit else "")
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleDescription(", ".join(f"{name} {n}" for name, n, _ in self.rows) or self.words)
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each class."""
        return QSize(240, 22 * len(self.rows) if self.rows else 74 if len(self.bars) else 0)

    def paintEvent(self, event: Any) -> None:
        """Bars with their count and share."""
        look = theme.current()
        tokens = look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        good = QColor(theme.mix(tokens.good, tokens.surface, 0.2))
        mono, sans = theme.mono_font(look.caption), theme.sans_font(look.caption)
        if self.rows:
            left, right = 0.3 * self.width(), 104.0
            most = max(share for *_, share in self.rows)
            for i, (name, n, share) in enumerate(self.rows):
                y = 22.0 * i
                painter.setFont(sans)
                painter.setPen(QColor(tokens.text))
                painter.drawText(
                    QRectF(0, y, left - 6, 22),
                    Qt.AlignmentFlag.AlignVCenter,
                    painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(left - 6)),
                )
                whole = self.width() - left - right
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(tokens.raised))
                painter.drawRoundedRect(QRectF(left, y + 5, whole, 12), 3, 3)
                painter.setBrush(good)
                painter.drawRoundedRect(QRectF(left, y + 5, max(3.0, whole * share / most), 12), 3, 3)
                painter.setFont(mono)
                painter.setPen(QColor(tokens.text))
                painter.drawText(
                    QRectF(self.width() - right, y, 46, 22), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{printed(n)}"
                )
                painter.setPen(QColor(tokens.muted))
                painter.drawText(
                    QRectF(self.width() - 54, y, 54, 22),
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                    f"{100 * share:.1f} %",
                )
        elif len(self.bars):
            step = self.width() / len(self.bars)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(good)
            for i, value in enumerate(self.bars):
                high = max(1.0 if value else 0.0, 48 * value)
                painter.drawRect(QRectF(i * step + 1, 50 - high, step - 2, high))
            painter.setFont(sans)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QRectF(0, 54, self.width(), 20), Qt.AlignmentFlag.AlignVCenter, self.words)
        painter.end()


class Remark(QFrame):
    """A warning as a sentence, with its remedy as a switch."""

    mended = Signal(object, bool)

    def __init__(self, warning: Warning, on: bool, parent: QWidget | None = None):
        super().__init__(parent)
        self.warning = warning
        self.setObjectName("remark")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        words = QLabel("△  " + warning.sentence, self)
        words.setWordWrap(True)
        column.addWidget(words)
        self.switch: Switch | None = None
        if warning.changes:
            row = QHBoxLayout()
            row.setSpacing(8)
            self.switch = Switch(self)
            self.switch.setChecked(on)
            self.switch.setAccessibleName(warning.remedy)
            self.switch.clicked.connect(self._clicked)
            label = QLabel(warning.remedy, self)
            label.setWordWrap(True)
            row.addWidget(self.switch)
            row.addWidget(label, 1)
            column.addLayout(row)
        tokens = theme.current().tokens
        self.setStyleSheet(
            f"QFrame#remark {{ background: {theme.mix(tokens.surface, tokens.warn, 0.18)}; border: none; border-radius: 8px; }}"
        )

    def _clicked(self, on: bool) -> None:
        self.mended.emit(self.warning, on)


class Aside(QWidget):
    """The right part of the sheet of a table.

    target_chosen  a column to predict; said  a choice and its value; mended  a remedy was switched on or off
    """

    target_chosen = Signal(str)
    said = Signal(str, object)
    mended = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(20, 16, 20, 16)
        self.column.setSpacing(8)
        self._title("What to predict")
        self.target = Combo(self)
        self.target.setAccessibleName("What to predict")
        self.target.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.target.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.target.setMinimumContentsLength(10)
        self.target.activated.connect(self._target)
        self.column.addWidget(self.target)
        self.shares = Shares(self)
        self.column.addWidget(self.shares)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "error")
        self.column.addWidget(self.problem)
        self.remarks = QVBoxLayout()
        self.remarks.setSpacing(8)
        self.column.addLayout(self.remarks)
        self._shown: list[Remark] = []
        self.gaps_title = self._title("Missing values")
        self.segments = QFrame(self)
        self.segments.setObjectName("segments")
        row = QHBoxLayout(self.segments)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.fill = QButtonGroup(self)
        for k, name in enumerate(FILLS):
            button = QPushButton(_FILL_WORDS[name], self.segments)
            button.setCheckable(True)
            button.setProperty("segment", "true")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.fill.addButton(button, k)
            row.addWidget(button)
        self.fill.idClicked.connect(self._filled)
        self.column.addWidget(self.segments)
        self.gaps_words = self._caption("")
        row = QHBoxLayout()
        self.test_title = self._title("Kept for the test", into=row)
        row.addStretch(1)
        self.share_words = QLabel("20 %", self)
        self.share_words.setProperty("role", "mono")
        row.addWidget(self.share_words)
        self.column.addLayout(row)
        self.share = LineSlider(self)
        self.share.setAccessibleName("Kept for the test")
        self.share.slid.connect(self._slid)
        self.share.dropped.connect(self._dropped)
        self.share.nudged.connect(self._nudged)
        self.column.addWidget(self.share)
        self.test_words = self._caption("")
        self.scale = self._switch("Bring numbers to one scale", "standardise")
        self.remember = self._switch("Remember these choices for this file", "remember")
        self.column.addStretch(1)
        self._fraction = 0.2
        self._plan: Plan | None = None

    def _title(self, words: str, into: QHBoxLayout | None = None) -> QLabel:
        label = QLabel(words, self)
        font = theme.sans_font(weight=theme.sans_font().Weight.DemiBold)
        label.setFont(font)
        (into or self.column).addWidget(label)
        return label

    def _caption(self, words: str) -> QLabel:
        label = QLabel(words, self)
        label.setProperty("role", "caption")
        label.setWordWrap(True)
        self.column.addWidget(label)
        return label

    def _switch(self, words: str, name: str) -> Switch:
        row = QHBoxLayout()
        row.setSpacing(8)
        switch = Switch(self)
        switch.setProperty("choice", name)
        switch.setAccessibleName(words)
        switch.clicked.connect(self._switched)
        label = QLabel(words, self)
        row.addWidget(switch)
        row.addWidget(label, 1)
        self.column.addLayout(row)
        return switch

    # -- what is shown --

    def show_plan(self, plan: Plan, more: dict[str, Any], remembered: bool) -> None:
        """The choices of a plan, and those that only a training has."""
        self._plan = plan
        columns = plan.table.columns
        self.target.clear()
        for k, column in enumerate(columns):
            if column.kind != "ignore" or k == plan.target:
                kinds = f"{printed(column.values)} values" if column.numbers is not None else f"{printed(column.values)} classes"
                if k == plan.target and plan.task == "classification":
                    kinds = f"{printed(len(plan.classes))} classes"
                self.target.addItem(f"{brief(column.name, 26)}   {kinds}", column.name)
        if plan.target is not None:
            self.target.setCurrentIndex(self.target.findData(columns[plan.target].name))
        self.shares.show_plan(plan)
        self.problem.setText(_short(plan))
        self.problem.setVisible(bool(plan.problem))
        self._show_remarks(plan, more)
        gaps = sum(n for _, n in plan.filled) + plan.gappy
        self.gaps_title.setText(
            f"Missing values   {printed(gaps)} in {len(plan.filled) or 'some'} column{'s' if len(plan.filled) != 1 else ''}"
            if gaps
            else "Missing values   none"
        )
        self.segments.setVisible(bool(gaps))
        self.fill.button(FILLS.index(plan.choices.fill)).setChecked(True)
        words = (
            "Filled cells stay marked in tables of mistakes."
            if plan.choices.fill != FILLS[2]
            else f"{printed(plan.gappy)} rows are left out."
        )
        self.gaps_words.setText(words)
        self.gaps_words.setVisible(bool(gaps))
        self._fraction = more.get("test_fraction", 0.2)
        self.share.show_place((min(max(self._fraction, LEAST), MOST) - LEAST) / (MOST - LEAST))
        self._say_share()
        self.scale.setChecked(more.get("standardise", True))
        self.remember.setChecked(remembered)

    def _show_remarks(self, plan: Plan, more: dict[str, Any]) -> None:
        wanted = [(w, _is_on(w, plan, more)) for w in warnings(plan)]
        if [(r.warning, bool(r.switch and r.switch.isChecked())) for r in self._shown] == wanted:
            return
        for old in self._shown:
            self.remarks.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._shown = []
        for warning, on in wanted[:4]:
            remark = Remark(warning, on, self)
            remark.mended.connect(self.mended)
            self.remarks.addWidget(remark)
            self._shown.append(remark)

    def _say_share(self) -> None:
        self.share_words.setText(f"{100 * self._fraction:.0f} %")
        rows = len(self._plan.kept) if self._plan else 0
        held = round(self._fraction * rows)
        mix = ", the same mix of classes" if self._plan and self._plan.task == "classification" else ""
        self.test_words.setText(f"{printed(held)} of {printed(rows)} rows{mix}, chosen by the seed of the run")

    # -- what a person does --

    def _target(self, index: int) -> None:
        self.target_chosen.emit(self.target.itemData(index))

    def _filled(self, number: int) -> None:
        self.said.emit("fill", FILLS[number])

    def _slid(self, place: float) -> None:
        self._fraction = round(LEAST + place * (MOST - LEAST), 2)
        self._say_share()

    def _dropped(self) -> None:
        self.said.emit("test_fraction", self._fraction)

    def _nudged(self, steps: float) -> None:
        self._fraction = round(min(MOST, max(LEAST, self._fraction + 0.01 * steps)), 2)
        self.share.show_place((self._fraction - LEAST) / (MOST - LEAST))
        self._say_share()
        self._dropped()

    def _switched(self, on: bool) -> None:
        self.said.emit(self.sender().property("choice"), bool(on))

    def set_theme(self) -> None:
        """Colours of the remarks."""
        if self._plan is not None:
            for remark in self._shown:
                tokens = theme.current().tokens
                remark.setStyleSheet(
                    f"QFrame#remark {{ background: {theme.mix(tokens.surface, tokens.warn, 0.18)}; border: none; border-radius: 8px; }}"
                )
            self.shares.update()


def _short(plan: Plan) -> str:
    """What is wrong, without the path, which stands in the title."""
    text = plan.problem.removeprefix(str(plan.table.place)).lstrip(",: ")
    return text[:1].upper() + text[1:]


def _is_on(warning: Warning, plan: Plan, more: dict[str, Any]) -> bool:
    return all(more.get(name, getattr(plan.choices, name, None)) == value for name, value in warning.changes) if warning.changes else False
