"""The registry of kinds of parameters: how a person's text becomes a value of each.

A kind from elsewhere is one more `register(ParameterKind(...))`, before a model declares `param(..., kind="its name")`. In the
window it is typed as text until a field of its own is registered (`lab.widgets.fields`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.units import plain, typeset, unit_for


@dataclass(frozen=True)
class ParameterKind:
    """One kind.

    read    (text, unit) -> value; raises ValueError with the limit that is broken ("must be a number in mV")
    number  a number with bounds
    brief   the value can be said in a few letters
    """

    name: str
    read: Callable[[str, str], Any]
    number: bool = False
    brief: bool = False


KINDS: dict[str, ParameterKind] = {}


def register(kind: ParameterKind) -> ParameterKind:
    """Add a kind; the last one registered under a name counts."""
    KINDS[kind.name] = kind
    return kind


def _bare(text: str, unit: str) -> str:
    """What was typed without its unit, in the letters of programs."""
    own = sorted({unit, typeset(unit), unit_for(1, unit), unit.lstrip("°")} - {""}, key=len, reverse=True)
    text = text.strip()
    return plain(text.removesuffix(next((name for name in own if text.endswith(name)), "")))


def _number(text: str, unit: str) -> float:
    try:
        return float(_bare(text, unit))
    except ValueError:
        raise ValueError("must be a number" + (f" in {unit}" if unit else "")) from None


def _whole(text: str, unit: str) -> int:
    try:
        return int(_bare(text, unit))
    except ValueError:
        value = _number(text, unit)
    if not math.isfinite(value) or value != int(value):
        raise ValueError("must be a whole number")
    return int(value)


WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _truth(text: str, unit: str) -> bool:
    if text.strip().lower() not in WORDS:
        raise ValueError("must be true or false")
    return WORDS[text.strip().lower()]


def _lists(text: str, unit: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON list of lists of numbers") from None


def _text(text: str, unit: str) -> str:
    return text


register(ParameterKind("float", _number, number=True, brief=True))
register(ParameterKind("int", _whole, number=True, brief=True))
register(ParameterKind("bool", _truth, brief=True))
register(ParameterKind("choice", _text, brief=True))
register(ParameterKind("text", _text))
register(ParameterKind("layers", _text))  # units of each layer of a network, joined by '-'
register(ParameterKind("file", _text))  # a path of the person's
register(ParameterKind("drawn", _lists))  # a curve drawn by hand ((x, y), ...)
register(ParameterKind("points", _lists))  # labelled points ((x, y, label), ...)
register(ParameterKind("matrix", _lists))  # rows of numbers
register(ParameterKind("graph", _text))  # a network document (JSON text)
