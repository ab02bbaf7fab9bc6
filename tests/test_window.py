"""The window, driven as a person drives it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtWidgets import QFileDialog

from lab.engine import simulation as engine
from lab.engine.experiment import Experiment
from lab.engine.runner import RunFor, Seek
from lab.model import Happened, Model, Remedy
from lab.params import Described
from lab.session import Session
from lab.widgets import filing, theme
from lab.widgets.settings import Settings


def status(window):
    return window.player.status


def play_to(qtbot, window, step: int) -> None:
    """Play, and pause once `step` is passed."""
    window.driver.toggle()
    qtbot.waitUntil(lambda: status(window).step >= step, timeout=10_000)
    window.driver.toggle()
    qtbot.waitUntil(lambda: status(window).phase == "paused", timeout=5000)


def flat_out(window) -> None:
    window.transport.speed.setValue(window.transport.speed.maximum())


def test_the_window_shows_a_card_for_each_picture_and_a_row_for_each_parameter(open_window):
    window = open_window()
    assert list(window.workspace.docks) == ["strips", "profile"] and window.workspace.has("analysis")
    assert [name for name, _, _ in window.workspace.titles()] == ["x", "tens", "profile", "analysis"]
    assert all(window.workspace.view(name) is not None for name in ("x", "tens", "profile"))
    assert all(d.objectName() for d in window.workspace.docks.values())
    assert set(window.side.form.rows) == {"rate", "leak", "noise", "cells", "scale", "steps", "stop_at", "slow"}
    assert window.side.title.text() == "Leaking counter"


def test_workspaces_without_models_are_absent(open_window):
    from lab import catalog

    window = open_window()
    assert set(window.bar.panels) == {e.panel for e in catalog.entries()}


def test_space_plays_and_pauses(open_window, qtbot):
    window = open_window()
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: status(window).phase == "running" and status(window).step > 5)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: status(window).phase == "paused")


def test_a_full_stop_advances_one_step(open_window, qtbot):
    window = open_window()
    window.stage.setFocus()
    for expected in (1, 2):
        qtbot.keyClick(window.stage, Qt.Key.Key_Period)
        qtbot.waitUntil(lambda expected=expected: status(window).step == expected)


def test_a_click_on_play_runs_and_pictures_draw(open_window, qtbot):
    window = open_window()
    flat_out(window)
    qtbot.mouseClick(window.transport.play, Qt.MouseButton.LeftButton)
    view = window.workspace.view("x")
    qtbot.waitUntil(lambda: sum(map(len, view.table()[1])) > 20, timeout=5000)
    qtbot.mouseClick(window.transport.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(window).phase == "paused")


def test_dragging_a_live_parameter_changes_the_running_model_at_once_as_one_undo_step(open_window, qtbot):
    window = open_window()
    window.driver.toggle()
    run = None
    qtbot.waitUntil(lambda: status(window).step > 0)
    run = status(window).run_id
    for value in (2.0, 3.0, 4.0):
        window.side.edited.emit("rate", value)
    window.side.committed.emit("rate", 4.0)
    qtbot.waitUntil(lambda: status(window).model.rate == 4.0)
    assert status(window).run_id == run, "no new run for a live parameter"
    assert window.history.stack.count() == 1
    assert window.history.stack.undoText() == "Rate 1 → 4 mV"
    window.commands.actions["undo"].trigger()
    qtbot.waitUntil(lambda: status(window).model.rate == 1.0)
    window.commands.actions["redo"].trigger()
    qtbot.waitUntil(lambda: status(window).model.rate == 4.0)
    assert window.side.form.model.rate == 4.0


def test_two_drags_are_two_steps(open_window):
    window = open_window()
    window.tuning.change("rate", 2.0)
    window.tuning.change("rate", 3.0)
    assert window.history.stack.count() == 2


def test_moving_the_slider_of_the_form_reaches_the_model(open_window, qtbot):
    window = open_window()
    field = window.side.form.rows["noise"].field
    field.committed.emit(2.5)
    qtbot.waitUntil(lambda: status(window).model.noise == 2.5)


def test_a_parameter_that_is_not_live_begins_a_new_run_and_says_so(open_window, qtbot):
    window = open_window()
    play_to(qtbot, window, 20)
    first = status(window).run_id
    window.player._since -= 10.0  # it was looked at for a while
    window.tuning.change("cells", 5, final=False)
    assert window.document.experiment().parameters == {}, "not while it is dragged"
    window.tuning.change("cells", 5)
    qtbot.waitUntil(lambda: status(window).run_id not in (None, first))
    assert status(window).model.cells == 5
    assert "a new run has begun" in window.toast.words.text()
    qtbot.waitUntil(lambda: len(window.marks.rows()) == 2)


def test_an_impossible_value_is_explained_in_its_row(open_window):
    window = open_window()
    window.tuning.change("rate", 1e9)
    assert "must be at most" in window.side.form.rows["rate"].words.text()
    assert window.history.stack.count() == 0


def test_an_action_with_arguments_asks_and_then_does_it(open_window, qtbot):
    window = open_window()
    button = window.side.actions_box.buttons["kick"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    button.form.committed.emit("amplitude", 40.0)
    button._go()
    button.menu_open.close()
    qtbot.waitUntil(lambda: status(window).summary.get("kicks") == 1)
    assert window.player.runner.simulation.log[-1] == Happened(0, "act", "kick", {"amplitude": 40.0})
    assert "break_down" not in window.side.actions_box.buttons


def test_presets_set_their_values_and_are_recognised(open_window, qtbot):
    window = open_window()
    window.choose_preset("Fast growth")
    qtbot.waitUntil(lambda: status(window).model.rate == 5.0)
    assert window.side.preset.currentText() == "Fast growth"
    window.tuning.change("leak", 0.3)
    assert window.side.preset.currentText() == "Own values"
    window.history.stack.undo()
    window.history.stack.undo()
    assert window.side.preset.currentText() == "Defaults"


def test_a_preset_begins_a_run_of_its_own_though_all_its_values_could_change_live(open_window, qtbot):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 500)
    before = window.player.runner
    window.choose_preset("Fast growth")
    assert window.player.runner is not before
    qtbot.waitUntil(lambda: status(window).phase == "paused" and window.player.run_id is not None)
    assert status(window).step == 0 and status(window).model.rate == 5.0
    assert window.marks.rows()[0].name == "Fast growth"


def test_going_back_to_the_defaults_begins_one_run_that_plays(open_window, qtbot):
    window = open_window()
    for name, value in (("leak", 0.3), ("cells", 5)):  # one that could change live, one that could not
        window.tuning.change(name, value)
        qtbot.waitUntil(
            lambda name=name, value=value: (
                status(window) is not None and getattr(status(window).model, name) == value and window.player.run_id is not None
            )
        )
        before = window.player.run_id
        window.driver.reset_to_defaults()
        qtbot.waitUntil(lambda: status(window).phase == "running" and window.player.run_id is not None)
        assert window.player.run_id == before + 1
        assert window.document.experiment().parameters == {}


def test_seeking_back_shows_the_past_and_escape_returns(open_window, qtbot):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 500)
    window.driver.seek(100)
    qtbot.waitUntil(lambda: status(window).place == 100)
    qtbot.waitUntil(lambda: window.player.source.step == 100)
    window.workspace.refresh(window.player.source, (), 10)
    table = window.workspace.view("x").table()
    assert max(table[1][1]) == 100.0
    window.commands.leave()
    qtbot.waitUntil(lambda: status(window).place is None)


def test_playing_in_the_past_makes_a_branch_listed_as_a_run(open_window, qtbot):
    window = open_window()
    flat_out(window)
    window.tuning.change("rate", 3.0)
    play_to(qtbot, window, 500)
    first, end = status(window).run_id, status(window).step
    window.tuning.change("rate", 9.0)
    window.driver.seek(100)
    qtbot.waitUntil(lambda: status(window).place == 100)
    window.driver.run_for(50)
    qtbot.waitUntil(lambda: status(window).run_id != first and status(window).step == 150)
    assert window.session.run(first).steps == end
    assert (window.session.run(status(window).run_id).parent, window.session.run(status(window).run_id).parent_step) == (first, 100)
    qtbot.waitUntil(lambda: window.document.experiment().parameters == {"rate": 3.0}, timeout=3000)
    assert window.side.form.model.rate == 3.0, "the form shows the parameters of the past"


def test_a_remedy_branches_from_an_earlier_step_with_its_changes_and_goes_on(open_window, qtbot):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 500)
    first, end = status(window).run_id, status(window).step
    window.driver.toggle()
    qtbot.waitUntil(lambda: status(window).phase == "running")
    window.driver.remedy(Remedy("Branch at step 100, faster", {"rate": 9.0}, back_to=100))
    qtbot.waitUntil(lambda: status(window).run_id != first and status(window).phase == "running" and status(window).step > 150)
    branch = window.session.run(status(window).run_id)
    assert (branch.parent, branch.parent_step) == (first, 100) and window.session.run(first).steps >= end
    assert status(window).model.rate == 9.0
    qtbot.waitUntil(lambda: window.document.experiment().parameters == {"rate": 9.0}, timeout=3000)


def test_reset_begins_again_with_the_same_parameters(open_window, qtbot):
    window = open_window()
    window.tuning.change("rate", 2.0)
    play_to(qtbot, window, 10)
    first = status(window).run_id
    window.driver.reset()
    qtbot.waitUntil(lambda: status(window).run_id not in (None, first))
    assert status(window).step == 0 and status(window).model.rate == 2.0


def test_runs_are_overlaid_renamed_pinned_and_deleted_and_all_of_it_is_undone(open_window, qtbot):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 50)
    first = status(window).run_id
    window.tuning.change("rate", 2.0)  # a run in which nothing was done would not stay
    qtbot.waitUntil(lambda: len(status(window).log) == 1)  # changes that wait together are one
    window.tuning.change("rate", 1.0)
    qtbot.waitUntil(lambda: len(status(window).log) == 2)
    window.driver.reset(playing=False)
    qtbot.waitUntil(lambda: status(window).run_id not in (None, first))
    play_to(qtbot, window, 20)
    window.runs.overlay_toggled.emit(first)
    assert next(r for r in window.marks.rows() if r.id == first).overlaid
    qtbot.waitUntil(lambda: [o.name for o in window.player.overlays([(first, "Defaults")])] == ["Defaults"])  # its worker may still end
    window.runs.renamed.emit(first, "By hand")
    window.runs.pin_toggled.emit(first)
    assert window.marks.rows()[0].name == "By hand" and window.marks.rows()[0].pinned
    window.runs.deleted.emit(first)
    assert [r.id for r in window.marks.rows()] == [status(window).run_id]
    for _ in range(4):
        window.history.stack.undo()
    row = next(r for r in window.marks.rows() if r.id == first)
    assert (row.name, row.pinned, row.overlaid) == ("Defaults", False, False)


def test_an_overlay_is_the_whole_run_even_where_the_disk_is_slow(open_window, qtbot, monkeypatch):
    window = open_window()
    monkeypatch.setattr("lab.session.writer.COMMIT_SECONDS", 3600.0)  # nothing is committed unless somebody asks for it
    flat_out(window)
    window.driver.reset(playing=False)
    play_to(qtbot, window, 50)
    first, end = status(window).run_id, status(window).step
    for number, rate in enumerate((2.0, 1.0), 1):  # one after the other: changes that wait together become one
        window.tuning.change("rate", rate)
        qtbot.waitUntil(lambda number=number: len(status(window).log) == number)
    window.pulse.stop()  # nobody but this test asks
    with monkeypatch.context() as busy:
        busy.setattr(type(window.player.runner), "alive", property(lambda runner: True))
        window.driver.reset(playing=False)
        assert window.player.overlays([(first, "Defaults")]) == []  # it still hands over what it has
    qtbot.waitUntil(lambda: window.player.overlays([(first, "Defaults")]) != [])
    (over,) = window.player.overlays([(first, "Defaults")])
    assert over.source.end == end and len(over.source.samples("x", 0, end)[0]) == end


def test_a_divergence_is_said_in_the_window_with_ways_out(open_window, qtbot):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 50)
    window.tuning.change("leak", -1e6)
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.banner.isVisible() and "became infinite" in window.banner.words.text(), timeout=5000)
    from PySide6.QtWidgets import QPushButton

    buttons = {b.text(): b for b in window.banner.findChildren(QPushButton)}
    assert {"Back to the last good state", "Undo Leak 0 → −1 × 10⁶", "Reset to defaults"} <= set(buttons)
    qtbot.mouseClick(buttons["Undo Leak 0 → −1 × 10⁶"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(window).phase == "running" and status(window).model.leak == 0.0, timeout=5000)
    assert not window.banner.isVisible()


def test_notes_are_kept_and_undone(open_window):
    window = open_window()
    window.side.notes.editor.setPlainText("# Seen\nIt grows.")
    assert window.session.notes == "# Seen\nIt grows."
    window.history.stack.undo()
    assert window.session.notes == "" == window.side.notes.editor.toPlainText()


def test_saved_and_reopened_everything_is_as_it_was(open_window, qtbot, tmp_path, counter):
    window = open_window()
    flat_out(window)
    window.tuning.change("rate", 2.0)
    window.side.notes.editor.setPlainText("A note.")
    play_to(qtbot, window, 300)
    run, end = status(window).run_id, status(window).step
    window.commands.save_to(str(tmp_path / "mine.lab"))
    assert not window.isWindowModified()
    window.close()
    assert window.finish()
    again = open_window(session=Session.open(tmp_path / "mine.lab"))
    assert not again.session.recovered
    assert (status(again).run_id, status(again).step) == (run, end)
    assert again.side.form.model.rate == 2.0
    assert again.side.notes.editor.toPlainText() == "A note."
    again.workspace.refresh(again.player.source, (), 10)
    assert max(again.workspace.view("x").table()[1][1]) == 2.0 * end


def test_saving_suggests_a_name(open_window, tmp_path):
    window = open_window(model="membrane-pump")

    def suggested() -> str:
        window.commands.save_as()
        dialog = window.findChild(QFileDialog)
        name = Path(dialog.selectedFiles()[0]).name
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.close()
        dialog.setParent(None)
        return name

    assert suggested() == "membrane-pump.lab"
    window.commands.save_to(str(tmp_path / "mine.lab"))
    assert suggested() == "mine.lab"


def test_a_run_goes_on_playing_through_save_as_in_the_same_recording(open_window, qtbot, tmp_path):
    window = open_window(playing=True)
    flat_out(window)
    qtbot.waitUntil(lambda: status(window).step > 200)
    run = status(window).run_id
    window.commands.save_to(str(tmp_path / "live.lab"))
    qtbot.waitUntil(lambda: status(window) is not None and status(window).phase == "running" and status(window).run_id == run, timeout=5000)
    at = status(window).step
    qtbot.waitUntil(lambda: status(window).step > at + 100)
    window.driver.toggle()
    qtbot.waitUntil(lambda: status(window).phase == "paused")
    window.session.flush()
    steps, rows = window.session.reader().samples(run, "x")
    assert np.array_equal(steps, np.arange(1, status(window).step + 1))
    assert np.array_equal(rows[:, 0], steps.astype(float))


def test_a_reopened_run_goes_on_from_its_end(open_window, qtbot, tmp_path):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 100)
    run, end = status(window).run_id, status(window).step
    window.commands.save_to(str(tmp_path / "a.lab"))
    window.close()
    window.finish()
    again = open_window(session=Session.open(tmp_path / "a.lab"))
    again.driver.run_for(50)
    qtbot.waitUntil(lambda: status(again).step == end + 50, timeout=5000)
    assert status(again).run_id == run
    assert again.player.runner.simulation.state["x"][0] == end + 50


def test_a_session_made_in_the_window_replays_headless_to_the_same_bytes(open_window, qtbot, tmp_path):
    window = open_window()
    flat_out(window)
    window.tuning.change("noise", 1.5)
    window.driver.toggle()
    for value, least in ((3.0, 100), (0.5, 300)):
        qtbot.waitUntil(lambda least=least: status(window).step > least)
        window.tuning.change("rate", value)
        window.driver.act("kick", {})
    qtbot.waitUntil(lambda: status(window).changes >= 5)
    window.driver.toggle()
    qtbot.waitUntil(lambda: status(window).phase == "paused")
    run, end = status(window).run_id, status(window).step
    path = tmp_path / "replay.lab"
    window.commands.save_to(str(path))
    window.close()
    window.finish()
    with Session.open(path) as session:
        experiment = Experiment.from_dict(session.run(run).experiment)
        reader = session.reader()
        log = tuple(Happened(e.step, e.kind, e.name, e.payload) for e in reader.log(run))
        again = engine.run(experiment.build(), end, seed=experiment.seed, schedule=log)
        assert np.array_equal(reader.samples(run, "x")[1], again["x"])
        assert reader.samples(run, "x")[1].tobytes() == again["x"].tobytes()


def test_a_session_open_elsewhere_is_refused_with_a_sentence(open_window, tmp_path):
    with Session.create(tmp_path / "held.lab"):
        window = open_window()
        window.commands.open_path(str(tmp_path / "held.lab"))
        assert "already open" in window.banner.words.text()
        assert filing.is_untitled(window.session.path)


def test_a_session_that_was_not_closed_is_recovered_and_said(open_window, qtbot, tmp_path):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 100)
    window.session.flush()
    import shutil

    crashed = filing.untitled_folder() / "crashed.lab"
    for ending in ("", "-wal", "-shm"):
        source = window.session.path.with_name(window.session.path.name + ending)
        if source.exists():
            shutil.copy(source, crashed.with_name(crashed.name + ending))
    assert filing.find_interrupted() == crashed
    again = open_window(session=Session.open(crashed))
    assert "recovered" in again.banner.words.text()
    assert status(again).step > 0


def test_an_unnamed_session_is_on_disk_from_the_first_second_and_leaves_nothing_when_unused(open_window):
    window = open_window()
    path = window.session.path
    assert path.is_file() and filing.is_untitled(path)
    window.close()
    window.finish()
    assert not path.exists()


def test_closing_while_it_runs_hides_at_once_and_loses_nothing(open_window, qtbot, tmp_path):
    window = open_window(playing=True)
    window.commands.save_to(str(tmp_path / "closing.lab"))
    flat_out(window)
    qtbot.waitUntil(lambda: status(window) is not None and status(window).step > 300, timeout=5000)
    run, seen = status(window).run_id, status(window).step
    window.close()
    assert not window.isVisible()
    assert window.finish()
    with Session.open(tmp_path / "closing.lab") as session:
        assert not session.recovered
        info = session.run(run)
        assert info.steps >= seen and info.state == "stopped"
        assert len(session.reader().samples(run, "x")[0]) == info.steps


def test_the_key_for_one_picture_fills_the_place_with_the_strips_that_a_strip_belongs_to(open_window):
    window = open_window()
    window.workspace.fill("x")
    assert window.workspace.filled == "strips" and window.workspace.docks["profile"].isHidden()
    window.workspace.fill("x")
    assert not window.workspace.filled and not window.workspace.docks["profile"].isHidden()


def test_a_double_click_on_a_title_fills_the_place_and_back(open_window, qtbot):
    window = open_window()
    dock = window.workspace.docks["profile"]
    qtbot.mouseDClick(dock.card.header, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert [n for n, d in window.workspace.docks.items() if not d.isHidden()] == ["profile"]
    window.commands.leave()
    assert all(not d.isHidden() for d in window.workspace.docks.values())


def test_hidden_pictures_are_not_watched(open_window, qtbot):
    window = open_window()
    qtbot.waitUntil(lambda: window.player.runner._watch == {"x", "tens", "profile"}, timeout=3000)
    window.workspace.docks["profile"].hide()
    qtbot.waitUntil(lambda: window.player.runner._watch == {"x", "tens"}, timeout=3000)


def test_an_arrangement_is_restored_with_the_session(open_window, qtbot, tmp_path):
    window = open_window()
    window.workspace.docks["profile"].toggleViewAction().trigger()
    window.commands.save_to(str(tmp_path / "layout.lab"))
    play_to(qtbot, window, 5)
    window.close()
    window.finish()
    again = open_window(session=Session.open(tmp_path / "layout.lab"))
    assert again.workspace.docks["profile"].isHidden()
    assert not again.workspace.docks["strips"].isHidden()


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700)])
@pytest.mark.parametrize("projector", [False, True])
def test_text_never_widens_the_window(open_window, qtbot, size, projector):
    window = open_window()
    window.set_look(projector=projector)
    window.banner.say("bad", "A sentence that goes on and on. " * 12, [("A way out", window.driver.reset)], key="x")
    window.resize(*size)
    qtbot.waitUntil(lambda: window.minimumSizeHint().width() <= size[0], timeout=5000)  # the cards stand anew a moment later
    assert (window.width(), window.height()) == size


def test_the_theme_changes_everywhere_and_is_remembered(open_window):
    window = open_window()
    window.commands.actions["theme"].trigger()
    assert theme.current().tokens.name == "light"
    assert Settings().get("theme", "dark") == "light"
    window.commands.actions["theme"].trigger()
    assert theme.current().tokens.name == "dark"


def test_help_shows_equations_parameters_and_shortcuts(open_window):
    window = open_window()
    window.commands.actions["help"].trigger()
    page = window.commands._help.page
    text = page.toPlainText()
    assert "Leaking counter" in text and "Part that is lost at each step." in text
    assert "\ufffc" in text, "the equation is there as an image"
    window.commands.actions["shortcuts"].trigger()
    assert "Play or pause" in page.toPlainText()
    window.commands._help.close()


def test_help_links_back_to_lessons_and_statements_of_the_course(open_window, monkeypatch):
    window = open_window()
    window.commands.actions["help"].trigger()
    page = window.commands._help
    assert "Statements of the course" not in page.page.toPlainText(), "a file of one's own is in no lesson"
    page.show_model("hopfield")
    text = page.page.toPlainText()
    assert "A memory that completes" in text and "Each x xᵀ has rank one" in text
    assert "Learn by showing, biases too" in text, "the preset in which a statement is seen"
    begun: list[str] = []
    monkeypatch.setattr(window.course, "begin_named", begun.append)
    page.page.anchorClicked.emit(QUrl("lesson:a-memory-that-completes"))
    assert begun == ["a-memory-that-completes"]
    page.close()


def test_compare_shows_what_differs_and_what_came_out(open_window, qtbot):
    window = open_window()
    play_to(qtbot, window, 10)
    first = status(window).run_id
    window.player._since -= 10.0  # it was looked at for a while
    window.tuning.change("cells", 5)
    qtbot.waitUntil(lambda: status(window).run_id not in (None, first) and status(window).phase == "paused")
    play_to(qtbot, window, 10)
    window.commands.compare()
    table = window.commands._compare.table
    assert [table.verticalHeaderItem(y).text() for y in range(table.rowCount())] == ["Cells", "x (mV)", "kicks"]
    assert {table.item(0, 0).text(), table.item(0, 1).text()} == {"3", "5"}
    window.commands._compare.close()


def test_compare_shows_what_was_changed_while_a_run_went_on(open_window, qtbot):
    window = open_window()
    play_to(qtbot, window, 10)
    first = status(window).run_id
    window.tuning.change("rate", 4.5)
    qtbot.waitUntil(lambda: status(window).model.rate == 4.5)
    assert status(window).run_id == first, "a live change begins no other run"
    window.tuning.change("cells", 5)
    qtbot.waitUntil(lambda: status(window).run_id not in (None, first) and status(window).phase == "paused")
    play_to(qtbot, window, 10)
    window.commands.compare()
    table = window.commands._compare.table
    shown = {
        table.verticalHeaderItem(y).text().split(" (")[0]: {table.item(y, x).text() for x in range(2)} for y in range(table.rowCount())
    }
    window.commands._compare.close()
    assert {len(text.split(" → ")) for text in shown["Rate"]} == {1, 2} and any(text.endswith("→ 4.5") for text in shown["Rate"]), shown


def test_a_small_picture_is_drawn_in_a_process_of_its_own_while_nothing_else_goes_on(open_window, qtbot, counter, monkeypatch, tmp_path):
    from lab import catalog

    small = "membrane-pump"  # a child runs no model file of a person's own
    entry = catalog.Entry(small, "neurons", "Leaking counter", "Tests", "mdi6.counter", 1, "", "A number.")
    window = open_window()
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    monkeypatch.setattr(window.gallery, "file_of", lambda model: tmp_path / "thumbnail.png")
    window.gallery.show_panel("neurons", small)
    window.gallery.forget_thumbnail(small)
    assert window.gallery.thumbnail(small) is None
    window.gallery.forget_thumbnail(small)
    window.thumbnails._look()
    qtbot.waitUntil(lambda: window.thumbnails._process is None, timeout=90_000)
    assert window.gallery.thumbnail(small) is not None


def test_a_process_that_draws_ends_with_the_one_that_started_it_also_if_that_is_killed():
    import subprocess

    from lab.sources import child_command

    code = "from lab.sources import end_with_parent; end_with_parent(); import time; print('drawing', flush=True); time.sleep(600)"
    child = subprocess.Popen(child_command(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline() == b"drawing\n" and child.poll() is None
    child.stdin.close()  # as the system does when the parent is killed
    assert child.wait(60) == 1
    child.stdout.close()


def test_closing_the_window_ends_a_drawing_that_goes_on(open_window, qtbot):
    window = open_window()
    window.thumbnails._draw("membrane-pump")
    process = window.thumbnails._process
    window.close()
    assert window.thumbnails._process is None
    from PySide6.QtCore import QProcess

    assert process.state() == QProcess.ProcessState.NotRunning


def test_the_spikes_of_a_run_are_saved_as_sound(open_window, qtbot, tmp_path):
    window = open_window()
    flat_out(window)
    play_to(qtbot, window, 50)
    row = window.marks.rows()[0]
    qtbot.waitUntil(lambda: window.runs.audible)
    offered = {entry.text(): entry.isEnabled() for entry in window.runs.menu(row).actions()}
    assert offered["Save its spikes as sound…"]
    window.commands.sound_to(row.id, str(tmp_path / "spikes.wav"))
    assert (tmp_path / "spikes.wav").stat().st_size > 1000 and "spikes.wav" in window.toast.words.text()
    window.commands.sound_to(row.id, str(tmp_path / "spikes.ogg"))
    assert "WAV" in window.banner.words.text()


def test_a_step_of_a_drag_builds_at_most_four_models(open_window, qtbot, monkeypatch):
    window = open_window()
    leak = window.side.form.rows["leak"].field
    leak.committed.emit(0.5)  # the first change names the presets, once
    qtbot.waitUntil(lambda: status(window).model.leak == 0.5)
    built, make = [], Described.__init__

    def counted(self, **values):
        make(self, **values)
        if isinstance(self, Model):
            built.append(type(self).__name__)

    monkeypatch.setattr(Described, "__init__", counted)
    leak.edited.emit(0.25)
    qtbot.waitUntil(lambda: status(window).model.leak == 0.25)
    qtbot.wait(100)
    assert 1 <= len(built) <= 4, built


def test_headers_pictures_and_the_line_below_tell_of_one_moment(open_window, qtbot, monkeypatch):
    from dataclasses import replace
    from itertools import count

    from lab.display.moment import Moment
    from lab.engine.runner import Runner
    from lab.widgets.pictures.card import PictureCard
    from lab.widgets.pulse import Pulse
    from lab.widgets.window import LINE_EVERY

    window = open_window()
    play_to(qtbot, window, 5)
    qtbot.waitUntil(lambda: window.transport.time.text() == window.transport.time_text(status(window).step))
    window.pulse.stop()
    cards = len(window.workspace.visible_cards())
    for _ in range(cards + 1):  # whatever was going on is drawn to its end: the next beat takes another moment
        window._beat()
    # A run that is somewhere else whenever it is asked.
    changing, runner, seen = count(1), window.player.runner, []
    monkeypatch.setattr(
        Runner,
        "status",
        property(
            lambda self: replace(self.__dict__["status"], summary={"x (mV)": float(next(changing))}),
            lambda self, value: self.__dict__.__setitem__("status", value),
        ),
        raising=False,
    )
    monkeypatch.setattr(PictureCard, "set_figures", lambda self, summary: seen.append(("header", summary["x (mV)"])))
    monkeypatch.setattr(window.transport, "show_status", lambda now, *a, **k: seen.append(("line", now.summary["x (mV)"])))
    monkeypatch.setattr(Pulse, "most", 1)  # pictures take turns
    runner.ring.show(runner.status.step, {})
    window._beats = LINE_EVERY * (window._beats // LINE_EVERY)  # the next one tells the line
    taken, take = [], Moment.take
    monkeypatch.setattr(Moment, "take", lambda self: (taken.append(1), take(self)))
    for _ in range(cards):
        window._beat()
    told = {value for _, value in seen}
    assert cards > 1 and len(taken) == 1 and len(told) == 1, seen
    assert sorted(name for name, _ in seen) == ["header"] * cards + ["line"]


def drawn(window) -> list[tuple[float, float]]:
    """What the card of the trace draws now: time and value."""
    source, _ = window.player.frame()
    steps, rows = source.samples("x", 0, source.step)
    return list(zip(steps.tolist(), rows[:, 0].tolist(), strict=True))


def test_curves_begin_before_a_save_under_another_name_and_before_a_branch(open_window, qtbot, tmp_path):
    window = open_window()
    flat_out(window)
    window.driver.run_for(100)
    qtbot.waitUntil(lambda: status(window).step == 100 and status(window).phase == "paused", timeout=5000)
    end = 100
    window.commands.save_to(str(tmp_path / "saved.lab"))
    qtbot.waitUntil(lambda: status(window) is not None and status(window).phase == "paused", timeout=5000)
    window.driver.run_for(50)
    qtbot.waitUntil(lambda: status(window).step == end + 50 and status(window).phase == "paused", timeout=5000)
    window._beat()
    assert drawn(window) == [(k, float(k)) for k in range(1, end + 51)]
    steps = window.player.source.events("tens", 0)[0]
    assert len(steps) and steps[0] < 100 and list(steps) == sorted(steps)
    # A branch from the past, live, and of that another one: both begin with what they left.
    for place, more in ((60, 30), (80, 15)):
        window.player.send(Seek(place))
        window.player.send(RunFor(more))
        qtbot.waitUntil(lambda last=place + more: status(window).step == last and status(window).phase == "paused", timeout=5000)
        window._beat()
        assert drawn(window) == [(k, float(k)) for k in range(1, place + more + 1)]
    # And so they do when they are looked at later.
    run = status(window).run_id
    window.player.look(run)
    assert drawn(window) == [(k, float(k)) for k in range(1, 96)]
