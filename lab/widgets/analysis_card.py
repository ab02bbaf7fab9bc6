"""The Analysis card: for any model with spikes, its intervals, rates, correlations and spectra while it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from lab.analysis import pictures as analysis_view
from lab.analysis.of_run import cells_of, rasters
from lab.analysis.pictures import Shown
from lab.analysis.registry import Request, analysis
from lab.analysis.trains import Curve
from lab.display.plots import Overlay, Source, typeset
from lab.errors import LabError
from lab.model import Layer, Model, Picture
from lab.units import number
from lab.widgets.pictures.base import PictureView, Table
from lab.widgets.pictures.card import PictureCard
from lab.widgets.pictures.lines import LinesView

INTERVAL = 0.2  # seconds between two analyses
POLL_MS = 30
NARROW = 560  # pixels below which the choosers take two rows


def can_analyse(model: Model) -> bool:
    """Whether the model has spikes."""
    return bool(rasters(model))


@cache
def _worker() -> ThreadPoolExecutor:
    """One thread for all cards: an analysis of all kept spikes, or the first compilation, must not hold up the window."""
    return ThreadPoolExecutor(1)


class AnalysisView(PictureView):
    """A chooser of analyses above an ordinary picture of the result.

    It reads the source in `refresh`, lets another thread compute, and draws what came back; at most five times a second.
    """

    def __init__(self, model: Model, parent: QWidget | None = None):
        self._rasters = rasters(model)
        stream = "spikes" if "spikes" in self._rasters else self._rasters[0]
        super().__init__(
            Picture("analysis", "Analysis", (Layer(stream),), doc="Intervals, rates, correlations and spectra of the spikes."),
            model,
            parent,
        )
        self.curve: Curve | None = None
        self._number = 0
        self._asked = -1.0
        self._pending: Future[Curve] | None = None
        self._pending_for: tuple[Any, ...] = ()
        self._views: dict[tuple[str, str], LinesView] = {}
        self._view: LinesView | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        self._column = column
        # Choosers in one row where there is room, in two where there is not.
        self._choosers = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._choosers.setContentsMargins(0, 0, 8, 4)
        self._choosers.setSpacing(8)
        self.kinds = _combo("Analysis", self)
        for picture in analysis_view.pictures_for(model):
            self.kinds.addItem(picture.title, picture.name)
        self.streams = _combo("Spikes of", self)
        self.streams.addItems(self._rasters)
        self.streams.setCurrentText(stream)
        self.streams.setVisible(len(self._rasters) > 1)
        self.traces = _combo("Trace", self)
        for name, channel, title in analysis_view.traces(model):
            self.traces.addItem(title, (name, channel))
        self.traces.hide()
        self.cell = QSpinBox(self)
        self.cell.setAccessibleName("Cell")
        self.cell.setToolTip("The cell that is analysed")
        self.cell.setPrefix("cell ")
        self.cell.setSpecialValueText("all cells")
        self.other = QSpinBox(self)
        self.other.setAccessibleName("Other cell")
        self.other.setToolTip("The cell whose spikes are counted around those of the first, or of all others")
        self.other.setPrefix("with cell ")
        self.other.setValue(1)
        self.other.hide()
        self.every = QDoubleSpinBox(self)
        self.every.setAccessibleName("Events")
        self.every.setToolTip("After which events spikes are counted: the onsets of the stimulus, or one each so often")
        self.every.setPrefix("each ")
        self.every.setSuffix(f" {model.clock.unit}")
        self.every.setSpecialValueText("each onset")
        self.every.setDecimals(1 if model.clock.unit == "ms" else 3)
        self.every.setRange(0.0, 1e6)
        self.every.setSingleStep(10.0 if model.clock.unit == "ms" else 100 * model.clock.dt)
        self.every.setKeyboardTracking(False)
        self.every.hide()
        self.last = QDoubleSpinBox(self)
        self.last.setAccessibleName("Stretch of time")
        self.last.setToolTip("How much time before now is analysed")
        self.last.setPrefix("last ")
        self.last.setSuffix(f" {model.clock.unit}")
        self.last.setSpecialValueText("all of it")
        self.last.setDecimals(0 if model.clock.unit == "ms" else 2)
        self.last.setRange(0.0, 1e9)
        self.last.setSingleStep(100 * model.clock.dt if model.clock.unit != "ms" else 500.0)
        self.last.setKeyboardTracking(False)
        for spin in (self.cell, self.other, self.every, self.last):
            spin.setMaximumWidth(132)  # their widest numbers would take the width of the picture
        for group in ((self.kinds, self.streams, self.traces), (self.cell, self.other, self.every, self.last)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for widget in group:
                row.addWidget(widget)
            row.addStretch(1)
            self._choosers.addLayout(row)
        self._choosers.addStretch(1)
        self._column.insertLayout(0, self._choosers)
        self._limit_cells()
        self.kinds.currentIndexChanged.connect(self._chosen)
        self.streams.currentIndexChanged.connect(self._chosen)
        self.traces.currentIndexChanged.connect(self._chosen)
        self.cell.valueChanged.connect(self._chosen)
        self.last.valueChanged.connect(self._chosen)
        self.other.valueChanged.connect(self._chosen)
        self.every.valueChanged.connect(self._chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choosers one below the other in a narrow card."""
        super().resizeEvent(event)
        self._choosers.setDirection(QBoxLayout.Direction.TopToBottom if self.width() < NARROW else QBoxLayout.Direction.LeftToRight)

    # -- what is asked --

    @property
    def kind(self) -> str:
        """Which analysis is shown."""
        return str(self.kinds.currentData())

    @property
    def asks(self) -> frozenset[str]:
        """What the analysis needs to be told besides cell and stretch."""
        return analysis(self.kind).asks

    def choose(self, kind: str) -> None:
        """Show this analysis (`isi`, `rate`, `correlogram` ...)."""
        self.kinds.setCurrentIndex(max(0, self.kinds.findData(kind)))

    @property
    def wanted(self) -> frozenset[str]:
        """The raster, and the trace while it is averaged."""
        needed = {self.streams.currentText()}
        if "trace" in self.asks and self.traces.currentData():
            needed.add(self.traces.currentData()[0])
        return frozenset(needed)

    @property
    def caption(self) -> str:
        """The figures of the analysis."""
        if self.curve is None:
            return ""
        return " · ".join(_figure(k, v) for k, v in list(self.curve.figures.items())[:3])

    def _choice(self) -> tuple[Any, ...]:
        asks = self.asks
        trace = self.traces.currentData() if "trace" in asks else None
        other = self.other.value() if "other" in asks else 0
        every = self.every.value() if "events" in asks else 0.0
        return self.kind, self.streams.currentText(), self.cell.value(), self.last.value(), trace, other, every

    def _limit_cells(self) -> None:
        count = cells_of(self.model, self.streams.currentText()) or 100_000
        self.cell.setRange(-1, count - 1)
        self.cell.setValue(-1 if self.cell.value() >= count or self._asked < 0 else self.cell.value())
        self.cell.setVisible(count > 1)
        self.other.setRange(0, max(1, count - 1))

    def _chosen(self, *_: Any) -> None:
        self._asked = min(self._asked, 0.0)
        if self.sender() is self.streams:
            self._limit_cells()
        asks = self.asks
        self.traces.setVisible("trace" in asks and self.traces.count() > 1)
        self.other.setVisible("other" in asks)
        self.every.setVisible("events" in asks)
        if self._source is not None:
            self.refresh(self._source)

    # -- computing and drawing --

    def refresh(self, source: Source, overlays: Sequence[Overlay] = (), *, force: bool = False) -> bool:
        """Ask for an analysis if there is something new, and draw what has come back; whether it drew."""
        if not force and self.window().isVisible() and not self.isVisible():
            return False
        self._source = source
        if source.model is not self.model:
            self.model = source.model
        if self._pending is not None:
            if not force and not self._pending.done():
                return False
            return self._take()
        key = (id(source), source.version, self._choice())
        if key == self._drawn and not force:
            return False
        if not force and time.monotonic() - self._asked < INTERVAL:
            self._timer.start()
            return False
        try:
            request = self._request(source)
        except LabError as error:
            self._drawn = key
            self.say(str(error))
            return True
        self._asked = time.monotonic()
        self._pending_for = (key, request.kind, source)
        self._pending = _worker().submit(analysis_view.answer, request)
        if force:
            return self._take()
        self._timer.start()
        return False

    @property
    def at_rest(self) -> bool:
        """Whether no analysis is on its way."""
        return self._pending is None

    def _request(self, source: Source) -> Request:
        kind, stream, cell, last, trace, other, every = self._choice()
        return analysis_view.ask(source, kind, stream, cell=None if cell < 0 else cell, last=last, trace=trace, other=other, every=every)

    def _poll(self) -> None:
        if self._pending is not None and self._pending.done():
            self._take()
        elif self._pending is None and self._source is not None:
            self._timer.stop()
            self.refresh(self._source)

    def _take(self) -> bool:
        """Draw the analysis that has been asked for, waiting for it where need be."""
        assert self._pending is not None
        future, self._pending = self._pending, None
        self._timer.stop()
        key, kind, source = self._pending_for
        self._pending_for = ()
        self._drawn = key
        try:
            self.curve = future.result()
        except LabError as error:
            self.curve = None
            if self._view is not None:
                self._view.hide()
            self.say(str(error))
            return True
        self.say("")
        self._number += 1
        view = self._place_for(kind, self.curve)
        view.refresh(Shown(view.model, kind, self.curve, self._number, max(1, source.step)), force=True)
        if key[2] != self._choice():
            self._timer.start()
        return True

    def _place_for(self, kind: str, curve: Curve) -> LinesView:
        """The picture of this analysis, made when it is first needed: each keeps its own axes."""
        trace = curve.y_label if "trace" in analysis(kind).asks else ""
        name = (kind, trace)
        view = self._views.get(name)
        if view is None:
            shown = analysis_view.analysed(self.model, trace)
            picture = next(p for p in shown.pictures if p.name == kind)
            view = self._views[name] = LinesView(picture, shown, self)
            view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            self._column.addWidget(view, 1)
        for other in self._views.values():
            other.setVisible(other is view)
        self._view = view
        return view

    def fit(self) -> None:
        """Show everything again after zooming."""
        if self._view is not None:
            self._view.fit()

    def set_theme(self) -> None:
        """The picture inside colours itself."""
        self._style_words()

    # -- copy and export --

    def table(self) -> Table:
        """All columns of the analysis, those not drawn included."""
        if self.curve is None:
            return [], []
        return list(self.curve.columns), [column.tolist() for column in self.curve.columns.values()]

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The picture without the choosers."""
        if self._view is not None and self.curve is not None:
            self._view.paint_on(painter, area)


class AnalysisCard(PictureCard):
    """The analysis with title, caption and menu, as every other card."""

    def __init__(self, model: Model, parent: QWidget | None = None):
        super().__init__(AnalysisView(model), parent)


def _figure(name: str, value: float) -> str:
    """`mean interval (ms)` and 28.4 as `mean interval 28.4 ms`."""
    words, _, unit = typeset(name).partition(" (")
    return f"{words} {number(value)} {unit.removesuffix(')')}".strip()


def _combo(name: str, parent: QWidget) -> QComboBox:
    combo = QComboBox(parent)
    combo.setAccessibleName(name)
    combo.setToolTip(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(16 if name == "Analysis" else 8)
    return combo
