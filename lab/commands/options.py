"""What all commands share: the application they register with, how they speak, and the options that several of them have."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from lab.errors import FileError

RunId = Annotated[int | None, Parameter(name="--run", help="Which run (default: the newest).")]
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


def say(text: str) -> None:
    """A line for the person, not for the data: standard error."""
    print(text, file=sys.stderr, flush=True)


def pick_run(runs: list, run_id: int | None, file: str) -> Any:
    """The run with this id, or the newest."""
    if not runs:
        raise FileError(f"{file} holds no runs yet.")
    if run_id is None:
        return runs[-1]
    for info in runs:
        if info.id == run_id:
            return info
    raise FileError(f"{file} has no run {run_id}; it has {', '.join(str(r.id) for r in runs)}.")
