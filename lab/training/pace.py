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
FREE = 80_000_000  # evaluations of a run that together cost less (about 2 ms) are nobody's loss, however short the training is
FORWARD = 1.3  # price of a multiply-add in larger pieces than a minibatch


def works(program: Program, batch: int, examples: int) -> tuple[float, float]:
    """Work of a training step with minibatches of `batch`, and of an evaluation of so many examples."""
    macs = int(program.summary()[-1]["multiply_adds"])
    values = sum(node.size for node in program.tape.nodes if node.kind == "value" and node.base == node.index)
    return batch * (3 * macs + TRAINED_VALUE * values) + STEP, examples * (FORWARD * macs + SEEN_VALUE * values) + EVALUATION


def spaced(wanted: int, work: tuple[float, float], share: float, length: int) -> int:
    """Steps between two evaluations: the least multiple of `wanted` for which looking takes at most `share` of the training's work.

    A run of `length` steps may in any case be looked at for as much work as `FREE`.
    """
    step, look = work
    least = min(look / step / share, length * look / FREE)
    return wanted * max(1, math.ceil(least / wanted))
