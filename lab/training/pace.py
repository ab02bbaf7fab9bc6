"""How often a training may be looked at: paced by counted work, because the bytes of a run must not depend on a clock.

Work is counted in multiply-adds. What is not one (activations, calls) is given its price in them, as measured on networks from
2-2-2 to 512-512-10, convolutions among them; there the ratio of both works was within a factor of two of that of the times.
"""

from __future__ import annotations

import math

from lab.tape import Program

TRAINED_VALUE = 50  # an activation, its slope and its gradient, in multiply-adds
SEEN_VALUE = 36  # an activation that is read out
STEP = 300_000  # what each minibatch costs besides: gathering, calling kernels
EVALUATION = 6_000_000  # what each evaluation costs besides: a call of its own, norms, events
FORWARD = 1.3  # price of a multiply-add in larger pieces than a minibatch


def evaluation_in_steps(program: Program, batch: int, examples: int) -> float:
    """Work of an evaluation of so many examples, in training steps with minibatches of `batch`."""
    macs = int(program.summary()[-1]["multiply_adds"])
    values = sum(node.size for node in program.tape.nodes if node.kind == "value" and node.base == node.index)
    step = batch * (3 * macs + TRAINED_VALUE * values) + STEP
    return (examples * (FORWARD * macs + SEEN_VALUE * values) + EVALUATION) / step


def spaced(wanted: int, cost: float, share: float) -> int:
    """Steps between two evaluations: the least multiple of `wanted` for which looking takes at most `share` of the training's work."""
    return wanted * max(1, math.ceil(cost / share / wanted))
