"""Brian2: a cell by its equations, populations by their synapses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.analysis.passport.cell import FIGURES, PIECES, CellRun
from lab.analysis.passport.populations import NetworkRun
from lab.analysis.passport.program import Program, register
from lab.analysis.passport.writing import Script, expression, name, script

FINEST = 0.01  # ms: the step is ours, but no longer than this

CELL = '''
step = GIVEN["step (ms)"]
brian2.prefs.codegen.target = "numpy"
brian2.defaultclock.dt = step * brian2.ms
every = numpy.repeat([value for _, value in pieces], [int(steps) for steps, _ in pieces])
stimulus = brian2.TimedArray(every, dt=GIVEN["step of the current (ms)"] * brian2.ms)
cell = brian2.NeuronGroup(
    1,
    EQUATIONS,
    threshold="{threshold}",
    reset="""{reset}""",
    refractory={refractory},
    method="rk4",
    namespace=GIVEN["numbers"] | {{"stimulus": stimulus, "level": GIVEN["a spike is a crossing of"]}},
)
for variable, value in GIVEN["start"].items():
    setattr(cell, variable, value)
spikes = brian2.SpikeMonitor(cell)
network = brian2.Network(cell, spikes)
network.run(GIVEN["potential is compared at (ms)"] * brian2.ms)
potential = float(cell.{first}[0])
network.run((GIVEN["duration (ms)"] - GIVEN["potential is compared at (ms)"]) * brian2.ms)
# A spike is dated to the beginning of the step in which it happens.
times = numpy.sort(numpy.asarray(spikes.t / brian2.ms)) + step
'''

NETWORK = '''
CURRENT = """
dv/dt = (rest - v + ge + gi) / tau : volt (unless refractory)
dge/dt = -ge / tau_excitatory : volt
dgi/dt = -gi / tau_inhibitory : volt
"""
CONDUCTANCE = """
dv/dt = (leak * (rest - v) + ge * (reversal_excitatory - v) + gi * (reversal_inhibitory - v)) / capacitance : volt (unless refractory)
dge/dt = -ge / tau_excitatory : siemens
dgi/dt = -gi / tau_inhibitory : siemens
"""
UNITS = {"leak": brian2.nS, "capacitance": brian2.pF, "tau": brian2.ms, "tau_excitatory": brian2.ms, "tau_inhibitory": brian2.ms}
UNITS |= dict.fromkeys(("rest", "threshold", "reset", "reversal_excitatory", "reversal_inhibitory"), brian2.mV)
brian2.prefs.codegen.target = "numpy"
step = GIVEN["step (ms)"]
brian2.defaultclock.dt = step * brian2.ms
network, groups, monitors = brian2.Network(), [], []
for g, p in enumerate(GIVEN["populations"]):
    conductance = p["kind"] == "ConductanceLIF"
    group = brian2.NeuronGroup(
        p["size"],
        CONDUCTANCE if conductance else CURRENT,
        threshold="v >= threshold",
        reset="v = reset",
        # The step of the spike counts here as the first of the time in which the cell is held.
        refractory=(p["refractory"] + step) * brian2.ms,
        method="exponential_euler" if conductance else "exact",
        namespace={name: p[name] * unit for name, unit in UNITS.items() if name in p},
    )
    unit = brian2.nS if conductance else brian2.mV
    group.v = arrays[f"v{g}"] * brian2.mV
    group.ge, group.gi = arrays[f"e{g}"] * unit, arrays[f"h{g}"] * unit
    groups.append(group)
    monitors.append(brian2.SpikeMonitor(group))
for q, s in enumerate(GIVEN["projections"]):
    inhibits = s["sign"] == "inhibitory"
    conductance = GIVEN["populations"][s["target"]]["kind"] == "ConductanceLIF"
    weight = s["weight"] * brian2.nS if conductance else (-1 if inhibits else 1) * s["weight"] * brian2.mV
    made = brian2.Synapses(
        groups[s["source"]],
        groups[s["target"]],
        on_pre="gi += weight" if inhibits else "ge += weight",
        namespace={"weight": weight},
        delay=s["delay"] * brian2.ms,
    )
    made.connect(i=arrays[f"i{q}"], j=arrays[f"j{q}"])
    network.add(made)
network.add(groups, monitors)
network.run(GIVEN["duration (ms)"] * brian2.ms)
firsts = numpy.cumsum([0, *(p["size"] for p in GIVEN["populations"])])
times = numpy.concatenate([numpy.asarray(m.t / brian2.ms) for m in monitors]) + step
cells = numpy.concatenate([numpy.asarray(m.i) + first for m, first in zip(monitors, firsts)])
'''


@register
class Brian2(Program):
    """Brian2 reads the equations as they stand."""

    name, title, module, order = "brian2", "Brian2", "brian2", 20.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        return {CellRun: self._cell, NetworkRun: self._network}

    @staticmethod
    def _network(run: NetworkRun) -> Script:
        about = "A network in Brian2: python brian2_run.py, with Brian2 installed. Written by Neural Lab, of which it needs nothing."
        return run.script(about, "from pathlib import Path\n\nimport brian2\nimport numpy", NETWORK)

    def _cell(self, run: CellRun) -> Script:
        terms = run.terms
        step = run.dt
        while step > FINEST * (1 + 1e-9):
            step /= 2
        first = name(terms.changes[0][0])
        lines = ["I = stimulus(t) : 1"]
        lines += [f"{name(x)} = {_power(text)} : 1" for x, text in terms.defined]
        for x, text in terms.changes:
            held = " (unless refractory)" if x == first and terms.held else ""
            lines.append(f"d{name(x)}/dt = ({_power(text)}) / ms : 1{held}")
        equations = 'EQUATIONS = """\n' + "\n".join(lines) + '\n"""\n'
        body = CELL.format(
            threshold=f"{first} > level",
            reset="\n".join(f"{name(x)} = {_power(text)}" for x, text in terms.reset),
            # A cell that comes back by itself counts again once it has; a spike's own step counts as the first of those that it is held.
            refractory='GIVEN["held (ms)"] * brian2.ms' if terms.held else f'"{first} > level"' if not terms.reset else "False",
            first=first,
        )
        current, arrays = run.current_given()
        common, expected = run.compared(step)
        given = {
            **common, "step (ms)": step,
            "current": current, "numbers": dict(terms.numbers), "start": dict(terms.start),
            "a spike is a crossing of": terms.level, "held (ms)": terms.held,
        }  # fmt: skip
        about = "One cell in Brian2: python brian2_run.py, with Brian2 installed. Written by Neural Lab, of which it needs nothing."
        imports = "from pathlib import Path\n\nimport brian2\nimport numpy"
        return Script(script(about, imports, given, expected, PIECES + "\n" + equations + body + FIGURES), expected, arrays)


def _power(text: str) -> str:
    return expression(text).replace("^", "**")
