"""An experiment in the words of another door: as a command, as the text of an experiment file, or as Python.

Each, when it is run, makes the same run: same parameters, seed, length, streams and log.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from lab import catalog
from lab.engine.experiment import Experiment, plain, to_toml
from lab.errors import LabError, ModelError, near


def as_command(experiment: Experiment, command: str = "run", more: Sequence[str] = ()) -> str:
    """A line for a shell; what a command cannot say (a log, a hand-drawn curve of many points) goes through an experiment file.

    more  further words of another command than `run`
    """
    words = ["lab", command, experiment.model]
    kind = catalog.load(experiment.model)
    for name, value in experiment.parameters.items():
        text = typed(kind, name, value)
        if text is None:
            return _through_a_file(experiment, command, more)
        words += ["--set", f"{name}={text}"]
    if experiment.schedule or experiment.title or (experiment.seed and command != "run"):
        return _through_a_file(experiment, command, more)
    if experiment.steps is not None:
        words += ["--for", f"{experiment.steps}steps"]
    if experiment.seed:
        words += ["--seed", str(experiment.seed)]
    for name, every in (experiment.record or {}).items():
        words += ["--record", f"{name}={every}"]
    return shlex.join([*words, *more]) + "\n"


def typed(kind: Any, name: str, value: Any) -> str | None:
    """What a person types for a value; None where nothing short comes back as it was."""
    value = plain(value)
    for text in (str(value), json.dumps(value, ensure_ascii=False)):
        try:
            if len(text) <= 200 and plain(kind.from_text(name, text)) == value:
                return text
        except LabError:
            continue
    return None


def _through_a_file(experiment: Experiment, command: str, more: Sequence[str]) -> str:
    text, end = to_toml(experiment), "END"
    while end in text.splitlines():
        end += "_"
    return f"cat > experiment.toml <<'{end}'\n{text}{end}\n{shlex.join(['lab', command, 'experiment.toml', *more])}\n"


def as_python(experiment: Experiment) -> str:
    """A short program."""
    data = experiment.to_dict()
    lines = ["import lab", "from lab.engine.experiment import Experiment", "", "experiment = Experiment.from_dict({"]
    for key, value in data.items():
        if isinstance(value, (dict, list)) and value:
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            opens, closes = ("{", "}") if isinstance(value, dict) else ("[", "]")
            lines.append(f"    {key!r}: {opens}")
            lines += [f"        {f'{k!r}: ' if isinstance(value, dict) else ''}{v!r}," for k, v in inner]
            lines.append(f"    {closes},")
        else:
            lines.append(f"    {key!r}: {value!r},")
    return "\n".join([*lines, "})", "run = lab.run(experiment)", "print(run.summary)", ""])


FORMS: dict[str, Callable[[Experiment], str]] = {"command": as_command, "toml": to_toml, "python": as_python}


def told(experiment: Experiment, form: str) -> str:
    """The experiment as `command`, `toml` or `python`."""
    if form not in FORMS:
        raise ModelError(f"An experiment is told as {', '.join(FORMS)} (got '{form}'): {near(form, FORMS)}")
    return FORMS[form](experiment)
