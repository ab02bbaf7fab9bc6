"""What a run was made on. The same seed gives the same bytes on one kind of processor with one set of libraries, not everywhere.

On another processor the compiler orders the operations of a vectorised loop otherwise: the last digits differ (by 1e-10 mV in a
Hodgkin-Huxley cell), and a chaotic network parts completely. So every run says where it was made, and a replay elsewhere says so.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lab.kernels import processor

LIBRARIES = ("numpy", "numba", "scipy")


@cache
def here() -> dict[str, str]:
    """Processor, system and versions of what computes in this process."""
    found = {"processor": processor(), "machine": platform.machine(), "system": platform.system(), "python": platform.python_version()}
    return found | {name: _version(name) for name in LIBRARIES} | {"lab": _version("neural-lab")}


def difference(made: Mapping[str, Any]) -> str:
    """A sentence if a run was made on another processor or with other libraries than are here; nothing if not, or if it is not known."""
    now = here()
    if not isinstance(made.get("processor"), str):
        return ""
    parts = []
    if (made["processor"], made.get("machine")) != (now["processor"], now["machine"]):
        parts.append(f"on another processor ({_short(made['processor'])}; here: {now['processor']})")
    others = [name for name in LIBRARIES if made.get(name) != now[name]]
    if others:
        then, today = (", ".join(f"{name} {_short(where.get(name))}" for name in others) for where in (made, now))
        parts.append(f"with {then} (here: {today})")
    if not parts:
        return ""
    return f"This run was made {' and '.join(parts)}: the last digits may come out otherwise here, and a chaotic run then goes its own way."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # put there without its papers
        return "?"


def _short(value: Any) -> str:
    return str(value)[:60]
