"""Lines drawn smoothly into an image by a compiled kernel: what a live window would otherwise wait for.

Every pixel near a line is covered by as much as its distance from the line says: `half + 1/2 - distance`, cut to 0..1. A line
covers a pixel once, however often it crosses it, so dashes, joints and noisy traces are drawn right; then its colour is
blended in. Drawing eight curves of 1,600 points on 860 x 680 so takes a sixth of what Qt's software stroker does, and
hardly depends on the width.

    canvas = Canvas(width, height)
    canvas.clear()
    canvas.line(x, y, 0xff4cc2ff, 2.0)          pixels, y downward; NaN breaks a line
    canvas.pixels                               (height, width) uint32, premultiplied ARGB

What a picture draws in a frame goes through the kernel in one call (`Batch`, `Canvas.draw`), and where it differs from the
frame before in a few columns only (`changed`), only those are drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.kernels import kernel

SOLID = np.empty(0)
LARGEST_SIDE = 16_384
# A number is known to be one by being less than this: of a sum, `isfinite` asks whether s - s is 0, which the compiler takes for
# granted once it may regroup sums; a gap was then walked through pixel by pixel.
LARGEST = 1e300


LINE, AREA, TICKS = 0, 1, 2  # kinds of strokes
NOWHERE = (math.inf, -math.inf)
EVERYWHERE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Batch:
    """Strokes, the first at the back, as arrays: their points one after another, in data coordinates.

    ends     (n,) where the points of each stroke end; kinds (n,) LINE, AREA or TICKS; inks (n,) premultiplied colours
    numbers  (n, 2) width in pixels, and the level of an area or half the height of ticks
    dashes   (n, m) lengths on and off in pixels, 0 where there are no more
    """

    x: np.ndarray
    y: np.ndarray
    ends: np.ndarray
    kinds: np.ndarray
    inks: np.ndarray
    numbers: np.ndarray
    dashes: np.ndarray

    @classmethod
    def of(cls, strokes: Sequence[tuple[np.ndarray, np.ndarray, int, int, float, float, Sequence[float]]]) -> Batch:
        """Put strokes (x, y, kind, ink, width, level, dashes) together."""
        n = len(strokes)
        longest = max((len(s[6]) for s in strokes), default=0)
        xs, ys = [s[0] for s in strokes], [s[1] for s in strokes]
        return cls(
            _floats(np.concatenate(xs)) if n else np.empty(0),
            _floats(np.concatenate(ys)) if n else np.empty(0),
            np.cumsum(np.array([len(x) for x in xs], np.int64)),
            np.array([s[2] for s in strokes], np.int64),
            np.array([s[3] for s in strokes], np.uint32),
            np.array([(s[4], s[5]) for s in strokes], float).reshape(n, 2),
            np.array([(*s[6], *(0.0,) * (longest - len(s[6]))) for s in strokes], float).reshape(n, longest),
        )

    @property
    def reach(self) -> float:
        """Pixels that the widest stroke covers beside its points."""
        return 0.5 * float(self.numbers[:, 0].max(initial=0.0)) + 1.0


def changed(before: Batch, now: Batch) -> tuple[float, float]:
    """Between which places of the horizontal axis one batch is drawn otherwise than another; `NOWHERE` where they are the same.

    The points of a stroke at its beginning and at its end that are the same in both are left out: a line that grows, and one
    that is taken away from its beginning on, differ at one place only.
    """
    for one, other in ((before.kinds, now.kinds), (before.inks, now.inks), (before.numbers, now.numbers), (before.dashes, now.dashes)):
        if one.shape != other.shape or not (one == other).all():
            return EVERYWHERE
    dashed = now.dashes[:, 0] > 0.0 if now.dashes.shape[1] else np.zeros(len(now.kinds), np.bool_)
    return _differ(before.x, before.y, before.ends, now.x, now.y, now.ends, dashed)


def prepare() -> None:
    """Compile what a window draws with."""
    batch = Batch.of([(np.arange(2.0), np.arange(2.0), LINE, 0xFF000000, 1.0, 0.0, ())])
    Canvas(2, 2).draw(batch, (1.0, 0.0, 1.0, 0.0))
    changed(batch, batch)


class Canvas:
    """An image of premultiplied ARGB pixels into which lines, areas and dots are drawn."""

    def __init__(self, width: int, height: int):
        self.width, self.height = max(1, min(LARGEST_SIDE, width)), max(1, min(LARGEST_SIDE, height))
        self.pixels = np.zeros((self.height, self.width), np.uint32)
        self._cover = np.zeros((self.height, self.width), np.float32)
        self._box = np.array([self.width, self.height, -1, -1])
        self._all = np.array([0.0, self.width - 1.0])

    def clear(self) -> None:
        """Transparent again."""
        self.pixels[:] = 0

    def draw(
        self, batch: Batch, scale: tuple[float, float, float, float], ratio: float = 1.0, columns: tuple[float, float] = EVERYWHERE
    ) -> None:
        """Draw strokes anew between two columns of pixels, both included; what stood there is taken away.

        scale  a, b, c, d: a point lies at a x + b, c y + d; ratio: of the pixels here to those in which widths are told
        """
        first, last = int(max(0.0, columns[0])), int(min(self.width - 1.0, columns[1]))
        if last >= first:
            self.pixels[:, first : last + 1] = 0
            _draw(
                batch.x, batch.y, batch.ends, batch.kinds, batch.inks, batch.numbers * (ratio, 1.0), batch.dashes * ratio,
                np.array([*scale, first, last], float), self._cover, self._box, self.pixels,
            )  # fmt: skip

    def line(self, x: np.ndarray, y: np.ndarray, colour: int, width: float, dashes: Sequence[float] = ()) -> None:
        """A polyline `width` pixels wide; dashes are lengths on and off, in pixels."""
        _cover_line(
            _floats(x), _floats(y), 0.5 * width, np.asarray(dashes, float) if len(dashes) else SOLID, self._all, self._cover, self._box
        )
        _blend(self._cover, self._box, np.uint32(colour), self.pixels)

    def area(self, x: np.ndarray, y: np.ndarray, level: float, colour: int) -> None:
        """The area between a function of x and a level."""
        _cover_area(_floats(x), _floats(y), level, self._all, self._cover, self._box)
        _blend(self._cover, self._box, np.uint32(colour), self.pixels)

    def ticks(self, x: np.ndarray, y: np.ndarray, half: float, colour: int, width: float) -> None:
        """Upright strokes of height 2 half at each place."""
        _cover_ticks(_floats(x), _floats(y), half, 0.5 * width, self._all, self._cover, self._box)
        _blend(self._cover, self._box, np.uint32(colour), self.pixels)


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, float)


def premultiplied(red: int, green: int, blue: int, alpha: float = 1.0) -> int:
    """A colour as the canvas takes it."""
    a = min(1.0, max(0.0, alpha))
    return round(255 * a) << 24 | round(red * a) << 16 | round(green * a) << 8 | round(blue * a)


@kernel
def _grow(box, x0, y0, x1, y1):
    if x0 < box[0]:
        box[0] = x0
    if y0 < box[1]:
        box[1] = y0
    if x1 > box[2]:
        box[2] = x1
    if y1 > box[3]:
        box[3] = y1


@kernel
def _segment(x0, y0, x1, y1, half, columns, cover, box):
    """Cover the pixels near one straight piece, between two columns; its ends are round."""
    height = cover.shape[0]
    reach = half + 0.5
    if max(x0, x1) < columns[0] - reach or min(x0, x1) > columns[1] + 1.0 + reach or max(y0, y1) < -reach or min(y0, y1) > height + reach:
        return
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = (dx / length, dy / length) if length > 1e-9 else (1.0, 0.0)
    top, bottom = max(0.0, np.floor(min(y0, y1) - reach)), min(height - 1.0, np.ceil(max(y0, y1) + reach))
    left, right = max(columns[0], np.floor(min(x0, x1) - reach)), min(columns[1], np.ceil(max(x0, x1) + reach))
    if bottom < top or right < left:
        return
    _grow(box, int(left), int(top), int(right), int(bottom))
    if abs(uy) >= abs(ux):  # steep: along rows, the few columns around the line
        slope, across = ux / uy, reach / abs(uy) + 1.0
        for row in range(int(top), int(bottom) + 1):
            py = row + 0.5
            middle = x0 + (py - y0) * slope
            a, b = int(max(left, middle - across)), int(min(right, middle + across))
            if reach < (py - y0) / uy < length - reach:  # away from both ends the distance needs no root
                for column in range(a, b + 1):
                    covered = min(1.0, reach - abs((column + 0.5 - middle) * uy))
                    if covered > cover[row, column]:
                        cover[row, column] = covered
                continue
            for column in range(a, b + 1):
                px = column + 0.5
                along = min(length, max(0.0, (px - x0) * ux + (py - y0) * uy))
                ex, ey = px - (x0 + along * ux), py - (y0 + along * uy)
                covered = reach - (ex * ex + ey * ey) ** 0.5
                if covered > cover[row, column]:
                    cover[row, column] = min(1.0, covered)
    else:
        slope, across = uy / ux, reach / abs(ux) + 1.0
        for column in range(int(left), int(right) + 1):
            px = column + 0.5
            middle = y0 + (px - x0) * slope
            a, b = int(max(top, middle - across)), int(min(bottom, middle + across))
            if reach < (px - x0) / ux < length - reach:
                for row in range(a, b + 1):
                    covered = min(1.0, reach - abs((row + 0.5 - middle) * ux))
                    if covered > cover[row, column]:
                        cover[row, column] = covered
                continue
            for row in range(a, b + 1):
                py = row + 0.5
                along = min(length, max(0.0, (px - x0) * ux + (py - y0) * uy))
                ex, ey = px - (x0 + along * ux), py - (y0 + along * uy)
                covered = reach - (ex * ex + ey * ey) ** 0.5
                if covered > cover[row, column]:
                    cover[row, column] = min(1.0, covered)


@kernel
def _cover_line(x, y, half, dashes, columns, cover, box):
    """Cover a polyline, cut into dashes along its length where there are any."""
    part, rest, on = 0, dashes[0] if len(dashes) else 0.0, True
    for k in range(len(x) - 1):
        x0, y0, x1, y1 = x[k], y[k], x[k + 1], y[k + 1]
        if not abs(x0 + y0 + x1 + y1) < LARGEST:
            if len(dashes):
                part, rest, on = 0, dashes[0], True
            continue
        if len(dashes) == 0:
            _segment(x0, y0, x1, y1, half, columns, cover, box)
            continue
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        done = 0.0
        if length > 1e6:  # far outside the picture: walking through its dashes would take for ever
            _segment(x0, y0, x1, y1, half, columns, cover, box)
            continue
        while done < length:
            step = min(rest, length - done)
            if on:
                a, b = done / length, (done + step) / length
                _segment(x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0), half, columns, cover, box)
            done += step
            rest -= step
            if rest <= 1e-9:
                part = (part + 1) % len(dashes)
                rest, on = dashes[part], not on


@kernel
def _cover_area(x, y, level, columns, cover, box):
    """Cover what lies between a function of x and a level, column by column."""
    height = cover.shape[0]
    for k in range(len(x) - 1):
        x0, y0, x1, y1 = x[k], y[k], x[k + 1], y[k + 1]
        if not abs(x0 + y0 + x1 + y1) < LARGEST or x1 < x0:
            continue
        first, last = int(max(columns[0], np.floor(x0))), int(min(columns[1], np.floor(x1)))
        for column in range(first, last + 1):
            a, b = max(x0, float(column)), min(x1, column + 1.0)
            if b <= a and x1 > x0:
                continue
            middle = 0.5 * (a + b)
            at = y0 + (y1 - y0) * (middle - x0) / (x1 - x0) if x1 > x0 else 0.5 * (y0 + y1)
            high, low = max(0.0, min(at, level)), min(float(height), max(at, level))
            if low <= high:
                continue
            share = b - a if x1 > x0 else 0.0
            top, bottom = int(high), int(min(height - 1.0, np.ceil(low) - 1.0))
            _grow(box, column, top, column, bottom)
            for row in range(top, bottom + 1):
                part = min(low, row + 1.0) - max(high, float(row))
                cover[row, column] = min(1.0, cover[row, column] + share * part)


@kernel
def _cover_ticks(x, y, reach, half, columns, cover, box):
    """Cover upright strokes: the same share of a column in each row."""
    height = cover.shape[0]
    for k in range(len(x)):
        left, right, high, low = x[k] - half, x[k] + half, y[k] - reach, y[k] + reach
        if not abs(left + high) < LARGEST or right <= columns[0] or left >= columns[1] + 1.0 or low <= 0.0 or high >= height:
            continue
        a, b = int(max(columns[0], np.floor(left))), int(min(columns[1], np.ceil(right) - 1.0))
        # rint: round is the same number, but reading a kernel with it back loads all of scipy.linalg.
        top, bottom = int(max(0.0, np.rint(high))), int(min(height - 1.0, np.rint(low)))
        _grow(box, a, top, b, bottom)
        for column in range(a, b + 1):
            part = min(right, column + 1.0) - max(left, float(column))
            for row in range(top, bottom + 1):
                if part > cover[row, column]:
                    cover[row, column] = min(1.0, part)


@kernel
def _blend(cover, box, colour, pixels):
    """Blend a colour into the pixels as far as they are covered, and take the coverage away again."""
    alpha, red, green, blue = (colour >> 24) & 255, (colour >> 16) & 255, (colour >> 8) & 255, colour & 255
    for row in range(box[1], box[3] + 1):
        for column in range(box[0], box[2] + 1):
            covered = cover[row, column]
            if covered > 0.0:
                cover[row, column] = 0.0
                under = pixels[row, column]
                keep = 1.0 - covered * (alpha / 255.0)
                a = np.uint32(alpha * covered + ((under >> 24) & 255) * keep + 0.5)
                r = np.uint32(red * covered + ((under >> 16) & 255) * keep + 0.5)
                g = np.uint32(green * covered + ((under >> 8) & 255) * keep + 0.5)
                b = np.uint32(blue * covered + (under & 255) * keep + 0.5)
                pixels[row, column] = (a << np.uint32(24)) | (r << np.uint32(16)) | (g << np.uint32(8)) | b
    box[0], box[1], box[2], box[3] = cover.shape[1], cover.shape[0], -1, -1


@kernel
def _draw(x, y, ends, kinds, inks, numbers, dashes, where, cover, box, pixels):
    """Put strokes onto the pixels between two columns, one after another."""
    columns = where[4:]
    begin = 0
    for s in range(len(ends)):
        end = ends[s]
        px, py = where[0] * x[begin:end] + where[1], where[2] * y[begin:end] + where[3]
        half = 0.5 * numbers[s, 0]
        if kinds[s] == AREA:
            _cover_area(px, py, where[2] * numbers[s, 1] + where[3], columns, cover, box)
        elif kinds[s] == TICKS:
            _cover_ticks(px, py, abs(where[2] * numbers[s, 1]), half, columns, cover, box)
        else:
            count = 0
            while count < dashes.shape[1] and dashes[s, count] > 0.0:
                count += 1
            _cover_line(px, py, half, dashes[s, :count], columns, cover, box)
        _blend(cover, box, inks[s], pixels)
        begin = end


@kernel
def _alike(a, b):
    return a == b or (a != a and b != b)


@kernel
def _differ(x0, y0, ends0, x1, y1, ends1, dashed):
    """The least and the largest x at which strokes differ; the dashes of a line move along with whatever lies before them."""
    low, high = np.inf, -np.inf
    begin0 = begin1 = 0
    for s in range(len(ends1)):
        n0, n1 = ends0[s] - begin0, ends1[s] - begin1
        least = min(n0, n1)
        head = tail = 0
        while head < least and _alike(x0[begin0 + head], x1[begin1 + head]) and _alike(y0[begin0 + head], y1[begin1 + head]):
            head += 1
        if head < max(n0, n1):
            a, b = ends0[s] - 1, ends1[s] - 1
            while not dashed[s] and tail < least - head and _alike(x0[a - tail], x1[b - tail]) and _alike(y0[a - tail], y1[b - tail]):
                tail += 1
            # The last point that is the same before, and the first after: the pieces between are drawn otherwise.
            for k in range(begin0 + max(0, head - 1), min(ends0[s], ends0[s] - tail + 1)):
                if x0[k] == x0[k]:
                    low, high = min(low, x0[k]), max(high, x0[k])
            for k in range(begin1 + max(0, head - 1), min(ends1[s], ends1[s] - tail + 1)):
                if x1[k] == x1[k]:
                    low, high = min(low, x1[k]), max(high, x1[k])
        begin0, begin1 = ends0[s], ends1[s]
    return low, high
