"""Child of the campaign against checkpoints: puts extreme values into every array of a model's state and goes on from it.

    python -m tests.campaign.states SECONDS THOROUGH MODEL...

prints each case before it is tried, so that the last line names the one that crashed or hung; `FAULT` marks an exception that is no
sentence. Whatever takes longer than SECONDS ends the process.
"""

from __future__ import annotations

import faulthandler
import sys
import traceback
import warnings

import numpy as np

from lab import catalog
from lab.engine import faults
from lab.engine.simulation import Checkpoint, Simulation
from lab.errors import LabError

INTS = (-1, 1, 7, 1000, 2**31, 2**47, -(2**31))
FLOATS = (-1.0, 0.0, 1e9, -1e9, 1e300, -1e300, 1e-300, np.inf, -np.inf, np.nan)
STEPS = 4


def extremes(array: np.ndarray) -> list:
    """Values that an array of this type can hold and no run does."""
    if array.dtype.kind == "b":
        return [True, False]
    if array.dtype.kind in "iu":
        info = np.iinfo(array.dtype)
        return [info.min, info.max, *(v for v in INTS if info.min <= v <= info.max), 0]
    with np.errstate(over="ignore"):
        return [array.dtype.type(v) for v in FLOATS]


def variants(array: np.ndarray, thorough: bool):
    """(words, damaged copy) of an array: all of it, its first and last value; other shapes and types."""
    places = ("all", "first", "last") if thorough and array.size > 1 else ("all",)
    for value in extremes(array):
        for place in places if array.size else ():
            damaged = array.copy()
            flat = damaged.reshape(-1)
            if place == "all":
                flat[:] = value
            else:
                flat[0 if place == "first" else -1] = value
            yield f"{place} {value}", damaged
    for words, other in (
        ("empty", array[:0] if array.ndim else array),
        ("flat", array.reshape(-1)[None] if array.ndim == 1 else array.reshape(-1)),
        ("longer", np.concatenate([array, array]) if array.ndim else array),
        ("another type", array.astype("f4" if array.dtype != np.float32 else "f8")),
        ("other numbers", array.astype("i4" if array.dtype == np.int64 else "i8")),
    ):
        yield words, np.ascontiguousarray(other)


def attempt(simulation: Simulation, point: Checkpoint, thorough: bool) -> str:
    """Go on from a checkpoint: what became of it."""
    try:
        simulation.restore(point)
    except LabError:
        return "refused"
    sampled = [s.name for s in simulation.model.streams if s.form == "samples"]
    try:
        length = simulation.model.length
        simulation.advance(min(STEPS, STEPS if length is None else max(0, length - simulation.step)), sampled)
        simulation.summary()
        if thorough:
            for stream in simulation.model.streams:
                if stream.form == "snapshots":
                    try:
                        simulation.observe(stream.name)
                    except LabError:
                        pass
            simulation.model.advice(simulation.constants, simulation.state)
        simulation.checkpoint()
    except LabError:
        return "told"
    return "ran"


def main() -> None:
    seconds, thorough, *names = sys.argv[1:]
    warnings.simplefilter("ignore")
    faults.plain = True
    tried: dict[str, int] = {}
    for name in names:
        simulation = Simulation(catalog.load(name)(), 3)
        sampled = [s.name for s in simulation.model.streams if s.form == "samples"]
        simulation.advance(min(12, simulation.model.length or 12), sampled)
        if thorough == "1":
            for stream in simulation.model.streams:  # what is compiled or worked out once is not counted
                if stream.form == "snapshots":
                    simulation.observe(stream.name)
        simulation.summary()
        good = simulation.checkpoint()
        for key, array in good.state.items():
            for words, damaged in variants(array, thorough == "1"):
                print(f"{name}: '{key}' {words}", flush=True)
                faulthandler.dump_traceback_later(float(seconds), exit=True)
                try:
                    found = attempt(simulation, Checkpoint(good.step, good.parameters, {**good.state, key: damaged}), thorough == "1")
                except Exception:
                    found = "FAULT"
                    print(f"FAULT {name}: '{key}' {words}\n{traceback.format_exc(limit=-3)}", flush=True)
                finally:
                    faulthandler.cancel_dump_traceback_later()
                tried[found] = tried.get(found, 0) + 1
            simulation.model, simulation.state = simulation.model, {k: v.copy() for k, v in good.state.items()}
            simulation.step = good.step
    print("tried", sum(tried.values()), tried)


if __name__ == "__main__":
    main()
