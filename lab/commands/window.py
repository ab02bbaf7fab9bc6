"""`lab` without a command, and `lab open`: the window."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from lab.commands.options import ModelFile, app, no_qt, trust
from lab.errors import FileError, LabError


@app.default
def window(
    what: Annotated[str | None, Parameter(help="Model to show first, a session or another file to open, or a model's .py file.")] = None,
) -> int:
    """Open the window, with a model if one is named, or on a file."""
    if what is None:
        return start_window(None, None)
    from lab import catalog

    if what in catalog.names():
        return start_window(None, what)
    if what.endswith(".py"):
        catalog.open_file(what)
        return start_window(None, what)
    if os.path.exists(what):
        return start_window(what, None)
    catalog.entry(what)  # says what is near
    return start_window(None, what)


@app.command(name="open")
def open_(file: str, *, model_file: ModelFile = None) -> int:
    """Open a session or another file in the window."""
    if not os.path.exists(file):
        raise FileError(f"There is no file {file}.")
    trust(model_file)
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
        preparation.begin(preparation.DRAWING)
    try:
        from lab.widgets.app import start
    except ImportError as error:
        raise no_qt(error) from None
    return start(path, model)
