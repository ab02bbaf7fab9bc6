"""Vary a parameter: a sweep from the window, drawn as it grows; a point that is clicked becomes the run in front."""

from __future__ import annotations

import math
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
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
from lab.analysis.sweeps.driving import drive, workers
from lab.analysis.sweeps.plan import Axis, Plan, Point, axis
from lab.analysis.sweeps.table import Row, Table
from lab.display.plots import typeset
from lab.errors import LabError
from lab.params import Spec
from lab.units import number
from lab.widgets import theme
from lab.widgets.multiples import Multiples, Shown
from lab.widgets.pictures.colours import paint
from lab.widgets.pictures.legend import Strip
from lab.widgets.point_runs import PointRuns
from lab.widgets.shell import Shell

NOTHING = "–"
COUNT = 21  # values that are proposed
MOST = 20_000  # points that are kept and drawn in the window
PICTURES, ACROSS = 12, 4  # points whose pictures are shown, and how many of the first axis where there are two
COLOURS = 6
NEAR = 16.0  # px within which a click finds a point


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


def drawn_over(plan: Plan) -> list[Axis]:
    """The parameters over which a figure is drawn: those with several values, else the first."""
    return [a for a in plan.axes if len(a.values) > 1] or list(plan.axes[:1])


def numeric(made: Axis) -> bool:
    """Whether all values of an axis are numbers."""
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in made.values)


def swept(model: Any) -> list[Spec]:
    """Parameters that can be varied: numbers, switches and choices."""
    return [s for s in type(model).specs().values() if s.choices or s.kind in ("int", "float", "bool")]


def told(row: Row) -> str:
    """A point in a few words."""
    return ", ".join(f"{n} {number(v, 6) if isinstance(v, (int, float)) else v}" for n, v in row.point.values.items())


class Vary(QDialog):
    """What is varied above, what comes of it below; not modal, so the run in front goes on.

    answered  a point was done (its answer); ended  the sweep is over (a sentence, or nothing)
    """

    answered = Signal(dict)
    ended = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("vary")
        self.setWindowTitle("Vary a parameter")
        self.resize(860, 640)
        self._shell: Shell | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
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
        row.addWidget(self.kept)
        row.addWidget(self.save)
        column.addLayout(row)
        self.plot = pg.PlotWidget(self, viewBox=pg.ViewBox(enableMenu=False), enableMenu=False)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.strip = Strip()
        item = self.plot.getPlotItem()
        item.ctrlMenu.deleteLater()  # never shown, and without a parent it would outlive the window
        item.ctrlMenu = None
        item.layout.removeItem(item.titleLabel)
        item.layout.addItem(self.strip, 0, 0, 1, 3)
        self.plot.setAccessibleName("What came of each point; a click opens its run")
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
            self._fill_figures(list(shell.player.status.summary) if shell.player.status is not None else [])
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
        self.words.setText(f"{number(len(plan))} points …")
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, args=(plan, self._shell.session), name="sweep", daemon=True)
        self._thread.start()

    def _work(self, plan: Plan, session: Any) -> None:
        def told(done: int, total: int, left: float) -> None:
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
        if len(self._rows) == 1:
            self._fill_figures(list(answer["summary"]))
        # A point in some hundredths of a second each: not every one is drawn.
        if len(self._rows) % max(1, len(self._plan) // 60) == 0:
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
        self.plot.clear()

    def show_table(self, found: Table) -> None:
        """Show a table that was made before."""
        self._show_plan(found.plan)
        self._rows = {row.point.number: row for row in found.rows}
        self._fill_figures(found.names)
        self.words.setText(f"{number(len(found.rows))} of {number(len(found.plan))} points.")
        self._show_what_varies()
        self.draw()

    def _fill_figures(self, names: list[str]) -> None:
        before = self.figure.currentData()
        self.figure.clear()
        for name in names:
            if name != "data":
                self.figure.addItem(typeset(name), name)
        self.figure.setCurrentIndex(max(0, self.figure.findData(before)))

    @property
    def table(self) -> Table | None:
        """What is shown."""
        return None if self._plan is None else Table(self._plan, tuple(self._rows[k] for k in sorted(self._rows)))

    def draw(self, _index: int = 0) -> None:
        """Draw the chosen figure over what was varied: a curve, or a map of two parameters."""
        found, name = self.table, self.figure.currentData()
        self.plot.clear()
        self.strip.set_scale(None)
        if found is None or not name or name not in found.names:
            return
        axes = drawn_over(found.plan)
        specs = type(found.plan.experiment.build()).specs()
        means = found.mean(name)
        labels = [typeset(f"{specs[a.name].label} ({specs[a.name].unit})" if specs[a.name].unit else specs[a.name].label) for a in axes]
        look = theme.current()
        for side, text in (("bottom", labels[0] if labels else "seed"), ("left", labels[1] if len(axes) > 1 else typeset(name))):
            self.plot.setLabel(side, text, color=look.tokens.muted)
        if len(axes) == 2:
            self._map(axes, means)
        elif axes:
            self._curve(axes[0], means)

    def _numbers(self, made: Axis) -> list[float]:
        """Where the values of an axis stand: numbers at themselves, others one beside the other."""
        return [float(v) for v in made.values] if numeric(made) else [float(k) for k in range(len(made.values))]

    def _ticks(self, side: str, made: Axis, places: list[float]) -> None:
        words = None if numeric(made) else [[(place, str(v).replace("_", " ")) for place, v in zip(places, made.values, strict=True)]]
        self.plot.getAxis(side).setTicks(words)

    def _curve(self, made: Axis, means: list) -> None:
        places = self._numbers(made)
        self._ticks("bottom", made, places)
        self._ticks("left", Axis("", ()), [])
        at = dict(zip(map(repr, made.values), places, strict=True))
        xs = np.array([at[repr(values[made.name])] for values, *_ in means])
        ys, spread = np.array([m for _, m, _, _ in means]), np.array([s if math.isfinite(s) else 0.0 for _, _, s, _ in means])
        order = np.argsort(xs, kind="stable")
        xs, ys, spread = xs[order], ys[order], spread[order]
        ink = theme.colour("series0")
        if spread.any():
            self.plot.addItem(pg.ErrorBarItem(x=xs, y=ys, height=2 * spread, beam=0.0, pen=pg.mkPen(ink, width=1)))
        self.plot.plot(xs, ys, pen=pg.mkPen(ink, width=2), symbol="o", symbolSize=8, symbolBrush=ink, symbolPen=None, connect="finite")

    def _map(self, axes: list[Axis], means: list) -> None:
        where = [{repr(v): k for k, v in enumerate(a.values)} for a in axes]
        values = np.full((len(axes[1].values), len(axes[0].values)), np.nan)
        for place, middle, _, _ in means:
            values[where[1][repr(place[axes[1].name])], where[0][repr(place[axes[0].name])]] = middle
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        image = pg.ImageItem(paint(values, low, high if high > low else low + 1, "sequential"), axisOrder="row-major")
        image.setRect(-0.5, -0.5, values.shape[1], values.shape[0])
        self.plot.addItem(image)
        for side, made in (("bottom", axes[0]), ("left", axes[1])):
            step = max(1, len(made.values) // 8)
            texts = [
                (k, number(v, 4) if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v)) for k, v in enumerate(made.values)
            ]
            self.plot.getAxis(side).setTicks([texts[::step]])
        self.strip.set_scale(("sequential", low, high) if finite.size else None)

    def nearest(self, x: float, y: float) -> Row | None:
        """The row of the point drawn at a place, if one is near."""
        found, name = self.table, self.figure.currentData()
        if found is None or not found.rows or not name:
            return None
        axes = drawn_over(found.plan)
        if len(axes) == 2:
            column, row = round(x), round(y)
            if not (0 <= column < len(axes[0].values) and 0 <= row < len(axes[1].values)):
                return None
            wanted = {axes[0].name: axes[0].values[column], axes[1].name: axes[1].values[row]}
        elif axes:
            places = self._numbers(axes[0])
            scale = self.plot.getViewBox().viewPixelSize()[0]
            nearest = min(range(len(places)), key=lambda k: abs(places[k] - x))
            if abs(places[nearest] - x) > NEAR * scale:
                return None
            wanted = {axes[0].name: axes[0].values[nearest]}
        else:
            return None
        return next((r for r in found.rows if all(r.point.values[n] == v for n, v in wanted.items())), None)

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            at: QPointF = self.plot.getViewBox().mapSceneToView(event.scenePos())
            row = self.nearest(at.x(), at.y())
            if row is not None:
                self.open_point(row)

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
        look = theme.current()
        self.plot.setBackground(theme.colour("surface"))
        for side in ("left", "bottom"):
            held = self.plot.getAxis(side)
            held.setPen(pg.mkPen(theme.colour("line")))
            held.setTextPen(pg.mkPen(theme.colour("muted")))
            held.setStyle(tickFont=theme.mono_font(look.caption))
        self.draw()
