"""Keeps the runs of a session few: what nobody touched goes when it is left, and a model that is come back to goes on where it was.

    a run is left --> untouched, for another model       it leaves the session; its last state waits here until the model is back
                  --> untouched, for a preset, a seed
                      or another start of the same       it leaves the session: it can be made again by a click
                  --> untouched, for another value       it stays, to be compared, unless it was passed over at once
                  --> touched                            it stays

A run is touched once anything was changed or done in it, once it was renamed, pinned, starred or laid behind another, and when
it is a branch or has one. Of runs that were only browsed, touched or not, what is large is let go, oldest first, once they take more
room than is theirs (`keep_in_brief`): never of one that was renamed, pinned, starred, laid behind another or compared, nor of what
was in the session when it was opened.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from lab.engine.experiment import Experiment
from lab.errors import LabError
from lab.session import RunInfo, keep_in_brief
from lab.widgets.document import RunMark
from lab.widgets.player import Left
from lab.widgets.shell import Shell

PASSED = 1.0  # seconds within which a run that nobody touched was only passed over
WAITING = 16  # models whose last state waits
HEAVY = 64 << 20  # bytes of all states that wait


@dataclass(frozen=True)
class Waiting:
    """The last state of a run that left the session, with all that is needed to go on."""

    experiment: Experiment
    point: Any
    playing: bool
    pace: float | None

    @property
    def size(self) -> int:
        """Bytes of the state."""
        return sum(array.nbytes for array in self.point.state.values())


class Keeper(QObject):
    """Decides what becomes of a run that is left, and what is in front when a model comes back."""

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self._shell = shell
        self.waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._playing: dict[int, bool] = {}  # runs that stayed: whether they played when they were left
        self.compared: set[int] = set()  # runs that were laid side by side: somebody wants them
        shell.player.left.connect(self._left)
        shell.player.switched.connect(self.let_go)  # not as one leaves: the run that one goes to would not be in front yet

    def touched(self, info: RunInfo, logged: int) -> bool:
        """Whether a person did anything in or with a run."""
        mark = self._shell.document.mark(info.id)
        branched = info.parent is not None or any(r.parent == info.id for r in self._shell.session.runs(deleted=True))
        return bool(logged) or branched or mark != RunMark() or info.pinned

    def let_go(self) -> None:
        """Keep in brief what was only browsed, where that takes more room than is its own."""
        shell = self._shell
        if shell.session.closed or not shell.session.writable:
            return
        wanted = {number for number, mark in shell.document.runs.items() if mark != RunMark()}
        made = {run.id for run in shell.session.runs() if run.made.get("sweep")}
        try:
            keep_in_brief(shell.session, wanted | made | self.compared | shell.player.in_hand)
        except LabError:
            pass  # a disk that takes nothing is told of by whatever else wants to write

    def _left(self, left: Left) -> None:
        session, runner = self._shell.session, left.runner
        status = runner.status
        if status.run_id is None or session.closed or runner.session is not session or left.phase in ("preparing", "failed"):
            return
        try:
            info = session.run(status.run_id)
        except LabError:
            return  # it was removed meanwhile
        self._playing[info.id] = left.phase == "running"
        if self.touched(info, len(status.log)) or status.run_id == self._shell.player.run_id:
            return
        if left.because == "model" and left.phase != "diverged" and status.step and status.last is not None:
            waiting = Waiting(runner.experiment, status.last, left.phase == "running", left.pace)
            self.waiting[runner.experiment.model] = waiting
            self.waiting.move_to_end(runner.experiment.model)
            while len(self.waiting) > WAITING or (len(self.waiting) > 1 and sum(w.size for w in self.waiting.values()) > HEAVY):
                self.waiting.popitem(last=False)
            session.remove_run(info.id)
        elif left.because in ("preset", "again", "model") or (left.because == "parameter" and left.seconds < PASSED):
            session.remove_run(info.id)

    def come_back(self, name: str) -> bool:
        """Bring back what was in front when a model was left, if its values are still those of the document; whether there was any."""
        shell = self._shell
        shell.player.settle()
        experiment = shell.document.experiment(name)
        waiting = self.waiting.pop(name, None)
        if waiting is not None and alike(waiting.experiment, experiment):
            shell.driver.begin(experiment, waiting.playing, waiting.pace, resume=(waiting.point, ()), at=waiting.point.step)
            return True
        for info in reversed(shell.session.runs()):
            if info.experiment.get("model") == name and info.steps and not shell.document.mark(info.id).deleted:
                if info.state != "diverged" and self._fits(info, experiment):
                    shell.player.look(info.id, "model")
                    if self._playing.get(info.id) and info.state != "finished":
                        shell.player.play()
                    return True
                return False
        return False

    def _fits(self, info: RunInfo, experiment: Experiment) -> bool:
        told = self._shell.marks.told(info)
        try:
            made = Experiment.from_dict(info.experiment, f"Run '{info.name}'").build().replace(**told.changes)
        except LabError:
            return False
        return made == experiment.build() and info.experiment.get("seed", 0) == experiment.seed


def alike(one: Experiment, other: Experiment) -> bool:
    """Whether two experiments run the same model with the same values and the same seed."""
    return one.build() == other.build() and one.seed == other.seed
