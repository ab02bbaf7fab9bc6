"""A step's condition over a run that goes on: read where pictures read, since the step came to the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.display.sources import Source
from lab.engine.conditions import holds, named_streams, names
from lab.lessons.document import Step
from lab.lessons.playing import texts_of
from lab.model import Happened, Model, Recorded, Stream
from lab.params.arithmetic import FormulaError


def wanted(step: Step, model: Model) -> frozenset[str]:
    """Streams that must be watched for its condition."""
    return frozenset(s.name for s in named_streams(" ".join(texts_of(step)), model))


def known(text: str, source: Source, log: Sequence[Happened], since: int = 0) -> dict[str, Any]:
    """All that a condition may name: of streams what is kept since step `since`, of actions those in `log`."""
    model = source.model
    dt = model.clock.dt

    def stream(one: Stream) -> Any:
        if one.form == "snapshots":
            return source.snapshot(one.name)
        if one.form == "samples":
            return source.samples(one.name, since, source.step)[1]
        steps, index, value = source.events(one.name, since)
        return Recorded((steps + value) * dt, value, index) if one.kind == "raster" else value

    return names(text, model, source.summary, stream, tuple(log)) | {"time": source.step * dt}


def met(text: str, source: Source, log: Sequence[Happened], since: int = 0) -> bool:
    """Whether a condition holds now; no, where what it names is not there yet."""
    try:
        return holds(text, known(text, source, log, since))
    except FormulaError:
        return False
