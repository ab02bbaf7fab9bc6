"""`lab` without a command, and `lab open`: the window."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from lab.commands.options import app
from lab.errors import LabError


@app.default
def window(model: Annotated[str | None, Parameter(help="Model to show first.")] = None) -> int:
    """Open the window, with a model if one is named."""
    if model is not None:
        from lab import catalog

        catalog.entry(model)
    return start_window(None, model)


@app.command(name="open")
def open_(file: str) -> int:
    """Open a session file in the window."""
    from pathlib import Path

    from lab.errors import FileError

    if not Path(file).is_file():
        raise FileError(f"There is no file {file}.")
    return start_window(file, None)


def start_window(path: str | None, model: str | None) -> int:
    """Start the window, or say in one sentence why there is none."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")
    ):
        raise LabError("There is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set): use 'lab run NAME' to run without a window.")
    if path is None:
        # Compiling what the window will need goes on while Qt is loaded and the pictures are made.
        from lab import catalog
        from lab.engine import preparation

        preparation.begin(model or catalog.FIRST)
    try:
        from lab.widgets.app import start
    except ImportError as error:
        raise LabError(
            f"Qt cannot be loaded ({error}): on Debian or Ubuntu install libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libxcb-cursor0."
        ) from None
    return start(path, model)
