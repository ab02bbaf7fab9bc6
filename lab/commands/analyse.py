"""`lab analyse`: what the spikes of a recorded run say."""

from __future__ import annotations

import csv
import inspect
import io
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from cyclopts import Parameter

from lab.commands.options import app, say
from lab.errors import FileError, ModelError

if TYPE_CHECKING:
    from lab.analysis.registry import Option
    from lab.analysis.trains import Curve
    from lab.api import Run

COMMON: dict[str, Any] = {
    "run_id": Annotated[int | None, Parameter(name="--run", help="Which run (default: the newest).")],
    "stream": Annotated[str, Parameter(help="Which raster (default: spikes).")],
    "cells": Annotated[str | None, Parameter(help="Cells, such as 0,3-5 (default: all).")],
    "from_": Annotated[str | None, Parameter(name="--from", help="Leave out what comes before, such as 200ms.")],
    "to": Annotated[str | None, Parameter(help="Leave out what comes after.")],
}
WRITTEN: dict[str, Any] = {
    "json_": Annotated[bool, Parameter(name="--json", negative="", help="Print everything as JSON.")],
    "csv_": Annotated[bool, Parameter(name="--csv", negative="", help="Print the columns as CSV; several analyses follow each other.")],
    "output": Annotated[str | None, Parameter(name=["--output", "-o"], help="Write into this file instead (.csv or .json).")],
}


class Analyse:
    """Analyse the spikes of a run in a session file; without an analysis, print the most important figures.

    Lengths may carry a unit (5ms, 0.1s); without one they are in the unit of the run's clock.
    """

    __name__ = "analyse"
    used = False  # the application looks at the options when the command is added, too, and then NumPy should not be loaded

    @property
    def __signature__(self) -> inspect.Signature:  # what was registered until the command is used is in it
        given = [inspect.Parameter("file", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str)]
        for name, annotation in self._hints().items():
            default = {"stream": "", "json_": False, "csv_": False}.get(name, False if get_args(annotation)[0] is bool else None)
            given.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default))
        return inspect.Signature(given)

    @property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override]
        return {"file": str, **self._hints()}

    def _hints(self) -> dict[str, Any]:
        """The options, those of the analyses between what all have."""
        if not self.used:
            return COMMON | WRITTEN
        from lab.analysis.registry import options

        own = {}
        for name, option in options().items():
            kind = bool if option.kind == "flag" else str | None
            own[name] = Annotated[kind, Parameter(name=name, negative="", help=option.help)]
        return COMMON | {name.removeprefix("--").replace("-", "_") + "_": hint for name, hint in own.items()} | WRITTEN

    def __call__(
        self, file: str, *, run_id: int | None = None, stream: str = "", cells: str | None = None, from_: str | None = None,
        to: str | None = None, json_: bool = False, csv_: bool = False, output: str | None = None, **asked: str | bool | None,
    ) -> None:  # fmt: skip
        """Do it."""
        if json_ and csv_:
            raise ModelError("--json and --csv: choose one.")
        kind = "json" if json_ else "csv" if csv_ else ""
        if output is not None:
            ending = Path(output).suffix.removeprefix(".").lower()
            if ending not in ("csv", "json") or kind not in ("", ending):
                raise ModelError(f"-o {output}: analyses are written as .csv (--csv) or .json (--json).")
            kind = ending

        from lab import api
        from lab.analysis.of_run import RunAnalysis
        from lab.analysis.registry import analyses, options

        run = api.load(file, run_id)
        found = RunAnalysis(run, stream, None if cells is None else cell_numbers(cells, "--cells"), stretch_of(run, from_, to))
        given: dict[str, Any] = {}
        for name, option in options().items():
            text = asked.get(name.removeprefix("--").replace("-", "_") + "_")
            if text is not None and text is not False:
                given[name] = _value(str(text), option, run.model.clock.unit)
        wanted = [a for a in analyses().values() if a.option is not None and a.option.name in given]
        used = {o.name for a in wanted for o in (a.option, *a.more) if o is not None}
        for name in given.keys() - used:
            users = [
                f"{a.option.name} {a.option.value}".strip()
                for a in analyses().values()
                if a.option is not None and options()[name] in a.more
            ]
            raise ModelError(f"{name} needs {' or '.join(users)}.")
        curves = {a.name: a.of_options(found, given) for a in wanted}

        if kind == "json":
            text = json.dumps(_plain(found.figures, curves), ensure_ascii=False) + "\n"
        elif kind == "csv":
            text = _table(found.figures, list(curves.values()))
        else:
            text = _words(found.figures, list(curves.values()))
        if output is None:
            print(text, end="")
            return
        try:
            Path(output).write_text(text, "utf-8", newline="")
        except OSError as error:
            raise FileError(f"{output} cannot be written: {error.strerror}.") from None
        say(f"wrote {output}")


analyse = Analyse()
app.command(analyse, name="analyse")
analyse.used = True


def _value(text: str, option: Option, unit: str) -> Any:
    """What was written after an option, as its analysis takes it."""
    if option.kind == "length":
        return _length(text, option.name, unit)
    if option.kind == "events":
        return None if text == "stimulus" else _length(text, option.name, unit)
    if option.kind == "cells":
        return cell_numbers(text, option.name)
    return True if option.kind == "flag" else text


def stretch_of(run: Run, from_: str | None, to: str | None) -> tuple[float, float] | None:
    """The stretch of time that --from and --to choose, in the clock's unit; None for all of it."""
    if from_ is None and to is None:
        return None
    clock = run.model.clock
    low = 0.0 if from_ is None else _length(from_, "--from", clock.unit)
    return low, run.steps * clock.dt if to is None else _length(to, "--to", clock.unit)


def _length(text: str, option: str, unit: str) -> float:
    """A length such as `5ms` in the clock's unit."""
    from lab.analysis.trains import SECONDS

    match = re.fullmatch(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^\d\s]*)\s*", text)
    try:
        amount = float(match.group(1)) if match else math.nan
    except ValueError:
        amount = math.nan
    given = match.group(2) if match else ""
    if not math.isfinite(amount):
        raise ModelError(f"{option} {text}: write a length such as 5{unit}.")
    if given in ("", unit):
        return amount
    if given in SECONDS and unit in SECONDS:
        return amount / SECONDS[given] * SECONDS[unit]
    raise ModelError(f"{option} {text}: the run counts in {unit}; write for example 5{unit}.")


def cell_numbers(text: str, option: str) -> list[int]:
    """Cell numbers from `0,3-5`."""
    out: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not match or len(match.group()) > 20:
            raise ModelError(f"{option} {text}: write cells such as 0,3-5.")
        low = int(match.group(1))
        high = low if match.group(2) is None else int(match.group(2))
        if not low <= high < low + 10_000_000:
            raise ModelError(f"{option} {text}: {part.strip()} is no range of cells.")
        out += range(low, high + 1)
    return out


def _plain(figures: dict[str, float], curves: dict[str, Curve]) -> dict[str, Any]:
    """All results as JSON can hold them: NaN and infinity become null."""

    def number(value: Any) -> Any:
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    out: dict[str, Any] = {"figures": {k: number(v) for k, v in figures.items()}}
    for key, curve in curves.items():
        columns = {name: [number(v) for v in column.tolist()] for name, column in curve.columns.items()}
        out[key] = {"title": curve.title, "figures": {k: number(v) for k, v in curve.figures.items()}, "columns": columns}
    return out


def _table(figures: dict[str, float], curves: list[Curve]) -> str:
    """The columns of every curve; without curves, one row of figures."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if not curves:
        writer.writerow(figures)
        writer.writerow(figures.values())
    for k, curve in enumerate(curves):
        if k:
            out.write("\n")
        writer.writerow(curve.columns)
        writer.writerows(zip(*(column.tolist() for column in curve.columns.values()), strict=True))
    return out.getvalue()


def _words(figures: dict[str, float], curves: list[Curve]) -> str:
    """The figures as lines."""
    parts = [("", figures)] if not curves else [(c.title, c.figures) for c in curves]
    lines = []
    for title, own in parts:
        lines += [title] if title else []
        lines += [f"  {k}: {v:.6g}" if isinstance(v, float) else f"  {k}: {v}" for k, v in own.items()] or ["  no spikes"]
    return "\n".join(lines) + "\n"
