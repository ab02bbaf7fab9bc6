"""Vary a parameter: a sweep from the window, drawn as it grows; a point that is clicked becomes the run in front."""

from __future__ import annotations

import math
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lab import catalog
from lab.analysis.sweeps import table as tables
from lab.analysis.sweeps.driving import drive, time_left, workers
from lab.analysis.sweeps.plan import Plan, Point, axis
from lab.analysis.sweeps.table import Row, Table
from lab.display.plots import typeset
from lab.errors import LabError
from lab.params import Spec
from lab.units import number
from lab.widgets import theme
from lab.widgets.multiples import Multiples, Shown
from lab.widgets.point_runs import PointRuns
from lab.widgets.shell import Shell
from lab.widgets.swept import PointPlot, drawable, drawn_over, told

NOTHING = "–"
COUNT = 21  # values that are proposed
MOST = 20_000  # points that are kept and drawn in the window
PICTURES, ACROSS = 12, 4  # points whose pictures are shown, and how many of the first axis where there are two
COLOURS = 6


class Stopped(Exception):
    """A person stopped the sweep; what was done is kept."""


def proposed(spec: Spec, value: Any) -> str:
    """Values that are worth a first look: the lively range of a number, all choices."""
    if spec.choices:
        return ", ".join(spec.choices)
    if spec.kind == "bool":
        return "false, true"
    low, high = spec.soft or (spec.lo, spec.hi)
    if low is None or high is None or spec.soft is None:
        # Bounds are for typing: half and twice of what is there says more.
        low, high = (value / 2, value * 2) if value else (0.0, 1.0)
        low, high = (max(low, spec.lo) if spec.lo is not None else low), (min(high, spec.hi) if spec.hi is not None else high)
    if spec.kind == "int":
        whole = range(math.ceil(low), math.floor(high) + 1)
        step = max(1, len(whole) // COUNT)
        return ", ".join(map(str, whole[::step]))
    return f"{low:g}:{high:g}:{COUNT}" + (":log" if spec.log and low > 0 else "")


def swept(model: Any) -> list[Spec]:
    """Parameters that can be varied: numbers, switches and choices."""
    return [s for s in type(model).specs().values() if s.choices or s.kind in ("int", "float", "bool")]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Vary(QDialog):
    """What is varied above, what comes of it below; not modal, so the run in front goes on.

    answered  a point was done (its answer); ended  the sweep is over (a sentence, or nothing)
    """

    answered = Signal(object)  # a dict would come with its names sorted
    ended = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("vary")
        self.setWindowTitle("Vary a parameter")
        self.resize(860, 640)
        self._shell: Shell | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._left = 0.0  # seconds, as the thread reckons them
        self._plan: Plan | None = None
        self._rows: dict[int, Row] = {}
        self._points: dict[int, Point] = {}
        column = QVBoxLayout(self)
        form = QFormLayout()
        self.first, self.second = QComboBox(self), QComboBox(self)
        self.values, self.more = QLineEdit(self), QLineEdit(self)
        for box, line, name in ((self.first, self.values, "Vary"), (self.second, self.more, "and")):
            line.setPlaceholderText("low:high:count, or values with commas")
            line.setAccessibleName(f"Values of the parameter '{name}'")
            box.setAccessibleName(f"Parameter: {name}")
            row = QHBoxLayout()
            row.addWidget(box, 2)
            row.addWidget(line, 3)
            form.addRow(name, row)
        self.first.activated.connect(self._first_chosen)
        self.second.activated.connect(self._second_chosen)
        last = QHBoxLayout()
        self.seeds = QSpinBox(self)
        self.seeds.setRange(1, 1000)
        self.seeds.setAccessibleName("Seeds at each place")
        self.length = QLineEdit(self)
        self.length.setAccessibleName("Length of each run")
        self.unit = QLabel(self)
        self.start = QPushButton("Start", self)
        self.start.setDefault(True)
        self.start.clicked.connect(self._pressed)
        for widget in (self.seeds, QLabel("seeds, each", self), self.length, self.unit):
            last.addWidget(widget)
        last.addStretch(1)
        last.addWidget(self.start)
        form.addRow("with", last)
        column.addLayout(form)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "caption")
        column.addWidget(self.words)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.hide()
        column.addWidget(self.bar)
        row = QHBoxLayout()
        self.figure = QComboBox(self)
        self.figure.setAccessibleName("Figure that is drawn")
        self.figure.activated.connect(self.draw)
        self.kept = QComboBox(self)
        self.kept.setAccessibleName("Sweeps of this session")
        self.kept.activated.connect(self._kept_chosen)
        self.save = QPushButton("Save the table…", self)
        self.save.clicked.connect(self._save)
        row.addWidget(QLabel("Show", self))
        row.addWidget(self.figure)
        row.addStretch(1)
        self.copy = QPushButton("Copy as a command", self)
        self.copy.setToolTip("The line that makes this sweep in a shell, with lab sweep")
        self.copy.clicked.connect(self._copy)
        row.addWidget(self.kept)
        row.addWidget(self.copy)
        row.addWidget(self.save)
        column.addLayout(row)
        self.plot = PointPlot(self)
        self.plot.chosen.connect(self.open_point)
        self.runs = PointRuns(self)
        self.multiples = Multiples(self)
        self.runs.made.connect(self.multiples.fill)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.plot, "Figure")
        self.tabs.addTab(self.multiples, "Pictures")
        self.tabs.currentChanged.connect(self._tab_chosen)
        self._pictured: tuple[int, ...] = ()  # numbers of the points whose pictures are shown
        column.addWidget(self.tabs, 1)
        self.answered.connect(self._take)
        self.ended.connect(self._over)
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    # -- asking --

    def show_for(self, shell: Shell, name: str = "") -> None:
        """Ask about the model in front; `name` is the parameter that is proposed."""
        self._shell = shell
        if self._thread is None:
            experiment = shell.document.experiment()
            model = experiment.build()
            self.setWindowTitle(f"Vary a parameter of {type(model).title}")
            specs = swept(model)
            wanted = name or next((s.name for s in specs if s.main and s.kind in ("int", "float")), "")
            for box, line, chosen, none in ((self.first, self.values, wanted, False), (self.second, self.more, "", True)):
                box.clear()
                if none:
                    box.addItem(NOTHING, "")
                for spec in specs:
                    box.addItem(typeset(f"{spec.label} ({spec.unit})" if spec.unit else spec.label), spec.name)
                box.setCurrentIndex(max(0, box.findData(chosen)))
                self._chosen(box, line)
            steps = experiment.steps or model.default_steps
            self.length.setText(f"{steps * model.clock.dt:g}")
            self.unit.setText(model.clock.unit)
            self._list_kept()
            summary = shell.player.status.summary if shell.player.status is not None else {}
            self._fill_figures([n for n, v in summary.items() if _is_number(v)])
            self.words.setText(
                "All combinations are run beside the run in front, on all cores. Click a point of the picture to open its run."
            )
        self.show()
        self.raise_()

    def _first_chosen(self, _index: int) -> None:
        self._chosen(self.first, self.values)

    def _second_chosen(self, _index: int) -> None:
        self._chosen(self.second, self.more)

    def _chosen(self, box: QComboBox, line: QLineEdit) -> None:
        name = box.currentData()
        line.setEnabled(bool(name))
        line.clear()
        if name and self._shell is not None:
            model = self._shell.document.experiment().build()
            line.setText(proposed(type(model).specs()[name], getattr(model, name)))

    def plan(self) -> Plan:
        """What is asked for; raises ParameterError or ModelError with a sentence."""
        assert self._shell is not None
        experiment = self._shell.document.experiment()
        model = experiment.build()
        axes = []
        for box, line in ((self.first, self.values), (self.second, self.more)):
            if box.currentData():
                axes.append(axis(type(model), f"{box.currentData()}={line.text()}"))
        try:
            length = float(self.length.text().replace(",", "."))
        except ValueError:
            length = math.nan
        if not 0 <= length < 1e15:
            raise LabError(f"The length must be a number of {model.clock.unit} from 0 (got {self.length.text()!r}).")
        seeds = tuple(range(experiment.seed, experiment.seed + self.seeds.value()))
        return Plan(experiment.replace(steps=model.steps_for(length), record={}, schedule=()), tuple(axes), seeds)

    # -- running --

    @property
    def running(self) -> bool:
        """Whether a sweep is under way."""
        return self._thread is not None

    def _pressed(self) -> None:
        if self.running:
            self.stop()
            return
        try:
            plan = self.plan()
            if len(plan) > MOST:
                raise LabError(
                    f"This sweep has {number(len(plan))} points, and the window draws up to {number(MOST)}: choose fewer, or use lab sweep."
                )
        except LabError as problem:
            self.words.setText(str(problem))
            return
        assert self._shell is not None
        self._show_plan(plan)
        self.bar.setRange(0, len(plan))
        self.bar.setValue(0)
        self.bar.show()
        self.start.setText("Stop")
        self.words.setText(f"{number(len(plan))} points: the first are on their way …")
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, args=(plan, self._shell.session), name="sweep", daemon=True)
        self._thread.start()

    def _work(self, plan: Plan, session: Any) -> None:
        def told(done: int, total: int, left: float) -> None:
            self._left = left
            if self._stop.is_set():
                raise Stopped

        sentence = ""
        try:
            drive(plan, session, workers(None, "", plan), progress=told, seen=self.answered.emit)
        except Stopped:
            sentence = "Stopped; what was done is kept."
        except LabError as problem:
            sentence = str(problem)
        self.ended.emit(sentence)

    def stop(self) -> None:
        """End a sweep that is under way, keeping what is done."""
        self._stop.set()

    def let_go(self, timeout: float) -> None:
        """The window ends: wait for a sweep that is under way, and hold on to nothing of the window."""
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout)
        self.runs.let_go(timeout)
        self._shell = None

    def _take(self, answer: dict) -> None:
        number_ = answer["number"]
        if self._plan is None or number_ not in self._points:
            return
        self._rows[number_] = Row(self._points[number_], answer["state"], answer["summary"], answer["error"], answer.get("seconds", 0.0))
        self.bar.setValue(len(self._rows))
        for name, value in answer["summary"].items():  # a cell at rest has no intervals: later points bring further figures
            if _is_number(value) and self.figure.findData(name) < 0:
                self.figure.addItem(typeset(name), name)
        done, total = len(self._rows), len(self._plan)
        self.words.setText(f"{number(done)} of {number(total)} points, {time_left(self._left)} left")
        # A point in some hundredths of a second each: not every one is drawn.
        if done % max(1, total // 60) == 0:
            self.draw()

    def _over(self, sentence: str) -> None:
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self.start.setText("Start")
        self.bar.hide()
        wrong = [row for row in self._rows.values() if row.state != "finished"]
        said = f"{number(len(self._rows))} points done." + (
            f" {number(len(wrong))} went wrong, the first: {wrong[0].error}" if wrong else ""
        )
        self.words.setText(f"{sentence} {said}".strip())
        self._list_kept()
        self._show_what_varies()
        self.draw()
        self._tab_chosen(self.tabs.currentIndex())

    def _show_what_varies(self) -> None:
        """Where the chosen figure is the same everywhere, choose the first that is not."""
        found = self.table

        def varies(name: str | None) -> bool:
            held = (
                [v for v in found.column(name) if isinstance(v, (int, float))] if found is not None and name in found.names and name else []
            )
            return len(set(held)) > 1

        if found is not None and not varies(self.figure.currentData()):
            other = next((name for name in found.names if varies(name)), None)
            if other is not None:
                self.figure.setCurrentIndex(self.figure.findData(other))

    # -- showing --

    def _show_plan(self, plan: Plan) -> None:
        self._plan, self._rows = plan, {}
        self._pictured = ()
        self.tabs.setCurrentIndex(0)
        self._points = {point.number: point for point in plan.points()}
        self.draw()

    def show_table(self, found: Table) -> None:
        """Show a table that was made before."""
        self._show_plan(found.plan)
        self._rows = {row.point.number: row for row in found.rows}
        self._fill_figures(drawable(found))
        self.words.setText(f"{number(len(found.rows))} of {number(len(found.plan))} points.")
        self._show_what_varies()
        self.draw()

    def _fill_figures(self, names: list[str]) -> None:
        before = self.figure.currentData()
        self.figure.clear()
        for name in names:
            self.figure.addItem(typeset(name), name)
        self.figure.setCurrentIndex(max(0, self.figure.findData(before)))

    @property
    def table(self) -> Table | None:
        """What is shown."""
        return None if self._plan is None else Table(self._plan, tuple(self._rows[k] for k in sorted(self._rows)))

    def draw(self, _index: int = 0) -> None:
        """Draw the chosen figure over what was varied."""
        self.plot.show_table(self.table, self.figure.currentData() or "")

    def open_point(self, row: Row) -> None:
        """Put the run of a point in front; taking it back is one step."""
        assert self._shell is not None and self._plan is not None
        try:
            experiment = self._plan.experiment_of(row.point).replace(record=None, steps=None)
        except LabError as problem:
            self.words.setText(str(problem))
            return
        self._shell.show_experiment(experiment, f"Open the point {told(row)}")

    # -- pictures of the points --

    def pictured(self) -> list[Row]:
        """The points whose pictures are worth a look: of each axis its ends and what lies evenly between, with the first seed."""
        found = self.table
        rows = [] if found is None else [r for r in found.rows if r.state == "finished" and r.point.seed == found.plan.seeds[0]]
        if found is None or len(rows) <= PICTURES:
            return rows
        axes = drawn_over(found.plan)
        if found.plan.drawn or len(axes) != 2:
            return [rows[k] for k in np.linspace(0, len(rows) - 1, PICTURES).round().astype(int)]
        kept = [
            {repr(a.values[k]) for k in np.linspace(0, len(a.values) - 1, min(most, len(a.values))).round().astype(int)}
            for a, most in zip(axes, (ACROSS, PICTURES // ACROSS), strict=True)
        ]
        return [r for r in rows if all(repr(r.point.values[a.name]) in some for a, some in zip(axes, kept, strict=True))][:PICTURES]

    def _tab_chosen(self, index: int) -> None:
        """Run the chosen points again for their pictures, once they are wanted."""
        if self.tabs.widget(index) is not self.multiples or self._plan is None or self.running:
            return
        rows = self.pictured()
        numbers = tuple(r.point.number for r in rows)
        if numbers == self._pictured:
            return
        self._pictured = numbers
        plan = self._plan
        self.runs.begin([plan.experiment_of(r.point).replace(record=None) for r in rows])
        self.multiples.show_runs(
            plan.experiment.build(),
            [Shown(told(r), f"series{k % COLOURS}", partial(self.runs.source, k), partial(self.open_point, r)) for k, r in enumerate(rows)],
        )
        if not rows:
            self.words.setText("There is nothing to show yet: start a sweep.")

    # -- sweeps of the session --

    def _list_kept(self) -> None:
        assert self._shell is not None
        self.kept.clear()
        self.kept.addItem("Sweeps of this session", None)
        titles = {e.name: e.title for e in catalog.entries()}
        for info in self._shell.session.runs():
            if info.made.get("sweep"):
                title = titles.get(str(info.experiment.get("model")), "")
                self.kept.addItem(f"{info.name} · {title} · {info.created[11:16]}", info.id)
        self.kept.setVisible(self.kept.count() > 1)

    def _kept_chosen(self, _index: int) -> None:
        run = self.kept.currentData()
        if run is None or self.running or self._shell is None:
            return
        try:
            self._shell.session.flush()
            with self._shell.session.reader() as reader:
                self.show_table(tables.read(reader, run))
        except LabError as problem:
            self.words.setText(str(problem))

    def _copy(self) -> None:
        """Put what is asked for on the clipboard, as a line for a shell."""
        try:
            QGuiApplication.clipboard().setText(self.plan().as_command())
        except LabError as problem:
            self.words.setText(str(problem))
            return
        self.words.setText("The sweep is on the clipboard as a command.")

    def _save(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        found = self.table
        if found is None or not found.rows:
            self.words.setText("There is no table yet: start a sweep.")
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save the table", "sweep.csv", "CSV (*.csv);;Parquet (*.parquet)")
        if not path:
            return
        try:
            Path(path).unlink(missing_ok=True)  # the dialog has asked whether to replace it
            self.words.setText(f"Saved as {found.write(path)}.")
        except (LabError, OSError) as problem:
            self.words.setText(str(problem))

    def set_theme(self) -> None:
        """Colours of the picture."""
        self.plot.set_theme()
        self.draw()
