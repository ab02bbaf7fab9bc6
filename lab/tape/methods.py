"""The operations as methods of the tape; editors and type checkers read `methods.pyi`, which `lab.tape.signatures` writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.tape import operations  # noqa: F401  (importing registers every operation)
from lab.tape.registry import find_operation


class Operations:
    """Every operation of `lab/tape/operations` as a method, and those registered elsewhere."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        function = find_operation(name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)
