"""Conditions over a run, as presets and lessons state them: "rate > 50 and block_Na = 0", "max(V) > 0".

What a condition may name, the first meaning that fits:

    rate (Hz), rate      a figure of the run's summary, with its unit or (where no other figure is called so) without
    block_Na             a parameter, as it is now
    V                    all values of a stream: of a trace as recorded, of a raster the times, of a picture as it is now
    gates m              one channel of a stream; of a raster the times of one named cell (spikes neuron 1)
    stream current       the stream, where a figure or a parameter has the same name
    did pulse            how often an action was done
    time                 model time since the start, in the clock's unit
    rheobase             a named tick of a parameter's slider, where nothing else is called so
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.engine.simulation import Result, run
from lab.errors import LabError
from lab.model import Happened, Model, Preset, Recorded, Stream
from lab.params.arithmetic import OF_SERIES, FormulaError, parse


def figures(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a summary by their names with unit, and without it where that is unambiguous."""
    out = {key: value for key, value in summary.items() if isinstance(value, (int, float, str, np.number, np.bool_))}
    short: dict[str, list[str]] = {}
    for key in out:
        short.setdefault(key.partition(" (")[0], []).append(key)
    return out | {name: out[keys[0]] for name, keys in short.items() if len(keys) == 1}


def named_streams(text: str, model: Model) -> list[Stream]:
    """Streams that a condition may speak of: those whose name stands in it as a word."""
    return [s for s in model.streams if _stands(s.name, text)]


def _values(stream: Stream, shown: Any) -> Iterator[tuple[str, Any]]:
    """What a stream is called in a condition, with and without its channels."""
    if isinstance(shown, Recorded):
        assert shown.index is not None
        yield stream.name, shown.time
        for k, channel in enumerate(stream.channels):
            yield f"{stream.name} {channel}", shown.time[shown.index == k]
        return
    if not isinstance(shown, np.ndarray):
        return
    yield stream.name, shown
    axis = 0 if stream.kind in ("curve", "bars") and shown.ndim else shown.ndim - 1
    # The channels of a curve are its rows, or those without the first, which is x.
    if stream.kind == "curve" and shown.ndim == 2:
        yield f"{stream.name} x", shown[0]
    skipped = 1 if stream.kind == "curve" and shown.ndim and shown.shape[0] == len(stream.channels) + 1 else 0
    for k, channel in enumerate(stream.channels, skipped):
        if shown.ndim and k < shown.shape[axis] and (shown.ndim > 1 or stream.kind == "bars"):
            yield f"{stream.name} {channel}", shown.take(k, axis)


def names(
    text: str, model: Model, summary: Mapping[str, Any], stream: Callable[[Stream], Any], log: tuple[Happened, ...]
) -> dict[str, Any]:
    """Everything that a condition may name, with its value; `stream` gives what a stream holds, None where it holds nothing."""
    own = {spec: value for spec, value in model.values().items() if isinstance(value, (int, float, str))}
    streams: dict[str, Any] = {}
    for one in named_streams(text, model):
        for name, value in _values(one, stream(one)):
            streams |= {name: value, f"stream {name}": value}
    did = {f"did {action}": sum(h.kind == "act" and h.name == action for h in log) for action in type(model).actions()}
    return _marks(text, model) | streams | did | own | figures(summary)


def _marks(text: str, model: Model) -> dict[str, Any]:
    """The named ticks of the sliders that a text speaks of; some are searched for, so the others are left alone."""
    found: dict[str, Any] = {}
    for spec in type(model).specs().values():
        if any(_stands(name, text) for name, _ in spec.marks):
            found |= model.marks(spec.name)
    return found


def _stands(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))


def holds(text: str, known: Mapping[str, Any]) -> bool:
    """Whether a condition holds for these values; FormulaError where it cannot be read, or names what is not there."""
    formula = parse(text, list(known), OF_SERIES)
    found = formula(**{name: known[name] for name in formula.names})
    if np.ndim(found):
        raise FormulaError("A condition is one yes or no: use any(...) or all(...).", text)
    return bool(found)


@dataclass(frozen=True)
class Trial:
    """What became of one try of a preset: whether it shows what it promises, and if not, the figures it ended with."""

    met: bool
    why: str = ""


def of_result(text: str, result: Result) -> dict[str, Any]:
    """Everything that a condition may name in a finished run."""

    def stream(one: Stream) -> Any:
        if one.form == "snapshots":
            return result.observe(one.name)
        if one.name not in result.streams:
            return None
        return result.recorded(one.name) if one.kind == "raster" else result[one.name]

    simulation = result.simulation
    time = {"time": simulation.step * simulation.model.clock.dt}
    return names(text, simulation.model, result.summary, stream, tuple(simulation.log)) | time


def words(name: str, value: Any) -> str:
    """A value in a sentence; of a series its size, span and end."""
    if isinstance(value, (float, np.floating)):
        return f"{name} {value:.4g}"
    if np.ndim(value) == 0:
        return f"{name} {value}"
    values = np.asarray(value, float).ravel()
    return f"{name}: {len(values)} values" + (
        f" from {values.min():.4g} to {values.max():.4g}, last {values[-1]:.4g}" if len(values) else ""
    )


def try_preset(model: Model, preset: Preset, seed: int) -> Trial:
    """Run a preset for as long as it says, do what it says, and see whether it shows what it says."""
    schedule = [Happened(model.steps_for(at), "act", action, dict(arguments)) for at, action, arguments in preset.do]
    record = {s.name: s.every or 1 for s in named_streams(preset.shows, model) if s.form != "snapshots"}
    try:
        result = run(model, preset.steps(model), seed=seed, record=record, schedule=schedule)
        known = of_result(preset.shows, result)
        met = holds(preset.shows, known)
    except LabError as error:
        return Trial(False, str(error))
    used = parse(preset.shows, list(known), OF_SERIES).names
    return Trial(met, "" if met else ", ".join(words(name, known[name]) for name in used))
