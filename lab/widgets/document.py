"""The document: one frozen value that holds all a person decides; `lab.widgets.history` undoes every change of it.

What a run produces is not part of it: that lies in the session and is never undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from typing import Any

from lab import catalog
from lab.engine.experiment import Experiment
from lab.errors import LabError, OwnModelError
from lab.params import frozen


@dataclass(frozen=True)
class RunMark:
    """What a person decided about one run of the session; None: as it was recorded."""

    name: str | None = None
    pinned: bool = False
    overlaid: bool = False
    deleted: bool = False
    starred: bool = False


@dataclass(frozen=True)
class Document:
    """All that a person decided.

    model        the model in front, and `chosen`: the one last used in each panel
    experiments  model -> its experiment; models without one stand at their defaults
    runs         run number -> what was decided about it
    notes        Markdown
    drafts       model -> a network on the canvas that it cannot run yet (JSON text)
    bookmarks    model -> named views of its map of vectors (JSON text)
    unread       experiments with a model file that nobody has opened, as they stand in the session
    """

    model: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    runs: Mapping[int, RunMark] = field(default_factory=dict)
    notes: str = ""
    drafts: Mapping[str, str] = field(default_factory=dict)
    bookmarks: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, frozen(value))

    def replace(self, **changes: Any) -> Document:
        """A new document with these fields changed."""
        return dataclass_replace(self, **changes)

    def experiment(self, model: str | None = None) -> Experiment:
        """The experiment of a model (None: of the one in front)."""
        name = self.model if model is None else model
        return self.experiments.get(name) or Experiment(name)

    def with_experiment(self, experiment: Experiment) -> Document:
        """A document with this experiment in place of the one of its model."""
        return self.replace(experiments={**self.experiments, experiment.model: experiment})

    def with_model(self, model: str, panel: str) -> Document:
        """A document with another model in front."""
        return self.replace(model=model, chosen={**self.chosen, panel: model} if panel else dict(self.chosen))

    def mark(self, run: int) -> RunMark:
        """What was decided about a run."""
        return self.runs.get(run, RunMark())

    def with_mark(self, run: int, **changes: Any) -> Document:
        """A document with something else decided about a run."""
        return self.replace(runs={**self.runs, run: dataclass_replace(self.mark(run), **changes)})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, inverse of `from_dict`; the notes are kept beside it in the session."""
        return {
            "model": self.model,
            "chosen": dict(self.chosen),
            "experiments": [*(e.to_dict() for e in self.experiments.values()), *self.unread],
            "drafts": dict(self.drafts),
            "bookmarks": dict(self.bookmarks),
            "runs": {
                str(k): {"name": m.name, "pinned": m.pinned, "overlaid": m.overlaid, "deleted": m.deleted, "starred": m.starred}
                for k, m in self.runs.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], notes: str = "") -> tuple[Document, list[str]]:
        """Read a document out of a session that may be a stranger's; what cannot be read is left out and said."""
        problems: list[str] = []
        known = set(catalog.names())
        experiments: dict[str, Experiment] = {}
        unread: list[Mapping[str, Any]] = []
        for entry in data.get("experiments", []) if isinstance(data.get("experiments"), list) else []:
            try:
                made = Experiment.from_dict(entry, "An experiment of this session")
                experiments[made.model] = made
            except OwnModelError:  # the window asks about it
                unread.append(entry)
            except LabError as error:
                problems.append(str(error))
        chosen = data.get("chosen")
        runs: dict[int, RunMark] = {}
        marks = data.get("runs")
        for key, mark in marks.items() if isinstance(marks, Mapping) else ():
            if isinstance(key, str) and key.isdecimal() and isinstance(mark, Mapping):
                name = mark.get("name")
                flags = {flag: mark.get(flag) is True for flag in ("pinned", "overlaid", "deleted", "starred")}
                runs[int(key)] = RunMark(name if isinstance(name, str) else None, **flags)
        drafts, bookmarks = data.get("drafts"), data.get("bookmarks")
        model = data.get("model")
        if not isinstance(model, str) or (model not in known and model not in experiments):
            model = ""
        return cls(
            model,
            {p: m for p, m in chosen.items() if p in catalog.PANELS and m in known} if isinstance(chosen, Mapping) else {},
            experiments,
            runs,
            notes,
            {m: t for m, t in drafts.items() if m in known and isinstance(t, str)} if isinstance(drafts, Mapping) else {},
            {m: t for m, t in bookmarks.items() if m in known and isinstance(t, str)} if isinstance(bookmarks, Mapping) else {},
            tuple(unread),
        ), problems
