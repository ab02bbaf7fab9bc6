"""Ensembles on the canvas: the product of two values built with the mouse, live numbers in the cards."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab.engine.simulation import run
from lab.graph.document import Graph
from lab.models.networks.ensemble_network import EnsembleNetwork
from lab.widgets import theme
from lab.widgets.networks import NetworkEditor

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def editor(qtbot):
    theme.apply(QApplication.instance(), "dark")
    made = NetworkEditor()
    made.resize(1100, 640)
    made.show()
    qtbot.addWidget(made)
    made.show_text(Graph("ensembles").to_json())
    made.view.setFocus()
    return made


def wire(editor, source: str, target: str) -> None:
    """Drag from the output of one node to the input of another."""
    ends = []
    for title, side in ((source, "output"), (target, "input")):
        item = editor.scene.nodes[editor.graph.named(title).id]
        port = (item.kind.outputs if side == "output" else item.kind.inputs)[0]
        ends.append(editor.view.mapFromScene(item.pos() + item.port_place(port.name, side)))
    where = editor.view.viewport()
    QTest.mousePress(where, LEFT, NONE, ends[0])
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(where, ends[0] + (ends[1] - ends[0]) * share)
    QTest.mouseRelease(where, LEFT, NONE, ends[1])


def settle(editor, id: str, name: str, text: str) -> None:
    """Select something and type a value into its form."""
    editor.scene.choose((id,))
    editor.inspector.form.rows[name].field.typed.emit(text)


def test_the_product_of_two_values_is_built_with_the_mouse(editor):
    for kind, x, y in (("value", 300, 150), ("value", 300, 450), ("ensemble", 560, 300), ("output", 820, 300)):
        place = editor.view.mapToScene(QPoint(x, y))
        editor.view.dropped.emit(kind, place.x(), place.y())
        # What was put down stays there: lines below that come and go must not move it.
        editor.check_now()
        at = editor.view.mapFromScene(QPointF(editor.graph.nodes[-1].x, editor.graph.nodes[-1].y))
        assert abs(at.x() - x) < 15 and abs(at.y() - y) < 15
    assert editor.problems.isHidden()
    wire(editor, "Value", "Ensemble")
    wire(editor, "Value 2", "Ensemble")
    wire(editor, "Ensemble", "Output")
    last = editor.graph.edges[-1]
    assert last.properties.synapse == 20.0
    settle(editor, last.id, "function", "x*y")
    editor.check_now()
    assert "there is no 'y' in x*»y«: give it 2 dimensions" in editor.problems.item(0).text()
    assert editor.scene.edges[last.id].problem
    settle(editor, editor.graph.named("Ensemble").id, "dimensions", "2")
    editor.check_now()
    assert editor.problems.isHidden()
    assert [editor.scene.edges[e.id].label for e in editor.graph.edges] == ["x → x · 5 ms", "x → y · 5 ms", "x*y · 20 ms"]
    result = run(EnsembleNetwork(graph=editor.graph.to_json()), steps=600, record={"outputs": 1})
    assert result["outputs"][300:, 0].mean() == pytest.approx(0.25, abs=0.06)


def test_a_function_that_cannot_be_read_is_refused_with_its_place_and_the_wire_stays(editor):
    graph, a = editor.graph.add_node("ensemble", 0, 0)
    graph, b = graph.add_node("output", 300, 0)
    graph, id = graph.connect(a, b, function="x^2")
    editor.edit(graph, "Build")
    settle(editor, id, "function", "x^")
    said = f"{editor.inspector.words.text()} {editor.inspector.form.rows['function'].words.text()}"
    assert "»" in said and editor.graph.edge(id).properties.function == "x^2"


def test_cards_show_values_of_either_sign_and_of_several_dimensions(editor):
    graph, a = editor.graph.add_node("ensemble", 0, 0, dimensions=2)
    graph, b = graph.add_node("output", 300, 0)
    editor.edit(graph, "Build")
    editor.show_run({}, {a: np.array([[0.0, 0.5], [-1.0, 0.4]]), b: np.array([[0.1], [-0.2]])})
    plain = editor.view.grab().toImage()
    editor.show_run({}, {a: np.array([[0.0, 0.5], [1.0, 0.4]]), b: np.array([[0.1], [0.9]])})
    assert editor.view.grab().toImage() != plain


def test_the_page_shows_what_each_node_holds_and_a_template_is_one_step_of_undo(open_window):
    window = open_window("ensemble-network")
    editor = window.canvas.editor
    template = editor.graph.kinds.templates["Product of two values"]
    before = editor.graph
    editor.load(template.explained(), "Template Product of two values", template.values)
    assert "Both" in {n.title for n in Graph.from_json(window.document.experiment().build().graph).nodes}
    window.history.stack.undo()
    assert editor.graph == before
    assert {"nodes"} <= window.canvas.wanted
