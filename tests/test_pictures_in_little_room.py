"""Pictures in little room: names, numbers and words give way in an order, and none lies on another."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from lab.display.plots import Range
from lab.widgets import theme
from lab.widgets.drawers import Drawers
from lab.widgets.pictures import PictureCard
from lab.widgets.pictures.axis import TickAxis, widest_pair
from lab.widgets.pictures.colours import tinted
from lab.widgets.pictures.kinds import make
from lab.widgets.pictures.layered import Drawing
from lab.widgets.pictures.legend import Entry, Strip

LAYERS = [{"name": name, "units": n, "values": np.zeros(n)} for name, n in (("inputs", 3), ("hidden", 8))]


def drawing(weights, **bundle):
    return Drawing(LAYERS, [{"source": 0, "target": 1, "weights": weights, **bundle}])


def test_numbers_at_wires_that_would_lie_on_one_another_are_left_to_the_cursor():
    net = drawing(np.ones((3, 8)), numbers=True)
    for width, height, all_shown in ((260.0, 120.0, False), (900.0, 700.0, True)):
        curves = net.curves(net.places(0, 0, width, height, 12.0, (20.0, 20.0)))
        wide, tall = np.full(24, 34.0), 18.0
        at = net.labels(curves, [wide], tall)[0]
        shown = at[np.isfinite(at[:, 0])]
        assert (len(shown) == 24) == all_shown and len(shown) >= 4
        over = np.array([34.0, 18.0]) - np.abs(shown[:, None] - shown[None])
        shared = np.prod(np.maximum(over, 0.0), axis=2)[~np.eye(len(shown), dtype=bool)]
        assert shared.max(initial=0.0) <= 0.2 * 34.0 * 18.0 + 1e-9


def test_a_weight_of_zero_has_a_wire_where_its_number_stands_and_none_elsewhere():
    weights = np.zeros((3, 8))
    weights[0, 0] = 1.0
    for numbers, wires in ((True, 24), (False, 1)):
        net = drawing(weights, numbers=numbers)
        found = net.strokes(net.places(0, 0, 400, 300, 12.0, (0.0, 0.0)))
        assert sum(np.isnan(stroke.x).sum() for stroke in found) == wires


@pytest.mark.parametrize("width", [90, 150, 220, 400])
def test_a_legend_always_names_a_line_and_never_says_a_bare_number(qtbot, width):
    strip = Strip()
    strip.set_name("firing rate (Hz)")
    strip.set_entries(tuple(Entry(name, f"series{k}") for k, name in enumerate(("integrate-and-fire cell", "activation", "now"))))
    for most in (1, 2, 4):
        strip.set_most(most)
        strip.resize(width, 20)
        lines = strip._lines()
        assert sum(len(entries) for entries, _ in lines) + sum(left for _, left in lines) == 3
        assert any(entries for entries, _ in lines)
        assert all(sum(wide for _, wide in entries) <= width for entries, _ in lines)


def test_numbers_below_an_axis_never_touch(qtbot):
    axis = TickAxis("bottom")
    measure = QFontMetricsF(theme.mono_font())
    for top, width in ((4000.0, 90), (80_000.0, 200), (50.0, 60), (1e-3, 120)):
        axis.setRange(0.0, top)
        (spacing, places), *_ = axis.tickValues(0.0, top, width)
        widest = max(map(measure.horizontalAdvance, axis.tickStrings(places, 1.0, spacing)))
        assert spacing / top * width >= widest


def test_a_short_name_leaves_room_for_a_long_one_beside_it():
    assert widest_pair([14, 26, 14]) == 20 and widest_pair([26, 26]) == 26 and widest_pair([30]) == 30


def test_a_curve_of_a_moment_does_not_keep_the_axis_of_another_one():
    patient, hasty = Range(), Range()
    hasty.hasty = True
    for fit in (patient, hasty):
        fit.follow(0.0, 70.0)
        for _ in range(6):
            fit.follow(0.0, 2.0)
    assert patient.now[1] > 60 and hasty.now[1] < 3


def test_a_map_behind_points_has_no_colour_where_it_is_zero(qtbot):
    inks = tinted()
    assert inks[127:129, 3].max() < 12 and inks[0, 3] == inks[-1, 3] > 100
    assert tuple(inks[0, :3]) == theme.colour("series0").getRgb()[:3] and tuple(inks[-1, :3]) == theme.colour("series1").getRgb()[:3]


def test_words_of_drawers_that_have_no_room_wait_behind_a_button(qtbot):
    words = dict.fromkeys(("Network", "Drawing codes", "In and out", "Over time", "More", "Numbers", "Curves"), ())
    drawers = Drawers(words, lambda name: None)
    qtbot.addWidget(drawers)
    drawers.resize(900, 40)
    drawers.show()
    assert not drawers.more.isVisible() and all(drawers.words.isTabVisible(k) for k in range(7))
    drawers.resize(380, 40)
    shown = [k for k in range(7) if drawers.words.isTabVisible(k)]
    assert drawers.more.isVisible() and 2 <= len(shown) < 7 and shown == list(range(len(shown)))
    assert sum(drawers.words.tabRect(k).width() for k in shown) <= drawers.words.width()
    asked = []
    drawers.toggled.connect(asked.append)
    drawers.more.menu().actions()[-1].trigger()
    assert asked == ["Curves"]
    drawers.resize(900, 40)
    assert not drawers.more.isVisible() and drawers.words.isTabVisible(6)


def test_a_card_of_a_layer_shows_what_its_first_units_answer(qtbot):
    from types import SimpleNamespace

    from lab import catalog
    from lab.engine.simulation import Simulation
    from lab.graph.document import Graph
    from lab.widgets.networks.items import TILES, NodeItem

    simulation = Simulation(catalog.load("layered-network")(n=60), 0)
    layers = simulation.observe("drawing")["layers"]
    assert [layer["node"] for layer in layers] == [node.id for node in Graph.from_json(simulation.model.graph).nodes]
    item = SimpleNamespace(_maps=None, tiles=[], update=lambda: None)
    wide = next(layer for layer in layers if len(layer["maps"]) > TILES)
    NodeItem.show_maps(item, (wide["maps"], "diverging"))
    assert len(item.tiles) == TILES and item.tiles[0].width() == wide["maps"].shape[2]
    NodeItem.show_maps(item, None)
    assert item.tiles == []


def test_a_run_with_a_file_of_ones_own_bears_its_name():
    from lab import catalog
    from lab.widgets import notebook

    kind = catalog.load("mlp")

    def told(id, **values):
        return notebook.Told(id, values)

    names = notebook.names(
        [told(1, data="file", file="/home/a/wine quality.csv"), told(2), told(3, data="file", file="/home/a/iris.csv", hidden="8")], kind
    )
    assert names[1] == "wine quality" and "iris" in names[3] and names[2] == "Defaults"
    assert not any(word in name for name in names.values() for word in ("File", "Data"))


def test_the_numbers_of_a_colour_map_are_never_cut(qtbot):
    strip = Strip()
    strip.set_name("unit that reads")
    strip.set_scale(("diverging", -0.877, 0.877))
    for width in (120, 150, 180, 400):
        strip.resize(width, 40)
        assert strip._scale_from(strip.size().width()) >= -1.0


def test_a_sentence_in_a_narrow_table_takes_a_few_lines_and_no_more(qtbot):
    from types import SimpleNamespace

    from lab import catalog
    from lab.widgets.pictures import make

    model = catalog.load("gpt")()
    view = make(next(p for p in model.pictures if p.name == "next"), model)
    qtbot.addWidget(view)
    view.resize(200, 300)
    view.show()
    said = "z = x W + b, then the activation: h = tanh z, for every unit of the layer"
    rows = [{"phase": "forward", "what": "x", "how": said, "shape": "64 x 64"} for _ in range(4)]
    view.draw(SimpleNamespace(snapshot=lambda name: rows), ())
    assert max(view.grid.rowHeight(k) for k in range(4)) <= 5.5 * (theme.current().text + 6)


def test_a_declared_range_may_run_downwards_with_its_middle_in_the_middle():
    from lab.widgets.pictures.colours import levels_of, paint

    values = np.array([[1.0, 0.5, 0.0]])
    assert levels_of(values, "diverging", (1.0, 0.0)) == (1.0, 0.0) and levels_of(values, "diverging", (0.0, 1.0)) == (0.0, 1.0)
    assert levels_of(values, "diverging", (-2.0, 1.0)) == (-2.0, 2.0)
    real, even, forged = paint(values, 1.0, 0.0, "diverging")[0].tolist()
    assert real[2] > real[0] and forged[0] > forged[2] and min(even[:3]) > 220


def test_a_drawer_with_little_room_shows_whole_cards_and_scrolls_to_the_rest():
    from lab.widgets.drawers import pages

    assert pages([232, 232, 232], 500, 8) == [(0, 2), (2, 3)]
    assert pages([232, 232], 472, 8) == [(0, 2)]
    assert pages([600, 232], 500, 8) == [(0, 1), (1, 2)]


def test_no_card_of_a_drawer_is_seen_in_half(qtbot):
    model = Gallery()
    pictures = {p.name: p for p in model.pictures}
    drawers = Drawers({"All": ("V", "counts", "score")}, lambda name: PictureCard(make(pictures[name], model)))
    qtbot.addWidget(drawers)
    drawers.show()
    drawers.open("All")
    for width in (520, 460, 1200, 520):
        drawers.resize(width, 240)
        for _ in range(4):  # a layout asks for the next one
            QApplication.processEvents()
        room = drawers.body.viewport().width()
        whole = [card for card in drawers.cards.values() if card.x() + card.width() <= room]
        half = [card for card in drawers.cards.values() if card.x() < room - 8 < room < card.x() + card.width()]
        assert not half and len(whole) == (3 if width == 1200 else 2 if width == 520 else 1)
