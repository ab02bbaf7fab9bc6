"""The form made from parameters, driven as a person does."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


import pytest

pytest.importorskip("PySide6")

from hypothesis import given, settings
from hypothesis import strategies as st
from picture_models import Gallery
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QKeyEvent, QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import QApplication

from lab.model import param
from lab.params import Described, Spec
from lab.widgets import theme
from lab.widgets.fields.choice import ComboField, SegmentField
from lab.widgets.fields.drawn import SAMPLES, merge_stroke
from lab.widgets.form import ParameterForm, shown_name
from lab.widgets.numbers import Scale, number_text


@pytest.fixture
def form(qtbot):
    made = ParameterForm(Gallery)
    qtbot.addWidget(made)
    made.resize(320, 900)
    made.show()
    for group in made.groups:
        group.set_open(True)
    made.heard = []
    made.edited.connect(lambda name, value: made.heard.append(("edited", name, value)))
    made.committed.connect(lambda name, value: made.heard.append(("committed", name, value)))
    return made


def spec(**known) -> Spec:
    return Spec(**{"name": "x", "kind": "float", "default": 1.0, "lo": 0.0, "hi": 10.0} | known)


@given(place=st.floats(0, 1), log=st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_slider_place_and_its_value_agree_to_a_thousandth(place, log):
    scale = Scale(spec(lo=0.01 if log else -5.0, hi=100.0, log=log))
    value = scale.value(place)
    assert scale.lo <= value <= scale.hi
    assert abs(scale.place(value) - place) < 2.1e-3


def test_the_ends_of_a_slider_are_exactly_the_bounds():
    for bounds in (dict(lo=0.123456, hi=7.654321), dict(lo=0.0, hi=3e-5), dict(lo=0.0, hi=50.0, log=True)):
        scale = Scale(spec(**bounds))
        assert (scale.value(0.0), scale.value(1.0)) == (bounds["lo"], bounds["hi"])


def test_steps_are_round_numbers_and_stop_at_the_bounds():
    scale = Scale(spec(lo=-100.0, hi=100.0))
    assert scale.stepped(0.0, 1) == 1.0
    assert scale.stepped(0.3, 1) == 1.0
    assert scale.stepped(0.0, -10) == -10.0
    assert scale.stepped(99.9, 10) == 100.0
    log = Scale(spec(lo=1e-5, hi=1.0, log=True))
    assert log.stepped(1e-3, 20) == pytest.approx(1e-2)


def test_whole_numbers_step_by_one_and_a_seed_has_no_slider():
    scale = Scale(spec(kind="int", default=3, lo=0, hi=20))
    assert scale.stepped(3, 1) == 4 and isinstance(scale.stepped(3, 1), int)
    assert not Scale(spec(kind="int", default=0, lo=0, hi=2**31 - 1)).slides
    log = Scale(spec(kind="int", default=1, lo=1, hi=100_000, log=True))
    assert log.stepped(1, 1) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(10.0, "10"), (0.1 + 0.2, "0.3"), (1e-6, "1 × 10⁻⁶"), (1234567.0, "1\u202f234\u202f567"), (-65.0, "−65"), (7, "7")]
)
def test_numbers_are_written_as_a_person_does(value, text):
    assert number_text(value) == text


def test_main_parameters_come_first_and_groups_follow(form):
    assert [row.spec.name for row in form.groups[0].rows] == ["rate", "shape"]
    assert [group.title for group in form.groups] == ["", "Wave", "Noise", "Files", "Drawn"]


def test_few_short_choices_stand_side_by_side_and_many_in_a_list(form):
    assert isinstance(form.rows["shape"].field, SegmentField)
    assert isinstance(form.rows["law"].field, ComboField)


def test_a_typed_number_with_its_unit_is_taken_over_on_enter(form, qtbot):
    box = form.rows["threshold"].field.box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0.75 mV")
    assert form.heard == []
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert form.heard == [("edited", "threshold", 0.75), ("committed", "threshold", 0.75)]
    assert box.text() == "0.75 mV"


def test_a_value_outside_its_bounds_is_explained_under_its_row_and_changes_nothing(form, qtbot):
    box = form.rows["threshold"].field.box
    box.selectAll()
    qtbot.keyClicks(box, "40")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    row = form.rows["threshold"]
    assert row.words.text() == "Threshold must be at most 2 mV (got 40 mV)."
    assert not row.words.isHidden() and box.property("invalid") is True
    assert form.heard == [] and form.model.threshold == 0.5
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert row.words.isHidden() and box.text() == "0.5 mV"


def test_words_instead_of_a_number_are_refused_in_place(form, qtbot):
    box = form.rows["threshold"].field.box
    box.selectAll()
    qtbot.keyClicks(box, "much")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert "must be a number" in form.rows["threshold"].words.text()


def test_escape_drops_what_was_typed_although_the_window_has_an_escape_of_its_own(form, qtbot):
    left = []
    shortcut = QShortcut(QKeySequence("Esc"), form)
    shortcut.activated.connect(lambda: left.append("left"))
    box = form.rows["threshold"].field.box
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    override.ignore()
    QApplication.sendEvent(box, override)
    assert not override.isAccepted()  # nothing to drop: the window's
    box.selectAll()
    qtbot.keyClicks(box, "0.9 0.5")
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert box.text() == "0.5 mV" and left == [] and not any(heard[0] == "committed" and heard[2] != 0.5 for heard in form.heard)
    box.selectAll()
    qtbot.keyClicks(box, "much")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert form.rows["threshold"].words.isHidden() and box.text() == "0.5 mV" and left == []


def test_a_double_click_selects_the_number_and_not_the_word_under_it(form, qtbot):
    box = form.rows["threshold"].field.box
    for x in (box.width() - 12, box.width() // 2, 8):  # over the unit, over the number, before it
        qtbot.mouseDClick(box, Qt.MouseButton.LeftButton, pos=QPoint(x, box.height() // 2))
        assert box.selectedText() == "0.5"
    qtbot.keyClicks(box, "0.75")
    assert box.text() == "0.75 mV"
    box.selectAll()
    qtbot.keyClicks(box, "much")  # no unit behind it: all of it
    qtbot.mouseDClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() // 2, box.height() // 2))
    assert box.selectedText() == "much"


def test_an_error_of_two_parameters_marks_both_rows(form, qtbot):
    box = form.rows["reset"].field.box
    box.selectAll()
    qtbot.keyClicks(box, "1")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    marked = [name for name, row in form.rows.items() if row.field.target.property("invalid")]
    assert sorted(marked) == ["reset", "threshold"]
    assert "below threshold" in form.rows["reset"].words.text()


def test_dragging_a_slider_speaks_at_each_move_and_commits_once(form, qtbot):
    slider = form.rows["threshold"].field.slider
    y = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, y))
    for x in range(slider.width() // 2, slider.width() - 8, 10):
        qtbot.mouseMove(slider, QPoint(x, y))
    moves = [entry for entry in form.heard if entry[0] == "edited"]
    assert len(moves) > 5 and not [e for e in form.heard if e[0] == "committed"]
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    committed = [e for e in form.heard if e[0] == "committed"]
    assert len(committed) == 1 and committed[0][2] == form.model.threshold == moves[-1][2]


def test_a_value_set_from_outside_does_not_move_a_slider_in_the_hand(form, qtbot):
    slider = form.rows["threshold"].field.slider
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 10, 5))
    held = slider.value()
    form.set_model(form.model.replace(threshold=0.1))
    assert slider.value() == held
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 10, 5))


def test_arrow_keys_step_and_commit_after_a_pause(form, qtbot):
    box = form.rows["threshold"].field.box
    box.setFocus()
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Up)
    assert form.model.threshold == pytest.approx(0.56)
    with qtbot.waitSignal(form.committed, timeout=3000) as caught:
        pass
    assert caught.args == ["threshold", pytest.approx(0.56)]


def wheel(target) -> QWheelEvent:
    at = QPointF(target.rect().center())
    return QWheelEvent(
        at,
        target.mapToGlobal(at),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def test_the_wheel_changes_only_what_has_the_focus(form, qtbot):
    box, slider = form.rows["threshold"].field.box, form.rows["threshold"].field.slider
    form.rows["rate"].field.box.setFocus()
    for target in (box, slider, form.rows["law"].field.combo):
        QApplication.sendEvent(target, wheel(target))
    assert form.heard == []
    form.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    QApplication.sendEvent(box, wheel(box))
    assert form.heard[0][:2] == ("edited", "threshold")


def test_the_dot_marks_a_changed_value_and_takes_it_back(form, qtbot):
    row = form.rows["threshold"]
    assert not row.dot.changed
    form.set_model(form.model.replace(threshold=1.5))
    assert row.dot.changed and "0.5 mV" in row.dot.toolTip()
    qtbot.mouseClick(row.dot, Qt.MouseButton.LeftButton)
    assert form.model.threshold == 0.5 and not row.dot.changed
    assert form.heard[-1] == ("committed", "threshold", 0.5)


def test_a_parameter_is_shown_only_while_it_means_something(form, qtbot):
    assert form.rows["duty"].isHidden()
    segments = form.rows["shape"].field
    qtbot.mouseClick(segments.group.button(1), Qt.MouseButton.LeftButton)
    assert form.model.shape == "square"
    assert not form.rows["duty"].isHidden()


def test_a_switch_and_a_list_commit_at_once(form, qtbot):
    qtbot.mouseClick(form.rows["noisy"].field.switch, Qt.MouseButton.LeftButton)
    combo = form.rows["law"].field.combo
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert [e for e in form.heard if e[0] == "committed"] == [("committed", "noisy", True), ("committed", "law", "Ornstein-Uhlenbeck")]


def test_rows_that_restart_the_run_say_so(form):
    assert not form.rows["cells"].restarts.isHidden()
    assert form.rows["threshold"].restarts.isHidden()
    assert "restarts the run" in form.rows["cells"].toolTip()


def test_projector_mode_keeps_the_parameters_of_the_lesson(form):
    form.set_projector(True)
    assert [name for name, row in form.rows.items() if not row.isHidden()] == ["rate", "shape"]
    form.set_projector(False)
    assert not form.rows["threshold"].isHidden()


def test_the_filter_finds_names_and_descriptions_in_folded_groups(form):
    for group in form.groups:
        group.set_open(False)
    form.set_filter("remark")
    visible = [name for name, row in form.rows.items() if row.isVisible()]
    assert visible == ["note"]
    form.set_filter("")
    assert not form.rows["note"].isVisible()


def test_a_folded_group_says_how_many_of_its_rows_are_changed(form):
    form.set_model(form.model.replace(threshold=1.0, reset=-1.0))
    form.groups[1].set_open(False)
    assert "2 changed" in form.groups[1].heading.text()


def test_every_editor_has_a_name_for_screen_readers(form):
    for name, row in form.rows.items():
        assert row.field.target.accessibleName(), name


def test_a_dropped_file_becomes_the_value(form, tmp_path):
    file = tmp_path / "wave.csv"
    file.write_text("0,1\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    field = form.rows["recording"].field
    field.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))
    assert form.model.recording == QUrl.fromLocalFile(str(file)).toLocalFile()


def test_a_stroke_replaces_what_lies_under_it():
    curve: dict[int, float] = {}
    merge_stroke(curve, (0.0, 0.0), (1.0, 1.0))
    assert len(curve) == SAMPLES + 1 and curve[SAMPLES // 2] == pytest.approx(0.5)
    merge_stroke(curve, (0.75, 0.0), (0.25, 0.0))
    assert curve[SAMPLES // 2] == 0.0 and curve[0] == 0.0 and curve[SAMPLES] == 1.0


def test_a_curve_drawn_on_the_sheet_becomes_the_value(form, qtbot):
    field = form.rows["drawn"].field
    field.open()
    dialog = field.dialog
    sheet = dialog.sheet
    sheet.clear()
    h = sheet.height()
    qtbot.mousePress(sheet, Qt.MouseButton.LeftButton, pos=QPoint(0, h // 2))
    qtbot.mouseMove(sheet, QPoint(sheet.width() - 1, 0))
    qtbot.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=QPoint(sheet.width() - 1, 0))
    dialog.accept()
    drawn = form.model.drawn
    assert len(drawn) > SAMPLES * 0.9
    assert drawn[0][1] == pytest.approx(0.0, abs=0.02) and drawn[-1][1] == pytest.approx(sheet.ends[3], abs=0.05)
    assert form.heard[-1][:2] == ("committed", "drawn")


def test_points_are_added_and_taken_away(form, qtbot):
    field = form.rows["samples"].field
    field.open()
    dialog, sheet = field.dialog, field.dialog.sheet
    sheet.label = 1.0
    qtbot.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(sheet.width() - 20, 10))
    assert len(sheet.points) == 2 and sheet.points[-1][2] == 1.0
    qtbot.mouseClick(sheet, Qt.MouseButton.RightButton, pos=QPoint(sheet.width() - 20, 10))
    assert len(sheet.points) == 1
    dialog.reject()
    assert form.heard == []


def test_a_matrix_is_edited_in_a_grid_that_refuses_words(form):
    field = form.rows["weights"].field
    assert field.button.text() == "2 × 2"
    field.open()
    dialog = field.dialog
    dialog.counts[0].setValue(3)
    dialog.grid.item(2, 1).setText("much")
    dialog._take()
    assert dialog.words.text() == "Row 3, column 2 must be a number (got 'much')."
    dialog.grid.item(2, 1).setText("-2.5")
    dialog._take()
    assert form.model.weights[2] == (0.0, -2.5)


def test_a_graph_asks_for_the_canvas(form, qtbot):
    with qtbot.waitSignal(form.graph_wanted) as caught:
        form.rows["network"].field.button.click()
    assert caught.args == ["network"]


def test_the_form_of_an_actions_arguments_is_the_same_form(qtbot):
    made = ParameterForm(Gallery.actions()["poke"].arguments)
    qtbot.addWidget(made)
    assert list(made.rows) == ["x", "y"]


def test_themes_and_projector_size_reach_a_form_that_is_open(form, qapp):
    usual = form.rows["threshold"].field.box.width()
    try:
        for name in ("light", "dark"):
            theme.apply(qapp, name, projector=True)
            assert form.rows["threshold"].field.box.font().pixelSize() == 18
            assert form.rows["threshold"].field.box.width() > 1.2 * usual
    finally:
        theme.apply(qapp, "dark")


class Plain(Described):
    """Nothing is main and nothing is grouped."""

    one: float = param(1.0, lo=0, hi=2, doc="One.")
    two: int = param(2, lo=0, hi=9, doc="Two.")


def test_a_form_is_gone_when_it_is_closed(qtbot):
    import shiboken6

    made = ParameterForm(Plain)
    qtbot.addWidget(made)
    row = made.rows["one"]
    made.close()
    made.deleteLater()
    qtbot.waitUntil(lambda: not shiboken6.isValid(row))
    theme.changes().changed.emit()


@pytest.mark.parametrize(
    "name, label, shown",
    [("dt", "", "dt"), ("tau_m", "", "τ_m"), ("t_ref", "", "t_ref"), ("n", "", "n"), ("rate", "", "Rate"), ("spike_level", "", "Spike level"), ("C", "Capacitance", "Capacitance")],
)  # fmt: skip
def test_symbols_are_named_as_the_equations_have_them_and_words_begin_with_a_capital(name, label, shown):
    described = type("Cell", (Described,), {"__annotations__": {name: "float"}, name: param(1.0, label=label, doc="Something.")})
    assert shown_name(described.specs()[name]) == shown


def test_a_button_of_a_row_keeps_room_for_its_icon_while_the_row_is_being_shown(form):
    from PySide6.QtWidgets import QToolButton

    row = next(row for row in form.rows.values() if row.field.findChildren(QToolButton))
    button = row.field.findChildren(QToolButton)[0]
    button.resize(29, 4)
    assert button.height() >= 20


def test_after_a_look_with_large_letters_the_symbols_take_no_more_room_than_before(qtbot):
    form = ParameterForm(type("Cell", (Described,), {
        "__annotations__": {"current": float}, "__module__": __name__, "__doc__": "A cell.",
        "current": param(1.0, "nA", lo=0.0, hi=9.0, symbol="I_0", doc="Current."),
    }))  # fmt: skip
    qtbot.addWidget(form)
    form.show()
    symbol = form.rows["current"].symbol
    before = symbol.width()
    form.rows["current"].show_symbol(5 * before)  # as in a look of larger letters
    form.set_theme()
    assert symbol.minimumWidth() == before
