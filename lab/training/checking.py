"""Back-propagation of the network as it is now against central differences, in double precision."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lab.tape import Program
from lab.tape.check import STEP, check_gradients

EXAMPLES = 4
ENTRIES = 12  # of each array, spread evenly
ERROR, LIMIT, TRIED, AT = range(4)  # columns of what is kept
# A difference over a kink (ReLU, largest of a pool) is no derivative: the shorter the step, the fewer entries meet one.
SHORT = 1e-7
KINKS = {"leaky", "max_pool", "step"}


@lru_cache(maxsize=2)
def _double(model: Any, shape: Any) -> Program:
    return model.compile(shape, "float64")[0]


def check(model: Any, c: Any, tape: dict) -> np.ndarray:
    """(arrays, 4): largest relative error, its limit, entries tried and step, of each array in the order of `names`.

    The loss is that of the first training examples in training mode: through dropout, noise and the statistics of the minibatch.
    """
    program = _double(model, c.outline)
    state = program.start(0)
    for part in ("parameters", "statistics", "hyper"):
        state[part][:] = tape[part]
    m = c.material
    # Empty paper is the same everywhere: between equal values the largest of a pool has a kink.
    x = m.x[:EXAMPLES] + 0.01 * np.random.default_rng(0).standard_normal(m.x[:EXAMPLES].shape)
    inputs = {name: np.asarray(value, float) for name, value in model.given(x, m.t[:EXAMPLES]).items()}
    kinked = any(instruction.opcode in KINKS for instruction in program.tape.instructions)
    rows = check_gradients(
        program, state, "loss", inputs, wrt=names(c), train=True, kinks=kinked, most=ENTRIES, step=SHORT if kinked else STEP, seed=1
    )  # fmt: skip
    return np.array([[row.error, row.limit, row.entries, float(tape["counters"][0])] for row in rows])


def names(c: Any) -> list[str]:
    """What is checked: every parameter, and the inputs unless they are moved about, which passes no gradient on."""
    tape = c.program.tape
    moved = any(instruction.opcode == "augment" for instruction in tape.instructions)
    return [node.name for node in tape.nodes if node.kind == "parameter"] + ([] if moved else ["x"])


def table(c: Any, checked: np.ndarray) -> list[dict[str, Any]]:
    """A row for each array; before the first check what to do."""
    if not len(checked):
        return [{"array": "Press 'Check gradients'.", "entries tried": "", "largest relative error": "", "limit": "", "": ""}]
    return [
        {
            "array": "inputs x" if name == "x" else name,
            "entries tried": int(row[TRIED]),
            "largest relative error": f"{row[ERROR]:.1e}",
            "limit": f"{row[LIMIT]:.0e}",
        }
        | {"": "agrees" if row[ERROR] < row[LIMIT] else "DIFFERS"}
        for name, row in zip(names(c), checked, strict=True)
    ]


def sentence(checked: np.ndarray) -> str:
    """The outcome in words."""
    wrong = int(np.count_nonzero(~(checked[:, ERROR] < checked[:, LIMIT])))
    worst = f"worst relative error {checked[:, ERROR].max():.1e} at minibatch {checked[0, AT]:.0f}"
    return f"all {len(checked)} arrays agree, {worst}" if not wrong else f"{wrong} of {len(checked)} arrays differ, {worst}"
