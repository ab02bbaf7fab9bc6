"""What floats over the canvas: it covers no network that is fitted, no selected node, and is as a person left it."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab.graph.document import Graph, family
from lab.widgets import theme
from lab.widgets.networks import NetworkEditor, floating

VIEW = QRectF(0, 0, 1000, 600)
PALETTE, BAR = QRectF(10, 10, 186, 580), QRectF(690, 10, 300, 40)


def test_what_is_free_is_covered_by_no_panel_and_a_panel_cuts_where_most_remains():
    free = floating.free_of(VIEW, [PALETTE, BAR])
    assert not any(free.intersects(p) for p in (PALETTE, BAR)) and VIEW.contains(free)
    assert (free.left(), free.top(), free.right(), free.bottom()) == (206, 60, 1000, 600)
    assert floating.free_of(VIEW, [QRectF(5, 5, 990, 590)]) == VIEW  # nothing is left: the panel is passed over


def test_a_bar_over_an_empty_corner_takes_no_room_from_the_network():
    low = QRectF(-300, 60, 600, 100)  # the upper part of the area is empty
    area = QRectF(-300, -240, 600, 480)
    wide = floating.best(area, [low], VIEW, [PALETTE, BAR], 5.0)[0]
    assert wide > floating.fitting(area, floating.free_of(VIEW, [PALETTE, BAR]), 5.0)[0]
    full = floating.best(area, [area], VIEW, [PALETTE, BAR], 5.0)
    assert full == floating.fitting(area, floating.free_of(VIEW, [PALETTE, BAR]), 5.0)


def test_what_is_covered_moves_as_little_as_possible():
    free = QRectF(200, 60, 700, 500)
    assert floating.aside(QRectF(300, 100, 100, 50), free).isNull()
    move = floating.aside(QRectF(150, 560, 100, 50), free)
    assert (move.x(), move.y()) == (50, -50)


@pytest.fixture
def editor(qtbot):
    theme.apply(QApplication.instance(), "dark")
    made = NetworkEditor()
    made.resize(1000, 600)
    made.show()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("size", [(1100, 640), (860, 420), (560, 320)])
def test_templates_are_fitted_beside_what_floats(editor, size):
    editor.resize(*size)
    for name in ("populations", "layers", "ensembles", "gates"):
        for title, template in list(family(name).templates.items())[:3]:
            editor.show_text(template.make().to_json())
            editor.view.fit()
            for item in editor.scene.nodes.values():
                seen = QRectF(editor.view.mapFromScene(item.mapRectToScene(item.body)).boundingRect())
                assert not any(seen.adjusted(2, 2, -2, -2).intersects(p) for p in editor.floating.covers()), (title, item.node.title)


def test_a_palette_that_comes_with_a_wider_canvas_covers_nothing(editor):
    editor.resize(500, 400)
    graph = Graph("populations")
    for k in range(3):
        graph, _ = graph.add_node("lif", 300.0 * k, 0.0)
    editor.show_text(graph.to_json())
    assert editor.kinds.isHidden()
    editor.resize(1000, 640)
    QApplication.processEvents()
    assert not editor.kinds.isHidden()
    for item in editor.scene.nodes.values():
        seen = QRectF(editor.view.mapFromScene(item.mapRectToScene(item.body)).boundingRect())
        assert not any(seen.adjusted(2, 2, -2, -2).intersects(p) for p in editor.floating.covers()), item.node.title


def test_a_node_selected_under_the_palette_comes_out_and_one_put_down_stays(editor):
    graph = Graph("populations")
    graph, one = graph.add_node("lif", 0, 0, "One")
    graph, two = graph.add_node("lif", 400, 0, "Two")
    graph, wire = graph.connect(one, two)
    editor.show_text(graph.to_json())
    view = editor.view
    bar = view.horizontalScrollBar()
    bar.setValue(bar.value() + view.mapFromScene(editor.scene.nodes[one].pos()).x() - 40)
    for ids in ((one,), (wire,)):
        bar.setValue(bar.value() + view.mapFromScene(editor.scene.nodes[one].pos()).x() - 40)
        assert view.mapFromScene(editor.scene.nodes[one].pos()).x() < editor.kinds.geometry().right()
        editor.scene.choose(ids)
        item = editor.scene.nodes[one]
        assert view.mapFromScene(item.mapToScene(item.body.topLeft())).x() > editor.kinds.geometry().right()
        editor.scene.choose(())
    before = bar.value()
    editor.add("lif", *view.mapToScene(60, 200).toTuple())
    assert bar.value() == before


def test_the_palette_is_put_away_by_key_and_escape_leaves_its_field(editor):
    editor.show_text(Graph("populations").to_json())
    kept = []
    editor.kept.connect(lambda name, open: kept.append((name, open)))
    editor.view.setFocus()
    QTest.keyClick(editor.view, Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    assert editor.kinds.isHidden() and kept == [("palette", False)]
    QTest.keyClick(editor.view, Qt.Key.Key_K)
    assert not editor.kinds.isHidden()
    editor.kinds.search.setFocus()
    assert editor.leave() and editor.kinds.isHidden()
    editor.recall(True, True)
    assert not editor.kinds.isHidden()


def test_a_canvas_alone_has_the_whole_width_and_the_panel_floats_over_it(open_window):
    window = open_window("spiking-network", playing=False)
    window.show()
    place, side = window.canvas, window.side
    place.toggle_filling()
    QApplication.processEvents()
    assert window.left.isHidden() and window.workspace.isHidden() and place.editor.held is side and side.isVisible()
    assert place.editor.view.width() == window.width()
    place.editor.scene.choose((place.editor.graph.edges[1].id,))
    assert side.tabs.currentWidget() is place.editor.inspector
    place.editor.toggle_panel()
    assert not side.isVisible() and window.settings.get("canvas.panel", True) is False
    place.editor.edit_chosen()  # Return brings the form
    assert side.isVisible()
    place.toggle_filling()
    QApplication.processEvents()
    assert place.editor.held is None and side.isVisible() and not window.left.isHidden()
    window.choose_model("hodgkin-huxley")
    assert side.isVisible() and side.parentWidget() is not place.editor.panel
    window.settings.put("canvas.panel", True)


def test_another_page_takes_the_panel_back_from_a_canvas_alone(open_window):
    window = open_window("spiking-network", playing=False)
    window.show()
    window.canvas.toggle_filling()
    window.choose_model("hodgkin-huxley")
    assert not window.canvas.filling and window.canvas.editor.held is None
    assert window.side.isVisible() and window.workspace.isVisible() and window.left.isVisible()


def test_a_kind_that_is_chosen_goes_near_the_place_that_was_clicked(editor):
    editor.load(Graph("populations"), "Empty")
    place = QPoint(editor.view.width() // 2 + 120, editor.view.height() // 2 + 40)
    clicked = editor.view.mapToScene(place)
    QTest.mouseClick(editor.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    ids = [editor.add("lif") for _ in range(4)]
    first, *others = (editor.graph.node(id) for id in ids)
    assert abs(first.x - clicked.x()) <= 20 and abs(first.y - clicked.y()) <= 20
    covered = [area.toRect() for area in editor.floating.covers()]
    for node in (first, *others):
        item = editor.scene.nodes[node.id]
        assert not any(item is not o and o.sceneBoundingRect().contains(item.pos()) for o in editor.scene.nodes.values())
        assert not any(area.contains(editor.view.mapFromScene(item.pos())) for area in covered)


def test_the_panel_floats_beside_results_and_stands_aside_again(open_window):
    window = open_window("spiking-network", playing=False)
    place, side = window.canvas, window.side
    wide = place.editor.view.width()
    window.commands.actions["float-panel"].trigger()
    assert place.editor.held is side and side.isVisible() and window.workspace.isVisible() and window.left.isVisible()
    QApplication.processEvents()
    assert place.editor.view.width() > wide and window.settings.get("canvas.float", False) is True
    window.choose_model("hodgkin-huxley")
    assert place.editor.held is None and side.isVisible()
    window.choose_model("spiking-network")
    assert place.editor.held is side
    place.float_panel()
    assert place.editor.held is None and side.isVisible() and window.settings.get("canvas.float", True) is False


def test_a_sentence_covers_neither_tools_nor_cards_of_the_canvas(open_window):
    window = open_window("spiking-network", playing=False)
    window.steps.did("Something was done.")
    toast = window.toast.geometry()
    bar = window.canvas.editor.bar
    assert not toast.intersects(bar.rect().translated(bar.mapTo(window.stage, bar.rect().topLeft())))
    assert not any(toast.intersects(area) for area in window.canvas.lettering(window.stage))


def test_in_a_low_view_what_floats_stands_in_one_row_below_the_network(editor):
    title, template = next(iter(family("populations").templates.items()))
    editor.show_text(template.make().to_json())
    for high, low in ((320, True), (600, False), (320, True)):
        editor.resize(1000, high)
        QApplication.processEvents()
        editor.floating.place()
        assert (editor.bar.y() > high / 2) == low and editor.totals.isHidden() == low, title
        assert not editor.bar.geometry().intersects(editor.foot.geometry())
