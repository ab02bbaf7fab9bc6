"""The document: one frozen value that holds all a person decides, and the undo of every change of it.

    Document --replace--> Document          a change is: before, after, a name
                 |
       QUndoStack of `Replace(before, after, text)`; undo and redo put the other value back,
       and whoever listens to `changed(before, after)` does what is different.

What a run produces is not part of it: that lies in the session and is never undone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from lab import catalog
from lab.engine.experiment import Experiment
from lab.errors import LabError, OwnModelError
from lab.params import frozen

MERGE_SECONDS = 1.5  # pauses longer than this end a drag or a stretch of typing
UNDO_LIMIT = 500


@dataclass(frozen=True)
class RunMark:
    """What a person decided about one run of the session; None: as it was recorded."""

    name: str | None = None
    pinned: bool = False
    overlaid: bool = False
    deleted: bool = False


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
                str(k): {"name": m.name, "pinned": m.pinned, "overlaid": m.overlaid, "deleted": m.deleted} for k, m in self.runs.items()
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
                flags = {flag: mark.get(flag) is True for flag in ("pinned", "overlaid", "deleted")}
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


class Replace(QUndoCommand):
    """Replace one document by another; neighbours with the same key that follow each other quickly become one."""

    def __init__(self, owner: History, before: Document, after: Document, text: str, key: str):
        super().__init__(text)
        self._owner = owner
        self.before = before
        self.after = after
        self.key = key
        self.at = time.monotonic()

    def redo(self) -> None:
        """Put the new value in place."""
        self._owner._put(self.after)

    def undo(self) -> None:
        """Put the old value back."""
        self._owner._put(self.before)

    def id(self) -> int:
        """Commands of one key may merge."""
        return hash(self.key) & 0x7FFFFFFF if self.key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a later command of the same key in."""
        if not isinstance(other, Replace) or other.key != self.key or other.at - self.at > MERGE_SECONDS:
            return False
        self.after = other.after
        self.at = other.at
        self.setText(other.text())
        if self.after == self.before:
            self.setObsolete(True)
        return True


class History(QObject):
    """The present document and the way back.

    changed(before, after) is emitted after every replacement, by a command, an undo or a redo alike.
    """

    changed = Signal(object, object)

    def __init__(self, document: Document, parent: QObject | None = None):
        super().__init__(parent)
        self.document = document
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(UNDO_LIMIT)

    def replace(self, after: Document, text: str, key: str = "") -> None:
        """Make `after` the document, as a step called `text`; steps with the same `key` in quick succession are one."""
        if after == self.document:
            return
        self.stack.push(Replace(self, self.document, after, text, key))

    def seal(self) -> None:
        """The next change does not merge with the last one (a drag has ended)."""
        index = self.stack.index()
        command = self.stack.command(index - 1) if index else None
        if isinstance(command, Replace):
            command.at = -MERGE_SECONDS

    def began_with(self, key: str) -> Document | None:
        """The document before the stretch of `key` that a change now would join; None if it would be a new step."""
        index = self.stack.index()
        command = self.stack.command(index - 1) if index and not self.stack.canRedo() else None
        if isinstance(command, Replace) and command.key == key and time.monotonic() - command.at <= MERGE_SECONDS:
            return command.before
        return None

    def load(self, document: Document) -> None:
        """Start anew with a document that was opened: nothing to undo, nobody told."""
        self.stack.clear()
        self.document = document

    def _put(self, document: Document) -> None:
        before, self.document = self.document, document
        if before != document:
            self.changed.emit(before, document)
