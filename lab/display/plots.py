"""What is to be drawn, worked out without a window: axes, stretches of time and polylines.

    picture + model + source  ->  Plot(lines, x axis, y axis)   traces, phase planes, curves
                              ->  Spikes, or the snapshot itself: rasters, images, clouds ...

A source is a running model or a recording (`lab.display.sources`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lab.display.sources import LiveSource, Overlay, RecordedSource, Source
from lab.errors import ModelError
from lab.model import Layer, Model, Picture, Stream
from lab.units import typeset as typeset
from lab.units import unit_for

__all__ = [
    "Axis", "Line", "LiveSource", "Overlay", "Plot", "Range", "RasterPlot", "RecordedSource", "Source", "Spikes", "Stretch", "bucket_size",
    "decimate", "difference", "distinct", "extent", "kind", "lines", "nice_ceiling", "raster", "time_axis", "typeset", "wanted",
]  # fmt: skip

GHOST = -1  # the run of a line of the page before
NAMED = 8  # channels drawn as lines of their own, with names; more become one item
PHASE_POINTS = 6000
GRAIN = 600  # points of a path closer than its extent divided by this are one
EVENT_LIMIT = 1 << 17
DECADES = 100.0  # an axis that is logarithmic by itself is so from this ratio on


@dataclass(frozen=True)
class Axis:
    """A resolved axis; lo and hi None: fitted to what is drawn."""

    label: str = ""
    lo: float | None = None
    hi: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Stretch:
    """Steps first..last that a time axis shows; drawn at (step - origin) * dt."""

    first: int
    last: int
    origin: int


@dataclass(frozen=True)
class Line:
    """One polyline (or set of points) with how it looks. `key` is the same for the same line in the next frame.

    many    x and y hold several polylines with NaN between them
    against drawn against another trace instead of time: x goes to and fro
    meaning what is said under its name
    """

    key: tuple[int, int, int]  # run (0: the present one), layer, channel
    x: np.ndarray
    y: np.ndarray
    label: str
    series: int
    style: str = "line"
    theory: bool = False
    colour: str = ""
    many: bool = False
    against: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class Plot:
    """What a line picture draws: lines, axes, and how far measurement and theory are apart (NaN: not known)."""

    lines: tuple[Line, ...]
    x: Axis
    y: Axis
    difference: float = math.nan
    dt: float = 1.0
    stretch: Stretch | None = None


@dataclass(frozen=True)
class Spikes:
    """Events of one raster layer: time on the axis, cell, and the series it is coloured with."""

    time: np.ndarray
    cell: np.ndarray
    series: int
    label: str
    colour: str = ""
    ghost: bool = False  # of the page before


@dataclass(frozen=True)
class RasterPlot:
    """What a raster draws; `cells` is the number of rows."""

    layers: tuple[Spikes, ...]
    x: Axis
    y: Axis
    cells: int
    shown: int = field(default=0)


def wanted(picture: Picture) -> frozenset[str]:
    """Streams that a picture reads."""
    return frozenset(name for layer in picture.layers for name in (layer.stream, layer.x) if name)


def kind(picture: Picture, model: Model) -> str:
    """Which kind of picture: a stream kind, with `phase` for traces against traces or mixed with curves."""
    kinds = [model.stream(layer.stream).kind for layer in picture.layers]
    if not kinds:
        raise ModelError(f"{model._owner()}: the picture '{picture.name}' has no layers.")
    if any(layer.x for layer in picture.layers):
        return "phase"
    # Curves and arrows lie over clouds, and an image may lie behind them.
    return next((k for k in ("cloud", "image", "arrows") if k in kinds), kinds[0])


def nice_ceiling(value: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `value`."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value * (1 - 1e-12))


def time_axis(picture: Picture, model: Model, step: int, paged: bool = False) -> tuple[Stretch, Axis]:
    """The stretch of steps shown and its axis, which stays fixed while the data move.

    A window of time is filled from the left once, then shows what lies before the present, or (`paged`) is filled again
    page by page; without a window, all since the start, in an extent that grows by 1, 2, 5.
    """
    clock = model.clock
    timed = clock.physical and unit_for(2, clock.unit) == clock.unit  # pulses and presentations are counted: they are no unit of time
    name = picture.x or ("time" if timed else unit_for(2, clock.unit) if clock.physical else clock.unit)
    label = f"{name} ({clock.unit})" if timed and "(" not in name else name
    if picture.x_range is not None and kind(picture, model) != "phase":  # there it is a range of the other trace
        lo, hi = picture.x_range
        return Stretch(max(0, math.floor(lo / clock.dt)), min(step, math.ceil(hi / clock.dt)), 0), Axis(label, lo, hi)
    if picture.window <= 0:
        whole = model.length * clock.dt if model.length and model.length <= 1 << 22 else 0.0
        grown = nice_ceiling(max(step * clock.dt, 20 * clock.dt))
        # A training that nobody knows the end of beforehand (it may stop earlier, or go on) fills its axis from the start.
        hi = min(whole, grown) if whole and not clock.physical else whole or grown
        return Stretch(0, step, 0), Axis(label, 0.0, float(hi))
    steps = max(1, round(picture.window / clock.dt))
    if paged:
        page = (max(step, 1) - 1) // steps * steps
        return Stretch(page, step, 0), Axis(label, page * clock.dt, (page + steps) * clock.dt)
    if step <= steps:
        return Stretch(0, step, 0), Axis(label, 0.0, float(picture.window))
    before = f"{name} before now ({clock.unit})" if timed else f"{picture.x or unit_for(2, clock.unit)} before now"
    return Stretch(step - steps, step, step), Axis(before, -float(picture.window), 0.0)


def bucket_size(span: int, width: int) -> int:
    """Steps per bucket, a power of two, so that `span` steps give at most `width` buckets."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, span / max(1, width)))))


def decimate(steps: np.ndarray, rows: np.ndarray, bucket: int) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and maximum of each bucket of `bucket` steps, as (2m,) positions in steps and (2m, ...) values.

    Buckets start at multiples of `bucket`, so a moving window does not flicker: what was drawn keeps its shape.
    """
    n = len(steps)
    if n < 3 or bucket < 2 or (steps[-1] - steps[0]) < 2 * bucket:
        return steps.astype(float), rows
    first, every = int(steps[0]), max(1, int(steps[1] - steps[0]))
    if int(steps[-1]) - first == every * (n - 1):
        if every >= bucket:
            return steps.astype(float), rows
        starts = -((first - np.arange(first // bucket, int(steps[-1]) // bucket + 1) * bucket) // every)
        starts[0] = 0
    else:
        starts = np.concatenate([[0], np.flatnonzero(np.diff(steps // bucket)) + 1])
    if 2 * len(starts) >= n:
        return steps.astype(float), rows
    low, high = _extremes(rows, starts)
    ends = np.empty_like(starts)
    ends[:-1], ends[-1] = starts[1:] - 1, n - 1
    # In a bucket that only rises or only falls the extremes are its ends: drawn there, slopes stay straight.
    x = np.empty(2 * len(starts))
    x[0::2], x[1::2] = steps[starts], steps[ends]
    y = np.empty((2 * len(starts), *rows.shape[1:]))
    rising = rows[starts] <= rows[ends]
    y[0::2], y[1::2] = np.where(rising, low, high), np.where(rising, high, low)
    return x, y


def _extremes(rows: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest row of each bucket; column by column, because reduceat along rows is twenty times slower."""
    if rows.ndim == 1:
        return np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts)
    flat = _flat(rows)
    low, high = np.empty((2, len(starts), flat.shape[1]), rows.dtype)
    for k in range(flat.shape[1]):
        column = np.ascontiguousarray(flat[:, k])
        low[:, k] = np.minimum.reduceat(column, starts)
        high[:, k] = np.maximum.reduceat(column, starts)
    return low.reshape(-1, *rows.shape[1:]), high.reshape(-1, *rows.shape[1:])


def difference(measured: Line, theory: Line) -> float:
    """Root mean square distance of measured points from the theory, as a fraction of the theory's range; NaN if apart.

    A level that is the same everywhere, such as chance beside a loss, is there to be compared with and predicts no curve: NaN, too.
    """
    good = np.isfinite(theory.x) & np.isfinite(theory.y)
    tx, ty = theory.x[good], theory.y[good]
    seen = np.isfinite(measured.x) & np.isfinite(measured.y)
    if len(tx) < 2 or not seen.any():
        return math.nan
    order = np.argsort(tx)
    tx, ty = tx[order], ty[order]
    x, y = measured.x[seen], measured.y[seen]
    inside = (x >= tx[0]) & (x <= tx[-1])
    span = float(np.ptp(ty))
    if not inside.any() or span == 0:
        return math.nan
    gap = y[inside] - np.interp(x[inside], tx, ty)
    return float(np.sqrt(np.mean(gap * gap)) / span)


def _names(stream: Stream, layer: Layer, count: int) -> list[str]:
    """Names of the lines of a layer."""
    channels = stream.channels
    if layer.channel is not None:
        named = channels[layer.channel] if layer.channel < len(channels) else ""
        return [typeset(layer.label or named or stream.name)]
    if count == 1:
        # A prediction that nobody named is at least said to be one.
        return [typeset(layer.label or ("theory" if layer.theory else channels[0] if channels else stream.name))]
    prefix = f"{layer.label} " if layer.label else ""
    return [typeset(prefix + (channels[k] if k < len(channels) else str(k + 1))) for k in range(count)]


def _flat(rows: np.ndarray) -> np.ndarray:
    """Rows as (steps, channels), also when there are none."""
    return rows.reshape(len(rows), math.prod(rows.shape[1:]))


def _columns(rows: np.ndarray, layer: Layer) -> np.ndarray:
    """Rows as (steps, channels), with only the layer's channel if it names one."""
    flat = _flat(rows)
    return flat if layer.channel is None else flat[:, layer.channel : layer.channel + 1]


def _meanings(stream: Stream, layer: Layer, count: int) -> list[str]:
    """What is said under the name of each line: the layer's words, or those of the stream's channels."""
    if layer.meaning:
        return [typeset(layer.meaning)] * count
    said = stream.meanings if layer.channel is None else stream.meanings[layer.channel : layer.channel + 1]
    return [typeset(said[k]) if k < len(said) else "" for k in range(count)]


def _make(
    key: tuple[int, int, int],
    xs: Sequence[np.ndarray],
    ys: Sequence[np.ndarray],
    names: list[str],
    series: int,
    layer: Layer,
    over: Overlay | None,
    meanings: list[str],
) -> list[Line]:
    """Lines of one layer: one per channel, or one item with gaps when there are too many to be told apart."""
    colour, note = (over.colour, f" · {over.name}") if over else ("", "")
    if len(ys) <= NAMED:
        inks = [layer.series[k] if k < len(layer.series) else series + k for k in range(len(ys))]
        return [
            Line(
                (key[0], key[1], k), x, y, names[k] + note, inks[k], layer.style, layer.theory, colour, against=bool(layer.x), meaning=meanings[k]
            )
            for k, (x, y) in enumerate(zip(xs, ys, strict=True))
        ]  # fmt: skip
    gap = np.full(int(any(len(each) for each in xs)), np.nan)
    x = np.concatenate([part for each in xs for part in (each, gap)])
    y = np.concatenate([part for each in ys for part in (each, gap)])
    series = layer.series[0] if layer.series else series
    return [Line(key, x, y, (layer.label or layer.stream) + note, series, layer.style, layer.theory, colour, many=True)]


Reading = Callable[[str, int, int], tuple[np.ndarray, np.ndarray]]


def _reading(source: Source) -> Reading:
    """The samples of a source for one look: layers of the same stream read it once."""
    known: dict[tuple[str, int, int], tuple[np.ndarray, np.ndarray]] = {}

    def read(stream: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        key = (stream, first, last)
        if key not in known:
            known[key] = source.samples(*key)
        return known[key]

    return read


def _trace(
    layer: Layer, model: Model, source: Source, stretch: Stretch, width: int, read: Reading
) -> tuple[list[np.ndarray], list[np.ndarray], Stream]:
    """x in clock units and y of each channel of a trace layer."""
    stream = model.stream(layer.stream)
    dt = model.clock.dt
    if stream.form == "events":
        steps, channel, value = source.events(stream.name, stretch.first)
        keep = steps < stretch.last
        steps, channel, value = steps[keep] + 1, channel[keep], value[keep]
        count = int(np.prod(stream.shape, dtype=int)) if stream.shape else max(1, len(stream.channels))
        chosen = range(count) if layer.channel is None else [layer.channel]
        xs, ys = [], []
        for k in chosen:
            own = channel == k
            at, y = (
                decimate(steps[own], value[own], bucket_size(stretch.last - stretch.first, width))
                if own.sum() > 4 * width
                else (steps[own], value[own])
            )
            xs.append((at - stretch.origin) * dt)
            ys.append(y)
        return xs, ys, stream
    steps, rows = read(stream.name, stretch.first, stretch.last)
    columns = _columns(rows, layer)
    if layer.style == "marker":
        steps, columns = steps[-1:], columns[-1:]
    at, columns = decimate(steps, columns, bucket_size(stretch.last - stretch.first, width))
    x = (at - stretch.origin) * dt
    return [x] * columns.shape[1], [columns[:, k] for k in range(columns.shape[1])], stream


def distinct(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Numbers of the points at which a path enters another cell of a grid as fine as the screen; the last one too.

    Slow stretches lose points that nobody could see, fast ones keep all of theirs.
    """
    cells = []
    for values in (x, y):
        lo, hi = float(values.min()), float(values.max())
        cells.append(np.floor((values - lo) * (GRAIN / ((hi - lo) or 1.0))))
    new = np.ones(len(x), bool)
    new[1:-1] = ((np.diff(cells[0]) != 0) | (np.diff(cells[1]) != 0))[:-1]
    return np.flatnonzero(new)


def _against(layer: Layer, model: Model, source: Source, stretch: Stretch) -> tuple[list[np.ndarray], list[np.ndarray], Stream]:
    """x and y of a trace layer drawn against another trace."""
    assert layer.x is not None
    stream = model.stream(layer.stream)
    steps, rows = source.samples(stream.name, stretch.first, stretch.last)
    across, xs = source.samples(layer.x, stretch.first, stretch.last)
    if len(steps) and len(across) and (len(steps) != len(across) or steps[0] != across[0]):
        # Read a moment apart, or recorded at different intervals: keep the steps both have.
        _, one, other = np.intersect1d(steps, across, assume_unique=True, return_indices=True)
        steps, rows, xs = steps[one], rows[one], xs[other]
    columns = _columns(rows[: len(xs)], layer)
    horizontal = _flat(xs[: len(columns)])[:, layer.x_channel].astype(float)
    if layer.style == "marker":
        columns, horizontal = columns[-1:], horizontal[-1:]
    elif columns.shape[1] == 1 and len(columns) > 2:
        keep = distinct(horizontal, columns[:, 0])[-PHASE_POINTS:]
        columns, horizontal = columns[keep], horizontal[keep]
    return [horizontal] * columns.shape[1], [columns[:, k] for k in range(columns.shape[1])], stream


def _curve(layer: Layer, model: Model, source: Source) -> tuple[list[np.ndarray], list[np.ndarray], Stream]:
    """x and y of each row of a curve layer, and its stream; channels that name row 0 too, which is no line, lose that name."""
    stream = model.stream(layer.stream)
    value = source.snapshot(stream.name)
    table = np.asarray(value, float) if value is not None else np.empty((2, 0))
    if table.ndim != 2 or len(table) < 2:
        raise ModelError(
            f"{model._owner()}: the curve '{stream.name}' must have shape (1 + k, n) with k of at least 1 (got {table.shape})."
        )
    rows = table[1:] if layer.channel is None else table[1 + layer.channel : 2 + layer.channel]
    if value is not None:
        stream = replace(
            stream, **{name: said[1:] for name in ("channels", "meanings") if len(said := getattr(stream, name)) == len(table)}
        )
    return [table[0]] * len(rows), list(rows), stream


def ghost(stretch: Stretch, picture: Picture, model: Model) -> Stretch | None:
    """What the page before still shows to the right of the present, a little apart from it; None on the first page."""
    steps = max(1, round(picture.window / model.clock.dt))
    first = stretch.last - steps + max(1, steps // 100)
    return Stretch(first, stretch.first, -steps) if stretch.first > 0 and first < stretch.first else None


def lines(picture: Picture, model: Model, source: Source, width: int = 800, overlays: Sequence[Overlay] = (), paged: bool = False) -> Plot:
    """Resolve a picture of traces, curves or both; `width` is the number of pixels there are for the x axis."""
    stretch, axis = time_axis(picture, model, source.step, paged)
    timed = kind(picture, model) == "trace"
    found: list[Line] = []
    for run, over in [*((k + 1, o) for k, o in enumerate(overlays)), (0, None)]:
        series = 0
        read = _reading(over.source if over is not None else source)
        theirs = model if over is None else over.source.model
        origin = over.source if over is not None else source
        for number, layer in enumerate(picture.layers):
            if over is not None and layer.theory:
                continue
            if over is not None and not any(s.name == layer.stream for s in theirs.streams):
                continue
            if model.stream(layer.stream).kind == "curve":
                xs, ys, stream = _curve(layer, theirs, origin)
            elif layer.x:
                xs, ys, stream = _against(layer, theirs, origin, _same_time(stretch, model, theirs, origin))
            else:
                xs, ys, stream = _trace(layer, theirs, origin, _same_time(stretch, model, theirs, origin), width, read)
            # A dot on a line and a theory beside a measurement share its colour.
            shares = layer.style == "marker" or layer.theory
            number_of = max(0, series - 1) if shares and len(ys) == 1 else series
            said = _meanings(stream, layer, len(ys))
            before = ghost(stretch, picture, model) if paged and timed and over is None and layer.style != "marker" else None
            if before is not None:
                old_x, old_y, _ = _trace(layer, theirs, origin, before, width, read)
                old = _make((GHOST, number, 0), old_x, old_y, [""] * len(old_y), number_of, replace(layer, style="ghost"), None, said)
                found += [replace(line, meaning="") for line in old]
            found += _make((run, number, 0), xs, ys, _names(stream, layer, len(ys)), number_of, layer, over, said)
            series += 0 if shares and len(ys) == 1 else min(len(ys), NAMED + 1)
    if not timed:
        lo, hi = picture.x_range or (None, None)
        axis = Axis(typeset(picture.x or _stream_axis(picture, model, across=True)), lo, hi, picture.x_log)
    low, high = picture.y_range or (None, None)
    log = _wide([line.y for line in found if line.key[0] == 0]) if picture.y_log == "auto" else picture.y_log
    vertical = Axis(typeset(picture.y or _stream_axis(picture, model, across=False)), low, high, log)
    measured = [line for line in found if line.key[0] == 0 and not line.theory and line.style != "marker"]
    predicted = [line for line in found if line.key[0] == 0 and line.theory]
    apart = difference(measured[0], predicted[0]) if measured and predicted else math.nan
    return Plot(tuple(found), axis, vertical, apart, model.clock.dt, stretch if timed else None)


def _wide(arrays: Sequence[np.ndarray]) -> bool:
    """Whether positive values span so much that a linear axis would hide the small ones."""
    lo, hi = extent(arrays)
    return bool(lo > 0 and hi > DECADES * lo)


def _same_time(stretch: Stretch, model: Model, other: Model, source: Source) -> Stretch:
    """The same stretch of model time in another run, whose step may be longer or shorter; nothing after its own end."""
    if other is model:
        return stretch
    ratio = model.clock.dt / other.clock.dt
    return Stretch(round(stretch.first * ratio), min(round(stretch.last * ratio), source.step), round(stretch.origin * ratio))


def _stream_axis(picture: Picture, model: Model, *, across: bool) -> str:
    """The name of an axis nobody named: the stream's name and unit."""
    layer = picture.layers[0]
    stream = model.stream(layer.stream)
    if across and layer.x:
        stream = model.stream(layer.x)
    elif across:
        return stream.x_unit
    return f"{stream.name} ({stream.unit})" if stream.unit else stream.name


def raster(picture: Picture, model: Model, source: Source, overlays: Sequence[Overlay] = (), paged: bool = False) -> RasterPlot:
    """Resolve a picture of events."""
    stretch, axis = time_axis(picture, model, source.step, paged)
    dt = model.clock.dt
    layers: list[Spikes] = []
    cells = 0
    before = ghost(stretch, picture, model) if paged else None
    for over in [*overlays, None]:
        origin = over.source if over else source
        scale = origin.model.clock.dt
        for number, layer in enumerate(picture.layers):
            stream = model.stream(layer.stream)
            since = before.first if before is not None and over is None else stretch.first
            steps, cell, part = origin.events(stream.name, math.floor(since * dt / scale))
            if layer.channel is not None:
                own = cell == layer.channel
                steps, cell, part = steps[own], cell[own], part[own]
            if len(steps) > EVENT_LIMIT:
                steps, cell, part = steps[-EVENT_LIMIT:], cell[-EVENT_LIMIT:], part[-EVENT_LIMIT:]
            time = (steps + part) * scale - stretch.origin * dt
            if over:
                keep = time <= (stretch.last - stretch.origin) * dt
                time, cell = time[keep], cell[keep]
            declared = max(stream.shape[0] if stream.shape else 0, len(stream.channels))
            cells = max(cells, declared, int(cell.max()) + 1 if len(cell) and not declared else 0)
            note = f" · {over.name}" if over else ""
            if before is not None and over is None:
                old = steps < before.last
                layers.append(Spikes(time[old] + (stretch.origin - before.origin) * dt, cell[old], number, "", ghost=True))
                time, cell = time[~old], cell[~old]
            layers.append(Spikes(time, cell, number, (layer.label or stream.name) + note, over.colour if over else ""))
    lo, hi = picture.y_range or (-0.5, max(cells, 1) - 0.5)
    vertical = Axis(typeset(picture.y or ("cell" if cells > 1 else "")), lo, hi)
    return RasterPlot(tuple(layers), axis, vertical, cells, sum(len(s.time) for s in layers))


LOST = 0.2  # of a range: data that fill less of it cannot be read
LOOKS = 3  # that such data wait for a range of their own
FULL, SLOWER = 0.75, 6.0  # a range that is fuller stays; the power of its filling with which data wait longer


class Range:
    """A range of an axis that follows the data without jumping.

    It grows at once, to a padded extent, when data leave it; it shrinks only after the data have filled less than
    `least` of it for `patience` looks on end, and the fuller it is, the later: what a run did in its first moments is let go. Where it is `hasty`, data that fill next to nothing of it do not wait so long: a curve
    of a moment says nothing of the next one, unlike a trace between two spikes.
    """

    def __init__(self, least: float = 0.45, patience: int = 45, pad: float = 0.06):
        self.pad = pad
        self.hasty = False
        self.least = least
        self.patience = patience
        self.now: tuple[float, float] | None = None
        self._idle = 0
        self._guessed = False  # data that do not vary say nothing of a range: the first that do decide it

    def reset(self) -> None:
        """Forget the range: the next data decide it."""
        self.now = None
        self._idle = 0

    def follow(self, lo: float, hi: float) -> tuple[float, float]:
        """The range to show, given the extent of the data."""
        if not (math.isfinite(lo) and math.isfinite(hi)):
            return self.now or (0.0, 1.0)
        span = hi - lo
        flat = span <= abs(lo + hi) * 1e-9
        if flat:
            half = max(abs(lo) * 0.1, 1e-9) if lo else 0.5
            lo, hi, span = lo - half, hi + half, 2 * half
        fitted = (lo - self.pad * span, hi + self.pad * span)
        if self.now is None or (self._guessed and not flat):
            self.now, self._guessed = fitted, flat
        elif lo < self.now[0] or hi > self.now[1]:
            outside = min(lo, self.now[0]), max(hi, self.now[1])
            self.now = (fitted[0] if lo < self.now[0] else outside[0], fitted[1] if hi > self.now[1] else outside[1])
            self._idle = 0
        elif (filled := span / (self.now[1] - self.now[0])) < FULL:
            self._idle += 1
            lost = self.hasty and filled < LOST
            if self._idle > (self.patience * max(1.0, filled / self.least) ** SLOWER if not lost else LOOKS):
                self.now, self._idle = fitted, 0
        else:
            self._idle = 0
        return self.now


def extent(arrays: Sequence[np.ndarray], log: bool = False) -> tuple[float, float]:
    """Smallest and largest finite number in the arrays (positive ones only for a log axis); (nan, nan) if there is none."""
    lo, hi = math.inf, -math.inf
    for array in arrays:
        if not len(array):
            continue
        low, high = float(array.min()), float(array.max())
        if not (math.isfinite(low) and math.isfinite(high)) or (log and low <= 0):
            kept = array[np.isfinite(array) & ((array > 0) | (not log))]
            if not len(kept):
                continue
            low, high = float(kept.min()), float(kept.max())
        lo, hi = min(lo, low), max(hi, high)
    return (lo, hi) if lo <= hi else (math.nan, math.nan)
