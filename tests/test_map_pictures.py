"""Pictures as points of a map, their neighbours as thumbnails, names of classes: what is shown where."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from lab.embedding.raster import fit_view, project
from lab.widgets.embeddings import drawing, thumbs


@pytest.fixture
def digits():
    """Two heaps of points with small pictures."""
    chance = np.random.default_rng(1)
    points = np.concatenate([chance.normal(0, 1, (400, 2)), chance.normal(6, 1, (300, 2))]).astype(np.float32)
    return points, chance.random((700, 8, 8))


def test_pictures_are_thinned_to_one_in_each_small_square_and_those_asked_about_come_first(qapp, digits):
    points, _ = digits
    view = fit_view(points, 600, 400)
    rows = thumbs.thinned(points, view, None, first=(5, 6))
    at = project(points[rows], view)[:, :2]
    cells = np.unique(np.floor(at / (thumbs.APART * thumbs.SIDE)), axis=0)
    assert len(cells) == len(rows) < 700 and 5 in rows
    visible = np.zeros(700, bool)
    visible[:10] = True
    assert set(thumbs.thinned(points, view, visible).tolist()) <= set(range(10))
    assert not len(thumbs.thinned(points, fit_view(points, 200, 200), None))  # a small map has marks


def test_the_sheet_holds_each_picture_in_the_colour_of_its_point(qapp, digits):
    _, pictures = digits
    colours = np.tile(np.array([200, 30, 90], np.uint8), (700, 1))
    sheet = thumbs.sheet_of(pictures, colours)
    place = sheet.place(130)
    brightest = np.unravel_index(pictures[130].argmax(), (8, 8))
    pixel = sheet.image.pixelColor(int(place.left()) + int(brightest[1]), int(place.top()) + int(brightest[0]))
    assert pixel.alpha() == int(255 * thumbs.grey_levels(pictures)[130].max())
    assert abs(pixel.red() - 200) < 4 and abs(pixel.green() - 30) < 4


def test_true_neighbours_that_the_map_has_put_elsewhere_are_told():
    points = np.array([[0, 0], [1, 0], [0, 1], [9, 9], [0.5, 0.5]], np.float32)
    assert thumbs.lost(points, 0, [1, 3]) == {3}
    assert thumbs.lost(points, 0, [4]) == set()


def test_a_click_on_a_neighbour_goes_there_and_a_screen_reader_hears_how_many_are_lost(qtbot, digits):
    _, pictures = digits
    shown = thumbs.Neighbours()
    qtbot.addWidget(shown)
    shown.resize(220, 200)
    shown.show_neighbours([(3, 1.5), (9, 2.5)], pictures, {9})
    assert shown.isVisibleTo(None) and "2 true neighbours, 1 of them" in shown.accessibleDescription()
    with qtbot.waitSignal(shown.picked) as caught:
        QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=QPoint(20 + thumbs.NEIGHBOURS + 8, 20))
    assert caught.args == [9]
    shown.show_neighbours([(3, 1.5)], None, set())
    assert shown.isHidden()


def test_ten_classes_have_ten_colours_and_their_names_stand_at_their_middles(qapp):
    assert len({tuple(c) for c in drawing.series(10).tolist()}) == 10
    points = np.array([[0, 0], [2, 0], [1, 3], [8, 8]], np.float32)
    named = drawing.class_names(points, None, np.array([0, 0, 0, 1]), ("a", "b"))
    assert [(name, count) for name, count, _, _ in named] == [("a", 3), ("b", 1)]
    np.testing.assert_array_equal(named[0][2], [1, 0])
    assert drawing.class_names(points, np.ones(4, bool), np.arange(4), tuple(map(str, range(40)))) == ()
