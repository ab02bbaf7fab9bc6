"""Writes `methods.pyi`, the signatures of the operations for editors and type checkers: `python -m lab.tape.signatures`."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab.tape import methods
from lab.tape.registry import OPERATIONS

FILE = Path(methods.__file__).with_suffix(".pyi")
HEAD = """# Written by `python -m lab.tape.signatures` from the operations: change one there and write this anew.
# fmt: off
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.tape.listing import Node

class Operations:
"""


def _default(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value) if value not in (math.inf, -math.inf) else f"{'-' if value < 0 else ''}math.inf"


def _parameters(function: Callable) -> Iterator[str]:
    """The parameters as they are written in a method, the first being the tape itself."""
    _, *parameters = inspect.signature(function).parameters.values()
    yield "self"
    named = False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not named:
            named = True
            yield "*"
        yield f"{p.name}: {p.annotation}" + ("" if p.default is p.empty else f" = {_default(p.default)}")


def described() -> str:
    """What `methods.pyi` has to hold: every operation of this package, by file and name, with its help."""
    lines = [HEAD]
    for name, function in sorted(OPERATIONS.items(), key=lambda entry: (entry[1].__module__, entry[0])):
        if function.__module__.startswith("lab.tape.operations."):
            help = (inspect.getdoc(function) or "").replace("\n", "\n        ").replace("\n        \n", "\n\n")
            end = "\n        " if "\n" in help else ""
            lines.append(
                f'    def {name}({", ".join(_parameters(function))}) -> {inspect.signature(function).return_annotation}:\n        """{help}{end}"""\n'
            )
    return "".join(lines)


if __name__ == "__main__":
    FILE.write_text(described(), "utf-8")
