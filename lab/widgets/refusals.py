"""A value that the run refused goes back in the form, with the sentence that says why."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from lab import catalog
from lab.engine.status import Refusal, Status
from lab.widgets.shell import Shell


class Refusals(QObject):
    """Looks at the status of the run in front once per beat."""

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self._shell = shell
        self._seen: Refusal | None = None
        self._failed = ""

    def look(self, status: Status | None) -> None:
        """Take back what was refused, and mark the row of a file that could not be read."""
        if status is not None and status.phase != "failed":
            self._failed = ""
        refused = status is not None and status.refused is not None and status.refused is not self._seen
        failed = status is not None and status.phase == "failed" and status.error != self._failed
        # To ask the catalogue takes half a millisecond: at each beat that would be a thirtieth of the window's time.
        if status is None or not (refused or failed) or type(status.model) is not catalog.load(self._shell.document.model):
            return
        if refused and status.refused is not None:
            self._seen = status.refused
            self._take_back(status, status.refused)
        if failed:
            self._failed = status.error
            names = [
                spec.name
                for spec in type(status.model).specs().values()
                if spec.kind == "file" and (path := getattr(status.model, spec.name)) and Path(path).name in status.error
            ]
            if names:
                self._shell.side.show_error(tuple(names), status.error)

    def _take_back(self, status: Status, refused: Refusal) -> None:
        experiment = self._shell.document.experiment()
        kept = experiment.replace(parameters=status.model.changed())
        if kept != experiment:
            labels = [type(status.model).specs()[name].label for name in refused.names]
            self._shell.adopt(self._shell.document.with_experiment(kept), f"{' and '.join(labels)} refused")
        self._shell.side.show_error(refused.names, refused.sentence)
