"""An experiment as a value: which model, which parameters, seed, how long, what to record, what happens when.

It is what an experiment file (TOML) holds, what a session stores for each run, and what undo replaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lab import catalog
from lab.data import door, toml
from lab.errors import FileError, LabError, ModelError, near
from lab.model import Happened, Model
from lab.params import frozen

KEYS = ("model", "title", "seed", "duration", "steps", "parameters", "record", "schedule")
LARGEST = 8 << 20  # bytes of an experiment file
EVENT_KEYS = ("at", "at_step", "set", "do", "with")


@dataclass(frozen=True)
class Experiment:
    """Everything needed to repeat a run.

    parameters  only those that differ from the defaults (a file stays readable and survives new parameters)
    steps       length in steps, None: the model's own length or until stopped
    record      stream -> interval in steps; None: what the model records by default
    schedule    changes and actions with the step before which they take effect
    """

    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    steps: int | None = None
    record: Mapping[str, int] | None = None
    schedule: tuple[Happened, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", frozen(self.parameters))
        object.__setattr__(self, "record", frozen(self.record))

    def build(self) -> Model:
        """The model value; raises ParameterError or ModelError."""
        return self._model

    @cached_property
    def _model(self) -> Model:
        # Validated once: a window asks for it several times at each step of a drag.
        return catalog.load(self.model)(**self.parameters)

    def replace(self, **changes: Any) -> Experiment:
        """A new experiment with these fields changed."""
        return dataclass_replace(self, **changes)

    def with_parameters(self, **changes: Any) -> Experiment:
        """A new experiment with these parameters changed, validated; values equal to the default are dropped."""
        model = self.build().replace(**changes)
        made = self.replace(parameters=model.changed())
        made.__dict__["_model"] = model
        return made

    def completed(self, parameters: Mapping[str, Any]) -> Experiment:
        """The same with these parameters where it names none, as far as the model knows and takes them."""
        kind = catalog.load(self.model)
        known = {name: value for name, value in kind.of_before(parameters).items() if name in kind.specs()}
        try:
            return self.replace(parameters=kind(**{**known, **self.parameters}).changed())
        except LabError:
            return self

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, inverse of `from_dict`."""
        out: dict[str, Any] = {"model": self.model, "seed": self.seed, "parameters": plain(self.parameters)}
        if self.title:
            out["title"] = self.title
        if self.steps is not None:
            out["steps"] = self.steps
        if self.record is not None:
            out["record"] = dict(self.record)
        if self.schedule:
            out["schedule"] = [_event_out(h) for h in self.schedule]
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "the experiment") -> Experiment:
        """Read plain data; every error names the key and, for unknown ones, what is near."""
        if not isinstance(data, Mapping):
            raise FileError(f'{where} must be a table of keys, for example model = "hodgkin-huxley".')
        for key in data:
            if key not in KEYS:
                raise FileError(f"{where} has the unknown key '{key}': {near(key, KEYS)}")
        name = data.get("model")
        if not isinstance(name, str):
            raise FileError(f'{where} names no model: add a line such as model = "hodgkin-huxley".')
        parameters = data.get("parameters", {})
        if not isinstance(parameters, Mapping):
            raise FileError(f"{where}: parameters must be a table of names and values.")
        kind = catalog.load(name)
        try:
            model = kind(**parameters)
            seed = _whole(data.get("seed", 0), "seed", where)
            steps = data.get("steps")
            if steps is not None:
                steps = _whole(steps, "steps", where)
            elif "duration" in data:
                duration = data["duration"]
                if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 <= duration < 1e15:
                    raise FileError(f"{where}: duration must be a number of {model.clock.unit} from 0 (got {duration!r}).")
                steps = model.steps_for(float(duration))
            record = data.get("record")
            if record is not None and not isinstance(record, Mapping):
                raise FileError(f"{where}: record must be a table of streams and intervals.")
            schedule = data.get("schedule", [])
            if not isinstance(schedule, list):
                raise FileError(f"{where}: schedule must be a list of tables ([[schedule]]).")
            events = tuple(_event_in(e, model, f"{where}, schedule entry {i + 1}") for i, e in enumerate(schedule))
            made = cls(name, model.changed(), seed, steps, dict(record) if record is not None else None, events, str(data.get("title", "")))
        except FileError:
            raise
        except LabError as error:
            error.args = (f"{where}: {error}",)
            raise
        return made


def _whole(value: Any, key: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise FileError(f"{where}: {key} must be a whole number from 0 (got {value!r}).")
    return value


def plain(value: Any) -> Any:
    """Tuples as lists and NumPy numbers as Python's, so that JSON and TOML can hold them."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


def _event_out(h: Happened) -> dict[str, Any]:
    if h.kind == "change":
        return {"at_step": h.step, "set": plain(h.values)}
    return {"at_step": h.step, "do": h.name, "with": plain(h.values)}


def _event_in(data: Any, model: Model, where: str) -> Happened:
    if not isinstance(data, Mapping):
        raise FileError(f"{where} must be a table.")
    for key in data:
        if key not in EVENT_KEYS:
            raise FileError(f"{where} has the unknown key '{key}': {near(key, EVENT_KEYS)}")
    if "at_step" in data:
        step = _whole(data["at_step"], "at_step", where)
    elif isinstance(data.get("at"), (int, float)) and not isinstance(data["at"], bool) and 0 <= data["at"] < 1e15:
        step = model.steps_for(float(data["at"]))
    else:
        raise FileError(f"{where} needs at = (a time in {model.clock.unit}) or at_step = (a step).")
    if ("set" in data) == ("do" in data):
        raise FileError(f'{where} needs either set = {{parameter = value}} or do = "action".')
    for key, kind, what in (
        ("set", Mapping, "a table of parameters"),
        ("do", str, "the name of an action"),
        ("with", Mapping, "a table of arguments"),
    ):
        if key in data and not isinstance(data[key], kind):
            raise FileError(f"{where}: {key} must be {what} (got {str(data[key])[:40]!r}).")
    try:
        if "set" in data:
            model.replace(**data["set"])
            specs = type(model).specs()
            for name in data["set"]:
                if not specs[name].live:
                    raise ModelError(f"{name} cannot change while a run goes on; set it under [parameters].")
            return Happened(step, "change", "", dict(data["set"]))
        known = type(model).actions()
        if data["do"] not in known:
            raise ModelError(f"there is no action '{data['do'][:100]}': {near(data['do'], known)}")
        return Happened(step, "act", data["do"], known[data["do"]].arguments(**data.get("with", {})).values())
    except LabError as error:
        error.args = (f"{where}: {error}",)
        raise


def read(path: str | Path) -> Experiment:
    """The experiment in a TOML file."""
    text = door.read_text(path, limit=LARGEST, what="an experiment file")
    try:
        data = toml.parse(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError too
        raise FileError(f"{path} is not a valid TOML file: {str(error)[:200]}.") from None
    return Experiment.from_dict(data, str(path))


def to_toml(experiment: Experiment) -> str:
    """The experiment as the text of a TOML file that `read` understands."""
    data = experiment.to_dict()
    lines = [f"{key} = {toml_value(data[key])}" for key in ("model", "title", "seed", "steps") if key in data]
    for table in ("parameters", "record"):
        if data.get(table):
            lines += ["", f"[{table}]", *(f"{_key(k)} = {toml_value(v)}" for k, v in data[table].items())]
    for event in data.get("schedule", []):
        lines += ["", "[[schedule]]", *(f"{_key(k)} = {toml_value(v)}" for k, v in event.items())]
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if text and all((c.isalnum() and c.isascii()) or c in "_-" for c in text) else json.dumps(text)


def toml_value(value: Any) -> str:
    """Plain data as TOML writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)  # numbers and booleans are written alike in JSON and TOML
