"""The lab as a wheel: everything it needs is in it, and it works from an empty folder without its source."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ("lab", "assets", "pyproject.toml", "README.md", "LICENSE")

DRAWN = """
from PySide6.QtWidgets import QApplication
from lab.widgets import theme
app = QApplication([])
print(all(theme.load_fonts()[name] == name for name in (theme.SANS, theme.MONO)))
print(theme.app_icon().pixmap(64, 64).isNull())
"""


def needed(root: Path) -> set[str]:
    """What a wheel must hold of a checkout: all of lab, all of assets but the pictures of the README."""
    places = (path.relative_to(root) for folder in ("lab", "assets") for path in (root / folder).rglob("*") if path.is_file())
    return {
        place.as_posix()
        for place in places
        if not any(part.startswith((".", "__pycache__")) for part in place.parts) and place.parts[:2] != ("assets", "screenshots")
    }


def listed(root: Path) -> set[str]:
    """What the builder puts into a wheel, by the names it has in the checkout."""
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="the builder of wheels is not beside this Python")
    found = {
        Path(file.path).relative_to(root).as_posix(): file.distribution_path
        for file in wheel.WheelBuilder(str(root)).recurse_included_files()
    }
    assert {place.replace(os.sep, "/") for place in found.values()} == {installed(name) for name in found}
    return set(found)


def installed(name: str) -> str:
    """Where a file of the checkout lies in a wheel."""
    return f"lab/{name}" if name.startswith("assets/") else name


def test_the_wheel_lists_every_file_of_lab_and_assets():
    assert {"assets/icon.svg", "lab/py.typed"} < needed(ROOT)
    assert listed(ROOT) == needed(ROOT)


def test_a_new_folder_of_assets_is_not_forgotten(tmp_path):
    for name in (
        "README.md",
        "lab/__init__.py",
        "assets/__init__.py",
        "assets/new/deep/er.bin",
        "assets/new/a.toml",
        "assets/screenshots/one.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert listed(tmp_path) == needed(tmp_path) > {"assets/new/deep/er.bin", "assets/new/a.toml"}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_wheel_works_from_an_empty_folder_without_the_source(tmp_path, monkeypatch):
    source, empty = tmp_path / "source", tmp_path / "empty"
    source.mkdir()
    empty.mkdir()
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)

    def ran(*command: object) -> str:
        done = subprocess.run([str(word) for word in command], cwd=empty, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    alone = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    ran(*pip, "wheel", "--no-deps", *alone, "-w", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lab/")}
    assert held == {installed(name) for name in needed(source)}

    # A fresh environment: the wheel in it, its dependencies those of this one, named in a .pth, which reads no .pth of theirs.
    venv.create(tmp_path / "fresh", with_pip=False)
    python = tmp_path / "fresh" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    lab = python.with_name("lab.exe" if os.name == "nt" else "lab")
    ran(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    site = Path(ran(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))) + "\n")
    shutil.rmtree(source)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))

    place = Path(ran(python, "-c", "import lab; print(lab.__file__)").strip())
    assert place.is_relative_to(site)
    assert ran(lab, "--version").strip() == metadata.version("neural-lab")
    assert "hodgkin-huxley" in ran(lab, "list")
    lessons = ran(lab, "lesson", "list")
    assert all(path.stem in lessons for path in (ROOT / "assets" / "lessons").glob("*.toml"))
    ran(lab, "run", "pretrained-gpt", "--for", "2 steps")
    ran(lab, "run", "hodgkin-huxley", "--for", "50ms", "-o", "x.lab", "--picture", "x.png")
    assert (empty / "x.lab").stat().st_size and (empty / "x.png").stat().st_size
    assert ran(python, "-c", DRAWN).splitlines() == ["True", "False"]
    assert ran(lab, "integrate").split() and "neural-lab.desktop" in ran(lab, "integrate", "--remove")


WINDOW = (
    "window",
    "window_start",
    "window_parts",
    "window_actions",
    "vary",
    "form",
    "keyboard",
    "canvas",
    "notebook",
    "data_sheet",
    "qt_references",
)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("python", [p for p in os.environ.get("LAB_PYTHONS", "").split(os.pathsep) if p] or [None])
def test_the_window_works_on_other_pythons(python, tmp_path):
    """With interpreters of environments that have the lab's dependencies and its tests': LAB_PYTHONS=/where/python3.13/bin/python."""
    if python is None:
        pytest.skip("LAB_PYTHONS names no other interpreter")
    tests = [f"tests/test_{name}.py" for name in WINDOW]
    here = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LAB_CACHE": str(tmp_path)}
    done = subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", *tests], cwd=ROOT, env=here, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
