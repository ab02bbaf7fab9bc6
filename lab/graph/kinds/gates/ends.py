"""Where values come in, and where they are looked at."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.graph.document import Plain, Port
from lab.graph.kinds.gates.gate import ENDS, OUT, Gate
from lab.params import Described, param


class Input(Described):
    """A value from outside."""

    owner: ClassVar[str] = "input"
    value: float = param(0.0, lo=-1000, hi=1000, doc="The value; in a truth table every combination of 0 and 1 takes its place.", main=True)


KINDS = (
    Gate(
        "input", "Input", Input, (), OUT, "A value from outside", "mdi6.arrow-right-bold-circle-outline", ENDS, "I",
        place=10, caption=lambda value: "", role="begin",
    ),
    Gate(
        "output", "Output", Plain, (Port("in", many=False),), (), "A value that is looked at", "mdi6.arrow-right-bold-circle", ENDS, "Y",
        place=11, caption=lambda value: "", role="end", slope=lambda value, x, w: w * np.ones_like(x),
        told=lambda value, parts, own: f"{', '.join(t for t, _, _ in parts) or 'nothing'} = {own:g}",
    ),
)  # fmt: skip
