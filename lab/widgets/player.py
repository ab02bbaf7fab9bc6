"""What is in front: a run that moves, or a recording that is looked at. Knows the runner and the session, no widgets.

nothing --open--> a new run --(Seek back)--> its recording at a place --(Play, Change, Act)--> a branch of it
   |                 ^
   +---- look ---> a recording of the session --(Play, Change, Act)--> goes on where it ended, or a branch
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from lab import units
from lab.display.moment import Moment
from lab.display.plots import LiveSource, Overlay, RecordedSource, Source
from lab.engine.experiment import Experiment
from lab.engine.provenance import difference
from lab.engine.recording import experiment_of, restore_point
from lab.engine.runner import Act, Answer, Ask, Change, Command, Pause, Play, RunFor, Runner, Seek, Speed, Status, Stop, Watch
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.model import Happened, Model
from lab.session import RunInfo, Session, SessionReader
from lab.widgets.notebook import course_of

COLOURS = 6


@dataclass(frozen=True)
class Left:
    """A run that was in front and is no longer: its worker, how it stood then, why one went away, and how long one had watched."""

    runner: Runner
    phase: str
    pace: float | None
    because: str  # `model`, `preset`, `again`, `parameter`, or nothing
    seconds: float


class Player(QObject):
    """Drives one run at a time and says what pictures should read.

    switched   another run or recording is in front
    branched   the present run became a branch (its model may have other parameters than the document)
    failed     a sentence about something that could not be done
    left       a run that was in front has ended, and all it had is handed to the session (`Left`)
    noted      a sentence about something that should be known
    answered   the `Answer` to a question that was asked while a cursor moves
    """

    switched = Signal()
    branched = Signal()
    failed = Signal(str)
    left = Signal(object)
    noted = Signal(str)
    answered = Signal(object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.session: Session | None = None
        self._reader: SessionReader | None = None
        self.runner: Runner | None = None
        self.viewed: RunInfo | None = None  # a recording in front that no runner stands behind
        self._place: int | None = None  # of the viewed recording
        self._whence: int | None = None  # the recorded run that the one in front goes on from
        self._leaving: list[Left] = []
        self._live: LiveSource | None = None
        self._moment: Moment | None = None
        self._past: RecordedSource | None = None
        self._overlays: dict[int, RecordedSource] = {}
        self._watched: frozenset[str] = frozenset()
        self._known_run: int | None = None
        self._since = 0.0  # when what is in front was opened
        self._question: Ask | None = None  # to be asked when the one before is answered: there is never more than one on its way
        self._asked: Ask | None = None
        self._heard: Answer | None = None  # the same question may be asked again, of a run that has moved on

    def use(self, session: Session) -> None:
        """Record into another session from now on; nothing is in front."""
        self.leave()
        self._overlays = {}
        self.session = session
        self._reader = None

    def reader(self) -> SessionReader:
        """The one connection through which the window reads recordings; the session closes it."""
        assert self.session is not None
        if self._reader is None:
            self._reader = self.session.reader()
        return self._reader

    # -- what is in front --

    @property
    def status(self) -> Status | None:
        """The status of the run in front, made up for a recording; None when there is nothing."""
        if self.runner is not None:
            return self.runner.status
        if self.viewed is not None and self._past is not None:
            end = self._past.end
            return Status(
                "finished" if self.viewed.state == "finished" else "paused", self._past.model, step=end, place=self._place,
                run_id=self.viewed.id, summary=self.viewed.summary, reason=self.viewed.state,
            )  # fmt: skip
        return None

    @property
    def source(self) -> Source | None:
        """Where pictures read from now."""
        if self.runner is not None:
            place = self.runner.status.place
            if place is not None and self.runner.run_id is not None and self._recording(self.runner.run_id, place):
                return self._past
            return self._live
        return self._past

    def frame(self, anew: bool = True) -> tuple[Source | None, Status | None]:
        """What a frame of the window shows, and the status that goes with it: one moment of what runs, the same until one is taken anew."""
        source, moment = self.source, self._moment
        if source is None or source is not self._live or moment is None:
            return source, self.status
        if anew or moment.over:
            moment.take()
        return moment, moment.status

    @property
    def run_id(self) -> int | None:
        """The run in front."""
        status = self.status
        return status.run_id if status else None

    @property
    def in_hand(self) -> set[int]:
        """The runs that are in front, that what is in front goes on from, or that still hand over what they had."""
        found = (self.run_id, self._whence, *(each.runner.run_id for each in self._leaving if each.runner.alive))
        return {number for number in found if number is not None}

    def _recording(self, run_id: int, place: int) -> bool:
        """Make the past source show `place`; the run itself, or the run it branched from, whoever recorded it."""
        assert self.session is not None and self.runner is not None
        run = self.session.run(run_id)
        while run.parent is not None and run.parent_step is not None and place <= run.parent_step:
            run = self.session.run(run.parent)
        if self._past is None or self._past.run != run.id:
            try:
                self.session.flush()
                self._past = RecordedSource(
                    self.reader(), run.id, place, self.runner.status.model, self._labels, self._look_now, self._look_again
                )
            except LabError as error:
                self.failed.emit(str(error))
                return False
        self._past.place = place
        return True

    def _labels(self, stream: str) -> tuple[str, ...]:
        return self._live.labels(stream) if self._live else ()

    def _look_again(self) -> tuple[int, Mapping[str, Any]]:
        return self.runner.status.past if self.runner is not None else (-1, {})

    def _look_now(self, stream: str) -> object:
        return self._live.snapshot(stream) if self._live else None

    def source_of(self, number: int) -> Source:
        """What pictures of a run of the session read: the run in front as it is now, another as it was recorded."""
        if number == self.run_id and self.source is not None:
            return self.source
        if self._handing_over(number):
            self.settle()
        return self._whole(number)

    def _handing_over(self, number: int) -> bool:
        """Whether a run that was left has not yet handed all it had to the session."""
        return any(each.runner.run_id == number and each.runner.alive for each in self._leaving)

    def _whole(self, number: int) -> RecordedSource:
        """A run as it was recorded. What is read is what is committed, and how long a run is, is read once: nothing may wait in the queue."""
        assert self.session is not None
        self.session.flush()
        return RecordedSource(self.reader(), number)

    def overlays(self, runs: Sequence[tuple[int, str]]) -> list[Overlay]:
        """Sources of earlier runs (number, name) to be drawn behind the present one; one that was just left follows when it has ended."""
        found = []
        wanted = set()
        for number, name in runs:
            if self.session is None or number == self.run_id:
                continue
            wanted.add(number)
            try:
                if number not in self._overlays:
                    if self._handing_over(number):
                        continue
                    self._overlays[number] = self._whole(number)
                found.append(Overlay(name, self.session.run(number).colour or "muted", self._overlays[number]))
            except LabError as error:
                self.failed.emit(str(error))
        self._overlays = {k: v for k, v in self._overlays.items() if k in wanted}
        return found

    # -- bringing something to the front --

    def open(self, experiment: Experiment, name: str, *, playing: bool, pace: float | None, because: str = "", **resume: Any) -> None:
        """Begin a new run; `because` says why the one in front is left."""
        self.leave(because)
        # The first colour is that of whatever run is in front; a run has its own when it lies behind another.
        colour = f"series{1 + len(self.session.runs(deleted=True)) % (COLOURS - 1)}" if self.session else "series1"
        try:
            runner = Runner(
                experiment, self.session, name=name, colour=colour, playing=playing, watch=self._watched, pace=pace, apart=True, **resume
            )
        except LabError as error:
            self.failed.emit(str(error))
            return
        self.runner = runner
        self._live = LiveSource.of(runner)
        self._moment = Moment(runner.ring, lambda: runner.status)
        whence = (resume["run_id"], resume["at"]) if "run_id" in resume else resume.get("parent")
        self._whence = whence[0] if whence is not None else None
        if whence is not None:  # a run that had left the session, and is come back to, has no recording of what was before
            self._goes_on_from(*whence)
        self._known_run = None
        self._since = time.monotonic()
        runner.start()
        self.switched.emit()

    def _goes_on_from(self, run_id: int, step: int) -> None:
        """What runs goes on from this place of a recorded run: curves begin before it."""
        assert self._live is not None and self._moment is not None and self.session is not None
        try:
            self.session.flush()
            before = RecordedSource(self.reader(), run_id, step)
        except LabError:  # what comes from now on is shown
            return
        self._live.before = self._moment.before = before

    def look(self, run_id: int, because: str = "") -> None:
        """Show a recording of the session; playing goes on from it."""
        assert self.session is not None
        self.leave(because)
        self.settle()
        try:
            self.session.flush()
            self.viewed = self.session.run(run_id)
            self._past = RecordedSource(self.reader(), run_id, model=self._model_at_end(self.viewed), labels=self._labels)
        except LabError as error:
            self._past = self.viewed = None
            self.failed.emit(str(error))
        self.switched.emit()

    def _model_at_end(self, info: RunInfo) -> Model:
        """The model of a recorded run with the parameters it had last."""
        model = Experiment.from_dict(info.experiment, f"Run '{info.name}'").build()
        course = course_of((e.kind, e.payload) for e in self.reader().log(info.id))
        return model.replace(**{name: values[-1] for name, values in course.items()}) if course else model

    def go_on(self, run_id: int, step: int | None = None, *, playing: bool, pace: float | None) -> bool:
        """Continue a recorded run at `step` (None: its end): the run itself at its end, a branch of it before that."""
        assert self.session is not None
        try:
            self.session.flush()
            info = self.session.run(run_id)
            experiment = experiment_of(self.reader(), info, f"Run '{info.name}'").replace(steps=None)
            step = info.steps if step is None else min(step, info.steps)
            reader = self.reader()
            point = restore_point(reader, run_id, step)
            log = tuple(Happened(e.step, e.kind, e.name, dict(e.payload)) for e in reader.log(run_id))  # type: ignore[arg-type]
            if point is None:
                point = Simulation(experiment.build(), experiment.seed).checkpoint()
        except LabError as error:
            self.failed.emit(str(error))
            return False
        if sentence := difference(info.made):
            self.noted.emit(sentence)
        same = step == info.steps == point.step and info.state != "diverged"
        clock = experiment.build().clock
        name = info.name if same else f"{info.name} (from {units.number(step * clock.dt, 6)} {clock.unit})"
        where: dict[str, Any] = {"run_id": run_id} if same else {"parent": (run_id, step)}
        self.open(experiment, name, playing=playing, pace=pace, resume=(point, log), at=step, **where)
        return True

    def leave(self, because: str = "") -> None:
        """Let go of what is in front; a run ends by itself in its own thread."""
        if self.runner is not None:
            status = self.runner.status
            self._leaving.append(Left(self.runner, status.phase, status.pace, because, time.monotonic() - self._since))
            self.runner.send(Stop())
        self.runner = None
        self.viewed = None
        self._live = self._moment = self._past = None
        self._place = self._whence = None
        self._question = self._asked = self._heard = None

    # -- commands --

    def send(self, command: Command) -> None:
        """Pass a command to the run in front; a recording is woken by whatever needs a run."""
        if self.runner is not None:
            self.runner.send(command)
            return
        if self.viewed is None:
            return
        if isinstance(command, Seek):
            end = self.viewed.steps
            self._place = command.step if 0 <= command.step < end else None
            if self._past is not None:
                self._past.place = self._place
        elif isinstance(command, (Play, RunFor, Change, Act)):
            pace = self.viewed_pace
            if self.go_on(self.viewed.id, self._place, playing=False, pace=pace):
                assert self.runner is not None
                self.runner.send(command)

    @property
    def viewed_pace(self) -> float | None:
        """Pace with which a recording would go on."""
        return self._past.model.speed if self._past is not None else None

    def play(self) -> None:
        """Go on."""
        self.send(Play())

    def pause(self) -> None:
        """Hold."""
        self.send(Pause())

    def cancel(self) -> None:
        """Give up a run that is still being prepared."""
        if self.runner is not None and self.runner.status.phase == "preparing":
            self.runner.send(Stop())

    def watch(self, streams: frozenset[str]) -> None:
        """What pictures read now; the rest is not computed for them."""
        if streams != self._watched:
            self._watched = streams
            if self.runner is not None:
                self.runner.send(Watch(streams))

    def ask(self, question: Ask) -> None:
        """Ask what a stream would show after an action that is not done; `answered` follows, at once or when the worker has time for it."""
        if self.runner is not None:
            self._question = question

    def _answer(self, answer: Answer | None) -> None:
        if answer is not None and answer is not self._heard and answer.question is self._asked:
            self._asked, self._heard = None, answer
            self.answered.emit(answer)
        if self._question is not None and self._asked is None:
            self._asked, self._question = self._question, None
            self.send(self._asked)

    def pace(self, pace: float | None) -> None:
        """Model time per second; None: flat out."""
        self.send(Speed(pace))

    def settle(self, timeout: float = 3.0) -> None:
        """Wait until the runs that were left have handed over what they had, because one of them is wanted again."""
        for each in self._leaving:
            if each.phase != "preparing":
                each.runner.stop(timeout)
        self._notice_left()

    def _notice_left(self) -> None:
        ended = [each for each in self._leaving if not each.runner.alive]
        self._leaving = [each for each in self._leaving if each.runner.alive]
        for each in ended:
            self.left.emit(each)

    def beat(self) -> None:
        """Notice what happened in the workers."""
        self._notice_left()
        if self.runner is None:
            return
        status = self.runner.status
        self._answer(status.answer)
        if status.place is None:
            self._past = None
        if status.run_id != self._known_run:
            known, self._known_run = self._known_run, status.run_id
            if known is not None:
                self._goes_on_from_parent(status.run_id)
                self.branched.emit()

    def _goes_on_from_parent(self, run_id: int | None) -> None:
        """The run in front became a branch: its curves begin with those of the run that it left."""
        try:
            run = self.session.run(run_id) if self.session is not None and run_id is not None else None
        except LabError:
            return
        if run is not None and run.parent is not None and run.parent_step is not None:
            self._goes_on_from(run.parent, run.parent_step)

    @property
    def busy(self) -> bool:
        """Whether a worker still lives, in front or on its way out."""
        return any(each.runner.alive for each in self._leaving) or (self.runner is not None and self.runner.alive)

    def finish(self, timeout: float) -> bool:
        """Let go and wait until every worker has written what it has; False if one is still busy."""
        self.leave()
        for each in self._leaving:
            # One that is still compiling has recorded nothing that could be lost.
            each.runner.stop(min(timeout, 0.5) if each.runner.status.phase == "preparing" else timeout)
        self._leaving = [each for each in self._leaving if each.runner.alive]
        return not self._leaving

    @property
    def model(self) -> Model | None:
        """The model in front, with the parameters it has now."""
        status = self.status
        return status.model if status else None
