"""Nengo: the leaky integrate-and-fire cell, whose spikes it dates within the step, and Izhikevich's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.analysis.passport.cell import FIGURES, PIECES, CellRun
from lab.analysis.passport.program import Program, register
from lab.analysis.passport.writing import Script, Untold, script

EULER = 0.01  # ms: step of Izhikevich's cell, which is advanced by Euler's method
LEAST = -30.0  # currents below it are taken for it

LEAKY = """
kind = nengo.LIF(
    tau_rc=0.001 * GIVEN["time constant (ms)"],
    tau_ref=0.001 * GIVEN["held (ms)"],
    min_voltage=-1e9,
    initial_state={"voltage": nengo.dists.Choice([0.0])},
)
rest, span = GIVEN["rest (mV)"], GIVEN["threshold (mV)"] - GIVEN["rest (mV)"]  # its voltage is 0 at rest and 1 at threshold
"""
IZHIKEVICH = """
kind = nengo.Izhikevich(
    tau_recovery=GIVEN["a"],
    coupling=GIVEN["b"],
    reset_voltage=GIVEN["c (mV)"],
    reset_recovery=GIVEN["d"],
    initial_state={"voltage": nengo.dists.Choice([GIVEN["start"]["V"]]), "recovery": nengo.dists.Choice([GIVEN["start"]["u"]])},
)
rest, span = 0.0, 1.0
"""
RUN = """
step = GIVEN["step (ms)"]
every = numpy.repeat([value for _, value in pieces], [round(steps * GIVEN["step of the current (ms)"] / step) for steps, _ in pieces])
with nengo.Network() as network:
    drive = nengo.Node(lambda t: every[min(len(every), max(1, round(1000.0 * t / step))) - 1])
    cell = nengo.Ensemble(1, 1, neuron_type=kind, gain=[1.0], bias=[0.0], encoders=[[1.0]])
    nengo.Connection(drive, cell.neurons, synapse=None)
    spikes = nengo.Probe(cell.neurons, synapse=None)
    voltage = nengo.Probe(cell.neurons, "voltage", synapse=None)
with nengo.Simulator(network, dt=0.001 * step, progress_bar=False) as simulator:
    simulator.run_steps(len(every))
times = step * (numpy.flatnonzero(simulator.data[spikes][:, 0] > 0) + 0.5)  # a spike is dated to the middle of its step
potential = rest + span * simulator.data[voltage][round(GIVEN["potential is compared at (ms)"] / step) - 1, 0]
"""


@register
class Nengo(Program):
    """Nengo's own cells: the normalised leaky integrate-and-fire one, and Izhikevich's."""

    name, title, module, order = "nengo", "Nengo", "nengo", 40.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        return {CellRun: self._cell}

    def _cell(self, run: CellRun) -> Script:
        known = {"leaky integrate-and-fire": self._leaky, "Izhikevich": self._izhikevich}
        if run.terms.kind not in known:
            raise Untold(f"no cell of its own has the equations of {run.terms.kind}.")
        body, numbers, factor, step, tolerance = known[run.terms.kind](run)
        current, arrays = run.current_given(factor)
        common, expected = run.compared(tolerance * step)
        given = {
            **common, "step (ms)": step,
            "current": current, **numbers,
        }  # fmt: skip
        about = "One cell in Nengo: python nengo_run.py, with Nengo installed. Written by Neural Lab, of which it needs nothing."
        text = script(about, "from pathlib import Path\n\nimport nengo\nimport numpy", given, expected, PIECES + body + RUN + FIGURES)
        return Script(text, expected, arrays)

    @staticmethod
    def _leaky(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        if abs(n["V_reset"] - n["V_rest"]) > 1e-9:
            raise Untold(f"its LIF cell is put to rest by a spike, and this one to {n['V_reset']:g} mV: set V_reset to V_rest, or form to normalised.")  # fmt: skip
        numbers = {"rest (mV)": n["V_rest"], "threshold (mV)": n["V_th"], "time constant (ms)": n["tau_m"], "held (ms)": run.terms.held}
        return LEAKY, numbers, n["R"] / (n["V_th"] - n["V_rest"]), run.dt, 1.0

    @staticmethod
    def _izhikevich(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        if n["V_peak"] != 30.0 or n["b"] < 0.0:
            raise Untold("its Izhikevich cell fires at 30 mV and has a b from 0: set V_peak and b so.")
        if run.current.min() < LEAST:
            raise Untold(f"its Izhikevich cell takes no current below {LEAST:g}, and this run has one of {run.current.min():g}.")
        step = run.dt
        while step > EULER * (1 + 1e-9):
            step /= 2
        numbers = {"a": n["a"], "b": n["b"], "c (mV)": n["c"], "d": n["d"], "start": dict(run.terms.start)}
        return IZHIKEVICH, numbers, 1.0, step, 20.0  # an error of first order in the step
