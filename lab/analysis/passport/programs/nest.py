"""NEST: cells and networks of the models that are built in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from lab.analysis.passport.cell import FIGURES, PIECES, CellRun
from lab.analysis.passport.populations import NetworkRun
from lab.analysis.passport.program import Program, register
from lab.analysis.passport.writing import Script, Untold, script
from lab.units import number as printed

STEP = 0.01  # ms
MOST_PIECES = 20_000  # the current is changed between runs of the kernel

CELL = """
nest.set_verbosity("M_ERROR")
nest.ResetKernel()
nest.resolution = GIVEN["step (ms)"]
cell = nest.Create(GIVEN["model"], params=GIVEN["parameters"])
recorder = nest.Create("spike_recorder")
nest.Connect(cell, recorder)
potential = 0.0
now, probe = 0.0, GIVEN["potential is compared at (ms)"]
for steps, value in pieces:
    nest.SetStatus(cell, {"I_e": value})
    length = steps * GIVEN["step of the current (ms)"]
    if now < probe <= now + length + 1e-9:
        nest.Simulate(probe - now)
        potential = nest.GetStatus(cell, "V_m")[0]
        now, length = probe, now + length - probe
    if length > 0.5 * GIVEN["step (ms)"]:
        nest.Simulate(length)
        now += length
nest.Simulate(GIVEN["step (ms)"])  # the recorder hears of a spike one step later
times = sorted(nest.GetStatus(recorder, "events")[0]["times"])
"""

NETWORK = """
nest.set_verbosity("M_ERROR")
nest.ResetKernel()
nest.resolution = GIVEN["step (ms)"]
groups, recorders = [], []
for g, p in enumerate(GIVEN["populations"]):
    own = {"E_L": p["rest"], "V_reset": p["reset"], "V_th": p["threshold"], "t_ref": p["refractory"]}
    own |= {"tau_syn_ex": p["tau_excitatory"], "tau_syn_in": p["tau_inhibitory"]}
    if p["kind"] == "ConductanceLIF":
        own |= {"C_m": p["capacitance"], "g_L": p["leak"], "E_ex": p["reversal_excitatory"], "E_in": p["reversal_inhibitory"]}
        group = nest.Create("iaf_cond_exp", p["size"], own)
        inputs = ("g_ex", "g_in")
    else:  # a capacitance of tau (pF, ms) makes the resistance 1, so that pA are mV
        group = nest.Create("iaf_psc_exp", p["size"], own | {"tau_m": p["tau"], "C_m": p["tau"]})
        inputs = ("I_syn_ex", "I_syn_in")
    group.V_m = arrays[f"v{g}"]
    for letter, name in zip("eh", inputs):
        if arrays[f"{letter}{g}"].any():
            setattr(group, name, arrays[f"{letter}{g}"])
    recorder = nest.Create("spike_recorder")
    nest.Connect(group, recorder)
    groups.append(group)
    recorders.append(recorder)
for q, s in enumerate(GIVEN["projections"]):
    before = arrays[f"i{q}"].astype(int) + groups[s["source"]][0].global_id
    after = arrays[f"j{q}"].astype(int) + groups[s["target"]][0].global_id
    weight = numpy.full(len(before), s["weight"] if s["sign"] == "excitatory" else -s["weight"])
    how = {"synapse_model": "static_synapse", "weight": weight, "delay": numpy.full(len(before), s["delay"])}
    nest.Connect(before, after, "one_to_one", how)
nest.Simulate(GIVEN["duration (ms)"] + GIVEN["step (ms)"])  # a recorder hears of a spike one step later
firsts = numpy.cumsum([0, *(p["size"] for p in GIVEN["populations"])])
times = numpy.concatenate([numpy.asarray(r.events["times"]) for r in recorders])
cells = numpy.concatenate(
    [numpy.asarray(r.events["senders"]) - group[0].global_id + first for r, group, first in zip(recorders, groups, firsts)]
)
"""


@register
class Nest(Program):
    """NEST has the leaky, the adaptive exponential, Izhikevich's and the squid's cell built in."""

    name, title, module, order = "nest", "NEST", "nest", 30.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        return {CellRun: self._cell, NetworkRun: self._network}

    @staticmethod
    def _network(run: NetworkRun) -> Script:
        if any(p["delay"] < run.terms.dt for p in run.terms.projections):
            raise Untold("it has no synapses without a delay: give each projection one of a step at least.")
        about = "A network in NEST: python nest_run.py, with NEST installed. Written by Neural Lab, of which it needs nothing."
        return run.script(about, "from pathlib import Path\n\nimport nest\nimport numpy", NETWORK)

    def _cell(self, run: CellRun) -> Script:
        known = {
            "leaky integrate-and-fire": self._leaky, "adaptive exponential": self._adaptive, "Izhikevich": self._izhikevich,
            "Hodgkin-Huxley": self._squid,
        }  # fmt: skip
        if run.terms.kind not in known:
            raise Untold(f"no cell of its own has the equations of {run.terms.kind}.")
        if len(run.pieces) > MOST_PIECES:
            raise Untold(
                f"the current changes {printed(len(run.pieces))} times, and NEST is told at most {printed(MOST_PIECES)} changes of a cell's current."
            )
        step = STEP
        if abs(run.dt / step - round(run.dt / step)) > 1e-9:
            step = run.dt
        model, parameters, unit, tolerance, late = known[run.terms.kind](run)
        current, arrays = run.current_given(unit)
        common, expected = run.compared(tolerance * step, late)
        given = {
            **common, "model": model, "parameters": parameters, "step (ms)": step,
            "current": current,
        }  # fmt: skip
        about = "One cell in NEST: python nest_run.py, with NEST installed. Written by Neural Lab, of which it needs nothing."
        text = script(about, "from pathlib import Path\n\nimport nest\nimport numpy", given, expected, PIECES + CELL + FIGURES)
        return Script(text, expected, arrays)

    @staticmethod
    def _leaky(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        parameters = {
            "E_L": n["V_rest"], "V_m": run.terms.start["V"], "V_reset": n["V_reset"], "V_th": n["V_th"], "tau_m": n["tau_m"],
            "C_m": 1000.0 * n["tau_m"] / n["R"], "t_ref": round(run.terms.held / STEP) * STEP,
        }  # fmt: skip
        if run.terms.held < STEP:
            parameters["t_ref"] = STEP
        return "iaf_psc_delta", parameters, 1000.0, 1.0, 0.0  # R in MOhm, I in nA

    @staticmethod
    def _adaptive(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        same = {x: n[x] for x in ("g_L", "E_L", "Delta_T", "a", "b", "tau_w", "V_reset", "V_peak")}
        parameters = {
            **same, "C_m": n["C"], "V_th": n["V_T"], "V_m": run.terms.start["V"], "w": run.terms.start["w"], "t_ref": 0.0, "gsl_error_tol": 1e-9,
        }  # fmt: skip
        return "aeif_psc_delta", parameters, 1.0, 1.0, 0.0

    @staticmethod
    def _izhikevich(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        parameters = {**{x: n[x] for x in "abcd"}, "V_th": n["V_peak"], "V_m": run.terms.start["V"], "U_m": run.terms.start["u"]}
        return "izhikevich", parameters, 1.0, 20.0, 0.0  # Euler's method: an error of first order in the step

    @staticmethod
    def _squid(run: CellRun) -> tuple[str, dict[str, Any], float, float, float]:
        n = run.terms.numbers
        if abs(n["phi"] - 1.0) > 1e-9:
            raise Untold("NEST's squid cell has no temperature: tell a run at 6.3 C.")
        area = 100.0  # a membrane of 1e-4 cm2: what is given for each cm2, in pF, nS and pA
        parameters = {
            "C_m": area * n["C"], "g_Na": area * n["g_Na"], "g_K": area * n["g_K"], "g_L": area * n["g_L"],
            "E_Na": n["V_Na"], "E_K": n["V_K"], "E_L": n["V_L"], "V_m": run.terms.start["V"], "Act_m": run.terms.start["m"],
            "Inact_h": run.terms.start["h"], "Act_n": run.terms.start["n"], "t_ref": math.ceil(run.widest) + 1.0,
        }  # fmt: skip
        # A spike is dated to its peak, and another is not looked for before this one is over.
        return "hh_psc_alpha", parameters, area, 1.0, run.widest
