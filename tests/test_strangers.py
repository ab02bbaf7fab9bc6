"""A file from somebody else runs no code: what it names as a model is of the catalogue, or a person says that it may run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lab
from lab import catalog
from lab.__main__ import main
from lab.errors import OwnModelError
from lab.session import Session
from tests.conftest import SKETCHES

EVIL = "from pathlib import Path\nPath({marker!r}).write_text('it ran')\n"


@pytest.fixture(autouse=True)
def nothing_opened(monkeypatch):
    """No model file of a person's own has been opened in this process."""
    monkeypatch.setattr(catalog, "_opened", {})


@pytest.fixture
def marker(tmp_path) -> Path:
    return tmp_path / "it-ran"


@pytest.fixture
def stranger(tmp_path, marker) -> Path:
    """A session with a run of a model file, which lies beside it and says when it is run."""
    own = tmp_path / "own_model.py"
    own.write_text((SKETCHES / "leaking_counter.py").read_text("utf-8"))
    path = tmp_path / "stranger.lab"
    lab.run(str(own), rate=3.0, steps=400, seed=5).save(path)
    catalog._opened.clear()
    own.write_text(own.read_text("utf-8") + EVIL.format(marker=str(marker)))
    return path


COMMANDS = (("run", "FILE", "-o", "out.lab"), ("resume", "FILE", "--for", "1"), ("picture", "FILE", "-o", "out.png"), ("weights", "FILE"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_no_command_runs_the_model_file_of_a_session(stranger, marker, command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([str(stranger) if word == "FILE" else word for word in command]) == 2
    said = capsys.readouterr().err
    assert "own_model.py' is a Python program" in said and "--model" in said
    assert not marker.exists()


def test_a_person_may_name_the_model_file_beside_the_session(stranger, marker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(stranger), "--model", "own_model.py", "-o", "again.lab", "--quiet"]) == 0
    assert marker.exists()
    assert lab.load("again.lab")["x"].tobytes() == lab.load(stranger)["x"].tobytes()


def test_another_file_than_the_session_was_made_with_is_told_apart(stranger, marker, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text((SKETCHES / "leaking_counter.py").read_text("utf-8"))
    assert main(["run", str(stranger), "--model", "mine.py", "-o", "again.lab", "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "own_model.py' is not the one that was named (mine.py)" in said and "called so" in said
    assert not marker.exists()


def test_what_was_recorded_is_read_and_exported_without_the_model_file(stranger, marker, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(stranger), "x"]) == 0
    heading, *rows = capsys.readouterr().out.strip().splitlines()
    run = lab.load(stranger)
    assert heading.startswith("time (") and len(rows) == len(run["x"]) == 400
    assert float(rows[-1].split(",")[1]) == run["x"].reshape(400, -1)[-1, 0]
    assert main(["info", str(stranger)]) == 0 and "own_model.py" in capsys.readouterr().out
    assert not marker.exists()
    with pytest.raises(OwnModelError):
        run.experiment.build()


def test_check_names_the_model_file(stranger, marker, capsys):
    assert main(["check", str(stranger)]) == 0, "the file itself is sound"
    said = capsys.readouterr().out
    assert "own_model.py" in said and "Python" in said and "is sound" in said
    assert not marker.exists()


def test_an_experiment_file_runs_no_model_file(stranger, marker, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("e.toml").write_text('model = "own_model.py"\nsteps = 10\n')
    assert main(["run", "e.toml", "-o", "a.lab"]) == 2
    assert "own_model.py' is a Python program" in capsys.readouterr().err and not marker.exists()
    assert main(["run", "e.toml", "--model", str(tmp_path / "own_model.py"), "-o", "a.lab", "--quiet"]) == 0


def test_a_protocol_takes_no_model_file_for_its_neuron(stranger, marker, tmp_path):
    with pytest.raises(lab.errors.LabError):
        lab.make("tuning-curve", neuron=str(tmp_path / "own_model.py"))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["x\0.py", "/dev/zero.py", "a" * 5000 + ".py", "..py", ".py", "loop/loop.py"])
def test_a_strange_name_of_a_model_file_gets_a_sentence(name):
    with pytest.raises(lab.errors.LabError):
        catalog.load(name)
    with pytest.raises(lab.errors.LabError):
        catalog.given(name)


def test_a_name_of_a_model_without_end_is_told_in_a_sentence_with_one():
    with pytest.raises(lab.errors.ModelError) as told:
        catalog.load("m" * 100_000)
    assert "mmm...'" in str(told.value) and len(str(told.value)) < 400


def test_two_model_files_of_one_name_are_two_models(tmp_path):
    text = (SKETCHES / "leaking_counter.py").read_text("utf-8")
    kinds = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(text)
        kinds.append(catalog.given(str(tmp_path / folder / "m.py")))
    assert kinds[0] is not kinds[1]
    assert [catalog.load(str(tmp_path / f / "m.py")) for f in "ab"] == kinds


def test_files_in_the_current_folder_are_neither_run_nor_seen(tmp_path, marker):
    """A folder from somebody holds numpy.py, lab/ and a configuration of Numba: `lab run` draws its picture all the same."""
    for name in ("numpy.py", "numba.py", "PySide6.py", "sitecustomize.py", "lab.py", "yaml.py", "struct.py"):
        (tmp_path / name).write_text(EVIL.format(marker=str(marker)))
    for package in ("lab", "pyqtgraph"):
        (tmp_path / package).mkdir()
        for name in ("__init__.py", "__main__.py", "api.py"):
            (tmp_path / package / name).write_text(EVIL.format(marker=str(marker)))
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\n")
    command = [str(Path(sys.executable).with_name("lab")), "run", "membrane-pump", "--for", "1", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert (tmp_path / "membrane-pump.png").stat().st_size > 10_000
    assert not marker.exists()


def test_children_look_for_modules_nowhere_but_where_this_process_does(tmp_path, marker, monkeypatch):
    from lab.sources import child_command

    for name in ("lab.py", "numpy.py"):
        (tmp_path / name).write_text(EVIL.format(marker=str(marker)))
    command = child_command("import lab, numpy; print(lab.__file__, sys.argv[2:])", "a", "b")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == lab.__file__ and done.stdout.endswith("['a', 'b']\n")
    assert not marker.exists()


def test_every_child_process_is_started_by_the_one_safe_command():
    root = Path(lab.__file__).parent
    starts = re.compile(r"subprocess\.(?:run|Popen|call|check)|QProcess\(|os\.(?:system|exec|spawn|popen)|multiprocessing|shell=True")
    found = {p.relative_to(root).as_posix() for p in root.rglob("*.py") if starts.search(p.read_text("utf-8"))}
    # What asks the desktop and other simulators starts no Python of the current folder: programs are given by their place, with -P.
    # The script for NEURON is text that starts NEURON's own compiler.
    others = {"commands/integrate.py", "analysis/passport/program.py", "analysis/passport/programs/neuron.py"}
    assert found == others | {"analysis/sweeps/pool.py", "engine/preparation.py", "widgets/passports.py", "widgets/thumbnails.py"}
    assert all("child_command(" in (root / name).read_text("utf-8") for name in found - others)
    assert '"-P"' in (root / "analysis/passport/program.py").read_text("utf-8")


def test_no_interpreter_of_the_current_folder_is_asked_for_another_program(tmp_path, monkeypatch):
    from lab.analysis.passport.program import interpreter, programs

    for name in programs():
        place = tmp_path / ".peers" / name / "bin" / "python"
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\ntouch was-run\n")
        place.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAB_PEERS", raising=False)
    assert all(found is None or found == Path(sys.executable) for found in map(interpreter, programs().values()))


def test_a_session_made_with_a_model_file_asks_before_it_runs_it(stranger, marker, tmp_path, qtbot):
    from PySide6.QtWidgets import QPushButton

    from lab.widgets.settings import Settings
    from lab.widgets.window import Window

    with Session.open(stranger) as session:
        session.set_document({"model": str(tmp_path / "own_model.py"), "experiments": [{"model": str(tmp_path / "own_model.py")}]})
    window = Window(Session.open(stranger), Settings(), playing=False)
    try:
        window.show()
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase != "preparing", timeout=60_000)
        words = window.banner.words.text()
        assert str(tmp_path / "own_model.py") in words and "has not been run" in words and not marker.exists()
        assert window.document.model == catalog.FIRST
        window.history.replace(window.document.replace(notes="seen"), "Edit the notes")  # the document is written, with what is not read
        (button,) = [b for b in window.banner.findChildren(QPushButton) if b.text() == "Run own_model.py"]
        button.click()
        assert marker.exists() and window.document.model == str(tmp_path / "own_model.py")
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.step == 400, timeout=20_000)
    finally:
        window.close()
        window.finish()
        window.deleteLater()
    stored = json.loads(json.dumps(Session.check(stranger)))
    assert stored == []


def test_a_path_that_exists_is_opened_and_a_name_of_the_catalogue_comes_first(tmp_path, monkeypatch):
    from lab.commands import window as commands

    opened = []
    monkeypatch.setattr(commands, "start_window", lambda path, model: opened.append((path, model)) or 0)
    monkeypatch.chdir(tmp_path)
    for name in ("lecture.lab", "mlp", "table.csv"):
        Path(name).write_bytes(b"")
    Path("mine.py").write_text((SKETCHES / "leaking_counter.py").read_text("utf-8"))
    for word in ("lecture.lab", "mlp", "table.csv", "mine.py", os.path.join(tmp_path, "lecture.lab")):
        assert main([word]) == 0
    assert opened == [
        ("lecture.lab", None), (None, "mlp"), ("table.csv", None), (None, "mine.py"), (os.path.join(tmp_path, "lecture.lab"), None)
    ]  # fmt: skip
    assert main(["lectrue.lab"]) == 2 and main(["hodgkin"]) == 2 and len(opened) == 5


def test_a_damaged_session_opens_and_says_what_is_damaged(tmp_path, qtbot):
    import sqlite3

    from lab.session import schema
    from lab.widgets.settings import Settings
    from lab.widgets.window import Window

    path = tmp_path / "damaged.lab"
    with Session.create(path) as session:
        session.set_document({"model": "membrane-pump"})
        session.add_run("one", {"model": "membrane-pump"})
    connection = sqlite3.connect(path)
    schema.allow_signing(connection)
    with connection:
        connection.execute("UPDATE runs SET name='other'")
        connection.execute("UPDATE session SET value='[]' WHERE key='document'")  # signed, as a stranger can
        connection.execute(schema.sign("session"))
    connection.close()
    window = Window(Session.open(path), Settings(), playing=False)
    try:
        window.show()
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase != "preparing", timeout=60_000)
        words = window.banner.words.text()
        assert "Run 1 in 'damaged.lab' is damaged" in words and "The document of 'damaged.lab' is damaged" in words
    finally:
        window.close()
        window.finish()
        window.deleteLater()


def test_info_of_a_run_whose_parameters_are_none_says_the_rest(tmp_path, capsys):
    with Session.create(tmp_path / "a.lab") as session:
        session.add_run("odd", {"model": "membrane-pump", "parameters": [1, 2]})
    assert main(["info", str(tmp_path / "a.lab")]) == 0
    assert "odd (membrane-pump)" in capsys.readouterr().out
