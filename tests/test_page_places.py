"""Where names, numbers and cards stand on a page, and that none of them is cut, lies on a line or takes the place of what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QFont, QFontMetrics, QImage
from test_view import run

from lab import catalog, units
from lab.display.plots import Range
from lab.display.stage import arrange, boxes, cards
from lab.display.symbols import runs as letters
from lab.widgets import theme
from lab.widgets.gallery import small_picture, worth_keeping
from lab.widgets.labels import TwoLines
from lab.widgets.pictures.axis import TickAxis
from lab.widgets.pictures.ends import symbol_of
from lab.widgets.pictures.legend import Entry, Strip
from lab.widgets.pictures.strips import view_of_card
from lab.widgets.pictures.texts import place_in_full
from lab.widgets.runs import RunRow, shortest_told


@pytest.fixture
def page(qtbot):
    """A card of a model, drawn after so many steps, at a size of its own."""
    kept = []

    def make(name, card=None, size=(700, 420), steps=2000, **values):
        model = catalog.load(name)(**values)
        arranged = arrange(model, 1200, 800)
        each = [*cards(arranged.top), *cards(arranged.below)]
        view = view_of_card(next(c for c in each if (c.strips is not None if card is None else c.name == card)), model)
        qtbot.addWidget(view)
        view.resize(*size)
        view.show()
        source = run(steps, model)
        for _ in range(2):  # what is placed by sizes knows them the second time
            view.refresh(source, force=True)
        kept.append(view)  # the bot holds it weakly
        return view, source

    yield make
    kept.clear()


def test_a_label_beside_lines_goes_further_away_or_becomes_shorter_rather_than_lie_on_one():
    upright = np.array([(112.0, y) for y in range(0, 200, 2)])
    area = (0.0, 0.0, 130.0, 200.0)
    (_, left, top, form), *_ = place_in_full(np.array([[100.0, 100.0]]), [[(60.0, 28.0)]], area, 6.0, upright)
    assert form == 0 and left + 60.0 < 112.0
    between = np.concatenate([upright, [(x, y) for x in range(0, 130, 2) for y in (70.0, 118.0)]])
    (_, left, top, form), *_ = place_in_full(np.array([[100.0, 94.0]]), [[(60.0, 50.0), (40.0, 14.0)]], area, 6.0, between)
    assert form == 1 and 70.0 < top < top + 14.0 < 118.0


def test_in_a_low_picture_a_label_that_would_lie_on_a_line_is_left_out():
    lines = np.array([(x, y) for x in range(0, 100, 3) for y in range(0, 40, 3)], float)
    at, form = np.array([[50.0, 20.0]]), [[(40.0, 14.0)]]
    assert place_in_full(at, form, (0.0, 0.0, 100.0, 40.0), 6.0, lines) == []
    assert place_in_full(at, form, (0.0, 0.0, 100.0, 400.0), 6.0, lines)


def test_names_at_the_ends_are_symbols_where_books_print_one():
    assert [symbol_of(text) for text in ("α m", "tau_m", "x1", "α", "rate", "a b")] == ["α_{m}", "tau_m", "x_{1}", "α", "rate", "a b"]
    assert symbol_of("τ_m") == "τ_{m}"


def test_rows_of_a_strip_are_named_at_their_ends_like_the_lines_above_them(page):
    view, _ = page("temporal-code")
    spikes = view.child("spikes")
    assert [end.text for end in spikes.gutter.ends] == list(spikes.model.stream("spikes").channels)
    assert spikes.up.names == () and view._left < 140
    assert [end.at for end in spikes.gutter.ends] == list(range(6))


def test_the_grip_of_a_low_strip_stands_inside_it(page):
    view, _ = page("cell-in-space", size=(300, 150), steps=100)
    strip = view.child("I") or view.children_shown[-1]
    grips = next(g for g in view.grips if g.view is strip)
    (_, _), (low, high) = strip.field.viewRange()
    half = 6.0 * (high - low) / strip.field.height()
    assert strip.field.height() < 60
    for grip in grips.grips.values():
        if grip.isVisible() and not grip.upright:
            assert low + half <= grip.pos().y() <= high - half


def test_a_point_at_the_end_of_a_fixed_axis_is_whole(page):
    view, _ = page("activation-functions", "derivative", steps=5)
    (left, right), _ = view.field.viewRange()
    pixel = (right - left) / view.field.width()
    line = next(line for line in view._plot.lines if len(line.x) > 2)
    assert left <= line.x[0] - 5.5 * pixel and right >= line.x[-1] + 5.5 * pixel


def test_a_range_lets_go_of_what_a_run_did_at_first_only():
    fit = Range(patience=3)
    fit.follow(-0.6, 1.0)
    seen = [fit.follow(0.0, 1.0) for _ in range(200)]
    assert seen[3] == seen[0] and seen[-1][0] > -0.1
    kept = Range(patience=3)
    kept.follow(-0.1, 1.0)
    assert {kept.follow(0.0, 1.0) for _ in range(400)} == {kept.now}  # nearly full: it stays


def test_places_that_are_named_now_and_then_keep_all_their_names_where_there_is_room():
    axis = TickAxis("bottom")
    axis.names = tuple(f"{k / 10:.1f}" if k % 5 == 0 else "" for k in range(20))
    assert axis.tickValues(-0.5, 19.5, 220)[0][1] == [0.0, 5.0, 10.0, 15.0]
    assert axis.tickValues(-0.5, 19.5, 60)[0][1] == [0.0, 10.0]


def test_entries_of_a_legend_stand_closer_before_one_of_them_is_left_out(qtbot):
    strip = Strip()
    strip.set_name("gate")
    strip.set_entries(tuple(Entry(name, f"series{k}", dot=True) for k, name in enumerate(("shut", "open", "conducts"))))
    strip.set_most(1)
    measure = theme.text_width("gateshutopenconducts", theme.current().caption)
    strip.resize(measure + 110, 20)
    ((entries, left_out),) = strip._lines()
    assert len(entries) == 3 and left_out == 0
    strip.resize(measure + 300, 20)
    ((wide, _),) = strip._lines()
    assert wide[0][1] > entries[0][1]


def test_entries_that_have_no_room_beside_the_name_stand_below_it(qtbot):
    strip = Strip()
    strip.set_name("part of the channels")
    strip.set_entries(tuple(Entry(name, f"series{k}", dot=True) for k, name in enumerate(("counted", "expected"))))
    strip.resize(theme.text_width("part of the channelscounted", theme.current().caption) + 60, 40)
    strip.set_most(1)
    assert [(len(entries), left) for entries, left in strip._lines()] == [(0, 0), (2, 0)]


def test_the_figure_of_a_run_keeps_its_unit_where_its_name_leaves_room(qtbot):
    measure = QFontMetrics(QFont("sans", 10))
    row = RunRow(1, "Defaults", "rate 22.7 Hz", "22.7 Hz", bare="22.7")
    width = {text: measure.horizontalAdvance(text) for text in (row.figure, row.brief, row.bare)}
    assert shortest_told(row, measure, width[row.figure], width[row.figure]) == row.figure
    assert shortest_told(row, measure, width[row.brief], width[row.brief]) == row.brief
    assert shortest_told(row, measure, 0, width[row.bare]) == row.bare


def test_a_name_in_two_lines_keeps_its_descenders(qtbot):
    rows = {}
    for height in (30, 60):
        label = TwoLines("Na permeability")
        qtbot.addWidget(label)
        label.setFont(theme.sans_font(13))
        label.resize(80, height)
        image = label.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4).astype(int)
        inked = np.flatnonzero((np.abs(pixels - pixels[0, -1]).max(2) > 60).any(1))
        rows[height] = inked[-1] - inked[0]
    assert rows[30] >= rows[60] - 5  # the lines stand closer, and the second is whole


def test_an_ion_of_one_letter_stands_as_upright_as_the_others():
    assert [(run.text, run.italic) for run in letters("g_K")] == [("g", True), ("K", False)]
    assert letters("E_{Na}")[1].italic is letters("P_K")[1].italic is False
    assert letters("V_T")[1].italic and letters("K")[0].italic


def test_time_is_grouped_as_at_the_axis_of_time():
    assert units.grouped("4018.66") == "4018.66" and units.grouped("16042.7") == "16\N{NARROW NO-BREAK SPACE}042.7"


def test_choices_written_in_letters_are_read_as_words():
    from lab.widgets.fields.choice import choice_texts

    spec = catalog.load("leaky-integrate-and-fire").specs()["membrane"]
    assert choice_texts(spec) == ["resistance and time constant", "capacitance and leak"]
    assert spec.text("C and g_L") == "capacitance and leak"


@pytest.mark.parametrize("name", ["sound-localisation", "energy-of-a-code"])
def test_what_is_wider_than_high_has_the_whole_width(name):
    model = catalog.load(name)()
    arranged = arrange(model, 870, 760)
    (_, (_, _, wide, tall)), *_ = boxes(arranged.top, (0.0, 0.0, 870.0, 480.0), 8.0)
    assert wide > 1.5 * tall and arranged.below is not None


def test_small_pictures_show_what_lies_between_the_axes(page):
    view, source = page("temporal-code")
    highest = max(view.children_shown, key=lambda child: child.height())
    made = small_picture(view, source)
    assert worth_keeping(made) and made == small_picture(highest, source)
    assert worth_keeping(small_picture(view.child("spikes"), source))
