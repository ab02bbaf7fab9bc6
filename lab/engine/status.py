"""What a runner is told, and what it says: commands and the status, frozen values that pass between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.engine.simulation import Checkpoint
from lab.model import Advice, Happened, Model, Remedy

Phase = Literal["preparing", "paused", "running", "finished", "diverged", "failed", "stopped"]


@dataclass(frozen=True)
class Play:
    """Go on (from the place looked at, if that is in the past)."""


@dataclass(frozen=True)
class Pause:
    """Hold after the present block."""


@dataclass(frozen=True)
class RunFor:
    """Advance this many steps, then pause; 0 only makes the time looked at the present of a branch."""

    steps: int = 1


@dataclass(frozen=True)
class Speed:
    """Clock units per second of wall time; None: as fast as it goes."""

    pace: float | None


@dataclass(frozen=True)
class Change:
    """Change live parameters."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """Do an action."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seek:
    """Look at this step of the recording."""

    step: int


@dataclass(frozen=True)
class Watch:
    """Streams that somebody looks at."""

    streams: frozenset[str]


@dataclass(frozen=True)
class Stop:
    """End the run and the worker."""


@dataclass(frozen=True)
class Ask:
    """Say what a per-block stream would show after an action, which is not done: the run stays as it is. Of several the last is answered."""

    stream: str
    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Command = Play | Pause | RunFor | Speed | Change | Act | Seek | Watch | Ask | Stop


@dataclass(frozen=True)
class Answer:
    """What the stream of a question would show; None where that cannot be said (the past is looked at, or the action is refused)."""

    question: Ask
    shown: Any


@dataclass(frozen=True)
class Refusal:
    """Parameters whose new values were refused, with the sentence that says why; the run kept the values before. `number` counts them."""

    number: int
    names: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Status:
    """What is known of the run now; replaced as a whole, so a reader never sees half of a change.

    constants   what the model was built with, for its labels; log: what was done to the run; first: the model as it began
    looked      the step at which `summary` was worked out, and when (`time.perf_counter`)
    past        the step that was looked back at last, and what per-block streams showed there
    """

    phase: Phase
    model: Model
    constants: Any = field(default=None, compare=False, repr=False)
    first: Model | None = field(default=None, compare=False, repr=False)
    log: tuple[Happened, ...] = field(default=(), compare=False, repr=False)
    past: tuple[int, Mapping[str, Any]] = field(default=(-1, {}), compare=False, repr=False)
    step: int = 0
    place: int | None = None  # step looked at while it lies in the past
    pace: float | None = None
    achieved: float = 0.0  # clock units per second of wall time
    run_id: int | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    looked: tuple[int, float] = field(default=(0, 0.0), compare=False, repr=False)
    error: str = ""
    remedy: str = ""
    remedies: tuple[Remedy, ...] = ()  # buttons that lead out of a divergence
    advice: Advice | None = None
    reason: str = ""
    watching: float = 0.0  # share of the run's time spent on what is looked at
    waiting_for_disk: bool = False
    refused: Refusal | None = None  # the last change that was refused
    answer: Answer | None = field(default=None, compare=False, repr=False)  # to the last question
    prepared_in: float = 0.0
    doing: str = ""  # what is done while it is prepared, where that takes long: "Reading texts: 40 %"
    acted: tuple[str, Mapping[str, Any]] | None = None  # the last action that changed parameters, and what it made of them
    last: Checkpoint | None = None  # of a run that has ended: all that is needed to go on from there

    @property
    def changes(self) -> int:
        """Changes and actions done so far."""
        return len(self.log)

    @property
    def prepared(self) -> bool:
        """Whether the model has been built, so that its constants can be asked."""
        return self.prepared_in > 0.0

    @property
    def time(self) -> float:
        """Model time in the clock's unit."""
        return self.step * self.model.clock.dt
