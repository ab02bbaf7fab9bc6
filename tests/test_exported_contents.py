"""What an exported SVG shows is read out of it as a person reads it: by the ticks, the legend and the colour bar of the file itself.

`test_exported_pictures.py` compares files with the widget; here every kind of picture is read back into numbers and compared with
what the picture was given.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QImage
from test_exported_pictures import NAMES, SVG, kinds_drawn, look, of_a_model, show, source, value

from lab.display import plots

__all__ = ["look", "show", "source"]
HREF = "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


@dataclass
class Page:
    """What stands on an exported page, in its coordinates."""

    texts: list[tuple[str, float, float]] = field(default_factory=list)
    shapes: list[tuple[str, str, list[np.ndarray]]] = field(default_factory=list)  # kind of element, fill or stroke, pieces (n, 2)
    images: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # corners (2, 2), pixels (rows, columns, 4)
    bar: list[tuple[float, tuple[int, int, int]]] = field(default_factory=list)  # of the colour bar: place from 0 to 1, colour

    @classmethod
    def read(cls, path) -> Page:
        page = cls()
        page._walk(ElementTree.parse(path).getroot(), np.eye(3), "", "")
        return page

    def _walk(self, element, m: np.ndarray, fill: str, stroke: str) -> None:
        if element.tag == f"{SVG}linearGradient":
            stops = [
                (float(s.get("offset")), tuple(int(s.get("stop-color")[k : k + 2], 16) for k in (1, 3, 5)))
                for s in element.iter(f"{SVG}stop")
            ]
            self.bar = self.bar or stops
        if element.tag == f"{SVG}defs":
            for gradient in element.iter(f"{SVG}linearGradient"):
                self._walk(gradient, m, fill, stroke)
            return
        fill, stroke = element.get("fill", fill), element.get("stroke", stroke)
        if found := re.match(r"matrix\(([^)]*)\)", element.get("transform", "")):
            a, b, c, d, e, f = (float(v) for v in re.split(r"[ ,]+", found.group(1).strip()))
            m = m @ np.array([[a, c, e], [b, d, f], [0, 0, 1]])
        tag, number = element.tag.removeprefix(SVG), lambda name: float(element.get(name, 0))

        def placed(points) -> np.ndarray:
            points = np.asarray(points, float).reshape(-1, 2)
            return (np.column_stack([points, np.ones(len(points))]) @ m.T)[:, :2]

        if tag == "text":
            ((x, y),) = placed([number("x"), number("y")])
            self.texts.append(("".join(element.itertext()).strip(), x, y))
        elif tag in ("rect", "image"):
            x, y = number("x"), number("y")
            box = placed([[x, y], [x + number("width"), y + number("height")]])
            if tag == "rect":
                self.shapes.append((tag, fill if fill != "none" else stroke, [box]))
            else:
                picture = QImage.fromData(base64.b64decode(element.get(HREF).partition(",")[2])).convertToFormat(
                    QImage.Format.Format_RGBA8888
                )
                pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4).copy()
                self.images.append((box, pixels))
        elif tag in ("polyline", "path"):
            pieces = re.split(r"(?=M)", element.get("d", "")) if tag == "path" else [element.get("points", "")]
            numbers = [[float(v) for v in NUMBER.findall(piece)] for piece in pieces]
            found = [placed(piece) for piece in numbers if len(piece) >= 4]
            self.shapes.append((tag, fill if fill != "none" else stroke, found))
        for child in element:
            self._walk(child, m, fill, stroke)

    def axis(self, across: bool, names: bool = False) -> tuple[float, float] | dict[str, float]:
        """Slope and offset of places over the numbers beside the lines of the grid (or the place of each named line)."""
        k = 0 if across else 1
        grid = {
            piece[0, k]
            for kind, _, pieces in self.shapes
            if kind == "polyline"
            for piece in pieces
            if abs(piece[0, k] - piece[-1, k]) < 1e-6
        }
        bottom = max(y for text, _, y in self.texts if value(text) is not None or names)
        found = []
        for text, x, y in self.texts:
            told, below = value(text), abs(y - bottom) < 1.0
            if told is None or below != across:
                continue
            middle = x + 3.6 * len(text) if across else y - 4.0
            nearest = min(grid, key=lambda place: abs(place - middle))
            if abs(nearest - middle) < 6.0:
                found.append((told, nearest))
        assert len(found) >= 2, (self.texts, sorted(grid))
        told, places = np.array(found).T
        slope, offset = np.polyfit(told, places, 1)
        assert np.abs(slope * told + offset - places).max() < 0.6, "numbers stand evenly at the lines of the grid"
        return float(slope), float(offset)

    def marks(self, largest: float = 30.0) -> list[tuple[float, float, int, str]]:
        """Middle, number of corners and colour of every small closed shape."""
        out = []
        for kind, colour, pieces in self.shapes:
            if kind == "path" and len(pieces) == 1:
                low, high = pieces[0].min(0), pieces[0].max(0)
                if 0 < max(high - low) < largest and np.allclose(pieces[0][0], pieces[0][-1], atol=0.05):
                    out.append((*((low + high) / 2), len(pieces[0]), colour))
        return out


def table(drawn) -> list[list[str]]:
    """What the picture was given, row by row, without the heading."""
    return [row.split(",") for row in drawn.text().splitlines()[1:]]


@pytest.fixture
def page(show, look, tmp_path):
    """A picture of the gallery and the page it was exported to, in both themes."""

    def made(name: str):
        drawn = show(name)
        drawn.dress(drawn.size())  # as it stands in a window that has been laid out
        return drawn, Page.read(drawn.export(tmp_path / "picture.svg"))

    return made


@pytest.mark.parametrize("name", NAMES)
def test_no_word_is_cut_off_at_the_edge_or_lies_on_another(page, name):
    _, shown = page(name)
    words = [(text, x, y) for text, x, y in shown.texts if text]
    for text, x, y in words:
        assert 9 < y < 280 and -1 < x and x + 5 * len(text) < 424, (text, x, y)
    for k, (text, x, y) in enumerate(words):
        for other, left, low in words[:k]:
            apart = abs(y - low) > 8 or x + 5 * len(text) < left or left + 5 * len(other) < x
            assert apart, (text, other)


def curves(page: Page) -> list[np.ndarray]:
    """Every drawn line as points in page coordinates."""
    return [piece for kind, _, pieces in page.shapes if kind in ("polyline", "path") for piece in pieces]


def lies_on(points: np.ndarray, lines: list[np.ndarray]) -> float:
    """How far the farthest point is from the nearest of the lines, in pixels of the page."""
    worst = 0.0
    for p in points:
        best = math.inf
        for line in lines:
            a, b = line[:-1], line[1:]
            along = b - a
            t = np.clip(((p - a) * along).sum(1) / np.maximum((along**2).sum(1), 1e-12), 0, 1)
            best = min(best, float(np.hypot(*(a + t[:, None] * along - p).T).min()))
        worst = max(worst, best)
    return worst


@pytest.mark.parametrize("name", ["V", "waves", "score"])
def test_traces_pass_through_what_was_recorded(page, name):
    drawn, shown = page(name)
    (a, b), (c, d) = shown.axis(True), shown.axis(False)
    rows = np.array([[float(v or "nan") for v in row] for row in table(drawn)])
    time = rows[:, 0]
    if a < 0:  # told backwards from now, the end of the last step
        time = 60.0 - time
    lines = [line for line in curves(shown) if len(line) > 15]
    for k in range(1, rows.shape[1]):
        points = np.column_stack([a * time + b, c * rows[:, k] + d])[1::23]
        assert lies_on(points, lines) < 1.5


def test_curves_and_theory_lie_where_their_numbers_are(page):
    drawn, shown = page("rates")
    (a, b), (c, d) = shown.axis(True), shown.axis(False)
    rows = np.array([[float(v) for v in row] for row in table(drawn)])
    dots = np.array([(x, y) for x, y, _, _ in shown.marks(14.0)])
    for x, measured, _ in rows:
        assert np.hypot(*(dots - (a * x + b, c * measured + d)).T).min() < 1.0
    assert lies_on(np.column_stack([a * rows[:, 0] + b, c * rows[:, 2] + d]), [line for line in curves(shown) if len(line) > 15]) < 1.0


def test_each_spike_is_a_tick_at_its_time_and_cell(page):
    drawn, shown = page("spikes")
    (a, b), (c, d) = shown.axis(True), shown.axis(False)
    ((corners, pixels),) = shown.images
    (x0, y0), (x1, y1) = corners
    ink = pixels[..., 3] > 60
    rows, columns = ink.shape
    spikes = np.array([[float(row[0]), float(row[1])] for row in table(drawn)])
    x, y = a * (60.0 - spikes[:, 0]) + b, c * spikes[:, 1] + d
    inside = (x > x0 + 3) & (x < x1 - 3)
    i, j = ((y - y0) / (y1 - y0) * rows).astype(int), ((x - x0) / (x1 - x0) * columns).astype(int)
    assert inside.sum() > 1000
    hit = [ink[max(r - 1, 0) : r + 2, max(k - 2, 0) : k + 3].any() for r, k in zip(i[inside], j[inside], strict=True)]
    assert all(hit)
    reached = np.zeros_like(ink)
    for r, k in zip(i, j, strict=True):
        reached[max(r - 8, 0) : r + 9, max(k - 4, 0) : k + 5] = True
    assert (ink & ~reached).sum() == 0, "and there is no ink where there was no spike"


def test_bars_are_as_high_as_their_values_over_their_names(page):
    drawn, shown = page("counts")
    c, d = shown.axis(False)
    boxes = [pieces[0] for kind, _, pieces in shown.shapes if kind == "rect"]
    named = {text: x for text, x, _ in shown.texts}
    dashes = next(pieces for kind, _, pieces in shown.shapes if len(pieces) == 5 and all(len(p) == 2 for p in pieces))
    for place, one, two, expected in table(drawn):
        middle = named[place] + 4.0
        for told, side in ((float(one), -1), (float(two), 1)):
            found = [
                box for box in boxes
                if abs(box[:, 1].max() - d) < 0.6 and abs(box[:, 1].min() - (c * told + d)) < 0.6 and 0 < side * (box[:, 0].mean() - middle) < 30
            ]  # fmt: skip
            assert len(found) == 1, (place, told)
        over = [line for line in dashes if line[0, 0] < middle < line[1, 0]]
        assert len(over) == 1 and abs(over[0][0, 1] - (c * float(expected) + d)) < 0.6, "what is expected lies over its bar"


def told_by_the_bar(page: Page, colour: np.ndarray) -> float:
    """The value of a colour, read off the colour bar and the numbers at its ends."""
    ends = sorted((x, v) for text, x, y in page.texts if (v := value(text)) is not None and y < 22)[-2:]
    places = np.linspace(0, 1, 2001)
    stops = np.array([s[0] for s in page.bar])
    ramp = np.column_stack([np.interp(places, stops, [s[1][k] for s in page.bar]) for k in range(3)])
    nearest = places[np.abs(ramp - colour).sum(axis=1).argmin()]
    return float(ends[0][1] + nearest * (ends[1][1] - ends[0][1]))


@pytest.mark.parametrize("name", ["weights", "policy"])
def test_every_cell_of_an_image_has_the_value_that_the_colour_bar_gives_its_colour(page, name):
    drawn, shown = page(name)
    (a, b), (c, d) = shown.axis(True), shown.axis(False)
    values = np.array([[float(v) for v in row] for row in table(drawn)[:12]])
    ((corners, pixels),) = shown.images
    (x0, y0), (x1, y1) = corners
    told = np.empty_like(values)
    for i in range(12):
        for j in range(12):
            row, column = (c * i + d - y0) / (y1 - y0), (a * j + b - x0) / (x1 - x0)
            told[i, j] = told_by_the_bar(shown, pixels[int(row * pixels.shape[0]), int(column * pixels.shape[1]), :3].astype(float))
    assert np.abs(told - values).max() < 0.03, "a hundredth of the bar, and its ends are rounded"


def test_tiles_stand_over_their_names_and_tell_their_values(page):
    drawn, shown = page("digits")
    rows = [[float(v) for v in row] for row in table(drawn)]
    named = [(int(text.split(" / ")[0]), x + 3.6 * len(text), y) for text, x, y in shown.texts if " / " in text]
    assert len(named) == 10
    ((corners, pixels),) = shown.images
    (x0, y0), (x1, y1) = corners
    side = 8 * (x1 - x0) / pixels.shape[1]  # of a tile of eight cells
    for k, middle, low in named:
        values = np.array([row[1:] for row in rows if row[0] == k])
        left = round((middle - side / 2 - x0) / (x1 - x0) * pixels.shape[1])
        tops = [t for t in range(pixels.shape[0] - 7) if abs(y0 + (t + 8) / pixels.shape[0] * (y1 - y0) - low) < 24]
        told = [
            np.array([[told_by_the_bar(shown, pixels[t + i, left + j, :3].astype(float)) for j in range(8)] for i in range(8)])
            for t in tops
        ]
        assert min(np.abs(one - values).max() for one in told) < 0.01, k


def test_points_of_a_map_stand_where_they_are_and_look_like_their_class(page):
    drawn, shown = page("map")
    rows = table(drawn)
    points = np.array([[float(v) for v in row[1:3]] for row in rows if row[0].startswith("word")])
    classes = [row[3] for row in rows if row[0].startswith("word")]
    marks = [m for m in shown.marks(14.0) if m[1] > 1]
    view = drawn.plot.getViewBox()
    area, ((left, right), (bottom, top)) = view.sceneBoundingRect(), view.viewRange()
    x = area.left() + (points[:, 0] - left) / (right - left) * area.width()
    y = area.bottom() - (points[:, 1] - bottom) / (top - bottom) * area.height()
    places, look_of = np.array([m[:2] for m in marks]), [m[2:] for m in marks]
    nearest = [np.hypot(*(places - p).T).argmin() for p in np.column_stack([x, y])]
    assert np.hypot(*(places[nearest] - np.column_stack([x, y])).T).max() < 1.0
    worn = {(kind, look_of[k][0]) for kind, k in zip(classes, nearest, strict=True)}
    assert len({kind for kind, _ in worn}) == len(worn) == 3 and len({corners for _, corners in worn}) >= 2
    legend = {text for text, _, y in shown.texts if y < 22}
    assert legend == set(classes)


def test_a_solid_cloud_has_all_its_points(page):
    drawn, shown = page("solid")
    rows, worn = table(drawn), Counter(m[2:] for m in shown.marks(14.0))
    assert len(rows) == 300
    four = [count for _, count in worn.most_common(4)]
    # One point in another colour is the one that was touched last; the rest of the page's shapes are letters of its axes.
    assert sum(four) >= 299 and four[0] == max(Counter(row[3] for row in rows).values())


def test_a_network_has_its_nodes_and_wires(page):
    drawn, shown = page("net")
    nodes = [m for m in shown.marks(40.0) if m[2] > 12][:12]
    ring = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    places = np.array([m[:2] for m in nodes])
    exact = np.column_stack([np.cos(ring), np.sin(ring), np.ones(12)])
    turned, *_ = np.linalg.lstsq(exact, places, rcond=None)
    assert np.abs(exact @ turned - places).max() < 0.6 and turned[0, 0] > 0 > turned[1, 1], "as given, upright"
    drawn_wires: dict[tuple[int, int], str] = {}
    for _, colour, pieces in shown.shapes:
        if len(pieces) >= 12 and all(len(p) == 2 for p in pieces):
            for piece in pieces:
                ends = [int(np.hypot(*(places - p).T).argmin()) for p in piece]
                if max(np.hypot(*(places[e] - p)) for e, p in zip(ends, piece, strict=True)) < 1.0 and ends[0] != ends[1]:
                    drawn_wires[ends[0], ends[1]] = colour
    given = {(int(r[0]), int(r[1])): float(r[2]) for r in table(drawn) if r[0] != r[1]}
    assert set(drawn_wires) == {pair for pair, weight in given.items() if weight}
    colours = {np.sign(given[pair]): set() for pair in drawn_wires}
    for pair, colour in drawn_wires.items():
        colours[np.sign(given[pair])].add(colour)
    assert all(len(c) == 1 for c in colours.values()) and colours[1.0] != colours[-1.0]


def test_a_table_has_its_cells_in_rows_under_their_headings(page):
    drawn, shown = page("words")
    rows = sorted({round(y) for _, _, y in shown.texts})
    assert len(rows) == 4
    cells = [[text for text, _, at in sorted(shown.texts, key=lambda t: t[1]) if round(at) == y] for y in rows]
    assert cells[0] == ["word", "cosine", "rank"]
    for shown_row, given in zip(cells[1:], table(drawn), strict=True):
        assert shown_row[0] == given[0] and [value(t) for t in shown_row[1:]] == [float(v) for v in given[1:3]]


def test_arrows_begin_in_their_place_and_point_their_way(page):
    drawn, shown = page("field")
    (a, b), (c, d) = shown.axis(True), shown.axis(False)
    heads = [piece for _, _, pieces in shown.shapes for piece in pieces if len(piece) == 4 and np.allclose(piece[0], piece[-1], atol=0.05)]
    tips = np.array([head[0] for head in heads if np.ptp(head, axis=0).max() < 20])
    rows = np.array([[float(v) for v in row] for row in table(drawn)])
    longest = np.hypot(rows[:, 2] * a, rows[:, 3] * c).max()
    for x, y, dx, dy, _ in rows:
        base, way = np.array([a * x + b, c * y + d]), np.array([a * dx, c * dy])
        if np.hypot(*way) > 0.2 * longest:
            gone = tips - base
            along = gone @ way / np.hypot(*way)
            aside = np.abs(gone @ np.array([-way[1], way[0]]) / np.hypot(*way))
            assert ((aside < 1.5) & (along > 5)).any(), (x, y, dx, dy)


def test_tokens_stand_in_order_with_the_names_of_their_rows(page):
    drawn, shown = page("glance")
    given = table(drawn)
    for name in ("looks at", "asks"):
        (height,) = [y for text, _, y in shown.texts if text == name]
        letters = [(x, text) for text, x, y in shown.texts if text not in ("looks at", "asks") and abs(y - height) < 30]
        said = "".join(text for _, text in sorted(letters)).replace("\N{OPEN BOX}", " ")
        assert said == "".join(row[2] or " " for row in given if row[0] == name)


@pytest.fixture
def of_model(qtbot, look, tmp_path):
    def made(kind: str):
        drawn = of_a_model(kind, qtbot)
        return drawn, Page.read(drawn.export(tmp_path / "picture.svg"))

    return made


def test_a_drawn_network_has_its_layers_and_as_many_wires_as_weights(of_model):
    drawn, shown = of_model("network")
    words = [text for text, _, _ in shown.texts]
    assert [w for w in words if w[0].isdigit()] == ["2 inputs", "3 units", "2 units", "2 outputs"]
    assert {"x", "y", "A", "B", "adds", "takes away"} <= set(words)
    assert len(table(drawn)) == 2 * 3 + 3 * 2 + 2 * 2


def test_matrices_write_the_numbers_they_have(of_model):
    drawn, shown = of_model("matrices")
    given: dict[str, list[float]] = {}
    for name, _, _, number in table(drawn):
        given.setdefault(name, []).append(float(number))
    headings = {text: (x, y) for text, x, y in shown.texts if text in given}
    assert {"x", "W", "b", "z", "h"} <= set(headings)
    for name, (left, top) in headings.items():
        under = min((y for other, (x, y) in headings.items() if y > top and abs(x - left) < 5), default=math.inf)
        beside = min((x for _, (x, y) in headings.items() if x > left + 5 and abs(y - top) < 5), default=math.inf)
        beside = min(beside, min((x for text, x, y in shown.texts if x > left + 5 and abs(y - top) < 1), default=math.inf))
        told = [
            v for text, x, y in sorted(shown.texts, key=lambda t: (round(t[2]), t[1]))
            if (v := value(text)) is not None and top < y < under and left <= x < beside
        ]  # fmt: skip
        assert told == pytest.approx(given[name], abs=0.006), name


def test_a_map_of_words_has_ink_at_each_point_and_its_legend(of_model):
    drawn, shown = of_model("map")
    rows = table(drawn)
    assert {text for text, _, _ in shown.texts} >= {row[3] for row in rows}
    ((_, pixels),) = shown.images
    points = np.array([[float(v) for v in row[1:3]] for row in rows])
    ground = pixels[0, 0].astype(int)
    ink = np.abs(pixels.astype(int) - ground).max(axis=2) > 40
    shape, span = np.array(ink.shape[::-1]), np.ptp(points, axis=0)
    found = []
    # One scale for both axes, y upwards, all of it on the page: the scale and the place are those that put ink under every point.
    for scale in np.linspace(0.6, 1.0, 81) * (shape / span).min():
        for middle in (shape / 2, shape / 2 - (0, 0.02 * shape[1])):
            place = (points - (points.max(0) + points.min(0)) / 2) * (scale, -scale) + middle
            i, j = np.clip(place[:, 1].astype(int), 1, shape[1] - 2), np.clip(place[:, 0].astype(int), 1, shape[0] - 2)
            found.append(np.mean([ink[r - 1 : r + 2, c - 1 : c + 2].any() for r, c in zip(i, j, strict=True)]))
    assert max(found) == 1.0, max(found)


def test_every_kind_is_read_back():
    """A new kind of picture begins here, too."""
    from picture_models import Gallery

    read = {
        "V",
        "waves",
        "score",
        "rates",
        "spikes",
        "counts",
        "weights",
        "policy",
        "digits",
        "map",
        "solid",
        "net",
        "words",
        "field",
        "glance",
    }
    kinds = {plots.kind(p, Gallery()) for p in Gallery().pictures if p.name in read} | {"network", "matrices", "map", "phase"}
    assert kinds_drawn() <= kinds, kinds_drawn() - kinds
