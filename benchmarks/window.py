"""How the window behaves: start, beat, share of the simulation's speed, and the way from a slider to the picture.

    python benchmarks/window.py [MODEL [PICTURES]]        (on a screen, or under xvfb-run -a -s "-screen 0 1440x900x24")

start       seconds from the start of a new process to the first picture with data in it
beat        95th percentile of the time between two beats while the model runs flat out with four pictures (or PICTURES)
pictures    how often each of them is drawn, paced and flat out
speed       model steps per second in the window, as a share of those of the same runner without a window
latency     milliseconds from a change of a parameter until a picture has drawn a state computed with it
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

MODEL = sys.argv[1] if len(sys.argv) > 1 else "hodgkin-huxley"
PICTURES = int(sys.argv[2]) if len(sys.argv) > 2 else 4
PARAMETER = {"hodgkin-huxley": ("current", (10.0, 12.0)), "leaky-integrate-and-fire": ("current", (2.5, 3.0))}

FIRST_PICTURE = """
import sys, time
began = float(sys.argv[2])
from lab.engine import preparation; preparation.begin(sys.argv[1])
from lab.widgets import filing, theme  # first, as the program does
from PySide6.QtCore import QTimer
from lab.widgets.application import application
from lab.widgets.settings import Settings
from lab.widgets.window import Window
app = application()
theme.apply(app, "dark")
window = Window(filing.new_untitled(), Settings(), model=sys.argv[1])
window.resize(1440, 900)
window.show()
shown = time.time() - began
def look():
    status = window.player.status
    if status.step and any(len(c) for card in window.workspace.visible_cards() for c in card.view.table()[1]):
        print(shown, time.time() - began, flush=True)
        window.close()
        app.quit()
timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
app.exec()
window.finish()
"""


def start(count: int = 3) -> tuple[float, float]:
    """Medians of seconds until the window is there and until its first picture moves, in processes of their own."""
    shown, moving = [], []
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # as installed: compiled to byte code
    for _ in range(count):
        command = [sys.executable, "-c", FIRST_PICTURE, MODEL, repr(time.time())]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        window, picture = map(float, done.stdout.split())
        shown.append(window)
        moving.append(picture)
    return statistics.median(shown), statistics.median(moving)


def headless(seconds: float = 3.0) -> float:
    """Steps per second of a runner that records, without a window."""
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner
    from lab.session import Session

    with tempfile.TemporaryDirectory() as folder, Session.create(f"{folder}/headless.lab") as session:
        runner = Runner(Experiment(MODEL), session, playing=True, pace=None).start()
        while runner.status.phase == "preparing" or runner.status.step == 0:
            time.sleep(0.01)
        time.sleep(0.5)
        began, first = time.perf_counter(), runner.status.step
        time.sleep(seconds)
        rate = (runner.status.step - first) / (time.perf_counter() - began)
        runner.stop()
    return rate


def counted(drawn_by: dict, card, draw):
    """A picture's drawing that counts itself."""

    def counting(*arguments):
        drawn_by[card] += 1
        return draw(*arguments)

    return counting


def live(seconds: float = 5.0) -> tuple[float, float, float, int, float, float]:
    """What a window with some pictures does.

    Beat (95th percentile, ms), steps per second and latency (median, ms); number of pictures, and how often (1/s) the
    one that is drawn least is drawn, paced as the model proposes and flat out.
    """
    from PySide6.QtCore import QEventLoop, QTimer

    from lab.widgets import filing, theme
    from lab.widgets.application import application
    from lab.widgets.settings import Settings
    from lab.widgets.window import Window

    sys.setswitchinterval(0.0003)  # as lab.widgets.app does
    app = application()
    theme.apply(app, "dark")
    window = Window(filing.new_untitled(), Settings(), model=MODEL)
    window.resize(1440, 900)
    window.show()
    app.processEvents()
    seen = [dock for dock in window.workspace.docks.values() if dock.card in window.workspace.visible_cards()]
    for dock in window.workspace.docks.values():
        dock.setVisible(dock in seen[:PICTURES])
    app.processEvents()
    assert len(window.workspace.visible_cards()) == min(PICTURES, len(seen))

    def spend(time_in: float, until=None) -> None:
        """Qt's own loop, as the program runs it: a loop that asks for events all the time would keep a core busy."""
        loop = QEventLoop()
        QTimer.singleShot(int(1000 * time_in), loop.quit)
        look = QTimer()
        look.timeout.connect(lambda: loop.quit() if until() else None)
        if until is not None:
            look.start(2)
        loop.exec()

    drawn_by = dict.fromkeys(window.workspace.visible_cards(), 0)
    for card in drawn_by:
        card.view.draw = counted(drawn_by, card, card.view.draw)

    def frames() -> float:
        """How often the picture that is drawn least is drawn in a second."""
        drawn_by.update(dict.fromkeys(drawn_by, 0))
        began = time.perf_counter()
        spend(seconds)
        return min(drawn_by.values()) / (time.perf_counter() - began)

    spend(120.0, lambda: window.player.status.step > 0)
    spend(1.0)
    paced = frames()
    window.transport.speed.setValue(window.transport.speed.maximum())
    spend(1.0)
    window.pulse.gaps.clear()
    began, first = time.perf_counter(), window.player.status.step
    hurried = frames()
    rate = (window.player.status.step - first) / (time.perf_counter() - began)
    gaps = sorted(window.pulse.gaps)
    latencies = []
    name, values = PARAMETER.get(MODEL, (None, ()))
    for k in range(10 if name else 0):
        value = values[(k + 1) % 2]
        at = time.perf_counter()
        window.tuning.change(name, value)
        spend(2.0, lambda value=value: getattr(window.player.status.model, name) == value)
        drawn = window.workspace.visible_cards()[0].view._drawn
        spend(2.0, lambda drawn=drawn: window.workspace.visible_cards()[0].view._drawn != drawn)
        latencies.append(1000 * (time.perf_counter() - at))
    window.close()
    window.finish()
    window.deleteLater()
    app.processEvents()
    return (
        1000 * gaps[int(0.95 * len(gaps))],
        rate,
        statistics.median(latencies) if latencies else float("nan"),
        len(drawn_by),
        paced,
        hurried,
    )


def main() -> None:
    """Print the figures beside what they are meant to be."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAB_DATA"] = folder
        alone = headless()
        shown, moving = start()
        beat, rate, latency, pictures, paced, hurried = live()
    print(f"{MODEL}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else MODEL)
    print(f"window shown            {shown:8.2f} s")
    print(f"first moving picture    {moving:8.2f} s    (at most 2.5, warm)")
    print(f"beat, 95th percentile   {beat:8.1f} ms   (below 33, {pictures} pictures, flat out)")
    print(f"frames of each picture  {paced:8.1f} 1/s  paced, {hurried:.1f} flat out (at least 30 with six pictures)")
    print(f"steps per second        {rate:8.0f}      without a window {alone:.0f}, share {rate / alone:.2f} (at least 0.7)")
    print(f"change to picture       {latency:8.1f} ms   (below 100)")


if __name__ == "__main__":
    main()
