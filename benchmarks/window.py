"""How the window behaves: start, frames, beat, share of the simulation's speed, and the way from a slider to the picture.

    python benchmarks/window.py [MODEL]        (on a screen, or under xvfb-run -a -s "-screen 0 1440x900x24")

start       seconds from the start of a new process to the window, and to the first picture with data in it: with kernels compiled
            before, and the first ever, in an empty home
frames      how often each picture is drawn in a second, paced as the model proposes and flat out, with the stage as it opens and
            with the drawer opened that shows most
beat        95th percentile of the time between two beats meanwhile
processor   milliseconds of the window's thread per frame of all pictures (in the beat, and in painting what it changed), and the
            share of a core that the window's thread, the run's thread and all of them take
speed       model steps per second in the window, as a share of those of the same runner without a window, and as a share per
            second of its own processor time, which a busy machine does not change
latency     milliseconds from a change of a parameter until a picture has drawn a state computed with it, and how many of them
            pass before the change is sent

The whole takes less than a minute on two quiet cores. Only processor times mean something on a busy machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

MODEL = sys.argv[1] if len(sys.argv) > 1 else "hodgkin-huxley"
PARAMETER = {
    "hodgkin-huxley": ("current", (10.0, 12.0)), "leaky-integrate-and-fire": ("current", (2.5, 3.0)), "mlp": ("rate", (0.02, 0.03)),
}  # fmt: skip
SIX = 6

FIRST_PICTURE = """
import sys, time
began = float(sys.argv[2])
from lab.engine import preparation; preparation.begin(sys.argv[1]); preparation.begin(preparation.DRAWING)
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


def start(count: int = 3, *, empty: bool = False) -> tuple[float, float]:
    """Medians of seconds until the window is there and until its first picture moves, in processes of their own."""
    shown, moving = [], []
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # as installed: compiled to byte code
    for _ in range(count):
        with tempfile.TemporaryDirectory() as home:
            if empty:
                places = ("HOME", "LAB_CACHE", "LAB_DATA", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
                environment |= {name: f"{home}/{name}" for name in places}
                for name in places:
                    os.mkdir(f"{home}/{name}")
            command = [sys.executable, "-c", FIRST_PICTURE, MODEL, repr(time.time())]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        window, picture = map(float, done.stdout.split())
        shown.append(window)
        moving.append(picture)
    return statistics.median(shown), statistics.median(moving)


def thread_seconds(thread) -> float:
    """Processor time of another thread; NaN where the system does not tell."""
    if not hasattr(time, "pthread_getcpuclockid") or not thread.is_alive():
        return float("nan")
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def headless(seconds: float = 2.5) -> tuple[float, float]:
    """Steps per second of a runner that records, without a window: of time on the wall, and of its thread's processor time."""
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner
    from lab.session import Session

    with tempfile.TemporaryDirectory() as folder, Session.create(f"{folder}/headless.lab") as session:
        runner = Runner(Experiment(MODEL), session, playing=True, pace=None).start()
        while runner.status.phase == "preparing" or runner.status.step == 0:
            time.sleep(0.01)
        time.sleep(0.5)
        began, first, own = time.perf_counter(), runner.status.step, thread_seconds(runner._thread)
        time.sleep(seconds)
        done, took, busy = runner.status.step - first, time.perf_counter() - began, thread_seconds(runner._thread) - own
        runner.stop()
    return done / took, done / busy


@dataclass(frozen=True)
class Watched:
    """What was seen of a window for some seconds: a row of the table."""

    what: str
    pictures: int
    frames: float
    beat: float
    in_beat: float
    painting: float
    window: float
    run: float
    all: float
    steps: float
    steps_per_busy_second: float

    def __str__(self) -> str:
        return (
            f"{self.what:22} {self.pictures:4} {self.frames:9.1f} {self.beat:9.1f} {self.in_beat:8.1f} + {self.painting:4.1f}"
            f" {self.window:9.2f} {self.run:6.2f} {self.all:6.2f} {self.steps:12.0f}"
        )


HEADER = "                   pictures  frames/s  beat p95    ms a frame: beat + rest   window    run    all      steps/s"


class Bench:
    """A window that is watched."""

    def __init__(self) -> None:
        from lab.widgets import filing, theme
        from lab.widgets.application import application
        from lab.widgets.settings import Settings
        from lab.widgets.window import Window

        sys.setswitchinterval(0.0003)  # as lab.widgets.app does
        self.app = application()
        theme.apply(self.app, "dark")
        self.window = Window(filing.new_untitled(), Settings(), model=MODEL)
        self.window.resize(1440, 900)
        self.window.show()
        self.drawn: dict = {}
        self.counted: set = set()
        self.in_beat = 0.0
        self.window.pulse.beat.connect(self._beaten)
        self.spend(120.0, lambda: self.window.player.status.step > 0)
        self.spend(1.0)

    def _beaten(self) -> None:
        self.in_beat += time.thread_time() - self.window.pulse._busy

    def spend(self, time_in: float, until=None) -> None:
        """Qt's own loop, as the program runs it: a loop that asks for events all the time would keep a core busy."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(int(1000 * time_in), loop.quit)
        look = QTimer()
        look.timeout.connect(lambda: loop.quit() if until() else None)
        if until is not None:
            look.start(1)
        loop.exec()

    def _count(self, card) -> None:
        draw = card.view.draw

        def counting(*arguments):
            self.drawn[card] = self.drawn.get(card, 0) + 1
            return draw(*arguments)

        card.view.draw = counting

    def watch(self, what: str, seconds: float = 3.0) -> Watched:
        """Measure for some seconds."""
        window = self.window
        cards = window.workspace.visible_cards()
        for card in cards:
            if card not in self.counted:
                self.counted.add(card)
                self._count(card)
        self.spend(0.5)
        self.drawn = dict.fromkeys(cards, 0)
        window.pulse.gaps.clear()
        thread, self.in_beat = window.player.runner._thread, 0.0
        began, own, run, everything, first = (
            time.perf_counter(), time.thread_time(), thread_seconds(thread), time.process_time(), window.player.status.step,
        )  # fmt: skip
        self.spend(seconds)
        took, own, run, everything = (
            time.perf_counter() - began, time.thread_time() - own, thread_seconds(thread) - run, time.process_time() - everything,
        )  # fmt: skip
        gaps = sorted(window.pulse.gaps)
        frames, steps = max(1, min(self.drawn[card] for card in cards)), window.player.status.step - first
        return Watched(
            what, len(cards), frames / took, 1000 * gaps[int(0.95 * len(gaps))], 1000 * self.in_beat / frames,
            1000 * (own - self.in_beat) / frames, own / took, run / took, everything / took, steps / took, steps / run if run else 0.0,
        )  # fmt: skip

    def flat_out(self, on: bool) -> None:
        """As fast as it goes, or as the model proposes."""
        speed = self.window.transport.speed
        speed.setValue(speed.maximum() if on else self.window.transport._speeds.position(self.window.player.status.model.speed))
        self.spend(0.5)

    def more(self) -> None:
        """Open the drawer that shows most."""
        drawers = self.window.workspace.drawers
        if drawers is not None and len(self.window.workspace.visible_cards()) < SIX:
            groups = drawers.drawers.groups
            self.window.workspace.open_drawer(max(groups, key=lambda word: len(groups[word])))
            self.spend(1.0)

    def latency(self, count: int = 10) -> tuple[float, float]:
        """Medians of milliseconds from a change to the picture, and until the change is sent."""
        name, values = PARAMETER.get(MODEL, (None, ()))
        whole, sent = [], []
        card = self.window.workspace.visible_cards()[0]
        for k in range(count if name else 0):
            value = values[(k + 1) % 2]
            self.spend(0.05 + 0.003 * k)  # at another place of the beat each time
            at = time.perf_counter()
            self.window.tuning.change(name, value)
            sent.append(1000 * (time.perf_counter() - at))
            # A picture whose source has the new value: what it shows was observed after the change.
            self.spend(2.0, lambda value=value: getattr(card.view.model, name) == value)
            whole.append(1000 * (time.perf_counter() - at))
        return (statistics.median(whole), statistics.median(sent)) if whole else (float("nan"), float("nan"))

    def close(self) -> None:
        """Leave nothing behind."""
        self.window.close()
        self.window.finish()
        self.window.deleteLater()
        self.app.processEvents()


def main() -> None:
    """Print the figures beside what they are meant to be."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAB_DATA"] = folder
        alone, alone_busy = headless()
        shown, moving = start()
        bench = Bench()
        from PySide6.QtGui import QGuiApplication

        rows = [bench.watch("paced")]
        paced = bench.latency()
        bench.flat_out(True)
        rows.append(bench.watch("flat out"))
        hurried = bench.latency()
        bench.more()
        rows.append(bench.watch("more pictures, flat out", 2.0))
        bench.flat_out(False)
        rows.append(bench.watch("more pictures, paced", 2.0))
        platform = QGuiApplication.platformName()
        bench.close()
        first_window, first_picture = start(1, empty=True)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{MODEL}, {os.cpu_count()} cores{load}, platform {platform}")
    print(f"window shown {shown:.2f} s, first moving picture {moving:.2f} s (at most 2.3)")
    print(f"first ever start: window {first_window:.2f} s, moving picture {first_picture:.2f} s (at most 6)")
    print(HEADER)
    for row in rows:
        print(row)
    print("goals: 60 frames a second, with six pictures 45; beat below 20 ms")
    print(
        f"without a window {alone:.0f} steps/s; share watched flat out {rows[1].steps / alone:.2f} (at least 0.85),"
        f" of its own processor time {rows[1].steps_per_busy_second / alone_busy:.2f}"
    )
    print(
        f"change to picture {paced[0]:.0f} ms paced, {hurried[0]:.0f} flat out (below 60), of which before it is sent"
        f" {paced[1]:.0f} and {hurried[1]:.0f}"
    )


if __name__ == "__main__":
    main()
