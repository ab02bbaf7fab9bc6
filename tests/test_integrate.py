"""`lab integrate`: what it writes, where, and that nothing of it is left."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.__main__ import main
from lab.commands import integrate
from lab.session import Session

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="desktops after freedesktop.org")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of the person's own, with a space and a percent sign."""
    folder = tmp_path / "data 100% mine"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder


@pytest.fixture
def still(monkeypatch):
    """Without the programs of the desktop, which some machines have, and without a second Python."""
    monkeypatch.setattr(integrate, "refreshed", lambda home: [])
    monkeypatch.setattr(integrate, "_program", lambda: sys.executable)


def inside(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(path, "utf-8")
    return parser["Desktop Entry"]


def test_it_lists_what_it_writes_and_takes_exactly_that_away(home, still, capsys):
    (home / "applications").mkdir(parents=True)
    (home / "applications" / "other.desktop").write_text("[Desktop Entry]\n")
    assert main(["integrate"]) == 0
    written = capsys.readouterr().out.splitlines()
    assert inside(home) == {*integrate.NAMES, "applications/other.desktop"}
    assert [Path(line).relative_to(home).as_posix() for line in written] == list(integrate.NAMES)
    assert main(["integrate"]) == 0  # again, over itself
    assert capsys.readouterr().out.splitlines() == written
    assert main(["integrate", "--remove"]) == 0
    assert capsys.readouterr().out.splitlines() == written
    assert inside(home) == {"applications/other.desktop"}
    assert main(["integrate", "--remove"]) == 0
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("Nothing of the lab was found")


@pytest.mark.timeout(120)
def test_what_the_menu_would_run_starts_the_lab(home, capsys, tmp_path):
    assert main(["integrate"]) == 0
    found = entry(home / integrate.DESKTOP)
    assert found["MimeType"] == f"{integrate.MIME};" and (home / integrate.ICON).stem == found["Icon"]
    assert os.access(found["TryExec"], os.X_OK)
    command = [word for word in shlex.split(found["Exec"]) if word != "%f"]
    done = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip()


def test_a_path_with_signs_is_quoted_as_the_desktop_reads_it(home, still, monkeypatch):
    odd = '/opt/a "b" $c `d` 100%\\e/python'
    monkeypatch.setattr(integrate, "_program", lambda: odd)
    assert main(["integrate"]) == 0
    found = entry(home / integrate.DESKTOP)
    assert found["TryExec"].replace("\\\\", "\\") == odd
    value = found["Exec"].replace("\\\\", "\\")  # the value first, then its quotes, as the specification has it
    word, rest = re.fullmatch(r'"((?:[^"`$\\]|\\["`$\\])*)" (.*)', value).groups()
    assert re.sub(r"\\(.)", r"\1", word).replace("%%", "%") == odd and rest == "-P -m lab %f"


def test_the_kind_of_file_is_a_session(home, still, tmp_path):
    assert main(["integrate"]) == 0
    root = ElementTree.parse(home / integrate.PACKAGE).getroot()
    spaces = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    kind = root.find("m:mime-type", spaces)
    assert kind.get("type") == integrate.MIME and kind.find("m:glob", spaces).get("pattern") == "*.lab"
    Session.create(tmp_path / "some.lab").close()
    head = (tmp_path / "some.lab").read_bytes()
    outer = kind.find("m:magic/m:match", spaces)
    assert head.startswith(outer.get("value").encode())
    inner = outer.find("m:match", spaces)
    at = int(inner.get("offset"))
    assert int.from_bytes(head[at : at + 4], "big") == int(inner.get("value"), 16)


@pytest.mark.skipif(not (shutil.which("update-mime-database") and shutil.which("gio")), reason="the programs of a desktop are not here")
def test_the_desktop_itself_knows_a_session_by_name_and_by_content(home, monkeypatch, tmp_path):
    monkeypatch.setattr(integrate, "_program", lambda: sys.executable)
    assert main(["integrate"]) == 0
    for name in ("some.lab", "renamed"):
        Session.create(tmp_path / "some.lab").close()
        os.rename(tmp_path / "some.lab", tmp_path / "kept")
        os.rename(tmp_path / "kept", tmp_path / name)
        told = subprocess.run(["gio", "info", "-a", "standard::content-type", str(tmp_path / name)], capture_output=True, text=True)
        assert integrate.MIME in told.stdout, told.stdout + told.stderr
        (tmp_path / name).unlink()
    assert main(["integrate", "--remove"]) == 0
    assert integrate.MIME not in (home / "mime" / "globs2").read_text()


@pytest.mark.parametrize("blocked", integrate.NAMES)
def test_all_or_nothing_is_written(home, still, blocked, capsys):
    (home / blocked).mkdir(parents=True)
    assert main(["integrate"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1 and blocked in said.err
    assert inside(home) == set()


def test_a_file_in_the_place_of_a_folder_is_one_sentence(home, still, capsys):
    home.mkdir()
    (home / "icons").write_text("")
    assert main(["integrate"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert inside(home) == {"icons"}


def test_a_relative_data_folder_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert integrate.data_home() == tmp_path / ".local" / "share"


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_get_one_sentence(home, monkeypatch, capsys, system):
    monkeypatch.setattr(integrate.sys, "platform", system)
    assert main(["integrate"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "'lab FILE'" in said.err and len(said.err.splitlines()) == 1
    assert not home.exists()
