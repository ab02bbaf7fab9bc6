"""Run every comparison with another program, one after the other, and write docs/benchmarks.md: a table with machine and date.

    python benchmarks/report.py [--only NAME ...] [--out docs/benchmarks.md]

Each benchmark is a process of its own, in which we and the peer take turns. What is not installed is left out and named. Each section says
when, where and at which commit it was measured; with `--only` the other sections of the page stay as they are.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from peer import ONE_THREAD, peer, surroundings

HERE = Path(__file__).resolve().parent

# Arguments that keep the whole within a quarter of an hour; by hand each takes more rounds.
RUNS = {
    "hodgkin_huxley": ("--rounds", "5"),
    "cable": ("--rounds", "5"),
    "spiking": ("--rounds", "2", "--only", "current", "conductance"),
    "ensembles": ("--rounds", "3"),
    "convolution": ("10",),
    "tape": ("5",),
    "networks": ("5",),
    "two_cores": ("5",),
    "generative": ("3",),
    "local_learning": ("3",),
    "robust": ("3",),
    "embedding": ("--rounds", "2", "--only", "word2vec", "umap", "tsne"),
}
VERSIONS = {
    "brian2": ("brian2",), "neuron": ("neuron",), "nest": ("nest-simulator",), "nengo": ("nengo",), "torch": ("torch",), "jax": ("jax",),
    "maps": ("gensim", "openTSNE", "umap-learn"),
}  # fmt: skip
ASKED = "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"


def machine() -> str:
    """The processor as the system names it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{name or 'processor without a name'}, {os.cpu_count()} cores"


def peers() -> tuple[list[str], list[str]]:
    """Versions of the peers that are here, and names of those that are not."""
    here, missing = [], []
    for name, packages in VERSIONS.items():
        python = peer(name)
        asked = [str(python), "-c", ASKED, *packages]
        told = subprocess.run(asked, env=surroundings(), capture_output=True, text=True) if python else None
        if told and told.returncode == 0:
            here.append(told.stdout.strip())
        else:
            missing.append(name)
    return here, missing


def measured(name: str) -> tuple[list[dict], str]:
    """Rows of one benchmark, and why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "rows"
        environment = {**os.environ, **ONE_THREAD, "LAB_BENCHMARK_ROWS": str(place), "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *RUNS[name]], env=environment, capture_output=True, text=True)
        rows = [json.loads(line) for line in place.read_text("utf-8").splitlines()] if place.exists() else []
    why = (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else ""
    return rows, why


def line(row: dict) -> str:
    """One row of the table: what each took, and how many times as long the quickest peer took as we."""
    times = sorted(row["theirs"].items(), key=lambda pair: pair[1])
    ratio = f"**{times[0][1] / row['ours']:.2f}**" if times else ""
    told = "<br>".join(f"{name} {value:.3g}" for name, value in times)
    return f"| {row['case']} | {row['unit']} | {row['ours']:.3g} | {told} | {ratio} | {row['wanted']} |"


def commit() -> str:
    """The commit that is checked out, and whether files differ from it; nothing outside a repository."""
    said = []
    for question in (("rev-parse", "--short=10", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            done = subprocess.run(["git", "-C", str(HERE), *question], capture_output=True, text=True)
        except OSError:  # no git here
            return ""
        if done.returncode:
            return ""
        said.append(done.stdout.strip())
    return f", commit {said[0]}{' with changes' if said[1] else ''}"


def circumstances(load: tuple[str, str]) -> str:
    """When, where, at which commit and with what the benchmarks were measured."""
    here, missing = peers()
    own = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("neural-lab", "numpy", "scipy", "numba"))
    return (
        f"Measured on {datetime.date.today():%Y-%m-%d}{commit()}: {machine()}, load {load[0]} at the beginning and {load[1]} at the end; "
        f"Python {sys.version.split()[0]}, {own}; {', '.join(here) or 'no peer'}."
        + (f" Not here: {', '.join(missing)}." if missing else "")
    )


def heading(name: str) -> str:
    """What the section of a benchmark is called on the page."""
    return name.replace("_", " ").capitalize()


def sections(text: str) -> dict[str, str]:
    """The sections of a page by their headings, each without its heading."""
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}


def section(rows: list[dict], why: str, how: str) -> str:
    """The section of one benchmark that was measured now."""
    parts = [how]
    if rows:
        parts += ["", "| Case | Unit | Lab | Others | Ratio | Wanted |", "|---|---|---|---|---|---|", *(line(row) for row in rows)]
    if why:
        parts += ["", f"It ended early: {why}"]
    return "\n".join(parts)


def page(found: dict[str, tuple[list[dict], str]], how: str, before: str = "") -> str:
    """The whole page: what was measured now, and of the page `before` the sections of everything else, in the order of RUNS."""
    held = sections(before) | {heading(name): section(rows, why, how) for name, (rows, why) in found.items()}
    order = [heading(name) for name in RUNS]
    parts = [
        "# Benchmarks",
        "",
        "Us and other programs, each in its own best configuration that we know of, in turns within one run, one thread each; medians. "
        "A ratio above 1 says how many times as long the quickest of the others took. How each is measured is written at the head of its "
        "file in [benchmarks](../benchmarks/README.md); `python benchmarks/report.py` makes this page anew, and with `--only NAME ...` "
        "those sections of it.",
    ]
    for title in sorted(held, key=lambda title: order.index(title) if title in order else len(order)):
        parts += ["", f"## {title}", "", held[title]]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=tuple(RUNS), default=list(RUNS))
    parser.add_argument("--out", default=str(HERE.parent / "docs" / "benchmarks.md"))
    given = parser.parse_args()
    load = lambda: f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"  # noqa: E731
    began, found = load(), {}
    for name in given.only:
        print(name, flush=True)
        found[name] = measured(name)
        for row in found[name][0]:
            print(" ", line(row), flush=True)
    place = Path(given.out)
    before = place.read_text("utf-8") if place.exists() and set(given.only) != set(RUNS) else ""
    place.write_text(page(found, circumstances((began, load())), before), "utf-8")
    print(f"written: {given.out}")


if __name__ == "__main__":
    main()
