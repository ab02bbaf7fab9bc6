"""Commands of the command line, one module per family; heavy imports happen inside the commands.

Data goes to standard output, progress and complaints to standard error.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from lab.errors import DivergenceError, LabError


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


def execute(argv: list[str]) -> int:
    """Parse and run one command line; every mistake of a person's ends as one sentence and exit code 1 or 2."""
    from lab.commands import analyse, catalogue, embed, files, hear, learning, running, verify  # noqa: F401  (each registers its commands)

    try:
        result = app(argv, exit_on_error=False, print_error=False, result_action="return_value")
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        say(f"lab: {_one_line(error)}")
        say("Try 'lab --help' or 'lab COMMAND --help'.")
        return 2
    except DivergenceError as error:
        say(f"lab: {error}")
        return 1
    except LabError as error:
        say(f"lab: {error}")
        return 2
    except KeyboardInterrupt:
        say("lab: stopped.")
        return 1
    except BrokenPipeError:
        # The reader of our output (head, less) went away: nothing to complain about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        say("lab: there is not enough memory for this: choose fewer cells, a shorter duration or a larger recording interval.")
        return 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
