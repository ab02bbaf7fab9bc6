"""The run in front as a person drives it: begun anew, played, held, looked back at, branched, acted on, and led out of trouble.

the document's experiment --begin, restart--> Player --> Runner
edits of a network --restart_soon--> one restart when they have settled, or when a person does anything to the run before
a person --toggle, run_for, seek, act, remedy--> Player
what the run became by itself (a branch, a source that an action turned) --> the document, as one step
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from lab import catalog
from lab.engine.experiment import Experiment
from lab.engine.runner import Act, Change, RunFor, Seek, Status
from lab.errors import LabError
from lab.model import Remedy
from lab.widgets.notebook import Told, names
from lab.widgets.shell import Shell
from lab.widgets.side import DEFAULTS

SETTLE_MS = 400  # edits of a network that follow each other more quickly are seen in one run


class Driver(QObject):
    """Drives the run of the experiment in front.

    begun(model, title)  a run is prepared from now on
    over(status)         a person wants to play a run that is finished
    waits(yes)           edits are settling: a new run begins in a moment; or no longer
    """

    begun = Signal(str, str)
    over = Signal(object)
    waits = Signal(bool)

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self._shell = shell
        self._paces: dict[str, float | None] = {}  # what a person chose, by model
        self._acted: object = None  # what actions changed, as far as the document has taken it over
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self.settle)
        self._waiting = False  # edits settle; when the timer calls, it is no longer active
        self._telling = False  # the last of the edits that are settling was done, not undone
        shell.player.branched.connect(self._branched)
        shell.player.switched.connect(self.forget_edits)  # whatever is in front now has been asked for

    # -- a run begins --

    def begin(self, experiment: Experiment, playing: bool, pace: float | None, *, because: str = "model", **resume: Any) -> None:
        """Begin a run, at its start or with a state that was kept."""
        kind = catalog.load(experiment.model)
        name = names([Told(0, experiment.parameters, experiment.seed)], kind)[0]
        self._shell.player.open(experiment, name, playing=playing, pace=pace, because=because, **resume)
        self.begun.emit(experiment.model, kind.title)

    def restart(self, playing: bool, because: str = "parameter") -> None:
        """Begin a run of the document's experiment; `because` says why the one in front is left."""
        experiment = self._shell.document.experiment()
        try:
            model = experiment.build()
        except LabError as error:
            self._shell.failed(str(error))
            return
        self.begin(experiment, playing, self._paces.get(experiment.model, model.speed), because=because)

    # -- edits settle into one run --

    @property
    def settling(self) -> bool:
        """Whether edits wait for a run that shows them."""
        return self._waiting

    def restart_soon(self, telling: bool = True) -> None:
        """Begin a run of the document's experiment once no edit has come for a moment, and say so if `telling`."""
        self._telling, self._waiting = telling, True
        self._settling.start()
        self.waits.emit(True)

    def settle(self) -> None:
        """Begin the run that edits wait for now; nothing if none does, or if they led back to what is in front."""
        if not self.forget_edits():
            return
        player, experiment = self._shell.player, self._shell.document.experiment()
        status, runner = player.status, player.runner
        if runner is not None and status is not None and status.phase not in ("failed", "diverged"):
            try:
                if status.model == experiment.build() and runner.experiment.seed == experiment.seed:
                    return
            except LabError:
                pass  # the restart says why
        self.restart(status is not None and status.phase in ("running", "finished", "preparing"))
        if self._telling:
            self._shell.steps.did(f"{self._shell.history.stack.undoText()}: a new run has begun.")

    def forget_edits(self) -> bool:
        """No run begins by itself for what was edited; whether one would have."""
        waited, self._waiting = self._waiting, False
        self._settling.stop()
        if waited:
            self.waits.emit(False)
        return waited

    def reset(self, _checked: object = None, *, playing: bool | None = None) -> None:
        """Begin again with the present parameters: a new run."""
        status = self._shell.player.status
        self.restart(bool(status and status.phase == "running") if playing is None else playing, "again")

    def reset_to_defaults(self) -> None:
        """Way out of a divergence."""
        self._shell.choose_preset(DEFAULTS, playing=True)

    # -- it goes on, holds, and is looked back at --

    def toggle(self) -> None:
        """Play or pause; a finished run does not begin anew by itself."""
        self.settle()
        player = self._shell.player
        status = player.status
        if status is None:
            return
        if status.phase == "running":
            player.pause()
        elif status.phase == "finished" and status.place is None:
            self.over.emit(status)
        else:
            player.play()

    def run_for(self, steps: int) -> None:
        """Advance some steps, then hold; a single one may be an action of the model (slow motion)."""
        self.settle()
        status = self._shell.player.status
        if steps == 1 and status is not None and status.model.single_step:
            self.act(status.model.single_step, {})
        else:
            self._shell.player.send(RunFor(steps))

    def seek(self, step: int) -> None:
        """Look at a step of the recording."""
        self.settle()
        self._shell.player.send(Seek(step))

    def branch_here(self) -> None:
        """Make the place looked at the present of a new run."""
        status = self._shell.player.status
        if status is not None and status.place is not None:
            self._shell.player.send(RunFor(0))

    def set_pace(self, pace: float | None) -> None:
        """Model time per second, for this run and the next ones of its model; None: flat out."""
        self._paces[self._shell.document.model] = pace
        self._shell.player.pace(pace)

    # -- what is done to it --

    def act(self, name: str, arguments: dict) -> None:
        """Do an action to the run in front; a picture of its name, which shows what came out, comes to the front."""
        self.settle()
        self._shell.player.send(Act(name, arguments))
        self._shell.workspace.bring(name.replace("_", " "))

    def did_by_hand(self, name: str, back: dict, again: dict, words: str) -> None:
        """What a hand did in a picture is a step, too: undo does the action with the arguments from before."""
        run = self._shell.player.run_id
        self._shell.history.did(words, partial(self._act_in, run, name, back), partial(self._act_in, run, name, again))

    def _act_in(self, run: int | None, name: str, arguments: dict) -> None:
        if run == self._shell.player.run_id:
            self._shell.player.send(Act(name, arguments))
        else:
            self._shell.toast.say("accent", "That was done in another run, which is as it was left.", key="elsewhere")

    def remedy(self, way: Remedy) -> None:
        """Do what a model offers: go back and branch, change parameters as one undoable step, do an action, and go on if it was going on."""
        self.settle()
        player, document = self._shell.player, self._shell.document
        going = player.status is not None and player.status.phase in ("running", "diverged", "finished")
        if way.back_to is not None:
            self.seek(way.back_to)
            # What is changed at a place of the past makes the branch; the document takes over what it then has.
            player.send(Change(dict(way.changes)) if way.changes else RunFor(0))
        elif way.changes:
            self._shell.history.replace(document.with_experiment(document.experiment().with_parameters(**way.changes)), way.label)
        if way.action:
            self.act(way.action, {})
        if going:
            player.play()

    # -- what it became by itself goes into the document --

    def take_over(self, status: Status) -> None:
        """Parameters that an action changed (a source was turned), as one step named after the action."""
        if status.acted is self._acted:
            return
        self._acted = status.acted
        document = self._shell.document
        if status.acted is None or type(status.model) is not catalog.load(document.model):
            return
        name, values = status.acted
        experiment = document.experiment()
        after = experiment.with_parameters(**values)
        if after != experiment:
            label = type(status.model).actions()[name].label
            self._shell.adopt(document.with_experiment(after), label, f"{experiment.model} {name}")

    def _branched(self) -> None:
        """The run in front became a branch: the document takes over the parameters it has."""
        status, document = self._shell.player.status, self._shell.document
        assert status is not None
        experiment = document.experiment().replace(parameters=status.model.changed())
        if experiment != document.experiment():
            at = self._shell.transport.time_text(status.step)
            self._shell.adopt(document.with_experiment(experiment), f"Go on from {at}")
