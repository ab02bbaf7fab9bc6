"""What all commands share: the application they register with, how they speak, and the options that several of them have."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from lab.errors import FileError, LabError

RunId = Annotated[int | None, Parameter(name="--run", help="Which run (default: the newest).")]
ModelFile = Annotated[
    str | None,
    Parameter(name="--model", help="The Python file of a run that was made with a model of one's own; it is run only if named here."),
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Machine-readable.")]


def _version() -> str:
    from lab import __version__

    return __version__


app = App(
    name="lab",
    help="A desktop laboratory for neural systems. Without a command it opens the window.",
    version=_version,
    help_format="plaintext",
    end_of_options_delimiter="--",
    suppress_keyboard_interrupt=False,
)


def say(text: str, end: str = "\n") -> None:
    """A line for the person, not for the data: standard error. Where nobody can read it, nothing is said."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):  # the terminal is gone, or what it was sent to is full
        pass


def trust(model: str | None) -> None:
    """Run the model file that a person names beside a session or an experiment file."""
    if model is not None:
        from lab import catalog

        if not model.endswith(".py"):
            raise FileError(f"--model {model}: name the Python file of a model of one's own; those of the catalogue need not be named.")
        catalog.open_file(model)


def no_qt(error: ImportError) -> LabError:
    """What to say where Qt is not there or lacks a library of the system."""
    return LabError(
        f"Qt cannot be loaded ({error}): on Debian or Ubuntu install libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libxcb-cursor0."
    )
