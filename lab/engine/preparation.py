"""Compiles the kernels of a model in a process of its own, before the window's worker needs them.

Compiling holds Python's lock. In the window's own process it takes turns with drawing, and both are slow; a child fills the
cache on disk on another core, and the worker then loads from it in a moment. A mark in the cache says that the step of a model
has been compiled from the present sources. It is no more than a hint: what is not in the cache is compiled where it is needed.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from lab import catalog
from lab.errors import LabError
from lab.sources import PACKAGE, cache_folder, child_command, source_digest

COMMAND = "from lab.__main__ import main; sys.exit(main(['warm', sys.argv[2]]))"
DRAWING = "drawing"  # what every picture is drawn with, beside the models
DRAW = f"from lab.display import strokes; from lab.engine import preparation; strokes.prepare(); preparation.mark({DRAWING!r})"

_children: dict[str, subprocess.Popen] = {}
_lock = threading.Lock()


def marked(name: str) -> bool:
    """Whether the step of the model called `name` was compiled before, from the present sources."""
    return _mark_of(name).exists()


def mark(name: str) -> None:
    """Note that the step of a model is compiled; of a file of one's own, or without a folder for it, nothing is noted."""
    try:
        place = _mark_of(name)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        for old in place.parent.glob(f"{place.name.rpartition('-')[0]}-*"):  # of earlier sources, not of another Python
            old.unlink(missing_ok=True)
        place.touch()
    except (LabError, OSError):
        pass


def begin(name: str) -> None:
    """Start to compile the kernels of a model of the catalogue, or those of `DRAWING`, if that was not done yet; returns at once."""
    try:
        if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" or marked(name):
            return
        folder = _mark_of(name).parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # what cannot be kept, a child would compile for nothing
            pass
        with _lock:
            earlier = _children.get(name)
            if earlier is None or earlier.poll() is not None:  # one that has ended left no mark here: the cache is another, or was emptied
                _children[name] = subprocess.Popen(
                    child_command(DRAW) if name == DRAWING else child_command(COMMAND, name),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
    except (LabError, OSError):  # a file of one's own, or no second process to be had
        return


def wait(name: str, given_up: threading.Event) -> None:
    """Wait until the children have compiled the step of a model and what draws it, have ended or are no longer wanted."""
    for each in (name, DRAWING):
        child = _children.get(each)
        if child is None:
            continue
        place = _mark_of(each)  # worked out once: it rests on every source file of the model
        while child.poll() is None and not place.exists() and not given_up.wait(0.02):
            pass


def busy() -> bool:
    """Whether a child still compiles: what nobody waits for is better compiled by it, and loaded afterwards."""
    with _lock:
        return any(child.poll() is None for child in _children.values())


def end() -> None:
    """End what is still being compiled."""
    with _lock:
        for child in _children.values():
            if child.poll() is None:
                child.terminate()
                child.wait()
        _children.clear()


atexit.register(end)


def _mark_of(name: str) -> Path:
    if name == DRAWING:
        source = PACKAGE / "display" / "strokes.py"
    else:
        source = PACKAGE / "models" / catalog.entry(name).panel / f"{name.replace('-', '_')}.py"
    return cache_folder() / "prepared" / f"{name}.{sys.implementation.cache_tag}-{source_digest(source)[:24]}"
