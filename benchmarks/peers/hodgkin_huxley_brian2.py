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
arguments.add_argument(
    "--form", choices=("exprel", "exp", "staggered"), default="exprel", help="how the rates are written; staggered: our own method"
)
arguments.add_argument("--numpy", action="store_true", help="no compilation: for short runs of a few cells")
given = arguments.parse_args()

if given.numpy:
    prefs.codegen.target = "numpy"
else:
    set_device("cpp_standalone", directory=given.folder or tempfile.mkdtemp(), build_on_run=True)
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
defaultclock.dt = given.dt * ms

RATES = {
    "exprel": ("1/exprel(-(V + 40)/10)", "0.1/exprel(-(V + 55)/10)"),
    "exp": ("0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "0.01*(V + 55)/(1 - exp(-(V + 55)/10))"),
}
a_m, a_n = RATES["exprel" if given.form == "exprel" else "exp"]
equations = f"""
dV/dt = (I - 0.3*(V + 54.387) - 120*m**3*h*(V - 50) - 36*n**4*(V + 77)) / ms : 1
dm/dt = ({a_m}*(1 - m) - 4*exp(-(V + 65)/18)*m) / ms : 1
dh/dt = (0.07*exp(-(V + 65)/20)*(1 - h) - h/(1 + exp(-(V + 35)/10))) / ms : 1
dn/dt = ({a_n}*(1 - n) - 0.125*exp(-(V + 65)/80)*n) / ms : 1
I : 1 (constant)
"""
# Gates and voltage half a step apart, each by the trapezoid rule, with as few exponentials as the lab has.
STAGGERED = f"""
u = V + 65
e80 = exp(u * (-1.0/80))
e40 = e80 * e80
e20 = e40 * e40
e10 = e20 * e20
am = 0.1*(u - 25)
dm = 1 - e10*12.182493960703473
an = 0.01*(u - 10)
dn = 1 - e10*2.718281828459045
dh = 1 + e10*20.085536923187668
bm = 4*exp(u * (-1.0/18))
zm = {given.dt}*(am + bm*dm)
zh = {given.dt}*(0.07*e20*dh + 1)
zn = {given.dt}*(an + 0.125*e80*dn)
m = (m*(dm - 0.5*zm) + {given.dt}*am)/(dm + 0.5*zm)
h = (h*(dh - 0.5*zh) + {given.dt}*0.07*e20*dh)/(dh + 0.5*zh)
n = (n*(dn - 0.5*zn) + {given.dt}*an)/(dn + 0.5*zn)
gNa = 120*m*m*m*h
gK = 36*n*n*n*n
z = {given.dt}*(gNa + gK + 0.3)
V = (V*(1 - 0.5*z) + {given.dt}*(I + gNa*50 - gK*77 - 0.3*54.387))/(1 + 0.5*z)
"""
if given.form == "staggered":
    cells = NeuronGroup(given.cells, "V : 1\nm : 1\nh : 1\nn : 1\nI : 1 (constant)", threshold="V > 0", refractory="V > 0")
    cells.run_regularly(STAGGERED)
else:
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
