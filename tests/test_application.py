"""The lab as one folder without a Python: built, used from an empty folder, and its window opened and ended."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPE = ROOT / ".ci" / "application.spec"


def test_children_find_the_interpreter_that_they_ask_for(tmp_path):
    entry = ROOT / ".ci" / "application.py"
    asked = [sys.executable, str(entry), "-P", "-c", "import sys; print(sys.argv)", "place", "word"]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip() == "['-c', 'place', 'word']"
    asked = [sys.executable, str(entry), "-P", "-m", "lab", "--version"]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip() == metadata.version("neural-lab")


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not here: install the group application")
def test_one_folder_runs_saves_draws_and_opens_its_window_without_python(tmp_path):
    places = ("--distpath", tmp_path / "dist", "--workpath", tmp_path / "build")
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "-y", "--log-level", "ERROR", *map(str, places), str(RECIPE)], cwd=ROOT, check=True
    )
    empty, home = tmp_path / "empty", tmp_path / "home"
    empty.mkdir()
    home.mkdir()
    lab = next(p for p in (tmp_path / "dist" / "neural-lab").glob("neural-lab*") if p.is_file())
    alone = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen"}  # no Python of ours in sight

    def ran(*words: str) -> str:
        done = subprocess.run([str(lab), *words], cwd=empty, env=alone, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    assert ran("--version").strip() == metadata.version("neural-lab")
    assert "hodgkin-huxley" in ran("list")
    assert all(path.stem in ran("lesson", "list") for path in (ROOT / "assets" / "lessons").glob("action-*.toml"))
    ran("run", "hodgkin-huxley", "--for", "50ms", "-o", "x.lab", "--picture", "x.png")
    assert (empty / "x.png").stat().st_size and "hodgkin-huxley" in ran("info", "x.lab").lower()
    ran("sweep", "hodgkin-huxley", "--vary", "g_Na=100,120", "--for", "20ms", "--workers", "2")
    assert "points: 2" in ran("info", "hodgkin-huxley-sweep.lab") and "numba ?" not in ran("info", "x.lab")
    (empty / "numpy.py").write_text("raise SystemExit('a file of the current folder was run')")
    ran("warm", "leaky-integrate-and-fire")

    screen = ("xvfb-run", "-a", "-s", "-screen 0 1440x900x24") if shutil.which("xvfb-run") else ()
    shown = {**alone, "QT_QPA_PLATFORM": "xcb" if screen else "offscreen"}
    window = subprocess.Popen([*screen, str(lab), "x.lab"], cwd=empty, env=shown, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(15)
    assert window.poll() is None, window.stderr.read()
    os.killpg(window.pid, signal.SIGTERM)
    _, said = window.communicate(timeout=60)
    assert "Traceback" not in said
    assert "x.lab is sound" in ran("check", "x.lab")
