"""A run told as a command, an experiment file and Python makes the same run again."""

import contextlib
import io
import json
import shlex
import tomllib

import pytest

import lab
from lab.__main__ import main
from lab.engine.experiment import Experiment, read, to_toml
from lab.engine.telling import as_command, as_python, told
from lab.errors import ModelError
from lab.model import Happened

PLAIN = Experiment("leaky-integrate-and-fire", {"current": 2.125, "stimulus": "pulses", "width": 3.0, "repeat": True}, 7, 400, {"V": 2})
ODD = Experiment(
    "leaky-integrate-and-fire", {"stimulus": "drawn", "drawn": ((0.0, 0.0), (5.0, 3.0), (20.0, 0.0))}, 1, 400, {"V": 1},
    (Happened(50, "change", "", {"current": 1.0}), Happened(60, "act", "pulse", {"height": 20.0, "length": 1.0})), "It's a 'title'\nEND",
)  # fmt: skip


def same(run, experiment):
    want = lab.run(experiment)
    assert {**run.summary} == {**want.summary} and (run["V"] == want["V"]).all()


@pytest.mark.parametrize("experiment", [PLAIN, ODD], ids=["plain", "odd"])
def test_each_form_makes_the_same_run_again(experiment, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "told.toml").write_text(told(experiment, "toml"), encoding="utf-8")
    assert read(tmp_path / "told.toml") == experiment
    said = io.StringIO()
    own: dict = {}
    with contextlib.redirect_stdout(said):
        exec(compile(as_python(experiment), "told.py", "exec"), own)
    same(own["run"], experiment)
    assert "spikes" in said.getvalue()
    command = as_command(experiment)
    if experiment is ODD:  # what cannot be said in options goes through a file
        opening, _, rest = command.partition("\n")
        end = shlex.split(opening)[-1].removeprefix("<<")
        text, _, line = rest.rpartition(f"\n{end}\n")
        assert tomllib.loads(text)["schedule"] and line == "lab run experiment.toml\n"
        (tmp_path / "experiment.toml").write_text(text, encoding="utf-8")
    else:
        line = command
        assert line.count("\n") == 1 and "--set" in line
    assert main([*shlex.split(line)[1:], "-o", "again.lab", "--quiet"]) == 0
    same(lab.load("again.lab"), experiment)


def test_a_run_of_a_session_is_told_with_what_was_done_to_it(tmp_path, capsys):
    lab.run(ODD).save(tmp_path / "odd.lab")
    assert main(["info", str(tmp_path / "odd.lab"), "--as", "toml"]) == 0
    data = tomllib.loads(capsys.readouterr().out)
    assert [event["at_step"] for event in data["schedule"]] == [50, 60] and data["steps"] == 400 and data["record"] == {"V": 1}
    assert main(["info", str(tmp_path / "odd.lab"), "--as", "python"]) == 0
    assert "lab.run(experiment)" in capsys.readouterr().out
    with pytest.raises(ModelError, match="command, toml, python"):
        told(PLAIN, "pyton")


def test_a_run_of_the_window_goes_to_the_clipboard(open_window, qtbot):
    from PySide6.QtGui import QGuiApplication

    window = open_window()
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.step >= 5)
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.phase == "paused")
    window.commands.actions["copy-as-toml"].trigger()
    data = tomllib.loads(QGuiApplication.clipboard().text())
    assert data["steps"] == window.player.status.step and data["model"].endswith("leaking_counter.py")
    row = window.runs_panel.list
    row.copy_wanted.emit(window.player.run_id, "command")
    assert QGuiApplication.clipboard().text().startswith(f"lab run {data['model']}")


def test_toml_of_every_preset_comes_back():
    from lab import catalog

    for name in ("hodgkin-huxley", "mlp", "layered-network"):
        for preset in catalog.load(name).presets.values():
            experiment = Experiment(name, dict(preset), 3, 10)
            assert Experiment.from_dict(tomllib.loads(to_toml(experiment))).build() == experiment.build()
            json.dumps(experiment.to_dict())
