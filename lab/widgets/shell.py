"""What the parts may ask of the window they stand in. The window offers it; no part knows the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtWidgets import QMainWindow

from lab.engine.experiment import Experiment
from lab.model import Remedy
from lab.session import RunInfo, Session
from lab.widgets.banner import Banner
from lab.widgets.bar import Bar
from lab.widgets.document import Document
from lab.widgets.finish import FinishCard
from lab.widgets.focus import Focus
from lab.widgets.history import History
from lab.widgets.layouts import Layouts
from lab.widgets.lecture.slides import Slide
from lab.widgets.notebook import Told
from lab.widgets.player import Player
from lab.widgets.runs import RunRow
from lab.widgets.settings import Settings
from lab.widgets.side import Side
from lab.widgets.steps import Steps
from lab.widgets.transport import Transport
from lab.widgets.workspace import Workspace

Way = tuple[str, Callable[[], object]]  # the words of a button, and what it does


class Files(Protocol):
    """Where files of a person come in."""

    def browse(self) -> None:
        """Ask for a file of any kind."""

    def bring(self) -> None:
        """Show the sheet."""

    def open_path(self, path: str) -> None:
        """Open a file of any kind."""

    def leave(self) -> bool:
        """Escape: whether the sheet was there to be put away."""


class Lessons(Protocol):
    """The course."""

    def show_start(self) -> None:
        """The start page, or back."""

    def hide_start(self) -> bool:
        """Put the start page away; whether it was there."""

    def begin_named(self, name: str) -> None:
        """Put the lesson of a name in front."""

    def next(self) -> None:
        """The next step."""

    def back(self) -> None:
        """The step before."""

    def lecture(self) -> None:
        """Give the lesson in front as a lecture."""

    @property
    def leading(self) -> bool:
        """Whether a lesson is in front."""

    def write(self) -> None:
        """A lesson of one's own, from what is in front."""


class Lecturing(Protocol):
    """Lecture mode (`lab.widgets.lecture`)."""

    @property
    def on(self) -> bool:
        """Whether a lecture is being given."""

    def show(
        self,
        slide: Slide,
        *,
        forward: Callable[[], object] | None = None,
        back: Callable[[], object] | None = None,
        left: Callable[[], object] | None = None,
    ) -> bool:
        """Show a slide of the model in front; the callbacks are the next slide, the one before, and leaving."""

    def tell(self, sentence: str) -> None:
        """Say something else under the title."""

    def pictures(self, name: str = "") -> None:
        """Show a picture of the model in front; the arrows go to its other pictures."""

    def presets(self, title: str = "") -> None:
        """Show a preset of the model in front; the arrows go to its other presets."""

    def leave(self) -> bool:
        """Back to the state before; whether there was a lecture to leave."""


class Driving(Protocol):
    """The run in front as a person drives it (`lab.widgets.driver`)."""

    def begin(self, experiment: Experiment, playing: bool, pace: float | None, *, because: str = "model", **resume: Any) -> None:
        """Begin a run, at its start or with a state that was kept."""

    def reset(self, _checked: object = None, *, playing: bool | None = None) -> None:
        """Begin again with the present parameters."""

    def reset_to_defaults(self) -> None:
        """Begin again with the defaults."""

    def settle(self) -> None:
        """Begin the run that edits of a network wait for now."""

    def toggle(self) -> None:
        """Play or pause."""

    def run_for(self, steps: int) -> None:
        """Advance some steps, then hold."""

    def seek(self, step: int) -> None:
        """Look at a step of the recording."""

    def branch_here(self) -> None:
        """Make the place looked at the present of a new run."""

    def act(self, name: str, arguments: dict) -> None:
        """Do an action to the run in front."""

    def remedy(self, way: Remedy) -> None:
        """Do what a model offers."""


class Changing(Protocol):
    """The parameters of the model in front as a person tunes them (`lab.widgets.tuning`)."""

    def change(self, name: str, value: Any, *, final: bool = True) -> None:
        """Change a parameter."""

    def change_seed(self, seed: int) -> None:
        """Begin a new run with another seed."""


class Keeping(Protocol):
    """What becomes of runs that are left (`lab.widgets.keeper`)."""

    compared: set[int]

    def let_go(self) -> None:
        """Keep in brief what was only browsed."""


class Listing(Protocol):
    """The runs of the session (`lab.widgets.marks`)."""

    def told(self, info: RunInfo) -> Told:
        """What a run was made with."""

    def rows(self) -> Sequence[RunRow]:
        """The runs that are listed."""

    def look(self, run: int) -> None:
        """Bring the recording of a run to the front."""


class Shell(Protocol):
    """The window as its parts see it."""

    @property
    def course(self) -> Lessons:
        """The course."""

    @property
    def lecture(self) -> Lecturing:
        """Lecture mode."""

    @property
    def data(self) -> Files:
        """Where files of a person come in."""

    @property
    def driver(self) -> Driving:
        """The run in front as a person drives it."""

    @property
    def tuning(self) -> Changing:
        """The parameters of the model in front."""

    @property
    def marks(self) -> Listing:
        """The runs of the session."""

    @property
    def keeper(self) -> Keeping:
        """What becomes of runs that are left."""

    session: Session
    settings: Settings
    player: Player
    history: History
    steps: Steps  # undo and redo
    layouts: Layouts
    banner: Banner  # what stays until it is mended or answered
    finish_card: FinishCard
    toast: Banner  # what passes by itself
    focus: Focus
    bar: Bar
    side: Side
    transport: Transport
    workspace: Workspace

    @property
    def frame(self) -> QMainWindow:
        """The window itself, as the parent of dialogs and for what Qt asks of a window."""

    @property
    def document(self) -> Document:
        """The present document."""

    # -- what is in front --

    def show_panel(self, panel: str) -> None:
        """Go to a workspace."""

    def choose_model(self, name: str) -> None:
        """Bring a model to the front and let it run."""

    def choose_preset(self, title: str, *, playing: bool = False) -> None:
        """Take over the values of a preset."""

    def show_experiment(self, experiment: Experiment, done: str) -> None:
        """Put an experiment in front, as one step that can be undone."""

    def show_step(self, experiment: Experiment, words: str) -> None:
        """Put what a step of a lesson says in front, in a run of its own that plays from its start."""

    def show_model(self, *, run: int | None = None, playing: bool = False, back: bool = False) -> None:
        """Bring the model of the document to the front: a recording of it, or a new run."""

    def show_form(self) -> None:
        """The form says what the document says."""

    def set_session(self, session: Session) -> None:
        """Show another session."""

    def set_look(self, name: str | None = None, projector: bool | None = None) -> None:
        """Another theme, or the projector mode."""

    def watch_again(self) -> None:
        """The canvas, or a lecture, reads other streams than before."""

    # -- changes --

    def adopt(self, document: Document, text: str, key: str = "") -> None:
        """A step of the document whose effect has already happened."""

    # -- what is said, kept and listed --

    def failed(self, sentence: str) -> None:
        """Say what could not be done."""

    def ask_to_run(self, path: Path) -> None:
        """Ask whether the Python file that a session names as a model may be run."""

    def show_title(self) -> None:
        """Name the session in the title of the window."""

    def show_results(self, elsewhere: bool = False) -> None:
        """What stands beside the canvas away, or back; or at its other side."""

    def fit_panels(self) -> None:
        """How wide the panels are, and where they stand."""

    def float_panel(self) -> None:
        """The panel at the right over the canvas, or beside it."""

    def leave_canvas(self) -> bool:
        """Escape in the canvas: whether there was something to leave."""

    def save_as(self) -> None:
        """Ask for a name for the session."""
