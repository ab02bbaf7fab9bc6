"""Hodgkin-Huxley cells against Brian2 (a population) and NEURON (one cell), each at an interval error of at most 0.02 %.

    python benchmarks/hodgkin_huxley.py [--rounds N] [--cells N] [--json]

Rounds of the programs alternate and medians are compared. The peers run in interpreters of their own, found in the folder
that LAB_PEERS names (default: .peers beside this folder): brian2/bin/python and neuron/bin/python. Every program takes the
method and step that are cheapest for it within the error, found by trying; the error that each really has is printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from peer import ask, peer, row

from lab.cells import squid_population
from lab.engine.simulation import Simulation
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley

HERE = Path(__file__).resolve().parent
REFERENCE = 14.63620999  # ms between spikes at 10 uA/cm2, by an adaptive solver of eighth order at tolerance 1e-11
OURS = 0.04  # ms
# Method, form of the rates and step (ms): its own methods with exp and exprel, and our staggered trapezoid rule written for it.
BRIAN2 = (("rk2", "exp", 0.035), ("rk4", "exp", 0.06), ("rk4", "exprel", 0.06), ("own", "staggered", 0.04))
NEURON = (("--dt", "0.025"), ("--tolerance", "1e-3"))
BRIAN2_SHORT = 40.0  # ms of model time per round for a population


def interval_error(dt: float) -> float:
    """Error of our mean interval (%) over 2.5 s after the first half second."""
    cell = HodgkinHuxley(dt=dt)
    state = cell.sweep(np.array([10.0]), 3000.0, 500.0).run()
    return 100.0 * (float(state["last"][0] - state["first"][0]) / (state["swept"][0] - 1) / REFERENCE - 1.0)


def population(cells: int, precision: str) -> Simulation:
    """The population before a round, compiled: currents spread around 10 uA/cm2. One thread, as the others have."""
    squid_population.CORES = 1
    simulation = Simulation(HodgkinHuxley(cells=cells, dt=OURS, spread=0.5, precision=precision))
    simulation.advance(2)
    return simulation


def timed(simulation: Simulation, duration: float) -> float:
    """Seconds of the processor for `duration` ms of model time; the peers tell theirs."""
    began = time.process_time()
    simulation.advance(simulation.model.steps_for(duration))
    return time.process_time() - began


def against_brian2(cells: int, rounds: int) -> dict:
    """Model time per second of processor time, which is what a program of Brian2 says of itself, of a population in both programs."""
    python = peer("brian2")
    programs = {}
    if python:
        for method, form, dt in BRIAN2:
            settings = ("--form", form, "--dt", str(dt), *(() if method == "own" else ("--method", method)))
            folder = tempfile.mkdtemp()
            ask(python, "hodgkin_huxley_brian2.py", "--cells", str(cells), "--duration", str(BRIAN2_SHORT), "--folder", folder, *settings)
            error = ask(python, "hodgkin_huxley_brian2.py", "--cells", "2", "--duration", "3000", *settings)["error"]
            programs[f"{method} ({form}) at {dt} ms"] = (folder, error, [])
    simulation, single, ours, halves = population(cells, "double"), population(cells, "single"), [], []
    for _ in range(rounds):
        ours.append(timed(simulation, BRIAN2_SHORT))
        halves.append(timed(single, BRIAN2_SHORT))
        for folder, _, seconds in programs.values():
            subprocess.run([str(Path(folder) / "main")], cwd=folder, check=True, capture_output=True)
            seconds.append(float((Path(folder) / "results" / "last_run_info.txt").read_text().split()[0]))
    out = {"cells": cells, "ours (model ms per s)": BRIAN2_SHORT / statistics.median(ours), "ours error (%)": interval_error(OURS)}
    for name, (_, error, seconds) in programs.items():
        out[f"Brian2 {name} (model ms per s)"] = BRIAN2_SHORT / statistics.median(seconds)
        out[f"Brian2 {name} error (%)"] = error
    if programs:
        allowed = [statistics.median(s) for _, error, s in programs.values() if abs(error) <= 0.02]
        out["ratio"] = min(allowed) / statistics.median(ours)
    theirs = {f"Brian2 {name}": statistics.median(s) for name, (_, error, s) in programs.items() if abs(error) <= 0.02}
    row(f"{cells} Hodgkin-Huxley cells, {BRIAN2_SHORT:g} ms", "s", statistics.median(ours), **theirs)
    row(f"{cells} Hodgkin-Huxley cells, {BRIAN2_SHORT:g} ms, single precision", "s", statistics.median(halves), **theirs)
    out["single precision (model ms per s)"] = BRIAN2_SHORT / statistics.median(halves)
    out["single precision error of its own (%)"] = single.model.rounding()
    return out


def against_neuron(rounds: int) -> dict:
    """Seconds for 10 s of one cell in both programs."""
    python = peer("neuron")
    simulation, ours = Simulation(HodgkinHuxley(dt=OURS)), []
    simulation.advance(2)
    found: dict[str, list[dict]] = {" ".join(how): [] for how in NEURON}
    for _ in range(rounds):
        ours.append(timed(simulation, 10_000.0))
        if python:
            for how in NEURON:
                found[" ".join(how)].append(ask(python, "hodgkin_huxley_neuron.py", *how))
    out = {"ours, 10 s of one cell (s)": statistics.median(ours), "ours error (%)": interval_error(OURS)}
    if python:
        medians = {how: statistics.median(r["seconds"] for r in runs) for how, runs in found.items()}
        for how, seconds in medians.items():
            out[f"NEURON {how} (s)"], out[f"NEURON {how} error (%)"] = seconds, found[how][0]["error"]
        row("one Hodgkin-Huxley cell, 10 s", "s", statistics.median(ours), "20", **{f"NEURON {how}": s for how, s in medians.items()})
        out["ratio"] = min(s for how, s in medians.items() if abs(found[how][0]["error"]) <= 0.02) / statistics.median(ours)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = {"population": against_brian2(given.cells, given.rounds), "one cell": against_neuron(given.rounds)}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for title, figures in found.items():
        print(title)
        for name, value in figures.items():
            print(f"  {name:45s} {value:.5g}")


if __name__ == "__main__":
    main()
