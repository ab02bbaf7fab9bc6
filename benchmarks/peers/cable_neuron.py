"""The squid axon in space in NEURON, on the same compartments: one line of JSON with V at two places and the seconds it took.

NEURON's second-order method (Crank-Nicolson, staggered gates) at the same fixed step, rate tables off, one thread.
"""

import argparse
import json
import time

import numpy as np
from neuron import h

parser = argparse.ArgumentParser()
parser.add_argument("--compartments", type=int, default=400)
parser.add_argument("--length", type=float, default=100.0, help="mm")
parser.add_argument("--dt", type=float, default=0.005)
parser.add_argument("--duration", type=float, default=10.0)
parser.add_argument("--celsius", type=float, default=18.5)
parser.add_argument("--at", type=int, nargs=3, default=(7, 119, 319), help="compartments: of the current, and of the two recordings")
parser.add_argument("--record", action="store_true")
parser.add_argument("--rounds", type=int, default=1)
given = parser.parse_args()

h.load_file("stdrun.hoc")
axon = h.Section(name="axon")
axon.L, axon.diam, axon.Ra, axon.cm, axon.nseg = 1000.0 * given.length, 476.0, 35.4, 1.0, given.compartments
axon.insert("hh")
h.usetable_hh = 0
h.celsius = given.celsius
for segment in axon:
    segment.hh.el = -54.387
axon.ena, axon.ek = 50.0, -77.0
h.secondorder, h.dt, h.steps_per_ms = 2, given.dt, 1.0 / given.dt


def middle(k):
    return axon((k + 0.5) / given.compartments)


pulse = h.IClamp(middle(given.at[0]))
pulse.delay, pulse.dur, pulse.amp = 1.0, 0.5, 12000.0
traces = [h.Vector().record(middle(k)._ref_v) for k in given.at[1:]]
seconds = []
for _ in range(given.rounds):
    h.finitialize(-65.0)
    began = time.process_time()
    h.continuerun(given.duration)
    seconds.append(time.process_time() - began)
found = {"seconds": seconds}
if given.record:
    found["V"] = np.array([t.to_python() for t in traces])[:, 1:].tolist()
print(json.dumps(found))
