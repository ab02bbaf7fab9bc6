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
        app = QApplication(sys.argv[:1])
    app.setApplicationName("neural-lab")
    app.setApplicationDisplayName("Neural Lab")
    app.setWindowIcon(theme.app_icon())
    return app


def offscreen_application() -> Any:
    """The application, made for drawing off screen where there is none yet: whatever screens there are, none is needed."""
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QApplication.instance() or QApplication(["lab"])
