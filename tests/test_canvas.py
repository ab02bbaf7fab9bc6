"""The network canvas, driven as a person drives it."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab.errors import FileError
from lab.graph import files as graph_files
from lab.graph.document import Graph
from lab.graph.kinds.populations import brunel, vogels_abbott
from lab.widgets import theme
from lab.widgets.networks import NetworkEditor
from lab.widgets.networks.edits import same_network

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def editor(qtbot):
    theme.apply(QApplication.instance(), "dark")
    made = NetworkEditor()
    made.resize(1100, 640)
    made.show()
    qtbot.addWidget(made)
    made.show_text(vogels_abbott().to_json())
    made.view.setFocus()
    made.changes = []
    made.graph_changed.connect(lambda text, what, key, final: made.changes.append((text, what, key, final)))
    return made


def at(editor, place: QPointF) -> QPoint:
    return editor.view.mapFromScene(place)


def port(editor, title: str, name: str, side: str) -> QPoint:
    item = editor.scene.nodes[editor.graph.named(title).id]
    return at(editor, item.pos() + item.port_place(name, side))


def middle(editor, title: str) -> QPoint:
    return at(editor, editor.scene.nodes[editor.graph.named(title).id].pos())


def drag(editor, start: QPoint, end: QPoint, release: bool = True) -> None:
    where = editor.view.viewport()
    QTest.mousePress(where, LEFT, Qt.KeyboardModifier.NoModifier, start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(where, start + (end - start) * share)
        QApplication.processEvents()
    if release:
        QTest.mouseRelease(where, LEFT, Qt.KeyboardModifier.NoModifier, end)


def key(editor, *keys: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    for each in keys:
        QTest.keyClick(editor.view, each, modifier)


CTRL = Qt.KeyboardModifier.ControlModifier


def test_the_canvas_shows_every_node_wire_and_kind_of_a_graph(editor):
    assert set(editor.scene.nodes) == {n.id for n in editor.graph.nodes} and len(editor.scene.edges) == 4
    titles = {editor.kinds.tree.topLevelItem(k).data(0, Qt.ItemDataRole.UserRole) for k in range(editor.kinds.tree.topLevelItemCount())}
    assert {k.name for k in editor.graph.kinds.kinds} <= titles
    assert "LIF · 3200" in {i.caption for i in editor.scene.nodes.values()}
    editor.check_now()
    assert "4000 neurons" in editor.totals.text() and "synapses" in editor.totals.text()


def test_cards_take_the_colours_of_another_look(editor, qtbot):
    item = next(iter(editor.scene.nodes.values()))

    def inside():
        QApplication.processEvents()
        image = editor.view.viewport().grab().toImage()
        return image.pixelColor(at(editor, item.pos() + QPointF(item.body.right() - 12, item.body.top() + 12))).name()

    before = inside()
    theme.apply(QApplication.instance(), "light")
    editor.scene.set_theme()
    assert inside() != before  # cards are kept as pictures


def test_a_key_adds_a_population_and_a_drag_between_ports_joins_it(editor):
    key(editor, Qt.Key.Key_P)
    assert editor.graph.nodes[-1].kind == "poisson" and editor.changes[-1][1] == "Add Poisson population"
    editor.edit(editor.graph.move({editor.graph.nodes[-1].id: (-300.0, 200.0)}), "Move")
    editor.view.fit()
    drag(editor, port(editor, "Poisson population", "spikes", "output"), port(editor, "E", "synapses", "input"))
    last = editor.graph.edges[-1]
    assert (editor.graph.node(last.source).title, editor.graph.node(last.target).title) == ("Poisson population", "E")
    assert editor.scene.chosen() == (last.id,)
    assert Graph.from_json(editor.changes[-1][0]) == editor.graph


def test_a_wire_that_cannot_be_says_so_while_it_is_drawn_and_is_not_made(editor):
    key(editor, Qt.Key.Key_P)
    source = editor.graph.nodes[-1]
    editor.edit(editor.graph.move({source.id: (-300.0, 200.0)}), "Move")
    editor.view.fit()
    wires = len(editor.graph.edges)
    drag(editor, port(editor, source.title, "spikes", "output"), port(editor, "E", "drive", "input"), release=False)
    words = editor.scene._words.text().replace("\n", " ")
    assert editor.scene._words.isVisible() and "gives spikes, but 'drive' takes drive" in words and "join ports of the same kind" in words
    QTest.mouseRelease(editor.view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, port(editor, "E", "drive", "input"))
    assert len(editor.graph.edges) == wires and not editor.scene._words.isVisible()


def test_a_wire_is_made_by_keys_alone(editor):
    wires = len(editor.graph.edges)
    key(editor, Qt.Key.Key_Tab)
    first = editor.scene.chosen()[0]
    key(editor, Qt.Key.Key_W)
    assert editor.scene.wiring
    key(editor, Qt.Key.Key_Return)
    assert len(editor.graph.edges) == wires + 1 and editor.graph.edges[-1].source == first
    key(editor, Qt.Key.Key_Escape)
    assert editor.scene.chosen() == ()


def test_a_dragged_node_moves_once_it_is_let_go_and_its_wires_follow(editor):
    id = editor.graph.named("E").id
    before = editor.graph.node(id)
    wire = next(e for e in editor.graph.edges if e.source == id and e.target != id)
    path = editor.scene.edges[wire.id].path.pointAtPercent(0)
    drag(editor, middle(editor, "E"), middle(editor, "E") + QPoint(-60, 90))
    after = editor.graph.node(id)
    assert (after.x, after.y) != (before.x, before.y) and after.x % 10 == 0
    assert editor.scene.edges[wire.id].path.pointAtPercent(0) != path
    assert [c[1] for c in editor.changes] == ["Move E"]


def test_a_rubber_band_selects_and_del_removes_and_copies_come_back(editor):
    where = editor.view.viewport().rect()
    drag(editor, where.topLeft() + QPoint(2, 2), where.bottomRight() - QPoint(2, 2))
    assert set(editor.scene.nodes) <= set(editor.scene.chosen())
    key(editor, Qt.Key.Key_C, modifier=CTRL)
    assert json.loads(QGuiApplication.clipboard().text())["family"] == "populations"
    key(editor, Qt.Key.Key_Delete)
    assert not editor.graph.nodes and editor.empty.isVisible()
    key(editor, Qt.Key.Key_V, modifier=CTRL)
    assert {n.title for n in editor.graph.nodes} == {"E", "I"} and len(editor.graph.edges) == 4
    key(editor, Qt.Key.Key_D, modifier=CTRL)
    assert len(editor.graph.nodes) == 4 and len(editor.scene.chosen()) == 2


def test_pasting_anything_else_is_refused_in_words(editor):
    QGuiApplication.clipboard().setText("no graph")
    key(editor, Qt.Key.Key_V, modifier=CTRL)
    assert "not JSON" in editor.totals.text() and not editor.changes


def test_a_form_of_the_selected_wire_changes_its_property(editor):
    wire = editor.graph.edges[0]
    editor.scene.choose((wire.id,))
    row = editor.inspector.form.rows["weight"]
    row.field.box.setText("2.5") if hasattr(row.field.box, "setText") else row.field.box.lineEdit().setText("2.5")
    row.field.typed.emit("2.5")
    assert editor.graph.edge(wire.id).properties.weight == 2.5
    assert "J 2.5" in editor.scene.edges[wire.id].label
    assert editor.changes[-1][1] == "Weight of E to E"


def test_a_name_that_is_taken_is_refused_in_the_inspector(editor):
    editor.scene.choose((editor.graph.named("E").id,))
    editor.inspector.name.setText("I")
    editor.inspector.name.editingFinished.emit()
    assert "already" in editor.inspector.words.text() and editor.graph.named("E")


def test_inhibition_differs_from_excitation_in_dashes_and_in_the_end_of_the_wire(editor):
    signs = {e.id: e.properties.sign for e in editor.graph.edges}
    for id, sign in signs.items():
        item = editor.scene.edges[id]
        assert (item.size < 0) == (sign == "inhibitory")
        assert item._head.isEmpty() == (sign == "inhibitory")
        assert ("\N{MINUS SIGN}" in item.label) == (sign == "inhibitory") and "-" not in item.label


def test_the_wheel_zooms_about_the_cursor_and_f_fits(editor):
    place = QPointF(300, 200)
    under = editor.view.mapToScene(place.toPoint())
    zoom = editor.view.zoom
    wheel = QWheelEvent(
        place, place, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(editor.view.viewport(), wheel)
    assert editor.view.zoom > 1.2 * zoom
    after = editor.view.mapToScene(place.toPoint())
    assert abs(after.x() - under.x()) < 3 and abs(after.y() - under.y()) < 3
    key(editor, Qt.Key.Key_F)
    assert editor.view.zoom == pytest.approx(zoom)


def test_space_pans_and_a_tap_of_it_is_passed_on(editor, qtbot):
    view = editor.view
    with qtbot.waitSignal(view.tapped):
        QTest.keyClick(view, Qt.Key.Key_Space)
    before = view.mapToScene(QPoint(0, 0))
    QTest.keyPress(view, Qt.Key.Key_Space)
    drag(editor, QPoint(300, 300), QPoint(360, 330))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.mapToScene(QPoint(0, 0)) != before and not editor.changes


def test_aligning_grouping_commenting_and_tidying_are_edits(editor):
    ids = tuple(editor.scene.nodes)
    editor.scene.choose(ids)
    editor.align("left")
    assert len({n.x for n in editor.graph.nodes}) == 1
    key(editor, Qt.Key.Key_G, modifier=CTRL)
    assert editor.graph.groups[0].nodes == ids and editor.scene.groups
    key(editor, Qt.Key.Key_T)
    editor.inspector.text.setPlainText("why so")
    assert editor.graph.comments[0].text == "why so"
    editor.tidy()
    assert len({n.x for n in editor.graph.nodes}) == 2
    assert [c[1] for c in editor.changes] == ["Align", "Group", "Comment", "Text of a comment", "Tidy up"]


def test_a_problem_is_listed_in_words_and_a_click_goes_there(editor):
    graph, id = editor.graph.add_node("drive", 9000, 0, "Lonely")
    editor.edit(graph, "Add")
    editor.check_now()
    item = editor.problems.item(0)
    assert "Lonely drives nothing" in item.text()
    editor.problems.itemClicked.emit(item)
    assert editor.scene.chosen() == (id,)
    assert editor.view.mapToScene(editor.view.viewport().rect()).boundingRect().contains(9000, 0)


def test_search_finds_a_kind_and_return_adds_it(editor):
    key(editor, Qt.Key.Key_K)
    QTest.keyClicks(editor.kinds.search, "izhi")
    QTest.keyClick(editor.kinds.search, Qt.Key.Key_Return)
    assert editor.graph.nodes[-1].kind == "izhikevich"


@pytest.mark.parametrize(
    "suffix", [s for s in graph_files.SUFFIXES if s != ".nir"]
)  # NIR writes whole matrices, and this one has 16 million (tests/test_nir.py)
def test_graphs_come_back_from_files(editor, tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    before = editor.graph
    editor.files.export_to(str(path))
    editor.load(Graph("populations"), "Empty")
    editor.files.import_from(str(path))
    assert {n.title for n in editor.graph.nodes} == {"E", "I"}
    assert [e.properties for e in editor.graph.edges] == [e.properties for e in before.edges]
    if suffix != ".csv":
        assert [n.parameters for n in editor.graph.nodes] == [n.parameters for n in before.nodes]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "A\n", "holds one column|no rows"),
        ("a.graphml", "<!DOCTYPE x><graphml/>", "document type"),
        ("a.graphml", "<graphml>", "damaged"),
        ("a.json", "[]", "incomplete"),
        ("a.txt", "", "is empty"),
    ],
)
def test_damaged_graph_files_are_refused_in_one_sentence(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FileError, match=words):
        graph_files.read(path, "populations")


def test_a_graph_of_another_program_becomes_populations_with_signs(tmp_path):
    path = tmp_path / "net.csv"
    path.write_text("source,target,weight\nA,B,2.5\nB,A,-1.5\n")
    graph = graph_files.read(path, "populations")
    assert [(e.properties.weight, e.properties.sign) for e in graph.edges] == [(2.5, "excitatory"), (1.5, "inhibitory")]
    assert len({(n.x, n.y) for n in graph.nodes}) == 2


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_picture_is_written(editor, tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    editor.files.picture_to(str(path))
    assert path.stat().st_size > 2000
    if suffix == ".svg":
        text = path.read_text()
        assert "LIF" in text and "<path" in text


def big_graph(nodes: int, wires: int) -> Graph:
    rng = np.random.default_rng(0)
    graph = Graph("populations")
    for k in range(nodes):
        graph, _ = graph.add_node("lif", 260.0 * (k % 25), 140.0 * (k // 25), f"P{k}", size=10)
    ids = [n.id for n in graph.nodes]
    ends = rng.integers(0, nodes, (wires, 2))
    edge = Graph("populations")
    edge, a = edge.add_node("lif")
    edge, _ = edge.connect(a, a)
    from dataclasses import replace

    first = edge.edges[0]
    return replace(
        graph, edges=tuple(replace(first, id=f"e{k + 1}", source=ids[a], target=ids[b]) for k, (a, b) in enumerate(ends.tolist()))
    )


def test_five_hundred_nodes_with_two_thousand_wires_are_shown_and_one_of_them_is_moved(editor):
    graph = big_graph(500, 2000)
    editor.load(graph, "Large")
    assert len(editor.scene.nodes) == 500 and len(editor.scene.edges) == 2000
    assert editor.view.map.isHidden()  # all is in view
    editor.view.zoom_by(6.0)
    assert editor.view.map.isVisible()
    node = editor.graph.named("P262")
    editor.view.centerOn(node.x, node.y)
    touching = next(e for e in graph.edges if e.source == node.id and e.target != node.id)
    before = editor.scene.edges[touching.id].path.pointAtPercent(0.0)
    drag(editor, middle(editor, "P262"), middle(editor, "P262") + QPoint(40, 30))
    assert (editor.graph.named("P262").x, editor.graph.named("P262").y) != (node.x, node.y)
    assert editor.scene.edges[touching.id].path.pointAtPercent(0.0) != before
    assert sum(a is b for a, b in zip(graph.nodes, editor.graph.nodes, strict=True)) == 499


def test_moving_nodes_leaves_the_network_the_same_and_wiring_does_not():
    graph = brunel()
    assert same_network(graph, graph.move({graph.nodes[0].id: (5.0, 5.0)}))
    assert not same_network(graph, graph.set(graph.edges[0].id, weight=0.3))
    assert not same_network(graph, graph.set(graph.nodes[0].id, title="other"))


# -- in the window --


def test_the_canvas_stands_above_the_pictures_of_a_model_with_a_graph_and_goes_with_it(open_window):
    window = open_window("spiking-network")
    assert window.canvas.editor.isVisible() and len(window.canvas.editor.scene.nodes) == 2
    window.choose_model("perceptron")
    assert not window.canvas.editor.isVisible() and window.side.tabs.indexOf(window.canvas.editor.inspector) < 0
    window.choose_model("spiking-network")
    assert window.canvas.editor.isVisible()
    window.canvas.close_canvas()
    assert not window.canvas.editor.isVisible()
    window.side.form.rows["graph"].field.button.click()
    assert window.canvas.editor.isVisible()


def test_every_edit_is_one_step_of_the_windows_undo_and_moving_does_not_touch_the_run(open_window):
    window = open_window("spiking-network")
    editor = window.canvas.editor
    run = window.player.run_id, window.player.runner
    drag(editor, middle(editor, "E"), middle(editor, "E") + QPoint(-30, 60))
    moved = editor.graph.named("E")
    assert window.history.stack.undoText() == "Move E" and window.player.runner is run[1]
    assert Graph.from_json(window.document.experiment().build().graph).named("E") == moved
    editor.add("poisson", 0.0, 300.0)
    assert window.history.stack.undoText() == "Add Poisson population" and len(editor.scene.nodes) == 3
    window.history.stack.undo()
    assert len(editor.scene.nodes) == 2 and editor.graph.named("E") == moved
    window.history.stack.undo()
    assert editor.graph.named("E").y == 0.0
    window.history.stack.redo()
    assert editor.graph.named("E") == moved


def test_a_graph_that_cannot_run_stays_on_the_canvas_as_a_draft_with_its_reason(open_window):
    window = open_window("spiking-network")
    editor = window.canvas.editor
    editor.view.setFocus()
    key(editor, Qt.Key.Key_A, Qt.Key.Key_Delete, modifier=CTRL)
    editor.scene.choose(tuple(editor.scene.nodes))
    key(editor, Qt.Key.Key_Delete)
    assert not editor.graph.nodes
    assert "spiking-network" in window.document.drafts
    assert "empty" in editor.problems.item(0).text() and "lab-graph" not in editor.problems.item(0).text()
    again, problems = type(window.document).from_dict(window.document.to_dict())
    assert again.drafts == window.document.drafts and not problems
    editor.add("lif", 0.0, 0.0)
    assert not window.document.drafts and len(Graph.from_json(window.document.experiment().build().graph).nodes) == 1
    window.history.stack.undo()
    window.history.stack.undo()
    assert len(editor.graph.nodes) == 2 and not window.document.drafts


def test_the_selection_opens_its_form_at_the_right(open_window):
    window = open_window("spiking-network")
    editor = window.canvas.editor
    assert window.side.tabs.currentIndex() == 0
    editor.scene.choose((editor.graph.edges[1].id,))
    assert window.side.tabs.currentWidget() is editor.inspector and editor.inspector.title.text() == "E → I"
    editor.scene.choose(())
    assert window.side.tabs.currentIndex() == 0


def test_parameters_and_actions_follow_the_form_of_a_canvas_that_goes(open_window):
    window = open_window("spiking-network")
    window.canvas.editor.scene.choose((window.canvas.editor.graph.edges[1].id,))
    assert window.side.tabs.currentIndex() == 1
    window.choose_model("hodgkin-huxley")
    assert window.side.tabs.tabText(window.side.tabs.currentIndex()) == "Parameters"


def test_rates_of_a_run_are_drawn_in_the_cards(open_window, qtbot):
    window = open_window("spiking-network")
    window.driver.toggle()
    items = window.canvas.editor.scene.nodes.values()
    qtbot.waitUntil(lambda: all(len(i.history) > 1 for i in items), timeout=20_000)
    window.driver.toggle()


def test_a_template_brings_the_values_that_fit_it_in_one_step_of_undo(open_window):
    window = open_window("spiking-network")
    window.choose_model("layered-network")
    before = window.document.experiment()
    menu_entry = type("Entry", (), {"data": lambda self: "Autoencoder"})()
    window.canvas.editor._template(menu_entry)
    model = window.document.experiment().build()
    assert model.data == "digits" and not window.document.drafts and window.history.stack.undoText() == "Template Autoencoder"
    assert Graph.from_json(model.graph).comments
    window.history.stack.undo()
    assert window.document.experiment() == before


def test_a_network_goes_over_to_the_monitor_and_back_with_its_weights(open_window, qtbot):
    window = open_window("spiking-network")
    window.choose_model("layered-network")
    assert window.canvas.editor.over.text() == "Train in the monitor"
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.step > 20, timeout=60_000)
    if window.player.status.phase == "running":
        window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.phase == "paused", timeout=20_000)
    window.canvas.editor.over.click()
    qtbot.waitUntil(lambda: window.document.model == "canvas-training", timeout=20_000)
    there = window.document.experiment().build()
    weights = Graph.from_json(there.graph).weights
    assert weights and there.data == "moons" and there.noise == 0.15
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.step > 50, timeout=60_000)
    assert window.canvas.editor.over.text() == "Back to the canvas"
    window.canvas.editor.over.click()
    qtbot.waitUntil(lambda: window.document.model == "layered-network", timeout=20_000)
    back = Graph.from_json(window.document.experiment().build().graph)
    assert [w.name for w in back.weights] == [w.name for w in weights] and back.weights != weights
    window.history.stack.undo()
    assert window.document.model == "canvas-training"
    window.history.stack.undo()
    assert window.document.model == "layered-network" and not Graph.from_json(window.document.experiment().build().graph).weights


def layers(editor, title="Residual block, repeated"):
    from lab.graph.document import family

    editor.show_text(family("layers").templates[title]().to_json())
    return editor.graph.groups[0]


def test_a_group_folds_to_a_card_that_keeps_its_wires_and_unfolds(editor):
    block = layers(editor)
    asked = []
    editor.filled.connect(lambda: asked.append(True))
    key(editor, Qt.Key.Key_J)  # with no group selected it closes the results
    assert asked == [True]
    editor.fold()
    assert "Select a group" in editor.totals.text()
    editor.scene.choose((block.id,))
    key(editor, Qt.Key.Key_J)
    assert editor.graph.groups[0].folded and editor.changes[-1][1] == "Fold Residual block"
    hidden = {id for id, item in editor.scene.nodes.items() if not item.isVisible()}
    assert hidden == set(block.nodes)
    first, out = (editor.graph.named(t).id for t in ("First", "Output"))
    card = editor.scene.groups[block.id].card
    for e in editor.graph.edges:
        wire = editor.scene.edges[e.id]
        assert wire.isVisible() == (not {e.source, e.target} <= hidden)
        if e.source == first:
            assert abs(wire.line[1].x() - card.left()) < 10
        if e.target == out:
            assert abs(wire.line[0].x() - card.right()) < 10
    QTest.mouseDClick(editor.view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at(editor, card.center()))
    assert not editor.graph.groups[0].folded and all(item.isVisible() for item in editor.scene.nodes.values())


def test_a_folded_group_is_dragged_with_its_nodes_copied_and_removed_as_one(editor):
    block = layers(editor)
    editor.edit(editor.graph.set(block.id, folded=True), "Fold")
    before = {n.id: n.x for n in editor.graph.nodes}
    place = at(editor, editor.scene.groups[block.id].card.center())
    drag(editor, place, place + QPoint(0, 80))
    moved = {n.id for n in editor.graph.nodes if n.y != Graph.from_json(editor.changes[0][0]).node(n.id).y}
    assert moved == set(block.nodes) and {n.id: n.x for n in editor.graph.nodes} == before
    editor.scene.choose((block.id,))
    editor.duplicate()
    assert len(editor.graph.groups) == 2 and len(editor.graph.nodes) == len(before) + 2
    editor.scene.choose((block.id,))
    key(editor, Qt.Key.Key_Delete)
    assert len(editor.graph.groups) == 1 and not set(block.nodes) & {n.id for n in editor.graph.nodes}


def test_a_block_is_repeated_where_the_family_knows_blocks(editor):
    block = layers(editor)
    editor.scene.choose((block.id,))
    assert editor.inspector.repeat.isVisibleTo(editor.inspector)
    editor.inspector.repeat.setValue(7)
    assert editor.graph.groups[0].repeat == 7 and len(editor.graph.expand().nodes) == 3 + 2 * 7
    from lab.graph.document import family

    editor.show_text(family("gates").templates["Half adder"]().group(("n3", "n4"))[0].to_json())
    editor.scene.choose(("g1",))
    assert not editor.inspector.repeat.isVisibleTo(editor.inspector)
    assert "know no repeated blocks" in editor.graph.set("g1", repeat=2).problems()[0].sentence


@pytest.mark.parametrize("sign", ["excitatory", "inhibitory"])
def test_signs_of_thousands_of_wires_are_told_by_dashes_too(editor, sign):
    graph = Graph("populations")
    graph, a = graph.add_node("lif", 0, 0, "A", size=10)
    graph, b = graph.add_node("lif", 1500, 0, "B", size=10)
    for _ in range(401):
        graph, _ = graph.connect(a, b, sign=sign)
    editor.show_text(graph.to_json())
    assert editor.scene.plain
    editor.view.fit()
    QApplication.processEvents()
    image = editor.view.grab().toImage()
    start, end = port(editor, "A", "spikes", "output"), port(editor, "B", "synapses", "input")
    ground = editor.scene.paints.ground

    def drawn(x: int, y: int) -> bool:
        c = image.pixelColor(x, y)
        return abs(c.red() - ground.red()) + abs(c.green() - ground.green()) + abs(c.blue() - ground.blue()) > 12

    places = range(start.x() + 20, end.x() - 20)
    heights = [round(start.y() + (end.y() - start.y()) * (x - start.x()) / (end.x() - start.x())) for x in places]
    bare = sum(not any(drawn(x, y + k) for k in (-2, -1, 0, 1, 2)) for x, y in zip(places, heights, strict=True)) / len(places)
    assert 0.2 < bare < 0.7 if sign == "inhibitory" else bare == 0


def test_a_kind_is_dragged_from_the_palette_onto_the_canvas(editor):
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDragEnterEvent, QDropEvent

    from lab.widgets.networks.view import mime_of

    where = QPoint(300, 200)
    data = mime_of("adex")
    enter = QDragEnterEvent(where, Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(editor.view.viewport(), enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(where), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(editor.view.viewport(), drop)
    made = editor.graph.nodes[-1]
    place = editor.view.mapToScene(where)
    assert made.kind == "adex" and abs(made.x - place.x()) <= 10 and abs(made.y - place.y()) <= 10
    assert editor.scene.chosen() == (made.id,) and editor.changes[-1][1] == "Add AdEx population"
    foreign = QMimeData()
    foreign.setText("hello")
    other = QDragEnterEvent(where, Qt.DropAction.CopyAction, foreign, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(editor.view.viewport(), other)
    assert not other.isAccepted()


def test_the_palette_begins_a_drag_with_the_kind_it_shows(editor, monkeypatch):
    from lab.widgets.networks import kinds
    from lab.widgets.networks.view import kind_of

    taken = []
    monkeypatch.setattr(kinds.QDrag, "exec", lambda self, action: taken.append(kind_of(self.mimeData())))
    tree = editor.kinds.tree
    item = next(i for i in editor.kinds._items() if i.data(0, kinds.KIND) == "izhikevich")
    tree.setCurrentItem(item)
    tree.startDrag(Qt.DropAction.CopyAction)
    assert taken == ["izhikevich"]


def test_the_middle_button_pans_and_leaves_the_network_alone(editor):
    before = editor.graph
    scene_point = editor.view.mapToScene(400, 300)
    where = editor.view.viewport()
    QTest.mousePress(where, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier, QPoint(400, 300))
    QTest.mouseMove(where, QPoint(440, 330))
    QTest.mouseMove(where, QPoint(460, 350))
    QTest.mouseRelease(where, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier, QPoint(460, 350))
    moved = editor.view.mapFromScene(scene_point)
    assert abs(moved.x() - 460) <= 2 and abs(moved.y() - 350) <= 2
    assert editor.graph is before and not editor.changes


def test_a_click_on_the_small_map_goes_there(editor):
    editor.add("lif", 4000.0, 2000.0)
    editor.view.zoom_by(1.0 / editor.view.zoom)
    QApplication.processEvents()
    small = editor.view.map
    assert small.isVisible()
    far = editor.scene.nodes[editor.graph.nodes[-1].id]
    scale, origin, _ = small._fitting()
    QTest.mouseClick(small, LEFT, Qt.KeyboardModifier.NoModifier, (far.pos() * scale + origin).toPoint())
    seen = editor.view.mapToScene(editor.view.viewport().rect()).boundingRect()
    assert seen.contains(far.pos())
    editor.view.fit()
    assert not small.isVisible()


def test_another_network_of_the_document_comes_into_view(editor):
    graph = Graph("populations")
    for k in range(6):
        graph, _ = graph.add_node("lif", 500.0 * k, 400.0 * k, size=10)
    editor.show_text(graph.to_json())
    seen = editor.view.mapToScene(editor.view.viewport().rect()).boundingRect()
    assert seen.contains(editor.scene.extent())


def test_a_template_of_another_family_opens_its_model_and_any_network_is_counted_and_analysed(open_window):
    window = open_window("spiking-network")
    window.canvas.open_template("units", "Hopfield")
    assert window.document.model == "hopfield-units" and window.canvas.editor.graph.family == "units"
    window.canvas.take_elsewhere("counting")
    assert window.document.model == "counting" and window.document.experiment().build().mine().neurons == 16
    window.canvas.open_template("layers", "CNN")
    assert window.document.model == "counting" and window.document.experiment().build().mine().neurons == 50
    for _ in range(3):
        window.history.stack.undo()
    assert window.document.model == "spiking-network"


def test_the_canvas_is_there_only_while_its_network_is_asked_for(open_window):
    window = open_window("spiking-network")
    window.choose_model("connectivity")
    assert not window.canvas.editor.isVisible()
    window.history.replace(
        window.document.with_experiment(window.document.experiment().with_parameters(network="canvas")), "Network of the canvas"
    )
    assert window.canvas.editor.isVisible() and window.canvas.editor.graph.family == "populations"


def test_another_number_of_populations_begins_another_run_instead_of_breaking_the_one_that_goes_on(open_window, qtbot):
    window = open_window("spiking-network")
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.step > 0, timeout=60_000)
    first = window.player.runner
    window.canvas.editor.load(window.canvas.editor.graph.kinds.templates["Plastic synapses (STDP)"].make(), "Template")
    qtbot.waitUntil(
        lambda: window.player.runner is not first and window.player.status is not None and window.player.status.step > 0, timeout=60_000
    )
    assert window.player.status.phase == "running"
    assert "weights" in [s.name for s in window.player.status.model.streams]
    window.driver.toggle()


def test_a_saved_network_of_populations_shows_rates_and_names_again(open_window, tmp_path):
    """A canvas asked a stream of another kind of network of each recording, so that every beat failed, and labels were a worker's alone."""
    import lab
    from lab.session import Session

    run = lab.run("spiking-network", duration=60.0, seed=1)
    run.save(tmp_path / "net.lab")
    window = open_window(session=Session.open(tmp_path / "net.lab"))
    assert window.player.runner is None and window.player.status.step == run.steps
    window.canvas.show_run(window.player.source)
    items = window.canvas.editor.scene.nodes.values()
    assert all(len(item.history) > 1 and max(item.history) > 0 for item in items)
    view = window.workspace.view("raster")
    view.refresh(window.player.source)
    assert [name for _, name in view._groups] == [node.title for node in window.canvas.editor.graph.nodes if node.kind != "drive"]


def test_results_are_closed_opened_and_turned_to_the_right(open_window, qtbot):
    window = open_window("layered-network", playing=False)
    qtbot.waitUntil(lambda: window.player.status.phase == "paused", timeout=60_000)
    place, results = window.canvas, window.workspace
    assert place.orientation() == Qt.Orientation.Vertical and not results.isHidden()
    window.commands.actions["results"].trigger()
    assert results.isHidden() and not place.editor.isHidden()
    qtbot.keyClick(place.editor.view, Qt.Key.Key_J)
    assert not results.isHidden()
    window.commands.actions["turn-results"].trigger()
    assert place.orientation() == Qt.Orientation.Horizontal and results.x() > place.editor.x() and results.y() == place.editor.y()
    window.commands.actions["results"].trigger()
    place.turn_results()  # closed ones are opened again, where they were before
    assert place.orientation() == Qt.Orientation.Vertical and not results.isHidden()


def test_a_page_without_a_canvas_keeps_its_pictures(open_window, qtbot):
    window = open_window("mlp", playing=False)
    for name in ("results", "turn-results"):
        window.commands.actions[name].trigger()
    assert not window.workspace.isHidden() and window.canvas.editor.isHidden()
