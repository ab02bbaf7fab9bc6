"""Hand a network, its drawn connectivity and its initial state to an independent simulator in an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from lab.spiking import program
from lab.spiking.projections import Drive

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "benchmarks" / "peers"


def interpreter(peer):
    """Python of a peer program's environment, or None where it is not installed."""
    found = Path(os.environ.get("LAB_PEERS") or ROOT / ".peers") / peer / "bin" / "python"
    return found if found.exists() else None


def pairs(built, q):
    """Source and target of every synapse of projection q."""
    row = built.wiring.proj[q]
    starts = built.wiring.starts[row[program.STARTS] : row[program.STARTS] + row[program.SOURCES] + 1]
    sources = np.repeat(np.arange(row[program.SOURCES]), np.diff(starts))
    return sources, built.wiring.targets[row[program.TARGETS] : row[program.TARGETS] + starts[-1]].astype(np.int64)


def run_peer(peer, net, built, state, duration, folder, *arguments, connectivity=True, drive=1.0, inhibition=1.0):
    """Spikes as (step, neuron) arrays, and processor seconds of the loop in each run, of `net` run by `brian2` or `nest`."""
    about = dict(dt=built.dt, duration=duration, populations=[], projections=[], drives=[])
    arrays = {}
    for g, (_, p) in enumerate(net.populations):
        about["populations"].append(p.values() | {"kind": type(p).__name__})
        first, size = built.wiring.pop[g, program.FIRST], p.size
        arrays[f"v{g}"] = state["x"][0, first : first + size]
        names = p.row_names
        for letter, name in (("e", "excitatory"), ("h", "inhibitory")):
            arrays[f"{letter}{g}"] = state["x"][names.index(name), first : first + size] if name in names else np.zeros(size)
    for q, link in enumerate(net.links):
        p = link.projection
        weight = p.weight * (inhibition if p.sign == "inhibitory" else 1.0)
        about["projections"].append(
            dict(
                source=net.index(link.source),
                target=net.index(link.target),
                sign=p.sign,
                weight=weight,
                delay=p.delay,
                in_degree=p.in_degree,
            )
        )
        if connectivity:
            arrays[f"i{q}"], arrays[f"j{q}"] = pairs(built, q)
    for given in net.inputs:
        assert isinstance(given.source, Drive)
        d = given.source
        about["drives"].append(dict(target=net.index(given.target), rate=d.rate * d.sources * drive, weight=d.weight, until=d.until))
    into, out = Path(folder) / "network.npz", Path(folder) / "out.npz"
    np.savez(into, about=json.dumps(about), **arrays)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "NUMBA_DISABLE_JIT")} | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(interpreter(peer)), str(SCRIPTS / f"{peer}_network.py"), str(into), str(out), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
    )
    if done.returncode:
        raise RuntimeError(f"{peer} failed: {done.stderr[-2000:]}")
    with np.load(out) as found:
        return found["step"], found["neuron"], found["seconds"].tolist()
