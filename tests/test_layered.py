"""The drawing of a network of layers, without a window: where units and wires lie, what is under a place, what things are called."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lab.widgets.pictures import layered
from lab.widgets.pictures.layered import POINTS, REACH, Drawing, unit_at


@pytest.fixture
def drawing() -> Drawing:
    """Two inputs as one picture, three hidden units, two named outputs; the first bundle cannot be changed."""
    return Drawing.of(
        {
            "layers": [
                {"name": "inputs", "units": 4, "values": [0.5]},
                {"name": "hidden 1", "units": 3, "values": [1.0, -1.0, 0.0]},
                {"name": "outputs", "units": 2, "values": [0.0, 1.0], "names": ("no", "yes")},
            ],
            "wires": [
                {"source": 0, "target": 1, "weights": [[1.0, 1.0, 1.0]], "fixed": True},
                {"source": 1, "target": 2, "weights": [[0.1, -2.0], [0.0, 1.0], [0.5, np.nan]]},
            ],
        }
    )


def test_the_drawing_knows_no_window():
    assert "PySide6" not in Path(layered.__file__).read_text("utf-8")


@pytest.mark.parametrize("wide", [260.0, 500.0, 1200.0])
def test_columns_stand_apart_inside_their_box(drawing, wide):
    places = drawing.places(10.0, 20.0, 10.0 + wide, 220.0, 12.0, (0.0, 40.0))
    assert [len(p.y) for p in places] == [1, 3, 2]
    edges = [(p.x - p.side / 2, p.x + p.side / 2) for p in places]
    assert edges[0][0] >= 10.0 and edges[-1][1] <= 10.0 + wide - 40.0
    assert all(a[1] < b[0] for a, b in pairwise(edges))
    assert all(p.y.min() - p.side / 2 >= 20.0 and p.y.max() + p.side / 2 <= 220.0 for p in places)
    assert places[0].side > places[1].side  # one picture of all its values is larger than a unit


def test_wires_lead_from_edge_to_edge_and_one_is_found_where_it_runs(drawing):
    places = drawing.places(0.0, 0.0, 600.0, 300.0, 12.0, (0.0, 0.0))
    curves = drawing.curves(places)
    x, y = curves[1]
    assert x.shape == y.shape == (6, POINTS)
    assert x[0, 0] == pytest.approx(places[1].x + places[1].side / 2) and x[0, -1] == pytest.approx(places[2].x - places[2].side / 2)
    for wire in ((1, 0, 0), (1, 2, 0)):
        row = drawing.row(wire)
        assert (y[row, 0], y[row, -1]) == pytest.approx((places[1].y[wire[1]], places[2].y[wire[2]]))
        assert drawing.wire_at(curves, x[row, 2], y[row, 2]) == wire
    assert drawing.wire_at(curves, x[0, 2], y[:, 2].min() - REACH - 1) is None
    assert drawing.wire_at(curves, *(c[1, 7] for c in curves[0])) is None  # what cannot be changed cannot be taken hold of
    assert unit_at(places, places[2].x, places[2].y[1]) == (2, 1) and unit_at(places, places[2].x, -50.0) is None


def test_strong_wires_are_thick_and_those_that_take_away_are_apart(drawing):
    strokes = drawing.strokes(drawing.places(0.0, 0.0, 600.0, 300.0, 12.0, (0.0, 0.0)))
    drawn = {(s.away, round(s.size, 3)): int(np.isnan(s.x).sum()) for s in strokes}
    sixth = lambda band: round((band + 0.5) / 6, 3)  # noqa: E731
    # 0.1 and 0.5 of 2 add, -2 takes away; the fixed ones are drawn at 0.4; no weight and no number at all are not drawn.
    assert drawn == {(False, sixth(0)): 1, (False, sixth(1)): 1, (False, sixth(2)): 3, (False, sixth(3)): 1, (True, sixth(5)): 1}
    assert Drawing().strokes([]) == []


def test_a_weight_is_changed_in_a_copy(drawing):
    after = drawing.with_weight((1, 0, 1), 3.0)
    assert after.weight((1, 0, 1)) == 3.0 and drawing.weight((1, 0, 1)) == -2.0 and after.weight((1, 1, 1)) == 1.0
    assert drawing.reach(1) == 2.5 and drawing.reach(0) == 1.25
    assert drawing.has((1, 2, 1)) and not drawing.has((1, 3, 0)) and not drawing.has((2, 0, 0))


def test_wires_are_gone_through_in_turn_and_have_names(drawing):
    assert drawing.after(None, 1) == (1, 0, 0) and drawing.after(None, -1) == (1, 2, 1)
    assert drawing.after((1, 2, 1), 1) == (1, 0, 0) and drawing.after((1, 0, 0), 1) == (1, 0, 1)
    assert Drawing(drawing.layers, drawing.wires[:1]).after(None, 1) is None
    assert drawing.wire_name((1, 2, 1)) == "h1.3 → yes" and drawing.unit_name(0, 2) == "inputs · 3" and drawing.first_unit(2) == 7
    assert drawing.rows()[3][0] == "h1.1 → no" and len(drawing.rows()) == 9
