"""Run a network of ours in Brian2, in Brian2's own environment:  python brian2_network.py NETWORK.npz OUT.npz [numpy|cpp [TIMES]]

NETWORK.npz holds, as JSON in `about`, dt, duration (ms) and the populations and projections, and for each projection q the
arrays `i<q>` and `j<q>` of its pairs. OUT.npz gets `step` and `neuron` of every spike and `seconds`, the processor time of
the loop over steps of each of TIMES runs (C++ standalone: without code generation, compilation and file writing).
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import brian2 as b
import numpy as np

CURRENT = """
dv/dt = (rest - v + ge + gi) / tau : volt (unless refractory)
dge/dt = -ge / taue : volt
dgi/dt = -gi / taui : volt
"""
CONDUCTANCE = """
dv/dt = (gl * (rest - v) + ge * (reve - v) + gi * (revi - v)) / C : volt (unless refractory)
dge/dt = -ge / taue : siemens
dgi/dt = -gi / taui : siemens
"""


def constants(p):
    """Brian2 quantities of one population."""
    found = dict(rest=p["rest"] * b.mV, theta=p["threshold"] * b.mV, reset=p["reset"] * b.mV)
    found |= dict(taue=p["tau_excitatory"] * b.ms, taui=p["tau_inhibitory"] * b.ms)
    if p["kind"] == "ConductanceLIF":
        found |= dict(
            C=p["capacitance"] * b.pF, gl=p["leak"] * b.nS, reve=p["reversal_excitatory"] * b.mV, revi=p["reversal_inhibitory"] * b.mV
        )
    else:
        found |= dict(tau=p["tau"] * b.ms)
    return found


def main():
    given = np.load(sys.argv[1])
    about = json.loads(str(given["about"]))
    compiled = len(sys.argv) > 3 and sys.argv[3] == "cpp"
    folder = tempfile.mkdtemp()
    if compiled:
        b.set_device("cpp_standalone", directory=folder, build_on_run=False)
        b.prefs.devices.cpp_standalone.openmp_threads = 0
    else:
        b.prefs.codegen.target = "numpy"
    b.defaultclock.dt = about["dt"] * b.ms
    groups, monitors, net = [], [], b.Network()
    for g, p in enumerate(about["populations"]):
        conductance = p["kind"] == "ConductanceLIF"
        # Brian2 counts the step of the spike itself as the first of the refractory time; ours begins after it.
        group = b.NeuronGroup(
            p["size"],
            CONDUCTANCE if conductance else CURRENT,
            threshold="v >= theta",
            reset="v = reset",
            refractory=(p["refractory"] + about["dt"]) * b.ms,
            method="exponential_euler" if conductance else "exact",
            namespace=constants(p),
        )
        unit = b.nS if conductance else b.mV
        group.v = given[f"v{g}"] * b.mV
        group.ge, group.gi = given[f"e{g}"] * unit, given[f"h{g}"] * unit
        groups.append(group)
        monitors.append(b.SpikeMonitor(group))
    inputs = []
    for d in about["drives"]:
        p = about["populations"][d["target"]]
        weight = d["weight"] * (b.nS if p["kind"] == "ConductanceLIF" else b.mV)
        # Several Poisson spikes may fall into one step: a binomial of many thin inputs.
        many = 100
        until = f"int(t < {d['until']}*ms)" if d["until"] else "1"
        inputs.append(
            b.PoissonInput(
                groups[d["target"]],
                "ge",
                many,
                d["rate"] / many * b.Hz,
                weight=f"{float(weight)!r}*{'siemens' if p['kind'] == 'ConductanceLIF' else 'volt'}*{until}",
            )
        )
    synapses = []
    for q, s in enumerate(about["projections"]):
        conductance = about["populations"][s["target"]]["kind"] == "ConductanceLIF"
        w = s["weight"] * (b.nS if conductance else (b.mV if s["sign"] == "excitatory" else -b.mV))
        port = "ge" if s["sign"] == "excitatory" else "gi"
        made = b.Synapses(
            groups[s["source"]], groups[s["target"]], on_pre=f"{port} += w{q}", namespace={f"w{q}": w}, delay=s["delay"] * b.ms
        )
        made.connect(i=given[f"i{q}"], j=given[f"j{q}"])
        synapses.append(made)
    net.add(groups, monitors, synapses, inputs)
    if compiled:
        # Processor time of the loop alone, taken inside the program: without connecting and file writing.
        b.device.insert_code("before_network_run", "std::clock_t loop_begin = std::clock();")
        b.device.insert_code("after_network_run", 'std::ofstream("loop.txt") << double(std::clock() - loop_begin) / CLOCKS_PER_SEC;')
        net.run(about["duration"] * b.ms)
        b.device.build(directory=folder, compile=True, run=False)
        seconds = []
        for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 1):
            b.device.run(folder, with_output=False, run_args=[])
            seconds.append(float((Path(folder) / "loop.txt").read_text()))
    else:
        begin = time.process_time()
        net.run(about["duration"] * b.ms)
        seconds = [time.process_time() - begin]
    firsts = np.cumsum([0, *[p["size"] for p in about["populations"]]])
    steps = np.concatenate([np.round(np.asarray(m.t / b.ms) / about["dt"]).astype(int) for m in monitors])
    neurons = np.concatenate([np.asarray(m.i) + f for m, f in zip(monitors, firsts[:-1], strict=True)])
    order = np.lexsort((neurons, steps))
    np.savez(sys.argv[2], step=steps[order], neuron=neurons[order], seconds=seconds)
    shutil.rmtree(folder, ignore_errors=True)


main()
