"""What came of a sweep: a run of a session that holds the plan and one row for each point done, in the order in which they were done.

Rows are JSON snapshots of a stream called `points`, so they are signed, committed several times a second and survive a kill like
everything else of a session. Read back they stand in the order of the plan.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lab.analysis.sweeps.plan import Plan, Point
from lab.errors import FileError, LabError, ModelError
from lab.session import RunInfo, Session, SessionReader

POINTS = "points"
PART = 20_000  # answers that are read at once
STATES = ("finished", "diverged", "failed")


@dataclass(frozen=True, slots=True)
class Row:
    """A point and what came of it: `finished` with a summary, or `diverged` or `failed` with a sentence."""

    point: Point
    state: str
    summary: dict[str, Any]
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Table:
    """A plan and the rows that are there, in the order of the plan."""

    plan: Plan
    rows: tuple[Row, ...]

    @property
    def names(self) -> list[str]:
        """The figures of the summaries, as they first appear."""
        return list(dict.fromkeys(name for row in self.rows for name in row.summary))

    def column(self, name: str) -> list[Any]:
        """A figure, a varied parameter, `seed` or `state` of every row; None where a row has none. Units may be left out."""
        varied = [a.name for a in self.plan.axes]
        if name in varied:
            return [row.point.values[name] for row in self.rows]
        if name in ("seed", "state", "seconds", "error"):
            return [row.point.seed if name == "seed" else getattr(row, name) for row in self.rows]
        found = [n for n in self.names if n == name] or [n for n in self.names if n.partition(" (")[0] == name]
        if not found:
            raise ModelError(f"The sweep has no figure '{name}'; it has {', '.join([*varied, 'seed', 'state', *self.names])[:400]}.")
        return [row.summary.get(found[0]) for row in self.rows]

    def mean(self, name: str) -> list[tuple[dict[str, Any], float, float, int]]:
        """(values, mean, standard deviation, count) of a figure over the seeds of each place, in the order of the plan."""
        places: dict[int, tuple[dict[str, Any], list[float]]] = {}
        for row, value in zip(self.rows, self.column(name), strict=True):
            _, numbers = places.setdefault(row.point.number // len(self.plan.seeds), (dict(row.point.values), []))
            if isinstance(value, (int, float)) and math.isfinite(value):
                numbers.append(float(value))
        out = []
        for values, numbers in places.values():
            middle = math.fsum(numbers) / len(numbers) if numbers else math.nan
            spread = math.sqrt(math.fsum((n - middle) ** 2 for n in numbers) / (len(numbers) - 1)) if len(numbers) > 1 else math.nan
            out.append((values, middle, spread, len(numbers)))
        return out

    def heading(self) -> list[str]:
        """Columns of the table as a file: number, varied parameters with units, seed, state, figures, error."""
        specs = type(self.plan.experiment.build()).specs()
        varied = [f"{a.name} ({specs[a.name].unit})" if specs[a.name].unit else a.name for a in self.plan.axes]
        return ["point", *varied, "seed", "state", *self.names, "error"]

    def lines(self) -> Iterator[list[Any]]:
        """The rows under the heading."""
        names = self.names
        for row in self.rows:
            yield [
                row.point.number,
                *(row.point.values[a.name] for a in self.plan.axes),
                row.point.seed,
                row.state,
                *(row.summary.get(n, "") for n in names),
                row.error,
            ]

    def write_csv(self, file: TextIO) -> None:
        """Write comma-separated values; numbers keep all their digits."""
        out = csv.writer(file, lineterminator="\n")
        out.writerow(self.heading())
        for line in self.lines():
            out.writerow([json.dumps(v) if isinstance(v, (list, tuple, dict)) else v for v in line])

    def write(self, path: str | Path) -> Path:
        """Write a file by its ending: .csv, or .parquet with the extra `parquet`."""
        path = Path(path)
        if path.suffix == ".csv":
            try:
                with open(path, "x", newline="", encoding="utf-8") as file:
                    self.write_csv(file)
            except FileExistsError:
                raise FileError(f"{path} is there already: choose another name.") from None
            except OSError as problem:
                raise FileError(f"{path} cannot be written ({problem.strerror}).") from None
            return path
        if path.suffix != ".parquet":
            raise FileError(f"{path}: a table of a sweep is written as .csv or .parquet.")
        if path.exists():
            raise FileError(f"{path} is there already: choose another name.")
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as problem:
            raise LabError(
                f"Parquet needs pyarrow ({problem}): install the extra with pip install 'neural-lab[parquet]', or write .csv."
            ) from None
        columns = list(zip(*self.lines(), strict=True)) or [() for _ in self.heading()]
        parquet.write_table(pyarrow.table({n: _one_kind(c) for n, c in zip(self.heading(), columns, strict=True)}), str(path))
        return path


def _one_kind(column: Sequence[Any]) -> list[Any]:
    """Values of one kind: numbers where all are, else text; empty ones are missing."""
    held = [None if v == "" else v for v in column]
    if all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in held):
        whole = all(v is None or isinstance(v, int) for v in held)
        return held if whole else [None if v is None else float(v) for v in held]
    return [None if v is None else v if isinstance(v, str) else json.dumps(v) for v in held]


class Store:
    """The run of a session to which the rows of a sweep go."""

    def __init__(self, session: Session, plan: Plan, run: int | None = None):
        self.session, self.plan = session, plan
        self._at = 0
        if run is None:
            from lab.engine import provenance

            name = f"Sweep: {' × '.join(a.name for a in plan.axes) or 'seeds'}"
            self.run = session.add_run(name[:200], plan.experiment.to_dict(), made={**provenance.here(), "sweep": len(plan)})
            session.add_stream(self.run, POINTS, form="snapshots", dtype="json", every=1, meta={"sweep": plan.to_dict()})
        else:
            self.run = run
            with session.reader() as reader:
                self._at = 1 + max(reader.snapshot_steps(run, POINTS), default=-1)
            session.update_run(run, state="running", reason="")

    def put(self, answer: dict[str, Any]) -> None:
        """Keep what came of a point; it is on disk within a second."""
        self.session.append_snapshot(self.run, POINTS, self._at, answer)
        self._at += 1

    def finish(self, reason: str = "") -> None:
        """All points are there, or `reason` says why not."""
        self.session.update_run(self.run, state="stopped" if reason else "finished", reason=reason, summary={"points": self._at})


def find(reader: SessionReader, run: int | None = None) -> RunInfo:
    """The run (default: the newest) of a session that holds a sweep; raises FileError where there is none."""
    known = {s.run for s in reader.all_streams() if s.name == POINTS and "sweep" in s.meta}
    found = [info for info in reader.runs() if info.id in known and (run is None or info.id == run)]
    if not found:
        raise FileError(f"'{reader.path.name}' holds no sweep{'' if run is None else f' with number {run}'}: make one with lab sweep.")
    return found[-1]


def _answers(reader: SessionReader, run: int, rows: int) -> Iterator[Any]:
    """What was answered, in parts: of a million points the answers are never all in memory beside the rows."""
    last, count = max(reader.snapshot_steps(run, POINTS), default=-1), 0
    for first in range(0, last + 1, PART):
        for _, value in reader.snapshots(run, POINTS, first, first + PART):
            count += 1
            yield value
    if count < rows:
        reader.snapshots(run, POINTS)  # a stream that is read whole says what it lacks


def read(reader: SessionReader, run: int | None = None) -> Table:
    """The table of a sweep of a session; what cannot be read is named."""
    info = find(reader, run)
    where = f"the sweep of run {info.id} in '{reader.path.name}'"
    stream = next(s for s in reader.streams(info.id) if s.name == POINTS)
    plan = Plan.from_dict(stream.meta["sweep"], where)
    found: dict[int, tuple[str, dict[str, Any], str, float]] = {}
    kept: dict[str, str] = {}  # names and sentences once, and not again for each point
    for value in _answers(reader, info.id, stream.rows) if stream.rows else ():
        if (
            not isinstance(value, dict)
            or type(number := value.get("number")) is not int
            or value.get("state") not in STATES
            or not isinstance(value.get("summary"), dict)
        ):
            raise FileError(f"{where} has a row that is none of a sweep: restore the file from a copy.")
        state, error, seconds = value["state"], str(value.get("error", "")), value.get("seconds")
        summary = {kept.setdefault(k, k): v for k, v in value["summary"].items()}
        found[number] = (
            kept.setdefault(state, state), summary, kept.setdefault(error, error), float(seconds) if isinstance(seconds, (int, float)) else 0.0,
        )  # fmt: skip
    rows = [Row(point, *a) for point in plan.points() if (a := found.get(point.number)) is not None]
    return Table(plan, tuple(rows))
