"""The sheet in the window: every file lands on it, choices are read again at once, and its verbs lead where the file belongs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab.widgets import filing, theme
from lab.widgets.settings import Settings
from lab.widgets.window import Window

TABLE = "nr;size;weight (kg);kind\n" + "".join(
    f"{k + 1};{k // 7},{k % 7}5;{'' if k % 13 == 4 else f'{k % 5},5'};{'rare' if k % 12 == 0 else 'usual'}\n" for k in range(60)
)
TIMES = "time (ms),current (nA)\n0,0\n10,0\n10,20\n60,20\n60,0\n100,0\n"


@pytest.fixture
def open_window(qtbot):
    """Open a window on a model; it is closed and awaited at the end."""
    made: list[Window] = []
    theme.apply(QApplication.instance(), "dark")

    def make(model: str, playing: bool = False) -> Window:
        window = Window(filing.new_untitled(), Settings(), model=model, playing=playing)
        made.append(window)
        window.resize(1440, 900)
        window.show()
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase != "preparing", timeout=60_000)
        return window

    yield make
    while made:
        window = made.pop()
        window.close()
        window.finish()
        window.deleteLater()


@pytest.fixture
def sheet(qtbot, tmp_path):
    """A sheet on a bare widget, with what it offered last."""
    from PySide6.QtWidgets import QWidget

    from lab.widgets.data_sheet.sheet import DataSheet

    theme.apply(QApplication.instance(), "dark")
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.resize(1440, 900)
    ground.show()
    made = DataSheet(ground, Settings(), lambda: "mlp")

    def show(content: str | bytes, name: str = "a.csv", **values):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        made.open(path, **values)
        wait(qtbot, made)
        return path

    made.put = show
    return made


def wait(qtbot, sheet) -> None:
    qtbot.waitUntil(lambda: not sheet.reader.busy, timeout=20_000)


def names(sheet) -> list[str]:
    return [v.name for v in sheet._verbs]


def test_a_table_is_shown_with_what_was_found_and_what_will_come_out(sheet, qtbot):
    sheet.put(TABLE)
    plan = sheet.found.plan
    assert plan.table.columns[plan.target].name == "kind"
    assert sheet.bar.fields["separator"].currentData() == "semicolon" and sheet.bar.fields["decimal"].currentData() == "comma"
    assert [(c.column.name, c.role) for c in sheet.columns.cards] == [
        ("nr", "left out"),
        ("size", "input"),
        ("weight (kg)", "input"),
        ("kind", "target"),
    ]
    assert "60 rows and 4 columns" in sheet.sentence.text() and "Left out: nr (an identifier)." in sheet.sentence.text()
    assert sheet.outcome.text() == "2 columns make 2 inputs, 2 classes, 48 rows to learn from"
    assert names(sheet) == ["table", "rows", "recording"] and sheet.badge.text() == "✓ every row read"


def test_choices_are_read_again_at_once(sheet, qtbot):
    sheet.put(TABLE)
    sheet.bar.said.emit("decimal", "point")
    wait(qtbot, sheet)
    assert sheet.found.plan.table.dialect.decimal == "." and sheet.bar.fields["decimal"].currentData() == "point"
    sheet.bar.said.emit("decimal", "comma")
    sheet.columns.kind_chosen.emit("size", "ignore")
    wait(qtbot, sheet)
    assert sheet.columns.cards[1].role == "left out" and sheet.choices.types == "size=ignore"
    sheet.columns.target_chosen.emit("size")  # which takes it in again
    wait(qtbot, sheet)
    assert sheet.found.plan.task == "regression" and sheet.choices.types == "" and sheet.aside.target.currentData() == "size"
    sheet.columns.kind_chosen.emit("nr", "number")
    wait(qtbot, sheet)
    assert sheet.columns.cards[0].role == "input"
    sheet.columns.kind_chosen.emit("nr", "")
    wait(qtbot, sheet)
    assert sheet.columns.cards[0].role == "left out"
    sheet.aside.fill.button(2).click()
    wait(qtbot, sheet)
    assert sheet.found.plan.gappy == 5 and "5 rows left out" in sheet.badge.text()


def test_a_warning_carries_its_remedy_as_a_switch(sheet, qtbot):
    sheet.put(TABLE)
    (remark,) = sheet.aside._shown
    assert "“rare” has 5 rows" in remark.warning.sentence
    remark.switch.click()
    assert sheet.chosen().table == {"balance": True} and "88 rows to learn from" in sheet.outcome.text()
    sheet.put(TABLE.replace("1,55", "n.d."), "b.csv")
    assert "table" not in names(sheet) and sheet.badge.text() == "△ look at this first"
    remark = next(r for r in sheet.aside._shown if "not a number" in r.warning.sentence)
    remark.switch.click()
    wait(qtbot, sheet)
    assert sheet.choices.missing == "n.d." and names(sheet)[0] == "table"


def test_verbs_carry_the_choices_as_parameters(sheet, qtbot):
    path = sheet.put(TABLE)
    sheet._target_said("size")
    wait(qtbot, sheet)
    sheet._said("test_fraction", 0.3)
    experiment = sheet._verbs[0].experiment
    assert experiment.model == "mlp" and experiment.parameters == {
        "file": str(path),
        "data": "file",
        "target": "size",
        "test_fraction": 0.3,
    }
    drive = next(v for v in sheet._verbs if v.name == "recording").experiment
    assert drive.parameters["stimulus"] == "file" and drive.parameters["sample_rate"] == 1000.0
    rows = next(v for v in sheet._verbs if v.name == "rows").experiment
    assert rows.parameters["standardise"] is True and rows.parameters["space"] == str(path)
    sheet._said("missing", "-999")
    wait(qtbot, sheet)
    rows = next(v for v in sheet._verbs if v.name == "rows").experiment
    assert rows.parameters["missing"] == "-999" and "target" not in rows.parameters, "the map reads the table as the person said"


def test_choices_are_remembered_for_a_file_where_the_person_says_so(sheet, qtbot):
    path = sheet.put(TABLE)
    sheet._target_said("size")
    wait(qtbot, sheet)
    sheet.open(path)
    wait(qtbot, sheet)
    assert sheet.choices.target == ""
    sheet._target_said("size")
    wait(qtbot, sheet)
    sheet.aside.remember.click()
    sheet.open(path)
    wait(qtbot, sheet)
    assert sheet.choices.target == "size" and sheet.aside.remember.isChecked()


@pytest.mark.parametrize(
    ("name", "content", "verbs", "words"),
    [
        ("r.csv", TIMES, ["recording"], "6 samples of 'current (nA)'"),
        ("v.txt", "".join(f"w{k} {k / 3:.3f} {k % 4} 0.5 1.5 -2\n" for k in range(9)), ["vectors"], "9 vectors of 5 numbers"),
        ("n.csv", "from,to,weight\nA,B,1\nB,A,-2\n", ["graph", "network"], "2 nodes and 2 directed edges"),
        ("t.txt", "It rained all night. The wind came from the sea.\n" * 9, ["text", "writing"], "a text of 90 words"),
        ("e.toml", 'model = "hodgkin-huxley"\n', ["open"], "an experiment file"),
        ("x.xlsx", b"PK\x03\x04" + b"\0" * 60, [], "Is a packed or spreadsheet file"),
    ],
)  # fmt: skip
def test_what_a_file_is_decides_what_is_offered(sheet, name, content, verbs, words):
    sheet.put(content, name)
    assert names(sheet) == verbs and words in sheet.sentence.text()
    sheet.grab()  # the picture of it is painted


def test_what_could_be_two_things_can_be_taken_for_the_other(sheet, qtbot):
    sheet.put(TIMES)
    assert sheet.found.kind == "recording" and [sheet.bar.fields["as"].itemData(k) for k in range(2)] == ["recording", "table"]
    sheet.bar.kind_said.emit("table")
    wait(qtbot, sheet)
    assert sheet.found.plan is not None and names(sheet)[0] == "table"
    sheet.bar.kind_said.emit("recording")
    wait(qtbot, sheet)
    sheet.bar.said.emit("column", "7")
    wait(qtbot, sheet)
    assert "column must be 0 to 1" in sheet.sentence.text() and names(sheet) == []


def test_columns_answer_to_the_keyboard_and_the_mouse(sheet, qtbot):
    sheet.put(TABLE)
    cards = sheet.columns
    cards.setFocus()
    QTest.keyClick(cards, Qt.Key.Key_Home)
    QTest.keyClick(cards, Qt.Key.Key_Right)
    assert cards.current == 1
    QTest.keyClick(cards, Qt.Key.Key_T)
    wait(qtbot, sheet)
    assert sheet.found.plan.target == 1
    QTest.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(cards.viewport_rect(3).left() + 12, 15))
    wait(qtbot, sheet)
    assert sheet.found.plan.target == 3
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_both_themes_and_many_columns_are_painted(sheet, qtbot):
    wide = (
        "label,"
        + ",".join(f"p{k}" for k in range(300))
        + "\n"
        + "".join(f"{i % 3}," + ",".join(str((i * k) % 7) for k in range(300)) + "\n" for i in range(30))
    )
    sheet.put(wide)
    for name in ("light", "dark"):
        theme.apply(QApplication.instance(), name)
        sheet.set_theme()
        image = sheet.grab().toImage()
        assert image.width() == 1440
    sheet.columns.horizontalScrollBar().setValue(4000)
    sheet.grab()


# -- in the window --


def drop(window, path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(700, 400), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)


def test_a_dropped_table_is_trained_on_and_its_run_says_what_was_read(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    path = tmp_path / "a.csv"
    path.write_text(TABLE)
    drop(window, path)
    sheet = window.data.sheet
    wait(qtbot, sheet)
    assert sheet.isVisible() and window.document.model == "leaky-integrate-and-fire"  # nothing happens before a person says what
    sheet.do("table")
    qtbot.waitUntil(lambda: window.document.model == "mlp", timeout=20_000)
    assert not sheet.isVisible() and window.document.experiment().parameters["file"] == str(path)
    qtbot.waitUntil(lambda: "60 rows and 4 columns" in window.banner.words.text() and window.banner.key == "data", timeout=60_000)
    window.commands.bring()  # the sheet again, with the choices of the run
    wait(qtbot, sheet)
    assert sheet.isVisible() and sheet.path == path
    window.commands.leave()
    assert not sheet.isVisible()
    window.history.stack.undo()
    assert window.document.model == "leaky-integrate-and-fire"


def test_choosing_a_file_for_a_stimulus_asks_for_it_and_drives_the_cell(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    window.tuning.change("stimulus", "file")
    sheet = window.data.sheet
    assert sheet.isVisible() and window.document.experiment().build().stimulus == "step"  # no error, and nothing changed yet
    assert window.side.form.model.stimulus == "step" and sheet.purpose.file == "file"
    path = tmp_path / "r.csv"
    path.write_text(TIMES)
    drop(window, path)
    wait(qtbot, sheet)
    assert names(sheet)[0] == "purpose"
    sheet.do("purpose")
    qtbot.waitUntil(lambda: window.player.status.model.stimulus == "file" and window.player.status.model.file == str(path), timeout=20_000)
    qtbot.waitUntil(lambda: window.player.status.step > 2000, timeout=30_000)
    window.player.pause()
    qtbot.waitUntil(lambda: "6 samples" in window.player.status.summary.get("data", ""), timeout=5_000)
    window.commands.export_all_to(str(tmp_path))
    (folder,) = tmp_path.glob("leaky-integrate-and-fire-run-*")
    assert "files were written to" in window.banner.words.text() and (folder / "V.csv").is_file() and (folder / "experiment.toml").is_file()


def test_a_damaged_stimulus_goes_back_in_the_form_with_its_sentence_and_is_no_fault_of_the_disk(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(TIMES)
    bad.write_text("0,1\n1,2\n2,x\n3,1\n")
    experiment = window.document.experiment().with_parameters(stimulus="file", file=str(good))
    window.show_experiment(experiment, "Drive")
    qtbot.waitUntil(lambda: window.player.status.model.file == str(good), timeout=20_000)
    window.tuning.change("file", str(bad))
    qtbot.waitUntil(lambda: window.player.status.refused is not None, timeout=10_000)
    qtbot.waitUntil(lambda: window.document.experiment().parameters.get("file") == str(good), timeout=10_000)
    assert window.side.form.model.file == str(good)
    assert "row 3, column 2: 'x' is not a number" in window.side.form.rows["file"].words.text()
    assert not window.player.status.waiting_for_disk and window.player.status.phase != "failed"


def test_a_network_is_put_on_the_canvas(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    path = tmp_path / "n.csv"
    path.write_text("from,to,weight\nThalamus,Cortex,0.8\nCortex,Thalamus,-0.5\n")
    window.data.open_path(str(path))
    sheet = window.data.sheet
    wait(qtbot, sheet)
    sheet.do("graph")
    qtbot.waitUntil(lambda: window.document.model == "spiking-network", timeout=20_000)
    titles = {n.title for n in window.canvas.editor.graph.nodes}
    assert titles == {"Thalamus", "Cortex"} and not sheet.isVisible()
    assert np.array(sorted(e.properties.weight for e in window.canvas.editor.graph.edges)).tolist() == [0.5, 0.8]


def test_how_the_last_file_was_read_is_not_kept_for_the_next(open_window, qtbot, tmp_path):
    """A sound after a column of a table: its own rate and channel count, not those of the table."""
    from scipy.io import wavfile

    window = open_window("leaky-integrate-and-fire")
    experiment = window.document.experiment().with_parameters(
        stimulus="file", file="", column=2, sample_rate=1000.0, time_unit="s", scale=1.0, t_ref=3.0
    )
    window.show_experiment(experiment, "Drive")
    path = tmp_path / "tone.wav"
    wavfile.write(path, 8000, (1000 * np.sin(np.arange(400))).astype(np.int16))
    window.data.open_path(str(path))
    sheet = window.data.sheet
    wait(qtbot, sheet)
    sheet.do("sound")
    qtbot.waitUntil(lambda: window.document.experiment().parameters.get("file") == str(path), timeout=20_000)
    model = window.document.experiment().build()
    assert (model.column, model.sample_rate, model.time_unit, model.t_ref) == (1, 0.0, "automatic", 3.0)
    assert model.scale == type(model).specs()["scale"].default
