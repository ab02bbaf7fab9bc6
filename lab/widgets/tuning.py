"""The parameters of the model in front as a person tunes them: one, several at once, or the seed; each is one step of undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject

from lab import catalog
from lab.errors import LabError
from lab.widgets.consequences import step_words
from lab.widgets.shell import Shell


class Tuning(QObject):
    """Puts values into the document. `asks_first(name, value)` says whether a choice waits for a file."""

    def __init__(self, shell: Shell, asks_first: Callable[[str, Any], bool]):
        super().__init__(shell.frame)
        self._shell, self._asks_first = shell, asks_first

    def change(self, name: str, value: Any, *, final: bool = True) -> None:
        """Change a parameter, as one undoable step per drag."""
        document, history = self._shell.document, self._shell.history
        experiment = document.experiment()
        kind = catalog.load(experiment.model)
        if not final and not kind.specs()[name].live:
            return  # a restart for every pixel of a drag would be a flood of runs
        if final and self._asks_first(name, value):
            self._shell.show_form()  # as before, until there is a file
            return
        try:
            after = experiment.with_parameters(**{name: value})
        except LabError as error:
            self._shell.side.show_error(getattr(error, "names", (name,)) or (name,), error.said)
            return
        key = f"{experiment.model}.{name}"
        began = history.began_with(key)
        old = getattr((began or document).experiment(experiment.model).build(), name)
        history.replace(document.with_experiment(after), step_words(kind, name, old, value), key, held=not final)
        if final:
            history.seal()

    def drag(self, name: str, value: Any) -> None:
        """A value on the way to another."""
        self.change(name, value, final=False)

    def move_handle(self, name: str, value: Any, final: bool) -> None:
        """A value dragged in a picture; an edge in the past can only be seen in a run that begins anew."""
        self.change(name, value, final=final)
        model, runner = self._shell.workspace.model, self._shell.player.runner
        edges = [h.param for p in model.pictures for h in p.handles if h.axis == "x"] if model is not None else []
        if final and name in edges and runner is not None and runner.status.step:
            self._shell.driver.reset()

    def change_several(self, values: Mapping[str, Any], again: bool) -> None:
        """Several parameters as one step: a stimulus drawn by hand, another clamp; `again`: they are seen from the start of a run."""
        document, history, player = self._shell.document, self._shell.history, self._shell.player
        experiment = document.experiment()
        try:
            after = experiment.with_parameters(**values)
        except LabError as error:
            self._shell.side.show_error(getattr(error, "names", tuple(values)) or tuple(values), error.said)
            return
        before, specs = player.runner, catalog.load(experiment.model).specs()
        history.replace(document.with_experiment(after), f"Change {specs[next(iter(values))].label}")
        history.seal()
        if again and player.runner is before:
            self._shell.driver.reset()

    def change_seed(self, seed: int) -> None:
        """Begin a new run with another seed."""
        document = self._shell.document
        experiment = document.experiment()
        self._shell.history.replace(document.with_experiment(experiment.replace(seed=seed)), f"Seed {experiment.seed} → {seed}")
