"""The runner: one simulation in a worker thread, steered by a queue of commands, watched through a status and a ring.

    preparing --> paused <-- Pause, Seek, end of RunFor, full disk --- running --> finished
        |           |                                                    ^ |
        |           +------------------ Play, RunFor --------------------+ +----> diverged
        v           ^                                                                |
      failed        +------ Play, RunFor, Change, Act: back to the last good state --+

    Seek into the past     sets `Status.place`; the phase stays (a running run is paused first). Seek to the end clears it.
    Play, RunFor, Change,
    Act with a place set   branch: the place becomes the present of a NEW run that names its parent.
    Act, Change            finished --> paused, if the run is no longer at its end.
    Stop                   from every phase --> stopped; final.

The worker never talks to a window: commands are frozen values on a queue, what happened is a frozen `Status` that anyone
may read, data goes into a `Ring`. Commands that change nothing (pausing a paused run) are no-ops; those that cannot be
done leave a sentence in `Status.error` and the run as it was. Consecutive changes merge; none is lost.

Seeking back only moves the place that is looked at. Playing from there restores the nearest checkpoint, advances to the
place and goes on as a new run: a recording is never overwritten.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, Literal

from lab.data.progress import heard
from lab.engine import preparation
from lab.engine.experiment import Experiment
from lab.engine.pacing import PACED_SECONDS, Pacing
from lab.engine.past import Past, complete_schedule, replay, still_ahead
from lab.engine.recording import Recorder
from lab.engine.ring import Ring
from lab.engine.simulation import Block, Checkpoint, Order, Simulation, check_record, default_record, simulate
from lab.engine.status import Act, Answer, Ask, Change, Command, Pause, Phase, Play, Refusal, RunFor, Seek, Speed, Status, Stop, Watch
from lab.errors import DiskError, DivergenceError, LabError
from lab.model import Happened
from lab.session import Session

LOOKING_BACK = 0.5  # seconds that may be done again to see what was not recorded


class Runner:
    """Runs one experiment in a thread of its own.

    experiment  what to run; session: where it is recorded (None: not recorded)
    playing     start at once when prepared
    resume      go on from a checkpoint, with the log of the run it belongs to; `at`: advance from it to this step first,
                doing again what the log says
    parent      (run, step) that the recording names as its origin; run_id: go on recording an existing run instead
    apart       compile the kernels in a process of its own, as a window needs it that is drawn meanwhile
    """

    def __init__(
        self,
        experiment: Experiment,
        session: Session | None = None,
        *,
        name: str = "",
        colour: str = "",
        playing: bool = False,
        watch: frozenset[str] = frozenset(),
        pace: float | Literal["default"] | None = "default",
        parent: tuple[int, int] | None = None,
        resume: tuple[Checkpoint, tuple[Happened, ...]] | None = None,
        at: int | None = None,
        run_id: int | None = None,
        apart: bool = False,
        on_stop: Callable[[], None] | None = None,
    ):
        self.experiment = experiment
        self.session = session
        self.name = name or experiment.title or experiment.model
        self.colour = colour
        model = experiment.build()
        self._record = check_record(model, default_record(model) if experiment.record is None else experiment.record)
        self._schedule = complete_schedule(model, experiment.schedule)
        self.status = Status("preparing", model, first=model, pace=model.speed if pace == "default" else pace)
        self.ring = Ring(model)
        self._commands: queue.Queue[Command] = queue.Queue()
        self._stopping = threading.Event()  # a run that was given up while it was prepared leaves no empty recording
        self._playing = playing
        self._watch = watch & {s.name for s in model.streams}
        self._parent = parent
        self._resume = resume
        self._at = at
        self._existing = run_id
        self._target: int | None = None
        self._apart = apart
        self._on_stop = on_stop
        # What follows belongs to the worker.
        self._simulation: Simulation | None = None
        self._generator: Generator[Block, Order | None, str] | None = None
        self._recorder: Recorder | None = None
        self._pacing = Pacing()
        self._past = Past()
        self._ended: Phase = "stopped"  # how the run stood when it was told to stop
        self._thread = threading.Thread(target=self._main, name=f"run {self.name}", daemon=True)

    # -- for everybody --

    def start(self) -> Runner:
        """Start the worker."""
        if self._apart:
            preparation.begin(self.experiment.model)
        self._thread.start()
        return self

    def send(self, command: Command) -> None:
        """Queue a command; returns at once."""
        if isinstance(command, Stop):
            self._stopping.set()
        self._commands.put(command)

    def stop(self, timeout: float = 10.0) -> bool:
        """Ask the worker to end and wait for it; False if it is still busy after `timeout` seconds."""
        self.send(Stop())
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the worker still works."""
        return self._thread.is_alive()

    @property
    def run_id(self) -> int | None:
        """The run in the session that is being recorded."""
        return self.status.run_id

    # -- the worker --

    @property
    def simulation(self) -> Simulation:
        """The model in motion; the worker's own, to be looked at by others only while it stands still."""
        if self._simulation is None:
            raise LabError(f"{self.name} is not prepared yet: wait until its status says so.")
        return self._simulation

    def _set(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)

    def _tell(self, **changes: Any) -> None:
        """Set the status, and all that it says of the simulation."""
        simulation = self.simulation
        log = self.status.log
        if len(log) != len(simulation.log) or (log and log[-1] is not simulation.log[-1]):
            log = tuple(simulation.log)
        self._set(step=simulation.step, model=simulation.model, constants=simulation.constants, log=log, **changes)

    @property
    def _recorded_as(self) -> int | None:
        return self._recorder.run_id if self._recorder else None

    def _main(self) -> None:
        try:
            self._prepare()
            while self._turn():
                pass
        except LabError as error:
            self._set(phase="failed", error=str(error))
        except Exception as error:  # a defect of a model must not take the window with it
            self._set(phase="failed", error=f"{self.experiment.model} failed: {type(error).__name__}: {error}")
        finally:
            self._finish_recording()
            if self._simulation is not None and self.status.phase not in ("failed", "diverged"):
                self._set(last=self._simulation.checkpoint())
            if self._on_stop:
                self._on_stop()

    def _prepare(self) -> None:
        began = time.perf_counter()
        model = self.status.model
        if self._apart:
            preparation.wait(self.experiment.model, self._stopping)
            if self._stopping.is_set():  # to compile now, for nobody, would keep the window from closing
                return
        with heard(self._hear):
            self._simulation = Simulation(model, self.experiment.seed)
        self._set(doing="")
        if self._resume:
            point, history = self._resume
            self._replay(point, list(history), point.step if self._at is None else self._at)
        # Compile now, on a state that is thrown away, so that "running" means moving.
        keep, log = self.simulation.checkpoint(), list(self.simulation.log)
        if model.length is None or self.simulation.step < model.length:
            self.simulation.advance(1, [n for n in {*self._record, *self._watch} if model.stream(n).form == "samples"])
        self.simulation.restore(keep)
        self.simulation.log = log
        if self._apart:
            preparation.mark(self.experiment.model)
        self._show()
        if self.session is not None and not self._stopping.is_set():
            self._recorder = Recorder(
                self.session,
                self.name,
                self.experiment,
                self.simulation,
                self._record,
                parent=self._parent,
                colour=self.colour,
                run_id=self._existing,
            )
            self._record = self._recorder.record
            self._recorder.take_log(self.simulation.log)
        self._past.take(keep)
        self._pacing.begin(self.simulation.step)
        self.ring.reset(self.simulation.model, self.simulation.step)
        self._show()
        phase: Phase = "finished" if self._at_end() else "running" if self._playing else "paused"
        # All at once: whoever reads that it is prepared asks its constants in the same moment.
        self._tell(phase=phase, prepared_in=time.perf_counter() - began, run_id=self._recorded_as)
        self._publish()

    def _hear(self, doing: str, share: float) -> bool:
        """Show how far the preparation is; whether anybody still waits for it."""
        self._set(doing=f"{doing}: {100 * share:.0f} %")
        return not self._stopping.is_set()

    def _turn(self) -> bool:
        """One round: commands, then a block if there is one to do; False ends the worker."""
        running = self.status.phase == "running"
        if not self._obey(wait=None if running else 3600.0):
            return False
        if self.status.phase != "running":
            return True
        pace = self.status.pace
        rate = None if pace is None else pace / self.simulation.model.clock.dt
        n = self._pacing.block(self.simulation.step, rate, self._target)
        if n == 0:
            # Ahead of the wall clock: wait for it, but listen.
            return self._obey(wait=PACED_SECONDS / 2)
        try:
            self._advance(n)
        except DivergenceError as error:
            self._diverge(error)
        except DiskError as error:
            self._refused(error)
        return True

    def _refused(self, error: DiskError) -> None:
        """The disk does not take what was recorded: pause, keep it, and let Play try again."""
        self._set(phase="paused", achieved=0.0, error=f"{error} The run is paused; nothing recorded is lost.", waiting_for_disk=True)

    def _obey(self, wait: float | None) -> bool:
        """Do what is queued, merging consecutive changes, and of consecutive places to look at, or questions, the last; waits up to `wait` seconds for a first one."""
        todo: list[Command] = []
        try:
            todo.append(self._commands.get(timeout=wait) if wait else self._commands.get_nowait())
            while True:
                todo.append(self._commands.get_nowait())
        except queue.Empty:
            pass
        if todo:
            self._pacing.asked()
        merged: list[Command] = []
        for command in todo:
            if isinstance(command, Change) and merged and isinstance(merged[-1], Change):
                merged[-1] = Change({**merged[-1].values, **command.values})
            elif isinstance(command, (Seek, Ask)) and merged and type(merged[-1]) is type(command):
                merged[-1] = command
            else:
                merged.append(command)
        for command in merged:
            if not self._attempt(command):
                return False
        return True

    def _attempt(self, command: Command) -> bool:
        """Do a command; what is wrong with it is said in the status. False ends the worker."""
        try:
            return self._do(command)
        except DivergenceError as error:
            self._diverge(error)
        except DiskError as error:
            self._refused(error)
        except LabError as error:
            self._set(error=str(error))
        return True

    def _change(self, values: Mapping[str, Any]) -> None:
        """Change parameters; of merged changes one may be refused, and the others are not lost with it.

        A file that a parameter names may be absent or damaged, which is no fault of the disk that records.
        """
        try:
            self.simulation.change(**values)
        except DivergenceError:
            raise
        except LabError as error:
            refused = list(values)
            for name in list(values) if len(values) > 1 else ():
                try:
                    self.simulation.change(**{name: values[name]})
                    refused.remove(name)
                except LabError:
                    pass
            number = self.status.refused.number + 1 if self.status.refused else 1
            self._after_intervention()
            self._set(error=str(error), refused=Refusal(number, tuple(refused), str(error)))
        else:
            self._after_intervention()

    def _do(self, command: Command) -> bool:
        phase = self.status.phase
        match command:
            case Stop():
                self._ended = phase
                self._set(phase="stopped", achieved=0.0, reason=self.status.reason or "stopped")
                return False
            case Play():
                branched = self._return()
                if self._ready():
                    self._run(None)
                if branched:
                    self._publish()
            case Pause():
                if phase == "running":
                    self._hold()
            case RunFor(steps):
                branched = self._return()
                if steps > 0 and self._ready():
                    self._run(self.simulation.step + steps)
                if branched:
                    self._publish()
            case Speed(pace):
                self._set(pace=pace)
                self._pacing.begin(self.simulation.step)
            case Change(values):
                self._return()
                self._change(values)
            case Act(name, arguments):
                self._return()
                before = self.simulation.model.values()
                self.simulation.act(name, **arguments)
                self._after_intervention()
                now = self.simulation.model.values()
                earlier = self.status.acted
                names = {n for n, v in now.items() if v != before[n]}
                if names:
                    # Of several actions between two looks at the status none may be missed.
                    names |= set(earlier[1]) if earlier is not None else set()
                    self._set(acted=(name, {n: now[n] for n in now if n in names}))
            case Seek(step):
                if phase == "running":
                    self._hold()
                past = 0 <= step < self.simulation.step
                self._set(place=step if past else None)
                if past:
                    self._look_back(step)
                else:
                    self._show()
            case Watch(streams):
                # What a window showed of another model a moment ago is no reason to fail.
                streams &= {s.name for s in self.simulation.model.streams}
                if streams != self._watch:
                    self._watch = streams
                    if self.status.place is not None:
                        self._look_back(self.status.place)
                    else:
                        self._show()
            case Ask():
                self._set(answer=Answer(command, self._foreseen(command)))
        return True

    def _foreseen(self, ask: Ask) -> Any:
        if self.status.place is not None or self.status.phase == "diverged":
            return None
        try:
            return self.simulation.foresee(ask.stream, ask.action, **ask.arguments)
        except LabError:  # a cursor that passes by is no reason for a message
            return None

    def _return(self) -> bool:
        """Make the place looked at, or after a divergence the last good state, the present; whether that made a branch."""
        if self.status.place is not None:
            self._branch(self.status.place)
        elif self.status.phase == "diverged":
            self._branch(None)
        else:
            return False
        return True

    def _ready(self) -> bool:
        """Whether a block may be done now; drains what the disk refused before."""
        if self._recorder and self.session is not None and self.status.waiting_for_disk:
            self.session.retry()
            self._recorder.drain()
            self._set(waiting_for_disk=False, error="")
            if self._at_end() and self.status.phase != "finished":
                self._complete(self.simulation.over or "finished")
        return not self._at_end() and self.status.phase != "finished"

    def _run(self, target: int | None) -> None:
        self._target = target
        self._pacing.begin(self.simulation.step)
        self._set(phase="running", error="", remedy="", reason="")

    def _at_end(self) -> bool:
        length = min((e for e in (self.experiment.steps, self.simulation.model.length) if e is not None), default=None)
        return length is not None and self.simulation.step >= length

    def _hold(self) -> None:
        self._set(phase="paused", achieved=0.0)
        self._past.keep(self.simulation)
        self._look()
        if self._recorder:
            self._recorder.take_log(self.simulation.log)
            self._recorder.checkpoint(self.simulation)

    def _after_intervention(self) -> None:
        self._tell(error="", remedy="")
        # After an action a run that was over by itself may have something to do again; one at its full length has not.
        if self.status.phase == "finished" and not self._at_end():
            self._set(phase="paused", reason="")
        self._look()
        if self._recorder:
            self._recorder.take_log(self.simulation.log)

    def _advance(self, n: int) -> None:
        began = self._pacing.clock()
        wanted = self.simulation.sampled(self._watch)
        order: Order | None = Order(block=n, wanted=wanted)
        if self._generator is None:
            # What is in the log has happened: a generator made anew must not do it twice.
            ahead = still_ahead(self._schedule, self.simulation.log)
            self._generator = simulate(self.simulation, self.experiment.steps, record=self._record, schedule=ahead, wanted=wanted, block=n)
            order = None
        try:
            block = self._generator.send(order)
        except StopIteration as stop:
            self._generator = None
            self._complete(stop.value)
            return
        except DivergenceError:
            self._generator = None
            raise
        self._pacing.did(began, n, block.steps)
        self.ring.put(block)
        self._set(step=block.end)
        if self._recorder:
            self._recorder.take(block)
            self._recorder.take_log(self.simulation.log)
            self._recorder.checkpoint_when_due(self.simulation)
        if self._pacing.watch_due():
            self._look()
        self._past.keep_when_due(self.simulation)
        if self._at_end() or self.simulation.over:
            self._generator = None
            self._complete(self.simulation.over or "finished")
        elif self._target is not None and self.simulation.step >= self._target:
            self._target = None
            self._hold()

    def _complete(self, reason: str) -> None:
        self._look(phase="finished", reason=reason)  # in one status: whoever sees the end sees the figures of the end
        if self._recorder:
            self._recorder.take_log(self.simulation.log)
            self._recorder.checkpoint(self.simulation)

    def _show(self) -> None:
        """Observe the per-block streams that somebody looks at, for the ring."""
        began = time.perf_counter()
        self.ring.show(self.simulation.step, self._observed())
        self._pacing.watched(began)

    def _observed(self) -> dict[str, Any]:
        names = {s.name for s in self.simulation.model.streams if s.form == "snapshots"} & self._watch
        return {name: self.simulation.observe(name) for name in names}

    def _look(self, **ending: Any) -> None:
        """Observe what is looked at and work out the figures, and tell both at once: whoever reads sees one moment."""
        began = time.perf_counter()
        shown, figures = self._observed(), self._figures(**ending)
        with self.ring.still():
            self.ring.show(self.simulation.step, shown)
            self._tell(**figures)
        self._pacing.watched(began)

    def _publish(self, **ending: Any) -> None:
        self._tell(**self._figures(**ending))

    def _figures(self, **ending: Any) -> dict[str, Any]:
        simulation, achieved = self.simulation, 0.0
        if self.status.phase == "running" and not ending:
            reached = self._pacing.reached(simulation.step)
            achieved = self.status.achieved if reached is None else reached * simulation.model.clock.dt
        advice = simulation.model.advice(simulation.constants, simulation.state)
        return {
            "summary": simulation.summary(),
            "looked": (simulation.step, time.perf_counter()),
            "advice": advice,
            "achieved": achieved,
            "watching": self._pacing.watching,
            "run_id": self._recorded_as,
            **ending,
        }

    def _diverge(self, error: DivergenceError) -> None:
        self._generator = None
        ways = self.simulation.model.remedies(error.stream)
        self._tell(phase="diverged", error=str(error), remedy=error.remedy, remedies=ways, achieved=0.0, reason="diverged")
        if self._recorder:
            self._recorder.take_log(self.simulation.log)

    def _look_back(self, place: int) -> None:
        """Observe what is looked at as it stood at an earlier step, where that step is not far behind a checkpoint."""
        names = {s.name for s in self.simulation.model.streams if s.form == "snapshots"} & self._watch
        if not names or self.status.phase == "diverged":
            return
        point = self._nearest(place)
        if point is None or (place - point.step) * self._pacing.per_step > LOOKING_BACK:
            return
        simulation = self.simulation
        present, log, over = simulation.checkpoint(), list(simulation.log), simulation.over
        self._generator = None
        try:
            self._replay(point, log, place)
            self._set(past=(place, {name: simulation.observe(name) for name in names}))
        except LabError:  # what cannot be looked at again is not shown; the run itself is as it was
            pass
        finally:
            simulation.restore(present)
            simulation.log, simulation.over = log, over

    def _branch(self, place: int | None) -> None:
        """Make `place` (None: the last good state) the present, as a new run that names its parent."""
        point = (
            self._nearest(self.simulation.step if place is None else place)
            or Simulation(self.experiment.build(), self.experiment.seed).checkpoint()
        )
        self._new_branch(point, point.step if place is None else place, place is None)

    def _nearest(self, within: int) -> Checkpoint | None:
        return self._past.nearest(within, self._recorder, self.simulation.log)

    def _new_branch(self, point: Checkpoint, place: int, diverged: bool) -> None:
        log = list(self.simulation.log)
        parent = self._recorder.run_id if self._recorder else None
        if self._recorder:
            self._recorder.finish(self.simulation, "diverged" if diverged else "stopped", "left for a branch")
        self._set(phase="preparing", place=None, error="", remedy="", reason="")
        self._generator = None
        # After a divergence what was done after the last good state is left out: it may be the cause.
        self._replay(point, log[: point.done] if diverged else log, place)
        if self.session is not None and parent is not None:
            self._recorder = Recorder(
                self.session, f"{self.name} (from {self.simulation.model.clock.said(place)})",
                self.experiment, self.simulation, self._record, parent=(parent, place), colour=self.colour,
            )  # fmt: skip
            self._recorder.take_log(self.simulation.log)
        self._past.keep(self.simulation)
        self.ring.reset(self.simulation.model, place)
        self._pacing.begin(place)
        # The new run is named by the next `_publish`, with the change that made it: whoever takes the parameters of a branch over would
        # else take those from before the change.
        self._tell(phase="paused")
        self._show()

    def _replay(self, point: Checkpoint, log: list[Happened], place: int) -> None:
        replay(self.simulation, point, log, place, self._schedule)

    def _finish_recording(self) -> None:
        if self._recorder is None:
            return
        phase, reason = self.status.phase, self.status.reason
        state = self._ended if self._ended in ("diverged", "finished") else "stopped"
        try:
            if self.status.waiting_for_disk and self.session is not None:
                self.session.retry()
            self._recorder.drain()
            # After a defect of the model its state is not to be trusted: no checkpoint of it.
            self._recorder.finish(self.simulation, state, reason or phase, trusted=phase != "failed" and state != "diverged")
        except LabError as error:
            self._set(error=str(error))
        except Exception as error:  # a model that fails in observe or summary must not keep the worker from ending
            self._set(error=f"{self.experiment.model} failed at its end: {type(error).__name__}: {error}")
