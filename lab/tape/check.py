"""Gradients against central differences, in float64: for every operation and for whole programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import ParameterError
from lab.tape.builder import Tape
from lab.tape.listing import Node
from lab.tape.program import Program
from lab.tape.registry import CASES, Case

STEP = 1e-5
SMOOTH, KINKED = 1e-6, 1e-4  # largest relative errors
# Below this size a gradient is compared absolutely: rounding of the loss alone gives the difference quotient an error of
# 1e-16 / STEP = 1e-11, so that smaller gradients (a bias in front of a batch norm: exactly 0) have no relative error.
FLOOR = 1e-4


@dataclass(frozen=True)
class GradientRow:
    """One array checked: its name, the largest difference relative to its largest gradient, and what is allowed."""

    name: str
    error: float
    limit: float
    entries: int

    @property
    def passed(self) -> bool:
        """Whether the error is below the limit (a NaN is not)."""
        return bool(self.error < self.limit)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, relative to the largest entry of either array."""
    scale = max(np.abs(found).max(initial=0.0), np.abs(expected).max(initial=0.0), FLOOR)
    return float(np.abs(found - expected).max(initial=0.0) / scale)


def central_difference(
    program: Program, state: dict, root: Node, weights: np.ndarray, array: np.ndarray, index: int, inputs: dict, *, train: bool = False,
    step: float = STEP, seed: int = 0
) -> float:  # fmt: skip
    """(L(v + h) - L(v - h)) / 2h for the entry `index` of `array`, a view of the state or of the inputs; L = sum(weights * root).

    Free nodes stay where they came to rest before: back-propagation takes that as given.
    """
    free = {
        node.name: node for settling in program.tape.settlings for node in settling.free if node.index in program.tape.ancestors([root])
    }
    held = dict(zip(free, program.forward(state, list(free.values()), train=train, seed=seed, **inputs), strict=True)) if free else {}
    flat, losses = array.reshape(-1), []
    kept = flat[index]
    for moved in (kept + step, kept - step):
        flat[index] = moved
        losses.append(float((program.forward(state, root, train=train, seed=seed, replace=held, **inputs) * weights).sum()))
    flat[index] = kept
    return (losses[0] - losses[1]) / (2 * step)


def check_gradients(
    program: Program, state: dict[str, np.ndarray], of: Node | str, inputs: dict[str, Any], *, wrt: list[str] | None = None,
    train: bool = False, kinks: bool = False, weights: np.ndarray | None = None, most: int = 40, step: float = STEP, seed: int = 0
) -> list[GradientRow]:  # fmt: skip
    """Compare back-propagated gradients of `of` with central differences, for parameters and inputs, one row each.

    The program must be compiled for float64 (in float32 the comparison means nothing). `most` entries of each array are
    tried, spread evenly. The default weights take the batch mean.
    """
    if program.dtype != "float64":
        raise ParameterError(
            "tape: the gradient check needs float64 (the program is float32); compile it with dtype='float64'.", owner="tape"
        )
    root = program.tape.find(of) if isinstance(of, str) else of
    inputs = {name: np.array(value, float) for name, value in inputs.items()}
    state = {name: value.copy() for name, value in state.items()}
    reached = program.tape.ancestors([root])
    arrays = {name: value for name, value in program.parameters(state).items() if program.tape.find(name).index in reached}
    arrays |= {name: v for name, v in inputs.items() if not program.tape.find(name).classes and program.tape.find(name).index in reached}
    names = list(arrays) if wrt is None else wrt
    count = len(next(iter(inputs.values()))) if inputs else program.batch
    shape = (count, *root.shape) if root.batched else root.shape
    if weights is None:
        weights = np.full(shape, 1.0 / (count if root.batched else 1))
    analytic = program.gradients(state, root, names, weights=weights, train=train, seed=seed, **inputs)
    rows = []
    for name, gradient in zip(names, analytic, strict=True):
        size = gradient.size
        chosen = np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))
        numeric = [
            central_difference(program, state, root, weights, arrays[name], i, inputs, train=train, step=step, seed=seed) for i in chosen
        ]
        rows.append(
            GradientRow(name, relative_error(gradient.reshape(-1)[chosen], np.array(numeric)), KINKED if kinks else SMOOTH, len(chosen))
        )
    return rows


def case_program(case: Case, dtype: str = "float64") -> tuple[Program, dict[str, np.ndarray], Node, dict[str, np.ndarray]]:
    """Program, state, node under test and inputs of a case, with seeded values; parameters are moved away from zero."""
    random = np.random.default_rng(11)
    tape, arrays, nodes = Tape(), {}, {}
    for name, value in case.inputs.items():
        arrays[name] = random.normal(size=(3, *value)) if isinstance(value, tuple) else np.asarray(value, float)
        whole = name == "labels" and arrays[name].ndim >= 1 and (arrays[name] == np.floor(arrays[name])).all()
        nodes[name] = (
            tape.labels(name, int(arrays[name].max()) + 1, arrays[name].shape[1:]) if whole else tape.input(name, arrays[name].shape[1:])
        )
    root = case.build(tape, **nodes)
    program = tape.compile(batch=3, dtype=dtype)
    state = program.start(5)
    state["parameters"][:] += 0.3 * random.normal(size=state["parameters"].size)
    return program, state, root, arrays


def check_case(case: Case) -> list[GradientRow]:
    """Gradient check of one operation's case, with random weights on its output."""
    program, state, root, arrays = case_program(case)
    shape = (len(next(iter(arrays.values()))), *root.shape) if root.batched else root.shape
    weights = np.random.default_rng(12).normal(size=shape)
    names = [n for n in arrays if not (n == "labels")] + list(program.parameters(state))
    return check_gradients(program, state, root, arrays, wrt=names, train=case.train, kinks=case.kinks, weights=weights)


def check_operations() -> list[tuple[str, GradientRow]]:
    """Every case of every operation that has a gradient."""
    return [(case.name, row) for case in CASES if case.smooth for row in check_case(case)]
