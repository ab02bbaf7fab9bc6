"""The frozen values a session hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

RUN_STATES = ("running", "finished", "stopped", "diverged")
RECOVERED = "This session was not closed properly and has been recovered: everything recorded until then is here."
STREAM_FORMS = ("samples", "events", "snapshots")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run of a session; its dictionaries are shared, so treat them as read-only and change them with update_run."""

    id: int
    name: str
    experiment: dict[str, Any]
    created: str  # ISO 8601, UTC
    steps: int = 0  # the last step that was recorded, or what update_run(steps=...) said if that is more
    state: str = "running"
    reason: str = ""
    parent: int | None = None  # a branch names the run it was resumed from, and the step
    parent_step: int | None = None
    colour: str = ""
    pinned: bool = False
    visible: bool = True
    deleted: bool = False
    summary: dict[str, Any] = field(default_factory=dict)
    bytes: int = 0
    made: dict[str, Any] = field(default_factory=dict)  # what it was made on: processor, versions; empty where it is not known


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One recorded stream of a run: what its rows are and which steps it covers."""

    id: int
    run: int
    name: str
    form: str  # one of STREAM_FORMS
    dtype: str  # a name from codec.DTYPES, or "json" for snapshots of JSON
    shape: tuple[int, ...]  # shape of one row; -1 where a snapshot may have any length
    every: int = 1  # steps between two rows of samples
    unit: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    first: int | None = None  # first and last recorded step, None while empty
    last: int | None = None
    rows: int = 0
    bytes: int = 0


class LogEntry(NamedTuple):
    """One parameter change or action of a run, with the step at which it took effect."""

    step: int
    kind: str
    name: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WriterStatus:
    """What the writing thread is doing; anyone may look at any time."""

    queued_bytes: int = 0  # handed over and not yet committed
    written_bytes: int = 0  # committed since the session was opened
    waiting: bool = False  # the disk is slow: an append is being held back at this moment
    waited: float = 0.0  # seconds that appends have been held back so far
    error: str | None = None  # one sentence when writing failed; retry() continues with what is queued
    astray: bool = False  # the file was moved or deleted since it was opened
