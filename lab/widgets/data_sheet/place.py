"""Where files come in, and where they go: drops, Ctrl+O, the choice "file" of a form; each lands on the sheet, sessions at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from lab import catalog
from lab.data.recognise import Found
from lab.data.tables import AS_FOUND
from lab.engine.experiment import Experiment, read
from lab.engine.status import Status
from lab.errors import LabError
from lab.model import Model
from lab.params import Spec
from lab.widgets.data_sheet.reading import Reading
from lab.widgets.data_sheet.sheet import TRAINING, DataSheet
from lab.widgets.data_sheet.verbs import Purpose, Verb, opened
from lab.widgets.shell import Shell

TOLD = 20.0  # seconds that the paragraph about a file stays
READING = ("sample_rate", "column", "time_unit")  # what a cell's parameters say of the file that drives it
ASKING = "ask-for-a-file"
ALL = "Everything (*);;Sessions (*.lab);;Tables and recordings (*.csv *.tsv *.txt *.dat);;Sounds (*.wav *.flac *.ogg *.aiff);;Networks (*.graphml *.gexf *.gml *.json)"


class DataPlace(QObject):
    """Takes files in for a window. `open_session` opens a session in place of the present one."""

    def __init__(self, shell: Shell, ground: QWidget, open_session: Callable[[str], object]):
        super().__init__(shell.frame)
        self.shell, self._ground, self._open_session = shell, ground, open_session
        self._sheet: DataSheet | None = None
        self._warming = Reading(self)
        self._warming.done.connect(self._warmed)
        self._waiting: tuple[Experiment, str] | None = None
        self._told = ""
        self._until = 0.0

    @property
    def sheet(self) -> DataSheet:
        """The sheet, made when it is first wanted."""
        if self._sheet is None:
            self._sheet = DataSheet(self._ground, self.shell.settings, self._front)
            self._sheet.verb_chosen.connect(self._do)
        return self._sheet

    def _front(self) -> str:
        return self.shell.document.model

    # -- coming in --

    def browse(self) -> None:
        """Ask for a file of any kind."""
        there = self.shell.frame.findChild(QFileDialog, ASKING)
        if there is not None and there.isVisible():  # asked for again: one is enough
            there.raise_()
            there.activateWindow()
            return
        recent = self.shell.settings.recent()
        dialog = QFileDialog(self.shell.frame, "Open", str(Path(recent[0]).parent if recent else Path.home()), ALL)
        dialog.setObjectName(ASKING)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setModal(False)
        dialog.fileSelected.connect(self.open_path)
        dialog.finished.connect(dialog.deleteLater)
        dialog.show()

    def bring(self) -> None:
        """The sheet: with the file of the model in front, if it has one, else empty."""
        model = self.shell.document.experiment().build() if self.shell.document.model else None
        spec = _file_in_use(model) if model is not None else None
        if model is not None and spec is not None:
            self.sheet.open(getattr(model, spec.name), values=dict(model.values()))
        else:
            self.sheet.welcome_file()

    def open_path(self, path: str) -> None:
        """A session at once; anything else is shown on the sheet first, which says what it is and where it can go."""
        if opened(Path(path)):
            self._open_session(path)
            return
        self.sheet.open(path)

    def dropped(self, urls: list[Any]) -> bool:
        """Take the first of some dropped things that is a file or a folder."""
        for url in urls:
            if url.isLocalFile():
                self.open_path(url.toLocalFile())
                return True
        return False

    def asks_first(self, name: str, value: Any) -> bool:
        """Whether a choice of the form wants a file first, which the sheet then asks for: nothing is changed until there is one."""
        experiment = self.shell.document.experiment()
        model = experiment.build()
        wanted = _wants_file(model, name, value)
        if wanted is None:
            return False
        spec, other = type(model).specs()[name], wanted
        self.sheet.welcome_file(Purpose(experiment.model, f"{spec.label} from a file: {type(model).title}", other.name, {name: value}))
        return True

    # -- going where it belongs --

    def _do(self, verb: Verb, found: Found) -> None:
        try:
            if verb.name == "open":
                self._open(found)
            elif verb.name == "graph":
                self._canvas(found)
            elif verb.experiment is not None:
                self._show(verb)
        except LabError as error:
            self.sheet.sentence.setText(str(error))
            return
        if self._waiting is None:
            self.sheet.leave()

    def _open(self, found: Found) -> None:
        if found.kind == "session":
            self._open_session(str(found.place))
        elif found.kind == "experiment":
            self.shell.show_experiment(read(found.place), f"Open {found.place.name}")
        else:
            self.shell.ask_to_run(found.place)

    def _canvas(self, found: Found) -> None:
        """Put a network on the canvas of the model that is the home of populations, or of the family in front."""
        from lab.graph import files

        homes = [t for t in catalog.takers("graph") if t.family]
        home = next((t for t in homes if t.model == self._front()), None) or catalog.takers("graph", "populations")[0]
        graph = files.read(found.place, home.family)
        asked = catalog.home(graph.family, {n.kind for n in graph.nodes})
        home = asked if asked.begins or home.begins else home
        kind = catalog.load(home.model)
        into = next(spec.name for spec in kind.specs().values() if spec.kind == "graph")
        self.shell.show_experiment(Experiment(home.model, {into: graph.to_json()}), f"Put {found.place.name} on the canvas")

    def _show(self, verb: Verb) -> None:
        """Bring the experiment of a verb to the front; its file is read beside the window first, so that the window goes on."""
        assert verb.experiment is not None
        wanted = verb.experiment
        present = self.shell.document.experiment() if self.shell.document.model == wanted.model else None
        if present is not None and verb.name in ("purpose", "recording", "sound"):  # the cell, or the network, stays as it is
            specs = catalog.load(wanted.model).specs()
            fresh = {n: v for n, v in {**vars(AS_FOUND), **TRAINING}.items() if n in specs and n != "standardise"}
            # How the file before was read says nothing of this one: another column, another rate.
            reading = READING if verb.name == "purpose" else (*READING, "scale")
            fresh |= {n: specs[n].default for n in reading if n in specs}
            wanted = present.with_parameters(**{**fresh, **wanted.parameters})
        self._waiting = (wanted, verb.done)
        self._warming.ask(partial(_warm, wanted))

    def _warmed(self, problem: Any) -> None:
        if self._waiting is None:
            return
        experiment, done = self._waiting
        self._waiting = None
        if isinstance(problem, LabError):
            self.sheet.sentence.setText(str(problem))
            return
        if isinstance(problem, BaseException):
            raise problem
        self.sheet.leave()
        runner, same = self.shell.player.runner, self.shell.document.model == experiment.model
        self.shell.show_experiment(experiment, done)
        status = self.shell.player.status
        if same and self.shell.player.runner is runner:
            self.shell.driver.reset(playing=True)  # the file begins where the run does
        elif status is not None and status.phase not in ("running", "preparing", "failed"):
            self.shell.player.play()

    # -- what is said of a run's file --

    def look(self, status: Status | None) -> None:
        """Once for each run that reads a file: the paragraph about it, with the sheet a click away."""
        banner = self.shell.banner
        if banner.key == "data" and time.monotonic() > self._until:
            banner.take_back("data")
        if status is None or status.phase == "preparing":
            return
        text = status.summary.get("data", "")
        if not isinstance(text, str) or text == self._told:
            return
        self._told = text
        if not text:
            banner.take_back("data")
        elif banner.key in (None, "restart", "data"):
            banner.say("accent", text, [("Look at the file", self.bring)], key="data")
            self._until = time.monotonic() + TOLD

    def leave(self) -> bool:
        """Escape: whether the sheet was there to be put away."""
        if self._sheet is not None and self._sheet.isVisible():
            self._sheet.leave()
            return True
        return False


def _warm(experiment: Experiment) -> None:
    """Read what an experiment reads, as the window will ask for it."""
    model = experiment.build()
    _ = model.streams, model.pictures


def _file_in_use(model: Model) -> Spec | None:
    """The parameter that holds the file a model uses now, if it uses one."""
    for spec in type(model).specs().values():
        if spec.kind == "file" and spec.when is not None and getattr(model, spec.name) and getattr(model, spec.when[0]) in spec.when[1]:
            return spec
    return None


def _wants_file(model: Model, name: str, value: Any) -> Spec | None:
    """The empty file parameter that a choice brings with it."""
    for spec in type(model).specs().values():
        if (
            spec.kind == "file"
            and spec.when is not None
            and spec.when[0] == name
            and value in spec.when[1]
            and not getattr(model, spec.name)
        ):
            return spec
    return None
