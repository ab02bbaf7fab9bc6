"""What came of the points of a sweep: a figure over one parameter as a curve, over two as a map, over places at random as dots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QWidget

from lab.analysis.sweeps.plan import Axis, Plan
from lab.analysis.sweeps.table import Row, Table
from lab.display.plots import typeset
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.colours import paint
from lab.widgets.pictures.legend import Strip

NEAR = 16.0  # px within which the mouse finds a point
TICKS = 8  # of an axis whose values stand at even places
EVEN = 1e-6  # relative difference of ratios that are equal
Place = tuple[dict[str, Any], float, float, int]  # values, mean, standard deviation, count


def drawn_over(plan: Plan) -> list[Axis]:
    """The parameters over which a figure is drawn: those with several values, else the first."""
    return [a for a in plan.axes if plan.drawn or len(a.values) > 1] or list(plan.axes[:1])


def numeric(made: Axis) -> bool:
    """Whether all values of an axis are numbers."""
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in made.values)


def logarithmic(made: Axis) -> bool:
    """Whether the values of an axis are in equal ratios, and so stand apart on a logarithmic axis only."""
    if not numeric(made) or len(made.values) < 3 or min(made.values) <= 0:
        return False
    steps = np.diff(np.log(np.array(made.values, float)))
    return bool(abs(steps[0]) > EVEN and np.ptp(steps) < EVEN * abs(steps[0]))


def told(row: Row) -> str:
    """A point in a few words."""
    return ", ".join(f"{n} {_word(v)}" for n, v in row.point.values.items())


def drawable(table: Table) -> list[str]:
    """The figures that are numbers somewhere."""
    return [n for n in table.names if any(isinstance(v, (int, float)) and not isinstance(v, bool) for v in table.column(n))]


def _word(value: Any) -> str:
    return number(value, 6) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value).replace("_", " ")


class PointPlot(pg.PlotWidget):
    """The picture of a sweep. `chosen`: a point was clicked (its row)."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget):
        super().__init__(parent, viewBox=pg.ViewBox(enableMenu=False), enableMenu=False)
        item = self.getPlotItem()
        item.ctrlMenu.deleteLater()  # never shown, and without a parent it would outlive the window
        item.ctrlMenu = None
        self.strip = Strip()
        item.layout.removeItem(item.titleLabel)
        item.layout.addItem(self.strip, 0, 0, 1, 3)
        self.setAccessibleName("What came of each point; a click opens its run")
        self.scene().sigMouseClicked.connect(self._clicked)
        self.scene().sigMouseMoved.connect(self._moved)
        self._table: Table | None = None
        self._figure = ""
        self._places: list[Place] = []
        self._where: list[Callable[[Any], float]] = []  # of each drawn axis, where a value stands
        self._spots = np.empty((0, 0))  # where each row is drawn: of a curve over its axis alone
        self.set_theme()
        self.show_table(None, "")

    def set_theme(self) -> None:
        """Colours of the picture."""
        look = theme.current()
        self.setBackground(theme.colour("surface"))
        for side in ("left", "bottom"):
            held = self.getAxis(side)
            held.setPen(pg.mkPen(theme.colour("line")))
            held.setTextPen(pg.mkPen(theme.colour("muted")))
            held.setStyle(tickFont=theme.mono_font(look.caption))
        self.strip.set_colours()

    # -- drawing --

    def show_table(self, table: Table | None, figure: str) -> None:
        """Draw a figure of a table; without one there is nothing, no axes either."""
        self._table, self._figure, self._places, self._where = table, figure, [], []
        self._spots = np.empty((0, 0))
        self.clear()
        self.strip.set_scale(None)
        there = table is not None and figure in table.names
        for side in ("left", "bottom"):
            self.showAxis(side, there)
        self._say("")
        if table is None or not there:
            return
        axes = drawn_over(table.plan)
        specs = type(table.plan.experiment.build()).specs()
        self._places = table.mean(figure)
        flat = len(axes) < 2  # one parameter: the figure is the other axis, and its name stands above
        labels = [typeset(f"{specs[a.name].label} ({specs[a.name].unit})" if specs[a.name].unit else specs[a.name].label) for a in axes[:2]]
        self.setLabel("bottom", labels[0] if labels else "seed", color=theme.colour("muted"))
        self.getAxis("left").showLabel(not flat)
        if not flat:
            self.setLabel("left", labels[1], color=theme.colour("muted"))
        self.getAxis("left").setTicks(None)
        self._where = [self._stand(side, a, flat, table.plan) for side, a in zip(("bottom", "left"), axes[:2], strict=False)]
        self._spots = np.array([[at(r.point.values[a.name]) for a, at in zip(axes, self._where, strict=False)] for r in table.rows])
        if flat and axes:
            self._curve(axes[0], joined=not table.plan.drawn)
        elif axes:
            self._map(axes, dots=bool(table.plan.drawn))
        self._wrong(table)

    def _stand(self, side: str, made: Axis, flat: bool, plan: Plan) -> Callable[[Any], float]:
        """Where the values of an axis stand: numbers of a curve at themselves or their logarithms, all others one beside the other."""
        held = self.getAxis(side)
        if numeric(made) and (plan.drawn or (flat and not logarithmic(made))):
            if plan.drawn and made.span is not None and made.span[2]:
                held.setTicks([_decades(*made.span[:2])])
                return lambda value: math.log10(value)
            held.setTicks(None)
            return float
        if flat and logarithmic(made):
            held.setTicks([_decades(min(made.values), max(made.values))])
            return lambda value: math.log10(value)
        held.setTicks([_some([float(k) for k in range(len(made.values))], made)])
        at = {repr(v): float(k) for k, v in enumerate(made.values)}
        return lambda value: at[repr(value)]

    def _curve(self, made: Axis, joined: bool) -> None:
        xs = np.array([self._where[0](values[made.name]) for values, *_ in self._places])
        ys = np.array([m for _, m, _, _ in self._places])
        spread = np.array([s if math.isfinite(s) else 0.0 for _, _, s, _ in self._places])
        order = np.argsort(xs, kind="stable")
        xs, ys, spread = xs[order], ys[order], spread[order]
        ink = theme.colour("series0")
        if spread.any():
            self.addItem(pg.ErrorBarItem(x=xs, y=ys, height=2 * spread, beam=0.0, pen=pg.mkPen(ink, width=1)))
        pen = pg.mkPen(ink, width=2) if joined else None
        self.plot(xs, ys, pen=pen, symbol="o", symbolSize=8, symbolBrush=ink, symbolPen=None, connect="finite")

    def _map(self, axes: list[Axis], dots: bool) -> None:
        """Two parameters; of more, the mean over the others."""
        cells: dict[tuple[float, float], list[float]] = {}
        for values, middle, _, _ in self._places:
            if math.isfinite(middle):
                cells.setdefault((self._where[0](values[axes[0].name]), self._where[1](values[axes[1].name])), []).append(middle)
        if not cells:
            return
        means = np.array([math.fsum(found) / len(found) for found in cells.values()])
        low, high = float(means.min()), float(means.max())
        top = high if high > low else low + 1
        if dots:
            inks = paint(means[None, :], low, top, "sequential")[0]
            spots = pg.ScatterPlotItem(size=9, pen=None)
            spots.setData(*np.array(list(cells)).T, brush=[pg.mkBrush(*map(int, ink[:3])) for ink in inks])
            self.addItem(spots)
        else:
            grid = np.full((len(axes[1].values), len(axes[0].values)), np.nan)
            for (x, y), middle in zip(cells, means, strict=True):
                grid[int(y), int(x)] = middle
            image = pg.ImageItem(paint(grid, low, top, "sequential"), axisOrder="row-major")
            image.setRect(-0.5, -0.5, grid.shape[1], grid.shape[0])
            self.addItem(image)
        self.strip.set_scale(("sequential", low, high))

    def _wrong(self, table: Table) -> None:
        """A cross where a point went wrong: on the map in its place, of a curve along the bottom."""
        wrong = np.array([row.state != "finished" for row in table.rows], bool)
        if not wrong.any() or not self._spots.size:
            return
        places = np.unique(self._spots[wrong], axis=0)
        if places.shape[1] == 1:
            low = min((m for _, m, _, _ in self._places if math.isfinite(m)), default=0.0)
            places = np.column_stack([places, np.full(len(places), low)])
        self.addItem(pg.ScatterPlotItem(*places.T, symbol="x", size=10, pen=pg.mkPen(theme.colour("bad"), width=2), brush=None))

    # -- reading and choosing --

    def nearest(self, x: float, y: float) -> Row | None:
        """The row of the point drawn at a place, if one is near."""
        if self._table is None or not len(self._spots):
            return None
        cell = self.getViewBox().viewPixelSize()
        scale, reach = np.array(cell[: self._spots.shape[1]]), NEAR
        if self._spots.shape[1] == 2 and not self._table.plan.drawn:
            scale, reach = np.ones(2), 0.5  # anywhere in a cell of the map
        away = np.abs(self._spots - np.array((x, y))[: len(scale)]) / scale
        k = int(np.argmin(away.max(1)))
        return self._table.rows[k] if away[k].max() <= reach else None

    def said(self, row: Row) -> str:
        """What came of a point, in a line."""
        name, value = typeset(self._figure), row.summary.get(self._figure)
        if row.error:
            return f"{told(row)}: {row.error}"
        _, middle, spread, count = next(p for p in self._places if p[0] == row.point.values)
        if count > 1:
            return f"{told(row)}: {name} {number(middle, 5)} ± {number(spread, 3)} of {count} seeds"
        return f"{told(row)}: {name} {number(value, 6)}"

    def _say(self, line: str) -> None:
        """A line above the picture: what stands under the mouse, else the name of the figure."""
        name = typeset(self._figure) if self._table is not None else ""
        if not line and self._table is not None and len(drawn_over(self._table.plan)) > 2:
            name += ", mean over the other parameters"
        self.strip.set_name(line or name)

    def _at(self, scene: QPointF) -> Row | None:
        at = self.getViewBox().mapSceneToView(scene)
        return self.nearest(at.x(), at.y()) if self.getViewBox().sceneBoundingRect().contains(scene) else None

    def _moved(self, scene: QPointF) -> None:
        row = self._at(scene)
        self._say(self.said(row) if row is not None else "")

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (row := self._at(event.scenePos())) is not None:
            self.chosen.emit(row)


def _some(places: Sequence[float], made: Axis) -> list[tuple[float, str]]:
    """Ticks at some of the values, evenly; of words at all."""
    step = max(1, math.ceil(len(places) / TICKS)) if numeric(made) else 1
    return [
        (place, number(v, 4) if isinstance(v, (int, float)) and not isinstance(v, bool) else _word(v))
        for place, v in list(zip(places, made.values, strict=True))[::step]
    ]


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times the powers of ten, or the powers alone where they are many."""
    first, last = math.floor(math.log10(min(low, high))), math.ceil(math.log10(max(low, high)))
    times = (1, 2, 5) if last - first < 3 else (1,)
    return [(e + math.log10(t), number(t * 10.0**e, 3)) for e in range(first, last + 1) for t in times]
