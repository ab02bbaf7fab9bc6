"""Some points of a sweep: JSON in, JSON out. A worker process reads a task a line and answers a line."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment

Answer = dict[str, Any]


def measure(task: str) -> str:
    """Run the points of a task and answer with a list of their summaries, or of what went wrong; never raises for a fault of a point."""
    asked = json.loads(task)
    return json.dumps(_together(asked) or [_alone(asked, point) for point in asked["points"]])


def lost(task: str, sentence: str) -> str:
    """What is answered for a worker that died of a task."""
    return json.dumps([_answer(point, "failed", error=sentence) for point in json.loads(task)["points"]])


def _answer(point: dict[str, Any], state: str = "finished", summary: Any = None, error: str = "", seconds: float = 0.0) -> Answer:
    return {"number": point["number"], "state": state, "summary": summary or {}, "error": error, "seconds": seconds}


def _experiment(asked: dict[str, Any], point: dict[str, Any]) -> Experiment:
    from lab.engine.experiment import Experiment

    own = asked["experiment"]
    given = {**own, "parameters": {**own["parameters"], **point["values"]}, "seed": point["seed"]}
    return Experiment.from_dict(given, f"point {point['number']}")


def _plain(summary: dict[str, Any]) -> dict[str, Any]:
    from lab.engine.experiment import plain

    return {name: value for name, value in plain(summary).items() if name != "data"}


def _alone(asked: dict[str, Any], point: dict[str, Any]) -> Answer:
    """Run one point."""
    from lab.engine.simulation import run
    from lab.errors import DivergenceError, LabError

    began = time.perf_counter()
    state, summary, error = "finished", None, ""
    try:
        experiment = _experiment(asked, point)
        model = experiment.build()
        steps = model.default_steps if experiment.steps is None else experiment.steps
        summary = _plain(run(model, steps, seed=experiment.seed, record={}, schedule=experiment.schedule).summary)
    except DivergenceError as problem:
        state, error = "diverged", str(problem)
    except LabError as problem:
        state, error = "failed", str(problem)
    except MemoryError:
        state, error = "failed", "There was not enough memory for this point: make it smaller, or use fewer workers."
    except Exception as problem:
        state = "failed"
        error = f"The model failed ({type(problem).__name__}: {str(problem)[:200]}): this is a fault of the program."
    return _answer(point, state, summary, error, time.perf_counter() - began)


def _together(asked: dict[str, Any]) -> list[Answer] | None:
    """Answers of points that their model advances at once; None where each has to be run by itself, which then says what is wrong with it."""
    from lab.errors import LabError

    points = asked["points"]
    if len(points) < 2:
        return None
    began = time.perf_counter()
    try:
        experiments = [_experiment(asked, point) for point in points]
        models = [experiment.build() for experiment in experiments]
        first, steps = models[0], experiments[0].steps
        free = first.may_differ()
        common = [(type(m), m.may_differ(), {name: v for name, v in m.values().items() if name not in free}) for m in models]
        if not free or any(each != common[0] for each in common):
            return None
        # Seeds make no difference to such runs, so equal values are run once.
        places = [json.dumps(point["values"]) for point in points]
        distinct = dict(zip(places, models, strict=True))
        found = first.summaries(list(distinct.values()), first.default_steps if steps is None else steps)
    except (LabError, MemoryError):
        return None
    if found is None:
        return None
    told = dict(zip(distinct, map(_plain, found), strict=True))
    each = (time.perf_counter() - began) / len(points)
    return [_answer(point, summary=told[place], seconds=each) for point, place in zip(points, places, strict=True)]


def serve(given: TextIO | None = None, out: TextIO | None = None) -> None:
    """Answer tasks until there are no more; what a model prints does not come between."""
    import lab.engine.simulation  # noqa: F401  loaded while the first point is still with another worker

    given, out = given or sys.stdin, out or sys.stdout
    sys.stdout = sys.stderr
    for line in given:
        out.write(measure(line) + "\n")
        out.flush()
