"""A stand-in for a model that is not here: what a session says of its streams is enough to read, export and analyse them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from lab import catalog
from lab.engine.kinds import KINDS
from lab.errors import FileError, ModelError
from lab.model import Clock, Model, Stream
from lab.session import StreamInfo


def is_known(name: Any) -> bool:
    """Whether a session's word for a model names one that may be used here: of the catalogue, or a file somebody opened."""
    if not isinstance(name, str):
        return True  # let the experiment complain: this is damage, not a model that is missing
    try:
        catalog.load(name)
    except ModelError:
        return False
    return True


def stand_in(name: str, recorded: Iterable[StreamInfo]) -> Model:
    """A model with the clock and the streams of a recording, and nothing that could be run."""
    infos = list(recorded)
    streams = tuple(_stream(info) for info in infos)
    clock = _clock(infos[0]) if infos else Clock(1.0, "step", physical=False)
    body = {"name": name, "title": name, "streams": property(lambda self: streams), "clock": property(lambda self: clock)}
    return type("StandIn", (Model,), body | {"__module__": __name__, "__doc__": "A model that is not here."})()


def _stream(info: StreamInfo) -> Stream:
    meta = info.meta
    kind, channels = meta.get("kind"), meta.get("channels", [])
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(channels, list) or not all(isinstance(c, str) for c in channels):
        raise FileError(f"Stream '{info.name}' of run {info.run} does not say what it is: its description in the file is damaged.")
    stream = Stream(
        info.name,
        kind,
        info.unit,
        str(meta.get("doc", "")),
        info.shape if info.form == "samples" else (),
        tuple(channels),
        "f8" if info.dtype == "json" else info.dtype,
        meta.get("events") is True,
        info.every,
        str(meta.get("x_unit", "")),
    )
    if stream.form != info.form:
        raise FileError(f"Stream '{info.name}' of run {info.run} is stored as {info.form} and says it is {kind}: the file is damaged.")
    return stream


def _clock(info: StreamInfo) -> Clock:
    dt, unit = info.meta.get("dt"), info.meta.get("clock_unit")
    if isinstance(dt, bool) or not isinstance(dt, (int, float)) or not 0 < dt < math.inf or not isinstance(unit, str):
        raise FileError(f"Stream '{info.name}' of run {info.run} does not say how long a step is: its description in the file is damaged.")
    return Clock(float(dt), unit)
