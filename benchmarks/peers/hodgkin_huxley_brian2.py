"""Hodgkin-Huxley cells in Brian2's C++ standalone mode; run by an interpreter that has Brian2 (NumPy below 2.4).

Prints one line of JSON: seconds of the simulation proper (not compilation) and the error of the mean interval (%). The
compiled program stays in --folder, where `main` can be run again; it writes its seconds to results/last_run_info.txt.
"""

import argparse
import json
import tempfile
import time

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, defaultclock, device, ms, prefs, run, set_device

arguments = argparse.ArgumentParser()
arguments.add_argument("--cells", type=int, default=10_000)
arguments.add_argument("--duration", type=float, default=100.0)
arguments.add_argument("--dt", type=float, default=0.05)
arguments.add_argument("--method", default="rk4")
arguments.add_argument("--reference", type=float, default=14.63620999)
arguments.add_argument("--folder", default="", help="where the compiled program goes (default: a temporary folder)")
arguments.add_argument("--numpy", action="store_true", help="no compilation: for short runs of a few cells")
given = arguments.parse_args()

if given.numpy:
    prefs.codegen.target = "numpy"
else:
    set_device("cpp_standalone", directory=given.folder or tempfile.mkdtemp(), build_on_run=True)
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
defaultclock.dt = given.dt * ms

equations = """
dV/dt = (I - 0.3*(V + 54.387) - 120*m**3*h*(V - 50) - 36*n**4*(V + 77)) / ms : 1
dm/dt = (1/exprel(-(V + 40)/10)*(1 - m) - 4*exp(-(V + 65)/18)*m) / ms : 1
dh/dt = (0.07*exp(-(V + 65)/20)*(1 - h) - h/(1 + exp(-(V + 35)/10))) / ms : 1
dn/dt = (0.1/exprel(-(V + 55)/10)*(1 - n) - 0.125*exp(-(V + 65)/80)*n) / ms : 1
I : 1 (constant)
"""
cells = NeuronGroup(given.cells, equations, threshold="V > 0", refractory="V > 0", method=given.method)
cells.V, cells.m, cells.h, cells.n = -64.99637933, 0.05295509, 0.59599412, 0.31773240
currents = np.full(given.cells, 10.0)
currents[1:] += np.linspace(-1.0, 1.0, given.cells - 1)
cells.I = currents
spikes = SpikeMonitor(cells)
if given.numpy:
    began = time.perf_counter()
    run(given.duration * ms)
    seconds = time.perf_counter() - began
else:
    run(given.duration * ms)
    seconds = device._last_run_time
times = np.sort(np.asarray(spikes.t / ms)[np.asarray(spikes.i) == 0])
late = times[times > min(500.0, given.duration / 2)]
interval = (late[-1] - late[0]) / (len(late) - 1) if len(late) > 1 else float("nan")
print(
    json.dumps(
        {"seconds": seconds, "error": 100.0 * (interval / given.reference - 1.0), "spikes": len(spikes.t), "times": times[:20].tolist()}
    )
)
