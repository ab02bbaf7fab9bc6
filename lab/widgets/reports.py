"""What the window says about a run: that it is prepared, what went wrong, and the ways out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from lab.engine.runner import Status
from lab.widgets.shell import Shell

ADVICE = 15.0  # seconds that a piece of advice lies over the pictures
PATIENCE = 0.25  # seconds before preparing is worth a word


class Reports(QObject):
    """Turns the status of the run in front into a sentence in the banner, or the card of its end; looked at once per beat.

    `compare` shows the runs side by side.
    """

    def __init__(self, shell: Shell, compare: Callable[[], object]):
        super().__init__(shell.frame)
        self._shell, self._compare = shell, compare
        self._reported: tuple = ()
        self._preparing = ""
        self._opened_at = 0.0
        self._advised: set[str] = set()
        self._moving = False  # whether the run in front was seen on its way: a recording that is opened at its end was not

    def begin(self, model: str, title: str) -> None:
        """A run of a model is prepared from now on."""
        last = self._shell.settings.prepared(model)
        took = f"last time it took {last:.1f} s" if last else "the first time takes a few seconds, later ones are quick"
        self._preparing = f"Preparing {title or model}: its data and compiled kernels are made ready; {took}."
        self._opened_at = time.monotonic()
        self._moving = True

    def forget(self) -> None:
        """Another run is in front: what was said of the last one is no longer true."""
        self._reported = ()
        self._moving = False
        self._advised.clear()
        self._shell.banner.take_back("run")
        self._shell.banner.take_back("advice")

    def show(self, status: Status | None) -> None:
        """Say what there is to be said about this status."""
        if status is None:
            return
        key: tuple = (status.phase, status.error, status.waiting_for_disk)
        if status.phase == "preparing":
            # What was said about the session on opening it is worth more than that something is being prepared.
            banner = self._shell.banner
            if time.monotonic() - self._opened_at > PATIENCE and banner.key != "session":
                if not status.doing:
                    banner.say("accent", self._preparing, key="run", busy=True)
                elif banner.key == "run" and self._reported == (*key, "doing"):
                    banner.reword(f"{status.doing}.")  # a button made anew at each per cent could not be clicked
                else:
                    banner.say("accent", f"{status.doing}.", [("Cancel", self._shell.player.cancel)], key="run", busy=True)
            if status.doing:
                key = (*key, "doing")
            self._reported = key
            return
        if key == self._reported:
            self._advise(status)
            return
        was, self._reported = self._reported, key
        if was and was[0] == "preparing" and status.prepared_in:
            self._shell.settings.put_prepared(self._shell.document.model, status.prepared_in)
        if status.phase != "finished":
            self._moving = self._moving or status.phase in ("running", "paused")
            self._shell.finish_card.hide()
        elif self._moving and status.place is None:
            self._moving = False
            self.show_end(status)
        if status.phase == "diverged":
            undo = self._shell.history.stack.undoText()
            ways: list = [(way.label, partial(self._shell.driver.remedy, way)) for way in status.remedies[:2]]
            ways = ways or [("Back to the last good state", self._shell.player.play)]
            if undo:
                ways.append((f"Undo {undo}", self._undo_and_go))
            if len(ways) < 3:
                ways.append(("Reset to defaults", self._shell.driver.reset_to_defaults))
            self._shell.banner.say("bad", status.error, ways, key="run")
        elif status.phase == "failed":
            self._shell.banner.say(
                "bad",
                status.error,
                [("Try again", self._shell.driver.reset), ("Reset to defaults", self._shell.driver.reset_to_defaults)],
                key="run",
            )
        elif status.waiting_for_disk:
            self._shell.banner.say(
                "bad", status.error, [("Try again", self._shell.player.play), ("Save as…", self._shell.save_as)], key="run"
            )
        elif status.error:
            self._shell.banner.say("warn", status.error, key="run")
        else:
            self._shell.banner.take_back("run")

    def show_end(self, status: Status) -> None:
        """Open the card of a finished run: what came out and what can be done now. Nothing begins anew by itself."""
        going_on, driver = status.model.going_on, self._shell.driver
        ways: list[tuple[str, Callable[[], object]]] = [] if going_on is None else [(going_on.label, partial(driver.remedy, going_on))]
        ways += [("Start again", partial(driver.reset, playing=True)), ("Another seed", self._another_seed)]
        if len(self._shell.marks.rows()) > 1:
            ways.append(("Compare the runs", self._compare))
        self._shell.finish_card.show_run(status, ways)

    def _another_seed(self) -> None:
        self._shell.tuning.change_seed(self._shell.document.experiment().seed + 1)

    def _advise(self, status: Status) -> None:
        """What the model finds wrong, once for each finding of a run, where a button mends it."""
        advice, banner = status.advice, self._shell.banner
        if advice is None or not advice.remedies:
            if banner.key == "advice":
                banner.take_back("advice")
            return
        if advice.finding not in self._advised and banner.key is None and status.place is None:
            self._advised.add(advice.finding)
            ways = [(way.label, partial(self._shell.driver.remedy, way)) for way in advice.remedies[:2]]
            banner.say("warn", advice.beside_buttons, ways, key="advice", passes=ADVICE)  # the verdicts keep saying it

    def _undo_and_go(self) -> None:
        self._shell.steps.undo()
        self._shell.player.play()
