"""What every test gets: a home of its own, Qt without a screen, and guards against what a test leaves behind."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

PATIENCE = 5.0  # seconds a thread or widget has to go away by itself after a test
SKETCHES = Path(__file__).parent / "sketches"


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Settings, sessions and recent files of a test are its own; the folder of compiled kernels stays shared (LAB_CACHE)."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("LAB_DATA", str(home / "data"))
    return home


@pytest.fixture(autouse=True)
def plain_faults(monkeypatch):
    """What a model raises without meaning it is not made a sentence: a test that accepts refusals must not accept faults."""
    monkeypatch.setenv("LAB_DEBUG", "1")  # of children
    if (module := sys.modules.get("lab.engine.faults")) is not None:
        monkeypatch.setattr(module, "plain", True)


@pytest.fixture(autouse=True)
def no_thread_left():
    """Fail a test that leaves a thread running, naming it."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + PATIENCE
    while left := [t for t in threading.enumerate() if t not in before and t.is_alive() and not _lasting(t)]:
        if time.monotonic() > end:
            pytest.fail(f"The test left threads behind: {', '.join(t.name for t in left)}.")
        time.sleep(0.01)


def _lasting(thread: threading.Thread) -> bool:
    """Threads of libraries that live as long as the process."""
    return thread.name.startswith(("asyncio_", "ThreadPoolExecutor", "QueueFeederThread", "pytest_timeout", "Dummy-"))


@pytest.fixture(autouse=True)
def no_widget_left(request):
    """Fail a test that leaves a top-level widget or an active timer behind, naming what."""
    app = _application()
    before = {_address(w) for w in app.topLevelWidgets()} if app else set()
    yield
    app = _application()
    if app is None:
        return
    from PySide6.QtCore import QEvent, QTimer

    def left() -> list[str]:
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        app.processEvents()
        widgets = [w for w in app.topLevelWidgets() if _address(w) not in before]
        found = [
            f"{type(w).__name__} '{w.objectName() or w.windowTitle() or getattr(w, 'title', str)()}'"
            for w in widgets
            if w.parent() is None and not _lasting_widget(w)
        ]
        found += [
            f"QTimer '{t.objectName()}' of the application" for t in app.findChildren(QTimer) if t.isActive() and not t.isSingleShot()
        ]
        return found

    end, rounds = time.monotonic() + 1.0, 0
    while names := left():
        rounds += 1
        if time.monotonic() > end and rounds > 8:  # on a busy machine one round takes a second
            pytest.fail(f"The test left widgets or timers behind: {', '.join(sorted(set(names)))}.")
        gc.collect()  # what hangs in circles; not before every test, because with all of Numba loaded it takes half a second
        time.sleep(0.01)


def _application():
    """The running QApplication, without loading Qt for tests that do not use it."""
    module = sys.modules.get("PySide6.QtWidgets")
    return module.QApplication.instance() if module else None


def _address(widget) -> int:
    """Where Qt keeps a widget: one that Qt itself owns has a new Python object, with a new id, whenever it is looked at."""
    import shiboken6

    return shiboken6.getCppPointer(widget)[0]


def _lasting_widget(widget) -> bool:
    """Widgets that Qt itself keeps (the tip label), and pyqtgraph's nameless context menus: they hang in circles with their
    plots, and when the collector finds those is not for a test to say.
    """
    if type(widget).__name__ == "QMenu" and not widget.objectName() and not widget.title():
        return True
    return type(widget).__name__ in ("QTipLabel", "QLabel") and widget.objectName() == "qtooltip_label"


@pytest.fixture
def counter() -> str:
    """Name of a small model without compiled code, with everything a model can have; its file is opened as if a person had named it."""
    from lab import catalog

    catalog.open_file(SKETCHES / "leaking_counter.py")
    return str(SKETCHES / "leaking_counter.py")


@pytest.fixture
def open_window(qtbot, counter):
    """Opens windows: on a model, by default the small one, or on a session; they are closed and awaited at the end.

    The fixture, not the test, lets go of each window last, so that nothing of it is left.
    """
    from PySide6.QtWidgets import QApplication

    from lab.widgets import filing, theme
    from lab.widgets.settings import Settings
    from lab.widgets.window import Window

    made = []
    application = QApplication.instance()
    theme.apply(application, "dark")

    def make(model=None, *, session=None, playing=False, size=(1440, 900)):
        name = counter if model is None and session is None else model
        window = Window(session or filing.new_untitled(), Settings(), model=name, playing=playing)
        made.append(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase != "preparing", timeout=120_000)
        return window

    yield make
    while made:
        window = made.pop()
        window.close()
        window.finish()
        window.deleteLater()
    del window
    theme.apply(application, "dark", projector=False)
