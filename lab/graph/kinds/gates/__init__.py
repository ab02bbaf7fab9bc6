"""Logic gates and free units; a new file in this folder that holds `KINDS` is found by itself.

A file of a person's own adds a kind with `lab.graph.document.extend("gates", kind)`.
"""

from lab.graph.document import Family, register
from lab.graph.kinds import listed
from lab.graph.kinds.gates.circuit import (
    MOST_INPUTS,
    Program,
    Row,
    arithmetic,
    census,
    check,
    compiled,
    handle,
    kind_of,
    label,
    loop,
    size,
    totals,
    words,
)
from lab.graph.kinds.gates.ends import Input
from lab.graph.kinds.gates.free import FUNCTIONS, Free
from lab.graph.kinds.gates.gate import IN, OUT, Gate, Part, Weight, weighted_sum
from lab.graph.kinds.gates.logical import LOGIC
from lab.graph.kinds.gates.templates import TEMPLATES, composed, half_adder, logic, parity, perceptron
from lab.graph.kinds.gates.threshold import Threshold

__all__ = [
    "FUNCTIONS", "IN", "LOGIC", "MOST_INPUTS", "OUT", "Free", "Gate", "Input", "Part", "Program", "Row", "Threshold", "Weight", "arithmetic", "compiled",
    "composed", "half_adder", "kind_of", "logic", "loop", "parity", "perceptron", "size", "weighted_sum",
]  # fmt: skip

register(
    Family(
        "gates", "Gates and units", listed(__name__, __path__), check=check, templates=TEMPLATES, label=label, size=size, totals=totals, census=census,
        arithmetic=arithmetic, words=words, handle=handle,
    )
)  # fmt: skip
