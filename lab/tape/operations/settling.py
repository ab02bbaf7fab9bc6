"""Values that a pass moves by itself: attacks on inputs, states that settle, before anything is learned from them.

    x -> free a = x + noise -> ... -> loss(a)
                 ^                      |
                 '-- steps times: a <- project(a -+ rate * rule(d loss / d a))

A *free* node starts each pass as a copy of another and is then moved along the gradient of an inner loss, each sample along its
own. After the last step everything that depends on it has the values of where it came to rest, so that an outer loss may go on from
the very same nodes. The steps are instructions like all others (`lab/tape/layout.py` writes the loop, the interpreter jumps back), so
they run inside a training step, an evaluation or alone, without returning to Python.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lab.errors import ModelError, ParameterError, near
from lab.kernels import kernel
from lab.tape.elementary import move
from lab.tape.listing import Listing, Node, Settling, shape_of
from lab.tape.registry import AUX, DOUT, FLOATS, INTS, OUT, SIZE, X, case, opcode, operation

RULES = ("gradient", "sign", "normalised")
RATE, STEPS, EPS, LOW, HIGH = range(5)  # live numbers of a settling, from f[r[FLOATS]] on
RULE, ASCEND, NORM, BALL, BATCHED_CENTRE = range(5)  # integers of its instructions, from r[INTS] on


@kernel
def free_forward(a, r, f, n, train, random):
    if r[X] < 0:
        v, value = a[r[OUT] : r[OUT] + n * r[SIZE]], a.dtype.type(f[r[FLOATS]])
        for i in range(v.size):
            v[i] = value
    elif r[INTS]:
        move(a, r[OUT], r[X], n * r[SIZE])
    else:
        for s in range(n):
            move(a, r[OUT] + s * r[SIZE], r[X], r[SIZE])


@kernel
def confine(a, r, f, n):
    """Put the free values back into the ball around their centre, then into their range; a NaN stays one."""
    low, high = a.dtype.type(f[r[FLOATS] + LOW]), a.dtype.type(f[r[FLOATS] + HIGH])
    eps = a.dtype.type(f[r[FLOATS] + EPS])
    for s in range(n):
        v = a[r[OUT] + s * r[SIZE] : r[OUT] + (s + 1) * r[SIZE]]
        if r[INTS + BALL]:
            first = r[X] + (s * r[SIZE] if r[INTS + BATCHED_CENTRE] else 0)
            c = a[first : first + r[SIZE]]
            if r[INTS + NORM] == 2:
                square = 0.0
                for i in range(v.size):
                    square += (v[i] - c[i]) * (v[i] - c[i])
                if square > eps * eps:
                    factor = a.dtype.type(eps / math.sqrt(square))
                    for i in range(v.size):
                        v[i] = c[i] + (v[i] - c[i]) * factor
            else:
                for i in range(v.size):
                    value = v[i]
                    value = c[i] - eps if value < c[i] - eps else value
                    v[i] = c[i] + eps if value > c[i] + eps else value
        for i in range(v.size):
            value = v[i]
            value = low if value < low else value
            v[i] = high if value > high else value


@kernel
def settle_confine(a, r, f, n, train, random):
    confine(a, r, f, n)


@kernel
def settle_move(a, r, f, n, train, random):
    """One step of the free values along their gradient (up where they ascend), each sample by itself, and back into bounds."""
    real = a.dtype.type
    rate = real(f[r[FLOATS] + RATE] if r[INTS + ASCEND] else -f[r[FLOATS] + RATE])
    for s in range(n):
        v, g = a[r[OUT] + s * r[SIZE] : r[OUT] + (s + 1) * r[SIZE]], a[r[DOUT] + s * r[SIZE] : r[DOUT] + (s + 1) * r[SIZE]]
        if r[INTS + RULE] == 1:
            for i in range(v.size):
                v[i] += rate if g[i] > real(0) else -rate if g[i] < real(0) else real(0) * g[i]  # a NaN passes
        else:
            factor = rate
            if r[INTS + RULE] == 2:
                square = 0.0
                for i in range(v.size):
                    square += g[i] * g[i]
                factor = real(rate / math.sqrt(square)) if square != 0.0 else real(0)
            for i in range(v.size):
                v[i] += factor * g[i]
    confine(a, r, f, n)  # not the instruction: who names the generator counts as one that draws


@kernel
def settle_seed(a, r, f, n, train, random):
    """Begin the gradient of the inner loss: 1 for every sample, so that each moves along its own."""
    for i in range(r[DOUT], r[DOUT] + n):
        a[i] = 1


@kernel
def settle_trace(a, r, f, n, train, random):
    """Write the inner loss of every sample down at the present step and all later ones."""
    step, length = int(a[r[AUX]]), r[SIZE]
    for s in range(n):
        for k in range(step, length):
            a[r[OUT] + s * length + k] = a[r[X] + s]


opcode("free", free_forward, either=(0,))
opcode("settle_confine", settle_confine)
opcode("settle_move", settle_move)
opcode("settle_seed", settle_seed)
opcode("settle_trace", settle_trace)


@operation
def free(tape: Listing, name: str, shape: int | Sequence[int], *, start: Node | float = 0.0) -> Node:
    """A value that `settle` moves within each pass; it starts as a copy of `start`, a node of its shape or a number.

    No gradient flows from it into its start: what it came to is given, as an input is.
    """
    shape = shape_of(name, shape)
    if isinstance(start, Node):
        if start.shape != shape:
            raise ModelError(
                f"tape: free '{name}' of shape {shape} cannot start from '{start.name}' of shape {start.shape}; make them equal."
            )
        return tape.emit("free", [start], shape, name=name, ints=(int(start.batched),), batched=start.batched)
    return tape.emit("free", [None], shape, name=name, floats={"start": (float(start), -math.inf, math.inf)}, batched=True)


@operation
def settle(
    tape: Listing,
    loss: Node,
    free: Sequence[Node],
    *,
    steps: int,
    rate: float,
    rule: str = "gradient",
    ascend: bool = False,
    ball: tuple[Node, float] | None = None,
    norm: float = math.inf,
    low: float = -math.inf,
    high: float = math.inf,
    name: str | None = None,
) -> Node:
    """Move the `free` nodes `steps` times along the gradient of `loss` wherever they are used; returns the loss of each step.

    The result has the shape (steps + 1,) per sample: the inner loss before the first step and after each one. In every step a
    sample moves down (ascend=True: up) by `rate` times its own gradient, its sign ("sign") or its direction of length 1
    ("normalised"), then back into the ball of radius eps around a node (ball=(node, eps), in the maximum norm or norm=2) and into the
    range from low to high; where it starts is put into both, too. The inner steps run in evaluation mode (no dropout, running
    statistics), whatever the mode of the pass, which is given back after them. Live: `<name>.rate`, `.steps` (up to
    the given number), `.eps`, `.low`, `.high`.

    Parameters get the gradient of an outer loss at the values where the free nodes came to rest, not through the way there
    (Madry et al. 2018 for attacks; in predictive coding this is the rule of learning).
    """
    name = tape.free_name(name, "settle")
    free = tuple(free)
    if rule not in RULES:
        raise ParameterError(f"tape: settle '{name}' has the rule '{rule}'; {near(rule, RULES)}", owner="tape", names=("rule",))
    if norm not in (2, math.inf):
        raise ParameterError(
            f"tape: settle '{name}' measures its ball in the norm {norm}; choose 2 or math.inf.", owner="tape", names=("norm",)
        )
    if int(steps) != steps or not 0 <= steps <= 100_000:
        raise ParameterError(
            f"tape: settle '{name}' takes {steps} steps; give a whole number from 0 to 100000.", owner="tape", names=("steps",)
        )
    if loss.size != 1 or loss.stopped:
        raise ModelError(f"tape: settle '{name}' needs one number per sample, but '{loss.name}' has the shape {loss.shape}; sum it first.")
    made = {instruction.out for instruction in tape.instructions if instruction.opcode == "free"}
    behind = tape.ancestors([loss])
    for node in free:
        if node.index not in made:
            raise ModelError(
                f"tape: settle '{name}' cannot move '{node.name}', which is no free node; make it with free(name, shape, start=)."
            )
        if node.index not in behind:
            raise ModelError(f"tape: settle '{name}' moves '{node.name}', on which its loss '{loss.name}' does not depend; leave it out.")
    if not free:
        raise ModelError(f"tape: settle '{name}' was given no free node to move.")
    centre, eps = ball if ball is not None else (None, 0.0)
    if centre is not None:
        if len(free) != 1 or centre.shape != free[0].shape or (centre.batched and not free[0].batched):
            raise ModelError(
                f"tape: the ball of settle '{name}' around '{centre.name}' of shape {centre.shape} holds one free node of that shape; settle others apart."
            )
        if tape.ancestors([centre]) & {node.index for node in free}:
            raise ModelError(
                f"tape: the ball of settle '{name}' around '{centre.name}' moves with what it holds; give a node that does not."
            )
    if not low <= high:
        raise ParameterError(
            f"tape: settle '{name}' has the range {low:g} to {high:g}; the lower end comes first.", owner="tape", names=("low",)
        )
    floats = {
        "rate": (float(rate), 0.0, math.inf),
        "steps": (float(steps), 0.0, float(steps)),
        "eps": (float(eps), 0.0, math.inf),
        "low": (float(low), -math.inf, math.inf),
        "high": (float(high), -math.inf, math.inf),
    }
    where = tape.add_floats(name, floats)
    trace = tape.empty(name, (int(steps) + 1,), loss.batched)
    counter = tape.node(tape.free_name(None, f"{name}.scratch"), "scratch", (2,), False)  # one for each of two threads
    ints = [0] * 5
    ints[RULE], ints[ASCEND], ints[NORM], ints[BALL] = RULES.index(rule), int(ascend), 2 if norm == 2 else 0, int(centre is not None)
    ints[BATCHED_CENTRE] = int(centre is not None and centre.batched)
    tape.settlings.append(Settling(name, loss, free, len(tape.instructions), where, tuple(ints), centre, trace, counter))
    return trace


def _quadratic(t, x, **marks):
    """A free value pulled to 3 x from x, with what came of it and the loss of each step side by side."""
    v = t.free("v", x.shape, start=x)
    loss = t.squared_error(v, x * 3.0)
    trace = t.settle(loss, [v], steps=4, rate=0.5, **marks)
    return t.concatenate([v, t.reshape(loss, (1,)), trace])


def _settled(x, rule=lambda g: g, bound=lambda v, x: v, sign=-1.0):
    v = bound(x.copy(), x)
    losses = [0.5 * ((v - 3 * x) ** 2).sum(-1)]
    for _ in range(4):
        v = bound(v + sign * 0.5 * rule(v - 3 * x), x)
        losses.append(0.5 * ((v - 3 * x) ** 2).sum(-1))
    return np.concatenate([v, losses[-1][:, None], np.stack(losses, -1)], -1)


def _length(g):
    return g / np.sqrt((g * g).sum(-1, keepdims=True))


def _shortened(d, eps):
    return d * np.minimum(1, eps / np.maximum(np.sqrt((d * d).sum(-1, keepdims=True)), 1e-30))


case("settle", {"x": (3,)}, _quadratic, _settled, smooth=False)
case("settle, by sign in a box, upwards", {"x": (3,)}, lambda t, x: _quadratic(t, x, rule="sign", ascend=True, ball=(x, 0.7), low=-1.0, high=1.0),
     lambda x: _settled(x, np.sign, lambda v, x: np.clip(np.clip(v, x - 0.7, x + 0.7), -1, 1), 1.0), smooth=False)  # fmt: skip
case("settle, by direction in a ball", {"x": (3,)}, lambda t, x: _quadratic(t, x, rule="normalised", ball=(x, 0.7), norm=2),
     lambda x: _settled(x, _length, lambda v, x: x + _shortened(v - x, 0.7)), smooth=False)  # fmt: skip
