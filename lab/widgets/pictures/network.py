"""Networks of layers: columns of units that show what they answer, and the wires between them, whose weights can be dragged.

Wires are drawn by the compiled kernel into one image when something new has come, so a repaint only puts images down. Under
each layer stand its plus and minus; a wire that was clicked says its weight and is dragged up or down, or moved by the keys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from lab.display.plots import Overlay, Source, typeset
from lab.display.strokes import Canvas, premultiplied
from lab.units import number
from lab.widgets import spoken, theme
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.pictures.colours import levels_of, paint
from lab.widgets.pictures.layer_controls import LayerControls
from lab.widgets.pictures.layered import POINTS, Drawing, Place, Wire, signed, unit_at, words_of
from lab.widgets.pictures.pointing import ENTER

WIDEST, THINNEST = 4.6, 0.7  # px at an ordinary stroke
TRAVEL = 120.0  # px of a drag that change a weight by the largest there is
FINE = 0.1
CLOSE = 0.8  # of the height of letters, from one name to the next
DASHES = (5.0, 4.0)
LARGE = 132  # px of a unit under the cursor


@draws("network")
class NetworkView(PictureView):
    """Draws a stream of kind `network`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.drawing = Drawing()
        self._tiles: list[list[QImage | None]] = []
        self._fills: list[list[QColor]] = []
        self._image: tuple[tuple, QImage] | None = None
        self._canvas: Canvas | None = None
        self._version = 0
        self.picked: Wire | None = None
        self._held: tuple[float, float, float] | None = None  # where a drag began: height, weight, last weight said
        self._over: tuple[int, int] | None = None  # the unit under the mouse, or the one that the keys came to
        self._keyed = False
        self._controls = LayerControls(self, self._present)
        self._controls.wanted.connect(self._layers_wanted)

    @property
    def caption(self) -> str:
        """Layers and weights."""
        units = [int(layer["units"]) for layer in self.drawing.layers]
        return "\u00a0·\u00a0".join(map(str, units)) if units else ""  # one piece: without its end it would name another network

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Take over layers, answers and weights."""
        found = source.snapshot(self.picture.layers[0].stream)
        if found is None or not found["layers"]:
            return False
        self.drawing = Drawing.of(found)
        self._version += 1
        self._tiles, self._fills = [], []
        for layer in found["layers"]:
            colours = str(layer.get("colours") or self.picture.colours)
            maps, values = layer.get("maps"), np.asarray(layer["values"], float)
            self._tiles.append(tiles_of(maps, colours) if maps is not None else [None] * len(values))
            self._fills.append(_fills(values, float(layer.get("scale") or 0.0)))
        if self.picked is not None and not self.drawing.has(self.picked):
            self.picked = None
        self._controls.show_layers(found["layers"])
        self.update()
        return True

    def set_theme(self) -> None:
        """Other colours."""
        self._image = None
        super().set_theme()

    # -- layout --

    def places(self, area: QRectF) -> list[Place]:
        """Where the units of each column lie in an area."""
        caption = theme.current().caption
        measure = QFontMetricsF(theme.sans_font(caption))
        first, last = (_name_room(layer, measure) for layer in (self.drawing.layers[0], self.drawing.layers[-1]))
        top, foot = area.top() + 1.9 * caption, area.bottom() - self._controls.room
        return self.drawing.places(area.left(), top, area.right(), foot, caption, (first, last))

    def _present(self) -> list[Place]:
        """Where they lie in the view as it stands."""
        return self.places(QRectF(self.rect()))

    @staticmethod
    def _ink(away: bool, size: float) -> QColor:
        tokens = theme.current().tokens
        return QColor(theme.mix(tokens.surface, tokens.series[0 if away else 1], 0.28 + 0.72 * size))

    @staticmethod
    def _width(size: float) -> float:
        return (THINNEST + (WIDEST - THINNEST) * size) * theme.current().stroke / 2.0

    # -- painting --

    def _wired(self, places: Sequence[Place]) -> QImage:
        """The wires as an image, made anew only when they changed."""
        ratio = self.devicePixelRatioF()
        key = (self._version, self.width(), self.height(), ratio, theme.current())
        if self._image is not None and self._image[0] == key:
            return self._image[1]
        wide, tall = round(self.width() * ratio), round(self.height() * ratio)
        if self._canvas is None or (self._canvas.width, self._canvas.height) != (wide, tall):
            self._canvas = Canvas(wide, tall)
        canvas = self._canvas
        canvas.clear()
        for stroke in self.drawing.strokes(places):
            ink = self._ink(stroke.away, stroke.size)
            canvas.line(
                stroke.x * ratio, stroke.y * ratio, premultiplied(ink.red(), ink.green(), ink.blue()), self._width(stroke.size) * ratio,
                [d * ratio for d in DASHES] if stroke.away else (),
            )  # fmt: skip
        image = QImage(canvas.pixels.data, canvas.width, canvas.height, 4 * canvas.width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        self._image = (key, image)
        return image

    def paintEvent(self, event: Any) -> None:
        """Wires, units, and what is picked or under the cursor."""
        if not self.drawing.layers or self._words.isVisible():
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        places = self._present()
        painter.drawImage(QPointF(0, 0), self._wired(places))
        self._paint_picked(painter, places)
        self._paint_units(painter, places)
        self._paint_key(painter)
        if self._over is not None:
            self._paint_large(painter, places)
        painter.end()

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The drawing on any device, wires as shapes."""
        if not self.drawing.layers:
            return
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        places = self.places(area)
        for stroke in self.drawing.strokes(places):
            width = self._width(stroke.size)
            pen = QPen(self._ink(stroke.away, stroke.size), width)
            if stroke.away:
                pen.setDashPattern([d / width for d in DASHES])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            path = QPainterPath()
            for run in np.split(np.column_stack([stroke.x, stroke.y]), np.flatnonzero(np.isnan(stroke.x)) + 1):
                run = run[np.isfinite(run[:, 0])]
                if len(run):
                    path.moveTo(*map(float, run[0]))
                    for px, py in run[1:]:
                        path.lineTo(float(px), float(py))
            painter.drawPath(path)
        self._paint_units(painter, places)
        self._paint_key(painter, area.topLeft())
        painter.setFont(theme.sans_font(theme.current().caption))
        painter.setPen(theme.colour("muted"))
        for place, layer in zip(places, self.drawing.layers, strict=True):
            room = QRectF(place.x - 60, area.bottom() - self._controls.room, 120, self._controls.room)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words_of(layer))

    def _paint_units(self, painter: QPainter, places: Sequence[Place]) -> None:
        self._paint_weights(painter, places)
        look = theme.current()
        font = theme.sans_font(look.caption)
        layers = self.drawing.layers
        for k, (place, layer) in enumerate(zip(places, layers, strict=True)):
            for i, y in enumerate(place.y):
                box = QRectF(place.x - place.side / 2, y - place.side / 2, place.side, place.side)
                tile = self._tiles[k][i]
                painter.setPen(QPen(theme.colour("muted" if self._over != (k, i) else "text"), 1.2))
                if tile is not None:
                    painter.setBrush(theme.colour("surface"))
                    painter.drawRoundedRect(box, 3, 3)
                    painter.drawImage(box.adjusted(1, 1, -1, -1), tile)
                else:
                    painter.setBrush(self._fills[k][i])
                    painter.drawRoundedRect(box, 4, 4)
            if layer.get("numbers"):
                self._paint_values(painter, place, self._fills[k], np.asarray(layer["values"], float))
            names: Sequence[str] = layer.get("names") or ()
            last = k == len(layers) - 1
            if (k == 0 or last) and len(names) == len(place.y) and names[0] != "picture":
                painter.setFont(font)
                measure = QFontMetricsF(font)
                wide, high = _most_room(measure) - 4, max(20.0, measure.height())  # text of a lecture is taller than a row
                every = named_rows(place.y, measure.height())
                for i, (y, name) in enumerate(zip(place.y, names, strict=True)):
                    if i % every:
                        continue
                    painter.setPen(theme.colour(f"series{i}" if last and 1 < len(names) <= 6 else "text" if last else "muted"))
                    room = (
                        QRectF(place.x + place.side / 2 + 5, y - high / 2, wide, high)
                        if last
                        else QRectF(place.x - place.side / 2 - 5 - wide, y - high / 2, wide, high)
                    )
                    side = Qt.AlignmentFlag.AlignLeft if last else Qt.AlignmentFlag.AlignRight
                    text = measure.elidedText(typeset(str(name)), Qt.TextElideMode.ElideRight, wide)
                    painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_values(self, painter: QPainter, place: Place, fills: Sequence[QColor], values: np.ndarray) -> None:
        """What units hold, as numbers in them where they have room."""
        look = theme.current()
        size = min(look.text, round(0.3 * place.side))
        if size < 7:
            return
        texts = [number(float(f"{value:.2g}")) for value in values]
        widest = max((QFontMetricsF(theme.mono_font(size)).horizontalAdvance(text) for text in texts), default=0.0)
        if widest > place.side - 4:
            size = max(7, int(size * (place.side - 4) / widest))
        painter.setFont(theme.mono_font(size))
        for y, fill, text in zip(place.y, fills, texts, strict=True):
            dark = theme.contrast(fill.name(), "#ffffff") > theme.contrast(fill.name(), "#10151b")
            painter.setPen(QColor("#ffffff" if dark else "#10151b"))
            box = QRectF(place.x - place.side / 2, y - place.side / 2, place.side, place.side)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_weights(self, painter: QPainter, places: Sequence[Place]) -> None:
        """Weights beside their wires, of bundles that ask for it."""
        look = theme.current()
        font = theme.mono_font(look.caption)
        painter.setFont(font)
        measure = QFontMetricsF(font)
        curves = self.drawing.curves(places)
        texts = [
            [signed(float(w)) for w in self.drawing.weights(k).ravel()] if wire.get("numbers") else []
            for k, wire in enumerate(self.drawing.wires)
        ]
        sizes = [np.array([measure.horizontalAdvance(text) + 8.0 for text in bundle]) for bundle in texts]
        tall = measure.height() + 2.0
        for bundle, wide, at in zip(texts, sizes, self.drawing.labels(curves, sizes, tall), strict=True):
            for text, width, (px, py) in zip(bundle, wide, at, strict=True):
                if np.isnan(px):
                    continue
                box = QRectF(0, 0, float(width), tall)
                box.moveCenter(QPointF(float(px), float(py)))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("surface"))
                painter.drawRoundedRect(box, 4, 4)
                painter.setPen(theme.colour("text"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_key(self, painter: QPainter, corner: QPointF | None = None) -> None:
        """What width, colour and dashes mean."""
        look = theme.current()
        font = theme.sans_font(look.caption)
        painter.setFont(font)
        corner = corner or QPointF(0, 0)
        x, y = corner.x() + 8.0, corner.y() + 0.9 * look.caption
        for away, words in ((False, "adds"), (True, "takes away")):
            pen = QPen(self._ink(away, 0.8), 2.5)
            if away:
                pen.setDashPattern([2.0, 1.4])
            painter.setPen(pen)
            painter.drawLine(QPointF(x, y), QPointF(x + 18, y))
            painter.setPen(theme.colour("muted"))
            wide = QFontMetricsF(font).horizontalAdvance(words)
            painter.drawText(QPointF(x + 23, y + 0.36 * look.caption), words)
            x += 23 + wide + 14

    def _paint_picked(self, painter: QPainter, places: Sequence[Place]) -> None:
        if self.picked is None:
            return
        x, y = self.drawing.curves(places)[self.picked[0]]
        row = self.drawing.row(self.picked)
        path = QPainterPath(QPointF(float(x[row][0]), float(y[row][0])))
        for px, py in zip(x[row][1:], y[row][1:], strict=True):
            path.lineTo(float(px), float(py))
        weight = self.drawing.weight(self.picked)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("text"), self._width(0.9) + 3))
        painter.drawPath(path)
        painter.setPen(QPen(self._ink(weight < 0, 1.0), self._width(0.9)))
        painter.drawPath(path)
        middle = QPointF(float(x[row][POINTS // 2]), float(y[row][POINTS // 2]))
        painter.setBrush(theme.colour("text"))
        painter.setPen(QPen(theme.colour("surface"), 1.5))
        painter.drawEllipse(middle, 5.5, 5.5)
        self._paint_box(painter, middle, weight)

    def _box(self, middle: QPointF) -> QRectF:
        """Where the weight of the picked wire is said: beside the knob, inside the picture."""
        size = theme.current().caption
        wide, tall = 13.0 * size, 3.6 * size
        left = min(max(4.0, middle.x() + 14), self.width() - wide - 4)
        top = middle.y() - tall - 12 if middle.y() - tall - 12 > 4 else middle.y() + 14
        return QRectF(left, top, wide, tall)

    def _paint_box(self, painter: QPainter, middle: QPointF, weight: float) -> None:
        look = theme.current()
        box = self._box(middle)
        painter.setPen(QPen(theme.colour("text"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(box, 6, 6)
        inner = box.adjusted(9, 5, -9, -5)
        painter.setFont(theme.sans_font(look.caption))
        painter.setPen(theme.colour("muted"))
        head = QRectF(inner.left(), inner.top(), inner.width(), 1.5 * look.caption)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.name_of(self.picked))
        painter.setFont(theme.mono_font(look.caption))
        painter.setPen(theme.colour("text"))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, signed(weight))
        line, reach = inner.bottom() - 0.4 * look.caption, self._reach()
        painter.setPen(QPen(theme.colour("line"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(inner.left(), line), QPointF(inner.right(), line))
        at = inner.center().x() + 0.5 * inner.width() * max(-1.0, min(1.0, weight / reach))
        painter.setPen(QPen(self._ink(weight < 0, 1.0), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(inner.center().x(), line), QPointF(at, line))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("text"))
        painter.drawEllipse(QPointF(at, line), 0.45 * look.caption, 0.45 * look.caption)

    def _paint_large(self, painter: QPainter, places: Sequence[Place]) -> None:
        """The unit under the cursor, large."""
        assert self._over is not None
        k, i = self._over
        tile = self._tiles[k][i] if k < len(self._tiles) and i < len(self._tiles[k]) else None
        if tile is None:
            return
        side = min(LARGE, 0.45 * self.height(), 0.4 * self.width())
        place = places[k]
        left = place.x + place.side / 2 + 8 if place.x + place.side / 2 + 8 + side < self.width() else place.x - place.side / 2 - 8 - side
        top = min(max(2.0, float(place.y[i]) - side / 2), self.height() - side - 2)
        box = QRectF(left, top, side, side)
        painter.setPen(QPen(theme.colour("text"), 1.5))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(box, 4, 4)
        painter.drawImage(box.adjusted(2, 2, -2, -2), tile)

    # -- words --

    def name_of(self, wire: Wire | None) -> str:
        """A wire in words."""
        return "" if wire is None else self.drawing.wire_name(wire)

    def _reach(self) -> float:
        """The largest weight that the picked wire is dragged to."""
        return self.drawing.reach(self.picked[0]) if self.picked is not None else 1.0

    def table(self) -> Table:
        """The weights that are drawn."""
        rows = self.drawing.rows()
        return ["wire", "weight"], [[name for name, _ in rows], np.array([value for _, value in rows])]

    # -- what a person does --

    def wire_at(self, at: QPointF) -> Wire | None:
        """The wire under a place, strong ones first."""
        return self.drawing.wire_at(self.drawing.curves(self._present()), at.x(), at.y())

    def unit_at(self, at: QPointF) -> tuple[int, int] | None:
        """The unit under a place: column and number."""
        return unit_at(self._present(), at.x(), at.y())

    def mousePressEvent(self, event: Any) -> None:
        """Pick a wire and take hold of it, or pick a unit."""
        at = event.position()
        if event.button() != Qt.MouseButton.LeftButton or not self.drawing.layers:
            super().mousePressEvent(event)
            return
        unit = self.unit_at(at)
        if unit is not None:
            if self.picture.pick:
                self.acted.emit(self.picture.pick, {"index": self.drawing.first_unit(unit[0]) + unit[1]})
            return
        if self.picked is None or not self._knob_holds(at):
            self.picked = self.wire_at(at)
        if self.picked is not None and self.picture.drag:
            weight = self.drawing.weight(self.picked)
            self._held = (at.y(), weight, weight)
        self.update()

    def _knob_holds(self, at: QPointF) -> bool:
        """Whether a place is on the knob or on the box of the picked wire: others may run there, too."""
        if self.picked is None:
            return False
        x, y = self.drawing.curves(self._present())[self.picked[0]]
        row = self.drawing.row(self.picked)
        middle = QPointF(float(x[row][POINTS // 2]), float(y[row][POINTS // 2]))
        return (at - middle).manhattanLength() <= 12 or self._box(middle).contains(at)

    def mouseMoveEvent(self, event: Any) -> None:
        """Drag the weight, or show what is under the cursor."""
        at = event.position()
        if self._held is not None and self.picked is not None:
            y, weight, _ = self._held
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._set(weight + (y - at.y()) / TRAVEL * self._reach() * fine)
            return
        over, self._keyed = self.unit_at(at) if self.drawing.layers else None, False
        wire = self.wire_at(at) if over is None and self.drawing.layers else None
        self.setCursor(
            Qt.CursorShape.SizeVerCursor if wire is not None and self.picture.drag
            else Qt.CursorShape.PointingHandCursor if over is not None and self.picture.pick else Qt.CursorShape.ArrowCursor
        )  # fmt: skip
        if over != self._over:
            self._over = over
            self.update()
        words = ""
        if over is not None:
            words = self._unit_words(over)
        elif wire is not None:
            words = f"{self.name_of(wire)}  {signed(self.drawing.weight(wire))}"
        self.read_out(words, at.toPoint() + QPoint(0, 4) if words else None)

    def _unit_words(self, unit: tuple[int, int]) -> str:
        value = float(np.asarray(self.drawing.layers[unit[0]]["values"])[unit[1]])
        name = self.drawing.unit_name(*unit)
        return name if self._tiles[unit[0]][unit[1]] is not None else f"{name}  {number(value)}"

    def _tell_unit(self, unit: tuple[int, int]) -> None:
        """The unit that the keys came to, in words beside it."""
        place = self._present()[unit[0]]
        words = self._unit_words(unit)
        self.update()
        self.read_out(words, QPoint(round(place.x), round(float(place.y[unit[1]]))))
        spoken.announce(self, words)

    def leave_cursor(self) -> bool:
        """Let go of the unit and of the wire that the keys came to."""
        held = self._keyed or self.picked is not None
        self._over, self.picked, self._keyed = None, None, False
        if held:
            self.read_out("")
            self.update()
        return held

    def mouseReleaseEvent(self, event: Any) -> None:
        """The weight stays; one step of undo."""
        if self._held is not None and self.picked is not None:
            _, before, after = self._held
            if after != before:
                self._settle(before, after)
        self._held = None

    def leaveEvent(self, event: Any) -> None:
        """Nothing is under the cursor any more."""
        self._over = None
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: Any) -> None:
        """Left and right go to the next wire, up and down change its weight; with Shift from unit to unit, Enter picks one; Escape lets go."""
        key = event.key()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if key in steps and self.drawing.layers and (event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not self.drawing.wires):
            order = [(k, i) for k, place in enumerate(self._present()) for i in range(len(place.y))]
            at = order.index(self._over) + steps[key] if self._over in order else 0 if steps[key] > 0 else len(order) - 1
            self._over, self._keyed = order[min(max(at, 0), len(order) - 1)], True
            self._tell_unit(self._over)
        elif key in ENTER and self._over is not None and self.picture.pick:
            self.acted.emit(self.picture.pick, {"index": self.drawing.first_unit(self._over[0]) + self._over[1]})
        elif key in steps and self.drawing.wires:
            self._go(steps[key])
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.picked is not None and self.picture.drag:
            before = self.drawing.weight(self.picked)
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._set(before + (0.05 if key == Qt.Key.Key_Up else -0.05) * self._reach() * fine)
            self._settle(before, self.drawing.weight(self.picked))
        elif key == Qt.Key.Key_Escape and self.leave_cursor():
            return
        else:
            super().keyPressEvent(event)

    def _go(self, by: int) -> None:
        picked = self.drawing.after(self.picked, by)
        if picked is not None:
            self.picked = picked
            spoken.announce(self, f"{self.name_of(picked)}: {signed(self.drawing.weight(picked))}")
            self.update()

    def _arguments(self, value: float) -> dict[str, Any]:
        assert self.picked is not None
        k, i, j = self.picked
        return {"wire": k, "source": i, "target": j, "value": value}

    def _set(self, value: float) -> None:
        """Say the weight, and show it at once: what comes from the run follows."""
        assert self.picked is not None
        value = float(f"{value:.4g}")
        if self._held is not None:
            self._held = (self._held[0], self._held[1], value)
        self.drawing = self.drawing.with_weight(self.picked, value)
        self._version += 1
        self.update()
        if self._held is None:  # by a key
            spoken.announce(self, f"{self.name_of(self.picked)}: {signed(value)}")
        self.acted.emit(self.picture.drag, self._arguments(value))

    def _settle(self, before: float, after: float) -> None:
        words = f"{self.name_of(self.picked)} {signed(before)} → {signed(after)}"
        self.done.emit(self.picture.drag, self._arguments(before), self._arguments(after), words)

    def _layers_wanted(self, values: dict[str, Any]) -> None:
        self.values_wanted.emit(values, False)

    def resizeEvent(self, event: Any) -> None:
        """The pluses and minuses go along."""
        super().resizeEvent(event)
        self._controls.place()

    def sizeHint(self) -> QSize:
        """Room for a few columns."""
        return QSize(480, 320)


def named_rows(middles: Sequence[float] | np.ndarray, height: float) -> int:
    """Every how many rows have their names, so that none lies on another: letters so high, rows with these middles."""
    apart = float(np.min(np.diff(np.sort(middles)))) if len(middles) > 1 else height
    return max(1, math.ceil(CLOSE * height / max(apart, 1.0)))


def _name_room(layer: Mapping[str, Any], measure: QFontMetricsF) -> float:
    """Pixels that the names of a layer's units take beside them."""
    names = [n for n in layer.get("names") or () if n != "picture"]
    return min(_most_room(measure), max((measure.horizontalAdvance(typeset(str(n))) + 6 for n in names), default=0.0))


def _most_room(measure: QFontMetricsF) -> float:
    """Pixels that a name may take at most."""
    return max(70.0, 4.0 * measure.height())


def _fills(values: np.ndarray, scale: float = 0.0) -> list[QColor]:
    """One value of each unit as a colour: none is the ground, the largest full, or one of the size `scale`."""
    tokens = theme.current().tokens
    top = scale or (float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0)
    share = np.nan_to_num(np.abs(values) / (top or 1.0)).clip(0, 1)
    return [QColor(theme.mix(tokens.surface, tokens.series[0 if v < 0 else 1], float(s))) for v, s in zip(values, share, strict=True)]


def tiles_of(maps: np.ndarray, colours: str) -> list[QImage | None]:
    """The answers of the units of a layer as small images, all on one scale."""
    maps = np.asarray(maps, float)
    lo, hi = levels_of(maps, colours, (0.0, 1.0) if colours == "grey" else None)
    made: list[QImage | None] = []
    for one in maps:
        pixels = np.ascontiguousarray(paint(one, lo, hi, colours))
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], 4 * pixels.shape[1], QImage.Format.Format_RGBA8888)
        made.append(image.copy())  # the array goes, the picture stays
    return made
