"""What a person decides about the runs of a session: names, pins, overlays, deletions, and which one to look at."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lab import catalog
from lab.engine.recording import experiment_of
from lab.errors import LabError, OwnModelError
from lab.session import RunInfo
from lab.units import number
from lab.widgets.document import Document
from lab.widgets.labels import figure_rows, figures
from lab.widgets.notebook import Told, course_of, names, same_data
from lab.widgets.runs import Other, RunRow
from lab.widgets.shell import Shell

IN_BRIEF = "Kept in brief: its newest stretch, its figures and all its changes. Pin or star a run to keep it whole."


class Marks(QObject):
    """Changes the part of the document that is about runs, and makes the rows of their list."""

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self._shell = shell
        self._told: dict[int, tuple[tuple[int, str], Told]] = {}
        self._names: dict[int, str] = {}
        self._named_for: tuple = ()

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

    def toggle_star(self, run: int) -> None:
        """Mark a run as a good one, or not."""
        on = not self._document.mark(run).starred
        self._shell.history.replace(self._document.with_mark(run, starred=on), f"{'Star' if on else 'Unstar'} {self.title(run)}")

    def rename(self, run: int, name: str) -> None:
        """Give a run another name."""
        self._shell.history.replace(self._document.with_mark(run, name=name), f"Rename {self.title(run)} to {name}")

    def delete(self, run: int) -> None:
        """Take a run out of the list; undo brings it back."""
        if run != self._shell.player.run_id:
            title = self.title(run)
            self._shell.history.replace(self._document.with_mark(run, deleted=True, overlaid=False), f"Delete {title}")
            self._shell.steps.did(f"'{title}' was deleted.")

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
        """The name of a run: a person's own, or what differs from the other runs of its model."""
        return self._document.mark(run).name or self.names().get(run) or self._shell.session.run(run).name

    # -- what each run was made with --

    def told(self, info: RunInfo) -> Told:
        """Values at the start, and what was changed while it ran; of the run in front up to now."""
        player = self._shell.player
        given = info.experiment.get("parameters", {})
        seed = info.experiment.get("seed", 0)
        status = player.status
        if status is not None and info.id == status.run_id and player.runner is not None:
            begun = status.first or status.model
            course = course_of((h.kind, h.values) for h in status.log)
            for name, value in status.model.values().items():  # an action may have changed some
                last = course[name][-1] if name in course else getattr(begun, name)
                if value != last:
                    course[name] = (*course.get(name, ()), value)
            return Told(info.id, given, seed, course)
        key = (info.steps, info.state)
        if info.id not in self._told or self._told[info.id][0] != key:
            try:
                self._shell.session.flush()
                log = self._shell.player.reader().log(info.id)
            except LabError:
                log = []
            self._told[info.id] = (key, Told(info.id, given, seed, course_of((e.kind, e.payload) for e in log)))
        return self._told[info.id][1]

    def _listed(self) -> list[RunInfo]:
        present = self._shell.player.run_id
        return [
            info
            for info in self._shell.session.runs()
            if not self._document.mark(info.id).deleted
            and info.experiment.get("model") == self._document.model
            and (info.steps or info.id == present)
            and not info.made.get("sweep")
        ]

    def names(self) -> dict[int, str]:
        """Names of the runs of the model in front by what differs; worked out again only when something else differs."""
        told = tuple(self.told(info) for info in self._listed())
        key = (self._document.model, tuple((t.id, t.seed, repr(t.course)) for t in told))
        if key != self._named_for:
            try:
                self._names = names(told, catalog.load(self._document.model)) if told else {}
            except LabError:
                self._names = {}
            self._named_for = key
        return self._names

    def rows(self) -> list[RunRow]:
        """The runs of the model in front, pinned first, then newest first."""
        present = self._shell.player.run_id
        return sorted((self._row(info, present) for info in self._listed()), key=lambda r: (not r.pinned, -r.id))

    def others(self) -> list[Other]:
        """The other models that have runs, newest first."""
        counts: dict[str, int] = {}
        for info in reversed(self._shell.session.runs()):
            name = info.experiment.get("model")
            if (
                info.steps
                and not info.made.get("sweep")
                and name != self._document.model
                and isinstance(name, str)
                and not self._document.mark(info.id).deleted
            ):
                counts[name] = counts.get(name, 0) + 1
        titles = {e.name: e.title for e in catalog.entries()}
        return [Other(name, titles[name], count) for name, count in counts.items() if name in titles]

    def _row(self, info: RunInfo, present: int | None) -> RunRow:
        mark, status = self._document.mark(info.id), self._shell.player.status
        summary = status.summary if status is not None and info.id == present else info.summary
        first = dict(list(summary.items())[:1])
        brief = next((value for _, value in figure_rows(first)), "")
        bare = next((number(value) for value in first.values()), "")
        name = self.title(info.id)
        hint = f"{name}\n{figures(summary)}\n{info.created[:16].replace('T', ' ')}"
        if "brief" in info.made:
            hint += f"\n{IN_BRIEF}"
        other = mark.overlaid and not self._fits(info)
        return RunRow(
            info.id, name, figures(first), brief, "series0" if info.id == present else info.colour or "series1", info.state,
            info.id == present, mark.overlaid and not other, mark.pinned, mark.starred,
            f"{hint}\nNot drawn now: it had other data." if other else hint, bare,
        )  # fmt: skip

    # -- what lies behind the run in front --

    def overlaid(self) -> list[tuple[int, str]]:
        """Number and name of the runs to be drawn behind the present one."""
        return [(i.id, self.title(i.id)) for i in self._shell.session.runs() if self._behind(i)]

    def _behind(self, info: RunInfo) -> bool:
        mark = self._document.mark(info.id)
        return mark.overlaid and not mark.deleted and info.experiment.get("model") == self._document.model and self._fits(info)

    def _fits(self, info: RunInfo) -> bool:
        """Whether a run had the data that the present one has: a curve over other data says nothing about these."""
        try:
            specs = catalog.load(self._document.model).specs()
        except LabError:
            return False
        return same_data(self.told(info).at_end(), self._document.experiment().parameters, specs)
