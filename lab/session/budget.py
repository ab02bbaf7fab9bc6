"""Which runs are kept in brief: those that nobody asked to keep, oldest first, until they fit into a budget together."""

from __future__ import annotations

from collections.abc import Collection

from lab.session.document import Session
from lab.session.values import RunInfo

BUDGET = 6_000_000  # bytes of all runs that nobody asked to keep
LEVELS = ((96_000, 256_000), (64_000, 64_000), (16_000, 16_000))  # tried in turn: bytes of a run's streams, and of its last checkpoint


def keep_in_brief(session: Session, asked: Collection[int], budget: int = BUDGET) -> list[int]:
    """Shorten the runs that are not `asked` for until they fit into the budget, oldest first; the numbers of those it shortened.

    Only runs that were begun since the session was opened, that have ended, and that neither are a branch nor have one.
    """
    shortened: list[int] = []
    for level, (streams, state) in enumerate(LEVELS):
        runs = _browsed(session, asked)
        left = sum(run.bytes for run in runs) - budget
        for run in runs:
            if left <= 0:
                return shortened
            if run.made.get("brief") == [level, run.bytes] or _beyond(run, level):
                continue
            left -= run.bytes - session.shorten_run(run.id, level, streams, state)
            if run.id not in shortened:
                shortened.append(run.id)
    return shortened


def _beyond(run: RunInfo, level: int) -> bool:
    """Whether a run was shortened further than to this level already, and has not grown since."""
    done = run.made.get("brief")
    return isinstance(done, list) and len(done) == 2 and type(done[0]) is int and done[0] > level and done[1] == run.bytes


def _browsed(session: Session, asked: Collection[int]) -> list[RunInfo]:
    runs = session.runs(deleted=True)
    parents = {run.parent for run in runs}
    return [
        run for run in runs
        if run.id >= session.first_new_run and run.id not in asked and run.id not in parents
        and run.parent is None and run.state != "running" and not run.pinned and not run.deleted
    ]  # fmt: skip
