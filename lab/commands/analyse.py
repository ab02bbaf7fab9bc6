"""`lab analyse`: what the spikes of a recorded run say."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lab.commands.options import app, say
from lab.errors import FileError, ModelError

if TYPE_CHECKING:
    from lab.analysis.trains import Curve
    from lab.api import Run

Flag = Parameter(negative="")


@app.command
def analyse(
    file: str,
    *,
    run_id: Annotated[int | None, Parameter(name="--run", help="Which run (default: the newest).")] = None,
    stream: Annotated[str, Parameter(help="Which raster (default: spikes).")] = "",
    cells: Annotated[str | None, Parameter(help="Cells, such as 0,3-5 (default: all).")] = None,
    from_: Annotated[str | None, Parameter(name="--from", help="Leave out what comes before, such as 200ms.")] = None,
    to: Annotated[str | None, Parameter(help="Leave out what comes after.")] = None,
    isi: Annotated[bool, Flag, Parameter(help="Interspike intervals.")] = False,
    rate: Annotated[str | None, Parameter(help="Rate in bins of this length.")] = None,
    smooth: Annotated[str | None, Parameter(help="Rate smoothed by a Gaussian of this standard deviation.")] = None,
    cv: Annotated[bool, Flag, Parameter(help="Regularity of each cell: CV and CV2.")] = False,
    fano: Annotated[bool, Flag, Parameter(help="Fano factor against window length.")] = False,
    psth: Annotated[
        str | None, Parameter(help="Rate after events that come each so often, or `stimulus`: after each onset of the run's own.")
    ] = None,
    correlogram: Annotated[str | None, Parameter(help="Correlogram up to this lag.")] = None,
    with_: Annotated[str | None, Parameter(name="--with", help="Cells to correlate with (default: each cell with itself).")] = None,
    spectrum: Annotated[bool, Flag, Parameter(help="Power spectrum, mean over cells.")] = False,
    population: Annotated[bool, Flag, Parameter(help="Power spectrum of all cells together.")] = False,
    sta: Annotated[str | None, Parameter(help="Spike-triggered average of this trace, or channel, as V or V[2].")] = None,
    around: Annotated[str | None, Parameter(help="Time before and after a spike for --sta (default: 50 ms).")] = None,
    bin_: Annotated[str | None, Parameter(name="--bin", help="Width of bins where the option itself does not say.")] = None,
    json_: Annotated[bool, Parameter(name="--json", negative="", help="Print everything as JSON.")] = False,
    csv_: Annotated[
        bool, Parameter(name="--csv", negative="", help="Print the columns as CSV; several analyses follow each other.")
    ] = False,
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Write into this file instead (.csv or .json).")] = None,
) -> None:
    """Analyse the spikes of a run in a session file; without an analysis, print the most important figures.

    Lengths may carry a unit (5ms, 0.1s); without one they are in the unit of the run's clock.
    """
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

    run = api.load(file, run_id)
    clock = run.model.clock

    def length(text: str | None, option: str) -> float | None:
        return None if text is None else _length(text, option, clock.unit)

    found = RunAnalysis(run, stream, None if cells is None else cell_numbers(cells, "--cells"), stretch_of(run, from_, to))
    width = length(bin_, "--bin")
    curves: list[Curve] = []
    if rate is not None:
        curves.append(found.rate(length(rate, "--rate")))
    if smooth is not None:
        curves.append(found.smooth_rate(length(smooth, "--smooth")))
    if isi:
        curves.append(found.isi(width))
    if cv:
        curves.append(found.cv())
    if fano:
        curves.append(found.fano())
    if psth is not None:
        curves.append(found.psth(None if psth == "stimulus" else _length(psth, "--psth", clock.unit), width=width))
    if correlogram is not None:
        curves.append(
            found.correlogram(length(correlogram, "--correlogram"), width, None if with_ is None else cell_numbers(with_, "--with"))
        )
    elif with_ is not None:
        raise ModelError("--with needs --correlogram LAG.")
    if spectrum:
        curves.append(found.spectrum(width))
    if population:
        curves.append(found.spectrum(width, of="population"))
    if sta is not None:
        name, channel = _trace(sta)
        default = 50.0 * found.trains.second / 1000
        side = length(around, "--around")
        side = default if side is None else side
        curves.append(found.sta(name, side, side, channel))

    if kind == "json":
        text = json.dumps(_plain(found.figures, curves), ensure_ascii=False) + "\n"
    elif kind == "csv":
        text = _table(found.figures, curves)
    else:
        text = _words(found.figures, curves)
    if output is None:
        print(text, end="")
        return
    try:
        Path(output).write_text(text, "utf-8", newline="")
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}.") from None
    say(f"wrote {output}")


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


def _trace(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*?)(?:\[(\d+)\])?", text)
    assert match
    return match.group(1), int(match.group(2) or 0)


def _plain(figures: dict[str, float], curves: list[Curve]) -> dict[str, Any]:
    """All results as JSON can hold them: NaN and infinity become null."""

    def number(value: Any) -> Any:
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    out: dict[str, Any] = {"figures": {k: number(v) for k, v in figures.items()}}
    for curve in curves:
        columns = {name: [number(v) for v in column.tolist()] for name, column in curve.columns.items()}
        out[curve.name] = {"title": curve.title, "figures": {k: number(v) for k, v in curve.figures.items()}, "columns": columns}
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
