"""What stands on the pages in words: names that are not cut, symbols as books print them, errors in the words of the form."""

from __future__ import annotations

import os
from types import SimpleNamespace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication
from test_view import run

from lab import catalog
from lab.display.labels import clearest_height
from lab.display.plots import time_axis
from lab.display.stage import arrange, cards
from lab.display.symbols import numbered
from lab.engine.simulation import Simulation
from lab.errors import ParameterError
from lab.model import Layer, Picture
from lab.params import Described, param
from lab.units import formula, signed
from lab.widgets import theme
from lab.widgets.fields.choice import choice_texts
from lab.widgets.form import ParameterForm, shown_name
from lab.widgets.labels import broken, elided, shortened, tip
from lab.widgets.pictures import PictureCard
from lab.widgets.pictures.bars import parted
from lab.widgets.pictures.colours import levels_of
from lab.widgets.pictures.kinds import make
from lab.widgets.pictures.plot import strip_name
from lab.widgets.pictures.strips import view_of_card
from lab.widgets.pictures.table import cell_text
from lab.widgets.transport import Speeds


class Pump(Described):
    """A pump."""

    power: float = param(1.0, "uA/cm2", lo=-5.0, hi=5.0, label="Pump current", doc="How strong it is.")


def test_an_error_of_the_form_says_label_and_unit_as_they_stand_there():
    with pytest.raises(ParameterError) as low:
        Pump(power=-7.0)
    assert low.value.said == "Pump current must be at least −5 µA/cm² (got −7 µA/cm²)."
    assert str(low.value) == "Pump.power: must be at least -5.0 uA/cm2 (got -7.0)."
    with pytest.raises(ParameterError) as word:
        Pump.from_text("power", "much")
    assert word.value.said == "Pump current must be a number in µA/cm² (got 'much')."


def test_a_temperature_may_be_typed_with_and_without_its_ring():
    kind = catalog.load("hodgkin-huxley")
    assert [kind.from_text("temperature", text) for text in ("16 °C", "16 C", "16")] == [16.0] * 3


def test_no_parameter_of_a_model_is_named_by_an_identifier():
    odd = {
        f"{entry.name}.{name}": shown_name(spec)
        for entry in catalog.entries()
        for name, spec in catalog.load(entry.name).specs().items()
        if "_" in shown_name(spec) or "_" in spec.label
    }
    assert odd == {}


def test_choices_among_models_are_their_titles():
    spec = catalog.load("tuning-curve").specs()["neuron"]
    assert "Hodgkin-Huxley neuron" in choice_texts(spec) and len(choice_texts(spec)) == len(spec.choices)


def test_equations_of_a_description_are_printed_with_signs_and_raised_letters():
    assert formula("h(t) = k t^n e^(-t/tau)") == "h(t) = k tⁿ e^(−t/τ)"
    assert formula("W_1 (W_0 x + b_0)") == "W₁ (W₀ x + b₀)" and formula("w . x - b") == "w · x − b"
    assert signed("from -1 to x-2 and [3]-4") == "from −1 to x-2 and [3]-4"


def test_a_text_exactly_as_wide_as_its_place_is_not_cut(qapp):
    measure = QFontMetrics(theme.sans_font(13))
    for text in ("FitzHugh-Nagumo neuron", "Impulse and sifting", "open now 0.05"):
        wide = measure.horizontalAdvance(text)
        assert elided(text, measure, wide) == text and broken(text, measure, wide) == [text]
        assert elided(text, measure, wide - 2).endswith("…")


def test_of_figures_without_room_the_name_gives_way_word_by_word_and_nothing_is_cut(qapp):
    measure = QFontMetrics(theme.sans_font(13))
    line = "simple facts, ensemble 0.03046 · error now 0.07"
    for wide in ("simple facts, ensemble 0.03046", "simple facts 0.03046", "simple 0.03046", "0.03046"):
        assert shortened(line, measure, measure.horizontalAdvance(wide)) == wide
    assert shortened(line, measure, measure.horizontalAdvance("0.03046") - 1) == ""


def test_the_search_field_says_as_much_as_has_room(qtbot):
    from PySide6.QtWidgets import QWidget

    from lab.widgets.palette import BESIDE, WORDS, Palette

    window = QWidget()
    qtbot.addWidget(window)
    field = Palette(lambda text: (), window)
    window.show()
    for words in (*WORDS, WORDS[0]):
        field.resize(field.fontMetrics().horizontalAdvance(words) + BESIDE, 30)
        assert field.placeholderText() == words


def test_names_of_bars_part_after_spaces_and_hyphens():
    assert parted("Hodgkin-Huxley", lambda text: len(text) < 9) == ["Hodgkin-", "Huxley"]
    assert parted("gated network", lambda text: len(text) < 9) == ["gated", "network"]
    assert parted("uncommonly long", lambda text: len(text) < 9) == []


def test_long_words_of_a_tool_tip_are_broken_into_lines():
    assert tip("short") == "short"
    assert tip("a < b " * 20).startswith("<p>a &lt; b")


def test_a_strip_is_named_by_its_symbol_first():
    assert strip_name("V (mV)", "Membrane") == ("V", "mV")
    assert strip_name("I", "Stimulus") == ("I", "stimulus") and strip_name("open", "Gates") == ("Gates", "open")


def test_a_probability_has_its_own_middle_on_a_diverging_map():
    assert levels_of(np.zeros((2, 2)), "diverging", (0.0, 1.0)) == (0.0, 1.0)
    assert levels_of(np.zeros((2, 2)), "diverging", (-0.2, 1.0)) == (-1.0, 1.0)


@pytest.fixture
def rig(qtbot):
    """The strips of a cell."""
    kept = []

    def made(name, **values):
        model = catalog.load(name)(**values)
        card = next(card for card in cards(arrange(model, 1200, 800).top) if card.strips is not None)
        view = view_of_card(card, model)
        qtbot.addWidget(view)
        view.resize(900, 600)
        kept.append(view)
        return view

    yield made
    kept.clear()


def test_a_level_that_can_be_dragged_is_named_in_the_gutter_and_a_stimulus_is_not(rig):
    view = rig("leaky-integrate-and-fire")
    names = [[end.text for end in grips.names()] for grips in view.grips]
    assert ["Threshold"] in names
    injected = next(grips for grips in view.grips if grips.draws)
    assert [end.text for end in injected.names()] in ([], ["Current"])


def test_rows_of_a_plane_go_up_and_those_of_a_table_down(qtbot):
    model = Gallery()
    plane = make(Picture("p", "P", (Layer("weights"),), x="x", y="y", x_range=(-1.0, 1.0), y_range=(-1.0, 1.0), equal=True), model)
    table = make(Picture("t", "T", (Layer("weights"),), x="to"), model)
    for view in (plane, table):
        qtbot.addWidget(view)
    assert not plane.field.yInverted() and table.field.yInverted()
    assert plane.up.isVisible() and not table.up.isVisible()  # rows that nobody has named have no numbers


def test_few_values_of_an_image_are_told_by_words(qtbot):
    view = make(Picture("k", "K", (Layer("weights"),), levels=(0.0, 1.0), key=((0.0, "shut"), (1.0, "open"))), Gallery())
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.refresh(run(50))
    assert [entry.text for entry in view.strip.entries] == ["shut", "open"] and view.strip.scale is None
    assert len({entry.colour for entry in view.strip.entries}) == 2


def test_numbers_along_an_axis_keep_apart(qtbot):
    view = make(Picture("V", "Membrane", (Layer("V"),), y="V (mV)", window=40.0), Gallery())
    qtbot.addWidget(view)
    measure = QFontMetrics(theme.mono_font(max(10, theme.current().caption - 1)))
    for size in (60.0, 120.0, 400.0):
        (spacing, _), *_ = view.across.tickSpacing(12_000.0, 12_200.0, size)
        assert spacing * size / 200.0 >= measure.horizontalAdvance("12 000")


def test_the_column_of_symbols_keeps_its_width_when_the_look_is_set_again(qtbot):
    form = ParameterForm(catalog.load("adaptive-exponential"))
    qtbot.addWidget(form)
    before = {name: row.symbol.minimumWidth() for name, row in form.rows.items() if row.spec.symbol}
    form.set_theme()
    assert {name: row.symbol.minimumWidth() for name, row in form.rows.items() if row.spec.symbol} == before
    reset = form.rows["V_reset"].symbol
    assert reset.minimumWidth() >= reset.sizeHint().width()


def test_bars_of_a_graph_are_named_by_its_units():
    model = catalog.load("computation-graph")()
    assert model.labels(model.build(0), "derivatives") == ("x1", "x2", "x3", "f1", "f2", "f3", "f4", "f5", "g")


def test_the_strip_of_a_clamped_cell_shows_both_levels_that_can_be_dragged(rig):
    view = rig("hodgkin-huxley", mode="voltage clamp")
    voltage = view.child("voltage") or view.children_shown[0]
    lo, hi = voltage._with_grips((0.0, 0.0))
    assert lo < voltage.model.hold and hi > voltage.model.command
    free = rig("hodgkin-huxley").children_shown[0]
    assert free._with_grips((-80.0, 40.0)) == (-80.0, 40.0)


def test_a_wire_of_the_canvas_has_a_true_minus_sign(qapp):
    from lab.graph.document import Graph
    from lab.widgets.networks.scene import NetworkScene

    kind = catalog.load("boolean-network")
    scene = NetworkScene()
    scene.show_graph(Graph.from_json(kind().graph))
    labels = {wire.label for wire in scene.edges.values()}
    assert "−1" in labels and "-1" not in labels
    scene.deleteLater()


def test_a_figure_that_had_no_room_comes_back_and_never_takes_that_of_the_title(qtbot):
    model = catalog.load("hebbian-learning")()
    card = PictureCard(make(next(p for p in model.pictures if p.name == "plane"), model))
    qtbot.addWidget(card)
    card.show()
    card.caption.set_text("400 points")
    card.set_figures({"angle to the principal component (°)": 1.3710123})
    seen = set()
    for width in (*range(300, 620, 20), 560, 430, 560):
        card.resize(width, 330)
        card._share()
        QApplication.processEvents()
        assert card.title.text() == card.view.picture.title
        seen.add((width, card.figures.text() != ""))
    assert {(300, False), (560, True)} <= seen and (560, False) not in seen


def test_cells_of_a_table_have_symbols_as_books_print_them_and_words_stay_words():
    cells = ["R (MOhm)", "tau_m (ms)", "V_th (mV)", "-30", "beta", "x-2", "alpha (a letter) of", -1.5]
    assert [cell_text(cell) for cell in cells] == [
        "R (MΩ)", "τ_m (ms)", "V_th (mV)", "−30", "beta", "x-2", "alpha (a letter) of", "−1.5",
    ]  # fmt: skip


def test_a_sentence_in_a_narrow_table_is_broken_into_lines_and_not_cut(qtbot):
    model = catalog.load("boolean-network")()
    view = make(next(p for p in model.pictures if p.name == "verdict"), model)
    qtbot.addWidget(view)
    view.show()
    for width in (210, 260, 420):
        view.resize(width, 240)
        view.rows.set_rows([{"output": "y", "verdict": "Not one gate: " + "the ones and the zeros mix to the same point " * 3}])
        view._fit_columns()
        assert sum(view.grid.columnWidth(k) for k in range(2)) <= view.grid.viewport().width() + 1


def test_what_is_counted_has_no_unit_of_time():
    model = catalog.load("impulse")()
    _, axis = time_axis(Picture("a", "A", (Layer("integral"),)), model, 10)
    assert axis.label == "pulses"
    _, axis = time_axis(Picture("a", "A", (Layer("integral"),), window=5.0), model, 10)
    assert axis.label == "pulses before now"


def test_places_of_bars_have_whole_numbers(qtbot):
    model = catalog.load("hopfield")()
    view = make(next(p for p in model.pictures if p.name == "overlaps"), model)
    qtbot.addWidget(view)
    for wide in (200.0, 900.0, 2000.0):
        assert all(spacing >= 1 for spacing, _ in view.across.tickSpacing(-0.6, 3.6, wide))


def test_words_beside_an_upright_line_stand_where_no_curve_runs():
    x = np.linspace(0.0, 300.0, 200)
    peak = np.stack([x, 190.0 - 0.01 * (x - 100.0) ** 2], axis=1)  # runs through the usual place of the words at 100
    assert clearest_height(peak, 110.0, -60.0, 16.0, 200.0) < 0.9
    assert clearest_height(peak[:0], 110.0, -60.0, 16.0, 200.0) == clearest_height(peak, 290.0, 10.0, 16.0, 200.0) == 0.92


def test_numbered_letters_within_words_are_printed_below():
    assert numbered("v2 where v1 rests") == "v₂ where v₁ rests"
    assert [numbered(text) for text in ("v1", "E 1", "F1", "b2b", "x10 and w3")] == ["v1", "E 1", "F1", "b2b", "x₁₀ and w₃"]


def test_of_a_cell_whose_clock_counts_seconds_the_pace_is_a_multiple_of_real_time():
    model = catalog.load("population-coding")()
    assert Speeds(model).text(10.0) == "10 × real time" and Speeds(catalog.load("hodgkin-huxley")()).text(200.0) == "0.2 × real time"


def test_a_curve_of_nothing_but_unknown_values_is_an_empty_picture(qtbot):
    model = catalog.load("bistability")(points=3, stair=20.0)
    moving = Simulation(model, 0)
    view = make(next(p for p in model.pictures if p.name == "chosen"), model)
    qtbot.addWidget(view)
    view.refresh(SimpleNamespace(
        model=model, step=1, version=1, summary={}, snapshot=moving.observe, samples=None, events=None, labels=lambda _: (),
    ))  # fmt: skip
    assert "Both cells at one current" in view.words


def test_figures_beside_a_choice_give_way_before_the_title_does(qtbot):
    model = catalog.load("spike-and-shape")()
    strips = next(card for card in cards(arrange(model, 1200, 800).top) if card.strips is not None)
    card = PictureCard(view_of_card(strips, model))
    qtbot.addWidget(card)
    card.show()
    card.set_figures(dict.fromkeys(card.view.picture.figures, 0.5889))
    seen = 0
    for width in range(360, 700, 12):
        card.resize(width, 330)
        QApplication.processEvents()
        if not card.view.choice.isHidden():
            seen += 1
            assert card.title.text() == card.view.picture.title
    assert seen > 5


def test_words_of_tables_of_formulas_are_printed_as_books_do():
    from lab.units import formula

    assert formula("h1^T delta2") == "h₁ᵀ δ₂"
    assert formula("dE/dW2") == "∂E/∂W₂" and formula("sigma'(z1) (delta2 W2^T)") == "σ′(z₁) (δ₂ W₂ᵀ)"
    assert formula("-t ln y") == "−t ln y" and formula("y^t") == "yᵗ"
    assert formula("slope of logistic") == "slope of logistic" and formula("layer 1") == "layer 1"


def test_numbers_in_the_words_of_a_table_have_a_true_minus_and_words_keep_their_hyphens():
    from lab.units import cell

    assert cell("-0.0143  +0.0100") == "−0.0143  +0.0100" and cell("-7") == "−7"
    assert cell("2-64-64-1") == "2-64-64-1" and cell("king - man") == "king - man" and cell("«-»") == "«-»"


def test_a_score_and_a_root_are_printed_as_books_do():
    from lab.units import figure, typeset

    assert figure("test R2", 0.5) == "test R² 0.5" and typeset("q.k / root of d") == "q.k / √d"


def test_the_number_of_a_figure_with_a_unit_is_never_cut(qapp):
    from PySide6.QtGui import QFontMetrics

    from lab.widgets import theme
    from lab.widgets.labels import shortened

    measure = QFontMetrics(theme.mono_font())
    for text, number in (("negative ELBO 24.85 nats · units 2", "24.85 nats"), ("points shown 1797 of 1797 · k 1", "1797 of 1797")):
        cut = shortened(text, measure, measure.horizontalAdvance(number) + 50)
        assert cut.endswith(number) and len(cut) < len(text)


def test_a_small_picture_of_nothing_but_axes_is_not_kept(qapp):
    from PySide6.QtGui import QColor, QImage, QPainter

    from lab.widgets.gallery import RATIO, THUMB, worth_keeping

    for name in ("dark", "light"):
        tokens = theme.apply(qapp, name).tokens
        image = QImage(THUMB * RATIO, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(QColor(tokens.background))
        painter = QPainter(image)
        painter.setPen(QColor(tokens.text))
        painter.drawText(2, 20, "10")
        painter.drawLine(0, 40, 70, 40)
        assert not worth_keeping(image)
        painter.setPen(QColor(tokens.series[0]))
        painter.drawLine(0, 10, 70, 30)
        painter.drawLine(0, 11, 70, 31)
        painter.end()
        assert worth_keeping(image)
        image.fill(QColor("#303030" if name == "light" else "#d0d0d0"))
        assert worth_keeping(image)
