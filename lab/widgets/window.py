"""The window: puts the parts together and lets a change of the document have its effect.

a person --> Side, Gallery, Transport, cards --> History.replace(document) --changed--> Window._apply --> Player --> Runner
                                                                                           |
Pulse --beat--> Window._beat: status, source --> cards, Transport, Runs                    +--> Session.set_document
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lab import catalog
from lab.engine.experiment import Experiment
from lab.engine.runner import Change, Play, Status
from lab.errors import LabError
from lab.session import Session
from lab.widgets import theme
from lab.widgets.banner import Banner
from lab.widgets.bar import Bar
from lab.widgets.commands import Commands
from lab.widgets.consequences import consequence
from lab.widgets.course import CoursePlace
from lab.widgets.data_sheet.place import DataPlace
from lab.widgets.document import Document
from lab.widgets.driver import Driver
from lab.widgets.finish import FinishCard
from lab.widgets.focus import Focus
from lab.widgets.frames import Frames
from lab.widgets.gallery import Gallery
from lab.widgets.hairline import Hairline
from lab.widgets.history import History
from lab.widgets.keeper import Keeper
from lab.widgets.layouts import Layouts
from lab.widgets.lecture.mode import Lecture
from lab.widgets.marks import Marks
from lab.widgets.networks import CanvasPlace
from lab.widgets.opening import asked, name_of, opening
from lab.widgets.player import Player
from lab.widgets.pulse import Pulse
from lab.widgets.refusals import Refusals
from lab.widgets.reports import Reports
from lab.widgets.runs import RunsPanel
from lab.widgets.settings import Settings
from lab.widgets.side import DEFAULTS, Side, preset_of
from lab.widgets.steps import Steps
from lab.widgets.taking_over import TakingOver
from lab.widgets.thumbnails import Thumbnails
from lab.widgets.transport import Transport
from lab.widgets.tuning import Tuning
from lab.widgets.workspace import ANALYSIS, Workspace

SLOW_EVERY = 8  # beats between looks at what changes slowly
LINE_EVERY = 6  # beats between two writings of the line below: numbers that change more often cannot be read


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
        self.thumbnails: Thumbnails
        self._adopting = False
        self._beats = 0
        self._told: tuple[object, ...] | None = None  # how the run stood as the line below told it
        self._closing = False
        self._because = "parameter"  # why a run is left when the experiment changes
        self.stage = QWidget(self)
        self.banner = Banner(self.stage)
        self.toast = Banner(self.stage, below=self.banner, passing=True)
        self.steps = Steps(self.history, self.toast, self.choose_model)
        self.driver = Driver(self)
        self.commands = Commands(self)
        self.marks = Marks(self)
        self.keeper = Keeper(self)
        self.reports = Reports(self, self.commands.compare)
        self.refusals = Refusals(self)
        self.taking = TakingOver(self, self.keeper)
        self._build()
        self._wire()
        self.set_session(session, model=model, playing=playing)
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
        self.layouts = Layouts(self.settings, self.workspace)
        inside = QVBoxLayout(self.stage)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        self.canvas = CanvasPlace(self, self.workspace)
        inside.addWidget(self.canvas, 1)
        self.side = Side(self)
        self.transport = Transport(self)
        body = self._body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        self._beside = [Hairline(self, vertical=True), Hairline(self, vertical=True)]
        body.addWidget(self.left)
        body.addWidget(self._beside[0])
        body.addWidget(self.stage, 1)
        body.addWidget(self._beside[1])
        body.addWidget(self.side)
        column.addWidget(self.bar)
        column.addWidget(Hairline(self))
        column.addLayout(body, 1)
        column.addWidget(Hairline(self))
        column.addWidget(self.transport)
        stack = QStackedWidget(self)
        stack.addWidget(middle)
        self.setCentralWidget(stack)
        self.lecture = Lecture(self, stack)
        self.finish_card = FinishCard(self.stage, self.workspace, self._end_is_shown)
        self.banner.lettering = self.toast.lettering = self._lettering
        self.banner.elsewhere = self.toast.elsewhere = self.canvas.places
        self.focus = Focus(self, self.stage, (self.left, self.stage, self.side, self.transport, self.bar))
        self.stage.setFocus(Qt.FocusReason.OtherFocusReason)  # else the first button of the bar has it, with a frame around it
        self.commands.attach(self.stage, self.transport)
        self.data = DataPlace(self, middle, self.commands.open_session)
        self.tuning = Tuning(self, self.data.asks_first)
        self.course = CoursePlace(self, inside, self.stage, middle, self._show_course)
        self.frames = Frames(self.player, self.pulse, self.workspace, self.lecture, self.marks.overlaid)
        self.thumbnails = Thumbnails(self.gallery, self.player, self.workspace, self)
        self.fit_panels()

    def _wire(self) -> None:
        self.bar.panel_chosen.connect(self.show_panel)
        self.bar.course_wanted.connect(self.course.show_start)
        self.side.lesson_wanted.connect(self._begin_lesson)
        self.gallery.model_chosen.connect(self.choose_model)
        self.gallery.preset_chosen.connect(self.choose_preset)
        self.gallery.lecture_wanted.connect(self.lecture.presets)
        self.side.preset_chosen.connect(self.choose_preset)
        self.side.edited.connect(self.tuning.drag)
        self.side.committed.connect(self.tuning.change)
        self.side.acted.connect(self.driver.act)
        self.side.handed_over.connect(self.canvas.hand_over)
        self.side.taking_over.connect(self.taking.ask)
        self.side.passing_on.connect(self.taking.pass_on)
        self.side.seed_chosen.connect(self.tuning.change_seed)
        self.side.graph_wanted.connect(self.canvas.open_canvas)
        self.side.vary_wanted.connect(self.commands.vary)
        self.side.notes.edited.connect(self._notes_edited)
        self.workspace.acted.connect(self.driver.act)
        self.workspace.asked.connect(self.player.ask)
        self.player.answered.connect(self.workspace.show_answer)
        self.workspace.handle_moved.connect(self.tuning.move_handle)
        self.workspace.values_wanted.connect(self.tuning.change_several)
        self.workspace.bookmarked.connect(self._bookmarked)
        self.workspace.mapped.connect(self._mapped)
        self.workspace.watched.connect(self._watch)
        self.workspace.done.connect(self.driver.did_by_hand)
        self.workspace.lecture_wanted.connect(self.lecture.pictures)
        self.transport.play_toggled.connect(self.driver.toggle)
        self.transport.stepped.connect(self.driver.run_for)
        self.transport.reset.connect(self.driver.reset)
        self.transport.branched.connect(self.driver.branch_here)
        self.transport.seek.connect(self.driver.seek)
        self.transport.paced.connect(self.driver.set_pace)
        self.runs.overlay_toggled.connect(self.marks.toggle_overlay)
        self.runs.opened.connect(self.marks.look)
        self.runs.continued.connect(self.marks.go_on)
        self.runs.renamed.connect(self.marks.rename)
        self.runs.pin_toggled.connect(self.marks.toggle_pin)
        self.runs.deleted.connect(self.marks.delete)
        self.runs.compared.connect(self.commands.compare)
        self.runs.sound_wanted.connect(self.commands.save_sound)
        self.runs.copy_wanted.connect(self.commands.copy_run)
        self.runs.passport_wanted.connect(self.commands.passport)
        self.runs.star_toggled.connect(self.marks.toggle_star)
        self.runs.model_chosen.connect(self.choose_model)
        self.history.changed.connect(self._apply)
        self.history.stack.cleanChanged.connect(self.show_title)
        self.driver.begun.connect(self._begun)
        self.driver.over.connect(self.reports.show_end)
        self.driver.waits.connect(self.canvas.editor.show_waiting)
        self.player.switched.connect(self._switched)
        self.player.failed.connect(self.failed)
        self.player.noted.connect(self.noted)
        self.pulse.beat.connect(self._beat)

    def _lettering(self) -> list[QRect]:
        return self.workspace.lettering(self.stage) + self.canvas.lettering(self.stage)

    def fit_panels(self) -> None:
        """How wide the panels are, and where: beside a canvas that stands alone is none, and one may float over it."""
        projector = theme.current().projector and not theme.current().lecture  # behind a lecture nothing moves
        narrow = self.width() < 1180
        self.left.setFixedWidth(200 if narrow else 240)
        self.left.setVisible(not projector and not self.canvas.filling)
        self.side.setFixedWidth((300 if narrow else 380) if projector else 264 if narrow else 304)
        if self.canvas.floats != (self.canvas.editor.held is self.side):
            if self.canvas.floats:
                self.canvas.editor.hold(self.side)
            else:
                self._body.addWidget(self.side)
                self.side.show()
                self.canvas.editor.let_go()
        for line, shown in zip(self._beside, (not self.canvas.filling, not self.canvas.floats), strict=True):
            line.setVisible(shown)

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
        sentence, there = asked(path)
        ways = [(f"Run {path.name}", partial(self._run_own, path))] if there else []
        self.banner.say("warn", " ".join([*before, sentence]), ways, key="session")

    def _run_own(self, path: Path) -> None:
        self.banner.take_back("session")
        try:
            catalog.open_file(path)
        except LabError as error:
            self.failed(str(error))
            return
        self.layouts.keep(self.session, self.document)
        name = name_of(path, self.document, self.session.runs())
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

    def show_results(self, elsewhere: bool = False) -> None:
        """What stands beside the canvas away, or back; or at its other side."""
        if elsewhere:
            self.canvas.turn_results()
        else:
            self.canvas.toggle_filling()

    def float_panel(self) -> None:
        """The panel at the right over the canvas, or beside it."""
        self.canvas.float_panel()

    def leave_canvas(self) -> bool:
        """Escape in the canvas: whether there was something to leave."""
        return self.canvas.leave()

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
        self._uncover()
        if name != self.document.model:
            self.history.go(self.document.with_model(name, catalog.panel_of(name)))
        self.bar.show_panel(catalog.panel_of(self.document.model))

    def _uncover(self) -> None:
        """What lies over the stage goes: a person asked for something that is shown on it."""
        self.course.hide_start()
        self.data.leave()

    def choose_preset(self, title: str, *, playing: bool = False) -> None:
        """Take over the values of a preset, in a run of its own: what it shows may lie at the start."""
        self._uncover()
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
            self.driver.restart(playing, "preset")
        elif playing:
            self.player.send(Play())
        if self.toast.key == "act":
            self.toast.take_back("act")  # a preset always begins a run: nothing to explain
        if own:
            self.steps.did(f"Values of '{title}' taken over.")

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
            self.driver.restart(True, "preset")
        else:
            self.player.play()
        self.toast.take_back("act")

    def _begin_lesson(self, name: str) -> None:
        self.course.begin_named(name)

    def _show_course(self) -> None:
        self.bar.show_course(self.course.words)

    # -- effects of a change of the document --

    def _apply(self, before: Document, after: Document) -> None:
        self.session.set_document({**after.to_dict(), "layouts": self.layouts.kept(self.session), **self.course.kept()})
        if before.notes != after.notes:
            self.session.notes = after.notes
            self.side.notes.set_text(after.notes)
        if self._adopting:
            self.show_form()
        elif before.model != after.model:
            self.show_model(playing=True, back=self._because != "preset")
        elif before.experiment() != after.experiment():
            self._experiment_changed(before.experiment(), after.experiment())
            self.show_form()
        self.canvas.show_document()
        if before.bookmarks != after.bookmarks:
            self.workspace.show_bookmarks(after.bookmarks.get(after.model, ""))
        self.show_title()

    def _experiment_changed(self, before: Experiment, after: Experiment) -> None:
        found = consequence(before, after, self.canvas.only_looks)
        if found.way == "nothing":
            return
        status = self.player.status
        if self._because == "parameter" and (self.driver.settling or (found.way == "anew" and found.drawn)):
            # The run in front is of a network that is being edited: it hears of nothing any more, the next one begins with all of it.
            self.driver.restart_soon(not self.history.back)
            return
        if found.way == "live" and self._because != "preset" and status is not None and status.phase != "failed":
            self.player.send(Change(dict(found.changed)))
            return
        self.driver.restart(status is not None and status.phase in ("running", "finished", "preparing"), self._because)
        if found.words:
            self.steps.did(found.words)

    def adopt(self, document: Document, text: str, key: str = "") -> None:
        """A step whose effect has already happened."""
        self._adopting = True
        try:
            self.history.replace(document, text, key)
        finally:
            self._adopting = False

    # -- showing --

    def show_model(self, *, run: int | None = None, playing: bool = False, back: bool = False) -> None:
        """Bring the model of the document to the front: a recording of it, what was in front when it was left (`back`), or a new run."""
        self.layouts.keep(self.session, self.document)
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
        self.thumbnails.keep()
        if run is not None:
            self.player.look(run)
        elif not (back and self.keeper.come_back(name)):
            self.driver.restart(playing, "model")  # the worker prepares while the pictures are made
        self.workspace.show_model(model, self.layouts.of(self.session, name))
        if theme.current().projector:
            self.workspace.front_only(True)
        self.show_form()
        self.workspace.show_bookmarks(self.document.bookmarks.get(name, ""))
        self.layouts.shown = name
        self.canvas.show_document()
        self.workspace.check_watched()

    def show_form(self) -> None:
        """The form says what the document says."""
        model = self.document.experiment().build()
        entry = next((e for e in catalog.entries() if e.name == self.document.model), None)
        self.side.show_model(
            model, entry.about if entry else catalog.first_words(type(model).__doc__ or ""), self.document.experiment().seed
        )
        self.gallery.show_panel(catalog.panel_of(self.document.model), self.document.model, preset_of(model))
        if not self.workspace.fits(model):
            self.workspace.show_model(model, self.layouts.of(self.session, self.document.model))

    def _begun(self, model: str, title: str) -> None:
        self.reports.begin(model, title)
        self.thumbnails.begin()

    def _end_is_shown(self) -> bool:
        """Whether the pictures are drawn from the last moment of a finished run: it is taken some frames after the end."""
        _, seen = self.player.frame(anew=False)
        return seen is not None and seen.phase == "finished" and self.workspace.at_rest()

    def _switched(self) -> None:
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
            self.driver.take_over(status)
        self._beats += 1
        if self._beats % SLOW_EVERY == 1:
            self.workspace.check_watched()
            self.runs_panel.show_runs(self.marks.rows(), self.marks.others(), audible=self.workspace.has(ANALYSIS))
        source, shown = self.frames.draw(visible=not self.isMinimized())
        if source is not None and self._beats % SLOW_EVERY == 0:
            self.canvas.show_run(source)
        told = (shown.phase, shown.place, shown.pace, shown.model) if shown is not None else None
        if told != self._told or self._beats % LINE_EVERY == 1:  # what a person did is told at once
            self._told = told
            self._show_transport(shown)
        self.refusals.look(status)
        self.reports.show(status)
        self.data.look(status)
        if self._beats % SLOW_EVERY == 3:
            self.course.look(status, self.player.source)
        self.thumbnails.look()

    def _show_transport(self, status: Status | None) -> None:
        recorded = 0
        if status is not None and status.run_id is not None:
            recorded = self.session.run(status.run_id).bytes
        runner = self.player.runner
        marks = tuple(h.step for h in status.log[-400:]) if runner is not None and status is not None else ()
        saving = runner is not None and runner.run_id is not None
        self.transport.show_status(status, self.session.stats, recorded, marks, saving=saving)

    # -- layout --

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
            self.fit_panels()
            self.workspace.front_only(bool(projector))

    # -- the window itself --

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The panels give way to the pictures where there is little room."""
        super().resizeEvent(event)
        self.fit_panels()

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
        self.driver.forget_edits()
        self.layouts.keep(self.session, self.document)
        place = self.normalGeometry()
        self.settings.put("geometry", [place.x(), place.y(), place.width(), place.height(), int(self.isMaximized())])
        self.hide()
        self._deaf()
        self.player.leave()
        super().closeEvent(event)

    def _deaf(self) -> None:
        """Nobody is there any more to hear of the focus of other windows, nor of the steps of undo, which go one by one while they are deleted."""
        self.focus.let_go()
        self.history.stack.blockSignals(True)

    def finish(self, timeout: float = 10.0) -> bool:
        """Write what is recorded and close the session; False if a worker was still busy and was given up."""
        from lab.widgets import filing

        if self._closing:
            return True
        self._closing = True
        self._deaf()
        self.pulse.stop()
        self.thumbnails.stop()
        self.commands.stop_sweep(timeout)
        self.commands.passports.stop()
        done = self.player.finish(timeout)
        self.keeper.let_go()
        filing.close(self.session)
        return done
