"""A network handed over: the weights that a training has reached, for a training of the same network that begins with them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from lab.engine.experiment import Experiment
from lab.engine.recording import experiment_of, restore_point
from lab.engine.simulation import Checkpoint, Simulation
from lab.errors import LabError, ModelError
from lab.model import Model
from lab.session import SessionReader
from lab.tape.files import write_safetensors
from lab.training.learner import Learner


def suits(kind: type[Model], experiment: Experiment) -> bool:
    """Whether the network of an experiment goes on in a model of this kind."""
    try:
        kind.taken_over(experiment.build())
    except LabError:
        return False
    return True


def newest(reader: SessionReader, run: int) -> tuple[Experiment, Checkpoint]:
    """The experiment of a recorded run, and how it stood last."""
    info = reader.pick(run)
    point = restore_point(reader, run, max(info.steps, 0))
    if point is None:
        raise ModelError(
            f"Run {run} ('{info.name}') has no checkpoint to take over: play it a little further and pause it, or let it finish."
        )
    return experiment_of(reader, info, f"run {run}"), point


def take_over(kind: type[Model], experiment: Experiment, point: Checkpoint, folder: str | Path) -> tuple[Path, dict[str, Any]]:
    """Write the weights that a training had at a checkpoint into a folder: the file, and the parameters with which `kind` goes on with them.

    The same weights have the same file. What does not fit is said before anything is written. The seed of the experiment says which
    examples are held out for testing: who goes on with the network takes it over, too.
    """
    model = experiment.build()
    values = kind.taken_over(model)
    simulation = Simulation(model, experiment.seed)
    simulation.restore(point)
    program = simulation.constants.program
    known = program.parameters(simulation.state) | program.statistics(simulation.state)
    target = kind(**values)
    assert isinstance(target, Learner)
    wanted = [n for n in target.compile(simulation.constants.outline)[0].tape.nodes if n.kind in ("parameter", "statistic")]
    wrong = [node.name for node in wanted if node.name not in known or known[node.name].shape != node.shape]
    if wrong:
        raise ModelError(f"{model._owner()} has another network than {kind._owner()}: its '{wrong[0]}' is missing or of another shape.")
    arrays = {node.name: np.ascontiguousarray(known[node.name]) for node in wanted}
    digest = hashlib.sha256(b"".join(name.encode() + array.tobytes() for name, array in arrays.items())).hexdigest()[:12]
    path = Path(folder) / f"{Path(model.name).stem} {digest}.safetensors"
    if not path.exists():
        write_safetensors(path, arrays)
    return path, values
