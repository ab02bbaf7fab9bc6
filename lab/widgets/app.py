"""Starts the window."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from lab.engine import preparation
from lab.kernels import unkept
from lab.widgets import filing, theme
from lab.widgets.application import application
from lab.widgets.garbage import Garbage
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
    if _stand(window, settings.get("geometry", [])):
        window.showMaximized()
    else:
        window.show()
    if problem:
        window.banner.say("bad", problem, [("Open another…", window.commands.open)], key="file")
    if limits := " ".join(sentence for sentence in (filing.where_untitled(), unkept()) if sentence):
        print(f"lab: {limits}", file=sys.stderr)
        window.toast.say("warn", limits, key="folders")
    if other is not None:
        window.commands.open_path(other)
    elif path is not None and not problem:
        settings.add_recent(path)
    # Python notices Ctrl-C in the terminal only between two of its own instructions: the pulse provides them.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and (name == "SIGINT" or signal.getsignal(number) is not signal.SIG_IGN):  # nohup means it
            signal.signal(number, _interrupted)
    garbage = Garbage(app)
    code = app.exec()
    garbage.stop()
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


def _stand(window: QWidget, geometry: list[Any]) -> bool:
    """Give the window the place it had, as far as the screens of today show it; whether it filled its screen."""
    if len(geometry) == 5 and all(type(n) is int and abs(n) < 100_000 for n in geometry):
        x, y, width, height, maximised = geometry
        screen = QGuiApplication.screenAt(QPoint(x + width // 2, y + 10))
        if screen is not None and width > 0 and height > 0:
            room = screen.availableGeometry()
            window.resize(min(width, room.width()), min(height, room.height()))
            window.move(max(room.left(), min(x, room.right() - 100)), max(room.top(), min(y, room.bottom() - 100)))
            return maximised == 1
    room = QGuiApplication.primaryScreen().availableGeometry()
    window.resize(min(1440, room.width()), min(900, room.height()))
    return False


def _interrupted(*_: object) -> None:
    QTimer.singleShot(0, QApplication.closeAllWindows)


def main(argv: list[str] | None = None) -> int:
    """`python -m lab.widgets.app [FILE]`."""
    arguments = sys.argv[1:] if argv is None else argv
    return start(arguments[0] if arguments else None, None)


if __name__ == "__main__":
    raise SystemExit(main())
