"""The window: puts the parts together and lets a change of the document have its effect.

a person --> Side, Gallery, Transport, cards --> History.replace(document) --changed--> Window._apply --> Player --> Runner
                                                                                           |
Pulse --beat--> Window._beat: status, source --> cards, Transport, Runs                    +--> Session.set_document
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lab import catalog
from lab.engine.experiment import Experiment
from lab.engine.runner import Act, Change, Play, RunFor, Seek, Status
from lab.errors import LabError
from lab.model import Model, Remedy
from lab.params.kinds import KINDS
from lab.session import RunInfo, Session
from lab.units import typeset
from lab.widgets import theme
from lab.widgets.banner import Banner
from lab.widgets.bar import Bar
from lab.widgets.commands import Commands
from lab.widgets.course import CoursePlace
from lab.widgets.data_sheet.place import DataPlace
from lab.widgets.document import Document
from lab.widgets.finish import FinishCard
from lab.widgets.focus import Focus
from lab.widgets.gallery import Gallery, small_picture
from lab.widgets.history import History
from lab.widgets.keeper import Keeper
from lab.widgets.lecture.mode import Lecture
from lab.widgets.marks import Marks
from lab.widgets.networks import CanvasPlace
from lab.widgets.notebook import Told, names
from lab.widgets.opening import opening
from lab.widgets.player import Player
from lab.widgets.pulse import Pulse
from lab.widgets.refusals import Refusals
from lab.widgets.reports import Reports
from lab.widgets.runs import RunRow, RunsPanel
from lab.widgets.settings import Settings
from lab.widgets.side import DEFAULTS, HAND_OVER, Side, preset_of
from lab.widgets.thumbnails import Thumbnails
from lab.widgets.transport import Transport
from lab.widgets.workspace import ANALYSIS, Workspace

THUMBNAIL_AFTER = 4.0  # seconds of running until a model's small picture is taken
SLOW_EVERY = 8  # beats between looks at what changes slowly


class Window(QMainWindow):
    """The main window on one session."""

    def __init__(self, session: Session, settings: Settings, *, model: str | None = None, playing: bool = True):
        super().__init__()
        self.setObjectName("lab")
        self.setWindowIcon(theme.app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(720, 480)
        self.settings = settings
        self.session = session
        self.player = Player(self)
        self.history = History(Document(), self)
        self.pulse = Pulse(self)
        self.gallery: Gallery
        self._paces: dict[str, float | None] = {}
        self._adopting = False
        self._beats = 0
        self._all_drawn = True  # every picture shows the moment that was taken last
        self._opened_at = 0.0
        self._thumbnail_due = False
        self._shown_source: object = None
        self._closing = False
        self._acted: object = None  # what actions changed, as far as the document has taken it over
        self._because = "parameter"  # why a run is left when the experiment changes
        self._did_at = -1  # the step that the toast tells of
        self._shown_name = ""  # the model whose cards are in the workspace
        self.commands = Commands(self)
        self.marks = Marks(self)
        self.keeper = Keeper(self)
        self.reports = Reports(self)
        self.refusals = Refusals(self)
        self._build()
        self._wire()
        self.set_session(session, model=model, playing=playing)
        self.thumbnails = Thumbnails(self.gallery, self._idle, self)
        self.pulse.start()
        self.thumbnails.start()

    # -- putting together --

    def _build(self) -> None:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.bar = Bar(self.commands.entries, self.commands.bar(), self)
        # A splitter takes its width from what is in it, so a frame around it holds the width.
        self.left = QWidget(self)
        self.left.setObjectName("side")
        self.left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        frame = QVBoxLayout(self.left)
        frame.setContentsMargins(0, 4, 0, 0)
        splitter = QSplitter(Qt.Orientation.Vertical, self.left)
        splitter.setChildrenCollapsible(False)
        frame.addWidget(splitter)
        self.gallery = Gallery(splitter)
        self.runs_panel = RunsPanel(splitter)
        self.runs = self.runs_panel.list
        splitter.addWidget(self.gallery)
        splitter.addWidget(self.runs_panel)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([600, 200])
        self.workspace = Workspace(self)
        self.stage = holder = QWidget(self)
        self.banner = Banner(holder)
        self.toast = Banner(holder, below=self.banner, passing=True)
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        self.canvas = CanvasPlace(self, self.workspace)
        inside.addWidget(self.canvas, 1)
        self.side = Side(self)
        self.transport = Transport(self)
        body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self.left)
        body.addWidget(_line(self, vertical=True))
        body.addWidget(holder, 1)
        body.addWidget(_line(self, vertical=True))
        body.addWidget(self.side)
        column.addWidget(self.bar)
        column.addWidget(_line(self))
        column.addLayout(body, 1)
        column.addWidget(_line(self))
        column.addWidget(self.transport)
        stack = QStackedWidget(self)
        stack.addWidget(middle)
        self.setCentralWidget(stack)
        self.lecture = Lecture(self, stack)
        self.finish_card = FinishCard(holder, self._drawer_place)
        self.focus = Focus(self, self.stage)
        self.stage.setFocus(Qt.FocusReason.OtherFocusReason)  # else the first button of the bar has it, with a frame around it
        self.commands.attach(self.stage, self.transport)
        self.data = DataPlace(self, middle, self.commands.open_session)
        self.course = CoursePlace(self, inside, holder, middle, self._show_course)
        self._fit_panels()

    def _wire(self) -> None:
        self.bar.panel_chosen.connect(self.show_panel)
        self.bar.course_wanted.connect(self.course.show_start)
        self.side.lesson_wanted.connect(self._begin_lesson)
        self.gallery.model_chosen.connect(self.choose_model)
        self.gallery.preset_chosen.connect(self.choose_preset)
        self.gallery.lecture_wanted.connect(self.lecture.presets)
        self.side.preset_chosen.connect(self.choose_preset)
        self.side.edited.connect(self._edited)
        self.side.committed.connect(self._committed)
        self.side.acted.connect(self.act)
        self.side.seed_chosen.connect(self.change_seed)
        self.side.graph_wanted.connect(self.canvas.open_canvas)
        self.side.vary_wanted.connect(self.commands.vary)
        self.side.notes.edited.connect(self._notes_edited)
        self.workspace.acted.connect(self.act)
        self.workspace.handle_moved.connect(self._handle_moved)
        self.workspace.values_wanted.connect(self._values_wanted)
        self.workspace.bookmarked.connect(self._bookmarked)
        self.workspace.mapped.connect(self._mapped)
        self.workspace.watched.connect(self._watch)
        self.workspace.done.connect(self._did_by_hand)
        self.workspace.lecture_wanted.connect(self.lecture.pictures)
        self.transport.play_toggled.connect(self.toggle)
        self.transport.stepped.connect(self.run_for)
        self.transport.reset.connect(self.reset)
        self.transport.branched.connect(self.branch_here)
        self.transport.seek.connect(self.seek)
        self.transport.paced.connect(self._paced)
        self.runs.overlay_toggled.connect(self.marks.toggle_overlay)
        self.runs.opened.connect(self.marks.look)
        self.runs.continued.connect(self.marks.go_on)
        self.runs.renamed.connect(self.marks.rename)
        self.runs.pin_toggled.connect(self.marks.toggle_pin)
        self.runs.deleted.connect(self.marks.delete)
        self.runs.compared.connect(self.commands.compare)
        self.runs.sound_wanted.connect(self.commands.save_sound)
        self.runs.copy_wanted.connect(self.commands.copy_run)
        self.runs.star_toggled.connect(self.marks.toggle_star)
        self.runs.model_chosen.connect(self.choose_model)
        self.history.changed.connect(self._apply)
        self.history.stack.cleanChanged.connect(self.show_title)
        self.history.stack.indexChanged.connect(self._stepped)
        self.player.branched.connect(self._branched)
        self.player.switched.connect(self._switched)
        self.player.failed.connect(self.failed)
        self.player.noted.connect(self.noted)
        self.pulse.beat.connect(self._beat)

    def _fit_panels(self) -> None:
        projector = theme.current().projector and not theme.current().lecture  # behind a lecture nothing moves
        narrow = self.width() < 1180
        self.left.setFixedWidth(200 if narrow else 240)
        self.left.setVisible(not projector)
        self.side.setFixedWidth((300 if narrow else 380) if projector else 264 if narrow else 304)

    def _watch(self, streams: frozenset[str]) -> None:
        self.player.watch(streams | self.canvas.wanted | self.lecture.wanted | self.course.wanted)

    def watch_again(self) -> None:
        """The canvas, or a lecture, reads other streams than before."""
        self._watch(self.workspace.watched_streams)

    # -- the session --

    def set_session(self, session: Session, *, model: str | None = None, playing: bool = False) -> None:
        """Show a session: its document, its runs, the last of them, or a first run of a model."""
        self.session = session
        self.player.use(session)
        said = session.damage[:2]
        found = opening(session.document(), session.notes, session.runs(), model=model, recovered=session.recovered)
        problems = (*found.problems[:2], *said)
        self.history.load(found.document)
        self.side.notes.set_text(found.document.notes)
        self.course.use_session()
        self.show_model(run=found.run, playing=playing)
        if found.foreign:
            self.ask_to_run(found.foreign[0], problems[:2])
        elif problems:
            self.banner.say("good" if session.recovered and not said else "warn", " ".join(problems[:3]), key="session")
        self.show_title()

    def ask_to_run(self, path: Path, before: Sequence[str] = ()) -> None:
        """A session names a Python file as a model: it is run when the person says so, and shown where it is."""
        if not path.is_file():
            sentence = f"The model file {path} is not there: what was recorded with it can be taken out with lab export."
            self.banner.say("warn", " ".join([*before, sentence]), key="session")
            return
        self.banner.say(
            "warn",
            " ".join(
                [
                    *before,
                    f"This session was made with the model file {path}, a Python program that is not part of the lab.",
                    "It has not been run: run it only if you know where it comes from.",
                ]
            ),
            [(f"Run {path.name}", partial(self._run_own, path))],
            key="session",
        )

    def _run_own(self, path: Path) -> None:
        self.banner.take_back("session")
        try:
            catalog.open_file(path)
        except LabError as error:
            self.failed(str(error))
            return
        self.keep_layout()
        named = [*(e.get("model") for e in self.document.unread), *(r.experiment.get("model") for r in self.session.runs())]
        name = next((n for n in reversed(named) if isinstance(n, str) and n.endswith(path.name)), str(path))
        self.session.set_document({**self.session.document(), "model": name})
        self.workspace.clear()
        self.set_session(self.session)

    def show_title(self, *_: object) -> None:
        from lab.widgets.filing import is_untitled

        untitled = is_untitled(self.session.path)
        name = "Untitled" if untitled else self.session.path.stem
        self.setWindowTitle(f"{name}[*] – Neural Lab")
        self.setWindowModified(not self.history.stack.isClean() or (untitled and any(r.steps for r in self.session.runs())))
        self.setWindowFilePath("" if untitled else str(self.session.path))

    # -- what the parts ask of it (`Shell`) --

    @property
    def frame(self) -> QMainWindow:
        """The window itself."""
        return self

    def leave_canvas(self) -> bool:
        """Escape in the canvas: whether there was something to leave."""
        return self.canvas.leave()

    def run_rows(self) -> list[RunRow]:
        """The runs that are listed."""
        return self.marks.rows()

    def told(self, info: RunInfo) -> Told:
        """What a run was made with."""
        return self.marks.told(info)

    def save_as(self) -> None:
        """Ask for a name for the session."""
        self.commands.save_as()

    # -- what a person does --

    @property
    def document(self) -> Document:
        """The present document."""
        return self.history.document

    def show_panel(self, panel: str) -> None:
        """Go to a workspace: the model last used there, or its first."""
        first = next((e.name for e in catalog.entries() if e.panel == panel), "")
        name = self.document.chosen.get(panel, first)
        if name:
            self.choose_model(name)

    def choose_model(self, name: str) -> None:
        """Bring a model to the front and let it run."""
        if name != self.document.model:
            self.history.go(self.document.with_model(name, catalog.panel_of(name)))
        self.bar.show_panel(catalog.panel_of(self.document.model))

    def choose_preset(self, title: str, *, playing: bool = False) -> None:
        """Take over the values of a preset, in a run of its own: what it shows may lie at the start."""
        kind = catalog.load(self.document.model)
        values = {} if title == DEFAULTS else kind.presets[title]
        try:
            model = kind(**values)
        except LabError as error:
            self.failed(str(error))
            return
        experiment = self.document.experiment().replace(parameters=model.changed())
        own = bool(self.document.experiment().parameters) and not preset_of(self.document.experiment().build())
        before, status = self.player.runner, self.player.status
        playing = playing or status is None or status.phase in ("running", "finished", "preparing")
        self._because = "preset"
        try:
            self.history.replace(self.document.with_experiment(experiment), f"Preset {title}")
        finally:
            self._because = "parameter"
        if self.player.runner is before:  # these were the values already
            self._restart(playing, "preset")
        elif playing:
            self.player.send(Play())
        if self.toast.key == "act":
            self.toast.take_back("act")  # a preset always begins a run: nothing to explain
        if own:
            self.did(f"Values of '{title}' taken over.")

    def undo(self) -> None:
        """Take the last step back, or say in which model it was made: undo never leaves the model in front by itself."""
        self._step(redo=False)

    def redo(self) -> None:
        """Do the step that was taken back again."""
        self._step(redo=True)

    def _step(self, redo: bool, *_: object) -> None:
        stack, where = self.history.stack, self.history.elsewhere(redo)
        if where:
            title = next((e.title for e in catalog.entries() if e.name == where), where)
            text = stack.redoText() if redo else stack.undoText()
            way = ("Go there and redo" if redo else "Go there and undo", partial(self._step_there, where, redo))
            self.toast.say("accent", f"'{text}' was done in {title}.", [way], key="elsewhere")
        elif redo:
            stack.redo()
        else:
            stack.undo()

    def _step_there(self, where: str, redo: bool) -> None:
        self.choose_model(where)
        self._step(redo)

    def did(self, words: str) -> None:
        """Say what was done, with the way back; or that it was taken back, with the way forth."""
        if self.history.back:
            return
        self.toast.say("good", words, [("Undo", self.undo)], key="act")
        self._did_at = self.history.stack.index()

    def _stepped(self, index: int) -> None:
        """What was done last is no longer the last step: the button would take back something else."""
        if index != self._did_at:
            self.toast.take_back("act")

    def change(self, name: str, value: Any, *, final: bool = True) -> None:
        """Change a parameter of the model in front, as one undoable step per drag."""
        experiment = self.document.experiment()
        kind = catalog.load(experiment.model)
        spec = kind.specs()[name]
        if not final and not spec.live:
            return  # a restart for every pixel of a drag would be a flood of runs
        if final and self.data.asks_first(name, value):
            self._show_form()  # as before, until there is a file
            return
        try:
            after = experiment.with_parameters(**{name: value})
        except LabError as error:
            self.side.show_error(getattr(error, "names", (name,)) or (name,), str(error))
            return
        key = f"{experiment.model}.{name}"
        began = self.history.began_with(key)
        old = getattr((began or self.document).experiment(experiment.model).build(), name)
        brief = KINDS[spec.kind].brief
        text = (
            f"{spec.label} {spec.text(old).removesuffix(typeset(spec.unit)).strip()} → {spec.text(value)}"
            if brief
            else f"Change {spec.label}"
        )
        self.history.replace(self.document.with_experiment(after), text, key)
        if final:
            self.history.seal()

    def change_seed(self, seed: int) -> None:
        """Begin a new run with another seed."""
        experiment = self.document.experiment()
        self.history.replace(self.document.with_experiment(experiment.replace(seed=seed)), f"Seed {experiment.seed} → {seed}")

    def _edited(self, name: str, value: Any) -> None:
        self.change(name, value, final=False)

    def _committed(self, name: str, value: Any) -> None:
        self.change(name, value)

    def _handle_moved(self, name: str, value: Any, final: bool) -> None:
        self.change(name, value, final=final)
        edges = [h.param for p in self.workspace.model.pictures for h in p.handles if h.axis == "x"] if self.workspace.model else []
        if final and name in edges and self.player.runner is not None and self.player.runner.status.step:
            self.reset()  # an edge in the past can only be seen in a run that begins anew

    def _values_wanted(self, values: dict[str, Any], again: bool) -> None:
        """Several parameters at once, as one step that can be undone: a stimulus drawn by hand, another clamp."""
        experiment = self.document.experiment()
        try:
            after = experiment.with_parameters(**values)
        except LabError as error:
            self.side.show_error(getattr(error, "names", tuple(values)) or tuple(values), str(error))
            return
        before, specs = self.player.runner, catalog.load(experiment.model).specs()
        self.history.replace(self.document.with_experiment(after), f"Change {specs[next(iter(values))].label}")
        self.history.seal()
        if again and self.player.runner is before:
            self.reset()

    def act(self, name: str, arguments: dict) -> None:
        """Do an action to the run in front; a picture of its name, which shows what came out, comes to the front."""
        if name == HAND_OVER:
            self.canvas.hand_over()
            return
        self.player.send(Act(name, arguments))
        self.workspace.bring(name.replace("_", " "))

    def _did_by_hand(self, name: str, back: dict, again: dict, words: str) -> None:
        """What a hand did in a picture is a step, too: undo does the action with the arguments from before."""
        run = self.player.run_id
        self.history.did(words, partial(self._act_in, run, name, back), partial(self._act_in, run, name, again))

    def _act_in(self, run: int | None, name: str, arguments: dict) -> None:
        if run == self.player.run_id:
            self.player.send(Act(name, arguments))
        else:
            self.toast.say("accent", "That was done in another run, which is as it was left.", key="elsewhere")

    def remedy(self, way: Remedy) -> None:
        """Do what a model offers: go back and branch, change parameters as one undoable step, do an action, and go on if it was going on."""
        status = self.player.status
        going = status is not None and status.phase in ("running", "diverged", "finished")
        if way.back_to is not None:
            self.seek(way.back_to)
            # What is changed at a place of the past makes the branch; the document takes over what it then has.
            self.player.send(Change(dict(way.changes)) if way.changes else RunFor(0))
        elif way.changes:
            self.history.replace(self.document.with_experiment(self.document.experiment().with_parameters(**way.changes)), way.label)
        if way.action:
            self.act(way.action, {})
        if going:
            self.player.play()

    def toggle(self) -> None:
        """Play or pause."""
        status = self.player.status
        if status is None:
            return
        if status.phase == "running":
            self.player.pause()
        elif status.phase == "finished" and status.place is None:
            self.show_finish(status)
        else:
            self.player.play()

    def show_finish(self, status: Status) -> None:
        """Open the card of a finished run: what came out and what can be done now. Nothing begins anew by itself."""
        going_on = status.model.going_on
        ways: list[tuple[str, Callable[[], object]]] = [] if going_on is None else [(going_on.label, partial(self.remedy, going_on))]
        ways += [("Start again", partial(self.reset, playing=True)), ("Start again with another seed", self._another_seed)]
        if len(self.marks.rows()) > 1:
            ways.append(("Compare with the other runs", self.commands.compare))
        self.finish_card.show_run(status, ways)

    def _drawer_place(self) -> QRect | None:
        """Where the open drawer lies on the stage, if results stand beside it."""
        drawers = self.workspace.drawers
        if drawers is None or not drawers.drawers.opened or not drawers.isVisible() or drawers.width() > 0.9 * self.workspace.width():
            return None
        return QRect(drawers.mapTo(self.stage, drawers.rect().topLeft()), drawers.size())

    def _another_seed(self) -> None:
        self.change_seed(self.document.experiment().seed + 1)

    def run_for(self, steps: int) -> None:
        """Advance some steps, then hold; a single one may be an action of the model (slow motion)."""
        status = self.player.status
        if steps == 1 and status is not None and status.model.single_step:
            self.act(status.model.single_step, {})
        else:
            self.player.send(RunFor(steps))

    def seek(self, step: int) -> None:
        """Look at a step of the recording."""
        self.player.send(Seek(step))

    def branch_here(self) -> None:
        """Make the place looked at the present of a new run."""
        status = self.player.status
        if status is not None and status.place is not None:
            self.player.send(RunFor(0))

    def reset(self, _checked: object = None, *, playing: bool | None = None) -> None:
        """Begin again with the present parameters: a new run."""
        status = self.player.status
        self._restart(bool(status and status.phase == "running") if playing is None else playing, "again")

    def reset_to_defaults(self) -> None:
        """Way out of a divergence."""
        self.choose_preset(DEFAULTS, playing=True)

    def _paced(self, pace: float | None) -> None:
        self._paces[self.document.model] = pace
        self.player.pace(pace)

    def _notes_edited(self, text: str) -> None:
        self.history.replace(self.document.replace(notes=text), "Edit the notes", "notes")

    def _bookmarked(self, bookmarks: str, text: str) -> None:
        self.history.replace(self.document.replace(bookmarks={**self.document.bookmarks, self.document.model: bookmarks}), text)

    def _mapped(self, path: str, method: str) -> None:
        taking = catalog.takers("vectors")[0]
        self.show_experiment(Experiment(taking.model, parameters=taking.parameters(path, method=method)), f"Lay out by {method}")

    def show_experiment(self, experiment: Experiment, done: str) -> None:
        """Put an experiment in front, as one step that can be undone."""
        self.history.replace(
            self.document.with_experiment(experiment).with_model(experiment.model, catalog.panel_of(experiment.model)), done
        )

    def show_step(self, experiment: Experiment, words: str) -> None:
        """Put what a step of a lesson says in front, in a run of its own that plays from its start."""
        before = self.player.runner
        self._because = "preset"
        try:
            self.show_experiment(experiment, words)
        finally:
            self._because = "parameter"
        if self.player.runner is before:  # these were the values already
            self._restart(True, "preset")
        else:
            self.player.play()
        self.toast.take_back("act")

    def _begin_lesson(self, name: str) -> None:
        self.course.begin(self.course.shelf.lesson(name))

    def _show_course(self) -> None:
        self.bar.show_course(self.course.words)

    # -- effects of a change of the document --

    def _apply(self, before: Document, after: Document) -> None:
        self.session.set_document({**after.to_dict(), "layouts": self.layouts(), **self.course.kept()})
        if before.notes != after.notes:
            self.session.notes = after.notes
            self.side.notes.set_text(after.notes)
        if self._adopting:
            self._show_form()
        elif before.model != after.model:
            self.show_model(playing=True, back=self._because != "preset")
        elif before.experiment() != after.experiment():
            self._experiment_changed(before.experiment(), after.experiment())
            self._show_form()
        self.canvas.show_document()
        if before.bookmarks != after.bookmarks:
            self.workspace.show_bookmarks(after.bookmarks.get(after.model, ""))
        self.show_title()

    def _experiment_changed(self, before: Experiment, after: Experiment) -> None:
        old, new = before.build(), after.build()
        specs = type(new).specs()
        changed = {n: v for n, v in new.values().items() if v != getattr(old, n)}
        if (
            before.seed == after.seed
            and changed
            and all(specs[n].kind == "graph" and self.canvas.only_looks(n, getattr(old, n), v) for n, v in changed.items())
        ):
            return
        live = (
            all(specs[n].live for n in changed)
            and before.replace(parameters={}) == after.replace(parameters={})
            and _recorded(old) == _recorded(new)
        )
        status = self.player.status
        if live and self._because != "preset" and status is not None and status.phase != "failed":
            self.player.send(Change(changed))
            return
        running = status is not None and status.phase in ("running", "finished", "preparing")
        self._restart(running, self._because)
        if not changed or specs[next(iter(changed))].kind != "graph":  # the canvas says by itself that another network runs
            self.did(f"{_said(type(new), changed) if changed else f'Seed {after.seed}'}: a new run has begun.")

    def adopt(self, document: Document, text: str, key: str = "") -> None:
        """A step whose effect has already happened."""
        self._adopting = True
        try:
            self.history.replace(document, text, key)
        finally:
            self._adopting = False

    def _branched(self) -> None:
        """The run in front became a branch: the document takes over the parameters it has."""
        status = self.player.status
        assert status is not None
        experiment = self.document.experiment().replace(parameters=status.model.changed())
        if experiment != self.document.experiment():
            at = self.transport.time_text(status.step)
            self.adopt(self.document.with_experiment(experiment), f"Go on from {at}")

    def _take_over_action(self, status: Status) -> None:
        """Parameters that an action changed (a source was turned) go into the document, as one step named after the action."""
        if status.acted is self._acted:
            return
        self._acted = status.acted
        if status.acted is None or type(status.model) is not catalog.load(self.document.model):
            return
        name, values = status.acted
        experiment = self.document.experiment()
        after = experiment.with_parameters(**values)
        if after != experiment:
            label = type(status.model).actions()[name].label
            self.adopt(self.document.with_experiment(after), label, f"{experiment.model} {name}")

    # -- showing --

    def show_model(self, *, run: int | None = None, playing: bool = False, back: bool = False) -> None:
        """Bring the model of the document to the front: a recording of it, what was in front when it was left (`back`), or a new run."""
        self.keep_layout()
        name = self.document.model
        self.bar.show_panel(catalog.panel_of(name))
        if not name:
            self.banner.say("accent", "There are no models in the catalogue.", key="session")
            return
        try:
            model = self.document.experiment().build()
        except LabError as error:
            self.failed(str(error))
            return
        self._take_thumbnail()
        if run is not None:
            self.player.look(run)
        elif not (back and self.keeper.come_back(name)):
            self._restart(playing, "model")  # the worker prepares while the pictures are made
        self.workspace.show_model(model, self.commands.saved_layout(name))
        if theme.current().projector:
            self.workspace.front_only(True)
        self._show_form()
        self.workspace.show_bookmarks(self.document.bookmarks.get(name, ""))
        self._shown_name = name
        self.canvas.show_document()
        self.workspace.check_watched()

    def _show_form(self) -> None:
        model = self.document.experiment().build()
        entry = next((e for e in catalog.entries() if e.name == self.document.model), None)
        self.side.show_model(
            model, entry.about if entry else (type(model).__doc__ or "").strip().split("\n\n")[0], self.document.experiment().seed
        )
        self.gallery.show_panel(catalog.panel_of(self.document.model), self.document.model, preset_of(model))
        if not self.workspace.fits(model):
            self.workspace.show_model(model, self.commands.saved_layout(self.document.model))

    def _restart(self, playing: bool, because: str = "parameter") -> None:
        experiment = self.document.experiment()
        try:
            model = experiment.build()
        except LabError as error:
            self.failed(str(error))
            return
        self.begin(experiment, playing, self._paces.get(experiment.model, model.speed), because=because)

    def begin(self, experiment: Experiment, playing: bool, pace: float | None, *, because: str = "model", **resume: Any) -> None:
        """Begin a run, at its start or with a state that was kept."""
        kind = catalog.load(experiment.model)
        name = names([Told(0, experiment.parameters, experiment.seed)], kind)[0]
        self.player.open(experiment, name, playing=playing, pace=pace, because=because, **resume)
        self.reports.begin(experiment.model, kind.title)
        self._opened_at = time.monotonic()
        self._thumbnail_due = True

    def _switched(self) -> None:
        self._shown_source = None
        self.finish_card.hide()
        self.reports.forget()
        self.workspace.check_watched()

    def noted(self, sentence: str) -> None:
        """Say something that should be known."""
        self.banner.say("accent", sentence, key="noted")

    def failed(self, sentence: str) -> None:
        self.banner.say("bad", sentence, key="failed")

    # -- sixty times a second --

    def _beat(self) -> None:
        self.player.beat()
        status = self.player.status
        if status is not None:
            self._take_over_action(status)
        self._beats += 1
        if self._beats % SLOW_EVERY == 1:
            self.workspace.check_watched()
            self.runs_panel.show_runs(self.marks.rows(), self.marks.others(), audible=self.workspace.has(ANALYSIS))
        source, shown = self.player.frame(self._all_drawn)
        self._all_drawn = True
        if not self.isMinimized():
            if self.lecture.on:
                if source is not None and status is not None and status.phase != "preparing":
                    self.pulse.drew(int(self.lecture.refresh(source)))
            elif source is not None and status is not None and status.phase != "preparing":
                overlays = self.player.overlays(self.marks.overlaid())
                behind = status.pace is not None and 0 < status.achieved < 0.7 * status.pace  # it cannot keep its pace: as good as flat out
                self.pulse.flat_out = status.phase == "running" and (status.pace is None or behind)
                most = self.pulse.most
                drew = self.workspace.refresh(source, overlays, most)
                self.pulse.drew(drew)
                # While pictures take turns the moment stays: all of them show the same, and so does the line below.
                self._all_drawn = drew < most or drew >= len(self.workspace.visible_cards())
                if self._beats % SLOW_EVERY == 0:
                    self.canvas.show_run(source)
        if self._beats % 2:
            self._show_transport(shown)
        self.refusals.look(status)
        self.reports.show(status)
        self.data.look(status)
        if self._beats % SLOW_EVERY == 3:
            self.course.look(status, self.player.source)
        if self._thumbnail_due and time.monotonic() - self._opened_at > THUMBNAIL_AFTER:
            self._take_thumbnail()

    def _show_transport(self, status: Status | None) -> None:
        recorded = 0
        if status is not None and status.run_id is not None:
            recorded = self.session.run(status.run_id).bytes
        runner = self.player.runner
        marks = tuple(h.step for h in status.log[-400:]) if runner is not None and status is not None else ()
        saving = runner is not None and runner.run_id is not None
        self.transport.show_status(status, self.session.stats, recorded, marks, saving=saving)

    def _take_thumbnail(self) -> None:
        """Keep what the first picture shows as the model's small picture."""
        cards, source, model = self.workspace.visible_cards(), self.player.source, self.workspace.model
        if self._thumbnail_due and cards and source is not None and model is not None and source.step:
            self.gallery.keep_thumbnail(type(model).name, small_picture(cards[0].view, source))
            self._thumbnail_due = False

    def _idle(self) -> bool:
        """Whether there is time for something in the background: nothing runs as fast as it can."""
        status = self.player.status
        return not self.isMinimized() and (
            status is None or not (status.phase == "preparing" or (status.phase == "running" and status.pace is None))
        )

    # -- layout --

    def layouts(self) -> dict[str, Any]:
        kept = self.session.document().get("layouts", {})
        return kept if isinstance(kept, dict) else {}

    def keep_layout(self) -> None:
        if self.workspace.model is not None:
            self.commands.keep_layout(self._shown_name, self.workspace.state())

    def set_look(self, name: str | None = None, projector: bool | None = None) -> None:
        """Another theme, or the projector mode."""
        look = theme.current()
        if self.lecture.on:  # there the look is the lecture's own
            if name is not None and name != look.tokens.name:
                self.lecture.turn()
            return
        name = look.tokens.name if name is None else name
        changed = projector is not None and projector != look.projector
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, name, look.projector if projector is None else projector)
        self.settings.put("theme", name)
        if changed:
            self.side.set_projector(bool(projector))
            self._fit_panels()
            self.workspace.front_only(bool(projector))

    # -- the window itself --

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The panels give way to the pictures where there is little room."""
        super().resizeEvent(event)
        self._fit_panels()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file of any kind may be dropped on the window."""
        if any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """What was dropped is looked at, and goes where it belongs."""
        self.lecture.leave()
        if self.data.dropped(event.mimeData().urls()):
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Gone at once; what is recorded is written after that."""
        self.course.stop()
        self.pulse.stop()
        self.thumbnails.stop()
        self.keep_layout()
        place = self.normalGeometry()
        self.settings.put("geometry", [place.x(), place.y(), place.width(), place.height(), int(self.isMaximized())])
        self.hide()
        self.player.leave()
        super().closeEvent(event)

    def finish(self, timeout: float = 10.0) -> bool:
        """Write what is recorded and close the session; False if a worker was still busy and was given up."""
        from lab.widgets import filing

        if self._closing:
            return True
        self._closing = True
        self.history.stack.blockSignals(True)  # it empties itself while it is deleted, and nobody is there any more to hear of it
        self.pulse.stop()
        self.thumbnails.stop()
        self.commands.stop_sweep(timeout)
        done = self.player.finish(timeout)
        filing.close(self.session)
        return done


def _line(parent: QWidget, vertical: bool = False) -> QWidget:
    """A hairline between the parts of the window."""
    line = Hairline(parent)
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


class Hairline(QWidget):
    """One pixel in the colour of lines."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill it."""
        from PySide6.QtGui import QPainter

        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("line"))
        painter.end()


def _said(kind: type[Model], changed: dict[str, Any]) -> str:
    """What was changed, in a few words."""
    if len(changed) > 1:
        return f"{len(changed)} parameters changed"
    name, value = next(iter(changed.items()))
    spec = kind.specs()[name]
    return f"{spec.label} {spec.text(value)}" if KINDS[spec.kind].brief else f"{spec.label} changed"


def _recorded(model: Model) -> list[tuple]:
    """What a recording of a model consists of: a change that makes it another one (a population more) needs a new run."""
    return [(s.name, s.form, s.shape, s.channels) for s in model.streams]
