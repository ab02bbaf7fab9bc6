"""Where the peer programs are, and how one is asked: an interpreter of its own, one line of JSON back.

They are looked for in the folder that LAB_PEERS names, else in .peers beside this folder: brian2/bin/python and so on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What keeps every peer on one thread: processor time counts all threads, and so would charge a peer for those that wait for each other.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")} | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
}


def peer(name: str) -> Path | None:
    """The peer's interpreter, if it is installed."""
    place = Path(os.environ.get("LAB_PEERS") or HERE.parent / ".peers") / name
    return next((p for p in (place / "bin" / "python", place / "Scripts" / "python.exe") if p.exists()), None)


def surroundings() -> dict[str, str]:
    """What a peer's interpreter is started with: one thread, and no packages but its own (PYTHONPATH comes before them, and a NumPy from
    there is not the one that a peer was made for)."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")} | ONE_THREAD


def lend(name: str) -> None:
    """Let this process import a peer that is a library, from its own environment; where it is not installed, its import says so."""
    python = peer(name)
    if python:
        sys.path += [
            str(folder) for folder in python.parent.parent.glob("lib*/**/site-packages")
        ]  # last: what we have ourselves stays ours


def scanned(step, weights):
    """All steps of a call in one compiled JAX scan: `step((weights, first, second, t), key)` gives the next of these, and nothing."""
    import jax
    import jax.numpy as jnp

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state, key = (weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.float32(1)), jax.random.key(0)
    scan = jax.jit(lambda state, keys: jax.lax.scan(step, state, keys)[0])

    def run(steps):
        nonlocal state, key
        key, part = jax.random.split(key)
        state = scan(state, jax.random.split(part, steps))
        jax.block_until_ready(state)

    return run


def row(case: str, unit: str, ours: float, wanted: str = "", **theirs: float) -> None:
    """Note one comparison for the table of `report.py`: medians of one run, of which less is better. Without the report, nothing."""
    place = os.environ.get("LAB_BENCHMARK_ROWS")
    if place:
        with open(place, "a", encoding="utf-8") as file:
            file.write(json.dumps({"case": case, "unit": unit, "ours": ours, "theirs": theirs, "wanted": wanted}) + "\n")


def say(found: dict, as_json: bool) -> None:
    """Print what was measured: a line each, or JSON."""
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:35s} {value if isinstance(value, str) else format(value, '.4g')}")


def ask(python: Path, script: str, *arguments: str) -> dict:
    """What a peer script prints as JSON on its last line."""
    done = subprocess.run([str(python), str(HERE / "peers" / script), *arguments], env=surroundings(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{script} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no message'}")
    return json.loads(done.stdout.strip().splitlines()[-1])
