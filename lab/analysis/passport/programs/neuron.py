"""NEURON: the squid axon's membrane as it is built in, every other cell by its equations as a point process."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.analysis.passport.cell import FIGURES, PIECES, CellRun
from lab.analysis.passport.program import Program, register
from lab.analysis.passport.writing import Script, expression, name, script
from lab.model import CellTerms

TOLERANCE = 1e-3  # ms: the variable step finds a spike within it

DRIVE = """
when, height = h.Vector(), h.Vector()
now = 0.0
for steps, value in pieces:
    when.append(now)
    height.append(value)
    now += steps * GIVEN["step of the current (ms)"]
when.append(now)
height.append(height[int(height.size()) - 1])
"""
RUN = """
solver = h.CVode()
solver.active(1)
solver.atol(GIVEN["absolute tolerance"])
solver.condition_order(2)
context = h.ParallelContext()
context.set_maxstep(1000.0)
h.celsius = GIVEN["temperature (C)"]
h.finitialize(GIVEN["start"][GIVEN["potential"]])
context.psolve(GIVEN["potential is compared at (ms)"])
potential = read()
context.psolve(GIVEN["duration (ms)"])
times = list(spikes)
"""
SQUID = '''
h.load_file("stdrun.hoc")
membrane = h.Section(name="membrane")
membrane.L = membrane.diam = 10.0
membrane.cm = GIVEN["numbers"]["C"]
membrane.insert("hh")
channels = membrane(0.5).hh
channels.gnabar, channels.gkbar, channels.gl = (1e-3 * GIVEN["numbers"][g] for g in ("g_Na", "g_K", "g_L"))
channels.el = GIVEN["numbers"]["V_L"]
membrane.ena, membrane.ek = GIVEN["numbers"]["V_Na"], GIVEN["numbers"]["V_K"]
h.usetable_hh = 0  # the tables change the intervals by 0.12 %
clamp = h.IClamp(membrane(0.5))
clamp.delay, clamp.dur = 0.0, 1e9
height.mul(1e-5 * membrane(0.5).area())  # uA/cm2 on this membrane, in nA
height.play(clamp._ref_amp, when)
detector = h.NetCon(membrane(0.5)._ref_v, None, sec=membrane)
detector.threshold = GIVEN["a spike is a crossing of"]
spikes = h.Vector()
detector.record(spikes)


def begin():
    """Put the gates where the run began; the potential is put by finitialize."""
    for gate in ("m", "h", "n"):
        setattr(channels, gate, GIVEN["start"][gate])


started = h.FInitializeHandler(1, begin)


def read():
    """The potential now."""
    return membrane(0.5).v
'''
POINT = '''
folder = tempfile.mkdtemp()
shutil.copy(Path(__file__).with_name("neuron_cell.mod"), folder)
compiler = Path(sys.executable).with_name("nrnivmodl")
subprocess.run([str(compiler)], cwd=folder, check=True, stdout=sys.stderr)
h.nrn_load_dll(str(next(Path(folder).rglob("libnrnmech.*"))))
shutil.rmtree(folder, ignore_errors=True)
place = h.Section(name="place")  # what a point process stands on; nothing flows into it
cell = h.ToldCell(place(0.5))
for number, value in GIVEN["numbers"].items():
    setattr(cell, number, value)
for variable, value in GIVEN["start"].items():
    setattr(cell, f"start_{variable}", value)
cell.level, cell.held = GIVEN["a spike is a crossing of"], GIVEN["held (ms)"]
height.play(cell._ref_I, when)
detector = h.NetCon(cell, None)
spikes = h.Vector()
detector.record(spikes)


def read():
    """The potential now."""
    return getattr(cell, GIVEN["potential"])
'''


@register
class Neuron(Program):
    """NEURON with its variable step, which finds spikes within a thousandth of a millisecond."""

    name, title, module, order = "neuron", "NEURON", "neuron", 10.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        return {CellRun: self._cell}

    def _cell(self, run: CellRun) -> Script:
        terms = run.terms
        squid = terms.kind == "Hodgkin-Huxley"
        current, arrays = run.current_given()
        common, expected = run.compared(max(TOLERANCE, 0.1 * run.dt))
        given = {
            **common, "potential": terms.changes[0][0],
            "current": current, "numbers": dict(terms.numbers), "start": dict(terms.start),
            "a spike is a crossing of": terms.level, "held (ms)": terms.held, "absolute tolerance": 1e-8 if squid else 1e-7,
            "temperature (C)": 6.3 + 10.0 * math.log(terms.numbers["phi"], 3.0) if squid else 6.3,
        }  # fmt: skip
        about = "One cell in NEURON: python neuron_run.py, with NEURON installed{}. Written by Neural Lab, of which it needs nothing."
        if squid:
            text = script(about.format(""), "from pathlib import Path\n\nimport numpy\nfrom neuron import h", given, expected, PIECES + DRIVE + SQUID + RUN + FIGURES)  # fmt: skip
            return Script(text, expected, arrays)
        imports = (
            "import shutil\nimport subprocess\nimport sys\nimport tempfile\nfrom pathlib import Path\n\nimport numpy\nfrom neuron import h"
        )
        text = script(about.format(" and a C++ compiler"), imports, given, expected, PIECES + DRIVE + POINT + RUN + FIGURES)
        return Script(text, expected, arrays, {"neuron_cell.mod": mechanism(terms)})


def _multiplied(text: str) -> str:
    """Whole powers as products: NEURON's translator differentiates an equation by itself, and cannot a power."""
    return re.sub(r"\b(\w+)\^(\d)", lambda found: "(" + " * ".join([found[1]] * int(found[2])) + ")", expression(text))


def mechanism(terms: CellTerms) -> str:
    """The cell as a point process in NEURON's own language; its numbers are given to it from outside."""
    variables = [name(x) for x, _ in terms.changes]
    numbers = [name(x) for x in terms.numbers]
    defined = [name(x) for x, _ in terms.defined]
    first = variables[0]
    lines = [
        f": A cell by its equations ({expression(terms.kind)}). Written by Neural Lab.",
        "NEURON {", "    POINT_PROCESS ToldCell", f"    RANGE I, level, held, going, {', '.join([*numbers, *(f'start_{x}' for x in variables)])}", "}",
        "PARAMETER {", *(f"    {x} = 1" for x in numbers), *(f"    start_{x} = 0" for x in variables), "    I = 0", "    level = 0", "    held = 0", "}",
        f"ASSIGNED {{ going {' '.join(defined)} }}",
        f"STATE {{ {' '.join(variables)} }}",
        "INITIAL {", *(f"    {x} = start_{x}" for x in variables), "    going = 1", "    net_send(0, 1)", "}",
        "BREAKPOINT { SOLVE changes METHOD derivimplicit }",
        "DERIVATIVE changes {", *(f"    {x} = {_multiplied(text)}" for x, text in terms.defined),
        *(f"    {x}' = {'going * ' if x == first else ''}({_multiplied(text)})" for x, text in terms.changes), "}",
        "FUNCTION exprel(x) {", "    if (fabs(x) < 1e-5) { exprel = 1 + x / 2 } else { exprel = (exp(x) - 1) / x }", "}",
        "FUNCTION clip(x, low, high) {", "    clip = x", "    if (x < low) { clip = low }", "    if (x > high) { clip = high }", "}",
        "NET_RECEIVE (weight) {",
        f"    if (flag == 1) {{ WATCH ({first} > level) 2 }}",
        "    if (flag == 2) {", "        net_event(t)", *(f"        {name(x)} = {_multiplied(text)}" for x, text in terms.reset),
        *(["        going = 0", "        net_send(held, 3)"] if terms.held else []), "    }",
        "    if (flag == 3) { going = 1 }", "}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
