"""Matrices side by side: heat maps with their numbers where there is room, on a grid that lines rows and columns up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QPainter, QPen

from lab.display.plots import Overlay, Source, typeset
from lab.units import MINUS, number
from lab.widgets import spoken, theme
from lab.widgets.pictures.base import PictureView, Table, draws
from lab.widgets.pictures.colours import paint
from lab.widgets.pictures.pointing import ARROWS, ENTER, FAR

GAP = 14.0
WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
LARGEST = (64.0, 34.0)  # of a cell, so that a matrix of few numbers does not fill the card
THIN = 16.0  # least width and height of a row or column of cells
NUMBER = (33.0, 12.0)  # least cell that holds a number, at the ordinary size of type


@dataclass(frozen=True)
class Plate:
    """One matrix as it lies on the picture: what it is, its frame and the size of its cells."""

    entry: dict[str, Any]
    values: np.ndarray | None
    shape: tuple[int, int]
    frame: QRectF
    title: float  # px that its name may take


def number_text(value: float) -> str:
    """Three significant digits, as short as they can be said."""
    if not np.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "–"
    value += 0.0  # no minus before nothing
    return f"{value:.2f}".replace("-", MINUS) if 0.1 <= abs(value) < 100 or value == 0 else number(value, 2).replace(" × ", "·")


@draws("matrices")
class MatricesView(PictureView):
    """Draws the entries of a stream of matrices; see `lab.model.Stream`."""

    breadth = 480  # sentences above the plates take what is left of a narrow drawer, and a cell of one pixel is no cell to click

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._entries: list[dict[str, Any]] = []
        self._keyed: QPointF | None = None  # middle of the cell that the keys came to
        self._asked = False  # a number was picked, and the read-out says so until something new is drawn
        self.setMouseTracking(True)

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Take over the matrices of the source."""
        found, before = source.snapshot(self.picture.layers[0].stream), self.headline
        self._entries = [dict(entry) for entry in found or ()]
        if self._asked and self.headline != before:  # the answer stands above: nothing may lie over it
            self._asked = False
            self.read_out("")
        self.update()
        return bool(self._entries)

    def paintEvent(self, event: Any) -> None:
        """The plates."""
        if self._entries:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_on(painter, QRectF(self.rect()))
            painter.end()

    def sizeHint(self) -> QSize:
        """Room for a few numbers."""
        return QSize(480, 320)

    # -- layout --

    @property
    def headline(self) -> str:
        """The words above the matrices."""
        return next((str(e["note"]) for e in self._entries if e.get("values") is None and "shape" not in e), "")

    def plates(self, area: QRectF) -> list[Plate]:
        """Where every matrix lies in an area."""
        look = theme.current()
        title = look.caption + 5.0
        entries = [e for e in self._entries if e.get("values") is not None or "shape" in e]
        if not entries:
            return []
        made = []
        for entry in entries:
            values = None if entry.get("values") is None else np.atleast_2d(np.asarray(entry["values"], float))
            shape = values.shape if values is not None else tuple(entry["shape"])
            made.append((entry, values, (int(shape[0]), int(shape[1]))))
        down, across = (1 + max(int(e["at"][k]) for e in entries) for k in (0, 1))
        rows, columns = [0] * down, [0] * across
        for entry, _, shape in made:
            i, j = entry["at"]
            rows[i], columns[j] = max(rows[i], shape[0]), max(columns[j], shape[1])
        measure = QFontMetricsF(theme.sans_font(look.caption))
        least = [0.0] * across  # a title needs room, too
        for entry, _, _ in made:
            least[entry["at"][1]] = max(least[entry["at"][1]], min(120.0, measure.horizontalAdvance(typeset(str(entry["name"]))) + 4))
        head = self._head(area) + 4.0
        free = area.width() - 2 * GAP - GAP * (across - 1), area.height() - head - GAP / 2 - (title + 3) * down
        zoom = look.caption / 12
        widths = _shared(columns, free[0], [max(w, THIN) for w in least], LARGEST[0] * zoom)
        heights = _shared(rows, free[1], [THIN] * down, LARGEST[1] * zoom)
        left = [area.left() + GAP + sum(widths[:j]) + GAP * j for j in range(across)]
        top = [area.top() + head + (title + 3) * (i + 1) + sum(heights[:i]) for i in range(down)]
        plates = []
        for entry, values, shape in made:
            i, j = entry["at"]
            width = widths[j] * (shape[1] / columns[j] if shape[1] > 1 else min(1.0, LARGEST[0] * zoom / widths[j]))
            height = heights[i] * (shape[0] / rows[i] if shape[0] > 1 else min(1.0, LARGEST[1] * zoom / heights[i]))
            if entry.get("square"):
                cell = min(width / shape[1], height / shape[0])
                width, height = cell * shape[1], cell * shape[0]
            beside = [left[e["at"][1]] for e in entries if e["at"][0] == i and e["at"][1] > j]
            title_room = min(beside, default=area.right() - 4 + GAP / 2) - GAP / 2 - left[j]
            plates.append(Plate(entry, values, shape, QRectF(left[j], top[i], max(2.0, width), max(2.0, height)), title_room))
        return plates

    def _head(self, area: QRectF) -> float:
        """Height of the headline, in as many lines as it needs."""
        if not self.headline:
            return 0.0
        measure = QFontMetricsF(theme.sans_font(theme.current().text))
        return measure.boundingRect(QRectF(0, 0, max(40.0, area.width() - 2 * GAP), 1000), WRAPPED, typeset(self.headline)).height()

    # -- drawing --

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Headline, frames, colours and numbers."""
        look = theme.current()
        if self.headline:
            painter.setFont(theme.sans_font(look.text))
            painter.setPen(QColor(look.tokens.text))
            painter.drawText(
                QRectF(area.left() + GAP, area.top() + 4, area.width() - 2 * GAP, self._head(area)), WRAPPED, typeset(self.headline)
            )
        for plate in self.plates(area):
            self._plate(painter, plate)

    def _plate(self, painter: QPainter, plate: Plate) -> None:
        look, lit = theme.current(), bool(plate.entry.get("lit"))
        frame, tokens = plate.frame, look.tokens
        font = theme.sans_font(look.caption)
        font.setBold(lit)
        painter.setFont(font)
        painter.setPen(QColor(tokens.readable("accent", "surface") if lit else tokens.muted))
        name = QFontMetricsF(font).elidedText(typeset(str(plate.entry["name"])), Qt.TextElideMode.ElideRight, plate.title)
        painter.drawText(QPointF(frame.left(), frame.top() - 5), name)
        if plate.values is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.line), 1, Qt.PenStyle.DashLine))
            painter.drawRect(frame)
            return
        values = plate.values
        finite = values[np.isfinite(values)]
        top = float(np.abs(finite).max()) if finite.size else 0.0
        top = top or 1.0
        picture = paint(values, -top, top, "diverging")
        picture = np.ascontiguousarray(picture)
        image = QImage(picture.data, values.shape[1], values.shape[0], 4 * values.shape[1], QImage.Format.Format_RGBA8888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(frame, image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.accent if lit else tokens.line), 2 if lit else 1))
        painter.drawRect(frame)
        self._numbers(painter, values, frame, top)

    def _numbers(self, painter: QPainter, values: np.ndarray, frame: QRectF, top: float) -> None:
        zoom = theme.current().caption / 12
        wide, tall = frame.width() / values.shape[1], frame.height() / values.shape[0]
        if wide < NUMBER[0] * zoom or tall < NUMBER[1] * zoom:
            return
        painter.setFont(theme.mono_font(theme.current().caption - 2))
        dark, light = QColor("#101418"), QColor("#ffffff")
        for i, row in enumerate(values):
            for j, value in enumerate(row):
                # The map is pale in the middle and dark at both ends.
                painter.setPen(light if abs(value) > 0.55 * top else dark)
                box = QRectF(frame.left() + j * wide, frame.top() + i * tall, wide, tall)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number_text(float(value)))

    # -- what a person does --

    def cell(self, at: QPointF) -> tuple[dict[str, Any], int, int, float] | None:
        """(matrix, row, column, value) at a place."""
        for plate in self.plates(QRectF(self.rect())):
            if plate.values is not None and plate.frame.contains(at):
                i = min(int((at.y() - plate.frame.top()) / plate.frame.height() * plate.shape[0]), plate.shape[0] - 1)
                j = min(int((at.x() - plate.frame.left()) / plate.frame.width() * plate.shape[1]), plate.shape[1] - 1)
                return plate.entry, i, j, float(plate.values[i, j])
        return None

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what lies under the cursor."""
        self._keyed = None
        self._read(event.position())
        super().mouseMoveEvent(event)

    def _read(self, at: QPointF) -> None:
        found = self.cell(at)
        if found is None:
            self.read_out("")
            return
        entry, i, j, value = found
        note = f"  {entry['note']}" if entry.get("note") else ""
        self.read_out(typeset(f"{entry['name']}[{i}, {j}] = {number(value, 5)}{note}"), QPoint(round(at.x()), round(at.y())))

    def mousePressEvent(self, event: Any) -> None:
        """Pick a number, where the picture takes that."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(event.position())
        super().mousePressEvent(event)

    def _pick(self, at: QPointF) -> None:
        found = self.cell(at)
        if found is not None and self.picture.pick and "first" in found[0]:
            entry, i, j, _ = found
            columns = int(entry.get("columns") or np.atleast_2d(np.asarray(entry["values"])).shape[1])
            self.acted.emit(self.picture.pick, {"index": int(entry["first"]) + i * columns + j})
            self._asked = True  # the first answer of a program is compiled for seconds
            self.read_out(typeset(f"{entry['name']}[{i}, {j}]: a moment …"), QPoint(round(at.x()), round(at.y())))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from cell to cell and on to the next matrix, Enter picks a number."""
        far = FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        way = ARROWS.get(Qt.Key(event.key()))
        if event.key() in ENTER and self._keyed is not None:
            self._pick(self._keyed)
        elif way is None or event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            super().keyPressEvent(event)
        else:
            self._keyed = self._next(way[0] * far, -way[1] * far)
            if self._keyed is not None:
                self._read(self._keyed)
                spoken.announce(self, self.told())

    def _next(self, across: int, down: int) -> QPointF | None:
        """Middle of the cell some columns and rows further; from the edge of a matrix, of the first or last cell of the one beside it."""
        plates = [plate for plate in self.plates(QRectF(self.rect())) if plate.values is not None]
        if not plates:
            return None
        here = next((k for k, plate in enumerate(plates) if self._keyed is not None and plate.frame.contains(self._keyed)), None)
        if here is None or self._keyed is None:
            return _middle(plates[0], 0, 0)
        plate = plates[here]
        i = min(int((self._keyed.y() - plate.frame.top()) / plate.frame.height() * plate.shape[0]), plate.shape[0] - 1)
        j = min(int((self._keyed.x() - plate.frame.left()) / plate.frame.width() * plate.shape[1]), plate.shape[1] - 1)
        by = (j + across >= plate.shape[1]) - (j + across < 0)
        if by and (j == 0 if by < 0 else j == plate.shape[1] - 1) and 0 <= here + by < len(plates):
            other = plates[here + by]
            return _middle(other, min(i, other.shape[0] - 1), 0 if by > 0 else other.shape[1] - 1)
        return _middle(plate, min(max(i + down, 0), plate.shape[0] - 1), min(max(j + across, 0), plate.shape[1] - 1))

    def leave_cursor(self) -> bool:
        """Let go of the cell that the keys came to."""
        held, self._keyed = self._keyed is not None, None
        if held:
            self.read_out("")
        return held

    def table(self) -> Table:
        """Every number with its matrix, row and column."""
        columns: tuple[list, list, list, list] = ([], [], [], [])
        for entry in self._entries:
            if entry.get("values") is not None:
                for (i, j), value in np.ndenumerate(np.atleast_2d(np.asarray(entry["values"], float))):
                    for column, thing in zip(columns, (str(entry["name"]), i, j, float(value)), strict=True):
                        column.append(thing)
        return ["matrix", "row", "column", "value"], list(columns)


def _middle(plate: Plate, row: int, column: int) -> QPointF:
    frame = plate.frame
    return QPointF(
        frame.left() + (column + 0.5) * frame.width() / plate.shape[1], frame.top() + (row + 0.5) * frame.height() / plate.shape[0]
    )


def _shared(counts: list[int], free: float, least: list[float], largest: float) -> list[float]:
    """Lengths of the strips of a grid: by their cells, but none below its least and no cell above the largest.

    Where there is not even room for the least of each, the widest give way first: nothing lies outside.
    """
    cap = max(least, default=0.0)
    while cap > 1.0 and sum(min(low, cap) for low, n in zip(least, counts, strict=True) if n) > free:
        cap -= 1.0
    least = [min(low, cap) for low in least]
    found = [0.0] * len(counts)
    open_ = [k for k, n in enumerate(counts) if n]
    while open_:
        taken = sum(found[k] for k in range(len(counts)) if k not in open_)
        unit = max(0.0, free - taken) / sum(counts[k] for k in open_)
        small = [k for k in open_ if unit * counts[k] < least[k]]
        if not small:
            for k in open_:
                found[k] = counts[k] * min(unit, largest) if counts[k] * min(unit, largest) >= least[k] else least[k]
            break
        for k in small:
            found[k] = least[k]
        open_ = [k for k in open_ if k not in small]
    return found
