"""`lab hear`: the spikes of a recorded run as sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lab.commands.options import app


@app.command
def hear(
    file: str,
    *,
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="WAV file to write (default: the session's name).")] = None,
    slower: Annotated[float, Parameter(help="How many times slower than it happened.")] = 1.0,
    cells: Annotated[str | None, Parameter(help="Cells, such as 0,3-5 (default: all).")] = None,
    from_: Annotated[str | None, Parameter(name="--from", help="Leave out what comes before, such as 200ms.")] = None,
    to: Annotated[str | None, Parameter(help="Leave out what comes after.")] = None,
    stream: Annotated[str, Parameter(help="Which raster (default: spikes).")] = "",
    run_id: Annotated[int | None, Parameter(name="--run", help="Which run (default: the newest).")] = None,
) -> None:
    """Write the spikes of a run as clicks into a WAV file, the cells from left to right."""
    from lab import api
    from lab.analysis.of_run import RunAnalysis
    from lab.commands.analyse import cell_numbers, stretch_of

    run = api.load(file, run_id)
    found = RunAnalysis(run, stream, None if cells is None else cell_numbers(cells, "--cells"), stretch_of(run, from_, to))
    path = Path(output) if output else Path(file).with_suffix(".wav").name
    seconds = found.save_sound(path, slower)
    print(f"{path}: {len(found.trains.time)} spikes in {seconds:.3g} s of sound")
