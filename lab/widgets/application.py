"""The one application of Qt in a process: with a window, or only for drawing where there is no display."""

from __future__ import annotations

import os
import sys
from typing import Any


def application() -> Any:
    """The application of the window, with its name and icon."""
    from PySide6.QtWidgets import QApplication

    from lab.widgets import theme

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        words = _LastWords()
        app = QApplication(sys.argv[:1])
        words.started = True
    app.setApplicationName("neural-lab")
    app.setApplicationDisplayName("Neural Lab")
    app.setDesktopFileName("neural-lab")  # the entry of `lab integrate`: how a desktop finds the icon of the window
    app.setWindowIcon(theme.app_icon())
    return app


class _LastWords:
    """What Qt says before it ends the program, as a sentence: it would abort where there is no screen, and exit where one is lost."""

    def __init__(self) -> None:
        from PySide6.QtCore import qInstallMessageHandler

        self.started = False
        self._heard: list[str] = []
        qInstallMessageHandler(self.hear)

    def hear(self, kind: Any, context: Any, message: str) -> None:
        """Called by Qt for each of its messages, from any thread."""
        from PySide6.QtCore import QtMsgType

        lost = "connection broke" in message  # Qt's words before it exits because the X or Wayland server has gone
        if kind == QtMsgType.QtFatalMsg or lost:
            from lab.session import close_all

            close_all()  # no Python code runs after this
            print(f"lab: {self._sentence(message, lost)}", file=sys.stderr, flush=True)
            os._exit(1 if self.started else 2)
        if self.started:
            if kind != QtMsgType.QtDebugMsg:
                print(message, file=sys.stderr)
        else:
            self._heard.append(message)

    def _sentence(self, message: str, lost: bool) -> str:
        said = " ".join((*self._heard, message))
        screen = next((f"{name}={os.environ[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)), "no screen")
        if lost:
            return "The screen has gone; the session is closed and everything recorded is in it."
        if "xcb-cursor" in said and "could not connect" not in said:  # Qt names the library in both cases
            return "Qt lacks a library to open a window: install libxcb-cursor0, or use 'lab run NAME' to run without one."
        if not self.started:
            return f"The screen ({screen}) cannot be reached: use 'lab run NAME' to run without a window."
        return f"Qt cannot go on ({' '.join(message.split())[:200]}); the session is closed and everything recorded is in it."


def offscreen_application() -> Any:
    """The application, made for drawing off screen where there is none yet: whatever screens there are, none is needed."""
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QApplication.instance() or QApplication(["lab"])
