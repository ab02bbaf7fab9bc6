"""Starts the window."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from lab.engine import preparation
from lab.widgets import filing, theme
from lab.widgets.application import application
from lab.widgets.settings import Settings


def start(path: str | None = None, model: str | None = None) -> int:
    """Open the window on a file (None: an unnamed session) with a model in front, and stay until it is closed."""
    from lab.widgets.window import Window

    # The worker holds Python's lock between its kernels for moments only, but each wait for it may last this long.
    sys.setswitchinterval(0.0003)
    app = application()
    settings = Settings()
    theme.apply(app, "light" if settings.get("theme", "dark") == "light" else "dark")
    other = path if path is not None and Path(path).is_file() and Path(path).suffix.lower() != ".lab" else None
    session, problem = filing.first_session(None if other else path)
    window = Window(session, settings, model=model)
    geometry = settings.state("geometry")
    if geometry.isEmpty() or not window.restoreGeometry(geometry):
        available = app.primaryScreen().availableGeometry()
        window.resize(min(1440, available.width()), min(900, available.height()))
    window.show()
    if problem:
        window.banner.say("bad", problem, [("Open another…", window.commands.open)], key="file")
    if other is not None:
        window.commands.open_path(other)
    elif path is not None and not problem:
        settings.add_recent(path)
    # Python notices Ctrl-C in the terminal only between two of its own instructions: the pulse provides them.
    signal.signal(signal.SIGINT, _interrupted)
    code = app.exec()
    done = window.finish()
    preparation.end()
    window.deleteLater()
    app.processEvents()
    if not done:
        # A worker that is still compiling cannot be ended; everything is written, so the process may go.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _interrupted(*_: object) -> None:
    QTimer.singleShot(0, QApplication.closeAllWindows)


def main(argv: list[str] | None = None) -> int:
    """`python -m lab.widgets.app [FILE]`."""
    arguments = sys.argv[1:] if argv is None else argv
    return start(arguments[0] if arguments else None, None)


if __name__ == "__main__":
    raise SystemExit(main())
