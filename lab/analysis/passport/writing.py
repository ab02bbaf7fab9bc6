"""What every script has in common: one table of values, the figures that are expected, and how they are printed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import LabError

WIDTH = 100


class Untold(LabError):
    """What a program cannot be told, in one sentence."""


@dataclass(frozen=True)
class Expected:
    """A figure of our run, and how far another program's may be from it."""

    name: str
    ours: float
    allowed: float
    unit: str = ""


@dataclass(frozen=True)
class Script:
    """A Python program for another simulator, files of numbers and sources that lie beside it, and what it should find."""

    text: str
    expected: tuple[Expected, ...]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def literal(value: Any, indent: int = 0) -> str:
    """Plain data as Python writes it: numbers, words and tables of them. Whatever else it is, it is refused, so it can be no code."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int)):
        return repr(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Untold(f"the run holds a number that is not finite ({value}), which a script cannot say.")
        return repr(value)
    if isinstance(value, str):
        return ascii(value)
    inner, close = "    " * (indent + 1), "    " * indent
    if isinstance(value, Mapping):
        items = [f"{literal(str(k))}: {literal(v, indent + 1)}" for k, v in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, (list, tuple)):
        items = [literal(v, indent + 1) for v in value]
        opening, closing = "[", "]"
    else:
        raise Untold(f"a {type(value).__name__} cannot be written as numbers and words.")
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + len(close) <= WIDTH and "\n" not in line:
        return line
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + f"{close}{closing}"


_EXPRESSION = re.compile(r"[A-Za-z0-9_ .+\-*/^(),]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def expression(text: str) -> str:
    """An expression of a model's equations: arithmetic of names and numbers, and nothing else."""
    if not _EXPRESSION.fullmatch(text):
        raise Untold(f"the equation '{text[:60]}' is no plain arithmetic.")
    return text


def name(text: str) -> str:
    """The name of a variable or a number of the equations."""
    if not _NAME.fullmatch(text):
        raise Untold(f"'{text[:60]}' is no name that an equation can use.")
    return text


TAIL = '''

def compare(found):
    """Print what was expected beside what was found, and the latter once more for programs to read."""
    agrees = True
    for name, (ours, allowed, unit) in EXPECTED.items():
        theirs = found[name]
        inside = abs(theirs - ours) <= allowed
        agrees = agrees and inside
        print(f"{name:40s} {ours:14.8g} {theirs:14.8g} {unit:8s} {'agrees' if inside else 'DIFFERS'} (allowed {allowed:.3g})")
    print(json.dumps({name: float(value) for name, value in found.items()}))


compare(found)
'''


def script(about: str, imports: str, given: Mapping[str, Any], expected: Sequence[Expected], body: str) -> str:
    """A whole program: what it is, its imports, the values, the expected figures, what is done with them, and the comparison.

    `about`, `imports` and `body` are ours and hold no word of a session; all that comes from one is in `given` and `expected`.
    """
    table = {e.name: [e.ours, e.allowed, e.unit] for e in expected}
    return (
        f'"""{about}"""\n\nimport json\n{imports.strip()}\n\n'
        f"# The run: every value that it was made with.\nGIVEN = {literal(given)}\n\n"
        f"# Figure: what Neural Lab found, how far another program may be from it, unit.\nEXPECTED = {literal(table)}\n\n"
        f"{body.strip()}\n{TAIL}"
    )
