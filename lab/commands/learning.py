"""`lab weights` and `lab predict`: what a recorded training has learned, outside of the lab."""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lab.commands.options import ModelFile, RunId, app, say, trust
from lab.commands.restored import restored
from lab.errors import FileError, ModelError

if TYPE_CHECKING:
    from lab.engine.simulation import Simulation

Output = Annotated[str | None, Parameter(name=["--output", "-o"], help="File to write.")]
Best = Annotated[bool, Parameter(negative="", help="The weights with the lowest test loss, not the newest.")]


def _trained(file: str, run_id: int | None, best: bool) -> Simulation:
    """The run of a session as its newest checkpoint left it."""
    from lab.training import Learner

    simulation = restored(
        file, run_id, lambda model: isinstance(model, Learner), "which trains no network: name a run of a model of the training monitor"
    )
    if best:
        simulation.act("restore_best")
    return simulation


@app.command
def weights(
    file: str,
    *,
    to: Annotated[
        Literal["safetensors", "npz", "onnx"] | None,
        Parameter(help="Format (default: the ending of the output, or safetensors); onnx: the network too, for other programs to run."),
    ] = None,
    output: Output = None,
    best: Best = False,
    run_id: RunId = None,
    model_file: ModelFile = None,
) -> None:
    """Write the weights that a recorded training has reached."""
    from lab.tape.files import save_weights

    path = Path(output) if output else Path(f"{Path(file).stem}.{to or 'safetensors'}")
    if to and path.suffix != f".{to}":
        raise FileError(f"-o {path}: the name of a {to} file ends in .{to}.")
    trust(model_file)
    simulation = _trained(file, run_id, best)
    if path.suffix == ".onnx":
        _save_network(simulation, path)
        say(f"wrote {path}: the network and its weights, as ONNX")
        return
    save_weights(path, simulation.constants.program, simulation.state)
    say(f"wrote {path}: {len(simulation.constants.program.parameters(simulation.state))} weight arrays")


def _save_network(simulation: Simulation, path: Path) -> None:
    """The network in evaluation, from features in the units of their table to logits, or to values in the unit of the target."""
    from lab.tape.onnx import save_onnx
    from lab.training.supervised import Supervised

    model, constants = simulation.model, simulation.constants
    if not isinstance(model, Supervised):
        raise ModelError(f"'{model.name}' does not answer one example at a time, so it is not written as ONNX: choose safetensors or npz.")
    material, shape = constants.material, constants.outline
    before = (material.mean, material.deviation) if (material.mean != 0).any() or (material.deviation != 1).any() else None
    after = (material.spread, material.centre) if model.task == "regression" else None
    notes = {"features": list(material.data.features), "classes": list(shape.classes)}
    state = model.tape_state(constants, simulation.state)
    save_onnx(path, constants.program, state, constants.output, before=before, after=after, notes=notes)


@app.command
def predict(
    file: str, table: str, *, output: Output = None, best: Best = False, run_id: RunId = None, model_file: ModelFile = None
) -> None:
    """Let a recorded training answer the rows of a table, as CSV: the class and the probability of each, or the value."""
    import numpy as np

    from lab.data import tables
    from lab.data.sets import encode, kinds

    trust(model_file)
    simulation = _trained(file, run_id, best)
    model: Any = simulation.model
    material = simulation.constants.material
    choices = dataclasses.replace(tables.Choices.of(model), types="", header="")
    given = tables.read(table, choices if model.data == "file" else tables.AS_FOUND, kinds(material.data))
    x = encode(material.data, given)
    found = model.predict(simulation.constants, simulation.state, material.scaled(x))
    classes = simulation.constants.outline.classes if model.task == "classification" else ()
    columns = (
        ["predicted", *classes]
        if classes
        else [f"predicted {k + 1}" for k in range(found.shape[1])]
        if found.shape[1] > 1
        else ["predicted"]
    )
    rows = [
        [classes[row.argmax()], *(f"{p:.6g}" for p in row)] if classes else [f"{v:.7g}" for v in row] for row in np.asarray(found, float)
    ]
    if output is None:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([columns, *rows])
        return
    try:
        with open(output, "w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows([columns, *rows])
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}.") from None
    say(f"wrote {output}: {len(rows)} rows")
