"""Every mistake a person can make ends in one of these, as one clear sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class LabError(Exception):
    """Base of all errors meant for a person: its text is one sentence with owner, value, limit and remedy.

    The command line prints the sentence without a traceback (exit code 2 for wrong use, 1 for a failed run);
    the window shows it where the person is looking.
    """

    @property
    def said(self) -> str:
        """The sentence as a form says it, where names are labels."""
        return str(self)


class ParameterError(LabError):
    """A parameter has a name that does not exist or a value outside its bounds."""

    def __init__(self, sentence: str, *, owner: str = "", names: tuple[str, ...] = (), said: str = ""):
        super().__init__(sentence)
        self.owner = owner
        self.names = names  # the form marks the rows with these names
        self._said = said

    @property
    def said(self) -> str:
        return self._said or str(self)


class ModelError(LabError):
    """A model, stream or action was asked for that does not exist, or a model breaks its contract."""


class OwnModelError(ModelError):
    """Something names a Python file as its model, and no person has opened that file: what a file names is never run."""

    def __init__(self, name: str, path: Path, opened: Sequence[str] = ()):
        shown = name if len(name) <= 200 else "..." + name[-197:]
        if opened:
            super().__init__(
                f"The model file {shown!r} is not the one that was named ({', '.join(opened)}): name a file that is called so, too."
            )
            self.name, self.path = name, path
            return
        super().__init__(
            f"The model file {shown!r} is a Python program, and no program is run because a file names it: "
            "if you trust it, name it yourself (--model FILE.py; in Python, lab.make(file) first)."
        )
        self.name = name
        self.path = path


class FaultError(LabError):
    """A model failed in a way that is no fault of the person's."""


class StateError(ModelError):
    """A state that is to be gone on from holds what no run of its model can hold."""


class FileError(LabError):
    """A file is missing, damaged, too large, of another kind, or cannot be written."""


class DiskError(FileError):
    """The disk does not take what is written to a session: nothing handed over is lost, and writing can be tried again."""


class DivergenceError(LabError):
    """A run produced NaN or infinity and was stopped.

    Carries model, stream, step and time so that the window can offer the remedy beside the picture.
    """

    def __init__(self, sentence: str, *, model: str = "", stream: str = "", step: int = 0, remedy: str = ""):
        super().__init__(sentence)
        self.model = model
        self.stream = stream
        self.step = step
        self.remedy = remedy


def near(name: str, known) -> str:
    """'did you mean ...?' for a misspelt name, or the list of what exists when nothing is near."""
    import difflib

    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    if not known:
        return "there are none."
    return "there are: " + ", ".join(known[:12]) + (", ..." if len(known) > 12 else "") + "."
