"""What a person does in pictures and with the seed: it reaches the run, the form, the document and undo."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt

from lab.session import Session


def log(window):
    return window.player.runner.simulation.log


def view(window, name: str):
    return window.workspace.view(name)


def test_turning_the_source_shows_in_form_and_document_as_one_undo_step(open_window, qtbot):
    window = open_window("sound-localisation")
    window.driver.act("point_at", {"x": 1.0, "y": 1.0})
    window.driver.act("point_at", {"x": -1.0, "y": 1.0})
    qtbot.waitUntil(lambda: window.side.form.model.angle == pytest.approx(-45.0), timeout=5000)
    assert window.document.experiment().parameters["angle"] == pytest.approx(-45.0)
    assert window.history.stack.count() == 1
    assert window.history.stack.undoText() == "Point the source"
    window.history.stack.undo()
    qtbot.waitUntil(lambda: window.player.status.model.angle == 30.0, timeout=5000)
    assert window.side.form.model.angle == 30.0 and window.document.experiment().parameters == {}
    window.history.stack.redo()
    qtbot.waitUntil(lambda: window.player.status.model.angle == pytest.approx(-45.0), timeout=5000)


def test_after_an_action_a_parameter_still_follows_the_form(open_window, qtbot):
    window = open_window("sound-localisation")
    window.driver.act("point_at", {"x": -1.0, "y": 1.0})
    qtbot.waitUntil(lambda: window.side.form.model.angle == pytest.approx(-45.0), timeout=5000)
    window.tuning.change("angle", 10.0)
    qtbot.waitUntil(lambda: window.player.status.model.angle == 10.0, timeout=5000)
    qtbot.wait(100)
    assert window.side.form.model.angle == 10.0
    assert window.history.stack.count() == 2


def test_another_seed_begins_a_new_run_and_is_undone(open_window, qtbot, counter):
    window = open_window(counter)
    first = window.player.status.run_id
    window.side.run.spin.setValue(7)
    qtbot.waitUntil(lambda: window.player.status.run_id not in (None, first), timeout=5000)
    assert window.player.runner.experiment.seed == 7
    assert window.history.stack.undoText() == "Seed 0 → 7"
    assert "new run" in window.toast.words.text()
    window.history.stack.undo()
    assert window.document.experiment().seed == 0 == window.side.run.spin.value()
    assert window.player.runner.experiment.seed == 0


def test_the_die_throws_another_seed(open_window, qtbot, counter):
    window = open_window(counter)
    qtbot.mouseClick(window.side.run.dice, Qt.MouseButton.LeftButton)
    seed = window.document.experiment().seed
    assert seed != 0 and window.side.run.spin.value() == seed


def test_models_with_spikes_have_an_analysis_that_is_computed_only_when_seen(open_window, qtbot, counter):
    window = open_window(counter)
    assert window.workspace.has("analysis") and window.workspace.drawers.drawers.opened == ""
    card = window.workspace.card("analysis")
    window.tuning.change("rate", 0.5)
    window.driver.run_for(2000)
    qtbot.waitUntil(lambda: window.player.status.step == 2000, timeout=10_000)
    qtbot.wait(300)
    assert card not in window.workspace.visible_cards() and card.view.curve is None
    window.workspace.bring("analysis")
    # 0.5 a step and 0.5 ms a step: ten is passed each 10 ms.
    qtbot.waitUntil(lambda: card.view.curve is not None, timeout=30_000)
    assert card.view.curve.figures["mean interval (ms)"] == pytest.approx(10.0)


def click_into(qtbot, window, name: str) -> None:
    """A click with the mouse into the middle of a picture, once it is drawn."""
    window.workspace.bring(name)
    seen = window.workspace.view(name)
    qtbot.waitUntil(
        lambda: seen in [c.view for c in window.workspace.visible_cards()] and seen._drawn is not None and not seen.words, timeout=10_000
    )
    qtbot.wait(50)
    viewport = seen.canvas.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=seen.canvas.mapFromScene(seen.field.sceneBoundingRect().center()))


@pytest.mark.parametrize(("model", "kind"), [("perceptron", "click"), ("hopfield", "paint"), ("mlp", "paint")])
def test_a_click_into_a_picture_acts_on_the_run_and_changes_its_state(open_window, qtbot, model, kind):
    window = open_window(model)
    picture = next(p for p in window.player.status.model.pictures if getattr(p, kind))
    before = {k: v.copy() for k, v in window.player.runner.simulation.state.items()}
    click_into(qtbot, window, picture.name)
    qtbot.waitUntil(lambda: any(h.kind == "act" and h.name == getattr(picture, kind) for h in log(window)), timeout=5000)
    state = window.player.runner.simulation.state
    if model == "perceptron":
        # Its points are a parameter: they go where a person can undo them.
        qtbot.waitUntil(lambda: "points" in window.document.experiment().parameters, timeout=5000)
        assert window.history.stack.count() == 1
    else:
        assert any(not np.array_equal(before[k], state[k]) for k in before)


def test_a_session_of_the_command_line_shows_its_last_run_at_its_end_and_goes_on(open_window, qtbot, tmp_path, counter):
    path = tmp_path / "run.lab"
    lab_run(counter, path)
    window = open_window(session=Session.open(path))
    status = window.player.status
    assert (status.step, status.phase) == (400, "finished")
    assert window.side.form.model.rate == 3.0 and window.document.experiment().seed == 5 == window.side.run.spin.value()
    window.workspace.refresh(window.player.source, (), 10)
    assert max(window.workspace.view("x").table()[1][1]) == 1200.0
    window.driver.seek(100)
    window.driver.run_for(10)
    qtbot.waitUntil(lambda: window.player.status.step == 110, timeout=5000)
    branch = window.session.run(window.player.status.run_id)
    assert branch.parent_step == 100
    window.driver.reset(playing=True)
    qtbot.waitUntil(lambda: window.player.status.phase == "finished", timeout=10_000)
    assert window.player.status.step == 400, "replayed as it was asked for on the command line"


def test_a_session_whose_model_is_gone_says_so_in_one_sentence(open_window, qtbot, tmp_path, counter):
    import shutil

    own = tmp_path / "own_model.py"
    shutil.copy(counter, own)
    path = tmp_path / "run.lab"
    lab_run(str(own), path)
    own.unlink()
    from lab import catalog

    catalog._opened.clear()
    window = open_window(session=Session.open(path))
    assert "own_model.py" in window.banner.words.text() and "is not there" in window.banner.words.text()
    assert window.document.model == "hodgkin-huxley", "something is in front all the same"


def lab_run(model: str, path) -> None:
    """A session file as the command line makes it."""
    import lab

    lab.run(model, rate=3.0, steps=400, seed=5).save(path)


def test_many_actions_leave_the_height_to_the_parameters(open_window, qtbot):
    window = open_window("mlp")
    window.resize(1024, 700)
    box = window.side.actions_box
    seen = [b for b in box.buttons.values() if not b.isHidden()]
    assert len(seen) + len(box.more.menu().actions()) == len(box.buttons)
    qtbot.waitUntil(lambda: box.height() < window.side.form.height(), timeout=3000)
    own = type(window.player.model).actions()
    hidden = next(n for n, b in box.buttons.items() if n in own and b.isHidden() and not b.action.arguments.specs())
    text = box.buttons[hidden].text()
    next(a for a in box.more.menu().actions() if a.text() == text).trigger()
    qtbot.waitUntil(lambda: any(h.name == hidden for h in log(window)), timeout=5000)


def test_another_model_runs_although_pictures_of_the_last_one_were_watched(open_window, qtbot, counter):
    window = open_window(counter)
    qtbot.waitUntil(lambda: window.player.runner._watch >= {"x", "profile"}, timeout=5000)
    window.choose_model("perceptron")
    qtbot.waitUntil(lambda: window.player.status.phase in ("running", "finished"), timeout=30_000)
    assert window.player.status.error == ""
    window.choose_model(counter)
    qtbot.waitUntil(lambda: window.player.status.phase == "running" and window.player.status.step > 3, timeout=10_000)


def test_curves_that_are_stored_only_at_the_end_are_drawn_in_the_past_too(open_window, qtbot, counter):
    window = open_window(counter)
    qtbot.waitUntil(lambda: "profile" in window.player.runner._watch, timeout=5000)
    window.driver.run_for(50)  # less than the interval at which the profile is recorded
    qtbot.waitUntil(lambda: window.player.status.step == 50, timeout=10_000)
    window.driver.seek(20)
    qtbot.waitUntil(lambda: window.player.status.place == 20, timeout=5000)
    assert window.player.source.step == 20
    assert window.player.source.snapshot("profile") is not None


def test_a_file_of_vectors_dropped_on_the_window_becomes_a_map_and_a_text_is_learnt(open_window, qtbot, tmp_path, monkeypatch):
    from PySide6.QtCore import QMimeData, QPointF, QUrl
    from PySide6.QtGui import QDropEvent

    (tmp_path / "v.vec").write_text("6 2\n" + "".join(f"w{k} {k} {k * k}\n" for k in range(6)))
    (tmp_path / "t.txt").write_text("Rain falls on the roof. Rain falls on the road.")
    window = open_window("synapse")
    shown = []
    sheet = window.data.sheet
    monkeypatch.setattr(window, "show_experiment", lambda experiment, done: shown.append(experiment))
    for name, model, parameter, verb in (("v.vec", "embedding-map", "space", "vectors"), ("t.txt", "word2vec", "corpus", "text")):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(tmp_path / name))])
        window.dropEvent(
            QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        )
        qtbot.waitUntil(lambda: not sheet.reader.busy, timeout=10_000)
        before = len(shown)
        sheet.do(verb)
        qtbot.waitUntil(lambda: len(shown) > before, timeout=10_000)  # noqa: B023
        assert (shown[-1].model, shown[-1].parameters[parameter]) == (model, str(tmp_path / name))
        shown[-1].build()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "x.jpg"))])
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: not sheet.reader.busy, timeout=10_000)
    assert len(shown) == 2 and "There is no file" in sheet.sentence.text()


def test_the_run_in_front_is_written_as_one_file_and_one_that_is_there_is_replaced(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    window.driver.run_for(200)
    qtbot.waitUntil(lambda: window.player.status.step == 200 and window.player.status.phase == "paused", timeout=20_000)
    window.commands.export_run_to(str(tmp_path / "cell.xlsx"))
    assert "end in .h5" in window.banner.words.text() and "cell.xlsx" in window.banner.words.text()
    target = tmp_path / "cell.h5"
    target.write_text("an older one")
    window.commands.export_run_to(str(target))
    try:
        import h5py
    except ImportError:
        assert "needs h5py" in window.banner.words.text() and target.read_text() == "an older one"
    else:
        assert f"written to {target}" in window.banner.words.text()
        with h5py.File(target) as file:
            assert file.attrs["steps"] == 200 and len(file["streams/V/values"]) > 50
    assert [p.name for p in tmp_path.iterdir()] == ["cell.h5"]


def test_the_name_of_an_export_ends_as_the_chosen_format_does(open_window, qtbot, monkeypatch):
    from PySide6.QtWidgets import QFileDialog

    window = open_window("leaky-integrate-and-fire")
    window.driver.run_for(50)
    qtbot.waitUntil(lambda: window.player.status.step == 50, timeout=20_000)
    window.commands.export_run()
    dialog = window.frame.findChild(QFileDialog)
    dialog.filterSelected.emit(dialog.nameFilters()[1])
    assert dialog.defaultSuffix() == "nwb" and dialog.selectedFiles()[0].endswith(".nwb")
    dialog.reject()
