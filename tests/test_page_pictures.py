"""What was seen on pages: names and numbers that lay on one another, numbers that said nothing, units without a thing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent

from lab import catalog
from lab.display import plots as view
from lab.model.advice import Advice, Remedy
from lab.widgets import theme
from lab.widgets.pictures import make
from lab.widgets.pictures.network import named_rows
from lab.widgets.pictures.texts import place_labels


def test_a_number_beside_a_mark_never_covers_another_mark():
    points = np.stack([np.arange(12) * 18.0 + 20, 200 - np.arange(12) * 9.0], axis=1)
    sizes = np.full((12, 2), (70.0, 14.0))
    free = place_labels(points, sizes, (0, 0, 260, 220), 9.0, points, spare=5.0)
    assert 2 <= len(free) < 12
    for _, left, top in free:
        covered = (points[:, 0] > left - 5) & (points[:, 0] < left + 75) & (points[:, 1] > top - 5) & (points[:, 1] < top + 19)
        assert not covered.any()


def test_of_names_in_close_rows_as_many_are_written_as_can_be_read():
    assert named_rows(np.arange(10) * 20.0, 15.0) == 1
    assert named_rows(np.arange(10) * 8.0, 15.0) == 2
    assert named_rows(np.arange(10) * 4.0, 15.0) == 3
    assert named_rows([5.0], 15.0) == 1


def test_what_is_counted_is_no_time():
    model = catalog.load("layered-network")()
    trace = SimpleNamespace(x="", x_range=None, window=0, layers=())
    assert view.time_axis(trace, model, 100)[1].label == "minibatches"
    moving = SimpleNamespace(x="", x_range=None, window=50, layers=())
    assert view.time_axis(moving, model, 1000)[1].label == "minibatches before now"


def test_the_transport_names_what_it_counts(qtbot):
    from lab.widgets.transport import Speeds, Transport

    assert Speeds(catalog.load("layered-network")()).text(300.0) == "300 minibatches/s"
    assert Speeds(catalog.load("convolution-by-sliding")()).text(20.0) == "20 × real time"
    transport = Transport()
    qtbot.addWidget(transport)
    transport._model = catalog.load("connectivity")()
    assert transport.time_text(29) == "29 networks"


def table_of(qtbot, rows, width):
    model = catalog.load("counting")()
    made = make(next(p for p in model.pictures if p.name == "table"), model)
    qtbot.addWidget(made)
    made.resize(width, 300)
    made.show()
    made.draw(SimpleNamespace(snapshot=lambda name: rows), ())
    return made


def test_numbers_that_came_as_texts_stand_as_numbers_do(qtbot):
    from PySide6.QtCore import Qt

    from lab.widgets.pictures.table import ALIGN_NUMBER, ALIGN_TEXT

    made = table_of(qtbot, [{"network": "fly", "neurons": "139\u202f255", "each": "8.6 × 10¹⁰", "how": "3 layers"}], 500)
    found = [made.rows.data(made.rows.index(0, k), Qt.ItemDataRole.TextAlignmentRole) for k in range(4)]
    assert found == [ALIGN_TEXT, ALIGN_NUMBER, ALIGN_NUMBER, ALIGN_TEXT]


def test_a_number_that_is_not_known_yet_stands_where_it_will(qtbot):
    from PySide6.QtCore import Qt

    made = table_of(qtbot, [{"answer": "100", "truth": "—"}], 500)
    role = Qt.ItemDataRole.TextAlignmentRole
    assert made.rows.headerData(0, Qt.Orientation.Horizontal, role) == made.rows.headerData(1, Qt.Orientation.Horizontal, role)
    assert made.rows.data(made.rows.index(0, 0), role) == made.rows.data(made.rows.index(0, 1), role)


def test_rows_are_as_high_as_their_lines(qtbot):
    from PySide6.QtGui import QFontMetricsF

    words = "a sentence that is far too long for a column of a narrow card"
    made = table_of(qtbot, [{"network": "fly", "how": "short"}, {"network": "worm", "how": words}], 260)
    short, long = made.grid.rowHeight(0), made.grid.rowHeight(1)
    line = QFontMetricsF(theme.sans_font()).height()
    assert short == theme.current().text + 13
    assert 1 <= round((long - short) / line) <= 4 and abs((long - short) / line - round((long - short) / line)) < 0.2


def test_tiles_have_no_numbers_that_run_on_from_one_to_the_next(qtbot):
    model = catalog.load("ensembles-and-experts")()
    made = make(next(p for p in model.pictures if p.name == "wires"), model)
    qtbot.addWidget(made)
    made.resize(300, 240)
    made.show()
    source = SimpleNamespace(model=model, version=1, step=1, snapshot=lambda s: np.zeros((2, 8, 32)), labels=lambda s: ())
    made.refresh(source, force=True)
    assert not made.across.style["showValues"] and not made.up.style["showValues"]
    assert [words[3] for words in made._captions.words] == ["ensemble", "experts"]


def test_a_unit_that_the_name_says_already_is_not_said_twice(qtbot):
    from lab.widgets.fields import make_field

    units = {}
    for spec in catalog.load("mlp").specs().values():
        if spec.label in ("Examples", "Samples"):
            field = make_field(spec)
            qtbot.addWidget(field)
            units[spec.label] = (spec.unit, field.box.unit)
    assert units == {"Examples": ("examples", ""), "Samples": ("examples", "examples")}


def test_what_stands_on_buttons_is_not_said_beside_them():
    said = Advice("over", "Over-fitting: the test loss has risen; try decay, dropout or more data.", (Remedy("Weight decay 0.003"),))
    assert said.beside_buttons == "Over-fitting: the test loss has risen."
    assert Advice("over", said.sentence).beside_buttons == said.sentence


def test_numbers_at_the_very_ends_of_an_axis_are_written(qtbot):
    from PySide6.QtGui import QPainter, QPixmap

    model = catalog.load("perceptron")()
    made = make(next(p for p in model.pictures if p.name == "error"), model)
    qtbot.addWidget(made)
    made.resize(420, 300)
    made.show()
    made.field.setRange(xRange=(0, 4), yRange=(0, 0.49), padding=0)
    sheet = QPixmap(420, 300)
    painter = QPainter(sheet)
    written = [[words for *_, words in axis.generateDrawSpecs(painter)[2]] for axis in (made.across, made.up)]
    painter.end()
    assert {written[0][0], written[0][-1]} == {"0", "4"} and float(min(written[1], key=float)) == 0.0


class Seen:
    """A source of points, straight lines and flat images."""

    version, step, origin = 1, 1, 0

    def __init__(self, model, points):
        self.model, self.points = model, points

    def snapshot(self, stream):
        line = np.array([[-1.0, 1.0], [-1.0, 1.0]])
        return {"cloud": self.points, "curve": line, "image": np.eye(6)}.get(self.model.stream(stream).kind)

    def labels(self, stream):
        return ()


@pytest.mark.parametrize(
    ("name", "picture", "edged"), [("optimisers", "surface", False), ("grid-world", "world", False), ("hebbian-learning", "plane", True)]
)
def test_a_line_has_an_edge_among_points_and_none_over_an_image(qtbot, name, picture, edged):
    model = catalog.load(name)()
    made = make(next(p for p in model.pictures if p.name == picture), model)
    qtbot.addWidget(made)
    made.draw(Seen(model, np.zeros((20, 2))), ())
    ground = theme.colour("surface").name()
    assert any(stroke.colour.name() == ground for stroke in made.ink.strokes) is edged
    assert any(stroke.colour.name() != ground for stroke in made.ink.strokes)
    made.draw(Seen(model, np.zeros((2, 2))), ())  # an edge would hide one of few points
    assert not any(stroke.colour.name() == ground for stroke in made.ink.strokes)


def test_ten_kinds_of_points_have_ten_colours(qtbot):
    model = catalog.load("variational-autoencoder")()
    made = make(next(p for p in model.pictures if p.name == "map"), model)
    qtbot.addWidget(made)
    made.draw(Seen(model, np.array([[k, k, k % 10] for k in range(20)], float)), ())
    assert len({point.brush().color().name() for point in made._scatter.points()}) == 10
    edges = [stroke for stroke in made.ink.strokes if stroke.colour.name() == theme.colour("surface").name()]
    assert len(edges) == 2  # of what was drawn and of the place; the pale clouds of the examples stay behind their points


def test_both_networks_keep_their_colours_and_a_bound_is_no_theory_of_the_gradient():
    pictures = {p.name: p.layers for p in catalog.load("recurrent-network")().pictures}
    assert [(layer.stream, layer.theory, layer.series) for layer in pictures["through time"]] == [
        ("through time", False, (1, 0)),
        ("linear", False, (1,)),
    ]
    assert {layer.label: layer.series for layer in pictures["said"]} == {"wanted": (2,), "RNN": (1,), "LSTM": (0,)}


def test_a_low_picture_over_time_spares_no_line_for_the_name_of_time(qtbot):
    model = catalog.load("cross-attention")()
    made = make(next(p for p in model.pictures if p.name == "loss"), model)
    qtbot.addWidget(made)
    for height, named in ((200, True), (96, False), (200, True)):
        made.resize(190, height)
        made.resizeEvent(QResizeEvent(QSize(190, height), QSize(190, 1)))
        made.across.show_label("step")
        assert bool(made.across.labelText) is named and made.across.style["showValues"]


def test_a_picture_of_pixels_has_no_scale_of_its_greys(qtbot):
    for name, picture, told in (("variational-autoencoder", "decoded", False), ("hopfield", "state", True)):
        model = catalog.load(name)()
        made = make(next(p for p in model.pictures if p.name == picture), model)
        qtbot.addWidget(made)
        made.draw(Seen(model, np.zeros((2, 2))), ())
        assert (made.strip.scale is not None) is told


def test_marks_are_explained_in_the_large_map_alone(qtbot):
    model = catalog.load("grid-world")()
    for picture, told in (("world", ["agent", "goal"]), ("told", []), ("best", [])):
        made = make(next(p for p in model.pictures if p.name == picture), model)
        qtbot.addWidget(made)
        made.draw(Seen(model, np.array([[0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]])), ())
        assert [entry.text for entry in made.strip.entries] == told


def test_a_layer_has_one_colour_in_the_energy_and_among_the_synapses():
    pictures = {p.name: p for p in catalog.load("predictive-coding")().pictures}
    shown = {layer.label: layer.series for layer in pictures["settling"].layers}
    assert [shown[name.removeprefix("to ")] for name in pictures["steps"].labels] == [(k,) for k in range(len(shown) - 1)]
    assert shown["F"] == pictures["energy"].layers[0].series == (len(shown) - 1,)
