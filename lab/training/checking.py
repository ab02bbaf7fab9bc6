"""Back-propagation of the network as it is now against central differences, in double precision."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lab.tape import Program
from lab.tape.check import STEP, central_difference, check_gradients
from lab.tape.interpreter import STEP as COUNTED

EXAMPLES = 4
ENTRIES = 12  # of each array, spread evenly
ERROR, LIMIT, TRIED, AT = range(4)  # columns of what is kept
OBJECTIVE, PLACE, BACK, DIFFERENCE, WHEN = range(5)  # columns of what is kept of a single weight
# A difference over a kink (ReLU, largest of a pool) is no derivative: the shorter the step, the fewer entries meet one.
SHORT = 1e-7
KINKS = {"leaky", "max_pool", "step"}


def jittered(x: np.ndarray) -> np.ndarray:
    """Values moved a little: empty paper is the same everywhere, and between equal values the largest of a pool has a kink."""
    return x + 0.01 * np.random.default_rng(0).standard_normal(x.shape)


@lru_cache(maxsize=2)
def _double(model: Any, shape: Any) -> Program:
    return model.compile(shape, "float64")[0]


def _prepared(model: Any, c: Any, state: dict, tape: dict) -> tuple[Program, dict, dict, bool]:
    """The program in double precision, its state as the network stands, a few samples, and whether there are kinks."""
    program = _double(model, c.outline)
    double = program.start(0)
    for part in ("parameters", "statistics", "hyper"):
        double[part][:] = tape[part]
    kinked = any(instruction.opcode in KINKS for instruction in program.tape.instructions)
    return program, double, model.check_samples(c, state), kinked


def check(model: Any, c: Any, state: dict, tape: dict) -> np.ndarray:
    """(arrays, 4): largest relative error, its limit, entries tried and step, of each array in the order of `names`.

    The loss is that of the first training examples in training mode: through dropout, noise and the statistics of the minibatch.
    """
    program, double, inputs, kinked = _prepared(model, c, state, tape)
    found = []
    for objective, arrays in names(model, c):
        rows = check_gradients(
            program, double, objective.loss, inputs, wrt=arrays, train=True, kinks=kinked, most=ENTRIES, step=SHORT if kinked else STEP, seed=1
        )  # fmt: skip
        found += [[row.error, row.limit, row.entries, float(tape["counters"][COUNTED])] for row in rows]
    return np.array(found)


def check_one(model: Any, c: Any, state: dict, tape: dict, index: int) -> np.ndarray:
    """(objectives that move it, 5): which one, place of the weight, gradient by back-propagation, central difference, and step."""
    program, double, inputs, kinked = _prepared(model, c, state, tape)
    found = []
    name, entry = _named(program, index)
    for k, (objective, arrays) in enumerate(names(model, c)):
        if name not in arrays:
            continue
        root = program.tape.find(objective.loss)
        weights = np.full((len(next(iter(inputs.values()))) if inputs else program.batch,) if root.batched else (), 1.0)
        weights /= weights.size
        back = program.gradients(double, root, [name], weights=weights, train=True, seed=1, **inputs)[0].ravel()[entry]
        array = program.parameters(double)[name]
        difference = central_difference(
            program, double, root, weights, array, entry, inputs, train=True, step=SHORT if kinked else STEP, seed=1
        )
        found.append([float(k), float(index), float(back), difference, float(tape["counters"][COUNTED])])
    return np.array(found).reshape(-1, 5)


def _named(program: Program, index: int) -> tuple[str, int]:
    """(parameter, entry) of a place among all weights."""
    for node in program.tape.nodes:
        if node.kind == "parameter" and 0 <= index - program.layout.offsets[node.index] < node.size:
            return node.name, index - program.layout.offsets[node.index]
    raise AssertionError("every place belongs to a parameter")


def names(model: Any, c: Any) -> list[tuple[Any, list[str]]]:
    """What is checked of each objective: every parameter it moves; and the inputs, unless they are moved about, which passes no gradient on."""
    tape = c.program.tape
    moved = any(instruction.opcode == "augment" for instruction in tape.instructions)
    found = []
    for objective in model.objectives:
        reached = tape.ancestors([tape.find(objective.loss)])
        own = objective.moved(tape) or [node for node in tape.nodes if node.kind == "parameter"]
        known = [node.name for node in own if len(model.objectives) == 1 or node.index in reached]
        inputs = [
            node.name for node in tape.nodes if node.kind == "input" and not node.classes and node.name == "x" and node.index in reached
        ]
        found.append((objective, known + ([] if moved else inputs)))
    return found


def table(model: Any, c: Any, checked: np.ndarray) -> list[dict[str, Any]]:
    """A row for each array; before the first check what to do."""
    if not len(checked):
        return [{"array": "Press 'Check gradients'.", "entries tried": "", "largest relative error": "", "limit": "", "": ""}]
    several = len(model.objectives) > 1
    if checked.shape[1] == 5:
        return [_one(model, c, row) for row in checked]
    labels = [
        ("inputs x" if name == "x" else name) + (f" ({objective.name})" if several else "")
        for objective, arrays in names(model, c)
        for name in arrays
    ]
    return [
        {"array": name, "entries tried": int(row[TRIED]), "largest relative error": f"{row[ERROR]:.1e}", "limit": f"{row[LIMIT]:.0e}"}
        | {"": "agrees" if row[ERROR] < row[LIMIT] else "DIFFERS"}
        for name, row in zip(labels, checked, strict=True)
    ]


def _one(model: Any, c: Any, row: np.ndarray) -> dict[str, Any]:
    name, entry = _named(c.program, int(row[PLACE]))
    at = np.unravel_index(entry, c.program.tape.find(name).shape)
    objective = model.objectives[int(row[OBJECTIVE])]
    wrt = f"d {objective.name} / d {name}[{', '.join(str(int(k)) for k in at)}]"
    return {"derivative": wrt, "back-propagation": f"{row[BACK]:.8g}", "central difference": f"{row[DIFFERENCE]:.8g}"} | {
        "difference": f"{abs(row[BACK] - row[DIFFERENCE]):.1e}"
    }


def said(model: Any, c: Any, checked: np.ndarray) -> str:
    """The single weight that was checked last, in words; nothing where all were."""
    if not len(checked) or checked.shape[1] != 5:
        return ""
    row = _one(model, c, checked[0])
    return f"{row['derivative']} = {row['back-propagation']} by back-propagation, {row['central difference']} by a central difference"


def sentence(checked: np.ndarray) -> str:
    """The outcome in words."""
    if checked.shape[1] == 5:
        row = checked[0]
        return f"{row[BACK]:.6g} by back-propagation, {row[DIFFERENCE]:.6g} by a central difference, at minibatch {row[WHEN]:.0f}"
    wrong = int(np.count_nonzero(~(checked[:, ERROR] < checked[:, LIMIT])))
    worst = f"worst relative error {checked[:, ERROR].max():.1e} at minibatch {checked[0, AT]:.0f}"
    return f"all {len(checked)} arrays agree, {worst}" if not wrong else f"{wrong} of {len(checked)} arrays differ, {worst}"
