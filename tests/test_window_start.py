"""Starting the window in a process of its own, as the command does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("PySide6")

from lab.session import Session

START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from lab.widgets.app import start
from lab import catalog
from lab.widgets.application import application
catalog.given(sys.argv[2])
app = application()
def look():
    window = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "lab")
    status = window.player.status
    if status is None or status.phase == "preparing" or (status.phase == "running" and status.step < 20):
        return
    print(window.session.path, "|", window.banner.words.text() if window.banner.isVisible() else "", "|", status.step, flush=True)
    timer.stop()
    window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
sys.exit(start(sys.argv[1] or None, sys.argv[2]))
"""


def start(file: str, model: str) -> list[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", START, file, model], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return [part.strip() for part in done.stdout.split("|")]


def test_the_window_opens_a_model_and_ends_cleanly_when_closed(counter):
    path, _, step = start("", counter)
    assert int(step) >= 20
    with Session.open(path) as session:
        assert not session.recovered
        assert session.runs()[0].state == "stopped" and session.runs()[0].steps >= 20


def test_the_window_opens_a_file(tmp_path, counter):
    Session.create(tmp_path / "given.lab").close()
    path, _, _ = start(str(tmp_path / "given.lab"), counter)
    assert path == str((tmp_path / "given.lab").resolve())


def test_a_file_held_by_another_window_is_refused_with_a_sentence(tmp_path, counter):
    with Session.create(tmp_path / "held.lab"):
        path, sentence, _ = start(str(tmp_path / "held.lab"), counter)
    assert "already open" in sentence and not path.endswith("held.lab")


def test_the_benchmark_of_the_window_imports_what_there_is():
    """A process of its own that dies of a moved module measures nothing."""
    import ast
    import importlib
    from pathlib import Path

    text = (Path(__file__).parents[1] / "benchmarks" / "window.py").read_text("utf-8")
    began = next(
        node.value.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FIRST_PICTURE"
    )
    imports = [node for tree in (ast.parse(text), ast.parse(began)) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    wanted = [(node.module, alias.name) for node in imports if node.module.startswith("lab") for alias in node.names]
    assert len(wanted) > 8
    for module, name in wanted:
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.import_module(f"{module}.{name}")
