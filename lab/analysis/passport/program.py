"""The registry of programs that a passport is written for, and how one is found on this machine and run."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from lab.analysis.passport.cell import CellRun
from lab.analysis.passport.populations import NetworkRun
from lab.analysis.passport.writing import Script, Untold
from lab.errors import ModelError, near
from lab.model import LayerTerms

MOST_OUTPUT = 1 << 20  # characters that are read of what a program prints
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class Failed(Exception):
    """A program that was started did not come to its figures; the sentence says why."""


class Program:
    """Another simulator: how it is told each kind of run.

    name    of its file and of its folder among the peers; module: what Python imports it by
    tells   a type of told run -> the method that writes the script, or raises Untold with one sentence
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    module: ClassVar[str] = ""
    order: ClassVar[float] = 1000.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        """What can be said there."""
        return {}

    def tell(self, run: Any) -> Script:
        """The script for a run; raises Untold."""
        for kind, method in self.tells.items():
            if isinstance(run, kind):
                return method(run)
        what = {CellRun: "a cell", NetworkRun: "populations of cells", LayerTerms: "a trained network of layers"}[type(run)]
        raise Untold(f"it is not told {what}.")


_known: dict[str, Program] = {}
Kind = TypeVar("Kind", bound=type[Program])


def register(kind: Kind) -> Kind:
    """Add a program; the last one registered under a name counts."""
    _known[kind.name] = kind()
    return kind


@cache
def _own() -> None:
    folder = importlib.import_module("lab.analysis.passport.programs")
    for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(found.name)


def programs() -> dict[str, Program]:
    """All programs by name, in their order."""
    _own()
    return dict(sorted(_known.items(), key=lambda item: item[1].order))


def program(name: str) -> Program:
    """The program of this name; raises ModelError where there is none."""
    found = programs().get(name.lower())
    if found is None:
        raise ModelError(f"A passport is written for {', '.join(programs())} (got '{name[:100]}'): {near(name.lower(), list(programs()))}")
    return found


def interpreter(of: Program) -> Path | None:
    """The Python that has the program: LAB_PEERS/<name>, or this very one; None where it is not installed. No folder is looked into unasked."""
    folder = os.environ.get("LAB_PEERS")
    if folder:
        places = [Path(folder) / name for name in (of.name, of.module)]  # PyTorch is imported as torch
        found = next((p for place in places for p in (place / "bin" / "python", place / "Scripts" / "python.exe") if p.exists()), None)
        if found is not None:
            return found.absolute()
    return Path(sys.executable) if importlib.util.find_spec(of.module) is not None else None


VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
DISTRIBUTIONS = {"nest": "nest-simulator"}


def _environment(python: Path) -> dict[str, str]:
    own = python == Path(sys.executable)
    return {k: v for k, v in os.environ.items() if own or not k.startswith("PYTHON")} | ALONE


def version_of(of: Program, python: Path) -> str:
    """The version that is installed there, or nothing where it does not say."""
    name = DISTRIBUTIONS.get(of.module, of.module)
    done = subprocess.run(
        [str(python), "-P", "-c", VERSION, name], capture_output=True, text=True, timeout=60, env=_environment(python), check=False
    )
    return done.stdout.strip()[:40] if done.returncode == 0 else ""


def figures_of(python: Path, script: Path, limit: float) -> tuple[dict[str, float], float]:
    """Run a script in a process of its own, which is ended with all that it began after `limit` seconds; its figures, and seconds."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(python), "-P", str(script.absolute())], cwd=script.parent, env=_environment(python), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failed(f"it did not come to an end in {limit:g} s: give it more with --limit.") from None
    finally:
        _end(process)
    if process.returncode:
        last = next((line.strip() for line in reversed(err.splitlines()) if line.strip()), "no message")
        raise Failed(f"its script failed ({last[:200]}).")
    lines = out[-MOST_OUTPUT:].strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, (int, float)) and math.isfinite(v) for v in found.values()):
        raise Failed("its script printed no figures.")
    return {str(k): float(v) for k, v in found.items()}, time.monotonic() - began


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and whatever it has begun, if it still goes on."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
