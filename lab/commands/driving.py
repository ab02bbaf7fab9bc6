"""Drives a run of the command line to its end while it is recorded, through signals and full disks."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from lab.commands.options import say
from lab.errors import DiskError, DivergenceError, FileError

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment
    from lab.engine.recording import Recorder
    from lab.engine.simulation import Simulation
    from lab.session import Session

ROOM_SECONDS = 1.0  # between looks whether a full disk has room again
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Signals:
    """Wishes to end the program. While `patient`, the first is noted and the work ends where that does no harm; else it raises."""

    def __init__(self) -> None:
        self.asked = False
        self.patient = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """What the operating system calls."""
        if self.asked or not self.patient:
            self.asked = True
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def signals() -> Iterator[Signals]:
    """Ctrl-C, the end of a terminal and a polite kill all mean the same: end, and lose nothing."""
    found = Signals()
    if threading.current_thread() is not threading.main_thread():  # whoever owns that one handles them
        yield found
        return
    before = {}
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:  # nohup means it
            before[number] = signal.signal(number, found.note)
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def drive(simulation: Simulation, experiment: Experiment, recorder: Recorder, session: Session, wishes: Signals, quiet: bool) -> int:
    """Advance to the end, record it all and close the session; the exit code. A full disk is waited for."""
    from lab.engine.past import still_ahead
    from lab.engine.simulation import simulate

    clock, begin, began = simulation.model.clock, simulation.step, time.perf_counter()
    progress = _Progress(simulation, experiment, quiet)
    ahead = still_ahead(experiment.schedule, simulation.log)
    reason, state, code = "finished", "finished", 0
    wishes.patient = True  # in the middle of a step, state and step count would part
    whole = True
    try:
        for block in simulate(simulation, experiment.steps, record=recorder.record, schedule=ahead):
            try:
                recorder.take(block)
            except DiskError as error:
                whole = _patiently(recorder.drain, session, wishes, error)
            recorder.take_log(simulation.log)
            whole = whole and _patiently(lambda: recorder.checkpoint_when_due(simulation), session, wishes)
            if wishes.asked:
                reason, state, code = "interrupted", "stopped", 1
                break
            progress.show()
        else:
            reason = simulation.over or "finished"
    except DivergenceError as error:
        sentence = str(error)
        _patiently(lambda: recorder.finish(simulation, "diverged", sentence), session, wishes)
        raise
    progress.end()
    whole = whole and _patiently(lambda: recorder.finish(simulation, state, reason), session, wishes)
    whole = whole and _patiently(session.flush, session, wishes)
    _close(session, wishes, whole)
    if not quiet:
        say(f"{clock.said(simulation.step - begin)} in {time.perf_counter() - began:.3g} s")
    asked_for = experiment.steps or 0
    if not code and simulation.step < asked_for:
        say(
            f"Ended at {clock.said(simulation.step)}, before the {asked_for * clock.dt:.6g} asked for: "
            f"{simulation.over or _whole(simulation, asked_for * clock.dt)}."
        )
    return code or (0 if whole else 1)


def _patiently(action: Callable[[], object], session: Session, wishes: Signals, error: DiskError | None = None) -> bool:
    """Do something that writes, again and again while the disk is full; False if a person has asked to end meanwhile."""
    told = False
    while True:
        if error is None:
            try:
                if told:
                    session.retry()
                    session.flush()  # that something is queued again does not mean that there is room
                action()
                if told:
                    say("There is room again: the run goes on.")
                return True
            except DiskError as problem:
                error = problem
        if wishes.asked:
            return False
        if not told:
            say(f"{error} The run waits and goes on by itself when there is room; Ctrl-C ends it.")
            told = True
        time.sleep(ROOM_SECONDS)
        error = None


def _close(session: Session, wishes: Signals, whole: bool) -> None:
    """Close the session; what the disk does not take after a person has asked to end is given up."""
    try:
        if whole and _patiently(session.close, session, wishes):
            return
        session.close(discard=True)
    except FileError as error:
        say(str(error))


def stopped(simulation: Simulation, path: Path | None) -> None:
    """Say where a run was stopped and how it goes on."""
    clock = simulation.model.clock
    say(
        f"Stopped at {simulation.step * clock.dt:.6g} {clock.unit}; everything recorded so far is in the file."
        + (f" Go on with: lab resume {path}" if path else "")
    )


class _Progress:
    """How far the run is: in one line that is written over, or in a line every few seconds where that cannot be."""

    def __init__(self, simulation: Simulation, experiment: Experiment, quiet: bool):
        self._simulation = simulation
        self._end = experiment.steps or simulation.model.length
        self._quiet = quiet
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = self._began = time.perf_counter()
        self._begin = simulation.step

    def show(self) -> None:
        now = time.perf_counter()
        if self._quiet or now - self._shown <= (0.2 if self._terminal else 5.0):
            return
        self._shown = now
        simulation, clock = self._simulation, self._simulation.model.clock
        pace = (simulation.step - self._begin) * clock.dt / (now - self._began)
        part = f" of {self._end * clock.dt:.6g}" if self._end else ""
        line = f"{simulation.step * clock.dt:.6g}{part} {clock.unit}, {pace:.4g} {clock.unit}/s"
        say(f"\r{line:<60}" if self._terminal else line, end="" if self._terminal else "\n")

    def end(self) -> None:
        if self._terminal and not self._quiet:
            say("")


def _whole(simulation: Simulation, wanted: float) -> str:
    """Why a run is not longer, and which parameter makes it so."""
    model, clock = simulation.model, simulation.model.clock
    ends = [
        spec.name
        for spec in type(model).specs().values()
        if spec.unit.rstrip("s") == clock.unit and getattr(model, spec.name) == round(simulation.step * clock.dt, 9)
    ]
    return "that is its whole length" + (f"; for more say --set {ends[0]}={wanted:g}" if len(ends) == 1 else "")


@contextmanager
def ending_raises() -> Iterator[None]:
    """Let a polite kill and the end of a terminal raise what Ctrl-C raises, so that files are closed on the way out."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():

        def end(number: int, frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        before = {n: signal.signal(n, end) for n in ENDING if n != signal.SIGINT and signal.getsignal(n) is signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
