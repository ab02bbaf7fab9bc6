"""`lab integrate`: the lab among a person's applications, and .lab files opened by double click."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lab.commands.options import app, say
from lab.data.assets import assets_folder
from lab.errors import FileError, LabError

MIME = "application/x-neural-lab"

ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.0
Name=Neural Lab
GenericName=Neural Simulation Laboratory
Comment=From the ion channels of one neuron to a language model
TryExec={program}
Exec={command}
Icon=neural-lab
Terminal=false
Categories=Education;Science;
Keywords=neuron;network;simulation;learning;
MimeType={mime};
StartupNotify=true
StartupWMClass=neural-lab
"""

# A session is an SQLite database whose header names the lab at byte 68; a file of that kind under another name is found by it.
KIND = """\
<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{mime}">
    <comment>Neural Lab session</comment>
    <icon name="neural-lab"/>
    <sub-class-of type="application/vnd.sqlite3"/>
    <magic priority="60">
      <match type="string" offset="0" value="SQLite format 3">
        <match type="big32" offset="68" value="{number:#x}"/>
      </match>
    </magic>
    <glob pattern="*.lab"/>
  </mime-type>
</mime-info>
"""


@app.command
def integrate(*, remove: Annotated[bool, Parameter(negative="", help="Take away again what 'lab integrate' wrote.")] = False) -> None:
    """Put the lab into your applications menu and open .lab files with it, for you alone (Linux and other free desktops).

    Prints each file that was written or removed, one a line.
    """
    if sys.platform in ("win32", "darwin"):
        raise LabError("'lab integrate' is for desktops after freedesktop.org, as on Linux: here open a session with 'lab FILE'.")
    home = data_home()
    if remove:
        gone = _taken_away([home / name for name in NAMES])
        if not gone:
            say(f"Nothing of the lab was found in {home}.")
        changed = gone
    else:
        changed = _written({home / name: content for name, content in files().items()})
    for path in changed:
        print(path)
    if changed:
        for problem in refreshed(home):
            say(problem)


def data_home() -> Path:
    """The person's own folder for applications, icons and kinds of files (XDG_DATA_HOME, if it is a whole path)."""
    given = os.environ.get("XDG_DATA_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"


DESKTOP = "applications/neural-lab.desktop"
PACKAGE = "mime/packages/neural-lab.xml"
ICON = "icons/hicolor/scalable/apps/neural-lab.svg"
NAMES = (DESKTOP, PACKAGE, ICON)


def files() -> dict[str, bytes]:
    """What is written, by its place in the folder."""
    from lab.session.schema import APPLICATION_ID

    program = _program()
    entry = ENTRY.format(program=_in_entry(program), command=_in_entry(f"{_quoted(program)} -P -m lab %f"), mime=MIME)
    return {
        DESKTOP: os.fsencode(entry),
        PACKAGE: KIND.format(mime=MIME, number=APPLICATION_ID).encode(),
        ICON: (assets_folder() / "icon.svg").read_bytes(),
    }


def _program() -> str:
    """The Python that runs the lab; refused where the lab is not installed in it, for the menu could not start it."""
    program = sys.executable
    if not program or not program.isprintable():
        raise LabError(f"The path of Python, {program!r}, cannot stand in a menu: install the lab under another path.")
    tried = subprocess.run([program, "-P", "-m", "lab", "--version"], cwd="/", capture_output=True)
    if tried.returncode:
        raise LabError(f"The lab runs from its source and is not installed in {program}: install it first (pip install .).")
    return program


def _quoted(text: str) -> str:
    """An argument as an Exec line quotes it."""
    for sign in '\\"`$':
        text = text.replace(sign, "\\" + sign)
    return '"' + text.replace("%", "%%") + '"'


def _in_entry(text: str) -> str:
    """A value as a desktop entry writes it: its reader takes one level of backslashes away."""
    return text.replace("\\", "\\\\")


def _written(wanted: dict[Path, bytes]) -> list[Path]:
    """Write all files or none: each beside its place first, then all take their names."""
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in wanted}
    path = next(iter(wanted))
    try:
        for path, content in wanted.items():
            if path.is_dir():
                raise IsADirectoryError(None, "a folder has this name")
            path.parent.mkdir(parents=True, exist_ok=True)
            parts[path].write_bytes(content)
        for path, part in parts.items():
            os.replace(part, path)
    except OSError as problem:
        raise FileError(f"'{path}' cannot be written ({problem.strerror}): see to its folder, then try again.") from problem
    finally:
        for part in parts.values():
            try:
                part.unlink(missing_ok=True)
            except OSError:  # its folder is no folder, or cannot be entered: then it was not made
                pass
    return list(wanted)


def _taken_away(paths: list[Path]) -> list[Path]:
    gone = []
    for path in paths:
        if os.path.lexists(path):
            try:
                path.unlink()
            except OSError as problem:
                raise FileError(f"'{path}' cannot be removed ({problem.strerror}): see to its folder, then try again.") from problem
            gone.append(path)
    return gone


def refreshed(home: Path) -> list[str]:
    """Let the desktop read its folders again, with its own programs; what did not go well, in sentences."""
    problems = []
    for program, folder in (("update-mime-database", home / "mime"), ("update-desktop-database", home / "applications")):
        found = shutil.which(program)
        try:
            if found is not None:
                subprocess.run([found, str(folder)], check=True, capture_output=True, timeout=60)
            elif program == "update-mime-database":
                problems.append("update-mime-database is not installed (package shared-mime-info): .lab files are known once it has run.")
        except (OSError, subprocess.SubprocessError) as problem:
            problems.append(f"{program} did not succeed ({problem}): log out and in again.")
    return problems
