"""Networks of layers: columns of units that show what they answer, and the wires between them, whose weights can be dragged.

Wires are drawn by the compiled kernel into one image when something new has come, so a repaint only puts images down. Under
each layer stand its plus and minus; a wire that was clicked says its weight and is dragged up or down, or moved by the keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from lab.display.plots import Overlay, Source, typeset
from lab.display.strokes import Canvas, premultiplied
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.pictures.colours import levels_of, paint

POINTS = 15  # places along a wire
BANDS = 6  # widths of wires
WIDEST, THINNEST = 4.6, 0.7  # px at an ordinary stroke
REACH = 7.0  # px within which a wire is under the cursor
TRAVEL = 120.0  # px of a drag that change a weight by the largest there is
FINE = 0.1
FAINT = 0.1  # of wires that nothing has passed yet
DASHES = (5.0, 4.0)
LARGE = 132  # px of a unit under the cursor
Wire = tuple[int, int, int]  # bundle, unit there, unit here


@dataclass(frozen=True)
class Place:
    """Where a column lies: the middles of its units, and the side of each."""

    x: float
    y: np.ndarray
    side: float


@draws("network")
class NetworkView(PictureView):
    """Draws a stream of kind `network`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._shown: dict[str, Any] = {"layers": [], "wires": []}
        self._tiles: list[list[QImage | None]] = []
        self._fills: list[list[QColor]] = []
        self._image: tuple[tuple, QImage] | None = None
        self._canvas: Canvas | None = None
        self._version = 0
        self.picked: Wire | None = None
        self._held: tuple[float, float, float] | None = None  # where a drag began: height, weight, last weight said
        self._over: tuple[int, int] | None = None
        self._controls = Controls(self)

    @property
    def caption(self) -> str:
        """Layers and weights."""
        units = [int(layer["units"]) for layer in self._shown["layers"]]
        return " · ".join(map(str, units)) if units else ""

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Take over layers, answers and weights."""
        found = source.snapshot(self.picture.layers[0].stream)
        if found is None or not found["layers"]:
            return False
        self._shown = found
        self._version += 1
        self._tiles, self._fills = [], []
        for layer in found["layers"]:
            colours = str(layer.get("colours") or self.picture.colours)
            maps, values = layer.get("maps"), np.asarray(layer["values"], float)
            self._tiles.append(_tiles(maps, colours) if maps is not None else [None] * len(values))
            self._fills.append(_fills(values, float(layer.get("scale") or 0.0)))
        if self.picked is not None and not self._there(self.picked):
            self.picked = None
        self._controls.show_layers(found["layers"])
        self.update()
        return True

    def _there(self, wire: Wire) -> bool:
        k, i, j = wire
        return k < len(self._shown["wires"]) and i < len(self._weights(k)) and j < self._weights(k).shape[1]

    def _weights(self, k: int) -> np.ndarray:
        return np.asarray(self._shown["wires"][k]["weights"], float)

    def set_theme(self) -> None:
        """Other colours."""
        self._image = None
        super().set_theme()

    # -- layout --

    def places(self, area: QRectF) -> list[Place]:
        """Where the units of each column lie in an area."""
        layers = self._shown["layers"]
        look = theme.current()
        measure = QFontMetricsF(theme.sans_font(look.caption))
        names = [self._name_room(layer, measure) for layer in layers]
        top, foot = area.top() + 1.9 * look.caption, area.bottom() - self._controls.room
        tall = max(40.0, foot - top)
        most = max(len(layer["values"]) for layer in layers)
        side = max(9.0, min(3.6 * look.caption, 0.82 * tall / most, 0.42 * area.width() / len(layers)))
        step = (area.width() - 16 - names[0] - names[-1] - side) / max(1, len(layers) - 1)
        own = [min(2.2 * side, 0.3 * tall, 0.8 * max(step, side)) if _whole(layer) else side for layer in layers]
        left = area.left() + 8 + names[0] + own[0] / 2
        right = area.right() - 8 - names[-1] - own[-1] / 2
        step = (right - left) / max(1, len(layers) - 1)
        found = []
        for k, layer in enumerate(layers):
            count = len(layer["values"])
            gap = min(tall / max(1, count), 1.75 * side)
            found.append(Place(left + k * step, top + tall / 2 + (np.arange(count) - (count - 1) / 2) * gap, own[k]))
        return found

    @staticmethod
    def _name_room(layer: dict[str, Any], measure: QFontMetricsF) -> float:
        names = [n for n in layer.get("names") or () if n != "picture"]
        return min(70.0, max((measure.horizontalAdvance(typeset(str(n))) + 6 for n in names), default=0.0))

    def curves(self, places: Sequence[Place]) -> list[tuple[np.ndarray, np.ndarray]]:
        """x and y (wires, points) of each bundle of wires."""
        t = np.linspace(0.0, 1.0, POINTS)
        bend = t * t * (3 - 2 * t)
        found = []
        for wire in self._shown["wires"]:
            a, b = places[wire["source"]], places[wire["target"]]
            x0, x1 = a.x + a.side / 2, b.x - b.side / 2
            y0 = np.repeat(a.y, len(b.y))[:, None]
            y1 = np.tile(b.y, len(a.y))[:, None]
            found.append((np.broadcast_to(x0 + (x1 - x0) * t, (len(y0), POINTS)), y0 + (y1 - y0) * bend))
        return found

    def strokes(self, places: Sequence[Place]) -> list[tuple[bool, float, np.ndarray, np.ndarray]]:
        """(takes away, size 0..1, x, y) of all wires in a few sizes, thin ones first; NaN between wires."""
        curves = self.curves(places)
        if not curves:
            return []
        gap = np.full((1, 1), np.nan)
        weight, xs, ys = [], [], []
        for k, (x, y) in enumerate(curves):
            own = self._weights(k).ravel()
            top = float(np.abs(own[np.isfinite(own)]).max()) if np.isfinite(own).any() else 0.0
            wire = self._shown["wires"][k]
            weight.append(own / (top or 1.0) * (FAINT if wire.get("faint") else 0.4 if wire.get("fixed") else 1.0))
            xs.append(np.hstack([x, np.broadcast_to(gap, (len(x), 1))]))
            ys.append(np.hstack([y, np.broadcast_to(gap, (len(y), 1))]))
        w, x, y = np.nan_to_num(np.concatenate(weight)), np.concatenate(xs), np.concatenate(ys)
        band = np.minimum((np.abs(w) * BANDS).astype(int), BANDS - 1)
        found = []
        for size in range(BANDS):
            for away in (True, False):
                chosen = (band == size) & ((w < 0) == away) & (w != 0)
                if chosen.any():
                    found.append((away, (size + 0.5) / BANDS, x[chosen].ravel(), y[chosen].ravel()))
        return found

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
        for away, size, x, y in self.strokes(places):
            ink = self._ink(away, size)
            canvas.line(
                x * ratio, y * ratio, premultiplied(ink.red(), ink.green(), ink.blue()), self._width(size) * ratio,
                [d * ratio for d in DASHES] if away else (),
            )  # fmt: skip
        image = QImage(canvas.pixels.data, canvas.width, canvas.height, 4 * canvas.width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        self._image = (key, image)
        return image

    def paintEvent(self, event: Any) -> None:
        """Wires, units, and what is picked or under the cursor."""
        if not self._shown["layers"] or self._words.isVisible():
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        places = self.places(QRectF(self.rect()))
        painter.drawImage(QPointF(0, 0), self._wired(places))
        self._paint_picked(painter, places)
        self._paint_units(painter, places)
        self._paint_key(painter)
        if self._over is not None:
            self._paint_large(painter, places)
        painter.end()

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """The drawing on any device, wires as shapes."""
        if not self._shown["layers"]:
            return
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        places = self.places(area)
        for away, size, x, y in self.strokes(places):
            pen = QPen(self._ink(away, size), self._width(size))
            if away:
                pen.setDashPattern([d / self._width(size) for d in DASHES])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            path = QPainterPath()
            for run in np.split(np.column_stack([x, y]), np.flatnonzero(np.isnan(x)) + 1):
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
        for place, layer in zip(places, self._shown["layers"], strict=True):
            room = QRectF(place.x - 60, area.bottom() - self._controls.room, 120, self._controls.room)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words_of(layer))

    def _paint_units(self, painter: QPainter, places: Sequence[Place]) -> None:
        self._paint_weights(painter, places)
        look = theme.current()
        font = theme.sans_font(look.caption)
        layers = self._shown["layers"]
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
                for i, (y, name) in enumerate(zip(place.y, names, strict=True)):
                    painter.setPen(theme.colour(f"series{i}" if last and 1 < len(names) <= 6 else "text" if last else "muted"))
                    room = (
                        QRectF(place.x + place.side / 2 + 5, y - 10, 66, 20)
                        if last
                        else QRectF(place.x - place.side / 2 - 71, y - 10, 66, 20)
                    )
                    side = Qt.AlignmentFlag.AlignLeft if last else Qt.AlignmentFlag.AlignRight
                    text = QFontMetricsF(font).elidedText(typeset(str(name)), Qt.TextElideMode.ElideRight, 66)
                    painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_values(self, painter: QPainter, place: Place, fills: Sequence[QColor], values: np.ndarray) -> None:
        """What units hold, as numbers in them where they have room."""
        look = theme.current()
        size = min(look.text, round(0.3 * place.side))
        if size < 7:
            return
        painter.setFont(theme.mono_font(size))
        for y, fill, value in zip(place.y, fills, values, strict=True):
            dark = theme.contrast(fill.name(), "#ffffff") > theme.contrast(fill.name(), "#10151b")
            painter.setPen(QColor("#ffffff" if dark else "#10151b"))
            box = QRectF(place.x - place.side / 2, y - place.side / 2, place.side, place.side)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number(float(f"{value:.2g}")))

    def _paint_weights(self, painter: QPainter, places: Sequence[Place]) -> None:
        """Weights beside their wires, of bundles that ask for it."""
        look = theme.current()
        font = theme.mono_font(look.caption)
        painter.setFont(font)
        measure = QFontMetricsF(font)
        for (x, y), wire in zip(self.curves(places), self._shown["wires"], strict=True):
            if not wire.get("numbers"):
                continue
            at = POINTS // 3
            for px, py, weight in zip(x, y, np.ravel(np.asarray(wire["weights"], float)), strict=True):
                text = _signed(float(weight))
                box = QRectF(0, 0, measure.horizontalAdvance(text) + 8, measure.height() + 2)
                box.moveCenter(QPointF(float(px[at]), float(py[at])))
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
        k, i, j = self.picked
        x, y = self.curves(places)[k]
        row = i * self._weights(k).shape[1] + j
        path = QPainterPath(QPointF(float(x[row][0]), float(y[row][0])))
        for px, py in zip(x[row][1:], y[row][1:], strict=True):
            path.lineTo(float(px), float(py))
        weight = float(self._weights(k)[i, j])
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
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _signed(weight))
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

    def unit_name(self, k: int, i: int) -> str:
        """A unit in words: its own name, or layer and number."""
        layer = self._shown["layers"][k]
        names = layer.get("names") or ()
        if i < len(names):
            return typeset(str(names[i]))
        head = str(layer["name"])
        return f"{head} · {i + 1}" if not head.startswith("hidden ") else f"h{head.split()[1]}.{i + 1}"

    def name_of(self, wire: Wire | None) -> str:
        """A wire in words."""
        if wire is None:
            return ""
        k, i, j = wire
        bundle = self._shown["wires"][k]
        return f"{self.unit_name(bundle['source'], i)} → {self.unit_name(bundle['target'], j)}"

    def _reach(self) -> float:
        """The largest weight of the bundle of the picked wire, at least 1."""
        own = self._weights(self.picked[0]) if self.picked is not None else np.ones(1)
        return max(1.0, 1.25 * float(np.nanmax(np.abs(own))))

    def table(self) -> Table:
        """The weights that are drawn."""
        rows = [
            (self.name_of((k, i, j)), float(value))
            for k in range(len(self._shown["wires"]))
            for (i, j), value in np.ndenumerate(self._weights(k))
        ]
        return ["wire", "weight"], [[name for name, _ in rows], np.array([value for _, value in rows])]

    # -- what a person does --

    def wire_at(self, at: QPointF) -> Wire | None:
        """The wire under a place, strong ones first."""
        best: tuple[float, Wire] | None = None
        for k, (x, y) in enumerate(self.curves(self.places(QRectF(self.rect())))):
            inside = (at.x() >= x[:, 0]) & (at.x() <= x[:, -1])
            if not inside.any() or self._shown["wires"][k].get("fixed"):
                continue
            height = np.array([np.interp(at.x(), px, py) for px, py in zip(x, y, strict=True)])
            away = np.abs(height - at.y())
            row = int(np.argmin(away - 0.5 * np.abs(self._weights(k).ravel()) / max(1e-12, np.abs(self._weights(k)).max())))
            if away[row] <= REACH and (best is None or away[row] < best[0]):
                best = (float(away[row]), (k, *divmod(row, self._weights(k).shape[1])))
        return best[1] if best is not None else None

    def unit_at(self, at: QPointF) -> tuple[int, int] | None:
        """The unit under a place: column and number."""
        for k, place in enumerate(self.places(QRectF(self.rect()))):
            if abs(at.x() - place.x) <= place.side / 2:
                near = np.flatnonzero(np.abs(place.y - at.y()) <= place.side / 2)
                if len(near):
                    return k, int(near[0])
        return None

    def mousePressEvent(self, event: Any) -> None:
        """Pick a wire and take hold of it, or pick a unit."""
        at = event.position()
        if event.button() != Qt.MouseButton.LeftButton or not self._shown["layers"]:
            super().mousePressEvent(event)
            return
        unit = self.unit_at(at)
        if unit is not None:
            if self.picture.pick:
                first = sum(int(layer["units"]) for layer in self._shown["layers"][: unit[0]])
                self.acted.emit(self.picture.pick, {"index": first + unit[1]})
            return
        if self.picked is None or not self._knob_holds(at):
            self.picked = self.wire_at(at)
        if self.picked is not None and self.picture.drag:
            k, i, j = self.picked
            weight = float(self._weights(k)[i, j])
            self._held = (at.y(), weight, weight)
        self.update()

    def _knob_holds(self, at: QPointF) -> bool:
        """Whether a place is on the knob or on the box of the picked wire: others may run there, too."""
        if self.picked is None:
            return False
        k, i, j = self.picked
        x, y = self.curves(self.places(QRectF(self.rect())))[k]
        row = i * self._weights(k).shape[1] + j
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
        over = self.unit_at(at) if self._shown["layers"] else None
        wire = self.wire_at(at) if over is None and self._shown["layers"] else None
        self.setCursor(
            Qt.CursorShape.SizeVerCursor if wire is not None and self.picture.drag
            else Qt.CursorShape.PointingHandCursor if over is not None and self.picture.pick else Qt.CursorShape.ArrowCursor
        )  # fmt: skip
        if over != self._over:
            self._over = over
            self.update()
        words = ""
        if over is not None:
            value = float(np.asarray(self._shown["layers"][over[0]]["values"])[over[1]])
            words = self.unit_name(*over) if self._tiles[over[0]][over[1]] is not None else f"{self.unit_name(*over)}  {number(value)}"
        elif wire is not None:
            words = f"{self.name_of(wire)}  {_signed(float(self._weights(wire[0])[wire[1], wire[2]]))}"
        self.read_out(words, at.toPoint() + QPoint(0, 4) if words else None)

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
        """With a wire picked: up and down change its weight, left and right go to the next wire, Escape lets go."""
        key = event.key()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if key in steps and self._shown["wires"]:
            self._go(steps[key])
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.picked is not None and self.picture.drag:
            k, i, j = self.picked
            before = float(self._weights(k)[i, j])
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._set(before + (0.05 if key == Qt.Key.Key_Up else -0.05) * self._reach() * fine)
            self._settle(before, float(self._weights(k)[i, j]))
        elif key == Qt.Key.Key_Escape and self.picked is not None:
            self.picked = None
            self.update()
        else:
            super().keyPressEvent(event)

    def _go(self, by: int) -> None:
        wires = [
            (k, i, j) for k, w in enumerate(self._shown["wires"]) if not w.get("fixed") for i, j in np.ndindex(*np.shape(w["weights"]))
        ]
        if wires:
            at = wires.index(self.picked) + by if self.picked in wires else 0 if by > 0 else -1
            self.picked = wires[at % len(wires)]
            self.setAccessibleDescription(f"{self.name_of(self.picked)}: {_signed(float(self._weights(self.picked[0])[self.picked[1:]]))}")
            self.update()

    def _arguments(self, value: float) -> dict[str, Any]:
        assert self.picked is not None
        k, i, j = self.picked
        return {"wire": k, "source": i, "target": j, "value": value}

    def _set(self, value: float) -> None:
        """Say the weight, and show it at once: what comes from the run follows."""
        assert self.picked is not None
        k, i, j = self.picked
        value = float(f"{value:.4g}")
        if self._held is not None:
            self._held = (self._held[0], self._held[1], value)
        wires = [dict(w) for w in self._shown["wires"]]
        wires[k]["weights"] = np.array(wires[k]["weights"], float)
        wires[k]["weights"][i, j] = value
        self._shown = {**self._shown, "wires": wires}
        self._version += 1
        self.update()
        self.acted.emit(self.picture.drag, self._arguments(value))

    def _settle(self, before: float, after: float) -> None:
        words = f"{self.name_of(self.picked)} {_signed(before)} → {_signed(after)}"
        self.done.emit(self.picture.drag, self._arguments(before), self._arguments(after), words)

    def resizeEvent(self, event: Any) -> None:
        """The pluses and minuses go along."""
        super().resizeEvent(event)
        self._controls.place()

    def sizeHint(self) -> QSize:
        """Room for a few columns."""
        return QSize(480, 320)


class Controls(QWidget):
    """Under each layer what it is, with a minus and a plus where the model lets it grow; between layers a plus for a new one."""

    def __init__(self, view: NetworkView):
        super().__init__(view)
        self._view = view
        self._layers: list[dict[str, Any]] = []
        self._made: list[tuple[int, str, QToolButton]] = []
        self._key: tuple = ()
        theme.changes().changed.connect(self.set_theme)

    @property
    def room(self) -> float:
        """Pixels at the lower edge that are theirs."""
        return (3.9 if self._made else 2.0) * theme.current().caption

    def show_layers(self, layers: list[dict[str, Any]]) -> None:
        """Other layers, or other numbers of units."""
        key = tuple((words_of(layer), *(tuple((layer.get(way) or {}).items()) for way in WAYS)) for layer in layers)
        self._layers = layers
        if key == self._key:
            return
        self._key = key
        for _, _, old in self._made:
            old.hide()
            old.deleteLater()
        self._made = []
        for k, layer in enumerate(layers):
            for way, (sign, words) in WAYS.items():
                if layer.get(way):
                    button = QToolButton(self)
                    button.setText(sign)
                    button.setToolTip(words.format(layer["name"]))
                    button.setAccessibleName(button.toolTip())
                    button.setProperty("layer", k)
                    button.setProperty("way", way)
                    button.clicked.connect(self._pressed)
                    button.show()
                    self._made.append((k, way, button))
        self.set_theme()

    def _pressed(self) -> None:
        button = self.sender()
        change = self._layers[button.property("layer")].get(button.property("way"))
        if change:
            self._view.values_wanted.emit(dict(change), False)

    def place(self) -> None:
        """Along the lower edge."""
        view = self._view
        self.setGeometry(0, round(view.height() - self.room), view.width(), round(self.room))
        if not self._layers:
            return
        places = view.places(QRectF(view.rect()))
        step = min((b.x - a.x for a, b in pairwise(places)), default=999.0)
        edge = round(max(9.0, min(1.7 * theme.current().caption, step / 2 - 3)))
        close = step < 3.6 * edge  # no room for a plus between them
        top = self.height() - edge - 4
        tight = step < 4.6 * edge  # then a layer goes with its last unit
        for k, way, button in self._made:
            x = places[k].x - (edge / 2 if not tight else 0.0)
            between = (places[k].x + places[min(k + 1, len(places) - 1)].x) / 2
            left = {"fewer": x - edge - 1, "more": x + 1, "without": x + edge + 3, "after": between - edge / 2}[way]
            button.setGeometry(round(left), top, edge, edge)
            alone = way == "fewer" or not self._layers[k].get("fewer")
            button.setVisible((way != "without" or not tight or alone) and not (way == "after" and close))
            if way == "without" and tight:
                button.move(round(x - edge - 1), top)
        self.update()

    def set_theme(self) -> None:
        """Sizes and colours of the look in force."""
        tokens, size = theme.current().tokens, theme.current().caption
        for _, way, button in self._made:
            accent = way == "after"
            colour = tokens.readable("accent") if accent else tokens.text
            edge = tokens.accent if accent else tokens.line
            button.setStyleSheet(
                f"QToolButton {{ color: {colour}; border: 1px solid {edge}; border-radius: {round(0.95 * size) if accent else 5}px; padding: 0; font-size: {size}px; font-weight: 600; }}"
                f"QToolButton:hover, QToolButton:focus {{ border-color: {tokens.accent}; background: {tokens.raised}; }}"
            )
        self.place()

    def paintEvent(self, event: Any) -> None:
        """How many units each layer has."""
        if not self._layers:
            return
        painter = QPainter(self)
        painter.setFont(theme.sans_font(theme.current().caption))
        painter.setPen(theme.colour("muted"))
        measure = painter.fontMetrics()
        places = self._view.places(QRectF(self._view.rect()))
        step = min((b.x - a.x for a, b in pairwise(places)), default=999.0)
        short = step < max(measure.horizontalAdvance(words_of(layer)) for layer in self._layers) + 8
        for place, layer in zip(places, self._layers, strict=True):
            words = number(int(layer["units"])) if short else words_of(layer)
            wide = measure.horizontalAdvance(words) + 6
            left = min(max(2.0, place.x - wide / 2), self.width() - wide - 2.0)
            painter.drawText(QRectF(left, 0, wide, 1.8 * theme.current().caption), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()


WAYS = {
    "without": ("×", "Take {} away"),
    "fewer": ("−", "One unit less in {}"),
    "more": ("+", "One unit more in {}"),
    "after": ("+", "A layer after {}"),
}


def _whole(layer: dict[str, Any]) -> bool:
    """Whether a layer is drawn as one picture of all its values."""
    return len(layer["values"]) == 1 and int(layer["units"]) > 1


def words_of(layer: dict[str, Any]) -> str:
    """How many units a layer has: `8 units`, `64 inputs`, `16 kernels`; or the words that the layer has for itself."""
    if layer.get("words"):
        return str(layer["words"])
    units, name = int(layer["units"]), str(layer["name"])
    what = name if name in ("inputs", "outputs") else str(layer.get("what") or "units")
    return f"{number(units)} {what if units != 1 else what.removesuffix('s')}"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(float(f"{value:.3g}"))


def _fills(values: np.ndarray, scale: float = 0.0) -> list[QColor]:
    """One value of each unit as a colour: none is the ground, the largest full, or one of the size `scale`."""
    tokens = theme.current().tokens
    top = scale or (float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0)
    share = np.nan_to_num(np.abs(values) / (top or 1.0)).clip(0, 1)
    return [QColor(theme.mix(tokens.surface, tokens.series[0 if v < 0 else 1], float(s))) for v, s in zip(values, share, strict=True)]


def _tiles(maps: np.ndarray, colours: str) -> list[QImage | None]:
    """The answers of the units of a layer as small images, all on one scale."""
    maps = np.asarray(maps, float)
    lo, hi = levels_of(maps, colours, (0.0, 1.0) if colours == "grey" else None)
    made: list[QImage | None] = []
    for one in maps:
        pixels = np.ascontiguousarray(paint(one, lo, hi, colours))
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], 4 * pixels.shape[1], QImage.Format.Format_RGBA8888)
        made.append(image.copy())  # the array goes, the picture stays
    return made
