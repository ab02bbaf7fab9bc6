"""One point of a sweep: JSON in, JSON out. A worker process reads a point a line and answers a line."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TextIO


def measure(task: str) -> str:
    """Run one point and answer with its summary, or with what went wrong; never raises for a fault of a point."""
    from lab.engine.experiment import Experiment, plain
    from lab.engine.simulation import run
    from lab.errors import DivergenceError, LabError

    asked = json.loads(task)
    answer: dict[str, Any] = {"number": asked["number"], "state": "finished", "summary": {}, "error": ""}
    began = time.perf_counter()
    try:
        experiment = Experiment.from_dict(asked["experiment"], f"point {asked['number']}")
        model = experiment.build()
        steps = model.default_steps if experiment.steps is None else experiment.steps
        result = run(model, steps, seed=experiment.seed, record={}, schedule=experiment.schedule)
        answer["summary"] = {name: value for name, value in plain(result.summary).items() if name != "data"}
    except DivergenceError as problem:
        answer |= {"state": "diverged", "error": str(problem)}
    except LabError as problem:
        answer |= {"state": "failed", "error": str(problem)}
    except MemoryError:
        answer |= {"state": "failed", "error": "There was not enough memory for this point: make it smaller, or use fewer workers."}
    except Exception as problem:
        answer |= {
            "state": "failed",
            "error": f"The model failed ({type(problem).__name__}: {str(problem)[:200]}): this is a fault of the program.",
        }
    answer["seconds"] = time.perf_counter() - began
    return json.dumps(answer)


def serve(given: TextIO | None = None, out: TextIO | None = None) -> None:
    """Answer points until there are no more; what a model prints does not come between."""
    given, out = given or sys.stdin, out or sys.stdout
    sys.stdout = sys.stderr
    for line in given:
        out.write(measure(line) + "\n")
        out.flush()
