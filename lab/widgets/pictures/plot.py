"""Pictures on two axes: axis names and ticks, legend, cursor, zoom, parameter lines, clicks and drags."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QLabel, QWidget

from lab import units
from lab.display.plots import Axis, Overlay, Range, Source, kind
from lab.model import Model, Picture
from lab.widgets import theme
from lab.widgets.pictures.axis import TickAxis
from lab.widgets.pictures.base import PictureView
from lab.widgets.pictures.ends import End, Gutter
from lab.widgets.pictures.legend import Strip
from lab.widgets.pictures.moving import MovingLine
from lab.widgets.pictures.pointing import Pointing, inside, on_screen
from lab.widgets.pictures.small import without
from lab.widgets.pictures.texts import Texts

LOW = 100  # px of a picture that spares no line for a legend
LONG = 14  # letters of a title that has no room in the gutter of a strip
GOES_ON = "goes_on"  # argument of a drag's action that wants to know it: whether this place is not the first one of the drag
MARKS = ("", "o", "t1", "s", "d", "t", "x")  # markers that tell series apart without colour


def strip_name(label: str, title: str) -> tuple[str, str]:
    """Name and unit in the gutter of a strip: `V (mV)` is V and mV; a name without a unit is explained by the title, a symbol under it."""
    name, _, unit = label.partition(" (")
    if unit:
        return name, unit.removesuffix(")")
    if len(label) == 1:
        return label, title.lower() if len(title) <= LONG and title != label else ""
    if len(title) > LONG and label:
        return label, ""
    return (title, label) if label and label.lower() != title.lower() else (title, "")


class Field(pg.ViewBox):
    """The area between the axes; passes on what a person does in it to the picture that owns it."""

    def __init__(self, owner: PlotView):
        super().__init__(enableMenu=False)
        self.owner = owner

    def mouseClickEvent(self, ev: Any) -> None:
        """Left: the picture's action, with Shift a marker; double: fit; right: the menu."""
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.owner.menu().popup(ev.screenPos().toPoint())
        elif ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if ev.double():
                self.owner.fit()
            elif ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.owner.shift_clicked(self.mapSceneToView(ev.scenePos()))
            else:
                self.owner.clicked(self.mapSceneToView(ev.scenePos()))

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        """A drag does the picture's action if it has one, and moves the view otherwise."""
        # A drag is known as one only some pixels on: it begins where the button went down.
        at = ev.buttonDownScenePos() if ev.isStart() else ev.scenePos()
        if ev.button() == Qt.MouseButton.LeftButton and self.owner.dragged(
            self.mapSceneToView(at), ev.isStart(), ev.isFinish(), bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ):
            ev.accept()
            return
        super().mouseDragEvent(ev, axis)


class PlotView(PictureView):
    """Base of the pictures with two axes.

    hovered  the drawn place under the cursor, or None, of a picture whose cursor is led by the strips it stands in
    held     the drawn place of such a picture's cursor that the keys moved
    pointed  a click between the axes of such a picture
    """

    hovered = Signal(object)
    held = Signal(object)
    pointed = Signal(object)

    def __init__(self, picture: Picture, model: Model, parent: QWidget | None = None):
        super().__init__(picture, model, parent)
        self.field = Field(self)
        self.across, self.up = TickAxis("bottom"), TickAxis("left")
        self.canvas = pg.PlotWidget(self, viewBox=self.field, axisItems={"bottom": self.across, "left": self.up}, enableMenu=False)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.setAccessibleName(picture.title)
        self.canvas.viewport().setAccessibleName(picture.title)
        self.plot = self.canvas.getPlotItem()
        for axis in (self.across, self.up):
            axis.setZValue(-1000)  # grid lines lie behind the data
            axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)  # they are drawn when they change, not with each frame
        self.plot.hideButtons()
        self.plot.layout.removeItem(self.plot.titleLabel)
        self.plot.titleLabel.hide()
        self.strip = Strip()
        self.plot.layout.addItem(self.strip, 0, 0, 1, 3)
        self.gutter = Gutter(self.field)
        self.levels: tuple[End, ...] = ()  # levels that are dragged here, named in the gutter
        right = self.plot.getAxis("right")
        self.plot.layout.removeItem(right)
        right.hide()
        for axis in (right, self.plot.getAxis("top")):
            axis.unlinkFromView()  # hidden, it would be reckoned anew with every range
        self.plot.layout.addItem(self.gutter, 2, 2)
        self.plot.layout.setContentsMargins(0, 0, 8, 0)
        self.field.disableAutoRange()
        self.field.setAspectLocked(picture.equal)
        self.column.addWidget(self.canvas)
        self.zoomed = False
        self.paged = False  # time is shown page by page
        self.seen: QRectF | None = None  # the part of the scene that is drawn elsewhere; None: all of it
        self.margin = False  # a mark that may stand at the end of the horizontal axis is not cut in half there
        self.led = False  # a strip of several: its cursor and its axis of time are those of all
        self.pen: Callable[[QPointF, bool, bool, bool], bool] | None = None  # takes drags while something is drawn by hand
        self._tag = QLabel(self.canvas)
        self._tag.setTextFormat(Qt.TextFormat.RichText)
        self._tag.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._tag.hide()
        self.x_fit, self.y_fit = Range(), Range()
        self._shown: tuple[float, float, float, float] | None = None
        self.pointing = Pointing(self)
        self._axes: tuple[Axis, Axis] = (Axis(), Axis())
        self.field.sigRangeChangedManually.connect(self._zoomed_by_hand)
        self.hair = MovingLine(angle=90)
        self.hair.hide()
        self.canvas.addItem(self.hair, ignoreBounds=True)
        self.canvas.viewport().setMouseTracking(True)
        self.canvas.viewport().installEventFilter(self)
        self.handles: dict[str, pg.InfiniteLine] = {}
        self._make_handles()
        self._colour_frame()
        self.show_drawing(False)  # while a run is prepared there is nothing to have axes for

    # -- axes --

    def say(self, words: str) -> None:
        """Words of a strip are said once, for all strips."""
        if not self.led:
            super().say(words)

    def show_drawing(self, shown: bool) -> None:
        """Axes of nothing say nothing: only the words are seen. They keep their room, so that nothing jumps once there is something."""
        self.field.childGroup.setVisible(shown)
        for part in (self.across, self.up, self.strip, self.gutter):
            part.setOpacity(1.0 if shown or self.led else 0.0)

    def show_axes(self, x: Axis, y: Axis, xs: tuple[float, float], ys: tuple[float, float]) -> None:
        """Set names and ranges: the picture's own, or fitted to the extents xs and ys of the data (NaN: none)."""
        if (x, y) != self._axes:
            if (x.label, x.log) != (self._axes[0].label, self._axes[0].log):
                self.across.before = "before now" in x.label
                self.across.show_label(x.label)
                self.across.setLogMode(x.log, None) if x.log != self.across.logMode else None
                self.zoomed = False
            if y.log != self.up.logMode:
                self.up.setLogMode(None, y.log)
            self._name_up(y.label)
            self._axes = (x, y)
        if self.zoomed:
            return
        wide = self._ends(x, self.x_fit, xs, pad=x.lo is None or self.margin)
        tall = self._ends(y, self.y_fit, ys, pad=True)
        shown = (*wide, *tall)
        if shown != self._shown:
            self._shown = shown
            self.field.setRange(xRange=wide, yRange=tall, padding=0, disableAutoRange=True)
            self.field.updateMatrix()  # left to the next painting, it would make another one necessary

    def lead(self, last: bool) -> None:
        """Become a strip of several: named in the left gutter, numbers of time only under the last."""
        self.led, self.paged = True, True
        self.across.quiet = not last
        self.across.setStyle(showValues=last)
        self.across.show_label(self.across._name)
        self.plot.layout.setContentsMargins(0, 0, 0, 0)
        for line in self.handles.values():
            self.canvas.removeItem(line)
        self.handles = {}
        self._name_up(self._axes[1].label)

    def _name_up(self, label: str) -> None:
        """Name the vertical axis: above it, or in a strip of several in the gutter beside it."""
        if not self.led:
            self.strip.set_name(label)
            return
        self.strip.set_name("")
        name, unit = strip_name(label, self.picture.title)
        muted = theme.current().tokens.muted
        self._tag.setText(
            f"<b>{escape(name)}</b><br><span style='color:{muted}'>{escape(unit)}</span>" if unit else f"<b>{escape(name)}</b>"
        )
        self._tag.setFont(theme.sans_font(theme.current().caption))
        self._tag.adjustSize()
        self._tag.move(4, 2)
        self._tag.setVisible(bool(label))

    @property
    def left_needed(self) -> int:
        """Width of the gutter at the left that name and numbers need beside each other."""
        size = max(10, theme.current().caption - 1)
        lo, hi = self.field.viewRange()[1]
        ends = () if self.up.names or self.up.logMode else units.ticks([lo, hi], (hi - lo) / 4)
        numbers = max(theme.text_width(text, size, family=theme.MONO) for text in ("−0.00", *self.up.names, *ends))
        most = 128.0 * theme.current().caption / 12 if not self.up.names else 0.3 * self.width()
        return round(min(most, max(self._tag.width() + numbers + 18, numbers + 12, 36)))

    def lettering(self) -> list[QRect]:
        """The axes, as far as numbers and names stand at them, the legend, and the names at the ends of lines."""
        shown: list[pg.GraphicsWidget] = [axis for axis in (self.across, self.up) if axis.isVisible() and not axis.quiet]
        shown += [part for part, said in ((self.strip, self.strip.entries), (self.gutter, self.gutter.ends)) if said]
        rects = [self.canvas.mapFromScene(part.mapRectToScene(part.rect())).boundingRect() for part in shown]
        return [rect.translated(self.canvas.mapTo(self, QPoint(0, 0))) for rect in rects]

    def _ends(self, axis: Axis, fit: Range, data: tuple[float, float], *, pad: bool) -> tuple[float, float]:
        lo, hi = data
        if axis.log and lo > 0:
            lo, hi = math.log10(lo), math.log10(hi)
        if axis.lo is not None and axis.hi is not None:
            ends = (math.log10(axis.lo), math.log10(axis.hi)) if axis.log and axis.lo > 0 else (axis.lo, axis.hi)
            # A line that runs along the end of a fixed range would be cut in half.
            margin = 0.03 * (ends[1] - ends[0]) if pad else 0.0
            return float(ends[0] - margin), float(ends[1] + margin)
        return fit.follow(lo, hi)

    def place(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Data as drawn: logarithms on log axes."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self._axes[0].log:
                x = np.log10(np.where(x > 0, x, np.nan))
            if self._axes[1].log:
                y = np.log10(np.where(y > 0, y, np.nan))
        return x, y

    def unplace(self, at: QPointF) -> tuple[float, float]:
        """The data values at a drawn place."""
        x, y = at.x(), at.y()
        return (10.0**x if self._axes[0].log else x, 10.0**y if self._axes[1].log else y)

    def fit(self) -> None:
        """Forget zoom and remembered ranges."""
        self.zoomed = False
        self._shown = None
        self.x_fit.reset()
        self.y_fit.reset()
        if self._source is not None:
            self.refresh(self._source, self._overlays, force=True)

    def _zoomed_by_hand(self, *_: Any) -> None:
        self.zoomed = True

    def resizeEvent(self, event: Any) -> None:
        """A high picture has room for a legend of several lines, a low one not even for the name of time."""
        self.strip.set_most(0 if self.height() < LOW else 1 if self.height() < 150 else 2 if self.height() < 280 else 4)
        bare = self.height() < LOW and kind(self.picture, self.model) == "trace"  # what time is counted in, the transport says
        if bare != self.across.bare:
            self.across.bare = bare
            self.across.show_label(self.across._name)
        super().resizeEvent(event)

    # -- colours --

    def _colour_frame(self) -> None:
        look = theme.current()
        self.canvas.setBackground(look.tokens.surface)
        for axis in (self.across, self.up):
            axis.set_colours()
        self.strip.set_colours()
        self.gutter.update()
        self.hair.setPen(pg.mkPen(look.tokens.muted, width=1, style=Qt.PenStyle.DotLine))
        for line in self.handles.values():
            line.setPen(pg.mkPen(look.tokens.warn, width=max(1.2, look.stroke - 0.3), style=Qt.PenStyle.DashLine))
            line.setHoverPen(pg.mkPen(look.tokens.warn, width=look.stroke + 1.5))
            line.label.setColor(QColor(look.tokens.readable("warn", "surface")))
            line.label.setFont(theme.sans_font(max(10, look.caption - 1)))
            line.label.fill = pg.mkBrush(theme.colour("surface", 0.85))  # a curve behind the words does not strike them out

    def set_theme(self) -> None:
        """Colour frame and items again."""
        self._colour_frame()
        self._name_up(self._axes[1].label)
        super().set_theme()

    # -- parameter lines --

    def _make_handles(self) -> None:
        specs = type(self.model).specs()
        for handle in self.picture.handles:
            if handle.axis not in ("x", "y"):
                continue
            spec = specs[handle.param]
            angle = 90 if handle.axis == "x" else 0
            line = MovingLine(
                pos=float(getattr(self.model, handle.param)), angle=angle, movable=True, label=spec.label,
                labelOpts=dict(position=0.97 if angle == 0 else 0.92, anchors=[(1, 1), (1, 1)] if angle == 0 else [(0, 0), (1, 0)], movable=False),
            )  # fmt: skip  # an upright line has its words on the side that has more room
            line.setZValue(50)
            line.setCursor(Qt.CursorShape.SizeVerCursor if angle == 0 else Qt.CursorShape.SizeHorCursor)
            if spec.lo is not None and spec.hi is not None:
                line.setBounds((spec.lo, spec.hi))
            line.param = handle.param
            line.sigDragged.connect(self._handle_dragged)
            line.sigPositionChangeFinished.connect(self._handle_dropped)
            self.canvas.addItem(line, ignoreBounds=True)
            self.handles[handle.param] = line

    def _handle_dragged(self, line: Any) -> None:
        self._handle_dropped(line, final=False)

    def _handle_dropped(self, line: Any, final: bool = True) -> None:
        at = line.getPos()
        value = float(at[0] if line.angle == 90 else at[1])
        spec = type(self.model).specs()[line.param]
        line.label.setFormat(f"{spec.label} {spec.text(float(f'{value:.4g}'))}")
        self.handle_moved.emit(line.param, round(value) if spec.kind == "int" else value, final)

    def set_model(self, model: Model) -> None:
        """Move the parameter lines to the new values, except one that is being dragged."""
        super().set_model(model)
        for name, line in self.handles.items():
            if not line.moving:
                value = float(getattr(model, name))
                line.setPos(value)
                line.label.setFormat(f"{type(model).specs()[name].label} {type(model).specs()[name].text(value)}")

    # -- what a person does --

    def clicked(self, at: QPointF) -> None:
        """A click between the axes."""
        if self.led:
            self.pointed.emit(at.x())
        if self.picture.click:
            x, y = self.unplace(at)
            self.acted.emit(self.picture.click, {"x": x, "y": y})

    def shift_clicked(self, at: QPointF) -> None:
        """A click with Shift between the axes."""
        self.clicked(at)

    def dragged(self, at: QPointF, start: bool, finish: bool, shift: bool) -> bool:
        """A drag between the axes; whether it was taken."""
        if self.pen is not None:
            return self.pen(at, start, finish, shift)
        if not self.picture.drag:
            return False
        x, y = self.unplace(at)
        told = {GOES_ON: not start} if GOES_ON in type(self.model).actions()[self.picture.drag].arguments.specs() else {}
        self.acted.emit(self.picture.drag, {"x": x, "y": y, **told})
        return True

    def under_cursor(self, at: QPointF) -> str:
        """Words for what lies at a place, in drawn coordinates."""
        x, y = self.unplace(at)
        return f"{units.number(x)}, {units.number(y)}"

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Follow the cursor with a hairline and a read-out."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            self._hover(event.position().toPoint(), bool(event.buttons()))
        elif event.type() == QEvent.Type.Leave and not self.pointing.held:
            self._hover_nowhere()
        return super().eventFilter(watched, event)

    def _hover_nowhere(self) -> None:
        self.foresee(None)
        if self.led:
            self.hovered.emit(None)
        else:
            self.pointing.moved(None)
            self.point_at(None)

    def _hover(self, at: QPoint, pressed: bool = False) -> None:
        scene = self.canvas.mapToScene(at)
        if not self.field.sceneBoundingRect().contains(scene) or self._words.isVisible():
            self._hover_nowhere()
            return
        place = self.field.mapSceneToView(scene)
        if self.led:
            self.hovered.emit(place.x())
            return
        self.pointing.moved(place)
        self.hair.setPos(place.x())
        self.hair.show()
        mouse = self.canvas.viewport().mapTo(self, at)
        self.read_out(self.under_cursor(place), mouse)
        self.foresee(None if pressed else self.unplace(place), mouse)  # what is dragged is done, and seen where it belongs

    def leaveEvent(self, event: Any) -> None:
        """What the keys hold stays when the mouse goes."""
        if not self.pointing.held:
            super().leaveEvent(event)

    def point_at(self, x: float | None) -> None:
        """Stand the cursor at a drawn place of the horizontal axis with what is read there, or take it away."""
        if x is None:
            self.hair.hide()
            self.read_out("")
            return
        self.hair.setPos(x)
        self.hair.show()
        at = on_screen(self, QPointF(x, self.field.viewRect().bottom()))
        self.read_out(self.read_at(x), at + QPoint(0, 22))

    # -- the cursor under the keys --

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End move the cursor; Enter does there what a click does."""
        if not self.pointing.keyed(event):
            super().keyPressEvent(event)

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """The place where a cursor that stands `at` comes to with so many steps; with none yet, where it begins. None: not in this picture."""
        if at is None:
            return self.field.viewRect().center()
        wide, tall = self.grain()
        return inside(self, QPointF(at.x() + across * wide, at.y() + (up * tall if up else 0.0)))

    def grain(self) -> tuple[float, float]:
        """How far one step of the cursor goes, right and up."""
        wide, tall = self.field.viewPixelSize()
        return wide, -tall if self.field.yInverted() else tall

    def hold_at(self, at: QPointF) -> None:
        """Stand the cursor where the keys put it."""
        if self.led:
            self.held.emit(at.x())
            return
        self.hair.setPos(at.x())
        self.hair.show()
        place = on_screen(self, at)
        self.read_out(self.told_at(at), place)
        self.foresee(self.unplace(at), place)

    def told_at(self, at: QPointF) -> str:
        """Words for what lies where the keys put the cursor."""
        return self.under_cursor(at)

    def told(self) -> str:
        """What is read at the cursor, or where it would begin; of one strip of several, in all of them."""
        above = self.parentWidget()
        if self.led and isinstance(above, PictureView):
            return above.told()
        if self.words:
            return self.words
        at = self.pointing.at or self.step_from(None, 0, 0)
        return (self.told_at(at) if at is not None else "") or super().told()

    def act_at(self, at: QPointF) -> None:
        """What a click does there, or, where the picture is dragged only, a drag that does not move."""
        picture = self.picture
        if self.led and picture.click:
            x, y = self.unplace(at)
            self.acted.emit(picture.click, {"x": x, "y": y})
        elif not self.led and picture.drag and not (picture.click or picture.pick or picture.paint or picture.brush):
            self.dragged(at, True, True, False)
        elif not self.led:
            self.clicked(at)

    def leave_cursor(self) -> bool:
        """Let go of a cursor that the keys hold; whether there was one."""
        return not self.led and self.pointing.let_go()

    def refresh(self, source: Source, overlays: Sequence[Overlay] = (), *, force: bool = False) -> bool:
        """What is read under a held cursor is of the same moment as what is drawn."""
        drew = super().refresh(source, overlays, force=force)
        if drew and not self.led:
            self.pointing.again()
        return drew

    def read_at(self, x: float) -> str:
        """Words for what is drawn at a place of the horizontal axis."""
        return ""

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The scene, without the cursor's hairline."""
        self.hair.hide()
        scene = self.canvas.scene()
        scene.prepareForPaint()
        # Curves are paths: with a brush left on the painter they would be filled.
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # Points and lines are pixels on the screen; told to export, they are drawn as shapes. So are texts that are kept as images.
        kept = [item for item in scene.items() if item.cacheMode() != item.CacheMode.NoCache]
        for item in kept:
            item.setCacheMode(item.CacheMode.NoCache)
        exported = [item for item in scene.items() if hasattr(item, "setExportMode")]
        options = dict(painter=painter, antialias=True, background=None, resolutionScale=1.0)
        for item in exported:
            item.setExportMode(True, options)
        try:
            self._render(painter, area)
        finally:
            for item in exported:
                item.setExportMode(False)
            for item in kept:
                item.setCacheMode(item.CacheMode.DeviceCoordinateCache)

    def thumbnail(self, painter: QPainter, area: QRectF, source: Source) -> None:
        """What lies between the axes."""
        texts = [item for item in self.canvas.scene().items() if isinstance(item, Texts)]
        self.seen = self.field.sceneBoundingRect()
        try:
            without([self.across, self.up, *texts], self.paint_on, painter, area)
        finally:
            self.seen = None

    def _render(self, painter: QPainter, area: QRectF) -> None:
        seen = self.seen or QRectF(self.canvas.viewport().rect())
        self.canvas.scene().render(
            painter, area, seen, Qt.AspectRatioMode.IgnoreAspectRatio if self.seen else Qt.AspectRatioMode.KeepAspectRatio
        )
