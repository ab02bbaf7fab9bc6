"""`lab run` and `lab resume`: models without a window."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lab import catalog
from lab.commands.driving import drive, signals, stopped
from lab.commands.options import ModelFile, RunId, app, say, trust
from lab.errors import FileError, ModelError, near
from lab.units import number, typeset

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment
    from lab.engine.simulation import Simulation
    from lab.model import Model

TIME_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}

Assignments = Annotated[tuple[str, ...], Parameter(name="--set", help="parameter=value, repeatable.", negative="")]
Records = Annotated[tuple[str, ...], Parameter(help="stream=interval in steps (0: do not record), repeatable.", negative="")]


@app.command
def run(
    what: Annotated[str, Parameter(help="Model name, experiment.toml, session.lab (replays its newest run) or a model's .py file.")],
    *,
    set_: Assignments = (),
    for_: Annotated[str | None, Parameter(name="--for", help="How long: 500ms, 2s, 3 epochs, 1000 steps.")] = None,
    seed: Annotated[int | None, Parameter(help="Seed of everything random.")] = None,
    preset: Annotated[str | None, Parameter(help="Start from a preset of the model (see 'lab show').")] = None,
    record: Records = (),
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Session file to write.")] = None,
    picture: Annotated[str | None, Parameter(help="Picture to write (.png, .svg, .pdf).")] = None,
    run_id: Annotated[int | None, Parameter(name="--run", help="Which run of a session to replay, or whose network to take over.")] = None,
    take_over: Annotated[
        str | None, Parameter(name="--take-over", help="Session whose trained network goes on in this model (its newest run, or --run).")
    ] = None,
    model_file: ModelFile = None,
    json_: Annotated[bool, Parameter(name="--json", negative="", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, Parameter(negative="", help="No progress.")] = False,
) -> int:
    """Run a model, an experiment file or the log of a session, and print the summary.

    Without -o and --picture it writes both a session file and a picture named after the model into this folder.
    """
    trust(model_file)
    experiment = given_experiment(what, run_id if take_over is None else None)
    kind = catalog.load(experiment.model)
    if preset is not None:
        if preset not in kind.presets:
            raise ModelError(f"{experiment.model} has no preset '{preset}': {near(preset, kind.presets)}")
        experiment = experiment.with_parameters(**kind.presets[preset])
    if take_over is not None:
        experiment = _taken_over(kind, experiment, take_over, run_id, Path(output).parent if output else Path())
    if set_:
        experiment = experiment.with_parameters(**implied(kind, dict(assignment(kind, text) for text in set_)))
    if seed is not None:
        if not 0 <= seed < 1 << 63:
            raise ModelError(f"--seed must be a whole number from 0 to 9223372036854775807 (got {seed}).")
        experiment = experiment.replace(seed=seed)
    model = experiment.build()
    if for_ is not None:
        experiment = experiment.replace(steps=steps_of(model, for_))
    elif experiment.steps is None:
        experiment = experiment.replace(steps=model.default_steps)
    if record:
        experiment = experiment.replace(record=_record(model, experiment, record))
    stem = re.sub(r"[^\w.-]+", "-", Path(what).stem if what.endswith((".lab", ".toml", ".py")) else experiment.model)
    if what.endswith(".lab"):
        stem += "-replay"
    bare = output is None and picture is None
    path = Path(output) if output else free_name(stem, ".lab") if bare else None
    image = Path(picture) if picture else free_name(stem, ".png") if bare else None
    if image is not None and image.suffix not in (".png", ".svg", ".pdf"):
        raise FileError(f"--picture {image}: the file name must end in .png, .svg or .pdf.")
    if path is not None and path.suffix != ".lab":
        raise FileError(f"-o {path}: a session file's name ends in .lab.")
    temporary = None
    if path is None:
        import tempfile

        temporary = tempfile.TemporaryDirectory()
        path = Path(temporary.name) / "run.lab"
    try:
        return _run(experiment, model, path, image, keep=temporary is None, as_json=json_, quiet=quiet)
    finally:
        if temporary:
            temporary.cleanup()


def _run(experiment: Experiment, model: Model, path: Path, image: Path | None, *, keep: bool, as_json: bool, quiet: bool) -> int:
    from lab.engine.recording import Recorder
    from lab.engine.simulation import Simulation, check_record, default_record
    from lab.kernels import unkept
    from lab.session import Session

    wanted = check_record(model, default_record(model) if experiment.record is None else experiment.record)
    with signals() as wishes, Session.create(path, title=experiment.title or model.title) as session:
        if not quiet:
            if sentence := unkept():
                say(sentence)
            say(f"preparing {experiment.model} ...")
        simulation = Simulation(model, experiment.seed)
        told = simulation.model.account(simulation.constants)
        if told and not as_json:
            print(told, flush=True)  # before a training that may take long
        recorder = Recorder(session, experiment.title or experiment.model, experiment, simulation, wanted)
        code = drive(simulation, experiment, recorder, session, wishes, quiet)
    if session.rescued:
        say(session.rescued)
    saved = (session.saved_as if session.rescued else path) if keep else None
    _print_summary(simulation, saved, as_json)
    if code:
        stopped(simulation, saved)
    elif image is not None:
        from lab.commands.files import draw

        draw(session.saved_as, image)
        if not as_json:
            print(f"picture: {image}")
    return code


def _print_summary(simulation: Simulation, path: Path | None, as_json: bool) -> None:
    summary = simulation.summary()
    clock = simulation.model.clock
    if as_json:
        from lab.engine.experiment import plain

        print(
            json.dumps(
                {
                    "model": simulation.model._owner(),
                    "steps": simulation.step,
                    "summary": plain(summary),
                    "session": str(path) if path else None,
                }
            )
        )
        return
    print(f"{simulation.model.title}: {clock.said(simulation.step)}, seed {simulation.seed}")
    for name, value in summary.items():
        if name == "data":  # said when it was loaded
            continue
        print(f"  {typeset(name)}: {number(value, 6)}")
    if path:
        print(f"session: {path}")


@app.command
def resume(
    file: str,
    *,
    for_: Annotated[str | None, Parameter(name="--for", help="How much longer (default: to the planned end).")] = None,
    run_id: RunId = None,
    model_file: ModelFile = None,
    quiet: Annotated[bool, Parameter(negative="", help="No progress.")] = False,
) -> int:
    """Go on with a run of a session from where it stopped; on the same kind of processor the bytes are those of an uninterrupted run."""
    from lab.engine.recording import Recorder, experiment_of, intervals, restore_point
    from lab.engine.simulation import Simulation
    from lab.model import Happened
    from lab.session import RECOVERED, Session

    trust(model_file)
    with signals() as wishes, Session.open(file) as session:
        reader = session.reader()
        if session.recovered:
            say(RECOVERED)
        info = reader.pick(run_id)
        _say_elsewhere(info.made)
        experiment = experiment_of(reader, info, f"run {info.id} of {file}")
        point = restore_point(reader, info.id, max(info.steps, 0))
        if point is None:
            raise FileError(f"Run {info.id} of {file} has no checkpoint to go on from: run it again with 'lab run {file}'.")
        log = [Happened(e.step, e.kind, e.name, dict(e.payload)) for e in reader.log(info.id)]  # type: ignore[arg-type]
        simulation = Simulation(experiment.build(), experiment.seed)
        simulation.restore(point)
        clock = simulation.model.clock
        behind = point.step < info.steps
        simulation.log = log[: point.done] if behind else log
        end = experiment.steps if for_ is None else info.steps + steps_of(simulation.model, for_)
        if end is None:
            end = simulation.model.length
        if end is None or end <= point.step:
            raise ModelError(f"Run {info.id} of {file} is finished at {clock.said(info.steps)}: say how much longer with --for.")
        if behind:
            # Killed while running: rows after the checkpoint are recorded already, so the rest becomes a branch.
            say(f"Going on from the checkpoint at {clock.said(point.step)} as a new run.")
            experiment = experiment.replace(steps=end, schedule=(*log, *(h for h in experiment.schedule if h not in log)))
            recorder = Recorder(
                session,
                f"{info.name} (resumed)",
                experiment,
                simulation,
                intervals(reader, info.id),
                parent=(info.id, point.step),
                colour=info.colour,
            )
            recorder.take_log(simulation.log)
        else:
            experiment = experiment.replace(steps=end)
            recorder = Recorder(session, info.name, experiment, simulation, {}, run_id=info.id)
            session.update_run(info.id, experiment=experiment.to_dict(), state="running")
        code = drive(simulation, experiment, recorder, session, wishes, quiet)
    if session.rescued:
        say(session.rescued)
    _print_summary(simulation, session.saved_as if session.rescued else Path(file), False)
    if code:
        stopped(simulation, session.saved_as if session.rescued else Path(file))
    return code


def _say_elsewhere(made: Mapping[str, Any]) -> None:
    """Say it when a run was made on another processor, or with other libraries, than it is now repeated on."""
    from lab.engine.provenance import difference

    if sentence := difference(made):
        say(sentence)


def given_experiment(what: str, run_id: int | None) -> Experiment:
    """The experiment of a model's name, an experiment file, or a run of a session, whose log is then its schedule."""
    from lab.engine import experiment as experiments

    if what.endswith(".toml"):
        return experiments.read(what)
    if what.endswith(".lab"):
        from lab.engine.recording import as_it_went
        from lab.session import SessionReader

        with SessionReader(what) as reader:
            info = reader.pick(run_id)
            _say_elsewhere(info.made)
            return as_it_went(reader, info, f"run {info.id} of {what}")
    catalog.given(what)
    return experiments.Experiment(what)


def _taken_over(kind: type[Model], experiment: Experiment, file: str, run_id: int | None, folder: Path) -> Experiment:
    """The experiment with the network of a run: its data and layers, its seed, and its weights in a file that is written into a folder."""
    from lab.session import SessionReader
    from lab.training.takeover import newest, take_over

    with SessionReader(file) as reader:
        source, point = newest(reader, reader.pick(run_id).id)
    try:
        path, values = take_over(kind, source, point, folder)
    except OSError as error:
        raise FileError(f"{folder}: the weights could not be written there: {error.strerror or error}.") from None
    say(f"weights: {path}")
    return experiment.with_parameters(**values, start_from=str(path)).replace(seed=source.seed)


def assignment(kind: type[Model], text: str) -> tuple[str, Any]:
    """Name and value of a text such as `current=10`."""
    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
        raise ModelError(f"--set {text}: write it as parameter=value.")
    spec = kind.specs().get(name)
    if spec is not None and spec.kind == "graph" and value.strip() and not value.lstrip().startswith("{"):
        from lab.graph import files

        family = next((taken["family"] for taken in kind.takes if taken.get("what") == "graph" and taken.get("family")), "")
        return name, files.read(value.strip(), family).to_json()
    return name, kind.from_text(name, value)


def implied(kind: type[Model], given: dict[str, Any]) -> dict[str, Any]:
    """What is given, and what it means: a file that is named is used, so the choice that it belongs to is made unless it is given, too."""
    chosen: dict[str, Any] = {}
    for name, value in given.items():
        spec = kind.specs().get(name)
        if spec is not None and spec.kind == "file" and value and spec.when is not None and spec.when[0] not in given:
            other, values = spec.when
            chosen[other] = values[0]
            say(f"{name} is given: {other} is {values[0]}")
    return chosen | given


def _record(model: Model, experiment: Experiment, texts: tuple[str, ...]) -> Mapping[str, int]:
    from lab.engine.simulation import check_record, default_record

    out = dict(experiment.record if experiment.record is not None else default_record(model))
    for text in texts:
        name, equals, every = text.partition("=")
        if equals and not every.strip().isdigit():
            raise ModelError(f"--record {text}: the interval must be a whole number of steps from 0.")
        out[name.strip()] = int(every) if equals else 1
    return check_record(model, out)


def steps_of(model: Model, text: str) -> int:
    """Steps in a length such as `500ms`, `2 s`, `1000 steps`, `30 epochs`."""
    clock = model.clock
    match = re.fullmatch(r"\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^\d\s]*)\s*", text)
    try:
        amount = float(match.group(1)) if match else float("nan")
    except ValueError:
        amount = float("nan")
    if not match or not 0 <= amount < 1e15:
        raise ModelError(f"--for {text}: write a length such as 500{clock.unit} or 1000steps.")
    unit = match.group(2)
    if unit in ("step", "steps"):
        return int(amount)
    if unit in ("", clock.unit, f"{clock.unit}s", clock.unit.removesuffix("s")):
        return model.steps_for(amount)
    if unit in TIME_UNITS and clock.unit in TIME_UNITS:
        return model.steps_for(amount * TIME_UNITS[unit] / TIME_UNITS[clock.unit])
    raise ModelError(f"--for {text}: {model._owner()} counts in {clock.unit}; write for example 10{clock.unit} or 1000steps.")


def free_name(stem: str, suffix: str) -> Path:
    """A file name in this folder that is not taken."""
    path, k = Path(stem + suffix), 1
    while path.exists():
        k += 1
        path = Path(f"{stem}-{k}{suffix}")
    return path
