"""What a person decides about the runs of a session: names, pins, overlays, deletions, and which one to look at."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lab import catalog
from lab.engine.recording import experiment_of
from lab.errors import LabError, OwnModelError
from lab.session import RunInfo
from lab.widgets.document import Document
from lab.widgets.labels import figures
from lab.widgets.runs import RunRow
from lab.widgets.shell import Shell


class Marks(QObject):
    """Changes the part of the document that is about runs, and makes the rows of their list."""

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self._shell = shell

    @property
    def _document(self) -> Document:
        return self._shell.document

    def toggle_overlay(self, run: int) -> None:
        """Lay a run behind the present one, or take it away."""
        on = not self._document.mark(run).overlaid
        self._shell.history.replace(self._document.with_mark(run, overlaid=on), f"{'Overlay' if on else 'Hide'} {self.title(run)}")

    def toggle_pin(self, run: int) -> None:
        """Keep a run at the top of the list, or not."""
        on = not self._document.mark(run).pinned
        self._shell.history.replace(self._document.with_mark(run, pinned=on), f"{'Pin' if on else 'Unpin'} {self.title(run)}")

    def rename(self, run: int, name: str) -> None:
        """Give a run another name."""
        self._shell.history.replace(self._document.with_mark(run, name=name), f"Rename {self.title(run)} to {name}")

    def delete(self, run: int) -> None:
        """Take a run out of the list; undo brings it back."""
        if run != self._shell.player.run_id:
            self._shell.history.replace(self._document.with_mark(run, deleted=True, overlaid=False), f"Delete {self.title(run)}")

    def look(self, run: int) -> None:
        """Show the recording of a run."""
        info = self._shell.session.run(run)
        try:
            experiment = experiment_of(self._shell.player.reader(), info, f"Run '{info.name}'")
        except OwnModelError as error:
            self._shell.ask_to_run(error.path)
            return
        except LabError as error:
            self._shell.failed(str(error))
            return
        self._shell.adopt(
            self._document.with_experiment(experiment.replace(schedule=())).with_model(
                experiment.model, catalog.panel_of(experiment.model)
            ),
            f"Look at {info.name}",
        )
        self._shell.show_model(run=run)

    def go_on(self, run: int) -> None:
        """Go on from the end of a run."""
        self.look(run)
        self._shell.player.play()

    def title(self, run: int) -> str:
        """The name of a run."""
        return self._document.mark(run).name or self._shell.session.run(run).name

    def rows(self) -> list[RunRow]:
        """The runs of the model in front, pinned first, then newest first."""
        rows = []
        present = self._shell.player.run_id
        for info in self._shell.session.runs():
            mark = self._document.mark(info.id)
            if mark.deleted or info.experiment.get("model") != self._document.model or not (info.steps or info.id == present):
                continue
            rows.append(self._row(info, present))
        return sorted(rows, key=lambda r: (not r.pinned, -r.id))

    def _row(self, info: RunInfo, present: int | None) -> RunRow:
        mark, status = self._document.mark(info.id), self._shell.player.status
        summary = status.summary if status is not None and info.id == present else info.summary
        first = dict(list(summary.items())[:1])
        hint = f"{info.name}\n{figures(summary)}\n{info.created[:16].replace('T', ' ')}"
        return RunRow(
            info.id, mark.name or info.name, figures(first), "series0" if info.id == present else info.colour or "series1", info.state,
            info.id == present, mark.overlaid, mark.pinned, hint if info.id != present else info.name,
        )  # fmt: skip

    def overlaid(self) -> list[tuple[int, str]]:
        """Number and name of the runs to be drawn behind the present one."""
        return [(i.id, self.title(i.id)) for i in self._shell.session.runs() if self._behind(i)]

    def _behind(self, info: RunInfo) -> bool:
        mark = self._document.mark(info.id)
        return mark.overlaid and not mark.deleted and info.experiment.get("model") == self._document.model
