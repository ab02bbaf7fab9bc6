"""What a model says of its run when it goes wrong or is over: what it found, and ways out that a person takes by a button."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Remedy:
    """A way out that a person takes by a button: a step to branch from, parameters to change, then an action to do.

    back_to  step of this run that becomes the present of a new one, with the changes; None: the run itself goes on
    """

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    back_to: int | None = None


@dataclass(frozen=True)
class Advice:
    """What a model finds wrong with its run, said once per run in the window with its remedies as buttons.

    finding names it, so that the same one is not offered again when its figures have moved on.
    """

    finding: str
    sentence: str
    remedies: tuple[Remedy, ...] = ()

    @property
    def beside_buttons(self) -> str:
        """The sentence without what to try, where the remedies stand beside it as buttons."""
        said, tried, _ = self.sentence.partition("; try ")
        return f"{said}." if tried and self.remedies else self.sentence
