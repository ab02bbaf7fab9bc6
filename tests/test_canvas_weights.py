"""The number on a wire is dragged and typed where it stands, in every family that has one; a new network fires at once."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import LabError
from lab.graph.document import Graph
from lab.widgets.networks import edits

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab.widgets import theme
from lab.widgets.networks import NetworkEditor

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def pair(family: str, one: str, other: str, **wire) -> tuple[Graph, str]:
    graph = Graph(family)
    graph, a = graph.add_node(one, 0, 0, "a")
    graph, b = graph.add_node(other, 400, 0, "b")
    return graph.connect(a, b, **wire)


def test_a_pull_doubles_after_eighty_pixels_and_keeps_a_sign_that_is_a_parameter():
    graph, wire = pair("populations", "lif", "lif", sign="inhibitory", weight=9.0)
    held = edits.grip(graph, wire)
    assert held.value == -9.0 and edits.pulled(held, -80) == -18.0 and edits.pulled(held, 40) == -4.5 and edits.pulled(held, 400) == 0.0
    assert edits.pulled(held, -8, fine=True) == pytest.approx(-9.09)
    units, wire = pair("units", "unit", "unit", weight=1.0)
    held = edits.grip(units, wire)
    assert edits.pulled(held, -160) == -1.0 and edits.pulled(held, 1e6) == 100.0  # its own sign goes through 0, to its bound


def test_what_is_typed_sets_the_sign_where_that_is_another_parameter():
    graph, wire = pair("populations", "lif", "lif", weight=9.0)
    held = edits.grip(graph, wire)
    made = edits.set_grip(graph, held, edits.typed(held, "-2,5")).graph.edge(wire).properties
    assert (made.sign, made.weight) == ("inhibitory", 2.5)
    for text in ("", "nine", "nan", "inf"):
        with pytest.raises(LabError, match="number"):
            edits.typed(held, text)
    with pytest.raises(LabError):
        edits.set_grip(graph, held, 1e9)


def test_a_drive_has_one_weight_for_all_its_wires_and_an_ensemble_a_function():
    graph = Graph("populations")
    graph, d = graph.add_node("drive")
    graph, a = graph.add_node("lif")
    graph, wire = graph.connect(d, a, input="drive")
    held = edits.grip(graph, wire)
    assert (held.id, held.name) == (d, "weight")
    graph, wire = pair("ensembles", "ensemble", "ensemble")
    held = edits.grip(graph, wire)
    assert edits.set_grip(graph, held, edits.typed(held, " x^2 ")).graph.edge(wire).properties.function == "x^2"
    graph, wire = pair("layers", "input", "dense")
    assert edits.grip(graph, wire) is None  # a layer has many weights: they are dragged in the drawn network


@pytest.fixture
def editor(qtbot):
    theme.apply(QApplication.instance(), "dark")
    made = NetworkEditor()
    made.resize(1100, 640)
    made.show()
    qtbot.addWidget(made)
    made.show_text(pair("populations", "lif", "lif", weight=2.0)[0].to_json())
    made.view.setFocus()
    made.changes = []
    made.graph_changed.connect(lambda text, what, key, final: made.changes.append((what, key, final)))
    return made


def words(editor, wire: str) -> QPoint:
    return editor.view.mapFromScene(editor.scene.edges[wire].words_at.center())


def pull(editor, wire: str, up: int, release: bool = True) -> None:
    where, start = editor.view.viewport(), words(editor, wire)
    QTest.mousePress(where, LEFT, NONE, start)
    for share in (0.5, 1.0):
        QTest.mouseMove(where, start - QPoint(0, round(up * share)))
    if release:
        QTest.mouseRelease(where, LEFT, NONE, start - QPoint(0, up))


def test_the_number_is_dragged_live_and_escape_brings_it_back(editor):
    wire = editor.graph.edges[0].id
    pull(editor, wire, 40)
    assert editor.graph.edge(wire).properties.weight == 3.0 and editor.scene.chosen() == (wire,)
    assert {key for _, key, _ in editor.changes} == {f"{wire}.weight"} and next(final for *_, final in editor.changes) is False
    pull(editor, wire, -20, release=False)
    assert editor.graph.edge(wire).properties.weight == 2.25
    QTest.keyClick(editor.view, Qt.Key.Key_Escape)
    assert editor.graph.edge(wire).properties.weight == 3.0
    QTest.mouseRelease(editor.view.viewport(), LEFT, NONE, words(editor, wire))
    assert editor.graph.edge(wire).properties.weight == 3.0


def test_a_click_on_the_number_selects_and_changes_nothing(editor):
    wire = editor.graph.edges[0].id
    pull(editor, wire, 2)
    assert editor.scene.chosen() == (wire,) and not editor.changes


def test_a_double_click_opens_a_field_and_keys_do_the_same(editor):
    wire, field = editor.graph.edges[0].id, editor.numbers.field
    QTest.mouseDClick(editor.view.viewport(), LEFT, NONE, words(editor, wire))
    assert field.isVisible() and field.text() == "2"
    QTest.keyClicks(field, "5.5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert editor.graph.edge(wire).properties.weight == 5.5 and not field.isVisible()
    QTest.keyClick(editor.view, Qt.Key.Key_Return)
    QTest.keyClicks(field, "much")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.isVisible() and "takes a number" in editor.totals.text()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible() and editor.graph.edge(wire).properties.weight == 5.5
    QTest.keyClick(editor.view, Qt.Key.Key_Up)
    assert editor.graph.edge(wire).properties.weight > 5.5


def test_a_drag_is_one_step_of_undo_however_long_a_hand_rests(open_window, monkeypatch):
    from lab.widgets import history

    window = open_window("spiking-network", playing=False)
    editor = window.canvas.editor
    wire = editor.graph.edges[1].id
    before, runner, steps = window.document, window.player.runner, window.history.stack.count()
    monkeypatch.setattr(history, "MERGE_SECONDS", -1.0)  # every pause is long
    for pixels, final in ((8.0, False), (20.0, False), (40.0, False), (40.0, True)):
        editor.scene.pulled.emit(wire, pixels, False, final)
    assert window.history.stack.count() == steps + 1 and window.player.runner is runner
    editor.scene.pulled.emit(wire, 8.0, False, False)
    editor.scene.pulled.emit(wire, 8.0, False, True)
    assert window.history.stack.count() == steps + 2  # another drag is another step
    editor.scene.pulled.emit(wire, -30.0, False, False)
    assert editor.leave() and window.history.stack.count() == steps + 2  # Escape leaves no step
    window.history.stack.undo()
    window.history.stack.undo()
    assert window.document == before


@pytest.mark.parametrize("kind", ["lif", "conductance-lif", "izhikevich", "adex", "hodgkin-huxley"])
def test_a_drive_and_two_populations_wired_with_defaults_fire_at_once(kind):
    import lab

    graph = edits.add(Graph("populations"), "drive", 0, 0).graph
    for x in (300, 600):
        graph = edits.add(graph, kind, x, 0).graph
    drive, one, other = (n.id for n in graph.nodes)
    graph = edits.connect(graph, drive, "drive", one, "drive").graph
    graph = edits.connect(graph, one, "spikes", other, "synapses").graph
    rates = lab.run("spiking-network", graph=graph.to_json(), duration=300.0, seed=1).summary
    for title in (graph.node(one).title, graph.node(other).title):
        assert 5 <= rates[f"{title} (Hz)"] <= 50, rates


def test_the_latest_spikes_of_a_population_are_told_by_time_and_row():
    from lab.widgets.networks.place import CELLS, latest_spikes

    class Run:
        step = 1000

        def labels(self, stream):
            return (*(f"E {k}" for k in range(1, 41)), "I 1", "I 2")

        def events(self, stream, first):
            rows = [(600, 0), (700, 9), (800, 39), (990, 41), (995, 40)]
            at, cell = np.array([r for r in rows if r[0] >= first]).T
            return at, cell, np.zeros(len(at))

    found = latest_spikes(Run(), "spikes", 400)
    assert found["E"].tolist() == [[0.0, 0.5 / CELLS], [0.25, 9.5 / CELLS]]  # of many cells the first, as they are told apart
    assert found["I"][:, 1].tolist() == [0.75, 0.25] and found["I"][:, 0].tolist() == pytest.approx([0.975, 0.9875])


def test_spikes_are_painted_in_the_cards_of_populations_and_rates_below_them(open_window, qtbot):
    window = open_window("spiking-network")
    window.driver.toggle()
    items = list(window.canvas.editor.scene.nodes.values())
    qtbot.waitUntil(lambda: all(len(i.spikes) for i in items), timeout=20_000)
    window.driver.toggle()
    assert all(len(i.history) > 1 and (i.spikes[:, 1] < 1).all() and i.body.height() > 100 for i in items)
    picture = window.canvas.editor.grab().toImage()
    assert not picture.isNull()


def test_a_flurry_of_edits_leaves_one_run_and_undo_brings_the_network_back(open_window, qtbot):
    window = open_window("spiking-network")
    editor = window.canvas.editor
    before = window.document
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.step > 0, timeout=60_000)
    for size in range(60, 50, -1):
        editor.inspector.edited.emit(editor.graph.named("I").id, "size", size, True)
    window.player.pause()
    window.player.settle()
    left = [r for r in window.session.runs() if r.id != window.player.run_id]
    assert len(left) <= 1, "only the run that was there before may stay, to be compared"
    for _ in range(10):
        window.history.stack.undo()
    assert window.document.experiment() == before.experiment() and editor.graph.named("I").parameters.size == 800


def test_a_weight_pulled_on_a_run_that_waits_makes_no_other_run(open_window, qtbot):
    window = open_window("spiking-network", playing=False)
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase == "paused", timeout=60_000)
    runs, runner = len(window.session.runs()), window.player.runner
    wire = window.canvas.editor.graph.edges[0].id
    for pixels, final in ((8.0, False), (20.0, False), (40.0, True)):
        window.canvas.editor.scene.pulled.emit(wire, pixels, False, final)
    assert window.player.runner is runner and len(window.session.runs()) == runs
    window.history.stack.undo()
    assert window.player.runner is runner and window.canvas.editor.graph.edge(wire).properties.weight == 1.62


def test_edits_settle_into_one_run_that_begins_with_all_of_them(open_window):
    window = open_window("spiking-network", playing=False)
    editor, driver = window.canvas.editor, window.driver
    first = window.player.runner
    for k in range(3):
        editor.add("poisson", 200.0 * k, 300.0)
    assert driver.settling and editor.soon.isVisible() and window.player.runner is first
    window.tuning.change("scale", 0.5)  # what is tuned meanwhile is not told to the network that was
    assert driver.settling and window.player.runner is first and not first.status.log
    driver._settling.timeout.emit()  # the moment is over
    second = window.player.runner
    assert second is not first and not driver.settling and not editor.soon.isVisible()
    assert second.experiment.build().scale == 0.5 and second.experiment.build().graph == editor._text
    assert "a new run has begun" in window.toast.words.text() and window.toast.key == "act"
    editor.remove()
    window.history.stack.undo()
    driver.settle()
    assert window.player.runner is second, "undone before it was seen: there is nothing to begin anew for"
    for _ in range(4):
        window.history.stack.undo()
    assert driver.settling and window.toast.key != "act"
    driver.toggle()  # whoever plays wants to see what is drawn
    assert not driver.settling and window.player.runner is not second and window.player.runner.experiment.build().scale == 1.0
    window.player.pause()


def test_what_waits_is_let_go_when_something_else_comes_to_the_front(open_window):
    window = open_window("spiking-network", playing=False)
    editor, driver = window.canvas.editor, window.driver
    editor.add("poisson", 0.0, 300.0)
    window.choose_model("perceptron")
    runner = window.player.runner
    assert not driver.settling
    driver.settle()
    assert window.player.runner is runner and runner.experiment.model == "perceptron"
    window.choose_model("spiking-network")
    assert window.player.runner.experiment.build().graph == editor._text
    editor.add("poisson", 0.0, 600.0)
    window.close()
    assert not driver.settling
