"""The squid axon in space, 400 compartments for 10 ms, against NEURON on the same compartments, step and order of method.

    python benchmarks/cable.py [--rounds N] [--json]

Rounds alternate; CPU seconds of one thread, medians. NEURON runs its second-order fixed step (Crank-Nicolson, staggered gates,
rate tables off, as ours computes its rates) and records two voltages, as we do; its set-up is not counted. Also printed: how far
the two are apart, in mV, at this step and at a fifth of it.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from peer import ask, peer, row, say

from lab.engine.simulation import run
from lab.models.neurons.cell_in_space import CellInSpace

DURATION = 10.0  # ms


def apart(python, dt: float) -> float:
    """Largest difference of the two voltages (mV)."""
    model = CellInSpace(dt=dt, period=0.0)
    ours = run(model, steps=model.steps_for(DURATION), record={"V": 1})["V"].T
    theirs = np.array(ask(python, "cable_neuron.py", "--record", "--dt", str(dt))["V"])[:, : ours.shape[1]]
    return float(np.abs(ours - theirs).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    python, ours, theirs = peer("neuron"), [], []
    model = CellInSpace(period=0.0)
    run(model, steps=10)
    for _ in range(given.rounds):
        began = time.process_time()
        run(model, steps=model.steps_for(DURATION))
        ours.append(time.process_time() - began)
        if python:
            theirs += ask(python, "cable_neuron.py", "--rounds", "1")["seconds"]
    found = {"ours, through the engine (s)": statistics.median(ours)}
    if python:
        row("squid axon in 400 compartments, 10 ms", "s", statistics.median(ours), NEURON=statistics.median(theirs))
        found |= {"NEURON (s)": statistics.median(theirs), "ratio": statistics.median(theirs) / statistics.median(ours)}
        found |= {"apart at 0.005 ms (mV)": apart(python, 0.005), "apart at 0.001 ms (mV)": apart(python, 0.001)}
    else:
        found["NEURON"] = "is not installed"
    say(found, given.json)


if __name__ == "__main__":
    main()
