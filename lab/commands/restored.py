"""A recorded run as its newest checkpoint left it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.errors import FileError, ModelError

if TYPE_CHECKING:
    from lab.engine.simulation import Simulation
    from lab.model import Model


def restored(file: str, run_id: int | None, suits: Callable[[Model], bool], otherwise: str) -> Simulation:
    """The run of a session, ready to be asked; `otherwise` says of a model that does not suit what it is and what to name instead."""
    from lab.engine.recording import experiment_of, restore_point
    from lab.engine.simulation import Simulation
    from lab.session import SessionReader

    with SessionReader(file) as reader:
        info = reader.pick(run_id)
        experiment = experiment_of(reader, info, f"run {info.id} of {file}")
        model = experiment.build()
        if not suits(model):
            raise ModelError(f"Run {info.id} of {file} is of '{experiment.model}', {otherwise}.")
        point = restore_point(reader, info.id, max(info.steps, 0))
    if point is None:
        raise FileError(f"Run {info.id} of {file} has no checkpoint: run it again with 'lab run {file}'.")
    simulation = Simulation(model, experiment.seed)
    simulation.restore(point)
    return simulation
