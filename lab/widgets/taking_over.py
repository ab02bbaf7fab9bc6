"""A network that another run has trained goes on in the model in front: the menu of runs that suit, and what a choice of one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QFileDialog, QMenu

from lab import catalog
from lab.engine.experiment import Experiment
from lab.engine.simulation import Checkpoint
from lab.errors import LabError, ModelError
from lab.units import figure
from lab.widgets.keeper import Keeper
from lab.widgets.settings import data_folder
from lab.widgets.shell import Shell

MOST = 20  # runs that are listed, the newest first
UNTRAINED = "There is nothing to pass on yet: press Play and let the network learn first."
NONE = "No run of this session has trained a network that fits"
FILE = "Weights from a file…"
WEIGHTS = "start_from"  # the parameter of every training that names a file of weights


@dataclass(frozen=True)
class Trained:
    """A run whose network can go on; `last` reads how it stood last."""

    words: str
    experiment: Experiment
    last: Callable[[], tuple[Experiment, Checkpoint]]


class TakingOver(QObject):
    """Offers what was trained in the session to a model that says `takes_over`: recorded runs, and those that the keeper has put aside.

    The other way round, the network in front is passed on to a model that its own model names in `passes_on`.
    """

    def __init__(self, shell: Shell, keeper: Keeper):
        super().__init__(shell.frame)
        self._shell, self._keeper = shell, keeper

    def trained(self) -> list[Trained]:
        """What suits the model in front, the newest first."""
        from lab.training.takeover import newest, suits

        shell, kind = self._shell, catalog.load(self._shell.document.model)
        shell.player.settle()  # a run that is on its way out is put aside, or stays
        shell.session.flush()
        found = [
            Trained(f"{catalog.load(w.experiment.model).title}, as it was left", w.experiment, partial(_aside, w.experiment, w.point))
            for w in reversed(self._keeper.waiting.values())
        ]
        for info in reversed(shell.session.runs()):
            if not info.steps or info.id == shell.player.run_id:
                continue
            try:
                experiment = Experiment.from_dict(info.experiment, f"Run '{info.name}'")
                title = catalog.load(experiment.model).title
            except LabError:
                continue
            told = [figure(key, value) for key, value in list(info.summary.items())[:1]]
            found.append(Trained(" · ".join((title, info.name, *told)), experiment, partial(newest, shell.player.reader(), info.id)))
        return [each for each in found if suits(kind, each.experiment)][:MOST]

    def menu(self) -> QMenu:
        """The runs that suit, each with its model and its first figure; and a file."""
        menu = QMenu(self._shell.frame)
        trained = self.trained()
        for each in trained:
            menu.addAction(each.words).triggered.connect(partial(self.take, each))
        if not trained:
            menu.addAction(NONE).setEnabled(False)
        menu.addSeparator()
        menu.addAction(FILE).triggered.connect(self._ask_file)
        return menu

    def ask(self, at: QPoint) -> None:
        """Open the menu at a place of the screen."""
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def take(self, trained: Trained, _checked: bool = False) -> None:
        """Go on with the network of a run: its weights, its layers and its data, as one step that can be undone."""
        self._go_on(self._shell.document.model, trained, f"Take over the network of {trained.words}")

    def pass_on(self, name: str) -> None:
        """Go on with the network in front in the model `name`: what has learned so far is kept, and undo leads back to it."""
        from lab.training.takeover import newest

        shell, player = self._shell, self._shell.player
        experiment = shell.document.experiment()
        words = next((each["words"] for each in catalog.load(experiment.model).passes_on if each["to"] == name), name)
        try:
            catalog.load(name).taken_over(experiment.build())
        except LabError as error:
            shell.failed(str(error))
            return
        status, runner, viewed = player.status, player.runner, player.viewed
        if status is None or not status.step or status.phase in ("preparing", "failed"):
            shell.failed(UNTRAINED)
            return
        shell.driver.settle()
        if runner is not None:
            player.leave("model")
            player.settle()
            trained = Trained(words, runner.experiment, partial(_aside, runner.experiment, runner.status.last))
        else:
            assert viewed is not None
            trained = Trained(words, experiment, partial(newest, player.reader(), viewed.id))
        if not self._go_on(name, trained, words) and runner is not None:
            self._keeper.come_back(experiment.model)

    def _go_on(self, name: str, trained: Trained, words: str) -> bool:
        """Let the model `name` go on with a network, as one step; whether it could."""
        from lab.training.takeover import take_over

        shell = self._shell
        document, kind = shell.document, catalog.load(name)
        try:
            folder = data_folder() / "weights"
            folder.mkdir(parents=True, exist_ok=True)
            source, point = trained.last()
            path, values = take_over(kind, source, point, folder)
            experiment = document.experiment(name).with_parameters(**values, **{WEIGHTS: str(path)}).replace(seed=source.seed)
        except OSError as error:
            shell.failed(f"The weights could not be kept: {error.strerror or error}; free some room on the disk.")
            return False
        except LabError as error:
            shell.failed(str(error))
            return False
        after = document.with_experiment(experiment)
        if name != document.model:
            drafts = {k: v for k, v in document.drafts.items() if k != name}
            after = after.with_model(name, catalog.panel_of(name)).replace(drafts=drafts)
        shell.history.replace(after, words)
        shell.history.seal()
        shell.player.play()
        return True

    def _ask_file(self) -> None:
        dialog = QFileDialog(self._shell.frame, FILE, "", "Weights (*.safetensors *.npz)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(partial(self._shell.tuning.change, WEIGHTS))
        dialog.open()


def _aside(experiment: Experiment, point: Checkpoint | None) -> tuple[Experiment, Checkpoint]:
    if point is None:
        raise ModelError(UNTRAINED)
    return experiment, point
