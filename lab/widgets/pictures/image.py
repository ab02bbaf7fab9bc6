"""Images: one, or tiles laid out as a grid with captions; levels, maps, and painting with the mouse."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from lab.display.plots import Axis, Overlay, Range, Source, typeset
from lab.errors import ModelError
from lab.units import number
from lab.widgets import theme
from lab.widgets.pictures.arrows import ArrowsItem, arrows_of
from lab.widgets.pictures.base import Table, draws
from lab.widgets.pictures.colours import levels_of, lookup, paint
from lab.widgets.pictures.legend import Entry
from lab.widgets.pictures.plot import PlotView
from lab.widgets.pictures.texts import zoom_of

SHORT = 6  # letters of a unit that is written beside the colour map
LEGIBLE = 1.3  # times the height of a caption: a tile above it is at least so high


def mosaic_columns(tiles: int, shape: tuple[int, int], width: float, height: float, caption: float, least: float = 0.0) -> int:
    """How many columns make tiles largest in `width` by `height` pixels, with captions so high and `least` pixels wide."""
    rows, columns = shape
    best, chosen = 0.0, 1
    for across in range(1, tiles + 1):
        down = math.ceil(tiles / across)
        scale = min(width / across / (columns * 1.08), (height / down - caption) / (rows * 1.08))
        if scale > best and width / across >= least:
            best, chosen = scale, across
    return chosen


def halved(text: str) -> str:
    """Words in two lines of nearly the same length, as far as there is a space between them."""
    spaces = [k for k, letter in enumerate(text) if letter == " "]
    if not spaces:
        return text
    middle = min(spaces, key=lambda k: abs(2 * k - len(text)))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


class Captions(pg.GraphicsObject):
    """Words under tiles, in the size of the screen whatever the zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[tuple[float, float, float, str]] = []  # centre, top and width in data coordinates
        self._area = QRectF()

    def set_words(self, words: list[tuple[float, float, float, str]], area: QRectF) -> None:
        """Where which words stand, and the whole extent."""
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area
        self.words = words
        self.update()

    def boundingRect(self) -> QRectF:
        """The whole extent."""
        return self._area

    def paint(self, painter: QPainter, *_: Any) -> None:
        """In pixels, each line cut to the tile's width."""
        transform = painter.transform()
        painter.resetTransform()
        font = theme.mono_font(max(8, round((theme.current().caption - 1) * zoom_of(self, transform))))
        measure = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().tokens.muted))
        for x, y, width, text in self.words:
            at = transform.map(QPointF(x, y))
            for row, line in enumerate(text.split("\n")):
                cut = measure.elidedText(line, Qt.TextElideMode.ElideRight, transform.map(QPointF(x + width, y)).x() - at.x() + 2)
                down = measure.ascent() + 1 + row * measure.height()
                painter.drawText(QPointF(at.x() - measure.horizontalAdvance(cut) / 2, at.y() + down), cut)
        painter.setTransform(transform)


class Cells(pg.GraphicsObject):
    """The values of an image as numbers in its cells, dark on light and light on dark; nothing where they have no room."""

    def __init__(self) -> None:
        super().__init__()
        self._values, self._inks = np.empty((0, 0)), np.empty((0, 0), bool)
        self._rect = QRectF()
        self.setZValue(5)

    def set_values(self, values: np.ndarray, dark: np.ndarray, rect: QRectF) -> None:
        """Other values; `dark` says where the ground is dark."""
        if rect != self._rect:
            self.prepareGeometryChange()
        self._values, self._inks, self._rect = values, dark, rect
        self.update()

    def boundingRect(self) -> QRectF:
        """The whole image."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Whole numbers as they are, others to two digits."""
        if not self._values.size:
            return
        rows, columns = self._values.shape
        transform = painter.transform()
        painter.resetTransform()
        area = transform.mapRect(self._rect)
        wide, tall = area.width() / columns, area.height() / rows
        ratio = painter.device().devicePixelRatioF() if painter.device() else 1.0
        whole = bool((self._values == np.round(self._values)).all())
        texts = [[f"{v:.0f}" if whole else f"{v:.2g}" for v in row] for row in self._values]
        longest = max((len(text) for row in texts for text in row), default=1)
        size = min(theme.current().text * ratio, 0.55 * tall, 1.5 * wide / max(2, longest))
        if size >= 7 * ratio:
            painter.setFont(theme.mono_font(max(6, int(size))))
            for i, row in enumerate(texts):
                for j, text in enumerate(row):
                    if text != "0":  # what never happened stays empty
                        painter.setPen(QColor("#ffffff" if self._inks[i, j] else "#10151b"))
                        cell = QRectF(area.left() + j * wide, area.top() + i * tall, wide, tall)
                        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
        painter.setTransform(transform)


@draws("image")
class ImageView(PlotView):
    """Draws the first image layer of a picture."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setZValue(-10)
        self.canvas.addItem(self._image, ignoreBounds=True)
        self._frames = QGraphicsPathItem()  # white pictures on a white ground have edges
        self._frames.setZValue(-5)
        self.canvas.addItem(self._frames, ignoreBounds=True)
        self._captions = Captions()
        self.canvas.addItem(self._captions, ignoreBounds=True)
        self._arrows = ArrowsItem()
        self._arrows.setZValue(15)
        self._outlines: dict[int, pg.PlotCurveItem] = {}
        self.canvas.addItem(self._arrows, ignoreBounds=True)
        self._cells = Cells()
        self.canvas.addItem(self._cells, ignoreBounds=True)
        # Rows go down, as in a table or a picture; over a plane of two values they go up, as in every other plane.
        self.field.invertY(not (self.picture.equal and self.picture.y_range))
        self.plain = not (self.picture.x or self.picture.y)
        self.field.setAspectLocked(self.picture.equal or self.plain)
        if self.plain:
            self.plot.hideAxis("left")
            self.plot.hideAxis("bottom")
        elif not self.picture.y and not self.picture.labels:
            self.plot.hideAxis("left")  # numbers of rows that nobody has named say nothing
        self.hair.setOpacity(0.0)
        self._values: np.ndarray | None = None
        self._coloured: tuple[Any, ...] = (None,)  # what the colours on the screen stand for: array, levels, look
        self._across = 0  # columns of tiles
        self._tile_names: tuple[str, ...] = ()
        self._pitch = (1.0, 1.0)
        self._rect = QRectF()
        self._span = Range(pad=0.0)
        self._stroke: tuple[float, set[tuple[int, int]], tuple[int, int]] | None = None
        self._brushed_from = 0
        self._band: pg.LinearRegionItem | None = None
        if self.picture.brush:
            self._band = pg.LinearRegionItem(movable=False)
            self._band.setZValue(20)
            self._band.hide()
            self.canvas.setCursor(Qt.CursorShape.CrossCursor)
            self.canvas.addItem(self._band, ignoreBounds=True)

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Map values to colours; tiles are put side by side first."""
        layer = next(entry for entry in self.picture.layers if self.model.stream(entry.stream).kind == "image")
        found = source.snapshot(layer.stream)
        if found is None:
            self._image.clear()
            self._coloured = (None,)
            return False
        values = shown = np.asarray(found)
        if values.ndim == 3 and values.shape[2] == 3 and values.shape[1] != 3:
            self._values = values
            self._colour_picture(values)
            self._outline(source)
            return True
        values = values.astype(float)
        if values.ndim == 3 and layer.channel is not None:
            values = values[layer.channel]
        if values.ndim not in (2, 3) or not values.size:
            raise ModelError(
                f"{self.model._owner()}: the image '{layer.stream}' must have shape (rows, columns) or (tiles, rows, columns) (got {values.shape})."
            )
        self._values = values
        lo, hi = self._levels(values)
        self._tell(lo, hi)
        if values.ndim == 3:
            self._tiles(values, lo, hi, tuple(self.picture.labels) or self._written(source) or source.labels(layer.stream))
        else:
            self._one(values, lo, hi, self._unchanged(shown, lo, hi))
        self._point(source)
        self._outline(source)
        return True

    def _tell(self, lo: float, hi: float) -> None:
        """What colours mean: the map with its ends, or of few values the words of each."""
        if not self.picture.key:
            unit = self.model.stream(self.picture.layers[0].stream).unit
            plain = (
                self.picture.colours == "grey" and self.picture.levels == (0.0, 1.0) and not unit
            )  # as any photograph, from black to white
            self.strip.set_scale(None if plain else (self.picture.colours, lo, hi), typeset(unit) if len(unit) <= SHORT else "")
            return
        table = lookup(self.picture.colours)
        shades = [table[round(255 * min(1.0, max(0.0, (value - lo) / ((hi - lo) or 1.0))))] for value, _ in self.picture.key]
        inks = ["#{:02x}{:02x}{:02x}".format(*(int(v) for v in shade[:3])) for shade in shades]
        self.strip.set_entries(tuple(Entry(text, ink, marker="s", dot=True) for ink, (_, text) in zip(inks, self.picture.key, strict=True)))

    def _outline(self, source: Source) -> None:
        """Curves over the cells: x is the column and y the row."""
        for place, layer in enumerate(self.picture.layers):
            found = source.snapshot(layer.stream) if self.model.stream(layer.stream).kind == "curve" else None
            if found is None:
                continue
            if place not in self._outlines:
                self._outlines[place] = pg.PlotCurveItem(connect="finite")
                self._outlines[place].setZValue(12)
                self.canvas.addItem(self._outlines[place], ignoreBounds=True)
            ink = theme.colour(f"series{layer.series[0]}" if layer.series else "muted")
            self._outlines[place].setPen(pg.mkPen(ink, width=1 if layer.theory else theme.current().stroke + 1))
            self._outlines[place].setData(*np.asarray(found, float)[:2])

    def _point(self, source: Source) -> None:
        """Arrows over the cells: x is the column and y the row, unless the picture has ranges of its own."""
        found = [
            arrows_of(value, layer.stream, self.model._owner())
            for layer in self.picture.layers
            if self.model.stream(layer.stream).kind == "arrows" and (value := source.snapshot(layer.stream)) is not None
        ]
        self._arrows.set_arrows(found[0] if found else np.empty((0, 4)), self.field.viewRect())

    def _written(self, source: Source) -> tuple[str, ...]:
        """Captions from a table layer, one row per tile: what is to be read under the tiles changes with them."""
        for layer in self.picture.layers:
            if self.model.stream(layer.stream).kind == "table":
                return tuple(str(next(iter(row.values()), "")) for row in source.snapshot(layer.stream) or ())
        return ()

    def _levels(self, values: np.ndarray) -> tuple[float, float]:
        lo, hi = levels_of(values, self.picture.colours, self.picture.levels)
        if self.picture.levels is not None:
            return lo, hi
        # Levels that follow each frame would make the picture flicker: they move only when they must.
        return self._span.follow(lo, hi)

    def _unchanged(self, shown: np.ndarray, lo: float, hi: float) -> bool:
        """Whether its colours are on the screen: an array that nobody can write to is the same picture as long as it is the same array."""
        before, self._coloured = self._coloured, (shown, lo, hi, theme.current())
        return not shown.flags.writeable and shown is before[0] and before[1:] == self._coloured[1:]

    def lettering(self) -> list[QRect]:
        """The image as well, with its captions: black on a dark ground is no empty place."""
        corners = (self.field.mapViewToScene(at) for at in (self._rect.topLeft(), self._rect.bottomRight()))
        first, last = (self.canvas.mapTo(self, self.canvas.mapFromScene(at)) for at in corners)
        return [*super().lettering(), QRect(first, last).normalized()] if self._values is not None else super().lettering()

    def _one(self, values: np.ndarray, lo: float, hi: float, same: bool) -> None:
        rows, columns = values.shape
        self._across = 0
        self._captions.set_words([], QRectF())
        if not same:
            if np.isnan(values).any():
                self._image.setImage(paint(values, lo, hi, self.picture.colours), autoLevels=False, levels=None)
            else:
                self._image.setImage(values, autoLevels=False, levels=(lo, hi), lut=lookup(self.picture.colours))
        for axis, count in ((self.across, columns), (self.up, rows)):
            # A square table of classes (confusion, similarity) bears their names on its axes.
            axis.names = tuple(self.picture.labels) if len(self.picture.labels) == count <= 40 else ()
        self._place(columns, rows)
        if self.picture.numbers and not same:
            inks = paint(np.nan_to_num(values), lo, hi, self.picture.colours).astype(float)
            self._cells.set_values(values, inks[..., :3] @ (0.299, 0.587, 0.114) < 140, self._rect)

    def _colour_picture(self, values: np.ndarray) -> None:
        self._across = 0
        self._coloured = (None,)
        self._captions.set_words([], QRectF())
        self.strip.set_scale(None)
        self._image.setImage((np.clip(values, 0.0, 1.0) * 255).astype(np.uint8), autoLevels=False, levels=None)
        self._place(values.shape[1], values.shape[0])

    def _place(self, columns: int, rows: int) -> None:
        x0, x1 = self.picture.x_range or (-0.5, columns - 0.5)
        y0, y1 = self.picture.y_range or (-0.5, rows - 0.5)
        self._rect = QRectF(x0, y0, x1 - x0, y1 - y0)
        self._image.setRect(self._rect)
        self._frame([self._rect])
        nothing = (math.nan, math.nan)
        self.show_axes(Axis(typeset(self.picture.x), x0, x1), Axis(typeset(self.picture.y), y0, y1), nothing, nothing)

    def _frame(self, rects: Iterable[QRectF]) -> None:
        """Thin edges round pictures in grey, whose white is that of a light ground."""
        path = QPainterPath()
        for rect in rects if self.picture.colours == "grey" else ():
            path.addRect(rect)
        self._frames.setPen(pg.mkPen(theme.current().tokens.muted, width=1))
        self._frames.setPath(path)

    def _ends(self, axis: Axis, fit: Range, data: tuple[float, float], *, pad: bool) -> tuple[float, float]:
        """An image fills its axes to the edge."""
        return super()._ends(axis, fit, data, pad=False)

    def _tiles(self, values: np.ndarray, lo: float, hi: float, labels: tuple[str, ...], *, lines: int = 1) -> None:
        tiles, rows, columns = values.shape
        wide, tall = max(40.0, self.field.width()), max(40.0, self.field.height())
        measure = QFontMetricsF(theme.mono_font(theme.current().caption - 1))
        caption = theme.current().caption + 6.0 + (lines - 1) * measure.height() if labels else 0.0
        said = labels[:tiles] if lines == 1 else tuple(map(halved, labels[:tiles]))
        least = max((measure.horizontalAdvance(line) for text in said for line in text.split("\n")), default=-10.0) + 10
        across = self._across = mosaic_columns(tiles, (rows, columns), wide, tall, caption, least)
        down = math.ceil(tiles / across)
        scale = max(1e-6, min(wide / across / (columns * 1.08), (tall / down - caption) / (rows * 1.08)))
        if labels and scale * rows < LEGIBLE * (theme.current().caption + 6.0):
            # Words would take the place of what they describe: they stand in two lines, or are read out under the cursor instead.
            self._tile_names = labels
            self._tiles(values, lo, hi, labels if lines == 1 else (), lines=2)
            return
        self._tile_names = labels or self._tile_names
        gap = max(1, round(0.08 * columns), min(2 * columns, math.ceil(least / scale) - columns))
        under = max(1, round(0.08 * rows), math.ceil(caption / scale))
        self._pitch = (columns + gap, rows + under)
        sheet = np.full((down * (rows + under), across * (columns + gap) - gap), np.nan)
        words = []
        for k in range(tiles):
            top, left = (k // across) * (rows + under), (k % across) * (columns + gap)
            sheet[top : top + rows, left : left + columns] = values[k]
            if k < len(said):
                words.append((left + columns / 2, float(top + rows), float(columns + gap), said[k]))
        self._coloured = (None,)
        self._image.setImage(paint(sheet, lo, hi, self.picture.colours), autoLevels=False, levels=None)
        self._rect = QRectF(0, 0, sheet.shape[1], sheet.shape[0])
        self._image.setRect(self._rect)
        self._captions.set_words(words, self._rect)
        places = [(k % across * (columns + gap), k // across * (rows + under)) for k in range(tiles)]
        self._frame(QRectF(left, top, columns, rows) for left, top in places)
        nothing = (math.nan, math.nan)
        for axis in (self.across, self.up):
            axis.setStyle(showValues=False)  # numbers would run on from tile to tile, and so would a grid
            axis.setGrid(False)
        x, y = Axis(typeset(self.picture.x), 0.0, float(sheet.shape[1])), Axis(typeset(self.picture.y), 0.0, float(sheet.shape[0]))
        self.show_axes(x, y, nothing, nothing)

    # -- what a person does --

    def _cell(self, at: QPointF) -> tuple[int, int, int] | None:
        """(tile, row, column) at a place, or None beside the image."""
        values = self._values
        if values is None or not self._rect.contains(at):
            return None
        if self._across:
            column, row = int(at.x() // self._pitch[0]), int(at.y() // self._pitch[1])
            tile = row * self._across + column
            inside = int(at.y() - row * self._pitch[1]), int(at.x() - column * self._pitch[0])
            if column >= self._across or tile >= len(values) or inside[0] >= values.shape[1] or inside[1] >= values.shape[2]:
                return None
            return (tile, *inside)
        rows, columns = values.shape[:2]
        row = int((at.y() - self._rect.top()) / self._rect.height() * rows)
        column = int((at.x() - self._rect.left()) / self._rect.width() * columns)
        return (0, min(row, rows - 1), min(column, columns - 1))

    def clicked(self, at: QPointF) -> None:
        """Paint one cell, brush one column, or pick a cell or tile."""
        cell = self._cell(at)
        if cell is None:
            return
        if self.picture.paint:
            self._begin(cell, erase=False)
            self._put(cell[1:])
            self._stroke = None
        if self.picture.brush:
            self._brush_to(cell[2], start=True, finish=True)
        if self.picture.pick and self._values is not None:
            index = cell[0] if self._across else cell[1] * self._values.shape[1] + cell[2]
            self.acted.emit(self.picture.pick, {"index": index})
        super().clicked(at)

    def dragged(self, at: QPointF, start: bool, finish: bool, shift: bool) -> bool:
        """Brush columns, or paint along the way; Shift erases, and so does a stroke that begins on a painted cell."""
        if self.picture.brush and self._values is not None and not self._across:
            columns = self._values.shape[1]
            at_column = int((at.x() - self._rect.left()) / self._rect.width() * columns)
            self._brush_to(min(max(at_column, 0), columns - 1), start=start, finish=finish)
            return True
        if not self.picture.paint:
            return super().dragged(at, start, finish, shift)
        cell = self._cell(at)
        if cell is not None:
            if start or self._stroke is None:
                self._begin(cell, erase=shift)
            assert self._stroke is not None
            before = self._stroke[2]
            count = max(abs(cell[1] - before[0]), abs(cell[2] - before[1]), 1)
            for k in range(count + 1):
                self._put((round(before[0] + (cell[1] - before[0]) * k / count), round(before[1] + (cell[2] - before[1]) * k / count)))
            self._stroke = (self._stroke[0], self._stroke[1], cell[1:])
        if finish:
            self._stroke = None
        return True

    def _brush_to(self, column: int, *, start: bool, finish: bool) -> None:
        """A band grows with the hand; only when it is let go the model hears of it, so that one gesture is one act."""
        assert self._band is not None and self._values is not None
        if start:
            self._brushed_from = column
            self._band.setBrush(theme.colour("accent", 0.25))
            for line in self._band.lines:
                line.setPen(pg.mkPen(theme.colour("accent"), width=theme.current().stroke))
        first, last = sorted((self._brushed_from, column))
        wide = self._rect.width() / self._values.shape[1]
        self._band.setRegion((self._rect.left() + first * wide, self._rect.left() + (last + 1) * wide))
        self._band.setVisible(not finish)
        if finish:
            specs = type(self.model).actions()[self.picture.brush].arguments.specs()
            given = {"first": first, "last": last, "stream": self.picture.layers[0].stream}
            self.acted.emit(self.picture.brush, {k: v for k, v in given.items() if k in specs})

    def _begin(self, cell: tuple[int, int, int], *, erase: bool) -> None:
        specs = type(self.model).actions()[self.picture.paint].arguments.specs()
        low, high = (specs["value"].lo, specs["value"].hi) if "value" in specs else (0.0, 1.0)
        low, high = 0.0 if low is None else low, 1.0 if high is None else high
        assert self._values is not None
        here = float(self._values[cell[1], cell[2]]) if self._values.ndim == 2 else low
        self._stroke = (low if erase or here > (low + high) / 2 else high, set(), cell[1:])

    def _put(self, cell: tuple[int, int]) -> None:
        assert self._stroke is not None
        value, done, _ = self._stroke
        if cell not in done:
            done.add(cell)
            specs = type(self.model).actions()[self.picture.paint].arguments.specs()
            given = {"row": cell[0], "column": cell[1], "value": int(value) if "value" in specs and specs["value"].kind == "int" else value}
            self.acted.emit(self.picture.paint, {k: v for k, v in given.items() if k in specs})

    def grain(self) -> tuple[float, float]:
        """A cell."""
        if self._values is None:
            return super().grain()
        rows, columns = self._values.shape[:2]
        wide, tall = (1.0, 1.0) if self._across else (self._rect.width() / columns, self._rect.height() / rows)
        return wide, -tall if self.field.yInverted() else tall

    def step_from(self, at: QPointF | None, across: float, up: float) -> QPointF | None:
        """From cell to cell, from middle to middle."""
        if self._values is None:
            return None
        area, (wide, tall) = self._rect, self.grain()
        at = area.center() if at is None else at + QPointF(min(max(across, -1e6), 1e6) * wide, up * tall)
        column = math.floor((at.x() - area.left()) / wide)
        row = math.floor((at.y() - area.top()) / abs(tall))
        column = min(max(column, 0), round(area.width() / wide) - 1)
        row = min(max(row, 0), round(area.height() / abs(tall)) - 1)
        return QPointF(area.left() + (column + 0.5) * wide, area.top() + (row + 0.5) * abs(tall))

    def under_cursor(self, at: QPointF) -> str:
        """Place and value of the cell."""
        cell = self._cell(at)
        if cell is None or self._values is None:
            return ""
        tile, row, column = cell
        if self._across:
            name = self._tile_names[tile] if tile < len(self._tile_names) else f"tile {tile}"
            return f"{name}  row {row}  column {column}  {number(self._values[tile, row, column])}"
        value = self._values[row, column]
        shown = "  ".join(number(v, 3) for v in np.atleast_1d(value))
        return f"row {row}  column {column}  {shown}"

    def table(self) -> Table:
        """Rows and columns as they are; tiles under one another."""
        if self._values is None:
            return [], []
        values = self._values
        if values.ndim == 3 and not self._across:
            values = values.reshape(values.shape[0], -1)
        elif values.ndim == 3:
            tile = np.repeat(np.arange(len(values)), values.shape[1])
            flat = values.reshape(-1, values.shape[2])
            return ["tile", *(str(k) for k in range(flat.shape[1]))], [tile, *flat.T]
        return [str(k) for k in range(values.shape[1])], list(values.T)
