"""Gates of logic: they take values of at least 1/2 as true, whatever the weights of their wires are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lab.graph.document import Plain, Port
from lab.graph.kinds.gates.gate import GATES, OUT, Gate

LOGIC: dict[str, tuple[str, Callable[[np.ndarray], Any]]] = {
    "and": ("AND", lambda x: x.all(0)),
    "or": ("OR", lambda x: x.any(0)),
    "nand": ("NAND", lambda x: ~x.all(0)),
    "nor": ("NOR", lambda x: ~x.any(0)),
    "xor": ("XOR", lambda x: x.sum(0) % 2 == 1),
    "not": ("NOT", lambda x: ~x.any(0)),
}
_KEYS = {"and": "A", "or": "O", "nand": "D", "nor": "R", "xor": "X", "not": "N"}


def _gate(place: int, name: str, title: str, truth: Callable[[np.ndarray], Any]) -> Gate:
    return Gate(
        name, title, Plain, (Port("in", many=name != "not"),), OUT, f"Logical {title} of its inputs", f"mdi6.gate-{name}", GATES, _KEYS[name],
        place=place, caption=lambda value: title, value=lambda value, x, w: truth(x >= 0.5).astype(float),
        told=lambda value, parts, own: f"{title}({', '.join(f'{t} = {v:g}' for t, _, v in parts)}) = {own:g}",
    )  # fmt: skip


KINDS = tuple(_gate(21 + k, name, *known) for k, (name, known) in enumerate(LOGIC.items()))
