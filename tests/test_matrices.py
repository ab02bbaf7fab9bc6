"""Matrices side by side: where they lie, what they say under the cursor, and what is copied from them."""

from __future__ import annotations

import io
import itertools
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt

import lab
from lab.display.export import export_stream
from lab.model import Clock, Layer, Model, Picture, Stream
from lab.widgets.pictures import make
from lab.widgets.pictures.matrices import _shared, number_text


class Product(Model):
    """One product of two matrices."""

    name = "product"

    @property
    def clock(self):
        return Clock(1.0, "step", physical=False)

    @property
    def streams(self):
        return (Stream("product", "matrices"),)

    @property
    def pictures(self):
        return (Picture("product", "Product", (Layer("product"),), pick="choose"),)


class Held:
    """A source that holds one snapshot."""

    version, step = 1, 1

    def __init__(self, model, entries):
        self.model, self.entries = model, entries

    def snapshot(self, stream):
        return self.entries


W = np.array([[1.0, -2.0, 0.25], [0.0, 4.0, 1e-5]])
ENTRIES = [
    {"name": "", "values": None, "note": "z = x W"},
    {"name": "x", "values": [[1.0], [2.0]], "at": (0, 0)},
    {"name": "W", "values": W, "at": (0, 1), "lit": True, "first": 10, "note": "weights"},
    {"name": "z", "values": None, "shape": (1, 3), "at": (1, 1)},
]


@pytest.fixture
def view(qtbot):
    model = Product()
    made = make(model.pictures[0], model)
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    made.refresh(Held(model, ENTRIES))
    return made


def test_rows_and_columns_of_neighbours_line_up_and_nothing_overlaps(view):
    x, w, z = (plate.frame for plate in view.plates(QRectF(view.rect())))
    assert x.top() == w.top() and x.height() == pytest.approx(w.height())
    assert z.left() == w.left() and z.width() == pytest.approx(w.width())
    assert x.right() < w.left() and w.bottom() < z.top() and QRectF(view.rect()).contains(z)


def test_a_picture_among_matrices_keeps_its_cells_square(view):
    drawn = [{"name": "x", "values": np.eye(8), "at": (0, 0), "square": True}, {"name": "h", "values": np.eye(6), "at": (0, 1)}]
    for width, height in ((640, 200), (200, 640)):
        view.resize(width, height)
        view.refresh(Held(view.model, drawn), force=True)
        x, h = (plate.frame for plate in view.plates(QRectF(view.rect())))
        assert x.width() == pytest.approx(x.height()) and x.right() < h.left() and QRectF(view.rect()).contains(x)


def test_a_cell_says_its_value_and_a_click_picks_it_by_its_number(view, qtbot):
    w = view.plates(QRectF(view.rect()))[1].frame
    middle = QPointF(w.left() + w.width() / 2, w.top() + 0.75 * w.height())
    entry, i, j, value = view.cell(middle)
    assert (entry["name"], i, j, value) == ("W", 1, 1, 4.0)
    with qtbot.waitSignal(view.acted) as caught:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(middle.x()), round(middle.y())))
    assert caught.args == ["choose", {"index": 14}]
    assert view.cell(QPointF(2, 2)) is None


def test_of_a_matrix_that_is_cut_a_click_picks_by_the_columns_of_the_whole(view, qtbot):
    view.refresh(Held(Product(), [{"name": "W", "values": W, "at": (0, 0), "first": 10, "columns": 128}]))
    w = view.plates(QRectF(view.rect()))[0].frame
    with qtbot.waitSignal(view.acted) as caught:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(w.left() + w.width() / 2), round(w.top() + 0.75 * w.height())))
    assert caught.args == ["choose", {"index": 10 + 128 + 1}]


def test_a_pick_says_that_it_was_heard_until_its_answer_stands_above(view, qtbot):
    w = view.plates(QRectF(view.rect()))[1].frame
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(w.left() + w.width() / 2), round(w.top() + 0.75 * w.height())))
    assert view._readout.isVisible() and view._readout.text() == "W[1, 1]: a moment …"
    held = Held(Product(), ENTRIES)
    held.version = 2
    view.refresh(held)
    assert view._readout.isVisible()  # drawn again, and nothing new is said
    held = Held(Product(), [ENTRIES[0] | {"note": "z = x W  ·  0.5 by back-propagation"}, *ENTRIES[1:]])
    held.version = 3
    view.refresh(held)
    assert not view._readout.isVisible()


def test_what_is_copied_is_every_known_number(view):
    lines = view.text().splitlines()
    assert lines[0] == "matrix,row,column,value" and len(lines) == 1 + 2 + 6 and lines[4] == "W,0,1,-2"


def test_strips_share_the_room_by_their_cells_but_none_vanishes():
    assert _shared([1, 4, 4], 900.0, [16.0] * 3, 1000.0) == pytest.approx([100, 400, 400])
    assert _shared([1, 64, 64], 500.0, [16.0] * 3, 64.0) == pytest.approx([16, 242, 242])
    assert _shared([2, 0, 3], 5000.0, [16.0] * 3, 64.0) == pytest.approx([128, 0, 192])


def test_numbers_are_short():
    assert [number_text(v) for v in (0.0, -1.5, 0.123456, 1234.5, 1e-5, -np.inf, np.nan)] == [
        "0.00",
        "−1.50",
        "0.12",
        "1234",
        "1·10⁻⁵",
        "−∞",
        "–",
    ]


def test_recorded_matrices_are_exported_number_by_number():
    pytest.importorskip("sklearn")
    run = lab.run("mlp", data="moons", hidden="3", n=40, steps=2, seed=1, record={"matrices": 2})
    out = io.StringIO()
    export_stream(run, "matrices", "csv", None, out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "matrix,row,column,value" and lines[1].startswith("x,0,0,") and len(lines) == 1 + 2 + 6 + 3 + 3 + 3


@pytest.mark.parametrize("size", [(270, 190), (180, 120), (900, 400)])
def test_nothing_lies_outside_a_narrow_or_low_card(view, size):
    wide = np.ones((8, 3))
    names = ("keys", "match", "b", "m", "values", "what each of them adds")
    row = [{"name": name, "values": wide if k in (0, 4, 5) else wide[:, :1], "at": (0, k)} for k, name in enumerate(names)]
    view.resize(*size)
    view.refresh(Held(view.model, [*row, {"name": "y: the sum of all of them", "values": wide[:1], "at": (1, 5)}]), force=True)
    plates = view.plates(QRectF(view.rect()))
    assert all(QRectF(view.rect()).contains(plate.frame) for plate in plates)
    assert all(plate.frame.left() + plate.title <= view.width() for plate in plates)
    for before, after in itertools.pairwise(plates[:6]):
        assert before.frame.right() < after.frame.left() and before.frame.left() + before.title < after.frame.left()
