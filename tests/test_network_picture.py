"""The drawing of a network of layers: what it says, and the weight that a hand drags in it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt

from lab import catalog
from lab.display.contour import smoothed, zero_line
from lab.engine import kinds
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.graph.document import Graph
from lab.kernels import kernel
from lab.widgets.pictures.layered import Drawing, words_of
from lab.widgets.pictures.network import NetworkView

MOONS = {"data": "moons", "n": 60, "hidden": "3-2", "activation": "tanh", "epochs": 3}


def of(name, **values):
    kind = catalog.load(name)
    return Simulation(kind(**values), 0)


def test_every_unit_shows_what_it_answers_over_the_plane():
    simulation = of("mlp", **MOONS)
    shown = simulation.observe("drawing")
    model, c = simulation.model, simulation.constants
    assert [layer["units"] for layer in shown["layers"]] == [2, 3, 2, 2]
    assert [layer["maps"].shape for layer in shown["layers"]] == [(n, 20, 20) for n in (2, 3, 2, 2)]
    arrays = c.program.parameters(model.tape_state(c, simulation.state))
    for wire, name in zip(shown["wires"], ("hidden1.weight", "hidden2.weight", "output.weight"), strict=True):
        np.testing.assert_allclose(wire["weights"], arrays[name], rtol=1e-6)
    x, y = shown["layers"][0]["maps"]
    assert (np.diff(x, axis=1) > 0).all() and (np.diff(y, axis=0) < 0).all()  # right is more x, up is more y
    h = np.tanh(np.stack([x, y], -1) @ arrays["hidden1.weight"] + arrays["hidden1.bias"])
    np.testing.assert_allclose(shown["layers"][1]["maps"], np.moveaxis(h, -1, 0), atol=2e-5)
    np.testing.assert_allclose(shown["layers"][3]["maps"].sum(0), 0.0, atol=1e-5)  # 2p - 1 of two classes


def test_pictures_show_the_weights_of_the_first_layer_as_pictures():
    shown = of("mlp", hidden="12", epochs=1).observe("drawing")
    first, hidden, last = shown["layers"]
    assert first["maps"].shape == (1, 8, 8) and hidden["maps"].shape == (10, 8, 8) and last["maps"] is None
    assert (first["units"], hidden["units"], len(hidden["values"]), last["names"]) == (64, 12, 10, tuple("0123456789"))
    assert shown["wires"][0]["fixed"] and not shown["wires"][1]["fixed"]


def test_a_weight_is_set_and_a_wrong_one_is_refused():
    simulation = of("mlp", **MOONS)
    simulation.act("set_weight", wire=1, source=2, target=1, value=-1.5)
    assert simulation.observe("drawing")["wires"][1]["weights"][2, 1] == pytest.approx(-1.5)
    for wrong in ({"wire": 3}, {"wire": 1, "source": 3}, {"wire": 1, "target": 2}):
        with pytest.raises(LabError, match="must be below"):
            simulation.act("set_weight", **{"wire": 0, "source": 0, "target": 0, "value": 1.0} | wrong)


@pytest.mark.parametrize("form", ["signed columns", "positive weights"])
def test_under_dales_law_a_dragged_weight_keeps_its_sign(form):
    simulation = of("mlp", **MOONS, dale=form, inhibitory=0.5)
    weights = simulation.observe("drawing")["wires"][1]["weights"]
    signs = np.sign(weights[:, 0])
    for source in range(3):
        simulation.act("set_weight", wire=1, source=source, target=0, value=float(-signs[source]))
        assert simulation.observe("drawing")["wires"][1]["weights"][source, 0] == 0.0
        simulation.act("set_weight", wire=1, source=source, target=0, value=float(0.5 * signs[source]))
        assert simulation.observe("drawing")["wires"][1]["weights"][source, 0] == pytest.approx(0.5 * signs[source])
    assert simulation.summary()["weights of the wrong sign"] == 0


def test_pluses_and_minuses_say_which_widths_they_make():
    layers = of("mlp", **MOONS).observe("drawing")["layers"]
    assert layers[0]["after"] == {"hidden": "8-3-2"} and layers[3]["after"] == {}
    assert layers[1]["more"] == {"hidden": "4-2"} and layers[1]["fewer"] == {"hidden": "2-2"} and layers[1]["without"] == {"hidden": "2"}
    assert layers[2]["after"] == {"hidden": "3-2-2"}


def test_a_broken_drawing_is_refused_where_it_is_shown():
    model = catalog.load("mlp")(**MOONS)
    stream = model.stream("drawing")
    layer = {"name": "inputs", "units": 2, "values": np.zeros(2)}
    for wrong, said in (
        ([], "a list"), ({"layers": [layer]}, "only layers"), ({"layers": [{"name": "x"}], "wires": []}, "without values"),
        ({"layers": [layer], "wires": [{"source": 0, "target": 1, "weights": np.zeros((2, 2))}]}, "between layers"),
        ({"layers": [layer, layer], "wires": [{"source": 0, "target": 1, "weights": np.zeros((2, 3))}]}, r"\(2, 3\)"),
    ):  # fmt: skip
        with pytest.raises(LabError, match=said):
            kinds.checked("mlp", stream, wrong)


def test_verdicts_are_words_with_figures():
    simulation = of("mlp", **MOONS)
    assert "has not come" in simulation.observe("verdicts")[0]["verdict"]
    simulation.advance(simulation.model.length)
    rows = simulation.observe("verdicts")
    assert all(row[""] in "✓!✗" and row["verdict"].endswith((".", "%")) for row in rows) and len(rows) >= 4


# -- under the hand --


def test_a_wire_is_dragged_live_and_undo_takes_it_back(open_window, qtbot):
    window = open_window("mlp", playing=False)
    window.show_experiment(window.document.experiment().with_parameters(**MOONS), "Moons")
    qtbot.waitUntil(lambda: window.player.status.phase == "paused" and window.player.status.model.hidden == "3-2", timeout=60_000)
    view = window.workspace.view("network")
    qtbot.waitUntil(lambda: bool(view.drawing.layers) and view.height() > 150 and view.isVisible())
    x, y = view.drawing.curves(view.places(QRectF(view.rect())))[1]
    at = QPoint(round(float(x[3][7])), round(float(y[3][7])))
    wire = view.wire_at(at.toPointF())
    assert wire is not None and wire[0] == 1
    before = view.drawing.weight(wire)

    def stored():
        shown = window.player.source.snapshot("drawing")
        return float(shown["wires"][1]["weights"][wire[1], wire[2]])

    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(view, at - QPoint(0, 40))  # in one go: of several moves not all need have arrived when the weight is read
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at - QPoint(0, 40))
    qtbot.waitUntil(lambda: stored() > before + 0.2)
    moved = stored()
    assert view.name_of(wire) in window.history.stack.undoText()
    window.steps.undo()
    qtbot.waitUntil(lambda: abs(stored() - before) < 1e-3 * max(1.0, abs(before)))
    window.steps.redo()
    qtbot.waitUntil(lambda: abs(stored() - moved) < 1e-6)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: stored() < moved - 0.01)


def test_a_plus_makes_a_unit_more_in_a_new_run(open_window, qtbot):
    window = open_window("mlp", playing=False)
    window.show_experiment(window.document.experiment().with_parameters(**MOONS), "Moons")
    qtbot.waitUntil(lambda: window.player.status.phase == "paused" and window.player.status.model.hidden == "3-2", timeout=60_000)
    view = window.workspace.view("network")
    qtbot.waitUntil(lambda: bool(view._controls._made))
    more = next(b for k, way, b in view._controls._made if (k, way) == (1, "more"))
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert window.document.experiment().parameters["hidden"] == "4-2"
    qtbot.waitUntil(lambda: window.player.status.model.hidden == "4-2" and window.player.status.phase == "paused", timeout=60_000)
    window.steps.undo()
    assert window.document.experiment().parameters["hidden"] == "3-2"


def test_a_plus_under_the_drawing_of_a_canvas_changes_the_graph_on_it(open_window, qtbot):
    window = open_window("canvas-training", playing=False)
    qtbot.waitUntil(lambda: window.player.status.phase == "paused", timeout=60_000)
    view = window.workspace.view("network")
    qtbot.waitUntil(lambda: bool(view._controls._made))
    more = next(b for k, way, b in view._controls._made if (k, way) == (1, "more"))
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    graph = Graph.from_json(window.document.experiment().parameters["graph"])
    assert graph.named("Hidden 1").parameters.units == 7
    assert window.canvas.editor.graph.named("Hidden 1").parameters.units == 7
    window.steps.undo()
    assert window.canvas.editor.graph.named("Hidden 1").parameters.units == 6


def test_every_layer_has_its_place_inside_the_drawing(qtbot):
    """Pictures at the ends are larger than units: they stood half outside."""
    model = catalog.load("autoencoder")()
    view = NetworkView(next(p for p in model.pictures if p.name == "network"), model)
    qtbot.addWidget(view)
    view.drawing = Drawing.of(Simulation(model, 0).observe("drawing"))
    for wide in (260, 380, 700):
        places = view.places(QRectF(0, 0, wide, 240))
        assert all(place.x - place.side / 2 >= 0 and place.x + place.side / 2 <= wide for place in places)
        assert places[0].side == places[-1].side and (np.diff([place.x for place in places]) > 0).all()


def test_an_autoencoder_is_an_hourglass_whose_halves_change_together():
    layers = of("autoencoder", hidden="6-4", code=3, epochs=1, tied=True).observe("drawing")["layers"]
    assert [layer["units"] for layer in layers] == [64, 6, 4, 3, 4, 6, 64]
    assert [layer["name"] for layer in layers[1:-1]] == ["encoder 1", "encoder 2", "code", "decoder 1", "decoder 2"]
    assert layers[1]["more"] == layers[5]["more"] == {"hidden": "7-4"} and layers[3]["fewer"] == {"code": 2}
    assert layers[2]["without"] == layers[4]["without"] == {"hidden": "6"}


def test_a_tied_decoder_draws_and_takes_the_weights_of_its_encoder():
    simulation = of("autoencoder", hidden="6-4", code=3, epochs=1, tied=True)
    wires = simulation.observe("drawing")["wires"]
    np.testing.assert_array_equal(wires[3]["weights"], wires[2]["weights"].T)  # code to decoder 1: encoder 2 to code
    simulation.act("set_weight", wire=3, source=2, target=1, value=0.75)
    assert simulation.observe("drawing")["wires"][2]["weights"][1, 2] == 0.75


def test_words_of_a_layer_are_plural_where_there_are_several():
    assert [words_of({"name": n, "units": u}) for n, u in (("inputs", 1), ("hidden 1", 8), ("outputs", 10))] == [
        "1 input",
        "8 units",
        "10 outputs",
    ]


def test_an_image_of_the_drawing_has_wires_and_units(qtbot):
    simulation = of("mlp", **MOONS)

    class Still:
        version, step, summary, model = 1, 0, {}, simulation.model

        def snapshot(self, stream):
            return simulation.observe(stream)

        def labels(self, stream):
            return ()

    picture = next(p for p in simulation.model.pictures if p.name == "network")
    view = NetworkView(picture, simulation.model)
    qtbot.addWidget(view)
    view.resize(500, 320)
    assert view.refresh(Still(), force=True)
    image = view.image(1.0)
    pixels = {image.pixelColor(x, y).name() for x in range(0, 500, 3) for y in range(0, 320, 3)}
    assert len(pixels) > 60
    assert len(view.table()[1][0]) == 2 * 3 + 3 * 2 + 2 * 2


# -- what it is drawn with --


def test_the_zero_line_of_a_circle_is_a_circle():
    y, x = np.mgrid[-1:1:41j, -1:1:41j]
    px, py = zero_line(x * x + y * y - 0.5)
    known = np.isfinite(px)
    radius = np.hypot(px[known] / 20 - 1, py[known] / 20 - 1)
    np.testing.assert_allclose(radius, np.sqrt(0.5), atol=2e-3)
    assert np.isnan(px[2::3]).all()


def test_a_smoothed_plane_stays_a_plane():
    values = np.add.outer(np.arange(5.0), 2 * np.arange(7.0))
    fine = smoothed(values)
    assert fine.shape == (20, 28)
    np.testing.assert_allclose(np.diff(fine[4:-4, 4:-4], axis=0), 0.25, atol=1e-12)


def test_a_gap_in_a_line_is_not_walked_through():
    """Of a sum, a compiled `isfinite` is always true: each gap was covered pixel by pixel over the whole picture."""
    from lab.display import strokes

    cover, box = np.zeros((40, 50), np.float32), np.array([50, 40, -1, -1])
    strokes._cover_line(
        np.array([5.0, 9.0, np.nan, 5.0, 9.0]),
        np.array([5.0, 5.0, np.nan, 9.0, 9.0]),
        0.5,
        strokes.SOLID,
        np.array([0.0, 49.0]),
        cover,
        box,
    )
    assert box[2] < 15 and box[3] < 15


@kernel
def _small(a, b):
    return abs(a + b) < 1e300


def test_a_number_is_known_by_its_size():
    assert _small(1.0, 2.0) and not _small(np.nan, 1.0) and not _small(np.inf, 1.0)


@pytest.mark.parametrize(
    ("hidden", "activation"), [("5", "ReLU"), ("5", "tanh"), ("5", "sigmoid"), ("6-5", "ReLU"), ("", "ReLU"), ("6", "identity")]
)
def test_the_border_of_a_network_says_how_often_it_can_bend(hidden, activation):
    from lab.training import readings, verdicts

    simulation = of("mlp", **(MOONS | {"hidden": hidden, "activation": activation}))
    model, c = simulation.model, simulation.constants
    tape = model.tape_state(c, simulation.state)
    found = readings.pieces(model, c, tape)
    arrays, h = c.program.parameters(tape), c.material.scaled(readings.plane(readings.outline(model), readings.GRID))
    slow, sides = [], np.empty((len(h), 0), bool)
    for k, _ in enumerate(hidden.split("-") if hidden and activation != "identity" else ()):
        z = h @ arrays[f"hidden{k + 1}.weight"] + arrays[f"hidden{k + 1}.bias"]
        sides = np.hstack([sides, z > 0])
        slow.append(len({tuple(row) for row in sides.tolist()}))
        h = np.maximum(z, 0.0)
    assert found == slow
    if slow and len(slow) == 1:
        assert slow[0] <= 1 + 5 + 5 * 4 / 2  # five lines in a plane
    mark, _, said = verdicts._border(found)
    assert mark == verdicts.GOOD
    assert said.startswith("One straight line") == (not slow) and (not slow or f"{slow[0]} pieces" in said)
    assert verdicts._border(None)[2] == "" and readings.pieces(*(lambda s: (s.model, s.constants, s.state))(of("mlp", hidden="4"))) is None
