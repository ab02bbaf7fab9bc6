"""One Hodgkin-Huxley cell in NEURON; run by an interpreter that has NEURON.

Prints one line of JSON: seconds, spike times (ms) and the error of the mean interval (%). NEURON's own rate tables are off:
they change the intervals by 0.12 %. V_L is put to -54.387 mV.
"""

import argparse
import json
import time

import numpy as np
from neuron import h

arguments = argparse.ArgumentParser()
arguments.add_argument("--duration", type=float, default=10_000.0)
arguments.add_argument("--dt", type=float, default=0.0, help="fixed step of the second-order method; 0: variable step")
arguments.add_argument("--tolerance", type=float, default=1e-3, help="absolute tolerance of the variable step")
arguments.add_argument("--current", type=float, default=10.0)
arguments.add_argument("--reference", type=float, default=14.63620999)
given = arguments.parse_args()

h.load_file("stdrun.hoc")
h.celsius = 6.3
cell = h.Section(name="cell")
cell.L = cell.diam = 10.0
cell.cm = 1.0
cell.insert("hh")
cell(0.5).hh.el = -54.387
h.usetable_hh = 0
clamp = h.IClamp(cell(0.5))
clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, given.current * cell(0.5).area() * 1e-5
detector = h.NetCon(cell(0.5)._ref_v, None, sec=cell)
detector.threshold = 0.0
times = h.Vector()
detector.record(times)
solver = h.CVode()
h.secondorder = 2
if given.dt > 0:
    solver.active(0)
    h.dt, h.steps_per_ms = given.dt, 1.0 / given.dt
else:
    solver.active(1)
    solver.atol(given.tolerance)
    solver.condition_order(2)
parallel = h.ParallelContext()
parallel.set_maxstep(1000.0)
h.finitialize(-64.99637933)  # rest; the gates follow
began = time.process_time()
parallel.psolve(given.duration)
seconds = time.process_time() - began
spikes = np.array(times)
late = spikes[spikes > min(500.0, given.duration / 2)]
interval = (late[-1] - late[0]) / (len(late) - 1) if len(late) > 1 else float("nan")
print(
    json.dumps(
        {"seconds": seconds, "error": 100.0 * (interval / given.reference - 1.0), "spikes": len(spikes), "times": spikes[:20].tolist()}
    )
)
