"""Boolean functions as threshold gates: which need one gate and why, formulas and tables compiled to circuits, simplified."""

from __future__ import annotations

import ast
from itertools import product

import numpy as np

from lab.errors import ParameterError
from lab.graph.document import Graph
from lab.graph.kinds.gates import MOST_INPUTS


def patterns(inputs: int) -> np.ndarray:
    """All 2^n input patterns, (2^n, n); the first input changes slowest."""
    return np.array(list(product((0, 1), repeat=inputs)), float).reshape(-1, inputs)


def single_gate(table: tuple[int, ...]) -> tuple[np.ndarray, float] | None:
    """Weights and threshold of one gate with this truth table, or None where there is none (a linear program)."""
    from scipy.optimize import linprog

    n = _inputs(table)
    x, t = patterns(n), np.array(table)
    # w.x >= theta for ones, w.x <= theta - 1 for zeros, with the smallest sum of |w| (w = p - q).
    rows = np.column_stack([-x, x, np.ones(len(x))]) * np.where(t > 0, 1.0, -1.0)[:, None]
    right = np.where(t > 0, 0.0, -1.0)
    bounds = [(0, None)] * (2 * n) + [(None, None)]
    found = linprog(np.r_[np.ones(2 * n), 0.0], A_ub=rows, b_ub=right, bounds=bounds)
    if found.status != 0:
        return None
    w = found.x[:n] - found.x[n : 2 * n]
    sums = x @ w
    ones, zeros = sums[t > 0], sums[t == 0]
    # In the middle between the classes; a constant function lies on one side of everything.
    theta = (ones.min() + zeros.max()) / 2 if len(ones) and len(zeros) else (ones.min() if len(ones) else zeros.max() + 1)
    return np.round(w, 9), float(np.round(theta, 9))


def why_not(table: tuple[int, ...]) -> str:
    """The proof that no single gate does it: a mixture of ones that equals a mixture of zeros (Farkas' lemma)."""
    from scipy.optimize import linprog

    x, t = patterns(_inputs(table)), np.array(table)
    ones, zeros = x[t > 0], x[t == 0]
    left = np.vstack(
        [
            np.column_stack([ones.T, -zeros.T]),
            np.r_[np.ones(len(ones)), np.zeros(len(zeros))],
            np.r_[np.zeros(len(ones)), np.ones(len(zeros))],
        ]
    )
    found = linprog(np.zeros(len(x)), A_eq=left, b_eq=np.r_[np.zeros(x.shape[1]), 1.0, 1.0])
    if found.status != 0:
        return ""
    a, b = found.x[: len(ones)], found.x[len(ones) :]

    def mix(points: np.ndarray, shares: np.ndarray) -> str:
        return " and ".join(f"({', '.join(f'{v:.0f}' for v in p)})" for p, s in zip(points, shares, strict=True) if s > 1e-9)

    where = ", ".join(f"{v:.3g}" for v in a @ ones)
    shape = {1: "point", 2: "line", 3: "plane"}.get(x.shape[1], "hyperplane")
    return f"Not one gate: the ones {mix(ones, a)} and the zeros {mix(zeros, b)} mix to the same point ({where}), so no {shape} has them on different sides."


def implicants(table: tuple[int, ...]) -> list[tuple[int | None, ...]]:
    """A small cover by prime implicants (Quine 1952, McCluskey 1956), chosen greedily; None: this input does not matter."""
    n = _inputs(table)
    terms: set[tuple[int | None, ...]] = {tuple(map(int, p)) for p, v in zip(patterns(n), table, strict=True) if v}
    wanted, primes = set(terms), set()
    while terms:
        merged: set[tuple[int | None, ...]] = set()
        used = set()
        for term in terms:
            for k, v in enumerate(term):
                other = (*term[:k], 1 - v, *term[k + 1 :]) if v is not None else None
                if other in terms:
                    merged.add((*term[:k], None, *term[k + 1 :]))
                    used |= {term, other}
        primes |= terms - used
        terms = merged
    chosen: list[tuple[int | None, ...]] = []

    def covers(prime: tuple[int | None, ...]) -> set[tuple[int | None, ...]]:
        return {w for w in wanted if all(p is None or p == v for p, v in zip(prime, w, strict=True))}

    while wanted:
        best = max(sorted(primes, key=str), key=lambda p: len(covers(p)))
        wanted -= covers(best)
        chosen.append(best)
    return chosen


def circuit(table: tuple[int, ...], names: tuple[str, ...] = ()) -> Graph:
    """Threshold gates that compute a truth table: one gate where one can, counting gates for symmetric functions, else AND into OR."""
    n = _inputs(table)
    if len(names) != n:
        names = tuple(f"x{k + 1}" for k in range(n))
    graph = Graph("gates")
    xs = []
    for k, name in enumerate(names):
        graph, x = graph.add_node("input", 0, 120 * k, name)
        xs.append(x)
    found = single_gate(table)
    if found is not None:
        weights, threshold = found
        graph, gate = graph.add_node("threshold", 220, 60 * (n - 1), "gate", threshold=threshold)
        graph = _wire(graph, xs, weights, gate)
    elif (levels := _symmetric(table)) is not None:
        graph, gate = graph.add_node("threshold", 440, 60 * (n - 1), "gate", threshold=0.5 - levels[0])
        for count in range(1, n + 1):
            step = levels[count] - levels[count - 1]
            if step:
                graph, hidden = graph.add_node("threshold", 220, 120 * (count - 1), f"at least {count}", threshold=float(count))
                graph = _wire(graph, xs, np.ones(n), hidden)
                graph, _ = graph.connect(hidden, gate, weight=float(step))
    else:
        terms = implicants(table)
        single = [t for t in terms if sum(v is not None for v in t) == 1]
        negative = sum(v == 0 for t in single for v in t)
        graph, gate = graph.add_node("threshold", 440, 60 * (n - 1), "or", threshold=1.0 - negative)
        for k, term in enumerate(terms):
            weights = np.array([0.0 if v is None else 2.0 * v - 1.0 for v in term])
            if term in single:
                graph = _wire(graph, xs, weights, gate)
                continue
            graph, hidden = graph.add_node("threshold", 220, 120 * k, "and", threshold=float((weights > 0).sum()))
            graph = _wire(graph, xs, weights, hidden)
            graph, _ = graph.connect(hidden, gate)
    graph, y = graph.add_node("output", 640, 60 * (n - 1), "y")
    return graph.connect(gate, y)[0]


def _wire(graph: Graph, sources: list[str], weights: np.ndarray, target: str) -> Graph:
    for source, weight in zip(sources, weights.tolist(), strict=True):
        if weight:
            graph, _ = graph.connect(source, target, weight=weight)
    return graph


def _symmetric(table: tuple[int, ...]) -> list[int] | None:
    """Value for each number of ones, where nothing else matters."""
    counts = patterns(_inputs(table)).sum(1).astype(int)
    levels = [{v for v, c in zip(table, counts, strict=True) if c == k} for k in range(counts.max() + 1)]
    return [level.pop() for level in levels] if all(len(level) == 1 for level in levels) else None


def _inputs(table: tuple[int, ...]) -> int:
    n = len(table).bit_length() - 1
    if len(table) != 1 << n or not 1 <= n <= MOST_INPUTS or not set(table) <= {0, 1}:
        raise ParameterError(
            f"text: a truth table needs 2, 4, 8 ... {1 << MOST_INPUTS} digits 0 or 1 (got {len(table)}): give one for each pattern.",
            names=("text",),
        )
    return n


def read(text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Truth table and names of the inputs, from digits ("0110") or from a formula ("a and not b", "a ^ b & c")."""
    bare = text.replace(" ", "").replace(",", "")
    if bare and set(bare) <= {"0", "1"} and len(bare) > 1:
        table = tuple(int(c) for c in bare)
        return table, tuple(f"x{k + 1}" for k in range(_inputs(table)))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ParameterError(
            f"text: '{text[:60]}' is no formula: write names with and, or, not, ^ and brackets, or the digits of a truth table.",
            names=("text",),
        ) from None
    names = tuple(sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}))
    if not 1 <= len(names) <= MOST_INPUTS:
        raise ParameterError(f"text: a formula needs 1 to {MOST_INPUTS} different names (got {len(names)}): use fewer.", names=("text",))
    columns = dict(zip(names, patterns(len(names)).T > 0.5, strict=True))
    return tuple(_truth(tree, columns).astype(int).tolist()), names


def _truth(tree: ast.AST, columns: dict[str, np.ndarray]) -> np.ndarray:
    if isinstance(tree, ast.Name):
        return columns[tree.id]
    if isinstance(tree, ast.Constant) and tree.value in (0, 1):
        return np.full(len(next(iter(columns.values()))), bool(tree.value))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.Not, ast.Invert)):
        return ~_truth(tree.operand, columns)
    if isinstance(tree, ast.BoolOp):
        parts = [_truth(v, columns) for v in tree.values]
        return np.logical_and.reduce(parts) if isinstance(tree.op, ast.And) else np.logical_or.reduce(parts)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
        one, other = _truth(tree.left, columns), _truth(tree.right, columns)
        return one & other if isinstance(tree.op, ast.BitAnd) else one | other if isinstance(tree.op, ast.BitOr) else one ^ other
    raise ParameterError("text: a formula may hold names, 0, 1, and, or, not, &, |, ^, ~ and brackets: remove the rest.", names=("text",))
