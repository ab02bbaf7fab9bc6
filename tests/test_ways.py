"""Wires run round cards, and their words stand apart: geometry without a window, and every template of every family."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import ways
from lab.graph.document import FAMILIES, Graph, family

ONE, OTHER = np.array([0.0, 0, 184, 80]), np.array([600.0, 0, 784, 80])
START, END = (190.0, 40.0), (593.0, 40.0)


def clear(way, cards) -> bool:
    return not ways.crossed(ways.sample(way), np.asarray(cards, float).reshape(-1, 4)).any()


def test_a_free_way_is_the_simplest_one():
    assert np.array_equal(ways.route(START, END, ONE, OTHER, ways.boxes([])), ways.forward(START, END, 0.0))


@pytest.mark.parametrize("top, bottom", [(0, 80), (-60, 100), (-400, 400), (-1500, 90)])
def test_a_card_between_is_passed_and_the_ends_stay(top, bottom):
    between = ways.boxes([(300, top, 484, bottom)])
    way = ways.route(START, END, ONE, OTHER, between)
    assert clear(way, between) and tuple(way[0, 0]) == START and tuple(way[-1, 3]) == END
    assert way[0, 1][0] > START[0] and way[-1, 2][0] < END[0]  # it leaves to the right and arrives from the left


def test_a_wall_of_cards_is_passed_with_few_bends():
    wall = ways.boxes([(300, 100.0 * k - 520, 484, 100.0 * k - 440) for k in range(12)])
    way = ways.searched(START, END, np.concatenate([wall, [ONE], [OTHER]]))
    assert way is not None and clear(way, wall)
    turns = sum(not np.allclose(piece[0] - piece[3], (piece[0] - piece[1]) * 3, atol=1e-6) for piece in way)
    assert turns <= 4  # through the nearest gap, or round the end of the wall


def test_a_wire_back_to_its_own_card_turns_below_where_something_stands_above():
    above = ways.boxes([(-20, -120, 200, -10)])
    free = ways.route((190, 40), (-7, 40), ONE, ONE, ways.boxes([]), own=True)
    way = ways.route((190, 40), (-7, 40), ONE, ONE, above, own=True)
    assert free[:, :, 1].min() < 0 and clear(way, above) and way[:, :, 1].max() > 80


def test_no_way_at_all_is_drawn_as_if_nothing_stood_there():
    shut = ways.boxes([(560, -2000, 592, 2000), (-3000, -2000, 3000, -1990), (-3000, 1990, 3000, 2000), (-3000, -2000, -2990, 2000), (2990, -2000, 3000, 2000)])  # fmt: skip
    assert np.array_equal(ways.route(START, END, ONE, OTHER, shut), ways.forward(START, END, 0.0))


def test_a_wire_that_acts_both_ways_bends_as_little_as_it_must():
    one, other, between = np.array([-29.0, -29, 29, 29]), np.array([571.0, -29, 629, 29]), ways.boxes([(271, -29, 329, 29)])
    assert clear(ways.straight(one, other, between), between)
    assert np.ptp(ways.straight(one, other, between)[:, :, 1]) < 90
    assert np.ptp(ways.straight(one, other, ways.boxes([]))[:, :, 1]) == 0
    grid = ways.boxes([(130 * i - 29, 130 * j - 29, 130 * i + 29, 130 * j + 29) for i in range(4) for j in range(4) if (i, j) not in ((0, 0), (3, 3))])  # fmt: skip
    assert clear(ways.straight(one, one + 390, grid), grid)  # between them, where no single bow leads past


def test_words_stand_off_cards_off_other_words_and_off_other_wires():
    points = ways.sample(ways.forward(START, END, 0.0))
    free = ways.word_place(points, 100, ways.boxes([]), np.zeros((0, 2)))
    assert (free[0] + free[2]) / 2 == pytest.approx(391, abs=8)
    taken = ways.boxes([free])
    again = ways.word_place(points, 100, taken, np.zeros((0, 2)))
    assert again[2] <= free[0] or again[0] >= free[2] or again[3] <= free[1] or again[1] >= free[3]
    crossing = np.array([(391.0, y) for y in range(-100, 200, 5)])
    aside = ways.word_place(points, 100, ways.boxes([]), crossing)
    assert aside[2] < 391 or aside[0] > 391


@pytest.mark.parametrize("name", FAMILIES)
def test_in_every_template_no_wire_runs_behind_a_card_and_no_words_meet(qtbot, name):
    pytest.importorskip("PySide6")
    from lab.widgets.networks.scene import NetworkScene
    from lab.widgets.networks.wires import ROUTED

    scene = NetworkScene()
    for title, template in family(name).templates.items():
        scene.show_graph(Graph(name))
        scene.show_graph(template.explained())
        if len(scene.edges) > ROUTED:
            continue
        cards = scene.wires.cards()
        words = [(id, item.words_at) for id, item in scene.edges.items() if item.isVisible() and not item.words_at.isNull()]
        for id, item in scene.edges.items():
            if not item.isVisible():
                continue
            ends = {scene.standing(item.edge.source), scene.standing(item.edge.target)}
            others = {n: c for n, c in cards.items() if n not in ends}
            behind = ways.crossed(ways.sample(item.way), ways.boxes(list(others.values())))
            assert not behind.any(), (title, id, [n for n, b in zip(others, behind, strict=True) if b])
        for k, (id, at) in enumerate(words):
            for card in cards.values():
                assert not ways.crossed(np.array([(x, y) for x in np.linspace(at.left(), at.right(), 9) for y in (at.top(), at.center().y(), at.bottom())]), ways.boxes([card])).any(), (title, id)  # fmt: skip
            assert not any(at.intersects(other) for _, other in words[k + 1 :]), (title, id)
    scene.show_graph(Graph("gates"))  # nothing is left that another look would paint


def test_a_drag_lays_what_it_touches_and_letting_go_lays_the_rest(qtbot):
    pytest.importorskip("PySide6")
    from lab.widgets.networks.scene import NetworkScene

    graph = Graph("populations")
    graph, a = graph.add_node("lif", 0, 0, "a")
    graph, b = graph.add_node("lif", 700, 0, "b")
    graph, c = graph.add_node("lif", 350, 400, "c")
    graph, wire = graph.connect(a, b)
    scene = NetworkScene()
    scene.show_graph(graph)
    before = scene.edges[wire].way
    moved = graph.move({c: (350, 0)})
    scene.show_graph(moved)
    assert not np.array_equal(before, scene.edges[wire].way) and not ways.crossed(ways.sample(scene.edges[wire].way), ways.boxes([scene.wires.cards()[c]])).any()  # fmt: skip
    scene.show_graph(graph)
    assert np.array_equal(before, scene.edges[wire].way)
    scene.nodes[c].setPos(350, 10)  # a hand is on the way
    scene.flush()
    assert not ways.crossed(ways.sample(scene.edges[wire].way), ways.boxes([scene.wires.cards()[c]])).any()
    scene.show_graph(Graph("gates"))  # nothing is left that another look would paint
