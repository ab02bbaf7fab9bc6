"""`lab info`, `lab export`, `lab picture`, `lab check`: what is in a session file."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from lab.commands.options import Json, ModelFile, RunId, app, no_qt, say, trust
from lab.errors import FileError, LabError


@app.command
def info(
    file: str,
    *,
    json_: Json = False,
    as_: Annotated[
        Literal["command", "toml", "python"] | None,
        Parameter(name="--as", help="Print one run as a command, an experiment file or a Python program that makes it again."),
    ] = None,
    run_id: RunId = None,
) -> None:
    """Say what a session file holds: runs, parameters, streams, notes."""
    from lab.session import RECOVERED, SessionReader

    if as_ is not None:
        from lab.engine.recording import as_it_went
        from lab.engine.telling import told

        with SessionReader(file) as reader:
            print(told(as_it_went(reader, reader.pick(run_id), file), as_), end="")
        return
    with SessionReader(file) as reader:
        settings = reader.settings()
        runs = reader.runs()
        streams = {r.id: reader.streams(r.id) for r in runs}
        for sentence in reader.damage:
            say(sentence)
        if reader.recovered:
            say(RECOVERED)
    if json_:
        from dataclasses import asdict

        data = {"title": settings.get("title", ""), "notes": settings.get("notes", "")}
        data["runs"] = [asdict(r) | {"streams": [asdict(s) for s in streams[r.id]]} for r in runs]  # type: ignore[assignment]
        print(json.dumps(data, indent=1, ensure_ascii=False))
        return
    print(f"{file}: {settings.get('title') or 'untitled'}, {len(runs)} run{'s' if len(runs) != 1 else ''}")
    for r in runs:
        branch = f", branched from run {r.parent} at step {r.parent_step}" if r.parent is not None else ""
        print(f"\nrun {r.id}: {r.name} ({r.experiment.get('model')}), {r.steps} steps, {r.state}{branch}, {r.created}")
        own = r.experiment.get("parameters")
        changed = ", ".join(f"{k} = {str(v)[:60]}" for k, v in (own if isinstance(own, dict) else {}).items())
        if r.made:
            print("  made on " + ", ".join(f"{k} {str(v)[:60]}" for k, v in r.made.items() if isinstance(v, str)))
        if "brief" in r.made:
            print("  kept in brief: its newest stretch, its figures and all its changes")
        print(f"  parameters: {changed or 'all at their defaults'}; seed {r.experiment.get('seed', 0)}")
        for name, value in r.summary.items():
            print(f"  {name}: {value:.6g}" if isinstance(value, float) else f"  {name}: {value}")
        for s in streams[r.id]:
            each = " of " + " x ".join("any" if n < 0 else str(n) for n in s.shape) if s.shape else ""
            unit = f" in {s.unit}" if s.unit else ""
            print(f"  stream {s.name}: {s.form}, {s.rows} rows{each}, {s.dtype}{unit}, {s.bytes / 1e6:.3g} MB")
    if settings.get("notes"):
        print(f"\n{settings['notes']}")


@app.command
def export(
    file: str,
    stream: str | None = None,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="", help="Everything recorded, into one new folder (-o names it).")] = False,
    to: Annotated[
        str,
        Parameter(
            help="csv, npz; streams of vectors also word2vec and the other formats of 'lab embed' (default: as the file ends, or csv). "
            "Of a whole run: hdf5 (a file that ends in .h5), nwb, nir (the network of spiking populations), tensorboard (a folder of event files)."
        ),
    ] = "",
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="File to write (default: csv to standard output).")] = None,
    from_: Annotated[float | None, Parameter(name="--from", help="Only from this time on, in the run's unit of time.")] = None,
    until: Annotated[float | None, Parameter(help="Only up to this time.")] = None,
    run_id: RunId = None,
) -> None:
    """Write the data of one stream as CSV (with units in the heading) or NPZ, or everything; of vectors, in the formats of vectors."""
    from lab import api
    from lab.display.export import ENDINGS, WHOLE_RUN, export_all, export_stream, format_of

    if not to and stream is None and output:
        to = ENDINGS.get(Path(output).suffix.lower(), "")
    if to in WHOLE_RUN:
        if stream is not None or from_ is not None or until is not None:
            raise LabError(f"lab export --to {to} writes a whole run: name no stream and no part of one.")
        _export_run(file, to, output, run_id)
        return
    if all_ == (stream is not None):
        raise LabError("lab export FILE needs the name of a stream (see 'lab info FILE'), or --all for everything.")
    if all_ and (from_ is not None or until is not None):
        raise LabError("lab export --all writes everything: --from and --until are for one stream.")
    if all_:
        run = api.load(file, run_id)
        folder = Path(output) if output else Path(f"{Path(file).stem}-data")
        written = export_all(run, folder, to or "csv")
        say(f"wrote {len(written)} files to {folder}")
        return
    assert stream is not None
    path = Path(output) if output else None
    if (stream == "vectors" and (to not in ("", "csv") or output)) or to not in ("", "csv", "npz"):
        from lab.commands import embed

        embed.export_vectors(file, stream, to, output, run_id)
        return
    to = format_of(path, to)
    run = api.load(file, run_id)
    if path is None and to != "csv":
        path = Path(f"{Path(file).stem}-{stream}.{to}")
    export_stream(run, stream, to, path, sys.stdout, (from_, until))
    if path is not None:
        say(f"wrote {path}")


def _export_run(file: str, to: str, output: str | None, run_id: int | None) -> None:
    """Write a run in a format of other programs that holds all of it."""
    from lab import api
    from lab.display.export import ENDINGS

    ending = next((ending for ending, format_ in ENDINGS.items() if format_ == to), f"-{to}")
    path = api.load(file, run_id).export(output or f"{Path(file).stem}{ending}", to)
    say(f"wrote {path}" + (f": 'tensorboard --logdir {path}' shows it" if to == "tensorboard" else ""))


@app.command
def picture(
    file: str,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="File to write (.png, .svg, .pdf).")],
    only: Annotated[str | None, Parameter(help="One picture of the model by name.")] = None,
    every: Annotated[bool, Parameter(name="--all", help="Every picture of the model, also those that lie in drawers.")] = False,
    theme: Literal["light", "dark"] = "light",
    purpose: Annotated[
        Literal["slide", "page"] | None,
        Parameter(name="--as", help="slide: sixteen to nine with large letters; page: as wide as printed text."),
    ] = None,
    run_id: RunId = None,
    model_file: ModelFile = None,
) -> None:
    """Draw a run of a session without a screen: its stage as in the window, every picture, or one."""
    trust(model_file)
    draw(Path(file), Path(output), only, run_id, theme, every, purpose)


def draw(
    session: Path,
    image: Path,
    only: str | None = None,
    run_id: int | None = None,
    theme: str = "light",
    every: bool = False,
    purpose: str | None = None,
) -> None:
    """Draw a run of a session into a picture, in this process: a child would load everything again, and look for it elsewhere."""
    from lab.display.plots import RecordedSource
    from lab.engine.recording import experiment_of
    from lab.session import SessionReader

    try:
        from lab.widgets.offscreen import render
    except ImportError as error:
        raise no_qt(error) from None
    with SessionReader(session) as reader:
        info = reader.pick(run_id)
        experiment = experiment_of(reader, info, f"run {info.id} of {session}")
        model = experiment.build()
        for entry in reader.log(info.id):
            if entry.kind == "change":
                model = model.replace(**entry.payload)
        constants = cache(lambda: model.build(experiment.seed))  # built only if a picture wants names for its points
        source = RecordedSource(reader, info.id, None, model, lambda stream: model.labels(constants(), stream))
        shape: dict[str, Any] = {}
        if purpose == "slide":
            shape = dict(size=(1280, 720), projector=True, scale=1.5)
        elif purpose == "page":
            shape = dict(size=(640, 420) if only else (960, 600), scale=3.0)
        render(model, source, image, theme=theme, name=only, every=every, **shape)


@app.command
def check(file: str) -> int:
    """Read a session file through and name everything that is damaged."""
    from lab.session import Session

    if not Path(file).is_file():
        raise FileError(f"There is no file {file}.")
    problems = Session.check(file)
    for problem in problems:
        print(problem)
    if not problems:
        for own in _own_models(file):
            print(f"{file} names the Python file {own} as a model: it is not run unless you name it (--model) or say so in the window.")
        print(f"{file} is sound.")
    return 1 if problems else 0


def _own_models(file: str) -> list[str]:
    """Python files that the runs and the document of a session name as models."""
    from lab.session import SessionReader
    from lab.session.codec import read_json

    with SessionReader(file) as reader:
        named = [run.experiment.get("model") for run in reader.runs(deleted=True)]
        document = read_json(reader.settings().get("document", "{}"), dict, "The document")
    experiments = document.get("experiments")
    named += [e.get("model") for e in experiments if isinstance(e, dict)] if isinstance(experiments, list) else []
    return sorted({name for name in named if isinstance(name, str) and name.endswith(".py")})
